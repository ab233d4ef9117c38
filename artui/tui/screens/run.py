"""One run in depth: overview, charts, files, log."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Container, Horizontal

from artui.errors import ContentMissing
from artui.model import Metric, RunDetail, RunHead
from artui.query import series
from artui.query.lines import LogSource
from artui.query.logs import LogHead, log_sources, open_log
from artui.query.run import get_run
from artui.query.series import Curve
from artui.safetext import clean, clean_lines
from artui.tui.cells import GLYPHS, Span, fit, status_style
from artui.tui.facts import fact_lines, file_lines, heading, metric_lines
from artui.tui.keys import bindings, footer_keys
from artui.tui.screens.log import LogScreen
from artui.tui.widgets.bars import Bar, KeyBar
from artui.tui.widgets.chart import Chart, ChartLine, ChartOptions, next_smoothing, options_spans
from artui.tui.widgets.find import TextPane
from artui.tui.widgets.lines import BLANK, Line, LineList

TABS = ("overview", "charts", "files", "log")
CHART_CELLS = (36, 9)
"""Smallest width and height of a chart in the grid."""
CURVE_BUCKETS = 400


class RunScreen(LogScreen):
    """Holds a run's id and the `RunDetail` that answers it."""

    SCOPES: ClassVar[tuple[str, ...]] = ("run", "list", "app")
    PLACE = 1
    BINDINGS = [*bindings("run"), *bindings("charts"), *bindings("text"), *bindings("logs")]

    def __init__(self, run_id: str, *, tab: str = "overview") -> None:
        super().__init__(TextPane(id="log", classes="tab hidden"))
        self.run_id = run_id
        self.detail: RunDetail | None = None
        self.tab = tab
        self.chart_options = ChartOptions()
        self._curves: dict[int, Curve] = {}
        self._chart = 0
        self._first_chart = 0
        self._is_zoomed = False
        self._logs: list[LogHead] = []
        self._log: LogHead | None = None

    def compose(self) -> ComposeResult:
        yield Bar(id="top")
        yield Bar(id="tabs")
        with Horizontal(id="overview", classes="tab"):
            yield LineList(id="facts")
            yield LineList(id="metrics", marks_cursor=False)
        yield Container(id="charts", classes="tab hidden")
        yield LineList(only_links=True, id="files", classes="tab hidden")
        yield self.pane
        yield KeyBar()

    def on_mount(self) -> None:
        self._show_tab()

    def load(self) -> None:
        self.ask("detail", lambda: get_run(self.reader, self.run_id), self._take_detail)

    def _take_detail(self, detail: RunDetail) -> None:
        is_first = self.detail is None
        self.detail = detail
        self.show_place()
        self._draw_overview()
        self.query_one("#files", LineList).set_lines(file_lines(detail), keep=not is_first)
        self._ask_curves()
        self._ask_log()
        self._show_tabs()

    def title_spans(self) -> list[Span]:
        if self.detail is None:
            return [("run", "dim")]
        head = self.detail.head
        return [
            (clean(head.project), "dim"),
            (" ▸ ", "faint"),
            (GLYPHS[head.status] + " ", status_style(head.status)),
            (clean(head.name), "title"),
            (f"  {head.status}", status_style(head.status)),
        ]

    # Tabs

    def _show_tabs(self) -> None:
        detail = self.detail
        counts = {"charts": len(self.drawn), "files": len(detail.inputs) + len(detail.outputs)} if detail else {}
        spans: list[Span] = [(" ", "text")]
        for tab in TABS:
            count = f" {counts[tab]}" if tab in counts else ""
            spans += [(f" {tab}{count} ", "title" if tab == self.tab else "dim"), (" ", "text")]
        right = options_spans(self.chart_options) if self.tab == "charts" else []
        if self.tab == "charts" and detail and len(self.drawn) > self._per_page:
            last = min(len(self.drawn), self._first_chart + self._per_page)
            right = [(f"{self._first_chart + 1}–{last} of {len(self.drawn)} · ", "dim"), *right]
        if self.tab == "log":
            right = self._log_spans()
        self.query_one("#tabs", Bar).show(spans, [*right, (" ", "text")])

    def _show_tab(self) -> None:
        for tab in TABS:
            self.query_one(f"#{tab}").set_class(tab != self.tab, "hidden")
        target = {"overview": "#facts", "files": "#files", "log": "#log-text"}.get(self.tab)
        if target:
            self.query_one(target).focus()
        else:
            self.set_focus(None)
            self._layout_charts()
        self.watch_text(is_in_sight=self.is_current)
        self._show_scopes()
        self._show_tabs()

    def _show_scopes(self) -> None:
        """Offer the keys that work on this tab."""
        scopes = {"charts": ("charts", "run", "app"), "log": ("text", "run", "list", "app")}.get(
            self.tab, ("run", "list", "app")
        )
        if self.tab == "log" and len(self._logs) > 1:
            scopes = ("logs", *scopes)
        self.SCOPES = scopes  # type: ignore[misc]
        self.query_one(KeyBar).show_keys(self.pane.KEYS if self.pane.is_typing else footer_keys(*scopes))

    def action_next_tab(self, change: int) -> None:
        self.tab = TABS[(TABS.index(self.tab) + change) % len(TABS)]
        self._is_zoomed = False
        self._show_tab()

    def go_back(self) -> bool:
        if self.tab == "charts" and self._is_zoomed:
            self.action_zoom()
            return True
        return super().go_back()

    @property
    def has_text(self) -> bool:
        return self.tab == "log"

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("axis", "log_scale", "smooth", "zoom", "left", "right"):
            return self.tab == "charts"
        if action == "other_log":
            return self.tab == "log" and len(self._logs) > 1
        return super().check_action(action, parameters)

    # Overview

    def _draw_overview(self) -> None:
        if self.detail is None:
            return
        is_wide = self.size.width >= 100
        facts, metrics = self.query_one("#facts", LineList), self.query_one("#metrics", LineList)
        metrics.set_class(not is_wide, "hidden")
        half = self.size.width // 2 if is_wide else self.size.width
        lines = fact_lines(self.detail, cells=half - 2)
        found = metric_lines(self.detail.metrics, cells=half - 2)
        facts.set_lines(lines if is_wide else [*lines, BLANK, *found])
        metrics.set_lines(found)

    def on_resize(self) -> None:
        self._draw_overview()
        self._layout_charts()

    # Charts

    def _ask_curves(self) -> None:
        detail = self.detail
        if detail is None:
            return
        axis, reader = self.chart_options.axis, self.reader
        self.ask(
            "curves",
            lambda: {
                metric.series_key: series.curve(reader, metric, run_id=detail.head.id, axis=axis, buckets=CURVE_BUCKETS)
                for metric in detail.metrics
            },
            self._take_curves,
        )

    def _take_curves(self, curves: dict[int, Curve]) -> None:
        self._curves = curves
        self._draw_charts()

    @property
    def _grid(self) -> tuple[int, int]:
        """How many charts stand side by side and below each other."""
        if self._is_zoomed:
            return 1, 1
        width, height = self.size.width, max(1, self.size.height - 3)
        count = max(1, len(self.drawn))
        choices = []
        for across in range(1, max(1, min(width // CHART_CELLS[0], 4, count)) + 1):
            down = max(1, min(height // CHART_CELLS[1], -(-count // across)))
            # Charts four times as wide as high read best; what does not fit the page costs more.
            shape = abs(math.log((width / across) / (height / down * 4)))
            choices.append((max(0, count - across * down), shape, (across, down)))
        return min(choices)[2]

    @property
    def drawn(self) -> list[Metric]:
        """The metrics that are drawn: one point is no curve."""
        return [metric for metric in self.detail.metrics if metric.summary.count > 1] if self.detail else []

    @property
    def _per_page(self) -> int:
        across, down = self._grid
        return across * down

    def _layout_charts(self) -> None:
        """Make as many charts as fit, and show the page that the current one is on."""
        if self.tab != "charts" or self.detail is None:
            return
        box = self.query_one("#charts", Container)
        across, down = self._grid
        self._chart = max(0, min(self._chart, len(self.drawn) - 1))
        self._first_chart = self._chart if self._is_zoomed else self._chart // self._per_page * self._per_page
        box.styles.grid_size_columns = across
        box.styles.grid_size_rows = down
        wanted = across * down
        charts = list(box.query(Chart))
        for chart in charts[wanted:]:
            chart.remove()
        if len(charts) < wanted:
            box.mount(*(Chart() for _ in range(wanted - len(charts))))
        self.call_after_refresh(self._draw_charts)

    def _draw_charts(self) -> None:
        if self.detail is None or self.tab != "charts":
            return
        metrics = self.drawn
        if not metrics:
            note = (
                "each metric of this run has one value: the overview shows them"
                if self.detail.metrics
                else "this run logged no metrics"
            )
            for chart in self.query(Chart):
                chart.show("", [], self.chart_options, note=note)
            return
        for place, chart in enumerate(self.query(Chart)):
            number = self._first_chart + place
            if number >= len(metrics):
                chart.show("", [], self.chart_options)
                chart.set_current(False)
                continue
            chart.show(
                clean(metrics[number].title),
                self._lines(metrics[number], number),
                self.chart_options,
                note="" if metrics[number].series_key in self._curves else "reading…",
            )
            chart.set_current(number == self._chart)
            if not self._is_zoomed:
                chart.cursor = None
        self._show_tabs()

    def _lines(self, metric: Metric, number: int) -> list[ChartLine]:
        curve = self._curves.get(metric.series_key)
        return [ChartLine(metric.title, curve, 0)] if curve is not None else []

    def on_chart_picked(self, message: Chart.Picked) -> None:
        charts = list(self.query(Chart))
        number = self._first_chart + charts.index(message.chart)
        if number < len(self.drawn):
            if number == self._chart:
                self.action_zoom()
            self._chart = number
            self._draw_charts()

    def action_axis(self) -> None:
        self.chart_options = replace(self.chart_options, axis="time" if self.chart_options.axis == "step" else "step")
        self._ask_curves()

    def action_log_scale(self) -> None:
        self.chart_options = replace(self.chart_options, is_log=not self.chart_options.is_log)
        self._draw_charts()

    def action_smooth(self, change: int) -> None:
        self.chart_options = next_smoothing(self.chart_options, change)
        self._draw_charts()

    def action_zoom(self) -> None:
        self._is_zoomed = not self._is_zoomed
        self._layout_charts()

    def action_left(self) -> None:
        self._sideways(-1)

    def action_right(self) -> None:
        self._sideways(1)

    def _sideways(self, change: int) -> None:
        if self._is_zoomed:
            chart = self.query_one(Chart)
            start = (
                chart.dot_columns
                if chart.cursor is None and change < 0
                else chart.cursor
                if chart.cursor is not None
                else -2
            )
            chart.set_cursor(start + 2 * change)
            return
        self._move_chart(change)

    def _move_chart(self, change: int) -> None:
        if not self.drawn:
            return
        self._chart = max(0, min(self._chart + change, len(self.drawn) - 1))
        if not self._first_chart <= self._chart < self._first_chart + self._per_page:
            self._layout_charts()
        else:
            self._draw_charts()

    def key_down(self) -> None:
        self._vertical(1)

    def key_up(self) -> None:
        self._vertical(-1)

    def key_j(self) -> None:
        self._vertical(1)

    def key_k(self) -> None:
        self._vertical(-1)

    def key_pagedown(self) -> None:
        self._vertical(1)

    def key_pageup(self) -> None:
        self._vertical(-1)

    def _vertical(self, change: int) -> None:
        if self.tab == "charts":
            self._move_chart(change * (1 if self._is_zoomed else self._grid[0]))

    # Log

    def _ask_log(self) -> None:
        detail, reader = self.detail, self.reader
        if detail is not None:
            self.ask("logs", lambda: log_sources(reader, detail), self._take_logs)

    def _take_logs(self, heads: list[LogHead]) -> None:
        shown = self._log
        if shown is not None and shown.is_live and not any(head.artifact == shown.artifact for head in heads):
            # Its file is gone, and its saved version not there yet: what it last held stays until then.
            return
        self._logs = heads
        if self.tab == "log":
            self._show_scopes()
        self.log_view.set_behind(self._lines_behind())
        if not heads:
            self._log = None
            self.log_view.show(None, behind=self._lines_without_log())
        elif shown not in heads:
            successor = next((head for head in heads if shown is not None and head.artifact == shown.artifact), None)
            self._open_log(successor or heads[0], goes_over=successor is not None)
        self._show_tabs()

    def _open_log(self, head: LogHead, *, goes_over: bool = False) -> None:
        reader = self.reader

        def opened() -> tuple[LogSource | None, str]:
            try:
                return open_log(reader, head), ""
            except ContentMissing as missing:
                return None, str(missing)

        def take(found: tuple[LogSource | None, str]) -> None:
            source, why = found
            if source is None and head.is_live:
                return  # it ended just now: the catalog is about to say so
            self._log = head
            if source is None:
                lines = [BLANK, *(Line([("  " + line, "warn")]) for line in clean_lines(why)), *self._lines_behind()]
                self.log_view.show(None, behind=lines)
            elif goes_over:
                self.log_view.go_over(source)
            else:
                self.log_view.show(source, behind=self._lines_behind(), at_end=source.is_live)
            self._show_tabs()

        self.ask("log", opened, take)

    def _lines_behind(self) -> list[Line]:
        """What ended the run, behind the end of its log."""
        if self.detail is None or not self.detail.error:
            return []
        return [
            BLANK,
            heading(" how it ended"),
            *(Line([(" " + text, "bad")]) for text in clean_lines(self.detail.error)),
        ]

    def _lines_without_log(self) -> list[Line]:
        saying: list[Span] = [("  Save one with ", "dim"), ('run.save("train-log", "train.log", kind="log")', "accent")]
        return [BLANK, Line([("  This run kept no log.", "text")]), BLANK, Line(saying), *self._lines_behind()]

    def _log_spans(self) -> list[Span]:
        """Say which log this is, how large, and where in it one is."""
        if self._log is None:
            return []
        spans: list[Span] = [(fit(clean(self._log.title), min(40, self.size.width // 3)).rstrip(), "text")]
        if len(self._logs) > 1 and self._log in self._logs:
            spans.append((f" ({self._logs.index(self._log) + 1} of {len(self._logs)})", "dim"))
        state = self.log_view.status_spans()
        return [*spans, (" · " if state else "", "dim"), *state]

    def show_text_state(self) -> None:
        if self.tab == "log":
            self._show_tabs()

    def action_other_log(self, change: int) -> None:
        if self._log in self._logs:
            self._open_log(self._logs[(self._logs.index(self._log) + change) % len(self._logs)])

    # Elsewhere

    def action_open(self) -> None:
        focused = self.focused
        if isinstance(focused, LineList):
            focused.choose()

    def action_neighbour(self, change: int) -> None:
        self.artui.runs_screen.neighbour(self.run_id, change)

    def action_lineage(self) -> None:
        self.artui.action_show_lineage()

    def action_copy(self) -> None:
        self.artui.copy_text(self.run_id)

    def subject(self) -> RunHead | None:
        return self.detail.head if self.detail else None

    def change_run(self, run_id: str) -> None:
        """Show another run in the same view."""
        self.run_id = run_id
        self.detail = None
        self._curves = {}
        self._logs, self._log = [], None
        self.log_view.show(None)
        self.load()
