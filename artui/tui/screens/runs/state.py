"""What the parts of the screen of runs share: the table, what was asked of the catalog for it, and what is marked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from artui.model import Column
from artui.query.runs.order import RunOrder, RunsRequest, run_order
from artui.tui.screens.runs.edits import EditsRuns
from artui.tui.widgets.table import RunsTable

if TYPE_CHECKING:
    from artui.query.filter.tokens import FilterError
    from artui.query.reader import Reader
    from artui.query.runs.columns import Columns
    from artui.tui.state.arrangement import Arrangement


class HasRunsTable(EditsRuns):
    """A screen with a `RunsTable`. What is asked of the catalog is a `RunsRequest`, what it answered a `RunOrder`."""

    arrangement: Arrangement
    request: RunsRequest
    order: RunOrder
    columns: Columns
    attributes: list[Column]
    """Attributes that are shown unless columns were chosen."""
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

    def current_column(self) -> Column:
        """Give the column that keys such as `s` and `F` are about."""
        table = self.table
        if not table.column:
            return Column("attribute", "name", is_numeric=False)
        return table.view.shapes[table.column - 1].column

    def known_columns(self) -> list[Column]:
        """Give every column there could be; the usual ones first."""
        return []

    def columns_of(self, ids: Sequence[str]) -> list[Column]:
        """Give columns by their ids; one that is not there any more is left out."""
        return []

    def ask_order(self, *, to_first: bool = False) -> None:
        """Ask for the runs that match, in order."""

    def rearrange(self, arrangement: Arrangement) -> None:
        """Show the table otherwise, and remember it."""

    def remember(self) -> None:
        """Keep how the table is arranged."""

    def show_counts(self) -> None:
        """Say how many runs there are, and how they are sorted."""


def order_or_error(reader: Reader, request: RunsRequest) -> RunOrder | FilterError:
    """Give the runs that match; what is wrong with the filter is an answer, too."""
    from artui.query.filter.tokens import FilterError

    try:
        return run_order(reader, request)
    except FilterError as error:
        return error
