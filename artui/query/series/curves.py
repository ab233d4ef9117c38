"""Curves: points of a series thinned to what a chart can show, without losing a peak."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from artui.catalog import points
from artui.query.series.metrics import mean_of
from artui.query.series.points import ALL_BLOCKS, damaged_heads, read_blocks, read_series, without, wrong_type
from artui.query.series.spooled import extended, pending

if TYPE_CHECKING:
    from artui.arrays import Floats
    from artui.model import Metric, Series
    from artui.query.reader import Reader


DECODE_BLOCKS = 900
"""Series of more blocks than this are drawn only from the blocks' summaries."""


Axis = Literal["step", "time", "wall"]
"""What points are placed by: their step, seconds since the series began, or seconds since 1970."""


Window = tuple[float, float]
"""From where to where on the x axis."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A series thinned for drawing: buckets in ascending x, each with its extremes and its mean.

    First, last, smallest and largest finite values are always among them.
    """

    xs: Sequence[float]
    """By the axis: steps, seconds, or values of another metric."""
    lows: Sequence[float]
    highs: Sequence[float]
    means: Sequence[float]
    """Of points at one x only the last counts. The first and the last bucket give the first and the last value."""
    counts: Sequence[int]
    nan_xs: Sequence[float]
    """Where points were NaN; the next two likewise for infinities."""
    positive_inf_xs: Sequence[float]
    negative_inf_xs: Sequence[float]
    count: int
    """Points of the whole series, or of the part of it that was asked for."""
    last: float
    damaged_count: int = 0
    """Points of what was asked for that are not drawn, since their blocks do not match their digests."""
    breaks: Sequence[int] = ()
    """Places of buckets, in ascending order, that only NaN or infinite values part from the bucket before: no line leads there."""
    below_count: int = 0
    """Finite values at or below zero, for which a logarithmic y axis has no place; of a large series at least so many."""
    outside_count: int = 0
    """Points at or below zero on a logarithmic x axis, which are left out."""
    point_xs: Sequence[float] = ()
    """Of each bucket one point that was logged, in ascending x; the first and the last point are among them."""
    point_values: Sequence[float] = ()
    """What was logged there."""
    are_odd_points: bool = True
    """Whether `nan_xs` and the like are where single points are, and not the middle of many."""

    @property
    def shown(self) -> int:
        """How many points are drawn: less than `count` where several share a column."""
        return len(self.xs) + len(self.nan_xs) + len(self.positive_inf_xs) + len(self.negative_inf_xs)


def _placed(
    connection: sqlite3.Connection, metric: Metric, axis: Axis, numbers: tuple[int, int] = ALL_BLOCKS
) -> tuple[Floats, Floats, int]:
    """Decode only what a chart by this axis needs of a series: places, values, and the number of damaged points."""
    import numpy as np

    def decode(codec: str, count: int, payload: bytes) -> Any:
        return points.decode_placed(codec, count, payload, by_time=axis != "step")

    parts, damaged_count = read_blocks(connection, metric.series_key, numbers, decode)
    if not parts:
        return np.empty(0), np.empty(0), damaged_count
    xs = np.concatenate([part[0] for part in parts]).astype("float64")
    if axis != "step":
        xs = (xs - (metric.summary.first_ms if axis == "time" else 0)) / 1000.0
    return xs, np.concatenate([part[1] for part in parts]), damaged_count


def curve(
    reader: Reader,
    metric: Metric,
    *,
    run_id: str = "",
    axis: Axis = "step",
    buckets: int = 400,
    window: Window | None = None,
    against: Metric | None = None,
    is_log: bool = False,
) -> Curve:
    """Thin a metric's series for a chart with that many columns of dots.

    Points are sorted by x, stably; of points at one x the last one counts for the line, all for the extremes.

    Args:
        run_id: needed for a metric that was only just logged and is in no table yet.
        window: only this part of the x axis, and the nearest point on either side of it, so that lines go on beyond.
        against: a metric of the same run whose values are the x axis, instead of `axis`. A point stands at the value
            that was the last one known at its step.
        is_log: make the columns of dots even on a logarithmic x axis, which leaves out what is not above zero.
    """
    with reader.snapshot() as connection:
        pending_series = pending(reader, connection)
        if against is None and ((window is not None and not pending_series) or _is_large(connection, metric)):
            damaged = damaged_heads(reader, connection, metric.series_key)
            return _curve_of_blocks(connection, metric, axis, buckets, window, damaged, is_log=is_log)
        if against is None and not pending_series:
            xs, values, damaged_count = _placed(connection, metric, axis)
            drawn = _thinned(xs, values, window, buckets, is_log=is_log)
            return replace(drawn, damaged_count=damaged_count)
        owner = (run_id or _run_of(connection, metric.series_key)) if pending_series else ""

        def whole(shown_metric: Metric) -> Series:
            series = read_series(connection, shown_metric.series_key)
            return (
                extended(series, pending_series.get((owner, shown_metric.labels, shown_metric.name)))
                if pending_series
                else series
            )

        series = whole(metric)
        placed_by = whole(against) if against is not None else None
    if placed_by is not None:
        xs, values = _against(series, placed_by)
    else:
        xs, values = places(series, axis, first_ms=metric.summary.first_ms), series.values
    damaged_count = series.damaged_count + (placed_by.damaged_count if placed_by is not None else 0)
    return replace(_thinned(xs, values, window, buckets, is_log=is_log), damaged_count=damaged_count)


