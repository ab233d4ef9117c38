"""Objects of a store that none of the catalogs names which share it: marked first, removed once they have been so for long.

A mark is an empty file of the store, `unnamed/DIGEST-TIME`. It is taken away when a catalog names the object again, and
by whoever wants to put that object there and finds it: what is just being saved is not removed. Whatever is not called
as objects and marks are is never touched, and an interrupted sweep is gone on with by the next.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from artui.content.stores.store import Store, object_name

FOLDER = "unnamed"
_MARK = re.compile(rf"{FOLDER}/([0-9a-f]{{64}})-(\d{{1,14}})\Z")
_AT_ONCE = 200
"""After so many objects the marks and the catalogs are asked anew."""

Named = Callable[[], set[str]]
"""Gives the digests that the catalogs name now, as hex."""
Tell = Callable[[int], None]
"""Called with the number of objects that were seen to."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """What there is in a store, and what would be done with it; digests are hex."""

    named_count: int
    """Objects that a catalog names: these stay."""
    named_bytes: int
    marked: tuple[str, ...]
    """Those that no catalog names, and that are not marked yet: marked now."""
    waiting: tuple[str, ...]
    """Those that were marked not long ago."""
    removed: tuple[str, ...]
    """Those that were marked long ago: removed now."""
    unmarked: tuple[str, ...]
    """Names of marks that mean nothing any more: taken away now."""
    sizes: Mapping[str, int]
    """In bytes, of what no catalog names."""

    def bytes_of(self, digests: Iterable[str]) -> int:
        """Add up the sizes of objects that no catalog names."""
        return sum(self.sizes[digest] for digest in digests)


def plan(store: Store, named: set[str], *, now_ms: int, grace_ms: int) -> Sweep:
    """Work out what a sweep would do, and change nothing.

    Raises:
        StoreFailed: the store cannot be asked.
    """
    objects = {name.rpartition("/")[2]: size_bytes for name, size_bytes in store.names()}
    marks = _marks(store)
    unnamed = {digest: size_bytes for digest, size_bytes in sorted(objects.items()) if digest not in named}
    due = tuple(digest for digest in unnamed if digest in marks and max(marks[digest].values()) <= now_ms - grace_ms)
    return Sweep(
        named_count=len(objects) - len(unnamed), named_bytes=sum(objects.values()) - sum(unnamed.values()),
        marked=tuple(digest for digest in unnamed if digest not in marks),
        waiting=tuple(digest for digest in unnamed if digest in marks and digest not in set(due)),
        removed=due, unmarked=tuple(name for digest, names in marks.items() if digest not in unnamed for name in names), sizes=unnamed,
    )  # fmt: skip


def carry_out(store: Store, planned: Sweep, named: Named, *, now_ms: int, tell: Tell) -> Sweep:
    """Do what was planned, but for what a catalog names by now or somebody is just putting there; give what was done.

    Raises:
        StoreFailed: the store cannot be asked or changed; what was done until then stays done.
    """
    for name in planned.unmarked:
        store.remove(name)
    for digest in planned.marked:
        store.put(f"{FOLDER}/{digest}-{now_ms}", 0, ())
        tell(1)
    removed: list[str] = []
    for start in range(0, len(planned.removed), _AT_ONCE):
        # The marks last: who takes one away while the catalogs are read is about to name its object in one of them.
        names_now = named()
        marks = _marks(store)
        for digest in planned.removed[start : start + _AT_ONCE]:
            names = marks.get(digest, ())
            if names and digest not in names_now and all(store.size(name) is not None for name in names):
                # The object first: an interruption in between leaves a mark without one, which the next sweep takes away.
                store.remove(object_name(bytes.fromhex(digest)))
                for name in names:
                    store.remove(name)
                removed.append(digest)
            tell(1)
    return replace(planned, removed=tuple(removed))


def wanted(store: Store, digest: str, marks: dict[str, list[str]]) -> bool:
    """Take the marks of an object away that is just being put into a store, and is there; false if it was removed meanwhile."""
    names = marks.pop(digest, [])
    for name in names:
        store.remove(name)
    return not names or store.size(object_name(bytes.fromhex(digest))) is not None


def marks_of(store: Store) -> dict[str, list[str]]:
    """List the marks of a store: the names of each object's, by its digest."""
    return {digest: list(names) for digest, names in _marks(store).items()}


def _marks(store: Store) -> dict[str, dict[str, int]]:
    """Give the marks of each object, by digest, with their times in milliseconds."""
    marks: dict[str, dict[str, int]] = {}
    for name, digest, time_ms in _matching(store):
        marks.setdefault(digest, {})[name] = time_ms
    return marks


def _matching(store: Store) -> Iterator[tuple[str, str, int]]:
    for name, _ in store.listed(FOLDER):
        if match := _MARK.match(name):
            yield name, match[1], int(match[2])
