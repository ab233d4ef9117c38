"""A fresh file with all that can be read of a damaged one.

Nothing of the damaged file is run or trusted: its pages are read as bytes, and what is found is bound to statements of
ours. What can be no row is left out and counted; points and content must match their digests. Seals come along as they
are: what lacks something does not match them any more.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from artui import clock
from artui.catalog import Catalog, blobs, cells, guard, leftovers, points
from artui.catalog.collecting import remove_all_unnamed
from artui.catalog.forgetting import index_again
from artui.catalog.header import has_content
from artui.catalog.ids import new_id
from artui.catalog.migrations import fill
from artui.catalog.salvaging.layouts import MADE_ANEW, Layout
from artui.catalog.salvaging.pages import Pages, pages_of_wal
from artui.catalog.salvaging.rebuilding import COMPLETED, Key, absent, completed
from artui.catalog.salvaging.records import Record
from artui.catalog.salvaging.sorting import Sorter
from artui.catalog.schema import PAGE_BYTES
from artui.catalog.translate import ascii_path, border
from artui.errors import CatalogDamaged, CatalogLocked
from artui.version import VERSION

Tell = Callable[[str, int, int], None]
_OF_SPOOLS = "spool"
"""What was taken of spools beside the damaged file: beside the new one there are none."""


@dataclass(slots=True)
class Part:
    """What became of one table."""

    saved: int = 0
    """Rows that were read and stand in the new file."""
    rebuilt: int = 0
    """Rows that were put together from indexes: not all of them is known."""
    unreadable: int = 0
    """Rows that cannot be read on pages that can."""
    wrong: int = 0
    """Rows that can be none, or whose content is not what their digest says."""
    orphaned: int = 0
    """Rows of something that is lost."""
    absent: int = 0
    """Rows that indexes name and that are nowhere."""
    lost_pages: int = 0
    """Pages of which nothing can be read; how many rows they had is not known."""

    @property
    def is_whole(self) -> bool:
        """Whether all of it is there."""
        return not (self.rebuilt or self.unreadable or self.wrong or self.orphaned or self.absent or self.lost_pages)


@dataclass(slots=True)
class Rows:
    """What was read of a damaged file."""

    schema_version: int
    page_count: int
    missing_pages: int
    """Pages that the file lacks at its end."""
    strange_pages: int = 0
    """Pages with rows of which nobody knows where they belong."""
    lost_files: tuple[str, ...] = ()
    """Stored files whose content is gone, such as `model:v1/weights.bin`."""
    notice: str = ""
    """What else there is to know; may be empty."""
    parts: dict[str, Part] = field(default_factory=dict)
    """By table."""

    @property
    def count(self) -> int:
        """How many rows there are."""
        return sum(part.saved + part.rebuilt for name, part in self.parts.items() if name not in ("catalog", "origin"))  # fmt: skip

    @property
    def is_whole(self) -> bool:
        """Whether nothing is known to be lost."""
        return not self.strange_pages and all(part.is_whole for part in self.parts.values())


def salvage_rows(path: Path, made: Path, *, tell: Tell | None = None) -> Rows:
    """Write all that can be read of a file into a new one, which is then a whole catalog of the newest schema.

    Raises:
        NotACatalog, CatalogTooNew: it is something else.
        CatalogDamaged: nothing can be read of it.
        CatalogLocked: somebody has it open.
    """
    if leftovers.is_used(path):
        raise CatalogLocked(f"{ascii_path(path)} is open in another process.", remedy="Salvage it once that has ended.")
    pages, notice = _opened(path)
    with pages, border(made):
        sorter = Sorter(pages)
        work = _Work(pages, sorter, made, tell)
        with contextlib.closing(work.connection):
            work.copy()
        rows = work.rows
    if not rows.count:
        raise CatalogDamaged(f"Nothing can be read of {ascii_path(path)}.", remedy="Get an untouched copy.")
    rows.notice = notice
    with Catalog(made) as catalog, catalog.transaction() as connection:
        remove_all_unnamed(connection)
        index_again(connection)
    return rows


def _opened(path: Path) -> tuple[Pages, str]:
    """Open a file as what lies beside it makes it, if that is its own."""
    pages = Pages(path)
    if not has_content(f"{path}-wal"):
        return pages, "A -journal lies beside it, of a change that was broken off: it was left out." if leftovers.has_hot_journal(path) else ""  # fmt: skip
    newer = pages_of_wal(Path(f"{path}-wal"), pages.page_bytes)
    if not newer:
        return pages, "The -wal beside it holds nothing that was committed."
    together = Pages(path, newer=newer)
    if _belong_together(pages, together):
        pages.close()
        return together, ""
    together.close()
    return pages, "The -wal beside it is of another file, and was left out."


def _belong_together(alone: Pages, together: Pages) -> bool:
    """Whether a `-wal` continues a file: as `leftovers` has it, by the tokens in both, or by the same first page."""
    one, other = _catalog_row(alone), _catalog_row(together)
    if one is not None and other is not None:
        if one[1] != other[1]:
            return False
        if one[4:5] in (other[4:5], other[5:6]):
            return True
    return alone(1) == together(1)


def _catalog_row(pages: Pages) -> tuple[Any, ...] | None:
    sorter = Sorter(pages)
    found = sorter.sort()
    rows = [row.values for number in found.pages["catalog"] for row in sorter.records(number)[0]]
    return rows[0] if rows else None


class _Work:
    def __init__(self, pages: Pages, sorter: Sorter, made: Path, tell: Tell | None) -> None:
        self._sorter, self._tell = sorter, tell
        self._found = sorter.sort()
        self._layouts = {name: layout for name, layout in self._found.layouts.items() if not MADE_ANEW.match(name) or layout.is_index}  # fmt: skip
        self._tables = [
            layout for layout in self._layouts.values() if not layout.is_index and layout.name != _OF_SPOOLS
        ]
        self.rows = Rows(self._found.version, pages.count, pages.missing, self._found.strange)
        self.rows.parts = {
            layout.name: Part(unreadable=self._found.cells[layout.name], lost_pages=self._found.lost[layout.name])
            for layout in self._tables
        }
        self._total = sum(len(self._found.pages[layout.name]) for layout in self._tables)
        self._done = 0
        self._wrong: dict[str, set[Key]] = defaultdict(set)
        """By table, the keys of rows that were read and can be none."""
        os.close(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        self.connection = sqlite3.connect(made, isolation_level=None)
        self.connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        self.connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        fill(self.connection, version=self.rows.schema_version)
        guard.harden(self.connection)
        self.connection.execute("PRAGMA foreign_keys = 0")

    def copy(self) -> None:
        """Copy all rows, in one transaction."""
        self.connection.execute("BEGIN IMMEDIATE")
        for layout in self._tables:
            self._copy(layout)
        self._join_chunks()
        for table in (*COMPLETED, *(layout.name for layout in self._tables if layout.name not in COMPLETED)):
            if table in self._layouts:
                self._rebuild(self._layouts[table])
        self._join_chunks()
        self._remove_torn_blobs()
        self.rows.lost_files = tuple(
            f"{cells.text(name)}:v{cells.integer(number)}/{cells.text(path)}"
            for name, number, path in self.connection.execute(_LOST_FILES)
        )
        self._remove_orphans()
        self._add_catalog()
        self.connection.execute("COMMIT")

    def _read(self, name: str) -> Iterator[Record]:
        for number in self._found.pages[name]:
            yield from self._sorter.records(number)[0]

    def _copy(self, layout: Layout) -> None:
        part = self.rows.parts[layout.name]
        is_true = _CHECKED.get(layout.name)
        for number in self._found.pages[layout.name]:
            self._done += 1
            if self._tell is not None:
                self._tell("pages", self._done, self._total)
            for record in self._sorter.records(number)[0]:
                if not layout.least <= len(record.values) <= len(layout.columns):
                    part.wrong += 1
                    continue
                row = {
                    column.name: record.rowid if column.is_rowid else value
                    for column, value in zip(layout.columns, record.values, strict=False)
                }
                is_added = self._insert(layout.name, row) if is_true is None or is_true(row) else False
                part.saved += is_added is True
                if is_added is False:
                    part.wrong += 1
                    self._wrong[layout.name].add(tuple(row[name] for name in layout.keys))

    def _insert(self, table: str, row: dict[str, Any]) -> bool | None:
        """Add a row; false if it can be none, None if the very same is there already."""
        names = ", ".join(row)
        try:
            self.connection.execute(f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(row))})", tuple(row.values()))  # fmt: skip
        except (sqlite3.Error, OverflowError, ValueError) as error:
            if not isinstance(error, sqlite3.IntegrityError):
                return False
            same = " AND ".join(f"{name} IS ?" for name in row)
            is_there = self.connection.execute(f"SELECT 1 FROM {table} WHERE {same}", tuple(row.values())).fetchone()
            return None if is_there else False
        return True

    def _rebuild(self, layout: Layout) -> None:
        """Put rows together from what indexes have of them, and count those of which that is too little."""
        part = self.rows.parts[layout.name]
        for key, row in absent(self.connection, self._layouts, self._read, layout.name).items():
            if key in self._wrong[layout.name]:
                continue
            whole = completed(self.connection, layout, row) if layout.name in COMPLETED else None
            is_rebuilt = whole is not None and self._insert(layout.name, whole) is True
            part.rebuilt += is_rebuilt
            part.absent += not is_rebuilt

    def _join_chunks(self) -> None:
        """Find the chunk of content that has only one, where it is lost which: it has the same digest."""
        self.rows.parts["blob_chunk"].rebuilt += self.connection.execute(
            "INSERT INTO blob_chunk (blob_key, number, chunk_key) "
            "SELECT b.key, 0, c.key FROM blob AS b JOIN chunk AS c ON c.digest = b.digest AND c.size_bytes = b.size_bytes "
            "WHERE NOT EXISTS (SELECT 1 FROM blob_chunk AS p WHERE p.blob_key = b.key)"
        ).rowcount

    def _remove_torn_blobs(self) -> None:
        """Take content away that lacks something: what names it is then known to have none."""
        torn = [key for (key,) in self.connection.execute(_TORN_BLOBS)]
        for key in torn:
            self.connection.execute("DELETE FROM blob_chunk WHERE blob_key = ?", (key,))
            self.connection.execute("DELETE FROM blob WHERE key = ?", (key,))
        self.rows.parts["blob"].wrong += len(torn)
        self.rows.parts["blob"].saved -= len(torn)

    def _remove_orphans(self) -> None:
        """Take rows away that belong to something that is lost; where a link may be missing, only the link."""
        is_changed = True
        while is_changed:
            is_changed = False
            for layout in self._tables:
                for query, removes in _orphans(self.connection, layout):
                    count = self.connection.execute(query).rowcount
                    if removes and count > 0:
                        is_changed = True
                        self.rows.parts[layout.name].orphaned += count
                        self.rows.parts[layout.name].saved -= count

    def _add_catalog(self) -> None:
        if self.connection.execute("SELECT 1 FROM catalog").fetchone() is None:
            self.connection.execute(
                "INSERT INTO catalog (key, id, created_ms, created_by) VALUES (1, ?, ?, ?)", (new_id(), clock.now_ms(), f"artui {VERSION}")
            )  # fmt: skip


_LOST_FILES = """
    SELECT a.name, v.number, f.path
    FROM file AS f
    JOIN version AS v ON v.key = f.version_key
    JOIN artifact AS a ON a.key = v.artifact_key
    WHERE f.blob_key IS NOT NULL AND NOT EXISTS (SELECT 1 FROM blob AS b WHERE b.key = f.blob_key)
    ORDER BY a.name, v.number, f.path
