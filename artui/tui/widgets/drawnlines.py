"""A list among whose lines are charts: they scroll with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from textual.strip import Strip

from artui.safetext import clean
from artui.tui.widgets.chart import Chart, draw
from artui.tui.widgets.chartlines import ChartLine
from artui.tui.widgets.lines import Line, LineList

if TYPE_CHECKING:
    from artui.tui.cells import Palette

LEAST_CHART_CELLS = 38
"""Fewest cells of a chart that stands beside another."""
MOST_CHART_ROWS = 20
LEAST_STACKED_ROWS = 10
INDENT = 3
_GAP = 2


class LineChart(NamedTuple):
    """A chart of one curve."""

    title: str
    line: ChartLine | None
    """None while it is read."""
    is_stressed: bool = False
    """Whether the title stands out."""
    beside: Sequence[ChartLine] = ()
    """Curves of other charts that are on one scale with it."""


class DrawnList(LineList):
    """Draws some of its lines as they are given, as parts of charts; the cursor does not stop there."""

    drawings: Mapping[int, Strip] = {}
    """Strips by the indices of their lines."""

    def draw_lines(self, lines: Sequence[Line], drawings: Mapping[int, Strip]) -> None:
        """Show other lines, of which some are drawn; where they are as before, nothing is drawn again."""
        if self.drawings == drawings and list(self.lines) == list(lines):
            return
        self.drawings = drawings
        self.set_lines(lines)

    def render_line(self, y: int) -> Strip:
        strip = self.drawings.get(y + int(self.scroll_offset.y))
        if strip is None or y == self.note_row:
            return super().render_line(y)
        return strip.adjust_cell_length(self.size.width, self._palette.styles["text"])


def layout_of(count: int, *, most_places: int, width: int, rows: int) -> tuple[int, int]:
    """Choose how many of some charts stand beside each other, so that together they are as large as can be; and their height.

    Charts stand below each other only where they stay higher than LEAST_STACKED_ROWS; a narrow one is no higher than
    MOST_CHART_ROWS.

    Args:
        count: of the charts; one at least.
        most_places: how many may stand side by side.
        width: cells of a row of charts.
        rows: lines for all of them.
    """
    most = min(most_places, count)
    best = 0, most, max(1, rows // -(-count // most))
    for places in range(1, most + 1):
        cells, lines = _chart_cells(width, places), -(-count // places)
        height = min(rows // lines, max(MOST_CHART_ROWS, cells // 2))
        if lines == 1 or height >= LEAST_STACKED_ROWS:
            best = max(best, (cells * height, places, height))
    return best[1:]


def _chart_cells(width: int, places: int) -> int:
    return (width - INDENT - _GAP * places) // max(1, places)


def charts_in_rows(charts: Sequence[LineChart], *, places: int, width: int, rows: int, palette: Palette) -> list[Strip]:
    """Draw charts side by side, and below each other where they are more than that.

    Args:
        charts: what each shows.
        places: how many charts have room beside each other.
        width: cells of the whole row.
        rows: height of a chart, with title and axis.
        palette: of the terminal.
    """
    cells, empty = _chart_cells(width, places), palette.styles["text"]
    drawn: list[list[Strip]] = []
    for title, line, is_stressed, beside in charts:
        chart = Chart(clean(title))
        chart.is_current = is_stressed
        chart.curves, chart.note = ([], "reading…") if line is None else ([line], "")
        chart.beside = beside
        drawn.append(draw(chart, cells, rows, palette))
    indent, gap = Strip.blank(INDENT, empty), Strip.blank(_GAP, empty)
    return [
        Strip.join([indent, *(part for strip in strips for part in (strip, gap))]).adjust_cell_length(width, empty)
        for first in range(0, len(drawn), places)
        for strips in zip(*drawn[first : first + places], strict=True)
    ]
