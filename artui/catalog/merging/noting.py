"""Which packs of a team's folder are in a catalog: as rows of what was merged into it, so that a copy of it knows it, too."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from typing import Any

import orjson

from artui import clock
from artui.catalog import cells, events
from artui.catalog.ids import new_id

ENDING = ".pack"
REPLACES = "replaces"


def pack_names(connection: sqlite3.Connection) -> set[str]:
    """Give the names of all packs that are in a catalog, and of those that are in one of them."""
    names: set[str] = set()
    for location, report in connection.execute("SELECT location, report FROM merged WHERE location LIKE '%.pack'"):
        names.add(cells.text(location).rpartition("/")[2])
        names.update(_replaced(report))
    return names


def _replaced(report: Any) -> list[str]:
    try:
        said = orjson.loads(cells.text(report))
    except ValueError:
        return []
    names = said.get(REPLACES) if isinstance(said, dict) else None
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []


def note_pack(
    connection: sqlite3.Connection, location: str, catalog_id: str, counts: dict[str, Any], *, replaces: Collection[str] = ()
) -> None:  # fmt: skip
    """Note that a pack is in this catalog, within a transaction of it.

    Args:
        location: where it is kept, with its name at the end.
        catalog_id: of the catalog that it came from.
        counts: what it brought.
        replaces: names of packs that are in it.
    """
    connection.execute(
        "INSERT INTO merged (id, catalog_id, location, time_ms, author, report) VALUES (?, ?, ?, ?, ?, ?)",
        (
            new_id(), catalog_id, cells.storable(location), clock.now_ms(), events.author(),
            orjson.dumps(counts | ({REPLACES: sorted(replaces)} if replaces else {})).decode(),
        ),
    )  # fmt: skip
