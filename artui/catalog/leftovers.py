"""What processes that died left beside a catalog: a `-wal`, a `-journal`, beginnings of files; and whose they are.

Salts do not tie a `-wal` to its main file: one left behind a file that another was copied over would destroy it. So the
first transaction of each new `-wal` writes a token into the catalog, and the one before it: a left `-wal` belongs to a
main file that has one of the two by itself. A `-journal` may name a file that SQLite then deletes: one that is left is
rolled back in place only where nobody else can have written it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sqlite3
import stat
import struct
import sys
import tempfile
import time
from enum import Enum
from pathlib import Path
from typing import NamedTuple

from artui.catalog import connections, guard, journal
from artui.catalog.header import CHANGE_COUNTER_AT, Header, has_content, is_hot
from artui.catalog.journal import fsync
from artui.catalog.locks import Lock, lock_file
from artui.catalog.translate import ascii_path, error_name
from artui.errors import CatalogDamaged, CatalogError, NotACatalog

PRIVATE_COPY_BYTES = 16 << 30
STILL_SECONDS = 0.05
"""A journal that has not changed for so long, and whose writer holds no lock, was left."""
PART_SECONDS = 2.0
"""A beginning that is younger may belong to a process that has not locked it yet."""
_LOCK_PAGE = 0x4000_0000
"""Where SQLite locks: PENDING, RESERVED, then 510 bytes of SHARED (https://www.sqlite.org/src/file/src/os.h)."""
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP)
"""What file systems say that have no locks, or whose server for them does not answer."""
_JOURNAL_MAGIC = bytes.fromhex("d9d505f920a163d7")
_FRAME_HEAD = struct.Struct(">IIIIII")
_WAL_HEAD_BYTES = 32


class Whose(Enum):
    """What a `-wal` beside a catalog is."""

    NONE = 0
    LIVE = 1
    """Somebody has the catalog open."""
    OURS = 2
    """Left, and of this main file."""
    ANOTHERS = 3
    """Left, and of another file."""


def is_mine(path: Path) -> bool:
    """Whether file and folder are this user's: what was left in there, readers may settle."""
    try:
        return os.stat(path).st_uid == os.stat(path.parent).st_uid == os.geteuid() and os.access(path.parent, os.W_OK)
    except (OSError, AttributeError):
        return False


def is_used(path: Path) -> bool:
    """Whether another process holds a lock of SQLite's on the file. Of no meaning while this one is connected."""
    return _is_locked(path, _LOCK_PAGE, 512)


def is_being_written(path: Path) -> bool:
    """Whether another process is in the middle of a transaction through a rollback journal."""
    return _is_locked(path, _LOCK_PAGE, 2)


def can_lock(path: Path) -> bool:
    """Whether files can be locked where this one lies, as far as the system says. Of no meaning while this process is connected."""
    try:
        _ask_for_locker(path, _LOCK_PAGE, 512)
    except ImportError:
        return True  # there are locks of another kind
    except OSError as error:
        return error.errno not in _NO_LOCKS
    return True


def writer_elsewhere(path: Path) -> str:
    """Name another machine whose turn it is to write to the file, where no lock tells of it; empty if there is none that is known of.

    What lies beside the file may be in use by it: it is left alone.
    """
    if not journal.locks_are_local(path):
        return ""
    from artui.catalog.spool import abandoned

    return abandoned.writer_elsewhere(path)


def user_of(path: Path) -> int:
    """Give the number of a process that holds a lock of SQLite's on the file; 0 if none does, or the system does not say which."""
    return max(0, _locker(path, _LOCK_PAGE, 512))


def _is_locked(path: Path, start: int, length: int) -> bool:
    return _locker(path, start, length) != 0


def _locker(path: Path, start: int, length: int) -> int:
    """Give the number of the process that holds a lock, 0 if none does, -1 if that cannot be told."""
    try:
        return _ask_for_locker(path, start, length)
    except (ImportError, _Unasked):
        return -1  # without such locks nobody can tell: what is there is left alone


class _Unasked(OSError):
    """The system does not say who holds a lock."""


