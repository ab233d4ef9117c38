"""A catalog as it was: what is shown is what it was then, held against copies that were kept at the time."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from artui import clock
from artui.catalog import Catalog, artifacts, events, points, runs
from artui.catalog.checking import check_data
from artui.cli import run as run_cli
from artui.errors import UsageError
from artui.query.catalogdiff import catalog_difference
from artui.query.reader import Reader
from artui.travel.past import as_of, moment
from tests.counts import tried

START_MS = 1_790_000_000_000


class _Diary:
    """Does random things to a catalog, one a minute, and keeps a copy of it after each."""

    def __init__(self, folder: Path, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self.path, self._folder, self._chance = folder / "x.artui", folder, random.Random(seed)
        self.now_ms = START_MS
        monkeypatch.setattr(clock, "now_ms", lambda: self.now_ms)
        self.kept: list[tuple[int, Path]] = []
        self._keys: dict[str, int] = {}
        self._versions: list[artifacts.Saved] = []
        Catalog(self.path).close()

    def live(self, count: int) -> None:
        for number in range(count):
            self.now_ms = START_MS + number * 60_000
            with Catalog(self.path) as catalog:
                self._chance.choice((self._begin, self._log, self._log, self._end, self._edit, self._edit, self._save))(
                    catalog
                )
            copy = self._folder / f"{number}.artui"
            shutil.copy(self.path, copy)
            self.kept.append((self.now_ms + 30_000, copy))

    def _begin(self, catalog: Catalog) -> None:
        with catalog.transaction() as connection:
            run = runs.NewRun("p", f"r{len(self._keys)}", started_ms=self.now_ms, params={"lr": self._chance.random()})
            self._keys[run.id] = runs.start(connection, run)

    def _going_on(self, catalog: Catalog) -> list[int]:
        with catalog.transaction() as connection:
            return [int(key) for (key,) in connection.execute("SELECT key FROM run WHERE status = 0 ORDER BY key")]

    def _log(self, catalog: Catalog) -> None:
        going = self._going_on(catalog)
        if not going:
            return self._begin(catalog)
        with catalog.transaction() as connection:
            key = self._chance.choice(going)
            count = self._chance.choice((1, 3, 1500))
            (last,) = connection.execute("SELECT coalesce(max(last_step), -1) FROM series WHERE run_key = ?", (key,)).fetchone()  # fmt: skip
            steps = np.arange(last + 1, last + 1 + count, dtype=np.int64)
            name = runs.name_key(connection, self._chance.choice(("loss", "acc")))
            points.append(connection, key, name, "", steps, np.full(count, self.now_ms, np.int64), steps / 7.0)
            runs.beat(connection, key, self.now_ms)
        return None

    def _end(self, catalog: Catalog) -> None:
        going = self._going_on(catalog)
        if not going:
            return self._begin(catalog)
        with catalog.transaction() as connection:
            runs.finish(
                connection, self._chance.choice(going), status="finished", ended_ms=self.now_ms, duration_ms=60_000
            )
        return None

    def _save(self, catalog: Catalog) -> None:
        with catalog.transaction() as connection:
            digest = self._chance.randbytes(32)
            saved = artifacts.save(
                connection,
                artifacts.NewVersion(
                    project="p", name=f"a{self._chance.randrange(3)}", kind="model", stage="modelling", files=[artifacts.NewFile("m", 3, digest)],
                    storage="referenced", location="/m", created_ms=self.now_ms,
                ),
            )  # fmt: skip
            self._versions.append(saved)
            if self._keys:
                key = self._chance.choice(list(self._keys.values()))
                artifacts.link(connection, "output", source_key=key, target_key=saved.key)

    def _edit(self, catalog: Catalog) -> None:
        if not self._keys:
            return self._begin(catalog)
        run_id = self._chance.choice(list(self._keys))
        with events.editing(catalog, "an edit") as edit:
            what = self._chance.randrange(8)
            if what == 0:
                edit.set_note(run_id, f"note {self._chance.random()}")
            elif what == 1:
                edit.tag(run_id, self._chance.choice("abc"), str(self._chance.random()))
            elif what == 2:
                edit.untag(run_id, self._chance.choice("abc"))
            elif what == 3:
                edit.rename(run_id, f"n{self._chance.random()}")
            elif what == 4:
                edit.trash(run_id)
            elif what == 5 and self._versions:
                edit.move_alias(self._chance.choice(self._versions).id, self._chance.choice(("best", "production")))
            elif what == 6 and self._versions:
                edit.declare(
                    self._chance.choice(self._versions).id, "licence", self._chance.choice(("MIT", "GPL-3.0-only"))
                )
            else:
                edit.save_view(
                    self._chance.choice("uv"), "runs", json.dumps({"where": f"lr < {self._chance.random()}"})
                )
        return None


def _said(path: Path) -> dict[str, list[tuple[object, ...]]]:
    queries = {
        "runs": "SELECT r.id, r.name, r.status, r.started_ms, r.ended_ms, r.deleted_ms, r.note, p.name FROM run AS r JOIN project AS p ON p.key = r.project_key ORDER BY r.id",
        "tags": "SELECT r.id, n.text, t.value FROM tag AS t JOIN run AS r ON r.key = t.run_key JOIN name AS n ON n.key = t.name_key ORDER BY 1, 2",
        "series": "SELECT r.id, n.text, s.count, s.first, s.last, s.min, s.max, s.last_step, s.last_ms FROM series AS s JOIN run AS r ON r.key = s.run_key JOIN name AS n ON n.key = s.name_key ORDER BY 1, 2",
        "versions": "SELECT v.id, a.name, v.number, v.deleted_ms FROM version AS v JOIN artifact AS a ON a.key = v.artifact_key ORDER BY v.id",
        "aliases": "SELECT a.name, l.name, v.id FROM alias AS l JOIN artifact AS a ON a.key = l.artifact_key JOIN version AS v ON v.key = l.version_key ORDER BY 1, 2",
        "facts": "SELECT a.name, f.name, f.value FROM fact AS f JOIN artifact AS a ON a.key = f.artifact_key WHERE f.version_key = 0 ORDER BY 1, 2",
        "views": "SELECT name, screen, content FROM saved_view ORDER BY name",
        "events": "SELECT id FROM event ORDER BY id",
    }  # fmt: skip
    with closing(sqlite3.connect(path)) as connection:
        return {part: connection.execute(query).fetchall() for part, query in queries.items()}


@pytest.mark.parametrize("seed", range(tried(3, 5)))
def test_it_is_as_it_was_at_any_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    """Random days: whatever time is asked for, what is shown is what a copy that was kept then says."""
    diary = _Diary(tmp_path, seed, monkeypatch)
    diary.live(30)
    for at_ms, copy in diary.kept[:: 3 if seed else 1]:
        past = as_of(diary.path, at_ms)
        then, shown = _said(copy), _said(past.path)
        assert {part: rows for part, rows in then.items() if rows != shown[part]} == {}, at_ms
        assert list(check_data(past.path)) == []
        past.folder.cleanup()
    assert _said(diary.path) == _said(diary.kept[-1][1])


def test_what_is_new_since_a_time_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    diary = _Diary(tmp_path, 3, monkeypatch)
    diary.live(25)
    at_ms, copy = diary.kept[12]
    past = as_of(diary.path, at_ms)
    with Reader(past.path) as before, Reader(diary.path) as after, Reader(copy) as kept:
        told = {(each.kind, each.id, each.standing) for each in catalog_difference(before, after)}
        assert told == {(each.kind, each.id, each.standing) for each in catalog_difference(kept, after)} and told
    past.folder.cleanup()
    assert run_cli(["diff", str(diary.path), "--since", f"{at_ms / 1000:.3f}"]) == 2
    text = str(np.datetime64(at_ms, "ms")).replace("T", " ") + "Z"
    capfd.readouterr()
    assert run_cli(["diff", str(diary.path), "--since", text.replace(" ", "T"), "--json"]) == 0
    record = json.loads(capfd.readouterr().out)
    assert {(each["kind"], each["id"], each["standing"]) for each in record["changes"]} == told


def test_verbs_show_it_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    diary = _Diary(tmp_path, 4, monkeypatch)
    diary.live(20)
    before = diary.path.read_bytes()
    at_ms, copy = diary.kept[8]
    text = str(np.datetime64(at_ms, "ms")) + "Z"
    # The clock stands still for what is shown, and goes on for the next test.
    monkeypatch.setattr(clock, "stop_at", lambda _: None)
    assert run_cli(["--at", text, "ls", "--json", "-c", str(diary.path)]) == 0
    names = {each["name"] for each in json.loads(capfd.readouterr().out)["runs"]}
    with closing(sqlite3.connect(copy)) as connection:
        assert names == {row[0] for row in connection.execute("SELECT name FROM run WHERE deleted_ms IS NULL")}
    for words in (["--at", text, "note", "x", "y"], ["--at"], ["--at", "soon", "ls"], [f"--at={text}", "gc"]):
        assert run_cli([*words, "-c", str(diary.path)] if words != ["--at"] else words) == 2
        assert capfd.readouterr().err.startswith("artui: ")
    assert diary.path.read_bytes() == before


def test_times_are_read() -> None:
    now_ms = clock.now_ms()
    assert moment("now") <= clock.now_ms() and moment("2999-01-01") <= clock.now_ms()
    assert now_ms - 2 * 86_400_000 - 2000 < moment("2d") <= now_ms - 2 * 86_400_000 + 2000
    with pytest.raises(UsageError):
        moment("soon")
