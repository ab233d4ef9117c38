"""The demo, through the command line, as somebody without a terminal would run it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from artui.query.artifacts import artifact_list, get_version, open_file
from artui.query.code.difference import code_difference
from artui.query.lineage import lineage
from artui.query.references import resolve
from artui.query.run import get_run
from tests.reading import OpenReader, open_reader


@pytest.fixture
def reader(built_demo: Path) -> Iterator[OpenReader]:
    with open_reader(built_demo) as opened:
        yield opened


def test_demo_without_terminal_prints_summary_and_path(built_demo: Path) -> None:
    """In a pipe `artui demo FILE` says what is in the file, and where it is, and exits with 0."""
    done = subprocess.run(
        [sys.executable, "-m", "artui", "demo", str(built_demo)],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (
        done.stdout.splitlines()[-1] == str(built_demo)
        and "best of the sweep" in done.stdout
        and "production" in done.stdout
    )


def test_demo_summary_is_json_on_request(built_demo: Path) -> None:
    """--json prints the same summary as one document."""
    words = [sys.executable, "-m", "artui", "demo", str(built_demo), "--json"]
    done = subprocess.run(words, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120, check=True)
    summary = json.loads(done.stdout)
    assert (
        summary["path"] == str(built_demo)
        and summary["run_count"] == 43
        and "production" in summary["model"]["aliases"]
    )


def test_demo_on_a_terminal_shows_a_bar_and_no_line_for_each_run(made_demo: Path) -> None:
    """What a newcomer sees first is a bar in one line and a summary: no escape sequence as text, no path of a half-made file."""
    output = (made_demo.parent.parent / "said").read_bytes()

    assert b"43 runs" in (made_demo.parent.parent / "printed").read_bytes()
    assert b"project  [" in output and b"batch scoring" in output
    updates = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", output.decode()).replace("\n", "\r").split("\r")
    assert len(updates) > 40 and max(map(len, updates)) < 80
    assert "␛".encode() not in output and b".part" not in output


def test_demo_makes_its_file_whole_or_not_at_all(made_demo: Path) -> None:
    """`artui demo` in an empty folder leaves one plain file there."""
    assert [path.name for path in made_demo.parent.iterdir()] == ["demo.artui"]


def test_demo_has_every_stage_and_outcome(reader: OpenReader) -> None:
    """There are runs that finished, failed, were killed and diverged, and artifacts of all four stages."""
    runs = reader.runs()
    assert {run.status for run in runs} == {"finished", "failed", "killed"}
    assert sum(run.parent_id is not None for run in runs) >= 24
    assert {head.stage for head in artifact_list(reader)} == {"requirements", "data", "modelling", "operations"}
    diverged = [
        run
        for run in runs
        if any(metric.name == "val/loss" and metric.summary.is_diverged for metric in get_run(reader, run.id).metrics)
    ]
    assert diverged
    failed = next(run for run in runs if run.status == "failed")
    assert "IndexError" in get_run(reader, failed.id).error
    killed = next(run for run in runs if run.status == "killed")
    assert "SIGTERM" in get_run(reader, killed.id).error and get_run(reader, killed.id).metrics


def test_production_model_goes_back_to_raw_data_and_requirement(reader: OpenReader) -> None:
    """The lineage of the model names the data, the code, the environment and the requirement."""
    graph = lineage(reader, resolve(reader, "digits-model:production"))
    names = {node.version.artifact for node in graph.upstream if node.version}
    assert {
        "digits-raw",
        "digits-split",
        "digits-features",
        "digits-code",
        "digits-requirements",
        "environment",
    } <= names
    assert any(node.run is not None and node.run.name == "score-batch" for node in graph.downstream)


def test_saved_model_gives_the_measured_accuracy_again(reader: OpenReader) -> None:
    """The numbers come from the training: scoring the test split with the stored weights gives the logged accuracy."""
    from artui.demo.formats import from_safetensors
    from artui.demo.training import predict

    model, features = resolve(reader, "digits-model:production"), resolve(reader, "digits-features:latest")
    with reader.snapshot() as connection:
        weights = from_safetensors(open_file(reader, connection, model.key, "model.safetensors").read())
        with np.load(open_file(reader, connection, features.key, "test.npz")) as arrays:
            predicted = predict(weights, arrays["x"].astype(np.float64)).argmax(axis=1)
            accuracy = float(np.mean(predicted == arrays["y"]))
    logged = next(metric for metric in reader.run("evaluate").detail().metrics if metric.name == "test/acc")
    assert accuracy == logged.summary.last


def test_evaluation_has_table_picture_and_report(reader: OpenReader) -> None:
    """The confusion matrix sums to the test split, the picture is a PNG, and the report names the requirement."""
    with reader.snapshot() as connection:

        def read(reference: str) -> bytes:
            head = resolve(reader, reference)
            return open_file(reader, connection, head.key, get_version(reader, head.id).files[0].path).read()

        table = read("digits-confusion").decode().splitlines()
        total = sum(int(cell) for line in table[1:] for cell in line.split(",")[1:])
        split = get_version(reader, resolve(reader, "digits-split:latest").id).metadata["test"]
        assert total == split
        assert read("digits-confusion-figure").startswith(b"\x89PNG")
        assert b"R1 recall of every digit" in read("digits-evaluation")
        assert json.loads(read("digits-statistics"))["pictures"] == 1797


def test_the_final_runs_differ_in_the_code_that_they_ran(reader: OpenReader) -> None:
    """Between them the script was edited; each kept what it ran."""
    runs = [reader.run(name).detail() for name in ("final-1", "final-2")]
    difference = code_difference(reader, runs[0], runs[1])
    assert [(file.path, file.added, file.removed) for file in difference.files] == [("final.py", 2, 1)]
    changed = [line.text[start:end] for line in difference.files[0].lines for start, end in line.words]
    assert changed == ["11", "12"] == [str(param.value) for run in runs for param in run.params if param.name == "seed"]
