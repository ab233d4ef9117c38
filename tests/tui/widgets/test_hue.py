"""Colours of runs by a column: every run has one, the legend names them, and signs tell them without colours."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from artui.model import Column
from artui.query.runs.statistics import Placed
from artui.tui.cells import length_of, make_palette
from artui.tui.widgets.hue import MAX_HUES, RAMP_SIGNS, Hues, hues_of
from artui.tui.widgets.parallel import end_text
from artui.tui.widgets.scatter import FEW_DOTS, Scatter

NUMBERS = st.lists(st.one_of(st.just(math.nan), st.floats(-1e3, 1e3), st.sampled_from([1.0, 2.0, 3.0])), min_size=1, max_size=60)  # fmt: skip


def _hues(values: list[float], *, words: tuple[str, ...] = (), is_shown: list[bool] | None = None) -> Hues | None:
    placed = Placed(Column("param", "by"), np.array(values, float), words)
    return hues_of("by", placed, np.array(is_shown or [True] * len(values)))


@settings(max_examples=100, deadline=None)
@given(NUMBERS)
@example([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 5e-324])
def test_runs_of_one_hue_have_neighbouring_values(values: list[float]) -> None:
    """Each run has one hue; those of numbers follow each other, and runs without a value have one of their own."""
    hues = _hues(values)
    present = sorted(value for value in values if value == value)
    if hues is None:
        assert not present
        return
    assert min(hues.of_run) >= 0 and len({hue.sign for hue in hues.hues}) == len(hues.hues) <= MAX_HUES + 1
    members = [[value for value, hue in zip(values, hues.of_run, strict=True) if hue == number] for number in range(len(hues.hues))]  # fmt: skip
    assert all(members)
    assert [hue.label == "none" for hue in hues.hues] == [math.isnan(group[0]) for group in members]
    assert [value for group in members for value in sorted(group) if value == value] == present


def test_of_many_words_the_most_frequent_have_a_hue() -> None:
    """The others share one, runs that are not shown have none, and the legend fits in what room there is."""
    words = tuple(f"a-rather-long-word-{number}" for number in range(9))
    values = [float(number) for number in range(9) for _ in range(1 + number)]
    hues = _hues(values, words=words)
    assert hues is not None
    assert [hue.label for hue in hues.hues] == [*words[4:], "others"]
    for cells in (60, 100, 200):
        assert length_of(hues.spans(cells)) <= cells
    hidden = _hues([0.0, 1.0, math.nan], words=("a", "b"), is_shown=[True, False, False])
    assert hidden is not None and [hue.label for hue in hidden.hues] == ["a"] and hidden.of_run.tolist() == [0, -1, -1]
    assert "a" in "".join(text for text, _ in hidden.spans(100))


@pytest.mark.parametrize("is_coloured", [True, False])
@pytest.mark.parametrize("count", [FEW_DOTS // 2, FEW_DOTS * 5])
def test_a_scatter_shows_hues(count: int, is_coloured: bool) -> None:
    """Few runs, and any number without colours, have the signs of the legend; of many each dot has its colour."""
    xs = np.arange(count, dtype=float)
    by = Placed(Column("param", "by"), xs % 2, ("adam", "sgd"))
    hues = hues_of("by", by, np.ones(count, bool))
    x, y = (Placed(Column("metric", name), values) for name, values in (("a", xs), ("b", np.sqrt(xs))))
    scatter = Scatter()
    scatter.show(range(count), x, y, ("a", "b"), {3: 5}, hues)
    palette = make_palette(is_coloured=is_coloured, is_rich=is_coloured)

    strips = scatter.drawn(120, 36, palette)

    assert strips is not None and hues is not None
    text = "".join(strip.text for strip in strips)
    has_signs = count <= FEW_DOTS or not is_coloured
    assert [hue.sign in text for hue in hues.hues] == [has_signs, has_signs]
    if is_coloured:
        styles = {str(segment.style) for strip in strips for segment in strip}
        assert {str(palette.styles[hue.style]) for hue in hues.hues} <= styles
    figure = scatter.figure()
    assert figure is not None and [(dots.label, len(dots.xs)) for dots in figure.dots] == [("by adam", count // 2), ("by sgd", count // 2)]  # fmt: skip


@given(
    st.lists(
        st.integers(-(10**6), 10**6).map(lambda number: number / 1000), min_size=MAX_HUES + 2, max_size=60, unique=True
    )
)
def test_numbers_are_in_quarters_from_low_to_high(values: list[float]) -> None:
    """Each hue of many numbers has about a quarter of the runs, and its label the ends of its values."""
    hues = _hues(values)
    assert hues is not None and [hue.sign for hue in hues.hues] == list(RAMP_SIGNS)
    for number, hue in enumerate(hues.hues):
        members = [value for value, place in zip(values, hues.of_run, strict=True) if place == number]
        assert abs(len(members) - len(values) / 4) <= 1
        low, high = (end_text(hues.placed, end) for end in (min(members), max(members)))
        assert hue.label in (low, f"{low} – {high}")
        end = float(hue.short.removeprefix("≤").replace("−", "-").replace(",", ""))
        assert max(members) - 1e-9 * abs(end) <= end <= max(members) + 0.01 * abs(max(members)) + 1e-12


@pytest.mark.parametrize("cells", [24, 37, 60, 79, 120])
def test_a_legend_of_numbers_cuts_none(cells: int) -> None:
    """Ranges where there is room, else the upper ends, of few cells the outer ones alone; each is whole."""
    hues = _hues([number / 37 for number in range(60)])
    assert hues is not None
    text = "".join(part for part, _ in hues.spans(cells))
    assert length_of(hues.spans(cells)) <= cells
    assert (" – " in text) == (cells > 79) and "…" not in text.replace(hues.title[:1] + "…", "")
    whole = {number for hue in hues.hues for number in (*hue.label.split(" – "), hue.short)}
    assert {part for part in text.split() if any(letter.isdigit() for letter in part)} <= whole
    assert hues.is_whole(cells) == (
        hues.title in text and text.count("≤") in (0, len(RAMP_SIGNS)) and text[-2].isdigit()
    )


def test_a_param_reads_in_a_legend_as_it_was_given() -> None:
    """Its upper ends have no zeros that nobody wrote: 0.0003 and 0.1, not 0.000300 and 0.100."""
    hues = _hues([1e-4, 2e-4, 3e-4, 1e-3, 3e-3, 4e-3, 0.01, 0.03, 0.1])
    assert hues is not None and hues.hues[0].short == "≤0.0003" and hues.hues[-1].short == "≤0.1"
