"""Rows of two catalogs side by side, both in the order of SQLite, without either of them in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any


def side_by_side(
    theirs: Iterable[Sequence[Any]], ours: Iterable[Sequence[Any]], *, by: int = 1
) -> Iterator[tuple[Sequence[Any] | None, Sequence[Any] | None]]:
    """Pair rows that begin with the same `by` values; both are ascending by these, in SQLite's order of texts."""
    left, right = iter(theirs), iter(ours)
    one, other = next(left, None), next(right, None)
    while one is not None or other is not None:
        order = _order(one, other, by)
        yield (one if order <= 0 else None, other if order >= 0 else None)
        if order <= 0:
            one = next(left, None)
        if order >= 0:
            other = next(right, None)


def _order(one: Sequence[Any] | None, other: Sequence[Any] | None, by: int) -> int:
    if one is None or other is None:
        return 1 if one is None else -1
    first, second = _comparable(one[:by]), _comparable(other[:by])
    return (first > second) - (first < second)


def _comparable(values: Sequence[Any]) -> list[tuple[int, Any]]:
    """Give values in SQLite's order: NULL, numbers, texts by their bytes, bytes."""
    made: list[tuple[int, Any]] = []
    for value in values:
        if value is None:
            made.append((0, 0))
        elif isinstance(value, int | float):
            made.append((1, value))
        elif isinstance(value, str):
            made.append((2, value.encode("utf-8", "surrogatepass")))
        else:
            made.append((3, value))
    return made
