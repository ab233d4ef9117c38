"""What imports write: runs, versions and aliases under ids derived from the source's own, and the report of each import.

Importing again brings a run to the state of its source, except for what people have changed in the catalog since:
names, notes, tags and aliases that have an event stay as they are.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import orjson

from artui import clock
from artui.catalog import artifacts, chain, context, events, importedreleases, keeping, numbering, points, runs
from artui.catalog.artifacts import NewVersion, Saved
from artui.catalog.cells import storable
from artui.catalog.fields import FIELDS
from artui.catalog.ids import derived_id
from artui.catalog.runs import STATUS_CODES, NewRun
from artui.errors import CatalogDamaged
from artui.model import RELATIONS, STAGES, Relation
from artui.model.words import BETWEEN_VERSIONS
from artui.version import VERSION

if TYPE_CHECKING:
    from artui.arrays import Floats, Ints

SUBJECT = "import"
"""The name under which a run's provenance is kept in its context."""
IMPORTER = "import"
"""Who moves the aliases that a source has, in the journal: nobody, but what it says."""


@dataclass(frozen=True, slots=True)
class ImportedRun:
    """What the catalog holds about a run that was imported before."""

    key: int
    fingerprint: str
    point_count: int
    place: str = ""
    """The real path of what held it when it was imported last."""
    witnesses: frozenset[str] = frozenset()
    """What no other training has: see `artui.exchange.intake.identity`."""
    hints: frozenset[str] = frozenset()


def id_of(*parts: str) -> str:
    """Derive an id whose every letter comes from the parts, so that its first few tell it from others."""
    high = hashlib.sha256(derived_id("prefix", *parts).encode()).digest()
    return derived_id(*parts, time_ms=int.from_bytes(high[:6], "big"))


def imported_runs(connection: sqlite3.Connection, format: str) -> dict[str, ImportedRun]:
    """Give all runs that were imported from a format, by id."""
    return imported_runs_by_format(connection).get(format, {})


def imported_runs_by_format(connection: sqlite3.Connection) -> dict[str, dict[str, ImportedRun]]:
    """Give all runs that were imported, by format and id."""
    runs_by_format: dict[str, dict[str, ImportedRun]] = {}
    for run_id, key, content in connection.execute(
        "SELECT r.id, r.key, c.content FROM context AS c JOIN run AS r ON r.key = c.run_key WHERE c.name = ?",
        (SUBJECT,),
    ):
        try:
            provenance = orjson.loads(content)
        except ValueError:
            continue
        if isinstance(provenance, dict) and isinstance(provenance.get("format"), str):
            count = provenance.get("points")
            # Earlier imports kept the folder as it was named; to resolve it for each run of each import would cost.
            place = provenance.get("place") or _real(provenance.get("folder"))
            runs_by_format.setdefault(provenance["format"], {})[str(run_id)] = ImportedRun(
                int(key), str(provenance.get("fingerprint") or ""), count if isinstance(count, int) else 0,
                place if isinstance(place, str) else "",
                _marks(provenance.get("witnesses")), _marks(provenance.get("hints")),
            )  # fmt: skip
    return runs_by_format


def _real(folder: Any) -> str:
    return os.path.realpath(folder) if isinstance(folder, str) and os.path.isabs(folder) and "\0" not in folder else ""


def _marks(content: Any) -> frozenset[str]:
    return frozenset(map(str, content)) if isinstance(content, list) else frozenset()


def points_of(
    connection: sqlite3.Connection, run_key: int, *, limit: int = 1 << 20
) -> dict[tuple[str, str], tuple[Ints, Floats]]:
    """Give the steps and values of an imported run's series, by name and labels, up to a limit; without what is damaged."""
    import numpy as np

    parts: dict[tuple[str, str], list[tuple[Ints, Floats]]] = {}
    count = 0
    for name, labels, codec, size, payload in connection.execute(
        "SELECT n.text, s.labels, b.codec, b.count, b.payload FROM series AS s JOIN name AS n ON n.key = s.name_key "
        "JOIN block AS b ON b.series_key = s.key WHERE s.run_key = ? ORDER BY s.key, b.number",
        (run_key,),
    ):
        try:
            steps, values = points.decode_placed(str(codec), int(size), bytes(payload), by_time=False)
        except (CatalogDamaged, ValueError, TypeError):
            return {}
        parts.setdefault((str(name), str(labels)), []).append((steps, values))
        if (count := count + int(size)) > limit:
            break
    return {
        name: (np.concatenate([steps for steps, _ in columns]), np.concatenate([values for _, values in columns]))
        for name, columns in parts.items()
    }


