"""Curves in braille: a smoothed line over the dim band of what was measured.

The band spans smallest to largest value of a column of dots, so that no extreme is thinned away; NaN and infinities
are marked where they happened. Of many curves those that are picked out keep their colours, the others step back.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from artui.figures.figure import Figure, FigureAxis, FigureLine
from artui.query.series.curves import Curve, Window
from artui.safetext import clean
from artui.tui.cells import CURVE_MARKS, DAMAGED_SIGN, Palette, Span, fit, length_of, strip_of
from artui.tui.widgets.plot import Plot, Scale, Unit, nice_ticks, plot_rows, ticks, x_axis, y_ticks
from artui.units import count_text, duration_text, number_text, time_text

__all__ = ["Chart", "ChartLine", "ChartOptions", "draw", "mark_of", "next_smoothing", "nice_ticks", "smoothed"]

SMOOTHINGS = (0.0, 0.3, 0.6, 0.8, 0.9, 0.95, 0.99)
AXES = ("step", "time", "wall")
"""What x can be beside a metric, which is written `metric:NAME`."""
AXIS_WORDS = {"step": "step", "time": "time since the start", "wall": "wall time"}
MANY_CURVES = 8
"""Of more curves than this only those that are picked out have their own colour."""
_DRAG_CELLS = 1
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


@dataclass(frozen=True, slots=True)
class ChartOptions:
    axis: str = "step"
    """One of AXES, or `metric:NAME`."""
    is_log: bool = False
    is_log_x: bool = False
    smoothing: float = 0.6
    """Weight of what came before, from 0 for none to under 1, a step being one column of dots."""
    window: Window | None = None
    """The part of the x axis that is shown; None for all of it."""

    @property
    def unit(self) -> Unit:
        return {"step": "count", "time": "seconds", "wall": "date"}.get(self.axis, "number")  # type: ignore[return-value]

    @property
    def axis_text(self) -> str:
        return AXIS_WORDS.get(self.axis) or clean(self.axis.removeprefix("metric:"))


def smoothed(values: Sequence[float], weight: float) -> list[float]:
    """Smooth with an exponential moving average, corrected for its start, as TensorBoard does."""
    if weight <= 0:
        return list(values)
    out, before, share = [], 0.0, 1.0
    for value in values:
        before = before * weight + value * (1 - weight)
        share *= weight
        out.append(before / (1 - share))
    return out


class Chart(Widget):
    """One chart. Knows curves; the screen brings them."""

    DEFAULT_CSS = "Chart { height: 1fr; width: 1fr; }"

    class Picked(Message):
        """A click on the chart."""

        def __init__(self, chart: Chart) -> None:
            super().__init__()
            self.chart = chart

    class Moved(Message):
        """Another part of the x axis is wanted; None for all of it."""

        def __init__(self, chart: Chart, window: Window | None) -> None:
            super().__init__()
            self.chart, self.window = chart, window

    def __init__(self, title: str = "", *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.title = title
        self.note = ""
        """Shown instead of curves while there are none."""
        self.curves: Sequence[ChartLine] = ()
        self.options = ChartOptions()
        self.is_current = False
        self.cursor: int | None = None
        """Column of dots that is read off; None for none."""
        self.has_room = False
        """Whether it stands alone, and says how many points it is drawn from."""
        self._strips: list[Strip] | None = None
        self._dragged: tuple[int, Window] | None = None
        self._has_moved = False

    def show(self, title: str, curves: Sequence[ChartLine], options: ChartOptions, *, note: str = "") -> None:
        self.title, self.curves, self.options, self.note = title, curves, options, note
        self.again()

    def set_current(self, is_current: bool) -> None:
        if is_current != self.is_current:
            self.is_current = is_current
            self.again()

    def set_cursor(self, cursor: int | None) -> None:
        """Read off the values at a column of dots."""
        self.cursor = None if cursor is None else max(0, min(cursor, self.dot_columns - 1))
        self.again()

    @property
    def dot_columns(self) -> int:
        return max(2, 2 * (self.size.width - 10))

    @property
    def range(self) -> Window | None:
        """From where to where x goes, as it is drawn; None if nothing is."""
        found = _ranges([line for line in self.curves if line.curve.count], self.options)
        return None if found is None else (found[0], found[1])

    def zoomed(self, factor: float, *, at: float | None = None) -> Window | None:
        """Give a part of the x axis `factor` times as wide, around the cursor or the share `at`; None for all of it."""
        scale = self._x_scale()
        if scale is None:
            return None
        if at is None:
            at = self.cursor / max(1, self.dot_columns - 1) if self.cursor is not None else 0.5
        # What is under the pointer stays there.
        return self._part(scale, at - at * factor, at + (1 - at) * factor)

    def shifted(self, share: float) -> Window | None:
        """Give the part of the x axis beside the one that is shown."""
        scale = self._x_scale()
        return None if scale is None else self._part(scale, share, 1 + share)

    def _x_scale(self) -> Scale | None:
        ends = self.range
        if ends is None:
            return None
        low, high = ends
        if self.options.is_log_x:
            if low <= 0:
                return None
            low, high = math.log10(low), math.log10(high)
        return Scale(low, high, self.options.is_log_x, self.dot_columns)

    def _part(self, scale: Scale, start: float, stop: float) -> Window | None:
        low, high = scale.value(start), scale.value(stop)
        return (low, high) if math.isfinite(low) and math.isfinite(high) and high > low else None

    def again(self) -> None:
        self._strips = None
        self.refresh()

    def on_resize(self) -> None:
        self._strips = None

    # The mouse: the wheel zooms, dragging pans, a click picks

    def on_click(self, event: events.Click) -> None:
        if not self._has_moved:
            self.post_message(self.Picked(self))
        self._has_moved = False

    def on_mouse_down(self, event: events.MouseDown) -> None:
        ends = self.range
        self._has_moved = False
        if ends is not None:
            self._dragged = event.x, ends
            self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if self._dragged is None or not event.button:
            return
        start, (low, high) = self._dragged
        moved = start - event.x
        if (self._has_moved or abs(moved) > _DRAG_CELLS) and not self.options.is_log_x:
            self._has_moved = True
            change = (high - low) * moved / max(1, self.dot_columns // 2)
            self.post_message(self.Moved(self, (low + change, high + change)))

    def on_mouse_up(self) -> None:
        self._dragged = None
        self.release_mouse()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._wheel(event, 0.7)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._wheel(event, 1 / 0.7)

    def _wheel(self, event: events.MouseScrollUp | events.MouseScrollDown, factor: float) -> None:
        event.stop()
        at = max(0.0, min(1.0, (event.x - 9) / max(1, self.size.width - 10)))
        self.post_message(self.Moved(self, self.zoomed(factor, at=at)))

    def render_line(self, y: int) -> Strip:
        palette: Palette = self.app.palette  # type: ignore[attr-defined]
        if self._strips is None:
            self._strips = draw(self, self.size.width, self.size.height, palette)
        return self._strips[y] if y < len(self._strips) else strip_of((), self.size.width, palette)


def draw(chart: Chart, width: int, height: int, palette: Palette) -> list[Strip]:
    """Draw a chart as lines of cells: title, plot, axis."""
    rows = height - 2
    options = chart.options
    # Those that are picked out lie in front.
    curves = sorted((line for line in chart.curves if line.curve.count), key=lambda line: line.is_picked)
    ranges = _ranges(curves, options) if rows >= 2 and width >= MIN_WIDTH else None
    title_style = "title" if chart.is_current else "bold"
    if ranges is None:
        note = chart.note or ("nothing to draw" if chart.curves else "")
        lines = [strip_of([(fit(chart.title, width), title_style)], width, palette)]
        damaged = _damaged_text(chart.curves)
        values: list[Span] = [(f"   {damaged}", "bad")] if damaged else []
        values += [(f"  last {number_text(line.curve.last)}", "bad") for line in curves[:1]]
        lines.append(strip_of([("  " + note, "dim"), *values], width, palette))
        return lines + [strip_of((), width, palette) for _ in range(height - 2)]
    x_low, x_high, low, high = ranges
    y_scale = Scale(low, high, options.is_log, rows * 4)
    labels = y_ticks(y_scale, rows)
    label_cells = min(9, max((len(text) for text in labels.values()), default=1))
    columns = width - label_cells - 2
    plot = Plot(columns, rows)
    if options.is_log_x:
        x_low, x_high = math.log10(x_low), math.log10(x_high)
    x_scale = Scale(x_low, x_high if x_high > x_low else x_low + 1.0, options.is_log_x, columns * 2)
    is_many = len(curves) > MANY_CURVES
    # A band behind many curves is a blot.
    has_bands = options.smoothing > 0 and not is_many
    followed = [
        _trace(plot, line, number, x_scale, y_scale, options.smoothing, has_band=has_bands)
        for number, line in enumerate(curves)
    ]
    colours = [palette.curves[line.colour % len(palette.curves)] for line in curves]
    faded = [palette.bands[line.colour % len(palette.bands)] for line in curves]
    aside = palette.styles["faint"]
    front = [aside if is_many and not line.is_picked else own for line, own in zip(curves, colours, strict=True)]
    _mark_odd(plot, curves, x_scale, palette.styles["bad"])
    for number, line in enumerate(curves):
        if line.mark and len(curves) > 1 and (line.is_picked or not is_many):
            _mark_end(plot, line, front[number], followed[number])
    cursor = None if chart.cursor is None else min(chart.cursor >> 1, columns - 1)
    x = None if chart.cursor is None else x_scale.value(min(1.0, chart.cursor / max(1, columns * 2 - 1)))
    return [
        _head(chart, curves, front, palette, width, x, title_style),
        *plot_rows(
            plot, labels, label_cells, palette, front=front.__getitem__, back=faded.__getitem__, cursor=cursor
        ),
        strip_of(x_axis(x_scale, label_cells, columns, options.unit), width, palette),
    ]  # fmt: skip


def _ranges(curves: Sequence[ChartLine], options: ChartOptions) -> tuple[float, float, float, float] | None:
    """Give x from, x to, y from, y to; on a logarithmic axis y as powers of ten. None if there is nothing finite."""
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
            # The nearest points beyond the edges only carry the line on.
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
    return x_low, x_high, low, high


def _ends(xs: Sequence[float], *, above_zero: bool) -> Sequence[float]:
    kept = [x for x in xs if x > 0] if above_zero else xs
    return (min(kept), max(kept)) if kept else ()


@dataclass(slots=True)
class _Dots:
    """A curve by columns of dots: of the buckets in one column the mean, the lowest and the highest."""

    columns: list[int]
    means: list[float]
    lows: list[float]
    highs: list[float]

    def add(self, column: int, total: float, count: int, low: float, high: float) -> None:
        mean = total / count
        self.columns.append(column)
        # The sum of huge values may be beyond all floats: their mean is not.
        self.means.append(mean if low <= mean <= high else low / 2 + high / 2)
        self.lows.append(low)
        self.highs.append(high)


def _dots(curve: Curve, scale: Scale) -> _Dots:
    """Put a curve's buckets into columns of dots; those that a logarithmic axis does not have are left out."""
    if scale.is_log:
        rows = [(x, *rest) for value, *rest in zip(curve.xs, curve.means, curve.lows, curve.highs, strict=True) if (x := scale.column(value)) is not None]  # fmt: skip
        xs, means, lows, highs = map(list, zip(*rows, strict=True)) if rows else ([], [], [], [])
    else:
        xs, means, lows, highs = scale.columns(curve.xs), list(curve.means), list(curve.lows), list(curve.highs)
    if len(set(xs)) == len(xs):
        return _Dots(xs, means, lows, highs)
    dots = _Dots([], [], [], [])
    here, total, count, lowest, highest = xs[0], 0.0, 0, lows[0], highs[0]
    # One pass without a call for each bucket: this is most of what drawing takes.
    for x, mean, low, high in zip(xs, means, lows, highs, strict=True):
        if x == here:
            total += mean
            count += 1
            if low < lowest:
                lowest = low
            if high > highest:
                highest = high
            continue
        dots.add(here, total, count, lowest, highest)
        here, total, count, lowest, highest = x, mean, 1, low, high
    dots.add(here, total, count, lowest, highest)
    # The line begins and ends at the first and the last value, not at a mean with those beside them.
    dots.means[0], dots.means[-1] = means[0], means[-1]
    return dots


