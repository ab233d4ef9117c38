"""Batches of rows, column by column, as they are observed: taken apart by time and value, and counted.

The cells of a column are an array of numpy (numbers, booleans, times; masked where cells are empty), texts that are coded, or
a list of any values of Python.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from artui.model.tallies import class_of
from artui.profile import building, written
from artui.profile.building import MAX_NAME_CHARS
from artui.profile.column import Column

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from artui.arrays import Floats, Ints

    Bools = NDArray[np.bool_]

MAX_CLASSES = 2_000
"""Of more different values in one batch, nobody asks how often each was predicted."""
FIRST_MS, LAST_MS = 31_536_000_000, 7_258_118_400_000
"""Times from 1971 to 2200 are taken for such."""
_OF_TIMES, _DATE_CHARS = frozenset("0123456789-:. T"), 10
_MS_OF_UNIT = ((1e11, 1000.0), (1e14, 1.0), (1e17, 1e-3), (math.inf, 1e-6))
"""Up to which size numbers are seconds, milliseconds, microseconds, nanoseconds since 1970."""


@dataclass(frozen=True, slots=True)
class Coded:
    """Texts of which each different one is held once."""

    codes: Ints
    """Place in `words`; -1 of an empty cell."""
    words: Sequence[str]
    is_written: bool = False
    """They stand in a text, where a number is no other than its digits."""

    def __len__(self) -> int:
        return len(self.codes)


Cells = Any
"""`NDArray | MaskedArray | Coded | list`."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows that are looked at together."""

    columns: Mapping[str, Cells]
    rows: int

    def taken(self, places: Ints | slice) -> Batch:
        """Give some rows."""
        rows = len(range(*places.indices(self.rows))) if isinstance(places, slice) else len(places)
        return Batch({name: taken(cells, places) for name, cells in self.columns.items()}, rows)


def taken(cells: Cells, places: Ints | slice) -> Cells:
    """Give the cells at some places."""
    if isinstance(cells, Coded):
        return replace(cells, codes=cells.codes[places])
    if isinstance(cells, np.ndarray):
        return cells[places]
    return cells[places] if isinstance(places, slice) else [cells[place] for place in places.tolist()]


def of_records(records: Sequence[Mapping[Any, Any]], reserved: Collection[str] = ()) -> Batch:
    """Make a batch of records; `features` that is a mapping in one is taken apart.

    Args:
        reserved: what the parts of a record are called, whether it has them or not: a feature of such a name is `features.NAME`.
    """
    flat = [_flat(record, reserved) for record in records]
    names = dict.fromkeys(name for record in flat for name in record)
    return Batch({name: typed([record.get(name) for record in flat]) for name in names}, len(flat))


def _flat(record: Mapping[Any, Any], reserved: Collection[str]) -> dict[str, Any]:
    features = record.get("features")
    if isinstance(features, list | tuple):
        features = {f"feature_{place}": value for place, value in enumerate(features)}
    if isinstance(features, Mapping):
        # One that is called like a part of the record itself stands beside it.
        own = {name: value for name, value in record.items() if name != "features"}
        record = {
            **{
                f"features.{name}" if name in own or name in reserved else name: value
                for name, value in features.items()
            },
            **own,
        }
    return {str(name)[:MAX_NAME_CHARS]: value for name, value in record.items()}


def typed(cells: list[Any]) -> Cells:
    """Give a list as an array, or as coded texts, where all cells are of one kind."""
    kinds = set(map(type, cells))
    if kinds <= {str, type(None)}:
        return coded(cells)
    empty = type(None) in kinds
    kinds.discard(type(None))
    if kinds == {bool}:
        return _array_of(cells, bool, fill=False) if empty else np.array(cells, bool)
    if kinds == {float}:
        return _array_of(cells, np.float64, fill=0.0) if empty else np.array(cells, np.float64)
    if kinds == {int} and all(cell is None or -(1 << 62) < cell < 1 << 62 for cell in cells):
        return _array_of(cells, np.int64, fill=0) if empty else np.array(cells, np.int64)
    return cells


def _array_of(cells: Sequence[Any], kind: Any, *, fill: Any) -> NDArray[Any]:
    missing = np.fromiter((cell is None for cell in cells), bool, len(cells))
    return np.ma.MaskedArray(np.array([fill if cell is None else cell for cell in cells], kind), missing)


