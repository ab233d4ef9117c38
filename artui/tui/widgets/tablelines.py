"""What the table of runs shows: its lines from the top, and its columns from the left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from artui.model import course_id
from artui.tui.widgets.grouplabels import Labels

if TYPE_CHECKING:
    from artui.model import Column
    from artui.query.runs.grouping import Group
    from artui.query.runs.sorting import Sort
    from artui.tui.cells import Shape


_SHOWN_AS_AGES = ("attribute:started", "version:created")


def sort_arrow(sort: Sort) -> str:
    """Give the arrow that says which way a column grows: ages grow as times fall."""
    return "↓" if sort.is_descending != (sort.column in _SHOWN_AS_AGES) else "↑"


class AskedCells(NamedTuple):
    """What is read of each row of the table."""

    columns: tuple[Column, ...]
    sparks: tuple[str, ...]
    """Ids of the columns that have a sparkline."""


class Hidden(NamedTuple):
    """How many columns are not in sight, beyond either edge."""

    left: int = 0
    right: int = 0

    @property
    def text(self) -> str:
        """Say so with arrows: `← 4 · 7 more →`; empty if all are in sight."""
        if not self.right:
            return f"← {self.left} more" if self.left else ""
        return f"{f'← {self.left} · ' if self.left else ''}{self.right} more →"


class View(NamedTuple):
    """How the table is drawn."""

    shapes: tuple[Shape, ...]
    """Columns after status and name."""
    sorts: tuple[Sort, ...]
    """Columns that it is sorted by, the most significant first."""
    pinned: int = 0
    """How many of the first shapes stay when the table is scrolled sideways."""
    is_by_mean: bool = False
    """Whether groups stand by their means in the first column of the sorting."""
    label: str = "attribute:name"
    """The id of what stands in the first column: the name, or what runs are grouped by."""

    @property
    def asked(self) -> AskedCells:
        """What is to be read of each row."""
        sparks = tuple(shape.column.id for shape in self.shapes if shape.spark)
        return AskedCells(tuple(shape.column for shape in self.shapes), sparks)

    @property
    def needed(self) -> frozenset[str]:
        """What a row must have been read for to be drawn so, as rows say it."""
        asked = self.asked
        return frozenset((*(column.id for column in asked.columns), *map(course_id, asked.sparks)))


class TableLines(NamedTuple):
    """The lines of the table: runs, or groups of them."""

    keys: Sequence[int] = ()
    """Runs by their keys, and groups as -1, -2… for the first, the second…"""
    groups: Sequence[Group] = ()
    labels: Labels = Labels()
    """How the groups are named."""
    unfolded: frozenset[str] = frozenset()
    """Ids of the groups whose runs are shown below them."""

    def group_at(self, line: int) -> Group | None:
        """Give the group that a line stands for; None for a run."""
        return self.groups[-line - 1] if 0 < -line <= len(self.groups) else None

    def runs_at(self, line: int) -> Sequence[int]:
        """Give the key of the run that a line stands for, or those of all runs of its group."""
        group = self.group_at(line)
        return group.keys if group is not None else (line,)
