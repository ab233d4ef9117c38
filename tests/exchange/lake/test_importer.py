"""A lake comes back into a catalog as it left one, and what others put there costs nothing else."""

from __future__ import annotations

import math
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from hypothesis import Phase, given, settings

from artui.catalog import Catalog, points, runs
from artui.catalog.checking import check_data
from artui.exchange.importing import import_paths
from artui.exchange.intake.report import Report
from artui.exchange.lake import source, taking
from artui.exchange.lake.exporter import export
from artui.query.reader import Reader
from tests.exchange.histories import HISTORIES, record
from tests.exchange.lake.test_exporter import BEGIN_MS, exported, ids, write
from tests.exchange.looking import content
from tests.exchange.writing import write_lake

_NOT_THERE = ("context", "projects")
"""What does not leave: what surrounded a run, and projects without a run."""


def there(catalog: Path) -> dict[str, Any]:
    """Give what a catalog holds of what a lake brings back: files' bytes and deployments are none of it."""
    tables = {name: rows for name, rows in content(catalog).items() if name not in _NOT_THERE}
    tables["versions"] = [(*row[:9], *row[10:]) for row in tables["versions"]]
    tables["lineage"] = [row for row in tables["lineage"] if row[0] != "deployed_as"]
    return tables


def back(lake: Path, catalog: Path) -> Report:
    """Import a lake."""
    [report] = import_paths([lake], catalog)
    return report


def test_the_demo_comes_back(demo_catalog: Path, tmp_path: Path) -> None:
    """Runs, params, tags, points, versions, manifests, aliases and lineage are those that left, under the same ids; twice changes nothing."""
    exported(demo_catalog, tmp_path / "lake")

    report = back(tmp_path / "lake", tmp_path / "back.artui")

    assert there(tmp_path / "back.artui") == there(demo_catalog)
    assert not report.damaged_count and {what for what, _ in report.left} == {"links"}
    before = content(tmp_path / "back.artui")
    again = back(tmp_path / "lake", tmp_path / "back.artui")
    assert content(tmp_path / "back.artui") == before and not again.has_news
    assert not list(check_data(tmp_path / "back.artui"))


def test_what_the_catalog_has_by_itself_stays(demo_catalog: Path, tmp_path: Path) -> None:
    """A lake that goes back to where it came from changes no run and no version there, whatever was written into it."""
    exported(demo_catalog, tmp_path / "lake")
    with sqlite3.connect(demo_catalog) as connection:
        connection.execute("UPDATE run SET note = 'mine'")
    before = content(demo_catalog)

    report = back(tmp_path / "lake", demo_catalog)

    assert content(demo_catalog) == before
    assert report.runs == {"kept": len(before["runs"])} and not report.has_news


@settings(max_examples=5, deadline=None, phases=(Phase.explicit, Phase.generate))  # each takes half a second
@given(HISTORIES)
def test_whatever_was_recorded_comes_back(recorded: list[dict[str, Any]]) -> None:
    """Any runs by any names, with every kind of value and every bit of a float."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "c.artui"
        record(path, recorded)
        with Reader(path) as reader:
            export(reader, f"{folder}/lake")

        back(Path(folder) / "lake", Path(folder) / "back.artui")

        assert there(Path(folder) / "back.artui") == there(path)


def test_what_is_new_alone_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some runs at a time; of a run that grew the points, of the others none. A series longer than what is read at once is whole."""
    monkeypatch.setattr(taking, "RUNS_AT_ONCE", 3)
    monkeypatch.setattr(taking, "POINTS_AT_ONCE", 4)
    write(tmp_path / "c.artui", 11)
    exported(tmp_path / "c.artui", tmp_path / "lake")
    assert back(tmp_path / "lake", tmp_path / "back.artui").runs == {"new": 11}
    assert there(tmp_path / "back.artui") == there(tmp_path / "c.artui")
    with Catalog(tmp_path / "c.artui") as catalog, catalog.transaction() as connection:
        steps = np.arange(50, 63)
        points.append(connection, 5, runs.name_key(connection, "loss"), "", steps, steps + BEGIN_MS, steps / 7)
    exported(tmp_path / "c.artui", tmp_path / "lake")

    report = back(tmp_path / "lake", tmp_path / "back.artui")

    assert report.runs == {"updated": 1, "unchanged": 10} and report.taken["points"] == 18
    assert there(tmp_path / "back.artui") == there(tmp_path / "c.artui")


