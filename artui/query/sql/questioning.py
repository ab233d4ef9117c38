"""The connection on which a query of a user's runs: what it may do, and what it finds there beside what is in the file."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from typing import TYPE_CHECKING

from artui.catalog import guard, opening
from artui.catalog.origins import NAMED, ORIGINS_SINCE
from artui.query import sqlfunctions

if TYPE_CHECKING:
    from artui.query.reader import Reader


@contextlib.contextmanager
def questioning(reader: Reader, seconds: float = opening.STATEMENT_SECONDS) -> Iterator[sqlite3.Connection]:
    """Give this thread's connection, with all that a query of a user's may call, and nothing that it may not."""
    with reader.reading(seconds) as connection:
        views = _with_origin() if reader.is_several or _was_several(connection) else ()
        with guard.questions(connection, views):
            sqlfunctions.register(connection)
            yield connection


def _was_several(connection: sqlite3.Connection) -> bool:
    """Say whether it is a copy of what several catalogs were as one: its origins are called as they are then."""
    if guard.schema_version(connection) < ORIGINS_SINCE:
        return False
    return connection.execute(f"SELECT 1 FROM origin AS o WHERE o.place LIKE '{NAMED}%' LIMIT 1").fetchone() is not None


def _with_origin() -> list[str]:
    """Of several catalogs that are asked as one: the views of what has an origin, which say in which of them it is."""
    from artui.query.attributes import ATTRIBUTES

    return [
        f"""
        CREATE TEMP VIEW IF NOT EXISTS {view} AS
            SELECT s.*, {ATTRIBUTES["origin"].value} AS origin
            FROM main.{view} AS s
            JOIN main.{table} AS t ON t.id = s.id
        """
        for view, table in (("runs", "run"), ("artifact_versions", "version"))
    ]
