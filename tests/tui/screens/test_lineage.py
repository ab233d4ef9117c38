"""The lineage drawn as a graph: walking, folding, opening, the way back, and what it makes of bad input."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.pilot import Pilot

from artui.catalog import Catalog, artifacts, runs
from artui.query.around import MOST_SPOTS, Around, around
from artui.query.references import resolve
from artui.safetext import cells_of
from artui.tui.cells import length_of
from artui.tui.drawing import Drawing, drawing_of
from artui.tui.screens.artifact import ArtifactScreen
from artui.tui.screens.lineage import LineageScreen
from artui.tui.screens.run import RunScreen
from artui.tui.screens.runs.screen import RunsScreen
from artui.tui.widgets.lineagegraph import LineageGraph
from artui.tui.widgets.moving import WHEEL_LINES
from tests.reading import open_reader
from tests.tui.looking import HOSTILE, on, settled, shown

Explore = Callable[..., None]


def _file(name: str) -> artifacts.NewFile:
    return artifacts.NewFile("f", 1, name.encode().ljust(32)[:32])


async def _press(pilot: Pilot[Any], *keys: str) -> None:
    await pilot.press(*keys)
    await settled(pilot)


def _here(pilot: Pilot[Any]) -> str:
    """Name what is under the cursor."""
    graph = on(pilot, LineageScreen).graph
    assert graph.drawing is not None
    return graph.drawing.names[graph.cursor]


async def _open_lineage(pilot: Pilot[Any], artifact: str) -> None:
    await _press(pilot, "2")
    await _press(pilot, "slash", *artifact, "enter", "L")


def test_arrows_walk_along_lines_and_esc_leads_back(demo_catalog: Path, explore: Explore) -> None:
    """Left and right go along lines, and back the same way; the path is said and bright; esc returns to where one was."""

    async def flow(pilot: Pilot[Any]) -> None:
        await _open_lineage(pilot, "digits-model")
        screen = on(pilot, LineageScreen)
        graph, drawing = screen.graph, screen.graph.drawing
        assert drawing is not None and _here(pilot) == "digits-model:v2" and "▌◎ △ digits-model:v2" in shown(pilot)
        await _press(pilot, "left")
        before = _here(pilot)
        assert before in {drawing.names[place] for place in drawing.before[0]} and "━" in shown(pilot)
        await _press(pilot, "right")
        assert _here(pilot) == "digits-model:v2"
        await _press(pilot, "home", "down")
        assert drawing.graph.boxes[graph.cursor].layer <= 1 and _here(pilot) in shown(pilot)
        here = _here(pilot)
        assert "digits-model:v2 " in shown(pilot).splitlines()[-2], "the path is said in words"
        await _press(pilot, "enter")
        assert isinstance(pilot.app.screen, (RunScreen, ArtifactScreen))
        await _press(pilot, "escape")
        assert on(pilot, LineageScreen) is screen and _here(pilot) == here
        await _press(pilot, "L")
        assert _here(pilot) == here and graph.cursor == 0
        await _press(pilot, "escape")
        assert _here(pilot) == here and graph.cursor != 0
        await _press(pilot, "o")
        assert graph.cursor == 0
        await _press(pilot, "slash", *"serving", "enter")
        assert _here(pilot) == "digits-serving:v1" and "thing has 'serving'" in shown(pilot)
        await _press(pilot, "escape", "v")
        assert "what came of it" in shown(pilot)
        assert screen.listing.link is not None and screen.listing.link.kind == "version"
        await _press(pilot, "escape", "L")
        assert "what came of it" in shown(pilot), "the list was used last"
        await _press(pilot, "v", "tab")
        assert "environment:v1" not in on(pilot, LineageScreen).graph.drawing.names  # type: ignore[union-attr]

    explore(demo_catalog, flow, size=(80, 24))


def test_what_is_folded_unfolds_and_folds_again(demo_catalog: Path, explore: Explore) -> None:
    """Enter unfolds what is drawn as one, f folds it again, i unfolds everything; the mouse selects and opens."""

    async def flow(pilot: Pilot[Any]) -> None:
        await _open_lineage(pilot, "digits-split")
        graph = on(pilot, LineageScreen).graph
        await _press(pilot, "right", "right")
        assert _here(pilot) == "36 modelling runs" and "3 folded" in shown(pilot)
        await _press(pilot, "enter")
        assert graph.spot is not None and graph.spot.run is not None and "36 modelling runs" not in shown(pilot)
        count = len(graph.drawing.labels) if graph.drawing else 0
        await _press(pilot, "down", "f")
        assert _here(pilot) == "36 modelling runs" and "3 folded" in shown(pilot)
        # What is unfolded together stands in one order, though some of it leads further.
        await _press(pilot, "right")
        assert "checkpoint" in _here(pilot)
        await _press(pilot, "enter")
        column = next(layer for layer in graph.drawing.graph.layers if graph.cursor in layer) if graph.drawing else ()
        spots = [graph.drawing.around.spots[place].version for place in column] if graph.drawing else []
        numbers = [head.number for head in spots if head is not None and head.artifact == "digits-checkpoint"]
        assert numbers == sorted(numbers) and len(numbers) > 2
        await _press(pilot, "f", "left")
        await _press(pilot, "i")
        assert "folded" not in shown(pilot)
        assert graph.drawing is not None and count <= len(graph.drawing.labels) <= MOST_SPOTS
        await _press(pilot, "i", "o")
        # In the drawing: the line below it may name the same thing.
        await settled(pilot)
        drawn = range(graph.region.y, graph.region.bottom)
        row, line = next(
            (row, line)
            for row, line in enumerate(shown(pilot).splitlines())
            if row in drawn and "digits-features:v2" in line
        )
        place = (line.index("digits-features:v2") + 3, row)
        await pilot.click(offset=place)
        await settled(pilot)
        assert _here(pilot) == "digits-features:v2"
        await pilot.click(offset=place, times=2)
        await settled(pilot)
        assert isinstance(pilot.app.screen, ArtifactScreen)

    explore(demo_catalog, flow)


async def _arrived(pilot: Pilot[Any]) -> None:
    """Wait until the palette has led somewhere: on a busy machine what it looks for takes longer than a screen rests."""
    for _ in range(100):
        if isinstance(pilot.app.screen, LineageScreen):
            return
        await settled(pilot)


def test_two_words_in_the_palette_lead_to_the_ways_between_them(demo_catalog: Path, explore: Explore) -> None:
    """Only what lies on a way is drawn, w goes from way to way, W draws them for what is under the cursor, esc leads back."""

    async def flow(pilot: Pilot[Any]) -> None:
        await _press(pilot, "colon", *"digits-raw digits-model:production", "enter")
        await _arrived(pilot)
        screen = on(pilot, LineageScreen)
        drawing = screen.graph.drawing
        assert drawing is not None and len(drawing.names) == 7 and _here(pilot) == "digits-model:v2"
        assert "ways  digits-raw:v1 → digits-model:v2" in shown(pilot)
        assert "prepare-2 made digits-features:v2" in shown(pilot) and "final-2 made digits-model:v2" in shown(pilot)
        assert "from digits-checkpoint:v30, final-2" in shown(pilot), "what the lines come from is said, too"
        told = {(screen.graph.way, f"way {number} of 4" in shown(pilot)) for number in (1,)}
        for number in (2, 3, 4):
            await _press(pilot, "w")
            told.add((screen.graph.way, f"way {number} of 4" in shown(pilot)))
        assert len(told) == 4 and all(is_said for _, is_said in told)
        await _press(pilot, "question_mark")
        assert "next way" in shown(pilot) and "only the ways" in shown(pilot)
        await _press(pilot, "escape", "v")
        assert "digits-checkpoint" in shown(pilot) and "score-batch" not in shown(pilot)
        await _press(pilot, "v", "escape", "colon", *"final-1 final-2", "enter")
        await _arrived(pilot)
        shared = on(pilot, LineageScreen).graph.drawing
        assert shared is not None and shared.names[0] == "digits-features:v2" and "nearest that" in shown(pilot)
        await _press(pilot, "L")
        whole = on(pilot, LineageScreen).graph.drawing
        await _press(pilot, "home", "W")
        only = on(pilot, LineageScreen).graph.drawing
        assert whole is not None and only is not None and 2 < len(only.names) < len(whole.names)
        await _press(pilot, "escape")
        assert len(on(pilot, LineageScreen).graph.drawing.names) == len(whole.names)  # type: ignore[union-attr]

    explore(demo_catalog, flow)


def _assert_edges_are_told(graph: LineageGraph, text: str) -> None:
    """No name begins in the middle of a word, one that the right edge cuts ends in dots, and what lies beyond is counted."""
    assert graph.drawing is not None
    x, y, width = int(graph.scroll_offset.x), int(graph.scroll_offset.y), graph.size.width
    lines = text.splitlines()[graph.region.y : graph.region.bottom]
    in_sight = 0
    for place, box in enumerate(graph.drawing.graph.boxes):
        start, row = graph._cell(place)
        start, row = start - x, row - y
        assert start >= 0 or start + box.width <= 0, "cut at its beginning"
        is_named = start + graph.drawing.named_cells(place) < width
        if start >= 0 and (start + box.width <= width or is_named) and graph._head_rows <= row < graph.size.height:
            in_sight += 1
        if max(0, width - box.width + 1) <= start < width - 1 and graph._head_rows <= row < graph.size.height:
            assert lines[row].rstrip().endswith("…")
    beyond = graph.beyond
    assert in_sight + sum(beyond) == len(graph.drawing.labels) and in_sight
    counted = {"◂ {:,} more": beyond.left, "{:,} more ▸": beyond.right, "▴ {:,} above": beyond.above, "▾ {:,} below": beyond.below}  # fmt: skip
    assert all((form.format(count) in lines[0]) == bool(count) for form, count in counted.items())


def test_the_picture_shows_most_and_counts_what_lies_beyond_its_edges(demo_catalog: Path, explore: Explore) -> None:
    """Wherever the cursor goes, whatever is unfolded, and after the wheel, edges cut no beginning and count what is behind."""

    async def flow(pilot: Pilot[Any]) -> None:
        await _open_lineage(pilot, "digits-model")
        graph = on(pilot, LineageScreen).graph
        assert graph.beyond.left and graph.beyond.right
        assert graph._worth_of(int(graph.scroll_offset.x), int(graph.scroll_offset.y)) >= max(
            graph._worth_of(x, int(graph.scroll_offset.y))
            for x in graph._stops
            if x <= graph._cell(0)[0] <= x + graph.size.width - graph.drawing.graph.boxes[0].width  # type: ignore[union-attr]
        )
        for key in ("right", "right", "right", "down", "home", "down", "i", "end", "pagedown", "o", "i", "v", "v"):
            await _press(pilot, key)
            _assert_edges_are_told(graph, shown(pilot)) if graph.display else None
        for event_type in (*[events.MouseScrollRight] * 3, *[events.MouseScrollLeft] * 2, events.MouseScrollDown):
            event = event_type(graph, graph.region.x + 1, graph.region.y + 1, 0, 1, 0, False, False, False)
            pilot.app.screen._forward_event(event)
            await settled(pilot)
            _assert_edges_are_told(graph, shown(pilot))
        assert shown(pilot).splitlines()[-2].split()[:2] == ["from", "digits-features:v2,"], "its data, where it begins"
        assert not shown(pilot).splitlines()[-3].rstrip().endswith("·")
        await _press(pilot, "right")
        assert "18 versions · 8 runs" in shown(pilot).splitlines()[-2], "with the root"
        await _press(pilot, "o", "v")
        await pilot.resize_terminal(200, 50)
        await settled(pilot)
        assert "18 versions · 8 runs" in shown(pilot)
        await _press(pilot, "v")
        _assert_edges_are_told(graph, shown(pilot))

    explore(demo_catalog, flow, size=(80, 24))


def _odd(path: Path) -> None:
    """Make things of hostile names, in circles, with holes, one that leads to itself, and twins."""
    with Catalog(path) as catalog, catalog.transaction() as connection:
        names = [HOSTILE, "漢字" * 40, "x" * 5_000 + "a" + "y" * 5_000, "x" * 5_000 + "b" + "y" * 5_000, "plain"]
        keys = []
        for number, name in enumerate(names):
            saved = artifacts.save(connection, artifacts.NewVersion("p", f"n{number}", "data", "data", [_file(name)]))
            connection.execute("UPDATE artifact SET name = ? WHERE name = ?", (name, f"n{number}"))
            keys.append(saved.key)
        twins = [runs.start(connection, runs.NewRun(project="p", name="twin")) for _ in range(2)]
        edges = [(2, keys[0], keys[1]), (2, keys[1], keys[4]), (2, keys[4], keys[0]), (2, keys[4], keys[4])]
        edges += [(2, keys[4], keys[2]), (2, keys[4], keys[3]), (3, keys[4], keys[3]), (2, keys[4], 9_999), (0, 9_998, keys[4])]  # fmt: skip
        edges += [(1, keys[4], twin) for twin in twins]
        for relation, source, target in edges:
            connection.execute("INSERT INTO edge (relation, source_key, target_key, created_ms) VALUES (?, ?, ?, 0)", (relation, source, target))  # fmt: skip


def test_bad_input_is_drawn_and_walked(tmp_path: Path, explore: Explore) -> None:
    """Circles, holes, self loops, hostile names and twins: each thing once, its name told apart and harmless, holes said."""
    path = tmp_path / "odd.artui"
    _odd(path)
    with open_reader(path) as reader:
        drawing = drawing_of(around(reader, resolve(reader, "plain:v1")), name_cells=24)
    texts = ["".join(text for text, _ in label) for label in drawing.labels]
    assert len(set(texts)) == len(texts) == 9 and all(text.isprintable() for text in texts)
    assert sum(" ∞ " in text for text in texts) == 2 and sum("○ missing" in text for text in texts) == 2
    assert all(cells_of(text) == length_of(label) <= 24 + 16 for text, label in zip(texts, drawing.labels, strict=True))

    async def flow(pilot: Pilot[Any]) -> None:
        await _open_lineage(pilot, "plain")
        for key in ("right", "down", "down", "up", "left", "left", "end", "home"):
            await _press(pilot, key)
            assert _here(pilot)
        assert "missing run" in shown(pilot)
        await _press(pilot, "o")
        assert "leads back to" in shown(pilot) and "plain:v1" in shown(pilot).splitlines()[-3]
        await _press(pilot, "slash", *"missing run", "enter", "enter")
        assert "does not have it" in shown(pilot)

    explore(path, flow, size=(80, 24))


def test_a_wide_fan_leads_to_its_runs(tmp_path: Path, explore: Explore) -> None:
    """Of 320 runs on one data set as many as have room are unfolded; the others are one thing that leads to the table."""
    path = tmp_path / "fan.artui"
    with Catalog(path) as catalog, catalog.transaction() as connection:
        data = artifacts.save(connection, artifacts.NewVersion("p", "data", "dataset", "data", [_file("data")]))
        for number in range(320):
            run = runs.start(connection, runs.NewRun(project="p", name=f"run-{number}", started_ms=number + 1))
            artifacts.link(connection, "input", source_key=data.key, target_key=run)

    async def flow(pilot: Pilot[Any]) -> None:
        await _open_lineage(pilot, "data")
        await _press(pilot, "right")
        assert _here(pilot) == "320 modelling runs"
        await _press(pilot, "enter")
        await settled(pilot)
        await _press(pilot, "pagedown")
        top = int(on(pilot, LineageScreen).graph.scroll_offset.y)
        for event_type, change in ((events.MouseScrollDown, WHEEL_LINES), (events.MouseScrollUp, 0)):
            graph = on(pilot, LineageScreen).graph
            event = event_type(graph, graph.region.x + 1, graph.region.y + 1, 0, 1, 0, False, False, False)
            pilot.app.screen._forward_event(event)
            await settled(pilot)
            assert graph.scroll_offset.y == top + change and top > 0
        await _press(pilot, "slash", "+", "enter")
        graph = on(pilot, LineageScreen).graph
        assert graph.drawing is not None and len(graph.drawing.labels) <= MOST_SPOTS and _here(pilot).startswith("+2")
        await _press(pilot, "escape", "enter")
        assert isinstance(pilot.app.screen, RunsScreen) and "320 runs" in shown(pilot)

    explore(path, flow)


def test_a_lineage_of_nothing_says_so_and_grows(tmp_path: Path, explore: Explore) -> None:
    """A version without any says that nothing was noted; what is written while it is drawn appears, the cursor stays."""
    path = tmp_path / "alone.artui"
    with Catalog(path) as catalog, catalog.transaction() as connection:
        data = artifacts.save(connection, artifacts.NewVersion("p", "data", "dataset", "data", [_file("data")]))

    async def flow(pilot: Pilot[Any]) -> None:
        await _open_lineage(pilot, "data")
        assert "nothing was noted" in shown(pilot)
        await _press(pilot, "right", "left", "up", "down", "enter")
        on(pilot, ArtifactScreen)
        await _press(pilot, "escape")
        with Catalog(path) as catalog, catalog.transaction() as connection:
            run = runs.start(connection, runs.NewRun(project="p", name="new-run"))
            artifacts.link(connection, "input", source_key=data.key, target_key=run)
        await _press(pilot, "r")
        assert "new-run" in shown(pilot) and _here(pilot) == "data:v1"

    explore(path, flow, size=(80, 24))


def _chance(path: Path, seed: int) -> Around:
    chance = random.Random(seed)
    with Catalog(path) as catalog, catalog.transaction() as connection:
        keys = [artifacts.save(connection, artifacts.NewVersion("p", f"a{number}", "data", "data", [_file(str(number))])).key for number in range(30)]  # fmt: skip
        for source, target in {(chance.choice(keys), chance.choice(keys)) for _ in range(45)}:
            connection.execute("INSERT INTO edge (relation, source_key, target_key, created_ms) VALUES (2, ?, ?, 0)", (source, target))  # fmt: skip
    with open_reader(path) as reader:
        return around(reader, resolve(reader, "a0:v1"))


def test_what_satisfies_a_requirement_says_how_much_of_it_is_met(demo_catalog: Path) -> None:
    """Beside what somebody said stands what was found, from both ends; a first picture does not wait for it."""
    with open_reader(demo_catalog) as reader:
        model = resolve(reader, "digits-model:production")
        drawing, first = (
            drawing_of(around(reader, model, is_checked=is_checked), name_cells=24) for is_checked in (True, False)
        )
    place = drawing.names.index("digits-requirements:v1")
    assert drawing.words_between(0, place) == "satisfies (3 of 4 criteria met)"
    assert drawing.words_between(place, 0) == "satisfied by (3 of 4 criteria met)"
    assert first.words_between(0, place) == "satisfies"


def _reached(drawing: Drawing) -> set[int]:
    """Walk with the arrows to wherever they lead from the root."""
    seen, waiting = {0}, [0]
    while waiting:
        here = waiting.pop()
        steps = [drawing.aside(here, change) for change in (1, -1)] + [
            drawing.above(here, change) for change in (1, -1)
        ]
        for there in steps:
            if there not in seen:
                seen.add(there)
                waiting.append(there)
    return seen


@pytest.mark.parametrize("seed", range(3))
def test_arrows_lead_everywhere_and_paths_are_of_lines(tmp_path: Path, seed: int) -> None:
    """Whatever the graph, each thing can be walked to, and the path from the root to it goes along drawn lines."""
    drawing = drawing_of(_chance(tmp_path / "x.artui", seed), name_cells=20)
    assert _reached(drawing) == set(range(len(drawing.labels)))
    edges = set(drawing.graph.edges)
    for place in range(len(drawing.labels)):
        path = drawing.path(place)
        assert path[-1] == place and path[0] == 0
        assert all(ends in edges or ends[::-1] in edges for ends in pairwise(path))
        assert all(drawing.words_between(*ends) for ends in pairwise(path))
        cells = drawing.path_cells(path)
        assert all(drawing.graph.arms(x, y) for x, y in cells)
