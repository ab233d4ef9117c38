"""`artui merge CATALOG… --into FILE`: brings all that is in some catalogs into one."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from artui.cli import completing
from artui.cli.catalogs import catalog_option_of, catalogs_named, one_catalog
from artui.cli.common import json_option, print_json
from artui.cli.merged import merged_record, names_to_settle, value_text
from artui.cli.progress import Bar
from artui.errors import UsageError
from artui.paths import usable_path
from artui.safetext import clean
from artui.times import time_text
from artui.units import bytes_text, plural

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from artui.catalog import Catalog
    from artui.catalog.merging.merge import Merged
    from artui.catalog.unsettled import Unsettled

_NAMED_MOST = 5
_VALUE_CHARS = 60


@click.command("merge")
@click.argument("catalogs", nargs=-1, required=True, metavar="CATALOG...", shell_complete=completing.catalogs)
@click.option("--into", metavar="FILE", shell_complete=completing.catalogs, help="The catalog that gets all; made if it is not there.")  # fmt: skip
@catalog_option_of("The same as --into.")
@click.option("--dry-run", "-n", is_flag=True, help="Say what would come, and write nothing.")
@json_option
def command(catalogs: tuple[str, ...], into: str | None, catalog: str | None, dry_run: bool, as_json: bool) -> int:
    """Bring all runs, versions, lineage and changes of some catalogs into one.

    The order does not matter, and neither does merging again: only what is new comes. Of two changes of the same thing
    the one that was made later stays. The catalogs that are merged are only read.
    """
    from artui.catalog.merging.merge import merge
    from artui.catalog.spool.orphans import take_over

    paths = [usable_path(Path(path).expanduser()) for path in catalogs_named(catalogs, ())]
    named = one_catalog([path for path in (into, catalog) if path])
    if named is None:
        raise UsageError("It is not said into which catalog.", remedy="Name it: --into FILE, which is made if it is not there.")  # fmt: skip
    target = usable_path(Path(named).expanduser())
    for path in paths:
        # What a process that died had logged last belongs to it, too.
        take_over(path, tell=lambda text: click.echo(f"artui: {clean(text)}", err=True))
    with Bar() as bar, _Into(target, is_dry=dry_run) as opened:
        merged = merge(opened, paths, is_dry=dry_run, tell=bar.tell)
        names = names_to_settle(opened, merged)
    for one in merged:
        if one.notice:
            click.echo(f"artui: {clean(one.path)}: {clean(one.notice)}", err=True)
    if as_json:
        print_json(into=str(target), is_done=not dry_run, merged=[merged_record(one, names) for one in merged])
    else:
        for one in merged:
            for line in _lines(one, names, is_dry=dry_run):
                click.echo(line)
    if dry_run and not as_json:
        click.echo("Nothing was written: this was a dry run.", err=True)
    return 1 if any(one.damaged or one.missing_content or one.odd_changes or one.left_out for one in merged) else 0


class _Into:
    """The catalog that is merged into; for a dry run into one that is not there yet, an empty one that is gone afterwards."""

    def __init__(self, path: Path, *, is_dry: bool) -> None:
        self._path = path
        self._folder = tempfile.TemporaryDirectory(prefix="artui-") if is_dry and not path.exists() else None
        self._catalog: Catalog | None = None

    def __enter__(self) -> Catalog:
        from artui.catalog import Catalog

        if self._path.exists() and self._path.is_dir():
            raise UsageError(f"{clean(str(self._path))} is a folder.", remedy="Name a file.")
        self._catalog = Catalog(Path(self._folder.name) / "dry.artui" if self._folder is not None else self._path)
        return self._catalog

    def __exit__(self, *_: object) -> None:
        if self._catalog is not None:
            self._catalog.close()
        if self._folder is not None:
            self._folder.cleanup()


def _settling(each: Unsettled, names: Mapping[str, str]) -> Iterator[str]:
    name = names.get(each.subject_id, each.subject_id)
    what = f"{each.action} {each.detail}" if each.detail else each.action
    yield f"  to settle: {clean(what)} of {clean(name)}"
    for choice in each.choices:
        stands = "  stands" if choice is each.choices[-1] else ""
        value = value_text(choice.state)
        shown = "taken away" if value is None else f'"{clean(value)[:_VALUE_CHARS]}"'
        yield f"    {time_text(choice.time_ms)}  {clean(choice.author)}  {shown}{stands}"


def _lines(one: Merged, names: Mapping[str, str], *, is_dry: bool) -> list[str]:
    """Say what came of one catalog: a line, and one for each thing that is wrong with it."""
    parts = [
        plural(count, word)
        for count, word in (
            (one.new_runs, "new run"), (one.changed_runs, "changed run"), (one.new_versions, "new version"), (one.changed_versions, "changed version"),
            (one.points, "point"), (one.forgotten, "forgotten thing"),
        )
        if count
    ]  # fmt: skip
    if one.changes:
        parts.append(_entries(one.changes))
    if one.content_bytes:
        parts.append(f"{bytes_text(one.content_bytes)} of content")
    lines = [f"{clean(one.path)}: {', '.join(parts) if parts else 'nothing that is not there already'}"]
    ids = (*one.damaged, *one.missing_content)
    if one.damaged:
        lines.append(
            f"  {plural(len(one.damaged), 'thing')} damaged there, nothing was taken of: {_named(one.damaged)}"
        )
    if one.missing_content:
        lines.append(
            f"  content damaged there, left out, of {plural(len(one.missing_content), 'version')}: {_named(one.missing_content)}"
        )
    if one.odd_changes:
        lines.append(f"  {_entries(one.odd_changes)} with the same id and other content: one of both is kept")
    if one.left_out:
        lines.append(f"  {plural(one.left_out, 'row')} of damaged tables left out")
    for each in one.to_settle[:_NAMED_MOST]:
        lines += _settling(each, names)
    if len(one.to_settle) > _NAMED_MOST:
        lines.append(f"  and {len(one.to_settle) - _NAMED_MOST:,} more to settle: --json has all")
    if one.to_settle:
        lines.append("  whoever changes such a thing again has settled it")
    if (ids or one.left_out) and not is_dry:
        lines.append("  an untouched copy of it, merged again, completes them")
    return lines


def _entries(count: int) -> str:
    return f"{count:,} journal {'entry' if count == 1 else 'entries'}"


def _named(ids: tuple[str, ...]) -> str:
    more = f" and {len(ids) - _NAMED_MOST:,} more" if len(ids) > _NAMED_MOST else ""
    return ", ".join(clean(each) for each in ids[:_NAMED_MOST]) + more
