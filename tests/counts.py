"""How many random or enumerated examples a test tries: a few in the ordinary run, all of them with `ARTUI_TEST_LONG=1`.

`tests/bench/bench_trust.py` sets that.
"""

from __future__ import annotations

import os

IS_LONG = bool(os.environ.get("ARTUI_TEST_LONG"))


def tried(ordinary: int, full: int) -> int:
    """Give how many are tried."""
    return full if IS_LONG else ordinary
