"""How one version differs from another."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from artui.model.artifacts import Preview, VersionHead
from artui.model.profiles import ColumnDrift, TableProfile

Change = Literal["added", "removed", "changed", "moved", "unknown"]


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file that is not the same in both versions."""

    path: str
    """As the later version has it; of a removed file as the earlier one had it."""
    change: Change
    """`moved`: the same content by another path. `unknown`: one of the digests is not known, and the sizes are the same."""
    old_path: str = ""
    """Of one that was moved."""
    size_before: int | None = None
    """In bytes; None where it is not."""
    size_after: int | None = None


@dataclass(frozen=True, slots=True)
class VersionDifference:
    """Two versions, and the files that differ: removed, added, changed, moved, by path."""

    before: VersionHead
    after: VersionHead
    files: tuple[FileChange, ...]
    same_count: int
    """Files with the same path and content."""
    facts: tuple[ValueChange, ...] = ()
    """What is declared, and said in the metadata, where it differs."""
    makers: tuple[ValueChange, ...] = ()
    """How they came to be, where that differs: by which runs, of what results, params, inputs and code; and how many runs use each."""


@dataclass(frozen=True, slots=True)
class TensorDistance:
    """How far the values of two tensors of one shape are from each other; at least one of them differs."""

    count: int
    """Of the values of each."""
    changed: int
    """So many of them differ."""
    norm: float
    """Of the difference (Frobenius)."""
    relative: float | None
    """The same, divided by the norm of the first; None where that is zero."""
    largest: float
    """Of the differences of one value."""
    odd: int = 0
    """So many values changed to or from NaN or infinity, and are in none of the distances."""


@dataclass(frozen=True, slots=True)
class ValueChange:
    """A value that differs; None where there is none."""

    name: str
    before: str | None
    after: str | None
    note: str = ""
    """How far: of tensors, of versions of packages; of results whether the later one is `better` or `worse`."""
    distance: TensorDistance | None = None
    """Of tensors that were compared value by value."""


@dataclass(frozen=True, slots=True)
class RowsDifference:
    """How the rows of a table differ."""

    key: tuple[str, ...]
    """The columns by which rows are paired; empty: whole rows are."""
    added: int
    removed: int
    changed: int
    """Rows of the same key with other cells; 0 where whole rows are paired."""
    same: int
    changed_by_column: tuple[tuple[str, int], ...] = ()
    """In how many of the changed rows each column differs, the most first."""
    repeated: int = 0
    """Rows whose key an earlier row has, too: the first is paired with the first, and so on."""
    numeric: frozenset[str] = frozenset()
    """Columns of numbers in both tables: 52 and 52.0 are the same there."""


@dataclass(frozen=True, slots=True)
class ChangedRow:
    """A row that is not the same in two tables."""

    change: Literal["added", "removed", "changed"]
    number: int
    """Its place in the later table, of a removed row in the earlier one; from 1."""
    cells: tuple[tuple[str | None, str | None], ...]
    """As written before and after, by column; None where there is none, as on the other side of an added row."""
    differs: tuple[bool, ...]
    """By column; numbers may be written otherwise and be the same."""


@dataclass(frozen=True, slots=True)
class ChangedRows:
    """The rows that differ: changed ones, then added, then removed ones, each in the order of its table."""

    key: tuple[str, ...]
    names: tuple[str, ...]
    """Of the columns: the key, then those that differ in most rows."""
    rows: tuple[ChangedRow, ...]
    counts: RowsDifference
    """Of all rows, also of those that are not given."""


@dataclass(frozen=True, slots=True)
class TableDifference:
    """How a table differs."""

    before: TableProfile
    after: TableProfile
    added_columns: tuple[str, ...]
    removed_columns: tuple[str, ...]
    drifts: tuple[ColumnDrift, ...]
    """Of the columns that both have, the worst first."""
    rows: RowsDifference | None = None
    """None where rows are not compared: `FileDifference.notes` say why."""


@dataclass(frozen=True, slots=True)
class TextLine:
    """A line of a difference of texts."""

    sign: str
    """` `, `-` of the first alone, `+` of the second alone, `@` between parts, `!` a remark."""
    text: str
    old: int | None = None
    """Its number in the first text, from 1."""
    new: int | None = None
    words: tuple[tuple[int, int], ...] = ()
    """Where in the text are the characters that differ from the line that this one replaces, or is replaced by: from, to."""


@dataclass(frozen=True, slots=True)
class FileDifference:
    """How the content of one file differs."""

    path: str
    kind: Literal["text", "table", "tensors", "values", "packages", "cells", "picture", "bytes", "nothing"]
    """What was compared: `nothing` where the content is not at hand, or the file is only in one of them."""
    summary: str
    """In a few words."""
    notes: tuple[str, ...] = ()
    """What could not be compared, and why."""
    lines: tuple[TextLine, ...] = ()
    added: int = 0
    """Lines."""
    removed: int = 0
    hidden: int = 0
    """Lines, or values, that are not given: there are too many."""
    values: tuple[ValueChange, ...] = ()
    table: TableDifference | None = None
    previews: tuple[Preview | None, Preview | None] = field(default=(None, None))
    """Of pictures."""
