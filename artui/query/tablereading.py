"""Tables in files of versions, read into columns."""

from __future__ import annotations

import contextlib
import csv
import gzip
import io
import json
import shutil
import subprocess
import tempfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, TypeVar

import orjson

from artui.content import tabling
from artui.content.helping import descriptor_of, helped
from artui.errors import PackageMissing, UsageError
from artui.preview.tensors import NPY_FAULTS
from artui.query.tables import Table, table_of

if TYPE_CHECKING:
    import pyarrow

Open = Callable[[], BinaryIO]
MAX_CELLS = 4_000_000
"""Of a table that is only looked at so many cells are read."""
MAX_COLUMNS = 10_000
MAX_TEXT_BYTES = 16 << 20
"""So many bytes of it, if it is a text."""
_BUFFER_BYTES = 1 << 16
_APART_SECONDS = 30.0
_Row = TypeVar("_Row")


def read_table(open_file: Open, path: str, limit: int | None) -> Table:
    """Read a table in a file, by the ending of its name.

    Raises:
        UsageError: the file is no table that artui reads, or is not what its name says.
        PackageMissing: the format needs a package that is not installed.
    """
    ending, is_packed = _ending(path)
    with _said_plainly(path), open_file() as stream:
        if ending in _TEXTS:
            return _TEXTS[ending](_unpacked(stream, is_packed), limit, None).table
        return _PACKED[ending](stream, limit)


def _ending(path: str) -> tuple[str, bool]:
    """Give the ending of a table's name, and whether it is packed."""
    name = path.lower()
    is_packed = name.endswith(".gz")
    ending = name.removesuffix(".gz").rpartition(".")[2]
    if ending not in READS or (is_packed and ending not in _TEXTS):
        raise UsageError(
            f"{path!a} is no table that artui reads.", remedy=f"Those end in {', '.join('.' + known for known in (*_TEXTS, *_PACKED))}; open() gives the bytes of any file."
        )  # fmt: skip
    return ending, is_packed


def _unpacked(stream: BinaryIO, is_packed: bool) -> BinaryIO:
    return gzip.GzipFile(fileobj=stream) if is_packed else stream  # type: ignore[return-value]


