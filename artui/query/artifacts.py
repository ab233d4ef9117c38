"""Artifacts with their versions, manifests and previews, and the content of files."""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from artui.catalog.artifacts import safe_join
from artui.catalog.blobs import BlobStream
from artui.errors import ContentMissing, UnknownReference, UsageError
from artui.model import (
    KINDS,
    STAGES,
    AliasChange,
    ArtifactHead,
    ManifestFile,
    Preview,
    PreviewTable,
    RunHead,
    VersionDetail,
    VersionHead,
)
from artui.paths import usable_path
from artui.query import Reader
from artui.query.runs import HEAD_COLUMNS, head_from_row

MAX_FILES = 100_000
MAX_TEXT_BYTES = 4 * 1024 * 1024

_RELATION_WORDS = {
    2: ("derived from", "derived into"),
    3: ("trained on", "trained"),
    4: ("satisfies", "satisfied by"),
}
"""By stored relation: as read from the later version, and from the earlier one."""


def version_heads(connection: sqlite3.Connection, chosen: str, values: Mapping[str, Any]) -> list[VersionHead]:
    """Read versions; `chosen` is a query of ours that gives their keys."""
    rows = connection.execute(
        f"""
        SELECT v.key, v.id, a.key, a.name, p.name, a.stage, a.kind, v.number, v.digest, v.size_bytes, v.file_count, v.created_ms, v.storage,
               (SELECT max(n.number) FROM version AS n WHERE n.artifact_key = a.key AND n.deleted_ms IS NULL)
        FROM version AS v
        JOIN artifact AS a ON a.key = v.artifact_key
        JOIN project AS p ON p.key = a.project_key
        WHERE v.key IN ({chosen}) AND v.deleted_ms IS NULL
        ORDER BY a.stage, a.kind, a.name, v.number DESC
        """,
        dict(values),
    ).fetchall()
    heads = []
    for (
        key,
        version_id,
        artifact_key,
        artifact,
        project,
        stage,
        kind,
        number,
        digest,
        size,
        count,
        created_ms,
        storage,
        newest,
    ) in rows:
        aliases = [
            str(row[0])
            for row in connection.execute(
                "SELECT name FROM alias WHERE artifact_key = ? AND version_key = ? ORDER BY name",
                (artifact_key, key),
            )
        ]
        if number == newest:
            aliases.insert(0, "latest")
        makers = connection.execute(
            f"SELECT {HEAD_COLUMNS} FROM edge AS e JOIN run AS r ON r.key = e.source_key JOIN project AS p ON p.key = r.project_key "
            "WHERE e.relation = 0 AND e.target_key = :version ORDER BY e.created_ms, r.key LIMIT 1",
            {"version": key},
        ).fetchone()
        heads.append(
            VersionHead(
                key, str(version_id), artifact_key, str(artifact), str(project), _stage(stage), str(kind), number, digest.hex() if isinstance(digest, bytes) else "",
                size, count, created_ms, str(storage), tuple(aliases), head_from_row(makers) if makers else None,
            )
        )  # fmt: skip
    return heads


def artifact_list(reader: Reader) -> list[ArtifactHead]:
    """List all artifacts by stage, kind and name, each with its newest version."""
    with reader.snapshot() as connection:
        newest = {
            head.artifact_key: head
            for head in version_heads(
                connection,
                "SELECT n.key FROM version AS n JOIN (SELECT artifact_key, max(number) AS number FROM version WHERE deleted_ms IS NULL GROUP BY artifact_key) AS m "
                "ON m.artifact_key = n.artifact_key AND m.number = n.number",
                {},
            )
        }
        rows = connection.execute(
            """
            SELECT a.key, a.id, a.name, p.name, a.stage, a.kind, (SELECT count(*) FROM version AS v WHERE v.artifact_key = a.key AND v.deleted_ms IS NULL)
            FROM artifact AS a
            JOIN project AS p ON p.key = a.project_key
            WHERE a.deleted_ms IS NULL
            ORDER BY a.stage, a.kind, a.name, a.key
            """
        ).fetchall()

    def rank(head: ArtifactHead) -> tuple[int, int, str, str]:
        order = KINDS[head.stage]
        return (
            STAGES.index(head.stage),
            order.index(head.kind) if head.kind in order else len(order),
            head.kind,
            head.name,
        )

    heads = [
        ArtifactHead(key, artifact_id, str(name), str(project), _stage(stage), str(kind), count, newest.get(key))
        for key, artifact_id, name, project, stage, kind, count in rows
    ]
    return sorted(heads, key=rank)


