"""What came from a source is taken out in one edit, and nothing that others rest on."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

import artui
from artui.catalog import Catalog, events, logical
from artui.catalog.merging.merge import merge
from artui.catalog.merging.undoing import take_out
from artui.catalog.schema import SCHEMA_VERSION
from artui.catalog.writers import writers_of
from artui.cli import run as run_cli
from artui.errors import UsageError


def _log(path: Path, name: str, *, uses: str = "", makes: str = "", parent: str = "") -> str:
    with artui.start_run(catalog=path, name=name, console=False, code=False, system_metrics=False) as run:
        if uses:
            run.use(uses)
        if makes:
            (path.parent / makes).write_bytes(makes.encode() + name.encode())
            run.save(makes, path.parent / makes, kind="model")
    return run.id


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A catalog with a run of its own that rests on what a stranger made, who changed a note and an alias here."""
    path, theirs = tmp_path / "mine.artui", tmp_path / "theirs.artui"
    _log(path, "own", makes="own-model")
    run_cli(["note", "own", "mine", "-c", str(path)])
    run_cli(["alias", "own-model:v1", "best", "-c", str(path)])
    with pytest.MonkeyPatch.context() as elsewhere:
        elsewhere.setenv("XDG_STATE_HOME", str(tmp_path / "their-state"))
        with Catalog(theirs) as catalog:
            merge(catalog, [path])
        _log(theirs, "base", makes="base")
        _log(theirs, "middle", uses="base:v1", makes="middle")
        _log(theirs, "other", makes="own-model")
        run_cli(["note", "own", "theirs", "-c", str(theirs)])
        run_cli(["note", "own", "theirs again", "-c", str(theirs)])
        run_cli(["alias", "own-model:v2", "best", "-c", str(theirs)])
    with Catalog(path) as catalog:
        merge(catalog, [theirs])
    _log(path, "rests", uses="middle:v1")
    return path


def _state(path: Path) -> dict[str, object]:
    with closing(sqlite3.connect(path)) as connection:
        return {
            "runs": {row[0] for row in connection.execute("SELECT name FROM run WHERE deleted_ms IS NULL")},
            "versions": {
                f"{name}:v{number}"
                for name, number in connection.execute(
                    "SELECT a.name, v.number FROM version AS v JOIN artifact AS a ON a.key = v.artifact_key WHERE v.deleted_ms IS NULL AND a.kind = 'model'"
                )
            },
            "note": connection.execute("SELECT note FROM run WHERE name = 'own'").fetchone()[0],
            "best": connection.execute(
                "SELECT v.number FROM alias AS l JOIN version AS v ON v.key = l.version_key WHERE l.name = 'best'"
            ).fetchone()[0],
        }


def test_all_of_a_source_goes_but_what_others_rest_on(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = _state(mine)
    assert before["note"] == "theirs again" and before["best"] == 2
    with closing(sqlite3.connect(mine)) as connection:
        content, sources = mine.read_bytes(), writers_of(connection, SCHEMA_VERSION)
    theirs = next(one for one in sources if not one.is_own)
    assert (theirs.runs, [one.runs for one in sources if one.is_own]) == (3, [2])
    assert theirs.changes >= 3 and theirs.last_ms is not None
    capsys.readouterr()

    assert run_cli(["merge", "--undo", theirs.id[-6:], "--dry-run", "-c", str(mine)]) == 0
    assert mine.read_bytes() == content and "1 run" in capsys.readouterr().out
    assert run_cli(["merge", "--undo", theirs.id[-6:], "-c", str(mine)]) == 2  # nobody said yes
    assert run_cli(["merge", "--undo", str(mine.parent / "theirs.artui"), "--yes", "-c", str(mine)]) == 0

    said = capsys.readouterr()
    assert "other" in said.out and "middle:v1" in said.out.split("stay")[1] and "`artui undo`" in said.err
    after = _state(mine)
    assert after == {
        "runs": {"own", "rests", "base", "middle"},
        "versions": {"own-model:v1", "base:v1", "middle:v1"},
        "note": "mine",
        "best": 1,
    }
    with Catalog(mine) as catalog:
        merge(catalog, [mine.parent / "theirs.artui"])
    assert _state(mine) == after
    with Catalog(mine) as catalog:
        again = take_out(catalog, theirs.id)
        assert not again.runs and not again.changes and {"base:v1", "middle"} <= {name for _, name in again.kept}
        outcome = events.undo(catalog)
    assert outcome is not None and outcome.label.startswith("taking out of ") and not outcome.kept
    assert _state(mine) == before


def test_catalogs_agree_afterwards(mine: Path, tmp_path: Path) -> None:
    """Whoever merges one where it was taken out has it taken out, in any order; the third has never seen it."""
    theirs, third = tmp_path / "theirs.artui", tmp_path / "third.artui"
    with Catalog(mine) as catalog:
        take_out(catalog, str(theirs))
    _log(third, "third")
    made = []
    for number, order in enumerate(([mine, theirs, third], [third, theirs, mine], [theirs, mine, third, theirs])):
        with Catalog(tmp_path / f"all-{number}.artui") as catalog:
            merge(catalog, order)
        with closing(sqlite3.connect(tmp_path / f"all-{number}.artui")) as connection:
            made.append(logical.digests(connection))

    assert made[0] == made[1] == made[2]
    assert "other" not in _state(tmp_path / "all-0.artui")["runs"]  # type: ignore[operator]


@pytest.mark.parametrize("text", ["", "nobody", "none.artui", "own"])
def test_what_is_no_source_is_refused(mine: Path, text: str) -> None:
    with closing(sqlite3.connect(mine)) as connection:
        own = next(one for one in writers_of(connection, SCHEMA_VERSION) if one.is_own)
    with Catalog(mine) as catalog, pytest.raises(UsageError) as caught:
        take_out(catalog, own.id if text == "own" else text)
    assert caught.value.remedy
