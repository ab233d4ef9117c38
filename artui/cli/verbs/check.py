"""`artui check [CATALOG]`: looks for damage in a catalog, and for files that it refers to and that are gone."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from artui.cli import completing
from artui.cli.catalogs import catalog_option
from artui.cli.common import json_option, open_reader, print_json
from artui.cli.progress import Bar
from artui.safetext import clean
from artui.units import plural

if TYPE_CHECKING:
    from collections.abc import Iterator

    from artui.catalog.checking import Finding
    from artui.query.reader import Reader
    from artui.query.referenced import Referenced
    from artui.travel.signing import Signature

_NAMED_MOST = 20


@click.command("check")
@click.argument("file", required=False, metavar="[FILE]", shell_complete=completing.catalogs)
@click.option("--data", is_flag=True, help="Read everything: each point, file, run and version is compared with its digest.")  # fmt: skip
@click.option("--references", is_flag=True, help="Look whether the files that lie outside of the catalog are still there.")  # fmt: skip
@catalog_option
@json_option
def command(file: str | None, data: bool, references: bool, catalog: str | None, as_json: bool) -> int:
    """Look for damage: in the structure of the file, its links, and the journal, whose entries are a chain; and check a signature beside it.

    Nothing is changed. Ends with 0 if all is well, 1 if something is wrong, 3 if it is no catalog, or cannot be read.
    """
    import time

    from artui.cli.catalogs import one_catalog
    from artui.travel.saying import verdict_text

    begun = time.monotonic()
    named = one_catalog([word for word in (file, catalog) if word])
    # Before it is opened: whoever opens and closes it besides takes SQLite's locks away.
    signature = _signature(named)
    with open_reader(named, say=False) as reader:
        path = Path(reader.path)
        size = os.stat(path).st_size
        with Bar() as bar:
            findings = list(_findings(reader, path, data=data, bar=bar))
        gone = list(_references(reader)) if references else None
        notice = reader.notice
    seconds = time.monotonic() - begun
    is_forged = signature is not None and signature.state == "bad"
    is_well = not is_forged and not findings and not any(each.is_wrong for each in gone or ())
    if as_json:
        print_json(
            catalog=str(path), is_well=is_well, has_read_data=data, size_bytes=size, findings=[asdict(each) for each in findings],
            signature=None if signature is None else asdict(signature), references=None if gone is None else [asdict(each) for each in gone], notice=notice or None,
        )  # fmt: skip
        return int(not is_well)
    if notice:
        click.echo(f"artui: {clean(notice)}", err=True)
    if signature is not None:
        click.echo(f"{'signature':9}  {clean(signature.text)}")
    for line in _lines(findings, gone):
        click.echo(line)
    looked_at = "everything" if data else "structure, links and journal"
    wrong_count = is_forged + len(findings) + sum(each.is_wrong for each in gone or ())
    click.echo(f"{clean(str(path))}: {verdict_text(looked_at, size, round(seconds * 1000), wrong_count)}.")
    if findings:
        click.echo("An untouched copy of it, merged into this one, or imported again, completes what is damaged.")
    elif not data:
        click.echo("--data reads everything, and compares it with its digests.")
    return int(not is_well)


def _signature(named: str | None) -> Signature | None:
    from artui.catalog.finding import find_catalog
    from artui.travel.signing import signature_of, signers_file, verify

    path = find_catalog(named)[0]
    return verify(path, signers_file()) if os.path.lexists(signature_of(path)) else None


def _findings(reader: Reader, path: Path, *, data: bool, bar: Bar) -> Iterator[Finding]:
    from artui.catalog import opening
    from artui.catalog.checked import remember_check
    from artui.catalog.checking import Finding, check_journal, check_links, check_whole
    from artui.errors import CatalogDamaged

    if data:
        token, found = reader.file_token(), 0
        for finding in check_whole(path, tell=bar.tell):
            found += 1
            yield finding
        remember_check(path, found, token=token)
        return
    try:
        opening.check_damage(opening.inspect(path))
    except CatalogDamaged as error:
        yield Finding("structure", "", "", error.message)
    with reader.snapshot() as connection:
        version = reader.schema_version
        yield from check_links(connection, schema_version=version)
        yield from check_journal(connection, schema_version=version)


def _references(reader: Reader) -> Iterator[Referenced]:
    from artui.query.referenced import referenced

    yield from referenced(reader)


def _lines(findings: list[Finding], gone: list[Referenced] | None) -> Iterator[str]:
    from artui.travel.saying import finding_lines

    yield from finding_lines(findings)
    if gone is None:
        return
    for lost in [each for each in gone if each.is_wrong][:_NAMED_MOST]:
        yield f"{'gone':9}  {clean(lost.reference)}: {clean(lost.text)}"
    if not gone:
        yield "no version has files outside of the catalog"
        return
    there = sum(each.state == "there" for each in gone)
    unknown = [each for each in gone if each.state == "unknown"]
    yield f"{plural(len(gone), 'version')} outside of the catalog: {there:,} there, {sum(each.is_wrong for each in gone):,} gone, {len(unknown):,} not looked for" + (f" ({clean(unknown[0].text)})" if unknown else "")  # fmt: skip
