"""`artui merge --undo`: what came from a source is taken out again, in one edit that `artui undo` takes back.

Runs and versions go into the trash, which is a change like any other: a merge of the same source does not bring them back, and
catalogs that are merged afterwards agree. What others rest on stays, with all that it came from.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from artui.catalog import Catalog, cells, events
from artui.catalog.fields import FIELDS, detail_of, state_of
from artui.catalog.merging.sources import open_source
from artui.catalog.schema import SCHEMA_VERSION
from artui.catalog.writers import Writer, writers_of
from artui.errors import AmbiguousReference, UnknownReference, UsageError
from artui.model.words import RELATIONS

EDGES = f"""
    SELECT e.relation, e.source_key, e.target_key
    FROM edge AS e
    WHERE e.relation BETWEEN 0 AND {len(RELATIONS) - 1}
"""
_LEAST_CHARS = 4
"""Of the end of an id."""


@dataclass(frozen=True, slots=True)
class TakenOut:
    """What was taken out, or would be."""

    sources: tuple[Writer, ...]
    runs: tuple[tuple[str, str], ...]
    """(id, name) of each that goes."""
    versions: tuple[tuple[str, str], ...]
    """(id, reference) of each that goes."""
    changes: int
    """What they had changed of others' things, and is as it was before."""
    kept: tuple[tuple[str, str], ...]
    """(id, name) of runs and versions that stay, since something of others rests on them."""


def named_sources(connection: sqlite3.Connection, text: str) -> list[Writer]:
    """Give the sources that a text names: the end of an id, `user@host`, a host, or the path of a catalog that was merged.

    Raises:
        UsageError: it names none, this installation, or several by the end of an id.
        CatalogError: it is a file that cannot be read.
    """
    sources = writers_of(connection, SCHEMA_VERSION)
    path = Path(text).expanduser()
    if path.is_file():
        with open_source(path) as source:
            ids = {cells.text(row[0]) for row in source.connection.execute("SELECT id FROM origin")}
        chosen = [one for one in sources if one.id in ids and not (one.is_own or one.is_current)]
        if not chosen:
            raise UnknownReference(f"Nothing of {ascii(text)[1:-1]} is here.", remedy="`artui merge --sources` lists what there is.")  # fmt: skip
        return chosen
    by_id = [one for one in sources if len(text) >= _LEAST_CHARS and one.id.endswith(text.upper())]
    if len(by_id) > 1:
        raise AmbiguousReference(f"{text!a} is the end of several ids.", remedy=f"Name it by its id: {', '.join(one.id for one in by_id[:3])}.")  # fmt: skip
    chosen = by_id or [one for one in sources if text and text in (f"{one.user}@{one.host}", one.host)]
    if not chosen:
        raise UnknownReference(f"No source is called {text!a}.", remedy="`artui merge --sources` lists what there is.")
    if others := [one for one in chosen if not (one.is_own or one.is_current)]:
        return others
    raise UsageError(f"{text!a} is this installation itself.", remedy="`artui delete` deletes runs and versions of your own.")  # fmt: skip


def plan(connection: sqlite3.Connection, text: str) -> TakenOut:
    """Say what would be taken out of a catalog that is only read.

    Raises:
        UsageError: see `named_sources`.
    """
    return _planned(connection, text)[0]


def take_out(catalog: Catalog, text: str) -> TakenOut:
    """Take out the runs and versions of a source, and take back what it changed of others' things, as one edit.

    Raises:
        UsageError: see `named_sources`.
        CatalogError: of its kinds: the catalog cannot be changed.
    """
    with catalog.transaction() as connection:
        taken, backs = _planned(connection, text)
        changes = 0
        with events.editing(catalog, f"taking out of {', '.join(one.title for one in taken.sources)[:200]}") as edit:
            for action, subject_id, detail, now, before in backs:
                try:
                    changes += edit.turn(action, subject_id, detail, now, before)
                except UnknownReference:
                    continue  # what it would be again is gone
            for run_id, _ in taken.runs:
                edit.trash(run_id)
            for version_id, _ in taken.versions:
                edit.delete_version(version_id)
    return replace(taken, changes=changes)


_Back = tuple[str, str, str, Any, Any]
"""A change of others' things: its action, subject and detail, how that is now, and how it was before."""


def _planned(connection: sqlite3.Connection, text: str) -> tuple[TakenOut, list[_Back]]:
    sources = named_sources(connection, text)
    keys = {one.key for one in sources}
    run_ids, version_ids = _of_sources(connection, keys)
    kept_runs, kept_versions = _resting(connection, run_ids, version_ids, keys)
    going_versions = version_ids - kept_versions
    backs = list(_backs(connection, keys, run_ids | version_ids, going_versions))
    kept = (*_run_names(connection, kept_runs), *_version_names(connection, kept_versions))
    runs, versions = _run_names(connection, run_ids - kept_runs), _version_names(connection, going_versions)
    return TakenOut(tuple(sources), runs, versions, len(backs), kept), backs


