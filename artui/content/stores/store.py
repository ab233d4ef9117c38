"""What every store of content can do, and how what it gives is held against what is recorded."""

from __future__ import annotations

import hashlib
import re
import threading
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterable, Iterator
from contextlib import suppress

from artui.errors import StoreDiffers, StoreFailed

PIECE_BYTES = 1 << 20
STALL_SECONDS = 60.0
"""A store that gives or takes nothing for so long is given up."""
CONNECT_SECONDS = 20.0
_JUMP_BYTES = 1 << 20
"""What lies at most this far behind the place where a stream stands is read on to; farther away another one begins."""

NO_STATES = "Use a folder, ssh://, s3://, gs:// or az://; or leave the name of the file out, and share packs."
_OBJECT = re.compile(r"sha256/([0-9a-f]{2})/\1[0-9a-f]{62}\Z")

Pieces = Generator[bytes, None, None]


def object_name(digest: bytes) -> str:
    """Name an object: by its SHA-256, in one of 256 folders."""
    text = digest.hex()
    return f"sha256/{text[:2]}/{text}"


class Store(ABC):
    """A place that keeps content under names: below a folder, here, on another machine or in a bucket."""

    uri: str
    """As it may be written down."""
    is_near = False
    """A folder: whatever is put there may be written before its name is known."""

    @abstractmethod
    def size(self, name: str) -> int | None:
        """Give the size of an object in bytes; None if there is none.

        Raises:
            StoreFailed: the store cannot be asked.
        """

    @abstractmethod
    def pieces(self, name: str, start: int, stop: int) -> Pieces:
        """Give the bytes of an object from `start` up to `stop`, piece by piece. Closing the generator ends it.

        Raises:
            StoreFailed: it is not there, or cannot be read.
        """

    @abstractmethod
    def put(self, name: str, size_bytes: int, pieces: Iterable[bytes]) -> None:
        """Write an object, whole or not at all. What `pieces` raises ends it, and is raised.

        Raises:
            StoreFailed: it cannot be written.
        """

    @abstractmethod
    def listed(self, folder: str) -> Iterator[tuple[str, int]]:
        """List the files below one of the store's own folders, or all of them with "", each with its size in bytes; none if there is no such folder.

        Raises:
            StoreFailed: the store cannot be asked, or lists nothing.
        """

    @abstractmethod
    def remove(self, name: str) -> None:
        """Remove a file of the store, if it is there.

        Raises:
            StoreFailed: it cannot be removed.
        """

    def state(self, name: str) -> str | None:
        """Say in which state an object is: another text whenever it was written anew; None if it is not there.

        Raises:
            StoreFailed: the store cannot be asked.
        """
        raise self.failed(
            name, "cannot be kept in step: such a store does not say which state it is in", remedy=NO_STATES
        )

    def replace(self, name: str, size_bytes: int, pieces: Iterable[bytes], *, state: str | None) -> bool:
        """Write an object in the place of one that is in a known state, whole or not at all; say whether it was still in that.

        Args:
            state: what `state` gave; None if there was none.

        Raises:
            StoreFailed: it cannot be written.
        """
        raise self.failed(name, "cannot be replaced: such a store takes no file twice", remedy=NO_STATES)

    def names(self) -> Iterator[tuple[str, int]]:
        """List the objects that lie under digests, each with its size in bytes; other files are none of ours.

        Raises:
            StoreFailed: as `listed`.
        """
        return ((name, size_bytes) for name, size_bytes in self.listed("sha256") if _OBJECT.match(name))

    def digest(self, name: str, size_bytes: int) -> Iterator[int | bytes]:
        """Read an object; give the size of each piece, and its SHA-256 at the end.

        Raises:
            StoreFailed: it cannot be read.
        """
        whole = hashlib.sha256()
        for piece in self.pieces(name, 0, size_bytes):
            whole.update(piece)
            yield len(piece)
        yield whole.digest()

    def receive(self, pieces: Iterable[bytes]) -> tuple[bytes, int]:
        """Write an object under the digest that it turns out to have; give that and its size. Only of a near store.

        Raises:
            StoreFailed: it cannot be written.
        """
        raise NotImplementedError

    def settle(self) -> None:  # noqa: B027 - optional: most stores answer once it is safe
        """See to it that all that was put is safe from a loss of power, before a catalog says where it is.

        Raises:
            StoreFailed: it may not be.
        """

    def failed(self, name: str, why: str, *, remedy: str = "") -> StoreFailed:
        """Make the error that says what is wrong with an object of this store, or with the store if there is no name."""
        what = f"{name!a} of the store {self.uri!a}" if name else f"The store {self.uri!a}"
        return StoreFailed(f"{what} {why}.", remedy=remedy)


