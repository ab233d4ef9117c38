"""The lineage of a run or a version for Python: what it came from, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from artui.query.api.records import Run, Version, runs_of

if TYPE_CHECKING:
    from artui.model import Node
    from artui.query.lineage import Lineage as Walk
    from artui.query.reader import Reader


class Edge(NamedTuple):
    """Two things that are connected: `source` was `relation` `target`, as in "model:v3 made by final-1"."""

    source: Run | Version
    relation: str
    """`made by`, `used`, `made`, `used by`, `derived from`, `trained on`, `satisfies`…"""
    target: Run | Version


class Lineage:
    """Everything that a run or a version came from, and everything that came of it."""

    def __init__(self, reader: Reader, walk: Walk) -> None:
        self._things: dict[str, Run | Version] = {}
        self.root = self._thing(reader, walk.root)
        """What was asked about."""
        self.upstream = tuple(self._edges(reader, walk.upstream))
        """What it came from, from the root outwards: each edge leads one step back."""
        self.downstream = tuple(self._edges(reader, walk.downstream))
        """What came of it, from the root outwards: each edge leads one step on."""
        self.is_cut = walk.is_cut
        """Whether there is more than was walked: a hundred thousand things either way."""

    @property
    def runs(self) -> tuple[Run, ...]:
        """All runs in it, the root among them if it is one."""
        return tuple(thing for thing in self._things.values() if isinstance(thing, Run))

    @property
    def versions(self) -> tuple[Version, ...]:
        """All versions in it, the root among them if it is one."""
        return tuple(thing for thing in self._things.values() if isinstance(thing, Version))

    def _edges(self, reader: Reader, nodes: Iterable[Node]) -> Iterator[Edge]:
        above = [self.root]
        for node in nodes:
            thing = self._thing(reader, node)
            del above[node.depth :]
            yield Edge(above[-1], node.relation, thing)
            above.append(thing)

    def _thing(self, reader: Reader, node: Node) -> Run | Version:
        if node.id not in self._things:
            if node.version is not None:
                self._things[node.id] = Version(reader, node.version)
            elif node.run is not None:
                self._things[node.id] = runs_of(reader, [node.run])[0]
        return self._things[node.id]

    def __repr__(self) -> str:
        return f"<Lineage of {self.root!r}: {len(self.runs):,} runs, {len(self.versions):,} versions>"
