"""A run in depth: where its cursor stops, what is never cut, and what its overview says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.pilot import Pilot

from artui import clock
from artui.catalog import Catalog, artifacts, runs
from artui.model import Metric, Summary
from artui.query.reader import Reader
from artui.query.run import get_run
from artui.query.runs.listing import list_runs
from artui.sheets.run import METRICS, run_sheet
from artui.tui.cells import length_of
from artui.tui.facts.metrics import metric_lines
from artui.tui.facts.run import fact_lines, pane_lines
from artui.tui.facts.sections import hanging_text, wrapped_text
from artui.tui.screens.run import AGE_SECONDS, HELD_SECONDS, RunScreen
from artui.tui.widgets.chart import Chart
from artui.tui.widgets.lines import LineList
from tests.tui.looking import NOW_MS, on, settled, shown

Explore = Callable[..., None]

PAGES: dict[str, tuple[tuple[str, ...], str]] = {
    "overview": (("down", "down", "enter"), "#facts"),
    "files": (("down", "down", "enter", "tab", "tab"), "#files"),
    "artifact": (("2", "G", "enter", "tab", "g"), "#holds"),
}


def _in_sight(listing: LineList) -> range:
    """Give the lines that are drawn; the last row counts those below it, if there are any."""
    top, height = int(listing.scroll_offset.y), listing.size.height
    below = len(listing.lines) - top - height
    if below <= 0:
        return range(top, len(listing.lines))
    assert listing.render_line(height - 1).text.rstrip() == f" {below + 1} more lines ↓"
    return range(top, top + height - 1)


@pytest.mark.parametrize("size", [(120, 36), (80, 14)])
@pytest.mark.parametrize("page", PAGES)
def test_the_cursor_stops_only_where_enter_does_something(
    page: str, size: tuple[int, int], small_catalog: Path, explore: Explore
) -> None:
    """Down through a page, and up again: the cursor is on links only, all of them are reached, and all lines are seen.

    Whatever goes on below the bottom edge is counted in the last row.
    """
    keys, name = PAGES[page]

    async def flow(pilot: Pilot[Any]) -> None:
        for key in keys:
            await pilot.press(key)
            await settled(pilot)
        listing = pilot.app.screen.query_one(name, LineList)
        links = {place for place, line in enumerate(listing.lines) if line.link is not None}
        assert links
        for key in ("j", "k"):
            stops: set[int] = set()
            seen: set[int] = set()
            for _ in range(len(listing.lines) + 5):
                stops.add(listing.cursor)
                in_sight = _in_sight(listing)
                seen.update(in_sight)
                before = listing.cursor
                await pilot.press(key)
                assert listing.cursor == before or listing.cursor in _in_sight(listing)
            assert stops == links, key
            assert seen == set(range(len(listing.lines))), key

    explore(small_catalog, flow, size=size)


LISTS: dict[str, tuple[tuple[str, ...], tuple[int, int]]] = {
    "overview": (("down", "down", "enter"), (80, 12)),
    "files": (("down", "down", "enter", "tab", "tab"), (80, 8)),
    "details": (("p",), (80, 12)),
    "artifact": (("2", "G"), (120, 10)),
    "versions": (("2", "slash", *"model", "enter", "enter", "tab"), (120, 8)),
    "live": (("4",), (80, 7)),
}


@pytest.mark.parametrize("name", LISTS)
def test_what_goes_on_below_the_edge_is_counted(name: str, small_catalog: Path, explore: Explore) -> None:
    """In every list and pane of a run, a version, the details and Live, as long as there is more."""
    keys, size = LISTS[name]

    async def flow(pilot: Pilot[Any]) -> None:
        for key in keys:
            await pilot.press(key)
            await settled(pilot)
        listings = [listing for listing in pilot.app.screen.query(LineList) if listing.size.height > 1]
        counted = [listing for listing in listings if len(listing.lines) > listing.size.height]
        assert counted, [(listing.id, len(listing.lines), listing.size.height) for listing in listings]
        for listing in counted:
            listing.scroll_to(y=0, animate=False, force=True, immediate=True)
            assert len(_in_sight(listing)) == listing.size.height - 1
            listing.scroll_to(y=len(listing.lines), animate=False, force=True, immediate=True)
            assert len(_in_sight(listing)) == listing.size.height
            assert "more line" not in listing.render_line(listing.size.height - 1).text

    explore(small_catalog, flow, size=size)


def test_what_it_was_trained_on_is_near(small_catalog: Path, explore: Explore) -> None:
    """From the top of a run's overview its data is a few keys away."""

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("down", "down", "enter")
        await settled(pilot)
        facts = on(pilot, RunScreen).query_one("#facts", LineList)
        presses = 0
        while "digits-split" not in "".join(text for text, _ in facts.lines[facts.cursor].spans):
            await pilot.press("j")
            presses += 1
            assert presses < 5

    explore(small_catalog, flow)


