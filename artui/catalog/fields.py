"""The fields that people change, by the action that the journal has for each: how one is read, and how it is written.

The state of a field is plain JSON, as it stands before and after a change in the journal; None where there is none.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

import orjson

from artui.catalog import cells
from artui.catalog.standing import refuse_removed_run, refuse_removed_version
from artui.errors import UnknownReference

WITH_DETAIL = frozenset({"tag", "alias", "approve", "fact", "override", "criterion", "waive", "release", "incident"})
"""Actions on one of several things of a kind: the states before and after begin with which."""


def state_of(content: Any) -> Any:
    """Read a state as the journal has it; None where there is none, or what is there is damaged."""
    try:
        return orjson.loads(content)
    except (ValueError, TypeError):
        return None


def detail_of(action: str, before: Any, after: Any) -> str | None:
    """Say which tag, alias, approver or fact a change is of, by its states; empty for other actions, None if that cannot be told."""
    if action not in WITH_DETAIL:
        return ""
    named = after if after is not None else before
    return named[0] if isinstance(named, list) and named and isinstance(named[0], str) else None


class Moment(NamedTuple):
    """When a field is changed, and by whom."""

    time_ms: int
    stamp: int
    author: str


@dataclass(frozen=True, slots=True)
class Field:
    """One field: of what, and how it is read and written."""

    subject: str
    get: Callable[[sqlite3.Connection, str, str], Any]
    put: Callable[[sqlite3.Connection, str, str, Any, Moment], None]


def _run(connection: sqlite3.Connection, run_id: str, columns: str) -> tuple[Any, ...]:
    row = connection.execute(f"SELECT {columns} FROM run WHERE id = ?", (run_id,)).fetchone()
    if row is None:
        raise UnknownReference(f"There is no run {run_id}.", remedy="`artui ls` lists them.")
    return tuple(row)


def _column(name: str) -> Field:
    def get(connection: sqlite3.Connection, run_id: str, _: str) -> Any:
        return _run(connection, run_id, name)[0]

    def put(connection: sqlite3.Connection, run_id: str, _: str, value: Any, __: Moment) -> None:
        from artui.catalog.runs import searchable

        (key,) = _run(connection, run_id, "key")
        with searchable(connection, key, only="name"):
            connection.execute(f"UPDATE run SET {name} = ? WHERE key = ?", (value, key))

    return Field("run", get, put)


def _get_project(connection: sqlite3.Connection, run_id: str, _: str) -> Any:
    (key,) = _run(connection, run_id, "project_key")
    return connection.execute("SELECT name FROM project WHERE key = ?", (key,)).fetchone()[0]


def _put_project(connection: sqlite3.Connection, run_id: str, _: str, value: Any, __: Moment) -> None:
    from artui.catalog.runs import project_key

    connection.execute("UPDATE run SET project_key = ? WHERE id = ?", (project_key(connection, value), run_id))


def _get_trash(connection: sqlite3.Connection, run_id: str, _: str) -> Any:
    return _run(connection, run_id, "deleted_ms")[0]


def _put_trash(connection: sqlite3.Connection, run_id: str, _: str, value: Any, __: Moment) -> None:
    if value is None:
        refuse_removed_run(connection, run_id)
    connection.execute("UPDATE run SET deleted_ms = ? WHERE id = ?", (value, run_id))


def _get_tag(connection: sqlite3.Connection, run_id: str, name: str) -> Any:
    (key,) = _run(connection, run_id, "key")
    row = connection.execute(
        "SELECT t.value FROM tag AS t JOIN name AS n ON n.key = t.name_key WHERE t.run_key = ? AND n.text = ?",
        (key, name),
    ).fetchone()
    return [name, row[0]] if row is not None else None


def _put_tag(connection: sqlite3.Connection, run_id: str, name: str, value: Any, when: Moment) -> None:
    from artui.catalog.runs import name_key, searchable

    (key,) = _run(connection, run_id, "key")
    tag_key = name_key(connection, name)
    with searchable(connection, key, only="tags"):
        if value is None:
            connection.execute("DELETE FROM tag WHERE run_key = ? AND name_key = ?", (key, tag_key))
        else:
            connection.execute(
                "INSERT OR REPLACE INTO tag (run_key, name_key, value, stamp) VALUES (?, ?, ?, ?)",
                (key, tag_key, value[1], when.stamp),
            )


def _get_alias(connection: sqlite3.Connection, artifact_id: str, alias: str) -> Any:
    row = connection.execute(
        "SELECT v.id, v.number FROM alias AS l JOIN artifact AS a ON a.key = l.artifact_key JOIN version AS v ON v.key = l.version_key "
        "WHERE a.id = ? AND l.name = ?",
        (artifact_id, alias),
    ).fetchone()
    return [alias, *row] if row is not None else None


def _put_alias(connection: sqlite3.Connection, artifact_id: str, alias: str, value: Any, when: Moment) -> None:
    if value is None:
        connection.execute(
            "DELETE FROM alias WHERE name = ? AND artifact_key = (SELECT key FROM artifact WHERE id = ?)",
            (alias, artifact_id),
        )
        return
    row = connection.execute("SELECT key, artifact_key FROM version WHERE id = ?", (value[1],)).fetchone()
    if row is None:
        raise UnknownReference(f"There is no version {value[1]}.", remedy="`artui ls --artifacts` lists artifacts.")
    connection.execute(
        "INSERT OR REPLACE INTO alias (artifact_key, name, version_key, stamp) VALUES (?, ?, ?, ?)",
        (row[1], alias, row[0], when.stamp),
    )


def _version_key(connection: sqlite3.Connection, version_id: str) -> int:
    row = connection.execute("SELECT key FROM version WHERE id = ?", (version_id,)).fetchone()
    if row is None:
        raise UnknownReference(f"There is no version {version_id}.", remedy="`artui ls --artifacts` lists artifacts.")
    return int(row[0])


def _get_retirement(connection: sqlite3.Connection, version_id: str, _: str) -> Any:
    key = _version_key(connection, version_id)
    row = connection.execute("SELECT time_ms FROM retirement WHERE version_key = ?", (key,)).fetchone()
    return row[0] if row is not None else None


def _put_retirement(connection: sqlite3.Connection, version_id: str, _: str, value: Any, __: Moment) -> None:
    key = _version_key(connection, version_id)
    if value is None:
        connection.execute("DELETE FROM retirement WHERE version_key = ?", (key,))
    else:
        connection.execute("INSERT OR REPLACE INTO retirement (version_key, time_ms) VALUES (?, ?)", (key, value))


def _get_deletion(connection: sqlite3.Connection, version_id: str, _: str) -> Any:
    key = _version_key(connection, version_id)
    return connection.execute("SELECT deleted_ms FROM version WHERE key = ?", (key,)).fetchone()[0]


def _put_deletion(connection: sqlite3.Connection, version_id: str, _: str, value: Any, __: Moment) -> None:
    if value is None:
        refuse_removed_version(connection, version_id)
    connection.execute("UPDATE version SET deleted_ms = ? WHERE id = ?", (value, version_id))


_LAST_APPROVAL = """
    SELECT after
    FROM event
    WHERE subject_id = :version AND action = 'approve' AND author = :author
    ORDER BY stamp DESC, id DESC
    LIMIT 1
