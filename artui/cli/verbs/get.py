"""`artui get REF`: the files of a version, checked and written into a folder."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

import click

from artui.cli import completing
from artui.cli.catalogs import catalog_option, without_catalog
from artui.cli.common import (
    PathType,
    PlaceType,
    json_option,
    one_of,
    open_reader,
    print_json,
    progress_bar,
    say_damaged,
)
from artui.errors import UsageError
from artui.safetext import clean
from artui.units import bytes_text, plural

if TYPE_CHECKING:
    from artui.content.fetching import Fetched
    from artui.model import VersionHead

_NAMED_MOST = 10


@click.command("get")
@click.argument("refs", nargs=-1, metavar="REF", shell_complete=completing.references)
@click.option("--out", "-o", "folder", type=PathType(path_type=Path, file_okay=False), help="The folder to write into; by default NAME-vN here.")  # fmt: skip
@click.option("--file", "-f", "patterns", multiple=True, metavar="GLOB", help="Only files whose path matches, such as '*.csv'; may be given again.")  # fmt: skip
@click.option("--force", is_flag=True, help="Replace files of other content that are in the way.")
@click.option(
    "--follow", "roots", multiple=True, metavar="DIR", type=PlaceType(exists=True, file_okay=False),
    help="A folder or URI below which the catalog's paths may be followed; may be given again.",
)  # fmt: skip
@catalog_option
@json_option
def command(
    refs: tuple[str, ...],
    folder: Path | None,
    patterns: tuple[str, ...],
    force: bool,
    roots: tuple[str, ...],
    catalog: str | None,
    as_json: bool,
) -> int:
    """Get the files of REF (NAME, NAME:v3 or NAME:ALIAS): each is checked by its digest; what is there is kept, what was broken off goes on."""
    from artui.content.fetching import fetch
    from artui.query.artifacts import get_version
    from artui.query.opened import open_content
    from artui.query.references import find_version

    refs, catalog = without_catalog(refs, catalog)
    ref = one_of(refs, "REF")
    with open_reader(catalog) as reader:
        reader.roots = roots
        version = get_version(reader, find_version(reader, ref).id)
        say_damaged([(version.head.reference, version.damaged)] if version.damaged else [])
        files = [file for file in version.files if not patterns or any(fnmatchcase(file.path, pattern) for pattern in patterns)]  # fmt: skip
        if not files:
            what = f"no file that matches {' or '.join(patterns)}" if patterns else "no files"
            raise UsageError(
                f"{version.head.reference} has {what}.",
                remedy=f"`artui show {version.head.reference}` lists its files.",
            )
        with progress_bar(sum(file.size_bytes for file in files), "getting") as tell:
            fetched = fetch(
                files,
                lambda file: open_content(reader, version.head.key, file.path, is_checked=False),
                folder or Path(folder_name(version.head)),
                may_replace=force,
                tell=tell,
            )
    if as_json:
        print_json(
            reference=version.head.reference, folder=str(fetched.folder.resolve()), written=fetched.written, present=fetched.present,
            left_out=fetched.left_out,
        )  # fmt: skip
    else:
        for path in sorted((*fetched.written, *fetched.present)):
            click.echo(clean(str(fetched.folder / path)))
        _say(version.head, fetched, sum(file.size_bytes for file in files if file.path not in fetched.left_out))
    return 1 if fetched.left_out else 0


def folder_name(head: VersionHead) -> str:
    """Name the folder that a version goes to by default."""
    return f"{head.artifact.replace('/', '-')}-v{head.number}"


def _say(head: VersionHead, fetched: Fetched, size_bytes: int) -> None:
    count = len(fetched.written) + len(fetched.present)
    there = len(fetched.present)
    already = ""
    if there:
        already = (
            ", already there" if there == count else f", {there:,} of them {'was' if there == 1 else 'were'} there"
        )
    wanted = count + len(fetched.left_out)
    if not count:
        told = f"none of {plural(wanted, 'file')} could be had" if wanted > 1 else "its file could not be had"
    else:
        files = f"{count:,} of {plural(wanted, 'file')}" if fetched.left_out else plural(count, "file")
        told = f"{files}, {bytes_text(size_bytes)}, as recorded{already}"
    click.echo(f"{clean(head.reference)}: {told}", err=True)
    for path, why in list(fetched.left_out.items())[:_NAMED_MOST]:
        click.echo(f"artui: left out {clean(path)}: {clean(why)}", err=True)
    more = len(fetched.left_out) - _NAMED_MOST
    if more > 0:
        click.echo(f"artui: left out {more:,} more; --json names them all", err=True)
    if count := len(fetched.in_the_way):
        click.echo(f"artui: --force replaces {'the file that is' if count == 1 else f'the {count:,} files that are'} in the way", err=True)  # fmt: skip
