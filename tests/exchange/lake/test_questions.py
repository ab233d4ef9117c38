"""The manual's ten questions have the same answers in the catalog and in its lake, and its table of columns is the lake's."""

from __future__ import annotations

import datetime
import json
import math
import re
from pathlib import Path
from typing import Any

import duckdb
import pytest

import artui
from artui.cli import run as run_cli
from artui.exchange.lake.tables import FLAG, NUMBER, TABLES, TEXT, WHOLE
from artui.exchange.mlflow.exporter import STATUSES
from artui.exchange.mlflow.rest import Server
from artui.exchange.mlflow.syncing import push
from tests.counts import IS_LONG
from tests.documents import MANUAL, text_of
from tests.exchange.lake.test_exporter import exported
from tests.exchange.mlflow.serving import mlflow_program, real

PAGE = MANUAL / "lake.md"
KINDS = {"number": NUMBER, "numbers": NUMBER, "flag": FLAG}


def _statements() -> list[str]:
    blocks = re.findall(r"^```sql\n(.*?)^```", text_of(PAGE), flags=re.S | re.M)
    return [statement.strip() for block in blocks for statement in block.split(";\n") if statement.strip()]


def test_both_answer_the_same(
    demo_catalog: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each of ten, to the last digit, and none is empty but that of what diverged where nothing did."""
    monkeypatch.chdir(tmp_path)
    exported(demo_catalog, tmp_path / "lake")
    asked = [text for text in _statements() if not text.startswith("CREATE VIEW")]
    assert len(asked) == 10
    with duckdb.connect() as lake, artui.open_catalog(demo_catalog) as catalog:
        for statement in _statements():
            if statement.startswith("CREATE VIEW"):
                lake.execute(statement)
        [(newest_ms,)] = lake.execute("SELECT max(started_ms) FROM runs").fetchall()
        week_ago = datetime.datetime.fromtimestamp(newest_ms / 1000 - 7 * 86_400, datetime.UTC).strftime("%Y-%m-%dT%H:%M")  # fmt: skip
        for text in asked:
            statement = text.replace("epoch_ms(now())", str(newest_ms))
            there = [[None if isinstance(cell, float) and math.isnan(cell) else cell for cell in row] for row in lake.execute(statement).fetchall()]  # fmt: skip
            if " tags " in statement:
                assert run_cli(["ls", str(demo_catalog), "-w", f"tag = sweep and started > {week_ago}", "--json"]) == 0
                here = [[one["name"]] for one in json.loads(capsys.readouterr().out)["runs"]]
            else:
                here = [list(row.values()) for row in catalog.sql(statement)]
            assert there and there == here, statement


def test_the_search_of_a_server_answers_what_it_can_the_same(
    demo_catalog: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Seven of the ten: it knows last values and what a run used, and keeps neither lineage between versions nor the history of an alias."""
    if mlflow_program() is None or not IS_LONG:
        pytest.skip("MLflow is not installed, or not to be tried at length")
    questions = dict(zip(["best", "states", "means", "diverged", "points", "up", "uses", "largest", "history", "week"], [text for text in _statements() if not text.startswith("CREATE VIEW")], strict=True))  # fmt: skip
    (tmp_path / "server").mkdir()
    with real(tmp_path / "server") as place, artui.open_catalog(demo_catalog) as catalog:
        push(place, demo_catalog)
        server = Server(place)
        [experiment] = [one["experiment_id"] for one in server.pages("POST", "experiments/search", "experiments", max_results=100) if one["name"] == "digits"]  # fmt: skip

        def found(text: str, **more: object) -> list[Any]:
            return list(server.pages("POST", "runs/search", "runs", experiment_ids=[experiment], filter=text, max_results=500, **more))  # fmt: skip

        def here(question: str) -> list[list[Any]]:
            return [list(row.values()) for row in catalog.sql(questions[question])]

        def last(run: Any, name: str) -> Any:
            return next((one["value"] for one in run["data"].get("metrics", ()) if one["key"] == name), None)

        best = found("metrics.`val/loss` < 0.2 and metrics.`val/acc` > 0.9", order_by=["metrics.`val/acc` DESC"])
        order = sorted((-last(run, "val/acc"), _tags_of(run)["artui.id"], run["info"]["run_name"]) for run in best)
        assert [[name, -value] for value, _, name in order[:5]] == here("best")

        states = {word: len(found(f"attributes.status = '{STATUSES[word]}'")) for word in ("finished", "failed", "killed")}  # fmt: skip
        assert {word: count for word, count in here("states") if word in states} == {word: count for word, count in states.items() if count}  # fmt: skip

        for value, count, mean in here("means"):
            runs = [run for run in found(f"params.`optimizer.name` = '{value}'") if last(run, "val/acc") is not None]
            assert (len(runs), round(sum(last(run, "val/acc") for run in runs) / len(runs), 6)) == (count, pytest.approx(mean, abs=1e-6))  # fmt: skip

        def history(run: Any, name: str) -> list[Any]:
            return list(server.pages("GET", "metrics/get-history", "metrics", run_id=run["info"]["run_id"], metric_key=name, max_results=10_000))  # fmt: skip

        diverged = []
        for run in found(""):
            for metric in run["data"].get("metrics", ()):
                values = [point["value"] for point in history(run, metric["key"])]
                nan, infinite = (
                    values.count("NaN"),
                    sum(value in ("Infinity", 1.7976931348623157e308) for value in values),
                )
                if nan or infinite:
                    diverged.append([run["info"]["run_name"], metric["key"], nan, infinite])
        assert sorted(diverged) == sorted(here("diverged"))

        [final] = found("attributes.run_name = 'final-1'")
        points = [[point["step"], point["timestamp"], point["value"]] for point in history(final, "val/loss")]
        assert sorted(points) == here("points")

        uses = []
        for run in found("datasets.name = 'digits-features'"):
            for used in run["inputs"]["dataset_inputs"]:
                said = json.loads(used["dataset"]["source"])
                uses += [[said["number"], run["info"]["run_name"]]] if said["artifact"] == "digits-features" else []
        assert sorted(uses) == sorted(here("uses"))

        newest_ms = max(run["info"]["start_time"] for run in found(""))
        week = [run["info"]["run_name"] for run in found(f"tags.sweep LIKE '%' and attributes.start_time > {newest_ms - 7 * 86_400_000}")]  # fmt: skip
        week_ago = datetime.datetime.fromtimestamp(newest_ms / 1000 - 7 * 86_400, datetime.UTC).strftime("%Y-%m-%dT%H:%M")  # fmt: skip
        assert run_cli(["ls", str(demo_catalog), "-w", f"tag = sweep and started > {week_ago}", "--json"]) == 0
        assert sorted(week) == sorted(one["name"] for one in json.loads(capsys.readouterr().out)["runs"]) and week


def _tags_of(run: Any) -> dict[str, str]:
    return {tag["key"]: tag["value"] for tag in run["data"]["tags"]}


def test_columns_are_documented() -> None:
    """The page has each table with its columns in their order, and of which type each is."""
    documented = {}
    for table, cells in re.findall(r"^\| `(\w+)` \| [^|]* \| ([^|]*) \|$", text_of(PAGE), flags=re.M):
        columns: dict[str, str] = {}
        waiting: list[str] = []
        for cell in cells.split(", "):
            name, _, kind = cell.partition(": ")
            waiting.append(name.strip("` "))
            columns[waiting[-1]] = KINDS.get(kind, "")
            if kind == "numbers":
                columns |= dict.fromkeys(waiting[waiting.index("first") :], NUMBER)
        documented[table] = columns

    assert list(documented) == list(TABLES)
    for table, columns in documented.items():
        assert list(columns) == list(TABLES[table])
        assert {name: kind for name, kind in columns.items() if kind} == {
            name: kind for name, kind in TABLES[table].items() if kind not in (TEXT, WHOLE)
        }
