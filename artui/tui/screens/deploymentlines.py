"""The lines of the screen of deployments: what serves where, what went wrong, and what was released lately."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from artui.model.deployments import Deployment, Noted, Recorded
from artui.model.observed import Points
from artui.safetext import cells_of, clean
from artui.sheets.deployment import (
    SEVERITY_TONES,
    UNKNOWN_START,
    drift_text,
    quality_text,
    served_text,
    share_text,
    since_text,
)
from artui.times import time_text
from artui.tui.cells import Span, fit, fit_middle
from artui.tui.facts.sections import STYLES
from artui.tui.messages import Link
from artui.tui.widgets.bands import LEAST_CELLS, Window, band_spans, colours_of, course_text
from artui.tui.widgets.lines import BLANK, Line
from artui.units import age_text, count_text, duration_text, plural

if TYPE_CHECKING:
    from artui.model import VersionHead
    from artui.model.drifts import DriftReport
    from artui.model.observed import Observed

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
SPANS = ((DAY_MS, "last day"), (7 * DAY_MS, "last 7 days"), (30 * DAY_MS, "last 30 days"), (90 * DAY_MS, "last 90 days"), (365 * DAY_MS, "last year"))  # fmt: skip
"""The times that bands may stand for, with their words; behind them comes all time."""
ALL = "all time"
_USUAL = 2
"""The place of the span that is shown at first, unless all fits into a shorter one or nothing into it."""
_NAME_CELLS = 12, 34
_SERVES_CELLS = 6, 40
_OTHER_CELLS = 15
"""What stands beside name, versions and band: a sign, the age, and blanks."""
_TITLE_CELLS = 60
_MOST_RELEASES = 500
_TALL_ROWS = 5
"""Lines of a deployment that is drawn over the whole width, with a blank one."""
_SAID = ("live (test)", "drift")
"""Titles of what is said of the last day that was observed."""
WIDE_CELLS = 100
"""From so many cells on, versions are named with their artifact, and incidents with what was found."""


@dataclass(frozen=True)
class Places:
    """What the screen shows."""

    places: Sequence[Deployment] = ()
    heads: Mapping[str, VersionHead] = field(default_factory=dict)
    """By id the versions that were released, as far as the catalog has them."""
    lately: Mapping[str, DriftReport | None] = field(default_factory=dict)
    """By id of the deployment, what was observed there last, as far as it was read."""
    observed: Mapping[str, Observed] = field(default_factory=dict)
    """Likewise, what was observed over time."""

    @cached_property
    def colours(self) -> dict[str, str]:
        """By id, the colour that a version has everywhere."""
        return colours_of(self.places)

    @property
    def open_count(self) -> int:
        """How many incidents are open."""
        return sum(noted.incident.is_open for place in self.places for noted in place.incidents)

    def reference(self, one: Recorded) -> str:
        """Name the version of a release."""
        head = self.heads.get(one.release.version_id)
        return clean(one.release.named if head is None else head.reference, max_chars=200)

    def short(self, version_id: str, named: str = "") -> str:
        """Name a version among those of its artifact: `v3`."""
        head = self.heads.get(version_id)
        return clean(named.rpartition(":")[2] if head is None else head.version, max_chars=40)


def first_span(places: Sequence[Deployment], now_ms: int) -> int:
    """Give the place of the span that is shown at first: 30 days, less where all is younger, more where all is older."""
    starts = [one.release.from_ms for place in places for one in place.releases if 0 < one.release.from_ms <= now_ms]
    if not starts:
        return _USUAL
    oldest, newest = now_ms - min(starts), now_ms - max(starts)
    for number, (span_ms, _) in enumerate(SPANS):
        if oldest <= span_ms or (number >= _USUAL and newest <= span_ms):
            return number
    return len(SPANS)


def span_text(span: int) -> str:
    """Say which time the bands stand for."""
    return SPANS[span][1] if span < len(SPANS) else ALL


def window_of(places: Sequence[Deployment], span: int, now_ms: int) -> Window:
    """Give the time that the bands stand for."""
    if span < len(SPANS):
        return Window(now_ms - SPANS[span][0], now_ms)
    starts = [one.release.from_ms for place in places for one in place.releases if one.release.from_ms]
    return Window(min([*starts, now_ms - DAY_MS]), now_ms)


def summary_spans(shown: Places, span: int) -> list[Span]:
    """Say how many there are, and what is open."""
    spans: list[Span] = [(f" {plural(len(shown.places), 'deployment')}", "text")]
    if shown.open_count:
        spans.append((f" · {plural(shown.open_count, 'incident')} open", "bad"))
    spans.append((f" · {span_text(span)}", "dim"))
    return spans


def deployment_lines(shown: Places, *, span: int, now_ms: int, cells: int, rows: int) -> list[Line]:
    """Give all lines: a deployment each, then incidents, then releases.

    Where half of the rows have room for it, each deployment has its band, its metric and its drift over the whole width.
    """
    window = window_of(shown.places, span, now_ms)
    is_tall = len(shown.places) * _TALL_ROWS <= max(_TALL_ROWS, rows // 2)
    make = _tall_place_lines if is_tall else _place_lines
    return [
        *make(shown, window, now_ms=now_ms, cells=cells),
        *_incident_lines(shown, window, now_ms=now_ms, cells=cells),
        *_release_lines(shown, window, now_ms=now_ms, cells=cells),
    ]


def _place_lines(shown: Places, window: Window, *, now_ms: int, cells: int) -> list[Line]:
    names = [clean(place.name, max_chars=200) for place in shown.places]
    on = [place.served(now_ms) for place in shown.places]
    whole = [
        served_text(ones, {one.release.version_id: shown.reference(one) for one in ones}) or "nothing" for ones in on
    ]
    short = [
        served_text(ones, {one.release.version_id: shown.short(one.release.version_id, one.release.named) for one in ones}) or "nothing"
        for ones in on
    ]  # fmt: skip
    since = [since_text(place, now_ms) for place in shown.places]
    name_cells = _within(max(map(cells_of, names)), *_NAME_CELLS)
    # At least a third of the line shows what happened.
    room = min(_SERVES_CELLS[1], cells - name_cells - _OTHER_CELLS - max(LEAST_CELLS, cells // 3))
    serves = whole if max(map(cells_of, whole)) <= room else short
    serves_cells = _within(max(map(cells_of, serves)), _SERVES_CELLS[0], max(_SERVES_CELLS[0], room))
    said = [_lately(shown, place) for place in shown.places]
    said_cells = [_widest(title, [pair[column][0] for pair in said]) for column, title in enumerate(_SAID)]
    beside = sum(width + 2 for width in said_cells if width)
    band_cells = cells - name_cells - serves_cells - _OTHER_CELLS - beside
    # Where there is no room beside the band, it stands below.
    is_below = bool(beside) and band_cells < max(24, cells // 5)
    band_cells += beside if is_below else 0
    head: list[Span] = [
        (f"   {fit('deployment', name_cells)}  {fit('serves', serves_cells)}  {fit('since', 5, right=True)}  ", "head"),
        (fit(_axis_text(window, band_cells), band_cells), "head"),
    ]
    if beside and not is_below:
        head += [(f"  {fit(title, width)}", "head") for title, width in zip(_SAID, said_cells, strict=True) if width]
    lines = [Line(head)]
    for place, name, text, age, ones, pair in zip(shown.places, names, serves, since, on, said, strict=True):
        open_count = sum(noted.incident.is_open for noted in place.incidents)
        sign: Span = (" ! ", "bad") if open_count else ("   ", "text")
        style = shown.colours[ones[0].release.version_id] if ones else "dim"
        spans: list[Span] = [
            sign, (fit_middle(name, name_cells), "accent"), ("  ", "text"), (fit(text, serves_cells), style), ("  ", "text"),
            (fit("" if not ones else age, 5, right=True), "dim"), ("  ", "text"),
            *band_spans(
                place, window, band_cells, names={one.release.version_id: shown.short(one.release.version_id, one.release.named) for one in place.releases}, colours=shown.colours,
            ),
        ]  # fmt: skip
        if not is_below:
            spans += [
                (f"  {fit(words, width)}", style)
                for (words, style), width in zip(pair, said_cells, strict=True)
                if width
            ]
        lines.append(Line(spans, Link("version", place.version_id)))
        if is_below and any(words for words, _ in pair):
            lines.append(Line([("     ", "text"), *((f"{words}   ", style) for words, style in pair if words)]))
    return lines


def _widest(title: str, texts: Sequence[str]) -> int:
    """Give how wide a column is; 0 where it has nothing."""
    return max(map(cells_of, [title, *texts])) if any(texts) else 0


def _lately(shown: Places, place: Deployment) -> tuple[Span, Span]:
    """Say how good it is live, and what drifted, by the last day that was observed."""
    report = shown.lately.get(place.version_id)
    (quality, tone), (drift, drift_tone) = quality_text(report), drift_text(report)
    return (clean(quality, max_chars=60), STYLES[tone]), (clean(drift, max_chars=40), STYLES[drift_tone])


def _tall_place_lines(shown: Places, window: Window, *, now_ms: int, cells: int) -> list[Line]:
    """Give of each deployment what it serves and how it does, and below it over time its versions, its metric, and how far its data drifted."""
    lines: list[Line] = []
    label_cells = _within(
        max((cells_of(label) for place in shown.places for label, *_ in _courses(shown, place)), default=0), 6, 18
    )
    band_cells = max(LEAST_CELLS, cells - label_cells - 6)
    for number, place in enumerate(shown.places):
        on = place.served(now_ms)
        serves = served_text(on, {one.release.version_id: shown.reference(one) for one in on}) or "nothing"
        open_count = sum(noted.incident.is_open for noted in place.incidents)
        head: list[Span] = [
            (" ! ", "bad") if open_count else ("   ", "text"), (clean(place.name, max_chars=100), "accent"), ("  ", "text"),
            (serves, shown.colours[on[0].release.version_id] if on else "warn"), (f"  since {since_text(place, now_ms)}" if on else "", "dim"),
            *((f"   {words}", style) for words, style in _lately(shown, place) if words),
        ]  # fmt: skip
        names = {
            one.release.version_id: shown.short(one.release.version_id, one.release.named) for one in place.releases
        }
        lines += [BLANK] if number else []
        lines.append(Line(head, Link("version", place.version_id)))
        lines.append(Line([(f"   {fit('', label_cells)}  ", "text"), *band_spans(place, window, band_cells, names=names, colours=shown.colours)]))  # fmt: skip
        observed = shown.observed.get(place.version_id)
        length_ms = observed.window_ms if observed is not None else 0
        for label, points, style, from_zero in _courses(shown, place):
            text = course_text(points, window, band_cells, length_ms=length_ms, from_zero=from_zero)
            lines.append(Line([(f"   {fit(clean(label, max_chars=60), label_cells)}  ", "dim"), (text, style)]))
    axis = fit(_axis_text(window, band_cells), band_cells)
    return [Line([(f"   {fit('deployment', label_cells)}  ", "head"), (axis, "head")]), *lines]


def _courses(shown: Places, place: Deployment) -> list[tuple[str, Points, str, bool]]:
    """Give what is drawn below a band: the first live metric, and the drift of the column that drifted most."""
    observed = shown.observed.get(place.version_id)
    if observed is None or not observed.window_count:
        return []
    found: list[tuple[str, Points, str, bool]] = [
        (name, points, "accent", name.startswith("serve/")) for name, points in observed.series[:1]
    ]
    if observed.drift is not None:
        for name, points in list(observed.drift.over_time.items())[:1]:
            found.append((f"drift {name}", points, "warn", True))
    return found


def _axis_text(window: Window, cells: int) -> str:
    """Say when a band begins, and that it ends now."""
    span_ms = window.to_ms - window.from_ms
    begin = time_text(window.from_ms)[:10] if span_ms > 2 * DAY_MS else time_text(window.from_ms)[:16]
    return begin + "now".rjust(max(4, cells - len(begin)))


def _within(cells: int, least: int, most: int) -> int:
    return max(least, min(cells, most))


def _incident_lines(shown: Places, window: Window, *, now_ms: int, cells: int) -> list[Line]:
    """Give the open incidents, and those that were closed within the window."""
    every = [(place, noted) for place in shown.places for noted in place.incidents]
    chosen = [
        (place, noted) for place, noted in every if noted.incident.is_open or noted.incident.closed_ms >= window.from_ms
    ]
    if not chosen:
        return []
    chosen.sort(key=lambda pair: (not pair[1].incident.is_open, -pair[1].incident.opened_ms, pair[1].incident.id))
    open_count = sum(noted.incident.is_open for _, noted in chosen)
    title: list[Span] = [(" incidents", "bold"), (f"  {open_count} open, {len(chosen) - open_count} closed", "dim")]
    standings = [_standing_text(noted, now_ms) for _, noted in chosen]
    titles = [clean(noted.incident.title, max_chars=200) for _, noted in chosen]
    standing_cells = max(map(cells_of, standings))
    severity_cells = max(cells_of(clean(noted.incident.severity, max_chars=20)) for _, noted in chosen)
    room = cells - 20 - severity_cells - standing_cells - (24 if cells >= WIDE_CELLS else 0)
    title_cells = _within(max(map(cells_of, titles)), 8, min(_TITLE_CELLS, room))
    lines = [BLANK, Line(title)]
    for (place, noted), text, standing in zip(chosen, titles, standings, strict=True):
        incident = noted.incident
        is_open, severity = incident.is_open, clean(incident.severity, max_chars=20)
        released = place.release(incident.release_id)
        tone = STYLES.get(SEVERITY_TONES.get(severity, "plain"), "text")
        rest = [clean(place.name, max_chars=100)]
        if released is not None:
            rest.append(shown.short(released.release.version_id, released.release.named))
        rest += [clean(words, max_chars=400) for words in (incident.cause, incident.resolution) if words]
        spans: list[Span] = [
            (" ! " if is_open else " ✓ ", "bad" if is_open else "dim"), (f"{time_text(incident.opened_ms)[5:16]}  ", "dim"),
            (fit_middle(text, title_cells), "text" if is_open else "dim"), ("  ", "text"),
            (fit(severity, severity_cells), tone if is_open else "dim"), ("  ", "text"),
            (fit(standing, standing_cells), "bad" if is_open else "dim"), ("  " + " · ".join(rest), "dim"),
        ]  # fmt: skip
        lines.append(Line(spans, Link("fold", f"incident:{place.version_id}:{incident.id}")))
    return lines


def _standing_text(noted: Noted, now_ms: int) -> str:
    """Say for how long an incident has been open, or was."""
    incident = noted.incident
    lasted = duration_text((incident.closed_ms or now_ms) - incident.opened_ms)
    return f"open {lasted}" if incident.is_open else f"closed after {lasted}"


def _release_lines(shown: Places, window: Window, *, now_ms: int, cells: int) -> list[Line]:
    """Give the releases, the newest first, with what each replaced, who noted it and why."""
    every = [(place, one) for place in shown.places for one in place.releases]
    every.sort(key=lambda pair: (pair[1].release.from_ms, pair[1].time_ms), reverse=True)
    chosen = [pair for pair in every if pair[1].release.from_ms >= window.from_ms][:_MOST_RELEASES] or every[:1]
    if not chosen:
        return []
    older = len(every) - len(chosen)
    title: list[Span] = [
        (" releases", "bold"),
        (f"  {count_text(len(chosen))}{f', and {count_text(older)} before' if older else ''}", "dim"),
    ]
    names = [clean(place.name, max_chars=200) for place, _ in chosen]
    versions = [
        shown.reference(one) if cells >= WIDE_CELLS else shown.short(one.release.version_id, one.release.named)
        for _, one in chosen
    ]
    reasons = [_reason_text(one) for _, one in chosen]
    name_cells = _within(max(map(cells_of, names)), *_NAME_CELLS)
    version_cells = _within(max(map(cells_of, versions)), 2, 40)
    reason_cells = max(map(cells_of, reasons))
    lines = [BLANK, Line(title)]
    for (_, one), name, version, reason in zip(chosen, names, versions, reasons, strict=True):
        release = one.release
        is_on = one.is_on(now_ms)
        style = shown.colours[release.version_id] if is_on else "dim"
        age = age_text(release.from_ms, now_ms) if release.from_ms else UNKNOWN_START
        spans: list[Span] = [
            (" ● " if is_on else "   ", style), (fit(age, 7, right=True), "dim"), ("  ", "text"), (fit_middle(version, version_cells), style), ("  ", "text"),
            (fit_middle(name, name_cells), "text" if is_on else "dim"), ("  ", "text"), (fit(reason, reason_cells), "bad" if release.reason == "rollback" else "text" if is_on else "dim"),
        ]  # fmt: skip
        rest = " · ".join(filter(None, (clean(one.why, max_chars=400), clean(one.author, max_chars=60), f"approved by {clean(release.approved_by, max_chars=60)}" if release.approved_by else "")))  # fmt: skip
        spans.append(("  " + rest, "text" if is_on else "dim"))
        head = shown.heads.get(release.version_id)
        lines.append(Line(spans, None if head is None else Link("version", head.id)))
    return lines


def _reason_text(one: Recorded) -> str:
    """Say why a version was released, and how if it does not answer all."""
    release = one.release
    how: list[str] = [] if release.role == "live" else [release.role]
    how += [share_text(release.share)] if release.share < 1 else []
    return " ".join([*how, clean(release.reason, max_chars=20)])


def empty_lines() -> list[Line]:
    """Explain a catalog in which nothing was released."""
    return [
        BLANK,
        Line([("   Nothing serves anywhere, as far as this catalog knows.", "bold")]),
        BLANK,
        Line([("   artui deploy MODEL --to fraud-api/production", "key"), ("  notes that a version does; d here does the same.", "dim")]),
        Line([("   run.deploy(\"model:v3\", to=\"fraud-api/production\")", "key"), ("  does it from a program.", "dim")]),
    ]  # fmt: skip
