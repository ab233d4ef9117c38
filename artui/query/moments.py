"""The newest changes, for going back to before one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from artui.catalog import cells
from artui.catalog.fields import detail_of, state_of
from artui.model.deployments import incident_of, release_of

if TYPE_CHECKING:
    from artui.query.reader import Reader


@dataclass(frozen=True, slots=True)
class Edited:
    """A change that somebody made, at once to one thing or many."""

    time_ms: int
    author: str
    label: str


_NEWEST = """
    SELECT e.time_ms, e.author, d.label, e.action, e.before, e.after, coalesce(r.name, a.name, b.name || ':v' || v.number, '')
    FROM event AS e
    LEFT JOIN edit AS d ON d.id = e.edit_id
    LEFT JOIN run AS r ON r.id = e.subject_id
    LEFT JOIN artifact AS a ON a.id = e.subject_id
    LEFT JOIN version AS v ON v.id = e.subject_id
    LEFT JOIN artifact AS b ON b.key = v.artifact_key
    WHERE e.action <> ''
    ORDER BY e.time_ms DESC, e.id DESC
    LIMIT :most
"""
_EVENTS_AN_EDIT = 10


def newest_edits(reader: Reader, *, most: int) -> list[Edited]:
    """Give the newest changes, each edit once."""
    if reader.schema_version < 4:  # which had no edits
        return []
    edits: dict[tuple[int, str], Edited] = {}
    with reader.reading() as connection:
        for time_ms, author, label, action, before, after, name in connection.execute(
            _NEWEST, {"most": most * _EVENTS_AN_EDIT}
        ):
            what = (
                label
                if isinstance(label, str) and label
                else _what(cells.text(action), before, after, cells.text(name))
            )
            when = cells.integer(time_ms)
            edits.setdefault((when, what), Edited(when, cells.text(author), what))
    return list(edits.values())[:most]


def _what(action: str, before: object, after: object, name: str) -> str:
    """Say what a program changed: `alias production of digits-model`, `release of model:v2 in fraud-api/production`."""
    states = state_of(before), state_of(after)
    if action in ("release", "incident"):  # they are told apart by an id, which says nothing
        place = f" in {name.rpartition(':v')[0] or name}" if name else ""
        return f"{action}{_named(action, states)}{place}"
    detail = detail_of(action, *states)
    return f"{action}{f' {detail}' if detail else ''}{f' of {name}' if name else ''}"


def _named(action: str, states: Sequence[object]) -> str:
    """Name the version that was released, or what went wrong, as the last state has it that can be read."""
    for state in reversed(states):
        if action == "release" and (release := release_of(state)) is not None:
            return f" of {release.named}"
        if action == "incident" and (incident := incident_of(state)) is not None:
            return f" {incident.title}"
    return ""
