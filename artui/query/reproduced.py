"""Runs that were started to make another run again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from artui.query.heads import HEAD_COLUMNS, head_from_row

if TYPE_CHECKING:
    from artui.model import RunHead
    from artui.query.reader import Reader

CONTEXT = "reproduces"
"""The subject of a run's context that names the run it was started for."""
_STARTED_FOR = f"""
    SELECT {HEAD_COLUMNS}
    FROM run AS r
    LEFT JOIN project AS p ON p.key = r.project_key
    JOIN context AS c ON c.run_key = r.key AND c.name = '{CONTEXT}'
    WHERE r.started_ms >= :since AND r.deleted_ms IS NULL AND typeof(c.content) = 'text' AND instr(c.content, :id) > 0
    ORDER BY r.started_ms, r.key
"""


def started_for(reader: Reader, run_id: str, *, since_ms: int) -> list[RunHead]:
    """Give the runs that were started to make a run again, since a time, in their order."""
    with reader.snapshot() as connection:
        rows = connection.execute(_STARTED_FOR, {"since": since_ms, "id": run_id}).fetchall()
    return [head_from_row(row) for row in rows]
