"""Opening whatever somebody sends: a clear error or a read-only catalog, and nothing touched."""

from __future__ import annotations

import os
import random
import shutil
import socket
import sqlite3
import struct
import time
from pathlib import Path

import pytest

from artui.catalog import Catalog, opening, ownership, runs
from artui.catalog.migrations import SCHEMA_VERSION
from artui.catalog.opening import inspect
from artui.errors import (
    ArtuiError,
    CatalogDamaged,
    CatalogError,
    CatalogNotFound,
    CatalogReadOnly,
    CatalogTooNew,
    NotACatalog,
)
from artui.model import Trust
from artui.query import Reader


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A catalog made here, with one run."""
    path = tmp_path / "own.artui"
    with Catalog(path) as catalog, catalog.transaction() as connection:
        runs.start(connection, runs.NewRun(project="p", name="run", params={"lr": 0.1}))
    return path


@pytest.fixture
def foreign(own: Path, tmp_path: Path) -> Path:
    """The same, as it comes from elsewhere: another inode."""
    folder = tmp_path / "received"
    folder.mkdir()
    return Path(shutil.copyfile(own, folder / "team.artui"))


def _inside(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def _refused(path: Path, kind: type[ArtuiError], said: str) -> None:
    began = time.monotonic()
    with pytest.raises(kind) as caught:
        Reader(path)
    assert time.monotonic() - began < 1
    text = str(caught.value)
    assert said in text and caught.value.remedy and text.isprintable()


CONTENTS = [
    (b"", NotACatalog, "is empty"), (b"x", NotACatalog, "not a SQLite"), (b"\x1f\x8b\x08rest", NotACatalog, "gzip"),
    (b"version https://git-lfs.github.com/spec/v1\n", NotACatalog, "Git LFS"), (b"\0" * 5000, NotACatalog, "zero bytes"),
    (b"SQLite format 3\n\0" + b"x" * 200, NotACatalog, "text-mode"), (b"PK\x03\x04" + b"x" * 99, NotACatalog, "zip"),
    (b"hello, world\n" * 50, NotACatalog, "not a SQLite"), (b"SQLite format 3\0" + b"\0" * 20, CatalogDamaged, "incomplete"),
    (b"SQLite format 3\0" + b"\xff" * 84, CatalogDamaged, "damaged header"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "kind", "said"), CONTENTS)
def test_what_is_no_catalog_is_named(tmp_path: Path, content: bytes, kind: type[ArtuiError], said: str) -> None:
    """Each wrong file is refused with what it is, and left as it was."""
    path = tmp_path / "x.artui"
    path.write_bytes(content)
    _refused(path, kind, said)
    assert _inside(tmp_path) == {"x.artui": content}


def test_what_is_no_file_is_named(tmp_path: Path) -> None:
    """Missing files, folders, pipes, sockets, devices and bad links are refused within a second, and nothing is made."""
    _refused(tmp_path / "missing.artui", CatalogNotFound, "no file")
    _refused(tmp_path, NotACatalog, "a folder")
    os.mkfifo(tmp_path / "pipe")
    _refused(tmp_path / "pipe", NotACatalog, "a named pipe")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    _refused(tmp_path / "dangling", CatalogNotFound, "link")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    _refused(tmp_path / "loop", CatalogError, "")
    _refused(Path("/dev/null"), NotACatalog, "a device")
    with socket.socket(socket.AF_UNIX) as server:
        os.chdir(tmp_path)
        server.bind("sock")
        _refused(tmp_path / "sock", CatalogError, "")
    assert not (tmp_path / "nowhere").exists() and not (tmp_path / "missing.artui").exists()


def test_other_databases_are_named_and_never_changed(tmp_path: Path) -> None:
    """A SQLite database of another program is refused for reading and for writing."""
    path = tmp_path / "other.artui"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE t (x)")
    before = path.read_bytes()
    _refused(path, NotACatalog, "another program")
    with pytest.raises(NotACatalog):
        Catalog(path)
    assert path.read_bytes() == before


def test_truncated_copies_are_refused(foreign: Path, tmp_path: Path) -> None:
    """Cut off anywhere, a copy is called incomplete or damaged, never shown."""
    content = foreign.read_bytes()
    for number in range(60):
        path = tmp_path / f"cut{number}.artui"
        path.write_bytes(content[: len(content) * number // 60])
        with pytest.raises((NotACatalog, CatalogDamaged)):
            Reader(path)


def test_flipped_bits_never_get_past_our_errors(demo_catalog: Path, tmp_path: Path) -> None:
    """With bits flipped anywhere, reading either works or raises one of our errors, within a second."""
    from artui.query.artifacts import artifact_list
    from artui.query.run import get_run
    from artui.query.runs import columns

    content, chance = demo_catalog.read_bytes(), random.Random(7)
    path = tmp_path / "flipped.artui"
    for _ in range(80):
        damaged = bytearray(content)
        for _ in range(chance.choice((1, 1, 20))):
            damaged[chance.randrange(len(damaged) if chance.random() < 0.7 else 30_000)] ^= 1 << chance.randrange(8)
        path.write_bytes(damaged)
        began = time.monotonic()
        try:
            with Reader(path) as reader:
                for run in reader.runs(limit=3):
                    get_run(reader, run.id)
                    reader.run(run.id)
                columns(reader)
                artifact_list(reader)
        except ArtuiError as error:
            assert str(error).isprintable()
        assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    "name",
    [
        "?x#y%41.artui",
        "a&mode=rwc.artui",
        "new\nline.artui",
        "-dash.artui",
        "spa ce.artui",
        "ünï.artui",
        "\udcff.artui",
    ],
)
def test_odd_file_names_open(own: Path, tmp_path: Path, name: str) -> None:
    """A path is a path, whatever it looks like in a URI or on a terminal."""
    path = Path(shutil.copyfile(own, tmp_path / name))
    with Reader(path) as reader:
        assert [run.name for run in reader.runs()] == ["run"]
    with pytest.raises(NotACatalog) as caught:
        path.write_bytes(b"x" * 200)
        Reader(path)
    assert str(caught.value).isprintable()


def test_newer_schema_opens_read_only_and_says_so(own: Path) -> None:
    """A catalog of a later artui is read, with a notice that names both versions, and not written."""
    with sqlite3.connect(own) as connection:
        connection.execute("PRAGMA user_version = 9")
    with Reader(own) as reader:
        assert "9" in reader.notice and str(SCHEMA_VERSION) in reader.notice and not reader.may_write
        assert [run.name for run in reader.runs()] == ["run"]
    with pytest.raises(CatalogTooNew, match=rf"schema 9.*up to {SCHEMA_VERSION}"):
        Catalog(own)


def test_own_and_foreign_are_told_apart(own: Path, foreign: Path) -> None:
    """What was made here is ours, also after a rename; a copy is not; a file put in its place is not."""
    moved = own.with_name("moved.artui")
    own.rename(moved)
    assert inspect(moved).trust is Trust.OWN
    assert inspect(foreign).trust is Trust.FOREIGN
    assert not ownership.is_own(moved, "01ANOTHER0000000000000000")


def test_writing_to_a_copy_on_purpose_makes_it_ours(foreign: Path) -> None:
    """A checked catalog that the user names for writing may be written, and is ours from then on."""
    with Catalog(foreign) as catalog, catalog.transaction() as connection:
        runs.start(connection, runs.NewRun(project="p", name="second"))
    assert inspect(foreign).trust is Trust.OWN


def test_reading_changes_nothing(foreign: Path) -> None:
    """After reading everything, the folder holds the same files with the same bytes."""
    before = _inside(foreign.parent)
    with Reader(foreign) as reader:
        reader.run("run").detail()
    assert _inside(foreign.parent) == before


def test_journal_from_elsewhere_is_refused_and_deletes_nothing(foreign: Path, tmp_path: Path) -> None:
    """A crafted -journal that names a file to delete is not followed, for reading or writing, and stays as it is."""
    victim = tmp_path / "VICTIM.txt"
    victim.write_text("keep me")
    name = os.fsencode(victim)
    body = struct.pack(">IIII", 0xFFFFFFFF, 0, 1, 0) + b"\0" * 484
    magic = bytes.fromhex("d9d505f920a163d7")
    journal = magic + body + name + struct.pack(">II", len(name), sum(name) & 0xFFFFFFFF) + magic
    Path(f"{foreign}-journal").write_bytes(journal)
    before = _inside(foreign.parent)
    _refused(foreign, CatalogDamaged, "-journal")
    with pytest.raises(CatalogDamaged):
        Catalog(foreign)
    assert victim.read_text() == "keep me" and _inside(foreign.parent) == before


def test_wal_from_elsewhere_is_read_from_a_private_copy(own: Path, tmp_path: Path) -> None:
    """A copy taken while a run was going on, with its -wal, shows the newest rows; both files stay as they are."""
    folder = tmp_path / "received"
    folder.mkdir()
    with Catalog(own) as catalog:
        with catalog.transaction() as connection:
            runs.start(connection, runs.NewRun(project="p", name="newest"))
        shutil.copyfile(own, folder / "x.artui")
        shutil.copyfile(f"{own}-wal", folder / "x.artui-wal")
    before = _inside(folder)
    with Reader(folder / "x.artui") as reader:
        assert {run.name for run in reader.runs()} == {"run", "newest"}
    assert _inside(folder) == before
    with pytest.raises(CatalogReadOnly, match="-wal"):
        Catalog(folder / "x.artui")


def test_file_left_in_wal_mode_opens_without_a_trace(own: Path, tmp_path: Path) -> None:
    """A copy whose header says WAL but that came without one is read, and no -wal or -shm appears."""
    folder = tmp_path / "received"
    folder.mkdir()
    connection = sqlite3.connect(own)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copyfile(own, folder / "x.artui")
    connection.close()
    before = _inside(folder)
    with Reader(folder / "x.artui") as reader:
        assert [run.name for run in reader.runs()] == ["run"]
    assert _inside(folder) == before


SCHEMA_ATTACKS = [
    "CREATE VIEW evil AS SELECT 1",
    "CREATE TRIGGER evil AFTER INSERT ON run BEGIN DELETE FROM run; END",
    "CREATE TABLE evil (x)",
    "CREATE INDEX evil ON run (note)",
    "CREATE TABLE gen (a, b AS (printf('%1000000000d', a)))",
    "ALTER TABLE run ADD COLUMN evil TEXT",
    "DROP VIEW runs",
    "CREATE VIRTUAL TABLE evil USING fts5 (x)",
    'ALTER TABLE "_sqlite_migrations" ADD COLUMN evil AS (id + 1)',
]


@pytest.mark.parametrize("statement", SCHEMA_ATTACKS)
def test_any_change_of_the_schema_is_refused(foreign: Path, statement: str) -> None:
    """One object more, less or other, and the catalog is not opened, for reading or writing."""
    with sqlite3.connect(foreign) as connection:
        connection.execute(statement)
    _refused(foreign, NotACatalog, "not laid out")
    with pytest.raises(NotACatalog):
        Catalog(foreign)


def test_table_replaced_by_a_view_that_eats_memory_is_refused(foreign: Path) -> None:
    """A view over a gigabyte of zeros in the place of a table is never read."""
    with sqlite3.connect(foreign) as connection:
        connection.execute("ALTER TABLE project RENAME TO gone")
        connection.execute("CREATE VIEW project AS SELECT zeroblob(1000000000) AS key, 'p' AS name")
    _refused(foreign, NotACatalog, "not laid out")


def test_text_that_is_no_utf8_is_shown_with_replacements(foreign: Path) -> None:
    """Bytes that decode to nothing become replacement signs instead of an error."""
    with sqlite3.connect(foreign) as connection:
        connection.execute("UPDATE run SET name = CAST(x'ff41fe' AS TEXT), note = CAST(x'c328' AS TEXT)")
    with Reader(foreign) as reader:
        assert reader.runs()[0].name == "\ufffdA\ufffd"


def test_values_of_the_wrong_type_do_not_crash(foreign: Path) -> None:
    """Blobs and texts where numbers belong are shown as something or refused, and nothing is raised but our errors."""
    from artui.query.run import get_run
    from artui.query.runs import columns, first_view

    with sqlite3.connect(foreign) as connection:
        connection.execute("PRAGMA ignore_check_constraints = 1")
        connection.execute(
            "UPDATE run SET status = 'x', stage = x'00', started_ms = 'soon', duration_ms = x'01', command = '[[[', git_dirty = 'maybe'"
        )
        connection.execute("UPDATE param SET type = 77, number = x'ffff'")
    with Reader(foreign) as reader:
        try:
            first_view(reader, 10)
            columns(reader)
            get_run(reader, reader.runs()[0].id)
        except ArtuiError:
            pass


def test_hard_links_are_not_written_to(own: Path) -> None:
    """A catalog with a second name is readable but not writable."""
    os.link(own, own.with_name("second.artui"))
    with Reader(own) as reader:
        assert reader.runs()
    with pytest.raises(CatalogReadOnly, match="hard links"):
        Catalog(own)


def test_endless_queries_are_stopped(own: Path) -> None:
    """A query that would run for ever ends at its time limit with an error of ours."""
    from artui.errors import QueryTooSlow

    with Reader(own) as reader, pytest.raises(QueryTooSlow), reader.reading(seconds=0.2) as connection:
        connection.execute(
            "WITH RECURSIVE seen (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM seen) SELECT count(*) FROM seen"
        ).fetchone()


@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM run", "ATTACH ':memory:' AS other", "PRAGMA journal_mode = WAL", "CREATE TABLE t (x)", "SELECT load_extension('x')", "SELECT zeroblob(9)", "SELECT randomblob(9)", "SELECT printf('%d', 1)", "PRAGMA writable_schema = 1", "VACUUM INTO '/tmp/x'"],
)  # fmt: skip
def test_a_reader_can_do_nothing_but_read(own: Path, statement: str) -> None:
    """Whatever is not reading our tables with a few functions is refused on a reader's connection."""
    with Reader(own) as reader, pytest.raises(ArtuiError), reader.reading() as connection:
        connection.execute(statement).fetchall()


