"""A question in one line at the bottom of a screen: a note, a tag, a name; above it what is to be known before it is answered."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Input

from artui.errors import UsageError
from artui.safetext import clean
from artui.tui.cells import fit_middle, length_of
from artui.tui.fetch import acting_on_answer
from artui.tui.widgets.answer import YesOrNo
from artui.tui.widgets.bars import Bar
from artui.tui.widgets.entry import LineEntry
from artui.tui.widgets.paragraph import Paragraph

ENTRY_CELLS = 24
"""There is room for so much of an answer at least."""
_MOST_ABOUT = 2_000
NO_ANSWER = "That is no answer: y or enter goes on, n or esc does nothing."
FIND_ID = "find-line"
"""Of the question for words to find."""


class Prompt(Vertical):
    """Asks for one text; hidden while there is no question.

    What cannot be meant is asked again with what was typed, whoever finds out, at once or later: an answer may raise UsageError.
    A click elsewhere leaves the question, as esc does, and says what is lost by it.
    """

    KEYS = [("enter", "keep"), ("esc", "cancel")]
    COMPLETING_KEYS = [("enter", "keep"), ("tab", "complete"), ("esc", "cancel")]
    YES_KEYS = [("y", "yes"), ("n", "no"), ("enter", "yes"), ("esc", "no")]
    """Any other key is said not to answer such a question, and does nothing."""
    DEFAULT_CSS = "Prompt { height: auto; } Prompt Horizontal { height: 1; } Prompt Input { width: 1fr; }"

    class Asked(Message):
        """A question is asked, or has other keys now."""

        def __init__(self, prompt: Prompt) -> None:
            super().__init__()
            self.prompt = prompt

    class Left(Message):
        """The question is answered, or left."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, classes="hidden")
        self._about = Paragraph(style="warn")
        self._label = Bar()
        self._entry = LineEntry()
        self._question = ""
        self._answer: Callable[[str], None] | None = None
        self._typed: Callable[[str], None] = _ignored
        self._yes_or_no = YesOrNo()
        self._is_yes_or_no = False
        self._is_list = self._is_word = False
        self._enter_word = self.KEYS[0][1]
        self.asked_count = 0
        """Questions that were asked so far."""
        self._text = ""
        """What the entry had when the question was asked."""
        self._is_filling = False
        """What is to be changed is still being read; what is typed meanwhile comes behind it."""
        self._ahead: dict[int, tuple[str, Callable[[str], None]]] = {}
        """By question, what was typed and entered before that was there, and what takes it."""
        self._names: Sequence[str] = ()
        self._begun = ""
        """The beginning that tab has completed."""
        self._completed = ""
        """What tab has made of it; empty before the first tab."""

    @property
    def keys(self) -> list[tuple[str, str]]:
        """The keys that answer the question, for the bar at the bottom."""
        if self._is_yes_or_no:
            return self.YES_KEYS
        return [("enter", self._enter_word), *(self.COMPLETING_KEYS if self._names else self.KEYS)[1:]]

    def compose(self) -> ComposeResult:
        yield self._about
        with Horizontal():
            yield self._label
            yield self._entry
            yield self._yes_or_no

    def ask(
        self,
        question: str,
        answer: Callable[[str], None],
        *,
        text: str = "",
        keeps_text: bool = False,
        typed: Callable[[str], None] | None = None,
        enter_word: str = "keep",
        is_list: bool = False,
        is_filled: bool = False,
        about: str = "",
        is_word: bool = False,
    ) -> None:
        """Ask a question; `answer` is called with the typed text, unless it is left with esc, and `typed` after each letter.

        What is typed replaces the whole `text`, unless an arrow key was pressed before; with `keeps_text` it goes on there.
        `enter_word` says in the footer what enter does. With `is_list` there may be several answers with
        commas between them, and tab completes the last. With `is_filled` the text that is to be changed comes by `fill`:
        what is typed before goes behind it, and enter waits for it. `about` stands above the question, whole. With `is_word` the
        answer is a word that was asked for: what is typed after a wrong one takes its place.
        """
        self.asked_count += 1
        self._is_filling = is_filled
        self._enter_word = enter_word
        self._typed, self._text, self._names, self._completed = typed or _ignored, text, (), ""
        self._is_yes_or_no, self._is_list, self._is_word = False, is_list, is_word
        self._question = clean(question)
        self._about.show(clean(about, max_chars=_MOST_ABOUT))
        self._open(answer, text)
        if text and not keeps_text:
            self._entry.action_select_all()

    def ask_yes_or_no(self, question: str, then: Callable[[], None]) -> None:
        """Ask whether to go on with `then`: y or enter does, n or esc leaves it, and other keys are said to do neither.

        There is no text to type, and so no caret; the question ends with a question mark.
        """
        self.asked_count += 1
        self._is_yes_or_no = True
        self._yes_or_no.begin()
        self._is_filling = self._is_list = self._is_word = False
        self._typed, self._text, self._names, self._completed = _ignored, "", (), ""
        self._question = clean(question)
        self._about.show("")
        self._open(lambda _: then(), "")

    def _open(self, answer: Callable[[str], None], text: str) -> None:
        self._entry.set_class(self._is_yes_or_no, "hidden")
        self._yes_or_no.set_class(not self._is_yes_or_no, "hidden")
        self._show_question()
        self._answer = answer
        self._entry.value = text
        self._entry.cursor_position = len(text)
        self.remove_class("hidden")
        # What was said before is not about this.
        self.app.forget_old_notice()  # type: ignore[attr-defined]
        # Synchronously: the next keys are text, not commands.
        self.screen.set_focus(self._yes_or_no if self._is_yes_or_no else self._entry)
        self.post_message(self.Asked(self))

    def _show_question(self) -> None:
        """Show the question; what is short of room moves into the empty entry, or is cut, so that there is room to type."""
        width, question = self.screen.size.width, self._question
        asked, has_hint, hint = question.partition("  (")
        entry_cells = 1 if self._is_yes_or_no else ENTRY_CELLS
        is_short = bool(has_hint) and width - cell_len(question) - 2 < entry_cells
        label = asked if is_short else question
        if cell_len(label) + 2 > width - entry_cells:
            label = fit_middle(label, max(ENTRY_CELLS, width - entry_cells - 2)).rstrip()
        spans = [(f" {label} ", "accent")]
        self._entry.placeholder = f"({hint}" if is_short else ""
        self._label.styles.width = length_of(spans)
        self._label.show(spans)

    def on_resize(self) -> None:
        if self.is_open:
            self._show_question()

    def offer(self, names: Sequence[str], *, to: int, hint: str = "") -> None:
        """Let tab complete what is typed to one of these, and put a hint behind the question, if that is still asked."""
        if self.is_open and to == self.asked_count:
            self._names = names
            if hint:
                self._question = f"{self._question.partition('  (')[0]}  ({clean(hint)})"
                self._show_question()
            self.post_message(self.Asked(self))

    def fill(self, text: str, *, to: int) -> None:
        """Put the text that is to be changed before what was typed, if that question is still asked."""
        if to in self._ahead:
            typed, answer = self._ahead.pop(to)
            answer((text + typed).strip())
        elif self.is_open and to == self.asked_count and self._is_filling:
            self._is_filling, self._text = False, text
            self._entry.value = text + self._entry.value
            self._entry.cursor_position = len(self._entry.value)

    @property
    def is_open(self) -> bool:
        """Whether a question is asked."""
        return self._answer is not None

    def leave(self) -> bool:
        """Take the question back; false if there is none."""
        if self._answer is None:
            return False
        self._answered("", _ignored)
        return True

    def _answered(self, text: str, answer: Callable[[str], None]) -> None:
        """Give the answer; the focus goes back unless it leads to another question."""
        count, self._answer, self._is_filling = self.asked_count, None, False
        self.add_class("hidden")

        def again() -> None:
            is_wanted = not self.is_open and self.asked_count == count and self.screen.is_current
            if is_wanted and not self._is_yes_or_no:
                self._open(answer, text)
                if self._is_word:
                    self._entry.action_select_all()

        try:
            with acting_on_answer(again):
                answer(text)
        except UsageError as error:
            again()
            self.app.say(clean(f"{error.message} {error.remedy}".strip()), is_warning=True)  # type: ignore[attr-defined]
        if self._answer is None:
            self.post_message(self.Left())

    def on_key(self, event: events.Key) -> None:
        if event.key in ("tab", "shift+tab") and self._names:
            event.stop()
            event.prevent_default()
            self._complete(1 if event.key == "tab" else -1)

    def _complete(self, change: int) -> None:
        """Complete what is typed; a second time, to the next name that begins so."""
        before, value = "", self._entry.value
        if self._is_list:
            before, comma, value = value.rpartition(",")
            before += comma + value[: len(value) - len(value.lstrip())]
            value = value.lstrip()
        is_again = bool(self._completed) and value == self._completed
        if not is_again:
            self._begun = value
        names = [name for name in self._names if name.lower().startswith(self._begun.lower())]
        if not names:
            return
        place = names.index(value) + change if is_again and value in names else min(change, 0)
        self._completed = names[place % len(names)]
        self._entry.value = before + self._completed
        self._entry.cursor_position = len(self._entry.value)

    def on_descendant_blur(self) -> None:
        focused = self.screen.focused
        # Without any focus it is the terminal that has lost it, for a while.
        if focused is None or focused in (self._entry, self._yes_or_no) or not self.is_open:
            return
        typed = self._entry.value.strip()
        self.leave()
        # Words to find are no answer that could be lost.
        if typed and typed != self._text and self.id != FIND_ID:
            self.app.say(f"Left without an answer: {clean(typed, max_chars=60)} is not kept.")  # type: ignore[attr-defined]

    def on_input_changed(self, message: Input.Changed) -> None:
        message.stop()
        answer, text = self._answer, message.value.strip()
        if answer is None:
            return
        self._typed(text)

    def on_yes_or_no_answered(self, message: YesOrNo.Answered) -> None:
        message.stop()
        if self._answer is None or not self._is_yes_or_no:
            return
        # What is typed is often the whole word, and its other letters are no keys.
        self.app.swallow(message.rest)  # type: ignore[attr-defined]
        self._answered("", self._answer if message.is_yes else _ignored)

    def on_yes_or_no_misunderstood(self, message: YesOrNo.Misunderstood) -> None:
        message.stop()
        if self._answer is not None:
            self.app.say(NO_ANSWER)  # type: ignore[attr-defined]

    def on_input_submitted(self, message: Input.Submitted) -> None:
        message.stop()
        answer, typed = self._answer, message.value
        if answer is None:
            return
        if self._is_filling:
            self._ahead[self.asked_count] = typed, answer
            self._answered("", _ignored)
        else:
            self._answered(typed.strip(), answer)


def _ignored(text: str) -> None:
    """Do nothing with what is typed."""
