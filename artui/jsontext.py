"""JSON of values as exact as Python has them, which orjson alone does not give: NaN, infinities, integers of any size."""

from __future__ import annotations

import math
import re
from typing import Any

import orjson

_LONG = re.compile(r"\d{19}")
"""What may be an integer of more than 64 bits, of which orjson makes a float."""


def json_text(value: Any) -> str:
    """Write a value in one line. Half of a surrogate pair, which a stranger's file may hold, is written as JSON escapes it."""
    try:
        text = orjson.dumps(value, default=str).decode()
    except TypeError:  # integers of more than 64 bits, or half of a surrogate pair
        text = ""
    if text and "null" not in text:  # orjson writes that for NaN and infinities
        return text
    import json  # readers start without it

    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    return text.encode("utf-8", "backslashreplace").decode()


def json_value(text: str) -> Any:
    """Read a value.

    Raises:
        ValueError: it is no JSON, or nested too deep.
        TypeError: it is no text.
    """
    if not isinstance(text, str) or _LONG.search(text) is None:
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            pass  # such as NaN
    import json

    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def plain_json(value: Any) -> Any:
    """Make what any reader of JSON takes: NaN and infinities become text, and so do integers of more than 64 bits."""
    if isinstance(value, dict):
        return {str(name): plain_json(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain_json(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, int) and not isinstance(value, bool) and not -(1 << 63) <= value < 1 << 64:
        return integer_text(value)
    return value


def indented_json(value: Any) -> str:
    """Write what `plain_json` gave, two blanks to a level."""
    try:
        return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS | orjson.OPT_PASSTHROUGH_DATACLASS).decode()  # fmt: skip
    except TypeError:
        import json

        # Half of a surrogate pair, as JSON escapes it; what is no JSON is none here either.
        return json.dumps(value, indent=2)


def integer_text(value: int) -> str:
    """Write an integer of any size; Python itself refuses past 4,300 digits."""
    try:
        return str(value)
    except ValueError:
        return hex(value)
