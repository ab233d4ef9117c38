"""How the values of two sides are spread, one line a side: `───━━━┃━━────`, ends, quarters and the middle.

Several pairs of sides are below each other, all on one axis. Where a value tells the sides apart, the lines are the
shares of the runs that have it: `▆▆▆▆▆▆▆▆▆▖ 38 %`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from artui.query.far import FENCE, GAIN
from artui.safetext import cells_of
from artui.tui.cells import BRAILLE, FAR_SIGNS, Span, Spans, fit, fit_apart, strip_of

if TYPE_CHECKING:
    from artui.query.why import Spread

LOG_FROM = 30.0
"""Values above zero of which the largest is so many times the smallest may be drawn on a logarithmic axis."""
_FINE = 1000
"""Cells in which it is compared how well values fit on an axis."""
LABEL_CELLS = (12, 34)
COUNT_CELLS = 20
FULL, HALF = "▆", "▖"
"""Lower than a line, so that bars below each other stay apart."""
WHISKER, BOX, MIDDLE, OWN = "─", "━", "┃", "●"
RUN = "•"
MOST_RUN_ROWS = 6
"""Rows in which the runs of a side are heaped up above its line."""
LEAST_BAR_ROWS = 3
"""Heaps that have too little room for a sign for each run are drawn as bars in so many rows, or not at all."""
_HEAP_DOTS = 0xC0, 0xE4, 0xF6, 0xFF
"""Bits of a cell of braille that is filled up to so many rows of dots."""


@dataclass(frozen=True, slots=True)
class Side:
    """One line."""

    label: str
    """Of visible characters; `count` likewise."""
    count: str
    spread: Spread
    own: float | None = None
    """The value of the run that is asked about."""


@dataclass(frozen=True, slots=True)
class Share:
    """One line of those that say how many runs of a side have a value."""

    label: str
    """Of visible characters; `count` likewise."""
    count: str
    share: float
    """Of 1."""
    text: str
    """The share in words."""


class Spreads(Widget):
    """Lines of spreads below a title; without any it takes no room."""

    DEFAULT_CSS = "Spreads { height: auto; width: 1fr; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._title = ""
        self._sides: tuple[Side, ...] = ()
        self._lines: tuple[_Drawn, ...] = ()
        """What is drawn below the title."""
        self._run_rows = 0
        self._counted: tuple[int, list[list[int]]] | None = None
        """The heaps of runs in so many cells, as they were counted last."""
        self._groups: Sequence[Sequence[Side]] = ()
        self._shares: Sequence[Share] = ()
        self._legend = ""
        self._number_text: Callable[[float], str] = str

    def show(
        self,
        title: str,
        groups: Sequence[Sequence[Side]],
        number_text: Callable[[float], str],
        *,
        run_rows: int = 0,
    ) -> None:
        """Show other spreads; the first group is the one that is looked at.

        Args:
            title: of what is spread.
            groups: sides that belong together.
            number_text: shows the ends of the axis.
            run_rows: there is room for so many more lines for each side of the first group: as far as they are needed,
                its runs are heaped up there.
        """
        self._title, self._groups, self._number_text, self._shares = title, groups, number_text, ()
        self._sides = tuple(side for group in groups for side in group)
        self._run_rows, self._counted = min(run_rows, MOST_RUN_ROWS), None
        if self._run_rows and groups and max(map(max, self._heaps)) > self._run_rows < LEAST_BAR_ROWS:
            self._run_rows = 0
        lines: list[_Drawn] = []
        for number, group in enumerate(groups):
            lines += [_Drawn()] if number else []
            heaps = self._heaps if not number and self._run_rows else []
            for place, side in enumerate(group):
                is_counted = bool(heaps) and max(map(max, heaps)) <= self.heap_rows
                rows = max(1, min(max(heaps[place]), self.heap_rows) if is_counted else self.heap_rows) if heaps else 0
                lines += [_Drawn()] if rows and place and self._run_rows > rows else []
                lines += [*(_Drawn(side, row) for row in range(rows, 0, -1)), _Drawn(side)]
        self._lines = tuple(lines)
        self.refresh(layout=True)

    @property
    def heap_rows(self) -> int:
        """How many lines the runs of a side take: a sign for each where they fit, else as high as may be."""
        if not self._groups or not self._run_rows or not self._groups[0]:
            return 0
        heaps = self._heaps
        return max(1, min(self._run_rows, max(map(max, heaps))))

    @property
    def _heaps(self) -> list[list[int]]:
        """How many runs lie in each cell, of each side of the first group."""
        _, cells = self._measured_sides
        if self._counted is None or self._counted[0] != cells:
            axis = axis_of(self._sides)
            self._counted = cells, [heap_of(side, axis, cells) for side in self._groups[0]]
        return self._counted[1]

    @property
    def _measured_sides(self) -> tuple[int, int]:
        return self._measured(max(len(side.label) for side in self._sides))

    def show_shares(self, title: str, legend: str, shares: Sequence[Share]) -> None:
        """Show instead how many of the runs of each side have a value, which the legend names."""
        self.show(title, [], str)
        self._shares, self._legend = shares, legend
        self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._lines) + 2 if self._lines else len(self._shares) + 1 if self._shares else 0

    def render_line(self, y: int) -> Strip:
        palette = self.app.palette  # type: ignore[attr-defined]
        if self._shares:
            return strip_of(self._share_spans(y) if y <= len(self._shares) else [], self.size.width, palette)
        return strip_of(self._spans(y) if y < len(self._lines) + 2 and self._lines else [], self.size.width, palette)

    def _share_spans(self, y: int) -> Spans:
        label, cells = self._measured(max(len(side.label) for side in self._shares))
        if y == 0:
            title = f" {self._title}"
            return [(title, "dim"), (fit(f"   {self._legend}", max(0, self.size.width - cells_of(title))), "faint")]
        side = self._shares[y - 1]
        text_cells = max(len(other.text) for other in self._shares) + 1
        halves = round(side.share * 2 * (cells - text_cells))
        cut = fit_apart([other.label for other in self._shares], label)[y - 1]
        bar = FULL * (halves // 2) + HALF * (halves % 2)
        return [
            (f"   {cut}", "text"),
            (fit(side.count, COUNT_CELLS - 1, right=True) + "  ", "dim"),
            (bar, "spark"),
            (f" {side.text}", "text"),
        ]

    def _measured(self, longest: int) -> tuple[int, int]:
        """Give the cells of the labels, the longest of which has so many letters, and those of the picture beside them."""
        label = max(LABEL_CELLS[0], min(LABEL_CELLS[1], longest + 1, self.size.width // 4))
        return label, max(10, self.size.width - label - COUNT_CELLS - 6)

    def _spans(self, y: int) -> Spans:
        axis = axis_of(self._sides)
        label, cells = self._measured_sides
        if y == 0:
            own = f"{OWN} the two runs   " if any(side.own is not None for side in self._sides) else ""
            scale = "   logarithmic" if axis.is_log else ""
            runs = f"{RUN} a run   " if self.heap_rows and max(map(max, self._heaps)) <= self.heap_rows else ""
            legends = (
                f"   {own}{runs}{MIDDLE} half of the runs on either side   {BOX} the middle half   {WHISKER} all{scale}",
                f"   {own}{runs}{MIDDLE} the middle   {BOX} half of the runs   {WHISKER} all{scale}",
                f"   {own}{MIDDLE} the middle   {BOX} half of the runs   {WHISKER} all{scale}",
            )
            title = f" {self._title}"
            room = self.size.width - cells_of(title)
            legend = next((text for text in legends if len(text) <= room), legends[-1])
            return [(title, "dim"), (legend, "faint")]
        indent = " " * (label + COUNT_CELLS + 4)
        if y > len(self._lines):
            low, high = self._number_text(axis.low), self._number_text(axis.high)
            lowest, highest = (
                min(side.spread.low for side in self._sides),
                max(side.spread.high for side in self._sides),
            )
            low = f"{self._number_text(lowest)} {FAR_SIGNS[0]} {low}" if lowest < axis.low else low
            high = f"{high} {FAR_SIGNS[1]} {self._number_text(highest)}" if highest > axis.high else high
            return [(indent + low + fit(high, cells - len(low), right=True), "faint")]
        side, row = self._lines[y - 1]
        if side is None:
            return []
        if row:
            heaps = self._heaps
            heap = heaps[[id(other) for other in self._groups[0]].index(id(side))]
            # Bars show where the runs of a side lie, be they few or many; signs are counted.
            is_counted = max(map(max, heaps)) <= self.heap_rows
            return [(indent + heap_text(heap, 0 if is_counted else max(heap), row, self.heap_rows), "spark")]
        is_first = any(side is other for other in self._groups[0])
        cut = fit_apart([other.label for other in self._sides], label)[self._sides.index(side)]
        spans: list[Span] = [
            (f" ▸ {cut}" if is_first and len(self._groups) > 1 else f"   {cut}", "text" if is_first else "dim"),
            (fit(side.count, COUNT_CELLS - 1, right=True) + "  ", "dim"),
        ]
        return [*spans, *line_of(side, axis, cells)]


class _Drawn(NamedTuple):
    """A line: the runs of a side, how these are spread, or nothing between two groups."""

    side: Side | None = None
    row: int = 0
    """Which row of its runs, from the bottom; 0 for the line below them."""


class Axis(NamedTuple):
    """From where to where values lie, and whether equal steps are equal ratios."""

    low: float
    high: float
    is_log: bool

    def place(self, value: float, cells: int) -> int:
        """Give the cell of a value; what lies outside is at the edge."""
        low, high = (math.log(self.low), math.log(self.high)) if self.is_log else (self.low, self.high)
        value = math.log(max(value, self.low)) if self.is_log else value
        # Halves first: the distance of two huge numbers may be infinite.
        whole = high / 2 - low / 2
        if not whole > 0:  # half of the smallest floats is nothing
            return round((value - low) / (high - low) * (cells - 1)) if high > low else (cells - 1) // 2
        share = (value / 2 - low / 2) / whole
        return round(max(0.0, min(1.0, share)) * (cells - 1))


def axis_of(sides: Sequence[Side]) -> Axis:
    """Give an axis on which all that is drawn has its place, but for ends of lines that lie far outside."""
    values = [value for side in sides for value in (side.spread.low, side.spread.high)]
    own = [side.own for side in sides if side.own is not None and math.isfinite(side.own)]
    middles = [(side.spread.middle, side.spread.count) for side in sides]
    axis = fitting_axis(min([*values, *own]), max([*values, *own]), middles)
    quarters = [value for side in sides for value in side.spread.points[1:4] if math.isfinite(value)]
    if not quarters:
        return axis
    at = math.log if axis.is_log else float
    span = at(max(quarters)) - at(min(quarters))
    if not math.isfinite(FENCE * span):
        return axis
    below, above = at(min(quarters)) - FENCE * span, at(max(quarters)) + FENCE * span
    inside = [value for value in (*values, *quarters) if below <= at(value) <= above] + own
    low, high = min(inside), max(inside)
    if not 0 < GAIN * (at(high) - at(low)) <= at(axis.high) - at(axis.low):
        return axis
    return fitting_axis(low, high, middles)


def fitting_axis(low: float, high: float, middles: Iterable[tuple[float, int]]) -> Axis:
    """Give an axis that is logarithmic where values span decades and their middles lie nearer to its middle then.

    One tiny value among even ones would else push all others to its end.

    Args:
        middles: each with how many runs it is the middle of: a side of many weighs more than one of few.
    """
    inside = [(middle, max(1, count)) for middle, count in middles if low <= middle <= high]
    if not (low > 0 and high / low >= LOG_FROM):
        return Axis(low, high, is_log=False)
    log, linear = Axis(low, high, is_log=True), Axis(low, high, is_log=False)
    off = [
        sum(abs(axis.place(middle, _FINE) - _FINE / 2) * count for middle, count in inside) for axis in (log, linear)
    ]
    return log if off[0] <= off[1] else linear


def line_of(side: Side, axis: Axis, cells: int) -> Spans:
    """Draw a side in so many cells."""
    spread = side.spread
    # Runs that diverged lie beyond the ends of the line.
    low, quarter, middle, upper, high = (
        axis.place(min(max(value, spread.low), spread.high), cells) for value in spread.points
    )
    signs = [" "] * cells
    signs[low : high + 1] = WHISKER * (high + 1 - low)
    signs[quarter : upper + 1] = BOX * (upper + 1 - quarter)
    if math.isfinite(spread.middle):
        signs[middle] = MIDDLE
    # A line goes on beyond an end that its values lie far outside of.
    signs[0] = FAR_SIGNS[0] if spread.low < axis.low and signs[0] != MIDDLE else signs[0]
    signs[-1] = FAR_SIGNS[1] if spread.high > axis.high and signs[-1] != MIDDLE else signs[-1]
    if side.own is None or not math.isfinite(side.own):
        return [("".join(signs), "spark")]
    own = axis.place(side.own, cells)
    return [("".join(signs[:own]), "spark"), (OWN, "accent"), ("".join(signs[own + 1 :]), "spark")]


def heap_of(side: Side, axis: Axis, cells: int) -> list[int]:
    """Count the runs of a side, or of a sample of them, in each of so many cells; what lies outside is not in sight."""
    counts = [0] * cells
    for value in side.spread.values:
        if axis.low <= value <= axis.high:
            counts[axis.place(value, cells)] += 1
    return counts


def heap_text(counts: Sequence[int], most: int, row: int, rows: int) -> str:
    """Draw a row of heaps, counted from the bottom: bars, of which the one of `most` runs fills all rows; 0 draws a sign for each run."""
    if not most:
        return "".join(RUN if count >= row else " " for count in counts)
    signs = []
    for count in counts:
        # No run is left out.
        height = max(1, round(count / most * rows * 4)) if count else 0
        filled = max(0, min(4, height - 4 * (row - 1)))
        signs.append(BRAILLE[_HEAP_DOTS[filled - 1]] if filled else " ")
    return "".join(signs)
