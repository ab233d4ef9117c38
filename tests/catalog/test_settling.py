"""`artui settle`: one plain file of what lies beside a catalog, and nothing deleted."""

from __future__ import annotations

import os
import shutil
import sqlite3
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from artui.catalog import Catalog, runs
from artui.catalog.settling import settle_all
from artui.errors import CatalogLocked
from artui.query.api import open_catalog

MAGIC = bytes.fromhex("d9d505f920a163d7")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "here" / "x.artui"
    with Catalog(path) as catalog, catalog.transaction() as connection:
        runs.start(connection, runs.NewRun(project="p", name="run"))
    return path


def _half_done(path: Path, then: str = "os.kill(os.getpid(), 9)") -> subprocess.Popen[str]:
    code = f"""
import os, sqlite3, sys
connection = sqlite3.connect({str(path)!r}, isolation_level=None)
connection.execute("PRAGMA cache_size = 5")
connection.execute("BEGIN IMMEDIATE")
connection.execute("UPDATE run SET name = 'half done'")
for number in range(500):
    connection.execute("INSERT INTO name (text) VALUES (?)", (f"{{number}}" * 50,))
print("there", flush=True)
{then}
"""
    return subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _run_names(path: Path) -> set[str]:
    with open_catalog(path) as reader:
        return {run.name for run in reader.runs()}


def test_a_journal_that_names_a_file_is_rolled_back_and_the_file_stays(path: Path, tmp_path: Path) -> None:
    """What was committed is in the file, the journal lies beside it under another name, and its victim is there."""
    victim = tmp_path / "VICTIM.txt"
    victim.write_text("keep me")
    _half_done(path).communicate(timeout=60)
    name = os.fsencode(victim)
    with open(f"{path}-journal", "ab") as journal:
        journal.write(struct.pack(">I", 0x40000000 // 1024 + 1) + name)
        journal.write(struct.pack(">II", len(name), sum(struct.unpack(f"{len(name)}b", name)) & 0xFFFFFFFF) + MAGIC)
    path.chmod(0o640)

    (message,) = settle_all(path)

    assert "rolled back" in message and victim.read_text() == "keep me"
    assert _run_names(path) == {"run"} and path.stat().st_mode & 0o777 == 0o640
    names = sorted(os.listdir(path.parent))
    assert names[0] == "x.artui" and names[1].startswith("x.artui-journal.") and len(names) == 2
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    with Catalog(path) as catalog, catalog.transaction() as connection:
        runs.start(connection, runs.NewRun(project="p", name="second"))


def test_a_journal_in_use_is_left(path: Path) -> None:
    """While its writer lives nothing is done to it."""
    child = _half_done(path, "sys.stdin.read()")
    assert child.stdout is not None and child.stdout.readline()
    journal = Path(f"{path}-journal").read_bytes()
    with pytest.raises(CatalogLocked):
        settle_all(path)
    assert Path(f"{path}-journal").read_bytes() == journal
    child.communicate("")


def test_a_wal_is_brought_in_or_moved_aside(path: Path, tmp_path: Path) -> None:
    """Its own goes into the file; one of another file gets another name, and the file stays as it was."""
    code = f"""
import os
from artui.catalog import Catalog, runs
catalog = Catalog({str(path)!r})
with catalog.transaction() as connection:
    runs.start(connection, runs.NewRun(project="p", name="newest"))
os.kill(os.getpid(), 9)
"""
    other = Path(shutil.copyfile(path, tmp_path / "other.artui"))
    with Catalog(other) as catalog, catalog.transaction() as connection:
        runs.start(connection, runs.NewRun(project="p", name="other"))
    subprocess.run([sys.executable, "-c", code], timeout=60, check=False)
    shutil.copyfile(f"{path}-wal", f"{other}-wal")

    assert len(settle_all(path)) == 1
    assert "of another file" in settle_all(other)[0]

    assert _run_names(path) == {"run", "newest"} and os.listdir(path.parent) == ["x.artui"]
    assert _run_names(other) == {"run", "other"}
    assert settle_all(path) == []
