"""Many processes on one folder or bucket, which push, pull and sync at once and are killed at any moment: nothing that was acknowledged is lost.

    python -m tests.travel.racing [--processes 16] [--rounds 1000] [--seed 0] [--place URI]

Each process has a catalog of its own. A round lets one of them log a run, push, pull or sync, and kills it in the middle of it now and then.
What was said to be logged is in every catalog in the end, and all of them are equal.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

_LEAST, _MOST = 0.005, 0.6
"""Seconds after which a process is killed."""
_KILLED = 0.5
"""The share of the rounds in which it is."""
_PACKS = 8
"""Of more packs than this one is made, so that packs are replaced and removed in a race, too."""


@dataclass
class Raced:
    """What came of a race."""

    rounds: int = 0
    kills: int = 0
    acknowledged: int = 0
    faults: list[str] = field(default_factory=list)


def race(folder: Path, place: str, *, processes: int, rounds: int, seed: int, seconds: float = 3600.0) -> Raced:
    """Let processes race until so many rounds were run by all of them together; say what is wrong in the end."""
    raced, deadline = Raced(), time.monotonic() + seconds
    alone = multiprocessing.get_context("spawn")
    shares = [rounds // processes + (number < rounds % processes) for number in range(processes)]
    players = [
        alone.Process(target=_play, args=(folder, place, number, share, seed, deadline))
        for number, share in enumerate(shares)
    ]
    for player in players:
        player.start()
    for player in players:
        player.join()
        if player.exitcode:
            raced.faults.append(f"a player ended with {player.exitcode}")
    wanted: set[str] = set()
    for number in range(processes):
        lines = (folder / f"said-{number}").read_text().splitlines()
        wanted |= {line.split()[1] for line in lines if line.startswith("run ")}
        raced.rounds += lines.count("round")
        raced.kills += lines.count("killed")
        raced.faults += [line for line in lines if line.startswith("FAULT")]
    raced.acknowledged = len(wanted)
    raced.faults += _ending(folder, place, processes, wanted)
    return raced


def _set_up(folder: Path, number: int) -> None:
    home = folder / f"home-{number}"
    for name, part in (("STATE", "state"), ("CACHE", "cache"), ("CONFIG", "config"), ("DATA", "data")):
        os.environ[f"XDG_{name}_HOME"] = str(home / part)
    # Replaced packs are removed after a second: long enough for who has listed them, and it happens in the race.
    os.environ |= {"HOME": str(home), "ARTUI_PACK_DAYS": "0.00001", "ARTUI_CONSOLE": "0", "ARTUI_SYSTEM_SECONDS": "0", "ARTUI_CODE": "0"}  # fmt: skip
    from artui.travel import syncing

    assert syncing.MOST_PACKS and syncing.FEW_PACKS
    syncing.MOST_PACKS, syncing.FEW_PACKS = _PACKS, 2


def _play(folder: Path, place: str, number: int, rounds: int, seed: int, deadline: float) -> None:
    """Play the rounds of one person: each in a child, which may be killed; what it acknowledged stands in a file."""
    _set_up(folder, number)
    from artui.content.stores.places import is_uri
    from artui.travel import packs

    if not is_uri(place):  # what reaches a bucket has threads, and is none to be forked
        packs.place(place, is_written=True)  # loads what all of the children need
    chance = random.Random(seed * 1000 + number)
    said = folder / f"said-{number}"
    said.touch()
    for _ in range(rounds):
        if time.monotonic() > deadline:
            return
        what = chance.choice(("log", "log", "push", "pull", "sync"))
        after = chance.uniform(_LEAST, _MOST) if chance.random() < _KILLED else None
        child = os.fork()
        if not child:
            _round(folder / f"{number}.artui", place, what, said)
        killed = _wait(child, after)
        with said.open("a") as file:
            file.write("round\n" + "killed\n" * killed)


def _wait(child: int, after: float | None) -> bool:
    """Wait for a child, or kill it after some time; say whether it was killed."""
    until = time.monotonic() + (60.0 if after is None else after)
    while time.monotonic() < until:
        if os.waitpid(child, os.WNOHANG)[0]:
            return False
        time.sleep(0.002)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return True


def _round(path: Path, place: str, what: str, said: Path) -> None:
    from artui.errors import ArtuiError
    from artui.travel import packs
    from artui.travel.syncing import Outgoing, pull, push, sync

    def say(text: str) -> None:
        handle = os.open(said, os.O_WRONLY | os.O_APPEND)
        os.write(handle, f"{text}\n".encode())
        os.close(handle)

    try:
        store = packs.place(place, is_written=True)
        if what == "log":
            say(f"run {_logged(path)}")
        elif not path.exists() and what == "push":
            pass
        else:
            action = {"push": push, "sync": sync}.get(what)
            done = action(path, store, Outgoing()) if action else pull(path, store)
            troubles = getattr(done, "troubles", ())
            if troubles:
                say(f"FAULT {what}: {troubles[0]}")
    except ArtuiError as error:
        say(f"FAULT {what}: {error}".replace("\n", " "))
    except BaseException as error:  # noqa: BLE001 - a child must never go on as its parent
        say(f"FAULT {what}: {type(error).__name__} {error}".replace("\n", " "))
    os._exit(0)


def _logged(path: Path) -> str:
    """Write a run, as a job does that ends; give its id."""
    from artui import clock
    from artui.catalog import Catalog, runs

    now = clock.now_ms()
    with Catalog(path) as catalog, catalog.transaction() as connection:
        key = runs.start(connection, runs.NewRun("race", f"run-{os.getpid()}", started_ms=now))
        runs.finish(connection, key, status="finished", ended_ms=now + 1, duration_ms=1)
        (run_id,) = connection.execute("SELECT id FROM run WHERE key = ?", (key,)).fetchone()
    return str(run_id)


def _ending(folder: Path, place: str, processes: int, wanted: set[str]) -> list[str]:
    """Let everybody sync without kills, and compare what they have."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(_compared, (folder, place, processes, wanted))


