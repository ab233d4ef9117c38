"""Make every cell of every table something else, and run every verb and screen: `python -m tests.bench.sweep_types`."""

from __future__ import annotations

import argparse
import collections
import os
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests import mutating


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", default="0/1", help="which part of how many, for several processes")
    parser.add_argument("--sample", type=int, default=0, help="only so many mutations, by chance")
    parser.add_argument("--tables", default="", help="only these, separated by commas")
    parser.add_argument("--what", default="reading,writing", help="reading, writing, screens")
    options = parser.parse_args()
    number, count = map(int, options.part.split("/"))
    what = options.what.split(",")
    began = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        for name in ("STATE", "CACHE", "CONFIG", "DATA"):
            os.environ[f"XDG_{name}_HOME"] = f"{folder}/{name}"
        # Written over for each mutation: so it stays this user's own.
        target = mutating.build(Path(folder, "mutated.artui"))
        base = Path(shutil.copyfile(target, Path(folder, "base.artui")))
        chosen = mutating.mutations(base)
        if options.tables:
            chosen = [each for each in chosen if each.table in options.tables.split(",")]
        if options.sample:
            chosen = random.Random(1).sample(chosen, min(options.sample, len(chosen)))
        texts = mutating.loosened(base)
        done, found = 0, collections.Counter[str]()
        example: dict[str, str] = {}
        for mutation in chosen[number::count]:
            if not mutating.mutate(base, texts, target, [mutation]):
                continue
            done += 1
            told: list[str] = []
            if "reading" in what:
                told += mutating.troubles(target, mutation, mutating.READING)
            if "screens" in what:
                from tests.tui.touring import tour

                told += tour(target, mutation)
            if "writing" in what:
                told += mutating.troubles(target, mutation, mutating.WRITING)
            for line in told:
                cause = line.partition(": ")[2].partition(": ")[2]
                found[cause] += 1
                example.setdefault(cause, line)
        for cause, times in found.most_common():
            print(f"{times:5} {example[cause]}")
        print(f"{done} mutations, {sum(found.values())} troubles, {time.process_time() - began:.0f} s of CPU")
    return 1 if found or not done else 0


if __name__ == "__main__":
    sys.exit(main())
