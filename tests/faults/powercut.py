"""Cuts the power at any moment of what a process does, and looks what is left on the disk.

    python -m tests.faults.powercut FOLDER --play log --count 1000 [--rollback] [--seed 1]
    python -m tests.faults.powercut FOLDER log-short:count=3 take-over-by-run:count=2:mode=rollback …

The process runs once, with every write, sync and change of names written down by `shim.c`. A round takes a moment
until which the disk had time to write everything, and a later one at which the power fails. Of what came between,
that is kept for certain which was synced; the rest is kept, lost, or torn, as one of five disks would. What had been
promised at the first moment must be there.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import random
import shutil
import struct
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.faults import injecting, playing, verifying
from tests.faults.injecting import LINK, RENAME, SYNC, UNLINK, WRITE
from tests.faults.playing import Promise

CREATE, FOLDER, UNFOLDER, TRUNCATE = 128, 129, 130, 131
PROMISE_BYTES = 192
_HEAD = struct.Struct("<5q")
SECTOR_BYTES = 512


@dataclass(frozen=True)
class Step:
    """One call that was done."""

    kind: int
    path: str
    other: str
    """The file's inode, or where a name came from."""
    offset: int
    content: bytes
    promise: bytes
    """What was promised when it was done."""


def read_steps(log: Path) -> Iterator[Step]:
    content, place = log.read_bytes(), 0
    while place < len(content):
        kind, offset, path_size, other_size, size = _HEAD.unpack_from(content, place)
        place += _HEAD.size
        parts = []
        for part_size in (PROMISE_BYTES, path_size, other_size, size if kind == WRITE else 0):
            parts.append(content[place : place + part_size])
            place += part_size
        yield Step(kind, os.fsdecode(parts[1]), os.fsdecode(parts[2]), offset, parts[3], parts[0])


@dataclass
class File:
    """The content of one inode: what is surely on the disk, and what was done since."""

    durable: bytearray = field(default_factory=bytearray)
    since: list[Step] = field(default_factory=list)


@dataclass(frozen=True)
class Cut:
    """What a disk does with what was not synced."""

    title: str
    keeps: Callable[[random.Random], bool]
    """Of each piece of content."""
    name_share: float
    """Of the changes of names in each folder so much is kept, from the first on: journals keep their order."""


CUTS = (
    Cut("nothing unsynced", lambda _: False, 0.0),
    Cut("names only", lambda _: False, 1.0),
    Cut("content only", lambda _: True, 0.0),
    Cut("half of all", lambda chance: chance.random() < 0.5, 0.5),
    Cut("most", lambda chance: chance.random() < 0.9, 0.9),
)


class Disk:
    """Files and names as the disk has them, and as the process sees them.

    A file system gives the number of an inode that is gone to the next file. The disk may still have the file that is
    gone, by its name, so each making counts as a file of its own.
    """

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.files: dict[str, File] = {}
        self.made: Counter[str] = Counter()
        self.names: dict[str, str] = {}
        self.durable_names: dict[str, str] = {}
        self.name_steps: list[Step] = []
        self.folders: set[str] = set()

    def do(self, step: Step) -> None:
        if step.path.removesuffix(" (deleted)").endswith("-shm"):
            return
        if step.kind in (CREATE, WRITE, TRUNCATE, SYNC):
            self.made[step.other] += step.kind == CREATE
            step = replace(step, other=f"{step.other}.{self.made[step.other]}")
        if step.kind in (WRITE, TRUNCATE):
            self.files.setdefault(step.other, File()).since.append(step)
        elif step.kind == SYNC:
            if step.path in self.folders or step.path == self.folder:
                self._sync_names(step.path)
            elif step.other in self.files:
                file = self.files[step.other]
                file.durable, file.since = _with(file, file.since), []
        elif step.kind == FOLDER:
            self.folders.add(step.path)
        elif step.kind == UNFOLDER:
            pass  # an empty folder that comes back is the same as one that stays
        else:
            self.name_steps.append(step)
            _rename(self.names, step)

    def _sync_names(self, folder: str) -> None:
        left = []
        for step in self.name_steps:
            if os.path.dirname(step.path) == folder:
                _rename(self.durable_names, step, names=self.names)
            else:
                left.append(step)
        self.name_steps = left

    def write_back(self) -> None:
        """Have everything on the disk, as after half a minute."""
        for file in self.files.values():
            file.durable, file.since = _with(file, file.since), []
        self.durable_names, self.name_steps = dict(self.names), []

    def after(self, cut: Cut, chance: random.Random) -> dict[str, bytes]:
        """Give what is there when the power is back."""
        names = dict(self.durable_names)
        for folder in {os.path.dirname(step.path) for step in self.name_steps}:
            steps = [step for step in self.name_steps if os.path.dirname(step.path) == folder]
            for step in steps[: round(len(steps) * cut.name_share)]:
                _rename(names, step, names=self.names)
        kept = {}
        for path, inode in names.items():
            file = self.files.get(inode, File())
            kept[path] = bytes(_with(file, [part for step in file.since for part in _parts(step, cut, chance)]))
        return kept


