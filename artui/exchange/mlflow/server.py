"""An MLflow server, read by its REST API: the same store as its database, from any distance."""

from __future__ import annotations

import hashlib
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from artui.errors import SourceDamaged
from artui.exchange.mlflow.naming import ID_TAG, SYNCED, ULID
from artui.exchange.mlflow.rest import Refused, Server, ServerError
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

PAGE_RUNS, PAGE_POINTS = 200, 25_000
MOST_FILE_BYTES, MOST_FILES = 64 * 1024 * 1024, 2_000
"""Of a run so much of its files is fetched; what is larger is named where it lies."""
MOST_FAILURES = 3
_NUMBERS = {"NaN": np.nan, "Infinity": np.inf, "-Infinity": -np.inf}
_ABSENT = frozenset({404, 405, 501})
"""Answers of an older server to what it does not know."""


class MlflowServer:
    """Reads one server. What its runs have comes with the list of them; points and files are asked for run by run."""

    entry = "point"

    def __init__(self, server: Server) -> None:
        self._server = server
        self.lost: list[str] = []
        self.facts: dict[str, Any] = {"layout": "server", "server": server.place.shown}
        self._experiments: dict[str, Experiment] = {}
        self.runs_read: list[MlflowRun] = []
        """Those of the last list."""
        self._failures = 0
        """Runs in a row whose files could not be had."""
        self._models: list[RegisteredModel] | None = None
        self._said: dict[str, bytes] = {}
        """What the list of runs says of each, by its id, as JSON."""
        self._files = tempfile.TemporaryDirectory(prefix="artui-mlflow-")

    def close(self) -> None:
        """Close the connection, and remove the files that were fetched."""
        self._files.cleanup()
        self._server.close()

    def experiments(self) -> dict[str, Experiment]:
        """Give all experiments by id, with their tags; the server is asked once."""
        if self._experiments:
            return self._experiments
        found = self._server.pages("POST", "experiments/search", "experiments", view_type="ALL", max_results=1000)
        for one in found:
            id = _text(one.get("experiment_id"))
            self._experiments[id] = Experiment(
                id, _text(one.get("name")), one.get("lifecycle_stage") == "deleted", _text(one.get("artifact_location")), _pairs(one.get("tags")),
            )  # fmt: skip
        return self._experiments

    def runs(self) -> list[MlflowRun]:
        """List all runs, by the time of their start."""
        found: list[MlflowRun] = []
        ids = list(self.experiments())
        for start in range(0, len(ids), 100):
            for said in self._server.pages(
                "POST",
                "runs/search",
                "runs",
                experiment_ids=ids[start : start + 100],
                run_view_type="ALL",
                max_results=PAGE_RUNS,
            ):
                info = said.get("info")
                if not isinstance(info, dict):
                    continue
                run = MlflowRun(
                    _text(info.get("run_id") or info.get("run_uuid")), _text(info.get("experiment_id")), _text(info.get("run_name")), _text(info.get("status")),
                    _int(info.get("start_time")) or 0, _int(info.get("end_time")) or None, info.get("lifecycle_stage") == "deleted", None, _text(info.get("user_id")),
                    artifact_uri=_text(info.get("artifact_uri")),
                )  # fmt: skip
                self._said[run.id] = orjson.dumps(said, option=orjson.OPT_SORT_KEYS)
                found.append(run)
        self.runs_read = sorted(found, key=lambda run: (run.started_ms, run.id))
        return self.runs_read

    def own_ids(self) -> dict[str, str]:
        """Give the ids in catalogs of the runs that artui has brought here, by their ids here; of two that say one, the first."""
        found: dict[str, str] = {}
        taken: set[str] = set()
        for run_id, said in self._said.items():
            if ID_TAG.encode() in said:
                own = _pairs(orjson.loads(said).get("data", {}).get("tags")).get(ID_TAG, "")
                if ULID.match(own) and own not in taken:
                    taken.add(own)
                    found[run_id] = own
        return found

    def said_of(self, run_id: str) -> dict[str, Any]:
        """Give what the list says of a run."""
        said = orjson.loads(self._said.get(run_id, b"{}"))
        return said if isinstance(said, dict) else {}

    def _data(self, run: MlflowRun) -> dict[str, Any]:
        data = self.said_of(run.id).get("data")
        return data if isinstance(data, dict) else {}

    def fingerprint(self, run: MlflowRun) -> str:
        """Hash what the run has: it differs once anything of the run has changed."""
        said = self.said_of(run.id)
        data = said.get("data")
        if isinstance(data, dict):
            tags = data.get("tags")
            kept = (
                [tag for tag in tags if isinstance(tag, dict) and tag.get("key") != SYNCED]
                if isinstance(tags, list)
                else []
            )
            said["data"] = {name: _sorted(rows) for name, rows in {**data, "tags": kept}.items()}
        return hashlib.sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]

    def params(self, run: MlflowRun) -> dict[str, str]:
        """Give the run's params as text."""
        return _pairs(self._data(run).get("params"))

    def tags(self, run: MlflowRun) -> dict[str, str]:
        """Give the run's tags, without that of a push."""
        tags = _pairs(self._data(run).get("tags"))
        return {name: value for name, value in tags.items() if name != SYNCED}

    def all_tags(self, run: MlflowRun) -> dict[str, str]:
        """Give the run's tags, with that of a push."""
        return _pairs(self._data(run).get("tags"))

    def points(self, run: MlflowRun, trouble: Trouble) -> Iterator[tuple[str, Columns]]:
        """Give points by metric, a page at a time."""
        latest = self._data(run).get("metrics")
        for metric in latest if isinstance(latest, list) else ():
            name = _text(metric.get("key")) if isinstance(metric, dict) else ""
            if not name:
                continue
            rows: list[dict[str, Any]] = []
            try:
                pages = self._server.pages("GET", "metrics/get-history", "metrics", run_id=run.id, metric_key=name, max_results=PAGE_POINTS)  # fmt: skip
                for row in pages:
                    rows.append(row)
                    if len(rows) == PAGE_POINTS:
                        yield from _columns(name, rows, trouble)
                        rows = []
            except ServerError as error:
                trouble.faults.append((f"metric {name!a}", SourceDamaged(error.message)))
            yield from _columns(name, rows, trouble)

    def datasets(self, run: MlflowRun) -> list[Dataset]:
        """List the datasets that the run used."""
        found = []
        for used in _dicts(self._inputs(run).get("dataset_inputs")):
            data = used.get("dataset")
            if isinstance(data, dict):
                name, digest = _text(data.get("name")), _text(data.get("digest"))
                found.append(
                    Dataset(
                        f"{name}:{digest}", name, digest, _text(data.get("source_type")), _text(data.get("source")), _text(data.get("schema")),
                        _text(data.get("profile")), _pairs(used.get("tags")),
                    )
                )  # fmt: skip
        return found

    def used_models(self, run: MlflowRun) -> list[str]:
        """List the ids of logged models that the run used."""
        return [
            _text(one.get("model_id")) for one in _dicts(self._inputs(run).get("model_inputs")) if one.get("model_id")
        ]

    def _inputs(self, run: MlflowRun) -> dict[str, Any]:
        inputs = self.said_of(run.id).get("inputs")
        return inputs if isinstance(inputs, dict) else {}

    def logged_models(self) -> list[LoggedModel]:
        """List the models that runs logged, with their params, tags and metrics; an older server has none."""
        found = []
        ids = list(self._experiments)
        try:
            for start in range(0, len(ids), 100):
                for said in self._server.pages("POST", "logged-models/search", "models", experiment_ids=ids[start : start + 100], max_results=50):  # fmt: skip
                    info, data = (one if isinstance(one := said.get(word), dict) else {} for word in ("info", "data"))
                    facts: dict[str, Any] = {"params": _pairs(data.get("params")), "tags": _pairs(info.get("tags"))}
                    facts["metrics"] = {_text(one.get("key")): one.get("value") for one in _dicts(data.get("metrics"))}
                    facts |= {"status": _text(info.get("status")).removeprefix("LOGGED_MODEL_"), "type": info.get("model_type"), "message": info.get("status_message")}  # fmt: skip
                    found.append(LoggedModel(
                        _text(info.get("model_id")), _text(info.get("name")), _text(info.get("experiment_id")), _text(info.get("source_run_id")),
                        _text(info.get("artifact_uri")), _int(info.get("creation_timestamp_ms")) or 0, False,
                        {name: value for name, value in facts.items() if value not in (None, "", "None", {})},
                    ))  # fmt: skip
        except Refused as error:
            if error.status not in _ABSENT:
                self.lost.append(f"logged models: {error.message}")
        return sorted(found, key=lambda model: (model.created_ms, model.id))

    def registered_models(self) -> list[RegisteredModel]:
        """List registered models with their versions, aliases and tags; a server on files has none. It is asked once."""
        if self._models is not None:
            return self._models
        found = self._models = []
        try:
            models = list(self._server.pages("GET", "registered-models/search", "registered_models", max_results=100))
            for said in models:
                name = _text(said.get("name"))
                quoted = name.replace("'", "''")
                versions = [_version(one) for one in self._server.pages("GET", "model-versions/search", "model_versions", filter=f"name='{quoted}'", max_results=1000)]  # fmt: skip
                aliases = {
                    _text(one.get("alias")): _int(one.get("version")) or 0 for one in _dicts(said.get("aliases"))
                }
                found.append(RegisteredModel(name, _text(said.get("description")), _pairs(said.get("tags")), aliases, sorted(versions, key=lambda one: one.number)))  # fmt: skip
        except Refused as error:
            if error.status not in _ABSENT:
                self.lost.append(f"registered models: {error.message}")
        return found

    def others(self) -> Counter[str]:
        """Count what artui does not import: the API counts none of it."""
        return Counter()

    # Files

    def entries(self, run: MlflowRun) -> list[tuple[str, Path | None]]:
        """Fetch the artifacts of a run: each entry by its name, with its files; without them where they are too large.

        Raises:
            Refused: the server does not give them.
            ServerError: they cannot be had now; after some runs in a row no more are asked for.
        """
        if self._failures >= MOST_FAILURES:
            raise ServerError(f"{self._server.place.shown} has given files of no run since.")
        try:
            found = self._entries(run)
        except Refused:
            raise
        except ServerError:
            self._failures += 1
            raise
        self._failures = 0
        return found

    def _entries(self, run: MlflowRun) -> list[tuple[str, Path | None]]:
        found: list[tuple[str, Path | None]] = []
        root = Path(self._files.name, run.id)
        for entry in self._listed(run.id, ""):
            name = _text(entry.get("path"))
            if not _is_plain(name) or "/" in name:
                continue
            files = list(self._files_below(run.id, entry))
            is_small = len(files) <= MOST_FILES and sum(size for _, size in files) <= MOST_FILE_BYTES
            if is_small and files:
                self._fetch(run.id, root, [path for path, _ in files])
            found.append((name, root / name if is_small and files else None))
        return found

    @property
    def files_home(self) -> Path:
        """The folder in which fetched files lie."""
        return Path(self._files.name)

    def _listed(self, run_id: str, path: str) -> list[dict[str, Any]]:
        return list(self._server.pages("GET", "artifacts/list", "files", run_id=run_id, path=path))

    def _files_below(self, run_id: str, entry: dict[str, Any]) -> Iterator[tuple[str, int]]:
        left, count = [entry], 0
        while left and count <= MOST_FILES:
            one = left.pop()
            path = _text(one.get("path"))
            if not _is_plain(path):
                continue
            if one.get("is_dir"):
                left += self._listed(run_id, path)
            else:
                count += 1
                yield path, _int(one.get("file_size")) or 0

    def _fetch(self, run_id: str, root: Path, paths: Sequence[str]) -> None:
        for path in paths:
            place = root / path
            content = self._server.file_of_run(run_id, path)
            try:
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(content)
            except OSError as error:
                raise ServerError(f"{path[:200]!a} cannot be kept here: {error.strerror or error}.") from error


