"""Where the files of a stored version lie that could not be stored: each of them says so in its note.

The version's location is the store, under the first half of its mark; what is not there was left in the place that it
was saved from, under the second half.
"""

from __future__ import annotations

import json
import re
import sqlite3

from artui.catalog import cells, marks
from artui.model import NOT_STORED

_PLACE = re.compile(re.escape(NOT_STORED) + r'("(?:[^"\\]|\\.)*") on ("(?:[^"\\]|\\.)*"): ', re.DOTALL)
WAS_NOT_STORED = f"substr(f.note, 1, {len(NOT_STORED)}) = '{NOT_STORED}'"
"""The SQL condition that a file is one of them."""


def not_stored_note(folder: str, host: str, why: str) -> str:
    """Write the note of a file that was left below a folder of a host."""
    places = (json.dumps(text, ensure_ascii=False) for text in (folder, host))
    return f"{NOT_STORED}{' on '.join(places)}: {why}"


def left_in(note: object) -> tuple[str, str] | None:
    """Give the folder and the host that a file was left in; None for one that was not left anywhere."""
    match = _PLACE.match(note) if isinstance(note, str) else None
    try:
        return None if match is None else (str(json.loads(match[1])), str(json.loads(match[2])))
    except ValueError:
        return None


def mark_again(connection: sqlite3.Connection, version_key: int) -> None:
    """Mark a version with its digest and its places as they are now."""
    version_id, digest, location = connection.execute(
        "SELECT id, digest, location FROM version WHERE key = ?", (version_key,)
    ).fetchone()
    row = connection.execute(
        f"SELECT f.note FROM file AS f WHERE f.version_key = ? AND {WAS_NOT_STORED} LIMIT 1", (version_key,)
    ).fetchone()
    left = left_in(row[0]) if row is not None else None
    mark = marks.make(version_id, digest, location, *(left[:1] if left else ()))
    connection.execute("UPDATE version SET mark = ? WHERE key = ?", (mark, version_key))


def note_stored(
    connection: sqlite3.Connection, version_key: int, location: str, host: str, notes: dict[str, str]
) -> None:
    """Note that the files of a version are in a store, but for those that have notes by their paths, which say where they are.

    Of a version that is in a store already only what was left out of that one counts: nothing is lost by saving again.
    """
    (storage, before) = connection.execute(
        "SELECT storage, location FROM version WHERE key = ?", (version_key,)
    ).fetchone()
    if storage == "stored":
        rows = connection.execute(
            f"SELECT f.path FROM file AS f WHERE f.version_key = ? AND {WAS_NOT_STORED}", (version_key,)
        ).fetchall()
        left = {cells.text(row[0]) for row in rows}
        if not left or (notes and location != before):
            return
        connection.executemany(
            "UPDATE file SET note = '' WHERE version_key = ? AND path = ?",
            [(version_key, path) for path in left - notes.keys()],
        )
        notes = {path: note for path, note in notes.items() if path in left}
    elif storage != "referenced":
        return
    connection.executemany(
        "UPDATE file SET note = ? WHERE version_key = ? AND path = ?",
        [(note, version_key, path) for path, note in notes.items()],
    )
    connection.execute(
        "UPDATE version SET storage = 'stored', location = ?, host = ? WHERE key = ?", (location, host, version_key)
    )
    mark_again(connection, version_key)
