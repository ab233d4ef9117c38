"""A catalog in other people's programs: sqlite-utils and Datasette find the views, and what they call."""

from __future__ import annotations

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
    program = [PROGRAM] if PROGRAM else [sys.executable, "-m", "datasette"]
    command = [*program, str(catalog), "--get", path]
    return json.loads(subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout)


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
    assert all(table["hidden"] for table in page["tables"]) and len(page["queries"]) == len(EXAMPLES)
    for view in ("metric_points", "verdicts"):
        rows = _datasette(demo_catalog, f"/{demo_catalog.stem}/{view}.json?_size=3&_shape=array")
        with artui.open_catalog(demo_catalog) as catalog:
            assert rows == [dict(row) for row in catalog.sql(f"SELECT * FROM {view} LIMIT 3")] != []
