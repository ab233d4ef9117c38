"""Versions whose files lie outside of the catalog, and whether these are still there."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from artui.catalog import cells
from artui.catalog.artifacts import OUTSIDE
from artui.content.reading import Reference, is_gone, is_known_here
from artui.errors import ArtuiError
from artui.query.artifacts import blob_or_reference

if TYPE_CHECKING:
    from artui.query.reader import Reader


@dataclass(frozen=True, slots=True)
class Referenced:
    """A version whose files lie elsewhere."""

    id: str
    reference: str
    location: str
    host: str
    size_bytes: int
    state: Literal["there", "gone", "unknown"]
    """`unknown`: it lies in a store, on another machine, or was recorded by somebody else, whose paths are not looked at unasked."""
    text: str
    """What is gone, or why it was not looked for."""

    @property
    def is_wrong(self) -> bool:
        """Whether something of it is gone, or has another size."""
        return self.state == "gone"


def referenced(reader: Reader) -> Iterator[Referenced]:
    """Look for the files of each version that lies outside of the catalog, by name and size; nothing is read."""
    with reader.snapshot() as connection:
        rows = connection.execute(
            "SELECT v.key, v.id, a.name, v.number, v.location, v.host, v.size_bytes FROM version AS v JOIN artifact AS a ON a.key = v.artifact_key "
            f"WHERE v.storage IN ({', '.join(map(repr, OUTSIDE))}) AND v.deleted_ms IS NULL ORDER BY a.name, v.number"
        ).fetchall()
        for key, version_id, name, number, location, host, size in rows:
            state, text = _state(reader, connection, key)
            yield Referenced(
                cells.text(version_id), f"{cells.text(name)}:v{cells.integer(number)}", cells.text(location), cells.text(host), cells.integer(size),
                state, text,
            )  # fmt: skip


def _state(
    reader: Reader, connection: sqlite3.Connection, version_key: int
) -> tuple[Literal["there", "gone", "unknown"], str]:
    paths = connection.execute(
        "SELECT f.path FROM file AS f WHERE f.version_key = ? AND f.blob_key IS NULL AND f.link_target IS NULL ORDER BY f.path", (version_key,)
    ).fetchall()  # fmt: skip
    missing, why_not = [], ""
    for (path,) in paths:
        try:
            place = blob_or_reference(reader, connection, version_key, cells.text(path))
        except ArtuiError as error:
            why_not = error.message
            continue
        if not isinstance(place, Reference):
            continue
        if not is_known_here(place):
            return (
                "unknown",
                "in a store" if place.is_stored else f"on {place.host}" if place.host else "recorded by somebody else",
            )
        if is_gone(place):
            missing.append(cells.text(path))
    if missing:
        return (
            "gone",
            f"{missing[0]}{f' and {len(missing) - 1:,} more files' if len(missing) > 1 else ''}, gone or of another size",
        )
    return ("unknown", why_not) if why_not else ("there", "")
