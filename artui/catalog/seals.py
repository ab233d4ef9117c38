"""Seals: digests of ended runs and of versions, over everything that is shown of them.

A seal is BLAKE2b of 16 bytes over its parts' digests, and then the first two bytes of each part's digest, which tell
where something differs. A part's digest is BLAKE2b of 16 bytes over its rows in a fixed order, each as one line of
JSON: a list of the columns, ASCII only, no spaces, floats as Python's `repr` writes them (`NaN` and `Infinity` as
such), bytes as `{"hex":…}`. No key of a table is in it, and names stand as texts, so that a merge keeps seals true.

Code that changes something need not think of them: temporary triggers of the writing connection note what is touched,
and `renew`, called before each COMMIT, makes the seals again. What did not match its seal before a change does not
match it afterwards either: a note on a damaged run does not hide the damage. The digests of this look before a change
are kept until then, so that only the parts that were touched are read twice. A run that goes on has no seal.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import orjson

from artui.catalog import guard
from artui.model.words import BETWEEN_VERSIONS_CODES

SEAL_BYTES = 16
_PART_BYTES = 2
_ROWS_AT_ONCE = 1000
SCHEMA_VERSION = 5
"""The first schema with seals."""

_RUN_COLUMNS = (
    "id", "parent_id", "name", "status", "stage", "started_ms", "ended_ms", "duration_ms", "deleted_ms", "user", "host", "git_commit",
    "git_branch", "git_dirty", "python", "directory", "command", "note", "error", "source",
)  # fmt: skip
_SERIES_COLUMNS = (
    "labels", "count", "finite_count", "nan_count", "positive_inf_count", "negative_inf_count", "first", "last", "min", "max", "sum",
    "min_step", "max_step", "first_step", "last_step", "first_ms", "last_ms",
)  # fmt: skip
_VERSION_COLUMNS = (
    "id", "number", "digest", "size_bytes", "file_count", "created_ms", "deleted_ms", "storage", "location", "host", "note", "metadata",
)  # fmt: skip

RUN_PARTS: Mapping[str, str] = MappingProxyType({
    "run": f"""
        SELECT {", ".join(f"r.{column}" for column in _RUN_COLUMNS)}, p.name
        FROM run AS r
        LEFT JOIN project AS p ON p.key = r.project_key
        WHERE r.key = :key
    """,
    "params": """
        SELECT n.text, a.type, a.number, a.text
        FROM param AS a
        LEFT JOIN name AS n ON n.key = a.name_key
        WHERE a.run_key = :key
        ORDER BY n.text
    """,
    "tags": """
        SELECT n.text, t.value
        FROM tag AS t
        LEFT JOIN name AS n ON n.key = t.name_key
        WHERE t.run_key = :key
        ORDER BY n.text
    """,
    # What was dropped comes behind it, so that seals from before stay true.
    "context": """
        SELECT name, content
        FROM (
            SELECT 0 AS sort, name, content FROM context WHERE run_key = :key
            UNION ALL
            SELECT 1, kind || ' ' || name, stamp || ' ' || time_ms FROM dropped WHERE run_key = :key
        )
        ORDER BY sort, name
    """,
    "metrics": f"""
        SELECT n.text, {", ".join(f"s.{column}" for column in _SERIES_COLUMNS)}
        FROM series AS s
        LEFT JOIN name AS n ON n.key = s.name_key
        WHERE s.run_key = :key
        ORDER BY n.text, s.labels
    """,
    "lineage": """
        SELECT e.relation, v.id, e.created_ms
        FROM edge AS e
        JOIN version AS v ON v.key = e.target_key
        WHERE e.relation = 0 AND e.source_key = :key
        UNION ALL
        SELECT e.relation, v.id, e.created_ms
        FROM edge AS e
        JOIN version AS v ON v.key = e.source_key
        WHERE e.relation = 1 AND e.target_key = :key
        ORDER BY 1, 2
    """,
})  # fmt: skip
"""What is in a run's seal, part by part."""

