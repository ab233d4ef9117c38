"""`artui alias REF ALIAS`: sets an alias of a version."""

from __future__ import annotations

import click

from artui.cli import completing
from artui.cli.common import catalog_option, say_done


@click.command("alias")
@click.argument("reference", shell_complete=completing.references)
@click.argument("name")
@click.option("--project", "-p", help="Where the artifact's name is in several projects.")
@catalog_option
def command(reference: str, name: str, project: str | None, catalog: str | None) -> int:
    """Let an alias name a version from now on: `artui alias digits-model:v3 production`."""
    from artui.catalog import Catalog, artifacts, events
    from artui.catalog.finding import find_catalog
    from artui.reference import check_alias, parse

    with Catalog(find_catalog(catalog)[0], create=False) as opened, opened.transaction() as connection:
        version = artifacts.find_version(connection, parse(reference), project=project or "")
        events.move_alias(opened, version.id, check_alias(name))
    say_done(f"{name} is now {reference}")
    return 0
