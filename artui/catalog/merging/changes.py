"""What the journal says: the events of both sides, what they have forgotten, and how each field stands by them."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from artui.catalog import cells
from artui.catalog.fields import FIELDS, detail_of, state_of
from artui.catalog.merging.joins import rank, wins
from artui.catalog.merging.target import Target
from artui.catalog.pairing import side_by_side

COLUMNS = ("id", "time_ms", "author", "action", "subject", "subject_id", "before", "after", "edit_id", "stamp", "digest", "why", "is_redacted")  # fmt: skip
OF_ORIGIN = f"SELECT stamp, {', '.join(COLUMNS)} FROM event WHERE origin_key = ? ORDER BY stamp, id"
STATE_OF_ORIGIN = """
    SELECT count(*), max(stamp), max(id), sum(is_redacted), max(is_redacted = 2)
    FROM event
    WHERE origin_key = ?
"""
REMOVE = "remove"
FORGOTTEN, LEFT_OUT = 1, 2
"""How an event is redacted: by wish, for good; or only in a copy that was given away."""
_REDACTED_RANK = {LEFT_OUT: 0, 0: 1, FORGOTTEN: 2}


@dataclass(slots=True)
class News:
    """What came of merging two journals."""

    subject_ids: set[str] = field(default_factory=set)
    """Things about which there is something new."""
    event_count: int = 0
    odd_count: int = 0
    """Events of one id that say different things."""


def merge_events(
    target: Target, theirs: sqlite3.Connection, origin_keys: dict[int, int], *, only: Collection[str] | None = None
) -> News:
    """Bring the events of a source into the journal.

    Args:
        origin_keys: keys of the origins, theirs to ours.
        only: ids of things: of the others nothing is said. What comes before one that is taken stays as its digest.
    """
    news = News()
    for their_key, our_key in origin_keys.items():
        states = [
            tuple(connection.execute(STATE_OF_ORIGIN, (key,)).fetchone())
            for connection, key in ((theirs, their_key), (target.connection, our_key))
        ]
        # Without one that was left out they have the same beginning of a chain; else as many may be others.
        if not states[0][0] or (states[0] == states[1] and not states[0][-1]):
            continue
        ours = target.execute(OF_ORIGIN, (our_key,)).fetchall()
        rows: Iterable[Sequence[Any]] = theirs.execute(OF_ORIGIN, (their_key,))
        if only is not None:
            rows = _only_of(rows, only)
        for their_row, our_row in side_by_side(rows, ours, by=2):
            if their_row is not None:
                _take(target, our_key, their_row[1:], None if our_row is None else our_row[1:], news)
    return news


def _only_of(rows: Iterable[Sequence[Any]], subject_ids: Collection[str]) -> Iterator[Sequence[Any]]:
    """Give the events of some things; of the event before each, which its digest is made of, only the digest."""
    before: Sequence[Any] | None = None
    for row in rows:
        if row[1 + COLUMNS.index("subject_id")] in subject_ids:
            if before is not None:
                yield _left_out(before)
            yield row
            before = None
        else:
            before = row


def _left_out(row: Sequence[Any]) -> Sequence[Any]:
    """Give an event of which nothing is left but its place in the journal and its digest."""
    kept = {"id", "stamp", "digest"}
    empty = {
        "time_ms": 0,
        "author": "",
        "action": "",
        "subject": "",
        "subject_id": "",
        "why": "",
        "is_redacted": LEFT_OUT,
    }
    return row[0], *(
        value if column in kept else empty.get(column) for column, value in zip(COLUMNS, row[1:], strict=True)
    )


def _take(target: Target, origin_key: int, their_row: Sequence[Any], our_row: Sequence[Any] | None, news: News) -> None:
    if our_row is None:
        # One that another origin brought already says the same.
        columns = (*COLUMNS, "origin_key")
        target.execute(
            f"INSERT OR IGNORE INTO event ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})",
            (*their_row, origin_key),
        )
        news.event_count += 1
    elif their_row == our_row or not wins(_rank(their_row), _rank(our_row)):
        news.odd_count += their_row[:-3] != our_row[:-3] and not (their_row[-1] or our_row[-1])
        return
    else:
        target.execute(
            f"UPDATE event SET {', '.join(f'{column} = ?' for column in COLUMNS)} WHERE id = ?",
            (*their_row, their_row[0]),
        )
    news.subject_ids.add(cells.text(their_row[5]))


def _rank(row: Sequence[Any]) -> Any:
    return _REDACTED_RANK.get(row[-1], 1), rank(0, row)


# What was forgotten


FORGOTTEN_THINGS = """
    SELECT e.subject, e.subject_id, max(CASE WHEN e.action = 'forget' THEN e.stamp END), max(e.stamp)
    FROM event AS e
    WHERE e.action IN ('forget', 'return')
      AND e.subject IN ('run', 'version')
    GROUP BY e.subject, e.subject_id
