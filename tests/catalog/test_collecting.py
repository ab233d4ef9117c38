"""What a rule keeps, what its plan says, and what is left of a version whose content was removed."""

from __future__ import annotations

import itertools
import math
import os
import re
import shutil
import sqlite3
import time
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import artui
from artui import clock
from artui.catalog import Catalog, artifacts, collecting, events, numbering, points, retention, runs, standing
from artui.catalog.collecting import POINTS_REMOVED
from artui.cli import run as run_cli
from artui.errors import ArtuiError, UsageError
from artui.query.damage import damaged_runs
from artui.query.history import EVENTS
from artui.query.reader import Reader
from artui.query.retention import plan_for, rule_of
from artui.query.run import get_run
from artui.query.runs.listing import list_runs
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
        plan = plan_for(reader, keep=rule, where=where, with_aliased=True, now_ms=NOW_MS)
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
        plan = plan_for(reader, keep="last 1", with_aliased=True, now_ms=NOW_MS)
        assert [(broken.name, broken.inputs) for broken in plan.broken] == [("user", ("m:v3",))]
        spared = plan_for(reader, keep="last 1", now_ms=NOW_MS, with_aliased=False)
    assert [v.reference for v in plan.named] == ["m:v1"] and spared.named == () and len(spared.deleted) == 3
    assert [(v.reference, v.aliases) for v in spared.spared] == [("m:v1", ("production",))]


def test_a_rule_goes_on_until_nothing_more_goes(tmp_path: Path) -> None:
    """What is kept only because something was made of it that goes itself goes with that, at once; what has an alias keeps what it was made of."""
    path = tmp_path / "x.artui"
    ids = _catalog(path)
    with Catalog(path) as catalog, catalog.transaction() as connection:
        keys = [connection.execute("SELECT key FROM version WHERE id = ?", (i,)).fetchone()[0] for i in ids]
        for place in (0, 1, 3):
            artifacts.link(connection, "derived", source_key=keys[place], target_key=keys[place + 1])
    assert _going(path, "last 1 or used") == [1, 2, 3, 4, 5]
    with Catalog(path) as catalog:
        events.move_alias(catalog, ids[1], "production")
    with Reader(path) as reader:
        plan = plan_for(reader, keep="last 1 or used", now_ms=NOW_MS)
    assert [version.reference for version in plan.deleted] == ["m:v5", "m:v4", "m:v3"]

    with Catalog(path) as catalog:
        plan.carried_out(catalog, why="")
    with Reader(path) as reader:
        again = plan_for(reader, keep="last 1 or used", now_ms=NOW_MS)
    assert not again.deleted
    # What was deleted stands in the order in which it was to be.
    assert again.waiting and [thing.reference for thing in again.waiting] == [thing.reference for thing in plan.deleted]


