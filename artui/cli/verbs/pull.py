"""`artui pull SRC`: what others have pushed to a place comes into a catalog."""

from __future__ import annotations

import click

from artui.cli.catalogs import catalog_option_of
from artui.cli.common import PathType, json_option, print_json
from artui.cli.progress import Bar
from artui.cli.servers import pull_from
from artui.cli.teams import catalog_to_change, is_well, names_in, pulled_lines, record


@click.command("pull")
@click.argument("src", metavar="SRC", type=PathType())
@click.option("--dry-run", "-n", is_flag=True, help="Say what would come, and write nothing.")
@catalog_option_of("The catalog that gets it; made if it is named and not there.")
@json_option
def command(src: str, dry_run: bool, catalog: str | None, as_json: bool) -> int:
    """Merge the packs of SRC that are new into a catalog.

    SRC is where others push to: a folder, ssh://host/path, s3://bucket/path or another store. Each pack is checked
    first, and merged whole or not at all; whatever is not what its name says is named, and left alone.

    An MLflow server that a team already runs is mlflow://HOST:5000 or mlflow+https://HOST: see `artui help server`.
    """
    from artui.exchange.mlflow import is_server

    if is_server(src):
        return pull_from(src, catalog_to_change(catalog), is_dry=dry_run, as_json=as_json)
    from artui.travel.meeting import meeting_at

    meeting, path = meeting_at(src, is_written=False), catalog_to_change(catalog)
    with Bar() as bar:
        pulled = meeting.pull(path, is_dry=dry_run, tell=bar.tell)
    if as_json:
        print_json(
            place=pulled.place,
            catalog=str(path),
            is_done=not dry_run,
            **record((pulled,), (), names_in(path, (pulled,))),
        )
    else:
        for line in pulled_lines(pulled, is_dry=dry_run):
            click.echo(line)
        if dry_run:
            click.echo("Nothing was written: this was a dry run.", err=True)
    return 0 if is_well(pulled) else 1
