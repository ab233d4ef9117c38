"""Parallel coordinates: every line where its values are, and a title that says which ones are in front."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artui.model import Column
from artui.query.runs.statistics import Placed
from artui.tui.cells import Palette, make_palette
from artui.tui.colouring import mark_of
from artui.tui.widgets.parallel import Parallel, ParallelAxis, _draw_lines, _line
from artui.tui.widgets.plot import Plot

PALETTE = make_palette(is_coloured=False, is_rich=False)
SHARES = st.one_of(st.floats(0, 1), st.just(math.nan))


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 6).flatmap(lambda axes: st.lists(st.lists(SHARES, min_size=axes, max_size=axes), max_size=12)), st.booleans())  # fmt: skip
def test_many_lines_have_the_dots_of_each_one(rows: list[list[float]], is_back: bool) -> None:
    """Drawn all at once they set the same dots as one after the other, over axes without a value too."""
    axes = len(rows[0]) if rows else 2
    xs = [round(4 + number * 70 / (axes - 1)) for number in range(axes)]
    together, single = Plot(40, 12), Plot(40, 12)

    _draw_lines(together, xs, np.array(rows).reshape(len(rows), axes), is_back=is_back)
    for row in rows:
        _line(single, xs, row, 0)

    assert (together.band if is_back else together.line) == single.line
    assert (together.band_owners if is_back else together.line_owners) == single.line_owners


def _axis(title: str, values: list[float], *, words: tuple[str, ...] = (), is_metric: bool = False) -> ParallelAxis:
    column = Column("metric" if is_metric else "param", title)
    return ParallelAxis(title, Placed(column, np.array(values, float), words), True if is_metric else None)


def _shown(axes: list[ParallelAxis], *, picked: dict[int, int] | None = None, width: int = 120, brush: int = 0, has_braille: bool = True) -> list[str]:  # fmt: skip
    parallel = Parallel()
    parallel.has_braille = has_braille
    parallel.show(range(len(axes[0].placed.values)), axes, picked or {})
    parallel.brush = brush
    strips = parallel.drawn(width, 36, PALETTE)
    assert strips is not None
    return [strip.text for strip in strips]


RUNS = 40
AXES = [
    _axis("optimizer.name", [number % 3 for number in range(RUNS)], words=("adam", "sgd", "adamw-with-name")),
    _axis("trainer.epochs", [40.0 if number else 2000.0 for number in range(RUNS)]),
    _axis("model.var_smoothing", [4.3e-8 * 1.09**number for number in range(RUNS)]),
    _axis("val/loss", [number / 7 + 1 if number % 4 else math.nan for number in range(RUNS)], is_metric=True),
]


@pytest.mark.parametrize(
    ("picked", "brush", "in_front"),
    [
        ({}, 0, "in front: the best tenth by val/loss"),
        ({1: 0, 2: 1}, 0, "in front: 2 marked runs"),
        ({1: 0}, 1, "in front: the top third of val/loss and 1 marked run"),
    ],
)
def test_the_title_says_what_stands_out(picked: dict[int, int], brush: int, in_front: str) -> None:
    """The best are in front only where no run is marked; marked ones have their marks on every axis and between."""
    lines = _shown(AXES, picked=picked, brush=brush)
    assert lines[0].rstrip().endswith(in_front)
    # The last one lies in front of the others.
    mark = mark_of(max(picked.values(), default=0))
    assert sum(line.count(mark) for line in lines) == (2 * len(AXES) - 1 if picked else 0)


@pytest.mark.parametrize("width", [80, 120, 200])
def test_axes_use_the_width_and_their_titles_keep_both_ends(width: int) -> None:
    """The outer axes stand near the edges; a title is cut in its middle, and says where an axis is logarithmic."""
    lines = _shown(AXES, width=width)
    row = lines[len(lines) // 2]
    assert row.index("│") <= width // 8 + 3 and row.rindex("┃") >= width - width // 8 - 3
    titles = lines[-1].split("  ")
    assert any(title.strip().startswith("optim") and title.strip().endswith("name") for title in titles)
    assert lines[-1].count("log") == 2


def test_without_braille_few_lines_are_drawn() -> None:
    """A terminal of blocks gets a part of the lines, and the corner of the screen says how many."""
    axes = [_axis("a", [float(n) for n in range(400)]), _axis("b", [float(n * 7 % 400) for n in range(400)])]
    dots = [
        sum(
            (ord(letter) - 0x2800).bit_count() * ("⠀" < letter <= "⣿")
            for line in _shown(axes, has_braille=has_braille)
            for letter in line
        )
        for has_braille in (True, False)
    ]
    assert dots[1] < dots[0] / 2
    parallel = Parallel()
    parallel.show(range(400), axes, {})
    assert parallel.counts_texts() == []
    parallel.has_braille = False
    assert parallel.counts_texts() == ["24 lines drawn, evenly chosen"]


def test_what_has_no_line_is_counted() -> None:
    """A run with one value at most has no line; one without a value on the current axis cannot be among the best."""
    axes = [_axis("a", [1.0, 2.0, math.nan, 4.0]), _axis("loss", [1.0, math.nan, math.nan, 3.0], is_metric=True)]
    assert "2 without two values here" in _shown(axes)[0]
    parallel = Parallel()
    parallel.show(range(4), axes, {})
    assert parallel.counts_texts() == ["2 without loss"]


def test_what_is_kept_of_the_axes_goes_with_them() -> None:
    """After moving an axis, another current one or a brush the picture is that of a widget that never drew before."""
    parallel = Parallel()
    parallel.show(range(RUNS), AXES, {})
    for axes, current, brush in ((AXES, 3, 0), (AXES, 1, 0), (AXES, 1, 2), ([AXES[2], *AXES[:2], AXES[3]], 0, 1)):
        if list(axes) != parallel.axes:
            parallel.current = 2
            parallel.action_shift_axis(-1)
            parallel.action_shift_axis(-1)
        parallel.current, parallel.brush = current, brush
        fresh = Parallel()
        fresh.show(range(RUNS), axes, {})
        fresh.current, fresh.brush = current, brush

        drawn, expected = (widget.drawn(120, 36, PALETTE) for widget in (parallel, fresh))

        assert drawn is not None and expected is not None
        assert [strip.text for strip in drawn] == [strip.text for strip in expected]
        assert parallel.counts_texts() == fresh.counts_texts()


def test_without_colours_the_lines_behind_are_dotted() -> None:
    """What stands out is drawn whole, the rest in one of three columns."""
    with_colours = make_palette(is_coloured=True, is_rich=True)
    axes = [
        _axis("a", [0.0, 1.0, 0.0, 1.0] * 10),
        _axis("loss", [float(number) for number in range(40)], is_metric=True),
    ]

    def braille_count(palette: Palette) -> int:
        parallel = Parallel()
        parallel.show(range(40), axes, {})
        strips = parallel.drawn(120, 36, palette)
        assert strips is not None
        return sum(0x2800 < ord(letter) < 0x2900 for strip in strips for letter in strip.text)

    assert 0.2 < braille_count(PALETTE) / braille_count(with_colours) < 0.7


@pytest.mark.parametrize("is_coloured", [True, False])
def test_without_colours_marked_lines_have_their_marks_along(is_coloured: bool) -> None:
    """Each marked line is whole, with its mark on each axis and, where colours do not tell it, between the axes."""
    axes = [
        _axis(title, [float((7 * place + factor) % 11) for place in range(30)])
        for title, factor in (("a", 0), ("b", 3), ("c", 5), ("d", 9))
    ]
    parallel = Parallel()
    parallel.show(range(30), axes, {2: 0, 9: 1, 17: 2})
    strips = parallel.drawn(120, 36, make_palette(is_coloured=is_coloured, is_rich=is_coloured))
    assert strips is not None
    text = "".join(strip.text for strip in strips)
    for number in range(3):
        assert text.count(mark_of(number)) == (4 if is_coloured else 7)
