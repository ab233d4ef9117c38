"""`artui undo`: takes back the last change, or does it again."""

from __future__ import annotations

import click

from artui.cli.common import catalog_option, open_reader
from artui.safetext import clean
from artui.units import plural


@click.command("undo")
@click.option("--redo", "is_redo", is_flag=True, help="Do again what was taken back last.")
@catalog_option
def command(is_redo: bool, catalog: str | None) -> int:
    """Take back your last change: a note, a name, tags, an alias, a place, what was retired, approved or deleted."""
    from artui.catalog import Catalog, events

    with open_reader(catalog, say=False) as reader, reader.snapshot() as connection:
        path = reader.path
        may_turn = events.may_turn(connection, is_undo=not is_redo)
    outcome = None
    if may_turn:
        with Catalog(path) as opened:
            outcome = events.redo(opened) if is_redo else events.undo(opened)
    if outcome is None:
        click.echo("There is nothing to do again." if is_redo else "There is nothing to take back.", err=True)
        return 1
    if outcome.changed:
        click.echo(f"{'Done again' if is_redo else 'Taken back'}: {clean(outcome.label)}")
    else:
        click.echo(f"Nothing was {'done again' if is_redo else 'taken back'} of: {clean(outcome.label)}", err=True)
    if outcome.for_good:
        click.echo(f"What was {outcome.for_good} since cannot be taken back.", err=True)
    if outcome.kept:
        click.echo(f"{plural(outcome.kept, 'change')} left alone: changed since, or removed for good.", err=True)
    return 0 if outcome.changed else 1
