"""The rows of some lines: where long lines are wrapped, and which row is so many rows further up or down."""

from __future__ import annotations

import bisect
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import get_character_cell_size

from artui.query.lines import Inked, Page, inks_of, shown_text

if TYPE_CHECKING:
    from artui.tui.widgets.lines import Line


_JOINTS = "/\\,;_"
"""Signs after which a row may end where no blank is near."""


class MoveEnd(NamedTuple):
    """The row where a move ended."""

    line: int
    """Index of its line."""
    row: int
    """Its number in the line."""
    rest: int
    """How many rows were missing to go on: below zero for a move up."""


class Rows:
    """The lines of a page, and some of our own after the end of the text, as rows of a certain width.

    A row is identified by the index of its line and its number in that line.
    """

    def __init__(
        self,
        page: Page,
        behind: Sequence[Line],
        *,
        width: int,
        is_wrapped: bool,
        inked: Mapping[int, list[Inked]] | None = None,
    ) -> None:
        self.page = page
        self.behind = tuple(behind)
        self.width = max(1, width)
        self.is_wrapped = is_wrapped
        self._texts: dict[int, str] = {}
        self._inks: dict[int, list[Inked]] = {}
        self._inked = inked
        """Colours that are not the writer's, by the start of a line."""
        self._cuts: dict[int, list[int]] = {}

    @property
    def count(self) -> int:
        """How many lines there are, our own included."""
        return len(self.page.lines) + (len(self.behind) if self.page.is_last else 0)

    def start_of(self, index: int) -> int:
        """Give the offset at which a line begins; lines of our own follow the end one by one."""
        lines = self.page.lines
        return lines[index].start if index < len(lines) else self.page.end + index - len(lines)

    def index_at(self, offset: int) -> int:
        """Give the index of the line at an offset."""
        lines = self.page.lines
        if offset >= self.page.end and self.page.is_last:
            return min(self.count - 1, len(lines) + offset - self.page.end)
        return max(0, bisect.bisect_right(lines, offset, key=lambda line: line.start) - 1)

    def text(self, index: int) -> str:
        """Give a line as it is shown."""
        if index not in self._texts:
            lines = self.page.lines
            if index < len(lines):
                self._texts[index] = shown_text(lines[index].content)
            else:
                self._texts[index] = "".join(text for text, _ in self.behind[index - len(lines)].spans)
        return self._texts[index]

    def inks(self, index: int) -> list[Inked]:
        """Give the parts of a line of the page that have a colour or weight: its writer's, or those of a source text."""
        if self._inked:
            return self._inked.get(self.page.lines[index].start, [])
        if index not in self._inks:
            self._inks[index] = inks_of(self.page.lines[index].content)
        return self._inks[index]

    def starts(self, index: int) -> list[int]:
        """Give the letters at which the rows of a line begin."""
        if not self.is_wrapped or index >= self.count:
            return [0]
        if index not in self._cuts:
            self._cuts[index] = wrapped(self.text(index), self.width)
        return self._cuts[index]

    def moved(self, index: int, row: int, change: int) -> MoveEnd:
        """Go so many rows down from a row, or up."""
        while change > 0 and self.count:
            step = min(change, len(self.starts(index)) - 1 - row)
            row, change = row + step, change - step
            if change:
                if index + 1 >= self.count:
                    break
                index, row, change = index + 1, 0, change - 1
        while change < 0:
            step = min(-change, row)
            row, change = row - step, change + step
            if change:
                if index == 0:
                    break
                index, change = index - 1, change + 1
                row = len(self.starts(index)) - 1
        return MoveEnd(index, row, change)

    def lowest(self, height: int) -> tuple[int, int]:
        """Give the row that is at the top when the last row is at the bottom."""
        last = self.count - 1
        moved = self.moved(last, len(self.starts(last)) - 1, 1 - max(1, height))
        return moved.line, moved.row

    def from_row(self, index: int, row: int, height: int) -> list[tuple[int, int]]:
        """List at most so many rows from one on."""
        rows: list[tuple[int, int]] = []
        while index < self.count and len(rows) < height:
            rows += [(index, number) for number in range(row, len(self.starts(index)))]
            index, row = index + 1, 0
        return rows[:height]


def wrapped(text: str, width: int) -> list[int]:
    """Give the letters at which rows of at most `width` cells begin.

    If one is near the end, after a blank, or else after a sign between the parts of a path or a list. Else before the
    word that would be cut, if a row can hold it.
    """
    cuts = [0]
    is_ascii = text.isascii()
    while True:
        end = cuts[-1] + width if is_ascii else _fitting(text, cuts[-1], width)
        if end >= len(text):
            return cuts
        near = end - width // 4
        last = text.rfind(" ", near, end)
        if last < 0:
            last = max(text.rfind(sign, near, end) for sign in _JOINTS)
        if last < 0:
            last = _before_word(text, cuts[-1], end, width)
        cuts.append(last + 1 if last >= 0 else end)


def _before_word(text: str, start: int, end: int, width: int) -> int:
    """Give the blank before the word that a row from `start` to `end` would cut; -1 if there is none, or the word is too long."""
    blank = text.rfind(" ", start, end)
    if blank <= start:
        return -1
    word = text[blank + 1 : blank + 2 + width].partition(" ")[0]
    return blank if cells_of(word) <= width else -1


def _fitting(text: str, start: int, width: int) -> int:
    """Give the letter after the last one that fits into a row; at least one does."""
    used = 0
    for place in range(start, len(text)):
        letter = text[place]
        used += 1 if letter < "\u0300" else get_character_cell_size(letter)
        if used > width and place > start:
            return place
    return len(text)


def letter_at(text: str, cell: int) -> int:
    """Give the letter at a cell of a line; the length of the line beyond its end."""
    if text.isascii() or not cell:
        return min(cell, len(text))
    used = 0
    for place, letter in enumerate(text):
        if used >= cell:
            return place
        used += get_character_cell_size(letter)
    return len(text)


def cells_of(text: str) -> int:
    """Count the cells of a text."""
    return len(text) if text.isascii() else sum(map(get_character_cell_size, text))
