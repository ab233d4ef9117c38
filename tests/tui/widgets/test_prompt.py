"""Questions at the bottom of every screen: who has the focus, what tab does, what a click elsewhere does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.events import Hide, Key
from textual.keys import _character_to_key
from textual.pilot import Pilot
from textual.widgets import Input

from artui.catalog import Catalog, events, runs
from artui.query.reader import Reader
from artui.query.runs.order import RunsRequest, run_order
from artui.query.runs.rows import run_ids
from artui.tui.contrast import TEXT, contrast
from artui.tui.tagging import quoted_tag, tag_changes
from artui.tui.themes import OURS
from artui.tui.widgets.prompt import ENTRY_CELLS, NO_ANSWER, Prompt
from tests.tui.looking import settled, shown

Explore = Callable[..., None]

ENTRIES = {
    "": "t n m W e slash C,slash colon question_mark,slash",
    "enter": "t n slash", "enter tab": "e", "enter tab tab": "slash", "slash o t t e r - 2 enter enter shift+tab": "t n slash ampersand",
    "space down space c": "a", "f": "e", "2": "a slash", "2 enter": "a slash", "3": "slash", "4": "t A",
    "I": "slash", "E": "e f o",
}  # fmt: skip
"""Keys that lead to a screen, and there to each entry that it has."""


@pytest.mark.parametrize("way", ENTRIES)
def test_focus_stays_in_an_entry_until_it_is_left(small_catalog: Path, explore: Explore, way: str) -> None:
    """Tab does not lead out of what one types into, and a click beside a question leaves it: never two places take letters."""

    async def press(pilot: Pilot[Any], *keys: str) -> None:
        for key in keys:
            await pilot.press(key)
            await settled(pilot)

    async def flow(pilot: Pilot[Any]) -> None:
        await press(pilot, *way.split())
        place = pilot.app.screen
        for keys in ENTRIES[way].split():
            await press(pilot, *keys.split(","))
            screen, entry = pilot.app.screen, pilot.app.screen.focused
            assert isinstance(entry, Input), (keys, screen)
            for key in ("tab", "shift+tab"):
                entry.value, entry.cursor_position = "zq", 2
                await press(pilot, key, "x")
                assert (pilot.app.screen, screen.focused, entry.value) == (screen, entry, "zqx"), keys
            prompt = entry.parent
            if isinstance(prompt, Prompt):
                places = [w for w in screen.query("*") if w.focusable and w.region.area and w is not entry]
                await pilot.click(places[0], offset=(1, 0))
                await settled(pilot)
                assert not prompt.is_open and not prompt.region.area and screen.focused in places, keys
                assert prompt.id == "find-line" or "zqx is not kept" in shown(pilot), keys
            for _ in range(9):
                if pilot.app.screen is not place or isinstance(pilot.app.screen.focused, Input):
                    await press(pilot, "escape")

    explore(small_catalog, flow)


@pytest.mark.parametrize("way", ["t", "n", "slash"])
def test_a_question_that_follows_another_keeps_the_focus(small_catalog: Path, explore: Explore, way: str) -> None:
    """That the entry was hidden with the question before may be noticed when the next one stands: what is typed is for that."""

    async def flow(pilot: Pilot[Any]) -> None:
        for keys in (("escape",), ("escape", way)):
            await pilot.press(way, *keys)
        screen, entry = pilot.app.screen, pilot.app.screen.focused
        assert isinstance(entry, Input)
        entry.post_message(Hide())
        await settled(pilot)
        await pilot.press("q", "X", "1")
        await settled(pilot)
        assert pilot.app.screen is screen and screen.focused is entry and entry.value.endswith("qX1")
        await pilot.press("escape")
        await settled(pilot)
        assert screen.focused is not entry

    explore(small_catalog, flow)


def test_a_word_typed_ahead_is_no_answer_to_yes_or_no(small_catalog: Path, explore: Explore, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    """At every question of yes or no a whole word does nothing, before it is asked and behind it; `yes` and `no` answer it as their letters do.

    No key of a word reaches the screen, whichever the screen is.
    """

    async def type(pilot: Pilot[Any], *keys: str) -> str:
        await pilot.press(*keys)
        await settled(pilot)
        await settled(pilot)
        return shown(pilot)

    async def flow(pilot: Pilot[Any]) -> None:
        for place, name in (("1", "tX"), ("2", ["a", "minus", "e"])):
            await type(pilot, place)
            await type(pilot, "space", "space", "slash", *"zz top", "enter")
            before = shown(pilot)
            screen = pilot.app.screen
            for key in name:
                # In one burst, as over a slow line: the question is not there yet when the word begins.
                text = await type(pilot, key, *"best ckpt")
                assert pilot.app.screen is screen and NO_ANSWER in text, key
                prompt = next(prompt for prompt in screen.query(Prompt) if prompt.is_open)
                asked = next(
                    line for line in text.splitlines() if " marked " in line and "hidden by the filter" in line
                )
                assert asked.rstrip().endswith("?") and not isinstance(screen.focused, Input), key
                assert "y yes  n no" in text, key
                await type(pilot, "enter")
                assert prompt.is_open and not isinstance(screen.focused, Input), key
                await type(pilot, "escape")
                assert prompt.has_class("hidden") and shown(pilot).splitlines()[:-3] == before.splitlines()[:-3], key
            monkeypatch.setattr("artui.tui.widgets.answer.WORD_SECONDS", 0.0)
            key = name[0]
            text = await type(pilot, key, *"no", "enter")
            assert pilot.app.screen is screen and not screen.query_one(Prompt).is_open
            text = await type(pilot, key, *"yes", "enter", *"zq")
            focused = pilot.app.screen.focused
            assert isinstance(focused, Input)
            assert focused.value == "zq"
            await type(pilot, "escape")
            monkeypatch.undo()

    explore(small_catalog, flow, size=(120, 30))


def test_the_keys_of_a_question_stay_while_it_is_asked(small_catalog: Path, explore: Explore) -> None:
    """Neither the end of what was said before, nor an answer of the catalog, puts the keys of the screen in their place."""

    async def flow(pilot: Pilot[Any]) -> None:
        app: Any = pilot.app
        for keys in ("t", "n", "slash", "g", "2 a", "2 slash", "2 enter a", "2 enter F", "E e", "2 enter slash"):
            for key in keys.split():
                await pilot.press(key)
                await settled(pilot)
            asked = shown(pilot).splitlines()[-1]
            app.say("said", seconds=0.01)
            await pilot.pause(0.02)
            app.screen.load()
            app.screen.show_keys()
            await settled(pilot)
            await settled(pilot)
            assert shown(pilot).splitlines()[-1] == asked and "all keys" not in asked, keys
            app.unsay("said")
            await pilot.press("escape", "1")
            await settled(pilot)

    explore(small_catalog, flow)


def test_focus_comes_back_with_the_terminal(small_catalog: Path, explore: Explore) -> None:
    """A terminal that loses the focus for a while takes no question away."""

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("t", *"zq")
        pilot.app.app_focus = False
        await settled(pilot)
        pilot.app.app_focus = True
        await settled(pilot)
        await pilot.press("x")
        focused = pilot.app.screen.focused
        assert isinstance(focused, Input) and focused.value == "zqx"

    explore(small_catalog, flow)


def test_tab_completes_tags_aliases_and_projects(small_catalog: Path, explore: Explore) -> None:
    """What is there already is completed, the next one with tab again; behind a minus, what can be taken off."""
    with Reader(small_catalog) as reader:
        keys = run_order(reader, RunsRequest("")).keys
        ids = run_ids(reader, keys[:2])
    with Catalog(small_catalog) as catalog, events.editing(catalog, "tags") as edit:
        edit.tag(ids[0], "sweep-a", "")
        edit.tag(ids[1], "sweep-b", "")

    async def complete(pilot: Pilot[Any], keys: str, typed: str, *tabs: str) -> list[str]:
        for key in keys.split():
            await pilot.press(key)
            await settled(pilot)
        entry = pilot.app.screen.focused
        assert isinstance(entry, Input) and "tab complete" in shown(pilot)
        entry.value, entry.cursor_position = typed, len(typed)
        made = []
        for tab in tabs:
            await pilot.press(tab)
            made.append(entry.value)
        await pilot.press("escape")
        return made

    async def flow(pilot: Pilot[Any]) -> None:
        assert await complete(pilot, "t", "sw", "tab", "tab", "tab", "shift+tab") == ["sweep-a", "sweep-b", "sweep-a", "sweep-b"]  # fmt: skip
        assert await complete(pilot, "t", "-", "tab", "tab") == ["-sweep-a"] * 2
        assert await complete(pilot, "t", "other", "tab") == ["other"]
        assert await complete(pilot, "t", "good, -sw", "tab", "tab") == ["good, -sweep-a"] * 2
        assert await complete(pilot, "t", "a=1,sweep-b", "tab") == ["a=1,sweep-b"]
        assert await complete(pilot, "m", "d", "tab") == ["digits"]
        await pilot.press("2", "slash", *"digits-model", "enter")
        assert await complete(pilot, "a", "-c", "tab") == ["-candidate"]
        assert await complete(pilot, "a", "c", "tab") == ["candidate"]

    explore(small_catalog, flow)


def test_a_long_question_leaves_room_for_the_answer(tmp_path: Path, explore: Explore) -> None:
    """What should be typed stands in the entry if it does not fit before it; with room it is back in its place."""
    path = tmp_path / "x.artui"
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for number in range(3):
            params = {"some.very_long_name_of_a_param.weight_decay": number}
            runs.start(connection, runs.NewRun(project="p", name="run-of-a-very-long-name-" * 4, params=params))

    async def flow(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        for keys, hint in (
            (["right", "vertical_line"], "regex ^adam, or < 0.3"),
            (["t"], "name, name=value"),
            (["n"], ""),
        ):
            await pilot.resize_terminal(80, 24)
            await pilot.press(*keys)
            await settled(pilot)
            entry = pilot.app.screen.focused
            assert isinstance(entry, Input) and entry.region.width >= ENTRY_CELLS
            line = shown(pilot).splitlines()[22]
            assert f"({hint}" in line if hint else "(" not in line.replace("()", ""), line
            await pilot.resize_terminal(200, 50)
            await settled(pilot)
            assert entry.region.width >= ENTRY_CELLS and hint in shown(pilot)
            await pilot.press("escape")

    explore(path, flow, size=(80, 24))


@pytest.mark.parametrize(
    ("typed", "put", "off"),
    [
        ("good", {"good": ""}, []),
        (" good ,lr = low,, -old ", {"good": "", "lr": "low"}, ["old"]),
        ('reason="slow, wrong", "a, b"=1', {"reason": "slow, wrong", "a, b": "1"}, []),
        ('-"a, b"', {}, ["a, b"]),
        ("a=b=c", {"a": "b=c"}, []),
        ("=x", {"": "x"}, []),
        ("-", {}, [""]),
        (", ,", {}, []),
    ],
)
def test_several_tags_are_read(typed: str, put: dict[str, str], off: list[str]) -> None:
    assert tag_changes(typed) == (put, off)


@pytest.mark.parametrize("name", ["a", "a, b", "-a, b", "-a"])
def test_a_completed_tag_is_one_tag(name: str) -> None:
    put, off = tag_changes(quoted_tag(name))
    assert [*put, *(f"-{taken}" for taken in off)] == [name]


def test_tags_are_put_on_and_taken_off_at_once(small_catalog: Path, explore: Explore) -> None:
    """One answer is one edit, which one undo takes back; a tag without a name is asked for again with what was typed."""

    async def flow(pilot: Pilot[Any]) -> None:
        async def press(*keys: str) -> None:
            await pilot.press(*keys)
            await settled(pilot)

        def tags() -> dict[str, str]:
            with Reader(small_catalog) as reader, reader.snapshot() as connection:
                return dict(
                    connection.execute("SELECT n.text, t.value FROM tag AS t JOIN name AS n ON n.key = t.name_key")
                )

        before = tags()
        await press("t", *"good,lr=low", "enter")
        assert tags() == before | {"good": "", "lr": "low"} and "tags good, lr=low on" in shown(pilot)
        await press("t", *"best,-good", "enter")
        assert "tags best on and good off" in shown(pilot)
        assert tags() == before | {"best": "", "lr": "low"}
        await press("u")
        assert tags() == before | {"good": "", "lr": "low"}
        await press("t")
        assert "has good, lr; -good takes it off" in shown(pilot)
        await press(*"best,=x", "enter")
        entry = pilot.app.screen.focused
        assert isinstance(entry, Input) and entry.value == "best,=x" and "A tag needs a name" in shown(pilot)

    explore(small_catalog, flow)


def test_tags_of_several_runs_say_what_really_changed(small_catalog: Path, explore: Explore) -> None:
    """On how many runs each was put, and off how many it was taken; behind the names a note and a tag have signs of their own."""

    async def flow(pilot: Pilot[Any]) -> None:
        async def press(*keys: str) -> str:
            await pilot.press(*keys)
            await settled(pilot)
            return shown(pilot)

        await press("t", *"good", "enter")
        await press("down", "n", *"why", "enter")
        await press("up", "space", "space", "space")
        assert "tags good on 2 runs · lr=low on 3 runs · u takes" in await press("t", *"good,lr=low,-none", "enter")
        assert "tags lr=high on 3 runs · good off 3 runs · u takes" in await press("t", *"-good,lr=high", "enter")
        assert "tag lr off 3 runs · u takes" in await press("t", *"-lr,-good", "enter")
        await press("t", *"lr=high", "enter")
        assert "so already" in await press("t", *"lr=high,-good", "enter")
        rows = [row.split() for row in shown(pilot).splitlines()[3:7]]
        assert [next((sign for sign in '"#&' if sign in row), "") for row in rows] == ["#", "&", "#", ""]

    explore(small_catalog, flow)


def test_what_stands_there_first_gives_way_to_what_is_typed(
    small_catalog: Path, explore: Explore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A letter replaces a suggestion, and goes on behind one that an arrow key has kept; a note is always gone on with."""
    monkeypatch.chdir(tmp_path)

    async def flow(pilot: Pilot[Any]) -> None:
        async def typed(*keys: str) -> str:
            await pilot.press(*keys)
            await settled(pilot)
            entry = pilot.app.screen.focused
            assert isinstance(entry, Input), keys
            return entry.value

        assert await typed("e") == "runs.csv"
        assert await typed("x") == "x"
        await pilot.press("escape")
        await pilot.press("n", *"good", "enter")
        await settled(pilot)
        assert await typed("n") == "good"
        assert await typed("x") == "goodx"
        await pilot.press("escape", "2", "slash", *"digits-model", "enter")
        await settled(pilot)
        assert await typed("plus") == "production"
        assert await typed("right", "x") == "productionx"
        assert await typed("ctrl+u", "x") == "x"
        await pilot.press("escape")
        assert await typed("plus", "s") == "s"

    explore(small_catalog, flow)


