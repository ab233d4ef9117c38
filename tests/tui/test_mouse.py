"""What the mouse does: clicks on titles, tabs, places, the footer and links; the wheel; dragging in a chart."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.pilot import Pilot

from artui.tui.screens.artifact import ArtifactScreen
from artui.tui.screens.artifacts import ArtifactsScreen
from artui.tui.screens.catalog.screen import CatalogHomeScreen
from artui.tui.screens.compare import CompareScreen
from artui.tui.screens.help import HelpScreen
from artui.tui.screens.lineage import LineageScreen
from artui.tui.screens.live import LiveScreen
from artui.tui.screens.run import RunScreen
from artui.tui.screens.runs.screen import RunsScreen
from artui.tui.widgets.chart import Chart
from artui.tui.widgets.lines import LineList
from tests.tui.looking import on, settled, shown

Explore = Callable[..., None]


def _place_of(pilot: Pilot[Any], text: str, *, row: int | None = None) -> tuple[int, int]:
    """Give the cell of the middle of a text on the screen: of the first one, or of the one in a row."""
    for number, line in enumerate(shown(pilot).splitlines()):
        if text in line and row in (None, number):
            return line.index(text) + len(text) // 2, number
    raise AssertionError(f"{text!r} is not on the screen:\n{shown(pilot)}")


async def _click(pilot: Pilot[Any], text: str, *, row: int | None = None, times: int = 1) -> None:
    await pilot.click(offset=_place_of(pilot, text, row=row), times=times)
    await settled(pilot)


def _tab(name: str) -> Callable[[Any], bool]:
    return lambda app: bool(app.screen.tab == name)


def _is(kind: type) -> Callable[[Any], bool]:
    return lambda app: isinstance(app.screen, kind)


RUN = ("down", "down", "enter")
BOTTOM = 35
CLICKS: dict[str, tuple[tuple[str, ...], str, int | None, Callable[[Any], bool]]] = {
    "title of a column": ((), "lr", 2, lambda app: app.screen.state.request.sorts[0].column == "param:lr"),
    "title of the names": ((), "run", 2, lambda app: app.screen.state.request.sorts[0].column == "attribute:name"),
    "artifacts at the top": ((), "2 Artifacts", 0, _is(ArtifactsScreen)),
    "the catalog at the top": ((), "7 Catalog", 0, _is(CatalogHomeScreen)),
    "live at the top": ((), "Live", 0, _is(LiveScreen)),
    "lineage at the top": ((), "Lineage", 0, _is(LineageScreen)),
    "runs at the top": (RUN, "Runs", 0, _is(RunsScreen)),
    "charts of a run": (RUN, "charts 3", 1, _tab("charts")),
    "files of a run": (RUN, "files", 1, _tab("files")),
    "log of a run": (RUN, "log", 1, _tab("log")),
    "overview of a run": ((*RUN, "tab"), "overview", 1, _tab("overview")),
    "scatter of runs": (("f",), "scatter", 1, _tab("scatter")),
    "histogram of runs": (("f",), "histogram", 1, _tab("histogram")),
    "data in a lineage": (("L",), "  data", 1, lambda app: app.screen._part == "data"),
    "a run in the legend": (("f",), "er-2", 34, lambda app: app.screen.acted_run().name == "calm-otter-2"),
    "footer: mark": ((), "mark", BOTTOM, lambda app: len(app.screen.state.marked) == 1),
    "footer: the key itself": ((), "enter", BOTTOM, _is(RunScreen)),
    "footer: a menu": (("g",), "by project".removeprefix("by "), BOTTOM, lambda app: bool(app.screen.state.groups)),
    "footer: leave a question": (("t",), "cancel", BOTTOM, lambda app: not app.screen.query_one("Prompt").display),
    "footer: all keys": ((), "all keys", BOTTOM, _is(HelpScreen)),
    "footer of a run": (RUN, "tag", BOTTOM, lambda app: app.screen.query_one("Prompt").display),
    "a version in a run": (RUN, "digits-split:v1", None, _is(ArtifactScreen)),
    "a neighbour in a run": (RUN, "from calm-otter", None, lambda app: app.screen.detail.head.name == "calm-otter-3"),
    "a curve beside the facts": (RUN, "┤", None, _tab("charts")),
    "another run in compare": (
        ("space", "space", "c"), "calm-otter-10", 2, lambda app: app.screen.table.column == 1,
    ),
}  # fmt: skip


@pytest.mark.parametrize("place", CLICKS)
def test_a_click_does_what_its_place_is_for(place: str, small_catalog: Path, explore: Explore) -> None:
    """Each place that names something can be clicked."""
    keys, text, row, has_happened = CLICKS[place]

    async def flow(pilot: Pilot[Any]) -> None:
        for key in keys:
            await pilot.press(key)
            await settled(pilot)
        assert not has_happened(pilot.app)
        await _click(pilot, text, row=row)
        assert has_happened(pilot.app), shown(pilot)

    explore(small_catalog, flow)


def test_a_second_click_on_a_title_sorts_the_other_way(small_catalog: Path, explore: Explore) -> None:
    """As the key s does."""

    async def flow(pilot: Pilot[Any]) -> None:
        screen = on(pilot, RunsScreen)
        await _click(pilot, "lr", row=2)
        first = screen.state.request.sorts[0].is_descending
        await _click(pilot, "lr", row=2)
        assert screen.state.request.sorts[0].is_descending != first

    explore(small_catalog, flow)


def test_a_click_in_a_table_moves_and_the_next_one_opens(small_catalog: Path, explore: Explore) -> None:
    """In the table of runs, in a list of artifacts, and in a comparison."""

    async def flow(pilot: Pilot[Any]) -> None:
        await _click(pilot, "calm-otter-9")
        assert on(pilot, RunsScreen).table.cursor == 2
        await _click(pilot, "calm-otter-9")
        on(pilot, RunScreen)
        await pilot.press("2")
        await settled(pilot)
        await pilot.press("G")
        await settled(pilot)
        place = _place_of(pilot, "digits-split")
        await pilot.click(offset=place)
        await settled(pilot)
        on(pilot, ArtifactsScreen)
        await pilot.click(offset=place)
        await settled(pilot)
        on(pilot, ArtifactScreen)
        await pilot.press("1")
        await settled(pilot)
        await pilot.press("home", "c")
        await settled(pilot)
        compare = on(pilot, CompareScreen)
        await _click(pilot, "hidden")
        assert compare.table.row is not None and compare.table.row.name == "hidden"

    explore(small_catalog, flow)


async def _wheel(pilot: Pilot[Any], widget: Any) -> None:
    region = widget.region
    event = events.MouseScrollDown(widget, region.x + 1, region.y + 1, 0, 1, 0, False, False, False)
    pilot.app.screen._forward_event(event)
    await settled(pilot)


def test_the_wheel_scrolls_what_is_under_the_pointer(small_catalog: Path, explore: Explore) -> None:
    """Beside the table the details scroll, though the table has the focus; and nothing scrolls twice."""

    async def flow(pilot: Pilot[Any]) -> None:
        screen = on(pilot, RunsScreen)
        pane = screen.query_one("#pane", LineList)
        assert screen.focused is screen.table and pane.max_scroll_y > 3
        await _wheel(pilot, pane)
        assert pane.scroll_offset.y == 3 and screen.table.cursor == 0
        await _wheel(pilot, screen.table)
        assert screen.table.cursor == 3 and pane.scroll_offset.y in (0, 3)
        await pilot.press("enter")
        await settled(pilot)
        facts = on(pilot, RunScreen).query_one("#facts", LineList)
        assert facts.max_scroll_y > 3 and facts.scroll_offset.y == 0
        await _wheel(pilot, facts)
        assert facts.scroll_offset.y == 3

    explore(small_catalog, flow, size=(160, 14))


def _chart_in_sight(screen: Any) -> Chart:
    charts: list[Chart] = [chart for chart in screen.query(Chart) if chart.region.width and chart.curves]
    return charts[0]


async def _drag(pilot: Pilot[Any], chart: Chart, first: int, last: int) -> str:
    """Drag from one cell of the plot to another; give what the screen shows meanwhile."""
    left, top = chart.region.x + chart.plot_cells[0], chart.region.y + 3
    await pilot.mouse_down(offset=(left + first, top))
    for cell in range(first, last + 1):
        event = events.MouseMove(chart, left + cell, top, 1, 0, 1, False, False, False)
        pilot.app.screen._forward_event(event)
    await pilot.pause()
    text = shown(pilot)
    await pilot.mouse_up(offset=(left + last, top))
    await settled(pilot)
    return text


@pytest.mark.parametrize("place", ["charts", "curves", "compare", "overview"])
def test_dragging_in_a_chart_looks_at_a_range(place: str, small_catalog: Path, explore: Explore) -> None:
    """The range is shown while dragging and looked at on release; esc goes one range back, a double click shows the whole."""
    keys = {"charts": (*RUN, "tab"), "curves": ("f",), "compare": ("c",), "overview": RUN}[place]

    async def flow(pilot: Pilot[Any]) -> None:
        for key in keys:
            await pilot.press(key)
            await settled(pilot)
        screen: Any = pilot.app.screen
        chart = _chart_in_sight(screen)
        low, high = chart.range or (0, 0)
        columns = chart.plot_cells[1]
        text = await _drag(pilot, chart, columns // 4, columns // 2)
        assert "step " in text and " to " in text
        window = chart.options.window
        assert window is not None
        assert window[0] == pytest.approx(low + (high - low) / 4, abs=2 * (high - low) / columns)
        assert window[1] == pytest.approx(low + (high - low) / 2, abs=2 * (high - low) / columns)
        await pilot.press("escape")
        await settled(pilot)
        assert chart.options.window is None and pilot.app.screen is screen
        await _drag(pilot, chart, columns // 4, columns // 2)
        await pilot.click(offset=(chart.region.x + 20, chart.region.y + 3), times=2)
        await settled(pilot)
        if pilot.app.screen is screen and place != "overview":
            assert chart.options.window is None

    explore(small_catalog, flow)


def test_ranges_are_left_one_by_one(small_catalog: Path, explore: Explore) -> None:
    """After a drag inside a range, esc shows that range again, and then the whole; 0 shows the whole at once."""

    async def flow(pilot: Pilot[Any]) -> None:
        for key in (*RUN, "tab"):
            await pilot.press(key)
            await settled(pilot)
        chart = _chart_in_sight(pilot.app.screen)
        await _drag(pilot, chart, 2, 20)
        first = chart.options.window
        await _drag(pilot, chart, 2, 9)
        assert chart.options.window != first
        await pilot.press("escape")
        await settled(pilot)
        assert chart.options.window == first
        await _drag(pilot, chart, 2, 9)
        await pilot.press("0")
        await settled(pilot)
        assert chart.options.window is None

    explore(small_catalog, flow)
