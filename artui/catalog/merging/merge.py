"""`artui merge`: the union of catalogs, in one transaction, whole or not at all."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

from artui import clock
from artui.catalog import Catalog, artifacts, cells, events, runs, seals
from artui.catalog.collecting import remove_all_unnamed
from artui.catalog.forgetting import INSTEAD, index_again, take_out
from artui.catalog.ids import new_id
from artui.catalog.merging import changes, kept
from artui.catalog.merging.runs import MergedRuns, apply_standings, merge_runs, take_out_dropped_links
from artui.catalog.merging.slices import Slice
from artui.catalog.merging.sources import Source, open_source
from artui.catalog.merging.target import Target
from artui.catalog.merging.versions import (
    MergedVersions,
    apply_to_artifact,
    apply_to_version,
    merge_aliases,
    merge_edges,
    merge_versions,
)
from artui.catalog.translate import ascii_path
from artui.catalog.unsettled import Unsettled, all_unsettled
from artui.errors import UsageError

Tell = Callable[[str, int, int], None]
"""Called with what is being merged, how many things of it were looked at, and of how many."""
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Merged:
    """What came of merging one catalog."""

    path: str
    catalog_id: str
    new_runs: int
    changed_runs: int
    """Runs that both had, and that had something new."""
    new_versions: int
    changed_versions: int
    points: int
    content_bytes: int
    changes: int
    """Entries of the journal that came."""
    forgotten: int
    """Runs and versions that were taken out here since they were forgotten there."""
    damaged: tuple[str, ...]
    """Ids of runs and versions that are damaged in the source: nothing was taken of them."""
    missing_content: tuple[str, ...]
    """Ids of versions with a file whose content is damaged in the source: it was left out."""
    odd_changes: int
    """Entries of the journal that say something else here: one of both is kept."""
    to_settle: tuple[Unsettled, ...]
    """What two people changed without seeing each other's change: the later one stands."""
    left_out: int
    """Other rows of the source that can be none here, as in a damaged file."""
    notice: str

    @property
    def is_news(self) -> bool:
        """Whether it brought anything."""
        return any((self.new_runs, self.changed_runs, self.new_versions, self.changed_versions, self.points, self.content_bytes, self.changes, self.forgotten))  # fmt: skip


class DryRun(Exception):
    """Ends a transaction of which nothing is to be kept."""


def merge(catalog: Catalog, paths: Sequence[Path], *, is_dry: bool = False, tell: Tell | None = None) -> list[Merged]:
    """Bring all that is in some catalogs into one, whole or not at all.

    Args:
        is_dry: whether nothing is kept, and only what would come is given.

    Raises:
        UsageError: one of the catalogs is that into which the others are merged.
        CatalogError: of its kinds: one of the files cannot be read, or this one cannot be changed.
    """
    for path in paths:
        if path.exists() and os.path.samefile(path, catalog.path):
            raise UsageError(
                f"{ascii_path(path)} is the catalog into which is merged.", remedy="Name another one behind --into."
            )
    merged: list[Merged] = []
    try:
        with catalog.transaction() as connection:
            for path in paths:
                with open_source(path) as source:
                    done = merge_one(connection, source, tell)
                merged.append(done)
                if done.is_news:
                    note(connection, done)
            if is_dry:
                raise DryRun
    except DryRun:
        pass
    return merged


def merge_one(
    connection: sqlite3.Connection,
    source: Source,
    tell: Tell | None = None,
    *,
    only: Slice | None = None,
    has_content: bool = True,
) -> Merged:
    """Bring all that is in one catalog into another, or a part of it, within a transaction of it.

    What was merged is not yet noted: see `note`.
    """
    theirs = source.connection
    target = Target(connection)
    counted = _Counter(theirs, tell)
    origin_keys = _merge_origins(target, theirs, None if only is None else only.origin_ids)
    _merge_projects(target, theirs, None if only is None else only.project_names)
    subject_ids = None if only is None else only.subject_ids
    forgotten = changes.forgotten(changes.known(connection), changes.known(theirs, subject_ids))
    taken_out, touched = _take_out(target, forgotten)
    their_forgotten = {table: forgotten.theirs(table) for table in ("run", "version")}
    news = changes.merge_events(
        target, theirs, origin_keys, forgotten_ids=their_forgotten["run"] | their_forgotten["version"], only=subject_ids
    )
    with runs.searchable_together(connection):
        versions = merge_versions(
            target,
            theirs,
            origin_keys=origin_keys,
            forgotten=their_forgotten["version"],
            news=news.subject_ids,
            tell=counted.more("versions"),
            only=None if only is None else only.version_ids,
            content_of=(None if only is None else only.content_ids) if has_content else frozenset(),
        )
        merged_runs = merge_runs(
            target,
            theirs,
            origin_keys=origin_keys,
            forgotten=their_forgotten["run"],
            news=news.subject_ids,
            tell=counted.more("runs"),
            only=None if only is None else only.run_ids,
        )
        missing_edges = _merge_edges(target, theirs, merged_runs, versions)
        take_out_dropped_links(target, merged_runs.keys.values())
        merge_aliases(target, theirs, versions.artifacts, versions.keys)
        touched |= _apply(target, merged_runs, versions, news.subject_ids)
    for key in merged_runs.new:
        runs.index_again(connection, key)
    if only is None or only.has_tables:
        kept.merge_views(target, theirs)
    kept.merge_edits(target, theirs, only=None if only is None else only.edit_ids)
    changes.redact_labels(target, forgotten.ids(), INSTEAD)
    if only is None or only.has_tables:
        kept.merge_imports(target, theirs)
    _seal(target, theirs, merged_runs, versions, touched | merged_runs.orphans, are_whole=not missing_edges)
    changed_runs, changed_versions = (seals.changed(connection, kind) for kind in ("run", "version"))
    seals.renew(connection)
    return Merged(
        path=str(source.path), catalog_id=source.catalog_id, new_runs=len(merged_runs.new), changed_runs=len(merged_runs.changed & changed_runs), new_versions=len(versions.new),
        changed_versions=len(versions.changed & changed_versions), points=merged_runs.point_count, content_bytes=versions.content_bytes, changes=news.event_count,
        forgotten=taken_out, damaged=(*merged_runs.damaged, *versions.damaged), missing_content=tuple(versions.missing_content), odd_changes=news.odd_count, to_settle=tuple(all_unsettled(connection, sorted(news.subject_ids))), left_out=sum(target.left_out.values()), notice=source.notice,
    )  # fmt: skip


