"""PyTorch Lightning: `lightning_logs/version_N` of its CSV and TensorBoard loggers.

A version is a run. `metrics.csv` has a row for each call, with empty cells for what was not logged; `hparams.yaml` has the
params, which are read without making objects; checkpoints are versions of an artifact. Epochs are kept as the steps at which
they begin.
"""

from __future__ import annotations

import contextlib
import csv
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from artui.errors import SourceDamaged
from artui.exchange.importer import Importer
from artui.exchange.intake.candidates import Candidate
from artui.exchange.intake.identity import HINT, History, Identity, place_of, witness
from artui.exchange.lightning import FORMAT
from artui.exchange.lightning.table import TABLE, first_row, has_steps, read_table, take_table, time_ms_of
from artui.exchange.reading import dumped
from artui.exchange.reading.agreement import Floats, Ints, Log, add, agree, united
from artui.exchange.reading.files import (
    Folder,
    listed,
    load_yaml,
    natural_key,
    read_inside,
    read_text,
    size_and_time,
    stamp,
)
from artui.exchange.reading.store import Store
from artui.exchange.tensorboard.logs import Logs, event_files, is_event_file
from artui.exchange.tensorboard.taking import take_events

if TYPE_CHECKING:
    from artui.exchange.intake.intake import Intake
    from artui.exchange.intake.run import RunIntake

_VERSION = re.compile(r"version_\d+\Z")
_CHECKPOINT_STEP = re.compile(r"step=(\d+)")
_TEST_TUBE = "tf"
_TEST_TUBE_MARKS = frozenset({"meta_tags.csv", "meta.experiment"})
_MARKS = _TEST_TUBE_MARKS | {"hparams.yaml"}
_PLAIN_NAMES = frozenset({"lightning_logs", "logs", "csv_logs", "tb_logs", "default", "runs", "output", "outputs"})


def reads(name: str) -> bool:
    """Say by a file's name whether one of the loggers wrote it."""
    return name in (TABLE, "hparams.yaml")


def find_file(path: Path) -> Store | None:
    """Recognise a `metrics.csv` of the CSV logger by its header."""
    return Store(FORMAT.name, path.parent, parts=(path.parent,)) if path.name == TABLE and has_steps(path) else None


def find_folder(folder: Folder) -> list[Store]:
    """Recognise a version's folder: a `metrics.csv` with steps, or event files beside `hparams.yaml` or checkpoints."""
    has_table = TABLE in folder.files and has_steps(folder.path / TABLE)
    has_events = any(map(is_event_file, folder.files))
    is_version = _VERSION.match(folder.path.name) is not None
    files = {*folder.files, *folder.pointers}
    has_marks = not _MARKS.isdisjoint(files) or (is_version and "checkpoints" in folder.folders)
    if not has_table and not (has_marks and (has_events or (is_version and not folder.pointers))):
        return []
    inside = ("checkpoints", _TEST_TUBE) if not _TEST_TUBE_MARKS.isdisjoint(folder.files) else ("checkpoints",)
    folder.folders = [name for name in folder.folders if name not in inside]
    folder.files = [name for name in folder.files if not is_event_file(name)]  # they belong to this run
    return [Store(FORMAT.name, folder.path, parts=(folder.path,))]


def take(store: Store, intake: Intake) -> None:
    """Take every version, the second before the tenth."""
    versions = [_Version.of(folder) for folder in sorted(store.parts, key=lambda place: natural_key(str(place)))]
    candidates = []
    for version in versions:
        name, project = _names(version.folder)
        identity = version.identity(intake, store.path)
        candidates.append(Candidate(version, identity, name=name, project=project, source=f"lightning:{name}"))
    intake.take_runs(candidates, lambda run, version: _take_version(run, intake, version))


@dataclass(frozen=True, slots=True)
class _Version:
    """A version's folder and its event files, which test-tube, Lightning's logger before 0.7, keeps in `tf`."""

    folder: Path
    logs: Logs
    has_table: bool

    @classmethod
    def of(cls, folder: Path) -> _Version:
        return cls(folder, Logs.of(folder, _TEST_TUBE), TABLE in listed(folder))

    def identity(self, intake: Intake, root: Path) -> Identity:
        """Identify the version by its event files, or else by the first row of its table; its params are hints."""
        folder, files = self.folder, listed(self.folder)
        checkpoints = [f"checkpoints/{name}" for name in listed(folder / "checkpoints")]
        fingerprint = stamp(folder, [*sorted(_MARKS), TABLE, *self.logs.files, *checkpoints])
        logs = self.logs.witnesses(folder)
        row = first_row(folder) if self.has_table else ""
        hints = set()
        for name in sorted(_MARKS.intersection(files)):
            with contextlib.suppress(OSError, SourceDamaged):
                hints.add(witness(HINT, name, read_inside(folder, folder / name)))
        place = place_of(folder)
        distinguishing = sorted(logs)[:1] or [row] if logs or row else sorted(hints)[:1] or [place]
        events = event_files(folder)
        return Identity(
            intake.run_id("version", folder.name, *distinguishing), fingerprint, place, logs | ({row} if row else set()), frozenset(hints),
            earlier_ids=(intake.run_id(place, *events[:1]),), history=self._history if self.has_table else None,
            title=os.path.relpath(folder, root),
        )  # fmt: skip

    def _history(self) -> History:
        return {(name, ""): series.columns()[::2] for name, series in read_table(self.folder, None).items()}

    def started_ms(self) -> int:
        """Give its start: as test-tube says, else from the times of its files."""
        times = [size_and_time(self.folder / name)[1] for name in (*sorted(_MARKS), TABLE)]
        return self.logged_ms() or min(filter(None, times), default=0)

    def logged_ms(self) -> int:
        """Give its start as test-tube says; 0 if it does not."""
        with contextlib.suppress(OSError, SourceDamaged, ValueError):
            experiment = orjson.loads(read_inside(self.folder, self.folder / "meta.experiment"))
            return time_ms_of(str(experiment.get("created_at") or "")) if isinstance(experiment, dict) else 0
        return 0