def _thinned(xs: Floats, values: Floats, window: Window | None, buckets: int, *, is_log: bool) -> Curve:
    if window is not None:
        xs, values = cut(xs, values, window)
    if not is_log:
        return thin(xs, values, buckets=buckets)
    import numpy as np

    above = xs > 0
    exponents = np.log10(xs[above])
    thinned = thin(exponents, values[above], buckets=buckets)
    order = np.argsort(exponents, kind="stable")
    ascending, true_xs = exponents[order], xs[above][order]

    def back(wanted: Sequence[float]) -> list[float]:
        """Give places as they were: a power of ten of a logarithm would not be the same step."""
        near = np.maximum(0, np.searchsorted(ascending, np.asarray(wanted, np.float64), side="right") - 1)
        return [
            float(true_xs[place]) if ascending[place] == exponent else 10**exponent
            for place, exponent in zip(near, wanted, strict=True)
        ]

    return replace(
        thinned,
        outside_count=len(xs) - int(above.sum()),
        xs=back(thinned.xs),
        nan_xs=back(thinned.nan_xs),
        positive_inf_xs=back(thinned.positive_inf_xs),
        negative_inf_xs=back(thinned.negative_inf_xs),
        point_xs=back(thinned.point_xs),
    )


def places(series: Series, axis: Axis, *, first_ms: int = 0) -> Floats:
    """Give where the points of a series stand on an axis."""
    if axis == "step":
        return series.steps.astype("float64")
    return (series.times_ms.astype("float64") - (first_ms if axis == "time" else 0)) / 1000.0


def _against(series: Series, other: Series) -> tuple[Floats, Floats]:
    """Place a series by the values of another: the last one at or before each step; points before the first have none."""
    import numpy as np

    order = np.argsort(other.steps, kind="stable")
    steps, at = other.steps[order], other.values[order]
    index = np.searchsorted(steps, series.steps, side="right") - 1
    has_place = index >= 0
    xs = at[index[has_place]]
    is_finite = np.isfinite(xs)
    return xs[is_finite], series.values[has_place][is_finite]


def cut(xs: Floats, values: Floats, window: Window) -> tuple[Floats, Floats]:
    """Give the points inside a window, by x, and the nearest one on either side of it."""
    import numpy as np

    if len(xs) and not bool((xs[1:] >= xs[:-1]).all()):
        order = np.argsort(xs, kind="stable")
        xs, values = xs[order], values[order]
    start = max(0, int(np.searchsorted(xs, window[0], side="left")) - 1)
    stop = int(np.searchsorted(xs, window[1], side="right")) + 1
    return xs[start:stop], values[start:stop]


def _run_of(connection: sqlite3.Connection, series_key: int) -> str:
    row = connection.execute(
        "SELECT r.id FROM series AS s JOIN run AS r ON r.key = s.run_key WHERE s.key = :series", {"series": series_key}
    ).fetchone()
    return str(row[0]) if row else ""


