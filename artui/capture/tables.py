"""Tables of any library as a header and rows, recognised by their methods: no library is imported for it."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from artui.capture import interchange
from artui.errors import UsageError

_Table = tuple[list[str], Iterable[Iterable[Any]]]
_WAYS = ("to_pydict", "to_pandas", "toPandas", "to_frame", "collect")
"""Methods that give columns or another data frame: of pyarrow, cudf, pyspark, series and lazy frames."""


def rows_of(value: Any, columns: Sequence[str] | None = None) -> _Table:
    """Give names and rows of a data frame, a mapping of columns, rows of mappings, or rows of values.

    An index comes first if it has a name or is not just 0, 1, 2….

    Raises:
        UsageError: it is none of these.
    """
    table = _of_frame(value)
    if table is not None:
        return table
    if isinstance(value, Mapping):
        names = [str(name) for name in value]
        # Shorter columns are filled up, so that nothing is lost.
        return names, itertools.zip_longest(*(_list(column) for column in value.values()), fillvalue="")
    if hasattr(value, "tolist"):
        value = value.tolist()
    try:
        rows = list(value)
    except TypeError:
        raise UsageError(
            f"A {type(value).__name__} is not a table.", remedy="Give rows, a mapping of columns, or a data frame."
        ) from None
    if any(isinstance(row, Mapping) for row in rows):
        return _of_mappings(rows)
    return [str(name) for name in columns or ()], (_row(row) for row in rows)


def _of_frame(value: Any) -> _Table | None:
    if hasattr(value, "columns") and callable(getattr(value, "itertuples", None)):
        return _of_pandas(value)
    if hasattr(value, "columns") and callable(getattr(value, "iter_rows", None)):
        return [str(name) for name in value.columns], value.iter_rows()
    if isinstance(value, list | tuple | Mapping):
        return None
    for way in _WAYS:
        if callable(getattr(value, way, None)):
            other = getattr(value, way)()
            if other is not value and (isinstance(other, Mapping) or hasattr(other, "columns")):
                return rows_of(other)
    if callable(getattr(value, "__dataframe__", None)):
        return interchange.columns_of(value.__dataframe__(allow_copy=True))
    if callable(getattr(value, "__arrow_c_stream__", None)):
        return rows_of(interchange.from_arrow(value))
    return None


def _of_pandas(frame: Any) -> _Table:
    header = [str(name) for name in frame.columns]
    rows: Iterable[Any] = frame.itertuples(index=False, name=None)
    index = getattr(frame, "index", None)
    if index is None or _says_nothing(index):
        return header, rows
    names = list(index.names)
    plain = "index" if len(names) == 1 else "level_{}"
    index_names = [plain.format(number) if name is None else str(name) for number, name in enumerate(names)]
    keys = index if len(names) > 1 else ((key,) for key in index)
    return [*index_names, *header], ((*key, *row) for key, row in zip(keys, rows, strict=True))


def _says_nothing(index: Any) -> bool:
    """Whether an index only counts the rows."""
    is_counting = type(index).__name__ == "RangeIndex" and (index.start, index.step) == (0, 1)
    return not hasattr(index, "names") or (is_counting and index.name is None)


def _of_mappings(rows: list[Any]) -> _Table:
    """Make columns of all keys; a row that lacks a key, or is not a mapping, has empty cells there."""
    mappings = [{str(name): cell for name, cell in row.items()} if isinstance(row, Mapping) else {} for row in rows]
    names = list(dict.fromkeys(name for row in mappings for name in row))
    return names, ([row.get(name, "") for name in names] for row in mappings)


def _row(row: Any) -> Iterable[Any]:
    if isinstance(row, str | bytes):
        return [row]
    if getattr(row, "shape", None) and hasattr(row, "tolist"):
        row = row.tolist()
    return row if isinstance(row, list | tuple) else [row]


def _list(column: Any) -> list[Any]:
    if isinstance(column, str | bytes) or getattr(column, "shape", None) == () or not isinstance(column, Iterable):
        return [column]
    return list(column.tolist() if hasattr(column, "tolist") else column)
