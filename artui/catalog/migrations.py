"""The schema: one numbered function for each change.

Tables are singular and keyed by small integers; views are plural and readable: they are what `sqlite3`,
sqlite-utils and Datasette should look at. The known text of each schema version is also the gate for
catalogs from elsewhere: whatever differs from it is refused before anything else runs.
"""

from __future__ import annotations

import sqlite3
from textwrap import dedent

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
)
from artui.catalog.transactions import immediate_transaction
from artui.errors import NotACatalog


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

    @migrations()
    def m0001_first_schema(db: Database) -> None:
        for statement in SCHEMA_0001:
            db.conn.execute(dedent(statement).strip())
        db.conn.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.conn.execute("PRAGMA user_version = 1")

    @migrations()
    def m0002_spool_and_context(db: Database) -> None:
        for statement in SCHEMA_0002:
            db.conn.execute(dedent(statement).strip())
        db.conn.execute("PRAGMA user_version = 2")

    @migrations()
    def m0003_imported(db: Database) -> None:
        for statement in SCHEMA_0003:
            db.conn.execute(dedent(statement).strip())
        db.conn.execute("PRAGMA user_version = 3")

    @migrations()
    def m0004_indexes(db: Database) -> None:
        for statement in SCHEMA_0004:
            db.conn.execute(dedent(statement).strip())
        db.conn.execute("PRAGMA user_version = 4")

    @migrations()
    def m0005_origins_and_seals(db: Database) -> None:
        for statement in SCHEMA_0005:
            db.conn.execute(dedent(statement).strip())
        db.conn.execute("PRAGMA user_version = 5")

    @migrations()
    def m0006_the_life_of_versions(db: Database) -> None:
        for statement in SCHEMA_0006:
            db.conn.execute(dedent(statement).strip())
        db.conn.execute("PRAGMA user_version = 6")

    @migrations()
    def m0007_profiles(db: Database) -> None:
        for statement in SCHEMA_0007:
            db.conn.execute(dedent(statement).strip())
        db.conn.execute("PRAGMA user_version = 7")

    # Replacing a table would delete the rows that refer to it. This has no effect inside a transaction.
    connection.execute("PRAGMA foreign_keys = 0")
    try:
        # A second process waits here, and then finds nothing left to do.
        with immediate_transaction(connection):
            # Our connection, none of sqlite-utils' plug-ins, no recursive triggers: see the arguments' defaults.
            migrations.apply(Database(connection, execute_plugins=False, recursive_triggers=False))
    finally:
        connection.execute("PRAGMA foreign_keys = 1")
