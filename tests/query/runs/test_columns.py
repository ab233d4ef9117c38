"""Columns over all runs: how values are spread, what groups come to, what a part of a column is as a filter."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artui.catalog import Catalog, points, runs
from artui.model import Column, ParamValue
from artui.query.filter.narrowing import narrowed, where_between, where_matching, where_value
from artui.query.reader import Reader
from artui.query.runs import columns as chosen
from artui.query.runs import statistics as columns
from artui.query.runs.columns import columns as all_columns
from artui.query.runs.grouping import FEW_RUNS, grouped, seedless, with_spreads
from artui.query.runs.order import RunsRequest, run_order
from artui.query.runs.statistics import histogram, ranges, round_edges, short_edges

Run = tuple[dict[str, ParamValue], dict[str, float]]


def _catalog(path: Path, given_runs: list[Run]) -> None:
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for number, (params, metrics) in enumerate(given_runs):
            run = runs.NewRun(project="p", name=f"r{number}", params=params, host=f"box-{number % 2}", started_ms=1_790_000_000_000 + number)  # fmt: skip
            key = runs.start(connection, run)
            for name, value in metrics.items():
                points.append(connection, key, runs.name_key(connection, name), "", *points.pack([(0, 0, value)]))
            runs.finish(connection, key, status="finished", ended_ms=1_790_000_100_000, duration_ms=1000 * (number + 1))


def _column(reader: Reader, name: str) -> Column:
    params, metrics, _ = all_columns(reader)
    return next(column for column in [*params, *metrics] if column.name == name)


def _keys(reader: Reader, where: str = "") -> list[int]:
    return list(run_order(reader, RunsRequest(where)).keys)


VALUES = st.one_of(
    st.floats(width=32), st.integers(-100, 100), st.sampled_from(["adam", "sgd", "3"]), st.booleans(), st.none()
)


@settings(max_examples=20, deadline=None)
@given(st.lists(VALUES, min_size=1, max_size=30))
def test_description_counts_every_run_once(tmp_path_factory: pytest.TempPathFactory, values: list[ParamValue]) -> None:
    """Frequencies add up to the runs that have a value, and these and the missing ones to all."""
    path = tmp_path_factory.mktemp("columns") / "x.artui"
    given_runs: list[Run] = [({} if value is None else {"x": value}, {}) for value in values]
    _catalog(path, [*given_runs, ({"x": 1.5}, {})])
    with Reader(path) as reader:
        description = columns.describe(reader, _keys(reader), _column(reader, "x"))
    present = [value for value in [*values, 1.5] if value is not None]
    odd = [value for value in present if isinstance(value, float) and not math.isfinite(value)]
    assert description.total == len(values) + 1
    assert sum(count for _, count in description.frequencies) in (len(present), len(present) - len(odd))
    assert description.missing == description.total - description.count and description.missing >= values.count(None)


def test_numbers_of_a_description_are_those_of_the_statistics_module(tmp_path: Path) -> None:
    """Mean, standard deviation and quartiles agree with Python's own, and bins hold every finite value."""
    values = [0.5, 1.5, 2.25, 4.0, 4.0, 9.75, 10.0]
    _catalog(tmp_path / "x.artui", [({}, {"loss": value}) for value in [*values, math.nan]])
    with Reader(tmp_path / "x.artui") as reader:
        description = columns.describe(reader, _keys(reader), _column(reader, "loss"))
    assert description.mean == pytest.approx(statistics.fmean(values))
    assert description.sd == pytest.approx(statistics.stdev(values))
    assert description.quantiles is not None
    assert list(description.quantiles[1:4]) == pytest.approx(statistics.quantiles(values, n=4, method="inclusive"))
    assert sum(description.bins) == len(values) and description.odd_count == 1 and description.count == 8
    assert description.frequencies[0] == (4, 2)


