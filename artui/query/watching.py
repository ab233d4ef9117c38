"""What rules about a deployment are held against, as the catalog has it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from artui.errors import ArtuiError
from artui.model.production import Raised, Watched, WindowDrift
from artui.query.deployments import deployments
from artui.query.drifting import ASIDE, Columns, Side, counts_of, reference_of, side_of
from artui.query.why.observing import observed
from artui.query.windowrules import raised, slices_of

if TYPE_CHECKING:
    from artui.query.reader import Reader
    from artui.query.windowrules import WindowRule


RULES_MS = 7 * 86_400_000
"""Where nobody says otherwise, so much time is looked at."""
MOST_WINDOWS = 2_000
"""Of more windows the columns of so many are looked at, spread evenly."""


def watched(
    reader: Reader, name: str, rules: Sequence[WindowRule], *, since_ms: int, until_ms: int, project: str = ""
) -> Watched:
    """Read what some rules about a deployment need: series of all rows and of slices, and how far columns are from what they are held against.

    Raises:
        UnknownReference: there is no such deployment.
        UsageError: nothing was observed there since the moment.
    """
    side = side_of(reader, name, project=project, since_ms=since_ms, until_ms=until_ms, most_windows=MOST_WINDOWS)
    whole = observed(reader, name, since_ms=since_ms, until_ms=until_ms, project=project, has_columns=False)
    tracks = list(whole.tracks)
    for slice_ in slices_of(rules):
        part = observed(reader, name, since_ms=since_ms, until_ms=until_ms, project=project, slice_=slice_, has_columns=False)  # fmt: skip
        tracks += [replace(track, slice=slice_) for track in part.tracks]
    drift = drift_by_window(reference_of(reader, side), side) if any(rule.measure for rule in rules) else {}
    return Watched(whole.name, since_ms, whole.window_ms, tuple(tracks), drift)


def holding(reader: Reader, rules: Sequence[WindowRule], now_ms: int) -> dict[str, tuple[str, list[Raised]]]:
    """Say which rules hold now in each deployment of which something was observed of late: by its id, its name and what was raised.

    What was raised earlier and is over is left out.
    """
    found: dict[str, tuple[str, list[Raised]]] = {}
    for place in deployments(reader):
        try:
            watching = watched(
                reader, place.name, rules, since_ms=now_ms - RULES_MS, until_ms=now_ms, project=place.project
            )
        except ArtuiError:  # nothing was observed there of late
            continue
        found[place.version_id] = place.name, [one for one in raised(rules, watching) if one.is_going]
    return found


def drift_by_window(first: Side, second: Side) -> dict[str, tuple[WindowDrift, ...]]:
    """Say how far each column of each window of a deployment is from another side, over shared bins."""
    import numpy as np

    from artui.profile import spans
    from artui.profile.drift import chance_of

    if first is second:
        return {}
    second = replace(second, windows=tuple(window for window in second.windows if window.sketches))
    before, after = Columns(first), Columns(second)
    aside = {name for window in second.windows for role, name in window.roles.items() if role in ASIDE}
    shared = [name for name in after.names if name in set(before.names) - aside]
    bins = before.bins(shared)
    counted = after.counted(bins)
    place_of, count = np.array(after.window_of, np.int64), len(second.windows)
    rows = np.zeros(count)
    np.add.at(rows, place_of, np.array(after.rows, np.float64))
    found: dict[str, tuple[WindowDrift, ...]] = {}
    for name in shared:
        usual, counts = counts_of(bins, counted, name)
        summed, empty = np.zeros((count, counts.shape[1])), np.zeros(count)
        np.add.at(summed, place_of, counts)
        empties = counted.empty_texts[name] if name in counted.empty_texts else counted.empty[:, bins.names.index(name)] if name in bins.names else None  # fmt: skip
        if empties is not None:
            np.add.at(empty, place_of, empties * np.array(after.rows))
        values, _, used = spans.psis(usual, summed)
        js, ks = spans.distances(usual, summed)
        chances = {(int(bin_count), int(total)): 0.0 for bin_count, total in zip(used, summed.sum(axis=1), strict=True)}
        for bin_count, total in chances:
            chances[bin_count, total] = chance_of(bin_count, int(usual.sum()), total, of=len(shared) * count)
        found[name] = tuple(
            WindowDrift(
                window.from_ms, float(values[at]) if np.isfinite(values[at]) else None, chances[int(used[at]), int(summed[at].sum())],
                float(js[at]) if np.isfinite(values[at]) else None, float(ks[at]) if np.isfinite(values[at]) else None,
                float(empty[at] / rows[at] - bins.empty.get(name, 0.0)) if rows[at] else 0.0,
            )
            for at, window in enumerate(second.windows)
        )  # fmt: skip
    return found
