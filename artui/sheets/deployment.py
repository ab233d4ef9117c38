"""Deployments as tables: what was released where, since when and why, and what went wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from artui.model.artifacts import Serving
from artui.model.deployments import Deployment, Noted, Recorded
from artui.sheets.sheet import MIDDLE_DOT, Cell, Header, Link, Row, Section, Table, Tone
from artui.units import age_text, duration_text, plural, time_text, time_texts

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
