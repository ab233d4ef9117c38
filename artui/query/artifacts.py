"""Artifacts with their versions, manifests and previews, and the content of files."""

from __future__ import annotations

import contextlib
import io
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import orjson

from artui.catalog import cells as cell_of
from artui.catalog.artifacts import OUTSIDE, NewFile, is_pending, manifest_digest, twin_of
from artui.catalog.blobs import BlobStream
from artui.catalog.chain import REASONS_SINCE
from artui.catalog.outside import WAS_NOT_STORED
from artui.catalog.standing import is_named, newest_number, not_retired
from artui.errors import CatalogDamaged, ContentMissing, UnknownReference
from artui.model import (
    KINDS,
    STAGES,
    AliasChange,
    Approval,
    ArtifactHead,
    ManifestFile,
    Preview,
    PreviewTable,
    RunHead,
    VersionDetail,
    VersionHead,
)
from artui.model.words import BETWEEN_VERSIONS, RELATION_WORDS, RELATIONS
from artui.query.border import Shape
from artui.query.damage import is_chained, version_damage
from artui.query.declared import facts_of
from artui.query.heads import HEAD_COLUMNS, head_from_row

if TYPE_CHECKING:
    from artui.content.reading import Reference as FileReference
    from artui.query.reader import Reader

MAX_FILES = 100_000
MAX_THUMBNAIL_CHARS = 16_384
MAX_TEXT_BYTES = 4 * 1024 * 1024

_STAGE_CODES = {"stage": (STAGES, "modelling")}
_HEADS = Shape(
    VersionHead,
    "key id artifact_key artifact project stage kind number digest size_bytes file_count created_ms storage deleted_ms removed_ms",
    codes=_STAGE_CODES,
)
_ARTIFACTS = Shape(ArtifactHead, "key id name project stage kind version_count", codes=_STAGE_CODES)
_FILES = Shape(ManifestFile, "path size_bytes digest media_type link_target note", may_lack="digest link_target")
FILE_COLUMNS = "f.path, f.size_bytes, f.digest, f.media_type, f.link_target, f.note"
_DETAILS = Shape(VersionDetail, "location host note")
_CHANGES = Shape(AliasChange, "time_ms author why")


def version_heads(
    connection: sqlite3.Connection, chosen: str, values: Mapping[str, Any], *, with_deleted: bool = False
) -> list[VersionHead]:
    """Read versions; `chosen` is an SQL query for their keys, never text from outside. Where lineage is read, deleted ones are wanted, too."""
    rows = connection.execute(
        f"""
        SELECT v.key, v.id, a.key, a.name, p.name, a.stage, a.kind, v.number, v.digest, v.size_bytes, v.file_count, v.created_ms, v.storage,
               v.deleted_ms, (SELECT d.time_ms FROM removal AS d WHERE d.version_key = v.key),
               EXISTS (SELECT 1 FROM retirement AS t WHERE t.version_key = v.key),
               CASE v.storage WHEN 'stored' THEN (SELECT count(*) FROM file AS f WHERE f.version_key = v.key AND {WAS_NOT_STORED}) ELSE 0 END,
               {newest_number("a.key")},
               EXISTS (SELECT 1 FROM version AS o WHERE o.artifact_key = v.artifact_key AND o.number = v.number AND o.key <> v.key)
        FROM version AS v
        JOIN artifact AS a ON a.key = v.artifact_key
        LEFT JOIN project AS p ON p.key = a.project_key
        WHERE v.key IN ({chosen}){"" if with_deleted else " AND v.deleted_ms IS NULL"}
        ORDER BY a.stage, a.kind, a.name, v.number DESC, v.id
        """,
        dict(values),
    ).fetchall()
    heads = []
    for *cells, is_retired, not_stored_count, newest, has_twin in rows:
        key, artifact_key, number = cells[0], cells[2], cells[7]
        aliases = [
            cell_of.text(row[0])
            for row in connection.execute(
                "SELECT name FROM alias WHERE artifact_key = ? AND version_key = ? ORDER BY name <> 'production', name",
                (artifact_key, key),
            )
        ]
        if number == newest and cells[13] is None and not is_retired and not has_twin:
            aliases.append("latest")
        makers = connection.execute(
            f"SELECT {HEAD_COLUMNS} FROM edge AS e JOIN run AS r ON r.key = e.source_key LEFT JOIN project AS p ON p.key = r.project_key "
            "WHERE e.relation = 0 AND e.target_key = :version ORDER BY e.created_ms, r.key LIMIT 1",
            {"version": key},
        ).fetchone()
        made_by = head_from_row(makers) if makers else None
        head = _HEADS.made(cells, aliases=tuple(aliases), made_by=made_by, is_retired=bool(is_retired), not_stored_count=not_stored_count, twin=twin_of(cell_of.text(cells[1])) if has_twin else "")  # fmt: skip
        # A version whose files are not hashed yet has no digest to be shown.
        is_unhashed = isinstance(cells[8], bytes) and is_pending(cells[8])
        heads.append(replace(head, digest="") if is_unhashed else head)
    return heads


