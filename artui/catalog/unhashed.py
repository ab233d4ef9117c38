"""Versions whose digest comes later: they are in the catalog at once, and are completed later or stay marked.

Saving the same content again makes no new version. For a version that was saved unhashed this becomes known only with
its digest: if the version before it has the same one, it passes its edges and aliases on to that one and is deleted.
Its number is not used again, so that a reference to it never means other content.
"""

from __future__ import annotations

from collections.abc import Mapping

from artui import clock
from artui.catalog import Catalog, artifacts, events, outside
from artui.catalog.artifacts import NewFile
from artui.model import NOT_HASHED


def complete(
    catalog: Catalog, version_id: str, digests: Mapping[str, bytes], faults: Mapping[str, str], *, stored: tuple[str, str] | None = None,
    notes: Mapping[str, str] | None = None,
) -> None:  # fmt: skip
    """Note the digests of a version's files, and why others have none; with the last one the version has its own.

    Both are by path in the manifest. `stored` is where they are in a store, and on which host; those that are not have
    notes. A version that is gone is left alone.
    """
    with catalog.transaction() as connection:
        row = connection.execute(
            "SELECT key, artifact_key, number FROM version WHERE id = ? AND deleted_ms IS NULL", (version_id,)
        ).fetchone()
        if row is None:
            return
        key, artifact_key, number = row
        connection.executemany(
            "UPDATE file SET digest = ?, note = '' WHERE version_key = ? AND path = ?",
            [(digest, key, path) for path, digest in digests.items()],
        )
        connection.executemany(
            "UPDATE file SET note = ? WHERE version_key = ? AND path = ?",
            [(f"{NOT_HASHED}: {fault}", key, path) for path, fault in faults.items()],
        )
        files = connection.execute(
            "SELECT path, size_bytes, digest, link_target FROM file WHERE version_key = ?", (key,)
        ).fetchall()
        digest = artifacts.manifest_digest(
            [NewFile(path, size, file_digest, link_target=link) for path, size, file_digest, link in files], version_id
        )
        connection.execute("UPDATE version SET digest = ? WHERE key = ?", (digest, key))
        artifacts.recorded(connection, key)
        outside.mark_again(connection, key)
        if stored is not None:
            artifacts.now_stored(connection, key, *stored, notes)
        before = connection.execute(
            "SELECT key, id, number, digest FROM version WHERE artifact_key = ? AND number < ? AND deleted_ms IS NULL "
            "ORDER BY number DESC LIMIT 1",
            (artifact_key, number),
        ).fetchone()
        if before is not None and before[3] == digest:
            if stored is not None:
                artifacts.now_stored(connection, before[0], *stored, notes)
            _become(catalog, key, before[0], before[1], f"the same content as v{before[2]}")


def mark(catalog: Catalog, version_id: str, why: str) -> None:
    """Note why the unhashed files of a version will not be hashed."""
    with catalog.transaction() as connection:
        connection.execute(
            "UPDATE file SET note = ? WHERE version_key = (SELECT key FROM version WHERE id = ?) "
            "AND digest IS NULL AND link_target IS NULL",
            (f"{NOT_HASHED}: {why}", version_id),
        )
        for (key,) in connection.execute("SELECT key FROM version WHERE id = ?", (version_id,)).fetchall():
            artifacts.recorded(connection, key)


def is_newest(catalog: Catalog, version_id: str) -> artifacts.Saved | None:
    """Give a version if it is still its artifact's newest one."""
    with catalog.transaction() as connection:
        row = connection.execute(
            "SELECT key, artifact_key, number FROM version AS v WHERE id = :id AND deleted_ms IS NULL AND number = "
            "(SELECT max(number) FROM version AS o WHERE o.artifact_key = v.artifact_key AND o.deleted_ms IS NULL)",
            {"id": version_id},
        ).fetchone()
    return artifacts.Saved(row[0], version_id, row[1], row[2], is_new=False) if row else None


def _become(catalog: Catalog, key: int, other_key: int, other_id: str, why: str) -> None:
    """Pass a version's edges and aliases on to the one that it turned out to be, and delete it."""
    values = {"key": key, "other": other_key, "now": clock.now_ms(), "why": why}
    with catalog.transaction() as connection:
        # In an edge between a run and a version, the run's end is a key of another table.
        for relations, column, end in (("<> 1", "target_key", "source_key"), ("> 0", "source_key", "target_key")):
            connection.execute(
                f"UPDATE OR IGNORE edge SET {column} = :other WHERE relation {relations} AND {column} = :key "
                f"AND (relation < 2 OR {end} <> :other)",
                values,
            )
            connection.execute(f"DELETE FROM edge WHERE relation {relations} AND {column} = :key", values)
        for (alias,) in connection.execute("SELECT name FROM alias WHERE version_key = :key", values).fetchall():
            with events.recording(catalog) as edit:
                edit.move_alias(other_id, alias)
        connection.execute(
            "UPDATE version SET deleted_ms = :now, note = ltrim(note || char(10) || :why, char(10)) WHERE key = :key",
            values,
        )
        artifacts.recorded(connection, key)
