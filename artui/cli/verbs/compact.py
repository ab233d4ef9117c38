"""`artui compact [FILE]`: gives back what a catalog does not use."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from artui.cli import completing
from artui.cli.catalogs import catalog_option, one_catalog
from artui.cli.common import json_option, open_reader, print_json
from artui.safetext import clean
from artui.units import bytes_text, plural

if TYPE_CHECKING:
    from artui.catalog.compacting import Room


@click.command("compact")
@click.argument("file", required=False, metavar="[FILE]", shell_complete=completing.catalogs)
@click.option("--dry-run", "-n", is_flag=True, help="Say what would be given back, and change nothing.")
@catalog_option
@json_option
def command(file: str | None, dry_run: bool, catalog: str | None, as_json: bool) -> int:
    """Give back the free pages of a catalog, and content that nothing names: the file is written anew, whole or not at all.

    Nobody else may have it open, and no run may be going on. It needs as much room on the disk as the catalog has.
    """
    from artui.catalog.compacting import compact, room_in

    with open_reader(one_catalog([word for word in (file, catalog) if word])) as reader:
        path = Path(reader.path)
    if dry_run:
        room, after = room_in(path), None
    else:
        compacted = compact(path)
        room, after = compacted.before, compacted.after_bytes
        if compacted.notice:
            click.echo(f"artui: {clean(compacted.notice)}", err=True)
    if as_json:
        print_json(catalog=str(path), is_done=after is not None, after_bytes=after, **asdict(room))
        return 0
    click.echo(f"{clean(str(path))}: {_text(room, after)}")
    return 0


def _text(room: Room, after: int | None) -> str:
    parts = [f"{bytes_text(room.free_bytes)} of free pages"]
    if room.unnamed_count:
        parts.append(
            f"{plural(room.unnamed_count, 'piece')} of content that nothing names ({bytes_text(room.unnamed_bytes)})"
        )
    if after is None:
        return f"{bytes_text(room.size_bytes)}, of which {' and '.join(parts)} would be given back. Nothing was written: this was a dry run."
    return f"{bytes_text(room.size_bytes)} before, {bytes_text(after)} after: {' and '.join(parts)} gone."
