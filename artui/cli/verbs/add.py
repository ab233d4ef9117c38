"""`artui add PATH`: a version that was not made by a run."""

from __future__ import annotations

from pathlib import Path

import click

from artui.cli.common import PathType, catalog_option, facts_of, pairs
from artui.model import STAGES
from artui.safetext import clean


@click.command("add")
@click.argument("path", type=PathType(path_type=Path))
@click.option("--name", "-n", help="The artifact's name; by default that of the file.")
@click.option("--kind", "-k", default="dataset", show_default=True, help="Such as dataset, model, requirement, report.")
@click.option("--stage", type=click.Choice(STAGES), help="By default the one that the kind belongs to.")
@click.option("--project", "-p", default="default", show_default=True)
@click.option("--alias", "-a", "aliases", multiple=True, help="An alias; may be given again.")
@click.option(
    "--metadata", "metadata", multiple=True, metavar="NAME=VALUE", help="A value of its metadata; may be given again."
)
@click.option(
    "--fact", "facts", multiple=True, metavar="FIELD=VALUE",
    help="What is declared of this version, such as licence=MIT; of a first one also for later ones; may be given again.",
)  # fmt: skip
@click.option("--note", default="", help="A note, which stands with the version.")
@click.option("--store", metavar="URI", help="Keep all of it there: a folder, ssh://host/path, s3://bucket/path, …")
@catalog_option
def command(path: Path, name: str | None, kind: str, stage: str | None, project: str, aliases: tuple[str, ...], metadata: tuple[str, ...], facts: tuple[str, ...], note: str, store: str | None, catalog: str | None) -> int:  # fmt: skip
    """Add a file or folder as a version of an artifact; prints its reference. The same content again adds no version.

    Then aliases and facts are still given to the version that has it; its note and metadata stay as they are.
    """
    from artui.capture.adding import add_version
    from artui.catalog.finding import find_catalog

    added = add_version(
        find_catalog(catalog)[0], path, name=name or path.stem or path.name, kind=kind, stage=stage, project=project,
        aliases=aliases, metadata=pairs(metadata), facts=facts_of(facts), note=note, store=store,
    )  # fmt: skip
    click.echo(clean(added.reference))
    declared = clean(", ".join(added.declared))
    if added.is_new and declared:
        whom = (
            "this version and later ones"
            if added.is_first
            else f"this version alone; `artui declare {clean(added.reference.rpartition(':')[0])} …` is for all"
        )
        click.echo(f"artui: declared {declared} of {whom}.", err=True)
    if not added.is_new:
        said = [f"{clean(alias)} names it now" for alias in added.moved]
        said += [f"declared {declared}"] if declared else []
        lost = [name for name, value in (("--note", note), ("--metadata", metadata)) if value]
        said += [f"{' and '.join(lost)} not kept: what was said of it stays"] if lost else []
        click.echo("; ".join(["artui: the newest version already has this content", *said]) + ".", err=True)
    return 0
