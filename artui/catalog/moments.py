"""A catalog as it was at some time: what began, was logged or was changed later is taken back, in a private copy.

What the journal says is taken back field by field. What was forgotten or removed since cannot come back: it is counted.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from artui.catalog import artifacts, cells, points
from artui.catalog.fields import FIELDS, Moment, detail_of, state_of
from artui.catalog.forgetting import index_again, take_out
from artui.errors import ArtuiError, PointsDamaged
from artui.model import STATUSES


@dataclass(frozen=True, slots=True)
class TakenBack:
    """What a catalog has since some time."""

    runs: int
    """That began later."""
    versions: int
    """That were made later."""
    points: int
    """Of runs that had begun by then."""
    changes: int
    """Entries of the journal."""
    lost: int
    """Things that were forgotten, and whose points or content were removed, since: how they were is gone."""


def take_back(connection: sqlite3.Connection, at_ms: int) -> TakenBack:
    """Bring a copy of a catalog to what it was at the end of a millisecond, within a transaction of it.

    A run counts as begun when it started, also one that was imported later; a point was there at the time that it has.
    """
    lost = _count(
        connection,
        "SELECT count(DISTINCT subject_id) FROM event WHERE time_ms > ? AND action IN ('forget', 'remove')",
        at_ms,
    )
    changes = _count(connection, "SELECT count(*) FROM event WHERE time_ms > ?", at_ms)
    for subject_id, action, detail, before, when in list(_fields_changed(connection, at_ms)):
        with contextlib.suppress(ArtuiError):  # it is gone, or began later
            FIELDS[action].put(connection, subject_id, detail, before, when)
    connection.execute("DELETE FROM event WHERE time_ms > ?", (at_ms,))
    connection.execute("DELETE FROM edit WHERE time_ms > ?", (at_ms,))
    connection.execute("DELETE FROM imported WHERE time_ms > ?", (at_ms,))
    connection.execute("DELETE FROM merged WHERE time_ms > ?", (at_ms,))
    # Tags that programs gave are in no journal.
    connection.execute("DELETE FROM tag WHERE stamp > ?", (at_ms,))
    runs, versions = _take_out_later(connection, at_ms)
    count = sum(_cut(connection, row, at_ms) for row in connection.execute(_LATER_SERIES, (at_ms,)).fetchall())
    # What had not ended by then was going on.
    connection.execute(
        "UPDATE run SET status = :running, ended_ms = NULL, duration_ms = NULL, error = '', heartbeat_ms = min(coalesce(heartbeat_ms, :at), :at) WHERE ended_ms > :at",
        {"running": STATUSES.index("running"), "at": at_ms},
    )  # fmt: skip
    index_again(connection)
    return TakenBack(runs, versions, count, changes, lost)


_LATER_SERIES = """
    SELECT s.key, s.run_key, s.name_key, s.labels, s.origin_key
    FROM series AS s
    WHERE s.last_ms > ?
"""
_CHANGES = """
    SELECT subject_id, action, before, after, time_ms, stamp, author
    FROM event
    WHERE time_ms > ? AND is_redacted = 0
    ORDER BY stamp, id
"""


def _count(connection: sqlite3.Connection, query: str, at_ms: int) -> int:
    return cells.integer(connection.execute(query, (at_ms,)).fetchone()[0])


def _fields_changed(connection: sqlite3.Connection, at_ms: int) -> Iterator[tuple[str, str, str, object, Moment]]:
    """Give each field that was changed later, with what it was before the first of these changes."""
    seen: set[tuple[str, str, str]] = set()
    for subject_id, action, before, after, time_ms, stamp, author in connection.execute(_CHANGES, (at_ms,)):
        if action not in FIELDS:
            continue
        old, new = state_of(before), state_of(after)
        detail = detail_of(action, old, new)
        if detail is None or (subject_id, action, detail) in seen:
            continue
        seen.add((subject_id, action, detail))
        # A tag that is put back is as old as it was: nothing later is to take it away.
        when = Moment(min(cells.integer(time_ms), at_ms), min(cells.integer(stamp), at_ms), cells.text(author))
        yield cells.text(subject_id), cells.text(action), detail, old, when


def _take_out_later(connection: sqlite3.Connection, at_ms: int) -> tuple[int, int]:
    run_keys = [int(key) for (key,) in connection.execute("SELECT key FROM run WHERE started_ms > ?", (at_ms,))]
    versions = connection.execute("SELECT key, artifact_key FROM version WHERE created_ms > ?", (at_ms,)).fetchall()
    for key, _ in versions:
        take_out(connection, "version", int(key))
    for artifact_key in {int(key) for _, key in versions}:
        if connection.execute("SELECT 1 FROM version WHERE artifact_key = ? LIMIT 1", (artifact_key,)).fetchone():
            artifacts.date(connection, artifact_key)
        else:
            connection.execute("DELETE FROM fact WHERE artifact_key = ?", (artifact_key,))
            connection.execute("DELETE FROM artifact WHERE key = ?", (artifact_key,))
    for start in range(0, len(run_keys), 500):
        part = run_keys[start : start + 500]
        listed = ", ".join("?" * len(part))
        connection.execute(f"DELETE FROM edge WHERE relation = 0 AND source_key IN ({listed})", part)
        connection.execute(f"DELETE FROM edge WHERE relation = 1 AND target_key IN ({listed})", part)
        connection.execute(f"DELETE FROM run WHERE key IN ({listed})", part)
    return len(run_keys), len(versions)


def _cut(connection: sqlite3.Connection, row: tuple[object, ...], at_ms: int) -> int:
    """Leave only the points of a series that were there by then; give how many went."""
    import numpy as np

    key, run_key, name_key, labels, origin_key = row
    blocks = connection.execute(
        "SELECT codec, count, payload FROM block WHERE series_key = ? ORDER BY number", (key,)
    ).fetchall()
    try:
        parts = [points.decode(cells.text(codec), cells.integer(count), payload) for codec, count, payload in blocks]
    except (PointsDamaged, TypeError):
        return 0  # it stays as it is, and is marked as damaged
    if not parts:
        return 0
    steps, times_ms, values = (np.concatenate(each) for each in zip(*parts, strict=True))
    there = times_ms <= at_ms
    connection.execute("DELETE FROM series WHERE key = ?", (key,))
    if there.any():
        points.append(
            connection, cells.integer(run_key), cells.integer(name_key), cells.text(labels), steps[there], times_ms[there], values[there],
            origin_key=None if origin_key is None else cells.integer(origin_key),
        )  # fmt: skip
    return int((~there).sum())
