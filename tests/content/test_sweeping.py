"""Sweeping a store that catalogs share: nothing goes that one of them names, and nothing at once."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

import artui
from artui.capture.adding import add_version
from artui.catalog import Catalog
from artui.cli import run as run_cli
from artui.content import stores, sweeping
from artui.content.stores.folder import FolderStore
from artui.content.stores.store import object_name

DAY_MS = 86_400_000
CONTENTS = {name: f"{name} {'x' * 2000}".encode() for name in ("both", "first", "second", "nobody's")}


def _name(content: str) -> str:
    return object_name(hashlib.sha256(CONTENTS[content]).digest())


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store of two catalogs with an object of both, one of each, one of nobody, and files that are not ours."""
    store = tmp_path / "store"
    for catalog, names in (("a", ("both", "first")), ("b", ("both", "second"))):
        folder = tmp_path / catalog
        folder.mkdir()
        for name in names:
            (folder / name).write_bytes(CONTENTS[name])
        add_version(tmp_path / f"{catalog}.artui", folder, name="data", kind="dataset", store=str(store))
    stores.opened(str(store)).put(_name("nobody's"), len(CONTENTS["nobody's"]), iter([CONTENTS["nobody's"]]))
    digest = hashlib.sha256(b"z").hexdigest()
    for other in (
        "notes.txt",
        "sha256/README",
        f"sha256/zz/{digest}",
        f"sha256/00/{digest}",
        f"sha256/{digest}",
        "unnamed/list.txt",
        ".part-1",
    ):
        (store / other).parent.mkdir(exist_ok=True)
        (store / other).write_bytes(b"somebody else's")
    return store


def _sweep(store: Path, *words: str, catalogs: str = "ab") -> list[str]:
    named = [word for catalog in catalogs for word in ("-c", str(store.parent / f"{catalog}.artui"))]
    return ["gc", "--store", str(store), "--yes", *named, *words]


def _objects(store: Path) -> set[str]:
    return {name for name in CONTENTS if (store / _name(name)).exists()}


def _files(store: Path) -> set[str]:
    return {str(path.relative_to(store)) for path in store.rglob("*") if path.is_file()}


def _plan(capfd: pytest.CaptureFixture[str], command: list[str]) -> dict[str, Any]:
    capfd.readouterr()
    assert run_cli([*command, "--json"]) == 0
    document: dict[str, Any] = json.loads(capfd.readouterr().out)
    return document


