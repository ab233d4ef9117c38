"""What every version has: one table of its attributes, as `query/attributes.py` has for runs."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

from artui.catalog import cells as cell_of
from artui.catalog.deployments import deployments
from artui.catalog.standing import newest_number
from artui.model.words import MADE_FROM_CODES

Kind = Literal["text", "stage", "number", "bytes", "time", "id", "several"]


class VersionAttribute(NamedTuple):
    """One attribute of a version, by the word that filters use for it."""

    kind: Kind
    value: str = ""
    """SQL expression over TABLES; empty for what a version may have several of, which is in PAIRS."""
    other_words: tuple[str, ...] = ()
    """What filters may say instead."""


TABLES = "version AS v JOIN artifact AS a ON a.key = v.artifact_key LEFT JOIN project AS p ON p.key = a.project_key"

VERSION_ATTRIBUTES: dict[str, VersionAttribute] = {
    "name": VersionAttribute("text", "a.name", ("artifact",)),
    "kind": VersionAttribute("text", "a.kind"),
    "stage": VersionAttribute("stage", "a.stage"),
    "alias": VersionAttribute("several"),
    "version": VersionAttribute("number", "v.number", ("number",)),
    "size": VersionAttribute("bytes", "v.size_bytes"),
    "files": VersionAttribute("number", "v.file_count"),
    "created": VersionAttribute("time", "v.created_ms", ("age", "saved")),
    "retired": VersionAttribute(
        "time", "(SELECT t.time_ms FROM retirement AS t WHERE t.version_key = v.key)", ("archived",)
    ),
    "deleted": VersionAttribute("time", "v.deleted_ms"),
    "approved_by": VersionAttribute("several", other_words=("approved",)),
    "project": VersionAttribute("text", "p.name"),
    "versions": VersionAttribute(
        "number",
        "(SELECT count(*) FROM version AS w WHERE w.artifact_key = v.artifact_key AND w.deleted_ms IS NULL)",
    ),
    "made_by": VersionAttribute("several"),
    "used_by": VersionAttribute("several"),
    "derived_from": VersionAttribute("several"),
    "trained_on": VersionAttribute("several"),
    "tested_on": VersionAttribute("several"),
    "finetuned_from": VersionAttribute("several"),
    "pretrained_on": VersionAttribute("several"),
    "serves_in": VersionAttribute("several", other_words=("serves", "deployed_in")),
    "released_in": VersionAttribute("several", other_words=("released",)),
    "file": VersionAttribute("several", other_words=("path",)),
    "preview": VersionAttribute("several"),
    "note": VersionAttribute("text", "v.note || a.note"),
    "storage": VersionAttribute("text", "v.storage"),
    "location": VersionAttribute("text", "v.location"),
    "host": VersionAttribute("text", "v.host"),
    "digest": VersionAttribute("id", "lower(hex(v.digest))"),
    "id": VersionAttribute("id", "v.id"),
}
"""Every attribute, in the order in which they are offered."""

OTHER_WORDS = {other: word for word, attribute in VERSION_ATTRIBUTES.items() for other in attribute.other_words}

USE_COUNT = "(SELECT count(DISTINCT e.target_key) FROM edge AS e WHERE e.relation = 1 AND e.source_key = v.key)"
"""SQL expression over TABLES: how many runs used a version."""


def _related(codes: str) -> str:
    """Write the query for the artifacts and the versions that versions relate to, by their names."""
    return f"""
        SELECT a.name, e.target_key
        FROM edge AS e JOIN version AS v ON v.key = e.source_key JOIN artifact AS a ON a.key = v.artifact_key
        WHERE e.relation IN ({codes})
        UNION ALL
        SELECT a.name || ':v' || v.number, e.target_key
        FROM edge AS e JOIN version AS v ON v.key = e.source_key JOIN artifact AS a ON a.key = v.artifact_key
        WHERE e.relation IN ({codes})
    """


PAIRS: dict[str, str] = {
    "alias": f"""
        SELECT l.name, l.version_key FROM alias AS l
        UNION ALL
        SELECT 'latest', v.key
        FROM version AS v
        WHERE v.number = {newest_number("v.artifact_key")}
    """,
    "approved_by": """
        SELECT e.author, v.key
        FROM event AS e
        JOIN version AS v ON v.id = e.subject_id
        WHERE e.action = 'approve' AND e.after <> 'null' AND NOT EXISTS (
            SELECT 1
            FROM event AS l
            WHERE l.subject_id = e.subject_id AND l.action = 'approve' AND l.author = e.author
              AND (l.time_ms, l.id) > (e.time_ms, e.id)
        )
    """,
    "made_by": """
        SELECT r.name, e.target_key FROM edge AS e JOIN run AS r ON r.key = e.source_key WHERE e.relation = 0
        UNION ALL
        SELECT r.id, e.target_key FROM edge AS e JOIN run AS r ON r.key = e.source_key WHERE e.relation = 0
    """,
    "used_by": """
        SELECT r.name, e.source_key FROM edge AS e JOIN run AS r ON r.key = e.target_key WHERE e.relation = 1
        UNION ALL
        SELECT r.id, e.source_key FROM edge AS e JOIN run AS r ON r.key = e.target_key WHERE e.relation = 1
    """,
    "derived_from": _related(MADE_FROM_CODES),
    "trained_on": _related("3"),
    "tested_on": _related("5"),
    "finetuned_from": _related("6"),
    "pretrained_on": _related("7"),
    "file": "SELECT f.path, f.version_key FROM file AS f",
    "preview": "SELECT json_extract(r.content, '$.kind'), r.version_key FROM preview AS r WHERE json_valid(r.content)",
}
"""Of what a version may have several: SQL for the texts, each with the key of the version."""
_BY_DEPLOYMENT = ("serves_in", "released_in")
"""What is said of versions by the deployments, whose journal is read."""


def pairs_of(connection: sqlite3.Connection, name: str, now_ms: int) -> Iterator[tuple[Any, Any]]:
    """Give what versions have several of: texts, each with the key of the version."""
    if name not in _BY_DEPLOYMENT:
        yield from connection.execute(PAIRS[name])
        return
    for place in deployments(connection):
        chosen = place.served(now_ms) if name == "serves_in" else place.releases
        for version_id in dict.fromkeys(one.release.version_id for one in chosen):
            row = connection.execute("SELECT key FROM version WHERE id = ?", (version_id,)).fetchone()
            if row is not None:
                yield place.name, row[0]


_METADATA = "SELECT v.key, v.metadata FROM version AS v WHERE v.metadata <> '{}'"
_METADATA_OF = f"{_METADATA} AND v.artifact_key = :artifact"
_MOST_NAMES = 10_000


def metadata_of(connection: sqlite3.Connection, artifact_key: int | None = None) -> Iterator[tuple[int, str, str]]:
    """Give what is said in the metadata of versions: key of the version, name, value as text; nested names have dots.

    With `artifact_key` only of the versions of that artifact.
    """
    query = _METADATA if artifact_key is None else _METADATA_OF
    for key, metadata in connection.execute(query, {"artifact": artifact_key}):
        for name, value in _flat(cell_of.object_of(metadata) or {}):
            yield key, name, value


def _flat(content: dict[str, Any]) -> Iterator[tuple[str, str]]:
    waiting: list[tuple[str, Any]] = list(content.items())[::-1]
    count = 0
    while waiting and count < _MOST_NAMES:
        name, value = waiting.pop()
        count += 1
        if isinstance(value, dict):
            waiting += [(f"{name}.{inner}", nested) for inner, nested in value.items()][::-1]
        elif isinstance(value, list):
            for item in value:
                if not isinstance(item, dict | list) and item is not None:
                    yield name, _text(item)
        elif value is not None:
            yield name, _text(value)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else repr(value)
