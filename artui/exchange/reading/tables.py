"""Text tables in the forms that programs and spreadsheets write.

Their encoding is UTF-8 or UTF-16, with or without a byte order mark, or one with a single byte for each letter; cells are
separated by commas, semicolons or tabs, and decimal commas are read where commas do not separate. The form is detected from
the beginning of a table. Rows are read one by one, however long the table is, and quoted cells may hold anything.
"""

from __future__ import annotations

import codecs
import contextlib
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from artui.exchange.reading.files import open_inside

HEAD_BYTES = 64 << 10
MAX_LINE_CHARS = 4 << 20
SAMPLED_LINES = 50
DELIMITERS = (",", ";", "\t")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
"""UTF-32 comes first: its mark begins with that of UTF-16."""
_QUOTED = re.compile(r'"(?:[^"]|"")*"?')
_DECIMAL = re.compile(r"\s*[+-]?\d*,\d+(?:[eE][+-]?\d+)?\s*\Z")


@dataclass(frozen=True, slots=True)
class Form:
    """The form of a table."""

    encoding: str = "utf-8"
    delimiter: str = ","

    @property
    def may_have_decimal_commas(self) -> bool:
        """Whether commas may stand in numbers: they do not separate cells."""
        return self.delimiter != ","


class LineTooLong(csv.Error):
    """A line is longer than any real one; reading ends there."""


def form_of(head: bytes) -> Form:
    """Detect the form of a table from its beginning, whose last line may be cut off."""
    encoding = _encoding_of(head)
    text = _QUOTED.sub("", head.decode(encoding, "replace"))
    lines = [line for line in text.splitlines()[:SAMPLED_LINES] if line.strip()]
    if len(head) >= HEAD_BYTES and len(lines) > 1:
        lines.pop()
    return Form(encoding, _delimiter_of(lines))


def _delimiter_of(lines: list[str]) -> str:
    """Detect the delimiter: the one that all lines have equally often, else the most frequent one of the header."""
    if not lines:
        return ","
    counts = {delimiter: lines[0].count(delimiter) for delimiter in DELIMITERS}
    # Commas come last: they may be decimal commas, in every cell of a table with another delimiter.
    for delimiter in (";", "\t", ",") if len(lines) > 1 else ():
        if counts[delimiter] and all(line.count(delimiter) == counts[delimiter] for line in lines):
            return delimiter
    most = max(DELIMITERS, key=lambda delimiter: counts[delimiter])
    return most if counts[most] else ","


def _encoding_of(head: bytes) -> str:
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    # Without a mark, the zero bytes of Latin letters show the byte order; zeros on both sides are not text.
    start = head[:512]
    low, high = start[::2].count(0), start[1::2].count(0)
    if len(start) >= 4 and max(low, high) > len(start) // 4 and min(low, high) == 0:
        return "utf-16-le" if high else "utf-16-be"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # its last letter may be cut off
    except UnicodeDecodeError:
        return "cp1252" if not re.search(rb"[\x81\x8d\x8f\x90\x9d]", head) else "latin-1"
    return "utf-8"


def open_table(path: Path, *, root: Path | None = None) -> Iterator[list[str]]:
    """Give a table's rows, its header first. Decimal commas become points, undecodable bytes U+FFFD; empty lines are left out.

    The file must lie inside `root`, by default its own folder.

    Raises:
        SourceDamaged: it is no regular file, or leads out of the store.
        OSError: it cannot be read.
        LineTooLong: a line is longer than any real one.
    """
    with open_inside(root or path.parent, path) as stream:
        yield from rows_of(stream)


def header_of(path: Path, *, root: Path | None = None) -> list[str]:
    """Give the names of a table's columns; empty if it is no table.

    Raises:
        SourceDamaged: it is no regular file, or leads out of the store.
        OSError: it cannot be read.
    """
    rows = open_table(path, root=root)
    try:
        return next(rows, [])
    except csv.Error:
        return []
    finally:
        rows.close()  # type: ignore[attr-defined]


def rows_of(stream: BinaryIO) -> Iterator[list[str]]:
    """Give the rows of a seekable stream; see `open_table`.

    A last line without a newline is given like any other: the caller can tell by its width whether it is complete.

    Raises:
        LineTooLong: a line is longer than any real one.
        csv.Error: the text is no CSV from some row on.
    """
    head = stream.read(HEAD_BYTES)
    stream.seek(0)
    form = form_of(head)
    rows = csv.reader(_lines(stream, form), delimiter=form.delimiter, strict=False)
    header: list[str] | None = None
    for row in rows:
        if not any(cell.strip() for cell in row):
            if header is not None and len(row) == len(header) > 1:
                yield row  # a row of empty cells counts as a row
            continue
        if header is None:
            header = [cell.strip() for cell in row]
            yield header
        else:
            yield [_with_point(cell) for cell in row] if form.may_have_decimal_commas else row


def _lines(stream: BinaryIO, form: Form) -> Iterator[str]:
    text = io.TextIOWrapper(stream, form.encoding, errors="replace", newline="")
    try:
        while line := text.readline(MAX_LINE_CHARS):
            if len(line) >= MAX_LINE_CHARS:
                raise LineTooLong("a line is longer than any real one")
            yield line.replace("\0", "\ufffd")
    finally:
        with contextlib.suppress(ValueError):  # the caller may have closed the stream by now
            text.detach()


def _with_point(cell: str) -> str:
    return cell.replace(",", ".") if "," in cell and _DECIMAL.match(cell) else cell
