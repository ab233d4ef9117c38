"""The criteria of requirements, as the journal has them: which each version has, and since when."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from artui.catalog import cells
from artui.catalog.fields import detail_of
from artui.model.criteria import REQUIREMENT, Criterion, Defined, Waiver, criterion_of

_VERSIONS = """
    SELECT v.id, v.number, a.name, a.key
    FROM artifact AS a
    JOIN version AS v ON v.artifact_key = a.key
    WHERE a.kind = :kind AND a.deleted_ms IS NULL AND v.deleted_ms IS NULL
      AND (:artifact IS NULL OR a.key = :artifact)
    ORDER BY a.name, a.key, v.number, v.created_ms, v.id
"""
_EVENTS = """
    SELECT before, after, time_ms, author
    FROM event
    WHERE subject_id = :id AND action = 'criterion' AND time_ms <= :until
    ORDER BY stamp, id
"""
_WAIVERS = """
    SELECT before, after, time_ms, author, why
    FROM event
    WHERE subject_id = :id AND action = 'waive' AND time_ms <= :until
    ORDER BY stamp, id
"""
_FOR_EVER_MS = 1 << 62
_SINCE = 8
"""The schema of the first catalogs that may have criteria: whoever writes one brings the file to it, or a later one."""


class RequirementVersion(NamedTuple):
    """A version of a requirement with the criteria that stand in it."""

    artifact_key: int
    artifact: str
    version_id: str
    number: int
    criteria: tuple[Defined, ...]
    """In the order in which they were written first."""


def requirement_versions(
    connection: sqlite3.Connection, *, artifact_key: int | None = None, until_ms: int = _FOR_EVER_MS
) -> Iterator[RequirementVersion]:
    """Give the versions of all requirements, or of one, with their criteria: by name, then the first version first.

    Args:
        until_ms: what was written later does not count.
    """
    if not _may_have_any(connection):
        until_ms = -1
    # Since when a criterion stands as it is, by its name: in a version it may have been since an earlier one.
    since: Standing = {}
    last_key: int | None = None
    values = {"kind": REQUIREMENT, "artifact": artifact_key}
    for version_id, number, name, key in connection.execute(_VERSIONS, values).fetchall():
        if key != last_key:
            since, last_key = {}, key
        standing = _standing(connection, cells.text(version_id), until_ms, since)
        since = dict(standing)
        defined = (
            Defined(criterion, cells.text(name), cells.text(version_id), cells.integer(number), time_ms, author)
            for criterion, time_ms, author in standing.values()
        )
        yield RequirementVersion(int(key), cells.text(name), cells.text(version_id), cells.integer(number), tuple(defined))  # fmt: skip


def _may_have_any(connection: sqlite3.Connection) -> bool:
    return bool(connection.execute("PRAGMA user_version").fetchone()[0] >= _SINCE)


Standing = dict[str, tuple[Criterion, int, str]]
"""Criteria by their names: each with since when it stands as it is, and who wrote it."""


def _standing(connection: sqlite3.Connection, version_id: str, until_ms: int, earlier: Standing) -> Standing:
    if until_ms < 0:
        return {}
    return standing(connection.execute(_EVENTS, {"id": version_id, "until": until_ms}), earlier)


def standing(changes: Iterable[Sequence[object]], earlier: Standing) -> Standing:
    """Give the criteria that stand in a version of a requirement.

    Args:
        changes: rows of the journal, the first first: before, after, time in milliseconds, author.
        earlier: those of the version before it: what is as it was there stands since then.
    """
    by_name: Standing = {}
    for before, after, time_ms, author in changes:
        old, new = cells.list_of(before), cells.list_of(after)
        name = detail_of("criterion", old, new)
        if name is None:
            continue
        criterion = criterion_of(new)
        if criterion is None:
            by_name.pop(name, None)
            continue
        was = earlier.get(name)
        if name in by_name and by_name[name][0] == criterion:
            continue
        is_as_before = was is not None and was[0] == criterion and name not in by_name
        by_name[name] = was if was is not None and is_as_before else (criterion, cells.integer(time_ms), cells.text(author))  # fmt: skip
    return by_name


def criteria_of(connection: sqlite3.Connection, version_id: str) -> list[Criterion]:
    """Give the criteria that stand in one version of a requirement."""
    return [criterion for criterion, *_ in _standing(connection, version_id, _FOR_EVER_MS, {}).values()]


def waivers(
    connection: sqlite3.Connection, version_id: str, *, until_ms: int = _FOR_EVER_MS
) -> dict[tuple[str, str], Waiver]:
    """Give which criteria a version may miss, by `Defined.key` and the condition that was waived."""
    standing: dict[tuple[str, str], Waiver] = {}
    if not _may_have_any(connection):
        return standing
    for before, after, time_ms, author, why in connection.execute(_WAIVERS, {"id": version_id, "until": until_ms}):
        now = _waived(cells.list_of(after))
        for key in (_waived(cells.list_of(before)), now):
            if key is not None:
                standing.pop(key, None)
        if now is not None:
            standing[now] = Waiver(cells.text(author), cells.integer(time_ms), cells.text(why))
    return standing


def _waived(state: list[object] | None) -> tuple[str, str] | None:
    """Give which criterion is waived, and its condition; None where that cannot be told."""
    if state is None or len(state) != 2 or not all(isinstance(part, str) for part in state):
        return None
    return str(state[0]), str(state[1])


def copied(connection: sqlite3.Connection, artifact_key: int, version_id: str) -> Iterable[Criterion]:
    """Give the criteria of the version before one, which it has as well unless it says otherwise."""
    before: tuple[Defined, ...] = ()
    for version in requirement_versions(connection, artifact_key=artifact_key):
        if version.version_id == version_id:
            return [defined.criterion for defined in before]
        before = version.criteria
    return []
