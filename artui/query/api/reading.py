"""Tables in files of versions, read into columns."""

from __future__ import annotations

import csv
import gzip
import io
import shutil
import tempfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import orjson

from artui.errors import PackageMissing, UsageError
from artui.query.tables import Table, table_of

if TYPE_CHECKING:
    import pyarrow

Open = Callable[[], BinaryIO]
_SAMPLE_CHARS = 1 << 16


def read_table(open_file: Open, path: str, limit: int | None) -> Table:
    """Read a table in a file, by the ending of its name.

    Raises:
        UsageError: the file is no table that artui reads, or is not what its name says.
        PackageMissing: the format needs a package that is not installed.
    """
    name = path.lower()
    is_packed = name.endswith(".gz")
    ending = name.removesuffix(".gz").rpartition(".")[2]
    read = _READERS.get(ending)
    if read is None or (is_packed and ending not in _TEXTS):
        raise UsageError(
            f"{path!a} is no table that artui reads.", remedy=f"Those end in {', '.join('.' + known for known in _READERS)}; open() gives the bytes of any file."
        )  # fmt: skip
    try:
        with open_file() as stream:
            return read(gzip.open(stream) if is_packed else stream, limit)  # type: ignore[arg-type]
    except (ValueError, csv.Error, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UsageError(f"{path!a} cannot be read as a table: {str(error)[:200]}.", remedy="open() gives its bytes.") from error  # fmt: skip


def _separated(stream: BinaryIO, limit: int | None) -> Table:
    text = io.TextIOWrapper(stream, "utf-8-sig", "replace", newline="")
    sample = text.read(_SAMPLE_CHARS)
    first_line = sample.splitlines()[0] if sample else ""
    lines = _chained(sample, text)
    rows: Iterator[list[str]] = (row for row in csv.reader(lines, delimiter=max(",;\t|", key=first_line.count)) if row)
    head = next(rows, [])
    has_header = not all(_number(cell) is not None for cell in head if cell)
    if not has_header:
        rows = _with_first(head, rows)
    kept = list(islice(rows, limit))
    width = max([len(head), *map(len, kept)], default=0)
    names = [*head, *[""] * (width - len(head))] if has_header else [str(number) for number in range(1, width + 1)]
    table = table_of(names, [row + [""] * (width - len(row)) for row in kept])
    return Table({name: _typed(values) for name, values in table.columns().items()})


def _chained(sample: str, rest: io.TextIOWrapper) -> Iterator[str]:
    """Give the lines of a text of which the beginning was read already."""
    lines = sample.splitlines(keepends=True)
    last = lines.pop() if lines else ""
    yield from lines
    for line in rest:
        yield last + line
        last = ""
    if last:
        yield last


def _with_first(first: list[str], rows: Iterator[list[str]]) -> Iterator[list[str]]:
    if first:
        yield first
    yield from rows


def _typed(cells: list[str]) -> list[Any]:
    """Make numbers of a column if all of its cells are some; an empty cell is None."""
    numbers = [_number(cell) for cell in cells]
    if all(number is not None or not cell for number, cell in zip(numbers, cells, strict=True)):
        return numbers
    return [cell or None for cell in cells]


def _number(cell: str) -> int | float | None:
    try:
        return int(cell)
    except ValueError:
        pass
    try:
        return float(cell)
    except ValueError:
        return None


def _json_lines(stream: BinaryIO, limit: int | None) -> Table:
    records = [orjson.loads(line) for line in islice((line for line in stream if line.strip()), limit)]
    if not all(isinstance(record, dict) for record in records):
        raise ValueError("a line is not an object")
    names = list(dict.fromkeys(name for record in records for name in record))
    return Table({name: [record.get(name) for record in records] for name in names})


def _array(stream: BinaryIO, limit: int | None) -> Table:
    import numpy as np

    values = np.load(stream, allow_pickle=False)
    if not isinstance(values, np.ndarray) or values.ndim not in (1, 2):
        raise ValueError("it is not an array of one or two dimensions")
    columns = values[:limit, None] if values.ndim == 1 else values[:limit]
    return Table({str(number): columns[:, number].tolist() for number in range(columns.shape[1])})


def _arrow(stream: BinaryIO, limit: int | None) -> Table:
    try:
        import pyarrow
        from pyarrow import ipc
    except ImportError as error:
        raise PackageMissing("Arrow files need pyarrow, which is not installed here.", remedy="pip install pyarrow") from error  # fmt: skip
    with ipc.open_file(stream) as file:
        return _of_arrow(pyarrow.Table.from_batches(_batches(file, limit), file.schema))


def _batches(file: Any, limit: int | None) -> list[Any]:
    batches: list[Any] = []
    left = limit
    for number in range(file.num_record_batches):
        if left is not None and left <= 0:
            break
        batch = file.get_batch(number)
        batches.append(batch if left is None else batch.slice(0, left))
        left = None if left is None else left - len(batch)
    return batches


def _parquet(stream: BinaryIO, limit: int | None) -> Table:
    try:
        from pyarrow import parquet
    except ImportError:
        return _parquet_by_duckdb(stream, limit)
    file = parquet.ParquetFile(stream)
    if limit is None:
        return _of_arrow(file.read())
    import pyarrow

    batches, left = [], limit
    for batch in file.iter_batches(batch_size=max(1, min(limit, 65_536))):
        batches.append(batch.slice(0, left))
        left -= len(batch)
        if left <= 0:
            break
    return _of_arrow(pyarrow.Table.from_batches(batches, file.schema_arrow))


def _of_arrow(table: pyarrow.Table) -> Table:
    names = table_of(table.column_names, []).names
    return Table(dict(zip(names, (column.to_pylist() for column in table.columns), strict=True)))


def _parquet_by_duckdb(stream: BinaryIO, limit: int | None) -> Table:
    try:
        import duckdb
    except ImportError as error:
        raise PackageMissing(
            "Parquet files need duckdb or pyarrow, and neither is installed here.",
            remedy="pip install 'artui[parquet]'",
        ) from error
    # It reads files, not streams.
    with tempfile.TemporaryDirectory(prefix="artui-") as folder:
        place = Path(folder) / "table.parquet"
        with place.open("wb") as copy:
            shutil.copyfileobj(stream, copy)
        with duckdb.connect() as connection:
            try:
                answer = connection.read_parquet(str(place))
                rows: Sequence[Sequence[Any]] = (answer if limit is None else answer.limit(limit)).fetchall()
                return table_of(answer.columns, rows)
            except duckdb.Error as error:
                raise ValueError(str(error).partition("\n")[0]) from error


_TEXTS = {"csv": _separated, "tsv": _separated, "jsonl": _json_lines, "ndjson": _json_lines}
_READERS = {**_TEXTS, "parquet": _parquet, "npy": _array, "arrow": _arrow, "feather": _arrow}
READS = frozenset(_READERS)
"""Endings of the names of files that are read as tables."""
