"""Which catalog a command line names: the option before the verb or behind it, or a word that is one's path."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from artui.cli import completing
from artui.cli.recognise import CatalogAt, Nothing, recognise
from artui.errors import UsageError
from artui.safetext import clean

Function = TypeVar("Function", bound=Callable[..., Any])


def catalog_option_of(help: str) -> Callable[[Function], Function]:
    """Make the option that names the catalog; it may stand before the verb, too."""
    return click.option(
        "--catalog", "-c", "catalog", metavar="FILE", multiple=True, callback=_one_catalog, help=help,
        shell_complete=completing.catalogs,
    )  # fmt: skip


def without_catalog(words: Sequence[str], catalog: str | None) -> tuple[tuple[str, ...], str | None]:
    """Take out of words the path of a catalog, which is the one that is meant; give the other words, and the catalog.

    Raises:
        UsageError: that makes two catalogs.
    """
    paths = [word for word in words if is_catalog(word)]
    if not paths:
        return tuple(words), catalog
    return tuple(word for word in words if word not in paths), one_catalog([*paths, *([catalog] if catalog else [])])


def one_catalog(paths: Iterable[str]) -> str | None:
    """Give the one catalog that is named, however often; of a folder, the one that lies in it.

    Raises:
        UsageError: several are named, or a folder has none or several.
    """
    by_place = {os.path.abspath(os.path.expanduser(path)): path for path in paths if path}
    if len(by_place) > 1:
        first, second, *_ = by_place.values()
        raise UsageError(
            f"Two catalogs are named: {clean(first)} and {clean(second)}.", remedy="Name the one that is meant."
        )
    return next((catalog_inside(path) for path in by_place.values()), None)


def single_path(paths: Sequence[str]) -> str | None:
    """Give what is named, as it is; several are refused."""
    one_catalog(paths) if len(set(paths)) > 1 else None
    return paths[0] if paths else None


def before_verb(context: click.Context) -> tuple[str, ...]:
    """Give what `--catalog` names before the verb."""
    path = context.find_root().params.get("catalog") if context.parent is not None else None
    return (path,) if path else ()


def is_catalog(word: str) -> bool:
    """Say whether a word is the path of a catalog that is there."""
    return os.path.isfile(word) and isinstance(recognise(Path(word)), CatalogAt)


def catalog_inside(path: str) -> str:
    """Give a path; in place of a folder's, that of the one catalog in it.

    Raises:
        UsageError: a folder has none, or several.
    """
    folder = os.path.expanduser(path)
    if not os.path.isdir(folder):
        return path
    place = recognise(Path(folder))
    if isinstance(place, CatalogAt):
        return os.path.join(path, place.path.name)
    if isinstance(place, Nothing):
        why = getattr(place.error, "strerror", "it is not there any more")
        raise UsageError(f"{clean(path)} cannot be looked into: {why}.", remedy="Name a file.")
    held = f"{len(place.catalogs)} catalogs" if place.catalogs else "no catalog"
    example = os.path.join(path, place.catalogs[0] if place.catalogs else "NAME.artui")
    raise UsageError(f"{clean(path)} is a folder with {held}.", remedy=f"Name a file, such as {clean(example)}.")


def _one_catalog(context: click.Context, _: click.Parameter, paths: tuple[str, ...]) -> str | None:
    """Give the catalog that is named before the verb, behind it, or both."""
    return one_catalog((*before_verb(context), *paths))


catalog_option = catalog_option_of("The catalog.")
