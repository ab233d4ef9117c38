"""Artifacts, their versions and manifests, and the edges of the lineage.

A version never changes once written, but for digests that become known later (`catalog/unhashed.py`). Saving the
same content again gives the newest version back instead of making another, so a loop that saves an unchanged file
adds an edge and no bytes.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sqlite3
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from artui import clock
from artui.catalog import cells, guard, numbering, origins, outside, profiles, standing
from artui.catalog.blobs import BlobStream
from artui.catalog.cells import storable
from artui.catalog.cleaning import redactor_of
from artui.catalog.ids import derived_id, new_id
from artui.catalog.runs import LATER, project_key
from artui.catalog.standing import deletion_text, not_retired
from artui.errors import (
    AmbiguousReference,
    CatalogDamaged,
    ContentMissing,
    DeletedReference,
    UnknownReference,
    UsageError,
)
from artui.model import RELATIONS, STAGES, Preview, Relation
from artui.model.words import BETWEEN_VERSIONS
from artui.near import did_you_mean
from artui.paths import PATH_BYTES, begins_with_drive, is_file_name, manifest_name, system_name, usable_path
from artui.reference import Reference, check_name

if TYPE_CHECKING:
    from artui.profile.column import Profile

PENDING = b"pending\0"
"""Start of a version's digest while some of its files are not hashed; a SHA-256 starts so once in 2**64 times."""
OUTSIDE = ("referenced", "stored")
"""Where the bytes of a version may be, beside `embedded`: left in their place, or under their digests in a store."""
MAX_INTEGER = 2**63 - 1
_ESCAPE = re.compile(r"\\x[0-9a-f]{2}")
"""How a manifest writes a byte that is not UTF-8, a backslash, and the colon of what would be a drive."""


@dataclass(frozen=True, slots=True)
class NewFile:
    """One file of a version that is about to be written; its bytes are stored already, or stay where they are."""

    path: str
    size_bytes: int
    digest: bytes | None
    """SHA-256; None for a link, and for what is not hashed, which has a note that says so."""
    blob_key: int | None = None
    """None when the bytes are not in the catalog."""
    media_type: str = ""
    link_target: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class NewVersion:
    """A version that is about to be written, with its files and what is said about it."""

    project: str
    name: str
    kind: str
    stage: str
    files: Sequence[NewFile]
    storage: str = "embedded"
    location: str = ""
    host: str = ""
    note: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    previews: Mapping[str, Preview] = field(default_factory=dict)
    """By path of the file."""
    profiles: Mapping[str, Profile] = field(default_factory=dict)
    """Of its tables, by path of the file."""
    created_ms: int = field(default_factory=lambda: clock.now_ms())


@dataclass(frozen=True, slots=True)
class Saved:
    """What came of saving."""

    key: int
    id: str
    artifact_key: int
    number: int
    is_new: bool
    has_replaced: bool = False
    """It has come in the place of one of the same id, and has its number."""
    left_out: tuple[str, ...] = ()
    """Paths of files that are not in it, since no file inside a version can have such a path."""


def save(connection: sqlite3.Connection, version: NewVersion) -> Saved:
    """Write a version, unless the artifact's newest one has the same content already.

    Raises:
        UsageError: the name or the stage cannot be one.
    """
    version, left_out = usable(cleaned(connection, version))
    check_name(version.name, what="an artifact")
    if version.stage not in STAGES:
        raise UsageError(f"{version.stage!r} is not a stage.", remedy=f"Use one of {', '.join(STAGES)}.")
    artifact_key = ensure_artifact(connection, version)
    version_id = new_id()
    digest = manifest_digest(version.files, version_id)
    newest = connection.execute(
        "SELECT key, id, number, digest FROM version WHERE artifact_key = ? AND deleted_ms IS NULL ORDER BY number DESC LIMIT 1",
        (artifact_key,),
    ).fetchone()
    if newest is not None and newest[3] == digest:
        if version.storage == "stored":
            notes = {file.path: file.note for file in version.files if outside.left_in(file.note)}
            now_stored(connection, newest[0], version.location, version.host, notes)
        return Saved(newest[0], newest[1], artifact_key, newest[2], is_new=False, left_out=left_out)
    number = numbering.next_number(connection, artifact_key)
    return replace(write_version(connection, version, artifact_key, version_id, number, digest), left_out=left_out)


