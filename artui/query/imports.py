"""What was imported into a catalog: the newest report of each foreign store."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from artui.catalog.cells import integer, text

if TYPE_CHECKING:
    from artui.query.reader import Reader

IMPORTS = """
    SELECT format, location, time_ms, program, report
    FROM imported
    ORDER BY time_ms DESC, id
    LIMIT 1000
"""


@dataclass(frozen=True, slots=True)
class ImportReport:
    format: str
    location: str
    time_ms: int
    program: str
    report: dict[str, Any]
    """As `exchange.report.Report.plain` gives it, made whole where a damaged catalog lacks parts."""


def import_reports(reader: Reader) -> list[ImportReport]:
    """List the reports of imports, the newest first; none for a catalog from before there were any."""
    if reader.schema_version < 3:
        return []
    with reader.reading() as connection:
        rows = connection.execute(IMPORTS).fetchall()
    return [
        ImportReport(
            text(format), text(location), integer(time_ms), text(program), _whole(report, text(format), text(location))
        )
        for format, location, time_ms, program, report in rows
    ]


def _whole(told_by: Any, format: str, location: str) -> dict[str, Any]:
    try:
        found = json.loads(told_by)
    except (ValueError, TypeError, RecursionError):
        found = None
    told = found if isinstance(found, dict) else {}
    return {
        "format": format,
        "title": str(told.get("title") or format),
        "location": location,
        "facts": told["facts"] if isinstance(told.get("facts"), dict) else {},
        "runs": _counts(told.get("runs")),
        "taken": _counts(told.get("taken")),
        "changed": _list(told.get("changed"), "what", "why"),
        "left": _list(told.get("left"), "what", "why"),
        "damaged": _list(told.get("damaged"), "run", "what"),
        "damaged_count": told["damaged_count"] if isinstance(told.get("damaged_count"), int) else 0,
    }


def _counts(found: Any) -> dict[str, int]:
    pairs = found.items() if isinstance(found, dict) else ()
    return {str(name): count for name, count in pairs if isinstance(count, int)}


def _list(found: Any, *names: str) -> list[dict[str, Any]]:
    rows = [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
    return [
        {
            **{name: str(each.get(name, "")) for name in names},
            "count": each["count"] if isinstance(each.get("count"), int) else 1,
        }
        for each in rows[:1000]
    ]
