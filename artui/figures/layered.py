"""A graph on a grid of cells: things in columns, from causes on the left to effects on the right, and lines between them.

A line that ends in another one is joined to it; where it only passes behind one it is interrupted. Lines of things that lead
to the same things run together. The same graph is always drawn the same way.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from artui.figures.channel import channel_of
from artui.figures.columns import Slots
from artui.figures.layering import layers_of, without_circles

LEFT, RIGHT, UP, DOWN = 1, 2, 4, 8
LINES = " ╴╶─╵┘└┴╷┐┌┬│┤├┼"
"""What is drawn in a cell, by the sides of it that a line leaves through."""
_LEAST_CELLS = 3
"""Between two columns."""


class Box(NamedTuple):
    """Where a thing stands: it takes `width` cells of one row, from `x` on."""

    x: int
    y: int
    width: int
    layer: int

    @property
    def right(self) -> int:
        """The first cell to its right."""
        return self.x + self.width


@dataclass(frozen=True, slots=True)
class Layered:
    """A graph in which all has its place."""

    boxes: tuple[Box, ...]
    """By thing."""
    layers: tuple[tuple[int, ...], ...]
    """The things of each column, from above."""
    edges: tuple[tuple[int, int], ...]
    """Those that are drawn, each once."""
    circles: tuple[tuple[int, int], ...]
    """Those that are not drawn, since they lead back."""
    width: int
    height: int
    across: list[bytearray]
    """By row and cell, the sides of it that a level line leaves through."""
    down: dict[int, bytearray]
    """By cell of a row that has upright lines, and row, the sides that they leave through."""
    joints: set[tuple[int, int]]
    """Cells where level and upright lines meet, by cell of the row and row; elsewhere the level ones pass behind."""
    hops: dict[tuple[int, int], tuple[tuple[int, int], ...]]
    """Corners of the way from what stands in a column to what stands in the next one."""
    ways: dict[tuple[int, int], int]
    """By what stands in a column, and the thing that it leads to, what comes next."""

    def row(self, y: int, start: int, stop: int) -> str:
        """Draw the lines of a row, from a cell to before another one."""
        across = self.across[y]
        cells = [LINES[arms] for arms in across[start:stop]]
        columns = list(self.down)
        for x in columns[bisect_left(columns, start) : bisect_left(columns, stop)]:
            arms = self.down[x][y]
            if arms:
                cells[x - start] = LINES[arms | across[x] if (x, y) in self.joints else arms]
        return "".join(cells)

    def row_below(self, y: int, start: int, stop: int) -> str:
        """Draw what goes on down from a row, for a row that is put in below it."""
        cells = [" "] * max(0, stop - start)
        for x, column in self.down.items():
            if start <= x < stop and column[y] & DOWN:
                cells[x - start] = LINES[UP | DOWN]
        return "".join(cells)

    def arms(self, x: int, y: int) -> int:
        """Give the sides that a cell's lines leave it through; where one passes behind another, of that in front."""
        across, down = self.across[y][x], self.down[x][y] if x in self.down else 0
        return across | down if (x, y) in self.joints or not down else down

    def way(self, source: int, target: int) -> dict[tuple[int, int], int]:
        """Give the cells of the line from a thing to one that it leads to, with the sides that it leaves them through."""
        cells: dict[tuple[int, int], int] = {}
        slot = source
        while slot != target:
            following = self.ways[slot, target]
            corners = self.hops[slot, following]
            cells[corners[0]] = cells.get(corners[0], 0) | LEFT
            for (x, y), (end_x, end_y) in pairwise(corners):
                step_x, step_y = (end_x > x) - (end_x < x), (end_y > y) - (end_y < y)
                away, back = (RIGHT, LEFT) if step_x else (DOWN, UP) if step_y > 0 else (UP, DOWN)
                while (x, y) != (end_x, end_y):
                    cells[x, y] = cells.get((x, y), 0) | away
                    x, y = x + step_x, y + step_y
                    cells[x, y] = cells.get((x, y), 0) | back
            cells[corners[-1]] = cells.get(corners[-1], 0) | RIGHT
            slot = following
        return cells


