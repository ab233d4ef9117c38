"""What takes the answer to a question of yes or no: one key, and no text that could be typed there."""

from __future__ import annotations

import time

from textual import events
from textual.message import Message
from textual.widget import Widget

YES, NO = ("y", "enter"), "n"
WORD_SECONDS = 0.6
"""A key that follows another sooner belongs to the same word: that was typed before the question was read."""
PASSED_ON = ("escape", "ctrl+c")


class YesOrNo(Widget, can_focus=True):
    """Answers by one key. A word that is typed is no answer, whatever letters it has; none of its keys goes further."""

    DEFAULT_CSS = "YesOrNo { width: 1; height: 1; }"

    class Answered(Message):
        """The question has its answer."""

        def __init__(self, *, is_yes: bool, rest: str) -> None:
            super().__init__()
            self.is_yes = is_yes
            self.rest = rest
            """Letters that a whole word for the same answer has behind the first."""

    class Misunderstood(Message):
        """Something else was typed."""

    def __init__(self) -> None:
        super().__init__(classes="hidden")
        self._typed_at = 0.0
        """When a key came last that was no answer."""

    def begin(self) -> None:
        """Wait for the answer to another question."""
        self._typed_at = 0.0

    def render(self) -> str:
        """Draw nothing: there is nothing to type."""
        return ""

    def on_key(self, event: events.Key) -> None:
        if event.key in PASSED_ON:
            return
        event.stop()
        event.prevent_default()
        now = time.monotonic()
        key = event.key.lower()
        if key not in (*YES, NO) or now - self._typed_at < WORD_SECONDS:
            self._typed_at = now
            self.post_message(self.Misunderstood())
            return
        rest = {"y": "es", "n": "o"}.get(key, "")
        self.post_message(self.Answered(is_yes=key != NO, rest=rest))

    def on_paste(self, event: events.Paste) -> None:
        event.stop()
        self.post_message(self.Misunderstood())
