"""Matrices as shaded cells: numbers are written in one way for all cells, or in none."""

from __future__ import annotations

import math

import numpy as np
import pytest

from artui.query.pictures import TablePicture
from artui.tui.cells import make_palette
from artui.tui.widgets.cellnumbers import CellNumbers
from artui.tui.widgets.heatmap import HeatMap

PALETTES = [make_palette(is_coloured=True, is_rich=True), make_palette(is_coloured=False, is_rich=False)]


def _matrix(values: list[list[float]]) -> TablePicture:
    rows, columns = range(len(values)), range(len(values[0]))
    return TablePicture("matrix", tuple(map(str, rows)), tuple(map(str, columns)), tuple(map(tuple, values)))


def _numbers(values: list[list[float]], width: int, palette: int) -> tuple[str, list[list[str]]]:
    heat = HeatMap()
    heat.show(_matrix(values), "m")
    strips = heat.drawn(width, len(values) + 3, PALETTES[palette])
    assert strips is not None
    lines = [strip.text.translate(dict.fromkeys(map(ord, "░▒▓█▸"), " ")) for strip in strips]
    return lines[0], [line.split()[1:] for line in lines[2 : 2 + len(values)]]


def test_all_numbers_are_written_or_none_is_and_that_is_said() -> None:
    """No number is left out for its length; they are rounded alike, never those that are whole; the head says what is left out."""
    whole = [[float((row * 37 + column * 11) % 256) for column in range(30)] for row in range(6)]
    mixed = [[0.0, -0.0015163, 3.00123], [1.5e-7, 12.0, -123456.789], [math.nan, 0.25, -0.028456]]
    counts = [[9.0, 0.0, 0.0], [0.0, 8.0, 0.0], [0.0, 1.0, 7.0]]
    for palette in (0, 1):
        head, cells = _numbers(whole, 120, palette)
        assert not any(map(any, cells)) and f"numbers from {126 + 30 * palette} cells on" in head
        head, cells = _numbers(whole, 126 + 30 * palette, palette)
        assert cells == [[str(int(value)) for value in row] for row in whole] and "numbers from" not in head
        _, cells = _numbers(whole, 125 + 30 * palette, palette)
        assert not any(map(any, cells))
        for width in range(14, 60):
            head, cells = _numbers(mixed, width, palette)
            written = {len(row) for row in cells}
            assert written == {3} or (written == {0} and ("numbers" in head or width < 44)), (width, cells)
            if written == {3}:
                # One notation for all: as many decimals, no power of ten beside plain numbers; what is exactly zero says so.
                assert cells[0][0] == "0" and float(cells[1][1]) == 12 and cells[2][0] == "·"
                assert len({len(text.partition(".")[2]) for row in cells for text in row if text not in "0·"}) == 1
                assert not any("e" in text for row in cells for text in row)
        head, cells = _numbers(counts, 40, palette)
        assert cells == [["9"], ["8"], ["1", "7"]] and "blank is 0" in head


def test_shades_keep_their_scale_and_fill_their_cells() -> None:
    """However narrow, the head says what the shades are; without colours a cell is shaded whole, under the cursor too."""
    values = [[math.sin(1 + row * 3 + column) for column in range(30)] for row in range(6)]
    tiny = [[value * 1e-9 for value in row] for row in values]
    for palette in (0, 1):
        for width in (60, 80, 200):
            for matrix in (values, tiny):
                head = _numbers(matrix, width, palette)[0].rstrip()
                assert head[-1].isdigit() and "-" in head, head
    small = [[value * 1e-10 for value in row[:6]] for row in values]
    assert "in 1e-11" in _numbers(small, 120, 0)[0]
    heat = HeatMap()
    heat.show(_matrix([[1.0] * 20] * 4), "m")
    heat.row, heat.column = 1, 2
    for width in (48, 120):
        strips = heat.drawn(width, 7, PALETTES[1])
        assert strips is not None
        rows = [strip.text[strip.text.index("█") :].rstrip() for strip in strips[2:6]]
        if width == 48:
            assert all(set(row) <= {"█", "▸"} for row in rows), rows
        assert all(row.count("█") >= 20 for row in rows), rows


