"""A part of a catalog: some runs and versions with what they were made from, so that each can be traced and made again."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable
from dataclasses import dataclass

import orjson

from artui.catalog import cells

_LISTED = "(SELECT w.value FROM json_each(?) AS w)"


_RELEASED = f"""
    SELECT v.key
    FROM version AS d
    JOIN artifact AS a ON a.key = d.artifact_key
    JOIN event AS e ON e.subject_id = d.id
    JOIN version AS v ON v.id = CASE WHEN json_valid(e.after) THEN json_extract(e.after, '$[1]') END
    WHERE a.kind = 'deployment' AND e.action = 'release' AND d.key IN {_LISTED}
"""
_OBSERVED = f"""
    SELECT e.target_key
    FROM version AS d
    JOIN artifact AS a ON a.key = d.artifact_key
    JOIN edge AS e ON e.relation = 1 AND e.source_key = d.key
    WHERE a.kind = 'deployment' AND d.file_count = 0 AND d.key IN {_LISTED}
"""


@dataclass(frozen=True, slots=True)
class Slice:
    """The things of a catalog that are taken."""

    run_ids: frozenset[str]
    version_ids: frozenset[str]
    subject_ids: frozenset[str]
    """Ids of all that the journal may speak of: runs, versions and artifacts."""
    origin_ids: frozenset[str]
    """Under which all this was written, and what the journal says of it."""
    project_names: frozenset[str]
    content_ids: frozenset[str] | None = None
    """The versions whose stored bytes are taken; None for all of them."""
    edit_ids: frozenset[str] = frozenset()
    """Edits that are taken, besides those of which the journal that is taken has an entry."""
    has_tables: bool = False
    """Whether saved views and reports of imports are taken, too."""


def slice_of(connection: sqlite3.Connection, run_keys: Collection[int], version_keys: Collection[int]) -> Slice:
    """Give some runs and versions with all that they need.

    Runs bring the versions that they made, and the runs that they are part of. Whatever is taken brings what it was made
    from: its inputs, the runs that made them, and so on. A deployment brings what was released there, and the runs that observed it.
    """
    runs, versions = {*run_keys}, {*version_keys}
    versions |= _keys(connection, f"SELECT e.target_key FROM edge AS e WHERE e.relation = 0 AND e.source_key IN {_LISTED}", runs)  # fmt: skip
    new_runs, new_versions = set(runs), set(versions)
    while new_runs or new_versions:
        found_versions = _keys(connection, f"SELECT e.source_key FROM edge AS e WHERE e.relation = 1 AND e.target_key IN {_LISTED}", new_runs)  # fmt: skip
        found_versions |= _keys(connection, f"SELECT e.source_key FROM edge AS e WHERE e.relation > 1 AND e.target_key IN {_LISTED}", new_versions)  # fmt: skip
        found_runs = _keys(connection, f"SELECT e.source_key FROM edge AS e WHERE e.relation = 0 AND e.target_key IN {_LISTED}", new_versions)  # fmt: skip
        found_versions |= _keys(connection, _RELEASED, new_versions)
        found_runs |= _keys(connection, _OBSERVED, new_versions)
        found_runs |= _keys(connection, f"SELECT p.key FROM run AS r JOIN run AS p ON p.id = r.parent_id WHERE r.key IN {_LISTED}", new_runs)  # fmt: skip
        new_runs, new_versions = found_runs - runs, found_versions - versions
        runs |= new_runs
        versions |= new_versions
    return described(connection, runs, versions)


def described(
    connection: sqlite3.Connection, runs: Collection[int], versions: Collection[int], *, subject_ids: Collection[str] = (), origin_ids: Collection[str] = (),
    project_names: Collection[str] = (), content_ids: frozenset[str] | None = None, edit_ids: frozenset[str] = frozenset(), has_tables: bool = False,
) -> Slice:  # fmt: skip
    """Give the part that has just some runs and versions, by their keys, with what is said of them, by whom, and where.

    Args:
        subject_ids: what else the journal may speak of.
        origin_ids: which others are taken.
        project_names: likewise.
    """
    run_ids = _texts(connection, f"SELECT r.id FROM run AS r WHERE r.key IN {_LISTED}", runs)
    version_ids = _texts(connection, f"SELECT v.id FROM version AS v WHERE v.key IN {_LISTED}", versions)
    artifact_ids = _texts(
        connection, f"SELECT a.id FROM version AS v JOIN artifact AS a ON a.key = v.artifact_key WHERE v.key IN {_LISTED}", versions
    )  # fmt: skip
    all_origin_ids = {*origin_ids}
    for query, keys in (
        (f"SELECT o.id FROM run AS r JOIN origin AS o ON o.key = r.origin_key WHERE r.key IN {_LISTED}", runs),
        (f"SELECT o.id FROM series AS s JOIN origin AS o ON o.key = s.origin_key WHERE s.run_key IN {_LISTED}", runs),
        (f"SELECT o.id FROM version AS v JOIN origin AS o ON o.key = v.origin_key WHERE v.key IN {_LISTED}", versions),
    ):
        all_origin_ids |= _texts(connection, query, keys)
    # Whether a parent was forgotten decides whether it still is one.
    parent_ids = _texts(connection, f"SELECT r.parent_id FROM run AS r WHERE r.parent_id IS NOT NULL AND r.key IN {_LISTED}", runs)  # fmt: skip
    all_subject_ids = run_ids | version_ids | artifact_ids | parent_ids | {*subject_ids}
    all_origin_ids |= _texts(
        connection, f"SELECT DISTINCT o.id FROM event AS e JOIN origin AS o ON o.key = e.origin_key WHERE e.subject_id IN {_LISTED}", all_subject_ids
    )  # fmt: skip
    all_project_names = {*project_names} | _texts(connection, f"SELECT p.name FROM run AS r JOIN project AS p ON p.key = r.project_key WHERE r.key IN {_LISTED}", runs)  # fmt: skip
    all_project_names |= _texts(
        connection, f"SELECT p.name FROM version AS v JOIN artifact AS a ON a.key = v.artifact_key JOIN project AS p ON p.key = a.project_key WHERE v.key IN {_LISTED}", versions
    )  # fmt: skip
    return Slice(
        frozenset(run_ids), frozenset(version_ids), frozenset(all_subject_ids), frozenset(all_origin_ids), frozenset(all_project_names), content_ids, edit_ids,
        has_tables,
    )  # fmt: skip


def with_children(connection: sqlite3.Connection, run_keys: Collection[int]) -> set[int]:
    """Give runs with all runs that are part of them, however deep, without those in the trash."""
    runs = {*run_keys}
    new = set(runs)
    while new:
        found = _keys(
            connection, f"SELECT c.key FROM run AS r JOIN run AS c ON c.parent_id = r.id WHERE c.deleted_ms IS NULL AND r.key IN {_LISTED}", new
        )  # fmt: skip
        new = found - runs
        runs |= new
    return runs


def _keys(connection: sqlite3.Connection, query: str, keys: Iterable[int]) -> set[int]:
    listed = orjson.dumps(sorted(keys)).decode()
    return {int(key) for (key,) in connection.execute(query, (listed,)) if key is not None}


def _texts(connection: sqlite3.Connection, query: str, keys: Iterable[int | str]) -> set[str]:
    listed = orjson.dumps(list(keys)).decode()
    return {cells.text(text) for (text,) in connection.execute(query, (listed,))}
