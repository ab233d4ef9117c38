"""The screen of imports: a line for each, what it left out, and the way to its runs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from artui.catalog import Catalog
from artui.query.imports import ImportReport, import_reports
from artui.query.runs.order import RunsRequest, run_order
from artui.tui.screens.imports import ImportsScreen, report_lines, summary_lines
from tests.reading import open_reader
from tests.tui.looking import NOW_MS, on, settled, shown

Explore = Callable[..., None]
STORES = {"/data/one/mlruns": ("mlflow", range(2, 6)), "/data/two/mlruns": ("mlflow", range(6, 9)), "/logs": ("tensorboard", range(9, 11))}  # fmt: skip


@pytest.fixture
def imported(small_catalog: Path) -> Path:
    """Nine runs are from three stores, two of the first are deleted; a context that is no JSON is of a run that was not imported."""
    with Catalog(small_catalog) as catalog, catalog.transaction() as connection:
        for place, (store, (format, keys)) in enumerate(STORES.items()):
            report = {"format": format, "title": format, "location": store, "runs": {"new": len(keys), "updated": place}, "left": [{"what": "runs", "why": "hold nothing", "count": 7}], "taken": {"params": 3}}  # fmt: skip
            connection.execute("INSERT INTO imported (id, format, location, time_ms, program, report) VALUES (?, ?, ?, ?, 'artui', ?)", (f"i{place}", format, store, NOW_MS - 60_000 * place, json.dumps(report)))  # fmt: skip
            for key in keys:
                connection.execute("INSERT INTO context (run_key, name, content) VALUES (?, 'import', ?)", (key, json.dumps({"store": store, "format": format})))  # fmt: skip
        connection.execute("INSERT INTO context (run_key, name, content) VALUES (1, 'import', '{no json')")
        connection.execute("UPDATE run SET deleted_ms = 5 WHERE key IN (2, 3)")
    return small_catalog


@pytest.mark.parametrize(
    ("where", "matched"),
    [
        ("imported = mlflow", 5),
        ('imported = "/data/one/mlruns"', 2),
        ('imported = "/data/one/mlruns" and deleted is not null', 2),
        ("imported ~ mlruns$", 5),
        ("imported in (tensorboard, `/data/two/mlruns`)", 5),
        ("imported != mlflow", 5),
        ("imported is null", 3),
    ],
)
def test_runs_are_found_by_where_they_came_from(imported: Path, where: str, matched: int) -> None:
    """A format or a place; runs of other stores, and those that were logged here, are told apart."""
    with open_reader(imported) as reader:
        assert run_order(reader, RunsRequest(where)).matched == matched


def test_imports_are_counted(imported: Path) -> None:
    """What is in the catalog of each store now, with what is deleted, is what the filters find."""
    with open_reader(imported) as reader:
        for report in import_reports(reader):
            where = f'imported = "{report.location}"'
            assert report.run_count == run_order(reader, RunsRequest(where)).matched
            assert report.deleted_count == run_order(reader, RunsRequest(f"{where} and deleted is not null")).matched


@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
def test_import_leads_to_its_runs(imported: Path, explore: Explore, size: tuple[int, int]) -> None:
    """Each import has a line with when, from where and how many; enter shows its runs, d those that are deleted."""

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("I")
        await settled(pilot)
        lines = shown(pilot).splitlines()
        assert lines[1].split() == ["age", "from", "runs", "new", "updated", "deleted", "left", "out"]
        assert lines[2].split()[-5:] == ["2", "4", "·", "2", "7"] and "/data/one" in lines[2]
        assert lines[3].split()[-5:] == ["3", "3", "1", "·", "7"]
        await pilot.press("down", "down")
        await settled(pilot)
        assert "left out  runs (7): hold nothing" in shown(pilot)
        await pilot.press("enter")
        await settled(pilot)
        assert "2 of 10 runs" in shown(pilot)
        await pilot.press("I", "d")
        await settled(pilot)
        assert "2 of 12 runs" in shown(pilot)

    explore(imported, flow, size=size)


def test_a_line_and_its_text_say_the_same(small_catalog: Path) -> None:
    """Each count of a line is in the text below, under the same word; damaged runs were taken, so they are not left out."""
    report = {
        "title": "MLflow", "runs": {"new": 6, "updated": 2, "not chosen": 3}, "damaged_count": 1, "damaged": [{"run": "r1", "what": "no start"}],
        "left": [{"what": "runs", "why": "hold nothing", "count": 1}], "changed": [{"what": "runs", "why": "are deleted in the source", "count": 1}], "taken": {},
    }  # fmt: skip
    whole = ImportReport("mlflow", "/data", NOW_MS, "artui", report, run_count=5, deleted_count=1)
    head, (line,) = summary_lines([whole], cells=100)
    titles = "".join(text for text, _ in head.spans).replace("left out", "left-out").split()
    counts = dict(zip(titles[2:], "".join(text for text, _ in line.spans).split()[3:], strict=True))
    assert counts == {"runs": "5", "new": "6", "updated": "2", "deleted": "1", "left-out": "4", "damaged": "1"}
    text = "\n".join("".join(part for part, _ in line.spans) for line in report_lines(whole, cells=100))
    for words in ("6 new", "2 updated", "3 not chosen", "5 runs in the catalog and 1 deleted", "left out  runs (1): hold nothing", "damaged   r1", "changed   runs (1): are deleted"):  # fmt: skip
        assert words in text, words
    assert "1 runs" not in text
    plain = ImportReport("mlflow", "/data", NOW_MS, "artui", {**report, "runs": {"new": 1}, "left": [], "damaged_count": 0}, run_count=1)  # fmt: skip
    assert "".join(text for text, _ in summary_lines([plain], cells=100)[0].spans).split() == ["age", "from", "runs", "new"]  # fmt: skip


def test_an_empty_list_of_imports_offers_nothing(small_catalog: Path, explore: Explore) -> None:
    """No line is highlighted, and neither runs nor deleted ones are offered; enter says why."""

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("I")
        await settled(pilot)
        listing = on(pilot, ImportsScreen).listing
        footer = shown(pilot).splitlines()[-1]
        assert "artui import PATH" in shown(pilot) and "enter runs" not in footer and "deleted" not in footer
        assert not any(listing._is_drawn_cursor(place) for place in range(len(listing.lines)))
        await pilot.press("enter")
        await settled(pilot)
        assert "there are no runs to show" in shown(pilot)

    explore(small_catalog, flow)
