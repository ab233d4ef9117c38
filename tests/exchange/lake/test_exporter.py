"""A lake holds what its catalog holds: exported once, again, after changes, and after an export that was killed anywhere."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

import artui
from artui.catalog import Catalog, events, points, runs
from artui.catalog.merging.merge import merge
from artui.cli import run as run_cli
from artui.content.stores import folder
from artui.errors import UnknownReference, UsageError
from artui.exchange.lake import exporter
from artui.exchange.lake.exporter import export
from artui.exchange.lake.tables import MANIFESTS, TABLES
from artui.exchange.leaving.order import Exported, Order
from artui.query import outgoing
from artui.query.reader import Reader

DAY_MS = 86_400_000
BEGIN_MS = 1_780_000_000_000


def write(path: Path, count: int, *, first: int = 0, project: str = "p") -> None:
    """Write runs, one a day, with params, tags and a metric."""
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for number in range(first, first + count):
            at_ms = BEGIN_MS + number * DAY_MS
            run = runs.NewRun(project=project, name=f"run-{number}", id=f"01M{number:023}", started_ms=at_ms, params={"lr": 0.1 * number, "n": number}, tags={"even": str(number % 2)})  # fmt: skip
            key = runs.start(connection, run)
            steps = np.arange(number % 5 + 1, dtype=np.int64)
            points.append(connection, key, runs.name_key(connection, "loss"), "", steps, at_ms + steps, 1.0 / (steps + 1))  # fmt: skip
            runs.finish(connection, key, status="finished", ended_ms=at_ms + 99, duration_ms=98)


def exported(path: Path, lake: Path, **order: object) -> Exported:
    """Export a catalog."""
    with Reader(path) as reader:
        return export(reader, str(lake), Order(**order))  # type: ignore[arg-type]


def files(lake: Path) -> dict[str, int]:
    """Give all files of a lake with what tells whether they were written anew."""
    return {str(path.relative_to(lake)): path.stat().st_ino for path in lake.rglob("*") if path.is_file()}


def rows(lake: Path, query: str) -> list[tuple[object, ...]]:
    """Ask DuckDB; `{runs}` and the like stand for the tables."""
    tables = {table: f"read_parquet('{lake}/{table}/**/*.parquet', hive_partitioning = true)" for table in TABLES}
    with duckdb.connect() as connection:
        answer: list[tuple[object, ...]] = connection.execute(query.format_map(tables)).fetchall()
        return answer


def ids(lake: Path) -> list[str]:
    """Give the ids of all runs that a reader of all files sees."""
    return [str(row[0]) for row in rows(lake, "SELECT id FROM {runs} ORDER BY id")]


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    """Forty runs of two months."""
    write(tmp_path / "c.artui", 40)
    return tmp_path / "c.artui"


def test_partitions_are_projects_and_months(catalog: Path, tmp_path: Path) -> None:
    """Each run lies where its project and the month of its start say, whatever letters the project has."""
    write(catalog, 1, first=90, project="a/b=ü*")

    exported(catalog, tmp_path / "lake")

    where = rows(tmp_path / "lake", "SELECT project, month, count(*) FROM {runs} GROUP BY ALL ORDER BY ALL")
    assert where == [("a/b=ü*", "2026-08", 1), ("p", "2026-05", 4), ("p", "2026-06", 30), ("p", "2026-07", 6)]
    assert {path.name for path in (tmp_path / "lake" / "points").iterdir()} == {"project=p", "project=a%2Fb%3D%C3%BC%2A"}  # fmt: skip


def test_exporting_again_writes_nothing(catalog: Path, tmp_path: Path) -> None:
    """Not even the manifest; and a run that changed costs the files of its own month alone."""
    exported(catalog, tmp_path / "lake")
    before = files(tmp_path / "lake")

    again = exported(catalog, tmp_path / "lake")

    assert files(tmp_path / "lake") == before and not again.written_files and not again.removed_files
    with Catalog(catalog) as opened, opened.transaction() as connection:
        (key,) = connection.execute("SELECT key FROM run WHERE name = 'run-10'").fetchone()
        runs.set_tags(connection, key, {"late": "yes"})

    changed = exported(catalog, tmp_path / "lake")

    after = files(tmp_path / "lake")
    fresh = {name for name in after if before.get(name) != after[name]}
    assert {name.split("/")[0] for name in fresh} == {"tags", MANIFESTS} and len(fresh) == 2
    assert changed.written_files == changed.removed_files == 1 and ids(tmp_path / "lake") == sorted(set(ids(tmp_path / "lake")))  # fmt: skip


def test_what_has_not_changed_is_not_read_again(catalog: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    """Of forty runs only those of the group that has changed; and whatever changed, the lake is what a new one would be."""
    read: list[int] = []
    real = outgoing.run_rows

    def counted(connection: sqlite3.Connection, group: outgoing.Group, catalog_id: str) -> Any:
        read.append(len(group.keys))
        return real(connection, group, catalog_id)

    monkeypatch.setattr(outgoing, "run_rows", counted)
    exported(catalog, tmp_path / "lake")
    assert sum(read) == 40
    read.clear()
    again = exported(catalog, tmp_path / "lake")
    assert not read and again.rows["runs"] == 40 and again.rows["points"] == sum(number % 5 + 1 for number in range(40))
    run_id = f"01M{10:023}"

    def merged() -> None:
        other = tmp_path / "other.artui"
        other.write_bytes(catalog.read_bytes())
        with Catalog(other) as opened, events.editing(opened, "there") as edit:
            edit.tag(run_id, "from", "there")
        write(other, 1, first=41)
        with Catalog(catalog) as opened:
            merge(opened, [other])

    def changed(change: Callable[[events.Edit], object]) -> Callable[[], None]:
        def act() -> None:
            with Catalog(catalog) as opened, events.editing(opened, "change") as edit:
                change(edit)

        return act

    def grown() -> None:
        with artui.start_run(project="p", name="new", catalog=catalog, console=False, code=False, params={"secret-one": "abcdefghijkl"}) as run:  # fmt: skip
            run.log({"loss": 1.0})

    changes = {
        "tag": changed(lambda edit: edit.tag(run_id, "late", "yes")), "value": changed(lambda edit: edit.tag(run_id, "late", "no")),
        "untag": changed(lambda edit: edit.untag(run_id, "even")), "note": changed(lambda edit: edit.set_note(run_id, "seen")),
        "rename": changed(lambda edit: edit.rename(run_id, "other")), "move": changed(lambda edit: edit.move(run_id, "q")),
        "trash": changed(lambda edit: edit.trash(run_id)), "restore": changed(lambda edit: edit.restore(run_id)), "merge": merged, "grow": grown,
        "forget": lambda: run_cli(["forget", "--text", "abcdefghijkl", "--yes", "-c", str(catalog)]),
    }  # fmt: skip
    for name, change in changes.items():
        change()  # type: ignore[no-untyped-call]
        read.clear()
        exported(catalog, tmp_path / "lake", replaces=True)
        assert read or name == "trash"
        exported(catalog, tmp_path / name)
        for table in TABLES:
            query = f"SELECT * FROM {{{table}}} ORDER BY ALL"
            there = bool(list((tmp_path / name / table).rglob("*.parquet")))
            assert there == bool(list((tmp_path / "lake" / table).rglob("*.parquet"))), (name, table)
            assert not there or rows(tmp_path / "lake", query) == rows(tmp_path / name, query), (name, table)
        read.clear()
        assert not exported(catalog, tmp_path / "lake", replaces=True).written_files and not read, name


def test_what_is_deleted_leaves_the_lake(catalog: Path, tmp_path: Path) -> None:
    """A run in the trash is not in the lake, nor its points, nor a month that has no other run."""
    exported(catalog, tmp_path / "lake")
    with Catalog(catalog) as opened, opened.transaction() as connection:
        connection.execute("UPDATE run SET deleted_ms = 1 WHERE name < 'run-39' AND name NOT IN ('run-4', 'run-5')")

    made = exported(catalog, tmp_path / "lake")

    assert len(ids(tmp_path / "lake")) == made.rows["runs"] < 10 and made.removed_files
    assert rows(tmp_path / "lake", "SELECT count(DISTINCT run_id) FROM {points}") == [(made.rows["runs"],)]


def test_two_catalogs_share_a_lake(catalog: Path, tmp_path: Path) -> None:
    """Each has its own files, and neither takes any of the other away."""
    write(tmp_path / "d.artui", 5, first=100)
    exported(catalog, tmp_path / "lake")
    exported(tmp_path / "d.artui", tmp_path / "lake")
    write(tmp_path / "d.artui", 1, first=105)

    exported(tmp_path / "d.artui", tmp_path / "lake")
    again = exported(catalog, tmp_path / "lake")

    assert len(ids(tmp_path / "lake")) == 46 and not again.written_files and not again.removed_files


class _Killed(BaseException):
    pass


def _killing(monkeypatch: pytest.MonkeyPatch, after: int) -> Iterator[None]:
    """Let the folder be touched so many times; then the process is gone."""
    left = after
    for name in ("put", "remove", "replace"):
        real = getattr(folder.FolderStore, name)

        def touched(self: object, *arguments: object, real: object = real, **options: object) -> object:
            nonlocal left
            left -= 1
            if left < 0:
                raise _Killed
            return real(self, *arguments, **options)  # type: ignore[operator]

        monkeypatch.setattr(folder.FolderStore, name, touched)
    yield
    monkeypatch.undo()


def test_killed_anywhere_it_loses_nothing_and_the_next_one_mends_it(
    catalog: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At each step that touches the lake: every run is there at any time, and after the next export each is there once."""
    lake = tmp_path / "lake"
    exported(catalog, lake)
    every, is_done, after = set(ids(lake)), False, 0
    while not is_done:
        gone = f"01M{39 - after % 2:023}"
        with Catalog(catalog) as opened, opened.transaction() as connection:
            connection.execute("UPDATE run SET note = ? WHERE name IN ('run-1', 'run-20')", (f"new {after}",))
            connection.execute("UPDATE run SET deleted_ms = CASE WHEN id = ? THEN 1 END", (gone,))
        killing = _killing(monkeypatch, after)
        next(killing)
        try:
            exported(catalog, lake)
            is_done = True
        except _Killed:
            assert every - {f"01M{39:023}", f"01M{38:023}"} <= set(ids(lake)), after
        next(killing, None)

        exported(catalog, lake)

        assert ids(lake) == sorted(every - {gone}), after
        assert rows(lake, "SELECT count(*), min(note), max(note) FROM {runs} WHERE note <> ''") == [(2, f"new {after}", f"new {after}")]  # fmt: skip
        after += 1 if after < 4 else 3  # each takes two exports
    assert after > 8


