"""Lists of runs.

The table of runs asks three questions: which columns there are, the keys of all rows in order, and the cells
of the rows in sight. Order and filter are both over indexes; cells are read for visible rows alone.
"""

from __future__ import annotations

import json
import sqlite3
import time
from array import array
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from artui.catalog import cells as cell_of
from artui.model import (
    DAMAGED,
    HEARTBEAT_GONE_MS,
    HEARTBEAT_LOST_MS,
    STAGES,
    Column,
    ParamType,
    ParamValue,
    RunHead,
    RunRow,
)
from artui.query import Reader
from artui.query.aggregates import AGGREGATES
from artui.query.border import Shape
from artui.query.filter.values import number_in
from artui.query.keys import key_list, without_collecting
from artui.query.runs.sorting import (
    KEYS_BY_START,
    NEWEST_FIRST,
    Sort,
    first_keys,
    resolved,
    sorted_keys,
    value_groups,
)
from artui.query.series.ranking import BOOKS_RANK, metric_rank

if TYPE_CHECKING:
    from artui.query.filter.parser import Node
    from artui.query.series.spooled import Pending

SAMPLE_RUNS = 200
"""So many of the newest runs decide which columns come first."""
MAX_WORDS = 20
_STATUSES = ("running", "finished", "failed", "killed")

_HEAD_COLUMNS = "r.key, r.id, r.name, p.name, r.status, r.stage, r.started_ms, r.duration_ms, r.ended_ms, r.parent_id, r.heartbeat_ms"

FIRST_PAGE = f"""
    SELECT {_HEAD_COLUMNS}
    FROM run AS r
    LEFT JOIN project AS p ON p.key = r.project_key
    WHERE r.deleted_ms IS NULL
    ORDER BY r.started_ms DESC, r.key DESC
    LIMIT :limit
"""

Columns = tuple[list[Column], list[Column], set[str]]
"""(params, metrics, ids of the params that vary)."""

SPARKED_METRICS = 2
MAX_PARAMS = 8
MAX_METRICS = 6


@dataclass(frozen=True, slots=True)
class RunsRequest:
    """What the table of runs shows."""

    where: str = ""
    """A filter (query/filter.py)."""
    sorts: tuple[Sort, ...] = (NEWEST_FIRST,)
    """Columns to sort by, the most significant first."""
    words: tuple[str, ...] = ()
    """Texts that a run must contain, beside the filter."""

    @property
    def sort(self) -> Sort:
        return self.sorts[0] if self.sorts else NEWEST_FIRST


@dataclass(frozen=True, slots=True)
class FirstView:
    """What the table of runs shows before anything is asked of it."""

    heads: list[RunHead]
    total: int
    running: int
    columns: Columns
    attributes: list[Column]
    """Those that the table shows by itself."""
    rows: dict[int, RunRow]


@dataclass(frozen=True, slots=True)
class RunOrder:
    """The keys of all matching runs, in order."""

    keys: array[int]
    total: int
    """Runs in the catalog, matching or not."""
    running: int = 0
    is_partial: bool = False
    """Whether these are only the first ones that match."""
    notes: tuple[str, ...] = ()
    """What a user should see beside the answer, such as a name in the filter that no run has."""

    @property
    def matched(self) -> int:
        return len(self.keys)


def count_runs(reader: Reader) -> tuple[int, int]:
    """Give how many runs there are, and how many of them are running."""
    with reader.reading() as connection:
        return _counts(connection)


def _counts(connection: sqlite3.Connection) -> tuple[int, int]:
    total = connection.execute("SELECT count(*) FROM run").fetchone()[0]
    deleted = connection.execute("SELECT count(*) FROM run WHERE deleted_ms IS NOT NULL").fetchone()[0]
    alive = connection.execute(
        "SELECT count(*) FROM run WHERE status <> 1 AND status = 0 AND heartbeat_ms > :since",
        {"since": _now_ms() - HEARTBEAT_LOST_MS},
    ).fetchone()[0]
    return int(total - deleted), int(alive)