VERSION_PARTS: Mapping[str, str] = MappingProxyType({
    "version": f"""
        SELECT {", ".join(f"v.{column}" for column in _VERSION_COLUMNS)},
               a.id, a.name, a.kind, a.stage, a.created_ms, a.deleted_ms, a.note, p.name
        FROM version AS v
        LEFT JOIN artifact AS a ON a.key = v.artifact_key
        LEFT JOIN project AS p ON p.key = a.project_key
        WHERE v.key = :key
    """,
    "files": """
        SELECT f.path, f.size_bytes, f.digest, f.media_type, f.link_target, f.note, f.blob_key IS NULL, b.digest, b.size_bytes
        FROM file AS f
        LEFT JOIN blob AS b ON b.key = f.blob_key
        WHERE f.version_key = :key
        ORDER BY f.path
    """,
    # The content of a window says the digest of its sketch.
    "previews": """
        SELECT path, content
        FROM (
            SELECT 0 AS sort, w.path, w.content FROM preview AS w WHERE w.version_key = :key
            UNION ALL
            SELECT 1, f.part || '@' || f.from_ms || '-' || f.to_ms || '/' || f.slice || '#' || f.row_count, f.content
            FROM profile AS f
            WHERE f.version_key = :key
            UNION ALL
            SELECT 2, f.part || '@' || f.from_ms || '/' || f.slice, f.sketch FROM profile AS f WHERE f.version_key = :key AND f.to_ms = 0
        )
        ORDER BY sort, path
    """,
    # What was added to it later comes behind the aliases, so that seals from before stay true.
    "aliases": """
        SELECT word, value
        FROM (
            SELECT 0 AS sort, l.name AS word, l.artifact_key = v.artifact_key AS value
            FROM version AS v
            CROSS JOIN alias AS l ON l.artifact_key = v.artifact_key
            WHERE v.key = :key AND l.version_key = v.key
            UNION ALL
            SELECT 1, 'retired', t.time_ms FROM retirement AS t WHERE t.version_key = :key
            UNION ALL
            SELECT 2, d.author, d.time_ms FROM removal AS d WHERE d.version_key = :key
            UNION ALL
            SELECT 3 + (f.version_key <> 0), f.name, f.value
            FROM version AS v
            JOIN fact AS f ON f.artifact_key = v.artifact_key
            WHERE v.key = :key AND f.version_key IN (0, v.key)
        )
        ORDER BY sort, word
    """,
    "lineage": f"""
        SELECT e.relation, 0, v.id, e.created_ms
        FROM edge AS e
        JOIN version AS v ON v.key = e.target_key
        WHERE e.relation IN ({BETWEEN_VERSIONS_CODES}) AND e.source_key = :key
        UNION ALL
        SELECT e.relation, 1, v.id, e.created_ms
        FROM edge AS e
        JOIN version AS v ON v.key = e.source_key
        WHERE e.relation IN ({BETWEEN_VERSIONS_CODES}) AND e.target_key = :key
        ORDER BY 1, 2, 3
    """,
})  # fmt: skip
"""What is in a version's seal, part by part. Of the lineage only its edges to other versions: a run's seal has the rest."""


def run_seal(connection: sqlite3.Connection, key: int) -> bytes:
    """Make the seal of a run as it is now."""
    return _seal(connection, RUN_PARTS, key)


def version_seal(connection: sqlite3.Connection, key: int) -> bytes:
    """Make the seal of a version as it is now."""
    return _seal(connection, VERSION_PARTS, key)


