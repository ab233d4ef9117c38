"""Runs in groups by the values of columns, with the best, mean and spread of each."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from artui.model import Column
from artui.query.attributes import ATTRIBUTES
from artui.query.collation import BETWEEN_ENDS
from artui.query.direction import guess_direction
from artui.query.far import usual_ends
from artui.query.runs.columns import SEED
from artui.query.runs.statistics import (
    aligned,
    are_between_whole,
    are_mostly_unique,
    codes,
    is_number_column,
    is_spread_wide,
    numbers,
    ranges,
    tidy,
)

if TYPE_CHECKING:
    import sqlite3

    from artui.arrays import Floats, Ints
    from artui.model import ParamValue
    from artui.query.reader import Reader


FEW_RUNS = 5
"""Mean and sd of a group with fewer runs say little."""


@dataclass(frozen=True, slots=True)
class Spread:
    """What the runs of a group have in one column."""

    count: int
    """Runs with a value; of numbers, with a finite one."""
    odd: int = 0
    """Runs whose number is NaN or infinite; the other fields leave them out."""
    best: float | None = None
    """Of a metric: its smallest or largest value, whichever is better."""
    mean: float | None = None
    sd: float | None = None
    """None for fewer than two."""
    median: float | None = None
    """Where some values lie far outside, so that the mean says nothing; else None."""
    low: float | None = None
    high: float | None = None
    same: ParamValue = None
    """The only value, if there is just one."""
    is_same: bool = False
    """Whether all runs of the group have it."""
    distinct: int = 0


@dataclass(frozen=True, slots=True)
class Group:
    """Runs that have the same values in the columns that are grouped by."""

    values: tuple[ParamValue, ...]
    """One a column; None where the runs have none."""
    keys: tuple[int, ...]
    """The runs, in the order of the table."""
    spreads: Mapping[str, Spread] = field(default_factory=dict)
    """By column id; columns in which its runs have nothing are left out."""
    read: frozenset[str] = frozenset()
    """The ids of the columns whose spreads have been read."""
    by: tuple[str, ...] = ()
    """The ids of the columns, one a value."""
    failed: int = 0
    """How many of the runs failed: what they came to is not of a whole run."""

    @property
    def is_thin(self) -> bool:
        """Whether it has too few runs for mean and sd to say much."""
        return len(self.keys) < FEW_RUNS


def seedless(columns: Iterable[Column]) -> list[Column]:
    """Leave out what only tells repetitions apart: the seeds."""
    return [column for column in columns if not SEED.search(column.name)]


def grouped(reader: Reader, keys: Sequence[int], by: Sequence[Column], *, is_exact: bool = False) -> list[Group]:
    """Group runs by their values in some columns; groups are in the order of their first runs.

    Times are put into days or hours, and numbers of which hardly two are equal into ranges, as `describe` has them.

    Args:
        is_exact: whether numbers are never put into ranges: runs of a group are repetitions.
    """
    import numpy as np

    if not len(keys) or not by:
        return []
    with reader.snapshot() as connection:
        parts = []
        for column in by:
            part = _in_spans(column, *codes(connection, column, keys))
            parts.append(part if is_exact else _in_ranges(connection, column, keys, *part))
        statuses, words = codes(connection, Column("attribute", "status", is_numeric=False), keys)
    has_failed = np.isin(statuses, [place for place, word in enumerate(words) if word == "failed"])
    combined = np.zeros(len(keys), np.int64)
    for places, distinct in parts:
        combined = combined * (len(distinct) + 1) + places + 1
        # Renumber, since the product of many columns would exceed 64 bits.
        _, combined = np.unique(combined, return_inverse=True)
    order = np.argsort(combined, kind="stable")
    starts = np.flatnonzero(np.diff(combined[order], prepend=-1))
    firsts = order[starts]
    values = zip(*(_values_at(places[firsts], distinct) for places, distinct in parts), strict=True)
    failed = np.add.reduceat(has_failed[order].astype(np.int64), starts).tolist()
    members = tuple(np.asarray(keys, np.int64)[order].tolist())
    ends, ids = [*starts[1:].tolist(), len(members)], tuple(column.id for column in by)
    groups = [
        Group(of_group, members[start:end], by=ids, failed=count)
        for of_group, start, end, count in zip(values, starts.tolist(), ends, failed, strict=True)
    ]
    return [groups[place] for place in np.argsort(firsts).tolist()]


def _values_at(places: Ints, distinct: Sequence[ParamValue]) -> list[ParamValue]:
    return [distinct[place] if place >= 0 else None for place in places.tolist()]


def _in_spans(column: Column, places: Ints, distinct: Sequence[ParamValue]) -> tuple[Ints, Sequence[ParamValue]]:
    """Put times into months, days, hours or minutes, as their span asks, and durations into seconds, minutes or hours.

    Hardly two runs have the same millisecond.
    """
    import numpy as np

    attribute = ATTRIBUTES.get(column.name) if column.source == "attribute" else None
    if attribute is None or attribute.kind not in ("time", "duration") or not distinct:
        return places, distinct
    times = [float(value) if isinstance(value, int | float) else 0.0 for value in distinct]
    if attribute.kind == "time":
        span_ms = max(times) - min(times)
        form = next(form for most_ms, form in _TIME_FORMS if span_ms <= most_ms)
        names = [_time_text(ms, form) for ms in times]
    else:
        names = [_duration_text(ms) for ms in times]
    merged = list(dict.fromkeys(names))
    number = {name: place for place, name in enumerate(merged)}
    of_distinct = np.array([number[name] for name in names], np.int64)
    return np.where(places >= 0, of_distinct[np.maximum(places, 0)], -1), merged


def _in_ranges(
    connection: sqlite3.Connection, column: Column, keys: Sequence[int], places: Ints, distinct: Sequence[ParamValue]
) -> tuple[Ints, Sequence[ParamValue]]:
    """Put numbers of which hardly two are equal into ranges; NaN and infinity stay what they are.

    Where some values are words, all of them stay as they are.
    """
    import numpy as np

    has_value = places >= 0
    count = int(has_value.sum())
    # There are no more numbers than values: where these repeat, no number needs to be read.
    is_candidate = column.source in ("param", "metric") and are_mostly_unique(len(distinct), count)
    if not is_candidate or not is_number_column(column):
        return places, distinct
    having, values = numbers(connection, column)
    of_run = aligned(keys, having, values)
    is_finite = np.isfinite(of_run)
    is_word = has_value & ~np.isin(np.asarray(keys, np.int64), having)
    finite = of_run[is_finite]
    if is_word.any() or not are_mostly_unique(len(np.unique(finite)), count):
        return places, distinct
    edges = ranges(finite).edges
    # What is no number in a range keeps its place among the values, behind the ranges.
    places = np.where(has_value, places + len(edges) - 1, -1)
    places[is_finite] = np.clip(np.searchsorted(edges, finite, side="right") - 1, 0, len(edges) - 2)
    return places, [*_range_names(edges), *distinct]


def _range_names(edges: Sequence[float]) -> list[str]:
    """Name ranges by their ends, those of whole numbers by the first and last number in them."""
    inset = 0.5 if are_between_whole(edges) else 0.0
    ends = [(f"{low + inset:.10g}", f"{high - inset:.10g}") for low, high in pairwise(edges)]
    return [low if low == high else f"{low}{BETWEEN_ENDS}{high}" for low, high in ends]


_HOUR_MS = 3_600_000
_TIME_FORMS = (
    (2 * _HOUR_MS, "%Y-%m-%d %H:%M"), (48 * _HOUR_MS, "%Y-%m-%d %Hh"), (60 * 24 * _HOUR_MS, "%Y-%m-%d"),
    (math.inf, "%Y-%m"),
)  # fmt: skip
"""How times are named by the span that all of them take, in ms, at most."""


def _time_text(ms: float, form: str) -> str:
    try:
        return datetime.fromtimestamp(ms / 1000).strftime(form)
    except (OverflowError, ValueError, OSError):
        return str(round(ms))


def _duration_text(ms: float) -> str:
    seconds = ms / 1000
    if seconds < 1:
        return "below 1s"
    return (
        f"{int(seconds)}s"
        if seconds < 60
        else f"{int(seconds // 60)}m"
        if seconds < 3600
        else f"{int(seconds // 3600)}h"
    )


def with_spreads(reader: Reader, groups: Sequence[Group], columns: Sequence[Column]) -> list[Group]:
    """Complete groups with what their runs have in some columns, beside what was read of others before."""
    import numpy as np

    keys = [key for group in groups for key in group.keys]
    if not keys:
        return list(groups)
    sizes = [len(group.keys) for group in groups]
    starts = np.cumsum([0, *sizes[:-1]])
    ids = frozenset(column.id for column in columns)
    spreads = [{column_id: old for column_id, old in group.spreads.items() if column_id not in ids} for group in groups]
    with reader.snapshot() as connection:
        for column in columns:
            if is_number_column(column):
                having, values = numbers(connection, column)
                odd = np.isin(np.asarray(keys, np.int64), having[~np.isfinite(values)])
                column_spreads = _number_spreads(aligned(keys, having, values), odd, starts, column)
            elif column.id in groups[0].by:
                column_spreads = _own_spreads(groups, groups[0].by.index(column.id))
            else:
                column_spreads = _class_spreads(*codes(connection, column, keys), starts)
            for target, spread in zip(spreads, column_spreads, strict=True):
                if spread.count or spread.odd:
                    target[column.id] = spread
    read = {group.read: group.read | ids for group in groups}
    return [
        replace(group, spreads=spread, read=read[group.read]) for group, spread in zip(groups, spreads, strict=True)
    ]


def _number_spreads(values: Floats, odd: Any, starts: Ints, column: Column) -> list[Spread]:
    import numpy as np

    is_finite = np.isfinite(values)
    counts = np.add.reduceat(is_finite.astype(np.int64), starts)
    some = np.maximum(counts, 1)
    filled = np.where(is_finite, values, 0.0)
    sizes = np.diff(starts, append=len(values))
    with np.errstate(over="ignore", invalid="ignore"):
        means = np.add.reduceat(filled, starts) / some
        away = np.where(is_finite, values - np.repeat(means, sizes), 0.0)
        deviations = np.sqrt(np.add.reduceat(away * away, starts) / np.maximum(counts - 1, 1))
    lows = np.minimum.reduceat(np.where(is_finite, values, np.inf), starts)
    highs = np.maximum.reduceat(np.where(is_finite, values, -np.inf), starts)
    is_lower = column.source == "metric" and guess_direction(column.name) == "lower"
    medians = _medians(values, is_finite, starts, sizes)
    spreads = []
    odds = np.add.reduceat(odd.astype(np.int64), starts)
    columns = counts, odds, sizes, means, deviations, lows, highs
    for place, (count, odd_count, size, mean, sd, low, high) in enumerate(
        zip(*(column_values.tolist() for column_values in columns), strict=True)
    ):
        if not count:
            spreads.append(Spread(0, odd_count))
            continue
        if low == high:
            mean, sd = low, 0.0  # a sum of equal values is not always a multiple of them
        spreads.append(
            Spread(
                count,
                odd_count,
                best=(low if is_lower else high) if column.source == "metric" else None,
                mean=mean if math.isfinite(mean) else None,
                sd=sd if count > 1 and math.isfinite(sd) else None,
                median=medians.get(place),
                low=low,
                high=high,
                same=tidy(low) if low == high else None,
                is_same=low == high and count == size,
                distinct=1 if low == high else 2,
            )
        )
    return spreads


_MOST_MEDIANS = 10_000
"""Of more groups means are said whatever lies far outside."""


def _medians(values: Floats, is_finite: Any, starts: Ints, sizes: Ints) -> dict[int, float]:
    """Give the medians of all groups by their places, if in one of them some values lie far outside: a column has one measure. Else none."""
    import numpy as np

    finite = values[is_finite]
    if not len(finite):
        return {}
    low, high = usual_ends(finite, is_log=is_spread_wide(finite))
    with np.errstate(invalid="ignore"):
        has_far = bool((is_finite & ((values < low) | (values > high))).any())
    medians = {}
    for place in range(len(starts)) if has_far and len(starts) <= _MOST_MEDIANS else ():
        members = slice(int(starts[place]), int(starts[place] + sizes[place]))
        some = values[members][is_finite[members]]
        if len(some):
            medians[place] = float(np.median(some))
    return medians


def _own_spreads(groups: Sequence[Group], place: int) -> list[Spread]:
    """Give the spreads of a column that is grouped by: all runs of a group have its value, or none has one."""
    spreads = []
    for group in groups:
        value = group.values[place]
        spreads.append(Spread(0) if value is None else Spread(len(group.keys), same=value, is_same=True, distinct=1))
    return spreads


def _class_spreads(places: Ints, values: Sequence[ParamValue], starts: Ints) -> list[Spread]:
    import numpy as np

    spreads = []
    for members in np.split(places, starts[1:]):
        present = members[members >= 0]
        uniques = np.unique(present)
        is_same = len(uniques) == 1 and len(present) == len(members)
        same = values[uniques[0]] if len(uniques) == 1 else None
        spreads.append(Spread(len(present), same=same, is_same=is_same, distinct=len(uniques)))
    return spreads
