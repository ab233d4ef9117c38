"""Lineage as a graph: all that can be reached, whatever its shape, and what of it is in production."""

from __future__ import annotations

import itertools
import random
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import cast

import pytest

from artui.catalog import Catalog, artifacts, events, runs
from artui.cli.verbs.impact import by_kind
from artui.model import RELATIONS as STORED
from artui.model import RunHead, VersionHead
from artui.query.around import FEWEST_FOLDED, Around, around
from artui.query.between import MOST_WAYS, between, ways_between
from artui.query.graph import (
    DEPLOYED_AS,
    RELATIONS,
    Direction,
    Graph,
    Thing,
    dot_text,
    edges_at,
    mermaid_text,
    read_graph,
)
from artui.query.impact import Impact, impact
from artui.query.lineage import lineage
from artui.query.reader import Reader
from artui.query.references import find_run, find_version
from artui.query.resting import resting_on
from artui.query.things import find_ways
from artui.sheets.version import resting_texts

ODD = 'x "quoted" <b>\\ `a` #1; --> [b] \u202e\x1b[31m'
DIRECTIONS: tuple[Direction, ...] = ("up", "down")
Edges = set[tuple[tuple[str, int], int, tuple[str, int]]]


def _file(name: str) -> artifacts.NewFile:
    return artifacts.NewFile("f", 1, name.encode().ljust(32))


def _version(catalog: Catalog, name: str, *, kind: str = "dataset") -> VersionHead:
    with catalog.transaction() as connection:
        saved = artifacts.save(connection, artifacts.NewVersion("p", name, kind, "data", [_file(name)]))  # fmt: skip
    with Reader(catalog.path) as reader:
        return find_version(reader, f"{name}:v{saved.number}")


def _woven(path: Path, seed: int) -> tuple[list[int], list[int], Edges]:
    """Make runs and versions with edges by chance, in cycles too, and some that lead to nothing; give keys and edges."""
    chance = random.Random(seed)
    with Catalog(path) as catalog:
        with catalog.transaction() as connection:
            run_keys = [runs.start(connection, runs.NewRun(project="p", name=f"run-{number}")) for number in range(12)]
        version_keys = [_version(catalog, f"data-{number}").key for number in range(14)]
        edges: Edges = set()
        with catalog.transaction() as connection:
            for _ in range(40):
                relation = chance.randrange(5)
                source = ("run", chance.choice(run_keys)) if relation == 0 else ("version", chance.choice(version_keys))
                target = ("run", chance.choice(run_keys)) if relation == 1 else ("version", chance.choice(version_keys))
                edges.add((source, relation, target))
            # Ends that are nowhere.
            edges |= {
                (("run", 10_000), 0, ("version", version_keys[0])),
                (("version", version_keys[0]), 2, ("version", 10_001)),
            }
            for (_, source_key), relation, (_, target_key) in edges:
                connection.execute(
                    "INSERT OR IGNORE INTO edge (relation, source_key, target_key, created_ms) VALUES (?, ?, ?, 0)",
                    (relation, source_key, target_key),
                )
    return run_keys, version_keys, edges


def _reached(start: tuple[str, int], edges: Edges, direction: Direction) -> set[tuple[str, int]]:
    seen, waiting = {start}, [start]
    while waiting:
        here = waiting.pop()
        for source, _, target in edges:
            near, far = (target, source) if direction == "up" else (source, target)
            if near == here and far not in seen:
                seen.add(far)
                waiting.append(far)
    return seen


def _plain(thing: Thing) -> tuple[str, int]:
    return ("run" if thing.is_run else "version", thing.key)


