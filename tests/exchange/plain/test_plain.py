"""Plain tables hold what their catalog holds, cell by cell, and come back into one as they left."""

from __future__ import annotations

import csv
import json
import math
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, given, settings

from artui.catalog import Catalog, points, runs
from artui.exchange.importing import import_paths
from artui.exchange.lake.tables import FLAG, NUMBER, TABLES, TEXT, WHOLE
from artui.exchange.leaving.order import Exported, Order
from artui.exchange.plain.exporter import FORMATS, export
from artui.query.reader import Reader
from tests.counts import tried
from tests.exchange.histories import BEGIN_MS, HISTORIES, record
from tests.exchange.lake.test_importer import there
from tests.exchange.looking import content

every = pytest.mark.parametrize("format", FORMATS)


def exported(path: Path, folder: Path, format: str, **order: Any) -> Exported:
    """Export a catalog."""
    with Reader(path) as reader:
        return export(reader, str(folder), Order(**order), format)


def cells(folder: Path, table: str, format: str) -> list[dict[str, Any]]:
    """Read a table with the standard library alone."""
    path = folder / f"{table}.{format}"
    if format == "jsonl":
        rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        return [{name: _number(cell) if TABLES[table][name] == NUMBER else cell for name, cell in row.items()} for row in rows]  # fmt: skip
    with path.open(newline="", encoding="utf-8") as stream:
        read: dict[str, Callable[[str], Any]] = {
            TEXT: lambda text: text[1:] if text.lstrip("'")[:1] in tuple("=+-@\t\r") and text[:1] == "'" else text,
            WHOLE: lambda text: int(text) if text else None, NUMBER: _number, FLAG: lambda text: {"true": True, "false": False}.get(text),
        }  # fmt: skip
        return [{name: read[TABLES[table][name]](cell) for name, cell in row.items()} for row in csv.DictReader(stream)]


def _number(cell: Any) -> float | None:
    return None if cell in (None, "") else float(cell)


@every
def test_the_demo_is_there_and_comes_back(format: str, demo_catalog: Path, tmp_path: Path) -> None:
    """Each table has the rows of SQL's view of it, cell by cell; and all comes back under its ids, and a second time nothing."""
    made = exported(demo_catalog, tmp_path / "out", format)

    with sqlite3.connect(demo_catalog) as connection:
        for table, view in (
            ("tags", "tag"),
            ("aliases", "alias"),
            ("params", "param"),
            ("files", "file"),
            ("events", "event"),
        ):
            assert made.rows[table] == len(cells(tmp_path / "out", table, format)) == connection.execute(f"SELECT count(*) FROM {view}").fetchone()[0]  # fmt: skip
        wanted = connection.execute("SELECT id, name, started_ms, ended_ms, note FROM runs ORDER BY id").fetchall()
        params = connection.execute("SELECT r.id, n.text, a.number FROM param AS a JOIN run AS r ON r.key = a.run_key JOIN name AS n ON n.key = a.name_key ORDER BY 1, 2").fetchall()  # fmt: skip
    rows = sorted((row["id"], row["name"], row["started_ms"], row["ended_ms"], row["note"]) for row in cells(tmp_path / "out", "runs", format))  # fmt: skip
    assert rows == wanted
    assert sorted((row["run_id"], row["name"], row["value_number"]) for row in cells(tmp_path / "out", "params", format)) == params  # fmt: skip
    assert {path.stem for path in (tmp_path / "out").glob("*.*l*")} | {path.stem for path in (tmp_path / "out").glob("*.csv")} >= set(TABLES)  # fmt: skip

    [report] = import_paths([tmp_path / "out"], tmp_path / "back.artui")

    assert there(tmp_path / "back.artui") == there(demo_catalog)
    assert not report.damaged_count and {what for what, _ in report.left} == {"links"}
    before = content(tmp_path / "back.artui")
    [again] = import_paths([tmp_path / "out"], tmp_path / "back.artui")
    assert content(tmp_path / "back.artui") == before and not again.has_news


