"""How the file is written to safely, and that it is one plain file again afterwards.

WAL where locks and shared memory work, SQLite's rollback journal on network and FUSE file systems, where
they do not. The last writer to close brings the file back to a plain one without `-wal` or `-shm`.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import sys
import time
from collections.abc import Iterator
from pathlib import Path

NETWORK_FILE_SYSTEMS = frozenset(
    [
        "nfs",
        "nfs4",
        "cifs",
        "smb",
        "smb2",
        "smb3",
        "smbfs",
        "ncpfs",
        "afs",
        "9p",
        "v9fs",
        "virtiofs",
        "vboxsf",
        "prl_fs",
        "lustre",
        "gpfs",
        "mmfs",
        "beegfs",
        "ceph",
        "glusterfs",
        "orangefs",
        "pvfs2",
        "gfs",
        "gfs2",
        "ocfs2",
        "panfs",
        "wekafs",
        "davfs",
        "sshfs",
        "fuse",
        "fuseblk",
        "s3fs",
    ]
)
"""File system types on which WAL's shared memory or POSIX locks cannot be relied on."""

CHECKPOINT_BYTES = 8 * 1024 * 1024
"""A `-wal` larger than this is copied back into the file while the writer goes on."""
SWITCH_SECONDS = 2.5
"""So long a writer waits for others that are switching the journal mode, too: they are done in milliseconds."""

_ESCAPES = {"\\040": " ", "\\011": "\t", "\\012": "\n", "\\134": "\\"}


def wal_is_safe(path: Path, *, mount_table: str | None = None) -> bool:
    """Say whether a catalog at `path` may be written in WAL mode, by the type of its file system."""
    kind = file_system_of(path, mount_table=mount_table)
    return kind not in NETWORK_FILE_SYSTEMS and not kind.startswith("fuse.")


def file_system_of(path: Path, *, mount_table: str | None = None) -> str:
    """Name the type of the file system that holds `path`; empty where the system does not say."""
    if mount_table is None:
        if not sys.platform.startswith("linux"):
            return ""
        try:
            mount_table = Path("/proc/self/mountinfo").read_text("utf-8", "surrogateescape")
        except OSError:
            return ""
    real = os.path.realpath(path)
    best, kind = "", ""
    for line in mount_table.splitlines():
        fields, separator, rest = line.partition(" - ")
        parts = fields.split(" ")
        if not separator or len(parts) < 5:
            continue
        point = parts[4]
        for escape, letter in _ESCAPES.items():
            point = point.replace(escape, letter)
        inside = real == point or real.startswith(point.rstrip("/") + "/")
        # A later mount on the same point hides the earlier one.
        if inside and len(point) >= len(best):
            best, kind = point, rest.split(" ", 1)[0]
    return kind


def _share() -> float:
    """Give a number from 0 to 1 that the user's own `random.seed` does not touch."""
    return os.urandom(1)[0] / 255


def begin_writing(connection: sqlite3.Connection, path: Path) -> str:
    """Set the journal mode for a writer; give the mode that is now in force."""
    wanted = "WAL" if wal_is_safe(path) else "DELETE"
    deadline = time.monotonic() + SWITCH_SECONDS
    while True:
        try:
            mode = str(connection.execute(f"PRAGMA journal_mode = {wanted}").fetchone()[0]).lower()
            break
        except sqlite3.OperationalError as error:
            # Of two connections that switch at once SQLite sends one away at once, however long it was told to wait.
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.005 + 0.02 * _share())
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    connection.execute(f"PRAGMA synchronous = {'NORMAL' if mode == 'wal' else 'FULL'}")
    return mode


def checkpoint(connection: sqlite3.Connection, path: Path, locks: Path) -> None:
    """Copy a large `-wal` back into the file, if no other process is just doing so.

    One checkpointer at a time: SQLite before 3.51.3 can damage a file that two connections checkpoint at once.
    """
    try:
        if os.stat(f"{path}-wal").st_size < CHECKPOINT_BYTES:
            return
    except OSError:
        return
    with _only_one(path, locks) as is_mine:
        if is_mine:
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()


def settle(connection: sqlite3.Connection) -> bool:
    """Bring the file back to a plain one; false if somebody else still has it open, who will do it then."""
    try:
        connection.execute("PRAGMA busy_timeout = 300")
        connection.execute("PRAGMA incremental_vacuum").fetchall()
        mode = connection.execute("PRAGMA journal_mode = DELETE").fetchone()[0]
    except sqlite3.Error:
        return False
    return str(mode).lower() == "delete"


def fsync(path: Path) -> None:
    """Have a file or folder written to the disk itself."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def _only_one(path: Path, locks: Path) -> Iterator[bool]:
    try:
        import fcntl
    except ImportError:  # a system without POSIX locks has SQLite's own alone
        yield True
        return
    found = path.stat()
    locks.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(locks / f"{found.st_dev}-{found.st_ino}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
            return
        yield True
    finally:
        os.close(handle)
