"""What came of observing a deployment, in lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from artui.safetext import clean
from artui.units import plural, time_texts

if TYPE_CHECKING:
    from artui.model.monitoring import Report

_MOST_NAMED = 8


def report_lines(report: Report) -> list[str]:
    """Say what was taken, what was odd, and what was left out; the first line says the most."""
    lines = [_taken(report)]
    if report.truths or report.truths_joined or report.truths_unjoined:
        said = [f"truth of {plural(report.truths, 'prediction')} known"] if report.truths else []
        if report.truths_joined:
            said.append(f"{report.truths_joined:,} of these came later")
        if report.truths_unjoined:
            said.append(f"{plural(report.truths_unjoined, 'truth')} found no prediction")
        lines.append(", ".join(said))
    lines += [f"odd: {plural(count, 'row')} {what}" for what, count in report.noted.items()]
    lines += [f"left out: {plural(count, 'row')}, {why}" for why, count in report.left_out.items()]
    for words, names in (
        ("not in all rows", report.missing_columns), ("of several types", report.mixed_columns),
        ("taken already (--again counts it once more)", report.taken_before), ("kept", report.kept),
    ):  # fmt: skip
        if names:
            more = f" and {len(names) - _MOST_NAMED:,} more" if len(names) > _MOST_NAMED else ""
            lines.append(f"{words}: {', '.join(names[:_MOST_NAMED])}{more}")
    if report.left_out_columns:
        lines.append(f"left out: {plural(report.left_out_columns, 'column')} beyond the first 1,000")
    return [clean(line) for line in lines]


def _taken(report: Report) -> str:
    said = f"{report.deployment}: {plural(report.rows, 'request')} in {plural(report.windows, 'window')}"
    if not report.starts:
        return said
    first, last = time_texts([report.first_ms, report.last_ms])
    return f"{said}, {first} to {last}"
