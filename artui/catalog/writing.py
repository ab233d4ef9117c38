"""A catalog that is open for writing, and one transaction for every change."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from artui import clock
from artui.catalog import connections, guard, journal, leftovers, opening, origins, seals
from artui.catalog.cleaning import redactor_of
from artui.catalog.ids import new_id
from artui.catalog.locks import lock_file
from artui.catalog.migrations import fill, migrate
from artui.catalog.opening import Opened, ascii_path, border
from artui.catalog.schema import PAGE_BYTES, SCHEMA_VERSION
from artui.catalog.transactions import immediate_transaction
from artui.errors import CatalogError, CatalogLocked, CatalogReadOnly, CatalogTooNew, DiskFull
from artui.paths import usable_path
from artui.settings import load_settings
from artui.version import VERSION

if TYPE_CHECKING:
    from artui.secrets import Redactor

BUSY_SECONDS = 10.0


class Catalog:
    """A catalog open for writing. Usable from any thread, one at a time; not from a forked child.

    Raises:
        CatalogError: of its kinds, each with a remedy, whenever the file cannot be opened or changed.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        create: bool = True,
        migrates: bool = True,
        busy_seconds: float = BUSY_SECONDS,
        created_by: str = "",
    ) -> None:
        wanted = usable_path(path)
        if create and not wanted.exists() and not wanted.is_symlink():
            _create(wanted, created_by or _program())
        self.path = Path(os.path.realpath(wanted))
        self._lock = threading.RLock()
        self._pid = os.getpid()
        self._depth = 0
        self._busy_seconds = busy_seconds
        self._migrates = migrates
        self._is_suspended = False
        self.notice = ""
        """What was done to open it, such as a `-wal` of another file that was moved aside; may be empty."""
        self._connection: guard.LimitedConnection | None = self._open(wanted)

    def _open(self, wanted: Path) -> guard.LimitedConnection:
        if load_settings().read_only:
            raise CatalogReadOnly(
                f"{ascii_path(self.path)} is opened read-only.",
                remedy="Leave out --read-only, and unset ARTUI_READ_ONLY.",
            )
        with border(self.path), connections.untouched(self.path) as is_untouched:
            if is_untouched and os.path.exists(self.path):
                leftovers.clear(self.path)
        self._locks_are_local = journal.locks_are_local(self.path)
        self.refuse_another_machine()
        opened = opening.inspect(wanted, for_writing=True, seconds=self._busy_seconds)
        shown = ascii_path(self.path)
        if opened.schema_version > SCHEMA_VERSION:
            raise CatalogTooNew(
                f"{shown} has schema {opened.schema_version}, this artui knows up to {SCHEMA_VERSION}.",
                remedy="Upgrade artui to write to it.",
            )
        if opened.schema_version < SCHEMA_VERSION and not self._migrates:
            raise CatalogReadOnly(
                f"{shown} has schema {opened.schema_version}.",
                remedy="The first run that is logged into it brings it up to date.",
            )
        if why_not := opened.why_not_writable:
            raise CatalogReadOnly(f"{shown} cannot be changed.", remedy=why_not)
        if self.path.stat().st_nlink > 1 and not leftovers.is_own_leftover(self.path):
            raise CatalogReadOnly(
                f"{shown} has more than one name (hard links).", remedy="Copy it, and write to the copy."
            )
        backup = _backup_of(self.path, opened.schema_version)
        had_backup = backup.exists()
        with border(self.path):
            connection = connections.open_writing(self.path, busy_seconds=self._busy_seconds)
            with contextlib.ExitStack() as undo:
                undo.callback(opening.disconnect, connection)
                self._wal = _prepare(connection, self.path, opened)
                undo.pop_all()
        self._seals_older = opened.schema_version < SCHEMA_VERSION
        self.id = opened.catalog_id
        self.notice = opened.notice
        if not had_backup and opened.schema_version < SCHEMA_VERSION and backup.exists():
            made = f"It was brought from schema {opened.schema_version} to {SCHEMA_VERSION}; as it was, it lies beside it: {backup.name}, {backup.stat().st_size:,} bytes."
            self.notice = f"{self.notice} {made}".strip()
        status = os.stat(self.path)
        self._place = status.st_dev, status.st_ino
        return connection

    def refuse_another_machine(self) -> None:
        """Refuse to write beside another machine that no lock of this one reaches: the two would destroy the file.

        Raises:
            CatalogReadOnly: it is the turn of another one.
        """
        if self._locks_are_local and os.path.exists(self.path) and (host := leftovers.writer_elsewhere(self.path)):
            kind = journal.file_system_of(self.path)
            raise CatalogReadOnly(
                f"{ascii_path(self.path)} is being logged to from {ascii(host)[1:-1]}, which no lock of {kind} reaches.",
                remedy="It can be written to from here once that has ended; a catalog for each machine, and `artui merge`, has nothing to wait for.",
            )

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Make one change, whole or not at all. Inside another transaction it is part of that one."""
        with self._lock, border(self.path):
            connection = self._usable_connection()
            if self._depth:
                yield connection
                return
            try:
                with immediate_transaction(connection):
                    self._depth = 1
                    self._check_schema(connection)
                    if has_token := self._wal.is_new():
                        _write_token(connection)
                    if self._seals_older:
                        seals.seal_older(connection)
                    yield connection
                    seals.renew(connection)
            finally:
                self._depth = 0
            self._seals_older = False
            if self._wal.committed(has_token=has_token):
                self._follow_with_token(connection)

    def _check_schema(self, connection: guard.LimitedConnection) -> None:
        """Compare the schema again if another process has changed it: a newer artui may have migrated the file."""
        if guard.schema_cookie(connection) == connection.cookie:
            return
        if (version := guard.schema_version(connection)) > SCHEMA_VERSION:
            raise CatalogTooNew(
                f"{ascii_path(self.path)} has been brought to schema {version}, this artui knows up to {SCHEMA_VERSION}.",
                remedy="Upgrade artui to write to it.",
            )
        guard.check_again(connection, self.path)

    def _follow_with_token(self, connection: sqlite3.Connection) -> None:
        """Write the token of a `-wal` that the last transaction began without one."""
        with contextlib.suppress(sqlite3.Error):
            with immediate_transaction(connection):
                _write_token(connection)
            self._wal.committed(has_token=True)

    @property
    def redactor(self) -> Redactor:
        """Takes secrets out of every text that is written to this file."""
        with self._lock:
            return redactor_of(self._usable_connection())

    def checkpoint(self) -> None:
        """Keep the `-wal` small while a long run goes on."""
        with self._lock, border(self.path):
            is_whole = journal.checkpoint(self._usable_connection(), self.path)
            if is_whole is not None:
                self._wal.checkpointed(is_whole=is_whole)

    @contextlib.contextmanager
    def without_references(self) -> Iterator[None]:
        """Let rows be deleted in the block without a look for others that refer to them, which has no index: only what none refers to."""
        with self._lock:
            self._check_references(is_on=False)
            try:
                yield
            finally:
                self._check_references(is_on=True)

    def _check_references(self, *, is_on: bool) -> None:
        with border(self.path):
            connection = self._usable_connection()
            guard.allow_all(connection)
            try:
                connection.execute(f"PRAGMA foreign_keys = {int(is_on)}")
            finally:
                guard.allow_writing(connection)

    def vacuum(self) -> None:
        """Write the whole file anew, so that nothing is left of what was removed. To be called right after a change of one's own."""
        with self._lock, border(self.path):
            connection = self._usable_connection()
            guard.allow_all(connection)
            # SQLite writes into a database that it attaches for itself.
            connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 1)
            try:
                connection.deadline = float("inf")
                connection.cursor().execute("VACUUM")
                guard.prepare_tables(connection)  # it has forgotten those that it knew
            finally:
                connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
                guard.allow_writing(connection)

    def close(self) -> None:
        """Close; when this was the last writer, the catalog is one plain file again."""
        with self._lock:
            if self._is_suspended and self._pid == os.getpid():
                with contextlib.suppress(CatalogError):
                    self._usable_connection()
            connection, self._connection = self._connection, None
            self._is_suspended = False
            if connection is None or self._pid != os.getpid():
                return
            self._wal.close()
            journal.settle(connection)
            opening.disconnect(connection)

    @property
    def is_in_place(self) -> bool:
        """Whether the file that is open is still the one at its path: it may have been moved or replaced."""
        try:
            status = os.stat(self.path)
        except OSError:
            return False
        return (status.st_dev, status.st_ino) == self._place

    def suspend(self, *, seconds: float) -> bool:
        """Close the file until `resume`, and let no thread use it meanwhile; false if it is in use for longer than `seconds`.

        A process that forks while SQLite has the file open gives its child locks that do not hold.
        """
        if not self._lock.acquire(timeout=seconds):
            return False
        connection, self._connection = self._connection, None
        if connection is not None and self._pid == os.getpid():
            self._wal.close()
            opening.disconnect(connection)
            self._is_suspended = True
        return True

    def resume(self) -> None:
        """Allow the use of the file again, after `suspend`; it is opened with the next change."""
        self._lock.release()

    def _usable_connection(self) -> guard.LimitedConnection:
        if self._is_suspended and self._pid == os.getpid():
            self._connection = self._open(self.path)
            self._is_suspended = False
        if self._connection is None:
            raise CatalogError(f"{ascii_path(self.path)} is closed.", remedy="Open it again.")
        if self._pid != os.getpid():
            # SQLite's locks do not survive a fork: a child that used this connection could damage the file.
            raise CatalogError(
                f"{ascii_path(self.path)} was opened before a fork.",
                remedy="Open it again in the child process.",
            )
        return self._connection

    def __enter__(self) -> Catalog:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


