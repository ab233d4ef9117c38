"""Windows of a deployment: what was observed there, of all who wrote of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

import orjson

from artui.catalog import cells
from artui.catalog.windows import content_of, digest_of
from artui.model.tallies import Tally
from artui.model.windows import Window

if TYPE_CHECKING:
    from artui.profile.column import Profile
    from artui.profile.windowed import Sketch

_ROWS = """
    SELECT from_ms, to_ms, part, row_count, content, key
    FROM profile
    WHERE version_key = :version AND to_ms <> 0 AND slice = :slice
      AND (:since IS NULL OR to_ms > :since) AND (:until IS NULL OR from_ms < :until)
    ORDER BY from_ms, to_ms, part
"""
_SKETCHES = "SELECT p.key, p.sketch FROM json_each(:keys) AS w JOIN profile AS p ON p.key = w.value"


def windows(
    connection: sqlite3.Connection, deployment_key: int, *, since_ms: int | None = None, until_ms: int | None = None, slice_: str = "",
    most_sketched: int | None = None,
) -> list[Window]:  # fmt: skip
    """Give the windows of a deployment that overlap a span of time, the first first.

    Args:
        deployment_key: of the version that stands for it.
        since_ms, until_ms: None for no limit.
        slice_: such as `card=gift`; empty for all rows.
        most_sketched: so many of them, spread evenly with the last among them, come with what is kept of their columns; of a
            year of wide tables reading all takes half a second. By default all do.
    """
    values = {"version": deployment_key, "slice": slice_, "since": since_ms, "until": until_ms}
    rows = connection.execute(_ROWS, values).fetchall()
    groups = [list(group) for _, group in groupby(rows, lambda row: row[:2])]
    count = len(groups)
    sketched = set(range(count)) if most_sketched is None or count <= most_sketched else {
        count - 1 - place * count // most_sketched for place in range(most_sketched)
    }  # fmt: skip
    keys = [row[5] for place, group in enumerate(groups) if place in sketched for row in group]
    sketches = dict(connection.execute(_SKETCHES, {"keys": orjson.dumps(keys).decode()}).fetchall())
    return [_window(slice_, group, sketches) for group in groups]


def row_counts(connection: sqlite3.Connection, deployment_key: int, *, slice_: str = "") -> list[tuple[int, int]]:
    """Give when each window of a deployment begins, and how many rows it has; the first first. What is kept of columns is not read."""
    query = """
        SELECT from_ms, sum(row_count)
        FROM profile
        WHERE version_key = :version AND to_ms <> 0 AND slice = :slice
        GROUP BY from_ms, to_ms
        ORDER BY from_ms, to_ms
    """
    rows = connection.execute(query, {"version": deployment_key, "slice": slice_})
    return [(cells.integer(from_ms), cells.integer(count)) for from_ms, count in rows]


def _window(slice_: str, rows: Sequence[tuple[Any, ...]], sketches: Mapping[int, object]) -> Window:
    contents = [content_of(row[4]) for row in rows]
    tally = Tally()
    for content in contents:
        tally = tally.added(content.tally)
    roles = {role: name for content in contents for role, name in content.roles.items()}
    packed = tuple((content.sketch, sketches[row[5]]) for content, row in zip(contents, rows, strict=True) if row[5] in sketches)  # fmt: skip
    return Window(
        cells.integer(rows[0][0]), cells.integer(rows[0][1]), slice_, sum(cells.integer(row[3]) for row in rows),
        tuple(cells.text(row[2]) for row in rows), tally, roles, lambda: _sketches(packed), _merged,
    )  # fmt: skip


def _sketches(packed: Sequence[tuple[str, object]]) -> tuple[Sketch, ...]:
    """Unpack the sketches of a window; one that is damaged is left out."""
    from artui.profile.windowed import unpacked

    found = []
    for digest, sketch in packed:
        if not isinstance(sketch, bytes) or digest_of(sketch) != digest:
            continue
        try:
            found.append(unpacked(sketch))
        except ValueError:
            continue
    return tuple(found)


def _merged(sketches: tuple[Sketch, ...]) -> Profile:
    from artui.profile.windowed import merged

    return merged(sketches)


def slices(connection: sqlite3.Connection, deployment_key: int) -> list[str]:
    """Give the slices that a deployment has windows of, by name; the empty one is none."""
    query = "SELECT DISTINCT slice FROM profile WHERE version_key = ? AND to_ms <> 0 AND slice <> '' ORDER BY slice"
    return [cells.text(name) for (name,) in connection.execute(query, (deployment_key,))]


def span(connection: sqlite3.Connection, deployment_key: int) -> tuple[int, int] | None:
    """Give when the first window of a deployment begins and the last one ends; None if it has none."""
    query = "SELECT min(from_ms), max(to_ms) FROM profile WHERE version_key = ? AND to_ms <> 0"
    first, last = connection.execute(query, (deployment_key,)).fetchone()
    return None if first is None else (cells.integer(first), cells.integer(last))