def _rename(into: dict[str, str], step: Step, *, names: dict[str, str] | None = None) -> None:
    if step.kind == CREATE:
        into[step.path] = step.other
    elif step.kind == LINK:
        source = into.get(step.other) or (names or {}).get(step.other) or (names or {}).get(step.path)
        if source is not None:
            into[step.path] = source
    elif step.kind == RENAME:
        source = into.pop(step.other, None) or (names or {}).get(step.path)
        if source is not None:
            into[step.path] = source
    elif step.kind == UNLINK:
        into.pop(step.path, None)


def _parts(step: Step, cut: Cut, chance: random.Random) -> Iterator[Step]:
    """Give the parts of a write that reach the disk: a sector is written whole or not at all."""
    if step.kind == TRUNCATE:
        if cut.keeps(chance):
            yield step
        return
    for start in range(0, len(step.content), SECTOR_BYTES):
        if cut.keeps(chance):
            part = step.content[start : start + SECTOR_BYTES]
            yield Step(WRITE, step.path, step.other, step.offset + start, part, b"")


def _with(file: File, steps: list[Step]) -> bytearray:
    content = bytearray(file.durable)
    for step in steps:
        if step.kind == TRUNCATE:
            del content[step.offset :]
            content += bytes(step.offset - len(content))
            continue
        if step.offset > len(content):
            content += bytes(step.offset - len(content))
        content[step.offset : step.offset + len(step.content)] = step.content
    return content


