"""Tables of texts and arrays, read batch by batch from a stream in one pass.

What is in a packed file is read as it is unpacked. Parquet and Arrow need packages, and are read in a process of its
own (`content/tabling.py`).
"""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import lzma
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import orjson

from artui.preview import table, text
from artui.preview.tensors import NPY_FAULTS
from artui.profile import written
from artui.profile.building import Builder
from artui.profile.column import Profile
from artui.profile.tables import ARRAY_ENDINGS, TEXT_ENDINGS, NotATable, Table, TookTooLong

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PACKINGS: dict[str, Callable[[BinaryIO], Any]] = {"gz": gzip.open, "bz2": bz2.open, "xz": lzma.open}
_HEAD_BYTES = 512 << 10
_PIECE_BYTES = 1 << 10
_MAX_LINE_BYTES = 16 << 20
_MAX_ARRAY_COLUMNS = 10_000
_READ_FAULTS = (EOFError, OSError, zlib.error, lzma.LZMAError, csv.Error)


def profile_of(
    kind: Table, stream: BinaryIO, *, until: float | None = None, tell: Callable[[int], None] | None = None
) -> Profile:
    """Read a table to its end.

    Args:
        stream: the file, at its beginning, able to seek.
        until: when to give up, in seconds of the monotonic clock.
        tell: called now and then with how many bytes of the file were read so far.

    Raises:
        NotATable: it is none, or one that only packages read.
        TookTooLong: the time was up.
        OSError: it cannot be read.
    """
    watch = _Watch(stream, until, tell)
    content = unpacked(kind, stream)
    try:
        if kind.ending in ARRAY_ENDINGS:
            return _array(content, watch)
        if kind.ending in ("jsonl", "ndjson"):
            return _json_lines(content, watch)
        if kind.ending in TEXT_ENDINGS:
            return _delimited(content, "" if kind.ending == "csv" else "\t", watch)
    except RecursionError as error:
        raise NotATable("it is nested too deep") from error
    raise NotATable(f"{kind.ending} is read by packages alone")


class _Watch:
    """The time that is left, and how far the reading is."""

    def __init__(self, stream: BinaryIO, until: float | None, tell: Callable[[int], None] | None) -> None:
        self._stream, self._until, self._tell = stream, until, tell

    def check(self) -> None:
        if self._until is not None and time.monotonic() > self._until:
            raise TookTooLong
        if self._tell is not None:
            self._tell(self._stream.tell())


def unpacked(kind: Table, stream: BinaryIO) -> BinaryIO:
    """Give what is in a packed file as a stream; of others the file itself."""
    return _PACKINGS[kind.packing](stream) if kind.packing else stream


def delimited_rows(content: BinaryIO, delimiter: str) -> tuple[list[str], Iterator[list[str]]]:
    """Give the names of the columns of CSV and its like, and the rows, of whatever width each has.

    Columns without names are numbered. An empty delimiter is guessed.

    Raises:
        NotATable: its first row cannot be read.
    """
    head = _head(content)
    encoding = "utf-16" if text.as_utf8(head) is not head else text.encoding_of(head)[0]
    delimiter = delimiter or table.delimiter_of(head[: table.FIRST_LINE_BYTES].decode(encoding, "replace"))
    lines = table.Lines(io.TextIOWrapper(_kept_open(content), encoding, "replace", newline=""))
    rows = _rows(lines, delimiter)
    try:
        first = next(rows, None)
    except _READ_FAULTS as error:
        raise NotATable(f"its first row cannot be read: {error}") from error
    if first is None:
        return [], iter(())
    if table.names_columns(first):
        return first, rows
    return [str(number) for number in range(1, len(first) + 1)], chain([first], rows)


def _delimited(content: BinaryIO, delimiter: str, watch: _Watch) -> Profile:
    """Read CSV and its like. A row with another number of cells is taken as far as it goes, and counted."""
    names, rows = delimited_rows(content, delimiter)
    builder = Builder(names)
    batch: list[list[str]] = []
    width, batch_rows = len(names), builder.batch_rows
    try:
        for row in rows:
            if len(row) != width:
                builder.odd_rows += 1
                row = [*row[:width], *[""] * (width - len(row))]
            batch.append(row)
            if len(batch) >= batch_rows:
                _add_written(builder, batch)
                batch = []
                watch.check()
    except _READ_FAULTS as error:
        builder.note = f"read up to row {len(batch) + builder.rows:,}: {error or type(error).__name__}"
    _add_written(builder, batch)
    return builder.done()


