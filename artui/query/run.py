"""One run: everything about it but its points."""

from __future__ import annotations

import contextlib
import json
import math
import sqlite3
from typing import Any

import orjson

from artui.errors import UnknownReference
from artui.model import Metric, Param, ParamType, RunDetail, Summary, Tag
from artui.query import Reader
from artui.query.keys import without_collecting
from artui.query.runs import HEAD_COLUMNS, head_from_row, param_value
from artui.query.spooled import metric_order, pending, with_pending


def get_run(reader: Reader, run_id: str, *, max_metrics: int | None = None) -> RunDetail:
    """Give everything about one run but its points; of its metrics at most so many, the first ones.

    Raises:
        UnknownReference: there is no run of that id.
    """
    from artui.query.artifacts import version_heads

    with reader.snapshot() as connection:
        row = connection.execute(
            f"""
            SELECT {HEAD_COLUMNS}, r.note, r.error, r.user, r.host, r.command, r.directory, r.python, r.git_commit, r.git_branch, r.git_dirty
            FROM run AS r
            JOIN project AS p ON p.key = r.project_key
            WHERE r.id = :id
            """,
            {"id": run_id},
        ).fetchone()
        if row is None:
            raise UnknownReference(f"There is no run {run_id}.", remedy="`artui ls` lists them.")
        key, (note, error, user, host, command, directory, python, commit, branch, dirty) = row[0], row[11:]
        children = connection.execute(
            f"SELECT {HEAD_COLUMNS} FROM run AS r JOIN project AS p ON p.key = r.project_key WHERE r.parent_id = :id ORDER BY r.started_ms, r.key LIMIT 500",
            {"id": run_id},
        ).fetchall()
        metrics = _metrics(reader, connection, key, run_id, max_metrics)
        return RunDetail(
            head=head_from_row(row),
            note=str(note), error=str(error), user=str(user), host=str(host), command=_command(command), directory=str(directory), python=str(python),
            git_commit=str(commit), git_branch=str(branch), git_is_dirty=None if dirty is None else bool(dirty),
            params=tuple(run_params(connection, key)),
            tags=tuple(
                Tag(name, value)
                for name, value in connection.execute(
                    "SELECT n.text, t.value FROM tag AS t JOIN name AS n ON n.key = t.name_key WHERE t.run_key = :run ORDER BY n.text", {"run": key}
                )
            ),
            metrics=metrics,
            metric_count=max(len(metrics), _count_metrics(connection, key)),
            children=tuple(head_from_row(child) for child in children),
            inputs=tuple(version_heads(connection, "SELECT source_key FROM edge WHERE relation = 1 AND target_key = :key", {"key": key})),
            outputs=tuple(version_heads(connection, "SELECT target_key FROM edge WHERE relation = 0 AND source_key = :key", {"key": key})),
            context=run_context(connection, key) if reader.schema_version >= 2 else {},
        )  # fmt: skip


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
    found: dict[str, Any] = {}
    for name, content in connection.execute(
        "SELECT name, content FROM context WHERE run_key = :run ORDER BY name LIMIT 200", {"run": run_key}
    ):
        with contextlib.suppress(ValueError, TypeError, RecursionError):
            found[str(name)] = json.loads(content)
    return found


def run_params(connection: sqlite3.Connection, run_key: int) -> list[Param]:
    """Read the params of a run, in the order in which their names came into the catalog."""
    return [
        Param(
            name,
            param_value(kind, number, text),
            ParamType(kind) if kind in (0, 1, 2, 3) else ParamType.TEXT,
        )
        for name, kind, number, text in connection.execute(
            "SELECT n.text, p.type, p.number, p.text FROM param AS p JOIN name AS n ON n.key = p.name_key WHERE p.run_key = :run ORDER BY p.name_key",
            {"run": run_key},
        )
    ]


RUN_METRICS = """
    SELECT s.key, n.text, s.labels, s.count, s.finite_count, s.first, s.last, s.min, s.max, s.sum, s.min_step, s.max_step,
           s.first_step, s.last_step, s.first_ms, s.last_ms, s.nan_count, s.positive_inf_count, s.negative_inf_count
    FROM series AS s
    JOIN name AS n ON n.key = s.name_key
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
    return Metric(key, name, labels, Summary(count, finite, first, last, low, high, mean, *places))


def _metric(row: tuple[Any, ...]) -> Metric:
    key, name, labels, count, finite, first, last, low, high, added, min_step, max_step, *places = row
    low, high, finite = _number(low), _number(high), _integer(finite) or 0
    summary = Summary(
        _integer(count) or 0, finite, _or_nan(first), _or_nan(last), low, high, mean_of(_number(added), finite, low, high),
        _integer(min_step), _integer(max_step), *(_integer(cell) or 0 for cell in places),
    )  # fmt: skip
    return Metric(key, str(name), str(labels), summary)


def mean_of(added: float | None, count: int, low: float | None, high: float | None) -> float | None:
    """Give the mean of so many finite values, which lies between the extremes; None if their sum is not known."""
    if not count or added is None or low is None or high is None or not math.isfinite(added):
        return None
    return min(max(added / count, low), high)


def _or_nan(cell: Any) -> float:
    value = _number(cell)
    return math.nan if value is None else value


def _number(cell: Any) -> float | None:
    return float(cell) if isinstance(cell, int | float) else None


def _integer(cell: Any) -> int | None:
    return cell if isinstance(cell, int) else None


def _command(text: Any) -> tuple[str, ...]:
    try:
        return tuple(str(part) for part in orjson.loads(str(text)))
    except (ValueError, TypeError):
        return (str(text),)
