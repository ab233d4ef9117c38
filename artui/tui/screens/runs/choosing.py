"""Choosing the columns of the table of runs, and taking choices back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from artui.tui.screens.runs import columns

if TYPE_CHECKING:
    from artui.tui.screens.runs.host import RunsHost
    from artui.tui.screens.runs.state import RunsState

MAX_KEPT = 200
"""So many choices can be taken back."""


class _Choice(NamedTuple):
    columns: tuple[str, ...] | None
    """Columns that the user chose; None where artui chooses."""
    automatic: tuple[str, ...]
    """Columns that artui chose."""
    pinned: int


class ColumnChoice:
    """The columns as they are chosen in a list; each choice can be taken back while nothing else changed them."""

    def __init__(self, screen: RunsHost, changed: Callable[[], None]) -> None:
        self._screen = screen
        self._changed = changed
        """Called after each choice."""
        self._before: list[_Choice] = []
        self._after: _Choice | None = None
        """What the last choice led to."""

    def change(self, ids: Sequence[str] | None) -> list[str]:
        """Show these columns, or those that artui chooses; give the ids of all that are shown now."""
        before = _choice_of(self._screen.state)
        if before != self._after:
            self._before = []
        self._show(columns.with_columns(self._screen.state, ids))
        if self._after != before:
            self._before = [*self._before, before][-MAX_KEPT:]
        return self.shown()

    def take_back(self) -> bool:
        """Show the columns that were there before the last choice; false if there is none to be taken back."""
        state = self._screen.state
        if not self._before or _choice_of(state) != self._after:
            return False
        choice = self._before.pop()
        arrangement = replace(state.arrangement, columns=choice.columns, pinned=choice.pinned)
        self._show(replace(state, automatic=choice.automatic, arrangement=arrangement))
        return True

    def shown(self) -> list[str]:
        """Give the ids of the columns that are shown."""
        return columns.shown_ids(self._screen.table.view)

    def _show(self, state: RunsState) -> None:
        self._screen.show(state)
        self._after = _choice_of(self._screen.state)
        self._changed()


def _choice_of(state: RunsState) -> _Choice:
    return _Choice(state.arrangement.columns, state.automatic, state.arrangement.pinned)
