"""A list that gets shorter as one types words."""

from __future__ import annotations

from artui.tui.screens.base import CatalogScreen
from artui.tui.widgets.bars import KeyBar
from artui.tui.widgets.filter import FilterLine
from artui.tui.widgets.lines import LineList


class FilteredList(CatalogScreen):
    """A screen with a `FilterLine` and a `LineList`. Subclasses draw the lines that match."""

    @property
    def listing(self) -> LineList:
        """The list that is filtered."""
        return self.query_one(LineList)

    @property
    def filter(self) -> FilterLine:
        """The line of words."""
        return self.query_one(FilterLine)

    def draw_listing(self) -> None:
        """Show the lines that contain all words."""

    def action_filter(self) -> None:
        self.filter.type()

    def on_filter_line_changed(self) -> None:
        self.draw_listing()

    def on_filter_line_entered(self) -> None:
        self.query_one(KeyBar).ask(self.filter.KEYS)

    def on_filter_line_left(self) -> None:
        self.set_focus(self.listing)
        self.show_keys()

    def go_back(self) -> bool:
        """Clear the filter; false if it is empty."""
        return self.filter.clear()
