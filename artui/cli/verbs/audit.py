"""`artui audit RUN`, `artui audit --where FILTER`: whether runs could be made again, and what is missing."""

from __future__ import annotations

import shlex

import click

from artui.cli import completing
from artui.cli.catalogs import catalog_option, without_catalog
from artui.cli.common import filter_option, json_option, one_of, open_reader, print_json, print_table
from artui.cli.sheets import print_sections
from artui.safetext import clean
from artui.units import plural

MOST_LISTED = 50


@click.command("audit")
@click.argument("refs", nargs=-1, metavar="RUN", shell_complete=completing.references)
@filter_option("--where", "-w", help="Instead of a run: what was kept of each run that this filter matches.")
@click.option("--limit", type=click.IntRange(min=0), default=MOST_LISTED, show_default=True, help="With --where: so many runs, 0 for all.")  # fmt: skip
@click.option("--exit-code", is_flag=True, help="End with 1 if something is missing or known in part.")
@catalog_option
@json_option
def command(refs: tuple[str, ...], where: str, limit: int, exit_code: bool, catalog: str | None, as_json: bool) -> int:
    """Say whether RUN could be made again: of its code, data, environment, seeds, params and command, what was kept."""
    refs, catalog = without_catalog(refs, catalog)
    if bool(where) == bool(refs):
        raise click.UsageError("Name a run, or give --where and a filter.")
    with open_reader(catalog) as reader:
        if where:
            from artui.model.audit import IN_SHORT
            from artui.query.audit import audits
            from artui.query.runs.listing import list_runs

            heads = list_runs(reader, where=where)
            shown = heads[:limit] if limit else heads
            found = audits(reader, shown)
        else:
            from artui.query.audit import audited
            from artui.query.references import find_run

            head = find_run(reader, one_of(refs, "RUN"))
            ingredients = audited(reader, head.id)
    if where:
        if as_json:
            from artui.cli.contract import run_record

            print_json(
                run_count=len(heads),
                runs=[{"run": run_record(run), "states": states} for run, states in zip(shown, found, strict=True)],
            )
        else:
            from artui.sheets.again import SIGNS

            signs = {str(state): sign for state, sign in SIGNS.items()}
            print_table(
                ["run", *IN_SHORT],
                [
                    [run.name, *(f"{signs.get(states.get(name, ''), '?')} {states.get(name, '')}" for name in IN_SHORT)]
                    for run, states in zip(shown, found, strict=True)
                ],
                right=[False] * (1 + len(IN_SHORT)),
            )
            if len(shown) < len(heads):
                click.echo(f"artui: {plural(len(heads) - len(shown), 'more run')}: --limit 0 lists all", err=True)
        is_whole = all(state in ("present", "none") for states in found for state in states.values())
        return 1 if exit_code and not is_whole else 0
    from artui.sheets.again import audit_section, verdict

    if as_json:
        from artui.cli.contract import run_record

        print_json(
            run=run_record(head), verdict=verdict(ingredients),
            ingredients=[{"name": each.name, "state": each.state, "why": each.why} for each in ingredients],
        )  # fmt: skip
    else:
        click.echo(clean(head.name))
        click.echo(f"  {verdict(ingredients)}")
        print_sections([audit_section(ingredients)])
        words = ["artui", "reproduce", head.name, *(["-c", catalog] if catalog else [])]
        click.echo(f"\nartui: `{clean(shlex.join(words))}` puts this together, and `--run` tries it", err=True)  # fmt: skip
    return 1 if exit_code and any(each.state in ("missing", "partial") for each in ingredients) else 0
