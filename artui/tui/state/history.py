"""Filters that were used, the newest last: kept for the user, not for one catalog."""

from __future__ import annotations

from artui.settings import keep_state, read_state

MAX_KEPT = 200
MAX_CHARS = 2000
_NAME = "filters.json"


def filters_used() -> list[str]:
    """Give the filters, oldest first; none if the file cannot be read."""
    found = read_state(_NAME)
    if not isinstance(found, list):
        return []
    return [text for text in found if isinstance(text, str) and 0 < len(text) <= MAX_CHARS][-MAX_KEPT:]


def keep_filter(text: str) -> None:
    """Add a filter at the end; one that was there moves. Where it cannot be written nothing is said: it is a comfort."""
    text = text.strip()
    if not text or len(text) > MAX_CHARS:
        return
    found = [each for each in filters_used() if each != text]
    keep_state(_NAME, [*found, text][-MAX_KEPT:])
