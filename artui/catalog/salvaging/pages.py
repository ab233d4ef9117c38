"""The pages of a file that may be damaged anywhere: its own, and those that a `-wal` beside it has instead.

The file is only read, page by page: what the disk does not give is a page without content.
"""

from __future__ import annotations

import contextlib
import os
import stat
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from artui.catalog.salvaging.records import HEADER_BYTES, page_of, records
from artui.catalog.schema import APPLICATION_ID, PAGE_BYTES, SCHEMA_VERSION
from artui.catalog.translate import ascii_path
from artui.errors import CatalogDamaged, NotACatalog

_MAGIC = b"SQLite format 3\x00"
_PAGE_SIZES = (PAGE_BYTES, 4096, 2048, 8192, 512, 16384, 32768, 65536)
_LOOKED_AT = 300
"""So many pages are looked at to find out how large they are, where the header does not say."""
_CACHED_PAGES = 4_096
_FREE_PAGE, _TREE_KINDS = 2, frozenset({1, 5})
"""What the map of pages says of a page: that it is free; that it is the root of a tree, or below a page of one."""
_MAP_KINDS = frozenset({1, 2, 3, 4, 5})
_MAP_ENTRY_BYTES = 5
_MAX_RESERVED = 32
_CLEARLY = 1.2
"""So much more must be readable under another size than the one that comes first."""
_LOCK_BYTE = 0x4000_0000
_WAL_MAGIC = (0x377F0682, 0x377F0683)
_WAL_HEAD_BYTES, _FRAME_HEAD_BYTES = 32, 24


@dataclass(frozen=True, slots=True)
class Above:
    """What the map of pages says of one."""

    kind: int
    parent: int

    @property
    def is_free(self) -> bool:
        """Whether nothing uses it."""
        return self.kind == _FREE_PAGE

    @property
    def is_of_tree(self) -> bool:
        """Whether it is a page of a table or an index."""
        return self.kind in _TREE_KINDS


