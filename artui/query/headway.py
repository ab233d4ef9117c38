"""How far a run is on the way that its params say it goes: `epoch 12 of 40`, how long the rest takes, and how long a
pause is usual.

Nothing is said where it is not certain: a param must be called as trainers call the length of a run, and the run must
count the same thing and not be beyond it; epochs are counted by a metric `epoch` alone, as a step may be a batch, whatever
is logged at it. Without such a param, runs that finished before may say where such a run ends; then it is said which ones.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from artui.model import Metric, Param


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


EPOCH_PARAMS = _words("""
    epochs numepochs maxepochs nepochs nbepochs totalepochs trainepochs trainingepochs numtrainepochs maxtrainepochs
    nepoch nbepoch numepoch maxepoch totalepoch
    """)
"""As trainers call the number of epochs, without `_` and `-`, whose place differs."""
STEP_PARAMS = _words("""
    maxsteps totalsteps trainsteps trainingsteps maxtrainsteps numtrainsteps numtrainingsteps totaltrainsteps totaltrainingsteps
    maxiters totaliters trainiters maxiter maxiterations totaliterations numiterations
    maxupdate maxupdates totalupdates totaltimesteps numboostround
    """)
PLAIN_STEP_PARAMS = _words("""
    steps numsteps iterations iters niter niters numiter numiters niterations numupdates nupdates nestimators
    """)
"""These may count something else, such as the steps of a rollout or of a schedule. They are believed only where no param of
STEP_PARAMS is, and not inside another part of a config than those of PLAIN_PARTS."""
PLAIN_PARTS = _words(
    "train training trainer args arguments config cfg hparams hyperparams hyperparameters params run general"
)

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
    """The metric that counts epochs; empty where steps are counted."""
    alike: str = ""
    """The run before, or the number of them, of which the total was taken; empty where a param says it."""


class Earlier(NamedTuple):
    """A run that finished before, and its last step of the same metric."""

    name: str
    last_step: int


def headway_of(
    params: Iterable[Param],
    metrics: Sequence[Metric],
    step: int | None,
    steps_per_second: float | None,
    pause_ms: int = 0,
) -> Headway | None:
    """Say how far a run is; None where its params and what it logs do not say so for certain.

    Args:
        step: the highest step it has logged.
        pause_ms: how long it paused as it does not usually, which says nothing of its pace.
    """
    params = list(params)
    counters = [metric for metric in metrics if _last_part(metric.name) == "epoch" and not metric.labels]
    counter = counters[0] if len(counters) == 1 and math.isfinite(counters[0].summary.last) else None
    epochs = _total(params, EPOCH_PARAMS)
    if counter is not None and epochs is not None and 0 <= counter.summary.last <= epochs:
        summary = counter.summary
        went, took_ms = summary.last - summary.first, summary.last_ms - summary.first_ms - pause_ms
        left_ms = int((epochs - summary.last) * took_ms / went) if went >= 1 and took_ms > 0 else None
        return Headway("epoch", summary.last, epochs, left_ms, counter.name)
    steps = _total(params, STEP_PARAMS)
    if steps is None and not _has_any(params, STEP_PARAMS):
        steps = _total([param for param in params if _is_plain(param.name)], PLAIN_STEP_PARAMS)
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
    others = earlier[:MOST_ALIKE]
    if same is not None:
        total, alike = same.last_step, same.name
    elif len(others) >= FEWEST_ALIKE and len({run.last_step for run in others}) == 1:
        total, alike = others[0].last_step, f"the last {len(others)} runs"
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


def unusual_pause_ms(times_ms: Iterable[int]) -> int:
    """Say how long a run paused once as it does not usually, beyond its usual time between points; 0 if it did not.

    That is a pause of over five times the median, and over twice the longest other one.

    Args:
        times_ms: when it logged what it logs most often, lately.
    """
    gaps_ms = sorted(after - before for before, after in pairwise(sorted(set(times_ms))))
    if len(gaps_ms) + 1 < FEWEST_POINTS:
        return 0
    usual_ms, longest_ms = int(median(gaps_ms)), gaps_ms[-1]
    is_unusual = longest_ms > max(STALL_INTERVALS * usual_ms, STALL_PAUSES * gaps_ms[-2])
    return longest_ms - usual_ms if is_unusual else 0


def _total(params: Iterable[Param], names: frozenset[str]) -> int | None:
    """Give the one whole number above zero that params of some names agree on."""
    totals = {
        int(param.value)
        for param in params
        if _bare(param.name) in names
        and isinstance(param.value, int | float)
        and not isinstance(param.value, bool)
        and math.isfinite(param.value)
        and param.value == int(param.value) > 0
    }
    return totals.pop() if len(totals) == 1 else None


def _has_any(params: Iterable[Param], names: frozenset[str]) -> bool:
    """Say whether a param has one of these names and a number above zero: -1 stands for no limit."""
    return any(
        _bare(param.name) in names and isinstance(param.value, int | float) and param.value > 0 for param in params
    )


def _is_plain(name: str) -> bool:
    """Say whether a param stands alone, or in a part of a config that is about training as a whole."""
    return all(part in PLAIN_PARTS for part in name.replace("/", ".").lower().split(".")[:-1])


def _bare(name: str) -> str:
    return _last_part(name).replace("_", "").replace("-", "")


def _last_part(name: str) -> str:
    return name.replace("/", ".").rpartition(".")[2].lower()
