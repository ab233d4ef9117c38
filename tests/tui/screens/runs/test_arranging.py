"""Arranging the table of runs, changing runs from it, and taking them along."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.pilot import Pilot

from artui.catalog import Catalog, events, runs
from artui.model import Column
from artui.query.reader import Reader
from artui.query.runs.columns import columns
from artui.query.runs.export import FORMATS, table_of, write_table
from artui.query.runs.order import RunsRequest, run_order
from artui.query.runs.rows import run_ids, run_rows
from artui.query.runs.sorting import Sort
from artui.tui import fetch
from artui.tui.screens.columns import ColumnsScreen
from artui.tui.screens.runs.columns import all_columns, shown_ids
from artui.tui.screens.runs.screen import RunsScreen
from artui.tui.state.arrangement import Arrangement, arrangement_of, keep_arrangement, load_arrangement
from artui.tui.widgets.prompt import Prompt
from tests.tui.looking import on, settled, shown

Explore = Callable[..., None]

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["attribute:started", "param:lr"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["columns", "pinned", "widths", "sorts", "where", "x"]), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(JSON | st.dictionaries(st.sampled_from(["columns", "pinned", "widths", "sorts", "where"]), JSON))
def test_any_view_of_a_foreign_catalog_is_read(content: Any) -> None:
    """Whatever a saved view holds, it gives an arrangement that can be written and read again."""
    arrangement = arrangement_of(json.dumps(content))
    assert arrangement_of(arrangement.to_json()) == arrangement
    assert arrangement.sorts and 0 <= arrangement.pinned <= 20
    arrangement_of(str(content))


def test_an_arrangement_is_remembered_by_catalog() -> None:
    """Each catalog's table is as it was left; another one's is as usual."""
    kept = Arrangement(columns=("param:lr",), pinned=1, widths={"param:lr": 9}, where="lr > 0.1")
    keep_arrangement("a", kept)
    keep_arrangement("b", Arrangement())
    assert (load_arrangement("a"), load_arrangement("b"), load_arrangement("c")) == (kept, Arrangement(), Arrangement())


def _screen(pilot: Pilot[Any]) -> RunsScreen:
    assert isinstance(pilot.app.screen, RunsScreen)
    return pilot.app.screen


def _ids(pilot: Pilot[Any]) -> list[str]:
    return [shape.column.id for shape in _screen(pilot).table.view.shapes]


def test_columns_are_hidden_moved_pinned_chosen_and_remembered(small_catalog: Path, explore: Explore) -> None:
    """Changes of the columns are kept for the next start; `a` in the chooser leaves the choice to artui again."""

    async def arrange(pilot: Pilot[Any]) -> None:
        before = _ids(pilot)
        await pilot.press("right", "underscore")
        await settled(pilot)
        assert _ids(pilot) == before[1:]
        await pilot.press("greater_than_sign", "right_parenthesis", "P")
        await settled(pilot)
        assert _ids(pilot) == [before[2], before[1], *before[3:]] and _screen(pilot).table.view.pinned == 2
        await pilot.press("C")
        await settled(pilot)
        assert isinstance(pilot.app.screen, ColumnsScreen)
        await pilot.press("slash", *"vlsmin")
        await settled(pilot)
        assert pilot.app.screen._listed == ["metric.min:val/loss"], "letters are enough"
        await pilot.press("ctrl+u", *"loss.min", "enter", "space", "escape", "escape")
        await settled(pilot)
        assert "metric.min:val/loss" in _ids(pilot)

    async def later(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        assert "metric.min:val/loss" in _ids(pilot) and _screen(pilot).table.view.pinned == 2
        await pilot.press("C")
        await settled(pilot)
        await pilot.press("a", "escape")
        await settled(pilot)
        assert "metric.min:val/loss" not in _ids(pilot) and _ids(pilot)[:2] == ["attribute:alias", "metric:val/loss"]

    explore(small_catalog, arrange)
    explore(small_catalog, later)


def test_choices_of_columns_are_taken_back_at_once(small_catalog: Path, explore: Explore) -> None:
    """u in the chooser gives back what was there: also what `a` took away, also later; not over what was changed elsewhere."""

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("right", "right", "P", "right", "minus")
        await settled(pilot)
        chosen, is_pinned = _ids(pilot), _screen(pilot).table.view.pinned
        await pilot.press("C")
        await settled(pilot)
        chooser = on(pilot, ColumnsScreen)
        await pilot.press("u")
        assert "no choice" in shown(pilot)
        await pilot.press("a")
        await settled(pilot)
        assert (
            on(pilot, ColumnsScreen) is chooser
            and len(chooser._shown) > len(chosen)
            and "u takes that back" in shown(pilot)
        )
        await pilot.press("u")
        await settled(pilot)
        assert chooser._shown == chosen and "taken back" in shown(pilot)
        await pilot.press("space", "J", "a", "enter", "C")
        await settled(pilot)
        await pilot.press("u", "u", "u", "escape")
        await settled(pilot)
        assert _ids(pilot) == chosen and _screen(pilot).table.view.pinned == is_pinned
        await pilot.press("C")
        await settled(pilot)
        await pilot.press("space", "escape", "minus", "C")
        await settled(pilot)
        after = _ids_below(pilot)
        await pilot.press("u")
        assert "no choice" in shown(pilot) and _ids_below(pilot) == after

    explore(small_catalog, flow)


def _ids_below(pilot: Pilot[Any]) -> list[str]:
    screen = next(screen for screen in pilot.app.screen_stack if isinstance(screen, RunsScreen))
    return [shape.column.id for shape in screen.table.view.shapes]


def test_runs_are_sorted_by_several_columns(small_catalog: Path, explore: Explore) -> None:
    """S adds a column that orders equal values; again turns it round; a third time takes it out."""

    async def flow(pilot: Pilot[Any]) -> None:
        screen = _screen(pilot)
        await pilot.press("s", "right", "right", "S")
        await settled(pilot)
        assert [sort.column for sort in screen.state.request.sorts][1:] == [screen.table.column_id]
        assert "¹" in shown(pilot) and "²" in shown(pilot)
        await pilot.press("S", "S")
        await settled(pilot)
        assert len(screen.state.request.sorts) == 1

    explore(small_catalog, flow)


def test_marked_runs_are_tagged_and_trashed_and_all_is_taken_back(small_catalog: Path, explore: Explore) -> None:
    """A tag on two runs, both into the trash, then undo twice and redo once: the catalog follows each step."""

    def tags() -> int:
        with sqlite3.connect(f"file:{small_catalog}?mode=ro", uri=True) as connection:
            return int(
                connection.execute(
                    "SELECT count(*) FROM tag AS t JOIN name AS n ON n.key = t.name_key WHERE n.text = 'keep'"
                ).fetchone()[0]
            )

    async def flow(pilot: Pilot[Any]) -> None:
        def signs() -> int:
            return len(re.findall(r"^.{4}\S+ *# ", shown(pilot), re.MULTILINE))

        before = signs()
        await pilot.press("space", "space", "t", *"keep", "enter")
        await settled(pilot)
        assert "tag keep on 2 runs" in shown(pilot) and tags() == 2
        # A sign behind the names says so.
        assert signs() == before + 2
        marked = _screen(pilot).state.marked
        await pilot.press("X")
        await settled(pilot)
        assert "10 runs" in shown(pilot) and len(marked) == 2 and not _screen(pilot).state.marked
        for key, count in (("u", 2), ("ctrl+r", 0), ("u", 2)):
            await pilot.press(key)
            await settled(pilot)
            assert len(_screen(pilot).state.marked) == count
        assert "12 runs" in shown(pilot) and tags() == 2 and _screen(pilot).state.marked == marked
        assert "taken back: deletion of 2 runs · 2 marked again" in shown(pilot)
        await pilot.press("u")
        await settled(pilot)
        assert tags() == 0 and signs() == before
        await pilot.press("ctrl+r")
        await settled(pilot)
        assert tags() == 2 and "done again" in shown(pilot)

    explore(small_catalog, flow)


def test_a_large_change_says_how_far_it_is_and_stops(
    small_catalog: Path, explore: Explore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """esc stops a change of many runs, and its undo, half way: nothing of it is made, marks stay, and the screen stays."""
    monkeypatch.setattr(fetch, "MANY", 1)
    monkeypatch.setattr(fetch, "_TOLD_EVERY", 1)
    reached, goes_on = threading.Event(), threading.Event()
    put = events.Edit._put

    def slow_put(edit: events.Edit, *change: Any) -> None:
        put(edit, *change)
        reached.set()
        assert goes_on.wait(20)

    monkeypatch.setattr(events.Edit, "_put", slow_put)

    def notes() -> int:
        with Reader(small_catalog) as reader:
            return len(run_order(reader, RunsRequest("note = wip")).keys)

    async def stop(pilot: Pilot[Any], said: str) -> None:
        screen = pilot.app.screen
        assert await asyncio.to_thread(reached.wait, 20)
        await pilot.pause()
        assert said in shown(pilot)
        await pilot.press("escape")
        goes_on.set()
        await settled(pilot)
        assert "Stopped: nothing was changed." in shown(pilot) and pilot.app.screen is screen
        assert len(_screen(pilot).state.marked) == 3
        reached.clear()
        goes_on.clear()

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("space", "space", "space", "n", *"wip", "enter")
        await stop(pilot, "note on 3 runs: 0 % · esc stops it")
        assert notes() == 0
        goes_on.set()
        await pilot.press("n", *"wip", "enter")
        await settled(pilot)
        assert notes() == 3
        reached.clear()
        goes_on.clear()
        await pilot.press("u")
        await stop(pilot, "taking back: note on 3 runs: 0 % · esc stops it")
        assert notes() == 3
        goes_on.set()
        await pilot.press("u")
        await settled(pilot)
        assert notes() == 0 and "taken back: note on 3 runs" in shown(pilot)

    explore(small_catalog, flow)


def test_a_view_is_kept_and_opened(small_catalog: Path, explore: Explore) -> None:
    """W keeps filter and order under a name; ctrl+o and enter bring them back; − takes the view out."""

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("slash", *"sgd", "enter", "W", *"mine", "enter")
        await settled(pilot)
        await pilot.press("escape")
        await settled(pilot)
        assert "of 12 runs" not in shown(pilot)
        await pilot.press("ctrl+o")
        await settled(pilot)
        assert "mine" in shown(pilot)
        await pilot.press("enter")
        await settled(pilot)
        assert "3 of 12 runs" in shown(pilot)
        await pilot.press("ctrl+o", "minus")
        await pilot.pause(0.6)
        await settled(pilot)
        assert "No view of runs is kept" in shown(pilot)

    explore(small_catalog, flow)


def test_rows_are_written_to_a_file_once(small_catalog: Path, explore: Explore, tmp_path: Path) -> None:
    """e writes what the filter shows; an existing file is left alone, and an unknown ending is explained."""
    target = tmp_path / "out.md"

    async def flow(pilot: Pilot[Any]) -> None:
        for name, expected_text in (
            (str(target), "wrote 12 runs"),
            (str(target), "already exists"),
            ("x.doc", "not written as .doc"),
            ("x", "in which format"),
        ):
            prompt = pilot.app.screen.query_one(Prompt)
            if not prompt.is_open:
                await pilot.press("e")
                await settled(pilot)
            entry: Any = prompt.query_one("Input")
            entry.value = name
            await pilot.press("enter")
            await settled(pilot)
            assert expected_text in shown(pilot)
            # What cannot be written is asked for again, with the name that was typed.
            is_written = expected_text.startswith("wrote")
            assert prompt.is_open != is_written and (is_written or entry.value == name)

    explore(small_catalog, flow)
    lines = target.read_text().splitlines()
    assert len(lines) == 14 and lines[0].startswith("| run | id | status | alias | metrics.val/loss")


@pytest.mark.parametrize("format", list(FORMATS))
def test_every_format_says_what_the_table_says(demo_catalog: Path, format: str) -> None:
    """Each format has a header and a line a run; JSON gives numbers back as they are."""
    with Reader(demo_catalog) as reader:
        keys = list(run_order(reader, RunsRequest()).keys)
        params, metrics, _ = columns(reader)
        started, took = Column("attribute", "started"), Column("attribute", "duration")
        headers, rows = table_of(reader, keys, [*params[:3], *metrics[:3], started, took])
        cells = run_rows(reader, keys, metrics[:3])
    text = write_table(format, headers, rows)
    assert headers[:3] == ["run", "id", "status"] and headers[-2:] == ["started", "duration_s"]
    for key, row in zip(keys, rows, strict=True):
        head = cells[key].head
        assert row[:3] == [head.name, head.id, head.status]
        assert datetime.fromisoformat(row[-2]).timestamp() * 1000 == pytest.approx(head.started_ms, abs=0.5)
        assert row[-1] is None if head.duration_ms is None else round(row[-1] * 1000) == head.duration_ms
        assert all(
            repr(number) in text
            for number in cells[key].cells.values()
            if isinstance(number, float) and 1e-4 < number < 1e15
        )
    if format == "json":
        records = orjson.loads(text)
        assert [record["run"] for record in records] == [row[0] for row in rows]
        assert records[5][headers[4]] == rows[5][4]
    else:
        extra = {"csv": 1, "tsv": 1, "md": 2, "tex": 6}[format]
        assert len(text.splitlines()) == len(rows) + extra and str(rows[3][0]) in text


def test_signs_of_the_format_are_written_as_themselves() -> None:
    """A value with the format's own signs stays one value."""
    rows = [['a|b,c\t&_%\n"x"', float("nan"), None, True]]
    headers = ["run", "x", "y", "z"]
    assert write_table("csv", headers, rows).startswith('run,x,y,z\n"a|b,c\t&_%\n""x""",nan,,true')
    assert "a\\|b,c" in write_table("md", headers, rows) and len(write_table("md", headers, rows).splitlines()) == 3
    assert "\\&\\_\\%" in write_table("tex", headers, rows)
    assert orjson.loads(write_table("json", headers, rows)) == [{"run": rows[0][0], "x": "nan", "y": None, "z": True}]


