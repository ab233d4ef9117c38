"""Which page is of which table, in a file whose trees may be torn.

A page is found from its root, by the map of pages that a catalog has, or by what its rows look like: by the first of
these that fits what is in it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from artui.catalog.salvaging.layouts import MADE_ANEW, SCHEMA_TABLE, Layout, layouts_of, newest_version, texts_of
from artui.catalog.salvaging.pages import Pages
from artui.catalog.salvaging.records import OF_TABLES, Page, Record, page_of, records
from artui.errors import CatalogTooNew

_MAX_HOPS = 40
"""No tree of pages is as deep."""
_STORED = ("table", "index")
_OBJECTS = (*_STORED, "view", "trigger")
_SAMPLED = 8
"""So many rows of a page are compared with what a table can hold."""


@dataclass(slots=True)
class Sorted:
    """The pages of a file by what they are of."""

    version: int
    """Of the schema."""
    layouts: Mapping[str, Layout]
    pages: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    """By table or index, the pages that hold its rows, in their order as far as it is known."""
    lost: Counter[str] = field(default_factory=Counter)
    """By table or index, its pages that hold nothing that can be read."""
    strange: int = 0
    """Pages with rows of which nobody knows where they belong."""
    cells: Counter[str] = field(default_factory=Counter)
    """By table or index, rows that cannot be read on pages that can."""


class Sorter:
    """Sorts the pages of a file."""

    def __init__(self, pages: Pages) -> None:
        self._file = pages
        self._free = pages.free_pages()
        self._owners: dict[int, str] = {}
        """By page, what it is of, as far as trees tell."""
        self._roots: dict[int, str] = {}
        self._order: list[int] = []
        self._expected: dict[int, str] = {}
        """Pages that a tree names and that are none."""
        self._parents: set[int] = set()
        self._unsure: list[Page] = []
        self._moved: Counter[str] = Counter()
        self._come: Counter[str] = Counter()
        """By table or index, pages that are not where its tree has them; and pages that are found elsewhere."""

    def sort(self) -> Sorted:
        """Find out what each page is of."""
        schema_rows = list(self._schema_rows())
        version = _version_of(schema_rows, self._file.schema_version)
        self._sorted = Sorted(version, layouts_of(version))
        self._find_roots(schema_rows)
        for root, name in self._roots.items():
            self._walk(root, name)
        self._walk_map()
        seen = set(self._order)
        rest = (number for number in self._file.numbers(2) if number not in seen)
        for number in (*self._order, *rest):
            self._place(number)
        self._place_unsure()
        for number, name in self._expected.items():
            layout = self._layout(name)
            if number not in self._parents or (layout is not None and not layout.has_rowids):
                self._moved[name] += 1  # the inner page of a table holds no rows
        self._sorted.lost = +(self._moved - self._come)
        return self._sorted

    def page(self, number: int) -> Page | None:
        """Give a page of a tree; None if it is none."""
        return page_of(number, self._file(number), self._file.usable)

    def records(self, number: int) -> tuple[list[Record], int]:
        """Read the rows of a page."""
        page = self.page(number)
        return ([], 0) if page is None else records(page, self._file, self._file.usable)

    # Roots

    def _schema_rows(self) -> Iterator[Record]:
        """Give the rows of the table of the schema: of its tree, and of any page that looks like one of it."""
        layout = layouts_of(newest_version())[SCHEMA_TABLE]
        self._roots[1] = SCHEMA_TABLE
        self._walk(1, SCHEMA_TABLE)
        first = [number for number, name in self._owners.items() if name == SCHEMA_TABLE]
        known = set(first)
        for number in (*first, *(each for each in self._file.numbers(2) if each not in known)):
            if number in self._free:
                continue
            page = self.page(number)
            if page is not None and page.kind in OF_TABLES and not page.is_interior:
                for record in self.records(number)[0]:
                    if not layout.fits(record.values) or record.values[0] not in _OBJECTS:
                        break
                    yield record

    def _find_roots(self, schema_rows: Iterable[Record]) -> None:
        names = set(self._roots.values())
        for record in schema_rows:
            name, root = str(record.values[1]), record.values[3]
            if name not in names and isinstance(root, int) and 1 < root <= self._file.count:
                self._roots[root] = name
                names.add(name)
        self._name_roots([layout for name, layout in self._sorted.layouts.items() if name not in names])

    def _name_roots(self, lacking: list[Layout]) -> None:
        """Find the roots of tables and indexes whose rows of the schema are lost, by what is below them."""
        for number in self._file.numbers(3) if lacking else ():
            above = self._file.above(number)
            if above is None or above.kind != 1 or number in self._roots:
                continue
            page = self.page(number)
            for _ in range(_MAX_HOPS):
                if page is None or not page.is_interior or page.kind not in OF_TABLES:
                    break
                page = self.page(page.children[0])
            rows = self.records(page.number)[0] if page is not None else []
            if rows and page is not None:
                name = _only(lacking, rows, is_table=page.kind in OF_TABLES)
                if name:
                    self._roots[number] = name
                    lacking = [layout for layout in lacking if layout.name != name]

    # Trees

    def _walk(self, root: int, name: str) -> None:
        """Go through a tree from its root."""
        waiting = [root]
        while waiting:
            number = waiting.pop()
            if number in self._owners:
                continue
            page = self.page(number)
            if page is None:
                if number >= 1:
                    self._expected.setdefault(number, name)
                continue
            self._owners[number] = name
            self._order.append(number)
            if page.is_interior:
                if all(child in self._owners for child in page.children):
                    self._moved[name] += 1  # the inner page of another place: what was here is not
                self._parents.add(number)
                # In their order; an inner page of another kind belongs to another tree, and is sorted by what it holds.
                if self._is_of(page, name):
                    waiting += reversed(page.children)

    def _is_of(self, page: Page, name: str) -> bool:
        layout = self._layout(name)
        return layout is None or layout.has_rowids == (page.kind in OF_TABLES)

    def _layout(self, name: str) -> Layout | None:
        return layouts_of(newest_version())[name] if name == SCHEMA_TABLE else self._sorted.layouts.get(name)

    def _walk_map(self) -> None:
        """Find by the map of pages what trees that are torn do not name."""
        for number in self._file.numbers(3):
            above = self._file.above(number)
            if above is None or not above.is_of_tree or number in self._free:
                continue
            if above.kind == 5:
                self._parents.add(above.parent)
            if number in self._owners:
                continue
            name = self._by_map(number)
            if name:
                if self.page(number) is None:
                    self._expected.setdefault(number, name)
                else:
                    self._owners[number] = name

    def _by_map(self, number: int) -> str:
        """Give what a page is of by the pages above it; empty if that leads nowhere."""
        for _ in range(_MAX_HOPS):
            if number in self._roots:
                return self._roots[number]
            above = self._file.above(number)
            if above is None or not above.is_of_tree or above.kind == 1:
                return ""
            if self._owners.get(above.parent) is not None and above.parent in self._roots:
                return self._roots[above.parent]
            number = above.parent
        return ""

    # What is in them

    def _place(self, number: int) -> None:
        """Put a page where its rows belong."""
        above, owner = self._file.above(number), self._owners.get(number, "")
        is_free = number in self._free or (above is not None and above.is_free)
        page = self.page(number)
        if page is None or (is_free and not owner) or self._file.is_map(number):
            return
        if page.is_interior and page.kind in OF_TABLES:
            layout = self._layout(owner)
            self._moved[owner] += layout is not None and not layout.has_rowids
            return
        if not owner and above is not None and not above.is_of_tree:
            return  # what a long row goes on in can look like anything
        rows, bad = self.records(number)
        if not rows:
            if bad and owner:
                self._sorted.cells[owner] += bad
            return
        name = self._by_content(page, rows, owner)
        if name:
            self._sorted.pages[name].append(number)
            self._sorted.cells[name] += bad
        if owner and owner != name:
            self._moved[owner] += 1
            self._come[name] += 1
        if not name:
            self._unsure.append(page)

    def _place_unsure(self) -> None:
        """Put pages that could be of several tables to the only one of these that lacks one."""
        for page in self._unsure:
            rows, bad = self.records(page.number)
            is_table = page.kind in OF_TABLES
            fitting = [layout.name for layout in self._sorted.layouts.values() if not layout.is_index and layout.has_rowids == is_table and _fit(layout, rows)]  # fmt: skip
            lacking = [name for name in fitting if self._moved[name] > self._come[name] or not self._sorted.pages[name]]
            if len(lacking) == 1:
                self._sorted.pages[lacking[0]].append(page.number)
                self._sorted.cells[lacking[0]] += bad
                self._come[lacking[0]] += 1
            elif fitting or not self._owners.get(page.number):
                self._sorted.strange += 1

    def _by_content(self, page: Page, rows: list[Record], owner: str) -> str:
        """Say of which table or index rows can be: of what a tree says, or else of the only one that they fit."""
        is_table = page.kind in OF_TABLES
        layout = self._layout(owner) if owner else None
        if layout is not None and layout.has_rowids == is_table and _fit(layout, rows):
            return owner
        return _only(self._sorted.layouts.values(), rows, is_table=is_table)


def _only(layouts: Iterable[Layout], rows: list[Record], *, is_table: bool) -> str:
    """Name the only table or index that rows can be of; empty if there is none, or more than one."""
    fitting = [
        each.name
        for each in layouts
        if each.has_rowids == is_table and not MADE_ANEW.match(each.name.removeprefix("sqlite_autoindex_")) and _fit(each, rows)
    ]  # fmt: skip
    return fitting[0] if len(fitting) == 1 else ""


def _fit(layout: Layout, rows: list[Record]) -> bool:
    sample = rows[:: max(1, len(rows) // _SAMPLED)]
    return 2 * sum(layout.fits(row.values) for row in sample) > len(sample)


def _version_of(schema_rows: Iterable[Record], stated: int) -> int:
    """Give the schema that a file has: what its head says, unless it has tables of a newer one.

    Raises:
        CatalogTooNew: it is newer than any that is known here.
    """
    newest, rows = newest_version(), list(schema_rows)
    names = {str(record.values[1]) for record in rows if record.values[0] in _STORED}
    if stated > newest and any(name not in layouts_of(newest) and not MADE_ANEW.search(name) for name in names):
        raise CatalogTooNew(f"It has schema {stated}, this artui knows up to {newest}.", remedy="Upgrade artui to salvage it.")  # fmt: skip
    # What is left of the texts of its objects fits some schemas best: of these it is the newest where the head is gone, which has
    # room for all rows of older ones.
    texts = {(str(record.values[1]), str(record.values[4])) for record in rows}
    fitting = {version: len(texts & texts_of(version)) for version in range(1, newest + 1)}
    best = [version for version, count in fitting.items() if count == max(fitting.values())]
    return max(best[0], stated) if 1 <= stated <= newest else best[-1]
