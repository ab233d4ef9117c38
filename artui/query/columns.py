"""One column of a table in a file: how its values are shown, sorted and summed up."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from artui.model import Column
from artui.numbers import as_float
from artui.query.runs.statistics import (
    Description,
    Quantiles,
    has_whole_bins,
    histogram,
    is_spread_wide,
    round_edges,
    short_edges,
)
from artui.query.runs.timebins import span_edges
from artui.safetext import clean

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_COMMON = 3
MOST_BARS = 60
"""So many values that are no numbers have a bar of their own: the most frequent ones."""
MOST_BINS = 48
_RARELY = 200
"""Of texts of which the most frequent is not even one of so many, bars would all be of one height."""


@dataclass(frozen=True, slots=True)
class ColumnSummary:
    """What a column holds, at a glance."""

    kind: str
    """`number`, `whole number`, `text`, `true or false`, `nothing`, or `several types`."""
    count: int
    """Cells with a value."""
    missing: int
    distinct: int
    low: float | None = None
    """Smallest finite number; None where there is none, like those below."""
    high: float | None = None
    mean: float | None = None
    deviation: float | None = None
    """The standard deviation of a sample, divided by n - 1, as everywhere; None of a single number."""
    middle: float | None = None
    """The median, between two numbers the mean of them, as everywhere."""
    odd: int = 0
    """Values that are NaN or infinite."""
    common: tuple[tuple[Any, int], ...] = ()
    """The most frequent values, each with how often it comes; empty if none comes twice."""


def summed_up(cells: Sequence[Any]) -> ColumnSummary:
    """Sum a column up."""
    values = [cell for cell in cells if cell is not None]
    counted = Counter(map(_countable, values))
    common = tuple(counted.most_common(MOST_COMMON)) if counted and counted.most_common(1)[0][1] > 1 else ()
    kind = kind_of(values)
    summary = ColumnSummary(kind, len(values), len(cells) - len(values), len(counted), common=common)
    if kind not in ("number", "whole number"):
        return summary
    finite = [number for number in map(as_float, values) if math.isfinite(number)]
    summary = replace(summary, odd=len(values) - len(finite))
    if not finite:
        return summary
    mean = math.fsum(finite) / len(finite)
    return replace(
        summary,
        low=min(finite), high=max(finite), mean=mean, middle=statistics.median(finite),
        deviation=_deviation(finite, mean),
    )  # fmt: skip


def _deviation(values: Sequence[float], mean: float) -> float | None:
    if len(values) < 2:
        return None
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))


def why_no_spread(described: Description) -> str:
    """Say in a few words what a histogram of a column would not show: one value, or hardly one that comes twice; empty if it tells something."""
    if described.distinct == 1 and described.count:
        value = described.frequencies[0][0] if described.frequencies else described.mean
        return f"always {clean(str(value), max_chars=60)}"
    often = described.frequencies[0][1] if described.frequencies else 0
    if not described.bins and often * _RARELY < described.count and described.distinct > MOST_BARS:
        return f"{described.distinct:,} different values, hardly one of which comes twice"
    return ""


def spread(name: str, cells: Sequence[Any], *, is_log: bool | None = None) -> Description | None:
    """Count a column for a histogram: numbers and times by ranges, all else by value; None if it holds nothing.

    Args:
        is_log: whether the ranges are equally wide on a logarithmic axis, which takes numbers above zero; None: where they
            read better there.
    """
    import numpy as np

    values = [cell for cell in cells if cell is not None]
    counted = Counter(map(_countable, values))
    common = tuple(counted.most_common(MOST_BARS))
    column = Column("metric", name)
    if not values:
        return None
    if (moments := _moments(values)) is not None:
        return _with_moments(Description(Column("attribute", name), len(cells), len(values), len(counted), ()), moments)
    if kind_of(values) not in ("number", "whole number"):
        return Description(column, len(cells), len(values), len(counted), common)
    floats = np.array([as_float(value) for value in values])
    described = Description(column, len(cells), len(values), len(counted), common)
    return _with_bins(described, floats, is_log=is_log)


def _moments(values: Sequence[Any]) -> NDArray[Any] | None:
    """Give texts that are all dates, or times, in milliseconds since 1970; without a zone they are local, as they are shown. None of others."""
    import numpy as np

    moments = []
    for value in values:
        if not isinstance(value, str) or not (10 <= len(value) <= 40 and value[4] == "-"):
            return None
        try:
            moments.append(datetime.fromisoformat(value).timestamp() * 1000)
        except (ValueError, OverflowError, OSError):
            return None
    return np.array(moments) if len(moments) > 1 else None


def _with_moments(described: Description, moments: NDArray[Any]) -> Description:
    import numpy as np

    edges = span_edges(moments, MOST_BINS // 2, MOST_BINS, is_moment=True)
    edges = edges or [float(moments.min()), float(moments.max())]
    return replace(
        described, edges=tuple(edges), bins=tuple(np.histogram(moments, edges)[0].tolist()),
        quantiles=Quantiles(*map(float, np.quantile(moments, (0, 0.25, 0.5, 0.75, 1)))),
    )  # fmt: skip


def spread_of_numbers(name: str, values: NDArray[Any], *, is_log: bool | None = None) -> Description | None:
    """Count numbers of an array for a histogram, as `spread`; how often each comes is not counted."""
    import numpy as np

    if not len(values):
        return None
    distinct = len(np.unique(values))
    return _with_bins(
        Description(Column("param", name), len(values), len(values), distinct, ()),
        values.astype(np.float64),
        is_log=is_log,
    )


def _with_bins(described: Description, floats: NDArray[Any], *, is_log: bool | None) -> Description:
    import numpy as np

    finite = floats[np.isfinite(floats)]
    described = replace(described, odd_count=len(floats) - len(finite))
    if not len(finite):
        return described
    low, high = float(finite.min()), float(finite.max())
    is_each = high - low < MOST_BINS and has_whole_bins(finite)
    is_log = (is_spread_wide(finite) and not is_each if is_log is None else is_log) and 0 < low < high
    # Whole numbers of a small range have a bar each.
    edges = [] if is_log else np.arange(low - 0.5, high + 1.0).tolist() if is_each else round_edges(finite, MOST_BINS)
    counts = np.histogram(finite, edges)[0].tolist() if edges else []
    if not edges:
        edges, counts = histogram(finite, MOST_BINS, is_log=is_log)
        edges = short_edges(edges, np.unique(finite)) if is_log else edges
    with np.errstate(over="ignore", invalid="ignore"):
        mean, sd = float(finite.mean()), float(finite.std(ddof=1)) if len(finite) > 1 else None
    return replace(
        described, mean=mean, sd=sd, edges=tuple(edges), bins=tuple(counts), is_log=is_log,
        geometric_mean=float(np.exp(np.log(finite).mean())) if low > 0 else None,
        quantiles=Quantiles(*map(float, np.quantile(finite, (0, 0.25, 0.5, 0.75, 1)))),
    )  # fmt: skip


def is_telling(described: Description) -> bool:
    """Whether a histogram of a column says more than that each of its values comes once, or that there is one only."""
    if described.distinct < 2:
        return False
    if described.quantiles is None:
        return bool(described.frequencies) and described.frequencies[0][1] > 1
    low, *_, high = described.quantiles
    is_numbering = described.distinct == described.count and high - low == described.count - 1
    return not is_numbering


def kind_of(values: Sequence[Any]) -> str:
    """Name the type that all of some values have, None aside."""
    types = set(map(type, values)) - {type(None)}
    if not types:
        return "nothing"
    if types == {bool}:
        return "true or false"
    if types == {int}:
        return "whole number"
    if types <= {int, float}:
        return "number"
    return "text" if types == {str} else "several types"


def sort_key(cell: Any) -> tuple[int, Any]:
    """Give what a cell is sorted by: numbers, then texts, then other values; NaN and what is missing come last, see `sorted_places`."""
    if isinstance(cell, bool | int | float):
        return 0, cell
    return (1, cell.casefold()) if isinstance(cell, str) else (2, str(cell))


def sorted_places(cells: Sequence[Any], *, is_reversed: bool) -> list[int]:
    """Give the places of cells in order; what is missing, and NaN, is last both ways. Equal ones stay in order."""
    having = [place for place, cell in enumerate(cells) if cell is not None and cell == cell]
    lacking = [place for place, cell in enumerate(cells) if cell is None or cell != cell]
    having.sort(key=lambda place: sort_key(cells[place]), reverse=is_reversed)
    return having + lacking


def holding(columns: Sequence[Sequence[Any]], words: Sequence[str], text_of: Callable[[Any], str]) -> list[int]:
    """Give the places of the rows that hold all words, in any case, each in any of their cells."""
    if not columns:
        return []
    folded = [word.casefold() for word in words]
    matching = []
    for place in range(len(columns[0])):
        texts = [text_of(column[place]).casefold() for column in columns if column[place] is not None]
        if all(any(word in text for text in texts) for word in folded):
            matching.append(place)
    return matching


def _countable(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool) else str(value)
