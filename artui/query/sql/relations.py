"""What can be asked in SQL: the views that are meant for it, and the tables below them."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from artui.query.sql.questioning import questioning

if TYPE_CHECKING:
    from artui.query.reader import Reader

VIEWS: Mapping[str, str] = {
    "runs": "run",
    "run_params": "param of a run",
    "run_context": "subject of what surrounded a run, as JSON: code, variables, seeds, job, hardware",
    "metric_summaries": "metric of a run: last, smallest and largest value, and more",
    "artifact_versions": "version of an artifact",
    "lineage": "link between runs and versions: what went in, what came out",
    "metric_points": "point of a metric",
    "profiles": "column of a table: type, empty cells, different values, quantiles",
    "requirements": "version of a requirement; is_standing is 1 of the one that counts",
    "criteria": "criterion of a version of a requirement, since when and by whom",
    "verdicts": "criterion and version that it is about: met, missed or unknown",
    "deployments": "place where versions serve",
    "releases": "version in a deployment: role, share, from when to when, why and by whom",
    "incidents": "incident of a deployment: how bad, from when to when, its cause, what was done",
    "windows": "span of time of a deployment: rows, requests, errors, live metrics",
}
"""The views, in the order of the manual, with what each has a row for."""
SAYS_ONE_ROW_FOR = "one row for each "

EXAMPLES: tuple[tuple[str, str], ...] = (
    ("runs by day", "SELECT date(started_ms / 1000, 'unixepoch') AS day, count(*) AS runs, sum(status = 'failed') AS failed FROM runs GROUP BY day ORDER BY day DESC"),
    ("the best run of each metric", "SELECT name, min(min) AS best, run, run_id FROM metric_summaries GROUP BY name ORDER BY name"),
    ("a param beside a metric", "SELECT p.run, p.name, p.value, m.name AS metric, m.last, m.run_id FROM run_params AS p JOIN metric_summaries AS m USING (run_id) WHERE p.name LIKE '%lr' AND m.name LIKE '%loss' ORDER BY m.name, m.last"),
    ("what takes room", "SELECT artifact, kind, count(*) AS versions, sum(size_bytes) AS bytes FROM artifact_versions GROUP BY artifact, kind ORDER BY bytes DESC"),
    ("what a version went into", "SELECT v.artifact || ':v' || v.number AS version, l.relation, r.name AS run, r.id AS run_id FROM lineage AS l JOIN artifact_versions AS v ON v.id = l.source_id JOIN runs AS r ON r.id = l.target_id ORDER BY l.created_ms DESC"),
    ("criteria that are not met", "SELECT version, requirement, criterion, answer, value, why, version_id FROM verdicts WHERE answer <> 'met'"),
)  # fmt: skip
"""Queries to begin with: what each asks, and its text."""

_COLUMNS = {
    "duration_ms": "milliseconds", "size_bytes": "bytes", "share": "part of the requests, from 0 to 1", "digest": "SHA-256 of what its files are, in hexadecimal", "command": "words of the command line, as JSON", "metadata": "JSON",
    "git_dirty": "1 if there were changes that no commit has", "is_standing": "1 of the version that counts", "is_exact": "1 if different is exact", "nulls": "how many cells are empty", "different": "how many different values there are", "quantiles": "JSON", "histogram": "JSON", "most_frequent": "JSON",
    "run_id": "id of a run, see runs.id", "version_id": "id of a version, see artifact_versions.id", "deployment_id": "id of a deployment, see deployments.id", "parent_id": "id of the run that it is part of", "metrics": "live metrics by name, as JSON",
}  # fmt: skip
"""What columns hold whose names do not say it."""


def words_of_column(name: str) -> str:
    """Say what a column of a view holds, and its unit; empty where its name says it."""
    return _COLUMNS.get(name) or ("milliseconds since 1970, UTC" if name.endswith("_ms") else "")


_RELATIONS = """
    SELECT name, sql FROM sqlite_schema WHERE type IN ('table', 'view')
    UNION ALL
    SELECT name, sql FROM sqlite_temp_schema WHERE type = 'view'
    ORDER BY name
"""
"""Tables and views, also those that a connection has for an older catalog; not the empty tables that it has for one."""


@dataclass(frozen=True, slots=True)
class Relation:
    """A view or a table."""

    name: str
    columns: tuple[str, ...]
    words: str = ""
    """What a view has a row for; empty for a table, which a later version may lay out differently."""

    @property
    def is_view(self) -> bool:
        """Whether it is meant to be read by anybody, and stays as it is."""
        return self.name in VIEWS


def relations(reader: Reader) -> tuple[Relation, ...]:
    """Give what the catalog has: views first, in the order of the manual, then tables by name."""
    with questioning(reader) as connection:
        return relations_in(connection)


def relations_in(connection: sqlite3.Connection) -> tuple[Relation, ...]:
    """Give what a connection has that may be asked by a user."""
    rows = connection.execute(_RELATIONS).fetchall()
    virtual = tuple(str(name) for name, sql in rows if str(sql).startswith("CREATE VIRTUAL"))
    names = [str(name) for name, _ in rows if not str(name).startswith(("sqlite_", "_sqlite"))]
    # Parts of a virtual table are of no use to anybody.
    hidden = tuple(f"{name}_" for name in virtual)
    views = [name for name in VIEWS if name in names]
    tables = [name for name in names if name not in VIEWS and not name.startswith(hidden)]
    return tuple(
        Relation(name, columns, VIEWS.get(name, ""))
        for name in (*views, *tables)
        if (columns := columns_of(connection, name))
    )


def columns_of(connection: sqlite3.Connection, name: str) -> tuple[str, ...]:
    """Give the columns of a relation; none if it cannot be read."""
    quoted = name.replace('"', '""')
    try:
        cursor = connection.execute(f'SELECT * FROM "{quoted}" LIMIT 0')
    except sqlite3.Error:
        return ()
    return tuple(str(column[0]) for column in cursor.description)
