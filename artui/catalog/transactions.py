"""Changes that are made whole or not at all."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator


@contextlib.contextmanager
def immediate_transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Take the write lock and commit at the end of the block; roll back whatever ends the block early.

    Raises:
        sqlite3.Error: the lock cannot be had, or the commit fails; then nothing was changed.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    finally:
        # SQLite may have rolled back by itself, and after a commit there is nothing left to roll back.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
