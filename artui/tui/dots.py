"""Letters for cells of 2 x 4 dots, by the bits of braille: for fonts that have braille, for those that have only blocks, and for ASCII.

A bit stands for the same dot in all of them: those of the left column from the top are 0x01, 0x02, 0x04 and 0x40, those
of the right one 0x08, 0x10, 0x20 and 0x80, as in Unicode's block of braille patterns (U+2800).
"""

from __future__ import annotations

from typing import Literal

DotStyle = Literal["braille", "blocks", "ascii"]

BRAILLE = "".join(chr(0x2800 + bits) for bits in range(256))
_ROWS = (0x01 | 0x08, 0x02 | 0x10, 0x04 | 0x20, 0x40 | 0x80)
_ASCII = {0b0000: " ", 0b0001: "'", 0b0010: "-", 0b0100: "-", 0b1000: ".", 0b0011: "'", 0b0110: "-", 0b1100: "."}
"""By the rows that have a dot, from the top at bit 0; all others reach over more than half of the cell."""


def _rows(bits: int) -> int:
    return sum(1 << row for row, mask in enumerate(_ROWS) if bits & mask)


def _block(bits: int) -> str:
    return " ▀▄█"[bool(bits & (_ROWS[0] | _ROWS[1])) + 2 * bool(bits & (_ROWS[2] | _ROWS[3]))]


BLOCKS = "".join(map(_block, range(256)))
"""Upper and lower halves: what the console of Linux has."""
ASCII = "".join(_ASCII.get(_rows(bits), "|") for bits in range(256))

LETTERS: dict[DotStyle, str] = {"braille": BRAILLE, "blocks": BLOCKS, "ascii": ASCII}
