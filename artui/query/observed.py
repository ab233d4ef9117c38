"""What is shown of a deployment's windows: live metrics and load over time, and how far its columns drifted of late."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from artui.errors import ArtuiError
from artui.model.observed import Observed, Points
from artui.model.windows import LIVE, SERVE
from artui.query.windows import span, windows

if TYPE_CHECKING:
    from artui.model.deployments import Deployment
    from artui.model.drifts import DriftReport
    from artui.model.windows import Window
    from artui.query.reader import Reader

MOST_METRICS = 3
DAY_MS = 86_400_000
_TRUTH_DAYS = 14
"""Truths that are later are looked for no more."""


def observed(reader: Reader, place: Deployment, *, since_ms: int | None = None, most: int = 50) -> Observed:
    """Read what was observed in a deployment.

    Args:
        since_ms: windows that ended before do not count; None for all.
        most: so many columns are looked at in depth.
    """
    with reader.snapshot() as connection:
        found = windows(connection, place.version_key, since_ms=since_ms)
    if not found:
        return Observed()
    total = sum((window.tally.requests or window.row_count) for window in found)
    return Observed(
        len(found), total, sum(window.tally.errors for window in found), found[0].from_ms, max(window.to_ms for window in found),
        sorted(window.to_ms - window.from_ms for window in found)[len(found) // 2],
        tuple(_series(found)), drift_since(reader, place, found[0].from_ms, most=most),
    )  # fmt: skip


def lately(reader: Reader, place: Deployment) -> DriftReport | None:
    """Say how far columns are from what they are held against, by the last day that was observed, and how good the version is.

    Truths come late: how good it is is said of the last day of which some are known.
    """
    from artui.query.livequality import quality_of

    with reader.snapshot() as connection:
        ends = span(connection, place.version_key)
        if ends is None:
            return None
        found = windows(connection, place.version_key, since_ms=ends[1] - _TRUTH_DAYS * DAY_MS)
    report = drift_since(reader, place, ends[1] - DAY_MS, most=3)
    known = [window for window in found if window.tally.truths]
    if report is None or not known:
        return report
    judged = [window for window in known if window.to_ms > known[-1].to_ms - DAY_MS]
    return replace(report, quality=quality_of(reader, place, judged))


def lately_in(reader: Reader, places: Iterable[Deployment]) -> dict[str, DriftReport | None]:
    """Give `lately` of each of some deployments, by the ids of the versions that stand for them."""
    return {place.version_id: lately(reader, place) for place in places}


def drift_since(reader: Reader, place: Deployment, since_ms: int, *, most: int) -> DriftReport | None:
    """Say how far columns drifted; None where there is nothing that they could be held against."""
    from artui.query.drifting import FIRST_WINDOWS, drift_of

    try:
        return drift_of(
            reader, place.name, project=place.project, since_ms=since_ms, most=most, most_windows=FIRST_WINDOWS
        )
    except ArtuiError:
        return None


def _series(found: Sequence[Window]) -> list[tuple[str, Points]]:
    """Give series of windows, those that say most first."""
    metrics = [window.tally.metrics for window in found]
    names = list(dict.fromkeys(name for one in metrics for name in one if "." not in name))[:MOST_METRICS]
    times = [window.from_ms for window in found]
    series: list[tuple[str, Points]] = [
        (f"{LIVE}{name}", tuple(zip(times, (one.get(name) for one in metrics), strict=True))) for name in names
    ]
    requests = [float(window.tally.requests or window.row_count) for window in found]
    errors = [window.tally.errors / window.tally.requests if window.tally.requests else None for window in found]
    latencies = [window.percentile(0.95) for window in found]
    series.append((f"{SERVE}requests", tuple(zip(times, requests, strict=True))))
    if any(errors):
        series.append((f"{SERVE}errors", tuple(zip(times, errors, strict=True))))
    if any(value is not None for value in latencies):
        series.append((f"{SERVE}latency.p95", tuple(zip(times, latencies, strict=True))))
    return series
