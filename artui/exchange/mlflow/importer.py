"""MLflow: its SQLite database or its `mlruns` folder.

Experiments become projects, runs runs with their whole history. What lies in a run's artifact folder becomes one version a
top-level entry, datasets become inputs, logged models versions under their names, and registered models artifacts of the
project `model-registry` with MLflow's own version numbers, aliases and stages.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from artui.errors import SourceDamaged
from artui.exchange.intake.faults import FAULTS, fault_text
from artui.exchange.intake.intake import Intake, Saved
from artui.exchange.intake.run import RunIntake
from artui.exchange.mlflow.database import MlflowDatabase, is_mlflow
from artui.exchange.mlflow.folder import MlflowFolder, kind_of_folder
from artui.exchange.mlflow.store import (
    NO_PLACE,
    STATUSES,
    Dataset,
    Experiment,
    FoundRun,
    LoggedModel,
    MlflowStore,
    ModelVersion,
    Trouble,
)
from artui.exchange.reading.database import DATABASES, ForeignDatabase, is_sqlite
from artui.exchange.reading.files import Folder, inside_store, listed, size_and_time
from artui.exchange.reading.store import Store

FORMAT = "mlflow"
REGISTRY = "model-registry"
MAX_LOST = 50
"""So many parts of a store that cannot be read are named."""
_ARTIFACT_FOLDERS = frozenset({"artifacts", "mlartifacts", "mlruns"})
_ID = re.compile(r"(?:m-)?[0-9a-f]{32}\Z")
_LARGEST = 1.7976931348623157e308
_FIGURES = (".png", ".jpg", ".jpeg", ".svg", ".gif", ".pdf", ".html", ".webp")
_TABLES = (".csv", ".tsv", ".parquet", ".jsonl", ".arrow", ".feather")
_MODELS = (".pkl", ".pt", ".pth", ".onnx", ".safetensors", ".joblib", ".h5", ".keras", ".gguf", ".bin")


def reads(name: str) -> bool:
    """Say whether a file may be MLflow's by its name: a database, or what says of a folder what it is."""
    return name.endswith(DATABASES) or name == "meta.yaml"


def find_file(path: Path) -> Store | None:
    """Recognise a database by its tables."""
    if not is_sqlite(path):
        return None
    try:
        with ForeignDatabase(path) as database:
            return Store(FORMAT, path, "database") if is_mlflow(database) else None
    except (SourceDamaged, OSError):
        return None


def find_folder(folder: Folder) -> list[Store]:
    """Recognise an `mlruns` folder, an experiment or a run of one, or databases that lie in a folder."""
    found = [
        store
        for name in folder.files
        if name.endswith(DATABASES) and (store := find_file(folder.path / name)) is not None
    ]
    if found:
        # Their artifacts lie beside them, and are no stores of their own.
        folder.folders = [
            name for name in folder.folders if name not in _ARTIFACT_FOLDERS or _is_mlruns(folder.path / name)
        ]
    if _is_mlruns(folder.path) or kind_of_folder(folder.path) in ("experiment", "run"):
        # What lies in it belongs to it, but for a store of its own: a program that ran in there has made one.
        folder.folders = [name for name in folder.folders if _is_mlruns(folder.path / name)]
        return [*found, Store(FORMAT, folder.path, "folder")]
    return found


def _is_mlruns(path: Path) -> bool:
    """Whether a folder holds experiments: a few of its folders are looked at, since any may lack its meta.yaml."""
    return not path.is_symlink() and any(
        kind_of_folder(path / name) == "experiment" for name in listed(path)[:200] if not name.startswith(".")
    )


def take(store: Store, intake: Intake) -> None:
    """Take a whole store.

    Raises:
        SourceDamaged: not even its list of runs can be read.
    """
    source: Any = MlflowDatabase(store.path) if store.detail == "database" else MlflowFolder(store.path)
    try:
        _Taking(source, store, intake).take()
    finally:
        source.close()


