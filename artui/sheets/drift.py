"""How far columns drifted, how good the model is live beside its test, and why production changed."""

from __future__ import annotations

from collections.abc import Sequence

from artui.model.drifts import DriftReport, DriftSide, Quality
from artui.model.production import Cause, Raised, Told, WhyProduction
from artui.model.profiles import ColumnDrift
from artui.sheets.difference import DRIFT_HEADERS, drift_row
from artui.sheets.profile import column_table, shape_text
from artui.sheets.sheet import (
    ARROW,
    MIDDLE_DOT,
    NOTHING,
    Cell,
    Fact,
    Header,
    Row,
    Section,
    Sheet,
    Table,
    Tone,
    facts_section,
    filled,
)
from artui.units import count_text, number_text, plural, time_texts

_MOST_NAMES = 8
_SHAPE_CELLS = 30
_MOST_EFFECTS = 3
"""So many things that changed with a cause are named; the others are counted."""
COLUMNS, OVER_TIME, QUALITY = "columns by drift", "drift over time", "quality"
"""Titles of the sections."""
_CALM = ("none", "unknown")
TONES: dict[Told, Tone] = {"strong": "bad", "weak": "warn", "no change": "dim"}
_QUALITY_HEADERS = (
    Header("metric"), Header("live", is_right=True), Header("test", is_right=True), Header("difference", is_right=True), Header("", is_right=True, is_after=True),
    Header("truths", is_right=True), Header("tested by"),
)  # fmt: skip


def drift_sheet(report: DriftReport, *, column: str = "") -> Sheet:
    """Say how far one side is from another: the columns that drifted most beyond chance first.

    Args:
        report: what was found.
        column: the name of one of its columns, of which all is said; the others are left out.
    """
    title = f"{report.before.title} {ARROW} {report.after.title}"
    if column:
        chosen = [one for one in report.columns if one.name == column]
        return Sheet(title, column, filled(_sides_section(report), *(_column_section(report, one) for one in chosen)))
    return Sheet(
        title, summary_text(report),
        filled(_sides_section(report), quality_section(report.quality), columns_section(report), over_time_section(report)),
    )  # fmt: skip


def summary_text(report: DriftReport) -> str:
    """Say in a few words how many columns drifted: `drift high in 1 of 65 columns`."""
    if not report.columns:
        return "no column in common"
    counted = [one for one in report.columns if one.word not in _CALM]
    of = plural(report.compared_count, "column")
    if not counted:
        return f"no drift in {of}"
    words = list(dict.fromkeys(one.word for one in counted))
    worst = min(words, key=lambda word: (*("type", "high", "moderate", "new value", "gone value"), word).index(word))
    return f"drift {worst} in {count_text(sum(one.word == worst for one in counted))} of {of}"


def _sides_section(report: DriftReport) -> Section:
    facts: list[Fact | None] = [
        Fact(label, _side_text(side)) for label, side in (("before", report.before), ("after", report.after))
    ]
    facts.append(Fact("serves", report.served))
    for label, names in (("gone", report.only_before), ("new", report.only_after)):
        more = f" and {count_text(len(names) - _MOST_NAMES)} more" if len(names) > _MOST_NAMES else ""
        facts.append(Fact(f"{label} columns", f"{', '.join(names[:_MOST_NAMES])}{more}" if names else "", "dim"))
    return facts_section("", facts)


def _side_text(side: DriftSide) -> str:
    parts = [side.title + (f" on {side.slice}" if side.slice else ""), plural(side.row_count, "row")]
    if side.window_count and side.from_ms is not None and side.to_ms is not None:
        first, last = time_texts((side.from_ms, side.to_ms))
        parts.append(f"{plural(side.window_count, 'window')} from {first} to {last}")
        if side.sketched_count < side.window_count:
            parts.append(f"columns of {count_text(side.sketched_count)} of them")
    return MIDDLE_DOT.join([*parts, *([side.basis] if side.basis else [])])


def columns_section(report: DriftReport) -> Section:
    """Say how far each column drifted; calm ones are counted."""
    shown = [one for one in report.columns if one.word not in _CALM]
    calm = report.compared_count - len(shown)
    facts = [Fact("", f"{plural(calm, 'column')} without drift" if shown else f"no drift in {plural(calm, 'column')}", "dim")] if calm else []  # fmt: skip
    if not shown:
        return Section(COLUMNS, facts=tuple(facts))
    # How sure it is stands beside the index.
    headers = (*DRIFT_HEADERS[:3], Header("by chance", is_right=True), *DRIFT_HEADERS[3:])
    rows = [_drift_cells(one) for one in shown]
    said = [place for place in range(len(headers)) if any(row[place].text not in ("", NOTHING) for row in rows)]
    table = Table(tuple(headers[place] for place in said), [tuple(row[place] for place in said) for row in rows], says_most_first=True)  # fmt: skip
    return Section(COLUMNS, facts=tuple(facts), table=table)


def _drift_cells(one: ColumnDrift) -> Row:
    cells = drift_row(one)
    chance = NOTHING if one.psi_by_chance is None else f"{one.psi_by_chance:.2g}"
    return (*cells[:3], Cell(chance, "dim"), *cells[3:])


