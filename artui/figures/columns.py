"""The order and the rows of what stands in the columns of a drawn graph."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Hashable, Sequence

_MANY = 1_500
"""With more things and lines that pass them by, their order is improved less often."""
_SWEEPS, _FEW_SWEEPS = 12, 2
_STRAIGHT = 4
"""A line that passes a column keeps its row before so many things do."""


class Slots:
    """Things, and lines where they pass a column: each has a layer, a place in it, and neighbours in the layers beside it."""

    def __init__(self, layers: Sequence[int], edges: Sequence[tuple[int, int]]) -> None:
        self.thing_count = len(layers)
        self.layer = list(layers)
        self.members: list[list[int]] = [[] for _ in range(max(layers, default=-1) + 1)]
        for thing, layer in enumerate(layers):
            self.members[layer].append(thing)
        self.before: list[list[int]] = [[] for _ in layers]
        self.behind: list[list[int]] = [[] for _ in layers]
        self.ways: dict[tuple[int, int], int] = {}
        self.y: list[int] = []
        self._pass_by(edges)

    def _pass_by(self, edges: Sequence[tuple[int, int]]) -> None:
        """Let lines that lead further than to the next column pass it; those that lead to the same things are one there."""
        remaining: list[tuple[int, ...]] = [()] * self.thing_count
        targets: dict[int, list[int]] = {}
        for source, target in edges:
            targets.setdefault(source, []).append(target)
        for source, own in targets.items():
            remaining[source] = tuple(sorted(own))
        for layer in range(len(self.members) - 1):
            passing: dict[tuple[int, ...], int] = {}
            for slot in self.members[layer]:
                further = tuple(target for target in remaining[slot] if self.layer[target] > layer + 1)
                for target in remaining[slot]:
                    if self.layer[target] == layer + 1:
                        self._join(slot, target, (target,))
                if not further:
                    continue
                if further not in passing:
                    passing[further] = len(self.layer)
                    self.layer.append(layer + 1)
                    self.before.append([])
                    self.behind.append([])
                    remaining.append(further)
                    self.members[layer + 1].append(passing[further])
                self._join(slot, passing[further], further)

    def _join(self, slot: int, following: int, targets: tuple[int, ...]) -> None:
        self.behind[slot].append(following)
        self.before[following].append(slot)
        for target in targets:
            self.ways[slot, target] = following

    def order(self, families: Sequence[Hashable] = ()) -> None:
        """Order each column so that few lines cross, by the mean places of neighbours, first from the left, then from the right.

        Things of one family, which `families` names by thing, stand in their own order, whatever crosses; None is of no family.
        """
        place = [0] * len(self.layer)
        for members in self.members:
            for number, slot in enumerate(members):
                place[slot] = number
        best, fewest = [list(members) for members in self.members], self._crossings(place)
        sweeps = _SWEEPS if len(self.layer) < _MANY else _FEW_SWEEPS
        for sweep in range(sweeps):
            if not fewest:
                break
            is_forward = sweep % 2 == 0
            near = self.before if is_forward else self.behind
            for members in self.members if is_forward else reversed(self.members):
                keys = {
                    slot: sum(place[other] for other in near[slot]) / len(near[slot]) if near[slot] else place[slot]
                    for slot in members
                }
                members.sort(key=keys.__getitem__)
                for number, slot in enumerate(members):
                    place[slot] = number
            if (count := self._crossings(place)) < fewest:
                best, fewest = [list(members) for members in self.members], count
        self.members = [_in_order(members, families) for members in best]

    def _crossings(self, place: Sequence[int]) -> int:
        count = 0
        for members in self.members:
            seen: list[int] = []
            for slot in sorted(members, key=place.__getitem__):
                others = sorted(place[other] for other in self.behind[slot])
                count += sum(len(seen) - bisect_right(seen, other) for other in others)
                for other in others:
                    insort(seen, other)
        return count

    def place(self) -> None:
        """Give each slot a row near to its neighbours', in the order of its column; rows without any are left out."""
        self.y = [0] * len(self.layer)
        for members in self.members:
            for number, slot in enumerate(members):
                self.y[slot] = number
        for near, columns in (
            (self.before, self.members[1:]),
            (self.behind, self.members[-2::-1]),
            (self.before, self.members[1:]),
        ):
            for members in columns:
                self._align(members, near)
        rows = {y: number for number, y in enumerate(sorted(set(self.y)))}
        self.y = [rows[y] for y in self.y]

    def _align(self, members: Sequence[int], near: Sequence[Sequence[int]]) -> None:
        """Move the slots of a column towards the middle of their neighbours; the sum of the squares of what is left is smallest."""
        blocks: list[tuple[float, float, int]] = []
        for number, slot in enumerate(members):
            rows = sorted(self.y[other] for other in near[slot])
            wanted = float(rows[(len(rows) - 1) // 2] if rows else self.y[slot]) - number
            weight = float(_STRAIGHT if slot >= self.thing_count else 1)
            count = 1
            while blocks and blocks[-1][0] >= wanted:
                mean, other, others = blocks.pop()
                wanted = (wanted * weight + mean * other) / (weight + other)
                weight, count = weight + other, count + others
            blocks.append((wanted, weight, count))
        number = 0
        for wanted, _, count in blocks:
            start = round(wanted)
            for slot in members[number : number + count]:
                self.y[slot] = start + number
                number += 1


def _in_order(members: Sequence[int], families: Sequence[Hashable]) -> list[int]:
    """Let the things of a family stand in the order in which they were given, in the places that these have: some lines may cross for it."""
    places: dict[Hashable, list[int]] = {}
    for number, slot in enumerate(members):
        if slot < len(families) and families[slot] is not None:
            places.setdefault(families[slot], []).append(number)
    ordered = list(members)
    for numbers in places.values():
        for number, slot in zip(numbers, sorted(members[each] for each in numbers), strict=True):
            ordered[number] = slot
    return ordered
