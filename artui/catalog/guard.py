"""What a connection may do, whoever made the file: limits, a list of allowed actions, and the comparison of schemas.

Reading may read our tables and views with a few functions. Writing may do what our statements need and nothing else.
Both compare the schema with ours, row by row, and again whenever SQLite says that it has changed.
"""

from __future__ import annotations

import contextlib
import re
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from artui.catalog import far, migrations
from artui.catalog.cleaning import CleanConnection, CleanCursor
from artui.catalog.schema import (
    MAX_OBJECTS,
    SCHEMA_0001,
    SCHEMA_VERSION,
    STAND_INS,
    VIEWS,
    has_schema,
    temporary_views,
)
from artui.catalog.translate import ascii_path
from artui.errors import CatalogDamaged, NotACatalog

STATEMENT_SECONDS = 20.0
"""So long one statement may take, reading or writing."""
BATCH_SECONDS = 600.0
"""So long one statement may take that is run for many rows."""
CHECK_SECONDS = 600.0
STAND_INS_BEFORE = max(STAND_INS)
"""The first schema with all these tables."""
_OPCODES_A_TICK = 1000
_WRITER_SECONDS = 0.1
"""So often it is looked whether a writer has ended."""

_LIMITS = (
    ("SQLITE_LIMIT_LENGTH", 64 << 20),
    ("SQLITE_LIMIT_SQL_LENGTH", 1 << 20),
    ("SQLITE_LIMIT_COLUMN", 200),
    ("SQLITE_LIMIT_EXPR_DEPTH", 200),
    ("SQLITE_LIMIT_COMPOUND_SELECT", 50),
    ("SQLITE_LIMIT_VDBE_OP", 100_000),
    ("SQLITE_LIMIT_FUNCTION_ARG", 16),
    ("SQLITE_LIMIT_ATTACHED", 0),
    ("SQLITE_LIMIT_LIKE_PATTERN_LENGTH", 4096),
    ("SQLITE_LIMIT_TRIGGER_DEPTH", 1),
    ("SQLITE_LIMIT_WORKER_THREADS", 0),
)
_FUNCTIONS = frozenset({
    "abs", "avg", "coalesce", "count", "group_concat", "hex", "ifnull", "instr", "json_each", "json_extract", "json_group_array", "json_type", "json_valid",
    "length", "like", "lower", "max", "min", "nullif", "round", "rtrim", "substr", "sum", "total", "trim", "typeof", "unhex", "upper",
    "match", "bm25", "rank",
})  # fmt: skip
_UNSAFE_FUNCTIONS = frozenset({
    "edit", "fts3_tokenizer", "fts5_source_id", "load_extension", "randomblob", "readfile", "sqlite_compileoption_get",
    "writefile", "zeroblob",
})  # fmt: skip
"""What no query may call: they reach out of the file, give away addresses, or make as many bytes as they are told to."""
_OUR_EXPRESSIONS = frozenset({"seen"})
"""Names of common table expressions in our own queries: SQLite reports them as it does views."""
OUR_TRIGGERS: set[str] = set()
"""Names of the temporary triggers that a writing connection makes for itself."""
OUR_FUNCTIONS: set[str] = set()
"""Names of the functions that these triggers call."""
TABLES = frozenset(
    re.findall(
        r"CREATE (?:VIRTUAL )?TABLE (\w+)",
        "\n".join(
            statement
            for name in dir(migrations)
            if name.startswith("SCHEMA_0")
            for statement in getattr(migrations, name)
        ),
    )
) | {f"search_{part}" for part in ("data", "idx", "content", "docsize", "config")}
_SEARCH = next(statement for statement in SCHEMA_0001 if statement.startswith("CREATE VIRTUAL TABLE search"))
_WRITING_FUNCTIONS = frozenset({"ltrim", "char"})
_SPOOL_INDEX = "sqlite_autoindex_spool_"
"""Beginning of the name of the index that a fold makes anew where it is damaged."""
_ASKED = frozenset({
    "data_version", "schema_version", "page_count", "page_size", "freelist_count", "user_version", "application_id", "journal_mode",
})  # fmt: skip
"""Pragmas that may be asked, not set."""
_SET_BY_WRITERS = frozenset(
    {
        "journal_mode",
        "wal_checkpoint",
        "wal_autocheckpoint",
        "synchronous",
        "busy_timeout",
        "incremental_vacuum",
        "max_page_count",
    }
)


