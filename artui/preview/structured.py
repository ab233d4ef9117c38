"""JSON and JSON lines."""

from __future__ import annotations

import json
from typing import Any

import orjson

from artui.model import Preview
from artui.preview import table, text


def json_text(content: bytes, *, is_whole: bool) -> Preview:
    """Show a JSON document indented; anything else, and what was not read to its end, is shown as text."""
    if not is_whole:
        return Preview("text", "JSON, its beginning as text", text.look(content, is_whole=False).text)
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
    """Show JSON lines as a table of their first objects; anything else is shown as text."""
    lines = [line for line in content.splitlines() if line.strip()]
    if not is_whole:
        lines = lines[:-1]  # the last may be cut
    rows: list[dict[str, Any]] = []
    for line in lines[: table.MAX_ROWS]:
        try:
            value = orjson.loads(line)
        except ValueError:
            return Preview("text", "not valid JSON lines, as text", text.look(content, is_whole=is_whole).text)
        if not isinstance(value, dict):
            return text.look(content, is_whole=is_whole)
        rows.append(value)
    if not rows:
        return text.look(content, is_whole=is_whole)
    columns = list(dict.fromkeys(name for row in rows for name in row))[: table.MAX_COLUMNS]
    cells = [[_cell(row.get(name)) for name in columns] for row in rows]
    count = len(lines) if is_whole else None
    counted = f"{len(lines):,}" if is_whole else f"over {len(lines):,}"
    title = f"JSON lines, {counted} record{'' if counted == '1' else 's'}"
    return Preview("table", title, table=table.from_rows(columns, cells, row_count=count))


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)
