"""An indented walk up and down from a run or a version."""

from __future__ import annotations

import sqlite3
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


@dataclass(frozen=True, slots=True)
class Lineage:
    """Everything upstream and downstream of a run or a version."""

    root: Node
    upstream: tuple[Node, ...]
    """Depth first, in the order of a reader going back: nearest first."""
    downstream: tuple[Node, ...]
    is_cut: bool
    """Whether there is more than was walked."""


def lineage(reader: Reader, subject: RunHead | VersionHead, *, max_depth: int = MAX_DEPTH) -> Lineage:
    """Walk both ways from a run or a version. What appears again is named again but not walked again."""
    root = Node(
        0,
        "",
        subject if isinstance(subject, RunHead) else None,
        subject if isinstance(subject, VersionHead) else None,
    )
    with reader.snapshot() as connection:
        up, up_cut = _walk(connection, root, "up", max_depth)
        down, down_cut = _walk(connection, root, "down", max_depth)
        root, *nodes = _marked(reader, connection, [root, *up, *down])
        up, down = nodes[: len(up)], nodes[len(up) :]
    return Lineage(root, tuple(up), tuple(down), up_cut or down_cut)


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


def _walk(connection: sqlite3.Connection, root: Node, direction: Direction, max_depth: int) -> tuple[list[Node], bool]:
    seen = {root.id}
    nodes: list[Node] = []
    is_cut = False
    stack = [(node, 1) for node in reversed(_next(connection, root, direction))]
    while stack:
        node, depth = stack.pop()
        if len(nodes) >= MAX_NODES:
            return nodes, True
        is_repeated = node.id in seen
        nodes.append(Node(depth, node.relation, node.run, node.version, is_repeated))
        if is_repeated:
            continue
        seen.add(node.id)
        beyond = _next(connection, node, direction)
        if depth >= max_depth:
            is_cut = is_cut or any(neighbour.id not in seen for neighbour in beyond)
            continue
        stack += [(neighbour, depth + 1) for neighbour in reversed(beyond)]
    return nodes, is_cut


def _next(connection: sqlite3.Connection, node: Node, direction: Direction) -> list[Node]:
    if node.run is not None:
        if direction == "up":
            query, word = "SELECT source_key FROM edge WHERE relation = 1 AND target_key = :key", "used"
        else:
            query, word = "SELECT target_key FROM edge WHERE relation = 0 AND source_key = :key", "made"
        return [Node(0, word, None, head) for head in version_heads(connection, query, {"key": node.run.key})]
    if node.version is None:
        return []
    key = node.version.key
    if direction == "up":
        makers = _runs(connection, "e.relation = 0 AND e.target_key = :key", "source_key", key)
        neighbours = [Node(0, "made by", run, None) for run in makers]
        for relation, word in ((2, "derived from"), (3, "trained on"), (4, "satisfies")):
            query = f"SELECT source_key FROM edge WHERE relation = {relation} AND target_key = :key"
            neighbours += [Node(0, word, None, head) for head in version_heads(connection, query, {"key": key})]
        return neighbours
    users = _runs(connection, "e.relation = 1 AND e.source_key = :key", "target_key", key)
    neighbours = [Node(0, "used by", run, None) for run in users]
    for relation, word in ((2, "derived into"), (3, "trained"), (4, "satisfied by")):
        query = f"SELECT target_key FROM edge WHERE relation = {relation} AND source_key = :key"
        neighbours += [Node(0, word, None, head) for head in version_heads(connection, query, {"key": key})]
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
