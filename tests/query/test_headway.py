"""How far a run is: said only where params and metrics leave no doubt."""

from __future__ import annotations

import math
from itertools import accumulate
from typing import Any

import pytest

from artui.model import Metric, Param, ParamType, Summary
from artui.query.headway import Earlier, Headway, headway_like, headway_of, pace_of, stall_ms_of, unusual_pause_ms


def counter(first: float, last: float, *, steps: int, took_ms: int = 60_000, name: str = "epoch", labels: str = "") -> Metric:  # fmt: skip
    """A metric that goes from one value to another, and from step 0 on."""
    return Metric(1, name, labels, Summary(9, 9, first, last, first, last, None, 0, steps, 0, steps, 0, took_ms))


def headway(
    params: dict[str, Any], *metrics: Metric, step: int | None = 300, rate: float | None = 2.0
) -> Headway | None:
    """How far a run of these params is."""
    return headway_of([Param(name, value, ParamType.NUMBER) for name, value in params.items()], metrics, step, rate)


@pytest.mark.parametrize(
    ("params", "metrics", "done", "total", "left_ms"),
    [
        ({"epochs": 40}, [counter(0, 12, steps=300)], 12, 40, 140_000), ({"trainer.max_epochs": 3.0}, [counter(0, 0.5, steps=300)], 0.5, 3, None),
        ({"epochs": 12}, [counter(2, 12, steps=300)], 12, 12, 0), ({"max_steps": 1000}, [], 300, 1000, 350_000),
        ({"max_steps": -1, "num_train_epochs": 3}, [counter(1, 2, steps=300)], 2, 3, 60_000), ({"epochs": 9, "num_epochs": 9}, [counter(1, 2, steps=5, name="train/epoch")], 2, 9, 420_000),
        ({"total_steps": 1000}, [counter(0, 3, steps=300)], 300, 1000, 350_000),
    ],
)  # fmt: skip
def test_progress_counts_what_the_params_count(
    params: dict[str, Any], metrics: list[Metric], done: float, total: int, left_ms: int | None
) -> None:
    """Epochs by the metric that counts them, steps by the last step; the rest at the pace so far."""
    known = headway(params, *metrics)
    assert known is not None and (known.done, known.total, known.left_ms) == (done, total, left_ms)
    assert known.unit == ("epoch" if metrics and known.counter else "step")


@pytest.mark.parametrize(
    ("params", "metrics"),
    [
        ({}, [counter(0, 12, steps=300)]), ({"epochs": 40}, []), ({"epochs": 10}, [counter(0, 12, steps=300)]), ({"epochs": 0}, [counter(0, 0, steps=3)]),
        ({"epochs": 40, "max_epochs": 50}, [counter(0, 12, steps=300)]), ({"epochs": True}, [counter(0, 1, steps=3)]), ({"epochs": "40"}, [counter(0, 1, steps=3)]),
        ({"epochs": math.inf}, [counter(0, 1, steps=3)]), ({"epochs": 2.5}, [counter(0, 1, steps=3)]), ({"epochs": 40}, [counter(0, math.nan, steps=3)]),
        ({"epochs": 40}, [counter(0, 1, steps=3, name="a/epoch"), counter(0, 2, steps=3, name="b/epoch")]), ({"epochs": 40}, [counter(0, 1, steps=3, labels="rank=1")]),
        ({"max_steps": 200}, []), ({"steps": 200}, []), ({"warmup.steps": 1000}, []), ({"sampler/steps": 1000}, []), ({"timesteps": 1000}, []), ({"n_steps": 2048}, []),
        ({"max_steps": 200, "steps": 1000}, []), ({"steps_per_epoch": 1000}, []), ({"max_steps": 1000}, [counter(0, 300, steps=300)]),
    ],
)  # fmt: skip
def test_nothing_is_said_in_doubt(params: dict[str, Any], metrics: list[Metric]) -> None:
    """No such param, none that agrees, no counter, a run beyond it, or steps that are epochs: then nothing."""
    assert headway(params, *metrics) is None


STEPS = """steps num_steps max_steps total_steps train_steps training_steps num_train_steps num_training_steps max_train_steps n_iter niter iters
    num_iters max_iters max_iter total_iters train-iters iterations num_iterations n_iterations max_iterations total_timesteps num_updates
    max_update n_estimators num_boost_round maxSteps totalSteps train.steps training/iterations args.steps config.trainer.max_steps"""


@pytest.mark.parametrize("name", STEPS.split())
def test_the_names_of_the_field_for_a_number_of_steps(name: str) -> None:
    """As trainers, boosters and scripts call it, alone or inside a part of a config about training."""
    assert headway({name: 1000}) == Headway("step", 300, 1000, 350_000)
    # A limit of -1 is none, so that a plainer name is believed.
    assert headway({name: 1000, "total_train_steps": -1}) == Headway("step", 300, 1000, 350_000)


EPOCHS = """epochs num_epochs n_epochs nb_epoch nb_epochs max_epochs max_epoch total_epochs num_train_epochs train_epochs training_epochs n_epoch
    num_epoch numEpochs max-epochs trainer.max_epochs training/epochs optim.epochs"""


@pytest.mark.parametrize("name", EPOCHS.split())
def test_the_names_of_the_field_for_a_number_of_epochs(name: str) -> None:
    """Held against a counter."""
    assert headway({name: 40}, counter(0, 12, steps=300)) == Headway("epoch", 12, 40, 140_000, "epoch")


