"""The journal of what people changed, and the changes themselves.

Each change of a name, note, tag or alias, and each deletion, is one event with what was there before and
after, written in the same transaction as the change. Nothing in the journal is ever altered.
"""

from __future__ import annotations

import getpass
import os
import socket
import sqlite3
import time
from typing import Any

import orjson

from artui.catalog import Catalog
from artui.catalog.ids import new_id
from artui.errors import UnknownReference


def author() -> str:
    """Name who makes a change: `user@host`."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid()) if hasattr(os, "getuid") else "unknown"
    return f"{user}@{socket.gethostname()}"


def record(
    connection: sqlite3.Connection, *, action: str, subject: str, subject_id: str, before: Any, after: Any
) -> None:
    """Add an event. `subject` is `run`, `artifact` or `version`; before and after are any JSON."""
    connection.execute(
        "INSERT INTO event (id, time_ms, author, action, subject, subject_id, before, after) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            new_id(),
            time.time_ns() // 1_000_000,
            author(),
            action,
            subject,
            subject_id,
            orjson.dumps(before).decode(),
            orjson.dumps(after).decode(),
        ),
    )


def set_note(catalog: Catalog, run_id: str, text: str) -> None:
    """Replace a run's note."""
    _change_run(catalog, run_id, "note", text)


def rename(catalog: Catalog, run_id: str, name: str) -> None:
    """Give a run another name."""
    _change_run(catalog, run_id, "name", name)


def _change_run(catalog: Catalog, run_id: str, column: str, value: str) -> None:
    from artui.catalog.runs import searchable, storable

    value = storable(value)
    with catalog.transaction() as connection:
        row = connection.execute(f"SELECT key, {column} FROM run WHERE id = ?", (run_id,)).fetchone()
        if row is None:
            raise UnknownReference(f"There is no run {run_id}.", remedy="`artui ls` lists them.")
        if row[1] == value:
            return
        with searchable(connection, row[0]):
            connection.execute(f"UPDATE run SET {column} = ? WHERE key = ?", (value, row[0]))
        record(connection, action=column, subject="run", subject_id=run_id, before=row[1], after=value)


def tag(catalog: Catalog, run_id: str, name: str, value: str = "") -> None:
    """Put a tag on a run, or change its value."""
    from artui.catalog.runs import name_key, searchable, storable

    name, value = storable(name), storable(value)
    with catalog.transaction() as connection:
        run_key = _run_key(connection, run_id)
        key = name_key(connection, name)
        row = connection.execute("SELECT value FROM tag WHERE run_key = ? AND name_key = ?", (run_key, key)).fetchone()
        if row is not None and row[0] == value:
            return
        with searchable(connection, run_key):
            connection.execute(
                "INSERT OR REPLACE INTO tag (run_key, name_key, value) VALUES (?, ?, ?)",
                (run_key, key, value),
            )
        record(
            connection,
            action="tag",
            subject="run",
            subject_id=run_id,
            before=[name, row[0]] if row else None,
            after=[name, value],
        )


def untag(catalog: Catalog, run_id: str, name: str) -> None:
    """Take a tag off a run."""
    from artui.catalog.runs import name_key, searchable, storable

    name = storable(name)
    with catalog.transaction() as connection:
        run_key = _run_key(connection, run_id)
        key = name_key(connection, name)
        row = connection.execute("SELECT value FROM tag WHERE run_key = ? AND name_key = ?", (run_key, key)).fetchone()
        if row is None:
            return
        with searchable(connection, run_key):
            connection.execute("DELETE FROM tag WHERE run_key = ? AND name_key = ?", (run_key, key))
        record(connection, action="tag", subject="run", subject_id=run_id, before=[name, row[0]], after=None)


def move_alias(catalog: Catalog, version_id: str, alias: str) -> None:
    """Let an alias name this version; whatever it named before loses it."""
    with catalog.transaction() as connection:
        row = connection.execute(
            "SELECT v.key, v.artifact_key, a.id, v.number FROM version AS v JOIN artifact AS a ON a.key = v.artifact_key WHERE v.id = ?",
            (version_id,),
        ).fetchone()
        if row is None:
            raise UnknownReference(
                f"There is no version {version_id}.", remedy="`artui ls --artifacts` lists artifacts."
            )
        version_key, artifact_key, artifact_id, number = row
        before = connection.execute(
            "SELECT v.id, v.number FROM alias AS l JOIN version AS v ON v.key = l.version_key WHERE l.artifact_key = ? AND l.name = ?",
            (artifact_key, alias),
        ).fetchone()
        if before is not None and before[0] == version_id:
            return
        connection.execute(
            "INSERT OR REPLACE INTO alias (artifact_key, name, version_key) VALUES (?, ?, ?)",
            (artifact_key, alias, version_key),
        )
        record(
            connection, action="alias", subject="artifact", subject_id=artifact_id,
            before=[alias, *before] if before else None, after=[alias, version_id, number],
        )  # fmt: skip


def _run_key(connection: sqlite3.Connection, run_id: str) -> int:
    row = connection.execute("SELECT key FROM run WHERE id = ?", (run_id,)).fetchone()
    if row is None:
        raise UnknownReference(f"There is no run {run_id}.", remedy="`artui ls` lists them.")
    return int(row[0])
