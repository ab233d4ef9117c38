"""`artui share OUT`: a catalog, or a part of it, as one file for somebody else."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from artui.cli import completing
from artui.cli.catalogs import catalog_option
from artui.cli.common import PathType, filter_option, json_option, open_reader, print_json
from artui.cli.progress import Bar
from artui.paths import usable_path
from artui.safetext import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from artui.query.reader import Reader
    from artui.travel.sharing import Order, Shared


@click.command("share")
@click.argument("out", metavar="OUT", type=PathType())
@click.argument("references", nargs=-1, metavar="[REF]...", shell_complete=completing.references)
@filter_option("--where", "-w", help="Only runs that a filter matches, such as 'val/loss < 0.3'.")
@click.option("--project", "-p", "projects", multiple=True, metavar="NAME", help="Only runs and artifacts of a project; may be given again.")  # fmt: skip
@click.option("--no-content", is_flag=True, help="Leave the bytes of files out: what is known of them goes along.")
@click.option("--plain", is_flag=True, help="Store points as plain arrays, for readers with nothing but SQLite.")
@click.option("--redact", metavar="[CLASSES]", is_flag=False, flag_value="all", default=None, help="Take out who, where and what was said: all, or some of user,host,paths,env,diff,argv,notes,logs,previews.")  # fmt: skip
@click.option(
    "--sign",
    "key",
    metavar="KEY",
    default="",
    help="Sign the file with an SSH key: the signature lies beside it, as OUT.sig.",
)
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@click.option("--dry-run", "-n", is_flag=True, help="Say what would go out, and write nothing.")
@catalog_option
@json_option
def command(
    out: str,
    references: tuple[str, ...],
    where: str,
    projects: tuple[str, ...],
    no_content: bool,
    plain: bool,
    redact: str | None,
    key: str,
    force: bool,
    dry_run: bool,
    catalog: str | None,
    as_json: bool,
) -> int:
    """Write a catalog as it is at this moment into one plain file, OUT, that can be sent to anybody.

    With REFs (runs, NAME:v3, NAME:ALIAS), --where or --project only these, with all that they were made from. Whoever
    gets it can merge it with what they have; merged back, it brings what was changed in it.
    """
    from artui.catalog.redacting import classes_of
    from artui.travel.saying import share_lines
    from artui.travel.sharing import Order, share

    redacted = frozenset() if redact is None else classes_of(redact)
    target = usable_path(Path(out).expanduser())
    with open_reader(catalog) as reader:
        path = reader.path
        order = Order(has_content=not no_content, is_plain=plain, redacted=redacted)
        if references or where or projects:
            order = _part(reader, order, references, where, projects)
    with Bar() as bar:
        shared = share(path, target, order, is_dry=dry_run, replaces=force, tell=bar.tell)
    signature = None
    if key and not dry_run:
        from artui.travel.signing import sign

        signature = sign(target, Path(key).expanduser())
    if as_json:
        print_json(
            is_done=not dry_run, signature=None if signature is None else str(signature), **_record(shared, target)
        )
    else:
        for line in share_lines(shared, target, is_dry=dry_run):
            click.echo(line)
        if signature is not None:
            click.echo(f"  signed: send {clean(signature.name)} along")
    merged = shared.merged
    return 1 if merged.damaged or merged.missing_content or merged.left_out else 0


def _part(reader: Reader, order: Order, references: Sequence[str], where: str, projects: Sequence[str]) -> Order:
    """Find the runs and versions that are named."""
    from artui.model import RunHead
    from artui.query.parts import part_of
    from artui.query.references import resolve

    runs, version_ids = part_of(reader, where=where, projects=projects) if where or projects else (set(), set())
    named: set[str] = set()
    for text in references:
        subject = resolve(reader, text)
        (named if isinstance(subject, RunHead) else version_ids).add(subject.id)
    return replace(order, run_ids=runs | named, version_ids=version_ids, with_children=named)


def _record(shared: Shared, target: Path) -> dict[str, object]:
    redacted = shared.redacted
    return {
        "out": str(target), "size_bytes": shared.size_bytes, "runs": asdict(shared.runs), "versions": asdict(shared.versions), "points": shared.points,
        "content_bytes": asdict(shared.content_bytes), "journal_entries": shared.journal_entries, "outside": [asdict(each) for each in shared.outside],
        "suspects": [asdict(each) for each in shared.suspects], "running": list(shared.running), "damaged": [*shared.merged.damaged, *shared.merged.missing_content], "left_out": shared.merged.left_out,
        "redacted": None if redacted is None else {
            "classes": list(redacted.classes), "people": redacted.people, "hosts": redacted.hosts, "folders": redacted.folders, "rows": dict(redacted.cells),
            "secrets": redacted.secrets, "content_kept_back": [{"file": file, "why": why} for file, why in redacted.content],
            "not_searched": redacted.not_searched,
        },
    }  # fmt: skip
