"""Files on their way into a store: hashed and kept, and hashed alone once the store has failed.

What cannot be stored of a version is recorded where it lies, file by file, and found missing the next time the same
content is saved. A store that fails for one file after the other is not asked again.
"""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Iterator, Mapping
from contextlib import suppress

from artui.catalog.outside import not_stored_note
from artui.content import sweeping
from artui.content.hashing import NotHashable, Tell, digest_of, pieces_of
from artui.content.stores.places import joined
from artui.content.stores.store import Store, object_name
from artui.errors import StoreFailed

PATIENCE = 3
"""After so many files in a row that could not be stored the store is given up."""


class _Changed(Exception):
    """The file is not what it was when it was hashed."""


class Keeper:
    """Puts the files of one version into a store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.trouble = ""
        """Why the store is not asked any more."""
        self.left_out: dict[str, str] = {}
        """By path in the manifest why a file is not in the store."""
        self._objects: list[str] = []
        self._failed_count = 0
        """So many files in a row could not be stored."""
        self._marks: dict[str, list[str]] | None = None
        """Of objects that are about to be removed from the store."""

    @property
    def uri(self) -> str:
        """The URI of the store, as it may be written down."""
        return self._store.uri

    @property
    def pass_count(self) -> int:
        """How often each file is read: what goes over a network is hashed first, since it may be there already."""
        return 1 if self._store.is_near else 2

    def keep(self, name: str, handle: int, max_bytes: int, tell: Tell) -> tuple[bytes, int]:
        """Put the first `max_bytes` of an open file into the store; give their SHA-256, and how many these were.

        A store that fails again and again is not asked any more.

        Raises:
            NotHashable: the file's holes are larger than can be hashed in a reasonable time.
        """
        self.left_out[name] = self.trouble or "it could not be read"
        if not self.trouble:
            try:
                digest, size_bytes = self._put(handle, max_bytes, tell)
            except StoreFailed as error:
                self.left_out[name] = str(error)
                self._failed_count += 1
                if self._failed_count >= PATIENCE:
                    self.trouble = str(error)
            except _Changed:
                self.left_out[name] = "it was changed while it was stored"
            except NotHashable as reason:
                self.left_out[name] = str(reason)
                raise
            else:
                del self.left_out[name]
                self._failed_count = 0
                self._objects.append(object_name(digest))
                return digest, size_bytes
        return digest_of(handle, max_bytes, tell)

    def settled(self) -> bool:
        """Say whether the files that could be stored are there, once they are safe; false if there is none."""
        if self._objects:
            try:
                self._store.settle()
            except StoreFailed as error:
                self.trouble = str(error)
                self.left_out |= dict.fromkeys(self._objects, self.trouble)
                self._objects = []
        return bool(self._objects)

    def notes(self, folder: str, host: str, unread: Mapping[str, str] | None = None) -> dict[str, str]:
        """Give the notes of files that were left below a folder: those that could not be stored, and those that could not be read."""
        return {path: not_stored_note(folder, host, why) for path, why in {**self.left_out, **(unread or {})}.items()}

    def place(self, *, is_single: bool) -> tuple[str, str]:
        """Give where the version lies now, and on which host: of a single file its object, of a folder the store."""
        host = socket.gethostname() if self._store.is_near else ""
        return joined(self.uri, self._objects[-1]) if is_single and self._objects else self.uri, host

    def _put(self, handle: int, max_bytes: int, tell: Tell) -> tuple[bytes, int]:
        if self._store.is_near:
            digest, size_bytes = self._store.receive(_told(pieces_of(handle, max_bytes), tell))
            if not self._is_kept(digest):
                self._store.put(object_name(digest), size_bytes, _same(pieces_of(handle, size_bytes), digest))
            return digest, size_bytes
        digest, size_bytes = digest_of(handle, max_bytes, tell)
        name = object_name(digest)
        there_bytes = self._store.size(name)
        if there_bytes == size_bytes and self._is_kept(digest):
            tell(size_bytes)
        elif there_bytes == size_bytes:
            self._store.put(name, size_bytes, _told(_same(pieces_of(handle, size_bytes), digest), tell))
        elif there_bytes is not None:
            raise self._store.failed(
                name, f"has {there_bytes:,} instead of {size_bytes:,} bytes", remedy="Remove it there."
            )
        else:
            self._store.put(name, size_bytes, _told(_same(pieces_of(handle, size_bytes), digest), tell))
        return digest, size_bytes

    def _is_kept(self, digest: bytes) -> bool:
        """See to it that an object which is there stays, also if it was about to be removed; false if it was removed just now."""
        if self._marks is None:
            self._marks = {}
            with suppress(StoreFailed):  # a store that lists nothing has nothing removed, either
                self._marks = sweeping.marks_of(self._store)
        return sweeping.wanted(self._store, digest.hex(), self._marks)


def _told(pieces: Iterator[bytes], tell: Tell) -> Iterator[bytes]:
    for piece in pieces:
        yield piece
        tell(len(piece))


def _same(pieces: Iterator[bytes], digest: bytes) -> Iterator[bytes]:
    """Give pieces as long as they may still have a digest: the last one is held back until it is known.

    Raises:
        _Changed: they have another one.
    """
    whole, last = hashlib.sha256(), b""
    for piece in pieces:
        whole.update(piece)
        if last:
            yield last
        last = piece
    if whole.digest() != digest:
        raise _Changed
    if last:
        yield last
