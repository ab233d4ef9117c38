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
"""The columns of an event that its digest covers, in this order; behind them the reason, if one was given."""
_REDACTED = (1, 2)
"""How an event can be redacted: by wish, for good; or only in a copy that was given away."""
REASONS_SINCE = 6
"""The first schema whose events have reasons, and can be redacted."""
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
    """Give the stamp that decides who wins in a merge: the clock, but always later than the newest stamp in the file."""
    newest = connection.execute(NEWEST_STAMP).fetchone()[0]
    return now_ms if newest is None else max(now_ms, int(newest) + 1)


def event_digest(before: bytes | None, content: Sequence[Any]) -> bytes:
    """Make an event's digest: 16 bytes of BLAKE2b over the previous digest of the same origin and its own content."""
    return hashlib.blake2b((before or b"") + seals.canonical([content]), digest_size=seals.SEAL_BYTES).digest()


def digest_before(connection: sqlite3.Connection, origin_key: int | None, stamp: int) -> bytes | None:
    """Give the digest of the event before a stamp, of the same origin."""
    row = connection.execute(BEFORE_IN_CHAIN, {"origin": origin_key, "stamp": stamp}).fetchone()
    return row[0] if row is not None and isinstance(row[0], bytes) else None


def is_chained(connection: sqlite3.Connection, event_id: str, *, schema_version: int = REASONS_SINCE) -> bool:
    """Say whether an event matches its digest and the event before it.

    One that has no digest yet counts as matching, and so does one that was redacted: only its digest is left.
    """
    reasons = "why, is_redacted" if schema_version >= REASONS_SINCE else "'', 0"
    row = connection.execute(
        f"SELECT digest, origin_key, {reasons}, {CHAINED_COLUMNS} FROM event WHERE id = :id", {"id": event_id}
    ).fetchone()
    if row is None:
        return False
    digest, origin_key, why, is_redacted, *content = row
    if digest is None:
        return True
    if is_redacted in _REDACTED and isinstance(digest, bytes):
        # What was forgotten says nothing; a copy that was given away may still say what is in no class that was taken out.
        return is_redacted != 1 or (content[7] in (None, "null") and why == "")
    if is_redacted != 0:
        return False
    if why != "":
        content.append(why)
    stamp = content[2]
    return isinstance(stamp, int) and digest == event_digest(digest_before(connection, origin_key, stamp), content)
