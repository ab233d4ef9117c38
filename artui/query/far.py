"""What lies far outside of the other values: axes leave it out, and say so.

One rule for all that is drawn of numbers: charts, scatter plots, histograms, and the ranges that runs are grouped in.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from artui.arrays import Floats

GAIN = 2.5
"""Values are left out only if the rest of them gets so many times the room."""
_FEW_VALUES = 16
"""Of fewer values none is left out."""
_MAX_SAMPLE = 2_000
"""So many values decide which ones lie far outside."""
FENCE = 5.0
_FENCES = ((FENCE, 0.1), (12.0, 0.16), (50.0, 0.25))
"""What is more than so many times the middle half beyond it, if no more than this share of the values is, lies outside."""


def usual_range(
    lows: Sequence[float], highs: Sequence[float], lasts: Sequence[float], *, is_log: bool
) -> tuple[float, float]:
    """Give the smallest and the largest value, or on either side the last one before a few that lie far outside.

    The fences stand beyond the quartiles, as in J. W. Tukey, Exploratory Data Analysis (1977), but farther out. The last
    values of curves stay inside where that leaves the others their room.
    """
    lowest, highest = min(lows), max(highs)
    count = len(lows)
    if count < _FEW_VALUES:
        return lowest, highest
    values = sampled([*lows, *highs])
    at = math.log10 if is_log else float
    quarter, three_quarters = at(values[len(values) // 4]), at(values[len(values) * 3 // 4])
    span = three_quarters - quarter
    if not 0 < span < math.inf:
        return lowest, highest
    low, high = _edge(lows, at, quarter, -span), _edge(highs, at, three_quarters, span)
    shown = [value for value in lasts if not is_log or value > 0]
    whole = at(highest) - at(lowest)
    for bottom, top in ((min([low, *shown]), max([high, *shown])), (low, high)):
        if whole >= GAIN * (at(top) - at(bottom)):
            return bottom, top
    return lowest, highest


def usual_ends(values: Floats, *, is_log: bool) -> tuple[float, float]:
    """Give the smallest and the largest of some finite values, of which there are some, but for a few that lie far outside.

    Args:
        is_log: whether they stand on a logarithmic axis; all are above zero then.
    """
    import numpy as np

    values = np.sort(values)
    # A regular selection decides; then the ends are those of all values within it.
    chosen = values[np.unique(np.linspace(0, len(values) - 1, min(len(values), _MAX_SAMPLE)).astype(np.int64))]
    sample: list[float] = chosen.tolist()
    low, high = usual_range(sample, sample, (), is_log=is_log)
    if low > values[0]:
        low = float(values[np.searchsorted(values, chosen[chosen < low][-1], side="right")])
    if high < values[-1]:
        high = float(values[np.searchsorted(values, chosen[chosen > high][0], side="left") - 1])
    return low, high


def sampled(values: Sequence[float]) -> list[float]:
    """Give a regular selection of values, ascending."""
    return sorted(values[:: max(1, len(values) // _MAX_SAMPLE)])


def _edge(values: Sequence[float], at: Callable[[float], float], quartile: float, span: float) -> float:
    """Give the largest value, or with a span below zero the smallest, that does not lie far outside."""
    side, farthest = (max, 1) if span > 0 else (min, -1)
    extreme = side(values)
    for times, share in _FENCES:
        fence = quartile + times * span
        if (at(extreme) - fence) * farthest <= 0:
            break
        inside = [value for value in values if (at(value) - fence) * farthest <= 0]
        if len(values) - len(inside) <= share * len(values):
            return side(inside)
    return extreme
