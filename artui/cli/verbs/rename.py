"""`artui rename RUN NAME`: gives a run another name."""

from __future__ import annotations

import click

from artui.cli import completing
from artui.cli.common import catalog_option, run_id_of, say_done
from artui.errors import UsageError


@click.command("rename")
@click.argument("run", shell_complete=completing.runs)
@click.argument("name")
@catalog_option
def command(run: str, name: str, catalog: str | None) -> int:
    """Give a run another name. The one that it had stays in the journal of events; `artui undo` takes it back."""
    from artui.catalog import Catalog, events

    if not name.strip():
        raise UsageError("A run has to have a name.", remedy="Give one with a letter.")
    path, run_id, _ = run_id_of(run, catalog)
    with Catalog(path) as opened:
        events.rename(opened, run_id, name)
    say_done(f"renamed {run} to {name}")
    return 0
