"""`artui promote REF`: gives a version the alias `production`, or another one."""

from __future__ import annotations

import shlex

import click

from artui.cli import completing
from artui.cli.common import catalog_option, why_option
from artui.cli.judging import override_option, refuse_missed, waive_all
from artui.model import PRODUCTION
from artui.safetext import clean


@click.command("promote")
@click.argument("reference", metavar="REF", shell_complete=completing.references)
@click.option("--to", "alias", default="production", show_default=True, metavar="ALIAS", help="The alias that it gets.")
@click.option("--project", "-p", help="Where the artifact's name is in several projects.")
@override_option
@why_option
@catalog_option
def command(
    reference: str, alias: str, project: str | None, override: bool, why: str, catalog: str | None
) -> int:  # fmt: skip
    """Let `production` name this version; the one that had the alias loses it. `artui show` has the history, `artui undo` takes it back.

    A version that misses a criterion of its requirements is refused, see `artui verify`.
    """
    from artui.catalog import Catalog, artifacts, events
    from artui.catalog.finding import find_catalog
    from artui.reference import check_given_alias, parse

    check_given_alias(alias)
    path = find_catalog(catalog)[0]
    with Catalog(path, create=False) as opened, opened.transaction() as connection:
        version = artifacts.find_version(connection, parse(reference), project=project or "")
        doing = shlex.join(["artui", "promote", version.reference, *(["--to", alias] if alias != PRODUCTION else [])])
        waived = refuse_missed(path, version.id, doing=doing, override=override, why=why)
        before = artifacts.aliased_number(connection, version.artifact_key, alias)
        shown = version.reference
        with events.editing(opened, f"alias {alias} on {shown}", why=why) as edit:
            is_changed = edit.move_alias(version.id, alias)
            waive_all(edit, version.id, waived)
    if not is_changed:
        click.echo(f"{clean(alias)} is {clean(shown)} already.")
        return 0
    was = "" if before is None else f"; it was v{before}"
    click.echo(f"{clean(alias)} is {clean(shown)} now{was}.")
    return 0