def test_a_change_is_for_marked_runs_also_where_the_filter_hides_them(small_catalog: Path, explore: Explore) -> None:
    """With two runs marked and hidden by the filter, the trash takes those two, never the run under the cursor."""

    async def flow(pilot: Pilot[Any]) -> None:
        screen = _screen(pilot)
        marked = list(screen.table.keys[:2])
        await pilot.press("space", "space", "slash", *"calm-otter-8", "enter")
        await settled(pilot)
        assert set(screen.reach().keys) == set(marked) and screen.table.key not in marked
        await pilot.press("X")
        await settled(pilot)
        assert "Trash 2 marked runs, both hidden by the filter: " in shown(pilot)
        await pilot.press("enter")
        await settled(pilot)
        assert "into the trash: 2 runs" in shown(pilot) and "1 of 10 runs" in shown(pilot)

    explore(small_catalog, flow)


def test_the_chooser_of_columns_says_what_it_did(small_catalog: Path, explore: Explore) -> None:
    """Nothing that is called so is said in the list, and a leaves the choice to artui with a word."""

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("C")
        await settled(pilot)
        await pilot.press("slash", *"qqqq")
        await settled(pilot)
        assert "no column is called so" in shown(pilot)
        await pilot.press("escape", "a")
        await settled(pilot)
        assert "artui chooses the columns again" in shown(pilot)

    explore(small_catalog, flow)


