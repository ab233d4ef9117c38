"""Questions to a catalog: order, filter, curves, comparison, lineage, references."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artui.catalog import Catalog, artifacts, events, points, runs
from artui.errors import AmbiguousReference, UnknownReference
from artui.model import ParamValue
from artui.query import files
from artui.query.aggregates import AGGREGATES
from artui.query.artifacts import get_version
from artui.query.compare import compare
from artui.query.direction import guess_direction
from artui.query.lineage import lineage
from artui.query.references import find_run, resolve
from artui.query.runs.columns import columns
from artui.query.runs.keyorder import KeyOrder
from artui.query.runs.order import RunsRequest, first_view, run_order
from artui.query.runs.rows import run_rows
from artui.query.runs.sorting import (
    BY_START,
    FIRST_SERIES,
    PARAM_ORDER,
    Sort,
    attribute_order,
    metric_order,
    odd_orders,
)
from artui.query.series import curves
from artui.query.series.curves import curve, thin
from artui.query.things import NAMES
from artui.sheets.sheet import ordered_aliases
from tests.reading import OpenReader, open_reader


@pytest.fixture
def path(written: Path, tmp_path: Path) -> Path:
    """Five runs: one lacks the metric, one diverged, one lacks the param, one has it as text."""
    return Path(shutil.copyfile(written, tmp_path / "x.artui"))


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("queries") / "x.artui"
    rows: list[tuple[str, dict[str, ParamValue], float | None]] = [
        ("a", {"lr": 0.1, "same": 1}, 0.5),
        ("b", {"lr": 0.01, "same": 1}, 0.25),
        ("c", {"same": 1}, math.nan),
        ("d", {"lr": "auto", "same": 1}, 0.75),
        ("e", {"lr": 1, "same": 1}, None),
    ]
    with Catalog(target) as catalog, catalog.transaction() as connection:
        for number, (name, params, loss) in enumerate(rows):
            key = runs.start(connection, runs.NewRun(project="p", name=name, started_ms=1000 + number, params=params))
            if loss is not None:
                points.append(
                    connection,
                    key,
                    runs.name_key(connection, "val/loss"),
                    "",
                    *points.pack([(0, 1, 1.0), (1, 2, loss)]),
                )
            runs.finish(
                connection, key, status="failed" if name == "d" else "finished", ended_ms=5000, duration_ms=100 - number
            )
    return target


def _names(reader: OpenReader, order: str, contains: str = "") -> str:
    return "".join(run.name for run in reader.runs(order=order, contains=contains))


def test_sorting_puts_missing_values_last_both_ways(path: Path) -> None:
    """Ascending or descending, what is NaN comes after the numbers, and runs without the value last; numbers before texts."""
    with open_reader(path) as reader:
        assert _names(reader, "metrics.val/loss") == "bad" + "c" + "e"
        assert _names(reader, "-metrics.val/loss") == "dab" + "c" + "e"
        assert _names(reader, "params.lr") == "baed" + "c"
        assert _names(reader, "-params.lr") == "deab" + "c"
        assert (
            _names(reader, "-started") == "edcba"
            and _names(reader, "duration") == "edcba"
            and _names(reader, "name") == "abcde"
        )


def test_filter_takes_every_word(path: Path) -> None:
    """Words are found in names, params by text and by number, and status; all must hold."""
    with open_reader(path) as reader:
        assert (
            _names(reader, "name", "0.01") == "b"
            and _names(reader, "name", "1") == "abcde"
            and _names(reader, "name", "auto fail") == "d"
        )
        assert (
            _names(reader, "name", "finished") == "abce"
            and _names(reader, "name", "%") == ""
            and _names(reader, "name", "'; DROP") == ""
        )


def test_columns_are_those_that_vary(path: Path) -> None:
    """A param with one value everywhere is known but does not vary; a metric knows its range of last values."""
    with open_reader(path) as reader:
        params, metrics, varying = columns(reader)
    assert {column.name for column in params} == {"lr", "same"} and varying == {"param:lr"}
    assert [(column.name, column.low, column.high) for column in metrics] == [("val/loss", 0.25, 0.75)]


def test_rows_have_cells_of_visible_columns(path: Path) -> None:
    """Cells come by column; what a run lacks is not there, NaN is NaN, and sparklines follow the series."""
    with open_reader(path) as reader:
        order = run_order(reader, RunsRequest(sorts=(Sort("attribute:name"),)))
        view = first_view(reader, 10)
        params, metrics, _ = view.columns
        rows = [run_rows(reader, [key], [*params, *metrics], [metrics[0].id])[key] for key in order.keys]
    assert rows[0].cells == {"param:lr": 0.1, "param:same": 1, "metric:val/loss": 0.5} and rows[0].sparks == {
        "metric:val/loss": [1.0, 0.5]
    }
    assert "param:lr" not in rows[2].cells and str(rows[2].cells["metric:val/loss"]) == "nan"
    assert "metric:val/loss" not in rows[4].cells and view.total == 5 and len(view.heads) == 5


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(-1000, 1000), st.floats(allow_subnormal=False, width=32)), min_size=1, max_size=400),
    st.integers(2, 50),
)
def test_thinning_keeps_the_extremes(rows: list[tuple[int, float]], buckets: int) -> None:
    """First, last, smallest and largest finite values stay; x ascends; counts add up; NaN and infinities are named."""
    xs, values = np.array([row[0] for row in rows], float), np.array([row[1] for row in rows], float)
    thinned = thin(xs, values, buckets=buckets)
    finite = values[np.isfinite(values)]
    assert (
        thinned.count == len(rows) and list(thinned.xs) == sorted(thinned.xs) and len(thinned.xs) <= max(buckets, 1) + 1
    ) or len(finite) <= buckets
    assert sum(thinned.counts) == len(finite)
    if len(finite):
        assert min(thinned.lows) == finite.min() and max(thinned.highs) == finite.max()
        assert thinned.xs[0] == xs[np.isfinite(values)].min() and thinned.xs[-1] == xs[np.isfinite(values)].max()
    assert len(thinned.nan_xs) == int(np.isnan(values).sum()) and len(thinned.positive_inf_xs) == int(
        (values == np.inf).sum()
    )


def test_summaries_draw_the_same_extremes_as_points(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A series drawn from block summaries has the extremes of its points, without decoding them."""
    target = tmp_path / "long.artui"
    values = np.random.default_rng(1).standard_normal(20_000)
    values[777], values[15_000] = 99.0, np.nan
    ints = np.arange(20_000)
    with Catalog(target) as catalog, catalog.transaction() as connection:
        key = runs.start(connection, runs.NewRun(project="p", name="r"))
        points.append(connection, key, runs.name_key(connection, "x"), "", ints, ints, values)
    with open_reader(target) as reader:
        metric = reader.run("r").detail().metrics[0]
        whole = curve(reader, metric, buckets=10)
        monkeypatch.setattr(curves, "DECODE_BLOCKS", 1)
        drawn = curve(reader, metric, buckets=10)
    assert max(drawn.highs) == max(whole.highs) == 99.0 and min(drawn.lows) == min(whole.lows)
    assert sum(drawn.counts) == sum(whole.counts) == 19_999 and len(drawn.nan_xs) == 1 and len(drawn.xs) == 10


