"""Words without a field: looked for in the texts of runs."""

from __future__ import annotations

import sqlite3

import orjson

from artui.catalog.cells import storable
from artui.query.attributes import ALIASED_RUNS
from artui.query.keys import key_list
from artui.query.statuses import STATUS_CONDITIONS, status_times

MAX_WORD_CHARS = 500
"""A longer word is cut to this length."""
MAX_DISTINCT = 20_000
"""At most this many different texts of params or tags are searched."""

RUNS_HOLDING = "SELECT key FROM run WHERE instr(lower(name), :part)"
NOTES_HOLDING = "SELECT key FROM run WHERE note <> '' AND instr(lower(note), :part)"
PROJECTS_HOLDING = "SELECT key FROM project WHERE instr(lower(name), :part)"
TAG_NAMES_HOLDING = """
    SELECT t.run_key AS key FROM name AS n JOIN tag AS t ON t.name_key = n.key WHERE instr(lower(n.text), :part)
"""
ALIASES_HOLDING = f"SELECT DISTINCT e.source_key AS key FROM {ALIASED_RUNS} WHERE instr(lower(l.name), :part)"
"""Runs that made a version with an alias that holds a text."""
DISTINCT_TAGS = """
    WITH RECURSIVE seen (name_key, text) AS (
        SELECT n.key, (SELECT min(t.value) FROM tag AS t WHERE t.name_key = n.key)
        FROM name AS n
        UNION ALL
        SELECT s.name_key, (SELECT min(t.value) FROM tag AS t WHERE t.name_key = s.name_key AND t.value > s.text)
        FROM seen AS s
        WHERE s.text IS NOT NULL
        LIMIT :limit
    )
    SELECT name_key, text FROM seen WHERE instr(lower(text), :part)
"""
DISTINCT_TEXTS = """
    WITH RECURSIVE seen (name_key, text) AS (
        SELECT n.key, (SELECT min(p.text) FROM param AS p WHERE p.name_key = n.key AND p.text IS NOT NULL)
        FROM name AS n
        UNION ALL
        SELECT s.name_key, (SELECT min(p.text) FROM param AS p WHERE p.name_key = s.name_key AND p.text IS NOT NULL AND p.text > s.text)
        FROM seen AS s
        WHERE s.text IS NOT NULL
        LIMIT :limit
    )
    SELECT name_key, text FROM seen WHERE instr(lower(text), :part)
"""


_THESE = "json_each(:within) AS w"
_AMONG = (
    f"SELECT r.key AS key FROM {_THESE} CROSS JOIN run AS r ON r.key = w.value WHERE instr(lower(r.name), :part) OR (r.note <> '' AND instr(lower(r.note), :part)) "
    f"OR r.project_key IN ({PROJECTS_HOLDING})",
    f"SELECT w.value AS key FROM {_THESE} CROSS JOIN tag AS t ON t.run_key = w.value WHERE instr(lower(t.value), :part) "
    "OR t.name_key IN (SELECT key FROM name WHERE instr(lower(text), :part))",
    f"SELECT w.value AS key FROM {_THESE} WHERE w.value IN ({ALIASES_HOLDING})",
    f"SELECT w.value AS key FROM {_THESE} CROSS JOIN param AS t ON t.run_key = w.value WHERE instr(lower(t.text), :part) OR t.number = :number",
)


def runs_holding(connection: sqlite3.Connection, text: str, *, within: set[int] | None = None) -> set[int]:
    """Give the keys of the runs that contain a text in name, note, tags, project, params or the aliases of what they made.

    Case does not matter. A number is also found as the value of a param.

    Args:
        within: look only at these runs, one by one: faster when they are few.
    """
    word = storable(text)[:MAX_WORD_CHARS]
    keys: set[int] = set()
    if within is not None:
        values = {"within": orjson.dumps(list(within)).decode(), "number": as_number(word)}
        for part in spellings(word):
            for query in _AMONG:
                keys.update(key_list(connection, query, {**values, "part": part}))
        return keys
    for part in spellings(word):
        keys |= _holding(connection, part)
    number = as_number(word)
    if number is not None:
        query = "SELECT run_key AS key FROM param WHERE name_key = :name AND number = :number"
        for (name_key,) in connection.execute("SELECT key FROM name").fetchall():
            keys.update(key_list(connection, query, {"name": name_key, "number": number}))
    return keys


def runs_of_status(connection: sqlite3.Connection, text: str, now_ms: int) -> set[int]:
    """Give the keys of the runs whose status begins with a text of three letters or more."""
    keys: set[int] = set()
    for status, condition in STATUS_CONDITIONS.items():
        if len(text) > 2 and status.startswith(text.lower()):
            query = f"SELECT t.key AS key FROM run AS t WHERE {condition}"
            keys.update(key_list(connection, query, status_times(now_ms)))
    return keys


def spellings(word: str) -> set[str]:
    """Give the spellings to look for: SQLite folds only ASCII letters, so others are tried in several cases."""
    return {_ascii_lower(form) for form in (word, word.lower(), word.upper(), word.capitalize())}


def _ascii_lower(text: str) -> str:
    return (
        text.lower() if text.isascii() else "".join(letter.lower() if letter.isascii() else letter for letter in text)
    )


def _holding(connection: sqlite3.Connection, part: str) -> set[int]:
    """Give the runs with `part`, which is folded already, in a text. Unlike LIKE, instr finds text after a NUL."""
    values = {"part": part}
    keys = set(key_list(connection, RUNS_HOLDING, values))
    keys.update(key_list(connection, NOTES_HOLDING, values))
    for project in key_list(connection, PROJECTS_HOLDING, values):
        keys.update(key_list(connection, "SELECT key FROM run WHERE project_key = :project", {"project": project}))
    keys.update(key_list(connection, TAG_NAMES_HOLDING, values))
    keys.update(key_list(connection, ALIASES_HOLDING, values))
    for distinct, table, column in ((DISTINCT_TEXTS, "param", "text"), (DISTINCT_TAGS, "tag", "value")):
        for name_key, text in connection.execute(distinct, {**values, "limit": MAX_DISTINCT}).fetchall():
            query = f"SELECT run_key AS key FROM {table} WHERE name_key = :name AND {column} = :text"
            keys.update(key_list(connection, query, {"name": name_key, "text": text}))
    return keys


def as_number(word: str) -> float | int | None:
    """Read a word as a number; an int stays exact, as a float beyond 2^53 would not."""
    try:
        number = int(word)
        if -(1 << 63) <= number < 1 << 63:
            return number
    except ValueError:
        pass
    try:
        return float(word)
    except ValueError:
        return None
