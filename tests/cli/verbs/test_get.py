"""`artui get`: files checked and written, what is there kept, what cannot be had named."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import artui
from artui import cli
from tests.content.test_fetching import HOSTILE

Get = Callable[..., tuple[int, list[str], str]]


@pytest.fixture
def get(demo_catalog: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Get:
    """Run the verb in a folder of its own; give its code, the lines of stdout, and stderr."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")

    def run(*words: str, catalog: Path = demo_catalog) -> tuple[int, list[str], str]:
        code = cli.run(["get", *words, "--catalog", str(catalog)])
        done = capsys.readouterr()
        return code, done.out.splitlines(), done.err

    return run


def test_files_are_what_was_saved(get: Get, demo_catalog: Path) -> None:
    """Paths on stdout, bytes as recorded; a second time nothing is written, and what somebody changed stays unless forced."""
    code, paths, err = get("digits-split")
    with artui.open_catalog(demo_catalog) as catalog:
        contents = {file.path: file.read() for file in catalog.version("digits-split").files}
    assert code == 0 and {Path(path).name: Path(path).read_bytes() for path in paths} == contents and "3 files" in err
    assert paths == sorted(f"digits-split-v2/{path}" for path in contents)
    before = {path: os.stat(path).st_mtime_ns for path in paths}
    assert get("digits-split:v2")[0] == 0 and {path: os.stat(path).st_mtime_ns for path in paths} == before
    Path(paths[0]).write_bytes(b"mine")
    code, kept, err = get("digits-split")
    assert (
        code == 1
        and kept == paths[1:]
        and "left out test.csv: another file" in err
        and "--force replaces the file that is in the way" in err
        and Path(paths[0]).read_bytes() == b"mine"
    )
    assert get("digits-split", "--force")[0] == 0 and Path(paths[0]).read_bytes() == contents["test.csv"]


def test_some_files_into_a_folder(get: Get, tmp_path: Path) -> None:
    """Globs choose, -o names the folder, which is made; the document of --json says the same."""
    code, paths, _ = get("digits-split", "-f", "v*", "-f", "te*", "-o", str(tmp_path / "a" / "b"))
    assert code == 0 and [Path(path).name for path in paths] == ["test.csv", "val.csv"] == sorted(
        os.listdir(tmp_path / "a" / "b")
    )
    code, lines, _ = get("digits-split", "-o", str(tmp_path / "a" / "b"), "--json")
    document = json.loads("\n".join(lines))
    assert (
        document["present"] == ["test.csv", "val.csv"]
        and document["written"] == ["train.csv"]
        and document["left_out"] == {}
    )
    assert (
        get("digits-split", "-f", "*.png")[0] == 2 and "no file that matches" in get("digits-split", "-f", "*.png")[2]
    )
    assert get("nobody")[0] == 2 and get("digits-model:v99")[0] == 2 and get()[0] == 2
    (tmp_path / "file").write_text("")
    assert get("digits-split", "-o", str(tmp_path / "file"))[0] == 2


def test_a_hostile_manifest_writes_only_inside(get: Get, demo_catalog: Path, tmp_path: Path) -> None:
    """Whatever a catalog calls its files, nothing is written beside the folder; what is refused is said, and the others are there."""
    with sqlite3.connect(demo_catalog) as connection:
        key, digest, blob = connection.execute(
            "SELECT version_key, digest, blob_key FROM file WHERE path = 'train.csv' ORDER BY version_key DESC LIMIT 1"
        ).fetchone()
        size = connection.execute("SELECT size_bytes FROM blob WHERE key = ?", (blob,)).fetchone()[0]
        for path in HOSTILE:
            if path.isprintable() or path == "\0":
                connection.execute(
                    "INSERT OR IGNORE INTO file (version_key, path, size_bytes, digest, blob_key) VALUES (?, ?, ?, ?, ?)",
                    (key, path, size, digest, blob),
                )
        connection.execute(
            "INSERT INTO file (version_key, path, size_bytes, link_target) VALUES (?, 'link', 0, '/etc/passwd')", (key,)
        )
    connection.close()
    outside = sorted(str(path) for path in tmp_path.rglob("*"))
    code, paths, err = get("digits-split", "-o", "in")
    inside = {str(path) for path in (tmp_path / "here" / "in").rglob("*")}
    assert (
        code == 1 and "left out" in err and [Path(path).name for path in paths] == ["test.csv", "train.csv", "val.csv"]
    )
    assert sorted(str(path) for path in tmp_path.rglob("*") if str(path) not in inside) == sorted(
        [*outside, str(tmp_path / "here" / "in")]
    )
    assert not any(os.path.islink(path) for path in inside)


def test_files_elsewhere_are_followed_where_that_was_said(
    get: Get, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A catalog from elsewhere may not reach files of this machine until a folder is named; what is changed or gone is said."""
    monkeypatch.setenv("ARTUI_EMBED_LIMIT_BYTES", "1")
    data = tmp_path / "data"
    data.mkdir()
    for name in "abc":
        (data / name).write_text(name * 100)
    with artui.start_run(project="p", catalog=tmp_path / "store" / "c.artui", console=False, code=False) as run:
        run.save("data", data, kind="dataset")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "another"))
    catalog = tmp_path / "store" / "c.artui"
    (data / "b").write_text("other")
    (data / "c").unlink()
    code, paths, err = get("data", catalog=catalog)
    assert code == 1 and paths == [] and "was not recorded here" in err and "--follow" in err
    code, paths, err = get("data", "--follow", str(data), catalog=catalog)
    assert code == 1 and paths == ["data-v1/a"] and "not what was recorded" in err and str(data) in err


def test_an_interrupted_get_goes_on(demo_catalog: Path, tmp_path: Path) -> None:
    """A process that is killed leaves no file that is not whole under its name."""
    big = tmp_path / "big.bin"
    big.write_bytes(os.urandom(8 << 20))
    with artui.start_run(project="p", catalog=tmp_path / "c.artui", console=False, code=False) as run:
        run.save("big", big, kind="model")
    words = [sys.executable, "-m", "artui", "get", "big", "-c", str(tmp_path / "c.artui"), "-o", str(tmp_path / "out")]
    killing = f"import os, artui.content.fetching as f; f._name = lambda *a, **k: os._exit(9); from artui import cli; cli.run({words[3:]!r})"
    subprocess.run([sys.executable, "-c", killing], capture_output=True, timeout=60, check=False)
    assert os.listdir(tmp_path / "out") == [".big.bin.part"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=True)
    assert (
        os.listdir(tmp_path / "out") == ["big.bin"] and (tmp_path / "out" / "big.bin").read_bytes() == big.read_bytes()
    )
    assert done.stdout.strip().endswith("big.bin")