@pytest.mark.parametrize("seed", range(6))
def test_all_that_can_be_reached_is_read_once(tmp_path: Path, seed: int) -> None:
    """Cycles come to an end, what leads to nothing is left out, and edges are those of the file."""
    path = tmp_path / "x.artui"
    run_keys, version_keys, edges = _woven(path, seed)
    there = {*(("run", key) for key in run_keys), *(("version", key) for key in version_keys)}
    with Reader(path) as reader, reader.snapshot() as connection:
        for name in ("run-0", "run-5", "data-0:v1", "data-7:v1"):
            subject = find_version(reader, name) if ":" in name else find_run(reader, name)
            start = ("run" if isinstance(subject, RunHead) else "version", subject.key)
            for direction in DIRECTIONS:
                graph = read_graph(connection, subject, directions=(direction,))
                expected = _reached(start, edges, direction) & there
                # What stands only behind something that is nowhere cannot be: ends that are nowhere lead no further.
                assert {("run", key) for key in graph.runs} | {("version", key) for key in graph.versions} == expected
                told = {(_plain(edge.source), edge.relation, _plain(edge.target)) for edge in graph.edges()}
                assert told == {edge for edge in edges if edge[0] in expected and edge[2] in expected and (edge[2] if direction == "up" else edge[0]) in expected}  # fmt: skip
                leading = graph.steps_from_root(direction)
                assert {_plain(thing) for thing in leading} == expected - {start}


def _assert_holds(drawn: Around, reached: set[tuple[str, int]], edges: Edges) -> None:
    """Each thing has one place, or is one of several at one; what leads from place to place is what the file says."""
    places: dict[tuple[str, int], int] = {}
    for place, spot in enumerate(drawn.spots):
        assert (
            len(spot.things) == 1
            if spot.standing in ("one", "missing")
            else spot.run_count + spot.version_count == len(spot.things)
        )
        for thing in spot.things:
            assert _plain(thing) not in places
            places[_plain(thing)] = place
    assert places.keys() == reached and len({spot.id for spot in drawn.spots}) == len(drawn.spots)
    assert drawn.run_count + drawn.version_count == len(reached)
    told = {(link.source, link.target) for link in drawn.links}
    between = {(places[edge[0]], places[edge[2]]) for edge in edges if edge[0] in places and edge[2] in places}
    assert told <= between
    # What is on the way of neither side is not drawn, such as what an input made beside this.
    assert {ends for ends in between if 0 in ends and ends[0] != ends[1]} <= told


@pytest.mark.parametrize("seed", range(4))
def test_what_is_drawn_of_a_lineage_is_all_of_it(tmp_path: Path, seed: int) -> None:
    """Whatever is folded or far away, nothing is lost and nothing is there twice; what the file does not have is said to be missing."""
    path = tmp_path / "x.artui"
    run_keys, version_keys, edges = _woven(path, seed)
    there = {*(("run", key) for key in run_keys), *(("version", key) for key in version_keys)}
    with Reader(path) as reader:
        for name in ("run-0", "data-0:v1", "data-7:v1"):
            subject = find_version(reader, name) if ":" in name else find_run(reader, name)
            start = ("run" if isinstance(subject, RunHead) else "version", subject.key)
            reached = _reached(start, edges, "up") | _reached(start, edges, "down")
            for unfolded in (False, True):
                drawn = around(reader, subject, unfolded=None if unfolded else ())
                assert not unfolded or not drawn.folded_count
                _assert_holds(drawn, reached, edges)
                missing = {_plain(spot.things[0]) for spot in drawn.spots if spot.standing == "missing"}
                assert missing == reached - there
                assert all(spot.head is not None for spot in drawn.spots if spot.standing == "one")
                assert all(len(spot.things) >= FEWEST_FOLDED for spot in drawn.spots if spot.standing == "folded")
            few = around(reader, subject, most=6)
            _assert_holds(few, reached, edges)
            assert len(few.spots) <= 6
            assert len(around(reader, subject).spots) <= 6 or any(spot.standing == "far" for spot in few.spots)


