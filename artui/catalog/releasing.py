"""Releasing versions into deployments, ending releases, and going back; aliases and releases stay one truth.

The last part of a deployment's name says in what surroundings it serves: `production` of `fraud-api/production`. What is
released there to answer all requests has the alias of that name, and giving a version that alias releases it there: as long as
one deployment alone of that name has versions of this artifact. Both are one edit, and undone together.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, replace
from typing import Protocol

from artui import clock
from artui.catalog import cells
from artui.catalog.deployments import deployments, ensure_deployment, find_deployment
from artui.catalog.ids import new_id
from artui.errors import UnknownReference, UsageError
from artui.model.deployments import (
    MAX_TEXT_CHARS,
    MAX_TITLE_CHARS,
    REASONS,
    ROLES,
    SEVERITIES,
    Deployment,
    Incident,
    Recorded,
    Release,
    before,
    checked_share,
    checked_text,
    checked_word,
    environment_of,
)
from artui.reference import check_given_alias
from artui.times import time_text


class Edit(Protocol):
    """What is used of `events.Edit`, which follows aliases by what is here."""

    def set_release(self, deployment_id: str, release: Release) -> bool: ...
    def set_incident(self, deployment_id: str, incident: Incident) -> bool: ...
    def restore_version(self, version_id: str) -> bool: ...
    def move_alias(self, version_id: str, alias: str, *, follows: bool = True) -> bool: ...
    def drop_alias(self, version_id: str, alias: str, *, follows: bool = True) -> bool: ...


_VERSION = """
    SELECT v.artifact_key, a.name, v.number, v.deleted_ms, p.name, a.kind
    FROM version AS v
    JOIN artifact AS a ON a.key = v.artifact_key
    JOIN project AS p ON p.key = a.project_key
    WHERE v.id = :id
