"""Merging is a union: the laws that hold it, what decides, and what comes of files that are damaged, older, or being written."""

from __future__ import annotations

import gzip
import os
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import artui
from artui import clock
from artui.catalog import SCHEMA_VERSION, Catalog, events, logical, points, runs, seals
from artui.catalog.merging.merge import Merged, merge
from artui.catalog.unsettled import unsettled
from artui.errors import AmbiguousReference, CatalogTooNew, NotACatalog, UsageError
from artui.model import Column, VersionHead
from artui.query.artifactrows import version_rows
from artui.query.artifacts import version_heads
from artui.query.reader import Reader
from artui.query.references import find_version
from tests import mutating
from tests.catalog.merging.histories import history, parts
from tests.catalog.merging.laws import LAWS, broken_law
from tests.counts import tried
from tests.reading import open_reader

HISTORIES = tried(40, 200)
"""More are tried by `tests/bench/bench_travel.py --laws 10000`."""
AT_ONCE = 10


@pytest.mark.parametrize("first", range(0, HISTORIES, AT_ONCE))
def test_the_order_of_merging_does_not_matter(tmp_path: Path, first: int) -> None:
    """Random histories of three catalogs whose clocks differ by hours say the same in whatever order, by whatever steps they are merged."""
    for seed in range(first, first + AT_ONCE):
        folder = tmp_path / str(seed)
        folder.mkdir()
        assert not broken_law(folder, history(seed), seed, laws=(LAWS[seed % len(LAWS)],)), seed
        shutil.rmtree(folder)


@pytest.mark.parametrize("seed", [131, 546, 8471, 204290, 300103, 300364, 400595])
def test_histories_that_broke_a_law_once(tmp_path: Path, seed: int) -> None:
    """Points removed behind a clock that lags, of a beginning, before or after it was joined; a child whose parent was forgotten elsewhere; an alias of a version that was forgotten and came back: each with all laws."""
    assert not broken_law(tmp_path, history(seed), seed)


def test_every_column_is_in_the_digest(tmp_path: Path) -> None:
    """Whatever column of whatever table is changed, but a key or what a file says of itself, the digest is another one."""
    path = mutating.build(tmp_path / "x.artui")
    of_the_file = {"catalog", "spool", "merged", "_sqlite_migrations"}
    unseen, tried = [], 0
    with closing(sqlite3.connect(path)) as connection:
        before = logical.digest(connection)
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'search%' AND name NOT LIKE 'sqlite%'")]  # fmt: skip
        for table in sorted(set(tables) - of_the_file):
            rows = connection.execute(f"SELECT * FROM {table} LIMIT 1")
            assert rows.fetchone() is not None or table in ("retirement", "removal"), table
            for column in [each[0] for each in rows.description]:
                if column == "key" or column.endswith("_key"):
                    continue
                tried += 1
                connection.execute("SAVEPOINT one")
                where = " WHERE text IN ('lr', 'val/loss', 'set', 'wip')" if table == "name" else ""
                connection.execute(
                    f"UPDATE OR REPLACE {table} SET {column} = CASE typeof({column}) WHEN 'text' THEN {column} || 'x' WHEN 'blob' THEN x'00' ELSE coalesce({column}, 0) + 7 END{where}"
                )
                if logical.digest(connection) == before and connection.execute(f"SELECT 1 FROM {table}").fetchone():
                    unseen.append(f"{table}.{column}")
                connection.execute("ROLLBACK TO one")
                connection.execute("RELEASE one")
    assert unseen == [] and tried > 100


# Word for word


