"""How often numbers occur, in bins whose edges are the same whoever counts.

All finite floats, in their order, are numbered as their bits are: neighbours differ by one. A bin holds 2**shift
neighbours. So bins are narrow where values are small, and as wide as they must be for at most `limit` of them to be
filled; with shift 0 each bin is one number, and the counts are exact. The shift is the smallest with which the bins
suffice for all that was counted, in whatever order and in however many parts: grids that are merged are the grid of
all numbers, and those of two tables are compared bin by bin.

The numbering is that of IEEE 754's totalOrder; HDR histograms and DDSketch have bins of this kind, with a fixed width.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from artui.arrays import Floats, Ints

LIMIT = 1024
"""So many bins are filled at most, unless it is said otherwise."""
_DENSE_SPAN = 1 << 18
"""Numbers within so many bins are counted by adding to an array of them, others by sorting."""
_MAGNITUDE = np.int64(0x7FFF_FFFF_FFFF_FFFF)
MAX_SHIFT = 63


@dataclass(frozen=True, slots=True)
class Grid:
    """Filled bins in ascending order, and how many numbers each holds."""

    shift: int
    bins: Ints
    counts: Ints
    limit: int = LIMIT

    @property
    def total(self) -> int:
        """Count the numbers."""
        return int(self.counts.sum())

    @property
    def is_exact(self) -> bool:
        """Say whether each bin is one number."""
        return self.shift == 0

    def lower(self) -> Floats:
        """Give the smallest number that each bin may hold."""
        found = _numbers(self.bins << self.shift)
        # The outermost bins reach beyond the floats, to infinity and NaN.
        return np.where(np.isfinite(found), found, -np.finfo(np.float64).max)

    def upper(self) -> Floats:
        """Give the largest number that each bin may hold: finite, and of exact bins the same as `lower`."""
        found = _numbers((self.bins << self.shift) + np.int64((1 << self.shift) - 1))
        return np.where(np.isfinite(found), found, np.finfo(np.float64).max)

    def with_values(self, values: Floats) -> Grid:
        """Count more numbers, all finite."""
        if not values.size:
            return self
        places = ordered(values)
        bins, counts = _counted(places >> self.shift)
        return _coarse_enough(self.shift, *_added((self.bins, self.counts), (bins, counts)), self.limit)

    def merged(self, other: Grid) -> Grid:
        """Count what either counted; the smaller limit holds."""
        shift, limit = max(self.shift, other.shift), min(self.limit, other.limit)
        ours, theirs = self.coarser(shift), other.coarser(shift)
        return _coarse_enough(shift, *_added((ours.bins, ours.counts), (theirs.bins, theirs.counts)), limit)

    def coarser(self, shift: int) -> Grid:
        """Give the same with bins of 2**shift neighbours, which are at least as wide."""
        if shift == self.shift:
            return self
        bins, counts = _summed(self.bins >> (shift - self.shift), self.counts)
        return Grid(shift, bins, counts, self.limit)

    def share_below(self, values: Floats, *, low: float, high: float) -> Floats:
        """Give for each value which share of the numbers is at most that, between 0 and 1.

        Within a bin that is not exact, the numbers are taken to lie evenly between its edges.

        Args:
            low, high: the smallest and the largest number counted, which narrow the outer bins.
        """
        return shares(self, values, low=low, high=high)

    def quantiles(
        self, shares: Sequence[float], *, low: float, high: float, is_between: bool = True, is_whole: bool = False
    ) -> list[float]:
        """Give the number below which each share of the numbers lies.

        Exact where bins are; else the place within the bin is that of evenly spread numbers, of whole ones if all are whole.

        Args:
            shares: between 0 and 1.
            low, high: the smallest and the largest number counted, which narrow the outer bins.
            is_between: whether a share that ends between two numbers gives what lies between them, as `numpy.quantile` and
                every median of artui do; else a number that was counted (`inverted_cdf`).
            is_whole: whether all numbers are whole.
        """
        if not self.bins.size:
            return [float("nan")] * len(shares)
        ends = np.cumsum(self.counts)
        lower, upper = np.maximum(self.lower(), low), np.minimum(self.upper(), high)
        if is_whole:
            lower, upper = np.ceil(lower), np.floor(upper)
        total = int(ends[-1])

        def at(rank: int) -> float:
            """Give the number that so many of those counted, itself too, are at most as large as."""
            place = min(int(np.searchsorted(ends, rank)), len(ends) - 1)
            if not self.shift:
                return float(lower[place])
            count = int(self.counts[place])
            number = rank - (int(ends[place]) - count)
            part = (number - 1) / (count - 1) if is_whole and count > 1 else (number - 0.5) / count
            found = float(lower[place] + (upper[place] - lower[place]) * part)
            return float(round(found)) if is_whole else found

        found = []
        for share in shares:
            if not 0 < share < 1:
                found.append(high if share >= 1 else low)
            elif not is_between:
                found.append(at(max(math.ceil(share * total), 1)))
            else:
                part, before = math.modf(share * (total - 1))
                first = at(int(before) + 1)
                second = at(int(before) + 2) if part else first
                found.append(first if first == second else first * (1 - part) + second * part)
        return found


def empty(limit: int = LIMIT) -> Grid:
    """Give a grid that has counted nothing."""
    return Grid(0, np.empty(0, np.int64), np.empty(0, np.int64), limit)


def of_counts(values: Floats, counts: Ints, *, shift: int, limit: int = LIMIT) -> Grid:
    """Make a grid of numbers with how often each occurs, with bins of 2**shift neighbours."""
    filled = counts > 0
    places, kept = ordered(values[filled]), counts[filled]
    order = np.argsort(places, kind="stable")
    return _coarse_enough(shift, *_summed(places[order] >> shift, kept[order]), limit)


def ordered(values: Floats) -> Ints:
    """Number floats in their order; both zeros are one."""
    bits = (values + 0.0).view(np.int64)
    return bits ^ ((bits >> 63) & _MAGNITUDE)


def shares(grid: Grid, values: Floats, *, low: float, high: float) -> Floats:
    """See `Grid.share_below`."""
    ends = np.cumsum(grid.counts)
    if not ends.size:
        return np.zeros(len(values))
    lower = np.maximum(grid.lower(), low)
    upper = np.minimum(grid.upper(), high)
    place = np.searchsorted(lower, values, side="right") - 1
    inside = np.maximum(place, 0)
    width = upper[inside] - lower[inside]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        part = np.where(width > 0, np.clip((values - lower[inside]) / width, 0, 1), 1.0)
    before = ends[inside] - grid.counts[inside]
    return np.where(place < 0, 0.0, (before + part * grid.counts[inside]) / ends[-1])


def _numbers(places: Ints) -> Floats:
    bits: Ints = places ^ ((places >> 63) & _MAGNITUDE)
    return bits.view(np.float64)


def _counted(bins: Ints) -> tuple[Ints, Ints]:
    low, high = int(bins.min()), int(bins.max())
    if high - low < max(_DENSE_SPAN, 2 * bins.size):
        counts = np.bincount(bins - low)
        filled = np.flatnonzero(counts)
        return filled + low, counts[filled]
    unique, unique_counts = np.unique(bins, return_counts=True)
    return unique, unique_counts


def _added(ours: tuple[Ints, Ints], theirs: tuple[Ints, Ints]) -> tuple[Ints, Ints]:
    if not ours[0].size:
        return theirs
    bins = np.concatenate((ours[0], theirs[0]))
    order = np.argsort(bins, kind="stable")
    return _summed(bins[order], np.concatenate((ours[1], theirs[1]))[order])


def _summed(bins: Ints, counts: Ints) -> tuple[Ints, Ints]:
    """Put equal neighbours together."""
    if not bins.size:
        return bins, counts
    first = np.flatnonzero(np.concatenate(([True], bins[1:] != bins[:-1])))
    return bins[first], np.add.reduceat(counts, first)


def _coarse_enough(shift: int, bins: Ints, counts: Ints, limit: int) -> Grid:
    """Widen the bins no more than the limit asks for."""
    if bins.size > limit:
        # Two neighbours fall together once the highest bit in which they differ is shifted away.
        lengths = np.sort(_bit_lengths(bins[1:] ^ bins[:-1]))
        further = int(lengths[bins.size - 1 - limit])
        bins, counts = _summed(bins >> further, counts)
        shift += further
    return Grid(min(shift, MAX_SHIFT), bins, counts, limit)


def _bit_lengths(values: Ints) -> Ints:
    unsigned = values.view(np.uint64)
    high, low = (unsigned >> np.uint64(32)).astype(np.float64), (unsigned & np.uint64(0xFFFF_FFFF)).astype(np.float64)
    # Exact: a float holds 32 bits.
    return np.where(high > 0, np.frexp(high)[1] + 32, np.frexp(low)[1]).astype(np.int64)