def artifact_list(
    reader: Reader, where: str = "", *, words: Sequence[str] = (), notes: list[str] | None = None
) -> list[ArtifactHead]:
    """List artifacts by stage, kind and name, each with its newest version; those with a version that a filter matches, each with the newest of these.

    Args:
        words: what a version must hold besides, each as a word in a filter.
        notes: collects sentences that a user should see beside the list.

    Raises:
        FilterError: the filter cannot be understood, or means nothing for versions.
    """
    matching = _matching(reader, where, notes, words=words) if where.strip() or words else None
    with reader.snapshot() as connection:
        newest = {
            head.artifact_key: head
            for head in version_heads(
                connection,
                _NEWEST if matching is None else _NEWEST_OF,
                {} if matching is None else {"keys": orjson.dumps(sorted(matching)).decode()},
                with_deleted=True,
            )
        }
        rows = connection.execute(
            """
            SELECT a.key, a.id, a.name, p.name, a.stage, a.kind, (SELECT count(*) FROM version AS v WHERE v.artifact_key = a.key AND v.deleted_ms IS NULL),
                   (SELECT count(*) FROM version AS v WHERE v.artifact_key = a.key)
            FROM artifact AS a
            LEFT JOIN project AS p ON p.key = a.project_key
            WHERE a.deleted_ms IS NULL
            ORDER BY a.stage, a.kind, a.name, a.key
            """
        ).fetchall()
        named: dict[int, list[tuple[str, int]]] = {}
        for artifact_key, alias, number in connection.execute(_NAMED):
            named.setdefault(artifact_key, []).append((cell_of.text(alias), cell_of.integer(number)))
        dangling: dict[int, list[tuple[str, int]]] = {}
        for artifact_key, alias, number in connection.execute(_DANGLING):
            dangling.setdefault(artifact_key, []).append((cell_of.text(alias), cell_of.integer(number)))

    def rank(head: ArtifactHead) -> tuple[int, int, str, str]:
        order = KINDS[head.stage]
        return (
            STAGES.index(head.stage),
            order.index(head.kind) if head.kind in order else len(order),
            head.kind,
            head.name,
        )

    # One whose versions are all deleted, or retired with no alias left, is seen only by those who ask for them.
    heads = [
        _ARTIFACTS.made(
            row, latest=newest.get(row[0]), named=tuple(named.get(row[0], ())), dangling=tuple(dangling.get(row[0], ()))
        )
        for *row, every_count in rows
        if row[0] in newest or (matching is None and not every_count)
    ]
    every_counts = {row[0]: row[-1] for row in rows}
    return sorted(
        (replace(head, version_count=every_counts[head.key]) if counts_deleted(head) else head for head in heads),
        key=rank,
    )


def counts_deleted(head: ArtifactHead) -> bool:
    """Say whether an artifact's deleted versions are counted, too: where the one that is shown of it is deleted."""
    return head.latest is not None and head.latest.deleted_ms is not None


