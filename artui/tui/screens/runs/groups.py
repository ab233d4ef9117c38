"""Runs in groups: by a column or several, or by all params but the seed; in which order, and folded or not."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

from artui.query.attributes import is_numeric
from artui.query.collation import BETWEEN_ENDS, NAN, comparable, number_of
from artui.query.titles import short_titles
from artui.safetext import clean
from artui.tui.screens.runs.columns import all_columns, columns_of, has_mean, orders_by_mean
from artui.tui.screens.runs.state import RunsState
from artui.tui.state.arrangement import ALL_BUT_SEED, MAX_GROUPING
from artui.tui.widgets.groupcells import group_id
from artui.tui.widgets.grouplabels import Labels, labels_of
from artui.tui.widgets.tablelines import TableLines

if TYPE_CHECKING:
    from artui.model import Column, ParamValue
    from artui.query.runs.grouping import Group

_ODD_PLACE = 1
MANY_SINGLES = 1000
"""More groups than this, of a run each, are shown only if they are wanted."""
_WITHOUT_SPREADS = ("ended", "id", "name", "note", "error", "command")
"""Attributes that differ from run to run: a group has no cell for them."""


def grouping_columns(state: RunsState) -> list[Column]:
    """Give the columns that runs are grouped by; a column that no longer exists is left out."""
    if ALL_BUT_SEED in state.arrangement.grouping:
        from artui.query.runs.grouping import seedless

        return seedless(column for column in state.columns.params if column.id in state.columns.varying)
    return columns_of(state, state.arrangement.grouping)


def offered_columns(state: RunsState) -> list[Column]:
    """Give the columns that are offered to group by, metrics last; not those in which every run has its own value."""
    return sorted(
        (
            column
            for column in all_columns(state)
            if column.source != "attribute" or not (is_numeric(column.name) or column.name == "name")
        ),
        key=lambda column: column.source == "metric",
    )


def spread_columns(columns: Sequence[Column]) -> list[Column]:
    """Give the columns whose spread over the runs of a group is read."""
    return [column for column in columns if column.name not in _WITHOUT_SPREADS]


def lines_of(state: RunsState) -> TableLines:
    """Give the lines of the table: the runs, or each group with its runs behind it if it is unfolded."""
    if not state.groups:
        return TableLines(state.order.keys)
    groups = ordered_groups(state)
    keys = array("q")
    for number, group in enumerate(groups):
        keys.append(-number - 1)
        if group_id(group) in state.unfolded:
            keys.extend(group.keys)
    return TableLines(keys, groups, _labels(state, groups), state.unfolded)


def _labels(state: RunsState, groups: Sequence[Group]) -> Labels:
    titles, is_seedless = _titles(state), ALL_BUT_SEED in state.arrangement.grouping
    if len(titles) != len(groups[0].values):
        # A column that the groups were made by no longer exists.
        titles = tuple(clean(column_id.partition(":")[2], max_chars=60) for column_id in groups[0].by)
    if len(titles) != len(groups[0].values):
        titles = tuple(f"column {place + 1}" for place in range(len(groups[0].values)))
    return labels_of(groups, titles, is_chosen=not is_seedless, fallback="all but the seed" if is_seedless else "")


def _titles(state: RunsState) -> tuple[str, ...]:
    """Give the titles of the columns that the groups were made by: others may be asked for already."""
    columns = grouping_columns(state)
    ids = state.groups[0].by if state.groups else ()
    if ids and ids != tuple(column.id for column in columns):
        columns = columns_of(state, ids)
    titles = short_titles(columns, chain(state.columns.params, state.columns.metrics, state.tags))
    return tuple(titles[column.id] for column in columns)


def ordered_groups(state: RunsState) -> Sequence[Group]:
    """Give the groups as they stand in the table: by their first runs, their own values, or their means.

    They stand by their values where the runs are sorted by name, which groups have instead of one, or by a column that
    they are grouped by; by their means in the column of the sorting. Those in which runs diverged come behind the
    others: the mean of the rest is too good.
    """
    if not orders_by_mean(state):
        return _by_values(state)
    sort = state.answered.sort

    def mean(group: Group) -> tuple[bool, bool, float]:
        spread = group.spreads.get(sort.column)
        if spread is None or spread.mean is None:
            return True, True, 0.0
        return False, spread.odd > 0, -spread.mean if sort.is_descending else spread.mean

    return sorted(state.groups, key=mean)


def _by_values(state: RunsState) -> Sequence[Group]:
    """Sort groups by their own values as far as the sorting is by these; groups without one come last."""
    if not state.groups:
        return state.groups
    by, places = state.groups[0].by, list[tuple[int, bool]]()
    for sort in state.answered.sorts:
        if sort.column == "attribute:name":
            places += [(place, sort.is_descending) for place in range(len(by))]
        elif sort.column in by and not sort.column.startswith("attribute:"):
            places.append((by.index(sort.column), sort.is_descending))
        else:
            break
    else:
        places += [(place, False) for place in range(len(by))]
    groups = list(state.groups)
    # The least significant one first: each sort keeps the order before it.
    for place, is_descending in reversed(places):
        keys = {id(group): _order_of(group.values[place]) for group in groups}
        groups.sort(key=lambda group: keys[id(group)][1:], reverse=is_descending)
        groups.sort(key=lambda group: keys[id(group)][0])
    return tuple(groups)


def _order_of(value: ParamValue) -> tuple[int, bool, float, str]:
    """Give the place of a value: numbers and words, then what diverged, then none at all, in every order."""
    # A range stands at its lower end.
    number = number_of(value.partition(BETWEEN_ENDS)[0] if isinstance(value, str) else value)
    if number is not None:
        return (0 if math.isfinite(number) else _ODD_PLACE), False, number, ""
    if comparable(value) is NAN:
        return _ODD_PLACE, True, 0.0, ""
    return (2 if value is None else 0), True, 0.0, "" if value is None else str(value)


def grouped_by(state: RunsState, grouping: Sequence[str]) -> RunsState:
    """Group by columns; by none, show the runs again. What is shown stays until the groups have been read."""
    arrangement = replace(state.arrangement, grouping=tuple(grouping)[:MAX_GROUPING])
    groups = state.groups if grouping else ()
    return replace(state, arrangement=arrangement, groups=groups, unfolded=frozenset())


def grouped_also_by(state: RunsState, column_id: str) -> RunsState:
    """Group by a column as well; if runs are grouped by it already, no longer."""
    grouping = state.arrangement.grouping
    others = [other_id for other_id in grouping if other_id not in (ALL_BUT_SEED, column_id)]
    is_taken_out = column_id in grouping or column_id == "attribute:name"
    return grouped_by(state, others if is_taken_out else [*others, column_id])


def with_groups(state: RunsState, groups: Sequence[Group]) -> RunsState:
    """Take groups that were read; they keep their old spreads until the new ones have been read."""
    read = {group_id(group): group for group in state.groups}
    kept = ((group, read.get(group_id(group), group)) for group in groups)
    with_old = tuple(replace(group, spreads=old.spreads, read=old.read) for group, old in kept)
    return replace(state, groups=with_old)


def are_singles(groups: Sequence[Group]) -> bool:
    """Say whether there are very many groups, most of them of one run: by an id, a name, or a value that each run has of its own."""
    return len(groups) > MANY_SINGLES and sum(len(group.keys) == 1 for group in groups) * 2 > len(groups)


def with_fold_toggled(state: RunsState, group: Group) -> RunsState:
    """Show the runs of a group, or hide them."""
    return replace(state, unfolded=state.unfolded ^ {group_id(group)})


def with_folds_toggled(state: RunsState) -> RunsState:
    """Unfold all groups; fold them all if any is unfolded."""
    unfolded = frozenset() if state.unfolded else frozenset(group_id(group) for group in state.groups)
    return replace(state, unfolded=unfolded)


def order_by_mean_refusal(state: RunsState) -> str:
    """Say why groups cannot be ordered by their means; empty if they can."""
    if not state.arrangement.grouping:
        return "g c groups by the current column first."
    if not state.arrangement.orders_by_mean and not has_mean(state, state.request.sort):
        return "Sort by a metric first (s): its means order the groups."
    return ""


def with_order_by_mean_toggled(state: RunsState) -> RunsState:
    """Order groups by their means, or by their first runs again."""
    is_mean = not state.arrangement.orders_by_mean
    return replace(state, arrangement=replace(state.arrangement, orders_by_mean=is_mean))
