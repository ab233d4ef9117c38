"""The answer of a query as a screen shows it, and what its rows are about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from artui.errors import UnknownReference, UsageError
from artui.query.sql.asking import Beginning
from artui.query.sql.writing import ODD, text_of

if TYPE_CHECKING:
    from artui.model import RunHead, VersionHead
    from artui.query.reader import Reader

_IDS = ("run_id", "version_id", "id")
"""Columns that name a run or a version, the first that there is before all others."""
_NAMES = ("version", "run", "reference")
"""Columns that do so by name, as views have them."""
_ID_CHARS = 26


def shown(answer: Beginning) -> tuple[list[Any], ...]:
    """Give the columns with cells that can be sorted and aligned: blobs are texts, and `nan` among numbers is one."""
    return tuple(_shown(cells) for cells in answer.columns)


def _shown(cells: list[Any]) -> list[Any]:
    types = set(map(type, cells))
    if bytes in types:
        return [text_of(cell) if isinstance(cell, bytes) else cell for cell in cells]
    if str in types and types & {int, float} and all(cell in ODD for cell in cells if isinstance(cell, str)):
        return [float(cell) if isinstance(cell, str) else cell for cell in cells]
    return cells


def whole_text(cell: Any) -> str:
    """Write a cell with all that is in it; NULL is so named."""
    return "NULL" if cell is None else text_of(cell)


def is_id(name: str, cell: Any) -> bool:
    """Say whether a cell may be the id of a run or a version, by the name of its column."""
    return (name == "id" or name.endswith("_id")) and isinstance(cell, str) and len(cell) == _ID_CHARS


def is_about_thing(names: Sequence[str], row: Sequence[Any]) -> bool:
    """Say whether a row may name a run or a version."""
    return next(_candidates(names, row, -1), None) is not None


def thing_in(reader: Reader, names: Sequence[str], row: Sequence[Any], column: int) -> RunHead | VersionHead:
    """Give the run or version that a row is about: the one whose id is in a column, else the one that it names.

    Args:
        reader: the catalog.
        names: the columns.
        row: the cells.
        column: the one that comes before all others, such as that under the cursor.

    Raises:
        UsageError: it names none.
    """
    from artui.query.between import end_of
    from artui.query.references import resolve_any

    for text, is_by_id in _candidates(names, row, column):
        try:
            return end_of(reader, text) if is_by_id else resolve_any(reader, text)
        except UnknownReference:
            continue
    raise UsageError(
        "This row names no run and no version.", remedy="Ask for a column run_id, version_id or id, and o opens it."
    )


def _candidates(names: Sequence[str], row: Sequence[Any], column: int) -> Iterator[tuple[str, bool]]:
    """Give what may name a thing, and whether it is an id."""
    cells = dict(zip(names, row, strict=True))
    first = [names[column]] if 0 <= column < len(names) else []
    ids = dict.fromkeys([*first, *_IDS, *names])
    yield from ((cells[name], True) for name in ids if name in cells and is_id(name, cells[name]))
    yield from (
        (cells[name], False)
        for name in dict.fromkeys([*(one for one in first if one in _NAMES), *_NAMES])
        if isinstance(cells.get(name), str) and 0 < len(cells[name]) <= 300
    )