@pytest.mark.parametrize(
    ("values", "is_wide"),
    [
        ([0.001] * 32 + [0.002, 12, 60], True), ([0.001, 0.01, 0.1], True), ([40, 50, 60, 100, 2000], True),
        ([4.3e-8, 1e-7, 2e-7, 1e-6], True), ([0.001, 0.1], True), ([16, 32, 64, 128, 256, 512], True),
        ([1e-12, 0.1, 0.2, 0.3], False), ([n / 100 for n in range(1, 101)], False), ([32, 64, 128], False),
        ([0.0, 0.001, 0.1], False), ([-1, 100], False), ([5, 5], False), ([], False), ([1e-320, 1e308], True),
    ],
)  # fmt: skip
def test_an_axis_is_logarithmic_where_values_span_decades(values: list[float], is_wide: bool) -> None:
    """One run far above the others makes it so, a single one near zero does not."""
    assert columns.is_spread_wide(np.array(values, float)) == is_wide


POSITIVE = st.floats(1e-12, 1e12)


@settings(max_examples=100, deadline=None)
@given(st.one_of(st.lists(POSITIVE, min_size=1, max_size=80), st.lists(st.integers(1, 3000).map(float), min_size=1, max_size=80)), st.booleans(), st.integers(8, 60))  # fmt: skip
def test_bins_are_equal_and_hold_what_their_edges_say(values: list[float], is_log: bool, most: int) -> None:
    """On either axis they are equally wide, few for few values, and counts are those of a loop."""
    edges, counts = columns.histogram(np.array(values), most, is_log=is_log)
    assert len(edges) == len(counts) + 1 and len(counts) <= most
    expected = [sum(low <= value < high for value in values) for low, high in pairwise(edges)]
    expected[-1] += values.count(edges[-1])
    assert counts == expected and sum(counts) == len(values)
    if len(counts) > 1:
        widths = np.diff(np.log(edges) if is_log else edges)
        assert np.allclose(widths, widths[0], rtol=1e-3, atol=0 if is_log else 1e-9 * edges[-1])


def test_few_values_have_few_bins() -> None:
    """Their number is that of Sturges or of Freedman and Diaconis, never more than have room."""
    normal = np.random.default_rng(0).normal(size=31)
    assert 6 <= columns.bin_count(normal, 60) <= 12
    assert columns.bin_count(np.random.default_rng(0).normal(size=100_000), 60) == 60
    assert columns.bin_count(np.array([0.001] * 32 + [12.0, 60.0, 0.2]), 60) == 7
    assert columns.bin_count(np.array([1.0]), 60) == 1
    assert columns.bin_count(np.array([0.0, 1.0, 2.0, 3.0] * 25_000), 60) == 4


@dataclass(frozen=True)
class Among:
    """One value, or the numbers from it up to an end."""

    low: ParamValue
    end: float | None = None

    def has(self, value: float | str) -> bool:
        if self.end is None:
            return value == self.low
        return not isinstance(value, str) and isinstance(self.low, float) and self.low <= value < self.end