def put_project(connection: sqlite3.Connection, name: str) -> None:
    """Make a project if none has that name."""
    runs.project_key(connection, storable(name))


def put_run(connection: sqlite3.Connection, run: NewRun) -> int:
    """Write an imported run, or bring it up to date without its points; give its key."""
    row = connection.execute("SELECT key FROM run WHERE id = ?", (run.id,)).fetchone()
    if row is None:
        key = runs.start(connection, _storable(run))
        if numbering.is_forgotten(connection, run.id):
            _bring_back(connection, "run", run.id)
        return key
    key = int(row[0])
    # A run that is written anew as a whole is no longer damaged.
    connection.execute("UPDATE run SET seal = NULL WHERE key = ?", (key,))
    kept = _changed_by_people(connection, run.id).get("tag", set())
    with runs.searchable(connection, key):
        # What stays is written over, so that it is known to be later than what it was.
        if run.params:  # one that has none any more has lost the file that they are in
            _drop_others(connection, "param", key, {*run.params})
        _drop_others(connection, "tag", key, {*map(storable, run.tags), *kept})
    complete_run(connection, key, run)
    keeping.set_aside(connection, key)
    # What comes anew with this import is no longer dropped: `end_run` says so.
    _drop(connection, key, "context", connection.execute("SELECT name, stamp FROM context WHERE run_key = ?", (key,)).fetchall())  # fmt: skip
    connection.execute("DELETE FROM context WHERE run_key = ?", (key,))
    return key


def _drop_others(connection: sqlite3.Connection, table: str, run_key: int, names: set[str]) -> None:
    """Delete the params, or tags, of a run that are none of some names."""
    keys = {runs.name_key(connection, name) for name in names}
    query = (
        f"SELECT t.name_key, n.text, t.stamp FROM {table} AS t JOIN name AS n ON n.key = t.name_key WHERE t.run_key = ?"
    )
    gone = [row for row in connection.execute(query, (run_key,)).fetchall() if row[0] not in keys]
    _drop(connection, run_key, table, [row[1:] for row in gone])
    for name_key, *_ in gone:
        connection.execute(f"DELETE FROM {table} WHERE run_key = ? AND name_key = ?", (run_key, name_key))


def _drop(connection: sqlite3.Connection, run_key: int, kind: str, gone: Iterable[tuple[str, int | None]]) -> None:
    """Note that a run has some params, tags, contexts or links no more, so that they do not come back with a copy that still has them.

    Args:
        gone: the name of each, of a link the id of the version, with its stamp.
    """
    now_ms = clock.now_ms()
    connection.executemany(
        """
        INSERT INTO dropped (run_key, kind, name, stamp, time_ms)
        VALUES (:run, :kind, :name, :stamp, :now)
        ON CONFLICT (run_key, kind, name) DO UPDATE
        SET stamp = max(stamp + 1, excluded.stamp), time_ms = excluded.time_ms
        """,
        [
            {"run": run_key, "kind": kind, "name": name, "stamp": max(now_ms, (stamp or 0) + 1), "now": now_ms}
            for name, stamp in gone
        ],
    )


_BACK_AGAIN = """
    DELETE FROM dropped
    WHERE run_key = :run AND kind = 'context' AND EXISTS (SELECT 1 FROM context AS c WHERE c.run_key = :run AND c.name = dropped.name)
"""