@pytest.mark.parametrize("seed", range(3))
def test_ways_between_two_things_are_steps_that_the_file_names(tmp_path: Path, seed: int) -> None:
    """There is a way where one came of the other; all that is drawn lies on one; none has a step twice that a run did."""
    path = tmp_path / "x.artui"
    _, _, edges = _woven(path, seed)
    with Reader(path) as reader:
        heads = [find_version(reader, f"data-{number}:v1") for number in range(5)] + [find_run(reader, f"run-{number}") for number in range(4)]  # fmt: skip
        for one, other in itertools.combinations(heads, 2):
            plain = [("run" if isinstance(head, RunHead) else "version", head.key) for head in (one, other)]
            found = ways_between(reader, one, other)
            assert bool(found.ways) == any(b in _reached(a, edges, "down") for a, b in (plain, plain[::-1]))
            assert found.is_cut == (found.count > len(found.ways)) or found.count >= len(found.ways) == MOST_WAYS
            for way in found.ways:
                assert (way[0].id, way[-1].id) == (found.first.id, found.last.id)
                assert len({node.id for node in way}) == len(way)
                things = [_plain(Thing(node.run is not None, (node.run or node.version).key)) for node in way]  # type: ignore[union-attr]
                assert all(any((a, relation, b) in edges for relation in range(5)) for a, b in itertools.pairwise(things))  # fmt: skip
            lying = between(reader, one, other)
            if lying.goals:
                drawn = around(reader, lying.root, goals=lying.goals)
                ends = {head.id for head in (lying.root, *lying.goals)}
                assert ends == {spot.head.id for spot in drawn.spots if spot.standing == "one" and spot.head and spot.head.id in ends}  # fmt: skip
                leading = _reached(_plain(drawn.spots[0].things[0]), edges, "down")
                assert all(_plain(thing) in leading for spot in drawn.spots for thing in spot.things)
            elif not found.ways:
                assert found.cause is None and not _reached(plain[0], edges, "up") & _reached(plain[1], edges, "up")


WAYS = """
    WITH RECURSIVE
        step (a, b) AS (
            SELECT iif(e.relation = 0, 'run ', 'version ') || e.source_key, iif(e.relation = 1, 'run ', 'version ') || e.target_key
            FROM edge AS e
            WHERE e.relation NOT IN (2, 3)
               OR NOT EXISTS (
                   SELECT 1 FROM edge AS u JOIN edge AS m ON m.relation = 0 AND m.source_key = u.target_key AND m.target_key = e.target_key
                   WHERE u.relation = 1 AND u.source_key = e.source_key
               )
        ),
        way (last, length) AS (SELECT :first, 0 UNION ALL SELECT s.b, w.length + 1 FROM way AS w JOIN step AS s ON s.a = w.last)
    SELECT count(*), max(length) FROM way WHERE last = :last
"""
"""Ways of edges, without a link of two versions that a run stands for: it is the same step."""


@pytest.mark.parametrize("seed", range(4))
def test_as_many_ways_are_counted_as_the_file_has(tmp_path: Path, seed: int) -> None:
    """Where nothing leads in circles, each link counts as an edge, whoever made it: in `trace`, in `trace --all`, and in SQL."""
    path, chance = tmp_path / "x.artui", random.Random(seed)
    run_keys, version_keys, _ = _woven(path, seed)
    line = [("run", key) for key in run_keys] + [("version", key) for key in version_keys]
    chance.shuffle(line)
    with Catalog(path) as catalog, catalog.transaction() as connection:
        connection.execute("DELETE FROM edge")
        for _ in range(60):
            source, target = (line[place] for place in sorted(chance.sample(range(len(line)), 2)))
            relations = {("run", "version"): (0,), ("version", "run"): (1,), ("version", "version"): (2, 3, 4)}
            for relation in relations.get((source[0], target[0]), ()):
                if chance.random() < 0.8:
                    connection.execute("INSERT OR IGNORE INTO edge (relation, source_key, target_key, created_ms) VALUES (?, ?, ?, 0)", (relation, source[1], target[1]))  # fmt: skip
    counted = 0
    with Reader(path) as reader, closing(sqlite3.connect(path)) as plain:
        heads = [find_version(reader, f"data-{number}:v1") for number in range(14)] + [find_run(reader, f"run-{number}") for number in range(12)]  # fmt: skip
        for one, other in itertools.combinations(heads, 2):
            found = ways_between(reader, one, other, part="all")
            ends = [f"{'run' if isinstance(head, RunHead) else 'version'} {head.key}" for head in (found.first, found.last)]  # fmt: skip
            count, most_steps = plain.execute(WAYS, dict(zip(("first", "last"), ends, strict=True))).fetchone()
            assert (found.count, found.most_steps if count else None) == (count, most_steps), ends
            assert len(found.ways) == min(count, MOST_WAYS) and found.is_cut == (count > MOST_WAYS)
            assert ways_between(reader, one, other).count == count  # data alone: there is nothing else
            counted += count > 1
    assert counted > 5


