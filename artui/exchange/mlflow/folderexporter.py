"""The runs of a catalog as MLflow's folder of files, `mlruns/`: as `folder` describes it, and as MLflow's own client reads it.

Projects become experiments, and what a run made becomes its artifacts. What MLflow cannot hold as it is stands in tags, as after a
push to a server (`naming`): `artui.id`, `artui.types`, `artui.names`; and in `artui.facts` what it has no place for. So what comes
back is what was there: of a NaN alone its bits are not kept.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import orjson
import yaml

from artui.exchange.leaving.files import copy_files
from artui.exchange.leaving.folder import OutFolder, out_folder
from artui.exchange.leaving.names import Paths, digest_of
from artui.exchange.leaving.order import Exported, Order, Tell
from artui.exchange.leaving.runs import Leaving, LeavingRun, Series, leave_behind, runs_from
from artui.exchange.leaving.selection import Selection
from artui.exchange.mlflow.naming import (
    FACTS,
    ID_TAG,
    MAX_NAME_CHARS,
    NAMES,
    NOTE_TAG,
    OURS,
    TYPES,
    comes_back,
    param_text,
    plain_name,
)

if TYPE_CHECKING:
    from artui.query.reader import Reader

STATUSES = {"running": 1, "finished": 3, "failed": 4, "killed": 5}
"""MLflow's RunStatus, by number."""
_LOCAL = 4
_DEFAULT = "Default"
_ID = re.compile(r"[0-9a-f]{32}\Z")
_FACTS = ("stage", "host", "directory", "python", "source", "error", "status", "ended_ms", "duration_ms", "heartbeat_ms", "git_dirty", "parent_id")  # fmt: skip
"""Facts of a run that have no place in MLflow, or an inexact one."""
_MAX_SOURCE_CHARS = 1000


def export(reader: Reader, dest: str, order: Order, *, is_dry: bool = False, tell: Tell | None = None) -> Exported:
    """Write the runs of a catalog into a folder that MLflow reads; those in the trash as deleted, unless a filter chooses.

    Args:
        dest: the folder; what an earlier export of the kind wrote there is replaced.
        is_dry: whether nothing is written, and only counted.
        tell: told how far it is.

    Raises:
        UsageError: something else is at the place, or it cannot be written.
        UnknownReference: there is no such project.
    """
    made = Exported(dest, "mlruns")
    with (
        Selection.opened(reader, order) as chosen,
        out_folder(dest, "mlruns", reader.catalog_id, order, made, is_dry=is_dry) as folder,
    ):
        leaving = Leaving(chosen, made, tell)
        writer = _Writer(leaving, folder, made, runs_from(chosen, "mlflow"))
        for run in leaving.runs(with_deleted=True):
            writer.write(run)
        leave_behind(chosen, made, "MLflow")
    made.written = made.rows.copy()
    return made


