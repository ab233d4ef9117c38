"""The declared facts of artifacts and their versions: a version has its artifact's, unless it says otherwise itself."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from artui.catalog import cells as cell_of
from artui.model import FACTS

if TYPE_CHECKING:
    from artui.query.reader import Reader

_OF = "SELECT f.name, f.value FROM fact AS f WHERE f.artifact_key = :artifact AND f.version_key IN (0, :version) ORDER BY f.version_key"
_OF_ALL = """
    SELECT v.key, f.name, f.value
    FROM fact AS f
    JOIN version AS v ON v.artifact_key = f.artifact_key
    WHERE f.version_key IN (0, v.key) {where}
    ORDER BY f.version_key
"""


def facts_of(connection: sqlite3.Connection, artifact_key: int, version_key: int = 0) -> dict[str, str]:
    """Give the facts of a version, or of an artifact, in the order in which they are shown."""
    rows = connection.execute(_OF, {"artifact": artifact_key, "version": version_key})
    facts = {cell_of.text(name): cell_of.text(value) for name, value in rows}
    order = list(FACTS)
    return dict(
        sorted(facts.items(), key=lambda fact: (order.index(fact[0]) if fact[0] in order else len(order), fact[0]))
    )


def artifact_facts(reader: Reader, artifact_key: int) -> dict[str, str]:
    """Give what is declared of an artifact."""
    with reader.snapshot() as connection:
        return facts_of(connection, artifact_key)


def facts_by_name(connection: sqlite3.Connection, artifact_key: int | None = None) -> dict[str, list[tuple[str, int]]]:
    """Give the facts of all versions, or of those of one artifact: by name the values, each with the key of the version."""
    values: dict[tuple[int, str], str] = {}
    query = _OF_ALL.format(where="" if artifact_key is None else "AND f.artifact_key = :artifact")
    for key, name, value in connection.execute(query, {"artifact": artifact_key}):
        if isinstance(name, str) and isinstance(value, str):
            values[key, name] = value
    by_name: dict[str, list[tuple[str, int]]] = {}
    for (key, name), value in values.items():
        by_name.setdefault(name, []).append((value, key))
    return by_name
