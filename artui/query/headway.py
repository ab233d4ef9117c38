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
PACE_MS = 60_000
"""The pace is that of the last minute."""
LEAST_PACE_MS = 1000
"""What was logged within less than a second says nothing of a pace."""
PACE_GAPS = 5
"""Of a run that logs seldom, it is that of so many times between points; so many show that the pace has changed."""
PACE_CHANGE = 3
"""Times between points that are so much longer or shorter than those before are of another pace."""


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
    epochs_per_second: float | None = None,
) -> Headway | None:
    """Say how far a run is; None where its params and what it logs do not say so for certain.

    Args:
        step: the highest step it has logged.
        epochs_per_second: the pace of what counts epochs; where it is not known, that since the run began is taken.
    """
    params = list(params)
    counter = counter_of(metrics)
    epochs = _total(params, EPOCH_PARAMS)
    if counter is not None and epochs is not None and 0 <= counter.summary.last <= epochs:
        summary = counter.summary
        went, took_ms = summary.last - summary.first, summary.last_ms - summary.first_ms
        pace = epochs_per_second or (went * 1000 / took_ms if took_ms > 0 else 0)
        left_ms = int((epochs - summary.last) * 1000 / pace) if went >= 1 and pace > 0 else None
        return Headway("epoch", summary.last, epochs, left_ms, counter.name)
    steps = _total(params, STEP_PARAMS)
    if steps is None and not _has_any(params, STEP_PARAMS):
        steps = _total([param for param in params if _is_plain(param.name)], PLAIN_STEP_PARAMS)
    # Where a step of what is logged is an epoch, it is no step of the trainer.
    counts_epochs = counter is not None and counter.summary.last_step - counter.summary.last in (-1, 0, 1)
    if steps is None or step is None or counts_epochs or not 0 <= step <= steps:
        return None
    return Headway("step", step, steps, int((steps - step) * 1000 / steps_per_second) if steps_per_second else None)


def counter_of(metrics: Sequence[Metric]) -> Metric | None:
    """Give the metric that counts epochs; None if there is none, or more than one."""
    counters = [metric for metric in metrics if _last_part(metric.name) == "epoch" and not metric.labels]
    return counters[0] if len(counters) == 1 and math.isfinite(counters[0].summary.last) else None


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
    validates or saves now and then pauses as a habit, and at least LEAST_STALL_MS: that alone where all came at once.

    Args:
        times_ms: when it logged what it logs most often, lately.
    """
    times_ms = list(times_ms)
    if len(times_ms) < FEWEST_POINTS:
        return None
    gaps_ms = [after - before for before, after in pairwise(sorted(set(times_ms)))] or [0]
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


def pace_of(times_ms: Sequence[int], counts: Sequence[float]) -> float | None:
    """Say by how much a count grows a second now; None if it was counted too few times, or too short a time, to tell.

    That is the pace of the last minute, or of the last points of a run that logs seldom, without a pause that is no
    habit. Where the times between points have become quite different meanwhile, it is the pace since then.

    Args:
        times_ms: when it was counted, lately.
        counts: what was counted then.
    """
    counted = dict(sorted(zip(times_ms, counts, strict=True)))
    moments = list(counted)
    gaps_ms = [after - before for before, after in pairwise(moments)]
    if pause_ms := unusual_pause_ms(moments):
        gaps_ms[gaps_ms.index(max(gaps_ms))] -= pause_ms
    begin, took_ms = len(gaps_ms), 0
    while begin and (took_ms < PACE_MS or len(gaps_ms) - begin < PACE_GAPS):
        begin -= 1
        took_ms += gaps_ms[begin]
    begin = _since_change(gaps_ms, begin)
    took_ms = sum(gaps_ms[begin:])
    if took_ms < LEAST_PACE_MS:
        return None
    return max(0.0, (counted[moments[-1]] - counted[moments[begin]]) * 1000 / took_ms)


def _since_change(gaps_ms: Sequence[int], begin: int) -> int:
    """Give the place from which on the times between points are of the present pace; `begin` if it has not changed."""
    usual_ms = median(gaps_ms[-PACE_GAPS:]) if gaps_ms else 0
    start = len(gaps_ms)
    while start > begin and usual_ms / PACE_CHANGE < gaps_ms[start - 1] < usual_ms * PACE_CHANGE:
        start -= 1
    if start == begin or len(gaps_ms) - start < PACE_GAPS:
        return begin
    before_ms = median(gaps_ms[begin:start])
    has_changed = not usual_ms / PACE_CHANGE < before_ms < usual_ms * PACE_CHANGE
    return start if has_changed else begin


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
