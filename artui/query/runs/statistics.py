"""What the values of one column are, over all runs of a table: how they are spread, which there are, and what groups
of runs come to.

Means are arithmetic, `sd` is the standard deviation of a sample (divided by n - 1), quantiles are interpolated
linearly (R. J. Hyndman, Y. Fan, The American Statistician 50 (1996) 361-365, type 7). NaN and infinity are counted
and take no part in them.
"""

from __future__ import annotations

import math
import re
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import orjson

from artui.model import STAGES, STATUSES, Column, ParamType, ParamValue
from artui.query import Reader
from artui.query.aggregates import AGGREGATES
from artui.query.collation import spelled_numbers
from artui.query.compare import guess_direction
from artui.query.filter.values import as_float
from artui.query.runs.sorting import FIRST_SERIES, value_groups

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Keys = NDArray[np.int64]

NUMERIC_ATTRIBUTES = ("started", "ended", "duration")
"""Attributes that are numbers: milliseconds."""
FEW_RUNS = 5
"""Mean and sd of a group with fewer runs say little."""
MAX_FREQUENCIES = 1000
_BINS = 40
SEED = re.compile(r"(?i)(^|[._/-])(random_?)?seed($|[._/-])")
"""Names of params that say which repetition of the same a run is."""


def is_number_column(column: Column) -> bool:
    """Whether a column's values can be placed on an axis of numbers."""
    if column.source == "attribute":
        return column.name in NUMERIC_ATTRIBUTES
    return column.source == "metric" or (column.source == "param" and column.is_numeric)


def numbers(connection: sqlite3.Connection, column: Column) -> tuple[Keys, Floats]:
    """Give the keys of the runs that have a number in a column, and the numbers: NaN where it is not finite."""
    import numpy as np

    rows, values = _number_rows(column)
    found = connection.execute(rows, values).fetchall()
    if column.source == "metric" and len({row[0] for row in found}) < len(found):
        # Of a run of several processes the first series by label decides, as in its cell.
        found = connection.execute(f"{rows} AND {FIRST_SERIES}", values).fetchall()
    found = [row for row in found if isinstance(row[0], int)]
    if column.source == "param":
        spelled = spelled_numbers(connection, "param", column.name_key)
        found += [(key, as_float(number)) for number, _, keys in spelled.numbers for key in keys]
        found += [(key, math.nan) for key in spelled.nan]
    keys, raw = zip(*found, strict=True) if found else ((), ())
    out = np.array([value if isinstance(value, float | int) else math.nan for value in raw], np.float64)
    out[np.isinf(out)] = np.nan
    return np.array(keys, np.int64), out


def _number_rows(column: Column) -> tuple[str, dict[str, Any]]:
    if column.source == "attribute":
        field_name = {"started": "started_ms", "ended": "ended_ms", "duration": "duration_ms"}[column.name]
        return (
            f"SELECT key, {field_name} AS value FROM run WHERE {field_name} IS NOT NULL AND ({field_name} <> 0 OR {field_name} IS NOT started_ms)",
            {},
        )
    values = {"name": column.name_key}
    if column.source == "param":
        return "SELECT run_key, number FROM param WHERE name_key = :name AND number IS NOT NULL", values
    value = AGGREGATES.get(column.aggregate, AGGREGATES["last"])
    return f"SELECT t.run_key, {value} FROM series AS t WHERE t.name_key = :name", values


def classes(connection: sqlite3.Connection, column: Column) -> list[tuple[ParamValue, list[int]]]:
    """Give the distinct values of a column as people read them, each with the keys of the runs that have it."""
    found = value_groups(connection, column.id)
    if column.source == "attribute" and column.name in ("status", "stage"):
        words = STATUSES if column.name == "status" else STAGES
        return [(words[value] if value in range(len(words)) else str(value), keys) for value, keys in found]
    if column.source == "attribute" and column.name == "parent":
        names = dict(connection.execute("SELECT id, name FROM run WHERE id IN (SELECT DISTINCT parent_id FROM run)"))
        return [
            (f"{names[value]} ({str(value)[-6:]})" if value in names else str(value), keys) for value, keys in found
        ]
    if column.source in ("param", "tag"):
        found = _as_given(connection, column, found)
    if column.source == "tag":
        return [(value if value != "" else "✓", keys) for value, keys in found]
    if column.source == "param":
        kinds = connection.execute("SELECT DISTINCT type FROM param WHERE name_key = ?", (column.name_key,)).fetchall()
        if [row[0] for row in kinds] == [ParamType.BOOL]:
            return [(bool(value), keys) for value, keys in found]
    return found


