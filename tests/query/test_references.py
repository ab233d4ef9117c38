"""What a reference leads to, and what is said when it leads nowhere or to several."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest

import artui
from artui.catalog import Catalog, artifacts, events, runs
from artui.errors import AmbiguousReference, UnknownReference, UsageError
from artui.model import RunHead, VersionHead
from artui.query.artifacts import artifact_list
from artui.query.references import OF_NAME, find_run, newest_where, resolve
from tests.reading import open_reader


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.artui"


def _start(path: Path, *names: str) -> None:
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for name in names:
            runs.start(connection, runs.NewRun(project="p", name=name))


def _save(path: Path, name: str, *, project: str = "p", content: bytes = b"1") -> str:
    with Catalog(path) as catalog, catalog.transaction() as connection:
        file = artifacts.NewFile("f", 1, content * 32)
        return artifacts.save(connection, artifacts.NewVersion(project, name, "dataset", "data", [file])).id


@pytest.mark.parametrize("name", ["run 12:30:00", "a:b:c", "a:v2", "ünï", "'; DROP TABLE run", "%", "a/b", "x" * 500])
def test_run_of_any_name_is_found_by_it(path: Path, name: str) -> None:
    """A run that a script named after the time, or anything else, goes by that name."""
    _start(path, "other", name)
    with open_reader(path) as reader:
        assert find_run(reader, name).name == name
        run = resolve(reader, name)
        assert isinstance(run, RunHead) and run.name == name


def test_version_of_a_run_is_no_run(path: Path) -> None:
    """A run has no versions: `name:v3` does not quietly lead to the run `name`."""
    _start(path, "calm")
    with open_reader(path) as reader, pytest.raises(UsageError):
        find_run(reader, "calm:v3")


def test_runs_win_over_artifacts_unless_a_version_is_named(path: Path) -> None:
    """Of a run and an artifact of one name the plain name is the run, with `:` the version."""
    _start(path, "same")
    _save(path, "same")
    with open_reader(path) as reader:
        assert isinstance(resolve(reader, "same"), RunHead)
        assert isinstance(resolve(reader, "same:latest"), VersionHead)
        assert isinstance(resolve(reader, "p/same"), VersionHead)


def test_number_of_ambiguous_runs_is_true(path: Path) -> None:
    """Fifty runs of one name are said to be fifty."""
    _start(path, *["many"] * 50)
    with open_reader(path) as reader, pytest.raises(AmbiguousReference, match="50 runs"):
        find_run(reader, "many")


def test_artifact_of_two_projects_needs_its_project(path: Path) -> None:
    """The message offers the spellings that work, and they do."""
    _save(path, "data", project="p")
    _save(path, "data", project="q")
    with open_reader(path) as reader:
        with pytest.raises(AmbiguousReference, match="p/data or q/data"):
            resolve(reader, "data")
        version = resolve(reader, "q/data:v1")
    assert isinstance(version, VersionHead) and version.project == "q"


def test_run_named_like_a_version_is_the_run(path: Path) -> None:
    """A run that goes by just that text comes before a version of an artifact, and its name says what is meant."""
    _start(path, "data:v1", "calm:v3", "calm")
    _save(path, "data")
    with open_reader(path) as reader:
        assert isinstance(resolve(reader, "data:v1"), RunHead) and isinstance(resolve(reader, "data:1"), VersionHead)
        assert find_run(reader, "calm:v3").name == "calm:v3"


@pytest.mark.parametrize(
    "text", ["nosuch", "\udcff", "data:\udcff", "data:v9", "data:nosuch", "data:v0", "nosuch:v1", "0000"]
)
def test_unknown_references_offer_what_there_is(path: Path, text: str) -> None:
    """Nothing of that name is an error with a remedy."""
    _start(path, "run")
    _save(path, "data")
    with open_reader(path) as reader, pytest.raises(UnknownReference) as caught:
        resolve(reader, text)
    assert caught.value.remedy


def test_names_that_are_like_an_unknown_one_come_first(path: Path) -> None:
    """However old: of runs and artifacts, for what is cut short, misspelt, or in another case."""
    _start(path, "final-1", "final-2", *(f"run {number}" for number in range(30)))
    for name in ("digits-model", "Digits-Raw", *(f"other {number}" for number in range(30))):
        _save(path, name)
    offered = {"fina": "final-2 or final-1", "digits-modle": "digits-model", "FINAL-3": "final-2 or final-1", "digits-raw": "Digits-Raw"}  # fmt: skip
    with open_reader(path) as reader:
        for text, near in offered.items():
            with pytest.raises(UnknownReference) as unknown:
                resolve(reader, text)
            assert unknown.value.remedy.startswith(f"Did you mean {near}"), text
        with pytest.raises(UnknownReference, match="Did you mean digits-model"):
            resolve(reader, "digits-modle:v1")
        with pytest.raises(UnknownReference, match="Did you mean final-2 or final-1"):
            find_run(reader, "fina")
        with pytest.raises(UnknownReference, match="The newest are run 29"):
            resolve(reader, "zzz")


def test_empty_catalog_says_so(path: Path) -> None:
    """Without runs there is nothing to offer."""
    Catalog(path).close()
    with open_reader(path) as reader, pytest.raises(UnknownReference, match="no runs yet"):
        find_run(reader, "x")


@pytest.mark.parametrize("text", ["data:v2", "data:golden", "p/data:v2"])
def test_deleted_version_is_unknown(path: Path, text: str) -> None:
    """A version that is marked as deleted cannot be referred to, by number or alias, which is said; the one before is the latest."""
    _save(path, "data")
    second = _save(path, "data", content=b"2")
    with Catalog(path) as catalog:
        events.move_alias(catalog, second, "golden")
        with catalog.transaction() as connection:
            connection.execute("UPDATE version SET deleted_ms = 1 WHERE id = ?", (second,))
    with open_reader(path) as reader:
        latest = resolve(reader, "data")
        assert isinstance(latest, VersionHead) and latest.number == 1
        with pytest.raises(UnknownReference, match="was deleted on 1970-01-01"):
            resolve(reader, text)


def test_everything_of_the_demo_goes_by_its_name(demo_catalog: Path) -> None:
    """Each run's id and each artifact's latest version resolve to themselves."""
    with open_reader(demo_catalog) as reader:
        for run in reader.runs():
            assert resolve(reader, run.id).id == run.id
        for artifact in artifact_list(reader):
            assert artifact.latest is not None
            assert resolve(reader, f"{artifact.project}/{artifact.name}:latest").id == artifact.latest.id


@pytest.mark.parametrize("change", ["deleted_ms = 5", "artifact_key = 99999"])
def test_version_that_is_damaged_is_said_to_be(path: Path, change: str) -> None:
    """An alias of it, or a run, may still lead to it: whatever of its row is wrong, that is an error in words."""
    (path.parent / "m").write_text("m")
    with artui.start_run(name="r", catalog=path) as run:
        run.save("model", path.parent / "m", alias="best")
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"UPDATE version SET {change}")
    with open_reader(path) as reader:
        for text in ("model:best", "model:v1", "model", "model:latest"):
            with pytest.raises(UnknownReference):
                resolve(reader, text)


@pytest.mark.parametrize("condition", [OF_NAME, "r.id >= :low AND r.id < :high"])
def test_a_name_is_looked_up_in_an_index(path: Path, condition: str) -> None:
    """Finding a run by its name or the start of its id goes through no other runs, of a million either."""
    _start(path, "one")
    with open_reader(path) as reader, reader.reading() as connection:
        plan = [row[3] for row in connection.execute("EXPLAIN QUERY PLAN " + newest_where(condition), {"name": "", "low": "", "high": ""})]  # fmt: skip

    assert plan[0].startswith("SEARCH r USING INDEX") and not [line for line in plan if line.startswith("SCAN")]


def test_a_name_in_other_letters_is_another_name(path: Path) -> None:
    """A run is found by exactly its name, though the index of names does not tell capital letters apart."""
    _start(path, "Calm", "calm")

    with open_reader(path) as reader:
        assert [find_run(reader, name).name for name in ("Calm", "calm")] == ["Calm", "calm"]
        with pytest.raises(UnknownReference):
            find_run(reader, "CALM")
