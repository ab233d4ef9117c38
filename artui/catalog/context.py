"""What surrounded a run, as JSON by subject: its code, variables, seeds, job, hardware, exit, and remarks on it."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from artui import clock

MAX_REMARKS = 50
MAX_CHARS = 1_000_000


def put(connection: sqlite3.Connection, run_key: int, name: str, content: Any) -> None:
    """Write one subject; what was there is replaced."""
    text = json.dumps(content, default=str, ensure_ascii=True)
    if len(text) > MAX_CHARS:
        raise ValueError(f"{name} is too long to be kept ({len(text):,} characters)")
    connection.execute(_PUT, {"run": run_key, "name": name, "content": text, "now": clock.now_ms()})


_PUT = """
    INSERT INTO context (run_key, name, content, stamp)
    SELECT :run, :name, :content, coalesce(max(r.stamp, d.stamp + 1), r.stamp, d.stamp + 1)
    FROM (SELECT 1)
    LEFT JOIN run AS r ON r.key = :run
    LEFT JOIN dropped AS d ON d.run_key = :run AND d.kind = 'context' AND d.name = :name
    WHERE true
    ON CONFLICT (run_key, name) DO UPDATE
    SET content = excluded.content, stamp = max(:now, coalesce(stamp, 0) + 1)
    WHERE content IS NOT excluded.content
"""


def get(connection: sqlite3.Connection, run_key: int, name: str) -> Any:
    """Read one subject; None when there is none."""
    row = connection.execute("SELECT content FROM context WHERE run_key = ? AND name = ?", (run_key, name)).fetchone()
    if row is None:
        return None
    try:
        return json.loads(row[0])
    except (ValueError, RecursionError):
        return None


def remark(connection: sqlite3.Connection, run_key: int, text: str) -> None:
    """Say something about how a run was recorded that its reader should know."""
    stored = get(connection, run_key, "remarks")
    remarks = stored if isinstance(stored, list) else []
    if (
        any(isinstance(earlier, dict) and earlier.get("text") == text for earlier in remarks)
        or len(remarks) >= MAX_REMARKS
    ):
        return
    put(connection, run_key, "remarks", [*remarks, {"time_ms": clock.now_ms(), "text": text}])