def test_comparison_marks_what_differs_and_the_best(path: Path) -> None:
    """Equal params do not differ, a missing one does; the lowest loss is best, and the direction can be turned."""
    with open_reader(path) as reader:
        ids = [reader.run(name).id for name in "abd"]
        rows = {row.name: row for row in compare(reader, ids).rows}
        turned = {row.name: row for row in compare(reader, ids, directions={"val/loss": "higher"}).rows}
    assert not rows["same"].differs and rows["lr"].differs and rows["status"].differs
    assert rows["val/loss"].best == 1 and turned["val/loss"].best == 2


@pytest.mark.parametrize(
    ("name", "direction"),
    [
        ("val/loss", "lower"),
        ("test/acc", "higher"),
        ("latency_ms", "lower"),
        ("f1", "higher"),
        ("rmse", "lower"),
        ("auc", "higher"),
    ],
)
def test_direction_is_guessed_from_the_name(name: str, direction: str) -> None:
    """Losses, errors and times are better when lower."""
    assert guess_direction(name) == direction


def test_lineage_walks_round_cycles_once(tmp_path: Path) -> None:
    """A cycle, which only a strange catalog can have, ends; what was met before is named and not walked again."""
    target = tmp_path / "x.artui"
    with Catalog(target) as catalog, catalog.transaction() as connection:
        run = runs.start(connection, runs.NewRun(project="p", name="r"))
        saved = [
            artifacts.save(
                connection,
                artifacts.NewVersion("p", name, "dataset", "data", [artifacts.NewFile("f", 1, name.encode() * 32)]),
            )
            for name in "ab"
        ]
        artifacts.link(connection, "output", source_key=run, target_key=saved[0].key)
        artifacts.link(connection, "derived", source_key=saved[0].key, target_key=saved[1].key)
        artifacts.link(connection, "derived", source_key=saved[1].key, target_key=saved[0].key)
        artifacts.link(connection, "input", source_key=saved[1].key, target_key=run)
    with open_reader(target) as reader:
        walk = lineage(reader, resolve(reader, "a:v1"))
    assert 0 < len(walk.upstream) < 10 and any(node.is_repeated for node in walk.upstream) and not walk.is_cut


