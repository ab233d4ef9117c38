"""`artui check`: everything in a catalog that can be wrong, found by reading all of it.

SQLite's own check sees a broken structure; of a changed bit in the data it sees hardly any. Each block of points and each
chunk of a file has a digest, each file, manifest, ended run, version and entry of the journal has one over what it is
made of.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from artui.catalog import artifacts, blobs, cells, chain, opening, points, seals, windows
from artui.catalog.schema import SCHEMA_VERSION
from artui.errors import CatalogDamaged

Tell = Callable[[str, int, int], None]
"""Called with what is being read, how much of it was, and how much there is."""
Kind = Literal["structure", "run", "points", "version", "files", "content", "journal", "link"]
_AT_ONCE = 500
_HASHED_AT_ONCE = 64
"""So many chunks wait to be hashed."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong with a catalog."""

    kind: Kind
    id: str
    """Of the run, version or entry of the journal; of content, the SHA-256 of the file; else empty."""
    name: str
    """What it is called; may be empty."""
    text: str
    """What is wrong with it, without its name."""


def check_data(path: Path, *, tell: Tell | None = None) -> Iterator[Finding]:
    """Read a whole catalog and give what is wrong with it.

    Raises:
        CatalogError: of its kinds: it cannot be read at all.
    """
    opened = opening.inspect(path)
    with opening.connected(opened) as connection, opening.border(opened.path):
        connection.execute("BEGIN")
        yield from check_connection(connection, schema_version=opened.schema_version, tell=tell)


def check_whole(path: Path, *, tell: Tell | None = None) -> Iterator[Finding]:
    """Give what is wrong with a catalog: with the structure of the file, then with all that is in it.

    Raises:
        CatalogError: of its kinds: it cannot be read at all.
    """
    try:
        opening.check_damage(opening.inspect(path))
    except CatalogDamaged as error:
        yield Finding("structure", "", "", error.message)
    yield from check_data(path, tell=tell)


def check_connection(
    connection: sqlite3.Connection, *, schema_version: int = SCHEMA_VERSION, tell: Tell | None = None
) -> Iterator[Finding]:
    """Give what is wrong with a catalog that is open, by its digests and links."""
    yield from check_links(connection, schema_version=schema_version)
    yield from check_points(connection, tell=tell)
    yield from _content(connection, tell)
    yield from _manifests(connection)
    if schema_version >= seals.SCHEMA_VERSION:
        yield from _sealed(connection, "run", tell)
        yield from _sealed(connection, "version", tell)
    if schema_version >= windows.SINCE:
        yield from _windows(connection)
    if schema_version >= seals.SCHEMA_VERSION:
        yield from check_journal(connection, schema_version=schema_version)


# Links

