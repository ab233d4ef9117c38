"""The values of columns over all runs of a table: how they are spread, which distinct ones there are, and where they
lie on an axis.

Means are arithmetic, `sd` is the standard deviation of a sample (divided by n - 1), quantiles are interpolated
linearly (R. J. Hyndman, Y. Fan, The American Statistician 50 (1996) 361-365, type 7). NaN and infinity are counted
and take no part in them.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, product
from typing import TYPE_CHECKING, Any, NamedTuple

from artui.model import STAGES, STATUSES, Column, ParamType, ParamValue
from artui.numbers import as_float
from artui.query.aggregates import AGGREGATES
from artui.query.attributes import ATTRIBUTES, is_numeric
from artui.query.collation import spelled_numbers
from artui.query.far import usual_ends
from artui.query.keys import without_collecting
from artui.query.runs.sorting import FIRST_SERIES, value_groups
from artui.query.runs.timebins import ladder_edges, span_edges
from artui.query.slices import FIRST_OF_SLICE, Series
from artui.query.spelling import number_in, word_of

if TYPE_CHECKING:
    from artui.arrays import Floats, Ints
    from artui.query.reader import Reader

MAX_FREQUENCIES = 1000
MAX_BINS = 60
MOST_RANGES = 20
"""So many ranges a list of them has at most."""
_FEW_VALUES = 6
"""So many different numbers are listed each for itself."""
MAX_FREQUENT = 8
"""So many values a glimpse of a column has."""
_BIN_EACH = 16
"""Whole numbers that span less than this get a bin each."""
_WIDE = 20
"""An axis may be logarithmic where the largest value is at least so many times the smallest."""


def is_number_column(column: Column) -> bool:
    """Whether a column's values can be placed on an axis of numbers."""
    if column.source == "attribute":
        return is_numeric(column.name)
    return column.source == "metric" or (column.source == "param" and column.is_numeric)


def numbers(connection: sqlite3.Connection, column: Column) -> tuple[Ints, Floats]:
    """Give the keys of the runs that have a number in a column, and the numbers: NaN where it is not finite."""
    import numpy as np

    rows, values = _number_rows(column)
    with without_collecting():
        keys, raw = _numbers_of(connection, rows, values)
        if column.source == "metric" and _has_one_twice(keys):
            # Of a run of several processes the first series by label decides, as in its cell.
            first = FIRST_OF_SLICE if column.labels else FIRST_SERIES
            keys, raw = _numbers_of(connection, f"{rows} AND {first}", values)
        if column.source == "param":
            spelled = spelled_numbers(connection, "param", column.name_key)
            more = [(key, as_float(number)) for number, _, members in spelled.numbers for key in members]
            more += [(key, math.nan) for key in spelled.nan]
            if more:
                keys = np.concatenate([keys, np.array([key for key, _ in more], np.int64)])
                raw = np.concatenate([raw, np.array([value for _, value in more], np.float64)])
    raw[np.isinf(raw)] = np.nan
    return keys, raw


_ROWS_AT_ONCE = 20_000
"""Of a million runs no more rows are held than these."""


def _numbers_of(connection: sqlite3.Connection, query: str, values: dict[str, Any]) -> tuple[Ints, Floats]:
    """Give the keys and numbers that a query gives; rows of a damaged catalog may hold anything."""
    import numpy as np

    parts = [(np.empty(0, np.int64), np.empty(0, np.float64))]
    cursor = connection.execute(query, values)
    while rows := cursor.fetchmany(_ROWS_AT_ONCE):
        keys, raw = zip(*rows, strict=True)
        # Looking at the types is a fraction of looking at each value.
        if not set(map(type, keys)) <= {int}:
            kept = [(key, value) for key, value in rows if isinstance(key, int)]
            keys, raw = zip(*kept, strict=True) if kept else ((), ())
        if not set(map(type, raw)) <= {float}:
            raw = tuple(as_float(value) if isinstance(value, float | int) else math.nan for value in raw)
        parts.append((np.array(keys, np.int64), np.array(raw, np.float64)))
    return np.concatenate([keys for keys, _ in parts]), np.concatenate([numbers for _, numbers in parts])