def first_page(reader: Reader, limit: int) -> list[RunHead]:
    """Give the newest runs at once, before anything else is known."""
    with reader.reading() as connection:
        now_ms = _now_ms()
        return [_head(row, now_ms) for row in connection.execute(FIRST_PAGE, {"limit": limit})]


def first_view(reader: Reader, limit: int) -> FirstView:
    """Read the newest runs and all that is drawn of them: some milliseconds, whatever the size of the catalog."""
    heads = first_page(reader, limit)
    total, running = count_runs(reader)
    found = columns(reader)
    shown = chosen_columns(found)
    sparks = [column.id for column in shown[:SPARKED_METRICS] if column.source == "metric"]
    return FirstView(
        heads,
        total,
        running,
        found,
        usual_attributes(reader),
        run_rows(reader, [head.key for head in heads], shown, sparks),
    )


def chosen_columns(found: Columns) -> list[Column]:
    """Choose what the table shows by itself: two metrics, params that vary, more metrics."""
    params, metrics, varying = found
    differing = [column for column in params if column.id in varying]
    # What the machine did is on the run's own screens; as columns it would push the results out.
    metrics = [column for column in metrics if not column.name.startswith("system/")]
    return [*metrics[:SPARKED_METRICS], *differing[:MAX_PARAMS], *metrics[SPARKED_METRICS:MAX_METRICS]]


def run_order(reader: Reader, request: RunsRequest) -> RunOrder:
    """Give the keys of all matching runs in order.

    Raises:
        FilterError: the filter cannot be understood, or means nothing in this catalog.
    """
    node = parse_request(request)
    notes: list[str] = []
    # What is in the trash is seen only by those who ask for it.
    is_hidden = True
    if node is not None:
        from artui.query.filter.parser import names_attribute

        is_hidden = not names_attribute(node, "deleted")
    memory = reader.memory.at(reader.file_token())
    with reader.snapshot() as connection:
        total, running = _counts(connection)
        wanted: set[int] | None = None
        if node is not None:
            from artui.query.filter.compile import matching_keys
            from artui.query.filter.tokens import pointing_into

            with pointing_into(request.where):
                wanted = matching_keys(connection, node, now_ms=_now_ms(), notes=notes, memory=memory)
        sorts = resolved(connection, request.sorts)
        if wanted is not None and len(wanted) <= FEW_MATCHING and memory.peek(sorts) is None:
            ordered = array("q", sorted_keys(connection, sorts, within=wanted))
        else:
            ordered = memory.get(sorts, lambda: array("q", sorted_keys(connection, sorts)))
        deleted = (
            set(key_list(connection, "SELECT key FROM run WHERE deleted_ms IS NOT NULL", {})) if is_hidden else set()
        )
    if wanted is not None:
        wanted -= deleted
        keys = array("q", [key for key in ordered if key in wanted])
    elif deleted:
        keys = array("q", [key for key in ordered if key not in deleted])
    else:
        keys = ordered
    return RunOrder(keys, total, running, notes=tuple(notes))


FEW_MATCHING = 2_000
"""Up to so many runs are put in order by themselves, where the order of all is not known."""
MANY_DELETED = 1_000
FIRST_SORTED = 3_400
"""So many runs of an order that is not known yet are looked through for a first page."""
PAGED_FROM = 10_000
"""With fewer runs the whole answer is there as soon as its first page."""