@settings(max_examples=20, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.one_of(st.sampled_from([0.001, 0.01, 3, 60, "adam"]), st.floats(0.001, 100)),
            st.one_of(st.none(), st.floats(-5, 5), st.sampled_from([math.nan, math.inf])),
        ),
        min_size=1,
        max_size=40,
    )
)
def test_a_metric_is_said_for_each_value_and_range(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[float | str, float | None]]
) -> None:
    """Best and mean of another metric agree with a loop over the runs that have the value, for params and metrics."""
    path = tmp_path_factory.mktemp("outcomes") / "x.artui"
    given_runs: list[Run] = []
    for value, loss in rows:
        metrics = {} if loss is None else {"loss": loss}
        given_runs.append(({"x": value}, metrics | ({} if isinstance(value, str) else {"m": float(value)})))
    _catalog(path, [*given_runs, ({"x": 1.0}, {"m": 1.0, "loss": 0.0})])
    rows = [*rows, (1.0, 0.0)]

    def expected(among: Among) -> columns.Outcome | None:
        every = [loss for value, loss in rows if among.has(value) and loss is not None]
        losses = [loss for loss in every if math.isfinite(loss)]
        odd_count = len(every) - len(losses)
        if not losses:
            return columns.Outcome(0, math.nan, math.nan, math.nan, odd_count) if odd_count else None
        return columns.Outcome(len(losses), min(losses), statistics.fmean(losses), max(losses), odd_count)

    def agrees(outcome: columns.Outcome | None, wanted: columns.Outcome | None) -> bool:
        if outcome is None or wanted is None:
            return outcome is wanted
        if not wanted.count:
            return outcome.count == 0 and outcome.odd_count == wanted.odd_count and outcome.mean != outcome.mean
        return replace(outcome, mean=0) == replace(wanted, mean=0) and outcome.mean == pytest.approx(wanted.mean, abs=1e-9)  # fmt: skip

    with Reader(path) as reader:
        for name in ("x", "m"):
            description = columns.describe(reader, _keys(reader), _column(reader, name), metric=_column(reader, "loss"))
            assert len(description.outcomes) == len(description.frequencies)
            for (shown_value, _), outcome in zip(description.frequencies, description.outcomes, strict=True):
                assert agrees(outcome, expected(Among(shown_value))), shown_value
            assert len(description.bin_outcomes) == len(description.bins)
            ranges = zip(pairwise(description.edges), description.bin_outcomes, strict=True)
            for (low, high), outcome in ranges:
                end = math.inf if high == description.edges[-1] else high
                assert agrees(outcome, expected(Among(low, end))), (low, high)
        # Runs in which the column itself diverged, or is missing, have a metric, too.
        described = columns.describe(reader, _keys(reader), _column(reader, "loss"), metric=_column(reader, "m"))
        groups = grouped(reader, _keys(reader), [_column(reader, "loss")], is_exact=True)
    is_odd = [value for value, loss in rows if loss is not None and not math.isfinite(loss)]
    is_missing = [value for value, loss in rows if loss is None]
    for runs_of, outcome in ((is_odd, described.odd_outcome), (is_missing, described.missing_outcome)):
        measures = [float(value) for value in runs_of if not isinstance(value, str)]
        assert (outcome is None) == (not measures)
        if outcome is not None:
            assert (outcome.count, outcome.low, outcome.high) == (len(measures), min(measures), max(measures))
    sizes = {
        repr(value + 0.0 if isinstance(value, float) else value): len(group.keys)
        for group in groups
        for value in group.values
    }
    assert sizes == Counter(repr(None if loss is None else loss + 0.0) for _, loss in rows) | Counter() and sum(
        sizes.values()
    ) == len(rows)


@settings(max_examples=20, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from([0.1, 0.01]), st.sampled_from(["a", "b", None]), st.integers(0, 3), st.floats(-5, 5)),
        min_size=1,
        max_size=40,
    )
)
def test_groups_are_what_plain_python_makes_of_them(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[float, str | None, int, float]]
) -> None:
    """Members, best, mean and standard deviation of each group agree with a loop over the runs; no run is lost."""
    path = tmp_path_factory.mktemp("groups") / "x.artui"
    _catalog(
        path,
        [({"lr": lr, "seed": seed} | ({"kind": kind} if kind else {}), {"val/loss": loss}) for lr, kind, seed, loss in rows],
    )  # fmt: skip
    with Reader(path) as reader:
        keys = _keys(reader)
        by = [_column(reader, "lr")] + ([_column(reader, "kind")] if any(row[1] for row in rows) else [])
        loss = _column(reader, "val/loss")
        plain_groups = grouped(reader, keys, by)
        groups = with_spreads(reader, plain_groups, [loss])
        own = with_spreads(reader, plain_groups, by)
        # What is known from the grouping is what the catalog says.
        assert own == [
            replace(group, by=plain_groups[0].by)
            for group in with_spreads(reader, [replace(group, by=()) for group in plain_groups], by)
        ]
    expected: dict[tuple[object, ...], list[float]] = {}
    for lr, kind, _, value in rows:
        expected.setdefault((lr, kind) if len(by) == 2 else (lr,), []).append(value)
    assert {group.values: len(group.keys) for group in groups} == {
        key: len(members) for key, members in expected.items()
    }
    assert sorted(key for group in groups for key in group.keys) == sorted(keys)
    # Groups stand in the order of their first run, and their runs in the order of the table.
    assert [group.keys[0] for group in groups] == sorted((group.keys[0] for group in groups), key=keys.index)
    for group in groups:
        values, spread = expected[group.values], group.spreads[loss.id]
        assert spread.best == pytest.approx(min(values)) and spread.mean == pytest.approx(statistics.fmean(values))
        assert (spread.sd is None) == (len(values) < 2)
        if spread.sd is not None:
            assert spread.sd == pytest.approx(statistics.stdev(values), abs=1e-9)
        assert group.is_thin == (len(values) < FEW_RUNS)


