"""Facts in two columns, where there are few lines: short ones stand beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from artui.sheets.sheet import Fact
from artui.tui.cells import length_of

GAP_CELLS = 2
_SIGN_CELLS = 2
ALONE = ("note", "damaged", "deleted", "removed", "retired", "not there", "not stored")
"""Labels of what has lines of its own: it is to be seen first, or may be long."""


class Pair(NamedTuple):
    """Two facts that stand beside each other, or one that has the line for itself."""

    left: Fact
    right: Fact | None = None


class Paired(NamedTuple):
    """Facts as pairs, and the cells of their columns."""

    pairs: Sequence[Pair]
    label_cells: int
    """Of a label at the left."""
    right_at: int
    """Where the right column begins."""
    right_label_cells: int


def paired(facts: Sequence[Fact], cells: int) -> Paired | None:
    """Put facts that fit beside each other into so many cells, in as few lines as that gives; None where none do.

    A fact is moved up at most to the line of one that stands before it.
    """
    short = [fact for fact in facts if fact.label and fact.label not in ALONE]
    if len(short) < 2:
        return None
    label_cells = max(length_of([(fact.label, "")]) for fact in facts if fact.label)
    lefts = sorted({label_cells + GAP_CELLS + _text_cells(fact) for fact in short})
    best: Paired | None = None
    for left_cells in lefts:
        right_at = left_cells + GAP_CELLS
        tried = _at(facts, label_cells, right_at, cells)
        if best is None or len(tried.pairs) < len(best.pairs):
            best = tried
    return best if best is not None and len(best.pairs) < len(facts) else None


def _at(facts: Sequence[Fact], label_cells: int, right_at: int, cells: int) -> Paired:
    """Pair facts where the right column begins at a cell."""
    waiting, pairs, rights = list(facts), list[Pair](), list[Fact]()
    right_label_cells = max((length_of([(fact.label, "")]) for fact in facts if fact.label not in ALONE), default=0)
    while waiting:
        left = waiting.pop(0)
        is_short = label_cells + GAP_CELLS + _text_cells(left) + GAP_CELLS <= right_at
        right = None
        if is_short and left.label and left.label not in ALONE:
            right = next((fact for fact in waiting if _fits(fact, left, cells - right_at - right_label_cells)), None)
        if right is not None:
            waiting.remove(right)
            rights.append(right)
        pairs.append(Pair(left, right))
    return Paired(pairs, label_cells, right_at, right_label_cells)


def _fits(fact: Fact, left: Fact, room: int) -> bool:
    # A line leads to one place.
    is_clear = fact.link is None or left.link is None
    is_short = GAP_CELLS + _text_cells(fact) <= room
    return is_clear and is_short and bool(fact.label) and fact.label not in ALONE


def _text_cells(fact: Fact) -> int:
    """Say how many cells a fact takes behind its label; that of a run has a sign before it."""
    return length_of([(fact.text, "")]) + (_SIGN_CELLS if fact.link is not None and fact.link.status else 0)
