"""The answer of a query as a file: rows are written as they come, so that a long answer takes little memory.

A blob is written as SQL writes it, `X'00ff'`, wherever a format has only texts. NULL is nothing, an empty text is `""` in CSV.
"""

from __future__ import annotations

import contextlib
import itertools
import marshal
import math
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import orjson

from artui.errors import PackageMissing, UsageError

FORMATS = {"csv": "CSV", "jsonl": "JSON lines", "json": "JSON", "parquet": "Parquet"}
_ENDINGS = {"csv": "csv", "jsonl": "jsonl", "ndjson": "jsonl", "json": "json", "parquet": "parquet", "pq": "parquet"}
_QUOTED = frozenset(',"\n\r')
_CHUNK_CHARS = 1 << 13
"""As much as a pipe is given at once anyway."""
_BATCH_ROWS = 5_000
_BATCH_BYTES = 16 << 20
_EXACT = 1 << 53
"""Whole numbers beyond this are not all floats."""

ODD = frozenset({"nan", "inf", "-inf"})
"""Texts that stand for numbers in a column of numbers, as points of metrics have them."""

Row = Sequence[Any]


def format_of(path: Path) -> str:
    """Give the format that a file's name stands for.

    Raises:
        UsageError: its ending is none that is known.
    """
    ending = path.suffix.lower().lstrip(".")
    if ending not in _ENDINGS:
        raise UsageError(
            f"Answers are not written as .{ending}." if ending else f"{path.name} does not say in which format to write.",
            remedy=f"End it in {', '.join('.' + known for known in FORMATS)}.",
        )  # fmt: skip
    return _ENDINGS[ending]


def write_file(path: Path, format: str, names: Sequence[str], rows: Iterable[Row]) -> int:
    """Write an answer as a file of one of FORMATS; give the number of rows.

    Raises:
        PackageMissing: Parquet needs a package that is not installed.
    """
    if format == "parquet":
        return write_parquet(path, names, rows)
    with path.open("w", encoding="utf-8", newline="", errors="replace") as stream:
        writers: dict[str, Callable[..., int]] = {"csv": write_csv, "jsonl": write_json_lines, "json": write_json}
        return writers[format](stream, names, rows)


def write_csv(stream: IO[str], names: Sequence[str], rows: Iterable[Row]) -> int:
    """Write CSV with a line of names; give the number of rows."""
    _written(stream, (",".join(map(_quoted, names)) + "\n",))
    return _written(stream, (_csv_line(row) for row in rows))


def _csv_line(row: Row) -> str:
    texts = ["" if cell is None else repr(cell) if isinstance(cell, int | float) else _quoted(text_of(cell)) for cell in row]  # fmt: skip
    # An empty line would be no row to most readers.
    return (",".join(texts) or '""') + "\n"


def _quoted(text: str) -> str:
    if text and _QUOTED.isdisjoint(text):
        return text
    return '"' + text.replace('"', '""') + '"'


def write_json_lines(stream: IO[str], names: Sequence[str], rows: Iterable[Row]) -> int:
    """Write an object a line; give the number of rows."""
    sound = list(map(_sound, names))
    return _written(stream, (_json_of(sound, row) + "\n" for row in rows))


def write_json(stream: IO[str], names: Sequence[str], rows: Iterable[Row], *, head: str = "") -> int:
    """Write one document: the names of the columns and a list of rows; `head` stands before both."""
    sound = list(map(_sound, names))
    stream.write(f'{{\n{head}  "columns": {orjson.dumps(sound).decode()},\n  "rows": [')
    before = itertools.chain(("\n    ",), itertools.repeat(",\n    "))
    count = _written(stream, (sign + _json_of(sound, row) for row, sign in zip(rows, before, strict=False)))
    stream.write("\n  ]\n}\n" if count else "]\n}\n")
    return count


def _written(stream: IO[str], texts: Iterable[str]) -> int:
    """Write texts as they come, several at once where nobody looks on; give their number."""
    room = 0 if stream.isatty() else _CHUNK_CHARS
    count, waiting, size = 0, [], 0
    try:
        for text in texts:
            count += 1
            waiting.append(text)
            size += len(text)
            if size >= room:
                ready, waiting, size = waiting, [], 0
                stream.write("".join(ready))
    finally:
        # What came before an error, too.
        if waiting:
            stream.write("".join(waiting))
    return count


def _json_of(names: Sequence[str], row: Row) -> str:
    """Write a row as an object; the names are sound."""
    record = dict(zip(names, row, strict=True))
    if not any(isinstance(cell, float) and not math.isfinite(cell) for cell in row):
        # Infinities would become null; what is no sound text raises.
        with contextlib.suppress(orjson.JSONEncodeError):
            return orjson.dumps(record, default=text_of).decode()
    return orjson.dumps({name: plain(cell) for name, cell in record.items()}).decode()


