"""Who wrote to a catalog: the installations that it has something of, and how much. The screen and `merge --sources` say the same."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from artui.catalog import cells
from artui.catalog.origins import HOSTS_SINCE, NAMED, ORIGINS_SINCE, installation

_CHARS = 400
_MOST = 500


@dataclass(frozen=True, slots=True)
class Writer:
    """An installation of artui, and a file that it wrote to."""

    key: int
    id: str
    user: str
    host: str
    file: str
    """The name of the file, where several catalogs are shown as one; else empty."""
    created_ms: int
    """When it began to write."""
    runs: int
    """Those that are not deleted, as `versions`."""
    versions: int
    changes: int
    """Entries of the journal."""
    started_ms: int | None
    """When it began a run last; None if it never did."""
    changed_ms: int | None
    """When it changed something last; None if it never did."""
    is_own: bool
    """Whether it is this installation."""
    is_current: bool
    """Whether the catalog is written under it now."""

    @property
    def who(self) -> str:
        """`user@host`, as far as the catalog says; empty where it does not."""
        return "@".join(part for part in (self.user, self.host) if part)

    @property
    def title(self) -> str:
        """`ada@gpu7 (7XK2QF)`."""
        return f"{self.who} ({self.id[-6:]})" if self.who else self.id[-6:]

    @property
    def last_ms(self) -> int:
        """When it did something last."""
        return max(self.created_ms, self.started_ms or 0, self.changed_ms or 0)


_WRITERS = f"""
    SELECT o.key, o.id, o.installation, substr(o.place, 1, {_CHARS}), o.created_ms, {{who}},
           (SELECT count(*) FROM run AS r WHERE r.origin_key = o.key AND r.deleted_ms IS NULL),
           (SELECT count(*) FROM version AS v WHERE v.origin_key = o.key AND v.deleted_ms IS NULL),
           (SELECT count(*) FROM event AS e WHERE e.origin_key = o.key),
           (SELECT max(r.started_ms) FROM run AS r WHERE r.origin_key = o.key),
           (SELECT e.time_ms FROM event AS e WHERE e.origin_key = o.key ORDER BY e.stamp DESC, e.id DESC LIMIT 1),
           {{current}}
    FROM origin AS o
    ORDER BY o.created_ms, o.id
    LIMIT {_MOST}
"""


def writers_of(connection: sqlite3.Connection, schema_version: int) -> list[Writer]:
    """List who wrote to a catalog, the first one first; none of one whose schema does not name them."""
    if schema_version < ORIGINS_SINCE:
        return []
    has_hosts = schema_version >= HOSTS_SINCE
    query = _WRITERS.format(
        who=f"substr(o.user, 1, {_CHARS}), substr(o.host, 1, {_CHARS})" if has_hosts else "'', ''",
        current="o.key = (SELECT c.origin_key FROM catalog AS c)" if has_hosts else "0",
    )
    own, found = installation(), []
    for key, origin_id, by, place, created_ms, user, host, runs, versions, changes, started, changed, is_current in connection.execute(query):  # fmt: skip
        where = cells.text(place)
        found.append(
            Writer(
                key=int(key), id=cells.text(origin_id), user=cells.text(user), host=cells.text(host),
                file=where.removeprefix(NAMED) if where.startswith(NAMED) else "", created_ms=cells.integer(created_ms),
                runs=cells.integer(runs), versions=cells.integer(versions), changes=cells.integer(changes),
                started_ms=started if isinstance(started, int) else None, changed_ms=changed if isinstance(changed, int) else None,
                is_own=bool(own) and by == own, is_current=bool(is_current),
            )
        )  # fmt: skip
    return found