def usable(version: NewVersion) -> tuple[NewVersion, tuple[str, ...]]:
    """Take out of a version the files whose paths lead out of it, or that no file can have; give it and these paths.

    Paths are checked again wherever they are read.
    """
    left_out = tuple(file.path for file in version.files if not is_inside(file.path))
    if not left_out:
        return version, ()
    kept = [file for file in version.files if file.path not in left_out]
    previews = {path: preview for path, preview in version.previews.items() if path not in left_out}
    tables = {path: profile for path, profile in version.profiles.items() if path not in left_out}
    return replace(version, files=kept, previews=previews, profiles=tables), left_out


def cleaned(connection: sqlite3.Connection, version: NewVersion) -> NewVersion:
    """Take secrets out of a version's texts before its ids and its digest are derived from them."""
    redactor = redactor_of(connection)
    return replace(
        version, project=redactor.name(version.project), name=redactor.name(version.name), note=redactor.text(version.note),
        location=redactor.text(version.location), metadata=redactor.tree(dict(version.metadata)),
        files=[
            replace(file, path=redactor.text(file.path), note=redactor.text(file.note), link_target=None if file.link_target is None else redactor.text(file.link_target))
            for file in version.files
        ],
        previews={redactor.text(path): preview for path, preview in version.previews.items()},
        profiles={redactor.text(path): profile for path, profile in version.profiles.items()},
    )  # fmt: skip


def write_version(
    connection: sqlite3.Connection, version: NewVersion, artifact_key: int, version_id: str, number: int, digest: bytes
) -> Saved:
    """Write a version with its manifest and previews."""
    cursor = connection.execute(
        """
        INSERT INTO version (id, artifact_key, number, digest, size_bytes, file_count, created_ms, storage, location, host, note, metadata, mark, origin_key)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
        (
            version_id, artifact_key, number, digest, min(sum(file.size_bytes for file in version.files), MAX_INTEGER), len(version.files), version.created_ms,
            version.storage, storable(version.location), version.host, storable(version.note),
            _json(dict(version.metadata)),
            None,
            origins.current(connection),
        ),
    )  # fmt: skip
    key = int(cursor.lastrowid or 0)
    _write_content(connection, key, version_id, version)
    connection.execute(
        "UPDATE artifact SET created_ms = :ms WHERE key = :key AND created_ms > :ms",
        {"key": artifact_key, "ms": version.created_ms},
    )
    return Saved(key, version_id, artifact_key, number, is_new=True)


def rewrite_version(connection: sqlite3.Connection, version: NewVersion, key: int, digest: bytes) -> None:
    """Write another content and what is said of it in the place of a version's; what people said of it, and its edges, stay."""
    connection.execute(
        """
        UPDATE version SET digest = ?, size_bytes = ?, file_count = ?, created_ms = ?, storage = ?, location = ?, host = ?, note = ?, metadata = ?, mark = NULL
        WHERE key = ?
        """,
        (
            digest, min(sum(file.size_bytes for file in version.files), MAX_INTEGER), len(version.files), version.created_ms, version.storage,
            storable(version.location), version.host, storable(version.note), _json(dict(version.metadata)), key,
        ),
    )  # fmt: skip
    for table in ("file", "preview", "profile"):
        connection.execute(f"DELETE FROM {table} WHERE version_key = ?", (key,))
    (version_id, artifact_key) = connection.execute(
        "SELECT id, artifact_key FROM version WHERE key = ?", (key,)
    ).fetchone()
    _write_content(connection, key, version_id, version)
    recorded(connection, key)
    date(connection, artifact_key)


def date(connection: sqlite3.Connection, artifact_key: int) -> None:
    """Let an artifact be as old as the oldest of its versions."""
    connection.execute(
        """
        UPDATE artifact SET created_ms = (SELECT min(v.created_ms) FROM version AS v WHERE v.artifact_key = artifact.key)
        WHERE key = :key AND created_ms <> (SELECT min(v.created_ms) FROM version AS v WHERE v.artifact_key = artifact.key)
        """,
        {"key": artifact_key},
    )


def _write_content(connection: sqlite3.Connection, key: int, version_id: str, version: NewVersion) -> None:
    """Write the manifest of a version, and what its files look like."""
    connection.executemany(
        "INSERT INTO file (version_key, path, size_bytes, digest, blob_key, media_type, link_target, note) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                key,
                file.path,
                file.size_bytes,
                file.digest,
                file.blob_key,
                file.media_type,
                file.link_target,
                file.note,
            )
            for file in version.files
        ],
    )
    connection.executemany(
        "INSERT INTO preview (version_key, path, content) VALUES (?, ?, ?)",
        [(key, path, orjson.dumps(preview).decode()) for path, preview in version.previews.items()],
    )
    profiles.put(connection, version_id, version.profiles)
    if version.storage in OUTSIDE:
        outside.mark_again(connection, key)


