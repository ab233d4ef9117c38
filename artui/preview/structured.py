"""JSON and JSON lines."""

from __future__ import annotations

import io
import json
import re
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

import orjson

from artui.model import Preview
from artui.preview import table, tensors, text

_MAX_JSON_BYTES = 4 << 20
_FOLDED_LINES = 64
"""So many lines at most are read for each that is shown: lists of numbers are folded."""
_NUMBER = re.compile(r"\s*(?:-?\d[\d.eE+-]*|NaN|-?Infinity),?")
_CLOSED = re.compile(r"\s*\],?")
_MAX_LEVELS = 100


def json_text(content: bytes, *, is_whole: bool) -> Preview:
    """Show a JSON document indented; anything else, and what was not read to its end, is shown as text.

    Numbers stay as they are written, however long. The index of a model in several files says how its tensors lie.
    """
    if not is_whole or len(content) > _MAX_JSON_BYTES or tensors.parts_of(content) > tensors.MAX_JSON_PARTS:
        return Preview("text", "JSON, its beginning as text", text.look(content, is_whole=False).text)
    try:
        value = json.loads(content)
        if _is_deep(value):
            shown = text.look(content, is_whole=True)
            return Preview("text", f"JSON, more than {_MAX_LEVELS} levels deep, as text", shown.text)
        pretty = indented(value)
    except (ValueError, RecursionError):
        shown = text.look(content, is_whole=True)
        return Preview("text", "not valid JSON, as text", shown.text)
    what = "object" if isinstance(value, dict) else "list" if isinstance(value, list) else "value"
    size = f" of {len(value):,}" if isinstance(value, dict | list) else ""
    return Preview("json", f"JSON {what}{size}", pretty, facts=_shards(value))


def _is_deep(value: Any) -> bool:
    """Say whether a JSON value has more levels than anybody reads: each line takes as much longer to write as it is deep."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(_MAX_LEVELS):
        every = (inner for outer in level for inner in (outer.values() if isinstance(outer, dict) else outer))
        level = [inner for inner in every if isinstance(inner, dict | list)]
        if not level:
            return False
    return True


def indented(value: Any) -> str:
    """Write the first lines of a JSON value, two spaces a level, a list of numbers on one line: only these are made."""
    parts: list[str] = []
    line_count = 0
    for part in json.JSONEncoder(indent=2, ensure_ascii=False).iterencode(value):
        parts.append(part[: text.MAX_LINE_CHARS])
        line_count += part.count("\n")
        if line_count > text.MAX_LINES * _FOLDED_LINES:
            break
    return text.first_lines(folded("".join(parts).split("\n")))


def folded(lines: Sequence[str]) -> list[str]:
    """Put each list of numbers in lines of indented JSON on one line; of one that is cut, what is left of it."""
    shown: list[str] = []
    place = 0
    while place < len(lines):
        line, end = lines[place], place + 1
        if line.rstrip().endswith("["):
            while end < len(lines) and _NUMBER.fullmatch(lines[end]):
                end += 1
        if end > place + 1 and (end == len(lines) or _CLOSED.fullmatch(lines[end])):
            numbers = " ".join(number.strip() for number in lines[place + 1 : end])
            is_whole = end < len(lines)
            shown.append(line.rstrip() + numbers + (lines[end].strip() if is_whole else " …"))
            place = end + is_whole
        else:
            shown += lines[place:end]
            place = end
    return shown


def _shards(value: Any) -> tuple[tuple[str, str], ...]:
    """Say how the tensors of a model lie in its files, if this is the index of one."""
    places = value.get("weight_map") if isinstance(value, dict) else None
    if not isinstance(places, dict):
        return ()
    counts = Counter(str(place) for place in places.values())
    facts = [("tensors", f"{len(places):,}"), ("files", f"{len(counts):,}")]
    notes = value.get("metadata")
    if isinstance(notes, dict):
        facts += [(str(name)[:60], f"{size:,}") for name, size in notes.items() if isinstance(size, int)][:5]
    facts += [(name[:100], f"{count:,} tensors") for name, count in list(counts.items())[:20]]
    return tuple(facts)


def json_lines(content: bytes, *, is_whole: bool, until: float | None = None) -> Preview:
    """Show JSON lines as a table of their first objects; anything else is shown as text."""
    line_count = 0
    lines: list[bytes] = []
    for number, line in enumerate(io.BytesIO(content)):
        if number % 4096 == 0 and until is not None and time.monotonic() > until:
            is_whole = False
            break
        if line.strip():
            line_count += 1
            if len(lines) < table.MAX_ROWS:
                lines.append(line)
    if not is_whole:
        # The last may be cut.
        line_count -= 1
        lines = lines[:line_count]
    rows: list[dict[str, Any]] = []
    for line in lines:
        try:
            value = orjson.loads(line) if tensors.parts_of(line) < tensors.MAX_JSON_PARTS else None
        except ValueError:
            return Preview("text", "not valid JSON lines, as text", text.look(content, is_whole=is_whole).text)
        if not isinstance(value, dict):
            return text.look(content, is_whole=is_whole)
        rows.append({name: _cell(member) for name, member in list(value.items())[: table.MAX_COLUMNS]})
    if not rows:
        return text.look(content, is_whole=is_whole)
    columns = list(dict.fromkeys(name for row in rows for name in row))[: table.MAX_COLUMNS]
    cells = [[row.get(name, "") for name in columns] for row in rows]
    counted = f"{line_count:,}" if is_whole else f"over {line_count:,}"
    title = f"JSON lines, {counted} record{'' if counted == '1' else 's'}"
    return Preview("table", title, table=table.from_rows(columns, cells, row_count=line_count if is_whole else None))


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return (value if isinstance(value, str) else json.dumps(value))[: table.MAX_CELL_CHARS]
