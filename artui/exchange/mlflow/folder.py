"""MLflow's folder of files, `mlruns/`: a folder for each experiment, in it one for each run, in it a file for each metric, param and tag.

    mlruns/EXPERIMENT/meta.yaml
    mlruns/EXPERIMENT/RUN/{meta.yaml, metrics/NAME, params/NAME, tags/NAME, inputs/, outputs/, artifacts/}
    mlruns/EXPERIMENT/{datasets, models}/ID/meta.yaml
    mlruns/models/NAME/{meta.yaml, version-N/, aliases/, tags/}     registered models
    mlruns/.trash/EXPERIMENT                                        deleted experiments

A line of a metric is `TIME_MS VALUE STEP`, without the step in stores of MLflow before 1.0. Git keeps no empty folders, so any
of them may be missing. A line and its newline are written together: a last line without one was cut off.

Its `meta.yaml` says whether a folder is an experiment, a run or a model, not its place. A folder without one is a run if it
looks like a run; all others are ignored.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from artui.errors import SourceDamaged
from artui.exchange.mlflow.naming import ID_TAG, ULID
from artui.exchange.mlflow.store import (
    Columns,
    Dataset,
    Experiment,
    LoggedModel,
    MlflowRun,
    ModelVersion,
    RegisteredModel,
    Trouble,
)
from artui.exchange.reading.files import is_clutter, listed, load_yaml, open_inside, read_inside, read_text, stamp

READ_BYTES = 4 << 20
MAX_ENTRIES = 200_000
_NO_RUNS = frozenset({"models", "datasets", "traces", "tags", "jobs", "evaluation_datasets", "mlruns"})
_ID = re.compile(r"[0-9a-f]{32}\Z")
_KEY = re.compile(rb"^([a-z_]+):", re.MULTILINE)


class MlflowFolder:
    """One `mlruns` folder, or one experiment or run of it."""

    entry = "line"

    def __init__(self, root: Path) -> None:
        self.root = root
        self.facts: dict[str, Any] = {"layout": "folder"}
        self.lost: list[str] = []
        self._experiments: dict[str, tuple[Path, Experiment]] = {}
        self._find_experiments()

    def close(self) -> None:
        """Do nothing: no file is kept open."""

    def _find_experiments(self) -> None:
        root = self.root
        self._only_run_id: str | None = None
        if (root / "meta.yaml").is_file():  # the path is that of an experiment or a run
            is_run = kind_of_folder(root) == "run"
            self._only_run_id = root.name if is_run else None
            self._add_experiment(root.parent if is_run else root, is_deleted=False)
            return
        for home, is_deleted in ((root, False), (root / ".trash", True)):
            for name in listed(home):
                folder = home / name
                if (
                    not name.startswith(".")
                    and name not in _NO_RUNS
                    and folder.is_dir()
                    and not folder.is_symlink()
                    and is_experiment(folder)
                ):
                    self._add_experiment(folder, is_deleted=is_deleted)

    def _add_experiment(self, folder: Path, *, is_deleted: bool) -> None:
        meta = self._meta_or_empty(folder)
        experiment = Experiment(
            folder.name, str(meta.get("name") or folder.name), is_deleted or meta.get("lifecycle_stage") == "deleted",
            str(meta.get("artifact_location") or ""), self._texts(folder / "tags"),
        )  # fmt: skip
        self._experiments[folder.name] = folder, experiment

    def _meta(self, folder: Path) -> dict[str, Any]:
        meta = load_yaml(read_inside(self.root.parent, folder / "meta.yaml"))
        if not isinstance(meta, dict):
            raise SourceDamaged("meta.yaml is not a mapping.")
        return meta

    def experiments(self) -> dict[str, Experiment]:
        """Give all experiments by id, with their tags."""
        return {name: experiment for name, (_, experiment) in self._experiments.items()}

    def runs(self) -> list[MlflowRun]:
        """List all runs, by the time of their start."""
        rows = []
        for name, (folder, _) in self._experiments.items():
            for inner in listed(folder):
                place = folder / inner
                if (
                    (self._only_run_id is None or inner == self._only_run_id)
                    and inner not in _NO_RUNS
                    and not place.is_symlink()
                    and _is_run(place)
                ):
                    rows.append(self._run(place, name))
        return sorted(rows, key=lambda run: (run.started_ms, run.id))

    def _run(self, place: Path, experiment: str) -> MlflowRun:
        meta: dict[str, Any] = {}
        damage = ""
        try:
            meta = self._meta(place)
        except FileNotFoundError:
            damage = "its meta.yaml is missing: name, status and times are unknown"
        except (SourceDamaged, OSError) as error:
            damage = f"its meta.yaml cannot be read: {error}"
        name = meta.get("run_name") or meta.get("name") or ""
        ended = meta.get("end_time")
        return MlflowRun(
            _run_id(meta, place), experiment, str(name), str(meta.get("status") or ""),
            _int(meta.get("start_time")), _int(ended) if ended not in (None, "") else None, meta.get("lifecycle_stage") == "deleted",
            _int(meta.get("deleted_time")) or None, str(meta.get("user_id") or ""), str(meta.get("entry_point_name") or ""), str(meta.get("source_name") or ""),
            str(meta.get("source_version") or ""), str(meta.get("artifact_uri") or ""), damage, place,
        )  # fmt: skip

    def fingerprint(self, run: MlflowRun) -> str:
        """Hash the sizes and times of the run's files: it differs once any of them has changed."""
        assert run.place is not None
        return stamp(run.place, _files_below(run.place))

    def own_ids(self) -> dict[str, str]:
        """Give the ids in catalogs of the runs that artui has brought here, by their ids here; of two that say one, the first."""
        found: dict[str, str] = {}
        taken: set[str] = set()
        for run in self.runs():
            if run.place is None or not _is_own(run.place):
                continue
            try:
                own = read_text(self.root.parent, run.place / "tags" / ID_TAG).strip()
            except (SourceDamaged, OSError):
                continue
            if ULID.match(own) and own not in taken:
                taken.add(own)
                found[run.id] = own
        return found

    def params(self, run: MlflowRun) -> dict[str, str]:
        """Give the run's params as text."""
        assert run.place is not None
        return self._texts(run.place / "params")

    def tags(self, run: MlflowRun) -> dict[str, str]:
        """Give the run's tags."""
        assert run.place is not None
        return self._texts(run.place / "tags")

    def _texts(self, folder: Path) -> dict[str, str]:
        """Read a folder with one text per file; names with slashes are files in folders."""
        texts = {}
        for name in _files_below(folder):
            try:
                text = read_text(self.root.parent, folder / name)
            except (SourceDamaged, OSError) as error:
                self.lost.append(f"{folder.parent.name}/{folder.name}/{name}: {error}")
                continue
            # Clients of old wrote a line; artui writes a text as it is.
            texts[name] = text if _is_own(folder.parent) else text.removesuffix("\n")
        return texts

    def points(self, run: MlflowRun, trouble: Trouble) -> Iterator[tuple[str, Columns]]:
        """Give points by metric, some MiB of its file at a time; lines that hold no point are counted in `trouble`."""
        assert run.place is not None
        folder = run.place / "metrics"
        for name in _files_below(folder):
            try:
                yield from self._metric(folder / name, name, trouble)
            except (SourceDamaged, OSError) as error:
                trouble.faults.append((f"metric {name!a}", error))

    def _metric(self, path: Path, name: str, trouble: Trouble) -> Iterator[tuple[str, Columns]]:
        with open_inside(self.root.parent, path) as stream:
            while lines := stream.readlines(READ_BYTES):
                if not lines[-1].endswith(b"\n") and lines.pop().strip():
                    trouble.cut_off.append(name)
                columns, bad = _columns(lines)
                if bad:
                    trouble.bad[name] += bad
                if len(columns[2]):
                    yield name, columns

    def datasets(self, run: MlflowRun) -> list[Dataset]:
        """List the datasets that the run used."""
        assert run.place is not None
        used = []
        for name in listed(run.place / "inputs"):
            meta = self._meta_or_empty(run.place / "inputs" / name)
            if meta.get("source_type") != "DATASET":
                continue
            data_id = str(meta.get("source_id") or "")
            data = (
                self._meta_or_empty(run.place.parent / "datasets" / data_id)
                if data_id and "/" not in data_id and ".." not in data_id
                else {}
            )
            if not data:
                self.lost.append(f"{run.place.name}/inputs/{name}: its dataset does not exist")
            else:
                tags = meta.get("tags") if isinstance(meta.get("tags"), dict) else {}
                used.append(
                    Dataset(
                        data_id, str(data.get("name") or ""), str(data.get("digest") or ""), str(data.get("source_type") or ""),
                        str(data.get("source") or ""), str(data.get("schema") or ""), str(data.get("profile") or ""),
                        {str(key): str(value) for key, value in dict(tags or {}).items()},
                    )
                )  # fmt: skip
        return used

    def used_models(self, run: MlflowRun) -> list[str]:
        """List the ids of logged models that the run used."""
        assert run.place is not None
        inputs = [self._meta_or_empty(run.place / "inputs" / name) for name in listed(run.place / "inputs")]
        return [
            str(meta.get("source_id"))
            for meta in inputs
            if meta.get("source_type") in ("RUN_INPUT", "MODEL", "MODEL_INPUT")
        ]

    def logged_models(self) -> list[LoggedModel]:
        """List the models that runs logged, with their params, tags and metrics."""
        models = []
        for name, (folder, _) in self._experiments.items():
            for inner in listed(folder / "models"):
                place = folder / "models" / inner
                meta = self._meta_or_empty(place)
                if not meta:
                    continue
                metrics, trouble = {}, Trouble()
                for metric in _files_below(place / "metrics"):
                    try:
                        parts = list(self._metric(place / "metrics" / metric, metric, trouble))
                    except (SourceDamaged, OSError) as error:
                        self.lost.append(f"model {inner}: metric {metric!a}: {error}")
                        continue
                    if parts:
                        metrics[metric] = float(parts[-1][1][2][-1])
                self.lost += [
                    f"model {inner}: {count} lines of metric {metric!a}" for metric, count in trouble.bad.items()
                ]
                self.lost += [f"model {inner}: the end of metric {metric!a} is cut off" for metric in trouble.cut_off]
                facts = {
                    "params": self._texts(place / "params"), "tags": self._texts(place / "tags"), "metrics": metrics,
                    "type": meta.get("model_type"), "status": {1: "PENDING", 2: "READY", 3: "FAILED"}.get(_int(meta.get("status")), meta.get("status")),
                }  # fmt: skip
                models.append(
                    LoggedModel(
                        str(meta.get("model_id") or inner), str(meta.get("name") or inner), name, str(meta.get("source_run_id") or ""),
                        str(meta.get("artifact_location") or ""), _int(meta.get("creation_timestamp")),
                        meta.get("lifecycle_stage") == "deleted", {key: value for key, value in facts.items() if value},
                    )
                )  # fmt: skip
        return sorted(models, key=lambda model: (model.created_ms, model.id))

    def registered_models(self) -> list[RegisteredModel]:
        """List registered models with their versions, aliases and tags."""
        models = []
        home = self.root / "models"
        for name in listed(home):
            folder = home / name
            meta = self._meta_or_empty(folder)
            if not meta:
                continue
            aliases = meta.get("aliases") if isinstance(meta.get("aliases"), dict) else {}
            aliases = {**dict(aliases or {}), **self._texts(folder / "aliases")}
            versions = []
            for version_name in listed(folder):
                if not version_name.startswith("version-") or not (data := self._meta_or_empty(folder / version_name)):
                    continue
                source, stored = str(data.get("source") or ""), str(data.get("storage_location") or "")
                versions.append(
                    ModelVersion(
                        _int(data.get("version")) or _int(version_name.removeprefix("version-")), str(data.get("run_id") or ""),
                        str(data.get("model_id") or "") or (source.removeprefix("models:/") if source.startswith("models:/m-") else ""), stored or source,
                        _int(data.get("creation_timestamp")), str(data.get("description") or ""), str(data.get("current_stage") or ""),
                        {key: value for key, value in {
                            "status": data.get("status"), "user": data.get("user_id"), "run_link": data.get("run_link"), "source": source,
                            "tags": self._texts(folder / version_name / "tags"),
                        }.items() if value},
                    )
                )  # fmt: skip
            models.append(
                RegisteredModel(
                    str(meta.get("name") or name), str(meta.get("description") or ""), self._texts(folder / "tags"),
                    {str(alias): _int(number) for alias, number in aliases.items()}, sorted(versions, key=lambda version: version.number),
                )
            )  # fmt: skip
        return models

    def others(self) -> Counter[str]:
        """Count what artui does not import, such as traces, by kind."""
        counts: Counter[str] = Counter()
        for folder, _ in self._experiments.values():
            for name in listed(folder / "traces"):
                place = folder / "traces" / name
                if not (place / "trace_info.yaml").is_file():
                    continue
                counts["traces"] += 1
                counts["spans"] += self._span_count(place / "artifacts" / "traces.json")
                counts["assessments"] += sum(
                    assessment.endswith(".yaml") for assessment in listed(place / "assessments")
                )
            counts["evaluation data sets"] += len(listed(folder / "evaluation_datasets"))
        if self._only_run_id is None:
            counts["evaluation data sets"] += len(listed(self.root / "evaluation_datasets"))
        return counts

    def _span_count(self, path: Path) -> int:
        try:
            traces = orjson.loads(read_inside(self.root.parent, path))
        except (SourceDamaged, OSError, ValueError):
            return 0
        spans = traces.get("spans") if isinstance(traces, dict) else None
        return len(spans) if isinstance(spans, list) else 0

    def _meta_or_empty(self, folder: Path) -> dict[str, Any]:
        """Read a meta.yaml; empty if it is missing or damaged, which is noted."""
        if not os.path.lexists(folder / "meta.yaml"):
            return {}
        try:
            return self._meta(folder)
        except (SourceDamaged, OSError) as error:
            self.lost.append(f"{folder.parent.name}/{folder.name}: its meta.yaml cannot be read ({error})")
            return {}


