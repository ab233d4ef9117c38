"""How versions stand: which is the newest, which are retired, and what is said of one that was deleted.

A retired version is left out of ordinary lists and is not `latest`; every reference to it goes on working. A deleted one
is found by nothing but what restores it. Both are one change, and an event.
"""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from typing import TYPE_CHECKING

from artui import clock
from artui.catalog import cells
from artui.errors import RemovedForGood, UnknownReference
from artui.times import last_moment_ms, time_text

if TYPE_CHECKING:
    from artui.reference import Reference


def not_retired(version_key: str) -> str:
    """Write the SQL condition that a version is not retired."""
    return f"NOT EXISTS (SELECT 1 FROM retirement AS t WHERE t.version_key = {version_key})"


def is_named(version: str) -> str:
    """Write the SQL condition that an alias names a version, a row of `version` called so."""
    return f"EXISTS (SELECT 1 FROM alias AS l WHERE l.artifact_key = {version}.artifact_key AND l.version_key = {version}.key)"


def aliases_naming(connection: sqlite3.Connection, version_id: str) -> list[str]:
    """Give the aliases that name a version, `production` first."""
    rows = connection.execute(
        """
        SELECT l.name
        FROM version AS v
        JOIN alias AS l ON l.artifact_key = v.artifact_key AND l.version_key = v.key
        WHERE v.id = :id
        ORDER BY l.name <> 'production', l.name
        """,
        {"id": version_id},
    )
    return [cells.text(name) for (name,) in rows]


def newest_number(artifact_key: str) -> str:
    """Write the SQL of the number of an artifact's newest version, which `latest` names: not deleted, not retired."""
    return (
        f"(SELECT max(n.number) FROM version AS n WHERE n.artifact_key = {artifact_key} "
        f"AND n.deleted_ms IS NULL AND {not_retired('n.key')})"
    )


LAST_DELETION = """
    SELECT author, time_ms
    FROM event
    WHERE subject_id = :id AND action IN ('delete', 'trash') AND after <> 'null'
    ORDER BY time_ms DESC, id DESC
    LIMIT 1
"""


def deletion_text(connection: sqlite3.Connection, subject_id: str, deleted_ms: object) -> str:
    """Say when something was deleted, and by whom if the journal has that: `was deleted on 2026-11-03 10:00:00 by ada@box`."""
    row = connection.execute(LAST_DELETION, {"id": subject_id}).fetchone()
    when = time_text(row[1] if row is not None and isinstance(row[1], int) else cells.integer(deleted_ms))
    return f"was deleted on {when}" + (f" by {cells.text(row[0])}" if row is not None else "")


REMOVED_CONTENT = """
    SELECT a.name, v.number, v.artifact_key, l.author, l.time_ms
    FROM version AS v
    JOIN removal AS l ON l.version_key = v.key
    JOIN artifact AS a ON a.key = v.artifact_key
    WHERE v.id = :id
"""
REMOVED_POINTS = """
    SELECT r.name, e.author, e.time_ms
    FROM event AS e
    JOIN run AS r ON r.id = e.subject_id
    WHERE e.subject_id = :id
      AND e.action = 'remove'
      AND NOT EXISTS (SELECT 1 FROM series AS s JOIN block AS b ON b.series_key = s.key WHERE s.run_key = r.key)
    ORDER BY e.time_ms DESC, e.id DESC
    LIMIT 1
"""


def refuse_removed_version(connection: sqlite3.Connection, version_id: str, alias: str = "") -> None:
    """Say that the content of a version was removed, when and by whom, and which version there is instead.

    With an alias that named it, say that it does.

    Raises:
        RemovedForGood: it was removed, so that nothing brings the version back.
    """
    row = connection.execute(REMOVED_CONTENT, {"id": version_id}).fetchone()
    if row is None:
        return
    name, number, artifact_key, author, time_ms = row
    newest = connection.execute(f"SELECT {newest_number(':key')}", {"key": artifact_key}).fetchone()[0]
    instead = (
        f"The newest version is {cells.text(name)}:v{newest}."
        if newest is not None
        else f"{cells.text(name)} has no other version."
    )
    which = f"{cells.text(name)}:v{number}" + (f", which {alias} names," if alias else "")
    raise RemovedForGood(
        f"The content of {which} was removed on {time_text(cells.integer(time_ms))} by {cells.text(author)}, and it cannot be restored.",
        remedy=f"{instead} Its digests are kept: save the same files again.",
    )


