"""What a reference names in one catalog: a run or a version."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from artui.catalog import artifacts
from artui.catalog import cells as cell_of
from artui.catalog.cells import storable
from artui.errors import AmbiguousReference, UnknownReference, UsageError
from artui.query.artifacts import artifact_list, version_heads
from artui.query.heads import HEAD_COLUMNS, head_from_row
from artui.reference import Reference, parse

if TYPE_CHECKING:
    from artui.model import ArtifactHead, RunHead, VersionHead
    from artui.query.reader import Reader

_OFFERED = 6


def find_run(reader: Reader, text: str) -> RunHead:
    """Give the run with that name or id, or whose id starts with the text. A name may hold anything, even a `:`.

    Raises:
        UnknownReference: there is none; the remedy names the newest runs.
        AmbiguousReference: there are several; the remedy lists their ids.
        UsageError: the text is not a reference, or names a version, which a run does not have.
    """
    with reader.snapshot() as connection:
        heads, count = _runs_named(connection, text)
        reference = Reference(text) if count else parse(text)
        if not count:
            heads, count = _runs_named(connection, reference.name)
        if not count and reference.could_be_id:
            low = reference.name.upper()
            heads, count = _runs_where(connection, "r.id >= :low AND r.id < :high", {"low": low, "high": low + "~"})
        newest = [
            cell_of.text(row[0])
            for row in connection.execute(
                "SELECT name FROM run WHERE deleted_ms IS NULL ORDER BY started_ms DESC LIMIT 5"
            )
        ]
    if not heads:
        offered = f"The newest are {', '.join(newest)}." if newest else "The catalog has no runs yet."
        raise UnknownReference(f"There is no run {text!r}.", remedy=offered)
    if reference.has_version:
        raise UsageError(f"{text!r} names a version, and a run has none.", remedy=f"Write {reference.name}.")
    if count > 1:
        ids = ", ".join(head.id for head in heads)
        raise AmbiguousReference(f"{count:,} runs go by {text!r}.", remedy=f"Give the start of an id: {ids}.")
    return heads[0]


def _runs_named(connection: sqlite3.Connection, name: str) -> tuple[list[RunHead], int]:
    return _runs_where(connection, "r.name = :name", {"name": storable(name)})


def _runs_where(connection: sqlite3.Connection, condition: str, values: dict[str, str]) -> tuple[list[RunHead], int]:
    """Give the newest few of some runs, and how many there are."""
    heads = [
        head_from_row(row)
        for row in connection.execute(
            f"SELECT {HEAD_COLUMNS} FROM run AS r LEFT JOIN project AS p ON p.key = r.project_key "
            f"WHERE r.deleted_ms IS NULL AND {condition} ORDER BY r.started_ms DESC, r.key DESC LIMIT {_OFFERED}",
            values,
        )
    ]
    if len(heads) < _OFFERED:
        return heads, len(heads)
    query = f"SELECT count(*) FROM run AS r WHERE r.deleted_ms IS NULL AND {condition}"
    return heads, int(connection.execute(query, values).fetchone()[0])


def resolve(reader: Reader, text: str) -> RunHead | VersionHead:
    """Give the run or version that a reference names: a run of exactly that name, else a version if it has a `:`.

    Raises:
        UnknownReference, AmbiguousReference: it names nothing, or more than one thing.
    """
    with reader.snapshot() as connection:
        is_run_name = _runs_named(connection, text)[1] > 0
    if not is_run_name and parse(text).has_version:
        return find_version(reader, text)
    try:
        return find_run(reader, text)
    except UnknownReference as unknown:
        not_a_run = unknown
    try:
        return find_version(reader, text)
    except UnknownReference:
        raise UnknownReference(f"There is no run and no artifact {text!r}.", remedy=not_a_run.remedy) from None


def find_version(reader: Reader, text: str) -> VersionHead:
    """Give the version that a reference names: the newest without a number or an alias.

    Raises:
        UnknownReference, AmbiguousReference: it names nothing, or more than one thing.
    """
    with reader.snapshot() as connection:
        version = artifacts.find_version(connection, parse(text))
        for head in version_heads(connection, "SELECT :key", {"key": version.key}):
            return head
    raise UnknownReference(
        f"The version {text!r} is damaged: it is deleted, or its artifact does not exist.",
        remedy="`artui ls --artifacts` lists what there is.",
    )


def find_artifact(reader: Reader, name: str) -> ArtifactHead:
    """Give the artifact of a name, or of `PROJECT/NAME`.

    Raises:
        UnknownReference, AmbiguousReference: there is none, or projects have one of that name each.
    """
    same = [head for head in artifact_list(reader) if name in (head.name, f"{head.project}/{head.name}")]
    if not same:
        raise UnknownReference(f"There is no artifact {name!r}.", remedy="`artui ls --artifacts` lists what there is.")
    if len(same) > 1:
        offered = " or ".join(f"{head.project}/{head.name}" for head in same[:_OFFERED])
        raise AmbiguousReference(f"{name!r} is in {len(same)} projects.", remedy=f"Write {offered}.")
    return same[0]
