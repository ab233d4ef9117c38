"""The lines of a lineage: a tree in which a thing stands once, and things of one sort below one other are folded."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from artui.query.around import FEWEST_FOLDED

if TYPE_CHECKING:
    from artui.model import Node
    from artui.query.lineage import Step


@dataclass(frozen=True, slots=True, eq=False)
class Branch:
    """A thing with all that hangs on it, however deep that is."""

    step: Step
    branches: tuple[Branch, ...] = ()
    count: int = 0
    """How many things hang on it, near and far."""


@dataclass(frozen=True, slots=True, eq=False)
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
    """By depth those that wait for what they hang on, the last first."""
    for step in reversed(steps):
        depth = step.node.depth
        while len(levels) <= depth:
            levels.append([])
        behind = tuple(reversed(levels[depth]))
        levels[depth] = []
        levels[depth - 1].append(Branch(step, behind, sum(1 + branch.count for branch in behind)))
    return tuple(reversed(levels[0]))


def rows_of(branches: Sequence[Branch], unfolded: Collection[str] | None, *, inside: str) -> Iterator[Row]:
    """Give the lines of a tree; what is folded in it and not in `unfolded` is one line. None unfolds all of it."""
    waiting = [_folded(branches, unfolded, inside, 1)]
    while waiting:
        row = next(waiting[-1], None)
        if row is None:
            waiting.pop()
            continue
        yield row
        # What hangs on a thing follows it; a thing stands once, so its id says where.
        if not row.fold_id and row.branches[0].branches:
            (branch,) = row.branches
            waiting.append(_folded(branch.branches, unfolded, f"{inside}/{branch.step.node.id}", row.depth + 1))


def _folded(branches: Sequence[Branch], unfolded: Collection[str] | None, inside: str, depth: int) -> Iterator[Row]:
    """Give the lines of things that hang on the same one, without what hangs on them."""
    by_sort: dict[tuple[str, ...], list[Branch]] = {}
    for branch in branches:
        by_sort.setdefault(_sort_of(branch.step.node), []).append(branch)
    for sort, members in by_sort.items():
        is_folded = False
        is_fold = len(members) >= FEWEST_FOLDED
        if is_fold:
            fold_id = "/".join((inside, *sort))
            is_folded = unfolded is not None and fold_id not in unfolded
            yield Row(depth, tuple(members), fold_id, is_folded)
        if not is_folded:
            yield from (Row(depth + is_fold, (branch,)) for branch in members)


def fold_ids(branches: Sequence[Branch], *, inside: str) -> set[str]:
    """Name all that can be folded in a tree."""
    return {row.fold_id for row in rows_of(branches, None, inside=inside) if row.fold_id}


def _sort_of(node: Node) -> tuple[str, ...]:
    """Give what several things must share to be one line."""
    if node.run is not None:
        return node.relation, "run", node.run.stage
    return node.relation, "version", node.version.kind if node.version is not None else ""
