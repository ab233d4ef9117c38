"""A catalog as MLflow's folder: it comes back as it left, nothing lies outside, and MLflow's own client reads the same."""

from __future__ import annotations

import json
import math
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, given, settings

from artui.catalog import Catalog, points, runs
from artui.exchange.importing import import_paths
from artui.exchange.leaving.order import Exported, Order
from artui.exchange.mlflow.folderexporter import export
from artui.query.reader import Reader
from tests.counts import tried
from tests.exchange.histories import BEGIN_MS, HISTORIES, record
from tests.exchange.looking import content, content_of_runs


def exported(path: Path, folder: Path, **order: Any) -> Exported:
    """Export a catalog."""
    with Reader(path) as reader:
        return export(reader, str(folder), Order(**order))


def test_the_demo_comes_back(demo_catalog: Path, tmp_path: Path) -> None:
    """Runs with all facts, params by their types, tags and points, under the same ids; the files that runs made; twice changes nothing."""
    made = exported(demo_catalog, tmp_path / "mlruns")

    [report] = import_paths([tmp_path / "mlruns"], tmp_path / "back.artui")

    assert content_of_runs(tmp_path / "back.artui") == content_of_runs(demo_catalog)
    assert not report.damaged_count and not made.refused
    made_files = {row[3] for row in content(demo_catalog)["files"]} & {row[3] for row in content(tmp_path / "back.artui")["files"]}  # fmt: skip
    assert len(made_files) > 10 and made.rows["files"] == len(list((tmp_path / "mlruns").glob("*/*/artifacts/**/*.*")))
    before = content(tmp_path / "back.artui")
    [again] = import_paths([tmp_path / "mlruns"], tmp_path / "back.artui")
    assert content(tmp_path / "back.artui") == before and not again.has_news
    import_paths([tmp_path / "mlruns"], demo_catalog)
    assert content_of_runs(demo_catalog) == content_of_runs(tmp_path / "back.artui")


@settings(max_examples=tried(5, 150), deadline=None, phases=(Phase.explicit, Phase.generate))
@given(HISTORIES)
def test_whatever_was_recorded_comes_back(recorded: list[dict[str, Any]]) -> None:
    """Any runs by any names, also those in the trash: nothing lies outside, and of a NaN alone its bits are lost."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        record(folder / "c.artui", recorded, with_deleted=True)
        (folder / "in").mkdir()

        made = exported(folder / "c.artui", folder / "in" / "mlruns")

        assert sorted(os.listdir(folder)) == ["c.artui", "in"] and os.listdir(folder / "in") == ["mlruns"]
        assert not made.refused and made.rows["runs"] == len(recorded)
        import_paths([folder / "in" / "mlruns"], folder / "back.artui")
        assert content_of_runs(folder / "back.artui") == content_of_runs(folder / "c.artui")


def test_what_was_changed_in_mlflow_counts(tmp_path: Path) -> None:
    """A note, a tag and a status that somebody gave a run there are those that come back."""
    with Catalog(tmp_path / "c.artui") as catalog, catalog.transaction() as connection:
        key = runs.start(connection, runs.NewRun(project="p", name="one", started_ms=BEGIN_MS, tags={"t": "old"}, note="old"))  # fmt: skip
        runs.finish(connection, key, status="finished", ended_ms=BEGIN_MS + 9, duration_ms=7)
    exported(tmp_path / "c.artui", tmp_path / "mlruns")
    [meta] = (tmp_path / "mlruns").glob("*/*/meta.yaml")
    meta.write_text(meta.read_text().replace("status: 3", "status: 4"))
    (meta.parent / "tags" / "t").write_text("new")
    (meta.parent / "tags" / "mlflow.note.content").write_text("new")

    import_paths([tmp_path / "mlruns"], tmp_path / "back.artui")

    back = content(tmp_path / "back.artui")
    assert [row[2] for row in back["tags"]] == ["new"] and "new" in back["runs"][0] and back["runs"][0][4] == 2


CLIENT = """
import json, math, sys
from mlflow.tracking import MlflowClient
from mlflow.entities import ViewType

client = MlflowClient(tracking_uri="file://" + sys.argv[1])
out = []
for experiment in client.search_experiments(view_type=ViewType.ALL):
    for run in client.search_runs([experiment.experiment_id], run_view_type=ViewType.ALL, max_results=1000):
        info, data = run.info, run.data
        history = {name: [[one.step, one.timestamp, repr(one.value)] for one in client.get_metric_history(info.run_id, name)] for name in data.metrics}
        files = sorted(file.path for file in client.list_artifacts(info.run_id))
        out.append([data.tags["artui.id"], experiment.name, info.run_name, info.status, info.start_time, info.end_time, info.lifecycle_stage, data.params, data.tags, history, files])
print(json.dumps(out))
"""


def test_mlflow_reads_the_same(demo_catalog: Path, tmp_path: Path) -> None:
    """Its own client gives each run with its experiment, status, times, params, history and artifacts."""
    program = os.environ.get("ARTUI_TEST_MLFLOW")
    if not program:
        pytest.skip("ARTUI_TEST_MLFLOW names no program `mlflow`")
    with Catalog(demo_catalog) as catalog, catalog.transaction() as connection:
        key = runs.start(connection, runs.NewRun(project="../odd", name="../../x", started_ms=BEGIN_MS, params={"a/b": 1, "a": "x\n", "=": [1]}, note="n"))  # fmt: skip
        for name, labels in (("a", ""), ("a/b", ""), ("a", "rank=1"), ("A", "")):
            values = np.array([math.nan, math.inf, -math.inf, -0.0, 5e-324])
            points.append(connection, key, runs.name_key(connection, name), labels, np.array([-3, -3, 5, 2, 2]), np.arange(5) + BEGIN_MS, values)  # fmt: skip
        connection.execute("UPDATE run SET deleted_ms = 5 WHERE name = '../../x'")
    exported(demo_catalog, tmp_path / "mlruns")

    done = subprocess.run(
        [str(Path(program).parent / "python"), "-c", CLIENT, str(tmp_path / "mlruns")], capture_output=True, text=True, check=False,
        env={"MLFLOW_ALLOW_FILE_STORE": "true", "HOME": str(tmp_path), "PATH": os.environ["PATH"]},
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    read = {row[0]: row[1:] for row in json.loads(done.stdout)}
    wanted = content(demo_catalog)
    words = ("RUNNING", "FINISHED", "FAILED", "KILLED")
    assert read.keys() == {row[0] for row in wanted["runs"]}
    for row in wanted["runs"]:
        one = read[row[0]]
        assert one[:5] == [row[1], row[3], words[row[4]], row[6], row[7]] and (one[5] == "deleted") == (row[9] is not None)  # fmt: skip
        mine = {key.split(" ", 1)[1]: steps for key, steps in wanted["points"].items() if key.startswith(row[0])}
        written = dict(json.loads(one[7].get("artui.names", "{}")).get("series", {}))  # fmt: skip
        history = {" ".join(written.get(name, [name, ""])): steps for name, steps in one[8].items()}
        assert history.keys() == mine.keys()
        for name, steps in mine.items():
            assert sorted(map(tuple, history[name])) == sorted((step, ms, repr(float.fromhex(value))) for step, ms, value in steps)  # fmt: skip
        assert len(one[6]) == sum(param[0] == row[0] for param in wanted["params"])
