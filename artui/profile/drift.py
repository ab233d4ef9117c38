"""How far a column of one table differs from the same column of another, from their profiles.

Numbers and times are compared over bins whose edges are quantiles of the first table, other values by how often each
occurs. Grids have bins in common, so nothing is read again; where they are exact, so are the distances.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from artui.profile.column import Column, Profile
from artui.profile.numbers import Numbers

if TYPE_CHECKING:
    from artui.arrays import Floats

PSI_BINS = 10
FLOOR = 1e-4
"""An empty bin counts as half a row, or as this share if that is more: the logarithm of nothing is endless."""
MODERATE_PSI, HIGH_PSI = 0.1, 0.25
"""The usual limits (Siddiqi, Credit Risk Scorecards, 2006)."""
_RATE_SHIFT = 0.05
"""Nulls that become more or fewer by this share of the rows are drift, too."""
_RARE = 0.1
"""Values that one side alone has are high drift by themselves where so large a share of the cells has them."""
NEW_VALUE, GONE_VALUE = "new value", "gone value"
_SLIGHT = ("none", "low", "unknown")
_CHANCE = 0.05
"""So often drift is seen in some column of two tables that have none."""
_ROWS_ENOUGH = 20
"""With so many rows for each bin the index goes as the theory says; with fewer, as samples drawn by chance say."""
_DRAWS = 5_000


@dataclass(frozen=True, slots=True)
class Drift:
    """The distances between two columns of one name. What does not fit their type is None."""

    name: str
    before: Column
    after: Column
    psi: float | None
    """Population stability index, over deciles of the first or over its values."""
    psi_by_chance: float | None
    """Two samples of one population, as large as these, have a smaller index in 19 of 20 cases, of all columns that are compared together."""
    jensen_shannon: float | None
    """Distance, to base 2: 0 the same, 1 nothing in common; over the bins of `psi`."""
    ks: float | None
    """Largest distance between the two cumulative distributions (Kolmogorov and Smirnov)."""
    wasserstein: float | None
    """Area between them, in the unit of the column: the mean distance that values moved."""
    null_shift: float
    """Share of nulls and NaN in the second less that in the first."""
    outside: float | None
    """Share of the second's numbers that lie outside the range of the first."""
    moved_value: tuple[str, float, float] | None = None
    """Of texts the one whose share changed most: its share of all rows, empty cells included, in the first and in the second."""
    psi_of_both: float | None = None
    """Of texts the index of those that both have; that of one that is on one side alone comes nearly all from `FLOOR`."""
    one_sided: float = 0.0
    """Share of the cells that have a value which are on one side alone: of the first or of the second, the larger."""
    new_values: tuple[str, ...] = ()
    """Texts that the first does not have; only where all of it are known."""
    gone_values: tuple[str, ...] = ()

    @property
    def is_of_nulls(self) -> bool:
        """Say whether it is the share of empty cells alone that drifted: the values did not, or cannot be compared."""
        return self._has_null_shift and self._word_of_values in _SLIGHT

    @property
    def _has_null_shift(self) -> bool:
        return abs(self.null_shift) > _RATE_SHIFT

    @property
    def word(self) -> str:
        """Say it in a word: `none`, `low`, `moderate` or `high`.

        `type` where the type changed, `unknown` where nothing can be compared; `new value` or `gone value` where a rare value
        that one side alone has is all that drifted.
        """
        types = {self.before.type, self.after.type}
        if len(types) > 1 and "empty" not in types and types != {"integer", "number"}:
            return "type"
        values = self._word_of_values
        if self._has_null_shift and values in _SLIGHT:
            return "moderate"
        return values

    @property
    def _word_of_values(self) -> str:
        """Say it of the cells that have a value, of one type."""
        if self.psi is None:
            return "unknown" if self.before.rows and self.after.rows else "none"
        if self.psi <= (self.psi_by_chance or 0):
            return "none"
        if self.psi >= MODERATE_PSI and self.psi_of_both is not None and self.psi_of_both < MODERATE_PSI and 0 < self.one_sided < _RARE:  # fmt: skip
            return NEW_VALUE if self.new_values or not self.gone_values else GONE_VALUE
        if self.psi >= HIGH_PSI:
            return "high"
        return "moderate" if self.psi >= MODERATE_PSI else "low"


