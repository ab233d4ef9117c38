"""A matrix as shaded cells with their numbers, such as a confusion matrix."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.message import Message
from textual.strip import Strip

from artui.figures.figure import Figure, FigureAxis, FigureCells
from artui.safetext import clean
from artui.tui.cells import Palette, Span, fit, fit_middle, length_of, strip_of
from artui.tui.keys import bindings
from artui.tui.widgets.cellnumbers import CellNumbers
from artui.tui.widgets.picture import Picture
from artui.units import DIGITS, count_text, number_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from artui.query.pictures import TablePicture

_SHADES = " ░▒▓█"
_MOST_TALL = 3
"""So many rows of the screen has a cell at most, where there is room."""
_MOST_NAME = 20
_FEWEST_TITLE_CELLS = 12
_FEW = 30
"""Cells are wide enough for the names of so many columns that are only numbers."""
_HIT_CELLS = 8
_HIT_WORDS = "hit", "hit"
_TRUE_ROW_WORDS = "recall", "precision"
"""What the shares of the diagonal in rows and in columns are called where rows are what is true."""
_TRUTHS, _GUESSES = ("true", "truth", "actual", "target", "label"), ("predict", "guess")
_SCALE_CELLS = 12
MAX_CELL = 9
_GAP = 1
"""Behind every number."""
_SIGN = 1
"""Before it, without colours."""
_UNWRITTEN = 0
"""Instead of a count of digits: no number is written."""
_ROUNDED = (DIGITS, 3, 2, 1)
"""So many digits has the largest of numbers that are not all whole, and the others as many decimals; fewer where that makes all of them fit."""


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
        self._numbers: CellNumbers | None = None

    def show(self, matrix: TablePicture, title: str) -> None:
        """Show a matrix."""
        self.matrix, self.title, self._numbers = matrix, title, CellNumbers(matrix)
        self.again()

    @property
    def is_signed(self) -> bool:
        """Whether numbers of both signs stand here, or negative ones: they have shades of two hues, and no shares."""
        return self._numbers is not None and self._numbers.is_signed

    @property
    def has_diagonal(self) -> bool:
        """Whether rows and columns are the same things, each counted against each: what is on the diagonal is right."""
        return self._numbers is not None and self._numbers.has_diagonal

    def _digits(self, room: int) -> int:
        """Choose how many digits numbers have so that all of them fit, or none is written."""
        numbers = self._numbers
        if room < 1 or numbers is None:
            return _UNWRITTEN
        fitting = (digits for digits in _ROUNDED if numbers.widest(digits, is_share=self.is_share) <= room)
        return next(fitting, _UNWRITTEN)

    def drawn(self, width: int, height: int, palette: Palette) -> list[Strip] | None:
        """Draw the cells around the cursor with the names of rows and columns; None without a matrix."""
        matrix, numbers = self.matrix, self._numbers
        if matrix is None or numbers is None:
            return None
        rows, columns = len(matrix.rows), len(matrix.columns)
        label_cells = max(4, min(18, numbers.row_name_cells + 1, width // 4))
        beside = _GAP + (_SIGN if palette.heat is None else 0)
        by_row, by_column = _hit_words(matrix.corner)
        if self.has_diagonal and width >= 60:
            label_cells = max(label_cells, len(by_column) + 1)
        hits_cells = max(_HIT_CELLS, len(by_row) + 1) if self.has_diagonal and width >= label_cells + 2 + 3 * columns + _HIT_CELLS else 0  # fmt: skip
        most = max(2, (width - label_cells - 2 - hits_cells) // columns)
        room = min(MAX_CELL, most)
        digits = self._digits(room - beside)
        widest = numbers.widest(digits or min(_ROUNDED), is_share=self.is_share)
        has_hits = bool(hits_cells) and height >= rows + 5
        tall = max(1, min(_MOST_TALL, (height - 4) // (rows + has_hits))) if rows else 1
        cell = max(2, min(room, widest + 2))
        # What is left over goes to the names, and to cells that are about as wide as they are tall.
        named = min(_MOST_NAME, numbers.column_name_cells + 2)
        are_numbers = numbers.has_numbered_columns
        wanted = (
            0 if are_numbers and columns > _FEW else named, 3 * tall if digits or tall > 1 else 2, has_hits * _HIT_CELLS
        )  # fmt: skip
        cell = max(cell, min(most, max(wanted)))
        fits_across, fits_down = (
            max(1, (width - label_cells - 2 - hits_cells) // cell),
            max(1, (height - 3 - has_hits * tall) // tall),
        )
        first_row = max(0, min(self.row - fits_down + 1, rows - fits_down)) if self.row >= fits_down else 0
        first_column = max(0, min(self.column - fits_across + 1, columns - fits_across)) if self.column >= fits_across else 0  # fmt: skip
        shown_rows = range(first_row, min(rows, first_row + fits_down))
        shown_columns = range(first_column, min(columns, first_column + fits_across))
        hues = numbers.hues(is_share=self.is_share) if palette.heat is not None else numbers.shades(is_share=self.is_share)  # fmt: skip
        strips = [
            self._head(
                width,
                palette,
                needed=label_cells + 2 + hits_cells + columns * (widest + beside),
                fits=widest + beside <= MAX_CELL,
                digits=digits,
            )
        ]
        titles: list[Span] = [(fit(clean(matrix.corner, max_chars=40), label_cells, right=True) + " ", "dim")]
        # Numbers of columns that are too long for their cells stand above some of them, whole.
        each = -(-(numbers.column_name_letters + 1) // cell) if are_numbers else 1
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
        if hits_cells:
            titles.append((fit(by_row, hits_cells, right=True), "dim"))
        strips.append(strip_of(titles, width, palette))
        for row in shown_rows:
            for line in range(tall):
                is_middle = line == (tall - 1) // 2
                name = clean(matrix.rows[row], max_chars=60) if is_middle else ""
                label = fit(name, label_cells, right=True) + " "
                segments = [Segment(label, palette.styles["title" if row == self.row else "dim"])]
                used = label_cells + 1
                for column in shown_columns:
                    is_here = row == self.row and column == self.column and self.has_focus
                    is_written = digits and is_middle
                    text = numbers.text(row, column, digits, is_share=self.is_share) if is_written else ""
                    segments += self._cell(text, cell, float(hues[row, column]), is_here, palette, is_middle=is_middle)
                    used += cell
                if hits_cells:
                    text = _hit_text(matrix.values[row][row], numbers.row_totals[row]) if is_middle else ""
                    segments.append(Segment(fit(text, hits_cells, right=True), palette.styles["text"]))
                    used += hits_cells
                strips.append(Strip(segments, used).adjust_cell_length(width, palette.styles["text"]))
        if has_hits:
            hits = _hit_texts([(matrix.values[at][at], numbers.column_totals[at]) for at in shown_columns], cell - 1)
            spans: list[Span] = [(fit(by_column, label_cells, right=True) + " ", "dim")]
            spans += [(fit(text, cell - 1, right=True) + " ", "text") for text in hits]
            every = _hit_text(sum(matrix.values[at][at] for at in range(rows)), sum(numbers.row_totals))
            spans.append((fit(every, hits_cells, right=True), "bold"))
            strips.append(strip_of(spans, width, palette))
        while len(strips) < height - 1:
            strips.append(strip_of((), width, palette))
        del strips[max(3, height - 1) :]
        beyond = [
            f"{count_text(count)} more {what}"
            for count, what in (
                (first_row, "rows ↑"), (rows - first_row - len(shown_rows), "rows ↓"),
                (first_column, "columns ◂"), (columns - first_column - len(shown_columns), "columns ▸"),
            )
            if count
        ]  # fmt: skip
        said, right = self._cursor_spans(), " · ".join(beyond)
        if right and (gap := width - length_of(said) - len(right) - 1) > 0:
            said = [*said, (" " * gap, "text"), (right, "accent")]
        strips.append(strip_of(said, width, palette))
        return strips

    def _head(self, width: int, palette: Palette, *, needed: int, fits: bool, digits: int) -> Strip:
        """Say what is drawn, and at the right what its shades are."""
        matrix, numbers = self.matrix, self._numbers
        assert matrix is not None and numbers is not None
        said = " and ".join(dict.fromkeys(_hit_words(matrix.corner)))
        head: list[Span] = [(" " + self.title, "title" if self.has_focus else "bold")]
        missing = f"numbers from {count_text(needed)} cells on" if fits else "the numbers are too long"
        parts = [
            (2, f"{len(matrix.rows)} × {len(matrix.columns)}"),
            *([(0, "shares of the row")] if self.is_share else []),
            *([(0, f"in 1e{numbers.exponent}")] if digits and numbers.exponent and not self.is_share else []),
            *([(0, "blank is 0")] if digits and numbers.has_blank_zeros else []),
            *([(1, missing)] if not digits else []),
            *([(3, f"{said}: share of the diagonal")] if self.has_diagonal else []),
        ]
        scale = self._scale(palette)
        cells = sum(segment.cell_length for segment in scale)
        # Shades mean nothing without their scale: what else is said gives way to it.
        while len(parts) > 1 and length_of(head) + 3 + len(" · ".join(text for _, text in parts)) + cells + 3 > width:
            parts.remove(max(parts))
        head.append((f"   {' · '.join(text for _, text in parts)}", "dim"))
        if length_of(head) + cells + 1 > width:
            head = [(fit_middle(head[0][0], max(_FEWEST_TITLE_CELLS, width - cells - 1)), head[0][1])]
        if not scale or length_of(head) + cells + 1 > width:
            return strip_of(head, width, palette)
        return Strip.join([strip_of(head, width - cells, palette), Strip(scale, cells)])

    def _scale(self, palette: Palette) -> list[Segment]:
        """Draw what the shades stand for, from the smallest to the largest number."""
        numbers = self._numbers
        if numbers is None or (ends_of := numbers.ends(is_share=self.is_share)) is None:
            return []
        low, high = min(0.0, ends_of[0]), max(0.0, ends_of[1])
        if self.is_signed and palette.heat is not None:
            low, high = -numbers.largest, numbers.largest
        ends = [f"{100 * end:.0f}%" if self.is_share else number_text(int(end) if end == int(end) and abs(end) < 1e9 else end) for end in (low, high)]  # fmt: skip
        dim = palette.styles["dim"]
        if palette.heat is None:
            return [Segment(f"{ends[0]} {_SHADES.strip()} {ends[1]} ", dim)]
        power = 0.5 if low == 0 else 1.0
        shades = [(2 * step / _SCALE_CELLS - 1) if self.is_signed else (step / _SCALE_CELLS) ** power for step in range(_SCALE_CELLS + 1)]  # fmt: skip
        middle = [Segment("0" if self.is_signed and step == _SCALE_CELLS // 2 else " ", palette.heat(shade)) for step, shade in enumerate(shades)]  # fmt: skip
        return [Segment(f"{ends[0]} ", dim), *middle, Segment(f" {ends[1]} ", dim)]

    def _cell(
        self, text: str, cells: int, shade: float, is_here: bool, palette: Palette, *, is_middle: bool
    ) -> list[Segment]:
        if palette.heat is None:
            # Without colours a sign fills the cell as far as it is dark, but for the number and a blank on both sides of it.
            sign = " " if shade != shade else _SHADES[min(4, math.ceil(shade * 4))]
            left = max(1, cells - 1 - len(text))
            body = f"{sign * (left - 1)}{' ' if left > 1 else sign}{text} " if text else sign * cells
            if is_here and is_middle:
                # The cursor takes no shade away: where it stands in the place of all of it, that stands at the end.
                body = f"▸{body[1:]}" if left > 2 or not text else f"▸{body[1:-1]}{sign}"
            return [Segment(body, palette.styles["title" if is_here else "text"])]
        style = palette.heat(0.0 if shade != shade else shade)
        body = fit(text, cells - 1, right=True)
        if is_here and is_middle:
            return [Segment("▸" + body[1:] if body[:1] == " " else body, style + Style(bold=True, underline=True)), Segment(" ", style)]  # fmt: skip
        return [Segment(body, style), Segment(" ", style)]

    def _cursor_spans(self) -> list[Span]:
        """Describe the cell under the cursor in words."""
        matrix = self.matrix
        if matrix is None:
            return []
        assert self._numbers is not None
        value, total = matrix.values[self.row][self.column], self._numbers.row_totals[self.row]
        spans: list[Span] = [("  ▸ ", "accent"), (clean(matrix.rows[self.row], max_chars=60), "title"), (" → ", "dim"), (clean(matrix.columns[self.column], max_chars=60), "title")]  # fmt: skip
        if math.isfinite(value):
            spans.append((f"   {number_text(value)}", "text"))
            # A share is one of counts; of what is alone in its row it says nothing.
            if total and not self.is_signed and len(matrix.columns) > 1:
                spans.append((f" of {number_text(total)} in the row, {100 * value / total:.3g} %", "dim"))
        return spans

    def figure(self) -> Figure | None:
        """Give the cells for a file; None without a matrix."""
        matrix, numbers = self.matrix, self._numbers
        if matrix is None or numbers is None:
            return None
        rows, columns = len(matrix.rows), len(matrix.columns)
        every_row, every_column = max(1, rows // 40), max(1, columns // 40)
        x = FigureAxis("", 0, columns, False, [((i + 0.5) / columns, fit_middle(clean(name, max_chars=200), 14).rstrip()) for i, name in enumerate(matrix.columns) if i % every_column == 0])  # fmt: skip
        y = FigureAxis(clean(matrix.corner, max_chars=60), 0, rows, False, [(1 - (i + 0.5) / rows, fit_middle(clean(name, max_chars=200), 24).rstrip()) for i, name in enumerate(matrix.rows) if i % every_row == 0])  # fmt: skip
        texts = [[numbers.text(row, column, DIGITS, is_share=self.is_share) for column in range(columns)] for row in range(rows)]  # fmt: skip
        return Figure(self.title, x, y, cells=FigureCells(numbers.shades(is_share=self.is_share).tolist(), texts), note="shares of the row" if self.is_share else "")  # fmt: skip

    # Keys

    def action_step(self, rows: int, columns: int) -> None:
        if self.matrix is not None:
            self.row = max(0, min(self.row + rows, len(self.matrix.rows) - 1))
            self.column = max(0, min(self.column + columns, len(self.matrix.columns) - 1))
            self.again()
            self.post_message(self.Moved())

    def action_share(self) -> None:
        if self.is_signed:
            self.app.say("Shares are of counts: some numbers here are below zero.")  # type: ignore[attr-defined]
            return
        self.is_share = not self.is_share
        self.again()

    def on_click(self, event: events.Click) -> None:
        self.focus()


def _hit_words(corner: str) -> tuple[str, str]:
    """Give what the shares of the diagonal are called, by row and by column: the corner may say on which side the truth stands."""
    first = corner.lower().lstrip()
    if first.startswith(_TRUTHS):
        return _TRUE_ROW_WORDS
    return _TRUE_ROW_WORDS[::-1] if first.startswith(_GUESSES) else _HIT_WORDS


def _hit_text(hit: float, total: float) -> str:
    """Write a share beside a row."""
    return _hit_texts([(hit, total)], _HIT_CELLS - 1)[0]


def _hit_texts(hits: Sequence[tuple[float, float]], cells: int) -> list[str]:
    """Write shares in so many cells, all in one form, rounded where these are few; what is not all of it never reads 100, nor what is some of it 0."""
    shares = [100 * hit / total if total else None for hit, total in hits]
    texts: list[str] = []
    for decimals, unit in ((1, " %"), (1, "%"), (0, " %"), (0, "%"), (0, "")):
        step = 10.0**-decimals
        texts = [
            "·" if share is None
            else f"{share if share in (0, 100) else min(100 - step, max(step, share)):.{decimals}f}{unit}"
            for share in shares
        ]  # fmt: skip
        if max(map(len, texts), default=0) <= cells:
            break
    return texts
