"""MLflow's SQLite database, of any schema since 1.0: columns and tables that a version lacks are not queried."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

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
from artui.exchange.reading.database import ForeignDatabase

PAGE_POINTS = 50_000
_NEEDED = frozenset({"experiments", "runs", "metrics", "params", "tags"})
_NO_PLACE = {
    "trace_info": "traces", "spans": "spans", "assessments": "assessments", "evaluation_datasets": "evaluation data sets",
    "evaluation_dataset_records": "records of evaluation data sets", "scorers": "scorers", "issues": "issues", "label_schemas": "label schemas",
    "review_queues": "review queues", "guardrails": "guardrails", "endpoints": "gateway endpoints", "mcp_servers": "MCP servers",
    "webhooks": "webhooks", "jobs": "jobs",
}  # fmt: skip
"""Tables that artui does not import, in MLflow's newest schemas (mlflow/store/tracking/dbmodels/models.py)."""
_MODEL_STATUSES = {1: "PENDING", 2: "READY", 3: "FAILED"}


def is_mlflow(database: ForeignDatabase) -> bool:
    """Say whether a database has MLflow's tables."""
    return database.tables.keys() >= _NEEDED and "run_uuid" in database.tables["runs"]


class MlflowDatabase:
    """One `mlflow.db`."""

    entry = "row"

    def __init__(self, path: Path) -> None:
        self._database = database = ForeignDatabase(path)
        if not is_mlflow(database):
            database.close()
            raise SourceDamaged(f"{path.name!a} does not have the tables of MLflow.")
        self.lost: list[str] = []
        self.facts: dict[str, Any] = {"layout": "database"}
        if "alembic_version" in database.tables:
            self.facts["schema"] = ", ".join(
                str(row[0]) for row in database.rows("SELECT version_num FROM alembic_version LIMIT 3")
            )
        self._is_indexed = any(
            table == "metrics" and columns[:1] == ("run_uuid",) for table, columns in database.indexes
        )
        self._rowids: dict[str, Any] | None = None
        self._last_texts: dict[str, tuple[str, dict[str, str]]] = {}
        # Most stores have none: this saves queries for every run.
        self._has_inputs = bool(self._optional("inputs", "SELECT 1 FROM inputs LIMIT 1"))

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def _optional(self, table: str, query: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """Query a table that only some versions have; if it is damaged, this is noted and nothing else is lost."""
        if table not in self._database.tables:
            return []
        try:
            return self._database.rows(query, values)
        except SourceDamaged as error:
            if (text := f"{table}: {error.message}") not in self.lost:
                self.lost.append(text)
            return []

    def experiments(self) -> dict[str, Experiment]:
        """Give all experiments by id, with their tags."""
        columns = self._database.columns("experiments", "experiment_id", "name", "lifecycle_stage", "artifact_location")
        tags: dict[str, dict[str, str]] = {}
        for id, key, value in self._optional(
            "experiment_tags", "SELECT experiment_id, key, value FROM experiment_tags"
        ):
            tags.setdefault(str(id), {})[str(key)] = _text(value)
        return {
            str(id): Experiment(str(id), _text(name), stage == "deleted", _text(uri), tags.get(str(id), {}))
            for id, name, stage, uri in self._optional("experiments", f"SELECT {columns} FROM experiments")
        }

    def runs(self) -> list[MlflowRun]:
        """List all runs, by the time of their start."""
        columns = self._database.columns(
            "runs", "run_uuid", "experiment_id", "name", "status", "start_time", "end_time", "lifecycle_stage", "deleted_time", "user_id",
            "entry_point_name", "source_name", "source_version", "artifact_uri",
        )  # fmt: skip
        runs: list[MlflowRun] = []
        faults: list[tuple[str, Exception]] = []
        for rows in self._database.pages(
            f"SELECT rowid, {columns} FROM runs WHERE rowid > ? ORDER BY rowid LIMIT ?", page_rows=20_000, faults=faults
        ):
            for _, id, experiment, name, status, start, end, stage, deleted, user, entry, source, commit, uri in rows:
                runs.append(
                    MlflowRun(
                        _text(id), _text(experiment), _text(name), _text(status), _int(start) or 0, _int(end), stage == "deleted", _int(deleted),
                        _text(user), _text(entry), _text(source), _text(commit), _text(uri),
                    )
                )  # fmt: skip
        if faults and not runs:
            raise faults[0][1]
        self._note(faults)
        return sorted(runs, key=lambda run: (run.started_ms, run.id))

    def _note(self, faults: list[tuple[str, Exception]]) -> None:
        self.lost += [text for what, error in faults if (text := f"{what}: {error}") not in self.lost]

    def fingerprint(self, run: MlflowRun) -> str:
        """Hash what the run has: it differs once anything of the run has changed."""
        whole = hashlib.sha256(repr(run).encode("utf-8", "backslashreplace"))
        latest = self._optional(
            "latest_metrics", "SELECT key, value, timestamp, step, is_nan FROM latest_metrics WHERE run_uuid = ? ORDER BY key", (run.id,)
        )  # fmt: skip
        for part in (
            latest, sorted(self.params(run).items()), sorted(self.tags(run).items()), self._count(run), self.datasets(run), self.used_models(run)
        ):  # fmt: skip
            whole.update(repr(part).encode("utf-8", "backslashreplace"))
        return whole.hexdigest()[:32]

    def _count(self, run: MlflowRun) -> int:
        if self._is_indexed:
            return int(self._database.rows("SELECT count(*) FROM metrics WHERE run_uuid = ?", (run.id,))[0][0])
        rows = self._rows_by_run().get(run.id)
        return 0 if rows is None else len(rows)

    def params(self, run: MlflowRun) -> dict[str, str]:
        """Give the run's params as text."""
        return self._texts("params", run.id)

    def tags(self, run: MlflowRun) -> dict[str, str]:
        """Give the run's tags."""
        return self._texts("tags", run.id)

    def own_ids(self) -> dict[str, str]:
        """Give the ids in catalogs of the runs that artui has brought here, by their ids here; of two that say one, the first."""
        found: dict[str, str] = {}
        taken: set[str] = set()
        rows = self._optional("tags", "SELECT run_uuid, value FROM tags WHERE key = ? ORDER BY run_uuid", (ID_TAG,))
        for run_id, value in rows:
            own = _text(value)
            if ULID.match(own) and own not in taken:
                taken.add(own)
                found[_text(run_id)] = own
        return found

    def _texts(self, table: str, run_id: str) -> dict[str, str]:
        """Give a run's params or tags; cached, since both the fingerprint and the run itself need them."""
        cached = self._last_texts.get(table)
        if cached is None or cached[0] != run_id:
            rows = self._database.rows(f"SELECT key, value FROM {table} WHERE run_uuid = ? ORDER BY key", (run_id,))
            cached = self._last_texts[table] = run_id, {_text(key): _text(value) for key, value in rows}
        return cached[1]

    def points(self, run: MlflowRun, trouble: Trouble) -> Iterator[tuple[str, Columns]]:
        """Give points by metric, a page at a time; rows that hold no point are counted in `trouble`."""
        columns = self._database.columns("metrics", "key", "value", "timestamp", "step", "is_nan")
        if self._is_indexed:
            pages = self._database.pages(
                f"SELECT rowid, {columns} FROM metrics WHERE run_uuid = ? AND rowid > ? ORDER BY rowid LIMIT ?",
                (run.id,), page_rows=PAGE_POINTS, is_raw=True, faults=trouble.faults,
            )  # fmt: skip
            for rows in pages:
                yield from _by_metric(rows, trouble)
            return
        wanted = self._rows_by_run().get(run.id)
        if wanted is None:
            return
        for start in range(0, len(wanted), 500):
            part = [int(row) for row in wanted[start : start + 500]]
            marks = ", ".join("?" * len(part))
            try:
                rows = self._database.raw_rows(
                    f"SELECT rowid, {columns} FROM metrics WHERE rowid IN ({marks}) ORDER BY rowid", part
                )
            except SourceDamaged as error:
                trouble.faults.append((f"up to {len(part)} rows of metrics", error))
                continue
            yield from _by_metric(rows, trouble)

    def _rows_by_run(self) -> dict[str, Any]:
        """Give the rowids of each run's points. Databases before MLflow 1.26 have no index by run: the table is read once."""
        if self._rowids is None:
            parts: dict[str, list[Any]] = {}
            faults: list[tuple[str, Exception]] = []
            for rows in self._database.pages(
                "SELECT rowid, run_uuid FROM metrics WHERE rowid > ? ORDER BY rowid LIMIT ?", page_rows=200_000, is_raw=True, faults=faults,
            ):  # fmt: skip
                page: dict[str, list[int]] = {}
                for rowid, run_id in rows:
                    page.setdefault(_text(run_id), []).append(rowid)
                for run_id, rowids in page.items():
                    parts.setdefault(run_id, []).append(np.array(rowids, np.int64))
            self._note(faults)
            self._rowids = {run_id: np.concatenate(arrays) for run_id, arrays in parts.items()}
        return self._rowids

    def datasets(self, run: MlflowRun) -> list[Dataset]:
        """List the datasets that the run used."""
        if not self._has_inputs or "datasets" not in self._database.tables:
            return []
        columns = self._database.columns(
            "datasets", "name", "digest", "dataset_source_type", "dataset_source", "dataset_schema", "dataset_profile"
        )
        used = []
        for input_id, dataset_id in self._optional(
            "inputs", "SELECT input_uuid, source_id FROM inputs WHERE destination_type = 'RUN' AND destination_id = ? AND source_type = 'DATASET' ORDER BY rowid", (run.id,)
        ):  # fmt: skip
            tags = self._optional(
                "input_tags", "SELECT name, value FROM input_tags WHERE input_uuid = ? ORDER BY name", (input_id,)
            )
            rows = self._optional("datasets", f"SELECT {columns} FROM datasets WHERE dataset_uuid = ?", (dataset_id,))
            for name, digest, source_type, source, schema, profile in rows[:1]:
                used.append(
                    Dataset(
                        _text(dataset_id), _text(name), _text(digest), _text(source_type), _text(source), _text(schema), _text(profile),
                        {_text(key): _text(value) for key, value in tags},
                    )
                )  # fmt: skip
        return used

    def used_models(self, run: MlflowRun) -> list[str]:
        """List the ids of logged models that the run used."""
        if not self._has_inputs:
            return []
        rows = self._optional(
            "inputs", "SELECT source_id, destination_id FROM inputs WHERE source_type = 'RUN_INPUT' AND source_id = ? OR "
            "(destination_type = 'RUN' AND destination_id = ? AND source_type = 'MODEL') ORDER BY rowid", (run.id, run.id),
        )  # fmt: skip
        return [_text(target if source == run.id else source) for source, target in rows]

    def logged_models(self) -> list[LoggedModel]:
        """List the models that runs logged, with their params, tags and metrics."""
        if "logged_models" not in self._database.tables:
            return []
        columns = self._database.columns(
            "logged_models", "model_id", "name", "experiment_id", "source_run_id", "artifact_location", "creation_timestamp_ms", "lifecycle_stage",
            "status", "model_type", "status_message",
        )  # fmt: skip
        facts: dict[str, dict[str, Any]] = {}
        for table, name, key, value in (("logged_model_params", "params", "param_key", "param_value"), ("logged_model_tags", "tags", "tag_key", "tag_value")):  # fmt: skip
            for model, key_text, text in self._optional(
                table, f"SELECT model_id, {key}, {value} FROM {table} ORDER BY rowid"
            ):
                facts.setdefault(_text(model), {}).setdefault(name, {})[_text(key_text)] = _text(text)
        for model, name, value in self._optional("logged_model_metrics", "SELECT model_id, metric_name, metric_value FROM logged_model_metrics ORDER BY rowid"):  # fmt: skip
            facts.setdefault(_text(model), {}).setdefault("metrics", {})[_text(name)] = value
        return [
            LoggedModel(
                _text(id), _text(name), _text(experiment), _text(run), _text(uri), _int(created) or 0, stage == "deleted",
                {**facts.get(_text(id), {}), **_facts(status=_MODEL_STATUSES.get(status, status), type=kind, message=message)},
            )
            for id, name, experiment, run, uri, created, stage, status, kind, message in self._optional(
                "logged_models", f"SELECT {columns} FROM logged_models ORDER BY creation_timestamp_ms, model_id")
        ]  # fmt: skip

    def registered_models(self) -> list[RegisteredModel]:
        """List registered models with their versions, aliases and tags."""
        tables = self._database.tables
        if "registered_models" not in tables or "model_versions" not in tables:
            return []
        # In the newest schemas, several workspaces may have models of the same name.
        space = '"workspace"' if "workspace" in tables["registered_models"] else "'default'"
        aliases: dict[tuple[str, str], dict[str, int]] = {}
        for place, name, alias, number in self._optional("registered_model_aliases", f"SELECT {self._space('registered_model_aliases')}, name, alias, version FROM registered_model_aliases"):  # fmt: skip
            aliases.setdefault((_text(place), _text(name)), {})[_text(alias)] = _int(number) or 0
        tags: dict[tuple[str, str], dict[str, str]] = {}
        for place, name, key, value in self._optional("registered_model_tags", f"SELECT {self._space('registered_model_tags')}, name, key, value FROM registered_model_tags"):  # fmt: skip
            tags.setdefault((_text(place), _text(name)), {})[_text(key)] = _text(value)
        version_tags: dict[tuple[str, str, int], dict[str, str]] = {}
        for place, name, number, key, value in self._optional("model_version_tags", f"SELECT {self._space('model_version_tags')}, name, version, key, value FROM model_version_tags"):  # fmt: skip
            version_tags.setdefault((_text(place), _text(name), _int(number) or 0), {})[_text(key)] = _text(value)
        versions: dict[tuple[str, str], list[ModelVersion]] = {}
        columns = self._database.columns("model_versions", "version", "run_id", "source", "storage_location", "creation_time", "description", "current_stage", "status", "user_id", "run_link")  # fmt: skip
        for place, name, number, run, source, stored, created, note, stage, status, user, link in self._optional(
            "model_versions",
            f"SELECT {self._space('model_versions')}, name, {columns} FROM model_versions ORDER BY name, version",
        ):
            # `storage_location` is where the files are; `source` may be `models:/m-…`, which names a logged model.
            uri, origin = _text(stored) or _text(source), _text(source)
            versions.setdefault((_text(place), _text(name)), []).append(
                ModelVersion(
                    _int(number) or 0, _text(run), origin.removeprefix("models:/") if origin.startswith("models:/m-") else "", uri, _int(created) or 0,
                    _text(note), _text(stage), _facts(status=status, user=user, run_link=link, source=source, tags=version_tags.get((_text(place), _text(name), _int(number) or 0))),
                )
            )  # fmt: skip
        columns = self._database.columns("registered_models", "description")
        notes: dict[tuple[str, str], str] = dict.fromkeys(
            [*versions, *aliases], ""
        )  # including models whose row is lost
        for place, name, note in self._optional(
            "registered_models", f"SELECT {space}, name, {columns} FROM registered_models"
        ):
            notes[_text(place), _text(name)] = _text(note)
        return [
            RegisteredModel(
                key[1] if key[0] == "default" else "/".join(key), note, tags.get(key, {}), aliases.get(key, {}), versions.get(key, [])
            )
            for key, note in sorted(notes.items())
        ]  # fmt: skip

    def others(self) -> Counter[str]:
        """Count what artui does not import, such as traces, by kind."""
        counts: Counter[str] = Counter()
        for table, what in _NO_PLACE.items():
            for (count,) in self._optional(table, f"SELECT count(*) FROM {table}"):
                counts[what] += _int(count) or 0
        return counts

    def _space(self, table: str) -> str:
        return '"workspace"' if "workspace" in self._database.tables.get(table, ()) else "'default'"


def _by_metric(rows: list[tuple[Any, ...]], trouble: Trouble) -> Iterator[tuple[str, Columns]]:
    """Group a page of rows by metric, keeping their order."""
    pages: dict[Any, list[tuple[Any, ...]]] = {}
    for row in rows:
        name = row[1]
        page = pages.get(name)
        if page is None:
            page = pages[name] = []
        page.append(row)
    for name, page in pages.items():
        try:
            columns = _columns(page)
        except (TypeError, ValueError, OverflowError):
            good = [row for row in page if _is_point(row)]
            trouble.bad[_text(name)] += len(page) - len(good)
            if not good:
                continue
            columns = _columns(good)
        yield _text(name), columns


def _columns(rows: list[tuple[Any, ...]]) -> Columns:
    _, _, values, times_ms, steps, is_nan = zip(*rows, strict=True)
    numbers = np.array([0 if odd else value for value, odd in zip(values, is_nan, strict=True)], np.float64)
    numbers[np.array([bool(odd) for odd in is_nan])] = np.nan
    # In databases from before MLflow had steps, the step is NULL.
    return np.array([0 if step is None else step for step in steps], np.int64), np.array(times_ms, np.int64), numbers


def _is_point(row: tuple[Any, ...]) -> bool:
    try:
        _columns([row])
    except (TypeError, ValueError, OverflowError):
        return False
    return True


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _int(value: Any) -> int | None:
    try:
        return None if value is None else max(-(1 << 63), min((1 << 63) - 1, int(value)))
    except (TypeError, ValueError, OverflowError):
        return None


def _facts(**facts: Any) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if value not in (None, "", "None", {})}
