"""Windows: spans of time of a deployment, with what was observed in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from artui.model.tallies import NO_TALLY, Tally

SERVE, LIVE = "serve/", "live/"
"""What the names of a deployment's series begin with."""
_IN_SECONDS = ("_s", "_sec", "_secs", "_seconds", "seconds")


def latency_factor(name: str) -> float:
    """Give by what the numbers of a column are multiplied to be milliseconds: 1000 where its name says that they are seconds."""
    return 1000.0 if name.lower().endswith(_IN_SECONDS) else 1.0


@dataclass(frozen=True)
class Window:
    """What was observed in a deployment from one time to another, by all who wrote of it."""

    from_ms: int
    to_ms: int
    slice: str
    """Empty for all rows, else such as `card=gift`."""
    row_count: int
    writers: tuple[str, ...]
    """Who observed it: one id for each."""
    tally: Tally = NO_TALLY
    """What errors and live metrics are made of: exact, whoever counted."""
    roles: Mapping[str, str] = field(default_factory=dict)
    """Which column is what: `prediction`, `truth`, `latency`, `status`, `id`, `time`."""
    open_sketches: Callable[[], tuple[Any, ...]] = tuple
    """Unpacks what is kept of the columns (a `Sketch` of `profile/windowed.py`), one for each writer whose is whole."""
    merge: Callable[[tuple[Any, ...]], Any] = tuple
    """Puts these together."""

    @property
    def has_seconds(self) -> float:
        """Give how long it is."""
        return (self.to_ms - self.from_ms) / 1000

    @cached_property
    def sketches(self) -> tuple[Any, ...]:
        """Give what is kept of the columns, one for each writer; unpacked when it is first asked for."""
        return self.open_sketches()

    @cached_property
    def profile(self) -> Any:
        """Give the profile of the columns (a `Profile` of `profile/column.py`), of all writers together."""
        return self.merge(self.sketches)

    def percentile(self, share: float) -> float | None:
        """Give a quantile of the latency in milliseconds; None where none was observed."""
        return percentile((self,), share)


def percentile(windows: Iterable[Window], share: float) -> float | None:
    """Give a quantile of the latency of some windows together, in milliseconds; None where none was observed."""
    numbers, factor = None, 1.0
    for window in windows:
        name = window.roles.get("latency")
        for sketch in window.sketches if name is not None else ():
            column = sketch.column(name)
            if column is not None and name is not None:
                numbers = column.numbers if numbers is None else numbers.merged(column.numbers)
                factor = latency_factor(name)
    return float(numbers.quantiles(share)[0]) * factor if numbers is not None and numbers.count else None
