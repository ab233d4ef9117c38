"""`artui push DEST`: what is new in a catalog goes to a place that several share."""

from __future__ import annotations

import click

from artui.cli.catalogs import catalog_option
from artui.cli.common import PathType, json_option, print_json
from artui.cli.progress import Bar
from artui.cli.servers import push_to, refuse_redaction
from artui.cli.teams import catalog_to_read, is_well, outgoing, outgoing_options, pushed_lines, record


@click.command("push")
@click.argument("dest", metavar="DEST", type=PathType())
@outgoing_options
@click.option("--dry-run", "-n", is_flag=True, help="Say what would go there, and write nothing.")
@catalog_option
@json_option
def command(
    dest: str, redact: str | None, no_content: bool, dry_run: bool, catalog: str | None, as_json: bool
) -> int:  # fmt: skip
    """Write what is new in a catalog into DEST, as one more pack, for all who pull from there.

    DEST is a folder that others reach too (a network drive, a USB stick, a folder that is synced), ssh://host/path,
    s3://bucket/path or another store. Nothing is locked or overwritten there: any number may push at once.

    An MLflow server that a team already runs is mlflow://HOST:5000 or mlflow+https://HOST: see `artui help server`.
    """
    from artui.exchange.mlflow import is_server

    if is_server(dest):
        refuse_redaction(redact)
        return push_to(dest, catalog_to_read(catalog), with_files=not no_content, is_dry=dry_run, as_json=as_json)
    from artui.travel.meeting import meeting_at

    order = outgoing(no_content=no_content, redact=redact)
    meeting, path = meeting_at(dest, is_written=True), catalog_to_read(catalog)
    with Bar() as bar:
        pushed = meeting.push(path, order, is_dry=dry_run, tell=bar.tell)
    if as_json:
        print_json(place=pushed.place, catalog=str(path), is_done=not dry_run, **record((), (pushed,), {}))
    else:
        for line in pushed_lines(pushed, is_dry=dry_run):
            click.echo(line)
        if dry_run:
            click.echo("Nothing was written: this was a dry run.", err=True)
    return 0 if is_well(pushed) else 1
