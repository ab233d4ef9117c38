"""How far a run is on the way that its params say it goes: `epoch 12 of 40`, how long the rest takes, and how long a
pause is usual.

Nothing is said where it is not certain: a param must be called as trainers call the length of a run, and the run must
count the same thing and not be beyond it. Without such a param, runs that finished before may say where such a run
ends; then it is said which ones.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from artui.model import Metric, Param

EPOCH_PARAMS = frozenset({"epochs", "num_epochs", "max_epochs", "n_epochs", "total_epochs", "num_train_epochs"})
STEP_PARAMS = frozenset({
    "max_steps", "total_steps", "max_train_steps", "num_train_steps", "total_train_steps",
    "max_iters", "total_iters", "max_iterations", "total_iterations", "num_iterations",
})  # fmt: skip

FEWEST_ALIKE = 2
"""Of other names, so many runs must have ended at the same step."""
MOST_ALIKE = 5
"""So many runs before are asked."""


LEAST_STALL_MS = 30_000
"""No shorter pause is unusual."""
STALL_INTERVALS = 5
STALL_PAUSES = 2
FEWEST_POINTS = 4
"""With fewer points nobody knows which pause is usual."""


@dataclass(frozen=True, slots=True)
class Headway:
    """How far a run has come."""

    unit: str
    """`epoch` or `step`."""
    done: float
    """As the run counts it, from 0 or from 1 on."""
    total: int
    left_ms: int | None
    """From the last point on, at the pace so far; None where no pace is known."""
    counter: str = ""
    """The metric that counts; empty where steps are counted."""
    alike: str = ""
    """The run before, or the number of them, of which the total was taken; empty where a param says it."""


class Earlier(NamedTuple):
    """A run that finished before, and its last step of the same metric."""

    name: str
    last_step: int


def headway_of(
    params: Iterable[Param], metrics: Sequence[Metric], step: int | None, steps_per_second: float | None
) -> Headway | None:
    """Say how far a run is; None where its params and what it logs do not say so for certain.

    Args:
        step: the highest step it has logged.
    """
    params = list(params)
    counters = [metric for metric in metrics if _last_part(metric.name) == "epoch" and not metric.labels]
    counter = counters[0] if len(counters) == 1 and math.isfinite(counters[0].summary.last) else None
    epochs = _total(params, EPOCH_PARAMS)
    if counter is not None and epochs is not None and 0 <= counter.summary.last <= epochs:
        summary = counter.summary
        went, took_ms = summary.last - summary.first, summary.last_ms - summary.first_ms
        left_ms = int((epochs - summary.last) * took_ms / went) if went >= 1 and took_ms > 0 else None
        return Headway("epoch", summary.last, epochs, left_ms, counter.name)
    steps = _total(params, STEP_PARAMS)
    # Where a step of what is logged is an epoch, it is no step of the trainer.
    counts_epochs = counter is not None and counter.summary.last_step - counter.summary.last in (-1, 0, 1)
    if steps is None or step is None or counts_epochs or not 0 <= step <= steps:
        return None
    return Headway("step", step, steps, int((steps - step) * 1000 / steps_per_second) if steps_per_second else None)


def headway_like(earlier: Sequence[Earlier], name: str, step: int, steps_per_second: float | None) -> Headway | None:
    """Say how far a run is if it ends as those before it: as the last one of its name, or where all of several ended.

    None where there are no such runs, where they ended at different steps, or where this run is beyond them.

    Args:
        earlier: runs of the same project that finished, the newest first.
        name: the name of the run.
        step: the last step of the metric of which `earlier` tells the last steps.
        steps_per_second: the pace so far.
    """
    same = next((run for run in earlier if run.name == name), None)
    if same is not None:
        total, alike = same.last_step, same.name
    elif len(earlier) >= FEWEST_ALIKE and len({run.last_step for run in earlier}) == 1:
        total, alike = earlier[0].last_step, f"the last {len(earlier)} runs"
    else:
        return None
    if not 0 <= step < total:
        return None
    left_ms = int((total - step) * 1000 / steps_per_second) if steps_per_second else None
    return Headway("step", step, total, left_ms, alike=alike)


def stall_ms_of(times_ms: Iterable[int]) -> int | None:
    """Say after how many milliseconds without a point a run stands still; None if it logged too little to tell.

    That is five times the median time between points, but at least twice the longest one of them, since a run that
    validates or saves now and then pauses as a habit, and at least LEAST_STALL_MS.

    Args:
        times_ms: when it logged what it logs most often, lately.
    """
    gaps_ms = [after - before for before, after in pairwise(sorted(set(times_ms)))]
    if len(gaps_ms) + 1 < FEWEST_POINTS:
        return None
    return max(LEAST_STALL_MS, int(STALL_INTERVALS * median(gaps_ms)), STALL_PAUSES * max(gaps_ms))


def _total(params: Iterable[Param], names: frozenset[str]) -> int | None:
    """Give the one whole number above zero that params of some names agree on."""
    totals = {
        int(param.value)
        for param in params
        if _last_part(param.name) in names
        and isinstance(param.value, int | float)
        and not isinstance(param.value, bool)
        and math.isfinite(param.value)
        and param.value == int(param.value) > 0
    }
    return totals.pop() if len(totals) == 1 else None


def _last_part(name: str) -> str:
    return name.replace("/", ".").rpartition(".")[2].lower()
