"""Opening a catalog, whoever made it, without being hurt by it. Every opening is the same.

The file is looked at before SQLite sees it, then what lies beside it; then it is opened with limits, its whole schema
is compared with ours, and nothing is allowed but what our own statements need. Safety comes from these checks, never
from where a file is or who made it; the file system decides whether it may be written to.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from artui.catalog import connections, far, guard, leftovers
from artui.catalog.connections import disconnect, is_connected
from artui.catalog.guard import STATEMENT_SECONDS, time_limit
from artui.catalog.header import COMMIT_SECONDS, Header, has_content, is_hot, look
from artui.catalog.leftovers import Whose
from artui.catalog.schema import SCHEMA_VERSION
from artui.catalog.translate import ascii_path, border, error_name
from artui.errors import CatalogDamaged, CatalogError, CatalogLocked, CatalogReadOnly
from artui.paths import usable_path
from artui.settings import load_settings

if TYPE_CHECKING:
    import tempfile

__all__ = [
    "STATEMENT_SECONDS", "Opened", "ascii_path", "border", "check_damage", "connect", "disconnect", "file_token", "inspect",
    "is_connected", "look", "time_limit",
]  # fmt: skip

MAX_LOOKED_AT = 1_000
"""A reader looks at so many names of a folder for unfinished files to remove; a writer looks at all."""
_NO_SHARED_MEMORY = (
    "SQLITE_IOERR_SHM",
    "SQLITE_CANTOPEN",
    "SQLITE_FULL",
    "SQLITE_IOERR_WRITE",
    "SQLITE_READONLY_DIRECTORY",
)
"""Names of errors when no `-shm` can be made, as on a full disk."""
_NO_LOCKS = "Files cannot be locked where it lies: copy it to another disk, and change the copy."


@dataclass(slots=True)
class Opened:
    """How a catalog was found and may be opened again, by any thread."""

    path: Path
    """The real path, which the user sees."""
    file: Path
    """The file that is read: the same, or a private copy."""
    schema_version: int = 0
    is_immutable: bool = False
    """Nothing can be written to it, or nobody has it open and no `-shm` is to be made."""
    notice: str = ""
    """What the reader should know."""
    catalog_id: str = ""
    is_unchecked: bool = True
    """Whether `check_damage` has yet to search it for damage."""
    private: tempfile.TemporaryDirectory[str] | None = field(default=None, repr=False)
    damage: str = ""
    """The damage that was found when it was opened; empty if none."""
    was_left: bool = False
    """Whether a process that died left a `-wal` or `-journal` beside it."""
    can_lock: bool = True
    """Whether files can be locked where it lies: without locks, two that write would destroy it."""

    @property
    def may_write(self) -> bool:
        """Whether this user may write to the file: as for any file, the file system decides."""
        return not self.why_not_writable

    @property
    def why_not_writable(self) -> str:
        """Why changes are not possible, in a sentence; empty when they are."""
        if (there := far.far_at(self.path)) is not None:
            return there.why_not_writable
        if load_settings().read_only:
            return "It was opened read-only."
        if self.schema_version > SCHEMA_VERSION:
            return f"Schema {self.schema_version} is newer than this artui knows ({SCHEMA_VERSION}): upgrade artui to write to it."
        if not self.can_lock:
            return _NO_LOCKS
        if not os.access(self.path, os.W_OK):
            return "You may not write to the file: copy it, and change the copy."
        if not os.access(self.path.parent, os.W_OK):
            return "You may not write to its folder: copy the file, and change the copy."
        return ""


def inspect(path: Path, *, for_writing: bool = False, seconds: float = COMMIT_SECONDS) -> Opened:
    """Find out what a catalog is and how it may be read, and prove that it can be.

    Waits up to `seconds` for another process that is just beginning, ending or switching its journal. What a dead
    process left is settled if it is this user's, or if the file is opened for writing.

    Raises:
        CatalogError: in one of its kinds, each with a remedy.
    """
    if not usable_path(path).exists():
        look(Path(path))
    real = Path(os.path.realpath(path))
    deadline = time.monotonic() + seconds
    while True:
        try:
            with border(real):
                return _inspect_once(real, for_writing=for_writing)
        except (CatalogLocked, _Passing) as error:
            if time.monotonic() > deadline:
                raise CatalogLocked(
                    f"{ascii_path(real)} is in use by another process.", remedy="Wait for it to finish, then try again."
                ) from error
        time.sleep(0.01)


class _Passing(CatalogError):
    """A file disappeared while it was looked at: look again."""


def _inspect_once(real: Path, *, for_writing: bool) -> Opened:
    there = far.far_at(real)
    if there is not None and for_writing:
        raise CatalogReadOnly(f"{there.title} lies elsewhere.", remedy=there.why_not_writable)
    with connections.untouched(real) as is_untouched:
        try:
            opened = _find_way(real, look(real), for_writing=for_writing) if is_untouched else Opened(real, real)
        except FileNotFoundError as error:
            raise _Passing(str(error)) from error
        except PermissionError as error:
            raise CatalogError(
                f"What lies beside {ascii_path(real)} may not be read.", remedy="Ask its owner for `chmod +r`."
            ) from error
    with contextlib.ExitStack() as undo:
        undo.callback(_remove_copy, opened)
        connection = _prove(opened)
        undo.pop_all()
    try:
        opened.schema_version = guard.schema_version(connection)
        if opened.schema_version > SCHEMA_VERSION:
            _say(
                opened,
                f"Schema {opened.schema_version} is newer than this artui knows ({SCHEMA_VERSION}): read-only. Upgrade artui to write to it.",
            )
        if opened.was_left:
            _check_left(opened, connection, for_writing=for_writing)
        row = connection.execute("SELECT id FROM catalog").fetchone()
        opened.catalog_id = str(row[0]) if row else ""
    finally:
        disconnect(connection)
    if (
        not for_writing
        and not opened.damage
        and opened.file == real
        and opened.can_lock
        and _has_leftovers(real)
        and leftovers.is_mine(real)
        and not load_settings().read_only
    ):
        _tidy(real)
    return opened


def _has_leftovers(real: Path) -> bool:
    """Whether there may be leftovers beside the file. Bounded, since it is asked at each opening."""
    try:
        if real.stat().st_nlink > 1 or any(os.path.lexists(f"{real}{end}") for end in ("-wal", "-shm", "-journal")):
            return True
        with os.scandir(real.parent) as entries:
            begun = f".{real.name}."
            return any(
                entry.name.startswith(begun) and ".part" in entry.name for entry in islice(entries, MAX_LOOKED_AT)
            )
    except OSError:
        return False


def _tidy(real: Path) -> None:
    """Make one plain file of what this user's dead processes left, if it holds nothing, or only what was just read."""
    with connections.untouched(real) as is_untouched:
        if is_untouched:
            leftovers.clear(real)
    settle(real)


