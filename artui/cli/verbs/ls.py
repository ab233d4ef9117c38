"""`artui ls`: runs or artifacts as a table."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from artui import clock
from artui.cli import completing
from artui.cli.catalogs import catalog_option, without_catalog
from artui.cli.common import filter_option, json_option, open_reader, print_csv, print_json, print_table, say_damaged
from artui.model import DAMAGED, ArtifactHead, ArtifactRow, Column, RunRow, VersionHead
from artui.query.artifactrows import artifact_columns, artifact_rows, kind_of, sorted_rows
from artui.query.artifactrows import columns_named as artifact_columns_named
from artui.query.artifactrows import header_of as artifact_header_of
from artui.query.artifactrows import sorts_named as artifact_sorts_named
from artui.query.artifactrows import table_of as artifact_table_of
from artui.query.artifactrows import title_of as artifact_title_of
from artui.query.artifactrows import value_in as artifact_value_in
from artui.query.artifacts import artifact_list, get_version, previews
from artui.query.attributes import ATTRIBUTES
from artui.query.damage import both, damaged_runs, damaged_versions
from artui.query.runs.columns import Columns, chosen_columns, columns, tag_columns, usual_attributes
from artui.query.runs.export import export_header_of, table_from, value_in
from artui.query.runs.naming import columns_named, sorts_named
from artui.query.runs.order import RunsRequest, count_trash, run_order
from artui.query.runs.remarks import notes_and_tags
from artui.query.runs.rows import attribute_value, run_rows
from artui.query.titles import short_titles
from artui.safetext import clean
from artui.sheets.held import held_texts, mere_words
from artui.units import age_text, bytes_text, count_text, digits_for, duration_text, number_text, param_text, plural

if TYPE_CHECKING:
    from artui.query.reader import Reader

DAMAGE_SECONDS = 10.0
BATCH = 500
_MAX_LEFT_OUT = 5
"""So many of the columns that have no room are named."""
_NUMBER_CELLS = 9
"""Room for the digits that tell metrics apart."""
_TOLD_APART = 200
"""Metrics of so many of the first runs are told apart."""
_STATUS, _AGE, _TOOK = (
    Column("attribute", "status", is_numeric=False),
    Column("attribute", "started"),
    Column("attribute", "duration"),
)


@click.command("ls")
@click.argument("words", nargs=-1)
@catalog_option
@json_option
@click.option(
    "--sort",
    "-s",
    multiple=True,
    default=["-started"],
    shell_complete=completing.columns,
    help="A column, named as in filters: started, name, duration, val/loss, val/acc.max, lr, tags.best; with a leading - from high to low. "
    "By age the newest comes first, as in the app. "
    "Again for a second one. By default newest first.",
)
@filter_option("--where", "-w", help="A filter, such as 'val/loss < 0.3 and optimizer ~ adam and started > 2d ago'.")
@click.option("--limit", "-n", type=click.IntRange(min=0), default=None, help="At most so many; by default all.")
@click.option(
    "--columns",
    "-C",
    "names",
    multiple=True,
    metavar="NAMES",
    shell_complete=completing.columns,
    help="Show these columns beside the name, such as status,lr,val/loss.min, or of artifacts kind,size,metadata.val_loss,fact.licence; by default those that the app shows at first.",
)
@click.option(
    "--csv", "as_csv", is_flag=True, help="Print CSV: numbers in full, times as ISO 8601 in UTC, durations in seconds."
)
@click.option("--artifacts", "-a", is_flag=True, help="List artifacts instead of runs.")
@click.pass_context
def command(
    context: click.Context,
    words: tuple[str, ...],
    catalog: str | None,
    as_json: bool,
    sort: tuple[str, ...],
    where: str,
    limit: int | None,
    names: tuple[str, ...],
    as_csv: bool,
    artifacts: bool,
) -> int:
    """List runs, newest first. WORDS filter: a run must contain all of them in its name, note, tags, project, status or params; a version also in metadata, paths or previews."""
    words, catalog = without_catalog(words, catalog)
    if as_json and as_csv:
        raise click.UsageError("--json and --csv exclude each other.")
    with open_reader(catalog) as reader:
        if artifacts:
            sorts = sort if context.get_parameter_source("sort") is ParameterSource.COMMANDLINE else ()
            return _artifacts(reader, words, where, limit, sorts, names, as_json=as_json, as_csv=as_csv)
        notes: list[str] = []
        request = RunsRequest(where, sorts_named(reader, sort, notes=notes), words)
        named = columns_named(reader, names, notes=notes)
        order = run_order(reader, request)
        for note in dict.fromkeys((*notes, *order.notes)):
            click.echo(clean(note), err=True)
        keys = list(order.keys if limit is None else order.keys[:limit])
        if not order.keys:
            click.echo("No run matches." if words or where else _why_empty(reader), err=True)
        all_columns = columns(reader)
        shown = named or _usual(reader, all_columns)
        if as_csv:
            _print_csv(reader, keys, shown)
        elif as_json:
            _print_json(reader, keys, named, [*all_columns[0], *all_columns[1]])
        elif keys:
            rows = _rows(reader, keys, shown)
            # A column that none of these runs has says nothing, unless it was asked for.
            shown = shown if named else [column for column in shown if _has_any(rows, column)]
            titles = short_titles(shown, chain(*all_columns[:2], tag_columns(reader)))
            _print(rows, shown, titles, leading=0 if named else 1)
    return 0


def _why_empty(reader: Reader) -> str:
    count = count_trash(reader)
    if not count:
        return "The catalog has no runs yet."
    return f"{plural(count, 'run')} {'is' if count == 1 else 'are'} in the trash: --where 'deleted is not null' lists what is there."


def _usual(reader: Reader, all_columns: Columns) -> list[Column]:
    """Give the columns that the app shows by default."""
    return [_STATUS, *chosen_columns(all_columns, usual_attributes(reader))]


class _Search:
    """Holds runs against their seals, as long as that takes no longer than listing very many; counts those that it was not."""

    def __init__(self, reader: Reader) -> None:
        self._reader, self._seconds_left = reader, DAMAGE_SECONDS
        self._count = self._left_count = 0

    def damages(self, keys: Sequence[int]) -> dict[int, tuple[str, ...]]:
        self._count += len(keys)
        if self._seconds_left < 0:
            self._left_count += len(keys)
            return {}
        began = time.monotonic()
        found = damaged_runs(self._reader, keys)
        self._seconds_left -= time.monotonic() - began
        return found

    def say_left(self) -> None:
        if self._left_count:
            click.echo(f"artui: {count_text(self._left_count)} of {plural(self._count, 'run')} were not looked through for damage: --limit lists fewer", err=True)  # fmt: skip


def _read(
    reader: Reader, keys: Sequence[int], shown: Sequence[Column], damaged: list[tuple[str, tuple[str, ...]]]
) -> Iterator[RunRow]:
    """Read the rows of runs with their damaged parts, some at a time; add to `damaged` which these are."""
    search = _Search(reader)
    for start in range(0, len(keys), BATCH):
        rows_by_key = run_rows(reader, keys[start : start + BATCH], shown)
        part = [key for key in keys[start : start + BATCH] if key in rows_by_key]
        damages = search.damages(part)
        for key in part:
            row = rows_by_key[key]
            if key in damages:
                row = replace(row, head=replace(row.head, damaged=both(row.head.damaged, damages[key])))
            if row.head.damaged:
                damaged.append((row.head.name, row.head.damaged))
            yield row
    search.say_left()


def _rows(reader: Reader, keys: Sequence[int], shown: Sequence[Column]) -> list[RunRow]:
    """Read the rows of runs with their damaged parts, which are also reported on stderr."""
    damaged: list[tuple[str, tuple[str, ...]]] = []
    rows = list(_read(reader, keys, shown, damaged))
    say_damaged(damaged)
    return rows


def _print_csv(reader: Reader, keys: Sequence[int], shown: Sequence[Column]) -> None:
    """Print runs as they are read: of a million no more are held than some hundred."""
    damaged: list[tuple[str, tuple[str, ...]]] = []
    print_csv(*table_from(_read(reader, keys, shown, damaged), shown))
    say_damaged(damaged)


def _print_json(reader: Reader, keys: Sequence[int], named: list[Column], every: list[Column]) -> None:
    rows = _rows(reader, keys, named or every)
    if named:
        entries = [{"id": row.head.id, "name": row.head.name, "columns": _values(row, named)} for row in rows]
        print_json(runs=entries)
        return
    remarks_by_key = notes_and_tags(reader, keys)
    print_json(runs=[{**_json(row, every), **remarks_by_key[row.head.key]._asdict()} for row in rows])


def _values(row: RunRow, shown: Sequence[Column]) -> dict[str, Any]:
    return {export_header_of(column): value_in(row, column) for column in shown}


def _json(row: RunRow, every: Sequence[Column]) -> dict[str, object]:
    from artui.cli.contract import run_record

    return {
        **run_record(row.head),
        "params": {column.name: row.cells[column.id] for column in every if column.source == "param" and column.id in row.cells},
        "metrics": {column.name: row.cells[column.id] for column in every if column.source == "metric" and column.id in row.cells},
    }  # fmt: skip


def _has_any(rows: Sequence[RunRow], column: Column) -> bool:
    now_ms = clock.now_ms()
    return any(_cell(row, column, now_ms, 1) for row in rows)


def _print(rows: list[RunRow], shown: Sequence[Column], titled: Mapping[str, str], *, leading: int) -> None:
    """Print a table with `leading` columns before the name, which is cut only after all other columns are left out."""
    now_ms = clock.now_ms()
    # The name stands in every row by itself.
    shown = [column for column in shown if column.id != "attribute:name"]
    titles = [titled[column.id] for column in shown]
    digits = [digits_for(_finite(rows[:_TOLD_APART], column), _NUMBER_CELLS) for column in shown]
    cells = [[_cell(row, column, now_ms, count) for column, count in zip(shown, digits, strict=True)] for row in rows]
    names = [row.head.name + (f" (damaged: {', '.join(row.head.damaged)})" if row.head.damaged else "") for row in rows]
    left_out = print_table(
        [*titles[:leading], "run", *titles[leading:]],
        [[*line[:leading], name, *line[leading:]] for line, name in zip(cells, names, strict=True)],
        right=[*(column.is_numeric for column in shown[:leading]), False, *(column.is_numeric for column in shown[leading:])],
        whole=leading,
    )  # fmt: skip
    if left_out:
        click.echo(_left_out_text(left_out, "--columns chooses, --csv has all."), err=True)


def _left_out_text(titles: Sequence[str], remedy: str) -> str:
    """Say which columns have no room, and how to see them."""
    named = ", ".join(titles[:_MAX_LEFT_OUT]) + (" …" if len(titles) > _MAX_LEFT_OUT else "")
    return f"artui: No room for {plural(len(titles), 'more column')}: {named}. {remedy}"


def _finite(rows: Sequence[RunRow], column: Column) -> list[float]:
    """Give the numbers of a metric that need digits; of other columns none."""
    if column.source != "metric":
        return []
    values = (row.cells.get(column.id) for row in rows)
    return [value for value in values if isinstance(value, float) and math.isfinite(value)]


def _cell(row: RunRow, column: Column, now_ms: int, digits: int) -> str:
    if column.source == "attribute":
        value = attribute_value(row, column.name)
        if column.name in row.head.damaged:
            return DAMAGED
        if value is None:
            return ""
        kind = ATTRIBUTES[column.name].kind
        if isinstance(value, int) and kind in ("time", "duration"):
            return age_text(value, now_ms) if kind == "time" else duration_text(value)
        return param_text(value) if isinstance(value, bool) else str(value)
    if column.id not in row.cells:
        return ""
    value = row.cells[column.id]
    return number_text(value, digits) if isinstance(value, float) and column.source == "metric" else param_text(value)


def _not_stored(head: VersionHead | None) -> str:
    """Say how many files of a version could not be stored; empty if all could."""
    return (
        f" ({plural(head.not_stored_count, 'file')} not stored)" if head is not None and head.not_stored_count else ""
    )


def _print_columns(
    reader: Reader, heads: Sequence[ArtifactHead], named: Sequence[Column], *, as_json: bool, as_csv: bool
) -> None:
    """Print artifacts with the columns that were asked for, beside the name."""
    rows = artifact_rows(reader, heads, named)
    if as_csv:
        print_csv(*artifact_table_of(rows, named))
    elif as_json:
        entries = [
            {"id": row.head.id, "name": row.head.name, "columns": {artifact_header_of(column): artifact_value_in(row, column) for column in named}}
            for row in rows
        ]  # fmt: skip
        print_json(artifacts=entries)
    elif rows:
        now_ms = clock.now_ms()
        left_out = print_table(
            ["artifact", *map(artifact_title_of, named)],
            [[row.head.name + (" (damaged)" if row.head.damaged else ""), *(_artifact_cell(row, column, now_ms) for column in named)] for row in rows],
            right=[False, *(column.is_numeric for column in named)],
            whole=1,
        )  # fmt: skip
        if left_out:
            click.echo(_left_out_text(left_out, "--csv has all."), err=True)


def _artifact_cell(row: ArtifactRow, column: Column, now_ms: int) -> str:
    value, kind = row.cells.get(column.id), kind_of(column)
    if value is None:
        return ""
    if column.id == "version:version":
        return row.head.latest.version if row.head.latest is not None else f"v{value}"
    if isinstance(value, int) and kind in ("bytes", "time"):
        return bytes_text(value) if kind == "bytes" else age_text(value, now_ms)
    return number_text(value) if isinstance(value, float) else param_text(value)


def _held(reader: Reader, heads: Sequence[ArtifactHead], words: Sequence[str]) -> dict[int, str]:
    """Say where versions hold the words that their names have not."""
    latest = [head.latest for head in heads if head.latest is not None]
    return held_texts(latest, words, lambda head: (get_version(reader, head.id), previews(reader, head.key)))


def _artifacts(
    reader: Reader,
    words: tuple[str, ...],
    where: str,
    limit: int | None,
    sort: tuple[str, ...],
    names: tuple[str, ...],
    *,
    as_json: bool,
    as_csv: bool,
) -> int:
    notes: list[str] = []
    sorts, named = artifact_sorts_named(reader, sort), artifact_columns_named(reader, names)
    heads = artifact_list(reader, where, words=words, notes=notes)
    if sorts:
        every = {column.id: column for column in artifact_columns(reader)}
        by = [every[sort.column] for sort in sorts if sort.column in every]
        heads = [row.head for row in sorted_rows(artifact_rows(reader, heads, by), sorts)]
    for note in notes:
        click.echo(clean(note), err=True)
    is_any = bool(heads)
    heads = heads[:limit]
    damages = damaged_versions(reader, [head.latest.key for head in heads if head.latest is not None])
    heads = [
        replace(head, damaged=both(head.damaged, damages[head.latest.key]))
        if head.latest is not None and head.latest.key in damages
        else head
        for head in heads
    ]
    say_damaged((head.name, head.damaged) for head in heads if head.damaged)
    if not is_any:
        click.echo("No artifact matches." if where or words else "The catalog has no artifacts yet.", err=True)
    if named:
        _print_columns(reader, heads, named, as_json=as_json, as_csv=as_csv)
        return 0
    if as_json:
        from artui.cli.contract import artifact_record

        print_json(artifacts=[artifact_record(head) for head in heads])
        return 0
    headers = ["stage", "kind", "artifact", "version" if where or words else "latest", "aliases", "size"]
    held = {} if as_csv else _held(reader, heads, words or mere_words(where))
    rows: list[list[Any]] = []
    for head in heads:
        latest = head.latest
        state = [latest.state] if latest and latest.state and not as_csv else []
        aliases = " ".join([*state, *head.alias_words])
        is_damaged = head.damaged or (latest and latest.damaged)
        size_bytes = latest.size_bytes if latest else None
        rows.append(
            [
                head.stage,
                head.kind,
                head.name + ("" if as_csv else " (damaged)" if is_damaged else _not_stored(latest)),
                latest.version if latest else "",
                aliases,
                size_bytes if as_csv else bytes_text(size_bytes) if size_bytes is not None else "",
                *([held.get(latest.key, "") if latest else ""] if held else []),
            ]
        )
    if as_csv:
        print_csv([*headers[:-1], "size_bytes"], rows)
    elif rows:
        headers += ["found in"] * bool(held)
        left_out = print_table(headers, rows, right=[place in (3, 5) for place in range(len(headers))], whole=2)
        if left_out:
            click.echo(_left_out_text(left_out, "--csv has them."), err=True)
    return 0