_LINKS: Mapping[str, tuple[int, str]] = MappingProxyType({
    "params without a run": (1, "SELECT count(*) FROM param AS t WHERE NOT EXISTS (SELECT 1 FROM run AS r WHERE r.key = t.run_key)"),
    "params without a name": (1, "SELECT count(*) FROM param AS t WHERE NOT EXISTS (SELECT 1 FROM name AS n WHERE n.key = t.name_key)"),
    "tags without a run": (1, "SELECT count(*) FROM tag AS t WHERE NOT EXISTS (SELECT 1 FROM run AS r WHERE r.key = t.run_key)"),
    "tags without a name": (1, "SELECT count(*) FROM tag AS t WHERE NOT EXISTS (SELECT 1 FROM name AS n WHERE n.key = t.name_key)"),
    "series without a run": (1, "SELECT count(*) FROM series AS t WHERE NOT EXISTS (SELECT 1 FROM run AS r WHERE r.key = t.run_key)"),
    "series without a name": (1, "SELECT count(*) FROM series AS t WHERE NOT EXISTS (SELECT 1 FROM name AS n WHERE n.key = t.name_key)"),
    "blocks of points without a series": (1, "SELECT count(*) FROM block AS t WHERE NOT EXISTS (SELECT 1 FROM series AS s WHERE s.key = t.series_key)"),
    "runs without a project": (1, "SELECT count(*) FROM run AS t WHERE NOT EXISTS (SELECT 1 FROM project AS p WHERE p.key = t.project_key)"),
    "context without a run": (2, "SELECT count(*) FROM context AS t WHERE NOT EXISTS (SELECT 1 FROM run AS r WHERE r.key = t.run_key)"),
    "artifacts without a project": (1, "SELECT count(*) FROM artifact AS t WHERE NOT EXISTS (SELECT 1 FROM project AS p WHERE p.key = t.project_key)"),
    "versions without an artifact": (1, "SELECT count(*) FROM version AS t WHERE NOT EXISTS (SELECT 1 FROM artifact AS a WHERE a.key = t.artifact_key)"),
    "files without a version": (1, "SELECT count(*) FROM file AS t WHERE NOT EXISTS (SELECT 1 FROM version AS v WHERE v.key = t.version_key)"),
    "files whose content is gone": (1, "SELECT count(*) FROM file AS t WHERE t.blob_key IS NOT NULL AND NOT EXISTS (SELECT 1 FROM blob AS b WHERE b.key = t.blob_key)"),
    "previews without a version": (1, "SELECT count(*) FROM preview AS t WHERE NOT EXISTS (SELECT 1 FROM version AS v WHERE v.key = t.version_key)"),
    "profiles without a version": (6, "SELECT count(*) FROM profile AS t WHERE NOT EXISTS (SELECT 1 FROM version AS v WHERE v.key = t.version_key)"),
    "aliases without a version": (1, "SELECT count(*) FROM alias AS t WHERE NOT EXISTS (SELECT 1 FROM version AS v WHERE v.key = t.version_key)"),
    "links from or to a run that is not there": (
        1,
        "SELECT count(*) FROM edge AS t WHERE (t.relation = 0 AND NOT EXISTS (SELECT 1 FROM run AS r WHERE r.key = t.source_key)) "
        "OR (t.relation = 1 AND NOT EXISTS (SELECT 1 FROM run AS r WHERE r.key = t.target_key))",
    ),
    "links from or to a version that is not there": (
        1,
        "SELECT count(*) FROM edge AS t WHERE (t.relation <> 0 AND NOT EXISTS (SELECT 1 FROM version AS v WHERE v.key = t.source_key)) "
        "OR (t.relation <> 1 AND NOT EXISTS (SELECT 1 FROM version AS v WHERE v.key = t.target_key))",
    ),
})  # fmt: skip
"""By what they are: the first schema that can have such rows, and how many there are."""


def check_links(connection: sqlite3.Connection, *, schema_version: int = SCHEMA_VERSION) -> Iterator[Finding]:
    """Give how many rows belong to things that are not there."""
    for what, (since, query) in _LINKS.items():
        if schema_version < since:
            continue
        count = cells.integer(connection.execute(query).fetchone()[0])
        if count:
            yield Finding("link", "", "", f"{count:,} {what}")


# Points


_LACKING = """
    SELECT r.id, r.name, n.text, s.count, (SELECT total(b.count) FROM block AS b WHERE b.series_key = s.key) AS stored
    FROM series AS s
    JOIN run AS r ON r.key = s.run_key
    LEFT JOIN name AS n ON n.key = s.name_key
    WHERE stored <> s.count
      AND NOT EXISTS (SELECT 1 FROM event AS e WHERE e.subject_id = r.id AND e.action = 'remove')
"""
"""Series with fewer points than were logged, unless they were removed by wish."""


