"""`artui compact`: a file as small as what is in it, with its free pages given back and content removed that nothing names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from artui.catalog import Catalog, cells, opening
from artui.catalog.collecting import remove_all_unnamed
from artui.catalog.forgetting import check_alone, index_again


@dataclass(frozen=True, slots=True)
class Room:
    """What can be given back of a catalog."""

    size_bytes: int
    free_bytes: int
    """Of its free pages."""
    unnamed_count: int
    """Pieces of content that no file has."""
    unnamed_bytes: int

    @property
    def waste_bytes(self) -> int:
        """At least so much is given back."""
        return self.free_bytes + self.unnamed_bytes


@dataclass(frozen=True, slots=True)
class Compacted:
    """What was given back."""

    before: Room
    after_bytes: int
    notice: str
    """What was done to open it; may be empty."""


def room_in(path: Path) -> Room:
    """Say what can be given back.

    Raises:
        CatalogError: of its kinds: it cannot be read.
    """
    opened = opening.inspect(path)
    with opening.connected(opened) as connection, opening.border(opened.path):
        pages, free, page_bytes = (
            int(connection.execute(f"PRAGMA {name}").fetchone()[0])
            for name in ("page_count", "freelist_count", "page_size")
        )
        count, size = connection.execute(UNNAMED).fetchone()
    return Room(pages * page_bytes, free * page_bytes, cells.integer(count), cells.integer(size))


UNNAMED = """
    SELECT count(*), sum(length(c.content))
    FROM chunk AS c
    WHERE c.key NOT IN (
        SELECT p.chunk_key FROM blob_chunk AS p WHERE EXISTS (SELECT 1 FROM file AS f WHERE f.blob_key = p.blob_key)
    )
"""


def compact(path: Path) -> Compacted:
    """Remove what nothing names, and write the file anew, whole or not at all.

    Raises:
        CatalogLocked: a run is being written, or somebody else has it open.
        DiskFull: there is no room to write it beside itself.
        CatalogError: of its other kinds: it cannot be written to.
    """
    check_alone(path, doing="Compact it")
    before = room_in(path)
    with Catalog(path, create=False) as catalog:
        with catalog.transaction() as connection:
            remove_all_unnamed(connection)
            index_again(connection)
        catalog.vacuum()
        notice = catalog.notice
    return Compacted(before, path.stat().st_size, notice)
