"""A run that is made again: what was prepared, and whether its numbers came back."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from artui.model.reproduction import Came, Cause, MetricOutcome, Outcome, Prepared
from artui.sheets.again import audit_section
from artui.sheets.sheet import Cell, Fact, Header, Section, Table, Tone
from artui.units import number_text, plural

MOST_CAUSES = 20
_CAME: dict[Came, tuple[str, Tone]] = {
    "same": ("✓ the same", "good"), "close": ("✓ within tolerance", "good"), "differs": ("✗ differs", "bad"), "missing": ("✗ missing", "bad"),
    "varies": ("– of time or machine", "dim"),
}  # fmt: skip


def prepared_sections(prepared: Prepared) -> list[Section]:
    """Say what is in the folder, what is missing, and how to go on."""
    sections = [audit_section(prepared.parts)]
    if prepared.changed:
        sections.append(
            Section("changed in the folder", lines=tuple(prepared.changed[:MOST_CAUSES]), left_out_count=max(0, len(prepared.changed) - MOST_CAUSES))
        )  # fmt: skip
    if prepared.notes:
        sections.append(Section("to know", lines=prepared.notes))
    facts = [Fact("folder", str(prepared.folder))]
    if prepared.command:
        facts += [Fact("runs in", prepared.directory), Fact("command", shlex.join(prepared.command))]
        variables = "  ".join(f"{name}={value}" for name, value in prepared.variables.items())
        facts += [Fact("variables", variables)] if variables else []
    return [*sections, Section("what would run", facts=tuple(facts))]


def outcome_sections(outcome: Outcome) -> list[Section]:
    """Say metric by metric what came back, what was made, and what was not the same."""
    metrics = sorted(outcome.metrics, key=lambda metric: (metric.came in ("same", "close"), metric.came == "varies"))
    headers = (Header("metric"), Header("came back"), Header("before", True), Header("now", True), Header("difference", True), Header("from step", True), Header("points", True))  # fmt: skip
    sections = (
        [Section("metrics", table=Table(headers, [_metric_row(metric) for metric in metrics]))] if metrics else []
    )
    if outcome.outputs:
        rows = [
            (Cell(output.artifact), Cell(output.before), Cell(output.after or "not made"), Cell("the same bytes", "good") if output.is_same else Cell("other bytes" if output.after else "", "dim"))
            for output in outcome.outputs
        ]  # fmt: skip
        sections.append(
            Section("made", table=Table((Header("artifact"), Header("before"), Header("now"), Header("")), rows))
        )
    if outcome.causes:
        causes = [
            (Cell(cause.ingredient, "strong"), Cell(cause.name), Cell(cause.before or "none", "dim"), Cell(cause.after or "none"))
            for cause in outcome.causes[:MOST_CAUSES]
        ]  # fmt: skip
        sections.append(
            Section(
                "what was not the same", table=Table((Header("ingredient"), Header("name"), Header("before"), Header("now")), causes),
                left_out_count=max(0, len(outcome.causes) - MOST_CAUSES),
            )
        )  # fmt: skip
    return sections


def _metric_row(metric: MetricOutcome) -> tuple[Cell, ...]:
    text, tone = _CAME[metric.came]
    difference = "" if metric.difference is None else "0" if metric.difference == 0 else _share(metric.difference)
    return (
        Cell(metric.name, "strong"), Cell(text, tone), Cell("" if metric.before is None else number_text(metric.before)),
        Cell("" if metric.after is None else number_text(metric.after)), Cell(difference), Cell("" if metric.step is None else f"{metric.step:,}"),
        Cell(f"{metric.points:,}" if metric.points else ""),
    )  # fmt: skip


def _share(share: float) -> str:
    return "whole" if share == float("inf") else f"{100 * share:.2g} %"


def outcome_verdict(outcome: Outcome) -> str:
    """Say in a sentence or two whether it came back, and if not, what was not the same."""
    judged = outcome.judged
    lost = [metric for metric in judged if metric.came not in ("same", "close")]
    if outcome.again.status != outcome.original.status:
        start = f"It did not come back: it {outcome.again.status}, and {outcome.original.name} {outcome.original.status}{f': {outcome.error}' if outcome.error else ''}."
    elif not judged:
        start = "It ran, and there is no metric by which to judge it."
    elif not lost:
        start = f"It came back: {_of_all(judged)}{_how(judged, outcome.tolerance)}."
    else:
        named = ", ".join(metric.name for metric in lost[:3]) + (f" and {len(lost) - 3} more" if len(lost) > 3 else "")
        others = len(judged) - len(lost)
        rest = f"; {others:,} of {plural(len(judged), 'metric')} did" if others else ""
        start = f"It did not come back: {named} {'is' if len(lost) == 1 else 'are'} not as before{rest}."
    if outcome.came_back and judged:
        return start
    return f"{start} {_causes_text(outcome.causes)}"


def _of_all(judged: Sequence[MetricOutcome]) -> str:
    points = sum(metric.points for metric in judged)
    return f"{'its only metric' if len(judged) == 1 else f'all {len(judged):,} metrics'}, {plural(points, 'point')}"


def _how(judged: Sequence[MetricOutcome], tolerance: float) -> str:
    if all(metric.came == "same" for metric in judged):
        return ", to the last bit"
    worst = max(metric.difference or 0.0 for metric in judged)
    return f", within {_share(tolerance)} (at most {_share(worst)} apart)"


def _causes_text(causes: Sequence[Cause]) -> str:
    if not causes:
        return "Nothing that was recorded differs: what is left is chance, such as the order of threads or of a GPU, or something that was not recorded."  # fmt: skip
    by_ingredient: dict[str, list[Cause]] = {}
    for cause in causes:
        by_ingredient.setdefault(cause.ingredient, []).append(cause)
    parts = []
    for ingredient, own in by_ingredient.items():
        first = own[0]
        values = f"{first.before or 'none'} → {first.after or 'none'}" if first.before else first.after
        pair = f"{first.name} {values}"
        parts.append(f"{ingredient} ({pair}{f' and {len(own) - 1} more' if len(own) > 1 else ''})")
    return f"What was not the same: {', '.join(parts)}."