def check_points(
    connection: sqlite3.Connection, *, run_key: int | None = None, tell: Tell | None = None
) -> Iterator[Finding]:
    """Give runs with blocks of points that are not what their digests say, or are missing; of all runs, or of one."""
    of_run = (
        "" if run_key is None else f"WHERE series_key IN (SELECT s.key FROM series AS s WHERE s.run_key = {run_key:d}) "
    )
    total = _count(connection, "block")
    damaged: dict[Any, dict[str, int]] = {}
    last: tuple[Any, int] | None = None
    rows = connection.execute(
        f"SELECT series_key, codec, payload, digest, {points.HEAD_COLUMNS} FROM block {of_run}ORDER BY series_key, number"
    )
    for done, (series_key, codec, payload, digest, *head) in enumerate(rows, 1):
        number, count = head[0], head[1]
        expected = last[1] + 1 if last is not None and last[0] == series_key else 0
        is_whole = points.is_whole(codec, count, payload, digest) and points.has_true_head(head, digest)
        if number != expected or not is_whole:
            bad = damaged.setdefault(series_key, {})
            word = "damaged" if number == expected else "missing before another"
            bad[word] = bad.get(word, 0) + 1
        last = series_key, cells.integer(number)
        if tell is not None and (done % _AT_ONCE == 0 or done == total):
            tell("blocks of points", done, total)
    for series_key, bad in damaged.items():
        row = connection.execute(
            "SELECT r.id, r.name, n.text FROM series AS s LEFT JOIN run AS r ON r.key = s.run_key LEFT JOIN name AS n ON n.key = s.name_key WHERE s.key = ?",
            (series_key,),
        ).fetchone() or ("", "", "")
        blocks = ", ".join(f"{number:,} {word}" for word, number in bad.items())
        yield Finding("points", cells.text(row[0]), cells.text(row[1]), f"points of {cells.text(row[2])}: {blocks}")
    for run_id, name, metric, count, stored in connection.execute(
        f"{_LACKING} {of_run and 'AND s.run_key = ' + str(run_key)}"
    ):
        yield Finding(
            "points", cells.text(run_id), cells.text(name),
            f"points of {cells.text(metric)}: {cells.integer(stored):,} are there, {cells.integer(count):,} were logged",
        )  # fmt: skip


# Content


def _content(connection: sqlite3.Connection, tell: Tell | None) -> Iterator[Finding]:
    """Give stored files that are not what their digests say. Each chunk is read once for the first file that has it."""
    total = cells.integer(connection.execute("SELECT sum(length(content)) FROM chunk").fetchone()[0])
    with _Hashing(tell, total) as hashing:
        wrong: list[tuple[int, Any, str]] = []
        for blob_key, size, digest in connection.execute(
            "SELECT key, size_bytes, digest FROM blob ORDER BY key"
        ).fetchall():
            parts = connection.execute(
                "SELECT p.number, c.key, c.size_bytes FROM blob_chunk AS p LEFT JOIN chunk AS c ON c.key = p.chunk_key WHERE p.blob_key = ? ORDER BY p.number",
                (blob_key,),
            ).fetchall()
            numbers = [number for number, _, _ in parts]
            if (
                numbers != list(range(len(parts)))
                or any(key is None for _, key, _ in parts)
                or sum(cells.integer(each) for _, _, each in parts) != size
            ):
                wrong.append((blob_key, digest, "content is not complete"))
                continue
            whole = hashlib.sha256()
            for _, chunk_key, _ in parts:
                codec, chunk_size, chunk_digest, content = connection.execute(_CHUNK, (chunk_key,)).fetchone()
                hashing.add(int(chunk_key), codec, chunk_size, chunk_digest, content, whole)
            hashing.add_whole(int(blob_key), whole, digest)
        for key, *chunk in connection.execute(
            "SELECT key, codec, size_bytes, digest, content FROM chunk WHERE key NOT IN (SELECT chunk_key FROM blob_chunk)"
        ):
            codec, chunk_size, chunk_digest, content = chunk
            hashing.add(int(key), codec, chunk_size, chunk_digest, content, hashlib.sha256())
        hashing.settle(0)
        for blob_key, digest, text in wrong:
            yield from _of_blob(connection, blob_key, digest, text)
        for blob_key in sorted(hashing.bad_blobs):
            (digest,) = connection.execute("SELECT digest FROM blob WHERE key = ?", (blob_key,)).fetchone()
            yield from _of_blob(connection, blob_key, digest, "content is damaged")
        unnamed = hashing.bad_chunks - hashing.chunks_of_bad_blobs
        if unnamed:
            yield Finding("content", "", "", f"{len(unnamed):,} pieces of content are damaged")


