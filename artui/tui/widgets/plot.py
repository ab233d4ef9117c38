"""What all charts are drawn with: a grid of braille dots, scales from values to dots, ticks, and rows of cells.

Each cell holds 2 x 4 dots. The band, a layer behind, is hidden in cells where the front layer has a dot.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Literal

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from artui.tui.cells import Palette, Span, fit
from artui.units import count_text, duration_text, number_text

Unit = Literal["number", "count", "seconds", "date"]
"""What an axis counts: any numbers, steps, seconds since something, or seconds since 1970."""

_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
_MAX_Y_TICKS = 6
_CLOCK_STEPS = (
    0.001, 0.01, 0.1, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200,
    86_400, 172_800, 604_800, 1_209_600, 2_592_000, 7_776_000, 15_552_000, 31_536_000,
)  # fmt: skip


@dataclass(slots=True)
class Plot:
    """A grid of dots: which ones are set and by which owner, separately for front and band."""

    columns: int
    rows: int
    line: bytearray = field(init=False)
    line_owner: list[int] = field(init=False)
    band: bytearray = field(init=False)
    band_owner: list[int] = field(init=False)
    signs: dict[tuple[int, int], tuple[str, Style]] = field(default_factory=dict)
    """Letters in place of dots, by (row, column)."""

    def __post_init__(self) -> None:
        size = self.columns * self.rows
        self.line, self.band = bytearray(size), bytearray(size)
        self.line_owner, self.band_owner = [0] * size, [0] * size

    @property
    def dot_columns(self) -> int:
        """The width in dots."""
        return self.columns * 2

    @property
    def dot_rows(self) -> int:
        """The height in dots."""
        return self.rows * 4

    def stroke(self, x: int, top: int, bottom: int, owner: int, *, is_band: bool = False) -> None:
        """Set the dots of one column from top to bottom, both included, as far as they lie inside."""
        if not 0 <= x < self.columns * 2:
            return
        bits, owners = (self.band, self.band_owner) if is_band else (self.line, self.line_owner)
        column, side = x >> 1, x & 1
        for y in range(max(0, top), min(self.rows * 4 - 1, bottom) + 1):
            place = (y >> 2) * self.columns + column
            bits[place] |= _DOTS[y & 3][side]
            owners[place] = owner

    def strokes(
        self, xs: Sequence[int], tops: Sequence[int], bottoms: Sequence[int], owner: int, *, is_band: bool
    ) -> None:
        """Set the dots of many columns; none may lie outside."""
        bits, owners = (self.band, self.band_owner) if is_band else (self.line, self.line_owner)
        columns = self.columns
        for x, top, bottom in zip(xs, tops, bottoms, strict=True):
            column, side = x >> 1, x & 1
            for y in range(top, bottom + 1):
                place = (y >> 2) * columns + column
                bits[place] |= _DOTS[y & 3][side]
                owners[place] = owner

    def dot(self, x: int, y: int, owner: int, *, is_band: bool = False) -> None:
        """Set one dot."""
        self.stroke(x, y, y, owner, is_band=is_band)

    def join(self, start: tuple[int, int], end: tuple[int, int], owner: int, *, is_band: bool = False) -> None:
        """Draw a straight line to the right; in each column it sets the dots from where it enters to where it leaves."""
        (x0, y0), (x1, y1) = start, end
        slope = (y1 - y0) / (x1 - x0)
        first = max(x0 + 1, 0)
        last = round(y0 + slope * (first - 1 - x0))
        for x in range(first, min(x1, self.columns * 2 - 1) + 1):
            y = round(y0 + slope * (x - x0))
            if y > last:
                self.stroke(x, last + 1, y, owner, is_band=is_band)
            elif y < last:
                self.stroke(x, y, last - 1, owner, is_band=is_band)
            else:
                self.stroke(x, y, y, owner, is_band=is_band)
            last = y


@dataclass(frozen=True, slots=True)
class Scale:
    """Maps values to dots along an axis; on a logarithmic one `low` and `high` are powers of ten."""

    low: float
    high: float
    is_log: bool
    dots: int

    def share(self, value: float) -> float | None:
        """Give where a value lies from low (0) to high (1); None if the axis has no place for it."""
        if self.is_log:
            if value <= 0:
                return None
            value = math.log10(value)
        share = (value - self.low) / ((self.high - self.low) or 1.0)
        return share if math.isfinite(share) else None

    def place(self, value: float) -> int | None:
        """Give the dot row of a value, 0 at the top; values beyond the axis are put at its edge."""
        share = self.share(value)
        return None if share is None else round((1.0 - max(0.0, min(1.0, share))) * (self.dots - 1))

    def places(self, values: Sequence[float]) -> list[int]:
        """Give `place` for many values on a linear axis, faster than one by one."""
        last = self.dots - 1
        factor = last / ((self.high - self.low) or 1.0)
        high = self.high
        return [0 if y < 0 else last if y > last else round(y) for y in [(high - value) * factor for value in values]]

    def columns(self, values: Sequence[float]) -> list[int]:
        """Give `column` for many values on a linear axis."""
        low, factor = self.low, (self.dots - 1) / ((self.high - self.low) or 1.0)
        beyond = 11 * self.dots
        return [
            -beyond if x < -beyond else beyond if x > beyond else round(x)
            for x in [(value - low) * factor for value in values]
        ]

    def column(self, value: float) -> int | None:
        """Give the dot column of a value, 0 at the left; it may lie beyond the edges."""
        share = self.share(value)
        return None if share is None else round(max(-10.0, min(11.0, share)) * (self.dots - 1))

    def value(self, share: float) -> float:
        """Give the value at a share of the axis."""
        value = self.low + (self.high - self.low) * share
        return float(10.0**value) if self.is_log and value < 308 else value


def nice_ticks(low: float, high: float, most: int) -> list[float]:
    """Give at most so many round numbers between low and high, in steps of 1, 2 or 5 times a power of ten."""
    span = high - low
    if not span > 1e-12 * abs(high) or not math.isfinite(span) or most < 1:
        return [low]
    rough = span / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    return _multiples(low, high, step)


def clock_ticks(low: float, high: float, most: int, *, offset: float = 0.0) -> list[float]:
    """Give at most so many round times between low and high, in seconds, in steps of clocks and calendars.

    Args:
        offset: seconds that local time is ahead of the times given.
    """
    span = high - low
    if not span > 0 or not math.isfinite(span) or most < 1:
        return [low]
    step = next((candidate for candidate in _CLOCK_STEPS if candidate >= span / most * 0.999), None)
    if step is None:
        return nice_ticks(low, high, most)
    return [tick - offset for tick in _multiples(low + offset, high + offset, step)]


def _multiples(low: float, high: float, step: float) -> list[float]:
    first = math.ceil(low / step - 1e-9)
    return [number * step for number in range(first, math.floor(high / step + 1e-9) + 1)] or [low]


def ticks(scale: Scale, most: int, unit: Unit = "number") -> list[tuple[float, str]]:
    """Give about so many (share of the axis, label) pairs at most."""
    low, high = scale.low, scale.high
    span = (high - low) or 1.0
    if scale.is_log and high - low >= 1:
        powers = range(math.ceil(low - 1e-9), math.floor(high + 1e-9) + 1)
        every = max(1, math.ceil(len(powers) / max(1, most)))
        return [((power - low) / span, tick_text(10.0**power)) for power in powers if power % every == 0]
    if scale.is_log:
        values = [value for value in nice_ticks(10**low, 10**high, most) if value > 0]
        return [((math.log10(value) - low) / span, tick_text(value)) for value in values]
    if unit == "seconds":
        return [((tick - low) / span, _duration(tick)) for tick in clock_ticks(low, high, most)]
    if unit == "date":
        return _dates(low, high, most)
    values = nice_ticks(low, high, most)
    if unit == "count" and max(map(abs, values)) < 1e7:
        whole = [tick for tick in values if abs(tick - round(tick)) < 1e-6] or values[:1]
        return [((tick - low) / span, count_text(round(tick))) for tick in whole]
    decimals = _decimals(values)
    return [
        ((tick - low) / span, number_text(tick) if decimals is None else f"{tick + 0.0:,.{decimals}f}")
        for tick in values
    ]


def tick_text(value: float) -> str:
    """Show a round number without trailing zeros."""
    return f"{value:g}" if 1e-4 <= abs(value) < 1e5 else number_text(value)


def _duration(seconds: float) -> str:
    return "0" if seconds == 0 else ("−" if seconds < 0 else "") + duration_text(round(abs(seconds) * 1000))


def _dates(low: float, high: float, most: int) -> list[tuple[float, str]]:
    """Give ticks in local time, with the day if the axis is long enough."""
    try:
        offset = (datetime.fromtimestamp(low).astimezone().utcoffset() or datetime.min - datetime.min).total_seconds()
        times = clock_ticks(low, high, most, offset=offset)
        span = high - low
        form = "%Y-%m-%d" if span > 86_400 * 300 else "%b %d" if span > 86_400 * 4 else "%d %H:%M" if span > 43_200 else "%H:%M" if span > 600 else "%H:%M:%S"  # fmt: skip
        return [((tick - low) / (span or 1.0), datetime.fromtimestamp(tick).strftime(form)) for tick in times]
    except (OverflowError, ValueError, OSError):
        # Beyond any calendar: show plain numbers.
        return [((tick - low) / ((high - low) or 1.0), number_text(tick)) for tick in nice_ticks(low, high, most)]


def _decimals(values: Sequence[float]) -> int | None:
    """Give how many decimals distinguish the ticks; None if powers of ten are needed."""
    step = min((abs(b - a) for a, b in pairwise(values)), default=abs(values[0]) or 1.0)
    largest = max(abs(tick) for tick in values)
    if largest >= 1e6 or step < 1e-5:
        return None
    return max(0, -math.floor(math.log10(step) + 1e-9))


def y_ticks(scale: Scale, rows: int, unit: Unit = "number") -> dict[int, str]:
    """Give labels by row, 0 at the top, with room between them."""
    most = max(1, min(_MAX_Y_TICKS, (rows + 1) // 3))
    labels: dict[int, str] = {}
    for share, text in ticks(scale, most, unit):
        if -0.001 <= share <= 1.001:
            labels[max(0, min(rows - 1, round((1 - share) * (rows - 1))))] = text
    return labels


def x_axis(scale: Scale, label_cells: int, columns: int, unit: Unit) -> list[Span]:
    """Draw the axis below a plot."""
    places = [
        (round(share * (columns - 1)), text) for share, text in ticks(scale, max(1, columns // 12), unit) if share >= 0
    ]
    return labelled_axis(places, label_cells, columns)


def labelled_axis(places: Sequence[tuple[int, str]], label_cells: int, columns: int) -> list[Span]:
    """Write labels below a plot, each under its column, except those that would touch another one."""
    line = [" "] * columns
    for column, text in places:
        start = max(0, min(columns - len(text), column - len(text) // 2))
        if len(text) <= columns and all(cell == " " for cell in line[max(0, start - 1) : start + len(text) + 1]):
            line[start : start + len(text)] = text
    return [(" " * (label_cells + 1) + "└", "faint"), ("".join(line), "dim")]


def plot_rows(
    plot: Plot,
    labels: Mapping[int, str],
    label_cells: int,
    palette: Palette,
    *,
    front: Callable[[int], Style],
    back: Callable[[int], Style],
    cursor: int | None = None,
    edge: str = "│",
) -> list[Strip]:
    """Draw the dots with the labels before them.

    Args:
        front, back: styles of owners, in the front layer and in the band.
        cursor: a column that is marked in cells where nothing else is drawn.
        edge: what is drawn at the left of rows without a label.
    """
    return [
        _row(plot, row, labels.get(row, ""), label_cells, palette, front, back, cursor, edge)
        for row in range(plot.rows)
    ]


def _row(
    plot: Plot,
    row: int,
    label: str,
    label_cells: int,
    palette: Palette,
    front: Callable[[int], Style],
    back: Callable[[int], Style],
    cursor: int | None,
    edge: str,
) -> Strip:
    faint, accent, text = palette.styles["faint"], palette.styles["accent"], palette.styles["text"]
    segments = [
        Segment(fit(label, label_cells, right=True) + " ", palette.styles["dim"]),
        Segment("┤" if label else edge, faint),
    ]
    base = row * plot.columns
    run: list[str] = []
    style: Style | None = None
    for column in range(plot.columns):
        place = base + column
        sign = plot.signs.get((row, column))
        if sign is not None:
            letter, wanted = sign
        elif plot.line[place]:
            letter, wanted = chr(0x2800 + plot.line[place]), front(plot.line_owner[place])
        elif column == cursor:
            letter, wanted = "┊", accent
        elif plot.band[place]:
            letter, wanted = chr(0x2800 + plot.band[place]), back(plot.band_owner[place])
        else:
            letter, wanted = " ", style if style is not None else text
        if wanted is not style and run:
            segments.append(Segment("".join(run), style))
            run = []
        style = wanted
        run.append(letter)
    segments.append(Segment("".join(run), style))
    return Strip(segments, label_cells + 2 + plot.columns)
