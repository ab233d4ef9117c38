"""Numbers of versions: each is given once, so that a reference such as `model:v7` never comes to mean another model.

A deleted version keeps its row, and so does one whose content was removed. Of a version that was forgotten the journal
keeps the number, under the id of its artifact: it is counted there even when the artifact itself was forgotten with it.
"""

from __future__ import annotations

import sqlite3

from artui.catalog import cells

RETURN = "return"
"""The action of the event that says that a forgotten thing was imported again, and is no longer forgotten."""
FORGET = "forget"
"""The action of the event that keeps the number of a forgotten version, as what the artifact has after it."""
MOST = 2**53
"""A larger one is damage, or somebody's joke: nothing would be left for the next."""
LARGEST = (
    "SELECT max(number) FROM version WHERE artifact_key = :artifact AND typeof(number) = 'integer' AND number < :most"
)
FORGOTTEN = "SELECT e.after FROM event AS e WHERE e.subject_id = :subject AND e.action = :action"


def next_number(connection: sqlite3.Connection, artifact_key: int) -> int:
    """Give the number of an artifact's next version: above all that were ever given."""
    (largest,) = connection.execute(LARGEST, {"artifact": artifact_key, "most": MOST}).fetchone()
    return 1 + max(0, cells.integer(largest), *_forgotten(connection, _artifact_id(connection, artifact_key)))


def is_free(connection: sqlite3.Connection, artifact_key: int, number: int, version_id: str) -> bool:
    """Whether a version may have a number that its source gives: no version has it or had it, but this one itself."""
    query = "SELECT 1 FROM version WHERE artifact_key = ? AND number = ? LIMIT 1"
    if not 0 < number < MOST or connection.execute(query, (artifact_key, number)).fetchone() is not None:
        return False
    was_given = number in _forgotten(connection, _artifact_id(connection, artifact_key))
    return not was_given or number in _forgotten(connection, version_id)


def is_forgotten(connection: sqlite3.Connection, subject_id: str) -> bool:
    """Whether somebody forgot a run or a version of this id, and nothing has brought it back since."""
    query = "SELECT max(e.stamp) FROM event AS e WHERE e.subject_id = ? AND e.action = ?"
    forgotten, returned = (connection.execute(query, (subject_id, action)).fetchone()[0] for action in (FORGET, RETURN))
    return forgotten is not None and cells.integer(forgotten) >= cells.integer(returned, -1)


def _artifact_id(connection: sqlite3.Connection, artifact_key: int) -> str:
    (artifact_id,) = connection.execute("SELECT id FROM artifact WHERE key = ?", (artifact_key,)).fetchone()
    return str(artifact_id)


def _forgotten(connection: sqlite3.Connection, subject_id: str) -> set[int]:
    """Give the numbers of forgotten versions: of an artifact, or of one of them."""
    rows = connection.execute(FORGOTTEN, {"subject": subject_id, "action": FORGET}).fetchall()
    texts = {row[0] for row in rows if isinstance(row[0], str)}
    return {int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < 17 and int(text) < MOST}