_CHUNK = "SELECT codec, size_bytes, digest, content FROM chunk WHERE key = ?"


class _Hashing:
    """Hashes chunks on all cores, each once, and files from their chunks in their order."""

    def __init__(self, tell: Tell | None, total: int) -> None:
        self._tell, self._total, self._done = tell, total, 0
        self._pool = ThreadPoolExecutor(max(1, min(4, os.cpu_count() or 1)))
        self._ordered = ThreadPoolExecutor(1)
        self._waiting: deque[tuple[int, int, Future[Any], Any]] = deque()
        self._wholes: deque[tuple[int, Future[bytes], Any, list[int]]] = deque()
        self._seen: set[int] = set()
        self._parts: list[int] = []
        self.bad_chunks: set[int] = set()
        self.bad_blobs: set[int] = set()
        self.chunks_of_bad_blobs: set[int] = set()

    def __enter__(self) -> _Hashing:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)
        self._ordered.shutdown(cancel_futures=True)

    def add(self, key: int, codec: Any, size: Any, digest: Any, content: Any, whole: Any) -> None:
        """Take a chunk of a file, in its order."""
        self._parts.append(key)
        is_new = key not in self._seen
        self._seen.add(key)
        try:
            unpacked = blobs.unpack(codec, cells.integer(size, -1), content)
        except CatalogDamaged:
            self.bad_chunks.add(key)
            return
        length = len(content) if is_new else 0
        single: Future[Any] = self._pool.submit(_sha256, unpacked) if is_new else self._ordered.submit(_nothing)
        ordered: Future[Any] = self._ordered.submit(whole.update, unpacked)
        self._waiting.append((key, length, single, digest if is_new else None))
        self._waiting.append((key, 0, ordered, None))
        self.settle(_HASHED_AT_ONCE)

    def add_whole(self, key: int, whole: Any, digest: Any) -> None:
        """Compare a file whose chunks were given."""
        self._wholes.append((key, self._ordered.submit(whole.digest), digest, self._parts))
        self._parts = []
        while len(self._wholes) > _HASHED_AT_ONCE:
            self._compare()

    def settle(self, most: int) -> None:
        """Wait until no more than so many chunks are to be hashed."""
        while len(self._waiting) > most:
            key, length, future, digest = self._waiting.popleft()
            found = future.result()
            if digest is not None and found != digest:
                self.bad_chunks.add(key)
            self._done += length
            if self._tell is not None and length:
                self._tell("bytes of files", self._done, self._total)
        if most == 0:
            while self._wholes:
                self._compare()

    def _compare(self) -> None:
        key, future, digest, parts = self._wholes.popleft()
        if future.result() != digest or not self.bad_chunks.isdisjoint(parts):
            self.bad_blobs.add(key)
            self.chunks_of_bad_blobs.update(parts)


