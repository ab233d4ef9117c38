"""One column of a table in a file: how its values are shown, sorted and summed up."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

MOST_COMMON = 3


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
    """Of the finite numbers, as a population."""
    middle: float | None = None
    """The median."""
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
    finite = [float(value) for value in values if math.isfinite(value)]
    summary = replace(summary, odd=len(values) - len(finite))
    if not finite:
        return summary
    mean = math.fsum(finite) / len(finite)
    return replace(
        summary,
        low=min(finite), high=max(finite), mean=mean, middle=statistics.median(finite),
        deviation=math.sqrt(math.fsum((value - mean) ** 2 for value in finite) / len(finite)),
    )  # fmt: skip


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