@pytest.mark.parametrize("cells", [38, 58, 78, 118])
def test_facts_are_wrapped_and_never_cut(cells: int, hostile_catalog: Path, demo_catalog: Path) -> None:
    """Every letter of every fact of every run is drawn, in lines that fit."""
    for path in (hostile_catalog, demo_catalog):
        with Reader(path) as reader:
            for head in list_runs(reader, where="", limit=50):
                detail = get_run(reader, head.id)
                lines = fact_lines(detail, cells=cells)
                drawn = "".join("".join(text for text, _ in line.spans) for line in lines).replace(" ", "")
                sheet = run_sheet(detail, now_ms=clock.now_ms())
                for section in sheet.sections:
                    if section.table is None and section.title != METRICS:
                        for fact in section.facts[:30]:
                            assert fact.text.replace(" ", "") in drawn, fact
                texts = ["".join(text for text, _ in line.spans).strip() for line in lines]
                tables = tuple(
                    part.title for part in sheet.sections if part.table is not None and part.title != METRICS
                )
                first_table = next((i for i, text in enumerate(texts) if tables and text.startswith(tables)), None)
                assert all(length_of(line.spans) <= cells for line in lines[1:first_table]), head.name


@pytest.mark.parametrize("text", ["", "a", "two words", "x" * 40, "日本語" * 9, "a b " * 20])
def test_wrapped_lines_hold_all_words(text: str) -> None:
    """Nothing but blanks between lines is lost, and no line is wider than asked."""
    lines = wrapped_text(text, 12)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(length_of([(line, "")]) <= 12 for line in lines)


@given(st.text(alphabet="ab/_é", min_size=1, max_size=30), st.lists(st.sampled_from(["ab", "/x/yz", "é日"]), max_size=20), st.integers(0, 8))  # fmt: skip
def test_what_goes_on_stands_further_right(start: str, words: list[str], indent: int) -> None:
    """The rest of a long line is indented below its start, and nothing but blanks is lost."""
    text = " " * indent + " ".join([start, *words])
    first, *rest = hanging_text(text, 24)
    assert "".join([first, *rest]).replace(" ", "") == text.replace(" ", "")
    assert all(length_of([(line, "")]) <= 24 for line in (first, *rest))
    assert all(len(line) - len(line.lstrip()) > min(indent, 7) for line in rest)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("/data/experiments/seven/train.py", ["/data/experiments/", "seven/train.py"]),
        ("a run of /data/experiments/more", ["a run of /data/", "experiments/more"]),
        ("inner_function_with_a_name", ["inner_function_", "with_a_name"]),
        ("x" * 20, ["x" * 18, "xx"]),
        ("latest prod productions", ["latest prod", "productions"]),
        ("v1 " + "x" * 20, ["v1 " + "x" * 15, "xxxxx"]),
    ],
)
def test_paths_are_broken_between_their_parts(text: str, rows: list[str]) -> None:
    """Where no blank is near the end of a row, it ends after a sign between parts."""
    assert wrapped_text(text, 18) == rows


FRAMES = 80
"""Of the long traceback."""


