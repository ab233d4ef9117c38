"""Which columns a list of runs can have, which come first, and which it has by itself."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from artui import clock
from artui.catalog import cells as cell_of
from artui.catalog.origins import NAMED, ORIGINS_SINCE
from artui.model import Column, ParamType
from artui.query.aggregates import AGGREGATES, FINITE
from artui.query.keys import without_collecting
from artui.query.runs.rows import marks
from artui.query.runs.sorting import KEYS_BY_START, value_groups
from artui.query.series.ranking import BOOKS_RANK, metric_rank
from artui.query.slices import is_of_whole, labels_of, title
from artui.query.spelling import number_in

if TYPE_CHECKING:
    from artui.query.reader import Reader

SEED = re.compile(r"(?i)(^|[._/-])((random_?)?seed|random_?state)($|[._/-])")
"""Names of params that tell repetitions of one configuration apart; scikit-learn's is `random_state`."""
SAMPLE_RUNS = 200
"""So many of the newest runs decide which columns come first."""


SPARKED_METRICS = 2
EARLY_ATTRIBUTES = ("origin", "alias", "project")
ORDER_ATTRIBUTE = "started"
"""What runs are sorted by unless they are sorted by something else: it is in sight on all but narrow screens."""
EARLY_PARAMS = 2
"""So many params stand before the second metric: a narrow screen shows them."""
MAX_PARAMS = 8
MAX_METRICS = 6
MAX_NUMBER_CELLS = 8
"""No number needs more cells: what was computed has more digits than anybody reads."""
MANY_VALUES = 8
"""A text that differs in each of so many runs names them rather than saying how they were made."""


class Columns(NamedTuple):
    """The params and metrics of a catalog as columns."""

    params: Sequence[Column]
    """What most of the newest runs have comes first, here as in `metrics`."""
    metrics: Sequence[Column]
    varying: frozenset[str]
    """Ids of the params that have more than one value."""


def chosen_columns(columns: Columns, attributes: Sequence[Column] = ()) -> list[Column]:
    """Choose what the table shows unless it was arranged: what tells runs apart first.

    That is, of several catalogs that are shown as one, from which it is; the alias of what a run made, the project if there are several, a metric, two params that vary, another
    metric, when it started, by which runs are sorted, more params and metrics, the other `attributes`, seeds.
    """
    differing = [column for column in columns.params if column.id in columns.varying]
    seeds = [column for column in differing if SEED.search(column.name)]
    params = [column for column in differing if column not in seeds][:MAX_PARAMS]
    # What the machine did is on the run's own screens; as columns it would push the results out.
    metrics = [column for column in columns.metrics if not column.name.startswith("system/") and not column.labels][:MAX_METRICS]  # fmt: skip
    early = [column for name in EARLY_ATTRIBUTES for column in attributes if column.name == name]
    order = [column for column in attributes if column.name == ORDER_ATTRIBUTE]
    others = [column for column in attributes if column not in early and column not in order]
    return [
        *early, *metrics[:1], *params[:EARLY_PARAMS], *metrics[1:SPARKED_METRICS], *order, *params[EARLY_PARAMS:],
        *metrics[SPARKED_METRICS:], *others, *seeds,
    ]  # fmt: skip


def sparked_ids(chosen: Sequence[Column]) -> list[str]:
    """Give the ids of the chosen columns that have a sparkline: the first metrics."""
    return [column.id for column in chosen if column.source == "metric"][:SPARKED_METRICS]


