"""Choose one of many by typing parts of its name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from textual import events
from textual.app import ComposeResult
from textual.screen import ModalScreen
from textual.widgets import Input

from artui.query import fuzzy
from artui.safetext import clean
from artui.tui.cells import fit_apart
from artui.tui.keys import bindings
from artui.tui.widgets.bars import Bar
from artui.tui.widgets.entry import LineEntry
from artui.tui.widgets.lines import Line, LineList
from artui.units import count_text

if TYPE_CHECKING:
    from artui.tui.messages import LineChosen

_MAX_SHOWN = 2000


@dataclass(frozen=True, slots=True)
class Choice:
    """One line to choose from."""

    key: str
    text: str
    detail: str = ""


class TypedList(ModalScreen[Any]):
    """An entry, and a list that gets shorter as one types. Subclasses fill the list."""

    BINDINGS = bindings("pick")
    PLACEHOLDER = "type to find"

    def __init__(self) -> None:
        super().__init__()
        self.entry = LineEntry(placeholder=self.PLACEHOLDER)

    def compose(self) -> ComposeResult:
        yield Bar(id="pick-title")
        yield self.entry
        yield LineList(id="pick")
        yield Bar(fill="bar", id="pick-foot")

    @property
    def listing(self) -> LineList:
        """The list of choices."""
        return self.query_one("#pick", LineList)

    def on_mount(self) -> None:
        keys = (("enter", "choose"), ("↑↓", "move"), ("esc", "leave"))
        spans = [span for key, label in keys for span in ((f"{key} ", "bar.key"), (f"{label}   ", "bar"))]
        self.query_one("#pick-foot", Bar).show([(" ", "bar"), *spans])
        self.set_focus(self.entry)

    def typed(self) -> None:
        """Show what matches the typed text."""

    def choose(self) -> None:
        """Leave with the line under the cursor."""

    def move(self, change: int) -> None:
        """Move so many lines down, or up."""
        self.listing.move_to(self.listing.cursor + change)

    def on_input_changed(self, message: Input.Changed) -> None:
        message.stop()
        self.typed()

    def on_input_submitted(self, message: Input.Submitted) -> None:
        message.stop()
        self.choose()

    def on_key(self, event: events.Key) -> None:
        changes = {"down": 1, "up": -1, "pagedown": 10, "pageup": -10, "ctrl+n": 1, "ctrl+p": -1}
        if event.key in changes:
            event.stop()
            event.prevent_default()
            self.move(changes[event.key])

    def on_line_chosen(self, message: LineChosen) -> None:
        message.stop()
        self.choose()

    def action_choose(self) -> None:
        self.choose()

    def action_leave(self) -> None:
        self.dismiss(None)


class PickScreen(TypedList):
    """Gives the key of the choice; None if it was left with esc."""

    def __init__(self, title: str, choices: Sequence[Choice], *, current: str = "") -> None:
        super().__init__()
        self._title, self._choices, self._current = title, choices, current
        self._shown: Sequence[Choice] = choices

    def on_mount(self) -> None:
        self.typed()
        self.listing.move_to(next((i for i, choice in enumerate(self._shown) if choice.key == self._current), 0))

    def typed(self) -> None:
        """Show the choices that contain all words, or else those that have their letters in order."""
        words = self.entry.value.lower().split()
        self._shown = [
            choice
            for choice in self._choices
            if all(word in f"{choice.text} {choice.detail}".lower() for word in words)
        ][:_MAX_SHOWN]
        if not self._shown:
            self._shown = fuzzy.fitting(self._choices, words, lambda choice: choice.text)[:_MAX_SHOWN]
        more = self.more(self.entry.value.strip())
        self._shown = [*self._shown, *more][:_MAX_SHOWN]
        wide = max(16, min(60, max((len(choice.text) for choice in self._shown), default=0)))
        texts = fit_apart([clean(choice.text, max_chars=200) for choice in self._shown], wide)
        lines = [
            Line(
                [
                    (" ● " if choice.key == self._current else "   ", "accent"),
                    (text, "text"),
                    (f"  {clean(choice.detail, max_chars=200)}", "dim"),
                ]
            )
            for choice, text in zip(self._shown, texts, strict=True)
        ]
        self.listing.draws_cursor_always = bool(lines)
        self.listing.set_lines(lines or [Line([(f"   {self.nothing(self.entry.value.strip())}", "dim")])], keep=False)
        self.query_one("#pick-title", Bar).show(
            [(f" {clean(self._title)}", "title"), (f"   {count_text(len(self._shown))} of {count_text(len(self._choices) + len(more))}", "dim")]
        )  # fmt: skip

    def nothing(self, typed: str) -> str:
        """Say that there is no choice for what is typed."""
        return "nothing contains this"

    def more(self, typed: str) -> Sequence[Choice]:
        """Give choices that what is typed stands for by itself."""
        return ()

    def choose(self) -> None:
        """Leave with the key of the choice under the cursor."""
        place = self.listing.cursor
        if self._shown and place < len(self._shown):
            self.dismiss(self._shown[place].key)
