"""The runs around a run: its parent, and the run that is most like it."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from artui.catalog import cells as cell_of
from artui.errors import UnknownReference
from artui.query.heads import HEAD_COLUMNS, head_from_row
from artui.query.run import get_run

if TYPE_CHECKING:
    from artui.model import RunDetail, RunHead
    from artui.query.reader import Reader

MAX_COMPARED = 100
"""Runs before a run, and as many behind it, among which the nearest is looked for."""


class Neighbours(NamedTuple):
    """Runs around a run."""

    parent: RunHead | None = None
    nearest: RunDetail | None = None
    """The run of its project and stage that differs in fewest params, without metrics; None if none has any of them."""
    other_files: tuple[str, ...] = ()
    """Paths of the files of code that are different there, or that only one of both runs had."""


def neighbours(reader: Reader, detail: RunDetail) -> Neighbours:
    """Give the parent of a run, and the run nearest to it.

    Of the runs of its project and stage, `MAX_COMPARED` that started before it and as many that started after it are
    compared. A param that only one of both has is a difference, and so is other code, where both kept code. Of equally near runs the one
    that started closest is taken.
    """
    head = detail.head
    with reader.snapshot() as connection:
        parent = connection.execute(_PARENT, {"id": head.parent_id}).fetchone() if head.parent_id else None
        nearest_id = _nearest_id(connection, head.key)
    nearest = None
    if nearest_id is not None:
        try:
            nearest = get_run(reader, nearest_id, max_metrics=0)
        except UnknownReference:
            pass  # it has just been deleted
    files: tuple[str, ...] = ()
    if nearest is not None:
        from artui.query.codediff import other_files

        files = other_files(reader, detail, nearest)
    return Neighbours(head_from_row(parent) if parent else None, nearest, files)


_PARENT = f"""
    SELECT {HEAD_COLUMNS}
    FROM run AS r
    LEFT JOIN project AS p ON p.key = r.project_key
    WHERE r.id = :id
"""
_SIDE = """
    SELECT key, id, started_ms, git_commit
    FROM (
        SELECT t.key, t.id, t.started_ms, t.git_commit
        FROM run AS t
        JOIN run AS o ON o.key = :key
        WHERE t.started_ms {sign} o.started_ms
          AND t.key <> :key
          AND t.project_key = o.project_key
          AND t.stage = o.stage
          AND t.deleted_ms IS NULL
        ORDER BY t.started_ms {order}
        LIMIT {count}
    )
"""
_CANDIDATES = " UNION ".join(
    _SIDE.format(sign=sign, order=order, count=MAX_COMPARED) for sign, order in (("<=", "DESC"), (">=", "ASC"))
)
_OWN = "SELECT key, id, started_ms, git_commit FROM run WHERE key = :key"
_PARAMS = """
    SELECT p.run_key, p.name_key, p.number, p.text
    FROM json_each(:keys) AS k
    JOIN param AS p ON p.run_key = k.value
"""

_REPRODUCES = """
    SELECT c.run_key, c.content
    FROM json_each(:keys) AS k
    JOIN context AS c ON c.run_key = k.value AND c.name = 'reproduces'
"""


def _origins(connection: sqlite3.Connection, keys: str) -> dict[int, str]:
    """Give of each reproduction among runs the id of the run that it was to make again."""
    origins = {}
    for run_key, content in connection.execute(_REPRODUCES, {"keys": keys}):
        original = (cell_of.object_of(content) or {}).get("id")
        if isinstance(original, str):
            origins[int(run_key)] = original
    return origins


def _nearest_id(connection: sqlite3.Connection, key: int) -> str | None:
    own = connection.execute(_OWN, {"key": key}).fetchone()
    from artui.query.codediff import code_keys

    candidates = connection.execute(_CANDIDATES, {"key": key}).fetchall()
    if own is None or not candidates:
        return None
    keys = orjson.dumps([key, *(row[0] for row in candidates)]).decode()
    params: dict[int, dict[Any, tuple[Any, Any]]] = {}
    for run_key, name_key, number, text in connection.execute(_PARAMS, {"keys": keys}):
        params.setdefault(run_key, {})[name_key] = number, text
    code = code_keys(connection, [key, *(row[0] for row in candidates)])
    own_params, own_code = params.get(key, {}), (own[3], code.get(key, set()))

    def distance(row: tuple[Any, ...]) -> tuple[int, float]:
        its_params = params[row[0]]
        names = own_params.keys() | its_params.keys()
        differing_count = sum(own_params.get(name) != its_params.get(name) for name in names)
        its_code = row[3], code.get(row[0], set())
        is_other_code = its_code[0] != own_code[0] or bool(its_code[1] and own_code[1] and its_code[1] != own_code[1])
        return differing_count + is_other_code, abs(cell_of.integer(row[2]) - cell_of.integer(own[2]))

    origins = _origins(connection, keys)
    own_origin = origins.get(key, own[1])
    # A run that was made again says nothing of what sets it apart.
    alike = [
        row for row in candidates if own_params.keys() & params.get(row[0], {}).keys() and origins.get(row[0], row[1]) != own_origin
    ]  # fmt: skip
    nearest = min(alike, key=distance, default=None)
    return str(nearest[1]) if nearest is not None else None
