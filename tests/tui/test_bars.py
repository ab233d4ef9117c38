"""Lines of cells: what is cut shows one ellipsis, and every key of a footer can be pressed by its short form."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.keys import Keys
from textual.pilot import Pilot

import artui.tui
from artui.model import Column
from artui.safetext import clean
from artui.tui.cells import Span, cell_text, cells_below_points, length_of, make_palette, shape_of, strip_of
from artui.tui.keys import KEYS, footer_keys, menu_keys, typed_key
from artui.tui.keytable import ACTS, MENUS, SCOPES
from artui.tui.widgets.bars import CRUMB, NOTICE_ROWS, KeyBar, Press, fitted_place, notice_rows
from artui.tui.widgets.filter import FilterLine, QueryLine
from artui.tui.widgets.find import TextPane
from artui.tui.widgets.prompt import Prompt
from artui.units import decimals_of, param_text
from tests.tui.looking import settled, shown


@pytest.mark.parametrize("is_coloured", [True, False])
def test_a_reversed_cursor_makes_no_bar_of_blanks(is_coloured: bool) -> None:
    """On 16 colours the cursor turns a line around: blanks behind a bar would be a bar in its colour."""
    palette = make_palette(is_coloured=is_coloured, is_rich=False)

    strip = strip_of([("value ", "text"), ("███     ", "spark"), ("0.97", "best")], 24, palette, is_cursor=True)

    assert {(segment.style.color, segment.style.reverse) for segment in strip if segment.style} == {(None, True)}


@pytest.mark.parametrize("width", range(1, 30))
def test_no_line_ends_in_two_ellipses(width: int) -> None:
    """Spans that were cut before are not cut to another ellipsis."""
    palette = make_palette(is_coloured=False, is_rich=False)
    spans = [("name ", "text"), ("0.00446…", "text"), ("0.9139…", "dim"), ("  more", "dim")]

    text = "".join(segment.text for segment in strip_of(spans, width, palette))

    assert len(text) == width and "……" not in text


def test_a_gap_that_has_no_room_is_no_cut() -> None:
    """Behind a number that ends at the edge there is no ellipsis: it would look like more digits."""
    palette = make_palette(is_coloured=False, is_rich=False)
    text = "".join(segment.text for segment in strip_of([("    12", "text"), ("  ", "text")], 7, palette))

    assert text == "    12 "


def test_each_key_of_a_footer_is_the_key_of_the_table() -> None:
    """What a click on a footer presses is what the table binds, for all scopes and all questions."""
    known = {part for key in KEYS for part in key.keys.split(",")}
    pairs = [pair for scope in (*SCOPES, ACTS) if scope not in MENUS for pair in footer_keys(scope, is_searching=True)]
    pairs += [pair for scope in MENUS for pair in menu_keys(scope)]
    assert pairs
    assert {shown for shown, _ in pairs if typed_key(shown) not in known} == set()
    asked = [pair for keys in (Prompt.KEYS, FilterLine.KEYS, QueryLine.KEYS, TextPane.KEYS) for pair in keys]
    assert {typed_key(shown) for shown, _ in asked} <= known | {key.value for key in Keys}


def test_a_span_to_press_is_a_span() -> None:
    """It is drawn and measured as any other."""
    span = Press("2 Artifacts", "dim", "app.show_artifacts")
    text, style = span
    assert (text, style, span.action) == ("2 Artifacts", "dim", "app.show_artifacts")
    assert span == ("2 Artifacts", "dim")


@pytest.mark.parametrize("before", [[("calls.artui", "bold")], [("calls.artui", "bold"), (" damaged", "bad")]])
@pytest.mark.parametrize("name", ["r", "final-2", "a-very-long-name-of-a-run-that-nobody-can-read-at-once"])
def test_a_place_keeps_what_is_said_behind_its_title(before: list[Span], name: str) -> None:
    """However narrow, a status is whole; what the thing is inside of goes first, then the catalog's name, then letters of its name."""
    place = [*before, CRUMB, ("digits", "dim"), CRUMB, ("● ", "good"), (name, "title"), ("  finished", "good")]
    for cells in range(36, 120):
        spans = fitted_place(place, cells)
        text = "".join(part for part, _ in spans)
        assert length_of(spans) <= cells and text.endswith("finished")
        assert ("damaged" in text) == (len(before) == 2)
        if length_of(place) <= cells:
            assert list(spans) == place
        if "digits" in text:
            assert "calls" in text
        if "calls" in text:
            assert name in text


