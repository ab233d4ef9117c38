"""Runs of very many metrics: what is shown is fetched, and what is fetched is in one order."""

from __future__ import annotations

import asyncio
import json
import math
from pathlib import Path

import numpy as np
import pytest

from artui.catalog import Catalog, points, runs
from artui.cli import run as artui
from artui.model import Metric
from artui.query.run import get_run
from artui.query.runs.columns import columns
from artui.query.series.metrics import run_metrics
from artui.query.series.spooled import metric_order
from artui.tui.facts.metrics import metric_lines
from artui.tui.screens.run import FIRST_METRICS
from tests.reading import open_reader
from tests.tui.looking import make_app, settled, shown

COUNT = 1_200
ODD_NAMES = [
    "system", "system/cpu", "system/", "system0", "systemic", "a/system/b", "Ä", "z", "\U0001f600", "val/loss", "", " ",
    "val/loss.min", "system/é", "\x00nul",
]  # fmt: skip


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.artui"


def _make(path: Path, series: list[tuple[str, str, list[float]]]) -> str:
    with Catalog(path) as catalog, catalog.transaction() as connection:
        key = runs.start(connection, runs.NewRun(project="p", name="many", started_ms=1_789_999_000_000))
        for name, labels, values in series:
            steps = np.arange(len(values), dtype=np.int64)
            points.append(connection, key, runs.name_key(connection, name), labels, steps, steps, np.array(values))
        return str(connection.execute("SELECT id FROM run").fetchone()[0])


def _many(path: Path) -> str:
    return _make(path, [(f"layer-{number:04d}", "", [1.0, float(number)]) for number in range(COUNT)])


def test_first_metrics_are_the_beginning_of_all(path: Path) -> None:
    """However names, labels and values are, any number of metrics is the beginning of all of them in their order."""
    values = [[1.0], [math.nan], [math.inf, 2.0], [0.0, -0.0, 1e308, 1e308]]
    run_id = _make(
        path,
        [
            (name, labels, values[number % 4])
            for number, name in enumerate(ODD_NAMES)
            for labels in ("", "rank=1", "rank=10")
        ],
    )
    with open_reader(path) as reader:
        every = get_run(reader, run_id).metrics
        with reader.snapshot() as connection:
            by_name = {(metric.name, metric.labels): repr(metric) for metric in run_metrics(connection, 1)}
        for count in (0, 1, 7, len(every), len(every) + 1):
            some = get_run(reader, run_id, max_metrics=count)

            assert repr(some.metrics) == repr(every[:count]) and some.metric_count == len(every) == 3 * len(ODD_NAMES)
    assert list(every) == sorted(every, key=metric_order)
    assert [repr(metric) for metric in every] == [by_name[metric.name, metric.labels] for metric in every]


def test_show_says_how_many_more_there_are(path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """`artui show` lists a thousand metrics and counts the rest; `--json` has each."""
    _many(path)

    assert artui(["show", "many", "-c", str(path)]) == 0
    shown_text = capfd.readouterr().out
    assert artui(["show", "many", "-c", str(path), "--json"]) == 0
    shown = json.loads(capfd.readouterr().out)["run"]

    assert shown_text.count("layer-") == 1_000 and "and 200 more: --json has them all" in shown_text
    assert [metric["name"] for metric in shown["metrics"]] == [f"layer-{number:04d}" for number in range(COUNT)]


def test_run_screen_has_all_metrics(path: Path) -> None:
    """The first metrics of a run are drawn before all are read, and then all are there."""
    _many(path)

    async def look() -> tuple[str, str]:
        async with make_app(path).run_test(size=(120, 36)) as pilot:
            await settled(pilot)
            await pilot.press("enter")
            await settled(pilot)
            first = shown(pilot)
            await pilot.press("tab", "slash", *"layer-1199", "enter")
            await settled(pilot)
            return first, shown(pilot)

    overview, charts = asyncio.run(look())
    assert COUNT > FIRST_METRICS and f"charts {COUNT}" in overview and "layer-0000" in overview
    assert "layer-1199" in charts


def test_lines_of_metrics_are_made_when_they_are_looked_at(path: Path) -> None:
    """The table of a run's metrics is the same, read line by line, from the end, in parts, or whole."""
    run_id = _make(path, [(f"m{number}", "", [1.0] if number % 3 else [math.nan]) for number in range(20)])
    with open_reader(path) as reader:
        metrics = get_run(reader, run_id).metrics
    lines = metric_lines(metrics, cells=60)
    texts = ["".join(text for text, _ in line.spans) for line in lines]

    assert len(lines) == len(texts) == 1 + 20 + 7
    assert [line.spans for line in lines[5:9]] == [lines[index].spans for index in range(5, 9)]
    assert lines[-1].spans == lines[len(lines) - 1].spans
    assert [text.split()[0] for text in texts[1:] if "NaN" not in text or " m" in text[:2]] == [
        metric.name for metric in metrics
    ]
    with pytest.raises(IndexError):
        lines[len(lines)]
    assert isinstance(metrics[0], Metric)


def test_columns_are_read_once_until_the_file_changes(path: Path) -> None:
    """Which columns there are is not asked again for the same state of the catalog, and is for the next one."""
    _make(path, [("a", "", [1.0])])
    with open_reader(path) as reader:
        first = columns(reader)
        assert columns(reader) is first
        with Catalog(path) as catalog, catalog.transaction() as connection:
            key = runs.start(connection, runs.NewRun(project="p", name="other", params={"lr": 0.1}))
            step = np.zeros(1, np.int64)
            points.append(connection, key, runs.name_key(connection, "b"), "", step, step, np.ones(1))

        params, metrics, _ = columns(reader)
    assert ([column.name for column in params], sorted(column.name for column in metrics)) == (["lr"], ["a", "b"])
