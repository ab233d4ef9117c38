"""`artui merge CATALOG… --into FILE`: brings all that is in some catalogs into one; `--undo SOURCE` takes it out again."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from artui.cli import completing
from artui.cli.catalogs import catalog_option_of, catalogs_named, one_catalog
from artui.cli.common import json_option, print_json
from artui.cli.merged import merged_record
from artui.cli.progress import Bar
from artui.errors import UsageError
from artui.paths import usable_path
from artui.safetext import clean

if TYPE_CHECKING:
    from artui.catalog import Catalog


@click.command("merge")
@click.argument("catalogs", nargs=-1, metavar="CATALOG...", shell_complete=completing.catalogs)
@click.option("--into", metavar="FILE", shell_complete=completing.catalogs, help="The catalog that gets all; made if it is not there.")  # fmt: skip
@catalog_option_of("The same as --into.")
@click.option(
    "--sources", is_flag=True, help="List the installations that a catalog has something of, and merge nothing."
)
@click.option("--undo", "source", metavar="SOURCE", help="Take out what came from a source: a catalog that was merged, or as --sources names it.")  # fmt: skip
@click.option("--dry-run", "-n", is_flag=True, help="Say what would come, or go, and write nothing.")
@click.option("--yes", is_flag=True, help="Do not ask before something is taken out.")
@json_option
def command(
    catalogs: tuple[str, ...], into: str | None, catalog: str | None, sources: bool, source: str | None, dry_run: bool, yes: bool, as_json: bool
) -> int:  # fmt: skip
    """Bring all runs, versions, lineage and changes of some catalogs into one.

    The order does not matter, and neither does merging again: only what is new comes. Of two changes of the same thing
    the one that was made later stays. The catalogs that are merged are only read.
    """
    from artui.catalog.merging.merge import merge
    from artui.catalog.spool.orphans import take_over
    from artui.cli import sources as undoing
    from artui.travel.saying import merge_lines, names_to_settle

    if sources or source is not None:
        if (catalogs and (into or catalog or len(catalogs) > 1)) or (sources and source is not None):
            raise UsageError("--sources and --undo are of one catalog.", remedy="Say one of both, and name the catalog with -c.")  # fmt: skip
        named = one_catalog([path for path in (*catalogs, into, catalog) if path])
        if source is None:
            return undoing.list_sources(named, as_json=as_json)
        return undoing.take_out(named, source, is_dry=dry_run, is_asked=not yes, as_json=as_json)
    if not catalogs:
        raise click.UsageError("Missing argument 'CATALOG...'.", click.get_current_context())
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
            for line in merge_lines(one, names, is_dry=dry_run):
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