@settings(max_examples=12, deadline=None)
@given(
    st.lists(
        st.one_of(st.none(), st.floats(-1e6, 1e6), st.integers(0, 200), st.sampled_from([math.nan, math.inf])),
        min_size=1,
        max_size=60,
    )
)
def test_numbers_that_hardly_repeat_are_grouped_by_the_ranges_that_describe_them(
    tmp_path_factory: pytest.TempPathFactory, losses: list[float | None]
) -> None:
    """Each run is in one group: that of its range, counted as the description counts it, or of what it diverged to."""
    path = tmp_path_factory.mktemp("ranges") / "x.artui"
    _catalog(path, [({}, {"other": 1.0} if loss is None else {"loss": float(loss)}) for loss in [*losses, 1.0]])
    with Reader(path) as reader:
        column = _column(reader, "loss")
        groups = grouped(reader, _keys(reader), [column])
        described = columns.describe(reader, _keys(reader), column, bins=columns.MOST_RANGES)
        with reader.snapshot() as connection:
            having, values = columns.numbers(connection, column)
        every_key = _keys(reader)
    loss_of = dict(zip(having.tolist(), values.tolist(), strict=True))
    assert sorted(key for group in groups for key in group.keys) == sorted(every_key)
    named = {group.values[0]: group.keys for group in groups if isinstance(group.values[0], str)}
    assert bool(named) == columns.are_mostly_unique(described.distinct, described.count)
    if named:
        assert sorted(map(len, named.values())) == sorted(count for count in described.bins if count)
    for name, keys in named.items():
        low, _, high = name.partition(" … ")
        slack = 1e-9 * max(1.0, *(abs(end) for end in described.edges))
        assert all(float(low) - slack <= loss_of[key] <= float(high or low) + slack for key in keys)


def test_seeds_are_what_only_tells_repetitions_apart() -> None:
    """Names that say seed are left out; a word that merely holds these letters is not."""
    names = ["seed", "train.seed", "random_seed", "SEED", "data/seed", "seedling", "lr", "seed_scale"]
    kept = seedless([Column("param", name) for name in names])
    assert [column.name for column in kept] == ["seedling", "lr"]


def test_runs_of_several_processes_count_once(tmp_path: Path) -> None:
    """Of a metric with labels the first series by label is the run's, as in the table."""
    with Catalog(tmp_path / "x.artui") as catalog, catalog.transaction() as connection:
        key = runs.start(connection, runs.NewRun(project="p", name="r"))
        for labels, value in (("rank=1", 5.0), ("", 2.0), ("rank=2", 9.0)):
            points.append(connection, key, runs.name_key(connection, "loss"), labels, *points.pack([(0, 0, value)]))
    with Reader(tmp_path / "x.artui") as reader, reader.snapshot() as connection:
        having, values = columns.numbers(connection, _column(reader, "loss"))
    assert having.tolist() == [key] and values.tolist() == [2.0]


