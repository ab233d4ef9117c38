"""`artui trace REF`: the lineage of a run or version, indented."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from artui.cli import completing
from artui.cli.catalogs import catalog_option, without_catalog
from artui.cli.common import json_option, one_of, open_reader, print_json, say_damaged
from artui.query.lineage import lineage, standing_once
from artui.query.references import resolve
from artui.safetext import clean

if TYPE_CHECKING:
    from artui.model import Node
    from artui.query.lineage import Step


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
        from artui.cli.contract import node_record

        print_json(
            root=node_record(graph.root),
            upstream=[node_record(node) for node in graph.upstream],
            downstream=[node_record(node) for node in graph.downstream],
            is_cut=graph.is_cut,
        )
        return 0
    click.echo(f"{_title(graph.root)}{'  (damaged)' if graph.root.damaged else ''}")
    for heading, nodes in (("where it came from", graph.upstream), ("what came of it", graph.downstream)):
        click.echo(f"\n{heading}")
        root, *steps = standing_once(graph.root, nodes)
        if root.also:
            click.echo(_also(root))
        for step in steps:
            node = step.node
            damaged = "  (damaged)" if node.damaged else ""
            click.echo(f"{'  ' * node.depth}{node.relation} {_title(node)}{damaged}")
            if step.also:
                click.echo(_also(step))
        if not nodes:
            click.echo("  nothing was noted")
    if graph.is_cut:
        click.echo("\nand more: trace what is near an end")
    return 0


def _also(step: Step) -> str:
    """Name the neighbours of a thing that stand elsewhere."""
    named: dict[str, list[str]] = {}
    for node in step.also:
        named.setdefault(node.relation, []).append(node.version.reference if node.version else node.run.name if node.run else "")  # fmt: skip
    words = "; ".join(f"{relation} {', '.join(map(clean, names))}" for relation, names in named.items())
    return f"{'  ' * (step.node.depth + 1)}also {words}"


def _title(node: Node) -> str:
    if node.run is not None:
        return f"{clean(node.run.name)}  {node.run.stage} run, {node.run.status}"
    if node.version is None:
        return ""
    aliases = " ".join(node.version.aliases)
    kind = f"{node.version.kind}, {node.version.state}" if node.version.state else node.version.kind
    return clean(f"{node.version.reference}  {kind}  {aliases}".rstrip())
