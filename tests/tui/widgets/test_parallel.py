"""Parallel coordinates: every line where its values are, and a title that says which ones are in front."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.style import Style

from artui.figures.layout import Text, shapes
from artui.model import Column
from artui.query.filter.parser import And, Comparison, parse
from artui.query.runs.statistics import Placed
from artui.tui.cells import Palette, make_palette
from artui.tui.colouring import mark_of
from artui.tui.screens.plot import where_in_front
from artui.tui.themes import OURS
from artui.tui.widgets.axischoice import NO_ROOM, SEED, LeftOut, axes_of, left_out_texts
from artui.tui.widgets.manylines import draw_line, draw_lines, shade
from artui.tui.widgets.parallel import FEW_LINES, Parallel, ParallelAxis, end_text
from artui.tui.widgets.picture import ODD
from artui.tui.widgets.plot import Plot, plot_rows

PALETTE = make_palette(is_coloured=False, is_rich=False)
SHARES = st.one_of(st.floats(0, 1), st.just(math.nan))


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 6).flatmap(lambda axes: st.lists(st.lists(SHARES, min_size=axes, max_size=axes), max_size=12)), st.booleans())  # fmt: skip
def test_many_lines_have_the_dots_of_each_one(rows: list[list[float]], is_back: bool) -> None:
    """Drawn all at once they set the same dots as one after the other, over axes without a value too."""
    axes = len(rows[0]) if rows else 2
    xs = [round(4 + number * 70 / (axes - 1)) for number in range(axes)]
    together, single = Plot(40, 12), Plot(40, 12)

    draw_lines(together, xs, np.array(rows).reshape(len(rows), axes), is_back=is_back)
    for row in rows:
        draw_line(single, xs, row, 0)

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


def test_cells_that_are_shared_show_what_is_in_front() -> None:
    """Of many lines behind a chosen one not a dot is in its cells, so that it stays a line; every category has its name."""
    xs, shares = [4, 70], np.random.default_rng(3).random((300, 2))
    plot, alone = Plot(40, 12), Plot(40, 12)
    draw_lines(plot, xs, shares, is_back=True)
    for each in (plot, alone):
        draw_line(each, xs, [0.2, 0.7], 1)
    mine = [strip.text for strip in plot_rows(alone, {}, 2, PALETTE, front=lambda _: Style(), back=lambda _: Style())]
    both = [strip.text for strip in plot_rows(plot, {}, 2, PALETTE, front=lambda _: Style(), back=lambda _: Style())]
    shared = [(row, column) for row, text in enumerate(mine) for column, letter in enumerate(text) if "\u2800" < letter <= "\u28ff"]  # fmt: skip
    assert len(shared) > 20 and any(plot.band[row * 40 + column - 4] for row, column in shared)
    assert [both[row][column] for row, column in shared] == [mine[row][column] for row, column in shared]

    words = ("blue", "green", "red")
    axes = [_axis("colour", [number % 3 for number in range(RUNS)], words=words), AXES[-1]]
    assert all(word in "\n".join(_shown(axes)) for word in words)


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
        ({1: 0}, 1, "in front: the best third by val/loss and 1 marked run"),
    ],
)
def test_the_title_says_what_stands_out(picked: dict[int, int], brush: int, in_front: str) -> None:
    """The best are in front only where no run is marked; marked ones have their marks on every axis and between."""
    lines = _shown(AXES, picked=picked, brush=brush)
    assert lines[0].rstrip().endswith(in_front)
    # The first one lies in front of the others.
    mark = mark_of(next(iter(picked.values()), 0))
    assert sum(line.count(mark) for line in lines) == (2 * len(AXES) - 1 if picked else 0)


@pytest.mark.parametrize("width", [80, 120, 200])
def test_axes_use_the_width_and_their_titles_are_whole(width: int) -> None:
    """The outer axes stand near the edges; a title is whole, if need be in two lines, and says where an axis is logarithmic."""
    lines = _shown(AXES, width=width)
    row = lines[len(lines) // 2]
    assert row.index("│") <= width // 8 + 3 and row.rindex("┃") >= width - width // 8 - 3
    text = "\n".join(lines[-2:])
    assert all(axis.title in text for axis in AXES) and text.count("log") == 2


@pytest.mark.parametrize("brush", range(1, 6))
@pytest.mark.parametrize("is_better_low", [True, False, None])
def test_a_brush_selects_the_part_that_it_names(brush: int, is_better_low: bool | None) -> None:
    """Best and worst are those of the metric, whichever way is better; of other columns top is the highest."""
    values = [float(number * 37 % 90) for number in range(90)]
    placed = Placed(Column("param" if is_better_low is None else "metric", "x"), np.array(values))
    axes = [_axis("a", values), ParallelAxis("x", placed, is_better_low)]
    parallel = Parallel()
    parallel.show(range(90), axes, {})
    parallel.brush = brush
    strips = parallel.drawn(120, 36, PALETTE)
    assert strips is not None
    text = strips[0].text
    in_front = sorted(values[place] for place in parallel._chosen(parallel._shares(parallel._scales(100) or []))[1])

    count = 30 if "third" in text else 9
    lowest = "worst" if is_better_low is False else "best" if is_better_low else "bottom"
    highest = {"worst": "best", "best": "worst", "bottom": "top"}[lowest]
    expected = {lowest: sorted(values)[:count], "middle": sorted(values)[30:60], highest: sorted(values)[-count:]}
    side = next(word for word in expected if f"the {word} " in text)
    assert in_front == expected[side]


@given(st.lists(st.lists(SHARES, min_size=4, max_size=4), min_size=1, max_size=12))
def test_no_line_passes_an_axis_without_a_value(rows: list[list[float]]) -> None:
    """Between two axes there are dots only if a run has a value on both."""
    xs = [4, 26, 48, 70]
    plot = Plot(40, 12)
    draw_lines(plot, xs, np.array(rows), is_back=False)
    for gap in range(3):
        cells = [plot.line[row * plot.columns + column] for row in range(plot.rows) for column in range((xs[gap] >> 1) + 1, xs[gap + 1] >> 1)]  # fmt: skip
        assert any(cells) == any(row[gap] == row[gap] and row[gap + 1] == row[gap + 1] for row in rows)


def test_what_most_runs_lack_has_no_axis() -> None:
    """It is counted, unless the user asked for it; runs that are not judged do not count."""
    judged = Placed(Column("metric", "loss"), np.array([math.nan] * 20 + [float(number) for number in range(20)]))
    common = [Placed(Column("param", name), np.array([float(number * 7 % 40) for number in range(40)])) for name in "abc"]  # fmt: skip
    sparse = Placed(Column("param", "sparse"), np.array([float(number) if number < 29 else math.nan for number in range(40)]))  # fmt: skip
    chosen, words = axes_of([*common, sparse, judged], most=9)
    assert sparse not in chosen and words == [LeftOut("lacked by most runs", [sparse.column])]
    assert sparse in axes_of([*common, sparse, judged], most=9, wanted={sparse.column.id})[0]


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
    assert parallel.counts_texts() == parallel.drawn_texts() == []
    parallel.has_braille = False
    assert parallel.counts_texts() == [] and parallel.drawn_texts() == ["24 lines drawn"] * 2
    axes[1] = _axis("loss", [float(n * 7 % 400) for n in range(400)], is_metric=True)
    parallel.show(range(400), axes, {})
    assert parallel.drawn_texts() == ["10 of 40 in front, 24 of 360 others drawn", "34 lines drawn"]


def test_what_has_no_line_is_counted() -> None:
    """A run with one value at most has no line; one without a value on the current axis cannot be among the best."""
    axes = [_axis("a", [1.0, 2.0, math.nan, 4.0]), _axis("loss", [1.0, math.nan, math.nan, 3.0], is_metric=True)]
    assert "2 runs with too few values for a line" in _shown(axes)[0]
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
    """What stands out is drawn whole, of the rest one of three dots, along lines of any slope."""
    with_colours = make_palette(is_coloured=True, is_rich=True)
    axes = [
        _axis("a", [0.0, 1.0, 0.0, 1.0] * 10),
        _axis("loss", [float(number) for number in range(40)], is_metric=True),
    ]

    def dot_count(palette: Palette) -> int:
        parallel = Parallel()
        parallel.show(range(40), axes, {})
        strips = parallel.drawn(120, 36, palette)
        assert strips is not None
        text = "".join(strip.text for strip in strips)
        return sum((ord(letter) - 0x2800).bit_count() for letter in text if 0x2800 < ord(letter) < 0x2900)

    assert 0.2 < dot_count(PALETTE) / dot_count(with_colours) < 0.6


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


VALUES = st.lists(st.one_of(st.integers(0, 5).map(float), st.floats(-9, 9), st.just(math.nan)), min_size=2, max_size=25)


@settings(max_examples=60, deadline=None)
@given(VALUES, st.booleans(), st.integers(0, 5))
def test_the_cursor_goes_over_all_runs_by_value(values: list[float], is_better_low: bool, brush: int) -> None:
    """From the lowest value up it comes to each run with one, of the brush alone; the head has its true rank."""
    axes = [
        _axis("a", [float(number) for number in range(len(values))]),
        ParallelAxis("loss", _axis("loss", values, is_metric=True).placed, is_better_low),
    ]
    parallel = Parallel()
    parallel.show(range(len(values)), axes, {})
    parallel.current, parallel.brush = 1, brush
    finite = sorted(value for value in values if value == value)
    parallel.action_climb(1)
    if not finite or finite[0] == finite[-1]:
        return
    if parallel.cursor is None:
        # Few values may leave the middle third empty.
        assert brush == 2 and len(finite) < 6
        return
    if brush == 0:
        best = finite[0] if is_better_low else finite[-1]
        assert parallel.cursor is not None and values[parallel.cursor] == best
    for _ in values:
        parallel.action_climb(-1)
    visited = []
    for _ in values:
        assert parallel.cursor is not None
        visited.append(parallel.cursor)
        value = values[parallel.cursor]
        better = sum(other < value if is_better_low else other > value for other in finite)
        assert parallel._rank_text() == f"rank {better + 1} of {len(finite)} by loss"
        parallel.action_climb(1)
    walked = [values[place] for place in dict.fromkeys(visited)]
    assert walked == sorted(walked)
    if brush == 0:
        assert walked == finite
    else:
        # From the best side on.
        shares = {1: (0, 1 / 3), 2: (1 / 3, 2 / 3), 3: (2 / 3, 1), 4: (0, 0.1), 5: (0.9, 1)}[brush]
        low, high = sorted(np.quantile(finite, [share if is_better_low else 1 - share for share in shares]))
        assert all(low - 1e-9 <= value <= high + 1e-9 for value in walked)


@pytest.mark.parametrize("width", [80, 120, 200])
@pytest.mark.parametrize("is_coloured", [True, False])
def test_a_run_can_be_followed_over_all_axes(width: int, is_coloured: bool) -> None:
    """However many share its places, the run under the cursor has its sign and its value on each axis that has one."""
    palette = make_palette(is_coloured=is_coloured, is_rich=is_coloured)
    for place in range(RUNS):
        parallel = Parallel()
        parallel.show(range(RUNS), AXES, {1: 0, 2: 1})
        parallel.cursor, parallel.cursor_name = place, [(f"run-{place}", "title")]
        strips = parallel.drawn(width, 24, palette)
        assert strips is not None
        lines = [strip.text for strip in strips]
        values = [float(axis.placed.values[place]) for axis in AXES]
        present = [(axis, value) for axis, value in zip(AXES, values, strict=True) if value == value]
        assert f"◎ run-{place} " in lines[0] and sum(line.count("◎") for line in lines[1:]) == len(present)
        for axis, value in present:
            assert any("◎" in line and end_text(axis.placed, value)[:4] in line for line in lines[1:])


def test_a_run_that_diverged_says_so_on_the_axis() -> None:
    """The run under the cursor has no place where its value is NaN or infinite: that is written there."""
    axes = [_axis("a", [1.0, 2.0, 3.0]), _axis("b", [1.0, 2.0, 3.0]), _axis("loss", [1.0, 2.0, math.nan])]
    diverged = Placed(axes[2].placed.column, axes[2].placed.values, (), frozenset({2}))
    parallel = Parallel()
    parallel.show(range(3), [*axes[:2], ParallelAxis("loss", diverged, True)], {})
    for place, is_said in ((1, False), (2, True)):
        parallel.cursor = place
        strips = parallel.drawn(80, 20, PALETTE)
        assert strips is not None and any("NaN or ∞" in strip.text for strip in strips) == is_said


@pytest.mark.parametrize(
    ("columns", "most", "wanted", "chosen", "left_out"),
    [
        ("vary one vary2 loss", 8, "", "vary one vary2 loss", []),
        ("vary near vary2 loss", 8, "", "vary vary2 loss", ["left out: near (nearly constant)", "1 axis left out (nearly constant)", "1 axis left out"]),
        ("vary near loss", 8, "", "vary near loss", []),
        ("vary near vary2 loss", 8, "near", "vary near vary2 loss", []),
        ("same vary near vary2 none loss", 8, "", "vary vary2 loss", ["left out: same (constant), near (nearly constant), none (no value)", "3 axes left out (1 constant, 1 nearly constant, 1 no value)", "3 axes left out"]),
        ("vary vary2 one loss", 3, "", "vary vary2 loss", ["left out: one (for lack of room)", "1 axis left out (for lack of room)", "1 axis left out"]),
        ("vary vary2 one loss", 3, "one", "vary one loss", ["left out: vary2 (for lack of room)", "1 axis left out (for lack of room)", "1 axis left out"]),
        ("same some", 8, "", "", ["left out: same (constant), some (one value or none)", "2 axes left out (1 constant, 1 one value or none)", "2 axes left out"]),
    ],
)  # fmt: skip
def test_axes_are_columns_that_tell_runs_apart(
    columns: str, most: int, wanted: str, chosen: str, left_out: list[str]
) -> None:
    """What does not vary, or in one run alone, takes no room from other columns, and the legend names it, or counts it."""
    values = {
        "vary": [float(number % 3) for number in range(40)],
        "vary2": [float(number) for number in range(40)],
        "one": [1.0] * 30 + [2.0] * 10,
        "near": [10.0] * 39 + [9.0],
        "same": [4.0] * 40,
        "none": [math.nan] * 40,
        "some": [0.9] * 10 + [math.nan] * 30,
        "loss": [number / 7 for number in range(40)],
    }
    placed = [_axis(name, values[name]).placed for name in columns.split()]
    ids = {column.column.id for column in placed if column.column.name in wanted.split()}

    axes, words = axes_of(placed, most=most, wanted=ids)

    assert [axis.column.name for axis in axes] == chosen.split()
    assert left_out_texts(words, lambda column: column.name) == left_out
    # What is not even read is named with the others, as far as there is room for names.
    more = [LeftOut(SEED, [Column("param", "seed")]), LeftOut(NO_ROOM, [Column("param", f"p{n}") for n in range(20)])]
    whole, counted, brief = left_out_texts([*words, *more], lambda column: column.name)
    total = 21 + sum(len(part.columns) for part in words)
    assert "seed" in whole and "(a seed)" not in whole and f"and {total - 6} more" in whole
    assert brief == f"{total} axes left out" and counted.startswith(brief) and counted.count(NO_ROOM) == 1


@pytest.mark.parametrize("sign", [1, -1])
def test_one_outlier_does_not_set_an_axis(sign: int) -> None:
    """The others keep nearly the whole axis; the one outside is named, and its line ends at an arrow."""
    values = [sign * (number % 40) / 40 for number in range(80)] + [sign * 1e6]
    axes = [_axis("a", [float(number % 9) for number in range(81)]), _axis("b", values)]
    lines = _shown(axes)
    arrow = "↑" if sign > 0 else "↓"
    assert f"{arrow} {end_text(axes[1].placed, sign * 1e6)}" in lines[1 if sign > 0 else -2]
    assert sum(arrow in line for line in lines[2:-2]) == 1
    parallel = Parallel()
    parallel.show(range(81), axes, {})
    scales = parallel._scales(100)
    assert scales is not None
    shares = parallel._shares(scales)[:80, 1]
    assert np.ptp(shares) > 0.9 and shares.min() >= 0 and shares.max() <= 1


@pytest.mark.parametrize("width", [80, 120, 200])
def test_long_titles_that_begin_alike_differ(width: int) -> None:
    """Each of eight axes has its name, whole as far as two spacings go."""
    names = [f"optimizer.{word}" for word in ("name", "rate", "beta1", "beta2", "eps", "decay", "steps", "loss")]
    axes = [_axis(name, [float(place * 7 % (5 + number)) for place in range(40)]) for number, name in enumerate(names)]
    lines = _shown(axes, width=width)
    assert sorted(text for text in " ".join(lines[-2:]).split() if text != "0") == sorted(names)


@settings(max_examples=25, deadline=None)
@given(st.integers(FEW_LINES + 1, 1_500), st.integers(0, 2**31))
def test_cells_with_more_lines_have_more_dots(count: int, seed: int) -> None:
    """Of many lines none makes a block: where they would fill a cell its dots and its shade grow with their number."""
    shares = np.random.default_rng(seed).beta(2, 2, (count, 3))
    xs, plot, lines = [4, 40, 76], Plot(40, 12), Plot(40, 12)

    shade(plot, xs, shares, is_back=True)

    draw_lines(lines, xs, shares, is_back=True)
    numbers = np.zeros((12, 40))
    for row in shares.tolist():
        one = Plot(40, 12)
        draw_line(one, xs, row, 0)
        numbers += np.array([bits.bit_count() for bits in one.line]).reshape(12, 40)
    for left, right in ((3, 20), (21, 38)):
        cells = [(row, column) for row in range(12) for column in range(left, right)]
        cells = [cell for cell in cells if lines.band[cell[0] * 40 + cell[1]].bit_count() > 4]
        cells.sort(key=lambda cell: numbers[cell])
        dots = [plot.band[row * 40 + column].bit_count() for row, column in cells]
        shades = [plot.band_owners[row * 40 + column].bit_length() for row, column in cells]
        assert dots == sorted(dots) and shades == sorted(shades) and 8 not in dots


@pytest.mark.parametrize(("count", "best"), [(400, "tenth"), (10_000, "hundredth")])
@pytest.mark.parametrize("tells", [True, False])
def test_axes_are_thick_where_the_best_lie(count: int, best: str, tells: bool) -> None:
    """Where there are clearly more of them than by chance, which is said; an axis of which nothing depends is thin throughout."""
    random = np.random.default_rng(7)
    lr, other = random.random(count), random.random(count)
    loss = np.abs(lr - 0.25) + random.random(count) / 50 if tells else random.random(count)
    axes = [_axis("lr", lr.tolist()), _axis("other", other.tolist()), _axis("val/loss", loss.tolist(), is_metric=True)]
    lines = _shown(axes)
    assert f"in front: the best {best} by val/loss" in lines[0]
    assert ("█ clearly more of these than by chance" in lines[0]) == tells
    assert ("no axis has clearly more of these" in lines[0]) == (not tells and count > 400)

    rows = [number for number, line in enumerate(lines[2:-2]) if "█" in line]
    assert bool(rows) == tells and sum(line.count("█") for line in lines[2:]) == len(rows)
    assert all(0.6 < row / (len(lines) - 5) < 0.9 and lines[2 + row].index("█") < 30 for row in rows)
    assert not tells or "█ more of these" in _shown(axes, width=80)[0]


def test_another_theme_is_drawn_at_once() -> None:
    """What is kept of the picture goes with the colours that it was drawn in."""
    parallel = Parallel()
    parallel.show(range(RUNS), AXES, {1: 0})
    for theme in OURS.values():
        palette = make_palette(is_coloured=True, is_rich=True, theme=theme)
        strips = parallel.drawn(120, 36, palette)
        assert strips is not None
        colours = {segment.style.color for strip in strips for segment in strip if segment.style is not None and segment.text.strip()}  # fmt: skip
        assert colours <= {style.color for style in palette.styles.values()}


ANY = st.one_of(
    st.floats(allow_infinity=False),
    st.floats(0.05, 0.09),
    st.sampled_from(
        [0.1, 0.3, math.nextafter(0.3, 1), 0.30000000000000004, 1e300, -1.7e308, 5e-324, 2.0**53, 2.0**53 + 2]
    ),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(ANY, min_size=2, max_size=40), st.sampled_from([True, False, None]), st.integers(0, 5))
def test_the_filter_of_a_picture_finds_the_runs_in_front(values: list[float], is_better_low: bool | None, brush: int) -> None:  # fmt: skip
    """Whatever the values and the part, exactly the runs drawn in front; parts that touch leave no run between them."""
    placed = Placed(Column("param" if is_better_low is None else "metric", "x"), np.array(values))
    parallel = Parallel()
    parallel.show(range(len(values)), [_axis("a", [float(n) for n in range(len(values))]), ParallelAxis("x", placed, is_better_low)], {})  # fmt: skip
    parallel.current, parallel.brush = 1, brush

    message = parallel.filtered()

    in_front = set(np.flatnonzero(parallel._in_front()).tolist())
    if message is None:
        finite = [value for value in values if value == value]
        assert not in_front and (not finite or (brush == 0 and is_better_low is None) or (brush == 2 and len(finite) == 2))  # fmt: skip
        return
    condition = where_in_front(message)
    found = {place for place, value in enumerate(values) if _is_between(value, condition)}
    assert found == in_front and in_front, condition
    # Each third reaches to the next one.
    thirds = set()
    for third in (1, 2, 3):
        parallel.brush = third
        thirds |= set(np.flatnonzero(parallel._in_front()).tolist())
    if sum(value == value for value in values) != 2:
        assert thirds == {place for place, value in enumerate(values) if value == value}


def _is_between(value: float, condition: str) -> bool:
    """Say whether a value passes a filter of two comparisons, as the filter reads it."""
    node = parse(condition)
    assert isinstance(node, And)
    tests = [part for part in node.parts if isinstance(part, Comparison)]
    bounds = [test.values[0].number for test in tests]
    assert [test.operator for test in tests] == [">=", "<="] and bounds[0] is not None and bounds[1] is not None
    return bounds[0] <= value <= bounds[1]


def test_a_file_says_what_its_lines_and_axes_are() -> None:
    """Every word of an axis stands beside it, no title or range is cut by the edge, and the note says what is in colour."""
    parallel = Parallel()
    parallel.show(range(RUNS), AXES, {})
    for brush in (0, 1):
        parallel.brush = brush
        figure = parallel.figure()
        assert figure is not None
        assert f"in colour: the best {'third' if brush else 'tenth'} by val/loss" in figure.note
        texts = [shape for shape in shapes(figure) if isinstance(shape, Text)]
        assert {"adam", "sgd", "adamw-with-name"} <= {text.text for text in texts}
        for text in texts:
            cells = len(text.text) * text.size * 0.55
            start = text.x - cells * {"start": 0.0, "middle": 0.5, "end": 1.0}[text.anchor]
            assert start >= 0 and start + cells <= figure.size[0], text


def test_a_file_names_the_marked_runs() -> None:
    """Each with the colour that it has there, and how many runs are behind them; none of these has a marked one's colour."""
    parallel = Parallel()
    parallel.show(range(RUNS), AXES, {7: 0, 3: 4})
    parallel.names = {7: "wise-stork-7", 3: "final-2"}
    parallel.brush = 1
    figure = parallel.figure()

    assert figure is not None
    labelled = [(line.label, line.colour) for line in figure.lines if line.label]
    assert labelled[:3] == [("wise-stork-7", 0), ("final-2", 4), ("the best third by val/loss", 1)]
    assert re.fullmatch(r"\d+ other runs", labelled[3][0]) and labelled[3][1] == -1
    assert {name for name, _ in labelled} <= {shape.text for shape in shapes(figure) if isinstance(shape, Text)}


