"""Deployments, as the journal has them: what was released where, and what went wrong.

A deployment is an artifact. One version without files stands for it, whose id is derived from project and name: two machines
that record the same deployment mean the same one. Events of this version say what was released; profiles of it are what was
observed there.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence

import orjson

from artui.catalog import artifacts, cells, numbering
from artui.catalog.artifacts import NewVersion, Saved
from artui.catalog.cleaning import redactor_of
from artui.catalog.fields import detail_of, state_of
from artui.catalog.ids import derived_id
from artui.errors import UnknownReference, UsageError
from artui.model.deployments import (
    DEPLOYMENT,
    Deployment,
    Noted,
    Recorded,
    in_order,
    incident_of,
    release_of,
)
from artui.near import did_you_mean
from artui.reference import check_name

_SINCE = 8
"""The schema of the first catalogs that may have releases: whoever writes one brings the file to it, or a later one."""
_DEPLOYMENTS = """
    SELECT v.id, v.key, a.name, p.name, a.key
    FROM artifact AS a
    JOIN project AS p ON p.key = a.project_key
    JOIN version AS v ON v.artifact_key = a.key
    WHERE a.deleted_ms IS NULL AND v.deleted_ms IS NULL AND a.kind = :kind
      AND (:name IS NULL OR a.name = :name) AND (:project IS NULL OR p.name = :project)
    ORDER BY a.name, p.name, v.number, v.id
"""
_EVENTS = """
    SELECT action, before, after, time_ms, author, why
    FROM event
    WHERE subject_id = :id AND action IN ('release', 'incident') AND time_ms <= :until
    ORDER BY stamp, id
