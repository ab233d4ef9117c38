"""Two logs that may be of one training, as when two loggers write: comparing them, and joining them without doubles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(slots=True)
class Series:
    """Points of one name: steps, times in milliseconds and values, in order of arrival."""

    steps: list[Ints] = field(default_factory=list)
    times_ms: list[Ints] = field(default_factory=list)
    values: list[Floats] = field(default_factory=list)

    def add(self, steps: Ints, times_ms: Ints, values: Floats) -> None:
        """Add points behind those that are there."""
        self.steps.append(np.asarray(steps, np.int64))
        self.times_ms.append(np.asarray(times_ms, np.int64))
        self.values.append(np.asarray(values, np.float64))

    def columns(self) -> tuple[Ints, Ints, Floats]:
        """Give steps, times in milliseconds and values, each as one array."""
        return np.concatenate(self.steps), np.concatenate(self.times_ms), np.concatenate(self.values)


Log = dict[str, Series]
"""The series of one log, by name."""


def add(log: Log, name: str, steps: Ints, times_ms: Ints, values: Floats) -> None:
    """Add points to the series of a name, which is made if the log has none."""
    log.setdefault(name, Series()).add(steps, times_ms, values)


def agree(first: Log, second: Log) -> bool | None:
    """Say whether two logs are of one training: for every name, at least half of the values at shared steps are equal. None if they share no step.

    A learning rate schedule is equal in many trainings, so every name must agree. Single precision is enough: event files
    keep no more.
    """
    shares = [
        share for name in first.keys() & second.keys() if (share := _shared(first[name], second[name])) is not None
    ]
    return min(shares) >= 0.5 if shares else None


def _shared(first: Series, second: Series) -> float | None:
    """Give the share of common steps at which a value is equal; None if there are none."""
    others: dict[int, list[float]] = {}
    for step, value in zip(*(column.tolist() for column in second.columns()[::2]), strict=True):
        others.setdefault(step, []).append(value)
    same = [
        bool(np.isclose(value, others[step], rtol=1e-5, atol=1e-12, equal_nan=True).any())
        for step, value in zip(*(column.tolist() for column in first.columns()[::2]), strict=True)
        if step in others
    ]
    return sum(same) / len(same) if same else None


def before(log: Log, step: int) -> Log:
    """Give the part of a log before a step."""
    earlier: Log = {}
    for name, series in log.items():
        steps, times_ms, values = series.columns()
        stays = steps < step
        if stays.any():
            add(earlier, name, steps[stays], times_ms[stays], values[stays])
    return earlier


def last_ways(log: Log) -> Log:
    """Leave out points that were repeated later: where steps go back, earlier points from that step on are dropped."""
    kept: Log = {}
    for name, series in log.items():
        steps, times_ms, values = series.columns()
        later = np.minimum.accumulate(steps[::-1])[::-1]
        stays = np.append((steps[:-1] < later[1:]) | (steps[:-1] == steps[1:]), True)
        add(kept, name, steps[stays], times_ms[stays], values[stays])
    return kept


def united(table: Log, events: Log) -> Log:
    """Join a table without times with the event files of the same training: points of both, with the times of the events."""
    clock = _Clock(events)
    joined: Log = {}
    for name, series in table.items():
        steps, times_ms, values = series.columns()
        times_ms = clock.at(steps, times_ms)
        if name in events:
            event_columns = events[name].columns()
            missing = ~np.isin(event_columns[0], steps)
            order = np.argsort(np.concatenate([steps, event_columns[0][missing]]), kind="stable")
            steps, times_ms, values = (
                np.concatenate([column, event_column[missing]])[order]
                for column, event_column in zip((steps, times_ms, values), event_columns, strict=True)
            )
        add(joined, name, steps, times_ms, values)
    for name, series in events.items():
        if name not in table:
            joined[name] = series
    return joined


class _Clock:
    """Tells the time of a step, from event files."""

    def __init__(self, events: Mapping[str, Series]) -> None:
        columns = [series.columns()[:2] for series in events.values()]
        steps = np.concatenate([steps for steps, _ in columns]) if columns else np.zeros(0, np.int64)
        times = np.concatenate([times for _, times in columns]) if columns else np.zeros(0, np.int64)
        order = np.lexsort((times, steps))
        self._steps, self._times_ms = steps[order], times[order]

    def at(self, steps: Ints, otherwise: Ints) -> Ints:
        """Give the time of each step: that of the last event up to it."""
        if not len(self._steps):
            return otherwise
        places = np.searchsorted(self._steps, steps, side="right") - 1
        return self._times_ms[np.maximum(places, 0)]
