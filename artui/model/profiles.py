"""What the columns of a table are like, and how far two tables differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Value = str | float


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """One column. Times are in milliseconds since 1970, UTC."""

    name: str
    type: str
    """`integer`, `number`, `boolean`, `time`, `text`, `mixed` or `empty`."""
    count: int
    """Cells, empty ones too."""
    null_count: int
    distinct: int
    """Different values: about, unless `is_distinct_exact`."""
    is_distinct_exact: bool
    nan_count: int = 0
    infinite_count: int = 0
    text_count: int = 0
    """Of a column that is not one of texts."""
    other_count: int = 0
    """Cells with lists, objects or bytes."""
    min: float | None = None
    """None where there is no number, like those below."""
    max: float | None = None
    mean: float | None = None
    std: float | None = None
    quantiles: Mapping[str, float] = field(default_factory=dict)
    """By share, such as `0.5`: about, unless `are_quantiles_exact`."""
    are_quantiles_exact: bool = True
    most_frequent: tuple[tuple[Value, int], ...] = ()
    edges: tuple[float, ...] = ()
    """Of the histogram, one more than its counts."""
    counts: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class TableProfile:
    """A table."""

    rows: int
    columns: tuple[ColumnProfile, ...]
    odd_rows: int = 0
    """With more or fewer cells than there are columns."""
    bad_rows: int = 0
    """Records that could not be read."""
    left_out_columns: int = 0
    note: str = ""
    """Why not all of it was read."""


@dataclass(frozen=True, slots=True)
class Spreads:
    """How the values of a column lie in two tables, counted over the same bins, or by the same texts."""

    before: tuple[float, ...]
    """Of each bin or text the share of the first table's cells that have a value."""
    after: tuple[float, ...]
    edges: tuple[float, ...] = ()
    """Of the bins, one more than there are; none of texts."""
    is_log: bool = False
    """Whether the bins are equally wide on a logarithmic axis."""
    texts: tuple[str, ...] = ()
    """The most frequent ones of both, the most frequent first: shares may come to less than one."""


@dataclass(frozen=True, slots=True)
class ColumnDrift:
    """How far a column of one table differs from that of another; what does not fit the type is None."""

    name: str
    word: str
    """`type`, `high`, `moderate`, `new value`, `gone value`, `low`, `unknown` or `none`."""
    before: ColumnProfile
    after: ColumnProfile
    psi: float | None
    psi_by_chance: float | None
    jensen_shannon: float | None
    ks: float | None
    wasserstein: float | None
    null_shift: float
    outside: float | None
    is_of_nulls: bool = False
    """It is the share of empty cells that drifted."""
    moved_value: tuple[str, float, float] | None = None
    """Of texts the one whose share changed most, with both shares: of all rows."""
    new_values: tuple[str, ...] = ()
    gone_values: tuple[str, ...] = ()
    spreads: Spreads | None = None
    """None where nothing can be counted together."""
    is_key: bool = False
    """Rows are paired by it: that it holds others is no drift."""
