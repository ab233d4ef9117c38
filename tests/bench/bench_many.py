"""Very many processes log to one catalog at once: none may lose a point, and no word of an error may be said.

    python tests/bench/bench_many.py [--count 64] [--rounds 1]

In a rollback journal, where readers and writers wait for each other, three eighths as many.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.capture.test_many import STEPS, check_many


def main() -> None:
    """Print a line a round."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    os.environ["ARTUI_QUIET"] = "1"
    for number in range(options.rounds):
        for mode, count in (("wal", options.count), ("rollback", options.count * 3 // 8)):
            with tempfile.TemporaryDirectory(prefix="bench-") as folder:
                began = time.perf_counter()
                check_many(Path(folder) / "x.artui", count, mode)
                took = time.perf_counter() - began
            print(
                f"round {number + 1}: {count} processes, {count * STEPS * 5:,} points, {mode}: {took:.1f} s, all there"
            )


if __name__ == "__main__":
    main()
