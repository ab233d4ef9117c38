"""`artui ls`: runs or artifacts as a table."""

from __future__ import annotations

import time
from dataclasses import replace

import click

from artui.cli.common import catalog_option, json_option, open_reader, print_json, print_table, say_damaged
from artui.model import DAMAGED, Column, RunRow
from artui.query import Reader
from artui.query.artifacts import artifact_list
from artui.query.damage import both, damaged_runs, damaged_versions
from artui.query.runs import RunsRequest, columns, run_order, run_rows
from artui.query.sorting import sort_of
from artui.safetext import clean
from artui.units import age_text, bytes_text, duration_text, number_text, param_text

MAX_PARAMS = 5
MAX_METRICS = 3
BATCH = 500


@click.command("ls")
@click.argument("words", nargs=-1)
@catalog_option
@json_option
@click.option(
    "--sort",
    "-s",
    multiple=True,
    default=["-started"],
    help="A column: started, name, duration, status, project, params.NAME, metrics.NAME, metrics.NAME.max; with a leading - from high to low. "
    "Again for a second one. By default newest first.",
)
@click.option(
    "--where", "-w", default="", help="A filter, such as 'val/loss < 0.3 and optimizer ~ adam and started > 2d ago'."
)
@click.option("--limit", "-n", type=click.IntRange(min=0), default=None, help="At most so many; by default all.")
@click.option("--artifacts", "-a", is_flag=True, help="List artifacts instead of runs.")
def command(
    words: tuple[str, ...],
    catalog: str | None,
    as_json: bool,
    sort: tuple[str, ...],
    where: str,
    limit: int | None,
    artifacts: bool,
) -> int:
    """List runs, newest first. WORDS filter: a run must contain all of them in its name, note, tags, project, status or params."""
    with open_reader(catalog) as reader:
        if artifacts:
            return _artifacts(reader, words, as_json)
        request = RunsRequest(where, tuple(sort_of(each) for each in sort), words)
        order = run_order(reader, request)
        for note in order.notes:
            click.echo(clean(note), err=True)
        keys = list(order.keys if limit is None else order.keys[:limit])
        params, metrics, varying = columns(reader)
        shown = (
            [*metrics[:MAX_METRICS], *[column for column in params if column.id in varying][:MAX_PARAMS]]
            if not as_json
            else [*params, *metrics]
        )
        rows: list[RunRow] = []
        for start in range(0, len(keys), BATCH):
            part = keys[start : start + BATCH]
            found = run_rows(reader, part, shown)
            rows += [found[key] for key in part if key in found]
        damages = damaged_runs(reader, [row.head.key for row in rows])
        rows = [
            replace(row, head=replace(row.head, damaged=both(row.head.damaged, damages[row.head.key])))
            if row.head.key in damages
            else row
            for row in rows
        ]
        say_damaged((row.head.name, row.head.damaged) for row in rows if row.head.damaged)
        if as_json:
            print_json([_json(row, params, metrics) for row in rows])
        elif not rows:
            click.echo("No run matches." if words or where else "The catalog has no runs yet.", err=True)
        else:
            _print(rows, shown)
    return 0


def _json(row: RunRow, params: list[Column], metrics: list[Column]) -> dict[str, object]:
    head = row.head
    return {
        "id": head.id, "name": head.name, "project": head.project, "status": head.status, "stage": head.stage, "started_ms": head.started_ms,
        "duration_ms": head.duration_ms, "parent_id": head.parent_id, "damaged": head.damaged,
        "params": {column.name: row.cells[column.id] for column in params if column.id in row.cells},
        "metrics": {column.name: row.cells[column.id] for column in metrics if column.id in row.cells},
    }  # fmt: skip


def _print(rows: list[RunRow], shown: list[Column]) -> None:
    now_ms = time.time_ns() // 1_000_000
    headers = ["status", "run", "age", "took", *(column.name for column in shown)]
    cells = []
    for row in rows:
        line = [
            DAMAGED if "status" in row.head.damaged else row.head.status,
            row.head.name + (f" (damaged: {', '.join(row.head.damaged)})" if row.head.damaged else ""),
            DAMAGED if "started" in row.head.damaged else age_text(row.head.started_ms, now_ms),
            DAMAGED if "duration" in row.head.damaged else duration_text(row.head.duration_ms),
        ]
        for column in shown:
            value = row.cells.get(column.id)
            line.append(
                ""
                if column.id not in row.cells
                else number_text(value)
                if isinstance(value, float) and column.source == "metric"
                else param_text(value)
            )
        cells.append(line)
    print_table(headers, cells, right=[False, False, True, True, *(column.is_numeric for column in shown)])


def _artifacts(reader: Reader, words: tuple[str, ...], as_json: bool) -> int:
    found = [
        head
        for head in artifact_list(reader)
        if all(
            word.lower()
            in f"{head.name} {head.kind} {head.stage} {head.project} {' '.join(head.latest.aliases if head.latest else ())}".lower()
            for word in words
        )
    ]
    damages = damaged_versions(reader, [head.latest.key for head in found if head.latest is not None])
    found = [
        replace(head, damaged=both(head.damaged, damages[head.latest.key]))
        if head.latest is not None and head.latest.key in damages
        else head
        for head in found
    ]
    say_damaged((head.name, head.damaged) for head in found if head.damaged)
    if as_json:
        print_json(found)
    elif not found:
        click.echo("No artifact contains these words." if words else "The catalog has no artifacts yet.", err=True)
    else:
        rows = []
        for head in found:
            latest = head.latest
            aliases = " ".join(alias for alias in latest.aliases if alias != "latest") if latest else ""
            rows.append(
                [
                    head.stage,
                    head.kind,
                    head.name + (" (damaged)" if head.damaged or (latest and latest.damaged) else ""),
                    f"v{latest.number}" if latest else "",
                    aliases,
                    bytes_text(latest.size_bytes) if latest else "",
                ]
            )
        print_table(
            ["stage", "kind", "artifact", "latest", "aliases", "size"],
            rows,
            right=[False, False, False, True, False, True],
        )
    return 0
