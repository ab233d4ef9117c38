"""Tables of runs as text: for a spreadsheet, a README, a paper.

In every format a time is ISO 8601, a duration is in seconds, and a number has all digits of what is stored.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from artui.errors import UsageError
from artui.jsontext import indented_json, json_text, plain_json
from artui.model import Column
from artui.query.attributes import ATTRIBUTES
from artui.query.runs.rows import attribute_value, run_rows

if TYPE_CHECKING:
    from artui.model import RunRow
    from artui.query.reader import Reader

FORMATS = {"csv": "CSV", "tsv": "TSV", "json": "JSON", "md": "Markdown", "tex": "LaTeX"}
_BATCH = 500
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LEADING = (Column("attribute", "id", is_numeric=False), Column("attribute", "status", is_numeric=False))
"""What says which run a row is about, beside its name."""
_TEX = str.maketrans(
    {sign: "\\" + sign for sign in "&%$#_{}"}
    | {"~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "\\": r"\textbackslash{}"}
)


def format_of(path: Path) -> str:
    """Give the format that a file's name stands for.

    Raises:
        UsageError: its ending is none of FORMATS.
    """
    ending = path.suffix.lower().lstrip(".")
    ending = {"markdown": "md", "latex": "tex"}.get(ending, ending)
    if ending not in FORMATS:
        raise UsageError(
            f"Runs are not written as .{ending}." if ending else f"{path.name} does not say in which format to write.",
            remedy=f"End it in {', '.join('.' + format for format in FORMATS)}.",
        )
    return ending


def header_of(column: Column) -> str:
    """Name a column as filters and sorts do: `params.lr`, `metrics.val/acc.max`, `started`."""
    prefixes = {"param": "params.", "metric": "metrics.", "tag": "tags.", "metadata": "metadata.", "fact": "fact."}
    prefix = prefixes.get(column.source, "")
    return f"{prefix}{column.name}" + (f".{column.aggregate}" if column.aggregate != "last" else "")


def table_of(reader: Reader, keys: Sequence[int], columns: Sequence[Column]) -> tuple[list[str], list[list[Any]]]:
    """Give headers and one row of plain values a run, in the order of `keys`; None for what a run lacks.

    Name, id and status of the run come first, but for those that are among the columns. Values are as `value_in` gives them.
    """
    headers, rows = table_from(_rows(reader, keys, columns), columns)
    return headers, list(rows)


def table_from(rows: Iterable[RunRow], columns: Sequence[Column]) -> tuple[list[str], Iterator[list[Any]]]:
    """Give the same of rows that were read with these columns, as they come."""
    shown_ids = {column.id for column in columns}
    shown = [*(column for column in _LEADING if column.id not in shown_ids), *columns]
    headers = ["run", *(export_header_of(column) for column in shown)]
    return headers, ([row.head.name, *(value_in(row, column) for column in shown)] for row in rows)


def _rows(reader: Reader, keys: Sequence[int], columns: Sequence[Column]) -> Iterator[RunRow]:
    for start in range(0, len(keys), _BATCH):
        part = list(keys[start : start + _BATCH])
        rows = run_rows(reader, part, columns)
        yield from (rows[key] for key in part if key in rows)


def export_header_of(column: Column) -> str:
    """Name a column as filters do, a duration with its unit: `params.lr`, `metrics.val/acc.max`, `started`, `duration_s`."""
    return header_of(column) + ("_s" if _kind_of(column) == "duration" else "")


def value_in(row: RunRow, column: Column) -> Any:
    """Give what a run has in a column, None for nothing: times as ISO 8601 in UTC, durations in seconds, the rest as stored."""
    if column.source != "attribute":
        return row.cells.get(column.id)
    value, kind = attribute_value(row, column.name), _kind_of(column)
    if not isinstance(value, int) or kind not in ("time", "duration"):
        return value
    return iso_text(value) if kind == "time" else value / 1000


def _kind_of(column: Column) -> str:
    return ATTRIBUTES[column.name].kind if column.source == "attribute" else ""


def iso_text(time_ms: int) -> str | int:
    """Write a time as `2026-11-03T14:30:05.250Z`; one that no calendar holds stays the number of its milliseconds."""
    try:
        moment = _EPOCH + timedelta(milliseconds=time_ms)
    except OverflowError:
        return time_ms
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def write_table(format: str, headers: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Write a table in one of FORMATS."""
    if format == "json":
        records = [dict(zip(headers, [plain_json(value) for value in row], strict=True)) for row in rows]
        return indented_json(records) + "\n"
    if format in ("csv", "tsv"):
        return "".join(separated_lines(headers, rows, "," if format == "csv" else "\t"))
    texts = [[_text(value) for value in row] for row in rows]
    if format == "md":
        lines = [headers, ["---"] * len(headers), *texts]
        return "".join(f"| {' | '.join(_markdown(text) for text in line)} |\n" for line in lines)
    body = "".join(f"    {' & '.join(text.translate(_TEX) for text in line)} \\\\\n" for line in texts)
    head = " & ".join(text.translate(_TEX) for text in headers)
    kinds = "".join(
        "r" if all(isinstance(row[i], int | float) or row[i] is None for row in rows) and i else "l"
        for i in range(len(headers))
    )
    return f"\\begin{{tabular}}{{{kinds}}}\n    \\hline\n    {head} \\\\\n    \\hline\n{body}    \\hline\n\\end{{tabular}}\n"


def separated_lines(headers: Sequence[str], rows: Iterable[Sequence[Any]], separator: str = ",") -> Iterator[str]:
    """Write a table as CSV or TSV, some lines at a time, as its rows come."""
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=separator, lineterminator="\n")
    writer.writerow(headers)
    rest = iter(rows)
    while True:
        writer.writerows([_text(value) for value in row] for row in islice(rest, _BATCH))
        if not stream.tell():
            return
        yield stream.getvalue()
        stream.seek(0)
        stream.truncate()


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return repr(value)
    return value if isinstance(value, str) else str(value) if isinstance(value, int) else json_text(value)


def _markdown(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ")
