"""Where a version holds words that were looked for, if that is not seen in the list: in metadata, its note, a path, a file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from artui.model import Preview, VersionDetail

_WORDLESS = frozenset('=<>~!()"')
"""What has one of these is no mere word."""
_JOINING = frozenset({"and", "or", "not"})
_MOST_PLACES = 2


def held_text(detail: VersionDetail, previews: Mapping[str, Preview], where: str) -> str:
    """Say where a version holds the words of a filter that its name has not: `found in deployment.json`; empty if it is seen, or is not words alone."""
    words = where.lower().split()
    if not _WORDLESS.isdisjoint(where) or not _JOINING.isdisjoint(words):
        return ""
    head = detail.head
    seen = " ".join((head.artifact, head.kind, head.stage, head.project, *head.aliases)).lower()
    places: dict[str, None] = {}
    for word in words:
        if word not in seen:
            places |= dict.fromkeys([next(_places(detail, previews, word), "")])
    named = [place for place in places if place]
    more = f" and {len(named) - _MOST_PLACES} more" if len(named) > _MOST_PLACES else ""
    return f"found in {', '.join(named[:_MOST_PLACES])}{more}" if named else ""


def _places(detail: VersionDetail, previews: Mapping[str, Preview], word: str) -> Iterator[str]:
    for name, value in detail.metadata.items():
        if word in f"{name} {json.dumps(value, ensure_ascii=False)}".lower():
            yield f"metadata {name}"
    if word in detail.note.lower():
        yield "its note"
    for file in detail.files:
        if word in file.path.lower():
            yield file.path
    for path, preview in previews.items():
        if any(word in text.lower() for text in _texts(preview)):
            yield path


def _texts(preview: Preview) -> Iterator[str]:
    yield preview.title
    yield preview.text
    for fact in preview.facts:
        yield from fact
    if preview.table is not None:
        yield from preview.table.columns
        rows: Sequence[Sequence[str]] = preview.table.rows
        for row in rows:
            yield from row
