"""Opening whatever somebody sends: a clear error or a read-only catalog, and nothing touched."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import socket
import sqlite3
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from artui.catalog import Catalog, guard, opening, runs, settle
from artui.catalog.schema import SCHEMA_VERSION
from artui.errors import (
    ArtuiError,
    CatalogDamaged,
    CatalogError,
    CatalogNotFound,
    CatalogReadOnly,
    CatalogTooNew,
    NotACatalog,
)
from tests.counts import tried
from tests.faults.hostile import ODD_NAMES, naming_journal
from tests.reading import open_reader


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A catalog made here, with one run, alone in its folder."""
    path = tmp_path / "here" / "own.artui"
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


def _refused(path: Path, kind: type[ArtuiError], message: str) -> None:
    began = time.monotonic()
    with pytest.raises(kind) as caught:
        open_reader(path)
    assert time.monotonic() - began < 1
    text = str(caught.value)
    assert message in text and caught.value.remedy and text.isprintable()


CONTENTS = [
    (b"", NotACatalog, "is empty"), (b"x", NotACatalog, "not a SQLite"), (b"\x1f\x8b\x08rest", NotACatalog, "gzip"),
    (b"version https://git-lfs.github.com/spec/v1\n", NotACatalog, "Git LFS"), (b"\0" * 5000, NotACatalog, "zero bytes"),
    (b"SQLite format 3\n\0" + b"x" * 200, NotACatalog, "text-mode"), (b"PK\x03\x04" + b"x" * 99, NotACatalog, "zip"),
    (b"hello, world\n" * 50, NotACatalog, "not a SQLite"), (b"SQLite format 3\0" + b"\0" * 20, CatalogDamaged, "incomplete"),
    (b"SQLite format 3\0" + b"\xff" * 84, CatalogDamaged, "damaged header"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "kind", "message"), CONTENTS)
def test_what_is_no_catalog_is_named(tmp_path: Path, content: bytes, kind: type[ArtuiError], message: str) -> None:
    """Each wrong file is refused with what it is, and left as it was."""
    path = tmp_path / "x.artui"
    path.write_bytes(content)
    _refused(path, kind, message)
    assert _inside(tmp_path) == {"x.artui": content}


