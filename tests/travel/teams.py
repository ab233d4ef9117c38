"""Whether the catalogs of a team end alike, on many random histories: `python -m tests.travel.teams FIRST COUNT`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.travel.test_syncing import broken_team


def main() -> int:
    """Try histories by their seeds; print those after which the catalogs differ."""
    first, count = map(int, sys.argv[1:3])
    bad = 0
    for seed in range(first, first + count):
        with tempfile.TemporaryDirectory() as folder:
            wrong = broken_team(Path(folder), seed)
        if wrong:
            bad += 1
            print(seed, wrong, flush=True)
    print(f"{count} histories from {first} on, after {bad} of them the catalogs of a team differ")
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
