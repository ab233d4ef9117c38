"""Tables that `artui export --csv` or `--jsonl` wrote, back into a catalog: as those of a lake, under the same ids."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from artui.errors import SourceDamaged
from artui.exchange.importer import Importer
from artui.exchange.lake.tables import TABLES
from artui.exchange.lake.taking import take_tables
from artui.exchange.plain import FORMAT
from artui.exchange.plain.source import PlainTables, header_of
from artui.exchange.reading.files import Folder, open_inside
from artui.exchange.reading.store import Store

if TYPE_CHECKING:
    from artui.exchange.intake.intake import Intake

ENDINGS = ("csv", "jsonl")
_TELLING = {"id", "project", "status", "started_ms", "catalog_id"}
"""Columns by which a table of runs is known."""


def reads(name: str) -> bool:
    """Say by a file's name whether it may be a table of runs."""
    return name in {f"runs.{ending}" for ending in ENDINGS}


def find_file(path: Path) -> Store | None:
    """Recognise a folder of tables by its table of runs."""
    return _store(path.parent, path.name) if reads(path.name) else None


def find_folder(folder: Folder) -> list[Store]:
    """Recognise a folder of tables by its table of runs; they are taken out of the folder."""
    for name in filter(reads, folder.files):
        if (store := _store(folder.path, name)) is not None:
            ending = name.rpartition(".")[2]
            folder.files = [file for file in folder.files if file not in {f"{table}.{ending}" for table in TABLES}]
            return [store]
    return []


def _store(folder: Path, name: str) -> Store | None:
    with contextlib.suppress(OSError, SourceDamaged), open_inside(folder, folder / name) as stream:
        if set(header_of(stream, name)) >= _TELLING:
            return Store(FORMAT.name, folder, name.rpartition(".")[2], parts=(folder / name,))
    return None


def take(store: Store, intake: Intake) -> None:
    """Take what is in the tables."""
    paths = {
        table: [f"{table}.{store.detail}"] for table in TABLES if (store.path / f"{table}.{store.detail}").exists()
    }
    with PlainTables(store.path, intake.left) as source:
        take_tables(intake, source, [paths])


IMPORTER = Importer(FORMAT, reads=reads, find_file=find_file, find_folder=find_folder, take=take)
