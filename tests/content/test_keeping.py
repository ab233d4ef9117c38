"""Versions in a store: saved there by runs and by `artui add`, read from there, and recorded where they lie when it fails."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import sqlite3
from pathlib import Path
from typing import BinaryIO

import pytest

import artui
from artui.capture.adding import add_version
from artui.cli import run as run_cli
from artui.content.stores.folder import FolderStore
from artui.content.stores.store import object_name
from artui.errors import ContentMissing, PackageMissing, UsageError
from artui.settings import load_settings

A, B = os.urandom(50_000), b"x,y\n1,2\n" * 1000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.artui"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two files, a copy of the first one and a link."""
    folder = tmp_path / "elsewhere" / "data"
    (folder / "in").mkdir(parents=True)
    (folder / "a.bin").write_bytes(A)
    (folder / "b.csv").write_bytes(B)
    (folder / "in" / "same.bin").write_bytes(A)
    (folder / "broken").symlink_to("nowhere")
    return folder


def _objects(store: Path) -> set[str]:
    return {path.name for path in store.rglob("*") if path.is_file()}


def _start(path: Path) -> artui.Run:
    return artui.start_run(project="p", name="r", catalog=path, code=False, system_metrics=False)


def _version(path: Path, reference: str = "data") -> artui.Version:
    return artui.open_catalog(path).version(reference)


DIGESTS = {hashlib.sha256(content).hexdigest() for content in (A, B)}


def test_a_run_saves_into_a_store_and_all_is_read_from_there(path: Path, folder: Path, tmp_path: Path) -> None:
    """Once the run has ended its files are in the store, each content once; they are opened and fetched from there alone."""
    store = tmp_path / "store"
    with _start(path) as run:
        assert run.save("data", folder, kind="dataset", store=str(store)) == "data:v1"
        assert run.save("one", folder / "b.csv", kind="dataset", store=f"file://{store}") == "one:v1"
    for file in (folder / "a.bin", folder / "b.csv", folder / "in" / "same.bin"):
        file.unlink()

    assert _objects(store) == DIGESTS
    version = _version(path)
    assert (version.storage, version.location) == ("stored", str(store))
    assert _version(path, "one").location == f"{store}/{object_name(hashlib.sha256(B).digest())}"
    with version.open("in/same.bin") as stream:
        assert stream.read(10) == A[:10]
        assert stream.seek(40_000) == 40_000 and stream.read() == A[40_000:]
    assert version.read_table("b.csv").columns()["x"][0] in ("1", 1)
    files = [file.path for file in version.files if not file.link_target]
    assert sorted(out.read_bytes() for path in files for out in version.download(tmp_path / "out", pattern=path)) == sorted([A, A, B])  # fmt: skip


def test_a_run_uses_what_is_in_a_store(path: Path, folder: Path, tmp_path: Path) -> None:
    """`use` gives a folder, or the file of a version of one, with a copy of the store's bytes."""
    with _start(path) as run:
        run.save("data", folder, store=str(tmp_path / "store"))
        run.save("one", folder / "b.csv", store=str(tmp_path / "store"))
        run.save("folder of one", folder / "in", store=str(tmp_path / "store"))
    with _start(path) as run:
        data, one, single = run.use("data"), run.use("one"), run.use("folder of one")
        again = run.use("data")

    assert (data / "in" / "same.bin").read_bytes() == A and again == data and not data.is_relative_to(folder)
    assert one.read_bytes() == B and one.name == "b.csv"
    assert single.is_dir() and (single / "same.bin").read_bytes() == A
    assert not [name for name in os.listdir(data.parent) if name.startswith(".get-")]


