"""`artui sync DEST`: pulls, then pushes."""

from __future__ import annotations

import click

from artui.cli.catalogs import catalog_option_of
from artui.cli.common import PathType, json_option, print_json
from artui.cli.progress import Bar
from artui.cli.servers import refuse_redaction, sync_with
from artui.cli.teams import (
    catalog_to_change,
    is_well,
    names_in,
    outgoing,
    outgoing_options,
    pulled_lines,
    pushed_lines,
    record,
)


@click.command("sync")
@click.argument("dest", metavar="DEST", type=PathType())
@outgoing_options
@click.option("--dry-run", "-n", is_flag=True, help="Say what would come and go, and write nothing.")
@catalog_option_of("The catalog; made if it is named and not there.")
@json_option
def command(
    dest: str, redact: str | None, no_content: bool, dry_run: bool, catalog: str | None, as_json: bool
) -> int:  # fmt: skip
    """Pull from DEST what others have pushed, then push what is new here, until nothing is new.

    DEST is a folder that others reach too (a network drive, a USB stick, a folder that is synced), ssh://host/path,
    s3://bucket/path or another store.

    An MLflow server that a team already runs is mlflow://HOST:5000 or mlflow+https://HOST: see `artui help server`.
    """
    from artui.exchange.mlflow import is_server

    if is_server(dest):
        refuse_redaction(redact)
        return sync_with(dest, catalog_to_change(catalog), with_files=not no_content, is_dry=dry_run, as_json=as_json)
    from artui.travel.meeting import meeting_at

    order = outgoing(no_content=no_content, redact=redact)
    meeting, path = meeting_at(dest, is_written=True), catalog_to_change(catalog)
    with Bar() as bar:
        synced = meeting.sync(path, order, is_dry=dry_run, tell=bar.tell)
    if as_json:
        fields = record(synced.pulled, synced.pushed, names_in(path, synced.pulled))
        print_json(place=synced.pushed[-1].place, catalog=str(path), is_done=not dry_run, **fields)
    else:
        for pulled, pushed in zip(synced.pulled, synced.pushed, strict=True):
            for line in (*pulled_lines(pulled, is_dry=dry_run), *pushed_lines(pushed, is_dry=dry_run)):
                click.echo(line)
        if dry_run:
            click.echo("Nothing was written: this was a dry run.", err=True)
    return 0 if is_well(*synced.pulled, *synced.pushed) else 1