@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
def test_the_chooser_says_what_columns_hold_in_the_runs_in_sight(
    tmp_path: Path, explore: Explore, size: tuple[int, int]
) -> None:
    """How many runs have a value, from where to where numbers go, and the most frequent words."""
    path = tmp_path / "x.artui"
    with Catalog(path) as catalog, catalog.transaction() as connection:
        for number in range(12):
            params = {
                "kind": ("adam", "sgd", "adam")[number % 3],
                "lr": number / 100,
                "few": 1,
                "name_of": f"n{number}",
            }
            if number % 2:
                del params["few"]
            runs.start(connection, runs.NewRun(project="p", name=f"run-{number}", params=params))

    async def flow(pilot: Pilot[Any]) -> None:
        await settled(pilot)
        for where, lines in (
            ("", ("kind 12 adam 8 · sgd 4", "lr 12 0 … 0.11", "few 6 1", "name_of 12 12 values, each of one run")),
            ("lr < 0.03", ("kind 3 adam 2 · sgd 1", "lr 3 0 … 0.02", "few 2 1", "name_of 3 n0 1 · n1 1 · n2 1")),
        ):
            await pilot.press("slash", *where, "enter", "C")
            await settled(pilot)
            words = " ".join(shown(pilot).split())
            assert all(f"params.{line}" in words for line in lines), words
            assert f"column of {3 if where else 12} runs values" in words
            await pilot.press("escape")

    explore(path, flow, size=size)


