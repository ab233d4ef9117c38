"""`artui why RUN BASELINE`, `artui why --where FILTER`: what explains differences between runs."""

from __future__ import annotations

import click

from artui.cli import completing
from artui.cli.catalogs import catalog_option, without_catalog
from artui.cli.common import filter_option, json_option, open_reader, print_json, print_table, say_damaged
from artui.query.damage import damaged_runs
from artui.query.references import find_run
from artui.query.runs.order import RunsRequest, run_order
from artui.query.runs.rows import run_rows
from artui.query.why import sets_apart, why
from artui.query.why.words import answer_apart, evidence, side_texts
from artui.safetext import clean
from artui.units import number_text, plural

MAX_LINES = 20


@click.command("why")
@click.argument("runs", nargs=-1, shell_complete=completing.runs)
@click.option(
    "--metric",
    "-m",
    default="",
    help="What is judged by; by default a validation metric that both have.",
    shell_complete=completing.metrics,
)
@click.option("--best", "by_best", is_flag=True, help="Judge by the best value of the metric instead of the last one.")
@filter_option("--where", "-w", help="Instead of two runs: what sets the runs that this filter matches apart.")
@filter_option("--among", "-a", help="With --where: only runs that this filter matches are looked at.")
@catalog_option
@json_option
def command(
    runs: tuple[str, ...], metric: str, by_best: bool, where: str, among: str, catalog: str | None, as_json: bool
) -> int:
    """Say what made RUN better or worse than BASELINE, or what sets the runs of a filter apart from the others.

    Everything that differs is ranked by what all runs of the catalog tell about it.
    """
    runs, catalog = without_catalog(runs, catalog)
    if bool(where) == bool(runs) or (runs and len(runs) != 2):
        raise click.UsageError("Name two runs, or give --where and a filter.")
    if (where and (metric or by_best)) or (among and not where):
        raise click.UsageError("--metric and --best go with two runs, --among with --where.")
    with open_reader(catalog) as reader:
        if where:
            every = list(run_order(reader, RunsRequest(among)).keys)
            chosen = set(run_order(reader, RunsRequest(where)).keys) & set(every)
            damages, heads = damaged_runs(reader, every), {}
            if damages:
                heads = run_rows(reader, list(damages), [])
            say_damaged((heads[key].head.name, parts) for key, parts in damages.items() if key in heads)
            factors = sets_apart(reader, chosen, every)
            sentence, is_better, names = answer_apart(factors), None, ["these", "others"]
            headline = f"{plural(len(chosen), 'run')} against {plural(len(every) - len(chosen), 'other')}"
            if as_json:
                print_json(
                    {"count": len(chosen), "others": len(every) - len(chosen), "sentence": sentence, "factors": factors}
                )
                return 0
        else:
            left, right = (find_run(reader, run) for run in runs)
            explanation = why(reader, left.id, right.id, metric, by_best=by_best)
            sentence, is_better, names = explanation.sentence, explanation.is_better, [left.name, right.name]
            say_damaged(explanation.damaged)
            factors = list(explanation.factors)
            values = [
                number_text(value) if value is not None else "none" for value in (explanation.left, explanation.right)
            ]
            word = {True: "better than", False: "worse than", None: "like"}[explanation.is_better]
            headline = f"{explanation.judged_by}: {values[0]} is {word} {values[1]} ({explanation.direction} is better)"
            if as_json:
                print_json(explanation)
                return 0
    click.echo(clean(headline), err=True)
    click.echo(clean(sentence))
    if not factors:
        return 0
    click.echo()
    cells = [
        [
            factor.section,
            factor.name,
            *side_texts(factor),
            f"{factor.z:+.1f}" if factor.z is not None else "",
            evidence(factor, is_better),
        ]
        for factor in factors[:MAX_LINES]
    ]
    headers = ["", "", *names, "z", "evidence"]
    # What is said for each line is worth more than a long value.
    print_table(headers, cells, right=[False, False, False, False, True, False], whole=len(headers) - 1)
    return 0
