"""A catalog in other people's programs: sqlite-utils and Datasette find the views, and what they call."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import artui
from artui.query import plugin
from artui.query.sql.relations import EXAMPLES, VIEWS

PROGRAM = os.environ.get("ARTUI_DATASETTE", "")
"""Datasette's program, where it is not installed beside the tests."""


def _datasette(catalog: Path, path: str) -> Any:
    return json.loads(_got(catalog, path))


def _got(catalog: Path, path: str) -> str:
    program = [PROGRAM] if PROGRAM else [sys.executable, "-m", "datasette"]
    command = [*program, str(catalog), "--get", path]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout


class _Datasette1:
    """What Datasette 1 keeps of what it is told."""

    def __init__(self, catalog: Path) -> None:
        self.databases = {"demo": SimpleNamespace(path=str(catalog)), "_memory": SimpleNamespace(path=None)}
        self.config: dict[str, Any] = {}
        self.told: dict[tuple[str, ...], str] = {}

    async def get_database_metadata(self, *place: str) -> dict[str, str]:
        return {key[-1]: value for key, value in self.told.items() if key[:-1] == place}

    get_resource_metadata = get_column_metadata = get_database_metadata

    async def set_database_metadata(self, *place: str) -> None:
        self.told[place[:-1]] = place[-1]

    set_resource_metadata = set_column_metadata = set_database_metadata

    async def get_query(self, name: str, query: str) -> str | None:
        return self.told.get((name, "queries", query))

    async def add_query(self, name: str, query: str, sql: str, *, title: str) -> None:
        self.told[name, "queries", query] = sql


def test_datasette_1_is_told_the_same(demo_catalog: Path) -> None:
    """It is told once it begins; what its user has said of a view or a query stays."""
    datasette = _Datasette1(demo_catalog)
    datasette.told = {("demo", "runs", "description"): "mine", ("demo", "queries", "runs-by-day"): "SELECT 1"}
    datasette.config = {"databases": {"demo": {"tables": {"chunk": {"hidden": False}}}}}
    assert plugin.startup(SimpleNamespace(databases={})) is None
    tell = plugin.startup(datasette)
    assert tell is not None
    asyncio.run(tell())

    told, tables = datasette.told, datasette.config["databases"]["demo"]["tables"]
    assert told["demo", "runs", "description"] == "mine" and told["demo", "queries", "runs-by-day"] == "SELECT 1"
    assert told["demo", "lineage", "description"].startswith("One row for each link") and "artui" in told["demo", "description"]  # fmt: skip
    assert told["demo", "runs", "started_ms", "description"] == "milliseconds since 1970, UTC"
    assert sum(key[1] == "queries" for key in told) == len(EXAMPLES)
    assert tables["chunk"] == {"hidden": False} and tables["run"] == {"hidden": True} and "runs" not in tables


def test_datasette_is_told_what_the_views_are(demo_catalog: Path, tmp_path: Path) -> None:
    """Every view has a description, every table is hidden, and a file that is no catalog is left as it is."""
    (tmp_path / "other.db").write_bytes(b"no database at all")
    files = {"demo": SimpleNamespace(path=str(demo_catalog)), "other": SimpleNamespace(path=str(tmp_path / "other.db")), "_memory": SimpleNamespace(path=None), "gone": SimpleNamespace(path=str(tmp_path / "gone.db"))}  # fmt: skip

    told = plugin.get_metadata(SimpleNamespace(databases=files))["databases"]

    assert list(told) == ["demo"]
    shown = {name for name, entry in told["demo"]["tables"].items() if not entry.get("hidden")}
    assert shown == set(VIEWS) and "chunk" in told["demo"]["tables"] and len(told["demo"]["queries"]) == len(EXAMPLES)
    with artui.open_catalog(demo_catalog) as catalog:
        for entry in told["demo"]["queries"].values():
            catalog.sql(entry["sql"])


@pytest.mark.skipif(
    find_spec("datasette") is None and not PROGRAM,
    reason="Datasette is not installed here; ARTUI_DATASETTE may name its program, with artui beside it",
)
def test_datasette_itself_shows_them(demo_catalog: Path) -> None:
    """The page of the file lists views first, tables as hidden; what artui must work out comes out of its functions."""
    page = _datasette(demo_catalog, f"/{demo_catalog.stem}.json")
    assert {view["name"] for view in page["views"]} == set(VIEWS)
    assert all(table["hidden"] for table in page["tables"]) and page["queries"]
    for view in ("metric_points", "verdicts"):
        rows = _datasette(demo_catalog, f"/{demo_catalog.stem}/{view}.json?_size=3&_shape=array")
        with artui.open_catalog(demo_catalog) as catalog:
            assert rows == [dict(row) for row in catalog.sql(f"SELECT * FROM {view} LIMIT 3")] != []
    page_of_view = _got(demo_catalog, f"/{demo_catalog.stem}/runs")
    assert "One row for each run." in page_of_view and "milliseconds since 1970, UTC" in page_of_view
