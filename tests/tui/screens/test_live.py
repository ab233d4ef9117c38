"""The live screen, and alerts on any screen."""

from __future__ import annotations

import contextlib
import math
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

import artui
from artui import clock
from artui.catalog import Catalog, points, runs
from artui.query.live import EARLIER, live_runs, watched_runs
from artui.query.rules import depth_for
from artui.settings import Settings, state_folder
from artui.tui.alerts import BUILT_IN, Alerts
from artui.tui.app import ArtuiApp
from artui.tui.screens.deployment import DeploymentScreen
from artui.tui.screens.live import LiveScreen
from artui.tui.widgets.drawnlines import layout_of
from tests.query import deployed
from tests.reading import open_reader
from tests.tui.looking import on, settled, shown

pytestmark = pytest.mark.usefixtures("alerts_come_in")


@pytest.fixture(autouse=True)
def _new_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is remembered from other tests."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def run(tmp_path: Path) -> Iterator[artui.Run]:
    with artui.start_run(project="p", name="calm-otter-7", catalog=tmp_path / "x.artui") as opened:
        for step in range(20):
            opened.log(
                {"train/loss": 2.0 - step / 20, "val/acc": 0.5 + step / 100, "system/process/cpu_percent": 87.0},
                step=step * 10,
            )
        _fold(opened)
        yield opened


def _fold(run: artui.Run) -> None:
    assert run._writer is not None and run._writer.fold_now(10)


def _explore(
    path: Path | None, flow: Any, *, settings: Settings | None = None, size: tuple[int, int] = (120, 36)
) -> None:
    import asyncio

    assert path is not None

    async def go() -> None:
        app = ArtuiApp(open_reader(path), settings or Settings(refresh_seconds=0.2))
        async with app.run_test(size=size) as pilot:
            await settled(pilot)
            await flow(pilot)
        app.close()

    asyncio.run(go())


async def _until(pilot: Pilot[Any], text: str) -> None:
    deadline = time.monotonic() + 15
    while text not in shown(pilot):
        assert time.monotonic() < deadline, shown(pilot)
        await pilot.pause(0.1)


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
def test_running_runs_are_followed(run: artui.Run, size: tuple[int, int]) -> None:
    """Status, step, last values and use of the machine; what changed since the user last looked is marked, until it is seen."""

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("4")
        await settled(pilot)
        text = shown(pilot)
        assert "1 going on" in text and "step 190" in text and "cpu 87%" in text
        row = next(line for line in text.splitlines() if "train/loss" in line)
        assert "1.050" in row and "•" not in row
        run.log({"train/loss": 0.75}, step=200)
        await _until(pilot, "step 200")
        row = next(line for line in shown(pilot).splitlines() if "train/loss" in line)
        assert "•" in row and "0.7500" in row and "−0.300 " in row
        assert "• val/acc" not in shown(pilot)
        await pilot.press("V")
        await settled(pilot)
        assert "• train" not in shown(pilot)
        await pilot.press("enter")
        await settled(pilot)
        assert "overview" in shown(pilot)
        await pilot.press("escape", "escape")
        await settled(pilot)
        assert "1 run" in shown(pilot)

    _explore(run.catalog_path, flow, size=size)


