"""What is forgotten is in no byte of the file and of what lies beside it; all else is as it was."""

from __future__ import annotations

import contextlib
import gzip
import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest

import artui
from artui.catalog import Catalog, chain, events, forgetting
from artui.catalog.artifacts import OUTSIDE
from artui.catalog.collecting import REMOVED
from artui.catalog.fields import FIELDS
from artui.catalog.forgetting import LEAST_CHARS, find_text
from artui.cli import run as run_cli
from artui.errors import CatalogLocked, UsageError
from artui.query.reader import Reader
from tests import mutating

CANARY = 'Kanarie "7f3a" é'
DATA = Path(__file__).parent.parent / "data"


def _raw(path: Path) -> list[str]:
    """Name the files beside a catalog, itself among them, in which the canary or a part of it is."""
    parts = [CANARY.encode(), CANARY.encode("utf-16-le"), b"Kanarie", b"kanarie"]
    return [
        other.name
        for other in path.parent.iterdir()
        if other.is_file() and any(part in other.read_bytes() for part in parts)
    ]


def _text_columns(path: Path) -> list[tuple[str, str]]:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        return [
            (table, column[1])
            for table in tables
            if not table.startswith(("search", "sqlite_", "_sqlite"))
            for column in connection.execute(f'PRAGMA table_info("{table}")')
            if column[2] in ("TEXT", "")
        ]


def test_no_column_of_text_is_left_out(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A text in any column of any table, as the file's own schema has them, is gone from the raw bytes afterwards."""
    path = mutating.build(tmp_path / "x.artui")
    with Catalog(path) as catalog, catalog.transaction() as connection:
        connection.execute("INSERT INTO retirement (version_key, time_ms) SELECT max(key), 1 FROM version")
        connection.execute("INSERT INTO removal (version_key, time_ms, author) SELECT max(key), 1, 'a' FROM version")
        connection.execute("INSERT INTO fact (artifact_key, version_key, name, value) VALUES (1, 0, 'a', 'b')")
    columns = _text_columns(path)
    planted = 0
    with contextlib.closing(sqlite3.connect(path)) as connection:
        for number, (table, column) in enumerate(columns):
            keys = [row[1] for row in connection.execute(f'PRAGMA table_info("{table}")') if row[5]]
            row = ", ".join(f'"{key}"' for key in keys)
            planted += connection.execute(
                f'UPDATE "{table}" SET "{column}" = ? WHERE ({row}) = (SELECT {row} FROM "{table}" ORDER BY {row} LIMIT 1)',
                (f"a {CANARY} {number}",),
            ).rowcount
        connection.commit()
    assert planted == len(columns) >= 70, "a table is empty: tests/mutating.py puts something into each"
    assert _raw(path) == ["x.artui"]

    assert run_cli(["forget", CANARY, "--text", "--yes", "-c", str(path)]) == 0

    assert _raw(path) == []
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    capfd.readouterr()


@pytest.fixture
def planted(tmp_path: Path) -> Path:
    """A catalog with the canary wherever people and programs put texts: gives its path."""
    path = tmp_path / "x.artui"
    path.write_bytes(gzip.decompress((DATA / "schema-5.artui.gz").read_bytes()))
    with Catalog(path):
        pass  # leaves a backup of the older schema beside it
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / f"{CANARY}.txt").write_text(f"first line\nthe key is {CANARY}\n" + "x" * 3_000_000)
    (tmp_path / "m" / "other.bin").write_bytes(os.urandom(5_000))
    with artui.start_run(name="r", catalog=path, params={"p": CANARY, CANARY: 1}, tags={"t": CANARY}, note=f"see {CANARY}", code=False, system_metrics=False) as run:  # fmt: skip
        run.log({f"loss {CANARY}": 0.5, "kept": 0.25})
        run.save("m", tmp_path / "m", kind="model", metadata={"nested": {"k": [CANARY]}})
    with Catalog(path) as catalog:
        with catalog.transaction() as connection:
            (version_id,) = connection.execute("SELECT v.id FROM version AS v JOIN artifact AS a ON a.key = v.artifact_key WHERE a.name = 'm'").fetchone()  # fmt: skip
        events.move_alias(catalog, version_id, "production", why=f"because {CANARY}")
        events.set_note(catalog, run.id, f"later {CANARY}")
        events.set_note(catalog, run.id, "clean")
        with events.editing(catalog, f"view {CANARY}") as edit:
            edit.save_view(CANARY, "runs", f'{{"where": {CANARY!r}}}')
    for file in (tmp_path / "m").iterdir():
        file.unlink()
    return path


