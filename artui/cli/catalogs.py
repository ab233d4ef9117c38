"""Which catalog a command line names: by the option before or behind the verb, or by a word that is its path."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from artui.catalog.finding import ENDING
from artui.cli import completing
from artui.cli.recognise import CatalogAt, Nothing, Stores, recognise
from artui.errors import UsageError
from artui.safetext import clean

Function = TypeVar("Function", bound=Callable[..., Any])


def catalog_option_of(help: str) -> Callable[[Function], Function]:
    """Make the `--catalog` option of a verb; the option may also stand before the verb."""
    return click.option(
        "--catalog", "-c", "catalog", metavar="FILE", multiple=True, callback=_one_catalog, help=help,
        shell_complete=completing.catalogs,
    )  # fmt: skip


def catalogs_option(help: str) -> Callable[[Function], Function]:
    """Make the `--catalog` option of a verb that takes several; one may also stand before the verb."""
    return click.option(
        "--catalog", "-c", "catalogs", metavar="FILE", multiple=True, help=help, shell_complete=completing.catalogs,
        callback=lambda context, _, paths: (*before_verb(context), *paths),
    )  # fmt: skip


def catalogs_named(words: Sequence[str], paths: Iterable[str]) -> list[str]:
    """Give all catalogs that are named by options and words, each once; for a folder, the catalog in it.

    Raises:
        UsageError: a word is no catalog, or a folder has none or several.
    """
    for word in words:
        if not is_catalog(word):
            raise UsageError(f"{clean(word)!r} is no catalog.", remedy="Name catalogs alone.")
    by_place = {os.path.abspath(os.path.expanduser(path)): path for path in (*paths, *words) if path}
    return [catalog_inside(path) for path in by_place.values()]


def without_catalog(
    words: Sequence[str], catalog: str | None, *, takes_paths: bool = False
) -> tuple[tuple[str, ...], str | None]:
    """Split words into those that are no path of a catalog, and the catalog to use.

    Args:
        takes_paths: whether the other words are paths, too: then one that is gone may be any of them.

    Raises:
        UsageError: two catalogs are named.
    """
    paths = [word for word in words if is_catalog(word) and not (takes_paths and not os.path.lexists(word))]
    if not paths:
        return tuple(words), catalog
    return tuple(word for word in words if word not in paths), one_catalog([*paths, *([catalog] if catalog else [])])


def one_catalog(paths: Iterable[str]) -> str | None:
    """Give the one catalog among paths that may repeat it; for a folder, the catalog in it. None without paths.

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
    """Give the one path that is named, unchanged, and None without one; raises if there are several."""
    one_catalog(paths) if len(set(paths)) > 1 else None
    return paths[0] if paths else None


def before_verb(context: click.Context) -> tuple[str, ...]:
    """Give the value of `--catalog` before the verb, if it has one."""
    path = context.find_root().params.get("catalog") if context.parent is not None else None
    return (path,) if path else ()


def is_catalog(word: str) -> bool:
    """Say whether a word is the path of a catalog: of one that exists, or by its ending, as nothing else is called so."""
    return Path(word).suffix == ENDING or (os.path.isfile(word) and isinstance(recognise(Path(word)), CatalogAt))


def catalog_inside(path: str) -> str:
    """Give a path as it is; for a folder, the path of the one catalog in it.

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
        why = getattr(place.error, "strerror", "it no longer exists")
        raise UsageError(f"{clean(path)} cannot be looked into: {why}.", remedy="Name a file.")
    if not place.catalogs and _holds_store(place):
        raise UsageError(
            f"{clean(path)} is a store of another tool, and no catalog.",
            remedy=f"`artui {clean(path)}` opens it; `artui import {clean(path)} -c FILE` keeps its runs in a catalog.",
        )
    held = f"{len(place.catalogs)} catalogs" if place.catalogs else "no catalog"
    example = os.path.join(path, place.catalogs[0] if place.catalogs else "NAME.artui")
    raise UsageError(f"{clean(path)} is a folder with {held}.", remedy=f"Name a file, such as {clean(example)}.")


def _holds_store(place: Stores) -> bool:
    """Say whether a folder is a store that can be imported."""
    from artui.errors import NothingToImport
    from artui.exchange.finding import find_stores

    try:
        return bool(find_stores([place.path], depth=1))
    except NothingToImport:
        return False


def _one_catalog(context: click.Context, _: click.Parameter, paths: tuple[str, ...]) -> str | None:
    """Give the catalog that is named before or behind the verb."""
    return one_catalog((*before_verb(context), *paths))


catalog_option = catalog_option_of("The catalog.")


def catalog_and_place(words: Sequence[str], catalog: str | None, name: str) -> tuple[str, str]:
    """Split the words of a verb that makes one file of another: FILE and a place, or only the place if the catalog is named by its option.

    Raises:
        UsageError: one of both is missing, or there are too many.
    """
    context = click.get_current_context(silent=True)
    paths = [catalog] if catalog and len(words) < 2 else []
    if len(words) + len(paths) > 2:
        raise click.UsageError(f"Got unexpected extra argument ({clean(words[2])}).", context)
    both = [*paths, *words]
    if len(both) < 2:
        raise click.UsageError(f"Missing argument '{name if both else 'FILE'}'.", context)
    if len(words) == 2:
        one_catalog([words[0], *([catalog] if catalog else [])])
    return catalog_inside(both[0]), both[1]
