"""`artui forget`: a text, a run or a version is taken out of a catalog for good.

Every text of every table is searched, however it is written inside JSON, and so are the bytes of stored files. What the
journal says of it is redacted: such an event keeps its digest, so that the chain goes on from it. One event says that
something was forgotten, when and by whom, and not what. Freed space is overwritten, and the file is written anew.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from artui.catalog import Catalog, artifacts, blobs, events, leftovers, profiles, rewriting, runs
from artui.catalog.cleaning import AsItIs
from artui.catalog.collecting import remove_all_unnamed
from artui.catalog.numbering import FORGET
from artui.catalog.spool.place import folders_of, spool_files
from artui.catalog.translate import ascii_path
from artui.errors import CatalogDamaged, CatalogLocked, UsageError
from artui.model.words import RELATIONS

INSTEAD = "<forgotten>"
"""Stands where the text was."""
LEAST_CHARS = 4
"""A shorter text would be found in what has nothing to do with it."""
FILES = "bytes of stored files"
BESIDE = "files beside it"
PROFILES = "profiles of tables"
"""They are removed: `artui preview REF` makes them anew."""
_SCAN_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Found:
    """Where a text is."""

    rows: Mapping[str, int]
    """How many rows of each table hold it; of FILES how many files, of PROFILES how many of these, of BESIDE how many files."""
    beside: tuple[Path, ...] = ()
    """Backups and journals of other files beside the catalog that hold it: these are removed."""

    @property
    def count(self) -> int:
        """How many places there are."""
        return sum(self.rows.values())


def check_alone(path: Path, *, doing: str = "Forget it") -> None:
    """Make sure that nobody else uses a catalog: what they have in hand would be written again.

    `doing` is what is to be done once nobody does, as the remedy says it.

    Raises:
        CatalogLocked: somebody does, or a run is being written.
    """
    if spool_files(path) or any(True for folder in folders_of(path) for _ in os.scandir(folder)):
        raise CatalogLocked(
            f"A run is being written to {ascii_path(path)}.",
            remedy=f"{doing} once that has ended: `artui ls -w 'status = running'`.",
        )
    if leftovers.is_used(path):
        raise CatalogLocked(
            f"{ascii_path(path)} is open in another process.", remedy="Close the app and whatever reads it."
        )


def find_text(catalog: Catalog, text: str) -> Found:
    """Count where a text is.

    Raises:
        UsageError: it is too short.
    """
    spellings = _spellings(text)
    rows: Counter[str] = Counter()
    with catalog.transaction() as connection:
        for table, columns in rewriting.tables(connection).items():
            count = sum(
                1
                for row in _rows_with(connection, table, columns, spellings)
                if _replaced(table, columns, row, spellings)
            )
            rows[table] += count
        rows[FILES] = sum(1 for _ in _blobs_with(connection, text))
        rows[PROFILES] = sum(1 for _ in profiles.keys_with(connection, spellings))
    beside = tuple(_beside_with(catalog.path, text))
    rows[BESIDE] = len(beside)
    return Found({place: count for place, count in rows.items() if count}, beside)


def forget_text(catalog: Catalog, text: str) -> None:
    """Take a text out of every place that `find_text` counts."""
    spellings = _spellings(text)
    with catalog.transaction() as connection:
        touched: set[int] = set()
        for blob_key in list(_blobs_with(connection, text)):
            touched |= _forget_in_blob(connection, blob_key, text)
        for table, columns in rewriting.tables(connection).items():
            for row in list(_rows_with(connection, table, columns, spellings)):
                changed = _replaced(table, columns, row, spellings)
                if changed:
                    rewriting.touch_sealed(connection, table, row[columns.index("key")] if "key" in columns else None)
                    rewriting.update(connection, table, columns, row, changed, numbered=(INSTEAD, "<forgotten-{}>"))
                    if table == "file":
                        touched.add(row[columns.index("version_key")])
        for key in list(profiles.keys_with(connection, spellings)):
            connection.execute("DELETE FROM profile WHERE key = ?", (key,))
        rewriting.digest_again(connection, touched)
        index_again(connection)
        (catalog_id,) = connection.execute("SELECT id FROM catalog").fetchone()
        _say(connection, "catalog", catalog_id)
    _finish(catalog, text)


def forget_run(catalog: Catalog, run_id: str) -> None:
    """Take a run out, with its points and its logs. What else it made stays, and what it used, without it."""
    with catalog.transaction() as connection:
        (key,) = connection.execute("SELECT key FROM run WHERE id = ?", (run_id,)).fetchone()
        logs = connection.execute(
            "SELECT v.id FROM edge AS e JOIN version AS v ON v.key = e.target_key JOIN artifact AS a ON a.key = v.artifact_key "
            "WHERE e.relation = 0 AND e.source_key = ? AND a.kind = 'log'",
            (key,),
        ).fetchall()
        for (version_id,) in logs:
            _forget_version(connection, version_id)
        connection.execute("UPDATE run SET parent_id = NULL WHERE parent_id = ?", (run_id,))
        take_out(connection, "run", key)
        _redact_events(connection, run_id)
        index_again(connection)
        _say(connection, "run", run_id)
    _finish(catalog)


def forget_version(catalog: Catalog, version_id: str) -> None:
    """Take a version out, with its content; its artifact, too, if that has no other."""
    with catalog.transaction() as connection:
        _forget_version(connection, version_id)
    _finish(catalog)


def _forget_version(connection: sqlite3.Connection, version_id: str) -> None:
    key, artifact_key, number, artifact_id = connection.execute(
        "SELECT v.key, v.artifact_key, v.number, a.id FROM version AS v JOIN artifact AS a ON a.key = v.artifact_key WHERE v.id = ?",
        (version_id,),
    ).fetchone()
    take_out(connection, "version", key)
    _redact_events(connection, version_id)
    if connection.execute("SELECT 1 FROM version WHERE artifact_key = ? LIMIT 1", (artifact_key,)).fetchone() is None:
        connection.execute("DELETE FROM fact WHERE artifact_key = ?", (artifact_key,))
        connection.execute("DELETE FROM artifact WHERE key = ?", (artifact_key,))
        _redact_events(connection, artifact_id)
    else:
        artifacts.date(connection, artifact_key)
    # What is left of it: nothing else may come to have its number.
    _say(connection, "version", version_id, number)
    _say(connection, "artifact", artifact_id, number)
    remove_all_unnamed(connection)


_LINKS = {
    "run": ((0, "source_key"), (1, "target_key")),
    "version": (*((code, "target_key") for code, word in enumerate(RELATIONS) if word != "input"), *((code, "source_key") for code, word in enumerate(RELATIONS) if word != "output")),
}  # fmt: skip
"""By table, the edges that lead from or to a row of it: each by the index that finds them."""


def take_out(connection: sqlite3.Connection, table: str, key: int) -> None:
    """Delete a run or a version with its links, what is declared of it alone, and the names that only it had."""
    for relation, column in _LINKS[table]:
        connection.execute(f"DELETE FROM edge WHERE relation = ? AND {column} = ?", (relation, key))
    if table == "version":
        connection.execute("DELETE FROM fact WHERE version_key = ?", (key,))
    connection.execute(f"DELETE FROM {table} WHERE key = ?", (key,))
    if table == "run":
        connection.execute(
            "DELETE FROM name WHERE key NOT IN (SELECT name_key FROM param UNION SELECT name_key FROM tag UNION SELECT name_key FROM series)"
        )


def _redact_events(connection: sqlite3.Connection, subject_id: str) -> None:
    """Redact what the journal says of a thing, and the names of the edits that changed it."""
    edits = "SELECT e.edit_id FROM event AS e WHERE e.subject_id = :id AND e.edit_id IS NOT NULL"
    connection.execute(f"UPDATE edit SET label = '{INSTEAD}' WHERE id IN ({edits})", {"id": subject_id})
    connection.execute(
        "UPDATE event SET before = 'null', after = 'null', why = '', is_redacted = 1 WHERE subject_id = :id AND action <> :forget",
        {"id": subject_id, "forget": FORGET},
    )


def _say(connection: sqlite3.Connection, subject: str, subject_id: str, number: int | None = None) -> None:
    """Note that something was forgotten, when and by whom: not what. The number of a version stays given."""
    events.record(connection, action=FORGET, subject=subject, subject_id=subject_id, before=None, after=number)


def _finish(catalog: Catalog, text: str = "") -> None:
    """Write the file anew, and remove what lies beside it and holds the text."""
    catalog.vacuum()
    for path in _beside_with(catalog.path, text) if text else ():
        with contextlib.suppress(FileNotFoundError):
            path.unlink()


# Rows


def _spellings(text: str) -> list[str]:
    """Give the ways in which a text may stand in a cell: as it is, in JSON, and in JSON inside of JSON; the longest first.

    Raises:
        UsageError: it is too short.
    """
    if len(text.strip()) < LEAST_CHARS:
        raise UsageError(
            f"A text of {len(text.strip())} characters would be found everywhere.",
            remedy=f"Give at least {LEAST_CHARS}.",
        )
    spellings = {text}
    for _ in range(2):
        for spelling in tuple(spellings):
            with contextlib.suppress(TypeError, ValueError):
                spellings.add(orjson.dumps(spelling).decode()[1:-1])
            spellings.add(json.dumps(spelling)[1:-1])
    storable = {spelling.encode("utf-8", "backslashreplace").decode() for spelling in spellings}
    return sorted(storable, key=len, reverse=True)


def _rows_with(
    connection: sqlite3.Connection, table: str, columns: Sequence[str], spellings: Sequence[str]
) -> Iterator[tuple[Any, ...]]:
    searched = [column for column in columns if (table, column) not in rewriting.PACKED]
    # Bound as they are: a text that looks like a secret is what is looked for.
    values = {f"s{number}": AsItIs(spelling) for number, spelling in enumerate(spellings)}
    condition = " OR ".join(
        f'(typeof("{column}") = \'text\' AND instr("{column}", :{name}))' for column in searched for name in values
    )
    cursor = sqlite3.Cursor(connection)
    cursor.execute(f'SELECT * FROM "{table}" WHERE {condition}', values)
    yield from cursor


def _replaced(table: str, columns: Sequence[str], row: Sequence[Any], spellings: Sequence[str]) -> dict[str, Any]:
    """Give the cells of a row without a text; none if it is only in words of ours and in ids."""
    changed: dict[str, Any] = {}
    # A number that was given stays given.
    is_number = table == "event" and row[columns.index("action")] == FORGET
    for column, value in zip(columns, row, strict=True):
        if is_number and column == "after":
            continue
        if not isinstance(value, str) or rewriting.ID.match(value) or value in rewriting.OURS.get((table, column), ()):
            continue
        new = value
        for spelling in spellings:
            new = new.replace(spelling, INSTEAD)
        if new != value:
            changed[column] = new
    if changed and table == "event":
        changed |= {"before": "null", "why": "", "is_redacted": 1} | ({} if is_number else {"after": "null"})
    return changed


def index_again(connection: sqlite3.Connection) -> None:
    """Make the index of words anew: it keeps removed words until then."""
    connection.execute("INSERT INTO search (search) VALUES ('delete-all')")
    for (key,) in connection.execute("SELECT key FROM run").fetchall():
        runs.index_again(connection, key)


# Bytes


def _needles(text: str) -> list[bytes]:
    return [text.encode("utf-8", "backslashreplace"), text.encode("utf-16-le", "backslashreplace")]


def _blobs_with(connection: sqlite3.Connection, text: str) -> Iterator[int]:
    """Give the keys of the stored files that hold a text; what is damaged cannot be read and is left out."""
    for (key,) in connection.execute("SELECT key FROM blob ORDER BY key").fetchall():
        with contextlib.suppress(CatalogDamaged):
            if _holds(io.BufferedReader(blobs.BlobStream(connection, key), _SCAN_BYTES), text):
                yield key


def _holds(stream: io.BufferedIOBase, text: str) -> bool:
    needles = _needles(text)
    before = b""
    while content := stream.read(_SCAN_BYTES):
        window = before + content
        if any(needle in window for needle in needles):
            return True
        before = window[-max(map(len, needles)) :]
    return False


def _forget_in_blob(connection: sqlite3.Connection, blob_key: int, text: str) -> set[int]:
    """Write stars over a text in a stored file; give the keys of the versions that have it."""
    content = blobs.BlobStream(connection, blob_key).readall()
    for needle in _needles(text):
        content = content.replace(needle, b"*" * len(needle))
    new_key, digest, _ = blobs.store(connection, io.BytesIO(content))
    versions = {
        row[0] for row in connection.execute("SELECT version_key FROM file WHERE blob_key = ?", (blob_key,)).fetchall()
    }
    connection.execute("UPDATE file SET blob_key = ?, digest = ? WHERE blob_key = ?", (new_key, digest, blob_key))
    connection.execute("DELETE FROM blob WHERE key = ?", (blob_key,))
    remove_all_unnamed(connection)
    return versions


def _beside_with(path: Path, text: str) -> Iterator[Path]:
    """Give the backups, and journals that were moved aside, which hold a text or may hold it packed."""
    for other in sorted(path.parent.iterdir()):
        is_ours = other.name.startswith((f"{path.name}.schema-", f"{path.name}-wal.", f"{path.name}-journal."))
        if is_ours and other.is_file() and not other.is_symlink():
            with other.open("rb") as file:
                is_held = _holds(file, text)
            if is_held or other.name.startswith(f"{path.name}.schema-"):
                yield other


def still_holds(path: Path, text: str) -> list[Path]:
    """Look through the raw bytes of a catalog and of what lies beside it; give the files that hold a text."""
    holding = []
    for other in sorted(path.parent.iterdir()):
        if other.name.startswith((path.name, f".{path.name}")) and other.is_file():
            with other.open("rb") as file:
                if _holds(file, text):
                    holding.append(other)
    return holding
