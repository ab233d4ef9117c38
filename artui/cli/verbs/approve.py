"""`artui approve REF…`: approves versions, or takes an approval back."""

from __future__ import annotations

import click

from artui.cli import completing
from artui.cli.changing import change_versions
from artui.cli.common import catalog_option, why_option


@click.command("approve")
@click.argument("references", metavar="REF...", nargs=-1, required=True, shell_complete=completing.references)
@click.option("--withdraw", is_flag=True, help="Take your approval back.")
@click.option("--project", "-p", help="Where the artifact's name is in several projects.")
@why_option
@catalog_option
def command(references: tuple[str, ...], withdraw: bool, project: str | None, why: str, catalog: str | None) -> int:
    """Approve versions in your name: who, when and why stay in their history. A filter finds them: `approved_by ~ ada`."""
    return change_versions(
        references,
        catalog,
        project=project,
        why=why,
        change=lambda edit, version_id: edit.withdraw(version_id) if withdraw else edit.approve(version_id),
        edit_name="withdrawal of your approval" if withdraw else "approval",
        done="is no longer approved by you" if withdraw else "is approved",
        already="was not approved by you" if withdraw else "is approved by you already",
    )
