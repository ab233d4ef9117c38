"""What screens with a text share: its keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from artui.tui.screens.base import CatalogScreen
from artui.tui.widgets.bars import KeyBar

if TYPE_CHECKING:
    from artui.tui.widgets.find import TextPane
    from artui.tui.widgets.log import LogView


class LogScreen(CatalogScreen):
    """A screen with a `TextPane` as its child."""

    def __init__(self, pane: TextPane) -> None:
        super().__init__()
        self.pane = pane

    @property
    def log_view(self) -> LogView:
        """The text itself."""
        return self.pane.view

    @property
    def has_text(self) -> bool:
        """Whether the text is in sight."""
        return True

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("filter", "only", "find", "wrap", "sideways") and not self.has_text:
            return False
        return super().check_action(action, parameters)

    def action_filter(self) -> None:
        self.pane.type()

    def action_only(self) -> None:
        """Keep only lines that have a text."""
        self.pane.type(is_narrowing=True)

    def action_find(self, change: int) -> None:
        if self.log_view.needle:
            self.log_view.find(change)
        else:
            self.pane.type()

    def action_wrap(self) -> None:
        self.log_view.wrap()

    def action_sideways(self, change: int) -> None:
        self.log_view.sideways(change)

    def go_back(self) -> bool:
        """Leave the search; false if there is none."""
        return self.has_text and self.pane.leave()

    def is_searching(self) -> bool:
        """Whether there are words to go on searching for, in the text or in a list."""
        return bool(self.log_view.needle) if self.has_text else super().is_searching()

    def show_keys(self) -> None:
        """Show the keys of the screen, or of the search while the user types."""
        super().show_keys()
        if self.pane.is_typing:
            self.query_one(KeyBar).ask(self.pane.keys)

    def on_text_pane_typing(self, message: TextPane.Typing) -> None:
        message.stop()
        self.show_keys()

    def on_log_view_changed(self, message: LogView.Changed) -> None:
        message.stop()
        self.pane.show_state()
        self.show_text_state()

    def show_text_state(self) -> None:
        """Show how large the text is, and which part is in sight."""

    def watch_text(self, *, is_in_sight: bool = True) -> None:
        """Follow a live text while it is in sight."""
        self.log_view.is_watched = is_in_sight and self.has_text

    def on_screen_resume(self) -> None:
        self.watch_text()

    def on_screen_suspend(self) -> None:
        self.watch_text(is_in_sight=False)