def complete_run(connection: sqlite3.Connection, key: int, run: NewRun) -> None:
    """Write what became known of an imported run after its first points."""
    changed, run = _changed_by_people(connection, run.id), _storable(run)
    with runs.searchable(connection, key):
        connection.execute(
            """
            UPDATE run SET parent_id = ?, stage = ?, started_ms = ?, user = ?, host = ?, git_commit = ?, git_branch = ?, git_dirty = ?,
                           python = ?, directory = ?, command = ?, source = ?
            WHERE key = ?
            """,
            (
                run.parent_id, STAGES.index(run.stage), run.started_ms, run.user, run.host, run.git_commit, run.git_branch,
                None if run.git_is_dirty is None else int(run.git_is_dirty), run.python, run.directory,
                orjson.dumps(list(run.command)).decode(), run.source, key,
            ),
        )  # fmt: skip
        if "project" not in changed:
            project_key = runs.project_key(connection, run.project)
            connection.execute("UPDATE run SET project_key = ? WHERE key = ?", (project_key, key))
        if "name" not in changed:
            connection.execute("UPDATE run SET name = ? WHERE key = ?", (run.name, key))
        if "note" not in changed:
            connection.execute("UPDATE run SET note = ? WHERE key = ?", (run.note, key))
        runs.write_params(connection, key, run.params)
        kept = changed.get("tag", set())
        tags = {name: value for name, value in run.tags.items() if name not in kept}
        runs.write_tags(connection, key, tags, stamp=chain.next_stamp(connection, clock.now_ms()))
    runs.recorded(connection, key)


def _storable(run: NewRun) -> NewRun:
    """Give the run with all its texts made fit for SQLite."""
    return replace(
        run, name=storable(run.name), note=storable(run.note), user=storable(run.user), host=storable(run.host), git_commit=storable(run.git_commit),
        git_branch=storable(run.git_branch), python=storable(run.python), directory=storable(run.directory), source=storable(run.source),
        project=storable(run.project), command=[storable(part) for part in run.command],
        tags={storable(name): value for name, value in run.tags.items()},
    )  # fmt: skip


def _changed_by_people(connection: sqlite3.Connection, run_id: str) -> dict[str, set[str]]:
    """Say what of a run people have changed in the catalog: by action, for tags with their names."""
    changed: dict[str, set[str]] = {}
    for action, before, after in connection.execute(
        "SELECT action, before, after FROM event WHERE subject_id = ?", (run_id,)
    ):
        names = changed.setdefault(str(action), set())
        if action == "tag":
            for text in (before, after):
                state = json.loads(text) if text else None
                if isinstance(state, list) and state:
                    names.add(str(state[0]))
    return changed


def end_run(
    connection: sqlite3.Connection, run_key: int, *, status: str, ended_ms: int | None, heard_ms: int, deleted_ms: int | None, error: str,
    duration_ms: int | None = None,
) -> None:  # fmt: skip
    """Write how an imported run stands; one that goes on was last heard of at `heard_ms`. Without a duration it is what is between start and end."""
    run_id, started_ms, is_deleted = connection.execute(
        "SELECT id, started_ms, deleted_ms FROM run WHERE key = ?", (run_key,)
    ).fetchone()
    # A source that does not know the start gives the end instead.
    if duration_ms is None:
        duration_ms = ended_ms - started_ms if started_ms and ended_ms is not None and ended_ms > started_ms else None
    if status != "running":
        ended_ms = ended_ms or started_ms or None
    connection.execute(
        "UPDATE run SET status = ?, ended_ms = ?, duration_ms = ?, heartbeat_ms = ?, error = ? WHERE key = ?",
        (STATUS_CODES[status], ended_ms, duration_ms, max(heard_ms, started_ms), storable(error), run_key),
    )
    if not any(action in ("delete", "restore", "trash") for action in _changed_by_people(connection, str(run_id))):
        deleted_ms = is_deleted if deleted_ms is not None and is_deleted else deleted_ms
        connection.execute("UPDATE run SET deleted_ms = ? WHERE key = ?", (deleted_ms, run_key))
    connection.execute(_BACK_AGAIN, {"run": run_key})
    if "remove" in _changed_by_people(connection, str(run_id)):
        # Its points were removed for their room: they do not come back by themselves.
        connection.execute(
            "DELETE FROM block WHERE series_key IN (SELECT s.key FROM series AS s WHERE s.run_key = ?)", (run_key,)
        )
    runs.recorded(connection, run_key)


