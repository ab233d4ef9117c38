"""Where something came from and what came of it, as an indented list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult

from artui.query import lineage as query
from artui.safetext import clean
from artui.tui.cells import Span, glyph_of
from artui.tui.keys import bindings
from artui.tui.messages import Link
from artui.tui.screens.base import CatalogScreen
from artui.tui.widgets.bars import Bar, KeyBar
from artui.tui.widgets.lines import BLANK, Line, LineList
from artui.units import plural

if TYPE_CHECKING:
    from artui.model import Node, RunHead, VersionHead
    from artui.query.lineage import Lineage


class LineageScreen(CatalogScreen):
    """Holds a run or a version and the `Lineage` around it."""

    SCOPES = ("lineage", "find", "list", "app")
    PLACE = 3
    BINDINGS = [*bindings("lineage"), *bindings("find")]

    def __init__(self, subject: RunHead | VersionHead) -> None:
        super().__init__()
        self._subject = subject
        self._before: list[RunHead | VersionHead] = []
        self._by_line: dict[int, Node] = {}

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

    def load(self) -> None:
        """Ask for the lineage of the subject."""
        subject = self._subject
        self.ask("lineage", lambda: query.lineage(self.reader, subject), self._take)

    def _take(self, lineage: Lineage) -> None:
        self.show_place()
        lines: list[Line] = [Line([(" where it came from", "dim")])]
        self._by_line = {}

        def add(node: Node, spans: list[Span]) -> None:
            self._by_line[len(lines)] = node
            lines.append(Line(spans, Link("run" if node.run else "version", node.id)))

        for node in lineage.upstream:
            add(node, node_spans(node, "↑"))
        if not lineage.upstream:
            lines.append(Line([("   nothing was noted", "faint")]))
        lines.append(BLANK)
        root_line = len(lines)
        add(lineage.root, [(" → ", "accent"), *subject_spans(lineage.root, "title")])
        lines += [BLANK, Line([(" what came of it", "dim")])]
        for node in lineage.downstream:
            add(node, node_spans(node, "↓"))
        if not lineage.downstream:
            lines.append(Line([("   nothing yet", "faint")]))
        if lineage.is_cut:
            lines += [
                BLANK,
                Line([(" and more: walk on with L from a line near the end", "warn")]),
            ]
        self.listing.set_lines(lines)
        self.listing.move_to(root_line)
        runs = {node.id for node in (*lineage.upstream, *lineage.downstream) if node.run}
        versions = {node.id for node in (*lineage.upstream, *lineage.downstream) if node.version}
        summary: list[Span] = [(" lineage of ", "dim"), *subject_spans(lineage.root, "bold")]
        self.query_one("#summary", Bar).show(
            summary, [(f"{plural(len(versions), 'version')} · {plural(len(runs), 'run')} ", "dim")]
        )

    def title_spans(self) -> list[Span]:
        """Give the title."""
        return [("lineage", "title")]

    def subject(self) -> RunHead | VersionHead | None:
        """Give the run or version whose lineage is shown."""
        return self._subject

    def action_root(self) -> None:
        """Show the lineage of what is under the cursor; esc returns to the one before."""
        node = self._by_line.get(self.listing.cursor)
        chosen = node.run or node.version if node is not None else None
        if chosen is not None and chosen.id != self._subject.id:
            self._before.append(self._subject)
            self._subject = chosen
            self.load()

    def go_back(self) -> bool:
        """Return to the subject before; false if there is none."""
        if not self._before:
            return False
        self._subject = self._before.pop()
        self.load()
        return True

    def action_open(self) -> None:
        self.listing.choose()

    def action_copy(self) -> None:
        node = self._by_line.get(self.listing.cursor)
        if node is not None:
            self.artui.copy_text(node.run.id if node.run else node.version.reference if node.version else "")


def node_spans(node: Node, arrow: str) -> list[Span]:
    """Draw one line of the lineage."""
    spans: list[Span] = [
        (" " + "  " * node.depth, "text"),
        (arrow + " ", "faint"),
        (node.relation + " ", "dim"),
    ]
    if node.is_repeated:
        return [
            *spans,
            *((text, "faint") for text, _ in subject_spans(node, "faint")),
            ("  see above", "faint"),
        ]
    return [*spans, *subject_spans(node, "text")]


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
    aliases = " ".join(clean(alias) for alias in head.aliases if alias != "latest")
    return [
        (clean(head.artifact), style),
        (f" v{head.number}", style),
        (f"  {clean(head.kind)}", "dim"),
        (f"  {aliases}" if aliases else "", "good"),
    ]
