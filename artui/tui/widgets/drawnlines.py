"""A list among whose lines are charts: they scroll with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from textual.strip import Strip

from artui.safetext import clean
from artui.tui.widgets.chart import Chart, draw
from artui.tui.widgets.chartlines import ChartLine
from artui.tui.widgets.lines import Line, LineList

if TYPE_CHECKING:
    from artui.tui.cells import Palette

LEAST_CHART_CELLS = 38
"""Fewest cells of a chart that stands beside another."""
INDENT = 3
_GAP = 2


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


def charts_in_a_row(
    charts: Sequence[tuple[str, ChartLine | None, bool]], *, places: int, width: int, rows: int, palette: Palette
) -> list[Strip]:
    """Draw charts side by side.

    Args:
        charts: the title, the curve (None while it is read), and whether the title is to be stressed, of each.
        places: how many charts have room beside each other; the charts take the first of them.
        width: cells of the whole row.
        rows: height of the charts, with title and axis.
        palette: of the terminal.
    """
    cells = (width - INDENT - _GAP * places) // max(1, places)
    empty = palette.styles["text"]
    drawn: list[list[Strip]] = []
    for title, line, is_stressed in charts[:places]:
        chart = Chart(clean(title))
        chart.is_current = is_stressed
        chart.curves, chart.note = ([], "reading…") if line is None else ([line], "")
        drawn.append(draw(chart, cells, rows, palette))
    indent, gap = Strip.blank(INDENT, empty), Strip.blank(_GAP, empty)
    return [
        Strip.join([indent, *(part for strip in strips for part in (strip, gap))]).adjust_cell_length(width, empty)
        for strips in zip(*drawn, strict=True)
    ]