def test_looking_is_left_out_while_connected(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While this process writes to a catalog, its file is not opened by other means: that would drop SQLite's locks."""
    with Catalog(own):
        looked = []
        monkeypatch.setattr(opening, "look", looked.append)
        Reader(own).close()
        assert looked == []


def test_two_processes_make_one_catalog(tmp_path: Path) -> None:
    """Several processes that start on a new path at once end up in one catalog, and all their runs are there."""
    import subprocess
    import sys

    path = tmp_path / "new.artui"
    code = (
        f"import artui\nwith artui.start_run(project='p', catalog={str(path)!r}) as run:\n    run.log({{'x': 1.0}})\n"
    )
    children = [subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE) for _ in range(4)]
    said = [child.communicate(timeout=60)[1] for child in children]
    assert said == [b""] * 4
    with Reader(path) as reader:
        assert [run.status for run in reader.runs()] == ["finished"] * 4
    assert [entry.name for entry in tmp_path.iterdir()] == ["new.artui"]


def test_migration_keeps_a_backup_of_the_same_mode(own: Path) -> None:
    """Before a catalog is migrated, a whole copy of it lies beside it, readable by those who could read it."""
    from artui.catalog import _migrate_after_backup

    own.chmod(0o600)
    connection = sqlite3.connect(own, isolation_level=None)
    _migrate_after_backup(connection, own, 1)
    connection.close()
    backup = own.with_name("own.artui.schema-1.bak")
    assert backup.stat().st_mode & 0o777 == 0o600
    with sqlite3.connect(backup) as copy:
        assert copy.execute("SELECT name FROM runs").fetchall() == [("run",)]
    assert sorted(path.name for path in own.parent.iterdir()) == ["own.artui", backup.name]