def _as_given(
    connection: sqlite3.Connection, column: Column, groups: list[tuple[Any, list[int]]]
) -> list[tuple[Any, list[int]]]:
    """Write numbers as they were held, where all runs of a group hold the same text."""
    texts: dict[Any, str] = {}
    counts: dict[Any, int] = {}
    for number, text, keys in spelled_numbers(connection, column.source, column.name_key).numbers:
        texts[number] = text if texts.get(number, text) == text else ""
        counts[number] = counts.get(number, 0) + len(keys)
    return [
        (texts[value] if texts.get(value) and counts[value] == len(keys) else value, keys) for value, keys in groups
    ]


def aligned(keys: Sequence[int], found: Keys, values: Floats) -> Floats:
    """Give one value a run, in the order of `keys`; NaN for a run that has none, or one that is not finite."""
    import numpy as np

    wanted = np.asarray(keys, np.int64)
    out = np.full(len(wanted), np.nan)
    if len(found):
        order = np.argsort(found)
        ascending = found[order]
        place = np.minimum(np.searchsorted(ascending, wanted), len(ascending) - 1)
        has = ascending[place] == wanted
        out[has] = values[order][place[has]]
    return out


def codes(connection: sqlite3.Connection, column: Column, keys: Sequence[int]) -> tuple[Keys, list[ParamValue]]:
    """Give the place of each run's value among the distinct ones, -1 where it has none, and these values."""
    import numpy as np

    found: list[ParamValue] = []
    all_keys: list[int] = []
    counts: list[int] = []
    for value, members in classes(connection, column):
        found.append(value)
        all_keys += members
        counts.append(len(members))
    places = np.repeat(np.arange(len(counts)), counts).astype(float)
    out = aligned(keys, np.array(all_keys, np.int64), places)
    return np.where(np.isnan(out), -1, out).astype(np.int64), found


# One column


@dataclass(frozen=True, slots=True)
class Description:
    """How the values of a column are spread over some runs."""

    column: Column
    total: int
    count: int
    """Runs that have a value."""
    distinct: int
    frequencies: tuple[tuple[ParamValue, int], ...]
    """Values with the number of runs that have them, the most frequent first; at most MAX_FREQUENCIES."""
    odd_count: int = 0
    """Values that are NaN or infinite."""
    mean: float | None = None
    """None for a column that holds no numbers; so are the next ones."""
    sd: float | None = None
    quantiles: tuple[float, float, float, float, float] | None = None
    """Smallest, lower quartile, median, upper quartile, largest."""
    edges: tuple[float, ...] = ()
    """Of the histogram: one more than it has bins."""
    bins: tuple[int, ...] = ()

    @property
    def missing(self) -> int:
        return self.total - self.count


def describe(reader: Reader, keys: Sequence[int], column: Column, *, bins: int = _BINS) -> Description:
    """Say how the values of a column are spread over some runs."""
    import numpy as np

    with reader.snapshot() as connection:
        if not is_number_column(column):
            return _of_classes(connection, keys, column)
        found, values = numbers(connection, column)
        inside = np.isin(found, np.asarray(keys, np.int64))
        # Params that are words in some runs and numbers in others are listed, too.
        words = _of_classes(connection, keys, column) if column.source == "param" else None
    all_values = values[inside]
    finite = all_values[np.isfinite(all_values)]
    uniques, counts = np.unique(finite, return_counts=True)
    if words is not None:
        description = words
    else:
        order = np.argsort(-counts, kind="stable")[:MAX_FREQUENCIES]
        frequencies = tuple((_tidy(uniques[i]), int(counts[i])) for i in order)
        description = Description(column, len(keys), len(all_values), len(uniques), frequencies)
    description = replace(description, odd_count=len(all_values) - len(finite))
    if not len(finite):
        return description
    edges, per_bin = histogram(finite, bins)
    quartiles = [float(each) for each in np.quantile(finite, [0, 0.25, 0.5, 0.75, 1])]
    with np.errstate(over="ignore", invalid="ignore"):
        mean, sd = float(finite.mean()), float(finite.std(ddof=1)) if len(finite) > 1 else None
    return replace(
        description,
        mean=mean if math.isfinite(mean) else None,
        sd=sd if sd is not None and math.isfinite(sd) else None,
        quantiles=(quartiles[0], quartiles[1], quartiles[2], quartiles[3], quartiles[4]),
        edges=tuple(edges),
        bins=tuple(per_bin),
    )


