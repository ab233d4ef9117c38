"""How the values of a column lie in two tables, over bins that both have: what is drawn one above the other."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from artui.model.profiles import Spreads
from artui.profile.drift import numbers_of, share_at_most

if TYPE_CHECKING:
    from artui.arrays import Floats
    from artui.profile.column import Column
    from artui.profile.numbers import Numbers

MOST_BINS = 24
MOST_TEXTS = 10
_WIDE = 20.0
"""Numbers above zero nine tenths of which span this factor, or more, are counted on a logarithmic axis."""
_EXACT_INTEGERS = float(1 << 52)


def spreads(before: Column, after: Column) -> Spreads | None:
    """Count two columns of one name over the same bins, or by the same texts; None if they have nothing in common."""
    numbers = numbers_of(before, after)
    if numbers is not None:
        is_whole = before.type == after.type == "integer"
        is_time = numbers[0] is before.times
        return _of_numbers(*numbers, is_whole=is_whole, may_be_log=not is_time)
    if not (before.text_count and after.text_count):
        return None
    shares = [
        {text: count / column.text_count for text, count in column.texts.most(MOST_TEXTS)} for column in (before, after)
    ]
    texts = sorted({*shares[0], *shares[1]}, key=lambda text: (-max(each.get(text, 0.0) for each in shares), text))
    texts = texts[:MOST_TEXTS]
    first, second = (
        tuple(column.texts.counts.get(text, 0) / column.text_count for text in texts) for column in (before, after)
    )
    return Spreads(first, second, texts=tuple(texts))


def _of_numbers(before: Numbers, after: Numbers, *, is_whole: bool, may_be_log: bool) -> Spreads | None:
    low, high = min(before.min, after.min), max(before.max, after.max)
    is_log = may_be_log and low > 0 and any(map(_is_wide, (before, after)))
    edges = _edges(low, high, is_whole=is_whole and not is_log, is_log=is_log)
    if edges is None:
        return None
    first, second = (
        tuple(np.diff(np.concatenate(([0.0], share_at_most(numbers, edges[1:-1]), [1.0]))).clip(0, 1).tolist())
        for numbers in (before, after)
    )
    return Spreads(first, second, tuple(edges.tolist()), is_log)


def _is_wide(numbers: Numbers) -> bool:
    low, high = numbers.quantiles(0.05, 0.95)
    return low > 0 and high / low >= _WIDE


def _edges(low: float, high: float, *, is_whole: bool, is_log: bool) -> Floats | None:
    """Give the edges of bins of one width; None where floats do not tell them apart."""
    if is_whole and high - low < _EXACT_INTEGERS:
        # Each bin holds as many whole numbers, and its edges lie between them.
        each = math.ceil((high - low + 1) / MOST_BINS)
        return np.arange(math.ceil((high - low + 1) / each) + 1, dtype=np.float64) * each + (low - 0.5)
    if low == high:
        return np.array([low, high])
    # Halves first: the difference of two numbers may be beyond the floats.
    edges = np.geomspace(low, high, MOST_BINS + 1) if is_log else np.linspace(low / 2, high / 2, MOST_BINS + 1) * 2
    edges[0], edges[-1] = low, high
    return edges if bool((np.diff(edges) > 0).all()) and bool(np.isfinite(edges).all()) else None
