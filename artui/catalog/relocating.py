"""Versions that lie below a place outside of the catalog, for mending what was moved."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from artui.catalog.artifacts import NewFile
from artui.catalog.outside import WAS_NOT_STORED, left_in


@dataclass(frozen=True, slots=True)
class Lying:
    """A version whose bytes are outside of the catalog."""

    id: str
    title: str
    """Its reference."""
    digest: bytes
    is_stored: bool
    location: str
    host: str
    files: tuple[NewFile, ...]
    """Without its links, and without what could not be stored with the others."""


def lying_below(connection: sqlite3.Connection, place: str, host: str) -> list[Lying]:
    """List the versions that lie at a path or URI or below it, on one host if it is named, oldest first."""
    rows = connection.execute(
        """
        SELECT v.key, v.id, a.name, v.number, v.digest, v.storage, v.location, v.host
        FROM version AS v
        JOIN artifact AS a ON a.key = v.artifact_key
        WHERE v.storage IN ('referenced', 'stored')
          AND (v.location = :place OR substr(v.location, 1, length(:place) + 1) = :place || '/')
          AND (:host = '' OR v.host = :host)
          AND v.deleted_ms IS NULL
        ORDER BY v.key
        """,
        {"place": place.rstrip("/"), "host": host},
    ).fetchall()
    return [
        Lying(
            version_id,
            f"{name}:v{number}",
            digest,
            storage == "stored",
            location,
            its_host,
            _files(connection, key, is_stored=storage == "stored"),
        )
        for key, version_id, name, number, digest, storage, location, its_host in rows
        if isinstance(digest, bytes) and all(isinstance(text, str) for text in (version_id, location, its_host))
    ]


def left_below(connection: sqlite3.Connection, place: str, host: str) -> dict[str, int]:
    """Count the files of stored versions that could not be stored and were left below a path, by the references of the versions."""
    rows = connection.execute(
        f"""
        SELECT a.name, v.number, f.note
        FROM version AS v
        JOIN artifact AS a ON a.key = v.artifact_key
        JOIN file AS f ON f.version_key = v.key
        WHERE v.storage = 'stored'
          AND v.deleted_ms IS NULL
          AND {WAS_NOT_STORED}
        ORDER BY v.key, f.path
        """
    )
    counts: dict[str, int] = {}
    for name, number, note in rows:
        left = left_in(note)
        if left is not None and _is_below(left[0], place.rstrip("/")) and host in ("", left[1]):
            counts[f"{name}:v{number}"] = counts.get(f"{name}:v{number}", 0) + 1
    return counts


def _is_below(path: str, place: str) -> bool:
    return path == place or path.startswith(f"{place}/")


def _files(connection: sqlite3.Connection, key: int, *, is_stored: bool) -> tuple[NewFile, ...]:
    rows = connection.execute(
        "SELECT f.path, f.size_bytes, f.digest FROM file AS f WHERE f.version_key = ? AND f.link_target IS NULL "
        f"{f'AND NOT ({WAS_NOT_STORED}) ' if is_stored else ''}ORDER BY f.path",
        (key,),
    )
    return tuple(
        NewFile(str(path), size_bytes if isinstance(size_bytes, int) else -1, digest if isinstance(digest, bytes) else None)
        for path, size_bytes, digest in rows
    )  # fmt: skip
