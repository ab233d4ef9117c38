"""`artui compare REF…`: runs side by side, or versions with the runs that made them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import takewhile
from typing import TYPE_CHECKING

import click

from artui.cli import completing
from artui.cli.catalogs import catalog_option, without_catalog
from artui.cli.common import json_option, open_reader, print_json, print_table, say_damaged
from artui.errors import UsageError
from artui.model import RunHead
from artui.query.compare import compare
from artui.query.compareversions import compare_versions
from artui.query.names import distinct_names
from artui.query.references import find_run, find_version, resolve
from artui.reference import parse
from artui.units import COMPARED_TEXTS, number_texts, param_texts

if TYPE_CHECKING:
    from artui.query.compare import Row, Rows
    from artui.query.compareversions import VersionComparison
    from artui.query.reader import Reader

_SHARED_CHARS = 8
_COMMAND_CHARS = 60
"""A command is cut in its middle, in a pipe, too: where it begins and how it ends tell runs apart. `artui show` has it whole."""
_NUMBER_CELLS = 24
"""Room for all digits that tell two numbers apart."""


@click.command("compare")
@click.argument("refs", nargs=-1, required=True, metavar="REF...", shell_complete=completing.references)
@catalog_option
@json_option
@click.option("--all", "show_all", is_flag=True, help="Show rows that do not differ, too.")
def command(refs: tuple[str, ...], catalog: str | None, as_json: bool, show_all: bool) -> int:
    """Put runs (names or starts of ids), or versions such as model:v1 and model:production, side by side: what differs, and
    which is best (marked *)."""
    refs, catalog = without_catalog(refs, catalog)
    with open_reader(catalog) as reader:
        if len(refs) < 2:
            raise click.UsageError("Name at least two runs, or two versions.")
        if any(parse(ref).has_version for ref in refs):
            versions = compare_versions(reader, _version_ids(reader, refs))
            return _print_versions(versions, as_json=as_json, show_all=show_all)
        comparison = compare(reader, [find_run(reader, ref).id for ref in refs])
    say_damaged((run.head.name, run.damaged) for run in comparison.runs if run.damaged)
    if as_json:
        from artui.cli.contract import compared_record, run_record

        print_json(
            runs=[run_record(run.head) for run in comparison.runs],
            rows=[compared_record(row) for row in comparison.rows],
        )
        return 0
    names = distinct_names(run.head for run in comparison.runs)
    heads = [names[run.head.id] + (" (damaged)" if run.damaged else "") for run in comparison.runs]
    _print_rows(comparison, heads, show_all=show_all)
    return 0


def _version_ids(reader: Reader, refs: Sequence[str]) -> list[str]:
    """Find versions; of a name alone the newest one, unless it names a run."""
    ids = []
    for ref in refs:
        head = find_version(reader, ref) if parse(ref).has_version else resolve(reader, ref)
        if isinstance(head, RunHead):
            raise UsageError(
                f"{ref!r} names a run, and others name versions.",
                remedy="Compare runs with runs, and versions with versions: artui show REF says which run made a version.",
            )
        ids.append(head.id)
    return ids


def _print_versions(comparison: VersionComparison, *, as_json: bool, show_all: bool) -> int:
    say_damaged((version.head.reference, version.damaged) for version in comparison.versions if version.damaged)
    if as_json:
        from artui.cli.contract import compared_record, version_record

        print_json(
            versions=[version_record(version.head) for version in comparison.versions],
            rows=[compared_record(row) for row in comparison.rows],
        )
        return 0
    references = [version.head.reference for version in comparison.versions]
    heads = [
        (reference if references.count(reference) == 1 else f"{version.head.project}/{reference}")
        + (" (damaged)" if version.damaged else "")
        for version, reference in zip(comparison.versions, references, strict=True)
    ]
    _print_rows(comparison, heads, show_all=show_all)
    return 0


def _print_rows(comparison: Rows, heads: Sequence[str], *, show_all: bool) -> None:
    rows = comparison.titled(only_differences=not show_all)
    cells = [
        [title, row.name, *(_from_where_they_differ(_cells(row)) if row.differs else _cells(row))]
        for title, row in rows
    ]
    print_table(["", "", *heads], cells, right=[False, False, *(False for _ in heads)])
    is_best_marked = any(row.bests for _, row in rows)
    hidden = "" if show_all or comparison.differing == len(comparison.rows) else "; --all shows the others"
    click.echo(
        f"{comparison.differing} of {len(comparison.rows)} rows differ{hidden}.{' * is the best value.' if is_best_marked else ''}",
        err=True,
    )


def _from_where_they_differ(texts: Sequence[str]) -> Sequence[str]:
    """Leave out of long texts the words that all begin with, on a terminal, where they may be cut."""
    given = [text for text in texts if text != "-"]
    words = takewhile(lambda each: len(set(each)) == 1, zip(*(text.split(" ") for text in given), strict=False))
    cut = sum(len(word) + 1 for word, *_ in words)
    if not sys.stdout.isatty() or len(set(given)) < 2 or cut < _SHARED_CHARS:
        return texts
    return [text if text == "-" else f"… {text[cut:]}" for text in texts]


def _short(command: str) -> str:
    half = (_COMMAND_CHARS - 1) // 2
    return command if len(command) <= _COMMAND_CHARS else f"{command[:half]}…{command[-half:]}"


def _cells(row: Row) -> list[str]:
    write = COMPARED_TEXTS.get((row.section, row.name))
    if write is not None:
        return [text or "-" for text in write([value if isinstance(value, int) else None for value in row.values])]
    if row.name == "command":
        return [_short(str(value)) if value is not None else "-" for value in row.values]
    texts = number_texts(row.values, _NUMBER_CELLS) if row.is_measured else param_texts(row.values)
    return [
        "-" if value is None else text + (" *" if number in row.bests else "")
        for number, (value, text) in enumerate(zip(row.values, texts, strict=True))
    ]
