"""The time of day, as artui keeps it."""

from __future__ import annotations

import time

_stopped_ms: int | None = None
_shift_ms = 0


def now_ms() -> int:
    """Give the milliseconds since 1970, UTC; while a catalog is shown as it was, those of then."""
    return real_ms() if _stopped_ms is None else _stopped_ms


def real_ms() -> int:
    """Give the milliseconds since 1970, UTC, whatever is shown."""
    return time.time_ns() // 1_000_000 + _shift_ms


def stop_at(at_ms: int | None) -> None:
    """Have it be some time for this process, which only looks at what was then; None lets time go on."""
    global _stopped_ms
    _stopped_ms = at_ms


def shift(by_ms: int) -> None:
    """Let time go on that much earlier (less than 0) or later in this process: for an example that takes weeks. 0 is the time it is."""
    global _shift_ms
    _shift_ms = by_ms
