"""`artui retire REF…`: takes versions out of the lists, or back into them."""

from __future__ import annotations

import click

from artui.cli import completing
from artui.cli.changing import change_versions
from artui.cli.common import catalog_option, why_option


@click.command("retire")
@click.argument("references", metavar="REF...", nargs=-1, required=True, shell_complete=completing.references)
@click.option("--back", is_flag=True, help="Take them back into the lists.")
@click.option("--project", "-p", help="Where the artifact's name is in several projects.")
@click.option("--from", "place", metavar="DEPLOYMENT", default="", shell_complete=completing.deployments, help="End their release there instead.")  # fmt: skip
@why_option
@catalog_option
def command(
    references: tuple[str, ...], back: bool, project: str | None, place: str, why: str, catalog: str | None
) -> int:  # fmt: skip
    """Take versions out of the lists: they are not `latest` any more, and references to them go on working.

    `artui ls -a -w 'retired is not null'` lists them. One that an alias names stays in the lists. With --from they serve no more
    in a deployment, and stay in the lists.
    """
    if place:
        return _end(references, place, back=back, project=project, why=why, catalog=catalog)
    return change_versions(
        references,
        catalog,
        project=project,
        why=why,
        change=lambda edit, version_id: edit.reinstate(version_id) if back else edit.retire(version_id),
        edit_name="listing" if back else "retirement",
        done="is in the lists again" if back else "is retired",
        already="is not retired" if back else "is retired already",
        warns_of_aliases=not back,
    )


def _end(
    references: tuple[str, ...], place: str, *, back: bool, project: str | None, why: str, catalog: str | None
) -> int:  # fmt: skip
    """End the releases of versions in a deployment."""
    from artui.catalog import Catalog, artifacts, events, releasing
    from artui.catalog.deployments import find_deployment
    from artui.catalog.finding import find_catalog
    from artui.cli.changing import label_of
    from artui.cli.deploying import run_command
    from artui.errors import UsageError
    from artui.reference import parse
    from artui.safetext import clean

    if back:
        raise UsageError("What ended is released again with `artui deploy`.", remedy=f"`artui deploy {references[0]} --to {place}`.")  # fmt: skip
    with Catalog(find_catalog(catalog)[0], create=False) as opened:
        with opened.transaction() as connection:
            found = find_deployment(connection, place, project=project or "")
            versions = [artifacts.find_version(connection, parse(text), project=found.project) for text in references]
        for version in versions:
            run_command("retire", {"deployment": place, "version": version.reference, "role": "", "share": "0", "reason": "", "why": why})  # fmt: skip
        label = f"end of {label_of([version.reference for version in versions])} in {place}"
        with opened.transaction() as connection, events.editing(opened, label, why=why) as edit:
            ended = [
                releasing.end(edit, connection, place, project=found.project, version_id=version.id)
                for version in versions
            ]
    for version, released in zip(versions, ended, strict=True):
        click.echo(f"{clean(version.reference)} serves no more in {clean(place)}.")
        if released.alias:
            click.echo(f"artui: {clean(released.alias)} names no version of {clean(version.artifact)} any more.", err=True)  # fmt: skip
    click.echo("artui: `artui undo` takes this back.", err=True)
    return 0
