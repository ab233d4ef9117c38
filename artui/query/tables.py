"""Named columns of one length: what lists of runs, answers of SQL and tables in files are to other packages."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from importlib import import_module
from typing import TYPE_CHECKING, Any

from artui.errors import PackageMissing

if TYPE_CHECKING:
    import pandas
    import pyarrow


class Frame:
    """What has columns: each is a list of plain values, None where there is none."""

    def columns(self, *names: str) -> dict[str, list[Any]]:
        """Give the columns by name, as lists of one length; some of them by their names."""
        raise NotImplementedError

    def _numbers(self, *names: str) -> set[str]:
        """Name the columns that hold numbers even where none has a value."""
        return set()

    def to_pandas(self, *names: str) -> pandas.DataFrame:
        """Make a pandas data frame of the columns. A missing number is NaN there, as pandas has it.

        Raises:
            PackageMissing: pandas is not installed.
        """
        package = _package("pandas", "to_pandas")
        numbers = self._numbers(*names)
        frame: pandas.DataFrame = package.DataFrame(
            {
                name: package.Series(values, dtype=float if name in numbers else None)
                for name, values in self.columns(*names).items()
            }
        )
        return frame

    def to_arrow(self, *names: str) -> pyarrow.Table:
        """Make an Arrow table of the columns: null is what is missing, NaN a value.

        Lists and objects become JSON texts; so does every value of a column of several types.

        Raises:
            PackageMissing: pyarrow is not installed.
        """
        arrow = _package("pyarrow", "to_arrow")
        numbers, columns = self._numbers(*names), self.columns(*names)
        arrays = [_array(arrow, values, is_number=name in numbers) for name, values in columns.items()]
        return arrow.table(arrays, names=list(columns))

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Hand the columns to any package that takes Arrow data: `polars.DataFrame(runs)`, `duckdb.sql("FROM runs")`."""
        return self.to_arrow().__arrow_c_stream__(requested_schema)


class Table(Frame, Sequence[Mapping[str, Any]]):
    """Rows with named columns, in memory."""

    def __init__(self, columns: Mapping[str, list[Any]]) -> None:
        self._columns = dict(columns)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(self._columns)

    def columns(self, *names: str) -> dict[str, list[Any]]:
        """Give the columns by name, as lists of one length; some of them by their names.

        Raises:
            KeyError: there is no such column.
        """
        return {name: self._columns[name] for name in names or self._columns}

    def __len__(self) -> int:
        return len(next(iter(self._columns.values()), ()))

    def __getitem__(self, place: Any) -> Any:
        """Give one row as a dict, or several as another table."""
        if isinstance(place, slice):
            return Table({name: values[place] for name, values in self._columns.items()})
        return {name: values[place] for name, values in self._columns.items()}

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for row in zip(*self._columns.values(), strict=True):
            yield dict(zip(self._columns, row, strict=True))

    def __repr__(self) -> str:
        return f"<Table of {len(self):,} rows: {', '.join(self.names)}>"


def table_of(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> Table:
    """Make a table of rows; a name that comes again gets a number: `a`, `a_2`."""
    unique = numbered(names)
    columns = [list(values) for values in zip(*rows, strict=True)] if rows else [[] for _ in unique]
    return Table(dict(zip(unique, columns, strict=True)))


def numbered(names: Sequence[str]) -> tuple[str, ...]:
    """Give names of which none comes twice: one that comes again gets a number, `a`, `a_2`."""
    unique: dict[str, None] = {}
    next_numbers: dict[str, int] = {}
    for name in names:
        number, free = next_numbers.get(name, 2), name
        while free in unique:
            number, free = number + 1, f"{name}_{number}"
        unique[free], next_numbers[name] = None, number
    return tuple(unique)


def _package(name: str, use: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise PackageMissing(
            f"{use} needs {name}, which is not installed here.",
            remedy=f"pip install {name}; columns() needs no package.",
        ) from error


def _array(arrow: Any, values: list[Any], *, is_number: bool) -> Any:
    """Make an Arrow array of values that may be of several types."""
    types = set(map(type, values)) - {type(None)}
    if types <= {float, int} and (float in types or is_number):
        return arrow.array(values, arrow.float64())
    if types == {int} and all(value is None or -(1 << 63) <= value < 1 << 63 for value in values):
        return arrow.array(values, arrow.int64())
    if types == {datetime}:
        return arrow.array(values, arrow.timestamp("ms", tz="UTC"))
    if types == {timedelta}:
        return arrow.array(values, arrow.duration("ms"))
    if types == {bool}:
        return arrow.array(values, arrow.bool_())
    if types == {bytes}:
        return arrow.array(values, arrow.binary())
    if types <= {str}:
        return arrow.array(values, arrow.string())
    return arrow.array([None if value is None else _text(value) for value in values], arrow.string())


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)
