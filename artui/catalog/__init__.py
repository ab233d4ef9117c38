"""The file: opening it for writing, and one transaction for every change.

Reading is the business of `artui.query`, on connections that cannot write. Everything that changes a catalog
goes through `Catalog.transaction`, which either happens whole or not at all.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from artui.catalog import journal, opening, ownership
from artui.catalog.cleaning import CleanConnection, redactor_of
from artui.catalog.ids import new_id
from artui.catalog.migrations import APPLICATION_ID, PAGE_BYTES, SCHEMA_VERSION, migrate, schema_is_known
from artui.catalog.opening import ascii_path, border
from artui.errors import CatalogError, CatalogReadOnly, CatalogTooNew, NotACatalog

if TYPE_CHECKING:
    from artui.secrets import Redactor

__all__ = ["APPLICATION_ID", "SCHEMA_VERSION", "Catalog"]

BUSY_SECONDS = 10.0


class Catalog:
    """A catalog open for writing. Usable from any thread, one at a time; not from a forked child.

    Raises:
        CatalogError: of its kinds, each with a remedy, whenever the file cannot be opened or changed.
    """

    def __init__(
        self, path: str | os.PathLike[str], *, create: bool = True, busy_seconds: float = BUSY_SECONDS
    ) -> None:
        wanted = Path(path)
        if create and not wanted.exists() and not wanted.is_symlink():
            _create(wanted)
        self.path = Path(os.path.realpath(wanted))
        self._lock = threading.RLock()
        self._pid = os.getpid()
        self._depth = 0
        self._busy_seconds = busy_seconds
        self._is_suspended = False
        self._connection: sqlite3.Connection | None = self._open(wanted)

    def _open(self, wanted: Path) -> sqlite3.Connection:
        opened = opening.inspect(wanted)
        shown = ascii_path(self.path)
        if opened.schema_version > SCHEMA_VERSION:
            raise CatalogTooNew(
                f"{shown} has schema {opened.schema_version}, this artui knows up to {SCHEMA_VERSION}.",
                remedy="Upgrade artui to write to it.",
            )
        if self.path.stat().st_nlink > 1:
            raise CatalogReadOnly(
                f"{shown} has more than one name (hard links).", remedy="Copy it, and write to the copy."
            )
        if opened.private is not None:
            raise CatalogReadOnly(
                f"{shown} came with a -wal from elsewhere.",
                remedy="Ask its sender for a copy made while nothing writes to it.",
            )
        with border(self.path):
            connection = sqlite3.connect(
                self.path, isolation_level=None, timeout=self._busy_seconds, check_same_thread=False, factory=CleanConnection
            )  # fmt: skip
            opening.note_connection(connection, self.path)
            try:
                opening.harden(connection)
                connection.execute("PRAGMA trusted_schema = 0")
                connection.execute("PRAGMA secure_delete = 1")
                connection.execute("PRAGMA temp_store = 2")
                connection.execute("PRAGMA foreign_keys = 1")
                if opened.schema_version < SCHEMA_VERSION:
                    _migrate_after_backup(connection, self.path, opened.schema_version)
                if not schema_is_known(connection, SCHEMA_VERSION):
                    raise NotACatalog(
                        f"{shown} is not laid out as artui's schema {SCHEMA_VERSION}.",
                        remedy="It was changed by another program.",
                    )
                journal.begin_writing(connection, self.path)
            except BaseException:
                opening.disconnect(connection)
                raise
        self.id = opened.catalog_id
        found = os.stat(self.path)
        self._place = found.st_dev, found.st_ino
        ownership.claim(self.path, self.id)
        return connection

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Make one change, whole or not at all. Inside another transaction it is part of that one."""
        with self._lock, border(self.path):
            connection = self._here()
            if self._depth:
                yield connection
                return
            connection.execute("BEGIN IMMEDIATE")
            self._depth = 1
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            finally:
                self._depth = 0

    @property
    def redactor(self) -> Redactor:
        """What takes secrets out of every text on its way into this file."""
        with self._lock:
            return redactor_of(self._here())

    def checkpoint(self) -> None:
        """Keep the `-wal` small while a long run goes on."""
        from artui.settings import state_folder

        with self._lock, border(self.path):
            journal.checkpoint(self._here(), self.path, state_folder() / "locks")

    def close(self) -> None:
        """Close; when this was the last writer, the catalog is one plain file again."""
        with self._lock:
            if self._is_suspended and self._pid == os.getpid():
                with contextlib.suppress(CatalogError):
                    self._here()
            connection, self._connection = self._connection, None
            self._is_suspended = False
            if connection is None or self._pid != os.getpid():
                return
            journal.settle(connection)
            opening.disconnect(connection)

    @property
    def is_in_place(self) -> bool:
        """Whether the file that is open is still the one at its path: it may have been moved or replaced."""
        try:
            found = os.stat(self.path)
        except OSError:
            return False
        return (found.st_dev, found.st_ino) == self._place

    def suspend(self, *, seconds: float) -> bool:
        """Let go of the file until `resume`, and let nobody use it meanwhile; false if it is in use for longer than that.

        A process that forks while SQLite has the file open hands its child locks that are none.
        """
        if not self._lock.acquire(timeout=seconds):
            return False
        connection, self._connection = self._connection, None
        if connection is not None and self._pid == os.getpid():
            opening.disconnect(connection)
            self._is_suspended = True
        return True

    def resume(self) -> None:
        """Allow the use of the file again, after `suspend`; it is opened with the next change."""
        self._lock.release()

    def _here(self) -> sqlite3.Connection:
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


def settle(path: Path) -> bool:
    """Bring a catalog of ours back to one plain file, if nobody is writing to it."""
    if not os.path.exists(f"{path}-wal") or not ownership.is_own(path):
        return False
    try:
        connection = sqlite3.connect(path, isolation_level=None, timeout=0.2)
    except sqlite3.Error:
        return False
    with contextlib.closing(connection):
        return journal.settle(connection)


def _create(path: Path) -> None:
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
            os.close(os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666))
        except OSError as error:
            raise CatalogReadOnly(
                f"{shown} cannot be made: {error.strerror}.", remedy="Choose a folder that you may write to."
            ) from None
        try:
            catalog_id = new_id()
            connection = sqlite3.connect(part, isolation_level=None)
            with contextlib.closing(connection):
                connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
                connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
                migrate(connection)
                connection.execute(
                    "INSERT INTO catalog (key, id, created_ms, created_by) VALUES (1, ?, ?, ?)",
                    (catalog_id, time.time_ns() // 1_000_000, _program()),
                )
            journal.fsync(part)
            # Before it has its name: whoever sees it there must see it as ours.
            ownership.claim(part, catalog_id)
            try:
                os.link(part, path)
            except FileExistsError:
                ownership.disclaim(part)
                return  # another process was quicker: its catalog is as good
            except OSError:
                if not path.exists():
                    part.rename(path)
        finally:
            part.unlink(missing_ok=True)


def _migrate_after_backup(connection: sqlite3.Connection, path: Path, version: int) -> None:
    backup = path.with_name(f"{path.name}.schema-{version}.bak")
    if not backup.exists():
        # A name of its own: another process may be making the same backup.
        part = backup.with_name(f".{backup.name}.{os.getpid()}.part")
        part.touch(mode=path.stat().st_mode & 0o777)
        with contextlib.closing(sqlite3.connect(part)) as target:
            connection.backup(target)
        shutil.copymode(path, part)
        journal.fsync(part)
        part.rename(backup)
        journal.fsync(path.parent)
    migrate(connection)


def _program() -> str:
    from artui import __version__

    return f"artui {__version__}"
