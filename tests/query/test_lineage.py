"""The walk through the lineage: complete up to its depth, and without end nowhere."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from artui.catalog import Catalog, artifacts, runs
from artui.model import RELATIONS, Node, Relation
from artui.query.lineage import lineage
from artui.query.references import find_run, resolve
from tests.reading import open_reader


def _version(connection: sqlite3.Connection, name: str, kind: str = "dataset") -> int:
    file = artifacts.NewFile("f", 1, name.encode().ljust(32))
    return artifacts.save(connection, artifacts.NewVersion("p", name, kind, "data", [file])).key


def test_depth_cuts_branches_not_the_walk(tmp_path: Path) -> None:
    """One step deep, all three inputs of a run are listed; nothing lies behind them, so nothing is cut."""
    path = tmp_path / "x.artui"
    with Catalog(path) as catalog, catalog.transaction() as connection:
        run = runs.start(connection, runs.NewRun(project="p", name="run"))
        for name in "abc":
            artifacts.link(connection, "input", source_key=_version(connection, name), target_key=run)
    with open_reader(path) as reader:
        walk = lineage(reader, find_run(reader, "run"), max_depth=1)

    assert [node.version and node.version.artifact for node in walk.upstream] == ["a", "b", "c"]
    assert not walk.is_cut and walk.downstream == ()


def test_cut_is_said_when_there_is_more(tmp_path: Path) -> None:
    """A chain longer than the depth is cut and said to be, and the shorter branch beside it is whole."""
    path = tmp_path / "x.artui"
    with Catalog(path) as catalog, catalog.transaction() as connection:
        run = runs.start(connection, runs.NewRun(project="p", name="run"))
        chain = [_version(connection, name) for name in ("a1", "a2", "a3")]
        for later, earlier in pairwise(chain):
            artifacts.link(connection, "derived", source_key=earlier, target_key=later)
        for key in (chain[0], _version(connection, "b")):
            artifacts.link(connection, "input", source_key=key, target_key=run)
    with open_reader(path) as reader:
        head = find_run(reader, "run")
        cut, whole = lineage(reader, head, max_depth=2), lineage(reader, head, max_depth=3)

    named = [(node.depth, node.version and node.version.artifact) for node in cut.upstream]
    assert cut.is_cut and named == [(1, "a1"), (2, "a2"), (1, "b")]
    assert not whole.is_cut and len(whole.upstream) == 4


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(RELATIONS), st.integers(1, 5), st.integers(1, 5)), max_size=40))
def test_any_graph_is_walked_once(
    tmp_path_factory: pytest.TempPathFactory, edges: list[tuple[Relation, int, int]]
) -> None:
    """Cycles, doubled and self-referring edges end; each node is walked once, and named again where it is met again."""
    path = tmp_path_factory.mktemp("graph") / "x.artui"
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for number in range(1, 6):
            runs.start(connection, runs.NewRun(project="p", name=f"run{number}"))
            _version(connection, f"data{number}")
        for relation, source, target in edges:
            artifacts.link(connection, relation, source_key=source, target_key=target)
    with open_reader(path) as reader:
        for text in ("run1", "data1:v1"):
            walk = lineage(reader, resolve(reader, text))
            for nodes in (walk.upstream, walk.downstream):
                walked = [node.id for node in nodes if not node.is_repeated]
                assert len(walked) == len(set(walked)) and walk.root.id not in walked
                assert all(node.depth <= before.depth + 1 for before, node in pairwise(nodes))
            assert not walk.is_cut


def test_upstream_and_downstream_mirror_each_other(demo_catalog: Path) -> None:
    """What lies upstream of a run of the demo has that run downstream."""
    with open_reader(demo_catalog) as reader:
        for run in reader.runs(limit=5):
            for node in lineage(reader, run).upstream:
                if node.version is not None:
                    below = lineage(reader, node.version).downstream
                    assert run.id in {other.id for other in below}


_KINDS = ("code", "dataset", "model", "environment", "checkpoint", "log")


@settings(max_examples=10, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(RELATIONS), st.integers(1, 6), st.integers(1, 6)), max_size=40))
@example([("input", 1, 1), ("output", 2, 1), ("input", 2, 2), ("input", 2, 1)])
def test_data_stand_where_they_stand_without_code(
    tmp_path_factory: pytest.TempPathFactory, edges: list[tuple[Relation, int, int]]
) -> None:
    """Of everything, what hangs on data hangs there, also if code leads to it; code comes behind data, and logs last."""
    path = tmp_path_factory.mktemp("graph") / "x.artui"
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for number, kind in enumerate(_KINDS, 1):
            runs.start(connection, runs.NewRun(project="p", name=f"run{number}"))
            _version(connection, f"{kind}{number}", kind)
        for relation, source, target in edges:
            artifacts.link(connection, relation, source_key=source, target_key=target)
    with open_reader(path) as reader:
        for text in ("run1", "dataset2:v1"):
            every, data = (lineage(reader, resolve(reader, text), part=part) for part in ("all", "data"))
    for nodes, without_code in ((every.upstream, data.upstream), (every.downstream, data.downstream)):
        assert _not_below_code(nodes) == list(without_code)
        siblings: dict[int, list[int]] = {}
        for node in nodes:
            siblings = {depth: places for depth, places in siblings.items() if depth <= node.depth}
            if node.version is not None:
                siblings.setdefault(node.depth, []).append(
                    ("dataset", "checkpoint", "model", "code", "environment", "log").index(node.version.kind)
                )
                assert siblings[node.depth] == sorted(siblings[node.depth])


def _not_below_code(nodes: Sequence[Node]) -> list[Node]:
    kept: list[Node] = []
    below = 1_000
    for node in nodes:
        if node.depth > below:
            continue
        below = (
            node.depth if node.version is not None and node.version.kind in ("code", "environment", "log") else 1_000
        )
        if below == 1_000:
            kept.append(node)
    return kept


def test_very_many_things_are_looked_at_for_damage_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each part is read by itself, so that no number of things takes too long; what is damaged is marked, as far as it was looked for."""
    monkeypatch.setattr("artui.query.lineage._CHECKED_AT_ONCE", 3)
    path = tmp_path / "x.artui"
    with Catalog(path) as catalog, catalog.transaction() as connection:
        data = _version(connection, "data")
        keys = [runs.start(connection, runs.NewRun(project="p", name=f"run-{n}", started_ms=n + 1)) for n in range(10)]
        for key in keys:
            artifacts.link(connection, "input", source_key=data, target_key=key)
            runs.finish(connection, key, status="finished", ended_ms=100, duration_ms=1)
    raw = sqlite3.connect(path)
    raw.execute("UPDATE run SET started_ms = started_ms + 1 WHERE key IN (?, ?)", (keys[1], keys[9]))
    raw.commit()
    raw.close()
    with open_reader(path) as reader:
        for most, damaged in ((None, ["run-1", "run-9"]), (4, ["run-1"]), (0, [])):
            walk = lineage(reader, resolve(reader, "data:v1"), most_checked=most)
            assert [node.run and node.run.name for node in walk.downstream if node.damaged] == damaged