def test_what_no_catalog_names_goes_after_a_while(store: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The first sweep marks, a later one removes what has been marked for so long; what is not called as an object stays."""
    before = _files(store)
    plan = _plan(capfd, _sweep(store, "--dry-run"))
    assert (plan["named_count"], len(plan["marked"]), plan["removed"]) == (3, 1, []) and _files(store) == before

    assert run_cli(_sweep(store)) == 0 and len(_files(store)) == len(before) + 1
    assert _plan(capfd, _sweep(store))["waiting"] == plan["marked"] and _objects(store) == set(CONTENTS)
    assert run_cli([word for word in _sweep(store, "--older-than", "0d") if word != "--yes"]) == 2
    assert "Say --yes" in capfd.readouterr().err and _objects(store) == set(CONTENTS)
    plan = _plan(capfd, _sweep(store, "--older-than", "0d"))

    assert plan["removed"] == [_name("nobody's")[-64:]] and plan["freed_bytes"] == len(CONTENTS["nobody's"])
    assert _files(store) == before - {_name("nobody's")}


def test_what_a_named_catalog_needs_stays(store: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Also of a deleted version, until its content was removed from the catalog; what is named again loses its mark."""
    assert run_cli(["delete", "data:v1", "-c", str(tmp_path / "b.artui")]) == 0
    for _ in range(2):
        assert run_cli(_sweep(store, "--older-than", "0d")) == 0
    assert _objects(store) == {"both", "first", "second"}
    assert run_cli(["gc", "--older-than", "0d", "-c", str(tmp_path / "b.artui")]) == 0
    assert run_cli(_sweep(store)) == 0 and _objects(store) == {"both", "first", "second"}
    add_version(
        tmp_path / "c.artui", tmp_path / "b" / "second", name="data", kind="dataset", store=str(tmp_path / "s2")
    )
    assert run_cli(_sweep(store, "--older-than", "0d", catalogs="abc")) == 0
    assert _objects(store) == {"both", "first", "second"} and not any(
        name.startswith("unnamed/") and name != "unnamed/list.txt" for name in _files(store)
    )
    for _ in range(2):
        assert run_cli(_sweep(store, "--older-than", "0d")) == 0
    assert _objects(store) == {"both", "first"}
    assert artui.open_catalog(tmp_path / "a.artui").version("data").file("both").read() == CONTENTS["both"]


def test_what_is_saved_meanwhile_stays(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever puts marked content there takes the mark away; one that was removed in that moment is put there again."""
    assert run_cli(_sweep(store)) == 0
    (tmp_path / "file").write_bytes(CONTENTS["nobody's"])
    remove = FolderStore.remove

    def also_the_object(self: FolderStore, name: str) -> None:
        remove(self, name)
        remove(self, _name("nobody's"))

    monkeypatch.setattr(FolderStore, "remove", also_the_object)
    add_version(tmp_path / "c.artui", tmp_path / "file", name="late", kind="dataset", store=str(store))
    monkeypatch.undo()
    # The catalog that has it now is not named; it was put there after the sweep, though.
    assert run_cli(_sweep(store, "--older-than", "0d")) == 0 and _objects(store) == set(CONTENTS)


def test_an_interrupted_sweep_is_gone_on_with(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever it ends, nothing that is named is gone, and the next one does the rest."""
    for place in range(4):
        for action in ("put", "remove"):
            with monkeypatch.context() as context:
                left = [place]
                done = getattr(FolderStore, action)

                def until(self: FolderStore, *words: Any, left: list[int] = left, done: Any = done) -> None:
                    left[0] -= 1
                    if left[0] < 0:
                        raise KeyboardInterrupt
                    done(self, *words)

                context.setattr(FolderStore, action, until)
                run_cli(_sweep(store, "--older-than", "0d", catalogs="a"))
            assert {"both", "first"} <= _objects(store)
    run_cli(_sweep(store, "--older-than", "0d", catalogs="a"))
    run_cli(_sweep(store, "--older-than", "0d", catalogs="a"))
    assert _objects(store) == {"both", "first"} and sum(name.startswith("unnamed/") for name in _files(store)) == 1


def test_a_catalog_that_cannot_be_read_ends_it(store: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """One that is not there, is none, or whose digests are damaged: nothing is marked and nothing removed."""
    assert run_cli(_sweep(store)) == 0
    before = _files(store)
    (tmp_path / "n.artui").write_text("no catalog")
    with Catalog(tmp_path / "d.artui") as catalog, catalog.transaction() as connection:
        connection.execute("INSERT INTO project (key, name, created_ms) VALUES (1, 'p', 0)")
        connection.execute(
            "INSERT INTO artifact (key, id, project_key, name, stage, kind, created_ms) VALUES (1, 'A', 1, 'm', 2, 'model', 0)"
        )
        connection.execute(
            "INSERT INTO version (key, id, artifact_key, number, digest, size_bytes, file_count, created_ms, storage) VALUES (1, 'V', 1, 1, x'00', 0, 1, 0, 'stored')"
        )
        connection.execute("INSERT INTO file (version_key, path, size_bytes, digest) VALUES (1, 'a', 1, 'text')")
    for catalogs, said in (
        ("az", "There is no file"),
        ("an", "catalog"),
        ("bd", "damaged"),
        ("", "Name every catalog"),
    ):
        assert run_cli(_sweep(store, "--older-than", "0d", catalogs=catalogs)) in (2, 3)
        assert said in capfd.readouterr().err and _files(store) == before
    assert run_cli(_sweep(store, "--keep", "last 1")) == 2
    assert run_cli(_sweep(tmp_path / "nowhere")) == 0 and "no objects" in capfd.readouterr().err


def test_the_newest_mark_counts(store: Path) -> None:
    """A clock that was wrong, or two sweeps at once, make nothing go early."""
    digest = _name("nobody's")[-64:]
    for time_ms in (1, 10 * DAY_MS, 10**13 + 7):
        (store / "unnamed" / f"{digest}-{time_ms}").touch()
    planned = sweeping.plan(stores.opened(str(store)), set(), now_ms=20 * DAY_MS, grace_ms=DAY_MS)
    assert planned.removed == () and planned.waiting == (digest,) and os.path.exists(store / _name("nobody's"))


def test_what_is_wanted_while_the_catalogs_are_read_stays(store: Path) -> None:
    """Whoever finds the object marked takes the mark away before a catalog names it: the marks are looked at after all catalogs were read."""
    opened = stores.opened(str(store))
    digest = hashlib.sha256(CONTENTS["nobody's"]).hexdigest()
    opened.put(f"{sweeping.FOLDER}/{digest}-0", 0, ())
    planned = sweeping.plan(opened, set(), now_ms=DAY_MS, grace_ms=1)
    assert planned.removed == (digest,)

    def named() -> set[str]:
        assert sweeping.wanted(opened, digest, sweeping.marks_of(opened))
        return set()

    done = sweeping.carry_out(opened, planned, named, now_ms=DAY_MS, tell=lambda _: None)

    assert done.removed == () and "nobody's" in _objects(store)