def _trace(
    plot: Plot, line: ChartLine, owner: int, x_scale: Scale, y_scale: Scale, smoothing: float, *, has_band: bool
) -> list[tuple[int, int]]:
    """Draw a curve; give the dots of its line, those beyond the edges too."""
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
        # A column that lies below the axis as a whole has nothing to show.
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
    """Draw a line through points; it breaks where a logarithmic axis has no place for one."""
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


def _mark_odd(plot: Plot, curves: Sequence[ChartLine], x_scale: Scale, style: Style) -> None:
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


def _mark_end(plot: Plot, line: ChartLine, style: Style, followed: Sequence[tuple[int, int]]) -> None:
    """Put the curve's mark where it ends, or where it leaves the chart."""
    at = next(((x, y) for x, y in reversed(followed) if 0 <= x < plot.dot_columns), None)
    if at is not None:
        plot.signs[at[1] >> 2, at[0] >> 1] = line.mark, style


def _head(
    chart: Chart,
    curves: Sequence[ChartLine],
    styles: Sequence[Style],
    palette: Palette,
    width: int,
    x: float | None,
    title_style: str,
) -> Strip:
    """Draw the title and, behind it, the last values, or those at the cursor."""
    left: list[Span] = [(chart.title, title_style)]
    if damaged := _damaged_text(chart.curves):
        left.append((f"  {damaged}", "bad"))
    if chart.has_room:
        drawn, count = sum(line.curve.shown for line in curves), sum(line.curve.count for line in curves)
        if drawn < count:
            left.append((f"   {count_text(drawn)} of {count_text(count)} points", "faint"))
    right: list[tuple[str, Style]] = []
    if x is not None:
        right.append((f"at {x_text(x, chart.options)}  ", palette.styles["dim"]))
    room = width - length_of(left) - 2 - sum(len(text) for text, _ in right)
    told = [pair for pair in zip(curves, styles, strict=True) if pair[0].is_picked or len(curves) <= MANY_CURVES]
    for line, style in told:
        value = line.curve.last if x is None else value_at(line.curve, x)
        mark = f"{line.mark} " if line.mark else ""
        text = f"{mark}{number_text(value)}  "
        room -= len(text)
        if room < 0:
            right.append(("…", palette.styles["dim"]))
            break
        odd = value != value or math.isinf(value)
        right.append((text, palette.styles["bad"] if odd else style))
    cells = sum(len(text) for text, _ in right)
    strip = strip_of(left, max(0, width - cells), palette)
    return Strip.join([strip, Strip([Segment(text, style) for text, style in right], cells)]).adjust_cell_length(
        width, palette.styles["text"]
    )