def test_what_is_missing_or_cut_is_written_again(catalog: Path, tmp_path: Path) -> None:
    """A file that somebody took away, one that was cut, and one that no manifest names are mended by the next export."""
    lake = tmp_path / "lake"
    exported(catalog, lake)
    gone, cut = sorted((lake / "params").rglob("*.parquet"))[:2]
    gone.unlink()
    cut.chmod(0o644)
    cut.write_bytes(cut.read_bytes()[:100])
    stray = cut.with_name(cut.name[:-20] + "0" * 12 + ".parquet")
    stray.write_bytes(b"half")

    made = exported(catalog, lake)

    assert made.written_files == 2 and not stray.exists()
    assert rows(lake, "SELECT count(*) FROM {params}") == [(80,)]


def test_another_selection_is_refused(catalog: Path, tmp_path: Path) -> None:
    """What the lake has would be taken away: that needs a word. So does what a copy wrote that went on by itself."""
    write(catalog, 2, first=60, project="q")
    lake = tmp_path / "lake"
    exported(catalog, lake)

    with pytest.raises(UsageError, match="another part of this catalog: all of it"):
        exported(catalog, lake, project="q")
    with pytest.raises(UnknownReference, match="no project 'r'"):
        exported(catalog, lake, project="r", replaces=True)
    assert len(ids(lake)) == 42

    exported(catalog, lake, project="q", replaces=True)
    assert len(ids(lake)) == 2
    exported(catalog, lake, where="lr < 0.25", replaces=True)
    assert len(ids(lake)) == 3
    with sqlite3.connect(catalog) as connection:
        connection.execute("UPDATE origin SET id = '01M00000000000000000OTHER1'")
    with pytest.raises(UsageError, match="another copy of this catalog"):
        exported(catalog, lake, where="lr < 0.25")