def _is_plain(path: str) -> bool:
    """Whether a path that a server gives stays below the folder it is for."""
    return bool(path) and not path.startswith("/") and "\0" not in path and not {"", ".", ".."} & set(path.split("/"))


def _version(said: dict[str, Any]) -> ModelVersion:
    source, run_id = _text(said.get("source")), _text(said.get("run_id"))
    facts = {"status": said.get("status"), "user": said.get("user_id"), "run_link": said.get("run_link"), "source": source, "tags": _pairs(said.get("tags"))}  # fmt: skip
    return ModelVersion(
        _int(said.get("version")) or 0, run_id, source.removeprefix("models:/") if source.startswith("models:/m-") else "", source,
        _int(said.get("creation_timestamp")) or 0, _text(said.get("description")), _text(said.get("current_stage")),
        {name: value for name, value in facts.items() if value not in (None, "", "None", {})},
    )  # fmt: skip


def _columns(name: str, rows: Sequence[dict[str, Any]], trouble: Trouble) -> Iterator[tuple[str, Columns]]:
    steps, times, values = [], [], []
    for row in rows:
        step, time_ms, value = _int(row.get("step", 0)), _int(row.get("timestamp", 0)), _number(row.get("value", 0.0))
        if step is None or time_ms is None or value is None:
            trouble.bad[name] += 1
            continue
        steps.append(step)
        times.append(time_ms)
        values.append(value)
    if values:
        yield name, (np.array(steps, np.int64), np.array(times, np.int64), np.array(values, np.float64))


def _number(value: object) -> float | None:
    if isinstance(value, str):
        return _NUMBERS.get(value)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _dicts(value: object) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _pairs(value: object) -> dict[str, str]:
    return {_text(one.get("key")): _text(one.get("value")) for one in _dicts(value)}


def _sorted(rows: object) -> object:
    return sorted(rows, key=repr) if isinstance(rows, list) else rows


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _int(value: object) -> int | None:
    try:
        return None if value is None or isinstance(value, bool) else max(-(1 << 63), min((1 << 63) - 1, int(value)))  # type: ignore[call-overload]
    except (TypeError, ValueError, OverflowError):
        return None
