"""Points that are logged and not yet in the catalog are part of what is shown of a metric, as if they were in it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artui.model import Metric, Series, Summary
from artui.query.series.spooled import extended, with_pending

RUN, SERIES = "r1", ("r1", "", "loss")
VALUES = st.lists(
    st.floats(-1e6, 1e6) | st.sampled_from([0.0, 1.0, math.nan, math.inf, -math.inf]), min_size=1, max_size=30
)


def _points(values: list[float], first_step: int = 0) -> Any:
    steps = np.arange(first_step, first_step + len(values), dtype=np.int64)
    return steps, 1_000 * steps, np.asarray(values, np.float64)


def _summary(values: list[float]) -> Summary:
    """Say what the summary of a series is, in plain Python."""
    finite = [(value, step) for step, value in enumerate(values) if math.isfinite(value)]
    low = min(finite, key=lambda pair: pair[0], default=(None, None))
    high = max(finite, key=lambda pair: pair[0], default=(None, None))
    mean = math.fsum(value for value, _ in finite) / len(finite) if finite else None
    return Summary(
        len(values), len(finite), values[0], values[-1], low[0], high[0], mean, low[1], high[1], 0, len(values) - 1, 0, 1_000 * (len(values) - 1),
        sum(map(math.isnan, values)), values.count(math.inf), values.count(-math.inf),
    )  # fmt: skip


@given(VALUES, st.integers(1, 29))
def test_a_series_of_which_a_part_is_spooled_has_the_summary_of_the_whole(values: list[float], place: int) -> None:
    """Wherever the writer is, count, ends, extremes with their first steps, mean and the odd values are those of all points."""
    place = min(place, len(values))
    metrics = with_pending([], RUN, {SERIES: _points(values[:place])})
    if values[place:]:
        metrics = with_pending(metrics, RUN, {SERIES: _points(values[place:], place)})
    [metric], wanted = metrics, _summary(values)
    assert metric.name == "loss" and metric.series_key < 0
    for name in Summary.__slots__:
        seen, right = getattr(metric.summary, name), getattr(wanted, name)
        if name == "mean" and right is not None:
            assert seen == pytest.approx(right, rel=1e-9, abs=1e-6)
        else:
            assert seen == right or (seen != seen and right != right), name


def test_spooled_points_of_other_runs_and_other_series_are_left_alone() -> None:
    """A metric with other labels is its own line; another run's points change nothing."""
    metrics = [Metric(7, "loss", "", _summary([1.0, 2.0]))]
    pending = {SERIES: _points([3.0], 2), ("r2", "", "loss"): _points([9.0]), ("r1", "rank=1", "loss"): _points([4.0])}
    shown = with_pending(metrics, RUN, pending)
    assert [(metric.series_key, metric.labels, metric.summary.last) for metric in shown] == [(7, "", 3.0), (-2, "rank=1", 4.0)]  # fmt: skip
    assert with_pending(metrics, "r3", pending) is metrics


def test_what_the_machine_did_stands_behind_what_the_run_measured() -> None:
    """Metrics are sorted by name, those of the system last."""
    shown = with_pending([], RUN, {(RUN, "", name): _points([1.0]) for name in ("system/cpu", "zeta", "acc")})
    assert [metric.name for metric in shown] == ["acc", "zeta", "system/cpu"]


def test_spooled_points_follow_those_of_the_catalog() -> None:
    """Steps, times and values are put behind; without any the series is as it was."""
    series = Series(*_points([1.0, 2.0]))
    assert extended(series, None) is series
    steps, times_ms, values = extended(series, _points([3.0], 2)).arrays()
    assert (list(steps), list(times_ms), list(values)) == ([0, 1, 2], [0, 1_000, 2_000], [1.0, 2.0, 3.0])
