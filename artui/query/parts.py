"""A part of a catalog, by filter and project: which runs and versions are in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from artui.catalog import cells
from artui.errors import UnknownReference
from artui.near import did_you_mean
from artui.query.runs.order import RunsRequest, run_order

if TYPE_CHECKING:
    from artui.query.reader import Reader


class Part(NamedTuple):
    """Ids of what is in a part of a catalog, without what is in the trash."""

    run_ids: set[str]
    version_ids: set[str]


def part_of(reader: Reader, *, where: str = "", projects: Sequence[str] = ()) -> Part:
    """Give the runs that a filter matches, of some projects if any are named; of whole projects their versions, too.

    Raises:
        UnknownReference: there is no such project.
        FilterError: the filter cannot be read.
    """
    matching = {*run_order(reader, RunsRequest(where)).keys} if where else None
    with reader.reading() as connection:
        project_keys = {cells.text(name): int(key) for key, name in connection.execute("SELECT key, name FROM project")}
        for name in projects:
            if name not in project_keys:
                raise UnknownReference(
                    f"There is no project {name!a}.",
                    remedy=f"{did_you_mean(name, project_keys)} There are: {', '.join(sorted(project_keys)[:8])}.".strip(),
                )
        wanted = {project_keys[name] for name in projects}
        run_ids = {
            cells.text(run_id)
            for key, run_id, project_key in connection.execute(
                "SELECT key, id, project_key FROM run WHERE deleted_ms IS NULL"
            )
            if (matching is None or key in matching) and (not wanted or project_key in wanted)
        }
        version_ids: set[str] = set()
        if matching is None:
            version_ids = {
                cells.text(version_id)
                for version_id, project_key in connection.execute(
                    "SELECT v.id, a.project_key FROM version AS v JOIN artifact AS a ON a.key = v.artifact_key WHERE v.deleted_ms IS NULL"
                )
                if not wanted or project_key in wanted
            }
    return Part(run_ids, version_ids)
