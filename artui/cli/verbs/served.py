"""`artui served`: what serves where, or in one deployment, now or at a time."""

from __future__ import annotations

import click

from artui import clock
from artui.cli import completing
from artui.cli.catalogs import catalog_option, without_catalog
from artui.cli.common import json_option, moment_of, open_reader, print_json, print_table
from artui.errors import UsageError
from artui.safetext import clean


@click.command("served")
@click.argument("names", nargs=-1, metavar="[NAME]", shell_complete=completing.deployments)
@click.option(
    "--at", "at", metavar="TIME", default="", help="At that time: 2026-11-03T14:00, '2d ago'; a day means its end."
)
@click.option("--project", "-p", help="Of this project.")
@catalog_option
@json_option
def command(names: tuple[str, ...], at: str, project: str | None, catalog: str | None, as_json: bool) -> int:
    """Say which version serves where, since when and why; with NAME, all that one deployment ever served, and its incidents.

    With --at it is what served at that time, by what the catalog knows now.
    """
    names, catalog = without_catalog(names, catalog)
    if len(names) > 1:
        raise UsageError(f"Only one deployment can be named, and {clean(names[1])!r} is another.")
    now_ms = clock.now_ms()
    at_ms = moment_of(at, is_last=True) if at else now_ms
    with open_reader(catalog) as reader:
        from artui.query.deployments import deployments, find_deployment, released_heads, servings

        chosen = [find_deployment(reader, names[0], project=project or "")] if names else deployments(reader, project=project)  # fmt: skip
        heads = released_heads(reader, chosen)
    if as_json:
        from artui.cli.contract import deployment_record

        records = [deployment_record(one, heads, at_ms) for one in chosen]
        if names:
            print_json(at_ms=at_ms, deployment=records[0])
        else:
            print_json(at_ms=at_ms, deployments=records)
        return 0
    from artui.sheets.deployment import incidents_section, releases_section, served_text, since_text

    references = {version_id: head.reference for version_id, head in heads.items()}
    if not names:
        if not chosen:
            click.echo("Nothing serves anywhere, as far as this catalog knows.")
            click.echo("artui: `artui deploy MODEL --to fraud-api/production` notes that a version does", err=True)
            return 0
        print_table(
            ["deployment", "serves" if not at else "served", "since", "reason", "by", "released", "incidents"],
            [
                [
                    one.name, served_text(one.served(at_ms), references) or "nothing", since_text(one, at_ms),
                    *((on[0].release.reason, on[0].author) if (on := one.served(at_ms)) else ("", "")),
                    f"{len(one.releases):,}", str(sum(each.incident.is_open for each in one.incidents) or ""),
                ]
                for one in chosen
            ],
            right=[False, False, True, False, False, True, True],
        )  # fmt: skip
        return 0
    from artui.cli.sheets import print_sections
    from artui.times import time_text

    (place,) = chosen
    on = place.served(at_ms)
    verb = "serves" if not at else f"served on {time_text(at_ms)}"
    click.echo(f"{clean(place.name)} {verb} {clean(served_text(on, references)) or 'nothing'}")
    shown = servings([place], heads)
    if at:
        on_ids = {one.release.id for one in on}
        shown = [one for one in shown if one.recorded.release.id in on_ids]
    sections = [releases_section(shown, at_ms, is_of_deployment=True)]
    if not at and place.incidents:
        sections.append(incidents_section(place.incidents, shown, now_ms))
    print_sections([section for section in sections if section.table is not None and len(section.table.rows)])
    return 0
