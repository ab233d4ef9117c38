"""Remembering how the user left the table of runs, by catalog: its arrangement, and which runs are marked."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from artui.query.runs.rows import run_ids, run_keys
from artui.tui.state.arrangement import MAX_MARKED, Arrangement, keep_arrangement, load_arrangement

if TYPE_CHECKING:
    from textual.timer import Timer

    from artui.tui.screens.base import CatalogScreen

MARKS_SECONDS = 0.4
"""The marks are remembered once they have not changed for so long."""


class RunsKeeper:
    """Remembers the arrangement and the marks of one catalog's table."""

    def __init__(self, screen: CatalogScreen) -> None:
        self._screen = screen
        self._kept_marks: frozenset[int] = frozenset()
        self._timer: Timer | None = None

    @property
    def _catalog(self) -> str:
        return f"{self._screen.reader.catalog_id} {self._screen.reader.path}"

    def load(self) -> Arrangement:
        """Give the arrangement of the last time."""
        return load_arrangement(self._catalog)

    def keep(self, arrangement: Arrangement) -> None:
        """Remember an arrangement."""
        catalog = self._catalog
        self._screen.ask("remember", lambda: keep_arrangement(catalog, arrangement), lambda _: None)

    def load_marks(self, arrangement: Arrangement, mark: Callable[[frozenset[int]], None]) -> None:
        """Mark the runs that were marked the last time, as far as they exist."""
        if not arrangement.marked:
            return
        reader, ids = self._screen.reader, arrangement.marked

        def take(keys: list[int]) -> None:
            self._kept_marks = frozenset(keys)
            mark(self._kept_marks)

        self._screen.ask("marked before", lambda: run_keys(reader, ids), take)

    def keep_marks_soon(self, marked: frozenset[int], keep: Callable[[tuple[str, ...]], None]) -> None:
        """Keep the ids of the marked runs once marking rests, if they differ from those that were kept."""
        if self._timer is not None:
            self._timer.stop()
        if marked != self._kept_marks:
            self._timer = self._screen.set_timer(MARKS_SECONDS, lambda: self._keep_marks(marked, keep))

    def _keep_marks(self, marked: frozenset[int], keep: Callable[[tuple[str, ...]], None]) -> None:
        self._kept_marks = marked
        reader, keys = self._screen.reader, sorted(marked) if len(marked) <= MAX_MARKED else []
        self._screen.ask("marks", lambda: run_ids(reader, keys), lambda ids: keep(tuple(ids)))
