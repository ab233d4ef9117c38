"""What is known of a deployment before a moment and since, as the catalog has it: what `production` explains."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from artui.catalog.deployments import find_deployment
from artui.errors import UsageError
from artui.model.deployments import Deployment, Recorded
from artui.model.production import Arrival, Brought, ColumnTrack, Measure, Production, Track
from artui.model.tallies import Tally
from artui.query.artifacts import version_heads
from artui.query.compare import compare
from artui.query.direction import guess_direction
from artui.query.drifting import ASIDE
from artui.query.livequality import metric_count
from artui.query.windows import windows

if TYPE_CHECKING:
    from artui.model import VersionHead
    from artui.model.windows import Window
    from artui.query.reader import Reader

DAY_MS = 86_400_000
_BEFORE_MS = 14 * DAY_MS
"""So long before a moment, or as long as the time since it if that is more, shows what is usual."""
MOST_METRICS = 12
MOST_WINDOWS = 1_000
"""Of more, neighbours are looked at together, and the columns of so many."""
_MOST_NAMED = 6
_SECTIONS: dict[str, Brought] = {"packages": "packages", "code": "code", "inputs": "data", "params": "params"}
_UNTOLD = ("command", "branch")
_OUTPUTS = ("prediction",)
_TRUTHS = ("truth",)


def observed(
    reader: Reader, name: str, *, since_ms: int, until_ms: int, project: str = "", slice_: str = "", has_columns: bool = True
) -> Production:  # fmt: skip
    """Read what is known of a deployment.

    Args:
        has_columns: whether columns and releases are looked at, too.

    Raises:
        UnknownReference: there is no such deployment.
        UsageError: the time ends before it begins.
    """
    if until_ms <= since_ms:
        raise UsageError("The time ends before it begins.", remedy="Give --since a time before --until.")
    before_ms = since_ms - max(_BEFORE_MS, until_ms - since_ms)
    with reader.snapshot() as connection:
        deployment = find_deployment(connection, name, project=project)
        found = windows(
            connection, deployment.version_key, since_ms=before_ms, until_ms=until_ms, slice_=slice_, most_sketched=MOST_WINDOWS
        )  # fmt: skip
    # One that is not over yet has fewer requests, and is no fall of the load.
    found = [window for window in found if window.to_ms <= until_ms + 1]
    window_ms = _window_ms(found)
    # Of very many windows those of some minutes, or hours, are looked at together.
    width_ms = window_ms * max(1, -(-len(found) // MOST_WINDOWS))
    spans = _spans(found, since_ms, width_ms) if width_ms > window_ms else [_Span(one.from_ms, max(1, one.to_ms - one.from_ms), one.tally, one.row_count, (one,)) for one in found]  # fmt: skip
    tracks = _tracks(spans, width_ms)
    if not has_columns:
        return Production(deployment.name, since_ms, until_ms, width_ms, (), tracks)
    arrivals = tuple(_arrivals(reader, deployment, since_ms, until_ms))
    return Production(deployment.name, since_ms, until_ms, width_ms, arrivals, tracks, _columns(spans, since_ms))


def _window_ms(found: Sequence[Window]) -> int:
    """Give how far apart windows begin, mostly."""
    steps = sorted(after.from_ms - before.from_ms for before, after in pairwise(found) if after.from_ms > before.from_ms)  # fmt: skip
    return steps[len(steps) // 2] if steps else (found[0].to_ms - found[0].from_ms if found else DAY_MS)


def _arrivals(reader: Reader, deployment: Deployment, since_ms: int, until_ms: int) -> list[Arrival]:
    """Give the releases of a time, each with what it brought beside the one that served before."""
    found: list[Arrival] = []
    ordered = sorted(deployment.releases, key=lambda one: one.release.from_ms)
    for one in ordered:
        if not since_ms <= one.release.from_ms < until_ms or one.release.role == "shadow":
            continue
        replaced = _before(deployment, one)
        brought, is_compared = (
            _brought(reader, replaced.release.version_id, one.release.version_id) if replaced else ((), False)
        )  # fmt: skip
        found.append(
            Arrival(
                one.release.from_ms, one.release.named, replaced.release.named if replaced else "", one.release.reason, one.author,
                one.release.share, brought, is_compared,
            )
        )  # fmt: skip
    return found


def _before(deployment: Deployment, one: Recorded) -> Recorded | None:
    """Give what answered until a release began."""
    on = deployment.served(one.release.from_ms - 1)
    return next((other for other in on if other.release.role != "shadow"), None)


def _brought(reader: Reader, before_id: str, after_id: str) -> tuple[tuple[tuple[Brought, str], ...], bool]:
    """Say what differs between the runs that made two versions, and whether both are known."""
    makers = []
    for version_id in (before_id, after_id):
        head = _head(reader, version_id)
        maker = head.made_by if head is not None else None
        if maker is None or "id" in maker.damaged:
            return (), False
        makers.append(maker.id)
    if makers[0] == makers[1]:
        return (), True
    by_kind: dict[Brought, list[str]] = {}
    for row in compare(reader, makers).rows:
        kind = _SECTIONS.get(row.section)
        if kind is None or not row.differs or row.name in _UNTOLD:
            continue
        before, after = ("none" if value is None else str(value) for value in row.values)
        short = all(len(text) <= 40 and "\n" not in text for text in (before, after))
        by_kind.setdefault(kind, []).append(f"{row.name} {before} → {after}" if short else row.name)
    told: list[tuple[Brought, str]] = []
    for kind, texts in by_kind.items():
        told += [(kind, text) for text in texts[:_MOST_NAMED]]
        if len(texts) > _MOST_NAMED:
            told.append((kind, f"and {len(texts) - _MOST_NAMED:,} more"))
    return tuple(told), True


def _head(reader: Reader, version_id: str) -> VersionHead | None:
    with reader.snapshot() as connection:
        query = "SELECT key FROM version WHERE id = :id"
        return next(iter(version_heads(connection, query, {"id": version_id})), None)


@dataclass(frozen=True, slots=True)
class _Span:
    """One window, or several that are looked at together."""

    from_ms: int
    length_ms: int
    """Of its windows together."""
    tally: Tally
    row_count: int
    windows: tuple[Window, ...]


def _spans(found: Sequence[Window], since_ms: int, width_ms: int) -> list[_Span]:
    """Put windows together that begin in one span of time; spans begin with the moment, so that none lies before it and behind."""
    groups: dict[int, list[Window]] = {}
    for window in found:
        groups.setdefault((window.from_ms - since_ms) // width_ms, []).append(window)
    spans = []
    for place, group in sorted(groups.items()):
        tally = Tally()
        for window in group:
            tally = tally.added(window.tally)
        length_ms = sum(window.to_ms - window.from_ms for window in group)
        from_ms = group[0].from_ms if len(group) == 1 else since_ms + place * width_ms
        spans.append(_Span(from_ms, max(1, length_ms), tally, sum(window.row_count for window in group), tuple(group)))
    return spans


def _tracks(found: Sequence[_Span], width_ms: int) -> tuple[Track, ...]:
    """Give requests, errors, latency and live metrics."""
    import numpy as np

    if not found:
        return ()
    times = np.array([span.from_ms for span in found], np.int64)
    rows = np.array([float(span.tally.requests or span.row_count) for span in found])
    # Where windows are missing, or are longer than others, it is how many there are in a time that counts.
    load = rows * width_ms / np.array([span.length_ms for span in found])
    tracks = [Track("serve/requests", "count", times, load, rows)]

    def track(name: str, measure: Measure, values: list[float], counts: list[float], is_better_higher: bool) -> None:
        if any(map(math.isfinite, values)):
            tracks.append(Track(name, measure, times, np.array(values), np.array(counts), is_better_higher=is_better_higher))  # fmt: skip

    said = [float(span.tally.statuses) for span in found]
    track("serve/errors", "share", [_share(span.tally.errors, span.tally.statuses) for span in found], said, False)
    if any("latency" in window.roles for span in found for window in span.windows):
        track("serve/latency.p95", "amount", [_latency(span) for span in found], rows.tolist(), False)
    metrics = [span.tally.metrics for span in found]
    for name in list(dict.fromkeys(name for one in metrics for name in one))[:MOST_METRICS]:
        track(
            f"live/{name}", "score", [one.get(name, math.nan) for one in metrics],
            [float(metric_count(span.tally, name)) for span in found], guess_direction(name) == "higher",
        )  # fmt: skip
    return tuple(tracks)


def _share(count: int, total: int) -> float:
    return count / total if total else math.nan


def _latency(span: _Span) -> float:
    """Give the 95th percentile; of several windows their mean, by requests."""
    known = [(value, window.row_count) for window in span.windows if (value := window.percentile(0.95)) is not None]
    total = sum(count for _, count in known)
    return sum(value * count for value, count in known) / total if total else math.nan


def _columns(found: Sequence[_Span], since_ms: int) -> tuple[ColumnTrack, ...]:
    """Give how the values of columns lie in windows, over bins that are taken from those before a moment."""
    import numpy as np

    from artui.profile import spans

    pairs = [(place, sketch) for place, one in enumerate(found) for window in one.windows for sketch in window.sketches]
    if not pairs:
        return ()
    sketches = [sketch for _, sketch in pairs]
    place = np.array([place for place, _ in pairs], np.int64)
    usual = [sketch for at, sketch in pairs if found[at].from_ms < since_ms]
    bins = spans.bins_of_windows(usual or sketches)
    counted = spans.counted_in(sketches, bins)
    times = np.array([one.from_ms for one in found], np.int64)
    roles = {name: role for one in found for window in one.windows for role, name in window.roles.items()}
    columns = []
    for number, name in enumerate(bins.names):
        if roles.get(name) in (*ASIDE, *_TRUTHS):
            continue
        counts = np.zeros((len(found), counted.numbers.shape[2]))
        np.add.at(counts, place, counted.numbers[:, number])
        sums, filled = np.zeros(len(found)), counted.numbers[:, number].sum(axis=1)
        np.add.at(sums, place, np.nan_to_num(counted.means[:, number]) * filled)
        with np.errstate(invalid="ignore", divide="ignore"):
            means = sums / counts.sum(axis=1)
        columns.append(ColumnTrack(name, times, counts, means, roles.get(name) in _OUTPUTS))
    for name, labels in bins.texts.items():
        if roles.get(name) in (*ASIDE, *_TRUTHS):
            continue
        counts = np.zeros((len(found), len(labels) + 1))
        np.add.at(counts, place, counted.texts[name])
        columns.append(ColumnTrack(name, times, counts, None, roles.get(name) in _OUTPUTS, (*labels, spans.OTHERS)))
    return tuple(columns)
