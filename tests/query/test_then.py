"""References with a time: what an alias, `latest` and a number named then."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest

import artui
from artui import clock
from artui.catalog import Catalog, artifacts, events, runs
from artui.cli import run as run_cli
from artui.errors import DeletedReference, UnknownReference
from artui.query.reader import Reader
from artui.query.references import find_version
from artui.query.things import find_things

DAY_MS = 86_400_000
FIRST_MS = int(datetime(2026, 11, 1, 12).timestamp() * 1000)


@pytest.fixture
def history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three versions at noon of November 1, 2 and 3; production goes 1, 2, none, 1 on the same days and the 4th; v3 is retired on the 5th."""
    path = tmp_path / "x.artui"

    def on(day: int) -> None:
        monkeypatch.setattr(clock, "now_ms", lambda: FIRST_MS + (day - 1) * DAY_MS)

    ids: list[str] = []
    with Catalog(path) as catalog:
        for day in (1, 2, 3):
            on(day)
            with catalog.transaction() as connection:
                saved = artifacts.save(connection, artifacts.NewVersion("p", "m", "model", "modelling", [artifacts.NewFile("a", day, bytes([day]) * 32)]))  # fmt: skip
                run = runs.start(connection, runs.NewRun(project="p", name=f"user-{day}"))
                artifacts.link(connection, "input", source_key=saved.key, target_key=run)
            ids.append(saved.id)
            if day < 3:
                events.move_alias(catalog, saved.id, "production")
            else:
                events.drop_alias(catalog, saved.id, "production")
        on(4)
        events.move_alias(catalog, ids[0], "production")
        on(5)
        with events.editing(catalog, "x") as edit:
            edit.retire(ids[2])
    on(9)
    return path


@pytest.mark.parametrize(
    ("reference", "number"),
    [
        ("m:production@2026-11-01", 1), ("m:production@2026-11-01T12:00", 1), ("m:production@2026-11-02T11:59", 1), ("m:production@2026-11-02", 2),
        ("m:production@2026-11-04", 1), ("m:production@now", 1), ("m:production@7d ago", 2), ("p/m:production@2026-11-02", 2), ("m:production@2026-11", 1),
        ("m@2026-11-01", 1), ("m:latest@2026-11-02", 2), ("m@2026-11-04", 3), ("m@2026-11-05", 2), ("m:latest@today", 2), ("m:v2@2026-11-03", 2), ("m:v3@2026-12-24", 3),
    ],
)  # fmt: skip
def test_a_reference_names_what_it_named_then(history: Path, reference: str, number: int) -> None:
    """By day (its end), by minute, by how long ago; with the alias of that time, and the newest that was not retired then."""
    with artui.open_catalog(history) as catalog:
        assert catalog.version(reference).number == number


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("m:production@2026-10-31", "It exists since 2026-11-01 12:00:00"), ("m@2026-10-31", "It exists since 2026-11-01 12:00:00"),
        ("m:v2@2026-11-01", "It exists since 2026-11-02 12:00:00"), ("m:production@2026-11-03", "named no version of m"),
        ("m:candidate@2026-11-03", "named no version of m"), ("m:v9@2026-11-03", "There is no version m:v9"), ("x:production@2026-11-03", "no artifact"),
        ("m:production@2026-11-01T11:59", "It exists since"),
    ],
)  # fmt: skip
def test_before_the_first_it_says_since_when(history: Path, reference: str, words: str) -> None:
    """What named nothing then is an error that says so."""
    with artui.open_catalog(history) as catalog, pytest.raises(UnknownReference, match=words):
        catalog.version(reference)


def test_an_alias_that_came_later_says_when(history: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An alias that was first given after the time says when that was."""
    monkeypatch.setattr(clock, "now_ms", lambda: FIRST_MS + 6 * DAY_MS)
    with Catalog(history) as catalog, catalog.transaction() as connection:
        (version_id,) = connection.execute("SELECT id FROM version WHERE number = 2").fetchone()
        events.move_alias(catalog, version_id, "best")
    with (
        artui.open_catalog(history) as catalog_then,
        pytest.raises(UnknownReference, match="first given on 2026-11-07"),
    ):
        catalog_then.version("m:best@2026-11-02")


def test_times_are_taken_wherever_references_are(history: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The command line, filters of inputs, and what changes: production becomes again what it was."""
    assert run_cli(["show", "m:production@2026-11-02", "--json", "-c", str(history)]) == 0
    assert json.loads(capfd.readouterr().out)["version"]["number"] == 2
    with artui.open_catalog(history) as catalog:
        assert [run.name for run in catalog.runs('input = "m:production@2026-11-02"')] == ["user-2"]
        assert [run.name for run in catalog.runs('input = "m:production@2026-10-02"')] == []
        assert {edge.target.name for edge in catalog.lineage("m:production@2026-11-02").downstream} == {"user-2"}  # type: ignore[union-attr]
    assert run_cli(["promote", "m:production@2026-11-02", "-c", str(history)]) == 0
    assert run_cli(["show", "user-1@2026-11-02", "-c", str(history)]) == 2
    assert run_cli(["show", "m:production@someday", "-c", str(history)]) == 2
    with artui.open_catalog(history) as catalog:
        assert catalog.version("m:production").number == 2


def test_what_was_deleted_since_says_so(history: Path) -> None:
    """A version that was named then and is deleted now is not silently another one."""
    assert run_cli(["delete", "m:v2", "-c", str(history)]) == 0
    with artui.open_catalog(history) as catalog, pytest.raises(DeletedReference, match="m:v2 was deleted"):
        catalog.version("m:production@2026-11-02")


def test_the_palette_finds_it(history: Path) -> None:
    """What is typed into `:` leads to the version of that time."""
    with Reader(history) as reader:
        first = find_things(reader, "m:production@2026-11-02")[0]
        assert first.kind == "version" and first.id == find_version(reader, "m:v2").id
