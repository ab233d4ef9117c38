"""Curves as braille dots: bands of what was measured, and lines over them."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, NamedTuple

from rich.style import Style

from artui.query.far import sampled, usual_range
from artui.tui.widgets.axes import FARTHEST, Scale, power_of_ten
from artui.tui.widgets.chartoptions import ChartOptions, smoothed
from artui.tui.widgets.plot import letters_of

if TYPE_CHECKING:
    from artui.arrays import Floats
    from artui.query.series.curves import Curve
    from artui.tui.widgets.plot import Plot

MIN_WIDTH = 24
MANY_CURVES = 8
"""Of more curves than this only the picked ones have their own colour, and none has a band behind it."""


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
    is_front: bool = False
    """Whether it lies in front of all others, which are dim beside it."""


class Ranges(NamedTuple):
    """What the axes of a chart span, and what lies outside."""

    x_low: float
    x_high: float
    low: float
    """On a logarithmic y axis a power of ten, as `high`."""
    high: float
    is_log: bool = False
    """Whether the y axis is logarithmic."""
    lowest: float | None = None
    """The smallest value, if it lies below the axis: far outside the bulk of the values."""
    highest: float | None = None

    @property
    def bounds(self) -> tuple[float, float]:
        """The values at the ends of the y axis."""
        return (power_of_ten(self.low), power_of_ten(self.high)) if self.is_log else (self.low, self.high)


def ranges_of(curves: Sequence[ChartLine], options: ChartOptions, *, is_whole: bool = False) -> Ranges | None:
    """Give what the axes have to span; None if there is nothing finite to draw.

    The y axis spans what is drawn in sight: of curves that are folded into a band, the band. It does not depend on the
    size of the chart: a curve looks alike on every screen.

    Args:
        curves: all of the chart.
        options: how it is drawn.
        is_whole: whether the chart has the whole screen: then only what is very far outside is left out. How a
            training began is part of what it learnt.
    """
    if options.window is not None:
        x_low, x_high = options.window
        if options.is_log_x and x_low <= 0:
            return None
    elif options.whole is not None and not (options.is_log_x and options.whole[0] <= 0):
        x_low, x_high = options.whole
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
    x_low, x_high = max(-FARTHEST, x_low), min(FARTHEST, x_high)
    lows: list[float] = []
    highs: list[float] = []
    lasts: list[float] = []
    courses: list[Sequence[float]] = []
    behind, is_many = folded(curves), len(curves) > MANY_CURVES
    if behind:
        bottom, _, top = spread_in(behind, x_low, x_high, is_log_x=options.is_log_x)
        lows += [value for value in bottom.tolist() if value == value]
        highs += [value for value in top.tolist() if value == value]
    for line in curves:
        if behind and not line.is_picked:
            continue
        curve = line.curve
        start, stop = 0, len(curve.xs)
        if options.window is not None:
            # The nearest points beyond the edges only continue the line.
            start, stop = bisect_left(curve.xs, x_low), bisect_left(curve.xs, math.nextafter(x_high, math.inf))
            if start == stop:
                start, stop = max(0, start - 1), min(len(curve.xs), stop + 1)
        # Of many curves only the means are drawn.
        lows += (curve.means if is_many else curve.lows)[start:stop]
        highs += (curve.means if is_many else curve.highs)[start:stop]
        if line.is_picked and start < stop:
            lasts.append(curve.means[stop - 1])
            courses.append(curve.means[start:stop])
    if not lows:
        return None
    is_log = options.y_scale == "log" or (options.y_scale == "auto" and _spans_decades(lows, highs))
    if is_log:
        lows, highs = [value for value in lows if value > 0], [value for value in highs if value > 0]
        if not highs:
            return None
        # A column from below zero up has a part that the axis shows.
        lows = lows or highs
    if (
        options.y_scale == "auto"
        and not is_log
        and 0 < min(lows) <= max(highs) / (_TENFOLD if is_whole else _VERY_WIDE)
    ):
        # Rather than to leave out how a loss fell from far above, show its decades; on a higher chart, too.
        is_log = max(highs) > usual_range(lows, highs, lasts, is_log=False)[1]
    low, high = usual_range(lows, highs, lasts, is_log=is_log)
    if not is_many and all(line.is_picked for line in curves):
        low, high = _with_courses(
            low, high, [[value for value in means if value > 0] for means in courses] if is_log else courses
        )
    if is_whole:
        low, high = _with_near(low, high, lows, highs, is_log=is_log)
    low, high = max(-FARTHEST, low), min(FARTHEST, high)
    lowest, highest = min(lows), max(highs)
    outside = lowest if lowest < low else None, highest if highest > high else None
    if is_log:
        low, high = math.log10(low), math.log10(high)
    if low == high:
        pad = abs(low) * 0.1 or 1.0
        low, high = low - pad, high + pad
    return Ranges(x_low, x_high, low, high, is_log, *outside)


_VERY_WIDE = 1000.0
"""So much above the smallest value the largest ones are shown by their decades instead of being left out."""
_TENFOLD = 10.0
"""The same on the whole screen, where little is left out: it would push all others to the bottom."""
_WIDE = 30.0
"""Values that span this ratio, one and a half decades, are drawn on a logarithmic axis."""


_VERY_FAR = 10.0
"""What is beyond a range by more than so many times the range itself, or the larger of its ends, is very far outside."""


def _with_near(
    low: float, high: float, lows: Sequence[float], highs: Sequence[float], *, is_log: bool
) -> tuple[float, float]:
    """Widen a range by the values beyond it that are not very far outside."""
    if is_log:
        # In factors: so far beyond as the range is wide, and ten times at least.
        reach = max(math.log10(high) - math.log10(low), 1.0)
        return (
            min(value for value in lows if math.log10(value) >= math.log10(low) - reach),
            max(value for value in highs if math.log10(value) <= math.log10(high) + reach),
        )
    reach = _VERY_FAR * max(high / 2 - low / 2, abs(low) / 2, abs(high) / 2)
    return (
        min(value for value in lows if value / 2 >= low / 2 - reach),
        max(value for value in highs if value / 2 <= high / 2 + reach),
    )


def _with_courses(low: float, high: float, courses: Sequence[Sequence[float]]) -> tuple[float, float]:
    """Widen a range so that at least half of the points of each curve lie inside."""
    wide_low, wide_high = low, high
    for means in courses:
        if 2 * sum(low <= value <= high for value in means) >= len(means):
            continue
        ordered = sorted(means)
        count, fewest = len(ordered), (len(ordered) + 1) // 2
        above, below = sum(value > high for value in means), sum(value < low for value in means)
        # What lies outside on the side with less of it stays there, as far as that leaves half of them inside.
        if above >= below:
            wide_high = max(wide_high, ordered[min(count, fewest + below) - 1])
            start = max(0, fewest + below - count)
            wide_low = min(wide_low, ordered[below - start]) if start else wide_low
        else:
            wide_low = min(wide_low, ordered[max(0, count - fewest - above)])
            end = max(0, fewest + above - count)
            wide_high = max(wide_high, ordered[count - above - 1 + end]) if end else wide_high
    return wide_low, wide_high


def _spans_decades(lows: Sequence[float], highs: Sequence[float]) -> bool:
    """Say whether all values are above zero and nine tenths of them span one and a half decades."""
    if min(lows) <= 0:
        return False
    values = sampled([*lows, *highs])
    return values[len(values) * 19 // 20] / _WIDE >= values[len(values) // 20]


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
    breaks: set[int] = field(default_factory=set)
    """Places that no line leads to from the one before: what lies between is not a number."""

    def pieces(self) -> Iterator[slice]:
        """Give the parts between breaks."""
        edges = [0, *sorted(self.breaks), len(self.columns)]
        return (slice(start, stop) for start, stop in pairwise(edges) if start < stop)


def _dots(curve: Curve, scale: Scale) -> _Dots:
    """Put a curve's buckets into columns of dots, except those that a logarithmic axis has no place for."""
    import numpy as np

    xs, means = np.asarray(curve.xs, np.float64), np.asarray(curve.means, np.float64)
    lows, highs = np.asarray(curve.lows, np.float64), np.asarray(curve.highs, np.float64)
    breaks = np.asarray(curve.breaks, np.int64)
    if scale.is_log:
        kept = np.flatnonzero(xs > 0)
        xs, means, lows, highs = np.log10(xs[kept]), means[kept], lows[kept], highs[kept]
        breaks = np.searchsorted(kept, breaks)
    if not len(xs):
        return _Dots([], [], [], [])
    beyond = _BEYOND * scale.dots
    with np.errstate(over="ignore", invalid="ignore"):
        places = (xs - scale.low) / ((scale.high - scale.low) or 1.0) * (scale.dots - 1)
        columns = np.rint(np.clip(places, -beyond, beyond)).astype(np.int64)
        starts = np.flatnonzero(np.append(True, columns[1:] != columns[:-1]))
        if len(starts) == len(columns):
            return _Dots(columns.tolist(), list(curve.means) if not scale.is_log else means.tolist(), lows.tolist(), highs.tolist(), set(breaks.tolist()))  # fmt: skip
        lowest, highest = np.minimum.reduceat(lows, starts), np.maximum.reduceat(highs, starts)
        middles = np.add.reduceat(means, starts) / np.diff(starts, append=len(columns))
        # The sum of huge values may overflow although their mean does not.
        middles = np.where(np.isfinite(middles), np.clip(middles, lowest, highest), lowest / 2 + highest / 2)
    # The line begins and ends at the first and the last value, not at the mean of a column.
    middles[0], middles[-1] = means[0], means[-1]
    at = np.searchsorted(starts, breaks)
    are_first = starts[np.minimum(at, len(starts) - 1)] == breaks
    return _Dots(columns[starts].tolist(), middles.tolist(), lowest.tolist(), highest.tolist(), set(at[are_first].tolist()))  # fmt: skip


