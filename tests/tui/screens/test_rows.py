"""Tables of artifacts as rows: walked, sorted, searched, drawn, and what cannot be read said."""

from __future__ import annotations

import gzip
import json
import random
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

import artui
from artui.catalog import Catalog
from artui.query.artifacts import previews
from artui.query.columns import summed_up
from artui.query.pictures import picture_of
from artui.query.reader import Reader
from artui.query.references import find_version
from artui.tui.messages import Link
from artui.tui.screens.artifact import ArtifactScreen
from artui.tui.screens.rows import RowsScreen, is_table
from artui.tui.screens.runs.screen import RunsScreen
from artui.tui.screens.table_picture import SpreadScreen, TablePictureScreen, _curve
from artui.tui.screens.text import TextScreen
from artui.tui.widgets.lines import LineList
from artui.units import number_text
from tests.tui.looking import HOSTILE, on, settled, shown

Explore = Callable[..., None]
COUNT = 300


def _rows() -> list[tuple[Any, ...]]:
    chance = random.Random(3)
    return [
        (number, round(chance.gauss(0, 10), chance.randint(0, 4)), "" if number % 7 == 0 else f"name {number % 5}", *(chance.randint(0, 9) for _ in range(30)))
        for number in range(COUNT)
    ]  # fmt: skip


NAMES = ["id", "size", "label", *(f"pixel{place}" for place in range(30))]


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    """A catalog of one version with tables of several kinds."""
    folder = tmp_path / "t"
    folder.mkdir()
    text = "\n".join(",".join(map(str, row)) for row in [NAMES, *_rows()]) + "\n"
    (folder / "a.csv").write_text(text)
    (folder / "b.csv.gz").write_bytes(gzip.compress("\n".join(f"{i},{i * i}" for i in range(40)).encode()))
    (folder / "c.jsonl").write_text('{"x": 1, "t": "\\u001b[31mred [/oops]"}\n{"x": null, "t": "b"}\n')
    (folder / "d.csv").write_text(f'"{HOSTILE.replace(chr(34), "")}",b\n1,2\n')
    (folder / "e.npy").write_bytes(b"no array")
    (folder / "f.csv").write_text("")
    with artui.start_run(project="p", catalog=tmp_path / "c.artui", console=False, code=False) as run:
        run.save("tables", folder, kind="dataset")
    return tmp_path / "c.artui"


async def _open(pilot: Pilot[Any], path: str) -> None:
    app: Any = pilot.app
    # The environment is a version as well, and may come first.
    with app.reader.reading() as connection:
        question = "SELECT v.key FROM version v JOIN artifact a ON a.key = v.artifact_key WHERE a.kind = 'dataset'"
        (key,) = connection.execute(question).fetchone()
    app.follow(Link("file", f"{key}:{path}"))
    while not (
        isinstance(app.screen, TextScreen) or (isinstance(app.screen, RowsScreen) and app.screen._content is not None)
    ):
        await pilot.pause()
    await settled(pilot)


