"""The last step to the terminal: only cells that changed, only attributes that changed.

Textual repaints whole widgets, with full colours for each run of text: a page down costs 11 to 21 kB, and a
key held on a slow link lags for seconds. This step keeps a copy of what the terminal shows, uses the terminal's
own scrolling for rows that merely moved, and writes only the difference. It also stops every control character,
whatever a widget was given.

Terminals differ on how many cells some letters take (see `widths`). A row that holds such letters, or held some, is
written in three turns wherever they reach: blanks, then these letters in runs, each placed by itself, then again all
other text that they may have covered. So what is certain stands where it belongs, whatever the terminal made of the
rest; a run that comes out too long covers blanks beside it, and ends where other text begins.

tmux stands between this and its own terminal, and keeps its own idea of both: it leaves out what is already written in
its picture, though the terminal may show something else there, and for each mark it steps back and writes the letter
once more. So inside tmux the cells that a run may reach are erased before and after it, which is never left out, and a
run reaches further (see `_reach`).

It relies on private names of Textual (see `SUPPORTED`): if they are missing, Textual's own output is used.
"""

from __future__ import annotations

import os
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from rich.color import Color, ColorSystem
from rich.console import Console
from rich.style import Style
from textual.app import App
from textual.strip import Strip

from artui.tui.terminal.widths import HIDDEN, WIDEST_CELLS, cells_of, is_certain, is_mark_to_some, marked

try:
    from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate

    SUPPORTED = hasattr(App, "_display") and hasattr(App, "_background_screens")
except ImportError:  # a version of Textual without these names
    SUPPORTED = False
    ChopsUpdate = LayoutUpdate = CompositorUpdate = object  # type: ignore[assignment, misc]

GAP_CELLS = 5
"""Unchanged cells of the same style are sent again rather than jumped over, up to this many."""
MIN_SCROLLED_ROWS = 5
MIN_ERASED_CELLS = 4
LARGE_CHARS = 1500
"""An update of more characters than this is also written look by look, and the shorter of both is sent."""
STOP_WRAPPING = "\x1b[?7l"
"""What does not fit into a row is dropped by the terminal, not put into the next one. Textual asks for it too, and undoes it at the end."""
NO_BREAK_SPACE = "\u00a0"
"""A blank that tmux always passes on: of plain letters it leaves out those that it has."""
_MAX_MARKS = 3

# bold, dim, italic, underline, blink, reverse, strike: code that switches on, code that switches off.
_FLAGS = (
    ("bold", 1, 22),
    ("dim", 2, 22),
    ("italic", 3, 23),
    ("underline", 4, 24),
    ("blink", 5, 25),
    ("reverse", 7, 27),
    ("strike", 9, 29),
)

Look = tuple[str, str, frozenset[int]]
"""Foreground codes, background codes, and the positions in `_FLAGS` that are on."""

PLAIN: Look = ("39", "49", frozenset())


