"""The table of runs: a run's status before its name, and its cells; of a group the best, the mean and the spread."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from textual.binding import Binding

from artui.model import RunRow
from artui.tui.cells import FAR, REMARK_SIGNS, Shape, Span, glyph_of
from artui.tui.keys import bindings
from artui.tui.sparks import has_spark
from artui.tui.widgets.groupcells import GAP, best_of_groups, group_cell
from artui.tui.widgets.runcells import run_cell
from artui.tui.widgets.table import Table

if TYPE_CHECKING:
    from artui.query.runs.grouping import Group


class RunsTable(Table[RunRow]):
    """Rows are runs."""

    # `g` belongs to the screen: it starts the menu of groups.
    BINDINGS = [
        replace(binding, key="home") if isinstance(binding, Binding) and binding.key == "home,g" else binding
        for binding in bindings("list")
    ]
    NAMED = "run"

    def __init__(self) -> None:
        super().__init__(id="runs-table")
        self._bests: tuple[Sequence[Group], dict[str, float | None]] = (), {}
        """The best values of metrics in all groups, by the ids of columns."""

    def sign_of(self, row: RunRow) -> Span:
        """Give the sign of the run's status."""
        return glyph_of(row.head)

    def remark_of(self, row: RunRow) -> str:
        """Say whether the run has a note, a tag that somebody gave it, or both."""
        return REMARK_SIGNS[row.remarks]

    def cells_of(self, row: RunRow, shape: Shape) -> list[Span]:
        """Draw what a run has in a column."""
        cells = run_cell(row, shape, self.now_ms)
        # A number that fills its cells has its star before them.
        has_star = shape.column.id in row.far_from_best and FAR not in cells[0][0]
        gap: list[Span] = [(GAP[:-1], "text"), (FAR, "warn")] if has_star else [(GAP, "text")]
        return [*gap, *cells]

    def courses_of(self, row: RunRow) -> Iterable[str]:
        """Name the metrics of which a run has a curve."""
        return [column_id for column_id, values in row.sparks.items() if has_spark(len(values))]

    def group_cells(self, group: Group, shape: Shape) -> list[Span]:
        """Draw what the runs of a group have in a column."""
        groups, bests = self._bests
        if groups is not self.groups:
            self._bests = self.groups, (bests := {})
        if shape.column.id not in bests:
            bests[shape.column.id] = best_of_groups(self.groups, shape.column)
        return group_cell(group, shape, self.now_ms, best=bests[shape.column.id])
