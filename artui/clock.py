"""The time of day, as artui keeps it."""

from __future__ import annotations

import time


def now_ms() -> int:
    """Give the milliseconds since 1970, UTC."""
    return time.time_ns() // 1_000_000
