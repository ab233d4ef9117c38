"""Every verb on files that somebody made to do harm: by what lies beside them, by their names, by the paths in them."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from artui.catalog import Catalog, artifacts, blobs
from artui.cli import VERBS
from tests.cli.conftest import ARGUMENTS, Call, write_runs
from tests.cli.test_catalogs import READING
from tests.content.test_fetching import HARMLESS, HOSTILE
from tests.faults.hostile import ODD_NAMES, naming_journal, write_unchecked

CALLS: dict[str, list[list[str]]] = {
    **{verb: [words] for verb, words in ARGUMENTS.items()},
    "demo": [["near.artui", "--no-app"]],
    "merge": [["boxes/more.artui"], ["--sources"], ["--undo", "boxes/more.artui", "--yes"], ["boxes/more.artui", "--into", "fresh.artui"]],
    "compact": [["--dry-run"], []], "check": [[], ["--data"]], "gc": [["--older-than", "0d"]], "undo": [[], ["--redo"]], "settle": [["near.artui"]],
}  # fmt: skip
"""Of every verb what it is asked here: with what changes the file, where that is something else."""


LAYS_ASIDE = ("settle", "move")
"""Verbs that roll a journal back in a copy, and keep it under another name."""


def _plant(folder: Path, victim: Path) -> dict[Path, bytes]:
    """Put a journal that names a file of the user's beside every catalog of a folder; give what is there then."""
    for catalog in folder.rglob("*.artui"):
        Path(f"{catalog}-journal").write_bytes(naming_journal(victim, catalog))
    return {path: path.read_bytes() for path in folder.rglob("*.artui")}


def test_plain_sqlite_deletes_what_such_a_journal_names(tmp_path: Path) -> None:
    """Else the test below would say nothing."""
    write_runs(tmp_path / "x.artui")
    victim = tmp_path / "VICTIM.txt"
    victim.write_text("keep me")
    _plant(tmp_path, victim)

    with closing(sqlite3.connect(tmp_path / "x.artui")) as connection:
        connection.execute("SELECT count(*) FROM run").fetchone()

    assert not victim.exists()


@pytest.mark.parametrize("part", range(3))
def test_no_verb_deletes_what_a_journal_names(
    call: Call, prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: int
) -> None:
    """Beside the catalog, and beside the other ones that a verb is given: it reads, or says what to do, and the file stays."""
    victim = tmp_path / "VICTIM.txt"
    victim.write_text("keep me")
    for verb in list(VERBS)[part::3]:
        for number, words in enumerate(CALLS[verb]):
            folder = tmp_path / f"{verb}-{number}"
            shutil.copytree(prepared, folder)
            monkeypatch.chdir(folder)
            before = _plant(folder, victim)

            code, out, err = call(verb, *words)

            said = f"{verb} {words}: {code} {out[-300:]!r} {err[-300:]!r}"
            assert victim.read_text() == "keep me", said
            assert code in range(6) and "Traceback" not in err, said
            # Who may not roll it back may not write either.
            if verb in LAYS_ASIDE:
                assert len(list(folder.glob("*-journal.*"))) == 1, said
            else:
                assert all(path.read_bytes() == content for path, content in before.items()), said
                assert all(Path(f"{path}-journal").exists() for path in before), said


