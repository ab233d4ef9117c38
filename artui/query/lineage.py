"""An indented walk up and down from a run or a version."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from artui.model import STAGES, Node, RunHead, VersionHead
from artui.query.damage import run_damage, version_damage
from artui.query.graph import RELATIONS, SATISFIES, Direction, Graph, Thing, only_ways, read_graph

if TYPE_CHECKING:
    from artui.model import Damage
    from artui.query.reader import Reader

MAX_NODES = 100_000
MAX_DEPTH = 100_000

Part = Literal["all", "data", "code"]
"""Of what the lineage is shown: of everything, without code and environments and logs, or of code and environments alone."""
PARTS: tuple[Part, ...] = ("all", "data", "code")
CODE_KINDS = frozenset({"code", "environment"})
NO_DATA_KINDS = frozenset({"code", "environment", "log", "runtime"})
_CHECKED_AT_ONCE = 1_000
_MOST_HELD = 200
"""Of so many things, the first ones, it is said how much of a requirement they meet."""
_OWN_KIND = "kinds of the user"
_ORDER = {
    kind: place
    for place, kind in enumerate(
        (
            "requirement",
            "spec",
            "dataset",
            "labels",
            "features",
            "checkpoint",
            "model",
            "figure",
            "table",
            "report",
            "deployment",
            "statistics",
            _OWN_KIND,
            "code",
            "environment",
            "runtime",
            "log",
        )
    )
}
"""Neighbours of one thing stand from sources to results, and what they were made with behind them."""


@dataclass(frozen=True, slots=True)
class Lineage:
    """Everything upstream and downstream of a run or a version."""

    root: Node
    upstream: tuple[Node, ...]
    """Depth first; each thing stands below the nearest one that it is connected to, and is only named elsewhere."""
    downstream: tuple[Node, ...]
    is_cut: bool
    """Whether there is more than was walked."""


@dataclass(frozen=True, slots=True)
class Step:
    """A thing in the lineage, which stands there once."""

    node: Node
    also: tuple[Node, ...] = ()
    """Neighbours of it that stand at another place."""


def lineage(
    reader: Reader,
    subject: RunHead | VersionHead,
    *,
    max_depth: int = MAX_DEPTH,
    most: int = MAX_NODES,
    part: Part = "all",
    directions: Collection[Direction] = ("up", "down"),
    most_checked: int | None = None,
    goals: Collection[RunHead | VersionHead] = (),
) -> Lineage:
    """Walk both ways from a run or a version, nearest things first. What is met again is named again but not walked again.

    Args:
        reader: of the catalog.
        subject: where the walk begins.
        max_depth: so many steps at most, either way.
        most: so many lines at most, either way.
        part: what is left out.
        directions: where it came from, what came of it, or both.
        most_checked: so many of the things are looked at for damage, the root and those first in the walk; None for all.
        goals: what came of the root; then nothing but the ways to these is walked.
    """
    root = Node(
        0,
        "",
        subject if isinstance(subject, RunHead) else None,
        subject if isinstance(subject, VersionHead) else None,
    )
    with reader.snapshot() as connection:
        graph = read_graph(
            connection, subject, directions=directions, max_depth=max_depth, most=None if goals else most
        )
        if goals:
            ends = [Thing(isinstance(goal, RunHead), goal.key) for goal in goals]
            graph, part = only_ways(graph, ends, hidden=NO_DATA_KINDS if part == "data" else ()), "all"
        up, up_cut = _walk(graph, root, "up", max_depth, most, part)
        down, down_cut = _walk(graph, root, "down", max_depth, most, part)
    # Of very many things that takes longer than anything that is read at once may.
    root, *nodes = _marked(reader, [root, *up, *down], most_checked)
    up, down = (_held_against(reader, root, part) for part in (nodes[: len(up)], nodes[len(up) :]))
    return Lineage(root, tuple(up), tuple(down), up_cut or down_cut or graph.is_cut)


def kind_place(kind: str) -> int:
    """Give the place of a kind among the neighbours of a thing."""
    return _ORDER.get(kind, _ORDER[_OWN_KIND])


def standing_once(root: Node, nodes: Iterable[Node]) -> tuple[Step, ...]:
    """Give the root and each thing of a walk once, in their order; what is named again goes to the thing that names it."""
    steps: list[tuple[Node, list[Node]]] = [(root, [])]
    path = [steps[0][1]]
    for node in nodes:
        del path[node.depth :]
        if node.is_repeated:
            path[-1].append(node)
        else:
            steps.append((node, []))
            path.append(steps[-1][1])
    return tuple(Step(node, tuple(also)) for node, also in steps)


def _marked(reader: Reader, nodes: list[Node], most: int | None) -> list[Node]:
    """Mark the lines whose run or version is damaged."""
    runs: dict[int, Damage] = {}
    versions: dict[int, Damage] = {}
    checked = nodes[:most]
    for start in range(0, len(checked), _CHECKED_AT_ONCE):
        part = checked[start : start + _CHECKED_AT_ONCE]
        run_keys = {node.run.key for node in part if node.run is not None}
        version_keys = {node.version.key for node in part if node.version is not None}
        with reader.snapshot() as connection:
            runs |= run_damage(reader, connection, sorted(run_keys - runs.keys()))
            versions |= version_damage(reader, connection, sorted(version_keys - versions.keys()))
    if not runs and not versions:
        return nodes
    return [
        replace(
            node,
            run=node.run and replace(node.run, damaged=runs.get(node.run.key, ())),
            version=node.version and replace(node.version, damaged=versions.get(node.version.key, ())),
        )
        for node in nodes
    ]


def _held_against(reader: Reader, root: Node, nodes: list[Node]) -> list[Node]:
    """Say how much of a requirement is met by what is to satisfy it: that somebody once said it is proves nothing."""
    words = RELATIONS[SATISFIES]
    if not any(node.relation in words for node in nodes[:_MOST_HELD]):
        return nodes
    from artui.query.verdicts import met_texts  # numpy is for those that need it

    path = [root]
    pairs: dict[int, tuple[VersionHead, VersionHead]] = {}
    for place, node in enumerate(nodes[:_MOST_HELD]):
        del path[node.depth :]
        above = path[-1].version
        if node.relation in words and node.version is not None and above is not None:
            pairs[place] = (node.version, above) if node.relation == words[0] else (above, node.version)
        path.append(node)
    texts = dict(zip(pairs, met_texts(reader, list(pairs.values())), strict=True))
    return [replace(node, criteria_met=texts.get(place, "")) for place, node in enumerate(nodes)]


def _walk(
    graph: Graph, root: Node, direction: Direction, max_depth: int, most: int, part: Part
) -> tuple[list[Node], bool]:
    """Walk in one direction; give what was met, depth first, and whether there is more.

    What can be reached without passing code, environments and logs hangs on data, wherever these lead to it too: so it
    stands where it does when data alone are shown.
    """
    hidden = NO_DATA_KINDS if part == "data" else frozenset()
    seen, count, is_cut = {root.id}, 0, False
    beyond: dict[str, list[Node]] = {}
    waiting, behind_code = deque([root]), deque[Node]()
    while waiting or behind_code:
        is_behind = not waiting
        node = (waiting or behind_code).popleft()
        neighbours = [
            neighbour
            for neighbour in _neighbours(graph, node, direction)
            if neighbour.version is None or neighbour.version.kind not in hidden
        ]
        if node.depth >= max_depth or count + len(neighbours) > most:
            is_cut = is_cut or any(neighbour.id not in seen for neighbour in neighbours)
            neighbours = neighbours[: most - count] if node.depth < max_depth else []
        count += len(neighbours)
        placed = beyond[node.id] = []
        for neighbour in neighbours:
            is_repeated = neighbour.id in seen
            placed.append(replace(neighbour, depth=node.depth + 1, is_repeated=is_repeated))
            if not is_repeated:
                seen.add(neighbour.id)
                is_code = neighbour.version is not None and neighbour.version.kind in NO_DATA_KINDS
                (behind_code if is_behind or is_code else waiting).append(placed[-1])
    nodes: list[Node] = []
    stack = beyond[root.id][::-1]
    while stack:
        nodes.append(stack.pop())
        if not nodes[-1].is_repeated:
            stack += beyond[nodes[-1].id][::-1]
    return (_leading_to_code(nodes) if part == "code" else nodes), is_cut


def _leading_to_code(nodes: Sequence[Node]) -> list[Node]:
    """Keep code and environments, and what lies between them and the root."""
    kept: list[Node] = []
    depth = 0
    for node in reversed(nodes):
        # Of a thing that is kept, the next one that is less deep is the one that it hangs on.
        if node.depth < depth or (node.version is not None and node.version.kind in CODE_KINDS):
            kept.append(node)
            depth = node.depth
    return kept[::-1]


def _neighbours(graph: Graph, node: Node, direction: Direction) -> list[Node]:
    """Give the neighbours of a thing in one direction: runs by their starts, then versions from sources to results."""
    thing = Thing(node.run is not None, (node.run or node.version).key)  # type: ignore[union-attr]
    near = (graph.up if direction == "up" else graph.down).get(thing, ())
    neighbours: list[tuple[Any, Node]] = []
    for edge in near:
        other = edge.source if direction == "up" else edge.target
        if not graph.has(other):
            continue
        word = RELATIONS[edge.relation][direction == "down"]
        if other.is_run:
            run = graph.runs[other.key]
            neighbours.append(((-1, run.started_ms, run.key), Node(0, word, run, None)))
        else:
            head = graph.versions[other.key]
            order = kind_place(head.kind), edge.relation, STAGES.index(head.stage)
            neighbours.append(((*order, head.kind, head.artifact, -head.number), Node(0, word, None, head)))
    return [node for _, node in sorted(neighbours, key=lambda pair: pair[0])]
