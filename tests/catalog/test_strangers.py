"""Catalogs of other programs and other places: schemas without end, folders nobody may write to, and who writes meanwhile."""

from __future__ import annotations

import contextlib
import gzip
import os
import shutil
import sqlite3
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from artui.catalog import Catalog, opening, runs
from artui.errors import CatalogError, CatalogReadOnly, NotACatalog
from tests.catalog.test_migrations import DATA
from tests.catalog.test_opening import _die_in_transaction, _inside, _killed_writer, _read_only
from tests.catalog.test_opening import own as own
from tests.counts import IS_LONG
from tests.reading import open_reader

MOST_SECONDS = 5.0
"""TRUST asks for one; this many on a machine that does much else."""


def _tables(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript(f"BEGIN; {' '.join(f'CREATE TABLE t{n} (x);' for n in range(10_000 if IS_LONG else 500))} COMMIT")  # fmt: skip


def _columns(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute(f"CREATE TABLE wide ({', '.join(f'c{number}' for number in range(2_000))})")


def _added_columns(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA writable_schema = 1")
        more = ", ".join(f"c{number}" for number in range(1_900))
        connection.execute("UPDATE sqlite_schema SET sql = replace(sql, '(', ?) WHERE name = 'run'", (f"({more}, ",))
        connection.commit()


def _name(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute(f'CREATE TABLE "{"x" * 990_000}" (x)')


def _sql(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA writable_schema = 1")
        connection.execute("UPDATE sqlite_schema SET sql = sql || ? WHERE name = 'run'", (f"/*{'x' * 30_000_000}*/",))
        connection.commit()


@pytest.mark.parametrize("change", [_tables, _columns, _added_columns, _name, _sql])
def test_a_schema_without_end_is_refused_at_once(own: Path, change: Callable[[Path], None]) -> None:
    """Thousands of tables or columns, a name of a megabyte, a statement of thirty: refused, for reading and for writing."""
    change(own)
    before = _inside(own.parent)
    for use in (open_reader, Catalog):
        began = time.monotonic()
        with pytest.raises(CatalogError) as caught:
            use(own)
        assert time.monotonic() - began < MOST_SECONDS
        assert any(word in str(caught.value) for word in ("not laid out", "damaged")) and caught.value.remedy
        assert len(str(caught.value)) < 1_000
    assert _inside(own.parent) == before


@pytest.mark.parametrize("schema", ["newest", "older"])
@pytest.mark.parametrize(
    ("number", "said"),
    [(0x0F055111, "Fossil"), (0x47504B47, "GeoPackage"), (0x4D504258, "MBTiles"), (0x12345678, "another program"), (0, "another program")],
)  # fmt: skip
def test_an_id_of_another_program_is_refused(own: Path, number: int, said: str, schema: str) -> None:
    """Whatever tables it has: it is named if it is known, and neither migrated nor written to."""
    if schema == "older":
        own.write_bytes(gzip.decompress((DATA / "schema-4.artui.gz").read_bytes()))
    with own.open("r+b") as file:
        file.seek(68)
        file.write(struct.pack(">I", number))
    before = _inside(own.parent)
    for use in (open_reader, Catalog):
        with pytest.raises(NotACatalog) as caught:
            use(own)
        assert said in str(caught.value)
    assert _inside(own.parent) == before


def _own_wal(path: Path) -> set[str]:
    _killed_writer(path)
    return {"run", "newest"}


def _anothers_wal(path: Path) -> set[str]:
    other = path.with_name("other.artui")
    with Catalog(other) as catalog, catalog.transaction() as connection:
        runs.start(connection, runs.NewRun(project="p", name="stranger"))
    _killed_writer(other)
    os.rename(f"{other}-wal", f"{path}-wal")
    os.unlink(f"{other}-shm")
    return {"run"}


def _noise_for_wal(path: Path) -> set[str]:
    Path(f"{path}-wal").write_bytes(os.urandom(20_000))
    return {"run"}


@pytest.mark.parametrize("is_wal", [True, False], ids=["wal header", "plain header"])
@pytest.mark.parametrize("leave", [_own_wal, _anothers_wal, _noise_for_wal])
def test_a_wal_where_no_index_can_be_made(own: Path, leave: Callable[[Path], set[str]], is_wal: bool) -> None:
    """In a read-only folder without a -shm the newest rows are there, what is of others is told, and nothing changes."""
    names = leave(own)
    Path(f"{own}-shm").unlink(missing_ok=True)
    if leave is not _own_wal and is_wal:
        with own.open("r+b") as file:
            file.seek(18)
            file.write(b"\2\2")
    before = _inside(own.parent)
    with _read_only(own.parent):
        with open_reader(own) as reader:
            assert {run.name for run in reader.runs()} == names and not reader.may_write
            assert bool(reader.notice) is (leave is _anothers_wal)
        with pytest.raises(CatalogReadOnly):
            Catalog(own)
    assert _inside(own.parent) == before


def test_a_journal_in_a_folder_that_is_read_only(own: Path) -> None:
    """What was half done when its writer died is not shown, though it cannot be undone there."""
    _die_in_transaction(own)
    before = _inside(own.parent)
    with _read_only(own.parent):
        with open_reader(own) as reader:
            assert [run.name for run in reader.runs()] == ["run"] and "-journal" in reader.notice
        with pytest.raises(CatalogReadOnly):
            Catalog(own)
    assert _inside(own.parent) == before


WRITER = """
import sys
from artui.catalog import Catalog, journal, runs
if sys.argv[2] == "rollback":
    journal.wal_is_safe = lambda *_, **__: False
catalog = Catalog(sys.argv[1])
for name in sys.stdin:
    with catalog.transaction() as connection:
        runs.start(connection, runs.NewRun(project="p", name=name.strip()))
    print(name, end="", flush=True)
catalog.close()
"""


@contextlib.contextmanager
def _writer(path: Path, mode: str) -> Iterator[Callable[[str], None]]:
    words = [sys.executable, "-c", WRITER, str(path), mode]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:

        def write(name: str) -> None:
            assert child.stdin is not None and child.stdout is not None
            child.stdin.write(f"{name}\n")
            child.stdin.flush()
            assert child.stdout.readline() == f"{name}\n"

        yield write
        child.communicate(timeout=60)
        assert child.returncode == 0


def _in_wal_mode(path: Path) -> None:
    """Leave a catalog as a copy of a live one is: its header says WAL, and there is none."""
    live = path.with_name("live.artui")
    os.rename(path, live)
    connection = sqlite3.connect(live)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copyfile(live, path)
    connection.close()
    live.unlink()


@pytest.mark.parametrize("view", ["the same folder", "a read-only view"])
@pytest.mark.parametrize("mode", ["wal", "rollback"])
def test_nobody_reads_past_a_writer(own: Path, tmp_path: Path, mode: str, view: str) -> None:
    """Beside a writer, begun before or after the reader, nothing is taken for unchangeable: each commit is seen, at once."""
    _in_wal_mode(own)
    seen_from = own.parent
    with contextlib.ExitStack() as stack:
        if view == "a read-only view":
            seen_from = stack.enter_context(_view(own.parent, tmp_path / "view"))
        before = stack.enter_context(open_reader(seen_from / own.name))
        assert {run.name for run in before.runs()} == {"run"}
        write = stack.enter_context(_writer(own, mode))
        names = {"run"}
        for name in ("first", "second"):
            write(name)
            names |= {name}
            assert not opening.inspect(seen_from / own.name).is_immutable
            assert {run.name for run in before.runs()} == names
            with open_reader(seen_from / own.name) as reader:
                assert {run.name for run in reader.runs()} == names


@contextlib.contextmanager
def _view(folder: Path, view: Path) -> Iterator[Path]:
    """Show a folder at another place, where nobody may write to it, as a share that is mounted read-only."""
    view.mkdir()
    mounted = subprocess.run(["mount", "--bind", folder, view], check=False, capture_output=True)
    if mounted.returncode:
        pytest.skip("nobody may mount here")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", view], check=True)
        yield view
    finally:
        subprocess.run(["umount", view], check=True)


def _attacks() -> list[str]:
    """Everything of a schema that can be added, taken away or made another: each is one statement, or several."""
    tables = ("run", "series", "block", "artifact", "version", "file", "blob", "chunk", "event", "param")
    triggers = [
        f"CREATE TRIGGER t {when} {event} ON {table} BEGIN DELETE FROM project; END"
        for when in ("BEFORE", "AFTER") for event in ("INSERT", "UPDATE", "DELETE") for table in ("run", "event")
    ]  # fmt: skip
    instead = [f"CREATE TRIGGER t INSTEAD OF {event} ON runs BEGIN DELETE FROM run; END" for event in ("INSERT", "UPDATE", "DELETE")]  # fmt: skip
    views = [f"DROP TABLE {table}; CREATE VIEW {table} AS SELECT zeroblob(1000000000) AS key" for table in tables]
    columns = [f"ALTER TABLE {table} ADD COLUMN more AS (printf('%1000000000d', 1))" for table in tables]
    others = [
        "CREATE VIEW v AS WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n", "CREATE VIEW v AS SELECT randomblob(1000000000)",
        "CREATE UNIQUE INDEX i ON run (name)", "CREATE INDEX i ON run (name) WHERE name > ''", "CREATE INDEX i ON run (printf('%1000d', name))", "CREATE INDEX i ON run (name DESC)",
        "CREATE TABLE t (x INTEGER PRIMARY KEY AUTOINCREMENT)", "CREATE TABLE t (x PRIMARY KEY) WITHOUT ROWID", "CREATE TABLE t (x, y GENERATED ALWAYS AS (hex(zeroblob(1000000000))) STORED)", "ANALYZE",
        "CREATE VIRTUAL TABLE t USING fts5 (x, content='run')", "CREATE VIRTUAL TABLE t USING rtree (id, a, b)", "ALTER TABLE run RENAME COLUMN name TO nome", "ALTER TABLE run RENAME TO runs_of_others", "ALTER TABLE run DROP COLUMN note",
        "DROP VIEW runs; CREATE TABLE runs (key)", "DROP VIEW runs; CREATE VIEW runs AS SELECT * FROM run",
        *(f"PRAGMA writable_schema = 1; UPDATE sqlite_schema SET {change} WHERE name = 'run'" for change in ("sql = replace(sql, 'name', 'NAME')", "sql = sql || ' STRICT'", "sql = sql || printf('%25000s', '') || ' STRICT'", "sql = replace(sql, 'TEXT', 'BLOB')", "tbl_name = 'event'")),
        "PRAGMA writable_schema = 1; UPDATE sqlite_schema SET sql = sql || printf('%25000s', '') || ' UNION ALL SELECT * FROM run' WHERE name = 'runs'",
        "PRAGMA writable_schema = 1; DELETE FROM sqlite_schema WHERE type = 'index'", "PRAGMA writable_schema = 1; UPDATE sqlite_schema SET sql = NULL WHERE type = 'index'", "PRAGMA writable_schema = 1; UPDATE sqlite_schema SET type = 'view' WHERE name = 'event'",
    ]  # fmt: skip
    return [*triggers, *instead, *views, *columns, *others]


def test_whatever_is_done_to_the_schema_is_refused(own: Path) -> None:
    """Of some sixty ways to add, take away and change what a schema is made of, none is opened for reading or writing."""
    whole, count = own.read_bytes(), 0
    for attack in _attacks():
        own.write_bytes(whole)
        # SQLite itself looks at what became of it, too late; a module or an order that it does not know changes nothing.
        with contextlib.suppress(sqlite3.DatabaseError), contextlib.closing(sqlite3.connect(own, isolation_level=None)) as connection:  # fmt: skip
            connection.executescript(f"PRAGMA foreign_keys = 0; PRAGMA legacy_alter_table = 1; {attack}")
        before = _inside(own.parent)
        if before == {own.name: whole}:
            continue
        count += 1
        for use in (open_reader, Catalog):
            with pytest.raises(CatalogError) as caught:
                use(own)
            assert any(word in str(caught.value) for word in ("not laid out", "damaged")), (attack, str(caught.value))
        assert _inside(own.parent) == before, attack
    assert count >= 53