@pytest.mark.parametrize("name", ODD_NAMES)
def test_every_verb_reads_a_file_of_any_name(
    call: Call, prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Whatever the name means in a URI, an option or on a terminal: that file is read, and no other is made."""
    folder = tmp_path / "odd"
    shutil.copytree(prepared, folder)
    monkeypatch.chdir(folder)
    os.rename("near.artui", name)
    before = sorted(os.listdir(folder)), Path(name).read_bytes()
    for verb in (*sorted({*READING} - {"import"}), "share", "push", "adopt", "salvage", "move", "merge"):
        words = ARGUMENTS[verb]
        if verb in ("adopt", "salvage", "merge"):
            calls = [verb, "--", name, "../out/made.artui"] if verb != "merge" else [verb, "--into", "../out/made.artui", "--", name]  # fmt: skip
        elif verb in ("share", "push", "move"):
            calls = [verb, "-c", name, "../out/made", *(["--dry-run"] if verb != "share" else [])]
        else:
            calls = [verb, "-c", name, *words, *(["-o", "../out/made"] if verb in ("get", "reproduce") else [])]
        (tmp_path / "out").mkdir()

        code, out, err = call(*calls)

        assert code == 0, (calls, err)
        assert name not in out + err if "\n" in name or "\udcff" in name else True, (calls, out, err)
        assert (sorted(os.listdir(folder)), Path(name).read_bytes()) == before, calls
        shutil.rmtree(tmp_path / "out")


PATHS = [*(path for path in HOSTILE if "\udcff" not in path), *HARMLESS]
"""A text of SQLite holds no half letter."""


def _with_hostile_paths(path: Path) -> None:
    """Make a catalog in which all digests are right, and the files of each version want to be written elsewhere."""
    with Catalog(path) as catalog, catalog.transaction() as connection:
        key, digest, size = blobs.store(connection, io.BytesIO(b"content"))
        assert digest == hashlib.sha256(b"content").digest()
        for number, hostile in enumerate(PATHS):
            files = [artifacts.NewFile(hostile, size, digest, key), artifacts.NewFile("whole.txt", size, digest, key)]
            version = artifacts.NewVersion(project="p", name=f"hostile-{number:02}", kind="dataset", stage="data", files=files)  # fmt: skip
            write_unchecked(connection, version)


def test_no_path_in_a_catalog_leads_out_of_where_it_is_written(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fetched at once, or out of what was shared, merged or pulled: what lies outside is as it was."""
    folder = tmp_path / "a" / "b" / "work"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    _with_hostile_paths(folder / "x.artui")
    for words in (("share", "shared.artui"), ("merge", "x.artui", "--into", "merged.artui"), ("push", "team")):
        code, out, err = call(*words) if "--into" in words else call(*words, "-c", "x.artui")
        assert code == 0, (words, out, err)
    assert call("pull", "team", "-c", "pulled.artui")[0] == 0
    made = sorted(os.listdir(folder))
    for catalog in ("x", "shared", "merged", "pulled"):
        for number in range(len(PATHS)):
            got = folder / "got" / catalog / f"{number:02}"
            code, _, err = call("get", f"hostile-{number:02}", "-o", str(got), "-c", f"{catalog}.artui")
            assert code in (0, 1, 2, 3), (catalog, PATHS[number], err)
            written = {str(file.relative_to(got)) for file in got.rglob("*") if file.is_file()}
            assert written <= {"whole.txt", PATHS[number]}, (catalog, PATHS[number], written)
    assert sorted(os.listdir(folder)) == sorted([*made, "got"])
    assert os.listdir(tmp_path / "a") == ["b"] and os.listdir(tmp_path / "a" / "b") == ["work"]


def _state(path: Path) -> tuple[object, ...]:
    """Give what is at a path, without following or opening it."""
    if not os.path.lexists(path):
        return ()
    status = path.lstat()
    content = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else sorted(os.listdir(path)) if path.is_dir() else ""  # fmt: skip
    return status.st_ino, status.st_mode, status.st_nlink, content


def _linked(path: Path, target: Path) -> None:
    target.write_bytes(b"mine")
    path.symlink_to(target)


def _hard_linked(path: Path, target: Path) -> None:
    target.write_bytes(b"mine")
    path.hardlink_to(target)


def _folder(path: Path, _: Path) -> None:
    path.mkdir()
    (path / "mine").write_bytes(b"mine")


IN_THE_WAY: dict[str, Callable[[Path, Path], object]] = {
    "a file": lambda path, _: path.write_bytes(b"mine"),
    "an empty file": lambda path, _: path.write_bytes(b""),
    "a link to a file": _linked,
    "a link to nothing": lambda path, target: path.symlink_to(target),
    "a link to a device": lambda path, _: path.symlink_to("/dev/full"),
    "a second name": _hard_linked,
    "a folder": _folder,
    "a pipe": lambda path, _: os.mkfifo(path),
}
WRITING: dict[str, tuple[str, ...]] = {
    "share": ("share", "{out}", "-c", "near.artui"), "adopt": ("adopt", "near.artui", "{out}"), "salvage": ("salvage", "near.artui", "{out}"),
    "move": ("move", "{out}", "-c", "near.artui"),
    "get": ("get", "data:v1", "-o", "got", "-c", "near.artui"),
}  # fmt: skip


@pytest.mark.parametrize("verb", WRITING)
def test_nothing_that_is_there_is_written_over(
    call: Call, prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    """Without --force what is in the way stays as it is. With it a file is replaced, a link's target and a second name never."""
    for number, (kind, lay) in enumerate(IN_THE_WAY.items()):
        if (verb, kind) == ("move", "a folder"):
            continue  # it is moved into that
        for forced in (False, True):
            folder = tmp_path / f"{number}-{forced}"
            shutil.copytree(prepared, folder)
            monkeypatch.chdir(folder)
            (folder / "got").mkdir()
            out, target = folder / ("got/data.txt" if verb == "get" else "out.artui"), folder / "target"
            lay(out, target)
            before, behind = _state(out), _state(target)

            words = [word.replace("{out}", str(out)) for word in WRITING[verb]]
            code, said, err = call(*words, *(["--force"] if forced else []))

            told = f"{words} {kind} {forced}: {code} {said!r} {err!r}"
            assert code in range(6) and "Traceback" not in err, told
            if not forced:
                assert code != 0 and err and _state(out) == before, told
            assert _state(target)[3:] == behind[3:], told
            if code != 0:
                assert _state(out) == before, told
            else:
                assert forced and out.is_file() and not out.is_symlink(), told
                status = out.lstat()
                assert status.st_nlink == 1 and not status.st_mode & 0o6111, told
            assert not [name for name in os.listdir(out.parent) if name.endswith(".part")], told