def _of_sources(connection: sqlite3.Connection, keys: Collection[int]) -> tuple[set[str], set[str]]:
    """Give the ids of the runs and versions of some origins that are not deleted."""
    runs, versions = (
        {cells.text(thing_id) for thing_id, origin_key in connection.execute(f"SELECT id, origin_key FROM {table} WHERE deleted_ms IS NULL") if origin_key in keys}
        for table in ("run", "version")
    )  # fmt: skip
    return runs, versions


def _resting(
    connection: sqlite3.Connection, run_ids: set[str], version_ids: set[str], keys: Collection[int]
) -> tuple[set[str], set[str]]:
    """Give those on which something of others rests, with all that they came from: runs, versions."""
    runs = {int(key): cells.text(run_id) for key, run_id in connection.execute("SELECT key, id FROM run WHERE deleted_ms IS NULL")}  # fmt: skip
    versions = {int(key): cells.text(version_id) for key, version_id in connection.execute("SELECT key, id FROM version WHERE deleted_ms IS NULL")}  # fmt: skip
    comes_from: dict[str, list[str]] = {}
    for relation, source_key, target_key in connection.execute(EDGES):
        source = (runs if relation == 0 else versions).get(source_key)
        target = (runs if relation == 1 else versions).get(target_key)
        if source is not None and target is not None:
            comes_from.setdefault(target, []).append(source)
    for run_id, parent_id in connection.execute("SELECT id, parent_id FROM run WHERE parent_id IS NOT NULL AND deleted_ms IS NULL"):  # fmt: skip
        comes_from.setdefault(cells.text(run_id), []).append(cells.text(parent_id))
    own = run_ids | version_ids
    to_follow = [source for target, sources in comes_from.items() if target not in own for source in sources]
    to_follow += _named_by_others(connection, keys)
    kept: set[str] = set()
    while to_follow:
        thing_id = to_follow.pop()
        if thing_id in own and thing_id not in kept:
            kept.add(thing_id)
            to_follow += comes_from.get(thing_id, [])
    return kept & run_ids, kept & version_ids


def _named_by_others(connection: sqlite3.Connection, keys: Collection[int]) -> list[str]:
    """Give the ids of the versions to which somebody else gave an alias that they have."""
    given: dict[tuple[str, str], int] = {}
    for artifact_id, after, origin_key in connection.execute(
        "SELECT subject_id, after, origin_key FROM event WHERE action = 'alias' AND is_redacted = 0 ORDER BY stamp, id"
    ):
        state = cells.list_of(after) or []
        if len(state) == 3:
            given[cells.text(artifact_id), f"{state[0]}\0{state[1]}"] = cells.integer(origin_key)
    rows = connection.execute(
        "SELECT a.id, l.name, v.id FROM alias AS l JOIN artifact AS a ON a.key = l.artifact_key JOIN version AS v ON v.key = l.version_key"
    )
    return [
        cells.text(version_id)
        for artifact_id, name, version_id in rows
        if given.get((artifact_id, f"{name}\0{version_id}"), next(iter(keys))) not in keys
    ]


def _backs(
    connection: sqlite3.Connection, keys: Collection[int], own: Collection[str], going_versions: Collection[str]
) -> Iterator[_Back]:
    """Give what some origins changed last of others' things."""
    rows = connection.execute("SELECT action, subject_id, before, after, origin_key, is_redacted FROM event ORDER BY stamp, id")  # fmt: skip
    last: dict[tuple[str, str, str], tuple[Any, Any] | None] = {}
    for action, subject_id, before, after, origin_key, is_redacted in rows:
        if action not in FIELDS or subject_id in own:
            continue
        was, now = state_of(before), state_of(after)
        detail = detail_of(str(action), was, now)
        if detail is None:
            continue
        place = (str(action), cells.text(subject_id), detail)
        if origin_key not in keys or is_redacted:
            last[place] = None
            continue
        standing = last.get(place)
        last[place] = (standing[0] if standing is not None else was, now)
    for (action, subject_id, detail), states in last.items():
        if states is None or states[0] == states[1] or (action == "alias" and not _goes(states[1], going_versions)):
            continue
        yield action, subject_id, detail, states[1], states[0]


def _goes(alias: Any, going_versions: Collection[str]) -> bool:
    """Say whether an alias was taken off, or names a version that goes: one that stays keeps its names."""
    return not alias or (isinstance(alias, Sequence) and len(alias) == 3 and alias[1] in going_versions)


def _run_names(connection: sqlite3.Connection, ids: Collection[str]) -> tuple[tuple[str, str], ...]:
    return _names(connection, "SELECT r.id, r.name FROM run AS r ORDER BY r.started_ms, r.id", ids)


def _version_names(connection: sqlite3.Connection, ids: Collection[str]) -> tuple[tuple[str, str], ...]:
    query = "SELECT v.id, a.name || ':v' || v.number FROM version AS v JOIN artifact AS a ON a.key = v.artifact_key ORDER BY a.name, v.number, v.id"
    return _names(connection, query, ids)


def _names(connection: sqlite3.Connection, query: str, ids: Collection[str]) -> tuple[tuple[str, str], ...]:
    return tuple((cells.text(key), cells.text(name)) for key, name in connection.execute(query) if key in ids) if ids else ()  # fmt: skip
