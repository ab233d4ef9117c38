"""What numbers are like: moments, extremes and a grid."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from artui.profile import grid
from artui.profile.grid import Grid

if TYPE_CHECKING:
    from artui.arrays import Floats


@dataclass(frozen=True, slots=True)
class Numbers:
    """Finite numbers that were counted."""

    count: int = 0
    mean: float = 0.0
    """Infinite or NaN where sums leave the range of floats."""
    squares: float = 0.0
    """Sum of the squared distances from the mean."""
    min: float = math.inf
    max: float = -math.inf
    zero_count: int = 0
    grid: Grid = field(default_factory=grid.empty)

    @property
    def std(self) -> float:
        """Give the sample's standard deviation, divided by count - 1; NaN of fewer than two."""
        return math.sqrt(self.squares / (self.count - 1)) if self.count > 1 else math.nan

    def with_values(self, values: Floats) -> Numbers:
        """Count more, all finite."""
        if not values.size:
            return self
        with np.errstate(over="ignore", invalid="ignore"):
            mean = float(values.mean())
            squares = float(np.square(values - mean).sum())
        low, high, zeros = float(values.min()), float(values.max()), int(np.count_nonzero(values == 0))
        return self._joined(len(values), mean, squares, low, high, zeros, self.grid.with_values(values))

    def merged(self, other: Numbers) -> Numbers:
        """Count what either counted."""
        joined = self.grid.merged(other.grid)
        if not other.count:
            return _with_grid(self, joined)
        return self._joined(other.count, other.mean, other.squares, other.min, other.max, other.zero_count, joined)

    def _joined(
        self, count: int, mean: float, squares: float, low: float, high: float, zeros: int, joined: Grid
    ) -> Numbers:
        """Put moments together as Chan, Golub and LeVeque (1979) do."""
        total = self.count + count
        between = mean - self.mean if self.count else 0.0
        try:
            both_mean = self.mean + between * (count / total) if self.count else mean
            both_squares = self.squares + squares + between * between * (self.count * (count / total))
        except OverflowError:
            both_mean, both_squares = math.nan, math.inf
        return Numbers(
            total, both_mean, both_squares, min(self.min, low), max(self.max, high), self.zero_count + zeros, joined
        )

    def quantiles(self, *shares: float, is_between: bool = True, is_whole: bool = False) -> list[float]:
        """Give the numbers below which these shares lie; with `is_between` false only ones that were counted."""
        return self.grid.quantiles(shares, low=self.min, high=self.max, is_between=is_between, is_whole=is_whole)


def _with_grid(numbers: Numbers, joined: Grid) -> Numbers:
    return Numbers(
        numbers.count, numbers.mean, numbers.squares, numbers.min, numbers.max, numbers.zero_count, joined
    )  # fmt: skip
