"""`artui alias REF ALIAS`: sets an alias of a version, or takes it off."""

from __future__ import annotations

import click

from artui.cli import completing
from artui.cli.common import catalog_option, say_done, why_option


@click.command("alias")
@click.argument("reference", shell_complete=completing.references)
@click.argument("name")
@click.option("--project", "-p", help="Where the artifact's name is in several projects.")
@click.option("--remove", is_flag=True, help="Take it off, whichever version has it.")
@why_option
@catalog_option
def command(reference: str, name: str, project: str | None, remove: bool, why: str, catalog: str | None) -> int:
    """Let an alias name a version from now on: `artui alias digits-model:v3 production`. `artui undo` takes it back."""
    from artui.catalog import Catalog, artifacts, events
    from artui.catalog.finding import find_catalog
    from artui.errors import UnknownReference
    from artui.reference import check_given_alias, parse

    with Catalog(find_catalog(catalog)[0], create=False) as opened, opened.transaction() as connection:
        version = artifacts.find_version(connection, parse(reference), project=project or "")
        if not remove:
            events.move_alias(opened, version.id, check_given_alias(name), why=why)
        elif not events.drop_alias(opened, version.id, name, why=why):
            raise UnknownReference(f"{version.artifact} has no alias {name!r}.", remedy="`artui show REF` lists them.")
    say_done(f"{name} names no version of {version.artifact} any more" if remove else f"{name} is now {reference}")
    return 0
