"""TensorBoard: folders with event files, of TensorFlow, PyTorch, tensorboardX, Keras and all others that write them.

A folder with event files is a run, named by its path below what was imported, as TensorBoard names it. Scalars of both kinds
become series; hparams params; texts, images and histograms one version a tag, with a file a step.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any

from artui.errors import SourceDamaged
from artui.exchange.intake.identity import Identity, place_of
from artui.exchange.intake.intake import Intake
from artui.exchange.reading.files import Folder, natural_key, open_inside, stamp
from artui.exchange.reading.store import Store
from artui.exchange.tensorboard.events import (
    head_hparams,
)
from artui.exchange.tensorboard.logs import HPARAMS_FOLDER, Logs, is_event_file
from artui.exchange.tensorboard.taking import take_events
from artui.model import FORMATS

FORMAT = "tensorboard"
_PLAIN_NAMES = frozenset({"logs", "log", "runs", "tensorboard", "tb", "tb_logs", "tensorboard_logs", "events", "summaries", "lightning_logs", "output", "outputs"})  # fmt: skip


reads = is_event_file


def find_file(path: Path) -> Store | None:
    """Recognise one event file: it stands for the folder that it lies in."""
    return Store(FORMAT, path.parent, parts=(path.parent,)) if is_event_file(path.name) else None


def find_folder(folder: Folder) -> list[Store]:
    """Recognise a folder with event files."""
    return [Store(FORMAT, folder.path, parts=(folder.path,))] if any(map(is_event_file, folder.files)) else []


def merge(stores: list[Store], root: Path) -> list[Store]:
    """Make one store of all runs below a folder: their names are their paths below it."""
    return [Store(FORMAT, root, parts=tuple(part for store in stores for part in store.parts))]


def take(store: Store, intake: Intake) -> None:
    """Take every run, by the time of its first event file."""
    root = store.path
    project = project_of(root)
    found = _with_hparams_inside([Logs.of(folder) for folder in store.parts])
    found.sort(key=lambda logs: (logs.begun_ms, natural_key(str(logs.folder))))
    identities = []
    for logs in list(found):
        identity = _identity(intake, logs, name_of(root, logs.folder))
        if format := intake.belongs_to(identity):
            found.remove(logs)
            intake.report.left["event files", f"belong to runs of {FORMATS[format]} that are there already"] += 1
        else:
            identities.append(identity)
    ids = dict(zip([logs.folder for logs in found], intake.ids_of(identities), strict=True))
    for logs, identity in zip(found, identities, strict=True):
        name, run_id = name_of(root, logs.folder), ids[logs.folder]
        if not intake.is_wanted(project, name):
            continue
        if intake.is_unchanged(run_id, identity.fingerprint):
            continue
        parent = next((ids[above] for above in logs.folder.parents if above in ids), None)
        with intake.run(
            run_id, fingerprint=identity.fingerprint, name=name, project=project, started_ms=logs.begun_ms,
            source=f"tensorboard:{name}", identity=identity,
        ) as run:  # fmt: skip
            run.is_in_pieces = run.has_path_name = True
            run.about(parent_id=parent)
            run.provenance(run=name, files=logs.files[:20])
            take_events(run, root, logs)


def _with_hparams_inside(found: list[Logs]) -> list[Logs]:
    """Give folders that `SummaryWriter.add_hparams` made to the runs that they lie in: their name is a time, and they hold hparams.

    Several with different hparams, as of a search with one writer, are runs of their own.
    """
    folders = {logs.folder for logs in found if logs.groups}
    inside: dict[Path, dict[str, dict[str, Any]]] = {}
    for logs in found:
        if logs.folder.parent in folders and HPARAMS_FOLDER.match(logs.folder.name) and (params := _hparams_of(logs)):
            inside.setdefault(logs.folder.parent, {})[logs.folder.name] = params
    inside = {folder: params for folder, params in inside.items() if len({repr(each) for each in params.values()}) == 1}
    return [
        Logs.of(logs.folder, *sorted(inside.get(logs.folder, ())))
        for logs in found
        if logs.groups and logs.folder.name not in inside.get(logs.folder.parent, ())
    ]


def _hparams_of(logs: Logs) -> dict[str, Any] | None:
    for file in logs.files:
        with contextlib.suppress(OSError, SourceDamaged), open_inside(logs.folder, logs.folder / file) as stream:
            if params := head_hparams(stream):
                return params
    return None


def _identity(intake: Intake, logs: Logs, title: str) -> Identity:
    """Say what a run is known by; its id is that of the ends of its path, and of its first file's name, which says when and where it began."""
    parts = Path(os.path.abspath(logs.folder)).parts
    return Identity(
        intake.run_id("/".join(parts[-2:]), logs.files[0]), stamp(logs.folder, logs.files), place_of(logs.folder),
        logs.witnesses(logs.folder), earlier_ids=(intake.run_id(title, logs.files[0]),), title=title,
    )  # fmt: skip


def name_of(root: Path, folder: Path) -> str:
    """Name a run by its path below the store; one that is the store itself by its folder."""
    below = os.path.relpath(folder, root)
    return (Path(os.path.abspath(root)).name or "run") if below == "." else below.replace(os.sep, "/")


def project_of(root: Path) -> str:
    """Name a project by the first folder upwards that is not called `logs` or the like."""
    place = Path(os.path.abspath(root))
    for folder in (place, *place.parents):
        if folder.name and folder.name.lower() not in _PLAIN_NAMES:
            return folder.name
    return "tensorboard"
