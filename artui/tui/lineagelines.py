"""The lines of a lineage as an indented list: what each shows, column below column."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, NamedTuple

from artui import clock
from artui.query.lineage import standing_once
from artui.safetext import clean
from artui.tui.aliases import alias_spans
from artui.tui.cells import Span, fit, fit_middle, glyph_of, length_of
from artui.tui.folding import Branch, Row, rows_of, tree_of
from artui.tui.messages import Link
from artui.tui.widgets.lines import BLANK, Line
from artui.units import age_text

if TYPE_CHECKING:
    from artui.model import Node
    from artui.query.lineage import Lineage, Part, Step

MAX_KIND_CELLS = 16
AGE_CELLS = 6
_FEWEST_NAME_CELLS = 8
_FEWEST_BEHIND_CELLS = 24
"""Names that were cut to less would say nothing."""


_MOST_INDENTED = 10
"""What is further away is indented no more, and says how far it is."""
_SIDES = (("up", "↑"), ("down", "↓"))


class Listed(NamedTuple):
    """The lines of a lineage."""

    lines: list[Line]
    nodes: dict[int, Node]
    """By line the run or version that it is about."""
    root_line: int
    unfolded: frozenset[str]
    """Ids of what is unfolded."""
    has_folded: bool


def listed(lineage: Lineage, unfolded: Collection[str] | None, *, part: Part, width: int) -> Listed:
    """Write a lineage as lines: where the root came from, the root, and what came of it. None unfolds all that can be folded."""
    sides = _branches(lineage)
    rows = {side: list(rows_of(branches, unfolded, inside=side)) for side, (_, branches) in sides.items()}
    drawn = {side: [cells_of_row(row, arrow) for row in rows[side]] for side, arrow in _SIDES}
    root_cells = RowCells([(" ◎ ", "accent")], *subject_cells(lineage.root), [])
    widths = widths_of([root_cells, *drawn["up"], *drawn["down"]], width)
    lines: list[Line] = []
    nodes: dict[int, Node] = {}

    def add_side(side: str, title: str, nothing: str) -> None:
        also = sides[side][0].also
        lines.append(Line([(title, "dim"), *([("  ", "dim"), *also_spans(also)] if also else [])]))
        for row, cells in zip(rows[side], drawn[side], strict=True):
            node = row.step.node
            if not row.fold_id:
                nodes[len(lines)] = node
            link = Link("fold", row.fold_id) if row.fold_id else Link("run" if node.run else "version", node.id)
            lines.append(Line(laid_out(cells, *widths, width), link))
        if not rows[side]:
            lines.append(Line([(f"   {nothing}", "faint")]))

    add_side("up", " where it came from", "nothing was noted" if part == "all" else f"no {part} was noted")
    lines.append(BLANK)
    root_line = len(lines)
    nodes[root_line] = lineage.root
    link = Link("run" if lineage.root.run else "version", lineage.root.id)
    lines.append(Line(laid_out(root_cells, *widths, width), link))
    lines.append(BLANK)
    add_side("down", " what came of it", "nothing yet" if part == "all" else f"no {part} yet")
    folds = [row for side, _ in _SIDES for row in rows[side] if row.fold_id]
    has_folded = any(row.is_folded for row in folds)
    return Listed(lines, nodes, root_line, frozenset(row.fold_id for row in folds if not row.is_folded), has_folded)


def _branches(lineage: Lineage) -> dict[str, tuple[Step, tuple[Branch, ...]]]:
    """Give for both sides the root, with what else it is connected to there, and what hangs on it."""
    sides = {}
    for side, nodes in (("up", lineage.upstream), ("down", lineage.downstream)):
        root, *steps = standing_once(lineage.root, nodes)
        sides[side] = root, tree_of(steps)
    return sides


class RowCells(NamedTuple):
    """What a line of the lineage shows, column by column."""

    before: Sequence[Span]
    """What stands before the name: how deep it is, and how it relates to the line that it hangs on."""
    name: str
    kind: str
    age: str
    aliases: Sequence[Span]
    behind: Sequence[Span]
    """What has the rest of the line."""
    also_count: int = 0
    """How many other things `behind` names; where there is no room for them, their number stands for them."""


def cells_of_row(row: Row, arrow: str) -> RowCells:
    node = row.step.node
    sign: Span = (arrow + " ", "faint") if not row.fold_id else ("▸ " if row.is_folded else "▾ ", "accent")
    before: list[Span] = [
        (" " + "  " * min(row.depth, _MOST_INDENTED), "text"),
        sign,
        (f"{node.relation} {node.criteria_met}".rstrip() + " ", "dim"),
    ]
    if row.depth > _MOST_INDENTED:
        before.insert(1, (f"({row.depth:,} steps) ", "faint"))
    if not row.fold_id:
        if node.run is not None:
            before.append(glyph_of(node.run, after=" "))
        return RowCells(before, *subject_cells(node), also_spans(row.step.also), len(row.step.also))
    count = len(row.branches)
    names = [branch.step.node for branch in row.branches]
    if node.run is not None:
        name, first, last = f"{count:,} runs", names[0].run, names[-1].run
        between = f"{clean(first.name)} … {clean(last.name)}" if first is not None and last is not None else ""
    else:
        artifacts = {member.version.artifact for member in names if member.version is not None}
        name = f"{clean(next(iter(artifacts)))} ×{count:,}" if len(artifacts) == 1 else f"{count:,} artifacts"
        numbers = [member.version.number for member in names if member.version is not None]
        between = (
            f"v{min(numbers)} … v{max(numbers)}" if len(artifacts) == 1 else ", ".join(map(clean, sorted(artifacts)))
        )
    hidden = f", {row.hidden_count:,} more behind them" if row.hidden_count else ""
    return RowCells(before, name, _kind_text(node), "", (), [(f"{between}{hidden}", "faint")] if row.is_folded else [])


def subject_cells(node: Node) -> tuple[str, str, str, Sequence[Span]]:
    """Give name, kind, age and aliases of a run or version."""
    if node.run is not None:
        return clean(node.run.name), _kind_text(node), age_text(node.run.started_ms, clock.now_ms()), ()
    if node.version is None:
        return "", "", "", ()
    head = node.version
    name = clean(head.title)
    return name, _kind_text(node), age_text(head.created_ms, clock.now_ms()), alias_spans(head)


def _kind_text(node: Node) -> str:
    return f"{node.run.stage} run" if node.run is not None else clean(node.version.kind) if node.version else ""


def also_spans(also: Sequence[Node]) -> list[Span]:
    """Name what a thing is connected to that stands elsewhere."""
    named: dict[str, list[str]] = {}
    for node in also:
        named.setdefault(node.relation, []).append(subject_cells(node)[0])
    text = "; ".join(f"{relation} {', '.join(names)}" for relation, names in named.items())
    return [(f"also {text}", "dim")] if text else []


def widths_of(cells: Sequence[RowCells], width: int) -> tuple[int, int]:
    """Choose the cells up to the end of the names, and those of the kinds, so that the kinds are whole."""
    kind_cells = max(min(MAX_KIND_CELLS, length_of([(row.kind, "")])) for row in cells)
    longest = max(length_of(row.before) + length_of([(row.name, "")]) for row in cells)
    return max(_FEWEST_NAME_CELLS, min(longest, width - kind_cells - AGE_CELLS - 4)), kind_cells


def laid_out(cells: RowCells, name_cells: int, kind_cells: int, width: int) -> list[Span]:
    """Put the columns of a line below those of the others; a name that is too long is cut in its middle."""
    room = max(_FEWEST_NAME_CELLS, name_cells - length_of(cells.before))
    spans = [
        *cells.before,
        (fit_middle(cells.name, room), "text"),
        (f"  {fit(cells.kind, kind_cells)}", "dim"),
        (f" {cells.age:>{AGE_CELLS}}", "faint"),
        *cells.aliases,
    ]
    rest = width - length_of(spans) - 2
    behind = cells.behind
    if cells.also_count and rest < min(_FEWEST_BEHIND_CELLS, length_of(behind)):
        words = f"also {cells.also_count:,} more"
        behind = [(words if len(words) <= rest else f"+{cells.also_count:,}", "faint")]
    return [*spans, ("  ", "text"), *behind] if behind else spans


def subject_spans(node: Node, style: str) -> list[Span]:
    """Show the run or version of a node."""
    if node.run is not None:
        return [
            glyph_of(node.run, after=" "),
            (clean(node.run.name), style),
            (f"  {node.run.stage} run", "dim"),
        ]
    if node.version is None:
        return []
    head = node.version
    return [
        (clean(head.title), style),
        (f"  {clean(head.kind)}", "dim"),
        *alias_spans(head),
    ]
