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
    target: Target,
    theirs: sqlite3.Connection,
    origin_keys: dict[int, int],
    *,
    forgotten_ids: Collection[str] = (),
    only: Collection[str] | None = None,
) -> News:
    """Bring the events of a source into the journal.

    Args:
        origin_keys: keys of the origins, theirs to ours.
        forgotten_ids: ids of things of which their copy was forgotten: what they say of these comes as its digest.
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
                if their_row[1 + COLUMNS.index("subject_id")] in forgotten_ids:
                    their_row = (their_row[0], *redacted(their_row[1:]))
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


SAID_OF_FORGETTING = """
    SELECT subject, subject_id, action, stamp, id
    FROM event
    WHERE action IN ('forget', 'return')
      AND subject IN ('run', 'version')
"""
REDACT = """
    UPDATE event
    SET before = 'null', after = 'null', why = '', is_redacted = 1
    WHERE subject_id = ?
      AND action NOT IN ('forget', 'return')
      AND is_redacted <> 1
"""
Moment = tuple[int, str]
"""Of an event: its stamp and its id."""
_NEVER: Moment = (-1, "")


@dataclass(slots=True)
class Known:
    """What a journal knows of one thing that somebody has forgotten for good."""

    forgotten: Moment = _NEVER
    """When it was forgotten last."""
    returned: int = -1
    """The stamp of when it was imported again last."""

    def counts(self, last: Moment) -> bool:
        """Say whether the copy beside this journal is one that was imported again since the thing was forgotten last."""
        return self.forgotten == last and self.returned > last[0]


@dataclass(frozen=True, slots=True)
class Forgotten:
    """The runs and versions that somebody has forgotten for good, and whose copy of each counts all the same.

    Of a thing that was imported again, a copy counts if its journal knows when it was forgotten last: it was made after that,
    whatever the clocks say. All others are of before: neither they nor what was said of them is taken, in whatever order
    catalogs are merged.
    """

    things: Mapping[tuple[str, str], tuple[bool, bool]]
    """By table and id: whether our copy counts, and whether theirs does."""

    def theirs(self, table: str) -> frozenset[str]:
        """Give the ids of runs or versions of which their copy does not count."""
        return frozenset(thing_id for (name, thing_id), (_, counts) in self.things.items() if name == table and not counts)  # fmt: skip

    def ours(self) -> Iterator[tuple[str, str]]:
        """Give table and id of each thing of which our copy does not count."""
        return (thing for thing, (counts, _) in sorted(self.things.items()) if not counts)

    def ids(self) -> Iterator[str]:
        """Give the ids of all of them."""
        return (thing_id for _, thing_id in sorted(self.things))


def known(connection: sqlite3.Connection, only: Collection[str] | None = None) -> dict[tuple[str, str], Known]:
    """Give what a journal knows of things that were forgotten, by table and id.

    Args:
        only: ids of the things of which something is taken; None for all.
    """
    things: dict[tuple[str, str], Known] = {}
    for subject, subject_id, action, stamp, event_id in connection.execute(SAID_OF_FORGETTING):
        if only is not None and subject_id not in only:
            continue
        thing = things.setdefault((cells.text(subject), cells.text(subject_id)), Known())
        if action == "forget":
            thing.forgotten = max(thing.forgotten, (cells.integer(stamp), cells.text(event_id)))
        else:
            thing.returned = max(thing.returned, cells.integer(stamp))
    return things


def forgotten(ours: Mapping[tuple[str, str], Known], theirs: Mapping[tuple[str, str], Known]) -> Forgotten:
    """Give what one of two journals knows to be forgotten."""
    things: dict[tuple[str, str], tuple[bool, bool]] = {}
    for thing in {*ours, *theirs}:
        mine, other = ours.get(thing, Known()), theirs.get(thing, Known())
        last = max(mine.forgotten, other.forgotten)
        if last != _NEVER:
            things[thing] = mine.counts(last), other.counts(last)
    return Forgotten(things)


def redact(target: Target, subject_id: str) -> None:
    """Redact what the journal said of a thing before it was forgotten, whoever said it."""
    target.execute(REDACT, (subject_id,))


def redacted(row: Sequence[Any]) -> Sequence[Any]:
    """Give an event, without its origin, of which nothing is said any more."""
    said = dict(zip(COLUMNS, row, strict=True))
    if said["action"] in ("forget", "return"):
        return row
    return tuple({**said, "before": "null", "after": "null", "why": "", "is_redacted": FORGOTTEN}.values())


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
