"""A catalog from before a schema change is read as it is, and migrated when it is written to."""

from __future__ import annotations

import contextlib
import gzip
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

import artui
from artui.catalog import SCHEMA_VERSION, Catalog, events, writing
from artui.catalog.migrations import migrate
from artui.catalog.schema import PAGE_BYTES
from tests.counts import tried
from tests.reading import open_reader

DATA = Path(__file__).parent.parent / "data"


SCHEMAS = (1, 2, 3, 4, 5, 6, 7, 8)


@pytest.fixture(params=SCHEMAS)
def schema(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
def old(tmp_path: Path, schema: int) -> Path:
    """A catalog as an artui of that schema wrote it."""
    return _old(tmp_path, schema).rename(tmp_path / "x.artui")


def _old(folder: Path, schema: int) -> Path:
    path = folder / f"schema-{schema}.artui"
    path.write_bytes(gzip.decompress((DATA / f"schema-{schema}.artui.gz").read_bytes()))
    return path


def _version(path: Path) -> int:
    with sqlite3.connect(path) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def test_older_catalog_is_read_as_it_is(old: Path, schema: int) -> None:
    """Reading an older catalog shows everything and changes no byte."""
    before = old.read_bytes()
    with open_reader(old) as reader:
        detail = reader.run("old").detail()
        assert detail.params[0].value == 0.1 and detail.context == {} and detail.remarks == ()
        assert len(reader.run("old").series("loss")) == 50
    assert old.read_bytes() == before and _version(old) == schema


def test_older_catalog_is_migrated_when_it_is_written_to(old: Path, schema: int) -> None:
    """A run that is logged into it brings it to the newest schema; a whole copy of before lies beside it."""
    before = old.read_bytes()
    with artui.start_run(project="p", name="new", catalog=old) as run:
        run.log({"loss": 0.5})

    assert _version(old) == SCHEMA_VERSION
    with open_reader(old) as reader:
        assert {run.name: run.status for run in reader.runs()} == {"old": "finished", "new": "finished"}
        assert len(reader.run("old").series("loss")) == 50
    backup = old.with_name(f"x.artui.schema-{schema}.bak")
    assert sorted(os.listdir(old.parent)) == ["x.artui", backup.name] and _version(backup) == schema
    with sqlite3.connect(backup) as copy:
        assert copy.execute("SELECT name FROM runs").fetchall() == [("old",)]
    assert len(before) == len(backup.read_bytes())


FOUR_AT_ONCE = """
import os, sys, time
import sqlite_utils
from artui.catalog import Catalog
for path in sys.argv[1:]:
    at = time.time() + 0.02
    children = []
    for _ in range(4):
        if not (child := os.fork()):
            while time.time() < at:
                pass
            Catalog(path).close()
            os._exit(0)
        children.append(child)
    print([os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children])
"""
"""Processes that have all imported what they need begin at one moment."""


def test_processes_migrate_at_once(tmp_path: Path) -> None:
    """Of four that open an older catalog one migrates it, the others wait and go on: no error, one schema."""
    with Catalog(tmp_path / "first.artui"):
        pass  # the state folder is there
    rounds = tried(1, 8)
    paths = [_old(tmp_path, schema).rename(tmp_path / f"{schema}-{number}.artui") for number in range(rounds) for schema in SCHEMAS]  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", FOUR_AT_ONCE, *paths], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout == "[0, 0, 0, 0]\n" * len(paths), done.stderr
    assert [_version(path) for path in paths] == [SCHEMA_VERSION] * len(paths)


def test_migrated_catalog_keeps_every_row(old: Path, schema: int) -> None:
    """Every row of every table is there after the migration, and refers to what it referred to."""

    def rows(path: Path) -> dict[str, int]:
        with sqlite3.connect(path) as connection:
            tables = connection.execute(
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE '%VIRTUAL%'"
            )
            return {
                str(table): int(connection.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0])
                for (table,) in tables.fetchall()
                if "search" not in table and "migrations" not in table
            }

    before = rows(old)
    with Catalog(old) as catalog, catalog.transaction():
        assert (
            f"x.artui.schema-{schema}.bak" in catalog.notice
        )  # what was recorded before there were seals gets them with the first change

    after = rows(old)
    assert {table: after[table] for table in before} == before
    with sqlite3.connect(old) as connection:
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("SELECT count(*) FROM run WHERE origin_key IS NULL").fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM run WHERE seal IS NULL").fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM version WHERE seal IS NULL").fetchone() == (0,)
        if schema == 4:
            assert connection.execute("SELECT count(*) FROM artifact_versions").fetchone() == (1,)
            assert connection.execute(
                "SELECT count(*) FROM event WHERE stamp IS NULL OR stamp <> time_ms"
            ).fetchone() == (0,)