def _has_one_twice(keys: Ints) -> bool:
    import numpy as np

    ascending = np.sort(keys)
    return bool((ascending[1:] == ascending[:-1]).any())


def _number_rows(column: Column) -> tuple[str, dict[str, Any]]:
    if column.source == "attribute":
        attribute = ATTRIBUTES[column.name]
        return f"SELECT t.key, {attribute.value} FROM {attribute.table} WHERE {attribute.has_value}", {}
    values = {"name": column.name_key}
    if column.source == "param":
        return "SELECT run_key, number FROM param WHERE name_key = :name AND number IS NOT NULL", values
    value = AGGREGATES.get(column.aggregate, AGGREGATES["last"])
    series = Series(column.name_key, column.labels)
    return f"SELECT t.run_key, {value} FROM series AS t WHERE t.name_key = :name AND {series.condition}", series.values


def classes(connection: sqlite3.Connection, column: Column) -> list[tuple[ParamValue, list[int]]]:
    """Give the distinct values of a column as people read them, each with the keys of the runs that have it."""
    groups = value_groups(connection, column.id)
    if column.source == "attribute" and column.name in ("status", "stage"):
        words = STATUSES if column.name == "status" else STAGES
        return [(words[value] if value in range(len(words)) else str(value), keys) for value, keys in groups]
    if column.source == "attribute" and ATTRIBUTES[column.name].kind == "flag":
        return [(bool(value) if value in (0, 1) else str(value), keys) for value, keys in groups]
    if column.source == "attribute" and column.name == "parent":
        names = dict(connection.execute("SELECT id, name FROM run WHERE id IN (SELECT DISTINCT parent_id FROM run)"))
        return [
            (f"{names[value]} ({str(value)[-6:]})" if value in names else str(value), keys) for value, keys in groups
        ]
    if column.source in ("param", "tag"):
        groups = _as_given(connection, column, groups)
    if column.source == "tag":
        return [(value if value != "" else "✓", keys) for value, keys in groups]
    return _with_flags(connection, column, groups) if column.source == "param" else groups


_FLAG_COUNTS = """
    SELECT t.number, count(*)
    FROM param AS t
    WHERE t.name_key = :name
      AND t.type = :flag
      AND t.number IN (0, 1)
    GROUP BY t.number
"""


def _with_flags(
    connection: sqlite3.Connection, column: Column, groups: list[tuple[ParamValue, list[int]]]
) -> list[tuple[ParamValue, list[int]]]:
    """Give true and false as such where all runs of a group have them; where some have the number, it is the number."""
    if not any(value in (0, 1) for value, _ in groups if isinstance(value, int | float)):
        return groups
    query = connection.execute(_FLAG_COUNTS, {"name": column.name_key, "flag": int(ParamType.BOOL)})
    flags = dict(query.fetchall())
    return [
        (bool(value), keys) if isinstance(value, int | float) and flags.get(value) == len(keys) else (value, keys)
        for value, keys in groups
    ]


def _as_given(
    connection: sqlite3.Connection, column: Column, groups: list[tuple[Any, list[int]]]
) -> list[tuple[Any, list[int]]]:
    """Give numbers as they were logged, where all runs of a group have the same text."""
    texts: dict[Any, str] = {}
    counts: dict[Any, int] = {}
    for number, text, keys in spelled_numbers(connection, column.source, column.name_key).numbers:
        texts[number] = text if texts.get(number, text) == text else ""
        counts[number] = counts.get(number, 0) + len(keys)
    return [
        (texts[value] if texts.get(value) and counts[value] == len(keys) else value, keys) for value, keys in groups
    ]


