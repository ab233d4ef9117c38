"""`artui export --csv DIR` and the like: what a catalog holds, as other programs read it."""

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

    from artui.exchange.leaving.order import Exported, Order, Tell
    from artui.query.reader import Reader

_NAMED_MOST, _REASONS_MOST = 3, 20


@click.command("export")
@click.argument("words", nargs=-1, metavar="[FILE]")
@click.option("--parquet", metavar="DEST", type=PathType(), help="Write Parquet files below DEST: a folder, s3://bucket/path, gs:// or az://.")  # fmt: skip
@click.option("--csv", metavar="DIR", type=PathType(), help="Write a folder of CSV files, one a table.")
@click.option("--jsonl", metavar="DIR", type=PathType(), help="Write a folder of files with one JSON object a line.")
@click.option("--mlruns", metavar="DIR", type=PathType(), help="Write a folder of runs as MLflow keeps them, with the files that they made.")  # fmt: skip
@click.option("--tensorboard", metavar="DIR", type=PathType(), help="Write a folder of event files for TensorBoard.")
@click.option("--wandb", metavar="DIR", type=PathType(), help="Write offline runs that `wandb sync` brings to W&B.")
@filter_option("--where", "-w", help="Only runs that a filter matches, such as 'val/loss < 0.3', and what they made and used.")  # fmt: skip
@click.option("--project", "-p", default="", metavar="NAME", help="Only what is of a project.")
@click.option("--replace", is_flag=True, help="Replace what an export left there of another selection, or of another catalog.")  # fmt: skip
@click.option("--dry-run", "-n", is_flag=True, help="Say what would be written, and write nothing.")
@catalog_option
@json_option
def command(words: tuple[str, ...], where: str, project: str, replace: bool, dry_run: bool, catalog: str | None, as_json: bool, **dests: str | None) -> int:  # fmt: skip
    """Write what a catalog holds as other programs read it: as tables, or as runs of their own.

    Exporting again replaces what it wrote itself, and nothing else. What a format has no place for is said. `artui import`
    reads each of them back.
    """
    words, catalog = without_catalog(words, catalog)
    if words:
        raise click.UsageError(f"Got unexpected extra argument ({clean(words[0])}).")
    format, dest = _one_of(dests)
    from artui.exchange.leaving.order import Order

    with open_reader(catalog) as reader, Bar() as bar:
        made = _exported(reader, format, dest, Order(where, project, replace), is_dry=dry_run, tell=bar.tell)
        path = reader.path
    if as_json:
        print_json(
            place=made.place, format=made.format, catalog=str(path), is_done=not dry_run, rows=dict(made.rows), written=dict(made.written),
            files=made.files, written_files=made.written_files, written_bytes=made.written_bytes, removed_files=made.removed_files,
            running=made.running, damaged_points=made.damaged_points, left_out=made.left_out, changed=_counted(made.changed), left=_counted(made.left),
            suspects=[asdict(suspect) for suspect in made.suspects],
        )  # fmt: skip
    else:
        for line in _lines(made, is_dry=dry_run):
            click.echo(line)
        if dry_run:
            click.echo("Nothing was written: this was a dry run.", err=True)
    return 1 if made.damaged_points or made.left_out or made.refused else 0


def _one_of(dests: dict[str, str | None]) -> tuple[str, str]:
    """Give the one format that was named, and its place.

    Raises:
        UsageError: there is none, or more than one.
    """
    named = [(format, dest) for format, dest in dests.items() if dest is not None]
    if len(named) > 1:
        options = " and ".join(f"--{format}" for format, _ in named)
        raise UsageError(f"{options} are several formats.", remedy="Give one of them; another export writes the other.")
    if not named or not named[0][1]:
        raise UsageError("No place is named.", remedy="`artui export --csv DIR` writes CSV files; --parquet, --jsonl, --mlruns, --tensorboard and --wandb write other formats.")  # fmt: skip
    return named[0]


def _exported(reader: Reader, format: str, dest: str, order: Order, *, is_dry: bool, tell: Tell) -> Exported:
    if format == "parquet":
        from artui.exchange.lake.exporter import export as export_lake

        return export_lake(reader, dest, order, is_dry=is_dry, tell=tell)
    if format in ("csv", "jsonl"):
        from artui.exchange.plain.exporter import export as export_tables

        return export_tables(reader, dest, order, format, is_dry=is_dry, tell=tell)
    if format == "mlruns":
        from artui.exchange.mlflow.folderexporter import export as export_mlruns

        return export_mlruns(reader, dest, order, is_dry=is_dry, tell=tell)
    if format == "tensorboard":
        from artui.exchange.tensorboard.exporter import export as export_events

        return export_events(reader, dest, order, is_dry=is_dry, tell=tell)
    from artui.exchange.wandb.exporter import export as export_wandb

    return export_wandb(reader, dest, order, is_dry=is_dry, tell=tell)


def _counted(counts: dict[tuple[str, str], int]) -> list[dict[str, str | int]]:
    return [{"what": what, "why": why, "count": count} for (what, why), count in counts.items()]


def _lines(made: Exported, *, is_dry: bool) -> Iterator[str]:
    """Say what is there now, and what was written for it."""
    rows = made.rows
    counts = f"{plural(rows['runs'], 'run')}, {plural(rows['points'], 'point')}, {plural(rows['versions'], 'version')}"
    if "versions" not in rows:
        counts = f"{plural(rows['runs'], 'run')} and {plural(rows['points'], 'point')}"
    # Of a folder that is written anew nobody knows the number of files before.
    files = f" in {plural(made.files, 'file')}" if made.files else ""
    yield f"{clean(made.place)} {'would hold' if is_dry else 'holds'} {counts} of this catalog{files}."
    if made.written_files or made.removed_files:
        size = f" with {bytes_text(made.written_bytes)}" if made.written_bytes else ""
        removed = f", {plural(made.removed_files, 'file')} taken away" if made.removed_files else ""
        yield f"  {plural(made.written_files, 'file')}{size} written{removed}"
    elif made.files:
        yield "  nothing is new"
    if made.running:
        yield f"  {plural(made.running, 'run')} still going on: export again later"
    if made.damaged_points:
        yield f"  {plural(made.damaged_points, 'point')} left out: {'it is' if made.damaged_points == 1 else 'they are'} damaged"  # fmt: skip
    if made.left_out:
        yield f"  {plural(made.left_out, 'run')} left out, whose start is damaged"
    yield from _named("in another form", made.changed)
    yield from _named("left here", made.left)
    if made.suspects:
        looks = dict.fromkeys(
            f"{one.kind} in {one.column} of {one.table} of {clean(one.name)}" for one in made.suspects
        )
        more = f" and {len(looks) - _NAMED_MOST:,} more" if len(looks) > _NAMED_MOST else ""
        verb = "looks" if len(made.suspects) == 1 else "look"
        yield f"  ! {plural(len(made.suspects), 'text')} {verb} like a secret: {', '.join(list(looks)[:_NAMED_MOST])}{more}; `artui forget TEXT` takes it out of the catalog"  # fmt: skip


def _named(title: str, counts: dict[tuple[str, str], int]) -> Iterator[str]:
    """Say what is counted for which reason, the most first."""
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    for (what, why), count in ordered[:_REASONS_MOST]:
        yield f"  {title}: {clean(what)} ({count:,}): {clean(why)}"
    if len(ordered) > _REASONS_MOST:
        yield f"  {title}: {len(ordered) - _REASONS_MOST:,} more reasons; --json has them all"
