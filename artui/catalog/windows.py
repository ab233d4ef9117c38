"""Windows of deployments: rows of the table of profiles, each written by one writer alone, who may let it grow.

`content` is JSON: `window_ms`, `revision` (so often its writer wrote it: of two copies with as many rows the later one counts),
`tally` (what live metrics are made of), `roles` (which column is what) and `sketch`, the digest of the sketch. A version's seal
covers the content of its windows, and so, by their digests, their sketches, which `artui check --data` compares: a deployment that
grows every minute is not read as a whole each time.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import orjson

from artui.catalog import cells, deployments
from artui.catalog.artifacts import Saved
from artui.catalog.cleaning import redactor_of
from artui.catalog.profiles import cleaned
from artui.model.tallies import Tally, tally_of

if TYPE_CHECKING:
    from artui.profile.column import Profile

SINCE = 7
"""The first schema with profiles."""
DIGEST_BYTES = 16
_PUT = """
    INSERT OR REPLACE INTO profile (version_key, part, from_ms, to_ms, slice, row_count, content, sketch)
    VALUES (:version, :part, :from_ms, :to_ms, :slice, :rows, :content, :sketch)
"""


@dataclass(frozen=True, slots=True)
class NewWindow:
    """What a writer has observed in a window, all of it."""

    from_ms: int
    to_ms: int
    slice: str
    profile: Profile
    tally: Tally
    roles: Mapping[str, str] = field(default_factory=dict)
    sketch: bytes | None = None
    """What is kept of its columns as it was, where no row was added; None for that of `profile`."""
    rows: int = 0
    """Of that sketch."""


def deployment(connection: sqlite3.Connection, project: str, name: str) -> Saved:
    """Give the version that stands for a deployment, which is made with its first window; one that somebody deleted stays so.

    Raises:
        UsageError: it cannot be called so, or an artifact of another kind has this name.
    """
    redactor = redactor_of(connection)
    version_id = deployments.deployment_id(cells.storable(redactor.name(project)), cells.storable(redactor.name(name)))
    row = connection.execute("SELECT key, artifact_key, number FROM version WHERE id = ?", (version_id,)).fetchone()
    if row is None:
        return deployments.ensure_deployment(connection, project, name)
    return Saved(int(row[0]), version_id, int(row[1]), int(row[2]), is_new=False)


def put(
    connection: sqlite3.Connection, version_key: int, part: str, windows: Iterable[NewWindow], *, revision: int
) -> None:
    """Write windows of one writer, in place of what it wrote of them before.

    Args:
        version_key: of the version that stands for the deployment.
        part: the writer's id.
        revision: larger with each time that this writer writes.
    """
    # It needs numpy, which a process that observes nothing does without.
    from artui.profile.windowed import packed

    redactor = redactor_of(connection)
    for window in windows:
        sketch, rows = window.sketch, window.rows
        if sketch is None:
            columns = tuple(cleaned(redactor, column) for column in window.profile.columns)
            sketch, rows = packed(replace(window.profile, columns=columns)), window.profile.rows
        roles = {role: cells.storable(redactor.text(name)) for role, name in window.roles.items()}
        content = {
            "window_ms": window.to_ms - window.from_ms, "revision": revision, "tally": _clean_words(redactor, window.tally),
            "roles": roles, "sketch": digest_of(sketch),
        }  # fmt: skip
        connection.execute(
            _PUT,
            {
                "version": version_key, "part": part, "from_ms": window.from_ms, "to_ms": window.to_ms,
                "slice": slice_name(connection, window.slice), "rows": rows, "content": orjson.dumps(content).decode(),
                "sketch": sketch,
            },
        )  # fmt: skip


def slice_name(connection: sqlite3.Connection, name: str) -> str:
    """Give the name of a slice as it is kept."""
    return cells.storable(redactor_of(connection).text(name))


def _clean_words(redactor: Any, tally: Tally) -> dict[str, Any]:
    pairs: dict[tuple[str, str], int] = {}
    for (guess, true), count in tally.pairs.items():
        pair = cells.storable(str(redactor.text(guess))), cells.storable(str(redactor.text(true)))
        pairs[pair] = pairs.get(pair, 0) + count
    return replace(tally, pairs=pairs).words


def digest_of(sketch: bytes) -> str:
    """Give the digest of a sketch, as the content of its window names it."""
    return hashlib.blake2b(sketch, digest_size=DIGEST_BYTES).hexdigest()


@dataclass(frozen=True, slots=True)
class Content:
    """What a row says beside its sketch."""

    revision: int = 0
    tally: Tally = field(default_factory=Tally)
    roles: Mapping[str, str] = field(default_factory=dict)
    sketch: str = ""
    """The digest that its sketch has."""


def content_of(content: object) -> Content:
    """Read the content of a window; what is damaged of it says nothing."""
    try:
        words = orjson.loads(cells.text(content))
    except ValueError:
        return Content()
    if not isinstance(words, dict):
        return Content()
    roles = words.get("roles")
    return Content(
        cells.integer(words.get("revision")), tally_of(words.get("tally")),
        {str(role): str(name) for role, name in roles.items()} if isinstance(roles, dict) else {}, str(words.get("sketch", "")),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stored:
    """What a writer wrote of a window."""

    rows: int
    content: Content
    sketch: bytes


def find(connection: sqlite3.Connection, version_key: int, part: str, from_ms: int, slice_: str) -> Stored | None:
    """Give what a writer wrote of a window; None if it wrote nothing."""
    row = connection.execute(
        "SELECT row_count, content, sketch FROM profile WHERE version_key = ? AND part = ? AND from_ms = ? AND slice = ?",
        (version_key, part, from_ms, slice_),
    ).fetchone()
    return None if row is None else Stored(cells.integer(row[0]), content_of(row[1]), row[2] if isinstance(row[2], bytes) else b"")  # fmt: skip


def newest(connection: sqlite3.Connection, version_key: int, part: str, slice_: str) -> int | None:
    """Give when the last window of a writer begins; None if it wrote none."""
    query = "SELECT max(from_ms) FROM profile WHERE version_key = ? AND part = ? AND slice = ?"
    (from_ms,) = connection.execute(query, (version_key, part, slice_)).fetchone()
    return None if from_ms is None else cells.integer(from_ms)


def last_revision(connection: sqlite3.Connection, version_key: int, part: str) -> int:
    """Give the largest revision that a writer has written here; 0 if it has written nothing."""
    query = "SELECT content FROM profile WHERE version_key = ? AND part = ? AND from_ms <> 0"
    return max((content_of(content).revision for (content,) in connection.execute(query, (version_key, part))), default=0)  # fmt: skip


def damaged(connection: sqlite3.Connection) -> list[tuple[int, int, str]]:
    """Find the windows whose sketch is not what their content says: key of the version, start, slice."""
    rows = connection.execute("SELECT version_key, from_ms, slice, content, sketch FROM profile WHERE to_ms <> 0 ORDER BY key")  # fmt: skip
    return [
        (cells.integer(version), cells.integer(from_ms), cells.text(slice_))
        for version, from_ms, slice_, content, sketch in rows
        if not isinstance(sketch, bytes) or content_of(content).sketch != digest_of(sketch)
    ]