def histogram(values: Floats, bins: int) -> tuple[list[float], list[int]]:
    """Count finite values in bins of equal width; whole numbers of a small range get a bin each."""
    import numpy as np

    low, high = float(values.min()), float(values.max())
    if low == high or not math.isfinite(high - low):
        return [low, high], [len(values)]
    is_whole = bool((values == np.round(values)).all())
    if is_whole and high - low < bins:
        edges = np.arange(low - 0.5, high + 1.0)
    elif is_whole:
        step = math.ceil((high - low + 1) / bins)
        edges = np.arange(low - 0.5, high + 0.5 + step, step)
    else:
        edges = np.linspace(low, high, bins + 1)
    counts, edges = np.histogram(values, edges)
    return edges.tolist(), counts.tolist()


def _of_classes(connection: sqlite3.Connection, keys: Sequence[int], column: Column) -> Description:
    wanted = set(keys)
    found = []
    for value, members in classes(connection, column):
        count = len(wanted.intersection(members))
        if count:
            found.append((value, count))
    found.sort(key=lambda pair: -pair[1])
    count = sum(pair[1] for pair in found)
    return Description(column, len(wanted), count, len(found), tuple(found[:MAX_FREQUENCIES]))


def _tidy(value: float) -> float | int:
    return int(value) if value == int(value) and abs(value) < 1e15 else float(value)


# Groups


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
    low: float | None = None
    high: float | None = None
    same: ParamValue = None
    """The one value that there is, if there is but one."""
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
    spreads: dict[str, Spread] = field(default_factory=dict)
    """By column id; empty until it has been read."""

    @property
    def is_thin(self) -> bool:
        return len(self.keys) < FEW_RUNS


def seedless(columns: Iterable[Column]) -> list[Column]:
    """Leave out what only tells repetitions apart: the seeds."""
    return [column for column in columns if not SEED.search(column.name)]


def grouped(reader: Reader, keys: Sequence[int], by: Sequence[Column]) -> list[Group]:
    """Put runs into groups by their values in some columns: in the order in which the first run of each stands."""
    import numpy as np

    if not len(keys) or not by:
        return []
    with reader.snapshot() as connection:
        parts = [codes(connection, column, keys) for column in by]
    combined = np.zeros(len(keys), np.int64)
    for each, found in parts:
        combined = combined * (len(found) + 1) + each + 1
        # Kept small: the product of many columns would be beyond 64 bits.
        _, combined = np.unique(combined, return_inverse=True)
    order = np.argsort(combined, kind="stable")
    starts = np.flatnonzero(np.diff(combined[order], prepend=-1))
    wanted = np.asarray(keys, np.int64)
    groups = []
    for members in np.split(order, starts[1:]):
        first = members[0]
        values = tuple(found[each[first]] if each[first] >= 0 else None for each, found in parts)
        groups.append((int(first), Group(values, tuple(wanted[members].tolist()))))
    return [group for _, group in sorted(groups, key=lambda pair: pair[0])]


def with_spreads(reader: Reader, groups: Sequence[Group], columns: Sequence[Column]) -> list[Group]:
    """Complete groups with what their runs have in some columns."""
    import numpy as np

    keys = [key for group in groups for key in group.keys]
    if not keys:
        return list(groups)
    sizes = [len(group.keys) for group in groups]
    starts = np.cumsum([0, *sizes[:-1]])
    spreads: list[dict[str, Spread]] = [{} for _ in groups]
    with reader.snapshot() as connection:
        for column in columns:
            if is_number_column(column):
                having, values = numbers(connection, column)
                odd = np.isin(np.asarray(keys, np.int64), having[~np.isfinite(values)])
                found = _number_spreads(aligned(keys, having, values), odd, starts, column)
            else:
                found = _class_spreads(*codes(connection, column, keys), starts)
            for target, spread in zip(spreads, found, strict=True):
                if spread.count or spread.odd:
                    target[column.id] = spread
    return [replace(group, spreads=spread) for group, spread in zip(groups, spreads, strict=True)]


