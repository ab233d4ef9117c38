"""Charts as files: what is drawn is in them, whatever the text, and nothing else."""

from __future__ import annotations

import io
import math
import xml.etree.ElementTree as ElementTree
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from artui.errors import UsageError
from artui.figures import format_of, write
from artui.figures.figure import COLOURS, Figure, FigureAxis, FigureBars, FigureCells, FigureDots, FigureLine
from artui.figures.layout import BACKED, Circle, Text, _shares, _stretches, content, shapes
from artui.figures.layout import Path as Stroke

SVG = "{http://www.w3.org/2000/svg}"
AXIS = FigureAxis("step", 0.0, 10.0, False, [(0.0, "0"), (1.0, "10")])
UP = FigureAxis("loss", 0.0, 1.0, False, [(0.5, "0.5")])


def _figure(**more: object) -> Figure:
    lines = [FigureLine([0, 5, 10], [1.0, 0.5, 0.25], 0, "calm-otter", [0.9, 0.4, 0.2], [1.0, 0.6, 0.3])]
    return Figure("val/loss", AXIS, UP, **({"lines": lines} | more))  # type: ignore[arg-type]


def test_svg_is_xml_with_the_texts_and_a_line_from_first_to_last() -> None:
    """The title, the axes' names and ticks are texts; the line begins at the left and ends at the right of the plot."""
    root = ElementTree.fromstring(write(_figure(), "svg"))
    texts = [element.text for element in root.iter(f"{SVG}text")]
    assert {"val/loss", "step", "loss", "0", "10", "0.5"} <= set(texts)
    lines = [element.get("points", "").split() for element in root.iter(f"{SVG}polyline")]
    curve = max(lines, key=lambda points: (len(points) == 3, len(set(points))))
    xs = [float(point.split(",")[0]) for point in curve]
    assert xs == sorted(xs) and xs[0] < xs[-1]


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=40), st.text(max_size=40))
def test_any_text_gives_valid_svg_that_runs_nothing(title: str, label: str) -> None:
    """Names from a catalog are text, never markup: no element comes of them."""
    lines = [FigureLine([0, 1], [0, 1], number, label or "x") for number in range(2)]
    root = ElementTree.fromstring(write(_figure(lines=lines) if not title else Figure(title, AXIS, UP, lines=lines), "svg"))  # fmt: skip
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {"svg", "title", "rect", "text", "polyline", "polygon", "circle"}  # fmt: skip


def test_hostile_names_stay_text() -> None:
    """A script in a name is written as letters."""
    content = write(Figure("<script>alert(1)</script>", AXIS, UP, note='"><image href="x"/>'), "svg").decode()
    assert "<script" not in content and "<image" not in content and "&lt;script&gt;" in content


def test_png_is_a_picture_of_twice_the_size_with_the_lines_colour() -> None:
    """The file opens, is 1,920 x 1,200 pixels, and the curve's colour is in it."""
    image = Image.open(io.BytesIO(write(_figure(), "png")))
    assert image.size == (1920, 1200) and image.format == "PNG"
    assert (0, 0x72, 0xB2) in {colour for _, colour in image.convert("RGB").getcolors(1 << 24) or []}


def test_points_beyond_the_axes_are_left_out() -> None:
    """A line ends at the edge where it leaves the axes, or where a logarithmic axis has no place."""
    log = FigureAxis("loss", -2.0, 0.0, True)
    figure = Figure("t", AXIS, log, lines=[FigureLine([0, 1, 2, 3, 20], [0.1, 0.0, 0.1, math.nan, 0.1], 0)])
    strokes = [shape for shape in shapes(figure) if isinstance(shape, Stroke) and shape.width == 1.8]
    assert [len(shape.points) for shape in strokes] == [2, 2]
    assert all(math.isfinite(x) and math.isfinite(y) for shape in strokes for x, y in shape.points)


def test_names_in_a_legend_keep_both_ends_and_none_is_dropped_unsaid() -> None:
    """What tells long names apart is often at their end; of more names than there is room for the others are counted."""
    names = [f"a-really-long-run-name-for-experiment-number-{number:02d}" for number in range(30)]
    lines = [FigureLine([0, 10], [0.5, 0.5], number, name) for number, name in enumerate(names)]
    dots = [FigureDots([1], [0.5], number, name) for number, name in enumerate(names)]
    for figure in (_figure(lines=lines), _figure(lines=[], dots=dots)):
        texts = [shape.text for shape in shapes(figure) if isinstance(shape, Text)]
        assert [text[-2:] for text in texts if text.startswith("a-really")] == [f"{number:02d}" for number in range(24)]
        assert all("…" in text for text in texts if text.startswith("a-really")) and "+ 6 more" in texts
        assert all(shape.x + 6 * len(shape.text) < figure.size[0] for shape in shapes(figure) if isinstance(shape, Text) and shape.text.startswith("a-really"))  # fmt: skip