_NAMED = """
    SELECT l.artifact_key, l.name, v.number
    FROM alias AS l
    JOIN version AS v ON v.key = l.version_key
    WHERE v.deleted_ms IS NULL AND l.name <> 'latest'
    ORDER BY l.artifact_key, l.name
"""
_DANGLING = """
    SELECT l.artifact_key, l.name, v.number
    FROM alias AS l
    JOIN version AS v ON v.key = l.version_key
    WHERE v.deleted_ms IS NOT NULL AND l.name <> 'latest'
    ORDER BY l.artifact_key, l.name
"""
_NEWEST = f"""
    SELECT n.key
    FROM version AS n
    JOIN (
        SELECT w.artifact_key, coalesce(max(CASE WHEN {not_retired("w.key")} THEN w.number END), max(w.number)) AS number
        FROM version AS w
        WHERE w.deleted_ms IS NULL AND ({not_retired("w.key")} OR {is_named("w")})
        GROUP BY w.artifact_key
    ) AS m
      ON m.artifact_key = n.artifact_key AND m.number = n.number
    WHERE n.deleted_ms IS NULL
"""
_NEWEST_OF = f"""
    SELECT n.key
    FROM version AS n
    JOIN (
        SELECT v.artifact_key, coalesce(max(CASE WHEN {not_retired("v.key")} THEN v.number END), max(v.number)) AS number
        FROM json_each(:keys) AS w
        JOIN version AS v ON v.key = w.value
        GROUP BY v.artifact_key
    ) AS m ON m.artifact_key = n.artifact_key AND m.number = n.number
"""


def matching_versions_of(reader: Reader, where: str, *, is_of_all: bool = False) -> set[int] | None:
    """Give the keys of the versions that a filter matches; None for one without a condition.

    With `is_of_all` deleted and retired ones are among them, whether or not the filter asks about that.

    Raises:
        FilterError: as `artifact_list`.
    """
    return _matching(reader, where, None, is_of_all=is_of_all)


def _matching(
    reader: Reader, where: str, notes: list[str] | None, *, words: Sequence[str] = (), is_of_all: bool = False
) -> set[int] | None:
    """Give the keys of the versions that a filter matches; None for a filter without a condition."""
    from artui.query.filter.compile import matching_versions
    from artui.query.filter.parser import And, Word, parse
    from artui.query.filter.tokens import pointing_into

    node = parse(where)
    if words:
        held = (Word(word, 0, 0) for word in words)
        node = And((*held, *(() if node is None else (node,))))
    if node is None:
        return None
    memory = reader.memory.at(reader.file_token())
    with reader.snapshot() as connection, pointing_into(where):
        return matching_versions(connection, node, notes=notes, memory=memory, is_of_all=is_of_all)


def aliased_version(reader: Reader, artifact_key: int, alias: str) -> VersionHead | None:
    """Give the version of an artifact that an alias names; None if there is none, or it is deleted."""
    chosen = "SELECT version_key FROM alias WHERE artifact_key = :artifact AND name = :alias"
    with reader.snapshot() as connection:
        heads = version_heads(connection, chosen, {"artifact": artifact_key, "alias": alias})
    return heads[0] if heads else None


def versions(
    reader: Reader, artifact_key: int, where: str = "", *, with_deleted: bool = False, notes: list[str] | None = None
) -> list[VersionHead]:
    """List the versions of one artifact, newest first: all of them, retired ones too, or those that a filter matches.

    `notes` is given what should be known about how the filter was understood.

    Raises:
        FilterError: as `artifact_list`.
    """
    matching = _matching(reader, where, notes) if where.strip() else None
    with reader.snapshot() as connection:
        heads = version_heads(
            connection,
            "SELECT key FROM version WHERE artifact_key = :artifact",
            {"artifact": artifact_key},
            with_deleted=with_deleted or matching is not None,
        )
    return [head for head in heads if matching is None or head.key in matching]


