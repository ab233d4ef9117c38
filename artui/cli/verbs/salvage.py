"""`artui salvage FILE OUT`: a new catalog with all that can be read of a damaged one."""

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

    from artui.catalog.salvaging.salvage import Part
    from artui.travel.salvaging import Salvaged

_NAMED_MOST = 20
_WORDS = {
    "block": "blocks of points", "name": "names of params and metrics", "blob": "contents of files", "chunk": "pieces of content", "blob_chunk": "places of pieces",
    "edge": "links", "event": "entries of the journal", "alias": "aliases", "series": "series of metrics", "context": "surroundings of runs", "saved_view": "views",
    "imported": "imports", "merged": "merges", "edit": "edits", "removal": "removals", "retirement": "retirements", "catalog": "rows of the catalog itself",
    "dropped": "notes on what imports dropped",
}  # fmt: skip
"""What the rows of a table are called, where that is not its name and an s."""
_REASONS = (
    ("rebuilt", "put together from what is left of {}, not all is known"),
    ("unreadable", "cannot be read"),
    ("wrong", "not what was written"),
    ("absent", "gone"),
    ("orphaned", "of something that is gone"),
)


@click.command("salvage")
@click.argument("words", nargs=-1, metavar="FILE OUT", shell_complete=completing.catalogs)
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@catalog_option
@json_option
def command(words: tuple[str, ...], force: bool, catalog: str | None, as_json: bool) -> int:
    """Write all that can be read of a damaged catalog, FILE, into a new one, OUT, and say what cannot.

    FILE is only read, page by page, also where no other verb opens it. Ends with 0 if all was saved, with 1 if
    something is missing, with 3 if nothing could be read.
    """
    from artui.travel.salvaging import salvage

    file, out = (usable_path(Path(word).expanduser()) for word in catalog_and_place(words, catalog, "OUT"))
    with Bar() as bar:
        salvaged = salvage(file, out, replaces=force, tell=bar.tell)
    if as_json:
        print_json(**_record(salvaged))
    else:
        for line in _lines(salvaged):
            click.echo(line)
    return int(not salvaged.is_whole)


def _record(salvaged: Salvaged) -> dict[str, object]:
    rows = salvaged.rows
    return {
        "out": str(salvaged.path), "is_whole": salvaged.is_whole, "size_bytes": salvaged.size_bytes, "schema_version": rows.schema_version, "runs": salvaged.runs,
        "versions": salvaged.versions, "points": salvaged.points, "rows": rows.count, "pages": rows.page_count, "missing_pages": rows.missing_pages,
        "strange_pages": rows.strange_pages, "tables": [{"table": name} | asdict(part) for name, part in rows.parts.items() if part.saved or not part.is_whole],
        "lost_files": list(rows.lost_files), "findings": [asdict(finding) for finding in salvaged.findings], "spools": salvaged.spools, "notice": rows.notice or None,
    }  # fmt: skip


def _lines(salvaged: Salvaged) -> Iterator[str]:
    """Say what was saved, and what is missing."""
    rows = salvaged.rows
    yield f"{clean(str(salvaged.path))} holds {plural(salvaged.runs, 'run')}, {plural(salvaged.versions, 'version')}, {plural(salvaged.points, 'point')}: {plural(rows.count, 'row')} of {plural(rows.page_count, 'page')}, {bytes_text(salvaged.size_bytes)}."
    if rows.notice:
        yield f"  {clean(rows.notice)}"
    if rows.missing_pages:
        yield f"  the file is cut off: it lacks {plural(rows.missing_pages, 'page')} at its end"
    for name, part in rows.parts.items():
        if not part.is_whole:
            yield f"  {_WORDS.get(name, f'{name}s')}: {', '.join(_losses(part))}"
    if rows.strange_pages:
        yield f"  {plural(rows.strange_pages, 'page')} of rows of which nobody knows where they belong"
    if rows.lost_files:
        more = f" and {len(rows.lost_files) - _NAMED_MOST:,} more" if len(rows.lost_files) > _NAMED_MOST else ""
        yield f"  the content of {plural(len(rows.lost_files), 'file')} is gone: {', '.join(clean(name) for name in rows.lost_files[:_NAMED_MOST])}{more}"
    if salvaged.findings:
        yield "Damaged in it now:"
    for finding in salvaged.findings[:_NAMED_MOST]:
        yield f"  {finding.kind:9}  {clean(f'{finding.name}: ' if finding.name else '')}{clean(finding.text)}"
    if len(salvaged.findings) > _NAMED_MOST:
        yield f"  and {len(salvaged.findings) - _NAMED_MOST:,} more: `artui check {clean(str(salvaged.path))} --data` has all"
    if salvaged.spools:
        yield f"  {plural(salvaged.spools, 'spool')} beside the damaged file: what was logged last is in there, and not in the new one"
    if salvaged.is_whole:
        yield "Nothing is missing."
    else:
        yield "An older copy of it, merged into the new one, completes what is missing."


def _losses(part: Part) -> Iterator[str]:
    for name, words in _REASONS:
        if count := getattr(part, name):
            yield f"{count:,} {words.format('it' if count == 1 else 'them')}"
    if part.lost_pages:
        yield f"{plural(part.lost_pages, 'page')} lost"
