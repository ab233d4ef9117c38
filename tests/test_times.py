"""Times that people write, as the moment until which they ask."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artui.query.filter.values import Value
from artui.times import last_moment_ms, span_ms, time_text

NOW_MS = 1_790_000_000_000


@pytest.mark.parametrize(
    "text",
    ["2026-11-01", "2026-1-2", "2026-11", "2026-12", "2026-11-01T14:30", "2026-11-01 9:05", "2026-11-01T14:30:05", "2026-11-01T14:30Z", "2026-11-01T14:30:05+02:00", "today", "yesterday"],
)  # fmt: skip
def test_a_span_of_time_stands_for_its_end(text: str) -> None:
    """A day, a month, a minute or a second is asked until the millisecond in which filters say that it ends."""
    period = Value(text, is_quoted=True, position=0, length=0).period(NOW_MS)
    assert period is not None and last_moment_ms(text, NOW_MS) == period[1] - 1


def test_ago_and_now_are_moments() -> None:
    """They count from now; what is no time is none."""
    assert last_moment_ms("now", NOW_MS) == NOW_MS and last_moment_ms("2d ago", NOW_MS) == NOW_MS - 2 * 86_400_000
    assert last_moment_ms("1.5h", NOW_MS) == NOW_MS - 5_400_000
    day = last_moment_ms("2026-11-01", NOW_MS)
    assert day is not None and time_text(day) == "2026-11-01 23:59:59" and datetime.fromtimestamp(day / 1000).day == 1


@given(st.text(max_size=30))
def test_any_text_is_a_time_or_none(text: str) -> None:
    """Nothing that is typed raises."""
    assert last_moment_ms(text, NOW_MS) is None or isinstance(last_moment_ms(text, NOW_MS), int)
    assert span_ms(text, NOW_MS) is None or isinstance(span_ms(text, NOW_MS), tuple)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2026-11-01", "2026-11-01 00:00:00", "2026-11-01 23:59:59"), ("2026-11", "2026-11-01 00:00:00", "2026-11-30 23:59:59"), ("2026-11-01T14:30", "2026-11-01 14:30:00", "2026-11-01 14:30:59"),
        ("2026-11-01 14:30:05", "2026-11-01 14:30:05", "2026-11-01 14:30:05"), ("mon", "2026-09-21 00:00:00", "2026-09-21 23:59:59"), ("Tuesday", "2026-09-15 00:00:00", "2026-09-15 23:59:59"),
        ("mon 09:00", "2026-09-21 09:00:00", "2026-09-21 09:00:59"), ("mon 23:00", "2026-09-14 23:00:00", "2026-09-14 23:00:59"), ("today", "2026-09-21 00:00:00", "2026-09-21 23:59:59"),
    ],
)  # fmt: skip
def test_a_span_of_time_has_a_beginning(text: str, first: str, last: str) -> None:
    """Since a day is since its midnight; a day of the week is the last one that has begun."""
    now_ms = round(datetime(2026, 9, 21, 16, 0).timestamp() * 1000)
    assert datetime(2026, 9, 21).weekday() == 0
    span = span_ms(text, now_ms)
    assert span is not None and (time_text(span[0]), time_text(span[1])) == (first, last)


@pytest.mark.parametrize("text", ["moon", "m", "t", "mon 25:00", "monday 9", "", "2026-13-01"])
def test_what_is_no_span_is_none(text: str) -> None:
    """Neither half a name of a day nor an hour that no day has."""
    assert span_ms(text, NOW_MS) is None
