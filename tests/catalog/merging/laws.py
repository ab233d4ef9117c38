"""The laws of merging, tried on random histories: `python -m tests.catalog.merging.laws FIRST COUNT [--small]`."""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from pathlib import Path

import pytest

from tests.catalog.merging.histories import Step, World, history, merged, parts, skews, smaller


def broken_law(folder: Path, steps: list[Step], seed: int, boxes: int = 3) -> str:
    """Play a history and merge its catalogs in several ways; give which law does not hold, empty if all do."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("XDG_STATE_HOME", str(folder / "state"))
        world = World(folder, boxes, monkeypatch, skews=skews(seed, boxes))
        for step in steps:
            world.do(step)
        world.close()
        chance = random.Random(seed)
        with world.elsewhere():
            paths = list(world.paths)
            one = merged(folder, "in-order", paths)
            expected = parts(one)
            chance.shuffle(paths)
            ways = {
                "another order": merged(folder, "shuffled", paths[::-1]),
                "two first": merged(folder, "two-first", [merged(folder, "two", paths[:2]), *paths[2:]]),
                "two last": merged(folder, "two-last", [paths[0], merged(folder, "rest", paths[1:])]),
            }
            for law, path in ways.items():
                if differing := _differing(expected, parts(path)):
                    return f"{law}: {differing}"
            with_all = merged(folder, "again", [one, *paths, one])
            if differing := _differing(expected, parts(with_all)):
                return f"again: {differing}"
            alone = chance.choice(world.paths)
            if differing := _differing(parts(alone), parts(merged(folder, "alone", [alone]))):
                return f"alone: {differing}"
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
