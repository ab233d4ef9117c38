"""Single cells of the file: read as the types that they must have, whatever is stored there, and text made storable.

SQLite stores any type in any column: a flipped bit or another program may have put a text where a number was.
"""

from __future__ import annotations

from typing import Any

import orjson

from artui.model import DAMAGED

_DIGITS = b"0123456789,-"


def integer(cell: Any, otherwise: int = 0) -> int:
    """Give a cell that must be a whole number, or `otherwise` if it is none."""
    return cell if isinstance(cell, int) else otherwise


def number(cell: Any) -> float | None:
    """Give a cell that must be a number; None if it is none."""
    return float(cell) if isinstance(cell, int | float) else None


def text(cell: Any) -> str:
    """Give a cell that must be a text; DAMAGED if it is none."""
    return cell if isinstance(cell, str) else DAMAGED


def object_of(cell: Any) -> dict[str, Any] | None:
    """Give the object that a cell must be as JSON; None if it is none."""
    value = _json(cell)
    return value if isinstance(value, dict) else None


def list_of(cell: Any) -> list[Any] | None:
    """Give the list that a cell must be as JSON; None if it is none."""
    value = _json(cell)
    return value if isinstance(value, list) else None


def _json(cell: Any) -> Any:
    try:
        return orjson.loads(cell) if isinstance(cell, str) else None
    except ValueError:
        return None


def keys_of(joined: Any) -> list[int]:
    """Give the keys that `group_concat` joined, leaving out what is not a whole number."""
    if joined is None:
        return []
    if isinstance(joined, int):
        return [joined]
    if not joined.encode("utf-8", "replace").translate(None, _DIGITS):
        try:
            keys: list[int] = orjson.loads(f"[{joined}]")
            return keys
        except ValueError:
            pass  # such as `1,,2`
    return [int(part) for part in joined.split(",") if part.lstrip("-").isascii() and part.lstrip("-").isdigit()]


def storable(text: str) -> str:
    """Make text that SQLite takes: lone surrogates become `\\udcff` forms."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()