def get_version(reader: Reader, version_id: str, *, max_files: int = MAX_FILES) -> VersionDetail:
    """Give a version with its manifest and everything connected to it; also one that is deleted.

    Args:
        max_files: so many files are read, the first by path. Of a version that has more the list is not held against
            its digest, nor its content against its seal: for that all of it would have to be read.

    Raises:
        UnknownReference: there is no version of that id.
    """
    with reader.snapshot() as connection:
        heads = version_heads(
            connection, "SELECT key FROM version WHERE id = :id", {"id": version_id}, with_deleted=True
        )
        if not heads:
            raise UnknownReference(
                f"There is no version {version_id}.", remedy="`artui ls --artifacts` lists artifacts."
            )
        head = heads[0]
        metadata, *place = connection.execute(
            "SELECT metadata, location, host, note FROM version WHERE key = ?", (head.key,)
        ).fetchone()
        metadata_object = cell_of.object_of(metadata)
        files = tuple(_files(connection, head.key, max_files))
        is_whole = len(files) < max_files or len(files) >= head.file_count
        parts = {
            "metadata": metadata_object is None,
            "files": any(file.damaged for file in files) or (is_whole and not _is_manifest(files, head)),
        }
        damaged = dict.fromkeys(word for word, is_damaged in parts.items() if is_damaged)
        if is_whole or max_files >= MAX_FILES:
            damaged |= dict.fromkeys(version_damage(reader, connection, [head.key]).get(head.key, ()))
        return _DETAILS.made(
            place,
            damaged=tuple(damaged),
            head=replace(head, damaged=tuple(dict.fromkeys((*head.damaged, *damaged)))),
            metadata=metadata_object or {},
            files=files,
            used_by=tuple(_used_by(connection, head.key)),
            related=tuple(_related(connection, head.key)),
            approvals=approvals(reader, connection, head.id),
            facts=facts_of(connection, head.artifact_key, head.key),
        )


MOST_LOOKED_FOR = 200
"""Of so many files of a version it is looked whether they are where they were left."""


def with_presence(reader: Reader, detail: VersionDetail) -> VersionDetail:
    """Say of a version that refers to files on this machine which of the first of them are no longer there.

    Nothing is said of what another installation recorded: whose paths are not looked at unasked.
    """
    from artui.content.reading import Reference, is_gone

    if detail.head.storage != "referenced" or detail.head.removed_ms is not None:
        return detail
    gone = []
    with reader.snapshot() as connection:
        for file in detail.files[:MOST_LOOKED_FOR]:
            if file.link_target or file.damaged:
                continue
            try:
                place = blob_or_reference(reader, connection, detail.head.key, file.path)
            except (CatalogDamaged, ContentMissing, UnknownReference):
                continue
            if isinstance(place, Reference) and is_gone(place):
                gone.append(file.path)
    return replace(detail, not_there=tuple(gone))


def _is_manifest(files: Sequence[ManifestFile], head: VersionHead) -> bool:
    """Say whether files match their version's digest; also true if there are no files, no digest, or a list that was cut."""
    if not files or len(files) >= MAX_FILES or not head.digest:
        return True
    try:
        manifest = [
            NewFile(
                file.path,
                file.size_bytes,
                bytes.fromhex(file.digest) if file.digest else None,
                link_target=file.link_target or None,
            )
            for file in files
        ]
        return manifest_digest(manifest).hex() == head.digest
    except (TypeError, ValueError):
        return False


def _files(connection: sqlite3.Connection, version_key: int, most: int) -> Iterator[ManifestFile]:
    for row in connection.execute(
        f"SELECT {FILE_COLUMNS} FROM file AS f WHERE f.version_key = :version ORDER BY f.path LIMIT :limit",
        {"version": version_key, "limit": most},
    ):
        yield file_of(row)


def file_of(row: Sequence[Any]) -> ManifestFile:
    """Make a file of its `FILE_COLUMNS`."""
    return _FILES.made(row)


