"""`artui delete REF…`: deletes runs and versions, which `artui restore` brings back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from artui.cli import completing
from artui.cli.changing import label_of
from artui.cli.common import catalog_option, open_reader, why_option
from artui.safetext import clean

if TYPE_CHECKING:
    from artui.model import VersionHead
    from artui.query.reader import Reader


@click.command("delete")
@click.argument("references", metavar="REF...", nargs=-1, required=True, shell_complete=completing.references)
@why_option
@catalog_option
def command(references: tuple[str, ...], why: str, catalog: str | None) -> int:
    """Delete runs, and versions as NAME:v3 or NAME:ALIAS: no list shows them. Their content stays until `artui gc`.

    `artui restore` brings them back, and so does `artui undo`. What rests on a version is said.
    """
    from artui.catalog import Catalog, events
    from artui.errors import UsageError
    from artui.model import RunHead
    from artui.query.references import resolve
    from artui.reference import parse

    with open_reader(catalog, say=False) as reader:
        path = reader.path
        subjects = {}
        for text in references:
            subject = resolve(reader, text)
            if not isinstance(subject, RunHead) and not parse(text).has_version:
                raise UsageError(
                    f"{text!r} names an artifact, not a version.", remedy=f"Write {subject.reference}, for example."
                )
            subjects[subject.id] = subject
        versions = [subject for subject in subjects.values() if not isinstance(subject, RunHead)]
        keys = [head.key for head in versions]
        standing = {head.id: _standing(reader, head, keys) for head in versions}
    names = {
        subject.id: subject.name if isinstance(subject, RunHead) else subject.reference for subject in subjects.values()
    }
    with (
        Catalog(path) as opened,
        events.editing(opened, f"deletion of {label_of(list(names.values()))}", why=why) as edit,
    ):
        for subject in subjects.values():
            if isinstance(subject, RunHead):
                edit.trash(subject.id)
            else:
                edit.delete_version(subject.id)
    for subject_id, name in names.items():
        click.echo(f"{clean(name)} is deleted; artui restore {clean(name)} brings it back.")
        if standing.get(subject_id):
            click.echo(f"  it is {clean(standing[subject_id])}")
    return 0


def _standing(reader: Reader, head: VersionHead, keys: Sequence[int]) -> str:
    """Say which aliases a version has, where it serves, and what rests on it but for what is deleted with it.

    For example: `production, serving in fraud-api/production, used by 3 runs`.
    """
    from artui.query.resting import resting_on
    from artui.sheets.version import resting_texts

    resting = resting_on(reader, [head.key], besides=keys)
    texts = resting_texts(resting)
    serving = [f"serving in {name}" for _, name in resting.serving]
    aliases = [alias for alias in head.aliases if alias != "latest"]
    return ", ".join([*aliases, *serving, *([f"used by {texts[0]}"] if texts else [])])
