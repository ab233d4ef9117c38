"""What is saved of a damaged catalog: all but what was on the damaged page, and nothing that was not in it."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from artui.catalog import Catalog
from artui.catalog.checking import check_data
from artui.catalog.salvaging.layouts import MADE_ANEW, layouts_of
from artui.catalog.salvaging.pages import Pages
from artui.catalog.salvaging.salvage import salvage_rows
from artui.catalog.salvaging.sorting import Sorter
from artui.catalog.schema import PAGE_BYTES, SCHEMA_VERSION
from artui.cli import run as run_cli
from artui.errors import CatalogDamaged, CatalogError, CatalogLocked, NotACatalog, UsageError
from artui.travel.salvaging import salvage
from tests import mutating
from tests.counts import tried

Tables = Mapping[str, Counter[tuple[Any, ...]]]
COLUMNS = {"file": "version_key, path, size_bytes, digest, media_type, link_target, note"}
"""Of a table that has a link to what may be gone: the others."""
PER_KIND = 3
"""Damaged pages of each kind in the ordinary run; `ARTUI_TEST_LONG=1` takes more."""
OWN = ("catalog", "origin", "spool", "blob", "blob_chunk")
"""What a file has for itself; and content, which is nothing without its pieces."""


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return mutating.build(tmp_path_factory.mktemp("whole") / "x.artui")


def _rows(path: Path) -> dict[str, Counter[tuple[Any, ...]]]:
    with closing(sqlite3.connect(path)) as connection:
        names = [name for name, layout in layouts_of(SCHEMA_VERSION).items() if not layout.is_index and not MADE_ANEW.match(name) and name not in OWN]  # fmt: skip
        return {
            name: Counter(connection.execute(f"SELECT {COLUMNS.get(name, '*')} FROM {name}").fetchall())
            for name in names
        }


def _on_pages(path: Path) -> Counter[int]:
    """Count the rows that begin on each page, by SQLite's own file, whole as it is."""
    with Pages(path) as pages:
        sorter = Sorter(pages)
        found = sorter.sort()
        assert not found.strange and not any(name in _rows(path) for name in found.lost)
        return Counter({
            number: len(sorter.records(number)[0])
            for name, numbers in found.pages.items() if not found.layouts.get(name, found.layouts["run"]).is_index
            for number in numbers
        })  # fmt: skip


def _damaged(content: bytes, kind: str, chance: random.Random) -> tuple[bytes, set[int]]:
    """Damage a page, or the two that change places; give the bytes, and the numbers of the pages."""
    count = len(content) // PAGE_BYTES
    number, other = chance.sample(range(count), 2)
    begin, from_ = number * PAGE_BYTES, other * PAGE_BYTES
    changed = bytearray(content)
    here, there = slice(begin, begin + PAGE_BYTES), slice(from_, from_ + PAGE_BYTES)
    if kind == "zeroed":
        changed[here] = bytes(PAGE_BYTES)
    elif kind == "noise":
        changed[here] = chance.randbytes(PAGE_BYTES)
    elif kind == "swapped":
        changed[here], changed[there] = content[there], content[here]
        return bytes(changed), {number + 1, other + 1}
    elif kind == "repeated":
        changed[here] = content[there]
    elif kind == "self-looping":
        for at in range(begin + 8, begin + PAGE_BYTES - 4, 4):
            changed[at : at + 4] = (number + 1).to_bytes(4, "big")
    elif kind == "cut off":
        return content[: (count - 2) * PAGE_BYTES + chance.randrange(PAGE_BYTES)], {count - 1, count}
    return bytes(changed), {number + 1}


