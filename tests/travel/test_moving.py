"""A catalog moves whole: to another name, another disk, over another file, or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import artui
from artui.catalog import recent
from artui.catalog.checking import check_data
from artui.catalog.spool.place import folder_of
from artui.cli import run as run_cli
from artui.errors import ArtuiError, CatalogLocked, UsageError
from artui.settings import load_settings
from artui.travel import moving
from artui.travel.moving import move
from artui.tui.state.arrangement import Arrangement, keep_arrangement, load_arrangement
from tests import mutating
from tests.reading import open_reader


@pytest.fixture(params=["renamed", "copied"])
def is_copied(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether the two places count as file systems of their own."""
    if request.param == "copied":
        monkeypatch.setattr(moving, "is_one_disk", lambda *_: False)
    return bool(request.param == "copied")


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    """A catalog with a backup and a signature beside it, that only its owner may read."""
    (tmp_path / "here").mkdir()
    (tmp_path / "there").mkdir()
    path = mutating.build(tmp_path / "here" / "x.artui")
    path.chmod(0o640)
    path.with_name("x.artui.schema-3.bak").write_bytes(b"old")
    path.with_name("x.artui.sig").write_bytes(b"signed")
    path.with_name("x.artui.notes").write_bytes(b"of somebody else")
    return path


def test_all_of_it_is_there_and_nothing_is_left(catalog: Path, is_copied: bool, tmp_path: Path) -> None:
    content = catalog.read_bytes()
    recent.remember(catalog)

    moved = move(catalog, tmp_path / "there")

    new = tmp_path / "there" / "x.artui"
    assert moved.new == new and moved.is_renamed is not is_copied
    assert new.read_bytes() == content and new.stat().st_mode & 0o777 == 0o640 and list(check_data(new)) == []
    assert sorted(os.listdir(new.parent)) == ["x.artui", "x.artui.schema-3.bak", "x.artui.sig"]
    assert os.listdir(catalog.parent) == ["x.artui.notes"]
    assert recent.used_lately() == [new]


def test_what_is_there_is_replaced_only_if_asked(catalog: Path, is_copied: bool, tmp_path: Path) -> None:
    content, new = catalog.read_bytes(), tmp_path / "there" / "y.artui"
    new.write_bytes(b"mine")
    before = sorted(os.listdir(catalog.parent))

    with pytest.raises(UsageError, match="is there already"):
        move(catalog, new)
    assert new.read_bytes() == b"mine" and sorted(os.listdir(catalog.parent)) == before
    assert move(catalog, new, replaces=True, is_dry=True).beside == ("x.artui.schema-3.bak", "x.artui.sig")
    assert new.read_bytes() == b"mine" and sorted(os.listdir(catalog.parent)) == before

    move(catalog, new, replaces=True)

    assert new.read_bytes() == content and not catalog.exists() and new.with_name("y.artui.sig").exists()


def test_what_was_broken_off_is_completed(catalog: Path, is_copied: bool, tmp_path: Path) -> None:
    """The same command again, after a copy that was not removed yet; another file of that name is none."""
    content, new = catalog.read_bytes(), tmp_path / "there" / "x.artui"
    new.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(UsageError, match="is there already"):
        move(catalog, new)
    new.write_bytes(content)
    new.with_name("x.artui.sig").write_bytes(b"signed")

    move(catalog, new)

    assert new.read_bytes() == content and os.listdir(catalog.parent) == ["x.artui.notes"]


def test_one_that_is_in_use_stays_and_it_is_said_by_whom(catalog: Path, tmp_path: Path) -> None:
    new = tmp_path / "there" / "x.artui"
    reader = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('BEGIN'); c.execute('SELECT * FROM run').fetchone(); print('in', flush=True); sys.stdin.read()"  # fmt: skip
    with subprocess.Popen(
        [sys.executable, "-c", reader, str(catalog)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None and process.stdout.readline() == b"in\n"
        with pytest.raises(CatalogLocked, match=rf"open in another process \({process.pid} "):
            move(catalog, new)
        process.communicate(b"")
    with artui.start_run(catalog=catalog, console=False, code=False, system_metrics=False):  # noqa: SIM117
        with pytest.raises(CatalogLocked, match=rf"process {os.getpid()} on "):
            move(catalog, new)
    assert not new.exists() and not folder_of(catalog).exists()
    move(catalog, new)
    assert list(check_data(new)) == []


@pytest.mark.parametrize("how", ["a link", "itself", "no folder", "a -wal", "two names", "read-only"])
def test_where_it_cannot_go_it_is_refused(
    catalog: Path, tmp_path: Path, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = tmp_path / "there" / "x.artui"
    path, target, content = catalog, new, catalog.read_bytes()
    if how == "a link":
        path = tmp_path / "link.artui"
        path.symlink_to(catalog)
    elif how == "itself":
        target = catalog.parent
    elif how == "no folder":
        target = tmp_path / "nowhere" / "x.artui"
    elif how == "a -wal":
        new.with_name("x.artui-wal").write_bytes(b"of another")
    elif how == "two names":
        (tmp_path / "second.artui").hardlink_to(catalog)
    else:
        monkeypatch.setenv("ARTUI_READ_ONLY", "1")
        load_settings.cache_clear()

    with pytest.raises(ArtuiError) as caught:
        move(path, target)

    assert caught.value.remedy and catalog.read_bytes() == content and not new.exists()


def test_files_beside_it_that_it_no_longer_reaches_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Those that this installation recorded are read by their mark; of a catalog from elsewhere, those below its folder."""
    monkeypatch.setenv("ARTUI_EMBED_LIMIT_BYTES", "1")
    load_settings.cache_clear()
    monkeypatch.setattr("artui.content.reading._is_root", lambda folder: folder.name == "home")
    home = tmp_path / "home"
    home.mkdir()
    (tmp_path / "there").mkdir()
    (home / "data.bin").write_bytes(b"x" * 10)
    path = home / "x.artui"
    with artui.start_run(catalog=path, console=False, code=False, system_metrics=False) as run:
        run.save("data", home / "data.bin", kind="dataset")
    assert move(path, tmp_path / "there", is_dry=True).unreachable == ()
    monkeypatch.setattr("artui.catalog.marks.is_marked", lambda *_: False)
    key = f"{move(path, tmp_path / 'there', is_dry=True).catalog_id} {path}"
    keep_arrangement(key, Arrangement(pinned=2))
    keep_arrangement(f"{key} data", Arrangement(pinned=3), "versions")
    assert move(path, home / "y.artui", is_dry=True).unreachable == ()

    assert run_cli(["move", str(path), str(tmp_path / "there")]) == 0

    said = capfd.readouterr().out
    assert "files of 1 version were read" in said and "data:v1" in said and f"add {home} to `roots`" in said
    there = key.replace(str(path), str(tmp_path / "there" / "x.artui"))
    assert load_arrangement(there).pinned == 2 and load_arrangement(f"{there} data", "versions").pinned == 3
    with open_reader(tmp_path / "there" / "x.artui") as reader:
        assert len(reader.runs()) == 1
