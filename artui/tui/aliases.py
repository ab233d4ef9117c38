"""The aliases of a version in few cells: what is in production first, and none cut that could be left out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from artui.safetext import cells_of, clean
from artui.tui.cells import fit_middle

if TYPE_CHECKING:
    from artui.model import VersionHead

_FIRST = "production"


def aliases_of(head: VersionHead) -> list[str]:
    """Give the aliases that people gave, `production` first: `latest` moves by itself."""
    aliases = sorted((alias for alias in head.aliases if alias != "latest"), key=lambda alias: alias != _FIRST)
    return [clean(alias) for alias in aliases]


def aliases_text(head: VersionHead, cells: int | None = None) -> str:
    """Give the aliases that fit into so many cells, and the number of the others: `production candidate +2`."""
    words = aliases_of(head)
    return " ".join(words) if cells is None else fitting(words, cells)


def fitting(words: Sequence[str], cells: int) -> str:
    """Give as many words as fit whole into so many cells, and the number of the others."""
    if cells_of(" ".join(words)) <= cells:
        return " ".join(words)
    for count in range(len(words) - 1, 0, -1):
        text = " ".join((*words[:count], f"+{len(words) - count}"))
        if cells_of(text) <= cells:
            return text
    return fit_middle(words[0], max(0, cells)).rstrip()