def _judged(path: Path, *, status: str = "finished", error: str = "", params: int = 12, metrics: int = 12) -> None:
    """Make a catalog with one run that has many params and metrics."""
    import numpy as np

    from artui.catalog import points

    steps = np.arange(5, dtype=np.int64)
    with Catalog(path) as catalog, catalog.transaction() as connection:
        values = {f"p{number:02}": number for number in range(params)}
        key = runs.start(connection, runs.NewRun(project="p", name="r", params=values))
        for number in range(metrics):
            points.append(connection, key, runs.name_key(connection, f"m{number:02}"), "", steps, steps + NOW_MS, steps / 7.0)  # fmt: skip
        if status != "running":
            runs.finish(connection, key, status=status, ended_ms=NOW_MS, duration_ms=1000, error=error)


LONG = "\n".join([
    "Traceback (most recent call last):",
    *(f'  File "f{number:02}.py", line 1, in f\n    call_{number:02}()\n    ^^^^^^^^^' for number in range(FRAMES)),
    "RuntimeError: out of memory", "set LESS=1",
])  # fmt: skip


@pytest.mark.parametrize("metrics", [12, 60])
@pytest.mark.parametrize(("status", "error"), [("finished", ""), ("running", ""), ("failed", LONG), ("failed", "exit code 3")], ids=["finished", "running", "failed", "one line"])  # fmt: skip
def test_the_first_screenful_says_what_matters(
    status: str, error: str, metrics: int, tmp_path: Path, frozen: None, explore: Explore
) -> None:
    """At 80x24: status, what went wrong, the first params and metrics; ids come later, and nothing is lost further down."""
    path = tmp_path / "one.artui"
    _judged(path, status=status, error=error, metrics=metrics)

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("enter")
        await settled(pilot)
        text = shown(pilot)
        assert f"status       {status}" in text and f"r  {status}" in text and "identity" not in text
        first = 3 if error == LONG else 5
        assert all(f"p{number:02}" in text for number in range(first)) and "p05" not in text
        if not error:
            assert all(f"m{number:02}" in text for number in range(5))
        facts = on(pilot, RunScreen).query_one("#facts", LineList)
        whole = ["".join(part for part, _ in line.spans) for line in facts.lines]
        assert sum(" identity " in line for line in whole) == 1
        assert {line.split()[0] for line in whole if line.strip()} >= {
            *(f"p{number:02}" for number in range(12)), *(f"m{number:02}" for number in range(metrics)),
        }  # fmt: skip
        if error == LONG:
            assert "error        RuntimeError: out of memory" in text and f"call_{FRAMES - 1}()" in text
            assert "set LESS=1" in text and "^^^" not in text and "f00.py" not in text
            place = next(i for i, line in enumerate(facts.lines) if line.link is not None and "enter shows all" in whole[i])  # fmt: skip
            assert f"enter shows all {3 * FRAMES + 3} lines" in whole[place]

    explore(path, flow, size=(80, 24))


def test_enter_on_an_error_shows_its_traceback(tmp_path: Path, frozen: None, explore: Explore) -> None:
    """The error's line, and the one below its last lines, lead to the section with all of them, which is scrolled into sight."""
    path = tmp_path / "failed.artui"
    _judged(path, status="failed", error=LONG)

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("enter")
        await settled(pilot)
        facts = on(pilot, RunScreen).query_one("#facts", LineList)
        for what in ("RuntimeError", "enter shows all"):
            await pilot.press("home")
            while what not in "".join(text for text, _ in facts.lines[facts.cursor].spans):
                await pilot.press("j")
            assert "Traceback" not in shown(pilot)
            await pilot.press("enter")
            await settled(pilot)
            assert "Traceback (most recent call last)" in shown(pilot) and "f00.py" in shown(pilot)

    explore(path, flow, size=(80, 24))


@pytest.mark.parametrize("height", [24, 40])
def test_a_traceback_comes_before_curves(height: int, small_catalog: Path, explore: Explore) -> None:
    """On a narrow screen curves are drawn only where the traceback has room too."""

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("slash", *"otter-6", "enter")
        await settled(pilot)
        await pilot.press("enter")
        await settled(pilot)
        assert "Traceback (most recent call last)" in shown(pilot)
        assert ("└ 0" in shown(pilot)) == (height == 40)

    explore(small_catalog, flow, size=(80, height))


