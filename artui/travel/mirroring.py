"""`artui mirror`: the packs of a place are copied to another one, which is then as good as the first.

A pack never changes, so what has its name and its size there is there. Each is held against its digest on the way. Two places
that are mirrored both ways end alike: a stick that is carried between two sites joins their teams.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from artui.content.stores.store import Store
from artui.errors import CatalogReadOnly, StoreDiffers, StoreFailed, UsageError
from artui.settings import load_settings
from artui.travel import packs
from artui.travel.indexing import INDEX, write_index
from artui.travel.packs import Pack
from artui.travel.syncing import Trouble

Tell = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Mirrored:
    """What a mirror did."""

    source: str
    target: str
    copied: tuple[Pack, ...] = ()
    there: int = 0
    """How many packs were there already."""
    troubles: tuple[Trouble, ...] = ()
    """Packs that were left alone."""


def mirror(source: Store, target: Store, *, is_dry: bool = False, tell: Tell | None = None) -> Mirrored:
    """Copy the packs of a place that another one lacks, and write the index there that a web server needs.

    Raises:
        UsageError: both are one place.
        StoreFailed: one of both cannot be read or written to.
    """
    if source.uri == target.uri:
        raise UsageError("Both are one place.", remedy="Name two.")
    if load_settings().read_only:
        raise CatalogReadOnly("Nothing is copied while artui only looks.", remedy="Leave out --read-only, and unset ARTUI_READ_ONLY.")  # fmt: skip
    wanted = packs.listed(source)
    there = {pack.name: pack for pack in packs.listed(target)}
    # One that is there, but shorter, was cut: it is written again.
    missing = [pack for pack in wanted if pack.name not in there or there[pack.name].size_bytes != pack.size_bytes]
    copied, troubles = [], []
    with tempfile.TemporaryDirectory(prefix="artui-") as folder:
        for number, pack in enumerate(missing):
            if tell is not None:
                tell("packs", number, len(missing))
            if is_dry:
                copied.append(pack)
                continue
            try:
                file = packs.fetched(source, pack, Path(folder), tell)
            except StoreDiffers as error:
                troubles.append(Trouble(pack.path, str(error)))
                continue
            except StoreFailed:
                if packs.is_gone(source, pack):  # it was replaced meanwhile
                    continue
                raise
            target.put(pack.path, pack.size_bytes, packs.pieces_of(file, "bytes of a pack", tell))
            file.unlink()
            copied.append(pack)
    if not is_dry:
        target.settle()
        if copied or target.size(INDEX) is None:
            write_index(target, ((pack.path, pack.size_bytes) for pack in packs.listed(target)))
    return Mirrored(source.uri, target.uri, tuple(copied), len(wanted) - len(missing), tuple(troubles))
