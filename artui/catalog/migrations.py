"""The schema: one numbered function for each change.

Tables are singular and keyed by small integers; views are plural and readable: they are what `sqlite3`,
sqlite-utils and Datasette should look at. The known text of each schema version is also the gate for
catalogs from elsewhere: whatever differs from it is refused before anything else runs.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from textwrap import dedent
from typing import TYPE_CHECKING

from artui.catalog.schema import (
    APPLICATION_ID,
    MIGRATION_SET,
    SCHEMA_0001,
    SCHEMA_0002,
    SCHEMA_0003,
    SCHEMA_0004,
    SCHEMA_0005,
    SCHEMA_0006,
    SCHEMA_0007,
    SCHEMA_0008,
    SCHEMA_0009,
)
from artui.catalog.transactions import immediate_transaction
from artui.errors import NotACatalog

if TYPE_CHECKING:
    from sqlite_utils import Database

MIGRATIONS = {
    "m0001_first_schema": SCHEMA_0001,
    "m0002_spool_and_context": SCHEMA_0002,
    "m0003_imported": SCHEMA_0003,
    "m0004_indexes": SCHEMA_0004,
    "m0005_origins_and_seals": SCHEMA_0005,
    "m0006_the_life_of_versions": SCHEMA_0006,
    "m0007_profiles": SCHEMA_0007,
    "m0008_stamps": SCHEMA_0008,
    "m0009_lifecycle": SCHEMA_0009,
}
"""The statements of each, in order: the last is of the newest schema."""

# As sqlite-utils makes it: it goes on from there.
_MADE_ALREADY = (
    """CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
)""",
    """CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name")""",
)


def fill(connection: sqlite3.Connection, *, version: int = len(MIGRATIONS)) -> None:
    """Give an empty file the newest schema, or an older one: what `migrate` would make of it, and without sqlite-utils.

    Importing that imports pandas wherever it is installed, which takes ten times as long as all else that a run needs
    to begin.
    """
    # Replacing a table would delete the rows that refer to it. This has no effect inside a transaction.
    connection.execute("PRAGMA foreign_keys = 0")
    try:
        with immediate_transaction(connection):
            for statement in _MADE_ALREADY:
                connection.execute(statement)
            for number, (name, statements) in list(enumerate(MIGRATIONS.items(), 1))[:version]:
                _apply(connection, number, statements)
                connection.execute(
                    "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES (?, ?, ?)",
                    (MIGRATION_SET, name, str(datetime.now(UTC))),
                )
    finally:
        connection.execute("PRAGMA foreign_keys = 1")


def migrate(connection: sqlite3.Connection) -> None:
    """Bring a writable catalog, or an empty file, to the newest schema.

    Raises:
        NotACatalog: the file is somebody else's.
    """
    from sqlite_utils import Database, Migrations

    application_id = connection.execute("PRAGMA application_id").fetchone()[0]
    if application_id not in (0, APPLICATION_ID):
        raise NotACatalog(f"application_id is {application_id:#010x}, not artui's.")

    migrations = Migrations(MIGRATION_SET)
    for version, (name, statements) in enumerate(MIGRATIONS.items(), 1):
        migrations(name=name)(_migration(version, statements))

    # Replacing a table would delete the rows that refer to it. This has no effect inside a transaction.
    connection.execute("PRAGMA foreign_keys = 0")
    try:
        # A second process waits here, and then finds nothing left to do.
        with immediate_transaction(connection):
            # Our connection, none of sqlite-utils' plug-ins, no recursive triggers: see the arguments' defaults.
            migrations.apply(Database(connection, execute_plugins=False, recursive_triggers=False))
    finally:
        connection.execute("PRAGMA foreign_keys = 1")


def _migration(version: int, statements: tuple[str, ...]) -> Callable[[Database], None]:
    def migration(db: Database) -> None:
        _apply(db.conn, version, statements)

    return migration


def _apply(connection: sqlite3.Connection, version: int, statements: tuple[str, ...]) -> None:
    for statement in statements:
        connection.execute(dedent(statement).strip())
    if version == 1:
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {version}")
