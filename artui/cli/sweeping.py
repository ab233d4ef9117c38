"""`artui gc --store`: objects of a store that none of the named catalogs names are marked, and removed the next time."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import click

from artui import clock
from artui.catalog import retention
from artui.cli.common import open_reader, print_json, progress_bar
from artui.content import stores, sweeping
from artui.content.sweeping import Sweep
from artui.errors import UsageError
from artui.safetext import clean
from artui.units import bytes_text, plural


def sweep(store: str, catalogs: Sequence[str], *, older_than: str, dry_run: bool, yes: bool, as_json: bool) -> int:
    """Sweep a store; give the exit code.

    Raises:
        ArtuiError: a catalog cannot be read, or the store cannot be asked or changed: then nothing more is done.
    """
    if not catalogs:
        raise UsageError(
            "A store may hold what several catalogs need.", remedy="Name every catalog that uses it, each by --catalog."
        )
    grace_ms, now_ms = retention.span_ms(older_than), clock.now_ms()
    opened = stores.opened(store)
    named = _named(catalogs)
    planned = sweeping.plan(opened, named, now_ms=now_ms, grace_ms=grace_ms)
    if not planned.named_count and not planned.sizes:
        click.echo(f"artui: There are no objects in {clean(opened.uri)}.", err=True)
    work_count = len(planned.marked) + len(planned.removed)
    is_done = not dry_run
    if planned.removed and not dry_run:
        _ask(planned, opened.uri, yes=yes)
    if is_done:
        with progress_bar(work_count, "sweeping") as tell:
            planned = sweeping.carry_out(opened, planned, lambda: _named(catalogs), now_ms=now_ms, tell=tell)
    if as_json:
        print_json(
            is_dry_run=dry_run, store=opened.uri, catalogs=[str(Path(path).absolute()) for path in catalogs],
            named_count=planned.named_count, named_bytes=planned.named_bytes, marked=planned.marked, waiting=planned.waiting,
            removed=planned.removed, freed_bytes=planned.bytes_of(planned.removed),
        )  # fmt: skip
    else:
        _say(planned, catalogs, older_than, dry_run=dry_run)
    return 0


def _named(catalogs: Sequence[str]) -> set[str]:
    named: set[str] = set()
    with ExitStack() as closing:
        for path in catalogs:
            reader = closing.enter_context(open_reader(path, say=False))
            with reader.snapshot() as connection:
                named |= retention.digests_outside(connection)
    return named


def _ask(planned: Sweep, store: str, *, yes: bool) -> None:
    """Ask before anything is removed.

    Raises:
        UsageError: it is not wanted, or nobody is there to be asked.
    """
    if yes:
        return
    what = f"{plural(len(planned.removed), 'object')} ({bytes_text(planned.bytes_of(planned.removed))})"
    if not sys.stdin.isatty() or not sys.stderr.isatty():
        raise UsageError(f"{what} would be removed.", remedy="Say --yes to do it, or --dry-run to only look.")
    if not click.confirm(f"Remove {what} from {clean(store)}, for good?", err=True):
        raise UsageError("Nothing was removed.", remedy="--dry-run only looks.")


def _say(planned: Sweep, catalogs: Sequence[str], older_than: str, *, dry_run: bool) -> None:
    would = "would be " if dry_run else ""
    lines = (
        (planned.named_count, planned.named_bytes, f"named by {plural(len(catalogs), 'catalog')}: kept"),
        (len(planned.marked), planned.bytes_of(planned.marked), f"that no catalog names: {would}marked"),
        (len(planned.waiting), planned.bytes_of(planned.waiting), f"that no catalog names, marked less than {older_than} ago: kept"),
        (len(planned.removed), planned.bytes_of(planned.removed), f"that no catalog names, marked longer ago: {would}removed"),
    )  # fmt: skip
    for place, (count, size_bytes, what) in enumerate(lines):
        if count or place == 0:
            click.echo(f"{plural(count, 'object')} ({bytes_text(size_bytes)}) {what}")
