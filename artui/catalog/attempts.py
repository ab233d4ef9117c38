"""Doing one part of a change so that a failing part does not stop the rest."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from types import TracebackType

from artui.errors import CatalogLocked, CatalogNotFound, CatalogReadOnly, DiskFull, QueryTooSlow

_OF_THE_MOMENT = frozenset({
    sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_PERM, sqlite3.SQLITE_NOTADB,
})  # fmt: skip
"""Errors of locks, disks and files, not of what is written: they may go away."""


def attempt(connection: sqlite3.Connection, work: Callable[[], object]) -> BaseException | None:
    """Do a part of a transaction, or nothing of it; give the error that prevented it, None if there was none.

    Raises:
        sqlite3.Error, OSError, MemoryError, CatalogError: errors that would stop every other part, too.
    """
    part = _Part(connection)
    with part:
        work()
    return part.take_error()


class _Part:
    """A savepoint that is undone by any error; an error that is about the part alone ends there."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._error: BaseException | None = None

    def __enter__(self) -> None:
        self._connection.execute("SAVEPOINT part")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if error is not None:
            if is_of_the_moment(error):
                return False
            self._connection.execute("ROLLBACK TO part")
        self._connection.execute("RELEASE part")
        self._error = error
        return True

    def take_error(self) -> BaseException | None:
        """Give the error that undid the part. It is not kept: its traceback holds this object."""
        error, self._error = self._error, None
        return error


def is_of_the_moment(error: BaseException) -> bool:
    """Say whether an error is about the lock, the disk or the process, and not about what was to be written."""
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", None)
        return code is not None and code & 0xFF in _OF_THE_MOMENT
    if isinstance(
        error, OSError | MemoryError | CatalogLocked | DiskFull | CatalogNotFound | CatalogReadOnly | QueryTooSlow
    ):
        return True
    # A decoder in Rust panics on a damaged block, and raises what is not an Exception.
    return not isinstance(error, Exception) and type(error).__name__ != "PanicException"
