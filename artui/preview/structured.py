"""JSON and JSON lines."""

from __future__ import annotations

import json
from typing import Any

import orjson

from artui.model import Preview
from artui.preview import table, text


def json_text(content: bytes) -> Preview:
    """Show a JSON document indented; what is no JSON is shown as text."""
    try:
        value = orjson.loads(content)
        pretty = orjson.dumps(value, option=orjson.OPT_INDENT_2)
    except (ValueError, RecursionError):
        shown = text.look(content, is_whole=True)
        return Preview("text", "not valid JSON, as text", shown.text)
    what = "object" if isinstance(value, dict) else "list" if isinstance(value, list) else "value"
    size = f" of {len(value):,}" if isinstance(value, dict | list) else ""
    return Preview("json", f"JSON {what}{size}", text.look(pretty, is_whole=True).text)


def json_lines(content: bytes, *, is_whole: bool) -> Preview:
    """Show JSON lines as a table of their first objects."""
    lines = [line for line in content.splitlines() if line.strip()]
    rows: list[dict[str, Any]] = []
    for line in lines[: table.MAX_ROWS]:
        value = orjson.loads(line)
        if not isinstance(value, dict):
            return text.look(content, is_whole=is_whole)
        rows.append(value)
    columns = list(dict.fromkeys(name for row in rows for name in row))[: table.MAX_COLUMNS]
    cells = [[_cell(row.get(name)) for name in columns] for row in rows]
    count = len(lines) if is_whole else None
    return Preview(
        "table", f"JSON lines, {len(lines):,} records", table=table.from_rows(columns, cells, row_count=count)
    )


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)
