"""Marks in the table of runs: one by one, a range, all others, or all that a condition matches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from artui.tui.screens.runs.state import RunsState
from artui.tui.state.marks import Marks, Reach, reach_of

if TYPE_CHECKING:
    from artui.tui.widgets.tablelines import TableLines


def marked_keys(state: RunsState) -> list[int]:
    """Give the marked runs: those in the table in its order, then those that the filter hides."""
    return _marks(state).in_order(state.order.keys)


def toggled(state: RunsState, keys: Sequence[int], line: int) -> RunsState:
    """Mark runs; if all of them are marked already, unmark them. `line` is the line of the table that stands for them."""
    return _with(state, _marks(state).toggled(keys, line))


def with_range(state: RunsState, lines: TableLines, place: int) -> RunsState:
    """Mark everything from the line that was marked last to the one at a place."""
    return _with(state, _marks(state).with_range(lines.keys, place, lines.runs_at))


def inverted(state: RunsState) -> RunsState:
    """Mark the runs in the table that are not marked, and unmark those that are."""
    return _with(state, _marks(state).inverted(state.order.keys))


def with_marks(state: RunsState, keys: Iterable[int]) -> RunsState:
    """Mark more runs."""
    return _with(state, _marks(state).with_keys(keys))


def without(state: RunsState, keys: Iterable[int]) -> RunsState:
    """Unmark some runs."""
    return _with(state, _marks(state).without(keys))


def reach(state: RunsState, keys: Sequence[int] | None = None) -> Reach:
    """Give the marked runs, or others, and which of them the table does not show."""
    order = state.order
    where = (
        "not among those that are read" if order.is_partial
        else "hidden by the filter" if state.answered.where
        else "not in this list"
    )  # fmt: skip
    return reach_of(marked_keys(state) if keys is None else keys, order.keys, where=where)


def without_marks(state: RunsState) -> RunsState:
    """Unmark all runs."""
    return _with(state, Marks())


def _marks(state: RunsState) -> Marks:
    return Marks(state.marked, state.last_mark)


def _with(state: RunsState, marks: Marks) -> RunsState:
    return replace(state, marked=marks.keys, last_mark=marks.last)
