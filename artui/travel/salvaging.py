"""`artui salvage`: a new catalog with all that can be read of a damaged one, and a list of what cannot.

It is made whole beside its place, with every digest looked at, and put there at once. The damaged file is only read.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from artui.catalog import opening
from artui.catalog.checking import Finding, Tell, check_data
from artui.catalog.header import look
from artui.catalog.salvaging.salvage import Rows, salvage_rows
from artui.catalog.spool.place import spool_files
from artui.errors import CatalogNotFound
from artui.travel.placing import folder_beside, in_words_of, put, refuse


@dataclass(frozen=True, slots=True)
class Salvaged:
    """What was saved of a damaged catalog, and what is known to be missing."""

    path: Path
    size_bytes: int
    runs: int
    versions: int
    points: int
    rows: Rows
    findings: tuple[Finding, ...]
    """What is wrong with what was saved, as `artui check --data` says it."""
    spools: int
    """Spools beside the damaged file, whose content is not in the new one."""

    @property
    def is_whole(self) -> bool:
        """Whether nothing is known to be missing."""
        return self.rows.is_whole and not self.findings


def salvage(path: Path, out: Path, *, replaces: bool = False, tell: Tell | None = None) -> Salvaged:
    """Write all that can be read of a catalog, however damaged it is, into a new one.

    Args:
        path: the damaged file.
        out: the file that is made.
        replaces: whether a file that is there is replaced.

    Raises:
        UsageError: there is such a file.
        CatalogError: of its kinds: it is no catalog, nothing can be read of it, or the file cannot be made.
    """
    refuse(path, out, replaces=replaces, word="salvaged")
    real = Path(os.path.realpath(path))
    if not real.is_file():
        look(path)  # says what it is instead
        raise CatalogNotFound(f"There is no file {opening.ascii_path(path)}.", remedy="Check the path.")
    mode = stat.S_IMODE(os.stat(real).st_mode)
    with folder_beside(out) as folder, in_words_of(folder / out.name, out, otherwise="nothing was salvaged"):
        made = folder / out.name
        rows = salvage_rows(real, made, tell=tell)
        findings = tuple(check_data(made, tell=tell))
        runs, versions, points = _counts(made)
        size_bytes = made.stat().st_size
        put(made, out, mode=mode, replaces=replaces)
    return Salvaged(out, size_bytes, runs, versions, points, rows, findings, len(spool_files(real)))


def _counts(made: Path) -> tuple[int, int, int]:
    opened = opening.inspect(made)
    with opening.connected(opened) as connection, opening.border(made):
        return tuple(  # type: ignore[return-value]
            int(connection.execute(query).fetchone()[0] or 0)
            for query in ("SELECT count(*) FROM run", "SELECT count(*) FROM version", "SELECT sum(count) FROM block")
        )
