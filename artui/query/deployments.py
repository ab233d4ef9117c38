"""Deployments as they are read: what serves where, since when and why, and where a version serves or served."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import orjson

from artui.catalog import deployments as stored
from artui.errors import UnknownReference
from artui.model.artifacts import Serving
from artui.model.deployments import DEPLOYMENT, Deployment
from artui.query.artifacts import version_heads

if TYPE_CHECKING:
    from artui.model import VersionDetail, VersionHead
    from artui.query.reader import Reader


def deployments(reader: Reader, *, project: str | None = None) -> list[Deployment]:
    """Give all deployments by name, or those of one project."""
    with reader.snapshot() as connection:
        return list(stored.deployments(connection, project=project))


def find_deployment(reader: Reader, name: str, *, project: str = "") -> Deployment:
    """Give a deployment by its name; `PROJECT/NAME` where no deployment is called so.

    Raises:
        UnknownReference: there is none, or several projects have one of that name.
    """
    with reader.snapshot() as connection:
        try:
            return stored.find_deployment(connection, name, project=project)
        except UnknownReference:
            owner, slash, rest = name.partition("/")
            if not slash or project or not any(stored.deployments(connection, name=rest, project=owner)):
                raise
            return stored.find_deployment(connection, rest, project=owner)


def released_heads(reader: Reader, places: Iterable[Deployment]) -> dict[str, VersionHead]:
    """Give by id the versions that were released somewhere, as far as the catalog has them, deleted ones, too."""
    ids = {one.release.version_id for place in places for one in place.releases}
    with reader.snapshot() as connection:
        return _heads(connection, ids)


def _heads(connection: sqlite3.Connection, ids: Iterable[str]) -> dict[str, VersionHead]:
    query = "SELECT v.key FROM json_each(:ids) AS w JOIN version AS v ON v.id = w.value"
    heads = version_heads(connection, query, {"ids": orjson.dumps(sorted(ids)).decode()}, with_deleted=True)
    return {head.id: head for head in heads}


def servings(places: Sequence[Deployment], heads: dict[str, VersionHead]) -> list[Serving]:
    """Give each release with its deployment and its version, the newest first."""
    every = [
        Serving(place.name, place.version_id, one, heads.get(one.release.version_id))
        for place in places
        for one in place.releases
    ]
    return sorted(every, key=lambda one: (one.recorded.release.from_ms, one.recorded.time_ms), reverse=True)


def with_releases(reader: Reader, detail: VersionDetail) -> VersionDetail:
    """Give the version of a deployment with what was released there and what went wrong; another version with where it serves or served."""
    head = detail.head
    if head.kind == DEPLOYMENT:
        place = next((one for one in deployments(reader, project=head.project) if one.version_id == head.id), None)
        if place is None:
            return detail
        return replace(
            detail, releases=tuple(servings([place], released_heads(reader, [place]))), incidents=place.incidents
        )
    places = [one for one in deployments(reader) if any(each.release.version_id == head.id for each in one.releases)]
    if not places:
        return detail
    mine = [one for one in servings(places, {head.id: head}) if one.recorded.release.version_id == head.id]
    return replace(detail, releases=tuple(mine))