def test_new_catalog_is_what_migrations_make_of_an_empty_file(tmp_path: Path) -> None:
    """The first catalog of a process and the next one have what sqlite-utils would have made, which goes on from there."""

    def content(path: Path) -> list[object]:
        with contextlib.closing(sqlite3.connect(path)) as connection:
            names = ("application_id", "user_version", "page_size", "auto_vacuum", "page_count", "integrity_check")
            pragmas = [connection.execute(f"PRAGMA {name}").fetchone() for name in names]
            schema = connection.execute("SELECT * FROM sqlite_schema").fetchall()
            return [*pragmas, *schema, *connection.execute("SELECT id, migration_set, name FROM _sqlite_migrations")]

    migrated = tmp_path / "migrated.artui"
    with contextlib.closing(sqlite3.connect(migrated, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        migrate(connection)
    writing._filled.clear()
    ids = []
    for name in ("first", "next"):
        path = tmp_path / f"{name}.artui"
        writing._create(path, "a test")
        assert content(path) == content(migrated)
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
            migrate(connection)
            ids += connection.execute("SELECT id, created_by FROM catalog").fetchall()
        assert content(path) == content(migrated)
    assert len({id for id, _ in ids}) == len(ids) == 2 and {by for _, by in ids} == {"a test"}


def test_one_number_may_stand_for_two_versions(tmp_path: Path) -> None:
    """Two boxes that gave one number to different versions can both keep it after a merge."""
    with Catalog(tmp_path / "x.artui") as catalog, catalog.transaction() as connection:
        connection.execute("INSERT INTO project (key, name, created_ms) VALUES (1, 'p', 0)")
        connection.execute(
            "INSERT INTO artifact (key, id, project_key, name, stage, kind, created_ms) VALUES (1, 'A', 1, 'm', 2, 'model', 0)"
        )
        for version_id in ("V1", "V2"):
            connection.execute(
                "INSERT INTO version (id, artifact_key, number, digest, size_bytes, file_count, created_ms, storage) "
                "VALUES (?, 1, 1, x'00', 0, 0, 0, 'embedded')",
                (version_id,),
            )


def test_seals_and_the_journal_stay_true_over_a_migration(tmp_path: Path) -> None:
    """What was sealed and chained under schema 5 still matches afterwards, and an open reader sees what came since."""
    path = tmp_path / "x.artui"
    path.write_bytes(gzip.decompress((DATA / "schema-5.artui.gz").read_bytes()))
    with artui.open_catalog(path) as reader:
        before = reader.version("old-model:production")
        assert not before.damaged and [move.why for move in reader.artifact("old-model").alias_history] == [""]

        with Catalog(path) as catalog:
            events.move_alias(catalog, before.id, "candidate", why="best on the test set")
        moves = reader.artifact("old-model").alias_history
        assert [(move.alias, move.why, move.damaged) for move in moves] == [
            ("candidate", "best on the test set", ()),
            ("production", "", ()),
        ]
        assert not reader.version("old-model:candidate").damaged and reader.run("old").note == "a note"
