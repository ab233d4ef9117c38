"""How a user has arranged the table of runs: columns, widths, sorting, filter. Kept between sessions, and in saved views."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from artui.query.runs.sorting import NEWEST_FIRST, Sort
from artui.settings import keep_state, read_state

MAX_COLUMNS = 200
MAX_SORTS = 8
MAX_GROUPING = 8
MAX_MARKED = 2000
"""Of more marks none are remembered: they come from a pattern or an inversion, not one by one."""
ALL_BUT_SEED = "params:but-seed"
MAX_CHARS = 100_000
MAX_CATALOGS = 50
MIN_CELLS, MAX_CELLS = 3, 80
_NAME = "arrangements.json"


@dataclass(frozen=True, slots=True)
class Arrangement:
    """What the table shows, and how."""

    columns: tuple[str, ...] | None = None
    """Ids of the columns behind the name, from the left; None leaves the choice to artui."""
    pinned: int = 0
    """So many of the first columns stay when the table is scrolled sideways."""
    widths: Mapping[str, int] = field(default_factory=dict)
    """Cells of columns that the user made wider or narrower, by id."""
    sorts: tuple[Sort, ...] = (NEWEST_FIRST,)
    where: str = ""
    grouping: tuple[str, ...] = ()
    """Ids of the columns that runs are grouped by; `ALL_BUT_SEED` stands for all params that vary but the seeds."""
    marked: tuple[str, ...] = ()
    """Ids of the runs that are marked; not part of a saved view."""
    orders_by_mean: bool = False
    """Whether groups stand in the order of their means, instead of that of their first run."""

    def to_json(self) -> str:
        told = {
            "columns": self.columns, "pinned": self.pinned, "widths": dict(self.widths),
            "sorts": [[sort.column, sort.is_descending] for sort in self.sorts], "where": self.where,
            "grouping": self.grouping, "orders_by_mean": self.orders_by_mean,
            "marked": self.marked,
        }  # fmt: skip
        return orjson.dumps(told).decode()


def arrangement_of(text: str) -> Arrangement:
    """Read an arrangement, of a catalog from elsewhere maybe: what makes no sense is left out."""
    try:
        told = orjson.loads(text) if len(text) <= MAX_CHARS else {}
    except ValueError:
        told = {}
    return _arrangement(told if isinstance(told, dict) else {})


def _arrangement(told: dict[str, Any]) -> Arrangement:
    columns = told.get("columns")
    widths = told.get("widths")
    sorts = told.get("sorts")
    pinned, where, grouping, marked = (told.get(name) for name in ("pinned", "where", "grouping", "marked"))
    found = Arrangement(
        columns=tuple(dict.fromkeys(each for each in columns if _is_id(each)))[:MAX_COLUMNS] if isinstance(columns, list) else None,
        pinned=min(pinned, 20) if isinstance(pinned, int) and pinned > 0 else 0,
        widths={key: min(MAX_CELLS, max(MIN_CELLS, cells)) for key, cells in widths.items() if isinstance(cells, int)} if isinstance(widths, dict) else {},
        where=where if isinstance(where, str) else "",
        grouping=tuple(dict.fromkeys(each for each in grouping if _is_id(each)))[:MAX_GROUPING] if isinstance(grouping, list) else (),
        orders_by_mean=told.get("orders_by_mean") is True,
        marked=tuple(each for each in marked if isinstance(each, str))[:MAX_MARKED] if isinstance(marked, list) else (),
    )  # fmt: skip
    if isinstance(sorts, list):
        read = [
            Sort(pair[0], bool(pair[1]))
            for pair in sorts
            if isinstance(pair, list) and len(pair) == 2 and _is_id(pair[0])
        ]
        found = replace(found, sorts=tuple(read[:MAX_SORTS]) or (NEWEST_FIRST,))
    return found


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and ":" in value


def load_arrangement(catalog: str) -> Arrangement:
    """Give how the user left the table of a catalog; the usual arrangement if that is not known."""
    return arrangement_of(_all().get(catalog, "{}"))


def keep_arrangement(catalog: str, arrangement: Arrangement) -> None:
    """Remember how the table of a catalog was left; where it cannot be written it is not remembered."""
    kept = _all()
    kept.pop(catalog, None)
    kept[catalog] = arrangement.to_json()
    while len(kept) > MAX_CATALOGS:
        kept.pop(next(iter(kept)))
    keep_state(_NAME, kept)


def _all() -> dict[str, str]:
    found = read_state(_NAME)
    return {key: text for key, text in found.items() if isinstance(text, str)} if isinstance(found, dict) else {}
