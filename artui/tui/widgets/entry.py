"""One line that takes text: what does not fit is scrolled out of sight, and an ellipsis says at which end."""

from __future__ import annotations

from typing import ClassVar, Self

from rich.cells import cell_len
from rich.segment import Segment
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Input


class TakesText:
    """What letters are typed into: none of them is a key of the screen."""


class LineEntry(TakesText, Input):
    """An entry of one line. While it has the focus its cursor is in sight; without it, its beginning.

    Tab never leads out of it: what tab does otherwise is said by the widget that it is in.
    """

    DEFAULT_CSS = "LineEntry.plain > .input--selection { text-style: reverse; }"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("tab,shift+tab", "stay", show=False)]

    def __init__(self, *, placeholder: str = "", id: str | None = None) -> None:
        super().__init__(placeholder=placeholder, id=id, compact=True, select_on_focus=False)
        # A blinking cursor would send bytes all the time.
        self.cursor_blink = False

    def render_line(self, y: int) -> Strip:
        strip, width = super().render_line(y), self.scrollable_content_region.width
        start, cells = int(self.scroll_offset.x), cell_len(self.value)
        cursor = self._cursor_offset if self.has_focus else -1
        if start > 0 and cursor != start:
            strip = Strip.join([_ellipsis(strip, 0), strip.crop(1)])
        # The cursor behind the text takes a cell too.
        if start + width < cells + (cursor == cells) and cursor != start + width - 1:
            strip = Strip.join([strip.crop(0, width - 1), _ellipsis(strip, width - 1)])
        return strip

    def blur(self) -> Self:
        """Give the focus away, unless it is in sight: that it was hidden is only noticed later, when the next question may have been asked in it."""
        is_hidden = any(isinstance(node, Widget) and node.has_class("hidden") for node in self.ancestors_with_self)
        return super().blur() if is_hidden else self

    def action_stay(self) -> None:
        """Do nothing: the key is neither a letter nor a way out."""

    def on_mount(self) -> None:
        # What the next letter replaces is seen without colours, too.
        self.set_class(self.app.no_color, "plain")

    def on_focus(self) -> None:
        self._bring_in_sight(self._cursor_offset)

    def on_blur(self) -> None:
        self._bring_in_sight(0)

    def on_resize(self) -> None:
        self._bring_in_sight(self._cursor_offset if self.has_focus else 0)

    def _bring_in_sight(self, place: int) -> None:
        self.scroll_to_region(Region(place, 0, width=1, height=1), force=True, animate=False)
        self.refresh()


def _ellipsis(strip: Strip, cell: int) -> Strip:
    """Draw the sign for cut text as that cell of a line is drawn."""
    segment = next(iter(strip.crop(cell, cell + 1)), Segment(" "))
    return Strip([Segment("…", segment.style)], 1)
