"""`artui settle`."""

from __future__ import annotations

from pathlib import Path

import click

from artui.safetext import clean


@click.command("settle")
@click.argument("catalog", type=click.Path(path_type=Path))
def command(catalog: Path) -> int:
    """Make a catalog one plain file: bring in, roll back or move aside what a dead process left beside it.

    A -journal that others may have written is looked at in a private copy; it never deletes a file that it names, and
    is kept beside the catalog under another name.
    """
    from artui.catalog import settling
    from artui.catalog.spool.place import take_over

    done = settling.settle_all(catalog)
    take_over(catalog)
    for each in done:
        click.echo(clean(each))
    if not done:
        click.echo("It is one plain file already.")
    return 0
