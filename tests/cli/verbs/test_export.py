"""`artui export`: one format at a time, said in words and as JSON, and every kind of name and damage costs itself alone."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from artui.capture.adding import add_version
from artui.catalog import Catalog, artifacts, points, runs
from artui.cli import run as run_cli
from tests.counts import tried
from tests.exchange.histories import BEGIN_MS

FORMATS = ("csv", "jsonl", "mlruns", "tensorboard", "wandb")
HOSTILE = [
    "../../x",
    "/etc/x",
    "a/b",
    "a",
    "A",
    "a/B",
    ".",
    "..",
    "con",
    "x" * tried(20_000, 1_000_000),
    "\x1b[31mred",
    "\u202egnp",
    "tab\t",
    "_step",
    "note",
]
Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Call:
    """Call the command line: gives (exit code, stdout, stderr)."""

    def called(*words: str) -> tuple[int, str, str]:
        code = run_cli([*words])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return called


def write(path: Path) -> None:
    """Write runs of hostile names, with params, tags and metrics of such."""
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for number, name in enumerate(HOSTILE):
            names = HOSTILE[min(number, 1) :]  # one run alone has a megabyte of each
            key = runs.start(connection, runs.NewRun(project=HOSTILE[-number - 1][:180], name=name, id=f"01M{number:023}", started_ms=BEGIN_MS, params=dict.fromkeys(names, 1), tags=dict.fromkeys(names, "v")))  # fmt: skip
            for metric in names:
                points.append(connection, key, runs.name_key(connection, metric), "", np.arange(5), BEGIN_MS + np.arange(5), np.arange(5) / 7)  # fmt: skip
            runs.finish(connection, key, status="finished", ended_ms=BEGIN_MS + 9, duration_ms=9)


@pytest.mark.parametrize("format", FORMATS)
def test_hostile_names_stay_inside(format: str, tmp_path: Path, said: Call) -> None:
    """Nothing lies beside the folder, no control letter is printed, and every run and point is there."""
    write(tmp_path / "c.artui")
    (tmp_path / "deep" / "er").mkdir(parents=True)
    place = tmp_path / "deep" / "er" / "out"

    code, out, err = said("export", f"--{format}", str(place), "-c", str(tmp_path / "c.artui"))

    assert (code == 0 and f"holds {len(HOSTILE)} runs and" in out) or f"holds {len(HOSTILE)} runs, " in out, err
    assert (
        f"{(len(HOSTILE) * (len(HOSTILE) - 1) + 1) * 5:,} points" in out and "\x1b" not in out and "\u202e" not in out
    )
    assert os.listdir(tmp_path / "deep" / "er") == ["out"] and os.listdir(tmp_path / "deep") == ["er"]
    assert not any(path.is_symlink() for path in place.rglob("*"))


@pytest.mark.parametrize("format", FORMATS)
def test_hostile_ids_and_paths_stay_inside(format: str, tmp_path: Path, said: Call) -> None:
    """Ids of runs and paths of files in a catalog that somebody made lead nowhere; what can be had is there."""
    (tmp_path / "f.txt").write_text("x")
    with Catalog(tmp_path / "c.artui") as catalog, catalog.transaction() as connection:
        for number in range(4):
            runs.start(connection, runs.NewRun(project="p", name="one", id=f"01M{number:023}", started_ms=BEGIN_MS))
    add_version(tmp_path / "c.artui", tmp_path / "f.txt", name="model", kind="model")
    with Catalog(tmp_path / "c.artui") as catalog, catalog.transaction() as connection:
        artifacts.link(connection, "output", source_key=1, target_key=1)
    with sqlite3.connect(tmp_path / "c.artui") as connection:
        for number, id in enumerate(["../../../../x", "/etc/x", ".."], 1):
            connection.execute("UPDATE run SET id = ?, started_ms = ? WHERE id = ?", (id, 2**62, f"01M{number:023}"))
        connection.execute("UPDATE file SET path = '../../../../../../out'")
    (tmp_path / "deep" / "er").mkdir(parents=True)

    code, out, err = said("export", f"--{format}", str(tmp_path / "deep" / "er" / "out"), "-c", str(tmp_path / "c.artui"))  # fmt: skip

    assert code in (0, 1) and "holds 4 runs" in out, err
    assert os.listdir(tmp_path / "deep" / "er") == ["out"] and os.listdir(tmp_path / "deep") == ["er"]
    assert sorted(os.listdir(tmp_path)) == ["c.artui", "deep", "f.txt"]


@pytest.mark.parametrize("format", FORMATS)
def test_damage_and_secrets_are_said(format: str, tmp_path: Path, said: Call) -> None:
    """A block that is damaged is left out and counted, a token named; the rest is there, and the exit code is 1."""
    with Catalog(tmp_path / "c.artui") as catalog, catalog.transaction() as connection:
        key = runs.start(connection, runs.NewRun(project="p", name="one", started_ms=BEGIN_MS))
        steps = np.arange(3000)
        points.append(connection, key, runs.name_key(connection, "loss"), "", steps, BEGIN_MS + steps, steps / 7)
    with sqlite3.connect(tmp_path / "c.artui") as connection:
        connection.execute("UPDATE block SET payload = x'00' WHERE number = 1")
        connection.execute("UPDATE run SET note = 'ghp_' || 'abcdefghijklmnopqrstuvwxyz0123456789'")

    code, out, _ = said("export", f"--{format}", str(tmp_path / "out"), "-c", str(tmp_path / "c.artui"), "--json")

    document = json.loads(out)
    assert code == 1 and document["damaged_points"] == 1024 and document["rows"]["points"] == 3000 - 1024
    assert [(one["table"], one["column"]) for one in document["suspects"]] == [("runs", "note")]
    assert document["running"] == 1 and document["format"] == format


def test_one_format_at_a_time(tmp_path: Path, said: Call) -> None:
    """None, or two, are refused in words; and a dry run writes nothing of any."""
    write_one = ["-c", str(tmp_path / "c.artui")]
    with Catalog(tmp_path / "c.artui") as catalog, catalog.transaction() as connection:
        runs.start(connection, runs.NewRun(project="p", name="one", started_ms=BEGIN_MS))

    assert said("export", *write_one)[0] == 2 and "No place is named" in said("export", *write_one)[2]
    code, _, err = said("export", "--csv", "a", "--wandb", "b", *write_one)
    assert code == 2 and "--csv and --wandb are several formats" in err
    for format in FORMATS:
        code, out, _ = said("export", f"--{format}", str(tmp_path / "out"), "--dry-run", *write_one)
        assert code == 0 and "would hold 1 run" in out and not (tmp_path / "out").exists()
