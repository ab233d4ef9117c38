"""What a run or a version rests on, and what rests on it, as a graph: read level by level, of any size."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

import orjson

from artui.catalog.deployments import deployed
from artui.model import RunHead, VersionHead
from artui.model.words import RELATION_WORDS
from artui.query.artifacts import version_heads
from artui.query.heads import HEAD_COLUMNS, head_from_row

Direction = Literal["up", "down"]

MADE, USED, DERIVED, TRAINED, SATISFIES, TESTED_ON, FINETUNED_FROM, PRETRAINED_ON, DEPLOYED_AS = range(9)
RELATIONS = RELATION_WORDS
DONE_BY_RUNS = frozenset({DERIVED, TRAINED, TESTED_ON, FINETUNED_FROM, PRETRAINED_ON})
"""What a run did to two versions, so that it stands between them."""
MADE_FROM = frozenset({DERIVED, TRAINED, FINETUNED_FROM, PRETRAINED_ON})
_AT_ONCE = 20_000
"""So many keys are looked up by one statement."""
_FEW = 4
"""So many keys are looked up one by one: that is faster than a list."""


class Thing(NamedTuple):
    """A run or a version, by its key."""

    is_run: bool
    key: int


class Edge(NamedTuple):
    """Two things, of which the second came of the first."""

    source: Thing
    relation: int
    target: Thing


@dataclass(frozen=True, slots=True)
class Graph:
    """Things around one of them, and how they are connected."""

    root: Thing
    up: Mapping[Thing, Sequence[Edge]]
    """Edges by their targets: what each thing came from."""
    down: Mapping[Thing, Sequence[Edge]]
    """Edges by their sources: what came of each thing."""
    runs: Mapping[int, RunHead]
    versions: Mapping[int, VersionHead]
    """By key; deleted ones, too. What an edge names and the file does not have is in neither."""
    is_cut: bool = False
    """Whether there is more than was read."""

    def edges(self) -> Iterator[Edge]:
        """Give all edges between things that are there, each once."""
        edges = (edge for side in (self.up, self.down) for near in side.values() for edge in near)
        return (edge for edge in dict.fromkeys(edges) if self.has(edge.source) and self.has(edge.target))

    def has(self, thing: Thing) -> bool:
        """Say whether the file has a thing."""
        return thing.key in (self.runs if thing.is_run else self.versions)

    def name_of(self, thing: Thing) -> str:
        """Name a thing: a run by its name, a version by its title."""
        return self.runs[thing.key].name if thing.is_run else self.versions[thing.key].title

    def steps_from_root(self, direction: Direction) -> dict[Thing, Edge]:
        """Give by each thing in a direction the edge that leads to it from the root by the fewest steps; without the root."""
        near = self.up if direction == "up" else self.down
        leading: dict[Thing, Edge] = {}
        level = [self.root]
        while level:
            following: list[Thing] = []
            for thing in level:
                for edge in near.get(thing, ()):
                    other = edge.source if direction == "up" else edge.target
                    if other != self.root and other not in leading and self.has(other):
                        leading[other] = edge
                        following.append(other)
            level = following
        return leading


Near = Mapping[Thing, Sequence[tuple[int, Thing]]]
"""By thing what came of it, and by which relation."""


def on_ways(near: Near, root: Thing, goals: Collection[Thing], is_hidden: Callable[[Thing], bool]) -> dict[Thing, list[tuple[int, Thing]]]:  # fmt: skip
    """Keep what lies on a way from the root to one of the goals, each step once.

    Ways do not pass what is hidden; the root and the goals may be so. That a version was derived from another, or trained
    on it, is left out where the run that did so stands between them: it is the same step.
    """
    seen, left = {root}, [root]
    above: dict[Thing, list[Thing]] = {}
    while left:
        thing = left.pop()
        for _, other in near.get(thing, ()):
            if is_hidden(other) and other not in goals:
                continue
            above.setdefault(other, []).append(thing)
            if other not in seen:
                seen.add(other)
                left.append(other)
    left = [goal for goal in goals if goal in seen]
    leading = set(left)
    while left:
        for source in above.get(left.pop(), ()):
            if source not in leading:
                leading.add(source)
                left.append(source)
    kept: dict[Thing, list[tuple[int, Thing]]] = {}
    for thing, others in near.items():
        if thing in leading:
            steps = [
                (relation, other) for relation, other in dict.fromkeys(others) if other in leading and other != thing
            ]
            by_runs = {
                made for relation, run in steps if relation == USED for word, made in near.get(run, ()) if word == MADE
            }
            kept[thing] = [
                (relation, other) for relation, other in steps if relation not in DONE_BY_RUNS or other not in by_runs
            ]
    return kept


def only_ways(graph: Graph, goals: Collection[Thing], *, hidden: Collection[str] = ()) -> Graph:
    """Keep of what came of the root what lies on a way to one of the goals, without passing versions of hidden kinds."""

    def is_hidden(thing: Thing) -> bool:
        return not graph.has(thing) or (not thing.is_run and graph.versions[thing.key].kind in hidden)

    near = {thing: [(edge.relation, edge.target) for edge in edges] for thing, edges in graph.down.items()}
    kept = on_ways(near, graph.root, goals, is_hidden)
    down = {thing: [Edge(thing, *step) for step in steps] for thing, steps in kept.items()}
    return replace(graph, up={}, down=down)


@dataclass(slots=True)
class _Side:
    """One direction while it is read."""

    near: dict[Thing, list[Edge]] = field(default_factory=dict)
    seen: set[Thing] = field(default_factory=set)
    is_cut: bool = False


def read_graph(
    connection: sqlite3.Connection,
    subject: RunHead | VersionHead,
    *,
    directions: Collection[Direction] = ("up", "down"),
    max_depth: int | None = None,
    most: int | None = None,
) -> Graph:
    """Read what is around a run or a version.

    Args:
        connection: to the catalog.
        subject: the run or version.
        directions: what it came from, what came of it, or both.
        max_depth: so many steps at most, None for all.
        most: so many things are read in a direction, None for all.
    """
    root, placed = Thing(isinstance(subject, RunHead), subject.key), deployed(connection)
    sides = {direction: _read_side(connection, root, direction, max_depth, most, placed) for direction in directions}
    up, down = (sides.get(direction, _Side()) for direction in ("up", "down"))
    things = up.seen | down.seen | {root}
    runs = runs_by_key(connection, [thing.key for thing in things if thing.is_run])
    versions = versions_by_key(connection, [thing.key for thing in things if not thing.is_run])
    return Graph(root, up.near, down.near, runs, versions, up.is_cut or down.is_cut)


def _read_side(
    connection: sqlite3.Connection, root: Thing, direction: Direction, max_depth: int | None, most: int | None, placed: Placed
) -> _Side:  # fmt: skip
    side, level, depth = _Side(seen={root}), [root], 0
    while level:
        is_last = (max_depth is not None and depth >= max_depth) or (most is not None and len(side.seen) > most)
        following: dict[Thing, None] = {}
        for edge in edges_at(connection, level, direction, placed):
            here, other = (edge.target, edge.source) if direction == "up" else (edge.source, edge.target)
            if is_last:
                side.is_cut = side.is_cut or other not in side.seen
                continue
            if other not in side.seen:
                if most is not None and len(side.seen) > most:
                    side.is_cut = True
                    continue
                side.seen.add(other)
                following[other] = None
            side.near.setdefault(here, []).append(edge)
        level, depth = list(following), depth + 1
    return side


Placed = Sequence[tuple[int, int]]
"""Keys of versions, each with that of a deployment where it was released: as `deployed` gives them, once for a whole walk."""


def edges_at(connection: sqlite3.Connection, level: Sequence[Thing], direction: Direction, placed: Placed) -> Iterator[Edge]:  # fmt: skip
    """Give the edges that lead on from some things."""
    here, there = ("target_key", "source_key") if direction == "up" else ("source_key", "target_key")
    # A run came from what it used, and made what came of it; all other edges are at versions.
    of_runs = (USED,) if direction == "up" else (MADE,)
    between = (DERIVED, TRAINED, SATISFIES, TESTED_ON, FINETUNED_FROM, PRETRAINED_ON)
    of_versions = (MADE, *between) if direction == "up" else (USED, *between)
    for is_run, relations in ((True, of_runs), (False, of_versions)):
        keys = [thing.key for thing in level if thing.is_run == is_run]
        names = {"here": here, "there": there, "relations": ", ".join(map(str, relations))}
        few = len(keys) <= _FEW
        query = (_EDGES_OF_ONE if few else _EDGES).format(**names)
        for part in keys if few else parts_of(keys):
            for own, relation, other in connection.execute(query, {"key" if few else "keys": part}):
                # An index that is damaged may give what was not asked for.
                if not isinstance(own, int) or not isinstance(other, int) or relation not in relations:
                    continue
                # Of MADE the source is a run, of USED the target, of all others neither.
                ends = Thing(is_run, own), Thing(relation in (MADE, USED) and not is_run, other)
                source, target = ends[::-1] if direction == "up" else ends
                yield Edge(source, relation, target)
    version_keys = {thing.key for thing in level if not thing.is_run}
    for version_key, deployment_key in placed:
        if (deployment_key if direction == "up" else version_key) in version_keys:
            yield Edge(Thing(False, version_key), DEPLOYED_AS, Thing(False, deployment_key))


# CROSS JOIN makes SQLite go through the keys, each by the index of edges.
_EDGES = """
    SELECT e.{here}, e.relation, e.{there}
    FROM json_each(:keys) AS w
    CROSS JOIN edge AS e ON e.relation IN ({relations}) AND e.{here} = w.value
    ORDER BY w.key, e.relation, e.{there}
