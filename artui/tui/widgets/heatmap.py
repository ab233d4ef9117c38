"""A matrix as shaded cells with their numbers, such as a confusion matrix."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.message import Message
from textual.strip import Strip

from artui.figures.figure import Figure, FigureAxis, FigureCells
from artui.safetext import clean
from artui.tui.cells import Palette, Span, fit, fit_middle, strip_of
from artui.tui.keys import bindings
from artui.tui.widgets.picture import Picture
from artui.units import DIGITS, count_text, number_text

if TYPE_CHECKING:
    from artui.query.pictures import TablePicture

_SHADES = " ░▒▓█"
MAX_CELL = 9
_GAP = 1
"""Behind every number."""
_SIGN = 1
"""Before it, without colours."""
_UNWRITTEN = 0
"""Instead of a count of digits: no number is written."""
_NO_NUMBER = "·"
_EXPONENT = re.compile(r"e\+?(-?)0*(?=\d)")
_ROUNDED = (DIGITS, 3, 2, 1)
"""So many digits at most have numbers that are not whole; fewer where that makes all of them fit."""


class HeatMap(Picture):
    """Draws a matrix; its numbers can be shown as shares of their rows."""

    BINDINGS = bindings("heatmap")

    class Moved(Message):
        """The cursor is on another cell."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.matrix: TablePicture | None = None
        self.title = ""
        self.is_share = False
        self.row = 0
        self.column = 0
        self._texts: dict[tuple[bool, int], tuple[list[list[str]], int]] = {}
        """What stands in the cells and the most letters of that, by whether it is shares and by digits."""

    def show(self, matrix: TablePicture, title: str) -> None:
        """Show a matrix."""
        self.matrix, self.title, self._texts = matrix, title, {}
        self.again()

    def value(self, row: int, column: int) -> float:
        """Give the number of a cell, or its share of the row if shares are shown."""
        if self.matrix is None:
            return math.nan
        values = self.matrix.values[row]
        if not self.is_share:
            return values[column]
        total = sum(value for value in values if math.isfinite(value))
        return values[column] / total if total else math.nan

    def texts(self, digits: int) -> tuple[list[list[str]], int]:
        """Write all numbers in so many digits; give how many letters the longest has, too. Whole ones are never rounded.

        Where most counts are zero, nothing stands for these: what is left is what one looks for.
        """
        matrix = self.matrix
        if matrix is None:
            return [], 0
        if (known := self._texts.get((self.is_share, digits))) is not None:
            return known
        values = [[self.value(row, column) for column in range(len(matrix.columns))] for row in range(len(matrix.rows))]
        zero = "" if self._has_blank_zeros else "0%" if self.is_share else "0"
        texts = [[self._text(value, digits, zero) for value in row] for row in values]
        known = texts, max((len(text) for row in texts for text in row), default=1)
        self._texts[self.is_share, digits] = known
        return known

    def _text(self, value: float, digits: int, zero: str) -> str:
        if not math.isfinite(value):
            return _NO_NUMBER
        if not value:
            return zero
        if self.is_share:
            return f"{100 * value:.0f}%"
        if value == int(value) and abs(value) < 1e9:
            return number_text(int(value))
        # Of two ways to write it the shorter one.
        power = _EXPONENT.sub(r"e\1", f"{value:.{max(0, digits - 1)}e}")
        return min(number_text(value, digits), power, key=len)

    @property
    def _has_blank_zeros(self) -> bool:
        numbers = [value for row in (self.matrix.values if self.matrix else ()) for value in row]
        is_counts = all(value >= 0 and value == int(value) for value in numbers if math.isfinite(value))
        return is_counts and 2 * sum(value == 0 for value in numbers) > len(numbers)

    def _digits(self, room: int) -> int:
        """Choose how many digits numbers have so that all of them fit, or none is written."""
        if room < 1:
            return _UNWRITTEN
        return next((digits for digits in _ROUNDED if self.texts(digits)[1] <= room), _UNWRITTEN)

    def _shades(self) -> list[list[float]]:
        """Give how dark each cell is, from 0 to 1; NaN where it has no number."""
        if self.matrix is None:
            return []
        rows, columns = range(len(self.matrix.rows)), range(len(self.matrix.columns))
        values = [[self.value(row, column) for column in columns] for row in rows]
        finite = [value for row in values for value in row if math.isfinite(value)]
        if not finite:
            return values
        low, high = min(0.0, min(finite)), max(finite)
        span = (high - low) or 1.0
        # The root makes small numbers visible: they are the errors one looks for. Numbers of both signs have zero between.
        power = 0.5 if low == 0 else 1.0
        return [[max(0.0, (value - low) / span) ** power if math.isfinite(value) else math.nan for value in row] for row in values]  # fmt: skip

    def drawn(self, width: int, height: int, palette: Palette) -> list[Strip] | None:
        """Draw the cells around the cursor with the names of rows and columns; None without a matrix."""
        matrix = self.matrix
        if matrix is None:
            return None
        rows, columns = len(matrix.rows), len(matrix.columns)
        names = [clean(name, max_chars=60) for name in matrix.rows]
        label_cells = max(4, min(18, max(len(name) for name in names) + 1, width // 4))
        beside = _GAP + (_SIGN if palette.heat is None else 0)
        room = max(2, min(MAX_CELL, (width - label_cells - 2) // columns))
        digits = self._digits(room - beside)
        texts, widest = self.texts(digits or min(_ROUNDED))
        cell = max(2, min(room, widest + 2))
        fits_across, fits_down = max(1, (width - label_cells - 2) // cell), max(1, height - 3)
        first_row = max(0, min(self.row - fits_down + 1, rows - fits_down)) if self.row >= fits_down else 0
        first_column = max(0, min(self.column - fits_across + 1, columns - fits_across)) if self.column >= fits_across else 0  # fmt: skip
        shown_rows = range(first_row, min(rows, first_row + fits_down))
        shown_columns = range(first_column, min(columns, first_column + fits_across))
        shades = self._shades()
        head: list[Span] = [(" " + self.title, "title" if self.has_focus else "bold")]
        head.append((f"   {rows} × {columns}" + (" · shares of the row" if self.is_share else ""), "dim"))
        if not digits:
            needed = label_cells + 2 + columns * (widest + beside)
            fits = widest + beside <= MAX_CELL
            head.append((f" · numbers fit from {count_text(needed)} cells across" if fits else " · numbers are too long", "dim"))  # fmt: skip
        elif self._has_blank_zeros:
            head.append((" · blank is 0", "dim"))
        strips = [strip_of(head, width, palette)]
        titles: list[Span] = [(fit(clean(matrix.corner, max_chars=40), label_cells) + " ", "dim")]
        # Numbers of columns that are too long for their cells stand above some of them, whole.
        each = (
            -(-(max(map(len, matrix.columns)) + 1) // cell) if all(name[:1].isdigit() for name in matrix.columns) else 1
        )
        for place, column in enumerate(shown_columns):
            if each > 1:
                is_named = place % each == 0
                room = min(each, len(shown_columns) - place) * cell
                if is_named and room > len(matrix.columns[column]):
                    style = "head.current" if column <= self.column < column + each else "head"
                    titles.append((fit(matrix.columns[column], room), style))
                elif is_named:
                    titles.append((" " * room, "head"))
                continue
            title = fit(clean(matrix.columns[column], max_chars=60), cell - 1, right=True, keep_end=True) + " "
            titles.append((title, "head.current" if column == self.column else "head"))
        strips.append(strip_of(titles, width, palette))
        for row in shown_rows:
            segments = [Segment(fit(names[row], label_cells, right=True) + " ", palette.styles["title" if row == self.row else "dim"])]  # fmt: skip
            used = label_cells + 1
            for column in shown_columns:
                is_here = row == self.row and column == self.column and self.has_focus
                segments += self._cell(
                    texts[row][column] if digits else "", cell, shades[row][column], is_here, palette
                )
                used += cell
            strip = Strip(segments, used)
            strips.append(strip.adjust_cell_length(width, palette.styles["text"]))
        while len(strips) < height - 1:
            strips.append(strip_of((), width, palette))
        strips.append(strip_of(self._cursor_spans(), width, palette))
        return strips

    def _cell(self, text: str, cells: int, shade: float, is_here: bool, palette: Palette) -> list[Segment]:
        if palette.heat is None:
            # Without colours a sign shows how dark a cell is.
            sign = " " if shade != shade else _SHADES[min(4, math.ceil(shade * 4))]
            left = "▸" if is_here else sign
            return [Segment(left + fit(text, cells - 2, right=True) + " ", palette.styles["title" if is_here else "text"])]  # fmt: skip
        style = palette.heat(0.0 if shade != shade else shade)
        body = fit(text, cells - 1, right=True)
        if is_here:
            return [Segment("▸" + body[1:] if body[:1] == " " else body, style + Style(bold=True, underline=True)), Segment(" ", style)]  # fmt: skip
        return [Segment(body, style), Segment(" ", style)]

    def _cursor_spans(self) -> list[Span]:
        """Describe the cell under the cursor in words."""
        matrix = self.matrix
        if matrix is None:
            return []
        values = matrix.values[self.row]
        value, total = values[self.column], sum(number for number in values if math.isfinite(number))
        spans: list[Span] = [("  ▸ ", "accent"), (clean(matrix.rows[self.row], max_chars=60), "title"), (" → ", "dim"), (clean(matrix.columns[self.column], max_chars=60), "title")]  # fmt: skip
        if math.isfinite(value):
            spans.append((f"   {number_text(value)}", "text"))
            if total and all(number >= 0 for number in values if math.isfinite(number)):
                spans.append((f" of {number_text(total)} in the row, {100 * value / total:.3g} %", "dim"))
        return spans

    def figure(self) -> Figure | None:
        """Give the cells for a file; None without a matrix."""
        matrix = self.matrix
        if matrix is None:
            return None
        rows, columns = len(matrix.rows), len(matrix.columns)
        every_row, every_column = max(1, rows // 40), max(1, columns // 40)
        x = FigureAxis("", 0, columns, False, [((i + 0.5) / columns, fit_middle(clean(name, max_chars=200), 14).rstrip()) for i, name in enumerate(matrix.columns) if i % every_column == 0])  # fmt: skip
        y = FigureAxis(clean(matrix.corner, max_chars=60), 0, rows, False, [(1 - (i + 0.5) / rows, fit_middle(clean(name, max_chars=200), 24).rstrip()) for i, name in enumerate(matrix.rows) if i % every_row == 0])  # fmt: skip
        return Figure(self.title, x, y, cells=FigureCells(self._shades(), self.texts(DIGITS)[0]), note="shares of the row" if self.is_share else "")  # fmt: skip

    # Keys

    def action_step(self, rows: int, columns: int) -> None:
        if self.matrix is not None:
            self.row = max(0, min(self.row + rows, len(self.matrix.rows) - 1))
            self.column = max(0, min(self.column + columns, len(self.matrix.columns) - 1))
            self.again()
            self.post_message(self.Moved())

    def action_share(self) -> None:
        self.is_share = not self.is_share
        self.again()

    def on_click(self, event: events.Click) -> None:
        self.focus()
