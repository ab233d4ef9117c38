"""A question in one line at the bottom of a screen: a note, a tag, a name."""

from __future__ import annotations

from collections.abc import Callable

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input

from artui.safetext import clean
from artui.tui.cells import length_of
from artui.tui.widgets.bars import Bar
from artui.tui.widgets.entry import LineEntry


class Prompt(Horizontal):
    """Asks for one text; hidden while there is no question."""

    KEYS = [("enter", "keep"), ("esc", "leave")]
    YES_KEYS = [("y", "yes"), ("esc", "no")]
    DEFAULT_CSS = "Prompt { height: 1; } Prompt Input { width: 1fr; }"

    class Asked(Message):
        """A question is asked."""

    class Left(Message):
        """The question is answered, or left."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, classes="hidden")
        self._label = Bar()
        self._entry = LineEntry()
        self._answer: Callable[[str], None] | None = None
        self._typed: Callable[[str], None] = lambda text: None
        self._is_yes_or_no = False
        self._enter_word = self.KEYS[0][1]

    @property
    def keys(self) -> list[tuple[str, str]]:
        """The keys that answer the question, for the bar at the bottom."""
        return self.YES_KEYS if self._is_yes_or_no else [("enter", self._enter_word), *self.KEYS[1:]]

    def compose(self) -> ComposeResult:
        yield self._label
        yield self._entry

    def ask(
        self,
        question: str,
        answer: Callable[[str], None],
        *,
        text: str = "",
        typed: Callable[[str], None] = lambda text: None,
        is_yes_or_no: bool = False,
        enter_word: str = "keep",
    ) -> None:
        """Ask a question; `answer` is called with the typed text, unless it is left with esc, and `typed` after each letter.

        With `is_yes_or_no` a `y` answers at once, and any other letter leaves the question. `enter_word` says in the
        footer what enter does.
        """
        self._enter_word = enter_word
        self._typed = typed
        self._is_yes_or_no = is_yes_or_no
        spans = [(f" {clean(question)} ", "accent")]
        self._label.styles.width = length_of(spans)
        self._label.show(spans)
        self._answer = answer
        self._entry.value = text
        self._entry.cursor_position = len(text)
        self.remove_class("hidden")
        # Synchronously: the next keys are text, not commands.
        self.screen.set_focus(self._entry)
        self.post_message(self.Asked())

    def leave(self) -> bool:
        """Take the question back; false if there is none."""
        if self._answer is None:
            return False
        self._answered("", lambda text: None)
        return True

    def _answered(self, text: str, answer: Callable[[str], None]) -> None:
        """Give the answer; the focus goes back unless it leads to another question."""
        self._answer = None
        self.add_class("hidden")
        answer(text)
        if self._answer is None:
            self.post_message(self.Left())

    def on_input_changed(self, message: Input.Changed) -> None:
        message.stop()
        answer, text = self._answer, message.value.strip()
        if answer is None:
            return
        if self._is_yes_or_no and text:
            self._answered(text, answer if text.lower() == "y" else lambda text: None)
            return
        self._typed(text)

    def on_input_submitted(self, message: Input.Submitted) -> None:
        message.stop()
        if self._answer is not None:
            self._answered(message.value.strip(), self._answer)
