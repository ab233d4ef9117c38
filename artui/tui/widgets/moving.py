"""Moving through lines by keys and the wheel, alike in the table of runs, in lists and in texts."""

from __future__ import annotations

from textual import events
from textual.widget import Widget

WHEEL_LINES = 3


class MovesByLines(Widget):
    """A widget of lines. Subclasses define a step, and the jumps to both ends."""

    @property
    def page_rows(self) -> int:
        """How many lines a page moves: all but one of those in sight."""
        return max(1, self.size.height - 1)

    def step(self, change: int) -> None:
        """Move so many lines down, or up."""
        raise NotImplementedError

    def action_move(self, change: int) -> None:
        self.step(change)

    def action_page(self, change: int) -> None:
        self.step(change * self.page_rows)

    def action_half_page(self, change: int) -> None:
        self.step(change * max(1, (self.page_rows + 1) // 2))

    def wheel(self, change: int) -> None:
        """Do what the wheel of the mouse does: move by so many lines."""
        self.step(change)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._turn(event, WHEEL_LINES)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._turn(event, -WHEEL_LINES)

    def _turn(self, event: events.MouseEvent, change: int) -> None:
        event.stop()
        # Textual would scroll once more.
        event.prevent_default()
        self.wheel(change)
