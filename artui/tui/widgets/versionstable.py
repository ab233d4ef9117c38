"""The table of the versions of an artifact, with the best of their numbers marked."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from artui.model import ArtifactRow
from artui.query.direction import best_aggregate, is_result
from artui.tui.cells import DAMAGED_SIGN, Shape, Span
from artui.tui.keys import bindings
from artui.tui.widgets.artifactcells import artifact_cell
from artui.tui.widgets.groupcells import GAP
from artui.tui.widgets.table import Table

if TYPE_CHECKING:
    from artui.query.runs.grouping import Group

_BEFORE_NAME_CELLS = 4


class VersionsTable(Table[ArtifactRow]):
    """Rows are versions, by their keys, all of which the screen brings at once; there are no groups."""

    BINDINGS = bindings("list")
    NAMED = "v"
    NAME_CELLS = (3, 8)

    def __init__(self) -> None:
        super().__init__(id="versions")
        self._bests: Mapping[str, float] = {}

    def show_rows(self, rows: Sequence[ArtifactRow], columns: Sequence[Shape]) -> None:
        """Take all rows."""
        self._rows = {row.head.key: row for row in rows}
        self._bests = best_values(rows, columns)

    def sign_of(self, row: ArtifactRow) -> Span:
        """Give the sign of damage; a blank for what is whole."""
        latest = row.head.latest
        return (DAMAGED_SIGN, "bad") if latest is not None and latest.damaged else (" ", "text")

    def cells_of(self, row: ArtifactRow, shape: Shape) -> list[Span]:
        """Draw what a version has in a column; the best values of what versions are judged by stand out."""
        text, style = artifact_cell(row, shape, self.now_ms)
        best = self._bests.get(shape.column.id)
        return [(GAP, "text"), (text, "best" if best is not None and row.cells.get(shape.column.id) == best else style)]

    def group_cells(self, group: Group, shape: Shape) -> list[Span]:
        """Draw nothing: versions are not grouped."""
        return []

    def fitting_cells(self, most: int) -> int:
        """Say how many cells the columns need that fit into so many, whole."""
        used = _BEFORE_NAME_CELLS + max(self.NAME_CELLS[0], min(self._needed_cells, self.NAME_CELLS[1]))
        for shape in self.view.shapes:
            if used + len(GAP) + shape.cells > most:
                break
            used += len(GAP) + shape.cells
        return used


def best_values(rows: Sequence[ArtifactRow], shapes: Sequence[Shape]) -> dict[str, float]:
    """Give the best value of each column of results, by its id."""
    bests: dict[str, float] = {}
    for shape in shapes:
        column = shape.column
        if column.source == "metadata" and column.is_numeric and is_result(column.name):
            values = (row.cells.get(column.id) for row in rows)
            finite = [value for value in values if isinstance(value, int | float) and math.isfinite(value)]
            if finite:
                bests[column.id] = min(finite) if best_aggregate(column.name) == "min" else max(finite)
    return bests
