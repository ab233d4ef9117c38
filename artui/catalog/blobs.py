"""Bytes inside the catalog: chunks of at most 1 MiB (catalog/cutting.py), addressed by SHA-256, stored once.

One pass hashes and stores, with flat memory for any size. A chunk is compressed only if a first sample of it
shrinks. Content is verified against its digest when it is read.
"""

from __future__ import annotations

import bisect
import hashlib
import itertools
import sqlite3
import zlib
from typing import BinaryIO

from artui.catalog.cutting import CHUNK_BYTES as CHUNK_BYTES
from artui.catalog.cutting import pieces
from artui.errors import CatalogDamaged
from artui.seeking import Seeking

_SAMPLE_BYTES = 4 * 1024
"""Of 64 KiB, the usual size of a chunk: more would cost more than it tells."""
_WORTH_IT = 0.9


def store(connection: sqlite3.Connection, stream: BinaryIO) -> tuple[int, bytes, int]:
    """Store a stream; give its blob's key, its SHA-256 and its size in bytes."""
    whole = hashlib.sha256()
    size_bytes = 0
    chunk_keys: list[int] = []
    new_keys: list[int] = []
    for content in pieces(stream):
        whole.update(content)
        size_bytes += len(content)
        key, is_new = _store_chunk(connection, content)
        chunk_keys.append(key)
        if is_new:
            new_keys.append(key)
    digest = whole.digest()
    row = connection.execute("SELECT key FROM blob WHERE digest = ?", (digest,)).fetchone()
    if row is not None:
        # It is there, cut in another way.
        connection.executemany("DELETE FROM chunk WHERE key = ?", [(key,) for key in new_keys])
        return int(row[0]), digest, size_bytes
    key = int(
        connection.execute("INSERT INTO blob (digest, size_bytes) VALUES (?, ?)", (digest, size_bytes)).lastrowid or 0
    )
    connection.executemany(
        "INSERT INTO blob_chunk (blob_key, number, chunk_key) VALUES (?, ?, ?)",
        [(key, number, chunk_key) for number, chunk_key in enumerate(chunk_keys)],
    )
    return key, digest, size_bytes


def _store_chunk(connection: sqlite3.Connection, content: bytes) -> tuple[int, bool]:
    """Store a chunk; give its key, and whether it was not there before."""
    digest = hashlib.sha256(content).digest()
    row = connection.execute("SELECT key FROM chunk WHERE digest = ?", (digest,)).fetchone()
    if row is not None:
        return int(row[0]), False
    codec, packed = "raw", content
    sample = content[:_SAMPLE_BYTES]
    if len(zlib.compress(sample, 1)) < _WORTH_IT * len(sample):
        shrunk = zlib.compress(content, 6)
        if len(shrunk) < len(content):
            codec, packed = "zlib", shrunk
    row_id = connection.execute(
        "INSERT INTO chunk (digest, size_bytes, codec, content) VALUES (?, ?, ?, ?)",
        (digest, len(content), codec, packed),
    ).lastrowid
    return int(row_id or 0), True


class BlobStream(Seeking):
    """A blob as a read-only, seekable stream; one chunk in memory at a time.

    Raises:
        CatalogDamaged: a chunk does not match its digest; or all was read in order and the whole does not match its
        own, as when chunks were swapped.
    """

    def __init__(self, connection: sqlite3.Connection, blob_key: int) -> None:
        self._connection = connection
        row = connection.execute("SELECT size_bytes, digest FROM blob WHERE key = ?", (blob_key,)).fetchone()
        self.size_bytes = int(row[0]) if row else 0
        self._digest: bytes = row[1] if row else b""
        self._chunks = [
            (int(key), int(size))
            for key, size in connection.execute(
                "SELECT c.key, c.size_bytes FROM blob_chunk AS b JOIN chunk AS c ON c.key = b.chunk_key WHERE b.blob_key = ? ORDER BY b.number",
                (blob_key,),
            )
        ]
        self._ends = list(itertools.accumulate(size for _, size in self._chunks))
        if (self._ends[-1] if self._ends else 0) != self.size_bytes or any(size < 0 for _, size in self._chunks):
            raise CatalogDamaged(
                f"A stored file of {self.size_bytes:,} bytes lacks some of them.", remedy="Get an untouched copy."
            )
        self._loaded: tuple[int, bytes] = (-1, b"")
        self._whole, self._hashed_bytes = hashlib.sha256(), 0

    def size(self) -> int:
        """Give the size in bytes."""
        return self.size_bytes

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Read verified bytes into a buffer; give how many."""
        number = bisect.bisect_right(self._ends, self._position)
        if number == len(self._chunks):
            return 0
        key, size = self._chunks[number]
        content = self._load(number, key, size)
        part = content[self._position - self._ends[number] + size :][: len(buffer)]
        self._check(part)
        buffer[: len(part)] = part
        self._position += len(part)
        return len(part)

    def _check(self, part: bytes) -> None:
        """Hash content that is read in order, and compare it with the digest at the end."""
        if not self._position <= self._hashed_bytes < self._position + len(part):
            return
        self._whole.update(part[self._hashed_bytes - self._position :])
        self._hashed_bytes = self._position + len(part)
        if self._hashed_bytes == self.size_bytes and self._whole.digest() != self._digest:
            raise CatalogDamaged(
                f"A stored file of {self.size_bytes:,} bytes is not what its digest says.",
                remedy="Get an untouched copy.",
            )

    def _load(self, number: int, key: int, size: int) -> bytes:
        if self._loaded[0] == number:
            return self._loaded[1]
        row = self._connection.execute("SELECT codec, digest, content FROM chunk WHERE key = ?", (key,)).fetchone()
        content = unpack(row[0], size, row[2])
        if hashlib.sha256(content).digest() != row[1]:
            raise CatalogDamaged(
                f"A stored chunk of {size:,} bytes is not what its digest says.",
                remedy="Get an untouched copy.",
            )
        self._loaded = number, content
        return content


def unpack(codec: str, size_bytes: int, content: bytes) -> bytes:
    """Give a chunk's bytes; never more than its stated size, and never more than a chunk can hold.

    Raises:
        CatalogDamaged: the content is not what codec and size say.
    """
    if not isinstance(content, bytes) or not 0 <= size_bytes <= CHUNK_BYTES:
        raise CatalogDamaged("A stored chunk has an impossible size.", remedy="Get an untouched copy.")
    if codec == "zlib":
        try:
            content = zlib.decompressobj().decompress(content, size_bytes + 1)
        except zlib.error as error:
            raise CatalogDamaged(f"A stored chunk does not unpack: {error}.", remedy="Get an untouched copy.") from None
    if len(content) != size_bytes:
        raise CatalogDamaged(
            f"A stored chunk of {size_bytes:,} bytes unpacks to another size.",
            remedy="Get an untouched copy.",
        )
    return content