def _run_id(meta: dict[str, Any], place: Path) -> str:
    """Give a run's id: the name of its folder if the id has only digits, and so was read as a number."""
    id = meta.get("run_uuid") or meta.get("run_id")
    return id if isinstance(id, str) else place.name


def kind_of_folder(folder: Path) -> str:
    """Say what a folder is by its meta.yaml: `experiment`, `run` or `other`; empty if it has none that tells."""
    if not os.path.isfile(os.path.join(folder, "meta.yaml")):  # most have none, and opening a file is slow
        return ""
    try:
        head = read_text(folder, folder / "meta.yaml").encode("utf-8", "replace")
    except (SourceDamaged, OSError):
        return ""
    # Not parsed, so that a part of a damaged file is enough.
    keys = {key.decode() for key in _KEY.findall(head)}
    if keys & {"model_id", "version", "digest", "source_type_name"} and "run_uuid" not in keys:
        return "other"
    if keys & {"run_id", "run_uuid"}:
        return "run"
    if "artifact_location" in keys or ("experiment_id" in keys and not keys & {"request_id", "trace_id"}):
        return "experiment"
    return "other" if keys else ""


def is_experiment(folder: Path) -> bool:
    """Say whether a folder is an experiment: by its meta.yaml, or without one if there are runs in it."""
    kind = kind_of_folder(folder)
    return kind == "experiment" or (not kind and any(_is_run(folder / name) for name in listed(folder)[:50]))