def fitting_columns(
    reader: Reader, keys: Sequence[int], usual: Sequence[Column], attributes: Sequence[Column] = ()
) -> list[Column]:
    """Choose columns for some runs that have none of the metrics among the usual columns; none if the usual ones do.

    They are chosen as for a catalog that has only these runs.
    """
    every = columns(reader)
    if len(keys) > SAMPLE_RUNS:
        sample = [keys[place * len(keys) // SAMPLE_RUNS] for place in range(SAMPLE_RUNS)]
    else:
        sample = list(keys)
    usual_keys = {column.name_key for column in usual if column.source == "metric"}
    with reader.snapshot() as connection:
        having = _having(connection, "series", sample)
        if usual_keys & having.keys():
            return []
        metrics = [column for column in every.metrics if column.name_key in having]
        if not any(column in chosen_columns(Columns((), metrics, frozenset())) for column in metrics):
            return []
        if len(keys) > len(sample) and _has_any(connection, keys, usual_keys):
            return []
        seen = _seen_params(connection, sample)
    params = [column for column in every.params if column.name_key in seen]
    params.sort(key=lambda column: _param_rank(column, seen.get(column.name_key), sample))
    # Sorting keeps the order of what equally many runs have.
    metrics.sort(key=lambda column: -_tenths(having.get(column.name_key, 0), sample) // 4)
    varying = frozenset(column.id for column in params if seen[column.name_key].distinct > 1)
    return chosen_columns(Columns(params, metrics, varying), attributes)


ANY_SERIES = """
    SELECT 1
    FROM json_each(:keys) AS w
    CROSS JOIN series AS s ON s.run_key = w.value
    WHERE s.name_key IN (SELECT value FROM json_each(:names))
    LIMIT 1
"""


def _has_any(connection: sqlite3.Connection, keys: Sequence[int], name_keys: Collection[int]) -> bool:
    """Say whether one of many runs has a metric of these names."""
    values = {"keys": orjson.dumps(list(keys)).decode(), "names": orjson.dumps(sorted(name_keys)).decode()}
    return connection.execute(ANY_SERIES, values).fetchone() is not None


METRIC_NAMES = """
    SELECT n.key, n.text,
           (SELECT min(s.last) FROM series AS s WHERE s.name_key = n.key AND s.last > -1e308),
           (SELECT max(s.last) FROM series AS s WHERE s.name_key = n.key AND s.last < 1e308)
    FROM name AS n
    WHERE n.key % :parts = :part
      AND EXISTS (SELECT 1 FROM series AS s WHERE s.name_key = n.key)
    ORDER BY n.key
"""
"""All of them, or a part."""


PARAM_NAMES = """
    SELECT n.key, n.text,
           (SELECT min(p.number) FROM param AS p WHERE p.name_key = n.key AND p.number IS NOT NULL),
           (SELECT max(p.number) FROM param AS p WHERE p.name_key = n.key AND p.number IS NOT NULL),
           (SELECT min(p.text) FROM param AS p WHERE p.name_key = n.key AND p.text IS NOT NULL),
           (SELECT max(p.text) FROM param AS p WHERE p.name_key = n.key AND p.text IS NOT NULL)
    FROM name AS n
    WHERE n.key % :parts = :part
      AND (EXISTS (SELECT 1 FROM param AS p WHERE p.name_key = n.key AND p.number IS NOT NULL)
       OR EXISTS (SELECT 1 FROM param AS p WHERE p.name_key = n.key AND p.text IS NOT NULL))
    ORDER BY n.key
"""
_ALL = {"parts": 1, "part": 0}


def look_at_names(reader: Reader, *, parts: int, part: int) -> None:
    """Ask for a part of the names with what they hold."""
    with reader.reading() as connection:
        for query in (METRIC_NAMES, PARAM_NAMES):
            connection.execute(query, {"parts": parts, "part": part}).fetchall()


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
        having = _having(connection, "series", newest)
        seen = _seen_params(connection, newest)
        query = _SLICES.format(runs=marks(newest))
        slices = [(key, cell_of.text(labels)) for key, labels in connection.execute(query, newest)]
        longest = dict(
            connection.execute(
                f"SELECT name_key, max(length(text)) FROM param WHERE run_key IN ({marks(newest)}) AND text IS NOT NULL GROUP BY name_key",
                newest,
            )
        )
        for key, name, least, most in connection.execute(METRIC_NAMES, _ALL).fetchall():
            metrics.append(Column("metric", cell_of.text(name), key, low=_finite(least), high=_finite(most)))
        for key, name, low, high, first, last in connection.execute(PARAM_NAMES, _ALL).fetchall():
            cells = max([longest.get(key, 0), *(len(text) for text in (first, last) if isinstance(text, str))])
            if key in seen:
                cells = max(cells, min(seen[key].number_chars, MAX_NUMBER_CELLS))
            column = Column(
                "param",
                cell_of.text(name),
                key,
                is_numeric=(isinstance(low, int | float) or _are_numbers(first, last))
                and not _are_flags(seen.get(key), low, high),
                low=_finite(low),
                high=_finite(high),
                text_cells=cells,
            )
            params.append(column)
            if _varies(connection, column, (low, high), (first, last)):
                varying.add(column.id)
    params.sort(key=lambda column: _param_rank(column, seen.get(column.name_key), newest))
    ranks = {column.id: metric_rank(column.name, low=column.low, high=column.high) for column in metrics}
    # What only keeps the books stands behind all results, however few runs have these.
    metrics.sort(
        key=lambda column: (
            ranks[column.id] >= BOOKS_RANK,
            -_tenths(having.get(column.name_key, 0), newest) // 4,
            ranks[column.id],
            column.name_key,
        )
    )
    return Columns(tuple(params), (*metrics, *_sliced(metrics, slices)), frozenset(varying))


MAX_SLICES = 200
_SLICES = """
    SELECT DISTINCT name_key, labels
    FROM series
    WHERE run_key IN ({runs}) AND labels <> '' AND instr(labels, '=')
    ORDER BY name_key, labels
    LIMIT 2000
"""


def _sliced(metrics: Sequence[Column], slices: Sequence[tuple[int, str]]) -> list[Column]:
    """Give the slices of metrics as columns, by metric and label; each has one label."""
    labels: dict[int, dict[str, None]] = {}
    for key, text in slices:
        if not is_of_whole(text):
            labels.setdefault(key, {}).update(
                dict.fromkeys(label for label in labels_of(text) if not is_of_whole(label))
            )
    return [
        Column(
            "metric", title(column.name, [label]), column.name_key, low=column.low, high=column.high, labels=(label,)
        )
        for column in metrics
        for label in sorted(labels.get(column.name_key, ()))
    ][:MAX_SLICES]


class SeenParam(NamedTuple):
    """What the newest runs have as a param."""

    runs: int
    """So many of them have it."""
    distinct: int
    """Its distinct values."""
    is_text: bool
    is_flag: bool
    """Whether it is true or false in all of them."""
    number_chars: int
    """Letters of the longest of its numbers, as it was typed."""


def _seen_params(connection: sqlite3.Connection, newest: Sequence[int]) -> dict[int, SeenParam]:
    query = f"""
        SELECT name_key, count(*), count(DISTINCT coalesce(number, text)), count(number), min(type), max(type),
               max(length(CAST(number AS TEXT)) - 2 * (number = CAST(number AS INTEGER)))
        FROM param
        WHERE run_key IN ({marks(newest)})
        GROUP BY name_key
    """
    return {
        name_key: SeenParam(count, distinct, not number_count, least == most == ParamType.BOOL, chars or 0)
        for name_key, count, distinct, number_count, least, most, chars in connection.execute(query, list(newest))
    }


def _param_rank(column: Column, seen: SeenParam | None, newest: Sequence[int]) -> tuple[Any, ...]:
    """Rank a param: what tells the newest runs apart comes first, what most of them have before what few have."""
    if seen is None:
        return True, True, 0, column.name_key
    is_name = seen.is_text and seen.distinct == seen.runs >= MANY_VALUES
    return is_name, seen.distinct < 2, -_tenths(seen.runs, newest), column.name_key


def _are_flags(seen: SeenParam | None, low: Any, high: Any) -> bool:
    """Say whether a param is true or false in the newest runs, and nothing but 0 and 1 in all others."""
    return seen is not None and seen.is_flag and {low, high} <= {0, 1}


MAX_RANGED_SERIES = 200_000
"""In a catalog with more series the ranges of aggregates are not looked for: it would take seconds."""
RANGED = ("min", "max", "mean", "first", "count")


def aggregate_ranges(reader: Reader) -> Mapping[str, tuple[float, float]]:
    """Give the smallest and the largest finite value of each aggregate of each metric, by column id; empty for very many series."""
    memory = reader.memory.at(reader.file_token())
    return memory.get("ranges", lambda: _aggregate_ranges(reader))


def _aggregate_ranges(reader: Reader) -> Mapping[str, tuple[float, float]]:
    finite = ", ".join(
        f"{end}(CASE WHEN abs({AGGREGATES[word]}) <= {FINITE} THEN {AGGREGATES[word]} END)"
        for word in RANGED
        for end in ("min", "max")
    )
    ranges: dict[str, tuple[float, float]] = {}
    with reader.snapshot() as connection:
        if connection.execute("SELECT count(*) FROM series").fetchone()[0] > MAX_RANGED_SERIES:
            return ranges
        query = f"SELECT n.text, {finite} FROM series AS t JOIN name AS n ON n.key = t.name_key GROUP BY t.name_key"
        for name, *ends in connection.execute(query):
            for word, low, high in zip(RANGED, ends[::2], ends[1::2], strict=True):
                low, high = _finite(low), _finite(high)
                if low is not None and high is not None:
                    ranges[f"metric.{word}:{cell_of.text(name)}"] = low, high
    return ranges


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
            f"SELECT name_key, count(DISTINCT run_key) FROM {table} WHERE run_key IN ({marks(keys)}) GROUP BY name_key",
            list(keys),
        )
    )


def _tenths(count: int, keys: Sequence[int]) -> int:
    return 10 * count // max(1, len(keys))


def _finite(value: Any) -> float | None:
    if not isinstance(value, int | float) or value != value or abs(value) == float("inf"):
        return None
    return float(value)


TAG_NAMES = """
    SELECT n.key, n.text
    FROM name AS n
    WHERE EXISTS (SELECT 1 FROM tag AS t WHERE t.name_key = n.key)
    LIMIT 2000
"""


def tag_columns(reader: Reader) -> tuple[Column, ...]:
    """Give the tags of the catalog as columns."""
    with reader.snapshot() as connection:
        return tuple(
            Column("tag", cell_of.text(name), key, is_numeric=False, text_cells=8)
            for key, name in connection.execute(TAG_NAMES)
        )


PROJECTS_IN_USE = """
    SELECT p.name
    FROM project AS p
    WHERE EXISTS (SELECT 1 FROM run AS r WHERE r.project_key = p.key AND r.deleted_ms IS NULL)
    ORDER BY p.key
    LIMIT 1000
"""


ALIASES_IN_USE = """
    SELECT DISTINCT l.name
    FROM alias AS l
    WHERE EXISTS (SELECT 1 FROM edge AS e WHERE e.relation = 0 AND e.target_key = l.version_key)
    LIMIT 100
"""


AHEAD_CELLS = 8
_AHEAD_MS = 60_000


NAMED_ORIGINS = f"SELECT DISTINCT substr(o.place, 2) FROM origin AS o WHERE o.place LIKE '{NAMED}%'"
"""What the catalogs are called that are shown as one."""
_ORIGIN_CELLS = 20


def usual_attributes(reader: Reader, *, sample: int = 200) -> tuple[Column, ...]:
    """Give the attributes that are shown unless columns were chosen: start, duration, the alias of what a run made if any did, project and stage if they vary, and of several catalogs that are shown as one from which it is.

    Whether the stage varies is decided by the newest `sample` runs.
    """
    with reader.reading() as connection:
        projects = [cell_of.text(row[0]) for row in connection.execute(PROJECTS_IN_USE)]
        stages = connection.execute(
            "SELECT DISTINCT stage FROM (SELECT stage FROM run ORDER BY started_ms DESC LIMIT :sample)",
            {"sample": sample},
        ).fetchall()
        aliases = [cell_of.text(row[0]) for row in connection.execute(ALIASES_IN_USE)]
        newest = connection.execute("SELECT started_ms FROM run ORDER BY started_ms DESC LIMIT 1").fetchone()
        named = (
            [cell_of.text(row[0]) for row in connection.execute(NAMED_ORIGINS)]
            if reader.schema_version >= ORIGINS_SINCE
            else []
        )
    # Ages of runs whose clock was wrong say `in 3h`.
    is_ahead = newest is not None and isinstance(newest[0], int) and newest[0] > clock.now_ms() + _AHEAD_MS
    attributes = [Column("attribute", "started", text_cells=AHEAD_CELLS * is_ahead), Column("attribute", "duration")]
    if aliases:
        attributes.append(Column("attribute", "alias", is_numeric=False, text_cells=min(max(map(len, aliases)), 12)))
    if len(projects) > 1:
        cells = max(map(len, projects))
        attributes.append(Column("attribute", "project", is_numeric=False, text_cells=cells))
    if len(named) > 1:
        attributes.append(
            Column("attribute", "origin", is_numeric=False, text_cells=min(max(map(len, named)), _ORIGIN_CELLS))
        )
    if len({row[0] if row[0] in (0, 1, 2, 3) else 2 for row in stages}) > 1:
        attributes.append(Column("attribute", "stage", is_numeric=False))
    return tuple(attributes)
