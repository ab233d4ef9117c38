"""Kills loggers at random moments and counts what is left: used by the tests, and by the long run in `tests/bench`.

    python tests/capture/crashing.py CATALOG --rounds 1000 --writers 2 [--times 5] [--full-disk] [--seed 1]

Each logger acknowledges every call through a pipe. Afterwards every acknowledged point must be in the catalog,
once and in order, and the catalog must pass its check. It forks from a process that has opened nothing.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import select
import signal
import sqlite3
import struct
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import artui
from artui.capture import writer
from artui.catalog import Catalog
from artui.catalog.spool import adopting
from tests.faults import playing

STEP = struct.Struct("<q")


def log_until_killed(path: str, name: str, pipe: int, *, is_full_disk: bool, seed: int) -> None:
    """The logger: one call after the other, each acknowledged once `log` has returned."""
    chance = random.Random(seed)
    writer.FLUSH_SECONDS = 0.01  # many folds, so that kills fall into them
    run = artui.start_run(project="crash", name=name, catalog=path)
    limit_at, lift_at = chance.randrange(20, 200), chance.randrange(300, 900)
    for step in range(1 << 40):
        if is_full_disk and step == limit_at:
            size = os.path.getsize(path)
            resource.setrlimit(resource.RLIMIT_FSIZE, (size + chance.randrange(1, 20_000), resource.RLIM_INFINITY))
        if is_full_disk and step == lift_at:
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        run.log({"x": float(step), "y": step / 3}, step=step)
        os.write(pipe, STEP.pack(step))
        if is_full_disk and step > 1000:
            run.finish()
            os._exit(0)
        if step % 7 == 0:
            time.sleep(0.0005)


def spawn(work: object, *arguments: object, **options: object) -> int:
    child = os.fork()
    if child == 0:
        try:
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, 2)
            work(*arguments, **options)  # type: ignore[operator]
        finally:
            os._exit(0)
    return child


def adopt(path: str) -> None:
    with Catalog(path) as catalog:
        adopting.adopt(catalog)


def kill_loggers(path: str, names: list[str], chance: random.Random, *, is_full_disk: bool) -> dict[str, bytes]:
    """Start loggers, kill them at one moment, and give what each has acknowledged."""
    loggers = []
    for name in names:
        out, into = os.pipe()
        child = spawn(log_until_killed, path, name, into, is_full_disk=is_full_disk, seed=chance.getrandbits(32))
        os.close(into)
        loggers.append((name, child, out))
    acknowledged = {name: b"" for name, _, _ in loggers}
    pipes = {out: name for name, _, out in loggers}
    # Some are killed while they start. The others once all of them log, however long a busy machine takes to come to that.
    is_early = not is_full_disk and chance.random() < 0.2
    deadline = time.monotonic() + (chance.uniform(0.0, 0.1) if is_early else 60)
    is_warm = is_full_disk
    while pipes and time.monotonic() < deadline:
        for out in select.select(list(pipes), [], [], 0.002)[0]:
            content = os.read(out, 1 << 16)
            acknowledged[pipes[out]] += content
            if not content:
                del pipes[out]
        if not is_warm and all(acknowledged.values()):
            is_warm, deadline = True, time.monotonic() + chance.uniform(0.0, 0.06)
    for _, child, _ in loggers:
        os.kill(child, signal.SIGKILL)
    for name, child, out in loggers:
        os.waitpid(child, 0)
        while content := os.read(out, 1 << 16):
            acknowledged[name] += content
        os.close(out)
    return acknowledged


def one_round(
    path: str, number: int, chance: random.Random, *, writers: int, is_full_disk: bool, times: int
) -> tuple[int, int]:
    """Kill loggers, so many times one after the other; take over what they left; give (acknowledged, found) points."""
    acknowledged: dict[str, bytes] = {}
    for turn in range(times):
        names = [f"run-{number}-{turn}-{writer}" for writer in range(writers)]
        acknowledged |= kill_loggers(path, names, chance, is_full_disk=is_full_disk)
        while chance.random() < 0.3 / times:
            killed = spawn(adopt, path)
            time.sleep(chance.uniform(0.0, 0.02))
            os.kill(killed, signal.SIGKILL)
            os.waitpid(killed, 0)
    os.waitpid(spawn(adopt, path), 0)
    totals = [0, 0]
    with artui.open_catalog(path) as catalog:
        runs = {run.name: run for run in catalog.runs()}
        for name, content in acknowledged.items():
            count = len(content) // STEP.size
            if name not in runs:
                assert count == 0, f"{name}: {count} points were acknowledged, and the run is not there"
                continue
            run = runs[name]
            assert run.status in (("finished", "killed") if is_full_disk else ("killed",)), f"{name} is {run.status}"
            metrics = run.metrics
            values = run.series("x").values.tolist() if metrics else []
            steps = run.series("y").steps.tolist() if metrics else []
            assert values == list(range(len(values))), f"{name}: points are missing, doubled or out of order"
            assert steps == list(range(len(values))), f"{name}: the metrics of one call were torn apart"
            assert len(values) >= count, f"{name}: {count} acknowledged, {len(values)} found"
            totals[0] += count
            totals[1] += len(values)
    left = (
        [] if not os.path.isdir(f"{path}-spool") else [name for name in os.listdir(f"{path}-spool") if name[0] != "."]
    )
    assert not left, f"left beside the catalog: {left}"
    return totals[0], totals[1]


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("catalog")
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--writers", type=int, default=1)
    parser.add_argument("--times", type=int, default=1, help="kills before anybody takes over what they left")
    parser.add_argument("--full-disk", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    os.environ |= {"ARTUI_CONSOLE": "0", "ARTUI_SYSTEM_SECONDS": "0", "ARTUI_CODE": "0"}
    playing.preload()
    chance = random.Random(options.seed)
    path = str(Path(options.catalog).absolute())
    acknowledged_count = found_count = 0
    os.waitpid(spawn(adopt, path), 0)  # makes the catalog
    for number in range(options.rounds):
        counts = one_round(
            path, number, chance, writers=options.writers, is_full_disk=options.full_disk, times=options.times
        )
        acknowledged_count, found_count = acknowledged_count + counts[0], found_count + counts[1]
    time.sleep(adopting.PART_SECONDS + 0.1)  # a beginning without a name is left alone for so long
    os.waitpid(spawn(adopt, path), 0)
    assert not os.path.exists(f"{path}-spool")
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    print(
        f"{options.rounds} rounds of {options.times}, {options.writers} writers: {acknowledged_count:,} points acknowledged, {found_count:,} found, 0 lost, 0 twice"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
