"""Curves as braille dots: bands of what was measured, and lines over them."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from rich.style import Style

from artui.tui.widgets.chartoptions import ChartOptions, smoothed

if TYPE_CHECKING:
    from artui.query.series.curves import Curve
    from artui.tui.widgets.plot import Plot, Scale

MIN_WIDTH = 24


@dataclass(frozen=True, slots=True)
class ChartLine:
    """One curve of a chart."""

    title: str
    curve: Curve
    colour: int
    """Position in the palette's curves: a run keeps its own."""
    mark: str = ""
    run_id: str = ""
    is_picked: bool = True
    """Whether it keeps its colour among many others, and lies in front of them."""


class Ranges(NamedTuple):
    """What the axes of a chart span."""

    x_low: float
    x_high: float
    low: float
    """On a logarithmic y axis a power of ten, as `high`."""
    high: float


def ranges_of(curves: Sequence[ChartLine], options: ChartOptions) -> Ranges | None:
    """Give what the axes have to span; None if there is nothing finite to draw."""
    if options.window is not None:
        x_low, x_high = options.window
        if options.is_log_x and x_low <= 0:
            return None
    else:
        xs = [
            x
            for line in curves
            for ends in (line.curve.xs, line.curve.nan_xs, line.curve.positive_inf_xs, line.curve.negative_inf_xs)
            for x in _ends(ends, above_zero=options.is_log_x)
        ]
        if not xs:
            return None
        x_low, x_high = min(xs), max(xs)
    lows: list[float] = []
    highs: list[float] = []
    for line in curves:
        curve = line.curve
        start, stop = 0, len(curve.xs)
        if options.window is not None:
            # The nearest points beyond the edges only continue the line.
            start, stop = bisect_left(curve.xs, x_low), bisect_left(curve.xs, math.nextafter(x_high, math.inf))
            if start == stop:
                start, stop = max(0, start - 1), min(len(curve.xs), stop + 1)
        lows += [value for value in curve.lows[start:stop] if not options.is_log or value > 0]
        highs += [value for value in curve.highs[start:stop] if not options.is_log or value > 0]
    if not lows or not highs:
        return None
    low, high = min(lows), max(highs)
    if options.is_log:
        low, high = math.log10(low), math.log10(high)
    if low == high:
        pad = abs(low) * 0.1 or 1.0
        low, high = low - pad, high + pad
    if not math.isfinite(high - low):
        return None
    return Ranges(x_low, x_high, low, high)


def _ends(xs: Sequence[float], *, above_zero: bool) -> Sequence[float]:
    kept = [x for x in xs if x > 0] if above_zero else xs
    return (min(kept), max(kept)) if kept else ()


@dataclass(slots=True)
class _Dots:
    """A curve by columns of dots: mean, lowest and highest value of the buckets in each column."""

    columns: list[int]
    means: list[float]
    lows: list[float]
    highs: list[float]

    def add(self, column: int, total: float, count: int, low: float, high: float) -> None:
        mean = total / count
        self.columns.append(column)
        # The sum of huge values may overflow although their mean does not.
        self.means.append(mean if low <= mean <= high else low / 2 + high / 2)
        self.lows.append(low)
        self.highs.append(high)


def _dots(curve: Curve, scale: Scale) -> _Dots:
    """Put a curve's buckets into columns of dots, except those that a logarithmic axis has no place for."""
    if scale.is_log:
        rows = [(x, *rest) for value, *rest in zip(curve.xs, curve.means, curve.lows, curve.highs, strict=True) if (x := scale.column(value)) is not None]  # fmt: skip
        xs, means, lows, highs = map(list, zip(*rows, strict=True)) if rows else ([], [], [], [])
    else:
        xs, means, lows, highs = scale.columns(curve.xs), list(curve.means), list(curve.lows), list(curve.highs)
    if len(set(xs)) == len(xs):
        return _Dots(xs, means, lows, highs)
    dots = _Dots([], [], [], [])
    column, total, count, lowest, highest = xs[0], 0.0, 0, lows[0], highs[0]
    # One pass without a call for each bucket: this takes most of the time of drawing.
    for x, mean, low, high in zip(xs, means, lows, highs, strict=True):
        if x == column:
            total += mean
            count += 1
            if low < lowest:
                lowest = low
            if high > highest:
                highest = high
            continue
        dots.add(column, total, count, lowest, highest)
        column, total, count, lowest, highest = x, mean, 1, low, high
    dots.add(column, total, count, lowest, highest)
    # The line begins and ends at the first and the last value, not at the mean of a column.
    dots.means[0], dots.means[-1] = means[0], means[-1]
    return dots


