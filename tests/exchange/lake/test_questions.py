"""The manual's ten questions have the same answers in the catalog and in its lake, and its table of columns is the lake's."""

from __future__ import annotations

import datetime
import json
import math
import re
from pathlib import Path

import duckdb
import pytest

import artui
from artui.cli import run
from artui.exchange.lake.tables import FLAG, NUMBER, TABLES, TEXT, WHOLE
from tests.documents import MANUAL, text_of
from tests.exchange.lake.test_exporter import exported

PAGE = MANUAL / "lake.md"
KINDS = {"number": NUMBER, "numbers": NUMBER, "flag": FLAG}


def _statements() -> list[str]:
    blocks = re.findall(r"^```sql\n(.*?)^```", text_of(PAGE), flags=re.S | re.M)
    return [statement.strip() for block in blocks for statement in block.split(";\n") if statement.strip()]


def test_both_answer_the_same(
    demo_catalog: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each of ten, to the last digit, and none is empty but that of what diverged where nothing did."""
    monkeypatch.chdir(tmp_path)
    exported(demo_catalog, tmp_path / "lake")
    asked = [text for text in _statements() if not text.startswith("CREATE VIEW")]
    assert len(asked) == 10
    with duckdb.connect() as lake, artui.open_catalog(demo_catalog) as catalog:
        for statement in _statements():
            if statement.startswith("CREATE VIEW"):
                lake.execute(statement)
        [(newest_ms,)] = lake.execute("SELECT max(started_ms) FROM runs").fetchall()
        week_ago = datetime.datetime.fromtimestamp(newest_ms / 1000 - 7 * 86_400, datetime.UTC).strftime("%Y-%m-%dT%H:%M")  # fmt: skip
        for text in asked:
            statement = text.replace("epoch_ms(now())", str(newest_ms))
            there = [[None if isinstance(cell, float) and math.isnan(cell) else cell for cell in row] for row in lake.execute(statement).fetchall()]  # fmt: skip
            if " tags " in statement:
                assert run(["ls", str(demo_catalog), "-w", f"tag = sweep and started > {week_ago}", "--json"]) == 0
                here = [[one["name"]] for one in json.loads(capsys.readouterr().out)["runs"]]
            else:
                here = [list(row.values()) for row in catalog.sql(statement)]
            assert there and there == here, statement


def test_columns_are_documented() -> None:
    """The page has each table with its columns in their order, and of which type each is."""
    documented = {}
    for table, cells in re.findall(r"^\| `(\w+)` \| [^|]* \| ([^|]*) \|$", text_of(PAGE), flags=re.M):
        columns: dict[str, str] = {}
        waiting: list[str] = []
        for cell in cells.split(", "):
            name, _, kind = cell.partition(": ")
            waiting.append(name.strip("` "))
            columns[waiting[-1]] = KINDS.get(kind, "")
            if kind == "numbers":
                columns |= dict.fromkeys(waiting[waiting.index("first") :], NUMBER)
        documented[table] = columns

    assert list(documented) == list(TABLES)
    for table, columns in documented.items():
        assert list(columns) == list(TABLES[table])
        assert {name: kind for name, kind in columns.items() if kind} == {
            name: kind for name, kind in TABLES[table].items() if kind not in (TEXT, WHOLE)
        }
