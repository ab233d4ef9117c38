"""How good what serves is live, beside what its test said."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from artui.catalog import cells
from artui.model.drifts import Quality
from artui.model.tallies import OTHERS, Tally, positive_of
from artui.query.direction import guess_direction, has_direction
from artui.query.series.metrics import run_metrics

if TYPE_CHECKING:
    from artui.model.deployments import Deployment
    from artui.model.windows import Window
    from artui.query.reader import Reader

MOST_METRICS = 40
_MOST_RUNS = 20
_SURE = 1.96
"""So many standard deviations hold the true value in 19 of 20 cases."""
_TEST_PARTS = ("test/", "test_", "eval/", "eval_")
"""What the test's metric may begin with, in the order in which it is looked for."""
_ALSO_CALLED = {"accuracy": ("acc",), "precision": ("prec",)}
_RUNS = """
    SELECT r.key, r.name
    FROM edge AS e
    JOIN run AS r ON r.key = CASE e.relation WHEN 1 THEN e.target_key ELSE e.source_key END
    WHERE ((e.relation = 1 AND e.source_key = :version) OR (e.relation = 0 AND e.target_key = :version)) AND r.deleted_ms IS NULL
    ORDER BY e.relation DESC, r.started_ms DESC, r.key DESC
    LIMIT :most
"""
"""The runs that used a version, the newest first, and then the one that made it."""
_TESTED_ROWS = """
    SELECT sum(f.row_count)
    FROM edge AS e
    JOIN profile AS f ON f.version_key = e.source_key AND f.to_ms = 0
    WHERE e.relation = 1 AND e.target_key = :run AND e.source_key <> :version AND (lower(f.part) LIKE '%test%' OR :is_only)
"""


def quality_of(reader: Reader, deployment: Deployment, windows: Sequence[Window]) -> tuple[Quality, ...]:
    """Give the live metrics of some windows, each beside the test of the version that served last in them."""
    if not windows:
        return ()
    tally = Tally()
    for window in windows:
        tally = tally.added(window.tally)
    metrics = tally.metrics
    on = deployment.served(windows[-1].to_ms - 1)
    tests: dict[str, tuple[float, int | None, str]] = {}
    if on:
        with reader.snapshot() as connection:
            tests = _tests_of(connection, on[0].release.version_id, [*metrics])
    return tuple(
        _quality(name, value, metric_count(tally, name), tests.get(name))
        for name, value in list(metrics.items())[:MOST_METRICS]
    )


def metric_count(tally: Tally, name: str) -> int:
    """Give of how many truths a live metric is."""
    word, _, of_class = name.partition(".")
    if word in ("mae", "rmse"):
        return tally.numbers
    of_class = of_class or positive_of(sorted({each for pair in tally.pairs for each in pair} - {OTHERS})) or ""
    if word == "accuracy" or not of_class:
        return sum(tally.pairs.values())
    guessed = sum(count for (guess, _), count in tally.pairs.items() if guess == of_class)
    true = sum(count for (_, what), count in tally.pairs.items() if what == of_class)
    return {"precision": guessed, "recall": true}.get(word, guessed + true)


def _tests_of(
    connection: sqlite3.Connection, version_id: str, names: Sequence[str]
) -> dict[str, tuple[float, int | None, str]]:
    """Give of each metric its value in the test, of how many rows that was, and the run."""
    row = connection.execute("SELECT key FROM version WHERE id = ?", (version_id,)).fetchone()
    if row is None:
        return {}
    version_key = int(row[0])
    found: dict[str, tuple[float, int | None, str]] = {}
    for run_key, run_name in connection.execute(_RUNS, {"version": version_key, "most": _MOST_RUNS}).fetchall():
        measured = {metric.name: metric.summary.last for metric in run_metrics(connection, int(run_key))}
        for name in names:
            value = _first(measured, name)
            if name not in found and value is not None:
                found[name] = value, _tested_rows(connection, int(run_key), version_key), cells.text(run_name)
    return found


def _first(measured: Mapping[str, float], name: str) -> float | None:
    spelled = (name, name.replace(".", "/"), name.replace(".", "_"), *_ALSO_CALLED.get(name, ()))
    # Without `test/` it may be of anything that the run measured.
    values = (measured.get(part + each) for part in _TEST_PARTS for each in spelled)
    return next((value for value in values if value is not None and math.isfinite(value)), None)


def _tested_rows(connection: sqlite3.Connection, run_key: int, version_key: int) -> int | None:
    """Count the rows that a run tested with: those of the files that are called so, else of all that it used."""
    for is_only in (False, True):
        values = {"run": run_key, "version": version_key, "is_only": is_only}
        (count,) = connection.execute(_TESTED_ROWS, values).fetchone()
        if count:
            return cells.integer(count)
    return None


def _quality(name: str, live: float, count: int, test: tuple[float, int | None, str] | None) -> Quality:
    is_better_higher = guess_direction(name) == "higher" if has_direction(name) else None
    if test is None:
        return Quality(name, live, count, is_better_higher=is_better_higher)
    value, test_count, run = test
    uncertainty = None
    if 0 <= live <= 1 and 0 <= value <= 1 and count and not name.startswith(("mae", "rmse")):
        # As shares of so many: of F1 that is about right.
        variance = live * (1 - live) / count + (value * (1 - value) / test_count if test_count else 0.0)
        uncertainty = _SURE * math.sqrt(variance)
    return Quality(name, live, count, value, test_count, run, is_better_higher, uncertainty)
