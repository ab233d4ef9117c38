"""`artui share`: a catalog, or a part of it, as one plain file for somebody else.

It is a copy of rows, not of pages: what was deleted from the catalog is not in it. It is made whole in a folder of its
own beside its place, checked, and put there at once.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
import tempfile
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from artui.catalog import Catalog, cells, points, seals
from artui.catalog.artifacts import OUTSIDE
from artui.catalog.chain import is_chained
from artui.catalog.checking import Finding, check_data, check_links, check_points
from artui.catalog.merging.merge import Merged, merge_one
from artui.catalog.merging.slices import Slice, slice_of, with_children
from artui.catalog.merging.sources import Source, open_source
from artui.catalog.redacting import Redacted, Suspect, redact, suspects
from artui.errors import CatalogDamaged, UsageError
from artui.travel.placing import folder_beside, in_words_of, put, refuse

Tell = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and of how much."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is shared of a catalog."""

    run_ids: Collection[str] | None = None
    """Of a part: the runs that it has, with all that they need; None for the whole catalog."""
    version_ids: Collection[str] = ()
    """Of a part: versions, with all that they need."""
    with_children: Collection[str] = ()
    """Ids of those among the runs whose parts come, too."""
    has_content: bool = True
    is_plain: bool = False
    """Whether points are stored as plain arrays, for readers with nothing but SQLite."""
    redacted: frozenset[str] = frozenset()
    """The classes of facts that are taken out (`catalog.redacting.CLASSES`)."""


@dataclass(frozen=True, slots=True)
class Count:
    """How much of something goes out, and how much stays."""

    shared: int
    kept_back: int


@dataclass(frozen=True, slots=True)
class Outside:
    """Files that a shared catalog only refers to: whoever gets it does not get them."""

    version_id: str
    reference: str
    location: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Shared:
    """What went out, and what stayed."""

    path: Path
    size_bytes: int
    runs: Count
    versions: Count
    points: int
    content_bytes: Count
    """Stored bytes of files, as long as the files are."""
    journal_entries: int
    outside: tuple[Outside, ...]
    merged: Merged
    """What was damaged in the source, and left out."""
    redacted: Redacted | None = None
    suspects: tuple[Suspect, ...] = ()
    """Texts that look like secrets and go out, where nothing was redacted."""
    running: tuple[str, ...] = field(default=())
    """Names of runs that were going on: what they log later is not in it."""


def share(
    path: Path,
    out: Path,
    order: Order,
    *,
    is_dry: bool = False,
    replaces: bool = False,
    keeps_mode: bool = True,
    word: str = "shared",
    tell: Tell | None = None,
) -> Shared:
    """Write a catalog, or a part of it, as it is at this moment into a file of its own.

    Args:
        path: the catalog, which may be being written.
        out: the file that is made.
        order: what is shared.
        is_dry: whether the file is only made to see what would be in it.
        replaces: whether a file that is there is replaced.
        keeps_mode: whether the same users may read and write it as the catalog; else those who may do so with any new file.
        word: what is done, as errors say it.
        tell: told how far it is.

    Raises:
        UsageError: there is such a file; or nothing would be in it.
        CatalogError: of its kinds: the catalog cannot be read, or the file cannot be made.
    """
    refuse(path, out, replaces=replaces, word=word)
    with contextlib.ExitStack() as stack:
        if is_dry:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="artui-")))
        else:
            folder = stack.enter_context(folder_beside(out))
        source = stack.enter_context(open_source(path))
        made = folder / out.name
        with in_words_of(made, out, otherwise=f"nothing was {word}"):
            shared = _make(source, made, order, tell)
            check_copy(made, source, shared.merged, tell)
        shared = replace(shared, path=made if is_dry else out, size_bytes=made.stat().st_size)
        if not is_dry:
            put(made, out, mode=stat.S_IMODE(os.stat(path if keeps_mode else made).st_mode), replaces=replaces)
    return shared


