"""Catalogs with five things changed in each, anywhere in the file, and every way to read them.

    python -m tests.faults.fuzzing FOLDER --count 500 [--seed 1]

A changed catalog is refused in a line or shown; reading never crashes, hangs, or writes to it.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import shutil
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from artui.catalog.schema import PAGE_BYTES
from artui.errors import ArtuiError
from tests import mutating
from tests.faults.playing import set_up
from tests.mutating import Mutation
from tests.tui.looking import make_app
from tests.tui.touring import SHORT_STEPS, STEPS, tour, tour_of_many

CHANGES = 5
MOST_SECONDS = 20
VERBS: tuple[tuple[str, ...], ...] = (
    ("ls", "--json"), ("show", mutating.VICTIM), ("share", "{out}/shared.artui", "--force"), ("merge", "{catalog}", "--into", "{out}/merged.artui"), ("check", "--data"),
    ("salvage", "{out}/saved.artui", "--force"), ("ls", "-a"), ("compare", mutating.VICTIM, mutating.BASELINE), ("trace", mutating.MODEL), ("doctor",),
)  # fmt: skip


def fuzzed(content: bytes, chance: random.Random) -> bytes:
    """Change five things of a file: bits, bytes, runs of bytes, pages, numbers of its header, its end."""
    changed = bytearray(content)
    for _ in range(CHANGES):
        at = chance.randrange(len(changed))
        page = at // PAGE_BYTES * PAGE_BYTES
        other = chance.randrange(len(changed) // PAGE_BYTES) * PAGE_BYTES
        kind = chance.randrange(9)
        if kind < 3:
            changed[at] ^= 1 << chance.randrange(8)
        elif kind == 3:
            changed[at : at + 32] = chance.randbytes(32)
        elif kind == 4:
            # The head of a page: what it is, how many cells it has, and where they are.
            changed[page + chance.randrange(24)] = chance.choice((0, 1, 2, 5, 10, 13, 127, 255))
        elif kind == 5:
            changed[page : page + PAGE_BYTES] = changed[other : other + PAGE_BYTES]
        elif kind == 6:
            changed[page : page + PAGE_BYTES] = bytes(PAGE_BYTES)
        elif kind == 7:
            # The header of the file, behind its magic.
            changed[16 + chance.randrange(84)] = chance.randrange(256)
        else:
            changed[at : at + 4] = chance.choice((0, 1, len(content) // PAGE_BYTES, 0x7FFFFFFF, 0xFFFFFFFF)).to_bytes(
                4, "big"
            )
    return bytes(changed[: len(content)])  # fmt: skip


def read_all(path: Path, verbs: Sequence[Sequence[str]], counts: Counter[str]) -> Iterator[str]:
    """Run verbs on a changed catalog and give what should not have been."""
    content = path.read_bytes()
    out = path.parent / "out"
    out.mkdir(exist_ok=True)
    for arguments in verbs:
        words = [word.replace("{out}", str(out)).replace("{catalog}", str(path)) for word in arguments]
        began = time.monotonic()
        outcome = mutating.say(words, path)
        counts["refused" if outcome.code in (3, 4) else "said" if outcome.code else "shown"] += 1
        if outcome.trouble:
            yield outcome.trouble
        if outcome.code and not outcome.err and not outcome.out:
            yield f"{arguments}: {outcome.code} without a word"
        if time.monotonic() - began > MOST_SECONDS:
            yield f"{arguments}: {time.monotonic() - began:.0f} s"
        if path.read_bytes() != content:
            yield f"{arguments}: WRITTEN: reading changed the file"
        if left := {file.name for file in path.parent.iterdir()} - {path.name, "out", "whole.artui"}:
            yield f"{arguments}: LEFT: {left}"


def fuzz(folder: Path, count: int, *, seed: int, verbs_each: int = len(VERBS)) -> tuple[Counter[str], list[str]]:
    """Read so many changed catalogs, each with so many of the verbs, in turn; give what came of it, and the faults."""
    whole = mutating.build(folder / "whole.artui").read_bytes()
    (folder / "work").mkdir()
    path = folder / "work" / "x.artui"
    counts: Counter[str] = Counter()
    faults: list[str] = []
    for number in range(count):
        path.write_bytes(fuzzed(whole, random.Random(f"{seed} {number}")))
        verbs = [VERBS[(number * verbs_each + place) % len(VERBS)] for place in range(verbs_each)]
        faults += [f"catalog {number} of seed {seed}: {fault}" for fault in read_all(path, verbs, counts)]
        shutil.rmtree(folder / "work")
        (folder / "work").mkdir()
    return counts, faults


def walk(folder: Path, count: int, *, seed: int, steps: tuple[str, ...] = STEPS) -> list[str]:
    """Walk through the screens of so many changed catalogs that can be opened; give the faults."""
    folder.mkdir(exist_ok=True)
    whole = mutating.build(folder / "whole-to-walk.artui").read_bytes()
    path = folder / "walked.artui"
    faults: list[str] = []
    numbers = itertools.count()
    while count:
        number = next(numbers)
        content = fuzzed(whole, random.Random(f"walk {seed} {number}"))
        path.write_bytes(content)
        try:
            make_app(path).close()  # a first view that cannot be read is refused in a line
        except ArtuiError:
            continue
        count -= 1
        began = time.monotonic()
        label = Mutation(f"catalog {number} of seed {seed}", "walk", "")
        faults += tour(path, label, steps, wanted=())
        if time.monotonic() - began > MOST_SECONDS + len(steps):
            faults.append(f"{label}: {time.monotonic() - began:.0f} s")
        # The long way takes a change back.
        if steps is SHORT_STEPS and path.read_bytes() != content:
            faults.append(f"{label}: WRITTEN: looking changed the file")
    return faults


def walk_in_place(folder: Path, count: int, *, seed: int) -> list[str]:
    """Let so many changed catalogs that can be opened come into each other's place in one app; give the faults."""
    folder.mkdir(exist_ok=True)
    whole = mutating.build(folder / "whole-in-place.artui").read_bytes()
    path = folder / "placed.artui"
    contents: list[bytes] = []
    names: list[str] = []
    for number in itertools.count():
        if len(contents) == count:
            break
        content = fuzzed(whole, random.Random(f"place {seed} {number}"))
        path.write_bytes(content)
        try:
            make_app(path).close()
        except ArtuiError:
            continue
        contents.append(content)
        names.append(f"catalog {number} of seed {seed}")
    path.write_bytes(whole)
    return tour_of_many(path, [*contents, whole], [*names, "the whole one"])


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument(
        "--walks", type=int, default=0, help="how many of those that open are looked at in the app, too"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--report", type=Path, default=None)
    options = parser.parse_args()
    folder = options.folder.resolve() / f"fuzzed-{options.seed}"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "home").mkdir(parents=True)
    set_up(folder / "home", is_rollback=False, flush_seconds=0.5)
    began = time.monotonic()
    counts, faults = fuzz(folder, options.count, seed=options.seed)
    faults += walk(folder, options.walks, seed=options.seed)
    faults += walk_in_place(folder, 4 * options.walks, seed=options.seed) if options.walks else []
    for fault in faults:
        if options.report:
            with options.report.open("a") as report:
                report.write(json.dumps({"seen": fault}) + "\n")
        else:
            print(fault, flush=True)
    print(
        f"{options.count} changed catalogs, {dict(counts)}, {options.walks} walks, {len(faults)} bad, {time.monotonic() - began:.0f} s"
    )
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
