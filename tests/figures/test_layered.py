"""Drawn graphs: laws that hold of any graph, by graphs of chance, and a few pictures."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import pairwise

import pytest

from artui.figures.layered import DOWN, LEFT, LINES, RIGHT, UP, Layered, lay_out

_STEPS = {LEFT: (-1, 0), RIGHT: (1, 0), UP: (0, -1), DOWN: (0, 1)}
_BACK = {LEFT: RIGHT, RIGHT: LEFT, UP: DOWN, DOWN: UP}
Edges = list[tuple[int, int]]


def _graphs() -> Iterator[tuple[list[int], Edges]]:
    """Give graphs of all densities: some without edges, with circles, with things that lead to themselves, with edges twice."""
    for seed in range(40):
        chance = random.Random(seed)
        count = chance.choice((1, 2, 5, 12, 40))
        edges = [(chance.randrange(count), chance.randrange(count)) for _ in range(chance.randrange(3 * count + 1))]
        if seed % 3:
            edges = [(min(edge), max(edge)) for edge in edges]
        yield [chance.randint(1, 30) for _ in range(count)], edges + edges[: seed % 4]


def _walked(graph: Layered, source: int) -> set[int]:
    """Follow what is drawn behind a thing, letter by letter, never to the left; give the things at the ends."""
    starts = {(box.x, box.y): thing for thing, box in enumerate(graph.boxes)}
    rows = [graph.row(y, 0, graph.width) for y in range(graph.height)]
    box = graph.boxes[source]
    found: set[int] = set()
    seen: set[tuple[int, int, int]] = set()
    waiting = [(box.right, box.y, RIGHT)]
    while waiting:
        x, y, going = waiting.pop()
        if (x, y, going) in seen:
            continue
        seen.add((x, y, going))
        if (x, y) in starts:
            found.add(starts[x, y])
            continue
        arms = LINES.index(rows[y][x]) if x < graph.width else 0
        if going == RIGHT and arms == UP | DOWN:
            ways = [RIGHT]  # it passes behind
        elif not arms & _BACK[going]:
            continue
        else:
            ways = [way for way in (RIGHT, UP, DOWN) if arms & way and way != _BACK[going]]
        waiting += [(x + _STEPS[way][0], y + _STEPS[way][1], way) for way in ways]
    return found


def test_every_edge_is_drawn_and_nothing_is_covered() -> None:
    """Things do not overlap, nor do lines run through them; all is in its column; each line leads from its cause to its effect, by its letters."""
    for widths, edges in _graphs():
        graph = lay_out(widths, edges)
        assert graph == lay_out(widths, edges)
        assert {*graph.edges, *graph.circles} == set(edges) and not {*graph.edges} & {*graph.circles}
        assert all(source != target for source, target in graph.edges)
        taken: set[tuple[int, int]] = set()
        for thing, box in enumerate(graph.boxes):
            cells = {(x, box.y) for x in range(box.x, box.right)}
            assert not cells & taken and box.width == widths[thing] and 0 <= box.y < graph.height
            assert graph.row(box.y, box.x, box.right).isspace()
            taken |= cells
        assert sorted(thing for layer in graph.layers for thing in layer) == list(range(len(widths)))
        for layer in graph.layers:
            assert all(graph.boxes[above].y < graph.boxes[below].y for above, below in pairwise(layer))
            assert len({(graph.boxes[thing].x, graph.boxes[thing].layer) for thing in layer}) <= 1
        for y in range(graph.height):
            below = [bool(graph.arms(x, y) & DOWN) for x in range(graph.width)]
            assert [letter == "│" for letter in graph.row_below(y, 0, graph.width)] == below
        reached = {source: _walked(graph, source) for source, _ in graph.edges}
        for source, target in graph.edges:
            assert graph.boxes[source].layer < graph.boxes[target].layer
            assert target in reached[source], (widths, edges, source, target)
            way = graph.way(source, target)
            assert (graph.boxes[source].right, graph.boxes[source].y) in way
            assert (graph.boxes[target].x - 1, graph.boxes[target].y) in way
            assert not taken & way.keys()
            for (x, y), arms in way.items():
                behind = arms == LEFT | RIGHT and graph.arms(x, y) == UP | DOWN
                assert behind or graph.arms(x, y) & arms == arms


def test_things_of_a_family_stand_in_their_order() -> None:
    """Whatever crosses for it, what was unfolded together is in one order in its column."""
    edges = [(0, thing) for thing in range(1, 9)] + [(7, 9), (8, 9), (3, 10)]
    for count in (0, 8):
        families: list[int | None] = [None, *([1] * count), None, None]
        graph = lay_out([4] * 11, edges, families=families)
        assert sorted(graph.layers[1]) == list(range(1, 9)) and (not count or list(graph.layers[1]) == list(range(1, 9)))  # fmt: skip
        rows = [graph.boxes[thing].y for thing in graph.layers[1]]
        assert rows == sorted(set(rows))
    for widths, edges in _graphs():
        families = [thing % 3 or None for thing in range(len(widths))]
        for layer in lay_out(widths, edges, families=families).layers:
            for family in (1, 2):
                members = [thing for thing in layer if families[thing] == family]
                assert members == sorted(members)


def test_lines_meet_only_where_they_lead_to_the_same() -> None:
    """In a cell that two lines share, one passes behind the other, or both lead to a same thing."""
    for widths, edges in _graphs():
        graph = lay_out(widths, edges)
        owners: dict[tuple[int, int], list[tuple[tuple[int, int], int]]] = {}
        for slot, following in graph.hops:
            cells = _hop_cells(graph.hops[slot, following])
            for cell, arms in cells.items():
                owners.setdefault(cell, []).append(((slot, following), arms))
        behind: dict[int, set[int]] = {}
        for slot, following in graph.hops:
            behind.setdefault(slot, set()).add(following)
        for cell, lines in owners.items():
            for first, arms in lines:
                for second, other in lines:
                    is_crossing = {arms, other} == {LEFT | RIGHT, UP | DOWN} and cell not in graph.joints
                    assert is_crossing or behind[first[0]] & behind[second[0]], (widths, edges, cell)


def _hop_cells(corners: tuple[tuple[int, int], ...]) -> dict[tuple[int, int], int]:
    cells: dict[tuple[int, int], int] = {}
    for (x, y), (end_x, end_y) in pairwise(corners):
        step_x, step_y = (end_x > x) - (end_x < x), (end_y > y) - (end_y < y)
        away = RIGHT if step_x else DOWN if step_y > 0 else UP
        while (x, y) != (end_x, end_y):
            cells[x, y] = cells.get((x, y), 0) | away
            x, y = x + step_x, y + step_y
            cells[x, y] = cells.get((x, y), 0) | _BACK[away]
    cells[corners[0]] = cells.get(corners[0], 0) | LEFT
    cells[corners[-1]] = cells.get(corners[-1], 0) | RIGHT
    return cells


def _drawn(names: str, edges: str, root: str = "") -> list[str]:
    things = names.split()
    pairs = [(things.index(edge[0]), things.index(edge[1])) for edge in edges.split()]
    graph = lay_out([len(name) + 2 for name in things], pairs, root=things.index(root or things[0]))
    rows = [list(graph.row(y, 0, graph.width)) for y in range(graph.height)]
    for name, box in zip(things, graph.boxes, strict=True):
        rows[box.y][box.x : box.right] = f" {name} "
    return ["".join(row).rstrip() for row in rows]


@pytest.mark.parametrize(
    ("names", "edges", "root", "picture"),
    [
        ("a", "", "", [" a"]),
        ("a b", "ab ab", "", [" a ─── b"]),
        ("a b x y", "ax ay bx by", "", [" a ─┬─ x", " b ─┴─ y"]),
        ("a b c", "ab bc ac", "", ["    ┌─ b ─┬─ c", " a ─┴─────┘"]),
        ("a b c", "ab bc ca aa", "", [" a ─── b ─── c"]),
        ("a b c d e", "ac bc cd ce", "c", [" a ─┬─ c ─┬─ d", " b ─┘     └─ e"]),
    ],
)
def test_pictures_of_small_graphs(names: str, edges: str, root: str, picture: list[str]) -> None:
    assert _drawn(names, edges, root) == picture


def test_causes_stand_beside_what_they_lead_to() -> None:
    """What leads to the root is as near to it as it can be, so that no line is longer than it has to."""
    graph = lay_out([1] * 6, [(0, 1), (1, 2), (2, 3), (4, 3), (5, 4)], root=3)
    assert [box.layer for box in graph.boxes] == [0, 1, 2, 3, 2, 1]


def test_a_large_graph_is_laid_out() -> None:
    """Three hundred things with two thousand edges, and as many in one line: none is lost, and no recursion ends it."""
    chance = random.Random(1)
    edges = [(first, second) for first, second in (sorted(chance.sample(range(300), 2)) for _ in range(2000))]
    graph = lay_out([20] * 300, edges)
    assert set(graph.edges) == set(edges)
    line = lay_out([20] * 5000, [(number, number + 1) for number in range(4999)])
    assert line.height == 1 and len(line.layers) == 5000