def harden(connection: sqlite3.Connection) -> None:
    """Bound sizes and depths, and decode text that is not UTF-8 instead of failing on it."""
    for name, limit in _LIMITS:
        connection.setlimit(getattr(sqlite3, name), limit)
    connection.text_factory = _decode


def _decode(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


@contextlib.contextmanager
def time_limit(
    connection: sqlite3.Connection, seconds: float = STATEMENT_SECONDS, *, gives_way: bool = False
) -> Iterator[None]:
    """Stop whatever statement runs in the block once the time is over; with `gives_way` also where somebody writes `before_search`."""
    deadline = monotonic() - far.waited_seconds() + seconds

    def stops() -> int:
        # A query is not slow because another machine is.
        return int(monotonic() - far.waited_seconds() > deadline or (gives_way and bool(_writers)))

    connection.set_progress_handler(stops, _OPCODES_A_TICK)
    try:
        yield
    finally:
        connection.set_progress_handler(None, 0)


_writers: set[object] = set()
"""Who writes before a search for damage goes on."""


@contextlib.contextmanager
def before_search() -> Iterator[None]:
    """Let what is written in the block go before a search for damage by this process.

    A file that is no `-wal` yet becomes one only while nobody reads, and one table of a large file takes longer than a writer waits.
    """
    writer = object()
    _writers.add(writer)
    try:
        yield
    finally:
        _writers.discard(writer)


class ReadingConnection(sqlite3.Connection):
    """A connection that knows which state of the schema was compared with ours."""

    cookie = -1
    """The schema's version, as SQLite counts it; -1 before the first comparison."""
    has_stand_ins = False
    """Whether temporary tables and views stand in for those that an older schema lacks."""


_execute_cleaned = CleanConnection.execute


class LimitedConnection(CleanConnection, ReadingConnection):
    """A writing connection: each statement has its own time limit, each text is searched for secrets."""

    deadline = float("inf")

    def limit_statements(self) -> None:
        """Give each statement a time limit from now on."""
        self.set_progress_handler(lambda: 1 if monotonic() > self.deadline else 0, _OPCODES_A_TICK)

    def execute(self, sql: str, parameters: Any = (), /) -> CleanCursor:
        """Execute a statement within its time limit."""
        self.deadline = monotonic() + STATEMENT_SECONDS
        return _execute_cleaned(self, sql, parameters)

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> CleanCursor:
        """Execute a statement for each row, within a longer time limit."""
        self.deadline = monotonic() + BATCH_SECONDS
        return super().executemany(sql, parameters)


def prepare_tables(connection: sqlite3.Connection) -> None:
    """Touch each virtual table of ours once: its constructor is refused once the list of allowed actions is set."""
    if connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'search' AND sql = ?", (_SEARCH,)).fetchone():
        connection.execute("SELECT 1 FROM search LIMIT 0")
    connection.execute("SELECT 1 FROM json_each('[]')").fetchone()


def pages_by_name(connection: sqlite3.Connection) -> dict[str, int] | None:
    """Give the bytes of the pages that each table and each index takes; None where this SQLite cannot tell."""
    allow_all(connection)
    try:
        # Its constructor is refused under the list of allowed actions.
        connection.execute("SELECT 1 FROM dbstat LIMIT 0")
    except sqlite3.OperationalError:
        return None
    finally:
        allow_reading(connection)
    rows = connection.execute("SELECT name, pgsize FROM dbstat WHERE aggregate = 1").fetchall()
    return {str(name): int(size) for name, size in rows}


def stand_in(connection: ReadingConnection) -> None:
    """Give a reader of an older catalog empty tables in place of those that it lacks, and the views that it lacks."""
    if 0 < (version := schema_version(connection)) < STAND_INS_BEFORE:
        tables = (text for since, statements in STAND_INS.items() if version < since for text in statements)
        make_temporary(connection, [*tables, *temporary_views(version)])
        connection.has_stand_ins = True


def make_temporary(connection: sqlite3.Connection, statements: Iterable[str]) -> None:
    """Make temporary tables and views, which only this connection has: statements of ours, where all is allowed."""
    connection.execute("PRAGMA query_only=0")
    try:
        for statement in statements:
            connection.execute(statement)
    finally:
        connection.execute("PRAGMA query_only=1")


def allow_reading(connection: sqlite3.Connection) -> None:
    """Allow nothing but reading from here on."""
    connection.set_authorizer(_authorize_reading)


def allow_writing(connection: sqlite3.Connection) -> None:
    """Allow nothing from here on but what our own statements need."""
    connection.set_authorizer(_authorize_writing)


def allow_all(connection: sqlite3.Connection) -> None:
    """Allow everything again, for statements of ours alone."""
    connection.set_authorizer(None)


def _authorize_reading(action: int, first: str | None, second: str | None, name: str | None, inside: str | None) -> int:
    # Less than what a user may ask: our own queries need few functions, and no names but those of ours.
    if inside is not None and inside not in VIEWS and inside not in _OUR_EXPRESSIONS:
        return sqlite3.SQLITE_DENY
    if action == sqlite3.SQLITE_FUNCTION and (second or "").lower() not in _FUNCTIONS:
        return sqlite3.SQLITE_DENY
    return _authorize_question(action, first, second, name, inside)


@contextlib.contextmanager
def questions(connection: sqlite3.Connection, views: Iterable[str] = ()) -> Iterator[None]:
    """Allow in the block what a user may ask in SQL: to read, with names, expressions and functions of the user's own choice.

    Args:
        connection: the connection.
        views: statements of ours that make temporary views where they are not there yet; they stay.
    """
    allow_all(connection)
    if views:
        make_temporary(connection, views)
    # The view of points calls a function of ours, which only a trusted schema may do: this one was compared with ours.
    connection.execute("PRAGMA trusted_schema=1")
    connection.set_authorizer(_authorize_question)
    try:
        yield
    finally:
        allow_all(connection)
        connection.execute("PRAGMA trusted_schema=0")
        allow_reading(connection)


def _authorize_question(action: int, first: str | None, second: str | None, _: str | None, inside: str | None) -> int:
    # The schema is ours, so whatever is not one of our views is a name that the query itself gives.
    if action in (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_TRANSACTION, sqlite3.SQLITE_RECURSIVE):
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_FUNCTION:
        return sqlite3.SQLITE_DENY if (second or "").lower() in _UNSAFE_FUNCTIONS else sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_PRAGMA and second is None:
        return sqlite3.SQLITE_OK if (first or "").lower() in _ASKED else sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_DENY


def _authorize_writing(
    action: int, first: str | None, second: str | None, database: str | None, inside: str | None
) -> int:
    if action in (sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE):
        is_ours = first in TABLES or database == "temp"
        is_by_us = inside is None or inside in OUR_TRIGGERS
        return sqlite3.SQLITE_OK if is_ours and is_by_us else sqlite3.SQLITE_DENY
    if action == sqlite3.SQLITE_SAVEPOINT:
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_REINDEX:
        return sqlite3.SQLITE_OK if (first or "").startswith(_SPOOL_INDEX) else sqlite3.SQLITE_DENY
    if action == sqlite3.SQLITE_PRAGMA and (first or "").lower() in _SET_BY_WRITERS:
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_FUNCTION and inside in OUR_TRIGGERS and second in OUR_FUNCTIONS:
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_FUNCTION and second in _WRITING_FUNCTIONS and inside is None:
        return sqlite3.SQLITE_OK
    return _authorize_reading(action, first, second, database, None if inside in OUR_TRIGGERS else inside)


def check_schema(connection: sqlite3.Connection, version: int, path: Path) -> None:
    """Compare the whole schema with ours of that version.

    Raises:
        CatalogDamaged: it says that it has none.
        NotACatalog: something was added, is missing, differs, or exists twice.
    """
    shown = ascii_path(path)
    if version < 1:
        raise CatalogDamaged(f"{shown} has no schema version.", remedy="Copy it again.")
    if version <= SCHEMA_VERSION and not has_schema(connection, version):
        raise NotACatalog(
            f"{shown} is not laid out as artui's schema {version}.",
            remedy="It was changed by another program: ask its sender for an untouched copy.",
        )


def check_again(connection: ReadingConnection, path: Path) -> None:
    """Compare the schema if it has changed since the last comparison.

    Raises:
        NotACatalog, CatalogDamaged: as `check_schema`.
    """
    if schema_cookie(connection) == connection.cookie:
        return
    # Another process may be migrating: number and rows are read of one state.
    begins = not connection.in_transaction
    if begins:
        connection.execute("BEGIN")
    try:
        cookie = schema_cookie(connection)
        check_schema(connection, schema_version(connection), path)
        connection.cookie = cookie
    finally:
        if begins:
            connection.execute("COMMIT")


def schema_cookie(connection: sqlite3.Connection) -> int:
    """Give the number that SQLite counts up with each change of the schema."""
    return int(connection.execute("PRAGMA schema_version").fetchone()[0])


def schema_version(connection: sqlite3.Connection) -> int:
    """Give the version of our schema that a catalog says it has."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


_CHECKS_TABLES = (3, 33)
"""Since this version SQLite looks through a table alone."""


def _checked_apart(connection: sqlite3.Connection) -> list[str]:
    """Give what is looked through by one statement each: the tables, or all at once where SQLite cannot do that."""
    if sqlite3.sqlite_version_info < _CHECKS_TABLES:
        return ["1"]
    rows = connection.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%' LIMIT ?", (MAX_OBJECTS,)
    ).fetchall()
    return [f'"{str(name).replace(chr(34), chr(34) * 2)}"' for (name,) in rows] or ["1"]


def _unless_others_write(connection: sqlite3.Connection, query: str, *, waits: bool) -> Any:
    """Give the first row of a query; one that was stopped for a writer of this process begins again after it."""
    while True:
        try:
            return connection.execute(query).fetchone()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT or not (waits and _writers):
                raise
        while _writers:
            sleep(_WRITER_SECONDS)


def find_damage(
    connection: sqlite3.Connection,
    path: Path,
    *,
    with_indexes: bool = False,
    is_apart: bool = False,
    seconds: float = CHECK_SECONDS,
) -> None:
    """Search the whole file for damage.

    Args:
        with_indexes: whether the indexes are compared with their tables, which takes longer.
        is_apart: whether tables are looked through one by one, so that who wants to write waits for one of them, not for
            the whole of a large file, and who writes `before_search` for none. A page that two tables claim is not found then.

    Raises:
        CatalogDamaged: SQLite found some; the message says what.
    """
    allow_all(connection)
    check = "integrity_check" if with_indexes else "quick_check"
    try:
        parts = _checked_apart(connection) if is_apart else ["1"]
        with time_limit(connection, seconds, gives_way=is_apart):
            for what in parts:
                row = _unless_others_write(connection, f"PRAGMA {check}({what})", waits=is_apart)
                if row is None or row[0] != "ok":
                    break
    finally:
        allow_reading(connection)
    if row is None or row[0] != "ok":
        detail = ascii(str(row[0] if row else ""))[1:100].replace("\\n", " ")
        raise CatalogDamaged(f"{ascii_path(path)} is damaged: {detail}", remedy="Copy it again from its source.")