_BEYOND = 11
"""Dots stand at most so many widths beyond the edges of a chart."""


class Traced(NamedTuple):
    """Where a curve was drawn, in dots."""

    line: list[tuple[int, int]]
    """The dots of its line, also those beyond the edges."""
    above: list[int]
    """Columns in which values lie above the axis; `below` likewise."""
    below: list[int]


def trace(
    plot: Plot,
    line: ChartLine,
    owner: int,
    x_scale: Scale,
    y_scale: Scale,
    smoothing: float,
    *,
    has_band: bool,
    bounds: tuple[float, float] | None = None,
) -> Traced:
    """Draw a curve: its line, and with `has_band` what was measured behind it.

    Args:
        bounds: the values at the ends of the y axis, if some lie outside.
    """
    dots = _dots(line.curve, x_scale)
    if not dots.columns:
        return Traced([], [], [])
    if has_band:
        _stroke_ranges(plot, dots, owner, y_scale)
    followed: list[tuple[int, int]] = []
    for piece in dots.pieces():
        columns, means = dots.columns[piece], dots.means[piece]
        if has_band and smoothing:
            _follow(plot, columns, means, y_scale, owner, is_band=True)
        values = smoothed(columns, means, smoothing * x_scale.dots)
        followed += _follow(plot, columns, values, y_scale, owner, is_band=False)
    if bounds is None:
        return Traced(followed, [], [])
    low, high = bounds
    highs, lows = (dots.highs, dots.lows) if has_band else (dots.means, dots.means)
    above = [column for column, value in zip(dots.columns, highs, strict=True) if value > high]
    below = [column for column, value in zip(dots.columns, lows, strict=True) if value < low]
    return Traced(followed, above, below)


