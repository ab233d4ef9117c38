"""Merging runs: those that are new are copied whole, of the others each part is joined."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import orjson

from artui.catalog import cells, runs, seals
from artui.catalog.copies import TOTALS, drop_covered, series_of
from artui.catalog.merging.changes import Standing
from artui.catalog.merging.joins import rank, wins
from artui.catalog.merging.series import BLOCK, merge_series
from artui.catalog.merging.target import Target
from artui.catalog.pairing import side_by_side

RECORDED = (
    "parent_id", "status", "stage", "started_ms", "ended_ms", "duration_ms", "heartbeat_ms", "user", "host",
    "git_commit", "git_branch", "git_dirty", "python", "directory", "command", "error", "source",
)  # fmt: skip
"""The columns of a run that only who records it writes: they are of one copy."""
CHANGEABLE = ("name", "note", "deleted_ms")
"""Those that people change, too: each is joined by itself, since the journal has the last word on it."""
OWN = (*RECORDED, *CHANGEABLE)
HEADS = """
    SELECT id, key, seal, stamp, status, heartbeat_ms, origin_key
    FROM run
    ORDER BY id
"""
WHOLE = f"""
    SELECT r.id, r.stamp, p.name, p.created_ms, r.origin_key, {", ".join(f"r.{column}" for column in OWN)}
    FROM run AS r
    JOIN project AS p ON p.key = r.project_key
    WHERE r.key = ?
"""
PARAMS = "SELECT n.text, t.stamp, t.type, t.number, t.text FROM param AS t JOIN name AS n ON n.key = t.name_key WHERE t.run_key = ? ORDER BY n.text"
TAGS = "SELECT n.text, t.stamp, t.value FROM tag AS t JOIN name AS n ON n.key = t.name_key WHERE t.run_key = ? ORDER BY n.text"
CONTEXTS = "SELECT t.name, t.stamp, t.content FROM context AS t WHERE t.run_key = ? ORDER BY t.name"
IMPORT = "import"
"""The context that says from where a run was imported."""
_AT_ONCE = 500
_PARENT, _STATUS, _HEARTBEAT = (RECORDED.index(column) for column in ("parent_id", "status", "heartbeat_ms"))
_KINDS = (
    ("param", ("type", "number", "text"), "SELECT t.run_key, n.text, t.stamp, t.type, t.number, t.text FROM param AS t JOIN name AS n ON n.key = t.name_key"),
    ("tag", ("value",), "SELECT t.run_key, n.text, t.stamp, t.value FROM tag AS t JOIN name AS n ON n.key = t.name_key"),
    ("context", ("content",), "SELECT t.run_key, t.name, t.stamp, t.content FROM context AS t"),
)  # fmt: skip
"""Tables of what a run has, by a name: their columns of content, and how all are read."""


@dataclass(slots=True)
class MergedRuns:
    """What came of merging runs."""

    keys: dict[int, int] = field(default_factory=dict)
    """Of all that both have now, theirs to ours."""
    new: dict[int, tuple[int, bytes | None]] = field(default_factory=dict)
    """Of those that were copied: by our key, theirs and the seal."""
    orphans: set[int] = field(default_factory=set)
    """Of those that were copied, our keys of those whose parent was forgotten: they are not as they were, nor is their seal."""
    changed: set[int] = field(default_factory=set)
    """Our keys of those that both had, and that differed."""
    ids: dict[int, str] = field(default_factory=dict)
    """Of those that are new or changed, by our key."""
    point_count: int = 0
    damaged: list[str] = field(default_factory=list)
    """Ids of runs that are damaged in the source: nothing was taken of them."""


def merge_runs(
    target: Target, theirs: sqlite3.Connection, *, origin_keys: Mapping[int, int], forgotten: Collection[str], news: set[str], tell: Callable[[int], None],
    only: Collection[str] | None = None,
) -> MergedRuns:  # fmt: skip
    """Bring the runs of a source; what people changed of them is for later.

    Args:
        forgotten: ids of the runs of which their copy was forgotten: it is not taken, and is nobody's parent.
        news: ids of things about which events came.
        only: ids of the runs that are taken; None for all.
    """
    merged = MergedRuns()
    their_apart, our_apart = _series_apart(theirs), _series_apart(target.connection)
    fresh: list[tuple[int, str, bytes | None]] = []
    both: list[tuple[int, int, str]] = []
    for their_row, our_row in side_by_side(theirs.execute(HEADS), target.execute(HEADS)):
        if their_row is None or their_row[0] in forgotten:
            continue
        if only is not None and their_row[0] not in only:
            continue
        if our_row is None:
            fresh.append((int(their_row[1]), cells.text(their_row[0]), their_row[2]))
            continue
        merged.keys[int(their_row[1])] = int(our_row[1])
        is_same = (
            their_row[2:-1] == our_row[2:-1]
            and origin_keys.get(their_row[-1]) == our_row[-1]
            and their_row[2] is not None
            and their_row[0] not in news
            and their_apart.get(their_row[0]) == our_apart.get(their_row[0])
        )
        if not is_same:
            both.append((int(their_row[1]), int(our_row[1]), cells.text(their_row[0])))
    rest = iter(fresh)
    while batch := list(islice(rest, _AT_ONCE)):
        _copy(target, theirs, batch, origin_keys, forgotten, merged)
        tell(len(batch))
    origin_ids = {cells.text(origin_id): int(key) for key, origin_id in target.execute("SELECT key, id FROM origin")}
    for their_key, our_key, run_id in both:
        _join(target, theirs, their_key, our_key, run_id, origin_keys, origin_ids, forgotten, merged)
        tell(1)
    return merged


_APART = """
    SELECT r.id, n.text, s.labels, o.id
    FROM series AS s
    JOIN run AS r ON r.key = s.run_key
    JOIN name AS n ON n.key = s.name_key
    JOIN origin AS o ON o.key = s.origin_key
    WHERE s.origin_key IS NOT NULL
    ORDER BY 1, 2, 3