def trace(
    plot: Plot, line: ChartLine, owner: int, x_scale: Scale, y_scale: Scale, smoothing: float, *, has_band: bool
) -> list[tuple[int, int]]:
    """Draw a curve; give the dots of its line, also those beyond the edges."""
    dots = _dots(line.curve, x_scale)
    if (has_band or smoothing <= 0) and dots.columns:
        _stroke_ranges(plot, dots, owner, y_scale, is_band=has_band)
    if has_band:
        _follow(plot, dots.columns, dots.means, y_scale, owner, is_band=True)
    return _follow(plot, dots.columns, smoothed(dots.means, smoothing), y_scale, owner, is_band=False)


def _stroke_ranges(plot: Plot, dots: _Dots, owner: int, scale: Scale, *, is_band: bool) -> None:
    """Draw the columns from the lowest to the highest value."""
    last, width = plot.dot_rows - 1, plot.dot_columns
    if scale.is_log:
        tops = [0 if y is None else y for y in map(scale.place, dots.highs)]
        bottoms = [last if y is None else y for y in map(scale.place, dots.lows)]
        # A column that lies entirely below the axis has nothing to show.
        rows = [row for row, high in zip(zip(dots.columns, tops, bottoms, strict=True), dots.highs, strict=True) if high > 0]  # fmt: skip
    else:
        rows = list(zip(dots.columns, scale.places(dots.highs), scale.places(dots.lows), strict=True))
    rows = [row for row in rows if 0 <= row[0] < width]
    if rows:
        xs, tops, bottoms = map(list, zip(*rows, strict=True))
        plot.strokes(xs, tops, bottoms, owner, is_band=is_band)


def _follow(
    plot: Plot, columns: Sequence[int], values: Sequence[float], scale: Scale, owner: int, *, is_band: bool
) -> list[tuple[int, int]]:
    """Draw a line through points, with a gap where a logarithmic axis has no place for one."""
    places: Sequence[int | None] = [scale.place(value) for value in values] if scale.is_log else scale.places(values)
    before: tuple[int, int] | None = None
    followed: list[tuple[int, int]] = []
    for x, y in zip(columns, places, strict=True):
        if y is None:
            before = None
            continue
        if before is None or (y == before[1] and x == before[0] + 1):
            plot.stroke(x, y, y, owner, is_band=is_band)
        else:
            plot.join(before, (x, y), owner, is_band=is_band)
        before = x, y
        followed.append(before)
    return followed


def mark_odd(plot: Plot, curves: Sequence[ChartLine], x_scale: Scale, style: Style) -> None:
    """Mark where curves have NaN or infinite values."""
    for line in curves:
        for xs, row, sign in (
            (line.curve.nan_xs, plot.rows - 1, "×"),
            (line.curve.positive_inf_xs, 0, "▲"),
            (line.curve.negative_inf_xs, plot.rows - 1, "▼"),
        ):
            for x in xs:
                column = x_scale.column(x)
                if column is not None and 0 <= column < plot.dot_columns:
                    plot.signs[row, column >> 1] = sign, style


def mark_end(plot: Plot, line: ChartLine, style: Style, followed: Sequence[tuple[int, int]]) -> None:
    """Put the curve's mark at its end, or where it leaves the chart."""
    at = next(((x, y) for x, y in reversed(followed) if 0 <= x < plot.dot_columns), None)
    if at is not None:
        plot.signs[at[1] >> 2, at[0] >> 1] = line.mark, style