def test_a_table_is_walked_sorted_and_searched(tables: Path, explore: Explore) -> None:
    """Columns to both sides, rows in the order of a column both ways and back, rows that hold words; counts are true."""
    rows = _rows()

    async def flow(pilot: Pilot[Any]) -> None:
        await _open(pilot, "a.csv")
        screen = on(pilot, RowsScreen)
        grid = screen.grid
        assert f"{COUNT} rows × 33 columns" in shown(pilot) and "column 1 of 33" in shown(pilot)
        await pilot.press("right", "s")
        await settled(pilot)
        sizes = [row[1] for row in rows]
        assert [sizes[place] for place in grid.places] == sorted(sizes) and "size ↑" in shown(pilot)
        summary = summed_up(sizes)
        assert f"mean {number_text(summary.mean or 0)}" in shown(pilot) and "size  number" in shown(pilot)
        await pilot.press("s")
        await settled(pilot)
        assert [sizes[place] for place in grid.places] == sorted(sizes, reverse=True) and "size ↓" in shown(pilot)
        await pilot.press("s")
        await settled(pilot)
        assert list(grid.places) == list(range(COUNT)) and "size ↓" not in shown(pilot)
        await pilot.press("slash", *"name", "space", "3", "enter")
        await settled(pilot)
        expected = [
            i
            for i, row in enumerate(rows)
            if any("name" in str(cell) for cell in row) and any("3" in str(cell) for cell in row)
        ]
        assert list(grid.places) == expected and f"{len(expected)} of {COUNT} rows" in shown(pilot)
        await pilot.press("right", "G")
        await settled(pilot)
        assert grid.cell == rows[expected[-1]][2]
        await pilot.press("escape")
        await settled(pilot)
        assert list(grid.places) == list(range(COUNT)) and on(pilot, RowsScreen) is screen
        await pilot.press("dollar_sign")
        await settled(pilot)
        assert grid.column == 32 and "pixel29" in shown(pilot) and "← " in shown(pilot)
        await pilot.press("0")
        await settled(pilot)
        assert grid.column == 0 and " →" in shown(pilot)
        await pilot.press("f")
        await settled(pilot)
        on(pilot, TablePictureScreen)
        await pilot.press("escape", "right", "F")
        await settled(pilot)
        described = on(pilot, SpreadScreen).described
        sizes = [row[1] for row in rows]
        assert described.column.name == "size" and sum(described.bins) == COUNT == described.total
        assert described.quantiles is not None and (described.quantiles.smallest, described.quantiles.largest) == (
            min(sizes),
            max(sizes),
        )
        assert "size   300 rows" in shown(pilot) and "▸" in shown(pilot) and not described.is_log
        await pilot.press("O")
        await settled(pilot)
        assert "some here are not" in shown(pilot) and not on(pilot, SpreadScreen).described.is_log
        await pilot.press("escape")
        await settled(pilot)
        await pilot.press("slash", *"name", "space", *"3", "enter")
        await settled(pilot)
        await pilot.press("right", "F")
        await settled(pilot)
        described = on(pilot, SpreadScreen).described
        shown_names = Counter(rows[place][2] for place in grid.places if rows[place][2])
        assert dict(described.frequencies) == shown_names and described.total == len(grid.places) < COUNT
        assert "log x" not in shown(pilot), "names have no logarithmic axis"
        await pilot.press("escape", "escape", "0", "tab")
        await settled(pilot)
        assert "id,size,label" in shown(pilot)
        on(pilot, TextScreen)
        await pilot.press("escape", "escape")
        await settled(pilot)
        on(pilot, RunsScreen)

    explore(tables, flow)


@pytest.mark.parametrize("size", [(80, 24), (40, 10), (200, 50)])
def test_numbers_stand_under_each_other(tables: Path, explore: Explore, size: tuple[int, int]) -> None:
    """The points of a column are in one cell, and every number that is in sight is the file's."""
    rows = _rows()

    async def flow(pilot: Pilot[Any]) -> None:
        await _open(pilot, "a.csv")
        lines = shown(pilot).split("\n")
        at = next(i for i, line in enumerate(lines) if " id " in line)
        seen = lines[at + 1 : at + 6]
        places = {line.index(".") for line in seen if "." in line}
        assert len(places) == 1
        for line, row in zip(seen, rows, strict=False):
            assert line.split()[1] == str(row[0]) and float(line.split()[2]) == pytest.approx(row[1], rel=1e-5)

    explore(tables, flow, size=size)


def test_packed_lines_and_hostile_tables(tables: Path, explore: Explore) -> None:
    """gzip without a header, JSON lines, escapes in cells and names; what is no table is shown as text or said."""

    async def flow(pilot: Pilot[Any]) -> None:
        await _open(pilot, "b.csv.gz")
        assert "40 rows × 2 columns" in shown(pilot) and "no header" in shown(pilot)
        await pilot.press("escape")
        await _open(pilot, "c.jsonl")
        assert (
            "2 rows × 2 columns" in shown(pilot)
            and "·" in shown(pilot)
            and "red [/oops]" in shown(pilot)
            and "\x1b" not in shown(pilot)
        )
        await pilot.press("f")
        await settled(pilot)
        assert ": always " in shown(pilot) and ", in 2 rows." in shown(pilot) and "\x1b" not in shown(pilot)
        await pilot.press("escape")
        await _open(pilot, "d.csv")
        assert "1 row × 2 columns" in shown(pilot) and "\x1b" not in shown(pilot) and "\u202e" not in shown(pilot)
        await pilot.press("escape")
        await _open(pilot, "e.npy")
        on(pilot, TextScreen)
        await pilot.press("escape")
        await _open(pilot, "f.csv")
        assert type(pilot.app.screen) in (RowsScreen, TextScreen)
        await pilot.press("s", "right", "dollar_sign", "G", "pagedown", "y")
        await settled(pilot)

    explore(tables, flow)


