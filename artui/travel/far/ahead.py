"""Which pages a reader will want next: those behind it in the file, or those of the same parent in a tree.

The pages of one table or index lie scattered over a file that has grown. Whoever reads it in order reads the children of a
page one by one: once that shows, more of them are wanted at once, so that a slow link is asked few times.
"""

from __future__ import annotations

import struct
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

_KEPT = 512
"""So many parents are known at a time."""
_MOST_CHILDREN = 256
_GROWTH = 4
_TABLE, _INDEX = 5, 2


@dataclass(slots=True)
class _Parent:
    """A page that names others."""

    children: tuple[int, ...]
    ahead: int = 1
    expected: int = -1
    """The place among its children that is wanted next by who reads in order."""


class Ahead:
    """What was seen of the trees in a catalog."""

    def __init__(self) -> None:
        self._parents: OrderedDict[int, _Parent] = OrderedDict()
        self._parent_of: dict[int, tuple[int, int]] = {}

    def see(self, number: int, page: bytes) -> None:
        """Note the children of a page, if it has some."""
        if number in self._parents or not page or page[100 if number == 1 else 0] not in (_TABLE, _INDEX):
            return
        children = tuple(_children(page, 100 if number == 1 else 0))
        above = self._parent_of.get(number)
        # Who has read the children of the page before this one in order will read these so, too.
        before = (
            self._parents[above[0]].children[above[1] - 1] if above and above[1] and above[0] in self._parents else 0
        )
        ahead = self._parents[before].ahead if before in self._parents else 1
        self._parents[number] = _Parent(children, ahead, 0 if ahead > 1 else -1)
        self._parent_of.update({child: (number, place) for place, child in enumerate(children)})
        if len(self._parents) > _KEPT:
            gone, parent = self._parents.popitem(last=False)
            for child in parent.children:
                if self._parent_of.get(child, (0, 0))[0] == gone:
                    del self._parent_of[child]

    def wanted(self, number: int) -> tuple[int, ...]:
        """Give the pages to fetch with one that is missing: itself first; it alone if nothing shows that more are wanted."""
        number_above, place = self._parent_of.get(number, (0, 0))
        parent = self._parents.get(number_above)
        if parent is None:
            return (number,)
        parent.ahead = min(_MOST_CHILDREN, parent.ahead * _GROWTH) if place == parent.expected else 1
        parent.expected = place + parent.ahead
        return parent.children[place : place + parent.ahead]


def _children(page: bytes, start: int) -> Iterator[int]:
    (count,) = struct.unpack_from(">H", page, start + 3)
    (last,) = struct.unpack_from(">I", page, start + 8)
    for cell in range(min(count, (len(page) - start - 12) // 2)):
        (place,) = struct.unpack_from(">H", page, start + 12 + 2 * cell)
        if place + 4 <= len(page):
            yield struct.unpack_from(">I", page, place)[0]
    yield last