def _number_spreads(values: Floats, odd: Any, starts: Keys, column: Column) -> list[Spread]:
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
    found = []
    odds = np.add.reduceat(odd.astype(np.int64), starts)
    columns = counts, odds, sizes, means, deviations, lows, highs
    for count, odd_count, size, mean, sd, low, high in zip(*(each.tolist() for each in columns), strict=True):
        if not count:
            found.append(Spread(0, odd_count))
            continue
        if low == high:
            mean, sd = low, 0.0  # a sum of equal values is not always a multiple of them
        found.append(
            Spread(
                count,
                odd_count,
                best=(low if is_lower else high) if column.source == "metric" else None,
                mean=mean if math.isfinite(mean) else None,
                sd=sd if count > 1 and math.isfinite(sd) else None,
                low=low,
                high=high,
                same=_tidy(low) if low == high else None,
                is_same=low == high and count == size,
                distinct=1 if low == high else 2,
            )
        )
    return found


def _class_spreads(places: Keys, found: Sequence[ParamValue], starts: Keys) -> list[Spread]:
    import numpy as np

    spreads = []
    for members in np.split(places, starts[1:]):
        present = members[members >= 0]
        uniques = np.unique(present)
        is_same = len(uniques) == 1 and len(present) == len(members)
        same = found[uniques[0]] if len(uniques) == 1 else None
        spreads.append(Spread(len(present), same=same, is_same=is_same, distinct=len(uniques)))
    return spreads


# Columns against each other


@dataclass(frozen=True, slots=True)
class Placed:
    """The values of a column as places on an axis, one a run."""

    column: Column
    values: Floats
    """NaN where a run has none; for words their place in `labels`. Times are in seconds."""
    labels: tuple[str, ...] = ()
    """Words in ascending order; empty for a column of numbers."""

    @property
    def is_words(self) -> bool:
        return bool(self.labels)

    @property
    def ends(self) -> tuple[float, float] | None:
        """The smallest and the largest value; None without any."""
        import numpy as np

        finite = self.values[np.isfinite(self.values)]
        return (float(finite.min()), float(finite.max())) if len(finite) else None

    @property
    def is_whole(self) -> bool:
        """Whether all values are whole numbers."""
        import numpy as np

        finite = self.values[np.isfinite(self.values)]
        return bool((finite == np.round(finite)).all())


def placed(reader: Reader, keys: Sequence[int], columns: Sequence[Column]) -> list[Placed]:
    """Give the values of some columns for some runs, in the order of `keys`."""
    import numpy as np

    found = []
    with reader.snapshot() as connection:
        for column in columns:
            if is_number_column(column):
                values = aligned(keys, *numbers(connection, column))
                found.append(Placed(column, values / 1000 if column.source == "attribute" else values))
                continue
            places, words = codes(connection, column, keys)
            seen = np.unique(places[places >= 0])
            # Only words that some of these runs have get a place.
            values = np.where(places >= 0, np.searchsorted(seen, places), np.nan).astype(float)
            found.append(Placed(column, values, tuple(word_of(words[place]) for place in seen)))
    return found


def word_of(value: ParamValue) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def rank_correlation(x: Floats, y: Floats) -> tuple[float | None, int]:
    """Give Spearman's rank correlation, ties with their mean rank, and the number of pairs; None where there is none.

    Source: C. Spearman, The American Journal of Psychology 15 (1904) 72-101.
    """
    import numpy as np

    both = np.isfinite(x) & np.isfinite(y)
    count = int(both.sum())
    if count < 3:
        return None, count
    ranks = []
    for values in (x[both], y[both]):
        _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
        ranks.append((np.cumsum(counts) - (counts - 1) / 2)[inverse])
    deviations = [each - each.mean() for each in ranks]
    scale = math.sqrt(float((deviations[0] ** 2).sum()) * float((deviations[1] ** 2).sum()))
    return (float((deviations[0] * deviations[1]).sum()) / scale if scale else None), count
