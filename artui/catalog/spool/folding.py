"""Carrying spools into the catalog.

A fold reads what a spool holds beyond the offset that the catalog notes for it, writes it, and notes the new
offset in the same transaction: interrupted anywhere and done again, it adds nothing twice. A spool is removed
once it is folded whole and its writer has gone: first what it held is made durable, then the file is removed, then the
note, so that a file without a note has never been folded.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from artui import clock
from artui.catalog.attempts import attempt
from artui.catalog.journal import fsync
from artui.catalog.spool.applying import Applied, apply, beat
from artui.catalog.spool.format import MAGIC, MAX_BODY_BYTES
from artui.catalog.spool.place import remove_file, remove_folder

if TYPE_CHECKING:
    from artui.catalog import Catalog
    from artui.catalog.spool.reading import SpoolFile

Tell = Callable[[str, str], None]
"""Called with a cause and a sentence for the user."""


def _silent(cause: str, text: str) -> None:
    pass


def fold(catalog: Catalog, file: SpoolFile, *, beating: tuple[str, ...] = (), tell: Tell = _silent) -> int:
    """Carry everything that a spool holds into the catalog; give the offset up to which it is there.

    `beating` are the runs that are known to be going on.

    Raises:
        CatalogError: the catalog cannot be written to.
        OSError: the spool cannot be read, for example because it is gone.
    """
    is_last = False
    while not is_last:
        with catalog.transaction() as connection:
            end, is_last, applied = _fold_some(connection, catalog, file)
            if is_last:
                for run_id in beating:
                    beat(connection, run_id, clock.now_ms())
            if applied is not None and applied.unstored_points:
                kept = _set_aside(catalog.path, file)
                tell(
                    "unstored",
                    f"{applied.unstored_points:,} points cannot be stored, since the catalog is damaged: {kept} keeps them.",
                )
        file.folded_bytes = end
        for text in applied.remark_lines if applied is not None else ():
            tell("folding", f"{catalog.path.name}: {text}")
    return file.folded_bytes


def _fold_some(connection: sqlite3.Connection, catalog: Catalog, file: SpoolFile) -> tuple[int, bool, Applied | None]:
    """Fold one batch; give the offset behind it, whether it was the last, and what could not be applied."""
    row = _noted(connection, file.id)
    # Read inside the transaction: a process that removes a spool unlinks it first, and forgets its offset then.
    start, is_guess = _start(row, file)
    skipped = _skipped(connection, file) if row is None and not file.is_newer else None
    if skipped is not None:
        batch = file.read(start, max_bytes=skipped[0] - len(MAGIC))
        end, is_last = (skipped[1], False) if batch.end == skipped[0] else (batch.end, batch.is_last)
    else:
        batch = file.read(start)
        end, is_last = batch.end, batch.is_last
    if file.is_newer or (end <= start and row is not None and not is_guess):
        return max(start, end) if not file.is_newer else 0, True, None
    applied = apply(connection, catalog, file, batch, is_guess=is_guess)
    connection.execute("INSERT OR REPLACE INTO spool (id, folded_bytes) VALUES (?, ?)", (file.id, end))
    return end, is_last, applied


def _noted(connection: sqlite3.Connection, spool_id: str) -> tuple[object] | None:
    """Read what is noted about a spool; if the notes are damaged, make them anew."""
    rows: list[tuple[object]] = []
    error = attempt(connection, lambda: rows.extend(connection.execute(_NOTED, (spool_id,)).fetchall()))
    if error is None:
        return rows[0] if rows else None
    for mending in ("REINDEX spool", "DELETE FROM spool"):
        if attempt(connection, lambda mending=mending: connection.execute(mending)) is None:  # type: ignore[misc]
            error = attempt(connection, lambda: connection.execute(_NOTED, (spool_id,)).fetchall())
            if error is None:
                return ("unknown",)
    raise error


_NOTED = "SELECT folded_bytes FROM spool WHERE id = ?"


def _start(row: tuple[object] | None, file: SpoolFile) -> tuple[int, bool]:
    """Give the offset from which on a spool is not in the catalog, and whether that is only a guess."""
    file.look()
    if row is None:
        if file.folded_bytes and file.is_gone:
            raise FileNotFoundError(2, "taken over by another process", str(file.path))
        return 0, False
    folded = row[0]
    if type(folded) is int and 0 <= folded <= file.size() and file.begins_record(folded):
        return folded, False
    # Damage, or a spool that was cut: what this process remembers is right; else the points themselves decide.
    return (file.folded_bytes, False) if file.folded_bytes else (0, True)


def _skipped(connection: sqlite3.Connection, file: SpoolFile) -> tuple[int, int] | None:
    """Give (from, to) of what need not be folded of a spool, since it was already, from the one that it follows."""
    follows = file.follows
    if follows is None:
        return None
    row = connection.execute("SELECT folded_bytes FROM spool WHERE id = ?", (follows.id,)).fetchone()
    folded = row[0] if row is not None and type(row[0]) is int else follows.start
    length = follows.end - follows.start
    is_possible = len(MAGIC) < follows.place <= MAX_BODY_BYTES and 0 <= length <= file.size() - follows.place
    if not is_possible or follows.id == file.id:
        return None
    # If the earlier file comes back, nothing of it may be folded again.
    connection.execute(
        "INSERT OR REPLACE INTO spool (id, folded_bytes) VALUES (?, ?)", (follows.id, max(folded, follows.end))
    )
    return follows.place, follows.place + min(max(0, folded - follows.start), length)


def folded_bytes(connection: sqlite3.Connection) -> dict[str, int]:
    """Give the offset up to which each spool is in the catalog."""
    rows = connection.execute("SELECT id, folded_bytes FROM spool")
    return {str(row[0]): row[1] if type(row[1]) is int else 0 for row in rows}


def make_durable(catalog: Path) -> None:
    """Have all that was written to a catalog on the disk itself, before the other copy of it is removed.

    In WAL mode a commit is durable only once the `-wal` is synced; in other modes SQLite has synced it.

    Raises:
        OSError: the disk reports an error.
    """
    try:
        # The `-wal` carries no locks of SQLite: opening and closing it takes none away.
        handle = os.open(f"{catalog}-wal", os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return
    try:
        getattr(os, "fdatasync", os.fsync)(handle)
    finally:
        os.close(handle)


def remove(catalog: Catalog, path: Path, *, may_come_back: bool = False) -> None:
    """Remove a spool that is folded whole, and the folder with the last one.

    `may_come_back`: its writer may live on another machine and continue in a new spool, so that its offset is kept.

    Raises:
        OSError: the catalog could not be synced to the disk.
    """
    make_durable(catalog.path)
    remove_file(path)
    with contextlib.suppress(OSError):  # some file systems cannot sync folders
        fsync(path.parent)
    if not may_come_back:
        with catalog.transaction() as connection:
            connection.execute("DELETE FROM spool WHERE id = ?", (path.name,))
    remove_folder(catalog.path)


def _set_aside(catalog: Path, file: SpoolFile) -> str:
    """Keep a copy of a spool beside the catalog, since some of it could not be stored; give its name."""
    kept = catalog.with_name(f"{catalog.name}-unfolded-{file.id}")
    part = kept.with_name(f".{kept.name}.part")
    part.unlink(missing_ok=True)
    target = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(target, "wb") as stream, file.content() as handle:
        place = 0
        while content := os.pread(handle, 1 << 20, place):
            place += stream.write(content)
        stream.flush()
        os.fsync(target)
    part.rename(kept)
    return kept.name
