"""The log of a run by keyboard: finding, following, wrapping, and texts far larger than memory."""

from __future__ import annotations

import hashlib
import io
import json
import resource
import threading
import time
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.pilot import Pilot

import artui
from artui.catalog import Catalog, artifacts, blobs, runs
from artui.catalog.spool.place import folder_of
from artui.content import files
from artui.query.api import open_catalog
from artui.query.lines import LogSource, TextSource
from artui.query.notebook import read_notebook
from artui.query.reader import Reader
from artui.query.references import find_version
from artui.tui.app import ArtuiApp
from artui.tui.screens.run import RunScreen
from artui.tui.screens.text import TextScreen
from artui.tui.widgets.log import LogView
from artui.tui.widgets.rows import cells_of, wrapped
from tests.tui.looking import HOSTILE, NOW_MS, on, settled, shown

Explore = Callable[..., None]
LINES = b"".join(b"line %d of the log\n" % number for number in range(5000))


@pytest.fixture
def path(frozen: None, tmp_path: Path) -> Path:
    """One running run."""
    target = tmp_path / "x.artui"
    with Catalog(target) as catalog, catalog.transaction() as connection:
        key = runs.start(connection, runs.NewRun(project="p", name="going", started_ms=NOW_MS))
        runs.beat(connection, key, NOW_MS)
    return target


def save_log(path: Path, content: bytes, *, name: str = "console", ends: str = "finished", error: str = "") -> None:
    """End the run, with a log."""
    with Catalog(path) as catalog, catalog.transaction() as connection:
        key = int(connection.execute("SELECT key FROM run").fetchone()[0])
        runs.finish(connection, key, status=ends, ended_ms=NOW_MS + 5, duration_ms=5, error=error)
        blob_key, digest, size = blobs.store(connection, io.BytesIO(content))
        file = artifacts.NewFile(f"{name}.log", size, digest, blob_key, "text/plain")
        saved = artifacts.save(connection, artifacts.NewVersion("p", name, "log", "modelling", [file]))
        artifacts.link(connection, "output", source_key=key, target_key=saved.key)


def console_of(path: Path) -> Path:
    """Give where the running run's console is."""
    with open_catalog(path) as reader:
        run_id = reader.run("going").id
    folder = folder_of(path)
    folder.mkdir()
    return folder / f"{run_id}.log"


async def open_log(pilot: Pilot[Any]) -> LogView:
    await pilot.press("enter")
    await settled(pilot)
    await pilot.press("shift+tab")
    await settled(pilot)
    screen = pilot.app.screen
    assert isinstance(screen, RunScreen)
    return screen.log_view


