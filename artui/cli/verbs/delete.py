"""`artui delete REF…`: deletes runs and versions, which `artui restore` brings back."""

from __future__ import annotations

import click

from artui.cli import completing
from artui.cli.changing import label_of
from artui.cli.common import catalog_option, open_reader, why_option
from artui.safetext import clean


@click.command("delete")
@click.argument("references", metavar="REF...", nargs=-1, required=True, shell_complete=completing.references)
@why_option
@catalog_option
def command(references: tuple[str, ...], why: str, catalog: str | None) -> int:
    """Delete runs, and versions as NAME:v3 or NAME:ALIAS: no list shows them. Their content stays until `artui gc`.

    `artui restore` brings them back, and so does `artui undo`.
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
    for name in names.values():
        click.echo(f"{clean(name)} is deleted; artui restore {clean(name)} brings it back.")
    return 0
