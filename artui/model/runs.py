"""Runs as rows of a list, and the columns of such a list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from artui.model.words import Damage, ParamValue


@dataclass(frozen=True, slots=True)
class RunHead:
    """A run as a row of a list."""

    key: int
    id: str
    name: str
    project: str
    status: str
    """One of STATUSES."""
    stage: str
    started_ms: int
    """0 if it is not known."""
    duration_ms: int | None
    """None while it runs."""
    ended_ms: int | None = None
    parent_id: str | None = None
    damaged: Damage = ()

    def took_ms(self, now_ms: int) -> int | None:
        """Give how long it took, or has taken so far; None if that is not known."""
        if self.duration_ms is not None:
            return self.duration_ms
        return max(0, now_ms - self.started_ms) if self.status == "running" and self.started_ms else None


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the table of runs: an attribute, a param, a metric or a tag; or of that of artifacts: what every version has, metadata or a fact."""

    source: Literal["attribute", "param", "metric", "tag", "version", "metadata", "fact"]
    name: str
    name_key: int = 0
    """Row of the interned name; 0 for attributes."""
    is_numeric: bool = True
    low: float | None = None
    """Smallest value in the catalog, for the width; None when there is none."""
    high: float | None = None
    text_cells: int = 0
    """Longest text seen, for the width of a text column."""
    aggregate: str = "last"
    """Of a metric: `last`, `min`, `max`, `mean`, `first`, `count`…"""
    labels: tuple[str, ...] = ()
    """Of a metric: its slice, which stands in its name as well: `recall[card=gift]`."""

    @property
    def id(self) -> str:
        """What sorts and cells name it by: `param:lr`, `metric:val/loss`, `metric.max:val/acc`."""
        kind = "" if self.aggregate == "last" else f".{self.aggregate}"
        return f"{self.source}{kind}:{self.name}"


def course_id(column_id: str) -> str:
    """Name the course of a column, which is read beside its value."""
    return f"course of {column_id}"


@dataclass(frozen=True, slots=True)
class RunRow:
    """One row of the table: the run and its cells, by column id. Of a column that was read, missing means there is none."""

    head: RunHead
    cells: Mapping[str, ParamValue] = field(default_factory=dict)
    sparks: Mapping[str, Sequence[float]] = field(default_factory=dict)
    """Values for a sparkline, by column id: some tens at most, NaN kept."""
    far_from_best: frozenset[str] = frozenset()
    """Ids of the columns of metrics whose last value is far worse than the best one."""
    read: frozenset[str] = frozenset()
    """What was read of the run: ids of columns, and as `course_id` names them those with their courses."""
    remarks: int = 0
    """1 if it has a note, 2 if it has a tag that somebody gave it later, 3 if it has both."""
