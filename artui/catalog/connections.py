"""Connections to a catalog, and which files this process has open through SQLite.

Closing any descriptor of a file drops this process's locks on it, SQLite's too: code that looks at a catalog by other
means does so inside `untouched`, which says whether it is open.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from artui.catalog import far, guard

READ_SECONDS = 2.0
_READ_PRAGMAS = (
    "trusted_schema=0",
    "cell_size_check=1",
    "mmap_size=0",
    "query_only=1",
    "temp_store=2",
    "recursive_triggers=0",
    "cache_size=-2048",
)
_WRITE_PRAGMAS = (
    "trusted_schema=0",
    "cell_size_check=1",
    "mmap_size=0",
    "secure_delete=1",
    "temp_store=2",
    "recursive_triggers=0",
    "foreign_keys=1",
)

_connected: dict[int, tuple[int, int]] = {}
_connected_lock = threading.RLock()


def open_reading(
    path: Path, *, is_immutable: bool = False, is_bare: bool = False, shown: Path | None = None
) -> guard.ReadingConnection:
    """Open a file for reading alone, for one thread at a time, with every limit in place and the schema compared.

    `is_bare` reads a main file without its `-wal`, which may be shorter than its header says; its schema is not
    compared. `shown` is the path that errors name.

    Raises:
        sqlite3.Error: it cannot be opened.
        NotACatalog, CatalogDamaged: its schema is not ours.
    """
    flags = "?mode=ro&immutable=1" if is_immutable or is_bare else "?mode=ro"
    if far.far_at(path) is not None:
        from artui.catalog.far import vfs

        vfs.register()
        flags = f"?mode=ro&immutable=1&vfs={vfs.NAME}"
    with _connected_lock:
        connection = sqlite3.connect(
            "file:" + quote(os.fsencode(path)) + flags,
            uri=True,
            isolation_level=None,
            timeout=READ_SECONDS,
            check_same_thread=False,
            factory=guard.ReadingConnection,
        )
        note_connection(connection, path)
    with _disconnected_on_error(connection):
        guard.harden(connection)
        if is_bare:
            # SQLite then reads what there is of a file that is too short.
            connection.execute("PRAGMA writable_schema=1")
        for pragma in _READ_PRAGMAS:
            connection.execute("PRAGMA " + pragma)
        if not is_bare:
            guard.check_again(connection, shown or path)
            guard.prepare_tables(connection)
            guard.stand_in(connection)
        guard.allow_reading(connection)
    return connection


def open_writing(path: Path, *, busy_seconds: float) -> guard.LimitedConnection:
    """Open a file for writing, with every limit but the list of what is allowed: see `guard.allow_writing`.

    Raises:
        sqlite3.Error: it cannot be opened.
    """
    with _connected_lock:
        connection = sqlite3.connect(
            "file:" + quote(os.fsencode(path)) + "?mode=rw",
            uri=True,
            isolation_level=None,
            timeout=busy_seconds,
            check_same_thread=False,
            factory=guard.LimitedConnection,
        )
        note_connection(connection, path)
    with _disconnected_on_error(connection):
        guard.harden(connection)
        connection.limit_statements()
        for pragma in _WRITE_PRAGMAS:
            connection.execute("PRAGMA " + pragma)
    return connection


@contextlib.contextmanager
def _disconnected_on_error(connection: sqlite3.Connection) -> Iterator[None]:
    with contextlib.ExitStack() as undo:
        undo.callback(disconnect, connection)
        yield
        undo.pop_all()


def disconnect(connection: sqlite3.Connection) -> None:
    """Close a connection, and forget that this process has it."""
    connection.close()
    with _connected_lock:
        _connected.pop(id(connection), None)


@contextlib.contextmanager
def untouched(path: Path) -> Iterator[bool]:
    """Say whether this process has no connection to the file, and let none be made meanwhile."""
    with _connected_lock:
        yield not is_connected(path)


def is_connected(path: Path) -> bool:
    """Say whether this process has the file open through SQLite."""
    try:
        status = os.stat(path)
    except OSError:
        return False
    with _connected_lock:
        return (status.st_dev, status.st_ino) in _connected.values()


def note_connection(connection: sqlite3.Connection, path: Path) -> None:
    """Note that this process has a connection to the file, until `disconnect`."""
    status = os.stat(path)
    with _connected_lock:
        _connected[id(connection)] = (status.st_dev, status.st_ino)


def _forget_lock() -> None:
    global _connected_lock
    _connected_lock = threading.RLock()


os.register_at_fork(after_in_child=_forget_lock)
