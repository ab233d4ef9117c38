"""Stores of real clients, of 2019 to today: what the importers read is what each client's own API reads.

Each archive is one client's, with what that client reads in it as `expected.json`: see `tests/data/make_stores.py`.
"""

from __future__ import annotations

import json
import math
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from artui.catalog.importedreleases import SERVING_ALIASES
from artui.catalog.runs import flatten
from artui.exchange.importing import import_paths
from artui.exchange.intake.words import plain_value
from artui.model import RunDetail
from artui.query.artifacts import artifact_list, file_text, get_version, versions
from artui.query.deployments import deployments
from artui.query.reader import Reader
from artui.query.run import get_run
from artui.query.series.points import get_series
from tests.exchange.looking import content

STORES = Path(__file__).parent.parent / "data" / "stores"
STATUSES = {"FINISHED": "finished", "FAILED": "failed", "KILLED": "killed"}


def clients(format: str) -> pytest.MarkDecorator:
    """Give a test every archive of a format."""
    clients = sorted(path.name.removesuffix(".tar.xz") for path in STORES.glob(f"{format}-*.tar.xz"))
    return pytest.mark.parametrize("client", clients)


def unpack(client: str, folder: Path) -> dict[str, Any]:
    """Unpack an archive; give what its client reads in it."""
    with tarfile.open(STORES / f"{client}.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    expected: dict[str, Any] = json.loads((folder / "expected.json").read_text())
    (folder / "expected.json").unlink()
    return expected


def take(store: Path, catalog: Path) -> Reader:
    """Import a store, and see that importing it once more changes nothing."""
    first = import_paths([store], catalog)
    before = content(catalog)
    again = import_paths([store], catalog)
    assert not any(report.damaged for report in first)
    assert content(catalog) == before and not any(report.has_news for report in again)
    return Reader(catalog)


def runs_of(reader: Reader) -> list[tuple[RunDetail, bool]]:
    """Give each run, and whether it is deleted."""
    with reader.reading() as connection:
        ids = connection.execute("SELECT id, deleted_ms FROM run").fetchall()
    return [(get_run(reader, id), deleted is not None) for id, deleted in ids]


def summaries(reader: Reader, run: RunDetail, *, labels: str = "") -> dict[str, Any]:
    """Reduce each series of a run as `make_stores.py` does."""
    by_name = {}
    for metric in run.metrics:
        if metric.labels == labels and not metric.name.startswith("system/"):
            series = get_series(reader, run.head.id, metric.name, labels)
            finite = [value for value in series.values.tolist() if math.isfinite(value)]
            by_name[metric.name] = {
                "count": len(series.values),
                "first": as_json_number(series.values[0]),
                "last": as_json_number(series.values[-1]),
                "steps": [int(series.steps[0]), int(series.steps[-1]), len(np.unique(series.steps))],
                "sum": pytest.approx(math.fsum(finite), rel=1e-12),
            }
    return by_name


def as_json_number(number: float) -> float | str:
    if math.isnan(number):
        return "NaN"
    return float(number) if math.isfinite(number) else "Infinity" if number > 0 else "-Infinity"


def files_of(reader: Reader, run: RunDetail) -> list[list[Any]]:
    """List path and size of all files that a run made, by their paths in its folder of artifacts."""
    files = []
    for head in run.outputs:
        detail = get_version(reader, head.id)
        if "model_id" in detail.metadata or head.project == "model-registry":
            continue
        for file in detail.files:
            is_whole = head.file_count == 1 and file.path == head.artifact
            files.append([file.path if is_whole else f"{head.artifact}/{file.path}", file.size_bytes])
    return sorted(files)


def version_files(reader: Reader, id: str) -> list[list[Any]]:
    return sorted([file.path, file.size_bytes] for file in get_version(reader, id).files)


@clients("mlflow")
@pytest.mark.parametrize("layout", ["sqlite", "file"])
def test_mlflow_is_read_as_mlflow_reads_it(client: str, layout: str, tmp_path: Path) -> None:
    """Runs, histories, artifacts, datasets and registered models of an MLflow store are those of its own API."""
    expected = unpack(client, tmp_path)["stores"][layout]

    reader = take(tmp_path / layout, tmp_path / "c.artui")

    runs_by_id = {run.context["import"]["run_id"]: (run, is_deleted) for run, is_deleted in runs_of(reader)}
    assert runs_by_id.keys() == {wanted_run["id"] for wanted_run in expected["runs"]}
    for wanted_run in expected["runs"]:
        run, is_deleted = runs_by_id[wanted_run["id"]]
        assert (run.head.name, run.head.project, is_deleted, run.note) == (wanted_run["name"], wanted_run["project"], wanted_run["is_deleted"], wanted_run["note"])  # fmt: skip
        assert (run.head.started_ms, run.head.ended_ms) == (wanted_run["started_ms"], wanted_run["ended_ms"]) or wanted_run["ended_ms"] is None  # fmt: skip
        assert wanted_run["status"] == "RUNNING" or run.head.status == STATUSES[wanted_run["status"]]
        assert {param.name: param.value for param in run.params} == {
            name: plain_value(text) for name, text in wanted_run["params"].items()
        }
        assert {tag.name: tag.value for tag in run.tags} == wanted_run["tags"]
        assert run.head.parent_id == (runs_by_id[wanted_run["parent"]][0].head.id if wanted_run["parent"] else None)
        assert summaries(reader, run) == wanted_run["metrics"]
        logged = [head for head in run.outputs if "model_id" in get_version(reader, head.id).metadata and head.project != "model-registry"]  # fmt: skip
        assert sorted(head.artifact for head in logged) == sorted(name for name, run_id in expected["logged"] if run_id == wanted_run["id"])  # fmt: skip
        assert files_of(reader, run) == wanted_run["files"]
        assert sorted(head.artifact for head in run.inputs) == wanted_run["inputs"]
    registered = {}
    for artifact in artifact_list(reader):
        if artifact.project == "model-registry" and artifact.kind != "deployment":
            heads = versions(reader, artifact.key)
            registered[artifact.name] = {
                "versions": {str(head.number): made(reader, head.id) for head in heads},
                "aliases": {alias: head.number for head in heads for alias in head.aliases if alias != "latest"},
            }
    for model in expected["registered"].values():
        model["aliases"] |= {
            version["stage"].lower(): int(number)
            for number, version in model["versions"].items()
            if version["stage"] not in (None, "None")
        }
        for version in model["versions"].values():
            version["stage"] = "" if version["stage"] in (None, "None") else version["stage"]
    assert registered == expected["registered"]
    # Stages, and aliases that say that a version serves, are releases since nobody knows when.
    serving = {
        place.name: [(one.release.named, one.release.role, one.release.from_ms) for one in place.served(2**45)]
        for place in deployments(reader)
    }
    assert serving == {
        f"{name}/{alias}": [(f"{name}:v{number}", SERVING_ALIASES[alias.lower()], 0)]
        for name, model in expected["registered"].items()
        for alias, number in model["aliases"].items()
        if alias.lower() in SERVING_ALIASES
    }


def made(reader: Reader, id: str) -> dict[str, str]:
    """Give what is told of a version of a registered model."""
    facts = get_version(reader, id).metadata
    with reader.reading() as connection:
        [(note,)] = connection.execute("SELECT note FROM version WHERE id = ?", (id,)).fetchall()
    return {"run": facts.get("run_id", ""), "stage": facts.get("stage", ""), "note": note}


@clients("wandb")
def test_wandb_is_read_as_wandb_reads_it(client: str, tmp_path: Path) -> None:
    """Config, history, summary, console and artifacts of W&B's logs are those of its own reader; logs of one run are one run."""
    expected = unpack(client, tmp_path)["runs"]

    reader = take(tmp_path, tmp_path / "c.artui")

    runs_by_id = {run.context["import"]["run_id"]: run for run, _ in runs_of(reader)}
    assert runs_by_id.keys() == {wanted_run["id"] for wanted_run in expected}
    for wanted_run in expected:
        run = runs_by_id[wanted_run["id"]]
        assert (run.head.name, run.head.project, run.note) == (
            wanted_run["name"],
            wanted_run["project"],
            wanted_run["note"],
        )
        assert run.head.status in {None: ("running", "killed", "interrupted", "crashed", "lost"), 0: ("finished",), 1: ("failed",)}[wanted_run["exit"]]  # fmt: skip
        assert {param.name: param.value for param in run.params} == flatten(wanted_run["params"])
        wanted = {
            **dict.fromkeys(wanted_run["tags"], ""),
            "group": wanted_run["group"],
            "job_type": wanted_run["job_type"],
        }
        assert {tag.name: tag.value for tag in run.tags} == wanted
        assert summaries(reader, run) == wanted_run["metrics"]
        alone = {name: value["last"] for name, value in summaries(reader, run, labels="summary").items()}
        # `loss.min` and the like are what W&B works out from a series: artui has that of every series.
        assert alone == {name: value for name, value in wanted_run["summary_only"].items() if name.rpartition(".")[0] not in wanted_run["metrics"]}  # fmt: skip
        made = {head.artifact: head for head in run.outputs if head.artifact in wanted_run["artifacts"]}
        used = {head.artifact: head for head in run.inputs}
        for name, artifact in wanted_run["artifacts"].items():
            head = made.get(name) or used[name]
            assert version_files(reader, head.id) == artifact["files"]
            assert get_version(reader, head.id).metadata["wandb_type"] == artifact["type"]
            assert set(artifact["aliases"]) <= {"latest", *head.aliases}
        by_key = {get_version(reader, head.id).metadata.get("key"): head.file_count for head in run.outputs}
        assert {name: by_key.get(name) for name in wanted_run["media"]} == wanted_run["media"]
        if line := next(iter(wanted_run["console"].strip().splitlines()), ""):
            [log] = [head for head in run.outputs if head.artifact == "console"]
            assert line in file_text(reader, log.key, "console.log")[0]


def _with_hparams_inside(expected: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Put what `SummaryWriter.add_hparams` wrote into folders of its own to the run that it is of."""
    by_name = {wanted_run["name"]: wanted_run for wanted_run in expected}
    for name in list(by_name):
        above, _, last = name.rpartition("/")
        if above in by_name and last.replace(".", "").isdigit():
            inside = by_name.pop(name)
            for what in ("metrics", "params"):
                by_name[above][what] |= inside[what]
    return list(by_name.values())


@clients("tensorboard")
def test_tensorboard_is_read_as_tensorboard_reads_it(client: str, tmp_path: Path) -> None:
    """Runs, scalars, params, texts, pictures and histograms of event files are those of TensorBoard's own reader."""
    expected = _with_hparams_inside(unpack(client, tmp_path)["runs"])

    reader = take(tmp_path / "runs", tmp_path / "c.artui")

    runs_by_name = {run.head.name: run for run, _ in runs_of(reader)}
    assert runs_by_name.keys() == {wanted_run["name"] for wanted_run in expected}
    for wanted_run in expected:
        run = runs_by_name[wanted_run["name"]]
        assert summaries(reader, run) == wanted_run["metrics"]
        assert {param.name: param.value for param in run.params} == wanted_run["params"]
        outputs = {(head.artifact, head.kind): head for head in run.outputs}
        for name, sizes in wanted_run["pictures"].items():
            assert sorted(size for _, size in version_files(reader, outputs[name, "figure"].id)) == sizes
        for name, texts in wanted_run["texts"].items():
            [file] = version_files(reader, outputs[name, "report"].id)
            assert file[1] == len("\n\n".join(texts).encode())
        assert wanted_run["histograms"].keys() == {name for name, kind in outputs if kind == "table"}


@clients("lightning")
def test_lightning_is_read_as_it_was_logged(client: str, tmp_path: Path) -> None:
    """Metrics of both loggers, hyperparameters and checkpoints are those that Lightning wrote."""
    expected = unpack(client, tmp_path)["runs"]

    reader = take(tmp_path / "logs", tmp_path / "c.artui")

    runs_by_name = {run.head.name: run for run, _ in runs_of(reader)}
    assert runs_by_name.keys() == {wanted_run["name"] for wanted_run in expected}
    for wanted_run in expected:
        run = runs_by_name[wanted_run["name"]]
        assert summaries(reader, run) == wanted_run["metrics"]
        assert {param.name: param.value for param in run.params} == flatten(wanted_run["params"])


@clients("transformers")
def test_trainer_is_read_as_transformers_reads_it(client: str, tmp_path: Path) -> None:
    """The log of a Trainer, its checkpoints with the best of them, and the final model are those that it wrote."""
    [expected] = unpack(client, tmp_path)["runs"]

    reader = take(tmp_path, tmp_path / "c.artui")

    [(run, _)] = runs_of(reader)
    assert run.head.name == expected["name"]
    assert summaries(reader, run) == expected["metrics"]
    best = [get_version(reader, head.id) for head in run.outputs if "best" in head.aliases]
    assert [detail.metadata["folder"] for detail in best] == [expected["best"]]
    assert {artifact.name for artifact in artifact_list(reader)} >= {"final-bert"}
