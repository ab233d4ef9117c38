"""`artui relocate`: what was moved is found again, compared, and taken over; the rest stays as it was."""

from __future__ import annotations

import json
import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

import artui
from artui import cli
from artui.capture.adding import add_version
from artui.catalog import Catalog, marks
from artui.catalog.outside import not_stored_note
from artui.errors import ContentMissing
from artui.settings import load_settings
from tests.content.stores.test_stores import fake_ssh as fake_ssh

Relocate = Callable[..., tuple[int, str, str]]
A, B = os.urandom(3000), os.urandom(2000)


@pytest.fixture
def catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A catalog with a referenced folder, a referenced file, and the same folder in a store; nothing embedded."""
    monkeypatch.setenv("ARTUI_EMBED_LIMIT_BYTES", "1")
    load_settings.cache_clear()
    folder = tmp_path / "data" / "set"
    (folder / "in").mkdir(parents=True)
    (folder / "a.bin").write_bytes(A)
    (folder / "in" / "b.bin").write_bytes(B)
    (folder / "link").symlink_to("a.bin")
    path = tmp_path / "c" / "x.artui"
    path.parent.mkdir()
    add_version(path, folder, name="folder", kind="dataset")
    add_version(path, folder / "a.bin", name="file", kind="dataset")
    add_version(path, folder, name="stored", kind="dataset", store=str(tmp_path / "data" / "kept"))
    add_version(path, folder / "a.bin", name="single", kind="dataset", store=str(tmp_path / "data" / "kept"))
    return path


@pytest.fixture
def relocate(catalog: Path, capsys: pytest.CaptureFixture[str]) -> Relocate:
    """Run the verb; give its code, stdout and stderr."""

    def run(*words: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = cli.run(["relocate", *map(str, words), "--catalog", str(catalog)])
        done = capsys.readouterr()
        return code, done.out, done.err

    return run


def _places(catalog: Path) -> dict[str, tuple[str, str]]:
    with artui.open_catalog(catalog) as opened:
        return {name: (opened.version(name).location, opened.version(name).host) for name in ("folder", "file", "stored", "single")}  # fmt: skip


def _content(catalog: Path, name: str) -> bytes:
    with artui.open_catalog(catalog) as opened, opened.version(name).open("a.bin") as stream:
        return stream.read()


def test_what_was_moved_is_taken_over_and_undone(relocate: Relocate, catalog: Path, tmp_path: Path) -> None:
    """References and stores below a folder follow it; what they give is what was saved, and undo puts all of it back."""
    before = _places(catalog)
    (tmp_path / "data").rename(tmp_path / "moved")
    with pytest.raises(ContentMissing):
        _content(catalog, "folder")

    looked = relocate(tmp_path / "data", tmp_path / "moved", "--dry-run")
    assert looked[0] == 0 and "4 versions with 8 files would lie" in looked[1] and _places(catalog) == before
    code, out, _ = relocate(tmp_path / "data/", tmp_path / "moved", "--yes")

    assert code == 0 and "4 versions with 8 files now lie" in out
    assert {name: place.replace("/moved", "/data") for name, (place, _) in _places(catalog).items()} == {name: place for name, (place, _) in before.items()}  # fmt: skip
    assert {_content(catalog, name) for name in before} == {A}
    assert cli.run(["undo", "--catalog", str(catalog)]) == 0
    assert _places(catalog) == before
    (tmp_path / "moved").rename(tmp_path / "data")
    assert {_content(catalog, name) for name in before} == {A}
    assert cli.run(["undo", "--redo", "--catalog", str(catalog)]) == 0
    assert "/moved" in _places(catalog)["stored"][0]


def test_what_is_not_the_same_stays(relocate: Relocate, catalog: Path, tmp_path: Path) -> None:
    """A version of which a file is gone or another one is named and left; those that are whole are taken over."""
    before = _places(catalog)
    (tmp_path / "data").rename(tmp_path / "moved")
    (tmp_path / "moved" / "set" / "in" / "b.bin").unlink()
    objects = [path for path in (tmp_path / "moved" / "kept").rglob("*") if path.is_file() and path.read_bytes() == A]
    objects[0].chmod(0o644)
    objects[0].write_bytes(A[:-1] + bytes([A[-1] ^ 1]))

    code, out, err = relocate(tmp_path / "data", tmp_path / "moved", "--yes")
    document = json.loads(relocate(tmp_path / "data", tmp_path / "moved", "--dry-run", "--json")[1])

    assert code == 1 and "1 version with 1 file now lie" in out and "1 file: not there" in out and "3 files: something else there" in out  # fmt: skip
    assert "left folder:v1" in err and "lacks in/b.bin" in err and "differs in a.bin" in err
    after = _places(catalog)
    assert [name for name in before if before[name] != after[name]] == ["file"]
    assert {one["reference"]: (one["missing"], one["differing"]) for one in document["versions"]} == {
        "folder:v1": (["in/b.bin"], []), "stored:v1": ([], ["a.bin", "link"]), "single:v1": ([], ["a.bin"]),
    }  # fmt: skip


def test_only_what_is_below_is_looked_at(relocate: Relocate, catalog: Path, tmp_path: Path) -> None:
    """A folder whose name only begins alike is another one, and letters of patterns are letters."""
    before = _places(catalog)
    for old in (tmp_path / "dat", tmp_path / "d%", tmp_path / "data" / "se", "s3://bucket", "box:/data"):
        code, out, _ = relocate(old, tmp_path / "moved", "--yes")
        assert code == 0 and "Nothing lies below" in out
    assert _places(catalog) == before


def test_nothing_changes_without_a_yes(relocate: Relocate, catalog: Path, tmp_path: Path) -> None:
    """In a script --yes is needed, and said so."""
    before = _places(catalog)
    shutil.copytree(tmp_path / "data", tmp_path / "copy")
    code, _, err = relocate(tmp_path / "data", tmp_path / "copy")
    assert code == 2 and "--yes" in err and _places(catalog) == before


def test_hosts_are_told_apart(relocate: Relocate, catalog: Path, tmp_path: Path, fake_ssh: Path) -> None:
    """What lay on one host is looked for on another one by ssh, and is recorded to lie there; also a store gets a URI."""
    (tmp_path / "data").rename(tmp_path / "moved")

    assert relocate(f"elsewhere:{tmp_path}/data", f"box:{tmp_path}/moved", "--yes")[1].count("Nothing lies below") == 1
    code, out, err = relocate(f"{socket.gethostname()}:{tmp_path}/data/set", f"box:{tmp_path}/moved/set", "--yes")
    assert (code, err) == (0, "") and "2 versions" in out
    code, out, err = relocate(tmp_path / "data" / "kept", f"ssh://box{tmp_path}/moved/kept", "--yes")
    assert (code, err) == (0, "") and "2 versions" in out

    places = _places(catalog)
    assert places["folder"] == (f"{tmp_path}/moved/set", "box") and places["stored"] == (f"ssh://box{tmp_path}/moved/kept", "")  # fmt: skip
    assert _content(catalog, "stored") == _content(catalog, "single") == A


def test_without_a_digest_the_size_counts_and_is_said(relocate: Relocate, catalog: Path, tmp_path: Path) -> None:
    """A file that was never hashed is taken over by its size, which is said."""
    with Catalog(catalog) as opened, opened.transaction() as connection:
        connection.execute("UPDATE file SET digest = NULL WHERE version_key IN (SELECT key FROM version WHERE storage = 'referenced')")  # fmt: skip
    (tmp_path / "data").rename(tmp_path / "moved")
    code, out, _ = relocate(tmp_path / "data" / "set", tmp_path / "moved" / "set", "--yes")
    assert code == 0 and "4 files: compared by size alone" in out


def test_a_mark_of_another_installation_does_not_come_back(relocate: Relocate, catalog: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    """Undo puts back what was there: the mark of somebody else stays without a meaning here."""
    monkeypatch.setattr(marks, "_secret", lambda *, makes: b"another")
    (tmp_path / "data").rename(tmp_path / "moved")
    with pytest.raises(ContentMissing):
        _content(catalog, "folder")
    assert relocate(tmp_path / "data", tmp_path / "moved", "--yes")[0] == 0
    assert _content(catalog, "folder") == A
    assert cli.run(["undo", "--catalog", str(catalog)]) == 0
    (tmp_path / "moved").rename(tmp_path / "data")
    with pytest.raises(ContentMissing, match="was not recorded here"):
        _content(catalog, "folder")


def test_files_that_could_not_be_stored_are_named(relocate: Relocate, catalog: Path, tmp_path: Path) -> None:
    """What was left out of a store lies where its note says: of that place it is said that it is not looked at."""
    note = not_stored_note(str(tmp_path / "data" / "set"), socket.gethostname(), "too large")
    with Catalog(catalog) as opened, opened.transaction() as connection:
        connection.execute("UPDATE file SET note = ? WHERE path = 'a.bin' AND version_key = (SELECT v.key FROM version AS v JOIN artifact AS a ON a.key = v.artifact_key WHERE a.name = 'stored')", (note,))  # fmt: skip
    shutil.copytree(tmp_path / "data", tmp_path / "copy")

    err = relocate(tmp_path / "data", tmp_path / "copy", "--dry-run")[2]
    assert "1 file of stored:v1 could not be stored and was left below" in err and "stored." in err
    for other in (f"elsewhere:{tmp_path}/data", f"{tmp_path}/dat"):
        assert "could not be stored" not in relocate(other, tmp_path / "copy", "--dry-run")[2]