def put_previews(connection: sqlite3.Connection, version_id: str, previews: Mapping[str, Preview]) -> None:
    """Keep previews of files of a version, in place of those that it has; of files that it does not have, none."""
    connection.executemany(
        """
        INSERT OR REPLACE INTO preview (version_key, path, content)
        SELECT v.key, f.path, :content FROM version AS v JOIN file AS f ON f.version_key = v.key
        WHERE v.id = :id AND f.path = :path
        """,
        [{"id": version_id, "path": path, "content": orjson.dumps(preview).decode()} for path, preview in previews.items()],
    )  # fmt: skip


def recorded(connection: sqlite3.Connection, key: int) -> None:
    """Note that a version was completed or replaced, so that of two copies this one wins: what people change is not meant."""
    connection.execute(f"UPDATE version SET stamp = {LATER} WHERE key = :key", {"now": clock.now_ms(), "key": key})


def now_stored(
    connection: sqlite3.Connection, key: int, location: str, host: str, notes: Mapping[str, str] | None = None
) -> None:
    """Note that the files of a version are in a store, but for those that have a note by their path."""
    redactor = redactor_of(connection)
    kept = {redactor.text(path): storable(redactor.text(note)) for path, note in (notes or {}).items()}
    outside.note_stored(connection, key, storable(redactor.text(location)), host, kept)
    recorded(connection, key)


def _json(value: dict[str, Any]) -> str:
    """Write metadata as JSON, the slower way where orjson cannot, such as for ints beyond 64 bits."""
    try:
        return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY).decode()
    except (TypeError, ValueError):
        return json.dumps({str(name): inner for name, inner in value.items()}, default=str)


def ensure_artifact(connection: sqlite3.Connection, version: NewVersion) -> int:
    """Give the key of a version's artifact, which is made with its first version."""
    project = project_key(connection, version.project)
    row = connection.execute(
        "SELECT key FROM artifact WHERE name = ? AND project_key = ?", (version.name, project)
    ).fetchone()
    if row is not None:
        return int(row[0])
    # Derived from its name, so that the same artifact of two machines is one after a merge.
    artifact_id = derived_id("artifact", version.project, version.name)
    return int(
        connection.execute(
            "INSERT INTO artifact (id, project_key, name, stage, kind, created_ms) VALUES (?, ?, ?, ?, ?, ?)",
            (
                artifact_id,
                project,
                version.name,
                STAGES.index(version.stage),
                version.kind,
                version.created_ms,
            ),
        ).lastrowid
        or 0
    )


