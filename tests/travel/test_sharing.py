"""What is shared is whole, can be traced, merges back without a change, and is at its place or not at all."""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import stat
import threading
from collections.abc import Collection
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import artui
from artui.catalog import Catalog, ids, logical, points
from artui.catalog.checking import check_data
from artui.catalog.merging.merge import merge
from artui.cli import run as run_cli
from artui.errors import CatalogError, UsageError
from artui.query.api import open_catalog
from artui.travel.sharing import Order, share
from tests import mutating


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalog with something in every table."""
    return mutating.build(tmp_path_factory.mktemp("shared") / "x.artui")


def _digests(path: Path) -> dict[str, str]:
    with closing(sqlite3.connect(path)) as connection:
        return logical.digests(connection)


def _ids(path: Path, table: str) -> set[str]:
    with closing(sqlite3.connect(path)) as connection:
        return {row[0] for row in connection.execute(f"SELECT id FROM {table}")}


def _files(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


def test_a_shared_catalog_says_what_the_catalog_says(catalog: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.artui"

    shared = share(catalog, out, Order())

    assert _digests(out) == _digests(catalog) and _files(tmp_path) == ["out.artui"]
    assert list(check_data(out)) == []
    with closing(sqlite3.connect(out)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert shared.points == connection.execute("SELECT sum(count) FROM block").fetchone()[0]
        assert shared.runs.shared == connection.execute("SELECT count(*) FROM run").fetchone()[0]
        assert shared.journal_entries == connection.execute("SELECT count(*) FROM event").fetchone()[0]
    assert shared.size_bytes == out.stat().st_size and shared.runs.kept_back == shared.content_bytes.kept_back == 0
    assert shared.running == ("live-run",)


def test_it_is_of_one_moment_while_a_run_is_being_written(tmp_path: Path) -> None:
    """Each of many copies that are made while points are logged has for each metric all points up to some moment."""
    path, stop = tmp_path / "x.artui", threading.Event()
    run = artui.start_run(catalog=path, console=False, code=False, system_metrics=False)

    def log() -> None:
        step = 0
        while not stop.is_set():
            run.log({"a": float(step), "b": float(step)}, step=step)
            step += 1
            if step % 50 == 0:
                stop.wait(0.002)

    writer = threading.Thread(target=log)
    writer.start()
    try:
        for number in range(6):
            stop.wait(0.1)
            out = tmp_path / f"{number}.artui"
            share(path, out, Order())
            assert list(check_data(out)) == []
            with open_catalog(out) as reader:
                steps = [[*each.series(name).arrays()[0]] for each in reader.runs() for name in each.metrics]
                counts = [len(part) for part in steps]
            assert len(set(counts)) <= 1
            assert all(part == list(range(len(part))) for part in steps)
    finally:
        stop.set()
        writer.join()
        run.finish()


@pytest.mark.parametrize("seed", range(6))
def test_a_part_brings_what_it_was_made_from_and_nothing_else(tmp_path: Path, seed: int) -> None:
    """Random lineages: what is taken is what plain Python finds by walking up from what was asked for."""
    chance = random.Random(seed)
    path = tmp_path / "x.artui"
    count = 14
    makers: dict[str, str] = {}
    inputs: dict[str, list[str]] = {}
    outputs: dict[str, list[str]] = {}
    parents: dict[str, str] = {}
    run_ids: list[str] = []
    versions: list[str] = []
    for number in range(count):
        parent = chance.choice(run_ids) if run_ids and chance.random() < 0.2 else None
        with artui.start_run(
            catalog=path, name=f"r{number}", parent=parent, console=False, code=False, system_metrics=False
        ) as run:
            inputs[run.id], outputs[run.id] = [], []
            if parent is not None:
                parents[run.id] = parent
            for reference in chance.sample(versions, min(len(versions), chance.randrange(3))):
                run.use(reference)
                inputs[run.id].append(reference)
            for place in range(chance.randrange(3)):
                run.log_text(f"t{number}-{place}", f"text {number} {place}")
                reference = f"t{number}-{place}:v1"
                outputs[run.id].append(reference)
                makers[reference] = run.id
                versions.append(reference)
            run_ids.append(run.id)
    asked = set(chance.sample(run_ids, 2))
    named = set(chance.sample(versions, min(1, len(versions))))
    wanted_runs, wanted_versions = _closure(asked, named, inputs, outputs, makers, parents)

    with open_catalog(path) as reader:
        id_of = {reference: reader.version(reference).id for reference in versions}
    out = tmp_path / "out.artui"
    share(path, out, Order(run_ids=asked, version_ids={id_of[each] for each in named}))

    assert _ids(out, "run") == wanted_runs
    assert _ids(out, "version") & {*id_of.values()} == {id_of[each] for each in wanted_versions}
    assert list(check_data(out)) == []
    before = _digests(path)
    with Catalog(path) as target:
        merged = merge(target, [out])
    assert not merged[0].is_news and _digests(path) == before


def _closure(
    asked: Collection[str], named: Collection[str], inputs: dict[str, list[str]], outputs: dict[str, list[str]], makers: dict[str, str], parents: dict[str, str]
) -> tuple[set[str], set[str]]:  # fmt: skip
    run_ids, references = set(), set()
    waiting: list[Any] = [*asked, *named, *(made for each in asked for made in outputs[each])]
    while waiting:
        each = waiting.pop()
        if each in inputs:
            if each not in run_ids:
                run_ids.add(each)
                waiting += [*inputs[each], *([parents[each]] if each in parents else [])]
        elif each not in references:
            references.add(each)
            waiting.append(makers[each])
    return run_ids, references


def test_a_part_has_the_journal_of_what_is_in_it(catalog: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.artui"
    victim = ids.derived_id("test", mutating.VICTIM)

    share(catalog, out, Order(run_ids={victim}))

    with closing(sqlite3.connect(catalog)) as connection:
        wanted = connection.execute("SELECT * FROM event WHERE subject_id = ? ORDER BY id", (victim,)).fetchall()
        artifact_ids = _ids(out, "artifact") | _ids(out, "version") | _ids(out, "run")
    with closing(sqlite3.connect(out)) as connection:
        got = connection.execute("SELECT * FROM event WHERE subject_id = ? ORDER BY id", (victim,)).fetchall()
        others = connection.execute("SELECT subject_id, author, before, after, why, is_redacted FROM event WHERE subject_id NOT IN (SELECT w.value FROM json_each(?) AS w)", (json.dumps(sorted(artifact_ids)),)).fetchall()  # fmt: skip
    assert [row[:-1] for row in got] and len(got) == len(wanted)
    # What lies between stays as its digest alone, so that the chain can be followed.
    assert all(other == ("", "", None, None, "", 2) for other in others)
    assert list(check_data(out)) == []


def test_points_can_be_plain_and_files_can_stay_back(catalog: Path, tmp_path: Path) -> None:
    with Catalog(shutil.copy(catalog, tmp_path / "x.artui")) as opened, opened.transaction() as connection:
        key = connection.execute("SELECT key FROM run LIMIT 1").fetchone()[0]
        many = [(step, 1_790_000_000_000 + step, step / 3) for step in range(3000)]
        from artui.catalog.runs import name_key

        points.append(connection, key, name_key(connection, "many"), "", *points.pack(many))
    path, out = tmp_path / "x.artui", tmp_path / "out.artui"

    shared = share(path, out, Order(is_plain=True, has_content=False))

    with closing(sqlite3.connect(out)) as connection, closing(sqlite3.connect(path)) as own:
        assert own.execute("SELECT count(*) FROM block WHERE codec = 'pco'").fetchone()[0] > 0
        assert connection.execute("SELECT DISTINCT codec FROM block").fetchall() == [("raw",)]
        assert connection.execute("SELECT count(*) FROM chunk").fetchone() == (0,)
    assert list(check_data(out)) == [] and shared.content_bytes.shared == 0 < shared.content_bytes.kept_back
    with open_catalog(path) as one, open_catalog(out) as other:
        for run in one.runs():
            for metric in run.metrics:
                mine, theirs = run.series(metric).arrays(), other.run(run.id).series(metric).arrays()
                assert all([*one] == [*another] for one, another in zip(mine, theirs, strict=True))
    with Catalog(path) as target:
        assert not merge(target, [out])[0].new_runs
    assert _digests(path)["content"] == _digests(catalog)["content"]


def test_it_is_refused_where_it_would_do_harm(catalog: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    own = tmp_path / "x.artui"
    shutil.copy(catalog, own)
    there = tmp_path / "there.artui"
    there.write_bytes(b"precious")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link.artui").symlink_to(own)
    for out in (own, there, tmp_path / "folder", tmp_path / "link.artui", tmp_path / "nowhere" / "x.artui"):
        with pytest.raises(UsageError) as caught:
            share(own, out, Order())
        assert caught.value.remedy
    with pytest.raises(UsageError):
        share(own, tmp_path / "new.artui", Order(run_ids=set()))
    assert there.read_bytes() == b"precious" and not (tmp_path / "new.artui").exists()
    share(own, there, Order(), replaces=True)
    assert _digests(there) == _digests(own)
    assert _files(tmp_path) == ["folder", "link.artui", "there.artui", "x.artui"]
    assert run_cli(["share", str(tmp_path / "d.artui"), "--dry-run", "--catalog", str(own)]) == 0
    assert not (tmp_path / "d.artui").exists() and "Nothing was written" in capfd.readouterr().out
    assert run_cli(["share", str(tmp_path / "d.artui"), "--project", "digitz", "--catalog", str(own)]) == 2
    assert "Did you mean digits?" in capfd.readouterr().err


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o664])
def test_it_has_the_mode_of_the_catalog(catalog: Path, tmp_path: Path, mode: int) -> None:
    own = tmp_path / "x.artui"
    shutil.copy(catalog, own)
    own.chmod(mode)
    share(own, tmp_path / "out.artui", Order())
    assert stat.S_IMODE((tmp_path / "out.artui").stat().st_mode) == mode


def test_what_a_process_left_that_died_is_removed(catalog: Path, tmp_path: Path) -> None:
    left, anothers = tmp_path / ".out.artui.abc.part", tmp_path / ".other.artui.abc.part"
    for folder in (left, anothers):
        folder.mkdir()
        (folder / "out.artui-wal").write_bytes(b"x")
        os.utime(folder, (1, 1))
    share(catalog, tmp_path / "out.artui", Order())
    assert not left.exists() and anothers.exists()


def test_damage_is_shared_as_damage_and_a_bad_copy_is_not_kept(
    catalog: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "x.artui"
    shutil.copy(catalog, own)
    with closing(sqlite3.connect(own, isolation_level=None)) as connection:
        connection.execute("UPDATE run SET note = 'forged' WHERE name = ?", (mutating.BASELINE,))
    share(own, tmp_path / "out.artui", Order())
    assert [(each.kind, each.name) for each in check_data(tmp_path / "out.artui")] == [("run", mutating.BASELINE)]

    def spoiled(made: Path, **_: Any) -> Any:
        with closing(sqlite3.connect(made, isolation_level=None)) as connection:
            connection.execute("UPDATE block SET payload = zeroblob(length(payload))")
        return check_data(made)

    monkeypatch.setattr("artui.travel.sharing.check_data", spoiled)
    with pytest.raises(CatalogError, match="not what was written"):
        share(own, tmp_path / "bad.artui", Order())
    assert _files(tmp_path) == ["out.artui", "x.artui"]


def test_two_parts_that_leave_out_as_much_of_the_journal_complete_each_other(tmp_path: Path) -> None:
    """Of three notes each part has two, and the place of the third: merged they have what the catalog has."""
    path, out = tmp_path / "x.artui", tmp_path / "out.artui"
    for name in "abc":
        with artui.start_run(catalog=path, name=name, console=False, code=False, system_metrics=False):
            pass
    for name in "abc":
        run_cli(["note", name, f"of {name}", "-c", str(path)])
    with closing(sqlite3.connect(path)) as connection:
        run_ids = dict(connection.execute("SELECT name, id FROM run").fetchall())

    for number, names in enumerate(("ac", "bc")):
        share(path, tmp_path / f"{number}.artui", Order(run_ids={run_ids[name] for name in names}))
    with Catalog(out) as target:
        merge(target, [tmp_path / "0.artui", tmp_path / "1.artui"])

    assert _digests(out) == _digests(path)


def test_a_deployment_brings_what_was_released_there_and_what_was_observed(tmp_path: Path) -> None:
    """Its releases name versions that are there, traced to their data; its windows and live series come, and nothing of other models."""
    source, target = tmp_path / "a.artui", tmp_path / "b.artui"
    for name in ("net", "other"):
        with artui.start_run(project="p", catalog=source, console=False, code=False) as run:
            (tmp_path / "m.bin").write_bytes(name.encode())
            run.save(name, tmp_path / "m.bin")
            run.deploy(f"{name}:v1", to=f"{name}-api/production", approved_by="eve")
    rows = [{"time": 1_790_000_000 + number, "x": number, "prediction": "a", "truth": "a"} for number in range(50)]
    artui.monitor("net-api/production", rows, catalog=source, project="p")

    assert run_cli(["share", str(target), "net-api/production", "-c", str(source)]) == 0
    with open_catalog(source) as before, open_catalog(target) as after:
        (place,) = after.deployments()
        (release,) = place.serving()
        assert (place.name, release.reference, release.approved_by) == ("net-api/production", "net:v1", "eve")
        assert release.version is not None and release.version.made_by is not None
        assert {artifact.name for artifact in after.artifacts()} - {"environment"} == {"net", "net-api/production"}
        query = "SELECT f.from_ms, f.row_count, hex(f.sketch) FROM profile AS f WHERE f.to_ms <> 0 ORDER BY f.from_ms"
        assert list(after.sql(query)) == list(before.sql(query)) != []
        assert [run.name for run in after.runs("serve/requests > 0")] == ["net-api/production"]
    assert not list(check_data(target))
