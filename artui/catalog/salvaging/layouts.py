"""How rows of our tables and indexes lie in the file, schema by schema: by this a page is known whose tree is torn."""

from __future__ import annotations

import contextlib
import re
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

from artui.catalog.migrations import MIGRATIONS, fill

SCHEMA_TABLE = "sqlite_schema"
MADE_ANEW = re.compile(r"sqlite_|_sqlite_migrations\Z|search")
"""Tables that the new file has by itself, or makes of the others."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column as it is stored."""

    name: str
    kind: str
    is_needed: bool
    """It cannot be NULL."""
    is_rowid: bool = False
    """Stored as NULL: its value is the number of the row."""

    def can_be(self, value: Any) -> bool:
        """Whether it can hold that."""
        if value is None:
            return not self.is_needed or self.is_rowid
        if self.is_rowid:
            return False
        if self.kind == "INTEGER":
            return isinstance(value, int)
        if self.kind == "REAL":
            return isinstance(value, int | float)
        if self.kind == "TEXT":
            return isinstance(value, str)
        return isinstance(value, bytes) if self.kind == "BLOB" else True


@dataclass(frozen=True, slots=True)
class Layout:
    """A table or an index."""

    name: str
    table: str
    columns: tuple[Column, ...]
    """In the order in which they are stored."""
    least: int
    """So many of them each row has: others were added later."""
    is_index: bool
    """It is no table."""
    has_rowids: bool
    """Its pages are those of a table."""
    keys: tuple[str, ...] = ()
    """Of a table the columns that tell its rows apart."""

    def fits(self, values: Sequence[Any]) -> bool:
        """Whether a record can be one of its rows."""
        if not self.least <= len(values) <= len(self.columns):
            return False
        return all(column.can_be(value) for column, value in zip(self.columns, values, strict=False))


@cache
def layouts_of(version: int) -> Mapping[str, Layout]:
    """Give the tables and indexes of a schema by their names, the table of the schema itself among them."""
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        fill(connection, version=version)
        tables = connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND rootpage > 0").fetchall()  # fmt: skip
        older = layouts_of(version - 1) if version > 1 else {}
        found = {name: _table(connection, name, sql, older.get(name)) for name, sql in tables}
        for name, table in connection.execute("SELECT name, tbl_name FROM sqlite_schema WHERE type = 'index'").fetchall():  # fmt: skip
            if (layout := _index(connection, name, found[table])) is not None:
                found[name] = layout
    text, number = Column("", "TEXT", True), Column("rootpage", "INTEGER", False)
    found[SCHEMA_TABLE] = Layout(SCHEMA_TABLE, SCHEMA_TABLE, (text, text, text, number, Column("sql", "TEXT", False)), 5, is_index=False, has_rowids=True)  # fmt: skip
    return MappingProxyType(found)


@cache
def texts_of(version: int) -> frozenset[tuple[str, str]]:
    """Give the objects of a schema by their names, each with its text."""
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        fill(connection, version=version)
        return frozenset(
            (str(name), str(sql)) for name, sql in connection.execute("SELECT name, sql FROM sqlite_schema")
        )


def newest_version() -> int:
    """Give the newest schema that is known here."""
    return len(MIGRATIONS)


def _table(connection: sqlite3.Connection, name: str, sql: str, before: Layout | None) -> Layout:
    has_rowids = "WITHOUT ROWID" not in sql
    rows = connection.execute(f'PRAGMA table_info("{name}")').fetchall()
    single = sum(1 for row in rows if row[5]) == 1
    columns = [
        (row[5], Column(row[1], row[2].upper(), bool(row[3]) or bool(row[5]), has_rowids and single and row[5] == 1 and row[2].upper() == "INTEGER"))
        for row in rows
    ]  # fmt: skip
    if not has_rowids:
        columns = [*sorted((each for each in columns if each[0]), key=lambda each: each[0]), *(each for each in columns if not each[0])]  # fmt: skip
    stored = tuple(column for _, column in columns)
    keys = tuple(column.name for place, column in columns if (column.is_rowid if has_rowids else place))
    return Layout(name, name, stored, before.least if before else len(stored), is_index=False, has_rowids=has_rowids, keys=keys)  # fmt: skip


def _index(connection: sqlite3.Connection, name: str, table: Layout) -> Layout | None:
    """Give an index; None for what is the table itself."""
    by_name = {column.name: column for column in table.columns}
    rows = connection.execute(f'PRAGMA index_xinfo("{name}")').fetchall()
    if (
        not table.has_rowids
        and connection.execute(
            f"SELECT 1 FROM pragma_index_list('{table.name}') WHERE name = ? AND origin = 'pk'", (name,)
        ).fetchone()
    ):
        return None
    columns = tuple(
        Column("", "INTEGER", True) if row[1] == -1
        else Column(row[2], "INTEGER" if by_name[row[2]].is_rowid else by_name[row[2]].kind, by_name[row[2]].is_needed)
        for row in rows
    )  # fmt: skip
    return Layout(name, table.name, columns, len(columns), is_index=True, has_rowids=False)
