"""`artui trace REF [REF]`: the lineage of a run or version, indented, or the ways from one to another."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

import click

from artui.cli import completing
from artui.cli.catalogs import catalog_option, without_catalog
from artui.cli.common import json_option, one_of, open_reader, print_json, say_damaged
from artui.errors import UsageError
from artui.model import RunHead
from artui.query.graph import RELATIONS, Direction, dot_text, mermaid_text, read_graph, runs_there
from artui.query.lineage import lineage, standing_once
from artui.query.references import resolve_any
from artui.safetext import clean
from artui.units import plural

if TYPE_CHECKING:
    from artui.model import Node, VersionHead
    from artui.query.around import Around, Spot
    from artui.query.lineage import Step


MOST_CHECKED = 2_000
"""So many things are looked at for damage: that takes longer than all else."""
MOST_INDENTED = 30
"""What is further away is indented no more, and says how far it is."""
_MOST_COUNTED = 1_000_000
"""More ways are only said to be more."""


@click.command("trace")
@click.argument("refs", nargs=-1, metavar="REF [REF]", shell_complete=completing.references)
@click.option("--up", is_flag=True, help="Only where it came from.")
@click.option("--down", is_flag=True, help="Only what came of it.")
@click.option("--dot", is_flag=True, help="Print a graph for Graphviz: artui trace REF --dot | dot -Tsvg.")
@click.option(
    "--mermaid", is_flag=True, help="Print a flowchart for Mermaid, which GitHub and GitLab draw in Markdown."
)
@click.option("--all", "is_all", is_flag=True, help="Of two: fold nothing, and pass code, environments and logs, too.")
@catalog_option
@json_option
def command(
    refs: tuple[str, ...],
    up: bool,
    down: bool,
    dot: bool,
    mermaid: bool,
    is_all: bool,
    catalog: str | None,
    as_json: bool,
) -> int:
    """Show where REF (a run or a version) came from, and what came of it; of two, the ways from the one to the other."""
    refs, catalog = without_catalog(refs, catalog)
    if len(refs) == 2:
        if up or down or dot or mermaid:
            raise UsageError("The ways between two things go one way only.", remedy="Leave --up, --down, --dot and --mermaid out.")  # fmt: skip
        return _between(refs[0], refs[1], catalog, is_all=is_all, as_json=as_json)
    ref = one_of(refs, "REF")
    if is_all:
        raise UsageError("--all is for the ways between two things: of one, everything is printed.", remedy="Leave --all out.")  # fmt: skip
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
            met = f"  {node.criteria_met} criteria met" if node.criteria_met else ""
            click.echo(f"{_indent(node.depth)}{node.relation} {_title(node, there)}{met}{damaged}")
            if step.also:
                click.echo(_also(step))
        if not nodes:
            click.echo("  nothing was noted")
    if graph.is_cut:
        click.echo("\nand more: trace what is near an end")
    return 0


def _between(one: str, other: str, catalog: str | None, *, is_all: bool, as_json: bool) -> int:
    """Print how one of two things came of the other, or what both came of."""
    from artui.query.around import around
    from artui.query.between import between, ways_between

    with open_reader(catalog) as reader:
        ends = [resolve_any(reader, ref) for ref in (one, other)]
        found = ways_between(reader, ends[0], ends[1], part="all" if is_all else None)
        if as_json:
            from artui.cli.contract import node_record

            with reader.snapshot() as connection:
                nodes = [
                    *(node for way in found.ways for node in way),
                    *([_node_of(found.cause)] if found.cause else []),
                ]
                there = runs_there(connection, [node.run.key for node in nodes if node.run is not None])
            ways = [{"things": [node_record(node, there) for node in way]} for way in found.ways]
            cause = node_record(_node_of(found.cause), there) if found.cause else None
            print_json(ways=ways, is_cut=found.is_cut, count=found.count, cause=cause)
            return 0
        lying = between(reader, ends[0], ends[1])
        drawn = around(reader, lying.root, goals=lying.goals, part="all" if is_all else lying.part, unfolded=None if is_all else ())  # fmt: skip
    if not found.ways:
        click.echo(f"Neither of {_name_of(ends[0])} and {_name_of(ends[1])} came of the other.")
        if found.cause is None:
            click.echo("Nothing was noted that both came of.")
            return 0
        click.echo(f"The nearest that both came of is {_name_of(found.cause)}.\n")
    else:
        fewest = len(found.ways[0]) - 1
        steps = plural(fewest, "step") if fewest == found.most_steps else f"{fewest:,} to {found.most_steps:,} steps"
        click.echo(f"{_name_of(found.first)} → {_name_of(found.last)}: {_ways_text(found.count)} of {steps}\n")
    for line in _tree_lines(drawn):
        click.echo(line)
    left_out = [
        *(["what is alike is folded"] if any(spot.standing == "folded" for spot in drawn.spots) else []),
        *(["code, environments and logs are left out"] if lying.part == "data" else []),
    ]
    if left_out and not is_all:
        click.echo(f"\n{'; '.join(left_out)}: --all shows them")
    return 0


def _ways_text(count: int) -> str:
    return plural(count, "way") if count < _MOST_COUNTED else f"more than {_MOST_COUNTED:,} ways"


def _tree_lines(drawn: Around) -> Iterator[str]:
    """Write each place once, below the nearest one that leads to it; what else leads on from a thing is named below it."""
    behind: dict[int, list[tuple[int, str]]] = {}
    for link in drawn.links:
        words = " and ".join(dict.fromkeys(RELATIONS[relation][1] for relation in link.relations))
        behind.setdefault(link.source, []).append((link.target, words))
    hanging: dict[int, list[tuple[int, str]]] = {}
    seen, waiting = {0}, deque([0])
    while waiting:
        place = waiting.popleft()
        for target, words in behind.get(place, ()):
            if target not in seen:
                seen.add(target)
                hanging.setdefault(place, []).append((target, words))
                waiting.append(target)
    stack = [(0, "", 0)]
    while stack:
        place, words, depth = stack.pop()
        yield f"{_indent(depth)}{words + ' ' if words else ''}{_spot_title(drawn.spots[place])}"
        own = hanging.get(place, [])
        also: dict[str, list[str]] = {}
        for step in behind.get(place, ()):
            if step not in own:
                also.setdefault(step[1], []).append(_spot_name(drawn.spots[step[0]]))
        if also:
            text = "; ".join(f"{words} {', '.join(names)}" for words, names in also.items())
            yield f"{_indent(depth + 1)}also {text}"
        stack += [(target, words, depth + 1) for target, words in reversed(own)]


def _spot_name(spot: Spot) -> str:
    """Name what stands at a place: a run, a version, or how many of a sort."""
    if spot.standing == "one" and spot.head is not None:
        return _name_of(spot.head)
    if spot.standing == "missing":
        return f"a {'run' if spot.things[0].is_run else 'version'} that this catalog does not have"
    counts = [(spot.version_count, "version"), (spot.run_count, "run")]
    text = " and ".join(plural(count, word) for count, word in counts if count)
    return f"{text}, further away" if spot.standing == "far" else text


def _spot_title(spot: Spot) -> str:
    if spot.standing == "one" and spot.head is not None:
        return _title(_node_of(spot.head), () if spot.is_deleted else {spot.head.key})
    if spot.standing == "folded" and spot.head is not None and spot.last is not None:
        return f"{_spot_name(spot)}  {clean(spot.sort)}, {_name_of(spot.head)} … {_name_of(spot.last)}"
    return _spot_name(spot)


def _name_of(head: RunHead | VersionHead) -> str:
    return clean(head.name if isinstance(head, RunHead) else head.title)


def _node_of(head: RunHead | VersionHead) -> Node:
    from artui.model import Node

    return Node(0, "", head, None) if isinstance(head, RunHead) else Node(0, "", None, head)


def _indent(depth: int) -> str:
    return "  " * min(depth, MOST_INDENTED) + (f"({depth:,} steps away) " if depth > MOST_INDENTED else "")


def _also(step: Step) -> str:
    """Name the neighbours of a thing that stand elsewhere."""
    named: dict[str, list[str]] = {}
    for node in step.also:
        named.setdefault(node.relation, []).append(node.version.title if node.version else node.run.name if node.run else "")  # fmt: skip
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
    return clean(f"{node.version.title}  {kind}  {aliases}".rstrip())