def plain(cell: Any) -> Any:
    """Give a cell as JSON has it: infinities and blobs are texts."""
    if isinstance(cell, float) and not math.isfinite(cell):
        return text_of(cell)
    return text_of(cell) if isinstance(cell, bytes) else _sound(cell) if isinstance(cell, str) else cell


def _sound(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def text_of(cell: Any) -> str:
    """Write a cell that is not NULL, with all of its digits and bytes."""
    if isinstance(cell, bytes):
        return f"X'{cell.hex()}'"
    return cell if isinstance(cell, str) else repr(cell)


# Parquet: a column has one type there, which is only known when all rows are.


def write_parquet(path: Path, names: Sequence[str], rows: Iterable[Row]) -> int:
    """Write a Parquet file into a folder of its own; a column of several types becomes one of texts.

    Raises:
        PackageMissing: neither pyarrow nor duckdb is installed.
    """
    write = _writer()
    kinds: list[set[str]] = [set() for _ in names]
    count = 0
    with tempfile.TemporaryFile() as kept:
        for batch in _batches(rows):
            count += len(batch)
            for place, cells in enumerate(zip(*batch, strict=True)):
                kinds[place].update(map(_kind_of, cells))
            marshal.dump(batch, kept)
        kept.seek(0)
        types = [_type_of(kind) for kind in kinds]
        write(path, names, types, _kept(kept, count, types))
    return count


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    batch: list[Row] = []
    size = 0
    for row in rows:
        batch.append(row)
        size += sum(len(cell) for cell in row if isinstance(cell, str | bytes))
        if len(batch) == _BATCH_ROWS or size > _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _kind_of(cell: Any) -> str:
    if isinstance(cell, int):
        return "int" if -_EXACT <= cell <= _EXACT else "long"
    return "" if cell is None else "odd" if isinstance(cell, str) and cell in ODD else type(cell).__name__


def _type_of(kinds: set[str]) -> str:
    kinds = kinds - {""}
    if kinds and kinds <= {"int", "long"}:
        return "int"
    if kinds - {"odd"} and kinds <= {"int", "float", "odd"}:
        return "float"
    return "bytes" if kinds == {"bytes"} else "str"


def _kept(stream: IO[bytes], count: int, types: Sequence[str]) -> Iterator[list[list[Any]]]:
    """Give the batches by columns, with cells of the column's type."""
    while count:
        batch: list[Row] = marshal.load(stream)
        count -= len(batch)
        yield [_cells(cells, type) for cells, type in zip(zip(*batch, strict=True), types, strict=True)]


def _cells(cells: Sequence[Any], type: str) -> list[Any]:
    if type == "float":
        return [None if cell is None else float(cell) for cell in cells]
    if type == "str":
        return [None if cell is None else _sound(text_of(cell)) for cell in cells]
    return list(cells)


_Write = Callable[[Path, Sequence[str], Sequence[str], Iterator[list[list[Any]]]], None]


def _writer() -> _Write:
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        pass
    else:
        return _write_by_arrow
    try:
        import duckdb  # noqa: F401
    except ImportError:
        raise PackageMissing(
            "Parquet files need duckdb or pyarrow, and neither is installed here.",
            remedy="pip install 'artui[parquet]', or write .csv or .jsonl.",
        ) from None
    return _write_by_duckdb


def _write_by_arrow(path: Path, names: Sequence[str], types: Sequence[str], batches: Iterator[list[list[Any]]]) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    by_type = {"int": pa.int64(), "float": pa.float64(), "str": pa.large_string(), "bytes": pa.large_binary()}
    schema = pa.schema([(_sound(name), by_type[type]) for name, type in zip(names, types, strict=True)])
    with parquet.ParquetWriter(path, schema) as writer:
        for columns in batches:
            arrays = [pa.array(cells, field.type) for cells, field in zip(columns, schema, strict=True)]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))


def _write_by_duckdb(
    path: Path, names: Sequence[str], types: Sequence[str], batches: Iterator[list[list[Any]]]
) -> None:
    import duckdb

    by_type = {"int": "BIGINT", "float": "DOUBLE", "str": "VARCHAR", "bytes": "BLOB"}
    declared = ", ".join(f"c{place} {by_type[type]}" for place, type in enumerate(types))
    unnested = ", ".join(f"unnest(${place + 1}::{by_type[type]}[])" for place, type in enumerate(types))
    shown = ", ".join(f"c{place} AS " + '"' + _sound(name).replace('"', '""') + '"' for place, name in enumerate(names))
    target = str(path).replace("'", "''")
    # In a file beside it, not in memory.
    with duckdb.connect(f"{path}.rows") as connection:
        connection.execute(f"CREATE TABLE answer ({declared})")
        for columns in batches:
            connection.execute(f"INSERT INTO answer SELECT {unnested}", columns)
        connection.execute(f"COPY (SELECT {shown} FROM answer) TO '{target}' (FORMAT parquet)")