def test_every_float_leaves_bit_for_bit(tmp_path: Path) -> None:
    """NaN with whatever is in it, infinities, -0.0 and the smallest there are; a series that is long enough for two files, too."""
    bits = np.array([0x7FF8000000000000, 0x7FF800000000ABCD, -1, -(1 << 63), 1, 0x7FEFFFFFFFFFFFFF, 0x7FF0000000000000, -0x10000000000000], np.int64)  # fmt: skip
    values = np.concatenate([bits, np.arange(5000)]).view(np.float64)
    steps = np.arange(len(values), dtype=np.int64)
    with Catalog(tmp_path / "c.artui") as opened, opened.transaction() as connection:
        key = runs.start(connection, runs.NewRun(project="p", name="odd", started_ms=BEGIN_MS))
        points.append(connection, key, runs.name_key(connection, "loss"), "rank=1", steps[::-1].copy(), steps + BEGIN_MS, values)  # fmt: skip

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exporter, "FILE_POINTS", 2048)
        exported(tmp_path / "c.artui", tmp_path / "lake")

    assert len(list((tmp_path / "lake" / "points").rglob("*.parquet"))) == 3
    with duckdb.connect() as connection2:
        there = connection2.execute(f"SELECT number, step, time_ms, value FROM read_parquet('{tmp_path}/lake/points/**/*.parquet') ORDER BY number").fetchnumpy()  # fmt: skip
    assert np.ma.getdata(there["value"]).view(np.int64).tolist() == values.view(np.int64).tolist()
    assert there["number"].tolist() == steps.tolist() and there["step"].tolist() == steps[::-1].tolist()


