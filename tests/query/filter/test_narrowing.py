"""Filters for a part of a column: they find the runs that have these values, and no others."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artui.catalog import Catalog, points, runs
from artui.model import Column
from artui.query.filter.compile import matching_keys
from artui.query.filter.narrowing import where_between, where_part, where_value
from artui.query.filter.parser import parse
from artui.query.keys import name_key
from artui.query.runs.statistics import classes, numbers
from tests.reading import OpenReader, open_reader

START_MS = 1_780_000_000_000
FLOATS = [
    0.05900267094373703, 0.0590027, 0.05900267, 0.1, 0.3, 0.1 + 0.2, math.nextafter(0.3, 1), 1e300, -1.7976e308,
    1.7976931348623157e308, 5e-324, -5e-324, 0.0, 1.5, -2.25, 123456.7, 123456.71,
]  # fmt: skip
WHOLE = [0, 1, -1, 9, 999_999, 1_000_001, 2**53, 2**53 + 1, 2**53 + 2, -(2**53) - 1, 2**60 + 1, 2**63 - 1, -(2**63), 2**62]  # fmt: skip
COUNT = max(len(FLOATS), len(WHOLE))


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenReader]:
    """A catalog whose runs have awkward numbers in a metric, two params, their start and their duration."""
    path: Path = tmp_path_factory.mktemp("narrowing") / "runs.artui"
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for number in range(COUNT):
            value, whole = FLOATS[number % len(FLOATS)], WHOLE[number % len(WHOLE)]
            started = START_MS + 250 * number + number % 3
            key = runs.start(
                connection,
                runs.NewRun(project="p", name=f"run-{number}", started_ms=started, params={"lr": value, "seed": whole}),
            )
            points.append(connection, key, runs.name_key(connection, "m"), "", *points.pack([(1, 1, value)]))
            runs.finish(connection, key, status="finished", ended_ms=started + 9, duration_ms=9 * number * number + number)  # fmt: skip
    with open_reader(path) as opened:
        yield opened


@settings(max_examples=120, deadline=None)
@given(
    st.sampled_from(["metric:m", "param:lr", "param:seed", "attribute:started", "attribute:duration"]),
    st.tuples(st.integers(0, COUNT - 1), st.integers(0, COUNT - 1)).map(sorted),
    st.sampled_from(["closed", "open", "part"]),
)
def test_a_part_of_a_column_is_found_exactly(reader: OpenReader, column_id: str, places: list[int], form: str) -> None:
    """Bounds are neither rounded into the part nor to a value beyond it: of floats, large whole numbers and times."""
    source, _, name = column_id.partition(":")
    with reader.snapshot() as connection:
        column = Column(source, name, name_key=(name_key(connection, name) or 0) if source != "attribute" else 0)  # type: ignore[arg-type]
        keys, values = numbers(connection, column)
    ordered = np.sort(values)
    low, high = float(ordered[places[0]]), float(ordered[places[1]])

    where = where_part(column, values, low, high) if form == "part" else where_between(column, low, high, is_open=form == "open")  # fmt: skip

    is_inside = (values >= low) & ((values < high) if form == "open" else (values <= high))
    node = parse(where)
    assert node is not None
    with reader.snapshot() as connection:
        assert matching_keys(connection, node) == set(keys[is_inside].tolist()), where


@pytest.mark.parametrize("word", ["name", "stage", "project", "host", "user", "parent"])
def test_each_value_of_an_attribute_finds_its_runs(tmp_path: Path, word: str) -> None:
    """As lists of values and groups show it, with two parents of one name, and one that is not in the catalog."""
    path = tmp_path / "x.artui"
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for name, host in (("sweep", "box-1"), ("sweep", "box (2)"), ("other", "")):
            runs.start(connection, runs.NewRun(project="p q", name=name, started_ms=START_MS, host=host, user="ada"))
        ids = [run_id for (run_id,) in connection.execute("SELECT id FROM run ORDER BY key")]
        for number, parent in enumerate([*ids, ids[0], "01JNOTHERE00000000000000AB"]):
            new = runs.NewRun(project="p", name=f"child-{number}", started_ms=START_MS, parent_id=parent, stage="data")
            runs.start(connection, new)
    column = Column("attribute", word, is_numeric=False)
    with open_reader(path) as opened, opened.snapshot() as connection:
        found = classes(connection, column)
        assert found
        for value, keys in found:
            node = parse(where_value(column, value))
            assert node is not None
            if value:
                assert matching_keys(connection, node) == set(keys), value