def _ask_for_locker(path: Path, start: int, length: int) -> int:
    import fcntl

    is_mac = sys.platform == "darwin"
    lock = struct.Struct("qqihh" if is_mac else "hhqqi")
    kind = (fcntl.F_WRLCK, os.SEEK_SET)
    request = lock.pack(start, length, 0, *kind) if is_mac else lock.pack(*kind, start, length, 0)
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY)
    try:
        answer = fcntl.fcntl(handle, fcntl.F_GETLK, request.ljust(32, b"\0"))
    except OSError as error:
        raise _Unasked(*error.args) from error
    finally:
        os.close(handle)
    fields = lock.unpack_from(answer)
    if fields[3 if is_mac else 0] == fcntl.F_UNLCK:
        return 0
    return int(fields[2 if is_mac else 4]) or -1


# The -wal


class Tokens(NamedTuple):
    """What a catalog says of the `-wal` that it was last written through."""

    catalog_id: str
    newest: int
    before: int


def _tokens(connection: sqlite3.Connection) -> Tokens:
    has_tokens = guard.schema_version(connection) >= 5
    row = connection.execute(
        "SELECT id, wal_token, wal_token_before FROM catalog" if has_tokens else "SELECT id, 0, 0 FROM catalog"
    ).fetchone()
    if row is None or not all(isinstance(token, int) for token in row[1:]):
        raise sqlite3.DatabaseError("no tokens")
    return Tokens(str(row[0]), row[1], row[2])


def whose_wal(path: Path, header: Header) -> Whose:
    """Say what the `-wal` beside a catalog is. Not to be asked while this process is connected.

    Raises:
        sqlite3.Error: it cannot be read just now.
    """
    if not has_content(f"{path}-wal"):
        return Whose.NONE
    if is_used(path):
        return Whose.LIVE
    return Whose.OURS if _is_of(path, header) else Whose.ANOTHERS


def _is_of(path: Path, header: Header) -> bool:
    """Whether the `-wal` continues the main file. Reads both, changes neither; a `-shm` may come."""
    alone = _look_at(path, is_bare=True)
    together = _look_at(path, is_bare=False)
    if together is not None and alone is not None:
        if together.catalog_id != alone.catalog_id:
            return False
        if alone.newest in (together.newest, together.before):
            return True
    # A checkpoint that was broken off has written the first page, and others may lack, or be torn where the power was cut.
    return _has_first_page_of_wal(path, header.page_bytes) or (
        alone is None and together is not None and _is_whole(path)
    )


def _is_whole(path: Path) -> bool:
    """Whether a main file that cannot be read by itself is a whole catalog together with the `-wal`."""
    connection = connections.open_reading(path)
    try:
        guard.find_damage(connection, path)
    except CatalogDamaged:
        return False
    finally:
        connections.disconnect(connection)
    return True


def _look_at(path: Path, *, is_bare: bool) -> Tokens | None:
    try:
        connection = connections.open_reading(path, is_bare=is_bare)
    except (NotACatalog, CatalogDamaged):
        return None
    except sqlite3.DatabaseError as error:
        if error_name(error).startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
            return None
        raise
    try:
        with guard.time_limit(connection):
            return _tokens(connection)
    except sqlite3.DatabaseError as error:
        if error_name(error).startswith(
            ("SQLITE_BUSY", "SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_FULL", "SQLITE_READONLY")
        ):
            raise
        return None
    finally:
        connections.disconnect(connection)


def _has_first_page_of_wal(path: Path, page_bytes: int) -> bool:
    """Whether the main file begins with the first page as the `-wal` last committed it."""
    newest: bytes | None = None
    with open(f"{path}-wal", "rb") as wal:
        head = wal.read(_WAL_HEAD_BYTES)
        if len(head) < _WAL_HEAD_BYTES or struct.unpack_from(">I", head, 8)[0] != page_bytes:
            return False
        salts, pending = head[16:24], None
        while len(frame := wal.read(_FRAME_HEAD.size)) == _FRAME_HEAD.size and frame[8:16] == salts:
            page_number, size_after = _FRAME_HEAD.unpack(frame)[:2]
            if page_number == 1:
                pending = wal.read(page_bytes)
            else:
                wal.seek(page_bytes, os.SEEK_CUR)
            if size_after and pending is not None:
                newest, pending = pending, None
    if newest is None or len(newest) != page_bytes:
        return False
    with open(path, "rb") as main:
        return main.read(page_bytes) == newest


