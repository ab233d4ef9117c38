"""A terminal in memory that has its own idea of how wide the uncertain letters are, and its own habits."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from random import Random

from artui.tui.terminal.widths import cells_of, is_certain

_TOKEN = re.compile(r"\x1b\[([<=>?]?)([0-9;]*)([A-Za-z@])|(.)", re.DOTALL)
HALF = ""
"""What the second cell of a wide letter holds."""


@dataclass
class OddTerminal:
    """Takes what `Surface` sends. What it shows is in `rows`: a text for each cell."""

    width: int
    height: int
    random: Random
    """Decides on widths and habits."""
    rows: list[list[str]] = field(default_factory=list)
    widths: dict[str, int] = field(default_factory=dict)
    """Of the uncertain letters met so far."""
    wraps_anyway: bool = False
    """Whether it does not stop wrapping when it is told to, as the terminal around tmux is not told."""
    scrolled_lines: int = 0
    """Lines that left the screen because something was written past its end."""

    def __post_init__(self) -> None:
        self.rows = [[" "] * self.width for _ in range(self.height)]
        self._y = self._x = 0
        self._wraps = True
        self._margins = (0, self.height - 1)
        self._last = (0, 0)
        self._marks_join_last = self.random.random() < 0.5
        self._keeps_other_half = self.random.random() < 0.3
        self._drops_wide_at_end = self.random.random() < 0.5
        self._most_marks = self.random.choice([0, 1, 9])

    def feed(self, text: str) -> None:
        for match in _TOKEN.finditer(text):
            if match[4]:
                self._draw(match[4])
            else:
                numbers = [int(number) if number else 0 for number in match[2].split(";")]
                self._obey(match[1] + match[3], numbers)

    def _cells(self, letter: str) -> int:
        if is_certain(letter):
            return cells_of(letter)
        if letter not in self.widths:
            self.widths[letter] = self.random.choice([0, 1, 1, 2])
        return self.widths[letter]

    def _draw(self, letter: str) -> None:
        cells = self._cells(letter)
        if cells == 0:
            self._join(letter)
            return
        if self._x + cells > self.width:
            if self._wraps:
                self._x = 0
                self._feed_line()
            elif cells == 2 and self._drops_wide_at_end:
                return
            else:
                self._x = self.width - cells
        for x in range(self._x, self._x + cells):
            self._clear(x)
        row = self.rows[self._y]
        row[self._x] = letter
        if cells == 2:
            row[self._x + 1] = HALF
        self._last = (self._y, self._x)
        self._x += cells

    def _join(self, mark: str) -> None:
        y, x = self._last if self._marks_join_last else (self._y, self._x - 1)
        if x > 0 and self.rows[y][x] == HALF:
            x -= 1
        if x >= 0 and len(self.rows[y][x]) <= self._most_marks:
            self.rows[y][x] += mark

    def _clear(self, x: int) -> None:
        """Take what is in a cell away, with the other half of a letter that is wide."""
        row = self.rows[self._y]
        if row[x] == HALF and x > 0 and not self._keeps_other_half:
            row[x - 1] = " "
        if x + 1 < self.width and row[x + 1] == HALF and row[x] != HALF:
            row[x + 1] = " "
        row[x] = " "

    def _feed_line(self) -> None:
        if self._y < self.height - 1:
            self._y += 1
        else:
            self._shift(1, 0, self.height - 1)
            self.scrolled_lines += 1

    def _shift(self, count: int, top: int, bottom: int) -> None:
        for _ in range(abs(count)):
            row = self.rows.pop(top if count > 0 else bottom)
            self.rows.insert(bottom if count > 0 else top, [" "] * len(row))

    def _obey(self, command: str, numbers: list[int]) -> None:
        first = numbers[0] or 1
        if command == "H":
            self._y, self._x = (*(number - 1 for number in numbers), 0, 0)[:2] if numbers[0] else (0, 0)
        elif command == "C":
            self._x = min(self.width - 1, self._x + first)
        elif command == "D":
            self._x = max(0, self._x - first)
        elif command == "d":
            self._y = first - 1
        elif command in "KX":
            for x in range(self._x, self.width if command == "K" else min(self.width, self._x + first)):
                self._clear(x)
        elif command == "J":
            self.rows = [[" "] * self.width for _ in range(self.height)]
        elif command == "r":
            self._margins = (numbers[0] - 1, numbers[1] - 1) if numbers[0] else (0, self.height - 1)
        elif command in "ST":
            self._shift(first if command == "S" else -first, *self._margins)
        elif command in ("?l", "?h") and first == 7:
            self._wraps = command == "?h" or self.wraps_anyway
        elif command != "m":
            raise AssertionError(f"the terminal knows no {command!r} {numbers}")