class Pages:
    """The pages of a file, from 1. To be closed."""

    def __init__(self, path: Path, *, newer: Mapping[int, bytes] = MappingProxyType({})) -> None:
        """Open a file; `newer` has pages that stand in place of its own.

        Raises:
            NotACatalog, CatalogDamaged: there is nothing in it that could be salvaged.
        """
        self._newer = newer
        self._cache: dict[int, bytes] = {}
        self._handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK)
        try:
            status = os.fstat(self._handle)
            if not stat.S_ISREG(status.st_mode) or status.st_size == 0:
                raise NotACatalog(f"{ascii_path(path)} is no file with content.", remedy="Give the path of an .artui file.")  # fmt: skip
            self.size_bytes = status.st_size
            head = newer.get(1, b"")[:HEADER_BYTES] or self._read(0, HEADER_BYTES)
            self._take_head(path, head)
        except BaseException:
            self.close()
            raise

    def _take_head(self, path: Path, head: bytes) -> None:
        head = head.ljust(HEADER_BYTES, b"\0")
        size = struct.unpack_from(">H", head, 16)[0]
        size = 65536 if size == 1 else size
        self.is_head_whole = head[:16] == _MAGIC and size in _PAGE_SIZES
        stated, self.first_free, self.schema_version = 0, 0, 0
        sizes = [(size, 0) for size in _PAGE_SIZES]
        if self.is_head_whole:
            application, version = struct.unpack_from(">I", head, 68)[0], struct.unpack_from(">I", head, 60)[0]
            if application != APPLICATION_ID and not 1 <= version <= SCHEMA_VERSION:
                raise NotACatalog(f"{ascii_path(path)} is a SQLite database of another program.", remedy="Give the path of an .artui file.")  # fmt: skip
            self.schema_version = version
            self.first_free, stated = struct.unpack_from(">I", head, 32)[0], struct.unpack_from(">I", head, 28)[0]
            sizes = [(size, head[20]), (size, 0), *sizes]
        self.page_bytes, self.usable = self._true_size(path, sizes)
        there = -(-self.size_bytes // self.page_bytes)
        self.count = max(there, *self._newer) if self._newer else there
        self.missing = max(0, stated - self.count) if stated < 1 << 31 else 0
        """So many pages the file lacks at its end."""
        self.has_map = self._has_map(head)
        self._ranges = self._found_ranges()

    def _true_size(self, path: Path, sizes: list[tuple[int, int]]) -> tuple[int, int]:
        """Give the size of pages, and how much of it is used: under which all that is looked at can be read, or else most."""
        best, most = sizes[0], 0.0
        for size, reserved in sizes:
            if reserved > _MAX_RESERVED:
                continue
            found, bad, looked_at = self._readable(size, size - reserved)
            if found and not bad and self.is_head_whole and (size, reserved) == sizes[0]:
                return size, size - reserved
            if looked_at and (found - bad) / (looked_at * size) > most * _CLEARLY:
                best, most = (size, reserved), (found - bad) / (looked_at * size)
        if not most:
            raise CatalogDamaged(f"{ascii_path(path)} holds no page of a catalog.", remedy="Get an untouched copy.")
        return best[0], best[0] - best[1]

    def _readable(self, size: int, usable: int) -> tuple[int, int, int]:
        """Count records that can be read if pages have that size, those that cannot, and the pages that were looked at."""

        def fetch(number: int) -> bytes:
            return self._read((number - 1) * size, size) if number > 0 else b""

        count = self.size_bytes // size
        found = bad = 0
        numbers = range(2, count + 1, max(1, count // _LOOKED_AT))
        for number in numbers:
            page = page_of(number, fetch(number), usable)
            if page is not None and page.cells:
                rows, worse = records(page, fetch, usable)
                found, bad = found + len(rows), bad + worse
        return found, bad, len(numbers)

    def __call__(self, number: int) -> bytes:
        """Give a page; no bytes for one that is not there, or cannot be read."""
        if (content := self._cache.get(number)) is not None:
            return content
        if not 1 <= number <= self.count:
            return b""
        content = self._newer.get(number) or self._read((number - 1) * self.page_bytes, self.page_bytes)
        if len(self._cache) >= _CACHED_PAGES:
            self._cache.clear()
        self._cache[number] = content
        return content

    def _read(self, at: int, size: int) -> bytes:
        try:
            return os.pread(self._handle, size, at)
        except OSError:  # the disk does not give it
            return b""

    def numbers(self, begin: int) -> Iterator[int]:
        """Count the pages of which there is anything: a file may have holes larger than any disk."""
        for first, end in self._ranges:
            yield from range(max(first, begin), end)
        yield from sorted(
            number for number in self._newer if number >= max(begin, self._ranges[-1][1] if self._ranges else 1)
        )

    def _found_ranges(self) -> list[tuple[int, int]]:
        seek = getattr(os, "SEEK_DATA", None)
        ranges: list[tuple[int, int]] = []
        at = 0
        while at < self.size_bytes and seek is not None:
            try:
                at = os.lseek(self._handle, at, seek)
                end = os.lseek(self._handle, at, os.SEEK_HOLE)
            except OSError:  # nothing but a hole is left, or nobody can tell
                break
            ranges.append(
                (max(at // self.page_bytes + 1, ranges[-1][1] if ranges else 1), -(-end // self.page_bytes) + 1)
            )
            at = end
        return ranges or [(1, -(-self.size_bytes // self.page_bytes) + 1)]

    def close(self) -> None:
        """Close the file."""
        os.close(self._handle)

    def __enter__(self) -> Pages:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # The map of pages, which catalogs have for giving free pages back

    @property
    def _mapped(self) -> int:
        """Of how many pages one page of the map says what they are."""
        return self.usable // _MAP_ENTRY_BYTES

    def _map_page(self, number: int) -> int:
        first = (number - 2) // (self._mapped + 1) * (self._mapped + 1) + 2
        return first + 1 if first == _LOCK_BYTE // self.page_bytes + 1 else first

    def is_map(self, number: int) -> bool:
        """Whether a page is one of the map."""
        return self.has_map and number >= 2 and number == self._map_page(number)

    def _has_map(self, head: bytes) -> bool:
        """Whether there is one: as the head says, or because nearly all that the second page says can be."""
        content = self(2)
        entries = [content[at] for at in range(0, min(len(content), self.usable) - 4, _MAP_ENTRY_BYTES)]
        looked_at = entries[: max(0, self.count - 2)][:50]
        is_one = bool(looked_at) and sum(kind in _MAP_KINDS for kind in looked_at) > len(looked_at) // 2
        return is_one or (self.is_head_whole and bool(struct.unpack_from(">I", head, 52)[0]))

    def above(self, number: int) -> Above | None:
        """Say what the map has of a page; None if it does not say."""
        if not self.has_map or number < 3 or self.is_map(number):
            return None
        page = self._map_page(number)
        at = _MAP_ENTRY_BYTES * (number - page - 1)
        entry = self(page)[at : at + _MAP_ENTRY_BYTES]
        if len(entry) < _MAP_ENTRY_BYTES or entry[0] not in _MAP_KINDS:
            return None
        return Above(entry[0], int.from_bytes(entry[1:], "big"))

    def free_pages(self) -> set[int]:
        """List the pages that the file says are free: what they hold was deleted."""
        free: set[int] = set()
        trunk = self.first_free
        while trunk and trunk not in free and (content := self(trunk)):
            free.add(trunk)
            count = min(struct.unpack_from(">I", content.ljust(8, b"\0"), 4)[0], self.usable // 4 - 2)
            free.update(struct.unpack_from(f">{count}I", content, 8) if len(content) >= 8 + 4 * count else ())
            trunk = int.from_bytes(content[:4], "big")
        return free


# A -wal


def pages_of_wal(path: Path, page_bytes: int) -> dict[int, bytes]:
    """Give the pages that a `-wal` has committed, each as it was last; none if it is not one."""
    newest: dict[int, bytes] = {}
    for number, content, is_end in _frames(path, page_bytes):
        newest[-number] = content
        if is_end:
            newest.update({-pending: newest.pop(pending) for pending in [each for each in newest if each < 0]})
    return {number: content for number, content in newest.items() if number > 0}


def _frames(path: Path, page_bytes: int) -> Iterator[tuple[int, bytes, bool]]:
    """Give frame by frame, as long as sums and salts are right."""
    with contextlib.suppress(OSError), open(path, "rb", opener=_without_links) as wal:
        head = wal.read(_WAL_HEAD_BYTES)
        if len(head) < _WAL_HEAD_BYTES:
            return
        magic, _, size = struct.unpack_from(">III", head)
        order = ">" if magic == _WAL_MAGIC[1] else "<"
        sums = _sums(head[:24], (0, 0), order)
        if magic not in _WAL_MAGIC or size != page_bytes or sums != struct.unpack_from(">II", head, 24):
            return
        while len(frame := wal.read(_FRAME_HEAD_BYTES + page_bytes)) == _FRAME_HEAD_BYTES + page_bytes:
            number, size_after = struct.unpack_from(">II", frame)
            content = frame[_FRAME_HEAD_BYTES:]
            sums = _sums(content, _sums(frame[:8], sums, order), order)
            if frame[8:16] != head[16:24] or sums != struct.unpack_from(">II", frame, 16) or number == 0:
                return
            yield number, content, bool(size_after)


def _without_links(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | os.O_CLOEXEC | os.O_NONBLOCK)


def _sums(content: bytes, before: tuple[int, int], order: str) -> tuple[int, int]:
    one, other = before
    words = struct.unpack(f"{order}{len(content) // 4}I", content)
    for first, second in zip(words[::2], words[1::2], strict=True):
        one = (one + first + other) & 0xFFFFFFFF
        other = (other + second + one) & 0xFFFFFFFF
    return one, other