@pytest.mark.parametrize("size", [(80, 24), (80, 40), (120, 36), (200, 50)])
def test_an_overview_shows_curves_and_what_is_different(
    size: tuple[int, int], small_catalog: Path, explore: Explore
) -> None:
    """Curves of the metrics that are judged by, differences to the run above, and what making it again would need."""

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("down", "down", "enter")
        await settled(pilot)
        text = shown(pilot)
        charts = [chart for chart in pilot.app.screen.query(Chart) if chart.region.width]
        # Where there is room for either, numbers come before curves.
        assert [chart.title for chart in charts] == (["val/acc", "val/loss"] if size[1] > 24 else [])
        assert all(chart.curves for chart in charts)
        assert "differs      ● from calm-otter-3, the nearest run:" in text
        assert "repeatable? " in text and "✓ data" in text and "✗ seed" in text
        assert "…" not in "\n".join(text.splitlines()[2:])

    explore(small_catalog, flow, size=size)


def test_best_at_is_the_step_of_the_best(small_catalog: Path) -> None:
    """Of an accuracy that of the largest value, of a loss that of the smallest, of a counter none; long names leave room."""
    with Reader(small_catalog) as reader:
        run = next(head for head in list_runs(reader, where="", limit=50) if head.name == "calm-otter-9")
        metrics = get_run(reader, run.id).metrics
    for cells in (50, 58, 118):
        lines = metric_lines(metrics, cells=cells)
        rows = [["".join(text for text, _ in line.spans).split() for line in lines]][0]
        assert rows[0][:5] == ["metrics", "last", "min", "max", "best"]
        by_name = {row[0]: row for row in rows[1:]}
        assert by_name["val/acc"][4] == by_name["val/loss"][4] == "195"
        assert all(length_of(line.spans) <= cells for line in lines)
        assert rows[-1][0] == "epoch"