def _used_by(connection: sqlite3.Connection, version_key: int) -> list[RunHead]:
    return [
        head_from_row(row)
        for row in connection.execute(
            f"SELECT {HEAD_COLUMNS} FROM edge AS e JOIN run AS r ON r.key = e.target_key LEFT JOIN project AS p ON p.key = r.project_key "
            "WHERE e.relation = 1 AND e.source_key = :version ORDER BY r.started_ms, r.key LIMIT 1000",
            {"version": version_key},
        )
    ]


_APPROVALS = Shape(Approval, "author time_ms why")


def approvals(reader: Reader, connection: sqlite3.Connection, version_id: str) -> tuple[Approval, ...]:
    """Say who approves a version now: of each author the newest word counts."""
    reason = "e.why" if reader.schema_version >= REASONS_SINCE else "''"
    rows = connection.execute(
        f"SELECT e.author, e.time_ms, {reason}, e.after, e.id FROM event AS e "
        "WHERE e.subject_id = :version AND e.action = 'approve' ORDER BY e.time_ms DESC, e.id DESC",
        {"version": version_id},
    ).fetchall()
    newest = {row[0]: row for row in reversed(rows)}
    given = [row for row in rows if row is newest[row[0]] and cell_of.list_of(row[3])]
    return tuple(
        _APPROVALS.made(row[:3], damaged=() if is_chained(reader, connection, row[4]) else ("event",)) for row in given
    )


def _related(connection: sqlite3.Connection, version_key: int) -> Iterator[tuple[str, VersionHead]]:
    for relation in map(RELATIONS.index, BETWEEN_VERSIONS):
        later, earlier = RELATION_WORDS[relation]
        values = {"relation": relation, "version": version_key}
        for head in version_heads(
            connection,
            "SELECT source_key FROM edge WHERE relation = :relation AND target_key = :version",
            values,
            with_deleted=True,
        ):
            yield later, head
        for head in version_heads(
            connection,
            "SELECT target_key FROM edge WHERE relation = :relation AND source_key = :version",
            values,
            with_deleted=True,
        ):
            yield earlier, head


def previews(reader: Reader, version_key: int) -> dict[str, Preview]:
    """Give the previews that were captured when the version was saved, by path."""
    with reader.snapshot() as connection:
        rows = connection.execute(
            "SELECT path, content FROM preview WHERE version_key = :version ORDER BY path",
            {"version": version_key},
        ).fetchall()
    return {cell_of.text(path): preview_of(content) for path, content in rows}


def preview_of(content: Any) -> Preview:
    """Read a stored preview; a malformed one is shown as unreadable."""
    try:
        stored = orjson.loads(content)
        table = stored["table"]
        return Preview(
            str(stored["kind"]), str(stored["title"]), str(stored["text"]),
            None if table is None else PreviewTable(
                tuple(map(str, table["columns"])), tuple(map(str, table["types"])),
                tuple(tuple(map(str, row)) for row in table["rows"]), table["row_count"] if isinstance(table["row_count"], int) else None,
            ),
            tuple((str(name), str(value)) for name, value in stored["facts"]), _thumbnail(stored.get("thumbnail")),
        )  # fmt: skip
    except (ValueError, KeyError, TypeError, LookupError):
        return Preview("unreadable", "the stored preview is damaged")


def _thumbnail(stored: Any) -> str:
    """Give a small picture as it is kept; none if it is not small."""
    return stored if isinstance(stored, str) and len(stored) <= MAX_THUMBNAIL_CHARS else ""


class Held(NamedTuple):
    """Bytes that another catalog has, of which this one is a copy without them."""

    reader: Reader
    blob_key: int


class _HeldStream(BlobStream):
    """Bytes of another catalog, which is being read until this is closed."""

    def __init__(self, held: Held) -> None:
        self._stack = contextlib.ExitStack()
        super().__init__(self._stack.enter_context(held.reader.snapshot()), held.blob_key)

    def close(self) -> None:
        """Close, and end reading the other catalog."""
        super().close()
        self._stack.close()