_filled: list[bytes] = []
"""What the first catalog that this process made was like with nothing in it: the next ones begin as copies."""


def _prepare(connection: guard.LimitedConnection, path: Path, opened: Opened) -> journal.WalWatch:
    """Make a connection ready for changes: the schema compared and brought up to date, the journal chosen."""
    guard.check_again(connection, path)
    if guard.schema_version(connection) < SCHEMA_VERSION:
        from artui.catalog.spool.abandoned import older_writers

        if older_writers(path):
            raise CatalogLocked(
                f"{ascii_path(path)} is being written to by an older artui.",
                remedy="It is brought up to date once that has ended.",
            )
        _migrate_after_backup(connection, path, opened.schema_version)
        guard.check_again(connection, path)
    mode = journal.begin_writing(connection, path)
    guard.prepare_tables(connection)
    seals.prepare(connection)
    origins.prepare(connection, path)
    guard.allow_writing(connection)
    return journal.WalWatch(path, mode=mode)


def _write_token(connection: sqlite3.Connection) -> None:
    """Tie a new `-wal` to this file: see `leftovers`."""
    connection.execute(
        "UPDATE catalog SET wal_token_before = wal_token, wal_token = ?", (int.from_bytes(os.urandom(8), "big") >> 1,)
    )


def _create(path: Path, created_by: str) -> None:
    """Make an empty catalog: whole under another name first, so that nobody ever sees half of one."""
    shown = ascii_path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CatalogError(
            f"The folder of {shown} cannot be made: {error.strerror}.", remedy="Choose another path."
        ) from None
    part = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.part")
    with border(path):
        try:
            handle = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.ENFILE, errno.EMFILE):
                raise DiskFull(f"{shown} cannot be made: {error.strerror}.", remedy="See to the disk.") from None
            raise CatalogReadOnly(
                f"{shown} cannot be made: {error.strerror}.", remedy="Choose a folder that you may write to."
            ) from None
        try:
            # As long as this process lives, nobody takes it for an unfinished file that was left behind.
            lock_file(handle)
            _fill(part, handle, created_by)
            try:
                os.link(part, path)
            except FileExistsError:
                return  # another process was quicker: its catalog is as good
            except OSError:
                if not path.exists():
                    part.rename(path)
            with contextlib.suppress(OSError):  # some file systems cannot sync folders
                journal.fsync(path.parent)
        except OSError as error:
            raise DiskFull(
                f"{shown} cannot be made: {error.strerror}.", remedy="See to the disk, or choose another."
            ) from None
        finally:
            with contextlib.suppress(OSError):  # the next writer removes it
                part.unlink(missing_ok=True)
            os.close(handle)


