"""Taking changes of the journal back, whoever made them and whenever: as one edit, which can be undone itself.

What was changed again since stands on the change: it is only overwritten by who was asked. What cannot be taken back
says why, in a sentence.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from artui.catalog import Catalog, cells, events
from artui.catalog.fields import FIELDS, detail_of
from artui.catalog.unsettled import SETTLE, plain
from artui.errors import RemovedForGood, UnknownReference, UsageError

Tell = Callable[[str, int, int], None]
"""Called before each change that is taken back: the edit's label, how many of its changes were, of how many."""

_FOR_GOOD = {
    "forget": "what was forgotten is gone for good",
    "remove": "what was removed is gone for good",
    "return": "what was imported again is here: forget it, or delete it",
    "share": "what was redacted in this copy is not in it",
}
"""By action, why nothing takes it back."""
_ROW = """
    SELECT e.action, e.subject, e.subject_id, e.before, e.after, e.is_redacted, e.stamp, e.id
    FROM event AS e
    WHERE e.id = ?
"""


@dataclass(frozen=True, slots=True)
class TakenBack:
    """What came of taking changes back."""

    label: str
    changed: int
    later: int
    """So many are not as they were left: somebody has changed them since. Nothing was done if this was to be asked before."""
    is_asked: bool
    left: tuple[tuple[str, int], ...] = ()
    """Why some could not be taken back, and how many."""
    touched: tuple[str, ...] = ()
    edit_id: str = ""


class _Change(NamedTuple):
    """What some changes did with one field together."""

    subject_id: str
    action: str
    detail: str
    before: Any
    after: Any


def take_back(
    catalog: Catalog, event_ids: Sequence[str], label: str, *, over: bool = False, tell: Tell | None = None
) -> TakenBack:
    """Set what some changes changed to what it was before them, as one edit.

    Args:
        event_ids: the changes.
        label: what they are called.
        over: whether also what was changed again since is set to what it was; else nothing is done where some is, and it is said.
        tell: what it raises leaves everything as it was.

    Raises:
        UsageError: none of them can be taken back, or nothing is left to take back; the sentence says why.
    """
    why_not: Counter[str] = Counter()
    with catalog.transaction() as connection:
        changes, decisions = _read(connection, event_ids, why_not)
        states = [(change, _now(connection, change, why_not)) for change in changes]
        wanted = [(change, now) for change, now in states if now is not _GONE and plain(now) != plain(change.before)]
        later = sum(plain(now) != plain(change.after) for change, now in wanted)
        if not wanted and not decisions:
            raise UsageError(_refusal(why_not, label))
        if later and not over:
            return TakenBack(label, 0, later, is_asked=True, left=tuple(why_not.items()))
        touched: list[str] = []
        with events.editing(catalog, f"taken back: {label}") as edit:
            for number, (change, now) in enumerate(wanted):
                if tell is not None:
                    tell(label, number, len(wanted))
                try:
                    edit.turn(change.action, change.subject_id, change.detail, now, change.before)
                except (RemovedForGood, UnknownReference) as error:
                    why_not[_sentence(error.message)] += 1
                    continue
                touched.append(change.subject_id)
            for subject, subject_id, ids, is_settled in decisions:
                edit.turn_settled(subject, subject_id, ids, is_settled=is_settled)
            count = edit.count
            # That something is to be settled again is all that a mere decision did.
            edit.count = count or len(decisions)
        if not edit.count:
            raise UsageError(_refusal(why_not, label))
        return TakenBack(label, edit.count, later, False, tuple(why_not.items()), tuple(touched), edit.id or "")


_GONE = object()


def _read(
    connection: sqlite3.Connection, event_ids: Sequence[str], why_not: Counter[str]
) -> tuple[list[_Change], list[tuple[str, str, list[str], bool]]]:
    """Give what some events changed, each field once, and the decisions among them."""
    rows = [row for row in (connection.execute(_ROW, (each,)).fetchone() for each in event_ids) if row is not None]
    rows.sort(key=lambda row: (cells.integer(row[6]), cells.text(row[7])))
    fields: dict[tuple[str, str, str], _Change] = {}
    decisions = []
    for action, subject, subject_id, before, after, is_redacted, _, _ in rows:
        if is_redacted:
            why_not["what it was before is not in this catalog any more"] += 1
            continue
        if action == SETTLE:
            decision = events.decision_of(before, after)
            if decision is not None:
                decisions.append((cells.text(subject), cells.text(subject_id), *decision))
            continue
        if action in _FOR_GOOD:
            why_not[_FOR_GOOD[action]] += 1
            continue
        change = events.whole_change(action, subject_id, before, after)
        if change is None:
            why_not["the entry is damaged: what was before cannot be told"] += 1
            continue
        action, subject_id, old, new = change
        detail = detail_of(action, new, old) or ""
        if action == "approve" and detail != events.author():
            why_not[f"only {detail} can take that approval back"] += 1
            continue
        first = fields.get((subject_id, action, detail))
        fields[subject_id, action, detail] = _Change(subject_id, action, detail, old if first is None else first.before, new)  # fmt: skip
    return list(fields.values())[::-1], decisions


def _now(connection: sqlite3.Connection, change: _Change, why_not: Counter[str]) -> Any:
    try:
        return FIELDS[change.action].get(connection, change.subject_id, change.detail)
    except UnknownReference:
        why_not["what it was made to is no longer here"] += 1
        return _GONE


def _sentence(message: str) -> str:
    return message.rstrip(".")


def _refusal(why_not: Counter[str], label: str) -> str:
    """Say why nothing is taken back."""
    if not why_not:
        return f"Nothing to take back of: {label}. It is as it was before already."
    return f"Nothing was taken back of: {label}. {'; '.join(f'{why[:1].upper()}{why[1:]}' for why in why_not)}."