def test_what_orders_the_table_is_in_sight_at_80_cells(small_catalog: Path, explore: Explore) -> None:
    """How old the newest run is needs no key; and wherever the table is scrolled to, the column with the arrow is there."""

    async def flow(pilot: Pilot[Any]) -> None:
        head, first = shown(pilot).splitlines()[2:4]
        end = head.index("age↑") + len("age↑")
        assert re.fullmatch(r" *\d+m", first[end - 5 : end])
        last = _ids(pilot)[-1]
        for _ in range(len(_ids(pilot))):
            await pilot.press("right")
            assert "age↑" in shown(pilot).splitlines()[2]
        assert _screen(pilot).table.column_id == last
        assert _screen(pilot).table.hidden_columns.right == 0
        await pilot.press("s", *["left"] * len(_ids(pilot)))
        await settled(pilot)
        head = shown(pilot).splitlines()[2]
        assert re.search("[↑↓]", head) and " age" not in head

    explore(small_catalog, flow, size=(80, 24))


@pytest.mark.parametrize(
    "chosen",
    [
        ("metric.min:val/loss", "param:lr"),
        ("metric.count:val/loss", "metric:val/loss"),
        ("attribute:note", "attribute:id", "tag:kept"),
        ("param:optimizer", "metric.max:val/acc", "attribute:alias"),
    ],
)
def test_cells_hold_what_the_catalog_has_whatever_was_read_before(
    small_catalog: Path, explore: Explore, chosen: tuple[str, ...]
) -> None:
    """Rows that were read for other columns, at the start or a moment ago, are never taken for rows without values."""
    with Reader(small_catalog) as reader:
        keys = run_order(reader, RunsRequest("")).keys
        with Catalog(small_catalog) as catalog, events.editing(catalog, "notes") as edit:
            for run_id in run_ids(reader, keys):
                edit.set_note(run_id, "seen")
                edit.tag(run_id, "kept", "yes")
        arrangement = Arrangement(columns=chosen, sorts=(Sort(chosen[0]),))
        keep_arrangement(f"{reader.catalog_id} {reader.path}", arrangement)
    with Reader(small_catalog) as reader:
        stale = run_rows(reader, keys, [])

    def assert_whole(screen: RunsScreen) -> None:
        every = {column.id: column for column in all_columns(screen.state)}
        with Reader(small_catalog) as reader:
            of_catalog = run_rows(reader, keys, [every[column_id] for column_id in chosen])
        for key in keys:
            row = screen.table.row_of(key)
            assert row is not None and set(chosen) <= row.read
            # As texts: NaN is itself there.
            cells, wanted = row.cells, of_catalog[key].cells
            assert [repr(cells.get(name)) for name in chosen] == [repr(wanted.get(name)) for name in chosen]

    async def flow(pilot: Pilot[Any]) -> None:
        screen = _screen(pilot)
        table = screen.table
        assert_whole(screen)
        before = shown(pilot)
        table.put_rows(stale)
        # What is not known yet is neither a value nor none.
        for y in range(2, 8):
            line = "".join(segment.text for segment in table.render_line(y))
            assert line.count("…") == len(chosen)
        await settled(pilot)
        assert_whole(screen)
        assert shown(pilot) == before

    explore(small_catalog, flow, size=(200, 50))


