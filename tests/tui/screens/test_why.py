"""The screen that says why: its sentence, its bars, how far it is, and how the filter before comes back."""

from __future__ import annotations

import json
import re
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.pilot import Pilot

from artui import cli
from artui.catalog import Catalog, points, runs
from artui.query import progress
from artui.query.why import Factor, why, words
from artui.tui.messages import ShowRuns
from artui.tui.screens import why as screen_module
from artui.tui.screens.compare import CompareScreen
from artui.tui.screens.plot import PlotScreen
from artui.tui.screens.runs.columns import column_at
from artui.tui.screens.runs.screen import RunsScreen
from artui.tui.screens.why import BAR_CELLS, NARROW_BAR_CELLS, SLIM, SLIM_HALF, WhyScreen, bar
from artui.tui.widgets.spreads import HALF, MIDDLE, Spreads
from artui.units import number_text
from tests.reading import open_reader
from tests.tui.looking import on, settled, shown

Explore = Callable[..., None]


def _words(text: str) -> str:
    """Give a screen's text as one line, however it is wrapped."""
    return " ".join(text.split())


def test_runs_without_what_is_judged_by_are_on_neither_side(
    demo_catalog: Path, explore: Explore, capfd: pytest.CaptureFixture[str]
) -> None:
    """Of both sides those are counted that SQL finds to have the metric; table, shell and JSON have the same numbers."""
    with sqlite3.connect(demo_catalog) as connection:
        counted = dict(
            connection.execute(
                """
                SELECT is_adam, count(*)
                FROM (
                    SELECT EXISTS (SELECT 1 FROM param AS p JOIN name AS n ON n.key = p.name_key
                                   WHERE p.run_key = r.key AND n.text = 'optimizer.name' AND p.text = 'adam') AS is_adam,
                           EXISTS (SELECT 1 FROM series AS s JOIN name AS n ON n.key = s.name_key
                                   WHERE s.run_key = r.key AND n.text = 'val/loss') AS is_judged
                    FROM run AS r WHERE r.deleted_ms IS NULL
                ) WHERE is_judged GROUP BY is_adam
                """
            )
        )
        (total,) = connection.execute("SELECT count(*) FROM run WHERE deleted_ms IS NULL").fetchone()
    left_out = total - sum(counted.values())
    assert left_out and counted[1] < 17
    call = ["why", "--where", "optimizer.name = adam", "--catalog", str(demo_catalog)]

    assert cli.run(call) == 0
    text = capfd.readouterr().out
    assert cli.run([*call, "--json"]) == 0
    document = json.loads(capfd.readouterr().out)

    assert (document["count"], document["others"], document["left_out"]) == (counted[1], counted[0], left_out)
    sides = f"{counted[1]} : {counted[0]} runs"
    assert text.startswith(f"{counted[1]} of 17 runs against {counted[0]} others, {left_out} without val/loss left out")
    assert set(re.findall(r"\d+ : \d+ runs", text)) == {sides}

    async def flow(pilot: Pilot[object]) -> None:
        await pilot.press("slash", *"optimizer.name = adam", "enter", "w")
        await settled(pilot)
        seen = _words(shown(pilot))
        assert f"The {counted[1]} of 17 runs with optimizer.name = adam against the {counted[0]} others · {left_out} without val/loss left out" in seen  # fmt: skip
        assert set(re.findall(r"\d+ : \d+ runs", seen)) == {sides}

    explore(demo_catalog, flow, size=(120, 36))


