"""Keys that tag, note, mark, compare, trash and copy the run in sight, and those that only look."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from artui.catalog import Catalog, events, runs
from artui.query.api import open_catalog
from artui.query.reader import Reader
from artui.query.run import get_run
from artui.query.runs.order import RunsRequest, run_order
from artui.query.runs.rows import run_rows
from artui.tui.keys import footer_keys, help_keys, keys_of, offered_keys
from artui.tui.keytable import ACTS, ACTS_TITLE
from artui.tui.screens.acting import ActsOnRuns
from artui.tui.screens.compare import CompareScreen
from artui.tui.screens.plot import PlotScreen
from artui.tui.screens.runs import marks
from artui.tui.screens.runs.screen import RunsScreen
from artui.tui.widgets.entry import LineEntry
from artui.tui.widgets.prompt import NO_ANSWER, Prompt
from tests.tui.looking import NOW_MS, settled, shown

Explore = Callable[..., None]

PLACES: dict[str, tuple[str, ...]] = {
    "overview": ("down", "enter"),
    "charts": ("down", "enter", "tab"),
    "files": ("down", "enter", "tab", "tab"),
    "log": ("G", "up", "up", "enter", "shift+tab"),
    "live": ("4",),
    "compare": ("c",),
    "transposed": ("c", "T"),
    "curves": ("f",),
    "scatter": ("f", "tab", "right"),
    "parallel": ("f", "tab", "tab", "up"),
}
"""Screens with a run in sight, by the keys that lead there."""
SOME_PLACES = [place for place in PLACES if place not in ("transposed", "files", "parallel", "log")]
"""One of each kind: what is pressed on the others goes the same way."""
KEEPS_X = {"charts", "curves", "scatter"}
"""Where X only looks: it chooses an axis."""
KEEPS_Y = {"scatter"}


async def _go(pilot: Pilot[Any], place: str) -> ActsOnRuns:
    for key in PLACES[place]:
        await pilot.press(key)
        await settled(pilot)
    screen = pilot.app.screen
    assert isinstance(screen, ActsOnRuns)
    assert screen.acted_run() is not None
    return screen


async def _type(pilot: Pilot[Any], key: str, text: str) -> None:
    await pilot.press(key)
    await settled(pilot)
    await pilot.press(*text, "enter")
    await settled(pilot)


@pytest.mark.parametrize("place", SOME_PLACES[::2])
def test_a_run_is_changed_where_it_is_seen(place: str, small_catalog: Path, explore: Explore) -> None:
    """Tag, note, mark, copy and trash act on the run in sight alone, say what they did, and u takes them back."""

    async def flow(pilot: Pilot[Any]) -> None:
        app: Any = pilot.app
        screen = await _go(pilot, place)
        head = screen.acted_run()
        assert head is not None
        reader = Reader(small_catalog)
        others = [key for key in run_order(reader, RunsRequest()).keys if key != head.key]

        await _type(pilot, "t", "good")
        assert [tag.name for tag in get_run(reader, head.id).tags] == ["good"]
        assert f"tag good on {head.name} · u takes it back" in shown(pilot)
        await _type(pilot, "n", "fine")
        assert get_run(reader, head.id).note == "fine"
        if place in ("overview", "compare"):
            assert "good" in shown(pilot) and "fine" in shown(pilot)
        await pilot.press("u")
        await settled(pilot)
        assert get_run(reader, head.id).note == "" and f"taken back: note on {head.name}" in shown(pilot)
        await pilot.press("ctrl+r")
        await settled(pilot)
        assert get_run(reader, head.id).note == "fine"

        await pilot.press("space")
        await settled(pilot)
        assert app.runs_screen.state.marked == {head.key} and app.runs_screen.table.marked == {head.key}
        assert "marked" in shown(pilot) and "◆" in shown(pilot)
        await pilot.press("space")
        await settled(pilot)
        assert app.runs_screen.state.marked == frozenset()

        await pilot.press("y")
        await settled(pilot)
        if place in KEEPS_Y:
            assert app.screen is not screen
            await pilot.press("escape")
        else:
            assert app.clipboard == head.id

        await pilot.press("X")
        await settled(pilot)
        trashed = list(run_order(reader, RunsRequest("deleted is not null")).keys)
        assert trashed == ([] if place in KEEPS_X else [head.key])
        if place in KEEPS_X:
            await pilot.press("escape")
        else:
            assert f"into the trash: {head.name} · u takes it back" in shown(pilot)
            await pilot.press("u")
            await settled(pilot)
            assert not run_order(reader, RunsRequest("deleted is not null")).keys
            assert f"taken back: deletion of {head.name}" in shown(pilot)
        assert all(not get_run(reader, other.id).tags for other in _heads(reader, others))
        reader.close()

    explore(small_catalog, flow)


def _heads(reader: Reader, keys: list[int]) -> list[Any]:
    from artui.query.runs.rows import run_rows

    return [row.head for row in run_rows(reader, keys, []).values()]


@pytest.mark.parametrize("place", SOME_PLACES[1::2])
def test_c_puts_the_run_in_sight_beside_the_marked_ones(place: str, small_catalog: Path, explore: Explore) -> None:
    """The comparison holds the run in sight and the marked ones; with none marked, a neighbour in the table."""

    async def flow(pilot: Pilot[Any]) -> None:
        app: Any = pilot.app
        screen = await _go(pilot, place)
        head = screen.acted_run()
        assert head is not None
        app.toggle_mark(list(app.runs_screen.state.order.keys)[-1])
        await settled(pilot)
        await pilot.press("c")
        await settled(pilot)
        compared = pilot.app.screen
        assert isinstance(compared, CompareScreen)
        assert compared.run_ids[0] == head.id and len(compared.run_ids) == 2
        await pilot.press("escape")
        await settled(pilot)
        assert app.screen is screen
        app.toggle_mark(list(app.runs_screen.state.order.keys)[-1])
        await pilot.press("c")
        await settled(pilot)
        compared = pilot.app.screen
        assert isinstance(compared, CompareScreen) and compared.run_ids[0] == head.id and len(compared.run_ids) == 2

    explore(small_catalog, flow)


@pytest.mark.parametrize("place", PLACES)
def test_help_and_footer_say_what_the_keys_do(place: str, small_catalog: Path, explore: Explore) -> None:
    """The help names each acting key that works on the screen and no other; the footer begins with what fits."""

    async def flow(pilot: Pilot[Any]) -> None:
        screen = await _go(pilot, place)
        offered = {key.action for key in offered_keys(*screen.SCOPES) if key.scope == ACTS}
        away = {"trash"} if place in KEEPS_X else set()
        away |= {"copy"} if place in KEEPS_Y else set()
        assert offered == {key.action for key in keys_of(ACTS)} - away
        assert {heading for heading, _ in help_keys(*screen.SCOPES)} >= {ACTS_TITLE}
        assert ("t", "tag") in footer_keys(*screen.SCOPES)

    explore(small_catalog, flow)


@pytest.mark.parametrize("tab", ["scatter", "parallel", "histogram"])
def test_pictures_of_all_runs_change_none(tab: str, small_catalog: Path, explore: Explore) -> None:
    """Where no run is the current one, or the cursor is on none yet, no key acts on one."""

    async def flow(pilot: Pilot[Any]) -> None:
        app: Any = pilot.app
        await pilot.press("f")
        await settled(pilot)
        screen = pilot.app.screen
        assert isinstance(screen, PlotScreen)
        screen.action_show_tab(tab)
        await settled(pilot)
        await pilot.press("space", "t", "X", "n")
        await settled(pilot)
        assert not app.runs_screen.state.marked and app.screen is screen
        assert "name=value" not in shown(pilot) and (ACTS in screen.SCOPES) == (tab != "histogram")

    explore(small_catalog, flow)


@pytest.mark.parametrize("place", ["overview", "files", "live", "compare"])
def test_n_goes_on_only_after_a_search(place: str, small_catalog: Path, explore: Explore) -> None:
    """After `/` the key n looks further; once esc has ended the search it writes a note, and never both."""

    async def flow(pilot: Pilot[Any]) -> None:
        screen = await _go(pilot, place)
        await pilot.press("slash")
        await settled(pilot)
        # In Live an alert names the run as well.
        await pilot.press(*("running" if place == "live" else "otter"), "enter")
        await settled(pilot)
        assert ("n", "note") in footer_keys(*screen.SCOPES) and screen.is_searching()
        await pilot.press("n")
        await settled(pilot)
        assert " note " not in shown(pilot).splitlines()[-2]
        await pilot.press("escape")
        await settled(pilot)
        assert not screen.is_searching()
        await pilot.press("n")
        await settled(pilot)
        assert shown(pilot).splitlines()[-2].startswith(" note")

    explore(small_catalog, flow)


@pytest.mark.parametrize("place", ["overview", "files", "curves"])
def test_a_question_keeps_the_focus_until_it_is_left(place: str, small_catalog: Path, explore: Explore) -> None:
    """tab in the middle of a question does not lead out of it, and esc takes the question back."""

    async def flow(pilot: Pilot[Any]) -> None:
        screen = await _go(pilot, place)
        await pilot.press("t" if place == "curves" else "slash")
        await settled(pilot)
        await pilot.press(*"ab", "tab")
        await settled(pilot)
        [prompt] = [prompt for prompt in screen.query("Prompt") if prompt.display]
        assert pilot.app.focused is not None and prompt in pilot.app.focused.ancestors
        await screen.run_action("next_tab(1)") if place != "curves" else await pilot.press("escape")
        await settled(pilot)
        assert not prompt.display
        assert "enter keep" not in shown(pilot)

    explore(small_catalog, flow)


def test_messages_never_hide_what_is_asked(small_catalog: Path, explore: Explore) -> None:
    """A question and the menu of g show their keys though something was just said; what is said meanwhile stands behind them."""

    async def flow(pilot: Pilot[Any]) -> None:
        app: Any = pilot.app
        for key, expected in (
            ("n", "enter keep"),
            ("slash", "enter keep filter"),
            ("g", "this column"),
            ("e", "enter write"),
        ):
            app.say("something was said before")
            await pilot.pause(0.6)
            await pilot.press(key)
            await settled(pilot)
            last = shown(pilot).splitlines()[-1]
            assert expected in last and "said before" not in last, key
            app.say("said now")
            await pilot.pause()
            assert expected in shown(pilot).splitlines()[-1], key
            await pilot.press("escape")
            await settled(pilot)
            app._unsay()

    explore(small_catalog, flow)


def test_all_runs_in_the_trash_are_spoken_of(tmp_path: Path, frozen: None, explore: Callable[..., None]) -> None:
    """Where all runs are in the trash it is said, with the key that shows them; none counts as running."""
    path = tmp_path / "one.artui"
    with Catalog(path) as catalog, catalog.transaction() as connection:
        key = runs.start(connection, runs.NewRun(project="p", name="r", started_ms=NOW_MS))
        runs.beat(connection, key, NOW_MS)

    async def flow(pilot: Pilot[Any]) -> None:
        assert "1 running" in shown(pilot)
        await pilot.press("X")
        await settled(pilot)
        text = shown(pilot)
        assert "1 run is in the trash" in text and "deleted is not null" in text and "no runs yet" not in text
        assert "1 running" not in text
        await pilot.press("4")
        await settled(pilot)
        assert "running" not in shown(pilot).splitlines()[0]

    explore(path, flow)


def test_what_is_marked_out_of_sight_is_named_before_it_is_changed(demo_catalog: Path, explore: Explore) -> None:
    """Keys that reach marked runs which the filter hides name them and wait for enter; what is in the trash is not marked."""
    reader = Reader(demo_catalog)
    keys = run_order(reader, RunsRequest()).keys
    ids = {row.head.name: row.head for row in run_rows(reader, keys, []).values()}
    hidden = [ids["final-2"], ids["wise-stork-7"]]
    named = "2 marked runs, both hidden by the filter: "

    def is_trashed() -> list[bool]:
        trashed = set(run_order(reader, RunsRequest("deleted is not null")).keys)
        return [head.key in trashed for head in hidden]

    async def press(pilot: Pilot[Any], *keys: str) -> str:
        await pilot.press(*keys)
        await settled(pilot)
        return shown(pilot)

    async def flow(pilot: Pilot[Any]) -> None:
        runs = pilot.app.screen
        assert isinstance(runs, RunsScreen)
        runs.show(marks.with_marks(runs.state, [head.key for head in hidden]))
        # In sight they are changed at once.
        assert "tag 2 runs" in await press(pilot, "t")
        await press(pilot, "escape", "/", *"nimble", "enter")

        for key, does in {"t": "Tag", "n": "Write a note on", "m": "Move", "e": "Export"}.items():
            text = await press(pilot, key)
            assert f"{does} {named}" in text and "final-2" in text and "wise-stork-7" in text, key
            assert "y yes  n no  enter yes  esc no" in text
            await press(pilot, "escape")
            assert not runs.prompt.is_open
        await press(pilot, "t", "enter", *"seen", "enter")
        assert [tag.name for tag in get_run(reader, hidden[0].id).tags if tag.name == "seen"] == ["seen"]
        assert "copied 2 ids · both hidden by the filter" in await press(pilot, "y")

        assert f"Trash {named}" in await press(pilot, "X")
        assert NO_ANSWER in await press(pilot, "j")
        assert runs.prompt.is_open and is_trashed() == [False, False]
        await press(pilot, "escape")
        assert is_trashed() == [False, False] and len(runs.state.marked) == 2
        await press(pilot, "X")
        await press(pilot, "enter")
        assert is_trashed() == [True, True] and not runs.state.marked
        assert "marked" not in shown(pilot)

        # Of several, only the hidden ones are named.
        assert "2 marked again" in await press(pilot, "u")
        runs.show(marks.without(runs.state, [hidden[1].key]))
        await press(pilot, "space")
        assert "Tag 2 marked runs, 1 of them hidden by the filter: final-2" in await press(pilot, "t")
        await press(pilot, "escape")
        # A project to move to is one of those that there are, or a new one.
        await press(pilot, "m", "enter")
        assert "move 2 runs to project  (digits, or a new one)" in shown(pilot)
        await press(pilot, "escape")
        assert "2 runs · 1 hidden by the filter · baseline" in await press(pilot, "c")

    explore(demo_catalog, flow, size=(120, 36))


def test_quick_keys_lose_no_change(tmp_path: Path, explore: Explore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Changes that come faster than they are written are all made, in their order; what asks for a text has the newest one."""
    with Catalog(tmp_path / "x.artui") as catalog, catalog.transaction() as connection:
        runs.start(connection, runs.NewRun(project="p", name="only", params={"x": 1}))
    editing = events.editing

    @contextmanager
    def slow(*arguments: Any, **more: Any) -> Iterator[Any]:
        time.sleep(0.15)
        with editing(*arguments, **more) as edit:
            yield edit

    monkeypatch.setattr(events, "editing", slow)

    async def flow(pilot: Pilot[Any]) -> None:
        for word in ("one", "two", "three"):
            await pilot.press("t", *word, "enter")
        await pilot.press("n", *"first", "enter", "n")
        await settled(pilot)
        assert (
            pilot.app.screen.query_one(Prompt).is_open
            and pilot.app.screen.query_one(Prompt).query_one(LineEntry).value == "first"
        )
        await pilot.press("escape", "u", "u")
        await settled(pilot)

    explore(tmp_path / "x.artui", flow)
    with open_catalog(tmp_path / "x.artui") as reader:
        run = reader.runs()[0]
        assert (set(run.tags), run.note) == ({"one", "two"}, "")
