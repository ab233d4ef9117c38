"""The columns of the table of runs: which ones, in which order, how wide, and which of them the runs are sorted by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain

from artui.model import Column
from artui.query.attributes import SHOWN, is_numeric
from artui.query.direction import best_aggregate, guess_direction, is_best
from artui.query.runs.columns import chosen_columns, sparked_ids
from artui.query.runs.sorting import Sort
from artui.query.titles import short_titles
from artui.tui.cells import Shape, resized_shape, shape_of
from artui.tui.screens.runs.state import RunsState
from artui.tui.state import arranging
from artui.tui.state.arrangement import Arrangement
from artui.tui.widgets.groupcells import SPREAD_CELLS, VARIES, behind_cells, range_texts
from artui.tui.widgets.tablelines import View

SPARK_CELLS = 10
MAX_SPREAD_CELLS = 26
"""A metric of groups is made wider, up to this, for a mean and deviation with the share of runs that they are of."""
_MEASURED_GROUPS = 60
"""So many groups say how wide that is."""
MAX_RANGE_CELLS = 11
"""A column of groups is made wider, up to this, for the range of its numbers."""
MAX_AGGREGATED = 2_000
"""For so many metrics the smallest, largest, mean and first values and the counts are offered as columns too."""
AGGREGATES = ("min", "max", "mean", "first", "count")
NAME_COLUMN = Column("attribute", "name", is_numeric=False)


def view_of(state: RunsState) -> View:
    """Lay the columns out: as they were arranged, or those that artui chooses."""
    ids, label = whole_ids(state), label_id(state)
    shown = [column for column in columns_of(state, ids) if column.id != label]
    sparked = _with_bests(
        sparked_ids(shown if ids is state.fitting and state.fitting else chosen_columns(state.columns))
    )
    titles = short_titles(shown, chain(state.columns.params, state.columns.metrics, state.tags))
    shapes = []
    for column in shown:
        shape = shape_of(column, title=titles[column.id], spark=SPARK_CELLS if column.id in sparked else 0)
        shapes.append(_arranged(state, shape))
    pinned = state.arrangement.pinned - (label in ids[: state.arrangement.pinned])
    return View(tuple(shapes), state.answered.sorts, pinned, orders_by_mean(state), label or NAME_COLUMN.id)


def whole_ids(state: RunsState) -> Sequence[str]:
    """Give the ids of the columns as they were arranged, or as artui chooses them, be it that one stands in place of the names."""
    ids = state.arrangement.columns
    if ids is not None:
        return ids
    chosen = state.fitting or usual_ids(state)
    return _of_groups(chosen, state.groups[0].by) if state.groups else chosen


def _of_groups(ids: Sequence[str], by: Sequence[str]) -> Sequence[str]:
    """Put first what groups are made for, the metrics, and last what stands in their names already."""
    metrics = [column_id for column_id in ids if column_id.startswith("metric") and column_id not in by]
    repeated = [column_id for column_id in ids if column_id in by]
    placed = {*metrics, *repeated}
    return [*metrics, *(column_id for column_id in ids if column_id not in placed), *repeated]


def label_id(state: RunsState) -> str:
    """Give the id of the column whose values name the groups in sight, so that it would only repeat them; empty if there is none.

    Times and durations name spans, in which runs have their own; and of several columns not all may have room in the names.
    """
    by = state.groups[0].by if state.groups else ()
    source, _, name = by[0].partition(":") if len(by) == 1 else ("", "", "")
    return by[0] if source and not (source == "attribute" and is_numeric(name)) else ""


def whole_place(state: RunsState, place: int) -> int:
    """Give the place that a column of the table has among all that are arranged."""
    ids, label = list(whole_ids(state)), label_id(state)
    return place + (1 if label in ids and ids.index(label) < place else 0)


def orders_by_mean(state: RunsState) -> bool:
    """Say whether the groups in sight stand by their means."""
    return bool(state.groups) and state.arrangement.orders_by_mean and has_mean(state, state.answered.sort)


def has_mean(state: RunsState, sort: Sort) -> bool:
    """Say whether the column that is sorted by has numbers, of which a mean says something."""
    source, _, name = sort.column.partition(":")
    if source == "param":
        return any(column.is_numeric for column in state.columns.params if column.name == name)
    return source.partition(".")[0] == "metric" or sort.column == "attribute:duration"


def usual_ids(state: RunsState) -> tuple[str, ...]:
    """Give the columns that stand there unless others were chosen."""
    return state.automatic or chosen_ids(state)


def chosen_ids(state: RunsState) -> tuple[str, ...]:
    """Give the columns that artui chooses for the runs of the catalog."""
    return tuple(column.id for column in chosen_columns(state.columns, state.attributes))


def with_choice(state: RunsState) -> RunsState:
    """Keep the columns that artui chose, once there are any: a run that arrives changes no columns under the reader's eyes."""
    if state.automatic or not (state.columns.params or state.columns.metrics):
        return state
    return replace(state, automatic=chosen_ids(state))