class Surface:
    """What the terminal shows: a character and a look for each cell; None where that is unknown."""

    def __init__(
        self,
        width: int,
        height: int,
        *,
        colours: ColorSystem | None,
        erases_in_colour: bool = True,
        stand_ins: Mapping[int, str] | None = None,
        in_tmux: bool = False,
    ) -> None:
        self.width, self.height = width, height
        self._in_tmux = in_tmux
        """The terminal around tmux puts what does not fit into a row into the next one, in spite of `STOP_WRAPPING`."""
        self._stand_ins = stand_ins
        """For letters that the terminal lacks, see `glyphs`."""
        self._colours = colours
        self._erases_in_colour = erases_in_colour
        self._chars: list[list[str | None]] = [[None] * width for _ in range(height)]
        self._looks: list[list[int]] = [[0] * width for _ in range(height)]
        self._is_untouched = True
        self._has_met_uncertain = False

    def update(self, pieces: Iterator[tuple[int, int, Strip]]) -> str:
        """Take strips as (row, column, strip); give the text that makes the terminal show them."""
        chars: dict[int, list[str | None]] = {}
        looks: dict[int, list[int]] = {}
        for y, x, strip in pieces:
            if 0 <= y < self.height:
                if y not in chars:
                    chars[y], looks[y] = self._chars[y][:], self._looks[y][:]
                self._place(chars[y], looks[y], x, strip)
        if self._in_tmux and self._has_met_uncertain:
            for row in chars.values():
                self._keep_from_margin(row)
        changed = {y for y in chars if chars[y] != self._chars[y] or looks[y] != self._looks[y]}
        if not changed:
            return ""
        out: list[str] = []
        if self._is_untouched:
            self._erase(chars, looks, out)
        if len(changed) > MIN_SCROLLED_ROWS:
            self._scroll(chars, looks, changed, out)
        before = len(out)
        old = {y: (self._chars[y], self._looks[y]) for y in changed}
        pen = _Pen(out)
        for y in sorted(changed):
            _mend_halves(chars[y])
            self._send(y, chars[y], looks[y], pen)
            self._chars[y], self._looks[y] = chars[y], looks[y]
        pen.close()
        if not self._has_met_uncertain and sum(map(len, out[before:])) > LARGE_CHARS:
            by_look = self._sent_by_look(old)
            if len(by_look.encode()) < len("".join(out[before:]).encode()):
                out[before:] = [by_look]
        return "".join(out)

    def _sent_by_look(self, old_rows: Mapping[int, tuple[list[str | None], list[int]]]) -> str:
        """Write rows look by look instead of one after another: a change of colours takes more bytes than a jump.

        If nearly all rows change the screen is erased first: then blanks need not be written.

        Args:
            old_rows: what the terminal shows of each row that changes.
        """
        out: list[str] = []
        rows = sorted(old_rows)
        erased = _common_blank(self._looks) if len(rows) * 5 >= self.height * 4 and self._erases_in_colour else None
        if erased is not None:
            out.append(_change(None, erased) + "\x1b[2J\x1b[m")
            rows = list(range(self.height))
        segments: dict[int, list[tuple[int, int, str, int]]] = {}
        for y in rows:
            blank: tuple[list[str | None], list[int]] = [" "] * self.width, [erased or 0] * self.width
            old = old_rows[y] if erased is None else blank
            for x, text, look, cells in self._segments(*old, self._chars[y], self._looks[y]):
                segments.setdefault(look, []).append((y, x, text, cells))
        pen = _Pen(out)
        for look, pieces in segments.items():
            pen.wear(look)
            for y, x, text, cells in pieces:
                if not pen.is_at(y, x):
                    pen.move(y, x)
                pen.write(text)
                pen.at(y, x + cells, self.width)
        pen.close()
        return "".join(out)

    def _segments(
        self, old_chars: list[str | None], old_looks: list[int], chars: list[str | None], looks: list[int]
    ) -> Iterator[tuple[int, str, int, int]]:
        """Give what of a row has to be written as (column, text, look, cells): each in one look."""
        tail = self._blank_tail(chars, looks)
        if chars[tail:] == old_chars[tail:] and looks[tail:] == old_looks[tail:]:
            tail = self.width
        start, end, look = 0, -1, 0
        for x in range(min(tail, self.width)):
            letter = chars[x]
            if not letter or (
                letter == old_chars[x] and looks[x] == old_looks[x] and not self._half_changed(old_chars, chars, x)
            ):
                continue
            its_look, cells = looks[x], 2 if x + 1 < self.width and chars[x + 1] == "" else 1
            # Whatever lies between is written again if that is shorter than a jump, and looks the same.
            fits = end >= 0 and x - end <= GAP_CELLS and all(
                chars[i] is not None and _suits(chars[i], looks[i], look) for i in range(end, x)
            )  # fmt: skip
            if fits and _suits(letter, its_look, look):
                end = x + cells
                continue
            if fits and _is_blank_text(chars[start:end]) and _blank(its_look) == _blank(look):
                look, end = its_look, x + cells
                continue
            if end >= 0:
                yield start, "".join(letter or "" for letter in chars[start:end]), look, end - start
            start, end, look = x, x + cells, its_look
        if end >= 0:
            yield start, "".join(letter or "" for letter in chars[start:end]), look, end - start
        if tail < self.width:
            yield tail, "\x1b[K", looks[tail], 0

    def letters(self, y: int) -> list[str | None]:
        """Give a row as it should be shown: a letter with its marks for each cell, "" behind a wide one, None if unknown."""
        return self._chars[y]

    def _erase(self, chars: dict[int, list[str | None]], looks: dict[int, list[int]], out: list[str]) -> None:
        """Start with a screen that is blank in the most common background: its blanks need not be sent."""
        self._is_untouched = False
        if not self._erases_in_colour:
            return
        common = _common_blank(looks.values())
        if common is None:
            return
        out.append(_change(None, common) + "\x1b[2J\x1b[m")
        self._chars = [[" "] * self.width for _ in range(self.height)]
        self._looks = [[common] * self.width for _ in range(self.height)]
        for y, row in chars.items():
            for x, letter in enumerate(row):
                if letter is None:
                    row[x], looks[y][x] = " ", common

    def _place(self, chars: list[str | None], looks: list[int], x: int, strip: Strip) -> None:
        width, start = self.width, x
        for text, style, control in strip:
            if control:
                continue
            if x >= width:
                return
            look = _look_number(style, self._colours)
            if x >= 0 and text.isascii() and text.isprintable():
                count = min(len(text), width - x)
                chars[x : x + count] = text[:count]
                looks[x : x + count] = [look] * count
                if " " in text:
                    blank = _blank(look)
                    place = text.find(" ", 0, count)
                    while place >= 0:
                        looks[x + place] = blank
                        place = text.find(" ", place + 1, count)
                x += len(text)
                continue
            if self._stand_ins is not None:
                text = unicodedata.normalize("NFC", text).translate(self._stand_ins)
            for letter in text:
                cells = cells_of(letter)
                if cells == HIDDEN:
                    continue
                if cells == 0:
                    self._mark(chars, start, x, letter)
                    continue
                if x + cells > width:
                    return
                if not is_certain(letter):
                    self._has_met_uncertain = True
                if x >= 0:
                    chars[x], looks[x] = letter, _blank(look) if letter == " " else look
                    if cells == 2:
                        chars[x + 1], looks[x + 1] = "", look
                x += cells

    def _mark(self, chars: list[str | None], start: int, x: int, mark: str) -> None:
        """Put a mark on the letter before column x, if that belongs to the text that begins at `start`."""
        place = x - 2 if 1 < x <= self.width and chars[x - 1] == "" else x - 1
        if max(0, start) <= place < self.width:
            letter = chars[place]
            if letter and len(letter) <= _MAX_MARKS:
                chars[place] = marked(letter, mark)
                self._has_met_uncertain = True

    def _keep_from_margin(self, chars: list[str | None]) -> None:
        """Put a question mark in place of a letter that may come out so long that it does not fit into the row."""
        for x, letter in enumerate(chars):
            if letter and not is_certain(letter) and x + _one(x, chars, in_tmux=True).most_cells > self.width:
                if x + 1 < self.width and chars[x + 1] == "":
                    chars[x + 1] = " "
                chars[x] = "?"

    def _uncertain_runs(self, chars: list[str | None]) -> list[_Run]:
        runs = _uncertain_runs(chars, in_tmux=self._in_tmux)
        if self._in_tmux and any(run.start + run.most_cells > self.width for run in runs):
            # A run that may come out too long is placed letter by letter: each begins in its own cell, and has room.
            fitting = [
                [run]
                if run.start + run.most_cells <= self.width
                else [
                    _one(x, chars, in_tmux=True) for x in run.columns if (letter := chars[x]) and not is_certain(letter)
                ]
                for run in runs
            ]
            runs = [run for pieces in fitting for run in pieces]
        return runs

    def _send(self, y: int, chars: list[str | None], looks: list[int], pen: _Pen) -> None:
        old_chars, old_looks = self._chars[y], self._looks[y]
        runs = self._uncertain_runs(chars) if self._has_met_uncertain else []
        old_runs = self._uncertain_runs(old_chars) if self._has_met_uncertain else []
        if not runs and not old_runs:
            self._send_row(y, old_chars, old_looks, chars, looks, pen)
            return
        reached = {x for run in (*runs, *old_runs) for x in run.reach(self.width)}
        if self._in_tmux:
            # Not half of a wide letter: tmux and its terminal may differ on what becomes of the other half.
            wide = [x for row in (old_chars, chars) for x in range(1, self.width) if row[x] == ""]
            reached |= {half for x in wide if x in reached or x - 1 in reached for half in (x - 1, x)}
        # What is written in the last turn: neither uncertain letters, nor the blanks behind them up to other text.
        last = chars[:]
        for run in runs:
            for x in range(run.start, run.reach(self.width).stop):
                if x >= run.end and last[x] != " ":
                    break
                last[x] = None
        if any(chars[x] != old_chars[x] or looks[x] != old_looks[x] for x in reached):
            first, first_looks = chars[:], looks[:]
            for run in runs:
                for x in run.columns:
                    first[x], first_looks[x] = " ", _blank(looks[x])
            if self._in_tmux:
                # First only the blanks that stay: all else is written in the last turn.
                first = [" " if letter is None else None for letter in last]
            old = self._blanked(y, reached, looks, pen)
            self._send_row(y, *old, first, first_looks, pen)
            self._send_runs(y, runs, chars, looks, pen)
            covered = {x for x in reached if last[x] is not None}
            if self._in_tmux:
                old_chars, old_looks = self._blanked(y, covered, looks, pen)
            else:
                old_chars, old_looks = [None if x in covered else letter for x, letter in enumerate(last)], looks
        self._send_row(y, old_chars, old_looks, last, looks, pen)

    def _blanked(self, y: int, columns: set[int], looks: list[int], pen: _Pen) -> tuple[list[str | None], list[int]]:
        """Give what a row is if nothing is known of some columns; in tmux they are erased."""
        old_chars, old_looks = self._chars[y][:], self._looks[y][:]
        for start, end in _stretches(columns):
            old_chars[start:end] = [None] * (end - start)
            if self._in_tmux:
                look = _common_blank([looks[start:end]]) or 0
                pen.move(y, start)
                pen.wear(look)
                pen.write(f"\x1b[{end - start}X")
                pen.at(y, start, self.width)
                if self._erases_in_colour:
                    old_chars[start:end] = [" "] * (end - start)
                    old_looks[start:end] = [look] * (end - start)
        return old_chars, old_looks

    def _send_runs(self, y: int, runs: list[_Run], chars: list[str | None], looks: list[int], pen: _Pen) -> None:
        for run in runs:
            if run.start + run.most_cells > self.width:
                pen.write(STOP_WRAPPING)
            # A terminal to which the first letter is a mark may put it on what was written last: let that be a blank.
            pen.place(y, run.start, NO_BREAK_SPACE if self._in_tmux else " ", looks[run.start])
            pen.move(y, run.start)
            for x in run.columns:
                if letter := chars[x]:
                    pen.wear_for(letter, looks[x])
                    pen.write(letter)
            # tmux and GNU screen think that they know where the cursor of their own terminal is now. From a place in
            # another row and another column they say both, so the cursor goes to the start of such a row.
            if (row := self._anchor(y)) is not None:
                pen.place(row, 0, self._chars[row][0] or " ", self._looks[row][0], erase=self._in_tmux)

    def _anchor(self, y: int) -> int | None:
        """Give another row, whose first cell is certain, or is yet to be sent, so that a blank may stand there until then."""
        firsts = [(row, letters[0]) for row, letters in enumerate(self._chars) if row != y]
        certain = next((row for row, first in firsts if first and is_certain(first)), None)
        return certain if certain is not None else next((row for row, first in firsts if first is None), None)

    def _send_row(
        self,
        y: int,
        old_chars: list[str | None],
        old_looks: list[int],
        chars: list[str | None],
        looks: list[int],
        pen: _Pen,
    ) -> None:
        """Turn a row of the terminal into another; where that is None, the terminal keeps what it has."""
        tail = self._blank_tail(chars, looks)
        if chars[tail:] == old_chars[tail:] and looks[tail:] == old_looks[tail:]:
            tail = self.width
        x, end = 0, -1
        while x < min(tail, self.width):
            letter = chars[x]
            if (
                letter is None
                or not letter
                or (letter == old_chars[x] and looks[x] == old_looks[x] and not self._half_changed(old_chars, chars, x))
            ):
                x += 1
                continue
            if (
                end >= 0
                and 0 <= x - end <= GAP_CELLS
                and all(chars[i] and pen.suits(chars[i], looks[i]) for i in range(end, x))
            ):
                pen.write("".join(chars[i] or "" for i in range(end, x)))
            elif end != x:
                pen.move(y, x)
            pen.wear_for(letter, looks[x])
            pen.write(letter)
            end = x + (2 if x + 1 < self.width and chars[x + 1] == "" else 1)
            x = end
            pen.at(y, end, self.width)
        if tail < self.width:
            if end != tail:
                pen.move(y, tail)
            pen.wear_for(" ", looks[tail])
            pen.write("\x1b[K")
            pen.at(y, tail, self.width)

    def _blank_tail(self, chars: list[str | None], looks: list[int]) -> int:
        """Give the column where a row's trailing blanks begin, if erasing them is shorter than writing them."""
        if not self._erases_in_colour or _is_marked(looks[-1]):
            return self.width
        tail = self.width
        while tail > 0 and chars[tail - 1] == " " and looks[tail - 1] == looks[-1]:
            tail -= 1
        return tail if self.width - tail > MIN_ERASED_CELLS else self.width

    @staticmethod
    def _half_changed(old: list[str | None], new: list[str | None], x: int) -> bool:
        """Whether a wide character becomes a narrow one at x, or the reverse."""
        return x + 1 < len(new) and (old[x + 1] == "") != (new[x + 1] == "")

    def _scroll(
        self,
        chars: dict[int, list[str | None]],
        looks: dict[int, list[int]],
        changed: set[int],
        out: list[str],
    ) -> None:
        """Let the terminal scroll rows that only changed their place."""
        places: dict[str, list[int]] = {}
        for y in range(self.height):
            row = self._chars[y]
            if None not in row:
                places.setdefault("".join(row), []).append(y)  # type: ignore[arg-type]
        votes: dict[int, int] = {}
        keys = {y: "".join(letter or "" for letter in chars[y]) for y in changed}
        for y, key in keys.items():
            if key.strip():
                for old_y in places.get(key, ()):
                    votes[old_y - y] = votes.get(old_y - y, 0) + 1
        if not votes:
            return
        shift = max(votes, key=votes.__getitem__)
        if shift == 0 or votes[shift] < MIN_SCROLLED_ROWS or votes[shift] < len(changed) // 3:
            return
        moved = [y for y, key in keys.items() if y + shift in places.get(key, ())]
        top, bottom = min(min(moved), min(moved) + shift), max(max(moved), max(moved) + shift)
        count = abs(shift)
        out.append(f"\x1b[{top + 1};{bottom + 1}r\x1b[{count}{'S' if shift > 0 else 'T'}\x1b[r")
        shown_chars, shown_looks = self._chars[top : bottom + 1], self._looks[top : bottom + 1]
        blank_chars: list[list[str | None]] = [[None] * self.width for _ in range(count)]
        blank_looks = [[0] * self.width for _ in range(count)]
        for y in range(top, bottom + 1):
            if y not in chars:
                chars[y], looks[y] = shown_chars[y - top][:], shown_looks[y - top][:]
        if shift > 0:
            self._chars[top : bottom + 1], self._looks[top : bottom + 1] = (
                shown_chars[count:] + blank_chars,
                shown_looks[count:] + blank_looks,
            )
        else:
            self._chars[top : bottom + 1], self._looks[top : bottom + 1] = (
                blank_chars + shown_chars[:-count],
                blank_looks + shown_looks[:-count],
            )
        for y in range(top, bottom + 1):
            if chars[y] != self._chars[y] or looks[y] != self._looks[y]:
                changed.add(y)
            else:
                changed.discard(y)