def versions(reader: Reader, artifact_key: int) -> list[VersionHead]:
    """List the versions of one artifact, newest first."""
    with reader.snapshot() as connection:
        return version_heads(
            connection, "SELECT key FROM version WHERE artifact_key = :artifact", {"artifact": artifact_key}
        )


def get_version(reader: Reader, version_id: str) -> VersionDetail:
    """Give a version with its manifest and what hangs on it.

    Raises:
        UnknownReference: there is no version of that id.
    """
    with reader.snapshot() as connection:
        heads = version_heads(connection, "SELECT key FROM version WHERE id = :id", {"id": version_id})
        if not heads:
            raise UnknownReference(
                f"There is no version {version_id}.", remedy="`artui ls --artifacts` lists artifacts."
            )
        head = heads[0]
        metadata, location, host = connection.execute(
            "SELECT metadata, location, host FROM version WHERE key = ?", (head.key,)
        ).fetchone()
        return VersionDetail(
            head,
            _mapping(metadata),
            str(location),
            str(host),
            tuple(_files(connection, head.key)),
            tuple(_used_by(connection, head.key)),
            tuple(_related(connection, head.key)),
        )


def _files(connection: sqlite3.Connection, version_key: int) -> Iterator[ManifestFile]:
    for path, size, digest, media, link, note in connection.execute(
        "SELECT path, size_bytes, digest, media_type, link_target, note FROM file WHERE version_key = :version ORDER BY path LIMIT :limit",
        {"version": version_key, "limit": MAX_FILES},
    ):
        yield ManifestFile(
            str(path),
            size,
            digest.hex() if isinstance(digest, bytes) else "",
            str(media),
            str(link or ""),
            str(note),
        )


def _used_by(connection: sqlite3.Connection, version_key: int) -> list[RunHead]:
    return [
        head_from_row(row)
        for row in connection.execute(
            f"SELECT {HEAD_COLUMNS} FROM edge AS e JOIN run AS r ON r.key = e.target_key JOIN project AS p ON p.key = r.project_key "
            "WHERE e.relation = 1 AND e.source_key = :version ORDER BY r.started_ms, r.key LIMIT 1000",
            {"version": version_key},
        )
    ]


def _related(connection: sqlite3.Connection, version_key: int) -> Iterator[tuple[str, VersionHead]]:
    for relation, (later, earlier) in _RELATION_WORDS.items():
        values = {"relation": relation, "version": version_key}
        for head in version_heads(
            connection,
            "SELECT source_key FROM edge WHERE relation = :relation AND target_key = :version",
            values,
        ):
            yield later, head
        for head in version_heads(
            connection,
            "SELECT target_key FROM edge WHERE relation = :relation AND source_key = :version",
            values,
        ):
            yield earlier, head


def previews(reader: Reader, version_key: int) -> dict[str, Preview]:
    """Give the previews that were captured when the version was saved, by path."""
    with reader.snapshot() as connection:
        rows = connection.execute(
            "SELECT path, content FROM preview WHERE version_key = :version ORDER BY path",
            {"version": version_key},
        ).fetchall()
    return {str(path): _preview(content) for path, content in rows}


def _preview(content: Any) -> Preview:
    """Read a stored preview; one that is not as we write them is shown as unreadable."""
    try:
        found = orjson.loads(content)
        table = found["table"]
        return Preview(
            str(found["kind"]), str(found["title"]), str(found["text"]),
            None if table is None else PreviewTable(
                tuple(map(str, table["columns"])), tuple(map(str, table["types"])),
                tuple(tuple(map(str, row)) for row in table["rows"]), table["row_count"] if isinstance(table["row_count"], int) else None,
            ),
            tuple((str(name), str(value)) for name, value in found["facts"]),
        )  # fmt: skip
    except (ValueError, KeyError, TypeError, LookupError):
        return Preview("unreadable", "the stored preview is damaged")


