"""Mutates spools by the thousand: each is read and taken over, and every intact point must be in a whole catalog.

python tests/bench/fuzz_spool.py [--count 2000] [--seed 1]
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_STATE_HOME"] = f"{folder}/state"
        from tests.catalog.spool.spool_fuzz import rounds

        (Path(folder) / "work").mkdir()
        began = time.monotonic()
        wrong_count = rounds(Path(folder) / "work", options.count, options.seed)
        print(f"{options.count:,} mutated spools, {wrong_count} wrong, {time.monotonic() - began:.0f} s")
    return 1 if wrong_count else 0


if __name__ == "__main__":
    sys.exit(main())
