"""Histograms: bars are as true and as wide as each other, whatever the room."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.strip import Strip

from artui.figures.layout import Path, shapes
from artui.model import Column
from artui.model.profiles import ColumnProfile, Spreads
from artui.query.runs.statistics import Description, Quantiles
from artui.tui.cells import make_palette
from artui.tui.facts.column import Side, drawn_lines
from artui.tui.widgets.histogram import Histogram, most_bins

PALETTE = make_palette(is_coloured=False, is_rich=False)
FRAME = 10


def _drawn(description: Description, width: int, height: int) -> list[str]:
    histogram = Histogram()
    histogram.show(description, "x")
    strips: list[Strip] | None = histogram.drawn(width, height, PALETTE)
    assert strips is not None
    return [strip.text for strip in strips]


def _of_ranges(counts: list[int], edges: list[float], *, is_log: bool = False) -> Description:
    total = sum(counts)
    return Description(
        Column("metric", "x"), total, total, total, (), quantiles=Quantiles(edges[0], 1.0, 1.0, 1.0, edges[-1]),
        edges=tuple(edges), bins=tuple(counts), is_log=is_log, geometric_mean=1.0 if edges[0] > 0 else None,
    )  # fmt: skip


def test_numbers_of_a_title_have_one_form() -> None:
    """With one of them cut, thousands are separated in all; numbers of params that are short stay as they were given."""
    for low, middle, high, said in (
        (4767.43, 29_751.0, 146_798.52, "4,767 to 146,799, median 29,751"),
        (0.0003, 0.0017, 60.0, "0.0003 to 60, median 0.0017"),
    ):
        described = replace(_of_ranges([1, 3_000], [low, middle, high]), column=Column("param", "x"))
        described = replace(described, quantiles=Quantiles(low, middle, middle, middle, high))
        drawn = _drawn(described, 100, 20)
        assert said in drawn[0] and "1 of 3,001 runs, <0.1 %" in drawn[-1]


@pytest.mark.parametrize("height", [12, 24, 47])
@pytest.mark.parametrize("width", [40, 80, 119, 120, 200])
@pytest.mark.parametrize("count", [1, 2, 5, 7, 13, 33])
def test_bars_of_ranges_are_equally_wide_with_gaps(count: int, width: int, height: int) -> None:
    """In the lowest row all bars have the same cells, one is free between them, and none touches the frame."""
    if count > most_bins(width):
        pytest.skip("does not fit")
    counts = [1 + number * 7 % 5 for number in range(count)]

    lines = _drawn(_of_ranges(counts, [float(edge) for edge in range(count + 1)]), width, height)

    bars = re.findall(r"[▁▂▃▄▅▆▇█]+", lines[-3][FRAME:])
    assert len(bars) == count and len({len(bar) for bar in bars}) == 1
    assert len(lines) == height and not re.search(r"[▁▂▃▄▅▆▇█]", lines[1])
    assert all(len(line) == width for line in lines)


@pytest.mark.parametrize("height", [9, 12, 20, 24, 36, 47, 50])
@pytest.mark.parametrize(
    "counts",
    [(6, 0, 3, 1), (1, 0), (7, 4, 2), (24, 7, 4, 33), (4_941, 1_200, 37_059, 5_000, 10_000, 46_800), (999_999, 3, 500_000)],
)  # fmt: skip
def test_a_count_is_read_off_the_rows_of_its_bar(counts: tuple[int, ...], height: int) -> None:
    """From the row of the 0 a bar has as many rows as its count is of the steps between labels: a bar of a label's count ends in its row."""
    lines = _drawn(_of_ranges(list(counts), [float(edge) for edge in range(len(counts) + 1)]), 120, height)

    base = len(lines) - 2
    labels = [
        (base - row, float(found[1].replace(",", "")))
        for row, line in enumerate(lines)
        if (found := re.match(r" *([\d,.e+]+)▔│", line))
    ]
    assert re.match(r" *0▔└", lines[base]) and labels
    (rows_a_step, step) = labels[-1]
    assert {value / row for row, value in labels} == {step / rows_a_step}
    assert len(labels) > 1 or max(counts) < 2 or height < 10
    cells = (120 - FRAME) // len(counts)
    for place, count in enumerate(counts):
        column = FRAME + place * cells
        rows = sum("▁▂▃▄▅▆▇█".find(line[column]) + 1 for line in lines[1:base]) / 8
        assert rows == pytest.approx(count * rows_a_step / step, abs=1 / 16 if rows > 1 / 8 else 1 / 8)
        for row, value in labels:
            assert (lines[base - row][column] == "█") == (rows >= row), (count, value)
    numbers = [match for line in lines[1:-3] for match in re.findall(r"[\d,]+", line[FRAME:])]
    assert sorted(numbers) == sorted(f"{count:,}" for count in counts if count)