def _damaged_text(lines: Sequence[ChartLine]) -> str:
    """Say how many points are missing that the catalog holds no longer as they were recorded; empty when none are."""
    count = sum(line.curve.damaged_count for line in lines)
    return f"{DAMAGED_SIGN} {count_text(count)} points damaged" if count else ""


def x_text(x: float, options: ChartOptions) -> str:
    """Say where on the x axis something is."""
    if options.axis == "step":
        return f"step {count_text(round(x))}"
    if options.axis == "time":
        return duration_text(round(x * 1000))
    if options.axis == "wall":
        return time_text(round(x * 1000))
    return f"{options.axis_text} {number_text(x)}"


def figure_of(title: str, lines: Sequence[ChartLine], options: ChartOptions) -> Figure | None:
    """Give a chart for a file; None if nothing is drawn."""
    curves = [line for line in lines if line.curve.count]
    ranges = _ranges(curves, options)
    if ranges is None:
        return None
    x_low, x_high, low, high = ranges
    if options.is_log_x:
        x_low, x_high = math.log10(x_low), math.log10(x_high)
    x_scale = Scale(x_low, x_high if x_high > x_low else x_low + 1.0, options.is_log_x, 960)
    y_scale = Scale(low, high, options.is_log, 600)
    is_many = len(curves) > MANY_CURVES
    drawn = [
        FigureLine(
            line.curve.xs,
            smoothed(line.curve.means, options.smoothing),
            -1 if is_many and not line.is_picked else line.colour,
            clean(line.title, max_chars=60) if line.is_picked or not is_many else "",
            () if is_many else line.curve.lows,
            () if is_many else line.curve.highs,
        )
        for line in curves
    ]
    if options.smoothing and not is_many:
        # What was measured lies thin behind the smoothed line.
        drawn = [FigureLine(line.curve.xs, line.curve.means, line.colour, is_faint=True) for line in curves] + drawn
    shown, count = sum(line.curve.shown for line in curves), sum(line.curve.count for line in curves)
    notes = [f"smoothed {options.smoothing:g}"] if options.smoothing else []
    notes += [f"{count_text(shown)} of {count_text(count)} points"] if shown < count else []
    notes += [damaged] if (damaged := _damaged_text(lines)) else []
    return Figure(
        title,
        FigureAxis(options.axis_text, x_scale.low, x_scale.high, x_scale.is_log, _inside(ticks(x_scale, 8, options.unit))),
        FigureAxis(title, low, high, options.is_log, _inside(ticks(y_scale, 6))),
        lines=drawn,
        note=" · ".join(notes),
    )  # fmt: skip


