"""What a rule keeps, what its plan says, and what is left of a version whose content was removed."""

from __future__ import annotations

import os
import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest

import artui
from artui import clock
from artui.catalog import Catalog, artifacts, collecting, events, numbering, retention, runs, standing
from artui.catalog.collecting import POINTS_REMOVED
from artui.catalog.events import REMOVED_POINTS
from artui.cli import run as run_cli
from artui.errors import ArtuiError, UsageError
from artui.query.damage import damaged_runs
from artui.query.history import EVENTS
from artui.query.reader import Reader
from artui.query.retention import plan_for
from artui.query.run import get_run
from artui.query.series.points import get_series
from artui.reference import parse

DAY_MS = 86_400_000
NOW_MS = 1_790_000_000_000


def _catalog(path: Path, count: int = 6) -> list[str]:
    """Save versions of one model, a day apart, the last one now: gives their ids."""
    ids = []
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for number in range(count):
            version = artifacts.NewVersion(
                "p", "m", "model", "modelling", [artifacts.NewFile("a", number, bytes([number]) * 32)],
                created_ms=NOW_MS - (count - 1 - number) * DAY_MS,
            )  # fmt: skip
            ids.append(artifacts.save(connection, version).id)
    return ids


def _going(path: Path, rule: str, where: str = "") -> list[int]:
    with Reader(path) as reader:
        plan = plan_for(reader, keep=rule, where=where, now_ms=NOW_MS)
    return sorted(int(version.reference.rpartition("v")[2]) for version in plan.deleted)


def test_a_rule_keeps_what_it_has_a_reason_for(tmp_path: Path) -> None:
    """Each reason alone keeps its versions, several keep the union; what a run is writing is never among what goes."""
    path = tmp_path / "x.artui"
    ids = _catalog(path)
    with Catalog(path) as catalog:
        events.move_alias(catalog, ids[0], "production")
        with events.editing(catalog, "x") as edit:
            edit.approve(ids[1])
        with catalog.transaction() as connection:
            keys = [connection.execute("SELECT key FROM version WHERE id = ?", (i,)).fetchone()[0] for i in ids]
            user, writer = (runs.start(connection, runs.NewRun(project="p", name=name)) for name in ("user", "writer"))
            runs.finish(connection, user, status="finished", ended_ms=1, duration_ms=1)
            artifacts.link(connection, "input", source_key=keys[2], target_key=user)
            artifacts.link(connection, "output", source_key=writer, target_key=keys[3])

    assert _going(path, "last 2") == [1, 2, 3]
    assert _going(path, "aliased") == [2, 3, 5, 6] and _going(path, "used") == [1, 2, 5, 6]
    assert _going(path, "approved") == [1, 3, 5, 6] and _going(path, "newer 36h") == [1, 2, 3]
    assert _going(path, "last 1 and aliased, used and approved") == [5]
    assert _going(path, "last 1", "version < 3") == [1, 2]
    with Reader(path) as reader:
        plan = plan_for(reader, keep="last 1", now_ms=NOW_MS)
    assert [(broken.name, broken.inputs) for broken in plan.broken] == [("user", ("m:v3",))]


@pytest.mark.parametrize(
    "rule",
    [
        "",
        "last",
        "last 0",
        "last -1",
        "last x",
        "aliased or used",
        "newer",
        "newer 3",
        "everything",
        "last 99999999999",
    ],
)
def test_what_is_no_rule_is_refused(tmp_path: Path, rule: str) -> None:
    """A rule that cannot be understood deletes nothing: the error says which part and what there is."""
    with pytest.raises(UsageError, match=r"no reason to keep|last N, newer 30d"):
        retention.parse_rule(rule)


def _stored(path: Path) -> tuple[int, int]:
    with sqlite3.connect(path) as connection:
        return connection.execute("SELECT count(*), sum(length(content)) FROM chunk").fetchone()  # type: ignore[no-any-return]


def _add(path: Path, folder: Path, name: str, **content: bytes) -> None:
    place = folder / name
    place.mkdir(exist_ok=True)
    for file, part in content.items():
        (place / file).write_bytes(part)
    assert run_cli(["add", str(place), "-c", str(path)]) == 0


def test_only_what_nothing_else_names_is_freed(tmp_path: Path) -> None:
    """The plan's bytes are those that go: chunks that two versions share count for neither, and once when both go."""
    path, shared = tmp_path / "x.artui", os.urandom(50_000)
    _add(path, tmp_path, "one", a=shared, b=os.urandom(30_000))
    _add(path, tmp_path, "two", a=shared, c=os.urandom(20_000))
    with Reader(path) as reader, reader.snapshot() as connection:
        keys = [row[0] for row in connection.execute("SELECT key FROM version ORDER BY key")]
        freed = [retention.freed_bytes(connection, chosen) for chosen in ([keys[0]], [keys[1]], keys, [])]
    assert freed == [30_000, 20_000, 100_000, 0]

    before = path.stat().st_size
    assert run_cli(["delete", "one:v1", "-c", str(path)]) == 0
    assert run_cli(["gc", "-c", str(path)]) == 0 and _stored(path)[1] == 100_000  # deleted less than 30 days ago
    assert run_cli(["gc", "--older-than", "0d", "--dry-run", "-c", str(path)]) == 0 and _stored(path)[1] == 100_000
    assert run_cli(["gc", "--older-than", "0d", "-c", str(path)]) == 0

    assert _stored(path)[1] == 70_000 and path.stat().st_size < before - 25_000
    with artui.open_catalog(path) as catalog:
        assert catalog.version("two").file("a").read() == shared and not catalog.version("two").damaged


