"""`artui merge CATALOG… --into FILE`: brings all that is in some catalogs into one."""

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
    from artui.travel.saying import merge_lines, names_to_settle

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
