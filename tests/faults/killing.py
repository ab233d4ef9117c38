"""Processes of two homes at once on one catalog: killed at random, opened, checkpointed, started together.

    python -m tests.faults.killing FOLDER kills --count 1000 --writers 2 [--rollback]  (0 writers: one, two and three in turn) [--seed 1]
    python -m tests.faults.killing FOLDER opens|checkpoints|starts --count 1000 [--rollback]
    python -m tests.faults.killing FOLDER kills:count=40:writers=0 kills:count=20:mode=rollback opens …  (several, one after the other)

Each home has its own HOME and XDG folders, as the next container or another user has.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.faults import playing, verifying
from tests.faults.playing import RECORDED, Promise, log_run, run_to_the_end, set_up, spawn, wait

CATALOG_BYTES = 150 << 20
"""A catalog larger than this is left for a new one, so that a thousand rounds fit on a disk."""
CHECKPOINT_BYTES = 64 << 10


class Place:
    """A folder with a catalog, and two homes."""

    def __init__(self, folder: Path, *, is_rollback: bool) -> None:
        self.folder, self.is_rollback = folder / "rounds", is_rollback
        self.homes = [self.folder / "home-a", self.folder / "home-b"]
        self.path = self.folder / "work" / "x.artui"
        self.faults: list[dict[str, object]] = []
        self.acknowledged_count = self.found_count = 0
        self.renew()

    def renew(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        for folder in (*self.homes, self.path.parent):
            folder.mkdir(parents=True)

    def set_up(self, number: int, *, flush_seconds: float = 0.01) -> None:
        set_up(self.homes[number % 2], is_rollback=self.is_rollback, flush_seconds=flush_seconds)

    def verify(self, promised: list[Promise], *, number: int, messages: str = "") -> None:
        seen = verifying.verify(
            self.path, promised, homes=[self.homes[number % 2], self.homes[1 - number % 2]],
            is_reader_first=number % 2 == 0, messages=messages, is_rollback=self.is_rollback,
        )  # fmt: skip
        self.acknowledged_count += seen.acknowledged_count
        self.found_count += seen.found_count
        if seen.faults:
            self.blame(number, *seen.faults, messages=messages)
            # What is left would be counted again in every later round.
            self.keep()
            self.renew()

    def blame(self, number: int, *faults: str, messages: str = "") -> None:
        self.faults.append(
            {"round": number, "rollback": self.is_rollback, "seen": list(faults), "said": messages[-600:]}
        )

    def keep(self) -> None:
        """Keep what the first faults left, to be looked at."""
        target = self.folder.with_name(f"kept-{len(self.faults)}")
        if len(self.faults) <= 5 and not target.exists():
            shutil.copytree(self.path.parent, target)

    def clear_messages(self) -> None:
        for file in self.folder.glob("said-*.txt"):
            file.unlink()
        for file in self.folder.glob("aside-*"):
            file.unlink()

    def messages(self) -> str:
        return "\n".join(file.read_text(errors="replace") for file in sorted(self.folder.glob("said-*.txt")))


def kills(place: Place, count: int, *, writers: int, seed: int) -> str:
    """Kill loggers, and those who take over what they left, at random moments."""
    chance = random.Random(seed)
    for number in range(count):
        if place.path.exists() and place.path.stat().st_size > CATALOG_BYTES:
            place.renew()
        place.clear_messages()
        promised = []
        children = []
        is_large = chance.random() < 0.4
        for writer in range(writers or 1 + number % 3):
            promise = Promise()
            promised.append(promise)
            children.append(
                spawn(_logger(place, writer, promise, is_large=is_large), place.folder / f"said-{writer}.txt")
            )
        # Some are killed while they start. The others once all of them log, however long a busy machine takes to come to that.
        if chance.random() < 0.8:
            deadline = time.monotonic() + 10
            while not all(promise.get("points") for promise in promised) and time.monotonic() < deadline:
                time.sleep(0.001)
            time.sleep(chance.uniform(0.0, 0.3 if is_large else 0.08))
        else:
            time.sleep(chance.uniform(0.0, 0.15))
        for child in sorted(children, key=lambda _: chance.random()):
            os.kill(child, 9)
            if chance.random() < 0.5:
                time.sleep(chance.uniform(0.0, 0.02))
        for child in children:
            os.waitpid(child, 0)
        while chance.random() < 0.4:
            child = spawn(_taker(place, chance.randrange(2), by_run=chance.random() < 0.4), place.folder / "said-t.txt")
            time.sleep(chance.uniform(0.0, 0.06))
            os.kill(child, 9)
            os.waitpid(child, 0)
        place.verify(promised, number=number, messages=place.messages())
    return f"{count} kills, {writers or '1 to 3'} writers"


def _logger(place: Place, number: int, promise: Promise, *, is_large: bool) -> Callable[[], None]:
    def work() -> None:
        place.set_up(number)
        log_run(place.path, promise, points=30, large=2 if is_large else 0, name=f"run-{number}", until_killed=True)

    return work


def _taker(place: Place, number: int, *, by_run: bool) -> Callable[[], None]:
    def work() -> None:
        place.set_up(number)
        if by_run:
            log_run(place.path, Promise(), points=playing.SHORT, name="taker")
        elif place.path.exists():
            playing.command("ls", "--catalog", str(place.path))

    return work


def opens(place: Place, count: int, *, writers: int, seed: int) -> str:
    """Open a catalog while a run saves large files into it: by readers, and by runs of another home."""
    stop, promise = Promise(), Promise()

    def save() -> None:
        import artui

        place.set_up(0, flush_seconds=0.05)
        aside = place.folder / "aside-0"
        run = artui.start_run(catalog=place.path, name="saver", console=False, code=False, system_metrics=False)
        promise.run_id = run.id
        promise.put("started", RECORDED if run.is_recorded else playing.REFUSED)
        for step in range(1 << 40):
            if stop.get("ended"):
                break
            playing.write_beside(aside, os.urandom(playing.LARGE_BYTES))
            if run.save("large", aside, kind="model"):
                promise.put("large", promise.get("large") + 1)
            run.log({"x": float(step), "y": step / 3}, step=step)
            promise.put("points", step + 1)
            time.sleep(0.02)
        run.finish()
        promise.put("finished", 1)

    def read() -> None:
        import artui

        place.set_up(0)
        for number in range(count * 9 // 10):
            try:
                with artui.open_catalog(place.path) as catalog:
                    if not any(run.name == "saver" for run in catalog.runs()) and promise.get("points"):
                        print(f"reader {number}: the run is not listed")
                stop.put("points", stop.get("points") + 1)
            except Exception as error:  # noqa: BLE001 - whatever it is, a reader was refused
                print(f"reader {number}: {type(error).__name__}: {error}")

    saver = spawn(save, place.folder / "said-saver.txt")
    deadline = time.monotonic() + 30
    while not promise.get("large") and time.monotonic() < deadline:
        time.sleep(0.005)
    reader = spawn(read, place.folder / "refused.txt")
    promised = [promise]
    for number in range(count - count * 9 // 10):
        other = Promise()
        promised.append(other)
        code = run_to_the_end(
            _starter(place, 1, other, points=20, name=f"other-{number}"), place.folder / "said-other.txt"
        )
        if other.get("started") != RECORDED or code != 0:
            place.blame(number, f"UNRECORDED: a run beside the saver ({code})", messages=place.messages())
    if wait(reader, seconds=600) is None:
        place.blame(0, "HANG of a reader")
    stop.put("ended", 1)
    if wait(saver, seconds=120) != 0:
        place.blame(0, "HANG or crash of the saver", messages=place.messages())
    refused = (place.folder / "refused.txt").read_text(errors="replace").splitlines()
    for line, times in Counter(line.split(": ", 1)[-1] for line in refused).items():
        place.blame(0, f"REFUSED {times} times: {line}")
    place.verify(promised, number=1, messages=place.messages())
    return f"{stop.get('points')} of {count * 9 // 10} readers let in, {count - count * 9 // 10} runs of another home, beside {promise.get('large')} large files"


def _starter(
    place: Place, number: int, promise: Promise, *, points: int, name: str, at: float = 0.0
) -> Callable[[], None]:
    def work() -> None:
        place.set_up(number)
        while time.time() < at:
            pass
        log_run(place.path, promise, points=points, name=name)

    return work


def checkpoints(place: Place, count: int, *, writers: int, seed: int) -> str:
    """Let two processes of two homes checkpoint one catalog as often as they can, while readers look on."""
    counter = [Promise(), Promise()]
    promised = [Promise(), Promise()]

    def work(number: int) -> Callable[[], None]:
        def log() -> None:
            from artui.catalog import journal

            place.set_up(number, flush_seconds=0.002)
            assert hasattr(journal, "CHECKPOINT_BYTES")
            journal.CHECKPOINT_BYTES = CHECKPOINT_BYTES
            _count_checkpoints(counter[number])
            _log_until(place.path, promised[number], lambda: sum(child.get("calls") for child in counter) >= count)

        return log

    children = [spawn(work(number), place.folder / f"said-{number}.txt") for number in range(2)]
    for child in children:
        if wait(child, seconds=900) != 0:
            place.blame(0, "HANG or crash of a writer", messages=place.messages())
    place.verify(promised, number=0, messages=place.messages())
    return f"{' + '.join(str(each.get('calls')) for each in counter)} checkpoints from two homes"


def _count_checkpoints(promise: Promise) -> None:
    """Count the statements that SQLite is given, without changing what they do."""
    connect = sqlite3.connect

    def count(statement: str) -> None:
        if "wal_checkpoint" in statement.lower():
            promise.put("calls", promise.get("calls") + 1)

    def traced(*arguments: object, **options: object) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*arguments, **options)  # type: ignore[call-overload]
        connection.set_trace_callback(count)
        return connection

    sqlite3.connect = traced  # type: ignore[assignment]


def _log_until(path: Path, promise: Promise, is_enough: Callable[[], bool]) -> None:
    import artui

    run = artui.start_run(catalog=path, console=False, code=False, system_metrics=False)
    promise.run_id = run.id
    promise.put("started", RECORDED if run.is_recorded else playing.REFUSED)
    aside = path.parent.parent / f"aside-{os.getpid()}"
    deadline = time.monotonic() + 600
    step = 0
    while not is_enough() and time.monotonic() < deadline:
        run.log({"x": float(step), "y": step / 3}, step=step)
        step += 1
        promise.put("points", step)
        if step % 20 == 0:
            aside.write_bytes(os.urandom(200_000))
            run.save("small-ones", aside, kind="other")
    run.finish()
    promise.put("finished", 1)


def starts(place: Place, count: int, *, writers: int, seed: int) -> str:
    """Start several processes at one moment on no catalog, a plain one, and ones of each older schema."""
    kinds = ("none", "plain", "schema-1", "schema-2", "schema-3", "schema-4", "schema-5", "schema-6")
    for number in range(count):
        kind = kinds[number % len(kinds)]
        place.renew()
        if kind == "plain":
            run_to_the_end(_starter(place, 0, Promise(), points=3, name="before"), place.folder / "before.txt")
        elif kind != "none":
            playing.old_catalog(place.path, int(kind[-1]))
        at = time.time() + 0.03
        promised = [Promise() for _ in range(writers)]
        children = [
            spawn(
                _starter(place, writer, promise, points=10, name=f"run-{writer}", at=at),
                place.folder / f"said-{writer}.txt",
            )
            for writer, promise in enumerate(promised)
        ]
        reader = spawn(_watcher(place, at), place.folder / "refused.txt") if kind != "none" else None
        for writer, child in enumerate(children):
            code = wait(child, seconds=60)
            if code != 0 or promised[writer].get("started") != RECORDED:
                place.blame(number, f"UNRECORDED on {kind} ({code})", messages=place.messages())
        if reader is not None and (code := wait(reader, seconds=60)) != 0:
            messages = (place.folder / "refused.txt").read_text(errors="replace")
            place.blame(number, f"REFUSED: a reader beside starts on {kind} ({code})", messages=messages)
        place.verify(promised, number=number, messages=place.messages())
    return f"{count} starts of {writers} processes at once"


def _watcher(place: Place, at: float) -> Callable[[], None]:
    def work() -> None:
        import artui

        place.set_up(1)
        while time.time() < at:
            pass
        for _ in range(5):
            with artui.open_catalog(place.path) as catalog:
                catalog.runs()

    return work


MACHINES = {"kills": kills, "opens": opens, "checkpoints": checkpoints, "starts": starts}


@dataclass(frozen=True)
class Plan:
    """One of the machines with its counts: `MACHINE[:count=4][:writers=0][:seed=2][:mode=rollback]` on the command line."""

    machine: str
    mode: str
    count: int
    writers: int
    seed: int

    @classmethod
    def read(cls, text: str, options: argparse.Namespace) -> Plan:
        """Read a plan; what it does not say is as the options say."""
        machine, *words = text.split(":")
        assert machine in MACHINES, f"{text}: of {sorted(MACHINES)}"
        said = dict(word.split("=") for word in words)
        mode = said.pop("mode", "rollback" if options.rollback else "wal")
        counts = {"count": options.count, "writers": options.writers, "seed": options.seed}
        assert said.keys() <= counts.keys(), text
        return cls(machine, mode, **counts | {name: int(value) for name, value in said.items()})


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("plans", nargs="+")
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--writers", type=int, default=2)
    parser.add_argument("--rollback", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--report", type=Path, default=None)
    options = parser.parse_args()
    plans = [Plan.read(text, options) for text in options.plans]
    playing.preload(migrates=any(plan.machine == "starts" for plan in plans))
    bad = 0
    for plan in plans:
        place = Place(options.folder.resolve(), is_rollback=plan.mode == "rollback")
        began = time.monotonic()
        what = MACHINES[plan.machine](place, plan.count, writers=plan.writers, seed=plan.seed)
        bad += len(place.faults)
        counts: Counter[str] = Counter()
        for fault in place.faults:
            counts.update(str(seen).split(" ", 1)[0].rstrip(":") for seen in fault["seen"])  # type: ignore[attr-defined]
            if options.report:
                with options.report.open("a") as report:
                    report.write(json.dumps(fault) + "\n")
            else:
                print(json.dumps(fault))
        print(
            f"{what}, {plan.mode}: {place.acknowledged_count:,} points acknowledged, "
            f"{place.found_count:,} found, {len(place.faults)} bad {dict(counts)}, {time.monotonic() - began:.0f} s",
            flush=True,
        )
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
