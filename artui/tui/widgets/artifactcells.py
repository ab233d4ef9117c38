"""Cells of an artifact in the table: what the version that is shown has, its metadata, its facts; of a stage, sums."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from artui.query.artifactrows import kind_of, title_of, total_id
from artui.safetext import cells_of, clean
from artui.tui.aliases import artifact_aliases
from artui.tui.cells import Shape, Span, fit, fit_middle, resized_shape
from artui.units import DIGITS, age_text, bytes_text, column_text, count_text, decimals_of, number_text, param_text

if TYPE_CHECKING:
    from artui.model import ArtifactRow, Column

_MOST_CELLS = {"alias": 22, "kind": 16, "digest": 12, "id": 26}
_MAX_TEXT_CELLS = 24
_SUMMED = ("versions", "size", "files")
"""Of these a stage has a sum, over all versions of its artifacts."""


def shape_of(
    column: Column, rows: Sequence[ArtifactRow], now_ms: int, cells: int | None, *, alias_cells: int | None = None
) -> Shape:
    """Choose the width of a column by what stands in it; `cells` is what the user chose, None for nothing.

    Aliases have no more than `alias_cells`, and of these no more than what is then shown of them.
    """
    title = clean(title_of(column), max_chars=40)
    decimals, least = 0, cells_of(title) + 1
    if column.source == "metadata" and column.is_numeric:
        numbers = [value for row in rows if isinstance(value := row.cells.get(column.id), int | float)]
        texts = [number_text(float(number)) for number in numbers]
        decimals = max(map(decimals_of, texts), default=0)
        whole = max((len(text.partition(".")[0]) for text in texts), default=1)
        # Very large and very small ones have exponents, which are no decimals.
        width = max(least, min(max([whole + bool(decimals) + decimals, *map(len, texts)]), 12))
    else:
        most = _MOST_CELLS.get(column.name, _MAX_TEXT_CELLS) if column.source == "version" else _MAX_TEXT_CELLS
        stages: dict[str, list[ArtifactRow]] = {}
        for row in rows if column.name in _SUMMED else ():
            stages.setdefault(row.head.stage, []).append(row)
        sums = [_sum_text(column, part) for part in stages.values()]
        if column.id == "version:alias":
            most = alias_cells or most
            texts = [artifact_aliases(row.head, most) for row in rows]
        else:
            texts = [*(_text(row, column, now_ms) for row in rows), *sums]
        width = max(least, min(most, max(map(cells_of, texts), default=0)))
    shape = Shape(column, title, width, decimals, DIGITS)
    return shape if cells is None else resized_shape(shape, cells)


def artifact_cell(row: ArtifactRow, shape: Shape, now_ms: int) -> Span:
    """Draw what an artifact has in a column, in exactly the cells of that."""
    column = shape.column
    if column.source == "version" and column.name == "alias":
        aliases = artifact_aliases(row.head, shape.width)
        # One style a cell: where an alias leads nowhere, or it is deleted or retired, that is what is to be seen first.
        state = row.head.latest.state if row.head.latest is not None else ""
        style = "bad" if row.head.dangling or state in ("deleted", "removed") else "warn" if state else "good"
        return fit(aliases, shape.width), style
    value = row.cells.get(column.id)
    if value is None:
        return " " * shape.width, "faint"
    if column.source == "metadata" and column.is_numeric and isinstance(value, int | float):
        return fit(column_text(float(value), shape.digits, shape.decimals, shape.width), shape.width, right=True), "text"  # fmt: skip
    text = _text(row, column, now_ms)
    style = "dim" if column.source == "version" else "text"
    return fit(text, shape.width, right=True) if column.is_numeric else fit_middle(text, shape.width), style


def is_sum_of_all(column: Column) -> bool:
    """Whether a stage has a sum here over more than what is shown of its artifacts, and the heading does not say so."""
    return column.source == "version" and column.name in _SUMMED and column.name != "versions"


def sum_cell(rows: Sequence[ArtifactRow], shape: Shape, now_ms: int) -> Span:
    """Draw what the artifacts of a stage have together: how many versions, how large all of these are, since when there is a new one."""
    column, text = shape.column, ""
    if column.source == "version" and column.name in _SUMMED:
        text = _sum_text(column, rows)
    elif column.id == "version:created":
        newest = max((value for row in rows if isinstance(value := row.cells.get(column.id), int)), default=None)
        text = "" if newest is None else age_text(newest, now_ms)
    return fit(text, shape.width, right=column.is_numeric), "faint"


def _sum_text(column: Column, rows: Iterable[ArtifactRow]) -> str:
    """Say what all versions of some artifacts have together, which is more than what is shown of each."""
    counts = column.id if column.name == "versions" else total_id(column.name)
    total = sum(value for row in rows if isinstance(value := row.cells.get(counts), int))
    return bytes_text(total) if kind_of(column) == "bytes" else count_text(total)


def _text(row: ArtifactRow, column: Column, now_ms: int) -> str:
    value, kind = row.cells.get(column.id), kind_of(column)
    if column.id == "version:alias":
        return artifact_aliases(row.head)
    if value is None:
        return ""
    if column.id == "version:version":
        return row.head.latest.version if row.head.latest is not None else f"v{value}"
    if isinstance(value, int) and not isinstance(value, bool) and column.source == "version":
        return (
            bytes_text(value) if kind == "bytes" else age_text(value, now_ms) if kind == "time" else count_text(value)
        )
    return clean(param_text(value), max_chars=200)
