"""The border of the file: no text reaches a catalog that was not looked through for secrets.

A connection that writes is a `CleanConnection`: every text that is bound to a statement on it is looked through, so
that no way in, however new, can forget to. Those that know more, such as the name of a param, take secrets out
before (`redactor_of`); what they did stays as it is here. Bytes are what users save, and are left alone.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from artui.secrets import Redactor


class AsItIs(str):
    """A text that is bound as it is: one that was read from the same file, and has to be told again letter by letter."""

    __slots__ = ()


class CleanCursor(sqlite3.Cursor):
    """Looks through each text that it is given."""

    def execute(self, sql: str, parameters: Any = (), /) -> CleanCursor:
        super().execute(sql, cleaned(self.connection, parameters) if parameters else parameters)
        return self

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> CleanCursor:
        connection = self.connection
        super().executemany(sql, (cleaned(connection, row) for row in parameters))  # row by row: there may be many
        return self


class CleanConnection(sqlite3.Connection):
    """A connection whose every statement goes through `CleanCursor`."""

    _redactor: Redactor | None = None

    def cursor(self, factory: Any = CleanCursor) -> Any:
        return super().cursor(factory)

    # What SQLite's own module makes of these goes past a cursor's methods. Here the shortest way: there are very many.
    def execute(self, sql: str, parameters: Any = (), /) -> CleanCursor:
        cursor = CleanCursor(self)
        _execute(cursor, sql, cleaned(self, parameters) if parameters else parameters)
        return cursor

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> CleanCursor:
        return CleanCursor(self).executemany(sql, parameters)

    @property
    def redactor(self) -> Redactor:
        """What takes secrets out of texts for this catalog, whose id keys the hashes."""
        if self._redactor is None:
            self._redactor = _new_redactor(self)
        return self._redactor


_execute = sqlite3.Cursor.execute


def cleaned(connection: sqlite3.Connection, parameters: Any) -> Any:
    """Give what is bound to a statement with the secrets taken out of its texts."""
    if isinstance(parameters, Mapping):
        stored = redactor_of(connection).stored
        return {name: stored(value) if type(value) is str else value for name, value in parameters.items()}
    for value in parameters:
        if type(value) is str:  # most statements bind keys and numbers alone
            stored = redactor_of(connection).stored
            return [stored(value) if type(value) is str else value for value in parameters]
    return parameters


def redactor_of(connection: sqlite3.Connection) -> Redactor:
    """Give what takes secrets out of texts for the catalog of a connection."""
    return connection.redactor if isinstance(connection, CleanConnection) else _new_redactor(connection)


def _new_redactor(connection: sqlite3.Connection) -> Redactor:
    from artui.secrets import Redactor  # who only reads starts without it

    return Redactor(_catalog_id(connection))


def _catalog_id(connection: sqlite3.Connection) -> str:
    # By a plain cursor: the redactor is not there yet.
    cursor = sqlite3.Cursor(connection)
    try:
        row = cursor.execute("SELECT id FROM catalog WHERE key = 1").fetchone()
    except sqlite3.OperationalError:
        return ""  # while the catalog is being made
    finally:
        cursor.close()
    return str(row[0]) if row else ""
