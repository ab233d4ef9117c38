"""Filters that were used, newest last: kept for the user, across catalogs; those of artifacts, of rows and of the journal by themselves, and so queries in SQL."""

from __future__ import annotations

from artui.settings import keep_state, read_state

MAX_KEPT = 200
MAX_CHARS = 4000
RUNS, ARTIFACTS, ROWS, JOURNAL, SQL = (
    "filters.json", "artifact-filters.json", "row-filters.json", "journal-filters.json", "queries.json",
)  # fmt: skip
"""The files in which they are kept."""


def filters_used(name: str = RUNS) -> list[str]:
    """Give the filters, oldest first; none if the file cannot be read."""
    kept = read_state(name)
    if not isinstance(kept, list):
        return []
    return [text for text in kept if isinstance(text, str) and 0 < len(text) <= MAX_CHARS][-MAX_KEPT:]


def keep_filter(text: str, name: str = RUNS) -> None:
    """Add a filter at the end, or move it there. A history that cannot be written is no error: it is only a convenience."""
    text = text.strip()
    if not text or len(text) > MAX_CHARS:
        return
    others = [used for used in filters_used(name) if used != text]
    keep_state(name, [*others, text][-MAX_KEPT:])
