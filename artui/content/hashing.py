"""The bytes of an open file, and their SHA-256: read once, in order, holes unread."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable, Iterator

MAX_HOLE_BYTES = 16 << 30
"""A file with larger holes than this is left unhashed: SHA-256 has no shorter way over zeros, 0.7 s a GiB."""
MAX_HOLES = 10_000
"""At most this many holes of a file are counted before it is hashed."""
_READ_BYTES = 1 << 20
_ZEROS = bytes(_READ_BYTES)

Tell = Callable[[int], None]
"""Called with the number of bytes of each piece that was read; an exception from it ends the reading."""


class NotHashable(Exception):
    """Why a file is left without a digest; shown after `not hashed: `."""


def digest_of(handle: int, max_bytes: int, tell: Tell) -> tuple[bytes, int]:
    """Give the SHA-256 of the first `max_bytes` of a file, and how many bytes these were; holes are hashed unread.

    Raises:
        NotHashable: its holes are larger than can be hashed in a reasonable time.
    """
    whole, size_bytes = hashlib.sha256(), 0
    for piece in pieces_of(handle, max_bytes):
        whole.update(piece)
        size_bytes += len(piece)
        tell(len(piece))
    return whole.digest(), size_bytes


def pieces_of(handle: int, max_bytes: int) -> Iterator[bytes]:
    """Read the first `max_bytes` of a file piece by piece; holes are given as zeros, unread.

    Raises:
        NotHashable: its holes are larger than can be hashed in a reasonable time.
    """
    size = min(os.fstat(handle).st_size, max_bytes)
    if (hole_bytes := _hole_bytes(handle, size)) > MAX_HOLE_BYTES:
        raise NotHashable(f"{hole_bytes / 1e9:,.1f} GB of it are holes")
    place = 0
    while place < max_bytes:
        data = _next_data(handle, place, size) if place < size else place
        while place < data:
            zeros = _ZEROS[: data - place]
            place += len(zeros)
            yield zeros
        hole = _next_hole(handle, place, size) if place < size else max_bytes
        while place < hole:
            content = os.pread(handle, min(_READ_BYTES, hole - place), place)
            if not content:
                return
            place += len(content)
            yield content


def _hole_bytes(handle: int, size: int) -> int:
    """Add up the holes of a file, of the first ones if it has very many."""
    total = place = 0
    for _ in range(MAX_HOLES):
        data = _next_data(handle, place, size)
        total += data - place
        place = _next_hole(handle, data, size)
        if place >= size:
            break
    return total


def _next_data(handle: int, place: int, size: int) -> int:
    """Find where data begins at or after a place; where the system reports no holes, everything is data."""
    try:
        return min(size, os.lseek(handle, place, os.SEEK_DATA)) if place < size else size
    except AttributeError:
        return place
    except OSError as error:
        return size if error.errno == errno.ENXIO else place


def _next_hole(handle: int, place: int, size: int) -> int:
    """Find where the next hole begins; the end of the file when there is none."""
    try:
        return min(size, os.lseek(handle, place, os.SEEK_HOLE)) if place < size else size
    except (AttributeError, OSError):
        return size
