"""Where content is cut into chunks.

Content of up to CHUNK_BYTES is one chunk. Longer content is cut where its own bytes say so (FastCDC,
https://ieeexplore.ieee.org/document/9055082, by the package pyfastcdc), so that a byte put in or taken out changes the
chunks around it and no others. Without the package each chunk has CHUNK_BYTES. Whatever cut them, chunks are read alike.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any, BinaryIO

CHUNK_BYTES = 1 << 20
"""No chunk is longer."""
_LEAST, _MIDDLE, _MOST = 16 << 10, 64 << 10, 256 << 10
"""Lengths of chunks that are cut by content: at least, about, at most. Catalogs share chunks only where these are equal."""


def pieces(stream: BinaryIO) -> Iterator[bytes]:
    """Cut a stream into chunks; none for an empty one. It is read once, some chunks at a time."""
    first = _read(stream, CHUNK_BYTES + 1)
    if len(first) <= CHUNK_BYTES:
        if first:
            yield first
        return
    cutter = _cutter()
    source = _Rest(first, stream)
    if cutter is None:
        while content := source.read(CHUNK_BYTES):
            yield content
        return
    for chunk in cutter(_MIDDLE, min_size=_LEAST, max_size=_MOST).cut_stream(source):
        yield bytes(chunk.data)


@functools.cache
def _cutter() -> Any:
    """Give the class that cuts by content; None where the package is missing, or is there without its fast part."""
    try:
        from pyfastcdc.cy import FastCDC
    except ImportError:
        return None
    return FastCDC


def _read(stream: BinaryIO, count: int) -> bytes:
    """Read so many bytes, or all that there are: one read may give fewer."""
    parts: list[bytes] = []
    while count > 0 and (part := stream.read(count)):
        parts.append(part)
        count -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


class _Rest:
    """A stream whose beginning was read already."""

    def __init__(self, first: bytes, rest: BinaryIO) -> None:
        self._first = first
        self._rest = rest

    def read(self, count: int) -> bytes:
        """Give `count` bytes, or as many as there are left."""
        given, self._first = self._first[:count], self._first[count:]
        return given if len(given) == count else given + _read(self._rest, count - len(given))
