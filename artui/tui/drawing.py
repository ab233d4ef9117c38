"""A lineage as it is drawn in cells: what stands at each place, and how one walks from place to place."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from artui.figures.layered import Layered, lay_out
from artui.figures.layering import without_circles
from artui.model import PRODUCTION, RunHead, VersionHead
from artui.query.graph import DONE_BY_RUNS, RELATIONS, SATISFIES
from artui.query.names import distinct_names
from artui.safetext import clean
from artui.tui.aliases import alias_spans
from artui.tui.cells import Span, fit_apart, glyph_of, length_of
from artui.units import plural

if TYPE_CHECKING:
    from artui.query.around import Around, Spot

STAGE_SIGNS = {"requirements": "◇", "data": "□", "modelling": "△", "operations": "▽"}
"""Before versions, by the stage of their artifact. Runs have the sign of their status."""
ROOT_SIGN, FOLDED_SIGN, MISSING_SIGN = "◎", "▸", "○"
CIRCLE_SIGN = "∞"
"""Behind what leads back to what it came from."""
MOST_WAYS = 100
"""So many ways from the root to a spot are told apart."""
_MOST_TRIED = 5_000
"""So many beginnings of ways are followed."""
_NEAR_COLUMNS = 2
"""At the end of a column a step up or down leads at most so many columns away."""
_LONGEST = 400
"""Of longer names the middle is left out before they are looked at."""
_FEWEST_CELLS, _MOST_CELLS = 12, 40


@dataclass(frozen=True, slots=True)
class Drawing:
    """Everything that has its place, and what is written there."""

    around: Around
    graph: Layered
    labels: tuple[tuple[Span, ...], ...]
    """By spot, with a blank at both ends."""
    names: tuple[str, ...]
    """By spot, whole, visible text."""
    before: tuple[tuple[int, ...], ...]
    """By spot, those that it came from, from above."""
    behind: tuple[tuple[int, ...], ...]
    """By spot, those that came of it, from above."""

    def place_of(self, spot_id: str) -> int:
        """Give the place of a spot, or of what is folded there or was; that of the root if neither is drawn."""
        spots = self.around.spots
        exact = next((place for place, spot in enumerate(spots) if spot.id == spot_id), None)
        return exact or next((place for place, spot in enumerate(spots) if spot.fold_id == spot_id), 0)

    def path(self, place: int) -> tuple[int, ...]:
        """Give a shortest way along the lines from the root to a spot, or back to one that it came from."""
        side = self.around.spots[place].side
        both = tuple(map(tuple.__add__, self.before, self.behind))
        # Where the only way closed a circle, which is not drawn, there is another one along lines of both directions.
        for near in (self.before if side == "down" else self.behind, both):
            leading: dict[int, int] = {place: place}
            waiting = deque([place])
            while waiting and 0 not in leading:
                here = waiting.popleft()
                for other in near[here]:
                    if other not in leading:
                        leading[other] = here
                        waiting.append(other)
            if 0 in leading:
                path = [0]
                while path[-1] != place:
                    path.append(leading[path[-1]])
                return tuple(path)
        return (place,)

    def ways(self, place: int) -> tuple[tuple[int, ...], ...]:
        """Give the ways along the lines from the root to a spot, or back to one that it came from, the shortest first; at most `MOST_WAYS`.

        Behind the first, what was derived from another thing, or trained on it, by a run that stands between them has the
        way by that run: it is the same step.
        """
        near = self.before if self.around.spots[place].side == "down" else self.behind
        leading, left = {place}, [place]
        while left:
            for other in near[left.pop()]:
                if other not in leading:
                    leading.add(other)
                    left.append(other)
        onward = self.behind if near is self.before else self.before
        found: list[tuple[int, ...]] = []
        begun: deque[tuple[int, ...]] = deque([(0,)] if place and 0 in leading else [])
        tried = 0
        while begun and len(found) < MOST_WAYS and tried < _MOST_TRIED:
            way = begun.popleft()
            if way[-1] == place:
                found.append(way)
                continue
            others = [other for other in onward[way[-1]] if other in leading and other not in way]
            by_runs = {made for run in others if self.around.spots[run].sort and self.around.spots[run].run_count for made in onward[run]}  # fmt: skip
            for other in others:
                if other not in by_runs or not self._is_made_between(way[-1], other):
                    tried += 1
                    begun.append((*way, other))
        # The shortest is the first, whatever it passes: it is the one that is bright as soon as the cursor is there.
        shortest = self.path(place)
        return (shortest, *(way for way in found if way != shortest and len(shortest) > 1))

    def _is_made_between(self, place: int, other: int) -> bool:
        """Say whether all that two spots have to do with each other is what a run between them did."""
        ends = {place, other}
        relations = {
            relation for link in self.around.links if {link.source, link.target} == ends for relation in link.relations
        }
        return relations <= DONE_BY_RUNS

    def path_cells(self, path: Sequence[int]) -> dict[tuple[int, int], int]:
        """Give the cells of the lines between spots that follow each other, with the sides that these leave them through."""
        cells: dict[tuple[int, int], int] = {}
        edges = set(self.graph.edges)
        for ends in pairwise(path):
            for cell, arms in self.graph.way(*(ends if ends in edges else ends[::-1])).items():
                cells[cell] = cells.get(cell, 0) | arms
        return cells

    def leads_back_to(self, place: int) -> list[int]:
        """Give what a spot came from and leads to as well: lines that are not drawn."""
        return [target for source, target in self.graph.circles if source == place]

    def words_between(self, place: int, other: int) -> str:
        """Say how another spot relates to one: `made by`, `used`, `satisfies (3 of 4 criteria met)`."""
        words = []
        for link in self.around.links:
            if {link.source, link.target} == {place, other}:
                side = int(link.source == place)
                words += [
                    RELATIONS[relation][side]
                    + (f" ({link.criteria_met} criteria met)" if relation == SATISFIES and link.criteria_met else "")
                    for relation in link.relations
                ]
        return " and ".join(dict.fromkeys(words))

    def named_cells(self, place: int) -> int:
        """Give how many cells a label has up to the end of the name: its aliases stand behind that."""
        label = self.labels[place]
        end = next((number for number, (text, _) in enumerate(label) if len(text) > 2), len(label) - 1)
        return length_of(label[: end + 1])

    def aside(self, place: int, change: int, came_from: int | None = None) -> int:
        """Give the spot that a step along a line leads to: back to where one came from, or else the one that is nearest in height."""
        near = self.behind[place] if change > 0 else self.before[place]
        if not near or came_from in near:
            return place if came_from is None or not near else came_from
        boxes = self.graph.boxes
        # A neighbour in the next column comes before one far away.
        return min(
            near, key=lambda other: (abs(boxes[other].layer - boxes[place].layer), abs(boxes[other].y - boxes[place].y))
        )

    def farthest(self, place: int, change: int) -> int:
        """Give the spot at the end of the longest way along lines to one side; of several what is in production, then the nearest in height."""
        near = self.behind if change > 0 else self.before
        reached, left = {place}, [place]
        while left:
            for other in near[left.pop()]:
                if other not in reached:
                    reached.add(other)
                    left.append(other)
        boxes, spots = self.graph.boxes, self.around.spots

        def rank(other: int) -> tuple[int, bool, int]:
            version = spots[other].version
            is_used = version is not None and PRODUCTION in version.aliases
            return -abs(boxes[other].layer - boxes[place].layer), not is_used, abs(boxes[other].y - boxes[place].y)

        return min(sorted(reached), key=rank)

    def above(self, place: int, change: int) -> int:
        """Give the spot above in its column, or below it; at its end one further up or down in a column near to it."""
        boxes = self.graph.boxes
        here = boxes[place]
        column = self.graph.layers[here.layer]
        number = column.index(place) + change
        if 0 <= number < len(column):
            return column[number]
        near = range(here.layer - _NEAR_COLUMNS, here.layer + _NEAR_COLUMNS + 1)
        return min(
            (other for other, box in enumerate(boxes) if (box.y - here.y) * change > 0 and box.layer in near),
            key=lambda other: (abs(boxes[other].layer - here.layer) + abs(boxes[other].y - here.y), other),
            default=place,
        )

    def at(self, x: int, y: int) -> int | None:
        """Give the spot in a cell."""
        return next((place for place, box in enumerate(self.graph.boxes) if box.y == y and box.x <= x < box.right), None)  # fmt: skip


def name_cells_for(width: int) -> int:
    """Give to how many cells names are cut on a screen of a width: so that two columns are in sight, and some of a third."""
    return max(_FEWEST_CELLS, min(_MOST_CELLS, width // 5 + 5))


def drawing_of(around: Around, *, name_cells: int) -> Drawing:
    """Write what stands at each place, names cut to so many cells, and lay it all out."""
    names = _names(around)
    edges = [(link.source, link.target) for link in around.links]
    leading_back = {source for source, _ in without_circles(len(names), edges, 0)[1]}
    alias_cells = max(10, name_cells * 3 // 5)
    labels = tuple(
        _label(place, spot, name, alias_cells, leads_back=place in leading_back)
        for place, (spot, name) in enumerate(zip(around.spots, _cut(names, name_cells), strict=True))
    )
    graph = lay_out(
        [length_of(label) for label in labels], edges, families=[spot.fold_id or None for spot in around.spots]
    )
    before: list[list[int]] = [[] for _ in names]
    behind: list[list[int]] = [[] for _ in names]
    for source, target in sorted(graph.edges, key=lambda ends: (graph.boxes[ends[0]].y, graph.boxes[ends[1]].y, ends)):
        behind[source].append(target)
        before[target].append(source)
    return Drawing(around, graph, labels, names, tuple(map(tuple, before)), tuple(map(tuple, behind)))


def _names(around: Around) -> tuple[str, ...]:
    """Name all spots so that no two of one sort have the same name."""
    heads = [spot.head for spot in around.spots if spot.standing == "one"]
    by_run = distinct_names(head for head in heads if isinstance(head, RunHead))
    references = Counter(head.reference for head in heads if isinstance(head, VersionHead))
    return tuple(_name(spot, by_run, references, is_at_least=around.is_cut) for spot in around.spots)


def _name(spot: Spot, by_run: dict[str, str], references: Counter[str], *, is_at_least: bool) -> str:
    more = "+" if is_at_least else ""
    if spot.run is not None:
        return _clean(by_run[spot.run.id])
    if spot.version is not None:
        reference = spot.version.reference
        return _clean(reference if references[reference] == 1 else f"{spot.version.project}/{reference}")
    if spot.standing == "missing":
        return f"missing {'run' if spot.things[0].is_run else 'version'}"
    if spot.standing == "far":
        counts = ((spot.version_count, "version"), (spot.run_count, "run"))
        return " ".join(f"+{plural(count, word)}{more}" for count, word in counts if count)
    if spot.run_count:
        return f"{spot.run_count:,}{more} {spot.sort} runs"
    return f"{_clean(spot.sort)} ×{spot.version_count:,}{more}"


def _clean(text: str) -> str:
    if len(text) > _LONGEST:
        text = f"{text[: _LONGEST // 2]}…{text[-_LONGEST // 2 :]}"
    return clean(text)


def _cut(names: Sequence[str], cells: int) -> list[str]:
    """Cut names; those that look the same whatever is cut are numbered."""
    texts = [text.rstrip() for text in fit_apart(names, cells)]
    counts, numbers = Counter(texts), Counter[str]()
    for place, text in enumerate(texts):
        if counts[text] > 1:
            numbers[text] += 1
            texts[place] = f"{text} #{numbers[text]}"
    return texts


def _label(place: int, spot: Spot, name: str, alias_cells: int, *, leads_back: bool) -> tuple[Span, ...]:
    spans: list[Span] = [(" ", "text"), *([(f"{ROOT_SIGN} ", "accent")] if place == 0 else [])]
    if spot.run is not None:
        spans += [glyph_of(spot.run, after=" "), (name, "text")]
        spans += [("  deleted", "bad")] if spot.is_deleted else []
    elif spot.version is not None:
        head = spot.version
        sign: Span = ("! ", "bad") if head.damaged else (f"{STAGE_SIGNS.get(head.stage, '□')} ", "dim")
        spans += [sign, (name, "text"), *alias_spans(head, alias_cells)]
    elif spot.standing == "missing":
        spans += [(f"{MISSING_SIGN} ", "bad"), (name, "dim")]
    else:
        spans += [(f"{FOLDED_SIGN} ", "accent"), (name, "dim")]
    if leads_back:
        spans.append((f" {CIRCLE_SIGN}", "warn"))
    return (*spans, (" ", "text"))
