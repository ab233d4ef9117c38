"""`artui blame REF`: who set each thing that is said of a run or a version."""

from __future__ import annotations

import click

from artui.cli import completing
from artui.cli.catalogs import catalog_option, without_catalog
from artui.cli.common import json_option, one_of, open_reader, print_json
from artui.model import RunHead
from artui.query.blame import blame
from artui.query.references import resolve_any
from artui.safetext import clean
from artui.times import time_text

_VALUE_CHARS = 40


@click.command("blame")
@click.argument("refs", nargs=-1, metavar="REF", shell_complete=completing.references)
@catalog_option
@json_option
def command(refs: tuple[str, ...], catalog: str | None, as_json: bool) -> int:
    """Say who set each thing that is said of REF (a run or a version), when, and why; the last change first."""
    refs, catalog = without_catalog(refs, catalog)
    with open_reader(catalog) as reader:
        subject = resolve_any(reader, one_of(refs, "REF"))
        found = blame(reader, subject)
    name = subject.name if isinstance(subject, RunHead) else subject.reference
    if as_json:
        print_json(
            subject=name, id=subject.id,
            set=[{"what": one.what, "value": one.value, "author": one.author, "time_ms": one.time_ms, "why": one.why, "host": one.host or None} for one in found],
        )  # fmt: skip
        return 0
    click.echo(clean(name))
    rows = [
        (clean(one.what), _shown(one.value), clean(one.author), time_text(one.time_ms), clean(one.why)) for one in found
    ]
    widths = [max(len(row[place]) for row in rows) for place in range(4)]
    for row in rows:
        cells = [text.ljust(width) for text, width in zip(row, widths, strict=False)]
        click.echo(f"  {'  '.join((*cells, row[-1]))}".rstrip())
    return 0


def _shown(value: str | None) -> str:
    if value is None:
        return "taken away"
    text = clean(value) or '""'
    return text if len(text) <= _VALUE_CHARS else f"{text[: _VALUE_CHARS - 1]}…"
