"""`artui export --parquet DEST`: a catalog's rows as tables that other programs read."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from artui.cli.catalogs import catalog_option, without_catalog
from artui.cli.common import PathType, filter_option, json_option, open_reader, print_json
from artui.cli.progress import Bar
from artui.errors import UsageError
from artui.safetext import clean
from artui.units import bytes_text, plural

if TYPE_CHECKING:
    from collections.abc import Iterator

    from artui.exchange.lake.exporter import Exported

_NAMED_MOST = 3


@click.command("export")
@click.argument("words", nargs=-1, metavar="[FILE]")
@click.option("--parquet", "dest", metavar="DEST", type=PathType(), help="Write Parquet files below DEST: a folder, s3://bucket/path, gs:// or az://.")  # fmt: skip
@filter_option("--where", "-w", help="Only runs that a filter matches, such as 'val/loss < 0.3', and what they made and used.")  # fmt: skip
@click.option("--project", "-p", default="", metavar="NAME", help="Only what is of a project.")
@click.option("--replace", is_flag=True, help="Replace what is there of another selection, or of another copy of the catalog.")  # fmt: skip
@click.option("--dry-run", "-n", is_flag=True, help="Say what would be written, and write nothing.")
@catalog_option
@json_option
def command(words: tuple[str, ...], dest: str | None, where: str, project: str, replace: bool, dry_run: bool, catalog: str | None, as_json: bool) -> int:  # fmt: skip
    """Write runs, params, metrics, points, versions, lineage and journal as tables of Parquet files.

    They lie in Hive partitions by project and month, for DuckDB, Spark, pandas and what else reads Parquet. Exporting
    again writes what is new and takes away what it replaces. Contents of files stay. `artui import DEST` reads it back.
    """
    words, catalog = without_catalog(words, catalog)
    if words:
        raise click.UsageError(f"Got unexpected extra argument ({clean(words[0])}).")
    if not dest:
        raise UsageError("No place is named.", remedy="`artui export --parquet DEST` writes Parquet files below DEST.")
    from artui.exchange.lake.exporter import Order, export

    with open_reader(catalog) as reader, Bar() as bar:
        made = export(reader, dest, Order(where, project, replace), is_dry=dry_run, tell=bar.tell)
        path = reader.path
    if as_json:
        print_json(
            place=made.place, catalog=str(path), is_done=not dry_run, rows=dict(made.rows), written=dict(made.written), files=made.files,
            written_files=made.written_files, written_bytes=made.written_bytes, removed_files=made.removed_files, running=made.running,
            damaged_points=made.damaged_points, left_out=made.left_out, suspects=[asdict(suspect) for suspect in made.suspects],
        )  # fmt: skip
    else:
        for line in _lines(made, is_dry=dry_run):
            click.echo(line)
        if dry_run:
            click.echo("Nothing was written: this was a dry run.", err=True)
    return 1 if made.damaged_points or made.left_out else 0


def _lines(made: Exported, *, is_dry: bool) -> Iterator[str]:
    """Say what is there now, and what was written for it."""
    rows = made.rows
    counts = f"{plural(rows['runs'], 'run')}, {plural(rows['points'], 'point')}, {plural(rows['versions'], 'version')}"
    yield f"{clean(made.place)} {'would hold' if is_dry else 'holds'} {counts} of this catalog in {plural(made.files, 'file')}."  # fmt: skip
    if made.written_files or made.removed_files:
        size = f" with {bytes_text(made.written_bytes)}" if made.written_bytes else ""
        removed = f", {plural(made.removed_files, 'file')} taken away" if made.removed_files else ""
        yield f"  {plural(made.written_files, 'file')}{size} written{removed}"
    else:
        yield "  nothing is new"
    if made.running:
        yield f"  {plural(made.running, 'run')} still going on: export again later"
    if made.damaged_points:
        yield f"  {plural(made.damaged_points, 'point')} left out: {'it is' if made.damaged_points == 1 else 'they are'} damaged"  # fmt: skip
    if made.left_out:
        yield f"  {plural(made.left_out, 'run')} left out, whose start is damaged"
    if made.suspects:
        looks = dict.fromkeys(
            f"{one.kind} in {one.column} of {one.table} of {clean(one.name)}" for one in made.suspects
        )
        more = f" and {len(looks) - _NAMED_MOST:,} more" if len(looks) > _NAMED_MOST else ""
        verb = "looks" if len(made.suspects) == 1 else "look"
        yield f"  ! {plural(len(made.suspects), 'text')} {verb} like a secret: {', '.join(list(looks)[:_NAMED_MOST])}{more}; `artui forget TEXT` takes it out of the catalog"  # fmt: skip
