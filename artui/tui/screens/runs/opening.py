"""Going from the table of runs to other screens: pictures, comparisons, what differs, what a column holds, the next run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from artui.query.direction import has_direction
from artui.query.runs.order import RunsRequest, run_order
from artui.query.runs.rows import run_ids, run_rows
from artui.safetext import clean
from artui.tui.host import MAX_COMPARED
from artui.tui.messages import ShowRuns
from artui.tui.screens.runs import columns, marks
from artui.tui.state.arrangement import ALL_BUT_SEED
from artui.units import count_text, plural

if TYPE_CHECKING:
    from artui.model import Column, RunRow
    from artui.query.reader import Reader
    from artui.query.why import Factor
    from artui.tui.cells import Spans
    from artui.tui.screens.runs.host import RunsHost

_LONGEST_WAIT = 60
"""Seconds for which the notice of what waits for all runs stays, if they do not come."""


class RunsOpener:
    """Opens other screens for the runs that are marked, grouped or shown."""

    def __init__(self, screen: RunsHost) -> None:
        self._screen = screen
        self._awaited: tuple[RunsRequest, str, Callable[[], object]] | None = None
        """For which runs something waits, what was said of it, and what it is."""

    def compare(self) -> None:
        """Put the marked runs side by side, those of the group under the cursor, or the run there and another.

        The other is the one that is marked, if it is the only one, or the next one.
        """
        screen, table = self._screen, self._screen.table
        keys = marks.marked_keys(screen.state)
        run_key = table.key
        if len(keys) == 1 and run_key is not None and run_key not in keys:
            keys = [run_key, *keys]
        if not keys and table.group is not None:
            keys = list(table.group.keys[:MAX_COMPARED])
        elif not keys:
            keys = [key for key in table.keys[table.cursor : table.cursor + 2] if key > 0]
        if len(keys) < 2:
            screen.artui.say("Mark two or more runs with space, then press c.", is_warning=True)
        elif len(keys) > MAX_COMPARED:
            screen.artui.say(
                f"{len(keys):,} runs are marked; at most {MAX_COMPARED} stand side by side. M clears the marks; f draws any number.",
                is_warning=True,
            )
        else:
            reader = screen.reader
            screen.ask("compared", lambda: run_ids(reader, keys), self._compare)

    def _compare(self, ids: Sequence[str]) -> None:
        self._screen.artui.compare(ids)

    def _say_hidden(self) -> None:
        """Say that some of the marked runs, which another screen shows now, were out of sight in the table."""
        reach = marks.reach(self._screen.state)
        if reach.hidden:
            self._screen.artui.say(reach.words("run"))

    def plot(self, tab: str, column: Column | None) -> None:
        """Draw the marked runs, those of the group under the cursor, or all that the filter shows."""
        self.when_whole("the charts open", lambda: self._plot(tab, column))

    def _plot(self, tab: str, column: Column | None) -> None:
        from artui.tui.screens.plot import PlotScreen

        screen, state = self._screen, self._screen.state
        marked = marks.marked_keys(state)
        group = None if marked else screen.table.group
        keys = list(group.keys if group is not None else state.order.keys)
        if not keys:
            screen.artui.say("There are no runs to draw.")
            return
        title = "charts"
        if group is not None:
            title = screen.table.lines.labels.text(group, heading_count=0, cells=60)
        elif state.answered.where:
            title = clean(state.answered.where, max_chars=60)
        all_columns, shown = columns.all_columns(state), screen.shown_columns()
        judge = column if column is not None and column.source == "metric" else self._judging_column()
        pictures = PlotScreen(
            keys, marked, all_columns, shown, title=title, metric=judge.name if judge is not None else "",
            aggregate=judge.aggregate if judge is not None else None, tab=tab,
        )  # fmt: skip
        if column is not None:
            pictures.column = column
        screen.artui.push_screen(pictures)
        self._say_hidden()

    def _judging_metric(self) -> str:
        """Give the metric by which runs of the table are judged; empty for none."""
        column = self._judging_column()
        return column.name if column is not None else ""

    def _judging_column(self) -> Column | None:
        """Give the metric by which runs of the table are judged: the one that it is sorted by, or else its first one."""
        sorted_by = self._screen.state.answered.sort.column
        metrics = [column for column in self._screen.shown_columns() if column.source == "metric"]
        judging = [column for column in metrics if column.id == sorted_by] + metrics
        return next((column for column in judging if has_direction(column.name)), None)

    def plot_compared(self, keys: Sequence[int], metric: str) -> None:
        """Draw the runs that are compared, beginning with a metric."""
        from artui.tui.screens.plot import PlotScreen

        all_columns, shown = columns.all_columns(self._screen.state), self._screen.shown_columns()
        self._screen.artui.push_screen(PlotScreen(keys, keys, all_columns, shown, title="compare", metric=metric))

    def describe_column(self, column: Column | None = None) -> None:
        """Show how the values of a column, by default the current one, are spread over the runs that are shown."""
        screen = self._screen
        label = columns.columns_of(screen.state, [columns.label_id(screen.state)] if not screen.table.column else [])
        column = column or next(iter(label), None) or columns.column_at(screen.table.view, screen.table.column)
        self.when_whole("the column opens", lambda: self._describe(column))

    def _describe(self, column: Column) -> None:
        from artui.tui.screens.column import ColumnScreen

        screen = self._screen
        metrics = [shown for shown in screen.shown_columns() if shown.source == "metric" and shown.name != column.name]
        metrics.sort(key=lambda metric: metric.name != self._judging_metric())
        screen.artui.push_screen(ColumnScreen(list(screen.state.order.keys), column, next(iter(metrics), None)))

    def when_whole(self, does: str, then: Callable[[], object]) -> None:
        """Do something once all runs that match have been read, and say so while they are not.

        Args:
            does: what will happen then, as in `the charts open`.
        """
        screen, order = self._screen, self._screen.state.order
        self.let_go()
        if not order.is_partial:
            then()
            return
        read = f"{count_text(len(order.keys))} of {plural(order.total, 'run')} are read"
        self._awaited = screen.state.request, f"{read}: {does} as soon as the rest is there.", then
        screen.artui.say(self._awaited[1], seconds=_LONGEST_WAIT)

    @property
    def is_waiting(self) -> bool:
        """Whether something opens as soon as all runs have been read."""
        return self._awaited is not None

    def order_changed(self) -> None:
        """Do what waits for all runs, if they are there; forget it if other runs are asked for by now."""
        if self._awaited is None:
            return
        request, _, then = self._awaited
        if request != self._screen.state.request or not self._screen.is_current:
            self.let_go()
        elif not self._screen.state.order.is_partial:
            self.let_go()
            then()

    def let_go(self) -> None:
        """Forget what waits for all runs."""
        if self._awaited is not None:
            self._screen.artui.unsay(self._awaited[1])
            self._awaited = None

    def code(self) -> None:
        """Show how the code of the two marked runs differs, or that of the run under the cursor from the nearest one."""
        screen, keys = self._screen, marks.marked_keys(self._screen.state)
        run_key = screen.table.key
        if len(keys) == 1 and run_key is not None and run_key not in keys:
            keys = [run_key, *keys]
        if len(keys) > 2:
            screen.artui.say("D shows how the code of two runs differs: mark no more than two.", is_warning=True)
            return
        if len(keys) < 2:
            keys = [run_key] if run_key is not None else []
        if not keys:
            screen.artui.say("Put the cursor on a run first.", is_warning=True)
            return
        from artui.query.neighbours import neighbours
        from artui.query.run import get_run
        from artui.tui.screens.diff import NO_NEAREST, show_code_difference

        reader = screen.reader

        def read() -> tuple[list[str], bool]:
            ids = run_ids(reader, keys)
            if len(ids) != 1:
                return ids, False
            nearest = neighbours(reader, get_run(reader, ids[0])).nearest
            return [*ids, *([nearest.head.id] if nearest is not None else [])], True

        def show(answer: tuple[list[str], bool]) -> None:
            ids, is_nearest = answer
            if len(ids) == 2:
                show_code_difference(screen, *ids, is_nearest=is_nearest)
            else:
                screen.artui.say(NO_NEAREST)

        screen.ask("code", read, show)

    def why(self) -> None:
        """Show what sets marked runs apart from the others in the table, or the filter's runs from all others."""
        self.when_whole("you learn why", self._why)

    def _why(self) -> None:
        from artui.query.filter.narrowing import narrowed
        from artui.query.why import comparable, leading_metric, outcome, sets_apart
        from artui.tui.screens.why import WhyScreen

        screen, state, group = self._screen, self._screen.state, self._screen.table.group
        chosen = state.marked or frozenset(group.keys if group is not None else ())
        is_filter = not chosen
        if is_filter and not state.answered.where:
            screen.artui.say("Mark runs with space, or filter: w says what sets them apart.", is_warning=True)
            return
        if is_filter:
            chosen = frozenset(state.order.keys)
        elif chosen.issuperset(state.order.keys):
            screen.artui.say(
                "All runs of the table are chosen: there are no others to hold them against.", is_warning=True
            )
            return

        where = state.answered.where
        by: tuple[str, ...] = ()
        which, of = ("The ", "marked run", ""), " of the table"
        if is_filter:
            which, of = ("The ", "run", f" with {clean(where, max_chars=80)}"), ""
        elif group is not None and not state.marked:
            name = screen.table.lines.labels.text(group, heading_count=0, cells=60)
            which = ("The ", "run", f" of {name}")
            if ALL_BUT_SEED not in state.arrangement.grouping:
                by = group.by

        wanted, best_metrics = self._judging_metric(), screen.artui.best_metrics
        # Marked runs may lie outside the table.
        is_inside = not is_filter and chosen.issubset(state.order.keys)

        def ask(reader: Reader) -> tuple[Spans, Sequence[Factor], str]:
            every = run_order(reader, RunsRequest()).keys if is_filter else state.order.keys
            metric = leading_metric(reader, chosen, wanted=wanted)
            sides = comparable(
                reader,
                [key for key in every if key not in chosen],
                where=where if is_filter else "",
                metric=metric,
                against=chosen,
            )
            others, lacking = sides.keys, clean(sides.lacking_text(" · "))
            title = [
                (f"{which[0]}{sides.chosen_text(len(chosen), which[1])}{which[2]}", "accent"),
                (f" against the {plural(len(others), 'other')}{of}{lacking}", "dim"),
            ]
            asked = where if is_filter else ""
            among = narrowed(where, sides.where) if is_inside else sides.where
            factors = sets_apart(reader, sides.chosen, others, where=asked, by=by, among=among)
            by_best = metric in best_metrics
            return title, factors, outcome(reader, sides.chosen, others, metric, where=asked, by_best=by_best)

        def show_runs(where: str) -> None:
            screen.post_message(ShowRuns(where))

        heads = ("marked", "others") if state.marked else ("these", "others")
        screen.artui.push_screen(WhyScreen("what differs", ask, heads, show_runs))

    def open_neighbour(self, run_id: str, change: int) -> None:
        """Move the cursor by so many runs from a run of the table, and open the run there."""
        screen, table = self._screen, self._screen.table
        keys = [key for key in table.keys if key > 0]
        run_key = table.key_of(run_id)
        place = keys.index(run_key) if run_key in keys else 0
        target = place + change
        if not 0 <= target < len(keys):
            screen.artui.say("There is no further run in the table.")
            return
        table.move_to(table.keys.index(keys[target]))
        reader = screen.reader
        screen.ask("neighbour", lambda: run_rows(reader, [keys[target]], []), self._open_run)

    def _open_run(self, rows: dict[int, RunRow]) -> None:
        for row in rows.values():
            self._screen.artui.show_run(row.head.id)
