"""The tables of a catalog, version by version, and the views that others may query."""

from __future__ import annotations

import hashlib
import re
import sqlite3
from collections.abc import Mapping

APPLICATION_ID = 0x41525455
"""`ARTU`, at offset 68 of the file."""


SCHEMA_VERSION = 9


PAGE_BYTES = 1024
"""A quarter of SQLite's default: a small catalog is mostly nearly empty tables, and blocks of points pack tighter."""


SCHEMA_0001 = (
    """
    CREATE TABLE catalog (
        key INTEGER PRIMARY KEY CHECK (key = 1),
        id TEXT NOT NULL,
        created_ms INTEGER NOT NULL,
        created_by TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE project (
        key INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        created_ms INTEGER NOT NULL
    )
    """,
    # status: 0 running, 1 finished, 2 failed, 3 killed. stage: 0 requirements, 1 data, 2 modelling, 3 operations.
    """
    CREATE TABLE run (
        key INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        project_key INTEGER NOT NULL REFERENCES project (key),
        parent_id TEXT,
        name TEXT NOT NULL,
        status INTEGER NOT NULL,
        stage INTEGER NOT NULL,
        started_ms INTEGER NOT NULL,
        ended_ms INTEGER,
        duration_ms INTEGER,
        heartbeat_ms INTEGER NOT NULL,
        deleted_ms INTEGER,
        user TEXT NOT NULL DEFAULT '',
        host TEXT NOT NULL DEFAULT '',
        git_commit TEXT NOT NULL DEFAULT '',
        git_branch TEXT NOT NULL DEFAULT '',
        git_dirty INTEGER,
        python TEXT NOT NULL DEFAULT '',
        directory TEXT NOT NULL DEFAULT '',
        command TEXT NOT NULL DEFAULT '[]',
        note TEXT NOT NULL DEFAULT '',
        error TEXT NOT NULL DEFAULT '',
        source TEXT NOT NULL DEFAULT ''
    )
    """,
    "CREATE INDEX run_by_start ON run (started_ms)",
    "CREATE INDEX run_by_parent ON run (parent_id) WHERE parent_id IS NOT NULL",
    "CREATE INDEX run_by_status ON run (status, started_ms) WHERE status <> 1",
    "CREATE INDEX run_by_deletion ON run (deleted_ms) WHERE deleted_ms IS NOT NULL",
    """
    CREATE TABLE name (
        key INTEGER PRIMARY KEY,
        text TEXT NOT NULL UNIQUE
    )
    """,
    # type: 0 number, 1 text, 2 bool, 3 JSON. A number beyond what SQLite holds exactly is in text.
    """
    CREATE TABLE param (
        run_key INTEGER NOT NULL REFERENCES run (key) ON DELETE CASCADE,
        name_key INTEGER NOT NULL REFERENCES name (key),
        type INTEGER NOT NULL,
        number,
        text TEXT,
        PRIMARY KEY (run_key, name_key)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX param_by_number ON param (name_key, number, run_key) WHERE number IS NOT NULL",
    "CREATE INDEX param_by_text ON param (name_key, text, run_key) WHERE text IS NOT NULL",
    """
    CREATE TABLE tag (
        run_key INTEGER NOT NULL REFERENCES run (key) ON DELETE CASCADE,
        name_key INTEGER NOT NULL REFERENCES name (key),
        value TEXT NOT NULL DEFAULT '',
        PRIMARY KEY (run_key, name_key)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX tag_by_name ON tag (name_key, run_key)",
    # first and last are the first and last points' values, NULL for NaN; min, max and sum are over finite points.
    """
    CREATE TABLE series (
        key INTEGER PRIMARY KEY,
        run_key INTEGER NOT NULL REFERENCES run (key) ON DELETE CASCADE,
        name_key INTEGER NOT NULL REFERENCES name (key),
        labels TEXT NOT NULL DEFAULT '',
        count INTEGER NOT NULL,
        finite_count INTEGER NOT NULL,
        nan_count INTEGER NOT NULL,
        positive_inf_count INTEGER NOT NULL,
        negative_inf_count INTEGER NOT NULL,
        first REAL,
        last REAL,
        min REAL,
        max REAL,
        sum REAL,
        min_step INTEGER,
        max_step INTEGER,
        first_step INTEGER NOT NULL,
        last_step INTEGER NOT NULL,
        first_ms INTEGER NOT NULL,
        last_ms INTEGER NOT NULL,
        UNIQUE (run_key, name_key, labels)
    )
    """,
    "CREATE INDEX series_by_last ON series (name_key, last, run_key)",
    # codec: 'pco' or 'raw' (catalog/points.py). Only the last block of a series is ever rewritten.
    """
    CREATE TABLE block (
        key INTEGER PRIMARY KEY,
        series_key INTEGER NOT NULL REFERENCES series (key) ON DELETE CASCADE,
        number INTEGER NOT NULL,
        count INTEGER NOT NULL,
        finite_count INTEGER NOT NULL,
        nan_count INTEGER NOT NULL,
        positive_inf_count INTEGER NOT NULL,
        negative_inf_count INTEGER NOT NULL,
        first REAL,
        last REAL,
        min REAL,
        max REAL,
        sum REAL,
        first_step INTEGER NOT NULL,
        last_step INTEGER NOT NULL,
        low_step INTEGER NOT NULL,
        high_step INTEGER NOT NULL,
        first_ms INTEGER NOT NULL,
        last_ms INTEGER NOT NULL,
        codec TEXT NOT NULL,
        digest BLOB NOT NULL,
        payload BLOB NOT NULL,
        UNIQUE (series_key, number)
    )
    """,
    """
    CREATE TABLE artifact (
        key INTEGER PRIMARY KEY,
        id TEXT NOT NULL,
        project_key INTEGER NOT NULL REFERENCES project (key),
        name TEXT NOT NULL,
        stage INTEGER NOT NULL,
        kind TEXT NOT NULL,
        created_ms INTEGER NOT NULL,
        deleted_ms INTEGER,
        note TEXT NOT NULL DEFAULT '',
        UNIQUE (name, project_key)
    )
    """,
    """
    CREATE TABLE version (
        key INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        artifact_key INTEGER NOT NULL REFERENCES artifact (key) ON DELETE CASCADE,
        number INTEGER NOT NULL,
        digest BLOB NOT NULL,
        size_bytes INTEGER NOT NULL,
        file_count INTEGER NOT NULL,
        created_ms INTEGER NOT NULL,
        deleted_ms INTEGER,
        storage TEXT NOT NULL,
        location TEXT NOT NULL DEFAULT '',
        host TEXT NOT NULL DEFAULT '',
        note TEXT NOT NULL DEFAULT '',
        metadata TEXT NOT NULL DEFAULT '{}',
        UNIQUE (artifact_key, number)
    )
    """,
    """
    CREATE TABLE file (
        version_key INTEGER NOT NULL REFERENCES version (key) ON DELETE CASCADE,
        path TEXT NOT NULL,
        size_bytes INTEGER NOT NULL,
        digest BLOB,
        blob_key INTEGER REFERENCES blob (key),
        media_type TEXT NOT NULL DEFAULT '',
        link_target TEXT,
        note TEXT NOT NULL DEFAULT '',
        PRIMARY KEY (version_key, path)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX file_by_blob ON file (blob_key) WHERE blob_key IS NOT NULL",
    """
    CREATE TABLE preview (
        version_key INTEGER NOT NULL REFERENCES version (key) ON DELETE CASCADE,
        path TEXT NOT NULL,
        content TEXT NOT NULL,
        PRIMARY KEY (version_key, path)
    ) WITHOUT ROWID
    """,
    # digest: SHA-256 of the whole content.
    """
    CREATE TABLE blob (
        key INTEGER PRIMARY KEY,
        digest BLOB NOT NULL UNIQUE,
        size_bytes INTEGER NOT NULL
    )
    """,
    # At most 1 MiB each, stored once. codec: 'raw' or 'zlib'; digest: SHA-256 of the content before compression.
    """
    CREATE TABLE chunk (
        key INTEGER PRIMARY KEY,
        digest BLOB NOT NULL UNIQUE,
        size_bytes INTEGER NOT NULL,
        codec TEXT NOT NULL,
        content BLOB NOT NULL
    )
    """,
    """
    CREATE TABLE blob_chunk (
        blob_key INTEGER NOT NULL REFERENCES blob (key) ON DELETE CASCADE,
        number INTEGER NOT NULL,
        chunk_key INTEGER NOT NULL REFERENCES chunk (key),
        PRIMARY KEY (blob_key, number)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE alias (
        artifact_key INTEGER NOT NULL REFERENCES artifact (key) ON DELETE CASCADE,
        name TEXT NOT NULL,
        version_key INTEGER NOT NULL REFERENCES version (key) ON DELETE CASCADE,
        PRIMARY KEY (artifact_key, name)
    ) WITHOUT ROWID
    """,
    # relation: 0 output (run to version), 1 input (version to run), 2 derived, 3 trained, 4 satisfies (version to version).
    """
    CREATE TABLE edge (
        relation INTEGER NOT NULL,
        source_key INTEGER NOT NULL,
        target_key INTEGER NOT NULL,
        created_ms INTEGER NOT NULL,
        PRIMARY KEY (relation, source_key, target_key)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX edge_by_target ON edge (relation, target_key, source_key)",
    # The journal of what people changed. Never updated, never deleted from.
    """
    CREATE TABLE event (
        id TEXT NOT NULL PRIMARY KEY,
        time_ms INTEGER NOT NULL,
        author TEXT NOT NULL,
        action TEXT NOT NULL,
        subject TEXT NOT NULL,
        subject_id TEXT NOT NULL,
        before TEXT,
        after TEXT
    ) WITHOUT ROWID
    """,
    "CREATE INDEX event_by_subject ON event (subject_id, time_ms)",
    """
    CREATE TABLE saved_view (
        name TEXT NOT NULL PRIMARY KEY,
        screen TEXT NOT NULL,
        content TEXT NOT NULL,
        author TEXT NOT NULL,
        changed_ms INTEGER NOT NULL
    ) WITHOUT ROWID
    """,
    "CREATE VIRTUAL TABLE search USING fts5 (name, note, tags, params, content='', columnsize=0)",
    """
    CREATE VIEW runs AS
        SELECT r.id, r.name, p.name AS project,
               CASE r.status WHEN 0 THEN 'running' WHEN 1 THEN 'finished' WHEN 2 THEN 'failed' ELSE 'killed' END AS status,
               CASE r.stage WHEN 0 THEN 'requirements' WHEN 1 THEN 'data' WHEN 2 THEN 'modelling' ELSE 'operations' END AS stage,
               r.started_ms, r.ended_ms, r.duration_ms, r.parent_id, r.user, r.host,
               r.git_commit, r.git_branch, r.git_dirty, r.command, r.note, r.error
        FROM run AS r
        JOIN project AS p ON p.key = r.project_key
        WHERE r.deleted_ms IS NULL
    """,
    """
    CREATE VIEW run_params AS
        SELECT r.id AS run_id, r.name AS run, n.text AS name,
               CASE a.type WHEN 0 THEN 'number' WHEN 1 THEN 'text' WHEN 2 THEN 'bool' ELSE 'json' END AS type,
               coalesce(a.number, a.text) AS value
        FROM param AS a
        JOIN run AS r ON r.key = a.run_key
        JOIN name AS n ON n.key = a.name_key
    """,
    """
    CREATE VIEW metric_summaries AS
        SELECT r.id AS run_id, r.name AS run, n.text AS name, s.labels, s.count, s.first, s.last, s.min, s.max,
               s.sum / nullif(s.finite_count, 0) AS mean, s.min_step, s.max_step, s.first_step, s.last_step,
               s.nan_count, s.positive_inf_count, s.negative_inf_count
        FROM series AS s
        JOIN run AS r ON r.key = s.run_key
        JOIN name AS n ON n.key = s.name_key
    """,
    """
    CREATE VIEW artifact_versions AS
        SELECT v.id, a.name AS artifact, v.number, p.name AS project,
               CASE a.stage WHEN 0 THEN 'requirements' WHEN 1 THEN 'data' WHEN 2 THEN 'modelling' ELSE 'operations' END AS stage,
               a.kind, lower(hex(v.digest)) AS digest, v.size_bytes, v.file_count, v.created_ms, v.storage, v.location, v.metadata
        FROM version AS v
        JOIN artifact AS a ON a.key = v.artifact_key
        JOIN project AS p ON p.key = a.project_key
        WHERE v.deleted_ms IS NULL AND a.deleted_ms IS NULL
    """,
    """
    CREATE VIEW lineage AS
        SELECT 'output' AS relation, 'run' AS source, r.id AS source_id, 'version' AS target, v.id AS target_id, e.created_ms
        FROM edge AS e JOIN run AS r ON r.key = e.source_key JOIN version AS v ON v.key = e.target_key
        WHERE e.relation = 0
        UNION ALL
        SELECT 'input', 'version', v.id, 'run', r.id, e.created_ms
        FROM edge AS e JOIN version AS v ON v.key = e.source_key JOIN run AS r ON r.key = e.target_key
        WHERE e.relation = 1
        UNION ALL
        SELECT CASE e.relation WHEN 2 THEN 'derived' WHEN 3 THEN 'trained' ELSE 'satisfies' END,
               'version', s.id, 'version', t.id, e.created_ms
        FROM edge AS e JOIN version AS s ON s.key = e.source_key JOIN version AS t ON t.key = e.target_key
        WHERE e.relation > 1
    """,
    # points() is artui's own SQL function: JSON of [step, time_ms, value] triples.
    """
    CREATE VIEW metric_points AS
        SELECT r.id AS run_id, r.name AS run, n.text AS name, s.labels,
               json_extract(j.value, '$[0]') AS step, json_extract(j.value, '$[1]') AS time_ms, json_extract(j.value, '$[2]') AS value
        FROM block AS b
        JOIN series AS s ON s.key = b.series_key
        JOIN run AS r ON r.key = s.run_key
        JOIN name AS n ON n.key = s.name_key
        JOIN json_each(points(b.payload, b.codec, b.count)) AS j
    """,
)


SCHEMA_0002 = (
    # How much of each process's spool is in the catalog: written with the points themselves, so that a fold that is
    # interrupted anywhere and done again adds nothing twice. A row is there as long as the file is.
    """
    CREATE TABLE spool (
        id TEXT NOT NULL PRIMARY KEY,
        folded_bytes INTEGER NOT NULL
    ) WITHOUT ROWID
    """,
    # What surrounded a run, as JSON by subject: code, variables, seeds, job, hardware, exit, remarks…
    """
    CREATE TABLE context (
        run_key INTEGER NOT NULL REFERENCES run (key) ON DELETE CASCADE,
        name TEXT NOT NULL,
        content TEXT NOT NULL,
        PRIMARY KEY (run_key, name)
    ) WITHOUT ROWID
    """,
    """
    CREATE VIEW run_context AS
        SELECT r.id AS run_id, r.name AS run, c.name, c.content
        FROM context AS c
        JOIN run AS r ON r.key = c.run_key
    """,
)


SCHEMA_0003 = (
    # What the newest import of each foreign store took, changed and left, as JSON.
    """
    CREATE TABLE imported (
        id TEXT NOT NULL PRIMARY KEY,
        format TEXT NOT NULL,
        location TEXT NOT NULL,
        time_ms INTEGER NOT NULL,
        program TEXT NOT NULL,
        report TEXT NOT NULL
    ) WITHOUT ROWID
    """,
)


SCHEMA_0004 = (
    # What the table of runs is sorted and filtered by.
    "DROP INDEX run_by_status",
    "CREATE INDEX run_by_status ON run (status, started_ms)",
    "CREATE INDEX run_by_stage ON run (stage, started_ms)",
    "CREATE INDEX run_by_project ON run (project_key, started_ms)",
    "CREATE INDEX run_by_name ON run (name COLLATE NOCASE)",
    "CREATE INDEX run_by_end ON run (ended_ms) WHERE ended_ms IS NOT NULL",
    "CREATE INDEX run_by_duration ON run (duration_ms) WHERE duration_ms IS NOT NULL",
    "CREATE INDEX run_by_user ON run (user, started_ms) WHERE user <> ''",
    "CREATE INDEX run_by_host ON run (host, started_ms) WHERE host <> ''",
    "CREATE INDEX run_by_commit ON run (git_commit, started_ms) WHERE git_commit <> ''",
    "CREATE INDEX run_by_note ON run (note) WHERE note <> ''",
    "DROP INDEX tag_by_name",
    "CREATE INDEX tag_by_value ON tag (name_key, value, run_key)",
    # Changes that people made together; undo and redo go by them. state: 0 done, 1 taken back, 2 no longer to be redone.
    """
    CREATE TABLE edit (
        key INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        time_ms INTEGER NOT NULL,
        author TEXT NOT NULL,
        label TEXT NOT NULL,
        state INTEGER NOT NULL
    )
    """,
    "ALTER TABLE event ADD COLUMN edit_id TEXT",
    "CREATE INDEX event_by_edit ON event (edit_id) WHERE edit_id IS NOT NULL",
    # The best value of each run, not only its last: without it each would be looked up in the table, page by page.
    """
    CREATE INDEX series_by_summary ON series (
        name_key, run_key, min, max, sum, min_step, max_step,
        count, finite_count, nan_count, positive_inf_count, negative_inf_count
    )
    """,
)


VIEWS = frozenset(
    {
        "runs",
        "run_params",
        "metric_summaries",
        "artifact_versions",
        "lineage",
        "metric_points",
        "run_context",
        "profiles",
        "requirements",
        "criteria",
        "verdicts",
        "deployments",
        "releases",
        "incidents",
        "windows",
    }
)


SCHEMA_DIGESTS = {
    1: "b24cc83cfeadc51e14132404270702fc2e73ce273d95fed4f32e04d0d16ff0a8",
    2: "7285e1d06214d8221a134bc9486c04db51784c0a1574e580ee1617d3be41e92e",
    3: "6f2b80b1f02bfdace42ac65552bf22cf03685ab3d01a8e4df53aafad88e93427",
    4: "20a0b297b51b191e6672464381a6609e18c8da4aa037127d98b3c6bce32c99e4",
    5: "e9d7cd6876c598b0f142e00639d2f636f0f4916aa3296710164a2e6b9f9c84a5",
    6: "8e6280271dbdec34761c92814662cd21e5ed460d9512fd0dad5b20167ed223ed",
    7: "4ef51d742cf77d3b2227a140771a6cd8dbf0fe738ba6456831287c1637130744",
    8: "cda777d121885b363d1db219ca4aa3ea9fbe4c637a3b76481bf0c3f86c04a280",
    9: "8eb650987cd8303b07faf88edbd526bbf74855859575e00a9cac90c9bcfb5a39",
}
"""SHA-256 of each version's `schema_text`, held to the statements above by a test."""


_MIGRATIONS_TABLE = re.compile(
    r'CREATE TABLE ["\[]_sqlite_migrations["\]] \((?:\s*["\[]\w+["\]] (?:TEXT|INTEGER)(?: PRIMARY KEY| NOT NULL)*,?)+\s*\)\Z'
)


_Rows = list[tuple[object, object]]


def schema_text(connection: sqlite3.Connection) -> str:
    """Write down every row of a database's schema, in one canonical order.

    The bookkeeping table of sqlite-utils is left out if it has nothing but plain columns, since its exact text
    varies with the version of that package; so is its index, once.
    """
    return _text_of(_rows(connection))


def _rows(connection: sqlite3.Connection) -> _Rows:
    # One more than may be, of rows and of letters: what is repeated, or put behind spaces, to hide something behind a
    # limit, is seen as too much.
    return connection.execute(
        "SELECT type || '|' || name || '|' || tbl_name, substr(sql, 1, ?) FROM sqlite_schema LIMIT ?",
        (MAX_STATEMENT_CHARS + 1, MAX_OBJECTS + 1),
    ).fetchall()


def _text_of(rows: _Rows) -> str:
    if len(rows) > MAX_OBJECTS:
        return "too many objects"
    if any(len(str(sql)) > MAX_STATEMENT_CHARS for _, sql in rows):
        return "too long a statement"
    lines = []
    for place, sql in rows:
        if place == "table|_sqlite_migrations|_sqlite_migrations" and _MIGRATIONS_TABLE.match(str(sql)):
            continue
        lines.append(f"{place}|{' '.join(str(sql).split())}")
    index = f"index|{_MIGRATIONS_INDEX}|_sqlite_migrations|None"
    if index in lines:
        lines.remove(index)
    return "\n".join(sorted(lines))


_OURS: dict[int, _Rows] = {}
"""Rows that were found to be the schema of a version: most catalogs that a process opens have the very same."""


def has_schema(connection: sqlite3.Connection, version: int) -> bool:
    """Say whether a database has exactly the schema of that version: no object more, none less, none other, none twice."""
    rows = _rows(connection)
    if _OURS.get(version) == rows:
        return True
    digest = hashlib.sha256(_text_of(rows).encode("utf-8", "replace")).hexdigest()
    if SCHEMA_DIGESTS.get(version) != digest:
        return False
    _OURS[version] = rows
    return True


MIGRATION_SET = "artui"


_VERSION_VIEWS = tuple(
    statement
    for statement in SCHEMA_0001
    if re.match(r"\s*CREATE VIEW (artifact_versions|lineage) ", statement) is not None
)


SCHEMA_0005 = (
    # Where rows come from: an installation of artui, and a file of its. A row is added whenever the file that is
    # written to, or who writes, is not what the newest row says, so that two copies that went on can be told apart.
    """
    CREATE TABLE origin (
        key INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        installation TEXT NOT NULL,
        place TEXT NOT NULL,
        created_ms INTEGER NOT NULL
    )
    """,
    "INSERT INTO origin (id, installation, place, created_ms) SELECT id, '', '', created_ms FROM catalog",
    # Which -wal belongs to this file: the first transaction of each writes a new token, and the one before it.
    "ALTER TABLE catalog ADD COLUMN wal_token INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE catalog ADD COLUMN wal_token_before INTEGER NOT NULL DEFAULT 0",
    # seal: BLAKE2b of an ended run's row and of all that belongs to it (catalog/seals.py). NULL: none was made.
    "ALTER TABLE run ADD COLUMN origin_key INTEGER REFERENCES origin (key)",
    "ALTER TABLE run ADD COLUMN seal BLOB",
    "UPDATE run SET origin_key = (SELECT min(key) FROM origin)",
    # stamp: what decides who wins in a merge. digest: of the event and of the one before it of the same origin.
    "ALTER TABLE event ADD COLUMN stamp INTEGER",
    "ALTER TABLE event ADD COLUMN origin_key INTEGER REFERENCES origin (key)",
    "ALTER TABLE event ADD COLUMN digest BLOB",
    "UPDATE event SET stamp = time_ms, origin_key = (SELECT min(key) FROM origin)",
    "CREATE INDEX event_by_origin ON event (origin_key, stamp, id)",
    # Two boxes may give one number to different versions: a merge keeps both. mark: this installation's HMAC on what
    # it recorded itself (TRUST: what reaches out of the file must be earned).
    "DROP VIEW artifact_versions",
    "DROP VIEW lineage",
    """
    CREATE TABLE new_version (
        key INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        artifact_key INTEGER NOT NULL REFERENCES artifact (key) ON DELETE CASCADE,
        number INTEGER NOT NULL,
        digest BLOB NOT NULL,
        size_bytes INTEGER NOT NULL,
        file_count INTEGER NOT NULL,
        created_ms INTEGER NOT NULL,
        deleted_ms INTEGER,
        storage TEXT NOT NULL,
        location TEXT NOT NULL DEFAULT '',
        host TEXT NOT NULL DEFAULT '',
        note TEXT NOT NULL DEFAULT '',
        metadata TEXT NOT NULL DEFAULT '{}',
        origin_key INTEGER REFERENCES origin (key),
        mark BLOB,
        seal BLOB
    )
    """,
    """
    INSERT INTO new_version (key, id, artifact_key, number, digest, size_bytes, file_count, created_ms, deleted_ms,
                             storage, location, host, note, metadata, origin_key)
        SELECT key, id, artifact_key, number, digest, size_bytes, file_count, created_ms, deleted_ms,
               storage, location, host, note, metadata, (SELECT min(key) FROM origin)
        FROM version
    """,
    "DROP TABLE version",
    "ALTER TABLE new_version RENAME TO version",
    "CREATE INDEX version_by_artifact ON version (artifact_key, number)",
    *_VERSION_VIEWS,
)


SCHEMA_0006 = (
    # why: the reason that somebody gave, part of the digest unless it is empty. is_redacted: what it said was forgotten; its digest stays, the chain goes on.
    "ALTER TABLE event ADD COLUMN why TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE event ADD COLUMN is_redacted INTEGER NOT NULL DEFAULT 0",
    # Versions that ordinary lists leave out.
    """
    CREATE TABLE retirement (
        version_key INTEGER NOT NULL PRIMARY KEY REFERENCES version (key) ON DELETE CASCADE,
        time_ms INTEGER NOT NULL
    ) WITHOUT ROWID
    """,
    # Deleted versions whose content was removed for its room: their rows stay, with the digests.
    """
    CREATE TABLE removal (
        version_key INTEGER NOT NULL PRIMARY KEY REFERENCES version (key) ON DELETE CASCADE,
        time_ms INTEGER NOT NULL,
        author TEXT NOT NULL
    ) WITHOUT ROWID
    """,
    # What is declared of an artifact, or of one version of it: there version_key is not 0.
    """
    CREATE TABLE fact (
        artifact_key INTEGER NOT NULL REFERENCES artifact (key) ON DELETE CASCADE,
        version_key INTEGER NOT NULL,
        name TEXT NOT NULL,
        value TEXT NOT NULL,
        PRIMARY KEY (artifact_key, version_key, name)
    ) WITHOUT ROWID
    """,
)


SCHEMA_0007 = (
    # What the columns of a table are like: of a file of a version, or of a window of time and a slice of it.
    # content: JSON for people and SQL, see the view. sketch: all that is known, from which profiles are merged and compared.
    """
    CREATE TABLE profile (
        key INTEGER PRIMARY KEY,
        version_key INTEGER NOT NULL REFERENCES version (key) ON DELETE CASCADE,
        part TEXT NOT NULL,
        from_ms INTEGER NOT NULL DEFAULT 0,
        to_ms INTEGER NOT NULL DEFAULT 0,
        slice TEXT NOT NULL DEFAULT '',
        row_count INTEGER NOT NULL,
        content TEXT NOT NULL,
        sketch BLOB NOT NULL,
        UNIQUE (version_key, part, from_ms, slice)
    )
    """,
    """
    CREATE VIEW profiles AS
        SELECT a.name AS artifact, v.number AS version, v.id AS version_id, f.part AS file, f.row_count AS rows, c.key AS place,
               json_extract(c.value, '$.name') AS column, json_extract(c.value, '$.type') AS type,
               json_extract(c.value, '$.count') AS count, json_extract(c.value, '$.null_count') AS nulls,
               json_extract(c.value, '$.distinct') AS different,
               json_extract(c.value, '$.is_distinct_exact') AS is_exact, json_extract(c.value, '$.min') AS min,
               json_extract(c.value, '$.max') AS max, json_extract(c.value, '$.mean') AS mean, json_extract(c.value, '$.std') AS std,
               json_extract(c.value, '$.quantiles') AS quantiles, json_extract(c.value, '$.most_frequent') AS most_frequent,
               json_extract(c.value, '$.histogram') AS histogram
        FROM profile AS f
        JOIN version AS v ON v.key = f.version_key
        JOIN artifact AS a ON a.key = v.artifact_key
        JOIN json_each(f.content, '$.columns') AS c
        WHERE v.deleted_ms IS NULL AND a.deleted_ms IS NULL
    """,
)


SCHEMA_0008 = (
    # What catalogs are merged by. stamp: of the last change of a row that is recorded anew, as of an event; NULL or 0 of one that
    # stands as it was first written. Of two copies of a row the one with the later stamp wins.
    "ALTER TABLE run ADD COLUMN stamp INTEGER",
    "ALTER TABLE param ADD COLUMN stamp INTEGER",
    "ALTER TABLE tag ADD COLUMN stamp INTEGER",
    "ALTER TABLE context ADD COLUMN stamp INTEGER",
    "ALTER TABLE version ADD COLUMN stamp INTEGER",
    "ALTER TABLE alias ADD COLUMN stamp INTEGER",
    # Of an edit: when it was made, and when it was undone or redone last.
    "ALTER TABLE edit ADD COLUMN stamp INTEGER",
    "ALTER TABLE edit ADD COLUMN turned INTEGER",
    "UPDATE edit SET stamp = time_ms, turned = time_ms",
    # Who wrote the end of a series, where that was not who began the run; and who writes to this file now.
    "ALTER TABLE series ADD COLUMN origin_key INTEGER REFERENCES origin (key)",
    "ALTER TABLE catalog ADD COLUMN origin_key INTEGER REFERENCES origin (key)",
    "UPDATE catalog SET origin_key = (SELECT max(key) FROM origin)",
    "ALTER TABLE origin ADD COLUMN user TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE origin ADD COLUMN host TEXT NOT NULL DEFAULT ''",
    "CREATE INDEX event_by_forgetting ON event (subject, subject_id, stamp) WHERE action IN ('forget', 'return')",
    # The merges that brought something, of this file alone: from which catalog, and as JSON what.
    """
    CREATE TABLE merged (
        id TEXT NOT NULL PRIMARY KEY,
        catalog_id TEXT NOT NULL,
        location TEXT NOT NULL,
        time_ms INTEGER NOT NULL,
        author TEXT NOT NULL,
        report TEXT NOT NULL
    ) WITHOUT ROWID
    """,
)


_EVENTS_OF = """CAST((
            SELECT json_group_array(json_array(
                e.action, CAST(e.before AS TEXT), CAST(e.after AS TEXT), CAST(e.time_ms AS INTEGER), CAST(e.author AS TEXT), CAST(e.why AS TEXT),
                CAST(e.stamp AS INTEGER), CAST(e.id AS TEXT)))
            FROM event AS e
            WHERE e.subject_id = d.id AND e.action IN ('release', 'incident')
        ) AS BLOB)"""
"""What the journal says of a deployment, as the functions below take it: as bytes, since a damaged text may be no UTF-8."""


SCHEMA_0009 = (
    # What an imported run had, and its source has no more, so that it does not come back with a copy that still has it. kind: param, tag,
    # context, or output and input with the id of a version as the name. stamp: what was written no later is gone; time_ms: when it went.
    """
    CREATE TABLE dropped (
        run_key INTEGER NOT NULL REFERENCES run (key) ON DELETE CASCADE,
        kind TEXT NOT NULL,
        name TEXT NOT NULL,
        stamp INTEGER NOT NULL,
        time_ms INTEGER NOT NULL,
        PRIMARY KEY (run_key, kind, name)
    ) WITHOUT ROWID
    """,
    # relation of an edge, from here on also: 5 tested_on, 6 finetuned_from, 7 pretrained_on (version to version). Where a version is
    # deployed is no edge: the journal says it, in JSON that begins with the ids of the release and of the version. It is cut out as text,
    # since SQLite 3.40 lets no view call functions for JSON where the schema is not trusted.
    "DROP VIEW lineage",
    """
    CREATE VIEW lineage AS
        SELECT 'output' AS relation, 'run' AS source, r.id AS source_id, 'version' AS target, v.id AS target_id, e.created_ms
        FROM edge AS e JOIN run AS r ON r.key = e.source_key JOIN version AS v ON v.key = e.target_key
        WHERE e.relation = 0
        UNION ALL
        SELECT 'input', 'version', v.id, 'run', r.id, e.created_ms
        FROM edge AS e JOIN version AS v ON v.key = e.source_key JOIN run AS r ON r.key = e.target_key
        WHERE e.relation = 1
        UNION ALL
        SELECT CASE e.relation WHEN 2 THEN 'derived' WHEN 3 THEN 'trained' WHEN 4 THEN 'satisfies' WHEN 5 THEN 'tested_on'
                   WHEN 6 THEN 'finetuned_from' ELSE 'pretrained_on' END,
               'version', s.id, 'version', t.id, e.created_ms
        FROM edge AS e JOIN version AS s ON s.key = e.source_key JOIN version AS t ON t.key = e.target_key
        WHERE e.relation > 1
        UNION ALL
        SELECT 'deployed_as', 'version', s.id, 'version', t.id, min(e.time_ms)
        FROM event AS e
        JOIN version AS t ON t.id = e.subject_id
        JOIN version AS s ON s.id = substr(e.after, 32, 26)
        WHERE e.action = 'release' AND NOT EXISTS (
            SELECT 1
            FROM event AS l
            WHERE l.subject_id = e.subject_id AND l.action = 'release' AND (l.stamp, l.id) > (e.stamp, e.id) AND l.after = 'null'
              AND substr(l.before, 1, 29) = substr(e.after, 1, 29)
        )
        GROUP BY s.id, t.id
    """,
    """
    CREATE VIEW requirements AS
        SELECT v.id, a.name, v.number, p.name AS project, v.created_ms, v.note,
               v.key = (
                   SELECT w.key FROM version AS w
                   WHERE w.artifact_key = a.key AND w.deleted_ms IS NULL
                     AND NOT EXISTS (SELECT 1 FROM retirement AS t WHERE t.version_key = w.key)
                   ORDER BY w.number DESC, w.created_ms DESC, w.id DESC
                   LIMIT 1
               ) AS is_standing
        FROM version AS v
        JOIN artifact AS a ON a.key = v.artifact_key
        JOIN project AS p ON p.key = a.project_key
        WHERE a.kind = 'requirement' AND v.deleted_ms IS NULL AND a.deleted_ms IS NULL
    """,
    # criteria() is artui's own SQL function, as are the ones below: what follows from the journal.
    """
    CREATE VIEW criteria AS
        SELECT a.name AS requirement, json_extract(j.value, '$.number') AS version, p.name AS project,
               json_extract(j.value, '$.version_id') AS version_id, q.is_standing, json_extract(j.value, '$.name') AS name,
               json_extract(j.value, '$.condition') AS condition, json_extract(j.value, '$.subject') AS subject,
               json_extract(j.value, '$.artifacts') AS artifacts, json_extract(j.value, '$.since_ms') AS since_ms,
               json_extract(j.value, '$.author') AS author
        FROM artifact AS a
        JOIN project AS p ON p.key = a.project_key
        CROSS JOIN json_each(criteria(CAST((
            SELECT json_group_array(json_array(
                v.number, v.created_ms, v.id, CAST(e.before AS TEXT), CAST(e.after AS TEXT), CAST(e.time_ms AS INTEGER), CAST(e.author AS TEXT),
                CAST(e.stamp AS INTEGER), CAST(e.id AS TEXT)))
            FROM version AS v
            LEFT JOIN event AS e ON e.subject_id = v.id AND e.action = 'criterion'
            WHERE v.artifact_key = a.key AND v.deleted_ms IS NULL
        ) AS BLOB))) AS j
        CROSS JOIN requirements AS q ON q.id = json_extract(j.value, '$.version_id')
        WHERE a.kind = 'requirement' AND a.deleted_ms IS NULL
    """,
    # Of the newest version of each requirement, for the versions of its project that it is about. CROSS JOIN makes SQLite call the
    # function once for each artifact, not for each version of the catalog.
    """
    CREATE VIEW verdicts AS
        SELECT q.name AS requirement, q.number AS requirement_version, q.project, json_extract(j.value, '$.criterion') AS criterion,
               json_extract(j.value, '$.condition') AS condition, a.name || ':v' || v.number AS version, v.id AS version_id,
               json_extract(j.value, '$.answer') AS answer, json_extract(j.value, '$.why') AS why,
               json_extract(j.value, '$.field') AS field, json_extract(j.value, '$.value') AS value,
               json_extract(j.value, '$.run_id') AS run_id, json_extract(j.value, '$.step') AS step,
               json_extract(j.value, '$.waived_by') AS waived_by, json_extract(j.value, '$.waived_why') AS waived_why
        FROM requirements AS q
        CROSS JOIN project AS p ON p.name = q.project
        CROSS JOIN artifact AS a ON a.project_key = p.key AND a.deleted_ms IS NULL
        CROSS JOIN json_each(verdicts(q.id, a.key)) AS j
        CROSS JOIN version AS v ON v.key = json_extract(j.value, '$.version_key')
        WHERE q.is_standing
    """,
    """
    CREATE VIEW deployments AS
        SELECT v.id, a.name, p.name AS project, v.created_ms,
               (SELECT f.value FROM fact AS f WHERE f.artifact_key = a.key AND f.version_key = 0 AND f.name = 'endpoint') AS endpoint,
               (SELECT f.value FROM fact AS f WHERE f.artifact_key = a.key AND f.version_key = 0 AND f.name = 'owner') AS owner,
               (SELECT f.value FROM fact AS f WHERE f.artifact_key = a.key AND f.version_key = 0 AND f.name = 'runtime') AS runtime,
               a.note
        FROM version AS v
        JOIN artifact AS a ON a.key = v.artifact_key
        JOIN project AS p ON p.key = a.project_key
        WHERE a.kind = 'deployment' AND v.deleted_ms IS NULL AND a.deleted_ms IS NULL
    """,
    f"""
    CREATE VIEW releases AS
        SELECT d.name AS deployment, d.project, d.id AS deployment_id, json_extract(j.value, '$.id') AS id,
               coalesce((SELECT a.name || ':v' || v.number FROM version AS v JOIN artifact AS a ON a.key = v.artifact_key
                         WHERE v.id = json_extract(j.value, '$.version_id')), json_extract(j.value, '$.named')) AS version,
               json_extract(j.value, '$.version_id') AS version_id, json_extract(j.value, '$.role') AS role,
               json_extract(j.value, '$.share') AS share, json_extract(j.value, '$.from_ms') AS from_ms,
               json_extract(j.value, '$.to_ms') AS to_ms, json_extract(j.value, '$.reason') AS reason,
               json_extract(j.value, '$.approved_by') AS approved_by, json_extract(j.value, '$.author') AS author,
               json_extract(j.value, '$.recorded_ms') AS recorded_ms, json_extract(j.value, '$.why') AS why
        FROM deployments AS d
        CROSS JOIN json_each(releases({_EVENTS_OF})) AS j
    """,
    f"""
    CREATE VIEW incidents AS
        SELECT d.name AS deployment, d.project, d.id AS deployment_id, json_extract(j.value, '$.id') AS id,
               json_extract(j.value, '$.title') AS title, json_extract(j.value, '$.severity') AS severity,
               json_extract(j.value, '$.opened_ms') AS opened_ms, json_extract(j.value, '$.closed_ms') AS closed_ms,
               json_extract(j.value, '$.cause') AS cause, json_extract(j.value, '$.resolution') AS resolution,
               json_extract(j.value, '$.release_id') AS release_id, json_extract(j.value, '$.rule') AS rule,
               json_extract(j.value, '$.author') AS author, json_extract(j.value, '$.why') AS why
        FROM deployments AS d
        CROSS JOIN json_each(incidents({_EVENTS_OF})) AS j
    """,
    # Of all who observed a deployment together. metrics: JSON of the live metrics by name.
    """
    CREATE VIEW windows AS
        SELECT d.name AS deployment, d.project, d.id AS deployment_id, f.from_ms, f.to_ms, f.slice, sum(f.row_count) AS rows,
               sum(coalesce(json_extract(CASE WHEN json_valid(f.content) THEN f.content END, '$.tally.requests'), 0)) AS requests,
               sum(coalesce(json_extract(CASE WHEN json_valid(f.content) THEN f.content END, '$.tally.errors'), 0)) AS errors,
               sum(coalesce(json_extract(CASE WHEN json_valid(f.content) THEN f.content END, '$.tally.truths'), 0)) AS truths,
               live_metrics(CAST(json_group_array(CAST(f.content AS TEXT)) AS BLOB)) AS metrics
        FROM deployments AS d
        JOIN version AS v ON v.id = d.id
        JOIN profile AS f ON f.version_key = v.key AND f.to_ms <> 0
        GROUP BY d.id, f.from_ms, f.to_ms, f.slice
    """,
)


STAND_INS: Mapping[int, tuple[str, ...]] = {
    2: ("CREATE TEMP TABLE context (run_key INTEGER NOT NULL, name TEXT NOT NULL, content TEXT NOT NULL)",),
    6: (
        "CREATE TEMP TABLE retirement (version_key INTEGER NOT NULL PRIMARY KEY, time_ms INTEGER NOT NULL)",
        "CREATE TEMP TABLE removal (version_key INTEGER NOT NULL PRIMARY KEY, time_ms INTEGER NOT NULL, author TEXT NOT NULL)",
        "CREATE TEMP TABLE fact (artifact_key INTEGER NOT NULL, version_key INTEGER NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL)",
    ),
    7: (
        "CREATE TEMP TABLE profile (version_key INTEGER NOT NULL, part TEXT NOT NULL, from_ms INTEGER NOT NULL, to_ms INTEGER NOT NULL, "
        "slice TEXT NOT NULL, row_count INTEGER NOT NULL, content TEXT NOT NULL, sketch BLOB NOT NULL)",
    ),
    9: (
        "CREATE TEMP TABLE dropped (run_key INTEGER NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, stamp INTEGER NOT NULL, time_ms INTEGER NOT NULL)",
    ),
}
"""By the schema that brought them, empty tables that a reader of an older catalog gets, so that one query fits both."""


_STATEMENTS = (
    SCHEMA_0001, SCHEMA_0002, SCHEMA_0003, SCHEMA_0004, SCHEMA_0005, SCHEMA_0006, SCHEMA_0007, SCHEMA_0008, SCHEMA_0009,
)  # fmt: skip
_VIEW = re.compile(r"\s*CREATE VIEW (\w+) AS\b")
_OF_EVENTS = re.compile(r"\b(FROM|JOIN) event AS\b")
_STAMPED_SINCE, _REASONED_SINCE = 5, 6
"""The schemas that gave events a stamp and a reason."""


def temporary_views(version: int) -> tuple[str, ...]:
    """Give the statements that make, for one connection, the views that a catalog of an older schema lacks or has otherwise.

    They need the tables of `STAND_INS`.
    """
    there: dict[str, str] = {}
    wanted: dict[str, str] = {}
    for number, statements in enumerate(_STATEMENTS, 1):
        found = ((match[1], text) for text in statements if (match := _VIEW.match(text)) is not None)
        (there if number <= version else wanted).update(found)
    lacking = [text for name, text in wanted.items() if there.get(name) != text]
    return tuple(_VIEW.sub(r"CREATE TEMP VIEW \1 AS", _with_old_events(text, version)) for text in lacking)


def _with_old_events(view: str, version: int) -> str:
    """Write a view so that it reads events that have no stamp or no reason yet, as the migration would fill them in."""
    missing = [
        *(("n.time_ms AS stamp",) if version < _STAMPED_SINCE else ()),
        *(("'' AS why",) if version < _REASONED_SINCE else ()),
    ]
    if not missing:
        return view
    return _OF_EVENTS.sub(rf"\1 (SELECT n.*, {', '.join(missing)} FROM event AS n) AS", view)


_MIGRATIONS_INDEX = "sqlite_autoindex__sqlite_migrations_1"


MAX_OBJECTS = 200
"""No schema of ours has so many rows: one that has is refused before its rows are looked at."""
MAX_STATEMENT_CHARS = 20_000
"""No statement of ours is so long."""
