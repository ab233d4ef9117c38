"""What the parts of the screen of runs may ask of it. The screen holds them, and they see only this of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from artui.model import Column, RunRow
    from artui.query.reader import Reader
    from artui.tui.host import Host
    from artui.tui.screens.runs.state import RunsState
    from artui.tui.widgets.filter import QueryLine
    from artui.tui.widgets.prompt import Prompt
    from artui.tui.widgets.runstable import RunsTable

T = TypeVar("T")


class RunsHost(Protocol):
    """The screen of runs, as its parts see it."""

    state: RunsState

    @property
    def artui(self) -> Host:
        """The app."""

    @property
    def reader(self) -> Reader:
        """The open catalog."""

    @property
    def table(self) -> RunsTable:
        """The table, for what is under its cursor."""

    @property
    def is_current(self) -> bool:
        """Whether no other screen lies over it."""

    @property
    def filter(self) -> QueryLine:
        """The line of the filter, for its text and its error."""

    @property
    def prompt(self) -> Prompt:
        """The question at the bottom."""

    def put_rows(self, rows: Mapping[int, RunRow]) -> None:
        """Show rows that were read."""

    def show(self, state: RunsState, *, to_first: bool = False) -> None:
        """Take a new state."""

    def ask(self, topic: str, question: Callable[[], T], answer: Callable[[T], None]) -> None:
        """Ask the catalog in the background; `answer` is called with the result."""

    def shown_columns(self) -> list[Column]:
        """Give the columns that are shown after the name."""

    def show_keys(self) -> None:
        """Show the keys of the screen in the footer."""

    def show_menu(self, scope: str) -> None:
        """Show the keys of a menu in the footer."""

    def end_menu(self) -> None:
        """Show the keys of the screen there again."""

    def post_message(self, message: Any) -> bool:
        """Post a message to the app."""
