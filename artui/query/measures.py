"""Numbers in the metadata of an artifact's versions, by which they can be told apart: the loss of each checkpoint."""

from __future__ import annotations

import math
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from artui.catalog import cells as cell_of
from artui.errors import UsageError
from artui.near import did_you_mean
from artui.numbers import as_float
from artui.query.artifacts import version_heads
from artui.query.direction import guess_direction, is_result
from artui.query.series.ranking import metric_rank

if TYPE_CHECKING:
    from artui.query.reader import Reader

MOST = 6
_METADATA = "SELECT key, metadata FROM version WHERE artifact_key = :artifact AND deleted_ms IS NULL"


class Measure(NamedTuple):
    """A number that most versions of an artifact have in their metadata."""

    name: str
    """Nested names have dots."""
    values: Mapping[int, float | int]
    """By the key of the version."""


def version_measures(reader: Reader, artifact_key: int) -> list[Measure]:
    """Give the numbers that at least half of the versions have and that differ between them; what they are judged by comes first."""
    values: dict[str, dict[int, float | int]] = {}
    count = 0
    with reader.snapshot() as connection:
        for key, metadata in connection.execute(_METADATA, {"artifact": artifact_key}):
            count += 1
            for name, value in _numbers(cell_of.object_of(metadata) or {}):
                values.setdefault(name, {})[key] = value
    measures = [
        Measure(name, by_key)
        for name, by_key in values.items()
        if 2 * len(by_key) >= count and len(set(by_key.values())) > 1
    ]
    return sorted(measures, key=lambda measure: metric_rank(measure.name))[:MOST]


def _numbers(content: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, float | int]]:
    for name, value in content.items():
        if isinstance(value, dict) and before.count(".") < 3:
            yield from _numbers(value, f"{before}{name}.")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield before + name, value


class Making(NamedTuple):
    """Where a version came from, and what it is judged by."""

    run: str
    """The name of the run that made it; empty for none."""
    measure: str = ""
    """The name of a result in its metadata, or else of its run's metric; empty for none."""
    value: float | int | None = None
    """None for none."""


NUMBERS_OF_VERSIONS = "SELECT key, metadata FROM version WHERE deleted_ms IS NULL"
RESULTS_BY_NAME = """
    SELECT e.target_key, s.last
    FROM name AS n
    JOIN series AS s ON s.name_key = n.key
    JOIN edge AS e ON e.relation = 0 AND e.source_key = s.run_key
    WHERE n.text = :metric
      AND s.labels = ''
      AND s.last IS NOT NULL
"""
NAMES_OF_METRICS = "SELECT DISTINCT n.text FROM series AS s JOIN name AS n ON n.key = s.name_key WHERE s.labels = ''"


def results_by(connection: sqlite3.Connection, metric: str) -> dict[int, float]:
    """Give of each version, by its key, a number in its metadata, or else what the metric of that name was at last in the run that made it.

    Raises:
        UsageError: no version has one.
    """
    results = {key: float(last) for key, last in connection.execute(RESULTS_BY_NAME, {"metric": metric}) if isinstance(last, float)}  # fmt: skip
    names: dict[str, None] = {}
    for key, metadata in connection.execute(NUMBERS_OF_VERSIONS):
        for name, value in _numbers(cell_of.object_of(metadata) or {}):
            names[name] = None
            if name == metric:
                results[key] = as_float(value)
    if not results:
        metrics = (row[0] for row in connection.execute(NAMES_OF_METRICS) if isinstance(row[0], str))
        raise UsageError(
            f"No version has a {metric!r}, nor has its run.",
            remedy=did_you_mean(metric, [*names, *metrics]) or "A number in the metadata or a metric has its name.",
        )
    return results


def best_keys(reader: Reader, version_keys: Sequence[int]) -> set[int]:
    """Give those of some versions that have the best result of all versions of their artifact."""
    values = {"keys": orjson.dumps(list(version_keys)).decode()}
    with reader.snapshot() as connection:
        rows = connection.execute(OF_SAME_ARTIFACTS, values).fetchall()
    made = makings(reader, [key for key, _ in rows])
    best: dict[tuple[int, str], tuple[float, int]] = {}
    counts: Counter[tuple[int, str]] = Counter()
    for key, artifact_key in rows:
        making = made.get(key)
        if making is None or making.value is None or not math.isfinite(value := as_float(making.value)):
            continue
        measured = value if guess_direction(making.measure) == "lower" else -value
        counts[artifact_key, making.measure] += 1
        best[artifact_key, making.measure] = min(
            best.get((artifact_key, making.measure), (math.inf, 0)), (measured, -key)
        )
    wanted = set(version_keys)
    return {-key for judged, (_, key) in best.items() if counts[judged] > 1 and -key in wanted}


OF_SAME_ARTIFACTS = """
    SELECT v.key, v.artifact_key
    FROM version AS v
    WHERE v.deleted_ms IS NULL
      AND v.artifact_key IN (
        SELECT o.artifact_key FROM json_each(:keys) AS w CROSS JOIN version AS o ON o.key = w.value
      )
    ORDER BY v.artifact_key, v.number DESC
"""
OF_KEYS = "SELECT w.value FROM json_each(:keys) AS w"
METADATA = "SELECT v.key, v.metadata FROM json_each(:keys) AS w CROSS JOIN version AS v ON v.key = w.value"
RESULTS = """
    SELECT s.run_key, n.text, s.last
    FROM json_each(:keys) AS w
    CROSS JOIN series AS s ON s.run_key = w.value
    JOIN name AS n ON n.key = s.name_key
    WHERE s.labels = ''
      AND s.last IS NOT NULL
"""


def makings(reader: Reader, version_keys: Sequence[int]) -> dict[int, Making]:
    """Say of versions, deleted ones too, which run made them, and the first result by which one would judge them."""
    values = {"keys": orjson.dumps(list(version_keys)).decode()}
    with reader.snapshot() as connection:
        heads = version_heads(connection, OF_KEYS, values, with_deleted=True)
        judged: dict[int, tuple[str, float | int]] = {}
        for key, metadata in connection.execute(METADATA, values):
            found = [pair for pair in _numbers(cell_of.object_of(metadata) or {}) if is_result(pair[0])]
            if found:
                judged[key] = min(found, key=lambda pair: metric_rank(pair[0]))
        runs = {head.made_by.key for head in heads if head.made_by is not None and head.key not in judged}
        of_runs: dict[int, list[tuple[str, float]]] = {}
        for run_key, name, last in connection.execute(RESULTS, {"keys": orjson.dumps(sorted(runs)).decode()}):
            if isinstance(name, str) and isinstance(last, float) and is_result(name):
                of_runs.setdefault(run_key, []).append((name, last))
    made: dict[int, Making] = {}
    for head in heads:
        run = head.made_by
        best = judged.get(head.key)
        if best is None and run is not None and run.key in of_runs:
            best = min(of_runs[run.key], key=lambda pair: (metric_rank(pair[0]), pair[0]))
        made[head.key] = Making(run.name if run is not None else "", *(best or ()))
    return made
