"""Fixtures: a home of its own for every test run, and the demo's catalog, made once."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual import constants

import artui
from artui.capture import warn
from artui.settings import load_settings

# Screens are pictured in true colour, whatever terminal the tests run in.
os.environ["TEXTUAL_COLOR_SYSTEM"] = "truecolor"
# The snapshot plug-in may have imported Textual before this was set.
constants.COLOR_SYSTEM = "truecolor"  # type: ignore[misc]


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Keep state, cache and settings of the tests apart from the user's, shared within one test process."""
    folder = Path(os.environ.get("ARTUI_TEST_HOME") or tmp_path_factory.getbasetemp() / "home")
    for name, part in (
        ("XDG_STATE_HOME", "state"),
        ("XDG_CACHE_HOME", "cache"),
        ("XDG_CONFIG_HOME", "config"),
        ("XDG_DATA_HOME", "data"),
    ):
        monkeypatch.setenv(name, str(folder / part))
    for name in [name for name in os.environ if name.startswith("ARTUI_") and name != "ARTUI_TEST_HOME"] + ["NO_COLOR"]:
        monkeypatch.delenv(name, raising=False)
    # What goes on beside a run is looked at by the tests that are about it.
    for name in ("CONSOLE", "SYSTEM_SECONDS", "CODE"):
        monkeypatch.setenv(f"ARTUI_{name}", "0")
    # No run of a test goes to the folder that the tests were started in.
    monkeypatch.setattr(artui, "started_in", "")
    # The line that says where a run is, too.
    monkeypatch.setenv("ARTUI_QUIET", "1")
    load_settings.cache_clear()
    # Each trouble is told once a process: here, once a test.
    warn.forget()
    yield folder
    load_settings.cache_clear()


@pytest.fixture(scope="session")
def built_demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's catalog, made by the real demo once a test process. Do not write to it: copy it."""
    from artui.demo import project as demo

    folder = tmp_path_factory.getbasetemp() / "home"
    before = {name: os.environ.get(name) for name in ("XDG_STATE_HOME", "XDG_CACHE_HOME")}
    os.environ |= {"XDG_STATE_HOME": str(folder / "state"), "XDG_CACHE_HOME": str(folder / "cache")}
    try:
        path = tmp_path_factory.mktemp("demo") / "demo.artui"
        demo.build(path)
    finally:
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.__setitem__(name, value)
    return path


@pytest.fixture
def demo_catalog(built_demo: Path, tmp_path: Path) -> Path:
    """A copy of the demo's catalog, as from elsewhere."""
    target = tmp_path / "demo.artui"
    shutil.copyfile(built_demo, target)
    return target