def _common_blank(rows: Iterable[list[int]]) -> int | None:
    """Give the look that most blanks of some rows have; None if it would show."""
    common = Counter(_blank(look) for row in rows for look in row).most_common(1)[0][0]
    return None if _is_marked(common) else common


def _suits(letter: str | None, look: int, worn: int) -> bool:
    """Whether a letter can be written in another look: for a blank only the background counts."""
    return look == worn or (letter == " " and _blank(worn) == look)


def _is_blank_text(letters: list[str | None]) -> bool:
    return all(letter == " " for letter in letters)


class _Pen:
    """Writes escape sequences, and remembers the cursor's position and look."""

    def __init__(self, out: list[str]) -> None:
        self._out = out
        self._place: tuple[int, int] | None = None
        self.look: int | None = None

    def move(self, y: int, x: int) -> None:
        """Move the cursor: by steps from a known place in the same row, else by row and column."""
        if self._place is not None and self._place[0] == y and x > self._place[1]:
            self._out.append(f"\x1b[{x - self._place[1]}C")
        else:
            self._out.append(f"\x1b[{y + 1};{x + 1}H")

    def at(self, y: int, x: int, width: int) -> None:
        # At the right edge terminals differ in where the cursor is.
        self._place = (y, x) if x < width else None

    def is_at(self, y: int, x: int) -> bool:
        """Whether the cursor is known to be there."""
        return self._place == (y, x)

    def wear(self, look: int) -> None:
        if look != self.look:
            self._out.append(_change(self.look, look))
            self.look = look

    def place(self, y: int, x: int, letter: str, look: int, *, erase: bool = False) -> None:
        """Write a letter somewhere; the move after it says row and column."""
        self.move(y, x)
        self.wear_for(letter, look)
        self.write(f"\x1b[X{letter}" if erase else letter)
        self._place = None

    def wear_for(self, letter: str, look: int) -> None:
        if not self.suits(letter, look):
            self.wear(look)

    def suits(self, letter: str | None, look: int) -> bool:
        """Whether this can be written in the current look: for a blank only the background counts."""
        if self.look is None:
            return False
        return look == self.look or (letter == " " and _blank(self.look) == look)

    def write(self, text: str) -> None:
        self._out.append(text)

    def close(self) -> None:
        if self.look is not None:
            self._out.append("\x1b[m")


