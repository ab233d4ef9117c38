"""An indented walk up and down from a run or a version."""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from artui.model import Node, RunHead, VersionHead
from artui.query.artifacts import version_heads
from artui.query.damage import run_damage, version_damage
from artui.query.heads import HEAD_COLUMNS, head_from_row

if TYPE_CHECKING:
    from artui.query.reader import Reader

MAX_NODES = 2000
MAX_DEPTH = 40

Direction = Literal["up", "down"]
Part = Literal["all", "data", "code"]
"""Of what the lineage is shown: of everything, without code and environments and logs, or of code and environments alone."""
PARTS: tuple[Part, ...] = ("all", "data", "code")
_CODE = frozenset({"code", "environment"})
_NO_DATA = frozenset({"code", "environment", "log", "runtime"})
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
    reader: Reader, subject: RunHead | VersionHead, *, max_depth: int = MAX_DEPTH, part: Part = "all"
) -> Lineage:
    """Walk both ways from a run or a version, nearest things first. What is met again is named again but not walked again."""
    root = Node(
        0,
        "",
        subject if isinstance(subject, RunHead) else None,
        subject if isinstance(subject, VersionHead) else None,
    )
    with reader.snapshot() as connection:
        up, up_cut = _walk(connection, root, "up", max_depth, part)
        down, down_cut = _walk(connection, root, "down", max_depth, part)
        root, *nodes = _marked(reader, connection, [root, *up, *down])
        up, down = nodes[: len(up)], nodes[len(up) :]
    return Lineage(root, tuple(up), tuple(down), up_cut or down_cut)


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


def _marked(reader: Reader, connection: sqlite3.Connection, nodes: list[Node]) -> list[Node]:
    """Mark the lines whose run or version is damaged."""
    runs = run_damage(reader, connection, [node.run.key for node in nodes if node.run is not None])
    versions = version_damage(reader, connection, [node.version.key for node in nodes if node.version is not None])
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


def _walk(
    connection: sqlite3.Connection, root: Node, direction: Direction, max_depth: int, part: Part
) -> tuple[list[Node], bool]:
    """Walk in one direction; give what was met, depth first, and whether there is more.

    What can be reached without passing code, environments and logs hangs on data, wherever these lead to it too: so it
    stands where it does when data alone are shown.
    """
    hidden = _NO_DATA if part == "data" else frozenset()
    seen, count, is_cut = {root.id}, 0, False
    beyond: dict[str, list[Node]] = {}
    waiting, behind_code = deque([root]), deque[Node]()
    while waiting or behind_code:
        is_behind = not waiting
        node = (waiting or behind_code).popleft()
        neighbours = [
            neighbour
            for neighbour in _next(connection, node, direction)
            if neighbour.version is None or neighbour.version.kind not in hidden
        ]
        if node.depth >= max_depth or count + len(neighbours) > MAX_NODES:
            is_cut = is_cut or any(neighbour.id not in seen for neighbour in neighbours)
            neighbours = neighbours[: MAX_NODES - count] if node.depth < max_depth else []
        count += len(neighbours)
        placed = beyond[node.id] = []
        for neighbour in neighbours:
            is_repeated = neighbour.id in seen
            placed.append(replace(neighbour, depth=node.depth + 1, is_repeated=is_repeated))
            if not is_repeated:
                seen.add(neighbour.id)
                is_code = neighbour.version is not None and neighbour.version.kind in _NO_DATA
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
        if node.depth < depth or (node.version is not None and node.version.kind in _CODE):
            kept.append(node)
            depth = node.depth
    return kept[::-1]


def _next(connection: sqlite3.Connection, node: Node, direction: Direction) -> list[Node]:
    """Give the neighbours of a thing in one direction: runs by their starts, then versions from sources to results."""
    return sorted(_neighbours(connection, node, direction), key=_place_of)


def _place_of(node: Node) -> int:
    return -1 if node.version is None else _ORDER.get(node.version.kind, _ORDER[_OWN_KIND])


def _neighbours(connection: sqlite3.Connection, node: Node, direction: Direction) -> list[Node]:
    if node.run is not None:
        if direction == "up":
            query, word = "SELECT source_key FROM edge WHERE relation = 1 AND target_key = :key", "used"
        else:
            query, word = "SELECT target_key FROM edge WHERE relation = 0 AND source_key = :key", "made"
        return [
            Node(0, word, None, head)
            for head in version_heads(connection, query, {"key": node.run.key}, with_deleted=True)
        ]
    if node.version is None:
        return []
    key = node.version.key
    if direction == "up":
        makers = _runs(connection, "e.relation = 0 AND e.target_key = :key", "source_key", key)
        neighbours = [Node(0, "made by", run, None) for run in makers]
        for relation, word in ((2, "derived from"), (3, "trained on"), (4, "satisfies")):
            query = f"SELECT source_key FROM edge WHERE relation = {relation} AND target_key = :key"
            neighbours += [
                Node(0, word, None, head) for head in version_heads(connection, query, {"key": key}, with_deleted=True)
            ]
        return neighbours
    users = _runs(connection, "e.relation = 1 AND e.source_key = :key", "target_key", key)
    neighbours = [Node(0, "used by", run, None) for run in users]
    for relation, word in ((2, "derived into"), (3, "trained"), (4, "satisfied by")):
        query = f"SELECT target_key FROM edge WHERE relation = {relation} AND source_key = :key"
        neighbours += [
            Node(0, word, None, head) for head in version_heads(connection, query, {"key": key}, with_deleted=True)
        ]
    return neighbours


def _runs(connection: sqlite3.Connection, condition: str, side: str, key: int) -> list[RunHead]:
    return [
        head_from_row(row)
        for row in connection.execute(
            f"SELECT {HEAD_COLUMNS} FROM edge AS e JOIN run AS r ON r.key = e.{side} LEFT JOIN project AS p ON p.key = r.project_key "
            f"WHERE {condition} ORDER BY r.started_ms, r.key LIMIT 500",
            {"key": key},
        )
    ]
