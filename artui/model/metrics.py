"""Params, tags and metrics of a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from artui.arrays import Floats, Ints
    from artui.model.words import Damage, ParamType, ParamValue


@dataclass(frozen=True, slots=True)
class Param:
    """One named input value of a run."""

    name: str
    value: ParamValue
    type: ParamType
    damaged: Damage = ()


@dataclass(frozen=True, slots=True)
class Tag:
    """A label of a run, with or without a value."""

    name: str
    value: str
    """Empty for a plain label."""
    damaged: Damage = ()


@dataclass(frozen=True, slots=True)
class Summary:
    """What a series says at a glance."""

    count: int
    """All points, finite or not."""
    finite_count: int
    first: float
    """The first point's value, which may be NaN or infinite; `last` likewise."""
    last: float
    min: float | None
    """None when no finite point was logged; `max` and `mean` likewise."""
    max: float | None
    mean: float | None
    min_step: int | None
    """Step of the smallest value; the first when several are equal."""
    max_step: int | None
    first_step: int
    last_step: int
    first_ms: int
    last_ms: int
    nan_count: int = 0
    positive_inf_count: int = 0
    negative_inf_count: int = 0

    @property
    def is_diverged(self) -> bool:
        """Whether the series ended in NaN or infinity."""
        return self.last != self.last or self.last in (float("inf"), float("-inf"))


@dataclass(frozen=True, slots=True)
class Metric:
    """One series of a run with its summary."""

    series_key: int
    name: str
    labels: str
    """What tells several series of one name apart, such as `rank=3`; empty for one process."""
    summary: Summary
    damaged: Damage = ()

    @property
    def title(self) -> str:
        """Name and labels: `loss {rank=3}`."""
        return f"{self.name} {{{self.labels}}}" if self.labels else self.name


class SeriesArrays(NamedTuple):
    """The points of a series as three arrays of one length: int64, int64 milliseconds since 1970, float64."""

    steps: Ints
    times_ms: Ints
    values: Floats


@dataclass(frozen=True, slots=True)
class Series:
    """Points in order of arrival: three arrays of one length."""

    steps: Ints
    times_ms: Ints
    values: Floats
    damaged_count: int = 0
    """Number of points that are missing or not as recorded, since their blocks do not match their digests."""

    def arrays(self) -> SeriesArrays:
        """Give `(steps, times_ms, values)`: int64, int64 milliseconds, float64."""
        return SeriesArrays(self.steps, self.times_ms, self.values)

    def __len__(self) -> int:
        return len(self.values)
