"""`artui alias REF ALIAS`: sets an alias of a version, or takes it off."""

from __future__ import annotations

import shlex

import click

from artui.cli import completing
from artui.cli.common import catalog_option, say_done, why_option
from artui.cli.judging import override_option, refuse_missed, waive_all
from artui.model import PRODUCTION


@click.command("alias")
@click.argument("reference", shell_complete=completing.references)
@click.argument("name")
@click.option("--project", "-p", help="Where the artifact's name is in several projects.")
@click.option("--remove", is_flag=True, help="Take it off, whichever version has it.")
@override_option
@why_option
@catalog_option
def command(
    reference: str, name: str, project: str | None, remove: bool, override: bool, why: str, catalog: str | None
) -> int:  # fmt: skip
    """Let an alias name a version from now on: `artui alias digits-model:v3 candidate`. `artui undo` takes it back.

    For `production` a version that misses a criterion of its requirements is refused, as `artui promote` does.
    """
    from artui.catalog import Catalog, artifacts, events
    from artui.catalog.finding import find_catalog
    from artui.errors import UnknownReference
    from artui.reference import check_given_alias, parse

    path = find_catalog(catalog)[0]
    with Catalog(path, create=False) as opened, opened.transaction() as connection:
        version = artifacts.find_version(connection, parse(reference), project=project or "")
        if not remove:
            doing = shlex.join(["artui", "alias", version.reference, name])
            is_judged = check_given_alias(name) == PRODUCTION
            waived = refuse_missed(path, version.id, doing=doing, override=override, why=why) if is_judged else ()
            with events.editing(opened, f"alias {name}", why=why) as edit:
                edit.move_alias(version.id, name)
                waive_all(edit, version.id, waived)
        elif not events.drop_alias(opened, version.id, name, why=why):
            raise UnknownReference(f"{version.artifact} has no alias {name!r}.", remedy="`artui show REF` lists them.")
    say_done(f"{name} names no version of {version.artifact} any more" if remove else f"{name} is now {reference}")
    return 0
