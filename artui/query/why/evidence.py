"""Two sides of runs held against each other: scores, shares of pairs, medians, otherwise equal runs.

Sources: H. B. Mann, D. R. Whitney, Annals of Mathematical Statistics 18 (1947) 50-60, for the rank-sum test in its
normal approximation with correction for ties, exact for few runs with ties; R. A. Fisher, Journal of the Royal Statistical Society 98 (1935) 39-82, for
the exact test of two proportions.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, NamedTuple

from artui.numbers import as_float
from artui.query.why.factors import FEW_RUNS, Spread

if TYPE_CHECKING:
    from artui.arrays import Floats, Ints


MIN_SCORE = 0.01
"""Of a difference, however little it says."""
MOST_SHOWN = 1000
"""Of more values of a side an even sample is kept for the picture."""


def rank_sum(left: Sequence[float] | Floats, right: Sequence[float] | Floats) -> tuple[float, float]:
    """Give the Mann-Whitney standard score and the probability that a value of the left is the higher.

    Ties count half. Infinite values are allowed, NaN is not. Without any difference the score is 0.
    """
    import numpy as np

    values = np.concatenate([np.asarray(left, float), np.asarray(right, float)])
    n, m = len(left), len(right)
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    highest = np.cumsum(counts)
    ranks = (highest - (counts - 1) / 2)[inverse]
    u = float(ranks[:n].sum()) - n * (n + 1) / 2
    total = n + m
    ties = float((counts.astype(float) ** 3 - counts).sum())
    variance = n * m / 12 * ((total + 1) - ties / (total * (total - 1))) if total > 1 else 0.0
    z = (u - n * m / 2) / math.sqrt(variance) if variance > 0 else 0.0
    fewer = min(n, m)
    if z and fewer < FEW_RUNS and ties and math.comb(len(counts) + fewer, fewer) <= _MAX_SUMS:
        # Among many equal values one other one would seem less of a chance than it is.
        z = math.copysign(
            min(abs(z), score_of(math.log(_chance_of_ranks(counts.tolist(), fewer, abs(u - n * m / 2))))), z
        )
    return z, u / (n * m)


_MAX_SUMS = 10_000
"""Of more ways to draw a few runs from distinct values the chance is not computed exactly."""


def _chance_of_ranks(counts: Sequence[int], fewer: int, distance: float) -> float:
    """Give the probability that the ranks of so many runs, drawn from all, are so far from their mean.

    Args:
        counts: how many runs have each value, in ascending order.
        distance: of the sum of their ranks from its mean.
    """
    ways: dict[tuple[int, int], int] = {(0, 0): 1}
    below = 0
    for count in counts:
        twice_rank = 2 * below + count + 1
        drawn: dict[tuple[int, int], int] = {}
        for (taken, summed), times in ways.items():
            for more in range(min(count, fewer - taken) + 1):
                place = taken + more, summed + more * twice_rank
                drawn[place] = drawn.get(place, 0) + times * math.comb(count, more)
        ways, below = drawn, below + count
    mean = fewer * (below + 1)
    of_all = ((summed, times) for (taken, summed), times in ways.items() if taken == fewer)
    far = sum(times for summed, times in of_all if abs(summed - mean) >= 2 * distance - 1e-6)
    return far / math.comb(below, fewer)


def log_chance_of_shares(a: int, n: int, b: int, m: int, *, choices: int = 1) -> float:
    """Give the logarithm of the probability of shares a/n and b/m so far apart if there is no effect: Fisher's, twice one side.

    Args:
        choices: from how many shares this one was chosen as the most telling; the more, the less is it a surprise.
            Z. Sidak, Journal of the American Statistical Association 62 (1967) 626-633.
    """
    if a * m < b * n:
        a, n, b, m = b, m, a, n
    total, having = n + m, a + b
    log_first = _log_ways(having, a) + _log_ways(total - having, n - a) - _log_ways(total, n)
    # Each further term by its ratio to the one before.
    term = tail = 1.0
    for count in range(a, min(n, having)):
        term *= (having - count) * (n - count) / ((count + 1) * (total - having - n + count + 1))
        tail += term
        if term < tail * 1e-12:
            break
    log_chance = min(0.0, log_first + math.log(tail) + math.log(2))
    if log_chance < -25:
        return log_chance + math.log(choices)
    chance = math.exp(log_chance)
    return math.log(-math.expm1(choices * math.log1p(-chance))) if chance < 1 else 0.0


def _log_ways(total: int, chosen: int) -> float:
    return math.lgamma(total + 1) - math.lgamma(chosen + 1) - math.lgamma(total - chosen + 1)


def score_of(log_chance: float) -> float:
    """Give the standard score, above zero, that is as improbable, on both sides together."""
    if log_chance > -600:
        # What differs at all is told from what does not.
        return max(MIN_SCORE, -NormalDist().inv_cdf(math.exp(log_chance) / 2))
    score = math.sqrt(-2 * log_chance)
    for _ in range(4):
        score = math.sqrt(-2 * (log_chance + math.log(score * math.sqrt(math.pi / 2))))
    return score


def chance_of(z: float, left_count: int, right_count: int, *, is_parted: bool = False) -> float:
    """Give the probability of a score at least so far from 0 if there is no effect.

    Args:
        is_parted: every value of one side is above every one of the other. That has an exact probability, which the
            normal approximation overstates for few runs.
    """
    if is_parted:
        return 2 / math.comb(left_count + right_count, left_count)
    return 2 * NormalDist().cdf(-abs(z))


def tied_share(left: Sequence[float] | Floats, right: Sequence[float] | Floats) -> float:
    """Give the share of pairs whose two values are equal."""
    import numpy as np

    ordered = np.sort(np.asarray(right, float))
    values = np.asarray(left, float)
    equal = np.searchsorted(ordered, values, "right") - np.searchsorted(ordered, values, "left")
    return float(equal.sum()) / (len(left) * len(right))


def separating_bound(left: Sequence[int | float], right: Sequence[int | float], *, is_lower: bool) -> int | float:
    """Give the value of the left by which the sides are told apart best: it keeps most of the left and least of the right.

    Where every value of one side is beyond every one of the other, it is the outermost of the left. Of several that are
    as good it is the one that keeps most.

    Args:
        is_lower: values at or above it are kept, else those at or below.
    """
    import numpy as np

    sign = 1 if is_lower else -1
    ours, theirs = (np.sort([sign * as_float(value) for value in side]) for side in (left, right))
    bounds = np.unique(ours)
    kept = len(ours) - np.searchsorted(ours, bounds), len(theirs) - np.searchsorted(theirs, bounds)
    # In whole numbers: shares that are equal are.
    best = bounds[np.argmax(kept[0] * len(theirs) - kept[1] * len(ours))]
    return sign * min(sign * value for value in left if sign * as_float(value) >= best)


def median(values: Sequence[float] | Floats) -> float:
    """Give the value in the middle, of an even number the mean of the two; infinite values are allowed."""
    ordered = sorted(map(float, values))
    middle = len(ordered) // 2
    if len(ordered) % 2 or ordered[middle - 1] == ordered[middle]:
        return ordered[middle]
    return ordered[middle - 1] / 2 + ordered[middle] / 2


def spread_of(values: Sequence[float] | Floats) -> Spread | None:
    """Give where some values lie, infinite ones among them; None where none is finite.

    Quarters and the middle are those of all values, as `median` has it, between two values as `numpy.quantile` puts them.
    """
    import numpy as np

    ordered = np.asarray(values, float)
    ordered = np.sort(ordered[~np.isnan(ordered)])
    finite = ordered[np.isfinite(ordered)]
    if not len(finite):
        return None
    quarter, middle, upper_quarter = (_at(ordered, share) for share in (0.25, 0.5, 0.75))
    shown = finite
    if len(finite) > MOST_SHOWN:
        shown = finite[np.linspace(0, len(finite) - 1, MOST_SHOWN).astype(np.int64)]
    ends = float(finite[0]), float(finite[-1])
    return Spread(len(finite), ends[0], quarter, middle, upper_quarter, ends[1], values=tuple(shown.tolist()))


def _at(ordered: Floats, share: float) -> float:
    """Give the value that far through some in order."""
    place = (len(ordered) - 1) * share
    low, high = float(ordered[int(place)]), float(ordered[math.ceil(place)])
    part = place - int(place)
    if low == high or not part or math.isinf(low):
        return low
    # Each times its part first: the distance of two huge numbers may be infinite.
    return low * (1 - part) + high * part


class Pairs(NamedTuple):
    """Pairs of runs, one of each side."""

    total: int
    better: int
    """In how many the run of the first side came out better."""
    worse: int


def pairs_within(left: Floats, left_groups: Any, right: Floats, right_groups: Any) -> Pairs:
    """Count the pairs of results whose runs are in one group.

    Args:
        left: results of the first side, higher for better; no NaN.
        left_groups: the group of each, any whole numbers.
    """
    import numpy as np

    shared, left_codes = np.unique(left_groups, return_inverse=True)
    places = np.minimum(np.searchsorted(shared, right_groups), len(shared) - 1)
    is_shared = shared[places] == right_groups
    right, right_codes = right[is_shared], places[is_shared]
    values, ranks = np.unique(np.concatenate([left, right]), return_inverse=True)
    width = len(values) + 1
    ordered = np.sort(right_codes * width + ranks[len(left) :])
    starts = np.searchsorted(ordered, left_codes * width)
    ends = np.searchsorted(ordered, left_codes * width + width)
    mine = left_codes * width + ranks[: len(left)]
    below, up_to = np.searchsorted(ordered, mine, "left"), np.searchsorted(ordered, mine, "right")
    return Pairs(int((ends - starts).sum()), int((below - starts).sum()), int((ends - up_to).sum()))


def mixed(codes: Ints, salt: int) -> Any:
    """Turn whole numbers into 64 bits that look random, so that sums of them tell sets of values apart.

    Source: SplitMix64, G. L. Steele, D. Lea, C. H. Flood, OOPSLA (2014).
    """
    import numpy as np

    state = (codes.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    state ^= np.uint64((salt + 1) * 0xD1B54A32D192ED03 & (1 << 64) - 1)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        state = (state ^ (state >> np.uint64(shift))) * np.uint64(factor)
    return state ^ (state >> np.uint64(31))