@pytest.fixture
def boxes(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    yield tmp_path / "gpu7.artui", tmp_path / "team.artui"


def _merge(target: Path, *sources: Path, is_dry: bool = False) -> list[Merged]:
    with Catalog(target) as catalog:
        return merge(catalog, sources, is_dry=is_dry)


def test_a_run_that_was_merged_while_it_was_running_is_completed(boxes: tuple[Path, Path]) -> None:
    """Finished, tagged and noted at its source after it was merged, it is so in the target once it is merged again."""
    source, target = boxes
    with artui.start_run(name="long", catalog=source, params={"lr": 0.1}) as run:
        run.log({"loss": 1.0}, step=1)
        with Catalog(source) as catalog:
            from artui.catalog.spool import adopting

            adopting.adopt(catalog, tell=lambda *_: None)
        _wait_for_points(source, 1)
        (first,) = _merge(target, source)
        assert first.new_runs == 1
        with open_reader(target) as reader:
            head = reader.run("long").detail()
            assert (head.head.status, head.tags, head.note) == ("running", (), "")
            run_id = head.head.id
        # Somebody looks at it in the target meanwhile: what they say of it does not hold up how it goes on.
        with Catalog(target) as catalog:
            events.tag(catalog, run_id, "watch")
        run.log({"loss": 0.5}, step=2)
    with Catalog(source) as catalog:
        events.tag(catalog, run_id, "keeper", "yes")
        events.set_note(catalog, run_id, "for the paper")

    (again,) = _merge(target, source)

    assert (again.new_runs, again.changed_runs, again.points) == (0, 1, 1)
    with open_reader(target) as reader:
        head = reader.run("long").detail()
        assert (head.head.status, head.note) == ("finished", "for the paper")
        assert {tag.name: tag.value for tag in head.tags} == {"keeper": "yes", "watch": ""}
        assert reader.run("long").series("loss").arrays()[2].tolist() == [1.0, 0.5]
        assert head.damaged == () and head.head.damaged == ()
    assert not _merge(target, source)[0].is_news


def _wait_for_points(path: Path, count: int) -> None:
    import time

    for _ in range(400):
        with closing(sqlite3.connect(path)) as connection:
            if (connection.execute("SELECT sum(count) FROM series").fetchone()[0] or 0) >= count:
                return
        time.sleep(0.02)
    raise AssertionError("the points were not folded")


def test_an_edit_that_was_made_after_another_was_seen_wins(
    boxes: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even if the clock of whoever made it lags by a day."""
    source, target = boxes
    run_id = _run(source)
    monkeypatch.setattr(clock, "now_ms", lambda: 1_800_000_000_000)
    with Catalog(source) as catalog:
        events.set_note(catalog, run_id, "first")
    _merge(target, source)
    monkeypatch.setattr(clock, "now_ms", lambda: 1_800_000_000_000 - 86_400_000)
    with Catalog(target) as catalog:
        events.set_note(catalog, run_id, "second")

    for one, other in ((source, target), (target, source)):
        _merge(one, other)

    assert [_note(path, run_id) for path in boxes] == ["second", "second"]


def test_changes_that_did_not_see_each_other_are_kept_until_somebody_decides(
    boxes: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The later one stands, both are named; whoever changes it again has decided, and that is merged, too."""
    source, target = boxes
    run_id = _run(source)
    _merge(target, source)
    for path, author, text in ((source, "ada@gpu7", "too slow"), (target, "bob@laptop", "keep for the paper")):
        monkeypatch.setattr(events, "author", lambda author=author: author)
        with Catalog(path) as catalog:
            events.set_note(catalog, run_id, text)
            events.tag(catalog, run_id, "seen")

    for path, other in ((target, source), (source, target)):
        (merged,) = _merge(path, other)
        (one,) = merged.to_settle
        assert (one.subject_id, one.action) == (run_id, "note") and _note(path, run_id) == "keep for the paper"
        assert [(choice.author, choice.state) for choice in one.choices] == [
            ("ada@gpu7", "too slow"),
            ("bob@laptop", "keep for the paper"),
        ]

    with Catalog(source) as catalog:
        events.set_note(catalog, run_id, "too slow, but keep")
        with catalog.transaction() as connection:
            assert unsettled(connection, run_id) == []
    assert _merge(target, source)[0].to_settle == () and _note(target, run_id) == "too slow, but keep"
    # It can be taken back as any other change.
    with Catalog(source) as catalog:
        outcome = events.undo(catalog)
    assert (
        outcome is not None
        and (outcome.changed, outcome.kept) == (1, 0)
        and _note(source, run_id) == "keep for the paper"
    )


def test_one_clock_that_is_far_ahead_spoils_nothing(boxes: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """What is changed after its change was seen wins, whatever the clocks say."""
    source, target = boxes
    run_id = _run(source)
    with monkeypatch.context() as patch:
        patch.setattr(clock, "now_ms", lambda: 4_300_000_000_000)
        with Catalog(source) as catalog:
            events.set_note(catalog, run_id, "from 2106")
    _merge(target, source)
    with Catalog(target) as catalog:
        events.set_note(catalog, run_id, "from today")
    _merge(source, target)
    assert _note(source, run_id) == "from today"


def test_runs_that_went_on_apart_keep_both_curves(boxes: tuple[Path, Path]) -> None:
    """The longer one has the labels as they were, the other one says where it is from; the beginning is in both."""
    source, target = boxes
    run_id = _run(source, [3.0, 2.0])
    shutil.copyfile(source, target)
    _go_on(source, run_id, [1.0, 0.9, 0.8])
    _go_on(target, run_id, [1.5])

    for path, other in ((source, target), (target, source)):
        _merge(path, other)

    assert parts(source) == parts(target)
    with closing(sqlite3.connect(source)) as connection:
        rows = connection.execute("SELECT labels, count, last FROM series ORDER BY count DESC").fetchall()
        assert [row[1:] for row in rows] == [(5, 0.8), (3, 1.5)]
        (origin,) = connection.execute(
            "SELECT o.id FROM series AS s JOIN origin AS o ON o.key = s.origin_key WHERE s.count = 3"
        ).fetchone()
        assert [row[0] for row in rows] == ["", f"from={origin[-6:]}"]
        (key,) = connection.execute("SELECT key FROM run").fetchone()
        assert seals.run_damage(connection, [key]) == {}


def test_numbers_that_two_boxes_gave_stay_both(boxes: tuple[Path, Path], tmp_path: Path) -> None:
    """Two versions of one number are both there; the artifact is one."""
    for path, text in zip(boxes, ("one", "two"), strict=True):
        (tmp_path / "f.txt").write_text(text)
        _add(path, tmp_path / "f.txt")
    _merge(boxes[1], boxes[0])
    with closing(sqlite3.connect(boxes[1])) as connection:
        assert connection.execute("SELECT count(*) FROM artifact").fetchone() == (1,)
        assert connection.execute("SELECT number FROM version").fetchall() == [(1,), (1,)]
        hosts = [row[0] for row in connection.execute("SELECT DISTINCT host FROM origin")]

    with open_reader(boxes[1]) as reader:
        for text in ("f:v1", "f", "f:latest"):
            with pytest.raises(AmbiguousReference, match="made apart") as refused:
                find_version(reader, text)
        offered = re.findall(r"f:v1~[0-9A-Z]{6}", refused.value.remedy)
        assert len(set(offered)) == 2 and all(host in refused.value.remedy for host in hosts)
        assert {find_version(reader, text).reference for text in offered} == set(offered)
        first = find_version(reader, offered[0])
    with Catalog(boxes[1]) as catalog:
        events.move_alias(catalog, first.id, "best")
    with open_reader(boxes[1]) as reader:
        assert find_version(reader, "f:best").reference == offered[0]
    # Whoever means the one that was deleted is not given the other.
    with Catalog(boxes[1]) as catalog, events.editing(catalog, "deletion") as edit:
        edit.delete_version(first.id)
    with open_reader(boxes[1]) as reader:
        with pytest.raises(AmbiguousReference):
            find_version(reader, "f:v1")
        assert find_version(reader, "f").reference == offered[1]
    # In lists, too, no two of them read alike.
    listed = [row.head.name for row in version_rows(*_versions(boxes[1]))]
    assert sorted(f"f:{name}" for name in listed) == sorted(offered)


def test_what_was_forgotten_does_not_come_back(boxes: tuple[Path, Path]) -> None:
    """Neither from a copy that has it still, nor what somebody said of it there since."""
    from artui.catalog import forgetting

    source, target = boxes
    run_id = _run(source)
    _merge(target, source)
    with Catalog(source) as catalog:
        events.set_note(catalog, run_id, "a secret remark")
    with Catalog(target) as catalog:
        forgetting.forget_run(catalog, run_id)

    assert _merge(target, source)[0].new_runs == 0
    (back,) = _merge(source, target)

    assert back.forgotten == 1
    for path in boxes:
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("SELECT count(*) FROM run").fetchone() == (0,)
            assert connection.execute("SELECT text FROM name").fetchall() == []
        assert b"secret remark" not in path.read_bytes()


# Bad and odd files


def test_a_damaged_run_stays_marked_and_never_replaces_a_whole_one(boxes: tuple[Path, Path]) -> None:
    """Copied it is as damaged as it was; one that is whole here stays, and is named."""
    source, target = boxes
    run_id = _run(source)
    _merge(target, source)
    with closing(sqlite3.connect(source)) as connection, connection:
        connection.execute("UPDATE run SET note = 'flipped', stamp = stamp + 1")

    (again,) = _merge(target, source)
    assert again.damaged == (run_id,) and _note(target, run_id) == ""

    fresh = source.with_name("fresh.artui")
    assert _merge(fresh, source)[0].new_runs == 1
    with closing(sqlite3.connect(fresh)) as connection:
        assert seals.run_damage(connection, [1]) == {1: ("run",)}


def test_damaged_content_is_left_out_and_comes_with_a_whole_copy(boxes: tuple[Path, Path], tmp_path: Path) -> None:
    """The version is there with its digests; a copy that is whole completes it."""
    source, target = boxes
    (tmp_path / "f.bin").write_bytes(os.urandom(5000))
    _add(source, tmp_path / "f.bin")
    whole = Path(shutil.copyfile(source, tmp_path / "whole.artui"))
    with closing(sqlite3.connect(source)) as connection, connection:
        connection.execute("UPDATE chunk SET content = zeroblob(length(content))")

    (one,) = _merge(target, source)
    assert len(one.missing_content) == 1 and one.new_versions == 1
    assert _merge(target, whole)[0].content_bytes == 5000
    assert parts(target)["content"] == parts(whole)["content"]


@pytest.mark.parametrize("schema", range(1, SCHEMA_VERSION))
def test_an_older_catalog_is_merged_and_stays_as_it_is(boxes: tuple[Path, Path], schema: int) -> None:
    """It is read from a private copy that was brought up to date."""
    source, target = boxes
    data = Path(__file__).parent.parent.parent / "data"
    source.write_bytes(gzip.decompress((data / f"schema-{schema}.artui.gz").read_bytes()))
    before = source.read_bytes()

    (merged,) = _merge(target, source)

    assert merged.new_runs == 1 and merged.points == 50 and source.read_bytes() == before
    with open_reader(target) as reader:
        assert len(reader.run("old").series("loss")) == 50 and not reader.run("old").detail().damaged
    assert not _merge(target, source)[0].is_news


def test_a_newer_catalog_and_one_of_another_layout_are_refused(boxes: tuple[Path, Path]) -> None:
    """Nothing of them is taken, and nothing of what came before them in the same merge."""
    source, target = boxes
    good = source.with_name("good.artui")
    _run(good)
    for change, error in (("PRAGMA user_version = 99", CatalogTooNew), ("CREATE TABLE more (x)", NotACatalog)):
        source.unlink(missing_ok=True)
        _run(source)
        with closing(sqlite3.connect(source)) as connection, connection:
            connection.execute(change)
        with pytest.raises(error):
            _merge(target, good, source)
        with closing(sqlite3.connect(target)) as connection:
            assert connection.execute("SELECT count(*) FROM run").fetchone() == (0,)
    with pytest.raises(UsageError, match="into which is merged"):
        _merge(good, good)


def test_a_dry_run_says_what_would_come_and_writes_nothing(boxes: tuple[Path, Path]) -> None:
    """It says the same as the merge itself does afterwards."""
    source, target = boxes
    _run(source)
    _run(target)
    before = parts(target)
    (said,) = _merge(target, source, is_dry=True)
    assert parts(target) == before and said.new_runs == 1
    (done,) = _merge(target, source)
    assert said == done


def test_hostile_rows_do_no_harm(boxes: tuple[Path, Path]) -> None:
    """Whatever is in a column of any table of the source, merging ends, and what is whole comes."""
    source, target = boxes
    mutating.build(source)
    loose = source.with_name("loose.artui")
    shutil.copyfile(source, loose)
    texts = mutating.loosened(loose)
    tried = 0
    for mutation in mutating.mutations(loose)[::61]:
        if mutation.table.startswith(("search", "catalog")) or not mutating.mutate(loose, texts, source, [mutation]):
            continue
        target.unlink(missing_ok=True)
        outcome = mutating.say(["merge", str(source), "--into", str(target)], source)
        assert not outcome.trouble, (str(mutation), outcome.trouble)
        tried += 1
    assert tried > 5


# Means


def _run(path: Path, values: list[float] | None = None) -> str:
    run = runs.NewRun("p", "a", params={"lr": 0.1})
    with Catalog(path) as catalog, catalog.transaction() as connection:
        key = runs.start(connection, run)
        _log(connection, key, values or [1.0])
        runs.finish(connection, key, status="finished", ended_ms=clock.now_ms(), duration_ms=1)
    return run.id


def _go_on(path: Path, run_id: str, values: list[float]) -> None:
    with Catalog(path) as catalog, catalog.transaction() as connection:
        key = runs.begin(connection, runs.NewRun("p", "a", id=run_id), mode="resume")
        _log(connection, key, values)
        runs.finish(connection, key, status="finished", ended_ms=clock.now_ms(), duration_ms=1)


def _log(connection: Any, key: int, values: list[float]) -> None:
    steps = np.arange(len(values), dtype=np.int64)
    name = runs.name_key(connection, "loss")
    points.append(
        connection,
        key,
        name,
        "",
        steps,
        clock.now_ms() + steps,
        np.array(values),
        origin_key=runs.other_origin(connection, key),
    )


def _add(path: Path, file: Path) -> None:
    from artui.capture.adding import add_version

    add_version(path, file, name="f", kind="dataset")


def _versions(path: Path) -> tuple[Reader, list[VersionHead], tuple[Column, ...]]:
    """Give a reader of a catalog with all versions in it, deleted ones too."""
    reader = Reader(path)
    with reader.snapshot() as connection:
        return reader, version_heads(connection, "SELECT key FROM version", {}, with_deleted=True), ()


def _note(path: Path, run_id: str) -> str:
    with closing(sqlite3.connect(path)) as connection:
        return str(connection.execute("SELECT note FROM run WHERE id = ?", (run_id,)).fetchone()[0])
