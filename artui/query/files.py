"""The files of one version, of which there may be very many: found by parts of their paths, one after the other, seen in short."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import orjson

from artui.catalog import cells as cell_of
from artui.query.artifacts import FILE_COLUMNS, file_of, preview_of

if TYPE_CHECKING:
    import sqlite3

    from artui.model import ManifestFile, Preview
    from artui.query.reader import Reader

PATHS = "SELECT f.path, f.size_bytes FROM file AS f WHERE f.version_key = :version ORDER BY f.path"
AFTER = """
    SELECT f.path
    FROM file AS f
    WHERE f.version_key = :version
      AND f.path > :path
    ORDER BY f.path
"""
BEFORE = """
    SELECT f.path
    FROM file AS f
    WHERE f.version_key = :version
      AND f.path < :path
    ORDER BY f.path DESC
"""
OF_PATHS = f"""
    SELECT {FILE_COLUMNS}
    FROM json_each(:paths) AS w
    CROSS JOIN file AS f ON f.version_key = :version AND f.path = w.value
    ORDER BY f.path
"""
PREVIEW = "SELECT r.content FROM preview AS r WHERE r.version_key = :version AND r.path = :path"
KEPT_HERE = "SELECT f.blob_key IS NOT NULL FROM file AS f WHERE f.version_key = :version AND f.path = :path"


class FoundFiles(NamedTuple):
    """What was found among all files of a version."""

    files: tuple[ManifestFile, ...]
    """The first ones, by path."""
    found_count: int
    """Of all that were found, how many they are."""
    size_bytes: int
    """Of all that were found."""


def words_of(text: str) -> tuple[str, ...]:
    """Give the words that a path must hold, in either case."""
    return tuple(text.casefold().split())


def find_files(reader: Reader, version_key: int, words: Sequence[str] = (), *, most: int) -> FoundFiles:
    """Find the files of a version whose paths hold all words, whatever their number; at most so many are read whole."""
    paths: list[str] = []
    count = size_bytes = 0
    with reader.snapshot() as connection:
        for path, size in connection.execute(PATHS, {"version": version_key}):
            if _holds(path, words):
                count += 1
                size_bytes += size if isinstance(size, int) else 0
                if len(paths) < most and isinstance(path, str):
                    paths.append(path)
        values = {"version": version_key, "paths": orjson.dumps(paths).decode()}
        files = tuple(file_of(row) for row in connection.execute(OF_PATHS, values)) if paths else ()
    return FoundFiles(files, count, size_bytes)


def file_beside(reader: Reader, version_key: int, path: str, change: int, words: Sequence[str] = ()) -> str | None:
    """Give the path of the next file of a version whose path holds all words, or of the one before; None at the end."""
    with reader.snapshot() as connection:
        return next(_beside(connection, version_key, path, change, words), None)


def _beside(
    connection: sqlite3.Connection, version_key: int, path: str, change: int, words: Sequence[str]
) -> Iterator[str]:
    query = AFTER if change > 0 else BEFORE
    for (other,) in connection.execute(query, {"version": version_key, "path": path}):
        if isinstance(other, str) and _holds(other, words):
            yield other


def _holds(path: object, words: Sequence[str]) -> bool:
    if not words:
        return True
    text = cell_of.text(path).casefold()
    return all(word in text for word in words)


def glance_at(reader: Reader, version_key: int, path: str) -> Preview | None:
    """Give the preview of a file that was captured, or one that is made now of what the catalog holds; None where neither can be had."""
    values = {"version": version_key, "path": path}
    with reader.snapshot() as connection:
        row = connection.execute(PREVIEW, values).fetchone()
        if row is not None:
            return preview_of(row[0])
        kept = connection.execute(KEPT_HERE, values).fetchone()
    if kept is None or not kept[0]:
        return None
    from artui.preview import preview
    from artui.query.opened import open_content

    with open_content(reader, version_key, path) as stream:
        size_bytes = stream.seek(0, 2)
        return preview(path, stream, size_bytes)
