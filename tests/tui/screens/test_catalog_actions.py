"""Sharing, merging and comparing from the screen of the catalog: said before it is done, in the words of the shell."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from artui.catalog import Catalog, checking, events, logical
from artui.cli import run as run_cli
from artui.query.reader import Reader
from artui.query.runs.order import RunsRequest, run_order
from artui.tui import fetch
from artui.tui.screens.catalog.merging import MergeScreen
from artui.tui.screens.catalog.screen import CatalogHomeScreen
from artui.tui.screens.catalog.sharing import ShareScreen
from artui.tui.screens.changes import ChangesScreen
from artui.tui.widgets.prompt import Prompt
from tests.tui.looking import on, settled, shown

Explore = Callable[..., None]


def _count(path: Path, where: str = "") -> int:
    with Reader(path) as reader:
        return run_order(reader, RunsRequest(where)).matched


def _digest(path: Path) -> str:
    with Reader(path) as reader, reader.reading() as connection:
        return logical.digest(connection)


async def _squeezed(pilot: Pilot[Any]) -> str:
    await settled(pilot)
    return " ".join(shown(pilot).split())


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
def test_a_part_is_shared_after_it_was_said_what_goes_out(
    small_catalog: Path, tmp_path: Path, explore: Explore, capsys: pytest.CaptureFixture[str], size: tuple[int, int]
) -> None:
    """The filter in force chooses the runs; the lines are those of `artui share --dry-run`; the file has just these runs."""
    out = tmp_path / "given" / "part.artui"
    out.parent.mkdir()
    words = "optimizer = sgd"
    assert run_cli(["share", str(out), "--where", words, "--no-content", "-n", "-c", str(small_catalog)]) == 0
    lines = capsys.readouterr().out.splitlines()[:-1]

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("slash", *words, "enter")
        await settled(pilot)
        await pilot.press("7")
        await settled(pilot)
        await pilot.press("S", "f", "c")
        await settled(pilot)
        screen = on(pilot, ShareScreen)
        assert screen.wish.where == words and words in shown(pilot) and not out.exists()
        await pilot.press("o", "ctrl+u", *str(out), "enter")
        text = await _squeezed(pilot)
        assert len(lines) > 1 and all(" ".join(line.split()) in text for line in lines[1:])
        assert "nothing has been written yet" in text and not out.exists()
        await pilot.press("w", "n")
        await settled(pilot)
        assert not out.exists()
        await pilot.press("w", "y")
        await settled(pilot)
        on(pilot, CatalogHomeScreen)
        assert "shared:" in shown(pilot)

    explore(small_catalog, flow, size=size)
    assert _count(out, words) == _count(small_catalog, words) == 3 and _count(out) < _count(small_catalog)
    assert list(checking.check_whole(out)) == []


def test_what_is_taken_out_is_said_and_a_file_that_is_there_is_not_replaced(small_catalog: Path, tmp_path: Path, explore: Explore) -> None:  # fmt: skip
    """A class that is none is asked again; the summary counts what is renamed; the notice says that there is such a file."""
    out = tmp_path / "taken.artui"
    out.write_text("mine")

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("7", "S", "x", "ctrl+u", *"nonsense", "enter")
        await settled(pilot)
        assert "no class" in shown(pilot)
        await pilot.press("ctrl+u", *"user, host", "enter")
        assert "redacted (user, host)" in await _squeezed(pilot)
        await pilot.press("o", "ctrl+u", *str(out), "enter", "w", "y")
        await settled(pilot)
        assert "taken.artui" in shown(pilot) and out.read_text() == "mine"

    explore(small_catalog, flow, size=(120, 36))


@pytest.fixture
def box(small_catalog: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy in which somebody else wrote a note."""
    other = tmp_path / "gpu7.artui"
    shutil.copy(small_catalog, other)
    monkeypatch.setattr(events, "author", lambda: "bob@gpu7")
    with Catalog(other) as catalog:
        with catalog.transaction() as connection:
            (run_id,) = connection.execute("SELECT id FROM run WHERE name = 'prepare-1'").fetchone()
        events.set_note(catalog, run_id, "from the box")
    monkeypatch.setattr(events, "author", lambda: "ada@box-3")
    return other


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
def test_another_catalog_is_merged_after_it_was_said_what_comes(
    small_catalog: Path, box: Path, explore: Explore, capsys: pytest.CaptureFixture[str], size: tuple[int, int]
) -> None:
    """The path is completed; nothing comes before it was asked; afterwards the journal says what was merged, and nothing is left to come."""
    before = _digest(small_catalog)
    assert run_cli(["merge", str(box), "--into", str(small_catalog), "-n"]) == 0
    line = capsys.readouterr().out.splitlines()[0].rpartition("/")[2]

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("7", "M")
        await settled(pilot)
        await pilot.press(*"gpu7", "enter")
        await settled(pilot)
        assert " ".join(line.split()) in await _squeezed(pilot) and "1 changed run" in line
        assert _digest(small_catalog) == before
        await pilot.press("w", "n", "w", "y")
        await settled(pilot)
        on(pilot, CatalogHomeScreen)
        assert "merged: gpu7.artui: 1 changed run" in shown(pilot)
        pilot.app.screen.load()  # type: ignore[attr-defined]
        await settled(pilot)
        assert '"from the box"' in shown(pilot) and "1 merge" in shown(pilot)
        await pilot.press("M", *"gpu7", "enter")
        await settled(pilot)
        on(pilot, MergeScreen)
        assert "Nothing would come" in shown(pilot)
        await pilot.press("escape", "D", *"gpu7", "enter")
        await settled(pilot)
        on(pilot, ChangesScreen)
        assert "Nothing differs" in shown(pilot)

    explore(small_catalog, flow, size=size)
    assert _count(small_catalog, 'note = "from the box"') == 1


