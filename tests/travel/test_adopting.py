"""A catalog of somebody else's becomes a fresh one, once it was checked."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from artui.catalog import Catalog
from artui.catalog.checking import check_data
from artui.cli import run as run_cli
from artui.errors import UsageError
from artui.travel.adopting import adopt
from tests import mutating

SECRET = "what nobody should ever read again"


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return mutating.build(tmp_path_factory.mktemp("whole") / "x.artui")


def test_a_whole_one_is_taken_over_without_its_free_pages(catalog: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    theirs, mine = tmp_path / "theirs.artui", tmp_path / "mine.artui"
    shutil.copy(catalog, theirs)
    theirs.chmod(0o666)
    with closing(sqlite3.connect(theirs)) as connection:
        connection.execute("PRAGMA secure_delete = 0")
        for change in (
            "INSERT INTO saved_view VALUES ('x', 'runs', ?, 'a', 1)",
            "DELETE FROM saved_view WHERE content = ?",
        ):
            connection.execute(change, (SECRET * 400,))
            connection.commit()
    assert SECRET.encode() in theirs.read_bytes()
    before = os.umask(0o027)
    try:
        assert run_cli(["adopt", str(theirs), str(mine), "--dry-run"]) == 0 and not mine.exists()
        assert run_cli(["adopt", str(theirs), str(mine)]) == 0
    finally:
        os.umask(before)
    assert "dropped: " in capfd.readouterr().out
    assert SECRET.encode() not in mine.read_bytes() and mine.stat().st_mode & 0o777 == 0o640
    assert list(check_data(mine)) == []
    with closing(sqlite3.connect(theirs)) as one, closing(sqlite3.connect(mine)) as other:
        for table in ("run", "param", "block", "version", "file", "event", "edge", "saved_view"):
            assert one.execute(f"SELECT count(*) FROM {table}").fetchone() == other.execute(f"SELECT count(*) FROM {table}").fetchone()  # fmt: skip
    with pytest.raises(UsageError, match="is the catalog that is adopted"):
        adopt(mine, mine)
    with pytest.raises(UsageError, match="there already"):
        adopt(theirs, mine)


def test_a_damaged_one_is_refused_unless_that_is_wanted(catalog: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    theirs, mine = tmp_path / "theirs.artui", tmp_path / "mine.artui"
    shutil.copy(catalog, theirs)
    with closing(sqlite3.connect(theirs)) as connection, connection:
        connection.execute("UPDATE run SET note = 'forged' WHERE name = ?", (mutating.BASELINE,))
        connection.execute("UPDATE chunk SET content = zeroblob(length(content)) WHERE key = 1")

    assert run_cli(["adopt", str(theirs), str(mine)]) == 1

    out = capfd.readouterr().out
    assert mutating.BASELINE in out and "--with-damaged" in out and not mine.exists()
    assert run_cli(["adopt", str(theirs), str(mine), "--with-damaged"]) == 1
    assert "dropped, since damaged" in capfd.readouterr().out
    assert {finding.kind for finding in check_data(mine)} == {"run"}
    with Catalog(mine) as opened, opened.transaction() as connection:
        assert connection.execute("SELECT count(*) FROM run").fetchone()[0] == 5