"""


def _get_approval(connection: sqlite3.Connection, version_id: str, approver: str) -> Any:
    """Read whether somebody approves a version: the journal alone has that."""
    _version_key(connection, version_id)
    row = connection.execute(_LAST_APPROVAL, {"version": version_id, "author": approver}).fetchone()
    return cells.list_of(row[0]) if row is not None else None


def _put_approval(connection: sqlite3.Connection, version_id: str, approver: str, value: Any, __: Moment) -> None:
    """Do nothing: the event says it."""


_OF_ACTION = """
    SELECT before, after
    FROM event
    WHERE subject_id = :subject AND action = :action
    ORDER BY stamp DESC, id DESC
"""


def _in_the_journal(action: str) -> Field:
    """Make a field of versions that the journal alone has: whoever reads it reads the last event."""

    def get(connection: sqlite3.Connection, version_id: str, detail: str) -> Any:
        _version_key(connection, version_id)
        for row in connection.execute(_OF_ACTION, {"subject": version_id, "action": action}):
            before, after = map(cells.list_of, row)
            if detail_of(action, before, after) == detail:
                return after
        return None

    def put(connection: sqlite3.Connection, version_id: str, detail: str, value: Any, when: Moment) -> None:
        """Do nothing: the event says it."""

    return Field("version", get, put)


def _get_fact(connection: sqlite3.Connection, artifact_id: str, name: str) -> Any:
    row = connection.execute(
        "SELECT f.value FROM fact AS f JOIN artifact AS a ON a.key = f.artifact_key WHERE a.id = ? AND f.version_key = 0 AND f.name = ?",
        (artifact_id, name),
    ).fetchone()
    return [name, row[0]] if row is not None else None


def _put_fact(connection: sqlite3.Connection, artifact_id: str, name: str, value: Any, __: Moment) -> None:
    row = connection.execute("SELECT key FROM artifact WHERE id = ?", (artifact_id,)).fetchone()
    if row is None:
        raise UnknownReference(f"There is no artifact {artifact_id}.", remedy="`artui ls --artifacts` lists them.")
    _write_fact(connection, row[0], 0, name, value)


def _get_override(connection: sqlite3.Connection, version_id: str, name: str) -> Any:
    key = _version_key(connection, version_id)
    row = connection.execute("SELECT value FROM fact WHERE version_key = ? AND name = ?", (key, name)).fetchone()
    return [name, row[0]] if row is not None else None


def _put_override(connection: sqlite3.Connection, version_id: str, name: str, value: Any, __: Moment) -> None:
    key = _version_key(connection, version_id)
    (artifact_key,) = connection.execute("SELECT artifact_key FROM version WHERE key = ?", (key,)).fetchone()
    _write_fact(connection, artifact_key, key, name, value)


def _write_fact(connection: sqlite3.Connection, artifact_key: int, version_key: int, name: str, value: Any) -> None:
    if value is None:
        connection.execute(
            "DELETE FROM fact WHERE artifact_key = ? AND version_key = ? AND name = ?",
            (artifact_key, version_key, name),
        )
    else:
        connection.execute(
            "INSERT OR REPLACE INTO fact (artifact_key, version_key, name, value) VALUES (?, ?, ?, ?)",
            (artifact_key, version_key, name, value[1]),
        )


def _get_view(connection: sqlite3.Connection, name: str, _: str) -> Any:
    row = connection.execute("SELECT screen, content FROM saved_view WHERE name = ?", (name,)).fetchone()
    return list(row) if row is not None else None


def _put_view(connection: sqlite3.Connection, name: str, _: str, value: Any, when: Moment) -> None:
    if value is None:
        connection.execute("DELETE FROM saved_view WHERE name = ?", (name,))
    else:
        connection.execute(
            "INSERT OR REPLACE INTO saved_view (name, screen, content, author, changed_ms) VALUES (?, ?, ?, ?, ?)",
            (name, *value, when.author, when.time_ms),
        )


def _version_row(connection: sqlite3.Connection, version_id: str, columns: str) -> tuple[Any, ...]:
    row = connection.execute(f"SELECT {columns} FROM version WHERE id = ?", (version_id,)).fetchone()
    if row is None:
        raise UnknownReference(f"There is no version {version_id}.", remedy="`artui ls --artifacts` lists artifacts.")
    return tuple(row)


def _get_place(connection: sqlite3.Connection, version_id: str, _: str) -> Any:
    storage, location, host, mark = _version_row(connection, version_id, "storage, location, host, mark")
    return [storage, location, host, mark.hex() if isinstance(mark, bytes) else ""]


def _put_place(connection: sqlite3.Connection, version_id: str, _: str, value: Any, __: Moment) -> None:
    storage, location, host, mark = value
    # A mark is put back as it was: only one that this installation made says anything to it.
    connection.execute(
        "UPDATE version SET storage = ?, location = ?, host = ?, mark = ? WHERE id = ?",
        (storage, location, host, bytes.fromhex(mark) or None, version_id),
    )


FIELDS: Mapping[str, Field] = MappingProxyType({
    "note": _column("note"),
    "name": _column("name"),
    "project": Field("run", _get_project, _put_project),
    "trash": Field("run", _get_trash, _put_trash),
    "tag": Field("run", _get_tag, _put_tag),
    "alias": Field("artifact", _get_alias, _put_alias),
    "retire": Field("version", _get_retirement, _put_retirement),
    "fact": Field("artifact", _get_fact, _put_fact),
    "override": Field("version", _get_override, _put_override),
    "approve": Field("version", _get_approval, _put_approval),
    "criterion": _in_the_journal("criterion"),
    "waive": _in_the_journal("waive"),
    "release": _in_the_journal("release"),
    "incident": _in_the_journal("incident"),
    "delete": Field("version", _get_deletion, _put_deletion),
    "view": Field("view", _get_view, _put_view),
    "place": Field("version", _get_place, _put_place),
})  # fmt: skip
"""By action: the words for what people change."""