def _stroke_ranges(plot: Plot, dots: _Dots, owner: int, scale: Scale) -> None:
    """Draw the columns from the lowest to the highest value."""
    last, width = plot.dot_rows - 1, plot.dot_columns
    if scale.is_log:
        tops = [0 if (y := scale.place(high, reach=1)) is None else y for high in dots.highs]
        bottoms = [last if (y := scale.place(low, reach=1)) is None else y for low in dots.lows]
        # A column that lies entirely below the axis has nothing to show.
        rows = [row for row, high in zip(zip(dots.columns, tops, bottoms, strict=True), dots.highs, strict=True) if high > 0]  # fmt: skip
    else:
        tops, bottoms = scale.places(dots.highs, reach=1), scale.places(dots.lows, reach=1)
        rows = list(zip(dots.columns, tops, bottoms, strict=True))
    # Where all lies beyond the axis there is nothing to show.
    rows = [(x, max(0, top), min(last, bottom)) for x, top, bottom in rows if 0 <= x < width]
    rows = [row for row in rows if row[1] <= row[2]]
    if rows:
        xs, tops, bottoms = map(list, zip(*rows, strict=True))
        plot.strokes(xs, tops, bottoms, owner, is_band=True)


_REACH = 20
"""Up to so many heights above and below the axis a line keeps its direction towards a point."""