def _with_bests(ids: Iterable[str]) -> set[str]:
    """Add the ids of the best values of metrics: they keep the sparkline."""
    kept = set(ids)
    return kept | {f"metric.{word}:{column_id.partition(':')[2]}" for column_id in kept for word in ("min", "max")}


def _arranged(state: RunsState, shape: Shape) -> Shape:
    """Give a column the width that it was given, and room for the spread of groups, once these are there."""
    if state.groups and shape.column.source == "metric":
        sort = state.answered.sort
        is_mean = sort.column == shape.column.id and orders_by_mean(state)
        is_order = sort.column == shape.column.id and not is_mean
        # Groups stand by their first runs: what is shown is what orders them.
        extreme = ("max" if sort.is_descending else "min") if is_order else best_aggregate(shape.column.name)
        # The arrow stands above the mean if that is what orders them.
        share_cells = behind_cells(state.groups[:_MEASURED_GROUPS], shape.column.id, is_whole=False)
        spread = max(SPREAD_CELLS + is_mean, min(share_cells, MAX_SPREAD_CELLS))
        shape = shape._replace(spread=spread, extreme=extreme)
    elif state.groups:
        shape = shape._replace(width=max(shape.width, len(VARIES), _range_cells(shape.column)))
    cells = state.arrangement.widths.get(shape.column.id)
    return shape if cells is None else resized_shape(shape, cells)


def _range_cells(column: Column) -> int:
    """Give the cells that the range of a param's numbers takes, where that is short: it says more than that it varies."""
    if column.source != "param" or column.low is None or column.high is None:
        return 0
    cells = min(len(text) for text in range_texts(column.low, column.high))
    return cells if cells <= MAX_RANGE_CELLS else 0


def all_columns(state: RunsState) -> list[Column]:
    """Give every possible column, the usual ones first; aggregates only of the first metrics."""
    return _distinct(_every_column(state, state.columns.metrics[:MAX_AGGREGATED]))


def columns_of(state: RunsState, ids: Sequence[str]) -> list[Column]:
    """Give columns by their ids; one that no longer exists is left out."""
    if not ids:
        return []
    names = {column_id.partition(":")[2] for column_id in ids}
    aggregated = [column for column in state.columns.metrics if column.name in names]
    columns = _distinct(column for column in _every_column(state, aggregated) if column.name in names)
    by_id = {column.id: column for column in columns}
    return [by_id[column_id] for column_id in ids if column_id in by_id]


def _every_column(state: RunsState, aggregated: Iterable[Column]) -> Iterator[Column]:
    params, metrics, _ = state.columns
    names = ("started", "duration", *SHOWN)
    attributes = [Column("attribute", name, is_numeric=is_numeric(name)) for name in names if name != "name"]
    # How the last values are spread says nothing about the smallest ones.
    aggregates = (replace(column, aggregate=word, low=None, high=None) for column in aggregated for word in AGGREGATES)
    chosen = chosen_columns(state.columns, state.attributes)
    return chain(chosen, metrics, params, state.tags, attributes, aggregates)