def test_the_cursor_stays_on_its_run_where_a_filter_ends_or_a_change_is_taken_back(
    small_catalog: Path, explore: Explore
) -> None:
    """Esc leads back to the whole table at the run one went to, or where one was; undo to the run that it brings back."""

    async def flow(pilot: Pilot[Any]) -> None:
        async def press(*keys: str) -> None:
            await pilot.press(*keys)
            await settled(pilot)

        table = _screen(pilot).table
        await press(*["down"] * 7)
        before = table.key
        await press("slash", *"optimizer = sgd", "enter")
        assert table.cursor == 0 and table.key != before
        await press("escape")
        assert table.key == before and table.cursor == 7
        await press("slash", *"optimizer = sgd", "enter")
        await press("down")
        there = table.key
        await press("escape")
        assert table.key == there and len(table.keys) == 12
        await press("X")
        await press("home")
        assert there not in table.keys
        await press("u")
        assert table.key == there

    explore(small_catalog, flow)


@pytest.mark.parametrize("place", [1, 2, 3])
def test_what_groups_are_named_by_has_no_column_beside(small_catalog: Path, explore: Explore, place: int) -> None:
    """It stands in place of the names, and is where it was once runs are in no groups; what is moved, pinned or hidden meanwhile is what is seen."""
    by = "param:optimizer"

    async def flow(pilot: Pilot[Any]) -> None:
        async def press(*keys: str) -> None:
            await pilot.press(*keys)
            await settled(pilot)

        await settled(pilot)
        screen = _screen(pilot)
        others = [column.id for column in screen.shown_columns() if column.id != by][:5]
        screen.choose_shown([*others[: place - 1], by, *others[place - 1 :]])
        await press(*["right"] * place, "g", "c")
        assert shown_ids(screen.table.view) == others and screen.shown_columns()[place - 1].id == by
        await press(*["left"] * place, "s")
        assert screen.state.request.sort.column == by and "by optimizer ↑" in shown(pilot)
        values = [group.values[0] for group in screen.state.groups]
        assert values == ["adam", "sgd", None]

        # The first column goes behind the second, both are pinned, and the third is hidden.
        await press("right", "greater_than_sign", "P")
        assert shown_ids(screen.table.view) == [others[1], others[0], *others[2:]]
        assert screen.table.column == 2 and screen.table.view.pinned == 2
        await press("right", "minus")
        assert shown_ids(screen.table.view) == [others[1], others[0], *others[3:]]
        await press("g", "u")
        left = [column_id for column_id in shown_ids(screen.table.view) if column_id != by]
        assert left == [others[1], others[0], *others[3:]] and by in shown_ids(screen.table.view)

    explore(small_catalog, flow, size=(200, 50))
