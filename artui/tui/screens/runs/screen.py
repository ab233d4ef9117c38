"""The table of runs: filter while typing, sort by any column, mark, compare."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.timer import Timer
from textual.widget import Widget

from artui import clock
from artui.query.attributes import title_of
from artui.query.runs import order as query
from artui.query.runs.order import FirstView, RunOrder, RunsRequest
from artui.query.runs.rows import run_ids, run_rows
from artui.safetext import clean
from artui.tui.host import MAX_COMPARED
from artui.tui.keys import bindings, footer_keys
from artui.tui.messages import Link, ShowRuns
from artui.tui.screens.runs.columns import ArrangesColumns
from artui.tui.screens.runs.groups import GroupsRuns
from artui.tui.screens.runs.marks import MarksRuns
from artui.tui.screens.runs.state import order_or_error
from artui.tui.screens.runs.taking import TakesRuns
from artui.tui.state.arrangement import Arrangement, load_arrangement
from artui.tui.widgets.bars import Bar, KeyBar
from artui.tui.widgets.filter import QueryLine
from artui.tui.widgets.lines import BLANK, Line, LineList
from artui.tui.widgets.prompt import Prompt
from artui.tui.widgets.table import RunsTable, View
from artui.units import count_text, plural

if TYPE_CHECKING:
    from artui.model import Column, RunDetail, RunHead, RunRow
    from artui.query.damage import Damages
    from artui.query.filter.tokens import FilterError
    from artui.query.imports import ImportReport
    from artui.query.reader import Reader
    from artui.query.why import Factor
    from artui.tui.cells import Span, Spans

PANE_FROM_CELLS = 140
"""From this width on the details stand beside the table unless the user hides them."""
PANE_SECONDS = 0.12
FIRST_ROWS = 60
VERIFIED_AT_ONCE = 50
"""Rows that are held against their seals in one question: others need not wait for long."""
DAMAGE_SECONDS = 60.0


class RunsScreen(ArrangesColumns, GroupsRuns, MarksRuns, TakesRuns):
    """Holds a `RunsRequest` and the `RunOrder` that answers it."""

    SCOPES = ("runs", "grouping", "list", "app")
    PLACE = 1
    BINDINGS = bindings("runs")

    def __init__(self, first: FirstView) -> None:
        super().__init__()
        self.arrangement = Arrangement()
        self.request = RunsRequest()
        self.others: list[Column] = []
        self.order = RunOrder(array("q", (head.key for head in first.heads)), first.total, first.running)
        self.columns, self.attributes, self._first_rows = first.columns, first.attributes, first.rows
        self._damages: Damages = {}
        self._pane_choice: bool | None = None
        self._pane_timer: Timer | None = None
        self._is_known = False
        self._groups = []
        self._goes_first = False

    def compose(self) -> ComposeResult:
        yield Bar(id="top")
        hint = Bar(id="hint", classes="hidden")
        yield QueryLine(hint)
        yield hint
        with Horizontal(id="body"):
            yield RunsTable()
            yield LineList(id="pane", marks_cursor=False, classes="hidden")
        yield LineList(id="empty", marks_cursor=False, classes="hidden")
        yield Prompt()
        yield KeyBar()

    @property
    def filter(self) -> QueryLine:
        return self.query_one(QueryLine)

    def on_mount(self) -> None:
        table = self.table
        self.arrangement = load_arrangement(self._catalog)
        self.request = RunsRequest(self.arrangement.where, self.arrangement.sorts)
        table.view = self.make_view()
        table.put_rows(self._first_rows)
        table.set_keys(self.order.keys, now_ms=clock.now_ms())
        self.call_after_refresh(self._verify, self._first_rows)
        if self.focused is None:
            # Somebody may have begun to filter before the screen was complete.
            self.set_focus(table)
        self.set_interval(60, self._tick)
        self.show_keys()
        self.artui.set_counts(self.order.total, self.order.running)
        self.show_place()
        self.show_counts()
        self._show_empty()
        if self.arrangement.where and not self.filter.is_typing:
            self.filter.set_text(self.arrangement.where)
        if self.arrangement.columns is not None:
            self._ask_columns()
        self.ask_order(to_first=self.request != RunsRequest())
        self.ask_marks()

    def load(self) -> None:
        self._ask_columns()
        self.ask_order()

    def _ask_columns(self) -> None:
        self.ask("columns", self.read_columns, self.take_columns)

    def ask_order(self, *, to_first: bool = False) -> None:
        request = self.request
        # What was asked for by the user starts at its top; what merely changed underneath stays where it is.
        self._goes_first = self._goes_first or to_first
        if to_first and self.order.total >= query.PAGED_FROM:
            # Of many runs the first page comes before the rest is known.
            self.ask(
                "order", lambda: _page_or_error(self.reader, request), lambda found: self._take_page(request, found)
            )
        else:
            self._ask_whole(request)

    def _ask_whole(self, request: RunsRequest) -> None:
        self.ask(
            "order",
            lambda: (request, order_or_error(self.reader, request)),
            lambda found: self._take_answer(*found),
        )

    def _take_page(self, request: RunsRequest, found: RunOrder | FilterError | None) -> None:
        if found is not None:
            self._take_answer(request, found)
        if found is None or isinstance(found, RunOrder):
            self._ask_whole(request)

    def _take_answer(self, request: RunsRequest, found: RunOrder | FilterError) -> None:
        """Show the runs that match; while a filter is wrong or half typed the last good answer stays."""
        if not isinstance(found, RunOrder):
            self.filter.fault(found)
            return
        is_half_typed = not found.matched and self.filter.is_typing and _is_unfinished(request.where)
        self.filter.fault(None, ["No run contains this."] if is_half_typed else found.notes)
        if not is_half_typed:
            self._take_order(request, found)

    def _take_order(self, request: RunsRequest, order: RunOrder) -> None:
        is_first, self._is_known = not self._is_known, True
        is_same = order.keys == self.order.keys
        self.order = order
        table = self.table
        table.now_ms = clock.now_ms()
        table.view = replace(table.view, sorts=request.sorts)
        if not is_same or self.arrangement.grouping:
            # A table that fills has its cursor at the top until the user has put it somewhere.
            is_filling = self.artui.importing is not None and not table.is_placed
            self.show_rows(to_first=self._goes_first or is_filling)
        self._goes_first = False
        if not is_first:
            table.forget_rows()
        table.refresh()
        self._show_empty()
        self.show_counts()
        self.artui.set_counts(order.total, order.running)

    def on_runs_table_rows_wanted(self, message: RunsTable.RowsWanted) -> None:
        keys = message.keys
        columns, sparks = _asked(self.table.view)
        if keys:
            # Every batch counts: a later one asks for other rows, and does not make this one stale.
            self.ask(
                f"rows {keys[0]} {keys[-1]} {len(keys)}",
                lambda: run_rows(self.reader, keys, columns, sparks),
                self._take_rows,
            )

    def _take_rows(self, rows: dict[int, RunRow]) -> None:
        hidden = self.table.hidden_columns
        self.table.put_rows(_marked(rows, self._damages))
        if self.table.hidden_columns != hidden:  # names take more room, or less
            self.show_counts()
        self._verify(rows)
        if self.table.key in rows:
            self._pane_soon()

    def _verify(self, rows: dict[int, RunRow]) -> None:
        """Hold rows that are shown already against their seals, behind the screen."""
        keys = list(rows)
        for start in range(0, len(keys), VERIFIED_AT_ONCE):
            part = keys[start : start + VERIFIED_AT_ONCE]
            self.ask(
                f"seals {part[0]} {part[-1]} {len(part)}",
                lambda part=part: _damages_of(self.reader, part),  # type: ignore[misc]
                lambda damages, part=part: self._take_damages(rows, part, damages),  # type: ignore[misc]
            )

    def _take_damages(self, rows: dict[int, RunRow], keys: list[int], damages: Damages) -> None:
        before = {key: self._damages.pop(key) for key in keys if key in self._damages}
        self._damages.update(damages)
        if before == damages:
            return
        changed = {key: rows[key] for key in {*before, *damages}}
        self.table.put_rows(_marked(changed, self._damages))
        if damages:
            shown = [(row.head.name, damages[key]) for key, row in rows.items() if key in damages]
            from artui.query.damage import sentence

            self.artui.say(sentence(shown), is_warning=True, seconds=DAMAGE_SECONDS)

    def _tick(self) -> None:
        """Let ages grow older; only cells that changed are sent."""
        self.table.now_ms = clock.now_ms()
        self.table.refresh()

    # What is said around the table

    def title_spans(self) -> list[Span]:
        return []

    def show_counts(self) -> None:
        self.remember_marks_soon()
        spans: list[Span] = []
        if self.request.where:
            matched = "…" if self.order.is_partial else count_text(self.order.matched)
            spans.append((f"{matched} of {plural(self.order.total, 'run')}", "accent"))
        else:
            spans.append((plural(self.order.total, "run"), "dim"))
        if self.table.marked:
            spans.append((f" · {count_text(len(self.table.marked))} marked", "mark"))
        if self.table.groups:
            spans.append((f" in {plural(len(self.table.groups), 'group')}", "text"))
        sort = self.request.sort
        source, _, name = sort.column.partition(":")
        name = title_of(name) if source == "attribute" else clean(name)
        down = sort.is_descending != (sort.column == "attribute:started")
        more = f" +{len(self.request.sorts) - 1}" if len(self.request.sorts) > 1 else ""
        spans.append((f" · by {name} {'↓' if down else '↑'}{more}", "dim"))
        if hidden := self.table.hidden_columns:
            spans.append((f" · {hidden} more → ", "faint"))
        self.filter.say(spans, most=max(20, self.size.width * 2 // 3))

    def _show_empty(self) -> None:
        """Say what to do next where there is nothing to show."""
        empty = self.query_one("#empty", LineList)
        is_empty = not self.order.keys
        empty.set_class(not is_empty, "hidden")
        self.query_one("#body").set_class(is_empty, "hidden")
        if not is_empty:
            return
        if self.request.where:
            lines = [
                BLANK,
                Line([("  No run matches ", "text"), (clean(self.request.where), "warn"), (".", "text")]),
                BLANK,
                Line(
                    [
                        ("  esc", "key"),
                        ("  clears the filter: ", "dim"),
                        (plural(self.order.total, "run"), "dim"),
                        (" are behind it", "dim"),
                    ]
                ),
            ]
        elif (importing := self.artui.importing) is not None and not importing.state.is_done:
            lines = [
                BLANK,
                Line([("  Reading ", "text"), (clean(importing.source), "title"), ("", "text")]),
                BLANK,
                Line([("  Runs appear here as they come. Leaving does no harm: the next start goes on.", "dim")]),
            ]
        else:
            lines = _first_steps(clean(str(self.reader.path)))
            from artui.query.imports import import_reports

            self.ask("imports", lambda: import_reports(self.reader), self._show_imports)
        empty.set_lines(lines, keep=False)

    def _show_imports(self, reports: list[ImportReport]) -> None:
        """Say what was read where that had no runs: nobody should look for a mistake of their own."""
        if not reports or self.order.keys or self.request.where:
            return
        from artui.tui.screens.imports import no_runs_lines

        self.query_one("#empty", LineList).set_lines(no_runs_lines(reports, cells=self.size.width), keep=False)

    # Filter

    def action_filter(self) -> None:
        if self.end_menu():
            self.action_choose_grouping()
        else:
            self.filter.type()

    def on_filter_line_changed(self) -> None:
        self.request = replace(self.request, where=self.filter.words)
        self.ask_order(to_first=True)
        if not self.filter.is_typing:
            self.remember()

    def on_query_line_wanted(self, message: QueryLine.Wanted) -> None:
        from artui.query.filter.complete import completions

        text, cursor = message.text, message.cursor
        self.ask(
            "completions",
            lambda: completions(self.reader, text, cursor),
            lambda found: self.filter.offer(text, found),
        )

    def on_filter_line_entered(self) -> None:
        self.query_one(KeyBar).show_keys(QueryLine.KEYS)

    def on_filter_line_left(self) -> None:
        # What was half typed is meant as it is now.
        self.ask_order(to_first=True)
        self.remember()
        self.set_focus(self.table)
        self.query_one(KeyBar).show_keys(footer_keys(*self.SCOPES))

    def go_back(self) -> bool:
        return self.query_one(Prompt).leave() or self.filter.clear() or self._leave_groups()

    def _leave_groups(self) -> bool:
        """Fold groups that are unfolded; false if none are."""
        if self.table.groups and self.table.unfolded:
            self.action_fold_all()
            return True
        return False

    def action_why(self) -> None:
        """What sets marked runs apart from the others in the table, or the filter's runs from all others."""
        from artui.query.why import sets_apart
        from artui.tui.screens.why import WhyScreen

        group = self.table.group
        marked = set(self.table.marked) or (set(group.keys) if group is not None else set())
        shown = list(self.order.keys)
        is_filter = not marked
        if is_filter and not self.request.where:
            self.artui.say(
                "Mark runs with space, or filter, and press w: what sets them apart from the others?", is_warning=True
            )
            return

        def ask(reader: Reader) -> tuple[Spans, Sequence[Factor]]:
            others = query.run_order(reader, RunsRequest()).keys if is_filter else shown
            chosen = set(shown) if is_filter else marked
            rest = [key for key in others if key not in chosen]
            said = [(f" {plural(len(chosen), 'run')}", "accent"), (f" against {plural(len(rest), 'other')}", "dim")]
            return said, sets_apart(reader, chosen, rest)

        heads = ("these", "others") if is_filter or not self.table.marked else ("marked", "others")
        self.artui.push_screen(WhyScreen("what differs", ask, heads, self._show_filter_from_above))

    def _show_filter_from_above(self, where: str) -> None:
        self.post_message(ShowRuns(where))

    def show_filter(self, where: str) -> None:
        """Show the runs that a filter matches."""
        self.request = replace(self.request, where=where)
        self.filter.set_text(where)
        self.ask_order(to_first=True)

    def prompt_home(self) -> Widget:
        return self.table

    # Going elsewhere

    def action_open(self) -> None:
        if self.table.group is not None:
            self.toggle_fold()
        elif self.table.row is not None:
            self.table.is_placed = True
            self.artui.follow(Link("run", self.table.row.head.id))

    def on_runs_table_opened(self) -> None:
        self.action_open()

    def action_compare(self) -> None:
        table = self.table
        keys = self.marked_keys()
        if not keys and table.group is not None:
            keys = list(table.group.keys[:MAX_COMPARED])
        elif not keys:
            keys = [key for key in table.keys[table.cursor : table.cursor + 2] if key > 0]
        if len(keys) < 2:
            self.artui.say("Mark two or more runs with space, then press c.", is_warning=True)
        elif len(keys) > MAX_COMPARED:
            self.artui.say(
                f"{len(keys):,} runs are marked; at most {MAX_COMPARED} stand side by side. M clears the marks; f draws any number.",
                is_warning=True,
            )
        else:
            self.ask("compared", lambda: run_ids(self.reader, keys), self.artui.compare)

    def action_plot(self, tab: str = "curves", column: Column | None = None) -> None:
        """Draw the marked runs, the group under the cursor, or all that the filter shows."""
        from artui.tui.screens.plot import PlotScreen

        if self.order.is_partial:
            self.artui.say("The rest of the runs is still being looked for: once more, in a moment.")
            return
        marked = self.marked_keys()
        group = self.table.group
        keys = list(group.keys) if group is not None and not marked else list(self.order.keys)
        if not keys:
            self.artui.say("There are no runs to draw.")
            return
        shown = [shape.column for shape in self.table.view.shapes]
        here, sort = self.current_column(), self.request.sort.column
        metric = next((each.name for each in (here, *(each for each in shown if each.id == sort)) if each.source == "metric"), "")  # fmt: skip
        what = self.table.label_of(group) if group is not None and not marked else clean(self.request.where, max_chars=60) if self.request.where else "pictures"  # fmt: skip
        screen = PlotScreen(keys, marked, self.known_columns(), shown, title=what, metric=metric, tab=tab)
        if column is not None:
            screen.column = column
        self.artui.push_screen(screen)

    def plot_compared(self, keys: Sequence[int], metric: str) -> None:
        """Draw the runs that are compared, beginning with a metric."""
        from artui.tui.screens.plot import PlotScreen

        shown = [shape.column for shape in self.table.view.shapes]
        self.artui.push_screen(PlotScreen(keys, keys, self.known_columns(), shown, title="compare", metric=metric))

    def action_describe_column(self) -> None:
        from artui.tui.screens.column import ColumnScreen

        if self.order.is_partial:
            self.artui.say("The rest of the runs is still being looked for: once more, in a moment.")
            return
        self.artui.push_screen(ColumnScreen(list(self.order.keys), self.current_column()))

    def action_lineage(self) -> None:
        self.artui.action_show_lineage()

    def subject(self) -> RunHead | None:
        return self.table.row.head if self.table.row is not None else None

    def narrow(self, condition: str) -> None:
        """Show, of the runs that the filter shows, those that a condition holds for, too."""
        from artui.query.filter.narrowing import narrowed

        self.show_filter(narrowed(self.request.where, condition))

    def group_by(self, column: Column) -> None:
        """Group the runs by a column."""
        self._group([column.id])

    def neighbour(self, run_id: str, change: int) -> None:
        """Move the cursor to the run beside another one, and open that."""
        table = self.table
        keys = [key for key in table.keys if key > 0]
        here = next(
            (i for i, key in enumerate(keys) if (row := table.row_of(key)) is not None and row.head.id == run_id),
            0,
        )
        there = here + change
        if not 0 <= there < len(keys):
            self.artui.say("There is no further run in the table.")
            return
        table.move_to(table.keys.index(keys[there]))
        self.ask(
            "neighbour",
            lambda: run_rows(self.reader, [keys[there]], []),
            self._open_only,
        )

    def _open_only(self, rows: dict[int, RunRow]) -> None:
        for row in rows.values():
            self.artui.show_run(row.head.id)

    # The pane

    def on_runs_table_moved(self) -> None:
        self._pane_soon()

    def on_resize(self) -> None:
        self._show_pane()
        self.show_counts()

    def action_toggle_pane(self) -> None:
        pane = self.query_one("#pane")
        self._pane_choice = pane.has_class("hidden")
        self._show_pane()

    @property
    def _has_pane(self) -> bool:
        return self._pane_choice if self._pane_choice is not None else self.size.width >= PANE_FROM_CELLS

    def _show_pane(self) -> None:
        pane = self.query_one("#pane", LineList)
        pane.set_class(not self._has_pane, "hidden")
        pane.styles.width = max(38, min(60, self.size.width * 3 // 10))
        if self._has_pane:
            self._pane_soon()

    def _pane_soon(self) -> None:
        """Read details once the cursor rests: a held key asks nothing."""
        if not self._has_pane:
            return
        if self._pane_timer is not None:
            self._pane_timer.stop()
        self._pane_timer = self.set_timer(PANE_SECONDS, self._ask_pane)

    def _ask_pane(self) -> None:
        row, group = self.table.row, self.table.group
        if group is not None:
            pane = self.query_one("#pane", LineList)
            pane.set_lines(self.group_lines(group, cells=max(20, pane.size.width - 2)), keep=False)
        elif row is not None:
            from artui.query.run import get_run
            from artui.tui.facts import PANE_METRICS

            self.ask(
                "pane",
                lambda: get_run(self.reader, row.head.id, max_metrics=PANE_METRICS),
                lambda detail: self._draw_pane(detail, row),
            )

    def _draw_pane(self, detail: RunDetail, row: RunRow) -> None:
        from artui.tui.facts import pane_lines

        pane = self.query_one("#pane", LineList)
        varying = {shape.column.name for shape in self.table.view.shapes if shape.column.source == "param"}
        pane.set_lines(pane_lines(detail, row, varying, cells=max(20, pane.size.width - 2)), keep=False)


def _asked(view: View) -> tuple[list[Column], list[str]]:
    """Give the columns whose cells are to be read, and the ids of those that have a sparkline."""
    return [shape.column for shape in view.shapes], [shape.column.id for shape in view.shapes if shape.spark]


def _page_or_error(reader: Reader, request: RunsRequest) -> RunOrder | FilterError | None:
    from artui.query.filter.tokens import FilterError

    try:
        return query.first_matches(reader, request, FIRST_ROWS)
    except FilterError as error:
        return error


def _is_unfinished(text: str) -> bool:
    from artui.query.filter.complete import is_unfinished

    return is_unfinished(text)


def _first_steps(path: str) -> list[Line]:
    """Say how to fill an empty catalog."""
    return [
        BLANK,
        Line([("  This catalog has no runs yet.", "bold")]),
        BLANK,
        Line([("  Log one from Python:", "dim")]),
        BLANK,
        Line([("    import artui", "text")]),
        Line([("    with artui.start_run(catalog=", "text"), (repr(path), "accent"), (") as run:", "text")]),
        Line([('        run.log({"train/loss": 0.31}, step=1)', "text")]),
        BLANK,
        Line(
            [
                ("  It appears here as it is written. ", "dim"),
                ("artui demo", "accent"),
                (" makes one to look at.", "dim"),
            ]
        ),
    ]


def _damages_of(reader: Reader, keys: Sequence[int]) -> Damages:
    """Hold runs against their seals; called behind the screen."""
    from artui.query.damage import damaged_runs

    return damaged_runs(reader, keys)


def _marked(rows: dict[int, RunRow], damages: Damages) -> dict[int, RunRow]:
    """Put on rows what is known of their damage."""
    if not damages:
        return rows
    from artui.query.damage import both

    return {
        key: replace(row, head=replace(row.head, damaged=both(row.head.damaged, damages[key])))
        if key in damages
        else row
        for key, row in rows.items()
    }
