"""What is around a run or a version, as it is drawn: the nearest things, and what is alike or far away as one.

However large a lineage is, at most `MOST_SPOTS` places are drawn. All that has no place of its own is counted.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, NamedTuple

from artui.catalog.deployments import deployed
from artui.model import STAGES, RunHead, VersionHead
from artui.query.damage import run_damage, version_damage
from artui.query.graph import (
    SATISFIES,
    Direction,
    Placed,
    Thing,
    edges_at,
    on_ways,
    parts_of,
    runs_by_key,
    runs_there,
    versions_by_key,
)
from artui.query.lineage import CODE_KINDS, NO_DATA_KINDS, Part, kind_place

if TYPE_CHECKING:
    from artui.query.reader import Reader

MOST_SPOTS = 300
FEWEST_FOLDED = 4
"""So many things of one sort, beside the same things, are one."""
_MOST_HELD = 50
"""So many pairs of a requirement and what is to satisfy it are judged."""
FIRST_EDGES = 1_000
"""So many edges a side are read for a first picture."""

Standing = Literal["one", "folded", "far", "missing"]
"""A run or a version; several of one sort; all that is too far away; one that an edge names and the file does not have."""


@dataclass(frozen=True, slots=True)
class Spot:
    """What is drawn at one place."""

    id: str
    """The same whenever this is drawn."""
    standing: Standing
    side: Direction | None
    """None for the root."""
    things: Sequence[Thing]
    head: RunHead | VersionHead | None = None
    """The run or version, or the first of several."""
    last: RunHead | VersionHead | None = None
    """Of several the last."""
    sort: str = ""
    """Of runs their stage, of versions their kind."""
    fold_id: str = ""
    """Names what is folded here, or what this was unfolded from; empty for what is never folded."""
    is_deleted: bool = False

    @property
    def run_count(self) -> int:
        """How many of the things are runs."""
        return sum(thing.is_run for thing in self.things)

    @property
    def version_count(self) -> int:
        """How many of the things are versions."""
        return len(self.things) - self.run_count

    @property
    def run(self) -> RunHead | None:
        """The run, if this is a single one."""
        return self.head if self.standing == "one" and isinstance(self.head, RunHead) else None

    @property
    def version(self) -> VersionHead | None:
        """The version, if this is a single one."""
        return self.head if self.standing == "one" and isinstance(self.head, VersionHead) else None


class Link(NamedTuple):
    """Two spots, by their places, of which the second came of the first."""

    source: int
    target: int
    relations: tuple[int, ...]
    criteria_met: str = ""
    """Between a requirement and what is to satisfy it: how many criteria are met, `3 of 4`; else empty."""


@dataclass(frozen=True, slots=True)
class Around:
    """What is around a run or a version."""

    spots: tuple[Spot, ...]
    """The root first, then by how far away they are."""
    links: tuple[Link, ...]
    run_count: int
    """With the root, as is `version_count`."""
    version_count: int
    is_cut: bool = False
    """Whether there is more than was read: counts are at least so many."""

    @property
    def folded_count(self) -> int:
        """How many spots stand for several things."""
        return sum(spot.standing in ("folded", "far") for spot in self.spots)


class _Sort(NamedTuple):
    word: str
    """A stage of runs, or a kind of versions."""
    is_named: bool = False
    """Whether it has an alias: such a version is never folded."""


class _Group(NamedTuple):
    """What things share that may be folded."""

    inner: tuple[int, ...]
    """Places of what they are beside, nearer to the root."""
    sort: _Sort | None
    """None if the file does not have them."""
    is_run: bool
    alone: Thing | None
    """A thing that is never folded."""

    @property
    def place(self) -> tuple[tuple[int, ...], bool, int]:
        """Its place among others at as many steps."""
        return self.inner, not self.is_run, kind_place(self.sort.word) if self.sort is not None else -1


@dataclass(slots=True)
class _Side:
    """What can be reached from the root in one direction."""

    direction: Direction
    near: dict[Thing, list[tuple[int, Thing]]]
    is_cut: bool
    levels: list[list[Thing]]
    """What is reached by so many steps and one, at least."""
    inner: dict[Thing, list[Thing]]
    """By thing its neighbours that are one step nearer to the root."""


def around(
    reader: Reader,
    subject: RunHead | VersionHead,
    *,
    part: Part = "all",
    unfolded: Collection[str] | None = (),
    most: int = MOST_SPOTS,
    most_edges: int | None = None,
    is_checked: bool = True,
    goals: Collection[RunHead | VersionHead] = (),
) -> Around:
    """Read what is around a run or a version, nearest things first.

    Args:
        reader: of the catalog.
        subject: the root.
        part: what is left out, and not walked through.
        unfolded: ids of folds of which each thing has its own place, as far as there is room; None for all.
        most: so many places at most.
        most_edges: so many edges are read in each direction; None for all.
        is_checked: whether it is looked for damage, and how many criteria are met, which takes longer than all else.
        goals: what came of the root; then nothing but the ways to these is there. They have places of their own.
    """
    root = Thing(isinstance(subject, RunHead), subject.key)
    ends = frozenset(Thing(isinstance(goal, RunHead), goal.key) for goal in goals)
    directions: tuple[Direction, ...] = ("down",) if ends else ("up", "down")
    with reader.snapshot() as connection:
        placed, limit = deployed(connection), None if ends else most_edges
        sides = [_read_side(connection, root, direction, limit, placed) for direction in directions]
        things = {root: None} | {thing: None for side in sides for thing in _named_in(side)}
        sorts = _sorts(connection, things)
        hidden = NO_DATA_KINDS if part == "data" else frozenset()

        def is_passed_by(thing: Thing) -> bool:
            return thing not in sorts or (not thing.is_run and sorts[thing].word in hidden)

        for side in sides:
            if ends:
                side.near = on_ways(side.near, root, ends, is_passed_by)
            _walk(side, root, sorts, "all" if ends else part)
        spots = _Spots(root, sorts, unfolded, most, ends)
        spots.fill(sides)
        drawn = Around(
            tuple(_with_heads(reader, connection, spots.spots, is_checked=is_checked)),
            tuple(_links(sides, spots.places)),
            sum(thing.is_run for thing in (root, *spots.reached)),
            sum(not thing.is_run for thing in (root, *spots.reached)),
            any(side.is_cut for side in sides),
        )
    return _held_against(reader, drawn) if is_checked else drawn


def _held_against(reader: Reader, drawn: Around) -> Around:
    """Say how much of a requirement is met by what is to satisfy it: that somebody once said it is proves nothing."""
    pairs: dict[int, tuple[VersionHead, VersionHead]] = {}
    for number, link in enumerate(drawn.links):
        requirement, satisfying = drawn.spots[link.source].version, drawn.spots[link.target].version
        if SATISFIES in link.relations and requirement is not None and satisfying is not None and len(pairs) < _MOST_HELD:  # fmt: skip
            pairs[number] = requirement, satisfying
    if not pairs:
        return drawn
    from artui.query.verdicts import met_texts  # numpy is for those that need it

    texts = dict(zip(pairs, met_texts(reader, list(pairs.values())), strict=True))
    links = (link._replace(criteria_met=texts.get(number, "")) for number, link in enumerate(drawn.links))
    return replace(drawn, links=tuple(links))


def _read_side(connection: sqlite3.Connection, root: Thing, direction: Direction, most: int | None, placed: Placed) -> _Side:  # fmt: skip
    """Read the edges in a direction, those at near things first."""
    near: dict[Thing, list[tuple[int, Thing]]] = {}
    seen, level, count = {root}, [root], 0
    while level:
        following: list[Thing] = []
        for source, relation, target in edges_at(connection, level, direction, placed):
            own, other = (target, source) if direction == "up" else (source, target)
            if count == most:
                return _Side(direction, near, True, [], {})
            count += 1
            near.setdefault(own, []).append((relation, other))
            if other not in seen:
                seen.add(other)
                following.append(other)
        level = following
    return _Side(direction, near, False, [], {})


def _named_in(side: _Side) -> Iterable[Thing]:
    return (other for others in side.near.values() for _, other in others)


def _sorts(connection: sqlite3.Connection, things: Iterable[Thing]) -> dict[Thing, _Sort]:
    """Say of what sort things are; what the file does not have is left out."""
    runs = [thing.key for thing in things if thing.is_run]
    versions = [thing.key for thing in things if not thing.is_run]
    sorts: dict[Thing, _Sort] = {}
    for part in parts_of(runs):
        query = "SELECT r.key, r.stage FROM json_each(:keys) AS w CROSS JOIN run AS r ON r.key = w.value"
        for key, stage in connection.execute(query, {"keys": part}):
            is_stage = isinstance(stage, int) and 0 <= stage < len(STAGES)
            sorts[Thing(True, key)] = _Sort(STAGES[stage] if is_stage else "modelling")
    for part in parts_of(versions):
        query = """
            SELECT v.key, a.kind, EXISTS (SELECT 1 FROM alias AS n WHERE n.artifact_key = a.key AND n.version_key = v.key)
            FROM json_each(:keys) AS w
            CROSS JOIN version AS v ON v.key = w.value
            JOIN artifact AS a ON a.key = v.artifact_key
        """
        for key, kind, is_named in connection.execute(query, {"keys": part}):
            sorts[Thing(False, key)] = _Sort(kind if isinstance(kind, str) else "", bool(is_named))
    return sorts


def _walk(side: _Side, root: Thing, sorts: Mapping[Thing, _Sort], part: Part) -> None:
    """Find by how many steps things are reached, without walking through what is left out; of code alone, only what leads to some."""

    def is_hidden(thing: Thing) -> bool:
        return part == "data" and not thing.is_run and thing in sorts and sorts[thing].word in NO_DATA_KINDS

    distance, waiting = {root: 0}, deque([root])
    inner: dict[Thing, list[Thing]] = {}
    while waiting:
        thing = waiting.popleft()
        for _, other in side.near.get(thing, ()):
            if other not in distance:
                if is_hidden(other):
                    continue
                distance[other] = distance[thing] + 1
                waiting.append(other)
            if distance[other] == distance[thing] + 1:
                inner.setdefault(other, []).append(thing)
    kept = distance
    if part == "code":
        nearer: dict[Thing, list[Thing]] = {}
        for thing in distance:
            for _, other in side.near.get(thing, ()):
                nearer.setdefault(other, []).append(thing)
        code = [thing for thing in distance if not thing.is_run and thing in sorts and sorts[thing].word in CODE_KINDS]
        leading = dict.fromkeys(code)
        waiting = deque(code)
        while waiting:
            for other in nearer.get(waiting.popleft(), ()):
                if other not in leading:
                    leading[other] = None
                    waiting.append(other)
        kept = {thing: steps for thing, steps in distance.items() if thing in leading}
    side.inner = inner
    side.levels = [[] for _ in range(max(kept.values(), default=0))]
    for thing, steps in kept.items():
        if steps:
            side.levels[steps - 1].append(thing)


class _Spots:
    """Places that are given to things, the nearest first, until there are enough."""

    def __init__(
        self,
        root: Thing,
        sorts: Mapping[Thing, _Sort],
        unfolded: Collection[str] | None,
        most: int,
        goals: Collection[Thing] = (),
    ) -> None:
        self.sorts, self.unfolded, self.most, self.goals = sorts, unfolded, most, goals
        self.spots = [Spot(_id_of(root), "one", None, (root,))]
        self.places = {root: 0}
        self.reached: dict[Thing, None] = {}
        self._far: dict[Direction, list[Thing]] = {"up": [], "down": []}

    def fill(self, sides: Sequence[_Side]) -> None:
        """Give places level by level, on both sides in turn; what is left has one place a side."""
        for number in range(max(len(side.levels) for side in sides)):
            for side in sides:
                if number < len(side.levels):
                    self._add_level(side, side.levels[number])
        for direction, things in self._far.items():
            if things:
                self._place(Spot(f"far/{direction}", "far", direction, tuple(things)))

    def _add_level(self, side: _Side, level: Sequence[Thing]) -> None:
        groups: dict[_Group, list[Thing]] = {}
        for thing in level:
            if thing in self.places or thing in self.reached:
                continue  # it is on both sides
            self.reached[thing] = None
            sort = self.sorts.get(thing)
            inner = tuple(sorted({self.places[other] for other in side.inner[thing] if other in self.places}))
            alone = thing if sort is None or sort.is_named or thing in self.goals else None
            groups.setdefault(_Group(inner, sort, thing.is_run, alone), []).append(thing)
        for group, things in sorted(groups.items(), key=lambda item: item[0].place):
            word = group.sort.word if group.sort is not None else ""
            fold_id = ""
            if len(things) >= FEWEST_FOLDED:
                near = " ".join(self.spots[place].id for place in group.inner)
                named = f"{side.direction} {group.is_run} {word} {near}"
                fold_id = hashlib.blake2b(named.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
            if fold_id and self.unfolded is not None and fold_id not in self.unfolded:
                spot = Spot(fold_id, "folded", side.direction, tuple(things), sort=word, fold_id=fold_id)
                self._place_if_room(side, spot)
                continue
            standing: Standing = "one" if group.sort is not None else "missing"
            for thing in things:
                spot = Spot(_id_of(thing), standing, side.direction, (thing,), sort=word, fold_id=fold_id)
                self._place_if_room(side, spot)

    def _place_if_room(self, side: _Side, spot: Spot) -> None:
        """Give a place, unless something nearer has none; two are kept for what is far."""
        far = self._far[side.direction]
        if spot.things[0] in self.goals:
            self._place(spot)
        elif far or len(self.spots) >= self.most - len(self._far):
            far.extend(spot.things)
        else:
            self._place(spot)

    def _place(self, spot: Spot) -> None:
        for thing in spot.things:
            self.places[thing] = len(self.spots)
        self.spots.append(spot)


def _id_of(thing: Thing) -> str:
    return f"{'run' if thing.is_run else 'version'}/{thing.key}"


def _links(sides: Iterable[_Side], places: Mapping[Thing, int]) -> list[Link]:
    """Give how spots are connected; what one of several things has to do with another of them is not drawn."""
    relations: dict[tuple[int, int], set[int]] = {}
    for side in sides:
        for thing, others in side.near.items():
            own = places.get(thing)
            for relation, other in others:
                place = places.get(other)
                if own is not None and place is not None and (own != place or thing == other):
                    ends = (place, own) if side.direction == "up" else (own, place)
                    relations.setdefault(ends, set()).add(relation)
    return [Link(*ends, tuple(sorted(words))) for ends, words in relations.items()]


def _with_heads(
    reader: Reader, connection: sqlite3.Connection, spots: Sequence[Spot], *, is_checked: bool
) -> list[Spot]:
    """Read what is said of the runs and versions that have a place, and of the first and the last one of several."""
    shown = {thing for spot in spots if spot.standing in ("one", "folded") for thing in (spot.things[0], spot.things[-1])}  # fmt: skip
    run_keys = [thing.key for thing in shown if thing.is_run]
    runs, versions = runs_by_key(connection, run_keys), versions_by_key(connection, [thing.key for thing in shown if not thing.is_run])  # fmt: skip
    there = runs_there(connection, run_keys)
    damaged_runs = run_damage(reader, connection, list(runs)) if is_checked else {}
    damaged_versions = version_damage(reader, connection, list(versions)) if is_checked else {}

    def head_of(thing: Thing) -> RunHead | VersionHead | None:
        if thing.is_run:
            run = runs.get(thing.key)
            return run and replace(run, damaged=damaged_runs.get(thing.key, ()))
        version = versions.get(thing.key)
        return version and replace(version, damaged=damaged_versions.get(thing.key, ()))

    heads = {thing: head_of(thing) for thing in shown}
    with_heads = []
    for spot in spots:
        first = heads.get(spot.things[0])
        if spot.standing == "one":
            is_deleted = isinstance(first, RunHead) and first.key not in there
            # What lost its artifact or its project cannot be read, and is as good as missing.
            spot = replace(spot, head=first, is_deleted=is_deleted, standing="one" if first is not None else "missing")
        elif spot.standing == "folded":
            spot = replace(spot, head=first, last=heads.get(spot.things[-1]))
        with_heads.append(spot)
    return with_heads
