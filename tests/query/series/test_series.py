"""Curves: whatever the points, their shape stays."""

from __future__ import annotations

import math
from dataclasses import astuple
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from artui.catalog import Catalog, points, runs
from artui.errors import ArtuiError, PointsDamaged
from artui.query.compare import compare
from artui.query.runs.columns import columns
from artui.query.runs.metrics import metrics_of
from artui.query.runs.rows import run_rows
from artui.query.series import curves
from artui.query.series.curves import Axis, curve, cut, thin
from artui.query.series.curves import places as query_places
from artui.query.series.sparks import SPARK_VALUES, last_values, spark_values
from tests.reading import open_reader

VALUES = st.floats(width=32)


def _catalog(path: Path, steps: list[int], values: list[float]) -> None:
    with Catalog(path) as catalog, catalog.transaction() as connection:
        key = runs.start(connection, runs.NewRun(project="p", name="r"))
        rows = [(step, 1000 + place * 10, value) for place, (step, value) in enumerate(zip(steps, values, strict=True))]
        points.append(connection, key, runs.name_key(connection, "x"), "", *points.pack(rows))


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.integers(-1000, 1000), VALUES), min_size=1, max_size=300, unique_by=lambda row: row[0]),
    st.integers(2, 40),
)
def test_thinning_keeps_first_last_smallest_and_largest(rows: list[tuple[int, float]], buckets: int) -> None:
    """The first and last finite values begin and end the line, and the extremes are among the buckets'."""
    rows = sorted(rows, key=lambda row: row[0])
    thinned = thin(np.array([row[0] for row in rows], float), np.array([row[1] for row in rows]), buckets=buckets)

    finite = [value for _, value in rows if math.isfinite(value)]
    if finite:
        assert (min(thinned.lows), max(thinned.highs)) == (min(finite), max(finite))
        assert (thinned.means[0], thinned.means[-1]) == (finite[0], finite[-1])
    assert all(low <= high for low, high in zip(thinned.lows, thinned.highs, strict=True))


@settings(max_examples=100, deadline=None)
@example(2_140_193_592_478_257_795, 1000, 700, 48)
@given(st.integers(-(2**63), 2**63 - 10**7), st.integers(1, 10**6), st.integers(2, 800), st.integers(2, 60))
def test_steps_of_any_size_ascend(start: int, width: int, count: int, buckets: int) -> None:
    """Steps as large as nanoseconds since 1970 still give a curve from left to right."""
    places = np.random.default_rng(count).integers(0, width, count)
    xs = np.array(sorted(float(start + int(place)) for place in places))

    thinned = thin(xs, np.arange(count, dtype=float), buckets=buckets)

    assert list(thinned.xs) == sorted(thinned.xs) and (thinned.xs[0], thinned.xs[-1]) == (xs[0], xs[-1])


def test_of_points_at_one_step_the_last_counts_for_the_line(tmp_path: Path) -> None:
    """A step that was logged again is drawn once, at its last value; both values are within its range."""
    _catalog(tmp_path / "x.artui", [0, 1, 1, 2], [0.0, 100.0, 1.0, 2.0])
    with open_reader(tmp_path / "x.artui") as reader:
        drawn = curve(reader, reader.run("r").detail().metrics[0], buckets=100)

    assert list(drawn.xs) == [0.0, 1.0, 2.0] and list(drawn.means) == [0.0, 1.0, 2.0]
    assert drawn.highs[1] == 100.0 and drawn.lows[1] == 1.0