def move_wal_aside(path: Path) -> str:
    """Put a `-wal` of another file out of the way, never away; give its new name.

    Raises:
        OSError: it cannot be renamed.
    """
    stem = f"{path.name}-wal.{time.strftime('%Y%m%dT%H%M%S')}"
    for number in range(100):
        aside = path.with_name(f"{stem}.{number}" if number else stem)
        if not os.path.lexists(aside):
            os.rename(f"{path}-wal", aside)
            with contextlib.suppress(OSError):
                os.unlink(f"{path}-shm")
            with contextlib.suppress(OSError):
                fsync(path.parent)
            return aside.name
    raise FileExistsError(f"{stem} and 99 more are there already")


# The -journal


def has_hot_journal(path: Path) -> bool:
    """Whether SQLite would roll a `-journal` back, were its writer gone."""
    return is_hot(f"{path}-journal")


def has_left_journal(path: Path) -> bool:
    """Whether there is a hot `-journal` whose writer is gone: none that comes, goes or changes while it is looked at."""
    seen = _looks(path)
    if not has_hot_journal(path) or is_being_written(path) or writer_elsewhere(path):
        return False
    time.sleep(STILL_SECONDS)
    return seen == _looks(path) and has_hot_journal(path) and not is_being_written(path)


def _looks(path: Path) -> tuple[int, ...]:
    try:
        status = os.lstat(f"{path}-journal")
    except OSError:
        return ()
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def may_roll_back(path: Path) -> bool:
    """Whether a left `-journal` can only be what this user's own process wrote, for just this file.

    Folder, catalog and journal must be this user's and closed to others (else a look and the opening race), the journal
    must name no super-journal, and its saved first page must be within one change of the file.
    """
    journal = Path(f"{path}-journal")
    try:
        statuses = [os.stat(path.parent), os.stat(path), os.lstat(journal)]
        if any(status.st_uid != os.geteuid() or status.st_mode & 0o022 for status in statuses):
            return False
        if not stat.S_ISREG(statuses[2].st_mode) or statuses[2].st_nlink > 1:
            return False
        # Owning them is not enough where the file system is read-only.
        if not all(os.access(place, os.W_OK) for place in (path.parent, path)):
            return False
        content, main = journal.read_bytes(), _first_bytes(path)
    except (OSError, AttributeError):
        return False
    return not _names_super_journal(content) and _is_journal_of(content, main)


def _names_super_journal(content: bytes) -> bool:
    return content[-8:] == _JOURNAL_MAGIC and len(content) > 28


def _is_journal_of(content: bytes, main: bytes) -> bool:
    if content[:8] != _JOURNAL_MAGIC or len(content) < 28:
        return True  # its header was never written: there is nothing in it that would be rolled back
    page_count, sector_bytes, page_bytes = struct.unpack_from(">III", content, 16)
    if not 512 <= page_bytes <= 65536 or not 32 <= sector_bytes <= 65536:
        return False
    now = struct.unpack_from(">I", main, CHANGE_COUNTER_AT)[0]
    for place in range(sector_bytes, len(content) - page_bytes - 7, page_bytes + 8):
        if struct.unpack_from(">I", content, place)[0] == 1:
            saved = struct.unpack_from(">I", content, place + 4 + CHANGE_COUNTER_AT)[0]
            return bool(0 <= now - saved <= 1)
    return bool(struct.unpack_from(">I", main, 28)[0] == page_count)


def _first_bytes(path: Path) -> bytes:
    with open(path, "rb") as file:
        return file.read(100).ljust(100, b"\0")


def roll_back(path: Path) -> None:
    """Let SQLite undo what a writer left half done.

    Raises:
        sqlite3.Error: it cannot.
    """
    connection = connections.open_writing(path, busy_seconds=connections.READ_SECONDS)
    try:
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    finally:
        connections.disconnect(connection)


