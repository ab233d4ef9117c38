"""`artui merge --sources` and `--undo`: whose work is in a catalog, and taking out again what came from one of them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from artui.cli.common import open_reader, print_json, print_table
from artui.errors import UsageError
from artui.safetext import clean
from artui.times import time_text
from artui.units import plural

if TYPE_CHECKING:
    from collections.abc import Iterator

    from artui.catalog.merging.undoing import TakenOut
    from artui.catalog.writers import Writer

_NAMED_MOST = 10


def list_sources(catalog: str | None, *, as_json: bool) -> int:
    """Print the installations that a catalog has something of."""
    from artui.catalog.writers import writers_of

    with open_reader(catalog) as reader, reader.snapshot() as connection:
        path, found = reader.path, writers_of(connection, reader.schema_version)
    if as_json:
        print_json(catalog=str(path), sources=[_record(one) for one in found])
        return 0
    rows = [
        [one.id[-6:], one.who or "unknown", *(f"{count:,}" for count in (one.runs, one.versions, one.changes)),
         time_text(one.created_ms), time_text(one.changed_ms) if one.changed_ms else "", "this installation" if one.is_own else ""]
        for one in found
    ]  # fmt: skip
    headers = ("id", "who", "runs", "versions", "changes", "since", "last change", "")
    print_table(headers, rows, right=(False, False, True, True, True, False, False, False))
    return 0


def take_out(catalog: str | None, source: str, *, is_dry: bool, is_asked: bool, as_json: bool) -> int:
    """Take out what came from a source, once it was said what that is, and asked.

    Raises:
        UsageError: there is no such source, or nobody said yes.
    """
    from artui.catalog import Catalog
    from artui.catalog.merging.sources import open_source
    from artui.catalog.merging.undoing import plan
    from artui.catalog.merging.undoing import take_out as take

    with open_reader(catalog) as reader:
        path = Path(reader.path)
    with open_source(path) as opened_source:
        taken = plan(opened_source.connection, source)
    is_done = not is_dry and bool(taken.runs or taken.versions or taken.changes)
    if is_done:
        if is_asked:
            for line in _lines(taken, is_dry=True):
                click.echo(line, err=True)
            _ask()
        with Catalog(path) as opened:
            taken = take(opened, source)
    if as_json:
        print_json(
            catalog=str(path), is_done=is_done, sources=[_record(one) for one in taken.sources], runs=[run_id for run_id, _ in taken.runs],
            versions=[reference for _, reference in taken.versions], changes=taken.changes, kept=[name for _, name in taken.kept],
        )  # fmt: skip
        return 0
    for line in _lines(taken, is_dry=is_dry):
        click.echo(line)
    if is_dry:
        click.echo("Nothing was written: this was a dry run.", err=True)
    elif is_done:
        click.echo("artui: `artui undo` takes this back.", err=True)
    return 0


def _ask() -> None:
    if sys.stdin.isatty() and click.confirm("Take all of this out?", err=True):
        return
    raise UsageError("Nothing was taken out.", remedy="Say --yes, or answer y when you are asked.")


def _record(one: Writer) -> dict[str, object]:
    return {
        "id": one.id, "user": one.user, "host": one.host, "created_ms": one.created_ms, "runs": one.runs, "versions": one.versions,
        "changes": one.changes, "last_ms": one.changed_ms, "is_own": one.is_own,
    }  # fmt: skip


def _lines(taken: TakenOut, *, is_dry: bool) -> Iterator[str]:
    who = ", ".join(clean(one.title) for one in taken.sources)
    parts = [plural(len(things), word) for things, word in ((taken.runs, "run"), (taken.versions, "version")) if things]
    verb, back = ("would be taken out", "would be taken back") if is_dry else ("taken out", "taken back")
    yield f"{who}: {' and '.join(parts)} {verb}" if parts else f"{who}: no runs and no versions to take out"
    if named := [name for _, name in (*taken.runs, *taken.versions)]:
        yield f"  {_named(named)}"
    if taken.changes:
        yield f"  {plural(taken.changes, 'change')} of others' things {back}"
    if taken.kept:
        yield f"  {plural(len(taken.kept), 'thing')} stay, since something of others rests on them: {_named([name for _, name in taken.kept])}"


def _named(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED_MOST:,} more" if len(names) > _NAMED_MOST else ""
    return ", ".join(map(clean, names[:_NAMED_MOST])) + more