def test_series_of_many_blocks_that_restarts_goes_left_to_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Drawn from summaries, too, a series whose steps begin again is in ascending x."""
    steps = [*range(3000), *range(1000, 4000)]
    _catalog(tmp_path / "x.artui", steps, [float(step) for step in steps])
    monkeypatch.setattr(curves, "DECODE_BLOCKS", 1)
    with open_reader(tmp_path / "x.artui") as reader:
        drawn = curve(reader, reader.run("r").detail().metrics[0], buckets=100)

    assert list(drawn.xs) == sorted(drawn.xs) and sum(drawn.counts) == 6000


@pytest.mark.parametrize("values", [[1.7e308] * 50, [-1.7e308, 1.7e308] * 25, [1e308, *range(49)]])
def test_means_of_huge_values_are_finite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, values: list[float]) -> None:
    """The mean of finite values is between them, even where their sum is beyond all floats; so it is from summaries."""
    _catalog(tmp_path / "x.artui", list(range(50)), values)
    for limit in (2048, 0):
        monkeypatch.setattr(curves, "DECODE_BLOCKS", limit)
        with open_reader(tmp_path / "x.artui") as reader:
            metric = reader.run("r").detail().metrics[0]
            drawn = curve(reader, metric, buckets=3)
        assert all(low <= mean <= high for low, mean, high in zip(drawn.lows, drawn.means, drawn.highs, strict=True))
        assert metric.summary.mean is None or math.isfinite(metric.summary.mean)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 30), VALUES), min_size=1, max_size=200), st.integers(2, 40))
def test_repeated_steps_keep_every_value_within_range(rows: list[tuple[int, float]], buckets: int) -> None:
    """However often steps were logged again, counts add up, x ascends without equals, and the line ends at the last value."""
    xs, values = np.array([row[0] for row in rows], float), np.array([row[1] for row in rows])
    thinned = thin(xs, values, buckets=buckets)

    finite = [row for row in sorted(rows, key=lambda row: row[0]) if math.isfinite(row[1])]
    assert (
        sum(thinned.counts) == len(finite)
        and list(thinned.xs) == sorted(set(thinned.xs))
        and len(thinned.xs) <= buckets
    )
    if finite:
        assert thinned.means[-1] == finite[-1][1]
        assert (min(thinned.lows), max(thinned.highs)) == (min(row[1] for row in finite), max(row[1] for row in finite))


def test_steps_at_the_ends_of_64_bits_are_drawn(tmp_path: Path) -> None:
    """The smallest and the largest step there can be are a curve from left to right, by step and by time."""
    _catalog(tmp_path / "x.artui", [-(2**63), 0, 2**63 - 1] * 10, [float(n) for n in range(30)])
    with open_reader(tmp_path / "x.artui") as reader:
        metric = reader.run("r").detail().metrics[0]
        assert list(curve(reader, metric).xs) == [-(2.0**63), 0.0, 2.0**63]
        assert list(curve(reader, metric).means) == [27.0, 28.0, 29.0]
        assert len(curve(reader, metric, axis="time", buckets=4).xs) == 4


def test_time_axis_begins_at_zero(tmp_path: Path) -> None:
    """By time, x is in seconds since the first point."""
    _catalog(tmp_path / "x.artui", [5, 4, 3], [1.0, 2.0, 3.0])
    with open_reader(tmp_path / "x.artui") as reader:
        metric = reader.run("r").detail().metrics[0]
        assert list(curve(reader, metric, axis="time").xs) == [0.0, 0.01, 0.02]
        assert list(curve(reader, metric).xs) == [3.0, 4.0, 5.0]


def test_curve_of_nothing_finite_is_empty(tmp_path: Path) -> None:
    """A series of NaN and infinities has no line, and says where they are."""
    _catalog(tmp_path / "x.artui", [0, 1, 2], [math.nan, math.inf, -math.inf])
    with open_reader(tmp_path / "x.artui") as reader:
        drawn = curve(reader, reader.run("r").detail().metrics[0])

    assert (drawn.xs, drawn.nan_xs, drawn.positive_inf_xs, drawn.negative_inf_xs) == ([], [0.0], [1.0], [2.0])
    assert drawn.count == 3


@pytest.mark.parametrize("count", [1, 2, 23, 24, 25, 100, 1024, 1025, 3000, 70_000])
def test_sparklines_are_short_and_end_where_the_series_ends(tmp_path: Path, count: int) -> None:
    """At most 24 values, rising as the series rises."""
    _catalog(tmp_path / "x.artui", list(range(count)), [float(n) for n in range(count)])
    with open_reader(tmp_path / "x.artui") as reader:
        key = reader.run("r").detail().metrics[0].series_key
        with reader.reading() as connection:
            values = spark_values(connection, [key])[key]

    assert len(values) == min(count, SPARK_VALUES) or count > 2048
    assert len(values) <= SPARK_VALUES and values == sorted(values)
    if count <= 2048:
        assert (values[0], values[-1]) == (0.0, count - 1.0)


def test_fewer_than_two_buckets_are_refused() -> None:
    """A curve of one bucket is none."""
    with pytest.raises(ValueError, match="at least 2"):
        thin(np.zeros(3), np.zeros(3), buckets=1)


@pytest.mark.parametrize("column", ["count", "sum", "finite_count", "low_step", "payload", "codec", "first_ms"])
def test_blocks_with_cells_of_the_wrong_kind_are_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, column: str
) -> None:
    """Text where a number belongs gives a curve or one of our errors, whole or from summaries."""
    _catalog(tmp_path / "x.artui", list(range(3000)), [float(n) for n in range(3000)])
    with Catalog(tmp_path / "x.artui") as catalog, catalog.transaction() as connection:
        connection.execute(f"UPDATE block SET {column} = 'text'")
    for limit in (2048, 1):
        monkeypatch.setattr(curves, "DECODE_BLOCKS", limit)
        with open_reader(tmp_path / "x.artui") as reader:
            try:
                curve(reader, reader.run("r").detail().metrics[0])
            except ArtuiError as error:
                assert isinstance(error, PointsDamaged) or "cannot be read" in str(error)


@pytest.mark.parametrize(
    "column", ["first", "last", "min", "max", "sum", "finite_count", "count", "max_step", "first_ms", "labels"]
)
def test_summaries_with_cells_of_the_wrong_kind_are_shown(tmp_path: Path, column: str) -> None:
    """Text where a number belongs is a number that is not known, in a run, in a comparison and in the table."""
    _catalog(tmp_path / "x.artui", [0, 1], [1.0, 2.0])
    with Catalog(tmp_path / "x.artui") as catalog, catalog.transaction() as connection:
        connection.execute(f"UPDATE series SET {column} = 'text'")
        connection.execute("UPDATE block SET sum = 'text'")
    with open_reader(tmp_path / "x.artui") as reader:
        summary = reader.run("r").detail().metrics[0].summary
        run_id = reader.run("r").id
        metric_columns = columns(reader)[1]
        rows = run_rows(reader, [1], metric_columns, [metric_columns[0].id])
        row = next(row for row in compare(reader, [run_id, run_id]).rows if row.section == "metrics")

    assert all(value is None or isinstance(value, int | float) for value in astuple(summary))
    assert isinstance(row.values[0], float) and isinstance(rows[1].cells["metric:x"], float | str)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 400), VALUES), min_size=1, max_size=300),
    st.integers(0, 400),
    st.integers(1, 200),
)
def test_a_part_of_the_axis_holds_its_points_and_one_on_either_side(
    rows: list[tuple[int, float]], low: int, width: int
) -> None:
    """A window keeps every point inside it, and at most one beyond each edge, so that lines go on."""
    xs, values = np.array([row[0] for row in rows], float), np.array([row[1] for row in rows])

    inside, cut_values = cut(xs, values, (low, low + width))

    expected = sorted(row[0] for row in rows if low <= row[0] <= low + width)
    assert [x for x in inside if low <= x <= low + width] == expected
    assert sum(x < low for x in inside) <= 1 and sum(x > low + width for x in inside) <= 1
    assert len(inside) == len(cut_values)


@pytest.mark.parametrize("limit", [2048, 3])
@pytest.mark.parametrize("axis", ["step", "time", "wall"])
def test_window_of_blocks_is_the_window_of_the_points(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: int, axis: Axis
) -> None:
    """Close enough, a series of many blocks is drawn from its points: the same as if all had been decoded."""
    _catalog(tmp_path / "x.artui", list(range(9000)), [math.sin(n / 50) for n in range(9000)])
    monkeypatch.setattr(curves, "DECODE_BLOCKS", limit)
    with open_reader(tmp_path / "x.artui") as reader:
        metric = reader.run("r").detail().metrics[0]
        whole = reader.run("r").series("x")
        low, high = (float(query_places(whole, axis, first_ms=metric.summary.first_ms)[n]) for n in (4000, 4100))
        drawn = curve(reader, metric, axis=axis, window=(low, high), buckets=500)
    inside = [(x, mean) for x, mean in zip(drawn.xs, drawn.means, strict=True) if low <= x <= high]
    assert len(inside) == 101
    assert [mean for _, mean in inside] == [math.sin(n / 50) for n in range(4000, 4101)]


def test_wide_window_of_many_blocks_is_drawn_from_summaries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Too many blocks in sight are not decoded; those out of sight take no part."""
    _catalog(tmp_path / "x.artui", list(range(20_480)), [float(n) for n in range(20_480)])
    monkeypatch.setattr(curves, "DECODE_BLOCKS", 4)
    with open_reader(tmp_path / "x.artui") as reader:
        drawn = curve(reader, reader.run("r").detail().metrics[0], window=(5000.0, 15_000.0), buckets=100)
    assert 9 <= len(drawn.xs) <= 12 and drawn.lows[0] >= 4000 and drawn.highs[-1] <= 16_384
    assert drawn.count == sum(drawn.counts) < 20_480


