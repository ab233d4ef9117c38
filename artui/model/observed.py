"""What was observed in a deployment, as it is shown: series over its windows, and how far its columns drifted."""

from __future__ import annotations

from dataclasses import dataclass

from artui.model.drifts import DriftReport

Points = tuple[tuple[int, float | None], ...]
"""When each window begins, and its value; None where it has none."""


@dataclass(frozen=True, slots=True)
class Observed:
    """What was observed in a deployment in some time."""

    window_count: int = 0
    request_count: int = 0
    error_count: int = 0
    from_ms: int = 0
    to_ms: int = 0
    window_ms: int = 0
    """How long most windows are."""
    series: tuple[tuple[str, Points], ...] = ()
    """By name, those that say most first: the first live metrics, then `serve/requests`, `serve/errors`, `serve/latency.p95`."""
    drift: DriftReport | None = None
    """None where there is nothing that the columns could be held against."""

    @property
    def metric(self) -> str:
        """The live metric that is shown first, without `live/`; empty for none."""
        return self.drift.quality[0].name if self.drift is not None and self.drift.quality else ""
