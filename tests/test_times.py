"""Times that people write, as the moment until which they ask."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artui.query.filter.values import Value
from artui.times import last_moment_ms, time_text

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
