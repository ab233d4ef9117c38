"""The border of the file: every text is searched for secrets before it reaches a catalog.

A connection that writes is a `CleanConnection`: every text that is bound to a statement on it is searched, so that new
code cannot forget to. Code that knows more, such as the name of a param, takes secrets out before (`redactor_of`); that
stays as it is here. Bytes are files that users save, and are left alone.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from artui.catalog.cells import storable

if TYPE_CHECKING:
    from artui.secrets import Redactor


class AsItIs(str):
    """A text that is bound unchanged: it was read from the same file and must be repeated exactly."""

    __slots__ = ()


class CleanCursor(sqlite3.Cursor):
    """A cursor that takes secrets out of each text that is bound to a statement."""

    def execute(self, sql: str, parameters: Any = (), /) -> CleanCursor:
        """Execute a statement with secrets taken out of its texts."""
        super().execute(sql, cleaned(self.connection, parameters) if parameters else parameters)
        return self

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> CleanCursor:
        """Execute a statement for each row, with secrets taken out of its texts."""
        connection = self.connection
        super().executemany(sql, (cleaned(connection, row) for row in parameters))  # row by row: there may be many
        return self


class CleanConnection(sqlite3.Connection):
    """A connection whose every statement goes through `CleanCursor`."""

    _redactor: Redactor | None = None

    def cursor(self, factory: Any = CleanCursor) -> Any:
        """Give a cursor that takes secrets out."""
        return super().cursor(factory)

    # The methods of `sqlite3.Connection` do not go through a cursor's methods. These are called very often.
    def execute(self, sql: str, parameters: Any = (), /) -> CleanCursor:
        """Execute a statement with secrets taken out of its texts."""
        cursor = CleanCursor(self)
        _execute(cursor, sql, cleaned(self, parameters) if parameters else parameters)
        return cursor

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> CleanCursor:
        """Execute a statement for each row, with secrets taken out of its texts."""
        return CleanCursor(self).executemany(sql, parameters)

    @property
    def redactor(self) -> Redactor:
        """Takes secrets out of texts for this catalog, whose id keys the hashes."""
        if self._redactor is None:
            self._redactor = _new_redactor(self)
        return self._redactor


_execute = sqlite3.Cursor.execute


def cleaned(connection: sqlite3.Connection, parameters: Any) -> Any:
    """Give what is bound to a statement with the secrets taken out of its texts, and as SQLite takes them, whatever a log said."""
    is_named = type(parameters) is dict or isinstance(parameters, Mapping)
    for value in parameters.values() if is_named else parameters:
        if type(value) is str:  # most statements bind keys and numbers alone
            stored = redactor_of(connection).stored
            if is_named:
                return {name: storable(stored(value)) if type(value) is str else value for name, value in parameters.items()}  # fmt: skip
            return [storable(stored(value)) if type(value) is str else value for value in parameters]
    return parameters


def redactor_of(connection: sqlite3.Connection) -> Redactor:
    """Give the redactor of a connection's catalog."""
    return connection.redactor if isinstance(connection, CleanConnection) else _new_redactor(connection)


def _new_redactor(connection: sqlite3.Connection) -> Redactor:
    from artui.secrets import Redactor  # readers start without it

    return Redactor(_catalog_id(connection))


def _catalog_id(connection: sqlite3.Connection) -> str:
    # With a plain cursor: there is no redactor yet.
    cursor = sqlite3.Cursor(connection)
    try:
        row = cursor.execute("SELECT id FROM catalog WHERE key = 1").fetchone()
    except sqlite3.OperationalError:
        return ""  # while the catalog is being made
    finally:
        cursor.close()
    return str(row[0]) if row else ""