"""
_TORN_BLOBS = """
    SELECT b.key
    FROM blob AS b
    LEFT JOIN blob_chunk AS p ON p.blob_key = b.key
    LEFT JOIN chunk AS c ON c.key = p.chunk_key
    GROUP BY b.key
    HAVING (b.size_bytes > 0 AND (count(c.key) = 0 OR count(c.key) <> count(p.number) OR max(p.number) <> count(p.number) - 1))
        OR total(c.size_bytes) <> b.size_bytes
"""


def _orphans(connection: sqlite3.Connection, layout: Layout) -> Iterator[tuple[str, bool]]:
    """Give statements that remove what belongs to nothing, and whether they remove rows."""
    needed = {column.name: column.is_needed for column in layout.columns}
    for _, _, parent, column, *_ in connection.execute(f"PRAGMA foreign_key_list({layout.name})").fetchall():
        lost = f"{column} IS NOT NULL AND NOT EXISTS (SELECT 1 FROM {parent} AS p WHERE p.key = {layout.name}.{column})"
        yield (f"DELETE FROM {layout.name} WHERE {lost}", True) if needed[column] else (f"UPDATE {layout.name} SET {column} = NULL WHERE {lost}", False)  # fmt: skip
    if layout.name == "edge":
        run, version = (
            f"NOT EXISTS (SELECT 1 FROM {table} AS p WHERE p.key = edge.{{}})" for table in ("run", "version")
        )
        yield (
            f"DELETE FROM edge WHERE CASE relation WHEN 0 THEN {run.format('source_key')} ELSE {version.format('source_key')} END "
            f"OR CASE relation WHEN 1 THEN {run.format('target_key')} ELSE {version.format('target_key')} END",
            True,
        )
    if layout.name == "fact":
        yield "DELETE FROM fact WHERE version_key <> 0 AND NOT EXISTS (SELECT 1 FROM version AS p WHERE p.key = fact.version_key)", True  # fmt: skip


def _has_true_points(row: dict[str, Any]) -> bool:
    head: Sequence[Any] = [row[name] for name in points.HEAD_COLUMNS.split(", ")]
    return points.is_whole(row["codec"], row["count"], row["payload"], row["digest"]) and points.has_true_head(head, row["digest"])  # fmt: skip


def _has_true_content(row: dict[str, Any]) -> bool:
    try:
        content = blobs.unpack(row["codec"], cells.integer(row["size_bytes"], -1), row["content"])
    except CatalogDamaged:
        return False
    return bool(hashlib.sha256(content).digest() == row["digest"])


_CHECKED: dict[str, Callable[[dict[str, Any]], bool]] = {"block": _has_true_points, "chunk": _has_true_content}
"""By table, whether a row is what its digest says."""
__all__ = ["Part", "Rows", "salvage_rows"]
