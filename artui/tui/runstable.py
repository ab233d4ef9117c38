"""What the parts of the screen of runs share: the table, what was asked of the catalog for it, and what is marked."""

from __future__ import annotations

from artui.model import Column
from artui.query.runs import Columns, RunOrder, RunsRequest
from artui.tui.arrangement import Arrangement
from artui.tui.editing import EditsRuns
from artui.tui.widgets.table import RunsTable


class HasRunsTable(EditsRuns):
    """A screen with a `RunsTable`. What is asked of the catalog is a `RunsRequest`, what it answered a `RunOrder`."""

    arrangement: Arrangement
    request: RunsRequest
    order: RunOrder
    columns: Columns
    stages: set[str]
    others: list[Column]
    """Tags as columns."""

    @property
    def table(self) -> RunsTable:
        return self.query_one(RunsTable)

    def marked_keys(self) -> list[int]:
        """Give the marked runs: those in the table in its order, then those that the filter hides."""
        marked = self.table.marked
        if not marked:
            return []
        shown = [key for key in self.order.keys if key in marked]
        return shown + sorted(marked.difference(shown))

    def current_keys(self) -> list[int]:
        """Give the run under the cursor, or all of the group there."""
        group = self.table.group
        if group is not None:
            return list(group.keys)
        return [self.table.key] if self.table.key is not None else []

    def edited_keys(self) -> list[int]:
        """Give the marked runs, or what is under the cursor."""
        return self.marked_keys() or self.current_keys()

    def known_columns(self) -> list[Column]:
        """Give every column there could be; the usual ones first."""
        return []

    def ask_order(self, *, to_first: bool = False) -> None:
        """Ask for the runs that match, in order."""

    def rearrange(self, arrangement: Arrangement) -> None:
        """Show the table otherwise, and remember it."""

    def remember(self) -> None:
        """Keep how the table is arranged."""

    def show_counts(self) -> None:
        """Say how many runs there are, and how they are sorted."""