def _follow(
    plot: Plot, columns: Sequence[int], values: Sequence[float], scale: Scale, owner: int, *, is_band: bool
) -> list[tuple[int, int]]:
    """Draw a line through points: it ends at the edge where it leaves the axis, and a point of which a logarithmic axis has no place is a gap."""
    places: Sequence[int | None]
    if scale.is_log:
        places = [scale.place(value, reach=_REACH) for value in values]
    else:
        places = scale.places(values, reach=_REACH)
    before: tuple[int, int] | None = None
    followed: list[tuple[int, int]] = []
    width, lowest = plot.dot_columns, plot.dot_rows - 1
    # Strokes beside each other are nearly all of a line: they are set together.
    xs: list[int] = []
    tops: list[int] = []
    bottoms: list[int] = []
    for x, y in zip(columns, places, strict=True):
        if y is None:
            before = None
            continue
        if before is not None and x > before[0] + 1:
            plot.join(before, (x, y), owner, is_band=is_band)
        elif 0 <= x < width:
            last = y if before is None else before[1]
            xs.append(x)
            tops.append(max(0, last + 1 if y > last else y))
            bottoms.append(min(lowest, last - 1 if y < last else y))
        before = x, y
        followed.append(before)
    plot.strokes(xs, tops, bottoms, owner, is_band=is_band)
    return followed


class OddPlaces(NamedTuple):
    """Where curves have a value that is no finite number."""

    sign: Literal["×", "▲", "▼"]
    word: str
    """What it stands for."""
    shares: Sequence[float]
    """Of the x axis, from 0 to 1, in ascending order."""


_ROWS_A_SIGN = 4
"""Of a chart with fewer rows for each sort of sign all stand in one row."""


def odd_places(curves: Sequence[ChartLine], x_scale: Scale) -> list[OddPlaces]:
    """Give where in sight curves are NaN or infinite, by sorts of sign; sorts that there are none of are left out."""
    sorts: tuple[tuple[Literal["×", "▲", "▼"], str, list[Sequence[float]]], ...] = (
        ("▲", "∞", [line.curve.positive_inf_xs for line in curves]),
        ("×", "NaN", [line.curve.nan_xs for line in curves]),
        ("▼", "−∞", [line.curve.negative_inf_xs for line in curves]),
    )
    found = []
    for sign, word, of_curves in sorts:
        shares = (x_scale.share(x) for x in {x for xs in of_curves for x in xs})
        if inside := sorted(share for share in shares if share is not None and 0 <= share <= 1):
            found.append(OddPlaces(sign, word, inside))
    return found