def coded(cells: Sequence[str | None]) -> Coded:
    """Code texts."""
    places: dict[str | None, int] = {None: -1}
    codes = np.fromiter((places.setdefault(cell, len(places) - 1) for cell in cells), np.int64, len(cells))
    return Coded(codes, list(places)[1:])  # type: ignore[arg-type]


def of_written(cells: Sequence[str]) -> Cells:
    """Give cells as they are written in a text: numbers where all are, else coded texts, empty where nothing stands."""
    if written.NULLS.isdisjoint(cells):
        numbers = _numbers_written(cells)
        return replace(coded(cells), is_written=True) if numbers is None else numbers
    filled = [cell not in written.NULLS for cell in cells]
    numbers = _numbers_written([cell for cell, is_there in zip(cells, filled, strict=True) if is_there])
    if numbers is None:
        return replace(coded([cell if is_there else None for cell, is_there in zip(cells, filled, strict=True)]), is_written=True)  # fmt: skip
    whole = np.zeros(len(cells), numbers.dtype)
    mask = ~np.array(filled)
    whole[~mask] = numbers
    return np.ma.MaskedArray(whole, mask)


def _numbers_written(cells: Sequence[str]) -> NDArray[Any] | None:
    try:
        values = np.array(list(map(float, cells)), np.float64)
    except ValueError:
        return None
    letters = "".join(cells)
    if "_" in letters:  # 1_000 is a number to Python alone
        return None
    if not any(letter in letters for letter in ".eEnN") and values.size and np.abs(values).max() < 1 << 53:
        return values.astype(np.int64)
    return values


def with_cells(column: Column, cells: Cells) -> Column:
    """Count cells of a column."""
    if not isinstance(cells, Coded):
        return building.with_cells(column, cells)
    filled = cells.codes[cells.codes >= 0]
    column = building.with_rows(building.with_nulls(column, len(cells) - len(filled)), len(filled))
    counts = np.bincount(filled, minlength=len(cells.words))
    words = {cells.words[place]: int(counts[place]) for place in np.flatnonzero(counts).tolist()}
    # What is written as a number is one, whatever the other cells of its batch are.
    numbers = [word for word in words if written.is_number(word)] if cells.is_written else []
    if numbers:
        spelled = [word for word in numbers for _ in range(words[word])]
        column = building.with_floats(column, np.array(list(map(float, spelled)), np.float64))
        words = {word: count for word, count in words.items() if word not in set(numbers)}
    return building.with_counts(column, words)


def is_filled(cells: Cells) -> Bools:
    """Say of each cell whether it is neither empty nor NaN."""
    if isinstance(cells, Coded):
        return np.asarray(cells.codes >= 0)
    if isinstance(cells, np.ndarray):
        data = np.ma.getdata(cells)
        filled = ~np.isnan(data) if data.dtype.kind == "f" else ~np.isnat(data) if data.dtype.kind in "mM" else np.ones(len(data), bool)  # fmt: skip
        return np.asarray(filled & ~np.ma.getmaskarray(cells))
    return np.fromiter((cell is not None and cell == cell for cell in cells), bool, len(cells))


def floats(cells: Cells) -> Floats | None:
    """Give cells as numbers, NaN where one is none; None of a column of texts or truth values."""
    if isinstance(cells, np.ndarray):
        if cells.dtype.kind not in "iuf":
            return None
        values = np.ma.getdata(cells).astype(np.float64)
        mask = np.ma.getmaskarray(cells)
        return np.where(mask, np.nan, values) if mask.any() else values
    if isinstance(cells, Coded):
        return None
    values = np.full(len(cells), np.nan)
    for place, cell in enumerate(cells):
        if isinstance(cell, int | float | np.number) and not isinstance(cell, bool):
            try:
                values[place] = float(cell)
            except OverflowError:
                values[place] = math.inf
    return values if np.isfinite(values).any() else None


def classes(cells: Cells) -> tuple[Ints, list[str]] | None:
    """Give cells as classes: places in a list of names, -1 where one is none. None if they are no classes, or too many."""
    if isinstance(cells, Coded):
        names = [class_of(word) or "" for word in cells.words]
        return (cells.codes, names) if len(names) <= MAX_CLASSES else None
    if isinstance(cells, np.ndarray):
        filled, data = is_filled(cells), np.ma.getdata(cells)
        if data.dtype.kind == "b":
            return np.where(filled, data.astype(np.int64), -1), ["false", "true"]
        if data.dtype.kind not in "iuf":
            return None
        some = data[filled]
        if data.dtype.kind == "f" and not (np.isfinite(some).all() and (some == np.round(some)).all()):
            return None
        different, places = np.unique(some, return_inverse=True)
        if len(different) > MAX_CLASSES:
            return None
        codes = np.full(len(data), -1, np.int64)
        codes[filled] = places
        return codes, [class_of(value) or "" for value in different.tolist()]
    places_of: dict[str | None, int] = {None: -1}
    codes = np.fromiter((places_of.setdefault(class_of(_plain(cell)), len(places_of) - 1) for cell in cells), np.int64, len(cells))  # fmt: skip
    return (codes, [name or "" for name in list(places_of)[1:]]) if len(places_of) <= MAX_CLASSES else None


