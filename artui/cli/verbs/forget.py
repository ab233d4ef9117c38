"""`artui forget REF|TEXT`: takes a run, a version or a text out of a catalog for good."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from artui.cli.common import catalog_option, is_word_typed, open_reader, warn_red
from artui.units import plural

if TYPE_CHECKING:
    from artui.catalog.forgetting import Found
    from artui.model import RunHead, VersionHead
    from artui.query.reader import Reader

_WORD = "forget"


@click.command("forget")
@click.argument("what", metavar="REF|TEXT")
@click.option(
    "--text",
    "is_text",
    is_flag=True,
    help="It is a text, even if a run or an artifact is called so. `-` reads it from standard input.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@catalog_option
def command(what: str, is_text: bool, yes: bool, catalog: str | None) -> int:
    """Take a run, a version (NAME:v3), or every place of a TEXT out of the catalog for good. Nothing brings it back.

    The text is removed from all tables, stored files, the journal and the index of words; backups beside the catalog are
    removed, and the file is written anew. That something was forgotten, when and by whom, stays.
    """
    from artui.catalog import Catalog, forgetting
    from artui.errors import CatalogDamaged, UsageError
    from artui.model import RunHead

    text = sys.stdin.read().rstrip("\r\n") if what == "-" else what
    with open_reader(catalog, say=False) as reader:
        path = reader.path
        subject = None if is_text or what == "-" else _subject(reader, text)
        warnings = () if subject is None or isinstance(subject, RunHead) else _warnings(reader, subject)
    forgetting.check_alone(path)
    with Catalog(path) as opened:
        if subject is None:
            found = forgetting.find_text(opened, text)
            if not found.count:
                click.echo("Nothing in the catalog holds this text.", err=True)
                return 1
            _print(found)
            question = "This text is taken out of all of them"
        elif isinstance(subject, RunHead):
            question = f"The run {subject.name} is taken out, with its points, logs and history"
        else:
            question = f"{subject.reference} is taken out, with its content and history"
        for warning in warnings:
            warn_red(warning)
        if not yes and not is_word_typed(f"{question}, for good", _WORD):
            raise UsageError("Nothing was forgotten.", remedy="Say --yes, or type the word when you are asked.")
        if subject is None:
            forgetting.forget_text(opened, text)
        elif isinstance(subject, RunHead):
            forgetting.forget_run(opened, subject.id)
        else:
            forgetting.forget_version(opened, subject.id)
    if subject is None and (holding := forgetting.still_holds(path, text)):
        raise CatalogDamaged(
            f"{holding[0].name} still holds the text.",
            remedy="Close whatever has the catalog open, and forget it again.",
        )
    click.echo("Forgotten. The journal says when and by whom, not what.")
    return 0


def _subject(reader: object, text: str) -> RunHead | VersionHead | None:
    """Give the run or version that a text refers to; None if it is a text."""
    from artui.errors import AmbiguousReference, UsageError
    from artui.model import RunHead
    from artui.query.references import resolve, resolve_deleted
    from artui.reference import parse

    try:
        subject = resolve(reader, text)  # type: ignore[arg-type]
    except AmbiguousReference:
        raise
    except UsageError:
        return resolve_deleted(reader, text)  # type: ignore[arg-type]
    if isinstance(subject, RunHead) or parse(text).has_version:
        return subject
    raise UsageError(
        f"{text!r} names an artifact, not a version.",
        remedy=f"Write {subject.reference}, or --text for all places of the name.",
    )


def _warnings(reader: Reader, head: VersionHead) -> tuple[str, ...]:
    """Say what a version's aliases and what rests on it would be without, in the words of the app."""
    from artui.query.resting import resting_on
    from artui.sheets.version import consequences

    return tuple(f"{head.reference}: {text}" for text in consequences([head], resting_on(reader, [head.key])))


def _print(found: Found) -> None:
    for place, count in found.rows.items():
        click.echo(f"  {place}: {plural(count, 'file' if place.endswith(('files', 'beside it')) else 'row')}", err=True)