def _make(source: Source, made: Path, order: Order, tell: Tell | None) -> Shared:
    theirs = source.connection
    only = _slice(theirs, order)
    if only is not None and not only.run_ids and not only.version_ids:
        raise UsageError("Nothing would be in it.", remedy="`artui ls` shows what there is.")
    with Catalog(made) as catalog:
        redacted = None
        with catalog.transaction() as connection:
            merged = merge_one(connection, source, tell, only=only, has_content=order.has_content)
            if order.is_plain:
                points.make_plain(connection)
            if order.redacted:
                redacted = redact(connection, order.redacted, catalog_id=source.catalog_id, tell=tell)
        if redacted is not None:
            catalog.vacuum()
        with catalog.transaction() as connection:
            counts = {table: _count(connection, f"SELECT count(*) FROM {table}") for table in ("run", "version")}
            shared_bytes = _count(connection, _STORED_BYTES)
            shared = Shared(
                path=made, size_bytes=0, runs=_of(counts["run"], _count(theirs, "SELECT count(*) FROM run")),
                versions=_of(counts["version"], _count(theirs, "SELECT count(*) FROM version")),
                points=_count(connection, "SELECT sum(count) FROM block"),
                content_bytes=_of(shared_bytes, _count(theirs, _STORED_BYTES)),
                journal_entries=_count(connection, "SELECT count(*) FROM event WHERE action <> ''"), outside=tuple(_outside(connection)),
                merged=merged, redacted=redacted, suspects=() if order.redacted else tuple(suspects(connection, catalog_id=source.catalog_id)),
                running=tuple(cells.text(row[0]) for row in connection.execute("SELECT name FROM run WHERE status = 0 AND deleted_ms IS NULL ORDER BY name")),
            )  # fmt: skip
    return shared


_STORED_BYTES = "SELECT sum(f.size_bytes) FROM file AS f WHERE f.blob_key IS NOT NULL"


def _of(shared: int, all_there_are: int) -> Count:
    return Count(shared, max(0, all_there_are - shared))


def _count(connection: sqlite3.Connection, query: str) -> int:
    return cells.integer(connection.execute(query).fetchone()[0])


def _slice(connection: sqlite3.Connection, order: Order) -> Slice | None:
    """Give what is taken of the source; None for all of it. What is in the trash goes to nobody who gets a redacted copy."""
    run_keys = version_keys = None
    if order.run_ids is not None:
        run_keys = _keys(connection, "run", order.run_ids)
        run_keys |= with_children(connection, _keys(connection, "run", order.with_children))
        version_keys = _keys(connection, "version", order.version_ids)
    elif order.redacted:
        run_keys, version_keys = (
            {int(key) for (key,) in connection.execute(f"SELECT key FROM {table} WHERE deleted_ms IS NULL")}
            for table in ("run", "version")
        )
    return None if run_keys is None or version_keys is None else slice_of(connection, run_keys, version_keys)


def _keys(connection: sqlite3.Connection, table: str, ids: Collection[str]) -> set[int]:
    found = (connection.execute(f"SELECT key FROM {table} WHERE id = ?", (each,)).fetchone() for each in ids)
    return {int(row[0]) for row in found if row is not None}


def _outside(connection: sqlite3.Connection) -> Iterator[Outside]:
    """Give the versions whose files lie elsewhere."""
    for version_id, name, number, location, size in connection.execute(
        "SELECT v.id, a.name, v.number, v.location, v.size_bytes FROM version AS v JOIN artifact AS a ON a.key = v.artifact_key "
        "WHERE v.deleted_ms IS NULL AND v.location <> '' AND v.size_bytes > 0 "
        f"AND v.storage IN ({', '.join(map(repr, OUTSIDE))}) AND EXISTS (SELECT 1 FROM file AS f WHERE f.version_key = v.key AND f.blob_key IS NULL AND f.link_target IS NULL) ORDER BY a.name, v.number"
    ):
        yield Outside(
            cells.text(version_id), f"{cells.text(name)}:v{cells.integer(number)}", cells.text(location), cells.integer(size)
        )  # fmt: skip


def check_copy(made: Path, source: Source, merged: Merged, tell: Tell | None) -> None:
    """Read all that was written once more: only what is damaged in the source may be so in the copy.

    Raises:
        CatalogDamaged: something else is, as on a bad disk.
    """
    known = {*merged.damaged, *merged.missing_content}
    for finding in check_data(made, tell=tell):
        if finding.id not in known and not _is_damaged(source.connection, finding):
            raise CatalogDamaged(
                f"The copy is not what was written: {finding.name} {finding.text}.",
                remedy="Nothing was shared. See to the disk, and try again.",
            )


def _is_damaged(connection: sqlite3.Connection, finding: Finding) -> bool:
    """Whether what is wrong in the copy is so in the source already."""
    if finding.kind == "link":
        return any(each.kind == "link" for each in check_links(connection))
    for table, find in (("run", seals.run_damage), ("version", seals.version_damage)):
        row = connection.execute(f"SELECT key FROM {table} WHERE id = ?", (finding.id,)).fetchone()
        if row is not None:
            return bool(find(connection, [int(row[0])])) or (
                table == "run" and any(each.id == finding.id for each in check_points(connection, run_key=int(row[0])))
            )
    return not is_chained(connection, finding.id)