def _plain(cell: Any) -> Any:
    return cell.item() if isinstance(cell, np.generic) else cell


def times_ms(cells: Cells) -> Ints:
    """Give cells as milliseconds since 1970, UTC; 0 where one is no time between 1971 and 2200.

    Numbers are taken for seconds, milli-, micro- or nanoseconds by their size.
    """
    if isinstance(cells, Coded):
        of_words = _times_of_words(cells.words)
        found = np.where(cells.codes >= 0, of_words[np.maximum(cells.codes, 0)], 0.0)
    elif isinstance(cells, np.ndarray) and cells.dtype.kind == "M":
        data = np.ma.getdata(cells)
        found = np.where(is_filled(cells), data.astype("M8[ms]").astype(np.int64).astype(np.float64), 0.0)
    elif isinstance(cells, np.ndarray):
        values = floats(cells)
        found = _scaled(values) if values is not None else np.zeros(len(cells))
    else:
        found = np.array([_time_of(cell) for cell in cells])
    with np.errstate(invalid="ignore"):
        is_time = (found >= FIRST_MS) & (found < LAST_MS)
    return np.where(is_time, found, 0.0).astype(np.int64)


def _times_of_words(words: Sequence[str]) -> Floats:
    letters = "".join(words)
    # Plain ones are read together, which is many times faster.
    if words and not set(letters) - _OF_TIMES and min(map(len, words)) >= _DATE_CHARS and min(word.count("-") for word in words) == 2:  # fmt: skip
        with contextlib.suppress(ValueError):
            return np.array(words, "M8[ms]").astype(np.int64).astype(np.float64)
    return np.array([_time_of(word) for word in words] or [0.0])


def _scaled(values: Floats) -> Floats:
    size = np.abs(values)
    found = np.zeros(len(values))
    for limit, factor in reversed(_MS_OF_UNIT):
        found = np.where(size < limit, values * factor, found)
    return found


def _time_of(cell: Any) -> float:
    if isinstance(cell, str):
        time_ms = building.time_of(cell.strip())
        if time_ms is not None:
            return time_ms
        if not written.is_number(cell):
            return 0.0
        cell = float(cell)
    if isinstance(cell, date):
        try:
            return building.time_ms_of(cell)
        except (OverflowError, OSError, ValueError):
            return 0.0
    if isinstance(cell, int | float | np.number) and not isinstance(cell, bool):
        try:
            return float(_scaled(np.array([float(cell)]))[0])
        except OverflowError:
            return 0.0
    return 0.0


def texts(cells: Cells) -> list[str | None]:
    """Give cells as texts, such as ids are; None where one is empty."""
    if isinstance(cells, Coded):
        return [cells.words[code] if code >= 0 else None for code in cells.codes.tolist()]
    if isinstance(cells, np.ndarray):
        filled = is_filled(cells).tolist()
        data = np.ma.getdata(cells)
        values = data.tolist()
        if data.dtype.kind == "f":
            values = [int(value) if value == value and abs(value) < 1 << 53 and value.is_integer() else value for value in values]  # fmt: skip
        return [str(value) if is_there else None for value, is_there in zip(values, filled, strict=True)]
    return [None if cell is None or cell != cell else str(_plain(cell)) for cell in cells]


def groups_of(keys: Ints) -> list[tuple[int, Ints | slice]]:
    """Give the places of rows by their key: slices where rows of one key follow each other."""
    if not len(keys):
        return []
    steps = np.diff(keys)
    if (steps >= 0).all():
        starts = [0, *(np.flatnonzero(steps) + 1).tolist(), len(keys)]
        return [(int(keys[start]), slice(start, end)) for start, end in pairwise(starts)]
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    starts = [0, *(np.flatnonzero(np.diff(ordered)) + 1).tolist(), len(keys)]
    return [(int(ordered[start]), order[start:end]) for start, end in pairwise(starts)]
