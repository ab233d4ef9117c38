"""The README is the manual: what it shows is run."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.exchange.mlruns import write_run
from tests.exchange.writing import (
    event_records,
    write_database,
    write_events,
    write_lightning,
    write_trainer,
    write_wandb,
)

README = (Path(__file__).parent.parent / "README.md").read_text("utf-8")


def _blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.S)


def _commands() -> list[str]:
    lines = [line.split("  #")[0].strip() for block in _blocks("bash") for line in block.splitlines()]
    return [
        line
        for line in lines
        if line.startswith(("artui ", "sqlite3 ", "sqlite-utils ")) and line not in ("artui demo.artui",)
    ]


def _write_stores(folder: Path) -> None:
    """Make one store of each kind that the README imports."""
    write_run(folder / "mlruns", 1)
    write_database(folder / "mlflow.db")
    write_wandb(folder)
    write_events(folder / "runs" / "first", event_records())
    write_lightning(folder)
    write_trainer(folder, name="output")


@pytest.mark.parametrize("command", _commands())
def test_command_works(command: str, demo_catalog: Path) -> None:
    """Each command of the README exits with 0 and prints something."""
    words = shlex.split(command)
    if "import" in words:
        _write_stores(demo_catalog.parent)
    if "--report" in words:
        subprocess.run(
            [sys.executable, "-m", "artui", "import", "mlruns", *words[-2:]],
            cwd=demo_catalog.parent,
            check=True,
            timeout=60,
        )
    if words[0] == "sqlite3" and shutil.which("sqlite3") is None:
        # The same statement through Python's own SQLite: the point is that the views are plain SQL.
        words = [
            sys.executable,
            "-c",
            "import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchall())",
            *words[1:],
        ]
    elif words[0] != "sqlite3":
        words = [sys.executable, "-m", words[0].replace("-", "_"), *words[1:]]
    done = subprocess.run(
        words,
        cwd=demo_catalog.parent,
        capture_output=True,
        text=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


@pytest.mark.parametrize("code", _blocks("python"))
def test_python_works(code: str, demo_catalog: Path) -> None:
    """Each piece of Python runs in a folder that has the demo's catalog or none, and warns of nothing."""
    folder = demo_catalog.parent
    env = {**os.environ, "ARTUI_CATALOG": str(folder / "log.artui")}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0 and done.stderr == "", done.stderr


@pytest.mark.parametrize("script", _blocks("sh"))
def test_shell_script_works(script: str, tmp_path: Path) -> None:
    """Each shell script of the README runs as it stands, and its run is finished with all its points."""
    from artui.query import Reader

    (tmp_path / "artui").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m artui "$@"\n')
    (tmp_path / "artui").chmod(0o755)
    env = {
        **os.environ,
        "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
        "ARTUI_CATALOG": str(tmp_path / "x.artui"),
    }
    done = subprocess.run(
        ["sh", "-e", "-c", script], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    with Reader(tmp_path / "x.artui") as reader:
        assert [run.status for run in reader.runs()] == ["finished"]
        assert reader.run("night").series("loss").values.tolist() == [0.1, 0.2, 0.3]


def test_pictures_are_there() -> None:
    """Every picture that the README shows is in screenshots/."""
    pictures = re.findall(r"\]\((screenshots/[^)]+)\)", README)
    assert len(pictures) >= 6
    assert all((Path(__file__).parent.parent / picture).is_file() for picture in pictures)


def test_settings_are_all_documented() -> None:
    """The table of settings has every setting with its variable."""
    from dataclasses import fields

    from artui.settings import Settings

    for field in fields(Settings):
        has_variable = not isinstance(getattr(Settings(), field.name), dict)
        assert f"`{field.name}`" in README and (not has_variable or f"`ARTUI_{field.name.upper()}`" in README)


def test_set_up_is_two_single_lines() -> None:
    """One line runs the demo, one passes the tests, and CI takes the second from here."""
    lines = [line for block in _blocks("bash") for line in block.splitlines() if line.startswith("python3 -m venv")]
    assert len(lines) == 2 and lines[0].endswith("artui demo") and "/pytest" in lines[1]
