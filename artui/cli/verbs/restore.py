"""`artui restore REF…`: brings deleted runs and versions back."""

from __future__ import annotations

import click

from artui.cli import completing
from artui.cli.changing import label_of
from artui.cli.common import catalog_option, open_reader, why_option
from artui.safetext import clean


@click.command("restore")
@click.argument("references", metavar="REF...", nargs=-1, required=True, shell_complete=completing.deleted)
@why_option
@catalog_option
def command(references: tuple[str, ...], why: str, catalog: str | None) -> int:
    """Bring deleted runs and versions back: a run by its name or id, a version as NAME:v3 or NAME:ALIAS.

    Of several those that cannot come back, since gc removed their points or content, are named, and the others come back.
    """
    from artui.catalog import Catalog, events
    from artui.errors import RemovedForGood
    from artui.query.references import find_deleted

    with open_reader(catalog, say=False) as reader:
        path = reader.path
        named = [find_deleted(reader, text) for text in references]
    with (
        Catalog(path) as opened,
        events.editing(opened, f"return of {label_of([name for *_, name in named])}", why=why) as edit,
    ):
        gone: dict[str, RemovedForGood] = {}
        for kind, subject_id, _ in named:
            try:
                edit.restore(subject_id) if kind == "run" else edit.restore_version(subject_id)
            except RemovedForGood as error:
                if len(named) == 1:
                    raise
                gone[subject_id] = error
    for _, subject_id, name in named:
        if subject_id in gone:
            click.echo(f"artui: {clean(name)} stays deleted: {clean(str(gone[subject_id]))}", err=True)
        else:
            click.echo(f"{clean(name)} is back.")
    if gone:
        click.echo(f"artui: {len(named) - len(gone):,} of {len(named):,} are back.", err=True)
    return 1 if gone else 0
