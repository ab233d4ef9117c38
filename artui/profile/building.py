"""Profiles from batches of cells.

A batch of a column is an array of numpy (numbers, booleans, times) or a list of Python's values; None is null.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from artui.profile import distinct, frequent
from artui.profile.column import Column, Profile
from artui.profile.frequent import Frequent
from artui.profile.grid import Grid
from artui.profile.numbers import Numbers

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from artui.arrays import Floats

MAX_COLUMNS = 1000
BATCH_ROWS = 32_768
BATCH_CELLS = 1 << 19
MAX_NAME_CHARS = 200
_FEWER = 128
"""Of tables with more columns than this, each column is counted less finely."""
_COARSE_LIMIT = 256
_ALL_HASHES = 1 << 22
"""So many hashes of different values are kept, of all columns together."""


class Builder:
    """Takes batches, gives a profile."""

    def __init__(self, names: Sequence[str]) -> None:
        limit = _COARSE_LIMIT if len(names) > _FEWER else frequent.LIMIT
        self._most_hashes = min(distinct.MOST_HASHES, _ALL_HASHES // max(1, min(len(names), MAX_COLUMNS)))
        self._columns = [_empty(name[:MAX_NAME_CHARS], limit, self._most_hashes) for name in names[:MAX_COLUMNS]]
        self._left_out = max(0, len(names) - MAX_COLUMNS)
        self._rows = 0
        self.odd_rows = 0
        self.bad_rows = 0
        self.note = ""

    @property
    def width(self) -> int:
        """Give how many columns are looked at."""
        return len(self._columns)

    @property
    def batch_rows(self) -> int:
        """Give how many rows a batch should have."""
        return max(1, min(BATCH_ROWS, BATCH_CELLS // max(1, self.width)))

    @property
    def rows(self) -> int:
        """Count the rows that were added."""
        return self._rows

    def add(self, columns: Sequence[NDArray[Any] | Sequence[Any]], row_count: int) -> None:
        """Take a batch: the cells of each column, `row_count` of each."""
        self.add_with(with_cells, columns, row_count)

    def add_with(self, count: Callable[[Column, Any], Column], columns: Sequence[Any], row_count: int) -> None:
        """Take a batch whose cells `count` adds to a column."""
        self._rows += row_count
        self._columns = [count(column, cells) for column, cells in zip(self._columns, columns, strict=True)]

    def add_some(self, places: Sequence[int], count: Callable[[Column, Any], Column], columns: Sequence[Any]) -> None:
        """Take cells of some columns; the rows are counted by `count_rows` once all columns have theirs."""
        for place, cells in zip(places, columns, strict=False):
            if place < self.width:
                self._columns[place] = count(self._columns[place], cells)

    def count_rows(self, row_count: int) -> None:
        """Count rows whose cells were taken by `add_some`."""
        self._rows += row_count

    def add_column(self, name: str) -> None:
        """Begin a column that no row had before."""
        if self.width >= MAX_COLUMNS:
            self._left_out += 1
        else:
            most = _ALL_HASHES // MAX_COLUMNS if self.width > _FEWER else self._most_hashes
            column = _empty(
                name[:MAX_NAME_CHARS], self._columns[0].texts.limit if self._columns else frequent.LIMIT, most
            )
            self._columns.append(replace(column, rows=self._rows, null_count=self._rows))

    def done(self) -> Profile:
        """Give the profile of all that was added."""
        return Profile(self._rows, tuple(self._columns), self._left_out, self.odd_rows, self.bad_rows, self.note)


def _empty(name: str, limit: int, most_hashes: int) -> Column:
    def numbers() -> Numbers:
        return Numbers(grid=Grid(0, np.empty(0, np.int64), np.empty(0, np.int64), limit))

    return Column(
        name, numbers=numbers(), times=numbers(), texts=Frequent({}, limit=limit), different=distinct.empty(most_hashes)
    )


def with_rows(column: Column, count: int) -> Column:
    """Count rows whose cells are counted by another of these."""
    return replace(column, rows=column.rows + count)


def with_nulls(column: Column, count: int) -> Column:
    """Count empty cells."""
    return replace(column, rows=column.rows + count, null_count=column.null_count + count) if count else column


def with_others(column: Column, count: int) -> Column:
    """Count cells that are not looked into."""
    return replace(column, rows=column.rows + count, other_count=column.other_count + count)


def with_cells(column: Column, cells: NDArray[Any] | Sequence[Any]) -> Column:
    """Count more cells of a column."""
    if isinstance(cells, np.ndarray):
        return _with_array(column, cells)
    return _with_objects(column, cells)


def _with_array(column: Column, cells: NDArray[Any]) -> Column:
    column = replace(column, rows=column.rows + cells.size)
    if isinstance(cells, np.ma.MaskedArray):
        filled = cells.compressed()
        nulls = cells.size - filled.size
        cells, column = filled, replace(column, null_count=column.null_count + nulls)
    kind = cells.dtype.kind
    if kind == "b":
        true_count = int(np.count_nonzero(cells))
        return with_texts(column, {"true": true_count, "false": cells.size - true_count})
    if kind == "M":
        missing = np.isnat(cells)
        times_ms = cells[~missing].astype("datetime64[ms]").astype(np.int64)
        return with_times(
            replace(column, null_count=column.null_count + int(missing.sum())), times_ms.astype(np.float64)
        )
    if kind in "iu":
        if kind == "u" and cells.dtype.itemsize == 8:
            return _with_objects(replace(column, rows=column.rows - cells.size), cells.tolist())
        whole = cells.astype(np.int64)
        return replace(
            column,
            numbers=column.numbers.with_values(whole.astype(np.float64)),
            different=column.different.with_hashes(distinct.of_ints(whole)),
        )
    if kind == "f":
        return with_floats(
            replace(column, has_fractions=column.has_fractions or cells.size > 0), cells.astype(np.float64)
        )
    return _with_objects(replace(column, rows=column.rows - cells.size), cells.tolist())


def with_floats(column: Column, values: Floats) -> Column:
    """Count floats, NaN and infinite ones too. The rows are counted by the caller, here and below."""
    finite = np.isfinite(values)
    if not finite.all():
        nan_count = int(np.isnan(values).sum())
        infinite_count = values.size - int(finite.sum()) - nan_count
        column = replace(
            column, nan_count=column.nan_count + nan_count, infinite_count=column.infinite_count + infinite_count
        )
        values = values[finite]
    return replace(
        column,
        numbers=column.numbers.with_values(values),
        different=column.different.with_hashes(distinct.of_floats(values)),
    )


def with_times(column: Column, times_ms: Floats) -> Column:
    """Count times in milliseconds since 1970, UTC."""
    return replace(
        column,
        times=column.times.with_values(times_ms),
        different=column.different.with_hashes(distinct.of_floats(times_ms)),
    )


def with_texts(column: Column, counts: dict[str, int]) -> Column:
    """Count texts, each with how often it occurs."""
    counts = {text: count for text, count in counts.items() if count}
    if not counts:
        return column
    return replace(
        column,
        text_count=column.text_count + sum(counts.values()),
        texts=column.texts.merged(frequent.of_counts(counts, column.texts.limit)),
        text_chars=column.text_chars + sum(len(text) * count for text, count in counts.items()),
        longest_chars=max(column.longest_chars, max(map(len, counts))),
        different=column.different.with_hashes(distinct.of_texts(counts)),
    )


def with_counts(column: Column, counts: Mapping[str, int]) -> Column:
    """Count texts of a source that has types, each with how often it occurs: dates among them are times."""
    times = {text: time_ms for text in counts if (time_ms := time_of(text)) is not None}
    if times:
        numbers = [time_ms for text, time_ms in times.items() for _ in range(counts[text])]
        column = with_times(column, np.array(numbers, np.float64))
        counts = {text: count for text, count in counts.items() if text not in times}
    return with_texts(column, dict(counts))


def time_of(text: str) -> float | None:
    """Read `2026-11-01`, with or without a time of the day, in milliseconds since 1970; without a zone it is UTC. None if it is none."""
    if not (10 <= len(text) <= 40 and text[4] == "-" and text[:4].isdigit()):
        return None
    try:
        return time_ms_of(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        return None


def _with_objects(column: Column, cells: Sequence[Any]) -> Column:
    """Count values of Python, each by its own type."""
    column = replace(column, rows=column.rows + len(cells))
    numbers: list[float] = []
    wholes: list[int] = []
    times: list[float] = []
    texts: Counter[str] = Counter()
    nulls = others = 0
    for cell in cells:
        if cell is None:
            nulls += 1
        elif isinstance(cell, str):
            texts[cell] += 1
        elif isinstance(cell, bool | np.bool_):
            texts["true" if cell else "false"] += 1
        elif isinstance(cell, int):
            wholes.append(cell)
        elif isinstance(cell, float | Decimal | np.floating):
            numbers.append(float(cell))
        elif isinstance(cell, datetime | date):
            times.append(time_ms_of(cell))
        else:
            others += 1
    column = replace(column, null_count=column.null_count + nulls, other_count=column.other_count + others)
    if wholes:
        column = with_wholes(column, wholes)
    if numbers:
        column = with_floats(replace(column, has_fractions=True), np.array(numbers, np.float64))
    if times:
        column = with_times(column, np.array(times, np.float64))
    return with_counts(column, texts)


def with_wholes(column: Column, wholes: Sequence[int]) -> Column:
    """Count integers of any size."""
    small = [whole for whole in wholes if -(1 << 63) < whole < 1 << 63]
    if small:
        column = replace(_with_array(column, np.array(small, np.int64)), rows=column.rows)
    if len(small) == len(wholes):
        return column
    large = [whole for whole in wholes if not -(1 << 63) < whole < 1 << 63]
    values = np.array([_as_float(whole) for whole in large])
    finite = np.isfinite(values)
    return replace(
        column,
        numbers=column.numbers.with_values(values[finite]),
        infinite_count=column.infinite_count + len(large) - int(finite.sum()),
        different=column.different.with_hashes(distinct.of_texts(map(str, large))),
    )


def _as_float(whole: int) -> float:
    try:
        return float(whole)
    except OverflowError:
        return math.inf if whole > 0 else -math.inf


def time_ms_of(moment: datetime | date) -> float:
    """Give a moment in milliseconds since 1970; without a zone it is UTC."""
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day)
    return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() * 1000
