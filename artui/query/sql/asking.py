"""SQL that a user writes: read-only, within the limits of the catalog."""

from __future__ import annotations

import contextlib
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any

from artui.catalog import far, guard
from artui.errors import QueryTooSlow, UsageError
from artui.query.sql.faults import READS, QueryFault, doubt_about, fault_of
from artui.query.sql.questioning import questioning
from artui.query.sql.tokens import tokens
from artui.query.tables import numbered

if TYPE_CHECKING:
    from artui.query.reader import Reader
    from artui.query.tables import Table

Values = Sequence[Any] | Mapping[str, Any]
_ITS_OWN_FAULT = ("SQLITE_ERROR", "SQLITE_AUTH", "SQLITE_RANGE", "SQLITE_MISMATCH", "SQLITE_CONSTRAINT")
"""Results that tell of the query, not of the file."""
_TOO_LARGE = ("SQLITE_TOOBIG", "SQLITE_NOMEM")
_CHANGING = frozenset({
    "ALTER", "ANALYZE", "ATTACH", "BEGIN", "COMMIT", "CREATE", "DELETE", "DETACH", "DROP", "END", "INSERT", "REINDEX", "RELEASE", "REPLACE", "ROLLBACK", "SAVEPOINT", "UPDATE", "VACUUM",
})  # fmt: skip
"""What a statement begins with that does something else than read."""
_OPCODES_A_TICK = 1000
_COUNTED = re.compile(r"statement uses (\d+), and there are (\d+) supplied")
_TYPED = re.compile(r"Error binding parameter .*type '(\w+)' is not supported")
_NO_JSON = "malformed JSON"
_NO_TABLE = "no such table: "
_CELL_BYTES = 48
"""What a cell takes beside its own letters or bytes, about."""


class ValueMissing(UsageError):
    """A query that names a value which was not given."""


