"""What a catalog holds, told in fingerprints, and the part of it that somebody does not have who knows other fingerprints.

Each thing that is joined by itself in a merge has one: a run with its params, tags, contexts and metrics, a version with its
files and aliases, an entry of the journal, an edge … Whoever has merged a thing with a fingerprint has all that it says. Left out is
what follows from the rest: seals, and what the journal alone says, such as facts.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import groupby
from operator import itemgetter
from typing import Any

from artui.catalog import cells, copies
from artui.catalog.merging import kept, runs, versions
from artui.catalog.merging.changes import COLUMNS as EVENT
from artui.catalog.merging.slices import Slice, described

FINGERPRINT_BYTES = 16
Told = Mapping[bytes, tuple[str, Any]]
"""By fingerprint, of what kind a thing is, and which one: an id, a key or a name; of an edge its ends."""

_RUNS = f"SELECT r.key, r.id, p.name, {{origin}}, r.stamp, r.heartbeat_ms, {', '.join(f'r.{column}' for column in runs.OWN)} FROM run AS r CROSS JOIN project AS p ON p.key = r.project_key ORDER BY r.key"
_OF_RUNS = (
    "SELECT t.run_key, t.name_key, t.type, t.number, t.text, t.stamp FROM param AS t ORDER BY t.run_key",
    "SELECT t.run_key, t.name_key, t.value, t.stamp FROM tag AS t ORDER BY t.run_key",
    "SELECT t.run_key, t.name, t.content, t.stamp FROM context AS t ORDER BY t.run_key",
    f"SELECT s.run_key, s.name_key, s.labels, {{origin}}, {', '.join(f's.{column}' for column in copies.TOTALS)} FROM series AS s ORDER BY s.run_key",
    "SELECT s.run_key, s.name_key, s.labels, b.number, b.count, b.codec, b.digest FROM series AS s CROSS JOIN block AS b ON b.series_key = s.key ORDER BY s.run_key",
    "SELECT d.run_key, d.name, d.kind, d.stamp, d.time_ms FROM dropped AS d ORDER BY d.run_key",
)
"""Of each run its rows: by its key, then what they are called, which differs in all of them."""
_NAMED_BY_KEY = (True, True, False, True, True, False)
_VERSIONS = f"SELECT v.key, v.id, a.id, {{origin}}, v.stamp, v.created_ms, {', '.join(f'v.{column}' for column in versions.OWN)} FROM version AS v CROSS JOIN artifact AS a ON a.key = v.artifact_key ORDER BY v.key"
_OF_VERSIONS = (
    f"SELECT f.version_key, {', '.join(f'f.{column}' for column in versions.FILE)} FROM file AS f ORDER BY f.version_key",
    "SELECT p.version_key, p.path, p.content FROM preview AS p ORDER BY p.version_key",
    f"SELECT p.version_key, {', '.join(f'p.{column}' for column in versions.PROFILE)} FROM profile AS p ORDER BY p.version_key",
    "SELECT l.version_key, l.name, l.stamp FROM alias AS l ORDER BY l.version_key",
)
_CONTENT = "SELECT v.id, f.path, b.digest FROM file AS f JOIN version AS v ON v.key = f.version_key JOIN blob AS b ON b.key = f.blob_key"
_ARTIFACTS = f"SELECT a.key, p.name, {', '.join(f'a.{column}' for column in versions.ARTIFACT)} FROM artifact AS a JOIN project AS p ON p.key = a.project_key"
_ORIGINS = """
    SELECT id, installation, place, created_ms, user, host
    FROM origin
    WHERE key IN (SELECT origin_key FROM run UNION SELECT origin_key FROM event UNION SELECT origin_key FROM version UNION SELECT origin_key FROM series)