@settings(max_examples=tried(4, 100), deadline=None, phases=(Phase.explicit, Phase.generate))
@given(HISTORIES)
def test_whatever_was_recorded_comes_back(recorded: list[dict[str, Any]]) -> None:
    """Any runs by any names, with every kind of value: which bits a NaN has is all that is lost."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        record(folder / "c.artui", recorded)
        for format in FORMATS:
            exported(folder / "c.artui", folder / format, format)

            import_paths([folder / format], folder / f"{format}.artui")

            assert there(folder / f"{format}.artui") == there(folder / "c.artui")


def _catalog(path: Path, count: int = 3) -> Path:
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for number in range(count):
            key = runs.start(connection, runs.NewRun(project="pq"[number % 2], name=f"run-{number}", id=f"01M{number:023}", started_ms=BEGIN_MS, params={"lr": 0.1}, tags={"t": ""}))  # fmt: skip
            steps = np.arange(5, dtype=np.int64)
            values = np.array([math.nan, math.inf, -math.inf, -0.0, 5e-324])
            points.append(connection, key, runs.name_key(connection, "loss"), "", steps, steps + BEGIN_MS, values)
            runs.finish(connection, key, status="finished", ended_ms=BEGIN_MS + 9, duration_ms=9)
    return path


@every
def test_numbers_are_exact_and_formulas_are_no_formulas(format: str, tmp_path: Path) -> None:
    """NaN and infinities are words, numbers what `repr` says; a text that a spreadsheet would calculate gets a `'` in CSV."""
    _catalog(tmp_path / "c.artui", 1)
    with sqlite3.connect(tmp_path / "c.artui") as connection:
        connection.execute("UPDATE run SET note = ?", ("=1+1",))
        connection.execute("UPDATE run SET name = ?", ('\'@x, "y"\nz',))

    exported(tmp_path / "c.artui", tmp_path / "out", format)

    raw = (tmp_path / "out" / f"points.{format}").read_text()
    shown = [line.rpartition("," if format == "csv" else ": ")[2].rstrip("}") for line in raw.splitlines()]
    quote = "" if format == "csv" else '"'
    assert shown[-5:] == [f"{quote}NaN{quote}", f"{quote}Infinity{quote}", f"{quote}-Infinity{quote}", "-0.0", "5e-324"]
    [run] = cells(tmp_path / "out", "runs", format)
    assert (run["note"], run["name"]) == ("=1+1", '\'@x, "y"\nz')
    if format == "csv":
        assert '"\'=1+1"' in (tmp_path / "out" / "runs.csv").read_text()


@every
def test_again_and_in_parts(format: str, tmp_path: Path) -> None:
    """A project or a filter alone; again it replaces itself; another part needs a word."""
    from artui.errors import UsageError

    _catalog(tmp_path / "c.artui")
    assert exported(tmp_path / "c.artui", tmp_path / "out", format, project="p").rows["runs"] == 2
    again = exported(tmp_path / "c.artui", tmp_path / "out", format, project="p")
    assert again.removed_files == again.files == 12
    with pytest.raises(UsageError, match="another part of this catalog: project 'p'"):
        exported(tmp_path / "c.artui", tmp_path / "out", format)
    made = exported(tmp_path / "c.artui", tmp_path / "out", format, where="name = run-1", replaces=True)
    assert made.rows["runs"] == 1 and [row["name"] for row in cells(tmp_path / "out", "runs", format)] == ["run-1"]


# What somebody else put there


@every
def test_rows_of_others_cost_nothing_else(format: str, tmp_path: Path) -> None:
    """Lines that are none, cells of another type, ids that are none, rows twice and in any order: left out and counted, and the rest is there."""
    _catalog(tmp_path / "c.artui")
    exported(tmp_path / "c.artui", tmp_path / "out", format)
    for table in ("runs", "params", "points"):
        path = tmp_path / "out" / f"{table}.{format}"
        first, *rest = path.read_text().splitlines(keepends=True)
        lines = [*rest[::-1], *rest[:1]] if format == "csv" else [first, *rest[::-1], first]
        path.write_text("".join([*([first] if format == "csv" else []), *lines]) + 'x,"y"z\n{"id": 5}\n\n')

    [report] = import_paths([tmp_path / "out"], tmp_path / "back.artui")

    assert there(tmp_path / "back.artui") == there(tmp_path / "c.artui")
    assert all(sum(count for (what, _), count in report.left.items() if what == f"rows of {table}") >= 2 for table in ("runs", "params", "points"))  # fmt: skip


@every
def test_what_is_cut_off_is_damaged(format: str, tmp_path: Path) -> None:
    """Points that are not there are said; files that are missing, links and folders in their place cost nothing else."""
    _catalog(tmp_path / "c.artui")
    exported(tmp_path / "c.artui", tmp_path / "out", format)
    path = tmp_path / "out" / f"points.{format}"
    path.write_bytes(path.read_bytes()[:-200])
    (tmp_path / "out" / f"tags.{format}").unlink()
    (tmp_path / "out" / f"params.{format}").unlink()
    (tmp_path / "out" / f"params.{format}").symlink_to("/etc/hostname")

    [report] = import_paths([tmp_path / "out"], tmp_path / "back.artui")

    assert report.runs["new"] == 3 and report.damaged_count
