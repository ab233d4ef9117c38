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
    from artui.query.filter.offers import Subject
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
    name, part, written = _parted(context, parameter, incomplete, ":")
    if name:
        return _offered(context, lambda reader: _versions(reader, name, part, written))
    return _offered(context, lambda reader: _references(reader, incomplete))


def deployments(context: click.Context, parameter: click.Parameter, incomplete: str) -> Offered:
    """Offer names of deployments."""
    return _offered(context, lambda reader: _deployments(reader, incomplete))


def deleted(context: click.Context, parameter: click.Parameter, incomplete: str) -> Offered:
    """Offer what is deleted and can be restored: runs by their names, versions by their references."""
    name, part, written = _parted(context, parameter, incomplete, ":")
    whole = f"{name}:{part}" if name else incomplete

    def find(reader: Reader) -> Iterator[str]:
        from artui.query import beginnings

        with reader.reading(SECONDS) as connection:
            found = list(beginnings.deleted_names(connection, whole))
        yield from (written + text.removeprefix(f"{name}:") if name else text for text in found)

    return _offered(context, find)


def facts(context: click.Context, parameter: click.Parameter, incomplete: str) -> Offered:
    """Offer the facts that can be declared, and behind the `=` what is declared of other artifacts."""
    name, part, written = _parted(context, parameter, incomplete, "=")
    typed = context.params.get(parameter.name or "")
    if not name and not incomplete and isinstance(typed, tuple) and typed and "=" not in typed[-1]:
        # click takes an `=` alone for nothing.
        name = typed[-1]

    def find(reader: Reader) -> Iterator[str]:
        from artui.query.declared import facts_by_name

        with reader.reading(SECONDS) as connection:
            values = {value for value, _ in facts_by_name(connection).get(name.lower(), ())}
        values.update(FACTS[name.lower()].values if name.lower() in FACTS else ())
        yield from (written + value for value in sorted(values) if value.startswith(part))

    from artui.model import FACTS

    if name:
        return _offered(context, find)
    return [CompletionItem(f"{fact}=") for fact in FACTS if fact.startswith(incomplete.lower())]


def _parted(context: click.Context, parameter: click.Parameter, incomplete: str, sign: str) -> tuple[str, str, str]:
    """Part what is typed at a sign.

    Returns:
        What stands before the sign, empty without one; what stands behind it; and what the shell wants to be repeated.
    """
    name, found, part = incomplete.rpartition(sign) if sign == ":" else incomplete.partition(sign)
    if not found:
        name, part = "", incomplete
    written = f"{name}{sign}" if found else ""
    words = context.params.get(parameter.name or "")
    # Bash splits words at such signs, and asks for completions of the last part.
    if isinstance(words, tuple) and words[-1:] == (sign,) and not found:
        name, part = words[-2] if len(words) > 1 else "", incomplete
    elif incomplete == sign and isinstance(words, tuple) and words:
        name, part, written = words[-1], "", ""
    return name, part, written


def metrics(context: click.Context, parameter: click.Parameter, incomplete: str) -> Offered:
    """Offer names of metrics."""
    return _offered(context, lambda reader: _names(reader, incomplete, ("metric",)))


def tags(context: click.Context, parameter: click.Parameter, incomplete: str) -> Offered:
    """Offer names of tags."""
    return _offered(context, lambda reader: _names(reader, incomplete, ("tag",)))


def columns(context: click.Context, parameter: click.Parameter, incomplete: str) -> Offered:
    """Offer columns: attributes, metrics, params and tags, also behind a comma; of artifacts those of their table."""
    before, comma, part = incomplete.rpartition(",")
    if context.params.get("artifacts"):
        return _offered(context, lambda reader: _artifact_columns(reader, before + comma, part))
    return _offered(context, lambda reader: _fields(reader, before + comma, part))


def filters(context: click.Context, parameter: click.Parameter, incomplete: str) -> Offered:
    """Offer names that a filter may begin with; the rest of a filter has blanks, at which shells split words."""
    if any(sign.isspace() for sign in incomplete):
        return []
    subject: Subject = "versions" if context.params.get("artifacts") else "runs"
    return _offered(context, lambda reader: _fields(reader, "", incomplete, subject))


def artifact_filters(context: click.Context, parameter: click.Parameter, incomplete: str) -> Offered:
    """Offer names that a filter of artifacts may begin with."""
    if any(sign.isspace() for sign in incomplete):
        return []
    return _offered(context, lambda reader: _fields(reader, "", incomplete, "versions"))


def queries(context: click.Context, parameter: click.Parameter, incomplete: str) -> Offered:
    """Offer views, tables, columns and words of SQL, in a word that holds a whole query as well as in several; behind `--schema` names alone."""

    def find(reader: Reader) -> Iterator[str]:
        from artui.query.sql.offers import offers
        from artui.query.sql.relations import relations

        every = relations(reader)
        if context.params.get("is_schema"):
            yield from (one.name for one in every if one.name.startswith(incomplete))
            return
        words = context.params.get("words") or ()
        before = "".join(f"{word} " for word in words if not word.endswith(".artui"))
        text = before + incomplete
        for one in offers(text, len(text), every):
            if one.start >= len(before):
                yield text[len(before) : one.start] + one.text

    return _offered(context, find)


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
        named = context.params.get("catalogs") or (context.params.get("catalog"),)
        catalog = named[0] or context.find_root().params.get("catalog")
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


def _deployments(reader: Reader, part: str) -> Iterator[str]:
    from artui.query import beginnings

    with reader.reading(SECONDS) as connection:
        yield from beginnings.deployment_names(connection, part)


def _versions(reader: Reader, artifact: str, part: str, written: str) -> Iterator[str]:
    from artui.query import beginnings

    with reader.reading(SECONDS) as connection:
        yield from (written + name for name in beginnings.version_names(connection, artifact, part))


def _names(reader: Reader, part: str, sources: tuple[str, ...]) -> Iterator[str]:
    from artui.query.filter.complete import vocabulary

    with reader.reading(SECONDS) as connection:
        entries = vocabulary(connection)
    yield from (name for source, name, _ in entries if source in sources and name.startswith(part))


def _artifact_columns(reader: Reader, before: str, part: str) -> Iterator[str]:
    from artui.query.artifactrows import artifact_columns
    from artui.query.runs.export import header_of

    yield from (before + name for name in map(header_of, artifact_columns(reader)) if name.startswith(part))


def _fields(reader: Reader, before: str, part: str, subject: Subject = "runs") -> Iterator[str]:
    from artui.query.filter.offers import offers

    for completion in offers(reader, part, len(part), subject):
        if not any(sign.isspace() or sign in "()" for sign in completion.text):
            yield before + part[: completion.start] + completion.text
