"""What is usual of a deployment's windows, and from when to when they were not: of series, and of columns.

What is usual comes from the windows before the moment that is asked about: a level, waves of a day, and weekends where
enough of them were seen. How far windows stray from that by themselves, and for how long, is measured there, too. Then every
run of windows since is weighed: the sum of what it strays, in standard deviations of such sums.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from artui.arrays import Bools, Floats, Ints
    from artui.model.production import ColumnTrack, Track

DAY_MS = 86_400_000
_MONDAY_MS = 4 * DAY_MS
"""1970 began on a Thursday."""
_MAX_WAVES = 3
_MIN_WINDOWS = 8
"""With fewer before a moment nothing is usual."""
LEAST_WINDOWS = 3
"""A change lasts so long, or until now: one odd window is none."""
_CLIP = 4.0
"""One window counts for no more standard deviations."""
_MOST_SCANNED = 24
"""So many columns that stray most are looked at for when it began and ended."""
_MOST_RUNS = 512
"""So many windows are gone through one by one; of more, neighbours together."""
_TINY = 1e-12
_SURE_OF_START = 6.0
"""A change began with a window that is no less likely than so (twice the logarithm)."""


@dataclass(frozen=True, slots=True)
class Shift:
    """The run of windows that strays most."""

    start: int
    """Its first window, among those since the moment."""
    end: int
    """Behind its last one."""
    z: float
    """How many standard deviations it stands out, above or below."""
    before: float
    """What would have been usual then; of a column the mean, if it has one."""
    after: float
    scores: Floats
    """The same of the runs from each window to this end: how sure it is that it began where it did."""
    times_ms: Ints
    """When the windows since the moment begin."""
    psi: float = 0.0
    """Of a column."""
    moved: tuple[int, float, float] | None = None
    """Of a column the bin whose share changed most, with the share that would have been usual and the one that was."""

    @property
    def start_ms(self) -> int:
        """When it began."""
        return int(self.times_ms[self.start])

    @property
    def end_ms(self) -> int | None:
        """When it ended; None if it goes on."""
        return int(self.times_ms[self.end]) if self.end < len(self.times_ms) else None

    def loss_at(self, time_ms: int) -> float:
        """Give by how much less likely it is that it began with the window of a time, give or take one: twice the logarithm."""
        place = int(np.searchsorted(self.times_ms, time_ms, side="right")) - 1
        near = self.scores[max(0, place - 1) : place + 2] * np.sign(self.z)
        return max(0.0, self.z**2 - max(0.0, float(near.max())) ** 2) if len(near) else float("inf")

    def loss_with(self, other: Shift) -> float:
        """Give by how much less likely it is that it began with another: at any time at which that may have begun."""
        strength = other.scores * np.sign(other.z)
        may_begin = other.z**2 - np.square(np.maximum(strength, 0)) <= _SURE_OF_START
        return min((self.loss_at(int(time)) for time in other.times_ms[may_begin]), default=float("inf"))


def enough_windows(count: int) -> bool:
    """Say whether so many windows before a moment tell what is usual."""
    return count >= _MIN_WINDOWS


def season_of(times_ms: Ints, is_usual: Bools, window_ms: int) -> Floats:
    """Give what a level, waves of a day and weekends are at each window: a row for each, its first column all ones."""
    known_ms = times_ms[is_usual]
    days = (known_ms[-1] - known_ms[0]) / DAY_MS if len(known_ms) else 0.0
    parts = [np.ones(len(times_ms))]
    # Waves are known after some days, and only those that are longer than two windows.
    waves = 0 if days < 3 else min(_MAX_WAVES, int((DAY_MS / window_ms - 1) // 2))
    angle = 2 * np.pi * (times_ms % DAY_MS) / DAY_MS
    for wave in range(1, waves + 1):
        parts += [np.sin(wave * angle), np.cos(wave * angle)]
    is_weekend = (times_ms - _MONDAY_MS) // DAY_MS % 7 >= 5
    weekend_days = np.unique(known_ms[is_weekend[is_usual]] // DAY_MS)
    if days >= 9 and len(weekend_days) >= 3:
        parts.append(is_weekend.astype(np.float64))
    return np.stack(parts, axis=1)


def shift_of_track(track: Track, since_ms: int, window_ms: int) -> Shift | None:
    """Give the run of windows since a moment in which a series strays most; None where nothing is known to be usual."""
    is_finite = np.isfinite(track.values) & (track.counts > 0)
    times, values, counts = track.times_ms[is_finite], track.values[is_finite], track.counts[is_finite]
    is_usual = times < since_ms
    if is_usual.sum() < _MIN_WINDOWS or (~is_usual).sum() < 1:
        return None
    is_ratio = track.measure in ("count", "amount")
    level = np.log(np.maximum(values, _TINY)) if is_ratio else values
    weights = counts if track.measure in ("share", "score") else np.ones(len(values))
    usual = _fitted(season_of(times, is_usual, window_ms), level, weights, is_usual)
    if is_ratio:
        strays, noise = level - usual, 1 / np.maximum(values, 1) if track.measure == "count" else np.zeros(len(values))
        usual = np.exp(usual)
    elif track.measure == "share":
        usual = np.maximum(usual, max(float(np.average(level[is_usual], weights=weights[is_usual])) / 10, _TINY))
        strays, noise = values / usual - 1, 1 / np.maximum(counts * usual, 0.1)
    else:
        middle = float(np.clip(np.average(level[is_usual], weights=weights[is_usual]), 0.01, 0.99))
        # A score between 0 and 1 is taken for a share of its truths; any other has no noise that is known beforehand.
        is_share = bool((values >= 0).all() and (values <= 1).all())
        strays, noise = values - usual, (middle * (1 - middle) / np.maximum(counts, 1) if is_share else np.zeros(len(values)))  # fmt: skip
    scaled, weight = _scaled(strays, noise, is_usual)
    inflation = _inflation(scaled, times, is_usual, window_ms)
    start, end, z, scores = _strongest(
        (scaled * np.sqrt(weight))[~is_usual], weight[~is_usual], inflation, float(weight[is_usual].sum())
    )
    run = np.flatnonzero(~is_usual)[start:end]
    before = float(np.average(usual[run], weights=counts[run]))
    after = float(np.average(values[run], weights=counts[run]))
    return Shift(start, end, z, before, after, scores, times[~is_usual])


def _fitted(season: Floats, level: Floats, weights: Floats, is_usual: Bools) -> Floats:
    """Give what is usual at each window; windows that are far off are brought nearer before it is fitted again."""
    design, wanted, root = season[is_usual], level[is_usual].copy(), np.sqrt(weights[is_usual])
    fitted = level * 0
    for _ in range(3):
        factors = np.linalg.lstsq(design * root[:, None], wanted * root, rcond=None)[0]
        fitted = season @ factors
        strays = level[is_usual] - fitted[is_usual]
        reach = 3 * _spread(strays)
        wanted = fitted[is_usual] + np.clip(strays, -reach, reach)
    return fitted


def _spread(values: Floats) -> float:
    """Give the standard deviation, from the median: a few odd values do not matter."""
    return max(float(np.median(np.abs(values - np.median(values)))) * 1.4826, _TINY)


def _scaled(strays: Floats, noise: Floats, is_usual: Bools) -> tuple[Floats, Floats]:
    """Give what windows stray in their standard deviations, and how much each weighs: 1 / variance."""
    known = strays[is_usual]
    # Where few things are counted the median is of nothing: squares tell more, without those that are far off.
    reach = _CLIP * np.sqrt(_spread(known) ** 2 + noise[is_usual])
    own = max(0.0, float(np.mean(np.square(np.clip(known, -reach, reach)) - noise[is_usual])))
    variance = noise + max(own, _TINY)
    scale = float(np.mean(np.square(np.clip(known / np.sqrt(variance[is_usual]), -_CLIP, _CLIP))))
    variance = variance * max(scale, 0.5)
    return np.clip(strays / np.sqrt(variance), -_CLIP, _CLIP), 1 / variance


def _inflation(scaled: Floats, times: Ints, is_usual: Bools, window_ms: int) -> float:
    """Give how much more sums of neighbours vary than if each strayed for itself."""
    known = scaled[is_usual]
    lasting = float((known[1:] * known[:-1]).mean() / max((known**2).mean(), _TINY)) if len(known) > 2 else 0.0
    lasting = min(max(lasting, 0.0) + 1 / np.sqrt(len(known)), 0.95)
    by_neighbours = (1 + lasting) / (1 - lasting)
    starts = np.flatnonzero(np.diff(times[is_usual] // DAY_MS, prepend=-1))
    sums = np.add.reduceat(known, starts) / np.sqrt(np.diff(np.append(starts, len(known))))
    by_days = float(np.mean(np.square(sums))) if len(sums) >= 5 and window_ms < DAY_MS / 2 else 1.0
    return float(max(by_neighbours, by_days))


def _strongest(
    pulls: Floats, weight: Floats, inflation: float, usual_weight: float
) -> tuple[int, int, float, Floats]:  # fmt: skip
    """Give the run whose weighed mean strays most: from, to, by how many standard deviations, and the same of each start.

    Args:
        pulls: of each window what it strays, in standard deviations, times the root of its weight.
        weight: of each window.
        inflation: how much more sums vary than those of independent windows.
        usual_weight: of all windows that say what is usual, which is not known better than they tell.
    """
    count = len(pulls)
    sums, weights = (np.concatenate(([0.0], np.cumsum(each))) for each in (pulls, weight))
    step = max(1, count // _MOST_RUNS)
    starts = np.arange(0, count, step)
    ends = np.unique(np.append(np.arange(0, count, step)[1:], count))
    lengths = ends[None, :] - starts[:, None]
    of_run = weights[ends][None, :] - weights[starts][:, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        z = (sums[ends][None, :] - sums[starts][:, None]) / np.sqrt(inflation * of_run * (1 + of_run / usual_weight))
    is_long = (lengths >= min(LEAST_WINDOWS, count)) | ((ends == count)[None, :] & (lengths >= min(2, count)))
    z = np.where(is_long, z, 0.0)
    first, last = np.unravel_index(int(np.argmax(np.abs(z))), z.shape)
    start, end = int(starts[first]), int(ends[last])
    with np.errstate(invalid="ignore", divide="ignore"):
        of_run = weights[end] - weights[:count]
        scores = (sums[end] - sums[:count]) / np.sqrt(inflation * np.maximum(of_run, _TINY) * (1 + of_run / usual_weight))  # fmt: skip
    return start, end, float(z[first, last]), np.where(np.arange(count) < end, scores, 0.0)


def shifts_of_columns(columns: Sequence[ColumnTrack], since_ms: int, window_ms: int) -> dict[int, Shift]:
    """Give the runs of windows in which columns stray most, by their places: of those that stray most of all."""
    found: dict[int, Shift] = {}
    for place, strayed in sorted(
        ((place, _strays(column, since_ms, window_ms)) for place, column in enumerate(columns)),
        key=lambda pair: -pair[1].roughly if pair[1] is not None else 0.0,
    )[:_MOST_SCANNED]:
        if strayed is not None:
            found[place] = strayed.shift()
    return found


@dataclass(frozen=True, slots=True)
class _Strays:
    """What the shares of a column stray, since a moment."""

    pulls: Floats
    """Of each window and bin, weighed."""
    weight: Floats
    inflation: float
    freedom: float
    usual_weight: float
    roughly: float
    counts: Floats
    expected: Floats
    """How many of each window would usually be in each bin."""
    means: Floats | None
    usual_mean: float
    times_ms: Ints
    bins: Ints
    """Those that are met, by their places in the column."""

    def shift(self) -> Shift:
        """Give the run that strays most."""
        count = len(self.weight)
        sums = np.concatenate((np.zeros((1, self.pulls.shape[1])), np.cumsum(self.pulls, axis=0)))
        weights = np.concatenate(([0.0], np.cumsum(self.weight)))
        best = (0, count, -1.0)
        step = max(1, count // _MOST_RUNS)
        for end in np.unique(np.append(np.arange(LEAST_WINDOWS, count, step), count)).tolist():
            z = self._scores(sums, weights, int(end))
            shortest = min(LEAST_WINDOWS if end < count else 2, count)
            z[max(0, end - shortest) + 1 :] = 0
            start = int(np.argmax(z))
            if z[start] > best[2]:
                best = start, int(end), float(z[start])
        start, end, z_best = best
        scores = self._scores(sums, weights, end)
        actual, usual = self.counts[start:end].sum(axis=0), self.expected[start:end].sum(axis=0)
        after = self.usual_mean
        if self.means is not None:
            rows = self.counts[start:end].sum(axis=1)
            is_known = np.isfinite(self.means[start:end]) & (rows > 0)
            if is_known.any():
                after = float(np.average(self.means[start:end][is_known], weights=rows[is_known]))
        before_shares, after_shares = usual / max(float(usual.sum()), _TINY), actual / max(float(actual.sum()), _TINY)
        most = int(np.argmax(np.abs(after_shares - before_shares)))
        moved = int(self.bins[most]), float(before_shares[most]), float(after_shares[most])
        return Shift(start, end, z_best, self.usual_mean, after, scores, self.times_ms, _psi(usual, actual), moved)

    def _scores(self, sums: Floats, weights: Floats, end: int) -> Floats:
        of_run = np.maximum(weights[end] - weights[:-1], _TINY)
        strayed = np.square(sums[end] - sums[:-1]).sum(axis=1) / of_run
        z = _normal_of(strayed / (self.inflation * (1 + of_run / self.usual_weight)), self.freedom)
        return np.where(np.arange(len(z)) < end, z, 0.0)


def _psi(expected: Floats, actual: Floats) -> float:
    from artui.profile.drift import psi_of

    total, others = float(expected.sum()), float(actual.sum())
    if total <= 0 or others <= 0:
        return 0.0
    return psi_of(expected / total, actual / others, round(total), round(others))


def _normal_of(chi_squared: Floats, freedom: float) -> Floats:
    """Give the normal deviate that is as rare as a chi-squared (Wilson and Hilferty 1931)."""
    part = 2 / (9 * freedom)
    return np.asarray((np.cbrt(chi_squared / freedom) - (1 - part)) / np.sqrt(part), np.float64)


def _strays(column: ColumnTrack, since_ms: int, window_ms: int) -> _Strays | None:
    rows = column.counts.sum(axis=1)
    is_filled = rows > 0
    times, counts, rows = column.times_ms[is_filled], column.counts[is_filled], rows[is_filled]
    is_usual = times < since_ms
    if is_usual.sum() < _MIN_WINDOWS or (~is_usual).sum() < 1:
        return None
    is_met = counts.sum(axis=0) > 0
    if is_met.sum() < 2:
        return None
    counts = counts[:, is_met]
    shares = counts / rows[:, None]
    season, root = season_of(times, is_usual, window_ms), np.sqrt(rows)
    factors = np.linalg.lstsq((season * root[:, None])[is_usual], (shares * root[:, None])[is_usual], rcond=None)[0]
    least = 0.5 / float(rows[is_usual].sum())
    expected = np.maximum(season @ factors, least)
    expected /= expected.sum(axis=1, keepdims=True)
    strays = (shares - expected) / np.sqrt(expected)
    bins = counts.shape[1] - 1
    squares = np.square(strays).sum(axis=1)
    # Shares of a window vary more than a sample: as if it were of no more than so many.
    more = max(0.0, float(np.median(squares[is_usual]) / bins - np.median(1 / rows[is_usual])))
    weight = 1 / (1 / rows + more)
    scaled = squares * weight
    spread = max(float(np.mean(scaled[is_usual])) / bins, 0.25)
    weight = weight / spread
    scaled = scaled / spread
    variance = float(np.var(scaled[is_usual]))
    freedom = float(np.clip(2 * float(np.mean(scaled[is_usual])) ** 2 / max(variance, _TINY), 1.0, bins))
    pulls = strays * weight[:, None]
    # No window counts for more than what is far off already.
    reach = np.sqrt(np.maximum(scaled / (_CLIP**2 * freedom), 1.0))
    pulls = pulls / reach[:, None]
    inflation = max(1.0, _inflation_by_days(pulls[is_usual], weight[is_usual], times[is_usual], window_ms) / bins)
    inflation *= bins / freedom
    total, since = float(weight[is_usual].sum()), float(weight[~is_usual].sum())
    whole = float(np.square(pulls[~is_usual].sum(axis=0)).sum()) / since / (1 + since / total)
    by_days = _by_days(pulls[~is_usual], weight[~is_usual], times[~is_usual])
    means = column.means[is_filled] if column.means is not None else None
    usual_mean = 0.0
    if means is not None:
        is_known = is_usual & np.isfinite(means)
        usual_mean = float(np.average(means[is_known], weights=rows[is_known])) if is_known.any() else 0.0
    return _Strays(
        pulls[~is_usual], weight[~is_usual], inflation, freedom, total, max(whole, *by_days) / inflation / freedom,
        counts[~is_usual], (expected * rows[:, None])[~is_usual], means[~is_usual] if means is not None else None, usual_mean,
        times[~is_usual], np.flatnonzero(is_met),
    )  # fmt: skip


def _by_days(pulls: Floats, weight: Floats, times: Ints) -> list[float]:
    """Give how far each day strays as a whole; times ascend."""
    if not len(times):
        return []
    starts = np.flatnonzero(np.diff(times // DAY_MS, prepend=-1))
    strayed = np.square(np.add.reduceat(pulls, starts, axis=0)).sum(axis=1) / np.add.reduceat(weight, starts)
    return [float(value) for value in strayed]


def _inflation_by_days(pulls: Floats, weight: Floats, times: Ints, window_ms: int) -> float:
    sums = _by_days(pulls, weight, times)
    if len(sums) >= 5 and window_ms < DAY_MS / 2:
        return float(np.mean(sums))
    each = np.square(pulls).sum(axis=1) / weight
    return float(np.mean(each))
