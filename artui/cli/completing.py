"""Completions for tab: catalogs, references, and names of runs, metrics, params and tags in the catalog.

They are asked for on every press of tab, so they read little and open the catalog without tidying it. If something is wrong,
they offer nothing and print no message.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from artui.errors import ArtuiError

if TYPE_CHECKING:
    from artui.query.reader import Reader

SECONDS = 0.2
"""A catalog that answers later offers nothing."""

Offered = list[CompletionItem]


def catalogs(context: click.Context, parameter: click.Parameter, incomplete: str) -> Offered:
    """Offer catalogs by their path."""
    return paths(incomplete) or [CompletionItem(incomplete, type="file")]


def paths(incomplete: str) -> Offered:
    """Offer the catalogs whose path begins with `incomplete`."""
    folder, name = os.path.split(incomplete)
    with contextlib.suppress(OSError, ValueError):
        names = sorted(entry.name for entry in os.scandir(os.path.expanduser(folder) or "."))
        return [
            CompletionItem(os.path.join(folder, file_name))
            for file_name in names
            if file_name.endswith(".artui") and file_name.startswith(name) and (name or file_name[0] != ".")
        ]
    return []


def runs(context: click.Context, parameter: click.Parameter, incomplete: str) -> Offered:
    """Offer names of runs, the newest first."""
    return _offered(context, lambda reader: _runs(reader, incomplete))


def references(context: click.Context, parameter: click.Parameter, incomplete: str) -> Offered:
    """Offer runs and artifacts; behind a `:`, the artifact's aliases and versions."""
    name, colon, part = incomplete.rpartition(":")
    written = f"{name}:" if colon else ""
    words = context.params.get(parameter.name or "")
    # Bash splits words at colons, and asks for completions of the last part.
    if isinstance(words, tuple) and words[-1:] == (":",) and not colon:
        name, colon, words = words[-2] if len(words) > 1 else "", ":", ()
    elif incomplete == ":" and isinstance(words, tuple) and words:
        name, written = words[-1], ""
    if colon and name:
        return _offered(context, lambda reader: _versions(reader, name, part.removeprefix(":"), written))
    return _offered(context, lambda reader: _references(reader, incomplete))


def metrics(context: click.Context, parameter: click.Parameter, incomplete: str) -> Offered:
    """Offer names of metrics."""
    return _offered(context, lambda reader: _names(reader, incomplete, ("metric",)))


def tags(context: click.Context, parameter: click.Parameter, incomplete: str) -> Offered:
    """Offer names of tags."""
    return _offered(context, lambda reader: _names(reader, incomplete, ("tag",)))


def columns(context: click.Context, parameter: click.Parameter, incomplete: str) -> Offered:
    """Offer columns: attributes, metrics, params and tags, also behind a comma."""
    before, comma, part = incomplete.rpartition(",")
    return _offered(context, lambda reader: _fields(reader, before + comma, part))


def filters(context: click.Context, parameter: click.Parameter, incomplete: str) -> Offered:
    """Offer names that a filter may begin with; the rest of a filter has blanks, at which shells split words."""
    if any(sign.isspace() for sign in incomplete):
        return []
    return _offered(context, lambda reader: _fields(reader, "", incomplete))


def subjects(context: click.Context, parameter: click.Parameter, incomplete: str) -> Offered:
    """Offer pages of the manual, and verbs."""
    from artui.cli import VERBS
    from artui.cli.manual import names

    if context.params.get("words"):
        return []
    offered = dict.fromkeys([*names(), "search", *VERBS])
    return [CompletionItem(name) for name in offered if name.startswith(incomplete)]


def _offered(context: click.Context, find: Callable[[Reader], Iterator[str]]) -> Offered:
    """Offer names from the catalog of the command line; one that cannot be read, or answers too late, offers nothing."""
    import sqlite3

    from artui.catalog.finding import find_catalog
    from artui.query.reader import Reader

    with contextlib.suppress(ArtuiError, sqlite3.Error, OSError, ValueError):
        catalog = context.params.get("catalog") or context.find_root().params.get("catalog")
        catalog = next((word for word in context.params.get("words") or () if word.endswith(".artui")), catalog)
        with Reader(find_catalog(catalog)[0]) as reader:
            names = [name for name in dict.fromkeys(find(reader)) if name.isprintable()]
        return [CompletionItem(name) for name in names]
    return []


def _runs(reader: Reader, part: str) -> Iterator[str]:
    from artui.query import beginnings

    with reader.reading(SECONDS) as connection:
        yield from beginnings.run_names(connection, part)


def _references(reader: Reader, part: str) -> Iterator[str]:
    from artui.query import beginnings

    with reader.reading(SECONDS) as connection:
        yield from beginnings.artifact_names(connection, part)
        yield from beginnings.run_names(connection, part)


def _versions(reader: Reader, artifact: str, part: str, written: str) -> Iterator[str]:
    from artui.query import beginnings

    with reader.reading(SECONDS) as connection:
        yield from (written + name for name in beginnings.version_names(connection, artifact, part))


def _names(reader: Reader, part: str, sources: tuple[str, ...]) -> Iterator[str]:
    from artui.query.filter.complete import vocabulary

    with reader.reading(SECONDS) as connection:
        entries = vocabulary(connection)
    yield from (name for source, name, _ in entries if source in sources and name.startswith(part))


def _fields(reader: Reader, before: str, part: str) -> Iterator[str]:
    from artui.query.filter.complete import completions

    for completion in completions(reader, part, len(part)):
        if not any(sign.isspace() or sign in "()" for sign in completion.text):
            yield before + part[: completion.start] + completion.text
