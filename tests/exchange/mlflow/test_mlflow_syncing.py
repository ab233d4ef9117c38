"""A catalog and an MLflow server in step: what goes there comes back as it was, edits arrive on the other side, and nothing breaks or doubles it."""

from __future__ import annotations

import contextlib
import gzip
import math
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import artui
from artui.catalog import Catalog, events
from artui.catalog.merging.merge import merge
from artui.cli import run as run_cli
from artui.content import stores
from artui.errors import UsageError
from artui.exchange.mlflow import syncing
from artui.exchange.mlflow.exporter import Pusher
from artui.exchange.mlflow.naming import comes_back, plain_name, series_name
from artui.exchange.mlflow.rest import TRIES, Place, Refused, ServerError, parse_place
from artui.settings import state_folder
from tests.counts import IS_LONG, tried
from tests.exchange.mlflow.serving import Fake, fake, mlflow_program, opened, real
from tests.servers import postgres, postgres_programs

RUNS = 4
DATA = Path(__file__).parents[2] / "data"


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalog with what MLflow cannot hold as it is: types, names, labels, infinities, a child, a run in the trash, one that goes on."""
    folder = tmp_path_factory.mktemp("recorded")
    path = folder / "x.artui"
    options: Any = {"catalog": path, "console": False, "code": False, "system_metrics": False}
    (folder / "weights").mkdir()
    (folder / "weights" / "a.bin").write_bytes(b"\0\1\2")
    (folder / "plot.svg").write_text("<svg/>")
    odd = {
        "lr": 0.1,
        "n": 3,
        "s": "3",
        "none": None,
        "list": [1, "a"],
        "yes": True,
        "text": "True",
        "nan": math.nan,
        "a b[c]=d": "x",
        "é": 1e-300,
    }
    with artui.start_run(
        project="fraud", name="base", params=odd, tags={"team": "a", "odd [tag]": "v=1", "plain": ""}, **options
    ) as run:
        for step in range(40):
            run.log({"loss": 1 / (step + 1), "acc": step / 40}, step=step)
        run.log({"odd/[m]": math.nan, "inf": math.inf, "ninf": -math.inf}, step=3)
        run.log({"recall": 0.5}, labels={"card": "gift"})
        run.save("weights", folder / "weights", kind="model")
        run.save("plot.svg", folder / "plot.svg", kind="figure")
        run.note = "first\nsecond" if hasattr(run, "note") else ""  # type: ignore[attr-defined]
        base = run.id
    (folder / "rows.csv").write_text("a,b\n1,2\n")
    (folder / "better").mkdir()
    (folder / "better" / "a.bin").write_bytes(b"\0\1\3")
    with artui.start_run(project="fraud", name="child", parent=base, **options) as run:
        run.log({"loss": 2.0})
        run.use("weights:v1")
        run.use("rows", path=folder / "rows.csv", kind="dataset")
        run.save("weights", folder / "better", kind="model")
    with artui.start_run(project="other/π", name="dropped", **options) as run:
        run.log({"loss": 3.0})
        dropped = run.id
    with artui.start_run(project="other/π", name="failed", params={"long": "x" * 7000}, **options) as run:
        run.finish("failed")
    with Catalog(path) as catalog, events.editing(catalog, "trash") as edit:
        edit.trash(dropped)
        edit.set_note(base, "first\nsecond")
        for number, alias in ((1, "production"), (2, "best")):
            edit.move_alias(version_of(edit.connection, number), alias)
    return path


def version_of(connection: sqlite3.Connection, number: int) -> str:
    """Give the id of a version of the model: which one that is tells its size in all catalogs."""
    query = "SELECT v.id FROM version AS v JOIN artifact AS a ON a.key = v.artifact_key WHERE a.name = 'weights' AND v.storage = 'embedded' ORDER BY hex(v.digest)"
    ids = [str(row[0]) for row in connection.execute(query)]
    return ids[number - 1]


@pytest.fixture
def path(recorded: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "x.artui"
    copy.write_bytes(recorded.read_bytes())
    return copy


@pytest.fixture(params=["fake", "real"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """A server with nothing on it: one of ours, and MLflow's own where it is installed."""
    if request.param == "fake":
        with fake() as (_, where):
            yield where
        return
    if mlflow_program() is None:
        pytest.skip("MLflow is not installed")
    if not IS_LONG and ("edits" in request.node.name or postgres_programs() is not None):
        pytest.skip("a server of our own, and the one on PostgreSQL, say the same faster")
    (tmp_path / "server").mkdir()
    with real(tmp_path / "server") as where:
        yield where


