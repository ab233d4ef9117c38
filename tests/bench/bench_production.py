"""How often `artui why --deployment` names what was planted, over simulated incidents and quiet weeks; and how long one takes.

    python tests/bench/bench_production.py [--first 1] [--incidents 200] [--first-quiet 1001] [--quiet 50]

The seeds from 1 and 1001 on are those that the ranking was made with. Others were held back: 50001 and 60001.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter

from artui.query.why.production import why_production
from tests.query.why.simulated import incidents, quiet

LEAST_SHARE = 0.9
"""Of the incidents the planted cause must come first; of the quiet weeks no cause may be named."""


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