class QueryStopped(QueryTooSlow):
    """The user has stopped a query."""


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of an answer, which come one by one."""

    names: tuple[str, ...]
    """Of the columns: a name that comes again has a number."""
    rows: Iterator[tuple[Any, ...]]
    doubt: str = ""
    """What may not be as it was meant, in a sentence; empty if nothing is known."""


@dataclass(frozen=True, slots=True)
class Beginning:
    """The first rows of an answer, or all of them, by columns."""

    names: tuple[str, ...]
    columns: tuple[list[Any], ...]
    is_cut: bool
    """Whether there are more rows."""
    doubt: str = ""
    """As of `Rows`."""

    @property
    def count(self) -> int:
        """How many rows these are."""
        return len(self.columns[0]) if self.columns else 0


def ask(reader: Reader, query: str, values: Values, seconds: float) -> Table:
    """Run one query and give its rows as a table.

    Raises:
        QueryFault: SQLite does not understand the query, or it would do something else than read.
        UsageError: one of its values is too large, or not given.
        QueryTooSlow: it took longer than `seconds`.
    """
    from artui.query.tables import table_of

    with asking(reader, query, values, seconds=seconds) as answer:
        return table_of(answer.names, list(answer.rows))


def beginning_of(
    reader: Reader,
    query: str,
    *,
    seconds: float,
    most_rows: int,
    most_bytes: int,
    is_stopped: Callable[[], bool] = lambda: False,
) -> Beginning:
    """Run one query and give as many of its rows as there is room for.

    Raises:
        UsageError, QueryTooSlow, QueryStopped: as `asking`.
    """
    with asking(reader, query, {}, seconds=seconds, is_stopped=is_stopped) as answer:
        rows: list[tuple[Any, ...]] = []
        left = most_bytes
        is_cut = False
        for row in answer.rows:
            left -= sum(_CELL_BYTES + (len(cell) if isinstance(cell, str | bytes) else 0) for cell in row)
            if len(rows) == most_rows or (left < 0 and rows):
                is_cut = True
                break
            rows.append(row)
        columns = tuple(list(cells) for cells in zip(*rows, strict=True)) or tuple([] for _ in answer.names)
        return Beginning(answer.names, columns, is_cut, answer.doubt)


@contextlib.contextmanager
def asking(
    reader: Reader,
    query: str,
    values: Values = (),
    *,
    seconds: float,
    is_stopped: Callable[[], bool] = lambda: False,
) -> Iterator[Rows]:
    """Run one query; inside the block its rows can be read, and are read from the file only then.

    Only the time that SQLite takes counts, not what is done with the rows. `is_stopped` is asked again and again, in this thread.

    Raises:
        QueryFault: SQLite does not understand the query, or it would do something else than read.
        UsageError: one of its values is too large, or not given.
        QueryTooSlow: it took longer than `seconds`.
        QueryStopped: `is_stopped` said so.
    """
    first = next((one for one in tokens(query) if one.kind != "comment"), None)
    if first is not None and first.text.upper() in _CHANGING:
        # Not left to SQLite alone: after a VACUUM that was refused, the index of words would have to be opened anew.
        raise QueryFault.at(first, query, f"The query was not run: it would do something else than read the catalog ({first.text.upper()}).")  # fmt: skip
    limit = _Limit(seconds, is_stopped)
    with questioning(reader, float("inf")) as connection:
        connection.set_progress_handler(limit.is_over, _OPCODES_A_TICK)
        was_inside = connection.in_transaction
        with limit.told(query, connection):
            cursor = connection.execute(query, values)
        try:
            names = [str(column[0]) for column in cursor.description or ()]
            if not names or connection.in_transaction != was_inside:
                raise QueryFault("This is no query: it gives no rows.", remedy=READS)
            yield Rows(numbered(names), _rows(cursor, query, limit), doubt_about(query, connection))
        finally:
            cursor.close()
            if connection.in_transaction and not was_inside:
                connection.rollback()


def _rows(cursor: sqlite3.Cursor, query: str, limit: _Limit) -> Iterator[tuple[Any, ...]]:
    fetch = cursor.fetchone
    while True:
        # Not `told`: a block costs more than a row.
        limit.begin()
        try:
            row = fetch()
        except sqlite3.Error as error:
            raise limit.translated(error, query, cursor.connection) from error
        limit.end()
        if row is None:
            return
        yield row


class _Limit:
    """The time that a query may take, of which only that counts in which SQLite works."""

    def __init__(self, seconds: float, is_stopped: Callable[[], bool]) -> None:
        self.seconds, self._is_stopped = seconds, is_stopped
        self._left = seconds
        self._deadline = 0.0

    def is_over(self) -> int:
        """Say whether the query is to be stopped."""
        return int(self._is_stopped() or monotonic() - far.waited_seconds() > self._deadline)

    @contextlib.contextmanager
    def told(self, query: str, connection: sqlite3.Connection) -> Iterator[None]:
        """Count the time of the block, and translate what SQLite says of the query."""
        self.begin()
        try:
            yield
        except sqlite3.Error as error:
            raise self.translated(error, query, connection) from error
        self.end()

    def begin(self) -> None:
        """Let time count from now on."""
        self._deadline = monotonic() - far.waited_seconds() + self._left

    def end(self) -> None:
        """Let it count no longer."""
        self._left = self._deadline - (monotonic() - far.waited_seconds())

    def translated(self, error: sqlite3.Error, query: str, connection: sqlite3.Connection) -> Exception:
        """Say in words of ours what SQLite says of a query; what is no fault of the query stays as it is."""
        name = str(getattr(error, "sqlite_errorname", "") or "")
        if name.startswith("SQLITE_INTERRUPT"):
            if self._is_stopped():
                return QueryStopped("The query was stopped.")
            if self._left <= 0 or monotonic() - far.waited_seconds() > self._deadline:
                return QueryTooSlow(f"The query took longer than {self.seconds:g} seconds and was stopped.", remedy="Ask for less, or give it more time.")  # fmt: skip
            return error
        if name.startswith(_TOO_LARGE):
            return UsageError("The query was not run to its end: one of its values would be larger than 64 MB.", remedy="Ask for a part of it, as substr() gives one.")  # fmt: skip
        # What Python itself refuses, such as two statements at once, has no name.
        if (refused := _value_refused(str(error))) is not None:
            return refused
        table = str(error).removeprefix(_NO_TABLE)
        if table != str(error) and table in guard.TABLES:
            return UsageError(f"This catalog is of an older artui, and has no table {table} yet.", remedy="The first change brings it up to date, after a backup beside it; so does `artui compact`.")  # fmt: skip
        if str(error) == _NO_JSON:
            return UsageError("The query was not run to its end: a value that it reads as JSON is none.", remedy="json_valid() leaves it out; `artui check --data` looks for damage.")  # fmt: skip
        if "user-defined function" in str(error):
            return UsageError("The query was not run to its end: one of its values cannot be worked out, as what it is made of is damaged.", remedy="`artui check --data` looks for damage.")  # fmt: skip
        if not name or name.startswith(_ITS_OWN_FAULT):
            return fault_of(error, query, connection)
        return error


def _value_refused(text: str) -> UsageError | None:
    """Say what is wrong with the values of a query; None if nothing is."""
    if "did not supply a value for binding" in text:
        return ValueMissing(f"No value was given for {text.rpartition(' ')[2].rstrip('.')} in the query.", remedy="Give one: -p NAME=VALUE on the command line, `values` in Python.")  # fmt: skip
    if "has no name, but you supplied" in text:
        return ValueMissing("A ? in the query has no name.", remedy="Write :NAME, and give NAME its value: -p NAME=VALUE on the command line, `values` in Python.")  # fmt: skip
    if (counted := _COUNTED.search(text)) is not None:
        return ValueMissing(f"The query has {counted[1]} ?, and {counted[2]} values are given for them.", remedy="Give one for each ? in it.")  # fmt: skip
    if (typed := _TYPED.search(text)) is not None:
        return UsageError(f"A value of the query is a {typed[1]}.", remedy="Give numbers, texts, bytes or None.")
    return None
