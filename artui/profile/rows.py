"""Rows of two tables, paired by a key: which were added, removed, changed.

Each cell is a hash of what is written in it, so that a table of 1,000,000 rows takes 8 bytes a cell. Hashes are those of
this process, and of 64 bits: two different cells are the same with a chance of 1 in 10**19. Numbers are the same whatever
their spelling: a column that became 52.0 for 52, as one with an empty cell does, has not changed by that.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import orjson

from artui.preview.tensors import NPY_FAULTS
from artui.profile import reading
from artui.profile.tables import ARRAY_ENDINGS, NotATable, Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from artui.arrays import Ints

MAX_CELLS = 20_000_000
"""Of either table."""
_BATCH_ROWS = 20_000
_EMPTY = hash("")
_OF_NUMBERS = 0x6A09_E667_F3BC_C908
"""Sets the bits of a number apart from the hash of a text: those of 0 are that of an empty one."""
_EXACT_BELOW = 2.0**53
"""Larger whole numbers are not told apart by the bits of a float."""


class TooLarge(Exception):
    """A table has more cells than are compared."""


@dataclass(frozen=True, slots=True)
class Cells:
    """The hashes of a table's cells: by column, one for each row."""

    names: tuple[str, ...]
    columns: tuple[Ints, ...]
    rows: int

    def column(self, name: str) -> Ints:
        """Give a column by its name; the first of several."""
        return self.columns[self.names.index(name)]


@dataclass(frozen=True, slots=True)
class Paired:
    """How the rows of two tables differ."""

    added: int
    removed: int
    changed: int
    same: int
    changed_by_column: dict[str, int]
    repeated: int
    added_places: Ints
    """In the second table, ascending; those below likewise."""
    removed_places: Ints
    """In the first table."""
    changed_places: tuple[Ints, Ints]
    """In the first and in the second table; by the place in the second."""


def cells_of(kind: Table, stream: BinaryIO, *, numeric: Collection[str] = ()) -> Cells:
    """Read a table of text, or an array, to its end.

    Args:
        numeric: the columns whose cells are numbers, where the file cannot say so.

    Raises:
        NotATable: it is none of these.
        TooLarge: it has more than `MAX_CELLS` cells.
        OSError: it cannot be read.
    """
    content = reading.unpacked(kind, stream)
    if kind.ending in ("jsonl", "ndjson"):
        return _of_records(content)
    if kind.ending in ARRAY_ENDINGS:
        return _of_array(content)
    names, rows = reading.delimited_rows(content, "" if kind.ending == "csv" else "\t")
    return _of_rows(names, rows, numeric)


def cells_of_columns(names: Sequence[str], columns: Sequence[Sequence[object]]) -> Cells:
    """Take columns of values that were read already."""
    rows = len(columns[0]) if columns else 0
    if rows * len(columns) > MAX_CELLS:
        raise TooLarge
    return Cells(tuple(names), tuple(_hashes(column, _hash_of_value) for column in columns), rows)


def is_same_cell(before: str | None, after: str | None, *, is_numeric: bool) -> bool:
    """Say whether two cells are the same as texts, or as numbers."""
    if before == after or not (before or after):
        return True
    return is_numeric and bool(before and after) and _hash_of_spelled(before or "") == _hash_of_spelled(after or "")


def _hash_of_number(number: int | float) -> int:
    """Hash a number: an int like the float that is equal to it."""
    as_float = float(number) if abs(number) < _EXACT_BELOW else None
    if as_float is None:
        return hash(f"\0{number if isinstance(number, int) or not number.is_integer() else int(number)!r}")
    return int(_hashes_of_floats(np.array([as_float]))[0])


def _hash_of_spelled(text: str) -> int:
    """Hash a cell of a column of numbers; one that is none, or begins with a 0 that a number would lose, as text."""
    try:
        number: int | float = float(text)
        if abs(number) >= _EXACT_BELOW and text.strip().lstrip("+-").isdigit():
            number = int(text)
    except ValueError:
        return hash(text)
    return hash(text) if _loses_zeros(text) else _hash_of_number(number)


def _loses_zeros(text: str) -> bool:
    return text[:1] == "0" and text[1:2].isdigit()


