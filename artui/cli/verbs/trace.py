"""`artui trace REF`: the lineage of a run or version, indented."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from artui.cli import completing
from artui.cli.catalogs import catalog_option, without_catalog
from artui.cli.common import json_option, one_of, open_reader, print_json, say_damaged
from artui.query.lineage import lineage
from artui.query.references import resolve
from artui.safetext import clean

if TYPE_CHECKING:
    from artui.model import Node


@click.command("trace")
@click.argument("refs", nargs=-1, metavar="REF", shell_complete=completing.references)
@catalog_option
@json_option
def command(refs: tuple[str, ...], catalog: str | None, as_json: bool) -> int:
    """Show where REF (a run or a version) came from, and what came of it."""
    refs, catalog = without_catalog(refs, catalog)
    ref = one_of(refs, "REF")
    with open_reader(catalog) as reader:
        graph = lineage(reader, resolve(reader, ref))
    say_damaged(
        (_title(node), node.damaged) for node in (graph.root, *graph.upstream, *graph.downstream) if node.damaged
    )
    if as_json:
        print_json(
            {
                "root": graph.root,
                "upstream": graph.upstream,
                "downstream": graph.downstream,
                "is_cut": graph.is_cut,
            }
        )
        return 0
    click.echo(f"{_title(graph.root)}{'  (damaged)' if graph.root.damaged else ''}")
    for heading, nodes in (("where it came from", graph.upstream), ("what came of it", graph.downstream)):
        click.echo(f"\n{heading}")
        for node in nodes:
            click.echo(
                f"{'  ' * node.depth}{node.relation} {_title(node)}{'  (damaged)' if node.damaged else ''}{'  (see above)' if node.is_repeated else ''}"
            )
        if not nodes:
            click.echo("  nothing was noted")
    return 0


def _title(node: Node) -> str:
    if node.run is not None:
        return f"{clean(node.run.name)}  {node.run.stage} run, {node.run.status}"
    if node.version is None:
        return ""
    aliases = " ".join(node.version.aliases)
    return clean(f"{node.version.reference}  {node.version.kind}  {aliases}".rstrip())