def note(connection: sqlite3.Connection, done: Merged) -> None:
    """Keep what was merged into this file, when, and by whom."""
    connection.execute(
        "INSERT INTO merged (id, catalog_id, location, time_ms, author, report) VALUES (?, ?, ?, ?, ?, ?)",
        (
            new_id(), done.catalog_id, cells.storable(done.path), clock.now_ms(), events.author(),
            orjson.dumps({name: value for name, value in asdict(done).items() if name not in ("path", "catalog_id", "to_settle")}).decode(),
        ),
    )  # fmt: skip


class _Counter:
    """Tells how far a merge is."""

    def __init__(self, theirs: sqlite3.Connection, tell: Tell | None) -> None:
        self._tell = tell
        self._totals = (
            {table: int(theirs.execute(f"SELECT count(*) FROM {table}").fetchone()[0]) for table in ("run", "version")}
            if tell
            else {}
        )

    def more(self, what: str) -> Callable[[int], None]:
        done = 0

        def count(number: int) -> None:
            nonlocal done
            done += number
            if self._tell is not None:
                self._tell(what, done, self._totals[what.removesuffix("s")])

        return count


def _merge_origins(target: Target, theirs: sqlite3.Connection, only: Collection[str] | None) -> dict[int, int]:
    """Bring the origins of a source; give their keys, theirs to ours. Who writes here stays who it was."""
    target.execute("UPDATE catalog SET origin_key = (SELECT max(o.key) FROM origin AS o) WHERE origin_key IS NULL")
    ours = {str(origin_id): int(key) for key, origin_id in target.execute("SELECT key, id FROM origin")}
    keys: dict[int, int] = {}
    for key, origin_id, *rest in theirs.execute(
        "SELECT key, id, installation, place, created_ms, user, host FROM origin"
    ):
        if only is not None and origin_id not in only:
            continue
        if origin_id not in ours:
            ours[origin_id] = target.new_key("origin")
            target.insert(
                "origin",
                ("key", "id", "installation", "place", "created_ms", "user", "host"),
                [(ours[origin_id], origin_id, *rest)],
            )
        else:
            _join_origin(target, ours[origin_id], rest)
        keys[int(key)] = ours[origin_id]
    return keys


def _join_origin(target: Target, key: int, theirs: Sequence[Any]) -> None:
    """A copy that was given away may not say where, and by whom, it was written."""
    ours = target.execute(f"SELECT {', '.join(_SAID)} FROM origin WHERE key = ?", (key,)).fetchone()
    joined = [
        max(cells.text(one), cells.text(other)) for one, other in zip(ours, (theirs[1], *theirs[3:]), strict=True)
    ]
    if joined != list(ours):
        target.execute(
            f"UPDATE origin SET {', '.join(f'{column} = ?' for column in _SAID)} WHERE key = ?", (*joined, key)
        )


_SAID = ("place", "user", "host")


def _merge_projects(target: Target, theirs: sqlite3.Connection, only: Collection[str] | None) -> None:
    for name, created_ms in theirs.execute("SELECT name, created_ms FROM project ORDER BY key"):
        if only is not None and name not in only:
            continue
        key = target.project_key(cells.text(name), cells.integer(created_ms))
        target.execute(
            "UPDATE project SET created_ms = :ms WHERE key = :key AND created_ms > :ms", {"key": key, "ms": created_ms}
        )


