"""Merging artifacts, their versions with files and content, and the lineage."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from artui.catalog import blobs, cells, seals
from artui.catalog.collecting import REMOVED
from artui.catalog.forgetting import INSTEAD
from artui.catalog.merging.changes import Standing
from artui.catalog.merging.joins import earliest, rank, wins
from artui.catalog.merging.target import Target
from artui.catalog.pairing import side_by_side
from artui.catalog.windows import content_of
from artui.errors import CatalogDamaged

ARTIFACT = ("id", "name", "stage", "kind", "created_ms", "deleted_ms", "note")
ARTIFACTS = f"""
    SELECT {", ".join(f"a.{column}" for column in ARTIFACT)}, a.key, p.name, p.created_ms
    FROM artifact AS a
    JOIN project AS p ON p.key = a.project_key
    ORDER BY a.key
"""
RECORDED = ("number", "digest", "size_bytes", "file_count", "note")
"""The columns of a version that only who records it writes: they are of one copy, and so is its manifest."""
CHANGEABLE = (("deleted_ms",), ("storage", "location", "host", "mark"), ("metadata",))
"""Those that people change, too: joined by themselves, since the journal has the last word on them."""
OWN = (*RECORDED, *(column for columns in CHANGEABLE for column in columns))
HEADS = "SELECT id, key, seal, stamp, mark, created_ms, artifact_key, origin_key FROM version ORDER BY id"
WHOLE = f"SELECT stamp, created_ms, origin_key, {', '.join(OWN)} FROM version WHERE key = ?"
FILE = ("path", "size_bytes", "digest", "media_type", "link_target", "note")
FILES = f"SELECT {', '.join(FILE)}, blob_key FROM file WHERE version_key = ? ORDER BY path"
PREVIEWS = "SELECT path, content FROM preview WHERE version_key = ? ORDER BY path"
PROFILE = ("part", "from_ms", "slice", "to_ms", "row_count", "content", "sketch")
PROFILES = f"SELECT {', '.join(PROFILE)} FROM profile WHERE version_key = ? ORDER BY part, from_ms, slice"
ALIASES = """
    SELECT l.name, l.stamp, v.id, v.key
    FROM alias AS l
    JOIN version AS v ON v.key = l.version_key
    WHERE l.artifact_key = ?
    ORDER BY l.name
