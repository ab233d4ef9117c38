"""Who set each thing that is said of a run or a version, when, from where, and why: the last word of the journal on each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from artui.catalog import cells
from artui.catalog.chain import REASONS_SINCE
from artui.catalog.fields import detail_of, state_of
from artui.catalog.origins import HOSTS_SINCE
from artui.model import RunHead, VersionHead
from artui.query.reader import Reader
from artui.query.wording import STATES, value_text, what_text

OF_SUBJECT = """
    SELECT e.action, e.before, e.after, e.author, e.time_ms, {reason}, {host}
    FROM event AS e
    LEFT JOIN origin AS o ON o.key = e.origin_key
    WHERE e.subject_id = :id
    ORDER BY e.stamp, e.id
"""
OF_SUBJECT_BEFORE_STAMPS = """
    SELECT e.action, e.before, e.after, e.author, e.time_ms, '', ''
    FROM event AS e
    WHERE e.subject_id = :id
    ORDER BY e.time_ms, e.id
"""


@dataclass(frozen=True, slots=True)
class Blame:
    """Who set one thing."""

    what: str
    """`note`, `tag wip`, `alias production` …; `recorded` for all that nobody has changed since."""
    value: str | None
    """What it was set to; None where it was taken away."""
    author: str
    time_ms: int
    why: str
    """The reason that was given; empty for none."""
    host: str
    """The box on which it was done, as far as the catalog knows; empty where it does not."""


def blame(reader: Reader, subject: RunHead | VersionHead) -> list[Blame]:
    """Say who set each thing that is said of a run or a version, the last change first; what was recorded, and by whom, at the end."""
    with reader.snapshot() as connection:
        found = _of(reader, connection, subject.id)
        if isinstance(subject, RunHead):
            row = connection.execute("SELECT user, host FROM run WHERE id = :id", {"id": subject.id}).fetchone()
            user, host = (cells.text(row[0]), cells.text(row[1])) if row is not None else ("", "")
            recorded = Blame(
                "recorded", subject.status, f"{user}@{host}".strip("@") or "nobody named", subject.started_ms, "", host
            )
        else:
            (artifact_id,) = connection.execute(
                "SELECT id FROM artifact WHERE key = :key", {"key": subject.artifact_key}
            ).fetchone()
            found |= {
                key: one
                for key, one in _of(reader, connection, str(artifact_id)).items()
                if key[0] == "fact" or (key[0] == "alias" and key[1] in subject.aliases)
            }
            by = subject.made_by.name if subject.made_by is not None else "added"
            recorded = Blame("recorded", subject.digest_text[:16], by, subject.created_ms, "", "")
    return [*sorted(found.values(), key=lambda one: one.time_ms, reverse=True), recorded]


def _of(reader: Reader, connection: Any, subject_id: str) -> dict[tuple[str, str], Blame]:
    version = reader.schema_version
    query = OF_SUBJECT_BEFORE_STAMPS
    if version >= REASONS_SINCE:
        query = OF_SUBJECT.format(reason="e.why", host="o.host" if version >= HOSTS_SINCE else "''")
    last: dict[tuple[str, str], Blame] = {}
    for action, before, after, author, time_ms, why, host in connection.execute(query, {"id": subject_id}):
        if action == "settle":
            continue
        detail = detail_of(str(action), state_of(before), state_of(after)) or ""
        last[str(action), detail] = Blame(
            what_text(str(action), detail), _value(str(action), after), cells.text(author), cells.integer(time_ms),
            cells.text(why), "" if host is None else cells.text(host),
        )  # fmt: skip
    return last


def _value(action: str, after: Any) -> str | None:
    """Say what something was set to."""
    if action in STATES and action != "view":
        return STATES[action][after == "null"]
    return value_text(state_of(after), action)