def test_references_to_runs(path: Path) -> None:
    """Names, ids and starts of ids find a run; what is unknown or ambiguous is answered with what there is."""
    with open_reader(path) as reader:
        run = find_run(reader, "a")
        assert find_run(reader, run.id).id == find_run(reader, run.id.lower()).id == run.id
        with pytest.raises(UnknownReference, match="newest are"):
            find_run(reader, "nosuch")
        with pytest.raises(AmbiguousReference, match="start of an id"):
            find_run(reader, run.id[:6])


def test_arrays_come_as_promised(path: Path) -> None:
    """`series().arrays()` gives int64 steps, int64 milliseconds and float64 values; an unknown metric raises."""
    with open_reader(path) as reader:
        steps, times, values = reader.run("a").series("val/loss").arrays()
        assert [column.dtype for column in (steps, times, values)] == [
            np.dtype(kind) for kind in ("i8", "i8", "f8")
        ] and values.tolist() == [
            1.0,
            0.5,
        ]
        with pytest.raises(UnknownReference):
            reader.run("a").series("nosuch")


@pytest.mark.parametrize(
    ("order", "index"),
    [
        (PARAM_ORDER, "param_by_number"),
        (metric_order("last"), "series_by_last"),
        (BY_START, "run_by_start"),
        *((attribute_order(word), f"run_by_{word}") for word in ("name", "duration")),
    ],
)
@pytest.mark.parametrize("is_descending", [False, True])
def test_orders_walk_an_index(path: Path, order: KeyOrder, index: str, is_descending: bool) -> None:
    """Sorting reads an index, from either end, and never sorts."""
    statement = order.turned(is_descending).statement()
    with Catalog(path) as catalog, catalog.transaction() as connection:
        plan = " ".join(row[3] for row in connection.execute("EXPLAIN QUERY PLAN " + statement, {"name": 1}))
    assert index in plan and "TEMP B-TREE" not in plan