def test_a_tombstone_says_what_was_there(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Number, digests, files and lineage stay, with when and by whom; it is not restored, and undo leaves it alone."""
    path = tmp_path / "x.artui"
    _add(path, tmp_path, "data", a=b"secret rows" * 99)
    with artui.open_catalog(path) as catalog:
        before = catalog.version("data:v1")
        digest, files, version_id = before.digest, [(file.path, file.digest) for file in before.files], before.id
    run_cli(["delete", "data:v1", "-c", str(path)])
    run_cli(["gc", "--older-than", "0d", "-c", str(path)])
    capfd.readouterr()

    assert run_cli(["undo", "-c", str(path)]) == 0 and "left alone" in capfd.readouterr().err
    assert run_cli(["restore", "data:v1", "-c", str(path)]) != 0 and "was removed on" in capfd.readouterr().err
    with Reader(path) as reader:
        from artui.query.artifacts import get_version, previews
        from artui.query.history import version_history

        detail = get_version(reader, version_id)
        assert (detail.head.digest, [(file.path, file.digest) for file in detail.files]) == (digest, files)
        assert not detail.damaged and detail.head.state == "removed" and previews(reader, detail.head.key) == {}
        change = version_history(reader, detail.head)[0]
        assert (change.what, change.author) == ("content removed", events.author())
    assert b"secret rows" not in path.read_bytes()
    _add(path, tmp_path, "data", a=b"secret rows" * 99)
    with artui.open_catalog(path) as catalog:
        assert catalog.version("data").number == 2 and catalog.version("data").read_table is not None
        assert catalog.version("data").file("a").read() == b"secret rows" * 99


def test_points_of_runs_that_were_deleted_long_ago_are_removed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The simulation says how many bytes; summaries, params and lineage stay, others keep their points, and it is not restored."""
    path = tmp_path / "x.artui"
    (tmp_path / "w.txt").write_text("w")
    for name in ("kept", "gone", "back"):
        with artui.start_run(name=name, catalog=path, console=False, code=False, system_metrics=False, params={"lr": 1}) as run:  # fmt: skip
            for step in range(3000):
                run.log({"loss": (step * 7919 % 1000) / 7})
            run.save("w", tmp_path / "w.txt", kind="model")
    for name in ("gone", "back"):
        assert run_cli(["delete", name, "-c", str(path)]) == 0
    assert run_cli(["gc", "-c", str(path)]) == 0 and run_cli(["restore", "back", "-c", str(path)]) == 0
    with Reader(path) as reader:
        plan = plan_for(reader, keep=None, older_than="0d", now_ms=clock.now_ms())
    assert [run.reference for run in plan.removed_runs] == ["gone"] and plan.freed_bytes > 1_000
    capfd.readouterr()
    assert run_cli(["gc", "--older-than", "0d", "-c", str(path)]) == 0
    assert "the points of 1 deleted run are removed" in (out := capfd.readouterr().out) and "gone" in out

    assert run_cli(["restore", "gone", "-c", str(path)]) != 0 and "were removed" in capfd.readouterr().err
    with sqlite3.connect(path) as connection:
        counts = connection.execute(
            "SELECT r.name, count(b.key) FROM run AS r JOIN series AS s ON s.run_key = r.key LEFT JOIN block AS b ON b.series_key = s.key "
            "GROUP BY r.key ORDER BY r.key"
        ).fetchall()
        assert [name for name, count in counts if not count] == ["gone"]
    with Reader(path) as reader:
        ((key, run_id),) = [tuple(row) for row in _rows(reader, "SELECT key, id FROM run WHERE name = 'gone'")]
        detail = get_run(reader, run_id)
        assert detail.metrics[0].summary.count == 3000 and detail.params[0].value == 1 and not detail.damaged
        assert [version.reference for version in detail.outputs] == ["w:v1"] and detail.remarks[-1] == POINTS_REMOVED
        assert damaged_runs(reader, [key]) == {} and len(get_series(reader, run_id, "loss")) == 0
        assert plan_for(reader, keep=None, older_than="0d", now_ms=clock.now_ms()).removed_runs == ()
    with artui.open_catalog(path) as catalog:
        assert len(catalog.run("back").series("loss")) == len(catalog.run("kept").series("loss")) == 3000


def _rows(reader: Reader, query: str) -> list[Any]:
    with reader.snapshot() as connection:
        return connection.execute(query).fetchall()


def test_what_a_run_is_writing_stays(tmp_path: Path) -> None:
    """A version that was deleted while its run goes on keeps its content until the run has ended."""
    path = tmp_path / "x.artui"
    (tmp_path / "w.bin").write_bytes(os.urandom(9_000))
    with artui.start_run(name="r", catalog=path, console=False, code=False, system_metrics=False) as run:
        run.save("w", tmp_path / "w.bin", kind="model")
        with Catalog(path) as catalog, catalog.transaction() as connection:
            version = artifacts.find_version(connection, parse("w"))
            with events.editing(catalog, "x") as edit:
                edit.delete_version(version.id)
        assert run_cli(["gc", "--older-than", "0d", "-c", str(path)]) == 0
        assert _chunks_of(path, version.key) == 1
    assert run_cli(["gc", "--older-than", "0d", "-c", str(path)]) == 0
    assert _chunks_of(path, version.key) == 0


def _chunks_of(path: Path, version_key: int) -> int:
    with Reader(path) as reader, reader.snapshot() as connection:
        row: Any = connection.execute(
            "SELECT count(*) FROM file WHERE version_key = ? AND blob_key IS NOT NULL", (version_key,)
        ).fetchone()
        return int(row[0])


def test_a_rule_deletes_as_one_edit(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """What gc deletes by a rule comes back with one undo; a wrong span of time or filter changes nothing."""
    path = tmp_path / "x.artui"
    _catalog(path)
    assert run_cli(["gc", "--keep", "last 2", "-c", str(path)]) == 0
    assert "4 versions are deleted" in capfd.readouterr().out
    with artui.open_catalog(path) as catalog:
        assert [version.number for version in catalog.artifact("m").versions] == [6, 5]
    assert run_cli(["undo", "-c", str(path)]) == 0
    for wrong in (["--older-than", "soon"], ["--keep", "last 1", "-w", "size >"], ["-w", "size > 1"]):
        assert run_cli(["gc", *wrong, "-c", str(path)]) == 2
    with artui.open_catalog(path) as catalog:
        assert len(catalog.artifact("m").versions) == 6
        assert [version.reference for version in catalog.retention("last 5").deleted] == ["m:v1"]
        with pytest.raises(ArtuiError):
            catalog.retention("what is old")


PLANS = {
    "what was done with a version": (EVENTS.format(reasons="e.why, e.is_redacted"), ""),
    "numbers of forgotten versions": (numbering.FORGOTTEN, ""),
    "the largest number": (numbering.LARGEST, ""),
    "how an alias moved": (standing.ALIAS_EVENTS, ""),
    "versions at a time": (standing.VERSIONS_THEN, ""),
    "who deleted it": (standing.LAST_DELETION, ""),
    "whether points were removed": (REMOVED_POINTS, ""),
    "runs with points to remove": (retention.RUNS_WITH_POINTS, ""),
    "bytes of points": (retention.POINT_BYTES, "w"),
    "what is being written": (retention.BEING_WRITTEN, ""),
    "runs that lack an input": (retention.BROKEN, "w"),
    "versions to remove": (retention.REMOVABLE, "v"),
}
"""Queries of history and retention, each with the one table that it may go through row by row: `w` is what was asked for."""


@pytest.mark.parametrize("what", PLANS)
def test_no_query_goes_through_what_grows(tmp_path: Path, what: str) -> None:
    """Events, runs, edges, series and blocks are found by an index, however many there are."""
    query, scanned = PLANS[what]
    values = {name: "[]" if name == "keys" else 1 for name in re.findall(r":(\w+)", query)}
    with Catalog(tmp_path / "x.artui") as catalog, catalog.transaction() as connection:
        steps = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {query}", values)]
    scans = [step.split()[1] for step in steps if step.startswith("SCAN")]
    assert scans == ([scanned] if scanned else []), steps
    assert not any("AUTOMATIC" in step for step in steps), steps


def test_chunks_go_however_many_there_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In several steps, by number and by size; afterwards rows that others refer to are guarded again."""
    path = tmp_path / "x.artui"
    _add(path, tmp_path, "many", **{f"f{number}": os.urandom(1000 + number) for number in range(30)})
    _add(path, tmp_path, "kept", a=b"k" * 5000)
    run_cli(["delete", "many:v1", "-c", str(path)])
    monkeypatch.setattr(collecting, "_CHUNKS_AT_ONCE", 7)
    monkeypatch.setattr(collecting, "_BYTES_AT_ONCE", 3000)
    with Catalog(path) as catalog:
        collecting.remove_content(catalog, before_ms=clock.now_ms() + 1)
        assert collecting.remove_unnamed(catalog) == sum(1000 + number for number in range(30))
        with pytest.raises(ArtuiError), catalog.transaction() as connection:
            connection.execute("DELETE FROM chunk")
    assert _stored(path)[0] == 1
    with artui.open_catalog(path) as opened:
        assert opened.version("kept").file("a").read() == b"k" * 5000
