"""What was imported into a catalog: the newest report of each foreign store."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from artui.catalog.cells import integer, text
from artui.query.attributes import STORES

if TYPE_CHECKING:
    from artui.query.reader import Reader

IMPORTS = """
    SELECT format, location, time_ms, program, report
    FROM imported
    ORDER BY time_ms DESC, id
    LIMIT 1000
"""

HELD_RUNS = f"""
    SELECT s.store, sum(r.deleted_ms IS NULL), sum(r.deleted_ms IS NOT NULL)
    FROM ({STORES}) AS s
    JOIN run AS r ON r.key = s.key
    GROUP BY s.store
"""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What one import took, changed and left."""

    format: str
    location: str
    time_ms: int
    program: str
    report: Mapping[str, Any]
    """As `exchange.intake.report.Report.plain` gives it; parts that a damaged catalog lacks are empty."""
    run_count: int = 0
    """Runs from there that are in the catalog now, without deleted ones."""
    deleted_count: int = 0
    """Those of them that are deleted: in the source, or here."""


def import_reports(reader: Reader) -> list[ImportReport]:
    """List the reports of imports, the newest first; none for a catalog from before there were any."""
    if reader.schema_version < 3:
        return []
    with reader.reading() as connection:
        rows = connection.execute(IMPORTS).fetchall()
        held = {row[0]: row[1:] for row in connection.execute(HELD_RUNS)}
    return [
        ImportReport(
            text(format),
            text(location),
            integer(time_ms),
            text(program),
            _whole(report, text(format), text(location)),
            *map(integer, held.get(location, (0, 0))),
        )
        for format, location, time_ms, program, report in rows
    ]


def _whole(stored: Any, format: str, location: str) -> dict[str, Any]:
    try:
        decoded = json.loads(stored)
    except (ValueError, TypeError, RecursionError):
        decoded = None
    report = decoded if isinstance(decoded, dict) else {}
    return {
        "format": format,
        "title": str(report.get("title") or format),
        "location": location,
        "facts": report["facts"] if isinstance(report.get("facts"), dict) else {},
        "runs": _counts(report.get("runs")),
        "taken": _counts(report.get("taken")),
        "changed": _list(report.get("changed"), "what", "why"),
        "left": _list(report.get("left"), "what", "why"),
        "damaged": _list(report.get("damaged"), "run", "what"),
        "damaged_count": report["damaged_count"] if isinstance(report.get("damaged_count"), int) else 0,
    }


def _counts(counts: Any) -> dict[str, int]:
    pairs = counts.items() if isinstance(counts, dict) else ()
    return {str(name): count for name, count in pairs if isinstance(count, int)}


def _list(entries: Any, *names: str) -> list[dict[str, Any]]:
    rows = [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    return [
        {
            **{name: str(entry.get(name, "")) for name in names},
            "count": entry["count"] if isinstance(entry.get("count"), int) else 1,
        }
        for entry in rows[:1000]
    ]