def thin(xs: Floats, values: Floats, *, buckets: int) -> Curve:
    """Put points into at most `buckets` parts of equal width; each keeps its extremes and its mean.

    Of points at one x the last one counts for the mean, all for the extremes. The first and the last value stay.

    Raises:
        ValueError: `buckets` is less than 2.
    """
    import numpy as np

    if buckets < 2:
        raise ValueError("a curve needs at least 2 buckets")
    if len(xs) and not bool((xs[1:] >= xs[:-1]).all()):
        order = np.argsort(xs, kind="stable")
        xs, values = xs[order], values[order]
    finite = np.isfinite(values)
    odd = {
        "nan_xs": xs[~finite & np.isnan(values)][:1000].tolist(),
        "positive_inf_xs": xs[~finite & (values > 0)][:1000].tolist(),
        "negative_inf_xs": xs[~finite & (values < 0)][:1000].tolist(),
    }
    count, last = len(values), float(values[-1]) if len(values) else float("nan")
    is_after_gap = None
    if not finite.all():
        places_of_finite = np.flatnonzero(finite)
        is_after_gap = np.diff(places_of_finite, prepend=-1) > 1
        xs, values = xs[finite], values[finite]
    if not len(values):
        return Curve([], [], [], [], [], **odd, count=count, last=last)
    is_last = np.empty(len(xs), bool)
    is_last[-1] = True
    np.not_equal(xs[1:], xs[:-1], out=is_last[:-1])
    has_repeats = not bool(is_last.all())
    if (int(is_last.sum()) if has_repeats else len(xs)) <= buckets:
        starts = np.flatnonzero(np.append(True, is_last[:-1]))
        middles, means = xs[is_last], values[is_last]
        lows, highs = np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts)
        point_xs, point_values = middles, means
    else:
        # Steps ascend: look up where each bucket begins instead of computing a bucket for every point.
        edges = xs[0] + (xs[-1] - xs[0]) * (np.arange(buckets) / buckets)
        starts = np.unique(np.searchsorted(xs, edges, side="left"))
        starts = starts[starts < len(xs)]
        lows, highs = np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts)
        line_xs, line_values, line_starts = xs, values, starts
        if has_repeats:
            line_xs, line_values = xs[is_last], values[is_last]
            line_starts = np.searchsorted(line_xs, xs[starts], side="left")
        # Sums of very large steps or values may be rounded beyond them; a mean must not be.
        middles = np.clip(_means(line_xs, line_starts), xs[starts], xs[np.append(starts[1:], len(xs)) - 1])
        means = np.clip(_means(line_values, line_starts), lows, highs)
        middles[0], middles[-1] = xs[0], xs[-1]
        means[0], means[-1] = line_values[0], values[-1]
        # The point at the middle of each bucket, or the next one in it.
        ends = np.append(line_starts[1:], len(line_xs)) - 1
        at = np.clip(np.searchsorted(line_xs, middles), line_starts, ends)
        point_xs, point_values = line_xs[at], line_values[at]
    counts = np.diff(starts, append=len(values))
    breaks = [] if is_after_gap is None else [place for place in np.flatnonzero(is_after_gap[starts]).tolist() if place]
    below_count = int((values <= 0).sum())
    return Curve(
        middles.tolist(), lows.tolist(), highs.tolist(), means.tolist(), counts.tolist(), **odd,
        count=count, last=last, breaks=breaks, below_count=below_count,
        point_xs=point_xs.tolist(), point_values=point_values.tolist(),
    )  # fmt: skip


def _means(values: Floats, starts: Any) -> Any:
    """Give the mean of each part; where a sum overflows, the values are divided before they are added."""
    import numpy as np

    counts = np.diff(starts, append=len(values))
    with np.errstate(over="ignore", invalid="ignore"):
        means = np.add.reduceat(values, starts) / counts
        if not np.isfinite(means).all():
            means = np.add.reduceat(values / np.repeat(counts, counts), starts)
    return means


_IN_SIGHT = {
    "step": "high_step >= :low AND low_step <= :high",
    "time": "last_ms >= :low AND first_ms <= :high",
}


CURVE_BLOCKS = """
    SELECT min(low_step), max(high_step), min(first_ms), max(last_ms), min(min), max(max), sum(sum), sum(finite_count),
           sum(nan_count), sum(positive_inf_count), sum(negative_inf_count), sum(count), max(number)
    FROM block
    WHERE series_key = :series AND {in_sight} {without}
    GROUP BY (number - :first) / :group
    ORDER BY (number - :first) / :group
"""


LAST_POINTS = """
    SELECT b.last, b.last_step, b.last_ms
    FROM json_each(:numbers) AS n
    JOIN block AS b ON b.series_key = :series AND b.number = n.value
"""
"""The last points of some blocks."""


BLOCKS_IN_SIGHT = "SELECT count(*), min(number), max(number) FROM block WHERE series_key = :series AND {in_sight}"


_MAY_LACK = (4, 5, 6)
"""Columns that are NULL in a block without a finite point: smallest, largest and sum."""


def _is_large(connection: sqlite3.Connection, metric: Metric) -> bool:
    """Say whether a series has more blocks than are decoded for a chart."""
    query = "SELECT max(number) FROM block WHERE series_key = :series"
    last = connection.execute(query, {"series": metric.series_key}).fetchone()[0]
    return isinstance(last, int) and last >= DECODE_BLOCKS


