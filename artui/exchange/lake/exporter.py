"""A catalog's rows into a lake: what is new is written, what was replaced is taken away, what is the same is not touched.

Rows alone leave, never content of files. Each partition is read, compared by digests with what is there, and written before the
next one: the memory that it takes does not grow with the catalog.
"""

from __future__ import annotations

import contextlib
import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from artui.content.stores import Store, opened
from artui.errors import UsageError
from artui.exchange.lake.places import (
    GroupParts,
    Manifest,
    Part,
    digest_of,
    folder_of,
    manifest_name,
    name_of,
    own_files,
    put_file,
    read_manifest,
    tag_of,
    take_away,
    write_manifest,
)
from artui.exchange.lake.tables import OF_RUNS, TABLES, typed
from artui.exchange.lake.writing import ParquetWriter
from artui.exchange.leaving.order import Exported, Order, Tell, selection_text
from artui.exchange.leaving.selection import OTHERS, Selection
from artui.exchange.leaving.suspects import Suspicion
from artui.query import outgoing
from artui.query.outgoing import Group, Row, Span
from artui.query.revisions import revision_of_ended

if TYPE_CHECKING:
    from artui.query.reader import Reader

FILE_POINTS = 1 << 19
"""About so many points are in one file: they are in memory while it is written."""
CHECKPOINT_SECONDS = 30.0
"""So often the manifest is written on the way: what it names need not be written again after a kill."""


def export(reader: Reader, dest: str, order: Order | None = None, *, is_dry: bool = False, tell: Tell | None = None) -> Exported:  # fmt: skip
    """Bring what a lake has of a catalog to what the catalog holds now.

    Args:
        reader: the catalog.
        dest: a folder, or the URI of one in a bucket.
        order: what is exported; by default all.
        is_dry: whether nothing is written there, and only counted.
        tell: told how far it is.

    Raises:
        UsageError: the lake has another selection of the catalog, or of a copy that went on by itself.
        StoreFailed: the lake cannot be read or written.
        PackageMissing: duckdb is not installed, or what the URI needs.
    """
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="artui-")))
        writer = ParquetWriter(folder)
        stack.callback(writer.close)
        store = opened(dest)
        return _Export(reader, store, order or Order(), writer, is_dry=is_dry, tell=tell).run()


