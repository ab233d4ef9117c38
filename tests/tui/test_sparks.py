"""Sparklines say what their series did, and no more."""

from __future__ import annotations

import pytest

from artui.tui.sparks import Course, own_spark_text

LONG = Course([3.0 - step / 50 for step in range(120)], 0, 119)
SELDOM = Course([3.0, 2.0, 1.0], 19, 119)
"""Measured every fiftieth step."""


@pytest.mark.parametrize(
    ("course", "among", "cells"),
    [
        (LONG, [LONG], 20),
        (SELDOM, [LONG, SELDOM], 20),
        # It has not ended early: it is counted in epochs.
        (Course([0.5, 0.7, 0.9], 0, 2), [LONG, Course([0.5, 0.7, 0.9], 0, 2)], 20),
        # This one has.
        (Course([3.0, 2.0, 1.0], 0, 59), [LONG, SELDOM], 10),
        (Course([1.0, 2.0, float("nan")], 0, 119), [LONG], 20),
        (Course([1.0], 5, 5), [LONG], 0),
        (Course([float("nan")], 5, 5), [LONG], 1),
    ],
)
def test_a_metric_that_is_measured_seldom_goes_as_far_as_its_run(
    course: Course, among: list[Course], cells: int
) -> None:
    """As far right is the same step, for all metrics of a run: none looks as if it had stopped early."""
    assert len(own_spark_text(course, 20, among=among)) == cells
