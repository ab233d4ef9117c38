"""Stores that lie elsewhere: fetched whole and only once, imported as if they lay here, and nothing that they name leads out."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import artui
from artui.cli import run as run_cli
from artui.content import stores
from artui.errors import StoreFailed, UsageError
from artui.exchange import fetching
from tests.servers import SshServer


class Elsewhere:
    """A store of somebody's, with what it says to have."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files, self.asked = files, list[str]()
        self.broken: set[str] = set()

    def listed(self, folder: str) -> Iterator[tuple[str, int]]:
        yield from ((name, len(content)) for name, content in self.files.items())

    def pieces(self, name: str, start: int, stop: int) -> Iterator[bytes]:
        self.asked.append(name)
        if name in self.broken:
            raise StoreFailed(f"{name} is not to be had.")
        yield self.files[name][start : stop // 2]
        yield self.files[name][stop // 2 : stop]


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Elsewhere:
    store = Elsewhere({"a/x": b"12", "y": b"", "large.bin": bytes(fetching.ALWAYS_BYTES + 1), "p.parquet": b"PAR1"})
    monkeypatch.setattr(fetching, "opened", lambda uri: store)
    return store


def below(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_store_is_fetched_and_then_only_what_may_be_new(elsewhere: Elsewhere) -> None:
    """What is gone there goes here; large files and those of a lake are fetched once for each size."""
    found = fetching.fetch("s3://bucket/some")
    assert below(found.folder) == elsewhere.files and (found.files, found.new) == (4, 4) and not found.left
    elsewhere.asked.clear()
    elsewhere.files["a/x"] = b"34"
    del elsewhere.files["y"]
    again = fetching.fetch("s3://bucket/some")
    assert again.folder == found.folder and below(again.folder) == elsewhere.files and elsewhere.asked == ["a/x"]
    assert fetching.fetch("s3://bucket/other").folder != found.folder


def test_names_lead_nowhere_else(elsewhere: Elsewhere, tmp_path: Path) -> None:
    names = ["../x", "a/../../x", "a//x", "a/./x", "", "x" * 300, "a\0b", "x.artui-part", "a", "d/" * 2500]
    before = dict(elsewhere.files)
    elsewhere.files |= dict.fromkeys(names, b"evil")
    found = fetching.fetch("s3://bucket/some")
    assert below(found.folder) == before and sum(found.left.values()) == len(names)
    assert not [path for path in found.folder.parent.iterdir() if path != found.folder]


def test_one_file_that_cannot_be_had_costs_no_other(elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a store that is out of reach it is given up; so it is where there is no room."""
    elsewhere.broken = {"a/x"}
    found = fetching.fetch("s3://bucket/some")
    assert set(below(found.folder)) == {"y", "large.bin", "p.parquet"} and sum(found.left.values()) == 1
    elsewhere.files |= dict.fromkeys("bcd", b"1")
    elsewhere.broken = set(elsewhere.files)
    with pytest.raises(StoreFailed):
        fetching.fetch("s3://bucket/none")
    monkeypatch.setattr(shutil, "disk_usage", lambda place: type("Usage", (), {"free": 10}))
    with pytest.raises(UsageError, match="no room"):
        fetching.fetch("s3://bucket/full")


def _runs(path: Path) -> Any:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT id, name, status, started_ms FROM runs ORDER BY id").fetchall()


def _lake(tmp_path: Path) -> Path:
    path = tmp_path / "a.artui"
    for number in range(3):
        with artui.start_run(project="p", name=f"r{number}", catalog=path, console=False, code=False) as run:
            run.log({"loss": 1 / (number + 1)})
    assert run_cli(["export", "--parquet", str(tmp_path / "lake"), "-c", str(path)]) == 0
    return path


def test_a_lake_comes_back_from_a_bucket(moto: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And is called by its URI in the report; again, nothing is fetched twice."""
    path, back = _lake(tmp_path), tmp_path / "back.artui"
    assert run_cli(["export", "--parquet", "s3://bucket/lake", "-c", str(path)]) == 0
    capsys.readouterr()
    assert run_cli(["import", "s3://bucket/lake", "-c", str(back), "--json"]) == 0
    said = capsys.readouterr()
    assert [one["location"] for one in json.loads(said.out)["stores"]] == ["s3://bucket/lake"]
    assert _runs(back) == _runs(path) and "fetched" in said.err
    assert run_cli(["import", "s3://bucket/lake", "-c", str(back)]) == 0
    # The one small file that is not named by what it holds is that of the manifest.
    assert "1 file with" in capsys.readouterr().err and _runs(back) == _runs(path)


def test_a_folder_of_another_machine_is_imported(ssh_server: SshServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    path, back = _lake(tmp_path), tmp_path / "back.artui"
    ssh_server.store.parent.mkdir(parents=True, exist_ok=True)
    os.rename(tmp_path / "lake", ssh_server.store)
    assert run_cli(["import", ssh_server.uri, "-c", str(back)]) == 0
    assert _runs(back) == _runs(path)


@pytest.mark.parametrize("uri", ["s3://nothing-is-here/x", "ssh://127.0.0.1:1/x", "https://127.0.0.1:1/x", "s3://"])
def test_what_cannot_be_reached_is_said(uri: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("ARTUI_STORE_SECONDS", "1")
    assert run_cli(["import", uri, "-c", str(tmp_path / "x.artui")]) in (1, 2, 4)
    said = capsys.readouterr().err
    assert "bug in artui" not in said and said.count("\n") <= 3 and not (tmp_path / "x.artui").exists()


def test_what_is_no_store_is_named_by_where_it_lies(elsewhere: Elsewhere, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    elsewhere.files = {"x.bin": b"1"}
    assert run_cli(["import", "s3://bucket/some", "-c", str(tmp_path / "x.artui")]) == 2
    assert "No store was recognised at 's3://bucket/some'" in capsys.readouterr().err
    elsewhere.files = {}
    assert run_cli(["import", "s3://bucket/some", "-c", str(tmp_path / "x.artui")]) == 2
    assert "has no files" in capsys.readouterr().err


def test_a_path_is_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s3:").mkdir()
    assert fetching.uri_in(Path("s3:/")) == "" and fetching.uri_in(Path("a/b")) == "" and stores is not None
    assert fetching.uri_in(Path("s3://bucket/a//b")) == "s3://bucket/a/b"
