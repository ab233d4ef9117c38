"""Changes of one thing that two people made without seeing each other's: the later one stands, and neither is lost.

A change has seen another if it was made in the same file, or on what the other had left. Whoever changes the thing again
where both are known has decided: the journal then says which changes are settled.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from artui.catalog import cells
from artui.catalog.fields import FIELDS, detail_of, state_of

SETTLE = "settle"
"""The action of the event that says which changes somebody has decided between: their ids are what was before."""
SINCE = 6
"""The first schema whose events say whether they were redacted."""
_NOT_ASKED = frozenset({"approve", "view", "place", "waive"})
"""What is no choice between two: who approves, saved views, and where files lie."""
OF_SUBJECT = f"""
    SELECT id, action, before, after, origin_key, author, time_ms
    FROM event
    WHERE subject_id = :id AND action IN ({", ".join(f"'{action}'" for action in (*sorted(FIELDS), SETTLE))}) AND is_redacted = 0
    ORDER BY stamp, id
"""


@dataclass(frozen=True, slots=True)
class Choice:
    """What one of several people changed a thing to."""

    event_id: str
    author: str
    time_ms: int
    state: Any
    """As in the journal; None where it was taken away."""


@dataclass(frozen=True, slots=True)
class Unsettled:
    """A thing that several people changed without seeing each other's change."""

    subject_id: str
    action: str
    """`note`, `name`, `tag` …"""
    detail: str
    """Which tag, alias or fact; empty for the others."""
    choices: tuple[Choice, ...]
    """The one that stands is the last."""


def unsettled(connection: sqlite3.Connection, subject_id: str) -> list[Unsettled]:
    """Give what is to be settled of a run, a version or an artifact."""
    heads: dict[tuple[str, str], list[tuple[Choice, Any]]] = {}
    every: dict[str, tuple[tuple[str, str], Choice, Any]] = {}
    settled: set[str] = set()
    for event_id, action, before, after, origin_key, author, time_ms in connection.execute(
        OF_SUBJECT, {"id": subject_id}
    ):
        old, new = state_of(before), state_of(after)
        if action == SETTLE:
            # Where the decision was taken back, the same event stands the other way round.
            settled |= _ids(old)
            for other_id in sorted(_ids(new) & every.keys()):
                settled.discard(other_id)
                field, choice, key = every[other_id]
                if all(head.event_id != other_id for head, _ in heads[field]):
                    heads[field].insert(0, (choice, key))
            continue
        detail = detail_of(str(action), old, new)
        if action in _NOT_ASKED or detail is None:
            continue
        choice = Choice(str(event_id), cells.text(author), cells.integer(time_ms), new)
        others = heads.setdefault((str(action), detail), [])
        others[:] = [(other, key) for other, key in others if key != origin_key and plain(other.state) != plain(old)]
        others.append((choice, origin_key))
        every[str(event_id)] = ((str(action), detail), choice, origin_key)
    made = []
    for (action, detail), pairs in heads.items():
        *earlier, last = [choice for choice, _ in pairs]
        open_ones = [one for one in earlier if one.event_id not in settled and plain(one.state) != plain(last.state)]
        if open_ones:
            made.append(Unsettled(subject_id, action, detail, (*open_ones, last)))
    return made


def all_unsettled(connection: sqlite3.Connection, subject_ids: Iterable[str]) -> list[Unsettled]:
    """Give what is to be settled of some things."""
    return [one for subject_id in subject_ids for one in unsettled(connection, subject_id)]


_OF_SEVERAL = f"""
    SELECT subject_id
    FROM event
    WHERE action IN ({", ".join(f"'{action}'" for action in sorted(FIELDS))}) AND is_redacted = 0
    GROUP BY subject_id
    HAVING min(coalesce(origin_key, 0)) <> max(coalesce(origin_key, 0))
    ORDER BY subject_id
"""
"""Only what was changed in several places can have to be settled."""


def whole_unsettled(connection: sqlite3.Connection) -> list[Unsettled]:
    """Give all that is to be settled in a catalog."""
    if len(connection.execute("SELECT 1 FROM origin LIMIT 2").fetchall()) < 2:
        return []
    ids = [str(row[0]) for row in connection.execute(_OF_SEVERAL)]
    return all_unsettled(connection, ids)


def _ids(state: Any) -> set[str]:
    return {str(each) for each in state} if isinstance(state, list) else set()


def plain(state: Any) -> Any:
    """Give a state as it is compared: when something was trashed does not matter, nor the number that an alias' version had."""
    if isinstance(state, list):
        return [part for part in state if not isinstance(part, int)]
    return isinstance(state, int) if state is None or isinstance(state, int) else state
