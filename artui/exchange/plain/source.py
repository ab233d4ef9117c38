"""The files of plain tables that somebody made: their rows are checked, put into a database for the time of an import, and asked of that.

So the memory that it takes does not grow with the files, in whatever order their rows stand. A row that is none of its table is left
out and counted; so is what stands behind a line that is longer than any real one.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import numpy as np
import orjson

from artui.errors import SourceDamaged
from artui.exchange.lake.tables import TABLES, TEXT
from artui.exchange.plain.cells import read_csv_cell, read_json_cell
from artui.exchange.reading.files import open_inside

MAX_CELL_BYTES = 4 << 20
MAX_LINE_BYTES = 64 << 20
ROWS_AT_ONCE = 20_000
_MAX_REMEMBERED = 100_000
_KEYS = {
    "runs": "id", "params": "run_id", "tags": "run_id", "metrics": "run_id", "versions": "id", "files": "version_id", "aliases": "version_id",
    "lineage": "source_id",
}  # fmt: skip
"""Tables that are read back, beside the points, each with the column that its rows are asked by."""
_NOTHING = frozenset({"parent_id", "digest", "link_target", "before", "after"})
"""Texts of which an empty one is none: CSV files that went through another program may not tell these apart."""
Leave = Callable[[str, str, int], None]
"""Told what is left out, why, and how often."""


class PlainTables:
    """The tables of one folder."""

    def __init__(self, root: Path, leave: Leave) -> None:
        self._root, self._leave = root, leave
        self._stack = contextlib.ExitStack()
        self._loaded: dict[str, list[str]] = {}
        """By table, the columns that there are."""

    def __enter__(self) -> Self:
        folder = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="artui-"))
        self._connection = sqlite3.connect(Path(folder) / "rows", isolation_level=None)
        self._stack.callback(self._connection.close)
        for statement in (
            "PRAGMA journal_mode = OFF",
            "PRAGMA synchronous = OFF",
            "PRAGMA cache_size = -32000",
            "BEGIN",
        ):
            self._connection.execute(statement)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:  # fmt: skip
        self._stack.close()

    def files(self, table: str, paths: Sequence[str]) -> str:
        """Read the files of a table; give its name, which is what it is asked by."""
        if table not in self._loaded:
            self._loaded[table] = []
            for path in paths:
                try:
                    self._load(table, path)
                except (OSError, SourceDamaged) as error:
                    why = error.message if isinstance(error, SourceDamaged) else f"cannot be read: {error.strerror}"
                    self._leave(f"file {path!a}", why, 1)
        return table

    def rows(self, files: str, *, by: str, order: Sequence[str], limit: int, **which: Any) -> Iterator[dict[str, Any]]:
        """Give rows of a table in order, each with all of its columns."""
        columns = self._loaded[files]
        if not columns:
            return
        where, values = [f"{_name(by)} IS NOT NULL"], []
        for sign, key in ((">", "after"), (">=", "first"), ("<=", "last")):
            if which.get(key) is not None:
                where.append(f"{_name(by)} {sign} ?")
                values.append(which[key])
        shown, sorted_by = ", ".join(map(_name, columns)), ", ".join(map(_name, order))
        query = (
            f"SELECT {shown} FROM {_name(files)} WHERE {' AND '.join(where)} ORDER BY {sorted_by}, rowid LIMIT {limit}"
        )
        empty = dict.fromkeys(TABLES[files])
        for row in sqlite3.Cursor(self._connection).execute(query, values):
            yield {**empty, **dict(zip(columns, row, strict=True)), "too_long": 0}

    def points(self, files: str, *, limit: int, **which: Any) -> tuple[list[tuple[str, str, str, int]], list[bytes]]:
        """Give points: the series with how many each has, and the bytes of numbers, steps, times and values of all of them."""
        if not self._loaded[files]:
            return [], []
        where, values = ["s.run_id BETWEEN ? AND ?"], [which["first"], which["last"]]
        if which.get("among") is not None:
            where.append("s.run_id IN (SELECT value FROM json_each(?))")
            values.append(json.dumps(which["among"]))
        if which.get("series") is not None:
            where.append("s.name = ? AND s.labels = ?")
            values += which["series"]
        if which.get("numbers") is not None:
            where.append("p.number >= ? AND p.number < ?")
            values += which["numbers"]
        source = f"FROM series AS s CROSS JOIN points AS p ON p.series = s.key WHERE {' AND '.join(where)}"
        series = self._connection.execute(f"SELECT s.run_id, s.name, s.labels, count(*) {source} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3 LIMIT {limit}", values).fetchall()  # fmt: skip
        query = f"SELECT p.number, p.step, p.time_ms, p.bits {source} ORDER BY s.run_id, s.name, s.labels, p.number, p.rowid LIMIT {limit}"
        cursor = sqlite3.Cursor(self._connection).execute(query, values)
        parts: list[Any] = []
        while rows := cursor.fetchmany(ROWS_AT_ONCE):
            parts.append(np.array(rows, np.int64))
        whole = np.concatenate(parts) if parts else np.empty((0, 4), np.int64)
        return series, [np.ascontiguousarray(whole[:, at]).tobytes() for at in range(4)]

    # Reading the files

    def _load(self, table: str, path: str) -> None:
        with open_inside(self._root, self._root / path) as stream:
            rows = _csv_rows(stream, table) if path.endswith(".csv") else _json_rows(stream, table)
            columns = next(rows)
            if not columns:
                return
            assert not isinstance(columns, int)
            self._loaded[table] = list(columns)
            take = self._take_points(columns) if table == "points" else self._take_rows(table, columns)
            bad = 0
            while batch := list(islice(rows, ROWS_AT_ONCE)):
                whole = [row for row in batch if row is not None]
                bad += len(batch) - len(whole)
                take(whole)
            if bad:
                self._leave(f"rows of {table}", "are none of this table", bad)
        if table == "points":
            self._connection.execute("CREATE INDEX points_of ON points (series, number)")
        else:
            self._connection.execute(f"CREATE INDEX {_name(table + '_by')} ON {_name(table)} ({_name(_KEYS[table])})")

    def _take_rows(self, table: str, columns: Sequence[str]) -> Callable[[list[tuple[Any, ...]]], None]:
        self._connection.execute(f"CREATE TABLE {_name(table)} ({', '.join(map(_name, columns))})")
        insert = f"INSERT INTO {_name(table)} VALUES ({', '.join('?' * len(columns))})"

        def take(rows: list[tuple[Any, ...]]) -> None:
            self._connection.executemany(insert, rows)

        return take

    def _take_points(self, columns: Sequence[str]) -> Callable[[list[tuple[Any, ...]]], None]:
        needed = list(TABLES["points"])
        if set(needed) - set(columns):
            raise SourceDamaged("lacks a column of the points")
        at = [columns.index(name) for name in needed]
        self._connection.execute("CREATE TABLE series (key INTEGER PRIMARY KEY, run_id, name, labels, UNIQUE (run_id, name, labels))")  # fmt: skip
        self._connection.execute("CREATE TABLE points (series, number, step, time_ms, bits)")
        keys: dict[tuple[str, str, str], int] = {}

        def key_of(series: tuple[str, str, str]) -> int:
            if (key := keys.get(series)) is None:
                self._connection.execute("INSERT OR IGNORE INTO series (run_id, name, labels) VALUES (?, ?, ?)", series)
                query = "SELECT key FROM series WHERE run_id = ? AND name = ? AND labels = ?"
                (key,) = self._connection.execute(query, series).fetchone()
                if len(keys) >= _MAX_REMEMBERED:
                    keys.clear()
                keys[series] = key
            return int(key)

        def take(rows: list[tuple[Any, ...]]) -> None:
            rows = [tuple(row[place] for place in at) for row in rows]
            whole = [row for row in rows if None not in row]
            if len(whole) < len(rows):
                self._leave("rows of points", "lack a cell", len(rows) - len(whole))
            bits = np.array([row[6] for row in whole], np.float64).view(np.int64).tolist()
            self._connection.executemany(
                "INSERT INTO points VALUES (?, ?, ?, ?, ?)",
                [(key_of(row[:3]), *row[3:6], one) for row, one in zip(whole, bits, strict=True)],
            )

        return take


def header_of(stream: BinaryIO, name: str) -> tuple[str, ...]:
    """Give the columns that the first line of a file names; none if it is no such file."""
    line = stream.readline(1 << 16).decode("utf-8", "replace")
    if name.endswith(".csv"):
        with contextlib.suppress(csv.Error):
            return tuple(next(csv.reader([line]), ()))
        return ()
    with contextlib.suppress(ValueError):
        said = orjson.loads(line)
        return tuple(said) if isinstance(said, dict) else ()
    return ()


def _csv_rows(stream: BinaryIO, table: str) -> Iterator[Any]:
    """Give the columns that the file has of its table, then each row as their cells, or None for one that cannot be read."""
    text = io.TextIOWrapper(stream, "utf-8", "replace", newline="")
    lines = iter(lambda: text.readline(MAX_LINE_BYTES), "")
    before = csv.field_size_limit(MAX_CELL_BYTES)  # it is one for all that this process reads
    try:
        reader = csv.reader(lines, strict=True)
        header = next(reader, [])
        columns = [name for name in TABLES[table] if header.count(name) == 1]
        yield columns
        at = [(header.index(name), TABLES[table][name], name in _NOTHING) for name in columns]
        while True:
            csv.field_size_limit(MAX_CELL_BYTES)
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error:
                yield None
                continue
            try:
                if len(row) != len(header):
                    raise ValueError
                yield tuple(
                    None if is_nothing and not row[place] else read_csv_cell(type, row[place])
                    for place, type, is_nothing in at
                )
            except (ValueError, OverflowError):
                yield None
    except csv.Error as error:
        raise SourceDamaged(f"is no CSV: {error}"[:200]) from None
    finally:
        csv.field_size_limit(before)
        text.detach()


def _json_rows(stream: BinaryIO, table: str) -> Iterator[Any]:
    """Give the columns of a table, then each row as their cells, or None for one that cannot be read."""
    columns = TABLES[table]
    yield list(columns)
    while line := stream.readline(MAX_LINE_BYTES):
        if len(line) == MAX_LINE_BYTES and not line.endswith(b"\n"):
            raise SourceDamaged("has a line that is longer than any real one")
        try:
            said = orjson.loads(line)
            if not isinstance(said, Mapping):
                raise ValueError
            yield tuple(_bounded(type, read_json_cell(type, said.get(name))) for name, type in columns.items())
        except (ValueError, OverflowError):
            yield None


def _bounded(type: str, cell: Any) -> Any:
    if type == TEXT and cell is not None and len(cell) > MAX_CELL_BYTES:
        raise ValueError
    return cell


def _name(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