def manifest_digest(files: Sequence[NewFile], version_id: str = "") -> bytes:
    """Make a version's digest: SHA-256 over `path NUL size NUL sha256-hex-or-link LF` of its files, sorted by path.

    While a file of it is not hashed, each of its files has `pending-ID` there, and the digest begins with `PENDING`:
    it tells one version from another, and says nothing of what they hold.
    """
    whole = hashlib.sha256()
    is_pending = any(file.digest is None and file.link_target is None for file in files)
    for file in sorted(files, key=lambda entry: entry.path):
        if file.link_target is not None:
            content = f"-> {file.link_target}"
        else:
            content = f"pending-{version_id}" if is_pending or file.digest is None else file.digest.hex()
        whole.update(f"{file.path}\0{file.size_bytes}\0{content}\n".encode("utf-8", "backslashreplace"))
    return (PENDING + whole.digest())[: whole.digest_size] if is_pending else whole.digest()


def is_pending(digest: bytes) -> bool:
    """Whether a version's digest is a placeholder until its files are hashed."""
    return digest.startswith(PENDING)


def link(connection: sqlite3.Connection, relation: Relation, *, source_key: int, target_key: int) -> None:
    """Add an edge of the lineage, from what came first to what depends on it; adding it twice changes nothing."""
    values = {"relation": RELATIONS.index(relation), "source": source_key, "target": target_key, "now": clock.now_ms()}
    run, version = ("source", "target") if relation == "output" else ("target", "source")
    # One that was dropped in an import is later than its drop.
    created_ms = ":now" if relation in BETWEEN_VERSIONS else (
        f"max(:now, coalesce((SELECT d.stamp + 1 FROM version AS v JOIN dropped AS d ON d.run_key = :{run} AND d.kind = '{relation}' AND d.name = v.id "
        f"WHERE v.key = :{version}), 0))"
    )  # fmt: skip
    connection.execute(
        f"INSERT OR IGNORE INTO edge (relation, source_key, target_key, created_ms) VALUES (:relation, :source, :target, {created_ms})",
        values,
    )


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """The version that a reference names."""

    key: int
    id: str
    artifact_key: int
    artifact: str
    project: str
    number: int
    digest: bytes
    storage: str
    location: str
    host: str
    twin: str = ""
    """What tells it from another version of its number; empty where there is none."""

    @property
    def reference(self) -> str:
        """The text that refers to it: `digits-model:v3`."""
        return f"{self.artifact}:v{self.number}{f'~{self.twin}' if self.twin else ''}"


def find_version(connection: sqlite3.Connection, reference: Reference, *, project: str = "") -> StoredVersion:
    """Look a version up: in `project` first, then everywhere; without number or alias, the latest; with a time, as it was then.

    Raises:
        UnknownReference: there is no such artifact, or no such version of it; the message offers what there is.
        AmbiguousReference: artifacts of several projects have that name.
    """
    redactor = redactor_of(connection)
    reference = replace(
        reference,
        name=redactor.name(reference.name),
        alias=None if reference.alias is None else redactor.name(reference.alias),
    )
    project = redactor.name(project)
    candidates = [
        (int(key), str(name), str(owner))
        for key, name, owner in connection.execute(
            "SELECT a.key, a.name, p.name FROM artifact AS a JOIN project AS p ON p.key = a.project_key "
            "WHERE (a.name = :name OR p.name || '/' || a.name = :name) AND a.deleted_ms IS NULL ORDER BY a.key",
            {"name": storable(reference.name)},
        )
    ]
    chosen = [candidate for candidate in candidates if candidate[2] == project] or candidates
    if not chosen:
        raise UnknownReference(
            f"There is no artifact {reference.name!r}.", remedy=_offer_artifacts(connection, reference.name)
        )
    if len(chosen) > 1:
        offered = " or ".join(f"{owner}/{name}" for _, name, owner in chosen[:5])
        raise AmbiguousReference(f"{reference.name!r} is in {len(chosen)} projects.", remedy=f"Write {offered}.")
    artifact_key, name, owner = chosen[0]
    if reference.at:
        reference = standing.reference_then(connection, reference, artifact_key, name)
    rows = connection.execute(*_version_query(reference, artifact_key)).fetchall()
    if reference.twin:
        rows = [row for row in rows if reference.twin in _twins(connection, row[0], row[1])]
    # Also where the other one was deleted: what was meant before the merge may have been that.
    has_twin = bool(rows) and connection.execute(HAS_TWIN, {"key": rows[0][0]}).fetchone() is not None
    is_number = reference.number is not None and not reference.twin
    if (len(rows) > 1 and reference.alias in (None, "latest")) or (has_twin and is_number):
        raise AmbiguousReference(
            f"{reference} stands for more than one version: they were made apart, and merged.",
            remedy=f"Write {' or '.join(f'{name}:v{row[2]}~{twin_of(row[1])}{_from(connection, row[0])}' for row in rows[:5])}.",
        )
    row = rows[0] if rows else None
    if row is None:
        _refuse_deleted(connection, reference, artifact_key, name)
        raise UnknownReference(
            f"There is no version {reference}.", remedy=_offer_versions(connection, artifact_key, name)
        )
    twin = twin_of(row[1]) if has_twin else ""
    return StoredVersion(row[0], row[1], artifact_key, name, owner, row[2], row[3], row[4], row[5], row[6], twin)


