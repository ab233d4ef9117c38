"""A catalog from before a schema change is read as it is, and migrated when it is written to."""

from __future__ import annotations

import gzip
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

import artui
from artui.catalog import SCHEMA_VERSION, Catalog
from artui.query import Reader

DATA = Path(__file__).parent.parent / "data"


@pytest.fixture(params=[1, 2, 3])
def schema(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
def old(tmp_path: Path, schema: int) -> Path:
    """A catalog as an artui of that schema wrote it."""
    path = tmp_path / "x.artui"
    path.write_bytes(gzip.decompress((DATA / f"schema-{schema}.artui.gz").read_bytes()))
    return path


def _version(path: Path) -> int:
    with sqlite3.connect(path) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def test_older_catalog_is_read_as_it_is(old: Path, schema: int) -> None:
    """Reading an older catalog shows everything and changes no byte."""
    before = old.read_bytes()
    with Reader(old) as reader:
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
    with Reader(old) as reader:
        assert {run.name: run.status for run in reader.runs()} == {"old": "finished", "new": "finished"}
        assert len(reader.run("old").series("loss")) == 50
    backup = old.with_name(f"x.artui.schema-{schema}.bak")
    assert sorted(os.listdir(old.parent)) == ["x.artui", backup.name] and _version(backup) == schema
    with sqlite3.connect(backup) as copy:
        assert copy.execute("SELECT name FROM runs").fetchall() == [("old",)]
    assert len(before) == len(backup.read_bytes())


def test_two_processes_migrate_at_once(old: Path) -> None:
    """One wins, the others wait and go on: no error, one schema."""
    with Catalog(old.with_name("first.artui")):
        pass  # sqlite-utils is compiled and the state folder is there
    code = f"from artui.catalog import Catalog\nCatalog({str(old)!r}).close()"
    children = [subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE) for _ in range(4)]
    said = [child.communicate(timeout=60)[1] for child in children]
    assert [child.returncode for child in children] == [0] * 4, said
    assert _version(old) == SCHEMA_VERSION