WORDS = ("type", "high", "moderate", NEW_VALUE, GONE_VALUE, "low", "none", "unknown")
"""The words of `Drift.word`, the worst first; of names that occur once nothing can be said."""


def drifts(before: Profile, after: Profile) -> list[Drift]:
    """Compare the columns that both have, in the order of the second."""
    pairs = [(first, column) for column in after.columns if (first := before.column(column.name)) is not None]
    return [drift(first, second, of=len(pairs)) for first, second in pairs]


def drift(before: Column, after: Column, *, of: int = 1) -> Drift:
    """Compare two columns, of so many pairs that are looked at together."""
    shares = _shares(before, after)
    numbers = _compared(before, after)
    new, gone = _new_and_gone(before, after)
    psi = chance = distance = of_both = None
    one_sided = 0.0
    if shares is not None:
        expected, actual, before_count, after_count = shares
        counts = before_count, after_count
        psi, distance = psi_of(expected, actual, *counts), jensen_shannon_of(expected, actual)
        if min(counts) < _ROWS_ENOUGH * len(expected):
            chance = drawn_chance_of(expected, actual, *counts, of=of, has_quantiles=numbers is not None)
        else:
            chance = chance_of(len(expected), *counts, of=of)
        if numbers is None:
            has_both = (expected > 0) & (actual > 0)
            of_both = psi_of(expected[has_both], actual[has_both], *counts)
            one_sided = float(max(expected[~has_both].sum(), actual[~has_both].sum()))
    return Drift(
        after.name, before, after, psi, chance, distance,
        ks_of(*numbers) if numbers else None,
        wasserstein_of(*numbers) if numbers else None,
        _missing(after) - _missing(before),
        _outside(*numbers) if numbers else None,
        _moved_value(before, after),
        of_both, one_sided, new, gone,
    )  # fmt: skip


def psi_of(expected: Floats, actual: Floats, before_count: int, after_count: int) -> float:
    """Give the population stability index of shares of so many cells: the sum of (a - e) ln(a / e), no share below half a cell or `FLOOR`."""
    return float(_psis(expected, actual, before_count, after_count))


def _psis(expected: Floats, actual: Floats, before_count: int, after_count: int) -> Floats:
    expected = np.maximum(expected, max(FLOOR, 0.5 / max(1, before_count)))
    actual = np.maximum(actual, max(FLOOR, 0.5 / max(1, after_count)))
    return np.asarray(((actual - expected) * np.log(actual / expected)).sum(axis=-1), np.float64)


def jensen_shannon_of(expected: Floats, actual: Floats) -> float:
    """Give the distance of Jensen and Shannon (the root of their divergence, to base 2) between shares."""
    middle = (expected + actual) / 2
    divergence = (_relative_entropy(expected, middle) + _relative_entropy(actual, middle)) / 2
    return math.sqrt(max(0.0, divergence))


def _relative_entropy(shares: Floats, of: Floats) -> float:
    filled = shares > 0
    return float((shares[filled] * np.log2(shares[filled] / of[filled])).sum())


def chance_of(bins: int, before_count: int, after_count: int, *, of: int = 1) -> float:
    """Give the index that chance alone stays below in 19 of 20 cases, in all of so many columns together (Bonferroni).

    The index of two samples of one population is about chi-squared with bins - 1 degrees of freedom, times
    (1 / n + 1 / m) (Yurdakul, Statistical Properties of Population Stability Index, 2018); its quantile is that of
    Wilson and Hilferty (1931).
    """
    freedom = bins - 1
    if freedom < 1 or not before_count or not after_count:
        return 0.0
    spread = 2 / (9 * freedom)
    normal = NormalDist().inv_cdf(1 - _CHANCE / max(1, of))
    quantile = freedom * (1 - spread + normal * math.sqrt(spread)) ** 3
    return quantile * (1 / before_count + 1 / after_count)


