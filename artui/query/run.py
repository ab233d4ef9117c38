"""One run: everything about it but its points."""

from __future__ import annotations

import json
import math
import sqlite3
from dataclasses import replace
from typing import Any

from artui.catalog import cells as cell_of
from artui.errors import UnknownReference
from artui.model import DAMAGED, Damage, Metric, Param, ParamType, RunDetail, Summary, Tag
from artui.query import Reader
from artui.query.border import Shape
from artui.query.damage import run_damage
from artui.query.keys import without_collecting
from artui.query.runs.order import HEAD_COLUMNS, head_from_row, param_value
from artui.query.series.spooled import metric_order, pending, with_pending


def get_run(reader: Reader, run_id: str, *, max_metrics: int | None = None) -> RunDetail:
    """Give everything about one run but its points; of its metrics at most so many, the first ones.

    Raises:
        UnknownReference: there is no run of that id.
    """
    from artui.query.artifacts import version_heads

    with reader.snapshot() as connection:
        row = connection.execute(
            f"""
            SELECT {HEAD_COLUMNS}, r.note, r.error, r.user, r.host, r.directory, r.python, r.git_commit, r.git_branch, r.git_dirty, r.command
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
        parts |= {word: any(each.damaged for each in found) for word, found in (("params", params), ("tags", tags), ("metrics", metrics))}  # fmt: skip
        children = connection.execute(
            f"SELECT {HEAD_COLUMNS} FROM run AS r LEFT JOIN project AS p ON p.key = r.project_key WHERE r.parent_id = :id ORDER BY r.started_ms, r.key LIMIT 500",
            {"id": run_id},
        ).fetchall()
        damaged = dict.fromkeys(word for word, is_damaged in parts.items() if is_damaged)
        damaged |= dict.fromkeys(run_damage(reader, connection, [key]).get(key, ()))
        head = head_from_row(row)
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
            inputs=tuple(version_heads(connection, "SELECT source_key FROM edge WHERE relation = 1 AND target_key = :key", {"key": key})),
            outputs=tuple(version_heads(connection, "SELECT target_key FROM edge WHERE relation = 0 AND source_key = :key", {"key": key})),
            context=context,
        )  # fmt: skip


_DETAILS = Shape(RunDetail, "note error user host directory python git_commit git_branch git_is_dirty")
_SUMMARIES = Shape(
    Summary,
    "count finite_count first last min max mean min_step max_step first_step last_step first_ms last_ms "
    "nan_count positive_inf_count negative_inf_count",
    may_lack="first last",
)
_TAGS = Shape(Tag, "name value")


def _metrics(
    reader: Reader, connection: sqlite3.Connection, run_key: int, run_id: str, max_metrics: int | None
) -> tuple[Metric, ...]:
    later = pending(reader, connection)
    # What is not in the catalog yet has its place among all.
    limit = None if any(owner == run_id for owner, _, _ in later) else max_metrics
    return tuple(with_pending(run_metrics(connection, run_key, limit=limit), run_id, later)[:max_metrics])


def _count_metrics(connection: sqlite3.Connection, run_key: int) -> int:
    return int(connection.execute("SELECT count(*) FROM series WHERE run_key = :run", {"run": run_key}).fetchone()[0])


def run_context(connection: sqlite3.Connection, run_key: int) -> dict[str, Any]:
    """Read what surrounded a run, by subject; what is no JSON is left out."""
    return _context(connection, run_key)[0]


def _context(connection: sqlite3.Connection, run_key: int) -> tuple[dict[str, Any], Damage]:
    """Read what surrounded a run, and name the subjects that are no JSON."""
    found: dict[str, Any] = {}
    damaged: list[str] = []
    for name, content in connection.execute(
        "SELECT name, content FROM context WHERE run_key = :run ORDER BY name LIMIT 200", {"run": run_key}
    ):
        try:
            found[cell_of.text(name)] = json.loads(content)
        except (ValueError, TypeError, RecursionError):
            damaged.append(cell_of.text(name))
    return found, tuple(damaged)


def _tags(connection: sqlite3.Connection, run_key: int) -> list[Tag]:
    query = (
        "SELECT n.text, t.value FROM tag AS t LEFT JOIN name AS n ON n.key = t.name_key "
        "WHERE t.run_key = :run ORDER BY n.text"
    )
    return [_TAGS.made(row) for row in connection.execute(query, {"run": run_key})]


def run_params(connection: sqlite3.Connection, run_key: int) -> list[Param]:
    """Read the params of a run, in the order in which their names came into the catalog."""
    found = []
    for name, kind, number, text in connection.execute(
        "SELECT n.text, p.type, p.number, p.text FROM param AS p LEFT JOIN name AS n ON n.key = p.name_key WHERE p.run_key = :run ORDER BY p.name_key",
        {"run": run_key},
    ):
        value = param_value(kind, number, text)
        # The very object: a param may well have the value "damaged".
        damaged = ("value",) if value is DAMAGED else ()
        found.append(Param(cell_of.text(name), value, _type(kind), damaged if isinstance(name, str) else ("name", *damaged)))  # fmt: skip
    return found


def _type(kind: Any) -> ParamType:
    return ParamType(kind) if kind in (0, 1, 2, 3) else ParamType.TEXT


RUN_METRICS = """
    SELECT s.key, n.text, s.labels, s.count, s.finite_count, s.first, s.last, s.min, s.max, s.sum, s.min_step, s.max_step,
           s.first_step, s.last_step, s.first_ms, s.last_ms, s.nan_count, s.positive_inf_count, s.negative_inf_count
    FROM series AS s
    LEFT JOIN name AS n ON n.key = s.name_key
    WHERE s.run_key = :run
    ORDER BY n.text >= 'system/' AND n.text < 'system0', n.text, s.labels
    LIMIT :limit
"""
"""In the order of `metric_order`."""
_USUAL = (int, str, str, int, int, float, float, float, float, float, *[int] * 9)
"""The types of a row that needs no look at each cell: all but a few of them."""


def run_metrics(connection: sqlite3.Connection, run_key: int, *, limit: int | None = None) -> list[Metric]:
    """Read the metrics of a run with their summaries, in order; the first `limit`."""
    with without_collecting():
        rows = connection.execute(RUN_METRICS, {"run": run_key, "limit": -1 if limit is None else limit}).fetchall()
        metrics = [_usual_metric(*row) if tuple(map(type, row)) == _USUAL else _metric(row) for row in rows]
        if all(type(row[1]) is str and type(row[2]) is str for row in rows):
            return metrics
    # Names of odd types are sorted by SQLite as what they are, and here as texts.
    return sorted(metrics, key=metric_order)


def _usual_metric(key: int, name: str, labels: str, count: int, finite: int, first: float, last: float, low: float, high: float, added: float, *places: int) -> Metric:  # fmt: skip
    mean = mean_of(added, finite, low, high)
    damaged = () if count == finite + places[-3] + places[-2] + places[-1] and count > 0 else ("counts",)
    return Metric(key, name, labels, Summary(count, finite, first, last, low, high, mean, *places), damaged)


def _metric(row: tuple[Any, ...]) -> Metric:
    """Make a metric of a row with cells of other types than usual: none where no point says it, or damaged ones."""
    key, name, labels, *cells = row
    added = cells.pop(6)
    told, damaged = _SUMMARIES.cells_of([*cells[:6], None, *cells[6:]])
    count, finite, _, _, low, high, *_, nans, positive_infs, negative_infs = told
    told[6] = mean_of(cell_of.number(added), finite, low, high)
    if not damaged and count != finite + nans + positive_infs + negative_infs:
        damaged = ("counts",)
    texts = {"name": name, "labels": labels, "sum": "" if added is None or isinstance(added, float) else None}
    damaged = (*(word for word, cell in texts.items() if not isinstance(cell, str)), *damaged)
    return Metric(key, cell_of.text(name), cell_of.text(labels), Summary(*told), damaged)


def mean_of(added: float | None, count: int, low: float | None, high: float | None) -> float | None:
    """Give the mean of so many finite values, which lies between the extremes; None if their sum is not known."""
    if not count or added is None or low is None or high is None or not math.isfinite(added):
        return None
    return min(max(added / count, low), high)
