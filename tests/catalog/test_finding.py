"""Where a run goes when no catalog is named: where its owner will look."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import types
from pathlib import Path

import pytest

import artui
from artui import started
from artui.catalog import Catalog
from artui.catalog.finding import find_catalog, place_for_run
from artui.catalog.header import DEMO, is_demo
from artui.query.api import open_catalog
from artui.settings import default_catalog, load_settings


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of somebody's work, in a home that is none of it."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    folder = tmp_path / "home" / "vision"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def _make(path: Path, *, at: float | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Catalog(path).close()
    if at is not None:
        os.utime(path, (at, at))
    return path


def test_new_one_is_named_after_its_folder(work: Path) -> None:
    place = place_for_run()
    assert place.path == work / "vision.artui" and place.is_new
    with artui.start_run(name="r") as run:
        run.log({"x": 1})
    assert run.catalog_path == work / "vision.artui" and place_for_run().why == f"found in {work}"
    assert find_catalog()[0] == work / "vision.artui"


def test_nearest_one_upwards_takes_it(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _make(work / "any.artui")
    (work / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(work / "a" / "b")
    assert place_for_run().path == path and not place_for_run().is_new


def test_search_ends_below_the_home(work: Path) -> None:
    """A catalog in the home, or above it, swallows nothing."""
    _make(work.parent / "home.artui")
    _make(work.parent.parent / "above.artui")
    assert place_for_run().path == work / "vision.artui"


def test_search_ends_at_the_root_of_the_repository(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new one lies in the root of the repository; one above the root is another project's."""
    _make(work / "other.artui")
    root = work / "repository"
    (root / ".git").mkdir(parents=True)
    (root / "src").mkdir()
    monkeypatch.chdir(root / "src")
    assert place_for_run().path == root / "repository.artui"


def test_folder_that_everybody_may_write_to(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stranger's catalog there takes nothing, and nothing above it is looked for."""
    _make(work / "above.artui")
    shared = work / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    path = _make(shared / "mine.artui")
    (shared / "deep").mkdir()
    monkeypatch.chdir(shared / "deep")
    assert place_for_run().path == path
    if os.getuid() == 0:
        os.chown(path, 54321, 54321)
        assert place_for_run().path == shared / "deep" / "deep.artui"


def test_of_several_the_one_named_after_the_folder(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Else the last that was written; which, is said."""
    old, new = _make(work / "a.artui", at=1e9), _make(work / "b.artui", at=2e9)
    assert place_for_run().path == new and find_catalog()[1] == f"found in {work}, the last written of 2"
    with artui.start_run(name="r"):
        pass
    assert "the last written of 2" in capsys.readouterr().err
    _make(work / "vision.artui", at=5e8)
    assert place_for_run().path == work / "vision.artui" and old.exists()


def test_demo_takes_no_run(work: Path) -> None:
    """`artui ls` finds it in its own folder; a run does not end up in it."""
    path = work / "demo.artui"
    Catalog(path, created_by=DEMO).close()
    assert is_demo(path) and not is_demo(_make(work / "x" / "x.artui"))
    assert place_for_run().path == work / "vision.artui" and find_catalog()[0] == path


@pytest.mark.parametrize("where", ["home", "root", "temporary"])
def test_home_root_and_temporary_folder_take_none(work: Path, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    """A run that begins there goes to the user's default catalog."""
    folder = {"home": work.parent, "root": Path("/"), "temporary": Path("/tmp")}[where]
    monkeypatch.chdir(folder)
    assert place_for_run().path == default_catalog()


def test_folder_that_cannot_be_written_to(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no new one can be made, it is the user's default one, as the settings have it."""
    monkeypatch.setattr(os, "access", lambda path, mode: not str(path).startswith(str(work)))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(work.parent / "config"))
    (work.parent / "config" / "artui").mkdir(parents=True)
    (work.parent / "config" / "artui" / "settings.toml").write_text(f'catalog = "{work.parent}/mine.artui"\n')
    load_settings.cache_clear()
    assert place_for_run().path == work.parent / "mine.artui"


def test_odd_names_of_folders(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, wanted in {".hidden": "hidden.artui", "x.artui": "x.artui", "é" * 120: "é" * 100 + ".artui"}.items():
        (work / name).mkdir()
        monkeypatch.chdir(work / name)
        assert place_for_run().path == work / name / wanted


def test_launchers_that_go_elsewhere(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hydra and Ray change the folder for each trial: the catalog is that of the folder in which all was started."""
    trial = work.parent / "elsewhere" / "trial-1"
    trial.mkdir(parents=True)
    monkeypatch.setattr(started, "folder", str(work))
    monkeypatch.chdir(trial)
    assert place_for_run().path == work / "vision.artui"

    monkeypatch.setattr(started, "folder", str(trial))
    monkeypatch.setenv("TUNE_ORIG_WORKING_DIR", str(work))
    assert place_for_run().path == work / "vision.artui"
    monkeypatch.delenv("TUNE_ORIG_WORKING_DIR")

    runtime = types.SimpleNamespace(runtime=types.SimpleNamespace(cwd=str(work)))
    hydra = types.SimpleNamespace(HydraConfig=types.SimpleNamespace(get=lambda: runtime))
    monkeypatch.setitem(sys.modules, "hydra.core.hydra_config", hydra)
    assert place_for_run().path == work / "vision.artui"


def _git(*words: str, folder: Path) -> str:
    return subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", *words],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    ).stdout


@pytest.mark.skipif(shutil.which("git") is None, reason="there is no git")
def test_git_does_it_no_harm(work: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """`git clean -fd`, `git stash -u` and `git add .` leave a new catalog where it is, from a work tree and a submodule, too."""
    _git("init", "-q", ".", folder=work)
    (work / "a.txt").write_text("a")
    _git("add", "a.txt", folder=work)
    _git("commit", "-qm", "one", folder=work)
    _git("worktree", "add", "-q", str(work.parent / "tree"), folder=work)
    for folder in (work, work.parent / "tree"):
        monkeypatch.chdir(folder)
        with artui.start_run(name="r") as run:
            run.log({"x": 1})
            (folder / "a.txt").write_text("b")
            (folder / "new.txt").write_text("c")
            for words in (("clean", "-fdq"), ("stash", "-uq"), ("add", ".")):
                _git(*words, folder=folder)
            run.log({"x": 2})
        assert run.catalog_path == folder / f"{folder.name}.artui"
        assert "artui" not in _git("status", "--porcelain", folder=folder)
        with open_catalog(folder / f"{folder.name}.artui") as reader:
            assert reader.run("r").series("x").values.tolist() == [1, 2]
    assert capsys.readouterr().err.count(".git/info/exclude") == 1
    assert (work / ".git" / "info" / "exclude").read_text().count("*.artui*") == 1