class _Writer:
    """Writes run by run."""

    def __init__(self, leaving: Leaving, folder: OutFolder | None, made: Exported, imported: Mapping[str, str]) -> None:
        self._leaving, self._folder, self._made = leaving, folder, made
        taken: set[str] = set()
        self._ids: dict[str, str] = {}
        """Of runs that came from MLflow, their ids there, by those in the catalog."""
        for run_id, there in imported.items():
            if _ID.match(there) and there not in taken:
                taken.add(there)
                self._ids[run_id] = there
        self._experiments: set[str] = set()

    def write(self, run: LeavingRun) -> None:
        """Write one run; in a dry run only count what would be written."""
        experiment = self._experiment(run.project or _DEFAULT)
        home = f"{experiment}/{self._id_of(run.id)}"
        params = _names(run.params)
        series = _series_names(run.series)
        tags = self._tags(run, params, series)
        odd = sum(written != name for name, written in params.items()) + sum(
            written != one.name for one, written in series.items()
        )
        self._made.changed.update({("params and metrics", "have a name that MLflow does not take, or labels: written under another"): odd} if odd else {})  # fmt: skip
        if self._folder is not None:
            self._write(run, home, experiment, params, series, tags)
        else:
            self._made.rows["points"] += sum(one.count for one in run.series)
        copy_files(self._leaving, run, self._folder, f"{home}/artifacts", self._made)

    def _write(self, run: LeavingRun, home: str, experiment: str, params: Mapping[str, str], series: Mapping[Series, str], tags: Mapping[str, str]) -> None:  # fmt: skip
        folder = self._folder
        assert folder is not None
        for part in ("params", "metrics", "tags", "artifacts"):
            folder.make(f"{home}/{part}")
        run_id = home.rpartition("/")[2]
        meta = {
            "artifact_uri": (folder.place / home / "artifacts").as_uri(), "end_time": run.facts["ended_ms"], "entry_point_name": "", "experiment_id": experiment,
            "lifecycle_stage": "active" if run.deleted_ms is None else "deleted", "deleted_time": run.deleted_ms, "run_id": run_id, "run_uuid": run_id,
            "run_name": run.name, "source_name": "", "source_type": _LOCAL, "source_version": "", "start_time": run.started_ms,
            "status": STATUSES.get(run.status, STATUSES["finished"]), "tags": [], "user_id": str(run.facts["user"]),
        }  # fmt: skip
        folder.write(f"{home}/meta.yaml", _yaml(meta))
        for name, written in params.items():
            folder.write(f"{home}/params/{written}", _bytes(_param_text(run.params[name])))
        for name, text in tags.items():
            folder.write(f"{home}/tags/{name}", _bytes(text))
        for one, written in series.items():
            with folder.writing(f"{home}/metrics/{written}") as stream:
                for steps, times_ms, values in self._leaving.points(run, one):
                    columns = zip(times_ms.tolist(), values.tolist(), steps.tolist(), strict=True)
                    stream.write(
                        "".join([f"{time_ms} {value!r} {step}\n" for time_ms, value, step in columns]).encode()
                    )

    def _tags(self, run: LeavingRun, params: Mapping[str, str], series: Mapping[Series, str]) -> dict[str, str]:
        """Give all tags of a run: those of MLflow, of the run, and of artui."""
        facts = run.facts
        native = {"mlflow.runName": run.name, "mlflow.source.type": "LOCAL"}
        native |= {"mlflow.user": facts["user"]} if facts["user"] else {}
        native |= {"mlflow.source.name": " ".join(run.command)[:_MAX_SOURCE_CHARS]} if run.command else {}
        native |= {"mlflow.source.git.commit": facts["git_commit"]} if facts["git_commit"] else {}
        native |= {"mlflow.source.git.branch": facts["git_branch"]} if facts["git_branch"] else {}
        native |= {"mlflow.parentRunId": self._id_of(facts["parent_id"])} if facts["parent_id"] else {}
        native |= {NOTE_TAG: facts["note"]} if facts["note"] else {}
        # A tag that MLflow or artui uses for something else gets another name.
        taken = {name for name, value in native.items() if run.tags.get(name) != value} | OURS | {NOTE_TAG}
        written = _names(run.tags, taken=sorted(taken))
        odd = {there: name for name, there in written.items() if there != name or there.startswith("mlflow.")}
        types = {written: kind for name, written in params.items() if (kind := _kind(run.params[name]))}
        said = {
            "params": {there: name for name, there in params.items() if there != name}, "tags": odd,
            "series": {there: [one.name, one.labels] for one, there in series.items() if (there, "") != (one.name, one.labels)},
        }  # fmt: skip
        carried = {"id": run.id, "command": run.command} | {
            name: facts[name] for name in _FACTS if facts[name] not in (None, "")
        }
        ours: dict[str, Any] = {TYPES: types, NAMES: {word: value for word, value in said.items() if value}, FACTS: carried}  # fmt: skip
        texts = {name: orjson.dumps(value).decode() for name, value in ours.items() if value}
        return {**native, **{there: run.tags[name] for name, there in written.items()}, ID_TAG: run.id, **texts}

    def _experiment(self, project: str) -> str:
        """Give the id of an experiment, which is written once: digits, as MLflow makes them."""
        number = int(hashlib.sha256(project.encode("utf-8", "replace")).hexdigest()[:16], 16) % (9 * 10**17) + 10**17
        experiment = "0" if project == _DEFAULT else str(number)
        if self._folder is not None and experiment not in self._experiments:
            meta = {
                "artifact_location": (self._folder.place / experiment).as_uri(), "experiment_id": experiment, "lifecycle_stage": "active", "name": project,
            }  # fmt: skip
            self._folder.write(f"{experiment}/meta.yaml", _yaml(meta))
        self._experiments.add(experiment)
        return experiment

    def _id_of(self, run_id: str) -> str:
        """Give the id that a run has for MLflow: that which it came with, else always the same one."""
        return self._ids.get(run_id) or hashlib.sha256(f"artui {run_id}".encode()).hexdigest()[:32]


def _names(names: Iterable[str], taken: Iterable[str] = ()) -> dict[str, str]:
    """Give for names those that they are written under: names that MLflow takes, and each a file that is no folder of another."""
    paths, written = Paths(), {}
    for name in taken:
        paths.take(name)
    for name in sorted(names):
        plain = plain_name(name)
        if not _is_path(plain) or not paths.take(plain):
            plain = _apart(name, name)
            number = 1
            while not paths.take(plain):
                plain, number = _apart(name, f"{name}\0{number}"), number + 1
        written[name] = plain
    return written


def _series_names(series: Iterable[Series]) -> dict[Series, str]:
    by_text = {f"{one.name}[{one.labels}]" if one.labels else one.name: one for one in series if one.labels}
    plain = {one.name: one for one in series if not one.labels}
    # A name may look like another one with its labels.
    texts = {**{f"{text}\0": one for text, one in by_text.items() if text in plain}, **{text: one for text, one in by_text.items() if text not in plain}, **plain}  # fmt: skip
    return {texts[text]: written for text, written in _names(texts).items()}


def _is_path(name: str) -> bool:
    return all(not part.startswith(".") and part != "__MACOSX" and part == part.strip() for part in name.split("/"))


def _apart(name: str, by: str) -> str:
    plain = re.sub(r"[^A-Za-z0-9_\-.]", "_", name[:MAX_NAME_CHARS]).strip(".")
    return f"{plain[: MAX_NAME_CHARS - 9]}-{digest_of(by)}"


def _kind(value: Any) -> str:
    """Say what a param is, where its text does not."""
    if isinstance(value, list | dict) or value is None:
        return "json"
    if comes_back(value):
        return ""
    return "text" if isinstance(value, str) else "json"


def _param_text(value: Any) -> str:
    return json.dumps(value) if isinstance(value, list | dict) or value is None else param_text(value)


def _yaml(meta: Mapping[str, Any]) -> bytes:
    text: str = yaml.safe_dump(dict(meta), default_flow_style=False, allow_unicode=True)
    return _bytes(text)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")
