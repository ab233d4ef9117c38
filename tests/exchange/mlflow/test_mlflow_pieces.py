"""MLflow's stores piece by piece: one that is bad costs itself alone, and what artui has no place for is counted."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from artui.exchange.importing import import_paths
from artui.exchange.intake.report import Report
from artui.exchange.mlflow.artifacts import Places
from tests.exchange.looking import content
from tests.exchange.mlruns import STARTED_MS, write_run
from tests.exchange.writing import SECONDS, write_database

GOOD = [(0, 1.0), (1, 0.5)]


def _points(catalog: Path) -> dict[str, list[tuple[int, float]]]:
    return {
        name.split(" ", 1)[1].strip(): [(step, float.fromhex(value)) for step, _, value in points]
        for name, points in content(catalog)["points"].items()
    }


def _import(store: Path, catalog: Path) -> Report:
    catalog.unlink(missing_ok=True)
    [report] = import_paths([store], catalog)
    return report


def _store(root: Path) -> Path:
    """A store with one of everything; give the run's folder."""
    folder = write_run(
        root, 1, params={"a": "1", "b": "2", "c": "3"}, tags={"s": "x", "t": "y"}, metrics={name: [1.0, 0.5] for name in "abc"},
        artifacts={"out/plot.png": b"\x89PNG"},
    )  # fmt: skip
    write_run(root, 2, experiment="2", project="other")
    _meta(root / "1" / "datasets" / "d1", name="digits", digest="d1", source_type="local", source='{"uri": "x"}')
    for data in ("d1", "gone"):
        _meta(folder / "inputs" / data, source_type="DATASET", source_id=data, destination_type="RUN")
    for name in ("m-" + "1" * 32, "m-" + "2" * 32):
        _meta(root / "1" / "models" / name, model_id=name, name=name[:4], experiment_id="1", source_run_id=folder.name, artifact_location="gone", creation_timestamp=STARTED_MS)  # fmt: skip
    for name in ("kept", "lost"):
        _meta(root / "models" / name, name=name, creation_timestamp=STARTED_MS)
        for number in (1, 2):
            _meta(root / "models" / name / f"version-{number}", name=name, version=number, run_id=folder.name, source="gone", creation_timestamp=STARTED_MS)  # fmt: skip
    return folder


def _meta(folder: Path, **fields: Any) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    lines = [f"{key}: {json.dumps(value)}" for key, value in fields.items()]
    (folder / "meta.yaml").write_text("\n".join(lines) + "\n")


def _make_huge(path: Path) -> None:
    path.write_bytes(b"x" * (17 << 20))


def _bad_yaml(path: Path) -> None:
    path.write_bytes(b"{: not yaml")


Break = Callable[[Path, Path], object]
BREAKS: dict[str, Break] = {
    "a line of a metric": lambda _, run: (run / "metrics/a").write_text("1700 1.0 0\ngarbage\n1701 0.5 1\n"),
    "a number of a metric": lambda _, run: (run / "metrics/a").write_text("1700 1.0 0\n1701 0.2.5 7\n1701 0.5 1\n"),
    "a step beyond all numbers": lambda _, run: (run / "metrics/a").write_text(f"1700 1.0 0\n1701 2 {1 << 70}\n1701 0.5 1\n"),
    "bytes that are no text": lambda _, run: (run / "metrics/a").write_bytes(b"1700 1.0 0\n\xff\xfe\0 1 2\n1701 0.5 1\n"),
    "a line that was only begun": lambda _, run: (run / "metrics/a").write_text("1700 1.0 0\n1701 0.5 1\n1702 0.2"),
    "a value of a line that was only begun": lambda _, run: (run / "metrics/a").write_text("1700 1.0 0\n1701 0.5 1\n1702 0.25 1"),
    "a param": lambda _, run: _make_huge(run / "params/a"),
    "a tag": lambda _, run: _make_huge(run / "tags/s"),
    "an input": lambda _, run: _bad_yaml(run / "inputs/gone/meta.yaml"),
    "a logged model": lambda root, _: _bad_yaml(root / "1/models" / ("m-" + "2" * 32) / "meta.yaml"),
    "a registered model": lambda root, _: _bad_yaml(root / "models/lost/meta.yaml"),
    "a version of a registered model": lambda root, _: _bad_yaml(root / "models/lost/version-1/meta.yaml"),
    "another experiment": lambda root, _: _bad_yaml(root / "2/meta.yaml"),
    "another run": lambda root, _: _bad_yaml(root / "2" / f"{2:032x}" / "meta.yaml"),
}  # fmt: skip


