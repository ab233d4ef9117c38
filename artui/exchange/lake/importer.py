"""A lake that `artui export --parquet` wrote, back into a catalog."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from artui.exchange.importer import Importer
from artui.exchange.lake import FORMAT
from artui.exchange.lake.source import Source, partitions
from artui.exchange.lake.tables import MANIFESTS, TABLES
from artui.exchange.lake.taking import take_tables
from artui.exchange.reading.files import Folder, listed
from artui.exchange.reading.store import Store

if TYPE_CHECKING:
    from artui.exchange.intake.intake import Intake

_FILE = re.compile(r"[^._].*\.parquet\Z")
_PARTITION = re.compile(r"project=[^/]+\Z")


def reads(name: str) -> bool:
    """Say by a file's name whether it may be of a lake."""
    return _FILE.match(name) is not None


def find_file(path: Path) -> Store | None:
    """Recognise no store by a single file."""
    return None


def find_folder(folder: Folder) -> list[Store]:
    """Recognise a lake by its tables, with partitions in that of the runs; they are taken out of the folder."""
    tables = [name for name in folder.folders if name in TABLES]
    if "runs" not in tables:
        return []
    runs = folder.path / "runs"
    if not any(_PARTITION.match(name) for name in listed(runs)):
        return []
    parts = tuple(path for path in sorted(runs.glob("project=*/month=*/*.parquet")) if reads(path.name))
    folder.folders = [name for name in folder.folders if name not in (*tables, MANIFESTS)]
    return [Store(FORMAT.name, folder.path, parts=parts)]


def take(store: Store, intake: Intake) -> None:
    """Take what is in a lake."""

    def leave(path: str, why: str) -> None:
        intake.report.left[f"file {path[:300]!a}", why] += 1

    with Source(store.path, leave) as source:
        take_tables(intake, source, [paths for _, paths in partitions(store.path, leave)])


IMPORTER = Importer(FORMAT, reads=reads, find_file=find_file, find_folder=find_folder, take=take)