def test_what_is_right_of_a_confusion_is_said_and_what_is_out_of_sight_counted() -> None:
    """Names stand whole where there is room; hits by row, by column and in all; signed numbers have a hue each, and no shares."""
    names = ("chaffinch", "wren", "robin")
    heat = HeatMap()
    heat.show(TablePicture("matrix", names, names, ((8.0, 2.0, 0.0), (0.0, 9.0, 0.0), (0.0, 1.0, 4.0)), "truth"), "m")
    for palette in PALETTES:
        strips = heat.drawn(100, 20, palette)
        assert strips is not None and len(strips) == 20
        text = "\n".join(strip.text for strip in strips)
        assert all(name in strips[1].text for name in names) and "0 " in strips[0].text and strips[0].text.rstrip().endswith("9")  # fmt: skip
        assert all(share in text for share in ("80.0 %", "100.0 %", "75.0 %", "87.5 %")) and "more" not in strips[-1].text  # fmt: skip
        assert "recall" in strips[1].text and "precision" in text and "hit" not in text
        # Where cells are narrow, shares are rounded, and what is not all is not written as all.
        sizes = [[2000.0, 1.0, 0.0], [1.0, 29.0, 0.0], [0.0, 1.0, 13.0]]
        for corner, by_column in (("predicted", "recall"), ("", "hit")):
            heat.show(TablePicture("matrix", names, names, tuple(map(tuple, sizes)), corner), "m")
            narrow = heat.drawn(35, 20, palette)
            assert narrow is not None
            last = next(strip.text.split() for strip in narrow if strip.text.strip().startswith(by_column))
            assert " ".join(last[1:4]) == "99% 94% 100%", last
        heat.show(TablePicture("matrix", names, names, ((8.0, 2.0, 0.0), (0.0, 9.0, 0.0), (0.0, 1.0, 4.0)), "truth"), "m")  # fmt: skip
    heat = HeatMap()
    heat.show(_matrix([[math.sin(row * column) for column in range(40)] for row in range(64)]), "m")
    assert heat.is_signed and not heat.has_diagonal
    for palette in PALETTES:
        strips = heat.drawn(60, 20, palette)
        assert strips is not None
        assert "47 more rows ↓ · 13 more columns ▸" in strips[-1].text


def test_a_large_matrix_costs_what_is_in_sight(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its numbers are looked through once: a drawing writes the cells that it shows, a step of the cursor reads no others."""
    made: list[CellNumbers] = []
    written: list[float] = []
    original_init, original_text = CellNumbers.__init__, CellNumbers._text

    def init(self: CellNumbers, matrix: TablePicture) -> None:
        made.append(self)
        original_init(self, matrix)

    def text(self: CellNumbers, value: float, digits: int, is_share: bool) -> str:
        written.append(value)
        return original_text(self, value, digits, is_share)

    monkeypatch.setattr(CellNumbers, "__init__", init)
    monkeypatch.setattr(CellNumbers, "_text", text)
    values = np.random.default_rng(0).normal(size=(512, 512))
    values[7, 9] = np.inf
    heat = HeatMap()
    heat.show(_matrix(values.tolist()), "weights")
    for palette in PALETTES:
        for size in ((80, 24), (200, 50)):
            for row, column in ((0, 0), (7, 9), (511, 511)):
                heat.row, heat.column = row, column
                written.clear()
                strips = heat.drawn(*size, palette)

                assert strips is not None and len(written) <= size[0] * size[1] // 2
    assert len(made) == 1


def test_a_share_is_of_counts_that_stand_in_one_row() -> None:
    """Weights, some below zero, have none, also in a row that has no such; nor has what is alone in its row. The scale stands apart."""
    cases: list[tuple[list[list[float]], bool]] = [([[3.0, 1.0]], True), ([[3.0, 1.0], [-1.0, 2.0]], False), ([[3.0], [1.0]], False)]  # fmt: skip
    for values, has_share in cases:
        heat = HeatMap()
        heat.show(_matrix(values), "m")
        strips = heat.drawn(60, 12, PALETTES[0])
        assert strips is not None and ("in the row" in strips[-1].text) == has_share
    heat.show(_matrix([[9.0, 0.0], [0.0, 8.0]]), "m")
    heat.is_share = True
    for width in range(44, 90):
        strips = heat.drawn(width, 12, PALETTES[0])
        assert strips is not None and ("blank is 0" not in strips[0].text or "blank is 0  " in strips[0].text)