def aligned(keys: Sequence[int], having: Ints, values: Floats) -> Floats:
    """Give one value a run, in the order of `keys`; NaN for a run that has none, or one that is not finite."""
    import numpy as np

    wanted = np.asarray(keys, np.int64)
    out = np.full(len(wanted), np.nan)
    if len(having):
        order = np.argsort(having)
        ascending = having[order]
        place = np.minimum(np.searchsorted(ascending, wanted), len(ascending) - 1)
        has = ascending[place] == wanted
        out[has] = values[order][place[has]]
    return out


def codes(connection: sqlite3.Connection, column: Column, keys: Sequence[int]) -> tuple[Ints, list[ParamValue]]:
    """Give the place of each run's value among the distinct ones, -1 where it has none, and these values."""
    import numpy as np

    distinct: list[ParamValue] = []
    all_keys: list[int] = []
    counts: list[int] = []
    for value, members in classes(connection, column):
        distinct.append(value)
        all_keys += members
        counts.append(len(members))
    places = np.repeat(np.arange(len(counts)), counts).astype(float)
    out = aligned(keys, np.array(all_keys, np.int64), places)
    return np.where(np.isnan(out), -1, out).astype(np.int64), distinct


# One column


class Quantiles(NamedTuple):
    """Five numbers that divide the values of a column into quarters."""

    smallest: float
    lower_quartile: float
    median: float
    upper_quartile: float
    largest: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a metric came to in some runs; NaN and infinity take no part, and are counted."""

    count: int
    """Runs that have a finite value of it; without any, `low`, `mean` and `high` are NaN."""
    low: float
    mean: float
    high: float
    odd_count: int = 0
    """Runs in which it is NaN or infinite."""


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
    """None for a column without numbers; `sd` and `quantiles` likewise."""
    sd: float | None = None
    quantiles: Quantiles | None = None
    edges: tuple[float, ...] = ()
    """Of the bins of the histogram, in few digits: one more than there are bins. None but the outer ones is a value of a run."""
    bins: tuple[int, ...] = ()
    is_log: bool = False
    """Whether the bins are equally wide on a logarithmic axis."""
    has_far_below: bool = False
    """Whether the first bin is of all values that lie far below the others, and not as wide as the others."""
    has_far_above: bool = False
    """The same of the last bin."""
    geometric_mean: float | None = None
    """None unless all numbers are above zero."""
    outcomes: tuple[Outcome | None, ...] = ()
    """For each of `frequencies` what the metric that was asked for came to; None where no run has it."""
    bin_outcomes: tuple[Outcome | None, ...] = ()
    """The same for each of `bins`."""
    odd_outcome: Outcome | None = None
    """The same for the runs in which the column is NaN or infinite."""
    missing_outcome: Outcome | None = None
    """The same for the runs that have no value."""

    @property
    def usual_bins(self) -> slice:
        """The bins but for those of values far outside."""
        return slice(int(self.has_far_below), len(self.bins) - self.has_far_above)

    @property
    def far_counts(self) -> tuple[int, int]:
        """How many values lie far below the others, and how many far above."""
        return (self.bins[0] if self.has_far_below else 0), (self.bins[-1] if self.has_far_above else 0)

    @property
    def missing(self) -> int:
        """Number of runs without a value."""
        return self.total - self.count


class Glimpse(NamedTuple):
    """What a line has room for of a column."""

    row_count: int
    """Runs, or artifacts, that have a value."""
    ends: tuple[float, float] | None
    """Smallest and largest finite number; None for a column without numbers."""
    frequent: tuple[tuple[ParamValue, int], ...]
    """Its most frequent values with the number of their rows, if it has no numbers."""
    distinct: int


def glimpses(reader: Reader, keys: Sequence[int], columns: Iterable[Column]) -> dict[str, Glimpse]:
    """Say in short what the values of some columns are over some runs, by column id."""
    found = {}
    for column in columns:
        described = describe(reader, keys, column, bins=1)
        ends = None if described.quantiles is None else (described.quantiles[0], described.quantiles[4])
        frequent = described.frequencies[:MAX_FREQUENT] if ends is None else ()
        found[column.id] = Glimpse(described.count, ends, frequent, described.distinct)
    return found


def describe(
    reader: Reader,
    keys: Sequence[int],
    column: Column,
    *,
    bins: int = MAX_BINS,
    is_log: bool | None = None,
    metric: Column | None = None,
) -> Description:
    """Say how the values of a column are spread over some runs.

    Args:
        bins: how many there are at most; the values decide how many there are.
        is_log: whether bins are equally wide on a logarithmic axis, which takes numbers above zero; None: where the
            values are spread so (see `is_spread_wide`).
        metric: a column of numbers; what it came to is said for each value and bin.
    """
    import numpy as np

    wanted = np.asarray(keys, np.int64)
    with reader.snapshot() as connection:
        by_metric = _Outcomes(*numbers(connection, metric)) if metric is not None else None
        if not is_number_column(column):
            return _of_classes(connection, keys, column, by_metric)
        having, values = numbers(connection, column)
        inside = np.isin(having, wanted)
        # Params that are words in some runs and numbers in others are listed, too.
        words = _of_classes(connection, keys, column, by_metric) if column.source == "param" else None
    all_values = values[inside]
    is_finite = np.isfinite(all_values)
    finite, finite_keys = all_values[is_finite], having[inside][is_finite]
    uniques, place_of_run, counts = np.unique(finite, return_inverse=True, return_counts=True)
    if words is not None:
        description = words
    else:
        order = np.argsort(-counts, kind="stable")[:MAX_FREQUENCIES]
        frequencies = tuple((tidy(uniques[i]), int(counts[i])) for i in order)
        description = Description(column, len(keys), len(all_values), len(uniques), frequencies)
        if by_metric is not None:
            outcomes = by_metric.by_group(finite_keys, place_of_run.reshape(-1), len(uniques))
            description = replace(description, outcomes=tuple(outcomes[i] for i in order))
    description = replace(description, odd_count=len(all_values) - len(finite))
    if by_metric is not None:
        description = replace(description, odd_outcome=by_metric.of(having[inside][~is_finite]))
        if words is None:
            description = replace(description, missing_outcome=by_metric.of(np.setdiff1d(wanted, having)))
    if not len(finite):
        return description
    is_positive = bool(uniques[0] > 0)
    kind = ATTRIBUTES[column.name].kind if column.source == "attribute" else ""
    divided = ranges(finite, bins, kind, is_log=is_log)
    edges, per_bin = divided.edges, divided.counts
    quantiles = Quantiles(*np.quantile(finite, [0, 0.25, 0.5, 0.75, 1]).tolist())
    with np.errstate(over="ignore", invalid="ignore"):
        mean, sd = float(finite.mean()), float(finite.std(ddof=1)) if len(finite) > 1 else None
    if by_metric is not None:
        bin_of_run = np.clip(np.searchsorted(edges, finite, side="right") - 1, 0, len(per_bin) - 1)
        description = replace(
            description, bin_outcomes=tuple(by_metric.by_group(finite_keys, bin_of_run, len(per_bin)))
        )
    return replace(
        description,
        mean=mean if math.isfinite(mean) else None,
        sd=sd if sd is not None and math.isfinite(sd) else None,
        quantiles=quantiles,
        edges=tuple(edges),
        bins=tuple(per_bin),
        is_log=divided.is_log,
        has_far_below=divided.has_far_below,
        has_far_above=divided.has_far_above,
        geometric_mean=float(np.exp(np.log(finite).mean())) if is_positive else None,
    )


def are_mostly_unique(distinct_count: int, count: int) -> bool:
    """Say whether most of so many numbers occur once, so that ranges say more of them than a list."""
    return distinct_count > max(_FEW_VALUES, count / 2)


def are_between_whole(edges: Iterable[float]) -> bool:
    """Say whether ranges with these ends hold whole numbers, each range the numbers between its ends."""
    return all(edge % 1 == 0.5 for edge in edges)


class Ranges(NamedTuple):
    """Ranges of numbers, whose ends are easy to read."""

    edges: list[float]
    """One more than there are ranges."""
    counts: list[int]
    """How many numbers lie in each, with its lower end, and the last one with its upper end, too."""
    is_log: bool
    """Whether they are equally wide on a logarithmic axis."""
    has_far_below: bool = False
    """Whether the first range is of all that lies far below the others, as wide as that takes."""
    has_far_above: bool = False
    """The same of the last range."""


def ranges(finite: Floats, bins: int = MOST_RANGES, kind: str = "", *, is_log: bool | None = None) -> Ranges:
    """Divide finite numbers, of which there are some, into ranges; a few that lie far outside have one of their own.

    Args:
        bins: how many there are at most.
        kind: `time` or `duration` of an attribute; empty for other numbers.
        is_log: as for `describe`.
    """
    import numpy as np

    low, high = float(finite.min()), float(finite.max())
    if kind != "time" and bins > _LEAST_BINS:
        is_wide = is_spread_wide(finite) if is_log is None else is_log and low > 0
        low, high = usual_ends(finite, is_log=is_wide)
    below, above = finite[finite < low], finite[finite > high]
    usual = finite[(finite >= low) & (finite <= high)] if len(below) or len(above) else finite
    edges, is_log = _ranges(usual, bins - bool(len(below)) - bool(len(above)), kind, is_log=is_log)
    if len(above):
        least = float(above.min())
        if edges[-1] <= high:
            # Each range holds its lower end: the largest of the others is not to lie in that of what is far above.
            step = edges[-1] + (edges[-1] - edges[-2] or abs(edges[-1]) or 1.0)
            edges.append(step if high < step < least else least)
        edges = [*edges[:-1], min(edges[-1], least), float(above.max())]
    if len(below):
        edges = [float(below.min()), edges[0] if edges[0] > below.max() else low, *edges[1:]]
    counts = np.histogram(finite, edges)[0].tolist()
    return Ranges(edges, counts, is_log, bool(len(below)), bool(len(above)))


def _ranges(finite: Floats, bins: int, kind: str, *, is_log: bool | None) -> tuple[list[float], bool]:
    """Give the ends of ranges that are alike, and whether they are on a logarithmic axis."""
    import numpy as np

    uniques = np.unique(finite)
    if is_log is None:
        is_log = kind != "time" and is_spread_wide(uniques)
    is_log = is_log and bool(uniques[0] > 0) and bool(uniques[0] < uniques[-1])
    edges = _edges(finite, bins, kind, is_log=is_log) or short_edges(histogram(finite, bins, is_log=is_log)[0], uniques)
    return edges, is_log


def is_spread_wide(values: Floats) -> bool:
    """Say whether finite numbers read better on a logarithmic axis.

    They do if all are above zero, the largest is twenty times the smallest or more, and their median (of the distinct
    ones) lies nearer to the middle of a logarithmic axis than to that of a linear one. So one run with far more epochs
    than the others makes the axis logarithmic, and a single value near zero does not.
    """
    import numpy as np

    distinct = np.unique(values)
    if not len(distinct) or not distinct[0] > 0 or not distinct[-1] / _WIDE >= distinct[0]:
        return False
    with np.errstate(over="ignore", invalid="ignore"):
        off_centre = [
            abs((float(np.median(axis)) - axis[0]) / (axis[-1] - axis[0]) - 0.5)
            for axis in (distinct, np.log(distinct))
        ]
    # Two values lie at the ends of either axis.
    return bool(off_centre[1] <= off_centre[0] + 1e-9)


_LEAST_BINS = 4
"""Of fewer bins none is given to what lies far outside."""


def _edges(finite: Floats, bins: int, kind: str, *, is_log: bool) -> list[float]:
    """Give edges of bins that are easy to read; none where there are no such."""
    if kind == "duration" and is_log:
        return ladder_edges(float(finite.min()), float(finite.max()))
    if kind in ("time", "duration"):
        return span_edges(finite, bin_count(finite, bins), bins, is_moment=kind == "time")
    return [] if is_log or kind else round_edges(finite, bins)


_FINER = 0.7
"""Round bins may be this much narrower than those that the values call for."""
_MOST_STEPS = 100_000
"""Round edges have no more digits than this."""
_LEAST_STEP = 1e-100
_MOST_HALVED = 2.0**51


def has_whole_bins(values: Floats) -> bool:
    """Say whether finite values are whole numbers that have room for an edge on either side: beyond 2**51 halves are lost."""
    import numpy as np

    return bool((values == np.round(values)).all() and np.abs(values).max(initial=0.0) < _MOST_HALVED)


def bin_count(values: Floats, most: int) -> int:
    """Give the number of equal bins that finite values call for, at most `most`.

    It is that of H. A. Sturges (Journal of the American Statistical Association 21 (1926) 65-66) or of D. Freedman and
    P. Diaconis (Zeitschrift fuer Wahrscheinlichkeitstheorie 57 (1981) 453-476), whichever is more.
    """
    import numpy as np

    count = math.ceil(math.log2(len(values))) + 1 if len(values) else 1
    lower, upper = np.quantile(values, (0.25, 0.75)) if len(values) else (0.0, 0.0)
    width = 2 * float(upper - lower) / max(1, len(values)) ** (1 / 3)
    if width > 0:
        by_width = float(values.max() - values.min()) / width
        count = max(count, math.ceil(by_width)) if by_width < most else most
    distinct = np.unique(values)
    if 1 < len(distinct) <= _BIN_EACH:
        # A few values, however many runs have them: more bins would be empty ones between them.
        with np.errstate(over="ignore"):
            count = min(count, math.ceil(min(most, (distinct[-1] - distinct[0]) / np.diff(distinct).min())) + 1)
    return max(1, min(count, most))


def histogram(values: Floats, bins: int, *, is_log: bool = False) -> tuple[list[float], list[int]]:
    """Count finite values in equal bins, `bins` at most; whole numbers of a small range get a bin each.

    Each bin holds its lower edge, the last one its upper edge too.

    Args:
        is_log: whether they are equally wide on a logarithmic axis; all values are above zero.
    """
    import numpy as np

    low, high = float(values.min()), float(values.max())
    if low == high or not math.isfinite(high - low):
        return [low, high], [len(values)]
    is_whole = has_whole_bins(values)
    if is_log:
        edges = np.geomspace(low, high, bin_count(np.log10(values), bins) + 1)
    elif is_whole and high - low < min(bins, _BIN_EACH):
        edges = np.arange(low - 0.5, high + 1.0)
    elif is_whole:
        step = math.ceil((high - low + 1) / bin_count(values, bins))
        edges = np.arange(low - 0.5, high + 0.5 + step, step)
    else:
        edges = np.linspace(low, high, bin_count(values, bins) + 1)
    counts, edges = np.histogram(values, edges)
    return edges.tolist(), counts.tolist()


def round_edges(values: Floats, bins: int) -> list[float]:
    """Give edges of equal bins, `bins` at most, that are multiples of 1, 2, 2.5 or 5 times a power of ten.

    Each bin holds its lower edge, the last one its upper edge too. There are none for whole numbers of a small
    range, nor for values that lie too near to each other, or too far apart, for edges of few digits.
    """

    low, high = float(values.min()), float(values.max())
    if not 0 < high - low < math.inf:
        return []
    is_whole = has_whole_bins(values)
    if is_whole and high - low < min(bins, _BIN_EACH):
        return []  # each has a bin of its own
    wanted = _FINER * (high - low) / bin_count(values, bins)
    if wanted < _LEAST_STEP:
        return []
    least = math.floor(math.log10(wanted))
    for power, factor in product(range(least, least + 3), (10, 20, 25, 50)):
        step = factor * 10.0 ** (power - 1)
        first, last = math.floor(low / step), math.ceil(high / step)
        if (
            step < wanted
            or (is_whole and step != round(step))
            or last - first > bins
            or max(abs(first), abs(last)) > _MOST_STEPS
        ):
            continue
        edges = [round(place * factor * 10.0 ** (power - 1), 1 - power) for place in range(first, last + 1)]
        if edges[0] <= low and high <= edges[-1] and all(below < above for below, above in pairwise(edges)):
            return edges
    return []


def short_edges(edges: Sequence[float], values: Floats) -> list[float]:
    """Round edges of bins to as few digits as leave every value in its bin, so that a filter for a bin is short.

    No value is on an edge between two bins afterwards: with both edges included a bin holds its own values alone.

    Args:
        values: ascending.
    """
    import numpy as np

    places = np.searchsorted(values, edges)
    places[-1] = len(values)
    short = []
    for number, (edge, place) in enumerate(zip(edges, places.tolist(), strict=True)):
        below = float(values[place - 1]) if place else -math.inf
        above = float(values[place]) if place < len(values) else math.inf
        next_edge = edges[number + 1] if number + 1 < len(edges) else edges[number - 1]
        width = abs(next_edge - edge) or abs(edge) or 1.0
        decimals = 1 - math.floor(math.log10(width)) if math.isfinite(width) else 0
        is_outer = math.isinf(below) or math.isinf(above)
        inner = edge if is_outer or below < edge < above else below / 2 + above / 2
        candidates = (_rounded(inner, decimals + more) for more in range(18))
        short.append(next((end for end in candidates if _lies_well(end, below, above)), edge))
    return short


def _rounded(number: float, decimals: int) -> float:
    try:
        return round(number, decimals)
    except OverflowError:
        return number  # rounded up it is beyond the floats


def _lies_well(edge: float, below: float, above: float) -> bool:
    """Say whether an edge is between two neighbouring values; the first edge and the last may be a value, but not leave one out."""
    if below == -math.inf:
        return edge <= above
    return below <= edge if above == math.inf else below < edge < above


class _Outcomes:
    """The finite values of a metric, by run."""

    def __init__(self, having: Ints, values: Floats) -> None:
        self._having, self._values = having, values

    def of(self, keys: Ints) -> Outcome | None:
        """Give what the metric came to in some runs, None where none of them has it."""
        import numpy as np

        return self.by_group(keys, np.zeros(len(keys), np.int64), 1)[0]

    def by_group(self, keys: Ints, group_of_run: Ints, groups: int) -> list[Outcome | None]:
        """Give what the metric came to in each group of runs, None where no run has it."""
        import numpy as np

        values = aligned(keys, self._having, self._values)  # type: ignore[arg-type]
        has_value = np.isfinite(values)
        is_odd = ~has_value & np.isin(keys, self._having)
        odd_counts = np.bincount(group_of_run[is_odd], minlength=groups)
        places, values = group_of_run[has_value], values[has_value]
        counts = np.bincount(places, minlength=groups)
        sums = np.bincount(places, weights=values, minlength=groups)
        lows, highs = np.full(groups, np.inf), np.full(groups, -np.inf)
        np.minimum.at(lows, places, values)
        np.maximum.at(highs, places, values)
        return [
            Outcome(int(count), float(low), float(total / count), float(high), int(odd_count))
            if count
            else Outcome(0, math.nan, math.nan, math.nan, int(odd_count))
            if odd_count
            else None
            for count, low, total, high, odd_count in zip(counts, lows, sums, highs, odd_counts, strict=True)
        ]


def _of_classes(
    connection: sqlite3.Connection, keys: Sequence[int], column: Column, by_metric: _Outcomes | None
) -> Description:
    import numpy as np

    wanted = set(keys)
    counted = []
    for value, members in classes(connection, column):
        present = wanted.intersection(members)
        if present:
            counted.append((value, present))
    counted.sort(key=lambda pair: -len(pair[1]))
    count = sum(len(present) for _, present in counted)
    listed = counted[:MAX_FREQUENCIES]
    outcomes: list[Outcome | None] = []
    missing_outcome = None
    if by_metric is not None:
        without = wanted.difference(*(present for _, present in counted))
        missing_outcome = by_metric.of(np.array(sorted(without), np.int64))
        members_of = [sorted(present) for _, present in listed]
        group_of_run = np.repeat(np.arange(len(listed)), [len(members) for members in members_of])
        all_members = np.array([key for members in members_of for key in members], np.int64)
        outcomes = by_metric.by_group(all_members, group_of_run, len(listed))
    frequencies = tuple((value, len(present)) for value, present in listed)
    return Description(
        column, len(wanted), count, len(counted), frequencies, outcomes=tuple(outcomes), missing_outcome=missing_outcome
    )


def tidy(value: float) -> float | int:
    """Give a whole number as an int, unless it is too large to be exact."""
    return int(value) if value == int(value) and abs(value) < 1e15 else float(value)


# Columns against each other


class Ends(NamedTuple):
    """The smallest and the largest value on an axis."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Placed:
    """The values of a column as places on an axis, one a run."""

    column: Column
    values: Floats
    """NaN where a run has none; for words their index in `labels`. Times are in seconds."""
    labels: tuple[str, ...] = ()
    """Words in ascending order; empty for a column of numbers."""
    odd: frozenset[int] = frozenset()
    """Places of the runs whose value is NaN or infinite."""

    @property
    def is_words(self) -> bool:
        """Whether the values are words rather than numbers."""
        return bool(self.labels)

    @property
    def ends(self) -> Ends | None:
        """The smallest and the largest value; None without any."""
        import numpy as np

        finite = self.values[np.isfinite(self.values)]
        return Ends(float(finite.min()), float(finite.max())) if len(finite) else None

    @property
    def is_whole(self) -> bool:
        """Whether all values are whole numbers."""
        import numpy as np

        finite = self.values[np.isfinite(self.values)]
        return bool((finite == np.round(finite)).all())


