"""Draws in the terminal that it is started in, for one who looks on from outside.

    python -m tests.tui.terminal.inside FOLDER COUNT [COLOURS]

Posts what it knows as FOLDER/0.json, 1.json and so on, when the terminal has taken all that was sent, and waits for
FOLDER/0.go and so on before it goes on: first the cells that this terminal gives each uncertain letter; then, for each
of COUNT sequences, the rows that should be shown after many small updates, and again after all was drawn anew.
"""

from __future__ import annotations

import json
import os
import re
import select
import sys
import time
import tty
from pathlib import Path
from random import Random
from typing import Any

from rich.color import ColorSystem
from rich.segment import Segment
from textual.strip import Strip

from artui.safetext import clean
from artui.tui.terminal.glyphs import has_certain_letters, stand_ins
from artui.tui.terminal.output import STOP_WRAPPING, Surface, _erases_in_colour, is_in_tmux
from artui.tui.terminal.widths import is_certain
from tests.tui.terminal.odd_updates import ALL_NAMES, HEIGHT, STYLES, WIDTH, blank, pieces_of_an_update

UPDATES = 12
COLOURS = {"all": ColorSystem.TRUECOLOR, "few": ColorSystem.STANDARD, "none": None}


class Poster:
    """Sends to the terminal, and posts to who looks on."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._count = folder, 0
        self._terminal = os.open("/dev/tty", os.O_RDWR)
        tty.setraw(self._terminal)

    def send(self, text: str) -> None:
        data = text.encode()
        while data:
            data = data[os.write(self._terminal, data) :]

    def column(self) -> int:
        """Give the cursor's column as the terminal says it, which it does when it has taken all that was sent."""
        self.send("\x1b[6n")
        answer, deadline = b"", time.monotonic() + 10
        while time.monotonic() < deadline:
            if select.select([self._terminal], [], [], 0.5)[0]:
                answer += os.read(self._terminal, 100)
            if match := re.search(rb"\x1b\[\d+;(\d+)R", answer):
                return int(match[1]) - 1
        raise TimeoutError("the terminal did not say where its cursor is")

    def post(self, what: Any) -> None:
        self.column()
        part = self._folder / "part"
        part.write_text(json.dumps(what))
        part.rename(self._folder / f"{self._count}.json")
        while not (self._folder / f"{self._count}.go").exists():
            time.sleep(0.01)
        self._count += 1


def _surface(colours: ColorSystem | None) -> Surface:
    is_certain_only = has_certain_letters(os.environ, "auto", pid=os.getpid())
    return Surface(
        WIDTH,
        HEIGHT,
        colours=colours,
        erases_in_colour=_erases_in_colour(),
        stand_ins=stand_ins("braille", is_certain_only=is_certain_only),
        in_tmux=is_in_tmux(),
    )


def main(folder: Path, count: int, colours: ColorSystem | None) -> None:
    """Draw and post."""
    poster = Poster(folder)
    widths: dict[str, int] = {}
    for letter in sorted({letter for name in ALL_NAMES for letter in clean(name) if not is_certain(letter)}):
        poster.send(f"\x1b[2;1Hx{letter}")
        widths[letter] = poster.column() - 1
    poster.send(STOP_WRAPPING)
    poster.post(widths)
    for seed in range(count):
        random, surface = Random(seed), _surface(colours)
        drawn = [*blank(), (0, 0, Strip([Segment("TOP 123.456", STYLES[0])]))]
        poster.send("\x1b[m\x1b[2J" + surface.update(iter(drawn)))
        for _ in range(UPDATES):
            pieces = pieces_of_an_update(random, ALL_NAMES)
            drawn += pieces
            poster.send(surface.update(iter(pieces)))
        poster.post([surface.letters(y) for y in range(HEIGHT)])
        poster.send(_surface(colours).update(iter(drawn)))
        poster.post([surface.letters(y) for y in range(HEIGHT)])


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), COLOURS[(*sys.argv, "all")[3]])