_UNDO_HINTS = re.compile(r'f?"([^"\n]* · (?:u|C|A and the same text) [^"\n]*back)"')
_SOURCES = [path.read_text("utf-8") for path in Path(artui.tui.__path__[0]).rglob("*.py")]


@pytest.mark.parametrize("text", sorted({text for source in _SOURCES for text in _UNDO_HINTS.findall(source)}))
@pytest.mark.parametrize("named", ["x", "val/loss falls below 0.9", "a reason of some words " * 4, "long-name/" * 60, "日本語" * 80])  # fmt: skip
def test_no_notice_loses_its_hint(text: str, named: str) -> None:
    """However long the name of what was changed, how to take it back is on the screen, whole, at 80 cells; and so is how it begins."""
    said = re.sub(r"\{[^}]*\}", named, text)
    rows = notice_rows([(clean(said, max_chars=2_000), "bar.text")], 78)

    drawn = ["".join(part for part, _ in row) for row in rows]
    whole = " ".join(row.strip() for row in drawn).replace("  ", " ")
    assert 1 <= len(rows) <= NOTICE_ROWS and all(length_of(row) <= 78 for row in rows)
    assert whole.endswith(said.rpartition(" · ")[2]) and drawn[0][:12] == said[:12]
    assert length_of([(said, "")]) > 150 or whole.replace(" ", "") == said.replace(" ", "")


def test_a_notice_that_is_too_long_has_more_rows(demo_catalog: Path, explore: Callable[..., None]) -> None:
    """All of it is on the screen, and the bar is as high as before when it is gone."""

    async def flow(pilot: Pilot[Any]) -> None:
        app: Any = pilot.app
        bar = app.screen.query_one(KeyBar)
        text = f"tag good on {'a-long-name-of-a-run ' * 5}· u takes it back"
        app.say(text)
        await settled(pilot)
        assert bar.size.height == 2 and text.replace(" ", "") in shown(pilot).replace(" ", "").replace("\n", "")
        app.unsay(text)
        await settled(pilot)
        assert bar.size.height == 1 and shown(pilot).splitlines()[-1].endswith("? all keys")

    explore(demo_catalog, flow, size=(80, 24))


@pytest.mark.parametrize(
    ("low", "high", "values", "shown"),
    [
        (0.001, 60.0, [0.001, 0.03, 60.0], [" 0.001", " 0.03 ", "60.0  "]),
        (16.0, 128.0, [16, 128], [" 16", "128"]),
        # Powers of ten, and ends so far apart that points below each other would need much room, stand at the right.
        (1e-5, 0.1, [1e-05, 0.1], ["1e-05", "  0.1"]),
        (0.0001, 123456.0, [0.0001, 123456.0], ["   0.0001", "123456.0"]),
    ],
)
def test_params_stand_below_each_other_by_their_points(
    low: float, high: float, values: list[float], shown: list[str]
) -> None:
    """As they were typed, with blanks behind them as far as there is room."""
    shape = shape_of(Column("param", "lr", low=low, high=high), title="lr")
    texts = [param_text(value) for value in values]
    needed = cells_below_points(texts)
    decimals = max(map(decimals_of, texts)) if 0 < needed <= shape.width else 0

    drawn = [cell_text(shape._replace(decimals=decimals), value, is_present=True) for value in values]

    assert [text.rjust(shape.width) for text in drawn] == [text.rjust(shape.width) for text in shown]
