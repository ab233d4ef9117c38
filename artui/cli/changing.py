"""Shared by the verbs that change versions: all that are named, or none, as one edit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import click

from artui.safetext import clean
from artui.units import plural

if TYPE_CHECKING:
    from artui.catalog.events import Edit

_MOST_NAMED = 3


def change_versions(
    references: Sequence[str],
    catalog: str | None,
    *,
    project: str | None,
    why: str,
    change: Callable[[Edit, str], bool],
    edit_name: str,
    done: str,
    already: str,
    warns_of_aliases: bool = False,
) -> int:
    """Change the versions that references name, and say of each what came of it.

    `edit_name` names the change wherever it is taken back: a noun, as the state is another then. `warns_of_aliases` says on stderr which of them an alias goes on naming, and which still serve.
    """
    from artui import clock
    from artui.catalog import Catalog, artifacts, events, standing
    from artui.catalog.deployments import serving_places
    from artui.catalog.finding import find_catalog
    from artui.reference import parse

    with Catalog(find_catalog(catalog)[0], create=False) as opened, opened.transaction() as connection:
        versions = [artifacts.find_version(connection, parse(text), project=project or "") for text in references]
        named = {version.id: version.reference for version in versions}
        with events.editing(opened, f"{edit_name} of {label_of(list(named.values()))}", why=why) as edit:
            is_changed = {version_id: change(edit, version_id) for version_id in named}
        aliases = {version_id: standing.aliases_naming(connection, version_id) for version_id in named}
        serving = serving_places(connection, named, clock.now_ms()) if warns_of_aliases else {}
    for version_id, name in named.items():
        click.echo(f"{clean(name)} {done if is_changed[version_id] else already}.")
        if warns_of_aliases and aliases[version_id]:
            words = ", ".join(map(clean, aliases[version_id]))
            click.echo(f"artui: {words} still names {clean(name)}.", err=True)
        for place in serving.get(version_id, ()):
            click.echo(f"artui: {clean(name)} still serves in {clean(place)}.", err=True)
    if any(is_changed.values()):
        click.echo("artui: `artui undo` takes this back.", err=True)
    return 0


def label_of(names: Sequence[str]) -> str:
    """Name what an edit is about: the names of few things, or how many they are."""
    return ", ".join(names) if len(names) <= _MOST_NAMED else plural(len(names), "thing")
