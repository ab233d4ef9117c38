"""What happened in a deployment before a moment and since: what is asked when somebody wants to know why production changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from artui.arrays import Floats, Ints

Measure = Literal["count", "share", "amount", "score"]
"""How a series is judged: requests are counted, errors are a share of them, a latency is an amount, a live metric a score."""
Brought = Literal["packages", "code", "data", "params"]
BROUGHT: tuple[Brought, ...] = ("packages", "code", "data", "params")
"""What a version may bring with it, by what differs between the runs that made it and the one before it."""
CauseKind = Literal["drift", "release", "packages", "code", "data", "params", "load", "errors", "latency", "quality"]
Told = Literal["strong", "weak", "no change"]


@dataclass(frozen=True, slots=True)
class Arrival:
    """A version that began to serve."""

    time_ms: int
    named: str
    """The version's reference: `fraud-model:v30`."""
    before: str = ""
    """The one that served until then; empty for none."""
    reason: str = "new"
    author: str = ""
    share: float = 1.0
    brought: tuple[tuple[Brought, str], ...] = ()
    """What differs between the runs that made the two, each in few words: `("packages", "numpy 1.26.4 → 2.0.0")`."""
    is_compared: bool = True
    """Whether the runs that made both are known: else nothing can be said of what it brought."""

    @property
    def kinds(self) -> tuple[Brought, ...]:
        """Give the kinds of what it brought, each once."""
        found = {kind for kind, _ in self.brought}
        return tuple(kind for kind in BROUGHT if kind in found)


@dataclass(frozen=True, slots=True)
class Track:
    """A number of each window, in the order of time."""

    name: str
    """`serve/errors`, `live/recall`."""
    measure: Measure
    times_ms: Ints
    """When each window begins."""
    values: Floats
    """Of errors their share of the requests."""
    counts: Floats
    """How many requests, or truths, each value is of."""
    slice: str = ""
    is_better_higher: bool | None = None
    """None where neither is better, as of requests."""


@dataclass(frozen=True, slots=True)
class ColumnTrack:
    """How often the values of a column fell into each of some bins, in each window."""

    name: str
    times_ms: Ints
    counts: Floats
    """A row for each window, a column for each bin."""
    means: Floats | None = None
    """Of the numbers of each window; None of texts."""
    is_output: bool = False
    """Whether the model itself gave it: it follows what goes in, and the version."""
    labels: tuple[str, ...] = ()
    """Of the bins, where they are texts."""


@dataclass(frozen=True, slots=True)
class Production:
    """What is known of a deployment for some time before a moment, and from then on."""

    name: str
    since_ms: int
    until_ms: int
    window_ms: int
    arrivals: tuple[Arrival, ...] = ()
    """Since the moment; the first first."""
    tracks: tuple[Track, ...] = ()
    columns: tuple[ColumnTrack, ...] = ()


@dataclass(frozen=True, slots=True)
class Cause:
    """Something that may be why production changed, with what speaks for it."""

    kind: CauseKind
    name: str
    """Of the column, the version, or the series."""
    word: Told
    time_ms: int | None
    """From when on; None where nothing changed."""
    sentence: str
    z: float = 0.0
    """How many standard deviations it stands out from what is usual there, after all that was looked at."""
    effects: tuple[str, ...] = ()
    """What changed with it: `live/recall 0.94 → 0.89`."""
    end_ms: int | None = None
    """When it was over; None while it goes on."""


@dataclass(frozen=True, slots=True)
class WhyProduction:
    """The answer: all that was looked at, what explains most first."""

    name: str
    since_ms: int
    until_ms: int
    causes: tuple[Cause, ...]
    sentence: str
    window_count: int = 0
    """Since the moment."""
    usual_count: int = 0
    """Before it: what is usual is known from these."""

    @property
    def cause(self) -> Cause | None:
        """Give what is named as the cause; None where it cannot be told."""
        return self.causes[0] if self.causes and self.causes[0].word == "strong" else None


@dataclass(frozen=True, slots=True)
class WindowDrift:
    """How far a column of one window is from what it is held against."""

    time_ms: int
    """When the window begins."""
    psi: float | None
    psi_by_chance: float
    """What chance alone stays below, of all columns and windows together."""
    js: float | None = None
    ks: float | None = None
    null_shift: float = 0.0


@dataclass(frozen=True, slots=True)
class Watched:
    """What rules about a deployment are held against."""

    name: str
    since_ms: int
    """What was before shows what is usual."""
    window_ms: int
    tracks: tuple[Track, ...] = ()
    """Of all rows, and of slices."""
    drift: Mapping[str, tuple[WindowDrift, ...]] = field(default_factory=dict)
    """By column, the windows since the moment."""


@dataclass(frozen=True, slots=True)
class Raised:
    """A rule about a deployment that holds, or held."""

    rule: str
    name: str
    """The column, or the series."""
    deployment: str
    time_ms: int
    """From when on it held."""
    value: float
    """The last one; of drift the largest."""
    evidence: str
    is_going: bool
    """Whether it holds in the last window."""
    end_ms: int | None = None
    """When it held no more."""
    slice: str = ""