@pytest.mark.parametrize("first", [1, 2])
def test_the_first_marked_run_lies_in_front(first: int) -> None:
    """As among curves: where lines are the same the first one, the best of a sorted table, is seen."""
    axes = [_axis(title, [number, 5.0, 5.0, 9.0]) for number, title in enumerate("abc")]
    parallel = Parallel()
    parallel.show(range(4), axes, {first: 0, 3 - first: 1})
    palette = make_palette(is_coloured=True, is_rich=True)
    strips = parallel.drawn(80, 24, palette)

    assert strips is not None
    seen = {segment.style for strip in strips[2:-2] for segment in strip if re.search("[\u2801-\u28ff]", segment.text)}
    colours = [style.color for style in seen if style is not None]
    assert palette.curves[0].color in colours and palette.curves[1].color not in colours
    assert mark_of(0) in "".join(strip.text for strip in strips[2:-2])
    assert mark_of(1) not in "".join(strip.text for strip in strips[2:-2])


def test_without_an_axis_its_neighbour_is_the_current_one() -> None:
    """Taking an axis away leaves the place; what is said of missing values names the axis it is of."""
    parallel = Parallel()
    parallel.show(range(RUNS), AXES, {})
    parallel.current = 1
    parallel.show(range(RUNS), [AXES[0], *AXES[2:]], {})
    assert parallel.axes[parallel.current] is AXES[2]
    odd = Placed(Column("metric", "loss"), np.array([1.0, 2.0, math.nan, math.nan]), odd=frozenset({2}))
    parallel.show(range(4), [_axis("a", [1.0, 2.0, 3.0, 4.0]), ParallelAxis("loss", odd, True)], {})
    assert parallel.counts_texts() == ["loss: 1 with NaN or ∞ ×, 1 without"]


@pytest.mark.parametrize("is_coloured", [True, False])
def test_a_line_that_ends_at_nan_has_a_sign_at_its_end(is_coloured: bool) -> None:
    """Beside its last place, also where other lines go on; a run without a number has none."""
    parallel = Parallel()
    odd = Placed(Column("metric", "loss"), np.array([1.0, 2.0, math.nan, math.nan]), odd=frozenset({2}))
    parallel.show(range(4), [_axis("a", [1.0, 2.0, 3.0, 4.0]), _axis("b", [1.0, 2.0, 3.0, 4.0]), ParallelAxis("loss", odd, True)], {})  # fmt: skip
    strips = parallel.drawn(80, 24, make_palette(is_coloured=is_coloured, is_rich=True))

    assert strips is not None
    text = [strip.text for strip in strips[2:-2]]
    (row,) = [row for row, line in enumerate(text) if ODD in line]
    assert sum(line.count(ODD) for line in text) == 1 and text[row].index(ODD) == text[row].rindex("│") + 1
    assert abs(row - len(text) / 3) <= 2
