"""TensorBoard: folders with event files, of TensorFlow, PyTorch, tensorboardX, Keras and other tools.

A folder with event files is a run, named by its path below the imported folder, as TensorBoard names it. Scalars of both kinds
become series, and hparams become params; texts, images and histograms become one version for each tag, with a file for each step.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from artui.errors import SourceDamaged
from artui.exchange.importer import Importer
from artui.exchange.intake.candidates import Candidate
from artui.exchange.intake.carried import Carried
from artui.exchange.intake.identity import Identity, place_of
from artui.exchange.reading.files import Folder, natural_key, open_inside, stamp
from artui.exchange.reading.store import Store
from artui.exchange.tensorboard import FORMAT
from artui.exchange.tensorboard.beginnings import head_hparams
from artui.exchange.tensorboard.logs import HPARAMS_FOLDER, Logs, is_event_file
from artui.exchange.tensorboard.own import carried_of, take_own
from artui.exchange.tensorboard.taking import take_events

if TYPE_CHECKING:
    from artui.exchange.intake.intake import Intake
    from artui.exchange.intake.run import RunIntake

_PLAIN_NAMES = frozenset({"logs", "log", "runs", "tensorboard", "tb", "tb_logs", "tensorboard_logs", "events", "summaries", "lightning_logs", "output", "outputs"})  # fmt: skip


def find_file(path: Path) -> Store | None:
    """Recognise an event file: the store is the folder that it lies in."""
    return Store(FORMAT.name, path.parent, parts=(path.parent,)) if is_event_file(path.name) else None


def find_folder(folder: Folder) -> list[Store]:
    """Recognise a folder with event files."""
    return [Store(FORMAT.name, folder.path, parts=(folder.path,))] if any(map(is_event_file, folder.files)) else []


def take(store: Store, intake: Intake) -> None:
    """Take every run, by the time of its first event file."""
    root, project = store.path, project_of(store.path)
    runs = _with_hparams_inside([Logs.of(folder) for folder in store.parts])
    runs.sort(key=lambda logs: (logs.begun_ms, natural_key(str(logs.folder))))
    identities: dict[Path, Identity] = {}
    own: dict[Path, Carried] = {}
    for logs in runs:
        if (carried := carried_of(logs)) is not None:
            if carried.id in {other.id for other in own.values()}:
                intake.left("runs", "are there twice, under one id: of each the first one was taken")
            elif not intake.is_its_own(carried.id):
                own[logs.folder] = carried
                identities[logs.folder] = Identity(carried.id, stamp(logs.folder, logs.files), is_named=True)
            continue
        identity = _identity(intake, logs, name_of(root, logs.folder))
        if title := intake.owner_of(identity):
            intake.report.left["event files", f"belong to runs of {title} that are imported already"] += 1
        else:
            identities[logs.folder] = identity
    candidates = [
        _own_candidate(logs, identities[logs.folder], own[logs.folder]) if logs.folder in own else
        Candidate(
            logs, identities[logs.folder], name=(name := name_of(root, logs.folder)), project=project, source=f"tensorboard:{name}",
            started_ms=logs.begun_ms, parent=next((identities[above] for above in logs.folder.parents if above in identities), None),
        )
        for logs in runs if logs.folder in identities
    ]  # fmt: skip

    def take_logs(run: RunIntake, logs: Logs) -> None:
        if (carried := own.get(logs.folder)) is not None:
            run.provenance(run=name_of(root, logs.folder), files=logs.files[:20])
            take_own(run, root, logs, carried)
            return
        run.is_in_pieces = run.has_path_name = True
        run.provenance(run=name_of(root, logs.folder), files=logs.files[:20])
        take_events(run, root, logs)

    intake.take_runs(candidates, take_logs)


def _own_candidate(logs: Logs, identity: Identity, carried: Carried) -> Candidate[Logs]:
    return Candidate(
        logs, identity, name=carried.text("name"), project=carried.text("project"), source=carried.text("source"), started_ms=carried.whole("started_ms") or 0
    )  # fmt: skip


def _with_hparams_inside(runs: list[Logs]) -> list[Logs]:
    """Join folders that `SummaryWriter.add_hparams` made with the runs that they lie in: their name is a time, and they hold hparams.

    Several folders with different hparams, as from a search with one writer, stay separate runs.
    """
    folders = {logs.folder for logs in runs if logs.groups}
    inside: dict[Path, dict[str, dict[str, Any]]] = {}
    for logs in runs:
        if logs.folder.parent in folders and HPARAMS_FOLDER.match(logs.folder.name) and (params := _hparams_of(logs)):
            inside.setdefault(logs.folder.parent, {})[logs.folder.name] = params
    inside = {
        folder: by_name for folder, by_name in inside.items() if len({repr(params) for params in by_name.values()}) == 1
    }
    return [
        Logs.of(logs.folder, *sorted(inside.get(logs.folder, ())))
        for logs in runs
        if logs.groups and logs.folder.name not in inside.get(logs.folder.parent, ())
    ]


def _hparams_of(logs: Logs) -> dict[str, Any] | None:
    for file in logs.files:
        with contextlib.suppress(OSError, SourceDamaged), open_inside(logs.folder, logs.folder / file) as stream:
            if params := head_hparams(stream):
                return params
    return None


def _identity(intake: Intake, logs: Logs, title: str) -> Identity:
    """Identify a run by its event files; its id comes from the end of its path and the name of its first file, which has time and host."""
    parts = Path(os.path.abspath(logs.folder)).parts
    return Identity(
        intake.run_id("/".join(parts[-2:]), logs.files[0]), stamp(logs.folder, logs.files), place_of(logs.folder),
        logs.witnesses(logs.folder), earlier_ids=(intake.run_id(title, logs.files[0]),), title=title,
    )  # fmt: skip


def name_of(root: Path, folder: Path) -> str:
    """Give a run's name: its path below the store, or the folder's name if it is the store itself."""
    below = os.path.relpath(folder, root)
    return (Path(os.path.abspath(root)).name or "run") if below == "." else below.replace(os.sep, "/")


def project_of(root: Path) -> str:
    """Give a project's name: the first folder upwards that is not called `logs` or the like."""
    place = Path(os.path.abspath(root))
    for folder in (place, *place.parents):
        if folder.name and folder.name.lower() not in _PLAIN_NAMES:
            return folder.name
    return FORMAT.name


IMPORTER = Importer(
    FORMAT, reads=is_event_file, find_file=find_file, find_folder=find_folder, take=take, is_one_store=True
)
