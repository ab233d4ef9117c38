"""Pages of a `-wal`: what writers have committed and not yet put into the main file.

Read as SQLite's file format says: a frame counts if it has the salts of the header, its checksum continues that of the
frames before it, and a commit follows.
"""

from __future__ import annotations

import struct
from array import array
from dataclasses import dataclass, field

_HEADER = struct.Struct(">8I")
_FRAME = struct.Struct(">6I")
_MAGIC = 0x377F0682
_MASK = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Frames:
    """The pages of a `-wal` that count."""

    content: bytes = b""
    """Up to the end of the last commit."""
    page_bytes: int = 0
    page_count: int = 0
    """Of the whole catalog after the last commit; 0 without one."""
    places: dict[int, int] = field(default_factory=dict)
    """Of each page, by its number from 1 on: where its newest content begins."""

    def page(self, number: int) -> bytes | None:
        """Give the content of a page; None for one that is only in the main file."""
        place = self.places.get(number)
        return None if place is None else self.content[place : place + self.page_bytes]


def salts_of(log: bytes) -> bytes:
    """Give what tells one filling of a `-wal` from the next."""
    return log[16:24]


def frames_of(log: bytes) -> Frames:
    """Read a `-wal`; one that is damaged, or of which nothing counts, has no pages."""
    if len(log) < _HEADER.size:
        return Frames()
    magic, _, page_bytes, _, salt_1, salt_2, *header_sum = _HEADER.unpack_from(log)
    if magic & ~1 != _MAGIC or page_bytes < 512 or page_bytes > 65536 or page_bytes & (page_bytes - 1):
        return Frames()
    is_swapped = bool(magic & 1)
    sums = _summed(log[:24], is_swapped, (0, 0))
    if sums != tuple(header_sum):
        return Frames()
    places: dict[int, int] = {}
    since: dict[int, int] = {}
    place, end, page_count = _HEADER.size, 0, 0
    while place + _FRAME.size + page_bytes <= len(log):
        number, size, frame_salt_1, frame_salt_2, *frame_sum = _FRAME.unpack_from(log, place)
        if (frame_salt_1, frame_salt_2) != (salt_1, salt_2) or not number:
            break
        begin = place + _FRAME.size
        sums = _summed(log[place : place + 8] + log[begin : begin + page_bytes], is_swapped, sums)
        if sums != tuple(frame_sum):
            break
        since[number] = begin
        place = begin + page_bytes
        if size:
            places.update(since)
            since.clear()
            end, page_count = place, size
    return Frames(log[:end], page_bytes, page_count, places) if end else Frames()


def _summed(content: bytes, is_big_endian: bool, sums: tuple[int, int]) -> tuple[int, int]:
    words = array("I", content)
    if is_big_endian != (array("H", [1]).tobytes()[0] == 0):
        words.byteswap()
    first, second = sums
    numbers = iter(words)
    for one, other in zip(numbers, numbers, strict=True):
        first = (first + one + second) & _MASK
        second = (second + other + first) & _MASK
    return first, second
