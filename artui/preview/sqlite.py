"""SQLite files by their header and the pages of their schema, read without SQLite: nothing in them runs.

Format: https://www.sqlite.org/fileformat2.html (the database header, b-tree pages, the record format).
"""

from __future__ import annotations

from collections import Counter

from artui.model import Preview
from artui.preview import table
from artui.preview.source import Source, Unreadable

_MAX_ENTRIES = 5_000
_MAX_PAGES = 2_000
_ENCODINGS = {1: "utf-8", 2: "utf-16-le", 3: "utf-16-be"}
_KINDS = (
    ("artui's catalog", {"run", "version", "artifact", "blob"}), ("MLflow's store", {"experiments", "runs", "metrics", "params"}),
    ("Optuna's storage", {"studies", "trials", "trial_params"}),
)  # fmt: skip


def look(source: Source) -> Preview:
    """Preview an SQLite file: tables, versions, pages, what program it is of."""
    head = source.at(0, 100)
    page_bytes = int.from_bytes(head[16:18], "big")
    page_bytes = 65536 if page_bytes == 1 else page_bytes
    if page_bytes < 512 or page_bytes & page_bytes - 1:
        raise Unreadable(f"SQLite with pages of {page_bytes:,} bytes, which cannot be")
    page_count, user_version = (int.from_bytes(head[place : place + 4], "big") for place in (28, 60))
    encoding = _ENCODINGS.get(int.from_bytes(head[56:60], "big"), "utf-8")
    schema, stopped = _Schema(source, page_bytes, encoding), ""
    try:
        schema.read()
    except Unreadable as reason:
        stopped = str(reason)
    entries = schema.entries
    names = {name for kind, name, _ in entries if kind == "table"}
    counts = Counter(kind for kind, _, _ in entries)
    facts = [("user_version", f"{user_version:,}"), ("application_id", _application(head[68:72]))]
    facts += [("of", word) for word, tables in _KINDS if tables <= names]
    facts += [("pages", f"{page_count:,} of {page_bytes:,} bytes"), ("text", encoding)]
    facts += [("writing", "by a log beside it (WAL)")] if head[18] == 2 else []
    if page_count * page_bytes > source.size_bytes and source.is_whole:
        facts.append(("! cut off", f"{page_count * page_bytes - source.size_bytes:,} bytes are missing"))
    facts += [("partial", stopped)] if stopped else []
    rows = [[kind, name, on if on != name else ""] for kind, name, on in entries]
    count = counts["table"]
    listed = table.from_rows(("kind", "name", "on"), rows, row_count=len(rows)) if rows else None
    return Preview("table", f"SQLite, {count:,} table{'' if count == 1 else 's'}", table=listed, facts=tuple(facts))


def _application(content: bytes) -> str:
    """Say whose file it is: as letters if it is letters."""
    number = f"{int.from_bytes(content, 'big'):,}"
    return f"{number} ({content.decode()})" if content.isalnum() else number


class _Schema:
    """The rows of `sqlite_schema`, whose b-tree begins on the first page."""

    def __init__(self, source: Source, page_bytes: int, encoding: str) -> None:
        self._source = source
        self._page_bytes = page_bytes
        self._encoding = encoding
        self.entries: list[tuple[str, str, str]] = []
        """Kind, name, and the table that it is on, in the order of the tree."""

    def read(self) -> None:
        """Fill the entries; those that were read before something is wrong stay."""
        waiting, visited = [1], set[int]()
        while waiting:
            number = waiting.pop()
            if number in visited or len(visited) >= _MAX_PAGES:
                raise Unreadable("its schema goes in a circle, or is too large to list")
            visited.add(number)
            page = self._source.at((number - 1) * self._page_bytes, self._page_bytes)
            start = 100 if number == 1 else 0
            kind, cell_count = page[start], int.from_bytes(page[start + 3 : start + 5], "big")
            if kind == 0x05:
                cells = self._cells(page, start + 12, cell_count)
                children = [int.from_bytes(page[cell : cell + 4], "big") for cell in cells]
                last = int.from_bytes(page[start + 8 : start + 12], "big")
                waiting += [*children, last][::-1]
            elif kind == 0x0D:
                for cell in self._cells(page, start + 8, cell_count):
                    self._source.step()
                    self.entries.append(self._record(page, cell))
                    if len(self.entries) > _MAX_ENTRIES:
                        raise Unreadable("its schema is too large to list")
            else:
                raise Unreadable(f"page {number:,} is no page of a schema: the file is damaged")

    def _cells(self, page: bytes, start: int, count: int) -> list[int]:
        if start + 2 * count > len(page):
            raise Unreadable("a page has more rows than fit")
        return [int.from_bytes(page[place : place + 2], "big") for place in range(start, start + 2 * count, 2)]

    def _record(self, page: bytes, cell: int) -> tuple[str, str, str]:
        """Read the first three columns, which are short; what goes on elsewhere, as long SQL does, is left there."""
        _, place = _varint(page, cell)
        _, place = _varint(page, place)
        head_bytes, at = _varint(page, place)
        body, texts = place + head_bytes, []
        for _ in range(3):
            serial, at = _varint(page, at)
            size = (serial - 13) // 2 if serial >= 13 and serial % 2 else 0
            if body + size > len(page):
                raise Unreadable("a name reaches beyond its page")
            texts.append(page[body : body + min(size, 400)].decode(self._encoding, "replace"))
            body += size
        return texts[0][:20], texts[1], texts[2]


def _varint(page: bytes, place: int) -> tuple[int, int]:
    value = 0
    for _ in range(9):
        if place >= len(page):
            raise Unreadable("a row reaches beyond its page")
        byte = page[place]
        place += 1
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            break
    return value, place