def _curve_of_blocks(
    connection: sqlite3.Connection,
    metric: Metric,
    axis: Axis,
    buckets: int,
    window: Window | None,
    damaged: Mapping[int, int],
    *,
    is_log: bool,
) -> Curve:
    """Draw a large series: from the summaries of its blocks, or from the points once few blocks are in sight."""
    first_ms = metric.summary.first_ms
    in_sight, bounds = "1", {}
    if window is not None:
        in_sight = _IN_SIGHT["step" if axis == "step" else "time"]
        low, high = window
        if axis != "step":
            origin = first_ms if axis == "time" else 0
            low, high = low * 1000 + origin, high * 1000 + origin
        # Limits beyond 64 bits stand for no limit.
        bounds = {"low": max(-(2**63) + 1, int(max(low, -9e18))), "high": min(2**63 - 1, int(min(high, 9e18)) + 1)}
    values = {"series": metric.series_key, **bounds}
    count, first, last = connection.execute(BLOCKS_IN_SIGHT.format(in_sight=in_sight), values).fetchone()
    if not isinstance(count, int) or (count and not (isinstance(first, int) and isinstance(last, int))):
        raise wrong_type()
    if window is not None and count <= DECODE_BLOCKS:
        # A block further on either side, for the points just outside.
        xs, ys, lost = _placed(connection, metric, axis, (first - 1, last + 1) if count else (0, -1))
        return replace(_thinned(xs, ys, window, buckets, is_log=is_log), damaged_count=lost)
    group = max(1, -(-(last - first + 1) // buckets))
    rows = connection.execute(
        CURVE_BLOCKS.format(in_sight=in_sight, without=without(damaged)), {**values, "first": first, "group": group}
    ).fetchall()
    if not all(
        isinstance(cell, int | float) or (cell is None and place in _MAY_LACK)
        for row in rows
        for place, cell in enumerate(row)
    ):
        raise wrong_type()

    def middle(row: tuple[Any, ...]) -> float:
        if axis == "step":
            return float((row[0] + row[1]) / 2)
        return float((row[2] + row[3]) / 2 - (first_ms if axis == "time" else 0)) / 1000.0

    placed = sorted(((middle(row), row) for row in rows), key=lambda pair: pair[0])  # steps may begin again
    across: list[float] = []
    lows, highs, means, counts, breaks = [], [], [], [], []
    below_count, is_after_gap = 0, False
    odd: tuple[list[float], list[float], list[float]] = ([], [], [])
    for x, (*_, low, high, added, finite, nans, positive_infs, negative_infs, _, _) in placed:
        for places_of, odd_count in zip(odd, (nans, positive_infs, negative_infs), strict=True):
            if odd_count:
                places_of.append(x)
        if finite and low is not None and high is not None:
            mean = mean_of(added, finite, low, high)
            if is_after_gap and across:
                breaks.append(len(across))
            is_after_gap = False
            below_count += finite if high <= 0 else low <= 0
            across.append(x)
            lows.append(low)
            highs.append(high)
            means.append(low / 2 + high / 2 if mean is None else mean)
            counts.append(finite)
        else:
            is_after_gap = True

    def place_of(step: int, time_ms: int) -> float:
        return float(step) if axis == "step" else (time_ms - (first_ms if axis == "time" else 0)) / 1000

    def is_point(value: Any, step: Any, time_ms: Any) -> bool:
        return isinstance(value, float) and math.isfinite(value) and isinstance(step, int) and isinstance(time_ms, int)

    numbers = "[" + ",".join(str(int(row[12])) for row in rows) + "]"
    lasts = connection.execute(LAST_POINTS, {"series": metric.series_key, "numbers": numbers}).fetchall()
    logged = {place_of(step, time_ms): value for value, step, time_ms in lasts if is_point(value, step, time_ms)}
    if len(across) > 1 and placed[0][1] is rows[0] and placed[-1][1] is rows[-1]:
        # The line begins with the first point and ends with the last one, not with means.
        for place, number, word in ((0, first, "first"), (-1, last, "last")):
            if number in damaged:
                continue
            query = f"SELECT {word}, {word}_step, {word}_ms FROM block WHERE series_key = :series AND number = :number"
            value, step, time_ms = connection.execute(query, {**values, "number": number}).fetchone() or (None, 0, 0)
            if is_point(value, step, time_ms):
                across[place] = place_of(step, time_ms)
                means[place] = min(max(value, lows[place]), highs[place])
                logged[across[place]] = value
        across.sort()
    total = sum(row[11] for row in rows)
    lost = sum(count for number, count in damaged.items() if first <= number <= last)
    if window is None:
        lost = max(lost, abs(metric.summary.count - total))
    return Curve(
        across, lows, highs, means, counts, *odd,
        count=total, last=metric.summary.last, damaged_count=lost, breaks=breaks, below_count=below_count,
        point_xs=sorted(logged), point_values=[logged[x] for x in sorted(logged)], are_odd_points=False,
    )  # fmt: skip