def _take_version(run: RunIntake, intake: Intake, version: _Version) -> None:
    folder, logs = version.folder, version.logs
    run.started(version.started_ms())
    run.provenance(folder=str(folder))
    has_params = _take_params(run, folder)
    _take_checkpoints(run, intake, folder)
    ended_ms = size_and_time(folder / TABLE)[1] or version.started_ms()
    run.status("finished", ended_ms=ended_ms)
    if not version.has_table or not logs.groups:
        if logs.groups:
            # The hparams in the event files are the same params, flattened.
            take_events(run, folder, logs, has_params=not has_params)
        if version.has_table:
            take_table(run, folder, ended_ms)
        return
    table = read_table(folder, run)
    trainings: dict[str, Log] = {}

    def gather(name: str, labels: str, steps: Ints, times_ms: Ints, values: Floats) -> None:
        add(trainings.setdefault(labels, {}), name, steps, times_ms, values)

    take_events(run, folder, logs, has_params=not has_params, take_points=gather)
    if logged_ms := version.logged_ms():
        run.started(logged_ms)
    matching_labels = next((labels for labels, log in trainings.items() if agree(table, log)), None)
    joined = united(table, trainings.pop(matching_labels)) if matching_labels is not None else table
    if trainings and matching_labels is None and table:
        run.remark("metrics.csv and the event files are of different trainings: the label `log` tells them apart.")
    for number, log in enumerate([joined, *trainings.values()], start=1):
        for name, series in log.items():
            run.points(name, *series.columns(), labels=f"log={number}" if number > 1 else "")


def _names(folder: Path) -> tuple[str, str]:
    """Give a run's name, from its version and logger, and its project: the first folder above that is not called `logs` or the like."""
    place = Path(os.path.abspath(folder))
    name = place.name
    logger = place.parent
    if logger.name and logger.name not in _PLAIN_NAMES:
        name = f"{logger.name}/{name}"
    for above in logger.parents if logger.name not in _PLAIN_NAMES else (logger, *logger.parents):
        if above.name and above.name not in _PLAIN_NAMES:
            return name, above.name
    return name, FORMAT.name


def _take_params(run: RunIntake, folder: Path) -> bool:
    """Take `hparams.yaml`; say whether it had any params."""
    try:
        hparams = load_yaml(read_inside(folder, folder / "hparams.yaml"), convert_tag=dumped.from_tag)
    except FileNotFoundError:
        return _take_tags(run, folder)
    except (SourceDamaged, OSError) as error:
        run.fault(error, "hparams.yaml cannot be read")
        return False
    is_params = isinstance(hparams, dict | dumped.Dumped)
    params, table_count = dumped.as_params(hparams)
    if is_params:
        run.params(params)
        run.left("params", f"are tables of more than {dumped.MAX_ENTRIES} entries to look things up in", table_count)
    elif hparams is not None:
        run.left("hparams.yaml", "does not hold params")
    return is_params and bool(hparams)


def _take_tags(run: RunIntake, folder: Path) -> bool:
    """Take the params that test-tube keeps as a table of `key,value`; say whether there are any."""
    try:
        rows = list(csv.reader(read_text(folder, folder / "meta_tags.csv").splitlines()))
    except (SourceDamaged, OSError, csv.Error):
        return False
    params = {row[0]: row[1] for row in rows[1:] if len(row) == 2 and row[0]}
    run.text_params(params)
    return bool(params)


def _take_checkpoints(run: RunIntake, intake: Intake, folder: Path) -> None:
    """Take each checkpoint as a version; a folder of files, such as a sharded one, is a single version."""
    home = folder / "checkpoints"
    names = sorted((name for name in listed(home) if not name.startswith(".")), key=natural_key)
    for name in names:
        contents = intake.versions.folder_contents(home / name, root=folder)
        if not contents:
            continue
        match = _CHECKPOINT_STEP.search(name)
        facts = {"file": name, **({"step": int(match[1])} if match else {})}
        run.output(
            "checkpoint",
            kind="checkpoint",
            contents=contents,
            root=folder,
            created_ms=size_and_time(home / name)[1],
            metadata=facts,
        )


IMPORTER = Importer(FORMAT, reads=reads, find_file=find_file, find_folder=find_folder, take=take, is_one_store=True)