def test_what_is_there_twice_is_taken_once(tmp_path: Path) -> None:
    """The files of a copy of a catalog, or those that an export left that was killed."""
    write(tmp_path / "c.artui", 6)
    exported(tmp_path / "c.artui", tmp_path / "lake")
    for path in list((tmp_path / "lake").rglob("part-*.parquet")):
        shutil.copy(path, path.with_name(f"again-{path.name}"))

    report = back(tmp_path / "lake", tmp_path / "back.artui")

    assert there(tmp_path / "back.artui") == there(tmp_path / "c.artui")
    assert report.left["rows of runs", "are there twice"] == 6


def test_a_lake_that_others_wrote_anew_is_the_same(tmp_path: Path) -> None:
    """One file for each table, in any order and of other types of numbers, as after a compaction by another program."""
    write(tmp_path / "c.artui", 6)
    exported(tmp_path / "c.artui", tmp_path / "lake")
    with duckdb.connect() as connection:
        for table in ("runs", "params", "tags", "metrics", "points"):
            folder = tmp_path / "other" / table / "project=all" / "month=all"
            folder.mkdir(parents=True)
            shown = "* REPLACE (step::INT AS step, number::USMALLINT AS number)" if table == "points" else "*"
            connection.execute(f"COPY (SELECT {shown} FROM read_parquet('{tmp_path}/lake/{table}/**/*.parquet', hive_partitioning = false) ORDER BY random()) TO '{folder}/all.parquet'")  # fmt: skip

    report = back(tmp_path / "other", tmp_path / "back.artui")

    assert there(tmp_path / "back.artui") == there(tmp_path / "c.artui") and not report.left


# What somebody else put there


def _hostile(folder: Path) -> dict[str, str]:
    """Write files that are no rows of runs; give by name what is said of each."""
    with duckdb.connect() as connection:
        connection.execute(f"COPY (SELECT 1 AS other) TO '{folder}/columns.parquet'")
        connection.execute(f"COPY (SELECT 1 AS id, 2 AS name) TO '{folder}/types.parquet'")
        wide = ", ".join(f"{number} AS c{number}" for number in range(1500))
        connection.execute(f"COPY (SELECT 'x' AS id, {wide}) TO '{folder}/wide.parquet'")
        connection.execute(f"COPY (SELECT 'no id' AS id, 'n' AS name UNION ALL SELECT NULL, 'n') TO '{folder}/ids.parquet'")  # fmt: skip
        connection.execute(f"COPY (SELECT [['x']] AS id) TO '{folder}/nested.parquet'")
    whole = (folder / "ids.parquet").read_bytes()
    (folder / "cut.parquet").write_bytes(whole[:-20])
    (folder / "footer.parquet").write_bytes(whole[:-8] + b"\xff\xff\xff\x7f" + b"PAR1")
    (folder / "noise.parquet").write_bytes(whole[:4] + random.Random(1).randbytes(2000) + (900).to_bytes(4, "little") + b"PAR1")  # fmt: skip
    (folder / "empty.parquet").write_bytes(b"")
    (folder / "star*.parquet").write_bytes(whole)
    (folder / "link.parquet").symlink_to("/etc/hostname")
    (folder / "folder.parquet").mkdir()
    return {
        "columns.parquet": "no column 'id'", "types.parquet": "'INTEGER' in the column 'id'", "wide.parquet": "1,501 columns", "nested.parquet": "in the column 'id'",
        "cut.parquet": "cut off", "footer.parquet": "at a length", "noise.parquet": "cannot be read", "empty.parquet": "no Parquet file", "star*.parquet": "stand for others",
        "link.parquet": "no regular file",
    }  # fmt: skip


def test_files_of_others_cost_nothing_else(tmp_path: Path) -> None:
    """Each is named with what is wrong with it, and every run comes all the same."""
    write(tmp_path / "c.artui", 3)
    exported(tmp_path / "c.artui", tmp_path / "lake")
    folder = next((tmp_path / "lake" / "runs").rglob("*.parquet")).parent
    expected = _hostile(folder)

    report = back(tmp_path / "lake", tmp_path / "back.artui")

    assert there(tmp_path / "back.artui") == there(tmp_path / "c.artui")
    said = list(report.left)
    for name, why in expected.items():
        assert [True for what, reason in said if f"/{name}'" in what and why in reason], (name, said)
    assert report.left["runs", "have an id that is none"] == 1


