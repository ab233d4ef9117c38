"""How far a run is that has not ended, in words."""

from __future__ import annotations

from typing import Protocol

from artui.model import RunHead
from artui.units import age_text, ago_text, count_text, duration_text, number_text


class HowFar(Protocol):
    """As `query.headway.Headway`."""

    @property
    def unit(self) -> str:
        """`epoch` or `step`."""

    @property
    def done(self) -> float:
        """How many of them, as the run counts."""

    @property
    def total(self) -> int:
        """How many there will be."""

    @property
    def left_ms(self) -> int | None:
        """From the last point on; None where no pace is known."""

    @property
    def alike(self) -> str:
        """The run before of which the total was taken; empty where a param says it."""


class Going(Protocol):
    """As `query.live.LiveRun`."""

    @property
    def head(self) -> RunHead:
        """The run."""

    @property
    def step(self) -> int | None:
        """The highest step of what it logged; None if it logged nothing."""

    @property
    def steps_per_second(self) -> float | None:
        """The pace over its last points."""

    @property
    def point_ms(self) -> int:
        """When it logged a point last; 0 if never."""

    def stalled_ms(self, now_ms: int) -> int | None:
        """How long it has stood still, if it does."""

    @property
    def heard_ms(self) -> int:
        """When it was last heard of; 0 if that is unknown."""

    @property
    def headway(self) -> HowFar | None:
        """How far it is, if that is known."""


def progress_text(run: Going, now_ms: int) -> str:
    """Say how far a run is, and when it was last heard of: `step 95 of 300, about 2m05s left, 1.60/s, last heard of 5s ago`.

    Where no step was logged for much longer than steps took before, that is said instead: `step 95 of 300, no step for
    5m`. Of a run that does not run, neither pace nor rest is said.
    """
    headway, step, rate = run.headway, run.step, run.steps_per_second
    parts: list[str] = []
    if headway is not None:
        parts.append(done_text(headway))
    if step is not None and (headway is None or headway.done != step):
        parts.append(f"step {count_text(step)}")
    if run.head.status == "running" and step is not None:
        if (silent_ms := run.stalled_ms(now_ms)) is not None:
            parts.append(silence_text(silent_ms))
        else:
            left_ms = left_ms_of(run, now_ms)
            parts += [f"about {duration_text(left_ms)} left"] if left_ms else []
            parts += [f"{pace_text(rate, headway)}"] if rate else []
    if run.heard_ms:
        parts.append(f"last heard of {ago_text(run.heard_ms, now_ms)}")
    return ", ".join(parts)


def done_text(headway: HowFar) -> str:
    """Say what a run has done, of how many, and which run says so: `epoch 12 of 40`."""
    alike = f" as {headway.alike}" if headway.alike else ""
    return f"{headway.unit} {_done(headway)} of {count_text(headway.total)}{alike}"


def done_of_text(headway: HowFar) -> str:
    """Say the same in few letters: `12/40`, or `12/~40` where other runs say how far it goes."""
    about = "~" if headway.alike else ""
    return f"{_done(headway)}/{about}{count_text(headway.total)}"


def _done(headway: HowFar) -> str:
    return count_text(int(headway.done)) if headway.done == int(headway.done) else number_text(headway.done, 3)


def left_ms_of(run: Going, now_ms: int) -> int:
    """Give how long the rest takes from now on; 0 where that is not known, or the run does not go on.

    While a step takes longer than they do, it does not get less.
    """
    headway = run.headway
    if headway is None or not headway.left_ms or run.head.status != "running" or run.stalled_ms(now_ms) is not None:
        return 0
    step_ms = headway.left_ms / max(1, headway.total - headway.done)
    return int(max(0, headway.left_ms - min(now_ms - run.point_ms, step_ms)))


def pace_text(steps_per_second: float, headway: HowFar | None) -> str:
    """Say how fast a run goes, in the steps that it logs at; that they are steps is said where it counts something else."""
    unit = "" if headway is None or headway.unit == "step" else " steps"
    return f"{number_text(steps_per_second, 3)}{unit}/s"


def silence_text(silent_ms: int) -> str:
    """Say for how long no point came."""
    return f"no step for {age_text(1, 1 + silent_ms)}"