def lay_out(
    widths: Sequence[int], edges: Iterable[tuple[int, int]], *, root: int = 0, families: Sequence[Hashable] = ()
) -> Layered:
    """Lay a graph out.

    Args:
        widths: cells of each thing, at least one.
        edges: from causes to effects, by the places of both in `widths`. Of repeated ones one is drawn, and those that close a circle are not.
        root: what leads to it stands as near to it as it can.
        families: by thing, which stand in their own order within a column; None is of no family.
    """
    kept, circles = without_circles(len(widths), edges, root)
    slots = Slots(layers_of(len(widths), kept, root), kept)
    slots.order(families)
    slots.place()
    return _drawn(widths, slots, kept, circles)


def _drawn(
    widths: Sequence[int], slots: Slots, edges: Sequence[tuple[int, int]], circles: Sequence[tuple[int, int]]
) -> Layered:
    """Give columns their width, and draw the lines between them."""
    channels = [channel_of(slots, layer) for layer in range(len(slots.members))]
    rows_of_slots = 1 + max(slots.y, default=-1)
    height = max((rows_of_slots, *(channel.height for channel in channels)))
    starts, x = [], 0
    cells = [max((widths[slot] for slot in members if slot < len(widths)), default=1) for members in slots.members]
    for layer, channel in enumerate(channels):
        starts.append(x)
        x += cells[layer] + (max(_LEAST_CELLS, channel.tracks + 2) if layer + 1 < len(channels) else 0)
    width = x
    across = [bytearray(width) for _ in range(height)]
    down: dict[int, bytearray] = {}
    joints: set[tuple[int, int]] = set()
    hops: dict[tuple[int, int], tuple[tuple[int, int], ...]] = {}

    def level(y: int, start: int, stop: int) -> None:
        across[y][start:stop] = bytes((LEFT | RIGHT,)) * (stop - start)

    for layer, channel in enumerate(channels[:-1]):
        first, end = starts[layer] + cells[layer] + 1, starts[layer + 1]
        begins = {slots.y[slot]: starts[layer] + (widths[slot] if slot < len(widths) else 0) for slot in slots.members[layer]}  # fmt: skip
        for part in channel.parts:
            x = first + part.track
            if part.is_straight:
                level(part.left[0], begins[part.left[0]], end)
                continue
            low, high = part.span
            column = down.setdefault(x, bytearray(height))
            column[low] |= DOWN
            column[low + 1 : high] = bytes((UP | DOWN,)) * (high - low - 1)
            column[high] |= UP
            for row in part.left:
                level(row, begins[row] if part.before is None else first + part.before.track + 1, x)
                across[row][x] |= LEFT
                joints.add((x, row))
            for row in part.right:
                across[row][x] |= RIGHT
                joints.add((x, row))
                if part.behind is None:
                    level(row, x + 1, end)
        for (slot, target), parts in channel.by_ends.items():
            corners = [(begins[slots.y[slot]], slots.y[slot])]
            for part in parts:
                if not part.is_straight:
                    y = part.right[0] if part.behind is not None else slots.y[target]
                    corners += [(first + part.track, corners[-1][1]), (first + part.track, y)]
            hops[slot, target] = (*corners, (end - 1, slots.y[target]))
    boxes = [
        Box(starts[layer], slots.y[thing], width, layer)
        for thing, (width, layer) in enumerate(zip(widths, slots.layer, strict=False))
    ]
    layers = tuple(tuple(slot for slot in members if slot < len(widths)) for members in slots.members)
    down = dict(sorted(down.items()))
    return Layered(tuple(boxes), layers, tuple(edges), tuple(circles), width, height, across, down, joints, hops, slots.ways)  # fmt: skip