def odd_rows(found: Sequence[OddPlaces], rows: int) -> list[list[OddPlaces]]:
    """Give what stands in each row of signs under a plot: one row a sort, or one for all where there are few rows."""
    if len(found) > 1 and rows < _ROWS_A_SIGN * (1 + len(found)):
        return [list(found)]
    return [[sort] for sort in found]


def odd_label(sorts: Sequence[OddPlaces]) -> str:
    """Say what the signs of a row stand for."""
    return " ".join(sort.word for sort in sorts)


def mark_odd(plot: Plot, rows: Sequence[Sequence[OddPlaces]], style: Style) -> None:
    """Put signs of NaN and infinities into rows of their own; where several would share a cell, the rarest is seen."""
    for row, sorts in enumerate(rows):
        for sort in sorted(sorts, key=lambda sort: -len(sort.shares)):
            for share in sort.shares:
                plot.signs[row, round(share * (plot.dot_columns - 1)) >> 1] = sort.sign, style


def mark_outside(plot: Plot, traced: Traced, style: Style) -> None:
    """Mark where a curve leaves the range of the y axis, in place of the line along the edge."""
    for columns, row, sign in ((traced.above, 0, "↑"), (traced.below, plot.rows - 1, "↓")):
        for column in columns:
            if 0 <= column < plot.dot_columns:
                plot.signs.setdefault((row, column >> 1), (sign, style))


def margin_for(count: int, width: int) -> int:
    """Give the columns at the right of a plot for the marks of so many curves."""
    return min(count, next(most for cells, most in _MARGINS if width >= cells))


_MARGINS = ((100, 6), (60, 4), (0, 3))
"""In a chart of so many cells so many columns at most."""


class Ended(NamedTuple):
    """A curve whose mark is to be put at its end."""

    mark: str
    style: Style
    followed: Sequence[tuple[int, int]]
    """The dots of its line."""
    last: float = 0.0
    """Its last value, which orders those that end at the same dot."""


def mark_ends(plot: Plot, lines: Sequence[Ended]) -> None:
    """Put marks at the ends of curves, each in the row of its end: of those that reach the right edge beside the plot.

    Marks of one row that would share a cell stand side by side, from the higher to the lower end; behind them it is said
    how many more there are.
    """
    at_edge: dict[int, list[tuple[int, float, Ended]]] = {}
    inside: dict[int, list[tuple[int, int, float, Ended]]] = {}
    for line in lines:
        if (y := _row_at_edge(plot, line.followed)) is not None:
            at_edge.setdefault(y >> 2, []).append((y, -line.last, line))
        elif line.followed:
            x, y = line.followed[-1]
            # Ended before what is in sight, it has no place.
            if x >= 0:
                row = max(0, min(plot.rows - 1, y >> 2))
                inside.setdefault(row, []).append((x >> 1, y, -line.last, line))
    for row, ends in at_edge.items():
        _write(plot, row, plot.columns, [end[-1] for end in sorted(ends, key=lambda end: end[:-1])], plot.margin)
    for row, within in inside.items():
        clusters: list[tuple[int, list[Ended]]] = []
        for column, *_, line in sorted(within, key=lambda end: end[:-1]):
            if clusters and column < clusters[-1][0] + len(clusters[-1][1]):
                clusters[-1][1].append(line)
            else:
                clusters.append((column, [line]))
        for place, (column, together) in enumerate(clusters):
            room = (clusters[place + 1][0] if place + 1 < len(clusters) else plot.columns) - column
            _write(plot, row, column, together, min(room, _free_cells(plot, row, column)))


_BESIDE = 5
"""So many cells at and behind the end of a line are for marks, whatever lines go on there."""


def _free_cells(plot: Plot, row: int, column: int) -> int:
    """Give how many cells from the end of a line on have no other line in them, or are for marks all the same."""
    first = row * plot.columns
    after = next(
        (at for at in range(column + _BESIDE, plot.columns) if plot.line[first + at] or (row, at) in plot.signs),
        plot.columns,
    )
    return after - column


