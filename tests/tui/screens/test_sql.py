"""The screen of SQL: typed, asked, looked through, taken along, and whatever a value holds shown as text."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.events import Paste
from textual.pilot import Pilot

from artui.errors import UsageError
from artui.query.reader import Reader
from artui.query.sql.asking import beginning_of
from artui.query.sql.relations import EXAMPLES
from artui.query.sql.tokens import statement_at
from artui.safetext import cells_of, is_hidden
from artui.tui.screens import sql as sqlscreen
from artui.tui.screens.artifact import ArtifactScreen
from artui.tui.screens.run import RunScreen
from artui.tui.screens.runs.screen import RunsScreen
from artui.tui.screens.sql import SqlScreen
from artui.tui.screens.value import ValueScreen
from artui.tui.state.history import SQL, filters_used
from artui.tui.widgets.grid import Grid
from artui.tui.widgets.sqlentry import SqlLine
from tests.tui.looking import on, settled, shown

Explore = Callable[..., None]
ENDLESS = "WITH RECURSIVE a(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM a) SELECT max(x) FROM a"
MANY = "WITH RECURSIVE a(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM a LIMIT 5000) SELECT x, 'row ' || x AS name, x / 7.0 AS part FROM a"
HOSTILE = (
    "SELECT char(27) || ']0;pwned' || char(7, 0, 155, 8238) AS \"\x1b[31mred\", X'00ff' AS b, NULL AS none, '' AS empty, 9223372036854775807 AS n, "
    "9e999 AS inf, CAST(X'ff41' AS TEXT) AS bad, printf('%.1100000c', 'x') AS long, '[/oops]' AS b, 1790000000000 AS at_ms UNION ALL SELECT 1, 2, 'nan', 'x', -1, 0.5, 'a', 'y', 'z', NULL"
)


async def _ask(pilot: Pilot[Any], query: str) -> SqlScreen:
    """Ask something on the screen, as if it had been typed."""
    app: Any = pilot.app
    if not isinstance(app.screen, SqlScreen):
        await pilot.press("Q")
        await settled(pilot)
    screen = on(pilot, SqlScreen)
    screen.line.type(query)
    await pilot.press("enter")
    await settled(pilot)
    return screen


def test_what_one_can_begin_with_is_asked_and_changed(small_catalog: Path, explore: Explore) -> None:
    """The empty screen has examples and views; one that is chosen becomes the query; all of them can be asked."""
    with Reader(small_catalog) as reader:
        for _, query in EXAMPLES:
            beginning_of(reader, query, seconds=5, most_rows=10, most_bytes=1000)

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("Q")
        await settled(pilot)
        screen = on(pilot, SqlScreen)
        assert "to begin with" in shown(pilot) and "runs by day" in shown(pilot) and "one row for each run" in shown(pilot)  # fmt: skip
        assert on(pilot, SqlScreen).line.is_typing
        await pilot.press("down", *["down"] * len(EXAMPLES))
        await settled(pilot)
        assert "columns  id, name, project, status" in shown(pilot)
        await pilot.press("enter")
        await settled(pilot)
        assert screen.line.entry.text == "SELECT * FROM runs" and "12 rows × 17 columns" in shown(pilot)
        assert isinstance(pilot.app.focused, Grid) and "to begin with" not in shown(pilot)
        await pilot.press("escape")
        await settled(pilot)
        on(pilot, RunsScreen)
        await pilot.press("Q")
        await settled(pilot)
        assert on(pilot, SqlScreen).line.entry.text == "SELECT * FROM runs" and "asked lately" in shown(pilot)

    explore(small_catalog, flow, size=(120, 50))


def test_typing_completes_and_brings_back(small_catalog: Path, explore: Explore) -> None:
    """Tab puts the chosen name in place, enter asks, ctrl+j begins a line, the arrows walk through what was asked."""

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("Q", *"sel", "tab")
        await settled(pilot)
        entry = on(pilot, SqlScreen).line.entry
        assert entry.text == "select "
        await pilot.press(*"sta", "ctrl+n", "tab", *"from run", "tab", "ctrl+j", *"where st", "tab", *"= 'failed' / 1")
        assert entry.text == "select stage from runs \nwhere status = 'failed' / 1"
        await pilot.press("enter")
        await settled(pilot)
        assert "0 rows × 1 column" in shown(pilot) and "gave no row" in shown(pilot) and entry.has_focus
        # An error is said with its remedy; the query stays, and what it gave before, too.
        entry.put("select nam from runs")
        await pilot.press("enter")
        await settled(pilot)
        assert "no such column: nam" in shown(pilot) and "Did you mean name?" in shown(pilot) and entry.text == "select nam from runs"  # fmt: skip
        await pilot.press("up")
        assert entry.text.startswith("select stage") and filters_used(SQL) == [entry.text]
        await pilot.press("down", "down")
        assert entry.text == "select nam from runs"
        await pilot.press("down", "down")
        await settled(pilot)
        assert isinstance(pilot.app.focused, Grid)
        for refused, said in (("DELETE FROM run", "something else than read"), ("PRAGMA query_only=0", "something else"), ("SELECT zeroblob(1000000000)", "zeroblob")):  # fmt: skip
            await _ask(pilot, refused)
            assert said in shown(pilot) and entry.text == refused

    explore(small_catalog, flow)


def test_a_query_that_runs_says_so_and_is_stopped(
    small_catalog: Path, explore: Explore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Esc ends it at once, the screen stays, other keys work meanwhile; one that takes too long ends by itself."""
    monkeypatch.setattr(sqlscreen, "_SAID_AFTER", 0.01)

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("Q")
        screen = on(pilot, SqlScreen)
        screen.line.type(ENDLESS)
        await pilot.press("enter")
        while "esc stops it" not in shown(pilot):
            await asyncio.sleep(0.01)
            await pilot.pause()
        began = time.monotonic()
        await pilot.press("escape")
        await settled(pilot)
        assert time.monotonic() - began < 5 and on(pilot, SqlScreen) is screen and "Stopped." in shown(pilot)
        assert "asking" not in shown(pilot) and screen.line.entry.text == ENDLESS
        monkeypatch.setattr(sqlscreen, "SECONDS", 0.05)
        await _ask(pilot, ENDLESS)
        assert "longer than 0.05 seconds" in shown(pilot)
        monkeypatch.setattr(sqlscreen, "SECONDS", 20.0)
        await _ask(pilot, "SELECT 1 AS one")
        assert "1 row × 1 column" in shown(pilot)
        # What is typed on meanwhile is not interrupted by the answer.
        screen.line.type("SELECT 2 AS two, 3 AS three")
        screen.on_sql_line_asked(SqlLine.Asked(statement_at("SELECT 2 AS two, 3 AS three", 0)))
        screen.line.entry.insert("x")
        await settled(pilot)
        assert "1 row × 2 columns" in shown(pilot) and screen.line.is_typing and screen.line.entry.text.endswith("threex")  # fmt: skip

    explore(small_catalog, flow)