def _inside(found: Sequence[tuple[float, str]]) -> list[tuple[float, str]]:
    return [(share, text) for share, text in found if -1e-9 <= share <= 1 + 1e-9]


def value_at(curve: Curve, x: float) -> float:
    """Give the mean of the bucket nearest to x; NaN for a curve without finite points."""
    if not curve.xs:
        return math.nan
    place = bisect_left(curve.xs, x)
    near = [index for index in (place - 1, place) if 0 <= index < len(curve.xs)]
    return curve.means[min(near, key=lambda index: abs(curve.xs[index] - x))]


def next_smoothing(options: ChartOptions, change: int) -> ChartOptions:
    """Smooth one step more or less."""
    place = min(range(len(SMOOTHINGS)), key=lambda index: abs(SMOOTHINGS[index] - options.smoothing))
    return replace(options, smoothing=SMOOTHINGS[max(0, min(len(SMOOTHINGS) - 1, place + change))])


def next_axis(options: ChartOptions) -> ChartOptions:
    """Place points by the next of steps, time since the start, and wall time."""
    place = AXES.index(options.axis) if options.axis in AXES else -1
    axis = AXES[(place + 1) % len(AXES)]
    return replace(options, axis=axis, window=None, is_log_x=options.is_log_x and axis != "wall")


def options_spans(options: ChartOptions) -> list[Span]:
    """Say how charts are drawn."""
    parts = [f"smooth {options.smoothing:g}", *(["log y"] if options.is_log else [])]
    parts.append(f"x {options.axis_text}{', log' if options.is_log_x else ''}")
    spans: list[Span] = [(" · ".join(parts), "dim")]
    if options.window is not None:
        low, high = (x_text(x, options).removeprefix("step ") for x in options.window)
        spans.append((f" · {low} to {high}", "accent"))
    return spans


def mark_of(number: int) -> str:
    return CURVE_MARKS[number % len(CURVE_MARKS)]
