"""Running runs: how far and how fast they are, what they measure, and what changed since the user last looked."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.widget import Widget

from artui import clock
from artui.model import GOING, RunHead
from artui.query.direction import guess_direction, has_direction
from artui.query.live import ENDED_MS, LiveMetric, LiveRun, LiveRuns, live_runs
from artui.query.names import distinct_names
from artui.query.rules import depth_for
from artui.query.series.curves import Curve, curve
from artui.query.series.ranking import BOOKS_RANK, by_shared, metric_rank
from artui.safetext import clean
from artui.sheets.progress import pace_text, silence_text
from artui.tui.alerts import BUILT_IN, alert_text
from artui.tui.cells import FAR, Span, fit, fit_middle, glyph_of, length_of, status_style
from artui.tui.keys import bindings
from artui.tui.keytable import ACTS
from artui.tui.messages import LineChosen, LineMoved, Link, PlotRuns
from artui.tui.screens.acting import ActsOnRuns
from artui.tui.sparks import are_far_apart, own_spark_text
from artui.tui.widgets.bars import Bar, KeyBar
from artui.tui.widgets.chartlines import ChartLine
from artui.tui.widgets.drawnlines import LEAST_CHART_CELLS, DrawnList, LineChart, charts_in_rows, layout_of
from artui.tui.widgets.lines import BLANK, Line
from artui.tui.widgets.prompt import Prompt
from artui.tui.widgets.rulelines import rule_lines
from artui.tui.widgets.runfacts import bar_spans, ended_facts, far_spans, going_facts, machine_spans
from artui.tui.widgets.runlines import Fact, RunLines, course_of, value_style
from artui.units import ago_text, count_text, delta_text, duration_text, number_text

if TYPE_CHECKING:
    from textual.strip import Strip


WIDE_CELLS = 100
COLUMN_CELLS = 86
"""From so many cells each on, metrics stand in several columns."""
MAX_SPARK_CELLS = 60
BAR_CELLS = 12, 6
"""Cells of the bar that shows how far a run is, where there is room for it behind all that is said of the run."""
LEAST_DETAIL_ROWS = 8
MOST_DETAIL_ROWS = 24
"""Lines for the curves of one of many runs."""
BARS = 3
"""Lines of the screen that are not the list."""


class Room(NamedTuple):
    """How much is shown of each run, so that as many runs as possible are in sight."""

    going: int
    """Lines of metrics of a run that is going on."""
    ended: int
    """Of one that has ended."""
    has_gaps: bool
    """Whether a blank line stands between runs."""
    has_machine: bool = False
    """Whether, where a line is too short for it, the use of the machine stands on a line of its own."""
    chart_rows: int = 0
    """Height of all charts of a run that is going on; 0 for none."""
    chart_lines: int = 1
    """How many charts a run has, in rows of as many as may stand side by side."""
    places: int = 1
    """How many charts stand side by side."""
    height: int = 0
    """Height of each chart."""


ALL = Room(12, 2, True, True)
CHARTED = ((9, 8), (4, 7), (2, 6), (0, 5))
"""With charts: how many lines of other metrics, and the fewest rows of a chart; the first pair for which there is room is taken."""
TALL_CHARTED = ((9, 12),)
"""The same with several rows of charts of each run: of so many rows each."""
MOST_CHARTS = 4
"""So many charts stand side by side at most."""
CURVE_BUCKETS = 300
ROOMS = (
    *(Room(going, 0, True, True) for going in (12, 9, 6)),
    *(Room(going, 0, True) for going in (6, 5, 4, 3, 2)),
    Room(2, 0, False),
    Room(0, 0, False),
)
"""The first one with which all runs fit is taken; with the last one, all runs stand in columns, a line each."""
TABLE = ROOMS[-1]
MOST_DETAILED = 3
"""Of more runs that are going on each has a line in columns, so that they can be compared."""
MOST_ORDERS = 4
"""By so many metrics the runs can be ordered."""
REREAD_MS = 20_000
"""So long after they were read runs that go on are read again, though nothing was written."""
MOST_ENDED = 6
"""While runs are going on, room is made for so many that ended."""


class LiveScreen(ActsOnRuns):
    """Holds the running runs, and those that ended a short while ago."""

    SCOPES = ("live", ACTS, "find", "list", "app")
    PLACE = 4
    MARKS_STEP_ON = True
    BINDINGS = bindings("live", "find", ACTS)

    def __init__(self) -> None:
        super().__init__()
        self._runs: list[LiveRun] = []
        self._others: list[LiveRun] = []
        """Runs that are not listed, as far as rules are about them."""
        self._counts = 0, 0
        """How many are running, and ended within the last half hour, listed or not."""
        self._shows_all = False
        self._read_ms = 0
        """When they were read."""
        self._orders: list[str] = []
        """The metrics by which the runs can be ordered, those first by which they are judged."""
        self._judged: dict[str, list[LiveMetric]] = {}
        """By the id of a run the metrics that it is judged by and that have a curve."""
        self._has_told_order = False
        self._unfolds_rules = False
        """Whether rules that are there from the start have lines of their own while they hold for no run."""
        self._curves: dict[tuple[str, str], Curve] = {}
        """Curves by the ids of runs and the titles of metrics."""
        self._detailed_id = ""
        """The id of the run that is drawn below the table; empty if there is none."""

    def compose(self) -> ComposeResult:
        yield Bar(id="top")
        yield Bar(id="summary")
        yield DrawnList(only_links=True, says_more=True, id="walk")
        yield Prompt()
        yield KeyBar()

    @property
    def listing(self) -> DrawnList:
        """The list of runs and rules."""
        return self.query_one("#walk", DrawnList)

    def on_mount(self) -> None:
        self.show_place()
        self.set_focus(self.listing)
        # Ages grow even when nothing is written.
        self.set_interval(max(5.0, self.artui.settings.refresh_seconds), self._age)

    def load(self) -> None:
        """Ask for the runs."""
        depth_of = depth_for(tuple(self.artui.alerts.rules))
        self.ask("live", lambda: live_runs(self.reader, depth_of), self._take)

    def _take(self, found: LiveRuns) -> None:
        runs = self._runs = list(found.runs)
        self._others, self._read_ms = list(found.others), clock.now_ms()
        self._counts = found.running_count, found.ended_count
        names = by_shared([live.metric.name for live in run.metrics if not live.metric.labels] for run in runs)
        judging = [name for name in names if metric_rank(name) < BOOKS_RANK]
        self._orders = [name for name in judging if has_direction(name)][:MOST_ORDERS]
        self._judged = {
            run.head.id: [
                live
                for live in _own_metrics(run)
                if live.metric.summary.count > 1 and metric_rank(live.metric.name) < BOOKS_RANK
            ]
            for run in runs
        }
        self.artui.take_live([*runs, *self._others])
        if not self.artui.seen_values:
            self._see()
        charted = self._to_chart()
        # Curves that are on the screen change with the numbers, at once.
        if not charted or any((run.head.id, live.metric.title) not in self._curves for run, live in charted):
            self._draw()
        if charted:
            self._ask_curves(charted)

    def _to_chart(self) -> list[tuple[LiveRun, LiveMetric]]:
        """Give what may be drawn: all runs that are going on; of many, the one under the cursor."""
        if self._going and self._has_room_for_charts:
            return [(run, live) for run in self._going for live in self._charted(run, self._most_chart_lines)]
        run = None if self._shows_all else self._detailed
        return [] if run is None else [(run, live) for live in self._charted(run)]

    @property
    def _detailed(self) -> LiveRun | None:
        """The run of many that is drawn below the table: that under the cursor, or the first one."""
        runs, head = self._in_order(), self.subject()
        return next((run for run in runs if head is not None and run.head.id == head.id), runs[0] if runs else None)

    def on_line_moved(self, message: LineMoved) -> None:
        message.stop()
        if self._detailed_id and (run := self._detailed) is not None and run.head.id != self._detailed_id:
            self._ask_curves(self._to_chart())

    def _ask_curves(self, charted: Sequence[tuple[LiveRun, LiveMetric]]) -> None:
        reader = self.reader

        def read() -> dict[tuple[str, str], Curve]:
            return {
                (run.head.id, live.metric.title): curve(reader, live.metric, run_id=run.head.id, buckets=CURVE_BUCKETS)
                for run, live in charted
            }

        self.ask("curves", read, self._take_curves)

    def _take_curves(self, curves: dict[tuple[str, str], Curve]) -> None:
        self._curves = curves
        self._draw()

    @property
    def _has_room_for_charts(self) -> bool:
        """Whether charts of all runs that are going on may fit, at their lowest."""
        is_detailed = len(self._going) <= MOST_DETAILED
        return is_detailed and not self._shows_all and len(self._going) * CHARTED[-1][1] < self.size.height

    @property
    def _places(self) -> int:
        """How many charts stand side by side."""
        return max(1, min(MOST_CHARTS, self.size.width // LEAST_CHART_CELLS))

    @property
    def _most_chart_lines(self) -> int:
        """How many rows of charts of a run there may be room for."""
        return max(1, (self.size.height - BARS) // (TALL_CHARTED[0][1] * max(1, len(self._going))))

    def _charted(self, run: LiveRun, lines: int = 1) -> list[LiveMetric]:
        """Give the metrics that are drawn of a run that is going on: those with an alert, then those that runs are judged by.

        Args:
            lines: rows of charts.
        """
        titles = {alert.metric for alert in self.artui.alerts.of_run(run.head.id)}
        return sorted(self._judged[run.head.id], key=lambda live: live.metric.title not in titles)[
            : lines * self._places
        ]

    def _age(self) -> None:
        """Let ages grow; read again what changes though nothing is written: a run is lost, stands still, or ended too long ago."""
        now_ms = clock.now_ms()
        has_old = any(run.head.ended_ms is not None and now_ms - run.head.ended_ms > ENDED_MS for run in self._runs)
        if has_old or (self._going and now_ms - self._read_ms > REREAD_MS):
            self.load()
        elif self._runs:
            self._draw()

    @property
    def _going(self) -> list[LiveRun]:
        return [run for run in self._runs if run.head.status in GOING]

    def _draw(self) -> None:
        runs = self._in_order()
        names = distinct_names(run.head for run in self._runs)
        rules = rule_lines(self.artui.alerts, names, width=self.size.width, unfolds=self._unfolds_rules)
        lines: list[Line] = [*rules, BLANK]
        drawings: dict[int, Strip] = {}
        tables = {False: self._ended_table(names), True: self._going_table(names)}
        room = self._room(runs, tables, self.size.height - BARS - len(lines))
        is_charted = bool(room.chart_rows) and len(self._going) > 1
        self._summarise(self._charts_share_scales(room) if is_charted else tables[room == TABLE].shares_scales)
        for number, run in enumerate(runs):
            is_ended = run.head.status not in GOING
            table = tables[not is_ended]
            before = runs[number - 1] if number else None
            is_in_columns = is_ended or room == TABLE
            if is_in_columns and (before is None or (is_ended and before.head.status in GOING)):
                lines += [*([BLANK] if before is not None and not room.has_gaps else []), Line(table.head())]
            lines += (
                self._lines_in_columns(run, room, table)
                if is_in_columns
                else self._run_lines(run, room, names[run.head.id])
            )
            if not is_ended and room.chart_rows and (strips := self._strips_of(run, room)):
                drawings |= {len(lines) + row: strip for row, strip in enumerate(strips)}
                lines += [BLANK] * len(strips)
            later = runs[number + 1] if number + 1 < len(runs) else None
            # Runs of one line each stand below each other.
            if later is not None and room.has_gaps and (self._has_more(run, room) or self._has_more(later, room)):
                lines.append(BLANK)
        if not self._runs:
            lines += [
                Line([("  Nothing is running, and nothing ended in the last half hour.", "text")]),
                BLANK,
                Line([("  Start something with ", "dim"), ("artui exec -- python train.py", "accent")]),
                Line([("  or with ", "dim"), ("artui.start_run()", "accent"), (" in your script.", "dim")]),
                BLANK,
            ]
        self._detailed_id = ""
        if self._has_detail(room):
            detail, strips = self._detail(names, self.size.height - BARS - len(lines))
            drawings |= {len(lines) + len(detail) + row: strip for row, strip in enumerate(strips)}
            lines += [*detail, *([BLANK] * len(strips))]
        is_first = not self.listing.lines
        self.listing.marks_cursor = any(line.link is not None for line in lines)
        self.listing.draw_lines(lines, drawings)
        if is_first:
            # Rules are above the runs; the cursor begins on a run.
            self.listing.move_to(next((i for i, line in enumerate(lines) if line.link and line.link.kind == "run"), 0))
        self.show_place()

    def _has_detail(self, room: Room) -> bool:
        """Whether the curves of the run under the cursor may stand below the table: of many, or where none goes on."""
        return (
            len(self._going) > MOST_DETAILED if self._going and room == TABLE else not (self._going or self._shows_all)
        )

    def _detail(self, names: Mapping[str, str], rows: int) -> tuple[list[Line], list[Strip]]:
        """Draw the curves of one of many runs, where the table leaves room for them."""
        run = self._detailed
        charted = [] if run is None else self._charted(run)
        if run is None or not charted or rows < LEAST_DETAIL_ROWS:
            return [], []
        self._detailed_id = run.head.id
        places, height = layout_of(len(charted), most_places=self._places, width=self.size.width - 4, rows=min(rows - 2, MOST_DETAIL_ROWS))  # fmt: skip
        head = Line([(f"  {clean(names[run.head.id], max_chars=80)}", "title"), ("  under the cursor", "dim")])
        return [BLANK, head], self._chart_strips(run, charted, places=places, height=height)

    def _summarise(self, shares_scales: bool) -> None:
        """Say in the head line what is there, and how it is ordered and drawn."""
        alarmed, going = self.artui.alerts.alarmed, self._going
        running, ended = self._counts
        summary: list[Span] = [(f" {_part_text(len(going), running)} going on", "bold" if going else "dim")]
        if ended:
            listed = _part_text(len(self._runs) - len(going), ended)
            summary.append((f" · {listed} ended in the last half hour", "dim"))
        if alarmed:
            summary.append((f" · {count_text(len(alarmed))} with an alert", "bad"))
        if self._shows_all:
            summary.append((" · all metrics", "accent"))
        if self._order:
            summary.append((f" · by {clean(self._order)}, best first", "accent"))
        signs = "• changed since you looked " if self.size.width >= WIDE_CELLS else "• changed "
        if shares_scales:
            has_several = len({run.head.project for run in self._runs}) > 1
            scales = f" · one scale per metric{' and project' if has_several else ''}"
            if length_of(summary) + len(scales) + 1 + len(signs) <= self.size.width:
                summary.append((scales, "dim"))
        # What nothing has is not explained.
        self.query_one("#summary", Bar).show(summary, [(signs, "dim")] if self._runs else [])

    def on_resize(self) -> None:
        if self._runs:
            self._draw()

    def _in_order(self) -> list[LiveRun]:
        """Give the runs in the order that was chosen, or else those first for which an alert holds; what ended comes last."""
        alarmed, order = self.artui.alerts.alarmed, self._order
        if order:
            return sorted(self._runs, key=lambda run: (run.head.status not in GOING, *_place_by(run, order)))
        return sorted(self._runs, key=lambda run: (run.head.status not in GOING, run.head.id not in alarmed))

    @property
    def _order(self) -> str:
        """The metric by which the runs are ordered; empty if none was chosen, or no run has it."""
        return self.artui.live_order if self.artui.live_order in self._orders else ""

    def action_sort(self) -> None:
        """Order the runs by the metric that they are judged by, then by the next one, and at last as before."""
        orders, before = self._orders, self._order
        if not orders:
            self.artui.say("No run has measured anything to order by.")
            return
        following = orders[orders.index(before) + 1 :] if before else orders
        self.artui.live_order = next(iter(following), "")
        if not self._has_told_order:
            self._has_told_order = True
            self.artui.say("s again: by the next metric · V takes all changes as seen")
        self._draw()

    @property
    def _columns(self) -> int:
        return max(1, self.size.width // COLUMN_CELLS)

    def _room(self, runs: Sequence[LiveRun], tables: Mapping[bool, RunLines], rows: int) -> Room:
        """Choose how much to show of each run, by the lines that there are."""
        if self._shows_all:
            return ALL
        going = [run for run in runs if run.head.status in GOING]
        ended = [run for run in runs if run.head.status not in GOING]
        # Many that ended go on below the screen, before those that are going on lose their metrics.
        in_sight = [*going, *(ended[:MOST_ENDED] if going else ended)]
        charted = sum(bool(self._charted(run)) for run in going) if self._has_room_for_charts else 0
        for lines in range(self._most_chart_lines if charted else 0, 0, -1):
            count = max(len(self._charted(run, lines)) for run in going)
            if lines > 1 and count <= (lines - 1) * self._places:
                continue
            for most, least in TALL_CHARTED if lines > 1 else CHARTED:
                room = Room(most, 0, True, True, lines * least, lines)
                spare = rows - self._lines_of(in_sight, tables, room)
                if spare < 0:
                    continue
                chart_rows = room.chart_rows + spare // charted
                places, height = layout_of(count, most_places=self._places, width=self.size.width - 4, rows=chart_rows)
                return room._replace(chart_rows=height * -(-count // places), places=places, height=height)
        if self._order or len(going) > MOST_DETAILED:
            # Whoever asks which is ahead reads down a column.
            return TABLE
        return next((room for room in ROOMS if self._lines_of(in_sight, tables, room) <= rows), TABLE)

    def _lines_of(self, runs: Sequence[LiveRun], tables: Mapping[bool, RunLines], room: Room) -> int:
        counts = [self._metric_lines(run, room) for run in runs]
        firsts = [
            1 if is_going and room != TABLE else tables[is_going].count_of(run)
            for run in runs
            for is_going in [run.head.status in GOING]
        ]
        if self.size.width < WIDE_CELLS and room.has_machine:
            counts = [count + self._has_machine_line(run) for count, run in zip(counts, runs, strict=True)]
        gaps = 0
        if room.has_gaps:
            gaps = sum(self._has_more(one, room) or self._has_more(other, room) for one, other in pairwise(runs))
        has_head = any(run.head.status not in GOING for run in runs)
        return sum(firsts) + sum(counts) + gaps + has_head

    def _metric_lines(self, run: LiveRun, room: Room) -> int:
        """Say how many lines a run has below its first one, but for the use of the machine."""
        lines = -(-len(self._shown_of(run, room)) // self._columns)
        return lines + (room.chart_rows if run.head.status in GOING and room.chart_rows and self._charted(run) else 0)

    def _has_more(self, run: LiveRun, room: Room) -> bool:
        """Whether a run has more lines than one, or another kind of line than the runs before it."""
        return run.head.status in GOING or bool(self._metric_lines(run, room))

    def _has_machine_line(self, run: LiveRun) -> bool:
        return run.head.status in GOING and bool(machine_spans(run))

    def _shown_of(self, run: LiveRun, room: Room) -> list[LiveMetric]:
        """Give the metrics of a run that are shown: those with an alert, then those that runs are judged by."""
        if self._shows_all:
            return list(run.metrics)
        is_going = run.head.status in GOING
        most = self._columns * (room.going if is_going else room.ended)
        metrics = _own_metrics(run)
        if room.chart_rows and is_going:
            charted = {live.metric.title for live in self._charted(run, room.chart_lines)}
            metrics = [live for live in metrics if live.metric.title not in charted]
        if len(metrics) <= most:
            return metrics
        titles = {alert.metric for alert in self.artui.alerts.of_run(run.head.id)}
        first = sorted(metrics, key=lambda live: live.metric.title not in titles)[:most]
        return [live for live in metrics if live in first]

    def show_marks(self) -> None:
        """Show beside the names which runs are marked."""
        if self._runs:
            self._draw()

    @staticmethod
    def _name_cells(names: Mapping[str, str]) -> int:
        return max(10, min(24, max((cell_len(clean(name)) for name in names.values()), default=0)))

    def _strips_of(self, run: LiveRun, room: Room) -> list[Strip]:
        return self._chart_strips(run, self._charted(run, room.chart_lines), places=room.places, height=room.height)

    def _chart_strips(self, run: LiveRun, charted: Sequence[LiveMetric], *, places: int, height: int) -> list[Strip]:
        """Draw the curves of a run; what changed since the user looked is stressed."""
        held = {alert.metric for alert in self.artui.alerts.of_run(run.head.id)}
        charts: list[LineChart] = []
        for live in charted:
            title = live.metric.title
            is_new, change = self._change(run, live)
            sign = "! " if title in held else f"{FAR} " if live.is_far_from_best else "• " if is_new else ""
            drawn = self._curves.get((run.head.id, title))
            line = ChartLine(run.head.name, drawn, 0) if drawn is not None else None
            shown_title = f"{sign}{title}" + (f"  {change}" if change else "")
            charts.append(LineChart(shown_title, line, is_new or title in held, self._curves_beside(run, title)))
        return charts_in_rows(charts, places=places, width=self.size.width - 4, rows=height, palette=self.artui.palette)

    def _curves_beside(self, run: LiveRun, title: str) -> list[ChartLine]:
        """Give the curves of a metric that are drawn of other runs of the project, as far as one scale suits all of them.

        Beside a run that is much longer others would be a dot or two.
        """
        lines = {
            sibling.head.id: ChartLine(sibling.head.name, drawn, 0)
            for sibling in self._going
            if sibling.head.project == run.head.project
            and (drawn := self._curves.get((sibling.head.id, title))) is not None
            and drawn.xs
        }
        own = lines.pop(run.head.id, None)
        spans = [_steps_of(line.curve) for line in ([own] if own else []) + list(lines.values())]
        return [] if own is None or are_far_apart(spans) else list(lines.values())

    def _charts_share_scales(self, room: Room) -> bool:
        """Whether what several runs of a project measured is drawn on one scale, as far as it is drawn at all."""
        drawn = [(run, live.metric.title) for run in self._going for live in self._charted(run, room.chart_lines)]
        several = [
            (run, title)
            for run, title in drawn
            if any(
                other.head.project == run.head.project and other is not run for other, same in drawn if same == title
            )
        ]
        return bool(several) and all(self._curves_beside(run, title) for run, title in several)

    def _change(self, run: LiveRun, live: LiveMetric) -> tuple[bool, str]:
        """Say whether a value is another one than the user saw last, and by how much."""
        last, before = live.metric.summary.last, self.artui.seen_values.get((run.head.id, live.metric.title))
        is_new = before is None or not _is_same(before[1], last)
        has_change = before is not None and is_new and math.isfinite(before[1]) and math.isfinite(last)
        return is_new, delta_text(last, before[1]) if has_change and before is not None else ""

    def _ended_table(self, names: Mapping[str, str]) -> RunLines:
        ended = [run for run in self._runs if run.head.status not in GOING]
        return self._table("ended", ended, names, ended_facts(ended, self._runs, clock.now_ms()))

    def _going_table(self, names: Mapping[str, str]) -> RunLines:
        going = self._going
        news = {run.head.id for run in going if any(self._change(run, live)[0] for live in run.metrics)}
        return self._table("going on", going, names, going_facts(going, self._runs, clock.now_ms()), news)

    def _table(
        self,
        title: str,
        runs: Sequence[LiveRun],
        names: Mapping[str, str],
        facts: Sequence[Fact],
        news: Collection[str] = (),
    ) -> RunLines:
        """Put runs into lines under each other."""
        return RunLines(
            title, runs, names, among=self._runs, facts=facts, news=news,
            wrongs={run.head.id: [(clean(run.error), "bad")] for run in runs if run.error},
            alerts=self._alert_texts(runs), leading=self._order, name_cells=self._name_cells(names) + 2, width=self.size.width,
        )  # fmt: skip

    def _alert_texts(self, runs: Iterable[LiveRun]) -> dict[str, dict[str, str]]:
        """Say what alerts hold for metrics of runs, by the ids of the runs and the titles of the metrics."""
        return {
            run.head.id: {
                alert.metric: alert_text(alert) for alert in self.artui.alerts.of_run(run.head.id) if alert.metric
            }
            for run in runs
        }

    def _lines_in_columns(self, run: LiveRun, room: Room, table: RunLines) -> list[Line]:
        shown = self._shown_of(run, room)
        first, *below = table.lines(run, self.mark_spans(run.head))
        return [Line(first, Link("run", run.head.id)), *map(Line, below), *self._rows_of(run, shown)]

    def _run_lines(self, run: LiveRun, room: Room, name: str) -> list[Line]:
        head, now_ms = run.head, clock.now_ms()
        went = duration_text(head.took_ms(now_ms))
        holds = [alert for alert in self.artui.alerts.of_run(head.id) if alert.metric]
        spans: list[Span] = [
            glyph_of(head, before=" ", after=" "),
            *self.mark_spans(head),
            (fit_middle(clean(name), 24).rstrip(), "title"),
            (f"  {head.status}", status_style(head.status)),
            (f" for {went}" if went else "", "dim"),
        ]
        stalled_ms = run.stalled_ms(now_ms)
        if stalled_ms is not None:
            spans.append((f"   {silence_text(stalled_ms)}", "warn"))
        if head.status == "lost":
            spans.append((f"   last heard of {ago_text(run.heard_ms, now_ms)}", "warn"))
        shown = self._shown_of(run, room)
        has_charts = room.chart_rows and self._charted(run)
        if holds and not shown and not has_charts:
            spans.append((f"   ! {alert_text(holds[0])}", "bad"))
        is_wide = self.size.width >= WIDE_CELLS
        bar_at = len(spans)
        spans += far_spans(run, now_ms)
        if (
            run.steps_per_second is not None
            and head.status == "running"
            and stalled_ms is None
            and (is_wide or run.headway is None)
        ):
            spans.append((f"  {pace_text(run.steps_per_second, run.headway)}", "dim"))
        if is_wide and (machine := machine_spans(run)):
            spans += [("   ", "text"), *machine]
        more = len(_own_metrics(run)) - len(shown) - (len(self._charted(run, room.chart_lines)) if has_charts else 0)
        if more > 0 and (shown or has_charts):
            spans.append((f"   {count_text(more)} more: i", "faint"))
        bars = (bar_spans(run, cells) for cells in BAR_CELLS)
        spans[bar_at:bar_at] = next((bar for bar in bars if length_of(spans + bar) < self.size.width), [])
        lines = [Line(spans, Link("run", head.id))]
        if not is_wide and room.has_machine and self._has_machine_line(run):
            lines.append(Line([("     ", "text"), *machine_spans(run)]))
        return [*lines, *self._rows_of(run, shown)]

    def _rows_of(self, run: LiveRun, shown: Sequence[LiveMetric]) -> list[Line]:
        """List metrics of a run, in as many columns as there is room for."""
        lines: list[Line] = []
        columns = self._columns
        cells = self.size.width // columns
        title_cells = max(12, min(30, max((len(live.metric.title) for live in shown), default=0)))
        # Below each other in a column, as they are read.
        rows = -(-len(shown) // columns)
        for row in range(rows):
            parts: list[Span] = []
            for live in shown[row::rows]:
                part = self._metric_spans(run, live, title_cells, cells)
                parts += [*part, (" " * (cells - length_of(part)), "text")] if columns > 1 else part
            lines.append(Line(parts))
        return lines

    def _metric_spans(self, run: LiveRun, live: LiveMetric, title_cells: int, cells: int) -> list[Span]:
        """Show a metric in at most so many cells."""
        metric, last = live.metric, live.metric.summary.last
        is_new, change = self._change(run, live)
        holds = [alert for alert in self.artui.alerts.of_run(run.head.id) if alert.metric == metric.title]
        has_rule = bool(holds) and holds[0].rule not in BUILT_IN and cells >= WIDE_CELLS
        told = f"  {clean(holds[0].rule)}" if has_rule else ""
        spark_cells = max(8, min(MAX_SPARK_CELLS, cells - title_cells - 33 - cell_len(told)))
        return [
            ("   ", "text"),
            ("! ", "bad") if holds else ("• " if is_new else "  ", "accent"),
            (fit_middle(clean(metric.title), title_cells), "text" if is_new else "dim"),
            (
                fit((FAR if live.is_far_from_best else "") + number_text(last), 12, right=True),
                "bold" if is_new and value_style(live) == "text" else value_style(live),
            ),
            (fit(change, 12, right=True), "accent"),
            ("  ", "text"),
            (own_spark_text(course_of(live), spark_cells, among=map(course_of, run.metrics)), "dim"),
            (told, "bad"),
        ]

    def title_spans(self) -> list[Span]:
        """Give the title."""
        return [("live", "title")]

    def _see(self) -> None:
        self.artui.seen_values.update({
            (run.head.id, live.metric.title): (live.metric.summary.count, live.metric.summary.last)
            for run in self._runs
            for live in run.metrics
        })  # fmt: skip

    def action_seen(self) -> None:
        self._see()
        self._draw()

    def on_screen_suspend(self) -> None:
        self._see()

    def action_toggle_mark(self) -> None:
        """Mark the run, or unmark it, and go to the next one, as in the table."""
        has_run = self.acted_run() is not None
        super().action_toggle_mark()
        if not has_run:
            return
        links = [line.link for line in self.listing.lines]
        ahead = range(self.listing.cursor + 1, len(links))
        self.listing.move_to(
            next((i for i in ahead if (link := links[i]) is not None and link.kind == "run"), self.listing.cursor)
        )

    def action_more(self) -> None:
        if not self._runs:
            self.artui.say("No run has metrics to show.")
            return
        self._shows_all = not self._shows_all
        self._draw()
        if not self._shows_all:
            self.load()

    def action_charts(self) -> None:
        """Draw the curves of the marked runs over each other, or of all that are going on; of a single one, all its curves."""
        marked, runs = self.artui.marked_keys(), self._in_order()
        several = [run for run in runs if run.head.key in marked]
        if len(several) < 2:
            several = [run for run in runs if run.head.status in GOING]
        if len(several) > 1:
            metric = self._order or next(iter(self._orders), "")
            self.post_message(PlotRuns(keys=[run.head.key for run in several], metric=metric))
            return
        run = self.acted_run()
        if run is None:
            self.artui.say("Put the cursor on a run first.")
        else:
            self.artui.show_run(run.id, tab="charts")

    def action_open(self) -> None:
        self.listing.choose()

    def on_line_chosen(self, message: LineChosen) -> None:
        """Open the run; on an alert, the first run or deployment for which it holds; on the heading of the alerts, unfold or fold them."""
        link = message.link
        if link is None or link.kind not in ("rule", "fold"):
            return
        # The base is not to follow it: a rule is no place.
        message.stop()
        message.prevent_default()
        if link.kind == "fold":
            self._unfolds_rules = not self._unfolds_rules
            self._draw()
            return
        holds = [alert for alert in self.artui.alerts.holding.values() if alert.rule == link.id]
        if holds:
            self.artui.follow(Link("version" if holds[0].is_of_place else "run", holds[0].run_id))
        else:
            self.artui.say("This rule holds for nothing now · − removes it")

    def action_add_rule(self) -> None:
        self.query_one(Prompt).ask("alert  (such as val/loss rises 5 times)", self._add_rule, enter_word="watch")

    def prompt_home(self) -> Widget:
        """Give the list."""
        return self.listing

    def action_remove_rule(self) -> None:
        link = self.listing.link
        text = link.id if link is not None and link.kind == "rule" else None
        if text is None:
            self.artui.say("Put the cursor on an alert first; enter on their heading unfolds those from the start.")
        elif self.artui.alerts.remove(text):
            self.artui.say(f"removed in all catalogs: {text} · A and the same text bring it back", seconds=10)
            self._draw()
        else:
            self.artui.say("This rule is in settings.toml: remove it there.")

    def _add_rule(self, text: str) -> None:
        if not text:
            return
        self.artui.alerts.add(text)
        self.artui.say("It is yours, and watches all your catalogs · − removes it")
        self.artui.look_at_places_again()
        self.load()
        self.artui.take_live([*self._runs, *self._others])
        self._draw()

    def go_back(self) -> bool:
        """Leave the question at the bottom; false if there is none."""
        return self.query_one(Prompt).leave()

    def subject(self) -> RunHead | None:
        """Give the run under the cursor."""
        link = self.listing.link
        return next((run.head for run in self._runs if link is not None and run.head.id == link.id), None)


def _part_text(listed: int, count: int) -> str:
    """Say how many there are, and how many of them are listed if that is not all."""
    return f"{count_text(listed)} of {count_text(count)}" if listed < count else count_text(listed)


def _place_by(run: LiveRun, name: str) -> tuple[int, float]:
    """Place a run by the last value of a metric: the best first, then what diverged, then runs that have no value."""
    last = next((live.metric.summary.last for live in run.metrics if live.metric.title == name), None)
    if last is None:
        return 2, 0.0
    if not math.isfinite(last):
        return 1, 0.0
    return 0, last if guess_direction(name) == "lower" else -last


def _is_same(before: float, now: float) -> bool:
    return before == now or (before != before and now != now)


def _steps_of(drawn: Curve) -> float:
    """Say over how many steps a curve goes, with those at which it was no number."""
    ends = [
        x
        for xs in (drawn.xs, drawn.nan_xs, drawn.positive_inf_xs, drawn.negative_inf_xs)
        if xs
        for x in (min(xs), max(xs))
    ]
    return max(ends) - min(ends)


def _own_metrics(run: LiveRun) -> list[LiveMetric]:
    """Give the metrics of a run but the one that its first line counts."""
    return [live for live in run.metrics if run.headway is None or live.metric.name != run.headway.counter]