def test_by_another_metric_points_stand_at_its_last_known_value(tmp_path: Path) -> None:
    """An epoch that is logged less often places all points until the next one; points before the first have no place."""
    with Catalog(tmp_path / "x.artui") as catalog, catalog.transaction() as connection:
        key = runs.start(connection, runs.NewRun(project="p", name="r"))
        for name, rows in (
            ("loss", [(step, 0, 10.0 - step) for step in range(10)]),
            ("epoch", [(2, 0, 0.0), (5, 0, 1.0), (8, 0, 2.0)]),
        ):
            points.append(connection, key, runs.name_key(connection, name), "", *points.pack(rows))
    with open_reader(tmp_path / "x.artui") as reader:
        metrics = {metric.name: metric for metric in reader.run("r").detail().metrics}
        drawn = curve(reader, metrics["loss"], against=metrics["epoch"])
    assert list(drawn.xs) == [0.0, 1.0, 2.0]
    # Of points at one place the last counts for the line, all for the extremes.
    assert list(drawn.means) == [6.0, 3.0, 1.0] and list(drawn.highs) == [8.0, 5.0, 2.0]


def test_logarithmic_axis_spreads_columns_evenly_and_leaves_zero_out(tmp_path: Path) -> None:
    """Each power of ten has as many columns as the next; what is not above zero has no place."""
    steps = list(range(10_000))
    _catalog(tmp_path / "x.artui", steps, [float(step) for step in steps])
    with open_reader(tmp_path / "x.artui") as reader:
        drawn = curve(reader, reader.run("r").detail().metrics[0], buckets=40, is_log=True)
    assert drawn.xs[0] == pytest.approx(1.0) and drawn.xs[-1] == pytest.approx(9999.0)
    assert sum(x < 10 for x in drawn.xs) >= 5 and len(drawn.xs) <= 40


