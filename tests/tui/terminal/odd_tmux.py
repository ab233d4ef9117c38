"""tmux in memory: it keeps its own picture, and passes on to an odd terminal what it believes to change something there."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import islice

from artui.tui.terminal.widths import cells_of, is_mark_to_some
from tests.tui.terminal.odd_terminal import HALF, OddTerminal

_TOKEN = re.compile(r"\x1b\[([<=>?]?)([0-9;]*)([A-Za-z@])|(.)", re.DOTALL)
_MOST_BYTES = 21
"""Of a letter with its marks; more marks are left out."""
_OFF = {22: (1, 2), 23: (3,), 24: (4,), 25: (5,), 27: (7,), 29: (9,)}
Look = tuple[str, str, frozenset[int]]
_PLAIN: Look = ("", "", frozenset())


@dataclass
class OddTmux:
    """Takes what `Surface` sends, and sends on what tmux 3.3 does while it is told not to wrap.

    It leaves out a letter that it has already, if the letter and its colours are of the first that terminals knew.
    """

    outer: OddTerminal
    _letters: list[list[str]] = field(default_factory=list)
    _looks: list[list[Look]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._letters = [[" "] * self.outer.width for _ in range(self.outer.height)]
        self._looks = [[_PLAIN] * self.outer.width for _ in range(self.outer.height)]
        self._y = self._x = 0
        self._look = _PLAIN
        self._margins = (0, self.outer.height - 1)
        self._outer_at: tuple[int, int] | None = None
        """Where it believes the cursor of its terminal to be."""

    def feed(self, text: str) -> None:
        for match in _TOKEN.finditer(text):
            if match[4]:
                self._draw(match[4])
            else:
                self._obey(match[1] + match[3], match[2])

    def _go(self, y: int, x: int) -> None:
        """Move its terminal's cursor, by steps where it believes that it is in that row or column."""
        if (y, x) == self._outer_at:
            return
        at_y, at_x = self._outer_at or (-1, -1)
        if self._outer_at is None or x == 0 or at_x >= self.outer.width or (y != at_y and x != at_x):
            self.outer.feed(f"\x1b[{y + 1};{x + 1}H")
        elif y != at_y:
            self.outer.feed(f"\x1b[{y + 1}d")
        else:
            self.outer.feed(f"\x1b[{x - at_x}C" if x > at_x else f"\x1b[{at_x - x}D")
        self._outer_at = (y, x)

    def _pass_on(self, y: int, x: int, letter: str, cells: int) -> None:
        self._go(y, x)
        self.outer.feed(letter)
        self._outer_at = (y, x + cells)

    def _draw(self, letter: str) -> None:
        y, x, row = self._y, self._x, self._letters[self._y]
        cells = 0 if is_mark_to_some(letter) else max(1, cells_of(letter))
        if cells == 0:
            start = x - 1 - (x > 1 and row[x - 1] == HALF)
            if start >= 0 and len((row[start] + letter).encode()) <= _MOST_BYTES:
                row[start] += letter
                self._looks[y][start] = self._look
                self._pass_on(y, start, row[start], x - start)
            return
        x = min(x, self.outer.width - 1)
        if x + cells > self.outer.width:
            return
        is_few = len(self._look[0]) < 5 and len(self._look[1]) < 5
        is_written = is_few and letter.isascii() and row[x] == letter and self._looks[y][x] == self._look
        self._clear(y, x, x + cells)
        row[x : x + cells] = [letter, HALF][:cells]
        self._looks[y][x : x + cells] = [self._look] * cells
        self._x = min(x + cells, self.outer.width - 1)
        if not is_written:
            self._pass_on(y, x, letter, cells)

    def _clear(self, y: int, start: int, end: int) -> None:
        row, looks = self._letters[y], self._looks[y]
        for x in range(start, end):
            if row[x] == HALF and x == start > 0:
                row[x - 1] = " "
            if row[x] != HALF and x + 1 < len(row) and row[x + 1] == HALF:
                row[x + 1] = " "
            row[x], looks[x] = " ", ("", self._look[1], frozenset())

    def _obey(self, command: str, parameters: str) -> None:
        numbers = [int(number) if number else 0 for number in parameters.split(";")]
        first, width = numbers[0] or 1, self.outer.width
        if command == "H":
            self._y, self._x = (number - 1 for number in islice((*numbers, 1, 1), 2)) if numbers[0] else (0, 0)
        elif command == "C":
            self._x = min(width - 1, self._x + first)
        elif command in "KX":
            end = width if command == "K" else min(width, self._x + first)
            is_blank = set(self._letters[self._y][self._x :]) == {" "} and set(self._looks[self._y][self._x :]) == {
                _PLAIN
            }
            self._clear(self._y, self._x, end)
            if not (command == "K" and is_blank and self._look[1] == ""):
                self._go(self._y, self._x)
                self.outer.feed(f"\x1b[{end - self._x}X")
        elif command == "J":
            self._letters = [[" "] * width for _ in self._letters]
            self._looks = [[("", self._look[1], frozenset())] * width for _ in self._looks]
            self.outer.feed("\x1b[2J")
        elif command == "r":
            self._margins = (numbers[0] - 1, numbers[1] - 1) if numbers[0] else (0, self.outer.height - 1)
            self._y = self._x = 0
        elif command in "ST":
            top, bottom = self._margins
            for _ in range(first):
                gone, new = (top, bottom) if command == "S" else (bottom, top)
                self._letters.pop(gone)
                self._letters.insert(new, [" "] * width)
                self._looks.pop(gone)
                self._looks.insert(new, [_PLAIN] * width)
            self.outer.feed(f"\x1b[{top + 1};{bottom + 1}r\x1b[{first}{command}\x1b[r")
            self._outer_at = None
        elif command == "m":
            self._wear(numbers)
        elif command not in ("?l", "?h"):
            raise AssertionError(f"tmux knows no {command!r} {parameters}")

    def _wear(self, numbers: list[int]) -> None:
        front, back, flags = self._look
        while numbers:
            count = {5: 3, 2: 5}[numbers[1]] if numbers[0] in (38, 48) else 1
            code, numbers = numbers[:count], numbers[count:]
            text = ";".join(map(str, code))
            if code[0] == 0:
                front, back, flags = _PLAIN
            elif code[0] in _OFF:
                flags -= set(_OFF[code[0]])
            elif code[0] < 10:
                flags |= {code[0]}
            elif code[0] in (39, 49):
                front, back = ("", back) if code[0] == 39 else (front, "")
            elif code[0] == 38 or 30 <= code[0] < 38 or 90 <= code[0] < 98:
                front = text
            else:
                back = text
        self._look = front, back, flags
