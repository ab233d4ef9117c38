"""Which column of a drawn graph a thing stands in: causes before effects, and no further away than they have to be."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

Edges = list[tuple[int, int]]


def without_circles(count: int, edges: Iterable[tuple[int, int]], root: int) -> tuple[Edges, Edges]:
    """Give each edge between different things once, without those that close a circle; and the latter, with what leads to itself."""
    every = dict.fromkeys(edges)
    targets: list[list[int]] = [[] for _ in range(count)]
    is_target = [False] * count
    for source, target in every:
        if source != target:
            targets[source].append(target)
            is_target[target] = True
    closing = {edge for edge in every if edge[0] == edge[1]}
    is_open, is_left = [False] * count, [False] * count
    for start in (*(thing for thing in range(count) if not is_target[thing]), *((root,) if count else ()), *range(count)):  # fmt: skip
        if is_left[start]:
            continue
        is_open[start] = True
        stack = [(start, iter(targets[start]))]
        while stack:
            thing, following = stack[-1]
            for target in following:
                if is_open[target]:
                    closing.add((thing, target))
                elif not is_left[target]:
                    is_open[target] = True
                    stack.append((target, iter(targets[target])))
                    break
            else:
                is_open[thing], is_left[thing] = False, True
                stack.pop()
    return [edge for edge in every if edge not in closing], [edge for edge in every if edge in closing]


def layers_of(count: int, edges: Sequence[tuple[int, int]], root: int) -> list[int]:
    """Give the column of each thing of a graph without circles: by the longest way to it, or, of what leads to the root, from it."""
    before: list[list[int]] = [[] for _ in range(count)]
    behind: list[list[int]] = [[] for _ in range(count)]
    for source, target in edges:
        behind[source].append(target)
        before[target].append(source)
    ordered = _ordered(before, behind)
    layers = [0] * count
    for thing in ordered:
        layers[thing] = max((layers[source] + 1 for source in before[thing]), default=0)
    leads = {root}
    for thing in reversed(ordered):
        if any(target in leads for target in behind[thing]):
            leads.add(thing)
            layers[thing] = min(layers[target] for target in behind[thing]) - 1
        elif thing != root and not before[thing] and behind[thing]:
            # It stands beside what it leads to, whatever that is.
            layers[thing] = min(layers[target] for target in behind[thing]) - 1
    used = {layer: place for place, layer in enumerate(sorted(set(layers)))}
    return [used[layer] for layer in layers]


def _ordered(before: Sequence[Sequence[int]], behind: Sequence[Sequence[int]]) -> list[int]:
    """Order things so that causes come before effects."""
    waiting = [len(sources) for sources in before]
    ordered = [thing for thing, count in enumerate(waiting) if not count]
    for thing in ordered:
        for target in behind[thing]:
            waiting[target] -= 1
            if not waiting[target]:
                ordered.append(target)
    return ordered