def run_damage(connection: sqlite3.Connection, keys: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """Find the runs that do not match their seals, with the parts that differ. A run without a seal is never among them."""
    return _damage(connection, "run", RUN_PARTS, keys)


def version_damage(connection: sqlite3.Connection, keys: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """Find the versions that do not match their seals, with the parts that differ."""
    return _damage(connection, "version", VERSION_PARTS, keys)


def _damage(
    connection: sqlite3.Connection, table: str, parts: Mapping[str, str], keys: Sequence[int]
) -> dict[int, tuple[str, ...]]:
    damaged_parts: dict[int, tuple[str, ...]] = {}
    for key in keys:
        row = connection.execute(f"SELECT seal FROM {table} WHERE key = :key", {"key": key}).fetchone()
        if row is None or row[0] is None:
            continue
        wanted = _seal(connection, parts, key)
        if row[0] != wanted:
            damaged_parts[key] = _differing(row[0], wanted, tuple(parts))
    return damaged_parts


def _differing(stored: Any, wanted: bytes, words: tuple[str, ...]) -> tuple[str, ...]:
    """Name the parts that differ; the whole if only the seal itself differs."""
    if not isinstance(stored, bytes) or len(stored) != len(wanted):
        return (words[0],)
    places = range(SEAL_BYTES, len(wanted), _PART_BYTES)
    differing = tuple(
        word
        for word, at in zip(words, places, strict=True)
        if stored[at : at + _PART_BYTES] != wanted[at : at + _PART_BYTES]
    )
    return differing or (words[0],)


def _as_json(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"hex": value.hex()}
    raise TypeError(f"SQLite gives no {type(value).__name__}.")


_encode: Callable[[Any], str] = json.JSONEncoder(
    separators=(",", ":"), ensure_ascii=True, check_circular=False, default=_as_json
).encode


_AS_ZEROS = bytes.maketrans(b"-123456789", b"0" * 10)


def canonical(rows: Sequence[Sequence[Any]]) -> bytes:
    """Write rows in the form that digests are made of."""
    quick = _quickly(rows)
    if quick is not None:
        return quick
    return b"".join([_quickly([row]) or f"{_encode(row)}\n".encode("ascii") for row in rows])


def _quickly(rows: Sequence[Sequence[Any]]) -> bytes | None:
    """Write rows in that form many times faster; None if one of them has what orjson writes otherwise."""
    try:
        lines = b"\n".join(map(orjson.dumps, rows))
    except TypeError:  # bytes
        return None
    # Letters beyond ASCII, and numbers with an exponent or nearly.
    if not lines.isascii() or b"\x7f" in lines or b"0.0000" in lines or b"0e0" in lines.translate(_AS_ZEROS):
        return None
    # An infinite number would be null.
    null_count = lines.count(b"null")
    if null_count and null_count != sum([row.count(None) for row in rows]):
        return None
    return lines + b"\n" if rows else b""


def _seal(connection: sqlite3.Connection, parts: Mapping[str, str], key: int) -> bytes:
    return _sealed([_digest(connection, query, key) for query in parts.values()])


def _digest(connection: sqlite3.Connection, query: str, key: int) -> bytes:
    """Make the digest of one part."""
    whole = hashlib.blake2b(digest_size=SEAL_BYTES)
    rows = connection.execute(query, {"key": key})
    while batch := rows.fetchmany(_ROWS_AT_ONCE):
        whole.update(canonical(batch))
        if len(batch) < _ROWS_AT_ONCE:
            break
    return whole.digest()


def _sealed(digests: Sequence[bytes]) -> bytes:
    """Make a seal of the digests of all parts."""
    return hashlib.blake2b(b"".join(digests), digest_size=SEAL_BYTES).digest() + b"".join(
        [digest[:_PART_BYTES] for digest in digests]
    )


# What is touched, and sealed again

MOST_SEALED_AT_ONCE = 20_000
"""How many runs of an older catalog are sealed when it is migrated: it takes about two seconds."""
TOUCHED = MappingProxyType({"run": "touched_run", "version": "touched_version"})
"""The temporary tables of a writing connection, by what they hold keys of."""
FUNCTIONS = MappingProxyType({"run": "run_digests", "version": "version_digests"})
"""The functions that the triggers call: the digests of all parts behind each other, none if they do not match the seal."""
_UNKNOWN = "X''"
"""What stands for the digests of something that has no seal yet."""
_PARTS: Mapping[str, Mapping[str, str]] = MappingProxyType({"run": RUN_PARTS, "version": VERSION_PARTS})


def _bits(kind: str, parts: Iterable[str]) -> int:
    words = list(_PARTS[kind])
    return sum(1 << words.index(part) for part in parts)


def _note(kind: str, key: str, *parts: str) -> str:
    """Note a key, which of its parts are about to change, and the digests of all as they are before."""
    return _note_all(kind, f"= {key}", *parts)


def _note_all(kind: str, key: str, *parts: str) -> str:
    touched, bits = TOUCHED[kind], _bits(kind, parts)
    return f"""
        INSERT INTO {touched} (key, parts, digests)
            SELECT k.key, 0, CASE WHEN k.seal IS NULL THEN {_UNKNOWN} ELSE {FUNCTIONS[kind]}(k.key) END
            FROM main.{kind} AS k
            WHERE k.key {key} AND NOT EXISTS (SELECT 1 FROM {touched} WHERE key = k.key);
        UPDATE {touched} SET parts = parts | {bits} WHERE key {key} AND parts & {bits} <> {bits};
    """


def _note_new(kind: str) -> str:
    touched = TOUCHED[kind]
    # A key may be one that was deleted in the same transaction.
    return f"DELETE FROM {touched} WHERE key = NEW.key; INSERT INTO {touched} (key, parts, digests) VALUES (NEW.key, 0, {_UNKNOWN});"


def _unless(kind: str, key: str, part: str) -> str:
    """Almost all rows belong to parts of runs and versions that were touched already, so that they cost one look-up."""
    return f"WHEN NOT EXISTS (SELECT 1 FROM {TOUCHED[kind]} WHERE key = {key} AND parts & {_bits(kind, [part])})"


_RUN_EDGE = "CASE {row}.relation WHEN 0 THEN {row}.source_key WHEN 1 THEN {row}.target_key END"


_LINKED_RUNS = """IN (
    SELECT e.source_key FROM main.edge AS e WHERE e.relation = 0 AND e.target_key = OLD.key
    UNION
    SELECT e.target_key FROM main.edge AS e WHERE e.relation = 1 AND e.source_key = OLD.key
)"""
_LINKED_VERSIONS = f"""IN (
    SELECT e.source_key FROM main.edge AS e WHERE e.relation IN ({BETWEEN_VERSIONS_CODES}) AND e.target_key = OLD.key
    UNION
    SELECT e.target_key FROM main.edge AS e WHERE e.relation IN ({BETWEEN_VERSIONS_CODES}) AND e.source_key = OLD.key
)"""


def _note_edge(row: str) -> str:
    return _note("run", _RUN_EDGE.format(row=row), "lineage") + "".join(
        _note("version", f"CASE WHEN {row}.relation IN ({BETWEEN_VERSIONS_CODES}) THEN {row}.{end} END", "lineage")
        for end in ("source_key", "target_key")
    )


def _triggers() -> dict[str, str]:
    """Write down the triggers: by name, what comes after it."""
    made = {
        "run_added": f"AFTER INSERT ON main.run BEGIN {_note_new('run')} END",
        "run_changed": f"BEFORE UPDATE OF {', '.join(_RUN_COLUMNS)}, project_key ON main.run BEGIN {_note('run', 'OLD.key', 'run')} END",
        "version_added": f"AFTER INSERT ON main.version BEGIN {_note_new('version')} END",
        "version_changed": f"BEFORE UPDATE OF {', '.join(_VERSION_COLUMNS)}, artifact_key ON main.version BEGIN {_note('version', 'OLD.key', 'version', 'aliases')} END",
        "version_removed": f"""BEFORE DELETE ON main.version BEGIN
            {_note_all("run", _LINKED_RUNS, "lineage")} {_note_all("version", _LINKED_VERSIONS, "lineage")} END""",
        "artifact_changed": f"""BEFORE UPDATE ON main.artifact BEGIN
            {_note_all("version", "IN (SELECT v.key FROM main.version AS v WHERE v.artifact_key = OLD.key)", "version")} END""",
        "alias_added": f"""BEFORE INSERT ON main.alias BEGIN
            {_note("version", "NEW.version_key", "aliases")}
            {_note("version", "(SELECT l.version_key FROM main.alias AS l WHERE l.artifact_key = NEW.artifact_key AND l.name = NEW.name)", "aliases")}
            END""",
        "alias_changed": f"BEFORE UPDATE ON main.alias BEGIN {_note('version', 'OLD.version_key', 'aliases')} {_note('version', 'NEW.version_key', 'aliases')} END",
        "alias_removed": f"BEFORE DELETE ON main.alias BEGIN {_note('version', 'OLD.version_key', 'aliases')} END",
        "edge_added": f"BEFORE INSERT ON main.edge BEGIN {_note_edge('NEW')} END",
        "edge_changed": f"BEFORE UPDATE ON main.edge BEGIN {_note_edge('OLD')} {_note_edge('NEW')} END",
        "edge_removed": f"BEFORE DELETE ON main.edge BEGIN {_note_edge('OLD')} END",
    }
    for word, event, row in (("added", "INSERT", "NEW"), ("changed", "UPDATE", "OLD"), ("removed", "DELETE", "OLD")):
        said_of = f"SELECT v.key FROM main.version AS v WHERE v.artifact_key = {row}.artifact_key AND {row}.version_key IN (0, v.key)"
        made[f"fact_{word}"] = (
            f"BEFORE {event} ON main.fact BEGIN {_note_all('version', f'IN ({said_of})', 'aliases')} END"
        )
    for table, kind, part in (
        ("param", "run", "params"), ("tag", "run", "tags"), ("context", "run", "context"), ("dropped", "run", "context"), ("series", "run", "metrics"),
        ("file", "version", "files"), ("preview", "version", "previews"), ("profile", "version", "previews"),
        ("retirement", "version", "aliases"), ("removal", "version", "aliases"),
    ):  # fmt: skip
        for word, event, row in (
            ("added", "INSERT", "NEW"),
            ("changed", "UPDATE", "OLD"),
            ("removed", "DELETE", "OLD"),
        ):
            key = f"{row}.{kind}_key"
            made[f"{table}_{word}"] = (
                f"BEFORE {event} ON main.{table} {_unless(kind, key, part)} BEGIN {_note(kind, key, part)} END"
            )
    return {f"seal_{name}": rest for name, rest in made.items()}


TRIGGERS: Mapping[str, str] = MappingProxyType(_triggers())
"""The temporary triggers of a writing connection, by name."""
_TRIGGER_DEPTH = 2
"""A version that is deleted takes its files and aliases with it, whose removal is noted."""

guard.OUR_TRIGGERS.update(TRIGGERS)
guard.OUR_FUNCTIONS.update(FUNCTIONS.values())


def prepare(connection: sqlite3.Connection) -> None:
    """Make a writing connection note what it touches. To be called before `guard.allow_writing`."""
    connection.setlimit(sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH, _TRIGGER_DEPTH)
    for kind, parts in _PARTS.items():
        connection.create_function(FUNCTIONS[kind], 1, _digests_of(connection, kind, parts))
        connection.execute(
            f"CREATE TEMP TABLE {TOUCHED[kind]} (key INTEGER PRIMARY KEY, parts INTEGER NOT NULL, digests BLOB)"
        )
    for name, rest in TRIGGERS.items():
        connection.execute(f"CREATE TEMP TRIGGER {name} {rest}")


def _digests_of(connection: sqlite3.Connection, kind: str, parts: Mapping[str, str]) -> Callable[[int], bytes | None]:
    from weakref import ref

    # The connection holds the function: it must not hold the connection.
    connection_reference = ref(connection)
    stored = f"SELECT seal FROM {kind} WHERE key = :key"

    def digests_of(key: int) -> bytes | None:
        open_connection = connection_reference()
        if open_connection is None:
            return b""
        digests = [_digest(open_connection, query, key) for query in parts.values()]
        (seal,) = open_connection.execute(stored, {"key": key}).fetchone()
        return b"".join(digests) if seal == _sealed(digests) else None

    return digests_of


def seal_older(connection: sqlite3.Connection) -> None:
    """Seal what was recorded before there were seals, as it is now; in a very large catalog only the newest runs."""
    for kind, is_over in (("run", "status <> 0"), ("version", "1")):
        connection.execute(
            f"INSERT OR IGNORE INTO {TOUCHED[kind]} SELECT key, 0, {_UNKNOWN} FROM {kind} "
            f"WHERE seal IS NULL AND {is_over} ORDER BY key DESC LIMIT {MOST_SEALED_AT_ONCE}"
        )
    renew(connection)


def keep(connection: sqlite3.Connection, kind: str, seals: Mapping[int, bytes | None]) -> None:
    """Give rows that were copied in this transaction the seals that they had: those of damaged ones do not match here either.

    Args:
        kind: `run` or `version`.
        seals: by key.
    """
    connection.executemany(f"UPDATE {kind} SET seal = ? WHERE key = ?", [(seal, key) for key, seal in seals.items()])
    connection.executemany(f"DELETE FROM {TOUCHED[kind]} WHERE key = ?", [(key,) for key in seals])


def changed(connection: sqlite3.Connection, kind: str) -> set[int]:
    """Give the keys of the rows of which a part was changed since seals were last renewed.

    Args:
        kind: `run` or `version`.
    """
    return {key for (key,) in connection.execute(f"SELECT key FROM {TOUCHED[kind]} WHERE parts <> 0")}


def renew(connection: sqlite3.Connection) -> None:
    """Seal again what was touched in this transaction; to be called just before its COMMIT."""
    runs = connection.execute(
        f"""
        SELECT t.key, t.parts, t.digests, r.status, r.seal IS NULL
        FROM {TOUCHED["run"]} AS t
        LEFT JOIN run AS r ON r.key = t.key
        """
    ).fetchall()
    for key, parts, digests, status, is_unsealed in runs:
        if digests is None or status is None or (status == 0 and is_unsealed):
            continue
        seal = None if status == 0 else _renewed(connection, RUN_PARTS, key, parts, digests)
        connection.execute("UPDATE run SET seal = ? WHERE key = ?", (seal, key))
    versions = connection.execute(f"SELECT key, parts, digests FROM {TOUCHED['version']}").fetchall()
    for key, parts, digests in versions:
        if digests is not None:
            seal = _renewed(connection, VERSION_PARTS, key, parts, digests)
            connection.execute("UPDATE version SET seal = ? WHERE key = ?", (seal, key))
    if runs:
        connection.execute(f"DELETE FROM {TOUCHED['run']}")
    if versions:
        connection.execute(f"DELETE FROM {TOUCHED['version']}")


def _renewed(connection: sqlite3.Connection, queries: Mapping[str, str], key: int, parts: int, digests: bytes) -> bytes:
    """Make the seal again: of parts that nobody touched, the digests of before are those of now."""
    if not digests:
        return _seal(connection, queries, key)
    return _sealed(
        [
            _digest(connection, query, key)
            if parts >> place & 1
            else digests[place * SEAL_BYTES : (place + 1) * SEAL_BYTES]
            for place, query in enumerate(queries.values())
        ]
    )
