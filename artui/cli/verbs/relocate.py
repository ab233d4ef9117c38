"""`artui relocate OLD NEW`: says where files are now that were moved, once they are found there."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from artui.cli.catalogs import catalog_option, without_catalog
from artui.cli.common import json_option, one_of, open_reader, print_json, progress_bar
from artui.errors import UsageError
from artui.safetext import clean
from artui.units import plural

if TYPE_CHECKING:
    from artui.content.relocating import Look
    from artui.content.stores import Store

_NAMED_MOST = 10


@click.command("relocate")
@click.argument("places", nargs=-1, metavar="OLD NEW")
@click.option("--dry-run", is_flag=True, help="Only look, and say what would be done.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@catalog_option
@json_option
def command(places: tuple[str, ...], dry_run: bool, yes: bool, catalog: str | None, as_json: bool) -> int:
    """Mend references after files were moved: what lies below OLD is looked for below NEW, and taken over if it is the same.

    OLD and NEW are folders, HOST:/FOLDER, or URIs such as s3://bucket/path. A version is taken over when each of its
    files is there with its size and SHA-256. `artui undo` takes it back.
    """
    from artui.catalog import Catalog, events
    from artui.catalog.relocating import left_below, lying_below
    from artui.content.relocating import look, spot_of, take_over

    places, catalog = without_catalog(places, catalog, takes_paths=True)
    if len(places) < 2:
        raise click.UsageError(f"Missing argument '{'NEW' if places else 'OLD'}'.", click.get_current_context(silent=True))  # fmt: skip
    one_of(places[1:], "NEW")
    before, after = map(spot_of, places)
    opened: dict[str, Store] = {}
    with open_reader(catalog) as reader:
        path = reader.path
        with reader.snapshot() as connection:
            versions = lying_below(connection, before.place, before.host)
            left = left_below(connection, before.place, before.host)
    with progress_bar(
        sum(max(0, file.size_bytes) for version in versions for file in version.files), "comparing"
    ) as tell:
        looks = [look(version, before, after, tell, opened) for version in versions]
    movable = take_over(looks)
    is_done = bool(movable) and not dry_run and _may(len(movable), after.title, yes=yes)
    if is_done:
        with Catalog(path, create=False) as writable, events.editing(writable, f"place of {plural(len(movable), 'version')}") as edit:  # fmt: skip
            for found in movable:
                edit.relocate(found.version.id, found.location, found.host)
    if as_json:
        print_json(old=before.title, new=after.title, is_done=is_done, versions=[_record(found, found in movable) for found in looks])  # fmt: skip
    elif not versions:
        click.echo(f"Nothing lies below {clean(before.title)}; `artui show REF` says where a version lies.")
    else:
        _say(looks, movable, after.title, is_done=is_done)
    if left:
        count, named = sum(left.values()), ", ".join(list(left)[:_NAMED_MOST])
        more = f" and {len(left) - _NAMED_MOST:,} more" if len(left) > _NAMED_MOST else ""
        click.echo(
            f"artui: {plural(count, 'file')} of {clean(named)}{more} could not be stored and {'was' if count == 1 else 'were'} left below {clean(before.title)}: "
            "relocate does not move what is said of such files; saved again from where they are now, they are stored.",
            err=True,
        )
    return 1 if any(not found.is_same for found in looks) or (movable and not is_done and not dry_run) else 0


def _may(count: int, place: str, *, yes: bool) -> bool:
    if yes:
        return True
    if not sys.stdin.isatty() or not sys.stderr.isatty():
        raise UsageError(f"{plural(count, 'version')} could be taken over.", remedy="Say --yes to do it, or --dry-run to only look.")  # fmt: skip
    return click.confirm(f"Take over {plural(count, 'version')} at {clean(place)}?", err=True)


def _record(found: Look, is_same: bool) -> dict[str, object]:
    return {
        "reference": found.version.title, "old": found.version.location, "new": found.location, "is_same": is_same, "files": len(found.version.files),
        "missing": found.missing, "differing": found.differing, "by_size": found.by_size,
    }  # fmt: skip


def _say(looks: list[Look], movable: list[Look], place: str, *, is_done: bool) -> None:
    files = sum(len(found.version.files) for found in movable)
    verb = "now lie" if is_done else "would lie"
    click.echo(f"{plural(len(movable), 'version')} with {plural(files, 'file')} {verb} below {clean(place)}")
    for what, count in (
        ("compared by size alone, since they have no digest", sum(len(found.by_size) for found in movable)),
        ("not there", sum(len(found.missing) for found in looks)),
        ("something else there", sum(len(found.differing) for found in looks)),
    ):
        if count:
            click.echo(f"{plural(count, 'file')}: {what}")
    left = [found for found in looks if not found.is_same]
    for found in left[:_NAMED_MOST]:
        reasons = [f"{word} {', '.join(map(clean, paths[:3]))}{' …' if len(paths) > 3 else ''}" for word, paths in (("lacks", found.missing), ("differs in", found.differing)) if paths]  # fmt: skip
        click.echo(f"artui: left {clean(found.version.title)} at {clean(found.version.location)}: {clean(found.location)} {' and '.join(reasons)}", err=True)  # fmt: skip
    if len(left) > _NAMED_MOST:
        click.echo(f"artui: left {len(left) - _NAMED_MOST:,} more; --json names them all", err=True)
