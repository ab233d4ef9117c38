"""`artui settle`."""

from __future__ import annotations

from pathlib import Path

import click

from artui.safetext import clean
from artui.units import plural


@click.command("settle")
@click.argument("catalog", type=click.Path(path_type=Path))
def command(catalog: Path) -> int:
    """Make a catalog one plain file: bring in, roll back or move aside what a dead process left beside it.

    A temporary folder of records, as a run names it that could write nothing beside its catalog, stands for that catalog.
    A -journal that others may have written is looked at in a private copy; it never deletes a file that it names, and
    is kept beside the catalog under another name.
    """
    from artui.catalog import Catalog, settling
    from artui.catalog.spool import adopting
    from artui.catalog.spool.place import catalog_of, spool_files

    catalog = catalog_of(catalog) or catalog
    waiting = len(spool_files(catalog))
    done = settling.settle_all(catalog)
    if waiting:
        with Catalog(catalog, create=False, migrates=False) as opened:
            adopting.adopt(opened, tell=lambda _, text: click.echo(f"artui: {clean(text)}", err=True))
    if brought := waiting - len(spool_files(catalog)):
        done.append(f"{plural(brought, 'spool')} of what was logged: brought in.")
    for each in done:
        click.echo(clean(each))
    if not done:
        click.echo("It is one plain file already.")
    return 0
