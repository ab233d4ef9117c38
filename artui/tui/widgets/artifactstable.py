"""The table of artifacts: each with the version that is shown of it, below the stage that it belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from artui.model import ArtifactRow
from artui.tui.cells import DAMAGED_SIGN, Shape, Span
from artui.tui.keys import bindings
from artui.tui.widgets.artifactcells import artifact_cell, is_sum_of_all, sum_cell
from artui.tui.widgets.groupcells import GAP
from artui.tui.widgets.table import Table

if TYPE_CHECKING:
    from artui.query.runs.grouping import Group

_COUNT_PLACE = 5
"""Where in the line of a stage the number of its artifacts stands, behind four signs and its name."""
_OF_ALL = ("in all versions", "all versions")


class ArtifactsTable(Table[ArtifactRow]):
    """Rows are artifacts, all of which the screen brings at once; groups are stages."""

    BINDINGS = bindings("list")
    NAMED = "artifact"
    NAME_CELLS = (16, 48)
    NAME_SHARE = 2
    DIMS_FEW = False

    def __init__(self, *, says_more: bool = False) -> None:
        """Be empty; with `says_more` the last row says how many lines are out of sight."""
        super().__init__(id="artifacts")
        self.SAYS_MORE = says_more

    def show_rows(self, rows: Mapping[int, ArtifactRow]) -> None:
        """Take all rows, by the keys of their artifacts."""
        self._rows = dict(rows)

    def first_place(self) -> int:
        """Give the first artifact: the stage above it is only its heading."""
        return next((place for place, key in enumerate(self.keys) if key > 0), 0)

    def sign_of(self, row: ArtifactRow) -> Span:
        """Give the sign of damage; a blank for what is whole."""
        latest = row.head.latest
        is_damaged = bool(row.head.damaged or (latest is not None and latest.damaged))
        return (DAMAGED_SIGN, "bad") if is_damaged else (" ", "text")

    def cells_of(self, row: ArtifactRow, shape: Shape) -> list[Span]:
        """Draw what an artifact has in a column."""
        return [(GAP, "text"), artifact_cell(row, shape, self.now_ms)]

    def group_cells(self, group: Group, shape: Shape) -> list[Span]:
        """Draw what the artifacts of a stage have together."""
        rows = [self._rows[key] for key in group.keys if key in self._rows]
        return [sum_cell(rows, shape, self.now_ms)]

    def _group_line(self, group: Group, is_cursor: bool) -> list[Span]:
        """Say before the first sum of a stage what it is of, if that has room: of the artifacts below it one version is shown."""
        spans = super()._group_line(group, is_cursor)
        shapes = [shape for _, shape in self._visible_shapes()]
        place = next((place for place, shape in enumerate(shapes) if is_sum_of_all(shape.column)), None)
        if place is None:
            return spans
        end = len(spans) - 2 * (len(shapes) - place) + 1
        start = end
        while start > _COUNT_PLACE + 1 and not spans[start - 1][0].strip():
            start -= 1
        before = "".join(text for text, _ in spans[start:end])
        count, style = spans[_COUNT_PLACE]
        # The name of the cursor's line is drawn by itself, whole with the blanks behind it.
        if start == _COUNT_PLACE + 1 and not is_cursor:
            before, spans[_COUNT_PLACE] = count[len(count.rstrip()) :] + before, (count.rstrip(), style)
        said = next((text for text in _OF_ALL if len(text) + 2 * len(GAP) <= len(before)), "")
        spans[start:end] = [(said.rjust(len(before) - len(GAP)) + GAP, "faint")]
        return spans

    def _most_name_cells(self) -> tuple[int, int]:
        return self.NAME_CELLS[1], self.NAME_SHARE
