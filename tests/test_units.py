"""Values as text."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from artui.model import ParamValue
from artui.units import (
    DIGITS,
    MAX_DIGITS,
    age_text,
    bytes_text,
    bytes_texts,
    column_text,
    decimals_of,
    delta_text,
    digits_for,
    duration_text,
    duration_texts,
    number_text,
    param_text,
    param_texts,
    percent_text,
    plural,
    time_text,
    time_texts,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.28144, "0.2814"), (12.3456, "12.35"), (1234.5, "1,234"), (1e-5, "1.00e-05"), (0.0, "0"), (-0.5, "-0.5000"), (math.nan, "NaN"), (math.inf, "∞"), (-math.inf, "−∞"),
        (1024, "1,024"), (3.0, "3"), (10**30, "1.000e+30"), (1e22, "1.00e+22"), (0.00012, "0.0001200"),
    ],
)  # fmt: skip
def test_numbers_have_four_digits(value: float, text: str) -> None:
    """Integers whole, floats in four significant digits, the very large and small in powers of ten."""
    assert number_text(value) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0.0 %"), (1 / 3210, "<0.1 %"), (0.001, "0.1 %"), (1 / 3, "33.3 %"), (0.9996, ">99.9 %"), (1, "100.0 %")],
)
def test_a_share_is_nothing_or_all_only_if_it_is(share: float, text: str) -> None:
    """One row of thousands is not 0.0 %, and all but one are not 100 %."""
    assert percent_text(share) == text


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (0, "0ms"),
        (33, "33ms"),
        (100, "0.1s"),
        (400, "0.4s"),
        (59_000, "59s"),
        (130_000, "2m10s"),
        (780_000, "13m"),
        (7_500_000, "2h05m"),
        (273_600_000, "3d04h"),
        (None, ""),
        (-5, "0ms"),
    ],
)
def test_durations_are_short(ms: int | None, text: str) -> None:
    """At most six characters."""
    assert duration_text(ms) == text


@pytest.mark.parametrize(
    ("ago", "text"),
    [
        (0, "now"),
        (40, "40s"),
        (7200, "2h"),
        (3 * 86_400, "3d"),
        (150 * 86_400, "5mo"),
        (800 * 86_400, "2y"),
        (-7200, "in 2h"),
    ],
)
def test_ages_look_both_ways(ago: int, text: str) -> None:
    """What lies ahead, from a clock that was wrong, is said to."""
    assert age_text(10**12 - ago * 1000, 10**12) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.01, "0.01"),
        (1e-4, "0.0001"),
        (1.0, "1.0"),
        (3, "3"),
        (True, "true"),
        (None, "none"),
        ("adam", "adam"),
        ([1, "a"], '[1,"a"]'),
        (2**70, str(2**70)),
        (math.nan, "NaN"),
    ],
)
def test_params_are_shown_as_typed(value: object, text: str) -> None:
    """An int and a float of the same value look different, as they were typed."""
    assert param_text(value) == text  # type: ignore[arg-type]


def test_times_no_calendar_holds_are_numbers() -> None:
    """Far beyond the year 9999 the milliseconds themselves are shown."""
    assert time_text(2**63) == f"{2**63} ms" and time_text(None) == "" and bytes_text(118_000) == "118 kB"


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_any_float_has_a_text(value: float) -> None:
    """No value breaks the columns."""
    assert number_text(value) and column_text(value, 4, 4, 8)


@example([104, 112, None])
@example([7_500_000, 7_501_000, 60_000])
@example([7_500_000, 7_500_001])
@given(st.lists(st.integers(0, 10**9) | st.integers(0, 999) | st.none(), max_size=5))
def test_durations_side_by_side_can_be_told_apart(durations: list[int | None]) -> None:
    """What differs never reads the same; what is told apart in few digits has few."""
    texts = duration_texts(durations)
    assert len(set(zip(durations, texts, strict=True))) == len(set(durations)) == len(set(texts))
    short = tuple(map(duration_text, durations))
    assert texts == short or len(set(short)) < len(set(durations))


@example(10_000 * 86_400_000)
@given(st.integers(0, 100 * 365 * 86_400_000) | st.integers(0, 2**64))
def test_durations_take_six_characters(ms: int) -> None:
    """However long, a duration is at most six characters wide, and is never 60 of a unit."""
    text = duration_text(ms)
    assert 0 < len(text) <= 6 and "60s" not in text[2:] and "60m" not in text[2:]


@given(st.integers(-100 * 365 * 86_400, 100 * 365 * 86_400) | st.integers(-(2**63), 2**63))
def test_ages_are_short(seconds: int) -> None:
    """An age is at most five characters wide, and what lies ahead three more for `in `."""
    text = age_text(10**13 - seconds * 1000, 10**13)
    assert 0 < len(text) <= 5 or (text.startswith("in ") and len(text) <= 8)
    assert text.startswith("in ") == (seconds < -60)


def test_what_is_older_never_looks_younger() -> None:
    """Below each other ages go up with the time: no `1m` stands beneath `99s`."""
    sizes = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "mo": 2_592_000, "y": 31_536_000}
    seconds = [*range(0, 20_000, 7), *range(20_000, 400_000_000, 40_000)]
    texts = [age_text(10**12 - ago * 1000, 10**12) for ago in seconds]
    ages = [0 if text == "now" else int(re.sub("[a-z]", "", text)) * sizes[re.sub("[0-9]", "", text)] for text in texts]
    assert ages == sorted(ages)


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e12, max_value=1e12))
def test_numbers_are_near_what_they_stand_for(value: float) -> None:
    """A shown number is the value to three digits at least."""
    shown = float(number_text(value).replace(",", ""))
    assert math.isclose(shown, value, rel_tol=1e-2) and math.copysign(1, shown) == math.copysign(1, value + 0.0)


@given(st.integers())
def test_ints_of_any_size_have_a_text(value: int) -> None:
    """Up to a trillion whole with commas, beyond in powers of ten."""
    text = number_text(value)
    assert text == f"{value:,}" if abs(value) < 10**12 else "e+" in text or "∞" in text
    assert param_text(value) == str(value) or value.bit_length() >= 1000


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False, allow_infinity=False))
def test_differences_have_one_sign_and_no_more_digits_than_their_values(left: float, right: float) -> None:
    """A difference starts with its sign, has no other but in an exponent, and is at most that much wider."""
    text = delta_text(left, right)
    assert text in ("0", "∞", "−∞") or (text[0] in "+−" and text[1] not in "+−-")
    assert len(text) <= 1 + max(len(number_text(left).lstrip("-")), len(number_text(right).lstrip("-")), len("1e-300"))


@pytest.mark.parametrize(
    ("value", "base", "text"),
    [
        (0.07179, 0.06703, "+0.00476"),
        (0.001185, 0.0015864, "−0.000401"),
        (0.322, 0.06703, "+0.2550"),
        (0.92134, 0.98127, "−0.0599"),
        (0.9286, 1.0, "−0.0714"),
        (4, 50, "−46"),
        (3.0, 1e20, "−1.00e+20"),
        (1.0, 1e7, "−1.00e+07"),
        (0.98134, 0.98130, "+4e-05"),
        (1234.5, 1230.25, "+4"),
        (999.9, -999.9, "+2,000"),
        (0.5, 0.5, "0"),
        (math.inf, 1.0, "∞"),
    ],
)
def test_differences_have_the_digits_of_their_values(value: float, base: float, text: str) -> None:
    """Neither digits that no value has, nor fewer; what is below them has one."""
    assert delta_text(value, base) == text


@pytest.mark.parametrize(
    ("count", "word", "text"), [(0, "run", "0 runs"), (1, "run", "1 run"), (1284, "run", "1,284 runs")]
)
def test_plurals_follow_the_count(count: int, word: str, text: str) -> None:
    """One is singular, all else plural."""
    assert plural(count, word) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"), (118_000, "118 kB"), (7_200_000_000, "7.2 GB")],
)
def test_sizes_are_decimal(size: int, text: str) -> None:
    """A kB is a thousand bytes."""
    assert bytes_text(size) == text


@pytest.mark.parametrize(
    ("value", "digits", "decimals", "cells", "text"),
    [
        (0.5, 4, 4, 8, "0.5000"),
        (0.5, 4, 7, 9, "0.5000   "),
        (12.5, 4, 4, 8, "12.50  "),
        (60.0, 4, 4, 8, "60     "),
        (1234.5, 4, 0, 8, "1,234"),
        (0.00001, 4, 4, 8, "1.00e-05"),
        (1e12, 4, 2, 8, "1.00e+12"),
        (math.nan, 4, 2, 8, "NaN"),
        (-0.0, 4, 2, 8, "0   "),
        (0.123456789, 9, 9, 8, "0.123457"),
        (5e147, 4, 0, 8, "5.0e+147"),
        (5e147, 4, 0, 5, "5e+147"),
    ],
)
def test_columns_line_up(value: float, digits: int, decimals: int, cells: int, text: str) -> None:
    """Points are below each other, and what is too long has fewer digits rather than fewer letters."""
    assert column_text(value, digits, decimals, cells) == (text if len(text) <= cells else number_text(value))


@given(st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=30), st.integers(8, 12))
def test_points_of_a_column_are_below_each_other(values: list[float], cells: int) -> None:
    """Wherever there is room for it, the points of all rows that have one stand in one place, counted from the right."""
    digits = digits_for(values, cells)
    texts = [number_text(value, digits) for value in values]
    decimals = max(map(decimals_of, texts))
    drawn = [column_text(value, digits, decimals, 30) for value in values]
    places = {len(text) - text.index(".") for text in drawn if "." in text and "e" not in text}
    assert len(places) <= 1


@given(st.lists(st.floats(0, 1), min_size=2, max_size=30, unique=True))
def test_digits_tell_values_apart(values: list[float]) -> None:
    """Values in sight that differ in nine digits look different if there is room; at least three digits are shown."""
    digits = digits_for(values, 20)
    texts = {value: number_text(value, digits) for value in values}
    assert DIGITS <= digits <= MAX_DIGITS
    if len({f"{value:.6e}" for value in values}) == len(values):
        assert len(set(texts.values())) == len(values)


@given(st.floats(0, 1, exclude_max=True))
def test_what_is_less_than_one_never_reads_as_one(value: float) -> None:
    """An accuracy of 0.99999 is not 1.0000."""
    assert float(number_text(value)) < 1 or value > 1 - 1e-15


@pytest.mark.parametrize("value", [0.1234567, 1e-7, 123456789.0, 0.5, 1234.5678])
def test_different_params_look_different(value: float) -> None:
    """A float param is shown as it was typed, so that two that differ do not look the same."""
    assert float(param_text(value)) == value


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ((1 / 3, 1 / 3), ("0.333333", "0.333333")),
        ((1 / 3, 0.33333333433333, 0.5), ("0.3333333333333333", "0.33333333433333", "0.5")),
        ((1 / 3, 0.333333), ("0.3333333333333333", "0.333333")),
        ((math.nan, math.nan, math.inf), ("NaN", "NaN", "∞")),
        ((None, "0.333333", 1 / 3, [1]), ("none", "0.333333", "0.333333", "[1]")),
    ],
)
def test_params_side_by_side_look_as_different_as_they_are(values: list[ParamValue], texts: tuple[str, ...]) -> None:
    """Floats are shown in full where two that differ would otherwise look the same."""
    assert param_texts(values) == texts


def test_sizes_and_times_side_by_side_are_told_apart() -> None:
    """Where two that differ would read alike, all are written by the byte, or with milliseconds."""
    assert bytes_texts([38_812, None, 41_000]) == ("38.8 kB", "", "41 kB")
    assert bytes_texts([38_812, 38_813]) == ("38,812 bytes", "38,813 bytes")
    first, second, none = time_texts([1_790_000_000_001, 1_790_000_000_002, None])
    assert first.endswith(".001") and second.endswith(".002") and none == ""
    assert "." not in time_texts([1_790_000_000_001, 1_790_000_005_002])[0]
