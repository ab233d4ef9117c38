"""Where a catalog came from: the installations that wrote to it, what was merged into it, and the places of teams that it knows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from artui.catalog import cells
from artui.catalog.merging.noting import ENDING
from artui.catalog.origins import HOSTS_SINCE
from artui.catalog.writers import Writer, writers_of
from artui.query.journal import merged_text, place_of_pack

if TYPE_CHECKING:
    from artui.query.reader import Reader

_MOST = 500
_CHARS = 400


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

    origins: tuple[Writer, ...]
    merges: tuple[Merge, ...]
    """The newest first, without packs."""
    teams: tuple[Team, ...]
    import_count: int


def read_provenance(reader: Reader) -> Provenance:
    """Read where a catalog came from."""
    version = reader.schema_version
    with reader.snapshot() as connection:
        origins = tuple(writers_of(connection, version))
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
