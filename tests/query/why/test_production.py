"""Why production changed: the cause that was planted comes first, and where nothing happens none is named."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from artui.model.production import Arrival, Production, Track
from artui.query.why.production import why_production
from tests.query.why.simulated import HOUR_MS, KINDS, SINCE_MS, incidents, quiet, simulated

_FIRST_SEED, _FIRST_QUIET_SEED = 1, 1001
"""Those of `tests/bench/bench_production.py` begin here, too: it goes through 200 and 50 of them, and through others."""


def test_the_planted_cause_comes_first() -> None:
    """Of 40 incidents, each with one cause among seasons, noise and other releases, at most 4 are explained otherwise."""
    missed = []
    for production, planted in incidents(_FIRST_SEED, 40):
        cause = why_production(production).cause
        if cause is None or (cause.kind, cause.name) != (planted.kind, planted.name):
            missed.append((planted, cause))

    assert len(missed) <= 4, missed


def test_where_nothing_happened_nothing_is_named() -> None:
    """Seasons, noise, one odd window and a release that changes nothing are no cause."""
    answers = [why_production(production) for production in quiet(_FIRST_QUIET_SEED, 10)]

    assert [answer.cause for answer in answers] == [None] * 10
    assert all(answer.sentence.startswith("Cannot tell") for answer in answers)


@pytest.mark.parametrize("kind", KINDS)
def test_a_cause_says_when_it_began_and_what_changed_with_it(kind: str) -> None:
    """The time is near the planted one, and the answer is a sentence with figures."""
    production, planted = simulated(20 + KINDS.index(kind), kind)
    assert planted is not None

    answer = why_production(production)

    cause = answer.cause
    assert cause is not None and cause.time_ms is not None and cause.name == planted.name
    assert abs(cause.time_ms - planted.time_ms) <= 13 * HOUR_MS
    assert cause.name in answer.sentence
    if kind in ("release", "packages"):
        assert cause.effects and cause.effects[0] in answer.sentence
    assert all(one.word == "no change" or one.z >= 0 for one in answer.causes)


def _track(values: list[float], *, first: int, name: str = "serve/latency.p95") -> Track:
    times_ms = SINCE_MS + (np.arange(len(values)) - first) * HOUR_MS
    return Track(name, "amount", times_ms, np.array(values), np.full(len(values), 100.0), is_better_higher=False)


def _production(track: Track, *arrivals: Arrival) -> Production:
    return Production("api/production", SINCE_MS, int(track.times_ms[-1]) + HOUR_MS, HOUR_MS, arrivals, (track,))


def test_without_windows_or_before_anything_is_usual_it_cannot_be_told() -> None:
    """No window since, and too few before, are said; releases are still listed."""
    release = Arrival(SINCE_MS, "model:v2", "model:v1")
    assert "nothing was observed" in why_production(_production(_track([50.0] * 20, first=20), release)).sentence

    answer = why_production(_production(_track([50.0] * 20, first=2), release))

    assert "too little was observed before" in answer.sentence and answer.cause is None
    assert answer.causes[0].name == "model:v2" and answer.causes[0].word == "weak"
    assert "nothing was observed" in why_production(Production("x", SINCE_MS, SINCE_MS, HOUR_MS)).sentence


def test_who_has_not_seen_a_day_takes_no_evening_for_a_change() -> None:
    """With hours of less than a day before, what stands out is a hint: it may be the season of the day."""
    random = np.random.default_rng(2)
    values = 50 * np.exp(random.normal(0, 0.03, 60) + 0.8 * (np.arange(60) % 24 >= 12))

    short = why_production(_production(_track(list(values), first=12)))
    known = why_production(_production(_track(list(np.tile(values[:24], 6)), first=96)))

    assert short.cause is None and short.causes[0].word == "weak"
    assert short.sentence.startswith("Cannot tell: less than a day") and "serve/latency.p95 rose" in short.sentence
    assert known.cause is None and known.causes[-1].word == "no change"


def test_what_is_over_again_has_an_end() -> None:
    """A slow day that ended is found with both times; the release that came with it is named."""
    random = np.random.default_rng(0)
    values = list(50 * np.exp(random.normal(0, 0.03, 150)))
    values[100:120] = [value * 2 for value in values[100:120]]

    answer = why_production(_production(_track(values, first=90), Arrival(SINCE_MS + 10 * HOUR_MS, "m:v2", "m:v1")))

    assert answer.cause is not None and answer.cause.name == "m:v2"
    assert "serve/latency.p95 rose" in answer.sentence and "(x 2)" in answer.sentence
    assert answer.cause.end_ms == SINCE_MS + 30 * HOUR_MS


def test_odd_numbers_are_left_out() -> None:
    """NaN, infinities and windows without requests neither stop the answer nor are a cause."""
    random = np.random.default_rng(1)
    values = 50 * np.exp(random.normal(0, 0.03, 150))
    values[[3, 70, 100]] = [np.nan, np.inf, -np.inf]
    track = _track(list(values), first=90)

    assert why_production(_production(replace(track, counts=np.where(np.arange(150) % 7, 100.0, 0.0)))).cause is None
    constant = _track([0.0] * 150, first=90)
    assert why_production(_production(replace(constant, measure="share", name="serve/errors"))).cause is None