"""
_FOR_EVER_MS = 1 << 62


def deployment_id(project: str, name: str) -> str:
    """Give the id of the version that stands for a deployment."""
    return derived_id(DEPLOYMENT, project, name)


def ensure_deployment(connection: sqlite3.Connection, project: str, name: str) -> Saved:
    """Give the version that stands for a deployment, which is made with its first use.

    Raises:
        UsageError: it cannot be called so, or an artifact of another kind has this name.
    """
    redactor = redactor_of(connection)
    project, name = cells.storable(redactor.name(project)), cells.storable(redactor.name(name))
    check_name(name, what="a deployment")
    version_id = deployment_id(project, name)
    row = connection.execute(
        "SELECT v.key, v.artifact_key, v.number FROM version AS v WHERE v.id = :id", {"id": version_id}
    ).fetchone()
    if row is not None:
        return Saved(int(row[0]), version_id, int(row[1]), int(row[2]), is_new=False)
    version = NewVersion(project, name, DEPLOYMENT, "operations", ())
    artifact_key = artifacts.ensure_artifact(connection, version)
    (kind,) = connection.execute("SELECT kind FROM artifact WHERE key = :key", {"key": artifact_key}).fetchone()
    if kind != DEPLOYMENT:
        raise UsageError(f"{name} is a {cells.text(kind)} already.", remedy="Give the deployment another name, such as "f"{name}-api/production.")  # fmt: skip
    number = numbering.next_number(connection, artifact_key)
    digest = artifacts.manifest_digest(())
    return artifacts.write_version(connection, version, artifact_key, version_id, number, digest)


def find_deployment(connection: sqlite3.Connection, name: str, *, project: str = "") -> Deployment:
    """Give a deployment by its name.

    Raises:
        UnknownReference: there is none of that name; or several projects have one, and none of them is named.
    """
    chosen = list(deployments(connection, name=name, project=project or None))
    if len(chosen) > 1:
        projects = ", ".join(one.project for one in chosen)
        raise UnknownReference(f"{len(chosen)} projects have a deployment {name}: {projects}.", remedy="Name one with --project.")  # fmt: skip
    if not chosen:
        names = [one.name for one in deployments(connection)]
        near = did_you_mean(name, names) or (
            f"There is {', '.join(names[:5])}." if names else f"`artui deploy MODEL --to {name}` makes it."
        )
        raise UnknownReference(f"There is no deployment {name!r}.", remedy=near)
    return chosen[0]


def deployments(
    connection: sqlite3.Connection, *, name: str | None = None, project: str | None = None, until_ms: int = _FOR_EVER_MS
) -> Iterator[Deployment]:
    """Give the deployments by name, with what was released there.

    Args:
        until_ms: what was recorded later does not count.
    """
    values = {"kind": DEPLOYMENT, "name": name, "project": project}
    may_have_any = connection.execute("PRAGMA user_version").fetchone()[0] >= _SINCE
    for version_id, key, artifact, of_project, _ in connection.execute(_DEPLOYMENTS, values).fetchall():
        shown, shown_project = cells.text(artifact), cells.text(of_project)
        if version_id != deployment_id(shown_project, shown) and not _has_events(connection, version_id):
            continue
        releases, incidents = _said(connection, cells.text(version_id), until_ms) if may_have_any else ({}, {})
        yield Deployment(
            cells.text(version_id), int(key), shown, shown_project,
            tuple(in_order(releases.values())), tuple(sorted(incidents.values(), key=lambda one: (one.incident.opened_ms, one.incident.id))),
        )  # fmt: skip


def serving_places(connection: sqlite3.Connection, version_ids: Collection[str], time_ms: int) -> dict[str, list[str]]:
    """Give by their ids where versions serve at a time: `fraud-api/production`, `fraud-api/trial as shadow`."""
    places: dict[str, list[str]] = {}
    for place in deployments(connection):
        for one in place.served(time_ms):
            release = one.release
            if release.version_id in version_ids:
                named = place.name if release.role == "live" else f"{place.name} as {release.role}"
                places.setdefault(release.version_id, []).append(named)
    return places


def deployed(connection: sqlite3.Connection) -> list[tuple[int, int]]:
    """Give which versions were released where: keys of versions, each with that of the version that stands for the deployment."""
    pairs = {(one.release.version_id, place.version_key): None for place in deployments(connection) for one in place.releases}  # fmt: skip
    if not pairs:
        return []
    query = "SELECT v.id, v.key FROM json_each(?) AS w JOIN version AS v ON v.id = w.value"
    listed = orjson.dumps(sorted({version_id for version_id, _ in pairs})).decode()
    keys = dict(connection.execute(query, (listed,)).fetchall())
    return [(keys[version_id], place_key) for version_id, place_key in pairs if version_id in keys]


def _has_events(connection: sqlite3.Connection, version_id: object) -> bool:
    """Whether anything was released there: a deployment whose project or artifact has another name here, after a merge."""
    query = "SELECT 1 FROM event WHERE subject_id = :id AND action IN ('release', 'incident') LIMIT 1"
    return connection.execute(query, {"id": version_id}).fetchone() is not None


def _said(
    connection: sqlite3.Connection, version_id: str, until_ms: int
) -> tuple[dict[str, Recorded], dict[str, Noted]]:
    return said(connection.execute(_EVENTS, {"id": version_id, "until": until_ms}))


def said(changes: Iterable[Sequence[object]]) -> tuple[dict[str, Recorded], dict[str, Noted]]:
    """Give the releases and the incidents of a deployment by their ids, as they stand last.

    Args:
        changes: rows of the journal, the first first: action, before, after, time in milliseconds, author, reason.
    """
    releases: dict[str, Recorded] = {}
    incidents: dict[str, Noted] = {}
    for action, before, after, time_ms, author, why in changes:
        old, new = state_of(before), state_of(after)
        detail = detail_of(str(action), old, new)
        if detail is None:
            continue
        said_ms, by, because = cells.integer(time_ms), cells.text(author), cells.text(why)
        if action == "release":
            release = release_of(new)
            if release is None:
                releases.pop(detail, None)
                continue
            first = releases.get(detail)
            # Who ended it is not who released it.
            releases[detail] = Recorded(release, by, said_ms, because) if first is None else Recorded(release, first.author, first.time_ms, first.why)  # fmt: skip
        else:
            incident = incident_of(new)
            if incident is None:
                incidents.pop(detail, None)
            else:
                incidents[detail] = Noted(incident, by, said_ms, because)
    return releases, incidents