class _KeptOpen(io.RawIOBase):
    """A stream that stays open when who reads it is done."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        content = self._stream.read(len(buffer))
        buffer[: len(content)] = content
        return len(content)


def _kept_open(stream: BinaryIO) -> io.BufferedReader:
    return io.BufferedReader(_KeptOpen(stream), 1 << 18)


def _rows(lines: table.Lines, delimiter: str) -> Iterator[list[str]]:
    for row in csv.reader(lines, delimiter=delimiter):
        lines.row_chars = 0
        if row:
            yield row


def _add_written(builder: Builder, rows: Sequence[Sequence[str]]) -> None:
    if rows:
        builder.add_with(written.with_written, list(zip(*rows, strict=True))[: builder.width], len(rows))


def _json_lines(content: BinaryIO, watch: _Watch) -> Profile:
    """Read an object a line; its members are columns. Other lines are counted as bad."""
    builder = Builder([])
    places: dict[str, int] = {}
    batch: list[dict[str, Any]] = []
    try:
        while line := content.readline(_MAX_LINE_BYTES):
            if not line.strip():
                continue
            if len(line) >= _MAX_LINE_BYTES:
                raise NotATable(f"a line is longer than {_MAX_LINE_BYTES >> 20} MiB")
            try:
                record = orjson.loads(line)
            except ValueError:
                record = None
            if not isinstance(record, dict):
                builder.bad_rows += 1
                continue
            batch.append(record)
            if len(batch) >= builder.batch_rows:
                _add_records(builder, places, batch)
                batch = []
                watch.check()
    except _READ_FAULTS as error:
        builder.note = f"read up to row {len(batch) + builder.rows:,}: {error or type(error).__name__}"
    _add_records(builder, places, batch)
    if builder.bad_rows and not builder.rows:
        raise NotATable("no line of it is a JSON object")
    return builder.done()


def _add_records(builder: Builder, places: dict[str, int], records: Sequence[dict[str, Any]]) -> None:
    for record in records:
        if not record.keys() <= places.keys():
            for name in record:
                if name not in places:
                    places[name] = len(places)
                    builder.add_column(name)
    names = list(places)[: builder.width]
    builder.add([[record.get(name) for record in records] for name in names], len(records))


def _array(content: BinaryIO, watch: _Watch) -> Profile:
    """Read an array of one or two dimensions, or of records."""
    from numpy.lib import format as npy

    try:
        major = npy.read_magic(content)[0]
        shape, is_fortran, kind = (npy.read_array_header_1_0 if major == 1 else npy.read_array_header_2_0)(content)
    except NPY_FAULTS as error:
        raise NotATable("its head cannot be read") from error
    if kind.hasobject:
        raise NotATable("it holds Python objects, which are not opened")
    if len(shape) not in (1, 2) or (kind.names and len(shape) != 1):
        raise NotATable(f"it has {len(shape)} dimensions")
    rows, width = shape[0], shape[1] if len(shape) == 2 else 1
    begin = content.tell()
    size_bytes = content.seek(0, io.SEEK_END) - begin
    if min(shape) < 0 or rows * width * kind.itemsize > size_bytes or not kind.itemsize:
        raise NotATable(f"it says {rows:,} by {width:,} and is too short for that")
    if width > _MAX_ARRAY_COLUMNS:
        raise NotATable(f"it has {width:,} columns")
    names = list(kind.names or [str(number) for number in range(width)])
    builder = Builder(names)

    def piece(at: int, count: int) -> NDArray[Any]:
        content.seek(begin + at * kind.itemsize)
        return np.frombuffer(content.read(count * kind.itemsize), kind, count)

    batch_rows = max(1, min(builder.batch_rows, (8 << 20) // (kind.itemsize * width)))
    for at in range(0, rows, batch_rows):
        count = min(batch_rows, rows - at)
        if kind.names:
            records = piece(at, count)
            columns = [_flat(records[name]) for name in names[: builder.width]]
        elif is_fortran:
            columns = [piece(place * rows + at, count) for place in range(builder.width)]
        else:
            cells = piece(at * width, count * width).reshape(count, width)
            columns = [np.ascontiguousarray(cells[:, place]) for place in range(builder.width)]
        builder.add(columns, count)
        watch.check()
    return builder.done()


def _flat(cells: NDArray[Any]) -> NDArray[Any] | list[Any]:
    """Give a field of records as a column; of a field with several numbers, each cell as a list."""
    return np.ascontiguousarray(cells) if cells.ndim == 1 else list(map(list, cells))


def _head(content: BinaryIO) -> bytes:
    """Give the beginning; of what cannot be unpacked to there, as much as can."""
    head = b""
    try:
        while len(head) < _HEAD_BYTES and (more := content.read(_PIECE_BYTES)):
            head += more
    except _READ_FAULTS as error:
        if not head:
            raise NotATable(f"it cannot be unpacked: {error or type(error).__name__}") from error
    content.seek(0)
    return head
