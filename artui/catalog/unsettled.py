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
_NOT_ASKED = frozenset({"approve", "view", "place"})
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
    settled: set[str] = set()
    for event_id, action, before, after, origin_key, author, time_ms in connection.execute(
        OF_SUBJECT, {"id": subject_id}
    ):
        old, new = state_of(before), state_of(after)
        if action == SETTLE:
            settled |= {str(each) for each in old} if isinstance(old, list) else set()
            continue
        detail = detail_of(str(action), old, new)
        if action in _NOT_ASKED or detail is None:
            continue
        choice = Choice(str(event_id), cells.text(author), cells.integer(time_ms), new)
        others = heads.setdefault((str(action), detail), [])
        others[:] = [(other, key) for other, key in others if key != origin_key and _plain(other.state) != _plain(old)]
        others.append((choice, origin_key))
    made = []
    for (action, detail), pairs in heads.items():
        *earlier, last = [choice for choice, _ in pairs]
        open_ones = [one for one in earlier if one.event_id not in settled and _plain(one.state) != _plain(last.state)]
        if open_ones:
            made.append(Unsettled(subject_id, action, detail, (*open_ones, last)))
    return made


def all_unsettled(connection: sqlite3.Connection, subject_ids: Iterable[str]) -> list[Unsettled]:
    """Give what is to be settled of some things."""
    return [one for subject_id in subject_ids for one in unsettled(connection, subject_id)]


def _plain(state: Any) -> Any:
    """Give a state as it is compared: when something was trashed does not matter, nor the number that an alias' version had."""
    if isinstance(state, list):
        return state[:2]
    return isinstance(state, int) if state is None or isinstance(state, int) else state
