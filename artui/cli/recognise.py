"""What lies at a path that somebody names: a catalog, perhaps stores of other tools, or nothing. Asked here alone."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from artui.catalog.opening import look
from artui.errors import ArtuiError, NotACatalog


@dataclass(frozen=True, slots=True)
class CatalogAt:
    """A catalog: the file itself, or the only one in a folder. Opening it says what is wrong with it."""

    path: Path


@dataclass(frozen=True, slots=True)
class Stores:
    """What may be stores of other tools: a folder, or a file that is no catalog."""

    path: Path
    catalogs: tuple[str, ...] = ()
    """Names of catalogs in the folder, where there are several."""
    error: ArtuiError | None = None
    """Of a file: why it is no catalog."""

    def find(self) -> None:
        """Look through it, which may take long.

        Raises:
            NothingToImport: no store is recognised there.
            StoreNotRead: there are only such that artui does not read.
        """
        from artui.exchange.finding import find_stores

        find_stores([self.path])


@dataclass(frozen=True, slots=True)
class Nothing:
    """Nothing that could be opened."""

    path: Path
    error: Exception | None = None
    """Why it cannot be looked into; None where nothing is there."""


def recognise(path: Path) -> CatalogAt | Stores | Nothing:
    """Say what lies at a path, by what is in it. No store is looked through for it."""
    if path.is_dir():
        try:
            names = sorted(entry.name for entry in os.scandir(path) if _may_be_catalog(entry))
        except OSError as error:
            return Nothing(path, error)
        return CatalogAt(path / names[0]) if len(names) == 1 else Stores(path, tuple(names))
    if path.suffix == ".artui" and (path.is_file() or path.is_symlink()):
        return CatalogAt(path)
    if not path.is_file():
        return Nothing(path)
    try:
        look(path)
    except NotACatalog as error:
        return Stores(path, error=error)
    except (ArtuiError, OSError) as error:
        return Nothing(path, error)
    return CatalogAt(path)


def _may_be_catalog(entry: os.DirEntry[str]) -> bool:
    return entry.name.endswith(".artui") and not entry.name.startswith(".") and entry.is_file()
