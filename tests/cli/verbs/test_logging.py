"""The verbs for shell scripts: start, log, finish, add, note, tag, alias."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Call
from tests.reading import open_reader


def artui(*arguments: str, expect: int = 0, **variables: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "artui", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, **variables},
    )
    assert done.returncode == expect, done.stderr
    return done.stdout.strip() if expect == 0 else done.stderr


@pytest.fixture
def catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ARTUI_CATALOG", str(tmp_path / "x.artui"))
    return tmp_path / "x.artui"


def test_shell_script_logs_a_run(catalog: Path, tmp_path: Path) -> None:
    """start gives an id, log takes metrics with and without step and params, finish ends it; it is running in between."""
    run = artui("start", "--name", "shell", "--param", "lr=0.1", "--tag", "night")
    artui("log", "loss=0.5", "acc=nan", ARTUI_RUN=run)
    artui("log", "--run", "shell", "loss=0.25", "--param", "depth=3")
    artui("log", "--run", run, "--step", "10", "loss=-1e-3")
    with open_reader(catalog) as reader:
        assert reader.runs()[0].status == "running"
        assert reader.run("shell").series("loss").steps.tolist() == [0, 1, 10]
    assert "last heard of just now" in artui("show", "shell")
    assert "once" in artui("finish", run, "--run", run, expect=2)
    artui("finish", run, "--status", "failed", "--error", "no luck")

    with open_reader(catalog) as reader:
        detail = reader.run("shell").detail()
        assert (detail.head.status, detail.error) == ("failed", "no luck") and detail.head.duration_ms is not None
        assert {param.name: param.value for param in detail.params} == {"lr": 0.1, "depth": 3}
        assert reader.run("shell").series("loss").values.tolist() == [0.5, 0.25, -0.001]
    assert os.listdir(tmp_path) == ["x.artui"]


def test_versions_are_added_and_named(catalog: Path, tmp_path: Path) -> None:
    """add prints the reference, the same content again adds nothing, alias names it."""
    data = tmp_path / "rows.csv"
    data.write_text("a\n1\n")
    assert artui("add", str(data), "--kind", "dataset", "--alias", "gold", "--metadata", "rows=1") == "rows:v1"
    assert artui("add", str(data)) == "rows:v1"
    data.write_text("a\n2\n")
    assert artui("add", str(data), "--name", "rows") == "rows:v2"
    artui("alias", "rows:v2", "gold")
    assert '"number": 2' in artui("show", "rows:gold", "--json")
    assert "stage" in artui("add", str(data), "--stage", "nowhere", expect=2)
    assert "cannot be saved" in artui("add", str(tmp_path / "missing"), expect=2)


def test_notes_and_tags_of_runs(catalog: Path) -> None:
    """note, tag and tag --remove change a run, each with an event in the journal."""
    run = artui("start", "--name", "r")
    artui("note", "r", "second look")
    artui("tag", run, "good", "owner=ada")
    artui("tag", "r", "good", "--remove")
    with open_reader(catalog) as reader:
        detail = reader.run("r").detail()
        assert detail.note == "second look" and [(tag.name, tag.value) for tag in detail.tags] == [("owner", "ada")]
        with reader.reading() as connection:
            assert connection.execute("SELECT count(*) FROM event").fetchone()[0] == 4


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(("log", "loss=0.1"), "No run is named"), (("log", "--run", "nobody", "loss=0.1"), "nobody"), (("log", "--run", "r", "loss=high"), "not a number"),
     (("log", "--run", "r"), "nothing to log"), (("finish", "--run", "r", "--status", "great"), "great"), (("alias", "none:v1", "x"), "none")],
)  # fmt: skip
def test_wrong_use_says_what_to_write(catalog: Path, call: Call, arguments: tuple[str, ...], said: str) -> None:
    """Each error is one or two lines that say what is missing, with exit code 2."""
    assert call("start", "--name", "r")[0] == 0

    code, _, error = call(*arguments)

    assert code == 2 and said in error and "Traceback" not in error
