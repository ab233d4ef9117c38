"""`artui gc`: deletes the versions that a rule does not keep, and removes the content of what was deleted long ago."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from artui import clock
from artui.cli.catalogs import catalogs_named, catalogs_option, one_catalog, without_catalog
from artui.cli.common import filter_option, json_option, open_reader, print_json, why_option
from artui.safetext import clean
from artui.units import bytes_text, plural

if TYPE_CHECKING:
    from artui.catalog.retention import Named
    from artui.query.retention import Plan

_MOST_NAMED = 20


@click.command("gc")
@click.argument("words", nargs=-1, metavar="[CATALOG]")
@click.option(
    "--keep",
    metavar="RULE",
    help="Delete what it does not keep: 'last 3 and newer 30d and aliased and used and approved'.",
)
@filter_option(
    "--where",
    "-w",
    help="Of the versions that this filter of artifacts matches alone, such as 'kind = checkpoint'.",
    is_of_artifacts=True,
)
@click.option(
    "--older-than",
    default="30d",
    show_default=True,
    metavar="TIME",
    help="Remove the content of what was deleted longer ago.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@click.option(
    "--store",
    metavar="URI",
    help="Instead sweep this store: what none of the catalogs names is marked, and removed once marked long ago.",
)
@click.option("--yes", "-y", is_flag=True, help="Do not ask before objects of a store are removed.")
@why_option
@json_option
@catalogs_option("The catalog; with --store every one that uses it, the option given again for each.")
def command(
    words: tuple[str, ...],
    keep: str | None,
    where: str,
    older_than: str,
    dry_run: bool,
    store: str | None,
    yes: bool,
    why: str,
    as_json: bool,
    catalogs: tuple[str, ...],
) -> int:
    """Make room: first with --keep versions are deleted, then the content of what was deleted long ago is removed, then the file shrinks.

    Deleted versions come back by `artui restore`, removed content does not: its digests and lineage stay.
    """
    if store is not None:
        from artui.cli.sweeping import sweep
        from artui.errors import UsageError

        if keep is not None or where or why:
            raise UsageError(
                "--keep, --where and --why are about versions of a catalog.", remedy="Sweep the store by itself."
            )
        paths = catalogs_named(words, catalogs)
        return sweep(store, paths, older_than=older_than, dry_run=dry_run, yes=yes, as_json=as_json)
    return _collect(words, keep, where, older_than, one_catalog(catalogs), dry_run=dry_run, why=why, as_json=as_json)


def _collect(
    words: tuple[str, ...],
    keep: str | None,
    where: str,
    older_than: str,
    catalog: str | None,
    *,
    dry_run: bool,
    why: str,
    as_json: bool,
) -> int:
    """Make room in a catalog."""
    from artui.catalog import Catalog, collecting
    from artui.errors import UsageError
    from artui.query.retention import plan_for

    words, catalog = without_catalog(words, catalog)
    if words:
        raise UsageError(
            f"{words[0]!r} is no catalog, and nothing else is named here.", remedy="Give a rule by --keep."
        )
    if where and keep is None:
        raise UsageError("--where chooses among what --keep judges.", remedy="Give --keep, too.")
    with open_reader(catalog, say=False) as reader:
        plan = plan_for(reader, keep=keep, where=where, older_than=older_than, now_ms=clock.now_ms())
        path = reader.path
    freed_bytes = plan.freed_bytes
    if not dry_run:
        with Catalog(path) as opened:
            removed, removed_runs, freed_bytes = collecting.collect(
                opened, plan.deleted, before_ms=plan.before_ms, why=why or f"not kept by {keep}", label=plan.label
            )
        plan = plan.with_removed(removed, removed_runs, freed_bytes)
    if as_json:
        print_json(
            is_dry_run=dry_run, deleted=[version.reference for version in plan.deleted], deleted_bytes=plan.deleted_bytes,
            removed=[version.reference for version in plan.removed], removed_runs=[run.reference for run in plan.removed_runs], freed_bytes=freed_bytes,
            broken=[{"run": run.name, "id": run.id, "inputs": run.inputs} for run in plan.broken],
        )  # fmt: skip
        return 0
    _print(plan, dry_run=dry_run, has_rule=keep is not None)
    return 0


def _print(plan: Plan, *, dry_run: bool, has_rule: bool) -> None:
    would = "would be" if dry_run else "are"
    if has_rule:
        _list(
            plan.deleted,
            f"{plural(len(plan.deleted), 'version')} {would} deleted; {bytes_text(plan.deleted_bytes)} are theirs alone",
        )
        for run in plan.broken[:_MOST_NAMED]:
            click.echo(f"  {clean(run.name)} used {clean(', '.join(run.inputs))}")
        if plan.broken:
            click.echo(
                f"{plural(len(plan.broken), 'run')} {'would lack' if dry_run else 'lack'} an input that they used."
            )
    if plan.removed_runs:
        _list(plan.removed_runs, f"the points of {plural(len(plan.removed_runs), 'deleted run')} {would} removed")
    _list(
        plan.removed,
        f"the content of {plural(len(plan.removed), 'deleted version')} {would} removed; {bytes_text(plan.freed_bytes)} {would} free",
    )


def _list(versions: Sequence[Named], title: str) -> None:
    for version in versions[:_MOST_NAMED]:
        click.echo(f"  {clean(version.reference)}")
    if len(versions) > _MOST_NAMED:
        click.echo(f"  and {len(versions) - _MOST_NAMED:,} more")
    click.echo(f"{title}.")
