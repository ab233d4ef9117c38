"""What is new, changed and gone between two catalogs, thing by thing and field by field.

Runs, versions and saved views are paired by their ids, whatever their rows' numbers are. Things whose seals are the same are
the same, and are not looked into.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from artui.catalog import cells
from artui.catalog.fields import detail_of
from artui.catalog.pairing import side_by_side
from artui.catalog.seals import SCHEMA_VERSION as SEALED_SINCE
from artui.model import STAGES, STATUSES
from artui.query.reader import Reader
from artui.query.wording import value_text

Kind = Literal["run", "version", "view"]
Standing = Literal["new", "changed", "gone"]


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field that differs."""

    name: str
    """`note`, `param lr`, `metric val/loss` …"""
    before: str | None
    """None where it was not there."""
    after: str | None


@dataclass(frozen=True, slots=True)
class ThingChange:
    """A run, a version or a saved view that is not the same in both catalogs."""

    kind: Kind
    id: str
    name: str
    standing: Standing
    fields: tuple[FieldChange, ...] = ()
    """Of one that is in both, what differs."""


_RUN = (
    "name", "status", "stage", "started_ms", "ended_ms", "duration_ms", "deleted_ms", "parent_id", "user", "host", "git_commit", "git_branch", "git_dirty",
    "python", "directory", "command", "note", "error", "source",
)  # fmt: skip
_VERSION = (
    "number",
    "digest",
    "size_bytes",
    "file_count",
    "created_ms",
    "deleted_ms",
    "storage",
    "location",
    "host",
    "note",
    "metadata",
)
_HEADS = {
    "run": "SELECT r.id, r.key, {seal}, r.name FROM run AS r ORDER BY r.id",
    "version": "SELECT v.id, v.key, {seal}, a.name || ':v' || v.number FROM version AS v JOIN artifact AS a ON a.key = v.artifact_key ORDER BY v.id",
    "view": "SELECT name, name, NULL, name FROM saved_view ORDER BY name",
}
_FIELDS: Mapping[str, tuple[str, ...]] = {
    "run": (
        f"SELECT {', '.join(f'r.{column} AS {column}' for column in _RUN)}, p.name AS project FROM run AS r JOIN project AS p ON p.key = r.project_key WHERE r.key = :key",
        "SELECT 'param ' || n.text, coalesce(t.text, t.number) FROM param AS t JOIN name AS n ON n.key = t.name_key WHERE t.run_key = :key",
        "SELECT 'tag ' || n.text, t.value FROM tag AS t JOIN name AS n ON n.key = t.name_key WHERE t.run_key = :key",
        "SELECT 'context ' || t.name, t.content FROM context AS t WHERE t.run_key = :key",
        "SELECT 'metric ' || n.text || CASE s.labels WHEN '' THEN '' ELSE ' {' || s.labels || '}' END, s.count || ' points, mean ' || coalesce(s.sum / nullif(s.finite_count, 0), 'NaN') || ', last ' || coalesce(s.last, 'NaN') || ' at step ' || s.last_step "
        "FROM series AS s JOIN name AS n ON n.key = s.name_key WHERE s.run_key = :key",
        "SELECT CASE e.relation WHEN 0 THEN 'output ' ELSE 'input ' END || a.name || ':v' || v.number || ' ' || v.id, 'yes' FROM edge AS e "
        "JOIN version AS v ON v.key = CASE e.relation WHEN 0 THEN e.target_key ELSE e.source_key END JOIN artifact AS a ON a.key = v.artifact_key "
        "WHERE (e.relation = 0 AND e.source_key = :key) OR (e.relation = 1 AND e.target_key = :key)",
    ),
    "version": (
        f"SELECT {', '.join(f'v.{column} AS {column}' for column in _VERSION)}, a.name AS artifact, a.kind AS kind, a.stage AS stage, p.name AS project "
        "FROM version AS v JOIN artifact AS a ON a.key = v.artifact_key JOIN project AS p ON p.key = a.project_key WHERE v.key = :key",
        "SELECT 'alias ' || l.name, 'yes' FROM alias AS l WHERE l.version_key = :key",
        "SELECT 'fact ' || f.name, f.value FROM version AS v JOIN fact AS f ON f.artifact_key = v.artifact_key AND f.version_key IN (0, v.key) WHERE v.key = :key ORDER BY f.version_key",
        "SELECT 'retired', t.time_ms FROM retirement AS t WHERE t.version_key = :key",
        "SELECT 'content removed', d.time_ms FROM removal AS d WHERE d.version_key = :key",
        "SELECT 'file ' || f.path, f.size_bytes || ' bytes ' || coalesce(lower(hex(f.digest)), f.link_target, '') || CASE WHEN f.blob_key IS NULL THEN '' ELSE ', stored here' END "
        "FROM file AS f WHERE f.version_key = :key",
        "SELECT 'preview ' || w.path, w.content FROM preview AS w WHERE w.version_key = :key",
        "SELECT 'of ' || a.name || ':v' || o.number || ' ' || o.id, 'yes' FROM edge AS e JOIN version AS o ON o.key = e.source_key JOIN artifact AS a ON a.key = o.artifact_key "
        "WHERE e.relation > 1 AND e.target_key = :key",
    ),
    "view": ("SELECT screen, content FROM saved_view WHERE name = :key",),
}  # fmt: skip
_IN_THE_JOURNAL = """
    SELECT e.action, e.before, e.after
    FROM event AS e
    WHERE e.subject_id = :id AND e.action IN ('approve', 'criterion', 'waive', 'release', 'incident')
    ORDER BY {order}, e.id
"""
"""What no table has: who approves a version, what a requirement asks for, what a version may miss, and what was released and went wrong where."""


