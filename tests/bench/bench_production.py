"""How often `artui why --deployment` names what was planted, over simulated incidents and quiet weeks; and how long one takes.

    python tests/bench/bench_production.py [--first 1] [--incidents 200] [--first-quiet 1001] [--quiet 50]

The seeds from 1 and 1001 on are those that the ranking was made with. Others were held back: 50001 and 60001. `wide` makes a
deployment that was observed for a year, of which `bench_operations.py` says how long its screen takes.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from pathlib import Path

import numpy as np

from artui.catalog import Catalog, deployments
from artui.catalog.windows import NewWindow, put
from artui.model.tallies import Tally
from artui.profile.building import Builder
from artui.query.why.production import why_production
from tests.query.why.simulated import incidents, quiet

LEAST_SHARE = 0.9
"""Of the incidents the planted cause must come first; of the quiet weeks no cause may be named."""
DAY_MS = 86_400_000
WIDE = "wide/production"
_DIFFERENT = 8
"""So many windows differ; they come again and again, since it is their number and width that cost."""


def wide(path: Path, *, columns: int = 1_000, windows: int = 365, rows: int = 1_000) -> Path:
    """Make a catalog with a deployment of many columns that was observed for many days; in the second half `c007` is higher."""
    if path.exists():
        return path
    profiles = []
    for number in range(_DIFFERENT):
        random = np.random.default_rng(number)
        builder = Builder([f"c{place:03d}" for place in range(columns)])
        has_drifted = number == _DIFFERENT - 1
        values = [random.lognormal(1.0 if has_drifted and place == 7 else 0.0, 1 + place / columns, rows) for place in range(columns)]  # fmt: skip
        builder.add(values, rows)
        profiles.append(builder.done())
    start_ms = 1_790_000_000_000 // DAY_MS * DAY_MS
    tally = Tally(
        rows, rows // 100, rows, rows // 2, {("true", "true"): rows // 3, ("true", "false"): rows // 6}, rows // 3
    )
    with Catalog(path) as catalog, catalog.transaction() as connection:
        key = deployments.ensure_deployment(connection, "p", WIDE).key
        for number in range(windows):
            profile = profiles[-1 if number >= 0.5 * windows else number % (_DIFFERENT - 1)]
            from_ms = start_ms + number * DAY_MS
            put(connection, key, "w", [NewWindow(from_ms, from_ms + DAY_MS, "", profile, tally, {"prediction": "c000"})], revision=1)  # fmt: skip
    return path


def main() -> None:
    """Print how many are right, by kind."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--incidents", type=int, default=200)
    parser.add_argument("--first-quiet", type=int, default=1001)
    parser.add_argument("--quiet", type=int, default=50)
    words = parser.parse_args()
    right: Counter[str] = Counter()
    total: Counter[str] = Counter()
    seconds = []
    for production, planted in incidents(words.first, words.incidents):
        began = time.perf_counter()
        cause = why_production(production).cause
        seconds.append(time.perf_counter() - began)
        total[planted.kind] += 1
        right[planted.kind] += cause is not None and (cause.kind, cause.name) == (planted.kind, planted.name)
    for kind, count in sorted(total.items()):
        print(f"{kind:10} first in {right[kind]:>4} of {count}")
    share = right.total() / max(1, total.total())
    print(f"{'all':10} first in {right.total():>4} of {total.total()} ({share:.1%}; limit {LEAST_SHARE:.0%})")
    named = sum(why_production(production).cause is not None for production in quiet(words.first_quiet, words.quiet))
    print(f"{'quiet':10} a cause is named in {named} of {words.quiet} (limit 0)")
    print(f"{'one':10} {1000 * sorted(seconds)[len(seconds) // 2]:.0f} ms")


if __name__ == "__main__":
    main()