def first_matches(reader: Reader, request: RunsRequest, limit: int) -> RunOrder | None:
    """Give the first rows of `run_order` before all of them; None where the whole is there as soon.

    Raises:
        FilterError: as `run_order`.
    """
    node = parse_request(request)
    memory = reader.memory.at(reader.file_token())
    with reader.snapshot() as connection:
        total, running = _counts(connection)
        sorts = resolved(connection, request.sorts)
        if total < PAGED_FROM:
            return None
        deleted = set(key_list(connection, "SELECT key FROM run WHERE deleted_ms IS NOT NULL", {}))
        known = memory.peek(sorts)
        if node is None:
            # What is in order already is there as soon as its beginning.
            if known is not None or len(sorts) != 1 or len(deleted) > MANY_DELETED:
                return None
            beginning = first_keys(connection, sorts[0], limit + len(deleted)) or []
            found = [key for key in beginning if key not in deleted][:limit]
            return RunOrder(array("q", found), total, running, is_partial=True) if len(found) == limit else None
        from artui.query.filter.compile import first_matching
        from artui.query.filter.parser import names_attribute
        from artui.query.filter.tokens import pointing_into

        if names_attribute(node, "deleted"):
            return None

        def ordered() -> Sequence[int] | None:
            if known is None and len(sorts) == 1:
                return first_keys(connection, sorts[0], min(FIRST_SORTED, total + len(deleted)))
            return known if known is not None else memory.get(sorts, lambda: array("q", sorted_keys(connection, sorts)))

        with pointing_into(request.where):
            matching = first_matching(connection, node, ordered, limit, deleted, memory)
    return None if matching is None else RunOrder(array("q", matching), total, running, is_partial=True)


def parse_request(request: RunsRequest) -> Node | None:
    """Make one tree of a filter and of words beside it."""
    if not request.where and not request.words:
        return None
    from artui.query.filter.parser import And, Word, parse

    parts: list[Node] = [Word(word, 0, 0) for word in request.words[:MAX_WORDS]]
    if (node := parse(request.where)) is not None:
        parts.append(node)
    return And(tuple(parts)) if len(parts) > 1 else parts[0] if parts else None


METRIC_NAMES = """
    SELECT n.key, n.text,
           (SELECT min(s.last) FROM series AS s WHERE s.name_key = n.key AND s.last > -1e308),
           (SELECT max(s.last) FROM series AS s WHERE s.name_key = n.key AND s.last < 1e308)
    FROM name AS n
    WHERE EXISTS (SELECT 1 FROM series AS s WHERE s.name_key = n.key)
    ORDER BY n.key
"""
PARAM_NAMES = """
    SELECT n.key, n.text,
           (SELECT min(p.number) FROM param AS p WHERE p.name_key = n.key AND p.number IS NOT NULL),
           (SELECT max(p.number) FROM param AS p WHERE p.name_key = n.key AND p.number IS NOT NULL),
           (SELECT min(p.text) FROM param AS p WHERE p.name_key = n.key AND p.text IS NOT NULL),
           (SELECT max(p.text) FROM param AS p WHERE p.name_key = n.key AND p.text IS NOT NULL)
    FROM name AS n
    WHERE EXISTS (SELECT 1 FROM param AS p WHERE p.name_key = n.key AND p.number IS NOT NULL)
       OR EXISTS (SELECT 1 FROM param AS p WHERE p.name_key = n.key AND p.text IS NOT NULL)
    ORDER BY n.key
"""


def columns(reader: Reader) -> Columns:
    """Give the params and the metrics of the catalog as columns, and the ids of the params that vary.

    A param varies if it does not have one and the same value in all runs that have it. What most of the newest
    runs have comes first.
    """
    memory = reader.memory.at(reader.file_token())

    def read() -> Columns:
        with without_collecting():
            return _columns(reader)

    return memory.get("columns", read)


