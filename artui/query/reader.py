"""One catalog that can be read from any thread: a connection each, opened read-only, every statement limited in time."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self

from artui.catalog import far, guard, opening
from artui.errors import CatalogError
from artui.query.keys import Memory

if TYPE_CHECKING:
    from artui.catalog.spool.reading import SpoolFile


IDLE_SECONDS = 2.0
"""How long closing and reopening wait for running queries."""


class Reader:
    """A catalog that can be read from any thread."""

    def __init__(
        self, path: str | os.PathLike[str], *, sources: Sequence[Path] = (), why_not_writable: str = "", title: str = ""
    ) -> None:
        """Open a catalog.

        Args:
            path: the file.
            sources: catalogs of which this one is a copy without the bytes of files: these are read from there.
            why_not_writable: why it is only looked at, though it could be changed; empty if it may be.
            title: what it is called; by default as its file.
        """
        self._title = title
        self._why_not_writable = why_not_writable
        self._sources = tuple(sources)
        self._source_readers: dict[Path, Reader] = {}
        self._opened = opening.inspect(Path(path))
        self._token = opening.file_token(self._opened.path)
        self._refreshing = threading.Lock()
        self.path = self._opened.path
        self._local = threading.local()
        self._lock = threading.Lock()
        self._connections: list[sqlite3.Connection] = []
        self._generation = 0
        self._active = 0
        self._is_closed = False
        self.spool_lock = threading.Lock()
        self.spools: dict[str, SpoolFile] = {}
        """Spools that were looked into, by name: what was read of them need not be read again."""
        self.seen_heads: dict[int, tuple[int, dict[int, int]]] = {}
        """By series: the last block whose summary was checked against its digest, and the damaged ones."""
        self.roots: tuple[str, ...] = ()
        """Folders below which the catalog's paths may be followed, beside those of the settings."""
        self.memory = Memory()
        """Orders and sets that were read lately: typing in a filter does not sort again."""

    @property
    def title(self) -> str:
        """What it is called; empty where its file's name says that."""
        there = far.far_at(self.path)
        return self._title or (there.title if there is not None else "")

    @property
    def is_several(self) -> bool:
        """Whether it is what several catalogs are as one."""
        return len(self._sources) > 1

    @property
    def files(self) -> tuple[Path, ...]:
        """The catalog, and those of which it is a copy: files that nothing may be written over."""
        return (self.path, *self._sources)

    @property
    def is_far(self) -> bool:
        """Whether it lies elsewhere, so that each question may take its time."""
        return far.far_at(self.path) is not None

    @property
    def note(self) -> str:
        """What is to be known right now of a catalog that lies elsewhere, in few words; may be empty."""
        there = far.far_at(self.path)
        return there.note if there is not None else ""

    @property
    def schema_version(self) -> int:
        """Version of the catalog's schema: an older one cannot answer every question."""
        return self._opened.schema_version

    @property
    def notice(self) -> str:
        """What a reader should know about how the catalog was opened; may be empty."""
        return self._opened.notice

    @property
    def catalog_id(self) -> str:
        """The catalog's own id: the same in all of its copies."""
        return self._opened.catalog_id

    @property
    def may_write(self) -> bool:
        """Whether changes to this catalog are possible at all."""
        return not self.why_not_writable

    @property
    def why_not_writable(self) -> str:
        """Why changes are not possible, in a sentence; empty when they are."""
        return self._why_not_writable or self._opened.why_not_writable

    def held_elsewhere(self, digest: bytes) -> tuple[Reader, int] | None:
        """Find bytes in the catalogs of which this one is a copy: a reader of one that has them, and the key of their blob."""
        for path in self._sources:
            try:
                with self._lock:
                    reader = self._source_readers.get(path)
                if reader is None:
                    reader = Reader(path)
                    with self._lock:
                        reader = self._source_readers.setdefault(path, reader)
                with reader.reading() as connection:
                    row = connection.execute("SELECT key FROM blob WHERE digest = ?", (digest,)).fetchone()
            except CatalogError:
                continue
            if row is not None:
                return reader, int(row[0])
        return None

    @property
    def is_unchecked(self) -> bool:
        """Whether the catalog was too large to be looked through for damage when it was opened."""
        return self._opened.is_unchecked

    def check_damage(self) -> None:
        """Look through the whole file for damage.

        Raises:
            CatalogDamaged: there is some.
        """
        opening.check_damage(self._opened)

    def check_damage_once(self) -> None:
        """Look through the whole file for damage, unless that was done within a day and it is as it was: a million runs take minutes.

        Raises:
            CatalogDamaged: there is some.
        """
        from artui.catalog.checked import is_searched, remember_search

        if is_searched(self.path):
            return
        token = self.file_token()
        self.check_damage()
        remember_search(self.path, token=token)

    @contextlib.contextmanager
    def reading(self, seconds: float = opening.STATEMENT_SECONDS) -> Iterator[sqlite3.Connection]:
        """Give this thread's connection, with a time limit on what runs inside and errors translated."""
        self._see_changes()
        with self._lock:
            if self._is_closed:
                raise CatalogError("The catalog has been closed.", remedy="Open it again.")
            self._active += 1
            generation = self._generation
        try:
            connection = self._connection(generation)
            if connection.has_stand_ins:
                connection = self._with_its_own_tables(connection, generation)
            with opening.border(self.path), opening.time_limit(connection, seconds):
                guard.check_again(connection, self.path)
                yield connection
        finally:
            with self._lock:
                self._active -= 1

    def _see_changes(self) -> None:
        """Reopen the file if it was opened as immutable and has been written to since."""
        if not self._opened.is_immutable or self._is_closed or self._token == self.file_token():
            return
        with self._refreshing:
            if self._token == self.file_token():
                return
            opened = opening.inspect(self.path)
            self._opened, self._token = opened, self.file_token()
        self.release(force=True)

    def _connection(self, generation: int) -> guard.ReadingConnection:
        """Give this thread's connection; a new one after the file was released."""
        connection: guard.ReadingConnection | None = getattr(self._local, "connection", None)
        if connection is None or self._local.generation != generation:
            connection = opening.connect(self._opened)
            self._local.connection, self._local.generation = connection, generation
            with self._lock:
                self._connections.append(connection)
        return connection

    def _with_its_own_tables(self, connection: guard.ReadingConnection, generation: int) -> guard.ReadingConnection:
        """Connect anew to a catalog that has been migrated meanwhile: it has the tables now that others stood in for."""
        with opening.border(self.path):
            version = guard.schema_version(connection)
        if version < guard.STAND_INS_BEFORE:
            return connection
        self._opened.schema_version = version
        with self._lock:
            self._connections = [other for other in self._connections if other is not connection]
        opening.disconnect(connection)
        self._local.connection = None
        return self._connection(generation)

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """Like `reading`, but everything inside sees one state of the catalog."""
        with self.reading() as connection:
            if connection.in_transaction:
                yield connection
                return
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                connection.execute("ROLLBACK")

    def file_token(self) -> tuple[int, ...]:
        """Give a token of the file's state: it differs once anything was written."""
        return opening.file_token(self.path)

    def reopen(self) -> None:
        """Open the catalog again after it was replaced, or after a copy or an immutable view of it became stale."""
        if (there := far.far_at(self.path)) is not None:
            there.wake()
        fresh = opening.inspect(self.path)
        self._wait_until_idle()
        self.release(force=True)
        self._opened, self._token = fresh, self.file_token()

    @property
    def must_reopen(self) -> bool:
        """Whether a change of the file is only seen after `reopen`."""
        if far.far_at(self.path) is not None:
            return False
        return self._opened.is_immutable or self._opened.private is not None

    def release(self, *, force: bool = False) -> bool:
        """Release the file until the next query, so that a writer can tidy up; false while a query is running."""
        with self._lock:
            if self._active and not force:
                return False
            self._generation += 1
            connections, self._connections = self._connections, []
        for connection in connections:
            opening.disconnect(connection)
        return True

    def close(self) -> None:
        """Stop all queries and release the file."""
        self._is_closed = True
        self._wait_until_idle()
        self.release(force=True)
        for reader in self._source_readers.values():
            reader.close()
        if self._opened.private is not None:
            self._opened.private.cleanup()

    def _wait_until_idle(self) -> None:
        """Wait for running queries; interrupt them if the reader is being closed."""
        deadline = time.monotonic() + IDLE_SECONDS
        while self._active and time.monotonic() < deadline:
            if self._is_closed:
                with self._lock:
                    for connection in self._connections:
                        connection.interrupt()
            time.sleep(0.005)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
