"""How far a run is, in words."""

from __future__ import annotations

import pytest

from artui.model import Metric
from artui.query.headway import Headway
from artui.query.live import LiveMetric, LiveRun
from artui.sheets.progress import progress_text
from tests.sheets.making import NOW_MS, run_head, summary

STEPS = Headway("step", 95, 300, 125_000)
EPOCHS = Headway("epoch", 2.5, 40, None)


@pytest.mark.parametrize(
    ("known", "step", "rate", "silent_s", "is_running", "text"),
    [
        (STEPS, 95, 1.6, 5, True, "step 95 of 300, about 2m04s left, 1.60/s, last heard of just now"),
        (STEPS, 95, 1.6, 300, True, "step 95 of 300, no step for 5m, last heard of just now"),
        (
            Headway("step", 95, 300, 20_500_000),
            95,
            0.01,
            60,
            True,
            "step 95 of 300, about 5h40m left, 0.0100/s, last heard of just now",
        ),
        (
            Headway("step", 95, 300, 20_500_000),
            95,
            0.01,
            4000,
            True,
            "step 95 of 300, about 5h40m left, 0.0100/s, last heard of just now",
        ),
        (EPOCHS, 950, None, 5, True, "epoch 2.50 of 40, step 950, last heard of just now"),
        (EPOCHS, 950, 1.6, 5, True, "epoch 2.50 of 40, step 950, 1.60 steps/s, last heard of just now"),
        (None, 95, 1.6, 5, True, "step 95, 1.60/s, last heard of just now"),
        (None, None, None, 900, True, "last heard of just now"),
        (STEPS, 95, 1.6, 900, False, "step 95 of 300, last heard of just now"),
    ],
)
def test_progress_is_said_in_words(
    known: Headway | None, step: int | None, rate: float | None, silent_s: int, is_running: bool, text: str
) -> None:
    """How far, how long the rest takes, and how fast; after a silence that is long for this run, that instead.

    While a step takes longer than they do, the rest does not get less.
    """
    point_ms = NOW_MS - silent_s * 1000
    metrics = [LiveMetric(Metric(1, "loss", "", summary(last_ms=point_ms)))] if step is not None else []
    stall_ms = round(50_000 / rate) if rate else None
    head = run_head(status="running" if is_running else "lost")
    run = LiveRun(head, NOW_MS, step, rate, metrics, headway=known, point_ms=point_ms, stall_ms=stall_ms)
    assert progress_text(run, NOW_MS) == text


def test_of_a_run_that_logged_nothing_nothing_is_said() -> None:
    """Nor of one that nobody heard of."""
    assert progress_text(LiveRun(run_head(status="running"), 0, None, None, []), NOW_MS) == ""