def name_of(connection: sqlite3.Connection, run_id: str) -> tuple[str, str, str | None] | None:
    """Give name, project and parent of a run; None if no run has that id."""
    query = "SELECT r.name, p.name, r.parent_id FROM run AS r JOIN project AS p ON p.key = r.project_key WHERE r.id = ?"
    row = connection.execute(query, (run_id,)).fetchone()
    return None if row is None else (str(row[0]), str(row[1]), row[2])


def start_by_points(connection: sqlite3.Connection, run_key: int) -> None:
    """Let an imported run have started no later than its first point."""
    connection.execute(
        "UPDATE run SET started_ms = min(started_ms, coalesce((SELECT min(first_ms) FROM series WHERE run_key = run.key AND first_ms > 0), started_ms)) WHERE key = ?",
        (run_key,),
    )


def count_points(connection: sqlite3.Connection, run_key: int) -> int:
    """Give how many points an imported run has."""
    row = connection.execute("SELECT coalesce(sum(count), 0) FROM series WHERE run_key = ?", (run_key,)).fetchone()
    return int(row[0])


def add_points(
    connection: sqlite3.Connection, run_key: int, name: str, labels: str, steps: Ints, times_ms: Ints, values: Floats
) -> None:
    """Append points to a series of an imported run."""
    points.append(connection, run_key, runs.name_key(connection, name), storable(labels), steps, times_ms, values)


def put_context(connection: sqlite3.Connection, run_key: int, name: str, content: Any) -> bool:
    """Write what surrounded a run; say whether it could be kept, or is far too long."""
    try:
        context.put(connection, run_key, name, content)
    except ValueError:
        context.put(connection, run_key, name, {"left_out": "too long to be kept"})
        return False
    return True


def put_remark(connection: sqlite3.Connection, run_key: int, text: str) -> None:
    """Say something about an imported run that its reader should know."""
    context.remark(connection, run_key, storable(text)[:2000])


def put_version(
    connection: sqlite3.Connection,
    version: NewVersion,
    *,
    identity: Sequence[str] = (),
    number: int | None = None,
) -> Saved:
    """Write a version under an id that its content gives, or `identity` where the source has one of its own.

    A version that is there already is given back. `number` is the source's own, taken if it is free.
    """
    version, left_out = artifacts.usable(artifacts.cleaned(connection, version))
    return replace(_put_version(connection, version, identity, number), left_out=left_out)


def _put_version(
    connection: sqlite3.Connection, version: NewVersion, identity: Sequence[str], number: int | None
) -> Saved:
    artifact_key = artifacts.ensure_artifact(connection, version)
    digest = artifacts.manifest_digest(version.files)
    if not version.files:  # nothing to tell one from another but where it is said to be
        digest = hashlib.sha256(f"absent {version.location}".encode("utf-8", "backslashreplace")).digest()
    artifact_id = connection.execute("SELECT id FROM artifact WHERE key = ?", (artifact_key,)).fetchone()[0]
    version_id = id_of("version", artifact_id, *(identity or (digest.hex(),)))
    if artifacts.is_pending(digest):
        digest = artifacts.manifest_digest(version.files, version_id)
    row = connection.execute(
        "SELECT key, number, digest, created_ms FROM version WHERE id = ?", (version_id,)
    ).fetchone()
    if row is not None and row[2] == digest and not _has_arrived(connection, int(row[0]), version):
        if version.created_ms < row[3] and not identity:
            connection.execute("UPDATE version SET created_ms = ? WHERE key = ?", (version.created_ms, row[0]))
            artifacts.date(connection, artifact_key)
        return Saved(row[0], version_id, artifact_key, row[1], is_new=False)
    if row is not None and _is_removed(connection, int(row[0])):
        return Saved(row[0], version_id, artifact_key, row[1], is_new=False)
    if row is not None:
        # What the source calls the same version has other content now, as when a missing file has come: it is replaced.
        artifacts.rewrite_version(connection, version, int(row[0]), digest)
        return Saved(row[0], version_id, artifact_key, row[1], is_new=True, has_replaced=True)
    if number is None or not numbering.is_free(connection, artifact_key, number, version_id):
        number = numbering.next_number(connection, artifact_key)
    saved = artifacts.write_version(connection, version, artifact_key, version_id, number, digest)
    if numbering.is_forgotten(connection, version_id):
        _bring_back(connection, "version", version_id)
    return saved


