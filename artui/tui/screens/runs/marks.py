"""Marks in the table of runs: one by one, a range, all others, by what a column holds; remembered over a restart."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from textual.timer import Timer

from artui.query.runs.order import RunOrder, RunsRequest
from artui.query.runs.rows import run_ids, run_keys
from artui.tui.screens.runs.state import HasRunsTable, order_or_error
from artui.tui.state.arrangement import MAX_MARKED
from artui.tui.widgets.prompt import Prompt
from artui.units import plural

if TYPE_CHECKING:
    from artui.model import Column
    from artui.query.filter.tokens import FilterError

MARKS_SECONDS = 0.4
"""Once marking has rested so long, the marks are remembered."""


class MarksRuns(HasRunsTable):
    """The part of the screen of runs that marks them."""

    _last_mark: int | None = None
    """The line that was marked last, as the table's keys name it."""
    _marks_known: frozenset[int] = frozenset()
    """The marks that are remembered."""
    _marks_timer: Timer | None = None

    def action_toggle_mark(self) -> None:
        """Mark the run under the cursor, or all of a group; take the mark away where it is."""
        table = self.table
        keys = set(self.current_keys())
        if not keys:
            return
        table.is_placed = True
        is_marked = keys <= table.marked
        table.marked = table.marked - keys if is_marked else table.marked | keys
        self._last_mark = None if is_marked else table.keys[table.cursor]
        table.refresh() if len(keys) > 1 else table.refresh_row(table.cursor)
        table.move_to(table.cursor + 1)
        self.show_counts()

    def action_mark_range(self) -> None:
        table = self.table
        keys = list(table.keys)
        start = keys.index(self._last_mark) if self._last_mark in keys else table.cursor
        low, high = sorted((start, table.cursor))
        for entry in keys[low : high + 1]:
            table.marked |= {entry} if entry > 0 else set(table.groups[-entry - 1].keys)
        table.refresh()
        self.show_counts()

    def action_invert_marks(self) -> None:
        self.table.marked ^= set(self.order.keys)
        self.table.refresh()
        self.show_counts()

    def action_mark_matching(self) -> None:
        """Mark by the current column."""
        from artui.query.runs.export import header_of

        column = self.current_column()
        name = "name" if column.name == "name" and column.source == "attribute" else header_of(column)
        self.query_one(Prompt).ask(f"mark runs whose {name} matches  (regular expression such as ^adam, or < 0.3)", lambda text: self._mark_matching(column, text))  # fmt: skip

    def _mark_matching(self, column: Column, text: str) -> None:
        if not text:
            return
        from artui.query.filter.narrowing import where_matching

        condition = where_matching(column, text)
        reader, shown = self.reader, set(self.order.keys)

        def take(found: RunOrder | FilterError) -> None:
            if not isinstance(found, RunOrder):
                self.artui.say(f"{found.message} {found.remedy}".strip(), is_warning=True)
                return
            matching = shown.intersection(found.keys)
            self.table.marked |= matching
            self.table.refresh()
            self.show_counts()
            self.artui.say(f"marked {plural(len(matching), 'run')}" if matching else "No run that is shown matches.")

        self.ask("matching", lambda: order_or_error(reader, RunsRequest(condition)), take)

    def action_clear_marks(self) -> None:
        self.table.marked = set()
        self.table.refresh()
        self.show_counts()

    # Over a restart

    def ask_marks(self) -> None:
        """Mark what was marked when one left."""
        marked = self.arrangement.marked
        if marked:
            self.ask("marked before", lambda: run_keys(self.reader, marked), self._take_marks)

    def remember_marks_soon(self) -> None:
        """Keep which runs are marked, if that has changed."""
        if self._marks_timer is not None:
            self._marks_timer.stop()
        if frozenset(self.table.marked) != self._marks_known:
            self._marks_timer = self.set_timer(MARKS_SECONDS, self._remember_marks)

    def _take_marks(self, keys: list[int]) -> None:
        """Mark what was marked when one left."""
        self.table.marked |= set(keys)
        self._marks_known = frozenset(self.table.marked)
        self.table.refresh()
        self.show_counts()

    def _remember_marks(self) -> None:
        """Keep which runs are marked, once marking has come to rest."""
        marked = frozenset(self.table.marked)
        if marked == self._marks_known:
            return
        self._marks_known = marked
        keys = sorted(marked) if len(marked) <= MAX_MARKED else []

        def keep(ids: list[str]) -> None:
            self.arrangement = replace(self.arrangement, marked=tuple(ids))
            self.remember()

        self.ask("marks", lambda: run_ids(self.reader, keys), keep)
