"""A screen that shows in a list what would be done, and asks at the bottom before it is."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.widget import Widget

from artui.tui.screens.base import CatalogScreen
from artui.tui.widgets.bars import Bar, KeyBar
from artui.tui.widgets.lines import LineList
from artui.tui.widgets.prompt import Prompt


class AskedScreen(CatalogScreen):
    """Subclasses fill the list, and say what is asked."""

    LIST_ID: ClassVar[str] = ""
    HAS_LINKS: ClassVar[bool] = False
    """Whether the cursor goes through lines that can be opened."""

    def compose(self) -> ComposeResult:
        yield Bar(id="top")
        yield LineList(marks_cursor=self.HAS_LINKS, only_links=self.HAS_LINKS, says_more=True, id=self.LIST_ID)
        yield Prompt()
        yield KeyBar()

    @property
    def listing(self) -> LineList:
        """What would be done."""
        return self.query_one(f"#{self.LIST_ID}", LineList)

    def prompt_home(self) -> Widget:
        """Give the list."""
        return self.listing

    def on_mount(self) -> None:
        self.show_place()
        self.set_focus(self.listing)

    def go_back(self) -> bool:
        """Leave the question; false if there is none."""
        return self.query_one(Prompt).leave()
