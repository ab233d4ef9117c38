"""The ways by which one run or version came of another, the shortest first; of two that did not, what both came of."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from artui.errors import UnknownReference
from artui.model import Node, RunHead, VersionHead
from artui.query.artifacts import get_version
from artui.query.graph import RELATIONS, Direction, Thing, only_ways, read_graph
from artui.query.lineage import NO_DATA_KINDS
from artui.query.references import find_run

if TYPE_CHECKING:
    from collections.abc import Collection

    from artui.query.graph import Edge, Graph
    from artui.query.lineage import Part
    from artui.query.reader import Reader

MOST_WAYS = 10
_MOST_TRIED = 20_000
"""So many beginnings of ways are followed."""
_UP: tuple[Direction, ...] = ("up",)
_DOWN: tuple[Direction, ...] = ("down",)


@dataclass(frozen=True, slots=True)
class Between:
    """What lies between two things, without the ways themselves."""

    root: RunHead | VersionHead
    """The earlier of the two, or the nearest that both came of."""
    goals: tuple[RunHead | VersionHead, ...]
    """The later one, or both; none if nothing leads from one to the other and they have no cause in common."""
    part: Part
    """Data where there is a way by data alone: code that two runs kept does not lead from one to the other."""


@dataclass(frozen=True, slots=True)
class Ways:
    """How one thing leads to another; both ends stand in each way."""

    first: RunHead | VersionHead
    """The earlier of the two: what the other came of, if there is a way."""
    last: RunHead | VersionHead
    ways: tuple[tuple[Node, ...], ...]
    """The shortest first; each node says how it relates to the one before it."""
    is_cut: bool
    """Whether there are more."""
    count: int
    """How many there are; what leads in circles is passed once."""
    most_steps: int
    """Of the longest one; 0 if there is none."""
    cause: RunHead | VersionHead | None = None
    """If neither came of the other, the nearest that both came of."""


def end_of(reader: Reader, id: str) -> RunHead | VersionHead:
    """Give the run or version of an id."""
    try:
        return find_run(reader, id)
    except UnknownReference:
        return get_version(reader, id, max_files=1).head


def between(reader: Reader, one: RunHead | VersionHead, other: RunHead | VersionHead) -> Between:
    """Say which of two things came of the other, or what both came of: by data, or else by code and environments, too."""
    ends = (one, other)
    parts: tuple[Part, ...] = ("data", "all")
    with reader.snapshot() as connection:
        up = [read_graph(connection, end, directions=_UP) for end in ends]
    for part in parts:
        steps = [_steps_up(graph, NO_DATA_KINDS if part == "data" else (), up[1 - side].root) for side, graph in enumerate(up)]  # fmt: skip
        for side, graph in enumerate(up):
            if graph.root in steps[1 - side] and graph.root != up[1 - side].root:
                return Between(ends[side], (ends[1 - side],), part)
        shared = steps[0].keys() & steps[1].keys() - {up[0].root}
        if shared and one.id != other.id:
            nearest = min(shared, key=lambda thing: (steps[0][thing] + steps[1][thing], thing.is_run, -thing.key))
            heads = up[0].runs if nearest.is_run else up[0].versions
            return Between(heads[nearest.key], ends, part)
    return Between(one, (), "all")


def _steps_up(graph: Graph, hidden: Collection[str], goal: Thing) -> dict[Thing, int]:
    """Say by how many steps a thing came of others, without passing versions of hidden kinds; the goal may be of one."""
    steps, waiting = {graph.root: 0}, deque([graph.root])
    while waiting:
        thing = waiting.popleft()
        for edge in graph.up.get(thing, ()):
            other = edge.source
            if other in steps or not graph.has(other):
                continue
            if other != goal and not other.is_run and graph.versions[other.key].kind in hidden:
                continue
            steps[other] = steps[thing] + 1
            waiting.append(other)
    return steps


def ways_between(reader: Reader, one: RunHead | VersionHead, other: RunHead | VersionHead, *, part: Part | None = None) -> Ways:  # fmt: skip
    """Find how one of two things came of the other, whichever is the earlier; no way if neither did.

    Args:
        reader: of the catalog.
        one: a run or version.
        other: another one.
        part: whether ways pass code, environments and logs; None for data alone, where these lead there.
    """
    found = between(reader, one, other)
    if len(found.goals) != 1:
        return Ways(one, other, (), False, 0, 0, found.root if found.goals else None)
    first, last = found.root, found.goals[0]
    with reader.snapshot() as connection:
        graph = read_graph(connection, first, directions=_DOWN)
    goal = Thing(isinstance(last, RunHead), last.key)
    graph = only_ways(graph, (goal,), hidden=NO_DATA_KINDS if (part or found.part) == "data" else ())
    ways, is_cut = _ways(graph, goal)
    count, most_steps = _counted(graph, goal)
    nodes = tuple(_nodes(graph, way) for way in ways)
    return Ways(first, last, nodes, is_cut, max(count, len(nodes)), max(most_steps, *(len(way) for way in ways)))


def _ways(graph: Graph, goal: Thing) -> tuple[list[list[Edge]], bool]:
    """Give the shortest ways from the root to a thing that pass nothing twice, and whether there are more."""
    found: list[list[Edge]] = []
    begun: deque[list[Edge]] = deque([[]])
    tried = 0
    while begun and tried < _MOST_TRIED:
        way = begun.popleft()
        here = way[-1].target if way else graph.root
        if here == goal:
            if len(found) == MOST_WAYS:
                return found, True
            found.append(way)
            continue
        passed = {graph.root, *(edge.target for edge in way)}
        for edge in graph.down.get(here, ()):
            if edge.target not in passed:
                tried += 1
                begun.append([*way, edge])
    return found, bool(begun)


def _counted(graph: Graph, goal: Thing) -> tuple[int, int]:
    """Count the ways from the root to a thing, and the steps of the longest; a step that closes a circle is not taken."""
    counts, longest = {goal: 1}, {goal: 0}
    begun: set[Thing] = set()
    stack = [graph.root]
    while stack:
        thing = stack[-1]
        targets = [edge.target for edge in graph.down.get(thing, ())]
        if thing in counts:
            stack.pop()
        elif thing not in begun:
            begun.add(thing)
            stack += [target for target in targets if target not in begun and target not in counts]
        else:
            stack.pop()
            counted = [target for target in targets if target in counts]
            counts[thing] = sum(counts[target] for target in counted)
            longest[thing] = max((longest[target] + 1 for target in counted if counts[target]), default=0)
    return counts[graph.root], longest[graph.root]


def _nodes(graph: Graph, way: list[Edge]) -> tuple[Node, ...]:
    steps = [(graph.root, ""), *((edge.target, RELATIONS[edge.relation][1]) for edge in way)]
    return tuple(
        Node(depth, relation, graph.runs[thing.key], None)
        if thing.is_run
        else Node(depth, relation, None, graph.versions[thing.key])
        for depth, (thing, relation) in enumerate(steps)
    )
