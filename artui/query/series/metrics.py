"""The metrics of a run, or of several, with their summaries."""

from __future__ import annotations

import math
import sqlite3
from typing import Any

from artui.catalog import cells as cell_of
from artui.model import Metric, Summary
from artui.query.border import Shape
from artui.query.keys import without_collecting
from artui.query.series.spooled import metric_order

RUN_METRICS = """
    SELECT s.key, n.text, s.labels, s.count, s.finite_count, s.first, s.last, s.min, s.max, s.sum, s.min_step, s.max_step,
           s.first_step, s.last_step, s.first_ms, s.last_ms, s.nan_count, s.positive_inf_count, s.negative_inf_count
    FROM series AS s
    LEFT JOIN name AS n ON n.key = s.name_key
    WHERE s.run_key = :run
    ORDER BY n.text >= 'system/' AND n.text < 'system0', n.text, s.labels
    LIMIT :limit
"""
"""In the order of `metric_order`."""


_USUAL = (int, str, str, int, int, float, float, float, float, float, *[int] * 9)
"""The cell types of nearly all rows: cells of such a row need not be checked one by one."""


def run_metrics(connection: sqlite3.Connection, run_key: int, *, limit: int | None = None) -> list[Metric]:
    """Read the metrics of a run with their summaries, in order; the first `limit`."""
    with without_collecting():
        rows = connection.execute(RUN_METRICS, {"run": run_key, "limit": -1 if limit is None else limit}).fetchall()
        metrics = [_usual_metric(*row) if tuple(map(type, row)) == _USUAL else _metric(row) for row in rows]
        if all(type(row[1]) is str and type(row[2]) is str for row in rows):
            return metrics
    # SQLite sorts names of other types by their type; here they are texts.
    return sorted(metrics, key=metric_order)


def _usual_metric(key: int, name: str, labels: str, count: int, finite: int, first: float, last: float, low: float, high: float, added: float, *places: int) -> Metric:  # fmt: skip
    mean = mean_of(added, finite, low, high)
    damaged = () if count == finite + places[-3] + places[-2] + places[-1] and count > 0 else ("counts",)
    return Metric(key, name, labels, Summary(count, finite, first, last, low, high, mean, *places), damaged)


def _metric(row: tuple[Any, ...]) -> Metric:
    """Make a metric of a row with cells of unusual types: empty for want of finite points, or damaged."""
    key, name, labels, *cells = row
    added = cells.pop(6)
    values, damaged = SUMMARIES.cells_of([*cells[:6], None, *cells[6:]])
    count, finite, _, _, low, high, *_, nans, positive_infs, negative_infs = values
    values[6] = mean_of(cell_of.number(added), finite, low, high)
    if not damaged and count != finite + nans + positive_infs + negative_infs:
        damaged = ("counts",)
    texts = {"name": name, "labels": labels, "sum": "" if added is None or isinstance(added, float) else None}
    damaged = (*(word for word, cell in texts.items() if not isinstance(cell, str)), *damaged)
    return Metric(key, cell_of.text(name), cell_of.text(labels), Summary(*values), damaged)


def mean_of(added: float | None, count: int, low: float | None, high: float | None) -> float | None:
    """Give the mean of `count` finite values, kept between their extremes; None if their sum is not known."""
    if not count or added is None or low is None or high is None or not math.isfinite(added):
        return None
    return min(max(added / count, low), high)


SUMMARIES = Shape(
    Summary,
    "count finite_count first last min max mean min_step max_step first_step last_step first_ms last_ms "
    "nan_count positive_inf_count negative_inf_count",
    may_lack="first last",
)