def results(name: str, *, count: int, first_step: int = 0, stride: int = 1) -> Metric:
    """A metric that is logged at even steps."""
    last_step = first_step + (count - 1) * stride
    return Metric(
        1, name, "", Summary(count, count, 1.0, 2.0, 1.0, 2.0, None, 0, last_step, first_step, last_step, 0, 60_000)
    )


@pytest.mark.parametrize(
    ("metric", "step"),
    [
        (results("train/loss", count=13), 12), (results("val/acc", count=13), 12), (results("val/loss", count=16), 15), (results("val/acc", count=13, stride=100), 1200), (results("val/acc", count=13), 1200),
        (results("val/acc", count=1), 0), (results("val/acc", count=50), 49), (results("val/acc", count=13, first_step=7), 19), (results("lr", count=13), 12),
    ],
)  # fmt: skip
def test_epochs_are_not_guessed(metric: Metric, step: int) -> None:
    """No step is taken for an epoch, even where each has a result of validation: a run may log at each batch, and go on beyond."""
    assert headway({"epochs": 40}, metric, step=step) is None


@pytest.mark.parametrize(
    ("earlier", "step", "rate", "known"),
    [
        ([("a", 100)], 40, 2.0, (100, 30_000, "a")), ([("b", 100), ("a", 80), ("a", 100)], 40, None, (80, None, "a")),
        ([("b", 100), ("c", 100)], 40, 2.0, (100, 30_000, "the last 2 runs")), ([("b", 100), ("c", 99)], 40, 2.0, None),
        ([("b", 100)], 40, 2.0, None), ([], 40, 2.0, None), ([("a", 40)], 40, 2.0, None), ([("a", 30)], 40, 2.0, None),
    ],
)  # fmt: skip
def test_runs_before_say_where_a_run_may_end(
    earlier: list[tuple[str, int]], step: int, rate: float | None, known: tuple[int, int | None, str] | None
) -> None:
    """The last one of the same name, or all of several others; never a run that this one is beyond."""
    headway = headway_like([Earlier(*before) for before in earlier], "a", step, rate)
    assert (headway and (headway.total, headway.left_ms, headway.alike)) == known


@pytest.mark.parametrize(
    ("gaps_ms", "stall_ms"),
    [
        ([600] * 12, 30_000), ([60_000] * 5, 300_000), ([500] * 50 + [90_000] + [500] * 50, 180_000), ([0] * 9 + [20_000] * 3, 100_000),
        ([], None), ([600, 600], None), ([0] * 50, 30_000), ([0] * 9 + [5] + [0] * 9, 30_000), ([0, 0], None),
    ],
)  # fmt: skip
def test_a_run_stands_still_after_a_pause_that_is_unusual_for_it(gaps_ms: list[int], stall_ms: int | None) -> None:
    """Five times the usual time between points, twice the longest pause, half a minute at least, as where all came at once; with few points nobody knows."""
    assert stall_ms_of(list(accumulate(gaps_ms, initial=1_700_000_000_000))) == stall_ms


@pytest.mark.parametrize(
    ("gaps_ms", "pause_ms"),
    [
        ([700] * 12, 0), ([700] * 6 + [25_000] + [700] * 6, 24_300), ([60_000] + [500] * 20, 59_500),
        (([500] * 9 + [9_000]) * 3, 0), ([700, 700], 0), ([700] * 9 + [3_000], 0), ([], 0),
    ],
)  # fmt: skip
def test_a_pause_that_is_no_habit_says_nothing_of_the_pace(gaps_ms: list[int], pause_ms: int) -> None:
    """One that comes again and again, as validation does, belongs to the pace; so does one that is hardly longer than a step."""
    assert unusual_pause_ms(list(accumulate(gaps_ms, initial=1_700_000_000_000))) == pause_ms


@pytest.mark.parametrize(
    ("gaps_ms", "pace"),
    [
        ([1000] * 5, 1.0), ([500] * 400, 2.0),
        # Slower or faster than it began, and how long ago that was.
        ([20] * 1500 + [2000] * 27, 0.5), ([20] * 1500 + [2000] * 5, 0.5), ([2000] * 60 + [20] * 200, 50.0), ([100] * 3000 + [1000] * 90, 1.0), ([1000] * 30 + [1600] * 60, 0.625),
        # Habits are part of it, a pause that is none is not.
        (([500] * 20 + [5000]) * 12, 84 / 60), ([500] * 100 + [60_000] + [500] * 10, 2.0),
        # A run that logs seldom.
        ([600_000] * 9, 1 / 600),
        # All at once.
        ([0] * 19, None), ([1] * 19, None), ([], None), ([1] * 1500, 1000.0),
    ],
)  # fmt: skip
def test_the_pace_is_that_of_the_last_minute_or_since_it_changed(gaps_ms: list[int], pace: float | None) -> None:
    """Not the mean since the run began; of what was logged within a moment none is said."""
    times_ms = list(accumulate(gaps_ms, initial=1_700_000_000_000))

    assert pace_of(times_ms, range(len(times_ms))) == (None if pace is None else pytest.approx(pace, rel=0.03))


def test_the_rest_of_epochs_goes_by_their_present_pace() -> None:
    """A run that became slower is not told to end as if it had not."""
    params = [Param("epochs", 40, ParamType.NUMBER)]

    known = headway_of(params, [counter(0, 12, steps=300)], 300, 5.0, 0.1)

    assert known is not None and known.left_ms == 280_000
