"""Writing to the file safely, and bringing it back to one plain file afterwards.

WAL where locks and shared memory work, SQLite's rollback journal on network and FUSE file systems, where
they do not. The last writer to close brings the file back to a plain one without `-wal` or `-shm`.
"""

from __future__ import annotations

import os
import sqlite3
import sys
import time
from pathlib import Path

from artui.catalog.locks import Lock, lock_file

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

LOCAL_LOCKS = frozenset(
    ["9p", "v9fs", "virtiofs", "vboxsf", "prl_fs", "davfs", "ncpfs", "sshfs", "fuse", "fuseblk", "s3fs"]
)
"""Those of them whose locks hold on one machine, or in one mount, alone: another one does not see them."""
_FUSE_WITH_LOCKS = frozenset(
    ["fuse.glusterfs", "fuse.ceph", "fuse.ceph-fuse", "fuse.moosefs", "fuse.mfs", "fuse.lizardfs"]
)

CHECKPOINT_BYTES = 8 * 1024 * 1024
"""A `-wal` larger than this is copied back into the file while the writer goes on."""
SWITCH_SECONDS = 2.5
"""How long a writer waits for others that are switching the journal mode, too, which takes them milliseconds."""

_ESCAPES = {"\\040": " ", "\\011": "\t", "\\012": "\n", "\\134": "\\"}


def wal_is_safe(path: Path, *, mount_table: str | None = None) -> bool:
    """Say whether a catalog at `path` may be written in WAL mode, by the type of its file system."""
    kind = file_system_of(path, mount_table=mount_table)
    return kind not in NETWORK_FILE_SYSTEMS and not kind.startswith("fuse.")


def locks_are_local(path: Path, *, mount_table: str | None = None) -> bool:
    """Say whether another machine that uses the same file may not see the locks that are held here."""
    kind = file_system_of(path, mount_table=mount_table)
    return kind in LOCAL_LOCKS or (kind.startswith("fuse.") and kind not in _FUSE_WITH_LOCKS)


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
            # Of two connections that switch at the same time SQLite refuses one at once, whatever its timeout is.
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.005 + 0.02 * _share())
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    connection.execute(f"PRAGMA synchronous = {'NORMAL' if mode == 'wal' else 'EXTRA'}")
    return mode


class WalWatch:
    """Knows when a transaction is the first of a new `-wal`, which then has to write a token.

    A `-wal` is new when it is made, and when SQLite begins it again after a whole checkpoint, with other salts. Its
    descriptor is kept: SQLite has no locks on this file.
    """

    def __init__(self, path: Path, *, mode: str) -> None:
        self._path = f"{path}-wal"
        self._is_wal = mode == "wal"
        self._handle: int | None = None
        self._salts = b""
        """Of the `-wal` as it was when the transaction began; of one that a checkpoint ended, as it was then."""
        self._may_restart = not self._is_wal
        """The next transaction may begin it again; without a `-wal`, the first one writes a token as well."""

    def is_new(self) -> bool:
        """Whether the transaction that has just begun may be the first. To be asked with the write lock held."""
        if not self._is_wal:
            return self._may_restart
        salts = self._read()
        # If another has begun it again since our checkpoint, the token is there, and a second would break the chain.
        is_new = not salts or (self._may_restart and salts == self._salts)
        self._salts, self._may_restart = salts, False
        return is_new

    def committed(self, *, has_token: bool) -> bool:
        """Take note of a transaction; true when it began a new `-wal` and has no token, so that one has to follow."""
        if not self._is_wal:
            self._may_restart = self._may_restart and not has_token
            return False
        return not has_token and self._read() != self._salts

    def checkpointed(self, *, is_whole: bool) -> None:
        """Take note of a checkpoint of this process."""
        if self._is_wal and is_whole:
            self._salts, self._may_restart = self._read(), True

    def close(self) -> None:
        """Close the descriptor of the `-wal`."""
        handle, self._handle = self._handle, None
        if handle is not None:
            os.close(handle)

    def _read(self) -> bytes:
        if not self._is_wal:
            return b""
        try:
            if self._handle is None:
                self._handle = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0))
            return os.pread(self._handle, 8, 16)
        except OSError:
            return b""


def checkpoint(connection: sqlite3.Connection, path: Path) -> bool | None:
    """Copy a large `-wal` back into the file, if no other process is just doing so; true when all of it is in.

    None when nothing was done. One checkpointer at a time, of whatever home or container: SQLite before 3.51.3 can
    damage a file that two connections checkpoint at once. The lock is on the `-wal` itself, where it leaves no trace.
    """
    name = f"{path}-wal"
    try:
        if os.stat(name).st_size < CHECKPOINT_BYTES:
            return None
        handle = os.open(name, os.O_RDWR | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0))
    except OSError:
        return None
    try:
        if lock_file(handle) is Lock.TAKEN:
            return None
        _, in_wal, in_file = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        return bool(in_wal == in_file)
    finally:
        os.close(handle)


def settle(connection: sqlite3.Connection) -> bool:
    """Bring the file back to a plain one; false if somebody else still has it open, who will do it then."""
    try:
        connection.execute("PRAGMA busy_timeout = 300")
        connection.execute("PRAGMA incremental_vacuum").fetchall()
        mode = connection.execute("PRAGMA journal_mode = DELETE").fetchone()[0]
        if str(mode).lower() != "delete":
            return False
        _remove_rests(connection)
    except sqlite3.Error:
        return False
    return True


def _remove_rests(connection: sqlite3.Connection) -> None:
    """Remove a `-shm` that stayed when the `-wal` went, as on a disk that fails, and an empty `-wal` of a writer that was killed as it began.

    Whoever uses one holds a lock that keeps us out.
    """
    path = connection.execute("PRAGMA database_list").fetchone()[2]
    if not any(os.path.lexists(f"{path}{end}") for end in ("-wal", "-shm")):
        return
    connection.execute("BEGIN EXCLUSIVE")
    try:
        if os.path.lexists(f"{path}-wal") and os.lstat(f"{path}-wal").st_size == 0:
            os.unlink(f"{path}-wal")
        os.unlink(f"{path}-shm")
    except OSError:
        pass
    finally:
        connection.execute("ROLLBACK")


def fsync(path: Path) -> None:
    """Have a file or folder written to the disk itself."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