def _sha256(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def _nothing() -> None:
    return None


def _of_blob(connection: sqlite3.Connection, blob_key: int, digest: Any, text: str) -> Iterator[Finding]:
    named = connection.execute(
        "SELECT v.id, a.name, v.number, f.path FROM file AS f JOIN version AS v ON v.key = f.version_key JOIN artifact AS a ON a.key = v.artifact_key "
        "WHERE f.blob_key = ? ORDER BY v.key LIMIT 100",
        (blob_key,),
    ).fetchall()
    if not named:
        yield Finding("content", digest.hex() if isinstance(digest, bytes) else "", "", f"{text}; no file has it")
    for version_id, name, number, path in named:
        yield Finding(
            "content", cells.text(version_id), f"{cells.text(name)}:v{cells.integer(number)}", f"{text}: {cells.text(path)}"
        )  # fmt: skip


def _manifests(connection: sqlite3.Connection) -> Iterator[Finding]:
    """Give versions whose list of files is not what their digest says."""
    rows = connection.execute(
        "SELECT v.key, v.id, v.digest, v.number, a.name, v.file_count, v.size_bytes FROM version AS v LEFT JOIN artifact AS a ON a.key = v.artifact_key ORDER BY v.key"
    ).fetchall()
    for key, version_id, digest, number, name, file_count, _ in rows:
        files = [
            artifacts.NewFile(
                cells.text(path), cells.integer(size), file_digest if isinstance(file_digest, bytes) else None,
                link_target=None if link is None else cells.text(link),
            )
            for path, size, file_digest, link in connection.execute(
                "SELECT path, size_bytes, digest, link_target FROM file WHERE version_key = ?", (key,)
            )
        ]  # fmt: skip
        wrong = ""
        if len(files) != file_count:
            wrong = f"{file_count:,} files were saved, {len(files):,} are listed" if isinstance(file_count, int) else "the number of files is damaged"  # fmt: skip
        elif not isinstance(digest, bytes):
            wrong = "the digest is damaged"
        elif not artifacts.is_pending(digest) and digest != artifacts.manifest_digest(files, cells.text(version_id)):
            wrong = "the list of files is not what the digest says"
        if wrong:
            yield Finding("files", cells.text(version_id), f"{cells.text(name)}:v{cells.integer(number)}", wrong)


# Seals


def _sealed(connection: sqlite3.Connection, table: Literal["run", "version"], tell: Tell | None) -> Iterator[Finding]:
    query = (
        "SELECT t.key, t.id, t.name FROM run AS t ORDER BY t.key" if table == "run"
        else "SELECT t.key, t.id, a.name || ':v' || t.number FROM version AS t LEFT JOIN artifact AS a ON a.key = t.artifact_key ORDER BY t.key"
    )  # fmt: skip
    rows = connection.execute(query).fetchall()
    find = seals.run_damage if table == "run" else seals.version_damage
    for start in range(0, len(rows), _AT_ONCE):
        part = {
            int(key): (cells.text(thing_id), cells.text(name)) for key, thing_id, name in rows[start : start + _AT_ONCE]
        }
        for key, words in find(connection, list(part)).items():
            yield Finding(table, *part[key], f"not as it was recorded: {', '.join(words)}")
        if tell is not None:
            tell(f"{table}s", min(len(rows), start + _AT_ONCE), len(rows))


def _windows(connection: sqlite3.Connection) -> Iterator[Finding]:
    """Give deployments that have windows whose sketch is not what their digest says."""
    bad: dict[int, int] = {}
    for version_key, _, _ in windows.damaged(connection):
        bad[version_key] = bad.get(version_key, 0) + 1
    query = "SELECT v.id, a.name FROM version AS v LEFT JOIN artifact AS a ON a.key = v.artifact_key WHERE v.key = ?"
    for version_key, count in bad.items():
        row = connection.execute(query, (version_key,)).fetchone() or ("", "")
        yield Finding(
            "version",
            cells.text(row[0]),
            cells.text(row[1]),
            f"not as it was observed: {count:,} window{'s' if count > 1 else ''}",
        )


def check_journal(connection: sqlite3.Connection, *, schema_version: int = SCHEMA_VERSION) -> Iterator[Finding]:
    """Give entries of the journal that are not what was written, or before which one is missing."""
    if schema_version < seals.SCHEMA_VERSION:
        return
    for event_id, action in connection.execute("SELECT id, action FROM event ORDER BY id").fetchall():
        if not chain.is_chained(connection, cells.text(event_id), schema_version=schema_version):
            yield Finding("journal", cells.text(event_id), cells.text(action), "this entry, or the one before it, was changed or taken away")  # fmt: skip


def _count(connection: sqlite3.Connection, table: str) -> int:
    return cells.integer(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
