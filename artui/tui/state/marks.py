"""Marks in a table, as they are set by keys: one by one, a range, all others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple


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

    def inverted(self, shown: Iterable[int]) -> Marks:
        """Mark of what is shown that which is not marked, and unmark that which is."""
        return self._replace(keys=self.keys.symmetric_difference(shown))

    def in_order(self, shown: Iterable[int]) -> list[int]:
        """Give what is marked: what is shown in its order, then what is not."""
        if not self.keys:
            return []
        first = [key for key in shown if key in self.keys]
        return first + sorted(self.keys.difference(first))


@dataclass
class VersionMarks:
    """Which versions are marked, on whichever screen they were, while the app runs."""

    marks: Marks = field(default_factory=Marks)
    is_loaded: bool = False
    """Whether those of the last time are among them."""