def test_rank_correlation_is_spearmans() -> None:
    """A monotone curve has 1, its reverse -1, ties have their mean rank, and too few pairs have none."""
    x = np.array([1.0, 2.0, 3.0, 4.0, math.nan])
    assert columns.rank_correlation(x, np.exp(x))[0] == pytest.approx(1.0)
    reverse, count = columns.rank_correlation(x, -x)
    assert (reverse, count) == pytest.approx((-1.0, 4))
    # scipy.stats.spearmanr([1, 2, 2, 4, 5], [5, 6, 7, 8, 7]).statistic
    assert columns.rank_correlation(np.array([1, 2, 2, 4, 5.0]), np.array([5, 6, 7, 8, 7.0]))[0] == pytest.approx(0.7631, abs=1e-4)  # fmt: skip
    assert columns.rank_correlation(x[:2], x[:2]) == (None, 2)
    assert columns.rank_correlation(x, np.ones(5))[0] is None


PARTS: list[ParamValue] = [
    0.1,
    3,
    -2.5,
    1e-30,
    "adam",
    "a b",
    "it's",
    'say "x"',
    "and",
    "3",
    "NaN",
    True,
    False,
    "2d ago",
    "",
]


@pytest.mark.parametrize("value", PARTS, ids=repr)
def test_filter_of_a_value_finds_just_the_runs_that_have_it(tmp_path: Path, value: ParamValue) -> None:
    """Whatever a value is, the filter that stands for it finds the runs that have it and no others."""
    others: list[ParamValue] = [0.25, "sgd"]
    _catalog(tmp_path / "x.artui", [({"x": x}, {}) for x in [value, *others, value]] + [({}, {})])
    with Reader(tmp_path / "x.artui") as reader:
        column = _column(reader, "x")
        description = columns.describe(reader, _keys(reader), column)
        counts = Counter({repr(shown_value): count for shown_value, count in description.frequencies})
        for shown_value, count in description.frequencies:
            assert len(_keys(reader, where_value(column, shown_value))) == count, where_value(column, shown_value)
        assert len(_keys(reader, where_value(column, None))) == 1
    assert sum(counts.values()) == 4


def test_filter_of_a_bar_finds_the_runs_of_the_bar(tmp_path: Path) -> None:
    """Bounds of a range are written so that they are read back: of metrics, params, durations and times."""
    _catalog(tmp_path / "x.artui", [({"lr": 10.0**-n}, {"m": n / 7}) for n in range(8)])
    with Reader(tmp_path / "x.artui") as reader:
        for column, low, high, count in (
            (_column(reader, "m"), 1 / 7, 3 / 7, 3), (_column(reader, "lr"), 1e-5, 1e-3, 3),
            (Column("attribute", "duration"), 2000, 4000, 3), (Column("attribute", "started"), 1_790_000_000_000, 1_790_000_000_900, 8),
        ):  # fmt: skip
            assert len(_keys(reader, where_between(column, low, high))) == count, column
        assert len(_keys(reader, where_between(_column(reader, "m"), 1 / 7, 3 / 7, is_open=True))) == 2


def test_narrowing_asks_for_both(tmp_path: Path) -> None:
    """What is there already is kept whole: an `or` gets parentheses."""
    assert narrowed("", "lr = 1") == "lr = 1"
    assert narrowed("a < 1", "lr = 1") == "a < 1 and lr = 1"
    assert narrowed("a < 1 or b", "lr = 1") == "(a < 1 or b) and lr = 1"
    assert narrowed("lr = 1", "a < 1 or b") == "lr = 1 and (a < 1 or b)" and narrowed("lr = 1", "") == "lr = 1"
    assert narrowed("(a < 1 or b)", "(b or c)") == "(a < 1 or b) and (b or c)"
    assert narrowed("(a) or (b)", "lr = 1") == "((a) or (b)) and lr = 1"
    assert narrowed('name = "this or that"', "lr = 1") == 'name = "this or that" and lr = 1'
    for asked in ("lr = 1", "lr  =  1", "a < 1 and lr = 1", "lr = 1 and a < 1"):
        assert narrowed(asked, "lr = 1") == asked
    for asked in ("lr = 10", 'a = "x and lr = 1"', "not lr = 1", "not (a and lr = 1 and b)", "p.lr = 1"):
        assert narrowed(asked, "lr = 1") == f"{asked} and lr = 1"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("adam.*", 'params.x ~ "adam.*"'), ("< 0.3", "params.x < 0.3"), ("in (1, 2)", "params.x in (1, 2)"), ('a"b', 'params.x ~ "a""b"'), ("!= adam", "params.x != adam")],
)  # fmt: skip
def test_what_is_typed_about_a_column_is_a_pattern_or_a_comparison(text: str, expected: str) -> None:
    """An operator in front makes a comparison of it, anything else is a pattern."""
    assert where_matching(Column("param", "x"), text) == expected