"""


@dataclass(slots=True)
class MergedVersions:
    """What came of merging versions."""

    content_of: Collection[str] | None = None
    """Ids of versions whose stored bytes come, too; None for all."""
    artifacts: dict[int, int] = field(default_factory=dict)
    """Keys of artifacts, theirs to ours."""
    keys: dict[int, int] = field(default_factory=dict)
    """Of all versions that both have now, theirs to ours."""
    new: dict[int, tuple[int, bytes | None]] = field(default_factory=dict)
    """Of those that were copied: by our key, theirs and the seal."""
    changed: set[int] = field(default_factory=set)
    ids: dict[int, str] = field(default_factory=dict)
    """Of those that are new or changed, by our key."""
    touched_artifacts: set[int] = field(default_factory=set)
    """Our keys of artifacts that have a new or changed version, or were changed themselves."""
    content_bytes: int = 0
    damaged: list[str] = field(default_factory=list)
    """Ids of versions that are damaged in the source: nothing was taken of them."""
    missing_content: list[str] = field(default_factory=list)
    """Ids of versions with a file whose content is damaged in the source: it was left out."""

    def takes_content(self, version_id: str) -> bool:
        """Say whether the stored bytes of a version come."""
        return self.content_of is None or version_id in self.content_of


def merge_versions(
    target: Target, theirs: sqlite3.Connection, *, origin_keys: Mapping[int, int], forgotten: Collection[str], news: set[str], tell: Callable[[int], None],
    only: Collection[str] | None = None, content_of: Collection[str] | None = None,
) -> MergedVersions:  # fmt: skip
    """Bring the artifacts and versions of a source; what people changed of them is for later.

    Args:
        forgotten: ids of the versions of which their copy was forgotten: it is not taken.
        only: ids of the versions that are taken; None for all.
        content_of: ids of those whose stored bytes come, too; None for all.
    """
    merged = MergedVersions(content_of=content_of)
    their_artifacts = {int(row[len(ARTIFACT)]): row for row in theirs.execute(ARTIFACTS)}
    ours = target.execute(HEADS).fetchall()
    for their_row, our_row in side_by_side(theirs.execute(HEADS), ours):
        if their_row is None or their_row[6] not in their_artifacts:
            continue
        if their_row[0] in forgotten:
            continue
        if only is not None and their_row[0] not in only:
            continue
        version_id, their_key = cells.text(their_row[0]), int(their_row[1])
        artifact_key = _artifact(target, their_artifacts[their_row[6]], merged)
        if our_row is None:
            _copy(target, theirs, their_key, version_id, their_row[2], artifact_key, origin_keys, merged)
            merged.touched_artifacts.add(artifact_key)
        else:
            our_key = merged.keys[their_key] = int(our_row[1])
            is_same = (
                their_row[2:6] == our_row[2:6]
                and origin_keys.get(their_row[7]) == our_row[7]
                and their_row[2] is not None
                and version_id not in news
            )
            if is_same:
                continue
            _join(target, theirs, their_key, our_key, version_id, origin_keys, merged)
            merged.touched_artifacts.add(artifact_key)
        tell(1)
    return merged


def _artifact(target: Target, row: Sequence[Any], merged: MergedVersions) -> int:
    """Give our key of an artifact, which is made or joined: the one that was made first says of what kind it is."""
    *own, their_key, project, project_ms = row
    if their_key in merged.artifacts:
        return merged.artifacts[their_key]
    project_key = target.project_key(cells.text(project), cells.integer(project_ms))
    found = target.execute(
        f"SELECT key, {', '.join(ARTIFACT)} FROM artifact WHERE id = :id OR (name = :name AND project_key = :project) ORDER BY id <> :id LIMIT 1",
        {"id": own[0], "name": own[1], "project": project_key},
    ).fetchone()
    if found is None:
        key = target.new_key("artifact")
        target.insert("artifact", ("key", "project_key", *ARTIFACT), [(key, project_key, *own)])
    else:
        key = int(found[0])
        if _made_first(own) < _made_first(found[1:]):
            # The name and project stay those under which it is here.
            columns = [column for column in ARTIFACT if column not in ("id", "name")]
            target.execute(
                f"UPDATE artifact SET {', '.join(f'{column} = ?' for column in columns)} WHERE key = ?",
                (*(own[ARTIFACT.index(column)] for column in columns), key),
            )
            merged.touched_artifacts.add(key)
    merged.artifacts[their_key] = key
    return key


def _made_first(row: Sequence[Any]) -> tuple[int, bytes]:
    return cells.integer(row[ARTIFACT.index("created_ms")]), seals.canonical([row])


def _copy(
    target: Target, theirs: sqlite3.Connection, their_key: int, version_id: str, seal: bytes | None, artifact_key: int,
    origin_keys: Mapping[int, int], merged: MergedVersions,
) -> None:  # fmt: skip
    stamp, created_ms, origin_key, *own = theirs.execute(WHOLE, (their_key,)).fetchone()
    key = target.new_key("version")
    is_there = target.insert(
        "version", ("key", "id", "artifact_key", "stamp", "created_ms", "origin_key", *OWN),
        [(key, version_id, artifact_key, stamp, created_ms, origin_keys.get(origin_key), *own)],
    )  # fmt: skip
    if not is_there:
        merged.damaged.append(version_id)
        return
    merged.keys[their_key] = key
    merged.new[key], merged.ids[key] = (their_key, seal), version_id
    _copy_files(target, theirs, their_key, key, version_id, {}, merged)
    target.insert(
        "preview", ("version_key", "path", "content"), ((key, *row) for row in theirs.execute(PREVIEWS, (their_key,)))
    )
    target.insert(
        "profile", ("key", "version_key", *PROFILE),
        ((target.new_key("profile"), key, *row) for row in theirs.execute(PROFILES, (their_key,))),
    )  # fmt: skip


def _copy_files(
    target: Target, theirs: sqlite3.Connection, their_key: int, key: int, version_id: str, kept_blobs: Mapping[tuple[Any, Any], int], merged: MergedVersions
) -> None:  # fmt: skip
    """Copy the manifest of a version with the content that the source has, or that was here by path and digest."""
    rows = []
    for *own, their_blob in theirs.execute(FILES, (their_key,)).fetchall():
        blob_key = kept_blobs.get((own[0], own[2]))
        if their_blob is not None and blob_key is None and merged.takes_content(version_id):
            try:
                blob_key = _copy_blob(target, theirs, their_blob, merged)
            except CatalogDamaged:
                merged.missing_content.append(version_id)
        rows.append((key, *own, blob_key))
    target.insert("file", ("version_key", *FILE, "blob_key"), rows)


def _copy_blob(target: Target, theirs: sqlite3.Connection, their_blob: int, merged: MergedVersions) -> int:
    """Copy stored bytes, chunk by chunk, each compared with its digest; give the key of the blob.

    Raises:
        CatalogDamaged: a chunk is not what its digest says, or missing.
    """
    row = theirs.execute("SELECT digest, size_bytes FROM blob WHERE key = ?", (their_blob,)).fetchone()
    if row is None or not isinstance(row[0], bytes):
        raise CatalogDamaged("Stored content is missing.", remedy="Get an untouched copy.")
    digest, size_bytes = row
    found = target.execute("SELECT key FROM blob WHERE digest = ?", (digest,)).fetchone()
    if found is not None:
        return int(found[0])
    stream = blobs.BlobStream(theirs, their_blob)  # which sees that no chunk is missing
    chunk_keys = []
    added: list[int] = []
    for their_chunk, chunk_digest in theirs.execute(
        "SELECT c.key, c.digest FROM blob_chunk AS b JOIN chunk AS c ON c.key = b.chunk_key WHERE b.blob_key = ? ORDER BY b.number",
        (their_blob,),
    ).fetchall():
        here = target.execute("SELECT key FROM chunk WHERE digest = ?", (chunk_digest,)).fetchone()
        if here is None:
            size, codec, content = theirs.execute(
                "SELECT size_bytes, codec, content FROM chunk WHERE key = ?", (their_chunk,)
            ).fetchone()
            if hashlib.sha256(blobs.unpack(codec, cells.integer(size, -1), content)).digest() != chunk_digest:
                target.executemany("DELETE FROM chunk WHERE key = ?", [(key,) for key in added])
                raise CatalogDamaged("A stored chunk is not what its digest says.", remedy="Get an untouched copy.")
            key = target.new_key("chunk")
            target.insert(
                "chunk",
                ("key", "digest", "size_bytes", "codec", "content"),
                [(key, chunk_digest, size, codec, content)],
            )
            added.append(key)
        else:
            key = int(here[0])
        chunk_keys.append(key)
    blob_key = target.new_key("blob")
    target.insert("blob", ("key", "digest", "size_bytes"), [(blob_key, digest, size_bytes)])
    target.insert(
        "blob_chunk",
        ("blob_key", "number", "chunk_key"),
        [(blob_key, number, key) for number, key in enumerate(chunk_keys)],
    )
    merged.content_bytes += stream.size_bytes
    return blob_key


def _join(
    target: Target, theirs: sqlite3.Connection, their_key: int, our_key: int, version_id: str, origin_keys: Mapping[int, int], merged: MergedVersions
) -> None:  # fmt: skip
    if seals.version_damage(theirs, [their_key]):
        merged.damaged.append(version_id)
        return
    merged.changed.add(our_key)
    merged.ids[our_key] = version_id
    their_row, our_row = theirs.execute(WHOLE, (their_key,)).fetchone(), target.execute(WHOLE, (our_key,)).fetchone()
    kept_blobs = {(row[0], row[2]): int(row[-1]) for row in target.execute(FILES, (our_key,)) if row[-1] is not None}
    is_theirs = _rank(theirs, their_row) > _rank(target.connection, our_row)
    for columns in CHANGEABLE:
        here = slice(3 + OWN.index(columns[0]), 3 + OWN.index(columns[-1]) + 1)
        if wins(rank(their_row[0], their_row[here]), rank(our_row[0], our_row[here])):
            sets = ", ".join(f"{column} = ?" for column in columns)
            target.execute(f"UPDATE version SET {sets} WHERE key = ?", (*their_row[here], our_key))
    if is_theirs:
        sets = ", ".join(f"{column} = ?" for column in ("stamp", "origin_key", *RECORDED))
        values = (their_row[0], origin_keys.get(their_row[2]), *their_row[3 : 3 + len(RECORDED)], our_key)
        target.execute(f"UPDATE version SET {sets} WHERE key = ?", values)
    created_ms = earliest(their_row[1], our_row[1])
    if created_ms != our_row[1]:
        target.execute("UPDATE version SET created_ms = ? WHERE key = ?", (created_ms, our_key))
    _join_files(target, theirs, their_key, our_key, version_id, kept_blobs, merged, is_theirs=is_theirs)
    for query, table, count in ((PREVIEWS, "preview", 1), (PROFILES, "profile", 3)):
        _join_looks(
            target,
            table,
            count,
            our_key,
            theirs.execute(query, (their_key,)),
            target.execute(query, (our_key,)).fetchall(),
        )


def _rank(connection: sqlite3.Connection, row: Sequence[Any]) -> Any:
    origin = connection.execute("SELECT id FROM origin WHERE key = ?", (row[2],)).fetchone()
    return rank(row[0], [None if origin is None else origin[0], *row[3 : 3 + len(RECORDED)]])


def _join_files(
    target: Target, theirs: sqlite3.Connection, their_key: int, our_key: int, version_id: str, kept_blobs: Mapping[tuple[Any, Any], int],
    merged: MergedVersions, *, is_theirs: bool,
) -> None:  # fmt: skip
    """The manifest is that of the copy that won; content that either has stays, if it is still that of the file."""
    their_files, our_files = (
        connection.execute(FILES, (key,)).fetchall()
        for connection, key in ((theirs, their_key), (target.connection, our_key))
    )
    if is_theirs and [row[:-1] for row in their_files] != [row[:-1] for row in our_files]:
        target.execute("DELETE FROM file WHERE version_key = ?", (our_key,))
        _copy_files(target, theirs, their_key, our_key, version_id, kept_blobs, merged)
        return
    theirs_by_name = {(row[0], row[2]): row[-1] for row in their_files if row[-1] is not None}
    for path, _, digest, *_, blob_key in our_files:
        if blob_key is None and (path, digest) in theirs_by_name and merged.takes_content(version_id):
            try:
                new_key = _copy_blob(target, theirs, theirs_by_name[path, digest], merged)
            except CatalogDamaged:
                merged.missing_content.append(version_id)
                continue
            target.execute("UPDATE file SET blob_key = ? WHERE version_key = ? AND path = ?", (new_key, our_key, path))


def _join_looks(
    target: Target, table: str, by: int, version_key: int, their_rows: Any, our_rows: Sequence[Sequence[Any]]
) -> None:
    """Join previews or profiles: of what was made of the same file by two programs, or of one window while it grew, one."""
    columns = ("path", "content") if table == "preview" else PROFILE
    for their_row, our_row in side_by_side(their_rows, our_rows, by=by):
        if their_row is None or (our_row is not None and not _look_rank(table, their_row) > _look_rank(table, our_row)):
            continue
        same = " AND ".join(f"{column} = ?" for column in columns[:by])
        target.execute(f"DELETE FROM {table} WHERE version_key = ? AND {same}", (version_key, *their_row[:by]))
        key = () if table == "preview" else (target.new_key("profile"),)
        target.insert(table, (*(["key"] if key else []), "version_key", *columns), [(*key, version_key, *their_row)])


def _look_rank(table: str, row: Sequence[Any]) -> Any:
    """Give what two copies of a row are compared by: of profiles that of more rows wins, then the one that was written later."""
    written = rank(0, row)
    if table == "preview":
        return written
    values = dict(zip(PROFILE, row, strict=True))
    revision = content_of(values["content"]).revision if values["to_ms"] else 0
    return written[0], cells.integer(values["row_count"]), revision, written[2]


# Lineage

_ADD_EDGE = """
    INSERT OR REPLACE INTO edge (relation, source_key, target_key, created_ms)
    SELECT ?1, ?2, ?3, ?4
    WHERE NOT EXISTS (
        SELECT 1 FROM edge AS e WHERE e.relation = ?1 AND e.source_key = ?2 AND e.target_key = ?3 AND e.created_ms >= ?4
    )
