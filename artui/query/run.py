"""One run: everything about it but its points."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from artui.catalog import cells as cell_of
from artui.catalog.standing import REMOVED_POINTS
from artui.errors import UnknownReference
from artui.model import DAMAGED, Damage, Metric, Param, ParamType, RunDetail, Tag
from artui.query.border import Shape
from artui.query.damage import run_damage
from artui.query.heads import HEAD_COLUMNS, head_from_row, param_value
from artui.query.series.metrics import run_metrics
from artui.query.series.spooled import pending, with_pending

if TYPE_CHECKING:
    from artui.query.reader import Reader


def get_run(reader: Reader, run_id: str, *, max_metrics: int | None = None) -> RunDetail:
    """Give everything about one run but its points, and at most the first `max_metrics` metrics.

    Raises:
        UnknownReference: there is no run of that id.
    """
    from artui.query.artifacts import version_heads

    with reader.snapshot() as connection:
        row = connection.execute(
            f"""
            SELECT {HEAD_COLUMNS}, r.note, r.error, r.user, r.host, r.directory, r.python, r.git_commit, r.git_branch, r.git_dirty, r.deleted_ms, r.command
            FROM run AS r
            LEFT JOIN project AS p ON p.key = r.project_key
            WHERE r.id = :id
            """,
            {"id": run_id},
        ).fetchone()
        if row is None:
            raise UnknownReference(f"There is no run {run_id}.", remedy="`artui ls` lists them.")
        key, command = row[0], cell_of.list_of(row[-1])
        params, tags = run_params(connection, key), _tags(connection, key)
        metrics = _metrics(reader, connection, key, run_id, max_metrics)
        context, context_damage = _context(connection, key) if reader.schema_version >= 2 else ({}, ())
        parts = {"command": command is None, "context": bool(context_damage)}
        parts |= {word: any(thing.damaged for thing in things) for word, things in (("params", params), ("tags", tags), ("metrics", metrics))}  # fmt: skip
        children = connection.execute(
            f"SELECT {HEAD_COLUMNS} FROM run AS r LEFT JOIN project AS p ON p.key = r.project_key WHERE r.parent_id = :id ORDER BY r.started_ms, r.key LIMIT 500",
            {"id": run_id},
        ).fetchall()
        damaged = dict.fromkeys(word for word, is_damaged in parts.items() if is_damaged)
        damaged |= dict.fromkeys(run_damage(reader, connection, [key]).get(key, ()))
        head = head_from_row(row)
        is_deleted = row[-2] is not None
        return _DETAILS.made(
            row[11:-1],
            damaged=tuple(damaged),
            head=replace(head, damaged=tuple(dict.fromkeys((*head.damaged, *damaged)))),
            command=(DAMAGED,) if command is None else tuple(map(str, command)),
            params=tuple(params),
            tags=tuple(tags),
            metrics=metrics,
            metric_count=max(len(metrics), _count_metrics(connection, key)),
            children=tuple(head_from_row(child) for child in children),
            inputs=tuple(version_heads(connection, "SELECT source_key FROM edge WHERE relation = 1 AND target_key = :key", {"key": key}, with_deleted=True)),
            outputs=tuple(version_heads(connection, "SELECT target_key FROM edge WHERE relation = 0 AND source_key = :key", {"key": key}, with_deleted=True)),
            context=context,
            is_removed=is_deleted and connection.execute(REMOVED_POINTS, {"id": run_id}).fetchone() is not None,
        )  # fmt: skip


_DETAILS = Shape(RunDetail, "note error user host directory python git_commit git_branch git_is_dirty deleted_ms")
_TAGS = Shape(Tag, "name value")


def _metrics(
    reader: Reader, connection: sqlite3.Connection, run_key: int, run_id: str, max_metrics: int | None
) -> tuple[Metric, ...]:
    later = pending(reader, connection)
    # Metrics that are not in the catalog yet are sorted in among all others.
    limit = None if any(owner == run_id for owner, _, _ in later) else max_metrics
    return tuple(with_pending(run_metrics(connection, run_key, limit=limit), run_id, later)[:max_metrics])


def _count_metrics(connection: sqlite3.Connection, run_key: int) -> int:
    return int(connection.execute("SELECT count(*) FROM series WHERE run_key = :run", {"run": run_key}).fetchone()[0])


def _context(connection: sqlite3.Connection, run_key: int) -> tuple[dict[str, Any], Damage]:
    """Read what surrounded a run, and name the subjects that are not JSON."""
    context: dict[str, Any] = {}
    damaged: list[str] = []
    for name, content in connection.execute(
        "SELECT name, content FROM context WHERE run_key = :run ORDER BY name LIMIT 200", {"run": run_key}
    ):
        try:
            context[cell_of.text(name)] = json.loads(content)
        except (ValueError, TypeError, RecursionError):
            damaged.append(cell_of.text(name))
    return context, tuple(damaged)


def _tags(connection: sqlite3.Connection, run_key: int) -> list[Tag]:
    query = (
        "SELECT n.text, t.value FROM tag AS t LEFT JOIN name AS n ON n.key = t.name_key "
        "WHERE t.run_key = :run ORDER BY n.text"
    )
    return [_TAGS.made(row) for row in connection.execute(query, {"run": run_key})]


def run_params(connection: sqlite3.Connection, run_key: int) -> list[Param]:
    """Read the params of a run, in the order in which their names came into the catalog."""
    params = []
    for name, kind, number, text in connection.execute(
        "SELECT n.text, p.type, p.number, p.text FROM param AS p LEFT JOIN name AS n ON n.key = p.name_key WHERE p.run_key = :run ORDER BY p.name_key",
        {"run": run_key},
    ):
        value = param_value(kind, number, text)
        # Compared by identity: a param may have the value "damaged".
        damaged = ("value",) if value is DAMAGED else ()
        params.append(Param(cell_of.text(name), value, _type(kind), damaged if isinstance(name, str) else ("name", *damaged)))  # fmt: skip
    return params


def _type(kind: Any) -> ParamType:
    return ParamType(kind) if kind in (0, 1, 2, 3) else ParamType.TEXT
