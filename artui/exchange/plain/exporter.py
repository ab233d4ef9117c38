"""A catalog's rows as CSV files or as lines of JSON: one file a table, in one folder, whole or not at all.

The tables are those of a lake (`lake.tables`), with the same columns. Rows are written as they are read: the memory that it takes does
not grow with the catalog.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from artui.exchange.lake.tables import TABLES, typed
from artui.exchange.leaving.folder import OutFolder, out_folder
from artui.exchange.leaving.order import Exported, Order, Tell
from artui.exchange.leaving.selection import OTHERS, Selection
from artui.exchange.leaving.suspects import Suspicion
from artui.exchange.plain.cells import csv_header, csv_lines, json_lines, json_text, number_text
from artui.query import outgoing
from artui.query.outgoing import Group, Row, Span

if TYPE_CHECKING:
    from artui.arrays import Floats, Ints
    from artui.query.reader import Reader

FORMATS = ("csv", "jsonl")
SPAN_POINTS = 1 << 16
"""So many points are in memory at a time."""


def export(reader: Reader, dest: str, order: Order, format: str, *, is_dry: bool = False, tell: Tell | None = None) -> Exported:  # fmt: skip
    """Write all tables of a catalog into a folder.

    Args:
        dest: the folder; what an earlier export of the kind wrote there is replaced.
        format: one of `FORMATS`.
        is_dry: whether nothing is written, and only counted.
        tell: told how far it is.

    Raises:
        UsageError: something else is at the place, or it cannot be written.
        UnknownReference: there is no such project.
    """
    made = Exported(dest, format)
    with (
        Selection.opened(reader, order) as chosen,
        out_folder(dest, format, reader.catalog_id, order, made, is_dry=is_dry) as folder,
        _Tables(folder, format) as tables,
    ):
        _Export(chosen, tables, made, tell).run()
    made.written = made.rows.copy()
    return made


class _Tables:
    """The open files of all tables; none in a dry run."""

    def __init__(self, folder: OutFolder | None, format: str) -> None:
        self._folder, self.is_csv = folder, format == "csv"
        self._ending = format
        self._streams: dict[str, IO[bytes]] = {}
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> _Tables:
        if self._folder is not None:
            for table, columns in TABLES.items():
                stream = self._stack.enter_context(self._folder.writing(f"{table}.{self._ending}"))
                self._streams[table] = stream
                if self.is_csv:
                    stream.write(csv_header(columns))
        return self

    def __exit__(self, *error: Any) -> bool | None:
        return self._stack.__exit__(*error)

    def write(self, table: str, rows: Sequence[Row]) -> None:
        """Write rows of a table."""
        if self._streams:
            lines = csv_lines if self.is_csv else json_lines
            self._streams[table].write(lines(TABLES[table], rows))

    @property
    def is_dry(self) -> bool:
        """Whether nothing is written."""
        return not self._streams

    def write_points(self, span: Span, numbers: Ints, steps: Ints, times_ms: Ints, values: Floats) -> None:
        """Write points of one series."""
        columns = (numbers.tolist(), steps.tolist(), times_ms.tolist(), values.tolist())
        texts: Callable[[float], str] = repr
        if not bool(np.isfinite(values).all()):
            texts = number_text if self.is_csv else _json_number
        if self.is_csv:
            of_series = csv_lines(dict.fromkeys("abc", TABLES["points"]["run_id"]), [(span.run_id, span.name, span.labels)])[:-1].decode()  # fmt: skip
            lines = [f"{of_series},{number},{step},{time_ms},{texts(value)}\n" for number, step, time_ms, value in zip(*columns, strict=True)]  # fmt: skip
        else:
            of_series = f'{{"run_id": {json_text(span.run_id)}, "name": {json_text(span.name)}, "labels": {json_text(span.labels)}, "number": '
            lines = [
                f'{of_series}{number}, "step": {step}, "time_ms": {time_ms}, "value": {texts(value)}}}\n'
                for number, step, time_ms, value in zip(*columns, strict=True)
            ]
        self._streams["points"].write("".join(lines).encode("utf-8", "replace"))


def _json_number(value: float) -> str:
    text = number_text(value)
    return f'"{text}"' if text[-1] in "Ny" else text


class _Export:
    """One export on its way."""

    def __init__(self, chosen: Selection, tables: _Tables, made: Exported, tell: Tell | None) -> None:
        self._chosen, self._tables, self._made, self._tell = chosen, tables, made, tell
        self._suspicion = Suspicion(chosen.reader.catalog_id, made)

    def run(self) -> None:
        """Write all rows."""
        chosen, made = self._chosen, self._made
        total = chosen.run_count()
        for group in chosen.groups():
            self._group(group)
            if self._tell is not None:
                self._tell("runs", made.rows["runs"], total)
        if chosen.is_whole:
            made.left_out = max(0, total - made.rows["runs"])
        for table, some in chosen.answers():
            self._take(table, [typed(table, row) for row in some.rows])
        for table in OTHERS:
            for some in chosen.others(table):
                self._take(table, some.rows)
                if self._tell is not None:
                    self._tell(table, made.rows[table], made.rows[table])

    def _group(self, group: Group) -> None:
        connection = self._chosen.connection
        rows = outgoing.run_rows(connection, group, self._chosen.reader.catalog_id)
        self._made.running += sum(row[3] == "running" for row in rows)
        self._take("runs", rows)
        self._take("params", outgoing.param_rows(connection, group))
        self._take("tags", outgoing.tag_rows(connection, group))
        metrics, series = outgoing.metric_rows(connection, group)
        self._take("metrics", metrics)
        for spans in outgoing.spans(connection, series, SPAN_POINTS):
            for span in spans:
                self._points(span)

    def _points(self, span: Span) -> None:
        if self._tables.is_dry:
            self._made.rows["points"] += span.point_count
            return
        number = span.start
        for steps, times_ms, values in outgoing.span_points(self._chosen.connection, span):
            numbers = np.arange(number, number + len(values))
            self._tables.write_points(span, numbers, steps, times_ms, values)
            number += len(values)
        # Damaged blocks are left out.
        self._made.rows["points"] += number - span.start
        self._made.damaged_points += span.point_count - (number - span.start)

    def _take(self, table: str, rows: Sequence[Row]) -> None:
        self._suspicion.look(table, TABLES[table], rows)
        self._tables.write(table, rows)
        self._made.rows[table] += len(rows)
