"""`artui adopt FILE OUT`: a catalog of somebody else's as a fresh one of one's own, once it was checked."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from artui.cli import completing
from artui.cli.catalogs import catalog_and_place, catalog_option
from artui.cli.common import json_option, print_json
from artui.cli.progress import Bar
from artui.paths import usable_path
from artui.safetext import clean
from artui.units import bytes_text, plural

if TYPE_CHECKING:
    from collections.abc import Iterator

    from artui.travel.adopting import Adopted

_NAMED_MOST = 20


@click.command("adopt")
@click.argument("words", nargs=-1, metavar="FILE OUT", shell_complete=completing.catalogs)
@click.option("--with-damaged", is_flag=True, help="Take it over although something in it is damaged; what is stays marked, or is left out.")  # fmt: skip
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@click.option("--dry-run", "-n", is_flag=True, help="Check it, say what would be taken over, and write nothing.")
@catalog_option
@json_option
def command(
    words: tuple[str, ...], with_damaged: bool, force: bool, dry_run: bool, catalog: str | None, as_json: bool
) -> int:
    """Check all of a catalog that came from elsewhere, FILE, and copy it row by row into a fresh one, OUT.

    What its sender had deleted is not in the pages of the new one. Ends with 0 if all was taken over, with 1 if
    something is damaged, and then takes nothing over unless --with-damaged says so.
    """
    from artui.travel.adopting import adopt

    file, out = (usable_path(Path(word).expanduser()) for word in catalog_and_place(words, catalog, "OUT"))
    with Bar() as bar:
        adopted = adopt(file, out, with_damaged=with_damaged, is_dry=dry_run, replaces=force, tell=bar.tell)
    if as_json:
        print_json(**_record(adopted, out, is_dry=dry_run))
    else:
        for line in _lines(adopted, out, is_dry=dry_run):
            click.echo(line)
    return int(bool(adopted.findings))


def _record(adopted: Adopted, out: Path, *, is_dry: bool) -> dict[str, object]:
    shared = adopted.shared
    return {
        "out": str(out), "is_done": shared is not None and not is_dry, "findings": [asdict(each) for each in adopted.findings],
        "runs": shared.runs.shared if shared else 0, "versions": shared.versions.shared if shared else 0, "points": shared.points if shared else 0,
        "size_bytes": shared.size_bytes if shared else 0, "free_bytes": adopted.free_bytes,
        "damaged": [*shared.merged.damaged, *shared.merged.missing_content] if shared else [], "left_out": shared.merged.left_out if shared else 0,
    }  # fmt: skip


def _lines(adopted: Adopted, out: Path, *, is_dry: bool) -> Iterator[str]:
    for each in adopted.findings[:_NAMED_MOST]:
        yield f"{each.kind:9}  {clean(f'{each.name}: ' if each.name else '')}{clean(each.text)}"
    if len(adopted.findings) > _NAMED_MOST:
        yield f"           and {len(adopted.findings) - _NAMED_MOST:,} more: --json has all"
    shared = adopted.shared
    if shared is None:
        yield f"Nothing was adopted: {plural(len(adopted.findings), 'thing')} wrong. --with-damaged takes over what there is."
        return
    yield f"{clean(str(out))} {'would hold' if is_dry else 'holds'} {plural(shared.runs.shared, 'run')}, {plural(shared.versions.shared, 'version')}, {plural(shared.points, 'point')}: {bytes_text(shared.size_bytes)}."  # fmt: skip
    if adopted.free_bytes:
        yield f"  dropped: {bytes_text(adopted.free_bytes)} of free pages"
    if ids := (*shared.merged.damaged, *shared.merged.missing_content):
        yield f"  dropped, since damaged: {', '.join(clean(each) for each in ids[:_NAMED_MOST])}{f' and {len(ids) - _NAMED_MOST:,} more' if len(ids) > _NAMED_MOST else ''}"
    if shared.merged.left_out:
        yield f"  dropped: {plural(shared.merged.left_out, 'row')} that can be none"
    if is_dry:
        yield "Nothing was written: this was a dry run."