def _take_out(target: Target, forgotten: changes.Forgotten) -> tuple[int, set[int]]:
    """Take out what was forgotten elsewhere, and redact what is said of it.

    Returns:
        How many things were taken out, and our keys of the runs of which one was the parent.
    """
    count = 0
    orphans: set[int] = set()
    for table, thing_id in forgotten.ours():
        changes.redact(target, thing_id)
        if table == "run":
            orphans |= _forget_parent(target, thing_id)
        row = target.execute(f"SELECT key FROM {table} WHERE id = ?", (thing_id,)).fetchone()
        if row is None:
            continue
        count += 1
        if table == "version":
            (artifact_key,) = target.execute("SELECT artifact_key FROM version WHERE key = ?", (row[0],)).fetchone()
        take_out(target.connection, table, int(row[0]))
        if table == "version":
            artifacts.date(target.connection, artifact_key)
    if count:
        target.execute(
            "DELETE FROM fact WHERE NOT EXISTS (SELECT 1 FROM version AS v WHERE v.artifact_key = fact.artifact_key)"
        )
        target.execute(
            "DELETE FROM artifact WHERE NOT EXISTS (SELECT 1 FROM version AS v WHERE v.artifact_key = artifact.key)"
        )
        remove_all_unnamed(target.connection)
        index_again(target.connection)
        target.read_names()
    return count, orphans


def _forget_parent(target: Target, run_id: str) -> set[int]:
    """Take a parent away that was forgotten; give our keys of the runs that had it."""
    keys = {int(key) for (key,) in target.execute("SELECT key FROM run WHERE parent_id = ?", (run_id,))}
    target.executemany("UPDATE run SET parent_id = NULL WHERE key = ?", [(key,) for key in keys])
    return keys


def _merge_edges(target: Target, theirs: sqlite3.Connection, merged_runs: MergedRuns, versions: MergedVersions) -> int:
    run_keys, version_keys = merged_runs.keys, versions.keys
    ours_among = merged_runs.changed | merged_runs.new.keys(), versions.changed | versions.new.keys()
    among = tuple(
        {theirs_ for theirs_, ours in keys.items() if ours in chosen}
        for keys, chosen in zip((run_keys, version_keys), ours_among, strict=True)
    )
    if not any(among):
        return 0
    return merge_edges(target, theirs, run_keys, version_keys, (among[0], among[1]))


def _apply(target: Target, merged_runs: MergedRuns, versions: MergedVersions, news: set[str]) -> set[int]:
    """Bring what is new or changed to what the journal says; give our keys of the runs that this changed."""
    connection = target.connection
    touched: set[int] = set()
    for key in versions.touched_artifacts:
        artifacts.date(connection, key)
    for subject_id in _subjects(target, {*merged_runs.ids.values(), *news}):
        row = target.execute("SELECT key FROM run WHERE id = ?", (subject_id,)).fetchone()
        if row is not None and apply_standings(target, int(row[0]), changes.standings(connection, subject_id)):
            touched.add(int(row[0]))
    for subject_id in _subjects(target, {*versions.ids.values(), *news}):
        row = target.execute("SELECT key FROM version WHERE id = ?", (subject_id,)).fetchone()
        if row is not None:
            apply_to_version(target, int(row[0]), changes.standings(connection, subject_id))
    artifact_ids = {
        str(row[0])
        for key in versions.touched_artifacts
        for row in target.execute("SELECT id FROM artifact WHERE key = ?", (key,))
    }
    for subject_id in _subjects(target, artifact_ids | news):
        row = target.execute("SELECT key FROM artifact WHERE id = ?", (subject_id,)).fetchone()
        if row is not None:
            apply_to_artifact(target, int(row[0]), changes.standings(connection, subject_id))
    return touched


def _subjects(target: Target, subject_ids: set[str]) -> Iterator[str]:
    ordered = sorted(subject_ids)
    for start in range(0, len(ordered), _AT_ONCE):
        yield from list(changes.subjects_with_events(target.connection, ordered[start : start + _AT_ONCE]))


def _seal(
    target: Target,
    theirs: sqlite3.Connection,
    merged_runs: MergedRuns,
    versions: MergedVersions,
    touched: set[int],
    *,
    are_whole: bool,
) -> None:
    """Runs that were copied as they are keep their seals; what else is new gets new ones, unless it is damaged in the source."""
    as_they_are = {key: seal for key, (_, seal) in merged_runs.new.items() if are_whole and key not in touched}
    seals.keep(target.connection, "run", as_they_are)
    for kind, new, find_damage in (
        ("run", merged_runs.new, seals.run_damage),
        ("version", versions.new, seals.version_damage),
    ):
        changed = {
            their_key: (key, seal)
            for key, (their_key, seal) in new.items()
            if key not in as_they_are or kind == "version"
        }
        damaged = find_damage(theirs, list(changed))
        seals.keep(target.connection, kind, {changed[key][0]: changed[key][1] for key in damaged})