def put_listed_version(
    connection: sqlite3.Connection, version: NewVersion, *, version_id: str, number: int | None
) -> Saved:
    """Write a version, of which nothing but a list of its files is known, under the id that it has elsewhere.

    One that is there stays as it is. Where its files are said to be is not vouched for by this installation.
    """
    version, left_out = artifacts.usable(artifacts.cleaned(connection, version))
    row = connection.execute("SELECT key, artifact_key, number FROM version WHERE id = ?", (version_id,)).fetchone()
    if row is not None:
        return Saved(row[0], version_id, row[1], row[2], is_new=False, left_out=left_out)
    artifact_key = artifacts.ensure_artifact(connection, version)
    if number is None or not numbering.is_free(connection, artifact_key, number, version_id):
        number = numbering.next_number(connection, artifact_key)
    digest = artifacts.manifest_digest(version.files, version_id)
    saved = artifacts.write_version(connection, version, artifact_key, version_id, number, digest)
    connection.execute("UPDATE version SET mark = NULL WHERE key = ?", (saved.key,))
    if numbering.is_forgotten(connection, version_id):
        _bring_back(connection, "version", version_id)
    return replace(saved, left_out=left_out)


def version_by_digest(connection: sqlite3.Connection, project: str, name: str, digest: str) -> Saved | None:
    """Find the first version of an artifact whose files have this digest, as hex; None if there is none."""
    try:
        sought = bytes.fromhex(digest)
    except ValueError:
        return None
    row = connection.execute(_BY_DIGEST, {"project": project, "name": name, "digest": sought}).fetchone()
    return None if row is None else Saved(int(row[0]), str(row[1]), int(row[2]), int(row[3]), is_new=False)


_BY_DIGEST = """
    SELECT v.key, v.id, v.artifact_key, v.number
    FROM artifact AS a
    JOIN project AS p ON p.key = a.project_key
    JOIN version AS v ON v.artifact_key = a.key
    WHERE p.name = :project AND a.name = :name AND v.digest = :digest AND v.deleted_ms IS NULL
    ORDER BY v.number, v.id
    LIMIT 1
"""


def link_by_ids(connection: sqlite3.Connection, relation: Relation, source_id: str, target_id: str) -> bool | None:
    """Add an edge between what has two ids; say whether it is new. None if one of both is not there."""
    if relation not in BETWEEN_VERSIONS:
        run_id, version_id = (source_id, target_id) if relation == "output" else (target_id, source_id)
        row = connection.execute("SELECT key FROM version WHERE id = ?", (version_id,)).fetchone()
        if row is None or connection.execute("SELECT 1 FROM run WHERE id = ?", (run_id,)).fetchone() is None:
            return None
        before = connection.total_changes
        link_run(connection, relation, run_id, int(row[0]))
        return connection.total_changes > before
    keys = [
        connection.execute("SELECT key FROM version WHERE id = ?", (one,)).fetchone() for one in (source_id, target_id)
    ]
    if keys[0] is None or keys[1] is None:
        return None
    before = connection.total_changes
    artifacts.link(connection, relation, source_key=int(keys[0][0]), target_key=int(keys[1][0]))
    return connection.total_changes > before


def _is_removed(connection: sqlite3.Connection, version_key: int) -> bool:
    """Whether the content of a version was removed for its room: it does not come back by itself."""
    return connection.execute("SELECT 1 FROM removal WHERE version_key = ?", (version_key,)).fetchone() is not None


