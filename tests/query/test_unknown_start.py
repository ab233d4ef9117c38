"""Runs whose start no source knows: blank, last in the order by age, and of no time in filters."""

from __future__ import annotations

from pathlib import Path

import pytest

from artui.catalog import Catalog, runs
from artui.units import age_text, ago_text, time_text
from tests.reading import open_reader

DAY_MS = 86_400_000


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    path = tmp_path / "c.artui"
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for name, started_ms in (("old", 10 * DAY_MS), ("unknown", 0), ("new", 20 * DAY_MS)):
            key = runs.start(connection, runs.NewRun(project="p", name=name, started_ms=started_ms))
            connection.execute("UPDATE run SET status = 1, started_ms = ? WHERE key = ?", (started_ms, key))
    return path


@pytest.mark.parametrize(
    ("order", "names"), [("-started", ["new", "old", "unknown"]), ("started", ["old", "new", "unknown"])]
)
def test_unknown_start_is_last_both_ways(catalog: Path, order: str, names: list[str]) -> None:
    with open_reader(catalog) as reader:
        assert [head.name for head in reader.runs(order=order)] == names


@pytest.mark.parametrize(
    ("where", "names"),
    [
        ("started < 2026-01-01", {"old", "new"}),
        ("started <= 1970-01-12", {"old"}),
        ("started > 1960-01-01", {"old", "new"}),
        ("started = 1970-01-01", set()),
        ("started != 1970-01-11", {"new"}),
        ("started is null", {"unknown"}),
        ("started is not null", {"old", "new"}),
    ],
)
def test_unknown_start_is_of_no_time(catalog: Path, where: str, names: set[str]) -> None:
    with open_reader(catalog) as reader:
        assert {head.name for head in reader.runs(where)} == names


def test_unknown_start_is_shown_as_that(catalog: Path) -> None:
    with open_reader(catalog) as reader:
        head = next(head for head in reader.runs() if head.name == "unknown")
    assert head.took_ms(DAY_MS) is None and head.started_ms == 0
    assert (time_text(0), age_text(0, DAY_MS), ago_text(0, DAY_MS)) == ("unknown", "", "")