def test_bytes_that_are_gone_leave_the_preview(
    tmp_path: Path, explore: Explore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a table that is not here any more the rows that were seen when it was saved are shown, and why."""
    monkeypatch.setenv("ARTUI_EMBED_LIMIT_BYTES", "1")
    place = tmp_path / "big.csv"
    place.write_text("x,y\n" + "".join(f"{i},{i}\n" for i in range(200)))
    with artui.start_run(project="p", catalog=tmp_path / "c.artui", console=False, code=False) as run:
        run.save("big", place, kind="dataset")
    place.unlink()

    async def flow(pilot: Pilot[Any]) -> None:
        await _open(pilot, "big.csv")
        assert "50 rows × 2 columns" in shown(pilot) and "'big.csv' is gone" in shown(pilot)

    explore(tmp_path / "c.artui", flow, size=(200, 50))


def test_a_click_chooses_a_cell_and_sorts(tables: Path, explore: Explore) -> None:
    """A click on a cell goes there; one on the name of the current column sorts by it; the wheel scrolls."""

    async def flow(pilot: Pilot[Any]) -> None:
        await _open(pilot, "a.csv")
        grid = on(pilot, RowsScreen).grid
        lines = shown(pilot).split("\n")
        top = next(i for i, line in enumerate(lines) if " id " in line)
        x = lines[top].index("label")
        await pilot.click(offset=(x, top + 3))
        await settled(pilot)
        assert (grid.row, grid.column) == (2, 2)
        await pilot.click(offset=(x, top))
        await settled(pilot)
        assert grid.sorted_column == 2

    explore(tables, flow)


def test_no_text_is_cut_where_there_is_room(tmp_path: Path, explore: Explore) -> None:
    """A long text is whole where all columns fit; where they do not, the last one in sight takes what is left, and the cursor brings it whole."""
    path, text = tmp_path / "t.csv", "broken and returned and mended and sent out once more"
    path.write_text(f"id,comment,ok\n1,{text},yes\n")
    with artui.start_run(project="p", catalog=tmp_path / "x.artui") as run:
        run.save("t", path, kind="dataset")

    async def flow(pilot: Pilot[Any]) -> None:
        await _open(pilot, "t.csv")
        assert text in shown(pilot) and "yes" in shown(pilot) and "more →" not in shown(pilot)
        await pilot.resize_terminal(34, 24)
        await settled(pilot)
        # In a third of the width the comment is cut, not left out; from it on, it has its usual width.
        rows = shown(pilot).splitlines()
        assert any("broken and re" in row and "…" in row for row in rows) and not any("yes" in row for row in rows)
        await pilot.press("right")
        await settled(pilot)
        assert on(pilot, RowsScreen).grid.hidden_columns[0] == 1

    explore(tmp_path / "x.artui", flow, size=(100, 24))


def test_which_files_are_tables() -> None:
    """By their names, in any case, packed or not."""
    assert all(map(is_table, ("a.csv", "A.TSV", "x/y.jsonl.gz", "t.parquet", "n.npy"))) and not any(
        map(is_table, ("a.txt", "csv", "m.npz", "a.csv.bak"))
    )


def test_a_file_without_a_preview_is_looked_at_when_it_is_opened(demo_catalog: Path, explore: Explore) -> None:
    """As after an import: what is seen is that which is kept where a preview was captured."""
    with Reader(demo_catalog) as reader:
        head = find_version(reader, "digits-model:v2")
        [captured] = previews(reader, head.key).values()
        assert captured.kind == "tensors"
    with Catalog(demo_catalog) as catalog, catalog.transaction() as connection:
        connection.execute("DELETE FROM preview")

    async def flow(pilot: Pilot[Any]) -> None:
        pilot.app.push_screen(TextScreen(head.key, "model.safetensors"))
        await settled(pilot)
        assert captured.title in shown(pilot) and "what is seen of it" in shown(pilot)

    explore(demo_catalog, flow)


@pytest.fixture
def versions(tmp_path: Path) -> Path:
    """A catalog of versions of which some hold what can be drawn."""
    path = tmp_path / "v.artui"
    files = {
        "split": {
            "notes.txt": "words",
            "test.csv": "label,p0\n3,5\n1,9\n3,2\n",
            "val.csv": "step,loss\n1,5\n2,4\n3,2\n",
        },
        "people": {"ids.csv": "id,team\n" + "".join(f"p{row},t{row % 3}\n" for row in range(1200))},
        "model": {"model.json": json.dumps({"mean": list(range(60))})},
    }
    with artui.start_run(project="p", catalog=path, console=False, code=False) as run:
        for name, texts in files.items():
            folder = tmp_path / name
            folder.mkdir()
            for file, text in texts.items():
                (folder / file).write_text(text)
            run.save(name, folder, kind="dataset")
    return path


async def _press(pilot: Pilot[Any], *keys: str) -> str:
    for key in keys:
        await pilot.press(key)
        await settled(pilot)
    return shown(pilot)


def test_a_line_ends_where_there_are_no_rows() -> None:
    """Where rows are missing from the x axis no line is drawn, whatever part of it is in sight; a course of uneven steps has no gap."""
    rows = [*range(2000), *range(5000, 5100)]
    picture = picture_of("id,income\n" + "".join(f"{x},{x % 7}\n" for x in rows))
    assert picture is not None
    for window in (None, (1500.0, 5050.0)):
        curve = _curve(picture, 1, window)
        (at,) = curve.breaks
        assert curve.xs[at - 1] < 2000 and curve.xs[at] >= 5000
    for steps in ([2**power for power in range(20)], [0, 1, 2, 500], range(300)):
        even = picture_of("x,y\n" + "".join(f"{x},1\n" for x in steps))
        assert even is not None and not _curve(even, 1, None).breaks


@pytest.mark.parametrize("size", [(80, 24)])
def test_f_draws_what_is_under_the_cursor(size: tuple[int, int], versions: Path, explore: Explore) -> None:
    """tab goes to the first file; f draws the file under the cursor, or else one that can be drawn, a column where it is no picture as a whole; where none can, it is not offered, and says so."""

    async def press(pilot: Pilot[Any], *keys: str) -> str:
        for key in keys:
            await pilot.press(key)
            await settled(pilot)
        return shown(pilot)

    async def flow(pilot: Pilot[Any]) -> None:
        await press(pilot, "2", "slash", *"split", "enter", "enter")
        screen = on(pilot, ArtifactScreen)
        holds = screen.query_one("#holds", LineList)
        text = await press(pilot, "f")
        assert on(pilot, TablePictureScreen) and "val.csv" in text and "x is step" in text and "last row 2" in text
        assert "x axis" not in text
        text = await press(pilot, "escape", "tab")
        assert holds.link is not None and holds.link.id.endswith(":notes.txt") and "f draw" in text
        await press(pilot, "down")
        assert holds.link is not None and holds.link.id.endswith(":test.csv")
        text = await press(pilot, "f")
        assert on(pilot, SpreadScreen) and "test.csv  column 1 of 2" in text and "label" in text
        text = await press(pilot, "O")
        described = on(pilot, SpreadScreen).described
        assert described.is_log and sum(described.bins) == 3 and "3 rows · log x" in text
        await press(pilot, "escape", "down", "f")
        assert on(pilot, TablePictureScreen) and "val.csv" in shown(pilot).splitlines()[0]
        # A column that names the rows tells nothing.
        await press(pilot, "escape", "escape", "escape", "escape", "slash", *"people", "enter", "enter")
        text = await press(pilot, "f")
        assert on(pilot, SpreadScreen) and "ids.csv  column 2 of 2" in text and "400 of 1,200 rows, 33.3 %" in text
        await press(pilot, "escape", "escape", "escape", "slash", *"model", "enter", "enter")
        text = await press(pilot, "tab")
        assert on(pilot, ArtifactScreen) and "f draw" not in text
        assert "can be drawn: f draws tables" in await press(pilot, "f")

    explore(versions, flow, size=size)


def test_a_filter_without_matches_says_how_to_clear_it(tables: Path, explore: Explore) -> None:
    """No row has the words: that is said instead of rows, and by the keys that draw; a table without rows says that."""

    async def flow(pilot: Pilot[Any]) -> None:
        await _open(pilot, "a.csv")
        await pilot.press("slash", *"zebra", "enter")
        await settled(pilot)

        assert "No row matches zebra. esc clears the filter." in shown(pilot)
        await pilot.press("F")
        await settled(pilot)
        assert shown(pilot).count("No row matches zebra. esc clears the filter.") == 2 and on(pilot, RowsScreen)
        await pilot.press("escape")
        await settled(pilot)
        assert "No row matches" not in shown(pilot).rpartition("\n")[0] and f"{COUNT} rows" in shown(pilot)

    explore(tables, flow)


def test_rows_are_filtered_by_conditions_and_by_the_cell_under_the_cursor(tables: Path, explore: Explore) -> None:
    """The words of the filter language on the columns of the file; what is wrong is said with what to write; = adds a condition."""
    rows = _rows()

    async def flow(pilot: Pilot[Any]) -> None:
        await _open(pilot, "a.csv")
        grid = on(pilot, RowsScreen).grid
        await pilot.press("slash", *"size", "space", *">", "space", *"5", "space", *"and", "space", *"label")
        await settled(pilot)
        assert [rows[place][1] > 5 for place in grid.places].count(False) == 0 < len(grid.places) < COUNT
        await pilot.press("space", *"=", "space", *"'name", "space", *"3'", "enter")
        await settled(pilot)
        expected = [i for i, row in enumerate(rows) if row[1] > 5 and row[2] == "name 3"]
        assert list(grid.places) == expected and f"{len(expected)} of {COUNT} rows" in shown(pilot)
        await pilot.press("escape", "slash", *"siz", "space", *">", "space", *"5", "enter")
        await settled(pilot)
        assert "No column is named siz. Did you mean size?" in shown(pilot) and "^^^" in shown(pilot)
        await pilot.press("escape")
        await settled(pilot)
        await pilot.press("right", "right", "down", "equals_sign")
        await settled(pilot)
        await pilot.press("right", "equals_sign")
        await settled(pilot)
        second = 1
        expected = [i for i, row in enumerate(rows) if row[2] == "name 1" and row[3] == rows[second][3]]
        assert list(grid.places) == expected, on(pilot, RowsScreen).filter.words
        assert on(pilot, RowsScreen).filter.words == f'label = "name 1" and pixel0 = {rows[second][3]}'
        await pilot.press("equals_sign")
        assert "have this value" in shown(pilot)

    explore(tables, flow)


_DAY = date(2023, 1, 5)


def test_numbers_are_those_of_the_file_and_the_sum_is_of_the_rows_in_sight(tmp_path: Path, explore: Explore) -> None:
    """26465.02 is no 26465, and 0.1 + 0.2 has as many digits as those beside it, in full below; where words filter the rows, what stands below a column is about these."""
    place = tmp_path / "people.csv"
    noisy = 43426.350000000006
    place.write_text("city,age,income,joined,tag\n" + "".join(f"{'Oslo' if i % 4 else 'Rome'},{20 + i},{noisy if i == 2 else 26465.02 + i},{_DAY + timedelta(days=11 * i)},w{i}\n" for i in range(40)))  # fmt: skip
    with artui.start_run(project="p", catalog=tmp_path / "c.artui", console=False, code=False) as run:
        run.save("people", place, kind="dataset")
    rome = [20 + i for i in range(40) if not i % 4]

    async def flow(pilot: Pilot[Any]) -> None:
        await _open(pilot, "people.csv")
        assert "26465.02" in shown(pilot) and "26504.02" not in shown(pilot).splitlines()[5]
        assert "43426.35" in shown(pilot).split() and "43426.4" not in shown(pilot) and str(noisy) not in shown(pilot)
        await pilot.press("l", "l", "j", "j")
        await settled(pilot)
        assert f"here {noisy}" in shown(pilot)
        await pilot.press("h", "h", "g")
        await pilot.press("slash", *"Rome", "enter", "l")
        await settled(pilot)
        text = shown(pilot)
        assert "10 of 40 rows" in text and "10 values" in text
        assert "city: always Rome, in 10 rows" in await _press(pilot, "h", "F") and on(pilot, RowsScreen)
        assert f"{min(rome)} to {max(rome)}" in text and f"median {sum(rome) / len(rome):.0f}" in text

        # A date is a time, whose months stand in their order.
        text = await _press(pilot, "escape", "l", "l", "l", "F")
        described = on(pilot, SpreadScreen).described
        assert sum(described.bins) == 40 and len(described.bins) > 10 and "2023-01-05" in text and "2024-03" in text

    explore(tmp_path / "c.artui", flow, size=(120, 36))
