"""SQLite databases of other programs: checked first, opened read-only with strict limits, and never locked for long.

No file is made beside a database, and none is trusted: a `-journal` could make SQLite delete files, and a `-wal` is read
from a private copy. Queries are short, since a reader of a database in rollback mode keeps its writer waiting.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import stat
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import quote

from artui.errors import SourceDamaged

STATEMENT_SECONDS = 60.0
PRIVATE_COPY_BYTES = 16 << 30
DATABASES = (".db", ".sqlite", ".sqlite3")
"""The endings of names of databases."""
_TICK = 10_000
_LIMITS = {
    "SQLITE_LIMIT_LENGTH": 64 << 20, "SQLITE_LIMIT_SQL_LENGTH": 1 << 20, "SQLITE_LIMIT_COLUMN": 500, "SQLITE_LIMIT_EXPR_DEPTH": 200,
    "SQLITE_LIMIT_COMPOUND_SELECT": 50, "SQLITE_LIMIT_VDBE_OP": 250_000, "SQLITE_LIMIT_FUNCTION_ARG": 16, "SQLITE_LIMIT_ATTACHED": 0,
    "SQLITE_LIMIT_LIKE_PATTERN_LENGTH": 4096, "SQLITE_LIMIT_TRIGGER_DEPTH": 1, "SQLITE_LIMIT_WORKER_THREADS": 0,
}  # fmt: skip
_FUNCTIONS = frozenset({"count", "max", "min", "sum", "total", "length", "substr", "coalesce", "typeof", "abs"})


def is_sqlite(path: Path) -> bool:
    """Say whether a regular file begins as a SQLite database does."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return stat.S_ISREG(os.fstat(handle).st_mode) and os.read(handle, 16) == b"SQLite format 3\x00"
    except OSError:
        return False
    finally:
        os.close(handle)


