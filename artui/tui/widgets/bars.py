"""The line at the top that says what is shown, and the line at the bottom with the keys."""

from __future__ import annotations

from textual.strip import Strip
from textual.widget import Widget

from artui.tui.cells import Span, Spans, length_of, strip_of


class Bar(Widget):
    """One line with a left and a right part; the left one is cut if there is too little room."""

    DEFAULT_CSS = "Bar { height: 1; width: 1fr; }"

    def __init__(self, *, fill: str = "text", id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._left: Spans = ()
        self._right: Spans = ()
        self._fill = fill

    def show(self, left: Spans, right: Spans = ()) -> None:
        """Show other parts."""
        if (tuple(left), tuple(right)) != (tuple(self._left), tuple(self._right)):
            self._left, self._right = tuple(left), tuple(right)
            self.refresh()

    def render_line(self, y: int) -> Strip:
        palette = self.app.palette  # type: ignore[attr-defined]
        width = self.size.width
        right = length_of(self._right)
        if right + 8 > width:
            return strip_of(self._left, width, palette, fill=self._fill)
        left = strip_of(self._left, width - right, palette, fill=self._fill)
        return Strip.join([left, strip_of(self._right, right, palette, fill=self._fill)])


class KeyBar(Bar):
    """The most useful keys of the moment, as many as fit."""

    def __init__(self) -> None:
        super().__init__(fill="bar", classes="keybar")
        self._pairs: list[tuple[str, str]] = []
        self._notice: Spans = ()

    def show_keys(self, pairs: list[tuple[str, str]]) -> None:
        """Show other (key, label) pairs."""
        self._pairs = pairs
        self._draw()

    def show_notice(self, notice: Spans) -> None:
        """Show a notice instead of the keys; `()` shows the keys again."""
        self._notice = tuple(notice)
        self._draw()

    def on_resize(self) -> None:
        self._draw()

    def _draw(self) -> None:
        right: list[Span] = [("? ", "bar.key"), ("all keys ", "bar")]
        if self._notice:
            self.show([(" ", "bar"), *self._notice], right)
            return
        note = self.app.place_note  # type: ignore[attr-defined]
        if note and self.size.width >= 100:
            right.insert(0, (f"{note}   ", "bar"))
        spans: list[Span] = [(" ", "bar")]
        room = self.size.width - length_of(right) - 1
        for key, label in self._pairs:
            part: list[Span] = [(f"{key} ", "bar.key"), (f"{label}   ", "bar")]
            if length_of(spans) + length_of(part) > room:
                break
            spans += part
        self.show(spans, right)
