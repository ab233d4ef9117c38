"""`artui compare RUN…`: runs side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from artui.cli import completing
from artui.cli.catalogs import catalog_option, without_catalog
from artui.cli.common import json_option, open_reader, print_json, print_table, say_damaged
from artui.query.compare import compare
from artui.query.names import distinct_names
from artui.query.references import find_run
from artui.units import duration_texts, number_texts, param_texts

if TYPE_CHECKING:
    from artui.query.compare import Row

_NUMBER_CELLS = 24
"""Room for all digits that tell two numbers apart."""


@click.command("compare")
@click.argument("runs", nargs=-1, required=True, shell_complete=completing.runs)
@catalog_option
@json_option
@click.option("--all", "show_all", is_flag=True, help="Show rows that do not differ, too.")
def command(runs: tuple[str, ...], catalog: str | None, as_json: bool, show_all: bool) -> int:
    """Put RUNS (names or starts of ids) side by side: what differs, and which is best (marked *)."""
    runs, catalog = without_catalog(runs, catalog)
    with open_reader(catalog) as reader:
        if len(runs) < 2:
            raise click.UsageError("Name at least two runs.")
        comparison = compare(reader, [find_run(reader, run).id for run in runs])
    say_damaged((run.head.name, run.damaged) for run in comparison.runs if run.damaged)
    if as_json:
        from artui.cli.contract import compared_record, run_record

        print_json(
            runs=[run_record(run.head) for run in comparison.runs],
            rows=[compared_record(row) for row in comparison.rows],
        )
        return 0
    rows = comparison.titled(only_differences=not show_all)
    names = distinct_names(run.head for run in comparison.runs)
    headers = ["", "", *(names[run.head.id] + (" (damaged)" if run.damaged else "") for run in comparison.runs)]
    cells = [[title, row.name, *_cells(row)] for title, row in rows]
    print_table(headers, cells, right=[False, False, *(False for _ in comparison.runs)])
    is_best_marked = any(row.bests for _, row in rows)
    hidden = "" if show_all or comparison.differing == len(comparison.rows) else "; --all shows the others"
    click.echo(
        f"{comparison.differing} of {len(comparison.rows)} rows differ{hidden}.{' * is the best value.' if is_best_marked else ''}",
        err=True,
    )
    return 0


def _cells(row: Row) -> list[str]:
    if row.name == "took" and row.section == "run":
        durations = duration_texts([value if isinstance(value, int) else None for value in row.values])
        return [text or "-" for text in durations]
    texts = number_texts(row.values, _NUMBER_CELLS) if row.section == "metrics" else param_texts(row.values)
    return [
        "-" if value is None else text + (" *" if number in row.bests else "")
        for number, (value, text) in enumerate(zip(row.values, texts, strict=True))
    ]