def _check_left(opened: Opened, connection: sqlite3.Connection, *, for_writing: bool) -> None:
    """Search a file that a dead process left: damage is reported, and keeps it from being written to or settled."""
    try:
        guard.find_damage(connection, opened.path)
    except CatalogDamaged as error:
        if for_writing:
            raise
        opened.damage = str(error)
        _say(opened, opened.damage)
    opened.is_unchecked = False


def _find_way(real: Path, header: Header, *, for_writing: bool) -> Opened:
    """Decide, by what lies beside it, how the file is read. Not to be asked while this process is connected."""
    opened = Opened(real, real)
    if far.far_at(real) is not None:
        # What is written there comes as another state, and all of it is fetched only where that is asked for.
        opened.is_immutable, opened.is_unchecked = True, False
        return opened
    if not leftovers.can_lock(real):
        _do_without_locks(opened, header, for_writing=for_writing)
        return opened
    if leftovers.has_left_journal(real):
        _take_journal(opened, for_writing=for_writing)
        return opened
    whose = _judge_wal(opened, header)
    if whose is Whose.OURS:
        opened.was_left = True
    elif whose is Whose.ANOTHERS:
        _set_wal_aside(opened, for_writing=for_writing)
    elif whose is Whose.NONE and header.is_wal and not leftovers.is_used(real):
        # In WAL mode SQLite would make a -shm and a -wal. Readers check later whether the file has changed.
        opened.is_immutable = True
    return opened


def _do_without_locks(opened: Opened, header: Header, *, for_writing: bool) -> None:
    """Read a file that nobody can lock: as it is, or, with what lies beside it, in a private copy. Nobody writes to it."""
    real = opened.path
    if for_writing:
        raise CatalogReadOnly(
            f"{ascii_path(real)} lies where files cannot be locked, and two that write would destroy it.",
            remedy="See to the locks of that file system, or use a catalog on another disk.",
        )
    opened.can_lock = False
    if is_hot(f"{real}-journal"):
        opened.private, opened.file = leftovers.copy_privately(real, "-journal")
        leftovers.roll_back_copy(opened.file)
    elif has_content(f"{real}-wal"):
        _read_copy(opened)
        if not opened.is_immutable and leftovers.whose_wal(opened.file, header) is Whose.ANOTHERS:
            opened.file = real
            _say(opened, "The -wal beside it is of another file, and is left out.")
    opened.was_left = opened.file != real
    opened.is_immutable = not opened.was_left
    _say(opened, "Read-only: files cannot be locked where it lies.")


def _judge_wal(opened: Opened, header: Header) -> Whose:
    """Say whose the `-wal` is: in a private copy, which is then what is read, where no shared memory is to be had."""
    try:
        return leftovers.whose_wal(opened.path, header)
    except sqlite3.Error as error:
        if not error_name(error).startswith(_NO_SHARED_MEMORY):
            raise
    _read_copy(opened)
    return Whose.NONE if opened.is_immutable else leftovers.whose_wal(opened.file, header)