def test_groups_count_what_ended_in_no_number(tmp_path: Path) -> None:
    """NaN and infinity take no part in best, mean and spread, and are counted; a run without the metric is not."""
    rows: list[Run] = [({"k": 1}, {}), ({"k": 2}, {"val/loss": math.nan})]
    rows += [({"k": 1}, {"val/loss": value}) for value in (0.5, math.nan, math.inf, 0.25)]
    _catalog(tmp_path / "x.artui", rows)
    with Reader(tmp_path / "x.artui") as reader:
        loss = _column(reader, "val/loss")
        groups = with_spreads(reader, grouped(reader, _keys(reader), [_column(reader, "k")]), [loss])
    spreads = {group.values: group.spreads[loss.id] for group in groups}
    assert (spreads[(1,)].count, spreads[(1,)].odd, spreads[(1,)].best) == (2, 2, 0.25)
    assert (spreads[(2,)].count, spreads[(2,)].odd, spreads[(2,)].best) == (0, 1, None)


@given(values=st.lists(st.floats(-1e6, 1e6) | st.integers(-50, 50).map(float), min_size=1, max_size=60), bins=st.integers(1, 20))  # fmt: skip
def test_short_edges_leave_each_value_in_its_bin(values: list[float], bins: int) -> None:
    """Rounded edges, both included, hold exactly the values that were counted; none has more digits than it must."""
    ascending = np.unique(np.asarray(values))
    edges, counts = histogram(np.asarray(values), bins)
    short = short_edges(edges, ascending)

    within = [sum(low <= value <= high for value in values) for low, high in pairwise(short)]
    assert within == counts
    assert short == sorted(short)


@given(values=st.lists(st.floats(-1e6, 1e6) | st.integers(-50, 50).map(lambda number: number / 8), min_size=2, max_size=60), bins=st.integers(1, 20))  # fmt: skip
def test_round_edges_are_equally_far_apart_and_hold_all_values(values: list[float], bins: int) -> None:
    """Edges that people would choose: few digits, no more bins than asked for, no value outside."""
    edges = round_edges(np.asarray(values), bins)

    assert len(edges) != 1 and len(edges) - 1 <= bins
    if edges:
        step = edges[1] - edges[0]
        assert all(high - low == pytest.approx(step, rel=1e-6) for low, high in pairwise(edges))
        assert edges[0] <= min(values) and max(values) <= edges[-1]
        # The first two digits of a step: 1, 2, 2.5 or 5.
        assert f"{step:.4e}"[:6] in ("1.0000", "2.0000", "2.5000", "5.0000")


