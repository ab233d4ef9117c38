"""Lines of cells: what is cut shows one ellipsis, and every key of a footer can be pressed by its short form."""

from __future__ import annotations

import pytest
from textual.keys import Keys

from artui.tui.cells import Span, length_of, make_palette, strip_of
from artui.tui.keys import KEYS, footer_keys, menu_keys, typed_key
from artui.tui.keytable import ACTS, MENUS, SCOPES
from artui.tui.widgets.bars import CRUMB, Press, fitted_place
from artui.tui.widgets.filter import FilterLine, QueryLine
from artui.tui.widgets.find import TextPane
from artui.tui.widgets.prompt import Prompt


@pytest.mark.parametrize("width", range(1, 30))
def test_no_line_ends_in_two_ellipses(width: int) -> None:
    """Spans that were cut before are not cut to another ellipsis."""
    palette = make_palette(is_coloured=False, is_rich=False)
    spans = [("name ", "text"), ("0.00446…", "text"), ("0.9139…", "dim"), ("  more", "dim")]

    text = "".join(segment.text for segment in strip_of(spans, width, palette))

    assert len(text) == width and "……" not in text


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
