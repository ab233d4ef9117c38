"""Tables in text: column names, guessed types, first rows, number of rows."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence

from artui.model import Preview, PreviewTable
from artui.preview import text

MAX_ROWS = 50
MAX_COLUMNS = 200
MAX_CELL_CHARS = 80
_LINE_END = re.compile("[\r\n]")


def look(content: bytes, *, delimiter: str, is_whole: bool) -> Preview:
    """Read a CSV or TSV file; an empty delimiter is guessed. What cannot be read as a table is shown as text."""
    decoded = content.decode("utf-8-sig", "replace")
    first_line = _LINE_END.split(decoded, maxsplit=1)[0]
    delimiter = delimiter or max(",;\t|", key=first_line.count)
    rows: list[list[str]] = []
    row_count = 0
    try:
        for row in csv.reader(io.StringIO(decoded, newline=""), delimiter=delimiter):
            if not row:
                continue
            if row_count <= MAX_ROWS:
                rows.append([cell[:MAX_CELL_CHARS] for cell in row[:MAX_COLUMNS]])
            row_count += 1
    except csv.Error:
        # A field is longer than the csv module's limit. That is set for the whole process, so it is left alone.
        return text.look(content, is_whole=is_whole)
    if not rows:
        return Preview("text", "an empty table")
    width = max(len(row) for row in rows)
    has_header = not all(_is_number(cell) for cell in rows[0] if cell)
    columns = rows.pop(0) if has_header else [str(number) for number in range(1, width + 1)]
    columns += [""] * (width - len(columns))
    cells = tuple(tuple(row + [""] * (width - len(row))) for row in rows[:MAX_ROWS])
    types = tuple(_type([row[index] for row in cells]) for index in range(width))
    total = row_count - has_header
    counted = f"{total:,}" if is_whole else f"over {total:,}"
    title = f"table, {counted} row{'' if counted == '1' else 's'} × {width:,} column{'' if width == 1 else 's'}"
    return Preview("table", title, table=PreviewTable(tuple(columns), types, cells, total if is_whole else None))


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
    if all(_is_integer(cell) for cell in filled):
        return "integer"
    return "number" if all(_is_number(cell) for cell in filled) else "text"


def _is_integer(cell: str) -> bool:
    return cell.lstrip("+-").isdecimal()


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
