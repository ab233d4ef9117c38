"""Which files are tables, by their names, and why one has no profile: for those who need no numpy for that."""

from __future__ import annotations

from dataclasses import dataclass

TEXT_ENDINGS = ("csv", "tsv", "tab", "jsonl", "ndjson")
ARRAY_ENDINGS = ("npy",)
FRAMED_ENDINGS = ("parquet", "arrow", "feather")
"""Read by packages that not everybody has."""
PACKINGS = ("gz", "bz2", "xz")


class NotATable(ValueError):
    """A file holds no table, or none that can be read; the text says why."""


class TookTooLong(Exception):
    """The time was up before the table was read."""


@dataclass(frozen=True, slots=True)
class Table:
    """How the name of a table's file says that it is to be read."""

    ending: str
    packing: str = ""


def table_of(path: str) -> Table | None:
    """Say how a file of that name is read; None if the name is not that of a table."""
    name = path.rsplit("/", 1)[-1].lower()
    stem, _, ending = name.rpartition(".")
    packing = ""
    if ending in PACKINGS and "." in stem:
        packing, ending = ending, stem.rpartition(".")[2]
        if ending not in TEXT_ENDINGS:
            return None
    return Table(ending, packing) if ending in (*TEXT_ENDINGS, *ARRAY_ENDINGS, *FRAMED_ENDINGS) else None