def test_groups_do_not_move_when_runs_come(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that comes into a month of many changes the one group that it belongs to."""
    monkeypatch.setattr(outgoing, "GROUP_ONE_IN", 8)
    with Catalog(tmp_path / "c.artui") as opened, opened.transaction() as connection:
        for number in range(0, 160, 2):
            runs.start(connection, runs.NewRun(project="p", name=str(number), id=f"01M{number:023}", started_ms=BEGIN_MS))  # fmt: skip
    exported(tmp_path / "c.artui", tmp_path / "lake")
    before = files(tmp_path / "lake")
    assert len(before) > 5
    with Catalog(tmp_path / "c.artui") as opened, opened.transaction() as connection:
        runs.start(connection, runs.NewRun(project="p", name="new", id=f"01M{77:023}", started_ms=BEGIN_MS))

    exported(tmp_path / "c.artui", tmp_path / "lake")

    assert len({name for name in before if name.startswith("runs")} - set(files(tmp_path / "lake"))) == 1


def test_secrets_are_named_before_they_go(catalog: Path, tmp_path: Path) -> None:
    """A token that came in all the same goes out, as with `share`, and is said."""
    with sqlite3.connect(catalog) as connection:
        connection.execute("UPDATE run SET note = 'ghp_' || 'abcdefghijklmnopqrstuvwxyz0123456789' WHERE name = 'run-3'")  # fmt: skip

    [suspect] = exported(catalog, tmp_path / "lake").suspects

    assert (suspect.table, suspect.column, suspect.name, suspect.kind) == ("runs", "note", f"01M{3:023}", "github-token")  # fmt: skip
