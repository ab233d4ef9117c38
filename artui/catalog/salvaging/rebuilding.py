"""Rows whose pages are lost, put together from what the indexes repeat of them.

Without its run nothing of a run could be kept, and without its name no param: one lost page would take others with it.
What no index repeats is left empty, and what is put together has a seal that it does not match, so that it is shown as
damaged wherever it is shown.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from artui.catalog import artifacts, cells
from artui.catalog.ids import derived_id, time_of
from artui.catalog.salvaging.layouts import Layout
from artui.catalog.salvaging.records import Record

Row = dict[str, Any]
Key = tuple[Any, ...]
Read = Callable[[str], Iterable[Record]]
"""Gives the rows of a table or index that can be read."""
NO_SEAL = b""
"""Matches nothing: what has it is damaged."""
_MODELLING = 2
LOST_KIND = "unknown"


def absent(connection: sqlite3.Connection, layouts: Mapping[str, Layout], read: Read, table: str) -> dict[Key, Row]:
    """Give what indexes have of rows that are not in their table, by the key of each."""
    keys = layouts[table].keys
    there = set(connection.execute(f"SELECT {', '.join(keys)} FROM {table}"))
    found: dict[Key, Row] = defaultdict(dict)
    for index in layouts.values():
        names = [column.name or keys[0] for column in index.columns]
        if not index.is_index or index.table != table or not set(keys) <= set(names):
            continue
        for record in read(index.name):
            row = dict(zip(names, record.values, strict=False))
            if index.fits(record.values) and (key := tuple(row[name] for name in keys)) not in there:
                found[key].update(row)
    return found


def completed(connection: sqlite3.Connection, layout: Layout, row: Row) -> Row | None:
    """Make a row of what indexes have of it; None if that is too little."""
    complete = COMPLETED[layout.table](connection, row)
    columns = {column.name for column in layout.columns}
    return None if complete is None else {name: value for name, value in complete.items() if name in columns}


def _name(_: sqlite3.Connection, row: Row) -> Row:
    return row


def _tag(_: sqlite3.Connection, row: Row) -> Row | None:
    return row if "value" in row else None


def _file(connection: sqlite3.Connection, row: Row) -> Row | None:
    found = connection.execute("SELECT digest, size_bytes FROM blob WHERE key = ?", (row["blob_key"],)).fetchone()
    return None if found is None else {"digest": found[0], "size_bytes": found[1]} | row


def _edge(connection: sqlite3.Connection, row: Row) -> Row:
    """A run makes something when that is saved, and uses it once it has begun."""
    table, column = ("run", "started_ms") if row["relation"] == 1 else ("version", "created_ms")
    found = connection.execute(f"SELECT {column} FROM {table} WHERE key = ?", (row["target_key"],)).fetchone()
    return {"created_ms": cells.integer(found[0]) if found else 0} | row


def _project(connection: sqlite3.Connection, row: Row) -> Row:
    begun = connection.execute("SELECT min(started_ms) FROM run WHERE project_key = ?", (row["key"],)).fetchone()[0]
    return {"created_ms": cells.integer(begun)} | row


def _origin(_: sqlite3.Connection, row: Row) -> Row:
    return {"installation": "", "place": "", "created_ms": 0} | row


def _run(_: sqlite3.Connection, row: Row) -> Row | None:
    return {"heartbeat_ms": row["started_ms"], "seal": NO_SEAL} | row if "started_ms" in row else None


def _artifact(connection: sqlite3.Connection, row: Row) -> Row | None:
    project = connection.execute("SELECT name FROM project WHERE key = ?", (row.get("project_key"),)).fetchone()
    if project is None:
        return None
    made = connection.execute("SELECT min(created_ms) FROM version WHERE artifact_key = ?", (row["key"],)).fetchone()[0]
    artifact_id = derived_id("artifact", cells.text(project[0]), row["name"])
    return {"id": artifact_id, "stage": _MODELLING, "kind": LOST_KIND, "created_ms": cells.integer(made)} | row


def _version(connection: sqlite3.Connection, row: Row) -> Row | None:
    if "id" not in row:
        return None
    rows = connection.execute("SELECT path, size_bytes, digest, link_target, blob_key FROM file WHERE version_key = ?", (row["key"],)).fetchall()  # fmt: skip
    files = [
        artifacts.NewFile(cells.text(path), cells.integer(size), digest if isinstance(digest, bytes) else None, link_target=None if link is None else cells.text(link))
        for path, size, digest, link, _ in rows
    ]  # fmt: skip
    made_ms = 0
    with contextlib.suppress(ValueError):
        made_ms = time_of(row["id"])
    return {
        "digest": artifacts.manifest_digest(files, row["id"]), "size_bytes": sum(file.size_bytes for file in files), "file_count": len(files),
        "created_ms": made_ms, "storage": "embedded" if any(row[4] is not None for row in rows) else "referenced", "seal": NO_SEAL,
    } | row  # fmt: skip


_SUMMED = ("count", "finite_count", "nan_count", "positive_inf_count", "negative_inf_count")


def _series(connection: sqlite3.Connection, row: Row) -> Row | None:
    """Sum up the blocks of a series, where its indexes do not."""
    blocks = connection.execute(
        f"SELECT {', '.join(f'sum({name})' for name in _SUMMED)}, min(min), max(max), total(sum), min(number) FROM block WHERE series_key = ?",
        (row["key"],),
    ).fetchone()
    if blocks[-1] is None or "labels" not in row:
        return None
    found: Row = dict(zip((*_SUMMED, "min", "max", "sum"), blocks[:-1], strict=True))
    for word, order in (("first", "number"), ("last", "number DESC")):
        end = connection.execute(f"SELECT {word}, {word}_step, {word}_ms FROM block WHERE series_key = ? ORDER BY {order} LIMIT 1", (row["key"],)).fetchone()  # fmt: skip
        found.update(zip((word, f"{word}_step", f"{word}_ms"), end, strict=True))
    return found | row


def _blob(connection: sqlite3.Connection, row: Row) -> Row | None:
    size = connection.execute(
        "SELECT sum(c.size_bytes) FROM blob_chunk AS b JOIN chunk AS c ON c.key = b.chunk_key WHERE b.blob_key = ?", (row["key"],)
    ).fetchone()[0]  # fmt: skip
    if size is None:
        whole = connection.execute("SELECT size_bytes FROM chunk WHERE digest = ?", (row.get("digest"),)).fetchone()
        size = whole[0] if whole else None
    return None if size is None else {"size_bytes": size} | row


COMPLETED: Mapping[str, Callable[[sqlite3.Connection, Row], Row | None]] = MappingProxyType({
    "name": _name, "origin": _origin, "run": _run, "project": _project, "blob": _blob, "file": _file, "version": _version, "artifact": _artifact,
    "series": _series, "tag": _tag, "edge": _edge,
})  # fmt: skip
"""By table, in this order, what makes a row of what the indexes have of it; None where that is too little."""
