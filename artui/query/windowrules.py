"""Rules about deployments: a condition in one line of text on what is observed there.

drift psi > 0.2 on any column      psi, js, ks or nulls; or on one column, by its name
serve/errors rises                 beyond what is usual there; or falls
live/recall falls below 0.9        in a window; also >, <, rises above, rises 3 times
live/recall < 0.9 on card=gift     of a slice

They stand in the settings among the rules about runs. Whether they hold is a pure function of what was observed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from artui.errors import UsageError
from artui.model.deployments import Incident
from artui.model.production import Raised, Track, Watched, WindowDrift
from artui.query.conditions import TIMES, Holds, condition

MAX_CHARS = 500
_ENOUGH, _MOST_POOLED = 50, 24
"""Of so many truths a window says enough by itself; else so many windows before it are taken with it at most."""
_GAP = 3
MEASURES = ("psi", "js", "ks", "nulls")
ANY = "any column"
_DRIFT = re.compile(r"drift\s+(?P<measure>psi|js|ks|nulls)\s*(?P<rest>(?:>=|<=|>|<)\s*\S+)\s+on\s+(?P<column>\S.*)\Z", re.I)  # fmt: skip
_SERIES = re.compile(r"(?P<name>(?:serve|live)/\S+?)\s*(?P<rest>(?:\s(?:rises|falls|stays|is)\b|>=|<=|>|<|==?).*?)(?:\s+on\s+(?P<slice>\S.*))?\Z")  # fmt: skip
_BEYOND = {"rises": 1, "falls": -1}
_HELP = "Write drift psi > 0.2 on any column, serve/errors rises or live/recall falls below 0.9 on card=gift."


@dataclass(frozen=True, slots=True)
class WindowRule:
    """A parsed rule about deployments."""

    text: str
    measure: str = ""
    """Of drift; empty where it is about a series."""
    name: str = ""
    """The series, or the column; empty for any column."""
    slice: str = ""
    holds: Holds | None = None
    """Says whether it holds for the last values."""
    depth: int = 1
    direction: int = 0
    """Where it has no limit: 1 if it is about what rises beyond what is usual, -1 about what falls."""


def is_window_rule(text: str) -> bool:
    """Say whether a text can only be a rule about deployments: one about a run's metric has no slice, and a limit."""
    words = " ".join(text[: 2 * MAX_CHARS].split())
    match = _SERIES.match(words)
    return _DRIFT.match(words) is not None or (
        match is not None and (match["slice"] is not None or match["rest"].strip() in _BEYOND)
    )


def parse_window_rule(text: str) -> WindowRule:
    """Parse a rule about deployments.

    Raises:
        UsageError: the text is none; the remedy says how one is written.
    """
    words = " ".join(text[: 2 * MAX_CHARS].split())
    if len(words) <= MAX_CHARS:
        if (match := _DRIFT.match(words)) is not None and (holds := condition(match["rest"])) is not None:
            column = match["column"]
            return WindowRule(
                words, match["measure"].lower(), "" if column.lower() in (ANY, "any") else column.strip('`"'), "", holds
            )
        if (match := _SERIES.match(words)) is not None:
            rest, slice_ = match["rest"].strip(), match["slice"] or ""
            if rest in _BEYOND:
                return WindowRule(words, "", match["name"], slice_, None, 0, _BEYOND[rest])
            holds = condition(rest)
            if holds is not None and not rest.startswith("is silent"):
                times = TIMES.match(rest)
                return WindowRule(words, "", match["name"], slice_, holds, int(times[2]) + 1 if times else 1)
    raise UsageError(f"{text[:80]!r} is no rule about deployments.", remedy=_HELP)


def about_deployments(texts: Iterable[str]) -> list[WindowRule]:
    """Give those of the user's rules that are about deployments, each once; what is no such rule is about runs."""
    found: dict[str, WindowRule] = {}
    for text in texts:
        try:
            rule = parse_window_rule(text)
        except UsageError:
            continue
        found[rule.text] = rule
    return list(found.values())


def slices_of(rules: Sequence[WindowRule]) -> list[str]:
    """Give the slices that rules are about, beside all rows."""
    return list(dict.fromkeys(rule.slice for rule in rules if rule.slice))


def raised(rules: Sequence[WindowRule], watched: Watched) -> list[Raised]:
    """Give an alert for each rule that holds, or held, with the time from which on and what shows it; those that hold now first.

    A pure function of the rules and of what was observed: nothing is read, nothing is remembered. A rule that holds in
    windows one after another is one alert.
    """
    found: list[Raised] = []
    for rule in rules:
        if rule.measure:
            found += _of_drift(rule, watched)
            continue
        for track in watched.tracks:
            if track.name == rule.name and track.slice == rule.slice:
                alert = _beyond(rule, track, watched) if rule.direction else _of_track(rule, track, watched)
                found += [alert] if alert is not None else []
    return sorted(found, key=lambda one: (not one.is_going, -one.time_ms, one.rule, one.name))