def test_ages_move(small_catalog: Path, explore: Explore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that was started 70 minutes ago was started 75 minutes ago a little later, without a write."""

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("enter")
        await settled(pilot)
        screen = on(pilot, RunScreen)
        before = next(line for line in shown(pilot).splitlines() if "started" in line)
        assert any(timer._interval == AGE_SECONDS for timer in screen._timers)
        monkeypatch.setattr(clock, "now_ms", lambda: NOW_MS + 5 * 60_000)
        screen._draw_overview()
        await settled(pilot)
        after = next(line for line in shown(pilot).splitlines() if "started" in line)
        assert before != after and "ago" in after

    explore(small_catalog, flow)


def test_a_narrow_pane_leaves_ranges_out(small_catalog: Path) -> None:
    """Where the range of a metric does not fit, no range is shown; nothing ends in two ellipses."""
    from artui.query.runs.rows import run_rows

    with Reader(small_catalog) as reader:
        for head in list_runs(reader, where="", limit=50):
            detail = get_run(reader, head.id)
            row = run_rows(reader, [head.key], [])[head.key]
            for cells in range(24, 60):
                texts = [
                    "".join(text for text, _ in line.spans) for line in pane_lines(detail, row, set(), cells=cells)
                ]
                assert all(len(text) <= cells for text in texts if "val/" in text), cells
                assert not any("……" in text for text in texts)


def test_what_is_in_the_trash_says_so(small_catalog: Path, explore: Explore) -> None:
    """After X the title says it, and after u no longer."""

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("down", "enter")
        await settled(pilot)
        await pilot.press("X")
        await settled(pilot)
        assert "in the trash" in shown(pilot).splitlines()[0]
        await pilot.press("u")
        await settled(pilot)
        assert "in the trash" not in shown(pilot).splitlines()[0]

    explore(small_catalog, flow, size=(160, 36))


def test_a_run_with_long_names_keeps_its_numbers(tmp_path: Path, frozen: None) -> None:
    """Names are cut in the middle; last, smallest and largest value and the step of the best stay whole."""
    import numpy as np

    from artui.catalog import points

    path = tmp_path / "long.artui"
    steps = np.arange(5, dtype=np.int64)
    with Catalog(path) as catalog, catalog.transaction() as connection:
        key = runs.start(connection, runs.NewRun(project="p", name="r"))
        for end in ("first", "second"):
            name_key = runs.name_key(connection, f"validation/{'x' * 60}/accuracy_{end}")
            points.append(connection, key, name_key, "", steps, steps + NOW_MS, steps / 7.0)
    with Reader(path) as reader:
        run = next(iter(list_runs(reader, where="", limit=1)))
        lines = metric_lines(get_run(reader, run.id).metrics, cells=58)
    texts = ["".join(text for text, _ in line.spans) for line in lines[1:]]
    assert all("0.5714" in text and text.endswith(" 4") and length_of([(text, "")]) <= 58 for text in texts)
    assert "first" in texts[0] and "second" in texts[1]


def test_runs_of_another_kind_are_no_neighbours(small_catalog: Path, explore: Explore) -> None:
    """What differs is said against the nearest run that has a param in common; where there is none, nothing is said."""

    async def flow(pilot: Pilot[Any]) -> None:
        app: Any = pilot.app
        for name, nearest in (("prepare-1", None), ("calm-otter-1", "calm-otter-"), ("calm-otter-11", "calm-otter-")):
            run_id = next(row.head.id for row in app.runs_screen.table._rows.values() if row.head.name == name)
            app.show_run(run_id)
            await settled(pilot)
            differs = [line for line in shown(pilot).splitlines() if line.startswith(" differs")]
            assert bool(differs) == (nearest is not None), name
            assert nearest is None or f"from {nearest}" in differs[0]

    explore(small_catalog, flow)


@pytest.mark.parametrize("size", [(120, 36), (80, 24)])
def test_a_traceback_comes_before_how_the_run_was_made(
    size: tuple[int, int], tmp_path: Path, frozen: None, explore: Explore
) -> None:
    """Of a run that failed before it measured anything it is in sight, beside the facts where there is room."""
    path = tmp_path / "failed.artui"
    error = f"Traceback (most recent call last):\n  raise ValueError({'x' * 90!r}, END)\nValueError: batch size 0"
    with Catalog(path) as catalog, catalog.transaction() as connection:
        key = runs.start(connection, runs.NewRun(project="p", name="r", params={f"p{n}": n for n in range(20)}))
        runs.finish(connection, key, status="failed", ended_ms=NOW_MS, duration_ms=1000, error=error)

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("enter")
        await settled(pilot)
        assert "END)" in shown(pilot)
        await pilot.press("enter")
        await settled(pilot)
        text = shown(pilot)
        assert "Traceback (most" in text and "END)" in text and ("in sight, beside" in text) == (size[0] == 120)

    explore(path, flow, size=size)


@pytest.mark.parametrize(("error", "size"), [("", (120, 36)), (LONG, (120, 36)), (LONG, (200, 3 * FRAMES + 20))], ids=["none", "too long", "fits"])  # fmt: skip
def test_no_half_of_the_screen_is_kept_for_metrics_that_are_none(
    error: str, size: tuple[int, int], tmp_path: Path, frozen: None, explore: Explore
) -> None:
    """Of a run without metrics the facts have the whole width, or the whole traceback stands beside them."""
    path = tmp_path / "bare.artui"
    with Catalog(path) as catalog, catalog.transaction() as connection:
        key = runs.start(connection, runs.NewRun(project="p", name="r"))
        runs.finish(
            connection, key, status="failed" if error else "finished", ended_ms=NOW_MS, duration_ms=1000, error=error
        )

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("enter")
        await settled(pilot)
        facts = on(pilot, RunScreen).query_one("#facts", LineList)
        is_beside = size[0] == 200
        assert (facts.size.width > size[0] - 3) == (not is_beside) and "none was logged" in shown(pilot)
        assert ("f00.py" in shown(pilot) and "set LESS=1" in shown(pilot)) == is_beside
        whole = "".join(part for line in facts.lines for part, _ in line.spans)
        assert ("f00.py" in whole) == (bool(error) and not is_beside)

    explore(path, flow, size=size)


def test_code_is_compared_with_the_nearest_run(demo_catalog: Path, explore: Explore) -> None:
    """D shows what differs between the code of a run and of the nearest one, from the older to the newer; esc leads back."""

    async def flow(pilot: Pilot[Any]) -> None:
        app: Any = pilot.app
        await pilot.press("down", "down", "enter")
        await settled(pilot)
        screen = app.screen
        assert screen.detail.head.name == "final-2"
        await pilot.press("D")
        await settled(pilot)
        assert "code from final-1 to final-2" in shown(pilot) and "+to" in shown(pilot).replace(" ", "")
        await pilot.press("escape", "1", "home", "enter")
        await settled(pilot)
        await pilot.press("D")
        await settled(pilot)
        assert "No other run of this project" in shown(pilot)

    explore(demo_catalog, flow)


def test_metrics_of_the_machine_are_counted_behind_those_of_the_run() -> None:
    """They would take most lines and say nothing of the model; alone they are listed."""
    summary = Summary(2, 2, 1.0, 2.0, 1.0, 2.0, 1.5, 0, 1, 0, 1, 0, 1)
    names = ["system/cpu_percent", "val/loss", "system/disk_read_mb_per_s", "epoch", "system/gpu/0/memory_used_mb"]
    metrics = [Metric(number, name, "", summary) for number, name in enumerate(names)]
    text = ["".join(part for part, _ in line.spans) for line in metric_lines(metrics, cells=60)]
    assert [line.split()[0] for line in text[1:-1]] == ["val/loss", "epoch"]
    assert text[-1] == " and 3 metrics of the machine: tab draws them" and len(text) == 4
    alone = metric_lines([metrics[0], metrics[2]], cells=60)
    assert len(alone) == 3 and "machine" not in "".join(part for line in alone for part, _ in line.spans)


@pytest.mark.parametrize("leaving", [("escape",), ("tab",), ("tab", "tab", "tab")])
def test_what_is_said_of_a_search_ends_with_it(leaving: tuple[str, ...], small_catalog: Path, explore: Explore) -> None:
    """With esc, and where another tab shows what was not searched; what is said of something else stays."""

    async def flow(pilot: Pilot[Any]) -> None:
        app: Any = pilot.app
        await pilot.press("enter")
        await settled(pilot)
        for other in ("", "copied"):
            await pilot.press("slash", "ctrl+u", *"val", "enter")
            await settled(pilot)
            assert "n goes on" in shown(pilot)
            if other:
                app.say(other, seconds=60)  # one that lasts: on a busy machine it would be old when the next key comes
            await pilot.press(*leaving)
            await settled(pilot)
            assert "n goes on" not in shown(pilot) and other in shown(pilot).splitlines()[-1]
            app.screen.action_show_tab("overview")

    explore(small_catalog, flow)


@pytest.mark.parametrize("status", ["running", "finished"])
def test_a_run_that_goes_on_says_how_far_it_is(
    status: str, tmp_path: Path, frozen: None, explore: Explore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its overview and `artui show` say the step of how many, the rest and the pace; a silence without a write; of a run that ended, nothing."""
    import numpy as np

    from artui.catalog import points

    path = tmp_path / "live.artui"
    steps = np.arange(96, dtype=np.int64)
    with Catalog(path) as catalog, catalog.transaction() as connection:
        key = runs.start(connection, runs.NewRun(project="p", name="r", params={"max_steps": 300}))
        name_key = runs.name_key(connection, "loss")
        points.append(connection, key, name_key, "", steps, NOW_MS - 500 * (95 - steps), steps / 7.0)
        if status == "finished":
            runs.finish(connection, key, status=status, ended_ms=NOW_MS, duration_ms=1000)

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("enter")
        await settled(pilot)
        assert ("progress     step 95 of 300, about 1m42s left, 2/s" in shown(pilot)) == (status == "running"), shown(
            pilot
        )
        monkeypatch.setattr(clock, "now_ms", lambda: NOW_MS + 300_000)
        on(pilot, RunScreen)._draw_overview()
        await settled(pilot)
        assert ("step 95 of 300, no step for 5m" in shown(pilot)) == (status == "running")

    explore(path, flow, size=(80, 24))


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
def test_long_values_are_one_line_that_opens_them_whole(
    size: tuple[int, int], tmp_path: Path, frozen: None, explore: Explore
) -> None:
    """A param, a tag or a part of the metadata that would take many lines is one with its size; enter shows all of it."""
    path = tmp_path / "long.artui"
    text = '[{"name": "' + "n" * 4_000 + '", "last": "FARTHEST"}]'
    with Catalog(path) as catalog, catalog.transaction() as connection:
        tags = {"mlflow.log-model.history": text, "own": "prose " * 200}
        key = runs.start(
            connection, runs.NewRun(project="p", name="r", params={"long_param": text, "lr": 0.1}, tags=tags)
        )
        runs.finish(connection, key, status="finished", ended_ms=NOW_MS, duration_ms=1000)
        artifacts.save(connection, artifacts.NewVersion(project="p", name="a", kind="model", stage="modelling", files=[], metadata={"signature": text}))  # fmt: skip

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("enter")
        await settled(pilot)
        facts = on(pilot, RunScreen).query_one("#facts", LineList)
        assert len(facts.lines) < 40
        for name in ("long_param", "mlflow.log-model.history", "own"):
            place = max(i for i, line in enumerate(facts.lines) if line.spans and line.spans[0][0].split()[:1] and name.endswith(line.spans[0][0].split()[0].lstrip("…")) and line.link)  # fmt: skip
            assert " kB" in facts.lines[place].spans[-1][0]
            facts.move_to(place)
            await pilot.press("enter")
            await settled(pilot)
            await pilot.press("G")
            await settled(pilot)
            assert name[:8] in shown(pilot).splitlines()[0] and ("FARTHEST" in shown(pilot) or name == "own")
            await pilot.press("escape")
            await settled(pilot)
        await pilot.press("escape", "2", "enter")
        await settled(pilot)
        holds = pilot.app.screen.query_one("#holds", LineList)
        place = next(i for i, line in enumerate(holds.lines) if line.spans and "signature" in line.spans[0][0])
        assert holds.lines[place].link is not None and "kB" in holds.lines[place].spans[-1][0]
        assert len(holds.lines) < 30

    explore(path, flow, size=size)


@pytest.mark.parametrize("size", [(120, 36), (200, 50)])
def test_the_footer_offers_enter_and_esc(size: tuple[int, int], small_catalog: Path, explore: Explore) -> None:
    """Where a list of a run has links, enter is offered, and the way back where there is room; not where enter does nothing."""

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("enter")
        for opens in (True, False, True, False):
            await settled(pilot)
            last = shown(pilot).splitlines()[-1]
            assert last.startswith(" enter open") == opens and ("esc back" in last or not opens or size[0] < 200)
            await pilot.press("tab")

    explore(small_catalog, flow, size=size)


@pytest.mark.parametrize(("size", "is_beside"), [((200, 50), True), ((80, 40), False), ((80, 14), None)])
def test_what_the_version_under_the_cursor_holds_stands_by_the_files(
    size: tuple[int, int], is_beside: bool | None, demo_catalog: Path, explore: Explore
) -> None:
    """At the right, or below them in a narrow terminal, as far as there is room; it follows the cursor."""

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("down", "down", "enter", "tab", "tab")
        await settled(pilot)
        screen = on(pilot, RunScreen)
        held, files = screen.query_one("#held", LineList), screen.query_one("#files", LineList)
        if is_beside is None:
            assert not held.display
            return
        assert (held.region.x > 0) == is_beside and (held.region.y == files.region.y) == is_beside
        for _ in range(2):
            link = files.link
            assert link is not None
            # The cursor rests before anything is read.
            await pilot.pause(HELD_SECONDS * 2)
            await settled(pilot)
            assert screen._held is not None and screen._held.detail.head.id == link.id
            assert any("sha256" in text for line in held.lines for text, _ in line.spans)
            await pilot.press("down")

    explore(demo_catalog, flow, size=size)