@pytest.mark.parametrize("what", BREAKS)
def test_one_bad_piece_of_a_folder_costs_itself_alone(what: str, tmp_path: Path) -> None:
    """Whatever else the store holds is there as without it, and the report says what is not."""
    root = tmp_path / "mlruns"
    folder = _store(root)
    assert not _import(root, tmp_path / "whole.artui").damaged_count
    whole = content(tmp_path / "whole.artui")
    BREAKS[what](root, folder)

    report = _import(root, tmp_path / "c.artui")

    tables = content(tmp_path / "c.artui")
    points = _points(tmp_path / "c.artui")
    assert points["a"] == points["b"] == points["c"] == GOOD and len(tables["runs"]) == 2
    for part in ("params", "tags", "versions"):
        missing = [row for row in whole[part] if row not in tables[part]]
        assert len(missing) <= 2, missing  # a registered model has two versions
    assert {row[1] for row in tables["params"]} >= {"b", "c"}
    assert report.damaged_count or report.left


@pytest.mark.parametrize("folder", ["metrics", "params", "tags"])
def test_a_file_that_cannot_be_opened_costs_no_other(folder: str, tmp_path: Path) -> None:
    """A link that leads out of the store in the middle of others is passed over, and told."""
    run = _store(tmp_path / "store" / "mlruns")
    (tmp_path / "outside").write_text("1700 1.0 0\n")
    (run / folder / "aa").symlink_to(tmp_path / "outside")

    report = _import(tmp_path / "store", tmp_path / "c.artui")

    assert set(_points(tmp_path / "c.artui")) == {"a", "b", "c", "loss"} and report.taken["params"] == 4


def test_bad_lines_are_counted_by_metric(tmp_path: Path) -> None:
    """Each metric with bad lines is named with how many they are; the run is one damaged run."""
    run = write_run(tmp_path / "mlruns", 1, metrics={"c": [1.0]})
    (run / "metrics" / "a").write_text("1 0.5 0\n?\n2 0.4 1\n! ! !\n")
    (run / "metrics" / "b").write_text("1 0.5 0\n?\n")
    (run / "metrics" / "d").write_text("1 36.868 0\n2 36.8")

    report = _import(tmp_path / "mlruns", tmp_path / "c.artui")

    [(_, damage)] = report.damaged
    assert (
        "2 of the lines of metric 'a' are not TIME VALUE STEP" in damage and "1 of the lines of metric 'b' is" in damage
    )
    assert {name: len(points) for name, points in _points(tmp_path / "c.artui").items()} == {
        "a": 2,
        "b": 1,
        "c": 1,
        "d": 1,
    }
    assert sum(count for (what, _), count in report.left.items() if what == "ends of logs") == 1


def test_a_line_that_was_only_begun_comes_with_the_next_import(tmp_path: Path) -> None:
    """A client that still writes: its last point is taken once it is whole."""
    run = write_run(tmp_path / "mlruns", 1, status=1, metrics={"a": [1.0]})
    with (run / "metrics" / "a").open("a") as metric:
        metric.write("1780000000001 0.2")
    _import(tmp_path / "mlruns", tmp_path / "c.artui")
    assert _points(tmp_path / "c.artui") == {"a": [(0, 1.0)]}

    with (run / "metrics" / "a").open("a") as metric:
        metric.write("5 1\n")
    [report] = import_paths([tmp_path / "mlruns"], tmp_path / "c.artui")

    assert report.runs == {"updated": 1} and _points(tmp_path / "c.artui") == {"a": [(0, 1.0), (1, 0.25)]}


RUN = f"{0:031x}a"


