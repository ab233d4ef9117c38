"""Bands: each cell says what answered most requests then, by plain Python, and names stand where a version begins."""

from __future__ import annotations

import random

import pytest

from artui.model.deployments import Deployment, Incident, Noted, Recorded, Release, in_order
from artui.tui.cells import length_of
from artui.tui.widgets.bands import (
    BACK,
    NOTHING,
    SHARED,
    WENT_WRONG,
    WHOLE,
    Window,
    band_spans,
    colours_of,
    course_text,
)

NAMES = {"a": "v1", "b": "v2", "c": "v3"}


def _place(*releases: Release, incidents: tuple[Incident, ...] = ()) -> Deployment:
    recorded = in_order(Recorded(release, time_ms=number) for number, release in enumerate(releases))
    return Deployment("ID", 1, "api/production", "p", tuple(recorded), tuple(map(Noted, incidents)))


def _text(place: Deployment, window: Window, cells: int) -> str:
    spans = band_spans(place, window, cells, names=NAMES, colours=colours_of([place]))
    assert length_of(spans) == max(0, cells)
    return "".join(text for text, _ in spans)


def test_a_band_tells_the_story() -> None:
    """A version, a trial beside it, the next one, a rollback, and an incident on it."""
    place = _place(
        Release("R1", "a", "m:v1", from_ms=10), Release("R2", "b", "m:v2", share=0.2, from_ms=20), Release("R3", "b", "m:v2", from_ms=25),
        Release("R4", "a", "m:v1", from_ms=34, reason="rollback"), incidents=(Incident("I1", 31, "bad"),),
    )  # fmt: skip
    text = _text(place, Window(0, 40), 40)

    assert text[:10] == NOTHING * 10 and text[10:12] == "v1" and text[12:20] == WHOLE * 8
    assert text[20:25] == SHARED * 5 and text[25:27] == "v2" and text[31] == WENT_WRONG
    assert text[34:37] == f"{BACK}v1" and text[-1] == WHOLE


def test_what_was_just_released_is_in_sight() -> None:
    """The last cell is what serves now, however long the time is that the band stands for."""
    place = _place(Release("R1", "a", "m:v1", from_ms=10**12 - 5))
    assert _text(place, Window(0, 10**12), 30) == NOTHING * 29 + WHOLE


@pytest.mark.parametrize("seed", range(100))
def test_each_cell_is_what_served_then(seed: int) -> None:
    """Whatever was released: no cell is drawn in which nothing answered, none left out in which something did."""
    chance = random.Random(seed)
    place = _place(*(
        Release(
            f"R{number}", chance.choice("abc"), "x", chance.choice(("live", "live", "shadow")), chance.choice((1.0, 0.3)), chance.randrange(100), chance.choice((0, 0, chance.randrange(1, 120))),
        )
        for number in range(chance.randrange(6))
    ))  # fmt: skip
    cells, window = chance.randrange(0, 120), Window(chance.randrange(50), 60 + chance.randrange(60))
    text = _text(place, window, cells)
    if cells < 8:
        return
    for cell, letter in enumerate(text):
        answering = [one for one in place.served(window.moment_of(cell, cells)) if one.release.role != "shadow"]
        assert (letter == NOTHING) == (not answering), cell
        if letter in (WHOLE, SHARED):
            assert (letter == SHARED) == (len(answering) > 1)


@pytest.mark.parametrize("seed", range(40))
def test_a_course_has_a_cell_for_each_time(seed: int) -> None:
    """Cells without a window are empty, the others are as high as plain Python says; it is as wide as its band."""
    chance = random.Random(seed)
    length, cells = chance.randrange(1, 9), chance.randrange(8, 60)
    points = [
        (begin, chance.choice((None, chance.random(), 5.0))) for begin in range(0, 100, length) if chance.random() < 0.8
    ]
    window = Window(chance.randrange(-20, 20), 60 + chance.randrange(60))
    text = course_text(points, window, cells, length_ms=length, from_zero=True)

    assert len(text) == cells
    touched = {
        cell
        for begin, value in points
        if value is not None
        for cell in range(window.cell_of(begin, cells), window.cell_of(begin + length - 1, cells) + 1)
    }
    assert {cell for cell, letter in enumerate(text) if letter != " "} == touched & set(range(cells))
