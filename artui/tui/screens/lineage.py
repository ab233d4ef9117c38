"""Where something came from and what came of it, as an indented list in which a thing stands once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from textual.app import ComposeResult

from artui import clock
from artui.query import lineage as query
from artui.safetext import clean
from artui.tui.aliases import alias_spans
from artui.tui.cells import Span, fit, fit_middle, glyph_of, length_of
from artui.tui.folding import Branch, Row, fold_ids, rows_of, tree_of
from artui.tui.keys import bindings
from artui.tui.messages import Link
from artui.tui.screens.base import CatalogScreen
from artui.tui.widgets.bars import Bar, KeyBar, Press
from artui.tui.widgets.lines import BLANK, Line, LineList
from artui.units import age_text, plural

if TYPE_CHECKING:
    from artui.model import Node, RunHead, VersionHead
    from artui.query.lineage import Lineage, Part, Step
    from artui.tui.messages import LineChosen

MAX_KIND_CELLS = 16
AGE_CELLS = 6
_FEWEST_NAME_CELLS = 8
_FEWEST_BEHIND_CELLS = 24
"""Names that were cut to less would say nothing."""
_SIDES = (("up", "↑"), ("down", "↓"))

MAX_LINES, MAX_DEPTH = 2_000, 40
"""So many lines either way, and steps, are shown; `artui trace` prints all."""


class LineageScreen(CatalogScreen):
    """Holds a run or a version, the `Lineage` around it, and what of it is unfolded."""

    SCOPES = ("lineage", "find", "list", "app")
    PLACE = 3
    BINDINGS = [*bindings("lineage"), *bindings("find")]

    def __init__(self, subject: RunHead | VersionHead) -> None:
        super().__init__()
        self._subject = subject
        self._before: list[RunHead | VersionHead] = []
        self._lineage: Lineage | None = None
        self._part: Part = "all"
        self._unfolded: set[str] = set()
        self._by_line: dict[int, Node] = {}
        self._is_new = True
        """Whether the cursor belongs on the subject: it has not been shown yet."""

    def compose(self) -> ComposeResult:
        yield Bar(id="top")
        yield Bar(id="summary")
        yield LineList(only_links=True, id="walk")
        yield KeyBar()

    @property
    def listing(self) -> LineList:
        """The list of runs and versions."""
        return self.query_one("#walk", LineList)

    def on_mount(self) -> None:
        self.set_focus(self.listing)

    def on_resize(self) -> None:
        self._draw()

    def load(self) -> None:
        """Ask for the lineage of the subject."""
        subject, part = self._subject, self._part
        self.ask(
            "lineage",
            lambda: query.lineage(self.reader, subject, max_depth=MAX_DEPTH, most=MAX_LINES, part=part),
            self._take,
        )

    def _take(self, lineage: Lineage) -> None:
        self._lineage = lineage
        self.show_place()
        self._draw()

    def _branches(self, lineage: Lineage) -> dict[str, tuple[Step, tuple[Branch, ...]]]:
        """Give for both sides the root, with what else it is connected to there, and what hangs on it."""
        sides = {}
        for side, nodes in (("up", lineage.upstream), ("down", lineage.downstream)):
            root, *steps = query.standing_once(lineage.root, nodes)
            sides[side] = root, tree_of(steps)
        return sides

    def _draw(self) -> None:
        lineage = self._lineage
        if lineage is None:
            return
        sides = self._branches(lineage)
        rows = {side: list(rows_of(branches, self._unfolded, inside=side)) for side, (_, branches) in sides.items()}
        drawn = {side: [_cells_of(row, arrow) for row in rows[side]] for side, arrow in _SIDES}
        root_cells = RowCells([(" ◎ ", "accent")], *_subject_cells(lineage.root), [])
        width = self.size.width
        widths = _widths([root_cells, *drawn["up"], *drawn["down"]], width)
        lines: list[Line] = []
        self._by_line = {}

        def add_side(side: str, title: str, nothing: str) -> None:
            also = sides[side][0].also
            lines.append(Line([(title, "dim"), *([("  ", "dim"), *_also_spans(also)] if also else [])]))
            for row, cells in zip(rows[side], drawn[side], strict=True):
                node = row.step.node
                if not row.fold_id:
                    self._by_line[len(lines)] = node
                link = Link("fold", row.fold_id) if row.fold_id else Link("run" if node.run else "version", node.id)
                lines.append(Line(_laid_out(cells, *widths, width), link))
            if not rows[side]:
                lines.append(Line([(f"   {nothing}", "faint")]))

        add_side(
            "up", " where it came from", "nothing was noted" if self._part == "all" else f"no {self._part} was noted"
        )
        lines.append(BLANK)
        root_line = len(lines)
        self._by_line[root_line] = lineage.root
        lines.append(
            Line(_laid_out(root_cells, *widths, width), Link("run" if lineage.root.run else "version", lineage.root.id))
        )
        lines.append(BLANK)
        add_side("down", " what came of it", "nothing yet" if self._part == "all" else f"no {self._part} yet")
        if lineage.is_cut:
            lines += [BLANK, Line([(" and more: walk on with L from a line near the end", "warn")])]
        self.listing.set_lines(lines)
        if self._is_new:
            self._is_new = False
            self.listing.move_to(root_line)
        self._summarise(lineage)

    def _summarise(self, lineage: Lineage) -> None:
        runs = {node.id for node in (*lineage.upstream, *lineage.downstream) if node.run}
        versions = {node.id for node in (*lineage.upstream, *lineage.downstream) if node.version}
        summary: list[Span] = [(" lineage of ", "dim"), *subject_spans(lineage.root, "bold")]
        parts: list[Span] = [
            Press(f"  {part}", "title" if part == self._part else "faint", f"show_part('{part}')")
            for part in query.PARTS
        ]
        counts = f"{plural(len(versions), 'version')} · {plural(len(runs), 'run')} "
        self.query_one("#summary", Bar).show(summary, [(f"  {counts}", "dim"), *parts, (" ", "dim")])

    def title_spans(self) -> list[Span]:
        """Give the title."""
        return [("lineage", "title")]

    def subject(self) -> RunHead | VersionHead | None:
        """Give the run or version whose lineage is shown."""
        return self._subject

    def _go_to(self, subject: RunHead | VersionHead) -> None:
        self._subject, self._is_new, self._lineage = subject, True, None
        self._unfolded = set()
        self.load()

    def action_root(self) -> None:
        """Show the lineage of what is under the cursor; esc returns to the one before."""
        node = self._by_line.get(self.listing.cursor)
        chosen = node.run or node.version if node is not None else None
        if chosen is not None and chosen.id != self._subject.id:
            self._before.append(self._subject)
            self._go_to(chosen)

    def go_back(self) -> bool:
        """Return to the subject before; false if there is none."""
        if not self._before:
            return False
        self._go_to(self._before.pop())
        return True

    def on_line_chosen(self, message: LineChosen) -> None:
        if message.link is not None and message.link.kind == "fold":
            message.stop()
            message.prevent_default()
            self._unfolded ^= {message.link.id}
            self._draw()

    def action_open(self) -> None:
        self.listing.choose()

    def action_fold_all(self) -> None:
        """Unfold everything; if nothing is folded, fold it again."""
        if self._lineage is None:
            return
        sides = self._branches(self._lineage)
        named = {fold_id for side, (_, branches) in sides.items() for fold_id in fold_ids(branches, inside=side)}
        self._unfolded = set() if named <= self._unfolded else named
        self._draw()

    def action_next_part(self, change: int) -> None:
        """Show the lineage of data alone, then of code alone, then everything again; with -1 the other way."""
        self.action_show_part(query.PARTS[(query.PARTS.index(self._part) + change) % len(query.PARTS)])

    def action_show_part(self, part: str) -> None:
        """Show the lineage of data alone, of code alone, or all of it."""
        self._part = next(known for known in query.PARTS if known == part)
        self._is_new = True
        self.load()

    def action_copy(self) -> None:
        node = self._by_line.get(self.listing.cursor)
        if node is not None:
            self.artui.copy_text(node.run.id if node.run else node.version.reference if node.version else "")


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


def _cells_of(row: Row, arrow: str) -> RowCells:
    node = row.step.node
    sign: Span = (arrow + " ", "faint") if not row.fold_id else ("▸ " if row.is_folded else "▾ ", "accent")
    before: list[Span] = [(" " + "  " * row.depth, "text"), sign, (node.relation + " ", "dim")]
    if not row.fold_id:
        if node.run is not None:
            before.append(glyph_of(node.run, after=" "))
        return RowCells(before, *_subject_cells(node), _also_spans(row.step.also), len(row.step.also))
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


def _subject_cells(node: Node) -> tuple[str, str, str, Sequence[Span]]:
    """Give name, kind, age and aliases of a run or version."""
    if node.run is not None:
        return clean(node.run.name), _kind_text(node), age_text(node.run.started_ms, clock.now_ms()), ()
    if node.version is None:
        return "", "", "", ()
    head = node.version
    name = clean(head.reference)
    return name, _kind_text(node), age_text(head.created_ms, clock.now_ms()), alias_spans(head)


def _kind_text(node: Node) -> str:
    return f"{node.run.stage} run" if node.run is not None else clean(node.version.kind) if node.version else ""


def _also_spans(also: Sequence[Node]) -> list[Span]:
    """Name what a thing is connected to that stands elsewhere."""
    named: dict[str, list[str]] = {}
    for node in also:
        named.setdefault(node.relation, []).append(_subject_cells(node)[0])
    text = "; ".join(f"{relation} {', '.join(names)}" for relation, names in named.items())
    return [(f"also {text}", "dim")] if text else []


def _widths(cells: Sequence[RowCells], width: int) -> tuple[int, int]:
    """Choose the cells up to the end of the names, and those of the kinds, so that the kinds are whole."""
    kind_cells = max(min(MAX_KIND_CELLS, length_of([(row.kind, "")])) for row in cells)
    longest = max(length_of(row.before) + length_of([(row.name, "")]) for row in cells)
    return max(_FEWEST_NAME_CELLS, min(longest, width - kind_cells - AGE_CELLS - 4)), kind_cells


def _laid_out(cells: RowCells, name_cells: int, kind_cells: int, width: int) -> list[Span]:
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
        behind = [(f"+{cells.also_count:,}", "faint")]
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
        (clean(head.reference), style),
        (f"  {clean(head.kind)}", "dim"),
        *alias_spans(head),
    ]
