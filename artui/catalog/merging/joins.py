"""Which of two copies of a row wins: a total order over what rows hold, so that the order of merging cannot matter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from artui.catalog import cells, seals
from artui.catalog.forgetting import INSTEAD

Rank = tuple[bool, int, bytes]


def rank(stamp: Any, content: Sequence[Any]) -> Rank:
    """Give what two copies of a row are compared by: the larger one wins.

    A text that was forgotten in one of them stays so; then the later stamp counts, then the content.
    """
    written = seals.canonical([list(content)])
    return INSTEAD.encode() in written, cells.integer(stamp), written


def wins(theirs: Rank, ours: Rank) -> bool:
    """Say whether their copy replaces ours."""
    return theirs > ours


def earliest(*times_ms: Any) -> int:
    """Give the earliest of some times."""
    return min(cells.integer(time_ms) for time_ms in times_ms)
