"""Why production changed: releases and what came with them, columns that drifted, load, errors, ranked by what speaks for each.

A pure function of what was observed. First it is found which series and columns left what is usual, when and how far
(`usual`). What goes in (columns that are given, requests) may be a cause by itself; a version that began to serve is one if
errors, latency, the metric or what it predicts changed just then; and errors, latency or a metric that changed while nothing
else did are told as themselves. Where nothing stands out beyond chance, nothing is named.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from statistics import NormalDist
from typing import TYPE_CHECKING

from artui.model.production import Arrival, Cause, CauseKind, ColumnTrack, Measure, Production, Track, WhyProduction

if TYPE_CHECKING:
    from artui.query.why.usual import Shift

CHANCE = 0.001
"""So rarely something stands out by chance alone, of all that was looked at together."""
HINT_Z = 3.5
"""What stands out less is no change; what stands out more, though not clearly, is a weak hint."""
LEAST_PSI, MODERATE_PSI = 0.05, 0.1
"""A column that drifted less than the first explains nothing; with less than the second it does if something else changed with it."""
_LEAST_RATIO: dict[Measure, float] = {"count": 1.25, "share": 1.25, "amount": 1.15}
_LEAST_SCORE = 0.005
_KINDS: dict[Measure, CauseKind] = {"count": "load", "share": "errors", "amount": "latency", "score": "quality"}
_WORTH: dict[CauseKind, float] = {"quality": 3.0, "errors": 2.0, "latency": 2.0, "drift": 1.0}
"""What it counts for a cause that this changed with it."""
_OWN_WORTH = 1.5
"""What it counts that a column or the load changed."""
_SLACK, _SLACK_SHARE = 12.0, 0.1
"""Two things began together where that is not less likely than so (twice the logarithm), or than this share of what speaks for the change."""
_RELEASE_SLACK_SHARE = 0.02
_ALONE_SLACK_SHARE = 0.3
"""The same where no other thing began near it."""
_CLEARLY = 6.0
"""So much more likely it must be that a change began with a release than with a column that drifted."""
DAY_MS = 86_400_000
_DAY_ENOUGH = 0.9
"""With less than so much of a day before, nobody knows what its hours are like."""
ARROW = "→"


@dataclass(frozen=True, slots=True)
class Changed:
    """A series or column, and how it left what is usual."""

    kind: CauseKind
    name: str
    shift: Shift
    text: str
    word: str
    """`rose`, `fell` or `drifted`."""
    is_clear: bool
    is_hint: bool
    can_be_cause: bool = False
    """Whether it is of what goes in."""

    @property
    def sentence(self) -> str:
        """Say it: `serve/errors rose 0.8 % → 2.1 %`."""
        return f"{self.name} {self.word} {self.text}"


@dataclass
class _Weighed:
    """A candidate, and what changed with it."""

    cause: Cause
    worth: float = 0.0
    strength: float = 0.0
    """Orders those of one worth."""
    effects: list[Changed] = field(default_factory=list)


def why_production(production: Production) -> WhyProduction:
    """Say why a deployment is not as it was, or that it cannot be told."""
    from artui.query.why.usual import enough_windows, shift_of_track, shifts_of_columns

    since_ms, window_ms = production.since_ms, production.window_ms
    usual_count, window_count = _counted(production)
    tests = max(1, len(production.tracks) + len(production.columns)) * max(1, window_count)
    least_z = NormalDist().inv_cdf(1 - CHANCE / (2 * tests))
    changed: list[Changed] = []
    for track in production.tracks:
        shift = shift_of_track(track, since_ms, window_ms)
        if shift is not None:
            changed.append(_of_track(track, shift, least_z))
    for place, shift in shifts_of_columns(production.columns, since_ms, window_ms).items():
        changed.append(_of_column(production.columns[place], shift, least_z))
    weighed = _weighed(production, changed)
    causes = [_told(one) for one in weighed]
    is_short = window_ms < DAY_MS / 2 and _usual_ms(production) < _DAY_ENOUGH * DAY_MS
    if is_short:
        # Whoever has not seen a whole day takes its evening for a change.
        causes = [replace(one, word="weak") if one.word == "strong" else one for one in causes]
    causes += _unchanged(production, causes, changed)
    sentence = _answer(causes, is_enough=enough_windows(usual_count), window_count=window_count, is_short=is_short)
    return WhyProduction(
        production.name, since_ms, production.until_ms, tuple(causes), sentence, window_count, usual_count
    )


def clear_change(track: Track, since_ms: int, window_ms: int) -> Changed | None:
    """Give how a series left what is usual since a moment, looked at alone; None if it did not, or nothing is known to be usual."""
    from artui.query.why.usual import shift_of_track

    shift = shift_of_track(track, since_ms, window_ms)
    if shift is None:
        return None
    least_z = NormalDist().inv_cdf(1 - CHANCE / (2 * max(1, int((track.times_ms >= since_ms).sum()))))
    changed = _of_track(track, shift, least_z)
    return changed if changed.is_clear else None


def _counted(production: Production) -> tuple[int, int]:
    """Give how many windows there are before the moment, and since."""
    every = [*(track.times_ms for track in production.tracks), *(column.times_ms for column in production.columns)]
    if not every:
        return 0, 0
    times = max(every, key=len)
    before = int((times < production.since_ms).sum())
    return before, len(times) - before


def _of_track(track: Track, shift: Shift, least_z: float) -> Changed:
    before, after = shift.before, shift.after
    if track.measure == "score":
        is_enough = abs(after - before) >= _LEAST_SCORE * max(1.0, abs(before))
        text = f"{before:.3g} {ARROW} {after:.3g}"
    else:
        ratio = max(after, before) / max(min(after, before), 1e-12)
        is_enough = ratio >= _LEAST_RATIO[track.measure]
        written = "{:.2%}" if track.measure == "share" else "{:.3g}"
        text = f"{written.format(before)} {ARROW} {written.format(after)}".replace("%", " %")
        text += f" (x {after / max(before, 1e-12):.2g})"
    name = f"{track.name} on {track.slice}" if track.slice else track.name
    z = abs(shift.z)
    return Changed(
        _KINDS[track.measure], name, shift, text, "rose" if after > before else "fell",
        is_enough and z >= least_z, is_enough and z >= HINT_Z, track.measure == "count" and not track.slice,
    )  # fmt: skip


def _of_column(column: ColumnTrack, shift: Shift, least_z: float) -> Changed:
    parts = [f"PSI {shift.psi:.2g}"]
    if column.means is not None:
        parts.append(f"mean {shift.before:.3g} {ARROW} {shift.after:.3g}")
    elif shift.moved is not None and shift.moved[0] < len(column.labels):
        place, before, after = shift.moved
        parts.append(f"{column.labels[place]} {before:.0%} {ARROW} {after:.0%}".replace("%", " %"))
    is_enough = shift.psi >= LEAST_PSI
    return Changed(
        "drift", column.name, shift, f"({', '.join(parts)})", "drifted",
        is_enough and shift.z >= least_z, is_enough and shift.z >= HINT_Z, not column.is_output,
    )  # fmt: skip


def _weighed(production: Production, changed: Sequence[Changed]) -> list[_Weighed]:
    """Give each change to what explains it, and put what explains most first."""
    given = [one for one in changed if one.can_be_cause and one.is_clear]
    symptoms = [one for one in changed if not one.can_be_cause and one.is_clear]
    by_change = {id(one): _Weighed(_cause_of(one), strength=_strength(one)) for one in given}
    by_arrival = {id(arrival): _Weighed(_cause_of_arrival(arrival)) for arrival in production.arrivals}
    alone: list[_Weighed] = []
    for symptom in symptoms:
        explainer = _explainer(symptom, given, production.arrivals)
        if explainer is None:
            alone.append(_Weighed(replace(_cause_of(symptom), word="strong"), _WORTH[symptom.kind], _strength(symptom)))
            continue
        found = by_change[id(explainer)] if isinstance(explainer, Changed) else by_arrival[id(explainer)]
        found.effects.append(symptom)
        found.worth += _WORTH[symptom.kind]
        found.strength = max(found.strength, _strength(symptom))
    for one in given:
        candidate = by_change[id(one)]
        candidate.worth += _OWN_WORTH
        is_moderate = one.kind != "drift" or one.shift.psi >= MODERATE_PSI
        candidate.cause = replace(candidate.cause, word="strong" if is_moderate or candidate.effects else "weak")
    for candidate in by_arrival.values():
        candidate.cause = replace(candidate.cause, word="strong" if candidate.effects else "weak")
    hints = [_Weighed(_cause_of(one), strength=_strength(one)) for one in changed if one.is_hint and not one.is_clear]
    every = [*by_change.values(), *by_arrival.values(), *alone, *hints]
    return sorted(every, key=lambda one: (one.cause.word != "strong", -one.worth, -one.strength, one.cause.name))


def _strength(one: Changed) -> float:
    return one.shift.psi if one.kind == "drift" else abs(one.shift.z) / 1000


def _explainer(symptom: Changed, given: Sequence[Changed], arrivals: Sequence[Arrival]) -> Changed | Arrival | None:
    """Give what began when something changed; None where nothing did."""
    strength = symptom.shift.z**2
    columns = [(symptom.shift.loss_with(one.shift), one) for one in given if _may_explain(one, symptom)]
    slack = max(_SLACK, (_SLACK_SHARE if arrivals or len(columns) > 1 else _ALONE_SLACK_SHARE) * strength)
    columns = [(loss, one) for loss, one in columns if loss <= slack]
    # When a version began to serve is known to the minute.
    releases = [(symptom.shift.loss_at(one.time_ms), one) for one in arrivals]
    releases = [(loss, one) for loss, one in releases if loss <= max(_SLACK, _RELEASE_SLACK_SHARE * strength)]
    least = min((loss for loss, _ in columns), default=float("inf"))
    release = min(releases, key=lambda pair: pair[0], default=None)
    if release is not None and release[0] + _CLEARLY < least:
        return release[1]
    # Of columns that began with it, the one that drifted most.
    return max((one for _, one in columns), key=lambda one: one.shift.psi, default=None)


def _may_explain(one: Changed, symptom: Changed) -> bool:
    if one.kind == "load":
        return symptom.kind in ("latency", "errors") and symptom.word == one.word
    return symptom.kind != "latency"


def _cause_of(one: Changed) -> Cause:
    return Cause(
        one.kind, one.name, "weak", one.shift.start_ms, one.sentence, abs(one.shift.z), end_ms=one.shift.end_ms
    )


def _cause_of_arrival(arrival: Arrival) -> Cause:
    kind: CauseKind = arrival.kinds[0] if arrival.is_compared and len(arrival.kinds) == 1 else "release"
    after = f" after {arrival.before}" if arrival.before else ""
    by = f", by {arrival.author}" if arrival.author else ""
    sentence = f"{arrival.named} was released{after} ({arrival.reason}{by})"
    if arrival.brought:
        sentence += f", with {', '.join(f'{kind} {text}' for kind, text in arrival.brought)}"
    elif arrival.before and not arrival.is_compared:
        sentence += "; what it brought is not known"
    return Cause(kind, arrival.named, "weak", arrival.time_ms, sentence)


def _told(one: _Weighed) -> Cause:
    effects = sorted(one.effects, key=lambda effect: -_WORTH[effect.kind])
    z = max([one.cause.z, *(abs(effect.shift.z) for effect in effects)])
    end_ms = effects[0].shift.end_ms if effects and one.cause.end_ms is None else one.cause.end_ms
    return replace(one.cause, z=z, end_ms=end_ms, effects=tuple(effect.sentence for effect in effects))


def _unchanged(production: Production, causes: Sequence[Cause], changed: Sequence[Changed]) -> list[Cause]:
    """Name what was looked at and did not change, each kind once."""
    named, effects = {(one.kind, one.name) for one in causes}, {effect for one in causes for effect in one.effects}
    found = []
    if not production.arrivals:
        found.append(Cause("release", "releases", "no change", None, "no version was released"))
    columns = [one for one in changed if one.kind == "drift"]
    if columns and not any(one.kind == "drift" for one in causes):
        most = max(columns, key=lambda one: one.shift.psi)
        if most.sentence not in effects:
            found.append(Cause("drift", "columns", "no change", None, f"no column drifted; most {most.name} {most.text}", abs(most.shift.z)))  # fmt: skip
    found += [
        Cause(one.kind, one.name, "no change", None, f"{one.name} is as usual", abs(one.shift.z))
        for one in changed
        if one.kind != "drift" and (one.kind, one.name) not in named and one.sentence not in effects
    ]
    return found


def _usual_ms(production: Production) -> int:
    """Give how long before the moment the first window begins."""
    every = [*(track.times_ms for track in production.tracks), *(column.times_ms for column in production.columns)]
    first_ms = min((int(times[0]) for times in every if len(times)), default=production.since_ms)
    return max(0, production.since_ms - first_ms)


def _answer(causes: Sequence[Cause], *, is_enough: bool, window_count: int, is_short: bool) -> str:
    if not window_count:
        return "Cannot tell: nothing was observed in this time."
    if not is_enough:
        return "Cannot tell: too little was observed before this time to know what is usual."
    first = causes[0] if causes and causes[0].word == "strong" else None
    if is_short and causes and causes[0].z:
        return f"Cannot tell: less than a day was observed before, and a season of the day would look the same. Most stands out: {causes[0].sentence}."
    if first is None:
        return "Cannot tell: nothing stands out from what is usual."
    if first.kind in ("errors", "latency", "quality"):
        return f"{first.sentence}, and nothing else changed with it: cannot tell why."
    return f"{first.sentence}{_with(first.effects)}."


def _with(effects: Sequence[str]) -> str:
    return f"; with it {effects_text(effects)}" if effects else ""


MOST_EFFECTS = 3
"""So many things that changed with a cause are named; the others are counted."""


def effects_text(effects: Sequence[str]) -> str:
    """Name what changed with a cause."""
    more = [f"and {len(effects) - MOST_EFFECTS} more"] if len(effects) > MOST_EFFECTS + 1 else []
    named = effects[:MOST_EFFECTS] if more else effects
    return ", ".join([*named, *more])
