"""MLflow: its SQLite database or its `mlruns` folder.

Experiments become projects, and runs keep their whole history. Each top-level entry of a run's artifact folder becomes a
version, datasets become inputs, logged models become versions under their names, and registered models become artifacts of
the project `model-registry` with MLflow's own version numbers, aliases and stages.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from artui.errors import SourceDamaged
from artui.exchange.importer import Importer
from artui.exchange.intake.candidates import Candidate
from artui.exchange.intake.carried import Carried
from artui.exchange.intake.faults import FAULTS, fault_text
from artui.exchange.intake.identity import Identity
from artui.exchange.mlflow import FORMAT
from artui.exchange.mlflow.artifacts import Places, kind_of, noted_models, version_of_dataset
from artui.exchange.mlflow.database import MlflowDatabase, is_mlflow
from artui.exchange.mlflow.folder import MlflowFolder, kind_of_folder
from artui.exchange.mlflow.models import Models
from artui.exchange.mlflow.naming import ARTIFACT_TAG, DATASET_SOURCE, FACTS, Own, used_of
from artui.exchange.mlflow.rest import Refused, ServerError
from artui.exchange.mlflow.server import MlflowServer
from artui.exchange.mlflow.store import NO_PLACE, STATUSES, LoggedModel, MlflowRun, MlflowStore, Trouble
from artui.exchange.reading.database import DATABASES, ForeignDatabase, is_sqlite
from artui.exchange.reading.files import Folder, listed, size_and_time
from artui.exchange.reading.store import Store

if TYPE_CHECKING:
    from artui.exchange.intake.intake import Intake
    from artui.exchange.intake.run import RunIntake

MAX_LOST = 50
"""How many unreadable parts of a store are named."""
_ARTIFACT_FOLDERS = frozenset({"artifacts", "mlartifacts", "mlruns"})
_LARGEST = 1.7976931348623157e308
_NOTE_TAG = "mlflow.note.content"


def reads(name: str) -> bool:
    """Say by a file's name whether it may be MLflow's: a database, or a meta.yaml."""
    return name.endswith(DATABASES) or name == "meta.yaml"


def find_file(path: Path) -> Store | None:
    """Recognise a database by its tables."""
    if not is_sqlite(path):
        return None
    try:
        with ForeignDatabase(path) as database:
            return Store(FORMAT.name, path, "database") if is_mlflow(database) else None
    except (SourceDamaged, OSError):
        return None


def find_folder(folder: Folder) -> list[Store]:
    """Recognise an `mlruns` folder, an experiment or a run of one, or databases in a folder."""
    databases = [
        store
        for name in folder.files
        if name.endswith(DATABASES) and (store := find_file(folder.path / name)) is not None
    ]
    if databases:
        # Their artifacts lie beside them, and are no separate stores.
        folder.folders = [
            name for name in folder.folders if name not in _ARTIFACT_FOLDERS or _is_mlruns(folder.path / name)
        ]
    if _is_mlruns(folder.path) or kind_of_folder(folder.path) in ("experiment", "run"):
        # All folders in it belong to it, except other stores, which programs that ran there may have made.
        folder.folders = [name for name in folder.folders if _is_mlruns(folder.path / name)]
        return [*databases, Store(FORMAT.name, folder.path, "folder")]
    return databases


def _is_mlruns(path: Path) -> bool:
    """Whether a folder holds experiments: several of its folders are checked, since any may lack its meta.yaml."""
    return not path.is_symlink() and any(
        kind_of_folder(path / name) == "experiment" for name in listed(path)[:200] if not name.startswith(".")
    )


def take(store: Store, intake: Intake) -> None:
    """Take a whole store.

    Raises:
        SourceDamaged: its list of runs cannot be read.
    """
    source: Any = MlflowDatabase(store.path) if store.detail == "database" else MlflowFolder(store.path)
    try:
        _Taking(source, store, intake).take()
    finally:
        source.close()


@dataclass(frozen=True, slots=True)
class _Part:
    """One run, with what was read to decide whether it is wanted."""

    row: MlflowRun
    tags: Mapping[str, str]
    models: list[LoggedModel]
    fault: SourceDamaged | None
    """Why the tags cannot be read."""
    carried: Carried | None = None
    """What an export wrote of a run of artui's."""


