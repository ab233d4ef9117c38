"""`artui rollback NAME`: releases again what served before."""

from __future__ import annotations

import click

from artui.cli import completing
from artui.cli.common import catalog_option, why_option
from artui.cli.deploying import run_command, say_released
from artui.safetext import clean


@click.command("rollback")
@click.argument("place", metavar="NAME", shell_complete=completing.deployments)
@click.option("--to", "reference", metavar="REF", default="", shell_complete=completing.references, help="To this version, which served there once.")  # fmt: skip
@click.option("--approved-by", metavar="WHO", default="", help="Who approved it.")
@click.option("--project", "-p", help="Where several projects have such a deployment.")
@why_option
@catalog_option
def command(place: str, reference: str, approved_by: str, project: str | None, why: str, catalog: str | None) -> int:
    """Let a deployment serve again what it served before: `artui rollback fraud-api/production --why "recall fell"`.

    A version that served there already is not judged again. The catalog alone changes; `deploy_command` of your settings may act
    on what serves.
    """
    from artui.catalog import Catalog, artifacts, events, releasing
    from artui.catalog.deployments import find_deployment
    from artui.catalog.finding import find_catalog
    from artui.errors import UsageError
    from artui.reference import parse

    if not why.strip():
        raise UsageError("A rollback needs a reason.", remedy='Add --why, such as --why "recall fell".')
    path = find_catalog(catalog)[0]
    with Catalog(path, create=False) as opened:
        with opened.transaction() as connection:
            found = find_deployment(connection, place, project=project or "")
            version_id = (
                artifacts.find_version(connection, parse(reference), project=found.project).id if reference else ""
            )
            goal = releasing.rollback_goal(connection, found, version_id)
        run_command("rollback", {"deployment": place, "version": goal.release.named, "role": "live", "share": "1", "reason": "rollback", "why": why})  # fmt: skip
        with opened.transaction() as connection, events.editing(opened, f"rollback of {place}", why=why) as edit:
            released = releasing.roll_back(
                edit, connection, place, project=found.project, to_version_id=version_id, approved_by=approved_by
            )
    was = ", ".join(dict.fromkeys(clean(one.release.named) for one in released.ended))
    say_released(
        released,
        f"{clean(place)} serves {clean(goal.release.named)} again" + (f"; it was {was}." if was else "."),
    )
    return 0
