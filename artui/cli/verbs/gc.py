"""`artui gc`: deletes the versions that a rule does not keep, and removes the content of what was deleted long ago."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING

import click

from artui import clock
from artui.cli.catalogs import catalogs_named, catalogs_option, one_catalog, without_catalog
from artui.cli.common import filter_option, is_word_typed, json_option, open_reader, print_json, why_option
from artui.safetext import clean
from artui.units import bytes_text, plural, time_text

if TYPE_CHECKING:
    from artui.catalog.retention import Named
    from artui.query.retention import Plan

_DELETE, _FREE = "delete", "free"
"""What is typed to have versions deleted, or removed for good at once."""
_MOST_NAMED = 20


@click.command("gc")
@click.argument("words", nargs=-1, metavar="[CATALOG]")
@click.option(
    "--keep",
    metavar="RULE",
    help="Delete what it does not keep: 'last 3 or best 2 by val_loss or newer 30d or used or approved'; what an alias names stays.",
)
@filter_option(
    "--where",
    "-w",
    help="Delete and remove only of the versions that this filter of artifacts matches, such as 'kind = checkpoint'; no points of runs.",
    is_of_artifacts=True,
)
@click.option(
    "--aliased", is_flag=True, help="Delete what an alias such as production names, too, unless --keep says it."
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
@click.option(
    "--yes",
    "-y",
    is_flag=True,
    help="Do not ask before the rule deletes versions, or objects of a store are removed for good: for scripts.",
)
@why_option
@json_option
@catalogs_option("The catalog; with --store every one that uses it, the option given again for each.")
def command(
    words: tuple[str, ...],
    keep: str | None,
    where: str,
    aliased: bool,
    older_than: str,
    dry_run: bool,
    store: str | None,
    yes: bool,
    why: str,
    as_json: bool,
    catalogs: tuple[str, ...],
) -> int:
    """Make room: first with --keep versions are deleted, then the content of what was deleted long ago is removed, then the file shrinks.

    --dry-run says what this would do, and does nothing.

    Deleted versions come back by `artui restore`, removed content does not: its digests and lineage stay.
    """
    if store is not None:
        from artui.cli.sweeping import sweep
        from artui.errors import UsageError

        if keep is not None or where or why or aliased:
            raise UsageError(
                "--keep, --where, --aliased and --why are about versions of a catalog.",
                remedy="Sweep the store by itself.",
            )
        paths = catalogs_named(words, catalogs)
        return sweep(store, paths, older_than=older_than, dry_run=dry_run, yes=yes, as_json=as_json)
    return _collect(
        words, keep, where, older_than, one_catalog(catalogs), with_aliased=aliased, dry_run=dry_run, why=why, as_json=as_json, yes=yes
    )  # fmt: skip


def _collect(
    words: tuple[str, ...],
    keep: str | None,
    where: str,
    older_than: str,
    catalog: str | None,
    *,
    with_aliased: bool,
    dry_run: bool,
    why: str,
    as_json: bool,
    yes: bool,
) -> int:
    """Make room in a catalog."""
    from artui.catalog import Catalog, retention
    from artui.errors import UsageError
    from artui.query.measures import best_keys
    from artui.query.retention import plan_for, rule_of

    words, catalog = without_catalog(words, catalog)
    if words:
        raise UsageError(
            f"{words[0]!r} is no catalog, and nothing else is named here.", remedy="Give a rule by --keep."
        )
    if with_aliased and (keep is None or "aliased" in retention.parse_rule(keep).words):
        raise UsageError(
            "--aliased is about what --keep does not keep.",
            remedy="Give --keep, too." if keep is None else "The rule keeps what is aliased: leave one of them out.",
        )
    with open_reader(catalog, say=False) as reader:
        plan = plan_for(
            reader, keep=keep, where=where, older_than=older_than, with_aliased=with_aliased, now_ms=clock.now_ms()
        )
        path, best = reader.path, best_keys(reader, [version.key for version in plan.deleted])
    at_once = {thing.reference for thing in plan.deleted} & {thing.reference for thing in plan.removed}
    if plan.deleted and not dry_run and not yes:
        count = len(at_once) or len(plan.deleted)
        would = f"{plural(count, 'version')} would be deleted"
        if at_once:
            question, word, remedy = f"{would} and removed for good at once", _FREE, "Say --yes, or leave --older-than as it is: they stay restorable for so long."  # fmt: skip
        else:
            question, word, remedy = f"{would}; `artui undo` takes that back", _DELETE, "Say --yes to do it, or --dry-run to only look."  # fmt: skip
        if not is_word_typed(question, word):
            raise UsageError(f"{question.partition(';')[0]}: nothing was done.", remedy=remedy)
    if not dry_run:
        with Catalog(path) as opened:
            plan = plan.carried_out(opened, why=why or f"not kept by {keep}")
    if as_json:
        print_json(
            is_dry_run=dry_run, deleted=_references(plan.deleted), deleted_bytes=plan.deleted_bytes, spared=_references(plan.spared),
            removed=_references(plan.removed), removed_runs=_references(plan.removed_runs), freed_bytes=plan.freed_bytes,
            waiting=_references(plan.waiting), waiting_runs=_references(plan.waiting_runs),
            broken=[{"run": run.name, "id": run.id, "inputs": run.inputs} for run in plan.broken],
        )  # fmt: skip
        return 0
    if keep is not None:
        click.echo(f"The rule keeps a version if {clean(retention.rule_words(rule_of(keep)))}.")
    _print(plan, best, dry_run=dry_run, has_rule=keep is not None, older_than=older_than)
    if plan.deleted and not at_once and not dry_run:
        click.echo("artui: `artui undo` takes it back.", err=True)
    return 0


def _references(things: Iterable[Named]) -> list[str]:
    return [thing.reference for thing in things]


def _print(plan: Plan, best: set[int], *, dry_run: bool, has_rule: bool, older_than: str) -> None:
    def are(count: int) -> str:
        return "would be" if dry_run else "is" if count == 1 else "are"

    if has_rule:
        from artui.sheets.retention import alone_text

        count = len(plan.deleted)
        _list(
            plan.deleted,
            f"{plural(count, 'version')} {are(count)} deleted; {alone_text(plan.deleted_bytes, sum(version.size_bytes for version in plan.deleted))}",
            best,
        )
        for run in plan.broken[:_MOST_NAMED]:
            click.echo(f"  {clean(run.name)} used {clean(', '.join(run.inputs))}")
        if count := len(plan.broken):
            lack = "would lack" if dry_run else "lacks" if count == 1 else "lack"
            click.echo(f"{plural(count, 'run')} {lack} an input that {'it' if count == 1 else 'they'} used.")
        if count := len(plan.spared):
            _list(
                plan.spared,
                f"{plural(count, 'version')} that the rule does not keep {'stays' if count == 1 else 'stay'}: an alias names {'it' if count == 1 else 'them'}; --aliased would take {'it' if count == 1 else 'them'}, too",
            )
    if plan.removed_runs:
        _list(plan.removed_runs, f"the points of {plural(len(plan.removed_runs), 'deleted run')} {are(2)} removed")
    if plan.next_ms is not None:
        counts = [(len(plan.waiting), "version"), (len(plan.waiting_runs), "run")]
        told = " and ".join(plural(count, word) for count, word in counts if count)
        total = sum(count for count, _ in counts)
        click.echo(
            f"{told} {'was' if total == 1 else 'were'} deleted less than {clean(older_than)} ago; {'it' if total == 1 else 'the first'} can be removed from {time_text(plan.next_ms)} on."
        )
    if plan.removed:
        _list(plan.removed, f"the content of {plural(len(plan.removed), 'deleted version')} {are(1)} removed")
    is_nothing = not (plan.removed or plan.removed_runs or plan.freed_bytes)
    click.echo(
        f"nothing {are(1)} removed for good." if is_nothing else f"{bytes_text(plan.freed_bytes)} {are(2)} free."
    )


def _list(versions: Sequence[Named], title: str, best: Collection[int] = ()) -> None:
    # What is the best of its artifact is named, however many there are.
    shown = versions[:_MOST_NAMED]
    shown = [*shown, *(version for version in versions[_MOST_NAMED:] if version.key in best)]
    for version in shown:
        words = [*version.aliases, *(["the best of its artifact"] if version.key in best else [])]
        named = f"  is {clean(', '.join(words))}" if words else ""
        click.echo(f"  {clean(version.reference)}{named}")
    if len(versions) > len(shown):
        click.echo(f"  and {len(versions) - len(shown):,} more: --json names all")
    click.echo(f"{title}.")