"""


def fingerprint(kind: str, *what: Any) -> bytes:
    """Make the fingerprint of a thing of everything that it says."""
    return hashlib.blake2b(repr((kind, what)).encode("utf-8", "surrogatepass"), digest_size=FINGERPRINT_BYTES).digest()


def told(connection: sqlite3.Connection) -> dict[bytes, tuple[str, Any]]:
    """Give all things that a catalog holds by their fingerprints."""
    things: dict[bytes, tuple[str, Any]] = {}
    origins = {int(key): origin_id for key, origin_id in connection.execute("SELECT key, id FROM origin")}
    names = {int(key): text for key, text in connection.execute("SELECT key, text FROM name")}
    _wholes(connection, "run", _RUNS, zip(_OF_RUNS, _NAMED_BY_KEY, strict=True), origins, names, things)
    _wholes(connection, "version", _VERSIONS, ((query, False) for query in _OF_VERSIONS), origins, names, things)
    for version_id, path, digest in connection.execute(_CONTENT):
        things[fingerprint("content", version_id, path, digest)] = "content", version_id
    for key, *row in connection.execute(_ARTIFACTS):
        things[fingerprint("artifact", *row)] = "artifact", key
    for relation, source, target, created_ms in connection.execute(
        "SELECT relation, source_key, target_key, created_ms FROM edge"
    ):
        ends = _end(connection, "run" if relation == 0 else "version", source), _end(connection, "run" if relation == 1 else "version", target)  # fmt: skip
        if None not in ends:
            things[fingerprint("edge", relation, *ends, created_ms)] = "edge", (relation, *ends)
    _add_events(connection, origins, things)
    for kind, query in (
        ("edit", f"SELECT {', '.join(kept.EDIT)} FROM edit"), ("project", "SELECT name, created_ms FROM project"), ("origin", _ORIGINS),
        ("view", f"SELECT {', '.join(kept.VIEW)} FROM saved_view"), ("import", f"SELECT {', '.join(kept.IMPORTED)} FROM imported"),
    ):  # fmt: skip
        for row in connection.execute(query):
            things[fingerprint(kind, *row)] = kind, row[0]
    return things


def _wholes(
    connection: sqlite3.Connection, kind: str, query: str, parts: Iterable[tuple[str, bool]], origins: Mapping[int, Any], names: Mapping[int, Any],
    things: dict[bytes, tuple[str, Any]],
) -> None:  # fmt: skip
    """Tell of runs or versions, each with all of its parts: all are read side by side, so that none waits in memory for another."""
    readers = [
        _digests(connection, number, part, origins if number == _SERIES and kind == "run" else None, names if is_named_by_key else None)
        for number, (part, is_named_by_key) in enumerate(parts)
    ]  # fmt: skip
    heads = [next(reader, None) for reader in readers]
    for key, thing_id, what, origin_key, *own in connection.execute(query.format(origin=f"{kind[0]}.origin_key")):
        said = b""
        for place, reader in enumerate(readers):
            while (head := heads[place]) is not None and head[0] < key:
                heads[place] = next(reader, None)
            if head is not None and head[0] == key:
                said += head[1]
                heads[place] = next(reader, None)
        things[fingerprint(kind, thing_id, what, origins.get(origin_key), own, said or None)] = kind, thing_id


def _digests(
    connection: sqlite3.Connection, number: int, part: str, origins: Mapping[int, Any] | None, names: Mapping[int, Any] | None
) -> Iterator[tuple[int, bytes]]:  # fmt: skip
    """Give the keys of runs or versions in ascending order, with a digest of what a part says of each."""
    for key, group in groupby(connection.execute(part.format(origin="s.origin_key")), itemgetter(0)):
        # In a damaged file a key may be anything: what is no number belongs to nothing.
        if type(key) is not int:
            continue
        said = [row[1:] if names is None else (names.get(row[1]), *row[2:]) for row in group]
        if origins is not None:
            said = [(*row[:2], origins.get(row[2]), *row[3:]) for row in said]
        yield key, fingerprint(str(number), sorted(said, key=_named))


def _end(connection: sqlite3.Connection, table: str, key: Any) -> str | None:
    row = connection.execute(f"SELECT id FROM {table} WHERE key = ?", (key,)).fetchone()
    return None if row is None else cells.text(row[0])


_SERIES = 3


def _named(row: tuple[Any, ...]) -> tuple[str, ...]:
    """Give an order that does not depend on keys, whatever a damaged file has in its columns."""
    return tuple(map(repr, row[:4]))


def _add_events(
    connection: sqlite3.Connection, origins: Mapping[int, Any], things: dict[bytes, tuple[str, Any]]
) -> None:
    short = "SELECT subject_id, id, stamp, origin_key, digest FROM event WHERE is_redacted = 0 AND digest IS NOT NULL"
    long = f"SELECT subject_id, origin_key, {', '.join(EVENT)} FROM event WHERE is_redacted <> 0 OR digest IS NULL"
    for subject_id, event_id, stamp, origin_key, digest in connection.execute(short):
        things[fingerprint("event", event_id, stamp, origins.get(origin_key), digest)] = "event", (subject_id, event_id)
    for subject_id, origin_key, event_id, *row in connection.execute(long):
        things[fingerprint("event", event_id, origins.get(origin_key), row)] = "event", (subject_id, event_id)


def part_with(
    connection: sqlite3.Connection, things: Iterable[tuple[str, Any]], *, without_deleted: bool = False
) -> Slice:
    """Give the part of a catalog that has some things, with what these cannot be without: of an edge both ends.

    Only of versions that are among the things, or whose content is, stored bytes come.
    """
    by_kind: dict[str, set[Any]] = defaultdict(set)
    for kind, what in things:
        # In a damaged file an id may be anything.
        if isinstance(what, str | int | tuple):
            by_kind[kind].add(what)
    run_ids, version_ids = set(by_kind["run"]), set(by_kind["version"] | by_kind["content"])
    content_ids = frozenset(by_kind["content"])
    artifact_keys = by_kind["artifact"]
    for relation, source, target in by_kind["edge"]:
        (run_ids if relation == 0 else version_ids).add(source)
        (run_ids if relation == 1 else version_ids).add(target)
    run_keys, version_keys = _keys_of(connection, "run", run_ids), _keys_of(connection, "version", version_ids)
    version_keys |= set(_linked(connection, _keys_of(connection, "run", by_kind["run"])))
    for artifact_key in artifact_keys:
        row = connection.execute("SELECT min(key) FROM version WHERE artifact_key = ?", (artifact_key,)).fetchone()
        version_keys |= {int(row[0])} if row[0] is not None else set()
    if without_deleted:
        run_keys -= {int(key) for (key,) in connection.execute("SELECT key FROM run WHERE deleted_ms IS NOT NULL")}
        version_keys -= {int(key) for (key,) in connection.execute("SELECT key FROM version WHERE deleted_ms IS NOT NULL")}  # fmt: skip
    subject_ids = {subject_id for subject_id, _ in by_kind["event"] if isinstance(subject_id, str)}
    if without_deleted:
        gone = "SELECT id FROM {} WHERE deleted_ms IS NOT NULL"
        subject_ids -= {thing_id for table in ("run", "version") for (thing_id,) in connection.execute(gone.format(table))}  # fmt: skip
    return described(
        connection, run_keys, version_keys, subject_ids=subject_ids, origin_ids=by_kind["origin"], project_names=by_kind["project"],
        content_ids=content_ids, edit_ids=frozenset(by_kind["edit"]), has_tables=bool(by_kind["view"] or by_kind["import"]),
    )  # fmt: skip


def _keys_of(connection: sqlite3.Connection, table: str, ids: Collection[str]) -> set[int]:
    found = (connection.execute(f"SELECT key FROM {table} WHERE id = ?", (each,)).fetchone() for each in ids)
    return {int(row[0]) for row in found if row is not None}


def _linked(connection: sqlite3.Connection, run_keys: set[int]) -> Iterator[int]:
    """Give the versions that runs made and used: without them the runs' own lineage would be another one."""
    for relation, source, target in connection.execute(
        "SELECT relation, source_key, target_key FROM edge WHERE relation < 2"
    ):
        if (source if relation == 0 else target) in run_keys:
            yield int(target if relation == 0 else source)