def drawn_chance_of(
    expected: Floats, actual: Floats, before_count: int, after_count: int, *, of: int = 1, has_quantiles: bool
) -> float:
    """Give the same where bins have few cells, or none: from samples of one population, drawn by the same chance every time.

    Args:
        expected: shares of the first.
        actual: shares of the second.
        before_count: cells of the first.
        after_count: cells of the second.
        of: so many columns are looked at together.
        has_quantiles: whether the bins are quantiles of the first, which has about the same share in each whatever chance does.
    """
    if len(expected) < 2 or not before_count or not after_count:
        return 0.0
    # Columns of one table often have the same counts in their quantiles: these are drawn for once.
    cells = expected * before_count if has_quantiles else expected * before_count + actual * after_count
    counts = tuple(round(float(count), 3) for count in cells)
    return _drawn(counts, before_count, after_count, 1 - _CHANCE / max(1, of), has_quantiles)


@lru_cache(maxsize=512)
def _drawn(counts: tuple[float, ...], before_count: int, after_count: int, share: float, has_quantiles: bool) -> float:
    """Give the index that this share of the samples stay below."""
    random, cells = np.random.default_rng(0), np.array(counts)
    if has_quantiles:
        first = np.broadcast_to(cells / before_count, (_DRAWS, len(cells)))
        population = random.dirichlet(np.maximum(cells, 0.5), _DRAWS)
        second = random.multinomial(after_count, population) / after_count
    else:
        population = cells / cells.sum()
        first, second = (random.multinomial(count, population, _DRAWS) / count for count in (before_count, after_count))
    return float(np.quantile(_psis(first, second, before_count, after_count), share))


def ks_of(before: Numbers, after: Numbers) -> float:
    """Give the largest distance between the cumulative distributions, at the edges of the bins that they share."""
    at = _common_edges(before, after)
    return float(np.abs(share_at_most(before, at) - share_at_most(after, at)).max())


def wasserstein_of(before: Numbers, after: Numbers) -> float:
    """Give the area between the cumulative distributions."""
    at = _common_edges(before, after)
    distance = share_at_most(before, at) - share_at_most(after, at)
    with np.errstate(over="ignore", invalid="ignore"):
        widths = np.diff(at)
        if before.grid.is_exact and after.grid.is_exact:
            return float((np.abs(distance[:-1]) * widths).sum())
        # Between two edges both grow evenly, and so does their distance: where it changes its sign there are two triangles.
        left, right = distance[:-1], distance[1:]
        both = np.abs(left) + np.abs(right)
        crossing = left * right < 0
        area = np.where(crossing, (left**2 + right**2) / np.where(both > 0, both, 1) / 2, both / 2)
        return float((area * widths).sum())


def decile_edges(before: Numbers, bins: int = PSI_BINS) -> Floats:
    """Give the inner edges of bins that hold about as many of the first's numbers each; equal ones once."""
    return np.unique(np.array(before.quantiles(*[place / bins for place in range(1, bins)], is_between=False)))


def _shares(before: Column, after: Column) -> tuple[Floats, Floats, int, int] | None:
    """Give the shares of the bins, or values, in either column, and how many cells they are of."""
    numbers = _compared(before, after)
    if numbers is not None:
        first, second = numbers
        edges = decile_edges(first)
        expected, actual = _binned(first, edges), _binned(second, edges)
        return expected, actual, first.count, second.count
    if before.text_count and after.text_count and not before.number_count and not after.number_count:
        return _text_shares(before, after)
    return None


def _binned(numbers: Numbers, edges: Floats) -> Floats:
    return np.diff(np.concatenate(([0.0], share_at_most(numbers, edges), [1.0])))


