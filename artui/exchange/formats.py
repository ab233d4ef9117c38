"""The formats that artui reads: each is one folder beside this file, and says of itself what help and messages need.

A folder is a format's if its `__init__.py` has a `FORMAT`; its `importer.py` then ends with an `IMPORTER`. Asking here loads
no importer, so that help and a first look around stay quick.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from graphlib import TopologicalSorter
from importlib import import_module

import artui.exchange


@dataclass(frozen=True, slots=True)
class Format:
    """What one format says of itself."""

    name: str
    """The name of its folder, which catalogs keep with what was imported."""
    title: str
    """Its name as people write it: `W&B`."""
    stores: tuple[str, ...]
    """What of it can be imported, in words: `wandb folders`."""
    hints: tuple[str, ...]
    """Patterns of the names of files and folders; where one matches, it pays to search for stores."""
    before: tuple[str, ...] = ()
    """Formats that look at a folder after this one has taken out of it what belongs to its own runs."""
    may_be_parts: bool = False
    """Whether its runs may turn out to be parts of the runs of other formats."""


def formats() -> tuple[Format, ...]:
    """Give all formats, in the order in which their importers look at a file or folder.

    Raises:
        graphlib.CycleError: two formats each want to be before the other.
    """
    return _formats_in(tuple(artui.exchange.__path__))


@cache
def _formats_in(folders: tuple[str, ...]) -> tuple[Format, ...]:
    packages = [import_module(f"artui.exchange.{entry.name}") for entry in pkgutil.iter_modules(folders) if entry.ispkg]
    by_name: dict[str, Format] = {
        package.FORMAT.name: package.FORMAT for package in packages if hasattr(package, "FORMAT")
    }
    earlier = {name: [other for other, format in by_name.items() if name in format.before] for name in sorted(by_name)}
    return tuple(by_name[name] for name in TopologicalSorter(earlier).static_order())


def title_of(name: str) -> str:
    """Give the title of a format; its name where there is no such format."""
    return next((format.title for format in formats() if format.name == name), name)


def titles_text() -> str:
    """List the titles of all formats: `MLflow, W&B and TensorBoard`."""
    return listed([format.title for format in formats()])


def stores_text() -> str:
    """List in words all that can be imported."""
    return listed([words for format in formats() for words in format.stores])


def listed(words: Sequence[str]) -> str:
    """Join words as a sentence does."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def may_hold_stores(names: Iterable[str]) -> bool:
    """Say whether any of the names in a folder is one that stores or their folders have."""
    from fnmatch import fnmatchcase

    patterns = [pattern for format in formats() for pattern in format.hints]
    return any(fnmatchcase(name, pattern) for name in names for pattern in patterns)
