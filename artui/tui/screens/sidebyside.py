"""What screens do alike that put things side by side: going to what differs, and which way is better."""

from __future__ import annotations

from typing import TYPE_CHECKING

from artui.safetext import clean
from artui.tui.screens.base import CatalogScreen

if TYPE_CHECKING:
    from artui.query.direction import Direction
    from artui.tui.widgets.comparison import CompareTable, TransposedTable


class SideBySide(CatalogScreen):
    """A screen with a table of a comparison."""

    directions: dict[str, Direction]
    """By metric what the user said of it."""

    @property
    def table(self) -> CompareTable | TransposedTable:
        """The table in sight."""
        raise NotImplementedError

    def action_difference(self, change: int) -> None:
        """Go to the next row that differs, or to the one before."""
        if not self.table.next_difference(change):
            self.artui.say("There is no further difference in this direction.")

    def action_direction(self) -> None:
        """Turn round which way is better for the metric of the current row."""
        row = self.table.row
        if row is None or not row.metric:
            self.artui.say("Put the cursor on a metric: d says whether lower or higher is better for it.")
            return
        self.directions[row.metric] = "higher" if row.direction == "lower" else "lower"
        self.artui.say(f"{clean(row.metric)}: {self.directions[row.metric]} is better")
        self.load()
