"""The lines between two columns of a drawn graph: where each goes up and down, so that none runs along another one's row."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field

from artui.figures.columns import Slots


@dataclass(slots=True)
class Part:
    """Lines that run together, from some rows on the left to some on the right: all of these are connected."""

    left: tuple[int, ...]
    right: tuple[int, ...]
    track: int = -1
    """Where it goes up and down, counted from the left; below zero for a straight line."""
    before: Part | None = None
    """What it goes on from, where the way has two parts."""
    behind: Part | None = None
    """What goes on from it."""

    @property
    def is_straight(self) -> bool:
        """Whether it stays in one row."""
        return len(self.left) == 1 and self.left == self.right

    @property
    def span(self) -> tuple[int, int]:
        """The rows between which it goes up and down."""
        return min(*self.left, *self.right), max(*self.left, *self.right)

    @property
    def rank(self) -> tuple[int, int]:
        """Its place among others: of those that go down, the lowest turns first, of those that go up, the highest."""
        top, bottom = min(self.left), max(self.right)
        return (0, -top) if bottom > top else (1, top)


@dataclass(frozen=True, slots=True)
class Channel:
    """All lines between a column and the next one."""

    parts: list[Part] = field(default_factory=list)
    by_ends: dict[tuple[int, int], tuple[Part, ...]] = field(default_factory=dict)
    """By what stands at both ends, the parts of the way between them."""
    tracks: int = 0
    height: int = 0
    """Rows that are used, counted from the first."""


def channel_of(slots: Slots, layer: int) -> Channel:
    """Lay out the lines behind a column."""
    sources: dict[tuple[int, ...], list[int]] = {}
    for slot in slots.members[layer]:
        if slots.behind[slot]:
            sources.setdefault(tuple(sorted(slots.behind[slot])), []).append(slot)
    whole = [
        Part(tuple(slots.y[slot] for slot in left), tuple(slots.y[slot] for slot in targets))
        for targets, left in sources.items()
    ]
    parts, ways, height = _apart(whole, 1 + max(slots.y, default=-1))
    by_ends = {
        (slot, target): way
        for way, (targets, left) in zip(ways, sources.items(), strict=True)
        for slot in left
        for target in targets
    }
    return Channel(parts, by_ends, _give_tracks(parts, height), height)


def _earlier(parts: list[Part]) -> list[set[int]]:
    """Give by each part those that must turn further to the left: away from a row that it turns into."""
    in_row = {row: number for number, part in enumerate(parts) if part.before is None for row in part.left}
    earlier: list[set[int]] = [set() for _ in parts]
    for number, part in enumerate(parts):
        if part.behind is None:
            for row in part.right:
                other = in_row.get(row)
                if other is not None and other != number and (row not in parts[other].right or parts[other].behind):
                    earlier[number].add(other)
    return earlier


def _apart(whole: list[Part], height: int) -> tuple[list[Part], list[tuple[Part, ...]], int]:
    """Part lines that wait for each other in a circle: each goes by way of a row that nothing else is in.

    Returns:
        All parts, those of each line, and how many rows are used.
    """
    earlier = _earlier(whole)
    later: list[list[int]] = [[] for _ in whole]
    for number, others in enumerate(earlier):
        for other in others:
            later[other].append(number)
    waiting = {number: len(others) for number, others in enumerate(earlier)}
    ready = [number for number, count in waiting.items() if not count]
    parted: set[int] = set()
    by_length: list[int] | None = None
    while waiting:
        if ready:
            number = ready.pop()
        else:
            if by_length is None:
                by_length = sorted(waiting, key=lambda each: (_length(whole[each]), each), reverse=True)
            while (number := by_length.pop()) not in waiting:
                pass
            parted.add(number)
        del waiting[number]
        for other in later[number]:
            if other in waiting:
                waiting[other] -= 1
                if not waiting[other]:
                    ready.append(other)
    taken = {row for part in whole for row in (*part.left, *part.right)}
    parts: list[Part] = []
    ways: list[tuple[Part, ...]] = []
    for number, part in enumerate(whole):
        if number not in parted:
            parts.append(part)
            ways.append((part,))
            continue
        middle = sum(part.span) // 2
        row = next(row for away in range(height + 1) for row in (middle - away, middle + away) if row >= 0 and row not in taken)  # fmt: skip
        taken.add(row)
        height = max(height, row + 1)
        first = Part(part.left, (row,))
        second = Part((row,), part.right, before=first)
        first.behind = second
        parts += [first, second]
        ways.append((first, second))
    return parts, ways, height


def _length(part: Part) -> tuple[int, int]:
    low, high = part.span
    return len(part.left), high - low


def _give_tracks(parts: list[Part], height: int) -> int:
    """Give each part its track, and say how many there are."""
    numbers = {id(part): number for number, part in enumerate(parts)}
    earlier = _earlier(parts)
    for number, part in enumerate(parts):
        if part.before is not None:
            earlier[number].add(numbers[id(part.before)])
    later: list[list[int]] = [[] for _ in parts]
    for number, others in enumerate(earlier):
        for other in others:
            later[other].append(number)
    waiting = [len(others) for others in earlier]
    ready = [(parts[number].rank, number) for number, count in enumerate(waiting) if not count]
    heapq.heapify(ready)
    free = [0] * height
    """By row the first track that no line goes up or down through."""
    while ready:
        _, number = heapq.heappop(ready)
        part = parts[number]
        if not part.is_straight:
            low, high = part.span
            part.track = max(max(free[low : high + 1]), *(parts[other].track + 1 for other in earlier[number]), 0)
            free[low : high + 1] = [part.track + 1] * (high + 1 - low)
        for other in later[number]:
            waiting[other] -= 1
            if not waiting[other]:
                heapq.heappush(ready, (parts[other].rank, other))
    return max(free, default=0)
