"""Transactions: whole at the end of the block, nothing of them otherwise."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest

from artui.catalog.transactions import immediate_transaction


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    made = sqlite3.connect(":memory:", isolation_level=None)
    made.execute("CREATE TABLE number (value INTEGER)")
    yield made
    made.close()


def _values(connection: sqlite3.Connection) -> list[int]:
    return [row[0] for row in connection.execute("SELECT value FROM number")]


def test_the_end_of_the_block_commits(connection: sqlite3.Connection) -> None:
    """What the block wrote is there, and no transaction is left open."""
    with immediate_transaction(connection):
        connection.execute("INSERT INTO number VALUES (1)")

    assert _values(connection) == [1] and not connection.in_transaction


@pytest.mark.parametrize("error", [ValueError("wrong"), KeyboardInterrupt(), SystemExit(1)])
def test_whatever_ends_the_block_early_rolls_back(connection: sqlite3.Connection, error: BaseException) -> None:
    """Errors, interrupts and exits leave nothing of the transaction, and pass through."""
    with pytest.raises(type(error)), immediate_transaction(connection):
        connection.execute("INSERT INTO number VALUES (1)")
        raise error

    assert _values(connection) == [] and not connection.in_transaction


def test_a_transaction_that_sqlite_has_ended_is_left_alone(connection: sqlite3.Connection) -> None:
    """SQLite rolls back by itself on some errors: the error that is raised is its own."""
    with pytest.raises(sqlite3.IntegrityError, match="gone"), immediate_transaction(connection):
        connection.execute("ROLLBACK")
        raise sqlite3.IntegrityError("gone")
