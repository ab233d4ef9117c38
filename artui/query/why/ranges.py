"""The range of a number that sets some runs apart: an optimum in the middle, where neither higher nor lower is better."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from artui.numbers import as_float
from artui.query.why.evidence import log_chance_of_shares

MAX_BOUNDS = 40
"""More values than these are joined to so many parts with about equally many runs each: which, does not depend on the sides."""
_MAX_WEIGHED = 8
"""Of so many ranges the chance is computed exactly, those that look best."""


class Range(NamedTuple):
    """From a value to another, both included."""

    low: int | float
    high: int | float
    left: int
    """Runs of the first side in it."""
    right: int
    log_chance: float
    """The logarithm of how often the range that tells most of all does so as well without any effect."""
    below: int | float
    """The nearest value that is not in it, and is lower."""
    above: int | float


def telling_range(values: Sequence[tuple[int | float, int, int]]) -> Range | None:
    """Find the range, or the single value, that tells two sides apart best; None where no range has values on both sides.

    What reaches to the lowest or to the highest value is none: that is higher or lower, which the order of all values tells.

    Args:
        values: distinct ones, each with how many runs of both sides have it.
    """
    import numpy as np

    ordered = sorted((entry for entry in values if entry[1] or entry[2]), key=lambda entry: as_float(entry[0]))
    starts = _parts([left + right for _, left, right in ordered])
    count = len(starts) - 1
    if count < 3:
        return None
    summed = [np.concatenate([[0], np.cumsum([entry[side] for entry in ordered])])[starts] for side in (1, 2)]
    n, m = int(summed[0][-1]), int(summed[1][-1])
    firsts, lasts = np.triu_indices(count + 1, 1)
    is_inner = (firsts > 0) & (lasts < count)
    firsts, lasts = firsts[is_inner], lasts[is_inner]
    a, b = (side[lasts] - side[firsts] for side in summed)
    pooled = (a + b) / (n + m)
    score = np.abs(a / n - b / m) / np.sqrt(np.maximum(pooled * (1 - pooled), 1e-12))
    choices = len(firsts)
    best: Range | None = None
    for place in np.argsort(-score, kind="stable")[:_MAX_WEIGHED]:
        first, last = starts[firsts[place]], starts[lasts[place]] - 1
        if int(a[place]) * m > int(b[place]) * n:
            # Where parts were joined, their ends may have no run of the first side.
            having = [index for index in range(first, last + 1) if ordered[index][1]]
            first, last = having[0], having[-1]
        log_chance = log_chance_of_shares(int(a[place]), n, int(b[place]), m, choices=choices)
        if best is None or log_chance < best.log_chance:
            left, right = (sum(entry[side] for entry in ordered[first : last + 1]) for side in (1, 2))
            ends = [ordered[index][0] for index in (first, last, first - 1, last + 1)]
            best = Range(ends[0], ends[1], int(left), int(right), log_chance, below=ends[2], above=ends[3])
    return best


def _parts(weights: Sequence[int]) -> list[int]:
    """Give where parts of about equal weight begin, and where the last one ends."""
    if len(weights) <= MAX_BOUNDS:
        return list(range(len(weights) + 1))
    total, so_far, starts = sum(weights), 0, [0]
    for place, weight in enumerate(weights):
        so_far += weight
        if so_far * MAX_BOUNDS >= total * len(starts):
            starts.append(place + 1)
    return starts
