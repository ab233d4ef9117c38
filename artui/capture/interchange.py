"""Data frames that only speak the exchange protocols: `__dataframe__`, decoded here, and `__arrow_c_stream__`.

See the specification of the dataframe interchange protocol (data-apis.org): columns give buffers, which are addresses
in memory, and say how missing values are marked.
"""

from __future__ import annotations

import ctypes
import datetime
import importlib
import itertools
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from artui.errors import UsageError

if TYPE_CHECKING:
    import numpy as np

_INT, _UINT, _FLOAT, _BOOL, _TEXT, _TIME, _CATEGORY = 0, 1, 2, 20, 21, 22, 23
_NO_NULLS, _NAN, _SENTINEL, _BITS, _BYTES = 0, 1, 2, 3, 4
_TYPES = {_INT: "i", _UINT: "u", _FLOAT: "f"}
_EPOCH = datetime.datetime(1970, 1, 1)
_UNITS = {"s": 1, "m": 1_000, "u": 1_000_000, "n": 1_000_000_000}
"""Parts of a second, by the letter of Arrow's format."""


def columns_of(frame: Any) -> tuple[list[str], Iterable[Iterable[Any]]]:
    """Give names and rows of an object of the interchange protocol; cells that are missing are None.

    Raises:
        UsageError: a column has a type that the protocol does not describe.
    """
    names = [str(name) for name in frame.column_names()]
    columns: list[list[Any]] = [[] for _ in names]
    for chunk in frame.get_chunks():
        for number, cells in enumerate(columns):
            cells += _cells(chunk.get_column(number), names[number])
    return names, zip(*columns, strict=True)


def from_arrow(value: Any) -> Any:
    """Read a stream of Arrow with a library that can, if one is installed.

    Raises:
        UsageError: there is none.
    """
    for module, function in (("pyarrow", "table"), ("polars", "DataFrame")):
        try:
            return getattr(importlib.import_module(module), function)(value)
        except ImportError:
            continue
    raise UsageError(
        f"A {type(value).__name__} is a stream of Arrow, which neither pyarrow nor polars is here to read.",
        remedy="Install one of them, or give rows.",
    )


def _cells(column: Any, name: str) -> list[Any]:
    kind, _, format, _ = column.dtype
    buffers = column.get_buffers()
    length, start = column.size(), column.offset or 0
    cells: list[Any]
    if kind == _CATEGORY:
        categorical = column.describe_categorical
        words = _cells(categorical["categories"], name) if categorical["is_dictionary"] else None
        codes = _numbers(buffers["data"], start, length).tolist()
        # The code of a missing cell is no index of a word.
        cells = [words[code] if words and 0 <= code < len(words) else None for code in codes]
    elif kind == _TEXT:
        cells = _texts(buffers, start, length)
    elif kind == _BOOL and buffers["data"][1][1] == 1:
        cells = _bits(buffers["data"][0], start, length)
    elif kind in (_INT, _UINT, _FLOAT, _BOOL, _TIME):
        cells = _numbers(buffers["data"], start, length).tolist()
    else:
        raise UsageError(f"Column {name!r} is of no type that can be read.", remedy="Leave it out, or give rows.")
    missing = _missing(column.describe_null, buffers.get("validity"), cells, start)
    cells = [None if is_missing else cell for cell, is_missing in zip(cells, missing, strict=True)]
    if kind == _TIME:
        return [None if cell is None else _time(cell, str(format)) for cell in cells]
    return [bool(cell) if kind == _BOOL and cell is not None else cell for cell in cells]


def _missing(null: tuple[int, Any], validity: tuple[Any, Any] | None, cells: list[Any], start: int) -> list[bool]:
    how, value = null
    if how == _SENTINEL:
        return [cell == value for cell in cells]
    if how in (_BITS, _BYTES) and validity is not None:
        buffer, dtype = validity
        marks = _bits(buffer, start, len(cells)) if dtype[1] == 1 else _numbers(validity, start, len(cells)).tolist()
        return [bool(mark) == bool(value) for mark in marks]
    return [False] * len(cells)


def _memory(buffer: Any) -> bytes:
    return ctypes.string_at(buffer.ptr, buffer.bufsize) if buffer.bufsize else b""


def _numbers(data: tuple[Any, Any], start: int, length: int) -> np.ndarray[Any, Any]:
    import numpy as np

    buffer, (kind, bits, _, order) = data
    letter = _TYPES.get(kind, "i" if kind in (_TIME, _CATEGORY) else "u")
    type_ = np.dtype(f"{order if order in '<>' and bits > 8 else '='}{letter}{bits // 8}")
    return np.frombuffer(_memory(buffer), type_, length, start * type_.itemsize) if length else np.empty(0, type_)


def _bits(buffer: Any, start: int, length: int) -> list[bool]:
    content = _memory(buffer)
    return [bool(content[place >> 3] >> (place & 7) & 1) for place in range(start, start + length)]


def _texts(buffers: dict[str, Any], start: int, length: int) -> list[Any]:
    if not length:
        return []
    content = _memory(buffers["data"][0])
    ends = _numbers(buffers["offsets"], start, length + 1).tolist()
    return [content[first:end].decode("utf-8", "replace") for first, end in itertools.pairwise(ends)]


def _time(number: int, format: str) -> Any:
    """Convert a time by Arrow's format: `tsn:` are nanoseconds, `tdD` days. Times beyond the calendar stay numbers."""
    try:
        if format.startswith("td"):
            days = number if format == "tdD" else number // 86_400_000
            return (_EPOCH + datetime.timedelta(days=days)).date()
        parts = _UNITS[format[2:3]]
        return _EPOCH + datetime.timedelta(seconds=number // parts, microseconds=number % parts * 1_000_000 // parts)
    except (OverflowError, KeyError, ValueError):
        return number