@pytest.mark.parametrize(
    "row",
    [
        ("zz", "none", SECONDS * 1000, RUN, 3, 0),
        ("zz", 1.0, "never", RUN, 3, 0),
        ("zz", 1.0, SECONDS * 1000, RUN, "three", 0),
        ("loss", b"\xff\xfe", SECONDS * 1000, RUN, 3, 0),
        ("loss", "none", SECONDS * 1000, RUN, 1 << 40, 0),
    ],
)
@pytest.mark.parametrize("schema", ["1.0", "2.0"])
def test_one_bad_row_of_a_database_costs_itself_alone(row: tuple[Any, ...], schema: str, tmp_path: Path) -> None:
    """No point is made up for it, all others are there, and it is counted by its metric."""
    path = write_database(tmp_path / "mlflow.db", 2, 20, schema=schema)
    with sqlite3.connect(path) as connection:
        connection.execute("INSERT INTO metrics VALUES (?, ?, ?, ?, ?, ?)", row)

    report = _import(path, tmp_path / "c.artui")

    assert report.taken["points"] == 40 and set(_points(tmp_path / "c.artui")) == {"loss"}
    [(_, damage)] = report.damaged
    assert damage == f"1 of the rows of metric {row[0]!r} is not TIME VALUE STEP"


@pytest.mark.parametrize(
    ("table", "row"),
    [
        ("params", ("", "1", RUN)),
        ("tags", ("", None, RUN)),
        ("experiments", (7, b"\xff", None, 3)),
        ("registered_models", (b"\xff\xfe", "x", "y", None)),
        ("model_versions", ("none", "first", "x", "y", None, None, 3, 4, 5, 6)),
        ("registered_model_aliases", ("best", "first", "none")),
    ],
)
def test_bad_rows_of_other_tables_cost_no_run(table: str, row: tuple[Any, ...], tmp_path: Path) -> None:
    """Runs and their points are as without them."""
    path = write_database(tmp_path / "mlflow.db", 2, 20)
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA ignore_check_constraints = 1")
        connection.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)

    report = _import(path, tmp_path / "c.artui")

    assert report.taken["points"] == 40 and report.runs == {"new": 2} and report.taken["params"] == 2
    assert report.taken["versions"] == 0
    assert report.left or table == "experiments"


def test_a_table_that_cannot_be_read_costs_no_other(tmp_path: Path) -> None:
    """Without the names of experiments, projects have their numbers; the report says why."""
    path = write_database(tmp_path / "mlflow.db", 2, 20)
    with sqlite3.connect(path) as connection:
        connection.execute("INSERT INTO registered_models VALUES ('net', 1, 1, NULL)")
        connection.execute(
            "INSERT INTO model_versions VALUES ('net', 1, 1, 1, NULL, NULL, 'None', 'gone', NULL, 'READY')"
        )
        [(page_bytes,)] = connection.execute("PRAGMA page_size")
        roots = dict(connection.execute("SELECT name, rootpage FROM sqlite_schema"))
    raw = path.read_bytes()
    for table in ("experiments", "params", "tags", "registered_models", "model_versions"):
        torn = bytearray(raw)
        start = (roots[table] - 1) * page_bytes
        torn[start : start + 100] = b"\x77" * 100
        path.write_bytes(torn)

        report = _import(path, tmp_path / "c.artui")

        assert report.runs == {"new": 2} and report.taken["points"] == 40, table
        assert any(
            table in text for text in (*(why for _, why in report.left), *(text for _, text in report.damaged))
        ), (table, report)