def _decoded(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


class ForeignDatabase:
    """One database of another program. Only real tables are read: views could be anything.

    Raises:
        SourceDamaged: it cannot be opened, or a query fails.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(os.path.realpath(path))
        self._private: tempfile.TemporaryDirectory[str] | None = None
        if not is_sqlite(self.path):
            raise SourceDamaged(f"{self.path.name!a} is no SQLite database.")
        file, flags = self.path, "?mode=ro"
        with contextlib.suppress(OSError):
            if os.stat(f"{self.path}-wal").st_size > 0:
                file, flags = self._copied(), "?mode=ro"
        if file == self.path and not os.access(self.path.parent, os.W_OK):
            flags = "?mode=ro&immutable=1"
        with self._border():
            self._connection = sqlite3.connect(
                "file:" + quote(os.fsencode(file)) + flags, uri=True, isolation_level=None, timeout=10
            )
            self._connection.text_factory = _decoded
            for name, limit in _LIMITS.items():
                self._connection.setlimit(getattr(sqlite3, name), limit)
            for pragma in (
                "trusted_schema=0",
                "cell_size_check=1",
                "mmap_size=0",
                "query_only=1",
                "temp_store=1",
                "cache_size=-32768",
            ):
                self._connection.execute("PRAGMA " + pragma)
            self._connection.set_authorizer(_authorize)
            self.tables: dict[str, frozenset[str]] = {}
            for (name,) in self._connection.execute(
                "SELECT name FROM sqlite_schema WHERE type = 'table' LIMIT 2000"
            ).fetchall():
                if isinstance(name, str):
                    self.tables[name] = frozenset(
                        str(row[1])
                        for row in self._connection.execute(f"PRAGMA table_xinfo({_quoted(name)})")
                        if row[6] == 0
                    )
            self.indexes = frozenset(
                (str(table), tuple(str(row[2]) for row in self._connection.execute(f"PRAGMA index_info({_quoted(name)})")))
                for name, table in self._connection.execute("SELECT name, tbl_name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL LIMIT 2000").fetchall()
                if isinstance(name, str)
            )  # fmt: skip

    def _copied(self) -> Path:
        if self.path.stat().st_size > PRIVATE_COPY_BYTES:
            raise SourceDamaged(
                f"{self.path.name!a} has a -wal and is too large to be copied: import it when nothing writes to it."
            )
        self._private = tempfile.TemporaryDirectory(prefix="artui-")
        copy = Path(self._private.name) / "copy.db"
        shutil.copyfile(self.path, copy)
        shutil.copyfile(f"{self.path}-wal", f"{copy}-wal")
        return copy

    def rows(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run one query and give all its rows; nothing stays locked afterwards."""
        with self._border():
            deadline = time.monotonic() + STATEMENT_SECONDS
            self._connection.set_progress_handler(lambda: time.monotonic() > deadline, _TICK)
            cursor = self._connection.execute(query, values)
            try:
                return cursor.fetchall()
            finally:
                cursor.close()

    def raw_rows(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run a query like `rows`, with texts as bytes: for very many rows with few different texts."""
        self._connection.text_factory = bytes
        try:
            return self.rows(query, values)
        finally:
            self._connection.text_factory = _decoded

    def pages(
        self, query: str, values: Sequence[Any] = (), *, page_rows: int, faults: list[tuple[str, Exception]], is_raw: bool = False
    ) -> Iterator[list[tuple[Any, ...]]]:  # fmt: skip
        """Run a query page by page, in the order of the rowid; damaged rows are skipped, and noted in `faults`.

        The rowid is the first column of the query, which ends with `WHERE … rowid > ? ORDER BY rowid LIMIT ?`.
        """
        ask = self.raw_rows if is_raw else self.rows
        last, size, step = -(1 << 62), page_rows, 1
        began = time.monotonic()
        while True:
            try:
                rows = ask(query, (*values, last, size))
            except SourceDamaged as error:
                # Smaller pages up to the damaged place, then larger and larger steps behind it.
                if size > 1:
                    size //= 16
                    size = max(size, 1)
                elif last < 0:
                    last = 0
                else:
                    last, step = last + step, step * 2
                if not any(str(fault) == str(error) for _, fault in faults):
                    faults.append(("some rows", error))
                if step > 1 << 40 or time.monotonic() - began > STATEMENT_SECONDS:
                    return
                continue
            if not rows:
                return
            last, step = rows[-1][0], 1
            is_end = len(rows) < size
            size = min(page_rows, size * 16)
            yield rows
            if is_end:
                return

    def columns(self, table: str, *wanted: str) -> str:
        """Write a list of columns for a query, with NULL for those that the table lacks in this version of the schema."""
        present = self.tables.get(table, frozenset())
        return ", ".join(f'"{name}"' if name in present else "NULL" for name in wanted)

    def close(self) -> None:
        """Close the database and remove the private copy, if there is one."""
        self._connection.close()
        if self._private is not None:
            self._private.cleanup()

    def __enter__(self) -> ForeignDatabase:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextlib.contextmanager
    def _border(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            text = str(error)
            if "readonly" in text or "locked" in text or "rollback" in text:
                raise SourceDamaged(
                    f"{self.path.name!a} is being written to, or was left half written: {text}."
                ) from None
            raise SourceDamaged(f"{self.path.name!a} cannot be read: {ascii(text)[:200]}.") from None
        except (MemoryError, UnicodeError, OverflowError) as error:
            raise SourceDamaged(f"{self.path.name!a} cannot be read: {type(error).__name__}.") from None


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _authorize(action: int, first: str | None, second: str | None, _: str | None, inner: str | None) -> int:
    """Allow only reading tables, with a few functions: no views and no triggers."""
    if inner is not None:
        return sqlite3.SQLITE_DENY
    if action in (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ):
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_FUNCTION:
        return sqlite3.SQLITE_OK if second in _FUNCTIONS else sqlite3.SQLITE_DENY
    if action == sqlite3.SQLITE_PRAGMA:
        return sqlite3.SQLITE_OK if first in ("table_xinfo", "index_info") else sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_DENY
