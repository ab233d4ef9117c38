"""Edges for bins of times and durations, at spans that people know: minutes, quarters of an hour, days, weeks."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from artui.arrays import Floats

_SECOND, _MINUTE, _HOUR, _DAY = 1_000.0, 60_000.0, 3_600_000.0, 86_400_000.0
_WEEK = 7 * _DAY
_SPANS = (
    *(float(ms) for ms in (1, 2, 5, 10, 20, 50, 100, 200, 500)),
    *(count * _SECOND for count in (1, 2, 5, 10, 15, 30)),
    *(count * _MINUTE for count in (1, 2, 5, 10, 15, 30)),
    *(count * _HOUR for count in (1, 2, 3, 6, 12)),
    _DAY,
    2 * _DAY,
    *(count * _WEEK for count in (1, 2, 4, 8, 13, 26, 52, 104, 260, 520)),
)
_LADDER = (
    *(float(ms) for ms in (1, 2, 5, 10, 20, 50, 100, 200, 500)),
    *(count * _SECOND for count in (1, 2, 5, 10, 20)),
    *(count * _MINUTE for count in (1, 2, 5, 10, 20)),
    *(count * _HOUR for count in (1, 2, 5, 10)),
    *(count * _DAY for count in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)),
)
"""Steps of a logarithmic axis; each is at most three times the one before."""
_FINER = 0.7
"""Bins may be this much narrower than those that the values call for."""
_MONDAY_MS = 4 * _DAY
"""The first Monday after 1 January 1970."""


def span_edges(values: Floats, count: int, bins: int, *, is_moment: bool) -> list[float]:
    """Give edges of equal bins, `bins` at most, that lie at round spans of time; none if all values are the same.

    Each bin holds its lower edge, the last one its upper edge too.

    Args:
        values: in milliseconds.
        count: how many bins they call for.
        is_moment: whether they are times, whose edges are full hours, midnights and Mondays of local time, and not durations.
    """
    low, high = float(values.min()), float(values.max())
    if not 0 < high - low < math.inf:
        return []
    wanted = _FINER * (high - low) / count
    for span in _SPANS[bisect_left(_SPANS, max(wanted, _SECOND) if is_moment else wanted) :]:
        shift = _shift(low, span) if is_moment else 0.0
        first, last = math.floor((low - shift) / span), math.ceil((high - shift) / span)
        if last - first <= bins:
            return [place * span + shift for place in range(first, last + 1)]
    return []


def ladder_edges(low: float, high: float) -> list[float]:
    """Give the steps of a logarithmic axis of durations from the last at or below `low` to the first at or above `high`; none beyond its ends."""
    first, last = bisect_right(_LADDER, low) - 1, bisect_left(_LADDER, high)
    return list(_LADDER[first : last + 1]) if first >= 0 and last < len(_LADDER) and last > first else []


def _shift(moment_ms: float, span: float) -> float:
    """Say how far the edges of local time are from multiples of a span since 1970."""
    try:
        offset = datetime.fromtimestamp(moment_ms / 1000).astimezone().utcoffset()
    except (OverflowError, ValueError, OSError):
        offset = None
    local = -offset.total_seconds() * 1000 if offset is not None else 0.0
    return (local + (_MONDAY_MS if span >= _WEEK else 0.0)) % span