def test_what_a_run_derived_is_one_way_and_code_that_two_runs_share_is_none(tmp_path: Path) -> None:
    """A version that a run made of another one has the way by the run; the nearest common cause is data, not code."""
    path = tmp_path / "x.artui"
    with Catalog(path) as catalog:
        raw, code = _version(catalog, "raw"), _version(catalog, "code", kind="code")
        made = [_version(catalog, name) for name in ("left", "right")]
        with catalog.transaction() as connection:
            for number, version in enumerate(made):
                key = runs.start(connection, runs.NewRun(project="p", name=f"run-{number}"))
                for used in (raw, code):
                    artifacts.link(connection, "input", source_key=used.key, target_key=key)
                artifacts.link(connection, "output", source_key=key, target_key=version.key)
                artifacts.link(connection, "derived", source_key=raw.key, target_key=version.key)
    with Reader(path) as reader:
        found = ways_between(reader, made[0], raw)
        assert (found.count, found.most_steps, found.is_cut) == (1, 2, False)
        assert [node.relation for node in found.ways[0]] == ["", "used by", "made"]
        assert {link.relations for link in around(reader, raw, goals=[made[0]]).links} == {(0,), (1,)}
        apart = ways_between(reader, *made)
        assert not apart.ways and apart.cause is not None and apart.cause.id == raw.id
        names = {thing.name for thing in find_ways(reader, "left to right")}
        assert names == {"left:v1 → right:v1"} and find_ways(reader, "left righ")[0].name == "left:v1 → right:v1"
        assert not find_ways(reader, "left left") and not find_ways(reader, "nothing left")


def _fan(path: Path, count: int) -> None:
    """A data set that many runs used, each of which made a version."""
    with Catalog(path) as catalog:
        data = _version(catalog, "data")
        with catalog.transaction() as connection:
            for number in range(count):
                key = runs.start(connection, runs.NewRun(project="p", name=f"run-{number}", started_ms=number))
                artifacts.link(connection, "input", source_key=data.key, target_key=key)
                made = artifacts.save(connection, artifacts.NewVersion("p", "model", "model", "modelling", [_file(str(number))]))  # fmt: skip
                artifacts.link(connection, "output", source_key=key, target_key=made.key)
        first = _version_named(path, "model:v1")
        events.move_alias(catalog, first.id, "production")


def _version_named(path: Path, name: str) -> VersionHead:
    with Reader(path) as reader:
        return find_version(reader, name)


