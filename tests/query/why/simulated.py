"""Simulated deployments in which one thing goes wrong, or nothing: what the answer to "why did production change?" is held to.

Each is drawn by chance from its seed alone. Two weeks of hours before the moment that is asked about show what is usual:
requests with a daily and a weekly season and noise that lasts for hours; columns whose values have a season of their own and
vary more than samples would; errors, latency and a live metric. Then comes the cause, from some hour on, or within hours:

- drift: the values of one column shift by a PSI of 0.1 to 0.5; what depends on it shifts a little, and mostly the metric falls
- errors: their share rises 1.5 to 3 times, by itself
- release: a version from new code and data lowers the metric, and gives other predictions
- load: requests rise 1.5 to 3 times, latency with them, and often errors
- packages: a version that differs in packages alone errs more, is slower, or is worse

In about half of all, also of those in which nothing happens, a version is released that changes nothing, and in some a
single window is odd or windows are missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from artui.model.production import Arrival, Brought, ColumnTrack, Production, Track

if TYPE_CHECKING:
    from numpy.random import Generator

    from artui.arrays import Bools, Floats

KINDS = ("drift", "errors", "release", "load", "packages")
HOUR_MS = 3_600_000
SINCE_MS = 1_793_577_600_000
"""A Monday, 00:00 UTC."""
BEFORE_HOURS = 14 * 24
_BINS = 10
_PACKAGES = ("numpy 1.26.4 → 2.0.0", "scikit-learn 1.4.2 → 1.5.0", "pandas 2.1.4 → 2.2.0", "xgboost 2.0.3 → 2.1.1", "onnxruntime 1.17 → 1.18")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Planted:
    """What was planted in a simulated deployment."""

    kind: str
    name: str
    """Of the column, the version or the series."""
    time_ms: int


def incidents(first_seed: int, count: int) -> list[tuple[Production, Planted]]:
    """Give so many deployments with one cause each, as many of every kind."""
    found = []
    for seed in range(first_seed, first_seed + count):
        production, planted = simulated(seed, KINDS[seed % len(KINDS)])
        assert planted is not None
        found.append((production, planted))
    return found


def quiet(first_seed: int, count: int) -> list[Production]:
    """Give so many deployments in which nothing happens."""
    return [simulated(seed, "")[0] for seed in range(first_seed, first_seed + count)]


def simulated(seed: int, kind: str) -> tuple[Production, Planted | None]:
    """Draw a deployment with a cause of a kind, or with none if that is empty."""
    random = np.random.default_rng([21, seed, len(kind)])
    span_hours = int(random.integers(36, 8 * 24))
    hours = np.arange(-BEFORE_HOURS, span_hours)
    times_ms = SINCE_MS + hours * HOUR_MS
    start = int(random.integers(0, span_hours - 12))
    is_after = hours >= start
    ramp_hours = int(random.choice([0, 0, 6, 12])) if kind in ("drift", "load", "errors") else 0
    strength = np.clip((hours - start + 1) / (ramp_hours + 1), 0, 1) * is_after
    time_ms = SINCE_MS + start * HOUR_MS

    season = _season(random, hours)
    load = np.exp(np.log(10 ** random.uniform(2.3, 3.7)) + season + _lasting(random, len(hours), 0.08))
    error_rate = 10 ** random.uniform(-2.7, -1.7) * np.exp(_lasting(random, len(hours), 0.12))
    latency = 10 ** random.uniform(1.2, 2.3) * np.exp(_lasting(random, len(hours), 0.05))
    metric = random.uniform(0.85, 0.96) + 0.004 * np.sin(2 * np.pi * hours / 24) + _lasting(random, len(hours), 0.003)
    labelled = random.uniform(0.2, 1.0)

    column_count = int(random.integers(4, 21))
    drifting = int(random.integers(column_count))
    psis = np.zeros(column_count + 1)
    prediction = column_count
    effect: dict[str, bool] = {}
    planted: Planted | None = None
    if kind == "drift":
        psis[drifting] = random.uniform(0.1, 0.5)
        if column_count > 4 and random.random() < 0.5:
            psis[(drifting + 1) % column_count] = 0.25 * psis[drifting]
        psis[prediction] = random.uniform(0.0, 0.25) * psis[drifting]
        if random.random() < 0.8:
            metric = metric - strength * random.uniform(0.01, 0.06)
        planted = Planted("drift", f"c{drifting:02d}", time_ms)
    elif kind == "errors":
        error_rate = error_rate * (1 + strength * (random.uniform(1.5, 3) - 1))
        planted = Planted("errors", "serve/errors", time_ms)
    elif kind == "release":
        metric = metric - strength * random.uniform(0.02, 0.1)
        psis[prediction] = random.uniform(0.02, 0.3)
        planted = Planted("release", "model:v9", time_ms)
    elif kind == "load":
        factor = 1 + strength * (random.uniform(1.5, 3) - 1)
        load = load * factor
        latency = latency * factor ** random.uniform(0.2, 0.8)
        if random.random() < 0.5:
            error_rate = error_rate * factor ** random.uniform(0.2, 0.8)
        planted = Planted("load", "serve/requests", time_ms)
    elif kind == "packages":
        effect = {name: bool(random.random() < 0.5) for name in ("errors", "latency", "quality")}
        if not any(effect.values()):
            effect["errors"] = True
        if effect["errors"]:
            error_rate = error_rate * (1 + strength * (random.uniform(1.5, 3) - 1))
        if effect["latency"]:
            latency = latency * (1 + strength * random.uniform(0.3, 1.0))
        if effect["quality"]:
            metric = metric - strength * random.uniform(0.02, 0.1)
        planted = Planted("packages", "model:v9", time_ms)

    requests = random.poisson(load).astype(np.float64)
    errors = random.binomial(requests.astype(np.int64), np.clip(error_rate, 0, 1)).astype(np.float64)
    truths = random.binomial(requests.astype(np.int64), labelled).astype(np.float64)
    right = random.binomial(truths.astype(np.int64), np.clip(metric, 0, 1)).astype(np.float64)
    _one_odd(random, errors, requests, latency)
    is_kept = _kept(random, hours)
    with np.errstate(invalid="ignore", divide="ignore"):
        tracks = (
            Track("serve/requests", "count", times_ms[is_kept], requests[is_kept], requests[is_kept]),
            Track("serve/errors", "share", times_ms[is_kept], (errors / requests)[is_kept], requests[is_kept], is_better_higher=False),
            Track("serve/latency.p95", "amount", times_ms[is_kept], latency[is_kept], requests[is_kept], is_better_higher=False),
            Track("live/accuracy", "score", times_ms[is_kept], (right / truths)[is_kept], truths[is_kept], is_better_higher=True),
        )  # fmt: skip
    columns = tuple(
        _column(random, "prediction" if place == prediction else f"c{place:02d}", times_ms, hours, requests, float(psis[place]), strength, is_kept, is_output=place == prediction)
        for place in range(column_count + 1)
    )  # fmt: skip
    arrivals = _arrivals(random, kind, start, span_hours)
    until_ms = SINCE_MS + span_hours * HOUR_MS
    return Production("model-api/production", SINCE_MS, until_ms, HOUR_MS, arrivals, tracks, columns), planted


def _season(random: Generator, hours: np.ndarray) -> Floats:
    """Give the logarithm of how much more than usual is asked for at an hour of the day and of the week."""
    day = random.uniform(0.2, 0.8) * np.sin(2 * np.pi * (hours - random.integers(24)) / 24)
    weekend = random.uniform(-0.4, 0.1) * (hours // 24 % 7 >= 5)
    return np.asarray(day + weekend, np.float64)


def _lasting(random: Generator, count: int, spread: float) -> Floats:
    """Give noise of which half lasts into the next hour."""
    noise = random.normal(0, spread * np.sqrt(1 - 0.25), count)
    for place in range(1, count):
        noise[place] += 0.5 * noise[place - 1]
    return np.asarray(noise, np.float64)


def _one_odd(random: Generator, errors: Floats, requests: Floats, latency: Floats) -> None:
    """Make one window odd, in some: a burst of errors, or a slow hour."""
    if random.random() < 0.3:
        place = int(random.integers(len(errors)))
        errors[place] = min(requests[place], 5 * errors[place])
    if random.random() < 0.3:
        latency[int(random.integers(len(latency)))] *= 3


def _kept(random: Generator, hours: np.ndarray) -> Bools:
    """Say which windows are there: in some a few hours are missing."""
    is_kept = np.ones(len(hours), np.bool_)
    if random.random() < 0.3:
        place = int(random.integers(len(hours) - 10))
        is_kept[place : place + int(random.integers(1, 10))] = False
    return is_kept


def _column(
    random: Generator, name: str, times_ms: np.ndarray, hours: np.ndarray, requests: Floats, psi: float, strength: Floats, is_kept: Bools, *, is_output: bool
) -> ColumnTrack:  # fmt: skip
    """Draw how often the values of a column fall into its bins, of numbers into deciles."""
    is_numeric = bool(random.random() < 0.7)
    bins = _BINS if is_numeric else int(random.integers(2, 13))
    base = np.full(bins, 1 / bins) if is_numeric else random.dirichlet(np.full(bins, 2.0))
    # What rises in the morning is not what drifts.
    slope = np.linspace(-1, 1, bins) if random.random() < 0.5 else random.normal(0, 1, bins)
    daily = random.normal(0, 1, bins) * random.uniform(0, 0.15)
    phase = random.integers(24)
    usual = base * np.exp(daily[None, :] * np.sin(2 * np.pi * (hours[:, None] - phase) / 24))
    usual /= usual.sum(axis=1, keepdims=True)
    tilt = _tilt_for(base, slope, psi)
    shifted = usual * np.exp(tilt * slope[None, :])
    shifted /= shifted.sum(axis=1, keepdims=True)
    shares = usual * (1 - strength[:, None]) + shifted * strength[:, None]
    # Values of an hour are more alike than a sample: the shares themselves vary.
    steadiness = 10 ** random.uniform(2.7, 4.5)
    drawn = random.standard_gamma(np.maximum(shares * steadiness, 1e-3))
    counts = random.multinomial(requests.astype(np.int64), drawn / drawn.sum(axis=1, keepdims=True)).astype(np.float64)
    means = None
    if is_numeric:
        middles = np.sort(random.lognormal(3, 1, bins))
        with np.errstate(invalid="ignore"):
            means = (counts @ middles / counts.sum(axis=1))[is_kept]
    labels = () if is_numeric else tuple(f"v{place}" for place in range(bins))
    return ColumnTrack(name, times_ms[is_kept], counts[is_kept], means, is_output, labels)


def _tilt_for(base: Floats, slope: Floats, psi: float) -> float:
    """Find how far shares are tilted for them to have a PSI."""
    low, high = 0.0, 4.0
    for _ in range(50):
        middle = (low + high) / 2
        tilted = base * np.exp(middle * slope)
        tilted /= tilted.sum()
        if ((tilted - base) * np.log(tilted / base)).sum() < psi:
            low = middle
        else:
            high = middle
    return (low + high) / 2 if psi else 0.0


def _arrivals(random: Generator, kind: str, start: int, span_hours: int) -> tuple[Arrival, ...]:
    """Give the releases: the one that is the cause, and in half of all one at another time that changes nothing."""
    found = []
    if kind in ("release", "packages"):
        packages = ("packages", str(random.choice(_PACKAGES)))
        new: tuple[tuple[Brought, str], ...] = (("code", "+41 −12 in train.py"), ("data", "transactions v11 → v12"))
        brought: tuple[tuple[Brought, str], ...] = (("packages", packages[1]),) if kind == "packages" else new
        found.append(Arrival(SINCE_MS + start * HOUR_MS, "model:v9", "model:v8", author="ann", brought=brought))
    places = [hour for hour in range(span_hours) if abs(hour - start) >= 12 or not kind]
    if random.random() < 0.5 and places:
        some: list[tuple[Brought, str]] = []
        if random.random() < 0.5:
            some.append(("packages", str(random.choice(_PACKAGES))))
        if random.random() < 0.5 or not some:
            some.append(("code", "+2 −2 in train.py"))
        time_ms = SINCE_MS + int(random.choice(places)) * HOUR_MS
        found.append(Arrival(time_ms, "model:v10", "model:v9", author="ben", reason="scheduled", brought=tuple(some)))
    return tuple(sorted(found, key=lambda one: one.time_ms))