class _Taking:
    """One import of one store."""

    def __init__(self, source: MlflowStore, store: Store, intake: Intake) -> None:
        self._source, self._intake = source, intake
        self._places = Places(store.path, intake.options.artifact_roots)
        self._experiments = source.experiments()
        self._runs = source.runs()
        self._runs_by_id = {run.id: run for run in self._runs}
        self._logged: dict[str, LoggedModel] = {}
        with self._piece("logged models"):
            self._logged = {model.id: model for model in source.logged_models()}
        self._own_ids: dict[str, str] = {}
        with self._piece("runs of artui's"):
            self._own_ids = source.own_ids()
        """Of runs that artui has brought there: the ids that they have in catalogs."""
        self._models = Models(
            intake,
            self._places,
            runs=self._runs_by_id,
            logged=self._logged,
            project_of=self._project_of,
            id_of=self._id_of,
        )

    def take(self) -> None:
        source, intake = self._source, self._intake
        models: dict[str, list[LoggedModel]] = {}
        for model in self._logged.values():
            models.setdefault(model.run_id, []).append(model)
        for experiment in self._experiments.values():
            self._left("experiment tags", "projects have no tags: they are not kept", len(experiment.tags))
            if not experiment.is_deleted and not intake.options.where:
                intake.project(experiment.name or experiment.id)
        intake.report.facts.update(source.facts, experiments=len(self._experiments), runs=len(self._runs))
        for run in self._runs:
            self._take_wanted(run, models.get(run.id, []))
        if not intake.options.where:
            self._take_others()
        for text in source.lost[:MAX_LOST]:
            self._left("parts of the store", text[:300])
        self._left("other parts of the store", "cannot be read either", len(source.lost) - MAX_LOST)

    def _take_others(self) -> None:
        """Take what belongs to no run."""
        for model in self._logged.values():
            if model.run_id not in self._runs_by_id:
                with self._piece(f"logged model {model.id}"):
                    self._models.put_logged(model)
        with self._piece("registered models"):
            is_server = isinstance(self._source, MlflowServer)
            # Of a model that artui has registered, the aliases alone are taken, see `syncing`: its versions come with their runs.
            models = [
                model for model in self._source.registered_models() if not is_server or ARTIFACT_TAG not in model.tags
            ]
            self._models.put_registered(models, self._piece)
        with self._piece("what else there is"):
            for what, count in self._source.others().items():
                self._left(what, NO_PLACE, count)

    @contextlib.contextmanager
    def _piece(self, what: str) -> Iterator[None]:
        """Read a piece of the store that belongs to no run: if it is damaged, only that piece is lost."""
        try:
            yield
        except FAULTS as error:
            self._left("parts of the store", f"{what}: {fault_text(error)}"[:300])

    def _left(self, what: str, why: str, count: int = 1) -> None:
        if count > 0:
            self._intake.report.left[what, why] += count

    def _id_of(self, run_id: str) -> str:
        return self._own_ids.get(run_id) or self._intake.run_id(run_id)

    def _project_of(self, experiment_id: str) -> str:
        experiment = self._experiments.get(experiment_id)
        return experiment.name if experiment is not None and experiment.name else experiment_id or "Default"

    def _take_wanted(self, row: MlflowRun, models: list[LoggedModel]) -> None:
        """Take a run if it is wanted. Its tags are read only now, run by run: a store may have very many."""
        if not row.id:
            self._left("runs", "have no id")
            return
        if self._runs_by_id[row.id] is not row:
            self._left("runs", "are there twice, under one id: of each the last one was taken")
            return
        tags: Mapping[str, str] = {}
        fault: SourceDamaged | None = None
        try:
            tags = self._source.tags(row)
        except SourceDamaged as error:
            fault = error
        name, project = tags.get("mlflow.runName") or row.name or row.id[:12], self._project_of(row.experiment_id)
        if not self._intake.is_wanted(project, name):
            return
        try:
            fingerprint = self._source.fingerprint(row)
        except SourceDamaged as error:
            fingerprint = f"damaged: {error.message}"
        if row.id in self._own_ids and self._intake.is_recorded_here(self._own_ids[row.id]):
            # The catalog has it from who recorded it: only what people changed on the server may be news, see `syncing`.
            self._intake.report.runs["unchanged"] += 1
            return
        identity = Identity(self._id_of(row.id), fingerprint, is_named=True)
        carried = Carried.of(tags.get(FACTS, "")) if row.id in self._own_ids else None
        source = f"mlflow:{row.id}" if carried is None else carried.text("source")
        candidate = Candidate(
            _Part(row, tags, models, fault, carried), identity, name=name, project=project, source=source, started_ms=row.started_ms
        )  # fmt: skip
        self._intake.take_run(candidate, self._take_run)

    def _take_run(self, run: RunIntake, part: _Part) -> None:
        row, tags = part.row, part.tags
        run.is_in_pieces = row.place is not None
        if row.place is not None:
            run.started_about(size_and_time(row.place / "meta.yaml")[1] or size_and_time(row.place)[1])
        if row.damage:
            run.damaged(row.damage)
        if part.fault is not None:
            run.fault(part.fault, "tags")
        own = Own(tags) if row.id in self._own_ids else None
        run.tags({name: value for name, value in (tags if own is None else own.tags).items() if name != _NOTE_TAG})
        with run.piece("params"):
            if own is None:
                run.text_params(self._source.params(row))
            else:
                run.params(own.params(self._source.params(row)))
        self._take_facts(run, row, tags)
        for model in part.models:
            with run.piece(f"logged model {model.id}"):
                run.link("output", self._models.put_logged(model))
        with run.piece("inputs"):
            self._take_inputs(run, row, is_own=own is not None)
        with run.piece("artifacts"):
            self._take_artifacts(run, row, tags, own)
        self._take_points(run, row, own)
        if part.carried is not None:
            part.carried.tell(run)
            status, ended_ms = STATUSES.get(row.status.upper()), row.ended_ms
            # What somebody said of it there since is what counts.
            if (status, ended_ms) == (part.carried.text("status"), part.carried.whole("ended_ms")):
                part.carried.tell_status(run, deleted_ms=(row.deleted_ms or 1) if row.is_deleted else None)

    def _take_facts(self, run: RunIntake, row: MlflowRun, tags: Mapping[str, str]) -> None:
        run.provenance(run_id=row.id, experiment_id=row.experiment_id, **self._source.facts)
        parent = tags.get("mlflow.parentRunId", "")
        program = tags.get("mlflow.source.name") or row.source
        run.about(
            note=tags.get(_NOTE_TAG, ""), user=tags.get("mlflow.user") or row.user,
            git_commit=tags.get("mlflow.source.git.commit") or row.commit, git_branch=tags.get("mlflow.source.git.branch", ""),
            command=[program] if program else (), parent_id=self._id_of(parent) if parent else None,
        )  # fmt: skip
        status = STATUSES.get(row.status.upper(), "")
        if not status and not row.damage:
            run.changed("runs", f"have a status that MLflow does not know ({row.status!a}): taken as finished"[:200])
        experiment = self._experiments.get(row.experiment_id)
        is_deleted = row.is_deleted or (experiment is not None and experiment.is_deleted)
        # Without a time, the deletion gets that of the run's last sign of life: the same at every import.
        deleted_ms = (row.deleted_ms or row.ended_ms or row.started_ms or 1) if is_deleted else None
        run.status(
            status or "finished",
            ended_ms=row.ended_ms,
            heard_ms=row.ended_ms or row.started_ms,
            deleted_ms=deleted_ms,
        )

    def _take_points(self, run: RunIntake, row: MlflowRun, own: Own | None = None) -> None:
        largest = heard_ms = 0
        trouble, entry = Trouble(), self._source.entry
        with run.piece("metrics"):
            for name, (steps, times_ms, values) in self._source.points(row, trouble):
                if own is not None:
                    metric, labels = own.series(name)
                    # MLflow's database keeps infinity as the largest float; its folder keeps it as it is.
                    kept = values if isinstance(self._source, MlflowFolder) else own.values(values)
                    run.points(metric, steps, times_ms, kept, labels=labels)
                    heard_ms = max(heard_ms, int(times_ms.max()))
                    continue
                run.points(name, steps, times_ms, values)
                largest += int(np.count_nonzero(np.abs(values) == _LARGEST))
                heard_ms = max(heard_ms, int(times_ms.max()))
        for name, count in trouble.bad.items():
            run.damaged(
                f"{count:,} of the {entry}s of metric {name!a} {'is' if count == 1 else 'are'} not TIME VALUE STEP"
            )
        for name in trouble.cut_off:
            run.cut_off(f"metric {name!a}")
        for what, error in trouble.faults:
            run.fault(error, what)
            # A server may have it the next time.
            run.comes_again = run.comes_again or isinstance(self._source, MlflowServer)
        if largest:
            run.remark(
                f"MLflow's database keeps infinity as ±1.797e308: {largest} {'value is' if largest == 1 else 'values are'} that, and left so."
            )
        if STATUSES.get(row.status.upper()) == "running":
            run.status(
                "running",
                heard_ms=max(heard_ms, row.started_ms),
                deleted_ms=row.started_ms or 1 if row.is_deleted else None,
            )

    def _take_inputs(self, run: RunIntake, row: MlflowRun, *, is_own: bool) -> None:
        used = []
        for data in self._source.datasets(row):
            said = used_of(data.source) if is_own and data.source_type == DATASET_SOURCE else None
            if said is not None:
                run.used(said.artifact, project=said.project, kind=said.kind, stage=said.stage, digest=said.digest, number=said.number, size_bytes=said.size_bytes)  # fmt: skip
                continue
            run.input(data.name or "dataset", kind="dataset", stage="data", **version_of_dataset(data, row))
            used.append({"name": data.name, "digest": data.digest, **data.tags})
        if used:
            run.context("inputs", used)
        for model_id in self._source.used_models(row):
            if model_id in self._logged:
                run.link("input", self._models.put_logged(self._logged[model_id]))

    def _take_artifacts(self, run: RunIntake, row: MlflowRun, tags: Mapping[str, str], own: Own | None) -> None:
        created_ms = row.ended_ms or row.started_ms
        if isinstance(self._source, MlflowServer):
            self._take_fetched(run, row, self._source, created_ms, own)
            return
        folder = row.place / "artifacts" if row.place is not None else None
        if folder is None or not listed(folder):  # MLflow makes that folder even if artifacts go elsewhere
            folder = self._places.find(row.artifact_uri, anchor=row.id)
        names = listed(folder) if folder is not None and folder.is_dir() else []
        home = self._places.home
        for name in names:
            assert folder is not None
            contents = self._intake.versions.folder_contents(folder / name, root=home)
            if contents:
                run.output(name, kind=kind_of(folder / name), contents=contents, root=home, created_ms=created_ms)
        # Of artifacts that are not here, only models are known: MLflow keeps them in a tag, too.
        for path, facts in noted_models(tags.get("mlflow.log-model.history", "")).items():
            if path.split("/")[0] not in names:
                run.output(
                    path, kind="model", location=f"{row.artifact_uri}/{path}", created_ms=created_ms,
                    identity=("mlflow", row.id, path), metadata=facts,
                )  # fmt: skip

    def _take_fetched(self, run: RunIntake, row: MlflowRun, source: MlflowServer, created_ms: int, own: Own | None) -> None:  # fmt: skip
        """Take the files of a run that a server has given; what is too large is named where it lies."""
        try:
            entries = source.entries(row)
        except Refused as error:
            self._left("files of runs", f"the server does not give them: {error.message}")
            run.keeps_links = True
            return
        except ServerError as error:
            run.fault(SourceDamaged(error.message), "files")
            run.keeps_links = run.comes_again = True
            return
        for name, place in entries:
            kind, stage = own.kind(name) if own is not None else ("", "")
            if place is not None:
                contents = self._intake.versions.folder_contents(place, root=source.files_home)
                run.output(name, kind=kind or kind_of(place), stage=stage, contents=contents, root=source.files_home, created_ms=created_ms)  # fmt: skip
            else:
                is_model = name in noted_models(source.tags(row).get("mlflow.log-model.history", ""))
                run.output(
                    name, kind=kind or ("model" if is_model else "files"), stage=stage, location=f"{row.artifact_uri}/{name}", created_ms=created_ms,
                    identity=("mlflow", row.id, name),
                )  # fmt: skip


def take_server(source: MlflowServer, intake: Intake) -> None:
    """Take all that a server has, as `take` takes a store.

    Raises:
        ServerError: its lists cannot be read.
    """
    _Taking(source, Store(FORMAT.name, source.files_home, "server"), intake).take()


IMPORTER = Importer(FORMAT, reads=reads, find_file=find_file, find_folder=find_folder, take=take)
