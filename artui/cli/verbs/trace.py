"""`artui trace REF [REF]`: the lineage of a run or version, indented, or the ways from one to another."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import click

from artui.cli import completing
from artui.cli.catalogs import catalog_option, without_catalog
from artui.cli.common import json_option, one_of, open_reader, print_json, say_damaged
from artui.errors import UsageError
from artui.model import RunHead
from artui.query.graph import Direction, dot_text, mermaid_text, read_graph, runs_there
from artui.query.lineage import lineage, standing_once
from artui.query.references import resolve_any
from artui.safetext import clean
from artui.units import plural

if TYPE_CHECKING:
    from artui.model import Node
    from artui.query.lineage import Step


MOST_CHECKED = 2_000
"""So many things are looked at for damage: that takes longer than all else."""
MOST_INDENTED = 30
"""What is further away is indented no more, and says how far it is."""


@click.command("trace")
@click.argument("refs", nargs=-1, metavar="REF [REF]", shell_complete=completing.references)
@click.option("--up", is_flag=True, help="Only where it came from.")
@click.option("--down", is_flag=True, help="Only what came of it.")
@click.option("--dot", is_flag=True, help="Print a graph for Graphviz: artui trace REF --dot | dot -Tsvg.")
@click.option(
    "--mermaid", is_flag=True, help="Print a flowchart for Mermaid, which GitHub and GitLab draw in Markdown."
)
@catalog_option
@json_option
def command(
    refs: tuple[str, ...], up: bool, down: bool, dot: bool, mermaid: bool, catalog: str | None, as_json: bool
) -> int:
    """Show where REF (a run or a version) came from, and what came of it; of two, the ways from the one to the other."""
    refs, catalog = without_catalog(refs, catalog)
    if len(refs) == 2:
        if up or down or dot or mermaid:
            raise UsageError("The ways between two things go one way only.", remedy="Leave --up, --down, --dot and --mermaid out.")  # fmt: skip
        return _between(refs[0], refs[1], catalog, as_json=as_json)
    ref = one_of(refs, "REF")
    if sum((dot, mermaid, as_json)) > 1:
        raise UsageError("--dot, --mermaid and --json are three ways to print the same.", remedy="Give one of them.")
    directions: tuple[Direction, ...] = ("up", "down") if up == down else ("up",) if up else ("down",)
    with open_reader(catalog) as reader:
        subject = resolve_any(reader, ref)
        if dot or mermaid:
            with reader.snapshot() as connection:
                drawn = read_graph(connection, subject, directions=directions)
            click.echo(dot_text(drawn) if dot else mermaid_text(drawn))
            return 0
        graph = lineage(reader, subject, directions=directions, most_checked=MOST_CHECKED)
        every = (graph.root, *graph.upstream, *graph.downstream)
        with reader.snapshot() as connection:
            there = runs_there(connection, [node.run.key for node in every if node.run is not None])
    say_damaged((_title(node, there), node.damaged) for node in every if node.damaged)
    if len(every) > MOST_CHECKED:
        click.echo(f"Only the first {MOST_CHECKED:,} were looked at for damage; artui show looks at any one.", err=True)
    if as_json:
        from artui.cli.contract import node_record

        print_json(
            root=node_record(graph.root, there),
            upstream=[node_record(node, there) for node in graph.upstream],
            downstream=[node_record(node, there) for node in graph.downstream],
            is_cut=graph.is_cut,
        )
        return 0
    click.echo(f"{_title(graph.root, there)}{'  (damaged)' if graph.root.damaged else ''}")
    sides = {"up": ("where it came from", graph.upstream), "down": ("what came of it", graph.downstream)}
    for heading, nodes in (sides[direction] for direction in directions):
        click.echo(f"\n{heading}")
        root, *steps = standing_once(graph.root, nodes)
        if root.also:
            click.echo(_also(root))
        for step in steps:
            node = step.node
            damaged = "  (damaged)" if node.damaged else ""
            click.echo(f"{_indent(node.depth)}{node.relation} {_title(node, there)}{damaged}")
            if step.also:
                click.echo(_also(step))
        if not nodes:
            click.echo("  nothing was noted")
    if graph.is_cut:
        click.echo("\nand more: trace what is near an end")
    return 0


def _between(one: str, other: str, catalog: str | None, *, as_json: bool) -> int:
    """Print how one of two things came of the other."""
    from artui.query.between import ways_between

    with open_reader(catalog) as reader:
        found = ways_between(reader, *(resolve_any(reader, ref) for ref in (one, other)))
        with reader.snapshot() as connection:
            every = (node for way in found.ways for node in way)
            there = runs_there(connection, [node.run.key for node in every if node.run is not None])
    if as_json:
        from artui.cli.contract import node_record

        ways = [{"things": [node_record(node, there) for node in way]} for way in found.ways]
        print_json(ways=ways, is_cut=found.is_cut)
        return 0
    names = [
        clean(thing.name if isinstance(thing, RunHead) else thing.reference) for thing in (found.first, found.last)
    ]
    if not found.ways:
        click.echo(f"Neither of {names[0]} and {names[1]} came of the other.")
        return 0
    count = f"the {len(found.ways)} shortest ways" if found.is_cut else plural(len(found.ways), "way")
    click.echo(f"{names[0]} → {names[1]}: {count}")
    for way in found.ways:
        click.echo(f"\n{plural(len(way) - 1, 'step')}")
        for node in way:
            click.echo(f"{_indent(node.depth + 1)}{f'{node.relation} ' if node.relation else ''}{_title(node, there)}")
    return 0


def _indent(depth: int) -> str:
    return "  " * min(depth, MOST_INDENTED) + (f"({depth:,} steps away) " if depth > MOST_INDENTED else "")


def _also(step: Step) -> str:
    """Name the neighbours of a thing that stand elsewhere."""
    named: dict[str, list[str]] = {}
    for node in step.also:
        named.setdefault(node.relation, []).append(node.version.reference if node.version else node.run.name if node.run else "")  # fmt: skip
    words = "; ".join(f"{relation} {', '.join(map(clean, names))}" for relation, names in named.items())
    return f"{'  ' * min(step.node.depth + 1, MOST_INDENTED)}also {words}"


def _title(node: Node, there: Collection[int]) -> str:
    """Name a thing, and say how it stands; `there` are the keys of the runs that are not deleted."""
    if node.run is not None:
        deleted = "" if node.run.key in there else ", deleted"
        return f"{clean(node.run.name)}  {node.run.stage} run, {node.run.status}{deleted}"
    if node.version is None:
        return ""
    aliases = " ".join(node.version.aliases)
    kind = f"{node.version.kind}, {node.version.state}" if node.version.state else node.version.kind
    return clean(f"{node.version.reference}  {kind}  {aliases}".rstrip())
