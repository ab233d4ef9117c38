"""The table of runs: order and filter."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artui.catalog import Catalog, events, points, runs
from artui.errors import UsageError
from artui.model import ParamValue
from artui.query.attributes import SHOWN
from artui.query.runs.columns import columns
from artui.query.runs.naming import sorts_named
from artui.query.runs.order import RunsRequest, count_runs, count_trash, first_view, run_order
from artui.query.runs.rows import run_rows
from artui.query.runs.sorting import Sort
from artui.tui.widgets.tablelines import sort_arrow
from tests.reading import open_reader


def _make(path: Path, rows: list[Mapping[str, ParamValue]], **shared: object) -> None:
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for number, params in enumerate(rows):
            runs.start(connection, runs.NewRun(project="p", name=f"r{number}", params=params, **shared))  # type: ignore[arg-type]


def _matched(path: Path, contains: str) -> list[str]:
    with open_reader(path) as reader:
        return sorted(run.name for run in reader.runs(contains=contains))


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.none() | st.integers(-5, 5) | st.floats(width=32) | st.sampled_from(["a", "B", ""]), min_size=1, max_size=8
    )
)
def test_missing_values_are_last_both_ways(
    tmp_path_factory: pytest.TempPathFactory, values: list[float | str | None]
) -> None:
    """Sorted by a param, up or down, every run is there once, those that lack it or have NaN at the end, numbers in order."""
    path = tmp_path_factory.mktemp("sort") / "x.artui"
    _make(path, [{} if value is None else {"x": value} for value in values])
    with open_reader(path) as reader:
        for order in ("params.x", "-params.x"):
            ordered = [values[int(run.name[1:])] for run in reader.runs(order=order)]
            having = [value for value in ordered if value is not None and value == value]
            numbers = [value for value in having if isinstance(value, int | float)]

            assert ordered[: len(having)] == having and len(ordered) == len(values)
            assert numbers == sorted(numbers, reverse=order.startswith("-"))


def test_every_column_of_the_demo_sorts(demo_catalog: Path) -> None:
    """By any column, up or down, all runs are there, and those without the value are the last in both."""
    with open_reader(demo_catalog) as reader:
        total = count_runs(reader)[0]
        params, metrics, _ = columns(reader)
        for column_id in [f"attribute:{name}" for name in SHOWN] + [column.id for column in (*params, *metrics)]:
            up = list(run_order(reader, RunsRequest(sorts=(Sort(column_id),))).keys)
            down = list(run_order(reader, RunsRequest(sorts=(Sort(column_id, True),))).keys)
            assert len(up) == len(set(up)) == total and sorted(up) == sorted(down)
        for column in (*params, *metrics):
            for is_descending in (False, True):
                keys = list(run_order(reader, RunsRequest(sorts=(Sort(column.id, is_descending),))).keys)
                rows = run_rows(reader, keys, [column])
                cells = [rows[key].cells.get(column.id) for key in keys]
                has = [not (value is None or value != value) for value in cells]
                assert has == sorted(has, reverse=True), column.id


@pytest.mark.parametrize("word", ["Ärger", "Öl", "straße", "note", "100%", "a_b", "back\\slash", "it's"])
def test_what_is_written_is_found_as_written(tmp_path: Path, word: str) -> None:
    """A word typed just as it stands in a name, note or param finds the run, whatever its letters."""
    note = "Ärger straße a note of 100% a_b back\\slash it's"
    _make(tmp_path / "x.artui", [{"oil": "Öl"}], note=note)
    _make(tmp_path / "x.artui", [{"oil": "none"}])
    assert _matched(tmp_path / "x.artui", word) == ["r0"]


@pytest.mark.parametrize("word", ["ärger", "ÄRGER", "Ärger", "öl", "ÖL", "ADAM", "ünı"])
def test_letters_of_other_alphabets_are_found_in_any_case(tmp_path: Path, word: str) -> None:
    """All in lower case, all in upper case or with one capital, a word is found where it is written in another of these."""
    _make(tmp_path / "x.artui", [{"oil": "Öl", "opt": "Adam"}], note="Ärger", tags={"ÜNI ünı": ""})
    _make(tmp_path / "x.artui", [{"oil": "none"}])
    assert _matched(tmp_path / "x.artui", word) == ["r0"]


@pytest.mark.parametrize(
    ("value", "word"),
    [
        (2**53 + 1, "9007199254740993"), (0.1, "0.1"), (0.1, "1e-1"), (-3, "-3"), (2**70, str(2**70)), ("adam", "ADAM"), ("adam", "da"), (math.inf, "inf"),
        (math.nan, "nan"), (1e-05, "0.00001"),
    ],
)  # fmt: skip
def test_params_are_found_by_value(tmp_path: Path, value: ParamValue, word: str) -> None:
    """Numbers are found by any spelling, exactly; texts by any part."""
    _make(tmp_path / "x.artui", [{"x": value}, {"x": 2**53}, {"x": "other"}, {"x": 7}])
    assert _matched(tmp_path / "x.artui", word) == ["r0"]


def test_text_behind_a_nul_is_found(tmp_path: Path) -> None:
    """A NUL in a note or a param hides nothing from the filter."""
    _make(tmp_path / "x.artui", [{"x": "before\x00after"}], note="left\x00right")
    assert [_matched(tmp_path / "x.artui", word) for word in ("before", "after", "left", "right")] == [["r0"]] * 4


@pytest.mark.parametrize(
    "word",
    ["x" * 5000, "\udcff", "\x00", "%" * 100, "'", '"', "NEAR(", "🙂"],
    ids=["long", "surrogate", "nul", "percents", "quote", "quotes", "near", "smile"],
)
def test_any_word_is_a_filter(tmp_path: Path, word: str) -> None:
    """What matches nothing matches nothing: it is never taken for damage."""
    _make(tmp_path / "x.artui", [{"x": 1}])
    assert _matched(tmp_path / "x.artui", word) == []


def test_status_is_found_as_it_is_shown(tmp_path: Path) -> None:
    """A run whose heartbeat stopped is shown and found as lost, a day later as killed, and never as running."""
    now_ms = time.time_ns() // 1_000_000
    with Catalog(tmp_path / "x.artui") as catalog, catalog.transaction() as connection:
        for name, started_ms in (("gone", 1000), ("old", now_ms - 3_600_000), ("new", now_ms)):
            runs.start(connection, runs.NewRun(project="p", name=name, started_ms=started_ms))
    with open_reader(tmp_path / "x.artui") as reader:
        assert {run.name: run.status for run in reader.runs()} == {"gone": "killed", "old": "lost", "new": "running"}
        assert count_runs(reader) == (3, 1)
    path = tmp_path / "x.artui"
    assert [_matched(path, word) for word in ("lost", "running", "killed")] == [["old"], ["new"], ["gone"]]


def test_tags_projects_and_every_word_count(tmp_path: Path) -> None:
    """Words are found in tags, their values and the project; all must hold, in any order and case."""
    _make(tmp_path / "x.artui", [{"opt": "adam"}, {"opt": "sgd"}], tags={"baseline": "Golden"})
    path = tmp_path / "x.artui"
    assert _matched(path, "baseline golden") == _matched(path, "p") == ["r0", "r1"]
    assert _matched(path, "sgd BASE") == _matched(path, "base  sgd ") == ["r1"] and _matched(path, "sgd adam") == []
    assert _matched(path, "") == ["r0", "r1"]


def test_deleted_runs_are_nowhere(tmp_path: Path) -> None:
    """A run that is marked as deleted is in no list, order or count."""
    _make(tmp_path / "x.artui", [{"x": 1}, {"x": 2}])
    with Catalog(tmp_path / "x.artui") as catalog, catalog.transaction() as connection:
        connection.execute("UPDATE run SET deleted_ms = 1 WHERE name = 'r0'")
    with open_reader(tmp_path / "x.artui") as reader:
        assert [run.name for run in reader.runs(order="params.x")] == ["r1"] == _matched(tmp_path / "x.artui", "r")
        view = first_view(reader, 10)
    assert view.total == 1 and [head.name for head in view.heads] == ["r1"]


@pytest.mark.parametrize("where", ["", "params.x > 0", "deleted is not null", "deleted is null", "deleted is not null or params.x = 2", "not deleted is null"])  # fmt: skip
def test_matches_are_counted_among_what_they_were_chosen_from(where: str, tmp_path: Path) -> None:
    """Of four runs three are in the trash: a filter that asks for them chooses from all four, another one from one."""
    _make(tmp_path / "x.artui", [{"x": number} for number in range(4)])
    with Catalog(tmp_path / "x.artui") as catalog, catalog.transaction() as connection:
        connection.execute("UPDATE run SET deleted_ms = 1 WHERE name <> 'r2'")
    with open_reader(tmp_path / "x.artui") as reader:
        order = run_order(reader, RunsRequest(where))
    assert order.matched <= order.among == (4 if "deleted" in where else 1)
    assert order.total == 1


def test_limit_takes_the_first_of_the_order(tmp_path: Path) -> None:
    """A limit is of the ordered list; 0 gives none."""
    _make(tmp_path / "x.artui", [{"x": number} for number in range(5)])
    with open_reader(tmp_path / "x.artui") as reader:
        assert [run.name for run in reader.runs(order="-params.x", limit=2)] == ["r4", "r3"]
        assert reader.runs(limit=0) == [] and len(reader.runs(limit=99)) == 5
        with pytest.raises(UsageError):
            reader.runs(order="params")


def test_order_by_a_metric_of_several_processes_is_that_of_the_cells(tmp_path: Path) -> None:
    """With a series a rank, a run is sorted by the value that its cell shows."""
    with Catalog(tmp_path / "x.artui") as catalog, catalog.transaction() as connection:
        for name, ranks in (("a", (5.0, 1.0)), ("b", (3.0, 9.0)), ("c", (math.nan, 4.0))):
            key = runs.start(connection, runs.NewRun(project="p", name=name))
            for rank, value in enumerate(ranks):
                points.append(
                    connection, key, runs.name_key(connection, "x"), f"rank={rank}", *points.pack([(0, 0, value)])
                )
    with open_reader(tmp_path / "x.artui") as reader:
        column = columns(reader)[1][0]
        for is_descending in (False, True):
            keys = list(run_order(reader, RunsRequest(sorts=(Sort(column.id, is_descending),))).keys)
            shown = [run_rows(reader, keys, [column])[key].cells[column.id] for key in keys]
            assert str(shown) == ("[5.0, 3.0, nan]" if is_descending else "[3.0, 5.0, nan]")


def test_runs_in_the_trash_are_not_counted_as_running(tmp_path: Path) -> None:
    """The header counts what the lists show: neither running runs nor others that are in the trash."""
    with Catalog(tmp_path / "x.artui") as catalog:
        with catalog.transaction() as connection:
            runs.start(connection, runs.NewRun(project="p", name="new", started_ms=time.time_ns() // 1_000_000))
        with open_reader(tmp_path / "x.artui") as reader, events.editing(catalog, "trash") as edit:
            edit.trash(reader.runs()[0].id)
    with open_reader(tmp_path / "x.artui") as reader:
        assert (count_runs(reader), count_trash(reader)) == ((0, 0), 1)


def test_by_age_the_newest_is_first(tmp_path: Path) -> None:
    """An age grows as the start falls, in scripts as in the table of the app; a param of that name keeps its own order."""
    _make(tmp_path / "x.artui", [{"x": 1}, {"x": 2}, {"x": 3}])
    with open_reader(tmp_path / "x.artui") as reader:
        orders = {name: [run.name for run in reader.runs(order=name)] for name in ("age", "-age", "attr.age", "started", "-started")}  # fmt: skip
        assert (
            orders["age"] == orders["attr.age"] == orders["-started"] == orders["-age"][::-1] == orders["started"][::-1]
        )
        assert sort_arrow(sorts_named(reader, ["age"])[0]) == "↑"
    _make(tmp_path / "y.artui", [{"age": 3}, {"age": 1}])
    with open_reader(tmp_path / "y.artui") as reader:
        assert [run.name for run in reader.runs(order="params.age")] == ["r1", "r0"]