class _Export:
    """One export on its way."""

    def __init__(
        self, reader: Reader, store: Store, order: Order, writer: ParquetWriter, *, is_dry: bool, tell: Tell | None
    ) -> None:  # fmt: skip
        self._reader, self._store, self._order, self._writer = reader, store, order, writer
        self._is_dry, self._tell = is_dry, tell
        self._tag = tag_of(reader.catalog_id)
        self._there = own_files(store, self._tag)
        self._by_folder: dict[str, set[str]] = {}
        for name in self._there:
            self._by_folder.setdefault(name.rpartition("/")[0], set()).add(name)
        if not is_dry:
            store.state(manifest_name(self._tag))  # a store that has none cannot have a lake
        before = read_manifest(store, reader.catalog_id)
        self._before = before or Manifest(reader.catalog_id)
        self._has_before = before is not None
        self._current = {
            name: part for name, part in self._before.parts.items() if self._there.get(name) == part.size_bytes
        }
        """What is there and whole, by name."""
        self._kept: set[str] = set()
        """What is to be there in the end, as far as it is known."""
        self._names: list[str] = []
        """Files of the group of runs that is read."""
        self._staged: list[tuple[str, str, Path, int]] = []
        """Files that wait for the end of their partition: table, name, where they lie, rows."""
        self._checkpoint = time.monotonic() + CHECKPOINT_SECONDS
        self._made = Exported(store.uri)
        self._suspicion = Suspicion(reader.catalog_id, self._made)

    def run(self) -> Exported:
        """Write what is new, then take away what is not of the catalog any more."""
        made = self._made
        with Selection.opened(self._reader, self._order) as chosen:
            origins = chosen.origins()
            self._check(self._order.selection, origins)
            self._manifest = Manifest(self._reader.catalog_id, self._order.selection, origins, self._current)
            self._runs(chosen)
            if chosen.is_whole:
                made.left_out = max(0, chosen.run_count() - made.rows["runs"])
            # First, so that what lies in the partitions of the others is known to stay.
            for table, some in chosen.answers():
                self._take(table, some.project, some.month, [typed(table, row) for row in some.rows])
                self._settle((), some.project, some.month)
            for table in OTHERS:
                self._others(chosen, table)
        return self._done()

    def _check(self, selection: dict[str, str], origins: Collection[str]) -> None:
        """Refuse to take away what was exported for another reason, or by somebody else.

        Raises:
            UsageError: that would happen.
        """
        if not self._has_before or self._order.replaces:
            return
        if self._before.selection != selection:
            was = selection_text(self._before.selection)
            raise UsageError(f"The lake has another part of this catalog: {was}.", remedy="Give the same --where and --project, another folder, or --replace.")  # fmt: skip
        if not set(self._before.origins) <= set(origins):
            raise UsageError(
                "The lake has what another copy of this catalog exported, which has gone on by itself.",
                remedy="Merge both with `artui merge`, and export that; or give --replace.",
            )

    # Runs

    def _runs(self, chosen: Selection) -> None:
        total = chosen.run_count()
        place = ("", "")
        for group in chosen.groups():
            if (group.project, group.month) != place:
                self._settle(OF_RUNS, *place)
                place = group.project, group.month
            self._group(chosen.connection, group)
            if self._tell is not None:
                self._tell("runs", self._made.rows["runs"], total)
        self._settle(OF_RUNS, *place)

    def _group(self, connection: sqlite3.Connection, group: Group) -> None:
        """Write a group of runs, unless none of them has changed since the export before."""
        # Before schema 8 nothing told edits of a run from what was recorded.
        word = revision_of_ended(connection, group.keys) if self._reader.schema_version >= 8 else ""
        word = word and digest_of("runs", [(word, group.project, group.month)])
        known = self._before.groups.get(word)
        if known is not None and all(name in self._current for name in known.names):
            self._kept.update(known.names)
            self._made.rows.update(known.rows)
        else:
            self._names, before = [], Counter(self._made.rows)
            self._group_anew(connection, group)
            known = GroupParts(tuple(self._names), dict(self._made.rows - before))
        if word:
            self._manifest.groups[word] = known

    def _group_anew(self, connection: sqlite3.Connection, group: Group) -> None:
        rows = outgoing.run_rows(connection, group, self._reader.catalog_id)
        self._made.running += sum(row[3] == "running" for row in rows)
        self._take("runs", group.project, group.month, rows)
        self._take("params", group.project, group.month, outgoing.param_rows(connection, group))
        self._take("tags", group.project, group.month, outgoing.tag_rows(connection, group))
        metrics, series = outgoing.metric_rows(connection, group)
        self._take("metrics", group.project, group.month, metrics)
        for spans in outgoing.spans(connection, series, FILE_POINTS):
            self._points(connection, group, spans)

    def _points(self, connection: sqlite3.Connection, group: Group, spans: Sequence[Span]) -> None:
        count = sum(span.point_count for span in spans)
        digest = digest_of("points", [(span.run_id, span.name, span.labels, span.start, span.digest) for span in spans])
        name = name_of(folder_of("points", group.project, group.month), self._tag, digest)
        if self._has("points", name, count):
            return
        self._count("points", count)
        if self._is_dry:
            return
        places, numbers, steps, times_ms = (np.empty(count, np.int64) for _ in range(4))
        values = np.empty(count, np.float64)
        at = 0
        for place, span in enumerate(spans):
            begin = at
            for part in outgoing.span_points(connection, span):
                many = len(part[2])
                steps[at : at + many], times_ms[at : at + many], values[at : at + many] = part
                at += many
            places[begin:at], numbers[begin:at] = place, np.arange(span.start, span.start + at - begin)
        # Damaged blocks are left out.
        self._made.damaged_points += count - at
        series = [(span.run_id, span.name, span.labels) for span in spans]
        path = self._writer.write_points(TABLES["points"], series, places[:at], numbers[:at], steps[:at], times_ms[:at], values[:at])  # fmt: skip
        self._stage("points", name, path, at)

    # Other tables

    def _others(self, chosen: Selection, table: str) -> None:
        place = ("", "")
        for project, month, rows in chosen.others(table):
            if (project, month) != place:
                self._settle((table,), *place)
                place = project, month
            self._take(table, project, month, rows)
            if self._tell is not None:
                self._tell(table, self._made.rows[table], self._made.rows[table])
        self._settle((table,), *place)

    # Files

    def _take(self, table: str, project: str, month: str, rows: Sequence[Row]) -> None:
        """Write some rows of a partition, unless they are there."""
        if not rows:
            return
        name = name_of(folder_of(table, project, month), self._tag, digest_of(table, rows))
        if self._has(table, name, len(rows)):
            return
        self._suspicion.look(table, TABLES[table], rows)
        if not self._is_dry:
            self._stage(table, name, self._writer.write(TABLES[table], rows), len(rows))
        self._count(table, len(rows))

    def _has(self, table: str, name: str, rows: int) -> bool:
        self._kept.add(name)
        self._names.append(name)
        self._made.rows[table] += rows
        return name in self._current

    def _count(self, table: str, rows: int) -> None:
        self._made.written[table] += rows
        self._made.written_files += 1

    def _stage(self, table: str, name: str, path: Path, rows: int) -> None:
        self._staged.append((table, name, path, rows))
        # Where nothing is replaced nobody can see anything twice.
        if not self._by_folder.get(name.rpartition("/")[0]):
            self._put()

    def _put(self) -> None:
        staged, self._staged = self._staged, []
        for _, name, path, rows in staged:
            if name in self._there:  # what an interrupted export left is not known to be whole
                self._store.remove(name)
            size_bytes = put_file(self._store, name, path)
            path.unlink()
            self._current[name] = Part(rows, size_bytes)
            self._made.written_bytes += size_bytes
        if staged and time.monotonic() > self._checkpoint:
            self._store.settle()
            write_manifest(self._store, self._manifest)
            self._checkpoint = time.monotonic() + CHECKPOINT_SECONDS

    def _settle(self, tables: Sequence[str], project: str, month: str) -> None:
        """End a partition: what is new goes there, and what it replaces is taken away."""
        if self._is_dry:
            return
        self._put()
        for table in tables:
            names = self._by_folder.get(folder_of(table, project, month), ())
            self._take_away([name for name in names if name not in self._kept])

    def _take_away(self, names: Sequence[str]) -> None:
        if not names:
            return
        self._store.settle()
        self._made.removed_files += take_away(self._store, names)
        for name in names:
            del self._there[name]
            self._by_folder[name.rpartition("/")[0]].discard(name)
            self._current.pop(name, None)

    def _done(self) -> Exported:
        made = self._made
        rest = [name for name in self._there if name not in self._kept]
        if self._is_dry:
            made.removed_files = len(rest)
        else:
            self._put()
            self._take_away(rest)
            self._store.settle()
            if made.written_files or made.removed_files or not self._has_before or self._manifest != self._before:
                write_manifest(self._store, self._manifest)
        made.files = len(self._kept)
        return made