def _text_shares(before: Column, after: Column) -> tuple[Floats, Floats, int, int] | None:
    """Give the shares of the most frequent texts of either, and of all others together.

    None where no text is frequent: names that occur once say nothing of drift.
    """
    texts = [text for column in (before, after) for text, _ in column.texts.most(_MOST_TEXTS)]
    texts = sorted(set(texts))
    error = max(before.texts.error / before.text_count, after.texts.error / after.text_count)
    first = np.array([before.texts.counts.get(text, 0) for text in texts], np.float64) / before.text_count
    second = np.array([after.texts.counts.get(text, 0) for text in texts], np.float64) / after.text_count
    others = (max(0.0, 1 - first.sum()), max(0.0, 1 - second.sum()))
    if error > _MAX_ERROR or min(others) > 0.5:
        return None
    if max(others) > 1e-9:
        first, second = np.append(first, others[0]), np.append(second, others[1])
    return first, second, before.text_count, after.text_count


_MOST_TEXTS = 50
_MAX_ERROR = 0.01


def _moved_value(before: Column, after: Column) -> tuple[str, float, float] | None:
    if not before.text_count or not after.text_count:
        return None
    texts = sorted({text for column in (before, after) for text, _ in column.texts.most(_MOST_TEXTS)})
    moved = [
        (text, before.texts.counts.get(text, 0) / before.rows, after.texts.counts.get(text, 0) / after.rows)
        for text in texts
    ]
    return max(moved, key=lambda each: abs(each[2] - each[1]), default=None)


def numbers_of(before: Column, after: Column) -> tuple[Numbers, Numbers] | None:
    """Give what is compared of columns that both hold numbers, or both times; None of others."""
    if before.numbers.count and after.numbers.count:
        return before.numbers, after.numbers
    return (before.times, after.times) if before.times.count and after.times.count else None


def _compared(before: Column, after: Column) -> tuple[Numbers, Numbers] | None:
    numbers = numbers_of(before, after)
    return None if numbers is None else _in_same_bins(*numbers)


def _in_same_bins(before: Numbers, after: Numbers) -> tuple[Numbers, Numbers]:
    """Count both in the wider bins: where many numbers are equal, narrower ones of one side alone would part them differently."""
    shift = max(before.grid.shift, after.grid.shift)
    return replace(before, grid=before.grid.coarser(shift)), replace(after, grid=after.grid.coarser(shift))


def _missing(column: Column) -> float:
    return (column.null_count + column.nan_count) / column.rows if column.rows else 0.0


def _outside(before: Numbers, after: Numbers) -> float:
    below, above = share_at_most(after, np.array([np.nextafter(before.min, -np.inf), before.max]))
    return max(0.0, float(below + 1 - above))


def share_at_most(numbers: Numbers, at: Floats) -> Floats:
    """Give the share of numbers that are at most as large as each of `at`."""
    if numbers.grid.is_exact:
        ends = np.concatenate(([0], np.cumsum(numbers.grid.counts)))
        return ends[np.searchsorted(numbers.grid.lower(), at, side="right")] / numbers.count
    return numbers.grid.share_below(at, low=numbers.min, high=numbers.max)


def _common_edges(before: Numbers, after: Numbers) -> Floats:
    edges = []
    for numbers in (before, after):
        edges.append(np.maximum(numbers.grid.lower(), numbers.min))
        edges.append(np.minimum(numbers.grid.upper(), numbers.max))
    return np.unique(np.concatenate(edges))


def _new_and_gone(before: Column, after: Column) -> tuple[tuple[str, ...], tuple[str, ...]]:
    new = (
        tuple(text for text, _ in after.texts.most(len(after.texts.counts)) if text not in before.texts.counts)
        if before.texts.is_exact and before.text_count
        else ()
    )
    gone = (
        tuple(text for text, _ in before.texts.most(len(before.texts.counts)) if text not in after.texts.counts)
        if after.texts.is_exact and after.text_count
        else ()
    )
    return new, gone
