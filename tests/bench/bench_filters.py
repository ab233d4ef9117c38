"""Garbled filters by the ten thousand: each gives runs, or an error that points at a word.

    python tests/bench/bench_filters.py [--count 20000] [--seed 1]

Prints each kind of fault once with the shortest filter that shows it, and how long the slowest took.
"""

from __future__ import annotations

import argparse
import itertools
import re
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from artui.query.reader import Reader
from tests.query.filter import hostile


def main() -> int:
    """Ask all of them; 1 if any came to something else."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--count", type=int, default=20_000)
    arguments.add_argument("--seed", type=int, default=1)
    told = arguments.parse_args()
    shortest: dict[str, str] = {}
    slowest, total = (0.0, ""), 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.artui"
        hostile.make_catalog(path)
        with Reader(path) as reader:
            for text in itertools.chain(hostile.prefixes(), hostile.HOSTILE, hostile.mutations(told.seed, told.count)):
                began = time.perf_counter()
                fault = re.sub(r"\d+", "N", hostile.fault_of(reader, text))[:120]
                slowest = max(slowest, (time.perf_counter() - began, text))
                total += 1
                if fault and len(text) < len(shortest.get(fault, text + " ")):
                    shortest[fault] = text
    for fault, text in shortest.items():
        print(f"{fault}\n    {text[:200]!a}")
    print(f"{total:,} filters, {len(shortest)} kinds of fault; slowest {slowest[0]:.2f} s: {slowest[1][:100]!a}")
    return 1 if shortest else 0


if __name__ == "__main__":
    sys.exit(main())