def test_nothing_of_a_wide_or_long_lineage_is_left_out(tmp_path: Path) -> None:
    """More than five hundred runs that used one thing are all there, and a chain of two hundred to its end."""
    wide, long = tmp_path / "wide.artui", tmp_path / "long.artui"
    _fan(wide, 620)
    with Reader(wide) as reader:
        walk = lineage(reader, find_version(reader, "data:v1"))
        assert len(walk.downstream) == 2 * 620 and not walk.is_cut
        cut = lineage(reader, find_version(reader, "data:v1"), most=100)
        assert cut.is_cut and len(cut.downstream) <= 100
        drawn = around(reader, find_version(reader, "data:v1"))
        _, runs_spot, named, others = drawn.spots
        assert (runs_spot.run_count, named.version and named.version.reference, others.version_count) == (
            620,
            "model:v1",
            619,
        )
        assert {(link.source, link.target) for link in drawn.links} == {(0, 1), (1, 2), (1, 3)}
        apart = around(reader, find_version(reader, "data:v1"), unfolded=[runs_spot.fold_id])
        assert len(apart.spots) <= 300 and apart.run_count == 620 and apart.version_count == 621
        assert sum(len(spot.things) for spot in apart.spots) == 1241
        first = around(reader, find_version(reader, "data:v1"), most_edges=50)
        assert first.is_cut and first.spots[1].id == runs_spot.id and first.run_count == 50
        found = impact(reader, find_version(reader, "data:v1"))
        assert (len(found.users), len(found.runs), len(found.versions)) == (620, 620, 620)
        assert found.users[0].name == "run-619"
        (one,) = found.in_production
        assert one.version.reference == "model:v1" and [between.id for between in one.via] == [
            find_run(reader, "run-0").id
        ]
        of_run = impact(reader, find_run(reader, "run-3"))
        assert not of_run.users and [head.reference for head in of_run.versions] == ["model:v4"]
    with Catalog(long) as catalog:
        heads = [_version(catalog, f"step-{number}") for number in range(200)]
        with catalog.transaction() as connection:
            for before, after in itertools.pairwise(heads):
                artifacts.link(connection, "derived", source_key=before.key, target_key=after.key)
    with Reader(long) as reader:
        walk = lineage(reader, heads[-1])
        assert len(walk.upstream) == 199 and walk.upstream[-1].depth == 199 and not walk.is_cut
        assert len(around(reader, heads[-1]).spots) == 200
        drawn = around(reader, heads[90], most=50)
        assert [spot.version_count for spot in drawn.spots if spot.standing == "far"] == [66, 86]


def test_what_is_deleted_rests_on_nothing_but_what_came_of_it_does(tmp_path: Path) -> None:
    path = tmp_path / "x.artui"
    with Catalog(path) as catalog:
        first, middle, last = (_version(catalog, name, kind="model") for name in ("a", "b", "c"))
        with catalog.transaction() as connection:
            artifacts.link(connection, "derived", source_key=first.key, target_key=middle.key)
            artifacts.link(connection, "derived", source_key=middle.key, target_key=last.key)
        events.move_alias(catalog, last.id, "production")
        with events.editing(catalog, "delete") as edit:
            edit.delete_version(middle.id)

    def seen() -> Impact:
        with Reader(path) as reader:
            return impact(reader, find_version(reader, "a:v1"))

    assert [head.reference for head in seen().versions] == ["c:v1"]
    assert [one.version.reference for one in seen().in_production] == ["c:v1"]


def _graph(path: Path) -> Graph:
    with Catalog(path) as catalog:
        data = _version(catalog, "data")
        with catalog.transaction() as connection:
            key = runs.start(connection, runs.NewRun(project="p", name=ODD))
            artifacts.link(connection, "input", source_key=data.key, target_key=key)
        events.move_alias(catalog, data.id, "production")
    with Reader(path) as reader, reader.snapshot() as connection:
        return read_graph(connection, find_version(reader, "data:v1"))


def test_names_are_quoted_in_the_languages_of_graphs(tmp_path: Path) -> None:
    """Nothing that a name holds becomes a part of the graph, or reaches the terminal as itself."""
    graph = _graph(tmp_path / "x.artui")
    dot, mermaid = dot_text(graph), mermaid_text(graph)
    assert '\\"quoted\\"' in dot and "\\\\" in dot and dot.count(" -> ") == 1
    assert (
        "#quot;quoted#quot;" in mermaid
        and "#lt;b#gt;" in mermaid
        and mermaid.count(" --> ") == 1 + ODD.count(" --> ") * 0
    )
    assert all("\x1b" not in text and "\u202e" not in text for text in (dot, mermaid))
    assert "data:v1\\nproduction" in dot and "data:v1<br>production" in mermaid
    if (program := shutil.which("dot")) is not None:
        drawn = subprocess.run([program, "-Tplain"], input=dot, capture_output=True, text=True, check=True).stdout
        assert len([line for line in drawn.splitlines() if line.startswith("node ")]) == 2