def catalog_difference(first: Reader, second: Reader) -> list[ThingChange]:
    """Say what is new in the second catalog, what differs, and what only the first one has; runs first, then versions and views."""
    with first.snapshot() as before, second.snapshot() as after:
        seal = "NULL" if min(first.schema_version, second.schema_version) < SEALED_SINCE else "seal"
        # Before schema 5 events had no stamp.
        order = "e.time_ms" if seal == "NULL" else "e.stamp"
        return [change for kind in _HEADS for change in _changes(before, after, kind, seal, order)]


def _changes(
    before: sqlite3.Connection, after: sqlite3.Connection, kind: Any, seal: str, order: str
) -> Iterator[ThingChange]:
    query = _HEADS[kind].format(seal=seal)
    for one, other in side_by_side(before.execute(query), after.execute(query)):
        if one is None or other is None:
            row = one or other or ("", 0, None, "")
            yield ThingChange(kind, cells.text(row[0]), cells.text(row[3]), "new" if one is None else "gone")
            continue
        said = _in_the_journal(before, one[0], order), _in_the_journal(after, other[0], order)
        if kind != "view" and one[2] is not None and one[2] == other[2] and said[0] == said[1]:
            continue
        fields = tuple(_differing(_fields(before, kind, one[1]) | said[0], _fields(after, kind, other[1]) | said[1]))
        if fields:
            yield ThingChange(kind, cells.text(other[0]), cells.text(other[3]), "changed", fields)


def _in_the_journal(connection: sqlite3.Connection, thing_id: Any, order: str) -> dict[str, str]:
    said: dict[str, str] = {}
    for action, before, after in connection.execute(_IN_THE_JOURNAL.format(order=order), {"id": thing_id}):
        old, new = cells.list_of(before), cells.list_of(after)
        detail = detail_of(str(action), old, new)
        if detail is None:
            continue
        name = f"{_SAID_AS[str(action)]} {detail}"
        if new is None:
            said.pop(name, None)
        else:
            words = value_text(new, str(action)) if action in ("release", "incident") else None
            said[name] = words or " ".join(filter(None, map(str, new[1:]))) or "yes"
    return said


_SAID_AS = {
    "approve": "approved by",
    "criterion": "criterion",
    "waive": "may miss",
    "release": "release",
    "incident": "incident",
}


def _fields(connection: sqlite3.Connection, kind: str, key: Any) -> dict[str, str]:
    """Give all that is said of a thing, as texts by what they are."""
    own, *others = _FIELDS[kind]
    cursor = connection.execute(own, {"key": key})
    row = cursor.fetchone()
    names = [column[0] for column in cursor.description]
    fields = (
        {}
        if row is None
        else {name: _own_text(name, value) for name, value in zip(names, row, strict=True) if value not in (None, "")}
    )
    for query in others:
        fields |= {str(name): _text(value) for name, value in connection.execute(query, {"key": key})}
    return fields


def _own_text(name: str, value: Any) -> str:
    """Give what a column of a thing holds as people call it."""
    words = {"status": STATUSES, "stage": STAGES, "git_dirty": ("no", "yes")}.get(name)
    return words[value] if words is not None and isinstance(value, int) and 0 <= value < len(words) else _text(value)


def _text(value: Any) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)


def _differing(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[FieldChange]:
    for name in dict.fromkeys((*before, *after)):
        if before.get(name) != after.get(name):
            yield FieldChange(name, before.get(name), after.get(name))
