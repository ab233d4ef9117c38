"""Several catalogs as one say what a merge of them would say, follow them, name where things are from, and are only looked at."""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

import artui
from artui import clock
from artui.catalog import Catalog, logical
from artui.catalog.merging.merge import merge
from artui.cli import run as run_cli
from artui.errors import CatalogLocked, CatalogReadOnly, UsageError
from artui.query.artifacts import open_file
from artui.query.opened import open_content
from artui.query.reader import Reader
from artui.query.references import resolve
from artui.query.runs.order import RunsRequest, run_order
from artui.query.sql.asking import asking
from artui.travel import union
from artui.travel.past import as_of
from tests.catalog.merging.histories import World, history, skews
from tests.counts import tried

HISTORIES = tried(6, 12)


def _rows(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Give what a catalog says, without what tells whether it has the bytes of files, and what its origins are called."""
    seal_of = {"versions": -2}
    with closing(sqlite3.connect(path)) as connection:
        rows = {
            part: connection.execute(query).fetchall() for part, query in logical.PARTS.items() if part != "content"
        }
    rows["files"] = [(*row[:4], *row[5:]) for row in rows["files"]]
    rows["origins"] = [(*row[:2], *row[3:]) for row in rows["origins"]]
    for part, place in seal_of.items():
        rows[part] = [row[:place] + row[place + 1 :] for row in rows[part]]
    return rows


@pytest.mark.parametrize("first", range(0, HISTORIES, 2))
def test_it_says_what_a_merge_says_however_it_was_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: int
) -> None:
    """Random histories, looked at now and then while they are made: in the end it is what a merge gives."""
    for seed in range(first, first + 2):
        folder = tmp_path / str(seed)
        folder.mkdir()
        monkeypatch.setenv("XDG_STATE_HOME", str(folder / "state"))
        world, chance = World(folder, 3, monkeypatch, skews=skews(seed, 3)), random.Random(seed)
        copy = folder / "copy" / "union.artui"
        copy.parent.mkdir()
        with world.elsewhere():
            union.make_ready(copy)
        for step in history(seed):
            world.do(step)
            if chance.random() < 0.2:
                with world.elsewhere():
                    union.gather(world.paths, copy)
        world.close()
        with world.elsewhere():
            gathered = union.gather(world.paths, copy)
            with Catalog(folder / "merged.artui") as target:
                merge(target, world.paths)
        assert gathered is not None and gathered.unread == ()
        ours, theirs = _rows(copy), _rows(folder / "merged.artui")
        assert [part for part in theirs if ours[part] != theirs[part]] == [], seed
        shutil.rmtree(folder)


@pytest.fixture
def boxes(tmp_path: Path) -> list[Path]:
    """Two catalogs, each with two runs that made a file."""
    (tmp_path / "boxes").mkdir()
    for name in ("gpu7", "laptop"):
        for number in range(2):
            path = tmp_path / "boxes" / f"{name}.artui"
            with artui.start_run(catalog=path, name=f"{name}-{number}", console=False, code=False, system_metrics=False) as run:  # fmt: skip
                run.log({"loss": 0.1}, step=0)
                run.log_text(f"notes-{name}-{number}", f"hello from {name} {number}")
    return [tmp_path / "boxes" / "gpu7.artui", tmp_path / "boxes" / "laptop.artui"]


def test_words_stand_for_catalogs(boxes: list[Path], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    gpu7, laptop = boxes
    folder = gpu7.parent
    assert union.catalogs_in([str(gpu7)]) is None
    assert union.catalogs_in([str(gpu7), str(folder / "." / "gpu7.artui")]) is None
    assert union.catalogs_in([str(folder)]) == union.catalogs_in([str(folder / "*.artui")]) == [gpu7, laptop]
    assert union.catalogs_in([str(gpu7), str(laptop)]) == [gpu7, laptop]
    with pytest.raises(UsageError):
        union.catalogs_in([str(folder / "no*.artui")])
    # A file that is called like a pattern is that file.
    odd = folder / "a[b].artui"
    shutil.copy(gpu7, odd)
    assert union.catalogs_in([str(odd)]) is None
    monkeypatch.chdir(folder)
    for words in (["gpu7.artui", "laptop.artui"], ["."], ["*.artui"]):
        assert run_cli(words) == 2
        assert "artui merge A B --into C" in capfd.readouterr().err
    assert run_cli(["gpu7.artui", "ls"]) == 2
    assert "A verb stands before it" in capfd.readouterr().err


def test_where_runs_are_from_can_be_asked(boxes: list[Path]) -> None:
    copy = union.copy_of(boxes)
    union.make_ready(copy)
    gathered = union.gather(boxes, copy)
    assert gathered is not None and gathered.news == 2
    again = union.gather(boxes, copy)
    assert again is not None and again.news == 0
    with Reader(copy, sources=boxes, why_not_writable=union.WHY_READ_ONLY) as reader:
        for name in ("gpu7", "laptop"):
            keys = run_order(reader, RunsRequest(f"origin = {name}.artui")).keys
            with reader.reading() as connection:
                names = {row[0] for row in connection.execute("SELECT name FROM run WHERE key IN (SELECT w.value FROM json_each(?) AS w)", (json.dumps(list(keys)),))}  # fmt: skip
            assert names == {f"{name}-0", f"{name}-1"}
        assert not reader.may_write and "merge" in reader.why_not_writable
    # A merged copy of one has nothing of its own: what both have is from the one that still writes it.
    third = boxes[0].with_name("third.artui")
    with Catalog(third) as target:
        merge(target, boxes[:1])
    names_by_place = union.names_of([*boxes, third])
    assert set(names_by_place.values()) == {"gpu7.artui", "laptop.artui", "third.artui"}
    copy = union.copy_of([*boxes, third])
    union.make_ready(copy)
    union.gather([*boxes, third], copy)
    with Reader(copy) as reader:
        assert len(run_order(reader, RunsRequest("origin = gpu7.artui")).keys) == 2


def test_bytes_of_files_are_read_where_they_are(boxes: list[Path]) -> None:
    copy = union.copy_of(boxes)
    union.make_ready(copy)
    union.gather(boxes, copy)
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT count(*) FROM chunk").fetchone() == (0,)
    with Reader(copy, sources=boxes) as reader:
        for name in ("gpu7", "laptop"):
            for number in range(2):
                head = resolve(reader, f"notes-{name}-{number}")
                wanted = f"hello from {name} {number}".encode()
                with reader.snapshot() as connection:
                    (path,) = connection.execute("SELECT path FROM file WHERE version_key = ?", (head.key,)).fetchone()
                    with open_file(reader, connection, head.key, path) as stream:
                        assert stream.read().strip() == wanted
                with open_content(reader, head.key, path) as stream:
                    assert stream.read().strip() == wanted


def test_what_cannot_be_read_is_named_and_the_rest_shown(boxes: list[Path]) -> None:
    bad, gone = boxes[0].with_name("bad.artui"), boxes[0].with_name("gone.artui")
    bad.write_bytes(b"no catalog")
    paths = [bad, *boxes, gone]
    copy = union.copy_of(paths)
    union.make_ready(copy)
    gathered = union.gather(paths, copy)
    assert gathered is not None and gathered.news == 2
    assert [os.path.basename(path) for path, _ in gathered.unread] == ["bad.artui", "gone.artui"]
    shutil.copy(boxes[0], bad)
    mended = union.gather(paths, copy)
    assert mended is not None and [os.path.basename(path) for path, _ in mended.unread] == ["gone.artui"]


def test_a_copy_that_is_spoiled_is_made_again(boxes: list[Path]) -> None:
    copy = union.copy_of(boxes)
    union.make_ready(copy)
    union.gather(boxes, copy)
    copy.write_bytes(b"spoiled")
    union.make_ready(copy)
    gathered = union.gather(boxes, copy)
    assert gathered is not None and gathered.news == 2
    with pytest.raises(CatalogReadOnly):
        raise CatalogReadOnly(union.WHY_READ_ONLY)


def test_it_follows_while_it_is_open_and_ends_with_the_app(boxes: list[Path]) -> None:
    """The process beside the app brings what is logged meanwhile, and ends when nobody reads what it says."""
    copy = union.copy_of(boxes)
    union.make_ready(copy)
    command = [sys.executable, "-m", "artui.travel.gathering", str(copy), *map(str, boxes)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        while not json.loads(process.stdout.readline()).get("done"):
            pass
        with artui.start_run(catalog=boxes[0], name="late", console=False, code=False, system_metrics=False) as run:
            run.log({"loss": 0.5})
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            json.loads(process.stdout.readline())
            with closing(sqlite3.connect(copy)) as connection:
                if connection.execute("SELECT status FROM run WHERE name = 'late'").fetchone() == (1,):
                    break
        else:
            pytest.fail("what was logged did not come")
        process.stdout.close()
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()
        if process.stderr is not None:
            process.stderr.close()


def test_several_are_asked_in_sql_as_one(
    boxes: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The answer is that of a merge, with the catalog that each run and version is from; all of them stay as they are."""
    gpu7, laptop = boxes
    before = [path.read_bytes() for path in boxes]
    merged = gpu7.parent.parent / "merged.artui"
    with Catalog(merged) as target:
        merge(target, boxes)

    def asked(query: str, *words: str) -> str:
        assert run_cli(["sql", query, "--csv", *words]) == 0
        return capsys.readouterr().out

    names = "SELECT id, name, status FROM runs ORDER BY name"
    assert asked(names, str(gpu7), str(laptop)) == asked(names, str(merged))
    by_origin = "SELECT origin, name FROM runs ORDER BY name"
    said = "origin,name\ngpu7.artui,gpu7-0\ngpu7.artui,gpu7-1\nlaptop.artui,laptop-0\nlaptop.artui,laptop-1\n"
    for words in ((str(gpu7), str(laptop)), ("-c", str(gpu7), "-c", str(laptop)), (f"{gpu7.parent}/",), (f"{gpu7.parent}/*.artui",)):  # fmt: skip
        assert asked(by_origin, *words) == said
    versions = "SELECT DISTINCT origin, artifact FROM artifact_versions WHERE artifact LIKE 'notes%1'"
    assert asked(versions, str(gpu7), str(laptop)).splitlines()[1:] == ["gpu7.artui,notes-gpu7-1", "laptop.artui,notes-laptop-1"]  # fmt: skip
    assert asked("SELECT count(*) AS n FROM metric_points JOIN runs ON id = run_id WHERE origin = 'gpu7.artui'", f"{gpu7.parent}/") == "n\n2\n"  # fmt: skip
    assert run_cli(["sql", "--schema", "runs", str(gpu7), str(laptop)]) == 0 and "error, origin" in capsys.readouterr().out  # fmt: skip
    # Of two that are the same nobody can say which one it is from: the column is there all the same.
    twin = Path(shutil.copy(gpu7, tmp_path / "twin.artui"))
    assert asked("SELECT count(DISTINCT origin) FROM runs", str(gpu7), str(twin)).endswith("\n1\n")
    with union.open_as_one(boxes) as reader:
        was = as_of(reader.path, clock.now_ms())
        with Reader(was.path) as past, asking(past, by_origin, seconds=5) as answer:
            assert sum(1 for _ in answer.rows) == 4
    # What is new since is there at once; what cannot be read is an error, and nothing is written over a catalog.
    with artui.start_run(catalog=laptop, name="later", console=False, code=False, system_metrics=False):
        pass
    assert "laptop.artui,later" in asked(by_origin, str(gpu7), str(laptop))
    bad = gpu7.with_name("bad.artui")
    bad.write_bytes(b"no catalog")
    for refused, code, why in (
        ([names, str(gpu7), str(bad)], 3, "bad.artui"), ([names, str(gpu7), str(laptop), "--at", "2d"], 2, "--at shows one catalog"),
        ([names, str(gpu7), str(laptop), "--csv", "--force", "-o", str(laptop)], 2, "is the catalog that is asked"), (["DELETE FROM run", str(gpu7), str(laptop)], 2, "something else than read"),
    ):  # fmt: skip
        assert run_cli(["sql", *refused]) == code and why in capsys.readouterr().err
    assert gpu7.read_bytes() == before[0]
    monkeypatch.setattr(union, "gather", lambda *_, **__: None)
    with pytest.raises(CatalogLocked):
        union.open_as_one(boxes, seconds=0)