def _columns(reader: Reader) -> Columns:
    params: list[Column] = []
    metrics: list[Column] = []
    varying: set[str] = set()
    with reader.snapshot() as connection:
        newest = [row[0] for row in connection.execute(f"{KEYS_BY_START} LIMIT :limit", {"limit": SAMPLE_RUNS})]
        having = _having(connection, "param", newest), _having(connection, "series", newest)
        longest = dict(
            connection.execute(
                f"SELECT name_key, max(length(text)) FROM param WHERE run_key IN ({_marks(newest)}) AND text IS NOT NULL GROUP BY name_key",
                newest,
            )
        )
        for key, name, least, most in connection.execute(METRIC_NAMES).fetchall():
            metrics.append(Column("metric", cell_of.text(name), key, low=_finite(least), high=_finite(most)))
        for key, name, low, high, first, last in connection.execute(PARAM_NAMES).fetchall():
            cells = max([longest.get(key, 0), *(len(text) for text in (first, last) if isinstance(text, str))])
            column = Column(
                "param",
                cell_of.text(name),
                key,
                is_numeric=isinstance(low, int | float) or _are_numbers(first, last),
                low=_finite(low),
                high=_finite(high),
                text_cells=cells,
            )
            params.append(column)
            if _varies(connection, column, (low, high), (first, last)):
                varying.add(column.id)
    params.sort(key=lambda column: (-_tenths(having[0].get(column.name_key, 0), newest), column.name_key))
    ranks = {column.id: metric_rank(column.name, low=column.low, high=column.high) for column in metrics}
    # What only keeps the books stands behind all results, however few runs have these.
    metrics.sort(
        key=lambda column: (
            ranks[column.id] >= BOOKS_RANK,
            -_tenths(having[1].get(column.name_key, 0), newest) // 4,
            ranks[column.id],
            column.name_key,
        )
    )
    return params, metrics, varying


def _are_numbers(first: Any, last: Any) -> bool:
    """Say whether a param's texts are numbers, by the first and the last of them; None is held as the text null."""
    return number_in(first) is not None and (number_in(last) is not None or last == "null")


def _varies(connection: sqlite3.Connection, column: Column, numbers: tuple[Any, Any], texts: tuple[Any, Any]) -> bool:
    """Say whether a param has more than one value, by the smallest and the largest number and text."""
    ends = {end for end in numbers if end is not None}
    if texts[0] is None:
        return len(ends) > 1
    spelled = {number_in(text) for text in texts}
    if len(spelled) > 1 or None in spelled or len(ends | spelled) > 1:
        return texts[0] != texts[1] or bool(ends)
    # One number spelled in several ways, unless there are others in between.
    return len(value_groups(connection, column.id)) > 1


def _having(connection: sqlite3.Connection, table: str, keys: Sequence[int]) -> dict[int, int]:
    """Count, by name, how many of some runs have a param or a metric of that name."""
    return dict(
        connection.execute(
            f"SELECT name_key, count(DISTINCT run_key) FROM {table} WHERE run_key IN ({_marks(keys)}) GROUP BY name_key",
            list(keys),
        )
    )


def _tenths(count: int, keys: Sequence[int]) -> int:
    return 10 * count // max(1, len(keys))


def _finite(value: Any) -> float | None:
    if not isinstance(value, int | float) or value != value or abs(value) == float("inf"):
        return None
    return float(value)


