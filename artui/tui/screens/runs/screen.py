"""The table of runs: filter while typing, sort by any column, group, mark, compare.

The screen holds one `RunsState`. A key makes another one (`columns`, `groups`, `marks`), and `show` alone puts it on the
widgets and asks the catalog for what it lacks.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widget import Widget

from artui import clock
from artui.query.direction import has_direction
from artui.query.runs.order import FirstView, RunOrder, RunsRequest, count_trash, run_order
from artui.query.runs.rows import run_ids, run_keys
from artui.query.runs.statistics import glimpses
from artui.safetext import clean
from artui.tui.fetch import or_filter_error
from artui.tui.keys import bindings, menu_action, menu_keys, pairs_of
from artui.tui.messages import Link
from artui.tui.screens.arranging import ArrangesColumns
from artui.tui.screens.keeping import Keeper
from artui.tui.screens.runs import columns, groups, marks
from artui.tui.screens.runs.counts import MAX_OLDER_CHARS, count_spans
from artui.tui.screens.runs.grouping import RunsGrouping
from artui.tui.screens.runs.pane import DetailsPane
from artui.tui.screens.runs.questions import RunsQuestions
from artui.tui.screens.runs.seals import SealCheck
from artui.tui.screens.runs.state import RunsState
from artui.tui.state.arrangement import ALL_BUT_SEED
from artui.tui.state.marks import Reach
from artui.tui.widgets.bars import Bar, KeyBar
from artui.tui.widgets.filter import HintBar, QueryLine
from artui.tui.widgets.groupcells import group_id
from artui.tui.widgets.lines import LineList
from artui.tui.widgets.prompt import Prompt
from artui.tui.widgets.runstable import RunsTable
from artui.units import plural

if TYPE_CHECKING:
    from artui.model import Column, RunHead, RunRow
    from artui.query.filter.tokens import FilterError
    from artui.query.imports import ImportReport
    from artui.query.runs.sorting import Sort
    from artui.tui.screens.columns import Look
    from artui.tui.screens.edits import RunsEditor
    from artui.tui.screens.runs.opening import RunsOpener
    from artui.tui.screens.runs.taking import RunsTaker
    from artui.tui.screens.viewing import Views
    from artui.tui.state.arrangement import Arrangement

_FILTER_CELLS = 11
"""For the sign and the word of an empty filter."""


class RunsScreen(ArrangesColumns):
    """Shows the runs of the catalog, and opens everything else."""

    SCOPES = ("runs", "grouping", "list", "app")
    _shown_fold = ""
    """What the footer says that enter does with the group under the cursor."""
    LIST_TOPICS = ("order",)
    PLACE = 1
    BINDINGS = bindings("runs")

    def __init__(self, first: FirstView) -> None:
        super().__init__()
        first_keys = array("q", (head.key for head in first.heads))
        order = RunOrder(first_keys, first.total, first.running, is_partial=len(first_keys) < first.total)
        self.state = columns.with_choice(RunsState(order, first.columns, first.attributes))
        self._first_rows = first.rows
        self._key_before_filter: int | None = None
        """The run that the cursor was on when the user began to filter."""
        self._menu = ""
        """The scope of the menu that waits for its second key; empty for none."""

    def compose(self) -> ComposeResult:
        yield Bar(id="top")
        hint = HintBar(id="hint", classes="hidden")
        yield QueryLine(hint)
        yield hint
        with Horizontal(id="body"):
            yield RunsTable()
            yield LineList(id="pane", marks_cursor=False, says_more=True, classes="hidden")
        yield LineList(id="empty", marks_cursor=False, classes="hidden")
        yield Prompt()
        yield KeyBar()

    # What the screen is made of

    @property
    def table(self) -> RunsTable:
        """The table of runs."""
        return self.query_one(RunsTable)

    @property
    def filter(self) -> QueryLine:
        """The line of the filter."""
        return self.query_one(QueryLine)

    @property
    def prompt(self) -> Prompt:
        """The question at the bottom."""
        return self.query_one(Prompt)

    @cached_property
    def _pane(self) -> DetailsPane:
        return DetailsPane(self, self.table, self.query_one("#pane", LineList))

    @cached_property
    def _seals(self) -> SealCheck:
        return SealCheck(self, self.table)

    @cached_property
    def _questions(self) -> RunsQuestions:
        return RunsQuestions(self)

    @cached_property
    def _keeper(self) -> Keeper:
        return Keeper(self, "runs", ids_of=run_ids, keys_of=run_keys)

    @cached_property
    def _editor(self) -> RunsEditor:
        from artui.tui.screens.edits import RunsEditor

        return RunsEditor(self, self.reach, self._name_of)

    def _name_of(self, run_key: int) -> str:
        row = self.table.row_of(run_key)
        return row.head.name if row is not None else ""

    @cached_property
    def _grouping(self) -> RunsGrouping:
        return RunsGrouping(self)

    @cached_property
    def _views(self) -> Views:
        from artui.tui.screens.viewing import Views

        return Views(self, "runs", self._editor, lambda: self.state.arrangement, self._show_view_kept)

    def _show_view_kept(self, arrangement: Arrangement) -> None:
        self.show(replace(groups.grouped_by(self.state, arrangement.grouping), arrangement=arrangement))

    @cached_property
    def _opener(self) -> RunsOpener:
        from artui.tui.screens.runs.opening import RunsOpener

        return RunsOpener(self)

    def is_about_to_lead_on(self) -> bool:
        """Keys are also meant for what opens when all runs have been read."""
        if super().is_about_to_lead_on():
            return True
        return self.is_asking(*self.LIST_TOPICS) and "_opener" in vars(self) and self._opener.is_waiting

    @cached_property
    def _taker(self) -> RunsTaker:
        from artui.tui.screens.runs.taking import RunsTaker

        return RunsTaker(self)

    # State, and how it gets onto the screen

    def on_mount(self) -> None:
        table = self.table
        arrangement = self._keeper.load()
        self.state = replace(self.state, arrangement=arrangement)
        table.set_view(columns.view_of(self.state))
        table.put_rows(self._first_rows)
        table.set_lines(groups.lines_of(self.state), now_ms=clock.now_ms())
        self.call_after_refresh(self._seals.verify, self._first_rows)
        if self.focused is None:
            # The user may have started to filter before the screen was complete.
            self.set_focus(table)
        self.set_interval(60, self._tick)
        self.artui.set_counts(self.state.order.total, self.state.order.running)
        self.show_place()
        self._show_counts()
        self._show_empty()
        if arrangement.where and not self.filter.is_typing:
            self.filter.set_text(arrangement.where)
        self._keeper.load_marks(arrangement, lambda keys: self.show(marks.with_marks(self.state, keys)))

    def point_at(self, ids: Sequence[str]) -> None:
        """Put the cursor on one of some runs once they are in the table."""
        reader = self.reader
        self.ask("pointed", lambda: run_keys(reader, ids), self._questions.point_at)

    def load_first(self) -> None:
        """Ask for what the first view lacks once that is seen: questions would take time from drawing it."""
        if self.state.request != self.state.answered:
            self._questions.ask_order(to_first=True)
            self.call_after_refresh(self._questions.ask_columns)
        else:
            self.call_after_refresh(self.load)

    def load(self) -> None:
        """Ask for everything that may have changed in the catalog."""
        self._questions.ask_columns()
        self._questions.ask_order()

    def show(self, state: RunsState, *, to_first: bool = False) -> None:
        """Take a new state: draw what differs, ask the catalog for what is missing, and remember the arrangement."""
        before, self.state = self.state, state
        self._show_view(before)
        self._show_lines(before, to_first=to_first)
        self.table.set_marks(state.marked)
        if state.request.where not in (before.request.where, self.filter.words):
            self.filter.set_text(state.request.where)
        if state.request != before.request:
            # Where a filter is cleared the cursor stays on its run.
            is_cleared = bool(before.request.where) and not state.request.where
            self._questions.ask_order(to_first=not is_cleared or state.request.sorts != before.request.sorts)
        if state.arrangement.grouping and not _is_same(before, state, "order", "arrangement", "columns", "tags"):
            self._grouping.ask(to_first=to_first)
        if state.arrangement != before.arrangement and not self.filter.is_typing:
            self._keeper.keep(state.arrangement)
            self.show_place()
        if state.marked != before.marked:
            self._keeper.keep_marks_soon(state.marked, self._keep_marks)
        self._show_counts()
        if state.order is not before.order:
            if before.order.is_partial:
                self._opener.order_changed()
            self._show_empty()
            self.artui.set_counts(state.order.total, state.order.running)
        self._show_fold()

    def _show_view(self, before: RunsState) -> None:
        is_sorted_alike = before.answered.sorts == self.state.answered.sorts
        if is_sorted_alike and _is_same(
            before, self.state, "arrangement", "columns", "attributes", "fitting", "tags", "groups"
        ):
            return
        table, view = self.table, columns.view_of(self.state)
        if view == table.view:
            return
        is_reread = view.needed != table.view.needed
        table.set_view(view)
        if is_reread:
            table.forget_rows()
            self._grouping.ask_spreads()

    def _show_lines(self, before: RunsState, *, to_first: bool) -> None:
        if not to_first and _is_same(before, self.state, "order", "arrangement", "groups", "unfolded", "answered"):
            return
        lines = groups.lines_of(self.state)
        if to_first or lines != self.table.lines:
            self.table.set_lines(lines, now_ms=self.table.now_ms, to_first=to_first)

    def _keep_marks(self, ids: tuple[str, ...]) -> None:
        self.show(replace(self.state, arrangement=replace(self.state.arrangement, marked=ids)))

    def on_table_rows_wanted(self, message: RunsTable.RowsWanted) -> None:
        if message.keys:
            self._questions.ask_rows(message.keys)

    def on_table_resized(self) -> None:
        self._show_counts()

    def put_rows(self, rows: Mapping[int, RunRow]) -> None:
        """Show rows that were read, and have them verified."""
        hidden = self.table.hidden_columns
        self._seals.put_rows(rows)
        if self.table.hidden_columns != hidden:  # names take more room, or less
            self._show_counts()
        if self.table.key in rows:
            self._pane.follow()

    def _tick(self) -> None:
        """Update the ages; only cells that changed are sent."""
        self.table.now_ms = clock.now_ms()
        self.table.refresh()

    # Around the table

    def _show_counts(self) -> None:
        table = self.table
        counted = partial(count_spans, self.state, hidden_columns=table.hidden_columns, spread_ids=table.spread_ids)
        spans = counted()
        # Of groups there is more to explain; the word of the empty filter stays whole.
        most = self.size.width - _FILTER_CELLS if self.state.groups else self.size.width * 2 // 3
        most = max(20, most)
        if (spare := self.filter.spare(spans, most=most)) > 0:
            spans = counted(older_chars=MAX_OLDER_CHARS + spare)
        self.filter.say(spans, most=most)

    def has_nothing(self) -> bool:
        """Whether the catalog has no runs but for those in the trash."""
        state = self.state
        return not state.order.keys and not state.order.is_partial and not state.answered.where

    def matches_nothing(self) -> bool:
        """Whether no run matches the filter."""
        state = self.state
        return not state.order.keys and not state.order.is_partial and bool(state.answered.where)

    def _show_empty(self) -> None:
        """Say what to do next if there is nothing to show."""
        listing, is_empty = self.query_one("#empty", LineList), not self.state.order.keys
        listing.set_class(not is_empty, "hidden")
        self.query_one("#body").set_class(is_empty, "hidden")
        self.show_keys_of_empty()
        if not is_empty:
            return
        from artui.tui.screens.runs import empty

        importing = self.artui.importing
        if self.state.answered.where:
            lines = empty.no_match_lines(self.state.answered.where, self.state.order.among)
        elif importing is not None and not importing.state.is_done:
            lines = empty.importing_lines(importing)
        elif self.artui.is_past:
            from artui.tui.screens.moment import nothing_then_lines

            lines = nothing_then_lines("runs")
        else:
            lines = empty.first_step_lines(str(self.reader.path))
            from artui.query.artifacts import artifact_list
            from artui.query.imports import import_reports

            reader = self.reader
            self.ask(
                "imports",
                lambda: (count_trash(reader), len(artifact_list(reader)), import_reports(reader)),
                lambda why: self._show_why_empty(*why),
            )
        listing.set_lines(lines, keep=False)

    def _show_why_empty(self, in_trash: int, artifact_count: int, reports: list[ImportReport]) -> None:
        """Say that there are only artifacts, that all runs are in the trash, or what was read if it had none."""
        if self.state.order.keys or self.state.answered.where:
            return
        if in_trash:
            from artui.tui.screens.runs.empty import trash_lines

            self.query_one("#empty", LineList).set_lines(trash_lines(in_trash), keep=False)
        elif artifact_count and not reports:
            from artui.tui.screens.runs.empty import first_step_lines

            path = str(self.reader.path)
            self.query_one("#empty", LineList).set_lines(first_step_lines(path, artifact_count), keep=False)
        if in_trash or not reports:
            return
        from artui.tui.screens.imports import no_runs_lines

        self.query_one("#empty", LineList).set_lines(no_runs_lines(reports, cells=self.size.width), keep=False)

    # Filter

    def action_filter(self) -> None:
        if self._grouping.end_menu():
            self._grouping.choose()
        else:
            if not self.filter.words:
                self._key_before_filter = self.table.key
            self.filter.type()

    def on_filter_line_changed(self) -> None:
        self.show(columns.with_filter(self.state, self.filter.words))

    def on_query_line_wanted(self, message: QueryLine.Wanted) -> None:
        from artui.query.filter.offers import offers

        text, cursor = message.text, message.cursor
        self.ask(
            "completions",
            lambda: offers(self.reader, text, cursor, "runs"),
            lambda offered: self.filter.offer(text, offered),
        )

    def on_filter_line_entered(self) -> None:
        self._grouping.end_menu()
        self.query_one(KeyBar).ask(QueryLine.KEYS)

    def on_filter_line_left(self) -> None:
        # The half-typed filter is now final.
        self._questions.ask_order(to_first=bool(self.filter.words))
        self._keeper.keep(self.state.arrangement)
        self.set_focus(self.table)
        self.show_keys()

    def show_filter(self, where: str) -> None:
        """Show the runs that a filter matches."""
        self.show(columns.with_filter(self.state, where))

    def type_condition(self, start: str) -> None:
        """Let the user type a condition that begins so, beside the filter in force."""
        from artui.query.filter.narrowing import narrowed

        self.filter.type(narrowed(self.state.request.where, start))

    def narrow(self, condition: str) -> None:
        """Narrow the filter by another condition."""
        from artui.query.filter.narrowing import narrowed

        self.show_filter(narrowed(self.state.request.where, condition))

    def go_back(self) -> bool:
        """Leave the question, clear the filter, fold the groups or end them; false if there is none of them."""
        return (
            self.prompt.leave()
            or self._stop_grouping()
            or self._clear_filter()
            or self._fold_groups()
            or self._end_grouping()
        )

    def _clear_filter(self) -> bool:
        """Clear the filter; false if there was none. The cursor stays on a run that the user went to, or returns to where it was."""
        was_placed, before = self.table.is_placed, self._key_before_filter
        if not self.filter.clear():
            return False
        if not was_placed and before is not None:
            self._questions.point_at((before,))
        self._key_before_filter = None
        return True

    def _end_grouping(self) -> bool:
        """Show the runs without groups; false if they are not grouped."""
        is_grouped = bool(self.state.arrangement.grouping)
        self.action_ungroup()
        return is_grouped

    def _stop_grouping(self) -> bool:
        """Give up groups that have not been read yet; false if none are awaited."""
        if not self.state.arrangement.grouping or self.state.groups:
            return False
        self._grouping.group([])
        return True

    def _fold_groups(self) -> bool:
        """Fold groups that are unfolded; false if none are."""
        if not (self.state.groups and self.state.unfolded):
            return False
        self.action_fold_all()
        return True

    def prompt_home(self) -> Widget:
        """Give the table of runs."""
        return self.table

    # Columns and sorting

    @property
    def arrangement(self) -> Arrangement:
        """How the table is arranged."""
        return self.state.arrangement

    def rearrange(self, arrangement: Arrangement, *, automatic: Sequence[str] | None = None) -> None:
        """Show the table so."""
        chosen = self.state.automatic if automatic is None else tuple(automatic)
        self.show(replace(self.state, arrangement=arrangement, automatic=chosen))

    def shown_columns(self) -> list[Column]:
        """Give the columns that are shown, with one that stands in place of the names, as it names groups."""
        return columns.columns_of(self.state, columns.whole_ids(self.state))

    def place_among_all(self, place: int) -> int:
        """Count the column that names groups, too."""
        return columns.whole_place(self.state, place)

    def choose_shown(self, ids: Sequence[str] | None) -> None:
        """Show these columns; None lets artui choose, anew."""
        self.show(columns.with_columns(self.state, ids))

    def choose_columns_anew(self) -> None:
        """Choose the columns that nobody has arranged once more, when there are other runs than at first."""
        self.state = replace(self.state, automatic=())

    @property
    def automatic_ids(self) -> tuple[str, ...]:
        """The ids of the columns that artui chose."""
        return self.state.automatic

    def first_sort(self, column_id: str) -> Sort:
        """Give how a column is sorted at first."""
        return columns.best_first(column_id)

    def every_column(self) -> Sequence[Column]:
        """Give every possible column, the usual ones first."""
        return columns.all_columns(self.state)

    def show_columns_of_table(self) -> None:
        """Say how many columns are out of sight."""
        self._show_counts()

    def columns_chosen(self) -> None:
        """See whether others fit the runs better."""
        self._questions.ask_fitting()

    def show_column(self, column_id: str) -> None:
        """Make a column the current one; it is shown if it was not."""
        self.show(columns.with_column(self.state, column_id))
        ids = columns.shown_ids(self.table.view)
        if column_id in ids:
            self.action_column(ids.index(column_id) + 1 - self.table.column)

    def sort_by_name(self, source: str, name: str) -> None:
        """Sort by a metric or a param, the best first; its column is shown if it was not."""
        column_id = f"{source}:{name}"
        self.show_column(column_id)
        self.show(columns.with_sorts(self.state, [columns.best_first(column_id)]))

    def action_choose_columns(self) -> None:
        self._opener.when_whole("the columns open", lambda: self._questions.ask_columns(self.open_choice))

    def look_at_columns(self) -> tuple[Look | None, tuple[int, str]]:
        keys = list(self.state.order.keys)
        return partial(glimpses, self.reader, keys), (len(keys), "run")

    def action_turn_best(self) -> None:
        column = columns.column_at(self.table.view, self.table.column)
        if column.source != "metric" or not has_direction(column.name):
            metric = next((shape.column for shape in self.table.view.shapes if shape.column.source == "metric"), None)
            what = (
                "Neither lower nor higher is better here."
                if column.source == "metric"
                else "Choose the column of a metric with → first."
            )
            self.artui.say(what if metric is not None else "There is no metric here.")
            return
        self.show(columns.best_turned(self.state, self.table.column))
        name = clean(column.name, max_chars=40)
        self.artui.say(
            f"{name}: {'the best of each run' if column.aggregate == 'last' else 'the last of each run'} · b turns it back"
        )

    # Groups

    def group_by(self, column: Column) -> None:
        """Group the runs by a column."""
        self._grouping.group([column.id])

    def show_menu(self, scope: str) -> None:
        """Show the keys of a menu in the footer."""
        self._menu = scope
        self.show_keys()

    def end_menu(self) -> None:
        """Show the keys of the screen again."""
        self._menu = ""
        self.show_keys()

    def asked_keys(self) -> list[tuple[str, str]]:
        """Give the keys of the menu that waits for its second key, too."""
        return menu_keys(self._menu) if self._menu else super().asked_keys()

    def on_prompt_asked(self, message: Prompt.Asked) -> None:
        # Keys are answers now: a menu that was opened while this was being found out gets none.
        self._grouping.end_menu()

    async def on_key(self, event: events.Key) -> None:
        if not self._grouping.end_menu():
            return
        event.stop()
        event.prevent_default()
        if action := menu_action("grouping", event.key):
            await self.run_action(action)

    def action_group(self) -> None:
        if self._grouping.end_menu():
            self.action_first_line()
        else:
            self._grouping.start_menu()

    def action_first_line(self) -> None:
        self.table.action_jump_first()

    def action_group_by_current(self) -> None:
        if self.table.column == 0:
            # Grouping by names makes a group of each run: another column is meant.
            self._grouping.choose()
        else:
            self._grouping.group([self.table.column_id])

    def action_group_also(self) -> None:
        self._grouping.group_also(self.table.column_id)

    def action_group_all_but_seed(self) -> None:
        self._grouping.group([ALL_BUT_SEED])

    def action_group_by(self, name: str) -> None:
        self._grouping.group([f"attribute:{name}"])

    def action_choose_grouping(self) -> None:
        self._grouping.choose()

    def action_ungroup(self) -> None:
        if self.state.arrangement.grouping:
            self._grouping.group([])

    def action_order_by_mean(self) -> None:
        self._grouping.toggle_order_by_mean()

    def action_fold_all(self) -> None:
        self.show(groups.with_folds_toggled(self.state))

    # Marks

    def current_keys(self) -> Sequence[int]:
        """Give the run under the cursor, or all of the group there."""
        table = self.table
        return table.lines.runs_at(table.keys[table.cursor]) if table.cursor < len(table.keys) else ()

    def reach(self) -> Reach:
        """Give what keys act on: the marked runs, or what is under the cursor."""
        return marks.reach(self.state) if self.state.marked else Reach(tuple(self.current_keys()))

    def action_toggle_mark(self) -> None:
        table, keys = self.table, self.current_keys()
        if not keys:
            return
        table.is_placed = True
        self.show(marks.toggled(self.state, keys, table.keys[table.cursor]))
        table.move_to(table.cursor + 1)

    def action_mark_range(self) -> None:
        self.show(marks.with_range(self.state, self.table.lines, self.table.cursor))

    def action_invert_marks(self) -> None:
        self._opener.when_whole("the marks turn", lambda: self.show(marks.inverted(self.state)))

    def action_clear_marks(self) -> None:
        self.show(marks.without_marks(self.state))

    def action_mark_matching(self) -> None:
        from artui.query.runs.export import header_of

        column = columns.column_at(self.table.view, self.table.column)
        name = "name" if column.id == "attribute:name" else header_of(column)
        example = "< 0.3, or > 2" if column.source == "metric" else "regex ^adam, or < 0.3"
        question = f"mark runs whose {name} matches  ({example})"
        self.prompt.ask(question, lambda text: self._match(column, text), enter_word="mark")

    def _match(self, column: Column, text: str) -> None:
        if text:
            self._opener.when_whole("they are marked", lambda: self._mark_matching(column, text))

    def _mark_matching(self, column: Column, text: str) -> None:
        from artui.query.filter.narrowing import where_matching

        request, reader = RunsRequest(where_matching(column, text)), self.reader
        self.ask("matching", lambda: or_filter_error(lambda: run_order(reader, request)), self._take_matching)

    def _take_matching(self, answer: RunOrder | FilterError) -> None:
        if not isinstance(answer, RunOrder):
            self.artui.say(f"{answer.message} {answer.remedy}".strip(), is_warning=True)
            return
        matching = set(self.state.order.keys).intersection(answer.keys)
        self.show(marks.with_marks(self.state, matching))
        self.artui.say(f"marked {plural(len(matching), 'run')}" if matching else "No run that is shown matches.")

    # Views, changing runs, and taking them along

    def action_save_view(self) -> None:
        self._views.save()

    def action_open_views(self) -> None:
        self._views.choose()

    def open_view_named(self, name: str) -> None:
        """Show the runs as a view of the catalog says."""
        self._views.open_named(name)

    def action_tag(self) -> None:
        self._editor.tag()

    def action_note(self) -> None:
        self._editor.note()

    def action_move_to_project(self) -> None:
        self._editor.move_to_project()

    def action_trash(self) -> None:
        self._editor.trash()

    def action_undo(self) -> None:
        self._editor.undo()

    def action_redo(self) -> None:
        self._editor.redo()

    def action_copy(self) -> None:
        self._taker.copy_ids(self.reach())

    def action_copy_cell(self) -> None:
        if (row := self.table.row) is not None:
            self._taker.copy_cell(row, columns.column_at(self.table.view, self.table.column))

    def action_copy_rows(self, format: str = "tsv") -> None:
        self._taker.copy_rows(self.reach(), self.shown_columns(), format)

    def action_export(self) -> None:
        self._opener.when_whole("you are asked where to write them", self._export)

    def _export(self) -> None:
        reach = marks.reach(self.state) if self.state.marked else Reach(tuple(self.state.order.keys))
        if not reach.keys:
            self.artui.say("There are no runs to write.")
        else:
            self._taker.export(reach, self.shown_columns())

    # Going elsewhere

    def subject(self) -> RunHead | None:
        """Give the run under the cursor."""
        return self.table.row.head if self.table.row is not None else None

    def action_open(self) -> None:
        table = self.table
        if table.group is not None:
            self.show(groups.with_fold_toggled(self.state, table.group))
        elif table.row is not None:
            table.is_placed = True
            self.artui.follow(Link("run", table.row.head.id))

    def on_table_opened(self) -> None:
        self.action_open()

    def action_compare(self) -> None:
        self._opener.compare()

    def action_plot(self, tab: str = "curves", column: Column | None = None) -> None:
        self._opener.plot(tab, column)

    def plot_compared(self, keys: Sequence[int], metric: str) -> None:
        """Draw the runs that are compared, beginning with a metric."""
        self._opener.plot_compared(keys, metric)

    def action_describe_column(self) -> None:
        self._opener.describe_column()

    def describe(self, column: Column) -> None:
        """Show how the values of a column are spread."""
        self._opener.describe_column(column)

    def action_why(self) -> None:
        self._opener.why()

    def action_code(self) -> None:
        self._opener.code()

    def action_lineage(self) -> None:
        self.artui.action_show_lineage()

    def open_neighbour(self, run_id: str, change: int) -> None:
        """Move the cursor to the run beside another one, and open that."""
        self._opener.open_neighbour(run_id, change)

    # The pane

    def on_table_moved(self) -> None:
        self._pane.follow()
        self._show_fold()

    @property
    def _fold_word(self) -> str:
        """What enter does with the group under the cursor; empty on a run."""
        group = self.table.group
        return "" if group is None else "fold" if group_id(group) in self.state.unfolded else "unfold"

    def _show_fold(self) -> None:
        """Offer at the bottom what enter does now, where that has changed."""
        if self._fold_word != self._shown_fold:
            self._shown_fold = self._fold_word
            self.show_keys()

    def footer_pairs(self) -> list[tuple[str, str]]:
        """Say of enter that it unfolds a group, or folds it."""
        pairs = super().footer_pairs()
        if not self._shown_fold:
            return pairs
        opening = pairs_of({"runs.open"})
        return [(pair[0], self._shown_fold) if pair in opening else pair for pair in pairs]

    def on_resize(self) -> None:
        self._pane.fit_screen()
        self._show_counts()

    def action_toggle_pane(self) -> None:
        self._pane.toggle()


def _is_same(before: RunsState, after: RunsState, *names: str) -> bool:
    """Say whether parts of two states are the very same objects."""
    return all(getattr(before, name) is getattr(after, name) for name in names)
