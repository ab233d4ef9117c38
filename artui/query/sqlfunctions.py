"""SQL functions of a catalog's views: what is packed in a cell, what follows from the journal, and what is found anew each time it is read."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from itertools import groupby
from typing import Any

import orjson

from artui.catalog import cells
from artui.catalog.points import json_points

_PLAIN = (str, int, float, bool, type(None))


def register(connection: sqlite3.Connection) -> None:
    """Give a connection the functions that the views of a catalog call.

    - `points(payload, codec, count)`: JSON of `[step, time_ms, value]` triples.
    - `releases(events)`, `incidents(events)`, `criteria(events)`: JSON of what stands by some events of the journal.
    - `live_metrics(contents)`: JSON of the live metrics that windows have together, by name.
    - `verdicts(version_id, artifact_key)`: JSON of what is found of the criteria of a version of a requirement for the
      versions of an artifact.
    """
    connection.create_function("points", 3, json_points, deterministic=True)
    pure: dict[str, Callable[[Any], str]] = {"releases": _releases, "incidents": _incidents, "criteria": _criteria, "live_metrics": _live_metrics}  # fmt: skip
    for name, function in pure.items():
        connection.create_function(name, 1, function, deterministic=True)

    def verdicts(version_id: object, artifact_key: object) -> str:
        return _verdicts(connection, version_id, artifact_key)

    connection.create_function("verdicts", 2, verdicts)


def _listed(content: object) -> list[Any]:
    """Read a JSON list that comes as bytes; what in it is no UTF-8 is replaced, as in every text of a catalog."""
    text = content.decode("utf-8", "replace") if isinstance(content, bytes) else content
    return cells.list_of(text) or []


def _rows(events: object, width: int) -> list[list[Any]]:
    """Give the rows of a JSON list that have as many cells as they must; what is damaged is left out."""
    return [row for row in _listed(events) if isinstance(row, list) and len(row) == width]


def _json(rows: list[dict[str, Any]]) -> str:
    return orjson.dumps(rows).decode()


def _changes(events: object) -> list[list[Any]]:
    rows = _rows(events, 8)
    return sorted(rows, key=lambda row: (cells.integer(row[6]), cells.text(row[7])))


def _releases(events: object) -> str:
    from artui.catalog.deployments import said
    from artui.model.deployments import in_order

    releases, _ = said(row[:6] for row in _changes(events))
    return _json([
        {
            "id": one.release.id, "version_id": one.release.version_id, "named": one.release.named, "role": one.release.role, "share": one.share,
            "from_ms": one.release.from_ms or None, "to_ms": one.to_ms, "reason": one.release.reason, "approved_by": one.release.approved_by,
            "author": one.author, "recorded_ms": one.time_ms, "why": one.why,
        }
        for one in in_order(releases.values())
    ])  # fmt: skip


def _incidents(events: object) -> str:
    from artui.catalog.deployments import said

    _, incidents = said(row[:6] for row in _changes(events))
    return _json([
        {
            "id": one.incident.id, "title": one.incident.title, "severity": one.incident.severity, "opened_ms": one.incident.opened_ms,
            "closed_ms": one.incident.closed_ms or None, "cause": one.incident.cause, "resolution": one.incident.resolution,
            "release_id": one.incident.release_id, "rule": one.incident.rule, "author": one.author, "why": one.why,
        }
        for one in sorted(incidents.values(), key=lambda one: (one.incident.opened_ms, one.incident.id))
    ])  # fmt: skip


def _criteria(events: object) -> str:
    """Give the criteria of the versions of one requirement: each event comes with the number, time and id of its version."""
    from artui.catalog.criteria import Standing, standing

    rows = _rows(events, 9)
    rows.sort(key=lambda row: (cells.integer(row[0]), cells.integer(row[1]), cells.text(row[2]), cells.integer(row[7]), cells.text(row[8])))  # fmt: skip
    made: list[dict[str, Any]] = []
    earlier: Standing = {}
    for (number, _, version_id), group in groupby(rows, key=lambda row: row[:3]):
        # A version of which the journal says nothing comes with one row without an event.
        earlier = standing(((row[3], row[4], row[5], row[6]) for row in group if row[8] is not None), earlier)
        made += (
            {
                "version_id": version_id, "number": number, "name": criterion.name, "condition": criterion.condition,
                "subject": criterion.subject, "artifacts": ", ".join(criterion.artifacts), "since_ms": since_ms, "author": author,
            }
            for criterion, since_ms, author in earlier.values()
        )  # fmt: skip
    return _json(made)


def _live_metrics(contents: object) -> str:
    from artui.catalog.windows import content_of
    from artui.model.tallies import Tally

    tally = Tally()
    for content in _listed(contents):
        tally = tally.added(content_of(content).tally)
    return orjson.dumps(dict(sorted(tally.metrics.items()))).decode()


def _verdicts(connection: sqlite3.Connection, version_id: object, artifact_key: object) -> str:
    from artui.catalog.criteria import requirement_versions
    from artui.query.artifacts import version_heads
    from artui.query.verdicts import is_about, judged_in

    row = connection.execute("SELECT artifact_key FROM version WHERE id = ?", (version_id,)).fetchone()
    every = [] if row is None else [one for one in requirement_versions(connection, artifact_key=int(row[0])) if one.version_id == version_id]  # fmt: skip
    chosen = "SELECT v.key FROM version AS v WHERE v.artifact_key = :artifact"
    first = version_heads(connection, f"{chosen} LIMIT 1", {"artifact": artifact_key})
    if not any(is_about(defined, head) for one in every for defined in one.criteria for head in first):
        return "[]"
    heads = version_heads(connection, chosen, {"artifact": artifact_key})
    found: list[dict[str, Any]] = []
    for head, verdicts in zip(heads, judged_in(connection, heads, every), strict=True):
        for verdict in verdicts:
            measured = verdict.measured[0] if verdict.measured else None
            waiver = verdict.waiver
            found.append({
                "criterion": verdict.defined.criterion.name, "condition": verdict.defined.criterion.written, "version_key": head.key,
                "answer": verdict.answer, "why": verdict.why, "field": measured and measured.field,
                "value": _plain(measured.value) if measured else None, "run_id": (measured and measured.run_id) or None,
                "step": measured and measured.step, "waived_by": waiver and waiver.author, "waived_why": waiver and waiver.why,
            })  # fmt: skip
    return _json(found)


def _plain(value: object) -> Any:
    return value if isinstance(value, _PLAIN) else str(value)
