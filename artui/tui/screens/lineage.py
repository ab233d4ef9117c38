"""Where something came from and what came of it: drawn as a graph, or as an indented list in which a thing stands once."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Literal, NamedTuple

from textual.app import ComposeResult

from artui import clock
from artui.model import PRODUCTION, Node, RunHead, VersionHead
from artui.query import lineage as query
from artui.query.around import FIRST_EDGES, around
from artui.query.filter.tokens import quoted_text
from artui.safetext import cells_of, clean
from artui.settings import keep_state, read_state
from artui.tui.cells import Span, length_of, status_style
from artui.tui.drawing import MOST_WAYS, Drawing, drawing_of, name_cells_for
from artui.tui.keys import bindings
from artui.tui.lineagelines import Listed, listed, subject_spans
from artui.tui.messages import Link, ShowRuns
from artui.tui.screens.base import CatalogScreen
from artui.tui.widgets.bars import Bar, KeyBar, Press
from artui.tui.widgets.lineagegraph import LineageGraph
from artui.tui.widgets.lines import BLANK, Line, LineList
from artui.units import ago_text, plural

if TYPE_CHECKING:
    from collections.abc import Sequence

    from artui.query.around import Around, Spot
    from artui.query.lineage import Lineage, Part
    from artui.tui.drawing import Drawing
    from artui.tui.messages import LineChosen

View = Literal["graph", "list"]
_STATE = "lineage.json"

FIRST_LINES = 2_000
"""So many lines either way are read for a first list."""
_MOST_CHECKED = 300
_FEW_SPOTS = 40
"""So few are laid out several times, to see how long their names may be."""
_MOST_WAY_LINES = 3
_MOST_WAY_LINES = 3
_WHOLE_NAME_CELLS, _FEWEST_NAME_CELLS, _NAME_STEP = 40, 11, 4
"""So many things of a list are looked at for damage; what is opened always is."""


class _Before(NamedTuple):
    """Where esc leads back to."""

    subject: RunHead | VersionHead
    wanted_id: str
    """Of what was under the cursor."""
    unfolded: frozenset[str] | None
    goals: tuple[RunHead | VersionHead, ...]


class LineageScreen(CatalogScreen):
    """Holds a run or a version, the `Around` or the `Lineage` of it, and what of these is unfolded."""

    SCOPES = ("lineage", "graph", "find", "app")
    PLACE = 3
    BINDINGS = [*bindings("lineage"), *bindings("find")]

    def __init__(
        self, subject: RunHead | VersionHead, *, goals: tuple[RunHead | VersionHead, ...] = (), part: Part = "all"
    ) -> None:
        super().__init__()
        self._subject = subject
        self._goals = goals
        """What the ways lead to, where these alone are shown."""
        self._before: list[_Before] = []
        self._view: View = "list" if read_state(_STATE) == "list" else "graph"
        self._around: Around | None = None
        self._lineage: Lineage | None = None
        self._part: Part = part
        self._unfolded: frozenset[str] | None = frozenset()
        """Ids of what is unfolded in the graph; None for everything."""
        self._unfolded_lines: frozenset[str] | None = frozenset()
        """Ids of what is unfolded in the list; None for everything."""
        self._listed: Listed | None = None
        self._is_reading_list = False
        """Whether the list is the first one, and the whole one is being read."""
        self._wanted_id = ""
        """The id of the run, version or spot that the cursor belongs on once it is shown; empty for where it is."""

    def compose(self) -> ComposeResult:
        yield Bar(id="top")
        yield Bar(id="summary")
        yield LineageGraph(id="graph")
        yield LineList(only_links=True, id="walk")
        yield Bar(id="here")
        yield Bar(id="way")
        yield Bar(id="way-2")
        yield Bar(id="way-3")
        yield KeyBar()

    @property
    def listing(self) -> LineList:
        """The list of runs and versions."""
        return self.query_one("#walk", LineList)

    @property
    def graph(self) -> LineageGraph:
        """The drawn runs and versions."""
        return self.query_one("#graph", LineageGraph)

    def on_mount(self) -> None:
        self._wanted_id = self._goals[0].id if self._goals else self._subject.id
        self._show_view()

    def on_resize(self) -> None:
        self._draw()

    def _show_view(self) -> None:
        is_graph = self._view == "graph"
        for name in ("graph", "here", "way"):
            self.query_one(f"#{name}").display = is_graph
        # Where ways alone are shown they are what one reads: each of their steps has room in words.
        for name in ("way-2", "way-3"):
            self.query_one(f"#{name}").display = is_graph and bool(self._goals)
        self.listing.display = not is_graph
        self.SCOPES = ("lineage", "graph", "find", "app") if is_graph else ("lineage", "find", "list", "app")  # type: ignore[misc]
        self.set_focus(self.graph if is_graph else self.listing)
        self.show_keys()

    def load(self) -> None:
        """Ask for the lineage of the subject."""
        subject, part, unfolded, goals = self._subject, self._part, self._unfolded, self._goals
        if self._view == "list":
            self._load_list()
            return
        # The first picture must not wait for the far ends of a large lineage, nor for a look at every seal.
        is_first = self._around is None

        def read() -> Around:
            most_edges = FIRST_EDGES if is_first else None
            return around(
                self.reader,
                subject,
                part=part,
                unfolded=unfolded,
                most_edges=most_edges,
                is_checked=not is_first,
                goals=goals,
            )

        def take(answer: Around) -> None:
            self._around = answer
            self.show_place()
            self._draw()
            if is_first:
                self.load()

        self.ask("lineage", read, take)

    def _load_list(self) -> None:
        subject, part, goals = self._subject, self._part, self._goals
        is_first = self._lineage is None
        most = FIRST_LINES if is_first else query.MAX_NODES

        def read() -> Lineage:
            return query.lineage(self.reader, subject, most=most, part=part, most_checked=0 if is_first else _MOST_CHECKED, goals=goals)  # fmt: skip

        def take(lineage: Lineage) -> None:
            self._lineage, self._is_reading_list = lineage, is_first
            self.show_place()
            self._draw()
            if is_first:
                self._load_list()

        self.ask("lineage", read, take)

    def _draw(self) -> None:
        if not self.size.width:
            return
        if self._view == "list" and self._lineage is not None:
            self._draw_list(self._lineage)
        elif self._view == "graph" and self._around is not None:
            self._draw_graph(self._around)

    def _draw_graph(self, answer: Around) -> None:
        drawing = self._drawing_of(answer)
        now = self.graph.spot
        wanted = self._wanted_id or (now.id if now is not None else "")
        # The list knows runs and versions by their ids, the graph spots by theirs.
        spot = next((spot for spot in answer.spots if spot.standing == "one" and spot.head and spot.head.id == wanted), None)  # fmt: skip
        self.graph.show(drawing, spot.id if spot is not None else wanted)
        self._wanted_id = ""
        self._summarise(answer.spots[0].head or self._subject)

    def _drawing_of(self, answer: Around) -> Drawing:
        """Draw with names that are whole, where all of it fits beside each other so, or else as the width of the screen has it."""
        least, width = name_cells_for(self.size.width), self.size.width
        drawing = drawing_of(answer, name_cells=least)
        if len(answer.spots) > _FEW_SPOTS:
            return drawing
        # Ways are followed from end to end: names give way so that both are in sight.
        for cells in range(_WHOLE_NAME_CELLS, _FEWEST_NAME_CELLS if self._goals else least, -_NAME_STEP):
            wider = drawing_of(answer, name_cells=cells)
            if wider.graph.width <= width:
                return wider
        return drawing

    def _draw_list(self, lineage: Lineage) -> None:
        unfolded, part, width = self._unfolded_lines, self._part, self.size.width
        count = len(lineage.upstream) + len(lineage.downstream)

        def draw() -> Listed:
            return listed(lineage, unfolded, part=part, width=width)

        if count <= FIRST_LINES:
            self._show_list(lineage, draw())
        else:
            # So many lines would hold the keys up.
            self.ask("lines", draw, lambda drawn: self._show_list(lineage, drawn))

    def _show_list(self, lineage: Lineage, drawn: Listed) -> None:
        self._listed, lines, root_line = drawn, drawn.lines, drawn.root_line
        nodes = drawn.nodes
        if lineage.is_cut:
            text = (
                "reading the rest …" if self._is_reading_list else "and more: walk on with L from a line near the end"
            )
            lines = [*lines, BLANK, Line([(f" {text}", "warn")])]
        self.listing.set_lines(lines)
        if self._wanted_id:
            wanted = next((line for line, node in nodes.items() if node.id == self._wanted_id), root_line)
            self.listing.move_to(wanted)
            self._wanted_id = ""
        everything = (lineage.root, *lineage.upstream, *lineage.downstream)
        runs = {node.id for node in everything if node.run}
        versions = {node.id for node in everything if node.version}
        self._summarise(
            lineage.root.run or lineage.root.version or self._subject,
            f"{plural(len(versions), 'version')} · {plural(len(runs), 'run')}",
        )

    def _summarise(self, root: RunHead | VersionHead, counts: str = "") -> None:
        parts: list[Span] = [
            Press(f"  {part}", "title" if part == self._part else "faint", f"show_part('{part}')")
            for part in self._parts
        ]
        ends: list[Span] = [(" → " if number == 0 else " and ", "dim") if is_between else (clean(name), "bold") for number, name in enumerate(map(_name_of, self._goals)) for is_between in (True, False)]  # fmt: skip
        views: list[Span] = [
            Press(f"  {word}", "title" if view == self._view else "faint", f"show_view('{view}')")
            for view, word in (("graph", "drawn"), ("list", "list"))
        ]
        self.query_one("#summary", Bar).show(
            [(" ways  ", "dim"), (clean(_name_of(root)), "bold"), *ends]
            if self._goals
            else [(" lineage of ", "dim"), *subject_spans(_node_of(root), "bold")],
            [(f"  {counts} " if counts else "", "dim"), *parts, (" ", "dim"), *views, (" ", "dim")],
        )

    def on_lineage_graph_moved(self) -> None:
        """Say what is under the cursor, and how it has to do with the root."""
        drawing, spot = self.graph.drawing, self.graph.spot
        if drawing is None or spot is None:
            return
        lines = self._way_lines(drawing)
        way = lines[0] if lines else []
        for number, name in enumerate(("way-2", "way-3"), 1):
            self.query_one(f"#{name}", Bar).show(lines[number] if number < len(lines) else ())
        # Where all ways begin none is to be told: there what it came from has a line of its own.
        causes = self._causes(drawing) if not way else ""
        if len(drawing.names) == 1:
            what = "nothing" if self._part == "all" else f"no {self._part}"
            way = [(f" {what} was noted of where it came from, or of what came of it", "dim")]
        elif causes:
            way = [(f" {causes}", "dim")]
        # Which ones it came from, how many, or neither: whole rather than cut in the middle of it.
        name = drawing.names[self.graph.cursor]
        least = self._here_spans(spot, name, near="")
        if causes:
            effects = self._effects(drawing, self.size.width - length_of(least) - 4)
            here = [*least, (f" · {effects}", "dim")] if effects else least
        else:
            ways = (self._here_spans(spot, name, near=near) for near in ("named", "counted"))
            here = next((spans for spans in ways if length_of(spans) <= self.size.width), least)
        self.query_one("#here", Bar).show(here)
        around = drawing.around
        folded = f" · {around.folded_count} folded" if around.folded_count else ""
        more = "+" if around.is_cut else ""
        counted = f"{plural(around.version_count, 'version')}{more} · {plural(around.run_count, 'run')}{more}"
        # The way comes first: what is counted gives way to it.
        room = self.size.width - length_of(way) - 3
        counts = next((text for text in (f"{counted}{folded}", counted) if cells_of(text) <= room), "")
        self.query_one("#way", Bar).show(way, [(f"{counts} ", "dim")] if counts else [])

    def _way_lines(self, drawing: Drawing) -> list[list[Span]]:
        """Say the way that is bright in words; if these have no room, with arrows, where ways alone are shown on more lines."""
        path, ways = self.graph.way, self.graph.ways
        if len(path) < 2:
            return []
        number = f"way {self.graph.way_number + 1} of {len(ways)}{'+' if len(ways) >= MOST_WAYS else ''}  "
        start: list[Span] = [(" ", "dim"), (number if len(ways) > 1 else "", "accent"), (drawing.names[0], "dim")]
        arrow = " → " if drawing.around.spots[path[-1]].side == "down" else " ← "
        for is_in_words in (True, False):
            lines = [list(start)]
            for near, far in pairwise(path):
                before = f" {drawing.words_between(near, far)} " if is_in_words else arrow
                step: list[Span] = [(before, "faint"), (drawing.names[far], "text")]
                if self._goals and length_of([*lines[-1], *step]) >= self.size.width:
                    lines.append([("   ", "dim")])
                lines[-1] += step
            if len(lines) <= _MOST_WAY_LINES and length_of(lines[0]) < self.size.width:
                break
        return lines

    def _causes(self, drawing: Drawing) -> str:
        """Name what the spot under the cursor came from, data first: in words if these have room, or as many names as have."""
        here, spots, width = self.graph.cursor, drawing.around.spots, self.size.width - 2
        places = sorted(drawing.before[here], key=lambda place: not _is_data(spots[place]))
        by_words: dict[str, list[str]] = {}
        for place in places:
            by_words.setdefault(drawing.words_between(here, place), []).append(drawing.names[place])
        told = ", ".join(f"{words} {', '.join(names)}" for words, names in by_words.items())
        if cells_of(told) <= width:
            return told
        return _some_of("from", [drawing.names[place] for place in places], width)

    def _effects(self, drawing: Drawing, room: int) -> str:
        """Name what came of the spot under the cursor, what is in production first, as many as have room; and what it leads back to."""
        here, spots = self.graph.cursor, drawing.around.spots
        places = sorted(drawing.behind[here], key=lambda place: not _is_in_production(spots[place]))
        back = _some_of("leads back to", [drawing.names[place] for place in drawing.leads_back_to(here)], room)
        into = _some_of("into", [drawing.names[place] for place in places], room - (cells_of(back) + 3 if back else 0))
        # As the page counts them: each of those that are folded, and not the folds.
        count = sum(len(spots[place].things) for place in places)
        into = into or (f"into {count:,}" if count and room > cells_of(back) + len(f"into {count:,}") + 3 else "")
        return " · ".join(part for part in (into, back) if part)

    def _here_spans(self, spot: Spot, name: str, *, near: str) -> list[Span]:
        """Say what a spot is; with `near` also what its lines lead to, `named` or `counted`."""
        now_ms = clock.now_ms()
        drawing = self.graph.drawing
        counts = ""
        if drawing is not None and near:
            # As the page counts them: each of those that are folded, and not the folds.
            spots, cursor = drawing.around.spots, self.graph.cursor
            before, behind = (
                sum(len(spots[place].things) for place in places)
                for places in (drawing.before[cursor], drawing.behind[cursor])
            )
            counts = f" · from {before:,}, into {behind:,}" if before + behind > 1 else ""
            if near == "named" and before + behind > 1:
                named = [
                    f"{word} {', '.join(drawing.names[place] for place in places)}"
                    for word, places in (("from", drawing.before[cursor]), ("into", drawing.behind[cursor]))
                    if places
                ]
                counts = f" · {' · '.join(named)}"
            back = [drawing.names[place] for place in drawing.leads_back_to(self.graph.cursor)]
            counts += f" · leads back to {', '.join(back)}" if back else ""
        if spot.run is not None:
            return [
                (" ", "dim"),
                *subject_spans(_node_of(spot.run), "title"),
                (f" · {spot.run.status}", status_style(spot.run.status)),
                (f" · {ago_text(spot.run.started_ms, now_ms)}{counts}", "dim"),
            ]
        if spot.version is not None:
            version = spot.version
            age = ago_text(version.created_ms, now_ms)
            return [
                (" ", "dim"),
                *subject_spans(_node_of(version), "title"),
                (f" · {version.stage} · {age}{counts}", "dim"),
            ]
        if spot.standing == "missing":
            return [(f" {name}", "title"), (": something names it, and this catalog does not have it", "dim")]
        if spot.standing == "far":
            return [(f" {name}", "title"), (": further away than is drawn; enter walks on from there", "dim")]
        ends = [clean(end.name if isinstance(end, RunHead) else end.title) for end in (spot.head, spot.last) if end]
        return [(f" {name}", "title"), (f": {' … '.join(ends)} · enter unfolds", "dim")]

    def title_spans(self) -> list[Span]:
        """Give the title."""
        return [("ways" if self._goals else "lineage", "title")]

    def subject(self) -> RunHead | VersionHead | None:
        """Give the run or version whose lineage is shown."""
        return self._subject

    def _head_here(self) -> RunHead | VersionHead | None:
        """Give the run or version under the cursor; None if there is none, or several."""
        if self._view == "graph":
            spot = self.graph.spot
            return spot.run or spot.version if spot is not None else None
        node = self._listed.nodes.get(self.listing.cursor) if self._listed is not None else None
        return node.run or node.version if node is not None else None

    # Going from one to another

    def _go_to(
        self,
        subject: RunHead | VersionHead,
        *,
        wanted_id: str,
        unfolded: frozenset[str] | None = frozenset(),
        goals: tuple[RunHead | VersionHead, ...] = (),
    ) -> None:
        self._subject, self._wanted_id, self._unfolded, self._goals = subject, wanted_id, unfolded, goals
        if self._part not in self._parts:
            self._part = "all"
        self._show_view()
        self._unfolded_lines = frozenset()
        self._lineage = self._around = self._listed = None
        self.load()

    def action_root(self) -> None:
        """Show the lineage of what is under the cursor; esc returns to the one before."""
        chosen = self._head_here()
        if chosen is not None:
            self._walk_from(chosen)

    def action_next_way(self, change: int) -> None:
        """Follow the next of the ways between the root and what is under the cursor, or with -1 the one before."""
        if self._view == "graph":
            self.graph.next_way(change)
        else:
            self.artui.say("Ways are followed where the lineage is drawn: v draws it.")

    def action_only_ways(self) -> None:
        """Draw only the ways between the root and what is under the cursor; esc returns to all of it."""
        spot, chosen = self.graph.spot, self._head_here()
        if self._view != "graph" or spot is None:
            return
        if chosen is None or spot.side is None:
            self.artui.say("Put the cursor on one run or version first: the ways from the start to it are drawn.")
            return
        self._keep_place(chosen)
        first, last = (self._subject, chosen) if spot.side == "down" else (chosen, self._subject)
        self._go_to(first, wanted_id=chosen.id, goals=(last,))

    def _walk_from(self, chosen: RunHead | VersionHead) -> None:
        if chosen.id == self._subject.id and not self._goals:
            return
        self._keep_place(chosen)
        self._go_to(chosen, wanted_id=chosen.id)

    def _keep_place(self, chosen: RunHead | VersionHead) -> None:
        """Keep where esc leads back to."""
        spot = self.graph.spot
        here = spot.id if self._view == "graph" and spot is not None else chosen.id
        self._before.append(_Before(self._subject, here, self._unfolded, self._goals))

    def go_back(self) -> bool:
        """Return to the subject before; false if there is none."""
        if not self._before:
            return False
        before = self._before.pop()
        self._go_to(before.subject, wanted_id=before.wanted_id, unfolded=before.unfolded, goals=before.goals)
        return True

    def action_next_view(self) -> None:
        """Show the list in place of the graph, or the graph in place of the list."""
        self.action_show_view("list" if self._view == "graph" else "graph")

    def action_show_view(self, view: str) -> None:
        """Show the graph or the list, with the cursor on the same run or version; the next lineage begins with it."""
        here = self._head_here()
        self._view = "list" if view == "list" else "graph"
        keep_state(_STATE, self._view)
        self._wanted_id = here.id if here is not None else self._subject.id
        self._lineage = self._around = None
        self._show_view()
        self.load()

    # Opening and folding

    def on_lineage_graph_opened(self) -> None:
        self._open_spot()

    def on_line_chosen(self, message: LineChosen) -> None:
        if message.link is not None and message.link.kind == "fold":
            message.stop()
            message.prevent_default()
            unfolded = self._listed.unfolded if self._listed is not None else frozenset()
            self._unfolded_lines = unfolded ^ {message.link.id}
            self._draw()

    def action_open(self) -> None:
        if self._view == "graph":
            self._open_spot()
        else:
            self.listing.choose()

    def _open_spot(self) -> None:
        drawing, spot = self.graph.drawing, self.graph.spot
        if drawing is None or spot is None:
            return
        head = spot.run or spot.version
        if head is not None:
            self.artui.follow(Link("run" if spot.run else "version", head.id))
        elif spot.standing == "folded":
            self._set_unfolded(self._unfolded_ids() | {spot.fold_id}, spot.id)
        elif spot.standing == "far":
            self._walk_on(drawing, spot)
        else:
            self.artui.say("This catalog does not have it: it was removed, or is in another catalog.")

    def _walk_on(self, drawing: Drawing, spot: Spot) -> None:
        """Show what is too far away to be drawn: around what it hangs on, or as a list."""
        near = drawing.before if spot.side == "down" else drawing.behind
        nearest = [drawing.around.spots[place] for place in near[self.graph.cursor]]
        head = next((other.run or other.version for other in nearest if other.side and (other.run or other.version)), None)  # fmt: skip
        if head is not None:
            self._walk_from(head)
        elif spot.side == "down" and not spot.version_count and not isinstance(self._subject, RunHead):
            self.post_message(ShowRuns(f"input = {quoted_text(self._subject.reference)}"))
        else:
            self.action_show_view("list")

    def action_fold(self) -> None:
        """Fold again what the thing under the cursor was unfolded from, or unfold what is folded there."""
        spot = self.graph.spot
        if spot is None or self._view != "graph":
            return
        if not spot.fold_id:
            self.artui.say("This stands alone: i unfolds everything.")
        else:
            self._set_unfolded(self._unfolded_ids() ^ {spot.fold_id}, spot.fold_id)

    def _unfolded_ids(self) -> frozenset[str]:
        if self._unfolded is not None:
            return self._unfolded
        spots = self._around.spots if self._around is not None else ()
        return frozenset(spot.fold_id for spot in spots if spot.fold_id)

    def _set_unfolded(self, unfolded: frozenset[str] | None, spot_id: str) -> None:
        self._unfolded, self._wanted_id = unfolded, spot_id
        self.load()

    def action_fold_all(self) -> None:
        """Unfold everything; if nothing is folded, fold it again."""
        if self._view == "graph":
            drawing, spot = self.graph.drawing, self.graph.spot
            if drawing is None or spot is None:
                return
            has_folded = any(other.standing == "folded" for other in drawing.around.spots)
            if not has_folded and not any(other.fold_id for other in drawing.around.spots):
                self.artui.say("Nothing is folded here: all of it is in the picture.")
                return
            self._set_unfolded(None if has_folded else frozenset(), spot.fold_id or spot.id)
        elif self._listed is not None:
            self._unfolded_lines = None if self._listed.has_folded else frozenset()
            self._draw()

    def action_next_part(self, change: int) -> None:
        """Show the lineage of data alone, then of code alone, then everything again; with -1 the other way."""
        parts = self._parts
        self.action_show_part(parts[(parts.index(self._part) + change) % len(parts)])

    @property
    def _parts(self) -> tuple[Part, ...]:
        """What can be left out: ways lead to what is shown, so code alone is none of theirs."""
        return tuple(part for part in query.PARTS if part != "code" or not self._goals)

    def action_show_part(self, part: str) -> None:
        """Show the lineage of data alone, of code alone, or all of it."""
        self._part = next(known for known in query.PARTS if known == part)
        here = self._head_here()
        self._wanted_id = here.id if here is not None else self._subject.id
        self.load()

    def action_copy(self) -> None:
        head = self._head_here()
        if head is not None:
            self.artui.copy_text(head.id if isinstance(head, RunHead) else head.reference)


def _some_of(word: str, names: Sequence[str], cells: int) -> str:
    """Name as many as have room, and count the others; empty for none, or where not even the first has room."""
    for count in range(len(names), 0, -1):
        more = f" and {len(names) - count:,} more" if count < len(names) else ""
        text = f"{word} {', '.join(names[:count])}{more}"
        if cells_of(text) <= cells:
            return text
    return ""


def _is_in_production(spot: Spot) -> bool:
    return isinstance(spot.head, VersionHead) and PRODUCTION in spot.head.aliases


def _is_data(spot: Spot) -> bool:
    return isinstance(spot.head, VersionHead) and spot.head.stage == "data" and spot.sort != "code"


def _name_of(head: RunHead | VersionHead) -> str:
    return head.name if isinstance(head, RunHead) else head.title


def _node_of(head: RunHead | VersionHead) -> Node:
    return Node(0, "", head, None) if isinstance(head, RunHead) else Node(0, "", None, head)
