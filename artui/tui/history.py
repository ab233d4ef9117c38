"""Filters that were used, the newest last: kept for the user, not for one catalog."""

from __future__ import annotations

import contextlib
import os

import orjson

from artui.settings import private_folder, state_folder

MAX_KEPT = 200
MAX_CHARS = 2000
_NAME = "filters.json"


def filters_used() -> list[str]:
    """Give the filters, oldest first; none if the file cannot be read."""
    try:
        found = orjson.loads((state_folder() / _NAME).read_bytes())
    except (OSError, ValueError):
        return []
    if not isinstance(found, list):
        return []
    return [text for text in found if isinstance(text, str) and 0 < len(text) <= MAX_CHARS][-MAX_KEPT:]


def keep_filter(text: str) -> None:
    """Add a filter at the end; one that was there moves. Where it cannot be written nothing is said: it is a comfort."""
    text = text.strip()
    if not text or len(text) > MAX_CHARS:
        return
    found = [each for each in filters_used() if each != text]
    path = state_folder() / _NAME
    part = path.with_name(f"{_NAME}.{os.getpid()}")
    with contextlib.suppress(OSError):
        private_folder(path.parent)
        part.write_bytes(orjson.dumps([*found, text][-MAX_KEPT:]))
        part.replace(path)
