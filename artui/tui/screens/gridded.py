"""A table whose cells are in columns: the cursor goes sideways, too, rows are sorted by a column and filtered by conditions or words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from textual.app import ComposeResult

from artui.query.columns import sorted_places
from artui.safetext import clean
from artui.tui.cells import Span
from artui.tui.screens.base import CatalogScreen
from artui.tui.screens.filtering import Matching, matching_of
from artui.tui.state.history import ROWS
from artui.tui.widgets.bars import Bar, KeyBar
from artui.tui.widgets.filter import HintBar, QueryLine
from artui.tui.widgets.grid import Grid, text_of
from artui.tui.widgets.tablelines import Hidden
from artui.units import count_text, plural

_SAID_CHARS = 36
_EXAMPLE = "size > 100 and label ~ cat"


def no_rows_text(words: str, noun: str = "row") -> str:
    """Say why no row is shown, and what to do about it."""
    if not words:
        return f"This table has no {noun}s."
    shown = clean(words, max_chars=_SAID_CHARS)
    return f"No {noun} matches {shown}. esc clears the filter."


class GridScreen(CatalogScreen):
    """A screen with a `FilterLine`, a `Grid`, and a line about what is under the cursor. Subclasses fill the grid."""

    NOUN: ClassVar[str] = "row"
    """What a row of the table stands for."""

    _is_reversed = False

    def compose(self) -> ComposeResult:
        yield Bar(id="top")
        hint = HintBar(id="hint", classes="hidden")
        yield QueryLine(hint, example=_EXAMPLE, history_name=ROWS)
        yield hint
        yield Grid(id="grid")
        yield Bar(id="column-summary")
        yield KeyBar()

    @property
    def grid(self) -> Grid:
        """The table."""
        return self.query_one(Grid)

    @property
    def filter(self) -> QueryLine:
        """What must hold for a row to be shown."""
        return self.query_one(QueryLine)

    @property
    def compared(self) -> Sequence[Sequence[Any]]:
        """The columns as conditions are held against them."""
        return self.grid.columns

    def _by_name(self) -> Mapping[str, Sequence[Any]]:
        """The columns that conditions are about; of those that have one name, or none, others than the first are numbered."""
        columns: dict[str, Sequence[Any]] = {}
        for place, (name, cells) in enumerate(zip(self.grid.names, self.compared, strict=True), 1):
            columns[name if name and name not in columns else f"{name or 'column'} {place}"] = cells
        return columns

    def on_mount(self) -> None:
        self.show_place()
        self.say_below([("  reading…", "dim")])
        self.set_focus(self.grid)

    def say_below(self, spans: Sequence[Span]) -> None:
        """Show something in the line below the table."""
        self.query_one("#column-summary", Bar).show(list(spans))

    def fill(self, names: Sequence[str], columns: Sequence[Sequence[object]]) -> None:
        """Show a table from its start."""
        self.grid.note = no_rows_text("", self.NOUN)
        self.grid.show(names, columns)
        self.show_counts()
        self.say_of_cursor()

    def say_of_cursor(self) -> None:
        """Say below the table what is under the cursor."""

    def on_resize(self) -> None:
        self.show_counts()
        self.say_of_cursor()

    def on_grid_moved(self) -> None:
        self.show_counts()
        self.say_of_cursor()

    def show_counts(self) -> None:
        """Say how many rows the filter leaves, and which columns are out of sight."""
        grid = self.grid
        if not grid.names:
            return
        total = len(grid.columns[0]) if grid.columns else 0
        counts: list[Span] = []
        if self.filter.words:
            counts.append((f"{count_text(len(grid.places))} of {plural(total, self.NOUN)} · ", "accent"))
        counts.append((f"column {grid.column + 1} of {len(grid.columns)}", "dim"))
        if beyond := Hidden(*grid.hidden_columns).text:
            counts.append((f" · {beyond}", "dim"))
        self.filter.say([*counts, (" ", "dim")], most=max(20, self.size.width // 2))

    # Sorting and filtering

    def action_sideways(self, change: int) -> None:
        self.grid.go_to_column(self.grid.column + change)

    def action_end_column(self, side: int) -> None:
        self.grid.go_to_column(0 if side < 0 else len(self.grid.columns) - 1)

    def on_grid_sort_wanted(self) -> None:
        self.action_sort()

    def action_sort(self) -> None:
        grid = self.grid
        if grid.sorted_column == grid.column:
            # Up, down, and as in the file again.
            if self._is_reversed:
                grid.sorted_column = None
            self._is_reversed = not self._is_reversed
        else:
            grid.sorted_column, self._is_reversed = grid.column, False
        grid.sign = "↓" if self._is_reversed else "↑"
        self.ask_places()

    def ask_places(self, *, is_typing: bool = False) -> None:
        """Ask which rows are shown, and in which order.

        Args:
            is_typing: whether more of the filter may follow.
        """
        columns, column, is_reversed = self.grid.columns, self.grid.sorted_column, self._is_reversed
        if not columns:
            return
        words, by_name, every = self.filter.words, self._by_name(), range(len(columns[0]))

        def matching(text: str, _: list[str]) -> list[int]:
            from artui.query.rowfilter import matching_rows

            return matching_rows(text, by_name, text_of, shown=columns) if text else list(every)

        def read() -> Matching[int]:
            kept = matching_of(matching, words, every, thing=self.NOUN, is_typing=is_typing)
            if column is None:
                return kept
            shown = set(kept.things)
            ordered = sorted_places(columns[column], is_reversed=is_reversed)
            return kept._replace(things=[place for place in ordered if place in shown])

        self.ask("places", read, self._take_matching)

    def _take_matching(self, found: Matching[int]) -> None:
        self.filter.fault(found.error, found.notes)
        self.take_places(found.things)

    def take_places(self, places: Sequence[int]) -> None:
        """Show these rows."""
        self.grid.note = no_rows_text(self.filter.words, self.NOUN)
        if list(places) != list(self.grid.places):
            self.grid.set_places(places)
        self.show_counts()

    def action_keep_equal(self) -> None:
        """Keep the rows that have the value under the cursor in its column, of those that are shown."""
        from artui.query.rowfilter import condition_of

        grid = self.grid
        if not grid.columns or not grid.places:
            return
        name, cells = list(self._by_name().items())[grid.column]
        condition, words = condition_of(name, cells[grid.places[grid.row]]), self.filter.words
        if words == condition or words.endswith(f" and {condition}"):
            self.artui.say("The rows that are shown have this value.")
            return
        self.filter.set_text(f"({words}) and {condition}" if " or " in words and not words.startswith("(") else f"{words} and {condition}" if words else condition)  # fmt: skip

    def on_query_line_wanted(self, message: QueryLine.Wanted) -> None:
        from artui.query.rowfilter import offers_of_columns

        text, cursor, by_name = message.text, message.cursor, self._by_name()
        self.ask(
            "completions",
            lambda: offers_of_columns(text, cursor, by_name),
            lambda offered: self.filter.offer(text, offered),
        )

    def action_filter(self) -> None:
        self.filter.type()

    def on_filter_line_changed(self) -> None:
        self.ask_places(is_typing=self.filter.is_typing)

    def on_filter_line_entered(self) -> None:
        self.query_one(KeyBar).ask(QueryLine.KEYS)

    def on_filter_line_left(self) -> None:
        self.set_focus(self.grid)
        self.show_keys()
        # What was half typed is now meant as it stands.
        self.ask_places()

    def go_back(self) -> bool:
        """Clear the filter; false if it is empty."""
        return self.filter.clear()

    def action_copy(self) -> None:
        if self.grid.cell is not None:
            self.artui.copy_text(text_of(self.grid.cell))