HAS_TWIN = """
    SELECT 1
    FROM version AS v
    JOIN version AS o ON o.artifact_key = v.artifact_key AND o.number = v.number AND o.key <> v.key
    WHERE v.key = :key
    LIMIT 1
"""
"""Whether a version has a number that another one of its artifact has, too, as after a merge."""
_TWIN_LETTERS = 6


def twin_of(version_id: str) -> str:
    """Give what tells a version from others of its number: the end of its id."""
    return version_id[-_TWIN_LETTERS:]


def _twins(connection: sqlite3.Connection, key: int, version_id: str) -> set[str]:
    """Give the words by which one of several versions of a number is named."""
    return {twin_of(version_id), twin_of(version_id).lower(), *filter(None, _origin(connection, key))}


def _from(connection: sqlite3.Connection, key: int) -> str:
    user, host = _origin(connection, key)
    return f" (from {host}, by {user})" if host else ""


def _origin(connection: sqlite3.Connection, key: int) -> tuple[str, str]:
    """Give user and host of who wrote a version; empty where that was not kept."""
    if guard.schema_version(connection) < origins.HOSTS_SINCE:
        return "", ""
    query = "SELECT o.user, o.host FROM version AS v JOIN origin AS o ON o.key = v.origin_key WHERE v.key = ?"
    row = connection.execute(query, (key,)).fetchone()
    return ("", "") if row is None else (cells.text(row[0]), cells.text(row[1]))


def aliased_number(connection: sqlite3.Connection, artifact_key: int, alias: str) -> int | None:
    """Give the number of the version that an alias names; None if it names none."""
    row = connection.execute(
        "SELECT v.number FROM alias AS l JOIN version AS v ON v.key = l.version_key "
        "WHERE l.artifact_key = ? AND l.name = ? AND v.deleted_ms IS NULL",
        (artifact_key, storable(redactor_of(connection).name(alias))),
    ).fetchone()
    return int(row[0]) if row is not None and isinstance(row[0], int) else None


def find_deleted(connection: sqlite3.Connection, reference: Reference, *, project: str = "") -> str:
    """Give the id of the deleted version that a reference with a number or an alias names.

    Raises:
        UnknownReference, AmbiguousReference: as `find_version`, and for a version that is not deleted.
    """
    redactor = redactor_of(connection)
    rows = connection.execute(
        "SELECT a.key, p.name FROM artifact AS a JOIN project AS p ON p.key = a.project_key "
        "WHERE a.name = :name OR p.name || '/' || a.name = :name ORDER BY a.key",
        {"name": storable(redactor.name(reference.name))},
    ).fetchall()
    keys = [row[0] for row in rows if row[1] == project] or [row[0] for row in rows]
    deleted = [row for key in keys if (row := _deleted(connection, reference, key)) is not None]
    if len(deleted) > 1:
        raise AmbiguousReference(f"{reference} is in {len(deleted)} projects.", remedy="Write PROJECT/NAME:VERSION.")
    if not deleted:
        raise UnknownReference(
            f"There is no deleted version {reference}.", remedy="`artui ls -a -w 'deleted is not null'` lists them."
        )
    return str(deleted[0][0])


