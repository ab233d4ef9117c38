"""Runs side by side: what differs, which is best, by how much, and the curves over each other."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.containers import Container
from textual.widget import Widget

from artui.errors import ArtuiError
from artui.query import compare as query
from artui.query.direction import has_direction
from artui.query.names import distinct_names
from artui.query.runs.rows import run_keys
from artui.query.series.ranking import judging_metric
from artui.safetext import clean
from artui.tui.cells import fit_middle, length_of
from artui.tui.colouring import IN_FRONT, mark_of
from artui.tui.host import MAX_COMPARED
from artui.tui.keys import bindings, pairs_of
from artui.tui.keytable import ACTS
from artui.tui.messages import LineChosen, LineMoved, LinesScrolled, Link, PlotRuns, ShowRuns
from artui.tui.screens.acting import ActsOnRuns
from artui.tui.screens.drawing import DrawsCharts
from artui.tui.screens.sidebyside import SideBySide
from artui.tui.widgets.bars import Bar, KeyBar
from artui.tui.widgets.chart import Chart
from artui.tui.widgets.chartlines import MANY_CURVES, ChartLine
from artui.tui.widgets.chartoptions import ChartOptions, next_y_scale, options_spans
from artui.tui.widgets.comparison import CompareTable, TransposedTable, sides_of_runs, whole_text
from artui.tui.widgets.prompt import Prompt
from artui.units import plural

if TYPE_CHECKING:
    from artui.model import RunDetail, RunHead
    from artui.query.compare import Comparison, Row
    from artui.query.direction import Direction
    from artui.query.reader import Reader
    from artui.query.series.curves import Curve
    from artui.query.why import Why
    from artui.tui.cells import Span

MAX_CURVES = 50
MAX_OFFERED = 1000
"""So many names of runs tab can complete."""
_BEST_CELLS = 18
"""Of the name of the best run, where it is out of sight."""
_WHOLE = "v reads what is cut"
"""Said where something of the current row, or a name above it, is cut."""
MAX_CHARTS = 3
BESIDE_FROM_CELLS = 76
"""With so much room beside the table the charts stand there, below each other; else below it, beside each other."""
CHART_LINES, CHART_CELLS = 14, 76
"""So large are charts at least where there are several."""


class CompareScreen(ActsOnRuns, SideBySide, DrawsCharts):
    """Holds the runs' ids and their `Comparison`."""

    SCOPES = ("compare", ACTS, "find", "list", "app")
    PLACE = 1
    BINDINGS = bindings("compare", "find", ACTS)

    def __init__(self, run_ids: Sequence[str]) -> None:
        super().__init__()
        self.run_ids = list(run_ids)
        self.comparison: Comparison | None = None
        self._numbers: dict[str, int] = {}
        """Colours and marks of the runs, by id."""
        self.only_differences = True
        self.chart_options = ChartOptions()
        self.directions: dict[str, Direction] = {}
        self._metric = ""
        self._place = (False, 0, 1, 0)
        """Whether the charts are beside the table, how wide that is then, how many they are, and their height below it."""
        self._is_transposed = self._began_transposed = False
        self._drawn: list[tuple[str, list[tuple[str, str, int, Curve]]]] = []
        """The curves as they were read last, by metric."""
        self._sorted_by: tuple[str, str] | None = None
        """The row by which the runs were sorted last, if not the other way round."""
        self._is_baseline_chosen = False
        """Whether the user said which run is the baseline."""
        self._has_statistics = False

    def compose(self) -> ComposeResult:
        yield Bar(id="top")
        yield Bar(id="summary")
        with Container(id="body"):
            yield CompareTable()
            yield TransposedTable()
            with Container(id="curves"):
                for _ in range(MAX_CHARTS):
                    yield Chart()
        yield Prompt()
        yield KeyBar()

    @property
    def table(self) -> CompareTable | TransposedTable:
        """The table in sight: runs as columns, or as lines."""
        return self.query_one(TransposedTable) if self._is_transposed else self.query_one(CompareTable)

    def on_mount(self) -> None:
        self.set_focus(self.table)

    def load(self) -> None:
        """Ask for the comparison."""
        ids, directions, statistics = list(self.run_ids), dict(self.directions), self._has_statistics
        bests = self.artui.best_metrics
        self.ask(
            "comparison",
            lambda: query.compare(self.reader, ids, directions=directions, statistics=statistics, bests=bests),
            self._take,
        )

    def is_about_to_lead_on(self) -> bool:
        """Keys are meant for what is compared, too, before it is there."""
        return super().is_about_to_lead_on() or (self.comparison is None and self.is_asking("comparison"))

    def _take(self, comparison: Comparison) -> None:
        before, self.comparison = self.comparison, comparison
        self._numbers = self.artui.set_apart([run.head.id for run in comparison.runs])
        self.show_place()
        if before is None:
            self._metric = judging_metric([metric.title for metric in run.metrics] for run in comparison.runs)
            self.table.baseline = self.table.column = self._first_baseline()
            self._lay_out()
            self._turn_if_most_are_hidden(self.table)
        else:
            self._show_others(before)
        self._ask_curves()

    def _turn_if_most_are_hidden(self, table: CompareTable | TransposedTable) -> None:
        """Let runs be lines from the start where half of them or more have no room as columns."""
        count, hidden = len(table.heads), table.hidden_count
        if isinstance(table, CompareTable) and 2 * hidden >= count:
            self._began_transposed = True
            self._transpose()
            self.artui.say(f"runs are lines: as columns {hidden} of {count} would be out of sight · T turns them")

    def _show_others(self, before: Comparison) -> None:
        """Show other runs, or others first; the current run and the baseline stay, unless they were taken out."""
        places = {run_id: place for place, run_id in enumerate(self.run_ids)}
        current, baseline = self.table.column, self.table.baseline
        current, baseline = (
            places.get(before.runs[place].head.id, max(0, min(place, len(places)) - 1)) for place in (current, baseline)
        )
        self.table.baseline = baseline
        self._lay_out()
        self._go_to_run(current)
        self._say()

    def _go_to_run(self, number: int) -> None:
        if isinstance(self.table, TransposedTable):
            self.table.column = number
        else:
            self.table.move_column(number - self.table.column)

    def _lay_out(self) -> None:
        if self.comparison is None:
            return
        sides = sides_of_runs((run.head for run in self.comparison.runs), self._numbers)
        self.table.show(self.comparison, sides, only_differences=self.only_differences)
        self.show_marks()
        self._say()
        self._arrange()

    def show_marks(self) -> None:
        """Show beside the names which runs are marked, unless all are: then it says nothing."""
        marked = frozenset(self.artui.marked_keys())
        runs = self.comparison.runs if self.comparison is not None else ()
        self.table.show_marks(frozenset() if runs and all(run.head.key in marked for run in runs) else marked)

    def _say(self) -> None:
        if self.comparison is None:
            return
        rows, table = self.comparison.rows, self.table
        name = clean(table.heads[table.baseline].name)
        baseline = fit_middle(name, max(12, self.size.width // 4)).rstrip()
        hidden, best = table.hidden_count, table.hidden_best
        right: list[Span] = [(_WHOLE, "accent")] if table.has_cut else []
        if best is not None:
            right.append((f"best: {fit_middle(clean(table.heads[best].name), _BEST_CELLS).rstrip()}", "best"))
        if hidden > 0:
            right.append((f"{plural(hidden, 'more column' if self._is_transposed else 'more run')} ←→", "faint"))
        if len(right) > 1 and length_of(_apart(right)) + len(" baseline  ▾ ") + cell_len(baseline) > self.size.width:
            right = [span for span in right if span[0] != _WHOLE]
        words = _out_of_sight(table.hidden_lines)
        if (
            words
            and length_of(_apart([words[-1], *right])) + len(" baseline  ▾ ") + cell_len(baseline) > self.size.width
        ):
            words = []
        left = self._summary(baseline, len(rows), self.size.width - length_of(_apart([*words[-1:], *right])))
        fitting = [each for each in words if length_of([*left, *_apart([each, *right])]) < self.size.width]
        right = [*(fitting or words[-1:])[:1], *right]
        self.query_one("#summary", Bar).show(left, _apart(right))

    def _summary(self, baseline: str, count: int, cells: int) -> list[Span]:
        """Say how many runs there are, which of them the table does not show, which is the baseline, and how many of so many rows differ: as much as fits."""
        comparison = self.comparison
        runs = f"{len(comparison.runs)} runs · " if comparison is not None else ""
        hidden = self.artui.hidden_text([run.head.key for run in comparison.runs]) if comparison is not None else ""
        hidden = f"{hidden} · " if hidden else ""
        lines = "columns" if self._is_transposed else "rows"
        brief = f" · {comparison.differing} of {count}" if comparison is not None else ""
        differ, short = (f"{brief} {lines} differ", f"{brief} differ") if brief else ("", "")
        shown, only_those = (" · only those shown", ": only those") if self.only_differences else ("", "")
        for differing, only in ((differ, shown), (short, shown), (short, only_those), (short, ""), ("", "")):
            spans: list[Span] = [
                (f" {runs}", "text"), (hidden, "warn"), ("baseline ", "dim"), (baseline, "accent"), (" ▾", "accent"),
                (differing, "text"), (only, "accent"),
            ]  # fmt: skip
            if length_of(spans) < cells:
                break
        return spans

    def title_spans(self) -> list[Span]:
        """Give the title."""
        return [("compare", "title")]

    def footer_pairs(self) -> list[tuple[str, str]]:
        """Leave out comparing, which this is, and say of the key for differences what it does next."""
        pairs = [pair for pair in super().footer_pairs() if pair not in pairs_of({"runs.compare"})]
        differences = pairs_of({"compare.differences"})
        return [
            (shown, "all rows") if (shown, label) in differences and self.only_differences else (shown, label)
            for shown, label in pairs
        ]

    def on_resize(self) -> None:
        self._arrange()
        self.call_after_refresh(self._lay_out)

    # Curves

    @property
    def charts(self) -> list[Chart]:
        """The charts, the first of the metric under the cursor, and the others of those after it; not all are in sight."""
        return list(self.query(Chart))

    def _arrange(self) -> None:
        """Put the charts where the table leaves room."""
        width, height = self.size.width, self.size.height - 3
        table, charts = self.table, self.query_one("#curves")
        wanted = 0 if self._is_transposed else self.query_one(CompareTable).wanted_cells
        is_beside = 0 < wanted <= width - BESIDE_FROM_CELLS
        most = height // CHART_LINES if is_beside else width // CHART_CELLS
        # Of runs as lines all that the table leaves: more columns make it no higher.
        most_below = height if self._is_transposed else height * 3 // 5
        below = max(7, height * 2 // 5, min(most_below, height - len(table.lines) - 1))
        needed = self._needed_rows
        charts.display = needed > 0
        is_beside, below = is_beside and needed > 0, min(below, needed)
        place = (is_beside, wanted if is_beside else 0, max(1, min(MAX_CHARTS, most)), below)
        if place == self._place:
            return
        had_count, self._place = self._place[2], place
        self.query_one("#body").styles.layout = "horizontal" if is_beside else "vertical"
        table.styles.width = wanted if is_beside else "1fr"
        charts.styles.layout = "vertical" if is_beside else "horizontal"
        charts.styles.height = "1fr" if is_beside else below
        charts.styles.width = "1fr"
        if had_count != place[2]:
            self._ask_curves()

    @property
    def _needed_rows(self) -> int:
        """How many rows can be used to draw these runs: all for curves, a few for bars of single values, none for a value that stands alone."""
        runs = self.comparison.runs if self.comparison is not None else ()
        if not runs or any(metric.summary.count > 1 for run in runs for metric in run.metrics):
            return self.size.height
        havings = Counter(metric.title for run in runs for metric in run.metrics if metric.summary.count)
        most = max(havings.values(), default=0)
        return most + 2 if most > 1 else 0

    def on_line_moved(self, message: LineMoved) -> None:
        message.stop()
        row = self.table.row
        if row is not None and row.metric and row.metric != self._metric:
            self._metric = row.metric
            self._ask_curves()
        else:
            self._draw_curves()
        self._arrange()
        self._say()

    def on_lines_scrolled(self, message: LinesScrolled) -> None:
        message.stop()
        self._say()

    @property
    def _drawn_metrics(self) -> list[str]:
        """The metrics that are drawn: the chosen one, and as many of those after it that have curves as there is room for.

        If the chosen one has a single value in a single run, others alone.
        """
        comparison = self.comparison
        if comparison is None or not self._metric:
            return []
        curved = {metric.title for run in comparison.runs for metric in run.metrics if metric.summary.count > 1}
        titles = [row.metric for row in self.table.rows if row is not None and row.metric]
        titles = list(dict.fromkeys(titles)) or [self._metric]
        start = titles.index(self._metric) + 1 if self._metric in titles else 0
        others = [title for title in (*titles[start:], *titles[:start]) if title in curved and title != self._metric]
        counts = [
            metric.summary.count for run in comparison.runs for metric in run.metrics if metric.title == self._metric
        ]
        # A single value beside nothing is said by the table: the room is for what has a course.
        is_lone = counts == [1] and bool(others)
        return ([] if is_lone else [self._metric]) + others[: self._place[2] - (not is_lone)]

    def _ask_curves(self) -> None:
        comparison, names, options = self.comparison, self._drawn_metrics, self.chart_options
        for chart in self.charts[max(1, len(names)) :]:
            chart.add_class("hidden")
        if comparison is None or not names:
            self.charts[0].show("", [], self.chart_options, note="these runs logged no metrics")
            return
        colours, titles = self._numbers, distinct_names(run.head for run in comparison.runs)

        def read(name: str) -> list[tuple[str, str, int, Curve]]:
            return [
                (run.head.id, titles[run.head.id], colours[run.head.id], self.read_curve(metric, run.head.id, run.metrics, options))
                for run in comparison.runs[:MAX_CURVES]
                for metric in run.metrics
                if metric.title == name
            ]  # fmt: skip

        self.ask("curves", lambda: [(name, read(name)) for name in names], self._take_curves)

    def _take_curves(self, drawn: list[tuple[str, list[tuple[str, str, int, Curve]]]]) -> None:
        self._drawn = drawn
        self._draw_curves(is_anew=True)

    def _draw_curves(self, *, is_anew: bool = False) -> None:
        """Draw the curves that were read last; of many those of the current run, of the baseline and of the best ones stand out."""
        for number, (chart, (name, curves)) in enumerate(zip(self.charts, self._drawn, strict=False)):
            picked = self._picked_ids(name) if len(curves) > MANY_CURVES else {run_id for run_id, *_ in curves}
            if not is_anew and picked == {line.run_id for line in chart.curves if line.is_picked}:
                continue
            lines = [
                ChartLine(title, curve, colour, mark_of(colour), run_id, run_id in picked)
                for run_id, title, colour, curve in curves
            ]
            options = "" if number else "   " + "".join(text for text, _ in options_spans(self.chart_options))
            chart.remove_class("hidden")
            chart.has_names = True
            # Where the table has best values, those at the ends of the curves are others.
            rows = self.comparison.rows if self.comparison is not None else ()
            is_last = any(row.metric == name and row.name != name for row in rows)
            chart.show(f"{clean(name)}{' last' * is_last}{options}", lines, self.chart_options)

    def _picked_ids(self, metric: str) -> set[str]:
        comparison = self.comparison
        if comparison is None:
            return set()
        row = next((row for row in comparison.rows if row.metric == metric), None)
        places = dict.fromkeys((self.table.column, self.table.baseline, *(_from_best(row) if row is not None else ())))
        ids = [comparison.runs[place].head.id for place in places if place < len(comparison.runs)]
        return set(ids[:IN_FRONT])

    def action_choose_axis(self) -> None:
        self.choose_axis_of(self.chart_options, self._set_axis)

    def _set_axis(self, axis: str) -> None:
        self.chart_options = replace(self.chart_options, axis=axis, window=None)
        self._ask_curves()

    def metric_names(self) -> list[str]:
        """Give the names of all metrics of the compared runs."""
        runs = self.comparison.runs if self.comparison is not None else ()
        return sorted({metric.name for run in runs for metric in run.metrics})

    def on_chart_moved(self, message: Chart.Moved) -> None:
        """Look at another part of the x axis."""
        message.stop()
        self.chart_options = replace(self.chart_options, window=message.window)
        self._ask_curves()

    def action_whole(self) -> None:
        """Look at the whole x axis again."""
        self.chart_options = replace(self.chart_options, window=None)
        self._ask_curves()

    def action_log_scale(self) -> None:
        self.chart_options = next_y_scale(self.chart_options)
        self._ask_curves()

    def action_plot(self) -> None:
        """Draw these runs on the whole screen, beginning with the metric under the cursor."""
        ids, metric = list(self.run_ids), self._metric
        self.ask("keys", lambda: run_keys(self.reader, ids), lambda keys: self._plot(keys, metric))

    def _plot(self, keys: list[int], metric: str) -> None:
        self.post_message(PlotRuns(keys=keys, metric=metric))

    def _show_runs(self, where: str) -> None:
        self.post_message(ShowRuns(where))

    def go_back(self) -> bool:
        """Leave the question at the bottom, the part of the x axis that is looked at, or the turned table; false if there is none of these."""
        if self.query_one(Prompt).leave():
            return True
        if self.chart_options.window is not None:
            self.action_whole()
            return True
        if self._is_transposed != self._began_transposed:
            self.action_transpose()
            return True
        return False

    def prompt_home(self) -> Widget:
        """Give the table in sight."""
        return self.table

    # Rows and columns

    def action_differences(self) -> None:
        self.only_differences = not self.only_differences
        self._lay_out()
        self.show_keys()

    def action_statistics(self) -> None:
        """Show the whole summary of each metric, or its last value alone."""
        self._has_statistics = not self._has_statistics
        self.load()

    def action_values(self) -> None:
        """Show what the current row says of each run, with whole names and values."""
        comparison, row = self.comparison, self.table.row
        if comparison is None or row is None:
            return
        names = distinct_names(run.head for run in comparison.runs)
        texts = [whole_text(row, number) for number in range(len(comparison.runs))]
        lines = [f"{clean(names[run.head.id])}\n    {text}" for run, text in zip(comparison.runs, texts, strict=True)]
        self.artui.follow(Link("text", f"{clean(row.name)}\n" + "\n".join(lines)))

    def action_transpose(self) -> None:
        """Show runs as lines, or as columns again; the current run, row and baseline stay."""
        self._transpose()
        form = "lines" if self._is_transposed else "columns"
        is_back = self._is_transposed == self._began_transposed
        self.artui.say(f"runs are {form} again" if is_back else f"runs are {form} now · T or esc turns them back")

    def _transpose(self) -> None:
        before, row = self.table, self.table.row
        column, baseline = before.column, before.baseline
        before.add_class("hidden")
        self._is_transposed = not self._is_transposed
        table = self.table
        table.remove_class("hidden")
        table.baseline = baseline
        self._lay_out()
        if row is not None and isinstance(table, TransposedTable) and row in table.rows:
            table.go_to(table.rows.index(row))
        elif row is not None and row in table.rows:
            table.move_to(table.rows.index(row))
        self._go_to_run(column)
        self.set_focus(table)
        self._say()

    def action_sort(self) -> None:
        """Put the runs in order of the current row, the best or the smallest first; once more, the other way round."""
        comparison, row = self.comparison, self.table.row
        if comparison is None or row is None:
            return
        is_again, self._sorted_by = self._sorted_by == (row.section, row.name), (row.section, row.name)
        if is_again:
            self._sorted_by = None
        self.run_ids = [comparison.runs[place].head.id for place in query.in_order(row, is_reversed=is_again)]
        first = {"higher": "highest", "lower": "lowest"}.get(row.direction or "", "smallest")
        last = {"highest": "lowest", "lowest": "highest"}.get(first, "largest")
        self.artui.say(f"runs in order of {clean(row.name)}, the {last if is_again else first} first")
        self.load()

    def action_code(self) -> None:
        """Show how the code of the current run differs from the baseline's: from the older one on, unless that was chosen."""
        if self.comparison is None:
            return
        self._show_code(*(self.comparison.runs[place] for place in self._pair()))

    def _show_code(self, run: RunDetail, base: RunDetail) -> None:
        from artui.tui.screens.diff import DiffScreen, from_older

        chosen_id = base.head.id if self._is_baseline_chosen else ""
        self.artui.push_screen(DiffScreen(*from_older(base, run, baseline_id=chosen_id)))

    def action_add_runs(self) -> None:
        prompt, reader, compared = self.query_one(Prompt), self.reader, set(self.run_ids)
        prompt.ask("add run  (name, id, or a filter)", self._add_runs, enter_word="add")
        asked = prompt.asked_count

        def names() -> list[str]:
            from artui.query.runs.listing import list_runs

            return list(
                dict.fromkeys(head.name for head in list_runs(reader, limit=MAX_OFFERED) if head.id not in compared)
            )

        self.ask("names", names, lambda given: prompt.offer(given, to=asked))

    def _add_runs(self, text: str) -> None:
        if not text:
            return
        compared_ids, most, reader = set(self.run_ids), MAX_COMPARED - len(self.run_ids), self.reader

        def find() -> list[str]:
            from artui.query.references import find_run
            from artui.query.runs.listing import list_runs

            try:
                return [find_run(reader, text).id]
            except ArtuiError as error:
                matching_ids = [head.id for head in list_runs(reader, where=text, limit=most + len(compared_ids))]
                if not matching_ids:
                    raise error
                return matching_ids

        self.ask(
            "added", find, lambda ids: self._take_added([run_id for run_id in ids if run_id not in compared_ids][:most])
        )

    def _take_added(self, ids: list[str]) -> None:
        if not ids:
            self.artui.say("That run is already in the comparison.")
            return
        self.run_ids += ids
        self.artui.say(f"added {plural(len(ids), 'run')}")
        self.load()

    def action_column(self, change: int) -> None:
        self.table.move_column(change)
        self._say()
        self._draw_curves()

    def action_baseline(self) -> None:
        self.table.set_baseline(self.table.column)
        self._is_baseline_chosen = True
        self._say()
        self._draw_curves()

    def action_why(self) -> None:
        from artui.query.why import why
        from artui.tui.screens.why import WhyScreen

        if self.comparison is None:
            return
        runs, row = self.comparison.runs, self.table.row
        run, base = (runs[number] for number in self._judged_pair())
        titles = [{metric.title for metric in detail.metrics} for detail in (run, base)]
        shared = titles[0] & titles[1]
        if not shared:
            both = " and ".join(fit_middle(clean(head.name), 18).rstrip() for head in (run.head, base.head))
            lacking = next((detail.head for detail in (run, base) if not detail.metrics), None)
            text = f"{both} share no metric to judge by · a adds a run that has one"
            if lacking is not None:
                name = fit_middle(clean(lacking.name), 18).rstrip()
                text = f"{name} has no metric to judge by: it {lacking.status} · enter on it shows how"
                if lacking.status not in ("failed", "killed"):
                    text = f"{name} has no metric to judge by · enter opens it"
            self.artui.say(text, is_warning=True)
            return
        # Neither of two epochs is better.
        judging = {title for title in shared if has_direction(title.partition(" {")[0]) or title in self.directions}
        if not judging:
            self.artui.say("These runs share only counters: neither higher nor lower is better. d says which way is, for a metric.")  # fmt: skip
            return
        wanted = [row.metric if row is not None else "", self._metric, judging_metric([judging, judging])]
        metric = next(title for title in wanted if title in judging)
        if wanted[0] and wanted[0] != metric:
            self.artui.say(f"{clean(wanted[0])} is no result of both: {clean(metric)} judges")
        direction = self.directions.get(metric)
        by_best = metric in self.artui.best_metrics

        def ask(reader: Reader) -> Why:
            ids = run.head.id, base.head.id
            return why(reader, *ids, metric, direction=direction, by_best=by_best, better_first=True)

        names = distinct_names((run.head, base.head))
        heads = names[run.head.id], names[base.head.id]
        title = f"why {clean(heads[0])} against {clean(heads[1])}"
        self.artui.push_screen(WhyScreen(title, ask, heads, self._show_runs, lambda: self._show_code(run, base)))

    def _pair(self) -> tuple[int, int]:
        """Give the places of the current run and the baseline; on the baseline, of another run."""
        table = self.table
        other = table.column if table.column != table.baseline else (1 if table.baseline == 0 else 0)
        return other, table.baseline

    def _judged_pair(self) -> tuple[int, int]:
        """Give the places of the current run and the baseline; on the baseline, of the best other run that finished."""
        table = self.table
        if table.column != table.baseline:
            return table.column, table.baseline
        others = (place for place in range(len(table.heads)) if place != table.baseline)
        return max(others, key=self._worth), table.baseline

    def _first_baseline(self) -> int:
        """Give the first run that finished and has the metric that runs are judged by, or else the first that has it."""
        return max(range(len(self.run_ids)), key=lambda place: (*self._worth(place)[:2], -place))

    def _worth(self, place: int) -> tuple[bool, bool, float, int]:
        """Say how well a run stands for itself: whether it has the metric in question, whether it finished, how good it is.

        One that diverged has none to be held against, though its best value be good.
        """
        comparison = self.comparison
        row = next((row for row in comparison.rows if row.metric == self._metric), None) if comparison else None
        if comparison is None or row is None:
            return False, False, 0.0, -place
        value = row.values[place]
        detail = comparison.runs[place]
        has_diverged = any(metric.summary.is_diverged for metric in detail.metrics if metric.title == self._metric)
        is_finite = isinstance(value, int | float) and math.isfinite(value) and not has_diverged
        sign = {"lower": -1.0, "higher": 1.0}.get(row.direction or "", 0.0)
        worth = sign * float(value) if is_finite and isinstance(value, int | float) else 0.0
        return is_finite, detail.head.status == "finished", worth, -place

    def action_drop(self) -> None:
        if len(self.run_ids) <= 2:
            self.artui.say("Two runs are the fewest that can be compared.")
            return
        del self.run_ids[self.table.column]
        self.load()

    def on_line_chosen(self, message: LineChosen) -> None:
        message.stop()
        self.action_open()

    def action_open(self) -> None:
        if self.comparison is not None:
            self.artui.follow(Link("run", self.comparison.runs[self.table.column].head.id))

    def subject(self) -> RunHead | None:
        """Give the run of the current column."""
        return self.comparison.runs[self.table.column].head if self.comparison else None


def _out_of_sight(hidden: tuple[int, int]) -> list[Span]:
    """Say how many lines are out of sight above and below, in words and in short; nothing if none are."""
    above, below = hidden
    if not above and not below:
        return []
    short = " ".join(f"{count:,} {arrow}" for count, arrow in ((above, "↑"), (below, "↓")) if count)
    arrow = "↑" if above else "↓"
    whole = f"{short} more lines" if above and below else f"{plural(above or below, 'more line')} {arrow}"
    return [(whole, "faint"), (short, "faint")]


def _apart(spans: Sequence[Span]) -> list[Span]:
    """Put dots between what stands at the end of a line, and a blank behind it."""
    parts = [part for span in spans for part in ((" · ", "faint"), span)]
    return [*parts[1:], (" ", "text")] if parts else []


def _from_best(row: Row) -> list[int]:
    """Give the places of runs by what they came to in a metric, the best first; none where neither way is better."""
    finite = [
        place for place, value in enumerate(row.values) if isinstance(value, int | float) and math.isfinite(value)
    ]
    if row.direction is None:
        return []
    return sorted(finite, key=lambda place: row.values[place], reverse=row.direction == "higher")  # type: ignore[arg-type,return-value]
