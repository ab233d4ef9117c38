"""All rows of a catalog in the order in which they leave it for tables elsewhere: by project, month and id.

Whatever the size of the catalog, a bounded part of it is in memory. What is in the trash stays; so do the contents of files.
"""

from __future__ import annotations

import datetime
import json
import sqlite3
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from artui.catalog import cells, points
from artui.errors import UnknownReference
from artui.model import RELATIONS, STAGES
from artui.near import did_you_mean
from artui.query.series.points import decoded

if TYPE_CHECKING:
    from artui.arrays import Floats, Ints

Row = tuple[Any, ...]

STATUS_WORDS = ("running", "finished", "failed", "killed")
PARAM_TYPES = ("number", "text", "bool", "json")
GROUP_ONE_IN = 512
"""A group of runs ends behind one run of so many, by its id alone: a new run changes the one group that it comes into."""
MAX_GROUP_RUNS = 4096
MAX_GROUP_ROWS = 200_000
MAX_GROUP_CHARS = 8 << 20
_MANY_CHARS = 16 << 20
MAX_SPANS = 1 << 15
_AT_ONCE = 1024
BEFORE_ALL, BEHIND_ALL = "0000-00", "9999-99"
"""Months of times that no calendar has."""
_FIRST_MS, _LAST_MS = -62_135_596_800_000, 253_402_300_799_999


class Group(NamedTuple):
    """Runs that leave together."""

    project: str
    month: str
    keys: tuple[int, ...]
    """In the order of their ids."""


class Span(NamedTuple):
    """Points of one series: all of its blocks, or those from one number to another."""

    series_key: int
    run_id: str
    name: str
    labels: str
    first: int
    """Number of the first block."""
    last: int
    digest: bytes
    """Of its blocks' digests."""
    point_count: int
    start: int
    """How many points are before it in the series."""


def month_of(time_ms: Any) -> str:
    """Give the month of a time, `2026-11`, in UTC."""
    if not isinstance(time_ms, int) or time_ms < _FIRST_MS:
        return BEFORE_ALL
    if time_ms > _LAST_MS:
        return BEHIND_ALL
    moment = datetime.datetime(1970, 1, 1) + datetime.timedelta(milliseconds=time_ms)
    return f"{moment.year:04}-{moment.month:02}"


