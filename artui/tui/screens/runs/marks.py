"""Marks in the table of runs: one by one, a range, all others, or all that a condition matches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from artui.tui.screens.runs.state import RunsState

if TYPE_CHECKING:
    from artui.tui.widgets.tablelines import TableLines


def marked_keys(state: RunsState) -> list[int]:
    """Give the marked runs: those in the table in its order, then those that the filter hides."""
    if not state.marked:
        return []
    shown = [key for key in state.order.keys if key in state.marked]
    return shown + sorted(state.marked.difference(shown))


def toggled(state: RunsState, keys: Sequence[int], line: int) -> RunsState:
    """Mark runs; if all of them are marked already, unmark them. `line` is the line of the table that stands for them."""
    is_marked = state.marked.issuperset(keys)
    marked = state.marked.difference(keys) if is_marked else state.marked.union(keys)
    return replace(state, marked=marked, last_mark=None if is_marked else line)


def with_range(state: RunsState, lines: TableLines, place: int) -> RunsState:
    """Mark everything from the line that was marked last to the one at a place."""
    keys = list(lines.keys)
    start = keys.index(state.last_mark) if state.last_mark in keys else place
    low, high = sorted((start, place))
    return with_marks(state, (key for line in keys[low : high + 1] for key in lines.runs_at(line)))


def inverted(state: RunsState) -> RunsState:
    """Mark the runs in the table that are not marked, and unmark those that are."""
    return replace(state, marked=state.marked.symmetric_difference(state.order.keys))


def with_marks(state: RunsState, keys: Iterable[int]) -> RunsState:
    """Mark more runs."""
    return replace(state, marked=state.marked.union(keys))


def without_marks(state: RunsState) -> RunsState:
    """Unmark all runs."""
    return replace(state, marked=frozenset(), last_mark=None)
