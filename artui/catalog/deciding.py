"""Deciding between what two people changed a thing to without seeing each other's change: one of them, or both."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any

from artui.catalog import Catalog, events
from artui.catalog.unsettled import Unsettled, unsettled
from artui.errors import UsageError

BOTH = "both"
_JOINED_BY = {"note": "\n", "tag": ", "}
"""By action, what stands between two texts of which both are kept."""


@dataclass(frozen=True, slots=True)
class Decided:
    """What came of a decision."""

    state: Any
    """What the thing is now, as in the journal."""
    edit_id: str


def decide(catalog: Catalog, one: Unsettled, choice: str) -> Decided:
    """Settle what several people changed, as one edit: from now on it is what one of them made it, or both.

    Args:
        one: what is to be settled, as it was read.
        choice: the id of the event that counts, or BOTH.

    Raises:
        UsageError: it is settled already, or is another choice by now; or a thing of this kind cannot be both.
    """
    with catalog.transaction() as connection:
        now = _still(connection, one)
        wanted = joined(now) if choice == BOTH else next(each.state for each in now.choices if each.event_id == choice)
        if not events.is_state(now.action, wanted):
            raise UsageError("What was chosen is damaged.", remedy="Choose another, or write it anew.")
        label = f"decision on {one.action}{f' {one.detail}' if one.detail else ''}"
        with events.editing(catalog, label) as edit:
            edit.decide(now, wanted)
        return Decided(wanted, edit.id or "")


def _still(connection: sqlite3.Connection, one: Unsettled) -> Unsettled:
    ids = [choice.event_id for choice in one.choices]
    for now in unsettled(connection, one.subject_id):
        if (now.action, now.detail) == (one.action, one.detail):
            if [choice.event_id for choice in now.choices] == ids:
                return now
            raise UsageError("It is another choice by now.", remedy="Look at it again.")
    raise UsageError("It is settled already.", remedy="Nothing was changed.")


def may_be_both(one: Unsettled) -> bool:
    """Say whether both can be kept: texts of a note, or values of a tag."""
    return one.action in _JOINED_BY and all(_text(choice.state) for choice in one.choices)


def joined(one: Unsettled) -> Any:
    """Give what a thing is where all choices are kept, those made first first.

    Raises:
        UsageError: it can only be one of them.
    """
    if not may_be_both(one):
        raise UsageError(f"This {one.action} can only be one of them.", remedy="Choose the one that counts.")
    texts = list(dict.fromkeys(_text(choice.state) for choice in one.choices))
    text = _JOINED_BY[one.action].join(texts)
    return [one.detail, text] if one.action == "tag" else text


def _text(state: Any) -> str:
    value = state[1] if isinstance(state, list) and len(state) > 1 else state
    return value if isinstance(value, str) else ""
