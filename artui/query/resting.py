"""What rests on versions: the runs that used them, and the versions that were made of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import orjson

from artui import clock
from artui.catalog import cells
from artui.catalog.deployments import serving_places
from artui.model import PRODUCTION, Resting, has_alias
from artui.query.artifacts import version_heads
from artui.query.graph import MADE_FROM, USED, came_of, read_graph
from artui.query.impact import DOWN, is_in_production

if TYPE_CHECKING:
    import sqlite3

    from artui.model import VersionHead
    from artui.query.reader import Reader

_MOST_FOLLOWED, _MOST_READ = 20, 20_000
"""Of so many versions it is followed what rests on them, as far as so many things."""
_OF_KEYS = "SELECT w.value FROM json_each(:keys) AS w"


def resting_on(reader: Reader, version_keys: Sequence[int], *, besides: Sequence[int] = ()) -> Resting:
    """Say what rests on some versions; versions `besides` them do not count either."""
    left_out = {*version_keys, *besides}
    with reader.snapshot() as connection:
        edges = [(edge.relation, edge.source.key, edge.target.key) for edge in came_of(connection, version_keys)]
        users = [(source, run) for relation, source, run in edges if relation == USED]
        made = [(source, target) for relation, source, target in edges if relation in MADE_FROM and target not in left_out]  # fmt: skip
        made_keys = orjson.dumps(sorted({target for _, target in made})).decode()
        heads = version_heads(connection, _OF_KEYS, {"keys": made_keys})
        far = _in_production(
            connection, version_keys[:_MOST_FOLLOWED], besides={*left_out, *(head.key for head in heads)}
        )
        serving = _serving(connection, version_keys)
    there = {head.key for head in heads}
    under = {source for source, _ in users} | {source for source, target in made if target in there}
    return Resting(len(under), len({run for _, run in users}), tuple(sorted(heads, key=_rank)), far, serving)


def _serving(connection: sqlite3.Connection, version_keys: Sequence[int]) -> tuple[tuple[str, str], ...]:
    """Give where versions serve now, by their ids."""
    query = "SELECT v.id FROM json_each(:keys) AS w JOIN version AS v ON v.key = w.value"
    rows = connection.execute(query, {"keys": orjson.dumps(list(version_keys)).decode()})
    places = serving_places(connection, {cells.text(version_id) for (version_id,) in rows}, clock.now_ms())
    return tuple((version_id, name) for version_id, names in places.items() for name in names)


def _in_production(
    connection: sqlite3.Connection, version_keys: Sequence[int], *, besides: set[int]
) -> tuple[VersionHead, ...]:
    """Give what is in production and rests on some versions, however far; versions `besides` are left out."""
    found: dict[int, VersionHead] = {}
    values = {"keys": orjson.dumps(list(version_keys)).decode()}
    for subject in version_heads(connection, _OF_KEYS, values, with_deleted=True):
        graph = read_graph(connection, subject, directions=DOWN, most=_MOST_READ)
        found |= {key: head for key, head in graph.versions.items() if key not in besides and is_in_production(head)}
    return tuple(sorted(found.values(), key=_rank))


def _rank(head: VersionHead) -> tuple[bool, bool, str]:
    return PRODUCTION not in head.aliases, not has_alias(head), head.reference
