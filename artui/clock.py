"""The time of day, as artui keeps it."""

from __future__ import annotations

import time

_stopped_ms: int | None = None


def now_ms() -> int:
    """Give the milliseconds since 1970, UTC; while a catalog is shown as it was, those of then."""
    return real_ms() if _stopped_ms is None else _stopped_ms


def real_ms() -> int:
    """Give the milliseconds since 1970, UTC, whatever is shown."""
    return time.time_ns() // 1_000_000


def stop_at(at_ms: int | None) -> None:
    """Have it be some time for this process, which only looks at what was then; None lets time go on."""
    global _stopped_ms
    _stopped_ms = at_ms
