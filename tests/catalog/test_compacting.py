"""A catalog is made as small as what is in it, and nothing in it changes."""

from __future__ import annotations

import io
import random
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from artui.catalog import Catalog, blobs
from artui.catalog.checking import check_data
from artui.catalog.compacting import compact, room_in
from artui.catalog.spool.place import folder_of
from artui.cli import run as run_cli
from artui.errors import CatalogLocked
from tests import mutating


def test_free_pages_and_unnamed_content_are_given_back(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = mutating.build(tmp_path / "x.artui")
    small = path.stat().st_size
    tables = ("run", "param", "block", "version", "file", "event", "edge", "blob", "chunk")
    with closing(sqlite3.connect(path)) as connection:
        before = {table: connection.execute(f"SELECT * FROM {table}").fetchall() for table in tables}
    with Catalog(path) as catalog, catalog.transaction() as opened:
        blobs.store(opened, io.BytesIO(random.Random(1).randbytes(300_000)))
        opened.execute("INSERT INTO saved_view VALUES ('x', 'runs', ?, 'a', 1)", ("y" * 200_000,))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM saved_view WHERE name = 'x'")
    room, content = room_in(path), path.read_bytes()
    assert room.free_bytes > 190_000 and room.unnamed_bytes >= 300_000 and room.unnamed_count > 0

    assert run_cli(["compact", str(path), "--dry-run"]) == 0
    assert path.read_bytes() == content and "would be given back" in capfd.readouterr().out
    assert run_cli(["compact", str(path)]) == 0

    assert "before" in capfd.readouterr().out
    assert path.stat().st_size <= small and list(check_data(path)) == []
    with closing(sqlite3.connect(path)) as connection:
        assert {table: connection.execute(f"SELECT * FROM {table}").fetchall() for table in tables} == before
        assert connection.execute("PRAGMA auto_vacuum").fetchone() == (2,)
        assert connection.execute("SELECT count(*) FROM search WHERE search MATCH 'better'").fetchone() == (1,)
    assert [file.name for file in tmp_path.iterdir()] == ["x.artui"]


def test_one_that_is_in_use_is_refused(tmp_path: Path) -> None:
    path = mutating.build(tmp_path / "x.artui")
    content = path.read_bytes()
    folder_of(path).mkdir()
    (folder_of(path) / ("0" * 26)).write_bytes(b"")
    with pytest.raises(CatalogLocked, match="run is being written") as caught:
        compact(path)
    assert caught.value.remedy.startswith("Compact it once")
    (folder_of(path) / ("0" * 26)).unlink()
    folder_of(path).rmdir()
    reader = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('BEGIN'); c.execute('SELECT * FROM run').fetchone(); print('in', flush=True); sys.stdin.read()"  # fmt: skip
    with subprocess.Popen(
        [sys.executable, "-c", reader, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None and process.stdout.readline() == b"in\n"
        with pytest.raises(CatalogLocked, match="open in another process"):
            compact(path)
        process.communicate(b"")
    assert path.read_bytes() == content
