"""Blocks of one state of a catalog that lies elsewhere, kept in a sparse file.

Beside the file lies a CRC-32 of each block that is there; a block counts once it fits, so that a process may be killed,
and a machine lose its power, at any moment. Several processes may fill the same file: they write the same.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import struct
import threading
import zlib
from collections import OrderedDict
from collections.abc import Iterable
from pathlib import Path

from artui.travel.far.source import BLOCK_BYTES

_IN_MEMORY = 4096
"""So many blocks are held in memory, too."""
_MOST_IN_SPAN = 16
_SUM = struct.Struct("<I")


class Blocks:
    """The blocks of a file that are there."""

    def __init__(self, folder: Path, size_bytes: int) -> None:
        """Open them in a folder of their own, which is made."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.size_bytes = size_bytes
        self.count = -(-size_bytes // BLOCK_BYTES)
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0)
        self._content = os.open(folder / "blocks", flags, 0o600)
        self._sums = os.open(folder / "sums", flags, 0o600)
        self._handles: tuple[int, ...] = (self._content, self._sums)
        self._recent: OrderedDict[int, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, number: int) -> bytes | None:
        """Give a block that is there; None if it is not, or not whole."""
        with self._lock:
            if (block := self._recent.get(number)) is not None:
                self._recent.move_to_end(number)
                return block
        raw = os.pread(self._sums, _SUM.size, number * _SUM.size)
        if len(raw) < _SUM.size or raw == bytes(_SUM.size):
            return None
        block = os.pread(self._content, self._bytes_of(number), number * BLOCK_BYTES)
        if _SUM.pack(_sum(block)) != raw or len(block) != self._bytes_of(number):
            return None
        self._remember(number, block)
        return block

    def put(self, number: int, block: bytes, *, has_room: bool = True) -> None:
        """Keep a block; where there is no room on the disk, in memory alone."""
        block = block[: self._bytes_of(number)]
        self._remember(number, block)
        if not has_room:
            return
        with contextlib.suppress(OSError):
            if os.pwrite(self._content, block, number * BLOCK_BYTES) == len(block):
                os.pwrite(self._sums, _SUM.pack(_sum(block)), number * _SUM.size)

    def numbers(self) -> list[int]:
        """Give the numbers of those that were written down."""
        raw = os.pread(self._sums, min(self.count * _SUM.size, os.fstat(self._sums).st_size), 0)
        return [number for number, (value,) in enumerate(_SUM.iter_unpack(raw[: len(raw) & ~3])) if value]

    def digests(self) -> dict[tuple[int, int], bytes]:
        """Give the SHA-256 of each span of blocks that are there and whole: of its first one, and how many there are."""
        digests = {}
        for first, count in spans_of(self.numbers(), most=_MOST_IN_SPAN):
            blocks = [self.get(number) for number in range(first, first + count)]
            if None not in blocks:
                digests[first, count] = hashlib.sha256(b"".join(block or b"" for block in blocks)).digest()
        return digests

    def close(self) -> None:
        """Close the files."""
        handles, self._handles = self._handles, ()
        for handle in handles:
            os.close(handle)

    def __del__(self) -> None:
        self.close()

    def _bytes_of(self, number: int) -> int:
        return max(0, min(BLOCK_BYTES, self.size_bytes - number * BLOCK_BYTES))

    def _remember(self, number: int, block: bytes) -> None:
        with self._lock:
            self._recent[number] = block
            self._recent.move_to_end(number)
            while len(self._recent) > _IN_MEMORY:
                self._recent.popitem(last=False)


def spans_of(numbers: Iterable[int], *, most: int) -> list[tuple[int, int]]:
    """Join numbers that follow one another into spans of at most so many: (first, count)."""
    spans: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if spans and sum(spans[-1]) == number and spans[-1][1] < most:
            spans[-1] = (spans[-1][0], spans[-1][1] + 1)
        else:
            spans.append((number, 1))
    return spans


def _sum(block: bytes) -> int:
    # 0 stands for a block that is not there.
    return zlib.crc32(block) or 1
