"""The laws of merging, tried on random histories: `python -m tests.catalog.merging.laws FIRST COUNT [--small]`."""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from artui.catalog.checking import check_data
from tests.catalog.merging.histories import Step, World, history, merged, parts, skews, smaller

LAWS = ("another order", "two first", "two last", "again", "alone")


def broken_law(folder: Path, steps: list[Step], seed: int, boxes: int = 3, laws: Sequence[str] = LAWS) -> str:
    """Play a history and merge its catalogs in several ways; give which law does not hold, empty if all do.

    What comes of it must be whole, too: whatever `artui check --data` looks at, the seals of runs and versions, the
    chains of the journal, the digests of content, is true of the merged rows.
    """
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("XDG_STATE_HOME", str(folder / "state"))
        world = World(folder, boxes, monkeypatch, skews=skews(seed, boxes))
        for step in steps:
            world.do(step)
        world.close()
        chance = random.Random(seed)
        paths = list(world.paths)
        alone = chance.choice(paths)
        with world.elsewhere():
            one, expected = folder, {}
            if [*laws] != ["alone"]:
                one = merged(folder, "in-order", paths)
                expected = parts(one)
            chance.shuffle(paths)
            for law in laws:
                if law == "another order":
                    other = merged(folder, "shuffled", paths[::-1])
                elif law == "two first":
                    other = merged(folder, "two-first", [merged(folder, "two", paths[:2]), *paths[2:]])
                elif law == "two last":
                    other = merged(folder, "two-last", [paths[0], merged(folder, "rest", paths[1:])])
                elif law == "again":
                    other = merged(folder, "again", [one, *paths, one])
                else:
                    other, expected = merged(folder, "alone", [alone]), parts(alone)
                if differing := _differing(expected, parts(other)):
                    return f"{law}: {differing}"
                if faults := "; ".join(f"{fault.kind} {fault.id} {fault.text}" for fault in check_data(other)):
                    return f"{law}: {faults}"
    return ""


def _differing(expected: dict[str, str], got: dict[str, str]) -> str:
    return ", ".join(part for part in expected if expected[part] != got[part])


def main() -> int:
    """Try the laws on histories by their seeds; make each failing one small, and print it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("first", type=int)
    parser.add_argument("count", type=int)
    parser.add_argument("--small", action="store_true")
    words = parser.parse_args()
    bad = 0
    for seed in range(words.first, words.first + words.count):
        steps = history(seed)

        def fails(some: list[Step], seed: int = seed) -> bool:
            with tempfile.TemporaryDirectory() as folder:
                return bool(broken_law(Path(folder), some, seed))

        with tempfile.TemporaryDirectory() as folder:
            law = broken_law(Path(folder), steps, seed)
        if law:
            bad += 1
            print(seed, law, flush=True)
            if words.small:
                for step in smaller(steps, fails):
                    print("   ", step, flush=True)
    print(f"{words.count} histories from {words.first} on, {bad} of them break a law")
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