def test_a_rule_keeps_the_best_by_a_result(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """By a number of the metadata, or else by the metric of the run; the direction is that of the name or as written."""
    path = tmp_path / "x.artui"
    losses = [0.4, 0.2, math.nan, 0.1, 0.1, 0.3, math.inf]
    for number, loss in enumerate(losses):
        with artui.start_run(project="p", catalog=str(path), name=f"r{number}") as run:
            run.log({"val/acc": 1 - loss, "thing": float(number % 3)}, step=1)
            (tmp_path / "a").write_bytes(bytes([number]))
            run.save(
                "m",
                tmp_path / "a",
                kind="model",
                metadata={"Val_Loss": loss, "scores": {"f1": number}} if number else {},
            )
    ids = range(1, 8)
    kept = {
        "best 1 by Val_Loss": {5}, "best 3 by Val_Loss": {5, 4, 2}, "best 2 by Val_Loss highest": {6, 2}, "best 2 by val/acc": {5, 4},
        "Best 9 BY val/acc lowest or last 1": {1, 2, 4, 5, 6, 7}, "best 1 by scores.f1": {7}, "best 1 by thing highest, best 1 by thing lowest": {6, 7},
    }  # fmt: skip
    for rule, numbers in kept.items():
        assert set(ids) - set(_going(path, rule)) == numbers, rule
    with pytest.raises(UsageError, match="Nobody knows") as unknown:
        _going(path, "best 2 by thing")
    assert "best 2 by thing lowest" in unknown.value.remedy
    with pytest.raises(UsageError, match="No version has a 'val_loss'") as missing:
        _going(path, "last 1 or best 2 by val_loss")
    assert missing.value.remedy.startswith("Did you mean Val_Loss")
    assert run_cli(["gc", "--keep", "last 2", "--dry-run", "-c", str(path)]) == 0
    said = capfd.readouterr().out
    assert "m:v5  is the best of its artifact" in said and said.count("the best") == 1
    assert retention.rule_words(rule_of("best 2 by Val_Loss or best 1 by val/acc")) == (
        "it is one of the best 2 of its artifact by Val_Loss, the lowest, or it has the best val/acc of its artifact, the highest"
    )


@pytest.mark.parametrize(
    "rule",
    [
        "best by loss",
        "best 0 by loss",
        "best 2 loss",
        "",
        "last",
        "last 0",
        "last -1",
        "last x",
        "aliased or",
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


def test_a_rule_says_in_words_what_it_keeps() -> None:
    """One reason is enough, whichever word stands between them: and, or, a comma."""
    rule = retention.parse_rule("last 3 or newer 36h or aliased or used or approved")
    assert rule == retention.parse_rule("Last 3 and newer 36h, used and approved or aliased")
    words = retention.rule_words(rule)
    assert words.startswith("it is one of the newest 3 of its artifact, or it is younger than 36h, or an alias names it, or a run used it")  # fmt: skip
    assert words.count(", or ") == 4 and words.endswith("or somebody approves it")
    assert retention.rule_words(retention.parse_rule("newer 14d")) == "it is younger than 2w"


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
    run_cli(["alias", "data:v1", "gold", "-c", str(path)])
    run_cli(["delete", "data:v1", "-c", str(path)])
    run_cli(["gc", "--older-than", "0d", "-c", str(path)])
    capfd.readouterr()

    assert run_cli(["undo", "-c", str(path)]) == 1
    said = capfd.readouterr()
    assert "Nothing was taken back" in said.err and "left alone" in said.err and not said.out
    every = (
        ["restore", "data:v1"],
        ["get", "data:v1"],
        ["get", "data:gold"],
    )
    for words in every:
        # Nothing advises what cannot be done: it says when, by whom, and what there is instead.
        assert run_cli([*words, "-c", str(path)]) != 0
        said = capfd.readouterr()
        assert (
            "was removed on" in said.err
            and f"by {events.author()}, and it cannot be restored. data has no other version." in said.err
        )
        assert "artui restore" not in said.err and (", which gold names," in said.err) == ("data:gold" in words)
    for words in (
        ["show", "data:gold"],
        ["trace", "data:v1"],
        ["impact", "data:gold"],
        ["diff", "data:v1", "data:gold"],
    ):
        # What is kept of it can be read.
        assert run_cli([*words, "-c", str(path)]) == 0 and "data:v1" in (shown := capfd.readouterr()).out
        assert words[0] == "impact" or ("removed" in shown.out and "artui restore" not in shown.out)
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
    assert (
        run_cli(["get", "data:v1", "-c", str(path)]) != 0 and "The newest version is data:v2." in capfd.readouterr().err
    )
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

    assert run_cli(["show", "gone", "-c", str(path)]) == 0 and "its points were removed" in capfd.readouterr().out
    for verb in (["restore", "gone"], ["note", "gone", "x"]):
        assert run_cli([*verb, "-c", str(path)]) != 0
        assert (
            "The points of the run gone were removed on" in (err := capfd.readouterr().err)
            and "artui restore" not in err
        )
    # Of several the others come back.
    assert run_cli(["delete", "back", "-c", str(path)]) == 0 and capfd.readouterr()
    assert run_cli(["restore", "gone", "back", "-c", str(path)]) == 1
    out, err = capfd.readouterr()
    assert out == "back is back.\n" and "gone stays deleted: The points" in err and "1 of 2 are back" in err
    with Reader(path) as reader:
        assert {run.name for run in list_runs(reader)} == {"back", "kept"}
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
    assert run_cli(["gc", "--keep", "last 2", "-c", str(path)]) == 2
    assert "4 versions would be deleted: nothing was done. Say --yes" in capfd.readouterr().err
    assert run_cli(["gc", "--keep", "last 2", "--yes", "-c", str(path)]) == 0
    said = capfd.readouterr()
    assert "4 versions are deleted" in said.out and "`artui undo` takes it back" in said.err
    with artui.open_catalog(path) as catalog:
        assert [version.number for version in catalog.artifact("m").versions] == [6, 5]
    assert run_cli(["undo", "-c", str(path)]) == 0
    for wrong in (
        ["--older-than", "soon"],
        ["--keep", "last 1", "-w", "size >"],
        ["--aliased"],
        ["--keep", "aliased", "--aliased"],
    ):
        assert run_cli(["gc", *wrong, "-c", str(path)]) == 2
    with artui.open_catalog(path) as catalog:
        assert len(catalog.artifact("m").versions) == 6
        assert [version.reference for version in catalog.retention("last 5").deleted] == ["m:v1"]
        with pytest.raises(ArtuiError):
            catalog.retention("what is old")


@pytest.fixture(scope="module")
def much(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Versions of two artifacts that share chunks, made and deleted at several times; runs that used them, some deleted."""
    folder = tmp_path_factory.mktemp("much")
    path, shared = folder / "x.artui", os.urandom(3_000)
    for number in range(6):
        for name, kind in (("m", "checkpoint"), ("d", "dataset")):
            place = folder / name
            place.mkdir(exist_ok=True)
            (place / "own").write_bytes(os.urandom(1_000 + number))
            (place / "shared").write_bytes(shared[: 1_000 * (1 + number % 3)])
            assert run_cli(["add", str(place), "--kind", kind, "-c", str(path)]) == 0
    with Catalog(path) as catalog, catalog.transaction() as connection:
        keys = [row[0] for row in connection.execute("SELECT key FROM version ORDER BY key")]
        for number in range(4):
            run = runs.start(connection, runs.NewRun(project="p", name=f"r{number}"))
            artifacts.link(connection, "input", source_key=keys[3 * number], target_key=run)
            steps = np.arange(50 + number, dtype=np.int64)
            points.append(connection, run, runs.name_key(connection, "loss"), "", steps, steps, steps / 7)
            runs.finish(connection, run, status="finished", ended_ms=1, duration_ms=1)
    for words in ("alias m:v1 production", "alias d:v2 gold", "delete m:v2 d:v1 r0 r1", "retire m:v3"):
        assert run_cli([*words.split(), "-c", str(path)]) == 0
    with sqlite3.connect(path) as plain:
        plain.execute(f"UPDATE version SET created_ms = created_ms - key * {DAY_MS}")
        plain.execute(
            f"UPDATE version SET deleted_ms = deleted_ms - number * {10 * DAY_MS} WHERE deleted_ms IS NOT NULL"
        )
        plain.execute(f"UPDATE run SET deleted_ms = deleted_ms - key * {10 * DAY_MS} WHERE deleted_ms IS NOT NULL")
    return path


_RULES = st.none() | st.lists(st.sampled_from(["last 1", "last 3", "newer 4d", "newer 9d", "used", "approved", "aliased"]), min_size=1, max_size=3).map(" and ".join)  # fmt: skip
_FILTERS = st.sampled_from(["", "", "kind = checkpoint", "kind = dataset", "version < 4", "deleted is not null", "alias = production", "size > 3kB"])  # fmt: skip
_AGES = st.sampled_from(["0d", "1s", "5d", "15d", "30d"])


def _number_words(text: str) -> list[str]:
    """Give what is said but for the verbs, which are others before it is done than after it."""
    return [word for word in re.split(r"\W+", text) if word not in ("would", "be", "is", "are", "lack", "lacks")]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rule=_RULES, where=_FILTERS, age=_AGES, with_aliased=st.booleans(), as_json=st.booleans())
def test_what_is_said_before_is_what_is_done(much: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, rule: str | None, where: str, age: str, with_aliased: bool, as_json: bool) -> None:  # fmt: skip
    """Whatever the rule, the filter and the age: the same words and numbers, the bytes are those of the file, and nothing is left for a second run."""
    path = tmp_path / "x.artui"
    shutil.copyfile(much, path)
    ticks = itertools.count(time.time_ns(), 1_000_000)
    monkeypatch.setattr(time, "time_ns", lambda: next(ticks))
    words = ["gc", "--older-than", age, "-c", str(path)]
    words += [] if rule is None else ["--keep", rule]
    words += ["--where", where] if where else []
    words += ["--aliased"] if with_aliased and rule is not None and "aliased" not in rule else []
    words += ["--json"] if as_json else []

    def said(*more: str) -> str:
        capfd.readouterr()
        assert run_cli([*words, *more]) == 0
        return capfd.readouterr().out

    before, sizes = said("--dry-run"), _sizes(path)
    if rule is not None and run_cli(words) == 0:
        # All of it was deleted before: no yes is needed.
        after = capfd.readouterr().out
    else:
        # Nothing is deleted by a rule without a yes.
        assert _sizes(path) == sizes
        after = said("--yes")

    if not as_json:
        assert _number_words(before) == _number_words(after)
        return
    planned, done = orjson.loads(before), orjson.loads(after)
    assert planned | {"is_dry_run": False} == done
    assert sizes - _sizes(path) == done["freed_bytes"]
    again = orjson.loads(said("--dry-run"))
    assert again["freed_bytes"] == 0 and not again["removed"] and not again["removed_runs"]
    assert again["deleted"] == [] or "last" in str(rule)
    if not with_aliased:
        assert not {"m:v1", "d:v2"} & set(done["deleted"])
    if where:
        assert not done["removed_runs"]
    if where == "kind = checkpoint":
        assert all(reference.startswith("m:") for reference in done["deleted"] + done["removed"])


def _sizes(path: Path) -> int:
    """Give the bytes of all chunks and points."""
    with sqlite3.connect(path) as connection:
        row = connection.execute("SELECT (SELECT total(length(content)) FROM chunk) + (SELECT total(length(payload)) FROM block)").fetchone()  # fmt: skip
        return int(row[0])


def test_what_comes_back_meanwhile_stays_whole(much: Path, tmp_path: Path) -> None:
    """A plan that stood a while removes nothing that was restored since, even if it was deleted again."""
    path = tmp_path / "x.artui"
    shutil.copyfile(much, path)
    with Reader(path) as reader:
        plan = plan_for(reader, keep=None, older_than="5d", now_ms=clock.now_ms())
    assert {version.reference for version in plan.removed} == {"m:v2", "d:v1"} and len(plan.removed_runs) == 2
    assert run_cli(["restore", "m:v2", "d:v1", "r0", "r1", "-c", str(path)]) == 0
    assert run_cli(["delete", "m:v2", "r0", "-c", str(path)]) == 0
    with Catalog(path) as catalog:
        done = plan.carried_out(catalog, why="")
    assert (done.removed, done.removed_runs, done.freed_bytes) == ((), (), 0)


PLANS = {
    "what was done with a version": (EVENTS.format(reasons="e.why, e.is_redacted"), ""),
    "numbers of forgotten versions": (numbering.FORGOTTEN, ""),
    "the largest number": (numbering.LARGEST, ""),
    "how an alias moved": (standing.ALIAS_EVENTS, ""),
    "versions at a time": (standing.VERSIONS_THEN, ""),
    "who deleted it": (standing.LAST_DELETION, ""),
    "whether points were removed": (standing.REMOVED_POINTS, ""),
    "whether something was done for good": (events.DONE_FOR_GOOD, "o"),
    "whether content was removed": (standing.REMOVED_CONTENT, ""),
    "runs with points to remove": (retention.RUNS_WITH_POINTS, ""),
    "bytes of points": (retention.POINT_BYTES, "w"),
    "what is being written": (retention.BEING_WRITTEN, ""),
    "runs that lack an input": (retention.BROKEN, "w"),
    "versions to remove": (retention.REMOVABLE, "v"),
}
"""Queries of history and retention, each with the one table that it may go through row by row: `w` is what was asked for, `o` has few."""


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
        with catalog.transaction() as connection:
            many = retention.removable(connection, before_ms=clock.now_ms() + 1)
        collecting.remove_content(catalog, many, before_ms=clock.now_ms() + 1)
        assert collecting.remove_unnamed(catalog) == sum(1000 + number for number in range(30))
        with pytest.raises(ArtuiError), catalog.transaction() as connection:
            connection.execute("DELETE FROM chunk")
    assert _stored(path)[0] == 1
    with artui.open_catalog(path) as opened:
        assert opened.version("kept").file("a").read() == b"k" * 5000
