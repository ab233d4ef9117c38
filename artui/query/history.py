"""What people did with a version, as the journal has it, with who, when and why: aliases that came and went, approvals, retirement, deletion, facts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from artui.catalog import cells as cell_of
from artui.catalog.chain import REASONS_SINCE
from artui.catalog.numbering import FORGET
from artui.model import Change
from artui.query.border import Shape
from artui.query.damage import is_chained
from artui.query.declared import facts_of
from artui.query.wording import STATES

if TYPE_CHECKING:
    from artui.model import VersionHead
    from artui.query.reader import Reader

MOST_CHANGES = 500
NONE = "none"
"""Stands for no version that an alias named, before or after."""
UNDECLARED = "undeclared"
"""Stands for no value of a fact, before or after; `none` is a value that some facts may have."""
FORGOTTEN = "forgotten"
"""Stands for what an event said that was redacted."""
_WITHOUT_VALUES = ("approve", "retire", "delete", "forget", "return", "settle", "remove")
_CHANGES = Shape(Change, "time_ms author why")
EVENTS = """
    SELECT e.time_ms, e.author, {reasons}, e.action, e.before, e.after, e.id
    FROM event AS e
    WHERE e.subject_id IN (:artifact, :version)
    ORDER BY e.time_ms DESC, e.id DESC
    LIMIT :most
"""


def version_history(reader: Reader, head: VersionHead) -> list[Change]:
    """List what was done with a version, newest first."""
    changes: list[Change] = []
    with reader.snapshot() as connection:
        row = connection.execute("SELECT id FROM artifact WHERE key = ?", (head.artifact_key,)).fetchone()
        reasons = "e.why, e.is_redacted" if reader.schema_version >= REASONS_SINCE else "'', 0"
        values = {"artifact": row[0] if row is not None else None, "version": head.id, "most": MOST_CHANGES}
        rows = connection.execute(EVENTS.format(reasons=reasons), values).fetchall()
        shared = _Shared(facts_of(connection, head.artifact_key))
        for time_ms, author, why, is_redacted, action, before, after, event_id in rows:
            if action == FORGET and after != "null":
                continue  # it is another version that was forgotten
            said = (FORGOTTEN, "", "") if is_redacted == 1 else _said(head, action, before, after, shared)
            if said is None:
                continue
            damaged = () if is_chained(reader, connection, event_id) else ("event",)
            what, was, now = said
            changes.append(_CHANGES.made((time_ms, author, why), what=what, before=was, after=now, damaged=damaged))
    return changes


class _Shared:
    """The facts of an artifact as they were at each event, which are gone through from the newest on."""

    def __init__(self, now: Mapping[str, str]) -> None:
        self._values = dict(now)

    def value(self, name: str) -> str:
        """Give the value of a fact at the event that is gone through; empty if there was none."""
        return self._values.get(name, "")

    def step_back(self, name: str, before: str) -> None:
        """Go on to what was before a change of a fact."""
        self._values[name] = before


def _fact(state: Any) -> tuple[str, str]:
    """Read a fact as an event has it: its name and its value; both empty if there was none."""
    values = cell_of.list_of(state) or []
    return (str(values[0]), str(values[1])) if len(values) > 1 else ("", "")


def _said(head: VersionHead, action: Any, before: Any, after: Any, shared: _Shared) -> tuple[str, str, str] | None:
    """Say what an event did with a version: what changed, from and to; None if it did nothing with it."""
    if action in _WITHOUT_VALUES:
        is_contrary = after == "null" and (action != "settle" or before == "null")
        return STATES[action][is_contrary], "", ""
    if action in ("fact", "override"):
        (before_name, old), (after_name, new) = _fact(before), _fact(after)
        name = after_name or before_name or "?"
        if action == "fact":
            shared.step_back(name, old)
            return f"{name} of all versions", old or UNDECLARED, new or UNDECLARED
        # Without a word of its own a version has what is said of its artifact.
        return name, old or shared.value(name) or UNDECLARED, new or shared.value(name) or UNDECLARED
    if action != "alias":
        return None
    was, now = cell_of.list_of(before) or [], cell_of.list_of(after) or []
    numbers = [values[2] if len(values) > 2 and isinstance(values[2], int) else None for values in (was, now)]
    if head.number not in numbers:
        return None
    return str((now or was or ["?"])[0]), *(NONE if number is None else f"v{number}" for number in numbers)  # type: ignore[return-value]