def _next_month_ms(month: str) -> int:
    if month == BEFORE_ALL:
        return _FIRST_MS
    year, number = int(month[:4]), int(month[5:])
    if (year, number) == (9999, 12):
        return _LAST_MS + 1
    begin = datetime.datetime(year + number // 12, number % 12 + 1, 1)
    return round((begin - datetime.datetime(1970, 1, 1)).total_seconds() * 1000)


_RUNS_OF_MONTH = """
    SELECT r.key, r.id, length(r.note) + length(r.error),
           (SELECT count(*) FROM param AS t WHERE t.run_key = r.key) + (SELECT count(*) FROM series AS s WHERE s.run_key = r.key),
           (SELECT sum(length(t.text)) FROM param AS t WHERE t.run_key = r.key) + 0
    FROM run AS r
    WHERE r.project_key = :project AND r.started_ms >= :begin AND r.started_ms < :end AND r.deleted_ms IS {NULL}
    ORDER BY r.id
"""


def run_groups(
    connection: sqlite3.Connection, chosen: Collection[int] | None, *, are_deleted: bool = False
) -> Iterator[Group]:
    """Give all runs, or those with some keys, in groups of one project and month each; or else those in the trash.

    Which runs are in one group depends on their ids and sizes, not on what was there before.
    """
    of_month = _RUNS_OF_MONTH.replace("{NULL}", "NOT NULL" if are_deleted else "NULL")
    projects = connection.execute("SELECT key, name FROM project ORDER BY name, key").fetchall()
    for project_key, name in projects:
        begin_ms = -(2**63)
        while True:
            (first_ms,) = connection.execute(
                "SELECT min(started_ms) FROM run WHERE project_key = :project AND started_ms >= :begin",
                {"project": project_key, "begin": begin_ms},
            ).fetchone()
            if isinstance(first_ms, float) and abs(first_ms) < 2**63:
                first_ms = int(first_ms // 1)
            if not isinstance(first_ms, int):
                break
            month = month_of(first_ms)
            end_ms = 2**63 - 1 if month == BEHIND_ALL else _next_month_ms(month)
            values = {"project": project_key, "begin": first_ms, "end": end_ms}
            rows = sqlite3.Cursor(connection).execute(of_month, values)
            yield from _grouped(cells.text(name), month, rows, chosen)
            if month == BEHIND_ALL:
                break
            begin_ms = end_ms


def _grouped(project: str, month: str, rows: Iterator[Row], chosen: Collection[int] | None) -> Iterator[Group]:
    keys: list[int] = []
    row_count = chars = 0
    for key, run_id, own_chars, own_rows, param_chars in rows:
        if chosen is not None and key not in chosen:
            continue
        keys.append(key)
        row_count += cells.integer(own_rows)
        chars += cells.integer(own_chars) + cells.integer(param_chars)
        is_end = zlib.crc32(str(run_id).encode("utf-8", "replace")) % GROUP_ONE_IN == 0
        if is_end or len(keys) >= MAX_GROUP_RUNS or row_count >= MAX_GROUP_ROWS or chars >= MAX_GROUP_CHARS:
            yield Group(project, month, tuple(keys))
            keys, row_count, chars = [], 0, 0
    if keys:
        yield Group(project, month, tuple(keys))


_RUNS = """
    SELECT r.id, r.name, r.status, r.stage, r.started_ms, r.ended_ms, r.duration_ms, r.heartbeat_ms, r.parent_id, r.user, r.host, r.git_commit,
           r.git_branch, r.git_dirty, r.python, r.directory, r.command, r.note, r.error, r.source
    FROM json_each(:keys) AS w
    CROSS JOIN run AS r ON r.key = w.value
    ORDER BY w.key
"""
_PARAMS = """
    SELECT r.id, n.text, t.type, t.number, t.text
    FROM json_each(:keys) AS w
    CROSS JOIN run AS r ON r.key = w.value
    CROSS JOIN param AS t ON t.run_key = r.key
    CROSS JOIN name AS n ON n.key = t.name_key
    ORDER BY w.key, n.text
"""
_TAGS = """
    SELECT r.id, n.text, t.value
    FROM json_each(:keys) AS w
    CROSS JOIN run AS r ON r.key = w.value
    CROSS JOIN tag AS t ON t.run_key = r.key
    CROSS JOIN name AS n ON n.key = t.name_key
    ORDER BY w.key, n.text
"""
_METRICS = """
    SELECT s.key, r.id, n.text, s.labels, s.count, s.first, s.last, s.min, s.max, s.sum, s.min_step, s.max_step, s.first_step, s.last_step,
           s.first_ms, s.last_ms, s.finite_count, s.nan_count, s.positive_inf_count, s.negative_inf_count
    FROM json_each(:keys) AS w
    CROSS JOIN run AS r ON r.key = w.value
    CROSS JOIN series AS s ON s.run_key = r.key
    CROSS JOIN name AS n ON n.key = s.name_key
    ORDER BY w.key, n.text, s.labels
"""


def run_rows(connection: sqlite3.Connection, group: Group, catalog_id: str) -> list[Row]:
    """Give the rows of the table `runs` of a group."""
    rows = []
    for row in connection.execute(_RUNS, _keys(group.keys)):
        (
            run_id,
            name,
            status,
            stage,
            started,
            ended,
            duration,
            heard,
            parent,
            user,
            host,
            commit,
            branch,
            dirty,
            *rest,
        ) = row
        python, directory, command, note, error, source = map(cells.text, rest)
        rows.append((
            cells.text(run_id), cells.text(name), group.project, _word(STATUS_WORDS, status), _word(STAGES, stage), _whole(started), _whole(ended),
            _whole(duration), _whole(heard), _text(parent), cells.text(user), cells.text(host), cells.text(commit), cells.text(branch),
            None if dirty is None else bool(dirty), python, directory, command, note, error, source, catalog_id,
        ))  # fmt: skip
    return rows


def param_rows(connection: sqlite3.Connection, group: Group) -> list[Row]:
    """Give the rows of the table `params` of a group: a number as that and as the text that says it exactly."""
    return [
        (cells.text(run_id), cells.text(name), _word(PARAM_TYPES, kind), *_param(kind, number, text))
        for run_id, name, kind, number, text in connection.execute(_PARAMS, _keys(group.keys))
    ]


def _param(kind: Any, number: Any, text: Any) -> tuple[float | None, str]:
    if isinstance(number, int | float):
        if kind == 2:
            return float(number), "true" if number else "false"
        try:
            return float(number), repr(number)
        except OverflowError:
            return None, repr(number)
    return None, cells.text(text)


def tag_rows(connection: sqlite3.Connection, group: Group) -> list[Row]:
    """Give the rows of the table `tags` of a group."""
    return [tuple(map(cells.text, row)) for row in connection.execute(_TAGS, _keys(group.keys))]


def metric_rows(connection: sqlite3.Connection, group: Group) -> tuple[list[Row], list[Row]]:
    """Give the rows of the table `metrics` of a group, and of each its series: key, run, name, labels and count."""
    rows, series = [], []
    for key, run_id, name, labels, count, *rest in connection.execute(_METRICS, _keys(group.keys)):
        run_id, name, labels = cells.text(run_id), cells.text(name), cells.text(labels)
        first, last, low, high, added = map(cells.number, rest[:5])
        finite = _whole(rest[11])
        mean = added / finite if added is not None and finite else None
        whole = tuple(map(_whole, rest[5:]))
        rows.append((run_id, name, labels, _whole(count), first, last, low, high, mean, added, *whole[:6], *whole[6:]))
        series.append((key, run_id, name, labels, cells.integer(count)))
    return rows, series


def spans(connection: sqlite3.Connection, series: Sequence[Row], most: int) -> Iterator[list[Span]]:
    """Split the points of some series into parts of at most `most` points, each of which stays as it is while its blocks do.

    What is looked at is the blocks' digests alone; no point is decoded.
    """
    part: list[Span] = []
    room = most
    for at in range(0, len(series), _AT_ONCE):
        some = series[at : at + _AT_ONCE]
        by_key = {row[0]: row for row in some}
        for span in _spans(connection, some, by_key, most):
            if part and (span.point_count > room or len(part) >= MAX_SPANS):
                yield part
                part, room = [], most
            part.append(span)
            room -= span.point_count
    if part:
        yield part


def _spans(connection: sqlite3.Connection, some: Sequence[Row], by_key: dict[int, Row], most: int) -> Iterator[Span]:
    import hashlib

    query = """
        SELECT w.key, b.series_key, b.number, b.count, b.digest
        FROM json_each(:keys) AS w
        CROSS JOIN block AS b ON b.series_key = w.value
        ORDER BY w.key, b.number
    """
    key, start, first, last, count = -1, 0, 0, 0, 0
    whole = hashlib.sha256()

    def done() -> Span:
        _, run_id, name, labels, _ = by_key[key]
        return Span(key, run_id, name, labels, first, last, whole.digest(), count, start)

    for _, series_key, number, size, digest in sqlite3.Cursor(connection).execute(query, _keys([row[0] for row in some])):  # fmt: skip
        size = size if isinstance(size, int) and 0 < size <= points.BLOCK_POINTS else 0
        if series_key != key or count + size > most:
            if key != -1:
                yield done()
            start = start + count if series_key == key else 0
            key, first, count = series_key, number, 0
            whole = hashlib.sha256()
        last, count = number, count + size
        whole.update(digest if isinstance(digest, bytes) else b"")
    if key != -1:
        yield done()


_BLOCKS = """
    SELECT count, codec, payload, digest
    FROM block
    WHERE series_key = :series AND number BETWEEN :first AND :last
    ORDER BY number
"""


def span_points(connection: sqlite3.Connection, span: Span) -> Iterator[tuple[Ints, Ints, Floats]]:
    """Decode the blocks of a span, one after another, into steps, times and values; those that are damaged are left out."""
    values = {"series": span.series_key, "first": span.first, "last": span.last}
    for count, codec, payload, digest in connection.execute(_BLOCKS, values):
        part = decoded(count, codec, payload, digest, points.decode)
        if part is not None:
            yield part


# What is not of one run


class Rows(NamedTuple):
    """Rows of one table, project and month that leave together."""

    project: str
    month: str
    rows: list[Row]


_VERSION_STAYS = "v.deleted_ms IS NULL AND a.deleted_ms IS NULL"
_OF_VERSION = "JOIN artifact AS a ON a.key = v.artifact_key JOIN project AS p ON p.key = a.project_key"
_OTHERS = {
    "artifacts": """
        SELECT p.name, a.created_ms, a.id, a.id, a.name, p.name, a.kind, a.stage, a.created_ms, a.note
        FROM artifact AS a JOIN project AS p ON p.key = a.project_key
        WHERE a.deleted_ms IS NULL AND EXISTS (SELECT 1 FROM version AS v WHERE v.artifact_key = a.key AND v.deleted_ms IS NULL)
        ORDER BY p.name, a.created_ms, a.id
    """,
    "versions": f"""
        SELECT p.name, v.created_ms, v.id, v.id, a.id, a.name, v.number, p.name, a.kind, a.stage, lower(hex(v.digest)), v.size_bytes, v.file_count,
               v.created_ms, v.storage, v.location, v.host, v.note, v.metadata
        FROM version AS v {_OF_VERSION}
        WHERE {_VERSION_STAYS}
        ORDER BY p.name, v.created_ms, v.id
    """,
    "files": f"""
        SELECT p.name, v.created_ms, v.id, v.id, f.path, f.size_bytes, lower(hex(f.digest)), f.media_type, f.link_target, f.note
        FROM version AS v {_OF_VERSION} JOIN file AS f ON f.version_key = v.key
        WHERE {_VERSION_STAYS}
        ORDER BY p.name, v.created_ms, v.id, f.path
    """,
    "aliases": f"""
        SELECT p.name, v.created_ms, v.id, a.id, a.name, p.name, l.name, v.id, v.number
        FROM alias AS l JOIN version AS v ON v.key = l.version_key {_OF_VERSION}
        WHERE {_VERSION_STAYS}
        ORDER BY p.name, v.created_ms, v.id, l.name
    """,
    "events": """
        SELECT coalesce(rp.name, vp.name, ap.name, ''), e.time_ms, e.subject_id, e.id, e.time_ms, e.author, e.action, e.subject, e.subject_id, e.before,
               e.after, {why}
        FROM event AS e
        LEFT JOIN run AS r ON r.id = e.subject_id
        LEFT JOIN project AS rp ON rp.key = r.project_key
        LEFT JOIN version AS v ON v.id = e.subject_id
        LEFT JOIN artifact AS va ON va.key = v.artifact_key
        LEFT JOIN project AS vp ON vp.key = va.project_key
        LEFT JOIN artifact AS a ON a.id = e.subject_id
        LEFT JOIN project AS ap ON ap.key = a.project_key
        ORDER BY 1, e.time_ms, e.id
    """,
}  # fmt: skip
"""By table: the project, the time and the subject that decide where each row goes, and then its cells."""
_EDGES = """
    SELECT p.name, e.created_ms, r.id, e.relation, 'run', r.id, 'version', v.id, e.created_ms
    FROM edge AS e JOIN run AS r ON r.key = e.source_key JOIN version AS v ON v.key = e.target_key JOIN project AS p ON p.key = r.project_key
    WHERE e.relation = 0 AND r.deleted_ms IS NULL AND v.deleted_ms IS NULL
    UNION ALL
    SELECT p.name, e.created_ms, r.id, e.relation, 'version', v.id, 'run', r.id, e.created_ms
    FROM edge AS e JOIN run AS r ON r.key = e.target_key JOIN version AS v ON v.key = e.source_key JOIN project AS p ON p.key = r.project_key
    WHERE e.relation = 1 AND r.deleted_ms IS NULL AND v.deleted_ms IS NULL
    UNION ALL
    SELECT p.name, e.created_ms, w.id, e.relation, 'version', v.id, 'version', w.id, e.created_ms
    FROM edge AS e JOIN version AS v ON v.key = e.source_key JOIN version AS w ON w.key = e.target_key
    JOIN artifact AS a ON a.key = w.artifact_key JOIN project AS p ON p.key = a.project_key
    WHERE e.relation > 1 AND v.deleted_ms IS NULL AND w.deleted_ms IS NULL
    ORDER BY 1, 2, 4, 6, 8
"""
_KINDS = {
    "artifacts": "tttthwt", "versions": "tttwtthtwwwttttt", "files": "ttwxtnt", "aliases": "tttttw", "events": "twttttnnt", "lineage": "rttttw",
}  # fmt: skip
"""By table, what its cells must be: a text, one or null, a whole number, a stage, a digest or null, a relation."""


def other_rows(
    connection: sqlite3.Connection, table: str, *, subjects: Collection[str] | None, project: str, has_why: bool
) -> Iterator[Rows]:
    """Give the rows of a table that is not one of runs, in groups of one project and month each.

    Args:
        table: one of `artifacts`, `versions`, `files`, `aliases`, `lineage` and `events`.
        subjects: ids of the runs, versions and artifacts of which rows are given; None for all.
        project: whose rows are given; of all where it is empty.
        has_why: whether the catalog's journal has reasons.
    """
    query = _EDGES if table == "lineage" else _OTHERS[table].replace("{why}", "e.why" if has_why else "''")
    kinds = _KINDS[table]

    def rows() -> Iterator[tuple[str, str, str, Row]]:
        for of_project, time_ms, subject, *row in sqlite3.Cursor(connection).execute(query):
            if project and of_project != project:
                continue
            if subjects is not None and not _is_of(table, subject, row, subjects):
                continue
            made = tuple(_CELLS[kind](cell) for kind, cell in zip(kinds, row, strict=True))
            yield cells.text(of_project), month_of(time_ms), cells.text(subject), made

    yield from placed(rows())


def _is_of(table: str, subject: Any, row: Sequence[Any], subjects: Collection[str]) -> bool:
    if table == "lineage":
        return row[2] in subjects and row[4] in subjects
    return (row[0] if table in ("artifacts",) else subject) in subjects


def placed(rows: Iterator[tuple[str, str, str, Row]]) -> Iterator[Rows]:
    """Gather rows that come with their project, month and subject into groups that end behind one subject of so many."""
    gathered: list[Row] = []
    place, chars, before = ("", ""), 0, ""
    for project, month, subject, row in rows:
        is_cut = subject != before and zlib.crc32(before.encode("utf-8", "replace")) % GROUP_ONE_IN == 0
        is_full = len(gathered) >= MAX_GROUP_ROWS or chars >= _MANY_CHARS
        if gathered and (place != (project, month) or is_cut or is_full):
            yield Rows(*place, gathered)
            gathered, chars = [], 0
        place, before = (project, month), subject
        gathered.append(row)
        chars += sum(len(cell) for cell in row if isinstance(cell, str))
    if gathered:
        yield Rows(*place, gathered)


def linked_versions(connection: sqlite3.Connection, run_keys: Collection[int]) -> tuple[set[str], set[str]]:
    """Give the ids of the versions that some runs made or used, and of their artifacts."""
    version_ids, artifact_ids = set(), set()
    every = sorted(run_keys)
    for at in range(0, len(every), _AT_ONCE):
        for relation, here, there in ((0, "source_key", "target_key"), (1, "target_key", "source_key")):
            for version_id, artifact_id in connection.execute(
                f"SELECT v.id, a.id FROM json_each(:keys) AS w CROSS JOIN edge AS e ON e.{here} = w.value AND e.relation = {relation} "
                f"JOIN version AS v ON v.key = e.{there} JOIN artifact AS a ON a.key = v.artifact_key",
                _keys(every[at : at + _AT_ONCE]),
            ):
                version_ids.add(cells.text(version_id))
                artifact_ids.add(cells.text(artifact_id))
    return version_ids, artifact_ids


def run_ids(connection: sqlite3.Connection, run_keys: Collection[int]) -> set[str]:
    """Give the ids of some runs."""
    every, ids = sorted(run_keys), set()
    for at in range(0, len(every), _AT_ONCE):
        query = "SELECT r.id FROM json_each(:keys) AS w CROSS JOIN run AS r ON r.key = w.value"
        ids |= {cells.text(row[0]) for row in connection.execute(query, _keys(every[at : at + _AT_ONCE]))}
    return ids


def deleted_ms(connection: sqlite3.Connection, group: Group) -> dict[str, int]:
    """Give when runs of a group were deleted, by their ids; nothing of those that are not."""
    query = """
        SELECT r.id, r.deleted_ms
        FROM json_each(:keys) AS w
        CROSS JOIN run AS r ON r.key = w.value
        WHERE r.deleted_ms IS NOT NULL
        ORDER BY w.key
    """
    return {cells.text(row[0]): cells.integer(row[1]) for row in connection.execute(query, _keys(group.keys))}


def made_versions(connection: sqlite3.Connection, group: Group) -> list[tuple[str, str]]:
    """Give which run of a group made which version, by their ids, in the order in which the versions were made."""
    query = """
        SELECT r.id, v.id
        FROM json_each(:keys) AS w
        CROSS JOIN run AS r ON r.key = w.value
        CROSS JOIN edge AS e ON e.source_key = r.key AND e.relation = 0
        JOIN version AS v ON v.key = e.target_key
        WHERE v.deleted_ms IS NULL
        ORDER BY w.key, v.created_ms, v.id
    """
    return [(cells.text(row[0]), cells.text(row[1])) for row in connection.execute(query, _keys(group.keys))]


def runs_from(connection: sqlite3.Connection, source: str) -> dict[str, str]:
    """Give the runs that came by an import of one format: what they are called there, by their ids in the catalog."""
    query = "SELECT id, source FROM run WHERE source >= :first AND source < :behind ORDER BY id"
    rows = connection.execute(query, {"first": f"{source}:", "behind": f"{source};"})
    return {cells.text(row[0]): cells.text(row[1]).removeprefix(f"{source}:") for row in rows}


def origins(connection: sqlite3.Connection, schema_version: int) -> list[str]:
    """Give the ids of all who have written to the catalog."""
    if schema_version < 5:
        return []
    return sorted(cells.text(row[0]) for row in connection.execute("SELECT id FROM origin"))


def check_project(connection: sqlite3.Connection, name: str) -> None:
    """Refuse a name that no project has.

    Raises:
        UnknownReference: there is none.
    """
    names = [cells.text(row[0]) for row in connection.execute("SELECT name FROM project ORDER BY name")]
    if name not in names:
        raise UnknownReference(
            f"There is no project {name!a}.", remedy=f"{did_you_mean(name, names)} There are: {', '.join(names[:8])}.".strip()
        )  # fmt: skip


def run_count(connection: sqlite3.Connection) -> int:
    """Give how many runs there are that are not in the trash."""
    return int(connection.execute("SELECT count(*) FROM run WHERE deleted_ms IS NULL").fetchone()[0])


def _keys(keys: Sequence[int]) -> dict[str, str]:
    return {"keys": json.dumps(keys)}


def _word(words: Sequence[str], number: Any) -> str:
    return words[number] if isinstance(number, int) and 0 <= number < len(words) else "damaged"


def _whole(cell: Any) -> int | None:
    return cell if isinstance(cell, int) else None


def _text(cell: Any) -> str | None:
    return None if cell is None else cells.text(cell)


def _digest(cell: Any) -> str | None:
    return cell or None if isinstance(cell, str) else None


_CELLS: Mapping[str, Callable[[Any], Any]] = {
    "t": cells.text, "n": _text, "w": _whole, "x": _digest,
    "h": lambda cell: _word(STAGES, cell), "r": lambda cell: _word(RELATIONS, cell),
}  # fmt: skip
