"""`artui settle`."""

from __future__ import annotations

from pathlib import Path

import click

from artui.cli import completing
from artui.cli.catalogs import catalog_option, one_catalog
from artui.cli.common import PathType
from artui.safetext import clean


@click.command("settle")
@click.argument("file", required=False, type=PathType(), shell_complete=completing.catalogs)
@catalog_option
def command(file: str | None, catalog: str | None) -> int:
    """Make a catalog one plain file: bring in, roll back or move aside what a dead process left beside it.

    A -journal that others may have written is looked at in a private copy; it never deletes a file that it names, and
    is kept beside the catalog under another name.
    """
    from artui.catalog import settling
    from artui.catalog.spool.place import take_over

    named = one_catalog([each for each in (file, catalog) if each])
    if named is None:
        raise click.UsageError("Missing argument 'FILE'.", click.get_current_context(silent=True))
    path = Path(named).expanduser()
    done = settling.settle_all(path)
    take_over(path)
    for each in done:
        click.echo(clean(each))
    if not done:
        click.echo("It is one plain file already.")
    return 0