def run_rows(
    reader: Reader, keys: Sequence[int], shown: Sequence[Column], sparks: Iterable[str] = ()
) -> dict[int, RunRow]:
    """Read the cells of some rows: heads, and the params and metrics of the columns shown.

    For the metric columns whose ids are in `sparks`, values for a sparkline come with them. Keys of runs that are
    gone are left out.
    """
    from artui.query.series.points import spark_values
    from artui.query.series.spooled import pending

    if not keys:
        return {}
    now_ms = _now_ms()
    params = {column.name_key: column.id for column in shown if column.source == "param"}
    metrics = {
        column.name_key: column.id for column in shown if column.source == "metric" and column.aggregate == "last"
    }
    spark_ids = set(sparks)
    # What an index that is damaged leads to may be of another run or name.
    cells: dict[int, dict[str, ParamValue]] = defaultdict(dict)
    series: dict[int, tuple[int, str]] = {}
    with reader.snapshot() as connection:
        heads = {
            row[0]: _head(row, now_ms)
            for row in connection.execute(
                f"SELECT {_HEAD_COLUMNS} FROM run AS r LEFT JOIN project AS p ON p.key = r.project_key WHERE r.key IN ({_marks(keys)})",
                list(keys),
            )
        }
        if params:
            for run_key, name_key, kind, number, text in connection.execute(
                f"SELECT run_key, name_key, type, number, text FROM param WHERE run_key IN ({_marks(keys)}) AND name_key IN ({_marks(params)})",
                [*keys, *params],
            ):
                if name_key in params:
                    cells[run_key][params[name_key]] = param_value(kind, number, text)
        if metrics:
            for key, run_key, name_key, last in connection.execute(
                f"SELECT key, run_key, name_key, last FROM series WHERE run_key IN ({_marks(keys)}) AND name_key IN ({_marks(metrics)}) ORDER BY labels",
                [*keys, *metrics],
            ):
                if name_key in metrics and metrics[name_key] not in cells[run_key]:
                    cells[run_key][metrics[name_key]] = _measured(last)
                    series[key] = run_key, metrics[name_key]
        _read_others(connection, keys, shown, cells)
        if metrics:
            _take_pending(
                pending(reader, connection),
                heads,
                {column.name: column.id for column in shown if column.id in metrics.values()},
                cells,
            )
        wanted = [key for key, (_, column) in series.items() if column in spark_ids]
        drawn = spark_values(connection, wanted)
    by_run: dict[int, dict[str, Sequence[float]]] = {}
    for key, values in drawn.items():
        run_key, column_id = series[key]
        by_run.setdefault(run_key, {})[column_id] = values
    return {key: RunRow(head, cells[key], by_run.get(key, {})) for key, head in heads.items()}


HEAD_ATTRIBUTES = ("name", "id", "project", "status", "stage", "started", "ended", "duration", "parent")
"""What a head says already."""
_OTHER_ATTRIBUTES = {
    "user": "user", "host": "host", "commit": "git_commit", "branch": "git_branch", "note": "note", "error": "error",
    "python": "python", "directory": "directory", "command": "command",
}  # fmt: skip
SHOWABLE = (*HEAD_ATTRIBUTES, *_OTHER_ATTRIBUTES)
"""Attributes that can be columns."""


def _read_others(
    connection: sqlite3.Connection,
    keys: Sequence[int],
    shown: Sequence[Column],
    cells: dict[int, dict[str, ParamValue]],
) -> None:
    """Read cells of the rarer kinds: other attributes, tags, aggregates of metrics."""
    marks = _marks(keys)
    wanted = {
        column.id: _OTHER_ATTRIBUTES[column.name]
        for column in shown
        if column.source == "attribute" and column.name in _OTHER_ATTRIBUTES
    }
    if wanted:
        query = f"SELECT key, {', '.join(wanted.values())} FROM run WHERE key IN ({marks})"
        for key, *values in connection.execute(query, list(keys)):
            cells[key].update(
                {name: cell_of.text(value) for name, value in zip(wanted, values, strict=True) if value != ""}
            )
    tags = {column.name_key: column.id for column in shown if column.source == "tag"}
    if tags:
        query = f"SELECT run_key, name_key, value FROM tag WHERE run_key IN ({marks}) AND name_key IN ({_marks(tags)})"
        for key, name_key, value in connection.execute(query, [*keys, *tags]):
            if name_key in tags:
                cells[key][tags[name_key]] = cell_of.text(value) or "✓"
    for column in shown:
        if column.source == "metric" and column.aggregate in AGGREGATES and column.aggregate != "last":
            value = AGGREGATES[column.aggregate]
            query = f"SELECT t.run_key, {value} FROM series AS t WHERE t.run_key IN ({marks}) AND t.name_key = ? ORDER BY t.labels"
            for key, found in connection.execute(query, [*keys, column.name_key]):
                cells[key].setdefault(column.id, _measured(found))


def attribute_value(row: RunRow, name: str) -> ParamValue | None:
    """Give an attribute of a row, times in milliseconds since 1970 and durations in milliseconds."""
    head = row.head
    known: dict[str, ParamValue | None] = {
        "name": head.name, "id": head.id, "project": head.project, "status": head.status, "stage": head.stage,
        "started": head.started_ms or None, "ended": head.ended_ms, "duration": head.duration_ms, "parent": head.parent_id,
    }  # fmt: skip
    return known[name] if name in known else row.cells.get(f"attribute:{name}")