class _Taking:
    """One import of one store."""

    def __init__(self, source: MlflowStore, store: Store, intake: Intake) -> None:
        self.source, self.store, self.intake = source, store, intake
        self.root = store.path if store.path.is_dir() else store.path.parent
        # Files of a run may be taken from the whole store, also where only a part of it was named.
        self.home = self.root.parent if store.detail == "folder" else self.root
        self.experiments: dict[str, Experiment] = {}
        self.runs: dict[str, FoundRun] = {}
        self.models: dict[str, LoggedModel] = {}

    def take(self) -> None:
        source, intake = self.source, self.intake
        self.experiments = source.experiments()
        found = source.runs()
        self.runs = {run.id: run for run in found}
        with self._part("logged models"):
            self.models = {model.id: model for model in source.logged_models()}
        by_run: dict[str, list[LoggedModel]] = {}
        for model in self.models.values():
            by_run.setdefault(model.run_id, []).append(model)
        for experiment in self.experiments.values():
            if experiment.tags:
                intake.report.left["experiment tags", "projects have none: they are told, and not kept"] += len(
                    experiment.tags
                )
            if not experiment.is_deleted and not intake.options.where:
                intake.project(experiment.name or experiment.id)
        intake.report.facts.update(source.facts, experiments=len(self.experiments), runs=len(found))
        for run in found:
            self._run(run, by_run.get(run.id, []))
        if not intake.options.where:
            for model in self.models.values():
                if model.run_id not in self.runs:
                    with self._part(f"logged model {model.id}"):
                        self._model(model)
            with self._part("registered models"):
                self._registry()
            with self._part("what else there is"):
                for what, count in source.others().items():
                    self._left(what, NO_PLACE, count)
        for text in source.lost[:MAX_LOST]:
            self._left("parts of the store", text[:300])
        self._left("other parts of the store", "cannot be read either", len(source.lost) - MAX_LOST)

    @contextlib.contextmanager
    def _part(self, what: str) -> Iterator[None]:
        """Read a part of the store that is no run's: what is wrong with it costs that part alone."""
        try:
            yield
        except FAULTS as error:
            self._left("parts of the store", f"{what}: {fault_text(error)}"[:300])

    def _left(self, what: str, why: str, count: int = 1) -> None:
        if count > 0:
            self.intake.report.left[what, why] += count

    def _project(self, experiment_id: str) -> str:
        experiment = self.experiments.get(experiment_id)
        return experiment.name if experiment is not None and experiment.name else experiment_id or "Default"

    def _id(self, run_id: str) -> str:
        return self.intake.run_id(run_id)

    def _run(self, found: FoundRun, models: list[LoggedModel]) -> None:
        source, intake = self.source, self.intake
        project = self._project(found.experiment_id)
        if not found.id:
            self._left("runs", "have no id")
            return
        if self.runs[found.id] is not found:
            self._left("runs", "are there twice, under one id: of each the last one was taken")
            return
        tags: Mapping[str, str] = {}
        fault: SourceDamaged | None = None
        try:
            tags = source.tags(found)
        except SourceDamaged as error:
            fault = error
        name = tags.get("mlflow.runName") or found.name or found.id[:12]
        if not intake.is_wanted(project, name):
            return
        run_id = self._id(found.id)
        try:
            fingerprint = source.fingerprint(found)
        except SourceDamaged as error:
            fingerprint = f"damaged: {error.message}"
        if intake.is_unchanged(run_id, fingerprint):
            return
        with intake.run(
            run_id,
            fingerprint=fingerprint,
            name=name,
            project=project,
            started_ms=found.started_ms,
            source=f"mlflow:{found.id}",
        ) as run:
            run.is_in_pieces = found.place is not None
            if found.place is not None:
                run.started_about(size_and_time(found.place / "meta.yaml")[1] or size_and_time(found.place)[1])
            if found.damage:
                run.damaged(found.damage)
            if fault is not None:
                run.fault(fault, "tags")
            run.tags({name: value for name, value in tags.items() if name != "mlflow.note.content"})
            with run.piece("params"):
                run.text_params(source.params(found))
            self._facts(run, found, tags)
            for model in models:
                with run.piece(f"logged model {model.id}"):
                    run.linked("output", self._model(model))
            with run.piece("inputs"):
                self._inputs(run, found)
            with run.piece("artifacts"):
                self._artifacts(run, found, tags)
            self._points(run, found)

    def _facts(self, run: RunIntake, found: FoundRun, tags: Mapping[str, str]) -> None:
        run.provenance(run_id=found.id, experiment_id=found.experiment_id, **self.source.facts)
        parent = tags.get("mlflow.parentRunId", "")
        program = tags.get("mlflow.source.name") or found.source
        run.about(
            note=tags.get("mlflow.note.content", ""), user=tags.get("mlflow.user") or found.user,
            git_commit=tags.get("mlflow.source.git.commit") or found.commit, git_branch=tags.get("mlflow.source.git.branch", ""),
            command=[program] if program else (), parent_id=self._id(parent) if parent else None,
        )  # fmt: skip
        status = STATUSES.get(found.status.upper(), "")
        if not status and not found.damage:
            run.changed("runs", f"have a status that MLflow does not know ({found.status!a}): taken as finished"[:200])
        experiment = self.experiments.get(found.experiment_id)
        is_deleted = found.is_deleted or (experiment is not None and experiment.is_deleted)
        # Without a time of its own, the deletion is dated to when the run was last heard of: the same at every import.
        deleted_ms = (found.deleted_ms or found.ended_ms or found.started_ms or 1) if is_deleted else None
        run.status(
            status or "finished",
            ended_ms=found.ended_ms,
            heard_ms=found.ended_ms or found.started_ms,
            deleted_ms=deleted_ms,
        )

    def _points(self, run: RunIntake, found: FoundRun) -> None:
        largest = heard_ms = 0
        trouble, entry = Trouble(), self.source.entry
        with run.piece("metrics"):
            for name, (steps, times_ms, values) in self.source.points(found, trouble):
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
        if largest:
            run.remark(f"MLflow's database keeps infinity as ±1.797e308: {largest} values are that, and were left so.")
        if STATUSES.get(found.status.upper()) == "running":
            run.status(
                "running",
                heard_ms=max(heard_ms, found.started_ms),
                deleted_ms=found.started_ms or 1 if found.is_deleted else None,
            )

    # Inputs, outputs, models

    def _inputs(self, run: RunIntake, found: FoundRun) -> None:
        used = []
        for data in self.source.datasets(found):
            run.input(data.name or "dataset", kind="dataset", stage="data", **_dataset(data, found))
            used.append({"name": data.name, "digest": data.digest, **data.tags})
        if used:
            run.context("inputs", used)
        for model_id in self.source.used_models(found):
            if model_id in self.models and (saved := self._model(self.models[model_id])) is not None:
                run.linked("input", saved)

    def _artifacts(self, run: RunIntake, found: FoundRun, tags: Mapping[str, str]) -> None:
        folder = found.place / "artifacts" if found.place is not None else None
        if folder is None or not listed(folder):  # MLflow makes that folder also where artifacts go elsewhere
            folder = self._place(found.artifact_uri, anchor=found.id)
        names = listed(folder) if folder is not None and folder.is_dir() else []
        for name in names:
            assert folder is not None
            contents = self.intake.folder_contents(folder / name, root=self.home)
            if contents:
                run.output(
                    name,
                    kind=kind_of(folder / name),
                    contents=contents,
                    root=self.home,
                    created_ms=found.ended_ms or found.started_ms,
                )
        # What else there was is known only of models, which MLflow also notes among the tags.
        for path, facts in _noted_models(tags.get("mlflow.log-model.history", "")).items():
            if path.split("/")[0] not in names:
                run.output(
                    path, kind="model", location=f"{found.artifact_uri}/{path}", created_ms=found.ended_ms or found.started_ms,
                    identity=("mlflow", found.id, path), metadata=facts,
                )  # fmt: skip

    def _place(self, uri: str, *, anchor: str) -> Path | None:
        """Find a folder of artifacts: below the store, beside it, or below a folder that the user has named."""
        if not uri:
            return None
        # Beside an mlruns folder, only what an id of MLflow's own making leads to.
        beside = (self.home,) if _ID.match(anchor) else ()
        for root in (self.root, *beside, *self.intake.options.artifact_roots):
            if (place := inside_store(root, uri, anchor=anchor)) is not None:
                return place
        return None

    def _model(self, model: LoggedModel) -> Any:
        place = self._place(model.artifact_uri, anchor=model.id)
        contents = self.intake.folder_contents(place, root=self.home) if place is not None else []
        run = self.runs.get(model.run_id)
        return self.intake.version(
            self._project(model.experiment_id), model.name or model.id, kind="model", contents=contents, root=self.home,
            location="" if contents else model.artifact_uri, created_ms=model.created_ms or (run.started_ms if run else 0), identity=("mlflow", model.id),
            metadata={"model_id": model.id, **model.facts, **({"deleted": True} if model.is_deleted else {})},
        )  # fmt: skip

    def _registry(self) -> None:
        for model in self.source.registered_models():
            if model.is_prompt:
                self._left("prompts", NO_PLACE)
                self._left("versions of prompts", NO_PLACE, len(model.versions))
                continue
            if not model.versions:
                self._left("registered models", "have no version: artui keeps models by their versions")
            staged: dict[str, int] = {}
            for version in model.versions:
                if version.stage and version.stage != "None":
                    staged[version.stage.lower()] = max(version.number, staged.get(version.stage.lower(), 0))
            named, saved = {**staged, **model.aliases}, None
            self._left(
                "aliases",
                "name no version that is there",
                sum(number not in {each.number for each in model.versions} for number in named.values()),
            )
            for version in model.versions:
                if version.number < 1:
                    self._left("versions of registered models", "have no number")
                    continue
                aliases = [alias for alias, number in named.items() if number == version.number]
                with self._part(f"version {version.number} of the registered model {model.name!a}"):
                    saved = self._version(
                        model.name, version, note=version.note or model.note, tags=model.tags, aliases=aliases
                    )
            self.intake.keep_aliases(saved, named)

    def _version(
        self, name: str, version: ModelVersion, *, note: str, tags: Mapping[str, str], aliases: list[str]
    ) -> Saved | None:
        uri, anchor = version.uri, version.run_id
        if uri.startswith("runs:/"):
            run_id, _, path = uri.removeprefix("runs:/").partition("/")
            run, anchor = self.runs.get(run_id), run_id
            uri = f"{run.artifact_uri}/{path}" if run is not None and path and ".." not in path.split("/") else uri
        if version.model_id in self.models:
            uri, anchor = self.models[version.model_id].artifact_uri, version.model_id
        elif "/m-" in uri and not version.run_id:
            anchor = ""
        place = self._place(uri, anchor=anchor)
        contents = self.intake.folder_contents(place, root=self.home) if place is not None else []
        facts: dict[str, Any] = {
            "registered_model": name,
            "run_id": version.run_id,
            "model_id": version.model_id,
            "stage": version.stage,
            **version.facts,
        }
        if tags:
            facts["model_tags"] = dict(tags)
        saved = self.intake.version(
            REGISTRY, name, kind="model", contents=contents, root=self.home, location="" if contents else uri, created_ms=version.created_ms,
            number=version.number, identity=("mlflow", str(version.number), str(version.created_ms), version.run_id), note=note, metadata={key: value for key, value in facts.items() if value not in ("", "None")},
            aliases=aliases,
        )  # fmt: skip
        if saved is not None and version.run_id:
            self.intake.link_run("output", self._id(version.run_id), saved)
        return saved