@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
def test_app_and_shell_say_the_same_sentence(
    small_catalog: Path, explore: Explore, capfd: pytest.CaptureFixture[str], size: tuple[int, int]
) -> None:
    """Same metric, same words, and columns named after the runs."""
    names = ["calm-otter-10", "calm-otter-11"]
    with open_reader(small_catalog) as reader:
        explanation = why(reader, *(reader.run(name).id for name in names))
    assert explanation.metric == "val/loss" and explanation.sentence

    assert cli.run(["why", *names, "--catalog", str(small_catalog)]) == 0
    out, err = capfd.readouterr()
    lines = out.splitlines()
    assert lines[0].startswith("calm-otter-10 is better than calm-otter-11 · val/loss ") and not err
    assert lines[1] == explanation.sentence and lines[2] == "" and lines[3].split()[:2] == names

    for where, said in (("nothing", "No run matches 'nothing'."), ("val/loss < 99", "")):
        assert cli.run(["why", "--where", where, "--among", "val/loss < 99", "--catalog", str(small_catalog)]) == 0
        whole = capfd.readouterr().out
        assert (
            whole.startswith("Every run of those") if not said else "of those" in whole and "matches 'nothing'" in whole
        )

    # The better run comes first, whichever is named first.
    assert cli.run(["why", *names[::-1], "--catalog", str(small_catalog)]) == 0
    assert capfd.readouterr() == (out, err)

    async def flow(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await pilot.press("space", "space", "c")
        await settled(pilot)
        await pilot.press("w")
        await settled(pilot)
        assert explanation.sentence in _words(shown(pilot))
        assert "calm-otter-10 is better than calm-otter-11 · val/loss" in shown(pilot)
        await pilot.press("escape")
        await settled(pilot)
        await pilot.press("right", "b", "w")
        await settled(pilot)
        assert "calm-otter-10 is better than calm-otter-11 · val/loss" in shown(pilot)

    explore(small_catalog, flow, size=size)


@given(st.lists(st.floats(-50, 50), min_size=1, max_size=30), st.sampled_from([BAR_CELLS, NARROW_BAR_CELLS]))
def test_bars_grow_evenly(scores: list[float], cells: int) -> None:
    """The longest fills its room from a score of 4 on; each is as long as its share of that, to half a cell."""
    full = max(4.0, *map(abs, scores))
    bars = [bar(z, full, cells) for z in scores]
    lengths = [len(text.rstrip()) - text.count(HALF) / 2 for text in bars]
    assert {len(text) for text in bars} == {cells}
    assert all(abs(length - abs(z) / full * cells) <= 0.26 for z, length in zip(scores, lengths, strict=True))
    ordered = [length for _, length in sorted(zip(map(abs, scores), lengths, strict=True))]
    assert ordered == sorted(ordered)


def test_a_long_question_says_how_far_it_is_and_ends_when_it_is_left(
    small_catalog: Path, explore: Explore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until the answer is known nothing is said of it; esc leaves at once, and the question stops where it is."""
    goes_on, ended = threading.Event(), threading.Event()
    monkeypatch.setattr(screen_module, "PROGRESS_SECONDS", 0.0)

    def slow(*_: Any, **__: Any) -> Any:
        progress.said(3, 7)
        try:
            while not goes_on.wait(0.01):
                progress.said(4, 7)
        except progress.NotWanted:
            ended.set()
            raise

    monkeypatch.setattr("artui.query.why.why", slow)

    async def flow(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await pilot.press("space", "space", "c")
        await settled(pilot)
        await pilot.press("w")
        while "of 7 things" not in shown(pilot):
            await pilot.pause(0.01)
        text = shown(pilot)
        assert "looking through 12 runs … 4 of 7 things that may differ" in _words(text).replace("… 3", "… 4")
        assert "Nothing" not in text and "weight" not in text
        await pilot.press("escape")
        assert not isinstance(pilot.app.screen, WhyScreen)
        assert ended.wait(5)
        goes_on.set()

    explore(small_catalog, flow, size=(120, 36))


def test_the_filter_before_comes_back(small_catalog: Path, explore: Explore) -> None:
    """Enter on a factor shows its runs and says how the filter before is brought back; that works."""

    async def flow(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await pilot.press("slash", *"hidden > 100", "enter")
        await settled(pilot)
        await pilot.press("w")
        await settled(pilot)
        await pilot.press("enter")
        await settled(pilot)
        screen = on(pilot, RunsScreen)
        where = screen.state.request.where  # not what the filter asks for itself
        assert where.startswith("params.") and "hidden" not in where
        assert "/ ↑ brings back hidden > 100" in shown(pilot)
        await pilot.press("slash", "up", "enter")
        await settled(pilot)
        assert screen.state.request.where == "hidden > 100"

    explore(small_catalog, flow, size=(80, 24))


def test_a_range_is_told_and_filtered_alike_in_app_and_shell(
    tmp_path: Path, explore: Explore, capfd: pytest.CaptureFixture[str]
) -> None:
    """Where rates in the middle are the good ones: sentence and filter of the app, of `artui why` and of its JSON are the same."""
    path = tmp_path / "x.artui"
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for number in range(60):
            lr = (0.001, 0.003, 0.01, 0.03, 0.1)[number % 5]
            key = runs.start(connection, runs.NewRun(project="p", name=f"r{number}", params={"lr": lr, "x": number}))
            loss = 0.3 if lr in (0.003, 0.01) and number < 40 else 0.6
            metric = runs.name_key(connection, "val/loss")
            points.append(connection, key, metric, "", *points.pack([(0, 1, loss)]))
    sentence = "lr is between 0.003 and 0.01 in 16 of these 16 runs, in 8 of the 44 others."
    assert cli.run(["why", "--where", "val/loss < 0.5", "--catalog", str(path)]) == 0
    out = capfd.readouterr().out
    assert sentence in out.splitlines()[1] and "0.003 to 0.01: 100 %" in out
    assert cli.run(["why", "--where", "val/loss < 0.5", "--catalog", str(path), "--json"]) == 0
    first = json.loads(capfd.readouterr().out)["factors"][0]
    assert first["sentence"] == sentence

    async def flow(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await pilot.press("slash", *"val/loss < 0.5", "enter")
        await settled(pilot)
        await pilot.press("w")
        await settled(pilot)
        assert sentence in _words(shown(pilot))
        await pilot.press("enter")
        await settled(pilot)
        screen = on(pilot, RunsScreen)
        assert screen.state.request.where == first["where"] and len(screen.state.order.keys) == 24

    explore(path, flow, size=(80, 24))


def test_sets_of_runs_are_judged_by_the_values_that_the_table_shows(
    small_catalog: Path, explore: Explore, capfd: pytest.CaptureFixture[str]
) -> None:
    """Last or best values judge a filter's runs, marked ones and a group; enter finds no more than was counted."""

    async def flow(pilot: Pilot[Any]) -> None:
        async def press(*keys: str) -> None:
            await pilot.press(*keys)
            await settled(pilot)

        async def answer(by: str) -> list[Factor]:
            await press("w")
            screen = on(pilot, WhyScreen)
            assert f"By {by} they are " in screen._answer and screen._answer in _words(shown(pilot))
            return list(screen._factors or ())

        await settled(pilot)
        runs_screen = on(pilot, RunsScreen)
        while column_at(runs_screen.table.view, runs_screen.table.column).name != "val/loss":
            await press("right")
        runs_screen.post_message(ShowRuns("hidden > 200"))
        for by, more in (("val/loss", []), ("best val/loss", ["--best"])):
            await settled(pilot)
            await answer(by)
            said = on(pilot, WhyScreen)._answer
            assert cli.run(["why", "-w", "hidden > 200", *more, "--catalog", str(small_catalog)]) == 0
            assert capfd.readouterr().out.splitlines()[1] == said
            assert ("NaN" in said or "diverged" in said) == (by == "val/loss")
            await press("escape")
            await press("b" if not more else "space")
        runs_screen.post_message(ShowRuns("has note or lr > 0"))
        await settled(pilot)
        factors = await answer("best val/loss")
        await press("enter")
        where = runs_screen.state.request.where
        assert where == factors[0].where and where.endswith(" and (has note or lr > 0)")
        runs_screen.post_message(ShowRuns(""))
        await press("M")
        runs_screen._grouping.group(["param:optimizer"])
        await settled(pilot)
        factors = await answer("best val/loss")
        assert all(factor.where.endswith(" and has metrics.val/loss") for factor in factors)
        await press("enter")
        assert 0 < len(runs_screen.state.order.keys) <= 11

    explore(small_catalog, flow, size=(120, 36))


def test_esc_leads_back_to_what_filtered_the_table(small_catalog: Path, explore: Explore) -> None:
    """From the runs of a line esc comes back to why, as it was, then to the comparison and the table with its filter; so from a brush."""

    async def flow(pilot: Pilot[Any]) -> None:
        async def press(*keys: str) -> None:
            await pilot.press(*keys)
            await settled(pilot)

        await settled(pilot)
        await press("slash", *"hidden > 50", "enter")
        await press("space", "space", "c")
        await press("w")
        screen = on(pilot, WhyScreen)
        line = screen.listing.cursor
        for _ in range(2):
            await press("enter")
            runs_screen = on(pilot, RunsScreen)
            assert runs_screen.state.request.where != "hidden > 50" and "esc goes back" in shown(pilot)
            await press("enter")
            await press("escape")  # another screen in between
            await press("escape")
            assert on(pilot, WhyScreen) is screen and screen.listing.cursor == line
        await press("escape")
        on(pilot, CompareScreen)
        await press("escape")
        assert on(pilot, RunsScreen).state.request.where == "hidden > 50"
        assert not screen.is_attached
        await press("f")
        await press("tab", "tab")
        parallel = on(pilot, PlotScreen)
        await press("b", "f")
        on(pilot, RunsScreen)
        await press("slash", *" and epoch > 0", "enter")
        # Another filter is another way: it is cleared.
        await press("escape")
        assert on(pilot, RunsScreen).state.request.where == "" and not parallel.is_attached

    explore(small_catalog, flow, size=(120, 36))


def test_where_there_are_no_others_it_is_said(small_catalog: Path, explore: Explore) -> None:
    """No empty answer comes up if all runs of the table are marked, or if none is and nothing is filtered."""

    async def flow(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await pilot.press("w")
        await settled(pilot)
        assert "Mark runs with space" in shown(pilot) and on(pilot, RunsScreen)
        await pilot.press("slash", *"hidden > 350", "enter")
        await settled(pilot)
        await pilot.press("space", "w")
        await settled(pilot)
        assert "there are no others" in shown(pilot) and on(pilot, RunsScreen)

    explore(small_catalog, flow, size=(120, 36))


def test_why_starts_on_a_factor_and_repeats_nothing(small_catalog: Path, explore: Explore) -> None:
    """Below stands what is not yet said above, and how results are spread where there is room."""

    async def flow(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await pilot.press("slash", *"hidden > 250", "enter")
        await settled(pilot)
        await pilot.press("w")
        await settled(pilot)
        screen = on(pilot, WhyScreen)
        first = screen._current
        assert first is not None and first.sentence in _words(shown(pilot))
        assert _words(shown(pilot)).count(first.sentence) == 1
        assert (" the middle half" in shown(pilot)) == (first.left_spread is not None)
        await pilot.resize_terminal(80, 24)
        await settled(pilot)
        assert " the middle half" not in shown(pilot)

    explore(small_catalog, flow, size=(120, 36))


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
def test_a_group_is_named_by_its_values_and_not_told_apart_by_them(
    small_catalog: Path, explore: Explore, size: tuple[int, int]
) -> None:
    """What runs were grouped by is no answer; evidence stands whole, and the cursor stops at answers alone."""

    async def flow(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        runs_screen = on(pilot, RunsScreen)
        runs_screen._grouping.group(["param:optimizer"])
        await settled(pilot)
        group = runs_screen.table.group
        assert group is not None and group.by == ("param:optimizer",)
        await pilot.press("w")
        await settled(pilot)
        screen = on(pilot, WhyScreen)
        assert f"of optimizer={group.values[0]} against" in shown(pilot)
        assert "D code" not in shown(pilot)
        factors = screen._factors
        assert factors and "optimizer" not in {factor.name for factor in factors}
        listing = words.listing(factors, None)
        for telling in listing.speaking:
            is_few = not listing.are_all_thin
            said = [words.evidence(telling.factor, None, is_brief=is_brief, says_few=is_few) for is_brief in (False, True)]  # fmt: skip
            assert said[size[0] < 100] in shown(pilot)
        seen = []
        for _ in screen.listing.lines:
            assert screen._current is not None
            seen.append(screen._current)
            has_shares = screen._current.left_share is not None
            assert ("▆ the share of the runs" in shown(pilot)) == has_shares, screen._current
            await pilot.press("down")
        assert list(dict.fromkeys(seen)) == [telling.factor for telling in listing.speaking]
        await pilot.press("enter")
        await settled(pilot)
        assert on(pilot, RunsScreen).state.request.where == seen[-1].where

    explore(small_catalog, flow, size=size)


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
def test_nothing_of_the_answer_is_left_out_on_a_small_screen(
    small_catalog: Path, explore: Explore, size: tuple[int, int]
) -> None:
    """Which runs are held against which is said whole, and how results are spread is drawn for each factor that has it."""

    async def flow(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await pilot.press("space", "space", "c")
        await settled(pilot)
        await pilot.press("w")
        await settled(pilot)
        screen = on(pilot, WhyScreen)
        explanation = screen._explanation
        assert explanation is not None
        assert " ".join(words.headline(explanation, number_text)).replace("  ", " ") in _words(shown(pilot))
        weighed = [factor for factor in explanation.factors if factor.z is not None]
        for line, factor in zip(screen.listing.lines, screen._of_lines, strict=True):
            text = "".join(text for text, _ in line.spans)
            assert cell_len(text) <= size[0]
            if factor is not None and factor.z is not None:
                # A bar that may be chance looks so without colours, too.
                is_sure = words.is_clear(factor)
                assert not re.search("[▆▖]" if not is_sure else f"[{SLIM}{SLIM_HALF}]", text)
                few = not words.listing(weighed, screen._is_better).are_all_thin
                brief = words.evidence(factor, screen._is_better, is_brief=True, says_few=few)
                whole = words.evidence(factor, screen._is_better, says_few=few)
                assert text.rstrip().endswith((brief, whole))
                pairs = words.pairs_text(factor, screen._is_better)
                assert text.rstrip().endswith(whole) or not pairs or pairs in shown(pilot)
        drawn = 0
        for _ in screen.listing.lines:
            current = screen._current
            if current is not None and current.left_spread is not None and current.right_spread is not None:
                assert MIDDLE in shown(pilot) and "half of the runs" in shown(pilot)
                first, *others = screen.query_one(Spreads)._groups
                assert [side.spread for side in first] == [current.left_spread, current.right_spread]
                assert all(len(sides) == 2 and sides != first for sides in others)
                spread = {
                    factor for factor in screen._of_lines if factor and factor.left_spread and factor.right_spread
                }
                assert size[1] < 36 or len(others) == len(spread) - 1
                assert all(side.label[:9] in shown(pilot) for sides in (first, *others) for side in sides)
                drawn += 1
            await pilot.press("down")
            await settled(pilot)
        assert drawn
        await pilot.press("escape", "escape", "w")
        await settled(pilot)
        assert "The 2 marked runs against the 9 others of the table · 1 without val/loss left out" in _words(
            shown(pilot)
        )
        await pilot.press(
            "escape", "M", "slash", *"val/loss < 0.4 and optimizer = adam and epoch > 1 and lr < 2", "enter"
        )
        await settled(pilot)
        await pilot.press("w")
        await settled(pilot)
        assert "runs with val/loss < 0.4 and optimizer = adam and epoch > 1 and lr < 2 against" in _words(shown(pilot))

    explore(small_catalog, flow, size=size)


def test_no_counter_judges_runs(tmp_path: Path, explore: Explore) -> None:
    """w on a row such as epoch asks by a result instead, says so, and never calls a higher epoch better."""
    path = tmp_path / "x.artui"
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for number in range(6):
            key = runs.start(connection, runs.NewRun(project="p", name=f"r{number}", params={"lr": number % 2}))
            for name, last in (("epoch", 5.0 + number), ("val/loss", 1.0 - number / 10)):
                metric = runs.name_key(connection, name)
                points.append(connection, key, metric, "", *points.pack([(0, 0, 0.0), (1, 1, last)]))

    async def flow(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await pilot.press("space", "space", "c")
        await settled(pilot)
        screen = on(pilot, CompareScreen)
        while screen.table.row is None or screen.table.row.metric != "epoch":
            await pilot.press("down")
        await pilot.press("w")
        await settled(pilot)
        assert on(pilot, WhyScreen)
        text = _words(shown(pilot))
        assert "better" in text and "val/loss" in text and "· epoch" not in text and "better epoch" not in text

    explore(path, flow, size=(120, 36))


def test_names_have_the_room_that_evidence_leaves(tmp_path: Path, explore: Explore) -> None:
    """On a small screen no name is cut beside a blank column; what is equal gives way to it, where most are not."""
    params = ("optimizer.learning_rate", "batch_size")
    with Catalog(tmp_path / "x.artui") as catalog, catalog.transaction() as connection:
        for number in range(12):
            values = dict.fromkeys(params, max(1, number // 2))
            key = runs.start(connection, runs.NewRun(project="p", name=f"r{number}", started_ms=number, params=values))
            packed = points.pack([(0, 1, number / 7)])
            points.append(connection, key, runs.name_key(connection, "val/loss"), "", *packed)
            runs.finish(connection, key, status="finished", ended_ms=9, duration_ms=9)

    async def flow(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        await pilot.press("space", "down", "down", "space", "w")
        await settled(pilot)
        screen = on(pilot, WhyScreen)
        lines = ["".join(text for text, _ in line.spans) for line in screen.listing.lines]
        drawn = [text for text, factor in zip(lines, screen._of_lines, strict=True) if factor is not None]
        assert drawn and all("…" not in text and cell_len(text) <= 80 for text in drawn), drawn
        assert any(text.startswith(f"   {params[0]} ") for text in drawn)
        factors = [factor for factor in screen._of_lines if factor is not None and factor.tied_share]
        for factor in factors:
            brief = words.evidence(factor, None, is_brief=True, says_tied=False)
            assert ("equal" in brief) == (max(words.winning_shares(factor)) <= 0.5)

    explore(tmp_path / "x.artui", flow, size=(80, 24))
