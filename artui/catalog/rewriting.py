"""Texts in rows of any table, found and replaced: what is forgotten, and what is redacted in a copy."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from artui.catalog import artifacts, outside
from artui.catalog.cleaning import AsItIs
from artui.catalog.collecting import REMOVED
from artui.catalog.fields import FIELDS
from artui.catalog.numbering import FORGET, RETURN
from artui.catalog.unsettled import SETTLE

SHARE = "share"
"""The action of the entry in the journal that says what was redacted in a copy."""
PACKED = {("chunk", "content"), ("block", "payload"), ("profile", "sketch")}
"""Columns of bytes: chunks are unpacked and searched as files, blocks hold numbers, sketches are unpacked and searched."""
ID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}\Z")
OURS = {
    ("event", "action"): {*FIELDS, "remove", FORGET, RETURN, SETTLE, SHARE},
    ("event", "subject"): {"run", "artifact", "version", "view", "catalog"},
    ("event", "before"): {"null"}, ("event", "after"): {"null"},
    ("version", "storage"): {"embedded", *artifacts.OUTSIDE, REMOVED}, ("chunk", "codec"): {"raw", "zlib"}, ("block", "codec"): {"raw", "pco"},
}  # fmt: skip
"""Words of ours, without which a row means nothing."""


STAMPED = frozenset({"run", "param", "tag", "context", "version", "alias"})
"""Tables whose rows say when they were recorded: of two copies the later one counts."""


def tables(connection: sqlite3.Connection) -> dict[str, list[str]]:
    """Give the columns of each table of the file's own schema, but of the index of words, which is made anew."""
    names = [
        str(row[0])
        for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
        if not str(row[0]).startswith(("search", "sqlite_", "_sqlite"))
    ]
    return {
        name: [column[0] for column in connection.execute(f'SELECT * FROM "{name}" LIMIT 0').description]
        for name in names
    }


_SEALED_BY = {
    "name": tuple(
        f"UPDATE {table} SET name_key = name_key WHERE name_key = :key" for table in ("param", "tag", "series")
    ),
    "project": (
        "UPDATE run SET name = name WHERE project_key = :key",
        "UPDATE artifact SET name = name WHERE project_key = :key",
    ),
}
"""By table, what has seals over its rows: writing it as it is has that part sealed again, if it was whole before."""


def touch_sealed(connection: sqlite3.Connection, table: str, key: object) -> None:
    """Have what is sealed over a row sealed again, if it was whole before."""
    for statement in _SEALED_BY.get(table, ()):
        connection.execute(statement, {"key": key})


def update(
    connection: sqlite3.Connection,
    table: str,
    columns: Sequence[str],
    row: Sequence[Any],
    changed: Mapping[str, Any],
    *,
    numbered: tuple[str, str] = ("", ""),
) -> None:
    """Change one row; a name that another row has by now gets a number.

    Args:
        numbered: a word in the new cells, and what stands there instead where that is taken, with `{}` for the number;
            without it, the number stands behind.
    """
    same = " AND ".join(f'"{column}" IS :old{place}' for place, column in enumerate(columns))
    old = {f"old{place}": AsItIs(value) if isinstance(value, str) else value for place, value in enumerate(row)}
    sets = ", ".join(f'"{column}" = :new{place}' for place, column in enumerate(changed))
    word, instead = numbered
    for number in range(1, 1_000_000):

        def made(value: Any, number: int = number) -> Any:
            if not isinstance(value, str):
                return value
            if number > 1 and word:
                value = value.replace(word, instead.format(number))
            return AsItIs(value if number == 1 or word else f"{value}-{number}")

        values = {f"new{place}": made(value) for place, value in enumerate(changed.values())}
        try:
            connection.execute(f'UPDATE "{table}" SET {sets} WHERE {same}', old | values)
        except sqlite3.IntegrityError:
            continue
        return


def digest_again(connection: sqlite3.Connection, version_keys: set[int]) -> None:
    """Make the digests of versions anew whose manifest is another one now."""
    for key in version_keys:
        version_id, digest, mark = connection.execute(
            "SELECT id, digest, mark FROM version WHERE key = ?", (key,)
        ).fetchone()
        if artifacts.is_pending(digest):
            continue
        files = [
            artifacts.NewFile(path, size_bytes, file_digest, link_target=link)
            for path, size_bytes, file_digest, link in connection.execute(
                "SELECT path, size_bytes, digest, link_target FROM file WHERE version_key = ?", (key,)
            )
        ]
        new = artifacts.manifest_digest(files, version_id)
        connection.execute("UPDATE version SET digest = ? WHERE key = ?", (new, key))
        artifacts.recorded(connection, key)
        if mark is not None:
            outside.mark_again(connection, key)
