"""`artui impact REF`: what rests on a run or a version."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from artui.cli import completing
from artui.cli.catalogs import catalog_option, without_catalog
from artui.cli.common import json_option, one_of, open_reader, print_json
from artui.model import RunHead
from artui.query.impact import impact
from artui.query.references import resolve_any
from artui.safetext import clean
from artui.units import plural

if TYPE_CHECKING:
    from artui.model import VersionHead

MOST_NAMED = 10
"""So many runs, and so many versions of a kind, are named."""


@click.command("impact")
@click.argument("refs", nargs=-1, metavar="REF", shell_complete=completing.references)
@catalog_option
@json_option
def command(refs: tuple[str, ...], catalog: str | None, as_json: bool) -> int:
    """Say what rests on REF (a run or a version): which runs used it, what came of them, and what is in production."""
    refs, catalog = without_catalog(refs, catalog)
    ref = one_of(refs, "REF")
    with open_reader(catalog) as reader:
        found = impact(reader, resolve_any(reader, ref))
    if as_json:
        from artui.cli.contract import run_record, version_record

        print_json(
            subject=_name(found.subject),
            users=[run_record(run) for run in found.users],
            run_count=len(found.runs),
            versions=[version_record(head) for head in found.versions],
            in_production=[
                {"version": version_record(one.version), "via": [_name(between) for between in one.via]}
                for one in found.in_production
            ],
        )
        return 0
    used = "it" if not isinstance(found.subject, RunHead) else "what it made"
    click.echo(clean(_name(found.subject)))
    click.echo(
        f"  {plural(len(found.users), 'run')} used {used}, {plural(len(found.runs), 'run')} and "
        f"{plural(len(found.versions), 'version')} rest on it"
    )
    click.echo("\nin production")
    for one in found.in_production:
        through = f"  through {', '.join(clean(_name(between)) for between in one.via)}" if one.via else ""
        click.echo(f"  {_titled(one.version)}{through}")
    if not found.in_production:
        click.echo("  nothing that rests on it")
    if found.versions:
        click.echo("\nversions that rest on it")
        for line in by_kind(found.versions):
            click.echo(f"  {line}")
    if found.users:
        click.echo(f"\nruns that used {used}")
        for run in found.users[:MOST_NAMED]:
            click.echo(f"  {clean(run.name)}  {run.status}")
        if (more := len(found.users) - MOST_NAMED) > 0:
            click.echo(f"  and {more:,} more: --json has them")
    return 0


def _name(thing: RunHead | VersionHead) -> str:
    return thing.name if isinstance(thing, RunHead) else thing.title


def _titled(head: VersionHead) -> str:
    aliases = " ".join(alias for alias in head.aliases if alias != "latest")
    return clean(f"{head.title}  {head.kind}  {aliases}".rstrip())


def by_kind(versions: Sequence[VersionHead]) -> list[str]:
    """Name versions by their kinds, each artifact once with its newest version and how many there are."""
    counts = Counter((head.kind, head.artifact_key) for head in versions)
    newest: dict[tuple[str, int], VersionHead] = {}
    for head in versions:
        other = newest.get((head.kind, head.artifact_key))
        if other is None or other.number < head.number:
            newest[head.kind, head.artifact_key] = head
    # Two projects may have artifacts of one name.
    names = Counter(head.artifact for head in newest.values())
    lines: dict[str, list[str]] = {}
    for (kind, artifact_key), count in counts.items():
        head = newest[kind, artifact_key]
        name = f"{head.project}/{head.title}" if names[head.artifact] > 1 and head.project else head.title
        lines.setdefault(kind, []).append(name + (f" and {count - 1:,} older" if count > 1 else ""))
    return [
        clean(f"{kind}: {', '.join(told[:MOST_NAMED])}{f' and {len(told) - MOST_NAMED:,} more' if len(told) > MOST_NAMED else ''}")
        for kind, told in lines.items()
    ]  # fmt: skip
