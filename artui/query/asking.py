"""SQL that a user writes: read-only, within the limits of the catalog."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from artui.catalog import guard
from artui.errors import UsageError
from artui.query import sqlfunctions

if TYPE_CHECKING:
    from artui.query.reader import Reader
    from artui.query.tables import Table

_ITS_OWN_FAULT = ("SQLITE_ERROR", "SQLITE_AUTH", "SQLITE_RANGE", "SQLITE_MISMATCH", "SQLITE_CONSTRAINT")
"""Results that tell of the query, not of the file."""
_READS = "The manual lists the views that can be read: `artui help file`."


def ask(reader: Reader, query: str, values: Sequence[Any] | Mapping[str, Any], seconds: float) -> Table:
    """Run one query and give its rows as a table.

    Raises:
        UsageError: SQLite does not understand the query, or it would do something else than read.
        QueryTooSlow: it took longer than `seconds`.
    """
    from artui.query.tables import table_of

    with reader.reading(seconds) as connection, guard.questions(connection):
        try:
            sqlfunctions.register(connection)
            cursor = connection.execute(query, values)
            names = [str(column[0]) for column in cursor.description or ()]
            if not names:
                raise UsageError("This is no query: it gives no rows.", remedy=_READS)
            return table_of(names, cursor.fetchall())
        except sqlite3.Error as error:
            if _is_its_own(error):
                raise UsageError(f"The query was not run: {_words(error)}.", remedy=_READS) from error
            raise


def _is_its_own(error: sqlite3.Error) -> bool:
    name = str(getattr(error, "sqlite_errorname", "") or "")
    # What Python itself refuses, such as two statements at once, has no name.
    return not name or name.startswith(_ITS_OWN_FAULT)


def _words(error: sqlite3.Error) -> str:
    text = str(error)
    if "prohibited" in text or "not authorized" in text:
        return f"it would do something else than read the catalog ({text})"
    return text.rstrip(".")