def _read_off(lines: list[str], base: int, columns: list[int]) -> list[tuple[float, float]]:
    """Read bars as people do: from the ticks, each at the upper edge of its row, to the value of each bar's top; with what half an eighth of a row is worth."""
    ticks = [
        (base - row, float(found[1].replace(",", "")))
        for row, line in enumerate(lines[:base])
        if (found := re.match(r" *([\d,.e+]+)(?: %)?▔│", line))
    ]
    assert re.match(r" *0(?: %)?▔└", lines[base]) and ticks
    worth = ticks[0][1] / ticks[0][0]
    assert all(value == pytest.approx(rows * worth, rel=1e-3) for rows, value in ticks)
    tops = [
        sum("▁▂▃▄▅▆▇█".find(line[column : column + 1] or " ") + 1 for line in lines[:base]) / 8 for column in columns
    ]
    return [(top * worth, (1 / 16 if top > 1 / 8 else 1 / 8) * worth) for top in tops]


@given(
    counts=st.lists(st.integers(0, 10**6), min_size=1, max_size=16).filter(any),
    size=st.tuples(st.integers(60, 200), st.integers(9, 50)),
)
def test_every_upright_bar_ends_where_its_value_is_on_the_axis(counts: list[int], size: tuple[int, int]) -> None:
    """The top of a bar, read off the rows, is within half an eighth of a row of its value between the ticks: of runs, and of a column in both versions."""
    width, height = size
    lines = _drawn(_of_ranges(counts, [float(edge) for edge in range(len(counts) + 1)]), width, height)
    base = len(lines) - 2
    cells = (width - FRAME) // len(counts)
    read = _read_off([re.sub(r"(?<=│).*", lambda found: re.sub(r"[\d,]", " ", found[0]), line) for line in lines[1:]], base - 1, [FRAME + place * cells for place in range(len(counts))])  # fmt: skip
    for count, (value, least) in zip(counts, read, strict=True):
        assert abs(value - count) <= least * 1.001

    shares = tuple(count / sum(counts) for count in counts)
    column = ColumnProfile("x", "number", sum(counts), 0, 2, True, min=0.0, max=float(len(counts)))
    spreads = Spreads(shares, shares[::-1], tuple(float(edge) for edge in range(len(counts) + 1)))
    drawn = ["".join(text for text, _ in line.spans) for line in drawn_lines([Side("a", column), Side("b", column)], spreads, cells=width, rows=height)]  # fmt: skip
    for begin, side in ((0, shares), (len(drawn) // 2, shares[::-1])):
        part = drawn[begin + 1 : begin + len(drawn) // 2]
        bar = max(1, min(6, (width - 11) // len(counts)))
        read = _read_off(part, len(part) - 1, [10 + place * bar for place in range(len(counts))])
        for share, (value, least) in zip(side, read, strict=True):
            assert abs(value - 100 * share) <= least * 1.001 + 1e-3 * value


@pytest.mark.parametrize(("width", "widest"), [(80, 24), (120, 24), (200, 24)])
def test_bars_of_words_stay_narrow_enough_to_compare(width: int, widest: int) -> None:
    """Three words do not fill the screen, and each stands whole below its bar."""
    words = (("adam", 17), ("sgd", 14), ("adamw-with-a-name", 11))
    lines = _drawn(Description(Column("param", "x"), 42, 42, 3, words), width, 24)

    bars = re.findall(r"█+", lines[-3])
    assert len({len(bar) for bar in bars}) == 1 and len(bars[0]) < widest
    assert all(word in lines[-2] for word, _ in words)


def test_a_logarithmic_axis_says_so() -> None:
    """Its ends are the smallest and the largest value, and powers of ten stand between them."""
    lines = _drawn(_of_ranges([30, 0, 1, 4], [0.001, 0.02, 0.3, 4.0, 60.0], is_log=True), 120, 24)

    assert "log x" in lines[0] and "geometric mean" in lines[0]
    assert re.search(r"└ 0\.001 .* 0\.1 .* 10 .* 60 *$", lines[-2])


def test_very_many_words_are_reached_with_the_cursor() -> None:
    """Those in sight move with the cursor, and the line below says which one it is on."""
    words = tuple((f"word{number}", 100 - number) for number in range(60))
    histogram = Histogram()
    histogram.show(Description(Column("param", "x"), 4230, 4230, 60, words), "x")
    histogram.cursor = 59
    strips = histogram.drawn(80, 24, PALETTE)

    assert strips is not None
    assert "word59" in strips[-2].text and "▸ word59   41 of 4,230 runs" in strips[-1].text


@pytest.mark.parametrize(("is_log", "middle"), [(True, 0.5), (False, 9 / 99)])
def test_a_file_has_the_bars_of_the_screen(is_log: bool, middle: float) -> None:
    """Its axis is of the same kind: of the bars from 1 to 10 and from 10 to 100 the second begins at its middle."""
    histogram = Histogram()
    histogram.show(_of_ranges([3, 2], [1.0, 10.0, 100.0], is_log=is_log), "x")
    figure = histogram.figure()

    assert figure is not None and figure.x.is_log == is_log
    bars = [path for path in shapes(figure) if isinstance(path, Path) and path.is_filled]
    lefts = [min(x for x, _ in bar.points) for bar in bars]
    rights = [max(x for x, _ in bar.points) for bar in bars]
    assert len(bars) == 2 and rights[0] == pytest.approx(lefts[1], abs=2)
    assert (rights[0] - lefts[0]) / (rights[1] - lefts[0]) == pytest.approx(middle, abs=0.01)


def test_what_lies_far_outside_has_a_bar_beside_the_axis() -> None:
    """It is as wide as the others, named, counted in the title, and left out of a file, which says so."""
    far = replace(_of_ranges([2, 9, 3, 5], [-1e9, 0.0, 1.0, 2.0, 5e17]), has_far_below=True, has_far_above=True)
    far = replace(far, mean=1e16, sd=1e17)
    lines = _drawn(far, 100, 14)

    assert "7 far outside ←→" in lines[0] and "mean" not in lines[0]
    assert re.search(r"← +0 +1 +2 +→", lines[-2]) and "e" not in lines[-2]
    assert "▸ far outside: -1.00e+09 … 0" in lines[-1]
    histogram = Histogram()
    histogram.show(far, "x")
    figure = histogram.figure()
    assert figure is not None and (figure.x.low, figure.x.high) == (0.0, 2.0)
    assert figure.note == "12 of 19 runs drawn · 7 far outside ←→"


def test_a_file_counts_what_has_no_bar() -> None:
    """The number of runs that it names is that of its bars; the others are said by their kind."""
    histogram = Histogram()
    histogram.show(replace(_of_ranges([30, 1], [0.0, 1.0, 2.0]), total=42, count=34, odd_count=3), "x")
    figure = histogram.figure()

    assert figure is not None and figure.note == "31 of 42 runs drawn · 3 NaN or infinite · 8 without it"
    words = tuple((f"word{number}", 2) for number in range(80))
    histogram.show(Description(Column("param", "x"), 160, 160, 80, words), "x")
    figure = histogram.figure()
    assert figure is not None and figure.note == "120 of 160 runs drawn · the 60 most frequent of 80 values"


@pytest.mark.parametrize("is_log", [True, False])
@pytest.mark.parametrize("title", ["val/loss", "a/metric/with_a_name/that_is_longer_than_many"])
def test_no_number_of_the_title_is_cut(title: str, is_log: bool) -> None:
    """In less room whole parts are left out, and how many values have no bar is the last of them."""
    description = replace(
        _of_ranges([30, 1], [0.0912, 1.0, 1.834], is_log=is_log), total=42, count=34, odd_count=3, mean=0.1067, sd=0.25
    )
    histogram = Histogram()
    histogram.show(description, title)
    strips = {width: histogram.drawn(width, 24, PALETTE) for width in range(34, 200)}
    heads = {width: strips[0].text.rstrip() for width, strips in strips.items() if strips is not None}

    parts = {part.strip() for part in re.split("   | · ", heads[199])}
    assert len(parts) == 5 + is_log and len(heads) == len(strips)
    for width, head in heads.items():
        said = [part.strip() for part in re.split("   | · ", head)]
        assert set(said[1:]) <= parts and said[-1] == "3 NaN or infinite", width
    assert "to 1.834, median" in heads[80] or len(title) > 10
    words = (("w" * 59, 3), ("sgd", 14))
    assert _drawn(Description(Column("param", "x"), 42, 42, 3, words), 60, 24)[-1].endswith("3 of 42 runs, 7.1 %")


@pytest.mark.parametrize("is_coloured", [True, False])
def test_the_bar_under_the_cursor_is_seen_without_colours(is_coloured: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then it is pale and the others are solid up to their tops; with colours, or where the keys go elsewhere, all are solid."""
    for has_focus in (True, False):
        monkeypatch.setattr(Histogram, "has_focus", has_focus)
        histogram = Histogram()
        histogram.show(_of_ranges([8, 9, 7, 5], [0.0, 1.0, 2.0, 3.0, 4.0]), "x")
        histogram.cursor = 2
        strips = histogram.drawn(80, 24, make_palette(is_coloured=is_coloured, is_rich=is_coloured))
        assert strips is not None
        bars = re.findall("[▒█]+", strips[-4].text)
        assert [set(bar) for bar in bars] == [{"▒" if place == 2 and has_focus and not is_coloured else "█"} for place in range(4)]  # fmt: skip


def test_texts_of_a_column_are_counted_of_all_rows() -> None:
    """Each text has its rows and their share of all; what is left and what is empty has a line; together they are all rows."""
    first = ColumnProfile("x", "text", 1200, 70, 3, True)
    second = ColumnProfile("x", "text", 800, 0, 3, True)
    spreads = Spreads((0.5, 0.25), (0.75, 0.25), texts=("a", "b"))

    drawn = ["".join(text for text, _ in line.spans) for line in drawn_lines([Side("v1", first), Side("v2", second)], spreads, cells=70, rows=20)]  # fmt: skip

    cells = [line.split()[:5] for line in drawn[1:]]
    assert cells[0][:5] == ["a", "v1", "565", "47", "%"] and cells[1][:4] == ["v2", "600", "75", "%"]
    assert [line.strip().split("  ")[0] for line in drawn[1::2]] == ["a", "b", "all others", "empty"]
    counts = [int(re.findall(r"(\d+) +[<>\d.]+ %", line)[0]) for line in drawn[1:]]
    assert abs(sum(counts[::2]) - 1200) <= 1 and sum(counts[1::2]) == 800