def test_what_is_no_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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
        monkeypatch.chdir(tmp_path)
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
    count = tried(60, 1000)
    path = tmp_path / "cut.artui"
    for number in range(count):
        path.write_bytes(content[: len(content) * number // count])
        with pytest.raises((NotACatalog, CatalogDamaged)):
            open_reader(path)


def test_flipped_bits_never_get_past_our_errors(demo_catalog: Path, tmp_path: Path) -> None:
    """With bits flipped anywhere, reading either works or raises one of our errors, within a second."""
    from artui.query.artifacts import artifact_list
    from artui.query.run import get_run
    from artui.query.runs.columns import columns

    content, chance = demo_catalog.read_bytes(), random.Random(7)
    path = tmp_path / "flipped.artui"
    for _ in range(30):
        damaged = bytearray(content)
        for _ in range(chance.choice((1, 1, 20))):
            damaged[chance.randrange(len(damaged) if chance.random() < 0.7 else 30_000)] ^= 1 << chance.randrange(8)
        path.write_bytes(damaged)
        began = time.monotonic()
        try:
            with open_reader(path) as reader:
                for run in reader.runs(limit=3):
                    get_run(reader, run.id)
                    reader.run(run.id)
                columns(reader)
                artifact_list(reader)
        except ArtuiError as error:
            assert str(error).isprintable()
        assert time.monotonic() - began < 5


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_file_names_open(own: Path, tmp_path: Path, name: str) -> None:
    """A path is a path, whatever it looks like in a URI or on a terminal."""
    path = Path(shutil.copyfile(own, tmp_path / name))
    with open_reader(path) as reader:
        assert [run.name for run in reader.runs()] == ["run"]
    with pytest.raises(NotACatalog) as caught:
        path.write_bytes(b"x" * 200)
        open_reader(path)
    assert str(caught.value).isprintable()


def test_newer_schema_opens_read_only_and_says_so(own: Path) -> None:
    """A catalog of a later artui is read, with a notice that names both versions, and not written."""
    with sqlite3.connect(own) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    with open_reader(own) as reader:
        assert (
            str(SCHEMA_VERSION + 1) in reader.notice and str(SCHEMA_VERSION) in reader.notice and not reader.may_write
        )
        assert [run.name for run in reader.runs()] == ["run"]
    with pytest.raises(CatalogTooNew, match=rf"schema {SCHEMA_VERSION + 1}.*up to {SCHEMA_VERSION}"):
        Catalog(own)


def test_a_copy_can_be_edited_like_any_file(foreign: Path) -> None:
    """Whoever may write to a file may change the catalog in it, wherever it was made."""
    with open_reader(foreign) as reader:
        assert reader.may_write
    with Catalog(foreign) as catalog, catalog.transaction() as connection:
        runs.start(connection, runs.NewRun(project="p", name="second"))
    with open_reader(foreign) as reader:
        assert {run.name for run in reader.runs()} == {"run", "second"}


def test_read_only_is_what_the_user_says(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the setting nothing is written to, and the reason is told."""
    from artui.settings import load_settings

    monkeypatch.setenv("ARTUI_READ_ONLY", "1")
    load_settings.cache_clear()
    before = _inside(own.parent)
    with open_reader(own) as reader:
        assert not reader.may_write and "read-only" in reader.why_not_writable
    with pytest.raises(CatalogReadOnly, match="is opened read-only"):
        Catalog(own)
    assert _inside(own.parent) == before


def test_reading_changes_nothing(foreign: Path) -> None:
    """After reading everything, the folder holds the same files with the same bytes."""
    before = _inside(foreign.parent)
    with open_reader(foreign) as reader:
        reader.run("run").detail()
    assert _inside(foreign.parent) == before


@pytest.mark.parametrize("mode", [0o700, 0o777])
def test_a_journal_that_names_a_file_deletes_nothing(own: Path, tmp_path: Path, mode: int) -> None:
    """A crafted -journal is looked at in a private copy, whoever owns what; whoever writes is sent to `artui settle`."""
    victim = tmp_path / "VICTIM.txt"
    victim.write_text("keep me")
    own.parent.chmod(mode)
    Path(f"{own}-journal").write_bytes(naming_journal(victim, own))
    before = _inside(own.parent)
    with open_reader(own) as reader:
        assert [run.name for run in reader.runs()] == ["run"] and "settle" in reader.notice
    with pytest.raises(CatalogReadOnly) as caught:
        Catalog(own)
    assert "settle" in caught.value.remedy
    assert victim.read_text() == "keep me" and _inside(own.parent) == before


def test_own_journal_is_rolled_back_where_nobody_else_writes(own: Path) -> None:
    """What a killed process of one's own left half done is undone, and the file is one plain file again."""
    own.parent.chmod(0o700)
    _die_in_transaction(own)
    assert Path(f"{own}-journal").stat().st_size > 512
    with open_reader(own) as reader:
        assert [run.name for run in reader.runs()] == ["run"]
    assert os.listdir(own.parent) == [own.name]


def test_a_journal_where_others_may_write_is_read_from_a_copy(own: Path) -> None:
    """In a folder that is open to others a left -journal stays until somebody settles it; what was committed is shown."""
    _die_in_transaction(own)
    own.parent.chmod(0o777)
    before = _inside(own.parent)
    with open_reader(own) as reader:
        assert [run.name for run in reader.runs()] == ["run"]
    with pytest.raises(CatalogReadOnly):
        Catalog(own)
    assert _inside(own.parent) == before


def test_a_live_journal_is_left_alone(own: Path) -> None:
    """While its writer goes on, a reader sees what was committed, and does nothing to the journal."""
    child = _in_transaction(own, "sys.stdin.read()", cache_pages=5000)
    try:
        assert child.stdout is not None and child.stdout.readline()
        journal = Path(f"{own}-journal").read_bytes()
        with open_reader(own) as reader:
            assert [run.name for run in reader.runs()] == ["run"] and not reader.notice
        assert Path(f"{own}-journal").read_bytes() == journal
    finally:
        child.communicate("")


def _in_transaction(path: Path, then: str, *, cache_pages: int) -> subprocess.Popen[str]:
    """A process in the middle of a change through a rollback journal; with a small cache its pages are in the file already."""
    code = f"""
import os, signal, sqlite3, sys
connection = sqlite3.connect({str(path)!r}, isolation_level=None)
connection.execute("PRAGMA cache_size = {cache_pages}")
connection.execute("BEGIN IMMEDIATE")
connection.execute("UPDATE run SET name = 'half done'")
connection.execute("PRAGMA user_version = {SCHEMA_VERSION}")
for number in range(500):
    connection.execute("INSERT INTO name (text) VALUES (?)", (f"{{number}}" * 50,))
print("there", flush=True)
{then}
"""
    return subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _die_in_transaction(path: Path) -> None:
    _in_transaction(path, "os.kill(os.getpid(), signal.SIGKILL)", cache_pages=5).communicate(timeout=60)


def _killed_writer(path: Path, *, name: str = "newest") -> None:
    """Leave what a killed process leaves: a -wal with a run that is nowhere else."""
    code = f"""
import os, signal
from artui.catalog import Catalog, runs
catalog = Catalog({str(path)!r})
with catalog.transaction() as connection:
    runs.start(connection, runs.NewRun(project="p", name={name!r}))
os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", code], timeout=60, check=False)
    assert Path(f"{path}-wal").stat().st_size > 0


def test_what_a_killed_writer_left_is_settled_by_a_reader(own: Path) -> None:
    """Whoever opens it next sees the newest run, and leaves one plain file."""
    _killed_writer(own)
    with open_reader(own) as reader:
        assert {run.name for run in reader.runs()} == {"run", "newest"}
    assert os.listdir(own.parent) == [own.name]


@pytest.mark.parametrize("index", [None, b"", bytes(32768)])
@pytest.mark.parametrize("mode", [1, 2])
def test_an_empty_wal_of_a_writer_that_was_killed_as_it_began_goes(own: Path, mode: int, index: bytes | None) -> None:
    """Before or after the file's own header says so: whoever reads it next leaves one plain file."""
    content = bytearray(own.read_bytes())
    content[18] = content[19] = mode
    own.write_bytes(content)
    Path(f"{own}-wal").touch()
    if index is not None:
        Path(f"{own}-shm").write_bytes(index)

    with open_reader(own) as reader:
        assert len(reader.runs()) == 1

    assert os.listdir(own.parent) == [own.name]


def test_a_main_file_that_a_checkpoint_left_short_opens(own: Path) -> None:
    """With its own -wal beside it, a file that is shorter than its header says is whole; without, the copy is incomplete."""
    with Catalog(own) as catalog, catalog.transaction() as connection:
        runs.start(connection, runs.NewRun(project="p", name="earlier"))
    code = f"""
import os, signal
from artui.catalog import Catalog, runs
catalog = Catalog({str(own)!r})
for number in range(300):
    with catalog.transaction() as connection:
        runs.start(connection, runs.NewRun(project="p", name=f"run {{number}}"))
os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", code], timeout=60, check=False)
    _write_pages_of_wal(own, count=1)
    with open_reader(own) as reader:
        assert len(reader.runs()) == 302
    assert os.listdir(own.parent) == [own.name]


def test_a_checkpoint_that_broke_off_anywhere_loses_nothing(own: Path, tmp_path: Path) -> None:
    """After any number of pages that a checkpoint wrote, the catalog opens whole, for reading and for writing."""
    _killed_writer(own)
    pages = _write_pages_of_wal(own, count=0)
    for count in range(pages + 1):
        folder = tmp_path / f"after{count}"
        shutil.copytree(own.parent, folder, ignore=lambda *_: [f"{own.name}-shm"], copy_function=shutil.copyfile)
        _write_pages_of_wal(folder / own.name, count=count)
        if count % 2:
            with Catalog(folder / own.name):
                pass
        with open_reader(folder / own.name) as reader:
            assert {run.name for run in reader.runs()} == {"run", "newest"} and not reader.notice
        assert os.listdir(folder) == [own.name]


def _write_pages_of_wal(path: Path, *, count: int) -> int:
    """Do the first part of a checkpoint: so many pages, in their order; give how many there are."""
    wal = Path(f"{path}-wal").read_bytes()
    pages: dict[int, bytes] = {}
    pending: dict[int, bytes] = {}
    for place in range(32, len(wal) - 1047, 1048):
        number, size_after = struct.unpack_from(">II", wal, place)
        pending[number] = wal[place + 24 : place + 1048]
        if size_after:
            pages |= pending
            pending = {}
    with path.open("r+b") as main:
        for number in sorted(pages)[:count]:
            main.seek((number - 1) * 1024)
            main.write(pages[number])
    return len(pages)


@pytest.mark.parametrize("reads_first", [True, False])
@pytest.mark.parametrize("history", ["older copy", "newer copy", "other catalog", "copy that went on"])
def test_a_catalog_copied_over_anothers_wal_is_not_destroyed(
    own: Path, tmp_path: Path, history: str, reads_first: bool
) -> None:
    """Plain SQLite applies whatever -wal lies there; here it is moved aside, told, and all runs of the copy are there."""
    copy = tmp_path / "copies" / "x.artui"
    copy.parent.mkdir()
    if history == "other catalog":
        with Catalog(copy) as catalog, catalog.transaction() as connection:
            runs.start(connection, runs.NewRun(project="p", name="stranger"))
    else:
        shutil.copyfile(own, copy)
    if history != "older copy":
        with Catalog(copy) as catalog:
            for number in range(40):
                with catalog.transaction() as connection:
                    runs.start(connection, runs.NewRun(project="p", name=f"copy {number}"))
    if history in ("older copy", "copy that went on"):
        with Catalog(own) as catalog, catalog.transaction() as connection:
            runs.start(connection, runs.NewRun(project="p", name="in between"))
    with open_reader(copy) as reader:
        expected = {run.name for run in reader.runs()}
    _killed_writer(own)
    wal = Path(f"{own}-wal").read_bytes()

    shutil.copyfile(copy, own)
    if reads_first:
        with open_reader(own) as reader:
            assert {run.name for run in reader.runs()} == expected and "of another file" in reader.notice
    with Catalog(own) as catalog:
        assert reads_first or "of another file" in catalog.notice

    with open_reader(own) as reader:
        assert {run.name for run in reader.runs()} == expected
    with sqlite3.connect(own) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    (aside,) = [path for path in own.parent.iterdir() if path != own and path.is_file()]
    assert aside.name.startswith(f"{own.name}-wal.") and aside.read_bytes() == wal


def test_a_live_wal_is_used_as_it_is(own: Path) -> None:
    """While a process writes, readers and further writers join it."""
    code = f"""
import sys
from artui.catalog import Catalog, runs
catalog = Catalog({str(own)!r})
with catalog.transaction() as connection:
    runs.start(connection, runs.NewRun(project="p", name="theirs"))
print("there", flush=True)
sys.stdin.read()
"""
    child = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None and child.stdout.readline()
    with Catalog(own) as catalog, catalog.transaction() as connection:
        runs.start(connection, runs.NewRun(project="p", name="ours"))
    with open_reader(own) as reader:
        assert {run.name for run in reader.runs()} == {"run", "theirs", "ours"} and not reader.notice
    child.communicate("", timeout=60)
    settle(own)
    assert os.listdir(own.parent) == [own.name]


def test_each_new_wal_has_a_token(own: Path) -> None:
    """However often SQLite begins the -wal again, its first transaction ties it to the file."""
    from artui.catalog import journal

    def tokens(connection: sqlite3.Connection) -> tuple[int, int]:
        now, before = connection.execute("SELECT wal_token, wal_token_before FROM catalog").fetchone()
        return now, before

    seen = []
    with Catalog(own) as catalog:
        for _ in range(5):
            with catalog.transaction() as connection:
                runs.start(connection, runs.NewRun(project="p", name="x"))
                seen.append(tokens(connection))
            assert journal.checkpoint(catalog._usable_connection(), own) is None  # too small
            _, in_wal, in_file = catalog._usable_connection().execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            assert in_wal == in_file
    # The second transaction of each pair began the -wal again without knowing it, and was followed by a token.
    newest = [token[0] for token in seen]
    assert len(set(newest)) >= 3 and 0 not in newest
    assert all(before in newest or before == seen[0][1] for _, before in seen)


def test_a_wal_in_a_folder_that_is_read_only_is_read_from_a_copy(own: Path) -> None:
    """Where no -shm can be made the newest rows are there all the same, and both files stay as they are."""
    _killed_writer(own)
    Path(f"{own}-shm").unlink()
    before = _inside(own.parent)
    with _read_only(own.parent):
        with open_reader(own) as reader:
            assert {run.name for run in reader.runs()} == {"run", "newest"} and not reader.may_write
        with pytest.raises(CatalogReadOnly):
            Catalog(own)
    assert _inside(own.parent) == before


@contextlib.contextmanager
def _read_only(folder: Path) -> Iterator[None]:
    """Let nobody write to a folder: root may everywhere, but where a mount says no."""
    if os.geteuid():
        folder.chmod(0o555)
        yield
        folder.chmod(0o755)
        return
    mounted = subprocess.run(["mount", "--bind", folder, folder], check=False, capture_output=True)
    if mounted.returncode:
        pytest.skip("root may write everywhere, and may not mount here")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", folder], check=True)
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


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
    with open_reader(folder / "x.artui") as reader:
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


def test_rows_that_are_repeated_hide_nothing(foreign: Path) -> None:
    """Thousands of copies of a row that SQLite tolerates, and a trigger behind them: refused, and the trigger never runs."""
    with sqlite3.connect(foreign, isolation_level=None) as connection:
        connection.execute("PRAGMA writable_schema = 1")
        row = connection.execute("SELECT * FROM sqlite_schema WHERE name = 'sqlite_autoindex_run_1'").fetchone()
        for count in (1, 4900):
            connection.execute("BEGIN")
            connection.executemany("INSERT INTO sqlite_schema VALUES (?, ?, ?, ?, ?)", [row] * count)
            connection.execute("COMMIT")
            _refused(foreign, NotACatalog, "not laid out")
        connection.execute(
            "INSERT INTO sqlite_schema VALUES ('trigger', 't', 'run', 0, 'CREATE TRIGGER t AFTER INSERT ON run BEGIN DELETE FROM run; END')"
        )
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
    with open_reader(foreign) as reader:
        assert reader.runs()[0].name == "\ufffdA\ufffd"


def test_values_of_the_wrong_type_do_not_crash(foreign: Path) -> None:
    """Blobs and texts where numbers belong are shown as something or refused, and nothing is raised but our errors."""
    from artui.query.run import get_run
    from artui.query.runs.columns import columns
    from artui.query.runs.order import first_view

    with sqlite3.connect(foreign) as connection:
        connection.execute("PRAGMA ignore_check_constraints = 1")
        connection.execute(
            "UPDATE run SET status = 'x', stage = x'00', started_ms = 'soon', duration_ms = x'01', command = '[[[', git_dirty = 'maybe'"
        )
        connection.execute("UPDATE param SET type = 77, number = x'ffff'")
    with open_reader(foreign) as reader:
        try:
            first_view(reader, 10)
            columns(reader)
            get_run(reader, reader.runs()[0].id)
        except ArtuiError:
            pass


def test_hard_links_are_not_written_to(own: Path) -> None:
    """A catalog with a second name is readable but not writable."""
    os.link(own, own.with_name("second.artui"))
    with open_reader(own) as reader:
        assert reader.runs()
    with pytest.raises(CatalogReadOnly, match="hard links"):
        Catalog(own)


def test_two_links_are_one_catalog(own: Path, tmp_path: Path) -> None:
    """Written to by one link and read by the other; what SQLite needs lies beside the file itself."""
    links = [tmp_path / folder / "link.artui" for folder in ("a", "b")]
    for link in links:
        link.parent.mkdir()
        link.symlink_to(own)
    with Catalog(links[0]) as one, Catalog(links[1]) as other:
        for name, catalog in (("by one", one), ("by the other", other)):
            with catalog.transaction() as connection:
                runs.start(connection, runs.NewRun(project="p", name=name))
        with open_reader(links[1]) as reader:
            assert {run.name for run in reader.runs()} == {"run", "by one", "by the other"}
        assert [os.listdir(link.parent) for link in links] == [["link.artui"]] * 2
    assert os.listdir(own.parent) == [own.name]


def test_endless_queries_are_stopped(own: Path) -> None:
    """A query that would run for ever ends at its time limit with an error of ours."""
    from artui.errors import QueryTooSlow

    with open_reader(own) as reader, pytest.raises(QueryTooSlow), reader.reading(seconds=0.2) as connection:
        connection.execute(
            "WITH RECURSIVE seen (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM seen) SELECT count(*) FROM seen"
        ).fetchone()


@pytest.mark.parametrize(
    "statement",
    ["ATTACH ':memory:' AS other", "CREATE TABLE t (x)", "CREATE TRIGGER t AFTER INSERT ON run BEGIN DELETE FROM run; END", "DROP TABLE run",
     "DELETE FROM sqlite_schema", "PRAGMA writable_schema = 1", "SELECT zeroblob(9)", "SELECT load_extension('x')", "VACUUM", "REINDEX",
     "INSERT INTO sqlite_schema VALUES (1, 2, 3, 4, 5)", "PRAGMA foreign_keys = 0", "PRAGMA trusted_schema = 1"],
)  # fmt: skip
def test_a_writer_can_do_only_what_ours_need(own: Path, statement: str) -> None:
    """Whatever changes the schema, reaches another file or is no function of ours is refused on a writer's connection."""
    with Catalog(own) as catalog, pytest.raises(ArtuiError), catalog.transaction() as connection:
        connection.execute(statement).fetchall()


def test_endless_changes_are_stopped(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A statement that would write for ever ends at its time limit, and leaves nothing behind."""
    from artui.catalog import guard
    from artui.errors import QueryTooSlow

    monkeypatch.setattr(guard, "STATEMENT_SECONDS", 0.2)
    with Catalog(own) as catalog:
        with pytest.raises(QueryTooSlow), catalog.transaction() as connection:
            connection.execute(
                "INSERT INTO name (text) WITH RECURSIVE seen (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM seen) SELECT n FROM seen"
            )
        with catalog.transaction() as connection:
            assert connection.execute("SELECT count(*) FROM name").fetchone()[0] < 10


def test_a_schema_that_changes_while_it_is_open_is_seen(own: Path) -> None:
    """A trigger that another program adds between two changes is not run, and a reader stops."""
    with Catalog(own) as catalog, open_reader(own) as reader:
        assert reader.runs()
        with sqlite3.connect(own) as connection:
            connection.execute("CREATE TRIGGER t AFTER INSERT ON run BEGIN DELETE FROM run; END")
        with pytest.raises(NotACatalog), catalog.transaction() as connection:
            runs.start(connection, runs.NewRun(project="p", name="second"))
        with pytest.raises(NotACatalog):
            reader.runs()


@pytest.mark.parametrize("when", ["before the link", "after the link"])
def test_a_beginning_that_was_left_does_not_stay(tmp_path: Path, when: str) -> None:
    """Killed while the catalog was made, at any moment: the next writer writes, and removes what was left."""
    path = tmp_path / "x.artui"
    broken = "os.link" if when == "before the link" else "pathlib.Path.unlink"
    code = f"""
import os, pathlib, signal
def die(*_, **__): os.kill(os.getpid(), signal.SIGKILL)
{broken} = die
from artui.catalog import Catalog
Catalog({str(path)!r})
"""
    subprocess.run([sys.executable, "-c", code], timeout=60, check=False)
    (left,) = [file for file in tmp_path.iterdir() if file.name.endswith(".part")]
    os.utime(left, (1, 1))
    with Catalog(path) as catalog, catalog.transaction() as connection:
        runs.start(connection, runs.NewRun(project="p", name="run"))
    names = os.listdir(tmp_path)
    assert names == [path.name] or when == "before the link"


@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM run", "ATTACH ':memory:' AS other", "PRAGMA journal_mode = WAL", "CREATE TABLE t (x)", "SELECT load_extension('x')", "SELECT zeroblob(9)", "SELECT randomblob(9)", "SELECT printf('%d', 1)", "PRAGMA writable_schema = 1", "VACUUM INTO '/tmp/x'"],
)  # fmt: skip
def test_a_reader_can_do_nothing_but_read(own: Path, statement: str) -> None:
    """Whatever is not reading our tables with a few functions is refused on a reader's connection."""
    with open_reader(own) as reader, pytest.raises(ArtuiError), reader.reading() as connection:
        connection.execute(statement).fetchall()


def test_looking_is_left_out_while_connected(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While this process writes to a catalog, its file is not opened by other means: that would drop SQLite's locks."""
    with Catalog(own):
        looked: list[Path] = []
        monkeypatch.setattr(opening, "look", looked.append)
        open_reader(own).close()
        assert looked == []


def test_two_processes_make_one_catalog(tmp_path: Path) -> None:
    """Several processes that start on a new path at once end up in one catalog, and all their runs are there."""
    path = tmp_path / "new.artui"
    code = (
        f"import artui\nwith artui.start_run(project='p', catalog={str(path)!r}) as run:\n    run.log({{'x': 1.0}})\n"
    )
    children = [subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE) for _ in range(4)]
    errors = [child.communicate(timeout=60)[1] for child in children]
    assert errors == [b""] * 4
    with open_reader(path) as reader:
        assert [run.status for run in reader.runs()] == ["finished"] * 4
    assert [entry.name for entry in tmp_path.iterdir()] == ["new.artui"]


def test_migration_keeps_a_backup_of_the_same_mode(own: Path) -> None:
    """Before a catalog is migrated, a whole copy of it lies beside it, readable by those who could read it."""
    from artui.catalog.writing import _migrate_after_backup

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
        with path.open("ab") as file:
            file.write(whole[-1024:])
        journal.unlink()

    thread = threading.Thread(target=commit)
    thread.start()
    assert opening.look(path).size_bytes == len(whole)
    thread.join()


def test_writers_that_start_at_once_leave_one_token_a_wal(own: Path) -> None:
    """Of several that open before there is a -wal the first writes its token, and no other: killed, it is still its own."""
    code = f"""
import os, sys
from artui.catalog import Catalog, runs
catalogs = [Catalog({str(own)!r}) for _ in range(3)]
for number, catalog in enumerate(catalogs):
    with catalog.transaction() as connection:
        runs.start(connection, runs.NewRun(project="p", name=f"of {{number}}"))
os.kill(os.getpid(), 9)
"""
    subprocess.run([sys.executable, "-c", code], timeout=60, check=False)
    with open_reader(own) as reader:
        assert {run.name for run in reader.runs()} == {"run", "of 0", "of 1", "of 2"} and not reader.notice
    assert os.listdir(own.parent) == [own.name]


def test_a_file_that_a_broken_commit_left_short_is_rolled_back(own: Path) -> None:
    """Killed while a commit through a rollback journal writes the file, it has fewer pages than its header says."""
    own.parent.chmod(0o700)
    _die_in_transaction(own)
    content = bytearray(own.read_bytes())
    struct.pack_into(">I", content, 28, len(content) // 1024 + 50)
    content[24:28], content[92:96] = content[24:28], content[24:28]
    own.write_bytes(content)
    with open_reader(own) as reader:
        assert [run.name for run in reader.runs()] == ["run"]
    assert os.listdir(own.parent) == [own.name]


def test_a_user_without_a_home_reads_and_records(tmp_path: Path) -> None:
    """What is remembered in a home is a comfort: without one a run is recorded, with a file too large to embed, and read."""
    code = """
import os, pwd
def unknown(*_): raise KeyError("no such user")
pwd.getpwuid = pwd.getpwnam = unknown
import artui
open("large", "wb").truncate(70 << 20)
with artui.start_run(catalog="c.artui") as run:
    run.log({"x": 1})
    run.save("m", "large", kind="model")
print(run.is_recorded, artui.open_catalog("c.artui").runs()[0].status)
"""
    env = {
        name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "ARTUI_")) and name != "HOME"
    }
    env["PYTHONPATH"] = os.pathsep.join(sys.path)
    shown = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60, check=False
    )
    assert shown.stdout.split() == ["True", "finished"], shown.stderr
    assert sorted(os.listdir(tmp_path)) == ["c.artui", "large"]


def test_a_search_for_damage_gives_way_to_a_writer(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the same process: the search lets the file go at once, also in the middle of a table, and goes on afterwards."""
    monkeypatch.setattr(guard, "_OPCODES_A_TICK", 1)
    waits: list[float] = []
    with contextlib.ExitStack() as writing, open_reader(own) as reader:
        writing.enter_context(guard.before_search())

        def write(seconds: float) -> None:
            waits.append(seconds)
            with Catalog(own) as catalog, catalog.transaction() as connection:
                connection.execute("UPDATE run SET note = 'x'")
            writing.close()

        monkeypatch.setattr(guard, "sleep", write)
        reader.check_damage()

    assert len(waits) == 1
