"""Colours and marks of the runs on one screen."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.style import Style
from textual.pilot import Pilot
from textual.strip import Strip

from artui.figures.figure import RAMP
from artui.tui.cells import MARK, fit_apart, fit_values, fit_words_apart, make_palette, most_cells, strip_of
from artui.tui.colouring import CURVE_COLOURS, CURVE_MARKS, NUMBERS, colour_at, mark_of, set_apart
from artui.tui.contrast import BEHIND, MARKS, TEXT, contrast
from artui.tui.themes import COLOUR_BLIND, DARK, LIGHT, OURS, Theme
from tests.tui.looking import settled
from tests.tui.touring import STEPS

IDS = st.lists(st.integers(0, 60).map(str), max_size=60)


@given(st.lists(IDS, max_size=6))
def test_runs_on_one_screen_are_always_two(screens: list[list[str]]) -> None:
    """Whatever was looked at before, runs that are seen together differ in colour or mark, up to ten in both, up to 33 in mark."""
    numbers: dict[str, int] = {}
    for ids in screens:
        chosen = set_apart(ids, numbers)
        assert list(chosen) == list(dict.fromkeys(ids))
        pairs = [(colour_at(number), mark_of(number)) for number in chosen.values()]
        assert len(set(pairs)) == len(pairs)
        if len(chosen) <= CURVE_COLOURS:
            assert len({colour for colour, _ in pairs}) == len(pairs)
        if len(chosen) <= len(CURVE_MARKS):
            assert len({mark for _, mark in pairs}) == len(pairs)
        numbers |= chosen


@given(IDS, st.data())
def test_runs_keep_what_they_had(ids: list[str], data: st.DataObject) -> None:
    """Of runs that were told apart already none changes when fewer of them are looked at, unless colours are shared less."""
    before = set_apart(ids, {})
    some = data.draw(st.lists(st.sampled_from(ids), max_size=CURVE_COLOURS)) if len(set(ids)) in range(1, 11) else []
    after = set_apart(some, before)
    assert all(after[run_id] == before[run_id] for run_id in after)
    assert set_apart(list(before), before) == before


def test_the_first_and_the_eleventh_run_differ() -> None:
    """Runs that were numbered far apart are told apart when they meet."""
    numbers = set_apart([str(place) for place in range(50)], {})
    for other in range(1, 50):
        met = set_apart(["0", str(other)], numbers)
        first, second = met["0"], met[str(other)]
        assert colour_at(first) != colour_at(second) and mark_of(first) != mark_of(second)


def test_there_are_as_many_colours_as_the_numbers_use() -> None:
    """Every theme has a colour for each number, and all of one theme differ."""
    assert MARK not in CURVE_MARKS, "a marked run's sign stands beside that of its curve"
    assert len(set(CURVE_MARKS)) == len(CURVE_MARKS) and CURVE_COLOURS * len(CURVE_MARKS) == NUMBERS
    for theme in (DARK, LIGHT, COLOUR_BLIND):
        assert len(set(theme.curves)) == CURVE_COLOURS and len(set(theme.sixteen_curves)) == CURVE_COLOURS


@given(st.lists(st.integers(0, 30), max_size=8), st.integers(0, 120))
def test_texts_share_the_room_there_is(lengths: list[int], total: int) -> None:
    """All fit, none is cut that need not be, and one cell more for the cut ones would be too much."""
    most = most_cells(lengths, total)
    assert sum(min(length, most) for length in lengths) <= total
    if most < max(lengths, default=0):
        assert sum(min(length, most + 1) for length in lengths) > total


def test_names_that_are_cut_stay_apart() -> None:
    """Each takes its cells; where the middle tells them apart, they are cut elsewhere."""
    names = [f"system/{part}_{way}_mb_per_s" for part in ("disk", "network") for way in ("read", "written", "sent")]
    for cells in range(12, 30):
        texts = fit_apart(names, cells)
        assert len(set(texts)) >= (len(names) if cells >= 18 else 3) and all(len(text) == cells for text in texts)
    assert fit_apart(["val/loss", "val/loss"], 12) == ["val/loss    "] * 2
    # Values are cut at their end unless that makes them look the same.
    assert [text.rstrip() for text in fit_values(["python train.py", "bash run.sh"], 8)] == ["python…", "bash ru…"]
    commands = [f"/work/env/bin/python train.py seed={number}" for number in range(12)]
    assert len(set(fit_values(commands, 12))) == 12
    assert fit_apart(["a/" + "b" * 20, "a/c" + "b" * 19], 9) == ["a/bb…bbbb", "a/cb…bbbb"]


@pytest.mark.parametrize(
    ("names", "cells", "expected"),
    [
        (["wise-heron-7", "bold-stork-3", "final-2"], 8, ["…heron-7", "…stork-3", "final-2 "]),
        (["wise-heron-7", "bold-heron-7"], 8, ["wise-h…7", "bold-h…7"]),
        (["run-aardvark-7", "run-bee-3"], 8, ["run-…k-7", "run-…e-3"]),
    ],
)
def test_names_in_few_cells_keep_their_last_words(names: list[str], cells: int, expected: list[str]) -> None:
    """Where these are whole and tell all apart; else both ends are kept."""
    texts = fit_words_apart(names, cells)
    assert len(set(texts)) == len(names) and all(cell_len(text) == cells for text in texts)
    assert [text for text in expected if text.startswith("…")] == [text for text in texts if text.startswith("…")]


Vector = tuple[float, ...]
_DEUTERANOPIA = ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881))
_PROTANOPIA = ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998))
_FULL = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))


def _seen(colour: str, sight: tuple[Vector, ...]) -> Vector:
    """Give a colour in Oklab (B. Ottosson, 2020), as someone sees it (Machado, Oliveira and Fernandes, 2009)."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]

    def times(matrix: tuple[Vector, ...], vector: Sequence[float]) -> list[float]:
        return [sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix]

    red, green, blue = (max(0.0, part) for part in times(sight, linear))
    cones = (
        0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue,
        0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue,
        0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue,
    )
    to_lab = (
        (0.2104542553, 0.7936177850, -0.0040720468),
        (1.9779984951, -2.4285922050, 0.4505937099),
        (0.0259040371, 0.7827717662, -0.8086757660),
    )
    return tuple(times(to_lab, [cone ** (1 / 3) for cone in cones]))


