"""`artui settle`: makes a catalog one plain file."""

from __future__ import annotations

from pathlib import Path

import click

from artui.cli import completing
from artui.cli.catalogs import catalog_option, one_catalog
from artui.cli.common import PathType
from artui.paths import usable_path
from artui.safetext import clean
from artui.units import plural


@click.command("settle")
@click.argument("file", required=False, type=PathType(), shell_complete=completing.catalogs)
@catalog_option
def command(file: str | None, catalog: str | None) -> int:
    """Make a catalog one plain file: bring in, roll back or move aside what a dead process left beside it.

    A temporary folder of records, as a run names it that could write nothing beside its catalog, stands for that catalog.
    A -journal that others may have written is looked at in a private copy; it never deletes a file that it names, and
    is kept beside the catalog under another name.
    """
    from artui.catalog import Catalog, settling
    from artui.catalog.spool import adopting
    from artui.catalog.spool.place import catalog_of, spool_files

    belongs_to = catalog_of(Path(file)) if file else None
    named = one_catalog([word for word in (str(belongs_to or file or ""), catalog) if word])
    if named is None:
        raise click.UsageError("Missing argument 'FILE'.", click.get_current_context(silent=True))
    path = usable_path(Path(named).expanduser())
    waiting = len(spool_files(path))
    actions = settling.settle_all(path)
    if waiting:
        with Catalog(path, create=False, migrates=False) as opened:
            adopting.adopt(opened, tell=lambda _, text: click.echo(f"artui: {clean(text)}", err=True))
    if brought := waiting - len(spool_files(path)):
        actions.append(f"{plural(brought, 'spool')} of what was logged: brought in.")
    for action in actions:
        click.echo(clean(action))
    if not actions:
        click.echo("It is one plain file already.")
    return 0
