"""The answer of a query as a file that the user names on a screen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from artui.query.sql.asking import asking
from artui.query.sql.writing import format_of
from artui.travel.answers import place_for_answer, write_answer

if TYPE_CHECKING:
    from artui.query.reader import Reader


def write_query(reader: Reader, query: str, seconds: float, name: str, *, is_stopped: Callable[[], bool]) -> str:
    """Ask once more, and write all rows as they come; give the full path.

    Raises:
        UsageError, CatalogError, QueryTooSlow, PackageMissing: it cannot be written.
        QueryStopped: `is_stopped` said so; nothing is written then.
    """
    with asking(reader, query, {}, seconds=seconds, is_stopped=is_stopped) as answer:
        return write_rows(reader, answer.names, answer.rows, name)


def write_rows(reader: Reader, names: Sequence[str], rows: Iterable[Sequence[Any]], name: str) -> str:
    """Write rows in the format of the file's ending; give its full path.

    Raises:
        UsageError, CatalogError, PackageMissing: it cannot be written.
    """
    format = format_of(Path(name))
    out = place_for_answer(reader, name, replaces=False)
    write_answer(out, format, names, rows, replaces=False)
    return str(out)
