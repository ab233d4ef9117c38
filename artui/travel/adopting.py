"""`artui adopt`: a catalog of somebody else's as a fresh one of one's own, row by row, once everything in it was checked.

Nothing of its pages survives: what its sender had deleted, and what they may have hidden between rows, is not in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from artui.catalog import opening
from artui.catalog.checking import Finding, Tell, check_data
from artui.errors import CatalogDamaged
from artui.travel.placing import refuse
from artui.travel.sharing import Order, Shared, share


@dataclass(frozen=True, slots=True)
class Adopted:
    """What was found in a catalog, and what came of it."""

    findings: tuple[Finding, ...]
    """What is wrong with it."""
    free_bytes: int
    """Of its free pages, which were dropped."""
    shared: Shared | None
    """What was taken over; None if it was refused for what is wrong with it."""


def adopt(
    path: Path, out: Path, *, with_damaged: bool = False, is_dry: bool = False, replaces: bool = False, tell: Tell | None = None
) -> Adopted:  # fmt: skip
    """Check a catalog with all its data, and copy it row by row into a fresh one.

    Args:
        path: the catalog.
        out: the file that is made.
        with_damaged: whether it is taken over although something is wrong with it.
        is_dry: whether nothing is kept.
        replaces: whether a file that is there is replaced.

    Raises:
        UsageError: there is such a file.
        CatalogError: of its kinds: it cannot be read, or the file cannot be made.
    """
    refuse(path, out, replaces=replaces, word="adopted")
    findings: list[Finding] = []
    opened = opening.inspect(path)
    try:
        opening.check_damage(opened)
    except CatalogDamaged as error:
        findings.append(Finding("structure", "", "", error.message))
    findings += check_data(path, tell=tell)
    with opening.connected(opened) as connection, opening.border(opened.path):
        free, size = (
            int(connection.execute(f"PRAGMA {name}").fetchone()[0]) for name in ("freelist_count", "page_size")
        )
    shared = None
    if with_damaged or not findings:
        shared = share(
            path, out, Order(), is_dry=is_dry, replaces=replaces, keeps_mode=False, word="adopted", tell=tell
        )
    return Adopted(tuple(findings), free * size, shared)