def test_curve_says_how_many_points_it_shows(tmp_path: Path) -> None:
    """Thinned, fewer than there are; whole, all of them with those that are no numbers."""
    _catalog(tmp_path / "x.artui", list(range(1000)), [*[1.0] * 999, math.nan])
    with open_reader(tmp_path / "x.artui") as reader:
        metric = reader.run("r").detail().metrics[0]
        assert (curve(reader, metric, buckets=100).shown, curve(reader, metric, buckets=100).count) == (101, 1000)
        assert curve(reader, metric, buckets=2000).shown == 1000


@pytest.mark.parametrize("axis", ["step", "time"])
def test_curve_from_summaries_begins_and_ends_with_the_points(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, axis: Axis
) -> None:
    """Drawn from blocks, too, the line goes from the first point to the last one."""
    values = [float(n * n) for n in range(5000)]
    _catalog(tmp_path / "x.artui", list(range(5000)), values)
    monkeypatch.setattr(curves, "DECODE_BLOCKS", 1)
    with open_reader(tmp_path / "x.artui") as reader:
        drawn = curve(reader, reader.run("r").detail().metrics[0], axis=axis, buckets=100)
    assert (drawn.means[0], drawn.means[-1]) == (0.0, values[-1])
    assert (drawn.xs[0], drawn.xs[-1]) == ((0.0, 4999.0) if axis == "step" else (0.0, 49.99))
    assert list(drawn.xs) == sorted(drawn.xs) and drawn.count == 5000


