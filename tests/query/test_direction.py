"""Which way metrics are better, and whether a run ended far from its best."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artui.query.direction import best_aggregate, guess_direction, has_direction, is_best, is_far_from_best, is_result


@pytest.mark.parametrize(
    ("name", "first", "last", "low", "high", "is_far"),
    [
        ("val/loss", 1.98, 0.8159, 0.067, 1.98, True),  # learned, then lost it
        ("val/loss", 1.98, 0.070, 0.067, 1.98, False),
        ("val/acc", 0.30, 0.60, 0.30, 0.97, True),
        ("val/acc", 0.30, 0.95, 0.30, 0.97, False),
        ("val/loss", 0.50, 0.505, 0.49, 0.51, False),  # noise around a level
        ("val/loss", 0.50, 2.5, 0.50, 2.5, True),  # worse from the start
        ("epoch", 0.0, 1.0, 0.0, 60.0, False),  # neither way is better
        ("val/loss", 1.0, float("nan"), 0.1, 1.0, False),  # NaN says so itself
        ("val/loss", 1.0, float("inf"), 0.1, 1.0, False),
        ("system/memory_used_mb", 10.0, 900.0, 10.0, 900.0, False),  # nobody is judged by it
    ],
)
def test_runs_that_lost_what_they_had_are_told(
    name: str, first: float, last: float, low: float, high: float, is_far: bool
) -> None:
    """A last value is far from the best if much of the gain is lost again, and not for noise."""
    assert is_far_from_best(name, first=first, last=last, low=low, high=high) is is_far


@given(st.sampled_from(["loss", "acc"]), st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20))
def test_a_run_that_ends_at_its_best_is_not_far_from_it(name: str, values: list[float]) -> None:
    """Whatever came before."""
    best = min(values) if guess_direction(name) == "lower" else max(values)
    assert not is_far_from_best(name, first=values[0], last=best, low=min(values), high=max(values))


def test_the_best_of_a_metric_follows_its_direction() -> None:
    """The smallest loss and the largest accuracy; no epoch is best."""
    assert best_aggregate("val/loss") == "min" and best_aggregate("val/acc") == "max"
    assert is_best("val/acc", "max") and not is_best("val/acc", "min") and not is_best("epoch", "max")
    assert not is_best("system/process/cpu_percent", "max") and is_best("ecosystem/score", "max")


@pytest.mark.parametrize(
    ("name", "can_be_better"),
    [
        ("val_loss_epoch", True),  # Lightning says over what it took the mean
        ("train_acc_step", True),
        ("train/total_loss", True),  # detectron2
        ("epoch_loss", True),  # Keras
        ("total_reward", True),
        ("val/acc", True),
        ("val/mAP50", True),
        ("top5", True),
        ("train/m00", False),  # nothing in the name says which way
        ("other", False),
        ("epoch", False),
        ("global_step", False),
        ("train/total", False),
        ("total_steps", False),
        ("loss_scale", False),  # mixed precision
        ("learning_rate_step", False),
        ("grad_norm_step", False),
        ("time_step", False),
        ("system/total_loss", False),
        ("class/3", False),  # so many of a class
        ("pixels", False),
        ("class/3/recall", True),
        ("images_per_second", True),
    ],
)
def test_counters_are_told_from_results_that_name_one(name: str, can_be_better: bool) -> None:
    """A result says over what it was taken; a counter is nothing but that."""
    assert has_direction(name) is can_be_better


@pytest.mark.parametrize(
    ("name", "is_judged"),
    [("train", False), ("val", False), ("test", False), ("layers.0", False), ("val/acc", True), ("accuracy", True), ("epoch", False)],
)  # fmt: skip
def test_numbers_of_metadata_are_judged_only_by_the_name_of_a_result(name: str, is_judged: bool) -> None:
    """Of the numbers of rows in a split none is the best one."""
    assert is_result(name) is is_judged
