"""What a catalog holds, apart from the file that holds it: a digest that two catalogs share if and only if they say the same.

Keys of tables stand as what they lead to. Left out is what a file says of itself: its id, which `-wal` belongs to it, how far
spools are folded, what was merged into it, and origins and content that nothing names.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Mapping
from types import MappingProxyType

from artui.catalog import seals

_ORIGIN = "(SELECT o.id FROM origin AS o WHERE o.key = {})"
PARTS: Mapping[str, str] = MappingProxyType({
    "origins": """
        SELECT id, installation, place, created_ms, user, host
        FROM origin
        WHERE key IN (SELECT origin_key FROM run UNION SELECT origin_key FROM event UNION SELECT origin_key FROM version UNION SELECT origin_key FROM series)
        ORDER BY id
    """,
    "projects": "SELECT name, created_ms FROM project ORDER BY name",
    "runs": f"""
        SELECT r.id, p.name, r.parent_id, r.name, r.status, r.stage, r.started_ms, r.ended_ms, r.duration_ms, r.heartbeat_ms, r.deleted_ms, r.user,
               r.host, r.git_commit, r.git_branch, r.git_dirty, r.python, r.directory, r.command, r.note, r.error, r.source, {_ORIGIN.format("r.origin_key")},
               r.seal, r.stamp
        FROM run AS r
        JOIN project AS p ON p.key = r.project_key
        ORDER BY r.id
    """,
    "params": """
        SELECT r.id, n.text, t.type, t.number, t.text, t.stamp
        FROM param AS t
        JOIN run AS r ON r.key = t.run_key
        JOIN name AS n ON n.key = t.name_key
        ORDER BY 1, 2
    """,
    "tags": """
        SELECT r.id, n.text, t.value, t.stamp
        FROM tag AS t
        JOIN run AS r ON r.key = t.run_key
        JOIN name AS n ON n.key = t.name_key
        ORDER BY 1, 2
    """,
    "contexts": "SELECT r.id, t.name, t.content, t.stamp FROM context AS t JOIN run AS r ON r.key = t.run_key ORDER BY 1, 2",
    "dropped": "SELECT r.id, d.kind, d.name, d.stamp, d.time_ms FROM dropped AS d JOIN run AS r ON r.key = d.run_key ORDER BY 1, 2, 3",
    "series": f"""
        SELECT r.id, n.text, s.labels, s.count, s.finite_count, s.nan_count, s.positive_inf_count, s.negative_inf_count, s.first, s.last, s.min, s.max,
               s.sum, s.min_step, s.max_step, s.first_step, s.last_step, s.first_ms, s.last_ms, {_ORIGIN.format("coalesce(s.origin_key, r.origin_key)")}
        FROM series AS s
        JOIN run AS r ON r.key = s.run_key
        JOIN name AS n ON n.key = s.name_key
        ORDER BY 1, 2, 3
    """,
    "blocks": """
        SELECT r.id, n.text, s.labels, b.number, b.count, b.finite_count, b.nan_count, b.positive_inf_count, b.negative_inf_count, b.first, b.last, b.min,
               b.max, b.sum, b.first_step, b.last_step, b.low_step, b.high_step, b.first_ms, b.last_ms, b.codec, b.digest, b.payload
        FROM block AS b
        JOIN series AS s ON s.key = b.series_key
        JOIN run AS r ON r.key = s.run_key
        JOIN name AS n ON n.key = s.name_key
        ORDER BY 1, 2, 3, 4
    """,
    "artifacts": """
        SELECT a.id, p.name, a.name, a.stage, a.kind, a.created_ms, a.deleted_ms, a.note
        FROM artifact AS a
        JOIN project AS p ON p.key = a.project_key
        ORDER BY a.id
    """,
    "versions": f"""
        SELECT v.id, a.id, v.number, v.digest, v.size_bytes, v.file_count, v.created_ms, v.deleted_ms, v.storage, v.location, v.host, v.note, v.metadata,
               {_ORIGIN.format("v.origin_key")}, v.mark, v.seal, v.stamp
        FROM version AS v
        JOIN artifact AS a ON a.key = v.artifact_key
        ORDER BY v.id
    """,
    "files": """
        SELECT v.id, f.path, f.size_bytes, f.digest, b.digest, f.media_type, f.link_target, f.note
        FROM file AS f
        JOIN version AS v ON v.key = f.version_key
        LEFT JOIN blob AS b ON b.key = f.blob_key
        ORDER BY 1, 2
    """,
    "previews": "SELECT v.id, w.path, w.content FROM preview AS w JOIN version AS v ON v.key = w.version_key ORDER BY 1, 2",
    "profiles": """
        SELECT v.id, f.part, f.from_ms, f.to_ms, f.slice, f.row_count, f.content, f.sketch
        FROM profile AS f
        JOIN version AS v ON v.key = f.version_key
        ORDER BY 1, 2, 3, 5
    """,
    "content": """
        SELECT b.digest, b.size_bytes, p.number, c.digest, c.size_bytes, c.codec, c.content
        FROM blob AS b
        LEFT JOIN blob_chunk AS p ON p.blob_key = b.key
        LEFT JOIN chunk AS c ON c.key = p.chunk_key
        WHERE b.key IN (SELECT f.blob_key FROM file AS f)
        ORDER BY 1, 3
    """,
    "aliases": """
        SELECT a.id, l.name, v.id, l.stamp
        FROM alias AS l
        JOIN artifact AS a ON a.key = l.artifact_key
        JOIN version AS v ON v.key = l.version_key
        ORDER BY 1, 2
    """,
    "retirements": "SELECT v.id, t.time_ms FROM retirement AS t JOIN version AS v ON v.key = t.version_key ORDER BY 1",
    "removals": "SELECT v.id, t.time_ms, t.author FROM removal AS t JOIN version AS v ON v.key = t.version_key ORDER BY 1",
    "facts": """
        SELECT a.id, v.id, f.name, f.value
        FROM fact AS f
        JOIN artifact AS a ON a.key = f.artifact_key
        LEFT JOIN version AS v ON v.key = f.version_key
        ORDER BY 1, 2, 3
    """,
    "edges": """
        SELECT e.relation, CASE e.relation WHEN 0 THEN r.id ELSE v.id END, CASE e.relation WHEN 1 THEN q.id ELSE w.id END, e.created_ms
        FROM edge AS e
        LEFT JOIN run AS r ON r.key = e.source_key AND e.relation = 0
        LEFT JOIN version AS v ON v.key = e.source_key AND e.relation <> 0
        LEFT JOIN run AS q ON q.key = e.target_key AND e.relation = 1
        LEFT JOIN version AS w ON w.key = e.target_key AND e.relation <> 1
        ORDER BY 1, 2, 3
    """,
    "events": f"""
        SELECT e.id, e.time_ms, e.author, e.action, e.subject, e.subject_id, e.before, e.after, e.edit_id, e.stamp, {_ORIGIN.format("e.origin_key")}, e.digest,
               e.why, e.is_redacted
        FROM event AS e
        ORDER BY e.id
    """,
    "edits": "SELECT id, time_ms, author, label, state, stamp, turned FROM edit ORDER BY id",
    "views": "SELECT name, screen, content, author, changed_ms FROM saved_view ORDER BY name",
    "imports": "SELECT id, format, location, time_ms, program, report FROM imported ORDER BY id",
})  # fmt: skip
"""What a catalog holds, part by part."""
_ROWS_AT_ONCE = 1000


def digests(connection: sqlite3.Connection) -> dict[str, str]:
    """Give the digest of each part of what a catalog holds."""
    made = {}
    for part, query in PARTS.items():
        whole = hashlib.blake2b(digest_size=seals.SEAL_BYTES)
        rows = connection.execute(query)
        while batch := rows.fetchmany(_ROWS_AT_ONCE):
            whole.update(seals.canonical(batch))
        made[part] = whole.hexdigest()
    return made


def digest(connection: sqlite3.Connection) -> str:
    """Give the digest of all that a catalog holds."""
    return hashlib.blake2b("".join(digests(connection).values()).encode(), digest_size=seals.SEAL_BYTES).hexdigest()