@pytest.mark.parametrize(
    ("order", "index"),
    [
        (PARAM_ORDER, "PRIMARY KEY"),
        (attribute_order("host"), "INTEGER PRIMARY KEY"),
        *(
            (one, "(run_key=? AND name_key=?")
            for aggregate in AGGREGATES
            for order in (metric_order(aggregate), *odd_orders(aggregate))
            for one in (order, order.where(FIRST_SERIES), order.turned())
        ),
    ],
)
def test_orders_of_a_few_runs_begin_with_the_runs(path: Path, order: KeyOrder, index: str) -> None:
    """Sorting some runs goes through these, each by its own index, and through nothing else."""
    statement = order.statement(is_within=True)
    with Catalog(path) as catalog, catalog.transaction() as connection:
        rows = connection.execute("EXPLAIN QUERY PLAN " + statement, {"name": 1, "within": "[1]"}).fetchall()
    assert rows[0][3].startswith("SCAN w") and index in rows[1][3] and rows[1][3].startswith("SEARCH t")


def test_names_are_found_without_a_walk_through_their_values(path: Path) -> None:
    """What is typed into the palette reads the names; whether one is that of a metric or a param is in an index."""
    with Catalog(path) as catalog, catalog.transaction() as connection:
        plan = [row[3] for row in connection.execute("EXPLAIN QUERY PLAN " + NAMES)]
    assert [step for step in plan if step.startswith("SCAN")] == ["SCAN n"] and len(plan) > 4


def test_files_are_found_by_their_version(path: Path) -> None:
    """Looking for files, and going from one to the next, walks the files of their version in order and sorts nothing."""
    queries = (files.PATHS, files.AFTER, files.BEFORE, files.PREVIEW, files.KEPT_HERE, files.OF_PATHS)
    values = {"version": 1, "path": "a", "paths": "[]"}
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for query in queries:
            plan = [row[3] for row in connection.execute("EXPLAIN QUERY PLAN " + query, values)]
            assert any("PRIMARY KEY (version_key=?" in step for step in plan), plan
            assert query == files.OF_PATHS or (len(plan) == 1 and "TEMP" not in plan[0]), plan


def test_closing_stops_what_is_being_read(path: Path) -> None:
    """A reader that is closed while another thread reads ends that query at once, and answers nothing more."""
    import threading
    import time

    from artui.errors import ArtuiError

    reader, messages = open_reader(path), []

    def endless() -> None:
        try:
            with reader.reading() as connection:
                connection.execute(
                    "WITH RECURSIVE seen (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM seen) SELECT count(*) FROM seen"
                ).fetchone()
        except ArtuiError as error:
            messages.append(str(error))

    thread = threading.Thread(target=endless)
    thread.start()
    while not reader._connections:
        time.sleep(0.001)
    began = time.monotonic()
    reader.close()
    thread.join(timeout=5)
    assert not thread.is_alive() and time.monotonic() - began < 2 and len(messages) == 1
    with pytest.raises(ArtuiError, match="closed"), reader.reading():
        pass


@pytest.mark.parametrize("words", ["x" * 100_000, "\udcff", "%_\\", "a " * 5000, "\x00"])
def test_anything_may_be_pasted_into_the_filter(path: Path, words: str) -> None:
    """Very long words, many words, and text that no database takes filter like any other."""
    with open_reader(path) as reader:
        assert run_order(reader, RunsRequest(words=tuple(words.split()))).total == 5


def test_aliases_have_one_order_everywhere(tmp_path: Path) -> None:
    """What is in production first, then the others by name, and `latest`, which moves by itself, last: in the app and from Python."""
    with Catalog(tmp_path / "x.artui") as catalog:
        with catalog.transaction() as connection:
            new = artifacts.NewVersion(project="p", name="m", kind="model", stage="modelling", files=[])
            version = artifacts.save(connection, new)
        for alias in ("candidate", "production", "best"):
            events.move_alias(catalog, version.id, alias)
    with open_reader(tmp_path / "x.artui") as reader:
        head = get_version(reader, version.id).head
        assert list(head.aliases) == ordered_aliases(head) == ["production", "best", "candidate", "latest"]