def _bring_back(connection: sqlite3.Connection, table: str, thing_id: str) -> None:
    """Note that what was forgotten is here again, since its source has it: a merge does not take it out."""
    when = events.moment(connection, IMPORTER)
    events.record(
        connection, action=numbering.RETURN, subject=table, subject_id=thing_id, before=None, after=None, when=when
    )
    connection.execute(f"UPDATE {table} SET stamp = ? WHERE id = ?", (when.stamp, thing_id))


def _has_arrived(connection: sqlite3.Connection, version_key: int, version: NewVersion) -> bool:
    """Whether bytes are at hand that were not when the version was written, as after `git lfs pull`."""
    absent = "SELECT count(*) FROM file WHERE version_key = ? AND blob_key IS NULL"
    absent_count = int(connection.execute(absent, (version_key,)).fetchone()[0])
    return sum(file.blob_key is None for file in version.files) < absent_count


def number_by_time(connection: sqlite3.Connection, version_ids: Iterable[str]) -> None:
    """Let versions that an import has just brought have their numbers in the order of their time, artifact by artifact.

    The numbers stay those that these versions were given: no other version loses its own. Those of one run that have a
    step follow one another by it: files that were cloned, unzipped or downloaded have times that say nothing.
    """
    rows = connection.execute(
        """
        SELECT v.artifact_key, v.key, v.number, v.id, v.created_ms, v.metadata, r.id, r.started_ms
        FROM json_each(:ids) AS w
        JOIN version AS v ON v.id = w.value
        LEFT JOIN run AS r ON r.key = (SELECT min(e.source_key) FROM edge AS e WHERE e.relation = 0 AND e.target_key = v.key)
        ORDER BY v.artifact_key
        """,
        {"ids": json.dumps(sorted(version_ids))},
    ).fetchall()
    for _, brought in groupby(rows, key=itemgetter(0)):
        ordered = sorted((row[1:] for row in brought), key=_place_of_version)
        numbers = sorted(row[1] for row in ordered)
        moved = [(number, row[0]) for number, row in zip(numbers, ordered, strict=True) if number != row[1]]
        connection.executemany("UPDATE version SET number = ? WHERE key = ?", moved)


def _place_of_version(row: tuple[int, int, str, int, str, str | None, int | None]) -> tuple[int, str, int, int, str]:
    """Give what versions are ordered by: their time, or the start of the run that made them and their step."""
    _, _, version_id, created_ms, metadata, run_id, started_ms = row
    try:
        values = orjson.loads(metadata) if metadata else None
    except ValueError:
        values = None
    step = values.get("step") if isinstance(values, dict) else None
    if run_id is not None and started_ms and isinstance(step, int):
        return started_ms, run_id, step, created_ms, version_id
    return created_ms, "", 0, created_ms, version_id


def put_alias(connection: sqlite3.Connection, saved: Saved, alias: str, *, serves: bool = True) -> bool | None:
    """Set an alias as its source says; say whether that changed it. None if people have moved it in the catalog.

    Args:
        serves: whether `production` and the like mean that the version serves somewhere.
    """
    if alias in _aliases_of_people(connection, saved.artifact_key):
        before = FIELDS["alias"].get(connection, _artifact_id(connection, saved.artifact_key), alias)
        return False if before is not None and before[1] == saved.id else None
    return _set_alias(connection, saved.artifact_key, alias, saved.id, serves=serves)


def keep_aliases(connection: sqlite3.Connection, artifact_key: int, names: Iterable[str]) -> int:
    """Remove the aliases that a source no longer has, except those that people set; give how many."""
    kept = {*names, *_aliases_of_people(connection, artifact_key)}
    gone = [
        name
        for (name,) in connection.execute("SELECT name FROM alias WHERE artifact_key = ?", (artifact_key,)).fetchall()
        if name not in kept
    ]
    for name in gone:
        _set_alias(connection, artifact_key, name, None)
    return len(gone)


def _artifact_id(connection: sqlite3.Connection, artifact_key: int) -> str:
    (artifact_id,) = connection.execute("SELECT id FROM artifact WHERE key = ?", (artifact_key,)).fetchone()
    return str(artifact_id)


