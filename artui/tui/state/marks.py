"""Marks in a table, as they are set by keys: one by one, a range, all others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from artui.safetext import cells_of, clean
from artui.units import plural

_NAME_CHARS = 40
MAX_NAMED = 12
"""Of what is out of sight so many are named at most."""


class Marks(NamedTuple):
    """What is marked, shown or not, and the line that was marked last."""

    keys: frozenset[int] = frozenset()
    last: int | None = None
    """As the table's lines name it: a row, or a group; None after one was unmarked."""

    def toggled(self, keys: Iterable[int], line: int) -> Marks:
        """Mark what a line stands for; if all of it is marked already, unmark it."""
        keys = frozenset(keys)
        is_marked = self.keys.issuperset(keys)
        return Marks(self.keys - keys if is_marked else self.keys | keys, None if is_marked else line)

    def with_range(self, lines: Sequence[int], place: int, keys_at: Callable[[int], Iterable[int]]) -> Marks:
        """Mark everything from the line that was marked last to the one at a place."""
        lines = list(lines)
        start = lines.index(self.last) if self.last in lines else place
        low, high = sorted((start, place))
        return self.with_keys(key for line in lines[low : high + 1] for key in keys_at(line))

    def with_keys(self, keys: Iterable[int]) -> Marks:
        """Mark more."""
        return self._replace(keys=self.keys.union(keys))

    def without(self, keys: Iterable[int]) -> Marks:
        """Unmark some."""
        return self._replace(keys=self.keys.difference(keys))

    def inverted(self, shown: Iterable[int]) -> Marks:
        """Mark of what is shown that which is not marked, and unmark that which is."""
        return self._replace(keys=self.keys.symmetric_difference(shown))

    def in_order(self, shown: Iterable[int]) -> list[int]:
        """Give what is marked: what is shown in its order, then what is not."""
        if not self.keys:
            return []
        first = [key for key in shown if key in self.keys]
        return first + sorted(self.keys.difference(first))


class Unmarked(NamedTuple):
    """What an edit took the marks off: what it took out of the lists."""

    runs: frozenset[int] = frozenset()
    versions: frozenset[int] = frozenset()


class Reach(NamedTuple):
    """What a key acts on: what is marked, or else what is in sight."""

    keys: tuple[int, ...] = ()
    hidden: tuple[int, ...] = ()
    """Those of them that are not in the list that is shown."""
    where: str = "not in this list"
    """Where the hidden ones are, in words: `hidden by the filter`."""

    @property
    def note(self) -> str:
        """What to say behind something that was done with all of it; empty if all of it is in sight."""
        return f" · {self._which}{self.where}" if self.hidden else ""

    @property
    def _which(self) -> str:
        count, hidden = len(self.keys), len(self.hidden)
        if count != hidden:
            return f"{hidden:,} of them "
        return "" if count == 1 else "both " if count == 2 else "all "

    def words(self, thing: str, names: Sequence[str] = (), *, cells: int = 1_000) -> str:
        """Say how many things are marked, how many of them are hidden, and what the first of these are called.

        Names that have no room are counted: `2 marked runs, both hidden by the filter: final-2 +1`.
        """
        hidden = len(self.hidden)
        words = f"{plural(len(self.keys), f'marked {thing}')}, {self._which}{self.where}"
        told = ""
        for place, name in enumerate(names):
            shorter = f"{told}, " if told else ""
            left = hidden - place - 1
            longer = f"{shorter}{clean(name, max_chars=_NAME_CHARS)}"
            if told and cells_of(f"{words}: {longer}{f' +{left:,}' if left else ''}") > cells:
                break
            told = longer
        else:
            place = len(names)
        left = hidden - place
        return f"{words}: {told}{f' +{left:,}' if left else ''}" if told else words


def reach_of(marked: Sequence[int], shown: Iterable[int], *, where: str) -> Reach:
    """Give what a key acts on where something is marked; `where` says where that is which is not shown."""
    hidden = set(marked).difference(shown)
    return Reach(tuple(marked), tuple(key for key in marked if key in hidden), where)


@dataclass
class VersionMarks:
    """Which versions are marked, on whichever screen they were, while the app runs."""

    marks: Marks = field(default_factory=Marks)
    is_loaded: bool = False
    """Whether those of the last time are among them."""
