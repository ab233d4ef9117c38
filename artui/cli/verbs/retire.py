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
@why_option
@catalog_option
def command(references: tuple[str, ...], back: bool, project: str | None, why: str, catalog: str | None) -> int:
    """Take versions out of the lists: they are not `latest` any more, and references to them go on working.

    `artui ls -a -w 'retired is not null'` lists them. One that an alias names stays in the lists.
    """
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