class Machine:
    """Runs a play once, then cuts the power in it again and again."""

    def __init__(self, folder: Path, play: injecting.Play, *, is_rollback: bool) -> None:
        self.folder, self.play, self.is_rollback = folder, play, is_rollback
        self.acknowledged_count = self.found_count = 0
        work, self.home = folder / "work", folder / "home"
        shutil.rmtree(folder, ignore_errors=True)
        work.mkdir(parents=True)
        self.home.mkdir()
        self.path = work / "x.artui"
        self.promised = play.prepare(self, self.path, self.home)
        self.before = self._files()
        log, promise = folder / "steps.bin", Promise()
        library = ctypes.CDLL(None)

        def victim() -> None:
            playing.set_up(self.home, is_rollback=is_rollback, flush_seconds=0.01)
            handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            library.fault_log(os.fsencode(work), handle, ctypes.c_char_p(promise.address))
            play.act(self.path, promise)

        assert playing.run_to_the_end(victim, folder / "victim.txt") == 0, (folder / "victim.txt").read_text()
        self.steps = list(read_steps(log))
        disk = self._disk(len(self.steps))
        # What was written down must be what was done, or the disks made from it mean nothing.
        assert disk.after(CUTS[0], random.Random(0)) == {path: content for path, (_, content) in self._files().items()}

    def _files(self) -> dict[str, tuple[str, bytes]]:
        """Give the inode and content of every file."""
        return {
            str(file): (str(file.stat().st_ino), file.read_bytes())
            for file in self.path.parent.rglob("*")
            if file.is_file() and not file.name.endswith("-shm")
        }

    def _disk(self, step_count: int) -> Disk:
        """Give a disk that has everything of the first steps."""
        disk = Disk(str(self.path.parent))
        for path, (inode, content) in self.before.items():
            file = f"{inode}.0"
            disk.files[file], disk.names[path] = File(bytearray(content)), file
            disk.folders.add(os.path.dirname(path))
        for step in self.steps[:step_count]:
            disk.do(step)
        disk.write_back()
        return disk

    def cut(self, written: int, failed: int, cut: Cut, seed: int) -> list[str]:
        """Let the disk have everything of the first steps, and fail after some more."""
        disk = self._disk(written)
        for step in self.steps[written:failed]:
            disk.do(step)
        shutil.rmtree(self.path.parent)
        self.path.parent.mkdir()
        for name, content in disk.after(cut, random.Random(seed)).items():
            Path(name).parent.mkdir(exist_ok=True)
            Path(name).write_bytes(content)
        promise = Promise()
        if written:
            promise.restore(self.steps[written - 1].promise)
        seen = verifying.verify(
            self.path,
            [*self.promised, promise],
            homes=[self.home],
            is_reader_first=seed % 2 == 0,
            is_rollback=self.is_rollback,
        )
        self.acknowledged_count += seen.acknowledged_count
        self.found_count += seen.found_count
        return seen.faults + (self.play.check(self.path, promise) if promise.get("exit") else [])


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("plays", nargs="*", help="PLAY:count=3[:mode=rollback], several, instead of the options")
    parser.add_argument("--play", choices=sorted(injecting.PLAYS), default="log-short")
    parser.add_argument("--rollback", action="store_true")
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--report", type=Path, default=None)
    options = parser.parse_args()
    plays = options.plays or [options.play]
    playing.preload(migrates=any(play.startswith("migrate-") for play in plays))
    return 1 if sum(_play(words, options) for words in plays) else 0


def _play(words: str, options: argparse.Namespace) -> int:
    """Play one thing, and cut the power at so many moments of it; give how many were bad."""
    play, *rest = words.split(":")
    said = dict(word.split("=") for word in rest)
    assert said.keys() <= {"count", "mode"}, words
    count, is_rollback = int(said.get("count", options.count)), said.get("mode") == "rollback" or options.rollback
    machine = Machine(options.folder.resolve() / "rounds", injecting.PLAYS[play], is_rollback=is_rollback)
    chance, began, bad = random.Random(options.seed), time.monotonic(), 0
    counts: Counter[str] = Counter()
    for number in range(count):
        failed = chance.randrange(1, len(machine.steps) + 1)
        written = max(0, failed - round(chance.paretovariate(0.4))) if number % 5 else 0
        cut = CUTS[number % len(CUTS)]
        seen = machine.cut(written, failed, cut, number)
        if seen:
            bad += 1
            counts.update(fault.split(" ", 1)[0].rstrip(":") for fault in seen)
            last = [
                f"{fault.kind} {Path(fault.path).name} {fault.offset}"
                for fault in machine.steps[max(0, failed - 3) : failed]
            ]
            line = {
                "play": play, "rollback": is_rollback, "written": written, "failed": failed,
                "of": len(machine.steps), "cut": cut.title, "seed": number, "seen": seen, "last": last,
            }  # fmt: skip
            if options.report:
                with options.report.open("a") as report:
                    report.write(json.dumps(line) + "\n")
            else:
                print(json.dumps(line), flush=True)
    print(
        f"{count} power cuts in {len(machine.steps)} steps of {play}, {'rollback' if is_rollback else 'wal'}: "
        f"{machine.acknowledged_count:,} points acknowledged, {machine.found_count:,} found, {bad} bad {dict(counts)}, {time.monotonic() - began:.0f} s"
    )
    return bad


if __name__ == "__main__":
    sys.exit(main())
