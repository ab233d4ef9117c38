r"""How a cell is written in a CSV file or a line of JSON, and read again: exactly, in both.

CSV (RFC 4180, UTF-8): texts stand in quotes, numbers and flags do not; an empty cell without quotes is nothing, `""` an empty text.
A text that a spreadsheet would take for a formula, as it begins with `=`, `+`, `-`, `@`, a tab or a carriage return, gets a `'` in
front; so does one that begins with such a `'` itself, and what is read back is what was there.

A number is what Python's `repr` says, the shortest that gives the same double; `NaN`, `Infinity` and `-Infinity` are words in CSV
and texts in JSON, which has no such numbers. Which bits a NaN has is not kept.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from artui.exchange.lake.tables import FLAG, NUMBER, TEXT, WHOLE

_FORMULA = re.compile(r"'*[=+\-@\t\r]")
WORDS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def number_text(value: float) -> str:
    """Write a number so that it can be read again."""
    if math.isfinite(value):
        return repr(value)
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _csv_text(text: str) -> str:
    shown = "'" + text if _FORMULA.match(text) else text
    return '"' + shown.replace('"', '""') + '"'


_CSV: dict[str, Callable[[Any], str]] = {
    TEXT: _csv_text, WHOLE: str, NUMBER: lambda cell: number_text(float(cell)), FLAG: lambda cell: "true" if cell else "false",
}  # fmt: skip


def csv_lines(columns: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> bytes:
    """Write rows as lines of CSV."""
    write = [_CSV[type] for type in columns.values()]
    lines = [
        ",".join(["" if cell is None else one(cell) for one, cell in zip(write, row, strict=True)]) + "\n"
        for row in rows
    ]
    return "".join(lines).encode("utf-8", "replace")


def csv_header(columns: Mapping[str, str]) -> bytes:
    """Write the names of columns as the first line of a CSV file."""
    return (",".join(columns) + "\n").encode()


def json_text(text: str) -> str:
    """Write a text as JSON, with a letter for each that is more than ASCII."""
    return json.dumps(text, ensure_ascii=False)


def _json_number(cell: Any) -> str:
    value = float(cell)
    return repr(value) if math.isfinite(value) else f'"{number_text(value)}"'


_JSON: dict[str, Callable[[Any], str]] = {
    TEXT: json_text, WHOLE: str, NUMBER: _json_number, FLAG: lambda cell: "true" if cell else "false",
}  # fmt: skip


def json_lines(columns: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> bytes:
    """Write rows as objects of JSON, one a line."""
    write = [(f'"{name}": ', _JSON[type]) for name, type in columns.items()]
    lines = [
        "{"
        + ", ".join(
            [key + ("null" if cell is None else one(cell)) for (key, one), cell in zip(write, row, strict=True)]
        )
        + "}\n"
        for row in rows
    ]
    return "".join(lines).encode("utf-8", "replace")


# Back


def read_csv_cell(type: str, text: str) -> Any:
    """Read a cell of a CSV file; of a text an empty one is empty.

    Raises:
        ValueError: it is nothing of its type.
    """
    if type == TEXT:
        return text[1:] if text.startswith("'") and _FORMULA.match(text) else text
    if not text:
        return None
    if type == WHOLE:
        return _whole(int(text))
    if type == NUMBER:
        return WORDS[text] if text in WORDS else float(text)
    if text in ("true", "false"):
        return text == "true"
    raise ValueError(text[:40])


def read_json_cell(type: str, cell: Any) -> Any:
    """Read a cell of a line of JSON.

    Raises:
        ValueError: it is nothing of its type.
    """
    if cell is None:
        return None
    if type == TEXT and isinstance(cell, str):
        return cell
    if type == FLAG and isinstance(cell, bool):
        return cell
    if type == WHOLE and isinstance(cell, int) and not isinstance(cell, bool):
        return _whole(cell)
    if type == NUMBER and isinstance(cell, str) and cell in WORDS:
        return WORDS[cell]
    if type == NUMBER and isinstance(cell, int | float) and not isinstance(cell, bool):
        return float(cell)
    raise ValueError(repr(cell)[:40])


def _whole(number: int) -> int:
    if not -(1 << 63) <= number < 1 << 63:
        raise ValueError(number)
    return number
