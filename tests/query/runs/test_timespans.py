"""Runs grouped by when they started and how long they took."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from artui.catalog import Catalog, runs
from artui.model import Column
from artui.query.reader import Reader
from artui.query.runs.grouping import grouped
from artui.query.runs.order import RunsRequest, run_order

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