def _take_journal(opened: Opened, *, for_writing: bool) -> None:
    """Roll back what a dead writer left half done: in place, or in a private copy where others could have a hand in it."""
    real = opened.path
    if leftovers.may_roll_back(real) and not load_settings().read_only:
        leftovers.roll_back(real)
        opened.was_left = True
        return
    if for_writing:
        raise CatalogReadOnly(
            f"{ascii_path(real)} has a -journal beside it that others may have written.",
            remedy=f"`artui settle {ascii_path(real)}` looks at it, and settles it.",
        )
    opened.private, opened.file = leftovers.copy_privately(real, "-journal")
    leftovers.roll_back_copy(opened.file)
    opened.was_left = True
    _say(opened, f"A -journal lies beside it: `artui settle {ascii_path(real)}` makes one plain file of the two.")


def _set_wal_aside(opened: Opened, *, for_writing: bool) -> None:
    """Keep a `-wal` of another file away from this one; whoever may, renames it."""
    real = opened.path
    if (for_writing or leftovers.is_mine(real)) and not load_settings().read_only:
        try:
            name = leftovers.move_wal_aside(real)
        except OSError as error:
            raise CatalogReadOnly(
                f"{ascii_path(real)} has the -wal of another file beside it, which cannot be moved: {error.strerror}.",
                remedy="Move it away.",
            ) from None
        _say(opened, f"The -wal beside it is of another file: it is {ascii(name)[1:-1]} now.")
        return
    opened.file, opened.is_immutable = real, True
    _say(opened, "The -wal beside it is of another file, and is left out.")


def _read_copy(opened: Opened) -> None:
    """Read the file and its `-wal` from a private copy; where there is no room for one, without the `-wal`."""
    try:
        opened.private, opened.file = leftovers.copy_privately(opened.path, "-wal")
    except CatalogError:
        opened.is_immutable = True
        wal_bytes = os.lstat(f"{opened.path}-wal").st_size
        _say(opened, f"The newest changes are not shown ({wal_bytes:,} bytes of -wal): there is no room to read them.")


def _prove(opened: Opened) -> guard.ReadingConnection:
    """Open the file as was decided; where no shared memory is to be had, from a private copy or without its `-wal`."""
    try:
        return _connect(opened)
    except sqlite3.Error as error:
        if not error_name(error).startswith(_NO_SHARED_MEMORY) or not has_content(f"{opened.path}-wal"):
            raise
    with connections.untouched(opened.path) as is_untouched:
        if not is_untouched:
            raise CatalogLocked(f"{ascii_path(opened.path)} is in use.", remedy="Try again.")
        _read_copy(opened)
    return _connect(opened)


@contextlib.contextmanager
def connected(opened: Opened) -> Iterator[guard.ReadingConnection]:
    """Give a connection to a catalog that was looked at, which is closed and forgotten after the block."""
    connection = connect(opened)
    try:
        yield connection
    finally:
        disconnect(connection)


def _remove_copy(opened: Opened) -> None:
    if opened.private is not None:
        opened.private.cleanup()


def _say(opened: Opened, text: str) -> None:
    opened.notice = f"{opened.notice} {text}".strip()


def connect(opened: Opened) -> guard.ReadingConnection:
    """Open one read-only connection, for one thread, with every limit in place and the schema compared."""
    with border(opened.path):
        return _connect(opened)


def _connect(opened: Opened) -> guard.ReadingConnection:
    return connections.open_reading(opened.file, is_immutable=opened.is_immutable, shown=opened.path)


def settle(path: Path) -> bool:
    """Bring a catalog back to one plain file, if nobody uses it and what is beside it belongs to it."""
    from artui.catalog import journal

    # An empty `-wal` is what a writer leaves that was killed as it began.
    if not any(os.path.lexists(f"{path}{end}") for end in ("-wal", "-shm")):
        return False
    try:
        with connections.untouched(path) as is_untouched:
            if not is_untouched or leftovers.whose_wal(path, look(path)) is Whose.ANOTHERS:
                return False
            connection = connections.open_writing(path, busy_seconds=0.2)
    except (sqlite3.Error, CatalogError, OSError):
        return False
    try:
        return journal.settle(connection)
    finally:
        disconnect(connection)


def check_damage(opened: Opened) -> None:
    """Look through the whole file for damage.

    Raises:
        CatalogDamaged: SQLite found some; the message says what.
    """
    connection = connect(opened)
    try:
        with border(opened.path):
            guard.find_damage(connection, opened.path, with_indexes=True, is_apart=True)
    finally:
        disconnect(connection)


def file_token(path: Path) -> tuple[int, ...]:
    """Give a token of the file's state, which differs once it was written to or replaced."""
    token: list[int] = []
    for name in (path, f"{path}-wal"):
        try:
            status = os.stat(name)
            token += (status.st_ino, status.st_dev, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        except OSError:
            token.append(0)
    return tuple(token)