def _noted_models(text: str) -> dict[str, dict[str, Any]]:
    """Read which models a run has logged, by their path, from the tag in which MLflow notes that."""
    try:
        told = orjson.loads(text)
    except ValueError:
        return {}
    found = {}
    for each in told if isinstance(told, list) else ():
        if isinstance(each, dict) and isinstance(each.get("artifact_path"), str) and each["artifact_path"]:
            flavors = each.get("flavors")
            found[each["artifact_path"]] = {"flavors": sorted(map(str, flavors)) if isinstance(flavors, dict) else []}
    return found


def _dataset(data: Dataset, found: FoundRun) -> dict[str, Any]:
    """Describe a dataset: MLflow keeps where it came from and its digest, never its bytes."""

    def parsed(text: str) -> Any:
        try:
            return orjson.loads(text)
        except ValueError:
            return text

    source = parsed(data.source)
    location = ""
    if isinstance(source, dict):
        location = next(
            (str(source[key]) for key in ("uri", "url", "path", "table_name", "delta_table_name") if source.get(key)),
            "",
        )
    facts = {
        "digest": data.digest,
        "source_type": data.source_type,
        "source": source,
        "schema": parsed(data.schema),
        "profile": parsed(data.profile),
    }
    return {
        "location": location or f"{data.source_type or 'mlflow'}:{data.name}",
        "created_ms": found.started_ms,
        "identity": ("mlflow", data.digest or data.id),
        "metadata": {name: value for name, value in facts.items() if value not in ("", None)},
    }


def kind_of(place: Path) -> str:
    """Guess what an artifact is from its name and what it holds."""
    name = place.name.lower()
    if place.is_dir() and not place.is_symlink():
        names = set(listed(place)[:200])
        if "MLmodel" in names:
            return "model"
        return "checkpoint" if "checkpoint" in name else "files"
    if name.endswith(_FIGURES):
        return "figure"
    if name.endswith(_TABLES):
        return "table"
    if name.endswith((".log", ".out", ".err")):
        return "log"
    if name in ("requirements.txt", "conda.yaml", "python_env.yaml", "environment.yml"):
        return "environment"
    if name.endswith(_MODELS):
        return "checkpoint" if "checkpoint" in name or "ckpt" in name else "model"
    return "code" if name.endswith((".py", ".ipynb", ".patch", ".diff", ".sh")) else "report"
