"""Colours and marks of the runs on one screen."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from artui.tui.cells import MARK, fit_apart, most_cells
from artui.tui.colouring import CURVE_COLOURS, CURVE_MARKS, NUMBERS, colour_at, mark_of, set_apart
from artui.tui.themes import COLOUR_BLIND, DARK, LIGHT

IDS = st.lists(st.integers(0, 60).map(str), max_size=60)


@given(st.lists(IDS, max_size=6))
def test_runs_on_one_screen_are_always_two(screens: list[list[str]]) -> None:
    """Whatever was looked at before, runs that are seen together differ in colour and mark, of up to ten in both."""
    numbers: dict[str, int] = {}
    for ids in screens:
        chosen = set_apart(ids, numbers)
        assert list(chosen) == list(dict.fromkeys(ids))
        pairs = [(colour_at(number), mark_of(number)) for number in chosen.values()]
        assert len(set(pairs)) == len(pairs)
        if len(chosen) <= CURVE_COLOURS:
            assert len({colour for colour, _ in pairs}) == len({mark for _, mark in pairs}) == len(pairs)
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
    assert fit_apart(["a/" + "b" * 20, "a/c" + "b" * 19], 9) == ["a/bb…bbbb", "a/cb…bbbb"]