def _write(plot: Plot, row: int, column: int, lines: Sequence[Ended], room: int) -> None:
    """Put marks side by side into so many cells, and how many more there are if these are too few."""
    count = len(lines)
    if count > room:
        count = max(1, room - len(f"+{len(lines)}"))
    letters = [(line.mark, line.style) for line in lines[:count]]
    more = f"+{len(lines) - count}" if count < len(lines) else ""
    if count + len(more) <= room:
        letters += [(letter, lines[-1].style) for letter in more]
    for at, sign in enumerate(letters, column):
        plot.signs[row, at] = sign


def _row_at_edge(plot: Plot, followed: Sequence[tuple[int, int]]) -> int | None:
    """Give the dot row at which a line reaches the right edge, or goes on beyond it; None for one that ends before."""
    right = plot.dot_columns - 1
    if not followed or followed[-1][0] >> 1 < right >> 1:
        return None
    after = bisect_left(followed, (right, -1))
    if after == len(followed):
        return followed[-1][1]
    x1, y1 = followed[after]
    if x1 > right and not after:
        return None  # begins beyond what is in sight
    x0, y0 = followed[max(0, after - 1)]
    y = y1 if x1 == right else round(y0 + (y1 - y0) * (right - x0) / (x1 - x0))
    return max(0, min(y, plot.dot_rows - 1))


_FEW_POINTS, _POINT_DOTS = 30, 6
"""Of so many points in sight at most, and so many dots apart, each is seen on its line."""
_AROUND = ((0, -1), (0, 1), (-1, 0), (1, 0))


def are_few(lines: Sequence[Sequence[tuple[int, int]]], dot_columns: int) -> bool:
    """Say whether the points of lines are so few and so far apart that each is worth a sign of its own."""
    inside = [[x for x, _ in line if 0 <= x < dot_columns] for line in lines]
    gaps = [after - before for xs in inside for before, after in pairwise(xs)]
    return 0 < sum(map(len, inside)) <= _FEW_POINTS and min(gaps, default=0) >= _POINT_DOTS


def mark_points(plot: Plot, followed: Sequence[tuple[int, int]], owner: int) -> None:
    """Put dots around each point of a line: it stays where the line is, which no letter would, for it stands in the middle of its row."""
    for x, y in followed:
        for across, down in _AROUND:
            plot.dot(x + across, y + down, owner)


_CELLS_A_MARK = 14


def mark_along(plot: Plot, line: Ended, start: int) -> None:
    """Put the curve's mark on its line here and there, so that lines without colours can be told apart.

    Args:
        start: the cell of the first mark; lines that begin at different ones do not hide each other's.
    """
    wanted = start
    for x, y in line.followed:
        if x >> 1 >= wanted and 0 <= x < plot.dot_columns and 0 <= y < plot.dot_rows:
            plot.signs.setdefault((y >> 2, x >> 1), (line.mark, line.style))
            wanted = (x >> 1) + _CELLS_A_MARK


MANY_BEHIND = 20
"""Of more curves than these behind those in colour only their spread is drawn."""
SPREAD_WORDS = "10–90 %"
_FEWEST_SPREAD = 3
"""Fewer curves have no spread."""
_SPREAD_COLUMNS = 480
"""In so many columns the spread is taken where it is not drawn in dots."""


def folded(curves: Sequence[ChartLine]) -> list[ChartLine]:
    """Give the curves of which only a band is drawn: all but those in colour, where they are many."""
    behind = [line for line in curves if not line.is_picked]
    return behind if len(behind) > MANY_BEHIND else []