def _column_section(report: DriftReport, one: ColumnDrift) -> Section:
    return column_table([(report.before.title, one.before), (report.after.title, one.after)], one)


def over_time_section(report: DriftReport) -> Section:
    """Draw the drift of the columns that drifted most, window by window."""
    rows: list[Row] = []
    for name, points in report.over_time.items():
        values = [value for _, value in points if value is not None]
        if len(values) < 2:
            continue
        texts = time_texts((max(points, key=lambda point: point[1] or 0.0)[0],))
        drawn = [value or 0.0 for _, value in points]
        rows.append((
            Cell(name, "strong"), Cell(shape_text(_means(drawn), _SHAPE_CELLS), "accent"), Cell(f"{max(values):.3g}"), Cell(texts[0]),
        ))  # fmt: skip
    headers = (Header("column"), Header("PSI of each window", least=12), Header("most", is_right=True), Header("at"))
    return Section(OVER_TIME, table=Table(headers, rows) if rows else None)


def _means(values: Sequence[float]) -> list[float]:
    """Put neighbours together where there is no room for each: their mean, as drawings fold by adding."""
    each = -(-len(values) // _SHAPE_CELLS)
    return [sum(part) / len(part) for place in range(0, len(values), each) if (part := values[place : place + each])]


def quality_section(quality: Sequence[Quality]) -> Section:
    """Put live metrics beside those of the test, with what chance may do."""
    rows = [_quality_row(one) for one in quality]
    return Section(QUALITY, table=Table(_QUALITY_HEADERS, rows) if rows else None)


def _quality_row(one: Quality) -> Row:
    difference, tone = one.difference, "plain"
    if one.is_clear and difference is not None and one.is_better_higher is not None:
        tone = "good" if (difference > 0) == one.is_better_higher else "bad"
    sure = "" if one.uncertainty is None else f"±{one.uncertainty:.2g}" + ("" if one.is_clear else ", may be chance")
    return (
        Cell(one.name, "strong"), Cell(number_text(one.live)), Cell(NOTHING if one.test is None else number_text(one.test)),
        Cell(NOTHING if difference is None else f"{difference:+.3g}".replace("-", "−"), tone),  # type: ignore[arg-type]
        Cell(sure, "dim"), Cell(count_text(one.live_count)), Cell(one.test_run or NOTHING, "dim"),
    )  # fmt: skip


def why_sheet(why: WhyProduction) -> Sheet:
    """Say why production changed: the answer, then all that was looked at, what explains most first."""
    since, until = time_texts((why.since_ms, why.until_ms))
    about = f"since {since}, until {until}"
    headers = (Header("", is_right=True), Header("what changed", least=30), Header("from"), Header("until"), Header(""))
    changed = [one for one in why.causes if one.word != "no change"]
    rows = [_cause_row(place + 1, one) for place, one in enumerate(changed)]
    if calm := [one for one in why.causes if one.word == "no change"]:
        rows.append((Cell(""), Cell(_calm_text(calm), "dim"), Cell(""), Cell(""), Cell("no change", "dim")))
    cause = why.cause
    facts = (
        Fact("", why.sentence, "strong"),
        Fact("from", time_texts((cause.time_ms,))[0] if cause is not None else ""),
        Fact("", f"{plural(why.window_count, 'window')} against {plural(why.usual_count, 'window')} before", "dim"),
    )
    return Sheet(
        why.name, about,
        filled(facts_section("", facts), Section("ranked by evidence", table=Table(headers, rows) if rows else None)),
    )  # fmt: skip


def _calm_text(calm: Sequence[Cause]) -> str:
    """Say in one line what did not change: series by their names, the others as they are told."""
    usual = [one.name for one in calm if one.kind not in ("release", "drift")]
    told = [one.sentence for one in calm if one.kind in ("release", "drift")]
    return "; ".join([*told, *([f"as usual: {', '.join(usual)}"] if usual else [])])


def _cause_row(number: int, one: Cause) -> Row:
    times = time_texts((one.time_ms, one.end_ms)) if one.time_ms is not None else ("", "")
    more = len(one.effects) - _MOST_EFFECTS
    named = one.effects[:_MOST_EFFECTS] if more > 1 else one.effects
    with_it = f"; with it {', '.join([*named, *([f'and {more} more'] if more > 1 else [])])}" if one.effects else ""
    return (
        Cell(str(number), "dim"), Cell(f"{one.sentence}{with_it}"), Cell(times[0]), Cell(times[1], "dim"),
        Cell(one.word, TONES[one.word]),
    )  # fmt: skip


def raised_section(found: Sequence[Raised]) -> Section:
    """Say which rules hold in a deployment, since when and what shows it; those that held come after."""
    headers = (Header("rule"), Header("on", least=8), Header("from"), Header("until"), Header("evidence", least=20))
    rows = [_raised_row(one) for one in found]
    return Section("rules", table=Table(headers, rows) if rows else None)


def _raised_row(one: Raised) -> Row:
    first, last = time_texts((one.time_ms, one.end_ms))
    return (
        Cell(one.rule, "strong"), Cell(f"{one.name} on {one.slice}" if one.slice else one.name), Cell(first),
        Cell("holds" if one.is_going else last, "bad" if one.is_going else "dim"), Cell(one.evidence),
    )  # fmt: skip
