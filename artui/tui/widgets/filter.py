"""The filter of a list: a line to type into, with what it leaves said beside it."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Input

from artui.tui.cells import Spans, length_of
from artui.tui.widgets.bars import Bar

REST_SECONDS = 0.06
"""Letters typed faster than this are answered together."""


class FilterLine(Horizontal):
    """Tells when its words changed, when one starts typing, and when one is done."""

    KEYS = [("enter", "keep filter"), ("esc", "clear filter"), ("↓", "to the list")]
    """For the footer, while one types."""

    class Changed(Message):
        """The words are others than before."""

    class Entered(Message):
        """Somebody began to type."""

    class Left(Message):
        """Somebody is done with typing: the list wants the focus."""

    def __init__(self) -> None:
        super().__init__(id="filter-line")
        self.words = ""
        """What is filtered by."""
        self._rest: Timer | None = None

    def compose(self) -> ComposeResult:
        yield Bar(id="slash")
        entry = Input(id="filter", placeholder="filter", compact=True, select_on_focus=False)
        # A blinking cursor would send bytes for ever.
        entry.cursor_blink = False
        yield entry
        yield Bar(id="counts")

    @property
    def _entry(self) -> Input:
        return self.query_one(Input)

    @property
    def is_typing(self) -> bool:
        return self._entry.has_focus

    def on_mount(self) -> None:
        self._show()

    def type(self) -> None:
        """Let the user type."""
        self._entry.focus()

    def clear(self) -> bool:
        """Take the words away and leave; false when there was nothing to take away."""
        was_used = bool(self._entry.value or self.words or self.is_typing)
        self._entry.value = ""
        self._apply()
        if was_used:
            self.post_message(self.Left())
        return was_used

    def say(self, spans: Spans, *, most: int) -> None:
        """Say at the right what the filter leaves."""
        bar = self.query_one("#counts", Bar)
        bar.styles.width = min(length_of(spans) + 1, most)
        bar.show(spans)

    def on_input_changed(self, message: Input.Changed) -> None:
        message.stop()
        if self._rest is not None:
            self._rest.stop()
        self._rest = self.set_timer(REST_SECONDS, self._apply)

    def on_input_submitted(self, message: Input.Submitted) -> None:
        message.stop()
        self._apply()
        self.post_message(self.Left())

    def on_key(self, event: events.Key) -> None:
        if self.is_typing and event.key in ("down", "tab"):
            event.stop()
            event.prevent_default()
            self._apply()
            self.post_message(self.Left())

    def on_descendant_focus(self) -> None:
        self._show()
        self.post_message(self.Entered())

    def on_descendant_blur(self) -> None:
        self._show()

    def _apply(self) -> None:
        words = self._entry.value.strip()
        if words != self.words:
            self.words = words
            self._show()
            self.post_message(self.Changed())

    def _show(self) -> None:
        self.query_one("#slash", Bar).show([("/ ", "accent" if self.is_typing or self.words else "dim")])
