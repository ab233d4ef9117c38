"""How versions stand: which is the newest, which are retired, and what is said of one that was deleted.

A retired version is left out of ordinary lists and is not `latest`; every reference to it goes on working. A deleted one
is found by nothing but what restores it. Both are one change, and an event.
"""

from __future__ import annotations

import sqlite3

from artui.catalog import cells
from artui.times import time_text


def not_retired(version_key: str) -> str:
    """Write the SQL condition that a version is not retired."""
    return f"NOT EXISTS (SELECT 1 FROM retirement AS t WHERE t.version_key = {version_key})"


def newest_number(artifact_key: str) -> str:
    """Write the SQL of the number of an artifact's newest version, which `latest` names: not deleted, not retired."""
    return (
        f"(SELECT max(n.number) FROM version AS n WHERE n.artifact_key = {artifact_key} "
        f"AND n.deleted_ms IS NULL AND {not_retired('n.key')})"
    )


LAST_DELETION = """
    SELECT author, time_ms
    FROM event
    WHERE subject_id = :id AND action IN ('delete', 'trash') AND after <> 'null'
    ORDER BY time_ms DESC, id DESC
    LIMIT 1
"""


def deletion_text(connection: sqlite3.Connection, subject_id: str, deleted_ms: object) -> str:
    """Say when something was deleted, and by whom if the journal has that: `was deleted on 2026-11-03 10:00:00 by ada@box`."""
    row = connection.execute(LAST_DELETION, {"id": subject_id}).fetchone()
    when = time_text(row[1] if row is not None and isinstance(row[1], int) else cells.integer(deleted_ms))
    return f"was deleted on {when}" + (f" by {cells.text(row[0])}" if row is not None else "")
