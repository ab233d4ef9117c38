"""A table whose cells are in columns: the cursor goes sideways, too, rows are sorted by a column and filtered by words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult

from artui.query.columns import holding, sorted_places
from artui.safetext import clean
from artui.tui.cells import Span
from artui.tui.screens.base import CatalogScreen
from artui.tui.widgets.bars import Bar, KeyBar
from artui.tui.widgets.filter import FilterLine
from artui.tui.widgets.grid import Grid, text_of
from artui.tui.widgets.tablelines import Hidden
from artui.units import count_text, plural

_CONDITION = re.compile(r"[=<>~]|\b(and|or|not)\b")
"""What stands in filters of runs and artifacts, and is a word here like all else."""
_SAID_CHARS = 36


def no_rows_text(words: str, noun: str = "row") -> str:
    """Say why no row is shown, and what to do about it."""
    if not words:
        return f"This table has no {noun}s."
    if _CONDITION.search(words):
        return f"No {noun} has these: this filter takes words, no conditions. esc clears it."
    shown = clean(words, max_chars=_SAID_CHARS)
    which = f'"{shown}"' if len(words.split()) == 1 else f'all of "{shown}"'
    return f"No {noun} has {which}. esc clears the filter."


class GridScreen(CatalogScreen):
    """A screen with a `FilterLine`, a `Grid`, and a line about what is under the cursor. Subclasses fill the grid."""

    NOUN: ClassVar[str] = "row"
    """What a row of the table stands for."""

    _is_reversed = False

    def compose(self) -> ComposeResult:
        yield Bar(id="top")
        yield FilterLine()
        yield Grid(id="grid")
        yield Bar(id="column-summary")
        yield KeyBar()

    @property
    def grid(self) -> Grid:
        """The table."""
        return self.query_one(Grid)

    @property
    def filter(self) -> FilterLine:
        """The words that rows must hold."""
        return self.query_one(FilterLine)

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

    def ask_places(self) -> None:
        """Ask which rows are shown, and in which order."""
        columns, column, is_reversed = self.grid.columns, self.grid.sorted_column, self._is_reversed
        if not columns:
            return
        words = self.filter.words.split()

        def read() -> Sequence[int]:
            places: Sequence[int] = range(len(columns[0]))
            if column is not None:
                places = sorted_places(columns[column], is_reversed=is_reversed)
            if words:
                matching = set(holding(columns, words, text_of))
                places = [place for place in places if place in matching]
            return places

        self.ask("places", read, self.take_places)

    def take_places(self, places: Sequence[int]) -> None:
        """Show these rows."""
        self.grid.note = no_rows_text(self.filter.words, self.NOUN)
        self.grid.set_places(places)
        self.show_counts()

    def action_filter(self) -> None:
        self.filter.type()

    def on_filter_line_changed(self) -> None:
        self.ask_places()

    def on_filter_line_entered(self) -> None:
        self.query_one(KeyBar).ask(FilterLine.KEYS)

    def on_filter_line_left(self) -> None:
        self.set_focus(self.grid)
        self.show_keys()

    def go_back(self) -> bool:
        """Clear the filter; false if it is empty."""
        return self.filter.clear()

    def action_copy(self) -> None:
        if self.grid.cell is not None:
            self.artui.copy_text(text_of(self.grid.cell))