class Object:
    """An object of a store as bytes at random, up to the size that is recorded of it.

    What is read in order, as a copy does, comes in one stream, and its digest is compared at the end; a jump reads
    only what it asks for.
    """

    def __init__(self, store: Store, name: str, size_bytes: int, digest: bytes | None) -> None:
        self._store, self._name = store, name
        self._size_bytes, self._digest = size_bytes, digest
        self._lock = threading.Lock()
        self._stream: Pieces | None = None
        self._kept, self._place, self._stop = b"", 0, size_bytes
        self._whole, self._hashed_bytes = hashlib.sha256(), 0
        self._is_closed = False

    def size(self) -> int:
        """Give the recorded size in bytes."""
        return 0 if self._is_closed else self._size_bytes

    def read(self, offset: int, count: int) -> bytes:
        """Give `count` bytes from `offset` on, or as many as there are.

        Raises:
            StoreFailed: they cannot be had, or the object is not what was recorded.
        """
        with self._lock:
            stop = min(offset + count, self._size_bytes)
            if self._is_closed or stop <= offset:
                return b""
            gap = offset - self._place
            if self._stream is None or not 0 <= gap <= max(_JUMP_BYTES, len(self._kept)):
                self._end_stream()
                # Who goes on from where the last read ended reads in order: up to the end.
                self._stop = self._size_bytes if gap == 0 else stop
                self._stream, self._place, gap = self._store.pieces(self._name, offset, self._stop), offset, 0
            return self._next(gap + stop - offset)[gap:]

    def close(self) -> None:
        """End what is still being read."""
        with self._lock:
            self._is_closed = True
            self._end_stream()

    def _next(self, count: int) -> bytes:
        parts, there_bytes = [self._kept], len(self._kept)
        try:
            while there_bytes < count:
                piece = next(self._stream, b"") if self._stream is not None else b""
                if not piece and self._place + there_bytes == self._stop < self._size_bytes:
                    self._stop = self._size_bytes
                    self._stream = self._store.pieces(self._name, self._place + there_bytes, self._stop)
                    continue
                if not piece:
                    raise self._store.failed(
                        self._name, f"ends after {self._place + there_bytes:,} of {self._size_bytes:,} bytes",
                        remedy="It was cut, or is still being written: try again.",
                    )  # fmt: skip
                parts.append(piece)
                there_bytes += len(piece)
        except StoreFailed:
            self._end_stream()
            raise
        content = b"".join(parts)
        content, self._kept = content[:count], content[count:]
        self._check(content)
        self._place += len(content)
        return content

    def _check(self, content: bytes) -> None:
        if not self._place <= self._hashed_bytes < self._place + len(content):
            return
        self._whole.update(content[self._hashed_bytes - self._place :])
        self._hashed_bytes = self._place + len(content)
        if self._hashed_bytes == self._size_bytes and self._digest not in (None, self._whole.digest()):
            error = self._store.failed(self._name, "is not what was recorded", remedy="It was changed: get another copy.")  # fmt: skip
            raise StoreDiffers(error.message, remedy=error.remedy)

    def _end_stream(self) -> None:
        stream, self._stream, self._kept = self._stream, None, b""
        if stream is not None:
            with suppress(StoreFailed):
                stream.close()
