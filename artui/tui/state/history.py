"""Filters that were used, newest last: kept for the user, across catalogs."""

from __future__ import annotations

from artui.settings import keep_state, read_state

MAX_KEPT = 200
MAX_CHARS = 2000
_NAME = "filters.json"


def filters_used() -> list[str]:
    """Give the filters, oldest first; none if the file cannot be read."""
    kept = read_state(_NAME)
    if not isinstance(kept, list):
        return []
    return [text for text in kept if isinstance(text, str) and 0 < len(text) <= MAX_CHARS][-MAX_KEPT:]


def keep_filter(text: str) -> None:
    """Add a filter at the end, or move it there. A history that cannot be written is no error: it is only a convenience."""
    text = text.strip()
    if not text or len(text) > MAX_CHARS:
        return
    others = [used for used in filters_used() if used != text]
    keep_state(_NAME, [*others, text][-MAX_KEPT:])
