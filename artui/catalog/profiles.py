"""Profiles of the tables of versions: kept beside the previews, and like these derived from the files."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import orjson

from artui.catalog.cells import storable
from artui.catalog.cleaning import redactor_of
from artui.secrets import Redactor

if TYPE_CHECKING:
    from artui.profile.column import Column, Profile

_MAX_BYTES = 48 << 20
"""Of a sketch, unpacked."""


def put(connection: sqlite3.Connection, version_id: str, profiles: Mapping[str, Profile]) -> None:
    """Keep the profiles of files of a version, by path, in place of those that it has; of files that it does not have, none."""
    if not profiles:
        return
    # It needs numpy, which a process that saves no table does without.
    from artui.profile import packing

    redactor = redactor_of(connection)
    for path, profile in profiles.items():
        clean = replace(profile, columns=tuple(cleaned(redactor, column) for column in profile.columns))
        connection.execute(
            """
            INSERT OR REPLACE INTO profile (version_key, part, row_count, content, sketch)
            SELECT v.key, f.path, :rows, :content, :sketch FROM version AS v JOIN file AS f ON f.version_key = v.key
            WHERE v.id = :id AND f.path = :path
            """,
            {
                "id": version_id,
                "path": path,
                "rows": clean.rows,
                "content": orjson.dumps(packing.facts(clean)).decode(),
                "sketch": packing.packed(clean),
            },
        )


def cleaned(redactor: Redactor, column: Column) -> Column:
    """Take secrets out of what is kept of a column: its name, and its texts."""
    from artui.profile.frequent import of_counts

    name = storable(redactor.text(column.name))
    counts: dict[str, int] = {}
    for text, count in column.texts.counts.items():
        clean = storable(str(redactor.value(name, text)))
        counts[clean] = counts.get(clean, 0) + count
    texts = of_counts(counts, column.texts.limit)
    return replace(
        column,
        name=name,
        texts=replace(texts, error=column.texts.error, long_count=column.texts.long_count + texts.long_count),
    )


def keys_with(connection: sqlite3.Connection, spellings: Sequence[str]) -> Iterator[int]:
    """Give the keys of the profiles whose sketch holds a text, in any of its spellings."""
    for key, sketch in connection.execute("SELECT key, sketch FROM profile ORDER BY key").fetchall():
        text = _text_of(sketch)
        if any(spelling in text for spelling in spellings):
            yield key


def _text_of(sketch: object) -> str:
    try:
        return zlib.decompressobj().decompress(bytes(sketch), _MAX_BYTES).decode("ascii", "replace")  # type: ignore[call-overload]
    except (zlib.error, TypeError, ValueError):
        return ""
