"""One run in depth: overview, charts, files, log."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.containers import Container

from artui import clock
from artui.errors import ContentMissing
from artui.model import GOING
from artui.query.live import LiveRun, live_run
from artui.query.logs import LogHead, log_sources, open_log
from artui.query.neighbours import Neighbours, neighbours
from artui.query.run import get_run
from artui.query.runs.order import RunsRequest, run_order
from artui.query.series.ranking import BOOKS_RANK, aside_word, drawing_order, metric_rank
from artui.safetext import clean, clean_lines
from artui.sheets.progress import progress_text
from artui.tui.cells import Span, fit, glyph_of, length_of, status_style
from artui.tui.facts.metrics import metric_lines
from artui.tui.facts.run import OverviewParts, file_lines, overview_parts
from artui.tui.facts.sections import heading, place_of_section
from artui.tui.keys import bindings
from artui.tui.keytable import ACTS
from artui.tui.messages import LineChosen, LineMoved, ShowNeighbour
from artui.tui.screens.acting import ActsOnRuns
from artui.tui.screens.base import BACK
from artui.tui.screens.drawing import DrawsCharts, first_axis
from artui.tui.screens.log import LogScreen
from artui.tui.widgets.bars import Bar, KeyBar, Press
from artui.tui.widgets.chart import Chart
from artui.tui.widgets.chartgrid import ChartGrid, Panel
from artui.tui.widgets.chartlines import ChartLine
from artui.tui.widgets.chartoptions import ChartOptions
from artui.tui.widgets.find import TextPane
from artui.tui.widgets.glance import MAX_GLANCED, Glance
from artui.tui.widgets.lines import BLANK, Line, LineList
from artui.tui.widgets.prompt import Prompt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.timer import Timer
    from textual.widget import Widget

    from artui.model import Metric, RunDetail, RunHead
    from artui.query.lines import LogSource
    from artui.query.series.curves import Window
    from artui.tui.screens.artifact import VersionFacts

FIRST_METRICS = 500
AGE_SECONDS = 60
MANY_METRICS = 40
FEW = 5
"""So many params and metrics stand first, of many, where they are below each other."""
MOST_PARAMS = 12
"""So many params stand first beside metrics."""
WIDE_CELLS = 100
"""From this width on, metrics and curves stand beside the facts."""
BARS = 3
"""Lines of a screen above and below a view."""
_TAB_WIDGETS = {"overview": "#facts", "charts": "#charts", "files": "#files", "log": "#log-text"}
TABS = tuple(_TAB_WIDGETS)
HELD_SECONDS = 0.08
"""What the version under the cursor holds is read once the cursor rests for so long."""
HELD_CELLS, HELD_ROWS = 46, 9
"""It stands beside the files, or below them, where there is at least so much room."""


def _drawing_key(metric: Metric) -> tuple[object, ...]:
    """Give what metrics are sorted by where they are drawn: what stands aside and what has labels come behind."""
    return bool(aside_word(metric.name)), bool(metric.labels), *drawing_order(metric.name), metric.labels


class RunScreen(ActsOnRuns, DrawsCharts, LogScreen):
    """Holds a run's id and its `RunDetail`."""

    SCOPES: ClassVar[tuple[str, ...]] = ("run", ACTS, "find", "list", "app")
    PLACE = 1
    BINDINGS = bindings("run", "find", "text", "logs", ACTS)

    def __init__(self, run_id: str, *, tab: str = "overview") -> None:
        super().__init__(TextPane(id="log", classes="tab hidden"))
        self.run_id = run_id
        self.charts = ChartGrid(id="charts", classes="tab hidden")
        self.glance = Glance(id="glance")
        self._neighbours = Neighbours()
        self._live: LiveRun | None = None
        """How far the run is, if it has not ended."""
        self._trashed_keys: frozenset[int] = frozenset()
        """Keys of the runs in the trash."""
        self._options = ChartOptions()
        """How the curves beside the facts are drawn."""
        self.detail: RunDetail | None = None
        self.tab = tab
        self._logs: list[LogHead] = []
        self._log: LogHead | None = None
        self._held_id = ""
        """The id of the version of which it is shown what it holds, on the tab of files; empty if there is none."""
        self._held: VersionFacts | None = None
        self._held_timer: Timer | None = None

    def compose(self) -> ComposeResult:
        yield Bar(id="top")
        yield Bar(id="tabs")
        with Container(id="overview", classes="tab"):
            yield LineList(only_links=True, is_page=True, says_more=True, id="facts")
            yield self.glance
        yield self.charts
        with Container(id="files-tab", classes="tab hidden"):
            yield LineList(only_links=True, is_page=True, says_more=True, id="files")
            yield LineList(marks_cursor=False, says_more=True, id="held")
        yield self.pane
        yield Prompt()
        yield KeyBar()

    def on_mount(self) -> None:
        self._show_tab()
        # Ages grow even when nothing is written.
        self.set_interval(AGE_SECONDS, self._draw_overview)

    def load(self) -> None:
        """Ask for the run; the first time with a part of its metrics, then with all."""
        # A run with very many metrics shows the first ones before it has read them all.
        first = FIRST_METRICS if self.detail is None else None
        reader, run_id = self.reader, self.run_id

        def read() -> tuple[RunDetail, Neighbours, LiveRun | None]:
            detail = get_run(reader, run_id, max_metrics=first)
            live = live_run(reader, run_id) if detail.head.status in GOING else None
            return detail, neighbours(reader, detail), live

        self.ask("detail", read, self._take_detail)
        self.ask(
            "trashed", lambda: list(run_order(reader, RunsRequest("deleted is not null")).keys), self._take_trashed
        )

    def _take_trashed(self, keys: list[int]) -> None:
        self._trashed_keys = frozenset(keys)
        self.show_place()

    def _take_detail(self, answer: tuple[RunDetail, Neighbours, LiveRun | None]) -> None:
        detail, self._neighbours, self._live = answer
        is_first = self.detail is None
        self.detail = detail
        if is_first:
            self._options = ChartOptions(axis=first_axis(detail.metrics))
            from artui.query.things import Thing

            self.artui.keep_recent(Thing("run", detail.head.id, detail.head.name, detail.head.project))
        self.show_place()
        self._draw_overview()
        self._ask_glance()
        self._draw_files(keep=not is_first)
        self._set_panels()
        self._ask_log()
        self._show_tabs()
        if detail.metric_count > len(detail.metrics):
            self.load()

    def title_spans(self) -> list[Span]:
        """Say which run this is, and its status."""
        if self.detail is None:
            return [("run", "dim")]
        head = self.detail.head
        return [
            (clean(head.project), "dim"),
            (" ▸ ", "frame"),
            glyph_of(head, after=" "),
            *self.mark_spans(head),
            (clean(head.name), "title"),
            (f"  {head.status}", status_style(head.status)),
            ("  damaged" if self.detail.damaged else "", "bad"),
            ("  in the trash" if head.key in self._trashed_keys else "", "warn"),
        ]

    # Tabs

    def _show_tabs(self) -> None:
        detail = self.detail
        counts = {"charts": len(self.drawn), "files": len(detail.inputs) + len(detail.outputs)} if detail else {}
        spans: list[Span] = [(" ", "text")]
        for tab in TABS:
            count = f" {counts[tab]}" if tab in counts else ""
            style = "title" if tab == self.tab else "dim"
            spans += [Press(f" {tab}{count} ", style, f"show_tab('{tab}')"), (" ", "text")]
        right = self.charts.spans() if self.tab == "charts" else []
        if self.tab == "log":
            right = self._log_spans()
        self.query_one("#tabs", Bar).show(spans, [*right, (" ", "text")])

    def _show_tab(self) -> None:
        for tab in TABS:
            self.query_one("#files-tab" if tab == "files" else f"#{tab}").set_class(tab != self.tab, "hidden")
        self.prompt_home().focus()
        self.watch_text(is_in_sight=self.is_current)
        self._show_scopes()
        self._show_tabs()

    def _show_scopes(self) -> None:
        """Offer the keys that work on this tab."""
        scopes = {
            "charts": ("charts", "run", ACTS, "app"),
            "log": (*(("text",) if self._logs else ()), "run", ACTS, "list", "app"),
        }.get(self.tab, ("run", ACTS, "find", "list", "app"))
        if self.tab == "log" and len(self._logs) > 1:
            scopes = ("logs", *scopes)
        self.SCOPES = scopes  # type: ignore[misc]
        self.show_keys()

    def action_next_tab(self, change: int) -> None:
        self.action_show_tab(TABS[(TABS.index(self.tab) + change) % len(TABS)])

    def action_show_tab(self, tab: str) -> None:
        """Show another view of the run."""
        self.leave_questions()
        self.tab = tab
        self._show_tab()
        self._hold_soon()

    def go_back(self) -> bool:
        """Leave the question, the zoom, the single chart or the search; false if there is none of them."""
        if self.query_one(Prompt).leave() or (self.tab == "charts" and self.charts.leave()):
            return True
        if self.tab == "overview" and self._options.window is not None:
            self._look_at(None)
            return True
        return super().go_back()

    def footer_pairs(self) -> list[tuple[str, str]]:
        """Where there are links offer what they are for, and the way back behind all else."""
        pairs = [pair for pair in super().footer_pairs() if pair != BACK]
        return [("enter", "open"), *pairs, BACK] if self.tab in ("overview", "files") else pairs

    def prompt_home(self) -> Widget:
        """Give what is in sight of the run."""
        return self.query_one(_TAB_WIDGETS[self.tab])

    def show_marks(self) -> None:
        """Show in the title whether the run is marked."""
        self.show_place()

    @property
    def has_text(self) -> bool:
        """Whether a log is in sight."""
        return self.tab == "log" and bool(self._logs)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("find_line", "next_line"):
            return self.tab in ("overview", "files") and bool(super().check_action(action, parameters))
        if action == "other_log":
            return self.tab == "log" and len(self._logs) > 1
        return super().check_action(action, parameters)

    # Overview

    def _draw_overview(self) -> None:
        if self.detail is None:
            return
        facts, metrics = self.query_one("#facts", LineList), self.detail.metrics
        half, rows = self.size.width // 2 - 2, self.size.height - BARS
        is_wide = self.size.width >= WIDE_CELLS
        parts = self._parts(half if is_wide else self.size.width - 2, is_wide=is_wide)
        if is_wide and not metrics:
            # Without metrics there is room for a traceback beside the facts; for less, or for more, half a screen is too much or too little.
            beside: Sequence[Line] = [*metric_lines(metrics, cells=half), *(parts.traceback or parts.ending)]
            is_wide = bool(parts.ending) and len(beside) <= rows
            if is_wide:
                parts = parts._replace(ending=[], traceback=[])
            else:
                parts = self._parts(self.size.width - 2, is_wide=True)
        elif is_wide:
            beside = metric_lines(metrics, cells=half)
        state, ending, params, rest, traceback = parts
        rest = [*rest, *traceback]
        cells = half if is_wide else self.size.width - 2
        self.query_one("#overview").styles.layout = "horizontal" if is_wide else "vertical"
        titles = [metric.title for metric in self._judged]
        if is_wide:
            facts.set_lines([*state, *ending, *params, *rest])
            self.glance.lay_out(titles, rows=rows, metrics=beside)
            return
        # Results stand behind what was tried, before how it was made; all of very many behind all facts.
        first = [*state, *ending, *params, BLANK]
        # Numbers come before curves, where there is no room for both: a few metrics below their titles, and the last row.
        self.glance.lay_out(titles, rows=rows, fact_rows=len(first) + min(FEW, len(metrics)) + 2)
        if len(metrics) > MANY_METRICS:
            first = [*metric_lines(metrics, cells=cells, before=first, most=FEW), *rest, BLANK]
            facts.set_lines(metric_lines(metrics, cells=cells, before=first))
        else:
            facts.set_lines([*metric_lines(metrics, cells=cells, before=first), *rest])

    def _parts(self, cells: int, *, is_wide: bool) -> OverviewParts:
        assert self.detail is not None
        return overview_parts(
            self.detail,
            cells=cells,
            parent=self._neighbours.parent,
            nearest=self._neighbours.nearest,
            other_files=self._neighbours.other_files,
            progress=progress_text(self._live, clock.now_ms()) if self._live is not None else "",
            most_params=MOST_PARAMS if is_wide else FEW,
        )

    def _draw_files(self, *, keep: bool) -> None:
        """List what the run used and made, and beside it or below it, where there is room, what the version under the cursor holds."""
        if self.detail is None:
            return
        files, held, width = self.query_one("#files", LineList), self.query_one("#held", LineList), self.size.width
        lines = file_lines(self.detail, cells=width - 1)
        needed = max((length_of(line.spans) for line in lines), default=0) + 2
        has_files = any(line.link is not None for line in lines)
        is_beside = has_files and width - needed >= HELD_CELLS
        is_below = has_files and not is_beside and self.size.height - BARS - len(lines) >= HELD_ROWS
        self.query_one("#files-tab").styles.layout = "horizontal" if is_beside else "vertical"
        files.styles.width = max(needed, width // 3) if is_beside else "1fr"
        files.styles.height = len(lines) if is_below else "1fr"
        held.set_class(not (is_beside or is_below), "hidden")
        files.set_lines(lines, keep=keep)
        self._draw_held()
        self._hold_soon()

    def on_line_moved(self, message: LineMoved) -> None:
        message.stop()
        if message.sender is self.query_one("#files", LineList):
            self._hold_soon()

    def _hold_soon(self) -> None:
        if self._held_timer is not None:
            self._held_timer.stop()
        if self.tab == "files" and not self.query_one("#held").has_class("hidden"):
            self._held_timer = self.set_timer(HELD_SECONDS, self._ask_held)

    def _ask_held(self) -> None:
        """Read what the version under the cursor holds."""
        link = self.query_one("#files", LineList).link
        if link is None or link.kind != "version" or link.id == self._held_id:
            return
        from artui.tui.screens.artifact import version_facts

        self._held_id = version_id = link.id
        self.ask("held", lambda: version_facts(self, version_id), self._take_held)

    def _take_held(self, facts: VersionFacts) -> None:
        self._held = facts
        # How much room there is, is known after the next layout.
        self.call_after_refresh(self._draw_held)

    def _draw_held(self) -> None:
        held, facts = self.query_one("#held", LineList), self._held
        if facts is None or held.has_class("hidden"):
            held.set_lines([], keep=False)
            return
        from artui.tui.facts.version import version_lines

        cells, rows = max(20, held.size.width - 3), max(1, held.size.height)
        held.set_lines(version_lines(*facts, cells=cells, rows=rows, is_dense=True), keep=False)

    def on_resize(self) -> None:
        self._draw_overview()
        self._draw_files(keep=True)

    def on_line_chosen(self, message: LineChosen) -> None:
        """Show the section that a fact leads to; what leads elsewhere is followed."""
        link = message.link
        if link is None or link.kind != "section":
            return
        message.stop()
        # The base is not to follow it: it is on this screen.
        message.prevent_default()
        for listing, where in ((self.query_one("#facts", LineList), "further down"), (self.glance.metrics, "beside")):
            place = place_of_section(listing.lines, link.id)
            if place is not None and not listing.show_top(place):
                self.artui.say(f"{link.id} is in sight, {where}.")

    # Curves at a glance

    @property
    def _judged(self) -> list[Metric]:
        """The metrics that are drawn beside the facts: those that runs are judged by."""
        return [metric for metric in self.drawn if metric_rank(metric.name) < BOOKS_RANK][:MAX_GLANCED]

    def _ask_glance(self) -> None:
        detail, options = self.detail, self._options
        if detail is None:
            return
        head, metrics, judged = detail.head, detail.metrics, self._judged

        def read() -> dict[str, ChartLine]:
            return {
                metric.title: ChartLine(head.name, self.read_curve(metric, head.id, metrics, options), 0)
                for metric in judged
            }

        self.ask("glance", read, lambda lines: self.glance.put(lines, options))

    def _look_at(self, window: Window | None) -> None:
        self._options = replace(self._options, window=window)
        self._ask_glance()

    def on_chart_moved(self, message: Chart.Moved) -> None:
        """Look at another part of the x axis in the curves beside the facts."""
        message.stop()
        self._look_at(message.window)

    def on_chart_picked(self, message: Chart.Picked) -> None:
        """Show the chart that was clicked in the whole room."""
        message.stop()
        if message.chart.curves:
            self.charts.show(self.glance.titles[self.glance.charts.index(message.chart)])
            self.action_show_tab("charts")

    # Charts

    @property
    def drawn(self) -> list[Metric]:
        """The metrics that are drawn, those that runs are judged by first: one point is no curve."""
        metrics = [metric for metric in self.detail.metrics if metric.summary.count > 1] if self.detail else []
        return sorted(metrics, key=_drawing_key)

    def _set_panels(self) -> None:
        note = ""
        if self.detail is not None and not self.drawn:
            note = "each metric of this run has one value: the overview shows them" if self.detail.metrics else "this run logged no metrics"  # fmt: skip
        self.charts.set_panels(
            [Panel(metric.title, clean(metric.title), aside_word(metric.name)) for metric in self.drawn],
            note=note,
            axis=first_axis(self.drawn),
        )
        self.charts.forget()

    def on_chart_grid_wanted(self, message: ChartGrid.Wanted) -> None:
        detail, options = self.detail, message.options
        if detail is None:
            return

        def read() -> dict[str, list[ChartLine]]:
            return {
                metric.title: [
                    ChartLine(detail.head.name, self.read_curve(metric, detail.head.id, detail.metrics, options), 0)
                ]
                for metric in detail.metrics
                if metric.title in message.keys
            }

        self.ask(f"curves {message.keys}", read, lambda lines_by_title: self.charts.put(lines_by_title, options))

    def on_chart_grid_changed(self) -> None:
        if self.tab == "charts":
            self._show_tabs()

    def metric_names(self) -> list[str]:
        """Give the names of the run's metrics."""
        return sorted({metric.name for metric in self.detail.metrics}) if self.detail else []

    # Log

    def _ask_log(self) -> None:
        detail, reader = self.detail, self.reader
        if detail is not None:
            self.ask("logs", lambda: log_sources(reader, detail), self._take_logs)

    def _take_logs(self, heads: list[LogHead]) -> None:
        shown = self._log
        if shown is not None and shown.is_live and not any(head.artifact == shown.artifact for head in heads):
            # Its file is gone and its saved version does not exist yet: keep the last content until then.
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

        def open_source() -> tuple[LogSource | None, str]:
            try:
                return open_log(reader, head), ""
            except ContentMissing as missing:
                return None, str(missing)

        def take(opened: tuple[LogSource | None, str]) -> None:
            source, why = opened
            if source is None and head.is_live:
                return  # it has just ended: the catalog will say so soon
            self._log = head
            if source is None:
                lines = [BLANK, *(Line([("  " + line, "warn")]) for line in clean_lines(why)), *self._lines_behind()]
                self.log_view.show(None, behind=lines)
            elif goes_over:
                self.log_view.go_over(source)
            else:
                # Of a run that did not come to a good end, the end is what its log is opened for.
                is_good = self.detail is not None and self.detail.head.status == "finished"
                self.log_view.show(source, behind=self._lines_behind(), at_end=not is_good)
            self._show_tabs()

        self.ask("log", open_source, take)

    def _lines_behind(self) -> list[Line]:
        """Give the error that ended the run, to follow the end of its log."""
        if self.detail is None or not self.detail.error:
            return []
        return [
            BLANK,
            heading(" how it ended"),
            *(Line([(" " + text, "bad")]) for text in clean_lines(self.detail.error)),
        ]

    def _lines_without_log(self) -> list[Line]:
        ways = (
            ("artui exec -- python train.py", "keeps what it prints; so does artui.start_run(), unless console is off"),
            ('run.save("train-log", "train.log", kind="log")', "keeps a log that you wrote to a file"),
        )
        lines = [BLANK, Line([("  This run kept no log.", "text")]), BLANK]
        for code, what in ways:
            lines += [Line([("  ", "text"), (code, "accent")]), Line([(f"    {what}", "dim")])]
        return [*lines, *self._lines_behind()]

    def _log_spans(self) -> list[Span]:
        """Say which log this is, its size, and which part is in sight."""
        if self._log is None:
            return []
        spans: list[Span] = [(fit(clean(self._log.title), min(40, self.size.width // 3)).rstrip(), "text")]
        if len(self._logs) > 1 and self._log in self._logs:
            spans.append((f" ({self._logs.index(self._log) + 1} of {len(self._logs)})", "dim"))
        state = self.log_view.status_spans()
        return [*spans, (" · " if state else "", "dim"), *state]

    def show_text_state(self) -> None:
        """Show the state of the log beside the tabs."""
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
        self.post_message(ShowNeighbour(self.run_id, change))

    def action_lineage(self) -> None:
        self.artui.action_show_lineage()

    def action_code(self) -> None:
        """Show how the code differs from that of the nearest run."""
        from artui.tui.screens.diff import NO_NEAREST, show_code_difference

        nearest = self._neighbours.nearest
        if nearest is None:
            self.artui.say(NO_NEAREST)
            return
        show_code_difference(self, self.run_id, nearest.head.id, is_nearest=True)

    def subject(self) -> RunHead | None:
        """Give the run, once it is read."""
        return self.detail.head if self.detail else None

    def change_run(self, run_id: str) -> None:
        """Show another run in the same view."""
        self.run_id = run_id
        self.detail, self._neighbours, self._live = None, Neighbours(), None
        self._options = ChartOptions()
        self.charts.set_panels([])
        self._logs, self._log = [], None
        self._held_id, self._held = "", None
        self.log_view.show(None)
        self.load()
