"""The rows of a table that differ between two versions: added, removed, and changed ones with what stood in each cell before."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from artui.query.columns import kind_of
from artui.query.spelling import number_in
from artui.safetext import clean
from artui.tui.cells import Span
from artui.tui.keys import bindings
from artui.tui.screens.gridded import GridScreen
from artui.units import count_text

if TYPE_CHECKING:
    from artui.model.difference import ChangedRow, ChangedRows

SIGNS = {"changed": "~ changed", "added": "+ added", "removed": "− removed"}
_STYLES = {"changed": "warn", "added": "good", "removed": "bad"}
_ARROW = " → "
_NOTHING = "·"
_FIRST = 2
"""So many columns stand before those of the table."""


class ChangedRowsScreen(GridScreen):
    """Shows the rows of one file that differ, read when it is opened."""

    SCOPES: ClassVar[tuple[str, ...]] = ("grid", "list", "app")
    BINDINGS = bindings("grid")
    PLACE = 2

    def __init__(self, references: tuple[str, str], path: str, read: Callable[[], ChangedRows]) -> None:
        super().__init__()
        self._references, self._path, self._read = references, path, read
        self._rows: ChangedRows | None = None
        self._compared: Sequence[Sequence[Any]] = ()

    @property
    def compared(self) -> Sequence[Sequence[Any]]:
        """What the cells hold now; those of removed rows, what they held."""
        return self._compared

    def load(self) -> None:
        """Ask for the rows, once: a version never changes."""
        if self._rows is None:
            self.ask("rows", self._read, self._take)

    def _take(self, found: ChangedRows) -> None:
        self._rows = found
        self.grid.style_of = self._style
        names = ["change", "row", *found.names]
        columns: list[Sequence[object]] = [
            [SIGNS[row.change] for row in found.rows],
            [row.number for row in found.rows],
        ]
        for place, name in enumerate(found.names):
            cells: list[object] = [_cell(row, place) for row in found.rows]
            columns.append(_as_numbers(cells) if name in found.key else cells)
        held = [_numbers([_held(row, place) for row in found.rows]) for place in range(len(found.names))]
        self._compared = [[row.change for row in found.rows], columns[1], *held]
        self.grid.right = frozenset(
            place for place, cells in enumerate(self._compared) if kind_of(cells) in ("number", "whole number")
        )
        self.fill(names, columns)
        self.show_place()

    def _style(self, column: int, place: int) -> str:
        """Mark what differs: the cells of a changed row, every cell of one that is on one side alone."""
        assert self._rows is not None
        row = self._rows.rows[place]
        if column == 1:
            return "dim"
        if row.change == "changed" and column >= _FIRST:
            return "warn" if row.differs[column - _FIRST] else "text"
        return _STYLES[row.change]

    def title_spans(self) -> list[Span]:
        """Say which table of which versions this is, and how many of its rows are shown."""
        before, after = self._references
        spans: list[Span] = [
            (clean(self._path, max_chars=120), "title"),
            ("  from ", "dim"),
            (before, "accent"),
            (" to ", "dim"),
            (after, "accent"),
        ]
        if self._rows is None:
            return spans
        counts = self._rows.counts
        parts = []
        for word, count in (("changed", counts.changed), ("added", counts.added), ("removed", counts.removed)):
            shown = sum(row.change == word for row in self._rows.rows)
            if count:
                parts.append(
                    f"{f'the first {count_text(shown)} of ' if shown < count else ''}{count_text(count)} {word}"
                )
        return [*spans, (f"  {' · '.join(parts)}", "dim")]

    def say_of_cursor(self) -> None:
        """Say in whole what the cell under the cursor is, and was."""
        found, grid = self._rows, self.grid
        if found is None or not grid.places:
            self.say_below([])
            return
        row = found.rows[grid.places[grid.row]]
        side = self._references[row.change != "removed"]
        spans: list[Span] = [
            (f"  {row.change}", _STYLES[row.change]),
            (f"  row {count_text(row.number)} of {side}", "dim"),
        ]
        if grid.column >= _FIRST:
            name, (before, after) = found.names[grid.column - _FIRST], row.cells[grid.column - _FIRST]
            spans.append((f"  {clean(name, max_chars=80)} ", "title"))
            if row.change == "changed" and row.differs[grid.column - _FIRST]:
                spans += [(_shown(before), "bad"), (_ARROW, "dim"), (_shown(after), "good")]
            else:
                spans.append((_shown(before if row.change == "removed" else after), "text"))
        self.say_below(spans)


def _shown(cell: str | None) -> str:
    return _NOTHING if cell is None else clean(cell, max_chars=500) or '""'


def _cell(row: ChangedRow, place: int) -> str | None:
    before, after = row.cells[place]
    if row.change == "changed" and row.differs[place]:
        return f"{_shown(before)}{_ARROW}{_shown(after)}"
    cell = before if row.change == "removed" else after
    return clean(cell, max_chars=500) if cell else None


def _held(row: ChangedRow, place: int) -> str | None:
    before, after = row.cells[place]
    return before if row.change == "removed" else after


def _numbers(cells: Sequence[str | None]) -> Sequence[Any]:
    """Give cells that are all numbers, or empty, as these."""
    numbers = [number_in(cell) if cell else None for cell in cells]
    if all(number is not None or not cell for number, cell in zip(numbers, cells, strict=True)):
        return numbers
    return [cell or None for cell in cells]


def _as_numbers(cells: Sequence[object]) -> Sequence[object]:
    """Give cells that are all whole numbers as these, so that they are sorted by size."""
    with contextlib.suppress(ValueError):
        return [None if cell is None else int(str(cell)) for cell in cells]
    return cells
