"""What rests on a run or a version: which runs used it, what was made of that, and what of it is in production."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from artui.model import PRODUCTION, RunHead, VersionHead
from artui.query.graph import USED, Direction, Thing, read_graph, runs_there

if TYPE_CHECKING:
    from artui.query.graph import Edge, Graph
    from artui.query.reader import Reader

DEPLOYED = frozenset({"deployment"})
"""Kinds of artifacts that say of others that they are in use."""

DOWN: tuple[Direction, ...] = ("down",)


@dataclass(frozen=True, slots=True)
class InProduction:
    """A version in production that rests on something, and how."""

    version: VersionHead
    via: tuple[RunHead | VersionHead, ...]
    """What lies between, by the fewest steps, from what was asked about to the version; without both."""


@dataclass(frozen=True, slots=True)
class Impact:
    """What rests on a run or a version. What was deleted is left out, and what rests on that is not."""

    subject: RunHead | VersionHead
    users: tuple[RunHead, ...]
    """The runs that used it itself, or, of a run, what it made; the newest first."""
    runs: tuple[RunHead, ...]
    """All runs that rest on it, the newest first."""
    versions: tuple[VersionHead, ...]
    """All versions that rest on it, by stage, kind and name, the newest first."""
    in_production: tuple[InProduction, ...]
    """Those of the versions that are in production, by the alias or as what is deployed."""


def impact(reader: Reader, subject: RunHead | VersionHead) -> Impact:
    """Find what rests on a run or a version, however far."""
    with reader.snapshot() as connection:
        graph = read_graph(connection, subject, directions=DOWN)
        there = runs_there(connection, graph.runs)
    leading = graph.steps_from_root("down")
    runs = [graph.runs[thing.key] for thing in leading if thing.is_run and thing.key in there]
    versions = [graph.versions[thing.key] for thing in leading if not thing.is_run]
    versions = [head for head in versions if head.removed_ms is None and head.deleted_ms is None]
    versions.sort(key=lambda head: (head.stage, head.kind, head.artifact, -head.number))
    made = [graph.root] if not graph.root.is_run else [edge.target for edge in graph.down.get(graph.root, ())]
    used_by = {edge.target.key for thing in made for edge in graph.down.get(thing, ()) if edge.relation == USED}
    users = [run for run in runs if run.key in used_by]
    in_production = tuple(
        InProduction(head, tuple(_between(graph, leading, Thing(False, head.key))))
        for head in versions
        if is_in_production(head)
    )
    return Impact(subject, tuple(_newest(users)), tuple(_newest(runs)), tuple(versions), in_production)


def is_in_production(head: VersionHead) -> bool:
    """Say whether a version is in use: by its alias, or as what is deployed."""
    is_there = head.deleted_ms is None and head.removed_ms is None and not head.is_retired
    return is_there and (PRODUCTION in head.aliases or head.kind in DEPLOYED)


def _newest(runs: list[RunHead]) -> list[RunHead]:
    return sorted(runs, key=lambda run: (-run.started_ms, run.key))


def _between(graph: Graph, leading: dict[Thing, Edge], thing: Thing) -> list[RunHead | VersionHead]:
    """Give what lies between the root and a thing."""
    path: list[RunHead | VersionHead] = []
    while (source := leading[thing].source) != graph.root:
        path.append(graph.runs[source.key] if source.is_run else graph.versions[source.key])
        thing = source
    return path[::-1]
