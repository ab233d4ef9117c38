"""`artui diff REF [REF]`: how one version of an artifact differs from another, down to rows and tensors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import click

from artui.cli import completing
from artui.cli.catalogs import catalog_inside, catalog_option, is_catalog, without_catalog
from artui.cli.common import json_option, open_reader, print_json, say_damaged
from artui.cli.sheets import print_sections, print_sheet
from artui.errors import ArtuiError, DeletedReference, UnknownReference, UsageError
from artui.query.difference.files import NO_KEY
from artui.safetext import clean
from artui.times import time_text
from artui.units import plural

if TYPE_CHECKING:
    from artui.model import VersionDetail, VersionHead
    from artui.model.difference import FileChange, FileDifference, VersionDifference
    from artui.query.reader import Reader

MAX_FILES = 200
"""So many files that differ are looked into, the first of them."""
_NAMED = 8
MOST_ROWS, MOST_LINES = 40, 400
"""Of each file in print; `--json` has all that was compared."""


@click.command("diff")
@click.argument("refs", nargs=-1, metavar="REF [REF]", shell_complete=completing.references)
@click.option("--file", "-f", "patterns", multiple=True, metavar="GLOB", help="Only files whose path matches, such as '*.csv'; may be given again.")  # fmt: skip
@click.option("--key", "-k", "key", multiple=True, metavar="COLUMN", help="Pair the rows of tables by this column; may be given again. By default a column that names rows is looked for.")  # fmt: skip
@click.option("--stat", is_flag=True, help="Only say which files differ, without opening any.")
@click.option(
    "--since",
    metavar="TIME",
    default="",
    help="Of one catalog: what is new, changed or gone since a time, such as 2026-11-01 or 2d.",
)
@click.option("--exit-code", is_flag=True, help="End with 1 if they differ.")
@catalog_option
@json_option
def command(
    refs: tuple[str, ...],
    patterns: tuple[str, ...],
    key: tuple[str, ...],
    stat: bool,
    since: str,
    exit_code: bool,
    catalog: str | None,
    as_json: bool,
) -> int:
    """Say how the second REF (NAME, NAME:v3 or NAME:ALIAS) differs from the first; of one REF, how it differs from the version before it.

    Of two catalogs (a.artui b.artui): which runs, versions and views are new, changed or gone in the second one, and how.
    """
    if since:
        return _since(refs, catalog, since, exit_code=exit_code, as_json=as_json)
    if len(refs) == 2 and all(map(is_catalog, refs)):
        if patterns or key or stat or catalog:
            raise UsageError("Two catalogs are compared as they are.", remedy=f"artui diff {' '.join(refs)}")
        return _catalogs(refs, exit_code=exit_code, as_json=as_json)
    from artui.query.difference.files import Known, file_difference
    from artui.query.difference.makers import makers_difference
    from artui.query.difference.versions import version_difference

    refs, catalog = without_catalog(refs, catalog)
    if len(refs) not in (1, 2):
        raise UsageError(
            "diff takes one or two versions.", remedy="For example: artui diff digits-split:v1 digits-split:v2"
        )
    with open_reader(catalog) as reader:
        before, after = _versions(reader, refs)
        say_damaged([(each.head.reference, each.damaged) for each in (before, after) if each.damaged])
        difference = version_difference(before, after)
        difference = replace(difference, makers=makers_difference(reader, before, after))
        known = Known(reader, difference)
        chosen = [
            change
            for change in difference.files
            if not patterns or any(fnmatchcase(change.path, pattern) for pattern in patterns)
        ]
        _check(difference, chosen, patterns)
        details = (
            {} if stat else {change.path: file_difference(known, change, key=key) for change in chosen[:MAX_FILES]}
        )
    if key and (lacking := _without_key(details)):
        raise UsageError(
            f"{lacking} has no column {', '.join(key)} in both versions.", remedy=_columns_of(details[lacking])
        )
    if as_json:
        from artui.cli.contract import difference_record

        print_json(**difference_record(difference, chosen, details))
    else:
        from artui.sheets.difference import difference_sheet, folded, group_sections

        print_sheet(difference_sheet(replace(difference, files=tuple(chosen)), details))
        shown = [detail for detail in details.values() if detail.kind != "nothing" or detail.notes]
        for group in folded(shown):
            print_sections(group_sections(group, most_rows=MOST_ROWS, most_lines=MOST_LINES))
        if len(chosen) > MAX_FILES and not stat:
            click.echo(f"artui: {len(chosen) - MAX_FILES:,} more files differ: choose among them with --file", err=True)
    return 1 if exit_code and (difference.files or difference.facts) else 0


_SIGNS = {"new": "+", "changed": "~", "gone": "−"}
_KINDS = ("run", "version", "view")
_MOST_CHARS = 60


def _since(refs: tuple[str, ...], catalog: str | None, since: str, *, exit_code: bool, as_json: bool) -> int:
    """Say what is new, changed or gone in a catalog since a time."""
    from artui.query.reader import Reader
    from artui.travel.past import as_of, moment

    refs, catalog = without_catalog(refs, catalog)
    if refs:
        raise UsageError("--since goes with a catalog alone.", remedy=f"artui diff -c FILE --since {since}")
    at_ms = moment(since)
    with open_reader(catalog) as after:
        past = as_of(after.path, at_ms)
        try:
            with Reader(past.path, title=past.title) as before:
                return _told(before, after, exit_code=exit_code, as_json=as_json)
        finally:
            past.folder.cleanup()


def _catalogs(paths: Sequence[str], *, exit_code: bool, as_json: bool) -> int:
    """Print what is new, changed and gone between two catalogs."""
    with open_reader(catalog_inside(paths[0])) as first, open_reader(catalog_inside(paths[1])) as second:
        return _told(first, second, exit_code=exit_code, as_json=as_json)


def _told(first: Reader, second: Reader, *, exit_code: bool, as_json: bool) -> int:
    from artui.query.catalogdiff import catalog_difference

    changes = catalog_difference(first, second)
    before, after = first.title or str(first.path), second.title or str(second.path)
    if as_json:
        print_json(
            before=before, after=after,
            changes=[
                {
                    "kind": change.kind, "id": change.id, "name": change.name, "standing": change.standing,
                    "fields": [{"name": field.name, "before": field.before, "after": field.after} for field in change.fields],
                }
                for change in changes
            ],
        )  # fmt: skip
        return 1 if exit_code and changes else 0
    counts: Counter[tuple[str, str]] = Counter((change.kind, change.standing) for change in changes)
    said = [
        f"{plural(sum(counts[kind, standing] for standing in _SIGNS), kind)}: "
        + ", ".join(f"{counts[kind, standing]:,} {standing}" for standing in _SIGNS if counts[kind, standing])
        for kind in _KINDS
        if any(counts[kind, standing] for standing in _SIGNS)
    ]
    click.echo(f"{clean(before)} → {clean(after)}   {' · '.join(said) if said else 'nothing differs'}")
    for change in changes:
        click.echo(f"{_SIGNS[change.standing]} {change.kind:<7} {clean(change.name)}")
        width = max((len(clean(field.name)) for field in change.fields), default=0)
        for field in change.fields:
            click.echo(
                f"    {clean(field.name).ljust(width)}  {_value(field.name, field.before)} → {_value(field.name, field.after)}"
            )
    return 1 if exit_code and changes else 0


def _value(name: str, text: str | None) -> str:
    if text is None:
        return "none"
    if name.endswith("_ms") and text.lstrip("-").isdigit() and name != "duration_ms":
        return time_text(int(text))
    shown = clean(text) or '""'
    return shown if len(shown) <= _MOST_CHARS else f"{shown[: _MOST_CHARS - 1]}…"


def _check(difference: VersionDifference, chosen: Sequence[FileChange], patterns: Sequence[str]) -> None:
    """Make sure that some file is asked for, where any differs.

    Raises:
        UsageError: no file that differs matches.
    """
    if patterns and not chosen:
        paths = [change.path for change in difference.files]
        more = f" and {len(paths) - _NAMED:,} more" if len(paths) > _NAMED else ""
        raise UsageError(
            f"No file that differs matches {' or '.join(patterns)}.",
            remedy=f"These differ: {', '.join(paths[:_NAMED])}{more}." if paths else "No file differs.",
        )


def _without_key(details: Mapping[str, FileDifference]) -> str:
    """Give a table that lacks a column by which its rows should be paired; empty if none does."""
    return next((path for path, detail in details.items() if any(NO_KEY in note for note in detail.notes)), "")


def _columns_of(detail: FileDifference) -> str:
    table = detail.table
    names = [column.name for column in table.after.columns] if table is not None else []
    return f"Its columns are {', '.join(names[:20])}." if names else ""


def _versions(reader: Reader, refs: tuple[str, ...]) -> tuple[VersionDetail, VersionDetail]:
    from artui.query.artifacts import get_version

    try:
        heads = [_version(reader, ref) for ref in refs]
    except UnknownReference as error:
        for ref in refs:
            _refuse_run(reader, ref, refs, error)
        raise
    if len(heads) == 1:
        heads.insert(0, _before(reader, heads[0]))
    before, after = (get_version(reader, head.id) for head in heads)
    return before, after


def _version(reader: Reader, ref: str) -> VersionHead:
    """Give the version that a reference names, or else the deleted one: what is left of it can be compared, and that is said.

    Raises:
        UnknownReference, AmbiguousReference: it names nothing, or more than one thing.
    """
    from artui.model import VersionHead
    from artui.query.references import find_version, resolve_deleted

    try:
        return find_version(reader, ref)
    except DeletedReference:
        gone = resolve_deleted(reader, ref)
        if not isinstance(gone, VersionHead):
            raise
        return gone


def _refuse_run(reader: Reader, ref: str, refs: tuple[str, ...], error: UnknownReference) -> None:
    """Say which verb compares runs, if a reference is one.

    Raises:
        UsageError: it is.
    """
    from artui.query.references import find_run

    try:
        name = find_run(reader, ref).name
    except ArtuiError:
        return
    raise UsageError(f"{name} is a run.", remedy=f"`artui compare {' '.join(refs)}` puts runs side by side.") from error


def _before(reader: Reader, head: VersionHead) -> VersionHead:
    """Give the version before one.

    Raises:
        UsageError: there is none.
    """
    from artui.query.difference.versions import version_before

    found = version_before(reader, head)
    if found is None:
        raise UsageError(f"{head.reference} has no version before it.", remedy="Name two versions.")
    return found
