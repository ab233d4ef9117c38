"""How a user has arranged a table: columns, widths, sorting, filter. Kept between sessions, and in saved views."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import orjson

from artui.query.runs.sorting import NEWEST_FIRST, Sort
from artui.settings import keep_state, read_state

MAX_COLUMNS = 200
MAX_SORTS = 8
MAX_GROUPING = 8
MAX_MARKED = 2000
"""With more marks than this none are remembered: they come from a pattern or an inversion, not one by one."""
ALL_BUT_SEED = "params:but-seed"
MAX_CHARS = 100_000
MAX_CATALOGS = 50
MIN_CELLS, MAX_CELLS = 3, 80
Place = Literal["runs", "artifacts", "versions"]
"""Which table is arranged."""
_NAMES = {
    "runs": "arrangements.json",
    "artifacts": "artifact-arrangements.json",
    "versions": "version-arrangements.json",
}


@dataclass(frozen=True, slots=True)
class Arrangement:
    """What the table shows, and how."""

    columns: tuple[str, ...] | None = None
    """Ids of the columns behind the name, from the left; None leaves the choice to artui."""
    pinned: int = 0
    """How many of the first columns stay when the table is scrolled sideways."""
    widths: Mapping[str, int] = field(default_factory=dict)
    """Cells of columns that the user made wider or narrower, by id."""
    sorts: tuple[Sort, ...] = (NEWEST_FIRST,)
    where: str = ""
    grouping: tuple[str, ...] = ()
    """Ids of the columns that runs are grouped by; `ALL_BUT_SEED` stands for all params that vary but the seeds."""
    marked: tuple[str, ...] = ()
    """Ids of the runs or versions that are marked; not part of a saved view."""
    orders_by_mean: bool = False
    """Whether groups are ordered by their means instead of by their first run."""

    def to_json(self) -> str:
        """Write the arrangement as JSON, which `arrangement_of` reads."""
        fields = {
            "columns": self.columns, "pinned": self.pinned, "widths": dict(self.widths),
            "sorts": [[sort.column, sort.is_descending] for sort in self.sorts], "where": self.where,
            "grouping": self.grouping, "orders_by_mean": self.orders_by_mean,
            "marked": self.marked,
        }  # fmt: skip
        return orjson.dumps(fields).decode()


USUAL: dict[Place, Arrangement] = {
    "runs": Arrangement(), "artifacts": Arrangement(sorts=()), "versions": Arrangement(sorts=()),
}  # fmt: skip
"""How tables stand until they are arranged: artifacts by stage, kind and name, versions the newest first, which is no order of a column."""


def arrangement_of(text: str, place: Place = "runs") -> Arrangement:
    """Read an arrangement, perhaps from a foreign catalog: leave out whatever is invalid."""
    try:
        fields = orjson.loads(text) if len(text) <= MAX_CHARS else {}
    except ValueError:
        fields = {}
    return _arrangement(fields if isinstance(fields, dict) else {}, USUAL[place])


def _arrangement(fields: dict[str, Any], usual: Arrangement) -> Arrangement:
    columns = fields.get("columns")
    widths = fields.get("widths")
    sorts = fields.get("sorts")
    pinned, where, grouping, marked = (fields.get(name) for name in ("pinned", "where", "grouping", "marked"))
    arrangement = replace(
        usual,
        columns=tuple(dict.fromkeys(column for column in columns if _is_id(column)))[:MAX_COLUMNS] if isinstance(columns, list) else None,
        pinned=min(pinned, 20) if isinstance(pinned, int) and pinned > 0 else 0,
        widths={key: min(MAX_CELLS, max(MIN_CELLS, cells)) for key, cells in widths.items() if isinstance(cells, int)} if isinstance(widths, dict) else {},
        where=where if isinstance(where, str) else "",
        grouping=tuple(dict.fromkeys(column for column in grouping if _is_id(column)))[:MAX_GROUPING] if isinstance(grouping, list) else (),
        orders_by_mean=fields.get("orders_by_mean") is True,
        marked=tuple(run_id for run_id in marked if isinstance(run_id, str))[:MAX_MARKED] if isinstance(marked, list) else (),
    )  # fmt: skip
    if isinstance(sorts, list):
        valid_sorts = [
            Sort(pair[0], bool(pair[1]))
            for pair in sorts
            if isinstance(pair, list) and len(pair) == 2 and _is_id(pair[0])
        ]
        arrangement = replace(arrangement, sorts=tuple(valid_sorts[:MAX_SORTS]) or usual.sorts)
    return arrangement


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and ":" in value


def load_arrangement(catalog: str, place: Place = "runs") -> Arrangement:
    """Give how the user left a table of a catalog; the usual arrangement if that is unknown."""
    return arrangement_of(_all(place).get(catalog, "{}"), place)


def keep_arrangement(catalog: str, arrangement: Arrangement, place: Place = "runs") -> None:
    """Remember how a table of a catalog was left; forget it if the file cannot be written."""
    kept = _all(place)
    kept.pop(catalog, None)
    kept[catalog] = arrangement.to_json()
    while len(kept) > MAX_CATALOGS:
        kept.pop(next(iter(kept)))
    keep_state(_NAMES[place], kept)


def follow(catalog_id: str, old: str, new: str) -> None:
    """Remember by its new path how the tables of a catalog were left that was moved."""
    was, now = f"{catalog_id} {old}", f"{catalog_id} {new}"
    for place, name in _NAMES.items():
        kept = _all(place)  # type: ignore[arg-type]
        moved = {key: f"{now}{key.removeprefix(was)}" for key in kept if key == was or key.startswith(f"{was} ")}
        if moved:
            keep_state(name, {moved.get(key, key): text for key, text in kept.items()})


def _all(place: Place) -> dict[str, str]:
    kept = read_state(_NAMES[place])
    return {key: text for key, text in kept.items() if isinstance(text, str)} if isinstance(kept, dict) else {}