@pytest.mark.parametrize("kind", ["zeroed", "noise", "swapped", "repeated", "self-looping", "cut off"])
def test_all_rows_off_a_damaged_page_are_saved(catalog: Path, tmp_path: Path, kind: str) -> None:
    """At least 99 % of them are, with one more row for what went on in that page, and nothing comes that was not there."""
    before, on_page, content = _rows(catalog), _on_pages(catalog), catalog.read_bytes()
    total = sum(sum(rows.values()) for rows in before.values())
    chance = random.Random(kind)
    for number in range(tried(PER_KIND, 100)):
        path, made = tmp_path / f"{number}.artui", tmp_path / f"{number}-saved.artui"
        damaged, hurt = _damaged(content, kind, chance)
        path.write_bytes(damaged)

        rows = salvage_rows(path, made)

        after = _rows(made)
        saved = sum(sum((before[name] & after[name]).values()) for name in before)
        off = total - sum(on_page[page] for page in hurt)
        assert saved >= 0.99 * off - 1, (kind, hurt, saved, off, {name: before[name] - after[name] for name in before})
        assert path.read_bytes() == damaged
        is_less = {name for name in before if sum(after[name].values()) < sum(before[name].values())}
        assert not (is_less and rows.is_whole), (kind, hurt, is_less)
        with closing(sqlite3.connect(made)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


def test_a_whole_one_is_saved_whole_and_the_verb_says_so(catalog: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    out = tmp_path / "saved.artui"
    catalog.chmod(0o640)

    assert run_cli(["salvage", str(catalog), str(out)]) == 0

    assert "Nothing is missing." in capfd.readouterr().out
    assert _rows(out) == _rows(catalog) and list(check_data(out)) == [] and out.stat().st_mode & 0o777 == 0o640
    with closing(sqlite3.connect(out)) as connection, closing(sqlite3.connect(catalog)) as own:
        assert (
            connection.execute("SELECT id FROM catalog").fetchone() == own.execute("SELECT id FROM catalog").fetchone()
        )
        assert connection.execute("SELECT count(*) FROM search WHERE search MATCH 'better'").fetchone() == (1,)
    with pytest.raises(UsageError):
        salvage(catalog, out)
    assert run_cli(["salvage", str(catalog)]) == 2
    assert "Missing argument 'OUT'" in capfd.readouterr().err
    assert [file.name for file in tmp_path.iterdir()] == ["saved.artui"]


@pytest.mark.parametrize("version", range(1, SCHEMA_VERSION))
def test_older_schemas_are_saved_and_brought_up_to_date(tmp_path: Path, version: int) -> None:
    import gzip

    path, out = tmp_path / "old.artui", tmp_path / "saved.artui"
    data = Path(__file__).parents[1] / "data" / f"schema-{version}.artui.gz"
    path.write_bytes(gzip.decompress(data.read_bytes()))
    with closing(sqlite3.connect(path)) as connection:
        counts = {table: connection.execute(f"SELECT count(*) FROM {table}").fetchone() for table in ("run", "param", "block", "file", "event")}  # fmt: skip

    saved = salvage(path, out)

    assert saved.rows.is_whole and saved.rows.schema_version == version
    with closing(sqlite3.connect(out)) as connection:
        assert {table: connection.execute(f"SELECT count(*) FROM {table}").fetchone() for table in counts} == counts
        assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["old.artui", "saved.artui"]


def test_the_head_and_the_pages_of_the_schema_may_be_gone(catalog: Path, tmp_path: Path) -> None:
    with Pages(catalog) as pages:
        of_schema = Sorter(pages).sort().pages["sqlite_schema"]
    content = bytearray(catalog.read_bytes())
    content[:PAGE_BYTES] = bytes(PAGE_BYTES)
    for number in of_schema[::2]:
        content[(number - 1) * PAGE_BYTES : number * PAGE_BYTES] = bytes(PAGE_BYTES)
    path = tmp_path / "x.artui"
    path.write_bytes(content)

    saved = salvage(path, tmp_path / "saved.artui")

    before, after = _rows(catalog), _rows(tmp_path / "saved.artui")
    total = sum(sum(rows.values()) for rows in before.values())
    assert sum(sum((before[name] & after[name]).values()) for name in before) >= 0.99 * total
    assert saved.runs == 5


def test_what_lost_its_page_is_put_together_from_indexes_and_marked(catalog: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    """Runs, versions and the content of files stay, though the pages of their own rows are gone."""
    path, out = tmp_path / "x.artui", tmp_path / "saved.artui"
    with Pages(catalog) as pages:
        found = Sorter(pages).sort().pages
    content = bytearray(catalog.read_bytes())
    for table in ("run", "version", "name", "blob_chunk", "series", "edge", "tag"):
        for number in found[table]:
            content[(number - 1) * PAGE_BYTES : number * PAGE_BYTES] = bytes(PAGE_BYTES)
    path.write_bytes(content)

    saved = salvage(path, out)

    parts = saved.rows.parts
    assert (parts["run"].rebuilt, parts["version"].rebuilt, parts["name"].rebuilt, parts["series"].rebuilt) == (
        5,
        7,
        16,
        22,
    )
    assert (
        parts["param"].saved,
        parts["block"].saved,
        parts["file"].saved,
        parts["tag"].rebuilt,
        parts["edge"].rebuilt,
    ) == (21, 22, 6, 10, 9)
    assert {finding.name for finding in saved.findings if finding.kind == "run"} >= {mutating.VICTIM, mutating.BASELINE}
    assert {finding.kind for finding in saved.findings} == {"run", "version"}
    with closing(sqlite3.connect(out)) as connection, closing(sqlite3.connect(catalog)) as own:
        for query in ("SELECT id, name, started_ms, note, host, status FROM run ORDER BY id", "SELECT id, digest, size_bytes, number FROM version ORDER BY id", "SELECT relation, source_key, target_key FROM edge"):  # fmt: skip
            assert connection.execute(query).fetchall() == own.execute(query).fetchall()
    assert run_cli(["get", "train-set:v1", "-o", str(tmp_path / "got"), "-c", str(out)]) == 0
    assert run_cli(["show", mutating.VICTIM, "-c", str(out)]) == 0 and "damaged" in capfd.readouterr().out
    assert run_cli(["salvage", str(path), str(out), "--force"]) == 1
    assert "runs: 5 put together from what is left of them" in capfd.readouterr().out


def test_a_change_that_is_still_in_the_wal_is_saved_and_that_of_another_file_is_not(
    catalog: Path, tmp_path: Path
) -> None:
    path = tmp_path / "x.artui"
    shutil.copy(catalog, path)
    with Catalog(path) as opened:
        with opened.transaction() as connection:
            connection.execute("UPDATE run SET note = 'the last word' WHERE name = ?", (mutating.BASELINE,))
        with pytest.raises(CatalogLocked):
            _in_a_child(path, tmp_path / "locked.artui")
        left, wal = path.read_bytes(), Path(f"{path}-wal").read_bytes()  # which gives up the locks
    for name, content in (("own", left), ("other", mutating.build(tmp_path / "other-whole.artui").read_bytes())):
        torn = tmp_path / f"{name}.artui"
        torn.write_bytes(content[:-PAGE_BYTES])
        Path(f"{torn}-wal").write_bytes(wal)
        saved = salvage(torn, tmp_path / f"{name}-saved.artui")
        with closing(sqlite3.connect(saved.path)) as connection:
            note = connection.execute("SELECT note FROM run WHERE name = ?", (mutating.BASELINE,)).fetchone()[0]
        assert (note == "the last word", "another file" in saved.rows.notice) == (name == "own", name == "other")
        assert Path(f"{torn}-wal").read_bytes() == wal


def _in_a_child(path: Path, out: Path) -> None:
    """Salvage in another process, which sees the locks of this one; raise what came of it."""
    import subprocess
    import sys

    done = subprocess.run(
        [sys.executable, "-m", "artui", "salvage", str(path), str(out)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 4, done.stderr
    raise CatalogLocked(done.stderr)


def test_what_is_no_catalog_is_refused(tmp_path: Path) -> None:
    for name, content, kind in (
        ("empty", b"", NotACatalog), ("text", b"hello " * 1000, CatalogDamaged), ("zeros", bytes(8192), CatalogDamaged), ("noise", random.Random(1).randbytes(20_000), CatalogDamaged),
    ):  # fmt: skip
        (tmp_path / f"{name}.artui").write_bytes(content)
        with pytest.raises(kind):
            salvage(tmp_path / f"{name}.artui", tmp_path / "out.artui")
    with closing(sqlite3.connect(tmp_path / "other.db")) as connection:
        connection.execute("CREATE TABLE t (a)")
    os.mkfifo(tmp_path / "pipe")
    for name in ("other.db", "pipe", "gone.artui"):
        with pytest.raises(CatalogError):
            salvage(tmp_path / name, tmp_path / "out.artui")
    with open(tmp_path / "huge.artui", "wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(CatalogDamaged):
        salvage(tmp_path / "huge.artui", tmp_path / "out.artui")
    assert not (tmp_path / "out.artui").exists()
