"""What is at a path: a catalog, perhaps stores of other tools, or nothing. Every part of the command line asks here."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from artui.catalog.opening import look
from artui.errors import ArtuiError, NotACatalog


class CatalogAt(NamedTuple):
    """A catalog: the file itself, or the only one in a folder. It may still turn out damaged when it is opened."""

    path: Path


class Stores(NamedTuple):
    """Possible stores of other tools: a folder, or a file that is no catalog."""

    path: Path
    catalogs: tuple[str, ...] = ()
    """Names of catalogs in the folder, if there are several."""
    error: ArtuiError | None = None
    """For a file: why it is no catalog."""

    def find(self) -> None:
        """Search it for stores, which may take long.

        Raises:
            NothingToImport: no store is recognised there.
            StoreNotRead: there are only stores that artui does not read.
        """
        from artui.exchange.finding import find_stores

        find_stores([self.path])


class Nothing(NamedTuple):
    """Nothing that can be opened."""

    path: Path
    error: Exception | None = None
    """Why the path cannot be read; None if nothing exists there."""


def recognise(path: Path) -> CatalogAt | Stores | Nothing:
    """Say what is at a path, by its content; does not search it for stores."""
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
