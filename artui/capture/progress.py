"""How far a program is by its own output: the step and the epoch that a line is about.

Programs count in many ways: over all of the training, within an epoch, in batches or samples, from 0 or from 1. A count
within an epoch becomes a step that continues over all epochs, so that curves do not overlap.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

STEPS = ("global_step", "num_updates", "step", "steps", "iteration", "iter", "it", "batch")
"""Names of counters, in order of precedence."""
_OF_ALL = STEPS[:2]
_EPOCH = re.compile(
    r"(?i)(?<![\w./-])epoch\s*(?:\((?P<phase>\w+)\))?\s*[:=#\[( ]*(?P<epoch>\d{1,9})(?!\w|[.,]\d)(?:\s*/\s*(?P<of>\d+))?\s*[\])]?"
)
_PHASE = re.compile(r"(?<![\w./-])(?P<phase>Train|Test|Val\w*|Eval\w*): (?P<epoch>\d{1,9} )?\s*(?=\[)")
"""As timm writes it: `Train: 0 [  50/1251 (  4%)]`."""
_PLACES = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?i)(?<![\w.])(?:global_step|steps?|iterations?|iter|batch|update)\s*[:=\[( ]*(?P<at>\d{1,15})\s*/\s*(?P<of>\d{1,15})\s*[\])]?",
        r"\|\s*(?P<at>\d{1,15})/(?P<of>\d{1,15})\s*\[",
        r"[━╸╺─]\s+(?P<at>\d{1,15})/(?P<of>\d{1,15})(?=\s)",
        r"[\[(]\s*(?P<at>\d{1,12})\s*/\s*(?P<of>\d{1,12})[^\])]*[\])]?",
        r"^\W*(?P<at>\d{1,15})\s*/\s*(?P<of>\d{1,15})(?=\s(?!\d+:\d))",
    )
)
_COUNTER = re.compile(
    rf"(?i)(?<![\w.])(?P<name>{'|'.join(STEPS)})\s*[:=#\[( ]\s*(?P<value>\d{{1,15}})(?![\d.]*[\w.]|\s*/\s*\d)"
)
_FIRST = re.compile(r"^(?:\[(?P<boxed>\d{1,15})\]|(?P<plain>\d{1,15}):)\s")
"""As xgboost, lightgbm and catboost number their lines."""
_BAR = re.compile(r"^\s*\d{1,3}%\|[^|]*\|\s*(?P<at>\d{1,15})/(?P<of>\d{1,15})\s*\[")
_EVALUATING = re.compile(r"(?i)^\W*(?:val|test|eval)[a-z]*\b")


@dataclass(frozen=True, slots=True)
class Placed:
    """What a line says about the program's progress, and the rest of it."""

    rest: str
    epoch: int | None = None
    has_total: bool = False
    """Whether it names the total of epochs."""
    at: int | None = None
    """How far it is, out of `of`."""
    of: int | None = None
    counters: Mapping[str, int] | None = None
    first: int | None = None
    is_evaluation: bool = False


class Progress:
    """Follows a program line by line."""

    def __init__(self) -> None:
        self._epoch: int | None = None
        self._first_epoch: int | None = None
        self._of: int | None = None
        self._last: tuple[int, int] | None = None
        """Epoch and place of the last line that had both."""
        self._counts_on = False
        """Whether the counts continue over epochs."""
        self._step: int | None = None
        self._bar: tuple[int, int] | None = None
        """Of the longest bar without words before it: its end, and how far it is."""

    @staticmethod
    def may_read(line: str) -> bool:
        """Quickly check whether a line without metrics can say how far the program is."""
        return "poch" in line or "POCH" in line or "%|" in line

    def read(self, line: str) -> Placed:
        """Read steps and epochs from a line; the rest of it comes with them."""
        if bar := _BAR.match(line):
            end = int(bar["of"])
            if self._bar is None or end >= self._bar[0]:
                self._bar = end, int(bar["at"])
        is_evaluation = _EVALUATING.match(line) is not None
        epoch: int | None = None
        has_total, rest = False, line
        if epoch_match := _EPOCH.search(line) or _PHASE.search(line):
            groups = epoch_match.groupdict()
            epoch = int(groups["epoch"]) if groups["epoch"] else None
            has_total = groups.get("of") is not None
            is_evaluation = is_evaluation or not (groups["phase"] or "train").lower().startswith("train")
            rest = f"{line[: epoch_match.start()]} {line[epoch_match.end() :]}"
        if epoch is not None:
            self._begin_epoch(epoch, has_total=has_total)
        at: int | None = None
        of: int | None = None
        if place := next((place for pattern in _PLACES if (place := pattern.search(rest))), None):
            at, of = int(place["at"]), int(place["of"])
            rest = f"{rest[: place.start()]} {rest[place.end() :]}"
        counters = {match["name"].lower(): int(match["value"]) for match in _COUNTER.finditer(rest)}
        first = _FIRST.match(line)
        number = int(first["boxed"] or first["plain"]) if first else None
        return Placed(rest, epoch, has_total, at, of, counters, number, is_evaluation)

    def step_of(self, placed: Placed, values: Mapping[str, float]) -> int | None:
        """Give the step of a line's metrics, whose values may be counters, too; None when nothing names it."""
        counters = {**(placed.counters or {}), **_counters(values)}
        step = self._find(placed, counters)
        if step is not None:
            self._step = step
        return step

    @property
    def epoch(self) -> int | None:
        """The epoch that was last named."""
        return self._epoch

    @property
    def bar_step(self) -> int | None:
        """How far the program's own bar is, which is the step of metrics that it prints above it."""
        return self._bar[1] if self._bar else None

    def enter_epoch(self, epoch: int, *, has_total: bool) -> None:
        """Note an epoch that a table's row names."""
        self._begin_epoch(epoch, has_total=has_total)

    def _begin_epoch(self, epoch: int, *, has_total: bool) -> None:
        self._epoch = epoch
        if epoch == 0:
            self._first_epoch = 0
        elif self._first_epoch is None:
            self._first_epoch = 1 if epoch == 1 or has_total else 0

    def _find(self, placed: Placed, counters: Mapping[str, int]) -> int | None:
        if (step := next((counters[name] for name in _OF_ALL if name in counters), None)) is not None:
            return step
        if placed.is_evaluation and self._step is not None:
            return self._step
        if (step := next((counters[name] for name in STEPS if name in counters and name != "batch"), None)) is not None:
            return step
        if placed.at is not None and placed.of is not None:
            return self._over_epochs(placed.at, placed.of)
        if "batch" in counters:
            return counters["batch"]
        if placed.epoch is not None:
            return placed.epoch if self._of is None or self._step is None else self._step
        return placed.first

    def _over_epochs(self, at: int, of: int) -> int | None:
        """Convert a count within an epoch to one over all epochs."""
        epoch = self._epoch
        if epoch is None:
            return at
        if self._last is not None and self._last[0] == epoch:
            if of != self._of:
                return self._step  # another loop, such as one over validation data
        elif self._last is not None:
            self._counts_on = of == self._of and at > self._last[1]
        self._of, self._last = of, (epoch, at)
        return at if self._counts_on else max(0, epoch - (self._first_epoch or 0)) * of + at


def _counters(values: Mapping[str, float]) -> dict[str, int]:
    return {
        name.lower(): int(value)
        for name, value in values.items()
        if name.lower() in STEPS and value == value and abs(value) < 1e15
    }
