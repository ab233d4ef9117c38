"""Whether a run could be made again: the same in SQL and in Python, in the app, the filter and the command."""

from __future__ import annotations

import subprocess
from pathlib import Path
from random import Random
from typing import Any

import pytest

from artui.capture.adding import add_version
from artui.catalog import Catalog, artifacts, context, runs
from artui.model import Column
from artui.model.audit import IN_SHORT, STATES, audit
from artui.query.audit import audited, audits
from artui.query.code.repository import Repository
from artui.query.reader import Reader
from artui.query.run import get_run
from artui.query.runs.listing import list_runs
from artui.query.runs.order import RunsRequest, run_order
from artui.query.runs.rows import attribute_value, run_rows

CONTEXTS: dict[str, list[Any]] = {
    "code": [{"patch": "cut off"}, {"patch": ""}, {"patch": 5}, {}, ["broken"]],
    "seeds": [{}, {"numpy": 1}, "broken", [1]],
}


def _catalog(path: Path, count: int) -> Path:
    """Make runs of which this and that was kept, by chance."""
    random = Random(5)
    with Catalog(path) as catalog, catalog.transaction() as connection:
        saved = {}
        for name, kind, storage, digest in (
            ("code", "code", "embedded", b"1"), ("env", "environment", "embedded", b"2"), ("data", "dataset", "embedded", b"3"), ("log", "log", "embedded", b"4"),
            ("far", "dataset", "referenced", b"5"), ("unhashed", "dataset", "referenced", None), ("gone", "dataset", "embedded", b"6"),
        ):  # fmt: skip
            file = artifacts.NewFile("f", 1, digest and digest * 32)
            saved[name] = artifacts.save(connection, artifacts.NewVersion(project="p", name=name, kind=kind, stage="data", files=[file], storage=storage))  # fmt: skip
        connection.execute(
            "INSERT INTO removal (version_key, time_ms, author) VALUES (?, 1, 'a')", (saved["gone"].key,)
        )
        for number in range(count):
            params: dict[str, Any] = random.choice(
                [{}, {"seed": 1}, {"optimizer.random_seed_": 2}, {"seed.count": 3}, {"Seed": None}]
            )
            run = runs.NewRun(
                project="p", name=f"r{number}", params=params, git_commit=random.choice(["", "a" * 40]), git_is_dirty=random.choice([None, False, True]),
                python=random.choice(["", "3.11"]), host=random.choice(["", "box"]), command=random.choice([[], ["python", "x.py"]]),
            )  # fmt: skip
            key = runs.start(connection, run)
            for subject, contents in CONTEXTS.items():
                if random.random() < 0.6:
                    context.put(connection, key, subject, random.choice(contents))
            for version in saved.values():
                chance = random.random()
                if chance < 0.25:
                    artifacts.link(connection, "input", source_key=version.key, target_key=key)
                elif chance < 0.35:
                    artifacts.link(connection, "output", source_key=key, target_key=version.key)
    return path


def test_sql_says_what_python_says(tmp_path: Path) -> None:
    """Columns and filters judge each run as its page does, whatever was kept, and damaged surroundings, too."""
    path = _catalog(tmp_path / "x.artui", 250)
    columns = [Column("attribute", f"audit.{name}", is_numeric=False) for name in IN_SHORT]
    seen: set[tuple[str, str]] = set()
    with Reader(path) as reader:
        heads = list_runs(reader)
        rows = run_rows(reader, [head.key for head in heads], columns)
        in_short = audits(reader, heads)
        for head, states in zip(heads, in_short, strict=True):
            judged = {each.name: each.state for each in audit(get_run(reader, head.id))}
            assert {name: attribute_value(rows[head.key], f"audit.{name}") for name in IN_SHORT} == {
                name: judged[name] for name in IN_SHORT
            }, head.name
            assert states == {name: judged[name] for name in IN_SHORT}
            seen |= {(name, judged[name]) for name in IN_SHORT}
        for name, state in seen:
            found = run_order(reader, RunsRequest(f"audit.{name} = {state}")).keys
            assert set(found) == {
                head.key for head, states in zip(heads, in_short, strict=True) if states[name] == state
            }
    assert len(seen) == 3 + 4 + 3 + 2 and {state for _, state in seen} == set(STATES)


def test_what_is_looked_for_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that are gone, and a commit that no remote has, are found out where artui is started."""
    monkeypatch.setenv("ARTUI_EMBED_LIMIT_BYTES", "0")
    catalog, data, clone = tmp_path / "x.artui", tmp_path / "data.csv", tmp_path / "clone"
    data.write_text("a\n1\n")
    add_version(catalog, data, name="data", kind="dataset")

    def git(*words: str, folder: Path) -> str:
        settings = ("-c", "user.name=ada", "-c", "user.email=ada@example.com")
        return subprocess.run(
            ["git", *settings, *words], cwd=folder, check=True, capture_output=True, text=True
        ).stdout.strip()

    origin = tmp_path / "origin"
    origin.mkdir()
    git("init", "-q", folder=origin)
    git("commit", "-q", "--allow-empty", "-m", "one", folder=origin)
    git("clone", "-q", str(origin), str(clone), folder=tmp_path)
    pushed = git("rev-parse", "HEAD", folder=clone)
    git("commit", "-q", "--allow-empty", "-m", "two", folder=clone)
    only_here = git("rev-parse", "HEAD", folder=clone)
    repository = Repository(str(clone))
    assert [repository.is_on_remote(commit) for commit in (pushed, only_here, "0" * 40, "no commit")] == [
        True,
        False,
        None,
        None,
    ]
    assert Repository(str(origin)).is_on_remote(pushed) is None

    with Catalog(catalog) as opened, opened.transaction() as connection:
        key = runs.start(connection, runs.NewRun(project="p", name="r", git_commit=only_here, git_is_dirty=False))
        (version,) = connection.execute("SELECT key FROM version").fetchone()
        artifacts.link(connection, "input", source_key=version, target_key=key)
    monkeypatch.chdir(clone)
    with Reader(catalog) as reader:
        (head,) = list_runs(reader)
        before = {each.name: each for each in audited(reader, head.id)}
        data.unlink()
        after = {each.name: each for each in audited(reader, head.id)}
    assert before["code"].why.startswith(f"commit {only_here[:12]}, which no remote of the repository here has")
    assert (before["data"].state, after["data"].state) == ("present", "missing")
    assert after["data"].why == "the content of data:v1 is gone; the digests are known"
