"""Taking runs along from their table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from artui.query.runs.rows import run_ids
from artui.tui.screens.reaching import names_of_runs
from artui.tui.screens.taking import Taker
from artui.units import plural

if TYPE_CHECKING:
    from artui.model import Column, RunRow
    from artui.tui.screens.base import CatalogScreen
    from artui.tui.state.marks import Reach


class RunsTaker(Taker):
    """Copies and exports runs of a screen."""

    def __init__(self, screen: CatalogScreen) -> None:
        from artui.query.runs.export import table_of

        super().__init__(screen, "run", table_of, names_of_runs)

    def copy_ids(self, reach: Reach) -> None:
        """Copy the ids of runs, a line each."""
        reader = self._screen.reader
        self._screen.ask(
            "ids",
            lambda: run_ids(reader, reach.keys),
            lambda ids: self.copy(
                "\n".join(ids), f"{f'id {ids[0]}' if len(ids) == 1 else plural(len(ids), 'id')}{reach.note}"
            ),
        )

    def copy_cell(self, row: RunRow, column: Column) -> None:
        """Copy one value of a run, whole and as it would stand in a file."""
        from artui.query.runs.export import header_of

        text = row.head.name if column.id == "attribute:name" else cell_value(row, column)
        self.copy_value(text, row.head.name, header_of(column))


def cell_value(row: RunRow, column: Column) -> str:
    """Give what a run has in a column, as it stands in a CSV file; empty for nothing."""
    from artui.query.runs.export import value_in, write_table

    return write_table("csv", ["x"], [[value_in(row, column)]]).split("\n", 1)[1].rstrip("\n")