def test_a_torn_page_costs_its_own_rows(tmp_path: Path) -> None:
    """What lies behind it in the table is read on, and the run is marked."""
    path = write_database(tmp_path / "mlflow.db", 1, 4000)
    with sqlite3.connect(path) as connection:
        [(page_bytes,)] = connection.execute("PRAGMA page_size")
    raw = bytearray(path.read_bytes())
    leaves = [
        start for start in range(page_bytes, len(raw), page_bytes)
        if raw[start] == 13 and raw.count(b"loss", start, start + page_bytes) > 20
    ]  # fmt: skip
    middle = leaves[len(leaves) // 2]
    raw[middle : middle + 100] = b"\x77" * 100
    path.write_bytes(raw)

    report = _import(path, tmp_path / "c.artui")

    [points] = _points(tmp_path / "c.artui").values()
    assert 3000 < len(points) < 4000 and points[-1][0] == 3999 and report.damaged_count == 1


# What artui has no place for


def test_what_a_folder_has_besides_runs_is_counted(tmp_path: Path) -> None:
    """Traces with their spans and assessments, evaluation data sets, prompts, and models without a version: under left, each by its kind."""
    root = tmp_path / "mlruns"
    write_run(root, 1)
    for number in range(3):
        trace = root / "1" / "traces" / f"{number:032x}"
        for part in ("tags", "request_metadata", "assessments", "artifacts"):
            (trace / part).mkdir(parents=True)
        (trace / "trace_info.yaml").write_text("request_id: a\nexperiment_id: '1'\n")
        (trace / "tags" / "mlflow.traceName").write_text("ask")
        (trace / "assessments" / "a-1.yaml").write_text("name: x\n")
        (trace / "artifacts" / "traces.json").write_text('{"spans": [{}, {}]}')
    _meta(root / "models" / "empty", name="empty", creation_timestamp=1)
    _meta(root / "models" / "greeting", name="greeting", creation_timestamp=1)
    (root / "models" / "greeting" / "tags").mkdir()
    (root / "models" / "greeting" / "tags" / "mlflow.prompt.is_prompt").write_text("true")
    _meta(root / "models" / "greeting" / "version-1", name="greeting", version=1, source="dummy")

    report = _import(root, tmp_path / "c.artui")

    left = {what: count for (what, _), count in report.left.items()}
    assert left == {
        "traces": 3,
        "spans": 6,
        "assessments": 3,
        "registered models": 1,
        "prompts": 1,
        "versions of prompts": 1,
    }
    assert report.runs == {"new": 1} and not report.damaged_count


def test_what_a_database_has_besides_runs_is_counted(tmp_path: Path) -> None:
    """The tables of MLflow 3, each under its name; those that are empty are not spoken of."""
    path = write_database(tmp_path / "mlflow.db", 1, 3)
    with sqlite3.connect(path) as connection:
        for table, count in (("trace_info", 2), ("spans", 5), ("assessments", 1), ("evaluation_datasets", 4), ("scorers", 3), ("webhooks", 0)):  # fmt: skip
            connection.execute(f"CREATE TABLE {table} (id TEXT)")
            connection.executemany(f"INSERT INTO {table} VALUES (?)", [(str(number),) for number in range(count)])
        connection.execute("INSERT INTO registered_models VALUES ('empty', 1, 1, NULL)")

    report = _import(path, tmp_path / "c.artui")

    left = {what: count for (what, _), count in report.left.items()}
    assert left == {
        "traces": 2,
        "spans": 5,
        "assessments": 1,
        "evaluation data sets": 4,
        "scorers": 3,
        "registered models": 1,
    }


# What is no run


def test_only_runs_are_runs(tmp_path: Path) -> None:
    """Models, traces, data sets, stray folders and runs in wrong places are none, with or without files of the names that runs have."""
    root = tmp_path / "mlruns"
    _store(root)
    for stray in (
        "backup",
        "1/notes",
        "1/models/m-1",
        "1/traces/t",
        "1/datasets/d1",
        ".ipynb_checkpoints",
        "1/.ipynb_checkpoints",
    ):
        (root / stray / "tags").mkdir(parents=True, exist_ok=True)
        (root / stray / "tags" / "x").write_text("1")
    (root / "1" / "version-1").mkdir()
    shutil.copy(root / "models/kept/version-1/meta.yaml", root / "1/version-1/meta.yaml")
    (root / "1" / "readme.txt").write_text("x")

    report = _import(root, tmp_path / "c.artui")

    assert report.runs == {"new": 2} and not report.damaged_count
    assert {row[0] for row in content(tmp_path / "c.artui")["projects"]} == {"vision", "other", "model-registry"}


def test_a_store_inside_a_store_is_one_of_its_own(tmp_path: Path) -> None:
    """A program that was started within `mlruns` made another one in there: its experiments are no runs of the outer one, and are taken."""
    write_run(tmp_path / "mlruns", 1)
    write_run(tmp_path / "mlruns" / "mlruns", 2, project="inner")

    reports = import_paths([tmp_path], tmp_path / "c.artui")

    assert [report.runs for report in reports] == [{"new": 1}, {"new": 1}] and not any(
        report.damaged_count for report in reports
    )
    assert {row[0] for row in content(tmp_path / "c.artui")["projects"]} == {"vision", "inner"}


def test_a_run_that_is_there_twice_is_one(tmp_path: Path) -> None:
    """A copy of a run's folder has its id: it is taken once, and that is said."""
    folder = write_run(tmp_path / "mlruns", 10)  # an id of digits alone would be a number in YAML
    shutil.copytree(folder, folder.parent / "copy")

    report = _import(tmp_path / "mlruns", tmp_path / "c.artui")

    assert report.runs == {"new": 1} and report.left
    [again] = import_paths([tmp_path / "mlruns"], tmp_path / "c.artui")
    assert again.runs == {"unchanged": 1}


@pytest.mark.parametrize("below", ["", "1", f"1/{1:032x}"])
def test_a_store_may_be_named_by_any_part(below: str, tmp_path: Path) -> None:
    """The folder, an experiment or a run, also where their meta.yaml is damaged from some place on."""
    write_run(tmp_path / "mlruns", 1)
    for meta in (tmp_path / "mlruns").rglob("meta.yaml"):
        meta.write_bytes(meta.read_bytes() + b"{: not yaml")

    [report] = import_paths([tmp_path / "mlruns" / below], tmp_path / "c.artui")

    assert report.runs == {"new": 1} and report.taken["points"] == 3


@pytest.mark.parametrize("folder", ["mlartifacts", "elsewhere"])
@pytest.mark.parametrize("uri", ["mlflow-artifacts:/1/{id}/artifacts", "mlflow-artifacts://host:5000/1/{id}/artifacts"])
def test_files_that_a_server_keeps_itself_are_found(tmp_path: Path, folder: str, uri: str) -> None:
    """Beside the database, where a server puts them by default, and in a folder that was named; with an id of MLflow's, and nowhere else."""
    run_id = "0123456789abcdef" * 2
    place = tmp_path / folder / "1" / run_id / "artifacts"
    place.mkdir(parents=True)
    roots = () if folder == "mlartifacts" else (tmp_path / folder,)
    places = Places(tmp_path / "mlflow.db", roots)

    assert places.find(uri.format(id=run_id), anchor=run_id) == place
    assert places.find(uri.format(id="../1"), anchor="../1") is None
    assert places.find(f"s3://bucket/1/{run_id}/artifacts", anchor=run_id) is None


def test_a_run_that_was_pushed_comes_back_from_the_database_under_its_own_id(tmp_path: Path) -> None:
    """What a push says in tags is understood; a catalog that has the run keeps it as it is, and of two runs that say one id the first is it."""
    path = write_database(tmp_path / "mlflow.db", 3, 5)
    own = "01M7E839Q48BM7VRT749S94MY8"
    with sqlite3.connect(path) as connection:
        for number in (0, 1):
            values = (
                ("artui.id", own),
                ("artui.names", '{"metrics": {"loss": ["odd loss", ""]}}'),
                ("artui.synced", "{}"),
            )
            connection.executemany("INSERT INTO tags VALUES (?, ?, ?)", [(*value, f"{number:031x}a") for value in values])  # fmt: skip
    assert _import(path, tmp_path / "x.artui").runs == {"new": 3}
    with sqlite3.connect(tmp_path / "x.artui") as connection:
        (run,) = connection.execute("SELECT key, name FROM run WHERE id = ?", (own,)).fetchall()
        assert run[1] == "run-0"
        tags = connection.execute("SELECT n.text FROM tag AS t JOIN name AS n ON n.key = t.name_key WHERE t.run_key = ?", run[:1]).fetchall()  # fmt: skip
        assert not [name for (name,) in tags if name.startswith("artui.")]
        # As who recorded it has it: it came by no import.
        connection.execute("DELETE FROM context WHERE run_key = ? AND name = 'import'", run[:1])
    [report] = import_paths([path], tmp_path / "x.artui")
    assert report.runs == {"unchanged": 3}
