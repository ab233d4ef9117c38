"""Names of runs, artifacts and versions that begin with what has been typed: for completion in a shell.

Each query uses an index and gives at most MOST names, so that a key press never waits for a large catalog.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from artui.catalog.cells import storable
from artui.model.deployments import DEPLOYMENT

MOST = 100
"""At most this many are given: nobody reads more."""
_LAST = "\U0010ffff"

RUNS_BEGINNING = """
    SELECT name
    FROM run
    WHERE name >= :low COLLATE NOCASE
      AND name < :high COLLATE NOCASE
      AND deleted_ms IS NULL
    ORDER BY name COLLATE NOCASE, key
    LIMIT :most
"""
NEWEST_RUNS = """
    SELECT name
    FROM run
    WHERE deleted_ms IS NULL
    ORDER BY started_ms DESC, key DESC
    LIMIT :most
"""
_ARTIFACTS = """
    SELECT DISTINCT name
    FROM artifact
    WHERE name >= :low
      AND name < :high
    ORDER BY name
    LIMIT :most
"""
_DEPLOYMENTS = """
    SELECT DISTINCT name
    FROM artifact
    WHERE name >= :low
      AND name < :high
      AND kind = :kind
    ORDER BY name
    LIMIT :most
"""
_ALIASES = """
    SELECT DISTINCT l.name
    FROM artifact AS a
    JOIN alias AS l ON l.artifact_key = a.key
    WHERE a.name = :name
    ORDER BY l.name
    LIMIT :most
"""
_VERSIONS = """
    SELECT v.number
    FROM artifact AS a
    JOIN version AS v ON v.artifact_key = a.key
    WHERE a.name = :name
    ORDER BY v.number DESC
    LIMIT :most
"""
_DELETED_RUNS = """
    SELECT name
    FROM run
    WHERE name >= :low
      AND name < :high
      AND deleted_ms IS NOT NULL
    ORDER BY name, key
    LIMIT :most
"""
_DELETED_VERSIONS = """
    SELECT a.name || ':v' || v.number AS reference
    FROM version AS v
    JOIN artifact AS a ON a.key = v.artifact_key
    WHERE v.deleted_ms IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM removal AS d WHERE d.version_key = v.key)
      AND reference >= :low
      AND reference < :high
    ORDER BY a.name, v.number DESC
    LIMIT :most
"""


def run_names(connection: sqlite3.Connection, part: str) -> Iterator[str]:
    """Give names of runs that begin with `part`; of the newest runs if it is empty."""
    query = RUNS_BEGINNING if part else NEWEST_RUNS
    yield from (name for name in _asked(connection, query, part) if name.startswith(part))


def artifact_names(connection: sqlite3.Connection, part: str) -> Iterator[str]:
    """Give names of artifacts that begin with `part`."""
    yield from _asked(connection, _ARTIFACTS, part)


def deployment_names(connection: sqlite3.Connection, part: str) -> Iterator[str]:
    """Give names of deployments that begin with `part`."""
    yield from _asked(connection, _DEPLOYMENTS, part, kind=DEPLOYMENT)


def version_names(connection: sqlite3.Connection, artifact: str, part: str) -> Iterator[str]:
    """Give aliases and numbers of an artifact's versions that begin with `part`: `production`, `latest`, `v3`."""
    aliases = _asked(connection, _ALIASES, "", name=artifact)
    numbers = connection.execute(_VERSIONS, {"name": storable(artifact), "most": MOST}).fetchall()
    offered = [*aliases, *(["latest"] if numbers else []), *(f"v{number}" for (number,) in numbers)]
    yield from (name for name in dict.fromkeys(offered) if name.startswith(part))


def deleted_names(connection: sqlite3.Connection, part: str) -> Iterator[str]:
    """Give names of runs in the trash, and references of deleted versions that can be restored, that begin with `part`."""
    yield from _asked(connection, _DELETED_VERSIONS, part)
    yield from _asked(connection, _DELETED_RUNS, part)


def _asked(connection: sqlite3.Connection, query: str, part: str, **values: str) -> list[str]:
    bound_values = {"low": storable(part), "high": storable(part + _LAST), "most": MOST, **values}
    return [row[0] for row in connection.execute(query, bound_values) if isinstance(row[0], str)]
