"""The ways by which one run or version came of another, the shortest first."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from artui.model import Node, RunHead, VersionHead
from artui.query.graph import RELATIONS, Direction, Thing, read_graph

if TYPE_CHECKING:
    from artui.query.graph import Edge, Graph
    from artui.query.reader import Reader

MOST_WAYS = 10
_MOST_TRIED = 20_000
"""So many beginnings of ways are followed."""


@dataclass(frozen=True, slots=True)
class Ways:
    """How one thing leads to another; both ends stand in each way."""

    first: RunHead | VersionHead
    """The earlier of the two: what the other came of, if there is a way."""
    last: RunHead | VersionHead
    ways: tuple[tuple[Node, ...], ...]
    """The shortest first; each node says how it relates to the one before it."""
    is_cut: bool
    """Whether there may be more."""


def ways_between(reader: Reader, one: RunHead | VersionHead, other: RunHead | VersionHead) -> Ways:
    """Find how one of two things came of the other, whichever is the earlier; no way if neither did."""
    for first, last in ((one, other), (other, one)):
        with reader.snapshot() as connection:
            graph = read_graph(connection, first, directions=_DOWN)
        goal = Thing(isinstance(last, RunHead), last.key)
        if graph.root != goal and goal in graph.steps_from_root("down"):
            ways, is_cut = _ways(graph, goal)
            return Ways(first, last, tuple(_nodes(graph, way) for way in ways), is_cut)
    return Ways(one, other, (), False)


_DOWN: tuple[Direction, ...] = ("down",)


def _ways(graph: Graph, goal: Thing) -> tuple[list[list[Edge]], bool]:
    """Give the shortest ways from the root to a thing that pass nothing twice."""
    leading = _leading_to(graph, goal)
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
        for edge in dict.fromkeys(graph.down.get(here, ())):
            if edge.target in leading and edge.target not in passed:
                tried += 1
                begun.append([*way, edge])
    return found, bool(begun)


def _leading_to(graph: Graph, goal: Thing) -> set[Thing]:
    """Give what lies on any way to a thing, itself among it."""
    above: dict[Thing, list[Thing]] = {}
    for edge in graph.edges():
        above.setdefault(edge.target, []).append(edge.source)
    leading, left = {goal}, [goal]
    while left:
        for source in above.get(left.pop(), ()):
            if source not in leading:
                leading.add(source)
                left.append(source)
    return leading


def _nodes(graph: Graph, way: list[Edge]) -> tuple[Node, ...]:
    steps = [(graph.root, ""), *((edge.target, RELATIONS[edge.relation][1]) for edge in way)]
    return tuple(
        Node(depth, relation, graph.runs[thing.key], None)
        if thing.is_run
        else Node(depth, relation, None, graph.versions[thing.key])
        for depth, (thing, relation) in enumerate(steps)
    )