_HAS_TEXTS = """
    SELECT 1
    FROM param AS t
    WHERE t.name_key = :name
      AND t.text IS NOT NULL
    LIMIT 1
"""
_MOST_CHOICES = 12
"""A param of numbers and words is placed by its words if it has no more values than this."""


def placed(reader: Reader, keys: Sequence[int], columns: Sequence[Column]) -> list[Placed]:
    """Give the values of some columns for some runs, in the order of `keys`.

    A param that is a number in some runs and a word in others, such as `auto`, has words if its values are few; of many
    values only the numbers have a place.
    """
    import numpy as np

    placed_columns = []
    with reader.snapshot() as connection:
        for column in columns:
            if is_number_column(column) and not _has_choices(connection, column, keys):
                having, own_values = numbers(connection, column)
                values = aligned(keys, having, own_values)
                odd_keys = having[~np.isfinite(own_values)]
                odd = np.flatnonzero(np.isin(np.asarray(keys, np.int64), odd_keys)) if len(odd_keys) else ()
                values = values / 1000 if column.source == "attribute" else values
                placed_columns.append(Placed(column, values, odd=frozenset(map(int, odd))))
                continue
            places, words = codes(connection, column, keys)
            seen = np.unique(places[places >= 0])
            # Only words that some of these runs have get a place.
            values = np.where(places >= 0, np.searchsorted(seen, places), np.nan).astype(float)
            placed_columns.append(Placed(column, values, tuple(word_of(words[place]) for place in seen)))
    return placed_columns


def _has_choices(connection: sqlite3.Connection, column: Column, keys: Sequence[int]) -> bool:
    """Say whether a column of numbers has a word, too, in some of these runs, and few values."""
    import numpy as np

    if column.source != "param" or connection.execute(_HAS_TEXTS, {"name": column.name_key}).fetchone() is None:
        return False
    places, values = codes(connection, column, keys)
    own = [values[place] for place in np.unique(places[places >= 0])]
    return len(own) <= _MOST_CHOICES and any(isinstance(value, str) and number_in(value) is None for value in own)


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
    deviations = [column_ranks - column_ranks.mean() for column_ranks in ranks]
    scale = math.sqrt(float((deviations[0] ** 2).sum()) * float((deviations[1] ** 2).sum()))
    return (float((deviations[0] * deviations[1]).sum()) / scale if scale else None), count
