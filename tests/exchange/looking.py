"""What an import came to, as plain values that can be compared."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from artui.catalog.points import decode

_VOLATILE = ("imported_ms", "by", "fingerprint", "store")

NOT_OF_RUNS = ("context", "projects", "versions", "files", "aliases", "lineage")
"""What stores of other tools bring back in another form, or not at all: files, and what surrounded a run."""


def content_of_runs(catalog: Path) -> dict[str, Any]:
    """Give what a catalog holds of what stores of other tools bring back."""
    return {name: rows for name, rows in content(catalog).items() if name not in NOT_OF_RUNS}


def content(catalog: Path) -> dict[str, Any]:
    """Give all that a catalog holds by names and ids: no row keys, no times of imports."""
    with sqlite3.connect(catalog) as connection:
        rows = connection.execute
        points: dict[str, list[Any]] = {}
        for run, name, labels, codec, count, payload in rows(
            "SELECT r.id, n.text, s.labels, b.codec, b.count, b.payload FROM block AS b JOIN series AS s ON s.key = b.series_key "
            "JOIN run AS r ON r.key = s.run_key JOIN name AS n ON n.key = s.name_key ORDER BY r.id, n.text, s.labels, b.number"
        ):
            columns = decode(codec, count, payload)
            points.setdefault(f"{run} {name} {labels}", []).extend(
                zip(
                    columns[0].tolist(),
                    columns[1].tolist(),
                    [value.hex() for value in columns[2].tolist()],
                    strict=True,
                )
            )
        return {
            "runs": rows("SELECT r.id, p.name, r.parent_id, r.name, r.status, r.stage, r.started_ms, r.ended_ms, r.duration_ms, r.deleted_ms, r.user, r.host, r.git_commit, r.command, r.note, r.error, r.source FROM run AS r JOIN project AS p ON p.key = r.project_key ORDER BY r.id").fetchall(),
            "params": rows("SELECT r.id, n.text, a.type, a.number, a.text FROM param AS a JOIN run AS r ON r.key = a.run_key JOIN name AS n ON n.key = a.name_key ORDER BY 1, 2").fetchall(),
            "tags": rows("SELECT r.id, n.text, t.value FROM tag AS t JOIN run AS r ON r.key = t.run_key JOIN name AS n ON n.key = t.name_key ORDER BY 1, 2").fetchall(),
            "series": rows("SELECT r.id, n.text, s.labels, s.count, s.first, s.last, s.min, s.max, s.first_step, s.last_step FROM series AS s JOIN run AS r ON r.key = s.run_key JOIN name AS n ON n.key = s.name_key ORDER BY 1, 2, 3").fetchall(),
            "points": points,
            "versions": rows("SELECT a.id, a.name, a.kind, a.stage, v.id, v.number, hex(v.digest), v.size_bytes, v.created_ms, v.storage, v.note, v.metadata FROM version AS v JOIN artifact AS a ON a.key = v.artifact_key ORDER BY v.id").fetchall(),
            "files": rows("SELECT v.id, f.path, f.size_bytes, hex(f.digest), f.link_target FROM file AS f JOIN version AS v ON v.key = f.version_key ORDER BY 1, 2").fetchall(),
            "aliases": rows("SELECT a.id, l.name, v.id FROM alias AS l JOIN artifact AS a ON a.key = l.artifact_key JOIN version AS v ON v.key = l.version_key ORDER BY 1, 2").fetchall(),
            "lineage": rows("SELECT relation, source_id, target_id FROM lineage ORDER BY 1, 2, 3").fetchall(),
            "context": sorted((run, name, _steady(name, text)) for run, name, text in rows("SELECT r.id, c.name, c.content FROM context AS c JOIN run AS r ON r.key = c.run_key")),
            "projects": rows("SELECT name FROM project ORDER BY name").fetchall(),
        }  # fmt: skip


def _steady(name: str, text: str) -> str:
    import json

    fact = json.loads(text)
    if name == "import":
        fact = {key: value for key, value in fact.items() if key not in _VOLATILE}
    if name == "remarks":
        fact = [remark["text"] for remark in fact]
    return json.dumps(fact, sort_keys=True)