def _set_alias(
    connection: sqlite3.Connection, artifact_key: int, name: str, version_id: str | None, *, serves: bool = True
) -> bool:
    """Let an alias name a version, or none, as its source says; the journal has it, too. False if it does already."""
    artifact_id = _artifact_id(connection, artifact_key)
    field = FIELDS["alias"]
    before = field.get(connection, artifact_id, name)
    if (None if before is None else before[1]) == version_id:
        return False
    wanted = None
    if version_id is not None:
        (number,) = connection.execute("SELECT number FROM version WHERE id = ?", (version_id,)).fetchone()
        wanted = [name, version_id, number]
    when = events.moment(connection, IMPORTER)
    field.put(connection, artifact_id, name, wanted, when)
    events.record(
        connection,
        action="alias",
        subject=field.subject,
        subject_id=artifact_id,
        before=before,
        after=wanted,
        when=when,
    )
    if serves:
        importedreleases.follow(connection, artifact_key, name, version_id, author=IMPORTER)
    return True


def _aliases_of_people(connection: sqlite3.Connection, artifact_key: int) -> set[str]:
    """Give the aliases of an artifact that somebody has changed since an import did."""
    names = set()
    for before, after in connection.execute(
        "SELECT e.before, e.after FROM event AS e JOIN artifact AS a ON a.id = e.subject_id WHERE a.key = ? AND e.action = 'alias' AND e.author <> ?",
        (artifact_key, IMPORTER),
    ):
        for text in (before, after):
            state = json.loads(text) if text else None
            if isinstance(state, list) and state:
                names.add(str(state[0]))
    return names


def unlink_run(connection: sqlite3.Connection, run_key: int) -> None:
    """Remove a run's inputs and outputs before they are written anew."""
    for relation, here, there in (("output", "source_key", "target_key"), ("input", "target_key", "source_key")):
        code = RELATIONS.index(relation)
        query = f"SELECT v.id, e.created_ms - 1 FROM edge AS e JOIN version AS v ON v.key = e.{there} WHERE e.relation = ? AND e.{here} = ?"
        _drop(connection, run_key, relation, connection.execute(query, (code, run_key)).fetchall())
        connection.execute(f"DELETE FROM edge WHERE relation = ? AND {here} = ?", (code, run_key))


def link_run(connection: sqlite3.Connection, relation: Relation, run_id: str, version_key: int) -> None:
    """Add an edge between a run and a version, if the run is there."""
    row = connection.execute("SELECT key FROM run WHERE id = ?", (run_id,)).fetchone()
    if row is not None:
        source, target = (row[0], version_key) if relation == "output" else (version_key, row[0])
        artifacts.link(connection, relation, source_key=source, target_key=target)
        connection.execute(
            "DELETE FROM dropped WHERE run_key = ? AND kind = ? AND name = (SELECT v.id FROM version AS v WHERE v.key = ?)",
            (row[0], relation, version_key),
        )


def put_report(connection: sqlite3.Connection, format: str, location: str, report: Mapping[str, Any]) -> None:
    """Keep the report of an import; of each store, only the newest is kept."""
    connection.execute(
        "INSERT OR REPLACE INTO imported (id, format, location, time_ms, program, report) VALUES (?, ?, ?, ?, ?, ?)",
        (
            derived_id("import", format, location),
            format,
            storable(location),
            clock.now_ms(),
            f"artui {VERSION}",
            json.dumps(report, ensure_ascii=True),
        ),
    )


def kept_report(connection: sqlite3.Connection, format: str, location: str) -> Any:
    """Give the report of the last import of a store; None when there is none."""
    row = connection.execute(
        "SELECT report FROM imported WHERE id = ?", (derived_id("import", format, location),)
    ).fetchone()
    try:
        return None if row is None else json.loads(row[0])
    except (ValueError, TypeError, RecursionError):
        return None


def has_report(connection: sqlite3.Connection, format: str, location: str) -> bool:
    """Say whether an import of the store has been reported."""
    cursor = connection.execute("SELECT 1 FROM imported WHERE id = ?", (derived_id("import", format, location),))
    return cursor.fetchone() is not None
