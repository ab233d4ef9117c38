"""Batches of rows from whatever holds them: frames, files, records."""

from __future__ import annotations

import csv
import io
import itertools
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import orjson

from artui.capture.tables import rows_of
from artui.errors import UsageError
from artui.model.monitoring import Report
from artui.profile import batches, reading
from artui.profile.batches import Batch, Coded
from artui.profile.building import MAX_NAME_CHARS
from artui.profile.tables import NotATable, Table, table_of

BATCH_CELLS = 1 << 20
MOST_ROWS = 1 << 15
_RECORDS = 8_192
_WAIT_SECONDS = 2.0
"""Records that come slowly are counted after so long, however few they are."""
_MAX_LINE_BYTES = 16 << 20
_FRAMED = ("parquet", "arrow", "feather")


def batches_of(data: Any, report: Report) -> Iterator[Batch]:
    """Give data in batches.

    Args:
        data: a frame of pandas, polars or pyarrow, the path of a CSV, JSON lines, Parquet or Arrow file, or records.

    Raises:
        UsageError: it is none of these.
        NotATable: a file is not what its name says.
    """
    if isinstance(data, str | Path):
        return of_file(Path(data), report)
    if _is_pandas(data):
        return _of_pandas(data)
    if callable(getattr(data, "to_arrow", None)) and not hasattr(data, "to_batches"):
        data = data.to_arrow()
    if callable(getattr(data, "to_batches", None)):
        return _of_arrow(data.to_batches())
    if type(data).__module__.partition(".")[0] == "pyarrow" and isinstance(data, Iterable):
        return _of_arrow(data)
    if isinstance(data, Mapping) or hasattr(data, "columns") or hasattr(data, "__dataframe__"):
        names, rows = rows_of(data)
        return of_records((dict(zip(names, row, strict=False)) for row in rows), report)
    if isinstance(data, Iterable) and not isinstance(data, str | bytes):
        return of_records(data, report)
    raise UsageError(f"A {type(data).__name__} holds no requests.", remedy="Give a frame, the path of a file, or records.")  # fmt: skip


def of_records(records: Iterable[Any], report: Report, reserved: Collection[str] = ()) -> Iterator[Batch]:
    """Give records in batches; what is none is counted."""
    some: list[Mapping[Any, Any]] = []
    cells, until = 0, time.monotonic() + _WAIT_SECONDS
    for record in records:
        if not isinstance(record, Mapping):
            report.leave_out("not a record", 1)
            continue
        some.append(record)
        cells += len(record)
        if len(some) >= _RECORDS or cells >= BATCH_CELLS or time.monotonic() > until:
            yield batches.of_records(some, reserved)
            some, cells, until = [], 0, time.monotonic() + _WAIT_SECONDS
    if some:
        yield batches.of_records(some, reserved)


# Files


def of_file(path: Path, report: Report) -> Iterator[Batch]:
    """Give the rows of a file in batches."""
    kind = table_of(path.name)
    if kind is None or kind.ending == "npy":
        raise UsageError(f"{path.name} is no table that can be observed.", remedy="Give CSV, TSV, JSON lines, Parquet or Arrow.")  # fmt: skip
    return _of_framed(path, kind) if kind.ending in _FRAMED else _of_text(path, kind, report)


def _of_text(path: Path, kind: Table, report: Report) -> Iterator[Batch]:
    with path.open("rb") as stream:
        content = reading.unpacked(kind, stream)
        if kind.ending in ("jsonl", "ndjson"):
            yield from of_records(_json_lines(content, report), report)
        else:
            names, rows = reading.delimited_rows(content, "" if kind.ending == "csv" else "\t")
            yield from _of_rows(names, rows, report)


def of_stream(stream: BinaryIO, report: Report) -> Iterator[Batch]:
    """Give the rows of a stream, such as standard input: JSON lines, or CSV."""
    buffered = io.BufferedReader(stream) if isinstance(stream, io.RawIOBase) else stream
    first = buffered.readline(_MAX_LINE_BYTES)
    if first.lstrip()[:1] == b"{":
        lines = itertools.chain([first], buffered)
        yield from of_records(_parsed(lines, report), report)
        return
    texts = itertools.chain([first.decode("utf-8-sig", "replace")], io.TextIOWrapper(buffered, "utf-8", "replace"))
    rows = csv.reader(texts, delimiter="\t" if b"\t" in first and b"," not in first else ",")
    names = next(rows, [])
    yield from _of_rows(names, (row for row in rows if row), report)


def _json_lines(content: BinaryIO, report: Report) -> Iterator[Any]:
    def lines() -> Iterator[bytes]:
        while line := content.readline(_MAX_LINE_BYTES):
            yield line

    return _parsed(lines(), report)


def _parsed(lines: Iterable[bytes], report: Report) -> Iterator[Any]:
    for line in lines:
        if not line.strip():
            continue
        try:
            yield orjson.loads(line)
        except ValueError:
            report.leave_out("not JSON", 1)


