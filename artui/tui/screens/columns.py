"""Which columns the table of runs has, and in which order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from textual.app import ComposeResult

from artui.query import fuzzy
from artui.query.runs.columns import aggregate_ranges
from artui.query.runs.export import header_of
from artui.safetext import clean
from artui.tui.keys import bindings
from artui.tui.screens.filtered import FilteredList
from artui.tui.widgets.bars import Bar, KeyBar
from artui.tui.widgets.filter import FilterLine
from artui.tui.widgets.lines import Line, LineList
from artui.units import number_text, plural

if TYPE_CHECKING:
    from artui.model import Column
    from artui.tui.cells import Span


class Choice(Protocol):
    """Where the columns are that are chosen."""

    def change(self, ids: Sequence[str] | None) -> list[str]:
        """Show these columns, or those that artui chooses; give the ids of all that are shown now."""

    def take_back(self) -> bool:
        """Show the columns that were there before the last choice; false if there is none to be taken back."""

    def shown(self) -> list[str]:
        """Give the ids of the columns that are shown."""


class ColumnsScreen(FilteredList):
    """Every possible column; those that are shown come first, in their order."""

    SCOPES = ("columns", "list", "app")
    PLACE = 1
    BINDINGS = bindings("columns")

    def __init__(self, columns: Sequence[Column], choice: Choice) -> None:
        super().__init__()
        self._columns = {column.id: column for column in columns}
        self._choice = choice
        self._shown = self._known(choice.shown())
        self._listed: list[str] = []
        self._ranges: Mapping[str, tuple[float, float]] = {}
        """Of aggregates, by column id."""

    def compose(self) -> ComposeResult:
        yield Bar(id="top")
        yield FilterLine()
        yield LineList(id="columns")
        yield KeyBar()

    def on_mount(self) -> None:
        self.show_place()
        self.draw_listing()
        self.set_focus(self.listing)

    def load(self) -> None:
        """Ask for the ranges that the table does not need."""
        self.ask("ranges", lambda: aggregate_ranges(self.reader), self._take_ranges)

    def _take_ranges(self, ranges: Mapping[str, tuple[float, float]]) -> None:
        self._ranges = ranges
        self.draw_listing()

    @property
    def listing(self) -> LineList:
        """The list of columns."""
        return self.query_one("#columns", LineList)

    def title_spans(self) -> list[Span]:
        """Give the title."""
        return [("columns", "title")]

    def draw_listing(self) -> None:
        """Show the columns that contain all words of the filter, or else those that have their letters in order."""
        words = self.filter.words.casefold().split()
        ordered = [*self._shown, *(column_id for column_id in self._columns if column_id not in self._shown)]
        self._listed = [
            column_id
            for column_id in ordered
            if all(word in header_of(self._columns[column_id]).casefold() for word in words)
        ]
        if not self._listed:
            self._listed = fuzzy.fitting(ordered, words, lambda column_id: header_of(self._columns[column_id]))
        lines = [self._line(column_id) for column_id in self._listed]
        self.listing.set_lines(lines or [Line([("  no column is called so", "dim")])], keep=True)
        self.filter.say([(f"{plural(len(self._shown), 'column')} shown of {len(self._columns)}", "dim")], most=40)

    def _line(self, column_id: str) -> Line:
        column = self._columns[column_id]
        is_shown = column_id in self._shown
        name = clean(header_of(column), max_chars=60)
        values = ""
        low, high = self._ranges.get(column_id, (column.low, column.high))
        if low is not None and high is not None:
            values = range_text(low, high)
        return Line(
            [
                (f" {self._shown.index(column_id) + 1:>3} " if is_shown else "     ", "accent"),
                ("● " if is_shown else "○ ", "accent" if is_shown else "faint"),
                (name.ljust(44), "text" if is_shown else "dim"),
                (values, "faint"),
            ]
        )

    @property
    def _current(self) -> str | None:
        index = self.listing.cursor
        return self._listed[index] if 0 <= index < len(self._listed) else None

    def action_show_or_hide(self) -> None:
        current = self._current
        if current is None:
            return
        if current in self._shown:
            self._shown.remove(current)
        else:
            self._shown.append(current)
        self._keep(follow=False)

    def action_shift(self, change: int) -> None:
        current = self._current
        if current not in self._shown:
            return
        place = self._shown.index(current)
        target = max(0, min(place + change, len(self._shown) - 1))
        self._shown.insert(target, self._shown.pop(place))
        self._keep(follow=True)

    def _keep(self, *, follow: bool) -> None:
        current = self._current
        self._choice.change(tuple(self._shown))
        self.draw_listing()
        if follow and current in self._listed:
            self.listing.move_to(self._listed.index(current))
        elif not follow:
            self.listing.action_move(1)

    def _known(self, ids: Sequence[str]) -> list[str]:
        return [column_id for column_id in ids if column_id in self._columns]

    def action_automatic(self) -> None:
        """Leave the choice to artui; the list stays, to show what that is and to take it back."""
        self._shown = self._known(self._choice.change(None))
        self.draw_listing()
        self.listing.move_to(0)
        self.artui.say("artui chooses the columns again, those that vary · u takes that back")

    def action_undo(self) -> None:
        """Take the last choice back."""
        current = self._current
        if not self._choice.take_back():
            self.artui.say("There is no choice of columns to take back.")
            return
        self._shown = self._known(self._choice.shown())
        self.draw_listing()
        if current in self._listed:
            self.listing.move_to(self._listed.index(current))
        self.artui.say(f"taken back · {plural(len(self._shown), 'column')} shown")

    def action_done(self) -> None:
        self.artui.pop_screen()


def range_text(low: float, high: float) -> str:
    """Show from where to where numbers go; of a single one, that."""
    return number_text(low) if low == high else f"{number_text(low)} … {number_text(high)}"