def test_edges_have_few_digits() -> None:
    """A hundred values between 0 and 1 in ten bins: two or three digits an edge."""
    values = np.sort(np.random.default_rng(1).random(100))
    short = short_edges(histogram(values, 10)[0], values)

    assert all(len(repr(edge)) <= 6 for edge in short), short


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ([1, 2, "auto", 2, "auto", 16], ("1", "2", "16", "auto")),
        ([1, 2, 3, 4], ()),
        ([1.5, "nan", 3, "1e-3"], ()),
        ([*range(40), "auto"], ()),
    ],
)
def test_numbers_and_words_share_an_axis_of_words(values: list[ParamValue], labels: tuple[str, ...], tmp_path: Path) -> None:  # fmt: skip
    """Each run has the place of its value where these are few, and the filter for that value finds just these runs."""
    _catalog(tmp_path / "x.artui", [({"x": value}, {}) for value in values])
    with Reader(tmp_path / "x.artui") as reader:
        keys, column = _keys(reader, ""), _column(reader, "x")
        place = columns.placed(reader, keys, [column])[0]
        assert place.labels == labels
        for number, label in enumerate(labels):
            having = [key for key, value in zip(keys, place.values, strict=True) if value == number]
            assert sorted(having) == sorted(_keys(reader, where_value(column, label)))
            assert len(having) == [str(value) for value in values].count(label)
        if not labels:
            finite = [float(str(value)) for value in values if value != "auto" and math.isfinite(float(str(value)))]
            assert sorted(place.values[np.isfinite(place.values)].tolist()) == sorted(finite)


@pytest.mark.parametrize("sample", [2, 200])
def test_columns_fit_the_runs_that_have_none_of_the_usual_metrics(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sample: int
) -> None:
    """What is chosen has values in these runs, and tells them apart; while one run has a usual metric, nothing is chosen."""
    path = tmp_path / "x.artui"
    usual: list[Run] = [({"lr": number / 10, "depth": 3}, {"loss": 1.0 + number}) for number in range(9)]
    other: list[Run] = [({"width": number, "depth": 5}, {"accuracy": 0.5, "system/cpu": 3.0}) for number in range(5)]
    _catalog(path, [*usual, *other, ({"only": 1}, {}), ({}, {"system/cpu": 3.0})])
    monkeypatch.setattr(chosen, "SAMPLE_RUNS", sample)
    with Reader(path) as reader:
        every = chosen.columns(reader)
        shown = [column for column in chosen.chosen_columns(every) if column.name != "accuracy"]
        rows = [len(usual), len(usual) + len(other)]
        keys = sorted(_keys(reader))
        of_other = keys[slice(*rows)]
        fitting = chosen.fitting_columns(reader, of_other, shown)
        assert {column.name for column in fitting} == {"accuracy", "width"}
        assert chosen.fitting_columns(reader, keys[: rows[0]], shown) == []
        assert chosen.fitting_columns(reader, [of_other[0], keys[0], *of_other[1:]], shown) == []
        assert chosen.fitting_columns(reader, keys[rows[1] :], shown) == [] == chosen.fitting_columns(reader, [], shown)
        with reader.snapshot() as connection:
            plan = [row[3] for row in connection.execute("EXPLAIN QUERY PLAN " + chosen.ANY_SERIES, {"keys": "[]", "names": "[]"})]  # fmt: skip
    assert plan[0].startswith("SCAN w") and plan[1].startswith("SEARCH s")


@given(
    st.lists(st.floats(0.01, 2.0) | st.integers(0, 9).map(float), min_size=16, max_size=60),
    st.lists(st.floats(1e6, 1e18) | st.floats(-1e18, -1e6), max_size=3),
    st.sampled_from([None, True, False]),
    st.integers(6, 40),
)
def test_values_far_outside_have_a_range_of_their_own(
    usual: list[float], far: list[float], is_log: bool | None, bins: int
) -> None:
    """Each value is counted once, in the range that holds it; the ranges of the others are as they would be without them."""
    values = np.asarray([*usual, *far])
    divided = ranges(values, bins, is_log=is_log)
    edges = divided.edges

    assert sum(divided.counts) == len(values) and len(edges) == len(divided.counts) + 1 <= bins + 3
    assert edges == sorted(edges) and edges[0] <= values.min() and edges[-1] >= values.max()
    inside = values[(values >= edges[divided.has_far_below]) & (values < edges[len(edges) - 1 - divided.has_far_above])]
    if divided.has_far_below or divided.has_far_above:
        assert divided.counts[0] * divided.has_far_below + divided.counts[-1] * divided.has_far_above <= 0.25 * len(
            values
        )
        assert len(far) and np.ptp(inside) * 2 < np.ptp(values)
