"""The last step to the terminal, held against a terminal in memory."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pyte
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from artui.tui.terminal.output import Surface

WIDTH, HEIGHT = 24, 10
STYLES = [
    Style.parse(text) for text in ("", "red", "on #202020", "bold #5fd7ff", "reverse", "dim underline", "white on blue")
]
LETTERS = st.text(st.sampled_from("ab 01·●▁█⠓日本é") | st.sampled_from(" "), max_size=WIDTH)
PIECES = st.lists(
    st.tuples(
        st.integers(0, HEIGHT - 1),
        st.integers(0, WIDTH - 1),
        st.lists(st.tuples(LETTERS, st.sampled_from(STYLES)), min_size=1, max_size=4),
    ),
    min_size=1,
    max_size=HEIGHT,
)


class Screen(pyte.Screen):
    """pyte's screen, which erases with the current background as terminals do."""

    def erase_in_line(self, how: int = 0, private: bool = False) -> None:
        for x in range(self.cursor.x if how == 0 else 0, self.columns):
            self.buffer[self.cursor.y][x] = self.cursor.attrs

    def erase_in_display(self, how: int = 0, *args: object, **more: object) -> None:
        for y in range(self.lines):
            for x in range(self.columns):
                self.buffer[y][x] = self.cursor.attrs


class Terminal:
    """A terminal in memory, with the scrolling that pyte lacks."""

    def __init__(self) -> None:
        self.screen = Screen(WIDTH, HEIGHT)
        self._stream = pyte.Stream(self.screen)

    def feed(self, text: str) -> None:
        place = 0
        for match in re.finditer(r"\x1b\[(\d+)([ST])", text):
            self._stream.feed(text[place : match.start()])
            top, bottom = self.screen.margins or (0, HEIGHT - 1)
            self.screen.cursor.y = bottom if match[2] == "S" else top
            for _ in range(int(match[1])):
                (self.screen.index if match[2] == "S" else self.screen.reverse_index)()
            place = match.end()
        self._stream.feed(text[place:])

    def cells(self) -> list[list[tuple[str, ...]]]:
        """What is seen: letters with colours, blanks with what is behind them."""
        return [[_seen(self.screen.buffer[y][x]) for x in range(WIDTH)] for y in range(HEIGHT)]


def _seen(cell: pyte.screens.Char) -> tuple[str, ...]:
    if cell.data in (" ", "") and not cell.reverse and not cell.underscore:
        return (" ", cell.bg)
    return (cell.data, cell.fg, cell.bg, str(cell.bold), str(cell.reverse), str(cell.underscore))


def _pieces(raw: list[tuple[int, int, list[tuple[str, Style]]]]) -> Iterator[tuple[int, int, Strip]]:
    for y, x, parts in raw:
        yield y, x, Strip([Segment(text, style) for text, style in parts])


def _blank() -> list[tuple[int, int, list[tuple[str, Style]]]]:
    return [(y, 0, [(" " * WIDTH, STYLES[2])]) for y in range(HEIGHT)]


@settings(max_examples=100, deadline=None)
@given(st.lists(PIECES, min_size=1, max_size=5), st.booleans())
def test_differences_show_what_whole_pictures_show(updates: list[list[Any]], erases: bool) -> None:
    """After any updates the terminal shows the same as one that was sent everything at once."""
    surface = Surface(WIDTH, HEIGHT, colours=ColorSystem.TRUECOLOR, erases_in_colour=erases)
    terminal = Terminal()
    terminal.feed(surface.update(_pieces(_blank())))
    for update in updates:
        terminal.feed(surface.update(_pieces(update)))

    fresh = Surface(WIDTH, HEIGHT, colours=ColorSystem.TRUECOLOR, erases_in_colour=False)
    whole = Terminal()
    everything = [piece for update in [_blank(), *updates] for piece in update]
    whole.feed(fresh.update(_pieces(everything)))
    assert terminal.cells() == whole.cells()


def test_nothing_is_sent_when_nothing_changed() -> None:
    """The same picture again costs no byte."""
    surface = Surface(WIDTH, HEIGHT, colours=ColorSystem.TRUECOLOR)
    surface.update(_pieces(_blank()))
    row = [(3, 2, [("hello", STYLES[1])])]
    assert surface.update(_pieces(row)) != ""
    assert surface.update(_pieces(row)) == ""


def test_rows_that_moved_are_scrolled_by_the_terminal() -> None:
    """When a list scrolls by one row, one new row is sent, and the picture is right."""
    surface = Surface(WIDTH, HEIGHT, colours=ColorSystem.TRUECOLOR)
    terminal = Terminal()
    terminal.feed(
        surface.update(_pieces([(y, 0, [(f"row {y:02d} of the list    ", STYLES[1])]) for y in range(HEIGHT)]))
    )

    sent = surface.update(
        _pieces([(y, 0, [(f"row {y + 1:02d} of the list    ", STYLES[1])]) for y in range(1, HEIGHT)])
    )
    terminal.feed(sent)

    assert re.search(r"\x1b\[\d+;\d+r\x1b\[1S", sent) and len(sent) < 80
    assert [terminal.screen.display[y].rstrip() for y in (1, HEIGHT - 1)] == [
        "row 02 of the list",
        "row 10 of the list",
    ]


@given(st.text(st.characters(codec="utf-8") | st.sampled_from("\x00\x07\x1b\x9b\x85\u202e\u200b\u2028"), max_size=30))
def test_no_control_character_passes(text: str) -> None:
    """Whatever a widget is given, only our own escape sequences reach the terminal."""
    surface = Surface(WIDTH, HEIGHT, colours=ColorSystem.TRUECOLOR)
    sent = surface.update(iter([(0, 0, Strip([Segment(text)]))]))
    rest = re.sub(r"\x1b\[([0-9;]*[mHCKJSTr]|\?7l)", "", sent)
    assert not [
        letter for letter in rest if letter < " " or "\x7f" <= letter <= "\x9f" or letter in "\u202e\u200b\u2028"
    ]


def test_no_colour_keeps_attributes() -> None:
    """Without colours, bold and reverse are still sent, and no colour is."""
    surface = Surface(WIDTH, HEIGHT, colours=None)
    sent = surface.update(_pieces([(0, 0, [("x", STYLES[3]), ("y", STYLES[4])])]))
    assert "\x1b[0;1m" in sent and "7" in sent and "38;" not in sent and "48;" not in sent
