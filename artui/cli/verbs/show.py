"""`artui show REF`: one run, or one version."""

from __future__ import annotations

import click

from artui.cli import completing
from artui.cli.catalogs import catalog_option, without_catalog
from artui.cli.common import json_option, one_of, open_reader, print_json, print_table, say_damaged
from artui.model import RunDetail, RunHead, VersionDetail
from artui.query.artifacts import get_version, previews
from artui.query.references import resolve
from artui.query.run import get_run
from artui.safetext import clean, clean_lines
from artui.units import bytes_text, count_text, duration_text, number_text, param_text, plural, time_text

MAX_METRICS = 1_000
"""More of a run's metrics are only counted; `--json` has them all."""


@click.command("show")
@click.argument("refs", nargs=-1, metavar="REF", shell_complete=completing.references)
@catalog_option
@json_option
def command(refs: tuple[str, ...], catalog: str | None, as_json: bool) -> int:
    """Show REF: a run's name or the start of its id, or an artifact as NAME, NAME:v3 or NAME:ALIAS."""
    refs, catalog = without_catalog(refs, catalog)
    ref = one_of(refs, "REF")
    with open_reader(catalog) as reader:
        found = resolve(reader, ref)
        if isinstance(found, RunHead):
            run = get_run(reader, found.id, max_metrics=None if as_json else MAX_METRICS)
            say_damaged([(run.head.name, run.damaged)] if run.damaged else [])
            print_json(run) if as_json else _print_run(run)
            return 0
        version, seen = get_version(reader, found.id), previews(reader, found.key)
        say_damaged([(version.head.reference, version.damaged)] if version.damaged else [])
        if as_json:
            print_json({"version": version, "previews": seen})
        else:
            _print_version(version)
            for path, preview in seen.items():
                click.echo(f"\n{clean(path)}: {clean(preview.title)}")
                for line in clean_lines(preview.text, max_lines=40):
                    click.echo(f"  {line}")
                if preview.table is not None:
                    print_table(
                        preview.table.columns,
                        preview.table.rows[:15],
                        right=[kind in ("integer", "number") for kind in preview.table.types],
                    )
    return 0


def _fact(name: str, value: str) -> None:
    if value:
        click.echo(f"{clean(name):<9} {clean(value)}")


def _print_run(run: RunDetail) -> None:
    head = run.head
    click.echo(f"{clean(head.name)}  ({clean(head.project)})")
    _fact("status", head.status + (f": {run.error.rsplit(chr(10), 1)[-1]}" if run.error else ""))
    _fact(
        "started",
        f"{time_text(head.started_ms)}, took {duration_text(head.duration_ms)}"
        if head.duration_ms is not None
        else time_text(head.started_ms),
    )
    _fact("stage", head.stage)
    _fact("damaged", ", ".join(dict.fromkeys((*head.damaged, *run.damaged))))
    _fact("note", run.note)
    _fact("tags", " ".join(tag.name + (f"={tag.value}" if tag.value else "") for tag in run.tags))
    where = "@".join(part for part in (run.user, run.host) if part)
    _fact("where", ", ".join(part for part in (where, f"python {run.python}" if run.python else "") if part))
    _fact(
        "code",
        f"{run.git_commit} on {run.git_branch}{' with uncommitted changes' if run.git_is_dirty else ''}"
        if run.git_commit
        else "",
    )
    _fact("command", " ".join(run.command))
    for remark in run.remarks:
        _fact("remark", remark)
    _fact("id", head.id)
    if run.params:
        click.echo("\nparams")
        for param in run.params:
            click.echo(f"  {clean(param.name):<28} {clean(param_text(param.value))}")
    if run.metrics:
        click.echo("\nmetrics")
        rows = []
        for metric in run.metrics:
            sums = metric.summary
            low, high = (number_text(value) if value is not None else "" for value in (sums.min, sums.max))
            rows.append(
                [
                    f"  {metric.title}",
                    number_text(sums.last),
                    low,
                    high,
                    count_text(sums.last_step),
                    count_text(sums.count),
                ]
            )
        print_table(
            ["  metric", "last", "min", "max", "last step", "points"],
            rows,
            right=[False, True, True, True, True, True],
        )
        if run.metric_count > len(run.metrics):
            click.echo(f"  and {count_text(run.metric_count - len(run.metrics))} more: --json has them all")
    for title, heads in (("used", run.inputs), ("made", run.outputs)):
        if heads:
            click.echo(f"\n{title}")
            for version in heads:
                click.echo(
                    f"  {clean(version.reference):<32} {clean(version.kind):<12} {clean(' '.join(version.aliases))}".rstrip()
                )


def _print_version(version: VersionDetail) -> None:
    head = version.head
    click.echo(f"{clean(head.reference)}  {head.stage} {clean(head.kind)}  ({clean(head.project)})")
    _fact("damaged", ", ".join(dict.fromkeys((*head.damaged, *version.damaged))))
    _fact("aliases", " ".join(head.aliases))
    _fact("saved", time_text(head.created_ms))
    _fact("made by", head.made_by.name if head.made_by else "")
    _fact(
        "content",
        f"{plural(head.file_count, 'file')}, {bytes_text(head.size_bytes)}, {head.storage}"
        + (f" at {version.location} on {version.host}" if head.storage == "referenced" else ""),
    )
    _fact("sha256", head.digest_text)
    for relation, other in version.related:
        _fact(relation, other.reference)
    _fact(
        "used by",
        ", ".join(run.name for run in version.used_by[:12])
        + (f" and {len(version.used_by) - 12} more" if len(version.used_by) > 12 else ""),
    )
    for name, value in version.metadata.items():
        _fact(name, number_text(value) if isinstance(value, float) else str(value))
    click.echo("\nfiles")
    for file in version.files:
        click.echo(
            f"  {clean(file.path):<32} {bytes_text(file.size_bytes):>10}  {clean(file.digest[:16])}  {clean(file.note_text)}".rstrip()
        )