async def until(pilot: Pilot[Any], is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 15
    while not is_so() and time.monotonic() < deadline:
        await pilot.pause(0.05)
    assert is_so(), shown(pilot)


def test_find_goes_from_match_to_match_and_round(path: Path, explore: Explore) -> None:
    """/ finds in either case, n and N go on and back, past the end to the start; esc clears it."""
    save_log(path, LINES)

    async def flow(pilot: Pilot[Any]) -> None:
        view = await open_log(pilot)
        assert "line 0 of" in shown(pilot) and "following" not in shown(pilot)
        await pilot.press("slash", *"LINE", "space", "4", "9", "enter")
        await settled(pilot)
        assert "▌line 49 of" in shown(pilot) and view.match == LINES.index(b"line 49 ")
        await pilot.press("n", "n", "n")
        await settled(pilot)
        assert "▌line 492 of" in shown(pilot)
        await pilot.press("N", "N", "N")
        await settled(pilot)
        assert "▌line 49 of" in shown(pilot)
        await pilot.press("N")
        await settled(pilot)
        assert "▌line 4999 of" in shown(pilot) and "from the end again" in shown(pilot)
        await pilot.press("n")
        await settled(pilot)
        assert "▌line 49 of" in shown(pilot) and "from the start again" in shown(pilot)
        await pilot.press("slash", *"nosuch", "enter")
        await settled(pilot)
        assert "not found" in shown(pilot)
        await pilot.press("escape")
        await settled(pilot)
        assert view.needle == "" and "▌line" not in shown(pilot) and isinstance(pilot.app.screen, RunScreen)

    explore(path, flow)


def test_every_line_is_passed_on_the_way(path: Path, explore: Explore) -> None:
    """Page by page down and up again, whatever is read meanwhile, each page joins the one before."""
    save_log(path, LINES)

    async def flow(pilot: Pilot[Any]) -> None:
        view = await open_log(pilot)
        step = view.size.height - 1
        for count in range(1, 31):
            await pilot.press("pagedown")
            await pilot.pause()
            if count % 10 == 0:
                await settled(pilot)
                assert f"line {count * step} of" in shown(pilot).splitlines()[2]
        await pilot.press(*["pageup"] * 30)
        await settled(pilot)
        assert view.top == 0 and "line 0 of" in shown(pilot)
        await pilot.press("G")
        await settled(pilot)
        assert "line 4999 of" in shown(pilot).splitlines()[-2]
        await pilot.press("up", "g")
        await settled(pilot)
        assert view.top == 0

    explore(path, flow)


def test_live_log_is_followed_while_it_grows_and_while_its_end_changes(path: Path, explore: Explore) -> None:
    """A live log opens at its end and stays there; going up stops that, G goes on with it."""
    console = console_of(path)
    console.write_bytes(LINES + b" 10%|#         |")

    async def flow(pilot: Pilot[Any]) -> None:
        view = await open_log(pilot)
        assert "10%|#" in shown(pilot) and "following" in shown(pilot)
        console.write_bytes(LINES + b" 50%|#####     |")
        await until(pilot, lambda: "50%|#####" in shown(pilot) and " 10%" not in shown(pilot))
        console.write_bytes(LINES + b"100%|##########|\n" + b"more\n" * 50 + b"the end\n")
        await until(pilot, lambda: "the end" in shown(pilot).splitlines()[-2])

        await pilot.press("k")
        await settled(pilot)
        assert "following" not in shown(pilot) and "G follows" in shown(pilot)
        top = view.top
        with console.open("ab") as stream:
            stream.write(b"later\n" * 60)
        await until(pilot, lambda: view.page.size == console.stat().st_size)
        assert view.top == top and "later" not in shown(pilot).splitlines()[-3]

        await pilot.press("G")
        await until(pilot, lambda: "later" in shown(pilot).splitlines()[-2])
        console.write_bytes(b"begun anew\n")
        await until(pilot, lambda: "begun anew" in shown(pilot) and "later" not in shown(pilot))

    explore(path, flow)


@pytest.mark.parametrize("is_following", [True, False])
def test_ended_run_goes_over_to_its_saved_log(path: Path, explore: Explore, is_following: bool) -> None:
    """When the live file goes away the same lines stay in sight, from the saved version, and no error is shown."""
    console = console_of(path)
    console.write_bytes(LINES)

    async def flow(pilot: Pilot[Any]) -> None:
        view = await open_log(pilot)
        if not is_following:
            await pilot.press("pageup", "pageup")
            await settled(pilot)
        before = shown(pilot).splitlines()[2:-1]
        console.unlink()
        for _ in range(5):
            await pilot.pause(0.1)
            assert shown(pilot).splitlines()[2:-1] == before
        save_log(path, LINES)
        await until(pilot, lambda: "console:v1" in shown(pilot))
        await settled(pilot)
        assert shown(pilot).splitlines()[2:-1] == before
        assert view.source is not None and not view.source.is_live and "follow" not in shown(pilot)
        assert isinstance(pilot.app, ArtuiApp) and pilot.app.notice_spans() == []

    explore(path, flow)


def test_leaving_the_log_while_typing_leaves_the_line_too(path: Path, explore: Explore) -> None:
    """In the middle of a word a click goes on to another view, and the footer offers that view's keys; tab stays."""
    save_log(path, LINES)

    async def flow(pilot: Pilot[Any]) -> None:
        await open_log(pilot)
        await pilot.press("slash", *"lin")
        await settled(pilot)
        await pilot.press("tab")
        await settled(pilot)
        assert "esc leave" in shown(pilot)
        await pilot.app.screen.run_action("next_tab(1)")
        await settled(pilot)
        assert "esc leave" not in shown(pilot) and "next view" in shown(pilot)
        await pilot.press("shift+tab", "n")
        await settled(pilot)
        assert "▌line 0 of" in shown(pilot)

    explore(path, flow)


@pytest.mark.parametrize(("text", "error_lines"), [(b"line\n" * 29, 12), (LINES, 2), (b"line\n" * 3, 60), (b"x", 1)])
@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
def test_failed_run_opens_at_how_it_ended(
    path: Path, explore: Explore, text: bytes, error_lines: int, size: tuple[int, int]
) -> None:
    """Its log opens at the error behind the last line, which is wrapped too; only with that in sight it says 100 %, or nothing if all is."""
    error = "\n".join(["Traceback (most recent call last):"] * (error_lines - 1) + ["OSError: " + "disk " * 40 + "END"])
    save_log(path, text, ends="failed", error=error)

    async def flow(pilot: Pilot[Any]) -> None:
        await open_log(pilot)
        assert "END" in shown(pilot) and " %" not in shown(pilot).replace(" 100 %", "")
        last = shown(pilot).splitlines()[-2]
        for keys in (("g",), ("pagedown",), ("up",), ("down",), ("G",)):
            await pilot.press(*keys)
            await settled(pilot)
            is_at_end = shown(pilot).splitlines()[-2] == last
            assert is_at_end or ((" %" in shown(pilot)) and " 100 %" not in shown(pilot)), keys
        assert is_at_end

    explore(path, flow, size=size)


def test_run_that_finished_opens_its_log_at_the_start(path: Path, explore: Explore) -> None:
    """Only of a bad end the end comes first."""
    save_log(path, LINES)

    async def flow(pilot: Pilot[Any]) -> None:
        view = await open_log(pilot)
        assert view.top == 0

    explore(path, flow)


def test_run_without_a_log_says_what_keeps_one(path: Path, explore: Explore) -> None:
    """Not only code: the console is kept by itself, also of any command."""
    with Catalog(path) as catalog, catalog.transaction() as connection:
        runs.finish(connection, 1, status="failed", ended_ms=NOW_MS + 5, duration_ms=5, error="OSError: disk")

    async def flow(pilot: Pilot[Any]) -> None:
        await open_log(pilot)
        text = shown(pilot)
        assert all(part in text for part in ("kept no log", "artui exec", "start_run()", "run.save(", "OSError: disk"))
        assert "only lines" not in text, "no key for a text that is not there"

    explore(path, flow, size=(80, 24))


def test_several_logs_are_gone_through(path: Path, explore: Explore) -> None:
    """With several logs ) and ( go from one to the next, and the footer says so; with one they are not offered."""
    save_log(path, b"first\n", name="aaa")

    async def one(pilot: Pilot[Any]) -> None:
        await open_log(pilot)
        assert "first" in shown(pilot) and "next log" not in shown(pilot)

    explore(path, one)
    save_log(path, b"second\n", name="bbb")

    async def two(pilot: Pilot[Any]) -> None:
        await open_log(pilot)
        assert "aaa:v1 (1 of 2)" in shown(pilot) and "next log" in shown(pilot)
        await pilot.press("right_parenthesis")
        await settled(pilot)
        assert "second" in shown(pilot) and "bbb:v1 (2 of 2)" in shown(pilot)
        await pilot.press("right_parenthesis")
        await settled(pilot)
        assert "first" in shown(pilot)

    explore(path, two)


def test_long_lines_are_wrapped_or_cut(path: Path, explore: Explore) -> None:
    """\\\\ cuts lines, then right shows what lies beyond the edge; a match beyond the edge is brought into sight."""
    save_log(path, b"begin " + b"0123456789" * 60 + b" the end of it\nnext\n")

    async def flow(pilot: Pilot[Any]) -> None:
        await open_log(pilot)
        assert "the end of it" in shown(pilot) and "↳" in shown(pilot)
        await pilot.press("right")
        assert "wrapped: \\ cuts them" in shown(pilot)
        await pilot.press("backslash")
        await settled(pilot)
        assert "the end of it" not in shown(pilot) and "…" in shown(pilot) and "next" in shown(pilot).splitlines()[3]
        await pilot.press(*["right"] * 25)
        await settled(pilot)
        assert "the end of it" in shown(pilot) and "begin" not in shown(pilot)
        await pilot.press(*["left"] * 30)
        await settled(pilot)
        assert "begin" in shown(pilot)
        await pilot.press("slash", *"END", "space", *"of", "enter")
        await settled(pilot)
        assert "the end of it" in shown(pilot)
        await pilot.press("escape", *["left"] * 30, "ampersand", *"END", "space", *"of", "enter")
        await settled(pilot)
        # Each of the lines that were asked for shows why it is there.
        assert "the end of it" in shown(pilot)

    explore(path, flow, size=(80, 24))


def test_file_of_300_megabytes_costs_little_memory(path: Path, tmp_path: Path, explore: Explore) -> None:
    """A single line of 300 MB is opened, gone through and searched, with memory for a few pages."""
    outside = tmp_path / "train.log"
    with outside.open("wb") as stream:
        stream.truncate(300_000_000)
        stream.seek(290_000_000)
        stream.write(b"needle")
    with Catalog(path) as catalog, catalog.transaction() as connection:
        with outside.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").digest()
        file = artifacts.NewFile("train.log", 300_000_000, digest)
        version = artifacts.NewVersion(
            "p", "far", "log", "modelling", [file], storage="referenced", location=str(outside)
        )
        artifacts.link(connection, "output", source_key=1, target_key=artifacts.save(connection, version).key)

    async def flow(pilot: Pilot[Any]) -> None:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        view = await open_log(pilot)
        assert "␀" in shown(pilot) and "300" in shown(pilot)
        await pilot.press("pagedown", "G")
        await settled(pilot)
        last = view._sight()[-1]
        assert (last[0], last[1]) == (len(view.page.lines) - 1, len(view.rows.starts(last[0])) - 1)
        await pilot.press("up")
        await settled(pilot)
        await pilot.press("g", "slash", *"needle", "enter")
        await settled(pilot)
        assert "needle" in shown(pilot).splitlines()[2 + view.size.height // 3] and view.match == 290_000_000
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 40_000

    explore(path, flow)


class SlowLog(LogSource):
    """A log whose search stands still until it is let go on."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()

    def size(self) -> int:
        return 1 << 30

    def read(self, offset: int, count: int) -> bytes:
        if offset > 5 << 20:
            self.gate.wait(10)
        return (b"some line of a log\n" * (count // 19 + 2))[offset % 19 :][:count]


def test_search_leaves_the_screen_alone_and_can_be_stopped(path: Path, explore: Explore) -> None:
    """A search shows its progress, keys work meanwhile, and esc ends it."""
    save_log(path, LINES)

    async def flow(pilot: Pilot[Any]) -> None:
        view = await open_log(pilot)
        source = SlowLog()
        view.show(source)
        await settled(pilot)
        source.gate.clear()
        await pilot.press("slash", *"nosuch", "enter")
        await pilot.pause(0.2)
        assert "searching" in shown(pilot) and "esc stops it" in shown(pilot)
        await pilot.press("pagedown", "pagedown")
        await pilot.pause()
        assert view.top > 0 and view.is_searching
        await pilot.press("escape")
        source.gate.set()
        await settled(pilot)
        assert "stopped" in shown(pilot) and not view.is_searching

    explore(path, flow)


def test_hostile_log_stays_text(path: Path, explore: Explore) -> None:
    """Whatever bytes a log holds, no control or format character is drawn, wrapped, cut or found."""
    every = bytes(range(256)) * 4 + HOSTILE.encode("utf-8", "replace") * 20 + "é😀日本".encode() * 200
    save_log(path, every + b"\n" + every[::-1])

    async def flow(pilot: Pilot[Any]) -> None:
        await open_log(pilot)
        for keys in ((), ("w",), ("right", "right"), ("slash", *"pwned", "enter"), ("w",), ("G",), ("n",)):
            await pilot.press(*keys)
            await settled(pilot)
            odd = {letter for letter in shown(pilot) if unicodedata.category(letter) in ("Cf", "Cs", "Zl", "Zp")}
            odd |= {letter for letter in shown(pilot) if unicodedata.category(letter) == "Cc" and letter != "\n"}
            assert not odd, odd
        assert "␛]0;pwned␇" in shown(pilot)

    explore(path, flow)


def test_only_lines_that_have_a_text(path: Path, explore: Explore) -> None:
    """& keeps them, / finds among them, esc shows all again, the line at the top where it was."""
    save_log(path, LINES, ends="failed", error="OSError: disk")

    async def flow(pilot: Pilot[Any]) -> None:
        view = await open_log(pilot)
        await pilot.press("ampersand", *"LINE", "space", "4", "9")
        await settled(pilot)
        assert "only these lines" in shown(pilot).splitlines()[-1], shown(pilot)
        assert " & " in shown(pilot).splitlines()[-2]
        await pilot.press("enter")
        await settled(pilot)
        rows = [line.strip() for line in shown(pilot).splitlines()[2:-2]]
        assert rows[:3] == ["line 49 of the log", "line 490 of the log", "line 491 of the log"]
        assert "111 lines with LINE 49" in shown(pilot)
        await pilot.press("G")
        await settled(pilot)
        # How it ended is none of the lines that were asked for.
        assert "line 4999 of" in shown(pilot) and "OSError: disk" not in shown(pilot)
        await pilot.press("g", *["down"] * 5)
        await settled(pilot)
        assert shown(pilot).splitlines()[2].strip() == "line 494 of the log"
        await pilot.press("escape")
        await settled(pilot)
        assert shown(pilot).splitlines()[2].strip() == "line 494 of the log" and "line 495 of" in shown(pilot)
        assert not view.is_narrowed and isinstance(pilot.app.screen, RunScreen)
        await pilot.press("G")
        await settled(pilot)
        assert "OSError: disk" in shown(pilot)

    explore(path, flow)


def test_only_lines_of_a_live_log_are_followed(path: Path, explore: Explore) -> None:
    """New lines that have the text come, others do not; the text holds on when the run has ended."""
    console = console_of(path)
    console.write_bytes(LINES)

    async def flow(pilot: Pilot[Any]) -> None:
        view = await open_log(pilot)
        await pilot.press("ampersand", *"news", "enter")
        await settled(pilot)
        assert "0 lines with news" in shown(pilot)
        with console.open("ab") as stream:
            stream.write(b"other\nnews 1\nother\n")
        await until(pilot, lambda: "news 1" in shown(pilot))
        assert "other" not in shown(pilot)
        console.unlink()
        save_log(path, LINES + b"news 1\nother\nnews 2\n")
        await until(pilot, lambda: "console:v1" in shown(pilot) and "news 2" in shown(pilot))
        assert "other" not in shown(pilot) and view.is_narrowed

    explore(path, flow)


def test_colours_of_a_log_are_kept(path: Path, explore: Explore) -> None:
    """Coloured letters have the theme's colours, wrapped and searched too; words of other lines still say what they are."""
    long = b"\x1b[32m" + b"green " * 30 + b"\x1b[0mplain\n"
    save_log(path, b"\x1b[1;31mbold red\x1b[0m ERROR\n" + long + b"an ERROR\n")

    async def flow(pilot: Pilot[Any]) -> None:
        view = await open_log(pilot)
        styles = view.artui.palette.styles

        def style_of(text: str) -> Any:
            return next(
                part.style for y in range(view.size.height) for part in view.render_line(y) if text in part.text
            )

        assert style_of("bold red") == styles["bad.bold"] and style_of(" ERROR") == styles["text"]
        assert all(view.render_line(y)._segments[1].style == styles["good"] for y in (1, 2, 3))
        assert style_of("plain") == styles["text"] and style_of("an ERROR") == styles["bad"]
        await pilot.press("slash", *"red", "enter")
        await settled(pilot)
        assert style_of("red") == styles["match.here"] and style_of("bold ") == styles["bad.bold"]

    explore(path, flow, size=(80, 24))


def test_idle_log_has_no_timer(path: Path, explore: Explore) -> None:
    """Only a live log in sight is looked at from time to time."""
    console = console_of(path)
    console.write_bytes(LINES)

    async def flow(pilot: Pilot[Any]) -> None:
        view = await open_log(pilot)
        has_timer = [view._timer is not None]
        for key in ("question_mark", "escape"):
            await pilot.press(key)
            await pilot.pause(0.2)
            has_timer.append(view._timer is not None)
        assert has_timer == [True, False, True]
        await pilot.press("tab")
        await pilot.pause(0.2)
        assert view._timer is None

    explore(path, flow)


def test_text_of_an_artifact_is_read_and_searched(small_catalog: Path, explore: Explore) -> None:
    """A file of a version opens as text with its number of lines; words in it can be found."""

    async def flow(pilot: Pilot[Any]) -> None:
        pilot.app.push_screen(TextScreen(1, "train.csv"))
        await settled(pilot)
        assert "label,p0,p1" in shown(pilot) and "31 lines" in shown(pilot)
        await pilot.press("slash", *"9,29", "enter")
        await settled(pilot)
        assert "▌9,29,7" in shown(pilot)
        await pilot.press("escape", "escape")
        await settled(pilot)
        assert not isinstance(pilot.app.screen, TextScreen)

    explore(small_catalog, flow)


def test_lines_in_sight_are_counted_not_their_bytes(small_catalog: Path, explore: Explore, tmp_path: Path) -> None:
    """A long first line is one line: the first screen begins with 1, the last ends with how many there are, and a page leads on to the next."""
    place = tmp_path / "long.txt"
    place.write_text("a very long line " * 200 + "\n" + "".join(f"l {number}\n" for number in range(302)))
    with artui.start_run(project="p", catalog=small_catalog, console=False, code=False) as run:
        run.save("long", place)
    with Reader(small_catalog) as reader:
        key = find_version(reader, "long").key

    async def flow(pilot: Pilot[Any]) -> None:
        pilot.app.push_screen(TextScreen(key, "long.txt"))
        await settled(pilot)
        rows = on(pilot, TextScreen).log_view.size.height
        await pilot.press("backslash")
        await settled(pilot)
        assert f"lines 1–{rows} of 303" in shown(pilot) and " %" not in shown(pilot)
        await pilot.press("pagedown")
        await settled(pilot)
        assert f"lines {rows}–{2 * rows - 1} of 303" in shown(pilot)
        await pilot.press("G")
        await settled(pilot)
        assert f"lines {304 - rows}–303 of 303" in shown(pilot)
        await pilot.press("g", "ampersand", *"l 1", "enter")
        await settled(pilot)
        assert f"111 lines with l 1 · 1–{rows - 1}" in shown(pilot)

    explore(small_catalog, flow)


def test_lines_in_sight_of_a_large_text_are_counted_too(small_catalog: Path, explore: Explore, tmp_path: Path) -> None:
    """A log of which a page alone is read says which of all its lines are in sight, at its start, in the middle and at its end."""
    place = tmp_path / "log.txt"
    place.write_text("".join(f"{number:06} {'x' * (number % 90)}\n" for number in range(9000)))
    with artui.start_run(project="p", catalog=small_catalog, console=False, code=False) as run:
        run.save("log", place)
    with Reader(small_catalog) as reader:
        key = find_version(reader, "log").key

    async def flow(pilot: Pilot[Any]) -> None:
        pilot.app.push_screen(TextScreen(key, "log.txt"))
        await settled(pilot)
        rows = on(pilot, TextScreen).log_view.size.height
        assert f"lines 1–{rows} of 9,000" in shown(pilot)
        await pilot.press("G")
        await settled(pilot)
        assert f"lines {9001 - rows:,}–9,000 of 9,000" in shown(pilot) and "008999 " in shown(pilot)
        await pilot.press("pageup")
        await settled(pilot)
        first = int(shown(pilot).splitlines()[1].split()[0]) + 1
        assert f"lines {first:,}–" in shown(pilot)

    explore(small_catalog, flow, size=(120, 30))


def test_a_notebook_opens_as_its_cells_and_a_key_shows_the_file(
    small_catalog: Path, explore: Explore, tmp_path: Path
) -> None:
    """Sources are coloured, outputs stand below them, errors are red; words are found; the raw text is a key away, and back."""
    cells: list[dict[str, Any]] = [
        {"cell_type": "markdown", "source": ["# Look\n", "at it"]},
        {"cell_type": "code", "execution_count": 3, "source": ["import os\n", "x = 'a\tb'"], "outputs": [
            {"output_type": "stream", "name": "stdout", "text": ["10%\r100%\n"]}, {"output_type": "display_data", "data": {"image/png": "aGk="}},
        ]},
        {"cell_type": "code", "execution_count": 4, "source": "1/0", "outputs": [
            {"output_type": "error", "ename": "ZeroDivisionError", "evalue": "division", "traceback": ["\x1b[31mTraceback\x1b[0m", "ZeroDivisionError: division"]}
        ]},
    ]  # fmt: skip
    content = json.dumps({"cells": cells, "metadata": {"kernelspec": {"language": "python"}}, "nbformat": 4}).encode()
    (tmp_path / "look.ipynb").write_bytes(content)
    with Catalog(small_catalog) as catalog, catalog.transaction() as connection:
        gathered = files.gather(connection, [("look.ipynb", tmp_path / "look.ipynb")])
        version = artifacts.save(connection, artifacts.NewVersion("digits", "look", "report", "data", gathered.files))

    async def flow(pilot: Pilot[Any]) -> None:
        pilot.app.push_screen(TextScreen(version.key, "look.ipynb"))
        await settled(pilot)
        text, view = shown(pilot), pilot.app.screen.query_one(LogView)
        for line in ("[markdown]", "    # Look", "[3]", "    import os", "    x = 'a  b'", "  > 100%", "  > (image/png, not shown)", "  ! Traceback", "  ! ZeroDivisionError: division", "3 cells", "as it is"):  # fmt: skip
            assert line in text, line
        assert "10%\r" not in text and '"cell_type"' not in text
        hues = {row.text.strip(): {part.ink.hue for part in view._inked.get(row.start, ())} for row in view.page.lines}
        assert "red" in hues["! Traceback"] and "cyan" in hues["[3]"] and hues["import os"] - {"", "red"}
        await pilot.press("slash", *"zerod", "enter", "tab")
        await settled(pilot)
        assert '"cell_type"' in shown(pilot) and "as it is" in shown(pilot)
        await pilot.press("tab")
        await settled(pilot)
        assert "    import os" in shown(pilot)

    explore(small_catalog, flow)
    assert read_notebook(TextSource(content[:-1])) is None and read_notebook(TextSource(b"[1]")) is None


@given(st.text(alphabet="ab 日é", max_size=200), st.integers(2, 30))
def test_wrapped_rows_fit_and_lose_nothing(text: str, width: int) -> None:
    """Rows join to the text again, and none is wider than the screen."""
    cuts = wrapped(text, width)
    rows = [text[start:end] for start, end in zip(cuts, [*cuts[1:], len(text)], strict=True)]
    assert "".join(rows) == text and all(cells_of(row) <= width for row in rows) and (all(rows) or not text)