_looks: list[Look] = [PLAIN]
_numbers: dict[tuple[Style | None, ColorSystem | None], int] = {}


def _look_number(style: Style | None, colours: ColorSystem | None) -> int:
    """Intern the look of a style on a terminal with these colours; give its number."""
    key = (style, colours)
    number = _numbers.get(key)
    if number is None:
        look = _look(style, colours)
        if look in _looks:
            number = _looks.index(look)
        else:
            number = len(_looks)
            _looks.append(look)
        _numbers[key] = number
    return number


_blanks: dict[int, int] = {}
_MARKING = frozenset(number for number, (name, _, _) in enumerate(_FLAGS) if name in ("underline", "reverse", "strike"))


def _blank(look: int) -> int:
    """Give this look without everything that only letters show."""
    number = _blanks.get(look)
    if number is None:
        front, back, flags = _looks[look]
        kept = flags & _MARKING
        plain = (front if kept else "39", back, kept)
        if plain not in _looks:
            _looks.append(plain)
        number = _blanks[look] = _looks.index(plain)
    return number


def _is_marked(look: int) -> bool:
    return bool(_looks[look][2] & _MARKING)


def _look(style: Style | None, colours: ColorSystem | None) -> Look:
    if not style:
        return PLAIN
    front, back = "39", "49"
    if colours is not None:
        if style.color is not None:
            front = ";".join(_short(style.color).downgrade(colours).get_ansi_codes(foreground=True))
        if style.bgcolor is not None:
            back = ";".join(_short(style.bgcolor).downgrade(colours).get_ansi_codes(foreground=False))
    return (
        front,
        back,
        frozenset(number for number, (name, _, _) in enumerate(_FLAGS) if getattr(style, name)),
    )


