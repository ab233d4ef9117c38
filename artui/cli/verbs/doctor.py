"""`artui doctor [FILE]`: how a catalog and this installation stand, and what to do about it."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path

import click

from artui.cli import completing
from artui.cli.catalogs import catalog_option, one_catalog
from artui.cli.common import json_option, print_json
from artui.safetext import clean

_SUBJECT_CELLS = 12


@click.command("doctor")
@click.argument("file", required=False, metavar="[FILE]", shell_complete=completing.catalogs)
@catalog_option
@json_option
def command(file: str | None, catalog: str | None, as_json: bool) -> int:
    """Say how a catalog stands, with what lies beside it, its disk and this installation, and what to do.

    Nothing is changed. Ends with 0 if nothing is wrong, 1 if something is, 3 if it is no catalog.
    """
    from artui.catalog.diagnosing import diagnose
    from artui.catalog.finding import DEFAULT, find_catalog
    from artui.catalog.opening import look
    from artui.paths import usable_path

    named = one_catalog([word for word in (file, catalog) if word])
    path: Path | None
    if named is not None:
        path = usable_path(Path(named).expanduser())
    else:
        path, why = find_catalog(None)
        if why == DEFAULT and not os.path.lexists(path):
            path = None
    if path is not None and not path.exists():
        look(path)  # raises the error that says what is wrong
    remarks = list(diagnose(path))
    is_well = all(remark.state != "wrong" for remark in remarks)
    if as_json:
        print_json(
            catalog=None if path is None else str(path), is_well=is_well, remarks=[asdict(remark) for remark in remarks]
        )
        return int(not is_well)
    for remark in remarks:
        click.echo(f"{remark.state:5}  {remark.subject:{_SUBJECT_CELLS}}  {clean(remark.text)}")
        if remark.remedy:
            click.echo(f"{'':5}  {'':{_SUBJECT_CELLS}}  -> {clean(remark.remedy)}")
    if path is not None:
        click.echo(f"`artui check {clean(str(path))} --data` looks for damage.")
    return int(not is_well)