def test_the_first_line_of_a_legend_lies_in_front() -> None:
    """Then come the others, what was measured behind smoothed lines, and the background."""
    lines = [FigureLine([0, 10], [0.5, 0.5], 3, "a"), FigureLine([0, 10], [0.5, 0.5], 4, "b"), FigureLine([0, 10], [0.5, 0.5], 3, is_faint=True), FigureLine([0, 10], [0.5, 0.5], -1)]  # fmt: skip
    strokes = [shape for shape in content(_figure(lines=lines), (0, 0, 100, 100)) if isinstance(shape, Stroke)]
    assert [(stroke.colour, stroke.width) for stroke in strokes] == [(BACKED, 1.0), (COLOURS[3], 1.0), (COLOURS[4], 1.8), (COLOURS[3], 1.8)]  # fmt: skip


def test_dots_bars_and_cells_are_drawn() -> None:
    """A dot a run, a bar a bin that is not empty, a cell a value with its number."""
    dots = shapes(Figure("t", AXIS, UP, dots=[FigureDots([1, 2, 99], [0.5, 0.5, 0.5])]))
    assert sum(isinstance(shape, Circle) for shape in dots) == 2
    bars = shapes(Figure("t", AXIS, UP, bars=[FigureBars([0, 5, 10], [1, 0])]))
    assert sum(isinstance(shape, Stroke) and shape.is_filled for shape in bars) == 1
    counted = shapes(Figure("t", AXIS, UP, bars=[FigureBars([0, 5, 10], [1, 0.5], texts=["1,024", "512"])]))
    places = {shape.text: (shape.x, shape.y) for shape in counted if isinstance(shape, Text)}
    assert places["1,024"][0] < places["512"][0] and places["1,024"][1] < places["512"][1]
    narrow = Figure("t", AXIS, UP, bars=[FigureBars(range(101), [1] * 100, texts=["1,024"] * 100)])
    assert "1,024" not in {shape.text for shape in shapes(narrow) if isinstance(shape, Text)}
    cells = shapes(Figure("t", AXIS, UP, cells=FigureCells([[0.0, 1.0], [math.nan, 0.5]], [["", "7"], ["", "3"]])))
    assert {shape.text for shape in cells if isinstance(shape, Text)} >= {"7", "3"}


@pytest.mark.parametrize("name", ["chart", "chart.pdf", "chart.svg.txt"])
def test_other_endings_are_refused(name: str) -> None:
    """What cannot be written says what can."""
    with pytest.raises(UsageError, match=r"\.svg or \.png"):
        format_of(Path(name))
    with pytest.raises(UsageError, match=r"not written as \.gif"):
        format_of(Path("x.gif"))


@given(st.lists(st.tuples(st.floats(-3, 14), st.floats(-2, 3)), min_size=2, max_size=12))
def test_a_line_is_drawn_as_far_as_it_lies_between_the_axes(points: list[tuple[float, float]]) -> None:
    """Each piece lies inside and on the way between two points; where a point is inside, one piece has it."""
    x, y = FigureAxis("x", 0.0, 10.0), FigureAxis("y", 0.0, 1.0)
    across = [(share / 10, up) for share, up in points]

    pieces = list(_stretches([_shares(Figure("t", x, y), *point) for point in points]))

    for start, end in (pair for piece in pieces for pair in pairwise(piece)):
        assert all(-1e-9 <= share <= 1.002 for share in (*start, *end))
        assert len({start, end}) == 1 or end[0] == pytest.approx(start[0] + 0.0015) or any(_is_on(one, other, start) and _is_on(one, other, end) for one, other in pairwise(across))  # fmt: skip
    for share, up in across:
        if 0 < share < 1 and 0 < up < 1:
            assert any((share, up) == pytest.approx(corner) for piece in pieces for corner in piece)


def _is_on(start: tuple[float, float], end: tuple[float, float], point: tuple[float, float]) -> bool:
    """Say whether a point lies on a straight line, as far as floats can tell."""
    way = end[0] - start[0], end[1] - start[1]
    length = math.hypot(*way)
    if not length:
        return math.dist(start, point) < 1e-6
    aside = (point[0] - start[0]) * way[1] - (point[1] - start[1]) * way[0]
    return abs(aside) / length < 1e-6 and math.dist(start, point) + math.dist(point, end) < length + 1e-6
