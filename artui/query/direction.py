"""Which way a metric is better, by its name, and what its best value is."""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import Literal

from artui.query.series.ranking import names_a_result

Direction = Literal["lower", "higher"]

_LOWER = re.compile(
    r"(?i)(loss|error|err\b|perplex|ppl|mse|mae|rmse|wer\b|cer\b|fid|latency|seconds|_ms\b|duration|time|memory|size|nll|kl\b|regret)"
)
_COUNTER = re.compile(
    r"(?i)(^|[/_.])(epoch|step|iteration|lr|learning_rate|rows|count|total|(grad(ient)?_?)?norm|momentum|scale|temperature)s?($|[/_.])"
)
_WHEN = re.compile(r"(?i)(^|[/_.])(epoch|step|iteration|total)s?(?=$|[/_.])")
"""Words that say over what a result was taken, as in `val_loss_epoch` and `total_loss`; alone they are counters."""
_RESULT = re.compile(
    r"(?i)(loss|acc\b|acc_|accuracy|error|perplex|ppl|mse|mae\b|f1|auc|auroc|precision|recall|iou|dice|score|bleu|rouge|psnr|ssim|reward|return|regret)"
)
_AMOUNT = re.compile(r"(?i)(^|[/_.])(pixel|sample|example|image|file|record|class|label)(es|s)?(?!_per)($|[/_.])")
"""Words for what is only counted, unless a result is taken over it: `class/3`, but not `class/3/recall`."""
_SPEED = re.compile(r"(?i)(latency|throughput|_per_s)")
_SYSTEM = re.compile(r"(?i)system[/.]")
"""Names of metrics for which neither higher nor lower is better: counters, and what the machine measured of itself."""

_LOST = 0.25
"""A last value is far from the best if this share of what was gained since the first value is lost again…"""
_LOST_OF_BEST = 0.1
"""…and that is more than this share of the best value, so that noise around a level does not count."""


@lru_cache(maxsize=4096)
def guess_direction(name: str) -> Direction:
    """Guess from a metric's name whether lower is better: losses, errors and times are, the rest is not."""
    return "lower" if _LOWER.search(name) else "higher"


@lru_cache(maxsize=4096)
def has_direction(name: str) -> bool:
    """Say whether a value of this metric can be better than another, and which one is told by its name.

    Of an epoch, a learning rate or the load of a machine none is better, and of a name without a known word nobody knows.
    """
    measured = _WHEN.sub("", name) if _RESULT.search(name) else name
    is_amount = bool(_AMOUNT.search(name)) and not _RESULT.search(name)
    is_known = bool(_LOWER.search(name) or _RESULT.search(name) or _SPEED.search(name)) or names_a_result(name)
    return is_known and not (is_amount or _COUNTER.search(measured) or _SYSTEM.match(name))


def is_result(name: str) -> bool:
    """Say whether a number of any sort, such as one in the metadata of a version, is by its name something to be judged by."""
    return bool(_RESULT.search(name) or _SPEED.search(name)) and has_direction(name)


def best_aggregate(name: str) -> str:
    """Give which number of a metric's summary is its best value: `min` or `max`."""
    return "min" if guess_direction(name) == "lower" else "max"


def is_best(name: str, aggregate: str) -> bool:
    """Say whether a number of a metric's summary is its best value."""
    return aggregate == best_aggregate(name) and has_direction(name)


def is_far_from_best(name: str, *, first: float, last: float, low: float, high: float) -> bool:
    """Say whether a run ended far worse than it had been: its last value is not what it is worth."""
    if not has_direction(name) or not math.isfinite(last):  # diverged runs are shown as such
        return False
    best = low if guess_direction(name) == "lower" else high
    lost = last - best if guess_direction(name) == "lower" else best - last
    return lost > _LOST * abs(first - best) and lost > _LOST_OF_BEST * abs(best)
