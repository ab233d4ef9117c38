"""Remembering how the user left a table, by catalog: its arrangement, and what is marked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from artui.tui.state.arrangement import MAX_MARKED, Arrangement, Place, keep_arrangement, load_arrangement

if TYPE_CHECKING:
    from textual.timer import Timer

    from artui.query.reader import Reader
    from artui.tui.screens.base import CatalogScreen

MARKS_SECONDS = 0.4
"""The marks are remembered once they have not changed for so long."""


class Keeper:
    """Remembers the arrangement and the marks of one catalog's table."""

    def __init__(
        self,
        screen: CatalogScreen,
        place: Place,
        *,
        ids_of: Callable[[Reader, Sequence[int]], list[str]],
        keys_of: Callable[[Reader, Sequence[str]], list[int]],
        of: str = "",
    ) -> None:
        """Remember those of a table; `of` says of which one where a catalog has several of its kind."""
        self._screen, self._place = screen, place
        self._ids_of, self._keys_of = ids_of, keys_of
        self._of = f" {of}" if of else ""
        self._kept_marks: frozenset[int] = frozenset()
        self._timer: Timer | None = None

    @property
    def _catalog(self) -> str:
        return f"{self._screen.reader.catalog_id} {self._screen.reader.path}{self._of}"

    def load(self) -> Arrangement:
        """Give the arrangement of the last time."""
        return load_arrangement(self._catalog, self._place)

    def keep(self, arrangement: Arrangement) -> None:
        """Remember an arrangement."""
        catalog, place = self._catalog, self._place
        self._screen.ask("remember", lambda: keep_arrangement(catalog, arrangement, place), lambda _: None)

    def load_marks(self, arrangement: Arrangement, mark: Callable[[frozenset[int]], None]) -> None:
        """Mark what was marked the last time, as far as it exists."""
        if not arrangement.marked:
            return
        reader, ids = self._screen.reader, arrangement.marked

        def take(keys: list[int]) -> None:
            self._kept_marks = frozenset(keys)
            mark(self._kept_marks)

        self._screen.ask("marked before", lambda: self._keys_of(reader, ids), take)

    def keep_marks_soon(self, marked: frozenset[int], keep: Callable[[tuple[str, ...]], None]) -> None:
        """Keep the ids of what is marked once marking rests, if it differs from what was kept."""
        if self._timer is not None:
            self._timer.stop()
        if marked != self._kept_marks:
            self._timer = self._screen.set_timer(MARKS_SECONDS, lambda: self._keep_marks(marked, keep))

    def _keep_marks(self, marked: frozenset[int], keep: Callable[[tuple[str, ...]], None]) -> None:
        self._kept_marks = marked
        reader, keys = self._screen.reader, sorted(marked) if len(marked) <= MAX_MARKED else []
        self._screen.ask("marks", lambda: self._ids_of(reader, keys), lambda ids: keep(tuple(ids)))
