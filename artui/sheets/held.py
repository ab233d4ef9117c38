"""Where a version holds words that were looked for, if that is not seen in the list: in metadata, its note, a path, a file."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from artui.model import Preview, VersionDetail, VersionHead

_WORDLESS = frozenset('=<>~!()"')
"""What has one of these is no mere word."""
_JOINING = frozenset({"and", "or", "not"})
_MOST_PLACES = 2
MOST_LOOKED_INTO = 100
"""So many versions of a list are looked into, the first of those whose names do not say why they are in it."""

Read = Callable[[VersionHead], tuple[VersionDetail, Mapping[str, Preview]]]
"""Gives what a version holds."""


def held_texts(heads: Iterable[VersionHead], words: Sequence[str], read: Read) -> dict[int, str]:
    """Say by key where the versions of a list hold words that are not seen of them: `make.py`."""
    found: dict[int, str] = {}
    looked = 0
    for head in heads:
        if looked < MOST_LOOKED_INTO and any(word.lower() not in _seen(head) for word in words):
            looked += 1
            if text := _held(*read(head), words):
                found[head.key] = text
    return found


def mere_words(where: str) -> Sequence[str]:
    """Give the words of a filter; none if it is not words alone."""
    words = where.lower().split()
    return words if _WORDLESS.isdisjoint(where) and _JOINING.isdisjoint(words) else []


def held_text(detail: VersionDetail, previews: Mapping[str, Preview], where: str) -> str:
    """Say where a version holds the words of a filter that its name has not: `found in deployment.json`; empty if it is seen, or is not words alone."""
    text = _held(detail, previews, mere_words(where))
    return f"found in {text}" if text else ""


def _seen(head: VersionHead) -> str:
    return " ".join((head.artifact, head.kind, head.stage, head.project, *head.aliases)).lower()


def _held(detail: VersionDetail, previews: Mapping[str, Preview], words: Sequence[str]) -> str:
    seen = _seen(detail.head)
    places: dict[str, None] = {}
    for word in map(str.lower, words):
        if word not in seen:
            places |= dict.fromkeys([next(_places(detail, previews, word), "")])
    named = [place for place in places if place]
    more = f" and {len(named) - _MOST_PLACES} more" if len(named) > _MOST_PLACES else ""
    return ", ".join(named[:_MOST_PLACES]) + more


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
