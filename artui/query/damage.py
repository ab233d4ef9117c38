"""Which parts of a catalog do not match their seals and digests.

Only what is about to be shown is checked: checking a run costs about as much as reading it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from artui.catalog import chain, seals

if TYPE_CHECKING:
    from artui.query.reader import Reader

Damages = dict[int, tuple[str, ...]]
"""Words for damaged parts, by the key of the run or version."""
REMEDY = "get an untouched copy of the catalog, or import these again"
MOST_NAMED = 5


def run_damage(reader: Reader, connection: sqlite3.Connection, keys: Sequence[int]) -> Damages:
    """Say which of some runs are damaged; empty for a catalog without seals."""
    return seals.run_damage(connection, keys) if reader.schema_version >= seals.SCHEMA_VERSION else {}


def version_damage(reader: Reader, connection: sqlite3.Connection, keys: Sequence[int]) -> Damages:
    """Say which of some versions are damaged."""
    return seals.version_damage(connection, keys) if reader.schema_version >= seals.SCHEMA_VERSION else {}


def both(words: tuple[str, ...], more: tuple[str, ...]) -> tuple[str, ...]:
    """Join words for damaged parts, each once."""
    return tuple(dict.fromkeys((*words, *more)))


def damaged_runs(reader: Reader, keys: Sequence[int]) -> Damages:
    """Like `run_damage`, in a transaction of its own, for runs that are already shown."""
    with reader.snapshot() as connection:
        return run_damage(reader, connection, keys)


def damaged_versions(reader: Reader, keys: Sequence[int]) -> Damages:
    """Like `version_damage`, in a transaction of its own."""
    with reader.snapshot() as connection:
        return version_damage(reader, connection, keys)


def is_chained(reader: Reader, connection: sqlite3.Connection, event_id: str) -> bool:
    """Say whether an event continues the chain of the one before it."""
    return reader.schema_version < seals.SCHEMA_VERSION or chain.is_chained(
        connection, event_id, schema_version=reader.schema_version
    )


def sentence(named: Iterable[tuple[str, tuple[str, ...]]]) -> str:
    """Say in one line what is damaged, by name and parts, and what to do; empty if nothing is."""
    damaged_things = [f"{name} ({', '.join(parts)})" for name, parts in named]
    if not damaged_things:
        return ""
    rest = f" and {len(damaged_things) - MOST_NAMED} more" if len(damaged_things) > MOST_NAMED else ""
    statement = f"damaged, not as recorded: {', '.join(damaged_things[:MOST_NAMED])}{rest}"
    return (
        f"{len(damaged_things):,} of what is shown {'is' if len(damaged_things) == 1 else 'are'} {statement}; {REMEDY}."
    )