@pytest.mark.parametrize("error", [TypeError("int + str"), ValueError("no"), OverflowError("big"), struct.error("cut")])
def test_what_cannot_be_read_is_one_error(tmp_path: Path, error: Exception) -> None:
    """Cells of a wrong type or size, wherever they are met, end in an error of ours that names the file."""
    with pytest.raises(CatalogDamaged, match=r"x\.artui holds something"), opening.border(tmp_path / "x.artui"):
        raise error


def test_a_commit_under_way_is_no_incomplete_copy(tmp_path: Path) -> None:
    """In the middle of a commit the header is ahead of the file: whoever opens it then waits; a cut copy is refused at once."""
    import threading

    path, journal = tmp_path / "x.artui", tmp_path / "x.artui-journal"
    with Catalog(path):
        pass
    whole = path.read_bytes()
    path.write_bytes(whole[:-1024])
    began = time.monotonic()
    with pytest.raises(CatalogDamaged, match="incomplete"):
        opening.look(path)
    assert time.monotonic() - began < 0.5

    journal.write_bytes(b"")

    def commit() -> None:
        time.sleep(0.2)
        path.write_bytes(whole)
        journal.unlink()

    thread = threading.Thread(target=commit)
    thread.start()
    assert opening.look(path).size_bytes == len(whole)
    thread.join()
