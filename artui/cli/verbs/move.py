"""`artui move [FILE] NEW_PATH`: a catalog in another folder, or on another disk."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from artui.cli import completing
from artui.cli.catalogs import catalog_option, one_catalog
from artui.cli.common import json_option, print_json
from artui.cli.progress import Bar
from artui.paths import usable_path
from artui.safetext import clean
from artui.units import bytes_text, plural

if TYPE_CHECKING:
    from artui.travel.moving import Moved

_NAMED_MOST = 5


@click.command("move")
@click.argument("words", nargs=-1, metavar="[FILE] NEW_PATH", shell_complete=completing.catalogs)
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@click.option("--dry-run", "-n", is_flag=True, help="Say what would go where, and change nothing.")
@catalog_option
@json_option
def command(words: tuple[str, ...], force: bool, dry_run: bool, catalog: str | None, as_json: bool) -> int:
    """Move a catalog to NEW_PATH, a file or a folder, with its backups, its signature and what is remembered of it.

    It is there whole before it is gone here, on another disk too. Refused while a run goes on or anybody has it open.
    """
    from artui.catalog.finding import find_catalog
    from artui.travel.moving import move
    from artui.tui.state.arrangement import follow

    if not words or len(words) > 2:
        context = click.get_current_context()
        raise click.UsageError(
            f"Got unexpected extra argument ({clean(words[2])})." if words else "Missing argument 'NEW_PATH'.", context
        )
    file = find_catalog(one_catalog([*words[:-1], *([catalog] if catalog else [])]))[0]
    target = usable_path(Path(words[-1]).expanduser())
    if words[-1].endswith(os.sep) and not target.is_dir():
        raise click.UsageError(f"There is no folder {clean(words[-1])}.", click.get_current_context())
    with Bar() as bar:
        moved = move(file, target, replaces=force, is_dry=dry_run, tell=bar.tell)
    if not dry_run:
        follow(moved.catalog_id, str(moved.old), str(moved.new))
    if moved.notice:
        click.echo(f"artui: {clean(moved.notice)}", err=True)
    if as_json:
        print_json(**_record(moved, is_dry=dry_run))
        return 0
    for line in _lines(moved, is_dry=dry_run):
        click.echo(line)
    return 0


def _record(moved: Moved, *, is_dry: bool) -> dict[str, object]:
    return {
        "old": str(moved.old), "new": str(moved.new), "is_done": not is_dry, "is_copied": not moved.is_renamed, "size_bytes": moved.size_bytes,
        "beside": list(moved.beside), "unreachable": list(moved.unreachable), "is_default": moved.is_default,
    }  # fmt: skip


def _lines(moved: Moved, *, is_dry: bool) -> list[str]:
    how = "" if moved.is_renamed else ", by copying it: that is another disk"
    lines = [f"{clean(str(moved.old))} {'would be' if is_dry else 'is'} {clean(str(moved.new))}{'' if is_dry else ' now'}: {bytes_text(moved.size_bytes)}{how}."]  # fmt: skip
    if moved.beside:
        lines.append(f"  along with it: {', '.join(map(clean, moved.beside))}")
    if moved.unreachable:
        named = ", ".join(map(clean, moved.unreachable[:_NAMED_MOST]))
        more = f" and {len(moved.unreachable) - _NAMED_MOST:,} more" if len(moved.unreachable) > _NAMED_MOST else ""
        lines.append(
            f"  files of {plural(len(moved.unreachable), 'version')} were read since they lay below its folder: {named}{more}"
        )
        lines.append(f"  to go on reading them, add {clean(str(moved.old.parent))} to `roots` in settings.toml, or move them along and say so with `artui relocate`")  # fmt: skip
    if moved.is_default:
        lines.append(f"  it is used when no catalog is named: write catalog = {clean(str(moved.new))!r} into settings.toml, or set ARTUI_CATALOG")  # fmt: skip
    if is_dry:
        lines.append("Nothing was written: this was a dry run.")
    return lines
