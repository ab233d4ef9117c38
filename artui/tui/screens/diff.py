"""The difference between the code of two runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult

from artui.query.codediff import code_diff
from artui.safetext import clean
from artui.tui.keys import bindings
from artui.tui.screens.base import CatalogScreen
from artui.tui.widgets.bars import Bar, KeyBar
from artui.tui.widgets.lines import BLANK, Line, LineList

if TYPE_CHECKING:
    from artui.model import RunDetail
    from artui.tui.cells import Span


class DiffScreen(CatalogScreen):
    """Holds two runs and the lines of their difference."""

    SCOPES = ("diff", "find", "list", "app")
    PLACE = 1
    BINDINGS = [*bindings("diff"), *bindings("find")]

    def __init__(self, before: RunDetail, after: RunDetail) -> None:
        super().__init__()
        self._before, self._after = before, after

    def compose(self) -> ComposeResult:
        yield Bar(id="top")
        yield LineList(id="diff")
        yield KeyBar()

    @property
    def listing(self) -> LineList:
        """The list of lines."""
        return self.query_one("#diff", LineList)

    def on_mount(self) -> None:
        super().on_mount()
        self.show_place()
        self.listing.set_lines([BLANK, Line([("  reading …", "dim")])])
        self.set_focus(self.listing)

    def title_spans(self) -> list[Span]:
        """Say whose code is compared."""
        return [
            ("code of ", "dim"),
            (clean(self._after.head.name), "title"),
            (" against ", "dim"),
            (clean(self._before.head.name), "title"),
        ]

    def load(self) -> None:
        """Ask for the difference, once."""
        reader, before, after = self.reader, self._before, self._after
        # The code of a run never changes: there is nothing to read again.
        if len(self.listing.lines) <= 2:
            self.ask("diff", lambda: code_diff(reader, before, after), self._take)

    def _take(self, lines: list[str]) -> None:
        self.listing.set_lines([Line([(" " + clean(line, max_chars=2000), _style(line))]) for line in lines])

    def action_file(self, change: int) -> None:
        """Go to the next file that differs."""
        lines, index = self.listing.lines, self.listing.cursor + change
        while 0 <= index < len(lines):
            if lines[index].spans and lines[index].spans[0][1] == "title":
                self.listing.move_to(index)
                return
            index += change
        self.artui.say("There is no further file in this direction.")


def _style(line: str) -> str:
    if line.startswith(("--- ", "+++ ")):
        return "bold"
    if line.startswith("@@ "):
        return "title"
    return {"+": "good", "-": "bad", "@": "dim"}.get(line[:1], "text")