def place_of(reader: Reader, connection: sqlite3.Connection, version_key: int, path: str) -> tuple[int | Path, int]:
    """Find the bytes of a file: the key of their blob, or a path of this machine that may be read; and how many they are.

    Raises:
        UnknownReference: the version has no such file.
        ContentMissing: the bytes are not in the catalog, and not on this machine.
    """
    row = connection.execute(
        "SELECT f.blob_key, f.size_bytes, v.location, v.storage, v.file_count, v.host FROM file AS f JOIN version AS v ON v.key = f.version_key "
        "WHERE f.version_key = :version AND f.path = :path",
        {"version": version_key, "path": path},
    ).fetchone()
    if row is None:
        raise UnknownReference(f"The version has no file {path!r}.", remedy="Its manifest lists what it has.")
    blob_key, size_bytes, location, storage, file_count, host = row
    if blob_key is not None:
        return int(blob_key), size_bytes
    try:
        place = usable_path(location)
    except UsageError as error:
        raise ContentMissing(
            f"{path!r} is not in the catalog: {error.message}", remedy="Use another version."
        ) from error
    target = place if file_count == 1 and place.name == path else safe_join(place, path)
    # Only what lies where this machine's own user put it is opened: a reference of a foreign catalog is text.
    # The catalog itself is not: closing it would drop the locks that SQLite holds on it.
    if (
        storage == "referenced"
        and reader.may_write
        and target.is_file()
        and not target.is_symlink()
        and target.stat().st_size == size_bytes
        and not target.samefile(reader.path)
    ):
        return target, size_bytes
    raise ContentMissing(
        f"{path!r} is not in the catalog: it lies at {location!r} on {host or 'another machine'}.",
        remedy="Its preview and digest are here; fetch it from there.",
    )


def open_file(reader: Reader, connection: sqlite3.Connection, version_key: int, path: str) -> BinaryIO:
    """Open one file of a version, wherever its bytes are. Valid while `connection`'s reading lasts.

    Raises:
        UnknownReference: the version has no such file.
        ContentMissing: the bytes are not in the catalog, and not on this machine.
    """
    place, _ = place_of(reader, connection, version_key, path)
    if isinstance(place, int):
        return io.BufferedReader(BlobStream(connection, place), 1 << 16)
    return place.open("rb")


def file_text(reader: Reader, version_key: int, path: str, *, max_bytes: int = MAX_TEXT_BYTES) -> tuple[str, bool]:
    """Give the text of a file, or its last `max_bytes`, and whether that is all of it."""
    with reader.snapshot() as connection, open_file(reader, connection, version_key, path) as stream:
        size = stream.seek(0, io.SEEK_END)
        stream.seek(max(0, size - max_bytes))
        content = stream.read(max_bytes)
    return content.decode("utf-8", "replace"), size <= max_bytes


def alias_history(reader: Reader, artifact_id: str) -> list[AliasChange]:
    """List how the aliases of an artifact moved, newest first."""
    with reader.snapshot() as connection:
        rows = connection.execute(
            "SELECT time_ms, author, before, after FROM event WHERE subject_id = :artifact AND action = 'alias' ORDER BY time_ms DESC, id DESC LIMIT 500",
            {"artifact": artifact_id},
        ).fetchall()
    changes = []
    for time_ms, author, before, after in rows:
        was, now = _list(before), _list(after)
        name = str((now or was or ["?"])[0])
        changes.append(AliasChange(name, time_ms, str(author), _third(was), _third(now)))
    return changes


def _third(values: list[Any]) -> int | None:
    return values[2] if len(values) > 2 and isinstance(values[2], int) else None


def _list(content: Any) -> list[Any]:
    try:
        found = orjson.loads(content)
    except (ValueError, TypeError):
        return []
    return found if isinstance(found, list) else []


def _mapping(content: Any) -> dict[str, Any]:
    try:
        found = orjson.loads(content)
    except (ValueError, TypeError):
        return {}
    return found if isinstance(found, dict) else {}


def _stage(code: Any) -> str:
    return STAGES[code] if code in (0, 1, 2, 3) else STAGES[2]