def spread_in(
    lines: Sequence[ChartLine], x_low: float, x_high: float, *, is_log_x: bool
) -> tuple[Floats, Floats, Floats]:
    """Give the 10, 50 and 90 % quantiles of curves in even steps from one end of the x axis to the other."""
    if is_log_x:
        x_low, x_high = math.log10(x_low), math.log10(x_high)
    scale = Scale(x_low, x_high if x_high > x_low else x_low + 1.0, is_log_x, _SPREAD_COLUMNS)
    return spread_of(lines, scale, _SPREAD_COLUMNS)


def draw_spread(
    plot: Plot,
    lines: Sequence[ChartLine],
    x_scale: Scale,
    y_scale: Scale,
    owner: int,
    *,
    bounds: tuple[float, float] | None = None,
) -> Traced:
    """Draw in the band where the middle four fifths of many curves lie, with a line through their median.

    In each column of dots that is from the 10 % to the 90 % quantile of the curves that reach it, by nearest rank.
    Given back is where the band leaves the y axis, if its `bounds` are given.
    """
    import numpy as np

    spread = spread_of(lines, x_scale, plot.dot_columns)
    rows = []
    for values in spread:
        places = [None if value != value else y_scale.place(value) for value in values.tolist()]
        rows.append(np.array([np.nan if place is None else place for place in places]))
    bottom, middle, top = rows
    # A logarithmic axis has no place for what is not above zero: the band goes down to its end.
    bottom = np.where(np.isnan(bottom) & np.isfinite(top), plot.dot_rows - 1, bottom)
    down, across = np.arange(plot.dot_rows)[:, None], np.arange(plot.dot_columns)[None, :]
    with np.errstate(invalid="ignore"):
        is_edge = (down == top) | (down == bottom)
        is_inside = (down >= top) & (down <= bottom) & ((across + 2 * down) % 4 == 0)
        has_dot = (is_edge & (across % 2 == 0)) | is_inside | (down == middle)
    for place, letter in enumerate(letters_of(has_dot)):
        if letter:
            plot.band[place] |= letter
            plot.band_owners[place] |= 1 << owner
    low, high = bounds or (-math.inf, math.inf)
    return Traced([], np.flatnonzero(spread[2] > high).tolist(), np.flatnonzero(spread[0] < low).tolist())


def spread_of(lines: Sequence[ChartLine], x_scale: Scale, dot_columns: int) -> tuple[Floats, Floats, Floats]:
    """Give the 10, 50 and 90 % quantiles of curves by column of dots; NaN where fewer than three reach."""
    import numpy as np

    grid = np.arange(dot_columns)
    rows = []
    for line in lines:
        dots = _dots(line.curve, x_scale)
        if dots.columns:
            rows.append(np.interp(grid, dots.columns, dots.means, left=np.nan, right=np.nan))
    if not rows:
        nothing = np.full(dot_columns, np.nan)
        return nothing, nothing, nothing
    ordered = np.sort(np.stack(rows), axis=0)  # NaN last
    counts = np.isfinite(ordered).sum(axis=0)
    quantiles = []
    for share in (0.1, 0.5, 0.9):
        ranks = np.rint(share * np.maximum(0, counts - 1)).astype(np.int64)
        values = np.take_along_axis(ordered, ranks[None, :], axis=0)[0]
        quantiles.append(np.where(counts >= _FEWEST_SPREAD, values, np.nan))
    return quantiles[0], quantiles[1], quantiles[2]


def label_spread(plot: Plot, style: Style, words: str = SPREAD_WORDS) -> bool:
    """Write in the band what it is, where no line is in the way; false if there is no room."""
    length = len(words)
    for row in range(plot.rows):
        for column in range(plot.columns - length - 2, 0, -2):
            cells = range(row * plot.columns + column - 1, row * plot.columns + column + length + 1)
            if any(plot.line[cell] or not plot.band[cell] for cell in cells):
                continue
            places = [(row, column + offset) for offset in range(-1, length + 1)]
            if not any(place in plot.signs for place in places):
                for place, letter in zip(places, f" {words} ", strict=True):
                    plot.signs[place] = letter, style
                return True
    return False
