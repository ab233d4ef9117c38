"""Runs that are running, and those that ended just now: how far they are, how fast, and what they measure."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from artui import clock
from artui.catalog import cells as cell_of
from artui.catalog import points
from artui.query.conditions import RECENT_VALUES
from artui.query.direction import is_far_from_best
from artui.query.heads import HEAD_COLUMNS, head_from_row
from artui.query.headway import (
    LEAST_STALL_MS,
    Earlier,
    Headway,
    counter_of,
    headway_like,
    headway_of,
    pace_of,
    stall_ms_of,
)
from artui.query.run import run_params
from artui.query.series.metrics import run_metrics
from artui.query.series.points import decoded
from artui.query.series.ranking import metric_rank
from artui.query.series.sparks import SPARK_DECODES, last_values, spark_values
from artui.query.series.spooled import pending, with_pending

if TYPE_CHECKING:
    from artui.model import Metric, RunHead
    from artui.query.reader import Reader

MAX_RUNS = 40
"""So many runs are read whole."""
MAX_WATCHED = 200
"""So many are looked at for alerts."""
SKEW_MS = 5 * 60 * 1000
"""A run that ended later than this from now ended by a clock that is wrong."""
ENDED_MS = 30 * 60 * 1000
"""Runs that ended less than this ago are shown after those that are running, and rules are about them, too."""
SPARK_VALUES = 120
LONGEST_DECODES = 8
"""Series of up to so many blocks are read whole, if there are few runs."""
ERROR_BYTES = 4000
"""So much of the end of an error is read."""

NEAREST_RUNS = 50
"""Among so many runs of a project that began before a run, those that finished say where it may end."""
EARLIER = """
    SELECT before.name, s.last_step
    FROM (
        SELECT r.key, r.name, r.status, r.started_ms
        FROM run AS r
        WHERE r.project_key = (SELECT project_key FROM run WHERE key = :run)
          AND r.started_ms < :started
          AND r.deleted_ms IS NULL
        ORDER BY r.started_ms DESC, r.key DESC
        LIMIT :nearest
    ) AS before
    JOIN series AS s
      ON s.run_key = before.key
     AND s.name_key = (SELECT key FROM name WHERE text = :metric)
     AND s.labels = :labels
    WHERE before.status = 1
    ORDER BY before.started_ms DESC, before.key DESC
    """


ENDED = """
    r.ended_ms > :since AND r.ended_ms < :until AND r.status <> 0 AND r.deleted_ms IS NULL AND r.started_ms > :long_ago
    """
COUNTS = f"""
    SELECT
        (SELECT count(*) FROM run AS r WHERE r.status = 0 AND r.deleted_ms IS NULL),
        (SELECT count(*) FROM run AS r WHERE {ENDED})
    """


@dataclass(frozen=True, slots=True)
class LiveMetric:
    """A metric of a run as it stands now."""

    metric: Metric
    spark: Sequence[float] = ()
    recent: Sequence[float] = ()
    """The last values, oldest first."""

    @property
    def is_far_from_best(self) -> bool:
        """Whether its last value is far worse than its best one, as the table of runs marks it."""
        summary = self.metric.summary
        if summary.min is None or summary.max is None:
            return False
        return is_far_from_best(
            self.metric.name, first=summary.first, last=summary.last, low=summary.min, high=summary.max
        )


@dataclass(frozen=True, slots=True)
class LiveRun:
    """A run as it stands now."""

    head: RunHead
    heard_ms: int
    """Time of its last heartbeat or point."""
    step: int | None
    """The highest last step of what it logs."""
    steps_per_second: float | None
    metrics: Sequence[LiveMetric]
    """What it logs, but for the use of the machine."""
    system: Mapping[str, float] = field(default_factory=dict)
    """Last values under `system/`."""
    error: str = ""
    """The last line of what ended it."""
    headway: Headway | None = None
    point_ms: int = 0
    """Time of the last point of what it logs; 0 if it logged none."""
    stall_ms: int | None = None
    """So long after its last point it stands still; None where that is not known."""

    def stalled_ms(self, now_ms: int) -> int | None:
        """Give the time since the last point of a running run if it is far longer than usual; None if it is not."""
        silent_ms = now_ms - self.point_ms
        is_stalled = self.head.status == "running" and self.stall_ms is not None and silent_ms >= self.stall_ms
        return silent_ms if is_stalled else None


@dataclass(frozen=True, slots=True)
class LiveRuns:
    """The running runs, newest first, then those that ended within the last half hour."""

    runs: Sequence[LiveRun]
    """The first MAX_RUNS of them."""
    others: Sequence[LiveRun] = ()
    """More of them, as `watched_runs` gives them."""
    running_count: int = 0
    """Of all that there are."""
    ended_count: int = 0
    """Of all that ended within the last half hour."""


def live_runs(reader: Reader, depth_of: Callable[[str], int] = lambda name: 0) -> LiveRuns:
    """Give the running runs, newest first, then those that ended within the last half hour.

    Args:
        depth_of: how many of the last values are needed of a metric of runs that are not read whole; 0 for none.
    """
    with reader.snapshot() as connection:
        pending_series, rows = pending(reader, connection), _rows(connection)
        decodes = max(SPARK_DECODES, min(LONGEST_DECODES, 64 // max(1, len(rows[:MAX_RUNS]))))
        running_count, ended_count = connection.execute(COUNTS, _ended_between()).fetchone()
        return LiveRuns(
            [_live(connection, row, pending_series, decodes) for row in rows[:MAX_RUNS]],
            [_watched(connection, row, pending_series, depth_of) for row in rows[MAX_RUNS:]],
            running_count,
            ended_count,
        )


def live_run(reader: Reader, run_id: str) -> LiveRun | None:
    """Say how one run goes, whatever its status, without what it logs; None if there is none of that id."""
    with reader.snapshot() as connection:
        row = connection.execute(
            f"""
            SELECT {HEAD_COLUMNS}, ''
            FROM run AS r
            LEFT JOIN project AS p ON p.key = r.project_key
            WHERE r.id = :id
            """,
            {"id": run_id},
        ).fetchone()
        if row is None:
            return None
        pending_series = pending(reader, connection)
        metrics = with_pending(run_metrics(connection, row[0]), head_from_row(row).id, pending_series)
        return _course(connection, row, metrics, pending_series)


def watched_runs(reader: Reader, depth_of: Callable[[str], int]) -> list[LiveRun]:
    """Give the runs that rules are about, with no more of their metrics than rules go by.

    Args:
        depth_of: how many of the last values are needed of a metric of some name; 0 for none.
    """
    with reader.snapshot() as connection:
        pending_series = pending(reader, connection)
        return [_watched(connection, row, pending_series, depth_of) for row in _rows(connection)]


def _ended_between() -> dict[str, int]:
    now_ms = clock.now_ms()
    return {"since": now_ms - ENDED_MS, "until": now_ms + SKEW_MS, "long_ago": now_ms - 30 * 86_400_000}


def _rows(connection: sqlite3.Connection) -> list[Any]:
    rows = connection.execute(
        f"""
        SELECT {HEAD_COLUMNS}, ''
        FROM run AS r
        LEFT JOIN project AS p ON p.key = r.project_key
        WHERE r.status = 0 AND r.deleted_ms IS NULL
        ORDER BY r.started_ms DESC, r.key DESC
        LIMIT :limit
        """,
        {"limit": MAX_WATCHED},
    ).fetchall()
    rows += connection.execute(
        f"""
        SELECT {HEAD_COLUMNS}, substr(r.error, -:bytes)
        FROM run AS r
        LEFT JOIN project AS p ON p.key = r.project_key
        WHERE {ENDED}
        ORDER BY r.ended_ms DESC, r.key DESC
        LIMIT :limit
        """,
        {**_ended_between(), "limit": MAX_WATCHED - len(rows), "bytes": ERROR_BYTES},
    ).fetchall()
    return rows


def _live(connection: sqlite3.Connection, row: Any, pending_series: Any, decodes: int) -> LiveRun:
    run_id = head_from_row(row).id
    metrics = with_pending(run_metrics(connection, row[0]), run_id, pending_series)
    logged = _logged(metrics)
    system = {
        metric.name.removeprefix("system/"): metric.summary.last
        for metric in metrics
        if is_of_machine(metric) and not metric.labels
    }
    sparks = spark_values(
        connection, [metric.series_key for metric in logged if metric.series_key >= 0], most=SPARK_VALUES, decodes=decodes
    )  # fmt: skip
    live = []
    for metric in logged:
        recent = _recent(connection, run_id, metric, pending_series, RECENT_VALUES)
        live.append(LiveMetric(metric, sparks.get(metric.series_key, recent), recent))
    return replace(_course(connection, row, metrics, pending_series), metrics=live, system=system)


def _logged(metrics: Iterable[Metric]) -> list[Metric]:
    """Give the metrics that do not tell of the machine, the likeliest to be looked at first."""
    return sorted(
        (metric for metric in metrics if not is_of_machine(metric)),
        key=lambda metric: (bool(metric.labels), metric_rank(metric.name), metric.name, metric.labels),
    )


def _course(connection: sqlite3.Connection, row: Any, metrics: Sequence[Metric], pending_series: Any) -> LiveRun:
    """Say how a run goes: what it logged is given, and not kept."""
    head, logged = head_from_row(row), _logged(metrics)
    step = max((metric.summary.last_step for metric in logged), default=None)
    is_running = head.status == "running"
    # Of other runs no pace is said.
    most, counter = (_longest(logged), counter_of(logged)) if is_running else (None, None)
    steps, times_ms, _ = _last_points(connection, head.id, most, pending_series)
    rate, epoch_rate = pace_of(times_ms, steps), _epoch_pace(connection, head.id, counter, pending_series)
    headway = headway_of(run_params(connection, row[0]), logged, step, rate, epoch_rate)
    if headway is None and is_running:
        headway = _headway_like(connection, head, logged, rate)
    return LiveRun(
        head, _heard(row, metrics), step, rate, (),
        error=cell_of.text(row[11]).rstrip().rsplit("\n", 1)[-1].strip(),
        headway=headway, point_ms=_point_ms(logged), stall_ms=stall_ms_of(times_ms),
    )  # fmt: skip


def _watched(connection: sqlite3.Connection, row: Any, pending_series: Any, depth_of: Callable[[str], int]) -> LiveRun:
    head = head_from_row(row)
    metrics = with_pending(run_metrics(connection, row[0]), head.id, pending_series)
    live = []
    for metric in metrics:
        depth = 0 if is_of_machine(metric) else depth_of(metric.name)
        if depth == 1:
            live.append(LiveMetric(metric, recent=(metric.summary.last,)))
        elif depth:
            live.append(LiveMetric(metric, recent=_recent(connection, head.id, metric, pending_series, depth)))
    logged = [metric for metric in metrics if not is_of_machine(metric)]
    point_ms = _point_ms(logged)
    # What is usual is read only of a run that has been silent for a while: this is asked every other second.
    is_silent = head.status == "running" and clock.now_ms() - point_ms >= LEAST_STALL_MS
    times_ms = _last_points(connection, head.id, _longest(logged), pending_series)[1] if is_silent else []
    stall_ms = stall_ms_of(times_ms) if is_silent else None
    return LiveRun(head, _heard(row, metrics), None, None, live, point_ms=point_ms, stall_ms=stall_ms)


def is_of_machine(metric: Metric) -> bool:
    """Say whether a metric is about the use of the machine."""
    return metric.name.startswith("system/")


def _recent(
    connection: sqlite3.Connection, run_id: str, metric: Metric, pending_series: Any, count: int
) -> list[float]:
    """Give the last values of a metric, with those that are only spooled."""
    later = pending_series.get((run_id, metric.labels, metric.name))
    fresh = [] if later is None else later[2][-count:].tolist()
    return [*last_values(connection, metric.series_key, count), *fresh][-count:]


def _heard(row: Any, metrics: Sequence[Metric]) -> int:
    # A heartbeat in the future says that no sign of life is expected until then, as of a run that a person keeps.
    beat_ms = row[10] if isinstance(row[10], int) and row[10] <= clock.now_ms() else 0
    return max([beat_ms, *(metric.summary.last_ms for metric in metrics)])


def _point_ms(metrics: Sequence[Metric]) -> int:
    return max((metric.summary.last_ms for metric in metrics), default=0)


def _last_points(
    connection: sqlite3.Connection, run_id: str, metric: Metric | None, pending_series: Any
) -> tuple[list[int], list[int], list[float]]:
    """Give steps, times and values of the last points of a metric, as far as they are not damaged; none of no metric."""
    if metric is None:
        return [], [], []
    parts = [
        decoded(count, codec, payload, digest, points.decode)
        for count, codec, payload, digest in connection.execute(
            "SELECT count, codec, payload, digest FROM block WHERE series_key = :series ORDER BY number DESC LIMIT 2",
            {"series": metric.series_key},
        )
    ]
    parts = [*reversed(parts), pending_series.get((run_id, metric.labels, metric.name))]
    steps, times_ms, values = ([x for part in parts if part is not None for x in part[i].tolist()] for i in range(3))
    return steps, times_ms, values


def _epoch_pace(
    connection: sqlite3.Connection, run_id: str, counter: Metric | None, pending_series: Any
) -> float | None:
    """Epochs a second, by when the metric that counts them rose lately; None where that is not known."""
    _, times_ms, epochs = _last_points(connection, run_id, counter, pending_series)
    # It may be logged at each batch, with the same number over and over.
    rises = [at for at in range(1, len(epochs)) if epochs[at] > epochs[at - 1]]
    return pace_of([times_ms[at] for at in rises], [epochs[at] for at in rises])


def _headway_like(
    connection: sqlite3.Connection, head: RunHead, metrics: Sequence[Metric], rate: float | None
) -> Headway | None:
    """Say how far a run is, by the runs of its project that finished before it."""
    most = _longest(metrics)
    if most is None:
        return None
    earlier = [
        Earlier(cell_of.text(name), last_step)
        for name, last_step in connection.execute(
            EARLIER,
            {"run": head.key, "started": head.started_ms, "metric": most.name, "labels": most.labels, "nearest": NEAREST_RUNS},
        )
        if isinstance(last_step, int)
    ]  # fmt: skip
    return headway_like(earlier, head.name, most.summary.last_step, rate)


def _longest(metrics: Sequence[Metric]) -> Metric | None:
    """Give the metric that has most points."""
    return max(metrics, key=lambda metric: metric.summary.count, default=None)
