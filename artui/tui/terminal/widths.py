"""How many cells a letter takes, and whether every terminal agrees.

Terminals measure text by tables of their own age, and differ on whether vowel signs, joined letters and new emoji take
no cell, one or two. A letter is certain here if it was in Unicode 3.2 (2002), so that every table knows it; if its
width has never changed; and if its script neither stacks, joins nor turns around. Letters of ambiguous width count as
certain, one cell wide: frames and charts are made of them.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from rich.cells import get_character_cell_size

from artui.safetext import is_hidden

HIDDEN = -1
"""Instead of a width: a letter that is never sent."""
WIDEST_CELLS = 2
"""No terminal gives one code point more than this."""

# Blocks whose letters change with their neighbours: Hebrew to Tibetan and Myanmar; vowels and endings of Hangul; Tagalog
# to Mongolian; Limbu to Vedic signs; Syloti Nagri to Meetei Mayek; presentation forms of Hebrew and Arabic; voicing
# marks of half width.
_JOINING = (
    (0x0590, 0x109F),
    (0x1160, 0x11FF),
    (0x1700, 0x18AF),
    (0x1900, 0x1CFF),
    (0xA800, 0xABFF),
    (0xFB1D, 0xFDFF),
    (0xFE70, 0xFEFF),
    (0xFF9E, 0xFF9F),
)


@lru_cache(maxsize=4096)
def cells_of(letter: str) -> int:
    """Give the cells that layout counts for one letter: 0 for a mark, 1, 2, or `HIDDEN`."""
    return HIDDEN if is_hidden(letter) else get_character_cell_size(letter)


@lru_cache(maxsize=4096)
def is_certain(cluster: str) -> bool:
    """Say whether every terminal gives a letter, with the marks on it, the cells that layout counts."""
    if len(cluster) != 1:
        return not cluster
    if cluster < "\u0300":
        return True
    code = ord(cluster)
    if any(first <= code <= last for first, last in _JOINING):
        return False
    first_known = unicodedata.ucd_3_2_0
    if first_known.category(cluster)[0] in "MC":
        return False
    return get_character_cell_size(cluster) == (2 if first_known.east_asian_width(cluster) in "WF" else 1)


@lru_cache(maxsize=4096)
def is_mark_to_some(letter: str) -> bool:
    """Say whether some terminal may put a letter on the one before it: a mark, a modifier, or what an old table lacks."""
    return cells_of(letter) <= 0 or any(
        table.category(letter)[0] in "MC" for table in (unicodedata, unicodedata.ucd_3_2_0)
    )


@lru_cache(maxsize=4096)
def marked(cluster: str, mark: str) -> str:
    """Put a mark on a letter, as one code point where there is one."""
    return unicodedata.normalize("NFC", cluster + mark)
