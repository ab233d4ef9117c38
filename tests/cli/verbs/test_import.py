"""`artui import` and `artui PATH` as they are called: what they print, how they end, and that nothing else is written."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from artui.query.api import open_catalog
from tests.exchange.mlruns import write_run


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A folder with a store of two runs, one of them with a cut-off metric."""
    write_run(tmp_path / "mlruns", 0)
    folder = write_run(tmp_path / "mlruns", 1, name="torn\x1b[31m")
    with (folder / "metrics" / "loss").open("a") as metric:
        metric.write("1780\n")
    return tmp_path / "mlruns"


def _artui(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "artui", *words], cwd=cwd, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60, check=False
    )  # fmt: skip


def test_import_prints_what_was_taken_changed_and_left(store: Path, tmp_path: Path) -> None:
    """The report is on stdout, the rest on stderr; a damaged run makes the exit code 1, and no escape gets through."""
    done = _artui("import", "mlruns", "-c", "c.artui", cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert "2 new" in done.stdout and "6 points" in done.stdout and "damaged" in done.stdout
    assert "in c.artui" in done.stderr and "\x1b" not in done.stdout + done.stderr
    assert sorted(os.listdir(tmp_path)) == ["c.artui", "mlruns"]


def test_import_as_json_and_its_kept_report(store: Path, tmp_path: Path) -> None:
    """--json gives the counts, and --report gives those of earlier imports again."""
    done = _artui("import", "mlruns", "-c", "c.artui", "--json", cwd=tmp_path)
    outcome = json.loads(done.stdout)
    assert (
        outcome["stores"][0]["taken"]["points"] == 6
        and outcome["catalog"].endswith("c.artui")
        and outcome["is_interrupted"] is False
    )

    kept = json.loads(_artui("import", "--report", "-c", "c.artui", "--json", cwd=tmp_path).stdout)["imports"]
    assert kept[0]["taken"] == outcome["stores"][0]["taken"] and kept[0]["damaged"][0]["what"]
    assert "2 new" in _artui("import", "--report", "-c", "c.artui", cwd=tmp_path).stdout


def test_dry_run_says_so_and_makes_no_file(store: Path, tmp_path: Path) -> None:
    """--dry-run prints the report and leaves the folder as it was."""
    done = _artui("import", ".", "-c", "c.artui", "--dry-run", cwd=tmp_path)
    assert "2 new" in done.stdout and "dry run" in done.stderr and os.listdir(tmp_path) == ["mlruns"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["import"], "No path is given"),
        (["import", "nowhere"], "There is nothing at"),
        (["import", "empty"], "No store was recognised"),
        (["empty"], "No store was recognised"),
        (["mlruns"], "terminal"),
        ([], "a store of MLflow: mlruns"),
    ],
)
def test_what_cannot_be_done_is_said_with_what_to_do(words: list[str], said: str, store: Path, tmp_path: Path) -> None:
    """Each wrong call ends with one line that names the place and the next step."""
    (tmp_path / "empty").mkdir()
    done = _artui(*words, cwd=tmp_path)
    assert done.returncode in (2, 3) and said in done.stderr, done.stderr
    assert "Traceback" not in done.stderr and len(done.stderr.strip().splitlines()) == 1


def test_interrupted_import_goes_on_where_it_was(tmp_path: Path) -> None:
    """SIGINT and SIGTERM end an import with 130 and 143, a whole catalog behind it; again, it brings the rest."""
    for number in range(120):
        write_run(tmp_path / "mlruns", number)
    # Each run is kept as it comes, however fast the machine is: else all of them may come before the first are kept.
    program = "import runpy, sys; from artui.exchange.intake import batches; batches.COMMIT_SECONDS = -1.0; sys.argv[0] = 'artui'; runpy.run_module('artui', run_name='__main__')"
    for sent, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
        catalog = tmp_path / f"{code}.artui"
        process = subprocess.Popen(
            [sys.executable, "-c", program, "import", "mlruns", "-c", str(catalog), "--tell"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )  # fmt: skip
        assert process.stdout is not None
        while json.loads(process.stdout.readline())["all_runs"] < 3:
            pass
        process.send_signal(sent)
        process.communicate(timeout=60)
        assert process.returncode == code
        with open_catalog(catalog) as reader:
            taken = len(reader.runs())
        assert 0 < taken < 120 and not list(tmp_path.glob(f"{code}.artui-*"))

        done = json.loads(_artui("import", "mlruns", "-c", str(catalog), "--json", cwd=tmp_path).stdout)
        assert done["stores"][0]["runs"] == {"unchanged": taken, "new": 120 - taken}


def test_several_stores_of_a_tree_are_found_at_once(store: Path, tmp_path: Path) -> None:
    """One path may hold stores of several kinds, below one another; each has its own report."""
    version = tmp_path / "deep" / "lightning_logs" / "version_0"
    version.mkdir(parents=True)
    (version / "metrics.csv").write_text("epoch,step,loss\n0,9,0.5\n0,19,0.25\n")
    (version / "hparams.yaml").write_text("lr: 0.1\n")
    trainer = tmp_path / "deep" / "out"
    trainer.mkdir()
    (trainer / "trainer_state.json").write_text(
        json.dumps({"global_step": 2, "log_history": [{"loss": 1.5, "step": 1}, {"loss": 1.0, "step": 2}]})
    )

    outcome = json.loads(_artui("import", ".", "-c", "c.artui", "--json", cwd=tmp_path).stdout)

    assert {store["format"]: store["runs"]["new"] for store in outcome["stores"]} == {
        "mlflow": 2,
        "lightning": 1,
        "huggingface": 1,
    }


def test_import_shows_progress_on_a_terminal_only(store: Path, tmp_path: Path) -> None:
    """On a terminal a line counts runs and points, and is wiped in the end; in a pipe there is none."""
    import pty

    for number in range(2, 200):
        write_run(store, number)
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "artui", "import", "mlruns", "-c", "c.artui"],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=slave,
    )
    os.close(slave)
    said = b""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            part = os.read(master, 4096)
        except OSError:
            break
        if not part:
            break
        said += part
    process.wait(timeout=60)
    os.close(master)
    assert b"MLflow" in said and b"runs" in said and b"\r" in said
