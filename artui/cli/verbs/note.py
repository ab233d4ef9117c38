"""`artui note RUN TEXT`: sets the note of a run."""

from __future__ import annotations

import click

from artui.cli import completing
from artui.cli.common import catalog_option, run_id_of, say_done


@click.command("note")
@click.argument("run", shell_complete=completing.runs)
@click.argument("text")
@catalog_option
def command(run: str, text: str, catalog: str | None) -> int:
    """Write a run's note; an empty text takes it away. What was there stays in the journal of events."""
    from artui.catalog import Catalog, events

    path, run_id, _ = run_id_of(run, catalog)
    with Catalog(path) as opened:
        events.set_note(opened, run_id, text)
    say_done("wrote a note on 1 run" if text else "took the note off 1 run")
    return 0
