"""Saved views of the table of runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.app import ComposeResult

from artui import clock
from artui.query.runs.views import SavedView, saved_views
from artui.safetext import clean
from artui.tui.keys import bindings
from artui.tui.screens.base import CatalogScreen
from artui.tui.state.arrangement import Arrangement, arrangement_of
from artui.tui.widgets.bars import Bar, KeyBar
from artui.tui.widgets.lines import BLANK, Line, LineList
from artui.units import age_text

if TYPE_CHECKING:
    from artui.tui.cells import Span


class ViewsScreen(CatalogScreen):
    """Opens a view, or removes it from the catalog."""

    SCOPES = ("views", "find", "list", "app")
    PLACE = 1
    BINDINGS = [*bindings("views"), *bindings("find")]

    def __init__(self, choose: Callable[[str, Arrangement], None], delete: Callable[[str], None]) -> None:
        super().__init__()
        self._choose, self._delete = choose, delete
        self._views: list[SavedView] = []

    def compose(self) -> ComposeResult:
        yield Bar(id="top")
        yield LineList(id="views")
        yield KeyBar()

    def on_mount(self) -> None:
        self.show_place()
        self.set_focus(self.listing)

    @property
    def listing(self) -> LineList:
        """The list of views."""
        return self.query_one("#views", LineList)

    def title_spans(self) -> list[Span]:
        """Give the title."""
        return [("saved views", "title")]

    def load(self) -> None:
        """Ask for the views."""
        self.ask("views", lambda: saved_views(self.reader, "runs"), self._take)

    def _take(self, views: list[SavedView]) -> None:
        self._views = views
        now_ms = clock.now_ms()
        lines = [
            Line(
                [
                    ("  ", "text"),
                    (clean(view.name, max_chars=40).ljust(30), "text"),
                    (f"{age_text(view.changed_ms, now_ms):>5}  ", "dim"),
                    (clean(arrangement_of(view.content).where, max_chars=100), "accent"),
                    (f"   {clean(view.author, max_chars=40)}", "faint"),
                ]
            )
            for view in views
        ]
        nothing = [
            BLANK,
            Line([("  No view is kept in this catalog yet.", "bold")]),
            BLANK,
            Line([("  esc", "key"), ("  back to the runs, and there ", "dim"), ("W", "key"), ("  keeps filter, columns and order under a name", "dim")]),
        ]  # fmt: skip
        self.listing.set_lines(lines or nothing, keep=True)

    @property
    def _current(self) -> SavedView | None:
        index = self.listing.cursor
        return self._views[index] if 0 <= index < len(self._views) else None

    def action_choose(self) -> None:
        if (view := self._current) is not None:
            self.artui.pop_screen()
            self._choose(view.name, arrangement_of(view.content))

    def action_remove(self) -> None:
        if (view := self._current) is not None:
            self._delete(view.name)
            self.set_timer(0.3, self.load)
