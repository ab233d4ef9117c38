"""What is to be settled in a catalog: what two people changed without seeing each other's change, with the names of the things."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from artui.catalog import cells
from artui.catalog.unsettled import SINCE, Unsettled, whole_unsettled

if TYPE_CHECKING:
    import sqlite3

    from artui.query.reader import Reader


@dataclass(frozen=True, slots=True)
class ToSettle:
    """Something to settle, and what the thing is called that it is of."""

    one: Unsettled
    name: str
    kind: str
    """`run`, `version` or `artifact`; empty of what is no longer here."""
    link_id: str
    """As links have it: of an artifact its key as text."""


_NAMES = (
    ("run", "SELECT r.name, r.id FROM run AS r WHERE r.id = :id"),
    ("artifact", "SELECT a.name, a.key FROM artifact AS a WHERE a.id = :id"),
    (
        "version",
        "SELECT a.name || ':v' || v.number, v.id FROM version AS v JOIN artifact AS a ON a.key = v.artifact_key WHERE v.id = :id",
    ),
)


def to_settle(reader: Reader) -> list[ToSettle]:
    """Give all that is to be settled, the newest first."""
    if reader.schema_version < SINCE:
        return []
    with reader.snapshot() as connection:
        found = [ToSettle(one, *_named(connection, one.subject_id)) for one in whole_unsettled(connection)]
    return sorted(found, key=lambda each: (-each.one.choices[-1].time_ms, each.name, each.one.action, each.one.detail))


def _named(connection: sqlite3.Connection, subject_id: str) -> tuple[str, str, str]:
    for kind, query in _NAMES:
        row = connection.execute(query, {"id": subject_id}).fetchone()
        if row is not None:
            return cells.text(row[0]), kind, str(row[1])
    return subject_id, "", ""
