"""A table of an artifact as rows and columns: walked, sorted, searched, and each column summed up."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from textual.app import ComposeResult

from artui.errors import ArtuiError
from artui.query import artifacts as query
from artui.query.columns import holding, sorted_places, spread, summed_up
from artui.query.opened import open_content
from artui.query.tablereading import READS, read_beginning
from artui.safetext import cells_of, clean
from artui.tui.cells import length_of
from artui.tui.keys import bindings
from artui.tui.screens.onefile import OneFile
from artui.tui.widgets.bars import Bar, KeyBar
from artui.tui.widgets.filter import FilterLine
from artui.tui.widgets.grid import Grid, text_of
from artui.tui.widgets.tablelines import Hidden
from artui.units import count_text, number_text, plural

if TYPE_CHECKING:
    from artui.query.columns import ColumnSummary
    from artui.query.pictures import TablePicture
    from artui.query.reader import Reader
    from artui.query.runs.statistics import Description
    from artui.tui.cells import Span

_CONDITION = re.compile(r"[=<>~]|\b(and|or|not)\b")
"""What stands in filters of runs and artifacts, and is a word here like all else."""
_SAID_CHARS = 36
MAX_ROWS = 50_000
"""Of a longer table so many rows are read."""


class Content(NamedTuple):
    """What a file holds as a table."""

    names: Sequence[str]
    columns: Sequence[Sequence[Any]]
    is_cut: bool = False
    """Whether there are more rows."""
    left_out_columns: int = 0
    note: str = ""
    """Why this is only what was seen of the file when it was saved."""

    def column_text(self, place: int) -> str:
        """Say which column one is, and of what part of the file."""
        count = len(self.columns) + self.left_out_columns
        part = f" · {clean(self.note)}" if self.note else " · of the first rows" if self.is_cut else ""
        return f"column {place + 1} of {count}{part}"


def is_table(path: str) -> bool:
    """Say whether a file is a table, by its name."""
    _, dot, ending = path.lower().removesuffix(".gz").rpartition(".")
    return bool(dot) and ending in READS


def no_rows_text(words: str) -> str:
    """Say why no row is shown, and what to do about it."""
    if not words:
        return "This table has no rows."
    if _CONDITION.search(words):
        return "No row has these: this filter takes words, no conditions. esc clears it."
    shown = clean(words, max_chars=_SAID_CHARS)
    which = f'"{shown}"' if len(words.split()) == 1 else f'all of "{shown}"'
    return f"No row has {which}. esc clears the filter."


def read_rows(reader: Reader, version_key: int, path: str) -> Content | None:
    """Read a table, or what was seen of it when it was saved; None if it is no table."""
    try:
        begun = read_beginning(lambda: open_content(reader, version_key, path), path, MAX_ROWS)
    except ArtuiError as error:
        captured = query.previews(reader, version_key).get(path)
        if captured is None or captured.table is None:
            return None
        columns = [list(cells) for cells in zip(*captured.table.rows, strict=True)]
        return Content(captured.table.columns, columns or [[] for _ in captured.table.columns], note=str(error))
    columns = list(begun.table.columns().values())
    return Content(begun.table.names, columns, begun.has_more_rows, begun.left_out_columns)


class RowsScreen(OneFile):
    """Shows a file that is a table."""

    SCOPES: ClassVar[tuple[str, ...]] = ("rows", "file", "list", "app")
    BINDINGS = [*bindings("rows"), *bindings("file")]

    def __init__(self, version_key: int, path: str, words: Sequence[str] = ()) -> None:
        super().__init__(version_key, path, words)
        self._content: Content | None = None
        self._summaries: dict[int, ColumnSummary] = {}
        """Of the columns that were looked at; a version never changes."""
        self._is_reversed = False

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
        self.query_one("#column-summary", Bar).show([("  reading…", "dim")])
        self.set_focus(self.grid)

    def load(self) -> None:
        """Ask for the table, once: a version never changes."""
        if self._content is None:
            self.ask("rows", self._read, self._take)

    def _read(self) -> Content | None:
        return read_rows(self.reader, self.version_key, self.path)

    def _take(self, content: Content | None) -> None:
        if content is None:
            self._as_text()
            return
        self._content = content
        self.grid.note = no_rows_text("")
        self.grid.show(content.names, content.columns)
        self._show_counts()
        self._ask_summary()
        self.show_place()

    def _as_text(self) -> None:
        from artui.tui.screens.text import TextScreen

        self.app.switch_screen(TextScreen(self.version_key, self.path, self.words))

    def _read_picture(self) -> TablePicture | None:
        from artui.query.pictures import read_picture

        return read_picture(self.reader, self.version_key, self.path)

    def title_spans(self) -> list[Span]:
        """Give the path, and how large the table is."""
        spans: list[Span] = [(clean(self.path, max_chars=120), "title")]
        content = self._content
        if content is not None:
            rows = len(content.columns[0]) if content.columns else 0
            first = "the first " if content.is_cut else ""
            spans.append((f"  {first}{plural(rows, 'row')} × {plural(len(content.columns), 'column')}", "dim"))
            if content.left_out_columns:
                spans.append((f"  {plural(content.left_out_columns, 'column')} more are not shown", "warn"))
            if content.columns and any(
                list(content.names) == [str(number) for number in range(first, first + len(content.names))]
                for first in (0, 1)
            ):
                spans.append(("  no header: columns are numbered", "faint"))
            if content.note:
                spans.append((f"  {clean(content.note)}", "warn"))
        return spans

    # The column under the cursor

    def on_resize(self) -> None:
        self._show_counts()
        self._ask_summary()

    def on_grid_moved(self) -> None:
        self._show_counts()
        self._ask_summary()

    def _ask_summary(self) -> None:
        content, column = self._content, self.grid.column
        if content is None or not content.columns:
            return
        if (summary := self._summaries.get(column)) is not None:
            self._show_summary(column, summary)
            return
        places, cells = self.grid.places, content.columns[column]
        if len(places) < len(cells):
            # Of what is shown.
            cells = [cells[place] for place in places]
        self.ask("summary", lambda: summed_up(cells), lambda summary: self._show_summary(column, summary))

    def _show_summary(self, column: int, summary: ColumnSummary) -> None:
        self._summaries[column] = summary
        if self._content is None or column != self.grid.column:
            return
        spans: list[Span] = [
            (f"  {clean(self._content.names[column]) or str(column + 1)}", "title"),
            (f"  {summary.kind}", "dim"),
        ]
        # What tells most comes first: a narrow screen cuts the end.
        parts = []
        if summary.distinct == 1 and summary.common:
            parts.append(f"always {text_of(summary.common[0][0])}")
        elif summary.low is not None and summary.high is not None and summary.mean is not None:
            parts.append(f"{number_text(summary.low)} to {number_text(summary.high)}")
            parts.append(f"median {number_text(summary.middle or 0.0)}")
            deviation = f" ± {number_text(summary.deviation)}" if summary.deviation is not None else ""
            parts.append(f"mean {number_text(summary.mean)}{deviation}")
        elif summary.common:
            named = ", ".join(f"{text_of(value)[:24]} ×{count_text(count)}" for value, count in summary.common)
            parts.append(f"most often {named}")
        if summary.odd:
            parts.append(f"{count_text(summary.odd)} NaN or ∞")
        if summary.missing:
            parts.append(f"{count_text(summary.missing)} missing")
        if summary.distinct > 1:
            parts.append(f"{count_text(summary.distinct)} distinct")
        parts.append(plural(summary.count, "value"))
        # A number is never cut: what does not fit is left out.
        room = self.size.width - length_of(spans) - 2
        while len(parts) > 1 and cells_of(" · ".join(parts)) > room:
            parts.pop()
        spans.append(("  " + " · ".join(parts), "text"))
        self.query_one("#column-summary", Bar).show(spans)

    def _show_counts(self) -> None:
        content, grid = self._content, self.grid
        if content is None:
            return
        total = len(content.columns[0]) if content.columns else 0
        counts: list[Span] = []
        if self.filter.words:
            counts.append((f"{count_text(len(grid.places))} of {plural(total, 'row')} · ", "accent"))
        left, right = grid.hidden_columns
        counts.append((f"column {grid.column + 1} of {len(content.columns)}", "dim"))
        if beyond := Hidden(left, right).text:
            counts.append((f" · {beyond}", "dim"))
        self.filter.say([*counts, (" ", "dim")], most=max(20, self.size.width // 2))

    # Sorting and searching

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
        self._ask_places()

    def _ask_places(self) -> None:
        content, column, is_reversed = self._content, self.grid.sorted_column, self._is_reversed
        if content is None or not content.columns:
            return
        words = self.filter.words.split()

        def read() -> Sequence[int]:
            places: Sequence[int] = range(len(content.columns[0]))
            if column is not None:
                places = sorted_places(content.columns[column], is_reversed=is_reversed)
            if words:
                matching = set(holding(content.columns, words, text_of))
                places = [place for place in places if place in matching]
            return places

        self.ask("places", read, self._take_places)

    def _take_places(self, places: Sequence[int]) -> None:
        self.grid.note = no_rows_text(self.filter.words)
        self._summaries = {}
        self.grid.set_places(places)
        self._show_counts()

    def action_filter(self) -> None:
        self.filter.type()

    def on_filter_line_changed(self) -> None:
        self._ask_places()

    def on_filter_line_entered(self) -> None:
        self.query_one(KeyBar).ask(FilterLine.KEYS)

    def on_filter_line_left(self) -> None:
        self.set_focus(self.grid)
        self.show_keys()

    def go_back(self) -> bool:
        """Clear the filter; false if it is empty."""
        return self.filter.clear()

    # Elsewhere

    def action_picture(self) -> None:
        self.ask("picture", self._read_picture, self._show_picture)

    def _show_picture(self, picture: TablePicture | None) -> None:
        from artui.tui.screens.table_picture import TablePictureScreen

        if picture is None:
            self.action_spread()
        else:
            self.artui.push_screen(TablePictureScreen(picture, self.path))

    def action_spread(self) -> None:
        """Draw how the values of the column under the cursor are spread, over the rows that are shown."""
        content, column = self._content, self.grid.column
        if content is None or not content.columns:
            return
        if not self.grid.places:
            self.artui.say(self.grid.note)
            return
        name = clean(content.names[column]) or str(column + 1)
        cells, places = content.columns[column], self.grid.places
        about = content.column_text(column)

        count = partial(spread, name, [cells[place] for place in places])
        self.ask("spread", count, partial(self._show_spread, name, about, count))

    def _show_spread(
        self, name: str, about: str, count: Callable[..., Description | None], described: Description | None
    ) -> None:
        from artui.tui.screens.table_picture import SpreadScreen

        if described is None:
            self.artui.say(f"No row that is shown has a value of {name}.")
        else:
            self.artui.push_screen(SpreadScreen(described, self.path, about, count=count))

    def action_text(self) -> None:
        from artui.tui.screens.text import TextScreen

        self.artui.push_screen(TextScreen(self.version_key, self.path, self.words))

    def action_copy(self) -> None:
        if self.grid.cell is not None:
            self.artui.copy_text(text_of(self.grid.cell))
