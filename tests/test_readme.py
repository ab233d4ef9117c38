"""The README is the manual: what it shows is run."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

import pyte
import pytest
from PIL import Image

from tests.exchange.mlruns import write_run
from tests.exchange.writing import (
    event_records,
    write_database,
    write_events,
    write_lightning,
    write_trainer,
    write_wandb,
)

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")


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
    from artui.query.api import open_catalog

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
    with open_catalog(tmp_path / "x.artui") as reader:
        assert [run.status for run in reader.runs()] == ["finished"]
        assert reader.run("night").series("loss").values.tolist() == [0.1, 0.2, 0.3]


PICTURES = re.findall(r"\]\((screenshots/[^)]+)\)", README)


@pytest.mark.parametrize("name", PICTURES)
def test_picture_shows_something(name: str) -> None:
    """Every picture that the README shows is in screenshots/, and has letters on it: many colours, on many of its pixels."""
    with Image.open(ROOT / name) as picture:
        counts = sorted((count for count, _ in picture.convert("RGB").getcolors(1 << 24) or ()), reverse=True)

    assert len(counts) >= 24
    assert sum(counts[1:]) > 0.005 * sum(counts)


def _screenshots() -> ModuleType:
    """Load the script that makes the pictures, which has no ending."""
    loader = SourceFileLoader("screenshots", str(ROOT / ".ci" / "screenshots"))
    spec = spec_from_loader(loader.name, loader)
    assert spec is not None
    module = module_from_spec(spec)
    sys.modules[loader.name] = module
    loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("text", "is_coloured", "wrong"),
    [
        ("42 runs, and a screen full of letters " * 10, True, ""),
        ("42 runs, and a screen full of letters " * 10, False, "has 1 colours"),
        ("a screen full of letters " * 10, True, "lacks '42 runs'"),
        ("42 runs", True, "has 6 lit cells"),
        ("", False, "lacks '42 runs'"),
    ],
)
def test_pictures_that_lack_something_are_refused(text: str, is_coloured: bool, wrong: str) -> None:
    """A picture is written only if what it is about can be read on the screen, and it is not blank."""
    screen = pyte.Screen(120, 36)
    pyte.Stream(screen).feed(text)
    image = Image.linear_gradient("L").convert("RGB") if is_coloured else Image.new("RGB", (120, 36))

    assert _screenshots().fault(screen, image, ["42 runs"]) == wrong


def test_each_picture_of_the_readme_is_made_by_the_script() -> None:
    """The script makes what the README shows, and says of each picture what must be readable on it."""
    script = _screenshots()
    steps = (*script.STEPS, *script.IMPORT_STEPS, *script.LIVE_STEPS)

    assert {re.sub(r".*/|-\d+x\d+\.png", "", name) for name in PICTURES} <= {step.name for step in steps}
    assert all(step.shows for step in steps)


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
