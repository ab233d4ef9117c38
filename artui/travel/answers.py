"""The answer of a query as a file that the user names: whole, or not there."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from artui.query.sql.writing import write_file
from artui.travel.placing import folder_beside, put, refuse

if TYPE_CHECKING:
    from artui.query.reader import Reader


def place_for_answer(reader: Reader, name: str, *, replaces: bool) -> Path:
    """Give the full path of a file that an answer may become.

    Raises:
        UsageError: it is there already, it is a catalog that is asked, or there is no such folder.
    """
    out = Path(os.path.abspath(os.path.expanduser(name)))
    for catalog in reader.files:
        refuse(catalog, out, replaces=replaces, word="asked")
    return out


def write_answer(out: Path, format: str, names: Sequence[str], rows: Iterable[Sequence[Any]], *, replaces: bool) -> int:
    """Write rows in a format, as they come; give their number.

    Raises:
        UsageError, CatalogError, PackageMissing: it cannot be written.
    """
    with folder_beside(out) as folder:
        made = folder / "answer"
        count = write_file(made, format, names, rows)
        # As any new file of this user's.
        put(made, out, mode=stat.S_IMODE(made.stat().st_mode), replaces=replaces)
    return count
