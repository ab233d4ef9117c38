"""Choosing the columns of a table, and taking choices back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

MAX_KEPT = 200
"""So many choices can be taken back."""


class Chosen(NamedTuple):
    """The columns of a table, as they were chosen."""

    columns: tuple[str, ...] | None
    """Columns that the user chose; None where artui chooses."""
    automatic: tuple[str, ...]
    """Columns that artui chose."""
    pinned: int


class ColumnChoice:
    """The columns as they are chosen in a list; each choice can be taken back while nothing else changed them."""

    def __init__(
        self,
        *,
        read: Callable[[], Chosen],
        choose: Callable[[Sequence[str] | None], None],
        restore: Callable[[Chosen], None],
        shown: Callable[[], list[str]],
        changed: Callable[[], None],
    ) -> None:
        self._read, self._choose, self._restore = read, choose, restore
        self._shown = shown
        """Gives the ids of the columns that are shown."""
        self._changed = changed
        """Called after each choice."""
        self._before: list[Chosen] = []
        self._after: Chosen | None = None
        """What the last choice led to."""

    def change(self, ids: Sequence[str] | None) -> list[str]:
        """Show these columns, or those that artui chooses; give the ids of all that are shown now."""
        before = self._read()
        if before != self._after:
            self._before = []
        self._choose(ids)
        self._done()
        if self._after != before:
            self._before = [*self._before, before][-MAX_KEPT:]
        return self.shown()

    def take_back(self) -> bool:
        """Show the columns that were there before the last choice; false if there is none to be taken back."""
        if not self._before or self._read() != self._after:
            return False
        self._restore(self._before.pop())
        self._done()
        return True

    def shown(self) -> list[str]:
        """Give the ids of the columns that are shown."""
        return self._shown()

    def _done(self) -> None:
        self._after = self._read()
        self._changed()
