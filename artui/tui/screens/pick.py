"""Choose one of many by typing parts of its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
    from artui.tui.messages import LineChosen, LineMoved

_MAX_SHOWN = 2000
_ASKED_AT_ONCE = 8
"""So many choices are looked at before the next ones are chosen: those that are in sight by then."""
Look = Callable[[Sequence[str], Callable[[Mapping[str, str]], None]], None]
"""Asks what there is to say of choices, by their keys, and gives the texts to its second argument later."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One line to choose from."""

    key: str
    text: str
    detail: str = ""
    words: str = ""
    """Other words by which it is found."""


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

    def __init__(self, title: str, choices: Sequence[Choice], *, current: str = "", look: Look | None = None) -> None:
        """Take what there is to choose from.

        Args:
            title: of the list.
            choices: all of them.
            current: the key of the one that is in force.
            look: asks for what is said of those in sight that have no detail.
        """
        super().__init__()
        self._title, self._choices, self._current, self._look = title, choices, current, look
        self._shown: Sequence[Choice] = choices
        self._details: dict[str, str] = {choice.key: choice.detail for choice in choices if choice.detail}
        self._is_looking = False

    def on_mount(self) -> None:
        self.typed()
        self.listing.move_to(next((i for i, choice in enumerate(self._shown) if choice.key == self._current), 0))

    def typed(self) -> None:
        """Show the choices that contain all words, or else those that have their letters in order."""
        words = self.entry.value.lower().split()
        self._shown = [
            choice
            for choice in self._choices
            if all(word in f"{choice.text} {choice.detail} {choice.words}".lower() for word in words)
        ][:_MAX_SHOWN]
        if not self._shown:
            self._shown = fuzzy.fitting(self._choices, words, lambda choice: choice.text)[:_MAX_SHOWN]
        more = self.more(self.entry.value.strip())
        self._shown = [*self._shown, *more][:_MAX_SHOWN]
        self._draw(keeps_cursor=False)
        self.query_one("#pick-title", Bar).show(
            [(f" {clean(self._title)}", "title"), (f"   {count_text(len(self._shown))} of {count_text(len(self._choices) + len(more))}", "dim")]
        )  # fmt: skip

    def _draw(self, *, keeps_cursor: bool) -> None:
        wide = max(16, min(60, max((len(choice.text) for choice in self._shown), default=0)))
        texts = fit_apart([clean(choice.text, max_chars=200) for choice in self._shown], wide)
        lines = [
            Line(
                [
                    (" ● " if choice.key == self._current else "   ", "accent"),
                    (text, "text"),
                    (f"  {clean(self._details.get(choice.key, choice.detail), max_chars=200)}", "dim"),
                ]
            )
            for choice, text in zip(self._shown, texts, strict=True)
        ]
        self.listing.draws_cursor_always = bool(lines)
        nothing = Line([(f"   {self.nothing(self.entry.value.strip())}", "dim")])
        self.listing.set_lines(lines or [nothing], keep=keeps_cursor)
        self.call_after_refresh(self._ask_details)

    def on_line_moved(self, message: LineMoved) -> None:
        message.stop()
        self._ask_details()

    def _ask_details(self) -> None:
        """Ask what there is to say of the choices in sight, unless it is known."""
        if self._look is None or self._is_looking or not self.is_attached:
            return
        top = max(0, int(self.listing.scroll_offset.y))
        in_sight = self._shown[top : top + max(1, self.listing.size.height)]
        wanted = [choice.key for choice in in_sight if choice.key not in self._details][:_ASKED_AT_ONCE]
        if wanted:
            self._is_looking = True
            self._look(wanted, self._take_details)

    def _take_details(self, found: Mapping[str, str]) -> None:
        self._is_looking = False
        self._details.update(found)
        if self.is_attached:
            self._draw(keeps_cursor=True)

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
