"""Scatter plots: a run stands where it belongs, or beside the place that it shares, and nothing is left unsaid."""

from __future__ import annotations

import math
from collections import Counter
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from artui.figures.figure import COLOURS
from artui.figures.layout import BACKED, Circle, Path, shapes
from artui.model import Column
from artui.query.runs.statistics import Placed
from artui.tui.cells import BEST_SIGN, length_of, make_palette
from artui.tui.colouring import mark_of
from artui.tui.terminal.glyphs import DotStyle, stand_ins
from artui.tui.widgets.hue import hues_of
from artui.tui.widgets.parallel import Parallel, ParallelAxis
from artui.tui.widgets.scatter import FEW_DOTS, Scatter

PALETTE = make_palette(is_coloured=True, is_rich=True)
GRIDS = ([0.0003, 0.001, 0.003, 0.01], [1.0, 2.0, 3.0], [5.0], [0.001, 60.0])


def _scatter(xs: list[float], ys: list[float], picked: dict[int, int] | None = None) -> Scatter:
    scatter = Scatter()
    x, y = (Placed(Column("param", name), np.array(values, float)) for name, values in (("lr", xs), ("loss", ys)))
    scatter.show(range(len(xs)), x, y, ("lr", "loss"), picked or {})
    return scatter


def _lines(scatter: Scatter, width: int = 120, height: int = 36) -> list[str]:
    strips = scatter.drawn(width, height, PALETTE)
    assert strips is not None
    return [strip.text for strip in strips]


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(GRIDS).flatmap(lambda grid: st.lists(st.tuples(st.sampled_from(grid), st.sampled_from([0.1, 0.2, 0.7])), min_size=1, max_size=150)),
    st.sampled_from([(80, 24), (120, 36), (200, 50)]),
)  # fmt: skip
def test_runs_that_share_a_place_stay_around_it(rows: list[tuple[float, float]], size: tuple[int, int]) -> None:
    """No run is moved beyond the frame or past halfway to the next value; those alone at their place are not moved."""
    scatter = _scatter([x for x, _ in rows], [y for _, y in rows])
    scales = scatter._scales(2 * (size[0] - 11), 4 * (size[1] - 2))
    assert scales is not None

    true = scatter._true_dots(*scales)
    spread, axes = scatter._spread(true, *scales)

    for dots, moved, scale in zip(true, spread, scales, strict=True):
        assert moved.min() >= 0 and moved.max() < scale.dots
        distinct = np.unique(dots)
        gap = np.diff(distinct).min() if len(distinct) > 1 else scale.dots
        assert np.abs(moved - dots).max() < gap / 2
    places = list(zip(*(dots.tolist() for dots in true), strict=True))
    for place, *at in zip(places, *(dots.tolist() for dots in spread), strict=True):
        assert places.count(place) > 1 or tuple(at) == place
    assert bool(axes) == any(not np.array_equal(*pair) for pair in zip(true, spread, strict=True))
    # The band is centred: as many to the right as to the left, but for one.
    for place in set(places):
        offsets = [x - place[0] for other, x in zip(places, spread[0].tolist(), strict=True) if other == place]
        room = max(map(abs, offsets))
        assert all(-room <= offset <= room for offset in offsets) and 0 in offsets


