"""`artui why RUN BASELINE`, `artui why --where FILTER`: what explains differences between runs; `artui why --deployment NAME`: why production changed."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from artui.cli import completing
from artui.cli.catalogs import catalog_option, without_catalog
from artui.cli.common import (
    cells_of_table,
    filter_option,
    json_option,
    open_reader,
    print_json,
    print_table,
    say_damaged,
)
from artui.cli.spans import since_of, span_options, until_of
from artui.query.codediff import other_versions
from artui.query.damage import damaged_runs
from artui.query.filter.narrowing import narrowed
from artui.query.references import find_run
from artui.query.run import get_run
from artui.query.runs.order import RunsRequest, run_order
from artui.query.runs.rows import run_rows
from artui.query.why import Factor, Why, comparable, judged_metric, leading_metric, outcome, sets_apart, why, words
from artui.safetext import clean
from artui.units import number_text, plural

if TYPE_CHECKING:
    from artui.query.reader import Reader
    from artui.query.why.factors import Repetitions

MAX_LINES = 20


@click.command("why")
@click.argument("runs", nargs=-1, shell_complete=completing.runs)
@click.option(
    "--metric",
    "-m",
    default="",
    help="What is judged by; by default the first result that both have, or most of the runs, of validation if there is one.",
    shell_complete=completing.metrics,
)
@click.option("--best", "by_best", is_flag=True, help="Judge by the best value of the metric instead of the last one.")
@filter_option("--where", "-w", help="Instead of two runs: what sets the runs that this filter matches apart.")
@filter_option("--among", "-a", help="With --where: only runs that this filter matches are looked at.")
@click.option("--deployment", "-d", metavar="NAME", default="", help="Instead of runs: why production changed there.")
@span_options
@catalog_option
@json_option
def command(
    runs: tuple[str, ...], metric: str, by_best: bool, where: str, among: str, deployment: str, slice_: str, since: str, until: str,
    catalog: str | None, as_json: bool,
) -> int:  # fmt: skip
    """Say what made one of RUN and BASELINE better than the other, what sets the runs of a filter apart from the others, or why production changed.

    Everything that differs is ranked by what all runs of the catalog tell about it. The better run comes first; with
    --json RUN does. Of a counter such as epoch no value is better: the run with the higher one comes first.
    """
    runs, catalog = without_catalog(runs, catalog)
    if deployment:
        if runs or where or among or metric or by_best:
            raise click.UsageError("--deployment goes with --since, --until and --slice alone.")
        return _of_deployment(deployment, slice_, since, until, catalog, as_json=as_json)
    if since or until or slice_:
        raise click.UsageError("--since, --until and --slice go with --deployment.")
    if bool(where) == bool(runs) or (runs and len(runs) != 2):
        raise click.UsageError("Name two runs, or give --where and a filter.")
    if among and not where:
        raise click.UsageError("--among goes with --where.")
    with open_reader(catalog) as reader:
        if where:
            every = list(run_order(reader, RunsRequest(among)).keys)
            chosen = set(run_order(reader, RunsRequest(where)).keys) & set(every)
            metric = judged_metric(reader, metric) if metric else leading_metric(reader, chosen)
            nobody = _nobody(where, among, len(chosen), len(every))
            unlike = [key for key in every if key not in chosen]
            sides = comparable(reader, unlike, where=where, metric=metric, against=chosen)
            match_count, chosen, others = len(chosen), set(sides.chosen), sides.keys
            every = [*chosen, *others]
            damages, heads = damaged_runs(reader, every), {}
            if damages:
                heads = run_rows(reader, list(damages), [])
            say_damaged((heads[key].head.name, parts) for key, parts in damages.items() if key in heads)
            factors = sets_apart(reader, chosen, every, where=where, among=narrowed(among, sides.where))
            came_out = outcome(reader, chosen, others, metric, where=where, by_best=by_best)
            sentence = nobody or " ".join(text for text in (words.answer_apart(factors), came_out) if text)
            is_better, is_judged, names = None, True, ["these", "others"]
            remarks: list[str] = []
            headline = (
                f"{sides.chosen_text(match_count)} against {plural(len(others), 'other')}{sides.lacking_text(', ')}"
            )
            if nobody:
                headline = ""
            if as_json:
                from artui.cli.contract import factor_record

                print_json(
                    count=len(chosen),
                    others=len(others),
                    left_out=sides.left_out,
                    metric=metric,
                    is_by_best=by_best,
                    sentence=sentence,
                    factors=[factor_record(factor) for factor in factors],
                )
                return 0
        else:
            left, right = (find_run(reader, run) for run in runs)
            # A script wants the runs as it named them.
            explanation = why(reader, left.id, right.id, metric, by_best=by_best, better_first=not as_json)
            sentence, names = explanation.sentence, list(explanation.names)
            is_better, is_judged = explanation.is_better is not False, explanation.is_judged
            say_damaged(explanation.damaged)
            factors = list(explanation.factors)
            headline = "".join(words.headline(explanation, number_text))
            shown = _code_shown(reader, left.id, right.id) if explanation.code and not as_json else ""
            remarks = words.unweighed_texts(explanation, code_shown=shown) if factors else [shown] if shown else []
            if as_json:
                _print_json(explanation)
                return 0
    if headline:
        click.echo(clean(headline))
    click.echo(clean(sentence))
    _print_factors(factors, names, is_better, is_judged=is_judged)
    for remark in remarks:
        click.echo(f"{clean(remark)}.")
    return 0


_USUAL_MS = 7 * 86_400_000
"""So long ago production may have changed where nobody says since when."""


def _of_deployment(name: str, slice_: str, since: str, until: str, catalog: str | None, *, as_json: bool) -> int:
    """Say why production changed."""
    from artui import clock
    from artui.query.why.observing import observed
    from artui.query.why.production import why_production

    until_ms = until_of(until) or clock.now_ms()
    since_ms = since_of(since)
    with open_reader(catalog) as reader:
        since_ms = until_ms - _USUAL_MS if since_ms is None else since_ms
        answer = why_production(observed(reader, name, since_ms=since_ms, until_ms=until_ms, slice_=slice_))
    if as_json:
        from artui.cli.contract import production_record

        print_json(**production_record(answer))
        return 0
    from artui.cli.sheets import print_sheet
    from artui.sheets.drift import why_sheet

    print_sheet(why_sheet(answer))
    return 0


def _code_shown(reader: Reader, *ids: str) -> str:
    """Say which command shows how the code of two runs differs; empty if none does."""
    own, others = (get_run(reader, run_id) for run_id in ids)
    versions = other_versions(reader, own, others)
    return f"`{shlex.join(['artui', 'diff', *versions])}` shows how" if versions else ""


def _nobody(where: str, among: str, chosen: int, every: int) -> str:
    """Say that a filter matches no run, or all that are looked at: then there is nothing to set apart; else empty."""
    if not every:
        return f"No run matches {among!r}." if among else "There are no runs."
    of = f" of those that match {among!r}" if among else ""
    if not chosen:
        return f"No run{of} matches {where!r}."
    return f"Every run{of} matches {where!r}: there are no others." if chosen == every else ""


def _print_json(explanation: Why) -> None:
    from artui.cli.contract import factor_record

    print_json(
        names=explanation.names, metric=explanation.metric, direction=explanation.direction if explanation.is_judged else None, is_by_best=explanation.by_best, left=explanation.left,
        right=explanation.right, is_better=explanation.is_better if explanation.is_judged else None, sentence=explanation.sentence,
        factors=[factor_record(factor) for factor in explanation.factors], seeds=explanation.seeds, code=explanation.code, lacking=explanation.lacking,
        unfinished=[{"name": name, "status": status} for name, status in explanation.unfinished],
        repetitions=_repetitions(explanation.repetitions), same_settings=_repetitions(explanation.same_settings),
        damaged=dict(explanation.damaged),
    )  # fmt: skip


def _repetitions(spread: Repetitions | None) -> dict[str, int | float | None] | None:
    if spread is None:
        return None
    return {
        "count": spread.count,
        "low": spread.low,
        "high": spread.high,
        "deviation": spread.deviation,
        "repeated_count": spread.repeated_count,
        "usual_deviation": spread.usual_deviation,
    }


def _print_factors(factors: Sequence[Factor], names: Sequence[str], is_better: bool | None, *, is_judged: bool) -> None:
    """Print the factors that tell something, as the app shows them, and sum up the rest."""
    if not factors:
        return
    listing = words.listing(factors, is_better)
    tellings = [*listing.speaking, *listing.against]
    click.echo()
    shown = tellings[:MAX_LINES]

    def table(*, has_sections: bool, is_brief: bool) -> tuple[list[str], list[list[str]]]:
        rows = [
            [
                *([telling.factor.section] if has_sections else []),
                telling.factor.name + (f" and {len(telling.alike):,} alike" if telling.alike else ""),
                *words.side_texts(telling.factor),
                f"{telling.factor.z:+.1f}",
                words.evidence(
                    telling.factor, is_better, is_judged=is_judged, is_brief=is_brief, says_few=not listing.are_all_thin
                ),
            ]
            for telling in shown
        ]
        return [*([""] if has_sections else []), "", *names, "z", "evidence"], rows

    # On a narrow terminal names and values are worth more than where they stand, and than evidence in full.
    ways = [(True, False), (False, False), (False, True)]
    tables = [table(has_sections=has_sections, is_brief=is_brief) for has_sections, is_brief in ways]
    width = shutil.get_terminal_size((100, 24)).columns if sys.stdout.isatty() else None
    fitting = (way for way in tables if width is None or cells_of_table(*way) <= width)
    headers, cells = next(fitting, tables[-1])
    if cells:
        # What is said for each line is worth more than a long value.
        right = [title == "z" for title in headers]
        print_table(headers, cells, right=right, whole=len(headers) - 1)
    remarks = [f"{telling.factor.name} and {words.alike_text(telling)}" for telling in tellings if telling.alike]
    if listing.weak:
        remarks.append(words.weak_text(listing.weak))
    if listing.unjudged:
        remarks.append(f"{words.unjudged_text(listing.unjudged)}: {words.names_of(listing.unjudged)}")
    if cells and listing.are_all_thin:
        remarks.append("All of this rests on few runs: it is a hint, no proof")
    for remark in remarks:
        click.echo(f"{clean(remark, max_chars=2000)}.")