def _deleted(connection: sqlite3.Connection, reference: Reference, artifact_key: int) -> tuple[str, int, int] | None:
    """Give (id, number, when) of the deleted version that a reference would name if it were not deleted."""
    columns = "SELECT v.id, v.number, v.deleted_ms FROM version AS v"
    values = {"artifact": artifact_key, "number": reference.number, "alias": storable(reference.alias or "")}
    if reference.number is not None:
        query = f"{columns} WHERE v.artifact_key = :artifact AND v.number = :number AND v.deleted_ms IS NOT NULL"
    else:
        query = f"{columns} JOIN alias AS l ON l.version_key = v.key WHERE l.artifact_key = :artifact AND l.name = :alias AND v.deleted_ms IS NOT NULL"
    row = connection.execute(f"{query} ORDER BY v.deleted_ms DESC, v.key DESC LIMIT 1", values).fetchone()
    return tuple(row) if row is not None else None


def _refuse_deleted(connection: sqlite3.Connection, reference: Reference, artifact_key: int, name: str) -> None:
    """Say that a version was deleted, when, by whom, and how it comes back, if that is why a reference names nothing.

    Raises:
        DeletedReference: it was deleted; or all that there is of it is retired.
        RemovedForGood: its content was removed since.
    """
    if (row := _deleted(connection, reference, artifact_key)) is not None:
        version_id, number, deleted_ms = row
        standing.refuse_removed_version(connection, version_id, reference.alias or "")
        shown = f"{name}:v{number}"
        which = shown if reference.number is not None else f"{shown}, which {reference.alias} names,"
        raise DeletedReference(
            f"{which} {deletion_text(connection, version_id, deleted_ms)}.",
            remedy=f"`artui restore {shown}` brings it back.",
        )
    if reference.number is None and reference.alias in (None, "latest"):
        counts = connection.execute(
            "SELECT count(*), sum(v.deleted_ms IS NULL), count(d.version_key), max(v.number) "
            "FROM version AS v LEFT JOIN removal AS d ON d.version_key = v.key WHERE v.artifact_key = ?",
            (artifact_key,),
        ).fetchone()
        if counts[1]:
            raise DeletedReference(
                f"All versions of {name} are retired.",
                remedy=f"Name one by its number, or write `artui retire {name}:v1 --back`.",
            )
        if counts[0] and counts[2] == counts[0]:
            raise DeletedReference(
                f"All versions of {name} are deleted, and their content was removed: none can be restored.",
                remedy=f"`artui show {name}:v{counts[3]}` says what is kept of the newest.",
            )
        if counts[0]:
            raise DeletedReference(
                f"All versions of {name} are deleted.",
                remedy="`artui ls -a -w 'deleted is not null'` lists what can be restored.",
            )


def _version_query(reference: Reference, artifact_key: int) -> tuple[str, dict[str, object]]:
    columns = "SELECT v.key, v.id, v.number, v.digest, v.storage, v.location, v.host FROM version AS v"
    values: dict[str, object] = {
        "artifact": artifact_key,
        "number": reference.number,
        "alias": None if reference.alias is None else storable(reference.alias),
    }
    if reference.number is not None:
        return (
            f"{columns} WHERE v.artifact_key = :artifact AND v.number = :number AND v.deleted_ms IS NULL ORDER BY v.id",
            values,
        )
    if reference.alias in (None, "latest"):
        return (
            f"{columns} WHERE v.artifact_key = :artifact AND v.deleted_ms IS NULL AND {not_retired('v.key')} AND v.number = {standing.newest_number(':artifact')} ORDER BY v.id",
            values,
        )
    return (
        f"{columns} JOIN alias AS l ON l.version_key = v.key WHERE l.artifact_key = :artifact AND l.name = :alias AND v.deleted_ms IS NULL",
        values,
    )


