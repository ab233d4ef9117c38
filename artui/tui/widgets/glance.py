"""What a run measured, at a glance: its table of metrics, and the curves it is judged by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Container

from artui.safetext import clean
from artui.tui.widgets.chart import Chart
from artui.tui.widgets.lines import Line, LineList

if TYPE_CHECKING:
    from artui.tui.widgets.chartlines import ChartLine
    from artui.tui.widgets.chartoptions import ChartOptions

MAX_GLANCED = 3
"""So many curves at most."""
_LEAST_ROWS, _MOST_ROWS = 8, 16
"""Rows of a chart, with its title and its axis."""
_LOW_ROWS, _LOW_CELLS = 7, 38
"""Rows and fewest cells of the charts that stand side by side below the facts."""


class Glance(Container):
    """A table of metrics above charts where there is room beside the facts; below the facts, charts side by side."""

    DEFAULT_CSS = """
    Glance { width: 1fr; height: 1fr; }
    Glance #glance-charts { width: 1fr; height: 1fr; }
    Glance Chart { padding: 0 1; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.metrics = LineList(marks_cursor=False, says_more=True, id="metrics")
        self.charts = [Chart() for _ in range(MAX_GLANCED)]
        self.titles: Sequence[str] = ()
        """What each chart in sight shows."""
        self._area = Container(*self.charts, id="glance-charts")

    def compose(self) -> ComposeResult:
        yield self.metrics
        yield self._area

    def lay_out(
        self, titles: Sequence[str], *, rows: int, fact_rows: int = 0, metrics: Sequence[Line] | None = None
    ) -> None:
        """Take the room there is.

        Args:
            titles: of the metrics to draw, the most important first.
            rows: how high the view is.
            fact_rows: fewer rows are not left to the facts above.
            metrics: the table; None below the facts, where it is among them.
        """
        is_beside = metrics is not None
        count = len(titles)
        if metrics is not None:
            table_rows = min(len(metrics) + 1, rows - _LEAST_ROWS * min(1, count)) if count else rows
            count = min(count, max(0, (rows - table_rows) // _LEAST_ROWS))
            self.metrics.styles.height = table_rows if count else "1fr"
            self.metrics.set_lines(metrics)
            self._area.styles.height = min(rows - table_rows, count * _MOST_ROWS) if count else 0
        else:
            count = min(count, self.app.size.width // _LOW_CELLS) if rows >= _LOW_ROWS + fact_rows else 0
            self._area.styles.height = _LOW_ROWS if count else 0
        self.titles = tuple(titles[:count])
        self.metrics.set_class(not is_beside, "hidden")
        self.set_class(not is_beside and not count, "hidden")
        self.styles.height = "1fr" if is_beside else _LOW_ROWS
        self._area.set_class(not count, "hidden")
        self._area.styles.layout = "vertical" if is_beside else "horizontal"
        for place, chart in enumerate(self.charts):
            chart.set_class(place >= count, "hidden")
            if place < count and chart.title != (title := clean(titles[place])):
                chart.show(title, [], chart.options, note="reading…")

    def put(self, lines: Mapping[str, ChartLine], options: ChartOptions) -> None:
        """Draw curves by the titles of their metrics."""
        for title, chart in zip(self.titles, self.charts, strict=False):
            if title in lines:
                chart.show(clean(title), [lines[title]], options)