"""
REDACT = """
    UPDATE event
    SET before = 'null', after = 'null', why = '', is_redacted = 1
    WHERE subject_id = :id
      AND action NOT IN ('forget', 'return')
      AND is_redacted <> 1
      AND stamp < :before
"""
_ALWAYS = 1 << 62


@dataclass(frozen=True, slots=True)
class Forgotten:
    """The runs and versions that somebody has forgotten for good, and how late a copy must be to count all the same."""

    runs: Mapping[str, int]
    """By id, the stamp before which nothing of it counts: of what was imported again, that of when it was forgotten."""
    versions: Mapping[str, int]

    def __iter__(self) -> Iterator[tuple[str, str, int]]:
        """Give each: its table, its id, and that stamp."""
        for table, stamps in (("run", self.runs), ("version", self.versions)):
            for subject_id, stamp in sorted(stamps.items()):
                yield table, subject_id, stamp


def forgotten(connection: sqlite3.Connection) -> Forgotten:
    """Give what was forgotten for good."""
    stamps: dict[str, dict[str, int]] = {"run": {}, "version": {}}
    for subject, subject_id, stamp, last in connection.execute(FORGOTTEN_THINGS):
        if stamp is not None:
            stamps[str(subject)][str(subject_id)] = _ALWAYS if stamp == last else cells.integer(stamp)
    return Forgotten(stamps["run"], stamps["version"])


def redact(target: Target, subject_id: str, before: int) -> None:
    """Redact what the journal said of a thing before it was forgotten, whoever said it."""
    target.execute(REDACT, {"id": subject_id, "before": before})


def redact_labels(target: Target, subject_ids: Iterable[str], instead: str) -> None:
    """Take what they are called from the edits that changed a thing that was forgotten."""
    edits = "SELECT e.edit_id FROM event AS e WHERE e.subject_id = :id AND e.edit_id IS NOT NULL AND e.is_redacted = 1"
    for subject_id in subject_ids:
        target.execute(
            f"UPDATE edit SET label = :instead WHERE id IN ({edits})", {"id": subject_id, "instead": instead}
        )


# How fields stand


@dataclass(frozen=True, slots=True)
class Standing:
    """How a field stands by the journal."""

    state: Any
    """As in the journal; None where there is none."""
    stamp: int
    time_ms: int
    author: str
    is_redacted: bool
    """What it is was forgotten: the row itself says what is left."""


OF_SUBJECT = """
    SELECT action, before, after, stamp, time_ms, author, is_redacted
    FROM event
    WHERE subject_id = :id
    ORDER BY stamp, id
"""


def standings(connection: sqlite3.Connection, subject_id: str) -> dict[tuple[str, str], Standing]:
    """Give how each field of a thing stands that somebody has changed, by action and detail; of removal, when it was first."""
    made: dict[tuple[str, str], Standing] = {}
    for action, before, after, stamp, time_ms, author, is_redacted in connection.execute(
        OF_SUBJECT, {"id": subject_id}
    ):
        if action not in FIELDS and action != REMOVE:
            continue
        old, new = state_of(before), state_of(after)
        detail = detail_of(str(action), old, new)
        if detail is None or (action == REMOVE and (action, detail) in made):
            continue
        made[str(action), detail] = Standing(
            new, cells.integer(stamp), cells.integer(time_ms), cells.text(author), bool(is_redacted)
        )
    return made


def subjects_with_events(connection: sqlite3.Connection, subject_ids: Sequence[str]) -> Iterator[str]:
    """Give those of some things that the journal says something about."""
    query = (
        "SELECT w.value FROM json_each(:ids) AS w WHERE EXISTS (SELECT 1 FROM event AS e WHERE e.subject_id = w.value)"
    )
    for (subject_id,) in connection.execute(query, {"ids": orjson.dumps(list(subject_ids)).decode()}):
        yield str(subject_id)