"""
_EDGES_OF_ONE = """
    SELECT e.{here}, e.relation, e.{there}
    FROM edge AS e
    WHERE e.relation IN ({relations}) AND e.{here} = :key
    ORDER BY e.relation, e.{there}
"""


def came_of(connection: sqlite3.Connection, version_keys: Sequence[int]) -> list[Edge]:
    """Give what came of versions in one step: the runs that used them, if they are not deleted, and the versions that were made of them."""
    edges = list(edges_at(connection, [Thing(False, key) for key in version_keys], "down", deployed(connection)))
    there = runs_there(connection, [edge.target.key for edge in edges if edge.target.is_run])
    return [edge for edge in edges if not edge.target.is_run or edge.target.key in there]


def runs_there(connection: sqlite3.Connection, keys: Iterable[int]) -> frozenset[int]:
    """Give those of some runs that are there and not deleted."""
    query = "SELECT r.key FROM json_each(:keys) AS w CROSS JOIN run AS r ON r.key = w.value WHERE r.deleted_ms IS NULL"
    parts = parts_of(list(dict.fromkeys(keys)))
    return frozenset(key for part in parts for (key,) in connection.execute(query, {"keys": part}))


def parts_of(keys: Sequence[int]) -> Iterator[str]:
    """Give keys as JSON, as many at once as one statement takes."""
    for start in range(0, len(keys), _AT_ONCE):
        yield orjson.dumps(keys[start : start + _AT_ONCE]).decode()


def runs_by_key(connection: sqlite3.Connection, keys: Sequence[int]) -> dict[int, RunHead]:
    """Read runs, deleted ones too; those that the file does not have are left out."""
    heads: dict[int, RunHead] = {}
    for part in parts_of(keys):
        query = (
            f"SELECT {HEAD_COLUMNS} FROM json_each(:keys) AS w CROSS JOIN run AS r ON r.key = w.value "
            "LEFT JOIN project AS p ON p.key = r.project_key"
        )
        heads |= {head.key: head for head in map(head_from_row, connection.execute(query, {"keys": part}))}
    return heads


def versions_by_key(connection: sqlite3.Connection, keys: Sequence[int]) -> dict[int, VersionHead]:
    """Read versions, deleted ones too; those that the file does not have are left out."""
    heads: dict[int, VersionHead] = {}
    for part in parts_of(keys):
        of_keys = "SELECT w.value FROM json_each(:keys) AS w"
        heads |= {head.key: head for head in version_heads(connection, of_keys, {"keys": part}, with_deleted=True)}
    return heads


def dot_text(graph: Graph) -> str:
    """Write a graph in the language of Graphviz: runs as boxes, versions as ellipses, from causes to effects."""
    numbers = _numbers(graph)
    lines = ["digraph lineage {", "  rankdir=LR;"]
    for thing, number in numbers.items():
        style = ", style=bold" if thing == graph.root else ""
        lines.append(f"  n{number} [label={_dot_quoted(_label(graph, thing))}, shape={'box' if thing.is_run else 'ellipse'}{style}];")  # fmt: skip
    for edge in graph.edges():
        word = RELATIONS[edge.relation][1]
        lines.append(f"  n{numbers[edge.source]} -> n{numbers[edge.target]} [label={_dot_quoted(word)}];")
    return "\n".join([*lines, "}"])


def mermaid_text(graph: Graph) -> str:
    """Write a graph as a flowchart of Mermaid, which GitHub and GitLab draw: runs as rounded boxes, versions as boxes."""
    numbers = _numbers(graph)
    lines = ["flowchart LR"]
    for thing, number in numbers.items():
        label = _mermaid_quoted(_label(graph, thing))
        lines.append(f"  n{number}({label})" if thing.is_run else f"  n{number}[{label}]")
    for edge in graph.edges():
        word = RELATIONS[edge.relation][1]
        lines.append(f"  n{numbers[edge.source]} -- {word} --> n{numbers[edge.target]}")
    return "\n".join([*lines, f"  style n{numbers[graph.root]} stroke-width:3px"])


def _numbers(graph: Graph) -> dict[Thing, int]:
    """Number the things that are there, the root first."""
    ends = (end for edge in graph.edges() for end in (edge.source, edge.target))
    return {thing: number for number, thing in enumerate(dict.fromkeys((graph.root, *ends)))}


def _label(graph: Graph, thing: Thing) -> str:
    if thing.is_run:
        return graph.name_of(thing)
    aliases = [alias for alias in graph.versions[thing.key].aliases if alias != "latest"]
    return "\n".join((graph.name_of(thing), *([" ".join(aliases)] if aliases else ())))


def _dot_quoted(text: str) -> str:
    escaped = _visible(text).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _mermaid_quoted(text: str) -> str:
    # Entities as Mermaid writes them: with a number sign in place of the ampersand.
    entities = {'"': "#quot;", "#": "#35;", "<": "#lt;", ">": "#gt;", "&": "#amp;", "`": "#96;", "\n": "<br>"}
    return '"' + "".join(entities.get(letter, letter) for letter in _visible(text)) + '"'


def _visible(text: str) -> str:
    from artui.safetext import clean

    return "\n".join(map(clean, text.split("\n")))
