"""Deployments as tables: what was released where, since when and why, and what went wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from artui.model.artifacts import Serving
from artui.model.deployments import Deployment, Noted, Recorded
from artui.model.drifts import DriftReport
from artui.model.observed import Observed
from artui.model.production import WhyProduction
from artui.sheets.drift import columns_section, over_time_section, quality_section, summary_text, why_sheet
from artui.sheets.profile import shape_text
from artui.sheets.sheet import (
    MIDDLE_DOT,
    Cell,
    Fact,
    Header,
    Link,
    Row,
    Section,
    Sheet,
    Table,
    Tone,
    facts_section,
    filled,
)
from artui.units import age_text, count_text, duration_text, number_text, number_texts, plural, time_text, time_texts

RELEASES, INCIDENTS = "releases", "incidents"
"""Titles of the sections of what was released, and of what went wrong."""
SEVERITY_TONES: Mapping[str, Tone] = MappingProxyType(
    {"low": "dim", "medium": "warn", "high": "bad", "critical": "bad"}
)
UNKNOWN_START = "unknown"
STILL = "serves"


def releases_section(servings: Sequence[Serving], now_ms: int, *, is_of_deployment: bool) -> Section:
    """Make a section of releases, the newest first: those of a deployment, or those of one version wherever it served."""
    on = [one for one in servings if one.recorded.is_on(now_ms)]
    about = f"{plural(len(servings), 'release')}{MIDDLE_DOT}{len(on)} on" if servings else ""
    headers = (
        Header("version" if is_of_deployment else "deployment", least=12), Header("role"), Header("share", is_right=True), Header("from"), Header("to"),
        Header("for", is_right=True), Header("reason"), Header("by", least=8), Header("approved by", least=8), Header("why", least=16),
    )  # fmt: skip
    starts = time_texts([one.recorded.release.from_ms or None for one in servings])
    ends = time_texts([one.recorded.to_ms for one in servings])
    rows = [
        _row(one, start, end, now_ms, is_of_deployment=is_of_deployment)
        for one, start, end in zip(servings, starts, ends, strict=True)
    ]
    return Section(RELEASES, about, table=Table(headers, rows))


def _row(one: Serving, start: str, end: str, now_ms: int, *, is_of_deployment: bool) -> Row:
    recorded, release = one.recorded, one.recorded.release
    is_on = recorded.is_on(now_ms)
    tone: Tone = "good" if is_on and release.role == "live" else "accent" if is_on else "dim"
    if is_of_deployment:
        link = None if one.head is None else Link("version", one.head.id)
        gone = "" if one.head is None or not one.head.state else f" ({one.head.state})"
        first = Cell(one.reference + gone, "accent" if link is not None else "plain", link)
    else:
        first = Cell(one.deployment, "accent", Link("version", one.deployment_id))
    lasted_ms = None if not release.from_ms else (min(now_ms, recorded.to_ms) if recorded.to_ms is not None else now_ms) - release.from_ms  # fmt: skip
    is_ahead = release.from_ms > now_ms
    return (
        first, Cell(release.role, "dim" if release.role == "live" else "warn"), Cell(share_text(recorded.share), tone),
        Cell(start or UNKNOWN_START, "plain" if start else "faint"), Cell("ahead" if is_ahead else STILL if is_on and recorded.to_ms is None else end, tone),
        Cell("" if lasted_ms is None or is_ahead else duration_text(lasted_ms), "dim"),
        Cell(release.reason, "bad" if release.reason == "rollback" else "plain"), Cell(recorded.author, "dim"), Cell(release.approved_by), Cell(recorded.why),
    )  # fmt: skip


def incidents_section(incidents: Sequence[Noted], servings: Sequence[Serving], now_ms: int) -> Section:
    """Make a section of incidents: the open ones first, then the newest."""
    open_count = sum(one.incident.is_open for one in incidents)
    about = f"{plural(len(incidents), 'incident')}{MIDDLE_DOT}{open_count} open" if incidents else ""
    by_release = {one.recorded.release.id: one for one in servings}
    ordered = sorted(incidents, key=lambda one: (not one.incident.is_open, -one.incident.opened_ms, one.incident.id))
    headers = (
        Header("incident", least=20), Header("severity"), Header("opened"), Header("open for", is_right=True), Header("id", least=8), Header("version"), Header("cause", least=16),
        Header("resolution", least=16), Header("rule", least=12), Header("by", least=8),
    )  # fmt: skip
    rows = []
    for one in ordered:
        incident = one.incident
        serving = by_release.get(incident.release_id)
        head = serving.head if serving is not None else None
        lasted_ms = (incident.closed_ms or now_ms) - incident.opened_ms
        rows.append(
            (
                Cell(incident.title, "strong" if incident.is_open else "plain"), Cell(incident.severity, SEVERITY_TONES.get(incident.severity, "plain")),
                Cell(time_text(incident.opened_ms)), Cell(duration_text(lasted_ms), "bad" if incident.is_open else "dim"), Cell(incident.id[-8:], "dim"),
                Cell("" if serving is None else serving.reference, "accent" if head is not None else "plain", None if head is None else Link("version", head.id)),
                Cell(incident.cause), Cell(incident.resolution), Cell(incident.rule, "dim"), Cell(one.author, "dim"),
            )
        )  # fmt: skip
    return Section(INCIDENTS, about, table=Table(headers, rows))


def served_text(serving: Sequence[Recorded], names: Mapping[str, str]) -> str:
    """Say what serves: `digits-model:v3`; with shares where several answer, and with the role of what does not: `v3 90 %, v4 10 %, v5 shadow`."""
    answering = [one for one in serving if one.release.role != "shadow"]
    said = []
    for one in serving:
        name = names.get(one.release.version_id) or one.release.named
        if one.release.role == "shadow":
            name += " shadow"
        elif len(answering) > 1 or one.share < 1:
            name += f" {share_text(one.share)}"
        if one.release.role == "challenger":
            name += " challenger"
        said.append(name)
    return ", ".join(said)


def since_text(deployment: Deployment, now_ms: int) -> str:
    """Say for how long what answers most requests has done so."""
    on = deployment.served(now_ms)
    if not on:
        return ""
    return age_text(on[0].release.from_ms, now_ms) if on[0].release.from_ms else UNKNOWN_START


def share_text(share: float) -> str:
    """Write a share of requests: `100 %`, `12.5 %`."""
    return f"{100 * share:.3g} %"


OBSERVED, WHY = "observed", "why"
"""Titles of the sections of what was observed, and of why it changed."""
_SHAPE_CELLS = 40
_MOST_QUALITY = 8
"""So many live metrics are shown; `artui drift NAME` has all."""


def deployment_sheet(
    place: Deployment, servings: Sequence[Serving], facts: Mapping[str, str], *, now_ms: int, observed: Observed | None = None, why: WhyProduction | None = None
) -> Sheet:  # fmt: skip
    """Say what serves in a deployment, what was observed there, how its data drifted, what went wrong, and what was released."""
    references = {one.recorded.release.version_id: one.reference for one in servings}
    on = place.served(now_ms)
    serves = served_text(on, references) or "nothing"
    head: list[Fact | None] = [
        Fact(
            "serves",
            f"{serves}{MIDDLE_DOT}since {since_text(place, now_ms)}" if on else serves,
            "good" if on else "warn",
        ),
        *(Fact(name, value) for name, value in facts.items()),
    ]
    report = observed.drift if observed is not None else None
    drift = (
        ()
        if report is None
        else (quality_section(report.quality[:_MOST_QUALITY]), columns_section(report), over_time_section(report))
    )
    told = (
        ()
        if why is None
        else tuple(
            Section(WHY if number == 0 else "", why.name if number == 0 else "", facts=part.facts, table=part.table)
            for number, part in enumerate(why_sheet(why).sections)
        )
    )
    return Sheet(
        place.name, MIDDLE_DOT.join(["deployment", place.project]),
        filled(
            facts_section("", head), *told, observed_section(observed), *drift, incidents_section(place.incidents, servings, now_ms),
            releases_section(servings, now_ms, is_of_deployment=True),
        ),
    )  # fmt: skip


def observed_section(observed: Observed | None) -> Section:
    """Draw what was observed over time, a series a line."""
    if observed is None:
        return Section(OBSERVED)
    if not observed.window_count:
        return Section(OBSERVED, facts=(Fact("", "nothing yet: artui monitor NAME FILE takes requests", "dim"),))
    first, last = time_texts((observed.from_ms, observed.to_ms))
    rows: list[Row] = []
    for name, points in observed.series:
        values = [value for _, value in points if value is not None]
        if not values:
            continue
        low, high, end = number_texts([min(values), max(values), values[-1]], 8)
        rows.append((Cell(name, "strong"), Cell(end, "accent"), Cell(_course(points), "accent"), Cell(low, "dim"), Cell(high, "dim")))  # fmt: skip
    headers = (Header("series"), Header("last", is_right=True), Header("over time", least=16), Header("lowest", is_right=True), Header("highest", is_right=True))  # fmt: skip
    errors = f"{MIDDLE_DOT}{count_text(observed.error_count)} errors" if observed.error_count else ""
    about = f"{plural(observed.window_count, 'window')} from {first} to {last}{MIDDLE_DOT}{plural(observed.request_count, 'request')}{errors}"
    return Section(OBSERVED, about, table=Table(headers, rows))


def _course(points: Sequence[tuple[int, float | None]]) -> str:
    """Draw values over time in a line of blocks, from nothing, or from the lowest where all are far from that; gaps stay empty."""
    each = -(-len(points) // _SHAPE_CELLS)
    parts = [[value for _, value in points[place : place + each] if value is not None] for place in range(0, len(points), each)]  # fmt: skip
    means = [sum(part) / len(part) if part else None for part in parts]
    known = [value for value in means if value is not None]
    low, high = min(known), max(known)
    floor = low - (high - low) / 7 if low > 0.5 * high else 0.0
    return "".join(" " if value is None else shape_text([value - floor], 1, most=(high - floor) or 1.0) for value in means)  # fmt: skip


def drift_text(observed_drift: DriftReport | None) -> tuple[str, Tone]:
    """Say in few words which column drifted most: `rotation 4.4 !`; nothing where none did."""
    if observed_drift is None or not observed_drift.columns:
        return "", "dim"
    first = observed_drift.columns[0]
    if first.word in ("none", "low", "unknown"):
        return "" if first.word == "unknown" else "no drift" if first.word == "none" else "low", "dim"
    value = "" if first.psi is None else f" {first.psi:.2g}"
    return f"{first.name}{value} !", "bad" if first.word in ("high", "type") else "warn"


def quality_text(report: DriftReport | None) -> tuple[str, Tone]:
    """Say how the first live metric stands beside the test: `accuracy 0.152 (0.974) ▼`."""
    if report is None or not report.quality:
        return "", "dim"
    first = report.quality[0]
    if first.test is None:
        return f"{first.name} {number_text(first.live)}", "plain"
    live, test = number_texts([first.live, first.test], 6)
    sign = ""
    if first.is_clear and first.difference and first.is_better_higher is not None:
        sign = " ▲" if (first.difference > 0) == first.is_better_higher else " ▼"
    return f"{first.name} {live} ({test}){sign}", "bad" if sign == " ▼" else "good" if sign else "plain"


def drift_summary(report: DriftReport | None) -> str:
    """Say how many columns drifted; empty where nothing is known."""
    return "" if report is None else summary_text(report)
