"""A file that is read piece by piece, within limits of size and time.

Every reader of a format goes through it: no length in a file is believed before it is held against the file's size,
no piece is larger than `PIECE_BYTES`, and long loops ask whether their time is over.
"""

from __future__ import annotations

import struct
import time
from typing import Any, BinaryIO

from artui.seeking import Seeking

PIECE_BYTES = 16 << 20
"""No single piece is larger: tables of tensors stay below it."""
TOTAL_BYTES = 64 << 20
"""All pieces together."""
SECONDS = 0.26
"""Long loops stop after this: a preview is there within 300 ms."""
_BLOCK_BYTES = 16 << 10
_CHECK_EVERY = 128


class Unreadable(ValueError):
    """Why the content is not what it seems to be."""


class Source:
    """One file: its bytes at any place, and the time that is left for looking at it."""

    def __init__(
        self, name: str, stream: BinaryIO, size_bytes: int, *, is_whole: bool = True, until: float | None = None
    ) -> None:
        self.name = name
        """In lower case, without folders."""
        self.size_bytes = size_bytes
        self.is_whole = is_whole
        """False for the unpacked beginning of a packed file: its end is not there."""
        self.until = until or time.monotonic() + SECONDS
        self._stream = stream
        self._left_bytes = TOTAL_BYTES
        self._step_count = 0
        self._block = b""
        self._block_place = 0

    @property
    def is_late(self) -> bool:
        """Whether the time is over."""
        return time.monotonic() > self.until

    def at(self, place: int, count: int) -> bytes:
        """Give exactly `count` bytes from `place`.

        Raises:
            Unreadable: they would reach beyond the end, or are too many.
        """
        if not 0 <= place <= self.size_bytes or not 0 <= count <= self.size_bytes - place:
            raise Unreadable(f"{count:,} bytes at {place:,} would reach beyond its end: it is cut off or damaged")
        block = place - self._block_place
        if block >= 0 and block + count <= len(self._block):
            return self._block[block : block + count]
        if count > PIECE_BYTES:
            raise Unreadable(f"a part of {count:,} bytes is too large to look at")
        read_count = max(count, min(_BLOCK_BYTES, self.size_bytes - place))
        self._left_bytes -= read_count
        if self._left_bytes < 0:
            raise Unreadable("there is too much of it to look at")
        self._stream.seek(place)
        content = self._stream.read(read_count)
        if len(content) < count:
            raise Unreadable("it was cut off while it was read")
        if read_count <= _BLOCK_BYTES:
            self._block, self._block_place = content, place
        return content[:count]

    def head(self, count: int) -> bytes:
        """Give the first `count` bytes, or all if there are fewer."""
        return self.at(0, min(count, self.size_bytes))

    def tail(self, count: int) -> bytes:
        """Give the last `count` bytes, or all if there are fewer."""
        count = min(count, self.size_bytes)
        return self.at(self.size_bytes - count, count)

    def unpack(self, form: str, place: int) -> tuple[Any, ...]:
        """Read numbers at a place, in the form of `struct`."""
        return struct.unpack(form, self.at(place, struct.calcsize(form)))

    def check(self) -> None:
        """Stop if the time is over.

        Raises:
            Unreadable: it is.
        """
        if self.is_late:
            raise Unreadable("looking at it would take too long")

    def step(self) -> None:
        """Count a step of a long loop, or of loops within loops, and stop if the time is over.

        Raises:
            Unreadable: it is.
        """
        self._step_count += 1
        if self._step_count % _CHECK_EVERY == 0:
            self.check()


class Window(Seeking):
    """A source as a stream that can seek, for readers of the standard library.

    It refuses pieces of more than `piece_bytes`, which these would read whole on a file's word.
    """

    def __init__(self, source: Source, piece_bytes: int = 1 << 20) -> None:
        self._source = source
        self._piece_bytes = piece_bytes

    def size(self) -> int:
        """Give the size in bytes."""
        return self._source.size_bytes

    def before_beginning(self) -> Exception:
        """Give the error of files whose words lead before their beginning."""
        return Unreadable("a place before its beginning")

    def read(self, count: int | None = -1) -> bytes:
        rest = max(0, self._source.size_bytes - self._position)
        count = rest if count is None or count < 0 else min(count, rest)
        if count > self._piece_bytes:
            raise Unreadable(f"a part of {count:,} bytes is too large to look at")
        self._source.check()
        content = self._source.at(self._position, count) if count else b""
        self._position += count
        return content
