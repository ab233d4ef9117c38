"""Which revision of each run a catalog has: a word that differs once anything of the run has changed, found without reading it whole."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import orjson

from artui.catalog import cells

if TYPE_CHECKING:
    import sqlite3

    from artui.query.reader import Reader

_COLUMNS = "r.id, r.deleted_ms, r.started_ms, {seal}, r.status, r.heartbeat_ms, r.name, r.note, p.name, r.parent_id"
_RUNS = f"""
    SELECT {_COLUMNS}
    FROM run AS r
    JOIN project AS p ON p.key = r.project_key
    ORDER BY r.started_ms, r.id
"""
_SEALED, _UNSEALED = "hex(r.seal), r.stamp", "NULL, NULL"
"""Of a run what an edit changes; before schema 8 that was not kept."""
_GOING_ON = """
    SELECT r.id, count(*), sum(s.count), max(s.last_ms), sum(s.last_step)
    FROM run AS r
    JOIN series AS s ON s.run_key = r.key
    WHERE {is_open}
    GROUP BY r.key
"""
_TAGS = """
    SELECT r.id, n.text, t.value
    FROM run AS r
    JOIN tag AS t ON t.run_key = r.key
    JOIN name AS n ON n.key = t.name_key
    WHERE {is_open}
    ORDER BY r.key, n.text
"""
"""Of a run that has ended the seal has all that belongs to it."""


_OF_SOME = f"""
    SELECT {_COLUMNS.format(seal=_SEALED)}
    FROM json_each(:keys) AS k
    CROSS JOIN run AS r ON r.key = k.value
    JOIN project AS p ON p.key = r.project_key
    ORDER BY k.id
"""


class Revision(NamedTuple):
    """Of one run."""

    id: str
    is_deleted: bool
    word: str


def revisions(reader: Reader) -> list[Revision]:
    """Give the revision of every run, deleted ones, too, by the time of their start."""
    has_seals = reader.schema_version >= 8
    seal, is_open = (_SEALED, "r.seal IS NULL") if has_seals else (_UNSEALED, "1")
    with reader.snapshot() as connection:
        more: dict[str, list[object]] = {}
        for query in (_GOING_ON, _TAGS):
            for run_id, *row in connection.execute(query.format(is_open=is_open)):
                more.setdefault(cells.text(run_id), []).append(row)
        found = []
        for row in connection.execute(_RUNS.format(seal=seal)):
            run_id = cells.text(row[0])
            whole = repr((row, more.get(run_id))).encode("utf-8", "surrogatepass")
            found.append(Revision(run_id, row[1] is not None, hashlib.blake2b(whole, digest_size=8).hexdigest()))
    return found


def revision_of_ended(connection: sqlite3.Connection, keys: Sequence[int]) -> str:
    """Give a word that differs once anything of some runs has changed, or their order; empty where one of them goes on, or has no seal."""
    whole = hashlib.blake2b(digest_size=16)
    count = 0
    for row in connection.execute(_OF_SOME, {"keys": orjson.dumps(list(keys)).decode()}):
        if not row[3]:
            return ""
        whole.update(repr(row).encode("utf-8", "surrogatepass"))
        count += 1
    return whole.hexdigest() if count == len(keys) else ""


class Edited(NamedTuple):
    """What people have changed of a run since a moment."""

    is_all: bool
    """Whether the run went on then: anything may have been set since."""
    fields: frozenset[tuple[str, str]]
    """`tag` and its name, `note`, `name`, `trash`."""


def edited_since(connection: sqlite3.Connection, run_id: str, since_ms: int) -> Edited:
    """Look up in the journal what was changed of a run."""
    row = connection.execute("SELECT ended_ms FROM run WHERE id = ?", (run_id,)).fetchone()
    is_all = row is not None and (not isinstance(row[0], int) or row[0] > since_ms)
    fields = set()
    for action, before, after in connection.execute(_EDITED, (run_id, since_ms)):
        fields.add((cells.text(action), _first_of(after) or _first_of(before) if action == "tag" else ""))
    return Edited(is_all, frozenset(fields))


_EDITED = """
    SELECT action, before, after
    FROM event
    WHERE subject_id = ? AND time_ms > ? AND subject = 'run' AND action IN ('tag', 'note', 'name', 'trash')
"""


def _first_of(text: object) -> str:
    try:
        said = orjson.loads(cells.text(text))
    except ValueError:
        return ""
    return str(said[0]) if isinstance(said, list) and said else ""


class Standing(NamedTuple):
    """What people may change of a run, as it is now."""

    tags: dict[str, str]
    note: str
    name: str
    is_deleted: bool


def standing(connection: sqlite3.Connection, run_id: str) -> Standing | None:
    """Give what people may change of a run; None if it is not there."""
    row = connection.execute("SELECT key, note, name, deleted_ms FROM run WHERE id = ?", (run_id,)).fetchone()
    if row is None:
        return None
    query = "SELECT n.text, t.value FROM tag AS t JOIN name AS n ON n.key = t.name_key WHERE t.run_key = ?"
    tags = {cells.text(name): cells.text(value) for name, value in connection.execute(query, (row[0],))}
    return Standing(tags, cells.text(row[1]), cells.text(row[2]), row[3] is not None)
