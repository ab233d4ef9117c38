"""Where a catalog came from: the installations that wrote to it, what was merged into it, and the places of teams that it knows."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from artui.catalog import cells
from artui.catalog.merging.noting import ENDING
from artui.catalog.origins import HOSTS_SINCE, NAMED, installation
from artui.query.journal import merged_text, place_of_pack

if TYPE_CHECKING:
    from artui.query.reader import Reader

_ORIGINS_SINCE = 5
_MOST = 500
_CHARS = 400


@dataclass(frozen=True, slots=True)
class Origin:
    """An installation of artui, and a file that it wrote to."""

    who: str
    """`user@host`, as far as the catalog says; empty where it does not."""
    file: str
    """The name of the file, where several catalogs are shown as one."""
    since_ms: int
    last_ms: int
    """When it changed something last, or began a run."""
    runs: int
    versions: int
    changes: int
    is_own: bool
    """Whether it is this installation."""
    is_current: bool
    """Whether the catalog is written under it now."""


@dataclass(frozen=True, slots=True)
class Merge:
    """Something that was merged into this file."""

    location: str
    time_ms: int
    author: str
    brought: str


@dataclass(frozen=True, slots=True)
class Team:
    """A place that this file was pushed to, or pulled from."""

    place: str
    pushed_ms: int
    """0 for never, as `pulled_ms`."""
    pulled_ms: int
    pushed: int
    """Packs."""
    pulled: int


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a catalog came from."""

    origins: tuple[Origin, ...]
    merges: tuple[Merge, ...]
    """The newest first, without packs."""
    teams: tuple[Team, ...]
    import_count: int


def read_provenance(reader: Reader) -> Provenance:
    """Read where a catalog came from."""
    version = reader.schema_version
    with reader.snapshot() as connection:
        origins = tuple(_origins(connection, version)) if version >= _ORIGINS_SINCE else ()
        rows = connection.execute(_MERGED).fetchall() if version >= HOSTS_SINCE else []
        imports = connection.execute("SELECT count(*) FROM imported").fetchone()[0] if version >= 3 else 0
    merges, teams = [], dict[str, Team]()
    for location, time_ms, author, report in rows:
        where, when = cells.text(location), cells.integer(time_ms)
        counts = cells.object_of(report) or {}
        if where.endswith(ENDING):
            place = place_of_pack(where)
            teams[place] = _with(teams.get(place, Team(place, 0, 0, 0, 0)), when, is_own=not counts)
        else:
            merges.append(Merge(where, when, cells.text(author), merged_text(counts)))
    by_time = sorted(teams.values(), key=lambda team: (-max(team.pushed_ms, team.pulled_ms), team.place))
    return Provenance(origins, tuple(merges[:_MOST]), tuple(by_time), cells.integer(imports))


def _with(team: Team, when: int, *, is_own: bool) -> Team:
    if is_own:
        return replace(team, pushed_ms=max(team.pushed_ms, when), pushed=team.pushed + 1)
    return replace(team, pulled_ms=max(team.pulled_ms, when), pulled=team.pulled + 1)


_MERGED = f"""
    SELECT substr(location, 1, 2000), time_ms, substr(author, 1, {_CHARS}), substr(report, 1, 20000)
    FROM merged
    ORDER BY time_ms DESC, id DESC
    LIMIT 20000
"""
_ORIGINS = """
    SELECT o.key, o.installation, substr(o.place, 1, 400), o.created_ms, {who},
           (SELECT count(*) FROM run AS r WHERE r.origin_key = o.key),
           (SELECT max(r.started_ms) FROM run AS r WHERE r.origin_key = o.key),
           (SELECT count(*) FROM version AS v WHERE v.origin_key = o.key),
           (SELECT count(*) FROM event AS e WHERE e.origin_key = o.key),
           (SELECT e.time_ms FROM event AS e WHERE e.origin_key = o.key ORDER BY e.stamp DESC, e.id DESC LIMIT 1),
           {current}
    FROM origin AS o
    ORDER BY o.created_ms, o.key
    LIMIT 500
"""


def _origins(connection: sqlite3.Connection, version: int) -> list[Origin]:
    has_hosts = version >= HOSTS_SINCE
    query = _ORIGINS.format(
        who=f"substr(o.user, 1, {_CHARS}), substr(o.host, 1, {_CHARS})" if has_hosts else "'', ''",
        current="o.key = (SELECT c.origin_key FROM catalog AS c)" if has_hosts else "0",
    )
    own = installation()
    found = []
    for _, by, place, created_ms, user, host, runs, started, versions, changes, changed, is_current in connection.execute(query):  # fmt: skip
        who = f"{cells.text(user)}@{cells.text(host)}".strip("@")
        file = cells.text(place).removeprefix(NAMED) if cells.text(place).startswith(NAMED) else ""
        found.append(
            Origin(
                who=who, file=file, since_ms=cells.integer(created_ms), last_ms=max(cells.integer(started), cells.integer(changed), cells.integer(created_ms)),
                runs=cells.integer(runs), versions=cells.integer(versions), changes=cells.integer(changes), is_own=bool(own) and by == own,
                is_current=bool(is_current),
            )
        )  # fmt: skip
    return found