def test_rows_of_others_are_bounded_and_checked(tmp_path: Path) -> None:
    """Texts that are too long, values of no type, links to nowhere, paths that lead out: left out or kept as texts, and counted."""
    write(tmp_path / "c.artui", 2)
    exported(tmp_path / "c.artui", tmp_path / "lake")
    run = f"01M{0:023}"
    version = "01M00000000000000000000EV1"

    def put(table: str, query: str) -> None:
        folder = tmp_path / "lake" / table / "project=p" / "month=2026-05"
        folder.mkdir(parents=True, exist_ok=True)
        with duckdb.connect() as connection:
            connection.execute(f"COPY ({query}) TO '{folder}/evil.parquet'")

    put("params", f"SELECT '{run}' AS run_id, unnest(['bomb', 'kind', 'json']) AS name, unnest(['text', 'pickle', 'json']) AS type, NULL::DOUBLE AS value_number, unnest([repeat('x', 5000000), '1', '{{']) AS value_text")  # fmt: skip
    put("versions", f"SELECT '{version}' AS id, 'evil:name' AS artifact, 'p' AS project, 7 AS number, '/etc' AS location, '[1]' AS metadata, -5::BIGINT AS created_ms")  # fmt: skip
    put("files", f"SELECT '{version}' AS version_id, unnest(['../../up', '/etc/passwd', 'fine.txt', 'bad.txt']) AS path, 3 AS size_bytes, unnest(['{'a' * 64}', '{'a' * 64}', '{'a' * 64}', 'zz']) AS digest")  # fmt: skip
    put("lineage", f"SELECT unnest(['output', 'input', 'owns']) AS relation, unnest(['{run}', 'nobody', 'x']) AS source_id, unnest(['{version}', '{run}', 'y']) AS target_id")  # fmt: skip

    report = back(tmp_path / "lake", tmp_path / "back.artui")

    tables = content(tmp_path / "back.artui")
    params = {name: (kind, text) for owner, name, kind, _, text in tables["params"] if owner == run}
    assert params["bomb"] == (1, "") and params["kind"] == (1, "1") and params["json"] == (1, "{")
    assert [row[1] for row in tables["files"]] == ["fine.txt"] and [row[1] for row in tables["versions"]] == ["evil-name"]  # fmt: skip
    assert tables["lineage"] == [("output", run, version)]
    with sqlite3.connect(tmp_path / "back.artui") as connection:
        assert connection.execute("SELECT storage, mark FROM version").fetchall() == [("referenced", None)]
    assert {what for what, _ in report.left} >= {"texts", "params", "files", "links", "metadata of versions"}


def test_a_file_that_kills_the_reader_costs_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program that reads files is another one: where it dies, or takes too long, the rest is read by the next."""
    write(tmp_path / "c.artui", 3)
    exported(tmp_path / "c.artui", tmp_path / "lake")
    bad = next((tmp_path / "lake" / "tags").rglob("*.parquet"))
    shutil.copy(bad, bad.with_name("deadly.parquet"))
    real = source.Source._ask

    def ask(self: source.Source, question: dict[str, Any]) -> list[bytes]:
        if question["ask"] == "rows" and any("deadly" in path for path in question["files"]):
            self._started().kill()
        return real(self, question)

    monkeypatch.setattr(source.Source, "_ask", ask)

    report = back(tmp_path / "lake", tmp_path / "back.artui")

    assert there(tmp_path / "back.artui") == there(tmp_path / "c.artui")
    assert [why for what, why in report.left if "deadly" in what] == ["is one that the program which reads it dies of, or gets lost in"]  # fmt: skip


def test_without_duckdb_it_is_said(tmp_path: Path) -> None:
    """Both ways: in words, with what installs it."""
    write_lake(tmp_path / "lake", 2)
    write(tmp_path / "c.artui", 1)
    for words in (["export", "--parquet", "out", "-c", "c.artui"], ["import", "lake", "-c", "back.artui"]):
        code = f"import sys; sys.modules['duckdb'] = None; from artui.cli import run; sys.exit(run({words}))"
        done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 1 and "pip install 'artui[parquet]'" in done.stderr and "duckdb" in done.stderr
    assert not (tmp_path / "out").exists() and math.isclose(len(ids(tmp_path / "lake")), 1)