def test_long_work_is_stopped_by_esc_and_leaves_everything_as_it_was(
    small_catalog: Path, box: Path, explore: Explore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A check, a look and a merge that are stopped say so; the catalog is what it was, and no other file lies beside it."""
    before = _digest(small_catalog)
    names = {each.name for each in small_catalog.parent.iterdir()}
    is_stopping = [True]
    step = fetch.Progress.step

    def stopped(self: fetch.Progress, what: str, done: int, total: int) -> None:
        if is_stopping[0]:
            self.stop()
        step(self, what, done, total)

    monkeypatch.setattr(fetch.Progress, "step", stopped)

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("7", "exclamation_mark")
        await settled(pilot)
        assert "Stopped: nothing was changed." in shown(pilot) and "never checked" in shown(pilot)
        assert "esc stops it" not in shown(pilot)
        await pilot.press("S")
        await settled(pilot)
        assert "looks what would go out" in shown(pilot)
        is_stopping[0] = False
        await pilot.press("escape", "M", *"gpu7", "enter")
        await settled(pilot)
        is_stopping[0] = True
        await pilot.press("w", "y")
        await settled(pilot)
        assert "Stopped: nothing was changed." in shown(pilot)

    explore(small_catalog, flow, size=(120, 36))
    assert _digest(small_catalog) == before
    left = {each.name.removesuffix("-wal").removesuffix("-shm") for each in small_catalog.parent.iterdir()}
    assert left <= names


def test_esc_leaves_what_is_typed_before_it_stops_the_work_behind_it(
    small_catalog: Path, explore: Explore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a question open esc takes that back, and the look goes on; the next esc stops it, and it does not begin again by itself."""
    waits, step = threading.Event(), fetch.Progress.step

    def slow(self: fetch.Progress, what: str, done: int, total: int) -> None:
        step(self, what, done, total)
        waits.wait(20)
        step(self, what, done, total)

    monkeypatch.setattr(fetch.Progress, "step", slow)

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("7", "S")
        screen = on(pilot, ShareScreen)
        while not fetch._under_way:
            await pilot.pause(0.01)
        await pilot.press("x", "escape")
        assert not screen.query_one(Prompt).is_open and screen.is_asking("look")
        assert not any(each._is_stopped for each in fetch._under_way)
        await pilot.press("escape")
        waits.set()
        await settled(pilot)
        screen.load()
        await settled(pilot)
        assert "esc stops it" not in shown(pilot) and "w looks" in shown(pilot)
        await pilot.press("w")
        await settled(pilot)
        assert "would take" in shown(pilot) and "write " in shown(pilot)

    explore(small_catalog, flow, size=(120, 36))
