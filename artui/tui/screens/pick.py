"""Choose one of many by typing parts of its name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual import events
from textual.app import ComposeResult
from textual.screen import ModalScreen
from textual.widgets import Input

from artui.safetext import clean
from artui.tui.cells import fit
from artui.tui.keys import bindings
from artui.tui.messages import LineChosen
from artui.tui.widgets.bars import Bar
from artui.tui.widgets.lines import Line, LineList
from artui.units import count_text

_MAX_SHOWN = 2000


@dataclass(frozen=True, slots=True)
class Choice:
    """One line to choose."""

    key: str
    text: str
    detail: str = ""


class PickScreen(ModalScreen[str | None]):
    """Gives the key of what was chosen; None if esc left it."""

    BINDINGS = bindings("pick")
    DEFAULT_CSS = "PickScreen #pick-line { height: 1; } PickScreen Input { width: 1fr; }"

    def __init__(self, title: str, choices: Sequence[Choice], *, current: str = "") -> None:
        super().__init__()
        self._title, self._choices, self._current = title, choices, current
        self._shown: Sequence[Choice] = choices
        self._entry = Input(placeholder="type to find", compact=True, select_on_focus=False)
        # A blinking cursor would send bytes for ever.
        self._entry.cursor_blink = False

    def compose(self) -> ComposeResult:
        yield Bar(id="pick-title")
        yield self._entry
        yield LineList(id="pick")
        yield Bar(fill="bar", id="pick-foot")

    @property
    def _listing(self) -> LineList:
        return self.query_one("#pick", LineList)

    def on_mount(self) -> None:
        self._draw()
        place = next((i for i, choice in enumerate(self._shown) if choice.key == self._current), 0)
        self._listing.move_to(place)
        keys = (("enter", "choose"), ("↑↓", "move"), ("esc", "leave"))
        self.query_one("#pick-foot", Bar).show(
            [(" ", "bar"), *(span for key, label in keys for span in ((f"{key} ", "bar.key"), (f"{label}   ", "bar")))]
        )
        self.set_focus(self._entry)

    def _draw(self) -> None:
        words = self._entry.value.lower().split()
        self._shown = [
            choice
            for choice in self._choices
            if all(word in f"{choice.text} {choice.detail}".lower() for word in words)
        ][:_MAX_SHOWN]
        wide = max(16, min(60, max((len(choice.text) for choice in self._shown), default=0)))
        lines = [
            Line(
                [
                    (" ● " if choice.key == self._current else "   ", "accent"),
                    (fit(clean(choice.text, max_chars=200), wide), "text"),
                    (f"  {clean(choice.detail, max_chars=200)}", "dim"),
                ]
            )
            for choice in self._shown
        ]
        self._listing.draws_cursor_always = bool(lines)
        self._listing.set_lines(lines or [Line([("   nothing contains this", "dim")])], keep=False)
        self.query_one("#pick-title", Bar).show(
            [(f" {clean(self._title)}", "title"), (f"   {count_text(len(self._shown))} of {count_text(len(self._choices))}", "dim")]
        )  # fmt: skip

    def on_input_changed(self, message: Input.Changed) -> None:
        message.stop()
        self._draw()

    def on_input_submitted(self, message: Input.Submitted) -> None:
        message.stop()
        self.action_choose()

    def on_key(self, event: events.Key) -> None:
        changes = {"down": 1, "up": -1, "pagedown": 10, "pageup": -10, "ctrl+n": 1, "ctrl+p": -1}
        if event.key in changes:
            event.stop()
            event.prevent_default()
            self._listing.move_to(self._listing.cursor + changes[event.key])

    def on_line_chosen(self, message: LineChosen) -> None:
        message.stop()
        self.action_choose()

    def action_choose(self) -> None:
        place = self._listing.cursor
        if self._shown and place < len(self._shown):
            self.dismiss(self._shown[place].key)

    def action_leave(self) -> None:
        self.dismiss(None)
