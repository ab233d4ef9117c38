"""Reads the first rows of a Parquet, Arrow or NumPy file: run as a program of its own, since files come from anybody.

Standard input is the file itself; arguments, behind the limits: the ending of its name, the most rows, cells
and columns. Standard output: JSON with the names of the columns, their cells, whether there are more rows, and how many
more columns. Or it ends with 1
and a line on standard error that says why not; with 2 where a package is missing. It imports nothing of artui.
"""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Sequence
from typing import Any, BinaryIO, NamedTuple

SECONDS = 20
"""Of processor time."""
MEMORY_BYTES = 2 << 30
"""More than pictures get: the packages alone reserve half of it."""
MISSING = 2
_CELL_CHARS = 2000
_BATCH_ROWS = 4096
_BATCH_BYTES = 256 << 20

_FAULTS = (ValueError, OSError, LookupError, TypeError, ArithmeticError, RuntimeError, EOFError)
"""What the packages raise for bad content, but for what ends with a traceback, whose last line says it as well."""

Rows = tuple[list[str], list[list[Any]], bool, int]


class Most(NamedTuple):
    """How much is read."""

    rows: int
    cells: int
    columns: int

    def rows_of(self, width: int) -> int:
        """Give how many rows are read of so many columns."""
        return min(self.rows, max(1, self.cells // max(1, width)))


def main(ending: str, most_rows: int, most_cells: int, most_columns: int) -> int:
    """Read what stands on standard input."""
    # The stream of standard input may stand anywhere in it.
    with os.fdopen(os.dup(0), "rb") as stream:
        stream.seek(0)
        try:
            names, columns, is_cut, left_out = _READERS[ending](stream, Most(most_rows, most_cells, most_columns))
        except ImportError as error:
            print(ascii(error.name)[1:-1], file=sys.stderr)
            return MISSING
        except MemoryError:
            print("it takes more memory than a look at it may", file=sys.stderr)
            return 1
        except _FAULTS as error:
            print(ascii(str(error).partition("\n")[0] or type(error).__name__)[1:-1][:200], file=sys.stderr)
            return 1
    cells = [[_plain(cell) for cell in column] for column in columns]
    json.dump([[name.encode("utf-8", "replace").decode() for name in names], cells, is_cut, left_out], sys.stdout)
    return 0


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, (bytes, bytearray)):
        text = _text_of(bytes(value[:_CELL_CHARS]))
    elif isinstance(value, (list, tuple, dict)):
        try:
            text = json.dumps(value, default=str, ensure_ascii=False)
        except (ValueError, TypeError):
            text = str(value)
    else:
        number = _number(value)
        if number is not None:
            return number
        text = str(value)
    # A lone surrogate can be printed by nobody.
    return text[:_CELL_CHARS].encode("utf-8", "replace").decode()


def _text_of(content: bytes) -> str:
    """Give bytes as the text that they are, or as hexadecimal digits."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return content.hex()
    return text if text.isprintable() else content.hex()


def _number(value: Any) -> float | None:
    from decimal import Decimal

    return float(value) if isinstance(value, Decimal) and math.isfinite(value) else None


def _of_batches(batches: Any, names: Sequence[str], most: Most) -> Rows:
    shown = list(names)[: most.columns]
    columns: list[list[Any]] = [[] for _ in shown]
    count, most_rows = 0, most.rows_of(len(shown))
    for batch in batches:
        taken = batch.slice(0, most_rows - count)
        for place, column in enumerate(columns):
            column += taken.column(place).to_pylist()
        count += len(batch)
        if count > most_rows:
            break
    return shown, columns, count > most_rows, len(names) - len(shown)


def _parquet(stream: BinaryIO, most: Most) -> Rows:
    try:
        from pyarrow import parquet, set_cpu_count, set_io_thread_count
    except ImportError:
        return _parquet_by_duckdb(most)
    set_cpu_count(1)
    set_io_thread_count(1)
    file = parquet.ParquetFile(stream)
    batches = file.iter_batches(batch_size=min(_BATCH_ROWS, most.rows + 1), use_threads=False)
    return _of_batches(batches, file.schema_arrow.names, most)


def _parquet_by_duckdb(most: Most) -> Rows:
    import duckdb

    # It opens files by name only; and it may reach nothing else.
    settings = {"threads": "1", "memory_limit": "512MB", "autoinstall_known_extensions": "false"}
    try:
        with duckdb.connect(config=settings) as connection:
            answer = connection.read_parquet("/dev/stdin")
            width = len(answer.columns)
            names = list(answer.columns)[: most.columns]
            most_rows = most.rows_of(len(names))
            rows = answer.project(*map(duckdb.ColumnExpression, names)).limit(most_rows + 1).fetchall()
    except duckdb.Error as error:
        raise ValueError(str(error)) from error
    columns = [[row[place] for row in rows[:most_rows]] for place in range(len(names))]
    return names, columns, len(rows) > most_rows, width - len(names)


def _arrow(stream: BinaryIO, most: Most) -> Rows:
    from pyarrow import ipc

    with ipc.open_file(stream) as file:
        batches = (file.get_batch(number) for number in range(file.num_record_batches))
        return _of_batches(batches, file.schema.names, most)


def _array(stream: BinaryIO, most: Most) -> Rows:
    import numpy as np
    from numpy.lib import format as npy

    is_first = npy.read_magic(stream) == (1, 0)
    shape, is_fortran, kind = (npy.read_array_header_1_0 if is_first else npy.read_array_header_2_0)(stream)
    if kind.hasobject:
        raise ValueError("it holds Python objects, which are not opened")
    if len(shape) not in (1, 2):
        raise ValueError("it is not an array of one or two dimensions")
    rows, width = shape[0], shape[1] if len(shape) == 2 else 1
    begin = stream.tell()
    if min(shape) < 0 or rows * width * kind.itemsize > os.fstat(stream.fileno()).st_size - begin:
        raise ValueError(f"it says {rows:,} by {width:,} and is too short for that")
    shown = min(width, most.columns)
    taken = min(rows, most.rows_of(shown))

    def piece(at: int, count: int) -> Any:
        if count * kind.itemsize > _BATCH_BYTES:
            raise MemoryError
        stream.seek(begin + at * kind.itemsize)
        return np.frombuffer(stream.read(count * kind.itemsize), kind, count)

    if is_fortran:
        columns = [piece(place * rows, taken).tolist() for place in range(shown)]
    else:
        cells = piece(0, taken * width).reshape(taken, width)
        columns = [cells[:, place].tolist() for place in range(shown)]
    return [str(number) for number in range(shown)], columns, rows > taken, width - shown


_READERS = {"parquet": _parquet, "arrow": _arrow, "feather": _arrow, "npy": _array}


if __name__ == "__main__":
    status = main(sys.argv[4], int(sys.argv[5]), int(sys.argv[6]), int(sys.argv[7]))
    sys.stdout.flush()
    # Threads of packages that are still there would end the program by a signal, after all was said.
    os._exit(status)
