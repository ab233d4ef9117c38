"""What forgetting a run or a version would take out of a catalog, and what would stay without it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from artui.catalog import cells as cell_of
from artui.errors import UnknownReference
from artui.query.artifacts import version_heads
from artui.query.resting import resting_on

if TYPE_CHECKING:
    from artui.model import Resting, VersionHead
    from artui.query.reader import Reader

_RUN = """
    SELECT r.key, r.name,
           (SELECT count(*) FROM param AS t WHERE t.run_key = r.key),
           (SELECT count(*) FROM series AS t WHERE t.run_key = r.key),
           (SELECT coalesce(sum(t.count), 0) FROM series AS t WHERE t.run_key = r.key),
           (SELECT count(*) FROM tag AS t WHERE t.run_key = r.key),
           (SELECT count(*) FROM edge AS e WHERE e.relation = 1 AND e.target_key = r.key),
           (SELECT count(*) FROM run AS c WHERE c.parent_id = r.id)
    FROM run AS r
    WHERE r.id = :id
"""
_MADE = """
    SELECT a.name || ':v' || v.number, a.kind = 'log', v.size_bytes
    FROM edge AS e
    JOIN version AS v ON v.key = e.target_key
    JOIN artifact AS a ON a.key = v.artifact_key
    WHERE e.relation = 0 AND e.source_key = :key
    ORDER BY a.name, v.number
"""
_VERSION = """
    SELECT v.key, a.name || ':v' || v.number, v.file_count, v.size_bytes, v.storage,
           (SELECT count(*) FROM version AS o WHERE o.artifact_key = a.key AND o.key <> v.key),
           (SELECT count(DISTINCT e.target_key) FROM edge AS e WHERE e.relation = 1 AND e.source_key = v.key),
           (SELECT count(*) FROM edge AS e WHERE e.relation IN (2, 3, 4) AND (e.source_key = v.key OR e.target_key = v.key)),
           (SELECT count(*) FROM alias AS l WHERE l.version_key = v.key), a.name
    FROM version AS v
    JOIN artifact AS a ON a.key = v.artifact_key
    WHERE v.id = :id
"""


@dataclass(frozen=True, slots=True)
class Part:
    """Something that goes, or stays."""

    what: str
    """One of them, or the thing itself by name."""
    count: int
    is_named: bool = False
    """Whether `what` names it: there is no count to be shown."""
    note: str = ""
    """What is to be said of all of them."""


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What would go with a run or a version."""

    kind: Literal["run", "version"]
    id: str
    name: str
    """A run's name, or a version's reference: what is to be typed."""
    size_bytes: int
    """Of the content that goes."""
    going: tuple[Part, ...]
    staying: tuple[Part, ...]
    """What stays, without it."""
    version: VersionHead | None = None
    """The version itself, if it is one."""
    resting: Resting | None = None
    """What rests on it, if it is a version."""


def forgotten_run(reader: Reader, run_id: str) -> Forgotten:
    """Say what would go with a run.

    Raises:
        UnknownReference: there is no such run.
    """
    with reader.snapshot() as connection:
        row = connection.execute(_RUN, {"id": run_id}).fetchone()
        if row is None:
            raise UnknownReference(f"There is no run {run_id}.", remedy="`artui ls` lists runs.")
        key, name, params, metrics, points, tags, inputs, children = row
        made = connection.execute(_MADE, {"key": key}).fetchall()
    logs = [cell_of.text(reference) for reference, is_log, _ in made if is_log]
    kept = [cell_of.text(reference) for reference, is_log, _ in made if not is_log]
    going = [
        Part("param", params), Part("metric", metrics), Part("point", points), Part("tag", tags),
        *(Part(f"the log {reference}", 1, is_named=True) for reference in logs),
        Part("its notes, its code and environment, and its history", 1, is_named=True),
    ]  # fmt: skip
    staying = [
        *(Part(f"{reference}, which it made: without its maker", 1, is_named=True) for reference in kept),
        *([Part("version", inputs, note="which it used")] if inputs else []),
        *([Part("run", children, note="below it: without a parent")] if children else []),
    ]
    size = sum(size for _, is_log, size in made if is_log and isinstance(size, int))
    return Forgotten("run", run_id, cell_of.text(name), size, _some(going), _some(staying))


def forgotten_version(reader: Reader, version_id: str) -> Forgotten:
    """Say what would go with a version.

    Raises:
        UnknownReference: there is no such version.
    """
    with reader.snapshot() as connection:
        row = connection.execute(_VERSION, {"id": version_id}).fetchone()
        if row is None:
            raise UnknownReference(f"There is no version {version_id}.", remedy="`artui ls --artifacts` lists artifacts.")  # fmt: skip
        (head,) = version_heads(connection, "SELECT :key", {"key": row[0]}, with_deleted=True)
        resting = resting_on(reader, [head.key])
    _, reference, files, size_bytes, storage, others, users, related, aliases, artifact = row
    is_inside = storage == "embedded"
    content = Part("file", files, note="with all content" if is_inside else "of which only paths and digests are here: the files themselves stay where they are")  # fmt: skip
    going = [
        content, Part("alias", aliases), Part("link", related, note="to other versions of its lineage"), Part("its metadata, facts, approvals and history", 1, is_named=True),
        *([] if others else [Part(f"the artifact {cell_of.text(artifact)}, which has no other version", 1, is_named=True)]),
    ]  # fmt: skip
    staying = [
        *([Part("run", users, note="which used it: without this input")] if users else []),
        *([Part("other version", others, note="of the artifact")] if others else []),
    ]
    size = size_bytes if is_inside and isinstance(size_bytes, int) else 0
    return Forgotten("version", version_id, cell_of.text(reference), size, _some(going), _some(staying), head, resting)


def _some(parts: list[Part]) -> tuple[Part, ...]:
    return tuple(part for part in parts if part.count)
