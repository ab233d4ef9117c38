"""`artui gc`: the content of what was deleted long ago is removed, and the file becomes smaller.

Of a run its points go. Of a version its row, its manifest with all digests and its lineage stay, with when and by whom its content was removed.
Each step is one transaction, so that no version is half removed wherever it ends; the room of what nothing names any
more is given back in small steps, in which others may read and write.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from artui import clock
from artui.catalog import Catalog, cells, context, events, retention
from artui.catalog.copies import drop_covered
from artui.catalog.retention import Named

REMOVED = "removed"
"""The storage of a version whose content was removed."""
POINTS_REMOVED = (
    "Its points were removed by artui gc, long after it was deleted: what is summed up of its metrics stays."
)
_VERSIONS_AT_ONCE = 100
_RUNS_AT_ONCE = 50
_CHUNKS_AT_ONCE = 5_000
_BYTES_AT_ONCE = 64 << 20
_PAGES_AT_ONCE = 4_000


@dataclass(frozen=True, slots=True)
class Collected:
    """What was done."""

    deleted: tuple[Named, ...]
    """The versions that were deleted."""
    removed: tuple[Named, ...]
    """Those whose content was removed."""
    removed_runs: tuple[Named, ...]
    """The runs whose points were removed."""
    freed_bytes: int
    """What was stored for both."""


def collect(
    catalog: Catalog, *, deleted: Sequence[Named], removed: Sequence[Named], removed_runs: Sequence[Named], before_ms: int, why: str, label: str
) -> Collected:  # fmt: skip
    """Delete versions, remove content and points as they were planned, and give the room back.

    Args:
        deleted: the versions to delete, as one edit.
        removed: the versions whose content goes: of those, or deleted before `before_ms` and not restored meanwhile.
        removed_runs: the runs whose points go, if they were deleted before then and not restored meanwhile.
    """
    gone = delete_versions(catalog, deleted, why=why, label=label)
    emptied = remove_content(catalog, removed, before_ms=before_ms, deleted=gone)
    pointless, freed_bytes = remove_points(catalog, removed_runs, before_ms=before_ms)
    freed_bytes += remove_unnamed(catalog)
    compact(catalog)
    return Collected(tuple(gone), tuple(emptied), tuple(pointless), freed_bytes)


def delete_versions(catalog: Catalog, versions: Iterable[Named], *, why: str, label: str) -> list[Named]:
    """Delete versions as one edit, which can be undone; give those that were not deleted before."""
    with events.editing(catalog, label, why=why) as edit:
        return [version for version in versions if edit.delete_version(version.id)]


def remove_content(
    catalog: Catalog, versions: Sequence[Named], *, before_ms: int, deleted: Iterable[Named] = ()
) -> list[Named]:
    """Remove the content of versions that were deleted before then, or just now; say of which. What is restored meanwhile stays."""
    deleted_keys = {version.key for version in deleted}
    removed = []
    for start in range(0, len(versions), _VERSIONS_AT_ONCE):
        with catalog.transaction() as connection:
            still = {
                version.key
                for version in retention.removable(connection, before_ms=max(before_ms, clock.now_ms()))
                if version.key in deleted_keys or (version.deleted_ms or 0) <= before_ms
            }
            for version in versions[start : start + _VERSIONS_AT_ONCE]:
                if version.key in still:
                    _remove(connection, version)
                    removed.append(version)
    return removed


def _remove(connection: sqlite3.Connection, version: Named) -> None:
    now_ms = clock.now_ms()
    connection.execute("UPDATE file SET blob_key = NULL WHERE version_key = ?", (version.key,))
    connection.execute("DELETE FROM preview WHERE version_key = ?", (version.key,))
    connection.execute("DELETE FROM profile WHERE version_key = ?", (version.key,))
    connection.execute("UPDATE version SET metadata = '{}', storage = ? WHERE key = ?", (REMOVED, version.key))
    connection.execute(
        "INSERT INTO removal (version_key, time_ms, author) VALUES (?, ?, ?)", (version.key, now_ms, events.author())
    )
    events.record(
        connection, action="remove", subject="version", subject_id=version.id, before=None, after=now_ms
    )  # fmt: skip


def remove_points(catalog: Catalog, runs: Iterable[Named], *, before_ms: int) -> tuple[list[Named], int]:
    """Remove the points of those runs that were deleted before then; give these, and the bytes that were theirs.

    What is summed up of their metrics stays, and so do params and lineage. What is restored meanwhile stays whole.
    """
    planned_keys = {run.key for run in runs}
    removed: list[Named] = []
    size_bytes = 0
    while True:
        with catalog.transaction() as connection:
            every = retention.runs_with_points(connection, before_ms=before_ms)
            wanted = [run for run in every if run.key in planned_keys][:_RUNS_AT_ONCE]
            size_bytes += retention.point_bytes(connection, [run.key for run in wanted])
            for run in wanted:
                until_ms = max(clock.now_ms(), _last_ms(connection, run.key))
                connection.execute(
                    "DELETE FROM block WHERE series_key IN (SELECT s.key FROM series AS s WHERE s.run_key = ?)",
                    (run.key,),
                )
                drop_covered(connection, run.key, until_ms)
                context.remark(connection, run.key, POINTS_REMOVED)
                events.record(
                    connection, action="remove", subject="run", subject_id=run.id, before=None, after=until_ms
                )
        removed += wanted
        if len(wanted) < _RUNS_AT_ONCE:
            return removed, size_bytes


def _last_ms(connection: sqlite3.Connection, run_key: int) -> int:
    """Give the time of a run's newest point: a clock that was ahead may have written a later one than ours tells now."""
    (last_ms,) = connection.execute("SELECT max(s.last_ms) FROM series AS s WHERE s.run_key = ?", (run_key,)).fetchone()
    return cells.integer(last_ms)