def test_rule_tells_once_on_any_screen_and_runs_the_users_command(
    run: artui.Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rule of the settings that comes to hold rings once while the table is shown; its command gets facts as variables."""
    bells = []
    monkeypatch.setattr(ArtuiApp, "bell", lambda self: bells.append(1))
    out = tmp_path / "told"
    command = f"sh -c 'echo \"$ARTUI_ALERT|$ARTUI_ALERT_RUN|$ARTUI_ALERT_METRIC|$ARTUI_ALERT_VALUE\" >> {out}'"
    settings = Settings(refresh_seconds=0.2, alerts=("train/* rises above 5", "nonsense"), alert_command=command)

    async def flow(pilot: Pilot[Any]) -> None:
        # The remedy is whole, at 80 cells, too.
        assert "is no rule" in shown(pilot) and "run stalls." in " ".join(shown(pilot).split())
        run.log({"train/loss": 9.0}, step=210)
        await _until(pilot, "train/* rises above 5")
        assert "calm-otter-7" in shown(pilot).splitlines()[-1]
        run.log({"train/loss": 10.0}, step=220)
        _fold(run)
        await pilot.pause(3)
        assert len(bells) == 1

    _explore(run.catalog_path, flow, settings=settings)
    deadline = time.monotonic() + 5
    while not out.exists() or not out.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert out.read_text().splitlines() == ["train/* rises above 5|calm-otter-7|train/loss|9.0"]


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
def test_rules_from_the_start_take_one_line_until_they_hold(run: artui.Run, size: tuple[int, int]) -> None:
    """They are named in the heading; enter there gives each a line, on which it can be removed, and folds them again."""

    def lines_of(pilot: Pilot[Any]) -> list[str]:
        return shown(pilot).splitlines()[2:6]

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("4")
        await settled(pilot)
        heading, blank, *_ = lines_of(pilot)
        assert heading.startswith(" alerts  * is not finite · run stalls") and "A adds one" in heading and not blank
        await pilot.press("g", "minus")
        assert "enter on their heading unfolds" in shown(pilot)
        await pilot.press("enter")
        await settled(pilot)
        heading, *rules = lines_of(pilot)
        assert "finite" not in heading and ["* is not finite" in rules[0], "run stalls" in rules[1]] == [True, True]
        await pilot.press("down", "down", "minus")
        await settled(pilot)
        assert "removed in all catalogs: run stalls" in shown(pilot)
        await pilot.press("g", "enter")
        await settled(pilot)
        heading, blank, *_ = lines_of(pilot)
        assert heading.startswith(" alerts  * is not finite ") and "stalls" not in heading and not blank

    _explore(run.catalog_path, flow, size=size)


def test_rules_are_written_in_the_app_and_kept(run: artui.Run) -> None:
    """A adds a rule, a wrong one says how it is written, x removes it; rules are kept for the next start."""

    async def add(pilot: Pilot[Any]) -> None:
        await pilot.press("4")
        await settled(pilot)
        await pilot.press("A", *"bad rule", "enter")
        await settled(pilot)
        # The remedy is whole, at 80 cells, too.
        assert "is no rule" in shown(pilot) and "run stalls." in " ".join(shown(pilot).split())
        await pilot.press("escape")
        await pilot.press("A", *"val/acc", "space", *"falls", "space", *"below", "space", *"0.9", "enter")
        await settled(pilot)
        text = shown(pilot)
        assert "! val/acc falls below 0.9" in text and "1 with an alert" in text
        await pilot.press("escape")
        await settled(pilot)
        assert "age ↑" in shown(pilot)

    async def remove(pilot: Pilot[Any]) -> None:
        await pilot.press("4")
        await settled(pilot)
        assert "val/acc falls below 0.9" in shown(pilot)
        await pilot.press("g", "down", "minus")
        await settled(pilot)
        assert "val/acc falls below 0.9" not in "\n".join(shown(pilot).splitlines()[2:-1])

    _explore(run.catalog_path, add)
    assert (state_folder() / "alerts").read_text() == "val/acc falls below 0.9\n"
    _explore(run.catalog_path, remove)
    assert (state_folder() / "alerts").read_text() == ""


def test_nothing_running_says_how_to_start(tmp_path: Path, demo_catalog: Path) -> None:
    """With nothing to follow the screen says what to do."""

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("4")
        await settled(pilot)
        assert "artui exec" in shown(pilot) and "0 going on" in shown(pilot)

    import sqlite3

    with sqlite3.connect(demo_catalog) as connection:
        connection.execute("UPDATE run SET ended_ms = 1000 WHERE status <> 0")
        connection.execute("UPDATE run SET status = 1, ended_ms = 1000 WHERE status = 0")
    _explore(demo_catalog, flow)


def test_dead_run_is_ended_by_the_open_app(tmp_path: Path) -> None:
    """A run whose process was killed is shown as killed, with all its points, once the app has looked."""
    import subprocess
    import sys

    path = tmp_path / "x.artui"
    code = (
        f"import artui, os, signal\nrun = artui.start_run(project='p', name='gone', catalog={str(path)!r})\n"
        "for n in range(100): run.log({'x': n})\nos.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", code], check=False, timeout=60)
    assert (tmp_path / "x.artui-spool").is_dir()

    async def flow(pilot: Pilot[Any]) -> None:
        await _until(pilot, "◼")
        await pilot.press("enter")
        await _until(pilot, "killed")

    _explore(path, flow)
    assert not (tmp_path / "x.artui-spool").exists()
    with open_reader(path) as reader:
        assert len(reader.run("gone").series("x")) == 100


def test_runs_with_an_alert_come_first_and_are_opened_from_it(tmp_path: Path) -> None:
    """The rules stand above the runs; enter on one opens the run for which it holds; space marks and goes on; no message covers the footer."""
    path = tmp_path / "x.artui"
    settings = Settings(refresh_seconds=0.2, alerts=("loss rises above 5",))
    with (
        artui.start_run(project="p", name="bad-run", catalog=path) as bad,
        artui.start_run(project="p", name="good-run", catalog=path) as good,
    ):
        for opened, value in ((bad, 9.0), (good, 1.0)):
            opened.log({"loss": value}, step=1)
            _fold(opened)

        async def flow(pilot: Pilot[Any]) -> None:
            await pilot.press("4")
            await settled(pilot)
            lines = shown(pilot).splitlines()
            rule = next(line for line in lines if "! loss rises above 5" in line)
            assert "bad-run loss 9" in rule and "good-run" not in rule and "! 1" in lines[0]
            heads = [line for line in lines if "running for" in line]
            assert ["bad-run" in heads[0], "good-run" in heads[1]] == [True, True]
            assert "enter open" in lines[-1] and "4 shows" not in lines[-1]
            await pilot.press("g", "down", "enter")
            await settled(pilot)
            assert "bad-run" in shown(pilot).splitlines()[0]
            await pilot.press("escape", "g", "down", "down")
            listing: Any = pilot.app.screen.query_one("#walk")
            before = listing.cursor
            await pilot.press("space")
            await settled(pilot)
            assert "◆ bad-run" in shown(pilot) and listing.cursor > before
            await pilot.press("space", "space")
            await settled(pilot)
            assert "◆ good-run" not in shown(pilot)
            await pilot.press("enter")
            await settled(pilot)
            assert "good-run" in shown(pilot).splitlines()[0]

        _explore(path, flow, settings=settings)

    async def after(pilot: Pilot[Any]) -> None:
        await pilot.press("4")
        await settled(pilot)
        rows = [line for line in shown(pilot).splitlines() if "-run" in line]
        assert rows and all("finished" in line and "just now" in line for line in rows if "●" in line)

    _explore(path, after)


async def _below_table(pilot: Pilot[Any]) -> str:
    """Go a line down; give the head of the curves below the table, which are those of that run."""
    await pilot.press("down")
    await settled(pilot)
    subject = on(pilot, LiveScreen).subject()
    line = next(line for line in shown(pilot).splitlines() if "under the cursor" in line)
    assert subject is not None and line.split()[0] == subject.name
    return line


async def _live(pilot: Pilot[Any]) -> str:
    await pilot.press("4")
    await settled(pilot)
    return shown(pilot)


def test_value_that_is_no_number_is_told_without_a_rule(run: artui.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """NaN rings once for all starts; then the line at the top counts it; the rule says where it comes from and can be removed."""
    bells = []
    monkeypatch.setattr(ArtuiApp, "bell", lambda self: bells.append(1))
    run.log({"train/loss": float("nan"), "val/acc": float("inf")}, step=210)
    _fold(run)

    async def first(pilot: Pilot[Any]) -> None:
        await _until(pilot, " · 4 shows it")
        assert "! calm-otter-7: train/loss NaN" in shown(pilot).splitlines()[-1]
        assert "running ! 1 " in shown(pilot).splitlines()[0]
        text = await _live(pilot)
        rule = next(line for line in text.splitlines() if "! * is not finite" in line)
        assert "calm-otter-7 val/acc ∞, train/loss NaN" in rule and "all your catalogs" in text

    async def again(pilot: Pilot[Any]) -> None:
        await _until(pilot, "running ! 1 ")
        assert "4 shows it" not in shown(pilot)
        await _live(pilot)
        await pilot.press("g", "down", "minus")
        await settled(pilot)
        assert "removed in all catalogs" in shown(pilot) and "! 1" not in shown(pilot)

    async def without(pilot: Pilot[Any]) -> None:
        assert "* is not finite" not in await _live(pilot)
        await pilot.press("A", *"*", "space", *"is", "space", *"not", "space", *"finite", "enter")
        await settled(pilot)
        assert "! * is not finite" in shown(pilot)

    for flow in (first, again, without, again):
        _explore(run.catalog_path, flow)
    assert len(bells) == 2  # the second one is for the rule that was brought back


def test_alert_that_comes_back_is_told_again(run: artui.Run) -> None:
    """One that ceased to hold and holds again is news; one that never ceased is not, whatever is written meanwhile."""
    settings = Settings(alerts=("val/acc falls below 0.5",))
    alerts = Alerts(settings, lambda text: None)
    assert run.catalog_path is not None
    news = []
    with open_reader(run.catalog_path) as reader:
        for step, value in enumerate([0.9, 0.4, 0.3, 0.9, 0.4, 0.2]):
            run.log({"val/acc": value}, step=300 + step)
            _fold(run)
            news.append(len(alerts.look(watched_runs(reader, depth_for(alerts.rules)), clock.now_ms())))
            alerts = Alerts(settings, lambda text: None) if step % 2 else alerts
    assert news == [0, 1, 0, 0, 1, 0]


@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
def test_all_runs_are_in_sight_with_what_ended_them(tmp_path: Path, size: tuple[int, int]) -> None:
    """Of three runs that go on and three that ended each has a line in sight; a failed one has its last line; no line is too wide."""
    path = tmp_path / "x.artui"
    for number in range(3):
        with (
            contextlib.suppress(RuntimeError),
            artui.start_run(project="p", name=f"ended-{number}", catalog=path) as ended,
        ):
            ended.log({"loss": 1.0}, step=1)
            raise RuntimeError(f"first line\nCUDA {number} broke")
    with contextlib.ExitStack() as stack:
        for number in range(3):
            going = stack.enter_context(artui.start_run(project="p", name=f"going-{number}", catalog=path))
            for step in range(50):
                going.log({f"metric{metric}": float(step) for metric in range(12)} | {"z": float("nan")}, step=step)
            _fold(going)

        async def flow(pilot: Pilot[Any]) -> None:
            text = await _live(pilot)
            assert all(f"{kind}-{number}" in text for kind in ("going", "ended") for number in range(3))
            assert all(f"CUDA {number}" in text for number in range(3))
            # What has an alert is in sight even if it comes last.
            assert sum("! z " in line for line in text.splitlines()) == 3
            assert max(map(len, text.splitlines())) <= size[0]
            await pilot.press("i")
            await settled(pilot)
            assert "metric11" in shown(pilot)

        _explore(path, flow, size=size)


def test_no_change_is_no_news(run: artui.Run) -> None:
    """No dot stands beside a value that is the same; a step to ∞ has the sign of an alert and no difference."""

    async def flow(pilot: Pilot[Any]) -> None:
        await _live(pilot)
        run.log({"val/acc": 0.69, "train/loss": float("inf")}, step=200)
        _fold(run)
        await _until(pilot, "∞")
        rows = {name: next(line for line in shown(pilot).splitlines()[5:] if f" {name} " in line) for name in ("val/acc", "train/loss")}  # fmt: skip
        assert "•" not in rows["val/acc"] and "! train/loss" in rows["train/loss"]
        assert not {"NaN", "+∞", "+0"} & set(rows["train/loss"].split())

    _explore(run.catalog_path, flow)


def test_run_says_how_far_it_is(tmp_path: Path) -> None:
    """With the number of epochs among its params, the line of a run says so; the counter takes no line of its own."""
    path = tmp_path / "x.artui"
    with artui.start_run(project="p", name="far", catalog=path, params={"epochs": 40}) as opened:
        for epoch in range(13):
            opened.log({"loss": 1.0, "epoch": epoch}, step=epoch * 100)
        _fold(opened)

        async def flow(pilot: Pilot[Any]) -> None:
            text = await _live(pilot)
            head = next(line for line in text.splitlines() if "far  running" in line)
            assert "step 1,200" in head and "epoch 12 of 40" in head
            assert not any(line.split()[:1] == ["epoch"] for line in text.splitlines())

        _explore(path, flow)


@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
def test_many_runs_that_ended_leave_room_for_the_running_ones(run: artui.Run, size: tuple[int, int]) -> None:
    """After a sweep the metrics of the run that is going on are still in sight, and it comes before those that ended.

    All of them are counted, those with an alert also where they are not listed; what a wrong clock ended later is none.
    """
    assert run.catalog_path is not None
    with Catalog(run.catalog_path) as catalog, catalog.transaction() as connection:
        for number in range(60):
            now_ms = clock.now_ms()
            key = runs.start(connection, runs.NewRun(project="p", name=f"ended-{number}", started_ms=now_ms - 60_000))
            if number < 2:
                _append(connection, key, "loss", *points.pack([(0, now_ms - 2000, math.nan)]))
            # The first ones are the ones beyond the end of the list.
            ended_ms = now_ms + 3_600_000 if number == 59 else now_ms - 60_000 + number * 1000
            runs.finish(connection, key, status="finished", ended_ms=ended_ms, duration_ms=59_000)

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("4")
        await settled(pilot)
        text = shown(pilot)
        assert " 1 going on · 39 of 59 ended in the last half hour" in text and "2 with an alert" in text
        # They had ended before the app was started: nobody is called.
        assert "4 shows" not in text
        assert "train/loss" in text and "val/acc" in text and "ended-58" in text
        assert text.index("calm-otter-7") < text.index("ended-5")

    _explore(run.catalog_path, flow, size=size)


@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
@pytest.mark.parametrize("count", [1, 2, 12])
def test_curves_take_the_room_that_lines_leave(tmp_path: Path, size: tuple[int, int], count: int) -> None:
    """Each run is in sight with the numbers that it logged last; where few go on, their curves fill the screen.

    Of many, those of the run under the cursor stand below the table.
    """
    path = tmp_path / "x.artui"
    with contextlib.ExitStack() as stack:
        for number in range(count):
            going = stack.enter_context(artui.start_run(project="p", name=f"going-{number}", catalog=path))
            for step in range(30):
                going.log({"val/loss": number + 1 / (step + 1), "val/acc": 0.5 + step / 100}, step=step)
            _fold(going)

        async def flow(pilot: Pilot[Any]) -> None:
            text = await _live(pilot)
            lines = text.splitlines()
            assert all(f"going-{number} " in text for number in range(count))
            assert max(map(len, lines)) <= size[0]
            has_curves = any("└ 0" in line for line in lines)
            assert has_curves == (count < 12 or size[1] > 24)
            if count <= 2:
                assert sum(not line.strip() for line in lines) <= 4
            if count == 2 and has_curves:
                # One scale for both: what is said in the head line.
                labels = [label for line in lines for label in re.findall(r"^ +([0-9.]+) ┤", line)]
                assert labels and labels[: len(labels) // 2] == labels[len(labels) // 2 :]
                assert "one scale per metric" in lines[1]
            assert all(f"{number + 1 / 30:#.4g}" in text for number in range(count)) and text.count(
                "0.7900"
            ) == count + (has_curves and count == 12)
            if has_curves and count == 12:
                detailed = {line.split()[0] for _ in range(3) for line in [await _below_table(pilot)]}
                assert len(detailed) == 3
            await pilot.press("i")
            await settled(pilot)
            assert "all metrics" in shown(pilot).splitlines()[1] and "└ 0" not in shown(pilot)
            await pilot.press("i")
            await settled(pilot)
            assert ("└ 0" in shown(pilot)) == has_curves

        _explore(path, flow, size=size)


@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
def test_runs_that_ended_stand_in_columns(
    tmp_path: Path, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """When, how long, and the last value of a metric end in the same cells in all lines; points are below each other."""
    path, now_ms = tmp_path / "x.artui", clock.now_ms()
    lasts = [0.5, 12.25, 0.0625, 100.5]
    for number, last in enumerate(lasts):
        with artui.start_run(project="p", name="a-long-name-" * (number % 3) + str(number), catalog=path) as ended:
            ended.log({"val/loss": last}, step=1)
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for number, key in enumerate(connection.execute("SELECT key FROM run ORDER BY key").fetchall()):
            times = {"key": key[0], "ended": now_ms - 1000 * 7**number, "took": 900 * 40**number}
            connection.execute("UPDATE run SET ended_ms = :ended, duration_ms = :took WHERE key = :key", times)
    monkeypatch.setattr(clock, "now_ms", lambda: now_ms)

    async def flow(pilot: Pilot[Any]) -> None:
        lines = (await _live(pilot)).splitlines()
        head = next(line for line in lines if line.startswith(" ended"))
        rows = [line for line in lines if " ● " in line]
        assert len(rows) == len(lasts)
        for title in ("when", "took"):
            end = head.index(title) + len(title)
            assert all(row[end - 1] != " " and row[end : end + 1] in ("", " ") for row in rows), title
        points = [row.index(".", head.index("took") + 5) for row in rows]
        assert len(set(points)) == 1
        assert all(f"{last:#.4g}" in row for last, row in zip(lasts, rows, strict=True))

    _explore(path, flow, size=size)


def test_f_draws_the_curves_of_the_run(run: artui.Run) -> None:
    """It opens the run at its charts; on a rule it says what to do."""

    async def flow(pilot: Pilot[Any]) -> None:
        await _live(pilot)
        await pilot.press("f")
        await settled(pilot)
        assert "as measured" in shown(pilot) and "calm-otter-7" in shown(pilot).splitlines()[0]
        await pilot.press("escape", "g", "f")
        await settled(pilot)
        assert "Put the cursor on a run first." in shown(pilot)

    _explore(run.catalog_path, flow)


def test_a_run_without_a_total_goes_by_those_before_it(tmp_path: Path) -> None:
    """It is said how far the last one of its name went, or several others of its project that ended at one step."""
    path = tmp_path / "x.artui"

    def write(name: str, project: str, steps: int) -> None:
        with artui.start_run(project=project, name=name, catalog=path) as before:
            for step in range(steps + 1):
                before.log({"loss": 1.0}, step=step)

    for name, project, steps in (("bert", "a", 90), ("bert", "a", 60), ("other", "a", 70), ("x", "b", 50), ("y", "b", 50), ("z", "c", 50)):  # fmt: skip
        write(name, project, steps)
    with contextlib.ExitStack() as stack:
        for name, project in (("bert", "a"), ("new", "a"), ("new", "b"), ("new", "c")):
            going = stack.enter_context(artui.start_run(project=project, name=name, catalog=path))
            going.log({"loss": 1.0}, step=0)
            going.log({"loss": 1.0}, step=20)
            _fold(going)
        with open_reader(path) as reader:
            known = {
                (live.head.name, live.head.project): live.headway
                and (live.headway.done, live.headway.total, live.headway.alike)
                for live in live_runs(reader).runs
                if live.head.status == "running"
            }
            with reader.reading() as connection:
                plan = " ".join(
                    row[3]
                    for row in connection.execute(
                        "EXPLAIN QUERY PLAN " + EARLIER,
                        {"run": 1, "started": 1, "metric": "", "labels": "", "nearest": 1},
                    )
                )

    assert known == {
        ("bert", "a"): (20, 60, "bert"), ("new", "a"): None, ("new", "b"): (20, 50, "the last 2 runs"), ("new", "c"): None,
    }  # fmt: skip
    assert "run_by_project" in plan and "SCAN r " not in plan and "SCAN s" not in plan


def _append(connection: Any, run_key: int, metric: str, *arrays: Any) -> None:
    points.append(connection, run_key, runs.name_key(connection, metric), "", *arrays)


def _going(
    connection: Any, name: str, metrics: dict[str, list[float]], *, gap_ms: int = 1000, silent_ms: int = 0, params: dict[str, Any] | None = None,
) -> int:  # fmt: skip
    """Write a run that goes on and is heard of now, with points at even times, the last one some time ago; give its key."""
    now_ms, count = clock.now_ms(), max(map(len, metrics.values()))
    times_ms = [now_ms - silent_ms - gap_ms * back for back in range(count - 1, -1, -1)]
    key = runs.start(connection, runs.NewRun(project="p", name=name, started_ms=times_ms[0] - gap_ms))
    runs.set_params(connection, key, params or {})
    runs.beat(connection, key, now_ms)
    for metric, values in metrics.items():
        _append(connection, key, metric, *points.pack(zip(range(count), times_ms, values, strict=True)))
    return key


@pytest.mark.parametrize(("size", "count"), [((80, 24), 12), ((120, 36), 1)])
def test_a_run_that_logs_nothing_more_says_so(
    tmp_path: Path, size: tuple[int, int], count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Long after its last point a run whose process is alive has no rate and no time left, but the time without a step, and an alert."""
    path, bells = tmp_path / "x.artui", []
    monkeypatch.setattr(ArtuiApp, "bell", lambda self: bells.append(1))
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for number in range(count - 1):
            _going(connection, f"fine-{number}", {"loss": [1.0] * 13}, params={"max_steps": 300})
        _going(connection, "stuck", {"loss": [1.0] * 13}, silent_ms=305_000, params={"max_steps": 300})

    async def flow(pilot: Pilot[Any]) -> None:
        await _until(pilot, "! stuck: no step for 5m · 4 shows it")
        lines = (await _live(pilot)).splitlines()
        assert any("! run stalls" in line and "stuck no step for 5m" in line for line in lines)
        index = next(index for index, line in enumerate(lines) if "▶ stuck" in line)
        row = lines[index]
        assert "left" not in row and "/s" not in row and "4m" not in row
        # In columns the age of its last point has a sign.
        if count == 1:
            assert "no step for 5m" in row + lines[index + 1]
        else:
            assert " !5m " in row and sum(" !" in line for line in lines if "▶ fine" in line) == 0
        assert sum("no step for" in line for line in lines[:-1]) == (2 if count == 1 else 1)
        assert len(bells) == 1

    _explore(path, flow, size=size)


def test_the_screen_and_the_rules_know_the_same_silence(tmp_path: Path) -> None:
    """What is read for rules alone says as much about silence as what is read for the screen; a run that has ended, or is not heard of, does not stand still."""
    path = tmp_path / "x.artui"
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for name, silent_ms in (
            ("new", 1000),
            ("slow", 29_000),
            ("stuck", 40_000),
            ("ended", 40_000),
            ("lost", 90_000),
        ):
            key = _going(connection, name, {"loss": [1.0] * 600, "system/cpu": [1.0] * 600}, silent_ms=silent_ms)
            if name == "ended":
                runs.finish(connection, key, status="failed", ended_ms=clock.now_ms(), duration_ms=1000)
            if name == "lost":
                connection.execute("UPDATE run SET heartbeat_ms = heartbeat_ms - 80000 WHERE key = :key", {"key": key})
            _append(connection, key, "system/memory", *points.pack([(1, clock.now_ms(), 1.0)]))
    with open_reader(path) as reader:
        now_ms = clock.now_ms()
        for known in (live_runs(reader).runs, watched_runs(reader, lambda name: 1)):
            stalled = {live.head.name for live in known if live.stalled_ms(now_ms) is not None}
            assert stalled == {"stuck"} and len(known) == 5


def test_the_time_left_runs_down_for_no_longer_than_a_step(tmp_path: Path) -> None:
    """While nothing comes it stays what it would be at the next step; a sign of life without a point does not begin it anew."""
    path = tmp_path / "x.artui"
    with Catalog(path) as catalog, catalog.transaction() as connection:
        _going(connection, "calm", {"loss": [1.0] * 101}, silent_ms=25_000, params={"max_steps": 200})

    async def flow(pilot: Pilot[Any]) -> None:
        row = next(line for line in (await _live(pilot)).splitlines() if "▶ calm" in line)
        assert "about 99s left" in row, row

    _explore(path, flow)


@pytest.mark.parametrize(("size", "titles"), [((80, 24), 2), ((120, 36), 5), ((200, 50), 6)])
def test_many_runs_show_as_many_metrics_as_there_is_room_for(
    tmp_path: Path, size: tuple[int, int], titles: int
) -> None:
    """Whatever is wrong with one of them, all have as many numbers as fit; one that is far from its best has a star."""
    path = tmp_path / "x.artui"
    names = ["val/loss", "val/acc", "val/f1", "test/loss", "train/loss", "weird", "lr"]
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for number in range(14 if size[1] < 50 else 22):
            down = [3.0 - step / 50 for step in range(60)]
            values = {name: down if "loss" in name else [1 - value / 4 for value in down] for name in names}
            if number == 3:
                values["val/loss"] = [*down[:-1], 80.0]
            if number == 4:
                values["train/loss"] = [*down[:-1], float("nan")]
            _going(connection, f"going-{number:02}", values, silent_ms=200_000 if number == 5 else 0)

    async def flow(pilot: Pilot[Any]) -> None:
        lines = (await _live(pilot)).splitlines()
        head = next(line for line in lines if line.startswith(" going on"))
        shown_titles = [
            name
            for name in ("val/loss", "val/acc", "val/f1", "test/loss", "train/loss", "weird", "lr")
            if name in head.split()
        ]
        assert len(shown_titles) >= titles and max(map(len, lines)) <= size[0]
        rows = [line for line in lines if "▶ going-" in line]
        # What is wrong takes no number away, and stands below the title of no metric.
        end = max(head.index(f" {title}") + 1 + len(title) for title in shown_titles)
        for row in rows:
            texts = row[head.index("for") + 3 : end].split()
            numbers = [text.lstrip("*!−-") for text in texts]
            assert sum(text.replace(".", "").isdigit() or text == "NaN" for text in numbers) >= len(shown_titles)
            assert "step for" not in row[:end] and "NaN +" not in row[:end]
        assert "*80" in next(row for row in rows if "going-03" in row)
        assert sum("*" in row for row in rows) == 1

    _explore(path, flow, size=size)


def test_curves_of_siblings_are_on_one_scale(tmp_path: Path) -> None:
    """Of more than three runs each has a line: as high is the same value, as far right the same step; other projects have their own scale.

    What the curves of one metric go from and to is said above them.
    """
    path = tmp_path / "x.artui"
    count, falling = 5, [2.0 - step / 40 for step in range(60)]
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for number in range(count):
            values = [falling, falling[:30], [value + 0.5 for value in falling], [0.55] * 60, [*falling[:-1], 1e9]][
                number
            ]
            _going(connection, f"run-{number}", {"val/loss": values}, params={"max_steps": 120})

    def curves(text: str) -> dict[str, str]:
        rows = [line for line in text.splitlines() if "▶ run-" in line]
        return {row.split()[1]: "".join(sign for sign in row if "\u2800" < sign <= "\u28ff") for row in rows}

    async def flow(pilot: Pilot[Any]) -> None:
        text = await _live(pilot)
        head = next(line for line in text.splitlines() if line.startswith(" going on"))
        assert "one scale per metric ·" in text.replace("  ", " ·") and "project" not in text.splitlines()[1]
        # The course of the one that explodes goes beyond what is drawn.
        assert "0.52 … ≥2" in head and head.split()[2:5] == ["step", "left", "last"]
        drawn = curves(text)
        # One that explodes is at the edge, and flattens no other.
        assert drawn["run-4"][:-1] == drawn["run-0"][:-1]
        assert drawn["run-1"] == drawn["run-0"][: len(drawn["run-1"])]
        assert abs(2 * len(drawn["run-1"]) - len(drawn["run-0"])) <= 1
        assert set(drawn["run-3"]) == {"⣀"} and set(drawn["run-2"]) != set(drawn["run-3"])
        row = next(line for line in text.splitlines() if "▶ run-1" in line)
        assert " 29/120 " in row and re.search(r" (9\ds|1m3\ds) ", row) and " 1 " in row and "steps/s" in head
        before = drawn["run-3"]
        with Catalog(path) as catalog, catalog.transaction() as connection:
            key = runs.start(connection, runs.NewRun(project="q", name="run-9", started_ms=clock.now_ms()))
            _append(
                connection, key, "val/loss", *points.pack([(step, clock.now_ms(), 9.0 - step) for step in range(9)])
            )
        await _until(pilot, "run-9")
        text = shown(pilot)
        assert "one scale per metric and project" in text and "0.52 …" not in text and " q " in text
        assert curves(text)["run-3"][:5] == before[:5] and curves(text)["run-9"].endswith("⣀")

    _explore(path, flow)


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
@pytest.mark.parametrize("count", [1, 2, 14])
def test_a_value_far_from_its_best_has_a_star_wherever_it_stands(
    tmp_path: Path, size: tuple[int, int], count: int
) -> None:
    """In columns, in lists and above curves, as in the table of runs."""
    path = tmp_path / "x.artui"
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for number in range(count):
            down = [3.0 - step / 50 for step in range(60)]
            _going(connection, f"going-{number}", {"val/loss": [*down, 80.0], "train/loss": [*down, 1.8]})

    async def flow(pilot: Pilot[Any]) -> None:
        for _ in range(2):
            starred = [line for line in (await _live(pilot)).splitlines() if "80.00" in line or "80 " in line]
            assert starred and all(line.count("*") == 1 for line in starred)
            assert len(starred) == count or "all metrics" in shown(pilot)
            await pilot.press("i")
            await settled(pilot)

    _explore(path, flow, size=size)


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
@pytest.mark.parametrize("count", [3, 14])
def test_s_orders_the_runs_by_what_they_are_judged_by(tmp_path: Path, size: tuple[int, int], count: int) -> None:
    """The best comes first by each metric's own direction, then what diverged, then what has no value; the head line says so."""
    path, nan = tmp_path / "x.artui", float("nan")
    losses = {f"run-{number:02}": [2.0, number * 5 % count / 10] for number in range(count)}
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for number, (name, loss) in enumerate(losses.items()):
            if number == 1:
                loss[-1] = nan
            _going(
                connection,
                name,
                {"other": [1.0, 2.0]} if number == 2 else {"val/loss": loss, "val/acc": [0.0, loss[1] / 3]},
            )
    finite = [name for name, loss in losses.items() if name != "run-02" and loss[1] == loss[1]]
    by_loss = sorted(finite, key=lambda name: losses[name][1])

    def names(text: str) -> list[str]:
        return [
            part for line in text.splitlines() if "▶ run-" in line for part in line.split() if part.startswith("run-")
        ]

    async def flow(pilot: Pilot[Any]) -> None:
        before = names(await _live(pilot))
        await pilot.press("s")
        await settled(pilot)
        assert "by val/loss, best first" in shown(pilot).splitlines()[1]
        assert names(shown(pilot)) == [*by_loss, "run-01", "run-02"]
        await pilot.press("s")
        await settled(pilot)
        assert "by val/acc, best first" in shown(pilot).splitlines()[1]
        assert names(shown(pilot)) == [*reversed(by_loss), "run-01", "run-02"]
        # It is kept for the next look.
        await pilot.press("escape")
        await settled(pilot)
        assert names(await _live(pilot)) == [*reversed(by_loss), "run-01", "run-02"]
        # Of a metric called `other` nobody knows which way it is better.
        await pilot.press("s")
        await settled(pilot)
        assert "best first" not in shown(pilot).splitlines()[1] and names(shown(pilot)) == before

    _explore(path, flow, size=size)


def test_f_draws_several_runs_over_each_other(tmp_path: Path) -> None:
    """All that are going on, or the marked ones if there are several of them."""
    path = tmp_path / "x.artui"
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for number in range(4):
            _going(connection, f"run-{number}", {"val/loss": [2.0, 1.0, 0.5 + number]})

    async def flow(pilot: Pilot[Any]) -> None:
        await _live(pilot)
        await pilot.press("f")
        await settled(pilot)
        text = shown(pilot)
        assert "▸ 4 runs" in text.splitlines()[0] and "val/loss" in text
        assert all(f"run-{number}" in text.splitlines()[-2] for number in range(4))
        await pilot.press("escape", "space", "space", "f")
        await settled(pilot)
        assert "▸ 2 marked runs" in shown(pilot).splitlines()[0]

    _explore(path, flow)


def test_each_built_in_rule_is_removed_and_brought_back_alone() -> None:
    """What was removed stays away at the next start, whatever was done to the other one."""
    texts = list(BUILT_IN)
    assert len(texts) > 1

    def rules() -> list[str]:
        return [rule.text for rule in Alerts(Settings(), lambda text: None).rules]

    assert rules() == texts
    for text in texts:
        assert Alerts(Settings(), lambda text: None).remove(text)
    assert rules() == []
    for number, text in enumerate(texts):
        Alerts(Settings(), lambda text: None).add(text)
        assert sorted(rules()) == sorted(texts[: number + 1])


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Milliseconds that the clock is ahead: a list of one number, to be changed."""
    ahead_ms, now_ms = [0], clock.now_ms
    monkeypatch.setattr(clock, "now_ms", lambda: now_ms() + ahead_ms[0])
    return ahead_ms


def _end(connection: Any, key: int, **how: Any) -> None:
    runs.finish(connection, key, **{"status": "finished", "ended_ms": clock.now_ms(), "duration_ms": 1000, **how})


def test_ages_grow_while_nothing_is_written(tmp_path: Path, later: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """With nothing running, too; what looks as before is not drawn again, and after half an hour the run is gone."""
    path = tmp_path / "x.artui"
    with Catalog(path) as catalog, catalog.transaction() as connection:
        _end(connection, _going(connection, "done", {"loss": [1.0, 2.0]}))

    async def flow(pilot: Pilot[Any]) -> None:
        screen: Any = pilot.app.screen if "done" in await _live(pilot) else None
        assert "just now" in shown(pilot)
        drawn: list[object] = []
        with monkeypatch.context() as watching:
            watching.setattr(screen.listing, "refresh", lambda *_, **__: drawn.append(1))
            screen._age()
        assert drawn == []
        for ahead_ms, age in ((45_000, "4[5-9]s ago"), (200_000, "3m ago"), (1_500_000, "25m ago")):
            later[0] = ahead_ms
            screen._age()
            await settled(pilot)
            assert re.search(f"● done .* {age} ", shown(pilot)), shown(pilot)
        later[0] = 31 * 60_000
        screen._age()
        await settled(pilot)
        assert "done" not in shown(pilot) and "nothing ended in the last half hour" in shown(pilot)

    _explore(path, flow)


@pytest.mark.parametrize("is_live", [True, False])
def test_an_alert_stays_with_a_run_that_has_ended(tmp_path: Path, later: list[int], is_live: bool) -> None:
    """As long as the run is listed, on every screen; then it goes with the run."""
    path = tmp_path / "x.artui"
    with Catalog(path) as catalog, catalog.transaction() as connection:
        key = _going(connection, "bad", {"loss": [1.0, float("nan")], "acc": [0.5, 0.6]})
        _going(connection, "good", {"loss": [1.0, 0.5], "acc": [0.5, 0.6]})

    async def flow(pilot: Pilot[Any]) -> None:
        app: Any = pilot.app
        await _until(pilot, "running ! 1 ")
        if is_live:
            await _live(pilot)
        with Catalog(path) as catalog, catalog.transaction() as connection:
            for run_key in (key, key + 1):
                _end(connection, run_key)
        await _until(pilot, "0 going on" if is_live else "●")
        for ahead_ms in (90_000, 600_000, 29 * 60_000):
            later[0] = ahead_ms
            (app.screen._age if is_live else app._look_for_alerts)()
            await settled(pilot)
            assert "! 1 " in shown(pilot).splitlines()[0]
            text = await _live(pilot)
            assert "!NaN" in next(line for line in text.splitlines() if "● bad" in line)
            assert "! * is not finite" in text and "1 with an alert" in text
            if not is_live:
                await pilot.press("1")
                await settled(pilot)
        later[0] = 31 * 60_000
        (app.screen._age if is_live else app._look_for_alerts)()
        await settled(pilot)
        assert "! 1" not in shown(pilot).splitlines()[0]

    _explore(path, flow)


@pytest.mark.parametrize(
    ("size", "metrics", "charts"),
    [((80, 24), 9, 2), ((120, 36), 1, 1), ((120, 36), 9, 6), ((200, 50), 1, 1), ((200, 50), 4, 4), ((200, 50), 5, 5), ((200, 50), 9, 9)],
)  # fmt: skip
def test_one_run_fills_the_screen_with_its_curves(
    tmp_path: Path, size: tuple[int, int], metrics: int, charts: int
) -> None:
    """As many as there is room for, below each other, too; no part of the screen is left empty, and each metric is there."""
    path, names = tmp_path / "x.artui", [f"val/loss{number}" for number in range(metrics)]
    with Catalog(path) as catalog, catalog.transaction() as connection:
        _going(connection, "alone", {name: [3.0 - step / 50 for step in range(60)] for name in names})

    async def flow(pilot: Pilot[Any]) -> None:
        lines = (await _live(pilot)).splitlines()
        assert sum(line.count("└ 0") for line in lines) == charts
        assert sum(not line.strip() for line in lines) <= 4
        assert all(any(name in line for line in lines) for name in names)

    _explore(path, flow, size=size)


@pytest.mark.parametrize("count", range(1, 13))
@pytest.mark.parametrize(
    ("most_places", "width", "rows"), [(1, 76, 7), (2, 76, 12), (3, 116, 27), (4, 196, 42), (4, 196, 9)]
)
def test_charts_are_laid_out_within_their_room(count: int, most_places: int, width: int, rows: int) -> None:
    """They fit, are high enough to read where some stand below others that had room beside them, and cover no less than one row would."""
    places, height = layout_of(count, most_places=most_places, width=width, rows=rows)

    lines = -(-count // places)
    assert 1 <= places <= min(most_places, count)
    assert lines * height <= max(rows, lines)
    if count <= most_places:
        assert lines == 1 or height >= 10
        cells, in_a_row = (width - 3) // places, (width - 3) // count
        assert cells * height >= in_a_row * min(rows, max(20, in_a_row // 2)) - rows * places


def test_rules_about_deployments_raise_alerts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that holds in a deployment rings once on any screen, is listed in Live, where enter opens the deployment, and runs the user's command."""
    bells: list[int] = []
    monkeypatch.setattr(ArtuiApp, "bell", lambda self: bells.append(1))
    place = deployed.make(tmp_path)
    monkeypatch.setattr(clock, "now_ms", lambda: deployed.SINCE_MS + deployed.AFTER * deployed.WINDOW_MS)
    out = tmp_path / "told"
    command = f"sh -c 'echo \"$ARTUI_ALERT|$ARTUI_ALERT_RUN|$ARTUI_ALERT_DEPLOYMENT|$ARTUI_ALERT_METRIC\" >> {out}'"
    rules = ("drift psi > 0.2 on any column", "serve/requests < 1", "live/recall < 0.85")
    settings = Settings(refresh_seconds=0.2, alerts=rules, alert_command=command)

    async def flow(pilot: Pilot[Any]) -> None:
        await _until(pilot, deployed.NAME)
        await pilot.press("4")
        await settled(pilot)
        lines = [line for line in shown(pilot).splitlines()[:-1] if any(rule in line for rule in rules)]
        assert [deployed.NAME in line for line in lines] == [True, False, True], "the other holds for nothing"
        assert "amount 0." in lines[0] and "live/recall 0." in lines[2] and "1 with an alert" in shown(pilot)
        await pilot.press("g", "down", "enter")
        await settled(pilot)
        assert isinstance(pilot.app.screen, DeploymentScreen)
        await pilot.pause(1)
        assert len(bells) == 1

    _explore(place.path, flow, settings=settings)
    deadline = time.monotonic() + 5
    while not out.exists() or len(out.read_text().splitlines()) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert sorted(out.read_text().splitlines()) == [
        f"drift psi > 0.2 on any column||{deployed.NAME}|amount",
        f"live/recall < 0.85||{deployed.NAME}|live/recall",
    ]