def refuse_removed_run(connection: sqlite3.Connection, run_id: str) -> None:
    """Say that the points of a run were removed, when and by whom, and what is left of it.

    Raises:
        RemovedForGood: they were removed, so that nothing brings the run back.
    """
    row = connection.execute(REMOVED_POINTS, {"id": run_id}).fetchone()
    if row is None:
        return
    name, author, time_ms = row
    raise RemovedForGood(
        f"The points of the run {cells.text(name)} were removed on {time_text(cells.integer(time_ms))} by {cells.text(author)}, and it cannot be restored.",
        remedy="What is summed up of its metrics is still there: artui ls -w 'deleted is not null'.",
    )


# What was so at a time

ALIAS_EVENTS = """
    SELECT time_ms, before, after
    FROM event
    WHERE subject_id = (SELECT a.id FROM artifact AS a WHERE a.key = :artifact) AND action = 'alias'
    ORDER BY time_ms, id
"""
VERSIONS_THEN = """
    SELECT v.number, v.id
    FROM version AS v
    WHERE v.artifact_key = :artifact AND v.created_ms <= :time
    ORDER BY v.number DESC, v.key DESC
"""


def reference_then(connection: sqlite3.Connection, reference: Reference, artifact_key: int, name: str) -> Reference:
    """Give the reference by number to the version that a reference named at its time.

    Raises:
        UnknownReference: it named nothing then; the message says since when it does.
    """
    time_ms = last_moment_ms(reference.at, clock.now_ms())
    if time_ms is None:
        raise UnknownReference(f"{reference.at!r} is not a time.", remedy="Write NAME:ALIAS@2026-11-01.")
    values = {"artifact": artifact_key, "time": time_ms}
    then = connection.execute(VERSIONS_THEN, values).fetchall()
    if not then or (reference.number is not None and reference.number not in [number for number, _ in then]):
        _refuse_before_the_first(connection, reference, artifact_key, name, time_ms)
    if reference.number is not None:
        return replace(reference, at="")
    if reference.alias not in (None, "latest"):
        number = _aliased_then(connection, reference, artifact_key, name, time_ms)
    else:
        numbers = (number for number, version_id in then if not _was_set_aside(connection, version_id, time_ms))
        newest = next(numbers, None)
        if newest is None:
            raise UnknownReference(f"All versions of {name} were retired or deleted on {time_text(time_ms)}.")
        number = newest
    return replace(reference, number=number, alias=None, at="")


def _refuse_before_the_first(
    connection: sqlite3.Connection, reference: Reference, artifact_key: int, name: str, time_ms: int
) -> None:
    row = connection.execute(
        "SELECT min(created_ms) FROM version WHERE artifact_key = :artifact AND (:number IS NULL OR number = :number)",
        {"artifact": artifact_key, "number": reference.number},
    ).fetchone()
    which = name if reference.number is None else f"{name}:v{reference.number}"
    if row is None or not isinstance(row[0], int):
        raise UnknownReference(f"There is no version {which}.", remedy=f"`artui show {name}` has what there is.")
    raise UnknownReference(
        f"There was no {which} on {time_text(time_ms)}.", remedy=f"It exists since {time_text(row[0])}."
    )


def _aliased_then(
    connection: sqlite3.Connection, reference: Reference, artifact_key: int, name: str, time_ms: int
) -> int:
    """Give the number of the version that an alias named at a time.

    Raises:
        UnknownReference: it named none.
    """
    named: int | None = None
    first_ms: int | None = None
    for at_ms, before, after in connection.execute(ALIAS_EVENTS, {"artifact": artifact_key}):
        was, now = cells.list_of(before) or [], cells.list_of(after) or []
        if (now or was or [""])[0] != cells.storable(reference.alias or "") or not isinstance(at_ms, int):
            continue
        first_ms = at_ms if first_ms is None else first_ms
        if at_ms <= time_ms:
            named = now[2] if len(now) > 2 and isinstance(now[2], int) else None
    if named is not None:
        return named
    remedy = f"`artui show {name}` has what there is."
    if first_ms is not None and first_ms > time_ms:
        remedy = f"It was first given on {time_text(first_ms)}."
    raise UnknownReference(f"{reference.alias} named no version of {name} on {time_text(time_ms)}.", remedy=remedy)


def _was_set_aside(connection: sqlite3.Connection, version_id: str, time_ms: int) -> bool:
    """Whether a version was retired or deleted at a time."""
    for action in ("retire", "delete"):
        row = connection.execute(
            "SELECT after FROM event WHERE subject_id = :id AND action = :action AND time_ms <= :time ORDER BY time_ms DESC, id DESC LIMIT 1",
            {"id": version_id, "action": action, "time": time_ms},
        ).fetchone()
        if row is not None and row[0] != "null":
            return True
    return False
