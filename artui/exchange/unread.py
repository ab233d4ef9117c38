"""Stores of kinds that artui does not read yet, recognised by the files that their programs leave.

They are named in messages, so that users need not look for a mistake of their own. The marks come from the sources of each
program: names of files, with `*` for what differs, and of folders, which end with a slash.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from artui.errors import SourceDamaged
from artui.exchange.reading.database import ForeignDatabase, is_sqlite
from artui.exchange.reading.files import Folder


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of store."""

    title: str
    marks: Sequence[tuple[str, ...]] = ()
    """Names that lie in one folder together; any of these sets is enough."""
    tables: Sequence[tuple[str, ...]] = ()
    """Tables of a SQLite database; any of these sets is enough."""


KINDS = (
    Kind("Sacred", [("run.json", "config.json"), ("run.json", "cout.txt")]),
    Kind("Aim", [(".aim/",)]),
    Kind("DVC", [("dvc.yaml",), ("dvc.lock",)]),
    Kind("DVCLive", [("dvclive/",), ("dvclive.json",)]),
    Kind("ClearML", [("task.json", "metrics.jsonl"), ("task.json", "log.jsonl")]),
    Kind("Neptune", [(".neptune/",)]),
    Kind("Guild AI", [(".guild/",)]),
    Kind("trackio", [("trackio.db",)], [("metrics", "configs")]),
    Kind("ZenML", [(".zen/",)], [("pipeline_run", "step_run")]),
    Kind("Comet", [(".cometml-runs/",)]),
    Kind("Polyaxon", [(".polyaxon/",), ("polyaxonfile.y*ml",), ("*.plx",)]),
    Kind("Keepsake", [("keepsake.yaml",), (".keepsake/",)]),
    Kind("Determined", [("load_data.json", "metadata.json")]),
    Kind("SwanLab", [("runs.swanlab",), ("backup.swanlab",), ("swanlog/",)]),
    Kind("Optuna", (), [("studies", "trials", "trial_params")]),
    Kind("Ray Tune", [("experiment_state-*.json",), ("params.json", "result.json")]),
    Kind("Metaflow", [(".metaflow/",)]),
    Kind("labml", [(".labml.yaml",)]),
    Kind("VisualDL", [("vdlrecords.*",)]),
    Kind("Ultralytics", [("args.yaml", "results.csv")]),
    Kind("MMEngine", [("scalars.json",)]),
)


@dataclass(frozen=True, slots=True)
class Unread:
    """A store that artui does not read."""

    title: str
    path: Path
    """The folder or file by which it was recognised."""
    marks: tuple[str, ...]
    """The names by which it was recognised."""

    @property
    def words(self) -> str:
        """The store's kind with its marks: `Sacred (run.json, config.json)`."""
        return f"{self.title} ({', '.join(self.marks)})"


def unread_in(folder: Folder, *, is_root: bool = False) -> list[Unread]:
    """Find stores in a folder that artui does not read. For the root of a search, the folder's own name counts as a mark."""
    names = dict.fromkeys((*folder.files, *(f"{name}/" for name in folder.folders)))
    if is_root:
        names[f"{folder.path.resolve().name}/"] = None
    stores = []
    for kind in KINDS:
        marks = next((marks for patterns in kind.marks if (marks := _matching(patterns, names))), None)
        if marks is not None:
            stores.append(Unread(kind.title, folder.path, tuple(name.rstrip("/") for name in marks)))
    return stores


def _matching(patterns: Iterable[str], names: Collection[str]) -> tuple[str, ...]:
    """Give the first name that matches each pattern; nothing if one pattern has no match."""
    matching: list[str] = []
    for pattern in patterns:
        if "*" in pattern:
            name = next((name for name in names if fnmatchcase(name, pattern)), "")
        else:
            name = pattern if pattern in names else ""
        if not name:
            return ()
        matching.append(name)
    return tuple(matching)


def unread_file(path: Path) -> Unread | None:
    """Recognise a store by a single file: a database by its tables, any other by its name."""
    if (database := unread_database(path)) is not None:
        return database
    beside = Folder(path.parent, [file.name for file in path.parent.iterdir() if file.is_file()])
    return next((store for store in unread_in(beside) if path.name in store.marks), None)


def unread_database(path: Path) -> Unread | None:
    """Recognise a SQLite database by its tables."""
    if not is_sqlite(path):
        return None
    try:
        with ForeignDatabase(path) as database:
            names = database.tables.keys()
    except (SourceDamaged, OSError):
        return None
    for kind in KINDS:
        for tables in kind.tables:
            if names >= set(tables):
                return Unread(kind.title, path, (path.name,))
    return None
