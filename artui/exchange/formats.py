"""The formats that artui reads: each is one folder beside this file, which describes itself for help and messages.

A folder is a format if its `__init__.py` has a `FORMAT`; its `importer.py` then ends with an `IMPORTER`. No importer is loaded
here, so that help and a first look at a folder stay quick.
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
    """The description of one format."""

    name: str
    """The name of its folder; catalogs store it with imported runs."""
    title: str
    """Its usual name: `W&B`."""
    stores: tuple[str, ...]
    """What can be imported, in words: `wandb folders`."""
    hints: tuple[str, ...]
    """Patterns of names of files and folders; a folder with a match is worth searching for stores."""
    before: tuple[str, ...] = ()
    """Formats that look at a folder only after this one has taken its own files and folders out of it."""
    may_be_parts: bool = False
    """Whether its runs may turn out to be parts of runs of other formats."""


def formats() -> tuple[Format, ...]:
    """Give all formats, in the order in which their importers look at a file or folder.

    Raises:
        graphlib.CycleError: two formats each claim to come before the other.
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
    """Give the title of a format; the name itself if there is no such format."""
    return next((format.title for format in formats() if format.name == name), name)


def titles_text() -> str:
    """List the titles of all formats: `MLflow, W&B and TensorBoard`."""
    return listed([format.title for format in formats()])


def stores_text() -> str:
    """List in words everything that can be imported."""
    return listed([words for format in formats() for words in format.stores])


def listed(words: Sequence[str]) -> str:
    """Join words as in a sentence: `a, b and c`."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def may_hold_stores(names: Iterable[str]) -> bool:
    """Say whether any name in a folder looks like a store, or like a folder that holds one."""
    from fnmatch import fnmatchcase

    patterns = [pattern for format in formats() for pattern in format.hints]
    return any(fnmatchcase(name, pattern) for name in names for pattern in patterns)
