"""What the tests of the command line share: a call in this process, a catalog of a few runs, and every verb with what it needs."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import artui as api
from artui.catalog import Catalog, artifacts, events, releasing
from artui.cli import run
from artui.reference import Reference

Result = tuple[int, str, str]
Call = Callable[..., Result]

ARGUMENTS: dict[str, list[str]] = {
    "preview": ["data:v1"], "relocate": ["kept", "archive", "--dry-run"],
    "demo": ["--no-app"], "exec": ["--", "true"], "start": [], "log": ["-r", "b", "loss=1"], "finish": ["-r", "b"], "import": ["store"],
    "add": ["data.txt"], "note": ["a", "text"], "rename": ["a", "other"], "tag": ["a", "good"], "undo": [], "alias": ["data:v1", "best"], "promote": ["data:v1"], "deploy": ["data:v1", "--to", "api/production"], "rollback": ["api/live", "--why", "slow"], "served": [], "incident": ["api/live", "slow"], "approve": ["data:v1", "--why", "checked"], "retire": ["data:v1"], "declare": ["data", "licence=MIT"],
    "delete": ["a"], "restore": ["g"], "forget": ["a", "--yes"], "gc": ["--keep", "last 1", "--dry-run"], "ls": [], "show": ["a"], "sql": ["SELECT name FROM runs"], "compare": ["a", "b"],
    "why": ["a", "b"], "trace": ["a"], "impact": ["a"], "blame": ["a"], "diff": ["data:v1", "data:v1"], "audit": ["a"], "require": ["needs", "-x", "R1: loss < 2"], "verify": ["data:v1"], "monitor": ["api/production", "requests.csv"], "reproduce": ["a"], "get": ["data:v1"], "merge": ["boxes/more.artui"], "share": ["shared.artui"], "push": ["team"], "pull": ["boxes"], "sync": ["team"], "mirror": ["boxes", "mirrored"], "check": [], "compact": ["--dry-run"], "adopt": ["near.artui", "adopted.artui"], "move": ["moved.artui"], "doctor": [], "salvage": ["near.artui", "saved.artui"], "settle": [], "keys": [], "help": ["filters"], "completion": ["bash"], "drift": ["rows:v1", "rows:v1"],
    "export": ["--parquet", "lake", "--dry-run"],
}  # fmt: skip
"""Of every verb the arguments of a call that works in `workplace`."""


@pytest.fixture
def call(capfd: pytest.CaptureFixture[str]) -> Call:
    """Call the command line in this process: gives (exit code, stdout, stderr)."""

    def called(*arguments: str) -> Result:
        code = run(list(arguments))
        out, err = capfd.readouterr()
        return code, out, err

    return called


def write_runs(path: Path, *, names: str = "ab", loss: float = 1.0) -> None:
    """Write runs of one letter, with a param, a tag, a note, a metric and one of the machine."""
    for number, name in enumerate(names):
        tags = {"seen": "", **({"best": str(number)} if number else {})}
        params, quiet = {"lr": 0.1 / (number + 1)}, {"console": False, "code": False, "system_metrics": False}
        with api.start_run(name=name, catalog=path, params=params, tags=tags, note=f"note of {name}", **quiet) as started:  # type: ignore[arg-type] # fmt: skip
            started.log({"val/loss": loss + number, "system/cpu": 50.0})


def reopen(path: Path, name: str) -> None:
    """Let a run go on that has ended: one that has, is not ended again."""
    with Catalog(path) as catalog, catalog.transaction() as connection:
        connection.execute("UPDATE run SET status = 0, ended_ms = NULL WHERE name = ?", (name,))


@pytest.fixture(scope="session")
def nearer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalog with the run `q`: made once, to be copied to where another one is named."""
    path = tmp_path_factory.mktemp("nearer") / "near.artui"
    write_runs(path, names="q")
    return path


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the catalog `near.artui`, a file to add and a store to import: made once, to be copied."""
    from tests.exchange.mlruns import write_run

    folder = tmp_path_factory.mktemp("prepared")
    write_runs(folder / "near.artui")
    (folder / "data.txt").write_text("x,y")
    (folder / "requests.csv").write_text(
        "time,amount,prediction,truth\n2026-11-01T10:00:00,5,1,1\n2026-11-01T10:30:00,7,0,1\n"
    )
    assert run(["add", str(folder / "data.txt"), "-c", str(folder / "near.artui")]) == 0
    # A table, too, whose file is not needed any more.
    (folder / "rows.csv").write_text("x,y\n" + "1,a\n2,b\n" * 20)
    assert run(["add", str(folder / "rows.csv"), "--name", "rows", "-c", str(folder / "near.artui")]) == 0
    (folder / "rows.csv").unlink()
    write_run(folder / "store", 1)
    (folder / "boxes").mkdir()
    write_runs(folder / "boxes" / "more.artui", names="m")
    write_runs(folder / "near.artui", names="g")
    with (
        Catalog(folder / "near.artui") as catalog,
        events.recording(catalog) as edit,
        catalog.transaction() as connection,
    ):
        edit.trash(connection.execute("SELECT id FROM run WHERE name = 'g'").fetchone()[0])
    for number in range(2):
        (folder / "net.bin").write_text(str(number))
        assert run(["add", str(folder / "net.bin"), "--name", "served", "-c", str(folder / "near.artui")]) == 0
    (folder / "net.bin").unlink()
    with (
        Catalog(folder / "near.artui") as catalog,
        events.recording(catalog) as edit,
        catalog.transaction() as connection,
    ):
        for number in (1, 2):
            version = artifacts.find_version(connection, Reference("served", number))
            releasing.deploy(edit, connection, version.id, "api/live")
    return folder


@pytest.fixture
def workplace(
    prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Path:
    """A copy of the prepared folder, that one is in."""
    shutil.copytree(prepared, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    capfd.readouterr()  # what was said while the folder was made
    return tmp_path