def _is_own(folder: Path) -> bool:
    """Whether a run came from artui."""
    return (folder / "tags" / ID_TAG).is_file()


def _is_run(folder: Path) -> bool:
    """Whether a folder of an experiment is a run: by its meta.yaml, or without one if it has the folders of a run."""
    if folder.name in _NO_RUNS:
        return False
    if kind := kind_of_folder(folder):
        return kind == "run"
    if _ID.match(folder.name) and ((folder / "meta.yaml").is_file() or (folder / "tags").is_dir()):
        return not (folder / "trace_info.yaml").exists()
    return any((folder / name).is_dir() for name in ("metrics", "params"))


def _files_below(folder: Path) -> list[str]:
    """List the regular files below a folder by their relative paths, sorted; links are not followed."""
    files: list[str] = []
    waiting = [""]
    while waiting and len(files) < MAX_ENTRIES:
        below = waiting.pop()
        try:
            with os.scandir(folder / below) as entries:
                for entry in entries:
                    if is_clutter(entry.name):
                        continue
                    path = f"{below}{entry.name}"
                    if entry.is_dir(follow_symlinks=False):
                        if path.count("/") < 40:
                            waiting.append(path + "/")
                    elif entry.is_file(follow_symlinks=False):
                        files.append(path)
        except OSError:
            continue
    return sorted(files)


def _columns(lines: list[bytes]) -> tuple[Columns, int]:
    """Read lines of a metric; give the columns, and how many lines were bad."""
    times_ms, values, steps, bad = [], [], [], 0
    for line in lines:
        parts = line.split()
        try:
            # Models of MLflow 3 add ids behind the step.
            time_ms, value, step = int(parts[0]), float(parts[1]), int(parts[2]) if len(parts) > 2 else 0
            if not -(1 << 63) <= time_ms < 1 << 63 or not -(1 << 63) <= step < 1 << 63:
                raise ValueError
        except (ValueError, IndexError):
            bad += 1 if parts else 0
            continue
        times_ms.append(time_ms)
        values.append(value)
        steps.append(step)
    return (np.array(steps, np.int64), np.array(times_ms, np.int64), np.array(values, np.float64)), bad


def _int(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        return 0
