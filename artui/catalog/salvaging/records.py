"""Pages and records of SQLite's file format, read from bytes that may be anything.

As https://www.sqlite.org/fileformat2.html has it. Nothing here follows a pointer twice, nor makes more of a number than
there are bytes: a page that is none gives nothing, a cell that is none is counted.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

INDEX_INTERIOR, TABLE_INTERIOR, INDEX_LEAF, TABLE_LEAF = 2, 5, 10, 13
INTERIOR = frozenset({INDEX_INTERIOR, TABLE_INTERIOR})
OF_TABLES = frozenset({TABLE_INTERIOR, TABLE_LEAF})
OF_INDEXES = frozenset({INDEX_INTERIOR, INDEX_LEAF})
HEADER_BYTES = 100
MAX_RECORD_BYTES = 64 << 20
"""As for any other reader of a catalog."""
_MAX_COLUMNS = 200
_INTEGER_BYTES = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}

Fetch = Callable[[int], bytes]
"""Gives a page by its number, from 1; nothing for one that cannot be read."""


class NoRecord(Exception):
    """A cell is not what a cell can be."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a tree."""

    number: int
    kind: int
    cells: tuple[int, ...]
    """Where its cells begin."""
    right: int
    """Of an interior page the number of its last child, else 0."""
    content: bytes

    @property
    def is_interior(self) -> bool:
        """Whether it has children."""
        return self.kind in INTERIOR

    @property
    def children(self) -> list[int]:
        """The numbers of its children, in their order."""
        if not self.is_interior:
            return []
        numbers = [int.from_bytes(self.content[at : at + 4], "big") for at in self.cells]
        return [*numbers, self.right]


@dataclass(frozen=True, slots=True)
class Record:
    """What a cell holds."""

    rowid: int | None
    """Of a row of a table that has them."""
    values: tuple[Any, ...]


def page_of(number: int, content: bytes, usable: int) -> Page | None:
    """Read the head of a page of a tree; None if it is none."""
    at = HEADER_BYTES if number == 1 else 0
    if len(content) < usable:
        return None
    kind = content[at]
    if kind not in INTERIOR and kind not in (INDEX_LEAF, TABLE_LEAF):
        return None
    (count,) = struct.unpack_from(">H", content, at + 3)
    begin = at + (12 if kind in INTERIOR else 8)
    end = begin + 2 * count
    if end > usable:
        return None
    cells = struct.unpack_from(f">{count}H", content, begin)
    if any(not end <= cell < usable for cell in cells):
        # One that is damaged within: the others may be right.
        cells = tuple(cell if end <= cell < usable else 0 for cell in cells)
        if not any(cells):
            return None
    right = struct.unpack_from(">I", content, at + 8)[0] if kind in INTERIOR else 0
    return Page(number, kind, cells, right, content)


def records(page: Page, fetch: Fetch, usable: int) -> tuple[list[Record], int]:
    """Read all records of a page; give them, and how many cells hold none that can be read.

    The inner pages of a table have none.
    """
    if page.kind == TABLE_INTERIOR:
        return [], 0
    found: list[Record] = []
    bad = 0
    for at in page.cells:
        try:
            found.append(_record(page, at, fetch, usable))
        except (NoRecord, struct.error, IndexError):
            bad += 1
    return found, bad


def _record(page: Page, at: int, fetch: Fetch, usable: int) -> Record:
    if at == 0:
        raise NoRecord
    content = page.content
    rowid = None
    if page.kind == INDEX_INTERIOR:
        at += 4
    size, at = varint(content, at)
    if page.kind == TABLE_LEAF:
        rowid, at = varint(content, at)
        rowid = rowid - (1 << 64) if rowid >> 63 else rowid
    return Record(rowid, values_of(_payload(page, at, size, fetch, usable)))


def _payload(page: Page, at: int, size: int, fetch: Fetch, usable: int) -> bytes:
    """Gather a record from its page and those that it goes on in."""
    if size > MAX_RECORD_BYTES:
        raise NoRecord
    most = usable - 35 if page.kind == TABLE_LEAF else (usable - 12) * 64 // 255 - 23
    if size <= most:
        if at + size > usable:
            raise NoRecord
        return page.content[at : at + size]
    least = (usable - 12) * 32 // 255 - 23
    local = least + (size - least) % (usable - 4)
    local = local if local <= most else least
    if at + local + 4 > usable:
        raise NoRecord
    parts = [page.content[at : at + local]]
    left = size - local
    number = int.from_bytes(page.content[at + local : at + local + 4], "big")
    while left > 0:
        # As many pages as its length says: a circle of them ends with it.
        part = fetch(number) if number else b""
        if len(part) < usable:
            raise NoRecord
        parts.append(part[4 : min(usable, 4 + left)])
        left -= usable - 4
        number = int.from_bytes(part[:4], "big")
        if left > 0 and number == 0:
            raise NoRecord
    if number != 0:
        raise NoRecord  # longer than it says: pages of something else
    return b"".join(parts)


def varint(content: bytes, at: int) -> tuple[int, int]:
    """Read a number of one to nine bytes; give it, and where it ends."""
    value = 0
    for place in range(at, at + 8):
        byte = content[place]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, place + 1
    return value << 8 | content[at + 8], at + 9


def values_of(payload: bytes) -> tuple[Any, ...]:
    """Read the values of a record.

    Raises:
        NoRecord: it is none.
    """
    head_bytes, at = varint(payload, 0)
    if head_bytes > len(payload):
        raise NoRecord
    types = []
    while at < head_bytes:
        kind, at = varint(payload, at)
        types.append(kind)
    if at != head_bytes or len(types) > _MAX_COLUMNS:
        raise NoRecord
    values: list[Any] = []
    for kind in types:
        if kind >= 12:
            size = (kind - 12) >> 1
            part = payload[at : at + size]
            if len(part) != size:
                raise NoRecord
            values.append(part.decode("utf-8", "replace") if kind & 1 else part)
            at += size
        elif kind == 7:
            values.append(struct.unpack_from(">d", payload, at)[0])
            at += 8
        elif kind in _INTEGER_BYTES:
            size = _INTEGER_BYTES[kind]
            if at + size > len(payload):
                raise NoRecord
            values.append(int.from_bytes(payload[at : at + size], "big", signed=True))
            at += size
        elif kind in (8, 9):
            values.append(kind - 8)
        elif kind == 0:
            values.append(None)
        else:
            raise NoRecord
    if at != len(payload):
        raise NoRecord
    return tuple(values)