def test_every_relation_has_words_both_ways() -> None:
    assert set(RELATIONS) == {*range(len(STORED)), DEPLOYED_AS} and all(up and down for up, down in RELATIONS.values())


def test_what_is_in_production_far_away_is_named_before_something_is_deleted(tmp_path: Path) -> None:
    """A data set of which a model was made two steps on: the question says which, and no more than once."""
    path = tmp_path / "x.artui"
    with Catalog(path) as catalog:
        first, middle, last = (_version(catalog, name, kind="model") for name in ("a", "b", "c"))
        with catalog.transaction() as connection:
            artifacts.link(connection, "derived", source_key=first.key, target_key=middle.key)
            artifacts.link(connection, "derived", source_key=middle.key, target_key=last.key)
        events.move_alias(catalog, last.id, "production")
    with Reader(path) as reader:
        far = resting_texts(resting_on(reader, [first.key]))
        assert far[0] == "b:v1; c:v1 in production rests on that"
        assert resting_texts(resting_on(reader, [middle.key]))[0] == "c:v1 (production)"
        assert resting_texts(resting_on(reader, [last.key])) == ()
    with Catalog(path) as catalog:
        other = _version(catalog, "d", kind="model")
        with catalog.transaction() as connection:
            artifacts.link(connection, "derived", source_key=middle.key, target_key=other.key)
        events.move_alias(catalog, other.id, "production")
    with Reader(path) as reader:
        far = resting_texts(resting_on(reader, [first.key]))
        assert far[0] == "b:v1; 2 in production rest on that: c:v1 and d:v1"
        assert far[1] == "1 version; 2 in production rest on that: c:v1 and 1 more"


def test_who_used_a_version_is_the_same_wherever_it_is_asked(tmp_path: Path) -> None:
    """Deleted runs are left out before a deletion and of what rests on a version; artifacts of one name in two projects are two."""
    path = tmp_path / "x.artui"
    with Catalog(path) as catalog:
        data = _version(catalog, "data", kind="dataset")
        with catalog.transaction() as connection:
            users = [runs.start(connection, runs.NewRun(project="p", name=f"r{number}")) for number in range(3)]
            for user in users:
                artifacts.link(connection, "input", source_key=data.key, target_key=user)
            for project in ("one", "two"):
                new = artifacts.NewVersion(
                    project=project, name="model", kind="model", stage="modelling", files=[], metadata={"of": project}
                )
                made = artifacts.save(connection, new)
                artifacts.link(connection, "output", source_key=users[0], target_key=made.key)
            (trashed,) = connection.execute("SELECT id FROM run WHERE key = ?", (users[1],)).fetchone()
        with events.editing(catalog, "x") as edit:
            edit.trash(trashed)
    with Reader(path) as reader:
        rests = impact(reader, find_version(reader, "data"))
        assert {run.name for run in rests.users} == {run.name for run in rests.runs} == {"r0", "r2"}
        assert resting_on(reader, [data.key]).run_count == len(rests.users) == 2
        assert by_kind(rests.versions) == ["model: one/model:v1, two/model:v1"]


@pytest.mark.parametrize("row", [(1, b"", 2), (1, None, 2), (1, 99, 2), (b"", 0, 2), (1, 0, "2")])
def test_what_a_damaged_index_gives_is_no_edge(row: tuple[object, ...]) -> None:
    """It may answer with a relation that was not asked for, and with what is no key."""

    class Damaged:
        def execute(self, *_: object) -> list[tuple[object, ...]]:
            return [row, (1, 0, 2)]

    edges = list(edges_at(cast(sqlite3.Connection, Damaged()), [Thing(True, 1)], "down", ()))

    assert [(edge.relation, edge.target.key) for edge in edges] == [(0, 2)]