"""


@dataclass(frozen=True, slots=True)
class Released:
    """What came of releasing, or of ending a release."""

    deployment: Deployment
    """As it is now."""
    release: Release | None = None
    """None where nothing was changed: the version serves there already, or nothing did."""
    ended: tuple[Recorded, ...] = ()
    """The releases that were on until now."""
    alias: str = ""
    """The alias that moved with it; empty for none."""
    elsewhere: tuple[str, ...] = ()
    """Other deployments of this alias, which is why it did not move."""


def deploy(
    edit: Edit, connection: sqlite3.Connection, version_id: str, to: str, *, project: str = "", role: str = "live", share: float = 1.0,
    from_ms: int | None = None, reason: str = "new", approved_by: str = "", release_id: str = "",
) -> Released:  # fmt: skip
    """Release a version into a deployment, which is made if it is new.

    Args:
        to: the name of the deployment, such as `fraud-api/production`.
        project: of the deployment; by default that of the version.
        share: of the requests, above 0 and at most 1: 1 ends what answers there now.
        from_ms: since when it serves; by default now.
        release_id: of the release; by default a new one.

    Raises:
        UnknownReference: there is no such version.
        UsageError: a word, a share or a name cannot be that; or the version is that of a deployment.
    """
    word = checked_word(role, ROLES, "role of a release")
    role_word = next(one for one in ROLES if one == word)
    reason = checked_word(reason, REASONS, "reason of a release")
    share = checked_share(share)
    row = connection.execute(_VERSION, {"id": version_id}).fetchone()
    if row is None or row[3] is not None:
        raise UnknownReference(f"There is no version {version_id}.", remedy="`artui ls --artifacts` lists artifacts.")
    artifact_key, artifact, number, _, of_project, kind = row
    if kind == "deployment":
        raise UsageError(f"{cells.text(artifact)} is a deployment.", remedy="Deploy a version of a model to it.")
    approved_by = checked_text(approved_by, "name of who approved it", MAX_TITLE_CHARS, may_be_empty=True)
    now_ms = clock.now_ms()
    place = ensure_deployment(connection, project or cells.text(of_project), to)
    # One that somebody deleted serves again.
    edit.restore_version(place.id)
    deployment = _deployment(connection, place.id, to, project or cells.text(of_project))
    was_on = deployment.served(now_ms)
    same = next((one for one in was_on if one.release.version_id == version_id), None)
    is_same = same is not None and same.release.role == role_word and same.share == share and not same.release.ended_ms
    if is_same and from_ms is None:
        return Released(deployment)
    release = Release(
        release_id or new_id(), version_id, f"{cells.text(artifact)}:v{cells.integer(number)}", role_word, share,
        now_ms if from_ms is None else from_ms, 0, reason, approved_by,
    )  # fmt: skip
    edit.set_release(place.id, release)
    deployment = _deployment(connection, place.id, to, deployment.project)
    still_on = {one.release.id for one in deployment.served(now_ms)}
    ended = tuple(one for one in was_on if one.release.id not in still_on)
    alias = ""
    elsewhere: tuple[str, ...] = ()
    serves_alone = any(one.release.id == release.id and one.share >= 1 for one in deployment.served(now_ms))
    if role_word == "live" and serves_alone:
        alias, elsewhere = _name(edit, connection, deployment, version_id, int(artifact_key))
    return Released(deployment, release, ended, alias, elsewhere)


def _deployment(connection: sqlite3.Connection, version_id: str, name: str, project: str) -> Deployment:
    for one in deployments(connection, name=name, project=project):
        if one.version_id == version_id:
            return one
    raise UnknownReference(f"There is no deployment {name!r}.", remedy="`artui served` lists them.")


def _name(
    edit: Edit, connection: sqlite3.Connection, deployment: Deployment, version_id: str, artifact_key: int
) -> tuple[str, tuple[str, ...]]:
    """Let the alias of the surroundings name what serves there; give it, or the other deployments for which it cannot."""
    alias = environment_of(deployment.name)
    try:
        check_given_alias(alias)
    except UsageError:
        return "", ()
    if alias == deployment.name:
        return "", ()
    others = [
        one.name
        for one in places_of(connection, artifact_key, alias)
        if one.version_id != deployment.version_id and _serves(connection, one, artifact_key)
    ]
    if others:
        return "", tuple(others)
    return (alias if edit.move_alias(version_id, alias, follows=False) else ""), ()


def places_of(connection: sqlite3.Connection, artifact_key: int, alias: str) -> list[Deployment]:
    """Give the deployments of an alias in which a version of an artifact was ever released to answer requests."""
    row = connection.execute(
        "SELECT p.name FROM artifact AS a JOIN project AS p ON p.key = a.project_key WHERE a.key = :key",
        {"key": artifact_key},
    ).fetchone()
    if row is None:
        return []
    places = []
    for one in deployments(connection, project=cells.text(row[0])):
        is_named = environment_of(one.name) == alias != one.name
        if is_named and any(_is_of(connection, release, artifact_key) for release in one.releases):
            places.append(one)
    return places


def _is_of(connection: sqlite3.Connection, recorded: Recorded, artifact_key: int) -> bool:
    query = "SELECT 1 FROM version AS v WHERE v.id = :id AND v.artifact_key = :artifact"
    values = {"id": recorded.release.version_id, "artifact": artifact_key}
    return recorded.release.role == "live" and connection.execute(query, values).fetchone() is not None


def _serves(connection: sqlite3.Connection, deployment: Deployment, artifact_key: int) -> bool:
    return any(_is_of(connection, one, artifact_key) for one in deployment.served(clock.now_ms()))


def follow_alias(edit: Edit, connection: sqlite3.Connection, version_id: str, artifact_key: int, alias: str) -> None:
    """Release the version that an alias names now where that serves, if one place alone does.

    Args:
        version_id: empty where the alias names none any more: then what serves there ends.
    """
    serving = [one for one in places_of(connection, artifact_key, alias) if _serves(connection, one, artifact_key)]
    places = serving or (places_of(connection, artifact_key, alias) if version_id else [])
    if len(places) != 1:
        return
    (place,) = places
    now_ms = clock.now_ms()
    if version_id:
        on = [one for one in place.served(now_ms) if one.release.role != "shadow"]
        if [one.release.version_id for one in on] == [version_id]:
            return
        row = connection.execute(_VERSION, {"id": version_id}).fetchone()
        edit.set_release(
            place.version_id,
            Release(new_id(), version_id, f"{cells.text(row[1])}:v{cells.integer(row[2])}", from_ms=now_ms),
        )
        return
    for one in place.served(now_ms):
        if _is_of(connection, one, artifact_key):
            edit.set_release(place.version_id, replace(one.release, ended_ms=now_ms))


def end(
    edit: Edit, connection: sqlite3.Connection, name: str, *, project: str = "", version_id: str = "", at_ms: int | None = None
) -> Released:  # fmt: skip
    """End what serves in a deployment: all of it, or the releases of one version.

    Raises:
        UnknownReference: there is no such deployment, or the version does not serve there.
        UsageError: it would end before it began.
    """
    deployment = find_deployment(connection, name, project=project)
    now_ms = clock.now_ms() if at_ms is None else at_ms
    on = [one for one in deployment.served(now_ms) if not version_id or one.release.version_id == version_id]
    if version_id and not on:
        serving = ", ".join(one.release.named for one in deployment.served(now_ms)) or "nothing"
        raise UnknownReference(f"It does not serve in {name}.", remedy=f"What serves there: {serving}.")
    for one in on:
        edit.set_release(deployment.version_id, replace(one.release, ended_ms=max(now_ms, one.release.from_ms + 1)))
    alias = ""
    for one in on:
        alias = _unname(edit, connection, deployment, one) or alias
    after = _deployment(connection, deployment.version_id, deployment.name, deployment.project)
    return Released(after, on[0].release if on else None, tuple(on), alias)


def _unname(edit: Edit, connection: sqlite3.Connection, deployment: Deployment, ended: Recorded) -> str:
    """Take the alias of the surroundings off a version that does not serve there any more; give it."""
    alias = environment_of(deployment.name)
    row = connection.execute(
        """
        SELECT l.artifact_key
        FROM alias AS l
        JOIN version AS v ON v.key = l.version_key
        WHERE l.name = :alias AND v.id = :version
        """,
        {"alias": alias, "version": ended.release.version_id},
    ).fetchone()
    if row is None or ended.release.role != "live" or alias == deployment.name:
        return ""
    if any(_serves(connection, one, int(row[0])) for one in places_of(connection, int(row[0]), alias)):
        return ""
    return alias if edit.drop_alias(ended.release.version_id, alias, follows=False) else ""


def roll_back(
    edit: Edit, connection: sqlite3.Connection, name: str, *, project: str = "", to_version_id: str = "", approved_by: str = ""
) -> Released:  # fmt: skip
    """Release again what served before, or another version that served once.

    Raises:
        UnknownReference: there is no such deployment, nothing served before, or what did is not in the catalog any more.
    """
    deployment = find_deployment(connection, name, project=project)
    goal = rollback_goal(connection, deployment, to_version_id)
    return deploy(
        edit, connection, goal.release.version_id, deployment.name, project=deployment.project, reason="rollback", approved_by=approved_by
    )  # fmt: skip


def rollback_goal(connection: sqlite3.Connection, deployment: Deployment, to_version_id: str = "") -> Recorded:
    """Give the release that a rollback goes back to.

    Raises:
        UnknownReference: nothing served before, that version never did, or what did is not in the catalog any more.
    """
    name, now_ms = deployment.name, clock.now_ms()
    earlier = (
        next((one for one in reversed(deployment.releases) if one.release.version_id == to_version_id), None)
        if to_version_id
        else before(deployment.releases, now_ms)
    )
    if earlier is None:
        had = ", ".join(dict.fromkeys(one.release.named for one in deployment.releases)) or "nothing"
        raise UnknownReference(
            f"{'That version never served' if to_version_id else 'No other version served'} in {name}, so there is nothing to go back to.",
            remedy=f"Released there: {had}. `artui deploy MODEL --to {name}` releases another version.",
        )  # fmt: skip
    row = connection.execute(_VERSION, {"id": earlier.release.version_id}).fetchone()
    if row is None or row[3] is not None:
        raise UnknownReference(
            f"{earlier.release.named}, which served before, is not in this catalog any more.",
            remedy=f"`artui rollback {name} --to MODEL:v1` names another one.",
        )
    return earlier


def note_incident(
    edit: Edit, connection: sqlite3.Connection, name: str, title: str, *, project: str = "", severity: str = "medium", opened_ms: int | None = None,
    cause: str = "", rule: str = "", incident_id: str = "",
) -> tuple[Deployment, Incident]:  # fmt: skip
    """Open an incident of a deployment, of the release that answered most requests then.

    Raises:
        UnknownReference: there is no such deployment.
        UsageError: the title or the severity cannot be that.
    """
    deployment = find_deployment(connection, name, project=project)
    title = checked_text(title, "title of an incident", MAX_TITLE_CHARS)
    at_ms = clock.now_ms() if opened_ms is None else opened_ms
    on = deployment.served(at_ms)
    incident = Incident(
        incident_id or new_id(), at_ms, title, checked_word(severity, SEVERITIES, "severity"), 0,
        checked_text(cause, "cause", MAX_TEXT_CHARS, may_be_empty=True), "", on[0].release.id if on else "", rule,
    )  # fmt: skip
    edit.set_incident(deployment.version_id, incident)
    return deployment, incident


def change_incident(
    edit: Edit, deployment: Deployment, incident: Incident, *, closed_ms: int | None = None, cause: str | None = None, resolution: str | None = None,
    severity: str | None = None, title: str | None = None,
) -> Incident:  # fmt: skip
    """Close an incident, open it again (`closed_ms` 0), or say more of it; what is None stays.

    Raises:
        UsageError: a text is too long, the severity is none, or it would be closed before it was opened.
    """
    if closed_ms and closed_ms < incident.opened_ms:
        raise UsageError("An incident is not closed before it was opened.", remedy=f"It was opened on {time_text(incident.opened_ms)}.")  # fmt: skip
    changed = replace(
        incident,
        closed_ms=incident.closed_ms if closed_ms is None else closed_ms,
        cause=incident.cause if cause is None else checked_text(cause, "cause", MAX_TEXT_CHARS, may_be_empty=True),
        resolution=incident.resolution if resolution is None else checked_text(resolution, "resolution", MAX_TEXT_CHARS, may_be_empty=True),
        severity=incident.severity if severity is None else checked_word(severity, SEVERITIES, "severity"),
        title=incident.title if title is None else checked_text(title, "title of an incident", MAX_TITLE_CHARS),
    )  # fmt: skip
    edit.set_incident(deployment.version_id, changed)
    return changed
