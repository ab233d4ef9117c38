"""Curves in braille: a smoothed line over the dim band of what was measured.

Each cell holds 2 x 4 dots. The band spans smallest to largest value of a column of dots, so that no extreme is
thinned away; NaN and infinities are marked where they happened.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from artui.query.series import Axis, Curve
from artui.tui.cells import CURVE_MARKS, Palette, Span, fit, length_of, strip_of
from artui.units import count_text, duration_text, number_text

_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
_MAX_Y_TICKS = 6
SMOOTHINGS = (0.0, 0.3, 0.6, 0.8, 0.9, 0.95)


@dataclass(frozen=True, slots=True)
class ChartLine:
    """One curve of a chart."""

    title: str
    curve: Curve
    colour: int
    """Position in the palette's curves: a run keeps its own."""
    mark: str = ""


@dataclass(frozen=True, slots=True)
class ChartOptions:
    axis: Axis = "step"
    is_log: bool = False
    smoothing: float = 0.6
    """Weight of what came before, from 0 for none to under 1, a step being one column of dots."""


@dataclass(slots=True)
class _Plot:
    """A grid of dots: which are set, and by which curve; line and band apart."""

    columns: int
    rows: int
    line: bytearray = field(init=False)
    line_owner: bytearray = field(init=False)
    band: bytearray = field(init=False)
    band_owner: bytearray = field(init=False)
    signs: dict[tuple[int, int], tuple[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        size = self.columns * self.rows
        self.line, self.line_owner, self.band, self.band_owner = (bytearray(size) for _ in range(4))

    def stroke(self, x: int, top: int, bottom: int, owner: int, *, is_band: bool) -> None:
        """Set the dots of one column from top to bottom, both included."""
        bits, owners = (self.band, self.band_owner) if is_band else (self.line, self.line_owner)
        column, side = x >> 1, x & 1
        for y in range(max(0, top), min(self.rows * 4 - 1, bottom) + 1):
            place = (y >> 2) * self.columns + column
            bits[place] |= _DOTS[y & 3][side]
            owners[place] = owner


@dataclass(frozen=True, slots=True)
class Scale:
    """From values to dots."""

    low: float
    high: float
    is_log: bool
    dots: int

    def place(self, value: float) -> int | None:
        """Give the dot row of a value, 0 at the top; None if a logarithmic axis does not have it."""
        if self.is_log:
            if value <= 0:
                return None
            value = math.log10(value)
        share = (value - self.low) / ((self.high - self.low) or 1.0)
        if share != share:
            return None
        return round((1.0 - max(0.0, min(1.0, share))) * (self.dots - 1))


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


def nice_ticks(low: float, high: float, most: int) -> list[float]:
    """Give round numbers between low and high: at most so many, steps of 1, 2 or 5 times a power of ten."""
    span = high - low
    if not span > 1e-12 * abs(high) or not math.isfinite(span) or most < 1:
        return [low]
    rough = span / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    ticks = [number * step for number in range(first, math.floor(high / step + 1e-9) + 1)]
    return ticks or [low]


class Chart(Widget):
    """One chart. Knows curves; the screen brings them."""

    DEFAULT_CSS = "Chart { height: 1fr; width: 1fr; }"

    class Picked(Message):
        """A click on the chart."""

        def __init__(self, chart: Chart) -> None:
            super().__init__()
            self.chart = chart

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
        self._strips: list[Strip] | None = None

    def show(self, title: str, curves: Sequence[ChartLine], options: ChartOptions, *, note: str = "") -> None:
        self.title, self.curves, self.options, self.note = title, curves, options, note
        self._again()

    def set_current(self, is_current: bool) -> None:
        if is_current != self.is_current:
            self.is_current = is_current
            self._again()

    def set_cursor(self, cursor: int | None) -> None:
        """Read off the values at a column of dots."""
        self.cursor = None if cursor is None else max(0, min(cursor, self.dot_columns - 1))
        self._again()

    @property
    def dot_columns(self) -> int:
        return max(2, 2 * (self.size.width - 10))

    def _again(self) -> None:
        self._strips = None
        self.refresh()

    def on_resize(self) -> None:
        self._strips = None

    def on_click(self, event: events.Click) -> None:
        self.post_message(self.Picked(self))

    def render_line(self, y: int) -> Strip:
        palette: Palette = self.app.palette  # type: ignore[attr-defined]
        if self._strips is None:
            self._strips = draw(self, self.size.width, self.size.height, palette)
        return self._strips[y] if y < len(self._strips) else strip_of((), self.size.width, palette)


def draw(chart: Chart, width: int, height: int, palette: Palette) -> list[Strip]:
    """Draw a chart as lines of cells: title, plot, axis."""
    rows = height - 2
    curves = [line for line in chart.curves if line.curve.count]
    ranges = _ranges(curves, chart.options) if rows >= 2 and width >= 24 else None
    title_style = "title" if chart.is_current else "bold"
    if ranges is None:
        note = chart.note or ("nothing to draw" if chart.curves else "")
        lines = [strip_of([(fit(chart.title, width), title_style)], width, palette)]
        values = [(f"  last {number_text(line.curve.last)}", "bad") for line in curves[:1]]
        lines.append(strip_of([("  " + note, "dim"), *values], width, palette))
        return lines + [strip_of((), width, palette) for _ in range(height - 2)]
    x_low, x_high, low, high = ranges
    y_ticks = _y_ticks(low, high, rows, chart.options.is_log)
    label_cells = min(9, max((len(text) for _, text in y_ticks), default=1))
    columns = width - label_cells - 2
    plot = _Plot(columns, rows)
    scale = Scale(low, high, chart.options.is_log, rows * 4)
    reach = (x_high - x_low) or 1.0
    for number, line in enumerate(curves):
        _trace(plot, line, number, scale, x_low, reach, chart.options.smoothing)
    _mark_odd(plot, curves, x_low, reach)
    for number, line in enumerate(curves):
        if line.mark and len(curves) > 1:
            _mark_end(plot, line, number, scale, x_low, reach, chart.options.smoothing)
    cursor = None if chart.cursor is None else min(chart.cursor >> 1, columns - 1)
    head = _head(
        chart,
        curves,
        palette,
        width,
        x_low + reach * (chart.cursor or 0) / max(1, columns * 2 - 1) if chart.cursor is not None else None,
        title_style,
    )
    labels = {rows - 1 - _row_of(value, low, high, rows): text for value, text in y_ticks}
    strips = [
        head,
        *(_row(plot, row, labels.get(row, ""), label_cells, curves, palette, cursor) for row in range(rows)),
    ]
    strips.append(strip_of(_x_axis(x_low, x_high, label_cells, columns, chart.options.axis), width, palette))
    return strips


def _ranges(curves: Sequence[ChartLine], options: ChartOptions) -> tuple[float, float, float, float] | None:
    """Give x from, x to, y from, y to; on a logarithmic axis y as powers of ten. None if there is nothing finite."""
    xs = [
        x
        for line in curves
        for ends in (line.curve.xs, line.curve.nan_xs, line.curve.positive_inf_xs, line.curve.negative_inf_xs)
        if ends
        for x in (min(ends), max(ends))
    ]
    lows = [value for line in curves for value in line.curve.lows if not options.is_log or value > 0]
    highs = [value for line in curves for value in line.curve.highs if not options.is_log or value > 0]
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
    return min(xs), max(xs), low, high


def _y_ticks(low: float, high: float, rows: int, is_log: bool) -> list[tuple[float, str]]:
    """Give (place, label) pairs, for as many rows as leave room between them."""
    most = max(1, min(_MAX_Y_TICKS, (rows + 1) // 3))
    if is_log and high - low >= 1:
        powers = range(math.ceil(low), math.floor(high) + 1)
        every = max(1, math.ceil(len(powers) / most))
        return [(float(power), number_text(10.0**power)) for power in powers if power % every == 0]
    if is_log:
        return [(math.log10(value), number_text(value)) for value in nice_ticks(10**low, 10**high, most) if value > 0]
    ticks = nice_ticks(low, high, most)
    decimals = _decimals(ticks)
    return [(value, number_text(value) if decimals is None else f"{value:,.{decimals}f}") for value in ticks]


def _decimals(ticks: Sequence[float]) -> int | None:
    """How many decimals tell the ticks apart; None where powers of ten are needed."""
    step = min((abs(b - a) for a, b in pairwise(ticks)), default=abs(ticks[0]) or 1.0)
    largest = max(abs(tick) for tick in ticks)
    if largest >= 1e6 or step < 1e-5:
        return None
    return max(0, -math.floor(math.log10(step) + 1e-9))


def _row_of(value: float, low: float, high: float, rows: int) -> int:
    return max(0, min(rows - 1, round((value - low) / ((high - low) or 1.0) * (rows - 1))))


def _trace(
    plot: _Plot, line: ChartLine, owner: int, scale: Scale, x_low: float, reach: float, smoothing: float
) -> None:
    curve = line.curve
    factor = (plot.columns * 2 - 1) / reach
    places = [min(plot.columns * 2 - 1, max(0, round((x - x_low) * factor))) for x in curve.xs]
    for x, low, high in zip(places, curve.lows, curve.highs, strict=True):
        top, bottom = scale.place(high), scale.place(low)
        if top is not None or bottom is not None:
            plot.stroke(
                x,
                top if top is not None else 0,
                bottom if bottom is not None else plot.rows * 4 - 1,
                owner,
                is_band=smoothing > 0,
            )
    if smoothing > 0:
        _follow(plot, places, curve.means, scale, owner, is_band=True)
    _follow(plot, places, smoothed(curve.means, smoothing), scale, owner, is_band=False)


def _follow(
    plot: _Plot, places: Sequence[int], values: Sequence[float], scale: Scale, owner: int, *, is_band: bool
) -> None:
    """Draw a line through points; it breaks where a logarithmic axis has no place for one."""
    before: tuple[int, int] | None = None
    for x, value in zip(places, values, strict=True):
        y = scale.place(value)
        if y is None:
            before = None
            continue
        if before is None or x == before[0]:
            from_y = before[1] if before else y
            plot.stroke(x, min(y, from_y), max(y, from_y), owner, is_band=is_band)
        else:
            _join(plot, before, (x, y), owner, is_band=is_band)
        before = x, y


def _join(plot: _Plot, start: tuple[int, int], end: tuple[int, int], owner: int, *, is_band: bool) -> None:
    """Draw a straight line: in each column the dots between where it enters and where it leaves."""
    (x0, y0), (x1, y1) = start, end
    slope = (y1 - y0) / (x1 - x0)
    last = y0
    for x in range(x0 + 1, x1 + 1):
        y = round(y0 + slope * (x - x0))
        if y > last:
            plot.stroke(x, last + 1, y, owner, is_band=is_band)
        elif y < last:
            plot.stroke(x, y, last - 1, owner, is_band=is_band)
        else:
            plot.stroke(x, y, y, owner, is_band=is_band)
        last = y


def _mark_odd(plot: _Plot, curves: Sequence[ChartLine], x_low: float, reach: float) -> None:
    for line in curves:
        for xs, row, sign in (
            (line.curve.nan_xs, plot.rows - 1, "×"),
            (line.curve.positive_inf_xs, 0, "▲"),
            (line.curve.negative_inf_xs, plot.rows - 1, "▼"),
        ):
            for x in xs:
                column = max(0, min(plot.columns - 1, round((x - x_low) / reach * (plot.columns - 1))))
                plot.signs[row, column] = sign, "bad"


def _mark_end(
    plot: _Plot, line: ChartLine, owner: int, scale: Scale, x_low: float, reach: float, smoothing: float
) -> None:
    if not line.curve.xs:
        return
    y = scale.place(smoothed(line.curve.means, smoothing)[-1])
    column = max(0, min(plot.columns - 1, round((line.curve.xs[-1] - x_low) / reach * (plot.columns - 1))))
    if y is not None:
        plot.signs[y >> 2, column] = line.mark, f"curve{owner}"


def _row(
    plot: _Plot,
    row: int,
    label: str,
    label_cells: int,
    curves: Sequence[ChartLine],
    palette: Palette,
    cursor: int | None,
) -> Strip:
    faint = palette.styles["faint"]
    segments = [
        Segment(fit(label, label_cells, right=True) + " ", palette.styles["dim"]),
        Segment("┤" if label else "│", faint),
    ]
    base = row * plot.columns
    run: list[str] = []
    style: Style | None = None
    for column in range(plot.columns):
        place = base + column
        sign = plot.signs.get((row, column))
        if sign is not None:
            letter = sign[0]
            wanted = (
                palette.styles["bad"]
                if sign[1] == "bad"
                else palette.curves[curves[int(sign[1][5:])].colour % len(palette.curves)]
            )
        elif plot.line[place]:
            letter, wanted = (
                chr(0x2800 + plot.line[place]),
                palette.curves[curves[plot.line_owner[place]].colour % len(palette.curves)],
            )
        elif column == cursor:
            letter, wanted = "┊", palette.styles["accent"]
        elif plot.band[place]:
            letter, wanted = (
                chr(0x2800 + plot.band[place]),
                palette.bands[curves[plot.band_owner[place]].colour % len(palette.bands)],
            )
        else:
            letter, wanted = " ", style if style is not None else palette.styles["text"]
        if wanted is not style and run:
            segments.append(Segment("".join(run), style))
            run = []
        style = wanted
        run.append(letter)
    segments.append(Segment("".join(run), style))
    return Strip(segments, label_cells + 2 + plot.columns)


def _head(
    chart: Chart, curves: Sequence[ChartLine], palette: Palette, width: int, x: float | None, title_style: str
) -> Strip:
    """Draw the title and, behind it, the last values, or those at the cursor."""
    left: list[Span] = [(chart.title, title_style)]
    segments_right: list[tuple[str, Style]] = []
    if x is not None:
        where = f"step {count_text(round(x))}" if chart.options.axis == "step" else duration_text(round(x * 1000))
        segments_right.append((f"at {where}  ", palette.styles["dim"]))
    room = width - length_of(left) - 2 - sum(len(text) for text, _ in segments_right)
    for line in curves:
        value = line.curve.last if x is None else value_at(line.curve, x)
        mark = f"{line.mark} " if line.mark else ""
        text = f"{mark}{number_text(value)}  "
        room -= len(text)
        if room < 0:
            segments_right.append(("…", palette.styles["dim"]))
            break
        odd = value != value or math.isinf(value)
        segments_right.append(
            (text, palette.styles["bad"] if odd else palette.curves[line.colour % len(palette.curves)])
        )
    cells = sum(len(text) for text, _ in segments_right)
    strip = strip_of(left, max(0, width - cells), palette)
    return Strip.join(
        [strip, Strip([Segment(text, style) for text, style in segments_right], cells)]
    ).adjust_cell_length(width, palette.styles["text"])


def value_at(curve: Curve, x: float) -> float:
    """Give the mean of the bucket nearest to x; NaN for a curve without finite points."""
    if not curve.xs:
        return math.nan
    nearest = min(range(len(curve.xs)), key=lambda index: abs(curve.xs[index] - x))
    return curve.means[nearest]


def _x_axis(low: float, high: float, label_cells: int, columns: int, axis: Axis) -> list[Span]:
    line = [" "] * columns
    span = high - low
    for tick in nice_ticks(low, high, max(1, columns // 12)):
        text = (
            count_text(round(tick))
            if axis == "step" and abs(tick) < 1e7
            else number_text(tick)
            if axis == "step"
            else duration_text(round(tick * 1000))
        )
        column = round((tick - low) / (span or 1.0) * (columns - 1))
        start = max(0, min(columns - len(text), column - len(text) // 2))
        if start >= 0 and all(cell == " " for cell in line[max(0, start - 1) : start + len(text) + 1]):
            line[start : start + len(text)] = text
    return [(" " * (label_cells + 1) + "└", "faint"), ("".join(line), "dim")]


def next_smoothing(options: ChartOptions, change: int) -> ChartOptions:
    """Smooth one step more or less."""
    place = min(range(len(SMOOTHINGS)), key=lambda index: abs(SMOOTHINGS[index] - options.smoothing))
    return replace(options, smoothing=SMOOTHINGS[max(0, min(len(SMOOTHINGS) - 1, place + change))])


def options_spans(options: ChartOptions) -> list[Span]:
    """Say how charts are drawn."""
    return [
        (
            f"smooth {options.smoothing:g} · {'log' if options.is_log else 'linear'} y · x {options.axis}",
            "dim",
        )
    ]


def mark_of(number: int) -> str:
    return CURVE_MARKS[number % len(CURVE_MARKS)]
