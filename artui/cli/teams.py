"""Shared by `push`, `pull` and `sync`: their options, and what they say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from artui.catalog.finding import DEFAULT, find_catalog
from artui.catalog.spool.orphans import take_over
from artui.cli.common import open_reader
from artui.cli.merged import merged_record
from artui.safetext import clean
from artui.units import bytes_text, plural

if TYPE_CHECKING:
    from artui.cli.catalogs import Function
    from artui.travel.syncing import Outgoing, Pulled, Pushed, Trouble

_NAMED_MOST = 5


def outgoing_options(verb: Function) -> Function:
    """Add the options that say what is pushed."""
    for option in (
        click.option("--no-content", is_flag=True, help="Leave the bytes of files out: what is known of them goes along."),
        click.option("--redact", metavar="[CLASSES]", is_flag=False, flag_value="all", default=None, help="Take out who, where and what was said: all, or some of user,host,paths,env,diff,argv,notes,logs,previews."),
    ):  # fmt: skip
        verb = option(verb)
    return verb


def outgoing(*, no_content: bool, redact: str | None) -> Outgoing:
    """Read the options that say what is pushed.

    Raises:
        UsageError: there is no such class.
    """
    from artui.catalog.redacting import classes_of
    from artui.travel.syncing import Outgoing

    return Outgoing(has_content=not no_content, redacted=frozenset() if redact is None else classes_of(redact))


def catalog_to_read(catalog: str | None) -> Path:
    """Give the path of the catalog that is pushed."""
    with open_reader(catalog) as reader:
        return reader.path


def catalog_to_change(catalog: str | None) -> Path:
    """Give the path of the catalog that is pulled into: one that is named may be made."""
    path, why = find_catalog(catalog)
    if why == DEFAULT or path.exists():
        return catalog_to_read(catalog)
    take_over(path, tell=lambda text: click.echo(f"artui: {clean(text)}", err=True))
    return path


def names_in(path: Path, pulled: Sequence[Pulled]) -> Mapping[str, str]:
    """Give what the things are called of which something is to be settled."""
    from artui.catalog import Catalog
    from artui.travel.saying import names_to_settle

    merged = [each for one in pulled for _, each in one.packs if each.to_settle]
    if not merged:
        return {}
    with Catalog(path) as catalog:
        return names_to_settle(catalog, merged)


def record(pulled: Sequence[Pulled], pushed: Sequence[Pushed], names: Mapping[str, str]) -> dict[str, object]:
    """Give what was pulled and pushed as fields of JSON; of what was not done at all there are none."""
    fields: dict[str, object] = {}
    if pulled:
        fields |= {"there": pulled[-1].there, "pulled": [merged_record(merged, names) for each in pulled for _, merged in each.packs]}  # fmt: skip
    if pushed:
        new = [each.pack for each in pushed if each.pack is not None]
        fields |= {
            "pushed": [pack.path for pack in new], "pushed_bytes": sum(pack.size_bytes for pack in new),
            "runs": sum(each.runs for each in pushed), "versions": sum(each.versions for each in pushed),
            "content_bytes": sum(each.content_bytes for each in pushed), "journal_entries": sum(each.journal_entries for each in pushed),
            "running": max(each.running for each in pushed), "damaged": sorted({each for one in pushed for each in one.damaged}),
            "together": sum(len(each.together) for each in pushed), "removed": sum(len(each.removed) for each in pushed),
        }  # fmt: skip
    troubles = [each for one in pulled for each in one.troubles] + [each for one in pushed for each in one.troubles]
    return fields | {"left_alone": {each.path: each.why for each in troubles}}


def is_well(*done: Pushed | Pulled) -> bool:
    """Say whether nothing was damaged or left alone."""
    for one in done:
        if one.troubles or getattr(one, "damaged", ()):
            return False
        if any(merged.damaged or merged.missing_content for _, merged in getattr(one, "packs", ())):
            return False
    return True


def pushed_lines(pushed: Pushed, *, is_dry: bool = False) -> Iterator[str]:
    """Say what a push did: a line, and one for each thing that is to be known."""
    place = clean(pushed.place)
    if pushed.pack is None:
        yield f"{place}: nothing that is not there already"
    else:
        counts = ((pushed.runs, "run"), (pushed.versions, "version"))
        parts = [plural(count, word) for count, word in counts if count]
        parts += [f"{bytes_text(pushed.content_bytes)} of content"] if pushed.content_bytes else []
        parts += [plural(pushed.journal_entries, "change")] if pushed.journal_entries else []
        will = "would push" if is_dry else "pushed"
        where = f"in a pack of {bytes_text(pushed.pack.size_bytes)}" if pushed.pack.name else f"{'it would have' if is_dry else 'it has'} {bytes_text(pushed.pack.size_bytes)} now"  # fmt: skip
        yield f"{place}: {will} {', '.join(parts) or 'a change'}{' ' if pushed.pack.name else '; '}{where}"
    if pushed.running:
        yield f"  {plural(pushed.running, 'run')} still going on: push again later for the rest"
    if pushed.damaged:
        yield f"  {plural(len(pushed.damaged), 'thing')} damaged here, left out in whole or in part: {_named(pushed.damaged)}"
    if pushed.together:
        yield f"  {len(pushed.together):,} small packs brought together in one"
    if pushed.removed:
        yield f"  {plural(len(pushed.removed), 'pack')} removed that another one replaced: {bytes_text(sum(pack.size_bytes for pack in pushed.removed))}"  # fmt: skip
    yield from trouble_lines(pushed.troubles)


def pulled_lines(pulled: Pulled, *, is_dry: bool = False) -> Iterator[str]:
    """Say what a pull did: a line, and one for each thing that is to be known."""
    place, merged = clean(pulled.place), [one for _, one in pulled.packs]
    if not pulled.there:
        yield f"{place}: there is nothing yet"
    elif not merged:
        yield f"{place}: nothing that is not here already"
    else:
        counts = (
            (sum(one.new_runs for one in merged), "new run"), (sum(one.changed_runs for one in merged), "changed run"),
            (sum(one.new_versions for one in merged), "new version"), (sum(one.changed_versions for one in merged), "changed version"),
            (sum(one.points for one in merged), "point"), (sum(one.forgotten for one in merged), "forgotten thing"),
        )  # fmt: skip
        parts = [plural(count, word) for count, word in counts if count]
        changes, content_bytes = sum(one.changes for one in merged), sum(one.content_bytes for one in merged)
        parts += [plural(changes, "change")] if changes else []
        parts += [f"{bytes_text(content_bytes)} of content"] if content_bytes else []
        will = "would bring" if is_dry else "brought"
        what = f"{plural(len(merged), 'pack')} {will}" if pulled.packs[0][0].name else will
        yield f"{place}: {what} {', '.join(parts) or 'nothing that is not here already'}"
    damaged = tuple(each for one in merged for each in (*one.damaged, *one.missing_content))
    if damaged:
        yield f"  {plural(len(damaged), 'thing')} damaged there, nothing or not all was taken of: {_named(damaged)}"
    if settling := {each.subject_id for one in merged for each in one.to_settle}:
        yield f"  {plural(len(settling), 'thing')} changed by two people at once; the later change stands: `artui blame` tells of {_named(sorted(settling))}"  # fmt: skip
    yield from trouble_lines(pulled.troubles)


def trouble_lines(troubles: Sequence[Trouble]) -> Iterator[str]:
    """Name packs that were left alone."""
    for trouble in troubles[:_NAMED_MOST]:
        yield f"  left alone: {clean(trouble.why)}"
    if len(troubles) > _NAMED_MOST:
        yield f"  and {len(troubles) - _NAMED_MOST:,} more left alone: --json has all"


def _named(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - _NAMED_MOST:,} more" if len(ids) > _NAMED_MOST else ""
    return ", ".join(clean(each) for each in ids[:_NAMED_MOST]) + more
