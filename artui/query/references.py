"""What a reference names in one catalog: a run or a version."""

from __future__ import annotations

from artui.catalog.artifacts import find_version
from artui.errors import AmbiguousReference, UnknownReference
from artui.model import RunHead, VersionHead
from artui.query import Reader
from artui.query.artifacts import version_heads
from artui.query.runs import HEAD_COLUMNS, head_from_row
from artui.reference import parse

_OFFERED = 6


def find_run(reader: Reader, text: str) -> RunHead:
    """Give the run of that name or id, or whose id starts so.

    Raises:
        UnknownReference: there is none; the message offers the newest ones.
        AmbiguousReference: there are several; the message offers their ids.
    """
    reference = parse(text)
    base = f"SELECT {HEAD_COLUMNS} FROM run AS r JOIN project AS p ON p.key = r.project_key WHERE r.deleted_ms IS NULL AND "
    with reader.snapshot() as connection:
        rows = connection.execute(
            base + "r.name = :name ORDER BY r.started_ms DESC LIMIT 20", {"name": reference.name}
        ).fetchall()
        if not rows and reference.could_be_id:
            low = reference.name.upper()
            rows = connection.execute(
                base + "r.id >= :low AND r.id < :high ORDER BY r.id LIMIT 20", {"low": low, "high": low + "~"}
            ).fetchall()
        newest = [
            str(row[0])
            for row in connection.execute(
                "SELECT name FROM run WHERE deleted_ms IS NULL ORDER BY started_ms DESC LIMIT 5"
            )
        ]
    if not rows:
        offered = f"The newest are {', '.join(newest)}." if newest else "The catalog has no runs yet."
        raise UnknownReference(f"There is no run {text!r}.", remedy=offered)
    if len(rows) > 1:
        ids = ", ".join(str(row[1]) for row in rows[:_OFFERED])
        raise AmbiguousReference(f"{len(rows)} runs go by {text!r}.", remedy=f"Give the start of an id: {ids}.")
    return head_from_row(rows[0])


def resolve(reader: Reader, text: str) -> RunHead | VersionHead:
    """Give the run or the version that a reference names; a version if it has a `:`, else a run if there is one.

    Raises:
        UnknownReference, AmbiguousReference: nothing, or more than one thing, goes by it.
    """
    reference = parse(text)
    if not reference.has_version:
        try:
            return find_run(reader, text)
        except UnknownReference as unknown:
            not_a_run = unknown
        try:
            return _version(reader, text)
        except UnknownReference:
            raise UnknownReference(f"There is no run and no artifact {text!r}.", remedy=not_a_run.remedy) from None
    return _version(reader, text)


def _version(reader: Reader, text: str) -> VersionHead:
    with reader.snapshot() as connection:
        found = find_version(connection, parse(text))
        return next(iter(version_heads(connection, "SELECT :key", {"key": found.key})))