def run_ids(reader: Reader, keys: Sequence[int]) -> list[str]:
    """Give the ids of runs, in the order of their keys in `keys`."""
    with reader.snapshot() as connection:
        query = "SELECT r.key, r.id FROM json_each(:keys) AS w JOIN run AS r ON r.key = w.value"
        found = dict(connection.execute(query, {"keys": orjson.dumps(list(keys)).decode()}).fetchall())
    return [cell_of.text(found[key]) for key in keys if key in found]


def run_keys(reader: Reader, ids: Sequence[str]) -> list[int]:
    """Give the keys of runs, in the order of their ids; runs that are gone are left out."""
    with reader.snapshot() as connection:
        query = "SELECT r.id, r.key FROM json_each(:ids) AS w JOIN run AS r ON r.id = w.value"
        found = dict(connection.execute(query, {"ids": orjson.dumps(list(ids)).decode()}).fetchall())
    return [found[each] for each in ids if each in found]


def tag_columns(reader: Reader) -> list[Column]:
    """Give the tags of the catalog as columns."""
    with reader.snapshot() as connection:
        query = "SELECT n.key, n.text FROM name AS n WHERE EXISTS (SELECT 1 FROM tag AS t WHERE t.name_key = n.key) LIMIT 2000"
        return [
            Column("tag", cell_of.text(name), key, is_numeric=False, text_cells=8)
            for key, name in connection.execute(query)
        ]


class Said(NamedTuple):
    """What people say of a run."""

    note: str
    tags: dict[str, str]


def notes_and_tags(reader: Reader, keys: Sequence[int]) -> dict[int, Said]:
    """Give the note and the tags, by name, of some runs; a tag without a value has an empty one."""
    said = {key: Said("", {}) for key in keys}
    told = {"keys": orjson.dumps(list(keys)).decode()}
    with reader.snapshot() as connection:
        query = "SELECT r.key, r.note FROM json_each(:keys) AS w JOIN run AS r ON r.key = w.value WHERE r.note <> ''"
        for key, note in connection.execute(query, told):
            said[key] = Said(cell_of.text(note), {})
        query = """
            SELECT t.run_key, n.text, t.value
            FROM json_each(:keys) AS w
            CROSS JOIN tag AS t ON t.run_key = w.value
            JOIN name AS n ON n.key = t.name_key
            ORDER BY t.run_key, n.text
        """
        for key, name, value in connection.execute(query, told):
            if key in said:
                said[key].tags[cell_of.text(name)] = cell_of.text(value)
    return said


def saved_views(reader: Reader, screen: str) -> list[tuple[str, str, str, int]]:
    """Give (name, content, author, milliseconds of the last change) of the views of a screen, by name."""
    with reader.snapshot() as connection:
        query = (
            "SELECT name, content, author, changed_ms FROM saved_view WHERE screen = :screen ORDER BY name LIMIT 1000"
        )
        return [
            (cell_of.text(a), cell_of.text(b), cell_of.text(c), cell_of.integer(d))
            for a, b, c, d in connection.execute(query, {"screen": screen})
        ]


def _take_pending(found: Pending, heads: dict[int, RunHead], columns: dict[str, str], cells: dict[int, dict[str, ParamValue]]) -> None:  # fmt: skip
    """Show the last values that were logged and are not in the catalog yet."""
    if not found:
        return
    keys = {head.id: key for key, head in heads.items()}
    for (run_id, labels, name), (_, _, values) in found.items():
        key, column = keys.get(run_id), columns.get(name)
        if key is not None and column is not None and (not labels or column not in cells[key]):
            cells[key][column] = float(values[-1])


