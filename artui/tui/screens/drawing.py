"""Charts on a screen: reading their curves, choosing axes, finding one by name, writing one to a file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from artui.errors import UsageError
from artui.paths import file_stem
from artui.query.series.curves import Curve, curve
from artui.tui.keys import pairs_of
from artui.tui.screens.base import CatalogScreen
from artui.tui.screens.newfile import NewFile
from artui.tui.screens.pick import Choice, PickScreen
from artui.tui.terminal.writing import free_name
from artui.tui.widgets.chart import Chart
from artui.tui.widgets.chartfigure import figure_of
from artui.tui.widgets.chartgrid import ChartGrid
from artui.tui.widgets.chartoptions import AXES, AXIS_WORDS
from artui.tui.widgets.picture import Picture

if TYPE_CHECKING:
    from artui.figures.figure import Figure
    from artui.model import Metric
    from artui.tui.widgets.chartoptions import ChartOptions

CURVE_BUCKETS = 400


def first_axis(metrics: Iterable[Metric]) -> str:
    """Give what the points of some metrics are placed by at first: their steps, or times if no metric has two steps."""
    curved = [metric.summary for metric in metrics if metric.summary.count > 1]
    has_steps = any(summary.first_step != summary.last_step for summary in curved)
    has_times = any(summary.first_ms < summary.last_ms for summary in curved)
    return "time" if has_times and not has_steps else "step"


class DrawsCharts(CatalogScreen):
    """A screen with a `ChartGrid` and a `Prompt`."""

    _was_zoomed = False

    def footer_pairs(self) -> list[tuple[str, str]]:
        """Say of the key for one chart what it does now: of one alone it leads back to all."""
        pairs = super().footer_pairs()
        if not self._was_zoomed:
            return pairs
        zoom = pairs_of({"charts.zoom"})
        return [(pair[0], "all charts") if pair in zoom else pair for pair in pairs]

    def on_chart_grid_changed(self) -> None:
        is_zoomed = any(grid.is_zoomed for grid in self.query(ChartGrid))
        if is_zoomed != self._was_zoomed:
            self._was_zoomed = is_zoomed
            self.show_keys()

    def metric_names(self) -> Sequence[str]:
        """Give the names of the metrics that can be the x axis of a curve."""
        return ()

    def read_curve(self, metric: Metric, run_id: str, metrics: Sequence[Metric], options: ChartOptions) -> Curve:
        """Read one curve, in a worker; over another metric if that is the axis, empty if the run does not have it."""
        reader, window = self.reader, options.window
        name = options.axis.removeprefix("metric:")
        if name == options.axis:
            return curve(reader, metric, run_id=run_id, axis=options.axis, buckets=CURVE_BUCKETS, window=window, is_log=options.is_log_x)  # type: ignore[arg-type] # fmt: skip
        placed_by = next((other for other in metrics if other.name == name and other.labels == metric.labels), None)
        placed_by = placed_by or next((other for other in metrics if other.name == name), None)
        if placed_by is None:
            return Curve([], [], [], [], [], [], [], [], 0, float("nan"))
        return curve(reader, metric, run_id=run_id, buckets=CURVE_BUCKETS, window=window, against=placed_by, is_log=options.is_log_x)  # fmt: skip

    # Pictures of a chart alone

    def on_chart_picture_wanted(self, message: Chart.PictureWanted) -> None:
        """Draw the curves of a chart in pixels."""
        message.stop()
        from artui.tui.widgets.chartpixels import drawn

        chart, order = message.chart, message.order
        if self.is_current:
            self.ask("pixels", lambda: drawn(order), lambda png: chart.picture.put(png, order))

    def on_screen_suspend(self) -> None:
        for chart in self.query(Chart):
            chart.hide_picture()

    def on_screen_resume(self) -> None:
        self.draw_pictures_again()

    def draw_pictures_again(self) -> None:
        """Draw in pixels anew: the terminal has lost its pictures, or another screen was in front."""
        for chart in self.query(Chart):
            chart.outdate_picture()

    @property
    def _grid(self) -> ChartGrid:
        return self.query_one(ChartGrid)

    def on_chart_grid_find_wanted(self) -> None:
        choices = [Choice(panel.key, panel.key) for panel in self._grid.panels]
        current = self._grid.panel.key if self._grid.panel else ""
        self.artui.push_screen(PickScreen("chart of", choices, current=current), self._show_chart)

    def _show_chart(self, key: str | None) -> None:
        if key is not None:
            self._grid.show(key, alone=self._grid.is_zoomed)

    def on_chart_grid_axis_wanted(self) -> None:
        self.choose_axis_of(self._grid.options, self._grid.set_axis)

    def choose_axis_of(self, options: ChartOptions, take: Callable[[str], None]) -> None:
        """Let the user choose what points are placed by, a metric included."""
        choices = [Choice(axis, AXIS_WORDS[axis]) for axis in AXES]
        choices += [Choice(f"metric:{name}", name, "metric") for name in self.metric_names()]
        picker = PickScreen("x axis", choices, current=options.axis)
        self.artui.push_screen(picker, lambda axis: take(axis) if axis is not None else None)

    def on_chart_grid_export_wanted(self) -> None:
        panel, chart = self._grid.panel, self._grid.chart
        if panel is None or chart is None:
            self.artui.say("There is no chart to write.")
            return
        lines, options, title, other_count = list(chart.curves), chart.options, panel.title, chart.other_count
        if lines and not any(line.curve.count for line in lines):
            self.artui.say(f"{title} has no finite value here: there is nothing to draw.", is_warning=True)
            return
        self.ask_for_file(title, lambda: figure_of(title, lines, options, other_count=other_count))

    def action_export_picture(self) -> None:
        focused = self.focused
        if isinstance(focused, Picture):
            self.ask_for_file(type(focused).__name__.lower(), focused.figure)

    def ask_for_file(self, title: str, make: Callable[[], Figure | None]) -> None:
        """Ask for a file name, and write the figure to it as SVG or PNG."""
        stem = file_stem(title, most_chars=60)

        def content(path: Path) -> bytes:
            from artui.figures import format_of, write

            format = format_of(path)
            figure = make()
            if figure is None:
                raise UsageError("There is nothing to draw.", remedy="Wait until the chart is there.")
            return write(figure, format)

        new_file = NewFile(self, "write chart to file  (.svg .png)", content, doing="drawing …")
        new_file.ask(free_name(stem or "chart", ".svg"))
