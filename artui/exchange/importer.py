"""What an importer is: how stores of one format are recognised and taken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from artui.exchange.formats import Format, formats

if TYPE_CHECKING:
    from artui.exchange.intake.intake import Intake
    from artui.exchange.reading.files import Folder
    from artui.exchange.reading.store import Store


@dataclass(frozen=True, slots=True)
class Importer:
    """Reads one format."""

    format: Format
    reads: Callable[[str], bool]
    """Says by a file's name whether a store may be recognised by it."""
    find_file: Callable[[Path], Store | None]
    """Recognises a store by one file."""
    find_folder: Callable[[Folder], list[Store]]
    """Recognises stores in one folder, and removes from it what belongs to them."""
    take: Callable[[Store, Intake], None]
    """Takes a whole store; may raise any of `faults.FAULTS` when its list of runs cannot be read."""
    is_one_store: bool = False
    """Whether all stores below the imported folder are one store, with runs named by their paths below it."""


def importers() -> tuple[Importer, ...]:
    """Give all importers, in the order in which they look at a file or folder."""
    return _importers_of(formats())


@cache
def _importers_of(formats: tuple[Format, ...]) -> tuple[Importer, ...]:
    return tuple(import_module(f"artui.exchange.{format.name}.importer").IMPORTER for format in formats)


def importer_of(name: str) -> Importer:
    """Give the importer of a format.

    Raises:
        LookupError: there is none.
    """
    for importer in importers():
        if importer.format.name == name:
            return importer
    raise LookupError(name)
