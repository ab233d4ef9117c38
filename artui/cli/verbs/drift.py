"""`artui drift A [B]`: how far data, or what is observed in a deployment, are from other data; and which rules hold there."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import click

from artui.cli import completing
from artui.cli.catalogs import catalog_option, without_catalog
from artui.cli.common import json_option, one_of, open_reader, print_json
from artui.cli.sheets import print_sections, print_sheet
from artui.cli.spans import since_of, span_options, until_of
from artui.errors import UnknownReference, UsageError
from artui.safetext import clean

if TYPE_CHECKING:
    from pathlib import Path

    from artui.model.drifts import DriftReport
    from artui.model.production import Raised
    from artui.model.profiles import ColumnDrift

MOST_SHOWN = 30
MOST = 10_000
"""So many columns are looked at in depth for `--json` and limits."""
MEASURES: dict[str, Callable[[ColumnDrift], float | None]] = {
    "psi": lambda one: one.psi, "js": lambda one: one.jensen_shannon, "ks": lambda one: one.ks, "wasserstein": lambda one: one.wasserstein,
    "nulls": lambda one: abs(one.null_shift),
}  # fmt: skip
MOST_WINDOWS = 5_000
"""Of more, as of months of minutes, the columns of so many are read, spread evenly; that is said."""


@click.command("drift")
@click.argument("refs", nargs=-1, metavar="A [B]", shell_complete=completing.references)
@span_options
@click.option(
    "--earlier", "is_earlier", is_flag=True, help="Against what was observed in the deployment before --since."
)
@click.option("--column", metavar="NAME", default="", help="All that is said of one column.")
@click.option(
    "--limit",
    "limits",
    multiple=True,
    metavar="MEASURE=NUMBER",
    help="End with 1 if a column is beyond it: psi=0.2, js, ks, wasserstein or nulls; may be given again.",
)
@click.option(
    "--rules", "with_rules", is_flag=True, help="Say which of your rules hold in a deployment; ends with 1 if one does."
)
@click.option(
    "--rule",
    "rules",
    multiple=True,
    metavar="RULE",
    help="The same for this rule, such as 'drift psi > 0.2 on any column'; may be given again.",
)
@click.option("--open", "opens", is_flag=True, help="With rules: open an incident for each that holds and has none.")
@click.option("--project", "-p", default="", help="Of the deployment, where several projects have one of this name.")
@catalog_option
@json_option
def command(
    refs: tuple[str, ...], slice_: str, since: str, until: str, is_earlier: bool, column: str, limits: tuple[str, ...], with_rules: bool,
    rules: tuple[str, ...], opens: bool, project: str, catalog: str | None, as_json: bool,
) -> int:  # fmt: skip
    """Say how far B is from A, column by column: versions of data (data:v1), files of them (data:v1/train.csv) or deployments.

    A deployment alone is held against what the version that serves there was trained on, else tested on, else its first
    window; its live metrics stand beside those of the test. Columns that drifted most beyond chance come first.
    """
    refs, catalog = without_catalog(refs, catalog)
    if with_rules or rules or opens:
        return _rules(refs, catalog, rules, slice_, since, until, project, opens=opens, as_json=as_json)
    if len(refs) not in (1, 2):
        raise UsageError("drift takes one or two things.", remedy="For example: artui drift data:v1 data:v2, or artui drift fraud-api/production")  # fmt: skip
    from artui.query.drifting import MOST_COLUMNS, drift_of

    wanted = dict(map(_limit, limits))
    # All columns are looked at in depth where any of them may be asked for.
    most = MOST if wanted or column or as_json else MOST_COLUMNS
    with open_reader(catalog) as reader:
        report = drift_of(
            reader, *refs, project=project, since_ms=since_of(since), until_ms=until_of(until), slice_=slice_, is_earlier=is_earlier, most=most,
            most_windows=MOST_WINDOWS,
        )  # fmt: skip
    if column and column not in {one.name for one in report.columns}:
        from artui.near import did_you_mean

        names = [one.name for one in report.columns]
        raise UnknownReference(f"Both have no column {column!r}.", remedy=did_you_mean(column, names) or f"There is {', '.join(names[:5])}.")  # fmt: skip
    shown = [one for one in report.columns if not column or one.name == column]
    beyond = [one for one in shown if _beyond(one, wanted)]
    if as_json:
        from artui.cli.contract import drift_record

        print_json(**drift_record(report, shown, [one.name for one in beyond]))
    else:
        _print(report, column, beyond, wanted)
    return 1 if beyond else 0


def _limit(text: str) -> tuple[str, float]:
    """Read a limit: `psi=0.2`."""
    name, _, number = text.partition("=")
    try:
        value = float(number)
    except ValueError:
        value = math.nan
    if name.strip().lower() not in MEASURES or not math.isfinite(value):
        raise UsageError(f"{text[:60]!r} is no limit.", remedy=f"Write psi=0.2; there is {', '.join(MEASURES)}.")
    return name.strip().lower(), value


def _beyond(one: ColumnDrift, wanted: dict[str, float]) -> bool:
    """Say whether a column is beyond a limit: of the index only where chance does not give as much."""
    if one.is_key:
        return False
    for name, limit in wanted.items():
        value = MEASURES[name](one)
        by_chance = one.psi is not None and one.psi <= (one.psi_by_chance or 0) and name != "nulls"
        if value is not None and value > limit and not by_chance:
            return True
    return one.word == "type" and bool(wanted)


def _print(report: DriftReport, column: str, beyond: Sequence[ColumnDrift], wanted: dict[str, float]) -> None:
    from dataclasses import replace

    from artui.sheets.drift import COLUMNS, drift_sheet
    from artui.sheets.sheet import shortened

    sheet = drift_sheet(report, column=column)
    sections = tuple(shortened(one, most=MOST_SHOWN) if one.title == COLUMNS else one for one in sheet.sections)
    print_sheet(replace(sheet, sections=sections), elsewhere={COLUMNS: "--json has all"})
    if wanted:
        limits = ", ".join(f"{name} {limit:g}" for name, limit in wanted.items())
        names = ", ".join(one.name for one in beyond[:10]) + (f" and {len(beyond) - 10:,} more" if len(beyond) > 10 else "")  # fmt: skip
        click.echo(f"\nbeyond {limits}: {clean(names) if beyond else 'none'}")


def _rules(
    refs: tuple[str, ...], catalog: str | None, given: tuple[str, ...], slice_: str, since: str, until: str, project: str, *, opens: bool, as_json: bool
) -> int:  # fmt: skip
    """Say which rules hold, or held, in a deployment."""
    from artui import clock
    from artui.query.watching import RULES_MS, watched
    from artui.query.windowrules import about_deployments, parse_window_rule, raised
    from artui.settings import kept_alerts, load_settings

    name = one_of(refs, "a deployment")
    if slice_:
        raise UsageError("Rules name their slice.", remedy=f"--rule 'live/recall < 0.9 on {slice_}'")
    rules = [parse_window_rule(text) for text in given] or about_deployments([*load_settings().alerts, *kept_alerts()])
    if not rules:
        raise UsageError("There is no rule about deployments.", remedy="Give one: --rule 'drift psi > 0.2 on any column', or in `alerts` of the settings.")  # fmt: skip
    until_ms = until_of(until) or clock.now_ms()
    since_ms = since_of(since)
    with open_reader(catalog) as reader:
        watching = watched(
            reader, name, rules, since_ms=until_ms - RULES_MS if since_ms is None else since_ms, until_ms=until_ms, project=project
        )  # fmt: skip
        path = reader.path
    found = raised(rules, watching)
    opened = _opened(path, name, project, found) if opens else []
    if as_json:
        from artui.cli.contract import raised_record

        print_json(deployment=watching.name, rules=[rule.text for rule in rules], raised=[raised_record(one) for one in found], opened=opened)  # fmt: skip
    else:
        from artui.sheets.drift import raised_section

        click.echo(f"{clean(watching.name)}: {sum(one.is_going for one in found)} of {len(rules)} rules hold")
        print_sections([raised_section(found)])
        for title in opened:
            click.echo(f"opened an incident: {clean(title)}")
    return 1 if any(one.is_going for one in found) else 0


def _opened(path: Path, name: str, project: str, found: Sequence[Raised]) -> list[str]:
    """Open an incident for each alert that goes on and has none; give their titles."""
    from artui.catalog import Catalog, events
    from artui.catalog.deployments import find_deployment
    from artui.catalog.ids import new_id
    from artui.query.windowrules import incident_for, open_rules

    titles: list[str] = []
    with Catalog(path) as catalog:
        with catalog.transaction() as connection:
            deployment = find_deployment(connection, name, project=project)
        is_open = open_rules(noted.incident for noted in deployment.incidents)
        with events.editing(catalog, f"incidents of {name}") as edit:
            for alert in found:
                on = deployment.served(alert.time_ms)
                incident = incident_for(alert, new_id(), release_id=on[0].release.id if on else "")
                if alert.is_going and (incident.rule, incident.title) not in is_open:
                    edit.set_incident(deployment.version_id, incident)
                    titles.append(incident.title)
    return titles