def list_runs(
    reader: Reader,
    *,
    where: str = "",
    contains: str = "",
    order: str | Sequence[str] = "-started",
    limit: int | None = None,
) -> list[RunHead]:
    """List runs as `Reader.runs` says."""
    from artui.query.runs import naming

    texts = [order] if isinstance(order, str) else order
    request = RunsRequest(where, naming.sorts_named(reader, texts), tuple(contains.split()))
    order_of = run_order(reader, request)
    keys = order_of.keys[:limit] if limit is not None else order_of.keys
    heads: list[RunHead] = []
    for start in range(0, len(keys), 500):
        part = list(keys[start : start + 500])
        found = run_rows(reader, part, [])
        heads += [found[key].head for key in part if key in found]
    return heads


def head_from_row(row: Sequence[Any]) -> RunHead:
    """Make a head of a row of `HEAD_COLUMNS`."""
    return _head(row, _now_ms())


HEAD_COLUMNS = _HEAD_COLUMNS


_HEADS = Shape(
    RunHead,
    "key id name project status stage started_ms duration_ms ended_ms parent_id",
    codes={"status": (_STATUSES, "killed"), "stage": (STAGES, "modelling")},
)


def _head(row: Sequence[Any], now_ms: int) -> RunHead:
    head = _HEADS.made(row[:10])
    if head.status != "running":
        return head
    unheard_ms = now_ms - cell_of.integer(row[10])
    if unheard_ms <= HEARTBEAT_LOST_MS:
        return head
    return replace(head, status="lost" if unheard_ms < HEARTBEAT_GONE_MS else "killed")


def _measured(cell: Any) -> ParamValue:
    """Read a value of a summary, which is NULL for NaN."""
    return cell if isinstance(cell, int | float) else float("nan") if cell is None else DAMAGED


def param_value(kind: Any, number: Any, text: Any) -> ParamValue:
    """Read the value of a param; DAMAGED if it is not of its kind."""
    if kind == ParamType.BOOL:
        return bool(number) if number in (0, 1) else DAMAGED
    if kind == ParamType.NUMBER:
        return number if isinstance(number, int | float) else _exact(cell_of.text(text))
    if kind == ParamType.JSON:
        return _listed(text)
    return cell_of.text(text) if kind == ParamType.TEXT else DAMAGED


def _listed(text: Any) -> ParamValue:
    for read in (orjson.loads, json.loads):  # the second knows NaN and infinities
        try:
            return read(text)  # type: ignore[no-any-return]
        except (ValueError, TypeError, RecursionError):
            continue
    return cell_of.text(text)


def _exact(text: str) -> ParamValue:
    if text == "NaN":
        return float("nan")
    try:
        return int(text)
    except ValueError:
        return text


def _marks(values: Any) -> str:
    return ", ".join("?" * len(values))


PROJECTS_IN_USE = """
    SELECT p.name
    FROM project AS p
    WHERE EXISTS (SELECT 1 FROM run AS r WHERE r.project_key = p.key AND r.deleted_ms IS NULL)
    ORDER BY p.key
    LIMIT 1000
"""


def usual_attributes(reader: Reader, *, sample: int = 200) -> list[Column]:
    """Give the attributes that are shown by themselves: when, how long, and of project and stage what varies.

    Of stages the newest runs decide.
    """
    with reader.reading() as connection:
        projects = [cell_of.text(row[0]) for row in connection.execute(PROJECTS_IN_USE)]
        stages = connection.execute(
            "SELECT DISTINCT stage FROM (SELECT stage FROM run ORDER BY started_ms DESC LIMIT :sample)",
            {"sample": sample},
        ).fetchall()
    found = [Column("attribute", "started"), Column("attribute", "duration")]
    if len(projects) > 1:
        cells = max(map(len, projects))
        found.append(Column("attribute", "project", is_numeric=False, text_cells=cells))
    if len({row[0] if row[0] in (0, 1, 2, 3) else 2 for row in stages}) > 1:
        found.append(Column("attribute", "stage", is_numeric=False))
    return found


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
