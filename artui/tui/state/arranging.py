"""What keys do to the columns and the order of a table, as functions from arrangement to arrangement.

Places count from 1: the name, at 0, stays where it is. `ids` are those of the columns that are shown behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from artui.query.runs.sorting import Sort
from artui.tui.state.arrangement import MAX_CELLS, MAX_SORTS, MIN_CELLS

if TYPE_CHECKING:
    from artui.tui.state.arrangement import Arrangement

First = Callable[[str], Sort]
"""Gives how a column is sorted at first, by its id."""


def without_column(arrangement: Arrangement, ids: Sequence[str], place: int) -> Arrangement:
    """Hide a column."""
    kept = [*ids[: place - 1], *ids[place:]]
    return replace(arrangement, columns=tuple(kept), pinned=arrangement.pinned - (place <= arrangement.pinned))


def shifted(arrangement: Arrangement, ids: Sequence[str], place: int, change: int) -> Arrangement:
    """Move a column to the left or to the right; beyond the ends nothing changes."""
    target, moved = place + change, list(ids)
    if place < 1 or not 1 <= target <= len(ids):
        return arrangement
    moved.insert(target - 1, moved.pop(place - 1))
    return replace(arrangement, columns=tuple(moved))


def resized(arrangement: Arrangement, column_id: str, cells: int, *, least: int = MIN_CELLS) -> Arrangement:
    """Give a column so many cells, as far as that is sensible; `least` do for its values."""
    widths = {**arrangement.widths, column_id: max(MIN_CELLS, min(MAX_CELLS, max(cells, least)))}
    return replace(arrangement, widths=widths)


def pinned(arrangement: Arrangement, ids: Sequence[str], place: int) -> Arrangement:
    """Let the columns up to a place stay while the others scroll; at the last pinned column, none."""
    return replace(arrangement, pinned=0 if place == arrangement.pinned else place, columns=tuple(ids))


def sorted_by(arrangement: Arrangement, column_id: str, first: First, *, may_end: bool = False) -> Arrangement:
    """Sort by a column; if it is sorted by already, the other way, and after that, if rows have an order of their own, by none."""
    now = arrangement.sorts[:1]
    if not now or now[0].column != column_id:
        return with_sorts(arrangement, [first(column_id)])
    if may_end and now[0] != first(column_id):
        return with_sorts(arrangement, ())
    return with_sorts(arrangement, [Sort(column_id, not now[0].is_descending)])


def sorted_also_by(arrangement: Arrangement, column_id: str, first: First, *, may_end: bool = False) -> Arrangement:
    """Order equal values by a column too; if they are already, the other way; after that, no longer."""
    sorts = list(arrangement.sorts)
    place = next((i for i, sort in enumerate(sorts) if sort.column == column_id), None)
    if place is None:
        sorts.append(first(column_id))
    elif sorts[place] == first(column_id):
        sorts[place] = Sort(column_id, not sorts[place].is_descending)
    elif len(sorts) > 1 or may_end:
        del sorts[place]
    return with_sorts(arrangement, sorts[-MAX_SORTS:])


def with_sorts(arrangement: Arrangement, sorts: Sequence[Sort]) -> Arrangement:
    """Sort by these columns, the most significant first."""
    return replace(arrangement, sorts=tuple(sorts))
