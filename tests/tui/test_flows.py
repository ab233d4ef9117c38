"""Whole questions, answered by keyboard: those of the manual, in a catalog of 10,000 runs."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Callable
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from artui import cli
from artui.catalog import Catalog, points, runs
from artui.model import ParamValue
from tests.documents import MANUAL
from tests.tui.looking import NOW_MS, settled, shown

Explore = Callable[..., None]


@pytest.fixture(scope="module")
def big_sweep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """10,000 runs, written in a moment: rate and width decide, high momentum with a high rate diverges."""
    path = tmp_path_factory.mktemp("flows") / "sweep.artui"
    chance = random.Random(11)
    with Catalog(path) as catalog, catalog.transaction() as connection:
        loss_key, memory_key = runs.name_key(connection, "val/loss"), runs.name_key(connection, "memory_gb")
        for number in range(10_000):
            rate, width = chance.choice([0.001, 0.01, 0.1]), chance.choice([64, 128, 256])
            momentum = chance.choice([0.0, 0.5, 0.9, 0.99])
            params: dict[str, ParamValue] = {
                "lr": rate,
                "width": width,
                "momentum": momentum,
                "seed": number % 7,
                "optimizer": chance.choice(["adam", "sgd"]),
            }
            loss = 0.3 + 0.2 * abs(math.log10(rate) + 2) - 0.0004 * width + chance.gauss(0, 0.02)
            has_diverged = rate == 0.1 and momentum == 0.99 and chance.random() < 0.9
            name = "baseline" if number == 77 else f"run-{number}"
            if number == 77:
                loss, has_diverged, params = 0.55, False, {**params, "lr": 0.001, "width": 64, "momentum": 0.5}
            run = runs.NewRun(project="sweep", name=name, started_ms=NOW_MS - 60_000 * (10_000 - number), params=params)
            key = runs.start(connection, run)
            steps = [(0, 1, 1.0), (500, 2, loss), (1000, 3, math.nan if has_diverged else loss)]
            points.append(connection, key, loss_key, "", *points.pack(steps))
            points.append(connection, key, memory_key, "", *points.pack([(0, 1, width / 16)]))
            runs.finish(
                connection,
                key,
                status="failed" if has_diverged else "finished",
                ended_ms=NOW_MS,
                duration_ms=1000 + number,
            )
    return path


def test_which_of_10_000_runs_is_best_and_why(big_sweep: Path, explore: Explore) -> None:
    """Filter by limits, sort by the loss, mark the best, find the baseline, compare, ask why: width and rate are named."""

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("slash", *"memory_gb <= 8 and duration < 9s", "enter")
        await settled(pilot)
        assert "of 10,000 runs" in shown(pilot)
        screen = pilot.app.screen
        while screen.table.column_id != "metric:val/loss":  # type: ignore[attr-defined]
            await pilot.press("right")
        await pilot.press("s")
        await settled(pilot)
        best = shown(pilot).splitlines()[3].split()[1].lstrip("●")
        await pilot.press("space", "escape")
        await settled(pilot)
        await pilot.press("slash", *"name = baseline", "enter")
        await settled(pilot)
        await pilot.press("space", "c")
        await settled(pilot)
        assert "baseline" in shown(pilot) and best in shown(pilot)
        while pilot.app.screen.table.heads[pilot.app.screen.table.column].name != "baseline":  # type: ignore[attr-defined]
            await pilot.press("right")
        await pilot.press("b", "w")
        await settled(pilot)
        text = shown(pilot)
        lines = [line.split()[0] for line in text.splitlines() if "▆" in line]
        assert (
            f"{best} is better than baseline" in text and "against 0.55" in text and set(lines[:2]) == {"lr", "width"}
        )

    explore(big_sweep, flow, size=(120, 36))


def test_this_run_diverged_what_differs_from_those_that_did_not(big_sweep: Path, explore: Explore) -> None:
    """Filter by what diverged and when, ask what differs: rate and momentum; enter shows the runs of that kind."""

    async def flow(pilot: Pilot[Any]) -> None:
        # The filter of the last session is restored: esc clears it.
        await pilot.press("escape")
        await settled(pilot)
        await pilot.press("slash", *"val/loss.diverged", "enter")
        await settled(pilot)
        assert "of 10,000 runs" in shown(pilot)
        await pilot.press("w")
        await settled(pilot)
        text = shown(pilot)
        lines = [line.split()[0] for line in text.splitlines() if "▆" in line]
        assert set(lines[:2]) == {"lr", "momentum"}
        await pilot.press("enter")
        await settled(pilot)
        assert "of 10,000 runs" in shown(pilot) and ("momentum" in shown(pilot) or "lr" in shown(pilot))
        # Back to the answer, to the table with its filter, and to all runs.
        await pilot.press("escape", "escape", "escape", "slash", *"any(val/loss = nan before step 600)", "enter")
        await settled(pilot)
        assert "0 of 10,000 runs" in shown(pilot) or "No run" in shown(pilot)

    explore(big_sweep, flow, size=(120, 36))


PRESSED = {"enter": "enter", "space": "space", "esc": "escape", "→": "right", "←": "left", "↑": "up", "↓": "down", "/": "slash"}  # fmt: skip
"""How the manual names keys, and the pilot; single letters are themselves."""


def _codes(name: str, page: str = "comparing") -> list[str]:
    """Give what is in backticks in the numbered lines below a question of the manual, in its order."""
    text = (MANUAL / f"{page}.md").read_text("utf-8").partition(f"<!-- keys: {name} -->\n")[2]
    lines = list(takewhile(lambda line: re.match(r"\d+\. ", line), text.splitlines()))
    return [code for line in lines for code in re.findall(r"`([^`]+)`", line)]


async def _follow(pilot: Pilot[Any], codes: list[str]) -> list[str]:
    """Press the keys that the manual gives; other codes must then be on the screen. Give the screens on the way."""
    screens = []
    is_typing = False
    for code in codes:
        if is_typing:
            await pilot.press(*code)
        elif code in PRESSED or len(code) == 1:
            await pilot.press(PRESSED.get(code, code))
        else:
            assert code in shown(pilot), f"{code} is not on the screen"
        is_typing = code == "/"
        await settled(pilot)
        screens.append(shown(pilot))
    return screens


def test_the_questions_of_the_manual_can_be_followed_on_the_demo(demo_catalog: Path, explore: Explore) -> None:
    """Key by key: the best small model and why it is better; the runs that diverged and what sets them apart."""

    async def flow(pilot: Pilot[Any]) -> None:
        screens = await _follow(pilot, _codes("small"))
        first_row = next(screen for screen in screens if "val/loss↑" in screen).splitlines()[3]
        assert "able-lark-5" in first_row
        assert any("of 43 runs" in screen for screen in screens)
        assert any("why able-lark-5 is better than stark-tern-17" in screen for screen in screens)
        assert "params.optimizer.name = adam" in screens[-1]

        # What stands between the two questions.
        await pilot.press(*["escape"] * 5, "M")
        await settled(pilot)
        assert " 43 runs" in shown(pilot) and "marked" not in shown(pilot)

        screens = await _follow(pilot, _codes("diverged"))
        assert any("3 of 43 runs" in screen for screen in screens)
        apart = next(
            screen for screen in screens if "The 3 runs with val/loss.diverged against the 31 others" in screen
        )
        assert "What sets them apart most: optimizer.lr is higher in these runs: median 25 against 0.01" in apart
        lines = [line for line in apart.splitlines() if "▆" in line]
        assert len(lines) == 1 and "optimizer.lr" in lines[0] and "median" in lines[0]
        assert "params.optimizer.lr >= 12" in screens[-7] and "1 of 43 runs" in screens[-1]

    explore(demo_catalog, flow, size=(120, 36))


def test_the_story_of_the_manual_can_be_followed_on_the_demo(demo_catalog: Path, explore: Explore) -> None:
    """Key by key: where the model came from, what is better than before, and which tensors moved."""

    async def flow(pilot: Pilot[Any]) -> None:
        screens = await _follow(pilot, _codes("lineage", "story"))
        assert "lineage of digits-model:v2" in screens[-1] and "digits-checkpoint:v30" in screens[-1] and "digits-serving:v1" in screens[-1]  # fmt: skip
        screens = await _follow(pilot, _codes("path", "story"))
        assert any("digits-model:v2 trained on digits-features:v2" in screen for screen in screens)
        assert "of 19 artifacts" in screens[-1]
        screens = await _follow(pilot, _codes("versions", "story"))
        assert "compare versions" in screens[-1] and "final-1" in screens[-1] and "val_loss" in screens[-1]
        screens = await _follow(pilot, _codes("tensors", "story"))
        assert "from digits-model:v1 to digits-model:v2" in screens[0] and "F32 64×128" in screens[0]
        assert "how they came to be" in screens[0] and "better" in screens[0]

    explore(demo_catalog, flow, size=(120, 36))


def test_the_story_shows_what_the_demo_says(demo_catalog: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The answers that the page quotes are those of the command line, line by line, but for numbers that a machine decides."""

    def shape(text: str) -> list[str]:
        return [re.sub(r" +", " ", re.sub(r"\d+\.\d+", "#", line)) for line in text.splitlines()]

    quoted = re.findall(r"```text\n(.*?)```", (MANUAL / "story.md").read_text("utf-8"), re.S)
    for words, block in zip((["impact", "digits-features:v2"], ["reproduce", "final-2", "--run", "--yes", "-o", str(demo_catalog.parent / "again")]), quoted, strict=True):  # fmt: skip
        assert cli.run([*words, "-c", str(demo_catalog)]) == 0
        said = shape(capsys.readouterr().out)
        assert [line for line in shape(block) if not any(other.startswith(line) for other in said)] == []