def test_a_team_on_postgresql_with_files_in_a_bucket(
    moto: None, path: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """A real server as teams run it, by its proxy and without: up, killed in the midst, down into an empty catalog, edits both ways: equal."""
    if mlflow_program() is None or postgres_programs() is None:
        pytest.skip("MLflow or PostgreSQL is not installed")
    chance, kills = random.Random(3), tried(3, 50)
    wanted = {run_id: said for run_id, said in content(path).items() if not said[7]}
    for is_proxy in (True, False)[: tried(1, 2)]:
        (tmp_path / "server").mkdir(exist_ok=True)
        with contextlib.ExitStack() as stack:
            store = stack.enter_context(postgres())
            place = stack.enter_context(real(tmp_path / "server", store=store, artifacts=f"s3://bucket/{is_proxy}", is_proxy=is_proxy))  # fmt: skip
            copy = tmp_path / f"copy-{is_proxy}.artui"
            for _ in range(kills):
                _killed_push(path, place, chance.uniform(0.2, 2.0))
            syncing.push(place, path, opened=opened)
            assert not syncing.push(place, path, opened=opened).has_news
            syncing.pull(place, copy, opened=opened)
            assert content(copy) == wanted
            for catalog_path in (path, copy):
                with Catalog(catalog_path) as catalog, events.editing(catalog, "edits") as edit:
                    for _ in range(20):
                        _edit(edit, chance, chance.choice([*wanted]))
            for catalog_path in (path, copy, path, copy):
                syncing.pull(place, catalog_path, opened=opened)
                syncing.push(place, catalog_path, opened=opened)
            here, there = content(path), content(copy)
            assert {run_id: here[run_id] for run_id in wanted} == {run_id: there[run_id] for run_id in wanted}
            with Catalog(path) as catalog, events.editing(catalog, "all of them again") as edit:
                for run_id in wanted:
                    edit.restore(run_id)
            wanted = {run_id: said for run_id, said in content(path).items() if run_id in wanted}


def _killed_push(path: Path, place: Place, seconds: float) -> None:
    """Push in another process, which is killed after so many seconds."""
    words = [sys.executable, "-m", "artui", "push", place.shown, "-c", str(path)]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    process.kill()
    process.wait()


def test_files_go_straight_into_a_bucket(moto: None, path: Path, server: tuple[Fake, Place], tmp_path: Path) -> None:
    """Where the server says so, and nowhere else: neither to another machine nor into a folder of this one."""
    held, place = server
    held.root = "s3://bucket/team"
    pushed = syncing.push(place, path, opened=opened)
    assert not held.files and pushed.brought["files"] == 3
    store = stores.opened("s3://bucket/team")
    assert sorted(name.partition("/artifacts/")[2] for name, _ in store.listed("")) == ["plot.svg", "weights/a.bin", "weights/a.bin"]  # fmt: skip
    for number, root in enumerate((f"file://{tmp_path}/evil", f"{tmp_path}/evil", "ssh://127.0.0.1/evil", "s3://bucket/../x", "https://127.0.0.1/evil")):  # fmt: skip
        held.experiments, held.runs, held.models = {**held.experiments}, {}, {}
        held.root = root
        refused = syncing.push(place, path, opened=opened).refused
        assert any(what == "versions" and "keeps them where artui does not write" in why for what, why in refused), (
            number
        )
    assert not list(tmp_path.rglob("evil"))


def content(path: Path) -> dict[str, Any]:
    """Give what a catalog says of its runs, as far as MLflow can hold it: of points that are there twice, one."""
    found: dict[str, Any] = {}
    with closing(sqlite3.connect(path)) as connection:
        ids = dict(connection.execute("SELECT id, deleted_ms IS NOT NULL FROM run"))
    with artui.open_catalog(path) as catalog:
        from artui.query.run import get_run
        from artui.query.series.points import get_series

        for run_id, is_deleted in ids.items():
            detail = get_run(catalog._reader, run_id)
            points = {}
            for metric in detail.metrics:
                arrays = get_series(catalog._reader, run_id, metric.name, metric.labels).arrays()
                points[metric.name, metric.labels] = sorted(set(map(repr, zip(arrays.steps.tolist(), arrays.times_ms.tolist(), arrays.values.tolist(), strict=True))))  # fmt: skip
            params = {param.name: repr(param.value) for param in detail.params if param.name != "long"}
            tags = {tag.name: tag.value for tag in detail.tags if not tag.name.startswith("mlflow.")}
            files = sorted(
                (head.artifact, head.kind, head.stage, head.digest)
                for head in detail.outputs
                if head.kind != "environment"
            )
            used = sorted(
                (head.artifact, head.kind, head.stage, head.digest if head.kind == "model" else "")
                for head in detail.inputs
                if head.kind != "environment"
            )
            aliases = sorted(
                (head.artifact, alias) for head in detail.outputs for alias in head.aliases if alias != "latest"
            )
            head = detail.head
            found[run_id] = (head.name, head.project, head.status, head.started_ms, head.ended_ms, head.parent_id, detail.note, is_deleted, params, tags, points, files, used, aliases, head.stage, detail.host, detail.python, detail.directory, detail.command)  # fmt: skip
    return found


def test_what_goes_there_comes_back_as_it_was(path: Path, place: Place, tmp_path: Path) -> None:
    """Up, and down into an empty catalog: equal, types, names, labels and infinities, too; a second time there is nothing to do."""
    pushed = syncing.push(place, path, opened=opened)
    assert pushed.runs["new"] == RUNS - 1, "the one in the trash was never there"
    assert [what for what, _ in pushed.refused] == ["params"] and "'long'" in next(iter(pushed.refused))[1]
    again = syncing.push(place, path, opened=opened)
    assert again.runs == {"unchanged": RUNS - 1} and not again.brought
    copy = tmp_path / "copy.artui"
    pulled = syncing.pull(place, copy, opened=opened)
    assert pulled.report.runs == {"new": RUNS - 1} and not pulled.report.damaged
    wanted = {run_id: said for run_id, said in content(path).items() if not said[7]}
    assert content(copy) == wanted
    once_more = syncing.pull(place, copy, opened=opened)
    assert once_more.report.runs == {"unchanged": RUNS - 1} and not once_more.has_news
    assert syncing.pull(place, path, opened=opened).report.runs == {"unchanged": RUNS - 1}
    assert not syncing.push(place, copy, opened=opened).has_news and content(copy) == wanted


def test_edits_on_either_side_arrive_at_the_other(path: Path, place: Place, tmp_path: Path) -> None:
    """Tags, notes, names and deletions, at random on both sides: after a pull and a push both say the same; what gave way stands in the journal."""
    chance = random.Random(7)
    copy = tmp_path / "copy.artui"
    syncing.push(place, path, opened=opened)
    syncing.pull(place, copy, opened=opened)
    ids = [run_id for run_id, said in content(path).items() if not said[7]]
    for _ in range(3):
        for catalog_path in (path, copy):
            with Catalog(catalog_path) as catalog, events.editing(catalog, "edits") as edit:
                for _ in range(4):
                    _edit(edit, chance, chance.choice(ids))
        for catalog_path in (path, copy, path, copy):
            syncing.pull(place, catalog_path, opened=opened)
            assert {what for what, _ in syncing.push(place, catalog_path, opened=opened).refused} <= {"params"}
        here, there = content(path), content(copy)
        assert {run_id: here[run_id] for run_id in ids} == {run_id: there[run_id] for run_id in ids}
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM event WHERE why LIKE 'changed on mlflow://%'").fetchone()[0] > 0
    for catalog_path in (path, copy):
        assert not syncing.pull(place, catalog_path, opened=opened).has_news
        assert not syncing.push(place, catalog_path, opened=opened).has_news


def _edit(edit: events.Edit, chance: random.Random, run_id: str) -> None:
    kind, value = chance.randrange(7), str(chance.randrange(100))
    if kind == 0:
        edit.tag(run_id, chance.choice(["team", "odd [tag]", "new"]), value)
    elif kind == 1:
        edit.untag(run_id, chance.choice(["team", "odd [tag]", "new"]))
    elif kind == 2:
        edit.set_note(run_id, f"note {value}")
    elif kind == 3:
        edit.rename(run_id, f"name {value}")
    elif kind == 4:
        edit.move_alias(
            version_of(edit.connection, chance.choice([1, 2])), chance.choice(["production", "best", "new"])
        )
    elif kind == 5:
        edit.drop_alias(version_of(edit.connection, 1), chance.choice(["production", "best", "new"]))
    elif not edit.trash(run_id):
        edit.restore(run_id)


@pytest.fixture
def server() -> Iterator[tuple[Fake, Place]]:
    with fake() as held:
        yield held


class _StoppedError(BaseException):
    """Stands for a kill: nothing catches it."""


def test_a_push_that_is_broken_off_anywhere_goes_on(path: Path) -> None:
    """At each request, before and after the server has done it: once it is pushed again, the server has what it would have had, and no more."""
    with fake() as (whole, place):
        syncing.push(place, path, opened=opened)
        wanted, count = whole.content(), len(whole.requests)
    for number in range(1, count + 1, max(1, count // tried(6, 100))):
        for is_done in (False, True):
            with fake() as (held, place):

                def broken(
                    method: str, where: str, at: int, held: Fake = held, number: int = number, is_done: bool = is_done
                ) -> Any:
                    return "stop" if at == number else None

                server = opened(place)
                real_once, asked = server._once, [0]

                def once(
                    *request: Any,
                    real_once: Any = real_once,
                    asked: list[int] = asked,
                    is_done: bool = is_done,
                    number: int = number,
                ) -> Any:
                    asked[0] += 1
                    if asked[0] == number and not is_done:
                        raise _StoppedError
                    answer = real_once(*request)
                    if asked[0] == number:
                        raise _StoppedError
                    return answer

                server._once = once  # type: ignore[method-assign, assignment]
                with pytest.raises(_StoppedError):
                    syncing.push(place, path, opened=lambda _, server=server: server)  # type: ignore[misc]
                syncing.push(place, path, opened=opened)
                assert held.content() == wanted, (number, is_done)
                assert not syncing.push(place, path, opened=opened).has_news


def test_an_edit_after_a_push_that_was_killed_is_not_undone(
    path: Path, server: tuple[Fake, Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed at each request of a second push, with nothing kept of it here: what it brought is no edit of somebody else's."""
    held, place = server
    base = next(run_id for run_id, said in content(path).items() if said[0] == "base")
    others = [run_id for run_id, said in content(path).items() if said[0] in ("child", "failed")]
    syncing.push(place, path, opened=opened)
    with Catalog(path) as catalog, events.editing(catalog, "edits") as first:
        first.trash(others[1])
    syncing.push(place, path, opened=opened)

    def edit(value: str, number: int) -> None:
        with Catalog(path) as catalog, events.editing(catalog, "edits") as edit:
            edit.tag(base, "team", value)
            edit.set_note(base, value)
            edit.rename(base, value)
            if value == "a":
                edit.untag(base, "plain")
                edit.trash(others[0])
                edit.restore(others[1])
            else:
                edit.restore(others[0])
                edit.trash(others[1])
                edit.tag(base, "plain", "b")
            edit.move_alias(version_of(edit.connection, number), "production")
            (edit.move_alias if number == 1 else edit.drop_alias)(version_of(edit.connection, 1), "first")

    edit("a", 2)
    count = len(held.requests)
    was = deepcopy((held.experiments, held.runs, held.files, held.models))
    remembered = state_folder() / "mlflow"
    kept = {file: file.read_bytes() for file in remembered.iterdir()}
    before = path.read_bytes()
    syncing.push(place, path, opened=opened)
    count = len(held.requests) - count
    for number in range(1, count + 1, max(1, count // tried(5, 100))):
        held.experiments, held.runs, held.files, held.models = deepcopy(was)
        path.write_bytes(before)
        for file, text in kept.items():
            file.write_bytes(text)
        asked = len(held.requests)
        held.answers = lambda method, where, at, last=asked + number: "drop" if at > last else None
        with monkeypatch.context() as patched:
            patched.setattr(Pusher, "keep", lambda self: None)
            with contextlib.suppress(ServerError):
                syncing.push(place, path, opened=opened)
        held.answers = None
        edit("b", 1)
        wanted = content(path)
        assert not syncing.pull(place, path, opened=opened).edits, number
        pushed = syncing.push(place, path, opened=opened)
        assert {what for what, _ in pushed.refused} <= {"params"}, number
        assert content(path) == wanted and not syncing.pull(place, path, opened=opened).edits
        (said,) = (said for said in held.content().values() if said[0].get("run_name") == "b")
        assert said[2]["team"] == said[2]["mlflow.note.content"] == said[2]["plain"] == "b", number
        stages = [held.content()[run_id][0]["lifecycle_stage"] for run_id in others]
        assert stages == ["active", "deleted"], number
        assert set(held.models["weights"]["aliases"]) == {"production", "best", "first"}, number


@pytest.mark.parametrize("is_pulled", [True, False])
def test_an_old_copy_of_a_catalog_undoes_nothing(path: Path, server: tuple[Fake, Place], tmp_path: Path, is_pulled: bool) -> None:  # fmt: skip
    """A copy that never synced is older than what others have said since: all of that stays; what was edited in it since goes there."""
    held, place = server
    base, child = (next(run_id for run_id, said in content(path).items() if said[0] == name) for name in ("base", "child"))  # fmt: skip
    failed = next(run_id for run_id, said in content(path).items() if said[0] == "failed")
    with Catalog(path) as catalog, events.editing(catalog, "before") as edit:
        edit.tag(base, "team", "early")
        edit.tag(base, "gone", "early")
        edit.move_alias(version_of(edit.connection, 2), "shared")
    old = tmp_path / "old.artui"
    old.write_bytes(path.read_bytes())
    syncing.push(place, path, opened=opened)
    with Catalog(path) as catalog, events.editing(catalog, "said") as edit:
        edit.tag(base, "team", "late")
        edit.untag(base, "gone")
        edit.untag(base, "plain")
        edit.tag(base, "new", "")
        edit.set_note(base, "late")
        edit.rename(base, "late")
        edit.trash(child)
        edit.move_alias(version_of(edit.connection, 2), "production")
        edit.drop_alias(version_of(edit.connection, 1), "best")
    syncing.push(place, path, opened=opened)
    before, wanted = held.content(), content(path)
    if not is_pulled:
        syncing.push(place, old, opened=opened)
        assert held.content() == before
    with Catalog(old) as catalog, events.editing(catalog, "own") as edit:
        edit.tag(failed, "mine", "1")
        edit.set_note(failed, "mine")
        edit.drop_alias(version_of(edit.connection, 1), "shared")
    syncing.pull(place, old, opened=opened)
    assert not [what for what, _ in syncing.push(place, old, opened=opened).refused if what != "params"]
    after = held.content()
    assert {run_id: said for run_id, said in after.items() if run_id not in (failed, "model weights")} == {
        run_id: said for run_id, said in before.items() if run_id not in (failed, "model weights")
    }
    assert after[failed][2]["mine"] == "1" and after[failed][2]["mlflow.note.content"] == "mine"
    assert set(held.models["weights"]["aliases"]) == {"production"}
    syncing.pull(place, path, opened=opened)
    assert content(path) == content(old)
    assert {run_id: said for run_id, said in content(old).items() if run_id not in (failed, child, base)} == {
        run_id: said for run_id, said in wanted.items() if run_id not in (failed, child, base)
    }
    assert content(old)[base][:10] == wanted[base][:10] and content(old)[child][7]


@pytest.mark.parametrize("schema", [1, 4, 7, 8])
def test_a_catalog_of_an_older_artui_is_pushed(schema: int, server: tuple[Fake, Place], tmp_path: Path) -> None:
    """As it is: it is read alone."""
    _, place = server
    path = tmp_path / "old.artui"
    path.write_bytes(gzip.decompress((DATA / f"schema-{schema}.artui.gz").read_bytes()))
    before = path.read_bytes()
    assert syncing.push(place, path, opened=opened).runs["new"]
    assert not syncing.push(place, path, opened=opened).has_news
    assert path.read_bytes() == before


def test_a_catalog_that_was_moved_goes_on(path: Path, server: tuple[Fake, Place], tmp_path: Path) -> None:
    """What is remembered of its old place is not known in the new one: what was edited since the last push goes there all the same."""
    _, place = server
    syncing.push(place, path, opened=opened)
    base = next(run_id for run_id, said in content(path).items() if said[0] == "base")
    with Catalog(path) as catalog, events.editing(catalog, "said") as edit:
        edit.tag(base, "team", "late")
        edit.untag(base, "plain")
        edit.set_note(base, "late")
        edit.move_alias(version_of(edit.connection, 2), "production")
    moved = tmp_path / "elsewhere" / "moved.artui"
    moved.parent.mkdir()
    moved.write_bytes(path.read_bytes())
    wanted = content(moved)
    assert not syncing.pull(place, moved, opened=opened).edits
    syncing.push(place, moved, opened=opened)
    assert content(moved) == wanted
    copy = tmp_path / "copy.artui"
    syncing.pull(place, copy, opened=opened)
    assert content(copy) == {run_id: said for run_id, said in wanted.items() if not said[7]}


def test_a_server_that_went_back_gets_what_it_lost(path: Path, server: tuple[Fake, Place], tmp_path: Path) -> None:
    """Made anew under the same address, or set back to any moment of earlier pushes: what is remembered of it hides nothing, and no edit is made up."""
    held, place = server
    moments = [deepcopy((held.experiments, held.runs, held.files, held.models))]

    def note(method: str, where: str, at: int) -> None:
        moments.append(deepcopy((held.experiments, held.runs, held.files, held.models)))

    held.answers = note
    syncing.push(place, path, opened=opened)
    base = next(run_id for run_id, said in content(path).items() if said[0] == "base")
    for round_ in range(2):
        with Catalog(path) as catalog, events.editing(catalog, "edits") as edit:
            edit.tag(base, "team", f"b{round_}")
            edit.tag(base, f"new {round_}", "")
            edit.untag(base, "plain")
            edit.set_note(base, f"note {round_}")
            edit.move_alias(version_of(edit.connection, 2 - round_), "production")
            edit.drop_alias(version_of(edit.connection, 1), "best")
        syncing.push(place, path, opened=opened)
    held.answers = None
    wanted, here = held.content(), content(path)
    moments = [
        moment
        for moment, earlier in zip(moments, [None, *moments], strict=False)
        if earlier is None or moment != earlier
    ]
    remembered, kept = state_folder() / "mlflow", tmp_path / "kept"
    shutil.copytree(remembered, kept)
    assert len(moments) > 15
    for number, moment in list(enumerate(moments))[:: max(1, len(moments) // tried(8, 1000))]:
        for is_pulled_first in (False, True):
            shutil.rmtree(remembered)
            shutil.copytree(kept, remembered)
            held.experiments, held.runs, held.files, held.models = deepcopy(moment)
            if is_pulled_first:
                assert not syncing.pull(place, path, opened=opened).edits, number
            syncing.push(place, path, opened=opened)
            assert held.content() == wanted, (number, is_pulled_first)
            assert not syncing.push(place, path, opened=opened).has_news
    assert content(path) == here


def test_a_server_in_trouble_is_asked_again(path: Path, server: tuple[Fake, Place], tmp_path: Path) -> None:
    """429, 5xx, connections that break, at every third request: all arrives once; how often it was asked again is said."""
    held, place = server
    kinds = [(429, b"", {"Retry-After": "0"}), (503, b"busy"), (500, b"{}"), "drop", (502, b"<html>")]
    held.answers = lambda method, where, at: kinds[at // 3 % len(kinds)] if at % 3 == 1 else None
    pushed = syncing.push(place, path, opened=opened)
    assert pushed.runs["new"] == RUNS - 1 and pushed.retries > 5
    copy = tmp_path / "copy.artui"
    assert syncing.pull(place, copy, opened=opened).report.runs == {"new": RUNS - 1}
    held.answers = None
    with fake() as (other, quiet):
        syncing.push(quiet, path, opened=opened)
        assert {key: value[1:] for key, value in held.content().items()} == {
            key: value[1:] for key, value in other.content().items()
        }
    assert content(copy) == {run_id: said for run_id, said in content(path).items() if not said[7]}


@pytest.mark.parametrize("trouble", ["artifacts/list", "get-artifact", "metrics/get-history"])
@pytest.mark.parametrize("answer", [(503, b"busy"), (404, b'{"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "gone"}')], ids=["busy", "refused"])  # fmt: skip
def test_what_cannot_be_had_once_comes_with_the_next_pull(path: Path, server: tuple[Fake, Place], tmp_path: Path, trouble: str, answer: tuple[int, bytes]) -> None:  # fmt: skip
    """Files, or the points of a metric: it is said, what is here already stays, and nothing is forgotten for good."""
    held, place = server
    syncing.push(place, path, opened=opened)
    for run in held.runs.values():
        del run["tags"]["artui.id"]  # recorded on the server: each pull may bring more of it
    whole, copy = tmp_path / "whole.artui", tmp_path / "copy.artui"
    syncing.pull(place, whole, opened=opened)
    held.answers = lambda method, where, at: answer if trouble in where else None
    first = syncing.pull(place, copy, opened=opened).report
    assert first.runs["new"] == RUNS - 1 and (first.damaged or first.left)
    # Of what is whole nothing is lost while it is so, though the runs have changed.

    def parts(path: Path) -> dict[str, Any]:
        return {run_id: (said[10], [(name, digest) for name, _, _, digest in said[11]]) for run_id, said in content(path).items()}  # fmt: skip

    was = parts(whole)
    if answer[0] == 503:
        held.answers = None
        syncing.pull(place, copy, opened=opened)
        assert parts(copy) == was
        held.answers = lambda method, where, at: answer if trouble in where else None
    for run in held.runs.values():
        run["params"]["more"] = "1"
    syncing.pull(place, whole, opened=opened)
    assert parts(whole) == was
    held.answers = None
    syncing.pull(place, copy, opened=opened)
    syncing.pull(place, whole, opened=opened)
    assert parts(copy) == parts(whole) == was
    assert syncing.pull(place, copy, opened=opened).report.runs == {"unchanged": RUNS - 1}


def test_a_merge_keeps_what_was_recorded_beside_what_came_from_a_server(
    path: Path, server: tuple[Fake, Place], tmp_path: Path
) -> None:
    """A server does not hold all of a run: merged in either order with one that pulled it, who recorded it says what it is."""
    _, place = server
    with Catalog(path) as catalog, catalog.transaction() as connection:
        connection.execute("UPDATE run SET host = 'gpu7', stage = 1")
    copy = tmp_path / "copy.artui"
    syncing.push(place, path, opened=opened)
    syncing.pull(place, copy, opened=opened)
    # What came once more, as it has changed there, took the place of what came first.
    with Catalog(path) as catalog, events.editing(catalog, "note") as edit:
        for run_id, state in content(path).items():
            assert state[7] or edit.set_note(run_id, "seen")
    syncing.push(place, path, opened=opened)
    assert syncing.pull(place, copy, opened=opened).report.runs["updated"] == RUNS - 1
    said = []
    for number, order in enumerate(((path, copy), (copy, path))):
        into = tmp_path / f"into-{number}.artui"
        with Catalog(into) as catalog:
            merge(catalog, order)
            assert not any(merged.is_news for merged in merge(catalog, order))
        with closing(sqlite3.connect(into)) as connection:
            said.append(connection.execute("SELECT id, host, stage, command, source FROM run ORDER BY id").fetchall())
            query = "SELECT count(*) FROM context WHERE name = 'import'"
            assert connection.execute(query).fetchone() == (0,), "a pull would change it"
    with closing(sqlite3.connect(path)) as connection:
        assert (
            said == [connection.execute("SELECT id, host, stage, command, source FROM run ORDER BY id").fetchall()] * 2
        )


def test_a_push_of_another_catalog_leaves_the_aliases_of_others(
    path: Path, server: tuple[Fake, Place], tmp_path: Path
) -> None:
    """Aliases that a catalog never had were not taken away in it: not with models of its own, and not with one of the same name."""
    held, place = server
    syncing.push(place, path, opened=opened)
    before = {name: dict(model["aliases"]) for name, model in held.models.items()}
    assert sorted(before["weights"]) == ["best", "production"]
    other = tmp_path / "other.artui"
    (tmp_path / "c.bin").write_bytes(b"other")
    options: Any = {"catalog": other, "console": False, "code": False, "system_metrics": False}
    with artui.start_run(project="elsewhere", name="alone", **options):
        pass
    pushed = syncing.push(place, other, opened=opened)
    assert not pushed.brought["aliases"] and {name: model["aliases"] for name, model in held.models.items()} == before
    with artui.start_run(project="fraud", name="third", **options) as run:
        run.save("weights", tmp_path / "c.bin", kind="model", alias="mine")
    for _ in range(2):
        syncing.push(place, other, opened=opened)
        assert held.models["weights"]["aliases"] == {**before["weights"], "mine": "3"}
        assert not syncing.push(place, path, opened=opened).brought["aliases"]
    assert held.models["weights"]["aliases"] == {**before["weights"], "mine": "3"}
    # What this catalog had is taken away there once it is taken away here.
    with Catalog(path) as catalog, events.editing(catalog, "off") as edit:
        edit.drop_alias(version_of(edit.connection, 1), "best")
    assert syncing.push(place, path, opened=opened).brought["aliases"] == 1
    assert held.models["weights"]["aliases"] == {"production": before["weights"]["production"], "mine": "3"}


def test_files_that_were_left_out_go_along_later(path: Path, server: tuple[Fake, Place]) -> None:
    """After `--no-content` a push brings the files; without them there is nothing to do."""
    held, place = server
    syncing.push(place, path, with_files=False, opened=opened)
    assert not held.files
    assert syncing.push(place, path, with_files=False, opened=opened).runs == {"unchanged": RUNS - 1}
    pushed = syncing.push(place, path, opened=opened)
    assert pushed.brought["files"] == len(held.files) == 3 and pushed.runs["updated"] == 2
    assert syncing.push(place, path, opened=opened).runs == {"unchanged": RUNS - 1}


def test_a_dry_run_says_what_then_happens(path: Path, server: tuple[Fake, Place], tmp_path: Path) -> None:
    """Aliases of versions that would go along are none that the server refuses, and what a run used of another's files is no version more."""
    _, place = server
    dry, pushed = (syncing.push(place, path, is_dry=is_dry, opened=opened) for is_dry in (True, False))
    words = ("aliases", "model versions")
    assert [dry.brought[word] for word in words] == [pushed.brought[word] for word in words] == [2, 2]
    assert not [what for what, _ in dry.refused if what == "aliases"]
    copy = tmp_path / "copy.artui"
    would, came = (syncing.pull(place, copy, is_dry=is_dry, opened=opened).report for is_dry in (True, False))
    assert (would.taken["versions"], would.changed) == (came.taken["versions"], came.changed)


def test_a_pull_says_what_changed_by_the_name_of_the_run(path: Path, server: tuple[Fake, Place], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    """In words it is the name that people know; in JSON the id."""
    _, place = server
    syncing.push(place, path, opened=opened)
    copy = tmp_path / "copy.artui"
    syncing.pull(place, copy, opened=opened)
    (run_id,) = (run_id for run_id, said in content(path).items() if said[0] == "child")
    with Catalog(copy) as catalog, events.editing(catalog, "edit") as edit:
        edit.tag(run_id, "seen", "")
    syncing.push(place, copy, opened=opened)
    capsys.readouterr()
    assert run_cli(["pull", place.shown, "--catalog", str(path)]) == 0
    assert "  changed there: child: tag seen\n" in capsys.readouterr().out


def test_an_alias_that_is_moved_on_both_sides_alike_is_not_left(
    path: Path, server: tuple[Fake, Place], tmp_path: Path
) -> None:
    """A registered model of others: an alias that was moved here, and is there by now, is said no more to be left there."""
    held, place = server
    held.models["theirs"] = {
        "tags": {}, "aliases": {"champion": "1"},
        "versions": [{"name": "theirs", "version": str(number), "creation_timestamp": number, "source": f"s3://b/{number}", "run_id": "", "tags": []} for number in (1, 2)],
    }  # fmt: skip
    syncing.pull(place, path, opened=opened)
    with Catalog(path) as catalog, events.editing(catalog, "move") as edit:
        query = "SELECT v.id FROM version AS v JOIN artifact AS a ON a.key = v.artifact_key WHERE a.name = 'theirs' AND v.number = 2"
        ((version_id,),) = edit.connection.execute(query).fetchall()
        edit.move_alias(version_id, "champion")
    moved = {("aliases", "were moved in the catalog since"): 1}
    assert syncing.pull(place, path, opened=opened).report.left == moved
    syncing.push(place, path, opened=opened)
    assert held.models["theirs"]["aliases"] == {"champion": "2"}
    assert not syncing.pull(place, path, opened=opened).report.left


@pytest.mark.parametrize("text", ["mlflow+http://host:5000", "mlflow://", "mlflow:host", "MLFLOW+ssh://host"])
def test_what_is_meant_as_a_server_is_told_how_one_is_written(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing that begins as the name of a server is taken for a folder or another store."""
    assert run_cli(["pull", text, "--catalog", "x.artui"]) == 2
    assert "names no server. Write mlflow://HOST:5000, or mlflow+https://HOST." in capsys.readouterr().err


def test_what_a_server_says_wrong_is_bounded_and_said(path: Path, server: tuple[Fake, Place], tmp_path: Path) -> None:
    held, place = server
    syncing.push(place, path, opened=opened)
    copy = tmp_path / "copy.artui"
    for answer, error, words in (
        ((500, b""), ServerError, f"asked {TRIES} times"), ((200, b"<html>"), ServerError, "does not answer as MLflow does"), ((200, b"[1]"), ServerError, "does not answer as MLflow does"),
        ((302, b"", {"Location": "http://elsewhere/"}), ServerError, "another place"), ((401, b"{}"), Refused, "refuses it"), ((403, b'{"error_code": "PERMISSION_DENIED", "message": "no\x1b[31m"}'), Refused, "refuses it"),
        ((200, b'{"experiments": [], "next_page_token": "again"}'), ServerError, "again and again"),
    ):  # fmt: skip
        held.answers = lambda method, where, at, answer=answer: answer
        for act in (syncing.pull, syncing.push):
            with pytest.raises(error, match=words) as raised:
                act(place, copy if act is syncing.pull else path, opened=opened)
            assert ("\x1b" not in raised.value.message and raised.value.remedy) or answer[0] == 403
    wrong = {"runs": [7, {}, {"info": 3}, {"info": {"run_id": "../../x", "start_time": "soon", "status": 9}, "data": {"params": 7, "tags": [{"key": None}], "metrics": [{}]}}], "experiments": [{}, 3]}  # fmt: skip
    held.answers = lambda method, where, at: (
        (200, __import__("json").dumps(wrong).encode()) if where.endswith("search") else None
    )
    syncing.pull(place, copy, opened=opened)


def test_a_server_cannot_take_a_run_over(path: Path, server: tuple[Fake, Place], tmp_path: Path) -> None:
    """Who says to have a run of this catalog changes of it what people may change, by name in the journal, and nothing that was recorded; paths that lead out are not followed."""
    held, place = server
    syncing.push(place, path, opened=opened)
    before = content(path)
    (victim,) = (run for run in held.runs.values() if run["info"]["run_name"] == "base")
    victim["params"]["lr"] = "666"
    victim["metrics"]["loss"] = [{"value": 0.0, "timestamp": 1, "step": 9}]
    victim["info"] |= {"status": "FAILED", "start_time": 1}
    held.files[f"{victim['info']['run_id']}/artifacts/../../../evil"] = b"x"
    held.files[f"{victim['info']['run_id']}/artifacts/ok/..//evil"] = b"x"
    syncing.pull(place, path, opened=opened)
    assert content(path) == before
    copy = tmp_path / "new" / "copy.artui"
    copy.parent.mkdir()
    syncing.pull(place, copy, opened=opened)
    assert not list(tmp_path.rglob("evil")) and content(copy)


def test_what_one_signs_in_with_goes_to_the_server_alone(path: Path, server: tuple[Fake, Place], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    held, place = server
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "s3cr3t-t0ken-value")
    where = f"mlflow://127.0.0.1:{place.port}"
    assert run_cli(["push", where, "-c", str(path)]) == 1  # a param is too long for MLflow
    assert run_cli(["pull", where, "-c", str(tmp_path / "copy.artui")]) == 0
    assert run_cli(["sync", where, "-c", str(path), "-n"]) == 0
    assert all(headers.get("Authorization") == "Bearer s3cr3t-t0ken-value" for headers in held.headers)
    printed = capfd.readouterr()
    assert (
        "went to mlflow://127.0.0.1" in printed.out
        and "not taken there: params (1): " in printed.out
        and "came from" in printed.out
    )
    held.answers = lambda method, where, at: (401, b"{}")
    assert run_cli(["pull", where, "-c", str(path)]) == 1
    printed_more = capfd.readouterr()
    for text in (printed.out, printed.err, printed_more.out, printed_more.err):
        assert "s3cr3t" not in text
    for file in tmp_path.rglob("*.artui"):
        assert b"s3cr3t" not in file.read_bytes()
    for wrong in ("mlflow://user:password@host", "mlflow://", "mlflow://host:port", "http://host", "mlflow://h?x=1"):
        with pytest.raises(UsageError) as raised:
            parse_place(wrong)
        assert "password@" not in raised.value.message
    assert run_cli(["push", where, "-c", str(path), "--redact"]) == 2


@pytest.mark.parametrize("token", ["s3cr3t\nX-Evil: 1", "s3cr3té", "s3\x7fcr3t"])
def test_a_token_that_no_header_takes_is_said(
    path: Path,
    server: tuple[Fake, Place],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    token: str,
) -> None:
    """And is not shown; a blank or a line feed at its end is no part of it."""
    held, place = server
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", token)
    assert run_cli(["push", place.shown, "-c", str(path)]) == 2
    printed = capfd.readouterr()
    assert "MLFLOW_TRACKING_TOKEN" in printed.err and "s3" not in printed.out + printed.err and not held.requests
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "plain\n")
    run_cli(["push", place.shown, "-c", str(path)])
    assert {headers["Authorization"] for headers in held.headers} == {"Bearer plain"}


def test_half_letters_of_a_stranger_go_as_question_marks(path: Path, server: tuple[Fake, Place]) -> None:
    """Python reads them from JSON that SQLite keeps as plain letters; no request takes them."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE param SET text = '[\"\\ud800\"]' WHERE text LIKE '%\"a\"%'")
        connection.execute("UPDATE run SET command = '[\"\\udcff\"]'")
    held, place = server
    assert syncing.push(place, path, opened=opened).runs["new"] == RUNS - 1
    assert '["?"]' in str(held.content()) or "\\ud800" in str(held.content())


def test_names_are_plain_and_stay_apart() -> None:
    for name in ("loss", "val/loss", "a b", "x:y", "lr.0"):
        assert plain_name(name) == name
    odd = ["a[b]", "a_b_", "a{b}", "/x", "x//y", "../x", "", "é", "e", "x" * 300, "x" * 299 + "y", "a\nb"]
    plain = [plain_name(name) for name in odd]
    assert len(set(plain)) == len(odd) and all(0 < len(name) <= 250 for name in plain)
    assert (
        series_name("recall", "card=gift") != series_name("recall", "card=gold")
        and series_name("recall", "") == "recall"
    )
    assert (
        comes_back(3)
        and comes_back("adam")
        and comes_back(True)
        and comes_back(0.1)
        and not comes_back("3")
        and not comes_back("True")
    )
    assert np.isnan(float(repr(math.nan))) and comes_back(math.nan)