def _of_rows(names: Sequence[str], rows: Iterator[list[str]], report: Report) -> Iterator[Batch]:
    names = _unique(names)
    width = len(names)
    count = max(1, min(MOST_ROWS, BATCH_CELLS // 4 // max(1, width)))
    while True:
        some: list[list[str]] = []
        until = time.monotonic() + _WAIT_SECONDS
        try:
            for row in rows:
                if len(row) != width:
                    report.note("more or fewer cells than columns", 1)
                    row = [*row[:width], *[""] * (width - len(row))]
                some.append(row)
                if len(some) >= count or time.monotonic() > until:
                    break
        except (csv.Error, EOFError, OSError) as error:
            report.leave_out(f"after row {len(some):,}: {error or type(error).__name__}"[:100], 1)
        if not some:
            return
        columns = zip(*some, strict=True)
        yield Batch({name: batches.of_written(cells) for name, cells in zip(names, columns, strict=True)}, len(some))


def _unique(names: Sequence[str]) -> list[str]:
    """Give names of which each occurs once."""
    found: dict[str, None] = {}
    for name in names:
        name = name[:MAX_NAME_CHARS]
        number = 2
        unique = name
        while unique in found:
            unique, number = f"{name}_{number}", number + 1
        found[unique] = None
    return list(found)


def _of_framed(path: Path, kind: Table) -> Iterator[Batch]:
    try:
        import pyarrow as pa
        from pyarrow import ipc, parquet
    except ImportError as error:
        raise UsageError(f"{kind.ending} is read by pyarrow.", remedy="pip install pyarrow") from error
    try:
        if kind.ending == "parquet":
            with parquet.ParquetFile(path, buffer_size=1 << 16, pre_buffer=False) as file:
                rows = _rows_at_once(len(file.schema_arrow.names))
                yield from _of_arrow(file.iter_batches(batch_size=rows, use_threads=False))
        else:
            with pa.OSFile(str(path)) as stream, ipc.open_file(stream) as file:
                yield from _of_arrow(file.get_batch(number) for number in range(file.num_record_batches))
    except (pa.ArrowException, ValueError) as error:
        raise NotATable(str(error).partition("\n")[0]) from error


# Frames


def _rows_at_once(width: int) -> int:
    return max(1, min(MOST_ROWS, BATCH_CELLS // max(1, width)))


def _of_arrow(record_batches: Iterable[Any]) -> Iterator[Batch]:
    for whole in record_batches:
        names = _unique(list(map(str, whole.schema.names)))
        rows = _rows_at_once(len(names))
        for at in range(0, whole.num_rows, rows):
            part = whole.slice(at, rows)
            columns = {name: _arrow_cells(part.column(place)) for place, name in enumerate(names)}
            yield Batch(columns, part.num_rows)


def _arrow_cells(cells: Any) -> Any:
    import pyarrow as pa

    if pa.types.is_dictionary(cells.type):
        cells = cells.dictionary_decode()
    kind = cells.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        made = cells.dictionary_encode()
        codes = _plain(made.indices, "<i4").astype(np.int64)
        return Coded(np.where(_is_null(made.indices), -1, codes) if made.indices.null_count else codes, made.dictionary.to_pylist())  # fmt: skip
    if pa.types.is_boolean(kind):
        return _masked(_bits(cells.buffers()[1], cells), cells)
    if pa.types.is_date32(kind):
        return _masked(_plain(cells, "<i4").astype("M8[D]").astype("M8[ms]"), cells)
    if pa.types.is_timestamp(kind) or pa.types.is_date64(kind):
        whole = cells.cast(pa.timestamp("ms"), safe=False) if pa.types.is_timestamp(kind) else cells
        return _masked(_plain(whole, "<i8").view("M8[ms]"), cells)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return _masked(_plain(cells, kind.to_pandas_dtype()), cells)
    return batches.typed(cells.to_pylist())


def _plain(cells: Any, kind: Any) -> Any:
    """Give the numbers of an array as they lie: pyarrow's own way imports pandas, which takes more than all else here."""
    return np.frombuffer(cells.buffers()[1], kind)[cells.offset : cells.offset + len(cells)]


def _bits(buffer: Any, cells: Any) -> Any:
    bits = np.unpackbits(np.frombuffer(buffer, np.uint8), bitorder="little")
    return bits[cells.offset : cells.offset + len(cells)].astype(bool)


def _is_null(cells: Any) -> Any:
    return ~_bits(cells.buffers()[0], cells)


def _masked(values: Any, cells: Any) -> Any:
    return np.ma.MaskedArray(values, _is_null(cells)) if cells.null_count else values


def _is_pandas(data: Any) -> bool:
    return type(data).__module__.partition(".")[0] == "pandas" and hasattr(data, "iloc") and hasattr(data, "columns")


def _of_pandas(frame: Any) -> Iterator[Batch]:
    if getattr(frame.index, "name", None) is not None and frame.index.name not in frame.columns:
        frame = frame.reset_index()
    names = _unique(list(map(str, frame.columns)))
    rows = _rows_at_once(len(names))
    for at in range(0, len(frame), rows):
        part = frame.iloc[at : at + rows]
        yield Batch({name: _pandas_cells(part.iloc[:, place]) for place, name in enumerate(names)}, len(part))


def _pandas_cells(series: Any) -> Any:
    kind = series.dtype
    if isinstance(kind, np.dtype) and kind.kind in "iufbM":
        return series.to_numpy()
    if getattr(kind, "tz", None) is not None:
        return series.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()
    word = str(getattr(kind, "kind", "O"))
    if word in "iufb" and not isinstance(kind, np.dtype) and str(kind) != "category":
        missing = series.isna().to_numpy()
        values = series.fillna(False if word == "b" else 0).to_numpy(
            dtype={"b": bool, "f": float, "i": "int64", "u": "uint64"}[word]
        )
        return np.ma.MaskedArray(values, missing) if missing.any() else values
    return batches.typed(_nothing_as_none(series))


def _nothing_as_none(series: Any) -> list[Any]:
    """Give the cells of a series of objects; None where pandas says that nothing is there."""
    missing = series.isna().tolist()
    return [None if is_missing else cell for cell, is_missing in zip(series.tolist(), missing, strict=True)]
