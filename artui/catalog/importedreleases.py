"""What an import says of where versions serve: an alias or stage such as `production` of a model is a release of it.

A source does not say since when: the first one that is seen begins at an unknown time, those after it when they were imported.
"""

from __future__ import annotations

import sqlite3
from dataclasses import replace

from artui import clock
from artui.catalog import cells, events
from artui.catalog.deployments import deployments, ensure_deployment
from artui.catalog.fields import FIELDS
from artui.catalog.ids import derived_id
from artui.errors import UsageError
from artui.model.criteria import JUDGED_KINDS
from artui.model.deployments import DEPLOYMENT, UNKNOWN_MS, Release, Role

SERVING_ALIASES: dict[str, Role] = {
    "production": "live", "prod": "live", "live": "live", "champion": "live", "staging": "live", "challenger": "challenger", "shadow": "shadow",
}  # fmt: skip
"""Aliases, and stages of MLflow in small letters, that say that a version serves, with the role."""
_ARTIFACT = """
    SELECT a.name, p.name
    FROM artifact AS a
    JOIN project AS p ON p.key = a.project_key
    WHERE a.key = :key AND a.kind = :kind
"""


def follow(
    connection: sqlite3.Connection, artifact_key: int, alias: str, version_id: str | None, *, author: str
) -> None:
    """Note that a version serves from now on, or that none does, as a source says by an alias."""
    role = SERVING_ALIASES.get(alias.lower())
    row = connection.execute(_ARTIFACT, {"key": artifact_key, "kind": JUDGED_KINDS[0]}).fetchone()
    if role is None or row is None:
        return
    artifact, project = cells.text(row[0]), cells.text(row[1])
    try:
        saved = ensure_deployment(connection, project, f"{artifact}/{alias}")
    except UsageError:
        return  # its name is taken, or would be too long: the alias says all the same
    place = next(
        (
            one
            for one in deployments(connection, name=f"{artifact}/{alias}", project=project)
            if one.version_id == saved.id
        ),
        None,
    )
    if place is None:
        return  # somebody deleted it
    now_ms = clock.now_ms()
    if version_id is None:
        for one in place.served(now_ms):
            _note(connection, saved.id, one.release, replace(one.release, ended_ms=now_ms), author)
        return
    if any(one.release.version_id == version_id for one in place.served(now_ms)):
        return
    (number,) = connection.execute("SELECT number FROM version WHERE id = ?", (version_id,)).fetchone()
    from_ms = now_ms if place.releases else UNKNOWN_MS
    # Two machines that import the same source say the same.
    release_id = derived_id(DEPLOYMENT, saved.id, alias, version_id, str(from_ms))
    release = Release(release_id, version_id, f"{artifact}:v{number}", role, from_ms=from_ms, reason="other")
    _note(connection, saved.id, None, release, author)


def _note(
    connection: sqlite3.Connection, deployment_id: str, before: Release | None, after: Release, author: str
) -> None:
    when, field = events.moment(connection, author), FIELDS["release"]
    field.put(connection, deployment_id, after.id, after.state, when)
    events.record(
        connection, action="release", subject=field.subject, subject_id=deployment_id, before=None if before is None else before.state, after=after.state,
        why="as its source says", when=when,
    )  # fmt: skip