@pytest.mark.parametrize(
    ("theme", "sights"), [(DARK, (_FULL,)), (LIGHT, (_FULL,)), (COLOUR_BLIND, (_FULL, _DEUTERANOPIA, _PROTANOPIA))]
)
def test_the_first_colours_of_curves_differ_most(theme: Theme, sights: tuple[tuple[Vector, ...], ...]) -> None:
    """Ten runs have colours that are apart, six are far apart, and three still farther; they are no shades of one of the sixteen either."""
    for count, least in ((3, 0.16), (6, 0.1), (CURVE_COLOURS, 0.09)):
        for first, second in combinations(theme.curves[:count], 2):
            assert min(math.dist(_seen(first, sight), _seen(second, sight)) for sight in sights) > least
    assert len({name.removeprefix("bright_") for name in theme.sixteen_curves[:6]}) == 6


def _seen_contrast(style: Style) -> float:
    """Give the contrast of what is drawn in a style with what is behind it."""
    assert style.color is not None and style.bgcolor is not None
    return contrast(style.color.get_truecolor().hex, style.bgcolor.get_truecolor().hex)


@pytest.mark.parametrize("theme", OURS.values(), ids=list(OURS))
def test_all_that_is_drawn_is_seen(theme: Theme) -> None:
    """Text has a contrast of 4.5 on its background, on the bar and under the cursor, marks one of 3 (WCAG 2.1, 1.4.3 and 1.4.11)."""
    palette = make_palette(is_coloured=True, is_rich=True, theme=theme)

    def too_faint(where: str, strip: Strip, names: Collection[str], least: float) -> list[str]:
        return [f"{part.text} {where}: {got:.2f}" for part in strip if part.text in names and part.style and (got := _seen_contrast(part.style)) < least]  # fmt: skip

    spans = [(name, name) for name in palette.styles]
    cells = sum(map(len, palette.styles))
    marks = [name for name in palette.styles if name in ("frame", "spark") or name.startswith("ramp")]
    texts = [name for name in palette.styles if name not in marks]
    faint = too_faint("as text", strip_of(spans, cells, palette), texts, TEXT)
    faint += too_faint("as a mark", strip_of(spans, cells, palette), marks, MARKS)
    faint += too_faint("under the cursor", strip_of(spans, cells, palette, is_cursor=True), palette.styles, TEXT)
    said = [name for name in texts if not name.startswith("curve")]
    faint += too_faint("on the bar", strip_of(spans, cells, palette, fill="bar"), said, TEXT)
    assert faint == []
    assert palette.heat is not None
    assert min(_seen_contrast(palette.heat(step / 100)) for step in range(-100, 101)) >= TEXT
    assert contrast(theme.cursor, theme.background) > 1.5  # a whole line of it
    # What stands behind a line is paler than it, and still seen.
    for line, band in zip(palette.curves, palette.bands, strict=True):
        assert BEHIND <= _seen_contrast(band) < _seen_contrast(line) / 1.3