def test_the_setting_takes_what_is_too_large_for_the_catalog(
    path: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a store in the settings large versions go there and small ones into the catalog; `store=""` leaves one where it is."""
    monkeypatch.setenv("ARTUI_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("ARTUI_EMBED_LIMIT_BYTES", "20000")
    load_settings.cache_clear()
    with _start(path) as run:
        run.save("large", folder / "a.bin")
        run.save("small", folder / "b.csv")
        run.save("left", folder / "a.bin", store="")

    storages = {name: _version(path, name).storage for name in ("large", "small", "left")}
    assert storages == {"large": "stored", "small": "embedded", "left": "referenced"}


def test_add_stores_at_once_and_finds_what_is_there(path: Path, folder: Path, tmp_path: Path) -> None:
    """`artui add --store` has all of it in the store when it returns; a referenced version of the same content moves there."""
    before = add_version(path, folder, name="data", kind="dataset", store="")
    with pytest.raises(UsageError):
        add_version(path, folder, name="data", kind="dataset", store="ssh://-x/y")
    os.environ["ARTUI_EMBED_LIMIT_BYTES"] = "1"
    try:
        load_settings.cache_clear()
        referenced = add_version(path, folder, name="other", kind="dataset")
    finally:
        del os.environ["ARTUI_EMBED_LIMIT_BYTES"]
        load_settings.cache_clear()
    stored = add_version(path, folder, name="other", kind="dataset", store=str(tmp_path / "store"))

    assert (
        before[:2] == ("data:v1", True) and referenced[:2] == ("other:v1", True) and stored[:2] == ("other:v1", False)
    )
    assert _version(path, "other").storage == "stored" and _version(path).storage == "embedded"
    assert _objects(tmp_path / "store") == DIGESTS


def test_a_store_that_fails_leaves_the_version_where_it_lies(
    path: Path, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The training goes on, the version refers to its files, and what failed is named once and counted; nothing half-written is left."""
    store = tmp_path / "store"
    store.write_text("a file, no folder")
    with _start(path) as run:
        assert run.save("data", folder, store=str(store)) == "data:v1"

    version = _version(path)
    assert (version.storage, version.location, version.digest != "") == ("referenced", str(folder), True)
    with version.open("a.bin") as stream:
        assert stream.read() == A
    said = capsys.readouterr().err
    assert said.count("could not be stored") == 1 and "3 of 3 files" in said


def _failing_for(monkeypatch: pytest.MonkeyPatch, *contents: bytes) -> None:
    """Let a folder refuse some contents."""
    names = {object_name(hashlib.sha256(content).digest()) for content in contents}
    name = FolderStore._name

    def failing(self: FolderStore, part: BinaryIO, wanted: str) -> None:
        if wanted in names:
            raise self.failed("", "is full")
        name(self, part, wanted)

    monkeypatch.setattr(FolderStore, "_name", failing)


@pytest.mark.parametrize("how", ["run", "add"])
def test_one_file_that_cannot_be_stored_does_not_cost_the_rest(
    path: Path, folder: Path, tmp_path: Path, how: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    """What is stored is read from the store, the rest where it lies, as long as it is what it was; all of it is named and counted."""
    store, other = str(tmp_path / "store"), str(tmp_path / "other")

    def save(store: str) -> str:
        if how == "add":
            return add_version(path, folder, name="data", kind="dataset", store=store)[0]
        with _start(path) as run:
            return str(run.save("data", folder, store=store))

    with monkeypatch.context() as context:
        _failing_for(context, B)
        assert save(store) == "data:v1"
    said = capsys.readouterr().err
    assert said.count("could not be stored") == 1 and "1 of" in said and "'b.csv'" in said and "is full" in said

    version = _version(path)
    assert (version.storage, version.location, len(version.digest)) == ("stored", store, 64) and not version.damaged
    notes = {file.path: file.note for file in version.files}
    assert notes["b.csv"].startswith(f'not stored, lies in "{folder}" on ') and notes["a.bin"] == ""
    (folder / "a.bin").unlink()
    (folder / "in" / "same.bin").unlink()
    downloaded = {file.name: file.read_bytes() for file in version.download(tmp_path / "out", pattern="*.*")}
    assert downloaded == {"a.bin": A, "same.bin": A, "b.csv": B}
    with _start(path) as run:
        assert (run.use("data") / "b.csv").read_bytes() == B
    assert run_cli(["show", "data", "-c", str(path)]) == 0
    assert "1 file: b.csv" in (shown := capsys.readouterr().out) and "stored but 1 file" in shown
    assert run_cli(["ls", "-a", "-c", str(path)]) == 0 and "data (1 file not stored)" in capsys.readouterr().out
    assert run_cli(["show", "data", "--json", "-c", str(path)]) == 0
    assert '"not_stored_count": 1' in capsys.readouterr().out
    moved = tmp_path / "moved"
    Path(store).rename(moved)
    assert run_cli(["relocate", store, str(moved), "--yes", "-c", str(path)]) == 0
    assert _version(path).file("b.csv").read() == B and _version(path).file("a.bin").read() == A
    (folder / "b.csv").write_bytes(B[:-1] + b"9")
    with pytest.raises(ContentMissing, match="not what was recorded"):
        _version(path).open("b.csv")

    (folder / "a.bin").write_bytes(A)
    (folder / "b.csv").write_bytes(B)
    (folder / "in" / "same.bin").write_bytes(A)
    save(other)
    assert _version(path).location == other and not any(file.note for file in _version(path).files)
    assert _objects(Path(other)) == DIGESTS and len(artui.open_catalog(path).artifact("data").versions) == 1


def test_what_was_left_is_not_read_by_a_catalog_of_somebody_else(
    path: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A note leads nowhere without the mark of this installation, nor when somebody changed it."""
    with monkeypatch.context() as context:
        _failing_for(context, B)
        add_version(path, folder, name="data", kind="dataset", store=str(tmp_path / "store"))
    (tmp_path / "mine").mkdir()
    path = path.rename(tmp_path / "mine" / "x.artui")
    assert _version(path).file("b.csv").read() == B
    for wrong in (
        f'not stored, lies in "{tmp_path}/elsewhere/./data" on "h": x',
        'not stored, lies in "/ on "h": x',
        "not stored, lies in ",
    ):
        with sqlite3.connect(path) as connection:
            connection.execute("UPDATE file SET note = ? WHERE path = 'b.csv'", (wrong,))
        with pytest.raises(ContentMissing):
            _version(path).open("b.csv")


def test_a_store_that_cannot_be_one_costs_nothing(path: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong URI in a training program is said once, and the version is saved as without it."""
    with _start(path) as run:
        assert run.save("data", folder, store="ssh://-oProxyCommand=touch/x") == "data:v1"
    assert _version(path).storage == "embedded" and "storing" in capsys.readouterr().err


@pytest.mark.parametrize("what", ["gone", "other bytes", "all gone"])
def test_what_a_store_lost_is_said_with_its_place(path: Path, folder: Path, tmp_path: Path, what: str) -> None:
    """A missing or changed object is an error that names store and object; what else there is comes."""
    store = tmp_path / "store"
    add_version(path, folder, name="data", kind="dataset", store=str(store))
    victim = store / object_name(hashlib.sha256(A).digest())
    if what == "other bytes":
        victim.chmod(0o644)
        victim.write_bytes(A[:-1] + bytes([A[-1] ^ 1]))
    elif what == "gone":
        victim.unlink()
    else:
        store.rename(tmp_path / "moved")

    version = _version(path)
    with pytest.raises(ContentMissing) as caught, version.open("a.bin") as stream:
        stream.read()
    assert str(store) in str(caught.value) and victim.name in str(caught.value)
    with pytest.raises(ContentMissing, match=r"a\.bin"):
        version.download(tmp_path / "out")
    kept = {path.name for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert kept == (set() if what == "all gone" else {"b.csv"})


def test_a_catalog_of_somebody_else_reaches_no_store(
    path: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the mark of this installation a store is reached only if the user names it."""
    monkeypatch.setenv("ARTUI_ROOTS", "")
    store = tmp_path / "far" / "store"
    add_version(path, folder, name="data", kind="dataset", store=str(store))
    (tmp_path / "mine").mkdir()
    theirs = path.rename(tmp_path / "mine" / "theirs.artui")
    monkeypatch.setattr("artui.catalog.marks._secret", lambda *, makes: None)

    with pytest.raises(ContentMissing, match="was not recorded here"):
        _version(theirs).open("a.bin")
    monkeypatch.setenv("ARTUI_STORE", str(store))
    load_settings.cache_clear()
    with _version(theirs).open("a.bin") as stream:
        assert stream.read() == A


def test_a_missing_package_is_an_error_of_add(path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asks for a bucket without the package is told, and nothing is added."""
    monkeypatch.setitem(__import__("sys").modules, "obstore", None)
    with pytest.raises(PackageMissing, match="remote"):
        add_version(path, folder, name="data", kind="dataset", store="s3://bucket")
    assert not path.exists()


def test_the_host_of_a_folder_is_recorded(path: Path, folder: Path, tmp_path: Path) -> None:
    """A folder may be of one machine: which is said."""
    add_version(path, folder, name="data", kind="dataset", store=str(tmp_path / "store"))
    assert _version(path).host == socket.gethostname()


def test_files_that_are_gone_are_named(tmp_path: Path, folder: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    """A version that refers to files says which are no longer there, and so does reading one; of another machine's nothing is said."""
    path = tmp_path / "x.artui"
    monkeypatch.setenv("ARTUI_EMBED_LIMIT_BYTES", "1")
    load_settings.cache_clear()
    add_version(path, folder, name="data", kind="dataset")
    first, second, *_ = sorted(part for part in folder.rglob("*") if part.is_file())

    def not_there() -> list[str]:
        capfd.readouterr()
        assert run_cli(["show", "data", "--json", "-c", str(path)]) == 0
        named: list[str] = json.loads(capfd.readouterr().out)["version"]["not_there"]
        assert run_cli(["show", "data", "-c", str(path)]) == 0
        out = capfd.readouterr().out
        assert (f"not there {len(named)} file" in out) == bool(named)
        return named

    assert not_there() == []
    first.rename(tmp_path / "moved")
    second.write_bytes(second.read_bytes() + b"more")
    gone = [str(part.relative_to(folder)) for part in (first, second)]
    assert not_there() == gone
    with artui.open_catalog(path) as catalog, pytest.raises(ContentMissing, match="is gone: it was at"):
        catalog.version("data").file(gone[0]).read()
    capfd.readouterr()
    assert run_cli(["get", "data", "-o", str(tmp_path / "got"), "-c", str(path)]) == 1
    assert "data:v1: 1 of 4 files, 50 kB, as recorded" in capfd.readouterr().err
    assert run_cli(["get", "data", "-o", str(tmp_path / "none"), "-f", gone[0], "-c", str(path)]) == 1
    assert "data:v1: its file could not be had" in capfd.readouterr().err
    monkeypatch.setattr(socket, "gethostname", lambda: "another")
    assert not_there() == []
