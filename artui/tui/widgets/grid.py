"""The rows of a table in columns: a cursor on one cell, numbers aligned at their points, only what is in sight is drawn."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from textual import events
from textual.message import Message
from textual.strip import Strip

from artui.query.columns import kind_of
from artui.query.spelling import is_number
from artui.safetext import cells_of, clean
from artui.tui.cells import Span, fit, strip_of
from artui.tui.keys import bindings
from artui.tui.widgets.moving import MovesByLines

if TYPE_CHECKING:
    from artui.tui.cells import Palette

MAX_CELLS = 32
"""A column is at most so wide, unless all columns have room beside each other."""
_LEAST_CELLS = 12
"""The last text in sight is cut to no less."""
_SAMPLE = 400
"""So many rows, evenly spread, decide how wide a column is."""
_DIGITS = 6
_MOST_DIGITS = 10
"""A number of so many digits at most is shown as it is in the file."""
_GAP = 2
_MISSING = "·"
_HEAD_ROWS = 1


class Grid(MovesByLines, can_focus=True):
    """Holds columns of one length, and the order in which their rows are shown."""

    BINDINGS = bindings("list")
    DEFAULT_CSS = "Grid { height: 1fr; width: 1fr; }"

    class Moved(Message):
        """The cursor is on another cell."""

    class SortWanted(Message):
        """The rows are to be sorted by the current column, or the other way round."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.names: Sequence[str] = ()
        self.columns: Sequence[Sequence[Any]] = ()
        self.places: Sequence[int] = ()
        """The rows that are shown, in order, by their places in the file."""
        self.note = ""
        """What is said in place of rows where there are none."""
        self.row = 0
        self.column = 0
        self.sign = ""
        """Behind the name of the column that the rows are sorted by."""
        self.sorted_column: int | None = None
        self.style_of: Callable[[int, int], str] = lambda column, place: "text"
        """Gives how the cell of a column and a row is drawn."""
        self.first_number = 1
        """Of the first row: those of an array are counted from 0."""
        self.right: frozenset[int] = frozenset()
        """Columns that are aligned like numbers whatever their cells are."""
        self.digits = _DIGITS
        """So many digits has a number that would take very many."""
        self.keeps_points = False
        """Whether `55.0` is written so, as it is in a text; else it is `55`."""
        self.has_commas = False
        """Whether whole numbers are written as counts are: `17,408`."""
        self._top = 0
        self._left = 0
        self._widths: list[int] = []
        self._needed: list[int] = []
        """The width of each column that would cut nothing of the rows that were looked at."""
        self._decimals: list[int] = []
        """Most digits behind the point, by column, of the numbers that are written as they are."""
        self._points: list[int] = []
        """Most cells behind the point, by column; 0 for columns without numbers that have one."""
        self._are_right: list[bool] = []

    def show(self, names: Sequence[str], columns: Sequence[Sequence[Any]]) -> None:
        """Show a table from its start."""
        self.names, self.columns = names, columns
        self.places = range(len(columns[0]) if columns else 0)
        self.row = self.column = self._top = self._left = 0
        self.measure()

    def measure(self) -> None:
        """Fit the columns to what their cells hold now."""
        names, columns = self.names, self.columns
        count = len(columns[0]) if columns else 0
        step = max(1, count // _SAMPLE)
        samples = [column[::step] for column in columns]
        self._are_right = [
            place in self.right or kind_of(sample) in ("number", "whole number") for place, sample in enumerate(samples)
        ]
        self._decimals = [
            max((_decimals(cell) for cell in sample), default=0) if is_right else 0
            for sample, is_right in zip(samples, self._are_right, strict=True)
        ]
        self._points = [
            max((len(self._parts(place, cell)[1]) for cell in sample if cell is not None), default=0) if is_right else 0
            for place, (sample, is_right) in enumerate(zip(samples, self._are_right, strict=True))
        ]
        self._needed = [
            max(cells_of(clean(name)) + 2, *(cells_of(self._text(place, cell)) for cell in sample), 3)
            for place, (name, sample) in enumerate(zip(names, samples, strict=True))
        ]
        self._widths = [min(MAX_CELLS, cells) for cells in self._needed]
        self.refresh()

    def set_places(self, places: Sequence[int]) -> None:
        """Show rows in another order, or fewer of them; the cursor goes to the first."""
        self.places = places
        self.row = self._top = 0
        self._moved()

    @property
    def cell(self) -> Any:
        """The value under the cursor; None if there is none."""
        return self.columns[self.column][self.places[self.row]] if self.columns and self.places else None

    @property
    def rounded(self) -> float | None:
        """The number under the cursor, if its cell does not show all digits of it."""
        cell = self.cell
        return cell if isinstance(cell, float) and math.isfinite(cell) and is_long(repr(cell)) else None

    @property
    def _body_rows(self) -> int:
        return max(1, self.size.height - _HEAD_ROWS)

    @property
    def page_rows(self) -> int:
        """How many rows a page moves."""
        return max(1, self._body_rows - 1)

    def _text(self, column: int, cell: Any) -> str:
        """Write a cell, a number with its point where those of the column are."""
        if cell is None:
            return _MISSING
        if not self._are_right[column]:
            return text_of(cell)
        before, behind = self._parts(column, cell)
        return before + behind + " " * (self._points[column] - len(behind))

    def _parts(self, column: int, cell: Any) -> tuple[str, str]:
        """Split a number at its point: what stands before it, and the rest with it."""
        if isinstance(cell, int) and not isinstance(cell, bool):
            return f"{cell:,}" if self.has_commas else str(cell), ""
        if not isinstance(cell, float):
            text = text_of(cell)
            # Of one that was another before, at the point of what it is now.
            head, arrow, last = text.rpartition(" ")
            return (head + arrow + _split(last)[0], _split(last)[1]) if is_number(last) else (text, "")
        if not math.isfinite(cell):
            return "NaN" if cell != cell else "∞" if cell > 0 else "−∞", ""
        # As it was written, unless that takes very many digits: then with as many behind the point as the others have.
        text = repr(cell)
        if is_long(text):
            text = f"{cell:.{self.digits}g}"
            decimals = self._decimals[column]
            if decimals and "e" not in text and decimals > len(_split(text)[1]) - 1:
                text = f"{cell:.{decimals}f}".rstrip("0")
                text = text + "0" if text.endswith(".") else text
        return _split(text if self.keeps_points else text.removesuffix(".0"))

    def _number_cells(self) -> int:
        return len(f"{len(self.columns[0]) - 1 + self.first_number:,}") if self.columns else 0

    def _in_sight(self) -> dict[int, int]:
        """Give the columns that fit, from the left one on, with their cells: a text at the end may be cut, and what is left over goes to those that are."""
        room = self.size.width - self._number_cells() - 2
        shown: dict[int, int] = {}
        for column in range(self._left, len(self._widths)):
            cells = self._widths[column]
            if cells > room and shown:
                if room < _LEAST_CELLS or self._are_right[column]:
                    break
                cells = room
            shown[column] = cells
            room -= cells + _GAP
        # The gap behind the last one is none.
        room += _GAP
        for column, cells in shown.items():
            more = max(0, min(room, self._needed[column] - cells))
            shown[column] += more
            room -= more
        return shown

    def render_line(self, y: int) -> Strip:
        palette: Palette = self.app.palette  # type: ignore[attr-defined]
        line = self.size.width
        if not self.columns:
            return strip_of((), line, palette)
        columns = self._in_sight()
        cells = self._number_cells()
        if y < _HEAD_ROWS:
            return strip_of([(" " * (cells + 2), "text"), *self._head(columns)], line, palette)
        index = self._top + y - _HEAD_ROWS
        if not self.places and index == 1:
            return strip_of([(" " * (cells + 2) + self.note, "text")], line, palette)
        if index >= len(self.places):
            return strip_of((), line, palette)
        place = self.places[index]
        spans: list[Span] = [(f" {place + self.first_number:>{cells},} ", "faint")]
        for column, width in columns.items():
            value = self.columns[column][place]
            text = self._text(column, value)
            is_here = index == self.row and column == self.column
            style = (
                "head.current"
                if is_here and self.has_focus
                else "frame"
                if value is None
                else self.style_of(column, place)
            )
            spans += [(fit(text, width, right=self._are_right[column]), style), (" " * _GAP, "text")]
        return strip_of(spans, line, palette, is_cursor=index == self.row and self.has_focus)

    def _head(self, columns: Mapping[int, int]) -> list[Span]:
        spans: list[Span] = []
        for column, width in columns.items():
            sign = f" {self.sign}" if column == self.sorted_column else ""
            room = width - len(sign)
            name = fit(clean(self.names[column]), min(room, max(1, cells_of(clean(self.names[column]))))) + sign
            style = "head.current" if column == self.column else "head"
            spans += [(fit(name, width, right=self._are_right[column]), style), (" " * _GAP, "text")]
        return spans

    # Moving

    def _moved(self) -> None:
        count = len(self.places)
        self.row = max(0, min(self.row, count - 1))
        self.column = max(0, min(self.column, len(self.columns) - 1))
        self._top = max(min(self._top, self.row), self.row - self._body_rows + 1, 0)
        self._left = min(self._left, self.column)
        while self.column not in self._whole() and self._left < self.column:
            self._left += 1
        self.refresh()
        self.post_message(self.Moved())

    def _whole(self) -> list[int]:
        """Give the columns that are in sight with all of their cells."""
        room = self.size.width - self._number_cells() - 2
        whole: list[int] = []
        for column in range(self._left, len(self._widths)):
            room -= self._widths[column]
            if room < 0:
                break
            whole.append(column)
            room -= _GAP
        return whole

    @property
    def hidden_columns(self) -> tuple[int, int]:
        """How many columns are out of sight to the left and to the right."""
        return self._left, max(0, len(self.columns) - self._left - max(1, len(self._in_sight())))

    def step(self, change: int) -> None:
        """Move so many rows down, or up."""
        self.row += change
        self._moved()

    def wheel(self, change: int) -> None:
        """Scroll; the cursor stays in sight."""
        self._top = max(0, min(self._top + change, len(self.places) - self._body_rows))
        self.row = max(self._top, min(self.row, self._top + self._body_rows - 1))
        self._moved()

    def action_jump_first(self) -> None:
        self.row = 0
        self._moved()

    def action_jump_last(self) -> None:
        self.row = len(self.places) - 1
        self._moved()

    def go_to_column(self, column: int) -> None:
        """Move to a column, or to the nearest one that there is."""
        self.column = column
        self._moved()

    def on_resize(self) -> None:
        self._moved()

    def on_click(self, event: events.Click) -> None:
        self.focus()
        x = self._number_cells() + 2
        for column, width in self._in_sight().items():
            if x <= event.x < x + width + _GAP:
                was_here = column == self.column
                self.column = column
                if event.y < _HEAD_ROWS and was_here:
                    self.post_message(self.SortWanted())
                break
            x += width + _GAP
        if event.y >= _HEAD_ROWS:
            self.row = self._top + event.y - _HEAD_ROWS
        self._moved()


def text_of(cell: Any) -> str:
    """Write a cell that is no number."""
    if isinstance(cell, bool):
        return str(cell).lower()
    return clean(cell if isinstance(cell, str) else str(cell), max_chars=200)


def is_long(text: str) -> bool:
    """Say whether a number takes very many digits, or an exponent."""
    return "e" in text or sum(letter.isdigit() for letter in text.lstrip("-0.")) > _MOST_DIGITS


def _decimals(cell: Any) -> int:
    """Count the digits behind the point of a number that is written as it is."""
    if not isinstance(cell, float) or not math.isfinite(cell) or is_long(text := repr(cell)):
        return 0
    return len(text.removesuffix(".0").partition(".")[2])


def _split(text: str) -> tuple[str, str]:
    """Split a number at its point."""
    before, point, behind = text.partition(".")
    return before, point + behind