@pytest.mark.parametrize("is_coloured", [True, False])
def test_what_gives_way_is_seen(
    small_catalog: Path, explore: Explore, is_coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A suggestion looks other than what was typed, with colours and without."""
    if not is_coloured:
        monkeypatch.setenv("NO_COLOR", "1")

    async def flow(pilot: Pilot[Any]) -> None:
        def looks() -> set[Any]:
            strips = pilot.app.screen._compositor.render_strips()
            styles = [
                segment.style for segment in strips[-2] if segment.text.strip() and segment.text.strip() in suggestion
            ]
            return {(style.bgcolor if is_coloured else None, style.reverse) for style in styles if style is not None}

        suggestion = "last 3 or used or approved"
        await pilot.press("2", "E", "e")
        await settled(pilot)
        before = looks()
        await pilot.press("right")
        await settled(pilot)
        assert before and looks() and before != looks()

    explore(small_catalog, flow)


@pytest.mark.parametrize("theme", OURS)
def test_what_is_typed_its_caret_and_what_gives_way_are_seen(small_catalog: Path, explore: Explore, theme: str) -> None:
    """In every colour scheme the caret stands out from the entry, and text can be read there: typed, suggested or to be replaced."""

    async def flow(pilot: Pilot[Any]) -> None:
        app: Any = pilot.app
        app.take_theme(theme)
        for keys in (["e"], ["escape", "n", "x"], ["escape", "slash"], ["escape", "colon"], ["escape", "7", "D"]):
            await pilot.press(*keys)
            await settled(pilot)
            entry: Any = app.screen.focused
            parts = [part for part in entry.render_line(0) if part.text and part.style is not None]
            behind = parts[-1].style.bgcolor.triplet.hex
            for text, style, _ in parts:
                front, back = (colour.triplet.hex for colour in (style.color, style.bgcolor))
                assert contrast(front, back) >= TEXT, (keys, text)
            assert any(style.reverse and contrast(style.color.triplet.hex, behind) >= TEXT for _, style, _ in parts), (
                keys
            )

    explore(small_catalog, flow)


REFUSED = {
    "t": ("=x", "a name"), "e": ("runs.txt", "are not written as .txt"), "vertical_line": ("(", "pattern"),
    "enter tab e": ("loss.gif", ""), "space down space c a": ("no-such-run", "no-such-run"), "4 A": ("loss is odd", "is no rule"),
    "2 a": ("best one!", "cannot be an alias"), "2 plus": ("latest", "cannot be an alias"), "2 F": ("licence", "has no value"),
    "E e": ("last", "is no reason"), "E f": ("size >", "A value should follow"), "E o": ("soon", "is no span of time"),
}  # fmt: skip
"""By the keys that lead to a question: an answer that cannot be meant, and what is said of it."""


def test_what_cannot_be_meant_is_asked_again(
    small_catalog: Path, explore: Explore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The question stays with what was typed, whoever finds out, and it is said what is wrong; esc leaves it."""
    monkeypatch.chdir(tmp_path)

    async def flow(pilot: Pilot[Any]) -> None:
        for way, (text, said) in REFUSED.items():
            for key in ("1", *way.split()):
                await pilot.press(key)
                await settled(pilot)
            entry = pilot.app.screen.focused
            assert isinstance(entry, Input), way
            (prompt,) = (node for node in entry.ancestors if isinstance(node, Prompt))
            entry.value = text
            await pilot.press("enter")
            await settled(pilot)
            assert pilot.app.screen.focused is entry and prompt.is_open and entry.value == text, way
            assert said in shown(pilot), (way, shown(pilot).splitlines()[-1])
            await pilot.press("x")
            assert entry.value == f"{text}x", way
            await pilot.press("escape")
            await settled(pilot)
            assert pilot.app.screen.focused is not entry, way
        assert list(tmp_path.glob("*.gif")) == []

    explore(small_catalog, flow)


PLACES_TO_TYPE: dict[str, tuple[str, ...]] = {
    "page of a version": ("2", *["down"] * 3, "enter", "tab"),
    "difference": ("2", *["down"] * 3, "enter", "D"),
    "lineage": ("2", *["down"] * 3, "L"),
    "charts": ("down", "enter", "tab"),
    "why": ("c", "w"),
    "help": ("question_mark",),
}  # fmt: skip


@pytest.mark.parametrize("place", PLACES_TO_TYPE)
def test_a_burst_behind_the_key_that_asks_is_the_answer(place: str, small_catalog: Path, explore: Explore) -> None:
    """Words to find, and what is looked for in the palette, come whole however fast they are typed; none of their letters is a key."""

    async def burst(pilot: Pilot[Any], text: str) -> None:
        for letter in text:
            pilot.app.post_message(Key(_character_to_key(letter), letter))
        await settled(pilot)
        await settled(pilot)

    async def flow(pilot: Pilot[Any]) -> None:
        for key in PLACES_TO_TYPE[place]:
            await pilot.press(key)
            await settled(pilot)
        for text in ("/Xqvc", "/nXT") if place == "help" else ("/Xqvc", "/nXT", ":Xqn"):
            screen = pilot.app.screen
            await burst(pilot, text)
            focused = pilot.app.screen.focused
            assert isinstance(focused, Input), (text, focused)
            assert focused.value == text[1:]
            await pilot.press("escape")
            await settled(pilot)
            if pilot.app.screen is not screen or isinstance(screen.focused, Input):
                await pilot.press("escape")
                await settled(pilot)

    explore(small_catalog, flow)


BURSTS: dict[str, str] = {
    "enter tab": "as measured", "f tab": "rank correlation", "f tab tab": "Parallel coordinates", "right right right g c": "in 3 groups",
    "c w": "Nothing that differs clearly", "L v": "where it came from", "7 S": "the whole catalog", "question_mark slash z": "find", "2 enter tab": "train.csv",
}  # fmt: skip
"""Keys that are pressed together, and what is on the screen then."""


@pytest.mark.parametrize("keys", BURSTS)
def test_a_key_waits_for_what_the_one_before_leads_to(keys: str, small_catalog: Path, explore: Explore) -> None:
    """However fast keys are pressed, each acts on the screen, the menu or the list that the ones before it lead to."""

    async def flow(pilot: Pilot[Any]) -> None:
        for key in keys.split():
            pilot.app.post_message(Key(key, key if len(key) == 1 else None))
        for _ in range(4):
            await settled(pilot)
        assert BURSTS[keys] in shown(pilot), shown(pilot)

    explore(small_catalog, flow, size=(120, 36))
