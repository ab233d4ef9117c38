"""A long value as a whole: a param, a tag, a part of the metadata; with search."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult

from artui.query.lines import TextSource
from artui.safetext import clean
from artui.tui.keys import bindings
from artui.tui.screens.log import LogScreen
from artui.tui.widgets.bars import Bar, KeyBar
from artui.tui.widgets.find import TextPane

if TYPE_CHECKING:
    from artui.tui.cells import Span

MOST_CHARS_LAID_OUT = 1_000_000
"""JSON that is longer is shown as it is."""


class ValueScreen(LogScreen):
    """Holds the name of a value, and its text."""

    SCOPES: ClassVar[tuple[str, ...]] = ("text", "list", "app")
    BINDINGS = bindings("text")

    def __init__(self, name: str, text: str, *, place: int) -> None:
        super().__init__(TextPane(id="text"))
        self.PLACE = place
        self.name_of_value = name
        self._content = laid_out(text).encode("utf-8", "replace")

    def compose(self) -> ComposeResult:
        yield Bar(id="top")
        yield self.pane
        yield KeyBar()

    def on_mount(self) -> None:
        self.show_place()
        self.set_focus(self.log_view)

    def load(self) -> None:
        """Show the text, once."""
        if self.log_view.source is None:
            self.log_view.show(TextSource(self._content))

    def show_text_state(self) -> None:
        """Show the state of the text in the line at the top."""
        self.show_place()

    def title_spans(self) -> list[Span]:
        """Give the name of the value and the state of the text."""
        return [(clean(self.name_of_value), "title"), ("  ", "text"), *self.log_view.status_spans()]


def laid_out(text: str) -> str:
    """Give JSON with a line for each of its parts; every other text as it is."""
    if text[:1] not in ("{", "[") or len(text) > MOST_CHARS_LAID_OUT:
        return text
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text