def _fill(part: Path, handle: int, created_by: str) -> None:
    """Make a file an empty catalog, and have it on the disk."""
    if _filled:
        with open(handle, "wb", closefd=False) as file:
            file.write(_filled[0])
    # Nobody else has it: where files cannot be locked, a catalog can be begun all the same.
    name = f"file:{quote(os.fsencode(part))}?nolock=1"
    with contextlib.closing(sqlite3.connect(name, uri=True, isolation_level=None)) as connection:
        if not _filled:
            connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
            fill(connection)
            _filled.append(os.pread(handle, os.fstat(handle).st_size, 0))
        connection.execute(
            "INSERT INTO catalog (key, id, created_ms, created_by) VALUES (1, ?, ?, ?)",
            (new_id(), clock.now_ms(), created_by),
        )
    journal.fsync(part)


def _backup_of(path: Path, version: int) -> Path:
    """Give where a catalog of an older schema is kept as it was."""
    return path.with_name(f"{path.name}.schema-{version}.bak")


def _migrate_after_backup(connection: sqlite3.Connection, path: Path, version: int) -> None:
    backup = _backup_of(path, version)
    if not backup.exists():
        # A name of its own: another process may be making the same backup.
        part = backup.with_name(f".{backup.name}.{os.getpid()}.part")
        handle = os.open(part, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, path.stat().st_mode & 0o777)
        try:
            lock_file(handle)
            with contextlib.closing(sqlite3.connect(part)) as target:
                connection.backup(target)
            shutil.copymode(path, part)
            journal.fsync(part)
            part.rename(backup)
            journal.fsync(path.parent)
        finally:
            part.unlink(missing_ok=True)
            os.close(handle)
    migrate(connection)


def _program() -> str:
    return f"artui {VERSION}"
