"""What a reference names in one catalog: a run or a version."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from artui.catalog import artifacts
from artui.catalog import cells as cell_of
from artui.catalog.cells import storable
from artui.catalog.standing import deletion_text, refuse_removed_run
from artui.errors import AmbiguousReference, ArtuiError, DeletedReference, UnknownReference, UsageError
from artui.near import did_you_mean
from artui.query.artifacts import artifact_list, version_heads
from artui.query.heads import HEAD_COLUMNS, head_from_row
from artui.reference import Reference, parse

if TYPE_CHECKING:
    from artui.model import ArtifactHead, RunHead, VersionHead
    from artui.query.reader import Reader

_OFFERED = 6
OF_NAME = "r.name = :name AND r.name = :name COLLATE NOCASE"
"""What is of exactly a name: the second term is true of all that, and the index of names is of it."""


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
        names = run_names(connection) if not heads else []
    if not heads:
        with reader.snapshot() as connection:
            refuse_deleted_run(connection, reference.name)
        _refuse_version(reader, text)
        newest = f"The newest are {', '.join(names[:5])}." if names else "The catalog has no runs yet."
        offered = did_you_mean(reference.name, names) or newest
        raise UnknownReference(f"There is no run {text!r} in {reader.path.name}.", remedy=offered)
    if reference.has_version:
        raise UsageError(f"{text!r} names a version, and a run has none.", remedy=f"Write {reference.name}.")
    if count > 1:
        ids = ", ".join(head.id for head in heads)
        raise AmbiguousReference(f"{count:,} runs go by {text!r}.", remedy=f"Give the start of an id: {ids}.")
    return heads[0]


def run_names(connection: sqlite3.Connection) -> list[str]:
    """Give the names of runs, of the newest first."""
    query = "SELECT name FROM run WHERE deleted_ms IS NULL ORDER BY started_ms DESC, key DESC LIMIT 20000"
    return [cell_of.text(row[0]) for row in connection.execute(query)]


def _refuse_version(reader: Reader, text: str) -> None:
    """Say which run made a version, where a run is asked for.

    Raises:
        UnknownReference: the text names a version, or an artifact.
    """
    try:
        version = find_version(reader, text)
    except ArtuiError:
        return
    maker = version.made_by
    made = f"was made by {maker.name}" if maker is not None else "was made by no run that is known"
    raise UnknownReference(
        f"{text!r} is no run: {version.reference} {made}.", remedy=f"Write {maker.name}." if maker is not None else ""
    )


def refuse_deleted_run(connection: sqlite3.Connection, text: str) -> None:
    """Say that a run was deleted, when, by whom, and how it comes back, if that is why a reference names none.

    Raises:
        DeletedReference: it was deleted.
        RemovedForGood: its points were removed since.
    """
    for run_id, name, deleted_ms in deleted_runs(connection, text)[:1]:
        refuse_removed_run(connection, run_id)
        raise DeletedReference(
            f"The run {name} {deletion_text(connection, run_id, deleted_ms)}.",
            remedy=f"`artui restore {name if text == name else run_id}` brings it back.",
        )


def deleted_runs(connection: sqlite3.Connection, text: str) -> list[tuple[str, str, int]]:
    """Give (id, name, when) of the deleted runs of that name or id, or whose id starts with the text, the last deleted first."""
    low = text.upper() if Reference(text).could_be_id else "\x00"
    rows = connection.execute(
        "SELECT id, name, deleted_ms FROM run WHERE deleted_ms IS NOT NULL AND (name = :name OR (id >= :low AND id < :high)) "
        "ORDER BY deleted_ms DESC, key DESC LIMIT :limit",
        {"name": storable(text), "low": low, "high": low + "~", "limit": _OFFERED},
    )
    return [
        (cell_of.text(run_id), cell_of.text(name), cell_of.integer(deleted_ms)) for run_id, name, deleted_ms in rows
    ]


def _runs_named(connection: sqlite3.Connection, name: str) -> tuple[list[RunHead], int]:
    return _runs_where(connection, OF_NAME, {"name": storable(name)})


def newest_where(condition: str) -> str:
    """Write a query for the newest few of some runs."""
    return (
        f"SELECT {HEAD_COLUMNS} FROM run AS r LEFT JOIN project AS p ON p.key = r.project_key "
        f"WHERE r.deleted_ms IS NULL AND {condition} ORDER BY r.started_ms DESC, r.key DESC LIMIT {_OFFERED}"
    )


def _runs_where(connection: sqlite3.Connection, condition: str, values: dict[str, str]) -> tuple[list[RunHead], int]:
    """Give the newest few of some runs, and how many there are."""
    heads = [head_from_row(row) for row in connection.execute(newest_where(condition), values)]
    if len(heads) < _OFFERED:
        return heads, len(heads)
    query = f"SELECT count(*) FROM run AS r WHERE r.deleted_ms IS NULL AND {condition}"
    return heads, int(connection.execute(query, values).fetchone()[0])


def resolve_any(reader: Reader, text: str) -> RunHead | VersionHead:
    """Give the run or version that a reference names, or else the deleted one: it can be read, and says that it is deleted.

    Raises:
        UnknownReference, AmbiguousReference: it names nothing, or more than one thing.
    """
    try:
        return resolve(reader, text)
    except DeletedReference:
        gone = resolve_deleted(reader, text)
        if gone is None:
            raise
        return gone


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
    except DeletedReference:
        raise
    except UnknownReference:
        if isinstance(not_a_run, DeletedReference):
            raise not_a_run from None
        with reader.snapshot() as connection:
            names = run_names(connection)
        names += [head.name for head in artifact_list(reader)]
        remedy = did_you_mean(text, names) or not_a_run.remedy
        raise UnknownReference(
            f"There is no run and no artifact {text!r} in {reader.path.name}.", remedy=remedy
        ) from None


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


def find_deleted(reader: Reader, text: str) -> tuple[str, str, str]:
    """Give what a reference names among what is deleted: `run` or `version`, its id, and what it is called.

    Raises:
        UnknownReference, AmbiguousReference: it names nothing that is deleted, or more than one thing.
    """
    with reader.snapshot() as connection:
        runs = deleted_runs(connection, text)
        if len(runs) > 1:
            ids = ", ".join(run_id for run_id, *_ in runs)
            raise AmbiguousReference(f"{len(runs):,} deleted runs go by {text!r}.", remedy=f"Give an id: {ids}.")
        if runs:
            return "run", runs[0][0], runs[0][1]
        reference = parse(text)
        if not reference.has_version:
            raise UnknownReference(
                f"There is no deleted run {text!r}.",
                remedy="`artui ls -w 'deleted is not null'` lists them; a version is named by its number, NAME:v3.",
            )
        version_id = artifacts.find_deleted(connection, reference)
        for head in version_heads(
            connection, "SELECT key FROM version WHERE id = :id", {"id": version_id}, with_deleted=True
        ):
            return "version", head.id, head.reference
    raise UnknownReference(f"There is no deleted version {text!r}.")


def resolve_deleted(reader: Reader, text: str) -> RunHead | VersionHead | None:
    """Give the deleted run or version that a reference names; None if it names none."""
    try:
        kind, subject_id, _ = find_deleted(reader, text)
    except UsageError:
        return None
    with reader.snapshot() as connection:
        if kind == "version":
            query = "SELECT key FROM version WHERE id = :id"
            return next(iter(version_heads(connection, query, {"id": subject_id}, with_deleted=True)), None)
        row = connection.execute(
            f"SELECT {HEAD_COLUMNS} FROM run AS r LEFT JOIN project AS p ON p.key = r.project_key WHERE r.id = ?",
            (subject_id,),
        ).fetchone()
        return head_from_row(row) if row is not None else None


def find_artifact(reader: Reader, name: str) -> ArtifactHead:
    """Give the artifact of a name, or of `PROJECT/NAME`.

    Raises:
        UnknownReference, AmbiguousReference: there is none, or projects have one of that name each.
    """
    every = artifact_list(reader)
    same = [head for head in every if name in (head.name, f"{head.project}/{head.name}")]
    if not same:
        near = did_you_mean(name, (head.name for head in every))
        raise UnknownReference(
            f"There is no artifact {name!r}.", remedy=near or "`artui ls --artifacts` lists what there is."
        )
    if len(same) > 1:
        offered = " or ".join(f"{head.project}/{head.name}" for head in same[:_OFFERED])
        raise AmbiguousReference(f"{name!r} is in {len(same)} projects.", remedy=f"Write {offered}.")
    return same[0]
