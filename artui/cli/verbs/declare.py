"""`artui declare REF FIELD=VALUE…`: declares facts of an artifact, or of one version."""

from __future__ import annotations

import click

from artui.cli import completing
from artui.cli.common import catalog_option, facts_of, why_option
from artui.safetext import clean


@click.command("declare")
@click.argument("reference", metavar="REF", shell_complete=completing.references)
@click.argument("facts", nargs=-1, required=True, metavar="FIELD=VALUE...", shell_complete=completing.facts)
@click.option("--project", "-p", help="Where the artifact's name is in several projects.")
@why_option
@catalog_option
def command(reference: str, facts: tuple[str, ...], project: str | None, why: str, catalog: str | None) -> int:
    """Declare facts: licence, owner, contact, intended_use, out_of_scope, limitations, inputs, outputs, sensitivity, personal_data, base_model, language.

    Of an artifact (`artui declare digits-model licence=MIT`) they hold for all its versions, of a version (`digits-model:v3`)
    for that one alone. `FIELD=` takes one away.
    """
    from artui.catalog import Catalog, artifacts, events
    from artui.catalog.finding import find_catalog
    from artui.reference import parse

    checked = facts_of(facts)
    parsed = parse(reference)
    with Catalog(find_catalog(catalog)[0], create=False) as opened, opened.transaction() as connection:
        version = artifacts.find_version(connection, parsed, project=project or "")
        shown = version.reference if parsed.has_version else version.artifact
        with events.editing(opened, f"facts of {shown}: {', '.join(checked)}", why=why) as edit:
            changed = [
                name for name, value in checked.items()
                if edit.declare(version.id, name, value, is_of_version=parsed.has_version)
            ]  # fmt: skip
    said = ", ".join(changed) if changed else "nothing new"
    click.echo(f"{clean(shown)}: {said}.")
    return 0
