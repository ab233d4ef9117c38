"""`artui incident NAME TITLE`: notes that something went wrong in a deployment, and how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from artui.cli import completing
from artui.cli.common import catalog_option, moment_of, say_done, why_option
from artui.errors import UnknownReference, UsageError
from artui.model.deployments import SEVERITIES
from artui.safetext import clean

if TYPE_CHECKING:
    from artui.model.deployments import Deployment, Incident


@click.command("incident")
@click.argument("place", metavar="NAME", shell_complete=completing.deployments)
@click.argument("title", required=False, default="")
@click.option("--severity", type=click.Choice(SEVERITIES), help="How bad it is; medium unless said.")
@click.option("--opened", metavar="TIME", default="", help="When it began, if not now: 2026-11-03T14:00, '2h ago'.")
@click.option("--cause", metavar="TEXT", help="Why it happened.")
@click.option("--resolution", metavar="TEXT", help="What was done about it.")
@click.option("--close", is_flag=True, help="It is over; with --id where several are open.")
@click.option("--reopen", is_flag=True, help="It is not over.")
@click.option("--id", "incident_id", metavar="ID", default="", help="Which one: its id, or the end of it.")
@click.option("--project", "-p", help="Where several projects have such a deployment.")
@why_option
@catalog_option
def command(
    place: str, title: str, severity: str | None, opened: str, cause: str | None, resolution: str | None, close: bool, reopen: bool, incident_id: str,
    project: str | None, why: str, catalog: str | None,
) -> int:  # fmt: skip
    """Note an incident of a deployment: `artui incident fraud-api/production "recall fell on gift cards" --severity high`.

    With --close it is over: `artui incident fraud-api/production --close --cause "rotated images" --resolution "rolled back"`.
    `artui served NAME` lists them, `artui undo` takes it back.
    """
    from artui import clock
    from artui.catalog import Catalog, events, releasing
    from artui.catalog.deployments import find_deployment
    from artui.catalog.finding import find_catalog

    if close and reopen:
        raise UsageError("It is closed or opened again, not both.")
    changes = bool(close or reopen or incident_id or resolution is not None or not title)
    if changes and opened:
        raise UsageError("When an incident began is said when it is noted.", remedy="Leave out --opened.")
    with Catalog(find_catalog(catalog)[0], create=False) as opened_catalog, opened_catalog.transaction() as connection:
        found = find_deployment(connection, place, project=project or "")
        if not changes:
            with events.editing(opened_catalog, f"incident of {place}", why=why) as edit:
                _, incident = releasing.note_incident(
                    edit, connection, found.name, title, project=found.project, severity=severity or "medium",
                    opened_ms=moment_of(opened) if opened else None, cause=cause or "",
                )  # fmt: skip
            click.echo(
                f"{clean(place)}: {clean(incident.title)}, {incident.severity}, is open (id {incident.id[-8:]})."
            )
            say_done("incident noted")
            return 0
        incident = _chosen(found, incident_id, is_open=not reopen)
        with events.editing(opened_catalog, f"incident of {place}", why=why) as edit:
            changed = releasing.change_incident(
                edit, found, incident, closed_ms=clock.now_ms() if close else 0 if reopen else None, cause=cause, resolution=resolution,
                severity=severity, title=title or None,
            )  # fmt: skip
            is_changed = bool(edit.count)
    state = "is open" if changed.is_open else "is closed"
    click.echo(
        f"{clean(place)}: {clean(changed.title)}, {changed.severity}, {state}{'' if is_changed else ' already'}."
    )
    say_done("incident changed")
    return 0


def _chosen(place: Deployment, incident_id: str, *, is_open: bool) -> Incident:
    """Give the incident that is meant.

    Raises:
        UnknownReference: there is none, or it cannot be told which.
    """
    every = [one.incident for one in place.incidents]
    if incident_id:
        fitting = [one for one in every if one.id.endswith(incident_id.upper())]
        if len(fitting) != 1:
            raise UnknownReference(f"{len(fitting)} incidents of {place.name} have an id that ends with {incident_id!r}.", remedy=f"`artui served {place.name}` lists them.")  # fmt: skip
        return fitting[0]
    fitting = [one for one in every if one.is_open == is_open]
    if len(fitting) == 1:
        return fitting[0]
    which = "open" if is_open else "closed"
    if not fitting:
        raise UnknownReference(f"{place.name} has no {which} incident.", remedy=f"`artui incident {place.name} TITLE` notes one.")  # fmt: skip
    listed = ", ".join(f"{one.id[-8:]} {one.title}" for one in fitting[:5])
    raise UnknownReference(
        f"{place.name} has {len(fitting)} {which} incidents.", remedy=f"Name one with --id: {listed}."
    )
