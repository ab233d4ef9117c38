"""Values as text."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artui.units import (
    age_text,
    bytes_text,
    decimals_for,
    duration_text,
    fixed_text,
    number_text,
    param_text,
    signed_text,
    time_text,
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
    ("ms", "text"),
    [
        (0, "0.0s"),
        (400, "0.4s"),
        (59_000, "59s"),
        (130_000, "2m10s"),
        (780_000, "13m"),
        (7_500_000, "2h05m"),
        (273_600_000, "3d04h"),
        (None, ""),
        (-5, "0.0s"),
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
    assert number_text(value) and fixed_text(value, decimals_for(value, value)) and len(signed_text(value)) < 16