def _offer_artifacts(connection: sqlite3.Connection, name: str) -> str:
    every = connection.execute("SELECT name FROM artifact WHERE deleted_ms IS NULL ORDER BY key DESC")
    if near := did_you_mean(name, (str(row[0]) for row in every)):
        return f"{near} `artui ls --artifacts` lists all."
    query = "SELECT name, count(*) OVER () FROM artifact WHERE deleted_ms IS NULL ORDER BY key DESC LIMIT 6"
    rows = connection.execute(query).fetchall()
    if not rows:
        return "The catalog has no artifacts yet."
    more = f" and {rows[0][1] - len(rows):,} more: `artui ls --artifacts` lists them" if rows[0][1] > len(rows) else ""
    return f"There are: {', '.join(str(name) for name, _ in rows)}{more}."


def _offer_versions(connection: sqlite3.Connection, artifact_key: int, name: str) -> str:
    first, last = connection.execute(
        "SELECT min(number), max(number) FROM version WHERE artifact_key = ? AND deleted_ms IS NULL", (artifact_key,)
    ).fetchone()
    if last is None:
        return f"{name} has no versions."
    aliases = [
        str(row[0])
        for row in connection.execute(
            "SELECT l.name FROM alias AS l JOIN version AS v ON v.key = l.version_key "
            "WHERE l.artifact_key = ? AND v.deleted_ms IS NULL ORDER BY l.name LIMIT 10",
            (artifact_key,),
        )
    ]
    numbers = f"v{first}" if first == last else f"v{first} to v{last}"
    named = f" and the alias{'es' * (len(aliases) > 1)} {', '.join(aliases)}" if aliases else ""
    return f"{name} has {numbers}{named}."


def copy_folder(version: StoredVersion, cache: Path) -> Path:
    """Give where the copy of a version lies in a cache, once there is one."""
    return cache / "versions" / version.digest.hex()


def fetch(connection: sqlite3.Connection, version: StoredVersion, cache: Path) -> Path:
    """Give a local path to a version's content: where it lies, or a verified copy in `cache`.

    What is in a store is not fetched from there: its copy must be in the cache already.

    A version of a file gives that file, one of a folder, however many files that had, a folder.

    Raises:
        ContentMissing: the bytes are neither in the catalog nor where it says they are.
        CatalogDamaged: the content is not what the version's digest says.
    """
    query = "SELECT path, size_bytes, blob_key, link_target, digest FROM file WHERE version_key = ? ORDER BY path"
    rows = connection.execute(query, (version.key,)).fetchall()
    title = version.reference
    # The cache is shared by all catalogs: what lies under a digest must be what has that digest.
    manifest = [NewFile(path, size, digest, link_target=link) for path, size, _, link, digest in rows]
    if manifest and manifest_digest(manifest, version.id) != version.digest:
        raise CatalogDamaged(f"The manifest of {title} is not what its digest says.", remedy="Get an untouched copy.")
    if version.storage == "referenced":
        return _referenced(version, rows, title)
    home = copy_folder(version, cache)
    if not home.is_dir():
        home.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=".part-", dir=home.parent))
        try:
            for path, _, blob_key, link_target, digest in rows:
                if link_target is not None:
                    continue  # a link could lead anywhere: it is listed but never created
                if blob_key is None:
                    raise ContentMissing(f"{title} lacks the bytes of {path!r}.", remedy="Get a catalog that has them.")
                target = safe_join(part, path)
                target.parent.mkdir(parents=True, exist_ok=True)
                if _copy(BlobStream(connection, blob_key), target) != digest:
                    raise CatalogDamaged(
                        f"{path!r} of {title} is not what its digest says.", remedy="Get an untouched copy."
                    )
            part.rename(home)
        except FileExistsError:
            raise ContentMissing(f"{title} has two files of one name.", remedy="Get an untouched copy.") from None
        except OSError:
            if not home.is_dir():  # else another process was quicker with the same content
                raise
        finally:
            shutil.rmtree(part, ignore_errors=True)
    is_file = len(rows) == 1 and rows[0][3] is None and not _was_folder(version, rows[0][0])
    return safe_join(home, rows[0][0]) if is_file else home


