"""A text with a line below it to search in it."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Input

from artui.tui.cells import length_of
from artui.tui.widgets.bars import Bar
from artui.tui.widgets.entry import LineEntry
from artui.tui.widgets.log import LogView


class TextPane(Vertical):
    """A `LogView` and, during a search, an entry below it with the state of the search."""

    KEYS = [("enter", "find"), ("esc", "leave")]
    """For the footer, while the user types what to search for."""
    NARROWING_KEYS = [("enter", "only these lines"), ("esc", "all lines")]
    """While the user types what lines must have."""
    DEFAULT_CSS = """
    TextPane { height: 1fr; width: 1fr; }
    TextPane > Horizontal { height: 1; }
    TextPane #find-slash { width: 3; }
    TextPane #find { width: 1fr; }
    """

    class Typing(Message):
        """The user starts typing, or stops."""

    def __init__(self, *, id: str, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.view = LogView(id=f"{id}-text")
        self.entry = LineEntry(id="find", placeholder="find text")
        self.state = Bar(id="find-state")
        self.is_typing = False
        self.is_narrowing = False
        """Whether the entry is for the lines to keep, instead of the text to go to."""
        self.line = Horizontal(Bar(id="find-slash"), self.entry, self.state, classes="hidden")

    def compose(self) -> ComposeResult:
        yield self.view
        yield self.line

    def type(self, *, is_narrowing: bool = False) -> None:
        """Let the user type what to search for, or what the lines must have that stay in sight."""
        self.is_narrowing = is_narrowing
        self.query_one("#find-slash", Bar).show([(" & " if is_narrowing else " / ", "accent")])
        self.entry.placeholder = "only lines that have" if is_narrowing else "find text"
        self.line.remove_class("hidden")
        # Synchronously: the next keys are text, not commands.
        self.screen.set_focus(self.entry)
        self.entry.action_select_all()
        self._tell_typing(True)

    @property
    def keys(self) -> list[tuple[str, str]]:
        """Keys for the footer, while the user types."""
        return self.NARROWING_KEYS if self.is_narrowing else self.KEYS

    def leave(self) -> bool:
        """Do what esc does: stop a search, or else clear it; false if there is none."""
        if self.view.is_searching:
            self.view.cancel_search()
        elif self.line.has_class("hidden"):
            return False
        else:
            self.entry.value = ""
            self.view.set_needle("")
            self.view.narrow("")
            self.line.add_class("hidden")
        self._end_typing()
        return True

    def _end_typing(self) -> None:
        if self.is_typing:
            self.view.focus()
            self._tell_typing(False)

    def _tell_typing(self, is_typing: bool) -> None:
        if is_typing != self.is_typing:
            self.is_typing = is_typing
            self.post_message(self.Typing())

    # A click or a key may move the focus elsewhere too; one widget's message may come before or after the other's.
    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        self._tell_typing(self.screen.focused is self.entry)

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        self._tell_typing(self.screen.focused is self.entry)

    def show_state(self) -> None:
        """Show the state of the search."""
        spans = self.view.search_spans()
        self.state.styles.width = length_of(spans) + 2
        self.state.show(spans)

    def on_input_changed(self, message: Input.Changed) -> None:
        message.stop()
        self.view.set_needle(message.value)

    def on_input_submitted(self, message: Input.Submitted) -> None:
        message.stop()
        self._end_typing()
        if message.value and self.is_narrowing:
            self.view.narrow(message.value)
        elif message.value:
            self.view.find(1, is_first=True)
        else:
            self.leave()
