"""Orders of runs: parts of an order are the order of the parts."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artui.catalog import Catalog, points, runs
from artui.model import ParamValue
from artui.query.attributes import SHOWN
from artui.query.reader import Reader
from artui.query.runs.order import RunsRequest, first_matches, run_order
from artui.query.runs.sorting import Sort, first_keys, sorted_keys

COLUMNS = [f"attribute:{name}" for name in SHOWN] + [
    "param:lr", "param:kind", "param:nothing", "tag:good", "tag:mood", "metric:loss", "metric.min:loss", "metric.max:loss", "metric.mean:loss", "metric.count:loss",
]  # fmt: skip


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty runs: ties everywhere, values of two kinds, missing ones, NaN, one metric of several processes."""
    path = tmp_path_factory.mktemp("sorting") / "x.artui"
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for number in range(60):
            params: dict[str, ParamValue] = {} if number % 7 == 0 else {"lr": (0.1, 0.01, "auto")[number % 3], "kind": "ab"[number % 2]}  # fmt: skip
            run = runs.NewRun(
                project=f"p{number % 3}", name=f"{'aB'[number % 2]}{number % 5}", params=params, tags={"good": str(number % 4), "mood": "dry"[number % 3]} if number % 3 else {},
                python=("3.11", "")[number % 2], command=("train", str(number % 3)), directory=f"/d{number % 2}", git_is_dirty=(True, False, None)[number % 3],
                started_ms=1_790_000_000_000 + number // 2, user=("ada", "", "eve")[number % 3], host=f"box-{number % 4}", note="x" * (number % 3),
            )  # fmt: skip
            key = runs.start(connection, run)
            if number % 11:
                values = [(0, 0, float(number % 6)), (1, 0, math.nan if number % 13 == 0 else number % 4 / 2)]
                points.append(connection, key, runs.name_key(connection, "loss"), "", *points.pack(values))
            if number % 5:
                runs.finish(connection, key, status=("finished", "failed")[number % 2], ended_ms=1_790_000_100_000 + number % 9, duration_ms=number % 8)  # fmt: skip
    return path


@pytest.mark.parametrize("is_descending", [False, True])
@pytest.mark.parametrize("column", COLUMNS)
def test_first_keys_are_the_beginning_of_the_whole_order(mixed: Path, column: str, is_descending: bool) -> None:
    """However few are asked for, they are the first of all; where that cannot be had so, nothing is given."""
    sort = Sort(column, is_descending)
    given_any = False
    with Reader(mixed) as reader, reader.snapshot() as connection:
        whole = sorted_keys(connection, [sort])
        for limit in (1, 7, 30, 60):
            first = first_keys(connection, sort, limit)
            given_any = given_any or first is not None
            assert first is None or first == whole[:limit]
    # A tag of numbers that are held as text is put in order as a whole.
    empty = (
        "param:nothing",
        "tag:good",
        "attribute:commit",
        "attribute:branch",
        "attribute:alias",
        "attribute:parent",
        "attribute:error",
        "attribute:deleted",
    )
    assert given_any is (column not in empty)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.sampled_from(COLUMNS), min_size=1, max_size=3, unique=True),
    st.lists(st.booleans(), min_size=3, max_size=3),
    st.sets(st.integers(1, 60)),
)
def test_order_of_some_is_that_of_all_without_the_others(
    mixed: Path, columns: list[str], turned: list[bool], some: set[int]
) -> None:
    """By one column or several, either way round: a part is sorted as it stands in the whole."""
    sorts = [Sort(column, is_descending) for column, is_descending in zip(columns, turned, strict=False)]
    with Reader(mixed) as reader, reader.snapshot() as connection:
        whole = sorted_keys(connection, sorts)
        assert sorted(whole) == list(range(1, 61))
        assert sorted_keys(connection, sorts, within=some) == [key for key in whole if key in some]


def test_series_of_several_processes_leave_the_first_page_to_the_whole(tmp_path: Path) -> None:
    """A run with a series a process is sorted by its first one, so no page comes from the index of all series."""
    with Catalog(tmp_path / "x.artui") as catalog, catalog.transaction() as connection:
        for number in range(4):
            key = runs.start(connection, runs.NewRun(project="p", name=f"r{number}"))
            for labels, value in (("", 4.0 - number), ("rank=1", float(number))):
                points.append(connection, key, runs.name_key(connection, "loss"), labels, *points.pack([(0, 0, value)]))
    with Reader(tmp_path / "x.artui") as reader, reader.snapshot() as connection:
        assert first_keys(connection, Sort("metric:loss"), 4) is None
        assert sorted_keys(connection, [Sort("metric:loss")]) == [4, 3, 2, 1]


def test_first_page_of_a_sort_comes_without_the_rest(mixed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many runs the first page of any sort is there before all are sorted, and is the same as of all."""
    from artui.query.runs import order as query

    monkeypatch.setattr(query, "PAGED_FROM", 10)
    monkeypatch.setattr(query, "FIRST_SORTED", 20)
    paged = 0
    for column, is_descending in itertools.product(COLUMNS, (False, True)):
        request = RunsRequest("", (Sort(column, is_descending),))
        with Reader(mixed) as reader:
            page = first_matches(reader, request, 8)
            if page is not None:
                paged += 1
                assert page.is_partial and list(page.keys) == list(run_order(reader, request).keys[:8])
                # Once all are known they are not asked for again.
                again = first_matches(reader, request, 8)
                assert again is None or list(again.keys) == list(page.keys)
    assert paged > 30