@contextlib.contextmanager
def _said_plainly(path: str) -> Iterator[None]:
    try:
        yield
    except (ValueError, csv.Error, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise _no_table(path, str(error)[:200]) from error


class Beginning(NamedTuple):
    """The first rows of a table, or all of them."""

    table: Table
    has_more_rows: bool
    left_out_columns: int = 0


def read_beginning(open_file: Open, path: str, most_rows: int) -> Beginning:
    """Read the first rows of a table that anybody may have made, in bounded time and memory.

    At most `MAX_CELLS` cells are read, and `MAX_TEXT_BYTES` of a text. What packages read, they read apart.

    Raises:
        UsageError, PackageMissing: as `read_table`.
    """
    ending, is_packed = _ending(path)
    if ending in _PACKED:
        return _read_apart(open_file, path, ending, most_rows)
    with _said_plainly(path), open_file() as stream:
        bounded = _Bounded(_unpacked(stream, is_packed))
        return _TEXTS[ending](io.BufferedReader(bounded, _BUFFER_BYTES), most_rows, bounded)


class _Bounded(io.RawIOBase):
    """The first `MAX_TEXT_BYTES` of a stream, which it closes."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._left = MAX_TEXT_BYTES
        self.is_cut = False

    def readable(self) -> bool:
        """Always true."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Read into a buffer; give how many bytes."""
        if not self._left:
            self.is_cut = self.is_cut or bool(self._stream.read(1))
            return 0
        content = self._stream.read(min(len(buffer), self._left))
        buffer[: len(content)] = content
        self._left -= len(content)
        return len(content)

    def close(self) -> None:
        """Close the stream, too."""
        if not self.closed:
            self._stream.close()
        super().close()


def _read_apart(open_file: Open, path: str, ending: str, most_rows: int) -> Beginning:
    """Let a program of its own read what needs a package: that one may be led astray by a file that is made to."""
    arguments = (ending, str(most_rows), str(MAX_CELLS), str(MAX_COLUMNS))
    try:
        with open_file() as stream, descriptor_of(stream) as descriptor:
            done = helped(
                tabling,
                descriptor,
                seconds=_APART_SECONDS,
                memory_bytes=tabling.MEMORY_BYTES,
                arguments=arguments,
            )
    except subprocess.TimeoutExpired as error:
        raise _no_table(path, f"that takes longer than {_APART_SECONDS:.0f} seconds") from error
    except OSError as error:
        raise _no_table(path, f"no program can be started: {error.strerror}") from error
    if done.returncode == tabling.MISSING:
        raise _parquet_missing() if ending == "parquet" else _arrow_missing()
    if done.returncode:
        lines = done.stderr.decode("utf-8", "replace").splitlines() or ["it was ended by the system"]
        raise _no_table(path, lines[-1][:200])
    names, columns, has_more, left_out = json.loads(done.stdout)
    return Beginning(Table(dict(zip(table_of(names, []).names, columns, strict=True))), has_more, left_out)


def _no_table(path: str, why: str) -> UsageError:
    return UsageError(f"{path!a} cannot be read as a table: {why}.", remedy="open() gives its bytes.")


def _separated(stream: BinaryIO, limit: int | None, bounded: _Bounded | None) -> Beginning:
    text = io.TextIOWrapper(stream, "utf-8-sig", "replace", newline="")
    first_line = text.readline()
    lines = chain([first_line], text)
    rows: Iterator[list[str]] = (row for row in csv.reader(lines, delimiter=max(",;\t|", key=first_line.count)) if row)
    head = next(rows, [])
    has_header = not all(_number(cell) is not None for cell in head if cell)
    if not has_header:
        rows = chain([head] if head else [], rows)
    kept, has_more = _first(rows, limit, len(head), bounded)
    width, left_out = _fitting(max([len(head), *map(len, kept)], default=0), len(kept), bounded)
    names = (
        [*head, *[""] * (width - len(head))][:width] if has_header else [str(number) for number in range(1, width + 1)]
    )
    table = table_of(names, [row[:width] + [""] * (width - len(row)) for row in kept])
    return Beginning(
        Table({name: _typed(values) for name, values in table.columns().items()}), has_more, left_out_columns=left_out
    )


def _first(rows: Iterator[_Row], limit: int | None, width: int, bounded: _Bounded | None) -> tuple[list[_Row], bool]:
    """Take the first rows; say whether there are more."""
    if limit is None:
        return list(rows), False
    kept = list(
        islice(rows, limit if bounded is None else min(limit, max(1, MAX_CELLS // min(MAX_COLUMNS, max(1, width)))))
    )
    has_more = next(rows, None) is not None
    if bounded is not None and bounded.is_cut and not has_more:
        # The last row of a text that was cut may be half a row.
        if len(kept) < 2:
            raise ValueError(f"its first row is longer than {MAX_TEXT_BYTES:,} bytes")
        return kept[:-1], True
    return kept, has_more


def _fitting(width: int, row_count: int, bounded: _Bounded | None) -> tuple[int, int]:
    """Give how many columns are shown of a table, and how many are not: one row may be longer than all others."""
    shown = width if bounded is None else min(width, MAX_COLUMNS, max(1, MAX_CELLS // max(1, row_count)))
    return shown, width - shown


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


def _json_lines(stream: BinaryIO, limit: int | None, bounded: _Bounded | None) -> Beginning:
    lines, has_more = _first((line for line in stream if line.strip()), limit, 1, bounded)
    records = [orjson.loads(line) for line in lines]
    if not all(isinstance(record, dict) for record in records):
        raise ValueError("a line is not an object")
    names = list(dict.fromkeys(name for record in records for name in record))
    width, left_out = _fitting(len(names), len(records), bounded)
    return Beginning(
        Table({name: [record.get(name) for record in records] for name in names[:width]}), has_more, left_out
    )


def _array(stream: BinaryIO, limit: int | None) -> Table:
    import numpy as np

    try:
        values = np.load(stream, allow_pickle=False)
    except NPY_FAULTS as error:
        raise ValueError(str(error) or "its header is damaged") from error
    if not isinstance(values, np.ndarray) or values.ndim not in (1, 2):
        raise ValueError("it is not an array of one or two dimensions")
    columns = values[:limit, None] if values.ndim == 1 else values[:limit]
    return Table({str(number): columns[:, number].tolist() for number in range(columns.shape[1])})


def _arrow(stream: BinaryIO, limit: int | None) -> Table:
    try:
        import pyarrow
        from pyarrow import ipc
    except ImportError as error:
        raise _arrow_missing() from error
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
        raise _parquet_missing() from error
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


def _arrow_missing() -> PackageMissing:
    return PackageMissing("Arrow files need pyarrow, which is not installed here.", remedy="pip install pyarrow")


def _parquet_missing() -> PackageMissing:
    return PackageMissing(
        "Parquet files need duckdb or pyarrow, and neither is installed here.", remedy="pip install 'artui[parquet]'"
    )


_TEXTS = {"csv": _separated, "tsv": _separated, "jsonl": _json_lines, "ndjson": _json_lines}
_PACKED = {"parquet": _parquet, "npy": _array, "arrow": _arrow, "feather": _arrow}
READS = frozenset({*_TEXTS, *_PACKED})
"""Endings of the names of files that are read as tables."""
READS_TEXTS = frozenset(_TEXTS)
"""Of these, the endings of tables that are texts."""