"""


def merge_edges(
    target: Target,
    theirs: sqlite3.Connection,
    run_keys: Mapping[int, int],
    version_keys: Mapping[int, int],
    among: tuple[set[int], set[int]],
) -> int:
    """Bring the edges of runs and versions that are new or changed; give how many of theirs lead to what is not here.

    Of two the time of the later one counts.

    Args:
        run_keys: theirs to ours; `version_keys` likewise.
        among: their keys of runs, and of versions, whose edges count.
    """
    runs_among, versions_among = among
    rows, missing = [], 0
    for relation, source, target_key, created_ms in theirs.execute(
        "SELECT relation, source_key, target_key, created_ms FROM edge"
    ):
        if relation == 0:
            ends = (run_keys.get(source), version_keys.get(target_key))
            counts = source in runs_among or target_key in versions_among
        elif relation == 1:
            ends = (version_keys.get(source), run_keys.get(target_key))
            counts = source in versions_among or target_key in runs_among
        else:
            ends = (version_keys.get(source), version_keys.get(target_key))
            counts = source in versions_among or target_key in versions_among
        if not counts:
            continue
        if None in ends:
            missing += 1
        else:
            rows.append((relation, *ends, created_ms))
    # Only what is news: whatever is written is taken for a change.
    target.executemany(_ADD_EDGE, rows)
    return missing


# What the journal says


def merge_aliases(
    target: Target,
    theirs: sqlite3.Connection,
    artifact_keys: Mapping[int, int],
    version_keys: Mapping[int, int],
) -> None:
    """Bring the aliases that programs gave: of two the one that was given last."""
    for their_key, our_key in artifact_keys.items():
        for their_row, our_row in side_by_side(
            theirs.execute(ALIASES, (their_key,)), target.execute(ALIASES, (our_key,)).fetchall()
        ):
            if their_row is None or their_row[3] not in version_keys:
                continue
            if our_row is None or wins(rank(their_row[1], their_row[2:3]), rank(our_row[1], our_row[2:3])):
                target.execute(
                    "INSERT OR REPLACE INTO alias (artifact_key, name, version_key, stamp) VALUES (?, ?, ?, ?)",
                    (our_key, their_row[0], version_keys[their_row[3]], their_row[1]),
                )


_FORGOTTEN_SINCE = "SELECT 1 FROM event AS e WHERE e.subject = 'version' AND e.subject_id = v.id AND e.stamp > ? AND e.action = 'forget'"


def apply_to_artifact(target: Target, artifact_key: int, standings: Mapping[tuple[str, str], Standing]) -> None:
    """Bring aliases and facts of an artifact to what the journal says."""
    aliases = {str(row[0]): row for row in target.execute(ALIASES, (artifact_key,))}
    for (action, detail), standing in standings.items():
        if action == "alias" and standing.stamp >= cells.integer(aliases.get(detail, (0, 0))[1]):
            version = None
            if standing.state is not None:
                # What was said before a version was forgotten does not come back with it.
                version = target.execute(
                    f"SELECT key FROM version AS v WHERE id = ? AND artifact_key = ? AND NOT EXISTS ({_FORGOTTEN_SINCE})",
                    (standing.state[1], artifact_key, standing.stamp),
                ).fetchone()
            if version is None:
                target.execute("DELETE FROM alias WHERE artifact_key = ? AND name = ?", (artifact_key, detail))
            elif detail not in aliases or aliases[detail][1:] != (standing.stamp, standing.state[1], version[0]):
                target.execute(
                    "INSERT OR REPLACE INTO alias (artifact_key, name, version_key, stamp) VALUES (?, ?, ?, ?)",
                    (artifact_key, detail, version[0], standing.stamp),
                )
        elif action == "fact":
            _set_fact(target, artifact_key, 0, detail, standing)
    # What was said of it when it was forgotten is gone from the journal, and so is what came of that.
    for name, value in target.execute(
        "SELECT name, value FROM fact WHERE artifact_key = ? AND version_key = 0", (artifact_key,)
    ).fetchall():
        if ("fact", name) not in standings and INSTEAD not in cells.text(value):
            target.execute(
                "DELETE FROM fact WHERE artifact_key = ? AND version_key = 0 AND name = ?", (artifact_key, name)
            )


def _set_fact(target: Target, artifact_key: int, version_key: int, name: str, standing: Standing) -> None:
    values = (artifact_key, version_key, name)
    now = target.execute(
        "SELECT value FROM fact WHERE artifact_key = ? AND version_key = ? AND name = ?", values
    ).fetchone()
    wanted = None if standing.state is None else standing.state[1]
    if wanted is None and now is not None:
        target.execute("DELETE FROM fact WHERE artifact_key = ? AND version_key = ? AND name = ?", values)
    elif wanted is not None and (now is None or now[0] != wanted):
        target.execute(
            "INSERT OR REPLACE INTO fact (artifact_key, version_key, name, value) VALUES (?, ?, ?, ?)",
            (*values, wanted),
        )


def apply_to_version(target: Target, key: int, standings: Mapping[tuple[str, str], Standing]) -> None:
    """Bring a version to what the journal says of it."""
    artifact_key, stamp, deleted_ms = target.execute(
        "SELECT artifact_key, stamp, deleted_ms FROM version WHERE key = ?", (key,)
    ).fetchone()
    for (action, detail), standing in standings.items():
        if action == "override":
            _set_fact(target, artifact_key, key, detail, standing)
        elif standing.is_redacted:
            continue
        elif action == "delete" and standing.state != deleted_ms:
            target.execute("UPDATE version SET deleted_ms = ? WHERE key = ?", (standing.state, key))
        elif action == "retire":
            _set_retired(target, key, standing.state)
        elif action == "place" and standing.stamp >= cells.integer(stamp) and standing.state is not None:
            storage, location, host, mark = standing.state
            target.execute(
                "UPDATE version SET storage = :storage, location = :location, host = :host, mark = :mark WHERE key = :key "
                "AND (storage, location, host, mark) IS NOT (:storage, :location, :host, :mark)",
                {
                    "storage": storage,
                    "location": location,
                    "host": host,
                    "mark": bytes.fromhex(mark) or None,
                    "key": key,
                },
            )
    if (removal := standings.get(("remove", ""))) is not None:
        _remove(target, key, removal)


def _set_retired(target: Target, key: int, time_ms: Any) -> None:
    now = target.execute("SELECT time_ms FROM retirement WHERE version_key = ?", (key,)).fetchone()
    if time_ms is None and now is not None:
        target.execute("DELETE FROM retirement WHERE version_key = ?", (key,))
    elif time_ms is not None and (now is None or now[0] != time_ms):
        target.execute("INSERT OR REPLACE INTO retirement (version_key, time_ms) VALUES (?, ?)", (key, time_ms))


def _remove(target: Target, key: int, removal: Standing) -> None:
    """Take the content of a version away that was removed: its manifest stays."""
    wanted = (cells.integer(removal.state, removal.time_ms), removal.author)
    now = target.execute("SELECT time_ms, author FROM removal WHERE version_key = ?", (key,)).fetchone()
    storage, metadata = target.execute("SELECT storage, metadata FROM version WHERE key = ?", (key,)).fetchone()
    if now != wanted:
        target.execute("INSERT OR REPLACE INTO removal (version_key, time_ms, author) VALUES (?, ?, ?)", (key, *wanted))
    if (storage, metadata) != (REMOVED, "{}"):
        target.execute("UPDATE version SET metadata = '{}', storage = ? WHERE key = ?", (REMOVED, key))
    target.execute("UPDATE file SET blob_key = NULL WHERE version_key = ? AND blob_key IS NOT NULL", (key,))
    for table in ("preview", "profile"):
        target.execute(f"DELETE FROM {table} WHERE version_key = ?", (key,))