"""


def _series_apart(connection: sqlite3.Connection) -> dict[str, list[tuple[str, str, str]]]:
    """Give, by run, who logged those of its series that somebody else logged than the run: no seal has that."""
    by_run: dict[str, list[tuple[str, str, str]]] = {}
    for run_id, *said in connection.execute(_APART):
        by_run.setdefault(cells.text(run_id), []).append((said[0], said[1], said[2]))
    return by_run


def _row(theirs: sqlite3.Connection, key: int, forgotten: Collection[str]) -> tuple[tuple[Any, ...] | None, bool]:
    """Give the row of a run, as `WHOLE` reads it, without a parent that was forgotten, and whether it had one; None in a damaged file."""
    row: tuple[Any, ...] | None = theirs.execute(WHOLE, (key,)).fetchone()
    if row is None or row[5 + _PARENT] not in forgotten:
        return row, False
    return (*row[: 5 + _PARENT], None, *row[6 + _PARENT :]), True


def _copy(
    target: Target, theirs: sqlite3.Connection, batch: Sequence[tuple[int, str, bytes | None]], origin_keys: Mapping[int, int], forgotten: Collection[str],
    merged: MergedRuns,
) -> None:  # fmt: skip
    """Copy runs that are not here, with all that is theirs alone."""
    keys: dict[int, int] = {}
    for their_key, run_id, seal in batch:
        row, is_orphan = _row(theirs, their_key, forgotten)
        if row is None:  # its project is gone: a damaged file
            merged.damaged.append(run_id)
            continue
        key = target.new_key("run")
        is_there = target.insert(
            "run", ("key", "id", "stamp", "project_key", "origin_key", *OWN),
            [(key, run_id, row[1], target.project_key(cells.text(row[2]), cells.integer(row[3])), origin_keys.get(row[4]), *row[5:])],
        )  # fmt: skip
        if not is_there:
            merged.damaged.append(run_id)
            continue
        keys[their_key] = key
        merged.new[key], merged.ids[key] = (their_key, seal), run_id
        if is_orphan:
            merged.orphans.add(key)
    merged.keys |= keys
    these = "(SELECT w.value FROM json_each(?) AS w)"
    listed = (orjson.dumps(list(keys)).decode(),)
    for table, columns, query in _KINDS:
        named = table == "context"
        rows = theirs.execute(f"{query} WHERE t.run_key IN {these}", listed)
        target.insert(
            table, ("run_key", "name" if named else "name_key", "stamp", *columns),
            ((keys[row[0]], row[1] if named else target.name_key(cells.text(row[1])), *row[2:]) for row in rows),
        )  # fmt: skip
    rows = theirs.execute(
        f"SELECT d.run_key, d.kind, d.name, d.stamp, d.time_ms FROM dropped AS d WHERE d.run_key IN {these}", listed
    )
    target.insert(
        "dropped", ("run_key", "kind", "name", "stamp", "time_ms"), ((keys[row[0]], *row[1:]) for row in rows)
    )
    series_keys: dict[int, int] = {}

    def series() -> Any:
        query = f"SELECT s.key, s.run_key, n.text, s.labels, s.origin_key, {', '.join(f's.{column}' for column in TOTALS)} FROM series AS s JOIN name AS n ON n.key = s.name_key"
        for key, run_key, name, labels, origin_key, *totals in theirs.execute(
            f"{query} WHERE s.run_key IN {these}", listed
        ):
            new_key = series_keys[key] = target.new_key("series")
            yield (
                new_key,
                keys[run_key],
                target.name_key(cells.text(name)),
                labels,
                origin_keys.get(origin_key),
                *totals,
            )

    if not target.insert("series", ("key", "run_key", "name_key", "labels", "origin_key", *TOTALS), series()):
        present = target.present("series", series_keys.values())
        series_keys = {their_key: key for their_key, key in series_keys.items() if key in present}

    def blocks() -> Any:
        query = f"SELECT b.series_key, {', '.join(f'b.{column}' for column in BLOCK)} FROM series AS s JOIN block AS b ON b.series_key = s.key"
        for series_key, *row in theirs.execute(f"{query} WHERE s.run_key IN {these}", listed):
            if series_key in series_keys:
                merged.point_count += cells.integer(row[1])
                yield target.new_key("block"), series_keys[series_key], *row

    target.insert("block", ("key", "series_key", *BLOCK), blocks())


def _join(
    target: Target, theirs: sqlite3.Connection, their_key: int, our_key: int, run_id: str, origin_keys: Mapping[int, int],
    origin_ids: Mapping[str, int], forgotten: Collection[str], merged: MergedRuns,
) -> None:  # fmt: skip
    """Join a run that both have."""
    if seals.run_damage(theirs, [their_key]):
        merged.damaged.append(run_id)
        return
    (their_row, _), our_row = _row(theirs, their_key, forgotten), target.execute(WHOLE, (our_key,)).fetchone()
    if their_row is None or our_row is None:
        merged.damaged.append(run_id)
        return
    merged.changed.add(our_key)
    merged.ids[our_key] = run_id
    their_origin = _origin_id(theirs, their_row[4])
    our_series = series_of(target.connection, our_key, is_ours=True)
    are_imported = _is_imported(theirs, their_key), _is_imported(target.connection, our_key)

    def is_theirs(place: int) -> bool:
        their, our = (rank(row[1], row[place : place + 1]) for row in (their_row, our_row))
        return (their[0], not are_imported[0], *their[1:]) > (our[0], not are_imported[1], *our[1:])

    with runs.searchable(target.connection, our_key):
        for place, column in enumerate(CHANGEABLE, 5 + len(RECORDED)):
            if is_theirs(place):
                target.execute(f"UPDATE run SET {column} = ? WHERE key = ?", (their_row[place], our_key))
        if is_theirs(2):
            project = target.project_key(cells.text(their_row[2]), cells.integer(their_row[3]))
            target.execute("UPDATE run SET project_key = ? WHERE key = ?", (project, our_key))
        if _rank(their_row, their_origin, is_imported=are_imported[0]) > _rank(
            our_row, _origin_id(target.connection, our_row[4]), is_imported=are_imported[1]
        ):
            sets = ", ".join(f"{column} = ?" for column in ("stamp", "origin_key", *RECORDED))
            values = (their_row[1], origin_keys.get(their_row[4]), *their_row[5 : 5 + len(RECORDED)], our_key)
            target.execute(f"UPDATE run SET {sets} WHERE key = ?", values)
        for table, columns, query in (
            ("param", _KINDS[0][1], PARAMS),
            ("tag", _KINDS[1][1], TAGS),
            ("context", _KINDS[2][1], CONTEXTS),
        ):
            _join_named(
                target,
                table,
                columns,
                our_key,
                (
                    row
                    for row in theirs.execute(query, (their_key,))
                    if table != "context" or row[0] != IMPORT or all(are_imported)
                ),
                target.execute(query, (our_key,)).fetchall(),
            )
        if not all(are_imported):
            # Who recorded it knows all of it: no later import may change it.
            target.execute(f"DELETE FROM context WHERE run_key = ? AND name = '{IMPORT}'", (our_key,))
        _join_dropped(target, theirs, their_key, our_key)
    (origin_id,) = target.execute(
        "SELECT o.id FROM run AS r LEFT JOIN origin AS o ON o.key = r.origin_key WHERE r.key = ?", (our_key,)
    ).fetchone()
    merged.point_count += merge_series(
        target,
        our_key,
        series_of(theirs, their_key, is_ours=False),
        our_series,
        origin_ids.get,
        "" if origin_id is None else cells.text(origin_id),
    )


def _origin_id(connection: sqlite3.Connection, key: int | None) -> str:
    row = connection.execute("SELECT id FROM origin WHERE key = ?", (key,)).fetchone()
    return "" if row is None else cells.text(row[0])


def _is_imported(connection: sqlite3.Connection, run_key: int) -> bool:
    """Whether a copy of a run came from another tool, by way of which it may have lost something."""
    query = f"SELECT EXISTS (SELECT 1 FROM context WHERE run_key = ? AND name = '{IMPORT}')"
    return bool(connection.execute(query, (run_key,)).fetchone()[0])


def _rank(row: Sequence[Any], origin_id: str, *, is_imported: bool) -> Any:
    """Rank copies of a run's row: one that was recorded wins over one that was imported, then the one that was recorded last.

    Of older schemas it is one that has ended, and was heard of last.
    """
    is_forgotten, stamp, content = rank(row[1], [origin_id, *row[5 : 5 + len(RECORDED)]])
    return is_forgotten, not is_imported, stamp, row[5 + _STATUS] != 0, cells.integer(row[5 + _HEARTBEAT]), content


def _join_named(
    target: Target, table: str, columns: Sequence[str], run_key: int, their_rows: Any, our_rows: Sequence[Sequence[Any]]
) -> None:
    named = "name" if table == "context" else "name_key"
    for their_row, our_row in side_by_side(their_rows, our_rows):
        if their_row is None:
            continue
        name = their_row[0] if table == "context" else target.name_key(cells.text(their_row[0]))
        if our_row is None:
            target.insert(table, ("run_key", named, "stamp", *columns), [(run_key, name, *their_row[1:])])
        elif wins(rank(their_row[1], their_row[2:]), rank(our_row[1], our_row[2:])):
            sets = ", ".join(f"{column} = ?" for column in ("stamp", *columns))
            target.execute(
                f"UPDATE {table} SET {sets} WHERE run_key = ? AND {named} = ?", (*their_row[1:], run_key, name)
            )


_DROP = """
    INSERT INTO dropped (run_key, kind, name, stamp, time_ms)
    VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (run_key, kind, name) DO UPDATE
    SET stamp = excluded.stamp, time_ms = excluded.time_ms
    WHERE (excluded.stamp, excluded.time_ms) > (stamp, time_ms)
