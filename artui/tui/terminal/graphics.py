"""Pictures in the terminal, by Kitty's graphics protocol (https://sw.kovidgoyal.net/kitty/graphics-protocol/).

A picture lies over the cells of a plot, and is transparent where nothing is drawn: axes, labels, marks and the cursor
stay text. It is sent as PNG in one go, and taken away by its number. Terminals are not asked whether they can: their answer would
arrive among the keys. They are known by their environment, which most ssh servers pass on as `TERM` alone.
"""

from __future__ import annotations

import struct
from base64 import b64encode
from collections.abc import Mapping
from typing import NamedTuple

from artui.errors import UsageError

CHOICES = ("kitty", "off")
CHUNK_CHARS = 4096
"""So many characters of a picture stand in one sequence at most."""
USUAL_CELL = (10, 20)
"""Pixels of a cell, where the terminal does not say."""
LOCAL_PIXELS, REMOTE_PIXELS = 1600, 800
"""A picture is no wider, here and through ssh: what the terminal enlarges is still finer than dots, and sooner there."""
_TERMS = ("xterm-kitty", "xterm-ghostty")


class Place(NamedTuple):
    """Cells that a picture covers, counted from 0."""

    row: int
    column: int
    rows: int
    columns: int


def has_graphics(environ: Mapping[str, str], setting: str) -> bool:
    """Say whether the terminal shows pictures, by the setting `graphics`, or by its environment if that is `auto`.

    Raises:
        UsageError: the setting is none of its choices; the message names them.
    """
    if setting in CHOICES:
        return setting == "kitty"
    if setting != "auto":
        choices = ", ".join(f'"{choice}"' for choice in CHOICES)
        raise UsageError(f'graphics is {setting!a}, not "auto", {choices}.', remedy="Correct it, or remove it.")
    # tmux and GNU screen keep pictures to themselves, and set TERM to their own.
    return environ.get("TERM", "") in _TERMS and not environ.get("TMUX") and not environ.get("STY")


def cell_pixels() -> tuple[float, float]:
    """Give width and height of a cell in pixels as the terminal says them, or usual ones."""
    try:
        import fcntl
        import termios

        size = fcntl.ioctl(2, termios.TIOCGWINSZ, b"\0" * 8)  # where Textual writes
    except (ImportError, OSError):
        return USUAL_CELL
    rows, columns, width, height = struct.unpack("HHHH", size)
    return (width / columns, height / rows) if rows and columns and width and height else USUAL_CELL


def most_pixels(environ: Mapping[str, str]) -> int:
    """Give how wide a picture is at most, in pixels."""
    return REMOTE_PIXELS if environ.get("SSH_CONNECTION") or environ.get("SSH_TTY") else LOCAL_PIXELS


def shown(png: bytes, place: Place, *, number: int) -> str:
    """Give what shows a picture over some cells; the cursor stays where it is."""
    data = b64encode(png).decode("ascii")
    chunks = [data[start : start + CHUNK_CHARS] for start in range(0, len(data), CHUNK_CHARS)]
    head = f"a=T,f=100,i={number},p=1,q=2,C=1,c={place.columns},r={place.rows}"
    parts = []
    for count, chunk in enumerate(chunks):
        keys = [head] if count == 0 else []
        keys.append(f"m={int(count + 1 < len(chunks))}")
        parts.append(f"\x1b_G{','.join(keys)};{chunk}\x1b\\")
    return f"\x1b7\x1b[{place.row + 1};{place.column + 1}H{''.join(parts)}\x1b8"


def hidden(*, number: int) -> str:
    """Give what takes a picture away, and frees it."""
    return f"\x1b_Ga=d,d=I,i={number},q=2\x1b\\"
