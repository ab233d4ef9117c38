"""Files on their way into a store: hashed and kept, and hashed alone once the store has failed.

A version lies in one place. If one of its files could not be stored, all of it is recorded where it lies, and what the
store has of it already is found there the next time.
"""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Iterator

from artui.content.hashing import NotHashable, Tell, digest_of, pieces_of
from artui.content.stores.places import joined
from artui.content.stores.store import Store, object_name
from artui.errors import StoreFailed


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

        A store that fails is not asked again.

        Raises:
            NotHashable: the file's holes are larger than can be hashed in a reasonable time.
        """
        self.left_out[name] = self.trouble or "it could not be read"
        if not self.trouble:
            try:
                digest, size_bytes = self._put(handle, max_bytes, tell)
            except StoreFailed as error:
                self.trouble = self.left_out[name] = str(error)
            except _Changed:
                self.left_out[name] = "it was changed while it was stored"
            except NotHashable as reason:
                self.left_out[name] = str(reason)
                raise
            else:
                del self.left_out[name]
                self._objects.append(object_name(digest))
                return digest, size_bytes
        return digest_of(handle, max_bytes, tell)

    def settled(self) -> bool:
        """Say whether all files are in the store, once they are safe there."""
        if self._objects and not self.left_out:
            try:
                self._store.settle()
            except StoreFailed as error:
                self.trouble = str(error)
                self.left_out.update(dict.fromkeys(self._objects, self.trouble))
        return bool(self._objects) and not self.left_out

    def place(self, *, is_single: bool) -> tuple[str, str]:
        """Give where the version lies now, and on which host: of a single file its object, of a folder the store."""
        host = socket.gethostname() if self._store.is_near else ""
        return joined(self.uri, self._objects[-1]) if is_single and self._objects else self.uri, host

    def _put(self, handle: int, max_bytes: int, tell: Tell) -> tuple[bytes, int]:
        if self._store.is_near:
            return self._store.receive(_told(pieces_of(handle, max_bytes), tell))
        digest, size_bytes = digest_of(handle, max_bytes, tell)
        name = object_name(digest)
        there_bytes = self._store.size(name)
        if there_bytes == size_bytes:
            tell(size_bytes)
        elif there_bytes is not None:
            raise self._store.failed(
                name, f"has {there_bytes:,} instead of {size_bytes:,} bytes", remedy="Remove it there."
            )
        else:
            self._store.put(name, size_bytes, _told(_same(pieces_of(handle, size_bytes), digest), tell))
        return digest, size_bytes


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
