"""Rules about deployments: what they mean, when they hold, and what is none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from artui.errors import UsageError
from artui.model.production import Track, Watched, WindowDrift
from artui.query.reader import Reader
from artui.query.rules import parse_rule
from artui.query.watching import watched
from artui.query.windowrules import incident_for, is_window_rule, open_rules, parse_window_rule, raised, slices_of
from tests.query.deployed import AFTER, DRIFTS_MS, NAME, SINCE_MS, WINDOW_MS, make

HOUR_MS = 3_600_000


@pytest.mark.parametrize(
    ("text", "measure", "name", "slice_", "direction", "holds", "fails"),
    [
        ("drift psi > 0.2 on any column", "psi", "", "", 0, [0.3], [0.2]), ("drift  KS >= 0.1  on amount", "ks", "amount", "", 0, [0.1], [0.05]),
        ("drift nulls > .05 on `on sale`", "nulls", "on sale", "", 0, [0.06], [0.01]), ("serve/errors rises", "", "serve/errors", "", 1, None, None),
        ("live/recall falls below 0.9 on card=gift", "", "live/recall", "card=gift", 0, [0.89], [0.9]), ("live/f1.a<0.5 on k=a b", "", "live/f1.a", "k=a b", 0, [0.1], [0.6]),
        ("serve/latency.p95 > 200", "", "serve/latency.p95", "", 0, [201], [200]), ("live/mae falls on card=gift", "", "live/mae", "card=gift", -1, None, None),
        ("serve/errors rises 2 times", "", "serve/errors", "", 0, [1, 2, 3], [1, 3, 2]),
    ],
)  # fmt: skip
def test_rules_are_read(
    text: str,
    measure: str,
    name: str,
    slice_: str,
    direction: int,
    holds: list[float] | None,
    fails: list[float] | None,
) -> None:
    """Each kind of rule, with what it is about and when it holds."""
    rule = parse_window_rule(text)

    assert (rule.measure, rule.name, rule.slice, rule.direction) == (measure, name, slice_, direction)
    if holds is not None and fails is not None:
        assert rule.holds is not None and rule.holds(holds, 0) and not rule.holds(fails, 0)


@pytest.mark.parametrize("text", ["", "drift", "drift psi > 0.2", "drift psi > x on any column", "drift foo > 0.2 on a", "val/loss rises", "serve/errors", "serve/errors rises 0 times", "serve/requests is silent for 10m", "live/x ~ 3", "x" * 5000, "serve/" + "a" * 400 + " on " * 200])  # fmt: skip
def test_what_is_no_rule_says_how_one_is_written(text: str) -> None:
    """A wrong rule is refused with an example, quickly."""
    with pytest.raises(UsageError, match=r"drift psi > 0\.2 on any column"):
        parse_window_rule(text)


def test_they_stand_among_the_rules_about_runs() -> None:
    """The settings may hold both: rules about deployments hold for no run; a plain limit holds for runs of that metric, too."""
    rule = parse_rule("drift psi > 0.2 on any column")
    assert rule.is_of_windows and not rule.is_about("drift") and not rule.holds([1], 1)
    assert not is_window_rule("live/recall < 0.9") and parse_rule("live/recall < 0.9").is_about("live/recall")
    assert is_window_rule("serve/errors rises") and parse_rule("serve/errors rises").text == "serve/errors rises"


def _watched(values: list[float], *, psis: list[float | None] | None = None, slice_: str = "") -> Watched:
    times = SINCE_MS + (np.arange(len(values)) - len(values) // 2) * HOUR_MS
    track = Track("live/recall", "score", times, np.array(values), np.full(len(values), 200.0), slice_, True)
    points = tuple(WindowDrift(SINCE_MS + place * HOUR_MS, psi, 0.1) for place, psi in enumerate(psis or []))
    return Watched("api/production", SINCE_MS, HOUR_MS, (track,), {"amount": points} if points else {})


def test_an_alert_says_from_when_on_and_why() -> None:
    """Windows one after another are one alert, which goes on or has an end; one odd window before is another."""
    (alert,) = raised([parse_window_rule("live/recall falls below 0.9")], _watched([0.95] * 10 + [0.85, 0.7]))
    assert (alert.time_ms, alert.value, alert.is_going, alert.end_ms) == (SINCE_MS + 4 * HOUR_MS, 0.7, True, None)
    assert alert.evidence == "live/recall 0.7, before that 0.95, 2 windows"
    parted = _watched([0.95] * 12 + [0.8, 0.8, 0.95, 0.95, 0.95, 0.95, 0.7, 0.95, 0.95, 0.6, 0.95, 0.95])
    (last,) = raised([parse_window_rule("live/recall falls below 0.9")], parted)
    assert (last.time_ms, last.end_ms) == (SINCE_MS + 6 * HOUR_MS, SINCE_MS + 10 * HOUR_MS), (
        "a good window or two do not part it"
    )

    (over,) = raised([parse_window_rule("live/recall < 0.9")], _watched([0.95] * 8 + [0.8, 0.95, 0.96, 0.97]))
    assert not over.is_going and over.end_ms == SINCE_MS + 3 * HOUR_MS
    assert raised([parse_window_rule("live/recall < 0.9")], _watched([0.1] * 4 + [0.95] * 4)) == [], "before the moment"
    assert raised([parse_window_rule("live/recall < 0.9 on card=gift")], _watched([0.95] * 4 + [0.1] * 4)) == []
    assert len(raised([parse_window_rule("live/recall < 0.9 on card=gift")], _watched([0.95] * 4 + [0.1] * 4, slice_="card=gift"))) == 1  # fmt: skip
    assert raised([parse_window_rule("live/recall < 0.9")], _watched([0.95] * 4 + [float("nan")] * 4)) == []


def test_windows_of_few_truths_are_put_together() -> None:
    """One bad window of three truths is chance; several are not, and one that is good by chance does not end them."""
    few = _watched([1.0] * 30 + [0.5] + [1.0] * 9)
    lasting = _watched([1.0] * 20 + [0.5, 0.6, 0.4, 0.9, 0.5, 0.4, 0.6, 0.5, 0.95, 0.5] * 2)
    few, lasting = (replace(one, tracks=(replace(one.tracks[0], counts=np.full(40, 5.0)),)) for one in (few, lasting))
    rules = [parse_window_rule("live/recall falls below 0.9")]

    assert raised(rules, few) == []
    (alert,) = raised(rules, lasting)
    assert alert.is_going and alert.time_ms <= SINCE_MS + 3 * HOUR_MS and alert.value == pytest.approx(0.585, abs=0.03)


def test_drift_that_chance_gives_is_no_alert() -> None:
    """The index of few rows is large by itself: below what chance gives, or without a value, nothing is raised."""
    rules = [parse_window_rule("drift psi > 0.05 on any column")]

    assert raised(rules, _watched([1.0] * 8, psis=[0.06, None, 0.09])) == []
    (alert,) = raised(rules, _watched([1.0] * 8, psis=[0.06, 0.3, 0.4, 0.09]))

    assert (alert.name, alert.time_ms, alert.value, alert.end_ms) == (
        "amount",
        SINCE_MS + HOUR_MS,
        0.4,
        SINCE_MS + 3 * HOUR_MS,
    )
    assert "by chance up to 0.1" in alert.evidence
    assert raised([parse_window_rule("drift psi > 0.05 on other")], _watched([1.0] * 8, psis=[0.5])) == []


def test_what_rises_beyond_what_is_usual() -> None:
    """Without a limit it is what was before that counts; the other direction is not meant."""
    random = np.random.default_rng(0)
    watching = _watched(list(0.9 + random.normal(0, 0.01, 80)))
    fallen = list(watching.tracks[0].values)
    fallen[60:] = [value - 0.2 for value in fallen[60:]]
    changed = replace(watching, tracks=(replace(watching.tracks[0], values=np.array(fallen)),))

    assert raised([parse_window_rule("live/recall falls")], watching) == []
    assert raised([parse_window_rule("live/recall rises")], changed) == []
    (alert,) = raised([parse_window_rule("live/recall falls")], changed)
    assert alert.time_ms == SINCE_MS + 20 * HOUR_MS and alert.is_going and "fell" in alert.evidence


def test_an_alert_opens_one_incident() -> None:
    """It has the rule, its time and its evidence; while it is open there is no second one."""
    (alert,) = raised([parse_window_rule("live/recall falls below 0.9")], _watched([0.95] * 8 + [0.8] * 4))

    incident = incident_for(alert, "01J", release_id="r")

    assert (incident.rule, incident.opened_ms, incident.release_id) == (
        alert.rule,
        alert.time_ms,
        "r",
    ) and incident.is_open
    assert (
        open_rules([incident]) == {(incident.rule, incident.title)}
        and open_rules([replace(incident, closed_ms=1)]) == set()
    )


@pytest.mark.parametrize("most", [2_000, 20])
def test_they_are_held_against_the_catalog(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    """Drift against the training data, a metric of all rows, and slices that have none; of very many windows some are looked at."""
    monkeypatch.setattr("artui.query.watching.MOST_WINDOWS", most)
    made = make(tmp_path_factory.mktemp("ruled"))
    rules = [parse_window_rule(text) for text in ("drift psi > 0.2 on any column", "live/recall falls", "serve/errors rises", "live/recall < 0.9 on card=gift", "drift ks > 0.9 on card")]  # fmt: skip
    with Reader(made.path) as reader:
        watching = watched(reader, NAME, rules, since_ms=SINCE_MS, until_ms=SINCE_MS + AFTER * WINDOW_MS)

    found = raised(rules, watching)

    assert slices_of(rules) == ["card=gift"] and any(track.slice == "card=gift" for track in watching.tracks)
    assert [(one.rule, one.name) for one in found] == [
        ("drift psi > 0.2 on any column", "amount"),
        ("live/recall falls", "live/recall"),
    ]
    assert all(one.is_going and abs(one.time_ms - DRIFTS_MS) <= WINDOW_MS for one in found)