def _hashes_of_floats(numbers: NDArray[np.float64]) -> Ints:
    # Both zeros are one number, and so are all that are NaN.
    numbers = np.where(np.isnan(numbers), np.nan, numbers + 0.0)
    return numbers.view(np.int64) ^ np.int64(_OF_NUMBERS)


def _hashes_of_spelled(cells: Sequence[str]) -> Ints:
    """Hash the cells of a column of numbers, each as `_hash_of_spelled`."""
    try:
        numbers = np.fromiter(map(float, cells), np.float64, len(cells))
    except ValueError:
        return _hashes(cells, _hash_of_spelled)
    found = _hashes_of_floats(numbers)
    for place in np.flatnonzero(~(np.abs(numbers) < _EXACT_BELOW)).tolist():
        found[place] = _hash_of_spelled(cells[place])
    for place, text in enumerate(cells):
        if text[:1] == "0" and _loses_zeros(text):
            found[place] = hash(text)
    return found


def _of_rows(names: Sequence[str], rows: Iterator[Sequence[str]], numeric: Collection[str]) -> Cells:
    width = len(names)
    is_numeric = [name in numeric for name in names]
    parts: list[list[Ints]] = [[] for _ in names]
    count = 0
    batch: list[Sequence[str]] = []

    def take() -> None:
        for part, column, is_number in zip(parts, zip(*batch, strict=True), is_numeric, strict=True):
            part.append(_hashes_of_spelled(column) if is_number else _hashes(column))
        batch.clear()

    try:
        for row in rows:
            batch.append(row if len(row) == width else [*row[:width], *[""] * (width - len(row))])
            count += 1
            if count * width > MAX_CELLS:
                raise TooLarge
            if len(batch) >= _BATCH_ROWS:
                take()
    except csv.Error as error:
        raise NotATable(str(error)) from error
    if batch:
        take()
    return Cells(tuple(names), tuple(map(_joined, parts)), count)


def _records(content: BinaryIO) -> Iterator[dict[str, object]]:
    """Give the objects of a file that has one a line."""
    for line in content:
        try:
            record = orjson.loads(line)
        except ValueError:
            continue
        if isinstance(record, dict):
            yield record


def _of_records(content: BinaryIO) -> Cells:
    places: dict[str, int] = {}
    columns: list[list[int]] = []
    count = 0
    for record in _records(content):
        for name, value in record.items():
            if name not in places:
                places[name] = len(columns)
                columns.append([_EMPTY] * count)
            columns[places[name]].append(_hash_of_value(value))
        count += 1
        if count * max(1, len(columns)) > MAX_CELLS:
            raise TooLarge
        for column in columns:
            if len(column) < count:
                column.append(_EMPTY)
    return Cells(tuple(places), tuple(np.array(column, np.int64) for column in columns), count)


def picked(kind: Table, stream: BinaryIO, places: Sequence[int]) -> dict[int, dict[str, str | None]]:
    """Read some rows of a table as `cells_of` counts them: by their place, the text of each cell by its column.

    Raises:
        NotATable, OSError: as `cells_of`.
    """
    wanted = set(places)
    content = reading.unpacked(kind, stream)
    if kind.ending in ("jsonl", "ndjson"):
        rows = enumerate(_records(content))
        return {place: {name: _text(value) for name, value in row.items()} for place, row in rows if place in wanted}
    if kind.ending in ARRAY_ENDINGS:
        array = _loaded(content)
        return {
            place: {str(at): repr(cell) for at, cell in enumerate(np.ravel(array[place]).tolist())} for place in wanted
        }
    names, lines = reading.delimited_rows(content, "" if kind.ending == "csv" else "\t")
    found: dict[int, dict[str, str | None]] = {}
    try:
        for place, row in enumerate(lines):
            if place in wanted:
                # Of columns of one name the first is compared.
                cells = [*row[: len(names)], *[""] * (len(names) - len(row))]
                found[place] = dict(reversed(list(zip(names, cells, strict=True))))
            if len(found) == len(wanted):
                break
    except csv.Error as error:
        raise NotATable(str(error)) from error
    return found


def picked_of_columns(
    names: Sequence[str], columns: Sequence[Sequence[object]], places: Sequence[int]
) -> dict[int, dict[str, str | None]]:
    """Give some rows of columns that were read already, as `picked`."""
    return {
        place: {name: _text(column[place]) for name, column in zip(names, columns, strict=True)} for place in places
    }


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    try:
        return orjson.dumps(value).decode()
    except (TypeError, ValueError):
        return str(value)


