"""The verdicts of a version as a table: what was asked, what was found, and whether it was asked before it was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from artui.model import VersionHead
from artui.model.criteria import Answer, Defined, Measured, Verdict, met_text
from artui.sheets.sheet import MIDDLE_DOT, Cell, Header, Link, Row, Section, Table, Tone
from artui.units import age_text, count_text, duration_text, number_text, param_text

SIGNS: Mapping[Answer, str] = MappingProxyType({"met": "✓", "missed": "✗", "unknown": "?"})
TONES: Mapping[Answer, Tone] = MappingProxyType({"met": "good", "missed": "bad", "unknown": "warn"})
CRITERIA, REQUIREMENTS = "criteria", "requirements"
"""Titles of the sections of what a requirement asks for, and of what is found of a version."""
HEADERS = (
    Header("criterion"), Header("condition", least=24), Header("verdict"), Header("measured", is_right=True, least=10), Header("by", least=8),
    Header("defined"), Header("remark", least=12),
)  # fmt: skip


def verdicts_section(verdicts: Sequence[Verdict], title: str = REQUIREMENTS) -> Section:
    """Make a section of what is found of each criterion; where all are of one requirement, that is named once."""
    requirements = {verdict.defined.artifact for verdict in verdicts}
    about = summary_text(verdicts) + (f"{MIDDLE_DOT}{next(iter(requirements))}" if len(requirements) == 1 else "")
    rows = [_row(verdict, is_alone=len(requirements) == 1) for verdict in verdicts]
    return Section(title, about, table=Table(HEADERS, rows))


def criteria_text(count: int) -> str:
    """Say `1 criterion`, `6 criteria`."""
    return "1 criterion" if count == 1 else f"{count_text(count)} criteria"


def summary_text(verdicts: Sequence[Verdict]) -> str:
    """Say how many criteria are met, missed and unknown: `5 of 6 criteria met, 1 missed`."""
    if not verdicts:
        return "no criterion is about it"
    count = {answer: sum(verdict.answer == answer for verdict in verdicts) for answer in SIGNS}
    waived = sum(verdict.waiver is not None for verdict in verdicts)
    parts = [f"{count['met']} of {criteria_text(len(verdicts))} met"]
    parts += [f"{count[answer]} {answer}" for answer in ("missed", "unknown") if count[answer]]
    return ", ".join(parts) + (f" ({waived} overridden)" if waived else "")


def _row(verdict: Verdict, *, is_alone: bool) -> Row:
    tone = TONES[verdict.answer]
    return (
        Cell(verdict.defined.criterion.name if is_alone else verdict.defined.key, "strong"),
        Cell(verdict.defined.criterion.written),
        Cell(f"{SIGNS[verdict.answer]} {verdict.answer}{', overridden' if verdict.waiver is not None else ''}", tone),
        Cell(MIDDLE_DOT.join(_measured(one, is_alone=len(verdict.measured) == 1) for one in verdict.measured), tone if verdict.measured else "faint"),
        _by(verdict.measured),
        _defined(verdict),
        Cell(remark_text(verdict), "warn" if verdict.waiver is not None else "dim"),
    )  # fmt: skip


def satisfied_text(verdicts: Sequence[Verdict], requirement: str) -> str:
    """Say how many criteria of one requirement are met, of how many: `3 of 4`; empty where none of them is about it."""
    return met_text([verdict for verdict in verdicts if verdict.defined.artifact == requirement])


def value_text(one: Measured) -> str:
    """Say what was measured: a metric with as many digits as tell it, a param as it was typed."""
    if isinstance(one.value, float):
        return number_text(one.value)
    return param_text(one.value) if isinstance(one.value, str | int | bool | list | dict) else "none"


def _measured(one: Measured, *, is_alone: bool) -> str:
    return value_text(one) if is_alone else f"{one.field} {value_text(one)}"


def _by(measured: Sequence[Measured]) -> Cell:
    runs = {one.run_id: one.run for one in measured}
    link = Link("run", next(iter(runs))) if len(runs) == 1 else None
    return Cell(", ".join(runs.values()), "accent" if link is not None else "plain", link)


def _defined(verdict: Verdict) -> Cell:
    if verdict.begun_ms is None:
        return Cell("", "faint")
    apart_ms = verdict.begun_ms - verdict.defined.since_ms
    if apart_ms > 0:
        return Cell(f"{duration_text(apart_ms)} before", "dim")
    return Cell(f"{duration_text(-apart_ms)} after !", "warn")


def remark_text(verdict: Verdict) -> str:
    """Say by how much it is missed, why it is unknown, or who lets it pass and why."""
    parts = [
        f"missed by {number_text(one.short_by, 2)}"
        for one in verdict.measured
        if verdict.answer == "missed" and one.short_by
    ]
    if verdict.why:
        parts.append(verdict.why)
    if verdict.waiver is not None:
        parts.append(f"overridden by {verdict.waiver.author}" + (f": {verdict.waiver.why}" if verdict.waiver.why else ""))  # fmt: skip
    return MIDDLE_DOT.join(parts)


def criteria_section(
    criteria: Sequence[Defined], judged: Sequence[tuple[VersionHead, Sequence[Verdict]]], now_ms: int
) -> Section:
    """Make a section of what a requirement asks for, since when, and how the versions that it is about stand."""
    names = {head.artifact for head, _ in judged}
    headers = [Header("criterion"), Header("condition", least=24), Header("since", is_right=True)]
    headers += [Header(_version_title(head, is_alone=len(names) == 1), is_right=True) for head, _ in judged]
    headers += [Header("of"), Header("about"), Header("by")]
    by_key = [{verdict.defined.key: verdict for verdict in verdicts} for _, verdicts in judged]
    rows = [
        (
            Cell(one.criterion.name, "strong"), Cell(one.criterion.condition), Cell(age_text(one.since_ms, now_ms), "dim"),
            *(_found(verdicts.get(one.key)) for verdicts in by_key),
            Cell(one.criterion.subject, "dim"), Cell(", ".join(one.criterion.artifacts) or "every model", "dim"), Cell(one.author, "dim"),
        )
        for one in criteria
    ]  # fmt: skip
    return Section(CRITERIA, table=Table(tuple(headers), rows))


def _version_title(head: VersionHead, *, is_alone: bool) -> str:
    aliases = [alias for alias in head.aliases if alias != "latest"]
    return " ".join([head.version if is_alone else head.reference, *aliases[:1]])


def _found(verdict: Verdict | None) -> Cell:
    return Cell(matrix_cell(verdict), "faint" if verdict is None else TONES[verdict.answer])


def matrix_cell(verdict: Verdict | None) -> str:
    """Say in a few letters what was found: `0.912 ✓`, `0.842 ✗`, `?`; nothing where the criterion is not about it."""
    if verdict is None:
        return ""
    sign = SIGNS[verdict.answer] + ("*" if verdict.waiver is not None else "")
    return f"{value_text(verdict.measured[0])} {sign}" if len(verdict.measured) == 1 else sign
