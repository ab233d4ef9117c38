"""`artui mirror SRC DEST`: the packs of a place go to another one, too."""

from __future__ import annotations

import click

from artui.cli.common import PathType, json_option, print_json
from artui.cli.progress import Bar
from artui.cli.teams import trouble_lines
from artui.safetext import clean
from artui.units import bytes_text, plural


@click.command("mirror")
@click.argument("src", metavar="SRC", type=PathType())
@click.argument("dest", metavar="DEST", type=PathType())
@click.option("--dry-run", "-n", is_flag=True, help="Say what would be copied, and write nothing.")
@json_option
def command(src: str, dest: str, dry_run: bool, as_json: bool) -> int:
    """Copy the packs of SRC that DEST lacks: a second copy, a stick between two sites, a folder for a web server.

    Both are places that people push to and pull from: folders, ssh://host/path, s3://bucket/path or other stores; SRC
    may be https://host/path. Nothing that is in DEST is changed or removed. A web server that gives DEST's files lets
    others pull from it.
    """
    from artui.travel.mirroring import mirror
    from artui.travel.packs import place

    source, target = place(src, is_written=False), place(dest, is_written=True)
    with Bar() as bar:
        done = mirror(source, target, is_dry=dry_run, tell=bar.tell)
    size_bytes = sum(pack.size_bytes for pack in done.copied)
    if as_json:
        print_json(
            source=done.source, target=done.target, is_done=not dry_run, copied=[pack.path for pack in done.copied], copied_bytes=size_bytes,
            there=done.there, left_alone={each.path: each.why for each in done.troubles},
        )  # fmt: skip
    else:
        will = "would copy" if dry_run else "copied"
        news = f"{will} {plural(len(done.copied), 'pack')}, {bytes_text(size_bytes)}" if done.copied else "nothing that is not there already"  # fmt: skip
        were = f" ({done.there:,} were there)" if done.copied and done.there else ""
        click.echo(f"{clean(done.source)} → {clean(done.target)}: {news}{were}")
        for line in trouble_lines(done.troubles):
            click.echo(line)
        if dry_run:
            click.echo("Nothing was written: this was a dry run.", err=True)
    return 1 if done.troubles else 0
