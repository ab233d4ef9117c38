"""The lines of a lineage: a tree in which a thing stands once, and things of one sort below one other are folded."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from artui.query.around import FEWEST_FOLDED

if TYPE_CHECKING:
    from artui.model import Node
    from artui.query.lineage import Step


@dataclass(frozen=True, slots=True)
class Branch:
    """A thing with all that hangs on it."""

    step: Step
    branches: tuple[Branch, ...] = ()

    @property
    def count(self) -> int:
        """How many things hang on it, near and far."""
        return sum(1 + branch.count for branch in self.branches)


@dataclass(frozen=True, slots=True)
class Row:
    """A line: one thing, or several of one sort."""

    depth: int
    branches: tuple[Branch, ...]
    """One for a thing by itself."""
    fold_id: str = ""
    """Names what enter folds or unfolds here; empty for a thing by itself."""
    is_folded: bool = False

    @property
    def step(self) -> Step:
        """The thing, or the first one."""
        return self.branches[0].step

    @property
    def hidden_count(self) -> int:
        """How many things hang on those that are folded."""
        return sum(branch.count for branch in self.branches) if self.is_folded else 0


def tree_of(steps: Sequence[Step]) -> tuple[Branch, ...]:
    """Give the branches of a walk, of which `steps` are in order of depth first."""
    levels: list[list[Branch]] = [[]]
    for step in reversed(steps):
        while len(levels) <= step.node.depth:
            levels.append([])
        behind = levels[step.node.depth]
        levels[step.node.depth] = []
        levels[step.node.depth - 1].insert(0, Branch(step, tuple(behind)))
    return tuple(levels[0])


def rows_of(branches: Sequence[Branch], unfolded: Collection[str], *, inside: str, depth: int = 1) -> Iterator[Row]:
    """Give the lines of a tree; what is folded in it and not in `unfolded` is one line."""
    by_sort: dict[tuple[str, ...], list[Branch]] = {}
    for branch in branches:
        by_sort.setdefault(_sort_of(branch.step.node), []).append(branch)
    for sort, members in by_sort.items():
        if len(members) < FEWEST_FOLDED:
            for branch in members:
                yield from _with_branches(branch, unfolded, inside, depth)
            continue
        fold_id = "/".join((inside, *sort))
        yield Row(depth, tuple(members), fold_id, fold_id not in unfolded)
        if fold_id in unfolded:
            for branch in members:
                yield from _with_branches(branch, unfolded, inside, depth + 1)


def _with_branches(branch: Branch, unfolded: Collection[str], inside: str, depth: int) -> Iterator[Row]:
    yield Row(depth, (branch,))
    yield from rows_of(branch.branches, unfolded, inside=f"{inside}/{branch.step.node.id}", depth=depth + 1)


def fold_ids(branches: Sequence[Branch], *, inside: str) -> set[str]:
    """Name all that can be folded in a tree."""
    unfolded: set[str] = set()
    while True:
        named = {row.fold_id for row in rows_of(branches, unfolded, inside=inside) if row.fold_id}
        if named == unfolded:
            return unfolded
        unfolded = named


def _sort_of(node: Node) -> tuple[str, ...]:
    """Give what several things must share to be one line."""
    if node.run is not None:
        return node.relation, "run", node.run.stage
    return node.relation, "version", node.version.kind if node.version is not None else ""