def _hash_of_value(value: object) -> int:
    """Hash a value: a number is not the text of it."""
    if isinstance(value, str):
        return hash(value)
    if value is None:
        return _EMPTY
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _hash_of_number(value)
    try:
        return hash(b"\0" + orjson.dumps(value))
    except (TypeError, ValueError):
        return hash(f"\0{value!r}")


def _loaded(content: BinaryIO) -> NDArray[Any]:
    try:
        array = np.load(io.BytesIO(content.read(MAX_CELLS * 16)), allow_pickle=False)
    except NPY_FAULTS as error:
        raise NotATable(str(error)) from error
    if array.ndim not in (1, 2) or array.dtype.kind not in "biuf":
        raise NotATable("its cells are no plain numbers")
    if array.size > MAX_CELLS:
        raise TooLarge
    return np.asarray(array)


def _of_array(content: BinaryIO) -> Cells:
    array = _loaded(content)
    table = array.reshape(len(array), -1).astype(np.float64)
    columns = tuple(_hashes_of_floats(np.ascontiguousarray(table[:, place])) for place in range(table.shape[1]))
    return Cells(tuple(map(str, range(table.shape[1]))), columns, len(array))


def _hashes(cells: Sequence[Any], hashed: Callable[[Any], int] = hash) -> Ints:
    return np.fromiter(map(hashed, cells), np.int64, len(cells))


def _joined(parts: Sequence[Ints]) -> Ints:
    return np.concatenate(parts) if parts else np.empty(0, np.int64)


def paired(before: Cells, after: Cells, key: Sequence[str]) -> Paired:
    """Pair rows by the columns of `key`, or whole rows if it is empty, and count.

    Of rows with the same key the first is paired with the first, the second with the second.
    """
    common = [name for name in after.names if name in before.names]
    by = list(key) or common
    ours, repeated_before = _numbered(_mixed([before.column(name) for name in by], before.rows))
    theirs, repeated_after = _numbered(_mixed([after.column(name) for name in by], after.rows))
    _, first, second = np.intersect1d(ours, theirs, assume_unique=True, return_indices=True)
    changed = np.zeros(len(first), bool)
    by_column: dict[str, int] = {}
    for name in common:
        differs = before.column(name)[first] != after.column(name)[second]
        if count := int(differs.sum()):
            by_column[name] = count
            changed |= differs
    changed_count = int(changed.sum())
    order = np.argsort(second[changed])
    return Paired(
        after.rows - len(second), before.rows - len(first), changed_count, len(first) - changed_count, by_column,
        max(repeated_before, repeated_after),
        np.setdiff1d(np.arange(after.rows), second, assume_unique=True), np.setdiff1d(np.arange(before.rows), first, assume_unique=True),
        (first[changed][order], second[changed][order]),
    )  # fmt: skip


def is_unique(cells: Cells, name: str) -> bool:
    """Say whether every cell of a column is filled, and another one."""
    column = cells.column(name)
    return len(np.unique(column)) == cells.rows and not bool((column == _EMPTY).any())


def _mixed(columns: Sequence[Ints], rows: int) -> NDArray[np.uint64]:
    mixed = np.full(rows, 0x9E37_79B9_7F4A_7C15, np.uint64)
    with np.errstate(over="ignore"):
        for column in columns:
            mixed = (mixed ^ column.view(np.uint64)) * np.uint64(0xBF58_476D_1CE4_E5B9)
            mixed ^= mixed >> np.uint64(29)
    return mixed


def _numbered(keys: NDArray[np.uint64]) -> tuple[NDArray[np.uint64], int]:
    """Tell equal keys apart by which of them each is; say how many have one before them."""
    if not keys.size:
        return keys, 0
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    number = np.arange(len(keys)) - np.repeat(starts, np.diff(np.append(starts, len(keys))))
    numbers = np.empty(len(keys), np.uint64)
    numbers[order] = number.astype(np.uint64)
    with np.errstate(over="ignore"):
        return keys ^ (numbers * np.uint64(0x94D0_49BB_1331_11EB)), int((number > 0).sum())