def blob_or_reference(
    reader: Reader, connection: sqlite3.Connection, version_key: int, path: str
) -> int | FileReference | Held:
    """Find the bytes of a file: the key of their blob, in which other catalog they are, or where outside of any.

    Raises:
        UnknownReference: the version has no such file.
        ContentMissing: they are neither in the catalog nor referenced.
    """
    from artui.content.reading import Reference, is_single, placed

    row = connection.execute(
        f"SELECT f.blob_key, f.size_bytes, f.digest, f.note, v.id, v.digest, v.location, v.storage, v.file_count, v.host, {_mark(reader)} "
        "FROM file AS f JOIN version AS v ON v.key = f.version_key WHERE f.version_key = :version AND f.path = :path",
        {"version": version_key, "path": path},
    ).fetchone()
    if row is None:
        raise UnknownReference(f"The version has no file {path!r}.", remedy="Its manifest lists what it has.")
    blob_key, size_bytes, digest, note, version_id, version_digest, location, storage, file_count, host, mark = row
    is_as_written = isinstance(size_bytes, int) and isinstance(location, str) and isinstance(version_id, str)
    if not isinstance(blob_key, int | None) or not isinstance(digest, bytes | None) or not is_as_written:
        raise CatalogDamaged(f"Where {path!r} is kept is damaged.", remedy="Get an untouched copy.")
    if blob_key is not None:
        return blob_key
    if digest is not None and (held := reader.held_elsewhere(digest)) is not None:
        return Held(*held)
    if storage not in OUTSIDE:
        raise ContentMissing(
            f"The bytes of {path!r} are not in the catalog.", remedy="What is known of it is on the version's page."
        )
    return placed(Reference(
        catalog=reader.path, version_id=version_id, version_digest=version_digest, mark=mark, location=location, host=host,
        is_single=is_single(location, path, file_count), path=path, size_bytes=size_bytes, digest=digest, roots=reader.roots,
        is_stored=storage == "stored",
    ), note)  # fmt: skip


def _mark(reader: Reader) -> str:
    return "v.mark" if reader.schema_version >= 5 else "NULL"


def open_file(reader: Reader, connection: sqlite3.Connection, version_key: int, path: str) -> BinaryIO:
    """Open one file of a version, wherever its bytes are. Valid while `connection` is being read from.

    Raises:
        UnknownReference: the version has no such file.
        ContentMissing: the bytes are neither in the catalog nor where it may read them.
    """
    place = blob_or_reference(reader, connection, version_key, path)
    if isinstance(place, int):
        return io.BufferedReader(BlobStream(connection, place), 1 << 16)
    if isinstance(place, Held):
        return io.BufferedReader(_HeldStream(place), 1 << 16)
    from artui.content.reading import SourceStream, open_outside
    from artui.content.stores.store import Object

    opened = open_outside(place)
    return io.BufferedReader(SourceStream(opened), 1 << 16) if isinstance(opened, Object) else opened


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
        reason = "why" if reader.schema_version >= REASONS_SINCE else "''"
        rows = connection.execute(
            f"SELECT time_ms, author, {reason}, before, after, id FROM event WHERE subject_id = :artifact AND action = 'alias' ORDER BY time_ms DESC, id DESC LIMIT 500",
            {"artifact": artifact_id},
        ).fetchall()
        unchained = {row[5] for row in rows if not is_chained(reader, connection, row[5])}
    changes = []
    for time_ms, author, why, before, after, event_id in rows:
        was, now = cell_of.list_of(before) or [], cell_of.list_of(after) or []
        name = str((now or was or ["?"])[0])
        damaged = ("event",) if event_id in unchained else ()
        changes.append(
            _CHANGES.made(
                (time_ms, author, why), alias=name, from_number=_third(was), to_number=_third(now), damaged=damaged
            )
        )
    return changes


def _third(values: list[Any]) -> int | None:
    return values[2] if len(values) > 2 and isinstance(values[2], int) else None
