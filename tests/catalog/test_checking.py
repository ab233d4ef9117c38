"""What `check --data` finds: a change of any cell that has a digest, and damaged pages; and that it finds nothing in what is whole."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from artui.capture.adding import add_version
from artui.catalog import Catalog, checking, compacting, connections
from artui.catalog.checking import check_data
from artui.cli import run as run_cli
from artui.errors import CatalogError
from tests import mutating

FLIPS = 60
"""More are tried by `tests/bench/bench_travel.py --flips 10000`."""
WITHOUT_DIGEST = {
    "catalog", "spool", "merged", "origin", "edit", "saved_view", "imported", "_sqlite_migrations",
    "project.created_ms", "run.stamp", "run.heartbeat_ms", "run.origin_key", "param.stamp", "tag.stamp", "context.stamp", "version.stamp", "version.mark",
    "version.origin_key", "alias.stamp", "series.origin_key", "event.origin_key", "removal", "retirement", "chunk.codec",
}  # fmt: skip
"""Tables and columns that no digest covers: of the file itself, what is only here to be undone or seen again, and who wins in a merge."""


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return mutating.build(tmp_path_factory.mktemp("checked") / "x.artui")


def test_a_whole_catalog_is_well(catalog: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert list(check_data(catalog)) == []
    assert run_cli(["check", str(catalog), "--data", "--references"]) == 0
    assert "nothing is wrong" in capfd.readouterr().out
    (tmp_path / "no.artui").write_bytes(b"no")
    assert run_cli(["check", str(tmp_path / "no.artui")]) == 3


def test_a_change_of_any_cell_with_a_digest_is_found(catalog: Path, tmp_path: Path) -> None:
    """Each column of each table, of something that has ended: what is changed there is found, and by its name."""
    path = tmp_path / "x.artui"
    unseen, tried = [], 0
    with closing(sqlite3.connect(catalog)) as connection:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'search%' AND name NOT LIKE 'sqlite%'")]  # fmt: skip
        columns = [
            (table, row[0])
            for table in sorted(set(tables) - WITHOUT_DIGEST)
            for row in connection.execute(f"SELECT * FROM {table} LIMIT 0").description or ()
        ]
    shutil.copy(catalog, path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for table, column in columns:
            if column == "key" or f"{table}.{column}" in WITHOUT_DIGEST:
                continue
            tried += 1
            connection.execute("BEGIN")
            of_ended = {"run": " WHERE status = 1", "series": " WHERE run_key IN (SELECT key FROM run WHERE status = 1)", "name": " WHERE text = 'lr'"}  # fmt: skip
            rest = of_ended.get(table, " WHERE run_key IN (SELECT key FROM run WHERE status = 1)" if table in ("param", "tag", "context") else "")  # fmt: skip
            connection.execute("PRAGMA defer_foreign_keys = 1")
            connection.execute(
                f"UPDATE OR IGNORE {table} SET {column} = CASE typeof({column}) WHEN 'text' THEN {column} || 'x' WHEN 'blob' THEN zeroblob(length({column})) ELSE coalesce({column}, 0) + 700 END{rest}"
            )
            changed = connection.execute("SELECT changes()").fetchone()[0]
            connection.execute("COMMIT")
            if changed and not list(check_data(path)):
                unseen.append(f"{table}.{column}")
            shutil.copy(catalog, path)
    assert unseen == [] and tried > 90


def test_what_is_damaged_is_named(catalog: Path, tmp_path: Path) -> None:
    for statement, kind, name in (
        (f"UPDATE run SET note = 'x' WHERE name = '{mutating.BASELINE}'", "run", mutating.BASELINE),
        ("UPDATE chunk SET content = zeroblob(length(content))", "content", "train-set:v1"),
        ("UPDATE block SET payload = zeroblob(length(payload))", "points", mutating.BASELINE),
        ("DELETE FROM block WHERE number = 0 AND series_key = (SELECT min(series_key) FROM block)", "points", mutating.VICTIM),
        ("UPDATE file SET digest = zeroblob(32)", "files", "train-set:v1"),
        ("DELETE FROM file WHERE path = 'train.csv'", "files", "train-set:v1"),
        ("UPDATE event SET after = '\"y\"' WHERE action = 'note'", "journal", "note"),
        ("DELETE FROM run WHERE name = 'live-run'", "link", ""),
        ("UPDATE alias SET name = 'production'", "version", f"{mutating.MODEL}:v1"),
    ):  # fmt: skip
        path = tmp_path / "x.artui"
        shutil.copy(catalog, path)
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute(statement)
        found = {(each.kind, each.name) for each in check_data(path)}
        assert (kind, name) in found, (statement, found)


def test_flipped_bits_are_found_or_change_nothing(catalog: Path, tmp_path: Path) -> None:
    """After a flip the file is refused, or the damage is found, or all that has a digest reads as before."""
    unseen = flips(catalog, tmp_path / "x.artui", FLIPS, seed=1)
    assert unseen == []


def flips(catalog: Path, path: Path, count: int, *, seed: int) -> list[int]:
    """Flip single bits; give the places of those after which something reads otherwise, and nothing is found.

    A run that goes on has no digest yet: its own rows are left out, those of its points are not.
    """
    from artui.catalog import logical

    chance, content = random.Random(seed), catalog.read_bytes()
    uncovered = {"origins", "projects", "edits", "views", "imports"}
    with closing(sqlite3.connect(catalog)) as connection:
        before = {part: digest for part, digest in logical.digests(connection).items() if part not in uncovered}
        running = {row[0] for row in connection.execute("SELECT id FROM run WHERE status = 0")}
        stamps = {part: _covered(connection, part, running) for part in before}
    unseen = []
    for _ in range(count):
        place = chance.randrange(len(content))
        damaged = bytearray(content)
        damaged[place] ^= 1 << chance.randrange(8)
        path.write_bytes(damaged)
        try:
            if list(check_data(path)) or run_cli(["check", str(path), "--json"]):
                continue
            with closing(sqlite3.connect(path)) as connection:
                after = logical.digests(connection)
                differing = [part for part in before if after[part] != before[part]]
                if any(_differs(stamps[part], _covered(connection, part, running)) for part in differing):
                    unseen.append(place)
        except (CatalogError, sqlite3.Error, UnicodeDecodeError):
            continue
    return unseen


def _covered(connection: sqlite3.Connection, part: str, running: set[str]) -> list[tuple[object, ...]]:
    from artui.catalog import logical

    rows = connection.execute(logical.PARTS[part]).fetchall()
    return [row for row in rows if part == "blocks" or row[0] not in running]


def _differs(before: list[tuple[object, ...]], after: list[tuple[object, ...]]) -> bool:
    """Whether rows differ in more than one number a row: a stamp, or when a running run was heard of."""
    if len(before) != len(after):
        return True
    return any(
        sum(one != other for one, other in zip(old, new, strict=True)) > 1 or any(one != other and not isinstance(one, int) for one, other in zip(old, new, strict=True))
        for old, new in zip(before, after, strict=True)
    )  # fmt: skip


def test_files_outside_are_looked_for(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARTUI_EMBED_LIMIT_BYTES", "1")
    path = tmp_path / "x.artui"
    Catalog(path).close()
    for name in ("there", "gone", "changed"):
        (tmp_path / f"{name}.bin").write_bytes(b"x" * 1000)
        add_version(path, tmp_path / f"{name}.bin", name=name, kind="dataset")
    (tmp_path / "gone.bin").unlink()
    (tmp_path / "changed.bin").write_bytes(b"x")
    assert run_cli(["check", str(path), "--references", "--json"]) == 1
    record = json.loads(capfd.readouterr().out)
    assert {each["reference"]: each["state"] for each in record["references"]} == {"there:v1": "there", "gone:v1": "gone", "changed:v1": "gone"}  # fmt: skip
    assert not record["is_well"] and record["findings"] == []
    # Another installation's paths are not looked at unasked.
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE version SET mark = NULL")
    assert run_cli(["check", str(path), "--references", "--json"]) == 0
    assert {each["state"] for each in json.loads(capfd.readouterr().out)["references"]} == {"unknown"}


def test_a_check_leaves_no_connection_behind(tmp_path: Path) -> None:
    """Afterwards this process does not have the file open: it may be settled, and what lies beside it looked at."""
    path = mutating.build(tmp_path / "x.artui")
    assert list(checking.check_whole(path)) == [] and compacting.room_in(path).size_bytes > 0
    assert not connections.is_connected(path)