"""
_TAKE_OUT_DROPPED = (
    """
    DELETE FROM context
    WHERE run_key = :run
      AND EXISTS (SELECT 1 FROM dropped AS d WHERE d.run_key = :run AND d.kind = 'context' AND d.name = context.name AND d.stamp >= coalesce(context.stamp, 0))
    """,
    *(
        f"""
        DELETE FROM {table}
        WHERE run_key = :run AND name_key IN (
            SELECT n.key
            FROM dropped AS d
            JOIN name AS n ON n.text = d.name
            WHERE d.run_key = :run AND d.kind = '{table}' AND d.stamp >= coalesce({table}.stamp, 0)
        )
        """
        for table in ("param", "tag")
    ),
)
"""What one of two copies of a run dropped after it was written goes from the other, too."""


_TAKE_OUT_LINKS = tuple(
    f"""
    DELETE FROM edge
    WHERE relation = {code} AND {here} = :run AND EXISTS (
        SELECT 1
        FROM version AS v
        JOIN dropped AS d ON d.run_key = :run AND d.kind = '{kind}' AND d.name = v.id
        WHERE v.key = edge.{there} AND d.stamp >= edge.created_ms
    )
    """
    for code, kind, here, there in ((0, "output", "source_key", "target_key"), (1, "input", "target_key", "source_key"))
)


def take_out_dropped_links(target: Target, run_keys: Iterable[int]) -> None:
    """Take out of runs the links to versions that an import dropped; to be called when the links of both copies are there."""
    with_drops = {row[0] for row in target.execute("SELECT DISTINCT run_key FROM dropped WHERE kind IN ('output', 'input')")}  # fmt: skip
    for key in sorted(with_drops.intersection(run_keys)):
        for statement in _TAKE_OUT_LINKS:
            target.execute(statement, {"run": key})


def _join_dropped(target: Target, theirs: sqlite3.Connection, their_key: int, our_key: int) -> None:
    query = "SELECT kind, name, stamp, time_ms FROM dropped WHERE run_key = ?"
    ours = {(kind, name): (stamp, time_ms) for kind, name, stamp, time_ms in target.execute(query, (our_key,))}
    for kind, name, stamp, time_ms in theirs.execute(query, (their_key,)):
        said = cells.text(kind), cells.text(name), cells.integer(stamp), cells.integer(time_ms)
        # An insertion that changes nothing would count as a change.
        if (standing := ours.get(said[:2])) is None or said[2:] > standing:
            target.execute(_DROP, (our_key, *said))
    for statement in _TAKE_OUT_DROPPED if target.execute("SELECT 1 FROM dropped WHERE run_key = ?", (our_key,)).fetchone() else ():  # fmt: skip
        target.execute(statement, {"run": our_key})


def apply_standings(target: Target, run_key: int, standings: Mapping[tuple[str, str], Standing]) -> bool:
    """Bring a run to what the journal says of it; say whether that changed anything."""
    project, name, note, deleted_ms = target.execute(
        "SELECT p.name, r.name, r.note, r.deleted_ms FROM run AS r JOIN project AS p ON p.key = r.project_key WHERE r.key = ?",
        (run_key,),
    ).fetchone()
    is_changed = False
    with runs.searchable(target.connection, run_key):
        for action, column, now in (
            ("name", "name", name),
            ("note", "note", note),
            ("trash", "deleted_ms", deleted_ms),
        ):
            standing = standings.get((action, ""))
            if standing is not None and not standing.is_redacted and standing.state != now:
                target.execute(f"UPDATE run SET {column} = ? WHERE key = ?", (standing.state, run_key))
                is_changed = True
        standing = standings.get(("project", ""))
        if standing is not None and not standing.is_redacted and standing.state != project:
            target.execute(
                "UPDATE run SET project_key = ? WHERE key = ?",
                (target.project_key(str(standing.state), standing.time_ms), run_key),
            )
            is_changed = True
        tags = {str(name): (stamp, value) for name, stamp, value in target.execute(TAGS, (run_key,))}
        for (action, detail), standing in standings.items():
            if action == "tag" and standing.stamp >= cells.integer(tags.get(detail, (0, ""))[0]):
                is_changed |= _set_tag(target, run_key, detail, standing, tags)
        if (removal := standings.get(("remove", ""))) is not None:
            # A run that was taken up again has points from after it.
            is_changed |= drop_covered(target.connection, run_key, cells.integer(removal.state))
    return is_changed


def _set_tag(target: Target, run_key: int, name: str, standing: Standing, tags: Mapping[str, tuple[Any, Any]]) -> bool:
    key = target.name_key(name)
    if standing.state is None:
        if name in tags:
            target.execute("DELETE FROM tag WHERE run_key = ? AND name_key = ?", (run_key, key))
        return name in tags
    wanted = (standing.stamp, standing.state[1])
    if tags.get(name) == wanted:
        return False
    target.execute(
        "INSERT OR REPLACE INTO tag (run_key, name_key, value, stamp) VALUES (?, ?, ?, ?)",
        (run_key, key, wanted[1], wanted[0]),
    )
    return True