def test_a_text_is_forgotten_everywhere_and_nothing_else_is(planted: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Rows, journal, previews, stored files, index of words, backups: no byte is left; seals, digests and the chain hold."""
    assert "x.artui" in _raw(planted)
    assert run_cli(["forget", CANARY, "--yes", "-c", str(planted)]) == 0
    counted = capfd.readouterr().err
    assert "event:" in counted and "bytes of stored files: 1 file" in counted and "files beside it: 1 file" in counted

    assert _raw(planted) == [] and not list(planted.parent.glob("*.bak"))
    with artui.open_catalog(planted) as catalog:
        run, version = catalog.run("r"), catalog.version("m:production")
        assert run.damaged == () and version.damaged == () and run.metrics["kept"] == 0.25 and run.note == "clean"
        assert run.params["p"] == "<forgotten>" and version.metadata == {"nested": {"k": ["<forgotten>"]}}
        assert sorted(file.path for file in version.files) == ["<forgotten>.txt", "other.bin"]
        content = version.file("<forgotten>.txt").read()
        assert content.startswith(b"first line\nthe key is ****") and len(content) > 3_000_000
        assert [change.what for change in version.history] == ["forgotten"] and not version.history[0].damaged
        assert [found.name for found in catalog.runs("kept < 1")] == ["r"] and len(
            catalog.runs(contains="kanarie")
        ) == 0
    with Reader(planted) as reader, reader.snapshot() as connection:
        rows = connection.execute("SELECT id, action, author, after FROM event ORDER BY stamp").fetchall()
        assert all(chain.is_chained(connection, row[0]) for row in rows)
        assert rows[-1][1:] == ("forget", events.author(), "null")
    assert run_cli(["forget", CANARY, "--yes", "-c", str(planted)]) == 1


def test_nothing_is_forgotten_unless_it_is_wanted(planted: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Without --yes and without a person who types the word, with a text that is too short, and beside a live run, all stays."""
    before = planted.read_bytes()
    assert run_cli(["forget", CANARY, "-c", str(planted)]) == 2 and "event" in capfd.readouterr().err
    assert run_cli(["forget", "abc", "--text", "--yes", "-c", str(planted)]) == 2
    assert run_cli(["forget", "m", "--yes", "-c", str(planted)]) == 2 and "names an artifact" in capfd.readouterr().err
    assert CANARY.encode() in planted.read_bytes() and len(before) == planted.stat().st_size
    with pytest.raises(UsageError), Catalog(planted) as catalog:
        forgetting.find_text(catalog, " ab ")
    with artui.start_run(name="live", catalog=planted, console=False, code=False, system_metrics=False) as run:
        run.log({"x": 1.0})
        with pytest.raises(CatalogLocked, match="being written"):
            forgetting.check_alone(planted)


def _ids(path: Path, query: str) -> list[Any]:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


def test_a_run_and_a_version_are_forgotten(planted: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Of a run its row, points, logs and names are gone, and what it made stays; of a version its content and artifact go.

    Undo passes over what was done to nothing else, and says that it does not bring back what was forgotten.
    """
    assert run_cli(["note", "old", "mine", "-c", str(planted)]) == 0
    assert run_cli(["tag", "r", "good", "-c", str(planted)]) == 0
    assert run_cli(["forget", "r", "--yes", "-c", str(planted)]) == 0
    with artui.open_catalog(planted) as catalog:
        assert [run.name for run in catalog.runs()] == ["old"] and catalog.version("m").made_by is None
        assert not catalog.version("m").damaged and catalog.run("old").metrics["loss"] > 0
    assert _ids(planted, "SELECT text FROM name WHERE text LIKE '%Kanarie%' OR text = 'kept'") == []
    assert _ids(planted, "SELECT count(*) FROM event WHERE action = 'forget' AND subject = 'run'") == [(1,)]
    assert b"later Kanarie" not in planted.read_bytes()

    assert run_cli(["delete", "m:v1", "-c", str(planted)]) == 0
    assert run_cli(["forget", "m:v1", "--yes", "-c", str(planted)]) == 0
    capfd.readouterr()
    assert run_cli(["undo", "-c", str(planted)]) == 0
    said = capfd.readouterr()
    assert said.out.startswith("Taken back: note") and said.err == "What was forgotten since cannot be taken back.\n"
    assert _ids(planted, "SELECT name FROM artifact WHERE kind = 'model'") == [("old-model",)]
    assert _ids(planted, "PRAGMA foreign_key_check") == [] and _ids(planted, "PRAGMA integrity_check") == [("ok",)]
    content = planted.read_bytes()
    assert b"the key is" not in content and b"because Kanarie" not in content
    with artui.open_catalog(planted) as catalog:
        assert catalog.version("old-model:production").damaged == ()


def test_words_without_which_a_row_means_nothing_stay(planted: Path) -> None:
    """Whoever forgets `stored`, or what an action is called, leaves where content lies, and the journal, as they are."""
    with Catalog(planted) as catalog, catalog.transaction() as connection:
        for word in ("embedded", *OUTSIDE, REMOVED):
            connection.execute("UPDATE version SET storage = ?", (word,))
            assert "version" not in find_text(catalog, word).rows
        connection.execute("DELETE FROM event WHERE id <> (SELECT max(id) FROM event)")
        for action in FIELDS:
            connection.execute("UPDATE event SET action = ?, before = 'null', after = 'null'", (action,))
            assert len(action) < LEAST_CHARS or "event" not in find_text(catalog, action).rows, action