def test_the_palette_leads_to_it_and_a_paste_stays_as_it_is(small_catalog: Path, explore: Explore) -> None:
    """Its name and others find it; lines of any system and what is hidden in them are kept, drawn as one letter each."""

    async def flow(pilot: Pilot[Any]) -> None:
        await pilot.press("colon", *"database", "enter")
        await settled(pilot)
        line = on(pilot, SqlScreen).line
        pilot.app.post_message(Paste("select 'a\x1b[31mb\u202e' as t,\r\n\t1 as one -- \r\nfrom runs where st"))
        await settled(pilot)
        assert "a␛[31mb?" in shown(pilot) and not [letter for letter in shown(pilot) if is_hidden(letter) and letter != "\n"]  # fmt: skip
        await pilot.press("tab", *"is not null limit 1", "enter")
        await settled(pilot)
        assert line.entry.query_text.endswith("from runs where status is not null limit 1") and "1 row × 2 columns" in shown(pilot)  # fmt: skip
        assert on(pilot, SqlScreen).grid.cell == "a\x1b[31mb\u202e" and "a␛[31mb<U+202E>" in shown(pilot)

    explore(small_catalog, flow)


def test_a_long_answer_is_walked_sorted_filtered_and_written(
    small_catalog: Path, explore: Explore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of more than is held the file has all, of a filter what it shows."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sqlscreen, "MAX_ROWS", 4_990)

    async def flow(pilot: Pilot[Any]) -> None:
        screen = await _ask(pilot, MANY)
        assert "the first 4,990 rows × 3 columns" in shown(pilot)
        await pilot.press("G")
        await settled(pilot)
        assert screen.grid.cell == 4_990 and "row 4990" in shown(pilot)
        await pilot.press("e", *"all.csv", "enter")
        await settled(pilot)
        assert Path("all.csv").read_text().count("\n") == 5_001
        await pilot.press("slash", *"x < 4", "enter", "s", "s")
        await settled(pilot)
        assert "3 of 4,990 rows" in shown(pilot)
        await pilot.press("e", *"few.jsonl", "enter")
        await settled(pilot)
        assert [line.split(",")[0] for line in Path("few.jsonl").read_text().splitlines()] == ['{"x":3', '{"x":2', '{"x":1']  # fmt: skip
        # What is there already is asked for again.
        await pilot.press("e", *"few.jsonl", "enter")
        await settled(pilot)
        assert "is there already" in shown(pilot)
        await pilot.press("escape")
        await pilot.press("escape")
        await settled(pilot)
        assert len(screen.grid.places) == 4_990 and on(pilot, SqlScreen) is screen

    explore(small_catalog, flow)


def test_writing_all_of_a_long_answer_is_stopped(
    small_catalog: Path, explore: Explore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Esc ends it; no part of a file is left, and the answer stays."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sqlscreen, "MAX_ROWS", 10)

    async def flow(pilot: Pilot[Any]) -> None:
        screen = await _ask(pilot, "WITH RECURSIVE a(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM a) SELECT x FROM a")
        assert "the first 10 rows" in shown(pilot)
        await pilot.press("e", *"endless.csv", "enter")
        while "esc stops it" not in shown(pilot) or not _is_writing(screen):
            await asyncio.sleep(0.01)
            await pilot.pause()
        await pilot.press("escape")
        await settled(pilot)
        assert "nothing was written" in shown(pilot) and on(pilot, SqlScreen) is screen and not _is_writing(screen)
        assert not list(tmp_path.glob("*endless*")) and not list(tmp_path.glob(".*endless*"))

    explore(small_catalog, flow)


def _is_writing(screen: SqlScreen) -> bool:
    return screen._writing is not None


def test_whatever_a_value_holds_is_text(small_catalog: Path, explore: Explore) -> None:
    """No hidden letter reaches the screen; each kind of value has its form, and enter shows all of it, y copies it."""
    copied: list[str] = []

    async def flow(pilot: Pilot[Any]) -> None:
        pilot.app.copy_to_clipboard = copied.append  # type: ignore[assignment, method-assign]
        screen = await _ask(pilot, HOSTILE)
        text = shown(pilot)
        assert not [letter for letter in text if is_hidden(letter) and letter != "\n"]
        assert "2 rows × 10 columns" in text and "␛[31mred" in text and "␛]0;pwned␇␀<U+009B><U+202E>" in text
        assert "X'00ff'" in text and "9223372036854775807" in text and "b_2" in text
        assert screen.grid.names[1] == "b" and screen.grid.names[8] == "b_2"
        await pilot.press("right", "y")
        assert copied == ["X'00ff'"]
        await pilot.press(*["right"] * 4)
        await settled(pilot)
        assert "∞" in shown(pilot)
        await pilot.press("right", "right")
        await settled(pilot)
        assert screen.grid.names[screen.grid.column] == "long" and "1,100,000 letters" in shown(pilot)
        await pilot.press("y")
        assert len(copied) == 1 and "too much for a clipboard" in shown(pilot)
        await pilot.press("enter")
        await settled(pilot)
        assert "xxxxxxxxxx" in shown(pilot)
        on(pilot, ValueScreen)
        await pilot.press("escape", "right", "right")
        await settled(pilot)
        assert "2026-09-21" in shown(pilot) and "UTC" in shown(pilot)
        wide = "SELECT " + ", ".join(f"{number} AS c{number}" for number in range(200))
        await _ask(pilot, wide)
        assert "1 row × 200 columns" in shown(pilot)
        await pilot.press("dollar_sign")
        await settled(pilot)
        assert "c199" in shown(pilot)
        await _ask(pilot, wide + ", " + ", ".join(["1"] * 1800))
        assert "too many columns" in shown(pilot)

    explore(small_catalog, flow, size=(200, 50))


def test_a_row_leads_to_its_run_or_version(small_catalog: Path, explore: Explore) -> None:
    """By the id under the cursor, by any id in the row, or by a name; a row that names nothing says so."""

    async def flow(pilot: Pilot[Any]) -> None:
        for query, keys, kind in (
            ("SELECT 1 AS one, id AS run_id FROM runs", ("o",), RunScreen),
            ("SELECT name, id FROM runs", ("right", "enter"), RunScreen),
            ("SELECT id AS version_id FROM artifact_versions WHERE kind = 'model'", ("enter",), ArtifactScreen),
            ("SELECT artifact || ':v' || number AS version FROM artifact_versions", ("o",), ArtifactScreen),
        ):
            screen = await _ask(pilot, query)
            await pilot.press(*keys)
            await settled(pilot)
            on(pilot, kind)
            await pilot.press("escape")
            await settled(pilot)
            assert on(pilot, SqlScreen) is screen
        await _ask(pilot, "SELECT 'nothing' AS run, 1 AS id")
        await pilot.press("o")
        await settled(pilot)
        assert "names no run and no version" in shown(pilot)

    explore(small_catalog, flow)


def test_what_is_held_of_an_answer_is_bounded(small_catalog: Path) -> None:
    """Rows of megabytes end the reading early, and one alone is still shown; no stop leaves the catalog unreadable."""
    large = "WITH RECURSIVE a(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM a) SELECT printf('%.1000000c', 'x') FROM a"
    with Reader(small_catalog) as reader:
        answer = beginning_of(reader, large, seconds=20, most_rows=1000, most_bytes=5_500_000)
        assert answer.is_cut and len(answer.columns[0]) == 5
        answer = beginning_of(reader, large, seconds=20, most_rows=1000, most_bytes=10)
        assert answer.is_cut and len(answer.columns[0]) == 1
        with pytest.raises(UsageError):
            beginning_of(reader, "BEGIN", seconds=1, most_rows=1, most_bytes=1)
        with reader.snapshot() as connection:
            assert connection.execute("SELECT count(*) FROM run").fetchone()[0] > 0


def test_an_error_is_pointed_at_where_it_stands(small_catalog: Path, explore: Explore) -> None:
    """By carets below a query of one line, by underlining in any; of several statements only the one at the cursor is asked."""

    async def flow(pilot: Pilot[Any]) -> None:
        screen = await _ask(pilot, "  SELECT '漢', nam FROM runs")
        lines = shown(pilot).splitlines()
        place = next(number for number, line in enumerate(lines) if "nam FROM" in line)
        assert lines[place + 1].index("^^^") == cells_of(lines[place][: lines[place].index("nam")])
        assert "Did you mean name?" in lines[place + 2] and _underlined(screen) == "nam"
        await pilot.press("x")
        await settled(pilot)
        assert "^^^" not in shown(pilot) and _underlined(screen) == ""
        entry = screen.line.entry
        entry.put("SELECT 1 AS one;\n-- two\nSELECT foo,\n  bar FROM runs; SELECT 3 AS three;", 30)
        await pilot.press("enter")
        await settled(pilot)
        assert "no such column: foo. Below is what can be read." in shown(pilot) and _underlined(screen) == "foo"
        entry.move_cursor((0, 3))
        await pilot.press("enter")
        await settled(pilot)
        assert "Statement 1 of 3 was asked" in shown(pilot) and screen.grid.names == ("one",)
        assert filters_used(SQL) == ["SELECT 1 AS one;"]
        await _ask(pilot, "SELECT :a")
        assert "No value was given for :a in the query. Write the value in its place." in shown(pilot)
        await _ask(pilot, 'SELECT "nam" FROM runs')
        assert "Nothing is called 'nam' here" in shown(pilot) and "12 rows" in shown(pilot)
        await _ask(pilot, "SHOW TABLES")
        assert "Only SQL can be asked. V lists what can be read." in shown(pilot)

    explore(small_catalog, flow)


def _underlined(screen: SqlScreen) -> str:
    """Give what is underlined in the entry."""
    entry, found = screen.line.entry, ""
    for number in range(entry.document.line_count):
        line = entry.get_line(number)
        found += "".join(line.plain[span.start : span.end] for span in line.spans if getattr(span.style, "underline", False))  # fmt: skip
    return found


def test_views_and_a_whole_row_are_a_key_away(small_catalog: Path, explore: Explore) -> None:
    """Both lead back to the answer as it was; a row shows each value with all its lines, none of it raw."""

    async def flow(pilot: Pilot[Any]) -> None:
        screen = await _ask(pilot, "SELECT 'a\x1b[31m' || char(10) || 'b' AS text, NULL AS \"none\x1b\", X'00ff' AS blob, printf('%.5000c', 'x') AS long UNION ALL SELECT 2, 3, 4, 5")  # fmt: skip
        await pilot.press("down", "V")
        await settled(pilot)
        assert (
            "to begin with" in shown(pilot) and "asked lately" in shown(pilot) and pilot.app.focused is screen.starter
        )
        await pilot.press("escape")
        await settled(pilot)
        assert "to begin with" not in shown(pilot) and isinstance(pilot.app.focused, Grid) and screen.grid.row == 1
        await pilot.press("up", "v")
        await settled(pilot)
        on(pilot, ValueScreen)
        text = shown(pilot)
        assert "row 1" in text and "none␛  NULL" in text and "X'00ff'" in text and "5,000 in all" in text
        assert not [letter for letter in text if is_hidden(letter) and letter != "\n"]
        await pilot.press("escape", "V", *"jjjjjjj", "enter")
        await settled(pilot)
        assert "to begin with" not in shown(pilot) and on(pilot, SqlScreen) is screen
        await pilot.press("V", "V")
        await settled(pilot)
        assert isinstance(pilot.app.focused, Grid)
        await pilot.press("escape")
        await settled(pilot)
        on(pilot, RunsScreen)

    explore(small_catalog, flow, size=(120, 50))
