"""The journal as a chain: each event's digest is made of its content and of the event before it of the same origin.

An event that was changed, or taken away before another, no longer fits.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from typing import Any

from artui.catalog import seals

CHAINED_COLUMNS = "id, time_ms, stamp, author, action, subject, subject_id, before, after, edit_id"
"""What of an event its digest is made of, in this order."""
NEWEST_STAMP = """
    SELECT max((SELECT max(e.stamp) FROM event AS e WHERE e.origin_key = o.key))
    FROM origin AS o
"""
BEFORE_IN_CHAIN = """
    SELECT digest
    FROM event
    WHERE origin_key = :origin AND stamp < :stamp
    ORDER BY stamp DESC, id DESC
    LIMIT 1
"""


def next_stamp(connection: sqlite3.Connection, now_ms: int) -> int:
    """Give what decides who wins in a merge: the clock, but always later than what the writer has seen."""
    newest = connection.execute(NEWEST_STAMP).fetchone()[0]
    return now_ms if newest is None else max(now_ms, int(newest) + 1)


def event_digest(before: bytes | None, content: Sequence[Any]) -> bytes:
    """Make an event's digest: BLAKE2b of 16 bytes over that of the one before it of the same origin, and its own content."""
    return hashlib.blake2b((before or b"") + seals.canonical(content), digest_size=seals.SEAL_BYTES).digest()


def digest_before(connection: sqlite3.Connection, origin_key: int | None, stamp: int) -> bytes | None:
    """Give the digest of the event before a stamp, of the same origin."""
    row = connection.execute(BEFORE_IN_CHAIN, {"origin": origin_key, "stamp": stamp}).fetchone()
    return row[0] if row is not None and isinstance(row[0], bytes) else None


def is_chained(connection: sqlite3.Connection, event_id: str) -> bool:
    """Say whether an event is what its digest says, after the one before it. One from before there were digests is."""
    row = connection.execute(
        f"SELECT digest, origin_key, {CHAINED_COLUMNS} FROM event WHERE id = :id", {"id": event_id}
    ).fetchone()
    if row is None:
        return False
    digest, origin_key, *content = row
    if digest is None:
        return True
    stamp = content[2]
    return isinstance(stamp, int) and digest == event_digest(digest_before(connection, origin_key, stamp), content)
