"""The columns of a table that the user arranges: by the same keys on every screen that has one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from artui.safetext import clean
from artui.tui.screens.base import CatalogScreen
from artui.tui.screens.choosing import Chosen, ColumnChoice
from artui.tui.state import arranging
from artui.tui.state.arrangement import MIN_CELLS

if TYPE_CHECKING:
    from artui.model import Column
    from artui.query.runs.sorting import Sort
    from artui.tui.cells import Span
    from artui.tui.screens.columns import Look
    from artui.tui.screens.viewing import Views
    from artui.tui.state.arrangement import Arrangement
    from artui.tui.widgets.table import Table


class ArrangesColumns(CatalogScreen):
    """A screen with a `Table`, and the keys of its columns."""

    ROWS_HAVE_ORDER: ClassVar[bool] = False
    """Whether rows have an order of their own, to which they come back after both directions of a column."""

    @property
    def table(self) -> Table[Any]:
        """The table."""
        raise NotImplementedError

    @property
    def arrangement(self) -> Arrangement:
        """How the table is arranged."""
        raise NotImplementedError

    def rearrange(self, arrangement: Arrangement, *, automatic: Sequence[str] | None = None) -> None:
        """Show the table so.

        Args:
            automatic: ids of the columns that artui chose; None leaves them as they are.
        """
        raise NotImplementedError

    def view_spans(self) -> list[Span]:
        """Name the saved view that is open."""
        views: Views | None = self.__dict__.get("_views")
        return views.spans() if views is not None else []

    def choose_shown(self, ids: Sequence[str] | None) -> None:
        """Show these columns; None lets artui choose."""
        self.rearrange(replace(self.arrangement, columns=None if ids is None else tuple(ids)))

    @property
    def automatic_ids(self) -> tuple[str, ...]:
        """The ids of the columns that artui chose."""
        return ()

    def first_sort(self, column_id: str) -> Sort:
        """Give how a column is sorted at first."""
        raise NotImplementedError

    def every_column(self) -> Sequence[Column]:
        """Give every possible column, the usual ones first."""
        raise NotImplementedError

    def look_at_columns(self) -> tuple[Look | None, tuple[int, str]]:
        """Give what tells of columns what they hold, and how many rows of what that is about."""
        return None, (0, "")

    def show_columns_of_table(self) -> None:
        """Say around the table what its columns are, after the current one or their number has changed."""

    def columns_chosen(self) -> None:
        """Do what is to be done after columns were chosen in the list of all."""

    # What is shown

    def shown_columns(self) -> list[Column]:
        """Give the columns that are shown after the name."""
        return [shape.column for shape in self.table.view.shapes]

    def place_among_all(self, place: int) -> int:
        """Give the place that a column of the table has among those that are shown, if one stands elsewhere."""
        return place

    def _ids(self) -> list[str]:
        return [column.id for column in self.shown_columns()]

    # Keys

    def action_column(self, change: int) -> None:
        self.table.move_column(change)
        self.show_columns_of_table()

    def action_sort(self) -> None:
        self._sort(arranging.sorted_by)

    def action_sort_also(self) -> None:
        self._sort(arranging.sorted_also_by)

    def _sort(self, sorting: Any) -> None:
        self.rearrange(sorting(self.arrangement, self.table.column_id, self.first_sort, may_end=self.ROWS_HAVE_ORDER))

    @cached_property
    def _choice(self) -> ColumnChoice:
        def read() -> Chosen:
            return Chosen(self.arrangement.columns, self.automatic_ids, self.arrangement.pinned)

        def restore(chosen: Chosen) -> None:
            arrangement = replace(self.arrangement, columns=chosen.columns, pinned=chosen.pinned)
            self.rearrange(arrangement, automatic=chosen.automatic)

        return ColumnChoice(
            read=read, choose=self.choose_shown, restore=restore, shown=self._ids, changed=self.columns_chosen
        )

    def action_choose_columns(self) -> None:
        self.open_choice()

    def open_choice(self) -> None:
        """Show the list of all columns."""
        from artui.tui.screens.columns import ColumnsScreen

        look, of = self.look_at_columns()
        self.artui.push_screen(ColumnsScreen(self.every_column(), self._choice, look, of=of, place=self.PLACE))

    def action_hide_column(self) -> None:
        place = self.table.column
        if place == 0:
            self.artui.say("The name stays. Choose a column with → first.")
            return
        place = self.place_among_all(place)
        name = self.shown_columns()[place - 1].name
        self.rearrange(arranging.without_column(self.arrangement, self._ids(), place))
        self.artui.say(f"{clean(name, max_chars=60)} is hidden · C brings it back")

    def action_shift_column(self, change: int) -> None:
        before, place = self.arrangement, self.table.column
        start, end = self.place_among_all(place), self.place_among_all(place + change)
        after = arranging.shifted(before, self._ids(), start, end - start) if place and place + change else before
        if after is not before:
            # The cursor goes with the column.
            self.rearrange(after)

    def action_resize_column(self, change: int) -> None:
        if place := self.table.column:
            shape = self.table.view.shapes[place - 1]
            least = shape.least if shape.column.source == "metric" else MIN_CELLS
            self.rearrange(arranging.resized(self.arrangement, shape.column.id, shape.width + change, least=least))

    def action_pin_columns(self) -> None:
        self.rearrange(arranging.pinned(self.arrangement, self._ids(), self.place_among_all(self.table.column)))
        count = self.arrangement.pinned
        last = clean(self.table.view.shapes[self.table.column - 1].title, max_chars=40) if count else ""
        self.artui.say(f"Columns up to {last} stay when the others scroll." if count else "No column stays.")
