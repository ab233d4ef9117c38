"""Tables that are pictures, and those that are none."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artui.query.pictures import picture_of
from artui.tui.screens.table_picture import _curve


def test_confusion_matrix_is_a_matrix() -> None:
    """A square whose rows are named as its columns are: labels and numbers, and what stands above them."""
    picture = picture_of("true,cat,dog\ncat,8,2\ndog,1,9\n")
    assert picture is not None and picture.kind == "matrix" and picture.corner == "true"
    assert (picture.rows, picture.columns, picture.values) == (("cat", "dog"), ("cat", "dog"), ((8.0, 2.0), (1.0, 9.0)))


def test_numbered_classes_are_a_matrix_too() -> None:
    """Digits as labels do not make lines of it; a prefix before a column's name does no harm."""
    picture = picture_of("true,predicted 0,predicted 1\n0,5,1\n1,0,6\n")
    assert picture is not None and picture.kind == "matrix" and picture.rows == ("0", "1")


def test_table_of_words_and_numbers_is_a_matrix() -> None:
    """Rows with names are shaded, such as a report of precision and recall by class."""
    picture = picture_of("class,precision,recall\ncat,0.9,0.8\ndog,0.7,\nbird,1,1\n")
    assert picture is not None and picture.kind == "matrix" and math.isnan(picture.values[1][1])


def test_histogram_is_bars_and_other_numbers_are_lines() -> None:
    """Low, high and count are bars; any other columns of numbers are drawn over the first."""
    bars = picture_of("low,high,count\n0,1,5\n1,2,7\n")
    assert bars is not None and bars.kind == "bars" and bars.values[2] == (5.0, 7.0)
    lines = picture_of("fpr,tpr,note\n0,0,a\n0.5,0.9,b\n1,1,c\n")
    assert (
        lines is not None
        and lines.left_out == (("note", "no numbers"),)
        and lines.kind == "lines"
        and lines.columns == ("fpr", "tpr")
    )


@pytest.mark.parametrize(
    ("across", "is_drawn"), [("1 2 2 5", True), ("9 4 0 0", True), ("1 3 2 4", False), ("7 7 7 7", False)]
)
def test_lines_are_drawn_over_what_goes_up_or_down(across: str, is_drawn: bool) -> None:
    """Rows of a data set in any order are no curve: joined to their neighbours they would be scribble."""
    picture = picture_of("x,y\n" + "".join(f"{x},{number}\n" for number, x in enumerate(across.split())))
    assert (picture is not None) == is_drawn


@pytest.mark.parametrize(
    "text",
    ["", "a,b\n", "a,b\n1,2\n", "a\n1\n2\n3\n", "a,b\n1,2\n3\n4,5\n", "name,kind\nx,y\nz,w\nq,r\n", '"unclosed,b\n1,2\n'],
)  # fmt: skip
def test_what_is_no_table_of_numbers_is_no_picture(text: str) -> None:
    """Too small, ragged, without numbers, or not to be read."""
    assert picture_of(text) is None


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=300))
def test_no_text_makes_it_fail(text: str) -> None:
    """Whatever a file holds, it is a picture or it is none; a matrix has as many cells as labels."""
    picture = picture_of(text)
    if picture is not None and picture.kind == "matrix":
        assert len(picture.values) == len(picture.rows) and all(
            len(row) == len(picture.columns) for row in picture.values
        )


def test_an_empty_cell_is_not_nan() -> None:
    """What was not measured has no place in the course of a column; what is NaN is marked there."""
    picture = picture_of("x,y,z\n1,5,\n2,nan,6\n3,,7\n4,8,n/a\n5,9,8\n")
    assert picture is not None and picture.missing == (frozenset(), frozenset({2}), frozenset({0, 3}))
    curve = _curve(picture, 1, None)
    assert [*curve.xs] == [1, 4, 5] and [*curve.nan_xs] == [2]
    assert [*_curve(picture, 2, None).xs] == [2, 3, 5]