def _of_drift(rule: WindowRule, watched: Watched) -> list[Raised]:
    found = []
    for column, points in watched.drift.items():
        if rule.name and column != rule.name:
            continue
        values = [_measured(point, rule.measure) for point in points]
        # What chance alone gives of so few rows is no alert.
        is_held = [
            value is not None and rule.holds is not None and rule.holds([value], 0.0) and _is_beyond_chance(rule, point)
            for value, point in zip(values, points, strict=True)
        ]
        place = _last_held(is_held)
        if place is None:
            continue
        first, last = place
        most = max((value for value in values[first : last + 1] if value is not None), default=0.0)
        chance = f", by chance up to {points[last].psi_by_chance:.2g}" if rule.measure == "psi" else ""
        evidence = f"{rule.measure} of {column} {most:.3g}{chance}, {_windows(last - first + 1)}"
        found.append(Raised(
            rule.text, column, watched.name, points[first].time_ms, most, evidence, last == len(points) - 1, _end_of([point.time_ms for point in points], last),
        ))  # fmt: skip
    return found


def _measured(point: WindowDrift, measure: str) -> float | None:
    return {"psi": point.psi, "js": point.js, "ks": point.ks, "nulls": abs(point.null_shift)}[measure]


def _is_beyond_chance(rule: WindowRule, point: WindowDrift) -> bool:
    return rule.measure == "nulls" or point.psi is None or point.psi > point.psi_by_chance


def _last_held(is_held: Sequence[bool]) -> tuple[int, int] | None:
    """Give the first and the last place of the run that held last; None if none did. A good window or two do not part it."""
    held = [place for place, holds in enumerate(is_held) if holds]
    if not held:
        return None
    place = len(held) - 1
    while place and held[place] - held[place - 1] <= _GAP:
        place -= 1
    return held[place], held[-1]


def _end_of(times_ms: Sequence[int], last: int) -> int | None:
    return int(times_ms[last + 1]) if last + 1 < len(times_ms) else None


def _windows(count: int) -> str:
    return "1 window" if count == 1 else f"{count:,} windows"


def _of_track(rule: WindowRule, track: Track, watched: Watched) -> Raised | None:
    """Say where a series last held in windows since the moment."""
    assert rule.holds is not None
    import numpy as np

    is_known = np.isfinite(track.values) & (track.counts > 0)
    values, times = track.values[is_known].tolist(), track.times_ms[is_known].tolist()
    if track.measure in ("share", "score"):
        values = _pooled(values, track.counts[is_known].tolist())
    since = [time >= watched.since_ms for time in times]
    is_held = [
        since[place] and rule.holds(values[max(0, place + 1 - max(rule.depth, 1)) : place + 1], 0.0)
        for place in range(len(values))
    ]
    held = _last_held(is_held)
    if held is None:
        return None
    first, last = held
    before = f", before that {values[first - 1]:.3g}" if first else ""
    evidence = f"{_title(track)} {values[last]:.3g}{before}, {_windows(last - first + 1)}"
    return Raised(
        rule.text, track.name, watched.name, times[first], values[last], evidence, last == len(values) - 1, _end_of(times, last), track.slice,
    )  # fmt: skip


def _pooled(values: Sequence[float], counts: Sequence[float]) -> list[float]:
    """Put windows of few truths, or requests, together with those before them: what three truths say is chance."""
    found = []
    for place in range(len(values)):
        first, count = place, counts[place]
        while count < _ENOUGH and first and place - first < _MOST_POOLED:
            first -= 1
            count += counts[first]
        parts = range(first, place + 1)
        found.append(sum(values[part] * counts[part] for part in parts) / count)
    return found


def _beyond(rule: WindowRule, track: Track, watched: Watched) -> Raised | None:
    """Say from when on a series is beyond what is usual, if it is."""
    from artui.query.why.production import clear_change

    changed = clear_change(track, watched.since_ms, watched.window_ms)
    if changed is None or (changed.word == "rose") != (rule.direction > 0):
        return None
    shift = changed.shift
    return Raised(
        rule.text, track.name, watched.name, shift.start_ms, shift.after, changed.sentence, shift.end_ms is None, shift.end_ms, track.slice,
    )  # fmt: skip


def _title(track: Track) -> str:
    return f"{track.name} on {track.slice}" if track.slice else track.name


def incident_for(alert: Raised, incident_id: str, *, release_id: str = "") -> Incident:
    """Make the incident that an alert opens."""
    title = f"{alert.name}: {alert.rule}" if alert.name not in alert.rule else alert.rule
    return Incident(
        incident_id, alert.time_ms, title[:200], cause=alert.evidence, release_id=release_id, rule=alert.rule[:200]
    )


def open_rules(incidents: Iterable[Incident]) -> set[tuple[str, str]]:
    """Give rule and title of the incidents that are open: an alert for one of them opens no second one."""
    return {(one.rule, one.title) for one in incidents if one.is_open}
