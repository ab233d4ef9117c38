"""Tables in text: column names, guessed types, first rows, number of rows."""

from __future__ import annotations

import csv
import io
import re
import time
from collections.abc import Sequence

from artui.model import Preview, PreviewTable
from artui.preview import text

MAX_ROWS = 50
MAX_COLUMNS = 200
MAX_CELL_CHARS = 80
MAX_ROW_CHARS = 1 << 20
_LINE_END = re.compile("[\r\n]")
FIRST_LINE_BYTES = 64 << 10
_CHECK_EVERY = 1024
_INTEGER = re.compile(r"[+-]?(\d+|\d{1,3}(,\d{3})+)")


def look(content: bytes, *, delimiter: str, is_whole: bool, until: float | None = None) -> Preview:
    """Read a CSV or TSV file; an empty delimiter is guessed. What cannot be read as a table is shown as text.

    Rows are counted until `until`, a time of the monotonic clock.
    """
    encoding, facts = text.encoding_of(content)
    delimiter = delimiter or delimiter_of(content[:FIRST_LINE_BYTES].decode(encoding, "replace"))
    rows: list[list[str]] = []
    row_count = 0
    # Decoded bit by bit: the whole as text would take four times the memory.
    lines = Lines(io.TextIOWrapper(io.BytesIO(content), encoding, "replace", newline=""))
    try:
        for row in csv.reader(lines, delimiter=delimiter):
            lines.row_chars = 0
            if not row:
                continue
            if row_count <= MAX_ROWS:
                rows.append([cell[:MAX_CELL_CHARS] for cell in row[:MAX_COLUMNS]])
            row_count += 1
            if row_count % _CHECK_EVERY == 0 and until is not None and time.monotonic() > until:
                is_whole = False
                break
    except csv.Error:
        # A field is longer than the csv module's limit, which is set for the whole process and left alone; or a row is.
        return text.look(content, is_whole=is_whole)
    if not rows:
        return Preview("text", "an empty table")
    width = max(len(row) for row in rows)
    has_header = names_columns(rows[0])
    if not has_header:
        facts = (*facts, ("header", "none: columns are numbered"))
    columns = rows.pop(0) if has_header else [str(number) for number in range(1, width + 1)]
    columns += [""] * (width - len(columns))
    cells = tuple(tuple(row + [""] * (width - len(row))) for row in rows[:MAX_ROWS])
    types = tuple(_type([row[index] for row in cells]) for index in range(width))
    total = row_count - has_header
    counted = f"{total:,}" if is_whole else f"over {total:,}"
    title = f"table, {counted} row{'' if counted == '1' else 's'} × {width:,} column{'' if width == 1 else 's'}"
    shown = PreviewTable(tuple(columns), types, cells, total if is_whole else None)
    return Preview("table", title, table=shown, facts=(*facts, *_empty_cells(columns, cells)))


def delimiter_of(beginning: str) -> str:
    """Guess what stands between the cells: what is most often in the first line."""
    return max(",;\t|", key=_LINE_END.split(beginning, maxsplit=1)[0].count)


def names_columns(row: Sequence[str]) -> bool:
    """Say whether a first row names the columns: not all of its cells are numbers."""
    return not all(is_number(cell) for cell in row if cell)


class Lines:
    """The lines of a table; no row of it may be longer than `MAX_ROW_CHARS`."""

    def __init__(self, stream: io.TextIOWrapper) -> None:
        self._stream = stream
        self.row_chars = 0
        """Of the row that is being read."""

    def __iter__(self) -> Lines:
        return self

    def __next__(self) -> str:
        line = self._stream.readline(MAX_ROW_CHARS)
        self.row_chars += len(line)
        if self.row_chars >= MAX_ROW_CHARS:
            raise csv.Error("a row is too long to look at")
        if not line:
            raise StopIteration
        return line


EMPTY_IN_FIRST = "empty in the first "
"""Begins the name of a fact that a profile of the table says of all its rows."""


def _empty_cells(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[tuple[str, str]]:
    """Say which columns have empty cells in the rows that are shown."""
    counts = [(name, sum(not row[place] for row in rows)) for place, name in enumerate(columns)]
    gaps = [f"{name or '?'} {count}" for name, count in counts if count]
    more = f" and {len(gaps) - 10} more" if len(gaps) > 10 else ""
    return [(f"{EMPTY_IN_FIRST}{len(rows)}", ", ".join(gaps[:10]) + more)] if gaps else []


def shape_text(shape: Sequence[int]) -> str:
    """Say a shape: `64×10`, `scalar`."""
    return "×".join(map(str, shape)) or "scalar"


def from_rows(columns: Sequence[str], rows: Sequence[Sequence[str]], *, row_count: int | None) -> PreviewTable:
    """Make a table of cells that are text already."""
    cells = tuple(tuple(cell[:MAX_CELL_CHARS] for cell in row) for row in rows[:MAX_ROWS])
    return PreviewTable(
        tuple(columns), tuple(_type([row[i] for row in cells]) for i in range(len(columns))), cells, row_count
    )


def _type(cells: list[str]) -> str:
    filled = [cell for cell in cells if cell]
    if not filled:
        return "empty"
    if all(_INTEGER.fullmatch(cell.strip()) for cell in filled):
        return "integer"
    return "number" if all(is_number(cell) for cell in filled) else "text"


def is_number(cell: str) -> bool:
    """Say whether a cell is a number as tables write it: Python's `1_000` is none."""
    try:
        float(cell)
    except ValueError:
        return False
    return "_" not in cell
