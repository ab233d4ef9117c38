"""Tables that are pictures: a confusion matrix, a histogram, columns of numbers against the first."""

from __future__ import annotations

import csv
import io
import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from artui.query.artifacts import open_file

if TYPE_CHECKING:
    from artui.query.reader import Reader

MAX_BYTES = 4 * 1024 * 1024
MAX_ROWS = 50_000
MAX_SIDE = 200
"""Rows and columns of a matrix at most."""
MAX_LINES = 20
_BINS = ("low", "high", "count")


@dataclass(frozen=True, slots=True)
class TablePicture:
    """What a table can be drawn as: lines only where the first column of numbers goes up or down from row to row."""

    kind: Literal["matrix", "bars", "lines"]
    rows: tuple[str, ...]
    """Labels of a matrix's rows; empty otherwise."""
    columns: tuple[str, ...]
    """Labels of a matrix's columns; names of the lines, the x axis first; of bars nothing."""
    values: tuple[tuple[float, ...], ...]
    """A matrix by rows; otherwise columns: of bars low, high and count. NaN where a cell holds no number.

    Of lines, what is missing is told apart from NaN by `missing`.
    """
    corner: str = ""
    """What stands above the labels of a matrix's rows."""
    missing: tuple[frozenset[int], ...] = ()
    """Of lines, by column: places of the cells that hold no number, not even NaN."""
    left_out: tuple[tuple[str, str], ...] = ()
    """Of lines: names of columns that are none of them, and why."""


def read_picture(reader: Reader, version_key: int, path: str) -> TablePicture | None:
    """Read a file of a version as a picture; None if it is not a CSV or TSV, too large, or not a table of numbers.

    Raises:
        ContentMissing: its bytes are not available.
    """
    name = path.lower().removesuffix(".gz")
    if not name.endswith((".csv", ".tsv")):
        return None
    with reader.snapshot() as connection, open_file(reader, connection, version_key, path) as stream:
        content = stream.read(MAX_BYTES + 1)
    if name != path.lower():
        inflater = zlib.decompressobj(wbits=31)
        try:
            content = inflater.decompress(content, MAX_BYTES + 1)
        except zlib.error:
            return None
    if len(content) > MAX_BYTES:
        return None
    return picture_of(content.decode("utf-8", "replace"), delimiter="\t" if name.endswith(".tsv") else ",")


def picture_of(text: str, *, delimiter: str = ",") -> TablePicture | None:
    """Find out what a table can be drawn as; None if it is not a table of numbers."""
    try:
        rows = []
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            if row:
                rows.append(row)
            if len(rows) > MAX_ROWS:
                return None
    except csv.Error:
        return None
    if len(rows) < 3 or not 2 <= len(rows[0]) <= 1000:
        return None
    header, body = rows[0], rows[1:]
    if all(math.isfinite(_number(cell)) for cell in header) and len(set(header)) < len(header):
        # The first line is a row, too: columns are numbered.
        header, body = [str(number) for number in range(1, len(header) + 1)], rows
    if any(len(row) != len(header) for row in body):
        return None
    return _bars(header, body) or _matrix(header, body) or _lines(header, body)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _bars(header: Sequence[str], body: Sequence[Sequence[str]]) -> TablePicture | None:
    if tuple(name.strip().lower() for name in header) != _BINS:
        return None
    columns = [[_number(row[place]) for row in body] for place in range(3)]
    edges = [*columns[0], columns[1][-1]]
    if not all(map(math.isfinite, [*edges, *columns[2]])) or any(b < a for a, b in pairwise(edges)):
        return None
    return TablePicture("bars", (), (), tuple(map(tuple, columns)))


def _matrix(header: Sequence[str], body: Sequence[Sequence[str]]) -> TablePicture | None:
    """Read a matrix: a square whose rows have the names of its columns, or rows that are named by words."""
    names, labels = [name.strip() for name in header[1:]], [row[0].strip() for row in body]
    if not 2 <= len(names) <= MAX_SIDE or len(labels) > MAX_SIDE:
        return None
    is_square = len(labels) == len(names) and (labels == names or _ends_alike(labels, names))
    has_words = all(math.isnan(_number(label)) for label in labels) and len(set(labels)) == len(labels)
    values = tuple(tuple(_number(cell) for cell in row[1:]) for row in body)
    finite_count = sum(math.isfinite(cell) for row in values for cell in row)
    if not (is_square or has_words) or finite_count < len(labels) * len(names) / 2:
        return None
    return TablePicture("matrix", tuple(labels), tuple(names), values, header[0].strip())


def _ends_alike(labels: Sequence[str], names: Sequence[str]) -> bool:
    """Whether columns are named after rows with something before it, such as `predicted 3` and `3`."""
    return all(label and name.endswith(label) for label, name in zip(labels, names, strict=True))


def _lines(header: Sequence[str], body: Sequence[Sequence[str]]) -> TablePicture | None:
    columns = [[_number(row[place]) for row in body] for place in range(len(header))]
    numeric = [place for place, column in enumerate(columns) if sum(map(math.isfinite, column)) > len(column) / 2]
    if len(numeric) < 2:
        return None
    chosen = numeric[: MAX_LINES + 1]
    across = [value for value in columns[chosen[0]] if math.isfinite(value)]
    # Lines join neighbours: without an order among the rows they are scribble.
    if across[0] == across[-1] or not (_goes_up(across) or _goes_up(across[::-1])):
        return None
    missing = tuple(frozenset(at for at, row in enumerate(body) if not _is_number(row[place])) for place in chosen)
    names = tuple(header[place].strip() for place in chosen)
    values = tuple(tuple(columns[place]) for place in chosen)
    left_out = tuple(
        (
            header[place].strip(),
            _why_not([row[place] for row in body], columns[place], is_one_too_many=place in numeric),
        )
        for place in range(len(header))
        if place not in chosen
    )
    return TablePicture("lines", (), names, values, missing=missing, left_out=left_out)


def _why_not(cells: Sequence[str], numbers: Sequence[float], *, is_one_too_many: bool) -> str:
    """Say why a column is not drawn as a line."""
    if is_one_too_many:
        return f"more than {MAX_LINES}"
    if not any(map(math.isfinite, numbers)):
        return "no numbers"
    return "mostly empty" if 2 * sum(not cell.strip() for cell in cells) >= len(cells) else "few numbers"


def _goes_up(values: Sequence[float]) -> bool:
    return all(before <= after for before, after in pairwise(values))
