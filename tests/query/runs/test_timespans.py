"""Runs grouped by when they started and how long they took."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artui.catalog import Catalog, runs
from artui.model import Column
from artui.query.reader import Reader
from artui.query.runs.grouping import grouped
from artui.query.runs.order import RunsRequest, run_order
from artui.query.runs.statistics import bin_count
from artui.query.runs.timebins import ladder_edges, span_edges
from artui.tui.widgets.spantexts import edge_texts, range_text

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
START = 1_790_000_000_000


@pytest.mark.parametrize(
    ("gap_ms", "form"), [(MINUTE, "%Y-%m-%d %H:%M"), (HOUR, "%Y-%m-%d %Hh"), (DAY, "%Y-%m-%d"), (31 * DAY, "%Y-%m")]
)
def test_times_are_put_into_spans_that_people_name(tmp_path: Path, gap_ms: int, form: str) -> None:
    """Minutes, hours, days or months, as all of them ask; never one group a millisecond."""
    path = tmp_path / "x.artui"
    starts = [START + number * gap_ms + part for number in range(10) for part in (0, 7)]
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for number, started_ms in enumerate(starts):
            runs.start(connection, runs.NewRun(project="p", name=f"run-{number}", started_ms=started_ms))
    with Reader(path) as reader:
        keys = run_order(reader, RunsRequest("")).keys
        groups = grouped(reader, keys, [Column("attribute", "started", is_numeric=True)])
    expected = [datetime.fromtimestamp(ms / 1000).strftime(form) for ms in starts]
    assert {str(group.values[0]): len(group.keys) for group in groups} == {text: expected.count(text) for text in expected}  # fmt: skip


def test_durations_are_put_into_seconds_minutes_and_hours(tmp_path: Path) -> None:
    path = tmp_path / "x.artui"
    took = {0.4: "below 1s", 0.9: "below 1s", 5.2: "5s", 5.9: "5s", 61.0: "1m", 7_300.0: "2h"}
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for seconds in took:
            key = runs.start(connection, runs.NewRun(project="p", name=f"run-{seconds}", started_ms=START))
            duration_ms = round(seconds * 1000)
            runs.finish(connection, key, status="finished", ended_ms=START + duration_ms, duration_ms=duration_ms)
        runs.start(connection, runs.NewRun(project="p", name="going", started_ms=START))
    with Reader(path) as reader:
        keys = run_order(reader, RunsRequest("status = finished")).keys
        groups = grouped(reader, keys, [Column("attribute", "duration", is_numeric=True)])
    texts = list(took.values())
    assert {group.values[0]: len(group.keys) for group in groups} == {text: texts.count(text) for text in texts}


@settings(max_examples=60, deadline=None)
@given(
    values=st.lists(st.integers(0, 400 * DAY), min_size=2, max_size=40, unique=True),
    is_moment=st.booleans(),
    bins=st.integers(12, 60),
)
def test_bins_of_time_have_round_ends(values: list[int], is_moment: bool, bins: int) -> None:
    """Equal spans that hold every value, as many as asked for at most, and all of them begin at full minutes, hours, days or Mondays."""
    numbers = np.array(values, np.float64) + (START if is_moment else 0)
    edges = span_edges(numbers, bin_count(numbers, bins), bins, is_moment=is_moment)

    assert len(edges) - 1 <= bins and edges[0] <= numbers.min() and numbers.max() <= edges[-1]
    (span,) = {later - edge for edge, later in pairwise(edges)}
    texts = edge_texts(edges, is_duration=not is_moment)
    assert len(set(texts)) == len(texts)
    if is_moment and span >= DAY:
        assert all(datetime.fromtimestamp(edge / 1000).hour in (23, 0, 1) for edge in edges)  # clocks may be changed
    if not is_moment and span >= MINUTE:
        assert all(edge % MINUTE == 0 for edge in edges)


def test_bins_of_durations_that_are_spread_wide_are_steps_of_a_ladder() -> None:
    """1, 2, 5, 10 and 20 of what people count in, from milliseconds to days; each step is at most three times the one before."""
    edges = ladder_edges(70, 7 * HOUR)

    assert edges[:3] == [50, 100, 200] and len(set(edge_texts(edges, is_duration=True))) == len(edges)
    assert edges[-1] == 10 * HOUR and all(1 < later / edge <= 3 for edge, later in pairwise(edges))
    assert range_text(1_200_000, HOUR, is_duration=True) == "20m … 60m"
    noon = datetime(2026, 6, 17, 12).timestamp() * 1000
    assert range_text(noon, noon + HOUR, is_duration=False) == "2026-06-17 12:00 … 13:00"
    midnight = noon - 12 * HOUR
    assert range_text(midnight, midnight + DAY, is_duration=False) == "2026-06-17 … 2026-06-18"