def _short(colour: Color) -> Color:
    """Give the same colour by its number if it is one of the 256, which takes half the bytes."""
    triplet = colour.triplet
    if triplet is None:
        return colour
    cube = (0, 95, 135, 175, 215, 255)
    if all(part in cube for part in triplet):
        red, green, blue = (cube.index(part) for part in triplet)
        return Color.from_ansi(16 + 36 * red + 6 * green + blue)
    if triplet.red == triplet.green == triplet.blue and (triplet.red - 8) % 10 == 0 and 8 <= triplet.red <= 238:
        return Color.from_ansi(232 + (triplet.red - 8) // 10)
    return colour


@lru_cache(maxsize=4096)
def _change(before: int | None, after: int) -> str:
    """Give the shortest sequence that turns one look into another; `before` is None if it is unknown."""
    front, back, flags = _looks[after]
    whole = (
        ["0"]
        + [str(_FLAGS[flag][1]) for flag in sorted(flags)]
        + [code for code in (front, back) if code not in ("39", "49")]
    )
    full = "\x1b[" + ";".join(whole) + "m"
    if before is None:
        return full
    old_front, old_back, old_flags = _looks[before]
    codes = list(dict.fromkeys(str(_FLAGS[flag][2]) for flag in sorted(old_flags - flags)))
    # 22 switches off bold and dim alike.
    kept = (
        flags & old_flags
        if "22" not in codes
        else frozenset(flag for flag in flags & old_flags if _FLAGS[flag][2] != 22)
    )
    codes += [str(_FLAGS[flag][1]) for flag in sorted(flags - kept)]
    codes += [front] if front != old_front else []
    codes += [back] if back != old_back else []
    short = "\x1b[" + ";".join(codes) + "m"
    return short if len(short) <= len(full) else full


def _mend_halves(chars: list[str | None]) -> None:
    """Blank the remaining half of a wide character whose other half was overwritten."""
    for x, letter in enumerate(chars):
        if (letter == "" and (x == 0 or not _is_wide(chars[x - 1]))) or (
            _is_wide(letter) and (x + 1 >= len(chars) or chars[x + 1] != "")
        ):
            chars[x] = " "


def _is_wide(letter: str | None) -> bool:
    return letter is not None and letter >= "\u1100" and cells_of(letter[0]) == 2


@dataclass(frozen=True, slots=True)
class _Run:
    """Letters of uncertain width that follow each other in a row, single blanks between them included."""

    start: int
    end: int
    """The column behind the last one that layout counts."""
    most_cells: int
    """What it takes in a terminal that gives every code point as much as any does."""
    steps_back: int
    """How far before its start it may write, in a terminal that gives its letters no cell."""

    @property
    def columns(self) -> range:
        return range(self.start, self.end)

    def reach(self, width: int) -> range:
        """Give the columns whose content this may change: it may join what is before it, and be longer than thought."""
        return range(max(0, self.start - self.steps_back), min(width, max(self.end, self.start + self.most_cells)))


def _uncertain_runs(chars: list[str | None], *, in_tmux: bool) -> list[_Run]:
    spans: list[tuple[int, int]] = []
    for x, letter in enumerate(chars):
        if not letter or is_certain(letter):
            continue
        end = x + (2 if x + 1 < len(chars) and chars[x + 1] == "" else 1)
        if spans and (x == spans[-1][1] or (x == spans[-1][1] + 1 and chars[x - 1] == " ")):
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((x, end))
    return [
        _Run(start, end, *_reach("".join(letter or "" for letter in chars[start:end]), in_tmux=in_tmux))
        for start, end in spans
    ]


def _one(x: int, chars: list[str | None], *, in_tmux: bool) -> _Run:
    """Give one letter of uncertain width as a run."""
    before = chars[x - 1] if x and chars[x - 1] else chars[x - 2] if x > 1 else None
    joined = len(before) if before and not is_certain(before) else 1
    end = x + (2 if x + 1 < len(chars) and chars[x + 1] == "" else 1)
    return _Run(x, end, *_reach(chars[x] or "", in_tmux=in_tmux, joined=joined))


def _reach(points: str, *, in_tmux: bool, joined: int = 1) -> tuple[int, int]:
    """Say how many cells code points take at most, and how far before the first one they may write.

    tmux writes a mark by stepping back over the letter, as wide as it is to tmux, and writing it again with all marks.

    Args:
        points: letters of uncertain width with their marks.
        in_tmux: whether it is tmux that passes them on.
        joined: how many code points the letter before has, which the first one may join.
    """
    most_cells, steps_back = len(points) * WIDEST_CELLS, WIDEST_CELLS
    if in_tmux:
        for point in points:
            if is_mark_to_some(point):
                most_cells += joined * WIDEST_CELLS - 1
                steps_back += WIDEST_CELLS
                joined += 1
            else:
                joined = 1
    return most_cells, steps_back


def _stretches(columns: set[int]) -> list[tuple[int, int]]:
    """Give columns as ranges: where each starts, and the column behind it."""
    stretches: list[tuple[int, int]] = []
    for x in sorted(columns):
        if stretches and stretches[-1][1] == x:
            stretches[-1] = (stretches[-1][0], x + 1)
        else:
            stretches.append((x, x + 1))
    return stretches


def is_in_tmux() -> bool:
    """Whether tmux passes on what is written here."""
    return "TMUX" in os.environ


def _erases_in_colour() -> bool:
    """Whether this terminal fills erased cells with the current background; GNU screen does only if TERM says `bce`."""
    term = os.environ.get("TERM", "")
    return not term.startswith(("screen", "vt", "sun", "cons", "ansi")) or "bce" in term


class _Changes(CompositorUpdate):
    """Replaces one of Textual's updates: renders only what changed."""

    def __init__(self, surface: Surface, update: Any) -> None:
        self._surface = surface
        self._update = update

    def __rich_console__(self, console: Console, options: Any) -> Iterator[str]:
        yield ""

    def render_segments(self, console: Console) -> str:
        """Give what the terminal must be sent."""
        return self._surface.update(self._pieces())

    def _pieces(self) -> Iterator[tuple[int, int, Strip]]:
        update = self._update
        if isinstance(update, LayoutUpdate):
            for y, line in enumerate(update.strips, update.region.y):
                x = update.region.x
                for strip in line:
                    yield y, x, strip
                    x += strip.cell_length
            return
        for y, x1, x2 in update.spans:
            for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
                if strip is not None and x < x2 and end > x1:
                    # What lies beyond is of what was painted below this part, and not of what is seen there.
                    yield y, x, strip if end <= x2 else strip.crop(0, x2 - x)


class ChangesOnly(App[int]):
    """An app that sends the terminal only what changed."""

    sends_changes_only = True
    """False uses Textual's own output."""
    stand_ins: Mapping[int, str] | None = None
    """For letters that the terminal lacks."""
    _surface: Surface | None = None

    def _display(self, screen: Any, renderable: Any) -> None:
        driver = self._driver
        if (
            SUPPORTED
            and self.sends_changes_only
            and isinstance(renderable, LayoutUpdate | ChopsUpdate)
            and driver is not None
            and not driver.is_inline
            and not self.is_headless
        ):
            width, height = self.size
            surface = self._surface
            if surface is None or (surface.width, surface.height) != (width, height):
                colours = None if self.no_color else self.console._color_system
                surface = self._surface = Surface(
                    width,
                    height,
                    colours=colours,
                    erases_in_colour=_erases_in_colour(),
                    stand_ins=self.stand_ins,
                    in_tmux=is_in_tmux(),
                )
                if isinstance(renderable, ChopsUpdate):
                    # Nothing is known of the terminal: a partial update is not enough.
                    renderable = screen._compositor.render_update(full=True, screen_stack=self._background_screens)
            renderable = _Changes(surface, renderable)
        super()._display(screen, renderable)

    def forget_terminal(self) -> None:
        """Send everything again, assuming nothing about what the terminal shows: for ctrl+L, resume and resize."""
        self._surface = None
        self.refresh(layout=True)
        for screen in self.screen_stack:
            screen.refresh(layout=True)
