"""The runs around a run: which is nearest."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artui.catalog import Catalog, artifacts, context, runs
from artui.model import ParamValue
from artui.query.neighbours import neighbours
from artui.query.reader import Reader
from artui.query.run import get_run
from artui.sheets.run import differs_fact

VALUES = st.sampled_from([None, 1, 2, "a"])
RUN = st.tuples(st.sampled_from(["p", "q"]), VALUES, VALUES, VALUES, st.sampled_from(["", "c0ffee"]), st.integers(0, 9))


@settings(max_examples=25)
@given(rows=st.lists(RUN, min_size=1, max_size=12))
def test_the_nearest_run_differs_least(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, ParamValue, ParamValue, ParamValue, str, int]]
) -> None:
    """Of the runs of its project with a param in common none differs in fewer params and code, or as few and is closer."""
    path = tmp_path_factory.mktemp("near") / "x.artui"
    params = [{name: value for name, value in zip("abc", row[1:4], strict=True) if value is not None} for row in rows]
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for number, (row, given_params) in enumerate(zip(rows, params, strict=True)):
            key = runs.start(
                connection,
                runs.NewRun(project=row[0], name=f"r{number}", params=given_params, started_ms=1000 + row[5]),
            )
            connection.execute("UPDATE run SET git_commit = ? WHERE key = ?", (row[4], key))

    def distance(one: int, other: int) -> tuple[int, int]:
        names = params[one].keys() | params[other].keys()
        differing = sum(params[one].get(name) != params[other].get(name) for name in names)
        return differing + (rows[one][4] != rows[other][4]), abs(rows[one][5] - rows[other][5])

    with Reader(path) as reader:
        with reader.snapshot() as connection:
            ids = dict(connection.execute("SELECT name, id FROM run"))
        for number in range(len(rows)):
            nearest = neighbours(reader, get_run(reader, ids[f"r{number}"])).nearest
            others = [
                other
                for other in range(len(rows))
                if other != number
                and rows[other][0] == rows[number][0]
                and params[other].keys() & params[number].keys()
            ]
            assert (nearest is None) == (not others)
            if nearest is not None:
                place = int(nearest.head.name[1:])
                assert place in others
                assert distance(number, place) == min(distance(number, other) for other in others)


def test_parents_are_named_and_deleted_runs_are_not_near(tmp_path: Path) -> None:
    """The parent is given as a run; a run in the trash is no neighbour, nor is one of another stage."""
    path = tmp_path / "x.artui"
    with Catalog(path) as catalog, catalog.transaction() as connection:
        sweep = runs.start(connection, runs.NewRun(project="p", name="sweep"))
        sweep_id = connection.execute("SELECT id FROM run WHERE key = ?", (sweep,)).fetchone()[0]
        child = runs.start(connection, runs.NewRun(project="p", name="child", params={"lr": 1}, parent_id=sweep_id))
        trashed = runs.start(connection, runs.NewRun(project="p", name="trashed", params={"lr": 1}))
        runs.start(connection, runs.NewRun(project="p", name="data", params={"lr": 1}, stage="data"))
        connection.execute("UPDATE run SET deleted_ms = 1 WHERE key = ?", (trashed,))
        child_id = connection.execute("SELECT id FROM run WHERE key = ?", (child,)).fetchone()[0]
    with Reader(path) as reader:
        parent, nearest, _ = neighbours(reader, get_run(reader, child_id))
        assert parent is not None and parent.name == "sweep" and nearest is None


@pytest.mark.parametrize("relation", ["input", "output"])
def test_other_code_is_a_difference_whether_it_was_used_or_saved(
    tmp_path: Path, relation: Literal["input", "output"]
) -> None:
    """Of two runs with the same params the one with the same code is nearer, and only the other has other code."""
    path = tmp_path / "x.artui"
    with Catalog(path) as catalog, catalog.transaction() as connection:
        new = [artifacts.NewVersion(project="p", name=name, kind="code", stage="modelling", files=[]) for name in "ab"]
        versions = [artifacts.save(connection, version).key for version in new]
        for number, version in enumerate((versions[0], versions[1], versions[0])):
            key = runs.start(
                connection, runs.NewRun(project="p", name=f"r{number}", params={"lr": 1}, started_ms=number)
            )
            ends = (version, key) if relation == "input" else (key, version)
            artifacts.link(connection, relation, source_key=ends[0], target_key=ends[1])
        ids = dict(connection.execute("SELECT name, id FROM run"))
    with Reader(path) as reader:
        details = {name: get_run(reader, run_id) for name, run_id in ids.items()}
        nearest = neighbours(reader, details["r0"]).nearest
    assert nearest is not None and nearest.head.name == "r2"
    assert "other code" not in differs_fact(details["r0"], details["r2"]).text
    assert differs_fact(details["r0"], details["r1"]).text.endswith("other code")


def test_files_of_other_code_are_named(demo_catalog: Path) -> None:
    """Of every run, those whose digests in the file differ from those of the nearest run."""
    with Reader(demo_catalog) as reader:
        with reader.snapshot() as connection:
            ids = [row[0] for row in connection.execute("SELECT id FROM run")]
            rows = connection.execute(
                """
                SELECT r.id, f.path, hex(f.digest)
                FROM run AS r
                JOIN edge AS e ON (e.relation = 1 AND e.target_key = r.key) OR (e.relation = 0 AND e.source_key = r.key)
                JOIN version AS v ON v.key = CASE e.relation WHEN 1 THEN e.source_key ELSE e.target_key END
                JOIN artifact AS a ON a.key = v.artifact_key AND a.kind = 'code'
                JOIN file AS f ON f.version_key = v.key
                """
            ).fetchall()
        files: dict[str, set[tuple[str, str]]] = {}
        for run_id, path, digest in rows:
            files.setdefault(run_id, set()).add((path, digest))
        named = 0
        for run_id in ids:
            around = neighbours(reader, get_run(reader, run_id))
            if around.nearest is None:
                continue
            own, other = files.get(run_id, set()), files.get(around.nearest.head.id, set())
            expected = {path for path, _ in own ^ other} if own and other else set()
            assert set(around.other_files) == expected
            named += bool(expected)
        assert named


def test_a_reproduction_is_not_the_nearest_run(tmp_path: Path) -> None:
    """It differs in nothing, and says nothing: neither of its original, nor of another reproduction."""
    path = tmp_path / "x.artui"
    with Catalog(path) as catalog, catalog.transaction() as connection:
        keys = [
            runs.start(connection, runs.NewRun(project="p", name=name, params={"lr": lr}, started_ms=1000 + number))
            for number, (name, lr) in enumerate(
                [("other", 1), ("original", 2), ("again", 2), ("again-2", 2), ("damaged", 9)]
            )
        ]
        ids = dict(connection.execute("SELECT name, id FROM run"))
        for key in keys[2:4]:
            context.put(connection, key, "reproduces", {"id": ids["original"], "name": "original"})
        context.put(connection, keys[4], "reproduces", ["odd"])
    with Reader(path) as reader:
        for name in ("original", "again", "again-2"):
            nearest = neighbours(reader, get_run(reader, ids[name])).nearest
            assert nearest is not None and nearest.head.name in ("other", "damaged"), name
        nearest = neighbours(reader, get_run(reader, ids["other"])).nearest
        assert nearest is not None and nearest.head.name == "original"