def test_last_values_are_the_newest_across_blocks(tmp_path: Path) -> None:
    """At most as many as are asked for, oldest first, also where they lie in two blocks; all of a short series."""
    _catalog(tmp_path / "x.artui", list(range(1030)), [float(n) for n in range(1030)])
    with open_reader(tmp_path / "x.artui") as reader, reader.snapshot() as connection:
        key = connection.execute("SELECT key FROM series").fetchone()[0]
        assert last_values(connection, key, 20) == [float(n) for n in range(1010, 1030)]
        assert last_values(connection, key, 5) == [1025.0, 1026.0, 1027.0, 1028.0, 1029.0]


def test_metrics_of_runs_come_in_the_order_asked_for(tmp_path: Path) -> None:
    """Each run that is there has its metrics; a key of none is left out."""
    with Catalog(tmp_path / "x.artui") as catalog, catalog.transaction() as connection:
        keys = []
        for name in ("a", "b"):
            keys.append(runs.start(connection, runs.NewRun(project="p", name=name)))
            points.append(connection, keys[-1], runs.name_key(connection, name), "", *points.pack([(0, 1, 0.5)]))
    with open_reader(tmp_path / "x.artui") as reader:
        given = metrics_of(reader, [keys[1], 999, keys[0]])
    assert [(head.name, [metric.name for metric in metrics]) for head, metrics in given] == [("b", ["b"]), ("a", ["a"])]


@pytest.mark.parametrize("limit", [2048, 1])
@pytest.mark.parametrize("axis", ["step", "time", "wall"])
@pytest.mark.parametrize("is_log", [False, True])
def test_a_curve_has_points_that_were_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: int, axis: Axis, is_log: bool
) -> None:
    """Drawn from points or from summaries, in part or whole: each has its own place and value, and the ends are there."""
    values = [math.nan if n % 1000 < 9 < n else math.sin(n / 50) for n in range(9000)]
    _catalog(tmp_path / "x.artui", [3 * n + 7 for n in range(9000)], values)
    monkeypatch.setattr(curves, "DECODE_BLOCKS", limit)
    with open_reader(tmp_path / "x.artui") as reader:
        metric = reader.run("r").detail().metrics[0]
        places = query_places(reader.run("r").series("x"), axis, first_ms=metric.summary.first_ms).tolist()
        logged = dict(zip(places, values, strict=True))
        for window in (None, (places[2000], places[7000])):
            drawn = curve(reader, metric, axis=axis, window=window, buckets=100, is_log=is_log and axis != "wall")
            points = list(zip(drawn.point_xs, drawn.point_values, strict=True))
            assert len(points) > 3 and all(logged[x] == value for x, value in points)
            assert list(drawn.point_xs) == sorted(set(drawn.point_xs))
            if window is None:
                assert points[-1][0] == places[-1] and points[0][0] in places[:2]
            if drawn.are_odd_points:
                assert all(math.isnan(logged[x]) for x in drawn.nan_xs)