def _compared(folder: Path, place: str, processes: int, wanted: set[str]) -> list[str]:
    import sqlite3
    from contextlib import closing

    _set_up(folder, processes)
    from artui.catalog import logical
    from artui.travel import packs
    from artui.travel.syncing import Outgoing, pull, sync

    paths = [folder / f"{number}.artui" for number in range(processes)]
    faults: list[str] = []
    for _ in range(2):
        for path in paths:
            synced = sync(path, packs.place(place, is_written=True), Outgoing())
            faults += [f"{path.name}: {trouble.why}" for each in synced.pulled for trouble in each.troubles]
    pull(folder / "late.artui", packs.place(place, is_written=True))
    digests = set()
    for path in (*paths, folder / "late.artui"):
        with closing(sqlite3.connect(path)) as connection:
            here = {str(row[0]) for row in connection.execute("SELECT id FROM run")}
            digests.add(tuple(sorted(logical.digests(connection).items())))
        if lost := wanted - here:
            faults.append(f"LOST in {path.name}: {len(lost)} of {len(wanted)}, {sorted(lost)[:3]}")
    return faults + ([f"DIFFERENT: {len(digests)} digests"] if len(digests) > 1 else [])


def main(arguments: Sequence[str] | None = None) -> int:
    """Race, and print what came of it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--processes", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--place", default="", help="A folder or URI; by default a folder that is made for it.")
    options = parser.parse_args(arguments)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        place = options.place or str(Path(folder) / "team")
        if not options.place:
            os.mkdir(place)
        raced = race(Path(folder), place, processes=options.processes, rounds=options.rounds, seed=options.seed)
    print(
        f"{options.processes} processes, {raced.rounds} rounds, seed {options.seed}: {raced.kills} killed, {raced.acknowledged} runs acknowledged, "
        f"{len(raced.faults)} faults, {time.monotonic() - began:.0f} s"
    )
    for fault in raced.faults[:20]:
        print(fault)
    return int(bool(raced.faults))


if __name__ == "__main__":
    sys.exit(main())