# Private copies


def copy_privately(path: Path, ending: str) -> tuple[tempfile.TemporaryDirectory[str], Path]:
    """Copy a catalog, and what is beside it under that ending, into a folder that only this user can see.

    Raises:
        CatalogError: there is no room for it.
    """
    size_bytes = path.stat().st_size + _size(f"{path}{ending}")
    for place in (None, "/dev/shm"):
        if place is not None and not os.access(place, os.W_OK):
            continue
        folder = None
        try:
            folder = tempfile.TemporaryDirectory(prefix="artui-", dir=place, ignore_cleanup_errors=True)
            if size_bytes > min(PRIVATE_COPY_BYTES, shutil.disk_usage(folder.name).free):
                raise OSError("too large")
            copy = Path(folder.name) / "copy.artui"
            shutil.copyfile(path, copy)
            with contextlib.suppress(FileNotFoundError):
                shutil.copyfile(f"{path}{ending}", f"{copy}{ending}", follow_symlinks=False)
            return folder, copy
        except OSError:
            if folder is not None:
                folder.cleanup()
    raise CatalogError(
        f"{ascii_path(path)} has a {ending} beside it, and there is no room for a copy of the two ({size_bytes:,} bytes).",
        remedy="Make room, or set TMPDIR to a folder that has it.",
    )


def roll_back_copy(copy: Path) -> None:
    """Roll a private copy back, without deleting what its journal may name.

    Raises:
        sqlite3.Error: it cannot be rolled back.
    """
    journal = Path(f"{copy}-journal")
    content = journal.read_bytes()
    while _names_super_journal(content):
        length = struct.unpack_from(">I", content, len(content) - 16)[0]
        # Number of the locking page, name, its length, its sum, magic.
        content = content[: max(0, len(content) - 20 - length)] if length < len(content) else b""
    journal.write_bytes(content)
    roll_back(copy)


def _size(name: str) -> int:
    try:
        return os.lstat(name).st_size
    except OSError:
        return 0


# Beginnings


def remove_stale_parts(path: Path) -> None:
    """Remove beginnings of this catalog whose process died before they had its name, or just after.

    The one that made them holds a lock on them as long as it lives. Not to be called while connected: a beginning may
    be another name of the catalog itself.
    """
    for part in path.parent.glob(f".{_escaped(path.name)}.*.part*"):
        with contextlib.suppress(OSError):
            _remove_if_stale(part)


def _remove_if_stale(part: Path) -> None:
    status = os.lstat(part)
    if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid():
        return
    if not part.name.endswith(".part"):
        owner = part.with_name(part.name[: part.name.rindex(".part") + len(".part")])
        if not owner.exists():
            part.unlink(missing_ok=True)
        return
    handle = os.open(part, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        is_old = status.st_nlink > 1 or time.time() - status.st_ctime > PART_SECONDS
        if lock_file(handle) is not Lock.TAKEN and is_old:
            part.unlink(missing_ok=True)
            for ending in ("-journal", "-wal", "-shm"):
                part.with_name(part.name + ending).unlink(missing_ok=True)
    finally:
        os.close(handle)


def _escaped(name: str) -> str:
    import glob

    return glob.escape(name)


def clear(path: Path) -> None:
    """Remove what a dead process of this user's left beside a catalog that holds nothing: beginnings, a spent journal.

    Not to be called while connected.
    """
    if writer_elsewhere(path):
        return
    remove_stale_parts(path)
    left = f"{path}-journal"
    seen = _looks(path)
    if not seen or has_hot_journal(path) or is_being_written(path):
        return
    time.sleep(STILL_SECONDS)
    if seen == _looks(path) and not has_hot_journal(path) and not is_being_written(path):
        with contextlib.suppress(OSError):
            os.unlink(left)


def is_own_leftover(path: Path) -> bool:
    """Whether the second name of a file is a beginning of it that is still there."""
    status = path.stat()
    return any(os.path.samestat(part.stat(), status) for part in path.parent.glob(f".{_escaped(path.name)}.*.part"))