def remove_unnamed(catalog: Catalog) -> int:
    """Remove blobs and chunks that nothing names, some at a time; give the bytes that were stored for them.

    What is being saved is never among them: content and what names it are written in one transaction.
    """
    with catalog.transaction() as connection:
        _remove_blobs(connection)
    size_bytes = 0
    with catalog.without_references():
        while True:
            with catalog.transaction() as connection:
                freed_bytes, is_all = _remove_chunks(connection, most=_CHUNKS_AT_ONCE, most_bytes=_BYTES_AT_ONCE)
            size_bytes += freed_bytes
            if is_all:
                return size_bytes


def remove_all_unnamed(connection: sqlite3.Connection) -> None:
    """Remove blobs and chunks that nothing names, within a transaction."""
    _remove_blobs(connection)
    _remove_chunks(connection, most=-1)


def _remove_blobs(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM blob WHERE NOT EXISTS (SELECT 1 FROM file AS f WHERE f.blob_key = blob.key)")


def _remove_chunks(connection: sqlite3.Connection, *, most: int, most_bytes: int | None = None) -> tuple[int, bool]:
    """Remove chunks that no blob names, at most so many, and of so many bytes if there are several.

    Returns:
        The bytes that were stored for them, and whether these were all.
    """
    rows = connection.execute(
        "SELECT c.key, length(c.content) FROM chunk AS c "
        "WHERE c.key NOT IN (SELECT b.chunk_key FROM blob_chunk AS b) LIMIT ?",
        (most,),
    ).fetchall()
    # Finding them takes a look at all that is named: many small ones at once, fewer large ones.
    ends = accumulate(int(row[1]) for row in rows)
    chosen = [
        row
        for row, end in zip(rows, ends, strict=True)
        if most_bytes is None or end <= max(most_bytes, int(rows[0][1]))
    ]
    connection.executemany("DELETE FROM chunk WHERE key = ?", [(row[0],) for row in chosen])
    return sum(int(row[1]) for row in chosen), len(chosen) == len(rows) and (most < 0 or len(rows) < most)


def compact(catalog: Catalog) -> None:
    """Give the free pages of the file back, some at a time, so that nobody waits long."""
    before = -1
    while True:
        with catalog.transaction() as connection:
            free = int(connection.execute("PRAGMA freelist_count").fetchone()[0])
            if free in (0, before):
                return
            before = free
            connection.execute(f"PRAGMA incremental_vacuum({_PAGES_AT_ONCE})").fetchall()
