"""What a catalog holds and how large it is: by what it is of, by project and by artifact, as the file's own pages say it.

The pages of the file add up to the file. What a project or an artifact takes is what is stored of it, without the rows
and indexes around it; of content that several artifacts share each has all of it.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING

from artui.catalog import cells, guard

if TYPE_CHECKING:
    from artui.query.reader import Reader

SECONDS = 120.0
"""So long one of the questions may take: each page of the file may have to be read."""
GROUPS = ("points", "contents", "previews", "journal", "records", "indexes", "free")
_TABLES = {
    "block": "points", "series": "points",
    "chunk": "contents", "blob": "contents", "blob_chunk": "contents",
    "preview": "previews", "profile": "previews",
    "event": "journal", "edit": "journal", "merged": "journal", "imported": "journal",
}  # fmt: skip
"""By table, the group that it is of; all others are records."""
_MOST_NAMED = 200


@dataclass(frozen=True, slots=True)
class Share:
    """What a project or an artifact takes."""

    name: str
    key: int
    size_bytes: int
    points_bytes: int = 0
    content_bytes: int = 0
    """As stored: compressed, and each piece once."""
    preview_bytes: int = 0
    count: int = 0
    """Runs of a project, versions of an artifact."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """What a catalog holds."""

    file_bytes: int
    """Of its pages: what is still in a `-wal` is counted, too."""
    groups: dict[str, int]
    """By group: together they are the file."""
    is_exact: bool
    """Whether the groups are of pages; else they are of what is stored in them, and the rest is with the records."""
    unnamed_bytes: int
    """Content that nothing names: `compact` removes it."""
    projects: tuple[Share, ...]
    """The largest first."""
    artifacts: tuple[Share, ...]
    counts: dict[str, int]
    """Runs, artifacts, versions, changes."""
    schema_version: int

    @property
    def waste_bytes(self) -> int:
        """At least so much `compact` gives back."""
        return self.groups["free"] + self.unnamed_bytes


def read_sizes(reader: Reader) -> Sizes:
    """Measure a catalog; that reads the whole file once, where SQLite can tell pages apart."""
    from artui.catalog.compacting import UNNAMED  # it loads much of what writes

    with reader.reading(SECONDS) as connection:
        pages = guard.pages_by_name(connection)
    with reader.reading(SECONDS) as connection:
        page_count, free_count, page_bytes = (
            int(connection.execute(f"PRAGMA {name}").fetchone()[0])
            for name in ("page_count", "freelist_count", "page_size")
        )
        file_bytes, free_bytes = page_count * page_bytes, free_count * page_bytes
        groups = _estimated(connection) if pages is None else _grouped(connection, pages)
        groups["free"] = free_bytes
        # Pages that are of no table: those by which the file is made smaller, and what came since it was measured.
        groups["records"] = max(0, groups["records"] + file_bytes - sum(groups.values()))
        return Sizes(
            file_bytes=file_bytes, groups=groups, is_exact=pages is not None,
            unnamed_bytes=cells.integer(connection.execute(UNNAMED).fetchone()[1]),
            projects=_projects(connection), artifacts=_artifacts(connection),
            counts={what: cells.integer(connection.execute(query).fetchone()[0]) for what, query in _COUNTS.items()},
            schema_version=reader.schema_version,
        )  # fmt: skip


_COUNTS = {
    "run": "SELECT count(*) FROM run",
    "artifact": "SELECT count(*) FROM artifact",
    "version": "SELECT count(*) FROM version",
    "change": "SELECT count(*) FROM event WHERE action <> ''",
}


def _grouped(connection: sqlite3.Connection, pages: dict[str, int]) -> dict[str, int]:
    kinds = dict(connection.execute("SELECT name, type FROM sqlite_schema").fetchall())
    groups = dict.fromkeys(GROUPS, 0)
    for name, size in pages.items():
        is_index = kinds.get(name) == "index" or name.startswith("search")
        groups["indexes" if is_index else _TABLES.get(name, "records")] += size
    return groups


_ESTIMATES = {
    "points": "SELECT sum(length(b.payload)) FROM block AS b",
    "contents": "SELECT sum(length(c.content)) FROM chunk AS c",
    "previews": "SELECT sum(length(p.content)) FROM preview AS p",
    "journal": "SELECT sum(length(e.before) + length(e.after)) FROM event AS e",
}


def _estimated(connection: sqlite3.Connection) -> dict[str, int]:
    groups = dict.fromkeys(GROUPS, 0)
    for group, query in _ESTIMATES.items():
        groups[group] = cells.integer(connection.execute(query).fetchone()[0])
    return groups


_POINTS = """
    SELECT r.project_key, sum(length(b.payload))
    FROM block AS b
    JOIN series AS s ON s.key = b.series_key
    JOIN run AS r ON r.key = s.run_key
    GROUP BY r.project_key
"""
_CONTENT = """
    SELECT h.owner, sum(length(c.content))
    FROM (
        SELECT DISTINCT {owner} AS owner, p.chunk_key
        FROM file AS f
        JOIN version AS v ON v.key = f.version_key
        JOIN artifact AS a ON a.key = v.artifact_key
        JOIN blob_chunk AS p ON p.blob_key = f.blob_key
        WHERE f.blob_key IS NOT NULL
    ) AS h
    JOIN chunk AS c ON c.key = h.chunk_key
    GROUP BY h.owner
"""
_PREVIEWS = """
    SELECT {owner}, sum(length({size}))
    FROM {table} AS p
    JOIN version AS v ON v.key = p.version_key
    JOIN artifact AS a ON a.key = v.artifact_key
    GROUP BY {owner}
"""
_PROJECTS = "SELECT p.key, p.name, (SELECT count(*) FROM run AS r WHERE r.project_key = p.key) FROM project AS p"
_ARTIFACTS = "SELECT a.key, a.name, (SELECT count(*) FROM version AS v WHERE v.artifact_key = a.key) FROM artifact AS a"


def _projects(connection: sqlite3.Connection) -> tuple[Share, ...]:
    points = _sums(connection, _POINTS)
    return _shares(connection, _PROJECTS, "a.project_key", points)


def _artifacts(connection: sqlite3.Connection) -> tuple[Share, ...]:
    return _shares(connection, _ARTIFACTS, "a.key", {})


def _shares(connection: sqlite3.Connection, query: str, owner: str, points: dict[int, int]) -> tuple[Share, ...]:
    content = _sums(connection, _CONTENT.format(owner=owner))
    previews = _sums(connection, _PREVIEWS.format(owner=owner, table="preview", size="p.content"))
    for key, size in _sums(connection, _PREVIEWS.format(owner=owner, table="profile", size="p.sketch")).items():
        previews[key] = previews.get(key, 0) + size
    shares = []
    for key, name, count in connection.execute(query):
        of_points, of_content, of_previews = (sizes.get(key, 0) for sizes in (points, content, previews))
        shares.append(
            Share(
                cells.text(name)[:400], cells.integer(key), of_points + of_content + of_previews, of_points, of_content, of_previews,
                cells.integer(count),
            )
        )  # fmt: skip
    shares.sort(key=lambda share: (-share.size_bytes, share.name, share.key))
    return tuple(shares[:_MOST_NAMED])


def _sums(connection: sqlite3.Connection, query: str) -> dict[int, int]:
    return {key: cells.integer(size) for key, size in connection.execute(query) if isinstance(key, int)}