@pytest.mark.parametrize("count", [FEW_DOTS // 2, FEW_DOTS * 4])
def test_the_best_run_is_marked_until_there_is_a_cursor(count: int) -> None:
    """It has a sign where it belongs and is said below; of a param no value is better."""
    scatter = Scatter()
    xs, ys = np.linspace(0, 1, count), np.linspace(2, 1, count)
    metric, param = (Placed(Column(source, "val/loss"), ys) for source in ("metric", "param"))
    scatter.show(range(count), Placed(Column("param", "lr"), xs), metric, ("lr", "val/loss"), {})

    assert scatter.best_key == count - 1 and sum(line.count(BEST_SIGN) for line in _lines(scatter)) == 1
    assert "".join(text for text, _ in scatter.best_spans("calm-otter-7")).split()[:3] == [BEST_SIGN, "best", "calm-otter-7"]  # fmt: skip

    scatter.cursor = 3
    assert not any(BEST_SIGN in line for line in _lines(scatter))
    other = Scatter()
    other.show(range(count), Placed(Column("param", "lr"), xs), param, ("lr", "val/loss"), {})
    assert other.best_key is None
    assert not other.best_spans("")


@pytest.mark.parametrize("count", [FEW_DOTS // 2, FEW_DOTS * 4])
def test_a_marked_run_and_the_cursor_stand_at_the_true_place(count: int) -> None:
    """Among many runs of one value theirs is the column of the value itself."""
    xs = [0.001, 0.01] * (count // 2)
    ys = [0.5 if number < count - 2 else 0.9 for number in range(count)]
    for place in (3, count - 3):
        scatter = _scatter(xs, ys, {place: 0})
        marked = [line for line in _lines(scatter) if "lr" not in line]
        scatter.cursor = place
        pointed = _lines(scatter)

        column = next(line.index("◎") for line in pointed if "◎" in line)
        scales = scatter._scales(2 * 109, 4 * 34)
        assert scales is not None and column == 11 + ((scales[0].column(xs[place]) or 0) >> 1)
        row = next(number for number, line in enumerate(pointed) if "◎" in line)
        assert marked[row - 1][column] not in " ⠀"
        assert "spread where runs share a place" in pointed[0]


def test_a_rank_correlation_is_called_one_in_any_room() -> None:
    """Where that not all dots stand at their places is said goes first."""
    scatter = _scatter([0.001, 0.01] * 20, [float(number) for number in range(40)])
    scatter.is_log_x = True
    for width in range(20, 120):
        text = "".join(part for part, _ in scatter._head(width, "x"))
        assert ("+" not in text and "−" not in text) or " rank " in text
        assert "rank" not in text or cell_len(text) <= width
        assert "spread" not in text or "rank" in text
    assert (
        text.endswith("spread where runs share a place") or "spread where runs share a place · rank correlation" in text
    )


def test_what_has_no_place_is_said() -> None:
    """Runs without a value, or without one above zero on a logarithmic axis, are counted with the reason."""
    scatter = _scatter([0.001, 0.01, 0.1, math.nan, 1.0, 0.2], [1.0, math.nan, 2.0, 3.0, 0.0, math.nan])
    assert (scatter.shown_count, scatter.counts_texts()) == (3, ["2 without loss", "1 without lr"])
    scatter.is_log_y = True
    assert scatter.counts_texts() == ["2 without loss", "1 with loss not above 0", "1 without lr"]
    scatter = _scatter([1.0, 2.0], [1.0, 2.0])
    assert scatter.counts_texts() == []


@pytest.mark.parametrize(
    ("ys", "shown"),
    [
        ([1.0, 2.0, 3.0, 4.0, 5.0], "rank correlation +1.00 of only 5 runs"),
        ([1.0, 2.0, 3.0] * 4, "rank correlation +"),
        ([math.cos(1.7 * n) for n in range(12)], "of 12 runs"),
    ],
)  # fmt: skip
def test_a_rank_correlation_says_how_few_runs_it_is_of(ys: list[float], shown: str) -> None:
    """Fewer than ten are only a few."""
    assert shown in _lines(_scatter([float(n) for n in range(len(ys))], ys))[0]


def test_a_correlation_of_about_nothing_has_no_sign() -> None:
    """0.00 is neither plus nor minus."""
    generator = np.random.default_rng(1)
    seen = set()
    for _ in range(300):
        xs, ys = generator.normal(size=(2, 400)).tolist()
        text = _scatter(xs, ys)._correlation
        assert "-" not in text and "−0.00" not in text and "+0.00" not in text
        seen.add("correlation 0.00" in text)
    assert seen == {True, False}


@pytest.mark.parametrize("width", [80, 120, 200])
def test_few_values_are_named_where_they_stand(width: int) -> None:
    """An axis of a few values has these as labels, one of many its first and last value."""
    lines = _lines(_scatter([0.0003, 0.001, 0.003, 0.01] * 3, [float(n) for n in range(12)]), width)
    assert lines[-1].split()[1:] == ["0.0003", "0.001", "0.003", "0.01"]
    lines = _lines(_scatter([5.5 + n for n in range(40)], [float(n) for n in range(40)]), width)
    assert "5.5 " in lines[-1] and "44.5" in lines[-1]


def test_runs_that_diverged_stand_at_the_top() -> None:
    """A run whose y is NaN or infinite is marked above its x value, which is on the axis; one without y is counted."""
    nan = float("nan")
    x = Placed(Column("param", "lr"), np.array([0.1, 0.2, 0.3, 12.0, 0.2, nan]))
    y = Placed(Column("metric", "loss"), np.array([1.0, 2.0, 3.0, nan, nan, nan]), odd=frozenset({3, 5}))
    scatter = Scatter()
    scatter.show([1, 2, 3, 4, 5, 6], x, y, ("lr", "loss"), {})
    lines = scatter.drawn(80, 24, make_palette(is_coloured=True, is_rich=True))
    assert lines is not None
    text = ["".join(segment.text for segment in line) for line in lines]
    assert text[1].count("×") == 1 and text[1].index("×") > 60
    assert all("×" not in line for line in text[2:]) and "12" in text[-1]
    assert scatter.counts_texts() == ["2 with NaN or ∞ ×", "1 without loss"]
    assert scatter.shown_count == 3


def test_pictures_count_what_is_missing_by_one_rule() -> None:
    """The same runs are said to lack a value, and to have one that is no number, beside each picture of a column."""
    nan = math.nan
    x = Placed(Column("param", "lr"), np.array([0.1, 0.2, 0.3, 0.4, 0.5]))
    y = Placed(Column("metric", "loss"), np.array([1.0, 2.0, nan, nan, nan]), odd=frozenset({2, 3}))
    scatter, parallel = Scatter(), Parallel()
    scatter.show(range(5), x, y, ("lr", "loss"), {})
    parallel.show(range(5), [ParallelAxis("lr", x), ParallelAxis("loss", y)], {})
    assert scatter.counts_texts() == ["2 with NaN or ∞ ×", "1 without loss"]
    assert parallel.counts_texts() == ["loss: 2 with NaN or ∞ ×, 1 without"]


@pytest.mark.parametrize("count", [FEW_DOTS // 2, FEW_DOTS * 4])
@pytest.mark.parametrize("is_coloured", [True, False])
@pytest.mark.parametrize("has_hues", [True, False])
def test_every_marked_run_is_seen(count: int, is_coloured: bool, has_hues: bool) -> None:
    """Marked runs keep a sign of their own, those in one cell beside each other, also where a column gives the colours."""
    ys = [0.5] * (count - 1) + [0.9]
    by = Placed(Column("param", "by"), np.arange(count, dtype=float) % 2, ("adam", "sgd"))
    hues = hues_of("by", by, np.ones(count, bool)) if has_hues else None
    scatter = _scatter([0.001, 0.01] * (count // 2), ys)
    assert scatter.x is not None and scatter.y is not None
    picked = {0: 0, 2: 1, 4: 2, count - 1: 3}
    scatter.show(range(count), scatter.x, scatter.y, ("lr", "loss"), picked, hues)
    palette = make_palette(is_coloured=is_coloured, is_rich=is_coloured)
    strips = scatter.drawn(80, 24, palette)
    assert strips is not None
    text = "".join(strip.text for strip in strips)
    if hues is not None:
        # As patches, each with a sign of its own and the colour of its hue.
        patches = [
            segment for strip in strips for segment in strip if segment.style is not None and segment.style.reverse
        ]
        signs = [mark_of(number) for number in picked.values()]
        assert sorted(letter for segment in patches for letter in segment.text) == sorted(signs)
        for place, number in picked.items():
            sign, style = scatter.sign_of(place, number)
            assert style == f"{hues.hues[int(hues.of_run[place])].style}.marked"
            assert any(sign in segment.text and segment.style == palette.styles[style] for segment in patches)
    else:
        assert all(text.count(mark_of(number)) == 1 for number in picked.values())


@pytest.mark.parametrize("has_hues", [True, False])
def test_bands_of_many_runs_are_as_wide_as_they_are_many(has_hues: bool) -> None:
    """Where runs do not fit beside each other, a place has dots by its share of the fullest one's runs; hues lie together."""
    counts = [4000, 2000, 400, 1]
    ys = np.repeat([1.0, 2.0, 3.0, 4.0], counts)
    ys = np.r_[ys, np.linspace(5, 50, 60)]  # so many values that only x is spread
    xs = np.where(np.arange(len(ys)) % 2, 0.01, 0.1)
    scatter = _scatter(xs.tolist(), ys.tolist())
    assert scatter.x is not None and scatter.y is not None
    by = Placed(Column("param", "by"), np.arange(len(ys), dtype=float) // 2 % 3, ("a", "b", "c"))
    hues = hues_of("by", by, np.ones(len(ys), bool)) if has_hues else None
    scatter.show(range(len(ys)), scatter.x, scatter.y, ("lr", "loss"), {}, hues)
    scales = scatter._scales(218, 136)
    assert scales is not None
    (moved_xs, _), axes = scatter._spread(scatter._true_dots(*scales), *scales)
    assert axes == "x"
    widths = [len(np.unique(moved_xs[(ys == value) & (xs == 0.1)])) for value in (1.0, 2.0, 3.0, 4.0)]
    assert widths[0] > 20 and widths[3] <= 1
    assert all(
        abs(width / widths[0] - count / counts[0]) < 0.06 for width, count in zip(widths[:3], counts, strict=False)
    )
    assert moved_xs.min() > 0 and moved_xs.max() < 217, "half a band is beside the first and the last value"
    if hues is not None:
        here = (ys == 1.0) & (xs == 0.1)
        by_column = hues.of_run[here][np.argsort(moved_xs[here], kind="stable")]
        assert (np.diff(by_column) != 0).sum() < len(hues.hues) + widths[0] / 2
        assert by_column[0] == 0 and by_column[-1] == 2


@pytest.mark.parametrize("count", [FEW_DOTS // 2, FEW_DOTS * 4])
@pytest.mark.parametrize("style", ["blocks", "ascii"])
def test_without_braille_all_runs_look_alike(count: int, style: DotStyle) -> None:
    """Wherever in its cell a run stands, it has one sign, which is no mark of the first runs."""
    table = stand_ins(style)
    assert table is not None
    scatter = _scatter([float(n) for n in range(count)], [math.sin(n) for n in range(count)], {3: 0})
    scatter.has_braille = False
    rows = [line[11:].translate(table) for line in _lines(scatter)[1:-1]]
    signs = set("".join(rows)) - {" "}
    mark = mark_of(0).translate(table)
    assert mark in signs and len(signs - {mark, "░", "▒", "#"}) == 1
    assert not signs - {mark} & {mark_of(number).translate(table) for number in range(6)} - {"#"}


@pytest.mark.parametrize("kind", ["even", "skewed", "grid", "few cells"])
@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 50)])
def test_densities_of_cells_are_true(kind: str, size: tuple[int, int]) -> None:
    """The legend has the fewest and most runs in a cell of each density, without gaps between; even data have no solid block."""
    random = np.random.default_rng(3)
    count = 20_000
    xs = {
        "even": random.random(count),
        "skewed": random.normal(0, 1, count),
        "grid": random.choice([1.0, 2.0, 3.0], count),
        "few cells": random.choice([1.0, 9.0], count),
    }[kind]
    ys = random.choice([1.0, 2.0], count) if kind == "few cells" else random.normal(0, 1, count) if kind == "skewed" else random.random(count)  # fmt: skip
    scatter = _scatter(xs.tolist(), ys.tolist())
    strips = scatter.drawn(*size, make_palette(is_coloured=False, is_rich=False))
    assert strips is not None
    ground = scatter._known_ground[1] if scatter._known_ground is not None else None
    assert ground is not None and ground.plot is not None
    counts = Counter(zip((ground.dots[1] >> 2).tolist(), (ground.dots[0] >> 1).tolist(), strict=True))
    by_level: dict[int, list[int]] = {}
    for (row, column), number in counts.items():
        owners = ground.plot.line_owners[row * ground.plot.columns + column]
        by_level.setdefault(owners.bit_length() - 1, []).append(number)
    assert list(ground.densities) == [(level, min(inside), max(inside)) for level, inside in sorted(by_level.items())]
    assert all(high < next_low for (_, _, high), (_, next_low, _) in pairwise(ground.densities))
    letters = "".join(strip.text[11:] for strip in strips[1:-1])
    dots = [(ord(letter) - 0x2800).bit_count() for letter in letters if "\u2800" < letter <= "\u28ff"]
    assert len(dots) == len(counts)
    if kind in ("even", "grid"):
        assert sum(number == 8 for number in dots) < 0.25 * len(dots)
    for cells in (10, 39, 80):
        assert length_of(scatter.density_spans(cells)) <= cells


@pytest.mark.parametrize("is_x", [True, False])
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("count", [FEW_DOTS // 2, FEW_DOTS * 4])
def test_one_outlier_leaves_the_others_their_room(is_x: bool, sign: int, count: int) -> None:
    """It stands at the edge with an arrow and is counted; the others have nearly all of the axis, in a file too."""
    random = np.random.default_rng(5)
    values = [*(sign * random.random(count)).tolist(), sign * 1e6]
    others = random.random(count + 1).tolist()
    scatter = _scatter(values, others) if is_x else _scatter(others, values)
    scatter.is_log_x = scatter.is_log_y = False
    strips = scatter.drawn(100, 30, PALETTE)
    assert strips is not None
    arrow = ("→" if sign > 0 else "←") if is_x else ("↑" if sign > 0 else "↓")
    rows = [strip.text[11:] for strip in strips[1:-1]]
    assert sum(row.count(arrow) for row in rows) == 1
    assert f"1 far outside {arrow}" in scatter.counts_texts()
    ground = scatter._known_ground[1] if scatter._known_ground is not None else None
    assert ground is not None
    own = ground.true_dots[0 if is_x else 1][:count]
    scale = ground.x_scale if is_x else ground.y_scale
    assert np.ptp(own) > 0.85 * scale.dots
    figure = scatter.figure()
    assert figure is not None
    axis = figure.x if is_x else figure.y
    assert axis.low == scale.low and axis.high == scale.high
    ((mark,),) = [marks.places for marks in figure.marks if marks.sign == arrow]
    assert mark[0 if is_x else 1] == (1.0 if sign > 0 else 0.0) and f"1 far outside {arrow}" in figure.note


def test_a_file_names_the_marked_runs() -> None:
    """The first of them lies in front; the others are counted. A run without a dot has no name."""
    scatter = _scatter([1.0, 2.0, 3.0, math.nan, 5.0], [1.0, 2.0, 3.0, 4.0, 5.0], {2: 3, 0: 1, 3: 2})
    scatter.names = {2: "final-2", 0: "final-1", 3: "gone"}
    figure = scatter.figure()

    assert figure is not None
    assert [(dots.label, dots.colour) for dots in figure.dots] == [("final-2", 3), ("final-1", 1), ("2 other runs", -1)]
    circles = [shape.colour for shape in shapes(figure) if isinstance(shape, Circle)]
    assert circles[:4] == [BACKED, BACKED, COLOURS[1], COLOURS[3]]


def test_a_file_whose_colours_stand_for_a_column_rings_the_marked_runs() -> None:
    """Each marked run that has a dot has a ring around it and its name beside it; the legend counts them."""
    scatter = _scatter([1.0, 2.0, 3.0, math.nan, 5.0], [1.0, 2.0, 3.0, 4.0, 5.0], {2: 3, 0: 1, 3: 2})
    scatter.names = {2: "final-2", 0: "final-1", 3: "gone"}
    assert scatter.x is not None
    scatter.hues = hues_of("by", scatter.x, np.ones(5, bool))
    figure = scatter.figure()

    assert figure is not None
    (rings,) = [marks for marks in figure.marks if marks.sign == "○"]
    assert rings.label == "2 marked runs" and [text for *_, text in figure.texts] == ["final-2", "final-1"]
    assert [up for _, up, _ in figure.texts] == [up for _, up in rings.places]
    circles = {(round(shape.x), round(shape.y)) for shape in shapes(figure) if isinstance(shape, Circle)}
    paths = [shape.points for shape in shapes(figure) if isinstance(shape, Path) and len(shape.points) == 21]
    middles = [(round(sum(x for x, _ in path[1:]) / 20), round(sum(y for _, y in path[1:]) / 20)) for path in paths]
    assert set(middles[:2]) <= circles


@pytest.mark.parametrize(("name", "best"), [("val/loss", 2), ("val/acc", 1)])
@pytest.mark.parametrize("move", [Scatter.action_step, Scatter.action_climb])
@pytest.mark.parametrize("change", [-1, 1])
def test_the_cursor_begins_on_the_best_run(name: str, best: int, move: Any, change: int) -> None:
    """Whichever key comes first."""
    scatter = Scatter()
    x = Placed(Column("param", "lr"), np.array([1.0, 2.0, 3.0, 4.0]))
    y = Placed(Column("metric", name), np.array([0.5, 0.9, 0.1, np.nan]))
    scatter.show(range(4), x, y, ("lr", name), {})
    move(scatter, change)
    assert scatter.cursor == best


@pytest.mark.parametrize("width", [60, 80, 120])
def test_runs_that_share_a_cross_are_counted(width: int) -> None:
    """Of runs without a number at one place the sign says how many they are, and no text of the title is cut."""
    scatter = _scatter([0.1, 0.2, 0.3, 0.25, 0.3, 0.3, 0.3, 0.1], [1.0, 2.0, 1.5, 1.2, math.nan, math.nan, math.nan, math.nan])  # fmt: skip
    scatter.y = Placed(Column("metric", "loss"), scatter.y.values, odd=frozenset({4, 5, 6, 7})) if scatter.y else None
    lines = _lines(scatter, width)
    assert lines[1].count("×") == 2 and lines[1].count("×3") == 1
    assert "correlation" not in lines[0] or "runs" in lines[0]

    # A marked one keeps its own sign, and is not counted again.
    assert scatter.x is not None and scatter.y is not None
    scatter.show(range(8), scatter.x, scatter.y, scatter.titles, {7: 0, 4: 1})
    top = _lines(scatter, width)[1]
    assert f"{mark_of(0)}×" in top and f"{mark_of(1)}×" in top and top.count("×") == 2 + ("×2" in top)