def _distinct(columns: Iterable[Column]) -> list[Column]:
    distinct: dict[str, Column] = {}
    for column in columns:
        distinct.setdefault(column.id, column)
    return list(distinct.values())


def column_at(view: View, place: int) -> Column:
    """Give the column at a place of the table, where 0 is the name."""
    return view.shapes[place - 1].column if place else NAME_COLUMN


def shown_ids(view: View) -> list[str]:
    """Give the ids of the columns that are shown behind the name, from the left."""
    return [shape.column.id for shape in view.shapes]


def best_metrics(view: View) -> frozenset[str]:
    """Give the names of the metrics that are shown by their best value."""
    shown = (shape.column for shape in view.shapes)
    return frozenset(
        column.name for column in shown if column.source == "metric" and is_best(column.name, column.aggregate)
    )


# What keys do. Places count from 1: the name, at 0, stays where it is.


def _arranged_so(state: RunsState, arrangement: Arrangement) -> RunsState:
    return state if arrangement is state.arrangement else replace(state, arrangement=arrangement)


def with_columns(state: RunsState, ids: Sequence[str] | None) -> RunsState:
    """Show these columns; None lets artui choose."""
    columns = None if ids is None else tuple(ids)
    # Asked to choose, artui chooses anew.
    automatic = state.automatic if columns is not None else chosen_ids(state)
    return replace(state, automatic=automatic, arrangement=replace(state.arrangement, columns=columns))


def best_turned(state: RunsState, place: int) -> RunsState:
    """Show the best value of a metric in place of the last one, or the last one again; runs sorted by it stay sorted by it."""
    ids = list(whole_ids(state))
    before = column_at(view_of(state), place)
    aggregate = best_aggregate(before.name) if before.aggregate == "last" else "last"
    after = replace(before, aggregate=aggregate, low=None, high=None).id
    ids = list(dict.fromkeys(after if column_id == before.id else column_id for column_id in ids))
    sorts = [sort._replace(column=after) if sort.column == before.id else sort for sort in state.request.sorts]
    widths = {column_id: cells for column_id, cells in state.arrangement.widths.items() if column_id != before.id}
    arrangement = replace(state.arrangement, columns=tuple(ids), sorts=tuple(sorts), widths=widths)
    return replace(state, arrangement=arrangement)


def with_column(state: RunsState, column_id: str) -> RunsState:
    """Show a column behind the first two, unless it is shown already."""
    ids = list(whole_ids(state))
    return state if column_id in ids else with_columns(state, [*ids[:2], column_id, *ids[2:]])


def sorted_by(state: RunsState, column_id: str) -> RunsState:
    """Sort by a column, the best first; if it is sorted by already, the other way."""
    return _arranged_so(state, arranging.sorted_by(state.arrangement, column_id, best_first))


def sorted_also_by(state: RunsState, column_id: str) -> RunsState:
    """Order equal values by a column too; if they are already, the other way; after that, no longer."""
    return _arranged_so(state, arranging.sorted_also_by(state.arrangement, column_id, best_first))


def with_sorts(state: RunsState, sorts: Sequence[Sort]) -> RunsState:
    """Sort by these columns, the most significant first."""
    return _arranged_so(state, arranging.with_sorts(state.arrangement, sorts))


def with_filter(state: RunsState, where: str) -> RunsState:
    """Show the runs that a filter matches."""
    return replace(state, arrangement=replace(state.arrangement, where=where))


def best_first(column_id: str) -> Sort:
    """Give how a column is sorted at first: newest, longest and highest on top; names from A; lower where that is better."""
    source, _, name = column_id.partition(":")
    if source == "attribute":
        return Sort(column_id, is_numeric(name))
    return Sort(column_id, source.startswith("metric") and guess_direction(name) == "higher")
