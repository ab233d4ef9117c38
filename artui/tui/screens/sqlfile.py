"""The answer of a query as a file that the user names: whole, or not there."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from artui.query.sql.asking import asking
from artui.query.sql.writing import format_of, write_file
from artui.travel.placing import folder_beside, put, refuse

if TYPE_CHECKING:
    from artui.query.reader import Reader

_MODE = 0o644


def write_query(reader: Reader, query: str, seconds: float, name: str) -> str:
    """Ask once more, and write all rows as they come; give the full path.

    Raises:
        UsageError, CatalogError, QueryTooSlow, PackageMissing: it cannot be written.
    """
    with asking(reader, query, {}, seconds=seconds) as answer:
        return write_answer(reader.path, answer.names, answer.rows, name)


def write_answer(catalog: Path, names: Sequence[str], rows: Iterable[Sequence[Any]], name: str) -> str:
    """Write rows in the format of the file's ending; give its full path.

    Raises:
        UsageError, CatalogError, PackageMissing: it cannot be written.
    """
    out = Path(os.path.abspath(Path(name).expanduser()))
    format = format_of(out)
    refuse(catalog, out, replaces=False, word="asked")
    with folder_beside(out) as folder:
        made = folder / "answer"
        write_file(made, format, names, rows)
        put(made, out, mode=_MODE, replaces=False)
    return str(out)