@pytest.mark.parametrize("theme", OURS.values(), ids=list(OURS))
def test_words_of_different_meaning_look_different(theme: Theme) -> None:
    """No two meanings have one colour; for colour-blind eyes neither, in their theme."""
    for sight in (_FULL, _DEUTERANOPIA, _PROTANOPIA) if theme is COLOUR_BLIND else (_FULL,):
        seen = {name: _seen(colour, sight) for name, colour in theme.colours.items()}
        alike = [pair for pair in combinations(seen, 2) if math.dist(seen[pair[0]], seen[pair[1]]) < 0.06]
        assert alike == []


@pytest.mark.parametrize("theme", OURS.values(), ids=list(OURS))
def test_colours_of_numbers_are_ordered_for_any_eyes(theme: Theme) -> None:
    """From low to high they move away from the background in even steps of lightness, also for colour-blind eyes."""
    for sight in (_FULL, _DEUTERANOPIA, _PROTANOPIA):
        lightness = [_seen(colour, sight)[0] for colour in theme.ramp]
        steps = [after - before for before, after in pairwise(lightness)]
        sign = 1 if _seen(theme.background, sight)[0] < 0.5 else -1
        assert all(sign * step > 0.05 for step in steps)
    # The lowest quarter is one of the runs, too: it must be seen (contrast as in WCAG 2.1, 1.4.11).
    assert min(contrast(colour, theme.background) for colour in theme.ramp) >= MARKS
    paper = [_seen(colour, _FULL)[0] for colour in RAMP]
    assert paper == sorted(paper, reverse=True)


def test_every_screen_can_be_read_on_a_bright_background(small_catalog: Path, explore: Callable[..., None]) -> None:
    """On a walk through the screens all that is drawn has the contrast that it needs, and nothing the terminal's own background."""
    faint: dict[str, str] = {}

    def look(pilot: Pilot[Any], at: str) -> None:
        for strip in pilot.app.screen._compositor.render_strips():
            for text, style, _ in strip:
                if not text.strip() or style is None:
                    continue
                assert style.bgcolor is not None and style.bgcolor.triplet is not None, (at, text)
                least = TEXT if any(letter.isalnum() for letter in text) else BEHIND
                if _seen_contrast(style) < least:
                    faint[text] = at

    async def flow(pilot: Pilot[Any]) -> None:
        app: Any = pilot.app
        app.take_theme("light")
        for at in STEPS:
            await pilot.press(*at.split())
            await settled(pilot)
            look(pilot, at)

    explore(small_catalog, flow, size=(120, 36))

    assert faint == {}