_ESCAPED = re.compile(r"\\x[0-9a-f]{2}|\\udc[0-9a-f]{2}|\\|[\ud800-\udfff]")


def _was_folder(version: StoredVersion, path: str) -> bool:
    """Whether a version of one file is of a folder with that file: then it was saved from a place of another name."""
    if version.storage == "stored":
        return "/sha256/" not in version.location
    place = os.path.basename(version.location)
    if not place or "/" in path:
        return False
    # The place was stored without its bytes that are not UTF-8.
    return path not in (place, manifest_name(place)) and _ESCAPED.sub("", place) != _ESCAPED.sub("", path)


def _copy(stream: BlobStream, target: Path) -> bytes:
    """Write a stream to a new file; give the SHA-256 of what was written."""
    whole = hashlib.sha256()
    with target.open("xb") as out:
        while content := stream.read(1 << 20):
            whole.update(content)
            out.write(content)
    return whole.digest()


def _referenced(
    version: StoredVersion, rows: list[tuple[str, int, int | None, str | None, bytes | None]], title: str
) -> Path:
    try:
        place = usable_path(version.location)
    except UsageError as error:
        raise ContentMissing(f"{title} lies nowhere: {error.message}", remedy="Use another version.") from error
    if not rows and not place.exists():
        raise ContentMissing(
            f"{title} was absent when it was recorded: it was said to be at {version.location!r}.",
            remedy="Copy it there, or use another version.",
        )
    is_single = len(rows) == 1 and rows[0][0] in (place.name, manifest_name(place.name))
    for path, size_bytes, _, link_target, _digest in rows:
        file = place if is_single else lying_at(place, path)
        if link_target is None and (not file.is_file() or file.stat().st_size != size_bytes):
            raise ContentMissing(
                f"{title} lies at {version.location!r} on {version.host or 'another host'}; {path!r} is not there as recorded.",
                remedy="Copy it there, or use another version.",
            )
    return place


def safe_join(root: Path, relative: str) -> Path:
    """Join a path from a manifest to a folder, and never leave that folder.

    Raises:
        UsageError: the path is absolute, contains `..`, or has characters that no manifest of ours has.
    """
    if not is_inside(relative):
        raise UsageError(
            f"{ascii(relative)[:80]} is not a path inside a version.",
            remedy="The catalog is not to be trusted: get an untouched copy.",
        )
    joined = root.joinpath(*relative.split("/"))
    if len(os.fsencode(joined)) >= PATH_BYTES:
        raise UsageError(
            f"{ascii(relative)[:80]} is too long for a path.",
            remedy="The catalog is not to be trusted: get an untouched copy.",
        )
    return joined


def lying_at(place: Path, relative: str) -> Path:
    """Give where a file of a version lies below a folder that it was left in, as that names it.

    Raises:
        UsageError: it leads out of the folder, as for `safe_join`.
    """
    as_written = safe_join(place, relative)
    as_named = place / system_name(relative)
    return as_named if os.path.lexists(as_named) else as_written


def is_inside(relative: str) -> bool:
    """Whether a path of a manifest is one inside a version: not absolute, without `..`, and such as a file can have."""
    return (
        "\\" not in _ESCAPE.sub("", relative)
        and not any(part in (".", "..") or not is_file_name(part) for part in relative.split("/"))
        and not begins_with_drive(relative)
        and len(relative) < PATH_BYTES
    )
