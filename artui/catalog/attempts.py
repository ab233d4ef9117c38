"""Doing one part of a change so that a bad one does not hold back the rest."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from artui.errors import CatalogLocked, CatalogNotFound, CatalogReadOnly, DiskFull, QueryTooSlow

_OF_THE_MOMENT = frozenset({
    sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_PERM, sqlite3.SQLITE_NOTADB,
})  # fmt: skip
"""What SQLite says of locks, disks and files, not of what is written: it may pass."""


def attempt(connection: sqlite3.Connection, work: Callable[[], object]) -> BaseException | None:
    """Do a part of a transaction, or nothing of it; give why it could not be done.

    Raises:
        sqlite3.Error, OSError, MemoryError, CatalogError: what stands in the way of every other part, too.
    """
    connection.execute("SAVEPOINT part")
    try:
        work()
    except BaseException as error:
        if is_of_the_moment(error):
            raise
        connection.execute("ROLLBACK TO part")
        connection.execute("RELEASE part")
        return error
    connection.execute("RELEASE part")
    return None


def is_of_the_moment(error: BaseException) -> bool:
    """Say whether an error is about the lock, the disk or the process, and not about what was to be written."""
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", None)
        return code is not None and code & 0xFF in _OF_THE_MOMENT
    if isinstance(
        error, OSError | MemoryError | CatalogLocked | DiskFull | CatalogNotFound | CatalogReadOnly | QueryTooSlow
    ):
        return True
    # A decoder in Rust that gives up raises what is no Exception; a damaged block makes it do so.
    return not isinstance(error, Exception) and type(error).__name__ != "PanicException"


def is_corruption(error: BaseException | None) -> bool:
    """Say whether SQLite found the file itself damaged."""
    return isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_CORRUPT
