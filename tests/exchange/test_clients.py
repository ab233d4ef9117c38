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

from artui.catalog.runs import flatten
from artui.exchange.importing import import_paths
from artui.exchange.intake.words import plain_value
from artui.model import RunDetail
from artui.query.artifacts import artifact_list, file_text, get_version, versions
from artui.query.reader import Reader
from artui.query.run import get_run
from artui.query.series.points import get_series
from tests.exchange.looking import content

STORES = Path(__file__).parent.parent / "data" / "stores"
STATUSES = {"FINISHED": "finished", "FAILED": "failed", "KILLED": "killed"}


def clients(format: str) -> pytest.MarkDecorator:
    """Give a test every archive of a format."""
    found = sorted(path.name.removesuffix(".tar.xz") for path in STORES.glob(f"{format}-*.tar.xz"))
    return pytest.mark.parametrize("client", found)


def unpack(client: str, folder: Path) -> dict[str, Any]:
    """Unpack an archive; give what its client reads in it."""
    with tarfile.open(STORES / f"{client}.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    told: dict[str, Any] = json.loads((folder / "expected.json").read_text())
    (folder / "expected.json").unlink()
    return told


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
    found = {}
    for metric in run.metrics:
        if metric.labels == labels and not metric.name.startswith("system/"):
            series = get_series(reader, run.head.id, metric.name, labels)
            finite = [value for value in series.values.tolist() if math.isfinite(value)]
            found[metric.name] = {
                "count": len(series.values),
                "first": told(series.values[0]),
                "last": told(series.values[-1]),
                "steps": [int(series.steps[0]), int(series.steps[-1]), len(np.unique(series.steps))],
                "sum": pytest.approx(math.fsum(finite), rel=1e-12),
            }
    return found


def told(number: float) -> float | str:
    if math.isnan(number):
        return "NaN"
    return float(number) if math.isfinite(number) else "Infinity" if number > 0 else "-Infinity"


def files_of(reader: Reader, run: RunDetail) -> list[list[Any]]:
    """List path and size of all files that a run made, by their paths in its folder of artifacts."""
    found = []
    for head in run.outputs:
        detail = get_version(reader, head.id)
        if "model_id" in detail.metadata or head.project == "model-registry":
            continue
        for file in detail.files:
            is_whole = head.file_count == 1 and file.path == head.artifact
            found.append([file.path if is_whole else f"{head.artifact}/{file.path}", file.size_bytes])
    return sorted(found)


def version_files(reader: Reader, id: str) -> list[list[Any]]:
    return sorted([file.path, file.size_bytes] for file in get_version(reader, id).files)


@clients("mlflow")
@pytest.mark.parametrize("layout", ["sqlite", "file"])
def test_mlflow_is_read_as_mlflow_reads_it(client: str, layout: str, tmp_path: Path) -> None:
    """Runs, histories, artifacts, datasets and registered models of an MLflow store are those of its own API."""
    expected = unpack(client, tmp_path)["stores"][layout]

    reader = take(tmp_path / layout, tmp_path / "c.artui")

    found = {run.context["import"]["run_id"]: (run, is_deleted) for run, is_deleted in runs_of(reader)}
    assert found.keys() == {each["id"] for each in expected["runs"]}
    for each in expected["runs"]:
        run, is_deleted = found[each["id"]]
        assert (run.head.name, run.head.project, is_deleted, run.note) == (each["name"], each["project"], each["is_deleted"], each["note"])  # fmt: skip
        assert (run.head.started_ms, run.head.ended_ms) == (each["started_ms"], each["ended_ms"]) or each["ended_ms"] is None  # fmt: skip
        assert each["status"] == "RUNNING" or run.head.status == STATUSES[each["status"]]
        assert {param.name: param.value for param in run.params} == {
            name: plain_value(text) for name, text in each["params"].items()
        }
        assert {tag.name: tag.value for tag in run.tags} == each["tags"]
        assert run.head.parent_id == (found[each["parent"]][0].head.id if each["parent"] else None)
        assert summaries(reader, run) == each["metrics"]
        logged = [head for head in run.outputs if "model_id" in get_version(reader, head.id).metadata and head.project != "model-registry"]  # fmt: skip
        assert sorted(head.artifact for head in logged) == sorted(name for name, run_id in expected["logged"] if run_id == each["id"])  # fmt: skip
        assert files_of(reader, run) == each["files"]
        assert sorted(head.artifact for head in run.inputs) == each["inputs"]
    registered = {}
    for artifact in artifact_list(reader):
        if artifact.project == "model-registry":
            heads = versions(reader, artifact.key)
            registered[artifact.name] = {
                "versions": {str(head.number): made(reader, head.id) for head in heads},
                "aliases": {alias: head.number for head in heads for alias in head.aliases if alias != "latest"},
            }
    for each in expected["registered"].values():
        each["aliases"] |= {
            version["stage"].lower(): int(number)
            for number, version in each["versions"].items()
            if version["stage"] not in (None, "None")
        }
        for version in each["versions"].values():
            version["stage"] = "" if version["stage"] in (None, "None") else version["stage"]
    assert registered == expected["registered"]


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

    found = {run.context["import"]["run_id"]: run for run, _ in runs_of(reader)}
    assert found.keys() == {each["id"] for each in expected}
    for each in expected:
        run = found[each["id"]]
        assert (run.head.name, run.head.project, run.note) == (each["name"], each["project"], each["note"])
        assert run.head.status in {None: ("running", "killed", "interrupted", "crashed", "lost"), 0: ("finished",), 1: ("failed",)}[each["exit"]]  # fmt: skip
        assert {param.name: param.value for param in run.params} == flatten(each["params"])
        wanted = {**dict.fromkeys(each["tags"], ""), "group": each["group"], "job_type": each["job_type"]}
        assert {tag.name: tag.value for tag in run.tags} == wanted
        assert summaries(reader, run) == each["metrics"]
        alone = {name: value["last"] for name, value in summaries(reader, run, labels="summary").items()}
        # `loss.min` and the like are what W&B works out from a series: artui has that of every series.
        assert alone == {name: value for name, value in each["summary_only"].items() if name.rpartition(".")[0] not in each["metrics"]}  # fmt: skip
        made = {head.artifact: head for head in run.outputs if head.artifact in each["artifacts"]}
        used = {head.artifact: head for head in run.inputs}
        for name, artifact in each["artifacts"].items():
            head = made.get(name) or used[name]
            assert version_files(reader, head.id) == artifact["files"]
            assert get_version(reader, head.id).metadata["wandb_type"] == artifact["type"]
            assert set(artifact["aliases"]) <= {"latest", *head.aliases}
        by_key = {get_version(reader, head.id).metadata.get("key"): head.file_count for head in run.outputs}
        assert {name: by_key.get(name) for name in each["media"]} == each["media"]
        if line := next(iter(each["console"].strip().splitlines()), ""):
            [log] = [head for head in run.outputs if head.artifact == "console"]
            assert line in file_text(reader, log.key, "console.log")[0]


def _with_hparams_inside(expected: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Put what `SummaryWriter.add_hparams` wrote into folders of its own to the run that it is of."""
    by_name = {each["name"]: each for each in expected}
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

    found = {run.head.name: run for run, _ in runs_of(reader)}
    assert found.keys() == {each["name"] for each in expected}
    for each in expected:
        run = found[each["name"]]
        assert summaries(reader, run) == each["metrics"]
        assert {param.name: param.value for param in run.params} == each["params"]
        outputs = {(head.artifact, head.kind): head for head in run.outputs}
        for name, sizes in each["pictures"].items():
            assert sorted(size for _, size in version_files(reader, outputs[name, "figure"].id)) == sizes
        for name, texts in each["texts"].items():
            [file] = version_files(reader, outputs[name, "report"].id)
            assert file[1] == len("\n\n".join(texts).encode())
        assert each["histograms"].keys() == {name for name, kind in outputs if kind == "table"}


@clients("lightning")
def test_lightning_is_read_as_it_was_logged(client: str, tmp_path: Path) -> None:
    """Metrics of both loggers, hyperparameters and checkpoints are those that Lightning wrote."""
    expected = unpack(client, tmp_path)["runs"]

    reader = take(tmp_path / "logs", tmp_path / "c.artui")

    found = {run.head.name: run for run, _ in runs_of(reader)}
    assert found.keys() == {each["name"] for each in expected}
    for each in expected:
        run = found[each["name"]]
        assert summaries(reader, run) == each["metrics"]
        assert {param.name: param.value for param in run.params} == flatten(each["params"])


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
