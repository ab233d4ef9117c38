"""The catalog that others are merged into: statements whose texts stay as they are, and keys that are given out here."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import orjson

from artui.catalog import guard

_KEYED = (
    "origin",
    "project",
    "name",
    "run",
    "series",
    "block",
    "artifact",
    "version",
    "blob",
    "chunk",
    "profile",
    "edit",
)


class Target:
    """The writing side of a merge, within one transaction.

    What is merged was searched for secrets when it was recorded, and must stay exactly what its digests were made of.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self._next_keys: dict[str, int] = {}
        self.left_out: dict[str, int] = {}
        """By table, how many rows of the source can be none, as in a damaged file."""
        self._names: dict[str, int] = {}
        self.read_names()
        self._projects = {str(text): int(key) for key, text in self.execute("SELECT key, name FROM project")}

    def read_names(self) -> None:
        """Read which names there are, as after some were taken out."""
        self._names = {str(text): int(key) for key, text in self.execute("SELECT key, text FROM name")}

    def execute(self, sql: str, values: Any = ()) -> sqlite3.Cursor:
        """Execute a statement with its texts as they are."""
        self._have_time()
        return sqlite3.Cursor(self.connection).execute(sql, values)

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Execute a statement for each row, with its texts as they are."""
        self._have_time()
        sqlite3.Cursor(self.connection).executemany(sql, rows)

    def insert(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> bool:
        """Insert rows of a table; those that cannot be rows of it, as in a damaged file, are left out and counted.

        Returns:
            Whether all of them are there.
        """
        count = 0

        def counted() -> Iterator[Sequence[Any]]:
            nonlocal count
            for row in rows:
                count += 1
                yield row

        self._have_time()
        cursor = sqlite3.Cursor(self.connection)
        places = ", ".join("?" * len(columns))
        cursor.executemany(f"INSERT OR IGNORE INTO {table} ({', '.join(columns)}) VALUES ({places})", counted())
        if missing := count - max(0, cursor.rowcount):
            self.left_out[table] = self.left_out.get(table, 0) + missing
        return not missing

    def present(self, table: str, keys: Iterable[int]) -> set[int]:
        """Give those of some keys that have a row."""
        query = f"SELECT t.key FROM json_each(?) AS w JOIN {table} AS t ON t.key = w.value"
        return {int(key) for (key,) in self.execute(query, (orjson.dumps(list(keys)).decode(),))}

    def new_key(self, table: str) -> int:
        """Give the key of a row that is about to be inserted."""
        if table not in self._next_keys:
            if table not in _KEYED:
                raise ValueError(f"{table} has no keys")
            (last,) = self.execute(f"SELECT max(key) FROM {table}").fetchone()
            self._next_keys[table] = (last or 0) + 1
        key = self._next_keys[table]
        self._next_keys[table] = key + 1
        return key

    def name_key(self, text: str) -> int:
        """Give the key of a name, making it if it is new."""
        key = self._names.get(text)
        if key is None:
            key = self._names[text] = self.new_key("name")
            self.execute("INSERT INTO name (key, text) VALUES (?, ?)", (key, text))
        return key

    def project_key(self, name: str, created_ms: int) -> int:
        """Give the key of a project, making it if it is new."""
        key = self._projects.get(name)
        if key is None:
            key = self._projects[name] = self.new_key("project")
            self.execute("INSERT INTO project (key, name, created_ms) VALUES (?, ?, ?)", (key, name, created_ms))
        return key

    def _have_time(self) -> None:
        if isinstance(self.connection, guard.LimitedConnection):
            self.connection.deadline = float("inf")
